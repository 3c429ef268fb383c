//! Sorting networks: the same comparisons whatever the values, so that lanes go through them in lockstep.

use super::lanes::{LANES, row_by_row};

/// Puts the larger of each lane into `a`.
#[inline(always)]
fn exchange(a: &mut [u32; LANES], b: &mut [u32; LANES]) {
    let (x, y) = (*a, *b);
    for lane in 0..LANES {
        a[lane] = x[lane].max(y[lane]);
        b[lane] = x[lane].min(y[lane]);
    }
}

/// Sorts every lane in descending order, by Batcher's odd–even merges (Knuth 1998, *The Art of Computer Programming 3*,
/// Algorithm 5.2.2M): about n log²n/4 comparisons.
#[inline(always)]
pub(crate) fn sort_descending(rows: &mut [[u32; LANES]]) {
    let n = rows.len();
    let top = n.next_power_of_two() / 2;
    let mut p = top;
    while p > 0 {
        let (mut q, mut r, mut d) = (top, 0, p);
        loop {
            // All i < n − d with i & p = r: runs of p entries, p apart.
            let mut start = r;
            while start + d < n {
                let end = (start + p).min(n - d);
                if let Some((low, high)) = rows.split_at_mut_checked(start + d)
                    && let Some(low) = low.get_mut(start..end)
                {
                    for (a, b) in low.iter_mut().zip(high) {
                        row_by_row();
                        exchange(a, b);
                    }
                }
                start += 2 * p;
            }
            if q == p {
                break;
            }
            d = q - p;
            q /= 2;
            r = p;
        }
        p /= 2;
    }
}

/// The `kept.len()` largest codes of every lane, in descending order: d·k comparisons. `rows` are something else then.
#[inline(always)]
pub(crate) fn keep_largest(rows: &mut [[u32; LANES]], kept: &mut [[u32; LANES]]) {
    // As many as stay in registers, while all codes pass; what is too small goes on to the next pass.
    const PASS: usize = 4;
    for kept in kept.chunks_mut(PASS) {
        let mut largest = [[0; LANES]; PASS];
        for row in &mut *rows {
            row_by_row();
            let mut falling = *row;
            for kept in &mut largest {
                exchange(kept, &mut falling);
            }
            *row = falling;
        }
        for (kept, largest) in kept.iter_mut().zip(largest) {
            *kept = largest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_sort() {
        let mut rng = crate::Seed(2).stream(0);
        let mut rows = [[0; LANES]; 100];
        // An interpreter gets a sample.
        for n in (0..=100).step_by(if cfg!(miri) { 27 } else { 1 }) {
            let rows = &mut rows[..n];
            for x in rows.as_flattened_mut() {
                *x = rand_core::Rng::next_u32(&mut rng) >> 20;
            }
            let mut want: [[u32; 100]; LANES] = [[0; 100]; LANES];
            for (lane, want) in want.iter_mut().enumerate() {
                for (want, row) in want.iter_mut().zip(&*rows) {
                    *want = row[lane];
                }
                want[..n].sort_unstable_by(|a, b| b.cmp(a));
            }
            let mut kept = [[0; LANES]; 7];
            let mut passing = [[0; LANES]; 100];
            passing[..n].copy_from_slice(rows);
            keep_largest(&mut passing[..n], &mut kept[..n.min(7)]);
            sort_descending(rows);
            for (i, row) in rows.iter().enumerate() {
                assert_eq!(*row, core::array::from_fn(|lane| want[lane][i]));
            }
            for (i, row) in kept.iter().enumerate().take(n.min(7)) {
                assert_eq!(*row, core::array::from_fn(|lane| want[lane][i]));
            }
        }
    }
}

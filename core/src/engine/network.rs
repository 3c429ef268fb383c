//! Sorting networks: the same comparisons whatever the values, so that lanes go through them in lockstep. Several layers at a
//! time, on as few keys as stay in registers.

use perturb_lanes::Kernel;

use super::lanes::{self, LANES};

type Row = [u32; LANES];

/// How many keys are sorted in registers.
pub(crate) const BLOCK: usize = 16;

/// Comparators of keys by their places: the larger goes to the first.
macro_rules! compare {
    ($keys:expr, $($i:literal $j:literal),*) => {
        $(($keys[$i], $keys[$j]) = ($keys[$i].max($keys[$j]), $keys[$i].min($keys[$j]));)*
    };
}

/// 60 comparators (Green, in Knuth 1998, *The Art of Computer Programming 3*, 5.3.4).
#[inline(always)]
fn sort(keys: &mut [u32; BLOCK]) {
    compare!(
        keys, 0 1, 2 3, 4 5, 6 7, 8 9, 10 11, 12 13, 14 15, 0 2, 4 6, 8 10, 12 14, 1 3, 5 7, 9 11, 13 15, 0 4, 8 12, 1 5, 9 13,
        2 6, 10 14, 3 7, 11 15, 0 8, 1 9, 2 10, 3 11, 4 12, 5 13, 6 14, 7 15, 5 10, 6 9, 3 12, 13 14, 4 8, 7 11, 1 2, 1 4, 7 13,
        2 8, 11 14, 2 4, 5 6, 9 10, 11 13, 3 8, 7 12, 6 8, 10 12, 3 5, 7 9, 3 4, 5 6, 7 8, 9 10, 11 12, 6 7, 8 9
    );
}

/// `fn NAME(rows, stride)`: groups of rows that lie `stride` apart go through a network. The last block of groups may end early;
/// its missing keys are the least. In the first `mirrored` parts of a block, groups count down.
///
/// Every row is an argument by itself, so that the compiler knows that they differ, and every number of keys is compiled by
/// itself, so that comparators of missing ones vanish.
macro_rules! network {
    ($(#[$doc:meta])* $name:ident, $mirrored:literal, $($row:ident $n:literal)*, |$keys:ident| $network:expr) => {
        $(#[$doc])*
        #[inline(always)]
        fn $name(rows: &mut [Row], stride: usize) {
            const MOST: usize = [$($n),*].len();

            #[inline(always)]
            #[allow(clippy::too_many_arguments, reason = "rows that are known to differ")]
            fn group<const KEYS: usize>($($row: &mut Row),*) {
                for lane in 0..LANES {
                    let $keys = &mut [0; MOST];
                    $(if $n < KEYS { $keys[$n] = $row[lane]; })*
                    $network;
                    $(if $n < KEYS { $row[lane] = $keys[$n]; })*
                }
            }

            #[inline(always)]
            fn groups<const KEYS: usize>(block: &mut [Row], stride: usize, from: usize, to: usize) {
                let mut parts = block.chunks_mut(stride);
                $(
                    let part = parts.next().unwrap_or_default();
                    let range = if $n < $mirrored { stride - to..stride - from } else { from..to };
                    let mut $row = part.get_mut(range).unwrap_or_default().iter_mut();
                )*
                for _ in from..to {
                    $(
                        let mut none = [0; LANES];
                        let $row = if $n < KEYS {
                            let next = if $n < $mirrored { $row.next_back() } else { $row.next() };
                            let Some(row) = next else { return };
                            row
                        } else {
                            &mut none
                        };
                    )*
                    group::<KEYS>($($row),*);
                }
            }

            let mut rest = rows;
            if stride == 1 {
                let (blocks, fewer) = rest.as_chunks_mut();
                for [$($row),*] in blocks {
                    group::<MOST>($($row),*);
                }
                rest = fewer;
            }
            for block in rest.chunks_mut(MOST * stride) {
                let (keys, more) = (block.len() / stride, block.len() % stride);
                let mut from = 0;
                while from < stride {
                    let (keys, to) = if from < more { (keys + 1, more) } else { (keys, stride) };
                    match keys {
                        $(keys if keys == $n + 1 && keys > 1.max($mirrored) => {
                            groups::<{ $n + 1 }>(block, stride, from, to);
                        })*
                        _ => {}
                    }
                    from = to;
                }
            }
        }
    };
}

network!(
    /// Sorts groups of 16.
    sort_groups, 0, a 0 b 1 c 2 d 3 e 4 f 5 g 6 h 7 i 8 j 9 k 10 l 11 m 12 n 13 o 14 p 15, |keys| sort(keys)
);
network!(
    /// The layers of a merge at 4, 2 and 1 times `stride`.
    halve, 0, a 0 b 1 c 2 d 3 e 4 f 5 g 6 h 7,
    |keys| compare!(keys, 0 4, 1 5, 2 6, 3 7, 0 2, 1 3, 4 6, 5 7, 0 1, 2 3, 4 5, 6 7)
);
network!(
    /// The first layer of a merge of runs of `stride`.
    join_1, 1, a 0 b 1,
    |keys| compare!(keys, 0 1)
);
network!(
    /// The first two layers of a merge of runs of 2 times `stride`.
    join_2, 2, a 0 b 1 c 2 d 3,
    |keys| compare!(keys, 0 3, 1 2, 0 1, 2 3)
);
network!(
    /// The first three layers of a merge of runs of 4 times `stride`.
    join_3, 4, a 0 b 1 c 2 d 3 e 4 f 5 g 6 h 7,
    |keys| compare!(keys, 0 7, 1 6, 2 5, 3 4, 0 2, 1 3, 4 6, 5 7, 0 1, 2 3, 4 5, 6 7)
);

/// Sorts every lane in descending order.
pub(crate) fn sort_descending(rows: &mut [Row]) {
    lanes::run(Sort(rows));
}

/// Runs of 16, then merges, whose first layer compares from both ends, so that what is missing at the end is missing in all
/// layers: about n log²n/4 comparators.
struct Sort<'a>(&'a mut [Row]);

impl Kernel for Sort<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Self(rows) = self;
        sort_groups(rows, 1);
        let (mut run, mut layers) = (BLOCK, BLOCK.ilog2() + 1);
        while run < rows.len() {
            let mut distance = run;
            match layers % 3 {
                0 => {
                    distance /= 4;
                    join_3(rows, distance);
                }
                1 => join_1(rows, distance),
                _ => {
                    distance /= 2;
                    join_2(rows, distance);
                }
            }
            while distance > 1 {
                distance /= 8;
                halve(rows, distance);
            }
            (run, layers) = (2 * run, layers + 1);
        }
    }
}

/// Writes the largest codes of every lane in descending order, `most` of them or a few more, to where there are zeros.
pub(crate) fn largest(rows: &[Row], most: usize, best: &mut [Row; BLOCK]) {
    lanes::run(Largest { rows, most, best });
}

/// Sorts blocks, and merges the larger half of each with the best of those before.
struct Largest<'a> {
    rows: &'a [Row],
    most: usize,
    best: &'a mut [Row; BLOCK],
}

impl Kernel for Largest<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Self { rows, most, best } = self;
        if most > 8 {
            meet_all(rows, best);
        } else if most > 4
            && let Some(best) = best.first_chunk_mut::<8>()
        {
            meet_all(rows, best);
        } else if let Some(best) = best.first_chunk_mut::<4>() {
            meet_all(rows, best);
        }
    }
}

#[inline(always)]
fn meet_all<const N: usize>(rows: &[Row], best: &mut [Row; N]) {
    let (blocks, rest) = rows.as_chunks();
    for block in blocks {
        meet(best, block);
    }
    if !rest.is_empty() {
        let mut block = [[0; LANES]; N];
        for (row, &last) in block.iter_mut().zip(rest) {
            *row = last;
        }
        meet(best, &block);
    }
}

#[inline(always)]
fn meet<const N: usize>(best: &mut [Row; N], block: &[Row; N]) {
    for lane in 0..LANES {
        let mut keys = [0; BLOCK];
        for i in 0..N {
            keys[i] = block[i][lane];
        }
        sort(&mut keys);
        for i in 0..N {
            keys[i] = keys[i].max(best[N - 1 - i][lane]);
        }
        compare!(
            keys, 0 8, 1 9, 2 10, 3 11, 4 12, 5 13, 6 14, 7 15, 0 4, 1 5, 2 6, 3 7, 8 12, 9 13, 10 14, 11 15, 0 2, 1 3, 4 6, 5 7,
            8 10, 9 11, 12 14, 13 15, 0 1, 2 3, 4 5, 6 7, 8 9, 10 11, 12 13, 14 15
        );
        for i in 0..N {
            best[i][lane] = keys[i];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column<const N: usize>(rows: &[Row], lane: usize) -> [u32; N] {
        let mut column = [0; N];
        for (x, row) in column.iter_mut().zip(rows) {
            *x = row[lane];
        }
        column
    }

    #[test]
    fn networks_sort() {
        const MOST: usize = 250;
        let mut rng = crate::Seed(2).stream(0);
        let mut rows = [[0; LANES]; MOST];
        // An interpreter gets a sample.
        for n in (0..=MOST).step_by(if cfg!(miri) { 83 } else { 1 }) {
            let rows = &mut rows[..n];
            // Many equal ones, and few.
            let shift = if n % 2 == 0 { 8 } else { 24 };
            for x in rows.as_flattened_mut() {
                *x = rand_core::Rng::next_u32(&mut rng) >> shift;
            }
            let want: [[u32; MOST]; LANES] = core::array::from_fn(|lane| {
                let mut want = column(rows, lane);
                want.sort_unstable_by(|a, b| b.cmp(a));
                want
            });
            for most in 1..=BLOCK {
                let mut best = [[0; LANES]; BLOCK];
                largest(rows, most, &mut best);
                for (lane, want) in want.iter().enumerate() {
                    assert_eq!(column::<BLOCK>(&best[..most], lane)[..most], want[..most], "{most} of {n}");
                }
            }
            sort_descending(rows);
            for (lane, want) in want.iter().enumerate() {
                assert_eq!(column(rows, lane), *want, "{n}");
            }
        }
    }
}

//! Orders of sort keys. Keys are distinct or equal in every bit, so that every correct sort gives the same bits.

/// Sorts `keys` in ascending order.
///
/// On a microcontroller by Shell's method: a few hundred bytes of code that cannot panic, where `core`'s sort brings six
/// kilobytes and a check whether the order is one.
pub(crate) fn sort<K: Copy + Ord>(keys: &mut [K]) {
    if cfg!(target_os = "none") {
        shell_sort(keys);
    } else {
        keys.sort_unstable();
    }
}

/// The key at `place` in ascending order, counted from 0; `keys` is in some other order afterwards. `None` if there are not
/// that many.
pub(crate) fn select<K: Copy + Ord>(keys: &mut [K], place: usize) -> Option<K> {
    if cfg!(target_os = "none") || place >= keys.len() {
        sort(keys);
        keys.get(place).copied()
    } else {
        Some(*keys.select_nth_unstable(place).1)
    }
}

/// Insertion sorts over ever smaller gaps (Shell 1959; gaps of Ciura 2001).
fn shell_sort<K: Copy + Ord>(keys: &mut [K]) {
    for gap in [1750, 701, 301, 132, 57, 23, 10, 4, 1] {
        for start in gap..keys.len() {
            let Some(&key) = keys.get(start) else { break };
            let mut hole = start;
            while let Some(before) = hole.checked_sub(gap)
                && let Some(&other) = keys.get(before)
                && other > key
            {
                put(keys, hole, other);
                hole = before;
            }
            put(keys, hole, key);
        }
    }
}

fn put<K>(keys: &mut [K], place: usize, key: K) {
    if let Some(slot) = keys.get_mut(place) {
        *slot = key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shell_sort_is_a_sort() {
        let mut rng = crate::Seed(9).stream(0);
        for length in [0, 1, 2, 3, 5, 10, 11, 24, 100, 2000] {
            // Many equal keys, and few.
            for range in [8, u64::from(u32::MAX)] {
                let mut keys = [0; 2000];
                let keys = &mut keys[..length];
                for key in &mut *keys {
                    *key = rand_core::Rng::next_u64(&mut rng) % range;
                }
                let mut sorted = [0; 2000];
                let sorted = &mut sorted[..length];
                sorted.copy_from_slice(keys);
                sorted.sort_unstable();
                shell_sort(keys);
                assert_eq!(keys, sorted);
            }
        }
    }
}

//! Random orders and cross-validation folds.

use perturb_core::Seed;
use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64;

use super::DataError;

/// Separates these streams from any other use of the same seed.
const PURPOSE: u64 = u64::from_le_bytes(*b"shuffle\0");

/// A random order of the rows 0..n, every order equally likely (Fisher–Yates).
///
/// A function of (seed, n) alone, the same on every machine with 64-bit addresses. Cost O(n).
///
/// ```
/// use perturb::{data::shuffle, Seed};
/// let order = shuffle(Seed(1), 4);
/// assert_eq!(order, shuffle(Seed(1), 4));
/// assert!((0..4).all(|row| order.contains(&row)));
/// ```
pub fn shuffle(seed: Seed, n: usize) -> Vec<usize> {
    let mut rng = generator(seed.fold(PURPOSE));
    let mut order: Vec<usize> = (0..n).collect();
    for last in (1..n).rev() {
        order.swap(last, below(&mut rng, last as u64 + 1) as usize);
    }
    order
}

/// Rows of 0..n, n > 0, each equally likely and independent of the others, without end.
pub(crate) fn draws(seed: Seed, n: usize) -> impl Iterator<Item = usize> {
    let mut rng = generator(seed.fold(u64::from_le_bytes(*b"draws\0\0\0")));
    std::iter::from_fn(move || Some(below(&mut rng, n as u64) as usize))
}

/// One long stream: all 256 bits of PCG64's state and increment come from the seed by hashing.
fn generator(seed: Seed) -> Pcg64 {
    let mut bits = [0; 32];
    let (words, _) = bits.as_chunks_mut::<8>();
    for (key, word) in (0..).zip(words) {
        *word = seed.fold(key).0.to_le_bytes();
    }
    Pcg64::from_seed(bits)
}

/// Uniform on 0..bound without bias: multiply and reject (Lemire 2019, *Fast random integer generation in an
/// interval*). `bound` > 0.
fn below(rng: &mut impl Rng, bound: u64) -> u64 {
    // 2⁶⁴ mod bound: this many low halves would be hit once too often.
    let unfair = bound.wrapping_neg().checked_rem(bound).unwrap_or(0);
    loop {
        let wide = u128::from(rng.next_u64()) * u128::from(bound);
        if wide as u64 >= unfair {
            return (wide >> 64) as u64;
        }
    }
}

/// A split of the rows into two parts: every row is in exactly one of them, in ascending order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fold {
    /// The rows to learn from.
    pub train: Vec<usize>,
    /// The rows to test on.
    pub test: Vec<usize>,
}

/// k-fold cross-validation of n rows, 2 ≤ k ≤ n: every row is in exactly one test set, and the sizes of the
/// test sets differ by at most one.
///
/// Cost O(kn), time and memory.
pub fn folds(n: usize, k: usize, seed: Seed) -> Result<Vec<Fold>, DataError> {
    if k < 2 || k > n {
        return Err(DataError::parameter("k", format!("2 to {n} folds of {n} rows"), k));
    }
    // Position i of the random order goes to fold i mod k.
    let mut part = vec![0; n];
    for (position, row) in shuffle(seed, n).into_iter().enumerate() {
        if let Some(part) = part.get_mut(row) {
            *part = position % k;
        }
    }
    Ok((0..k)
        .map(|fold| {
            let (test, train) = (0..n).partition(|&row| part.get(row) == Some(&fold));
            Fold { train, test }
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pearson's χ² over the 24 orders of 4 rows, 48,000 shuffles; the critical value of χ²(23) at α = 10⁻⁴ is
    /// 56.0 (R: qchisq(1e-4, 23, lower = FALSE)).
    #[test]
    fn every_order_is_equally_likely() {
        let mut counts = std::collections::HashMap::new();
        for seed in 0..48_000 {
            *counts.entry(shuffle(Seed(seed), 4)).or_insert(0.0) += 1.0;
        }
        assert_eq!(counts.len(), 24);
        let chi: f64 = counts.values().map(|c: &f64| (c - 2000.0).powi(2) / 2000.0).sum();
        assert!(chi < 56.0, "{chi}");
    }

    #[test]
    fn orders_are_a_function_of_the_seed() {
        assert_eq!(shuffle(Seed(42), 10), GOLDEN);
        assert!(shuffle(Seed(0), 0).is_empty());
        assert_eq!(shuffle(Seed(0), 1), [0]);
    }

    /// From an independent PCG64 in Python. A change of these bits changes every published figure.
    const GOLDEN: [usize; 10] = [2, 5, 6, 9, 7, 3, 8, 1, 4, 0];

    #[test]
    fn bounded_draws_are_unbiased() {
        // With a bound of ¾·2⁶⁴, plain multiplication would hit a third of the values twice as often: means of
        // indicator "multiple of 3" 1/2 instead of 1/3.
        let mut rng = generator(Seed(7));
        let bound = 3 << 62;
        let n = 100_000;
        let hits = (0..n).filter(|_| below(&mut rng, bound) % 3 == 0).count();
        // z = 4 standard errors of a share of 1/3.
        let z = (hits as f64 / f64::from(n) - 1.0 / 3.0) / (2.0 / 9.0 / f64::from(n)).sqrt();
        assert!(z.abs() < 4.0, "{z}");
        assert!((0..100).all(|_| below(&mut rng, 1) == 0));
    }

    #[test]
    fn every_row_is_tested_once() {
        for (n, k) in [(10, 10), (11, 3), (150, 10), (2, 2)] {
            let folds = folds(n, k, Seed(3)).unwrap();
            assert_eq!(folds.len(), k);
            let mut tested: Vec<usize> = folds.iter().flat_map(|fold| fold.test.clone()).collect();
            tested.sort_unstable();
            assert!(tested.into_iter().eq(0..n));
            for fold in &folds {
                assert!(fold.test.len() == n / k || fold.test.len() == n / k + 1);
                assert_eq!(fold.train.len() + fold.test.len(), n);
                assert!(fold.train.iter().all(|row| !fold.test.contains(row)));
                assert!(fold.train.is_sorted() && fold.test.is_sorted());
            }
        }
        assert_ne!(folds(20, 4, Seed(1)).unwrap(), folds(20, 4, Seed(2)).unwrap());
    }

    #[test]
    fn impossible_folds_are_refused() {
        for (n, k) in [(10, 0), (10, 1), (10, 11), (0, 0)] {
            assert!(folds(n, k, Seed(0)).is_err());
        }
    }
}

//! Metrics of the agreement between a predicted ranking and the true one.
//!
//! Both arguments are rank vectors, or scores, of the same labels: only their order counts for [`spearman`] and
//! [`kendall`]. An argument of another length, of fewer than two entries or with a NaN gives NaN, so that a
//! mistake shows in every mean.

use perturb_core::{Real, Seed};

use crate::data::draws;

/// The rank of each of `scores`, 1 for the largest; of equal scores the first has the better rank. Cost O(k log k).
///
/// A decision y of [`Ranking::ascending`](crate::Ranking::ascending) has the ranks of the scores that it was made by.
///
/// ```
/// use perturb::metrics::ranks;
/// assert_eq!(ranks(&[0.5, -1.0, 2.0]), [2, 3, 1]);
/// ```
pub fn ranks<T: Real>(scores: &[T]) -> Vec<usize> {
    // −0 is +0.
    let score = |&label: &usize| scores.get(label).map_or(0.0, |score| score.to_f64() + 0.0);
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| score(b).total_cmp(&score(a)));
    let mut ranks = vec![0; scores.len()];
    for (rank, label) in (1..).zip(order) {
        if let Some(place) = ranks.get_mut(label) {
            *place = rank;
        }
    }
    ranks
}

/// Spearman's rank correlation ρ in \[−1, 1\]: the metric of the paper's Section 5.2.
///
/// Pearson's correlation of the ranks, where equal entries share the average of their ranks (Kendall 1948, *Rank
/// correlation methods*, §3.8). Without ties it is 1 − 6 Σ(a_i − b_i)²/(k³ − k). Against an argument
/// whose entries are all equal it is 0: such a ranking carries no information. Cost O(k log k).
///
/// ```
/// use perturb::metrics::spearman;
/// assert_eq!(spearman(&[1.0, 2.0, 3.0, 4.0], &[2.0, 1.0, 3.0, 4.0]), 0.8);
/// ```
pub fn spearman<T: Real>(a: &[T], b: &[T]) -> f64 {
    if !comparable(a, b) {
        return f64::NAN;
    }
    let (a, b) = (centred_ranks(a), centred_ranks(b));
    let product = |x: &[i64], y: &[i64]| -> f64 { x.iter().zip(y).map(|(&x, &y)| (x * y) as f64).sum() };
    correlation(product(&a, &b), product(&a, &a), product(&b, &b))
}

/// Kendall's rank correlation τ_b in \[−1, 1\].
///
/// (C − D)/√((P − P_a)(P − P_b)) with C concordant and D discordant of P = k(k − 1)/2 pairs, of which P_a are
/// tied in `a` and P_b in `b` (Kendall 1945, *The treatment of ties in ranking problems*). Against an argument
/// whose entries are all equal it is 0. Cost O(k log k), by the exchanges of a merge sort (Knight 1966, *A computer method for
/// calculating Kendall's tau with ungrouped data*).
///
/// ```
/// use perturb::metrics::kendall;
/// assert_eq!(kendall(&[1.0, 2.0, 3.0, 4.0], &[2.0, 1.0, 3.0, 4.0]), 4.0 / 6.0);
/// ```
pub fn kendall<T: Real>(a: &[T], b: &[T]) -> f64 {
    if !comparable(a, b) {
        return f64::NAN;
    }
    // −0 is +0.
    let number = |x: &T| x.to_f64() + 0.0;
    let mut pairs: Vec<(f64, f64)> = a.iter().zip(b).map(|(a, b)| (number(a), number(b))).collect();
    pairs.sort_unstable_by(|x, y| x.0.total_cmp(&y.0).then(x.1.total_cmp(&y.1)));
    let of = |count: usize| (count * count.saturating_sub(1) / 2) as i64;
    let tied_a: i64 = pairs.chunk_by(|x, y| x.0 == y.0).map(|tied| of(tied.len())).sum();
    let tied_in_both: i64 = pairs.chunk_by(|x, y| x == y).map(|tied| of(tied.len())).sum();
    let mut b: Vec<f64> = pairs.iter().map(|pair| pair.1).collect();
    // Pairs in order in a, and in none or the other in b.
    let discordant = exchanges(&mut b, &mut vec![0.0; pairs.len()]);
    let tied_b: i64 = b.chunk_by(|x, y| x == y).map(|tied| of(tied.len())).sum();
    let (untied_a, untied_b) = (of(pairs.len()) - tied_a, of(pairs.len()) - tied_b);
    let balance = untied_a - tied_b + tied_in_both - 2 * discordant;
    correlation(balance as f64, untied_a as f64, untied_b as f64)
}

/// Sorts `x`, and returns how many pairs were not in order. `room` is as long.
fn exchanges(x: &mut [f64], room: &mut [f64]) -> i64 {
    if x.len() < 2 {
        return 0;
    }
    let half = x.len() / 2;
    let (left, right) = x.split_at_mut(half);
    let mut count = exchanges(left, &mut room[..half]) + exchanges(right, &mut room[half..]);
    room.copy_from_slice(x);
    let (mut left, mut right) = room.split_at(half);
    for place in x {
        (*place, left, right) = match (left, right) {
            ([a, left @ ..], [b, ..]) if a <= b => (*a, left, right),
            ([a, left @ ..], []) => (*a, left, right),
            (_, [b, right @ ..]) => {
                count += left.len() as i64;
                (*b, left, right)
            }
            ([], []) => break,
        };
    }
    count
}

/// The normalised discounted cumulative gain of the k best scores, in \[0, 1\] (Järvelin and Kekäläinen 2002, with the gain of
/// Burges et al. 2005).
///
/// Σ over the k largest scores, at rank r, of (2^grade − 1)/log₂(r + 1), beside that of the k largest grades. Equal scores share the
/// mean of their gains, so that an order among them that means nothing gains nothing. Where no grade is above 0 it is NaN: every order
/// is as good. Grades are finite and at least 0. Cost O(n log n).
///
/// ```
/// use perturb::metrics::ndcg;
/// assert_eq!(ndcg(&[0.9, 0.1, 0.5], &[2.0, 0.0, 1.0], 10), 1.0);
/// assert!((ndcg(&[0.1, 0.9, 0.5], &[2.0, 0.0, 1.0], 10) - 0.586_882_671).abs() < 1e-8);
/// ```
pub fn ndcg<T: Real>(scores: &[T], grades: &[T], k: usize) -> f64 {
    if scores.len() != grades.len() || scores.iter().chain(grades).any(|x| x.to_f64().is_nan()) {
        return f64::NAN;
    }
    let gain = |grade: T| libm::exp2(grade.to_f64()) - 1.0;
    let discounted = |by: &[T]| {
        let mut order: Vec<usize> = (0..by.len()).collect();
        order.sort_by(|&a, &b| by[b].to_f64().total_cmp(&by[a].to_f64()));
        let (mut sum, mut before) = (0.0, 0);
        for tied in order.chunk_by(|&a, &b| by[a] == by[b]) {
            let mean = tied.iter().map(|&at| gain(grades[at])).sum::<f64>() / tied.len() as f64;
            let ranks = before..(before + tied.len()).min(k.max(before));
            sum += mean * ranks.map(|rank| 1.0 / libm::log2(rank as f64 + 2.0)).sum::<f64>();
            before += tied.len();
        }
        sum
    };
    // Rounding alone could exceed the best.
    let share = discounted(scores) / discounted(grades);
    if share > 1.0 { 1.0 } else { share }
}

/// The average precision, in \[0, 1\]: the mean over relevant entries, of a grade above 0, of the share of relevant ones among the
/// entries whose scores are at least as large (Buckley and Voorhees 2000). Its mean over queries is the MAP. Without a relevant entry it
/// is NaN. Cost O(n log n).
///
/// ```
/// use perturb::metrics::average_precision;
/// assert_eq!(average_precision(&[0.9, 0.5, 0.1], &[1.0, 0.0, 2.0]), (1.0 + 2.0 / 3.0) / 2.0);
/// ```
pub fn average_precision<T: Real>(scores: &[T], grades: &[T]) -> f64 {
    if scores.len() != grades.len() || scores.iter().chain(grades).any(|x| x.to_f64().is_nan()) {
        return f64::NAN;
    }
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].to_f64().total_cmp(&scores[a].to_f64()));
    let (mut sum, mut relevant, mut seen) = (0.0, 0.0, 0.0);
    for tied in order.chunk_by(|&a, &b| scores[a] == scores[b]) {
        let of_them = tied.iter().filter(|&&at| grades[at] > T::ZERO).count() as f64;
        relevant += of_them;
        seen += tied.len() as f64;
        sum += of_them * relevant / seen;
    }
    sum / relevant
}

/// 1 if all ranks are right, otherwise 0; its mean is the share of perfect rankings (Figures 4 and 7).
///
/// Both arguments must be ranks: equality is exact.
pub fn perfect_ranks<T: Real>(predicted: &[T], truth: &[T]) -> f64 {
    let partial = partial_ranks(predicted, truth);
    if partial.is_nan() { partial } else { partial.floor() }
}

/// The share of labels whose rank is right, in \[0, 1\] (Figure 7's partial ranks).
///
/// Both arguments must be ranks: equality is exact.
pub fn partial_ranks<T: Real>(predicted: &[T], truth: &[T]) -> f64 {
    if !comparable(predicted, truth) {
        return f64::NAN;
    }
    let right = predicted.iter().zip(truth).filter(|(predicted, truth)| predicted == truth).count();
    right as f64 / truth.len() as f64
}

/// An interval that holds the mean of what `values` are drawn from with a probability of about `level`, in (0, 1): percentiles of the
/// means of `resamples` samples with replacement (Efron 1979). NaN without values.
///
/// ```
/// use perturb::Seed;
/// let values: Vec<f64> = (0..100).map(f64::from).collect();
/// let (low, high) = perturb::metrics::bootstrap(&values, 0.95, 1000, Seed(1));
/// assert!(low < 49.5 && 49.5 < high && (high - low - 2.0 * 1.96 * 2.9).abs() < 1.0);
/// ```
pub fn bootstrap(values: &[f64], level: f64, resamples: usize, seed: Seed) -> (f64, f64) {
    if values.is_empty() || resamples == 0 || !(level > 0.0 && level < 1.0) {
        return (f64::NAN, f64::NAN);
    }
    let mut means: Vec<f64> = (0..resamples as u64)
        .map(|at| {
            let drawn = draws(seed.fold(at), values.len()).take(values.len());
            drawn.map(|at| values[at]).sum::<f64>() / values.len() as f64
        })
        .collect();
    means.sort_by(f64::total_cmp);
    let at = |share: f64| means[((share * resamples as f64) as usize).min(resamples - 1)];
    (at(0.5 - 0.5 * level), at(0.5 + 0.5 * level))
}

/// Two vectors of one length, at least two entries, no NaN.
fn comparable<T: Real>(a: &[T], b: &[T]) -> bool {
    let number = |&x: &T| x.partial_cmp(&x).is_some();
    a.len() == b.len() && a.len() > 1 && a.iter().chain(b).all(number)
}

/// covariance/√(variance·variance), 0 where either has no variance.
fn correlation(covariance: f64, a: f64, b: f64) -> f64 {
    let scale = (a * b).sqrt();
    if scale > 0.0 { covariance / scale } else { 0.0 }
}

/// Twice the average ranks less their mean: integers, so that sums are exact up to k of the order of 10⁵.
fn centred_ranks<T: Real>(values: &[T]) -> Vec<i64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    // Keys have a total order: nothing can make this sort panic. They descend, ranks ascend.
    order.sort_unstable_by_key(|&i| std::cmp::Reverse(values.get(i).map(|x| x.key(0))));
    let mut ranks = vec![0; values.len()];
    let mut before = 0;
    for tied in order.chunk_by(|&i, &j| values.get(i) == values.get(j)) {
        // Ranks before + 1 ..= before + t: twice their average is 2·before + t + 1, twice the mean k + 1.
        let centred = (2 * before + tied.len()) as i64 - values.len() as i64;
        for &i in tied {
            if let Some(rank) = ranks.get_mut(i) {
                *rank = centred;
            }
        }
        before += tied.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (a, b, ρ, τ_b) from scipy.stats.spearmanr and kendalltau, scipy 1.17.1.
    const CASES: &[(&[f64], &[f64], f64, f64)] = &[
        (
            &[1.0, 2.0, 3.0, 4.0, 5.0],
            &[3.0, 1.0, 4.0, 2.0, 5.0],
            0.499_999_999_999_999_94,
            0.399_999_999_999_999_97,
        ),
        (&[1.0, 2.0, 2.0, 4.0], &[1.0, 3.0, 2.0, 4.0], 0.948_683_298_050_513_9, 0.912_870_929_175_277),
        (
            &[1.0, 1.0, 2.0, 2.0, 3.0, 3.0],
            &[2.0, 1.0, 2.0, 3.0, 3.0, 1.0],
            0.250_000_000_000_000_06,
            0.250_000_000_000_000_06,
        ),
        (
            &[-0.8, 0.6, 1.2, -1.0, -0.7, 0.6, 1.1, -1.0, 0.4],
            &[4.0, 6.0, 9.0, 1.0, 3.0, 7.0, 8.0, 2.0, 5.0],
            0.974_824_335_906_580_8,
            0.914_659_120_760_047_1,
        ),
        (
            &[10.0, 9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0],
            &[1.0, 3.0, 2.0, 5.0, 4.0, 7.0, 6.0, 9.0, 8.0, 10.0],
            -0.951_515_151_515_151_4,
            -0.822_222_222_222_222_1,
        ),
        (&[0.0, 0.0, 0.0, 1.0], &[1.0, 2.0, 3.0, 4.0], 0.774_596_669_241_483_4, 0.707_106_781_186_547_7),
    ];

    #[test]
    fn correlations_match_scipy() {
        for &(a, b, rho, tau) in CASES {
            for (a, b) in [(a, b), (b, a)] {
                assert!((spearman(a, b) - rho).abs() < 1e-15, "{a:?} {b:?} {}", spearman(a, b));
                assert!((kendall(a, b) - tau).abs() < 1e-15, "{a:?} {b:?} {}", kendall(a, b));
            }
        }
    }

    /// Beside all pairs one after the other, with few and with many ties.
    #[test]
    fn kendall_counts_pairs() {
        for (k, values) in [(2, 2), (7, 3), (40, 5), (257, 1000)] {
            let numbers =
                |seed| draws(Seed(seed), values).take(k).map(|x| x as f64 - 1.0).collect::<Vec<_>>();
            for seed in 0..20 {
                let (a, b) = (numbers(seed), numbers(seed + 100));
                let order = |x: f64, y: f64| i64::from(x > y) - i64::from(x < y);
                let (mut balance, mut untied_a, mut untied_b) = (0, 0, 0);
                for i in 0..k {
                    for j in 0..i {
                        let (in_a, in_b) = (order(a[i], a[j]), order(b[i], b[j]));
                        balance += in_a * in_b;
                        untied_a += in_a.abs();
                        untied_b += in_b.abs();
                    }
                }
                let expected = correlation(balance as f64, untied_a as f64, untied_b as f64);
                assert_eq!(kendall(&a, &b).to_bits(), expected.to_bits(), "{k} {seed}");
            }
        }
    }

    /// Σ(a − b)² = 4 + 1 + 1 + 4 + 0 = 10, ρ = 1 − 60/120; of 10 pairs 3 are discordant.
    #[test]
    fn correlations_match_hand_calculation() {
        let (a, b) = ([1.0f32, 2.0, 3.0, 4.0, 5.0], [3.0, 1.0, 4.0, 2.0, 5.0]);
        assert_eq!((spearman(&a, &b), kendall(&a, &b)), (0.5, 0.4));
    }

    #[test]
    fn extremes_are_exact() {
        let up: Vec<f64> = (1..=100).map(f64::from).collect();
        let down: Vec<f64> = up.iter().map(|x| -x).collect();
        assert_eq!((spearman(&up, &up), kendall(&up, &up)), (1.0, 1.0));
        assert_eq!((spearman(&up, &down), kendall(&up, &down)), (-1.0, -1.0));
        let flat = vec![7.0; 100];
        assert_eq!((spearman(&up, &flat), kendall(&flat, &up), spearman(&flat, &flat)), (0.0, 0.0, 0.0));
        assert_eq!(spearman(&[0.0f32, -0.0, 1.0], &[1.0, 1.0, 2.0]), 1.0);
        assert_eq!(spearman(&[f64::NEG_INFINITY, 0.0, f64::INFINITY], &[1.0, 2.0, 3.0]), 1.0);
    }

    #[test]
    fn right_ranks_are_counted() {
        let truth = [3.0f32, 1.0, 2.0, 4.0];
        assert_eq!((perfect_ranks(&truth, &truth), partial_ranks(&truth, &truth)), (1.0, 1.0));
        let swapped = [3.0, 2.0, 1.0, 4.0];
        assert_eq!((perfect_ranks(&swapped, &truth), partial_ranks(&swapped, &truth)), (0.0, 0.5));
    }

    #[test]
    fn what_cannot_be_compared_is_nan() {
        for (a, b) in
            [(&[1.0, 2.0][..], &[1.0][..]), (&[1.0], &[1.0]), (&[], &[]), (&[1.0, f64::NAN], &[1.0, 2.0])]
        {
            for metric in [spearman, kendall, perfect_ranks, partial_ranks] {
                assert!(metric(a, b).is_nan());
            }
        }
    }
}

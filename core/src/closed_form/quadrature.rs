//! Integrals over the line of products of densities and distribution functions centred at the scores.

use crate::Real;
use crate::noise::Law;

/// Nodes and weights of the Gauss–Legendre rule on [−1, 1], the positive half: 16 points for f64, 8 for f32.
const RULE_16: [(f64, f64); 8] = [
    (0.095_012_509_837_637_44, 0.189_450_610_455_068_5),
    (0.281_603_550_779_258_9, 0.182_603_415_044_923_6),
    (0.458_016_777_657_227_4, 0.169_156_519_395_002_54),
    (0.617_876_244_402_643_7, 0.149_595_988_816_576_73),
    (0.755_404_408_355_003, 0.124_628_971_255_533_87),
    (0.865_631_202_387_831_7, 0.095_158_511_682_492_78),
    (0.944_575_023_073_232_6, 0.062_253_523_938_647_89),
    (0.989_400_934_991_649_9, 0.027_152_459_411_754_095),
];
const RULE_8: [(f64, f64); 4] = [
    (0.183_434_642_495_649_8, 0.362_683_783_378_362),
    (0.525_532_409_916_329, 0.313_706_645_877_887_3),
    (0.796_666_477_413_626_7, 0.222_381_034_453_374_48),
    (0.960_289_856_497_536_2, 0.101_228_536_290_376_26),
];

/// Calls `at(x, weight)` for the nodes x that resolve Σ over i of ∫ f(x − θ_i)·(…) dx on [low, high], in
/// panels of length `panel` at most. Panels end at the scores when the density has a kink there.
pub(super) fn integrate<T: Real, N: Law<T>>(
    panel: T,
    theta: &[T],
    (low, high): (T, T),
    mut at: impl FnMut(T, T),
) {
    let rule: &[(f64, f64)] = if T::EPSILON > T::from_f64(1e-10) { &RULE_8 } else { &RULE_16 };
    let mut x = low;
    while x < high {
        let mut end = (x + panel).smaller(high);
        if N::KINKED {
            end = theta.iter().copied().filter(|&kink| kink > x).fold(end, T::smaller);
        }
        let (middle, half) = (T::HALF * (x + end), T::HALF * (end - x));
        for &(node, weight) in rule {
            let (step, weight) = (half * T::from_f64(node), half * T::from_f64(weight));
            at(middle - step, weight);
            at(middle + step, weight);
        }
        x = end;
    }
}

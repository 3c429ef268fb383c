//! Branch-free f32 exponential and complementary error function, which compilers turn into vector code.

const LN_2_HIGH: f32 = f32::from_bits(0x3F31_7000); // 12 bits
const LN_2_LOW: f32 = 3.194_618_5e-5;

/// eˣ within 2 units in the last place on [−86, 88.7]; 0 below, so that no result is subnormal, ∞ above.
///
/// eˣ = 2ᵏ eʳ with |r| ≤ ½ ln 2 and the Taylor series of eʳ to r⁷/7!.
#[cfg_attr(not(target_os = "none"), inline(always))]
pub(crate) fn exp(x: f32) -> f32 {
    const SERIES: [f32; 7] = [1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0];
    /// 1.5·2²³: adding it rounds to an integer, which then stands in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    let bounded = if x > 89.0 { 89.0 } else { x }; // NaN stays
    let shifted = bounded * core::f32::consts::LOG2_E + ROUND;
    let k = shifted - ROUND;
    let r = (bounded - k * LN_2_HIGH) - k * LN_2_LOW;
    let mut series = 0.0;
    for term in SERIES {
        series = (series + term) * r;
    }
    // 2ᵏ as 2ᵏ⁻¹·2, since 2¹²⁸ is no number.
    let exponent = (shifted.to_bits() << 23).wrapping_add(126 << 23);
    let result = (series + 1.0) * f32::from_bits(exponent) * 2.0;
    let result = if x < -86.0 { 0.0 } else { result };
    if x > 88.722_83 { f32::INFINITY } else { result }
}

/// 1 − erf(x), of relative error below 3.5·10⁻⁷ for negative x and (1 + x²)·3.5·10⁻⁷ for positive x.
///
/// For z = |x|, erfc z = e^{−z²}·t·P(t − ½) with t = 1/(1 + 0.55z); P is a minimax fit of degree 9 to
/// e^{z²} erfc(z)/t on z in [0, 10.5], of relative error 7·10⁻⁹. The rest is rounding, that of z² above all.
#[cfg_attr(not(target_os = "none"), inline(always))]
pub(crate) fn erfc(x: f32) -> f32 {
    const P: [f32; 10] = [
        0.058_047_682,
        -0.075_444_58,
        -0.042_956_49,
        0.133_830_15,
        0.005_739_447_7,
        -0.211_812_56,
        -0.015_595_543,
        0.455_996_7,
        0.693_692_56,
        0.552_588_76,
    ];
    let z = x.abs();
    let t = 1.0 / (1.0 + 0.55 * z);
    let s = t - 0.5; // Small coefficients around the middle: little cancellation.
    let mut p = 0.0;
    for term in P {
        p = p * s + term;
    }
    let tail = exp(-(z * z)) * t * p;
    if x < 0.0 { 2.0 - tail } else { tail }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An interpreter gets a sample.
    const STRIDE: usize = if cfg!(miri) { 1009 } else { 1 };

    #[test]
    fn exp_is_within_two_ulp() {
        for i in (-860_000..=887_000).step_by(STRIDE) {
            let x = i as f32 * 1e-4;
            let want = libm::exp(f64::from(x));
            let ulp = f64::from(f32::EPSILON) * libm::exp2(libm::floor(libm::log2(want)));
            assert!((f64::from(exp(x)) - want).abs() <= 2.0 * ulp, "{x} {} {want}", exp(x));
        }
        assert_eq!(
            [exp(0.0), exp(-0.0), exp(-87.0), exp(-f32::INFINITY), exp(-1e30)],
            [1.0, 1.0, 0.0, 0.0, 0.0]
        );
        assert_eq!([exp(89.0), exp(1e30), exp(f32::INFINITY)], [f32::INFINITY; 3]);
        assert!(exp(88.72).is_finite() && exp(f32::NAN).is_nan());
    }

    #[test]
    fn erfc_is_within_its_bounds() {
        for i in (-100_000..=92_000).step_by(STRIDE) {
            let x = i as f32 * 1e-4;
            let want = libm::erfc(f64::from(x));
            let error = (f64::from(erfc(x)) - want).abs();
            let bound = if x > 0.0 { f64::from(1.0 + x * x) * 3.5e-7 * want } else { 3.5e-7 * want };
            assert!(error <= bound.max(1e-37), "{x} {} {want}", erfc(x));
        }
        assert_eq!([erfc(20.0), erfc(-20.0), erfc(f32::MAX)], [0.0, 2.0, 0.0]);
    }
}

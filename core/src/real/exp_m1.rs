//! Branch-free eˣ − 1 with the bits of libm's, which compilers turn into vector code. The fits and their coefficients are those of Sun
//! Microsystems' fdlibm (1993), which libm follows.

/// Writes eˣ − 1 of a number type: 1.5·2ᵖ, p, the largest exponent, ln 2 in two parts and 1/ln 2, the fit's
/// coefficients, the ends of libm's ranges, and the k from which 2⁻ᵏ is small beside 1.
macro_rules! exp_m1 {
    ($name:ident, $real:ty, $round:literal, $fraction:literal, $largest:literal, ($high:expr, $low:expr, $inverse:expr), $fit:expr,
     $ends:expr, $small:literal) => {
        /// eˣ − 1.
        #[expect(clippy::manual_range_contains, reason = "a choice between two numbers, without a branch")]
        #[inline(always)]
        pub(crate) fn $name(x: $real) -> $real {
            type Real = $real;
            const FIT: [Real; $fit.len()] = $fit;
            let [same, half, one_and_a_half, minus_one, infinite]: [Real; 5] = $ends;
            let size = x.abs();
            let bounded = if x > infinite { infinite } else { x }; // NaN stays
            let bounded = if bounded < -minus_one { -minus_one } else { bounded };
            // k is x/ln 2, rounded as libm does.
            let shifted = $inverse * bounded + if x < 0.0 { -0.5 } else { 0.5 };
            let nearest = (shifted + $round) - $round;
            let up = if nearest > shifted { nearest - 1.0 } else { nearest };
            let down = if nearest < shifted { nearest + 1.0 } else { nearest };
            let far = if x < 0.0 { down } else { up };
            let near = if x < 0.0 { -1.0 } else { 1.0 };
            let k = if size < one_and_a_half { near } else { far };
            let k = if size < half { 0.0 } else { k };

            let above = bounded - k * $high;
            let below = k * $low;
            let r = above - below;
            let rest = (above - r) - below;
            let half_r = 0.5 * r;
            let half_square = r * half_r;
            let mut series = FIT[0];
            for term in &FIT[1..] {
                series = term + half_square * series;
            }
            let r1 = 1.0 + half_square * series;
            let t = 3.0 - r1 * half_r;
            let e = half_square * ((r1 - t) / (6.0 - r * t));
            let of_0 = r - (r * e - half_square);
            let e = (r * (e - rest) - rest) - half_square;
            let of_minus_1 = 0.5 * (r - e) - 0.5;
            let of_1 = if r < -0.25 { -2.0 * (e - (r + 0.5)) } else { 1.0 + 2.0 * (r - e) };
            let power = |k: Real| {
                Real::from_bits(((k + $round).to_bits() << $fraction).wrapping_add(Real::to_bits(1.0)))
            };
            let (up, down) = (power(k), power(-k));
            // The largest power in two factors: it is no number.
            let large = r - e + 1.0;
            let large = if k > $largest { large * 2.0 * power($largest) } else { large * up };
            let far = if k < $small { (r - e + (1.0 - down)) * up } else { (r - (e + down) + 1.0) * up };
            let result = if k < 0.0 || k > 56.0 { large - 1.0 } else { far };
            let result = if k == 1.0 { of_1 } else { result };
            let result = if k == -1.0 { of_minus_1 } else { result };
            let result = if k == 0.0 { of_0 } else { result };
            let result = if size < same { x } else { result };
            let result = if x <= -minus_one { -1.0 } else { result };
            if x >= infinite { Real::INFINITY } else { result }
        }
    };
}

/// A number from the high half of its bits: libm compares those.
const fn high(bits: u64) -> f64 {
    f64::from_bits(bits << 32)
}

exp_m1!(
    single,
    f32,
    12_582_912.0,
    23,
    127.0,
    (f32::from_bits(0x3F31_7180), f32::from_bits(0x3717_F7D1), f32::from_bits(0x3FB8_AA3B)),
    [f32::from_bits(0x3ACF_3010), f32::from_bits(0xBD08_8868)],
    [
        f32::from_bits(0x3300_0000),
        f32::from_bits(0x3EB1_7219),
        f32::from_bits(0x3F85_1592),
        f32::from_bits(0x4195_B844),
        f32::from_bits(0x42B1_7218)
    ],
    23.0
);
exp_m1!(
    double,
    f64,
    6_755_399_441_055_744.0,
    52,
    1023.0,
    (0.693_147_180_369_123_8, 1.908_214_929_270_587_7e-10, core::f64::consts::LOG2_E),
    [
        -2.010_992_181_836_243_7e-7,
        4.008_217_827_329_362e-6,
        -7.936_507_578_674_88e-5,
        0.001_587_301_587_254_814_6,
        -0.033_333_333_333_333_13
    ],
    [
        high(0x3C90_0000),
        high(0x3FD6_2E43),
        high(0x3FF0_A2B2),
        high(0x4043_687A),
        f64::from_bits(0x4086_2E42_FEFA_39F0)
    ],
    20.0
);

#[cfg(test)]
mod tests {
    use super::*;

    fn same(x: f64) {
        assert_eq!(double(x).to_bits(), libm::expm1(x).to_bits(), "{x:e}");
        let x = x as f32;
        assert_eq!(single(x).to_bits(), libm::expm1f(x).to_bits(), "{x:e}");
    }

    /// Everywhere, around the ends of libm's ranges, and at numbers whose last digits are arbitrary.
    #[test]
    fn bits_are_those_of_libm() {
        let stride = if cfg!(miri) { 10_007 } else { 1 };
        for i in (-800_000i32..800_000).step_by(stride) {
            let x = f64::from(i) * 1e-3;
            same(x);
            same(x * 0.04);
            same(x * 1e-3 + 1e-9 * x);
        }
        for end in [0x3C90_0000u64, 0x3FD6_2E42, 0x3FF0_A2B2, 0x4043_687A, 0x4086_2E42] {
            for near in (end << 32) - 1000..(end << 32) + 1000 {
                same(f64::from_bits(near));
                same(-f64::from_bits(near));
            }
        }
        for end in
            [0x3300_0000u32, 0x3EB1_7218, 0x3F85_1592, 0x4195_B844, 0x42B1_7217, 0x7F80_0000, 0x8000_0000]
        {
            for near in end - 1000..=end {
                same(f64::from(f32::from_bits(near)));
                same(f64::from(-f32::from_bits(near)));
                same(f64::from(f32::from_bits(near + 1)));
            }
        }
        for x in [
            0.0,
            -0.0,
            f64::MIN_POSITIVE,
            5e-324,
            -5e-324,
            f64::MAX,
            f64::MIN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
        ] {
            same(x);
        }
    }

    /// All numbers of f32: docs/checks.md.
    #[test]
    #[ignore = "takes two minutes"]
    fn all_single_bits_are_those_of_libm() {
        for bits in 0..=u32::MAX {
            let x = f32::from_bits(bits);
            let found = single(x);
            assert!(found.to_bits() == libm::expm1f(x).to_bits() || x.is_nan() && found.is_nan(), "{x:e}");
        }
    }
}

//! Branch-free f64 exponential and complementary error function with the bits of libm's, which compilers turn into vector code. The fits
//! and their coefficients are those of Sun Microsystems' fdlibm (1993), which libm follows.

const LN_2_HIGH: f64 = 0.693_147_180_369_123_8;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
/// A number from the high half of its bits: libm compares those.
const fn high(bits: u64) -> f64 {
    f64::from_bits(bits << 32)
}

/// eˣ.
#[inline(always)]
pub(crate) fn exp(x: f64) -> f64 {
    const P: [f64; 5] = [
        4.138_136_797_057_238_5e-08,
        -1.653_390_220_546_525_2e-06,
        6.613_756_321_437_934e-05,
        -0.002_777_777_777_701_559_3,
        0.166_666_666_666_666_02,
    ];
    /// 1.5·2⁵²: adding it rounds to an integer, which then stands in the lowest bits.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    let size = x.abs();
    let bounded = if x > 710.0 { 710.0 } else { x }; // NaN stays
    let bounded = if bounded < -746.0 { -746.0 } else { bounded };
    let shifted = core::f64::consts::LOG2_E * bounded + if x < 0.0 { -0.5 } else { 0.5 };
    // Towards zero.
    let nearest = (shifted + ROUND) - ROUND;
    let up = if nearest > shifted { nearest - 1.0 } else { nearest };
    let down = if nearest < shifted { nearest + 1.0 } else { nearest };
    let far = if x < 0.0 { down } else { up };
    let near = if x < 0.0 { -1.0 } else { 1.0 };
    let k = if size >= high(0x3FF0_A2B2) { far } else { near };
    let k = if size < high(0x3FD6_2E43) { 0.0 } else { k };
    let above = bounded - k * LN_2_HIGH;
    let below = k * LN_2_LOW;
    let r = above - below;
    let r2 = r * r;
    let mut series = P[0];
    for term in [P[1], P[2], P[3], P[4]] {
        series = term + r2 * series;
    }
    let c = r - r2 * series;
    let y = 1.0 + (r * c / (2.0 - c) - below + above);
    // 2ᵏ in two factors, so that both are normal and one rounding makes a subnormal result.
    let part = if k < -1000.0 { -512.0 } else { 0.0 };
    let part = if k > 1000.0 { 512.0 } else { part };
    let power = |k: f64| f64::from_bits(((k + ROUND).to_bits() << 52).wrapping_add(1023 << 52));
    let result = y * power(k - part) * power(part);
    let result = if size < high(0x3E30_0001) { 1.0 + x } else { result };
    let result = if x < -745.133_219_101_941_1 { 0.0 } else { result };
    if x > 709.782_712_893_384 { f64::INFINITY } else { result }
}

/// 1 − erf(x): libm's four fits for |x| below 27/32, 5/4, 1/0.35 and 28 as one ratio of polynomials, with the coefficients of its
/// range.
#[inline(always)]
pub(crate) fn erfc(x: f64) -> f64 {
    let size = x.abs();
    let under = |least: f64, a: f64, b: f64| if size < least { a } else { b };
    let of_range = |[a, b, c, d]: [f64; 4]| {
        under(high(0x3FEB_0000), a, under(high(0x3FF4_0000), b, under(high(0x4006_DB6D), c, d)))
    };
    let t = of_range([x * x, size - 1.0, 1.0 / (x * x), 1.0 / (x * x)]);
    // Written out: compilers would load coefficients from places that differ by lane.
    let (a, b) = (|k: usize| of_range(ABOVE[k]), |k: usize| of_range(BELOW[k]));
    let above = a(0) + t * (a(1) + t * (a(2) + t * (a(3) + t * (a(4) + t * (a(5) + t * (a(6) + t * a(7)))))));
    let below = b(0)
        + t * (b(1) + t * (b(2) + t * (b(3) + t * (b(4) + t * (b(5) + t * (b(6) + t * (b(7) + t * b(8))))))));
    let ratio = above / below;

    let part = x * ratio;
    let low = 1.0 - (x + part);
    let small = if x < 0.25 { low } else { 0.5 - (x - 0.5 + part) };
    let small = under(high(0x3C70_0000), 1.0 - x, small);
    let short = f64::from_bits(size.to_bits() & !0xFFFF_FFFF);
    let tail = exp(-short * short - 0.5625) * exp((short - size) * (short + size) + ratio) / size;
    let tail = under(high(0x3FF4_0000), 1.0 - 0.845_062_911_510_467_5 - ratio, tail);
    let tail = if size >= 28.0 { 0.0 } else { tail };
    let tail = if x < 0.0 { 2.0 - tail } else { tail };
    under(high(0x3FEB_0000), small, tail)
}

/// Coefficients of the fits' numerators, of each range.
const ABOVE: [[f64; 4]; 8] = [
    [
        0.128_379_167_095_512_56,
        -0.002_362_118_560_752_659_4,
        -0.009_864_944_034_847_148,
        -0.009_864_942_924_700_1,
    ],
    [-0.325_042_107_247_001_5, 0.414_856_118_683_748_33, -0.693_858_572_707_181_8, -0.799_283_237_680_523],
    [-0.028_481_749_575_598_51, -0.372_207_876_035_701_3, -10.558_626_225_323_291, -17.757_954_917_754_752],
    [-0.005_770_270_296_489_442, 0.318_346_619_901_161_75, -62.375_332_450_326_006, -160.636_384_855_821_92],
    [
        -2.376_301_665_665_016_3e-05,
        -0.110_894_694_282_396_68,
        -162.396_669_462_573_47,
        -637.566_443_368_389_6,
    ],
    [0.0, 0.035_478_304_325_618_236, -184.605_092_906_711_04, -1_025.095_131_611_077_2],
    [0.0, -0.002_166_375_594_868_791, -81.287_435_506_306_6, -483.519_191_608_651_4],
    [0.0, 0.0, -9.814_329_344_169_145, 0.0],
];
/// And of their denominators.
const BELOW: [[f64; 4]; 9] = [
    [1.0, 1.0, 1.0, 1.0],
    [0.397_917_223_959_155_35, 0.106_420_880_400_844_23, 19.651_271_667_439_257, 30.338_060_743_482_46],
    [0.065_022_249_988_767_3, 0.540_397_917_702_171, 137.657_754_143_519_04, 325.792_512_996_573_9],
    [0.005_081_306_281_875_766, 0.071_828_654_414_196_27, 434.565_877_475_229_23, 1_536.729_586_084_437],
    [0.000_132_494_738_004_321_64, 0.126_171_219_808_761_64, 645.387_271_733_267_9, 3_199.858_219_508_595_5],
    [-3.960_228_278_775_368e-06, 0.013_637_083_912_029_05, 429.008_140_027_567_83, 2_553.050_406_433_164_4],
    [0.0, 0.011_984_499_846_799_107, 108.635_005_541_779_44, 474.528_541_206_955_37],
    [0.0, 0.0, 6.570_249_770_319_282, -22.440_952_446_585_82],
    [0.0, 0.0, -0.060_424_415_214_858_1, 0.0],
];

#[cfg(test)]
mod tests {
    use super::*;

    fn same(x: f64) {
        assert_eq!(exp(x).to_bits(), libm::exp(x).to_bits(), "exp {x:e}");
        assert_eq!(erfc(x).to_bits(), libm::erfc(x).to_bits(), "erfc {x:e}");
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
        let ends = [
            0x3E30_0000u64,
            0x3FD6_2E42,
            0x3FF0_A2B2,
            0x4086_232B,
            0x3C70_0000,
            0x3FD0_0000,
            0x3FEB_0000,
            0x3FF4_0000,
            0x4006_DB6D,
            0x403C_0000,
            0x4086_2E42,
            0x4087_4910,
        ];
        for end in ends {
            for offset in -2000i64..2000 {
                for step in [1, 1 << 21, 1 << 32] {
                    let bits = (end << 32).wrapping_add_signed(offset * step);
                    same(f64::from_bits(bits));
                    same(-f64::from_bits(bits));
                }
            }
        }
        let mut rng = crate::Seed(1).stream(0);
        for _ in 0..4_000_000 / stride {
            let bits = rand_core::Rng::next_u64(&mut rng);
            let x = f64::from_bits(bits & !(0x7FF << 52) | (0x3C0 + (bits >> 52 & 0x7F)) << 52);
            same(x);
            same((x % 30.0).abs());
        }
        for x in [0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN_POSITIVE, 5e-324] {
            same(x);
        }
        assert!(exp(f64::NAN).is_nan() && erfc(f64::NAN).is_nan());
    }
}

//! Double precision.

use rand_core::Rng;

use super::{Bits, Real};
#[cfg(not(target_os = "none"))]
use super::{double_elementary, exp_m1};

// Tables, since compilers that optimise for size would divide at run time, in software on most devices.

/// 2/(2i + 1) for i = 1, …, N.
const fn ln_series<const N: usize>() -> [f64; N] {
    let mut series = [0.0; N];
    let mut i = 0;
    while i < N {
        series[i] = 2.0 / (2 * i + 3) as f64;
        i += 1;
    }
    series
}

/// ±1/(2i + `odd`)! for i = 1, …, N, the first negative.
const fn turn_series<const N: usize>(odd: usize) -> [f64; N] {
    let mut series = [0.0; N];
    let mut term = 1.0;
    let mut i = 0;
    while i < N {
        let n = 2 * i + 1 + odd;
        term /= -((n * (n + 1)) as f64);
        series[i] = term;
        i += 1;
    }
    series
}

impl Real for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const HALF: Self = 0.5;
    const TWO: Self = 2.0;
    const EPSILON: Self = f64::EPSILON;
    const INFINITY: Self = f64::INFINITY;
    const NEG_INFINITY: Self = f64::NEG_INFINITY;
    const NAME: &'static str = "f64";

    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn from_f64(x: f64) -> Self {
        x
    }
    fn to_f64(self) -> f64 {
        self
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn is_finite(self) -> bool {
        f64::is_finite(self)
    }
    fn all_finite(x: &[Self]) -> bool {
        let carry = |x: &f64| x.abs().to_bits() + (1 << 52);
        x.iter().fold(0, |carries, x| carries | carry(x)) >> 63 == 0
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn abs(self) -> Self {
        f64::abs(self)
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn sqrt(self) -> Self {
        perturb_sqrt::sqrt_f64(self)
    }
    #[cfg(target_os = "none")]
    fn exp(self) -> Self {
        libm::exp(self)
    }
    #[cfg(not(target_os = "none"))]
    #[inline(always)]
    fn exp(self) -> Self {
        double_elementary::exp(self)
    }
    #[cfg(target_os = "none")]
    fn exp_m1(self) -> Self {
        libm::expm1(self)
    }
    #[cfg(not(target_os = "none"))]
    #[inline(always)]
    fn exp_m1(self) -> Self {
        exp_m1::double(self)
    }
    fn ln(self) -> Self {
        libm::log(self)
    }
    fn ln_1p(self) -> Self {
        libm::log1p(self)
    }
    #[cfg(target_os = "none")]
    fn erfc(self) -> Self {
        libm::erfc(self)
    }
    #[cfg(not(target_os = "none"))]
    #[inline(always)]
    fn erfc(self) -> Self {
        double_elementary::erfc(self)
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn uniform(rng: &mut impl Rng) -> Self {
        ((rng.next_u64() >> 11) | 1) as f64 * (1.0 / (1u64 << 53) as f64)
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn sign(rng: &mut impl Rng) -> Self {
        f64::from_bits(1.0f64.to_bits() | u64::from(rng.next_u32() & 1 << 31) << 32)
    }
}

impl Bits for f64 {
    type Order = i64;
    type Key = u128;
    const LN_SERIES: &'static [Self] = &ln_series::<10>();
    // The first terms left out are below 3·10⁻¹⁸.
    const COS_SERIES: &'static [Self] = &turn_series::<8>(0);
    const SIN_SERIES: &'static [Self] = &turn_series::<8>(1);
    const LN_2: Self = core::f64::consts::LN_2;
    const ROUGH: f64 = 1e-15;
    const COARSE: Self = 67_108_864.0;
    #[inline]
    fn any_beyond(x: &[Self], limit: Self) -> bool {
        // A difference below 0 sets the sign.
        let below = |x: &Self| limit.to_bits().wrapping_sub(x.abs().to_bits());
        x.iter().fold(0, |signs, x| signs | below(x)) >> 63 == 1
    }
    fn is_zero(self) -> bool {
        self.to_bits() << 1 == 0
    }

    fn order(self) -> i64 {
        let bits = (self + 0.0).to_bits().cast_signed();
        bits ^ ((bits >> 63).cast_unsigned() >> 1).cast_signed()
    }
    fn key(self, index: usize) -> u128 {
        let bits = (self + 0.0).to_bits();
        let ascending = if bits >> 63 == 0 { bits | 1 << 63 } else { !bits };
        u128::from(!ascending) << 32 | index as u128
    }
    fn index(key: u128) -> usize {
        (key & 0xFFFF_FFFF) as usize
    }
    fn cost_key(self, id: u32) -> u128 {
        u128::from(self.to_bits()) << 32 | u128::from(id)
    }
    fn cost(key: u128) -> Self {
        f64::from_bits((key >> 32) as u64)
    }
    fn costs(theta: &[Self]) -> (Self, bool) {
        let (mut least, mut most) = (f64::INFINITY.to_bits() - 1, 0);
        for score in theta {
            // Without its sign, a negative score is its cost; what is not negative lies above all costs, and −0, less 1, too.
            least = least.min((score.to_bits() ^ 1 << 63).wrapping_sub(1));
            most = most.max(score.to_bits().cast_signed());
        }
        (f64::from_bits(least + 1), most > 0)
    }
    fn refine(coordinate: f32, rng: &mut impl Rng) -> Self {
        let cell = f64::from((coordinate * (1u32 << 24) as f32) as u32);
        // Odd multiples of 2⁻²⁸: the sum is exact.
        let u = f64::from(rng.next_u32() >> 4 | 1) * (1.0 / f64::from(1u32 << 28));
        (cell + u) * (1.0 / f64::from(1u32 << 24))
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn raw(rng: &mut impl Rng) -> Self {
        f64::from_bits(rng.next_u64())
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn angle(self) -> Self {
        let r = ((self.to_bits() & 0x3FFF_FFFF_FFFF_FFFF) >> 9).cast_signed() - (1 << 52);
        r as f64 * (core::f64::consts::FRAC_PI_2 / (1u64 << 53) as f64)
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn quarter_ahead(self) -> Self {
        f64::from_bits(self.to_bits().wrapping_add(1 << 62))
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn is_odd_quadrant(self) -> bool {
        (self.to_bits() << 1).cast_signed() < 0
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn flip(self, sign: Self) -> Self {
        f64::from_bits(self.to_bits() ^ (sign.to_bits() & 1 << 63))
    }
    #[inline(always)]
    fn fraction_bits(self) -> u32 {
        (self as f32).fraction_bits()
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn split(self) -> (Self, Self) {
        const ROOT_HALF: u64 = 0x3FE6_A09E_667F_3BCD;
        let shifted = self.to_bits().wrapping_add(0x3FF0_0000_0000_0000 - ROOT_HALF);
        let k = (shifted >> 52) as i64 - 1023;
        (f64::from_bits((shifted & 0x000F_FFFF_FFFF_FFFF) + ROOT_HALF), k as f64)
    }
}

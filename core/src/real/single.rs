//! Single precision.

use rand_core::Rng;

use super::elementary;
#[cfg(not(target_os = "none"))]
use super::exp_m1;
use super::{Bits, Real};

impl Real for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const HALF: Self = 0.5;
    const TWO: Self = 2.0;
    const EPSILON: Self = f32::EPSILON;
    const INFINITY: Self = f32::INFINITY;
    const NEG_INFINITY: Self = f32::NEG_INFINITY;
    const NAME: &'static str = "f32";

    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn from_f64(x: f64) -> Self {
        x as f32
    }
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn is_finite(self) -> bool {
        f32::is_finite(self)
    }
    fn all_finite(x: &[Self]) -> bool {
        // One more in the exponent carries into the sign where the exponent is full.
        let carry = |x: &f32| x.abs().to_bits() + (1 << 23);
        x.iter().fold(0, |carries, x| carries | carry(x)) >> 31 == 0
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn abs(self) -> Self {
        f32::abs(self)
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn sqrt(self) -> Self {
        perturb_sqrt::sqrt(self)
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn exp(self) -> Self {
        elementary::exp(self)
    }
    #[cfg(target_os = "none")]
    fn exp_m1(self) -> Self {
        libm::expm1f(self)
    }
    #[cfg(not(target_os = "none"))]
    #[inline(always)]
    fn exp_m1(self) -> Self {
        exp_m1::single(self)
    }
    fn ln(self) -> Self {
        libm::logf(self)
    }
    fn ln_1p(self) -> Self {
        libm::log1pf(self)
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn erfc(self) -> Self {
        elementary::erfc(self)
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn uniform(rng: &mut impl Rng) -> Self {
        ((rng.next_u32() >> 8) | 1) as f32 * (1.0 / (1u32 << 24) as f32)
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn sign(rng: &mut impl Rng) -> Self {
        f32::from_bits(1.0f32.to_bits() | (rng.next_u32() & 1 << 31))
    }
}

impl Bits for f32 {
    type Order = i32;
    type Key = u64;
    // Error of the fit, its coefficients rounded: 1.7·10⁻⁹, times s.
    const LN_SERIES: &'static [Self] = &[0.666_667_76, 0.399_775_42, 0.298_717_3];
    // Errors of the fits, their coefficients rounded: 5.1·10⁻¹⁰ and 5.5·10⁻⁹, a tenth of a rounding.
    const COS_SERIES: &'static [Self] = &[-0.5, 0.041_666_646, -0.001_388_736_8, 2.443_845_2e-5];
    const SIN_SERIES: &'static [Self] = &[-0.166_666_55, 0.008_332_178, -0.000_195_172_98];
    const LN_2: Self = core::f32::consts::LN_2;
    const ROUGH: f64 = 3.2e-4;
    /// u = (1 − v)·2ᵏ with v in (0, ½]: −k ln 2 + v·P(v), P being a minimax fit to −ln(1 − v)/v of relative error 3.13·10⁻⁴.
    #[inline(always)]
    fn exponential(self) -> Self {
        let bits = self.to_bits();
        let v = 1.0 - f32::from_bits(bits & 0x007F_FFFF | 0x3F00_0000);
        let k = (bits >> 23) as i32 - 126;
        let fit = ((0.685_484_2 * v + 0.164_335_27) * v + 0.518_808_66) * v + 0.999_687_55;
        v * fit - k as f32 * Self::LN_2
    }
    const COARSE: Self = 4096.0;
    #[inline]
    fn any_beyond(x: &[Self], limit: Self) -> bool {
        // A difference below 0 sets the sign.
        let below = |x: &Self| limit.to_bits().wrapping_sub(x.abs().to_bits());
        x.iter().fold(0, |signs, x| signs | below(x)) >> 31 == 1
    }
    fn is_zero(self) -> bool {
        self.to_bits() << 1 == 0
    }

    fn order(self) -> i32 {
        let bits = (self + 0.0).to_bits().cast_signed();
        bits ^ ((bits >> 31).cast_unsigned() >> 1).cast_signed()
    }
    fn key(self, index: usize) -> u64 {
        let bits = (self + 0.0).to_bits();
        let ascending = if bits >> 31 == 0 { bits | 1 << 31 } else { !bits };
        u64::from(!ascending) << 32 | index as u64
    }
    fn index(key: u64) -> usize {
        (key & 0xFFFF_FFFF) as usize
    }
    fn cost_key(self, id: u32) -> u64 {
        u64::from(self.to_bits()) << 32 | u64::from(id)
    }
    fn cost(key: u64) -> Self {
        f32::from_bits((key >> 32) as u32)
    }
    fn costs(theta: &[Self]) -> (Self, bool) {
        let (mut least, mut most) = (f32::INFINITY.to_bits() - 1, 0);
        for score in theta {
            // Without its sign, a negative score is its cost; what is not negative lies above all costs, and −0, less 1, too.
            least = least.min((score.to_bits() ^ 1 << 31).wrapping_sub(1));
            most = most.max(score.to_bits().cast_signed());
        }
        (f32::from_bits(least + 1), most > 0)
    }
    fn refine(coordinate: f32, _: &mut impl Rng) -> Self {
        ((coordinate * (1u32 << 24) as f32) as u32 | 1) as f32 * (1.0 / (1u32 << 24) as f32)
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn raw(rng: &mut impl Rng) -> Self {
        f32::from_bits(rng.next_u32())
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn angle(self) -> Self {
        // 24 bits, centred: an odd multiple of 2⁻²⁴ turns would need 25. The last six are not shifted out, but are 0.
        let r = (self.to_bits() & 0x3FFF_FFC0).cast_signed() - (1 << 29);
        r as f32 * (core::f64::consts::FRAC_PI_2 / f64::from(1u32 << 30)) as f32
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn quarter_ahead(self) -> Self {
        f32::from_bits(self.to_bits().wrapping_add(1 << 30))
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn is_odd_quadrant(self) -> bool {
        (self.to_bits() << 1).cast_signed() < 0
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn flip(self, sign: Self) -> Self {
        f32::from_bits(self.to_bits() ^ (sign.to_bits() & 1 << 31))
    }
    #[inline(always)]
    fn fraction_bits(self) -> u32 {
        (1.0 + self).to_bits() & 0x007F_FFFF
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn split(self) -> (Self, Self) {
        const ROOT_HALF: u32 = 0x3F35_04F3;
        let shifted = self.to_bits().wrapping_add(0x3F80_0000 - ROOT_HALF);
        let k = (shifted >> 23) as i32 - 127;
        (f32::from_bits((shifted & 0x007F_FFFF) + ROOT_HALF), k as f32)
    }
}

//! The number types, with arithmetic that has the same bits on every machine.
//!
//! Transcendental functions come from `libm` or from the short series below, never from std, from
//! num-traits or from fused multiply-adds: those differ in the last bit from one target to the next.

use core::fmt::{Debug, Display};
use core::iter::Sum;
use core::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use rand_core::Rng;

use crate::elementary;

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// `f32` or `f64`.
pub trait Real:
    sealed::Sealed
    + Copy
    + PartialOrd
    + Debug
    + Display
    + Default
    + Send
    + Sync
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
    + Sum
    + 'static
{
    /// An integer whose order is that of the values.
    type Order: Copy + Ord + Default + Debug + Send + Sync + 'static;
    /// An integer whose order is that of (value descending, index ascending): a total order for sorts.
    type Key: Copy + Ord + Default + Debug + Send + Sync + 'static;

    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// 1/2.
    const HALF: Self;
    /// 2.
    const TWO: Self;
    /// The distance from 1 to the next larger number.
    const EPSILON: Self;
    /// +∞, the start of a minimum.
    const INFINITY: Self;
    /// −∞, the start of a maximum.
    const NEG_INFINITY: Self;
    /// Coefficients of s², s⁴, … in (2 artanh s)/s − 2 for |s| < 0.172: of a minimax fit for f32, of the Taylor series for
    /// f64.
    const LN_SERIES: &'static [Self];
    /// Coefficients of r², r⁴, … in cos r for |r| ≤ π/4: of a minimax fit for f32, of the Taylor series for f64.
    const COS_SERIES: &'static [Self];
    /// The same of (sin r)/r.
    const SIN_SERIES: &'static [Self];
    /// The name in messages and files.
    const NAME: &'static str;

    /// The nearest value of this type.
    fn from_f64(x: f64) -> Self;
    /// The same value in f64.
    fn to_f64(self) -> f64;
    /// A count; exact up to 2²⁴.
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn from_usize(n: usize) -> Self {
        Self::from_f64(n as f64)
    }
    /// Neither NaN nor infinite.
    fn is_finite(self) -> bool;
    /// +0 or −0, found without floating-point arithmetic.
    fn is_zero(self) -> bool;
    /// Whether all are finite. In integers and without branches, for devices without an FPU and compilers with lanes.
    fn all_finite(x: &[Self]) -> bool;
    /// |x|.
    fn abs(self) -> Self;
    /// √x, correctly rounded.
    fn sqrt(self) -> Self;
    /// eˣ.
    fn exp(self) -> Self;
    /// eˣ − 1 without cancellation.
    fn exp_m1(self) -> Self;
    /// Natural logarithm.
    fn ln(self) -> Self;
    /// ln(1 + x) without cancellation.
    fn ln_1p(self) -> Self;
    /// 1 − erf(x).
    fn erfc(self) -> Self;
    /// The larger; `self` when the two are equal.
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn larger(self, other: Self) -> Self {
        if other > self { other } else { self }
    }
    /// The smaller; `self` when the two are equal.
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn smaller(self, other: Self) -> Self {
        if other < self { other } else { self }
    }

    /// The value's place in the order of values; −0 and +0 have the same.
    fn order(self) -> Self::Order;
    /// The sort key of entry `index`; −0 and +0 have equal values.
    fn key(self, index: usize) -> Self::Key;
    /// The index inside a key.
    fn index(key: Self::Key) -> usize;
    /// An integer whose order is that of (value ascending, id ascending), for values that are not negative.
    fn cost_key(self, id: u32) -> Self::Key;
    /// The value inside such a key; [`index`](Self::index) is its id.
    fn cost(key: Self::Key) -> Self;

    /// The odd multiples of 2⁻²⁴ (f32) or 2⁻⁵³ (f64) in the open interval (0, 1), equally likely.
    /// The grid is symmetric: 1 − u is on it, exactly.
    fn uniform(rng: &mut impl Rng) -> Self;
    /// A random number in (0, 1), of the grid of `uniform` or one twice as coarse, in the cell of 2⁻²³ (f32) or 2⁻²⁴
    /// (f64) that holds `coordinate`, which lies in [0, 1).
    fn refine(coordinate: f32, rng: &mut impl Rng) -> Self;
    /// A random sign: ±1 from one bit.
    fn sign(rng: &mut impl Rng) -> Self;
    /// A uniform angle as (quadrant, r): (π/2)·quadrant + r, r in [−π/4, π/4).
    fn angle(rng: &mut impl Rng) -> (u32, Self);
    /// The first 23 bits after the binary point of x in [0, 1): a function that never falls as x grows.
    fn fraction_bits(self) -> u32;
    /// x = m·2ᵏ with m in [√½, √2), for normal positive x: (m, k).
    fn split(self) -> (Self, Self);

    /// ln x for a normal positive x: branch-free, within 2 units in the last place.
    ///
    /// ln x = k ln 2 + 2 artanh s with x = m·2ᵏ, s = (m − 1)/(m + 1), |s| < 0.172.
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn ln_normal(self) -> Self {
        let (m, k) = self.split();
        let f = m - Self::ONE;
        let s = f / (m + Self::ONE);
        let s2 = s * s;
        let mut series = Self::ZERO;
        for &term in Self::LN_SERIES.iter().rev() {
            series = (series + term) * s2;
        }
        // 2s = f − s·f exactly in the reals; this form keeps f's full precision near x = 1.
        let artanh2 = f - s * (f - series);
        k * Self::LN_2 + artanh2
    }
    /// ln 2. Where k is not 0, |ln x| > ln 2/2, so that the rounding of k ln 2 is of the order of the result's.
    const LN_2: Self;

    /// (cos, sin) of a uniform random angle.
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn cos_sin_turn(rng: &mut impl Rng) -> (Self, Self) {
        let (quadrant, r) = Self::angle(rng);
        let r2 = r * r;
        let (mut cos, mut sin) = (Self::ZERO, Self::ZERO);
        for &term in Self::COS_SERIES.iter().rev() {
            cos = (cos + term) * r2;
        }
        for &term in Self::SIN_SERIES.iter().rev() {
            sin = (sin + term) * r2;
        }
        let (cos, sin) = (Self::ONE + cos, r + r * sin);
        let (c, s) = if quadrant & 1 == 0 { (cos, sin) } else { (sin, cos) };
        let c = if (quadrant + 1) & 2 == 0 { c } else { -c };
        let s = if quadrant & 2 == 0 { s } else { -s };
        (c, s)
    }
}

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

impl Real for f32 {
    type Order = i32;
    type Key = u64;
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const HALF: Self = 0.5;
    const TWO: Self = 2.0;
    const EPSILON: Self = f32::EPSILON;
    const INFINITY: Self = f32::INFINITY;
    const NEG_INFINITY: Self = f32::NEG_INFINITY;
    // Error of the fit, its coefficients rounded: 1.7·10⁻⁹, times s.
    const LN_SERIES: &'static [Self] = &[0.666_667_76, 0.399_775_42, 0.298_717_3];
    // Errors of the fits, their coefficients rounded: 5.1·10⁻¹⁰ and 5.5·10⁻⁹, a tenth of a rounding.
    const COS_SERIES: &'static [Self] = &[-0.5, 0.041_666_646, -0.001_388_736_8, 2.443_845_2e-5];
    const SIN_SERIES: &'static [Self] = &[-0.166_666_55, 0.008_332_178, -0.000_195_172_98];
    const NAME: &'static str = "f32";
    const LN_2: Self = core::f32::consts::LN_2;

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
    fn is_zero(self) -> bool {
        self.to_bits() << 1 == 0
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
    fn exp_m1(self) -> Self {
        libm::expm1f(self)
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
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn uniform(rng: &mut impl Rng) -> Self {
        ((rng.next_u32() >> 8) | 1) as f32 * (1.0 / (1u32 << 24) as f32)
    }
    fn refine(coordinate: f32, _: &mut impl Rng) -> Self {
        ((coordinate * (1u32 << 24) as f32) as u32 | 1) as f32 * (1.0 / (1u32 << 24) as f32)
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn sign(rng: &mut impl Rng) -> Self {
        f32::from_bits(1.0f32.to_bits() | (rng.next_u32() & 1 << 31))
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn angle(rng: &mut impl Rng) -> (u32, Self) {
        let u = rng.next_u32();
        let quadrant = u >> 30;
        // 24 bits, centred: an odd multiple of 2⁻²⁴ turns would need 25.
        let r = ((u & 0x3FFF_FFFF) >> 6) as i32 - (1 << 23);
        (quadrant, r as f32 * (core::f64::consts::FRAC_PI_2 / f64::from(1u32 << 24)) as f32)
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

impl Real for f64 {
    type Order = i64;
    type Key = u128;
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const HALF: Self = 0.5;
    const TWO: Self = 2.0;
    const EPSILON: Self = f64::EPSILON;
    const INFINITY: Self = f64::INFINITY;
    const NEG_INFINITY: Self = f64::NEG_INFINITY;
    const LN_SERIES: &'static [Self] = &ln_series::<10>();
    // The first terms left out are below 3·10⁻¹⁸.
    const COS_SERIES: &'static [Self] = &turn_series::<8>(0);
    const SIN_SERIES: &'static [Self] = &turn_series::<8>(1);
    const NAME: &'static str = "f64";
    const LN_2: Self = core::f64::consts::LN_2;

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
    fn is_zero(self) -> bool {
        self.to_bits() << 1 == 0
    }
    fn all_finite(x: &[Self]) -> bool {
        let carry = |x: &f64| x.abs().to_bits() + (1 << 52);
        x.iter().fold(0, |carries, x| carries | carry(x)) >> 63 == 0
    }
    fn abs(self) -> Self {
        f64::abs(self)
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn sqrt(self) -> Self {
        perturb_sqrt::sqrt_f64(self)
    }
    fn exp(self) -> Self {
        libm::exp(self)
    }
    fn exp_m1(self) -> Self {
        libm::expm1(self)
    }
    fn ln(self) -> Self {
        libm::log(self)
    }
    fn ln_1p(self) -> Self {
        libm::log1p(self)
    }
    fn erfc(self) -> Self {
        libm::erfc(self)
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
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn uniform(rng: &mut impl Rng) -> Self {
        ((rng.next_u64() >> 11) | 1) as f64 * (1.0 / (1u64 << 53) as f64)
    }
    fn refine(coordinate: f32, rng: &mut impl Rng) -> Self {
        let cell = f64::from((coordinate * (1u32 << 24) as f32) as u32);
        // Odd multiples of 2⁻²⁸: the sum is exact.
        let u = f64::from(rng.next_u32() >> 4 | 1) * (1.0 / f64::from(1u32 << 28));
        (cell + u) * (1.0 / f64::from(1u32 << 24))
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn sign(rng: &mut impl Rng) -> Self {
        f64::from_bits(1.0f64.to_bits() | u64::from(rng.next_u32() & 1 << 31) << 32)
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn angle(rng: &mut impl Rng) -> (u32, Self) {
        let u = rng.next_u64();
        let quadrant = (u >> 62) as u32;
        let r = ((u & 0x3FFF_FFFF_FFFF_FFFF) >> 9) as i64 - (1 << 52);
        (quadrant, r as f64 * (core::f64::consts::FRAC_PI_2 / (1u64 << 53) as f64))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// An interpreter gets a sample.
    const DRAWS: u32 = if cfg!(miri) { 200 } else { 100_000 };

    #[test]
    fn keys_sort_descending_with_ties_by_lowest_index() {
        let values = [0.5f32, -0.0, f32::INFINITY, 0.0, -3.0, 0.5];
        let mut keys: [u64; 6] = core::array::from_fn(|i| values[i].key(i));
        keys.sort_unstable();
        assert_eq!(keys.map(f32::index), [2, 0, 5, 1, 3, 4]);
        let values = values.map(f64::from);
        let mut keys: [u128; 6] = core::array::from_fn(|i| values[i].key(i));
        keys.sort_unstable();
        assert_eq!(keys.map(f64::index), [2, 0, 5, 1, 3, 4]);
    }

    /// The largest error of `ln_normal` in units in the last place of the result, against f64's libm.
    #[test]
    fn ln_normal_is_within_two_ulp() {
        let mut rng = crate::Seed(1).stream(0);
        let mut worst32 = 0.0f64;
        let mut worst64 = 0.0f64;
        for i in 0..2 * DRAWS {
            let u = if i % 2 == 0 { f32::uniform(&mut rng) } else { f32::uniform(&mut rng) * 30.0 };
            let (got, want) = (f64::from(u.ln_normal()), libm::log(f64::from(u)));
            let ulp = f64::from(f32::EPSILON) * libm::exp2(libm::floor(libm::log2(want.abs())));
            worst32 = worst32.max((got - want).abs() / ulp);
            let u = if i % 2 == 0 { f64::uniform(&mut rng) } else { f64::uniform(&mut rng) * 30.0 };
            let (got, want) = (u.ln_normal(), libm::log(u));
            let ulp = f64::EPSILON * libm::exp2(libm::floor(libm::log2(want.abs())));
            worst64 = worst64.max((got - want).abs() / ulp);
        }
        assert!(worst32 <= 2.0 && worst64 <= 2.0, "{worst32} {worst64}");
    }

    fn rotate(quadrant: u32, x: f64, y: f64) -> (f64, f64) {
        (0..quadrant).fold((x, y), |(x, y), _| (-y, x))
    }

    #[test]
    fn turns_lie_on_the_circle() {
        let mut rng = crate::Seed(2).stream(0);
        let mut mirror = crate::Seed(2).stream(0);
        for _ in 0..DRAWS {
            let (c, s) = f64::cos_sin_turn(&mut rng);
            let (quadrant, r) = f64::angle(&mut mirror);
            let (x, y) = rotate(quadrant, libm::cos(r), libm::sin(r));
            assert!((c - x).abs() < 3e-16 && (s - y).abs() < 3e-16);
        }
        let mut mirror = rng.clone();
        for _ in 0..DRAWS {
            let (c, s) = f32::cos_sin_turn(&mut rng);
            let (quadrant, r) = f32::angle(&mut mirror);
            let (x, y) = rotate(quadrant, libm::cos(f64::from(r)), libm::sin(f64::from(r)));
            assert!((f64::from(c) - x).abs() < 7e-8 && (f64::from(s) - y).abs() < 7e-8);
        }
    }
}

//! The number types, with arithmetic that has the same bits on every machine.
//!
//! Transcendental functions come from `libm`, have its bits, or come from the short series below, never from std, from
//! num-traits or from fused multiply-adds: those differ in the last bit from one target to the next.

use core::fmt::{Debug, Display};
use core::iter::Sum;
use core::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use rand_core::Rng;

mod bits;
mod double;
#[cfg(any(test, not(target_os = "none")))]
mod double_elementary;
mod elementary;
#[cfg(any(test, not(target_os = "none")))]
mod exp_m1;
mod single;

pub(crate) use bits::Bits;

/// `f32` or `f64`.
pub trait Real:
    Bits
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
    /// The odd multiples of 2⁻²⁴ (f32) or 2⁻⁵³ (f64) in the open interval (0, 1), equally likely.
    /// The grid is symmetric: 1 − u is on it, exactly.
    fn uniform(rng: &mut impl Rng) -> Self;
    /// A random sign: ±1 from one bit.
    fn sign(rng: &mut impl Rng) -> Self;
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

    /// All draws of f32.
    #[test]
    fn rough_logarithms_err_as_much_as_they_say() {
        let stride = if cfg!(miri) { 65_537 } else { 2 };
        for i in (1..1u32 << 24).step_by(stride) {
            let u = i as f32 / (1u32 << 24) as f32;
            let want = -libm::log(f64::from(u));
            let found = f64::from(u.exponential());
            assert!((found - want).abs() <= f32::ROUGH * want, "{u} {found} {want}");
        }
    }

    fn rotate(quadrant: u32, x: f64, y: f64) -> (f64, f64) {
        (0..quadrant).fold((x, y), |(x, y), _| (-y, x))
    }

    #[test]
    fn turns_lie_on_the_circle() {
        let mut rng = crate::Seed(2).stream(0);
        for _ in 0..DRAWS {
            let raw = f64::raw(&mut rng);
            let ((c, s), r) = (raw.cos_sin_turn(), raw.angle());
            let quadrant = (raw.to_bits() >> 62) as u32;
            let (x, y) = rotate(quadrant, libm::cos(r), libm::sin(r));
            assert!((c - x).abs() < 3e-16 && (s - y).abs() < 3e-16);
        }
        for _ in 0..DRAWS {
            let raw = f32::raw(&mut rng);
            let ((c, s), r) = (raw.cos_sin_turn(), raw.angle());
            let quadrant = raw.to_bits() >> 30;
            let (x, y) = rotate(quadrant, libm::cos(f64::from(r)), libm::sin(f64::from(r)));
            assert!((f64::from(c) - x).abs() < 7e-8 && (f64::from(s) - y).abs() < 7e-8);
        }
    }
}

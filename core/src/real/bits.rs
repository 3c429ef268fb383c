//! What the samplers, the sorts and the searches need of a number type beyond its arithmetic. No number type can be added
//! outside this crate, which may therefore change this at any time.

use core::fmt::Debug;

use rand_core::Rng;

use super::Real;

/// The private half of [`Real`].
pub trait Bits: Copy + 'static {
    /// An integer whose order is that of the values.
    type Order: Copy + Ord + Default + Debug + Send + Sync + 'static;
    /// An integer whose order is that of (value descending, index ascending): a total order for sorts.
    type Key: Copy + Ord + Default + Debug + Send + Sync + 'static;

    /// Coefficients of s², s⁴, … in (2 artanh s)/s − 2 for |s| < 0.172: of a minimax fit for f32, of the Taylor series for
    /// f64.
    const LN_SERIES: &'static [Self];
    /// Coefficients of r², r⁴, … in cos r for |r| ≤ π/4: of a minimax fit for f32, of the Taylor series for f64.
    const COS_SERIES: &'static [Self];
    /// The same of (sin r)/r.
    const SIN_SERIES: &'static [Self];

    /// Scores beyond so many ε lose half of the digits of their noise.
    const COARSE: Self;

    /// Whether the magnitude of any is above `limit` > 0, found without floating-point arithmetic.
    fn any_beyond(x: &[Self], limit: Self) -> bool
    where
        Self: Sized;
    /// +0 or −0, found without floating-point arithmetic.
    fn is_zero(self) -> bool;

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

    /// The least positive cost −θ, ∞ if there is none, and whether a cost is negative; in integers, for devices without an FPU.
    fn costs(theta: &[Self]) -> (Self, bool);

    /// A random number in (0, 1), of the grid of `uniform` or one twice as coarse, in the cell of 2⁻²³ (f32) or 2⁻²⁴
    /// (f64) that holds `coordinate`, which lies in [0, 1).
    fn refine(coordinate: f32, rng: &mut impl Rng) -> Self;
    /// Random bits in the place of a number; it may be none.
    fn raw(rng: &mut impl Rng) -> Self;
    /// Raw bits name the angle (π/2)·quadrant + r, their first two the quadrant, the others r in [−π/4, π/4): r.
    fn angle(self) -> Self;
    /// The bits of an angle a quarter of a turn further on.
    fn quarter_ahead(self) -> Self;
    /// Whether the quadrant of an angle is an odd one.
    fn is_odd_quadrant(self) -> bool;
    /// −self where the first bit of `sign` is set, self elsewhere.
    fn flip(self, sign: Self) -> Self;
    /// The first 23 bits after the binary point of x in [0, 1): a function that never falls as x grows.
    fn fraction_bits(self) -> u32;
    /// x = m·2ᵏ with m in [√½, √2), for normal positive x: (m, k).
    fn split(self) -> (Self, Self);

    /// ln x for a normal positive x: branch-free, within 2 units in the last place.
    ///
    /// ln x = k ln 2 + 2 artanh s with x = m·2ᵏ, s = (m − 1)/(m + 1), |s| < 0.172.
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn ln_normal(self) -> Self
    where
        Self: Real,
    {
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
    /// About −ln u > 0 for u in (0, 1), to [`ROUGH`](Self::ROUGH) of it.
    #[inline(always)]
    fn exponential(self) -> Self
    where
        Self: Real,
    {
        -self.ln_normal()
    }
    /// The relative error of [`exponential`](Self::exponential).
    const ROUGH: f64;

    /// ln 2. Where k is not 0, |ln x| > ln 2/2, so that the rounding of k ln 2 is of the order of the result's.
    const LN_2: Self;

    /// (cos, sin) of the angle that raw bits name.
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn cos_sin_turn(self) -> (Self, Self)
    where
        Self: Real,
    {
        let r = self.angle();
        let r2 = r * r;
        let (mut cos, mut sin) = (Self::ZERO, Self::ZERO);
        for &term in Self::COS_SERIES.iter().rev() {
            cos = (cos + term) * r2;
        }
        for &term in Self::SIN_SERIES.iter().rev() {
            sin = (sin + term) * r2;
        }
        let (cos, sin) = (Self::ONE + cos, r + r * sin);
        let (c, s) = if self.is_odd_quadrant() { (sin, cos) } else { (cos, sin) };
        (c.flip(self.quarter_ahead()), s.flip(self))
    }
}

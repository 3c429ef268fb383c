//! Expectations E\[g(Z)\] of one perturbed solve, as accumulators that only add.
//!
//! Everything Proposition 3.1 estimates is such an expectation, so one loop draws and any number of
//! estimators listen: a tuple of estimators costs one pass.

use core::fmt::Debug;

use crate::lanes::LANES;
use crate::oracle::dot;
use crate::{Error, Noise, Real, Shape, SmoothNoise};

mod epsilon;
mod fenchel_young;
mod jacobian;
mod maximizer;
mod product;
mod value;
mod vjp_jacobian;

pub use epsilon::{EpsilonDerivative, EpsilonLossDerivative};
pub use fenchel_young::FenchelYoungTerm;
pub use jacobian::{Jacobian, JacobianByCurvature};
pub use maximizer::{Maximizer, MaximizerByScore};
pub use product::{Jvp, Vjp};
pub use value::Value;
pub use vjp_jacobian::{VjpJacobian, VjpJacobianProduct};

/// What one perturbed solve knows.
#[derive(Clone, Copy, Debug)]
pub struct Draw<'a, T> {
    /// The noise z.
    pub z: &'a [T],
    /// ∇ν(z), entry by entry; empty unless an estimator asked for it ([`Estimator::SCORES`]).
    pub score: &'a [T],
    /// The perturbed scores θ + εz.
    pub theta: &'a [T],
    /// The solution y*(θ + εz).
    pub y: &'a [T],
    /// F(θ + εz) = ⟨y, θ + εz⟩.
    pub value: T,
    /// The temperature ε.
    pub epsilon: T,
    /// y*(θ), if the estimate uses it as a baseline.
    pub baseline: Option<&'a [T]>,
}

impl<T: Real> Draw<'_, T> {
    /// ⟨y, u⟩, less ⟨y*(θ), u⟩ under a baseline.
    fn inner(&self, u: &[T]) -> T {
        let inner = dot(self.y, u);
        self.baseline.map_or(inner, |baseline| inner - dot(baseline, u))
    }
    /// F(θ + εz), less ⟨y*(θ), θ + εz⟩ under a baseline.
    fn gain(&self) -> T {
        self.baseline.map_or(self.value, |baseline| self.value - dot(baseline, self.theta))
    }
    /// matrix += weight·(∇ν ∇νᵀ − ∇²ν)/ε².
    fn add_curvature(&self, noise: &impl SmoothNoise<T>, weight: T, matrix: &mut [T]) {
        let weight = weight / (self.epsilon * self.epsilon);
        let rows = matrix.chunks_exact_mut(self.z.len().max(1));
        for (i, ((row, &a), &z)) in rows.zip(self.score).zip(self.z).enumerate() {
            let scaled = weight * a;
            for (sum, &b) in row.iter_mut().zip(self.score) {
                *sum += scaled * b;
            }
            if let Some(diagonal) = row.get_mut(i) {
                *diagonal -= weight * noise.curvature(z);
            }
        }
    }
    /// y_i, less y*(θ)_i under a baseline.
    fn decisions(&self) -> impl Iterator<Item = T> + '_ {
        let baseline = self.baseline.unwrap_or(&[]).iter().copied().chain(core::iter::repeat(T::ZERO));
        self.y.iter().zip(baseline).map(|(&y, baseline)| y - baseline)
    }
}

/// What [`LANES`] perturbed solves side by side know: lane l of all is one [`Draw`].
#[derive(Clone, Copy, Debug)]
pub struct LaneDraws<'a, T> {
    /// The noise, d rows.
    pub z: &'a [[T; LANES]],
    /// The perturbed scores, d rows.
    pub theta: &'a [[T; LANES]],
    /// The solutions, d rows.
    pub y: &'a [[T; LANES]],
    /// The values.
    pub values: &'a [T; LANES],
    /// The temperature ε.
    pub epsilon: T,
    /// y*(θ), if the estimate uses it as a baseline.
    pub baseline: Option<&'a [T]>,
    /// Lanes from here on are empty.
    pub count: usize,
}

/// One draw, or many.
pub(crate) enum Drawn<'d, 'a, T> {
    One(&'d Draw<'a, T>),
    Lanes(&'d LaneDraws<'a, T>),
}

/// An expectation E\[g(Z)\] over perturbed solves.
///
/// `add` does sum += g(draw); partial sums merge by addition, in a fixed order, so that the result is a
/// function of (inputs, seed, number of samples) alone.
pub trait Estimator<T: Real, N: Noise<T>, S: Shape>: Sync {
    /// A sum of terms; divided by their number it is the estimate.
    type Sum: Clone + Debug + Send;

    /// Whether [`Draw::score`] is needed.
    const SCORES: bool = false;
    /// Whether a baseline reduces the variance. It leaves the expectation as it is, since E\[∇ν(Z)\] = 0.
    const BASELINE: bool = false;

    /// Whether g(Z) is the decision y*(θ + εZ), and the sum one part of d numbers. Where samples go side by side, such an
    /// estimator is left out or shown decisions alone.
    const DECISIONS: bool = false;
    /// Whether there is [`add_lanes`](Self::add_lanes).
    const LANES: bool = false;

    /// Refuses parameters of the estimator that do not fit a problem of `dim` entries.
    fn check(&self, dim: usize) -> Result<(), Error> {
        let _ = dim;
        Ok(())
    }
    /// An empty sum.
    fn zero(&self, shape: S) -> Self::Sum;
    /// sum += g(draw).
    fn add(&self, noise: &N, draw: &Draw<'_, T>, sum: &mut Self::Sum);
    /// Adds the terms of all lanes in their order: the bits of [`add`](Self::add) for one after the other.
    fn add_lanes(&self, noise: &N, draws: &LaneDraws<'_, T>, sum: &mut Self::Sum) {
        let _ = (noise, draws, sum);
    }
    /// Turns the sum over a block of `count` ≥ 2 draws into the one that leaves each draw out of its own control: for
    /// terms a_m·s_m that are bilinear in a decision or gain a and the score s, Σ(a_m − ā₋ₘ)s_m with ā₋ₘ the mean of
    /// the others, which is n/(n − 1)·(Σ a_m s_m − ā Σ s_m). `mean` holds the means over the block, and in
    /// `score` minus the sum, so that adding it subtracts. Estimators without scores ignore it.
    fn center(&self, noise: &N, mean: &Draw<'_, T>, count: u32, sum: &mut Self::Sum) {
        let _ = (noise, mean, count, sum);
    }
    /// The numbers inside a sum.
    fn parts(sum: &mut Self::Sum) -> impl Iterator<Item = &mut [T]>;
}

/// Multiplies by n/(n − 1).
fn rescale<T: Real>(sum: &mut [T], count: u32) {
    let n = T::from_f64(f64::from(count));
    for sum in sum {
        *sum *= n / (n - T::ONE);
    }
}

/// Empties a sum for reuse.
pub(crate) fn clear<T: Real, N: Noise<T>, S: Shape, E: Estimator<T, N, S>>(sum: &mut E::Sum) {
    for part in E::parts(sum) {
        part.fill(T::ZERO);
    }
}

/// `sum += part`.
pub(crate) fn merge<T: Real, N: Noise<T>, S: Shape, E: Estimator<T, N, S>>(
    sum: &mut E::Sum,
    part: &mut E::Sum,
) {
    for (sum, part) in E::parts(sum).zip(E::parts(part)) {
        for (sum, &mut part) in sum.iter_mut().zip(part) {
            *sum += part;
        }
    }
}

/// Turns a sum of `samples` terms into their mean. One sample needs no division.
pub(crate) fn finish<T: Real, N: Noise<T>, S: Shape, E: Estimator<T, N, S>>(
    sum: &mut E::Sum,
    samples: u32,
) -> Result<(), Error> {
    let count = T::from_f64(f64::from(samples));
    for part in E::parts(sum) {
        if samples > 1 {
            for x in &mut *part {
                *x /= count;
            }
        }
        crate::error::check_result("the estimate", part)?;
    }
    Ok(())
}

impl<T: Real, N: Noise<T>, S: Shape, A: Estimator<T, N, S>, B: Estimator<T, N, S>> Estimator<T, N, S>
    for (A, B)
{
    type Sum = (A::Sum, B::Sum);
    const SCORES: bool = A::SCORES || B::SCORES;
    const BASELINE: bool = A::BASELINE || B::BASELINE;

    fn check(&self, dim: usize) -> Result<(), Error> {
        self.0.check(dim)?;
        self.1.check(dim)
    }
    fn zero(&self, shape: S) -> Self::Sum {
        (self.0.zero(shape), self.1.zero(shape))
    }
    fn add(&self, noise: &N, draw: &Draw<'_, T>, sum: &mut Self::Sum) {
        self.0.add(noise, draw, &mut sum.0);
        self.1.add(noise, draw, &mut sum.1);
    }
    fn center(&self, noise: &N, mean: &Draw<'_, T>, count: u32, sum: &mut Self::Sum) {
        self.0.center(noise, mean, count, &mut sum.0);
        self.1.center(noise, mean, count, &mut sum.1);
    }
    fn parts(sum: &mut Self::Sum) -> impl Iterator<Item = &mut [T]> {
        A::parts(&mut sum.0).chain(B::parts(&mut sum.1))
    }
}

impl<T, N, S, A, B, C> Estimator<T, N, S> for (A, B, C)
where
    T: Real,
    N: Noise<T>,
    S: Shape,
    A: Estimator<T, N, S>,
    B: Estimator<T, N, S>,
    C: Estimator<T, N, S>,
{
    type Sum = (A::Sum, B::Sum, C::Sum);
    const SCORES: bool = A::SCORES || B::SCORES || C::SCORES;
    const BASELINE: bool = A::BASELINE || B::BASELINE || C::BASELINE;

    fn check(&self, dim: usize) -> Result<(), Error> {
        self.0.check(dim)?;
        self.1.check(dim)?;
        self.2.check(dim)
    }
    fn zero(&self, shape: S) -> Self::Sum {
        (self.0.zero(shape), self.1.zero(shape), self.2.zero(shape))
    }
    fn add(&self, noise: &N, draw: &Draw<'_, T>, sum: &mut Self::Sum) {
        self.0.add(noise, draw, &mut sum.0);
        self.1.add(noise, draw, &mut sum.1);
        self.2.add(noise, draw, &mut sum.2);
    }
    fn center(&self, noise: &N, mean: &Draw<'_, T>, count: u32, sum: &mut Self::Sum) {
        self.0.center(noise, mean, count, &mut sum.0);
        self.1.center(noise, mean, count, &mut sum.1);
        self.2.center(noise, mean, count, &mut sum.2);
    }
    fn parts(sum: &mut Self::Sum) -> impl Iterator<Item = &mut [T]> {
        A::parts(&mut sum.0).chain(B::parts(&mut sum.1)).chain(C::parts(&mut sum.2))
    }
}

//! What can be asked of a layer: expectations E\[g(Z)\] over perturbed solves, and their closed forms.
//!
//! Everything that Proposition 3.1 estimates is such an expectation. A [`Quantity`] knows both its answers: the term g that a
//! mean over draws adds up, and the number that a [`ClosedForm`] gives. One loop draws and any number of quantities listen: a
//! tuple of quantities costs one pass.
//!
//! ```
//! use perturb_core::quantity::{Jacobian, Maximizer, Value};
//! use perturb_core::{Const, Exact, Gumbel, MonteCarlo, Perturbed, Seed, Simplex};
//! let layer = Perturbed::new(Simplex::new(Const::<3>)?, Gumbel, 1.0)?;
//! let theta = [0.1f64, 0.9, 0.2];
//! let sampled = layer.compute(&theta, &(Value, Maximizer, Jacobian), MonteCarlo::new(1000, Seed(7)))?;
//! let exact = layer.compute(&theta, &(Value, Maximizer, Jacobian), Exact)?;
//! assert!((sampled.0 - exact.0).abs() < 0.2 && (sampled.1[1] - exact.1[1]).abs() < 0.1);
//! # Ok::<(), perturb_core::Error>(())
//! ```

use core::fmt::Debug;

use crate::engine::{Centre, DrawGroup};
use crate::method::Cost;
use crate::noise::SmoothNoise;
use crate::vector::{self, dot};
use crate::{ClosedForm, Error, Method, Noise, Oracle, Perturbed, Real, Shape, error};

mod epsilon;
mod fenchel_young;
mod form;
mod jacobian;
mod maximizer;
mod product;
mod value;
mod vjp_jacobian;

pub use crate::closed_form::Closed;
pub use epsilon::{EpsilonDerivative, EpsilonLossDerivative};
pub use fenchel_young::{FenchelYoung, FenchelYoungGradient, FenchelYoungTerm, FenchelYoungWithoutOmega};
pub use form::{Form, Matrix, Scalar, Vector};
pub use jacobian::{Jacobian, JacobianByCurvature};
pub use maximizer::{Maximizer, MaximizerByScore};
pub use product::{Jvp, Vjp};
pub use value::{Value, ValueAndMaximizer};
pub use vjp_jacobian::{VjpJacobian, VjpJacobianProduct};

/// What one perturbed solve knows.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Draw<'a, T> {
    /// The noise z.
    pub z: &'a [T],
    /// ∇ν(z), entry by entry; empty unless a quantity [needs](Needs::scores) it.
    pub score: &'a [T],
    /// The perturbed scores θ + εz; less a constant where θ is so large that εz would lose digits, and a constant changes no
    /// decision.
    pub theta: &'a [T],
    /// The solution y*(θ + εz).
    pub y: &'a [T],
    /// F(θ + εz) = ⟨y, θ + εz⟩, at those scores.
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
        self.baseline.map_or(self.value, |baseline| self.value - vector::value(baseline, self.theta))
    }
    /// matrix += weight·(∇ν ∇νᵀ − ∇²ν)/ε².
    fn add_curvature(&self, noise: &impl SmoothNoise<T>, weight: T, matrix: &mut [T]) {
        let weight = weight / (self.epsilon * self.epsilon);
        let rows = matrix.chunks_exact_mut(self.z.len().max(1));
        for (row, &a) in rows.zip(self.score) {
            let scaled = weight * a;
            for (sum, &b) in row.iter_mut().zip(self.score) {
                *sum += scaled * b;
            }
        }
        let diagonal = matrix.iter_mut().step_by(self.z.len() + 1);
        for (sum, curvature) in diagonal.zip(self.curvatures(noise)) {
            *sum -= weight * curvature;
        }
    }
    /// ∇²ν(z_i), 0 where the entry is forbidden.
    fn curvatures(&self, noise: &impl SmoothNoise<T>) -> impl Iterator<Item = T> {
        let allowed = self.theta.iter().map(|&theta| theta > T::NEG_INFINITY);
        self.z.iter().zip(allowed).map(|(&z, allowed)| if allowed { noise.curvature(z) } else { T::ZERO })
    }
    /// y_i, less y*(θ)_i under a baseline.
    fn decisions(&self) -> impl Iterator<Item = T> + '_ {
        let baseline = self.baseline.unwrap_or(&[]).iter().copied().chain(core::iter::repeat(T::ZERO));
        self.y.iter().zip(baseline).map(|(&y, baseline)| y - baseline)
    }
}

/// What a quantity needs of every draw, and what it costs in closed form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "each is a need of its own")]
pub struct Needs {
    /// Whether [`Draw::score`] is needed.
    pub scores: bool,
    /// Whether a baseline reduces the variance. It leaves the expectation as it is, since E\[∇ν(Z)\] = 0.
    pub baseline: bool,
    /// Whether g(Z) is the decision y*(θ + εZ), and the output one part of d numbers. Where samples are processed side by
    /// side, such a quantity is left out, or is shown decisions alone.
    pub decisions: bool,
    /// Whether there are [`Quantity::terms`] of a group.
    pub(crate) groups: bool,
    /// What it costs in closed form.
    pub cost: Cost,
}

impl Needs {
    /// Of a quantity that needs solutions and values alone.
    pub const fn new(cost: Cost) -> Self {
        Self { scores: false, baseline: false, decisions: false, groups: false, cost }
    }
    /// With the scores ∇ν and with the baseline: a derivative.
    #[must_use]
    pub const fn with_scores(self) -> Self {
        Self { scores: true, baseline: true, ..self }
    }
    /// The decision itself.
    #[must_use]
    pub const fn of_decisions(self) -> Self {
        Self { decisions: true, ..self }
    }
    /// With a term for a whole group of draws.
    #[must_use]
    pub(crate) const fn in_groups(self) -> Self {
        Self { groups: true, ..self }
    }
    /// Of two quantities in one pass.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            scores: self.scores || other.scores,
            baseline: self.baseline || other.baseline,
            decisions: false,
            groups: false,
            cost: self.cost.larger(other.cost),
        }
    }
}

/// An expectation E\[g(Z)\] over perturbed solves: what is asked of a layer. How it is answered is a [`Method`].
///
/// `add` does out += g(draw). Partial sums merge by addition, in a fixed order, so that the result is a function of (inputs,
/// seed, number of samples) alone.
pub trait Quantity<T: Real, N: Noise<T>, S: Shape>: Sync {
    /// The form of the answer.
    type Form: Form<T, S, Output = Self::Output>;
    /// The answer, and while draws are added up, their sum.
    type Output: Clone + Debug + Send;

    /// What is needed of every draw.
    const NEEDS: Needs;
    /// The name of the answer in errors.
    const RESULT: &'static str;

    /// Refuses parameters of the quantity that do not fit a problem of `dim` entries, and a noise without what it needs.
    fn check(&self, noise: &N, dim: usize) -> Result<(), Error> {
        let _ = (noise, dim);
        Ok(())
    }
    /// Refuses points that must lie in the C of `oracle` and certainly do not.
    fn check_hull<O: Oracle<T, Shape = S>>(&self, oracle: &O) -> Result<(), Error> {
        let _ = oracle;
        Ok(())
    }
    /// Refuses points of C that have an entry which θ [forbids](crate::oracle::Properties::forbids).
    fn check_allowed(&self, theta: &[T]) -> Result<(), Error> {
        let _ = theta;
        Ok(())
    }
    /// out += g(draw).
    fn add(&self, noise: &N, draw: &Draw<'_, T>, out: &mut Self::Output);
    /// The vector that a group's draws are multiplied with, where there are [`terms`](Self::terms) of groups.
    #[doc(hidden)]
    fn direction(&self) -> &[T] {
        &[]
    }
    /// Overwrites the noise of a group by its terms, d rows: the bits that [`add`](Self::add) would add to the first part of an
    /// output. Each lane has a direction of its own, so that draws of many quantities of this kind may share a group.
    #[doc(hidden)]
    fn terms(noise: &N, group: &mut DrawGroup<'_, T>) {
        let _ = (noise, group);
    }
    /// Turns the sum over a block of `count` ≥ 2 draws into the one that leaves each draw out of its own control: for
    /// terms a_m·s_m that are bilinear in a decision or gain a and the score s, Σ(a_m − ā₋ₘ)s_m with ā₋ₘ the mean of
    /// the others, which is n/(n − 1)·(Σ a_m s_m − ā Σ s_m). `mean` holds the means over the block, and in
    /// `score` minus the sum, so that adding it subtracts. Quantities without scores ignore it.
    fn center(&self, noise: &N, mean: &Draw<'_, T>, count: u32, out: &mut Self::Output) {
        let _ = (noise, mean, count, out);
    }
    /// The name of part number `part` of an output in [`Error::Overflow`].
    fn part_name(part: usize) -> &'static str {
        let _ = part;
        Self::RESULT
    }
    /// Turns the mean over the draws at `theta` into the answer: what is subtracted once, after the mean.
    fn finish(&self, theta: &[T], out: &mut Self::Output) {
        let _ = (theta, out);
    }
    /// [`finish`](Self::finish) of draws at θ less a centre: what is not the same there is moved.
    #[doc(hidden)]
    fn finish_at(&self, theta: &[T], centre: Centre<T>, out: &mut Self::Output) {
        let _ = centre;
        self.finish(theta, out);
    }
    /// The answer in closed form.
    fn exact<O>(&self, form: &mut Closed<'_, O, N, T>, out: &mut Self::Output) -> Result<(), Error>
    where
        O: ClosedForm<T, N, Shape = S>;

    /// Whether the answer is the mean over the draws with this oracle, as it is for all but the Fenchel–Young loss of a target
    /// that is no vertex.
    fn is_mean<O: Oracle<T, Shape = S>>(&self, oracle: &O) -> bool {
        let _ = oracle;
        true
    }
    /// Asks `layer`: provided, [`Method::answer`].
    fn ask<O, H>(
        &self,
        layer: &Perturbed<O, N, T>,
        theta: &[T],
        how: H,
        work: &mut H::Work<Self::Output>,
        out: &mut Self::Output,
    ) -> Result<(), Error>
    where
        O: Oracle<T, Shape = S>,
        H: Method<O, N, T>,
        Self: Sized,
    {
        how.answer(layer, theta, self, work, out)
    }
}

/// Checks θ, then the quantity: the same errors in the same order, whatever the method. Whether θ forbids an entry.
pub(crate) fn check<T, N, O, Q>(layer: &Perturbed<O, N, T>, theta: &[T], quantity: &Q) -> Result<bool, Error>
where
    T: Real,
    N: Noise<T>,
    O: Oracle<T>,
    Q: Quantity<T, N, O::Shape>,
{
    let forbids = error::check_scores(&layer.oracle, theta)?;
    check_quantity(layer, quantity)?;
    if forbids {
        quantity.check_allowed(theta)?;
    }
    Ok(forbids)
}

/// Checks the quantity alone.
pub(crate) fn check_quantity<T, N, O, Q>(layer: &Perturbed<O, N, T>, quantity: &Q) -> Result<(), Error>
where
    T: Real,
    N: Noise<T>,
    O: Oracle<T>,
    Q: Quantity<T, N, O::Shape>,
{
    quantity.check(&layer.noise, layer.oracle.shape().dim())?;
    quantity.check_hull(&layer.oracle)
}

/// An answer that stayed within the range of the number type.
pub(crate) fn check_result<T, N, S, Q>(out: &mut Q::Output) -> Result<(), Error>
where
    T: Real,
    N: Noise<T>,
    S: Shape,
    Q: Quantity<T, N, S>,
{
    for (index, part) in Q::Form::parts(out).enumerate() {
        error::check_result(Q::part_name(index), part)?;
    }
    Ok(())
}

/// Turns a sum of `samples` terms into the answer. One sample needs no division.
pub(crate) fn finish<T: Real, N: Noise<T>, S: Shape, Q: Quantity<T, N, S>>(
    quantity: &Q,
    theta: &[T],
    centre: Centre<T>,
    samples: u32,
    sum: &mut Q::Output,
) -> Result<(), Error> {
    let count = T::from_f64(f64::from(samples));
    if samples > 1 {
        for part in Q::Form::parts(sum) {
            vector::divide(part, count);
        }
    }
    quantity.finish_at(theta, centre, sum);
    check_result::<T, N, S, Q>(sum)
}

/// Multiplies by n/(n − 1).
fn rescale<T: Real>(sum: &mut [T], count: u32) {
    let n = T::from_f64(f64::from(count));
    for sum in sum {
        *sum *= n / (n - T::ONE);
    }
}

/// Several quantities in one pass; each in closed form by itself.
macro_rules! tuple {
    ($($member:ident $place:tt),+) => {
        impl<T: Real, N: Noise<T>, S: Shape, $($member: Quantity<T, N, S>),+> Quantity<T, N, S> for ($($member,)+) {
            type Form = ($($member::Form,)+);
            type Output = ($($member::Output,)+);
            const NEEDS: Needs = {
                let needs = Needs::new(Cost::Maximizer);
                $(let needs = needs.and($member::NEEDS);)+
                needs
            };
            const RESULT: &'static str = "the estimate";

            fn check(&self, noise: &N, dim: usize) -> Result<(), Error> {
                $(self.$place.check(noise, dim)?;)+
                Ok(())
            }
            fn check_hull<O: Oracle<T, Shape = S>>(&self, oracle: &O) -> Result<(), Error> {
                $(self.$place.check_hull(oracle)?;)+
                Ok(())
            }
            fn check_allowed(&self, theta: &[T]) -> Result<(), Error> {
                $(self.$place.check_allowed(theta)?;)+
                Ok(())
            }
            fn add(&self, noise: &N, draw: &Draw<'_, T>, out: &mut Self::Output) {
                $(self.$place.add(noise, draw, &mut out.$place);)+
            }
            fn center(&self, noise: &N, mean: &Draw<'_, T>, count: u32, out: &mut Self::Output) {
                $(self.$place.center(noise, mean, count, &mut out.$place);)+
            }
            fn finish(&self, theta: &[T], out: &mut Self::Output) {
                $(self.$place.finish(theta, &mut out.$place);)+
            }
            fn finish_at(&self, theta: &[T], centre: Centre<T>, out: &mut Self::Output) {
                $(self.$place.finish_at(theta, centre, &mut out.$place);)+
            }
            fn exact<O>(&self, form: &mut Closed<'_, O, N, T>, out: &mut Self::Output) -> Result<(), Error>
            where
                O: ClosedForm<T, N, Shape = S>,
            {
                $(self.$place.exact(form, &mut out.$place)?;)+
                Ok(())
            }
            fn is_mean<O: Oracle<T, Shape = S>>(&self, oracle: &O) -> bool {
                $(self.$place.is_mean(oracle))&&+
            }
            fn ask<O, H>(
                &self,
                layer: &Perturbed<O, N, T>,
                theta: &[T],
                how: H,
                work: &mut H::Work<Self::Output>,
                out: &mut Self::Output,
            ) -> Result<(), Error>
            where
                O: Oracle<T, Shape = S>,
                H: Method<O, N, T>,
            {
                if self.is_mean(layer.oracle()) {
                    return how.answer(layer, theta, self, work, out);
                }
                check(layer, theta, self)?;
                $(self.$place.ask(layer, theta, how, &mut how.work(layer), &mut out.$place)?;)+
                Ok(())
            }
        }
    };
}

tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);

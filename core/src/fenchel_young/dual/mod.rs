//! The dual problem behind Ω: max ⟨y, θ⟩ − F_ε(θ).

use crate::method::{Cost, Exact, Way};
use crate::oracle::{Array, hull};
use crate::quantity::ValueAndMaximizer;
use crate::vector::{add_scaled, dot, inner, largest_magnitude, subtract};
use crate::{ClosedForm, Error, Method, Noise, Oracle, Perturbed, Real, Shape, error};

mod bundle;
mod newton;

/// Where the dual of a point y ended.
pub(super) struct Dual<T, A> {
    /// θ′.
    pub(super) point: A,
    /// y_ε(θ′) − y.
    pub(super) residual: A,
    /// F_ε(θ′) − ⟨y, θ′⟩ = −εΩ(y).
    least: T,
    /// The same at the start θ.
    start: T,
    /// y_ε(θ) − y.
    first: A,
}

/// L = max over θ′ of \[⟨y, θ′⟩ − F_ε(θ′)\] − \[⟨y, θ⟩ − F_ε(θ)\]. The error is below R·‖y − y_ε(θ′)‖ for dual
/// solutions within R. With the gradient y_ε(θ) − y.
pub(crate) fn by_dual<O, N, T>(
    layer: &Perturbed<O, N, T>,
    theta: &[T],
    target: &[T],
    how: impl Method<O, N, T>,
) -> Result<(T, Array<O, T>), Error>
where
    O: Oracle<T>,
    N: Noise<T>,
    T: Real,
{
    // The loss is the same at all scores that differ by a constant, and rounds least where they are small.
    let mut centred = layer.centre(theta)?.centred(layer.oracle.shape(), theta);
    if !T::all_finite(centred.as_ref()) {
        layer.bury(centred.as_mut())?;
    }
    let dual = maximize(layer, centred.as_ref(), target, how)?;
    Ok(((dual.start - dual.least).larger(T::ZERO), dual.first))
}

/// Ω(y) by closed forms.
pub(crate) fn omega_by_dual<O, N, T>(layer: &Perturbed<O, N, T>, target: &[T]) -> Result<T, Error>
where
    O: ClosedForm<T, N>,
    N: Noise<T>,
    T: Real,
{
    let zero = layer.oracle.shape().array(T::ZERO);
    Ok(-maximize(layer, zero.as_ref(), target, Exact)?.least / layer.epsilon)
}

/// Maximises ⟨y, θ′⟩ − F_ε(θ′) over θ′: what is exact by Newton steps, what is sampled by a bundle, as its F_ε
/// is piecewise linear.
pub(super) fn maximize<O, N, T, H>(
    layer: &Perturbed<O, N, T>,
    theta: &[T],
    target: &[T],
    how: H,
) -> Result<Dual<T, Array<O, T>>, Error>
where
    O: Oracle<T>,
    N: Noise<T>,
    T: Real,
    H: Method<O, N, T>,
{
    let shape = layer.oracle.shape();
    error::check_vector("target", target, shape.dim())?;
    hull::check(&layer.oracle, target, Some(&mut layer.oracle.work()))?;
    let mut gap = Gap { layer, target, how, work: how.work(layer) };
    let (start, first) = gap.at(theta)?;
    let mut here = Place { point: shape.array(T::ZERO), gap: start, slope: first.clone() };
    here.point.as_mut().copy_from_slice(theta);
    match how.way(layer, Cost::Value) {
        Way::Exact { .. } => newton::descend(&mut gap, &mut here)?,
        Way::Sampled(_) => bundle::descend(&mut gap, &mut here)?,
    }
    if gap.separates(here.point.as_ref()) || gap.downhill(&here.slope) || gap.downhill(&first) {
        return Err(Error::OutsideHull { parameter: "target" });
    }
    Ok(Dual { point: here.point, residual: here.slope, least: here.gap, start, first })
}

/// The gap F_ε(θ′) − ⟨y, θ′⟩, which is to be as small as it can be.
struct Gap<'g, O: Oracle<T>, N: Noise<T>, T: Real, H: Method<O, N, T>> {
    layer: &'g Perturbed<O, N, T>,
    target: &'g [T],
    how: H,
    work: H::Work<(T, Array<O, T>)>,
}

/// A θ′, its gap, and the gap's slope y_ε(θ′) − y.
struct Place<T, A> {
    point: A,
    gap: T,
    slope: A,
}

impl<O: Oracle<T>, N: Noise<T>, T: Real, H: Method<O, N, T>> Gap<'_, O, N, T, H> {
    /// The gap and its slope.
    fn at(&mut self, theta: &[T]) -> Result<(T, Array<O, T>), Error> {
        let mut found = (T::ZERO, self.zeros());
        self.layer.compute_into(theta, &ValueAndMaximizer, self.how, &mut self.work, &mut found)?;
        let (value, mut slope) = found;
        subtract(slope.as_mut(), self.target);
        Ok((value - inner(self.target, theta), slope))
    }

    fn zeros(&self) -> Array<O, T> {
        self.layer.oracle.shape().array(T::ZERO)
    }

    /// Slopes of this size are rounding.
    fn tolerance(&self) -> T {
        T::EPSILON * T::from_f64(4.0) * T::ONE.larger(largest_magnitude(self.target))
    }

    /// Steps from the target that are within its rounding.
    fn slack(&self) -> T {
        hull::slack::<T>(0) * largest_magnitude(self.target)
    }

    /// So far out that a slope within the rounding of the target is that of a target which lies outside by as much: no θ′ ends it.
    fn is_far(&self, here: &Place<T, Array<O, T>>) -> bool {
        let dim = T::from_usize(self.layer.oracle.shape().dim());
        largest_magnitude(here.point.as_ref()) > T::from_f64(64.0) * self.layer.epsilon * dim
    }

    /// Whether ⟨y, s⟩ > F(s), by more than the rounding of y: such a direction separates y from C. Outside C the gap falls without
    /// bound, and F_ε stays within a constant of F: in the end the point itself is one.
    fn separates(&self, direction: &[T]) -> bool {
        let oracle = &self.layer.oracle;
        let most = oracle.solve(direction, self.zeros().as_mut(), &mut oracle.work());
        let properties = oracle.properties();
        let maximal = properties.linear && properties.beyond(direction).is_none();
        let (true, Ok(most)) = (maximal, most) else { return false };
        let own = dot(self.target, direction);
        // y lies beyond the plane ⟨·, s⟩ = F(s) by (own − most)/‖s‖.
        let unit = largest_magnitude(direction);
        let square: T = direction.iter().map(|&s| (s / unit) * (s / unit)).sum();
        let beyond = (own - most) / unit / square;
        own - most > T::from_f64(64.0) * T::EPSILON * (own.abs() + most.abs()) && beyond > self.slack()
    }

    /// Whether the way down separates.
    fn downhill(&self, slope: &Array<O, T>) -> bool {
        let mut direction = self.zeros();
        add_scaled(direction.as_mut(), -T::ONE, slope.as_ref());
        self.separates(direction.as_ref())
    }
}

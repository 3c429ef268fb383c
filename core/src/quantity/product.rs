use super::{Closed, Draw, Needs, Quantity, Vector, rescale};
use crate::engine::{DrawGroup, LANES, lanes};
use crate::method::Cost;
use crate::vector::{self, dot};
use crate::{ClosedForm, Error, Noise, Real, Shape, error};

/// The vector–Jacobian product Jᵀu = E\[⟨u, y*(θ + εZ)⟩ ∇ν(Z)\]/ε: what backpropagation through y_ε needs
/// (eq. 4). Cost O(d) a sample beside the solve.
#[derive(Clone, Copy, Debug)]
pub struct Vjp<'a, T> {
    /// u, the gradient of a loss in y_ε.
    pub cotangent: &'a [T],
}

impl<T: Real, N: Noise<T>, S: Shape> Quantity<T, N, S> for Vjp<'_, T> {
    type Form = Vector;
    type Output = S::Array<T>;
    const NEEDS: Needs = Needs::new(Cost::Product).with_scores().in_groups();
    const RESULT: &'static str = "the derivative";

    fn check(&self, _: &N, dim: usize) -> Result<(), Error> {
        error::check_vector("cotangent", self.cotangent, dim)
    }
    fn add(&self, _: &N, draw: &Draw<'_, T>, out: &mut Self::Output) {
        vector::add_scaled(out.as_mut(), draw.inner(self.cotangent) / draw.epsilon, draw.score);
    }
    fn add_group(&self, noise: &N, group: &DrawGroup<'_, T>, out: &mut Self::Output) {
        lanes::run(AddProducts { cotangent: self.cotangent, noise, group, sum: out.as_mut() });
    }
    fn center(&self, noise: &N, mean: &Draw<'_, T>, count: u32, out: &mut Self::Output) {
        Quantity::<T, N, S>::add(self, noise, mean, out);
        rescale(out.as_mut(), count);
    }
    fn exact<O>(&self, form: &mut Closed<'_, O, N, T>, out: &mut Self::Output) -> Result<(), Error>
    where
        O: ClosedForm<T, N, Shape = S>,
    {
        form.product(self.cotangent, out.as_mut())
    }
}

/// Adds the terms of a vector–Jacobian product.
struct AddProducts<'a, N, T> {
    cotangent: &'a [T],
    noise: &'a N,
    group: &'a DrawGroup<'a, T>,
    sum: &'a mut [T],
}

impl<N: Noise<T>, T: Real> perturb_lanes::Kernel for AddProducts<'_, N, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Self { cotangent, noise, group, sum } = self;
        let mut weights = [T::ZERO; LANES];
        for (row, &u) in group.y.iter().zip(cotangent) {
            lanes::row_by_row();
            for lane in 0..LANES {
                weights[lane] += row[lane] * u;
            }
        }
        let mut weights = lanes::settle(weights);
        let baseline = group.baseline.map(|baseline| dot(baseline, cotangent));
        for weight in &mut weights {
            *weight = baseline.map_or(*weight, |baseline| *weight - baseline) / group.epsilon;
        }
        for (sum, row) in sum.iter_mut().zip(group.z) {
            lanes::row_by_row();
            let (mut scores, mut terms) = ([T::ZERO; LANES], [T::ZERO; LANES]);
            noise.scores(row, &mut scores);
            for lane in 0..LANES {
                terms[lane] = weights[lane] * scores[lane];
            }
            let terms = lanes::settle(terms);
            for &term in terms.iter().take(group.count) {
                *sum += term;
            }
        }
    }
}

/// The Jacobian–vector product Ju = E\[y*(θ + εZ) ⟨∇ν(Z), u⟩\]/ε: the change of y_ε along u.
///
/// J is symmetric, so this estimates the same vector as [`Vjp`], with other noise: sample by sample it stays
/// in the span of the vertices.
#[derive(Clone, Copy, Debug)]
pub struct Jvp<'a, T> {
    /// u, a direction in θ.
    pub tangent: &'a [T],
}

impl<T: Real, N: Noise<T>, S: Shape> Quantity<T, N, S> for Jvp<'_, T> {
    type Form = Vector;
    type Output = S::Array<T>;
    const NEEDS: Needs = Needs::new(Cost::Product).with_scores();
    const RESULT: &'static str = "the derivative";

    fn check(&self, _: &N, dim: usize) -> Result<(), Error> {
        error::check_vector("tangent", self.tangent, dim)
    }
    fn add(&self, _: &N, draw: &Draw<'_, T>, out: &mut Self::Output) {
        let weight = dot(draw.score, self.tangent) / draw.epsilon;
        for (sum, y) in out.as_mut().iter_mut().zip(draw.decisions()) {
            *sum += weight * y;
        }
    }
    fn center(&self, noise: &N, mean: &Draw<'_, T>, count: u32, out: &mut Self::Output) {
        Quantity::<T, N, S>::add(self, noise, mean, out);
        rescale(out.as_mut(), count);
    }
    fn exact<O>(&self, form: &mut Closed<'_, O, N, T>, out: &mut Self::Output) -> Result<(), Error>
    where
        O: ClosedForm<T, N, Shape = S>,
    {
        form.product(self.tangent, out.as_mut())
    }
}

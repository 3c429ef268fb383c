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
    fn direction(&self) -> &[T] {
        self.cotangent
    }
    fn terms(noise: &N, group: &mut DrawGroup<'_, T>) {
        lanes::run(ScoreTerms { noise, group });
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

/// ⟨u, y − y*(θ)⟩ ∇ν(z)/ε.
struct ScoreTerms<'a, 'g, N, T> {
    noise: &'a N,
    group: &'a mut DrawGroup<'g, T>,
}

impl<N: Noise<T>, T: Real> perturb_lanes::Kernel for ScoreTerms<'_, '_, N, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Self { noise, group } = self;
        let mut weights = group.direction.dot(group.y);
        if let Some(baseline) = group.baseline {
            let least = baseline.dot_column(group.direction);
            weights = core::array::from_fn(|lane| weights[lane] - least[lane]);
        }
        let weights: [T; LANES] = weights.map(|weight| weight / group.epsilon);
        for row in &mut *group.z {
            lanes::row_by_row();
            let mut scores = [T::ZERO; LANES];
            noise.scores(row, &mut scores);
            *row = core::array::from_fn(|lane| weights[lane] * scores[lane]);
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
    const NEEDS: Needs = Needs::new(Cost::Product).with_scores().in_groups();
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
    fn direction(&self) -> &[T] {
        self.tangent
    }
    fn terms(noise: &N, group: &mut DrawGroup<'_, T>) {
        lanes::run(DecisionTerms { noise, group });
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

/// (y − y*(θ)) ⟨∇ν(z), u⟩/ε.
struct DecisionTerms<'a, 'g, N, T> {
    noise: &'a N,
    group: &'a mut DrawGroup<'g, T>,
}

impl<N: Noise<T>, T: Real> perturb_lanes::Kernel for DecisionTerms<'_, '_, N, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Self { noise, group } = self;
        for row in &mut *group.z {
            lanes::row_by_row();
            let mut scores = [T::ZERO; LANES];
            noise.scores(row, &mut scores);
            *row = scores;
        }
        let weights = group.direction.dot(group.z).map(|weight| weight / group.epsilon);
        for (index, (terms, y)) in group.z.iter_mut().zip(group.y).enumerate() {
            lanes::row_by_row();
            let baseline = group.baseline.map_or([T::ZERO; LANES], |baseline| baseline.row(index));
            *terms = core::array::from_fn(|lane| weights[lane] * (y[lane] - baseline[lane]));
        }
    }
}

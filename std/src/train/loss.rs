use perturb_core::estimator::{Maximizer, Vjp};
use perturb_core::{
    Array, ClosedForm, Error, Expectation, MonteCarlo, Noise, Perturbed, Real, Scratch, Seed, Shape,
};
use perturb_lanes::{Kernel, run};

use crate::RowError;

/// What is minimised between scores θ and a target decision y: the four losses of Section 5.2.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Loss<T> {
    /// The Fenchel–Young loss L_ε(θ; y) (Definition 4.1); gradient y_ε(θ) − y.
    FenchelYoung,
    /// ½‖y_ε(θ) − y‖² through the perturbed maximizer (eq. 4); gradient J(y_ε(θ) − y). Sampled, the two
    /// factors have independent samples, so that their product is unbiased.
    PerturbedSquared,
    /// ½‖θ − y‖², which ignores the oracle; gradient θ − y.
    Squared,
    /// ½‖y*(θ) − y‖² with the gradient proxy of Vlastelica et al. 2019: (y*(θ) − y*(θ − λg))/λ with
    /// g = y*(θ) − y, the sign for an oracle that maximises.
    BlackBox {
        /// λ > 0, in units of θ per unit of y.
        lambda: T,
    },
}

impl<T> Loss<T> {
    /// The name in tables and files.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::FenchelYoung => "fenchel-young",
            Self::PerturbedSquared => "perturbed-squared",
            Self::Squared => "squared",
            Self::BlackBox { .. } => "blackbox",
        }
    }
}

/// A loss between scores and targets of one oracle.
#[derive(Clone, Copy, Debug)]
pub struct Objective<O, N, T> {
    /// The oracle, the noise and the temperature; squared and blackbox losses use the oracle alone.
    pub layer: Perturbed<O, N, T>,
    /// The loss.
    pub loss: Loss<T>,
    /// How its expectations are computed; the seed inside is ignored, each row of each step has its own.
    pub how: Expectation,
}

/// Working memory of one worker.
pub struct Workspace<O: ClosedForm<T, N>, N: Noise<T>, T: Real> {
    scores: Array<O, T>,
    y: Array<O, T>,
    direction: Array<O, T>,
    work: O::Work,
    scratch: Scratch<O, T>,
    part: Option<Array<O, T>>,
    memory: <O as ClosedForm<T, N>>::Memory,
}

impl<O: ClosedForm<T, N>, N: Noise<T>, T: Real> Objective<O, N, T> {
    /// Working memory for [`gradient`](Self::gradient).
    pub fn workspace(&self) -> Workspace<O, N, T> {
        let oracle = self.layer.oracle();
        let array = || oracle.shape().array(T::ZERO);
        Workspace {
            scores: array(),
            y: array(),
            direction: array(),
            work: oracle.work(),
            scratch: Scratch::new(oracle),
            part: None,
            memory: oracle.memory(),
        }
    }

    /// [`gradient`](Self::gradient) in rows of d entries: row r of `thetas`, `targets` and `gradients` with the seed
    /// `seed.fold(r)`. Stops at the first row that fails.
    pub fn gradients(
        &self,
        thetas: &[T],
        targets: &[T],
        seed: Seed,
        gradients: &mut [T],
        workspace: &mut Workspace<O, N, T>,
    ) -> Result<(), RowError> {
        match (self.loss, self.how) {
            (Loss::Squared, _) => run(Difference { out: gradients, a: thetas, b: targets }),
            (Loss::FenchelYoung, Expectation::MonteCarlo(MonteCarlo { samples: 1, .. })) => {
                self.layer
                    .sample_rows(thetas, seed, gradients, &mut workspace.scratch)
                    .map_err(|(row, source)| RowError { row, source })?;
                run(Subtract { from: gradients, what: targets });
            }
            _ => {
                let dim = self.layer.oracle().shape().dim();
                let rows = thetas.chunks_exact(dim).zip(targets.chunks_exact(dim));
                for (row, ((theta, target), gradient)) in
                    rows.zip(gradients.chunks_exact_mut(dim)).enumerate()
                {
                    self.gradient(theta, target, seed.fold(row as u64), gradient, workspace)
                        .map_err(|source| RowError { row, source })?;
                }
            }
        }
        Ok(())
    }

    /// Writes the gradient in θ of the loss between `theta` and `target`. `seed` names the row and step.
    pub fn gradient(
        &self,
        theta: &[T],
        target: &[T],
        seed: Seed,
        gradient: &mut [T],
        workspace: &mut Workspace<O, N, T>,
    ) -> Result<(), Error> {
        match (self.loss, self.how) {
            (Loss::Squared, _) => difference(gradient, theta, target),
            (Loss::BlackBox { lambda }, _) => self.black_box(theta, target, lambda, gradient, workspace),
            (Loss::FenchelYoung, Expectation::Exact) => {
                self.expect(theta, workspace)?;
                difference(gradient, workspace.y.as_ref(), target);
            }
            (Loss::FenchelYoung, Expectation::MonteCarlo(MonteCarlo { samples: 1, .. })) => {
                let Workspace { scores, y, work, .. } = workspace;
                self.layer.sample_into(theta, seed, 0, scores.as_mut(), y.as_mut(), work)?;
                difference(gradient, y.as_ref(), target);
            }
            (Loss::FenchelYoung, Expectation::MonteCarlo(how)) => {
                let Workspace { y, scratch, part, .. } = workspace;
                let how = MonteCarlo { seed, ..how };
                self.layer.estimate_into(theta, &Maximizer, how, scratch, y, part)?;
                difference(gradient, y.as_ref(), target);
            }
            (Loss::PerturbedSquared, Expectation::Exact) => {
                self.expect(theta, workspace)?;
                let Workspace { scores, y, direction, memory, .. } = workspace;
                difference(direction.as_mut(), y.as_ref(), target);
                let (oracle, noise) = (self.layer.oracle(), self.layer.noise());
                oracle.product(noise, scores.as_ref(), direction.as_ref(), gradient, memory)?;
                for g in gradient {
                    *g /= self.layer.epsilon();
                }
            }
            (Loss::PerturbedSquared, Expectation::MonteCarlo(how)) => {
                let Workspace { y, direction, scratch, part, .. } = workspace;
                let forward = MonteCarlo { seed: seed.fold(0), ..how };
                self.layer.estimate_into(theta, &Maximizer, forward, scratch, y, part)?;
                difference(direction.as_mut(), y.as_ref(), target);
                let backward = MonteCarlo { seed: seed.fold(1), ..how };
                let product = Vjp { cotangent: direction.as_ref() };
                self.layer.estimate_into(theta, &product, backward, scratch, y, part)?;
                for (gradient, &product) in gradient.iter_mut().zip(y.as_ref()) {
                    *gradient = product;
                }
            }
        }
        Ok(())
    }

    /// The value of the loss: exact where `how` is. For the learning curves; training needs gradients alone.
    pub fn value(&self, theta: &[T], target: &[T], seed: Seed) -> Result<T, Error> {
        let dim = self.layer.oracle().shape().dim();
        for (parameter, x) in [("theta", theta), ("target", target)] {
            if x.len() != dim {
                return Err(Error::Length { parameter, expected: dim, found: x.len() });
            }
            if let Some(index) = x.iter().position(|x| !x.is_finite()) {
                return Err(Error::NotFinite { parameter, index });
            }
        }
        let how = match self.how {
            Expectation::Exact => Expectation::Exact,
            Expectation::MonteCarlo(how) => Expectation::MonteCarlo(MonteCarlo { seed, ..how }),
        };
        let value = match self.loss {
            Loss::FenchelYoung => self.layer.fenchel_young(theta, target, how)?.loss,
            Loss::PerturbedSquared => half_square(self.layer.maximizer(theta, how)?.as_ref(), target),
            Loss::Squared => half_square(theta, target),
            Loss::BlackBox { .. } => half_square(self.layer.decide(theta)?.1.as_ref(), target),
        };
        if value.is_finite() { Ok(value) } else { Err(Error::Overflow { quantity: "the loss" }) }
    }

    /// y_ε(θ) into the workspace, θ/ε beside it.
    fn expect(&self, theta: &[T], workspace: &mut Workspace<O, N, T>) -> Result<(), Error> {
        let Workspace { scores, y, memory, .. } = workspace;
        for (scaled, &theta) in scores.as_mut().iter_mut().zip(theta) {
            *scaled = theta / self.layer.epsilon();
        }
        self.layer.oracle().maximizer(self.layer.noise(), scores.as_ref(), y.as_mut(), memory)
    }

    fn black_box(
        &self,
        theta: &[T],
        target: &[T],
        lambda: T,
        gradient: &mut [T],
        workspace: &mut Workspace<O, N, T>,
    ) {
        let Workspace { scores, y, direction: moved, work, .. } = workspace;
        let oracle = self.layer.oracle();
        oracle.solve(theta, y.as_mut(), work);
        let errors = y.as_ref().iter().zip(target).map(|(&y, &target)| y - target);
        for ((score, &theta), error) in scores.as_mut().iter_mut().zip(theta).zip(errors) {
            *score = theta - lambda * error;
        }
        oracle.solve(scores.as_ref(), moved.as_mut(), work);
        difference(gradient, y.as_ref(), moved.as_ref());
        for g in gradient {
            *g /= lambda;
        }
    }
}

/// out = a − b.
struct Difference<'a, T> {
    out: &'a mut [T],
    a: &'a [T],
    b: &'a [T],
}

impl<T: Real> Kernel for Difference<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        difference(self.out, self.a, self.b);
    }
}

/// from −= what.
struct Subtract<'a, T> {
    from: &'a mut [T],
    what: &'a [T],
}

impl<T: Real> Kernel for Subtract<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for (from, &what) in self.from.iter_mut().zip(self.what) {
            *from -= what;
        }
    }
}

/// a − b.
#[inline(always)]
fn difference<T: Real>(out: &mut [T], a: &[T], b: &[T]) {
    for ((out, &a), &b) in out.iter_mut().zip(a).zip(b) {
        *out = a - b;
    }
}

/// ½‖a − b‖².
fn half_square<T: Real>(a: &[T], b: &[T]) -> T {
    T::HALF * a.iter().zip(b).map(|(&a, &b)| (a - b) * (a - b)).sum::<T>()
}

#[cfg(test)]
mod tests {
    use perturb_core::{Const, Normal, Ranking};

    use super::*;

    fn objective(loss: Loss<f64>) -> Objective<Ranking<f64, Const<4>>, Normal, f64> {
        let layer = Perturbed::new(Ranking::ascending(Const::<4>).unwrap(), Normal, 0.7).unwrap();
        Objective { layer, loss, how: Expectation::Exact }
    }

    /// Gradients equal central differences of the values: relative error of order h² = 1e-10.
    #[test]
    fn gradients_match_finite_differences() {
        let (theta, target, h) = ([0.3, -0.5, 0.9, 0.2], [2.0, 1.0, 3.0, 4.0], 1e-5);
        for loss in [Loss::FenchelYoung, Loss::PerturbedSquared, Loss::Squared] {
            let objective = objective(loss);
            let mut gradient = [0.0; 4];
            let mut workspace = objective.workspace();
            objective.gradient(&theta, &target, Seed(0), &mut gradient, &mut workspace).unwrap();
            for i in 0..4 {
                let at = |h: f64| {
                    let mut theta = theta;
                    theta[i] += h;
                    objective.value(&theta, &target, Seed(0)).unwrap()
                };
                let slope = (at(h) - at(-h)) / (2.0 * h);
                assert!((slope - gradient[i]).abs() < 1e-8, "{} {slope} {}", loss.name(), gradient[i]);
            }
        }
    }

    /// The blackbox proxy points downhill: a step against it moves the decision towards the target.
    #[test]
    fn black_box_descends() {
        let objective = objective(Loss::BlackBox { lambda: 1.0 });
        let target = [4.0, 3.0, 2.0, 1.0];
        let mut theta = [0.1, 0.2, 0.3, 0.4];
        let mut gradient = [0.0; 4];
        let mut workspace = objective.workspace();
        for _ in 0..200 {
            objective.gradient(&theta, &target, Seed(0), &mut gradient, &mut workspace).unwrap();
            for (theta, g) in theta.iter_mut().zip(gradient) {
                *theta -= 0.05 * g;
            }
        }
        assert_eq!(objective.value(&theta, &target, Seed(0)).unwrap(), 0.0);
    }

    #[test]
    fn values_of_what_is_not_finite_are_refused() {
        let (theta, target) = ([0.3, -0.5, 0.9, 0.2], [2.0, 1.0, 3.0, 4.0]);
        for loss in
            [Loss::FenchelYoung, Loss::PerturbedSquared, Loss::Squared, Loss::BlackBox { lambda: 1.0 }]
        {
            let value = |theta: &[f64], target: &[f64]| objective(loss).value(theta, target, Seed(0));
            let bad = [0.0, f64::NAN, 0.0, 0.0];
            assert_eq!(value(&bad, &target), Err(Error::NotFinite { parameter: "theta", index: 1 }));
            assert_eq!(value(&theta, &bad), Err(Error::NotFinite { parameter: "target", index: 1 }));
            let short = Error::Length { parameter: "target", expected: 4, found: 3 };
            assert_eq!(value(&theta, &target[..3]), Err(short));
            assert!(value(&theta, &target).is_ok());
        }
        let far = objective(Loss::Squared).value(&[1e200; 4], &target, Seed(0));
        assert_eq!(far, Err(Error::Overflow { quantity: "the loss" }));
    }

    /// One sample: exactly one perturbed decision less the target.
    #[test]
    fn one_sample_is_one_decision() {
        let how = MonteCarlo::new(1, Seed(0));
        let objective = Objective { how: Expectation::MonteCarlo(how), ..objective(Loss::FenchelYoung) };
        let (theta, target) = ([0.3, -0.5, 0.9, 0.2], [2.0, 1.0, 3.0, 4.0]);
        let mut gradient = [0.0; 4];
        objective.gradient(&theta, &target, Seed(5), &mut gradient, &mut objective.workspace()).unwrap();
        let want =
            objective.layer.fenchel_young_gradient(&theta, &target, MonteCarlo::new(1, Seed(5))).unwrap();
        assert_eq!(gradient, want);
    }
}

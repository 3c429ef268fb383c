use std::fmt;

use perturb_core::loss::{SpoPlus, composed, interpolated};
use perturb_core::oracle::Array;
use perturb_core::quantity::FenchelYoungGradient;
use perturb_core::{AnyNoise, Error, How, Method, Noise, Oracle, Perturbed, Real, Seed, Shape};
use perturb_lanes::{Kernel, run};

use crate::batch::{Crew, Target, Task};
use crate::share::{self, RowsMut, Units};
use crate::{AnyOracle, BatchExt, RowError, threads};

/// What is minimised between scores θ and a target decision y: the four losses of Section 5.2, the logistic loss of pairs, and SPO+,
/// whose target is the true scores.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Loss<T> {
    /// The Fenchel–Young loss L_ε(θ; y) (Definition 4.1); gradient y_ε(θ) − y.
    FenchelYoung,
    /// ½‖y_ε(θ) − y‖² through the perturbed maximizer (eq. 4); gradient J(y_ε(θ) − y). Sampled, the two
    /// factors have independent samples, so that their product is unbiased.
    PerturbedSquared,
    /// ½‖θ − y‖², which ignores the oracle; gradient θ − y.
    Squared,
    /// Σ ln(1 + e^(θ_j − θ_i)) over the pairs of entries with y_i > y_j, which ignores the oracle: pairwise logistic regression, as
    /// learning to rank has it (Burges et al. 2005); for one chosen entry the chosen against each other. O(d²).
    PairwiseLogistic,
    /// ½‖y*(θ) − y‖² with the gradient proxy of Vlastelica et al. 2019: (y*(θ) − y*(θ − λg))/λ with
    /// g = y*(θ) − y, the sign for an oracle that maximises.
    BlackBox {
        /// λ > 0, in units of θ per unit of y.
        lambda: T,
    },
    /// SPO+ (Elmachtoub and Grigas 2022), a convex bound of the regret: the target is t, the true scores, and not a decision. F(2θ − t) −
    /// 2⟨θ, y*(t)⟩ + F(t) with the subgradient 2(y*(2θ − t) − y*(t)); see [`SpoPlus`](crate::loss::SpoPlus). Neither noise nor
    /// temperature. For [`Decisions`](crate::decisions::Decisions) by worth, and not for a [`Dataset`](crate::data::Dataset).
    SpoPlus,
}

impl<T> Loss<T> {
    /// The name in tables and files.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::FenchelYoung => "fenchel-young",
            Self::PerturbedSquared => "perturbed-squared",
            Self::Squared => "squared",
            Self::PairwiseLogistic => "pairwise-logistic",
            Self::BlackBox { .. } => "blackbox",
            Self::SpoPlus => "spo-plus",
        }
    }
}

/// A loss between scores and targets of one oracle.
#[derive(Clone, Copy, Debug)]
pub struct Objective<O, N, T, H = How> {
    /// The oracle, the noise and the temperature; squared and blackbox losses use the oracle alone.
    pub layer: Perturbed<O, N, T>,
    /// The loss.
    pub loss: Loss<T>,
    /// How its expectations are computed; the seed inside is ignored, each row of each step has its own.
    pub how: H,
}

/// Working memory for an [`Objective`], of all threads.
pub struct Workspace<O: Oracle<T>, N: Noise<T>, T: Real, H: Method<O, N, T>> {
    crew: Crew<O, N, T, H, Array<O, T>>,
}

impl<O: Oracle<T>, N: Noise<T>, T: Real, H: Method<O, N, T>> Default for Workspace<O, N, T, H> {
    fn default() -> Self {
        Self { crew: Crew::default() }
    }
}

impl<O: Oracle<T>, N: Noise<T>, T: Real, H: Method<O, N, T>> fmt::Debug for Workspace<O, N, T, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workspace").finish_non_exhaustive()
    }
}

impl<O: Oracle<T> + Sync, N: Noise<T>, T: Real, H: Method<O, N, T>> Objective<O, N, T, H> {
    /// Writes the gradients in θ of the losses of rows of d entries: row r of `thetas`, `targets` and `gradients` with the seed
    /// `seed.fold(r)`, on all threads where that is worth it. An error names its row: the lowest that has one.
    pub fn gradients(
        &self,
        thetas: &[T],
        targets: &[T],
        seed: Seed,
        gradients: &mut [T],
        workspace: &mut Workspace<O, N, T, H>,
    ) -> Result<(), RowError> {
        let target = self.layer.batch().rows_of("target", thetas, targets)?;
        check_output(gradients, thetas.len()).map_err(|source| RowError { row: 0, source })?;
        self.gradients_at(thetas, target, seed, gradients, workspace)
    }

    /// [`gradients`](Self::gradients) with targets wherever they are; `gradients` are as many as `thetas`.
    pub(super) fn gradients_at<'t>(
        &self,
        thetas: &[T],
        target: impl Fn(usize) -> &'t [T] + Sync,
        seed: Seed,
        gradients: &mut [T],
        workspace: &mut Workspace<O, N, T, H>,
    ) -> Result<(), RowError> {
        let dim = self.layer.oracle().shape().dim();
        match self.loss {
            Loss::Squared => {
                run(Differences { dim, out: gradients, a: thetas, b: &target });
                if T::all_finite(gradients) {
                    return Ok(());
                }
                let rows = thetas.chunks_exact(dim).zip(gradients.chunks_exact(dim)).enumerate();
                for (row, (theta, gradient)) in rows {
                    check("theta", theta, dim)
                        .and_then(|()| check("target", target(row), dim))
                        .and_then(|()| check_gradient(gradient))
                        .map_err(|source| RowError { row, source })?;
                }
                Ok(())
            }
            Loss::FenchelYoung => {
                let quantity = |row: usize| FenchelYoungGradient { target: target(row) };
                let how = self.how.reseed(|_| seed);
                let task =
                    Task { layer: &self.layer, first: Some(0), theta: thetas, quantity: &quantity, how };
                task.spread(&mut workspace.crew, Target::Numbers(RowsMut { numbers: gradients, width: dim }))
                    .map_err(|(row, source)| RowError { row, source })
            }
            Loss::PairwiseLogistic | Loss::PerturbedSquared | Loss::BlackBox { .. } | Loss::SpoPlus => {
                let one = |row: usize, gradient: &mut [T]| {
                    let theta = &thetas[row * dim..(row + 1) * dim];
                    self.gradient(theta, target(row), seed.fold(row as u64), gradient)
                };
                let (range, cargo) = (0..thetas.len() / dim, RowsMut { numbers: gradients, width: dim });
                Units { range, grain: 1, numbers: dim, pace: &mut workspace.crew.pace, cargo }
                    .share(&mut share::crowd(), |(), rows, gradients| {
                        let mut gradients = gradients.numbers.chunks_exact_mut(dim);
                        rows.zip(&mut gradients)
                            .try_for_each(|(row, gradient)| one(row, gradient).map_err(|error| (row, error)))
                    })
                    .map_err(|(row, source)| RowError { row, source })
            }
        }
    }

    /// Writes the gradient in θ of the loss between `theta` and `target`. `seed` names the row and step.
    pub fn gradient(&self, theta: &[T], target: &[T], seed: Seed, gradient: &mut [T]) -> Result<(), Error> {
        let found = match self.loss {
            Loss::Squared => {
                check("theta", theta, self.layer.oracle().shape().dim())?;
                check("target", target, theta.len())?;
                check_output(gradient, theta.len())?;
                difference(gradient, theta, target);
                return check_gradient(gradient);
            }
            Loss::PairwiseLogistic => {
                check_output(gradient, theta.len())?;
                return pairwise_checked(theta, target, self.layer.oracle().shape().dim(), gradient);
            }
            Loss::FenchelYoung => {
                self.layer.fenchel_young_gradient(theta, target, self.how.reseed(|_| seed))?
            }
            Loss::PerturbedSquared | Loss::BlackBox { .. } | Loss::SpoPlus => {
                self.squared(theta, target, seed)?
            }
        };
        check_output(gradient, found.as_ref().len())?;
        gradient.copy_from_slice(found.as_ref());
        Ok(())
    }

    /// The gradient of half the squared distance of a decision, expected or not, from `target`; or of SPO+.
    fn squared(&self, theta: &[T], target: &[T], seed: Seed) -> Result<Array<O, T>, Error> {
        self.layer.check_scores(theta)?;
        check("target", target, theta.len())?;
        let distance = |y: &[T], gradient: &mut [T]| {
            difference(gradient, y, target);
            half_square(y, target)
        };
        if let Loss::SpoPlus = self.loss {
            let oracle = self.layer.oracle();
            return Ok(SpoPlus::new(oracle, target)?.loss(oracle, theta)?.gradient);
        }
        let found = if let Loss::BlackBox { lambda } = self.loss {
            interpolated(self.layer.oracle(), theta, lambda, distance)?
        } else {
            // Independent samples for both factors, so that their product is unbiased.
            let (forward, backward) = (self.how.reseed(|_| seed.fold(0)), self.how.reseed(|_| seed.fold(1)));
            composed(&self.layer, theta, forward, backward, distance)?
        };
        Ok(found.gradient)
    }

    /// The value of the loss: exact where `how` is. For the learning curves; training needs gradients alone.
    pub fn value(&self, theta: &[T], target: &[T], seed: Seed) -> Result<T, Error> {
        match self.loss {
            Loss::Squared | Loss::PairwiseLogistic => {
                check("theta", theta, self.layer.oracle().shape().dim())?;
            }
            // Scores of −∞ forbid entries, where the oracle knows how.
            _ => self.layer.check_scores(theta).map(|_| ())?,
        }
        check("target", target, theta.len())?;
        let how = self.how.reseed(|_| seed);
        let value = match self.loss {
            Loss::FenchelYoung => self.layer.fenchel_young(theta, target, how)?.loss,
            Loss::PerturbedSquared => half_square(self.layer.maximizer(theta, how)?.as_ref(), target),
            Loss::Squared => half_square(theta, target),
            Loss::PairwiseLogistic => pairwise(theta, target, &mut vec![T::ZERO; theta.len()]),
            Loss::BlackBox { .. } => half_square(self.layer.decide(theta)?.1.as_ref(), target),
            Loss::SpoPlus => {
                let oracle = self.layer.oracle();
                SpoPlus::new(oracle, target)?.loss(oracle, theta)?.loss
            }
        };
        if value.is_finite() { Ok(value) } else { Err(Error::Overflow { quantity: "the loss" }) }
    }
}

impl<T: Real, H: Method<AnyOracle<T>, AnyNoise, T>> Objective<AnyOracle<T>, AnyNoise, T, H> {
    /// [`gradients_at`](Self::gradients_at) on this thread: by one call of a solver of many problems, where no solve depends on another.
    pub(super) fn gradients_at_once<'t>(
        &self,
        thetas: &[T],
        target: impl Fn(usize) -> &'t [T] + Sync,
        seed: Seed,
        gradients: &mut [T],
        workspace: &mut Workspace<AnyOracle<T>, AnyNoise, T, H>,
    ) -> Result<(), RowError> {
        let at = |layer: &Perturbed<_, _, _>, gradients: &mut [T], workspace: &mut Workspace<_, _, _, _>| {
            let objective = Self { layer: layer.clone(), ..*self };
            threads::alone(|| objective.gradients_at(thetas, &target, seed, gradients, workspace))
        };
        match (self.layer.oracle().as_batched(), self.loss) {
            (Some(solver), Loss::FenchelYoung | Loss::PerturbedSquared) => solver.at_once(
                &self.layer,
                |layer| at(layer, &mut vec![T::ZERO; thetas.len()], &mut Workspace::default()),
                |layer| at(layer, gradients, workspace),
            ),
            _ => at(&self.layer, gradients, workspace),
        }
    }
}

/// The gradient of [`Loss::PairwiseLogistic`] between vectors that are checked.
fn pairwise_checked<T: Real>(theta: &[T], target: &[T], dim: usize, gradient: &mut [T]) -> Result<(), Error> {
    check("theta", theta, dim)?;
    check("target", target, dim)?;
    pairwise(theta, target, gradient);
    Ok(())
}

/// Writes the gradient of [`Loss::PairwiseLogistic`], and returns its value.
fn pairwise<T: Real>(theta: &[T], target: &[T], gradient: &mut [T]) -> T {
    gradient.fill(T::ZERO);
    let mut value = T::ZERO;
    for i in 0..theta.len() {
        for j in 0..i {
            let (better, worse) = if target[i] > target[j] { (i, j) } else { (j, i) };
            if target[better] == target[worse] {
                continue;
            }
            // ln(1 + eᵗ) and its derivative without overflow.
            let t = theta[worse] - theta[better];
            let e = (-t.abs()).exp();
            value += t.larger(T::ZERO) + e.ln_1p();
            let slope = (if t > T::ZERO { T::ONE } else { e }) / (T::ONE + e);
            gradient[worse] += slope;
            gradient[better] -= slope;
        }
    }
    value
}

/// Of one row: d finite numbers.
fn check<T: Real>(parameter: &'static str, x: &[T], dim: usize) -> Result<(), Error> {
    if x.len() != dim {
        return Err(Error::Length { parameter, expected: dim, found: x.len() });
    }
    match x.iter().position(|x| !x.is_finite()) {
        Some(index) => Err(Error::NotFinite { parameter, index }),
        None => Ok(()),
    }
}

/// Room for a gradient.
fn check_output<T>(out: &[T], expected: usize) -> Result<(), Error> {
    let found = out.len();
    if found == expected { Ok(()) } else { Err(Error::Length { parameter: "the output", expected, found }) }
}

/// A gradient that stayed within the range of the number type.
fn check_gradient<T: Real>(gradient: &[T]) -> Result<(), Error> {
    if T::all_finite(gradient) { Ok(()) } else { Err(Error::Overflow { quantity: "the gradient" }) }
}

/// out = a − b in every row.
struct Differences<'a, T, F> {
    dim: usize,
    out: &'a mut [T],
    a: &'a [T],
    b: F,
}

impl<'t, T: Real, F: Fn(usize) -> &'t [T]> Kernel for Differences<'_, T, F> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let rows = self.out.chunks_exact_mut(self.dim).zip(self.a.chunks_exact(self.dim));
        for (row, (out, a)) in rows.enumerate() {
            difference(out, a, (self.b)(row));
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
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use perturb_core::{Const, Exact, MonteCarlo, Normal, Ranking};

    use super::*;
    use crate::OracleSpec;

    fn objective(loss: Loss<f64>) -> Objective<Ranking<f64, Const<4>>, Normal, f64, Exact> {
        let layer = Perturbed::new(Ranking::ascending(Const::<4>).unwrap(), Normal, 0.7).unwrap();
        Objective { layer, loss, how: Exact }
    }

    /// Gradients equal central differences of the values: relative error of order h² = 1e-10.
    #[test]
    fn gradients_match_finite_differences() {
        let (theta, target, h) = ([0.3, -0.5, 0.9, 0.2], [2.0, 1.0, 3.0, 4.0], 1e-5);
        for loss in [Loss::FenchelYoung, Loss::PerturbedSquared, Loss::Squared, Loss::PairwiseLogistic] {
            let objective = objective(loss);
            let mut gradient = [0.0; 4];
            objective.gradient(&theta, &target, Seed(0), &mut gradient).unwrap();
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
        for _ in 0..200 {
            objective.gradient(&theta, &target, Seed(0), &mut gradient).unwrap();
            for (theta, g) in theta.iter_mut().zip(gradient) {
                *theta -= 0.05 * g;
            }
        }
        assert_eq!(objective.value(&theta, &target, Seed(0)).unwrap(), 0.0);
    }

    #[test]
    fn values_of_what_is_not_finite_are_refused() {
        let (theta, target) = ([0.3, -0.5, 0.9, 0.2], [2.0, 1.0, 3.0, 4.0]);
        for loss in [
            Loss::FenchelYoung,
            Loss::PerturbedSquared,
            Loss::Squared,
            Loss::PairwiseLogistic,
            Loss::BlackBox { lambda: 1.0 },
        ] {
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
        let Objective { layer, loss, .. } = objective(Loss::FenchelYoung);
        let objective = Objective { layer, loss, how };
        let (theta, target) = ([0.3, -0.5, 0.9, 0.2], [2.0, 1.0, 3.0, 4.0]);
        let mut gradient = [0.0; 4];
        objective.gradient(&theta, &target, Seed(5), &mut gradient).unwrap();
        let want =
            objective.layer.fenchel_young_gradient(&theta, &target, MonteCarlo::new(1, Seed(5))).unwrap();
        assert_eq!(gradient, want);
    }

    /// The bits of one problem after the other, by one call a batch where no solve depends on another.
    #[test]
    fn solvers_of_many_problems_are_called_once() {
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let largest = move |scores: &[f64], decisions: &mut [f64]| {
            counted.fetch_add(1, Ordering::Relaxed);
            for (scores, decision) in scores.chunks_exact(3).zip(decisions.chunks_exact_mut(3)) {
                let best = (1..3).fold(0, |best, at| if scores[at] > scores[best] { at } else { best });
                (0..3).for_each(|at| decision[at] = f64::from(u8::from(at == best)));
            }
            Ok(())
        };
        let thetas: Vec<f64> = (0..15).map(|at| f64::from(at * 7 % 11) / 4.0).collect();
        let target = |row: usize| &[[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]][row % 2][..];
        let how = How::MonteCarlo(MonteCarlo::new(3, Seed(0)));
        let gradients = |oracle: AnyOracle<f64>, loss| {
            let objective =
                Objective { layer: Perturbed::new(oracle, AnyNoise::Normal, 0.7).unwrap(), loss, how };
            let mut found = vec![0.0; thetas.len()];
            objective
                .gradients_at_once(&thetas, target, Seed(5), &mut found, &mut Workspace::default())
                .unwrap();
            found
        };
        let batched = AnyOracle::batched(3, largest).unwrap();
        for (loss, most) in [
            (Loss::FenchelYoung, 1),
            (Loss::PerturbedSquared, 1),
            (Loss::BlackBox { lambda: 0.5 }, 10),
            (Loss::Squared, 0),
        ] {
            calls.store(0, Ordering::Relaxed);
            let simplex = AnyOracle::new(&OracleSpec::Simplex { dim: 3 }).unwrap();
            assert_eq!(gradients(batched.clone(), loss), gradients(simplex, loss), "{}", loss.name());
            assert_eq!(calls.load(Ordering::Relaxed), most, "{}", loss.name());
        }
    }
}

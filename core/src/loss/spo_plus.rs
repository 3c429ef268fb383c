//! SPO+ (Elmachtoub and Grigas 2022, *Smart "predict, then optimize"*, Management Science 68).

use super::{LossAndGradient, solve};
use crate::oracle::Array;
use crate::vector;
use crate::{Error, Oracle, Real, Shape, error};

/// The SPO+ loss for known true scores t: a convex bound of the regret of deciding by predicted scores θ.
///
/// In our sign convention ℓ(θ) = F(2θ − t) − 2⟨θ, y*(t)⟩ + F(t), with the subgradient 2(y*(2θ − t) − y*(t)); their
/// costs are −t and −θ. ℓ(θ) ≥ ⟨t, y*(t) − y*(θ)⟩ ≥ 0, and ℓ(t) = 0. Neither noise nor temperature. With an
/// [offset](Oracle::offset) h, regret and loss are those of the objective ⟨y, θ⟩ + h(y), and ℓ has −2h(y*(t)) more.
///
/// Where the oracle needs costs −θ ≥ 0, those of t and of 2θ − t must be such, else [`Error::OutsideDomain`]: predicted costs of
/// less than half the true ones are out of reach for a search of shortest paths, and for [`DagPath`](crate::DagPath) are not.
///
/// y*(t) is found once, so that a loss or a regret costs one solve.
///
/// ```
/// use perturb_core::loss::SpoPlus;
/// use perturb_core::{Const, Simplex};
/// let oracle = Simplex::new(Const::<3>)?;
/// let truth = SpoPlus::new(&oracle, &[1.0, 3.0, 0.0])?;
/// let theta = [2.0, 1.0, 0.0]; // the best is taken for the second best
/// assert_eq!(truth.regret(&oracle, &theta)?, 2.0);
/// let found = truth.loss(&oracle, &theta)?;
/// assert_eq!((found.loss, found.gradient), (4.0, [2.0, -2.0, 0.0]));
/// # Ok::<(), perturb_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct SpoPlus<T: Real, S: Shape> {
    truth: S::Array<T>,
    best: S::Array<T>,
    /// F(t).
    value: T,
}

impl<T: Real, S: Shape> SpoPlus<T, S> {
    /// For the true scores `truth` = t of one instance.
    pub fn new<O: Oracle<T, Shape = S>>(oracle: &O, truth: &[T]) -> Result<Self, Error> {
        let shape = oracle.shape();
        error::check_vector("truth", truth, shape.dim())?;
        let (mut own, mut best) = (shape.array(T::ZERO), shape.array(T::ZERO));
        own.as_mut().copy_from_slice(truth);
        let value = solve(oracle, "truth", truth, best.as_mut(), &mut oracle.work())?;
        error::check_number("the value", value)?;
        Ok(Self { truth: own, best, value })
    }

    /// y*(t): the decision with hindsight.
    pub fn best(&self) -> &[T] {
        self.best.as_ref()
    }
    /// F(t) = ⟨t, y*(t)⟩: what it is worth.
    pub fn value(&self) -> T {
        self.value
    }

    /// ℓ(θ) and a subgradient.
    pub fn loss<O: Oracle<T, Shape = S>>(
        &self,
        oracle: &O,
        theta: &[T],
    ) -> Result<LossAndGradient<T, Array<O, T>>, Error> {
        let shape = oracle.shape();
        error::check_vector("theta", theta, shape.dim())?;
        let mut reflected = shape.array(T::ZERO);
        for ((reflected, &theta), &truth) in reflected.as_mut().iter_mut().zip(theta).zip(self.truth.as_ref())
        {
            *reflected = T::TWO * theta - truth;
        }
        error::check_result("2 theta - truth", reflected.as_ref())?;
        let mut gradient = shape.array(T::ZERO);
        solve(oracle, "2 theta - truth", reflected.as_ref(), gradient.as_mut(), &mut oracle.work())?;
        // ⟨y − y*(t), 2θ − t⟩, where large parts cancel one by one; rounding alone could make it negative.
        let gains = gradient.as_ref().iter().zip(self.best()).zip(reflected.as_ref());
        let gain = vector::sum(gains.map(|((&y, &best), &score)| (y - best) * score));
        let offsets = oracle.offset(gradient.as_ref()) - oracle.offset(self.best());
        let loss = (gain + offsets).larger(T::ZERO);
        error::check_number("the loss", loss)?;
        for (gradient, &best) in gradient.as_mut().iter_mut().zip(self.best()) {
            *gradient = T::TWO * (*gradient - best);
        }
        error::check_result("the gradient", gradient.as_ref())?;
        Ok(LossAndGradient { loss, gradient })
    }

    /// ⟨t, y*(t) − y*(θ)⟩ + h(y*(t)) − h(y*(θ)): what deciding by `theta` costs. Where the oracle is approximate, as
    /// [`Tour`](crate::Tour) is, y*(t) need not be best, and a better decision has a negative regret.
    pub fn regret<O: Oracle<T, Shape = S>>(&self, oracle: &O, theta: &[T]) -> Result<T, Error> {
        let shape = oracle.shape();
        error::check_vector("theta", theta, shape.dim())?;
        let mut y = shape.array(T::ZERO);
        // Any decision has a regret.
        oracle
            .solve(theta, y.as_mut(), &mut oracle.work())
            .map_err(|because| Error::Solver { sample: None, because })?;
        let losses = self.best().iter().zip(y.as_ref()).zip(self.truth.as_ref());
        let offsets = oracle.offset(self.best()) - oracle.offset(y.as_ref());
        let regret = vector::sum(losses.map(|((&best, &y), &truth)| (best - y) * truth)) + offsets;
        error::check_number("the regret", regret)?;
        Ok(regret)
    }
}

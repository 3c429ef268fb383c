//! Scores that are perturbed by factors instead of terms.

use crate::loss::LossAndGradient;
use crate::method::{BLOCK, Control};
use crate::noise::Law;
use crate::oracle::{Array, Matrix, hull};
use crate::vector::{self, dot};
use crate::{Error, MonteCarlo, Normal, Oracle, Real, Seed, Shape, error};

/// An oracle whose scores are multiplied by log-normal noise: y*(θ ⊙ exp(εZ − ε²/2)) with Z standard normal, so that
/// the perturbed scores have mean θ and keep their signs (Dalle et al. 2022, *Learning with combinatorial optimization
/// layers: a probabilistic approach*). Oracles that need costs of one sign, such as shortest paths, always get them.
///
/// What it cannot do, where the additive [`Perturbed`](crate::Perturbed) can:
///
/// - F(θ) = E max⟨y, θ ⊙ exp(εZ − ε²/2)⟩ is convex but positively homogeneous, so that its conjugate is 0 on C: the
///   Fenchel–Young loss F(θ) − ⟨y, θ⟩ is minimal at θ = 0 whatever y is, and does not fix the scale of θ.
/// - E\[y*\] is no gradient: its Jacobian is not symmetric, and differs from the Hessian of F. The gradient of F
///   is E\[y* ⊙ exp(εZ − ε²/2)\].
/// - A score of 0 stays exactly 0, and one of −∞, which [forbids](crate::oracle::Properties::forbids) an entry, is as it is.
///   The noise says nothing of its derivative, and its column of the Jacobian is 0.
///
/// For argmax with positive scores the well-posed twin is the additive layer at log θ: it has the same maximizer.
///
/// The objective is linear: an oracle's offset enters its decisions, but neither values nor losses.
///
/// Estimates are means over the samples of a [`MonteCarlo`], whose draws and baseline apply; leaving one out acts as
/// the baseline. There are no closed forms.
///
/// ```
/// use perturb_core::{Const, MonteCarlo, Multiplicative, Seed, Simplex};
/// let layer = Multiplicative::new(Simplex::new(Const::<3>)?, 1.0)?;
/// let theta = [3.0, 1.0, 0.0];
/// let y = layer.maximizer(&theta, MonteCarlo::new(1000, Seed(1)))?;
/// assert!(y[0] > y[1] && y[2] == 0.0);
/// # Ok::<(), perturb_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Multiplicative<O, T> {
    oracle: O,
    epsilon: T,
}

/// One perturbed solve.
struct Sample<'a, T> {
    /// Z.
    z: &'a [T],
    /// exp(εZ − ε²/2).
    factors: &'a [T],
    y: &'a [T],
    /// y*(θ), or zeros.
    baseline: &'a [T],
}

impl<O: Oracle<T>, T: Real> Multiplicative<O, T> {
    /// A layer with temperature `epsilon` > 0: the deviation of the logarithm of a score. At most about 7 in f32 and 27
    /// in f64: beyond, factors exp(εZ − ε²/2) would round to 0 and all scores tie. At least sixteen times the spacing of numbers
    /// at 1, 2·10⁻⁶ and 4·10⁻¹⁵: below, factors would round to few values. [`Error::Overflow`] says so.
    pub fn new(oracle: O, epsilon: T) -> Result<Self, Error> {
        error::check_positive("epsilon", epsilon)?;
        let layer = Self { oracle, epsilon };
        let (least, _) = Normal.support();
        if epsilon < T::EPSILON * T::from_f64(16.0) {
            return Err(Error::Overflow { quantity: "1 / epsilon" });
        }
        if layer.factor(least) > T::ZERO { Ok(layer) } else { Err(Error::Overflow { quantity: "epsilon" }) }
    }

    /// The oracle y*.
    pub fn oracle(&self) -> &O {
        &self.oracle
    }
    /// The temperature ε.
    pub fn epsilon(&self) -> T {
        self.epsilon
    }

    /// Sample number `index` of y*(θ ⊙ exp(εZ − ε²/2)) with the noise of `seed`.
    pub fn sample(&self, theta: &[T], seed: Seed, index: u64) -> Result<Array<O, T>, Error> {
        let shape = self.oracle.shape();
        error::check_scores(&self.oracle, theta)?;
        let (mut perturbed, mut y) = (shape.array(T::ZERO), shape.array(T::ZERO));
        MonteCarlo::plain(1, seed).draw(&Normal, index, perturbed.as_mut());
        for (perturbed, &theta) in perturbed.as_mut().iter_mut().zip(theta) {
            *perturbed = theta * self.factor(*perturbed);
        }
        self.solve(perturbed.as_ref(), y.as_mut(), &mut self.oracle.work(), Some(index))?;
        Ok(y)
    }

    /// F(θ) = E max⟨y, θ ⊙ exp(εZ − ε²/2)⟩ and its gradient E\[y* ⊙ exp(εZ − ε²/2)\]; F(θ) is their inner product
    /// with θ, sample by sample.
    pub fn value_and_gradient(&self, theta: &[T], how: MonteCarlo) -> Result<(T, Array<O, T>), Error> {
        let gradient = self.mean(theta, how, self.oracle.shape().array(T::ZERO), |sample, sum| {
            for ((sum, &y), &factor) in sum.iter_mut().zip(sample.y).zip(sample.factors) {
                *sum += y * factor;
            }
        })?;
        let value = vector::value(gradient.as_ref(), theta);
        error::check_number("the value", value)?;
        Ok((value, gradient))
    }

    /// E\[y*(θ ⊙ exp(εZ − ε²/2))\].
    pub fn maximizer(&self, theta: &[T], how: MonteCarlo) -> Result<Array<O, T>, Error> {
        self.mean(theta, how, self.oracle.shape().array(T::ZERO), |sample, sum| {
            vector::add(sum, sample.y);
        })
    }

    /// The Jacobian of the maximizer, entry (i, j) = E\[y_i Z_j\]/(εθ_j), row-major; 0 where θ_j is 0 or
    /// −∞.
    pub fn jacobian(&self, theta: &[T], how: MonteCarlo) -> Result<Matrix<O, T>, Error> {
        let columns = self.oracle.shape().dim().max(1);
        let mut jacobian = self.mean(theta, how, self.oracle.shape().matrix(T::ZERO), |sample, sum| {
            for ((row, &y), &baseline) in sum.chunks_exact_mut(columns).zip(sample.y).zip(sample.baseline) {
                vector::add_scaled(row, y - baseline, sample.z);
            }
        })?;
        for row in jacobian.as_mut().chunks_exact_mut(columns) {
            self.unscale(row, theta);
        }
        error::check_result("the derivative", jacobian.as_ref())?;
        Ok(jacobian)
    }

    /// Jᵀu for the Jacobian J of the maximizer: the gradient in θ of a loss whose gradient in it is `cotangent` = u.
    pub fn vjp(&self, theta: &[T], cotangent: &[T], how: MonteCarlo) -> Result<Array<O, T>, Error> {
        error::check_vector("cotangent", cotangent, self.oracle.shape().dim())?;
        let mut product = self.mean(theta, how, self.oracle.shape().array(T::ZERO), |sample, sum| {
            let weight = dot(sample.y, cotangent) - dot(sample.baseline, cotangent);
            vector::add_scaled(sum, weight, sample.z);
        })?;
        self.unscale(product.as_mut(), theta);
        error::check_result("the derivative", product.as_ref())?;
        Ok(product)
    }

    /// The loss F(θ) − ⟨y, θ⟩ ≥ 0 of `target` = y and its gradient E\[(y* − y) ⊙ exp(εZ − ε²/2)\], under the same
    /// noise for both terms; Ω is 0 on C. Points outside C go unnoticed: their loss would be negative, and is cut to 0.
    pub fn fenchel_young(
        &self,
        theta: &[T],
        target: &[T],
        how: MonteCarlo,
    ) -> Result<LossAndGradient<T, Array<O, T>>, Error> {
        error::check_vector("target", target, self.oracle.shape().dim())?;
        if error::check_scores(&self.oracle, theta)? {
            hull::check_allowed(target, theta)?;
        }
        let gradient = self.mean(theta, how, self.oracle.shape().array(T::ZERO), |sample, sum| {
            let terms = sample.y.iter().zip(target).zip(sample.factors);
            for (sum, ((&y, &target), &factor)) in sum.iter_mut().zip(terms) {
                *sum += (y - target) * factor;
            }
        })?;
        let loss = vector::value(gradient.as_ref(), theta).larger(T::ZERO);
        error::check_number("the loss", loss)?;
        Ok(LossAndGradient { loss, gradient })
    }

    /// Solves, and names `sample` if the solver failed.
    fn solve(&self, theta: &[T], y: &mut [T], work: &mut O::Work, sample: Option<u64>) -> Result<T, Error> {
        self.oracle.solve(theta, y, work).map_err(|because| Error::Solver { sample, because })
    }

    /// exp(εz − ε²/2).
    fn factor(&self, z: T) -> T {
        (self.epsilon * z - T::HALF * self.epsilon * self.epsilon).exp()
    }

    /// x_j/(εθ_j), and 0 where θ_j is 0 or forbids.
    fn unscale(&self, x: &mut [T], theta: &[T]) {
        for (x, &theta) in x.iter_mut().zip(theta) {
            let decides = !theta.is_zero() && theta.is_finite();
            *x = if decides { *x / (self.epsilon * theta) } else { T::ZERO };
        }
    }

    /// The mean of what `add` adds, by blocks as for additive noise.
    fn mean<A: AsMut<[T]> + Clone>(
        &self,
        theta: &[T],
        how: MonteCarlo,
        mut sum: A,
        mut add: impl FnMut(&Sample<'_, T>, &mut [T]),
    ) -> Result<A, Error> {
        let shape = self.oracle.shape();
        error::check_scores(&self.oracle, theta)?;
        error::check_range("samples", how.samples as usize, 1, u32::MAX as usize)?;
        let array = || shape.array(T::ZERO);
        let (mut z, mut factors, mut perturbed) = (array(), array(), array());
        let (mut y, mut baseline) = (array(), array());
        let mut work = self.oracle.work();
        if how.variance.control != Control::None {
            self.solve(theta, baseline.as_mut(), &mut work, None)?;
        }
        let (mut part, mut lost) = (sum.clone(), sum.clone());
        for block in 0..how.blocks() {
            part.as_mut().fill(T::ZERO);
            let first = u64::from(block) * u64::from(BLOCK);
            for index in first..first + u64::from(how.in_block(block)) {
                how.draw(&Normal, index, z.as_mut());
                let noise = factors.as_mut().iter_mut().zip(z.as_ref());
                for ((perturbed, &theta), (factor, &z)) in perturbed.as_mut().iter_mut().zip(theta).zip(noise)
                {
                    *factor = self.factor(z);
                    *perturbed = theta * *factor;
                }
                self.solve(perturbed.as_ref(), y.as_mut(), &mut work, Some(index))?;
                let sample = Sample {
                    z: z.as_ref(),
                    factors: factors.as_ref(),
                    y: y.as_ref(),
                    baseline: baseline.as_ref(),
                };
                add(&sample, part.as_mut());
            }
            vector::merge(sum.as_mut(), part.as_mut(), lost.as_mut());
        }
        vector::add(sum.as_mut(), lost.as_mut());
        let count = T::from_f64(f64::from(how.samples));
        vector::divide(sum.as_mut(), count);
        error::check_result("the estimate", sum.as_mut())?;
        Ok(sum)
    }
}

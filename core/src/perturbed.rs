//! A discrete decision made differentiable.

use crate::engine::Centre;
use crate::loss::LossAndGradient;
use crate::oracle::{Array, Matrix};
use crate::quantity::{
    FenchelYoung, FenchelYoungGradient, Form, Jacobian, Jvp, Maximizer, Value, ValueAndMaximizer, Vjp,
};
use crate::{Error, Method, Noise, Oracle, Quantity, Real, Seed, Shape, error};

/// Decisions and their shares of the samples.
#[cfg(feature = "heapless")]
type Outcomes<O, T, const CAPACITY: usize> = heapless::Vec<(Array<O, T>, T), CAPACITY>;

/// An oracle whose scores are perturbed by noise of temperature ε: the layer y_ε(θ) = E\[y*(θ + εZ)\].
///
/// The methods take scores θ of d entries and say how to compute expectations: [`Exact`](crate::Exact) where a
/// closed form is known, [`MonteCarlo`](crate::MonteCarlo) everywhere. Every named one is [`compute`](Self::compute) for one
/// [`Quantity`]; they differ in nothing else. Nothing is allocated beyond what the shape's arrays are.
///
/// A temperature near the last digits of the scores would be lost in θ + εZ. Samples are drawn at θ less a constant where that
/// changes no decision ([`Decides`](crate::oracle::Decides)); where no constant helps, because ε is below sixteen times the
/// spacing of numbers at a score that may decide, the error is [`Error::Overflow`] of "theta / epsilon". A score that decides
/// nothing, such as the −10⁹ of a mask, is no matter.
///
/// Scores are finite, but for those of −∞, which forbid an entry where the oracle [knows how](crate::oracle::Properties::forbids).
/// All is then as without the entry, with derivatives of 0. Targets that have a forbidden entry are refused as
/// [`Error::OutsideHull`] by losses, whose values are infinite, and by their gradients, and an instance without a decision as
/// [`Error::Solver`]; to find that out, such a call costs one more solve.
///
/// ```
/// use perturb_core::{Const, Exact, MonteCarlo, Normal, Perturbed, Ranking, Seed};
/// let layer = Perturbed::new(Ranking::ascending(Const::<3>)?, Normal, 0.5)?;
/// let theta = [0.3f64, -0.2, 1.0];
/// let exact = layer.maximizer(&theta, Exact)?;
/// let sampled = layer.maximizer(&theta, MonteCarlo::new(10_000, Seed(1)))?;
/// assert!((exact[0] - sampled[0]).abs() < 0.05);
/// # Ok::<(), perturb_core::Error>(())
/// ```
#[doc(alias("Gumbel-max", "perturb-and-MAP"))]
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Perturbed<O, N, T> {
    pub(crate) oracle: O,
    pub(crate) noise: N,
    pub(crate) epsilon: T,
}

impl<O: Oracle<T>, N: Noise<T>, T: Real> Perturbed<O, N, T> {
    /// A layer with temperature `epsilon` > 0, in the units of θ.
    pub fn new(oracle: O, noise: N, epsilon: T) -> Result<Self, Error> {
        error::check_positive("epsilon", epsilon)?;
        Ok(Self { oracle, noise, epsilon })
    }

    /// The oracle y*.
    pub fn oracle(&self) -> &O {
        &self.oracle
    }
    /// The noise Z.
    pub fn noise(&self) -> &N {
        &self.noise
    }
    /// The temperature ε.
    pub fn epsilon(&self) -> T {
        self.epsilon
    }

    /// The unperturbed decision y*(θ) and its value F(θ) (eq. 1): what to act on after training.
    pub fn decide(&self, theta: &[T]) -> Result<(T, Array<O, T>), Error> {
        let shape = self.oracle.shape();
        error::check_scores(&self.oracle, theta)?;
        let mut y = shape.array(T::ZERO);
        let value = self.solve(theta, y.as_mut(), &mut self.oracle.work(), None)?;
        error::check_number("the value", value)?;
        Ok((value, y))
    }

    /// Sample number `index` of Y ~ p_θ: y*(θ + εZ) with the noise of `seed` (Section 2).
    pub fn sample(&self, theta: &[T], seed: Seed, index: u64) -> Result<Array<O, T>, Error> {
        let shape = self.oracle.shape();
        error::check_scores(&self.oracle, theta)?;
        let mut perturbed = shape.array(T::ZERO);
        let mut y = shape.array(T::ZERO);
        let (centre, work) = (self.centre(theta)?, &mut self.oracle.work());
        self.sample_into(theta, centre, seed, index, perturbed.as_mut(), y.as_mut(), work)?;
        Ok(y)
    }

    /// Refuses scores that cannot be decided on; whether they forbid an entry.
    #[doc(hidden)]
    pub fn check_scores(&self, theta: &[T]) -> Result<bool, Error> {
        error::check_scores(&self.oracle, theta)
    }

    /// [`sample`](Self::sample) without checks and into the caller's memory.
    #[doc(hidden)]
    #[expect(clippy::too_many_arguments, reason = "inputs, outputs and memory, each used once")]
    pub fn sample_into(
        &self,
        theta: &[T],
        centre: Centre<T>,
        seed: Seed,
        index: u64,
        perturbed: &mut [T],
        y: &mut [T],
        work: &mut O::Work,
    ) -> Result<(), Error> {
        self.noise.fill(&mut seed.stream(index), perturbed);
        if cfg!(target_os = "none") && centre.score.is_zero() {
            for (perturbed, &theta) in perturbed.iter_mut().zip(theta) {
                *perturbed = theta + self.epsilon * *perturbed;
            }
        } else {
            for (perturbed, &theta) in perturbed.iter_mut().zip(theta) {
                *perturbed = (theta - centre.score) + self.epsilon * *perturbed;
            }
        }
        self.solve(perturbed, y, work, Some(index))?;
        Ok(())
    }

    /// Distinct outcomes Y ~ p_θ among `samples` draws with their shares, most frequent first: how sure the
    /// decision is. At most `CAPACITY` of them, else [`Error::Capacity`]. O(samples · CAPACITY · d).
    ///
    /// ```
    /// use perturb_core::{Const, Gumbel, Perturbed, Seed, Simplex};
    /// let layer = Perturbed::new(Simplex::new(Const::<3>)?, Gumbel, 1.0)?;
    /// let outcomes = layer.distribution::<3>(&[2.0, 0.0, -9.0], 1000, Seed(3))?;
    /// let (decision, share) = outcomes[0];
    /// assert_eq!(decision, [1.0, 0.0, 0.0]);
    /// assert!((share - 0.88f64).abs() < 0.05);
    /// # Ok::<(), perturb_core::Error>(())
    /// ```
    #[cfg(feature = "heapless")]
    #[cfg_attr(docsrs, doc(cfg(feature = "heapless")))]
    pub fn distribution<const CAPACITY: usize>(
        &self,
        theta: &[T],
        samples: u32,
        seed: Seed,
    ) -> Result<Outcomes<O, T, CAPACITY>, Error> {
        error::check_range("samples", samples as usize, 1, u32::MAX as usize)?;
        let shape = self.oracle.shape();
        error::check_scores(&self.oracle, theta)?;
        let mut perturbed = shape.array(T::ZERO);
        let mut y = shape.array(T::ZERO);
        let (mut work, centre) = (self.oracle.work(), self.centre(theta)?);
        // Counted as integers: f32 could not count beyond 2²⁴.
        let mut counts = heapless::Vec::<(Array<O, T>, u32), CAPACITY>::new();
        for index in 0..u64::from(samples) {
            self.sample_into(theta, centre, seed, index, perturbed.as_mut(), y.as_mut(), &mut work)?;
            if let Some((_, count)) = counts.iter_mut().find(|(known, _)| known.as_ref() == y.as_ref()) {
                *count += 1;
            } else if counts.push((y.clone(), 1)).is_err() {
                return Err(Error::Capacity { quantity: "distinct outcomes", capacity: CAPACITY });
            }
        }
        counts.sort_unstable_by_key(|&(_, count)| core::cmp::Reverse(count));
        let share = |count: u32| T::from_f64(f64::from(count) / f64::from(samples));
        Ok(counts.into_iter().map(|(y, count)| (y, share(count))).collect())
    }

    /// The answer to any [`Quantity`], or to a tuple of them in one pass: what is asked, at which scores, and how.
    ///
    /// ```
    /// use perturb_core::quantity::{Jacobian, Maximizer, Value};
    /// use perturb_core::{Const, Gumbel, MonteCarlo, Perturbed, Seed, Simplex};
    /// let layer = Perturbed::new(Simplex::new(Const::<3>)?, Gumbel, 1.0)?;
    /// let how = MonteCarlo::new(1000, Seed(7));
    /// let (value, y, jacobian) = layer.compute(&[0.1, 0.9, 0.2], &(Value, Maximizer, Jacobian), how)?;
    /// assert!(value > 0.9 && y[1] > 0.4 && jacobian.0[1][1] > 0.0);
    /// # Ok::<(), perturb_core::Error>(())
    /// ```
    pub fn compute<Q>(&self, theta: &[T], quantity: &Q, how: impl Method<O, N, T>) -> Result<Q::Output, Error>
    where
        Q: Quantity<T, N, O::Shape>,
    {
        let mut out = Q::Form::zero(self.oracle.shape());
        quantity.ask(self, theta, how, &mut how.work(self), &mut out)?;
        Ok(out)
    }

    /// [`compute`](Self::compute) into the caller's memory: `work` is the method's own for this layer, `out` an output of
    /// `quantity`, whatever they hold. On an error `out` means nothing.
    pub fn compute_into<Q, H>(
        &self,
        theta: &[T],
        quantity: &Q,
        how: H,
        work: &mut H::Work<Q::Output>,
        out: &mut Q::Output,
    ) -> Result<(), Error>
    where
        Q: Quantity<T, N, O::Shape>,
        H: Method<O, N, T>,
    {
        if !Q::Form::fits(out, self.oracle.shape().dim()) {
            return Err(Error::Length {
                parameter: "the output",
                expected: Q::Form::lengths(self.oracle.shape().dim()).sum(),
                found: Q::Form::parts(out).map(|part| part.len()).sum(),
            });
        }
        quantity.ask(self, theta, how, work, out)
    }

    /// The perturbed maximum F_ε(θ) (Definition 2.1).
    pub fn value(&self, theta: &[T], how: impl Method<O, N, T>) -> Result<T, Error> {
        self.compute(theta, &Value, how)
    }
    /// The perturbed maximizer y_ε(θ) = ∇F_ε(θ) (Definition 2.1).
    pub fn maximizer(&self, theta: &[T], how: impl Method<O, N, T>) -> Result<Array<O, T>, Error> {
        self.compute(theta, &Maximizer, how)
    }
    /// F_ε(θ) and y_ε(θ) in one pass.
    pub fn value_and_maximizer(
        &self,
        theta: &[T],
        how: impl Method<O, N, T>,
    ) -> Result<(T, Array<O, T>), Error> {
        self.compute(theta, &ValueAndMaximizer, how)
    }
    /// The Jacobian J = ∂y_ε/∂θ = ∇²F_ε(θ) (Proposition 3.1), row-major. Exact ones are symmetric and positive
    /// semidefinite; sampled ones only in expectation.
    pub fn jacobian(&self, theta: &[T], how: impl Method<O, N, T>) -> Result<Matrix<O, T>, Error> {
        self.compute(theta, &Jacobian, how)
    }
    /// Jᵀu: the gradient in θ of a loss whose gradient in y_ε is `cotangent` = u (eq. 4).
    pub fn vjp(&self, theta: &[T], cotangent: &[T], how: impl Method<O, N, T>) -> Result<Array<O, T>, Error> {
        self.compute(theta, &Vjp { cotangent }, how)
    }
    /// Ju: the change of y_ε along `tangent` = u.
    pub fn jvp(&self, theta: &[T], tangent: &[T], how: impl Method<O, N, T>) -> Result<Array<O, T>, Error> {
        self.compute(theta, &Jvp { tangent }, how)
    }
    /// The Fenchel–Young loss L_ε(θ; y) = F_ε(θ) + εΩ(y) − ⟨θ, y⟩ and its gradient y_ε(θ) − y
    /// (Definition 4.1). `target` = y is any point of C; [`Error::OutsideHull`] for others, as far as the oracle
    /// [knows](Oracle::locate) or the search of the dual finds out.
    ///
    /// One tolerance holds for all: y may lie outside by the rounding of means of vertices and of numbers with seven digits, some
    /// 10⁻⁶ of the size of y or of a sum of its entries, [more](Oracle::locate) in f32 and for long sums. Its loss is then that of a
    /// point of C as near by, to some 10⁻⁴·dε.
    ///
    /// For an oracle with an offset h, F is max ⟨y, θ⟩ + h(y), Ω its conjugate all the same; the loss is found by the dual,
    /// and points outside the hull go unnoticed.
    ///
    /// For y inside C it is a Bregman divergence: L_ε(θ; y) = ε·D_Ω(y ‖ y_ε(θ)) with D_Ω(y ‖ y′) = Ω(y) − Ω(y′) −
    /// ⟨∇Ω(y′), y − y′⟩, since ε∇Ω(y_ε(θ)) = θ and F_ε(θ) = ⟨y_ε, θ⟩ − εΩ(y_ε). On the simplex with Gumbel noise D_Ω is the
    /// Kullback–Leibler divergence.
    ///
    /// The loss is nonnegative, convex in θ, and 0 exactly where y_ε(θ) = y. Ω = (F_1)* is found
    /// - at a vertex y: as −⟨y, E Z⟩, for every oracle and noise: F_1(θ) − ⟨y, θ⟩ decreases to ⟨y, E Z⟩ along
    ///   the directions that y maximises;
    /// - on the simplex with Gumbel noise: as Σ y_i ln y_i − γ;
    /// - elsewhere: by maximising the dual ⟨y, θ′⟩ − F_ε(θ′) over θ′. Exact, by Newton steps with products Ju in a trust region,
    ///   to 10⁻¹² max(L, ε) in f64 and 10⁻⁵ max(L, ε) in f32, also on faces, where the maximum lies at infinity: some ten to
    ///   hundreds of products. Sampled, with the same noise as F_ε(θ), by a proximal bundle, as F_ε is piecewise linear: to
    ///   10⁻⁶ε, or by what the number type resolves, proved by a mean of slopes; tens to hundreds of evaluations of F_ε, and
    ///   memory of 48d numbers. The loss is never negative, 0 at the estimate of y_ε(θ) under that noise, and biased upwards by
    ///   a term in 1/M. A search that does not come so far is [`Error::NotConverged`].
    pub fn fenchel_young(
        &self,
        theta: &[T],
        target: &[T],
        how: impl Method<O, N, T>,
    ) -> Result<LossAndGradient<T, Array<O, T>>, Error> {
        let (loss, gradient) = self.compute(theta, &FenchelYoung { target }, how)?;
        Ok(LossAndGradient { loss, gradient })
    }
    /// The gradient y_ε(θ) − y alone: all that training needs. With one sample it is one draw, one solve and
    /// one subtraction, without a division (eq. 6, M = 1), and one look at the target.
    ///
    /// [`Error::OutsideHull`] for a target that lies outside C, by the tolerance of the [loss](Self::fenchel_young), as far as one
    /// pass over it [tells](Oracle::locate).
    pub fn fenchel_young_gradient(
        &self,
        theta: &[T],
        target: &[T],
        how: impl Method<O, N, T>,
    ) -> Result<Array<O, T>, Error> {
        self.compute(theta, &FenchelYoungGradient { target }, how)
    }
}

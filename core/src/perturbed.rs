//! A discrete decision made differentiable.

use crate::evaluate::{Array, Evaluate, Matrix};
use crate::oracle::solve_checked;
use crate::{Error, FenchelYoung, Noise, Oracle, Real, Seed, Shape, error, fenchel_young};

/// Distinct decisions and their shares among the samples.
pub type Outcomes<O, T, const CAPACITY: usize> = heapless::Vec<(Array<O, T>, T), CAPACITY>;

/// An oracle whose scores are perturbed by noise of temperature ε: the layer y_ε(θ) = E\[y*(θ + εZ)\].
///
/// The methods take scores θ of d entries and a way to compute expectations: [`Exact`](crate::Exact) where a
/// closed form is known, [`MonteCarlo`](crate::MonteCarlo) everywhere. Nothing is allocated beyond what the
/// shape's arrays are.
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
        error::check_vector("theta", theta, shape.dim())?;
        let mut y = shape.array(T::ZERO);
        let value = solve_checked(&self.oracle, theta, y.as_mut(), &mut self.oracle.work(), None)?;
        error::check_number("the value", value)?;
        Ok((value, y))
    }

    /// Sample number `index` of Y ~ p_θ: y*(θ + εZ) with the noise of `seed` (Section 2).
    pub fn sample(&self, theta: &[T], seed: Seed, index: u64) -> Result<Array<O, T>, Error> {
        let shape = self.oracle.shape();
        error::check_vector("theta", theta, shape.dim())?;
        let mut perturbed = shape.array(T::ZERO);
        let mut y = shape.array(T::ZERO);
        self.sample_into(theta, seed, index, perturbed.as_mut(), y.as_mut(), &mut self.oracle.work())?;
        Ok(y)
    }

    /// y*(θ + εZ) − y of sample 0 of `seed`: the gradient of the Fenchel–Young loss that single-sample training
    /// descends along (eq. 6, M = 1). `target` = y. One draw, one solve and one subtraction; the bits of
    /// [`fenchel_young_gradient`](Self::fenchel_young_gradient) with one sample, and a firmware links nothing else. The
    /// difference is not checked: where a target or a vertex is near the largest number, it can be infinite.
    pub fn fenchel_young_sample(&self, theta: &[T], target: &[T], seed: Seed) -> Result<Array<O, T>, Error> {
        let shape = self.oracle.shape();
        error::check_vector("target", target, shape.dim())?;
        error::check_vector("theta", theta, shape.dim())?;
        // Not by `sample`, which would leave another array on the stack.
        let mut gradient = shape.array(T::ZERO);
        self.sample_into(
            theta,
            seed,
            0,
            shape.array(T::ZERO).as_mut(),
            gradient.as_mut(),
            &mut self.oracle.work(),
        )?;
        fenchel_young::subtract(gradient.as_mut(), target);
        Ok(gradient)
    }

    /// [`sample`](Self::sample) without checks and into the caller's memory: the kernel of single-sample
    /// training. All slices have d entries and `theta` is finite; only a solver that can fail makes it fail.
    pub fn sample_into(
        &self,
        theta: &[T],
        seed: Seed,
        index: u64,
        perturbed: &mut [T],
        y: &mut [T],
        work: &mut O::Work,
    ) -> Result<(), Error> {
        self.noise.fill(&mut seed.stream(index), perturbed);
        for (perturbed, &theta) in perturbed.iter_mut().zip(theta) {
            *perturbed = theta + self.epsilon * *perturbed;
        }
        solve_checked(&self.oracle, perturbed, y, work, Some(index))?;
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
    pub fn distribution<const CAPACITY: usize>(
        &self,
        theta: &[T],
        samples: u32,
        seed: Seed,
    ) -> Result<Outcomes<O, T, CAPACITY>, Error> {
        error::check_range("samples", samples as usize, 1, u32::MAX as usize)?;
        let shape = self.oracle.shape();
        error::check_vector("theta", theta, shape.dim())?;
        let mut perturbed = shape.array(T::ZERO);
        let mut y = shape.array(T::ZERO);
        let mut work = self.oracle.work();
        // Counted as integers: f32 could not count beyond 2²⁴.
        let mut counts = heapless::Vec::<(Array<O, T>, u32), CAPACITY>::new();
        for index in 0..u64::from(samples) {
            self.sample_into(theta, seed, index, perturbed.as_mut(), y.as_mut(), &mut work)?;
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

    /// The perturbed maximum F_ε(θ) (Definition 2.1).
    pub fn value(&self, theta: &[T], how: impl Evaluate<O, N, T>) -> Result<T, Error> {
        Ok(how.value_and_maximizer(self, theta)?.0)
    }
    /// The perturbed maximizer y_ε(θ) = ∇F_ε(θ) (Definition 2.1).
    pub fn maximizer(&self, theta: &[T], how: impl Evaluate<O, N, T>) -> Result<Array<O, T>, Error> {
        how.maximizer(self, theta)
    }
    /// F_ε(θ) and y_ε(θ) in one pass.
    pub fn value_and_maximizer(
        &self,
        theta: &[T],
        how: impl Evaluate<O, N, T>,
    ) -> Result<(T, Array<O, T>), Error> {
        how.value_and_maximizer(self, theta)
    }
    /// The Jacobian J = ∂y_ε/∂θ = ∇²F_ε(θ) (Proposition 3.1), row-major. Exact ones are symmetric and positive
    /// semidefinite; sampled ones only in expectation.
    pub fn jacobian(&self, theta: &[T], how: impl Evaluate<O, N, T>) -> Result<Matrix<O, T>, Error> {
        how.jacobian(self, theta)
    }
    /// Jᵀu: the gradient in θ of a loss whose gradient in y_ε is `cotangent` = u (eq. 4).
    pub fn vjp(
        &self,
        theta: &[T],
        cotangent: &[T],
        how: impl Evaluate<O, N, T>,
    ) -> Result<Array<O, T>, Error> {
        how.vjp(self, theta, cotangent)
    }
    /// Ju: the change of y_ε along `tangent` = u.
    pub fn jvp(&self, theta: &[T], tangent: &[T], how: impl Evaluate<O, N, T>) -> Result<Array<O, T>, Error> {
        how.jvp(self, theta, tangent)
    }
    /// The Fenchel–Young loss L_ε(θ; y) = F_ε(θ) + εΩ(y) − ⟨θ, y⟩ and its gradient y_ε(θ) − y
    /// (Definition 4.1). `target` = y is any point of C; see [`FenchelYoung`].
    pub fn fenchel_young(
        &self,
        theta: &[T],
        target: &[T],
        how: impl Evaluate<O, N, T>,
    ) -> Result<FenchelYoung<T, Array<O, T>>, Error> {
        how.fenchel_young(self, theta, target)
    }
    /// The gradient y_ε(θ) − y alone: all that training needs. With one sample it is one draw, one solve and
    /// one subtraction, without a division (eq. 6, M = 1).
    pub fn fenchel_young_gradient(
        &self,
        theta: &[T],
        target: &[T],
        how: impl Evaluate<O, N, T>,
    ) -> Result<Array<O, T>, Error> {
        how.fenchel_young_gradient(self, theta, target)
    }
}

//! Closed forms and quadratures: expectations without variance.
//!
//! | oracle | noise | method | value, maximizer, vjp | jacobian |
//! |---|---|---|---|---|
//! | [`Simplex`](crate::Simplex) | Gumbel | log-sum-exp, softmax | O(d) | O(d²) |
//! | [`Simplex`](crate::Simplex) | Normal, Logistic | one quadrature of Q nodes | O(dQ) | O(d²Q) |
//! | [`Simplex`](crate::Simplex) | Laplace | the same, split at every score | O(d²Q) | O(d³Q) |
//! | [`Hypercube`](crate::Hypercube) | all | distribution function | O(d) | O(d²), diagonal |
//! | [`Ranking`](crate::Ranking) with equally spaced v | all | sum over pairs | O(d²) | O(d²) |
//! | [`TopK`](crate::TopK) | all | quadrature, Poisson-binomial recursion | O(dkQ), vjp O(d²kQ) | O(d²kQ) |
//!
//! Q is about 430 for Normal, 540 for Gumbel and 1000 for Logistic noise in f64, a quarter to a third of it in f32,
//! however far apart scores lie; for top-k it grows like √d where k is near d/2.
//!
//! In accuracy an exact expectation beats any number of samples: a derivative from a hundred samples may be wrong by more
//! than its size. In cost alone it equals the mean over this many samples, from the bench `crossover` (f32, 16 samples side by
//! side in AVX-512), at d = 10, 100 and 1000:
//!
//! | oracle | noise | F | y | Jᵀu |
//! |---|---|---|---|---|
//! | simplex | Gumbel | 5, 2, 1 | 7, 3, 1 | 2, 1, 1 |
//! | simplex | Normal | 530, 310, 95 | 940, 660, 200 | 520, 280, 130 |
//! | hypercube | Normal | 5, 3, 1 | 6, 3, 1 | 4, 1, 1 |
//! | ranking | Gumbel | 34, 220, 950 | 9, 12, 22 | 3, 2, 10 |
//! | ranking | Normal | 25, 48, 100 | 18, 23, 37 | 12, 12, 21 |
//! | top-5 | Normal | 170, 350, 110 | 250, 480, 120 | 2400, 22 000 |
//!
//! [`How::Cheapest`](crate::How::Cheapest) decides by such numbers, which [`ClosedForm::samples_of_equal_cost`] gives.

use crate::method::Cost;
use crate::vector;
use crate::{Error, Noise, Oracle, Perturbed, Real, Shape, error, fenchel_young};

mod any;
mod blocks;
mod counts;
mod hypercube;
mod quadrature;
mod ranking;
mod simplex;
mod top_k;

/// Expectations of an oracle under `N` that need no samples, at temperature 1.
///
/// Other temperatures follow from Proposition 2.2: F_ε(θ) = εF_1(θ/ε), y_ε(θ) = y_1(θ/ε), J_ε(θ) = J_1(θ/ε)/ε.
pub trait ClosedForm<T: Real, N: Noise<T>>: Oracle<T> {
    /// Working memory.
    type Memory: Send;
    /// Fresh working memory; its contents never matter.
    fn memory(&self) -> Self::Memory;
    /// Whether all vertices have the same sum: a constant added to every score then changes no decision, and losses
    /// are computed on scores of mean 0, which round least.
    fn shift_invariant(&self) -> bool {
        false
    }
    /// About how many samples take as long as what is asked, by [`MonteCarlo`](crate::MonteCarlo) on a host in f32; none where
    /// this oracle, as it was configured, has no closed form of it. A constant of oracle and noise, not a measurement:
    /// [`How::Cheapest`](crate::How::Cheapest) decides by it, and so alike on every machine.
    ///
    /// As provided, one: a closed form of few operations an entry, like the softmax; none of [`curvature`](Self::curvature).
    fn samples_of_equal_cost(&self, noise: &N, cost: Cost) -> Option<u32> {
        let _ = noise;
        (cost < Cost::Curvature).then_some(1)
    }
    /// Writes y_1(θ) into `y` and returns F_1(θ).
    fn expect(&self, noise: &N, theta: &[T], y: &mut [T], memory: &mut Self::Memory) -> Result<T, Error>;
    /// Writes y_1(θ) into `y`; cheaper than [`expect`](Self::expect) where the value costs extra.
    fn maximizer(&self, noise: &N, theta: &[T], y: &mut [T], memory: &mut Self::Memory) -> Result<(), Error> {
        self.expect(noise, theta, y, memory)?;
        Ok(())
    }
    /// Writes J_1(θ) into `matrix`, row-major.
    fn jacobian(
        &self,
        noise: &N,
        theta: &[T],
        matrix: &mut [T],
        memory: &mut Self::Memory,
    ) -> Result<(), Error>;
    /// Writes J_1(θ)u into `product`; J is symmetric.
    fn product(
        &self,
        noise: &N,
        theta: &[T],
        u: &[T],
        product: &mut [T],
        memory: &mut Self::Memory,
    ) -> Result<(), Error>;
    /// Writes ∂(J_1(θ)u)/∂θ into `matrix`, row-major: the Hessian of ⟨u, y_1(θ)⟩. As provided, there is none.
    fn curvature(
        &self,
        noise: &N,
        theta: &[T],
        u: &[T],
        matrix: &mut [T],
        memory: &mut Self::Memory,
    ) -> Result<(), Error> {
        let _ = (noise, theta, u, matrix, memory);
        Err(Error::NoClosedForm { because: "second derivatives of this maximizer have none" })
    }
    /// F_1(θ) − ⟨y, θ + E Z⟩ ≥ 0 at a vertex y, the loss at temperature 1, where it is known as a sum of nonnegative
    /// terms: the difference of its two parts would lose all digits when they are large.
    fn vertex_loss(&self, noise: &N, theta: &[T], y: &[T]) -> Option<T> {
        let _ = (noise, theta, y);
        None
    }
    /// Ω(y) = sup_θ ⟨y, θ⟩ − F_1(θ) where a closed form is known.
    fn omega(&self, noise: &N, y: &[T]) -> Option<T> {
        let _ = (noise, y);
        None
    }
}

/// The closed form of a layer at given scores: what a [`Quantity`](crate::Quantity) asks when it is answered exactly.
#[derive(Debug)]
pub struct Closed<'a, O: ClosedForm<T, N>, N: Noise<T>, T: Real> {
    layer: &'a Perturbed<O, N, T>,
    /// θ.
    theta: &'a [T],
    /// θ/ε.
    scaled: &'a mut [T],
    /// y of a value that is asked for alone.
    y: &'a mut [T],
    memory: &'a mut O::Memory,
}

impl<'a, O: ClosedForm<T, N>, N: Noise<T>, T: Real> Closed<'a, O, N, T> {
    /// At θ, which has d entries that [may be asked about](error::check_scores), as `scaled` and `y` have d.
    pub(crate) fn at(
        layer: &'a Perturbed<O, N, T>,
        theta: &'a [T],
        scaled: &'a mut [T],
        y: &'a mut [T],
        memory: &'a mut O::Memory,
    ) -> Result<Self, Error> {
        let mut form = Self { layer, theta, scaled, y, memory };
        form.scale(theta)?;
        Ok(form)
    }

    fn scale(&mut self, theta: &[T]) -> Result<(), Error> {
        for (scaled, &theta) in self.scaled.iter_mut().zip(theta) {
            *scaled = theta / self.layer.epsilon;
        }
        if error::stays_finite(self.scaled, theta) {
            Ok(())
        } else {
            Err(Error::Overflow { quantity: "theta / epsilon" })
        }
    }

    /// θ.
    pub fn theta(&self) -> &'a [T] {
        self.theta
    }
    /// F_ε(θ).
    pub fn value(&mut self) -> Result<T, Error> {
        let Self { layer, scaled, y, memory, .. } = self;
        Ok(layer.epsilon * layer.oracle.expect(&layer.noise, scaled, y, memory)?)
    }
    /// F_ε(θ), and writes y_ε(θ).
    pub fn value_and_maximizer(&mut self, y: &mut [T]) -> Result<T, Error> {
        let Self { layer, scaled, memory, .. } = self;
        Ok(layer.epsilon * layer.oracle.expect(&layer.noise, scaled, y, memory)?)
    }
    /// Writes y_ε(θ).
    pub fn maximizer(&mut self, y: &mut [T]) -> Result<(), Error> {
        self.layer.oracle.maximizer(&self.layer.noise, self.scaled, y, self.memory)
    }
    /// Writes J, row-major.
    pub fn jacobian(&mut self, matrix: &mut [T]) -> Result<(), Error> {
        self.layer.oracle.jacobian(&self.layer.noise, self.scaled, matrix, self.memory)?;
        vector::divide(matrix, self.layer.epsilon);
        Ok(())
    }
    /// Writes Ju = Jᵀu; J is symmetric.
    pub fn product(&mut self, u: &[T], product: &mut [T]) -> Result<(), Error> {
        self.layer.oracle.product(&self.layer.noise, self.scaled, u, product, self.memory)?;
        vector::divide(product, self.layer.epsilon);
        Ok(())
    }
    /// Writes ∂(Ju)/∂θ, row-major.
    pub fn curvature(&mut self, u: &[T], matrix: &mut [T]) -> Result<(), Error> {
        self.layer.oracle.curvature(&self.layer.noise, self.scaled, u, matrix, self.memory)?;
        vector::divide(matrix, self.layer.epsilon);
        vector::divide(matrix, self.layer.epsilon);
        Ok(())
    }
    /// ∂F_ε/∂ε = (F_ε(θ) − ⟨y_ε(θ), θ⟩)/ε.
    pub fn epsilon_derivative(&mut self) -> Result<T, Error> {
        Ok((self.value()? - vector::inner(self.y, self.theta)) / self.layer.epsilon)
    }
    /// ⟨y, E Z⟩.
    pub fn mean_of(&self, y: &[T]) -> T {
        self.layer.noise.mean() * vector::sum(y.iter().copied())
    }

    /// L_ε(θ; y) for the target y, as [`Perturbed::fenchel_young`] says. What is asked afterwards may be at scores that differ
    /// from θ by a constant.
    pub fn loss(&mut self, target: &[T]) -> Result<T, Error> {
        let (layer, oracle) = (self.layer, &self.layer.oracle);
        let mut work = oracle.work();
        let mut centred = oracle.shape().array(T::ZERO);
        let location = oracle.locate(target, Some(&mut work));
        if location == crate::oracle::Location::Outside {
            return Err(Error::OutsideHull { parameter: "target" });
        }
        let is_vertex = location.is_vertex();
        if is_vertex {
            self.center(vector::mean(self.theta), centred.as_mut())?;
            if let Some(loss) = oracle.vertex_loss(&layer.noise, self.scaled, target) {
                return Ok(layer.epsilon * loss);
            }
        }
        let omega = match oracle.omega(&layer.noise, target) {
            Some(omega) => omega,
            None if is_vertex => -self.mean_of(target),
            None => fenchel_young::omega_by_dual(layer, target)?,
        };
        // F_ε(θ) − ⟨θ, y⟩ by way of y*(θ): what the noise gains over that decision, which is small however large the scores are,
        // and what the decision gains over y, which is a sum of differences.
        let mut best = oracle.shape().array(T::ZERO);
        layer.solve(self.theta, best.as_mut(), &mut work, None)?;
        let best = best.as_ref();
        self.center(vector::inner(best, self.theta) / best.iter().copied().sum::<T>(), centred.as_mut())?;
        let by_noise = match oracle.vertex_loss(&layer.noise, self.scaled, best) {
            Some(loss) => layer.epsilon * (loss + self.mean_of(best)),
            None => self.value()? - vector::inner(best, centred.as_ref()),
        };
        let gains = best.iter().zip(target).zip(centred.as_ref());
        let by_decision = vector::sum(
            gains.map(|((best, y), &theta)| if best == y { T::ZERO } else { (*best - *y) * theta }),
        );
        Ok((by_noise + by_decision + layer.epsilon * omega).larger(T::ZERO))
    }

    /// Writes θ, less `middle` where that changes no decision and does not overflow, into `centred`, and goes on from there.
    fn center(&mut self, middle: T, centred: &mut [T]) -> Result<(), Error> {
        for (centred, &theta) in centred.iter_mut().zip(self.theta) {
            *centred = theta - middle;
        }
        if !(self.layer.oracle.shift_invariant() && error::stays_finite(centred, self.theta)) {
            vector::copy(centred, self.theta);
        }
        self.scale(centred)
    }
}

/// A number of samples that was measured at d = 10, 100 and 1000: that of the nearest.
fn measured(dim: usize, [ten, hundred, thousand]: [u32; 3]) -> u32 {
    match dim {
        ..32 => ten,
        32..320 => hundred,
        _ => thousand,
    }
}

/// Adds w·(e_i − e_j)(e_i − e_j)ᵀ to a d × d matrix: how one pair of competing entries enters J.
fn add_pair<T: Real>(matrix: &mut [T], dim: usize, (i, j): (usize, usize), w: T) {
    for (row, column, sign) in [(i, i, w), (j, j, w), (i, j, -w), (j, i, -w)] {
        if let Some(entry) = matrix.get_mut(row * dim + column) {
            *entry += sign;
        }
    }
}

/// Adds w·(e_i − e_j)⟨e_i − e_j, u⟩ to `product`.
fn add_pair_product<T: Real>(product: &mut [T], u: &[T], (i, j): (usize, usize), w: T) {
    if let (Some(&a), Some(&b)) = (u.get(i), u.get(j)) {
        let flow = w * (a - b);
        if let Some(entry) = product.get_mut(i) {
            *entry += flow;
        }
        if let Some(entry) = product.get_mut(j) {
            *entry -= flow;
        }
    }
}

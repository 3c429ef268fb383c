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
//! Q is about 430 for Normal, 540 for Gumbel and 1000 for Logistic noise in f64, a quarter to a third of it in f32, and
//! more where scores lie far apart; for top-k it grows like √d where k is near d/2.
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
//! | top-5 | Normal | 1100, 2000 | 1500, 3100 | 6300, 130 000 |
//!
//! [`Cheapest`] decides by such numbers, which [`ClosedForm::samples_of_equal_cost`] gives.

use crate::evaluate::{Array, Asked, Evaluate, Expectation, Matrix};
use crate::fenchel_young::{self, FenchelYoung};
use crate::oracle::dot;
use crate::{Error, Noise, Oracle, Perturbed, Real, Shape, error};

mod blocks;
mod cheapest;
mod hypercube;
mod quadrature;
mod ranking;
mod simplex;
mod top_k;

pub use cheapest::Cheapest;

/// Expectations by closed form or quadrature, for the pairs of oracle and noise that have one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Exact;

/// Expectations of an oracle under `N` that need no samples, at temperature 1.
///
/// Other temperatures follow from Proposition 2.2: F_ε(θ) = εF_1(θ/ε), y_ε(θ) = y_1(θ/ε), J_ε(θ) = J_1(θ/ε)/ε.
pub trait ClosedForm<T: Real, N: Noise<T>>: Oracle<T> {
    /// Whether all vertices have the same sum: a constant added to every score then changes no decision, and losses
    /// are computed on scores of mean 0, which round least.
    const SHIFT_INVARIANT: bool = false;

    /// Working memory.
    type Memory;
    /// Fresh working memory; its contents never matter.
    fn memory(&self) -> Self::Memory;
    /// About how many samples take as long as what is asked, by [`MonteCarlo`](crate::MonteCarlo) on a host in f32; none where
    /// this oracle, as it was configured, has no closed form. A constant of oracle and noise, not a measurement: [`Cheapest`]
    /// decides by it, and so alike on every machine.
    ///
    /// As provided, one: a closed form of few operations an entry, like the softmax.
    fn samples_of_equal_cost(&self, noise: &N, asked: Asked) -> Option<u32> {
        let _ = (noise, asked);
        Some(1)
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

/// Working memory of [`Exact`].
#[derive(Clone, Debug)]
pub struct ExactMemory<A, M> {
    /// θ/ε.
    scaled: A,
    /// y of a value that is asked for alone.
    y: A,
    /// The closed form's own.
    own: M,
}

/// Writes θ/ε, checked.
fn scale<O: Oracle<T>, N: Noise<T>, T: Real>(
    layer: &Perturbed<O, N, T>,
    theta: &[T],
    scaled: &mut [T],
) -> Result<(), Error> {
    error::check_vector("theta", theta, layer.oracle.shape().dim())?;
    // Memory of another layer.
    error::check_output(scaled, theta.len())?;
    for (scaled, &theta) in scaled.iter_mut().zip(theta) {
        *scaled = theta / layer.epsilon;
    }
    error::check_result("theta / epsilon", scaled)
}

/// θ/ε, checked.
fn scaled<O: Oracle<T>, N: Noise<T>, T: Real>(
    layer: &Perturbed<O, N, T>,
    theta: &[T],
) -> Result<Array<O, T>, Error> {
    let mut scaled = layer.oracle.shape().array(T::ZERO);
    scale(layer, theta, scaled.as_mut())?;
    Ok(scaled)
}

/// F_ε and y_ε of θ/ε.
fn expect<O: ClosedForm<T, N>, N: Noise<T>, T: Real>(
    layer: &Perturbed<O, N, T>,
    scaled: &[T],
    y: &mut [T],
    memory: &mut O::Memory,
) -> Result<T, Error> {
    let value = layer.epsilon * layer.oracle.expect(&layer.noise, scaled, y, memory)?;
    error::check_number("the expectation", value)?;
    error::check_result("the expectation", y)?;
    Ok(value)
}

/// y_ε of θ/ε.
fn maximize<O: ClosedForm<T, N>, N: Noise<T>, T: Real>(
    layer: &Perturbed<O, N, T>,
    scaled: &[T],
    y: &mut [T],
    memory: &mut O::Memory,
) -> Result<(), Error> {
    layer.oracle.maximizer(&layer.noise, scaled, y, memory)?;
    error::check_result("the expectation", y)
}

/// Ju at θ/ε.
fn multiply<O: ClosedForm<T, N>, N: Noise<T>, T: Real>(
    layer: &Perturbed<O, N, T>,
    scaled: &[T],
    u: &[T],
    product: &mut [T],
    memory: &mut O::Memory,
) -> Result<(), Error> {
    layer.oracle.product(&layer.noise, scaled, u, product, memory)?;
    divide(product, layer.epsilon)
}

impl<O: ClosedForm<T, N>, N: Noise<T>, T: Real> Evaluate<O, N, T> for Exact {
    type Memory = ExactMemory<Array<O, T>, O::Memory>;
    fn memory(&self, layer: &Perturbed<O, N, T>) -> Self::Memory {
        let array = || layer.oracle.shape().array(T::ZERO);
        ExactMemory { scaled: array(), y: array(), own: layer.oracle.memory() }
    }
    fn way(&self, _: &Perturbed<O, N, T>, _: Asked) -> Expectation {
        Expectation::Exact
    }
    fn samples_of_equal_cost(&self, layer: &Perturbed<O, N, T>, asked: Asked) -> u32 {
        layer.oracle.samples_of_equal_cost(&layer.noise, asked).unwrap_or(1)
    }

    fn value_and_maximizer(
        &self,
        layer: &Perturbed<O, N, T>,
        theta: &[T],
    ) -> Result<(T, Array<O, T>), Error> {
        let theta = scaled(layer, theta)?;
        let mut y = layer.oracle.shape().array(T::ZERO);
        let value = expect(layer, theta.as_ref(), y.as_mut(), &mut layer.oracle.memory())?;
        Ok((value, y))
    }
    fn maximizer(&self, layer: &Perturbed<O, N, T>, theta: &[T]) -> Result<Array<O, T>, Error> {
        let theta = scaled(layer, theta)?;
        let mut y = layer.oracle.shape().array(T::ZERO);
        maximize(layer, theta.as_ref(), y.as_mut(), &mut layer.oracle.memory())?;
        Ok(y)
    }
    fn jacobian(&self, layer: &Perturbed<O, N, T>, theta: &[T]) -> Result<Matrix<O, T>, Error> {
        let theta = scaled(layer, theta)?;
        let mut matrix = layer.oracle.shape().matrix(T::ZERO);
        layer.oracle.jacobian(&layer.noise, theta.as_ref(), matrix.as_mut(), &mut layer.oracle.memory())?;
        divide(matrix.as_mut(), layer.epsilon)?;
        Ok(matrix)
    }
    fn vjp(&self, layer: &Perturbed<O, N, T>, theta: &[T], cotangent: &[T]) -> Result<Array<O, T>, Error> {
        let theta = scaled(layer, theta)?;
        let shape = layer.oracle.shape();
        error::check_vector("cotangent", cotangent, shape.dim())?;
        let mut product = shape.array(T::ZERO);
        multiply(layer, theta.as_ref(), cotangent, product.as_mut(), &mut layer.oracle.memory())?;
        Ok(product)
    }
    fn jvp(&self, layer: &Perturbed<O, N, T>, theta: &[T], tangent: &[T]) -> Result<Array<O, T>, Error> {
        error::check_vector("tangent", tangent, layer.oracle.shape().dim())?;
        self.vjp(layer, theta, tangent)
    }
    fn fenchel_young(
        &self,
        layer: &Perturbed<O, N, T>,
        theta: &[T],
        target: &[T],
    ) -> Result<FenchelYoung<T, Array<O, T>>, Error> {
        let shape = layer.oracle.shape();
        error::check_vector("theta", theta, shape.dim())?;
        error::check_vector("target", target, shape.dim())?;
        let mut centred = shape.array(T::ZERO);
        let mean = if O::SHIFT_INVARIANT { mean(theta) } else { T::ZERO };
        for (centred, &theta) in centred.as_mut().iter_mut().zip(theta) {
            *centred = theta - mean;
        }
        let centred = centred.as_ref();
        let is_vertex = layer.oracle.is_vertex(target, &mut layer.oracle.work());
        if is_vertex {
            let scaled = scaled(layer, centred)?;
            if let Some(loss) = layer.oracle.vertex_loss(&layer.noise, scaled.as_ref(), target) {
                let loss = layer.epsilon * loss;
                error::check_number("the loss", loss)?;
                return Ok(FenchelYoung {
                    loss,
                    gradient: self.fenchel_young_gradient(layer, theta, target)?,
                });
            }
        }
        let omega = if let Some(omega) = layer.oracle.omega(&layer.noise, target) {
            omega
        } else if is_vertex {
            -layer.noise.mean() * target.iter().copied().sum::<T>()
        } else {
            return fenchel_young::by_dual(layer, theta, target, self);
        };
        let gradient = self.fenchel_young_gradient(layer, theta, target)?;
        let (value, _) = self.value_and_maximizer(layer, centred)?;
        let loss = (value + layer.epsilon * omega - dot(centred, target)).larger(T::ZERO);
        error::check_number("the loss", loss)?;
        Ok(FenchelYoung { loss, gradient })
    }
    fn fenchel_young_gradient(
        &self,
        layer: &Perturbed<O, N, T>,
        theta: &[T],
        target: &[T],
    ) -> Result<Array<O, T>, Error> {
        error::check_vector("target", target, layer.oracle.shape().dim())?;
        let mut gradient = self.maximizer(layer, theta)?;
        fenchel_young::subtract(gradient.as_mut(), target);
        error::check_result("the gradient", gradient.as_ref())?;
        Ok(gradient)
    }

    fn value_with(
        &self,
        layer: &Perturbed<O, N, T>,
        theta: &[T],
        memory: &mut Self::Memory,
    ) -> Result<T, Error> {
        scale(layer, theta, memory.scaled.as_mut())?;
        expect(layer, memory.scaled.as_ref(), memory.y.as_mut(), &mut memory.own)
    }
    fn maximizer_into(
        &self,
        layer: &Perturbed<O, N, T>,
        theta: &[T],
        y: &mut [T],
        memory: &mut Self::Memory,
    ) -> Result<(), Error> {
        error::check_output(y, layer.oracle.shape().dim())?;
        scale(layer, theta, memory.scaled.as_mut())?;
        maximize(layer, memory.scaled.as_ref(), y, &mut memory.own)
    }
    fn vjp_into(
        &self,
        layer: &Perturbed<O, N, T>,
        theta: &[T],
        cotangent: &[T],
        product: &mut [T],
        memory: &mut Self::Memory,
    ) -> Result<(), Error> {
        let dim = layer.oracle.shape().dim();
        error::check_output(product, dim)?;
        scale(layer, theta, memory.scaled.as_mut())?;
        error::check_vector("cotangent", cotangent, dim)?;
        multiply(layer, memory.scaled.as_ref(), cotangent, product, &mut memory.own)
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

/// The mean, without overflow on the way.
fn mean<T: Real>(x: &[T]) -> T {
    let count = T::from_usize(x.len().max(1));
    x.iter().map(|&x| x / count).sum()
}

fn divide<T: Real>(x: &mut [T], by: T) -> Result<(), Error> {
    for x in &mut *x {
        *x /= by;
    }
    error::check_result("the derivative", x)
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

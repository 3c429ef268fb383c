//! θ = Wx + b on statically sized matrices, and the single-sample training step.

use nalgebra::{SMatrix, SVector};

use crate::evaluate::Array;
use crate::model_file::{self, ModelBytes, ModelHeader};
use crate::{Error, Noise, Oracle, Perturbed, Real, Seed, Shape, error};

/// An affine model θ = Wx + b: `FEATURES` inputs, `SCORES` outputs.
///
/// A training step is a forward pass, one perturbed solve and one outer product; nothing is allocated and
/// no gradient is stored.
///
/// ```
/// use perturb_core::{Affine, Const, Normal, Perturbed, Ranking, Seed};
/// let layer = Perturbed::new(Ranking::ascending(Const::<3>)?, Normal, 0.1f32)?;
/// let mut model = Affine::<f32, 2, 3>::zeros();
/// for step in 0..200 {
///     // The features say which of two rankings the expert prefers.
///     let (x, ranks) = if step % 2 == 0 { ([1.0, 0.0], [1.0, 2.0, 3.0]) } else { ([0.0, 1.0], [3.0, 1.0, 2.0]) };
///     model.step(&layer, &x, &ranks, 0.05, Seed(1).fold(step))?;
/// }
/// assert_eq!(layer.decide(&model.scores(&[1.0, 0.0])?)?.1, [1.0, 2.0, 3.0]);
/// assert_eq!(layer.decide(&model.scores(&[0.0, 1.0])?)?.1, [3.0, 1.0, 2.0]);
/// # Ok::<(), perturb_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Affine<T: Real, const FEATURES: usize, const SCORES: usize> {
    /// W, one row per score.
    pub weights: SMatrix<T, SCORES, FEATURES>,
    /// b.
    pub bias: SVector<T, SCORES>,
}

impl<T: Real, const FEATURES: usize, const SCORES: usize> Affine<T, FEATURES, SCORES> {
    /// W = 0, b = 0.
    pub fn zeros() -> Self {
        Self { weights: SMatrix::from_element(T::ZERO), bias: SVector::from_element(T::ZERO) }
    }

    /// θ = Wx + b.
    pub fn scores(&self, x: &[T]) -> Result<[T; SCORES], Error> {
        error::check_vector("x", x, FEATURES)?;
        let mut theta = [T::ZERO; SCORES];
        scores(self.weights.as_slice(), self.bias.as_slice(), x, &mut theta);
        error::check_result("the scores Wx + b", &theta)?;
        Ok(theta)
    }

    /// One step of stochastic gradient descent on the Fenchel–Young loss with M = 1 (eq. 6):
    /// W −= rate·(y*(θ + εZ) − y) xᵀ, b −= rate·(y*(θ + εZ) − y). Returns y*(θ + εZ).
    ///
    /// `target` = y. On an error the model is unchanged. Rate and x are as large as the caller makes them: a step that
    /// overflows the weights is told by the next call.
    pub fn step<O, N>(
        &mut self,
        layer: &Perturbed<O, N, T>,
        x: &[T],
        target: &[T],
        rate: T,
        seed: Seed,
    ) -> Result<Array<O, T>, Error>
    where
        O: Oracle<T>,
        N: Noise<T>,
    {
        error::check_vector("x", x, FEATURES)?;
        error::check_vector("target", target, SCORES)?;
        error::check_positive("rate", rate)?;
        let shape = check_scores(layer, SCORES)?;
        let mut theta = [T::ZERO; SCORES];
        scores(self.weights.as_slice(), self.bias.as_slice(), x, &mut theta);
        error::check_result("the scores Wx + b", &theta)?;
        let mut y = shape.array(T::ZERO);
        let mut perturbed = [T::ZERO; SCORES];
        layer.sample_into(&theta, seed, 0, &mut perturbed, y.as_mut(), &mut layer.oracle().work())?;
        let gradient = &mut perturbed;
        for ((gradient, &y), &target) in gradient.iter_mut().zip(y.as_ref()).zip(target) {
            *gradient = y - target;
        }
        descend(self.weights.as_mut_slice(), self.bias.as_mut_slice(), x, gradient, rate);
        Ok(y)
    }
}

impl<const FEATURES: usize, const SCORES: usize> Affine<f32, FEATURES, SCORES> {
    /// Takes weights and bias from the bytes of a [model file](crate::model_file), which must have this
    /// model's sizes and the oracle and noise of `layer`. The layer keeps its own ε; that of the training is in
    /// [`ModelHeader`]. Returns the header.
    ///
    /// On an error the model is unchanged.
    ///
    /// ```
    /// use perturb_core::{Affine, Const, Error, Normal, Perturbed, Ranking};
    /// let layer = Perturbed::new(Ranking::ascending(Const::<3>)?, Normal, 0.1f32)?;
    /// let mut learned = Affine::<f32, 2, 3>::zeros();
    /// learned.bias[1] = 0.5;
    /// let mut flash = [0; 72];
    /// assert_eq!(learned.store(&layer, &mut flash)?, 72);
    ///
    /// let mut model = Affine::<f32, 2, 3>::zeros();
    /// assert_eq!(model.load(&layer, &flash)?.epsilon, 0.1);
    /// assert_eq!(model, learned);
    /// flash[40] ^= 1;
    /// assert!(matches!(model.load(&layer, &flash), Err(Error::Checksum { .. })));
    /// assert_eq!(model, learned);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn load<O, N>(&mut self, layer: &Perturbed<O, N, f32>, file: &[u8]) -> Result<ModelHeader, Error>
    where
        O: Oracle<f32>,
        N: Noise<f32>,
    {
        check_scores(layer, SCORES)?;
        let file = ModelBytes::parse(file)?;
        let kinds = (model_file::oracle_kind(layer.oracle())?, model_file::noise_kind(layer.noise())?);
        model_file::check_fit(file.header(), FEATURES, SCORES, kinds)?;
        for (place, x) in self.weights.iter_mut().chain(&mut self.bias).zip(file.weights().chain(file.bias()))
        {
            *place = x;
        }
        Ok(file.header())
    }

    /// Writes a [model file](crate::model_file) without metadata, of this model with `layer`'s oracle, noise and
    /// ε, to the start of `file`. Returns its length, 36 + 4(d + 1)k bytes.
    ///
    /// Only oracles that a model file can name, [`OracleKind`](model_file::OracleKind): no ranking but by (1, …, d), no
    /// hypercube of signs. On an error `file` is unchanged.
    pub fn store<O, N>(&self, layer: &Perturbed<O, N, f32>, file: &mut [u8]) -> Result<usize, Error>
    where
        O: Oracle<f32>,
        N: Noise<f32>,
    {
        check_scores(layer, SCORES)?;
        let header = ModelHeader {
            features: FEATURES as u32,
            scores: SCORES as u32,
            epsilon: layer.epsilon(),
            noise: model_file::noise_kind(layer.noise())?,
            oracle: model_file::oracle_kind(layer.oracle())?,
            metadata: 0,
        };
        header.check()?;
        error::check_result("the weights", self.weights.as_slice())?;
        error::check_result("the bias", self.bias.as_slice())?;
        model_file::write(header, self.weights.iter().chain(&self.bias).copied(), file)
    }
}

/// The layer decides on as many scores as the model gives.
fn check_scores<T: Real, O: Oracle<T>, N: Noise<T>>(
    layer: &Perturbed<O, N, T>,
    scores: usize,
) -> Result<O::Shape, Error> {
    let shape = layer.oracle().shape();
    if shape.dim() == scores {
        Ok(shape)
    } else {
        Err(Error::Length { parameter: "scores", expected: shape.dim(), found: scores })
    }
}

/// θ = Wx + b for W stored column by column: one column a feature. The order of additions (bias first, then
/// features in order) is part of the bit contract.
pub fn scores<T: Real>(weights: &[T], bias: &[T], x: &[T], theta: &mut [T]) {
    for (theta, &bias) in theta.iter_mut().zip(bias) {
        *theta = bias;
    }
    for (column, &x) in weights.chunks_exact(bias.len().max(1)).zip(x) {
        for (theta, &w) in theta.iter_mut().zip(column) {
            *theta += w * x;
        }
    }
}

/// W −= rate·g xᵀ, b −= rate·g for W stored column by column.
pub fn descend<T: Real>(weights: &mut [T], bias: &mut [T], x: &[T], gradient: &[T], rate: T) {
    for (bias, &g) in bias.iter_mut().zip(gradient) {
        *bias -= rate * g;
    }
    for (column, &x) in weights.chunks_exact_mut(bias.len().max(1)).zip(x) {
        let scale = rate * x;
        for (w, &g) in column.iter_mut().zip(gradient) {
            *w -= scale * g;
        }
    }
}

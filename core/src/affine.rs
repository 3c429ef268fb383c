//! θ = Wx + b, and the single-sample training step.

use crate::model_file::{self, ModelBytes, ModelHeader, OracleKind};
use crate::oracle::{Array, hull};
use crate::{AnyNoise, Error, Noise, Oracle, Perturbed, Real, Seed, Shape, error, step, vector};

/// An affine model θ = Wx + b of k scores and d features, over memory of the caller's: W column by column, one column of k
/// weights a feature, and b.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AffineRef<'a, T> {
    weights: &'a [T],
    bias: &'a [T],
}

/// An affine model θ = Wx + b that learns, over memory of the caller's, laid out as for [`AffineRef`].
///
/// A training step is a forward pass, one perturbed solve and one outer product; nothing is allocated and
/// no gradient is stored.
///
/// ```
/// use perturb_core::{AffineMut, Const, Normal, Perturbed, Ranking, Seed};
/// let layer = Perturbed::new(Ranking::ascending(Const::<3>)?, Normal, 0.1f32)?;
/// let (mut weights, mut bias) = ([0.0; 2 * 3], [0.0; 3]);
/// let mut model = AffineMut::new(&mut weights, &mut bias)?;
/// for step in 0..200 {
///     // The features say which of two rankings the expert prefers.
///     let (x, ranks) = if step % 2 == 0 { ([1.0, 0.0], [1.0, 2.0, 3.0]) } else { ([0.0, 1.0], [3.0, 1.0, 2.0]) };
///     model.step(&layer, &x, &ranks, 0.05, Seed(1).fold(step))?;
/// }
/// let mut theta = [0.0; 3];
/// model.as_ref().scores(&[1.0, 0.0], &mut theta)?;
/// assert_eq!(layer.decide(&theta)?.1, [1.0, 2.0, 3.0]);
/// # Ok::<(), perturb_core::Error>(())
/// ```
#[derive(Debug, PartialEq)]
pub struct AffineMut<'a, T> {
    weights: &'a mut [T],
    bias: &'a mut [T],
}

/// The most scores.
const MOST: usize = u32::MAX as usize;

/// W has one column of k weights for each feature.
const fn check_sizes<T>(weights: &[T], bias: &[T]) -> Result<(), Error> {
    if !matches!(bias.len(), 1..=MOST) {
        let found = bias.len();
        return Err(Error::OutOfRange { parameter: "scores", least: 1, greatest: MOST, found });
    }
    match weights.len() % divisor(bias) {
        0 => Ok(()),
        rest => {
            Err(Error::Length { parameter: "weights", expected: weights.len() - rest, found: weights.len() })
        }
    }
}

/// k, which is at least 1: a device links no panic about a division by 0.
const fn divisor<T>(bias: &[T]) -> usize {
    if bias.is_empty() { 1 } else { bias.len() }
}

impl<'a, T: Real> AffineRef<'a, T> {
    /// Over W, column by column, and b: at least one score, and as many weights for each feature as there are scores.
    pub const fn new(weights: &'a [T], bias: &'a [T]) -> Result<Self, Error> {
        match check_sizes(weights, bias) {
            Ok(()) => Ok(Self { weights, bias }),
            Err(error) => Err(error),
        }
    }

    /// Over arrays of fixed sizes, one column of scores a feature, such as `perturb export --format rust` writes. A static of it
    /// reads weights and bias where they lie in flash; no sizes are left to check, but that there is a score, when compiled.
    ///
    /// ```
    /// use perturb_core::{AffineRef, Const, Normal, Perturbed, Ranking};
    /// static WEIGHTS: [[f32; 3]; 2] = [[1.0, 2.0, 3.0], [3.0, 1.0, 2.0]];
    /// static BIAS: [f32; 3] = [0.0; 3];
    /// static MODEL: AffineRef<'static, f32> = AffineRef::from_arrays(&WEIGHTS, &BIAS);
    /// let layer = Perturbed::new(Ranking::ascending(Const::<3>)?, Normal, 0.5)?;
    /// assert_eq!(MODEL.decide(&layer, &[0.0, 1.0])?, [3.0, 1.0, 2.0]);
    /// # Ok::<(), perturb_core::Error>(())
    /// ```
    pub const fn from_arrays<const FEATURES: usize, const SCORES: usize>(
        weights: &'a [[T; SCORES]; FEATURES],
        bias: &'a [T; SCORES],
    ) -> Self {
        const { assert!(SCORES > 0, "a model has at least one score") };
        Self { weights: weights.as_flattened(), bias }
    }

    /// d, the number of features.
    pub fn features(&self) -> usize {
        self.weights.len() / divisor(self.bias)
    }

    /// Writes θ = Wx + b. The order of additions (bias first, then features in order) is part of the bit contract.
    pub fn scores(&self, x: &[T], theta: &mut [T]) -> Result<(), Error> {
        error::check_vector("x", x, self.features())?;
        error::check_output(theta, self.bias.len())?;
        self.forward(x, theta);
        error::check_result("the scores Wx + b", theta)
    }

    /// y*(Wx + b), the decision of the layer's oracle at these features: the [`scores`](Self::scores) are all that is stored.
    /// Refuses what `scores` and [`Perturbed::decide`] refuse, and a layer of another number of scores.
    pub fn decide<O: Oracle<T>, N: Noise<T>>(
        &self,
        layer: &Perturbed<O, N, T>,
        x: &[T],
    ) -> Result<Array<O, T>, Error> {
        let mut theta = check_scores(layer, self.bias.len())?.array(T::ZERO);
        self.scores(x, theta.as_mut())?;
        Ok(layer.decide(theta.as_ref())?.1)
    }

    /// [`scores`](Self::scores) without checks; what `x` and `theta` have beyond the features and the scores is left alone.
    #[inline(always)]
    pub fn forward(&self, x: &[T], theta: &mut [T]) {
        vector::copy(theta, self.bias);
        for (column, &x) in self.weights.chunks_exact(divisor(self.bias)).zip(x) {
            for (theta, &w) in theta.iter_mut().zip(column) {
                *theta += w * x;
            }
        }
    }
}

impl<'a, T: Real> AffineMut<'a, T> {
    /// Over W, column by column, and b: at least one score, and as many weights for each feature as there are scores.
    pub fn new(weights: &'a mut [T], bias: &'a mut [T]) -> Result<Self, Error> {
        check_sizes(weights, bias)?;
        Ok(Self { weights, bias })
    }

    /// The model, to be read.
    pub fn as_ref(&self) -> AffineRef<'_, T> {
        AffineRef { weights: self.weights, bias: self.bias }
    }

    /// One step of stochastic gradient descent on the Fenchel–Young loss with M = 1 (eq. 6):
    /// W −= rate·(y*(θ + εZ) − y) xᵀ, b −= rate·(y*(θ + εZ) − y). Returns y*(θ + εZ).
    ///
    /// `target` = y; [`Error::OutsideHull`] where it certainly lies outside C, as [`Oracle::locate`] tells. On an error the model is
    /// unchanged. A step after which the scores at this x could leave the range of the number type is such an error, for decisions
    /// within 2³² of y: where 2³²·rate·(1 + ‖x‖²) is not finite. One absurd reading does not spoil the model;
    /// [`step_clipped`](Self::step_clipped) goes on with it.
    // Inlined, so that the sizes of the caller's arrays reach the loops.
    #[inline(always)]
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
        let [y, gradient] = self.gradient(layer, x, target, rate, seed)?;
        step::check(rate, x)?;
        self.descend(x, gradient.as_ref(), rate);
        Ok(y)
    }

    /// [`step`](Self::step) with the gradient (g xᵀ, g) of W and b clipped by its norm (Pascanu, Mikolov and Bengio 2013): where
    /// ‖g‖·√(1 + ‖x‖²) is above `norm`, it is scaled down to that, so that no reading moves the model by more than rate·norm.
    ///
    /// A reading that `step` refuses as too large moves the model as far, and no farther, as long as the scores at it are within
    /// the range of the number type. Two norms more than `step`.
    #[inline(always)]
    pub fn step_clipped<O, N>(
        &mut self,
        layer: &Perturbed<O, N, T>,
        x: &[T],
        target: &[T],
        rate: T,
        norm: T,
        seed: Seed,
    ) -> Result<Array<O, T>, Error>
    where
        O: Oracle<T>,
        N: Noise<T>,
    {
        error::check_positive("norm", norm)?;
        let [y, mut gradient] = self.gradient(layer, x, target, rate, seed)?;
        error::check_number("the step", rate * norm)?;
        let length = vector::norm(x);
        // √(1 + ‖x‖²)
        let length = if length > T::ONE {
            length * (T::ONE + (T::ONE / length) * (T::ONE / length)).sqrt()
        } else {
            (T::ONE + length * length).sqrt()
        };
        // The root of what both are scaled by: all of it need not be a normal number, nor need x or g times it.
        let root = (norm / vector::norm(gradient.as_ref())).sqrt() / length.sqrt();
        if root < T::ONE {
            gradient.as_mut().iter_mut().for_each(|g| *g *= root);
            self.descend_by(x, gradient.as_ref(), rate, root);
        } else {
            self.descend(x, gradient.as_ref(), rate);
        }
        Ok(y)
    }

    /// y*(θ + εZ) and what it has more than the target.
    #[inline(always)]
    fn gradient<O, N>(
        &self,
        layer: &Perturbed<O, N, T>,
        x: &[T],
        target: &[T],
        rate: T,
        seed: Seed,
    ) -> Result<[Array<O, T>; 2], Error>
    where
        O: Oracle<T>,
        N: Noise<T>,
    {
        error::check_vector("x", x, self.as_ref().features())?;
        error::check_vector("target", target, self.bias.len())?;
        error::check_positive("rate", rate)?;
        let shape = check_scores(layer, self.bias.len())?;
        hull::check(layer.oracle(), target, None)?;
        let mut theta = shape.array(T::ZERO);
        self.as_ref().forward(x, theta.as_mut());
        let y = step::gradient(layer, theta.as_mut(), target, seed, "the scores Wx + b")?;
        Ok([y, theta])
    }

    /// W −= rate·g xᵀ, b −= rate·g for the gradient g = `gradient` in θ.
    #[inline(always)]
    pub fn descend(&mut self, x: &[T], gradient: &[T], rate: T) {
        self.descend_by(x, gradient, rate, T::ONE);
    }

    /// [`descend`](Self::descend) for `factor` times x and 1.
    #[inline(always)]
    fn descend_by(&mut self, x: &[T], gradient: &[T], rate: T, factor: T) {
        for (bias, &g) in self.bias.iter_mut().zip(gradient) {
            *bias -= rate * factor * g;
        }
        for (column, &x) in self.weights.chunks_exact_mut(divisor(self.bias)).zip(x) {
            let scale = rate * (x * factor);
            for (w, &g) in column.iter_mut().zip(gradient) {
                *w -= scale * g;
            }
        }
    }
}

impl AffineRef<'_, f32> {
    /// Writes a [model file](crate::model_file) without metadata, of this model with `layer`'s oracle, noise and
    /// ε, to the start of `file`. Returns its length, 36 + 4(d + 1)k bytes, and 8 more of a top-k.
    ///
    /// Only oracles that a model file can name, [`OracleKind`]: no ranking but by (1, …, d), no
    /// hypercube of signs. On an error `file` is unchanged.
    pub fn store<O, N>(&self, layer: &Perturbed<O, N, f32>, file: &mut [u8]) -> Result<usize, Error>
    where
        O: Oracle<f32>,
        N: Noise<f32> + Into<AnyNoise>,
    {
        check_scores(layer, self.bias.len())?;
        self.store_as(self.file_header(model_file::kinds(layer)?, layer.epsilon())?, file)
    }

    /// The header of a file of this model, for a layer that is known by what a file says of it: its oracle, how many a top-k picks
    /// (else 0), and its noise. Refuses what
    /// [`store`](Self::store) refuses, but for too little memory.
    pub fn file_header(
        &self,
        (oracle, parameter, noise): (OracleKind, u32, AnyNoise),
        epsilon: f32,
    ) -> Result<ModelHeader, Error> {
        let (features, scores) = (self.features() as u32, self.bias.len() as u32);
        let (shared, centred, metadata) = (false, false, 0);
        let header =
            ModelHeader { features, scores, epsilon, noise, oracle, parameter, shared, centred, metadata };
        header.check()?;
        error::check_result("the weights", self.weights)?;
        error::check_result("the bias", self.bias)?;
        Ok(header)
    }

    /// [`store`](Self::store) after a [header](Self::file_header) of this model.
    pub fn store_as(&self, header: ModelHeader, file: &mut [u8]) -> Result<usize, Error> {
        model_file::write(header, self.weights.iter().chain(self.bias).copied(), file)
    }
}

impl AffineMut<'_, f32> {
    /// Takes weights and bias from the bytes of a [model file](crate::model_file), which must have this
    /// model's sizes and the oracle and noise of `layer`. The layer keeps its own ε; that of the training is in
    /// [`ModelHeader`]. Returns the header.
    ///
    /// A file of centred features is refused, since this model would have to be given x − c, with the c of
    /// [`ModelBytes::centres`]: who does so takes weights and bias from there. On an error the model is unchanged.
    pub fn load<O, N>(&mut self, layer: &Perturbed<O, N, f32>, file: &[u8]) -> Result<ModelHeader, Error>
    where
        O: Oracle<f32>,
        N: Noise<f32> + Into<AnyNoise>,
    {
        check_scores(layer, self.bias.len())?;
        let file = ModelBytes::parse(file)?;
        self.load_as(model_file::kinds(layer)?, &file)?;
        Ok(file.header())
    }

    /// [`load`](Self::load) for a layer that is known by what a file says of it, from a file that was found sound.
    pub fn load_as(
        &mut self,
        kinds: (OracleKind, u32, AnyNoise),
        file: &ModelBytes<'_>,
    ) -> Result<(), Error> {
        let (features, scores) = (self.as_ref().features(), self.bias.len());
        model_file::check_fit(file.header(), features, scores, kinds)?;
        for (place, x) in self.weights.iter_mut().zip(file.weights()) {
            *place = x;
        }
        for (place, x) in self.bias.iter_mut().zip(file.bias()) {
            *place = x;
        }
        Ok(())
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

#[cfg(feature = "nalgebra")]
pub use fixed::Affine;

#[cfg(feature = "nalgebra")]
mod fixed {
    use nalgebra::{SMatrix, SVector};

    use super::{AffineMut, AffineRef};
    use crate::model_file::ModelHeader;
    use crate::oracle::Array;
    use crate::{AnyNoise, Error, Noise, Oracle, Perturbed, Real, Seed};

    /// An affine model θ = Wx + b on statically sized matrices: `FEATURES` inputs, `SCORES` outputs, at least one.
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
    #[cfg_attr(docsrs, doc(cfg(feature = "nalgebra")))]
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
            const { assert!(SCORES > 0, "a model has at least one score") };
            Self { weights: SMatrix::from_element(T::ZERO), bias: SVector::from_element(T::ZERO) }
        }
        /// The model over slices, to be read.
        pub fn view(&self) -> AffineRef<'_, T> {
            AffineRef { weights: self.weights.as_slice(), bias: self.bias.as_slice() }
        }
        /// The model over slices, to be changed.
        pub fn view_mut(&mut self) -> AffineMut<'_, T> {
            AffineMut { weights: self.weights.as_mut_slice(), bias: self.bias.as_mut_slice() }
        }

        /// θ = Wx + b.
        pub fn scores(&self, x: &[T]) -> Result<[T; SCORES], Error> {
            let mut theta = [T::ZERO; SCORES];
            self.view().scores(x, &mut theta)?;
            Ok(theta)
        }
        /// [`AffineRef::decide`].
        pub fn decide<O: Oracle<T>, N: Noise<T>>(
            &self,
            layer: &Perturbed<O, N, T>,
            x: &[T],
        ) -> Result<Array<O, T>, Error> {
            self.view().decide(layer, x)
        }
        /// [`AffineMut::step`].
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
            self.view_mut().step(layer, x, target, rate, seed)
        }
        /// [`AffineMut::step_clipped`].
        pub fn step_clipped<O, N>(
            &mut self,
            layer: &Perturbed<O, N, T>,
            x: &[T],
            target: &[T],
            rate: T,
            norm: T,
            seed: Seed,
        ) -> Result<Array<O, T>, Error>
        where
            O: Oracle<T>,
            N: Noise<T>,
        {
            self.view_mut().step_clipped(layer, x, target, rate, norm, seed)
        }
    }

    impl<const FEATURES: usize, const SCORES: usize> Affine<f32, FEATURES, SCORES> {
        /// [`AffineMut::load`].
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
            N: Noise<f32> + Into<AnyNoise>,
        {
            self.view_mut().load(layer, file)
        }
        /// [`AffineRef::store`].
        pub fn store<O, N>(&self, layer: &Perturbed<O, N, f32>, file: &mut [u8]) -> Result<usize, Error>
        where
            O: Oracle<f32>,
            N: Noise<f32> + Into<AnyNoise>,
        {
            self.view().store(layer, file)
        }
    }
}

//! θ = Φw, and the single-sample training step.

use crate::model_file::{self, ModelBytes, ModelHeader, OracleKind};
use crate::oracle::{Array, hull};
use crate::{AnyNoise, Error, Noise, Oracle, Perturbed, Real, Seed, Shape, error, step, vector};

/// A model θ = Φw with one vector w of p weights for all options, over memory of the caller's: option e has p features φ_e, a row
/// of Φ, and the score θ_e = ⟨w, φ_e⟩.
///
/// It decides among options that change from one decision to the next, in what they are and in how many: modes of travel by price
/// and time, documents by how they match, the edges of a map. What belongs to a label itself, such as a constant, is a feature
/// that is 0 for the others.
///
/// `options` is Φ row by row, n·p numbers for a layer of n scores. A layer is made for each decision where n changes, by
/// [`UpTo`](crate::UpTo): that is a few instructions.
///
/// ```
/// use perturb_core::{Gumbel, Perturbed, SharedRef, Simplex, UpTo};
/// // Price and time.
/// static MODEL: SharedRef<'static, f32> = SharedRef::from_array(&[-1.0, -0.5]);
/// // Two options, then three, of at most eight.
/// for (options, best) in [(&[2.0, 1.0, 1.0, 2.0][..], 1), (&[2.0, 1.0, 1.0, 2.0, 0.5, 1.0], 2)] {
///     let n = options.len() / MODEL.features();
///     let layer = Perturbed::new(Simplex::new(UpTo::<8>::new(n)?)?, Gumbel, 1.0)?;
///     let y = MODEL.decide(&layer, options)?;
///     assert_eq!((y.as_ref().len(), y.as_ref()[best]), (n, 1.0));
/// }
/// # Ok::<(), perturb_core::Error>(())
/// ```
#[doc(alias("conditional logit", "discrete choice", "learning to rank"))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SharedRef<'a, T> {
    weights: &'a [T],
}

/// A model θ = Φw that learns, over memory of the caller's, laid out as for [`SharedRef`].
///
/// ```
/// use perturb_core::{Gumbel, Perturbed, Seed, SharedMut, Simplex, UpTo};
/// let mut weights = [0.0f32; 2];
/// let mut model = SharedMut::new(&mut weights)?;
/// // A customer takes the cheapest, however many there are.
/// let offers: [(&[f32], &[f32]); 2] =
///     [(&[2.0, 1.0, 1.0, 2.0], &[0.0, 1.0]), (&[3.0, 1.0, 2.0, 1.0, 1.0, 3.0], &[0.0, 0.0, 1.0])];
/// for step in 0..200 {
///     let (options, target) = offers[step % 2];
///     let layer = Perturbed::new(Simplex::new(UpTo::<3>::new(target.len())?)?, Gumbel, 0.1)?;
///     model.step(&layer, options, target, 0.1, Seed(1).fold(step as u64))?;
/// }
/// let layer = Perturbed::new(Simplex::new(UpTo::<3>::new(2)?)?, Gumbel, 0.1)?;
/// assert_eq!(model.as_ref().decide(&layer, offers[0].0)?.as_ref(), [0.0, 1.0]);
/// # Ok::<(), perturb_core::Error>(())
/// ```
#[derive(Debug, PartialEq)]
pub struct SharedMut<'a, T> {
    weights: &'a mut [T],
}

/// What overflows.
const SCORES: &str = "the scores of the options";

const fn check_size<T>(weights: &[T]) -> Result<(), Error> {
    let (found, greatest) = (weights.len(), u32::MAX as usize);
    if found == 0 || found > greatest {
        return Err(Error::OutOfRange { parameter: "features", least: 1, greatest, found });
    }
    Ok(())
}

/// n options of `features` features each.
fn check_options<T: Real>(options: &[T], scores: usize, features: usize) -> Result<(), Error> {
    error::check_vector("options", options, scores.saturating_mul(features))
}

/// θ = Φw, wherever w lies. A device links no panic about rows of no features.
#[inline(always)]
fn forward<T: Real, W: Iterator<Item = T>>(
    features: usize,
    options: &[T],
    weights: impl Fn() -> W,
    theta: &mut [T],
) {
    for (theta, option) in theta.iter_mut().zip(options.chunks_exact(features.max(1))) {
        let mut sum = T::ZERO;
        for (&feature, weight) in option.iter().zip(weights()) {
            sum += feature * weight;
        }
        *theta = sum;
    }
}

/// y*(Φw), wherever w lies.
pub(crate) fn decide<O, N, T, W>(
    layer: &Perturbed<O, N, T>,
    features: usize,
    options: &[T],
    weights: impl Fn() -> W,
) -> Result<Array<O, T>, Error>
where
    O: Oracle<T>,
    N: Noise<T>,
    T: Real,
    W: Iterator<Item = T>,
{
    let shape = layer.oracle().shape();
    check_options(options, shape.dim(), features)?;
    let mut theta = shape.array(T::ZERO);
    forward(features, options, weights, theta.as_mut());
    error::check_result(SCORES, theta.as_ref())?;
    Ok(layer.decide(theta.as_ref())?.1)
}

impl<'a, T: Real> SharedRef<'a, T> {
    /// Over w: at least one weight.
    pub const fn new(weights: &'a [T]) -> Result<Self, Error> {
        match check_size(weights) {
            Ok(()) => Ok(Self { weights }),
            Err(error) => Err(error),
        }
    }

    /// Over an array of fixed size, such as `perturb export --format rust` writes: a static of it reads weights where they lie in
    /// flash. That there is a weight is checked when compiled.
    pub const fn from_array<const FEATURES: usize>(weights: &'a [T; FEATURES]) -> Self {
        const { assert!(FEATURES > 0, "a model has at least one feature") };
        Self { weights }
    }

    /// p, the number of features of an option.
    pub fn features(&self) -> usize {
        self.weights.len()
    }

    /// Writes θ = Φw, one score an option. The order of additions (features in order, from 0) is part of the bit contract.
    ///
    /// `options` has p numbers for each entry of `theta`; [`Error::Length`] otherwise, [`Error::NotFinite`] for NaN and infinities,
    /// and [`Error::Overflow`] where a score leaves the range of the number type. O(np).
    pub fn scores(&self, options: &[T], theta: &mut [T]) -> Result<(), Error> {
        check_options(options, theta.len(), self.features())?;
        self.forward(options, theta);
        error::check_result(SCORES, theta)
    }

    /// y*(Φw), the decision of the layer's oracle among these options. Refuses what `scores` and [`Perturbed::decide`] refuse, and
    /// another number of options than the layer has scores.
    pub fn decide<O: Oracle<T>, N: Noise<T>>(
        &self,
        layer: &Perturbed<O, N, T>,
        options: &[T],
    ) -> Result<Array<O, T>, Error> {
        decide(layer, self.features(), options, || self.weights.iter().copied())
    }

    /// [`scores`](Self::scores) without checks; entries of `theta` beyond the options are left alone.
    #[inline(always)]
    pub fn forward(&self, options: &[T], theta: &mut [T]) {
        forward(self.features(), options, || self.weights.iter().copied(), theta);
    }
}

impl<'a, T: Real> SharedMut<'a, T> {
    /// Over w: at least one weight.
    pub fn new(weights: &'a mut [T]) -> Result<Self, Error> {
        check_size(weights)?;
        Ok(Self { weights })
    }

    /// The model, to be read.
    pub fn as_ref(&self) -> SharedRef<'_, T> {
        SharedRef { weights: self.weights }
    }

    /// One step of stochastic gradient descent on the Fenchel–Young loss with M = 1 (eq. 6):
    /// w −= rate·Φᵀ(y*(θ + εZ) − y), θ = Φw. Returns y*(θ + εZ). Options that y*(θ + εZ) and y agree on cost nothing.
    ///
    /// `target` = y; [`Error::OutsideHull`] where it certainly lies outside C, as [`Oracle::locate`] tells. On an error the model is
    /// unchanged. A step after which the scores of these options could leave the range of the number type is such an error, for
    /// decisions within 2³² of y: where 2³²·rate·(1 + ‖Φ‖²) is not finite. One absurd reading does not spoil the model;
    /// [`step_clipped`](Self::step_clipped) goes on with it.
    // Inlined, so that the sizes of the caller's arrays reach the loops.
    #[inline(always)]
    pub fn step<O, N>(
        &mut self,
        layer: &Perturbed<O, N, T>,
        options: &[T],
        target: &[T],
        rate: T,
        seed: Seed,
    ) -> Result<Array<O, T>, Error>
    where
        O: Oracle<T>,
        N: Noise<T>,
    {
        let [y, gradient] = self.gradient(layer, options, target, rate, seed)?;
        step::check(rate, options)?;
        self.descend(options, gradient.as_ref(), rate);
        Ok(y)
    }

    /// [`step`](Self::step) with the gradient Φᵀg of w, g = y*(θ + εZ) − y, clipped by its norm (Pascanu, Mikolov and Bengio
    /// 2013): where ‖Φᵀg‖ is above `norm`, it is scaled down to that, so that no reading moves the model by more than rate·norm.
    ///
    /// A reading that `step` refuses as too large moves the model as far, and no farther, as long as the scores at it are within
    /// the range of the number type. Costs three products Φᵀg more than `step`, and differs from one that is not clipped by rounding.
    #[inline(always)]
    pub fn step_clipped<O, N>(
        &mut self,
        layer: &Perturbed<O, N, T>,
        options: &[T],
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
        let [y, mut gradient] = self.gradient(layer, options, target, rate, seed)?;
        error::check_number("the step", rate * norm)?;
        // So small that no sum is too large.
        let part = vector::largest_magnitude(gradient.as_ref()) * T::from_usize(target.len());
        vector::divide(gradient.as_mut(), part);
        let (gradient, features) = (gradient.as_ref(), self.weights.len());
        let entry = |feature: usize| {
            let column = options.iter().skip(feature).step_by(features.max(1));
            column.zip(gradient).map(|(&x, &g)| x * g).sum::<T>()
        };
        let most = (0..features).map(entry).fold(T::ZERO, |most, x| most.larger(x.abs()));
        let length = (0..features).map(|j| entry(j) / most).map(|x| x * x).sum::<T>().sqrt();
        // ‖Φᵀg‖: infinite if it is beyond the range of the number type, and then longer than the norm; not a number if g is 0.
        let whole = most * length * part;
        if whole > T::ZERO {
            let scale = rate * if whole < norm { whole } else { norm };
            for (j, w) in self.weights.iter_mut().enumerate() {
                *w -= scale * (entry(j) / most / length);
            }
        }
        Ok(y)
    }

    /// y*(θ + εZ) and what it has more than the target.
    #[inline(always)]
    fn gradient<O, N>(
        &self,
        layer: &Perturbed<O, N, T>,
        options: &[T],
        target: &[T],
        rate: T,
        seed: Seed,
    ) -> Result<[Array<O, T>; 2], Error>
    where
        O: Oracle<T>,
        N: Noise<T>,
    {
        let shape = layer.oracle().shape();
        check_options(options, shape.dim(), self.weights.len())?;
        error::check_vector("target", target, shape.dim())?;
        error::check_positive("rate", rate)?;
        hull::check(layer.oracle(), target, None)?;
        let mut theta = shape.array(T::ZERO);
        self.as_ref().forward(options, theta.as_mut());
        let y = step::gradient(layer, theta.as_mut(), target, seed, SCORES)?;
        Ok([y, theta])
    }

    /// w −= rate·Φᵀg for the gradient g = `gradient` in θ, one option after the other.
    #[inline(always)]
    pub fn descend(&mut self, options: &[T], gradient: &[T], rate: T) {
        for (option, &g) in options.chunks_exact(self.weights.len().max(1)).zip(gradient) {
            if !g.is_zero() {
                vector::add_scaled(self.weights, -(rate * g), option);
            }
        }
    }
}

impl SharedRef<'_, f32> {
    /// Writes a [model file](crate::model_file) without metadata, of this model with `layer`'s oracle, noise and ε, to the start of
    /// `file`. Returns its length, 44 + 4p bytes.
    ///
    /// Only oracles that a model file can name, [`OracleKind`], as for [`AffineRef::store`](crate::AffineRef::store). On an error
    /// `file` is unchanged.
    ///
    /// ```
    /// use perturb_core::{Const, Error, Gumbel, Perturbed, SharedMut, SharedRef, Simplex};
    /// let layer = Perturbed::new(Simplex::new(Const::<3>)?, Gumbel, 0.1f32)?;
    /// let mut flash = [0; 52];
    /// assert_eq!(SharedRef::new(&[-1.0, -0.5])?.store(&layer, &mut flash)?, 52);
    ///
    /// let mut weights = [0.0; 2];
    /// assert_eq!(SharedMut::new(&mut weights)?.load(&layer, &flash)?.epsilon, 0.1);
    /// assert_eq!(weights, [-1.0, -0.5]);
    /// flash[40] ^= 1;
    /// assert!(matches!(SharedMut::new(&mut weights)?.load(&layer, &flash), Err(Error::Checksum { .. })));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn store<O, N>(&self, layer: &Perturbed<O, N, f32>, file: &mut [u8]) -> Result<usize, Error>
    where
        O: Oracle<f32>,
        N: Noise<f32> + Into<AnyNoise>,
    {
        self.store_as(self.file_header(model_file::kinds(layer)?, layer.epsilon())?, file)
    }

    /// The header of a file of this model, for a layer that is known by what a file says of it: its oracle, how many a top-k picks
    /// (else 0), and its noise. Refuses what [`store`](Self::store) refuses, but for too little memory.
    pub fn file_header(
        &self,
        (oracle, parameter, noise): (OracleKind, u32, AnyNoise),
        epsilon: f32,
    ) -> Result<ModelHeader, Error> {
        let (features, scores, shared) = (self.features() as u32, 0, true);
        let (centred, metadata) = (false, 0);
        let header =
            ModelHeader { features, scores, epsilon, noise, oracle, parameter, shared, centred, metadata };
        header.check()?;
        error::check_result("the weights", self.weights)?;
        Ok(header)
    }

    /// [`store`](Self::store) after a [header](Self::file_header) of this model.
    pub fn store_as(&self, header: ModelHeader, file: &mut [u8]) -> Result<usize, Error> {
        model_file::write(header, self.weights.iter().copied(), file)
    }
}

impl SharedMut<'_, f32> {
    /// Takes the weights from the bytes of a [model file](crate::model_file), which must be of shared weights, as many as here, and
    /// of the oracle and noise of `layer`, but not of a number of options. The layer keeps its own ε; that of the training is in
    /// [`ModelHeader`]. Returns the header. On an error the model is unchanged.
    pub fn load<O, N>(&mut self, layer: &Perturbed<O, N, f32>, file: &[u8]) -> Result<ModelHeader, Error>
    where
        O: Oracle<f32>,
        N: Noise<f32> + Into<AnyNoise>,
    {
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
        model_file::check_fit(file.header(), self.weights.len(), 0, kinds)?;
        for (place, x) in self.weights.iter_mut().zip(file.weights()) {
            *place = x;
        }
        Ok(())
    }
}

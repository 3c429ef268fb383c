//! Layers behind networks: decisions in the forward pass, their derivatives in the backward pass, for any framework.
//!
//! [`PerturbedLayer`] and [`FenchelYoungLoss`] take the scores of a batch as tensors of a framework, B × d numbers of any shape,
//! and return tensors that its backward pass differentiates. A framework needs an implementation of the trait [`Scores`]: feature
//! `nn` has it for burn, feature `tch` for libtorch.
//!
//! The solver runs on the host, spread over rayon's threads, while tensors stay where they are. What crosses between a device
//! and the host is, in numbers of 32 bits a row of d scores:
//!
//! | | forward | backward |
//! |---|---|---|
//! | [`PerturbedLayer`] | θ to the host (d), y_ε to the device (d) | cotangent to the host (d), Jᵀu to the device (d) |
//! | [`FenchelYoungLoss`] | θ to the host (d), y_ε − y to the device (d) | nothing |
//!
//! Through libtorch, J (d × d a row) goes to the device in the forward pass and nothing in the backward pass.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use perturb_core::{Method, Noise, Oracle, Perturbed, Shape};

use crate::batch::{Batch, BatchExt, RowError};

#[cfg(feature = "nn")]
mod burn;
mod loss;
#[cfg(feature = "tch")]
mod tch;

pub use loss::{FenchelYoungLoss, Reduction};

/// Scores of a batch as a tensor of a framework. Implement this trait to support another framework.
pub trait Scores: Sized {
    /// A scalar of the framework, from which its backward pass starts.
    type Loss;

    /// The lengths of the axes, B first.
    fn shape(&self) -> Vec<usize>;
    /// The numbers row by row, on the host.
    fn read(&self) -> Result<Vec<f32>, LayerError>;
    /// A tensor of this shape and on this device that holds `y`, whose cotangents the backward pass takes through `pullback`.
    fn decided(self, y: Vec<f32>, pullback: Pullback) -> Result<Self, LayerError>;
    /// A loss of this value whose gradient in these scores is `gradient`.
    fn loss(self, value: f32, gradient: Vec<f32>) -> Result<Self::Loss, LayerError>;
}

/// y_ε as a layer of a network, for any oracle and any noise. Each row has independent noise.
///
/// The forward pass gives y_ε(θ) (eq. 4), the backward pass Jᵀu for the cotangents u with the noise of the forward pass
/// (Proposition 3.1), both by `how`: [`Exact`](crate::Exact), [`MonteCarlo`](crate::MonteCarlo), …
/// Fold the number of the step into its seed: one seed is one draw of noise.
///
/// θ is scores to maximise; costs enter as θ = −c. Clones share the layer.
///
/// ```
/// # #[cfg(feature = "nn")] {
/// use burn::tensor::{Device, Tensor};
/// use perturb::layer::PerturbedLayer;
/// use perturb::{Dyn, MonteCarlo, Normal, Perturbed, Ranking, Seed};
///
/// let theta = Tensor::<2>::from_floats([[0.3, -1.0, 2.0], [1.0, 0.5, 0.0]], &Device::flex().autodiff()).require_grad();
/// let layer = PerturbedLayer::new(Perturbed::new(Ranking::ascending(Dyn(3))?, Normal, 0.5)?);
/// let ranks = layer.forward(theta.clone(), MonteCarlo::new(100, Seed(1).fold(0)))?;
/// let gradients = ranks.powi_scalar(2).sum().backward();
/// assert_eq!(theta.grad(&gradients).unwrap().dims(), [2, 3]);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct PerturbedLayer<O, N> {
    layers: Layers<O, N>,
    first: u64,
    fault: Arc<Mutex<Option<RowError>>>,
}

enum Layers<O, N> {
    Shared(Arc<Perturbed<O, N, f32>>),
    Own(Arc<[Perturbed<O, N, f32>]>),
}

impl<O, N> Clone for PerturbedLayer<O, N> {
    fn clone(&self) -> Self {
        let layers = match &self.layers {
            Layers::Shared(layer) => Layers::Shared(layer.clone()),
            Layers::Own(layers) => Layers::Own(layers.clone()),
        };
        Self { layers, first: self.first, fault: self.fault.clone() }
    }
}

impl<O, N> fmt::Debug for PerturbedLayer<O, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = match &self.layers {
            Layers::Shared(_) => None,
            Layers::Own(layers) => Some(layers.len()),
        };
        f.debug_struct("PerturbedLayer")
            .field("rows", &rows)
            .field("first", &self.first)
            .finish_non_exhaustive()
    }
}

impl<O, N> PerturbedLayer<O, N>
where
    O: Oracle<f32> + Send + Sync + 'static,
    N: Noise<f32> + 'static,
{
    /// The same layer for every row.
    pub fn new(layer: Perturbed<O, N, f32>) -> Self {
        Self::of(Layers::Shared(Arc::new(layer)))
    }

    /// Layer r for row r, with another graph, other weights or another ε: made anew for each batch. All have the same number
    /// of scores, as rows of a tensor have.
    pub fn per_row(layers: Vec<Perturbed<O, N, f32>>) -> Self {
        Self::of(Layers::Own(layers.into()))
    }

    fn of(layers: Layers<O, N>) -> Self {
        Self { layers, first: 0, fault: Arc::default() }
    }

    /// The same layer for a batch whose first row is row `first` of a larger one: it decides which noise each row has.
    #[must_use]
    pub fn starting_at(&self, first: u64) -> Self {
        Self { first, ..self.clone() }
    }

    /// The layer over rows of numbers, without a framework.
    pub fn batch(&self) -> Batch<'_, O, N, f32> {
        let batch = match &self.layers {
            Layers::Shared(layer) => layer.as_ref().batch(),
            Layers::Own(layers) => layers.batch(),
        };
        batch.starting_at(self.first)
    }

    /// y_ε of every row, as a differentiable tensor of the shape of `theta`.
    ///
    /// The axes of `theta` after the first hold the d scores of a row, in any shape (B × d, B × height × width, …).
    /// A backward pass cannot fail. Where it has no result (cotangents that are not finite, an overflow), it gives NaN for the
    /// whole batch, never for some rows, and [`take_fault`](Self::take_fault) returns the reason.
    pub fn forward<X, H>(&self, theta: X, how: H) -> Result<X, LayerError>
    where
        X: Scores,
        H: Method<O, N, f32> + 'static,
    {
        let scores = self.read(&theta)?;
        let y = self.batch().maximizer(&scores, how)?;
        theta.decided(y, Pullback(Arc::new(Rows { layer: self.clone(), theta: scores, how })))
    }

    /// Why the gradient of a backward pass since the last call was NaN.
    pub fn take_fault(&self) -> Option<RowError> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The numbers of `theta`, whose rows must be those of this layer.
    fn read(&self, theta: &impl Scores) -> Result<Vec<f32>, LayerError> {
        let shape = theta.shape();
        let (&rows, row) = shape.split_first().ok_or(LayerError::Shape {
            expected: "an axis of rows and an axis of scores".into(),
            found: vec![],
        })?;
        let width: usize = row.iter().product();
        let fits = |layer: &Perturbed<O, N, f32>| layer.oracle().shape().dim() == width;
        let (fit, expected) = match &self.layers {
            Layers::Shared(layer) => {
                (fits(layer), format!("any number of rows of {} scores", layer.oracle().shape().dim()))
            }
            Layers::Own(layers) => (
                layers.len() == rows && layers.iter().all(fits),
                format!(
                    "{} rows of {:?} scores",
                    layers.len(),
                    layers.first().map_or(0, |layer| layer.oracle().shape().dim())
                ),
            ),
        };
        if !fit {
            return Err(LayerError::Shape { expected, found: shape });
        }
        theta.read()
    }
}

/// The derivatives of a forward pass, at its scores and with its noise.
#[derive(Clone)]
pub struct Pullback(Arc<dyn Derivatives>);

impl Pullback {
    /// Jᵀu of every row. If it does not exist, all numbers are NaN, and the layer keeps the reason.
    pub fn apply(&self, cotangents: &[f32]) -> Vec<f32> {
        self.0.vjp(cotangents)
    }

    /// J of every row, B × d × d, for frameworks whose backward pass cannot call back.
    pub fn jacobian(&self) -> Result<Vec<f32>, RowError> {
        self.0.jacobian()
    }
}

impl fmt::Debug for Pullback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pullback")
    }
}

trait Derivatives: Send + Sync {
    fn vjp(&self, cotangents: &[f32]) -> Vec<f32>;
    fn jacobian(&self) -> Result<Vec<f32>, RowError>;
}

/// What a forward pass keeps for the backward pass.
struct Rows<O, N, H> {
    layer: PerturbedLayer<O, N>,
    theta: Vec<f32>,
    how: H,
}

impl<O, N, H> Derivatives for Rows<O, N, H>
where
    O: Oracle<f32> + Send + Sync + 'static,
    N: Noise<f32> + 'static,
    H: Method<O, N, f32> + 'static,
{
    fn vjp(&self, cotangents: &[f32]) -> Vec<f32> {
        self.layer.batch().vjp(&self.theta, cotangents, self.how).unwrap_or_else(|error| {
            let mut fault = self.layer.fault.lock().unwrap_or_else(PoisonError::into_inner);
            fault.get_or_insert(error);
            vec![f32::NAN; self.theta.len()]
        })
    }

    fn jacobian(&self) -> Result<Vec<f32>, RowError> {
        self.layer.batch().jacobian(&self.theta, self.how)
    }
}

/// The error of a layer behind a network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LayerError {
    /// A row was refused.
    #[error(transparent)]
    Row(#[from] RowError),
    /// The tensor has another shape.
    #[error("theta: expected {expected}, found a tensor of shape {found:?}")]
    Shape {
        /// What was expected.
        expected: String,
        /// The lengths of its axes.
        found: Vec<usize>,
    },
    /// The framework could not do its part: give the numbers of a tensor, or make one.
    #[error("theta: the framework says: {0}")]
    Framework(String),
}

impl LayerError {
    /// The framework reported an error.
    pub fn framework(report: impl fmt::Display) -> Self {
        Self::Framework(report.to_string())
    }
}

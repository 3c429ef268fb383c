//! The Fenchel–Young loss of a batch.

use perturb_core::{Method, Noise, Oracle, Perturbed};

use super::{LayerError, PerturbedLayer, Scores};

/// How the losses of the rows become one number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reduction {
    /// Their mean: the gradient of a row is (y_ε − y)/B.
    #[default]
    Mean,
    /// Their sum: the gradient of a row is y_ε − y.
    Sum,
}

/// L_ε(θ; y) = F_ε(θ) + εΩ(y) − ⟨θ, y⟩ of a batch, as the loss of a network (Definition 4.1).
///
/// Its gradient in θ is y_ε(θ) − y, found in the forward pass; the backward pass neither solves nor samples. It needs no
/// derivative of y_ε, so that one sample will do.
///
/// As Ω(y) does not depend on θ, the value is F_ε(θ) − ⟨θ, y⟩ unless [`with_omega`](Self::with_omega) requests the loss itself,
/// which is nonnegative and 0 exactly where y_ε(θ) = y. Targets that are no vertices, such as means of decisions, pay for Ω
/// with tens to hundreds of evaluations of F_ε a row, as [`FenchelYoung`](crate::quantity::FenchelYoung) says.
///
/// ```
/// # #[cfg(feature = "nn")] {
/// use burn::tensor::{Device, Tensor};
/// use perturb::layer::FenchelYoungLoss;
/// use perturb::{Dyn, Exact, Gumbel, Perturbed, Simplex};
///
/// // On the simplex with Gumbel noise it is ε times the cross entropy of softmax(θ/ε).
/// let theta = Tensor::<2>::from_floats([[0.0, 0.0]], &Device::flex().autodiff()).require_grad();
/// let loss = FenchelYoungLoss::new(Perturbed::new(Simplex::new(Dyn(2))?, Gumbel, 1.0)?).with_omega();
/// let loss = loss.forward(theta.clone(), &[1.0, 0.0], Exact)?;
/// assert!((loss.clone().into_scalar::<f32>() - 2.0f32.ln()).abs() < 1e-6);
/// let gradient = theta.grad(&loss.backward()).unwrap();
/// assert_eq!(gradient.into_data().try_to_vec::<f32>().unwrap(), [-0.5, 0.5]);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct FenchelYoungLoss<O, N> {
    layer: PerturbedLayer<O, N>,
    reduction: Reduction,
    omega: bool,
}

impl<O, N> Clone for FenchelYoungLoss<O, N> {
    fn clone(&self) -> Self {
        Self { layer: self.layer.clone(), reduction: self.reduction, omega: self.omega }
    }
}

impl<O, N> From<PerturbedLayer<O, N>> for FenchelYoungLoss<O, N> {
    /// The mean over rows, without Ω.
    fn from(layer: PerturbedLayer<O, N>) -> Self {
        Self { layer, reduction: Reduction::Mean, omega: false }
    }
}

impl<O, N> FenchelYoungLoss<O, N>
where
    O: Oracle<f32> + Send + Sync + 'static,
    N: Noise<f32> + 'static,
{
    /// The mean over rows that share a layer, without Ω. For a different layer in each row, use [`PerturbedLayer::per_row`] and
    /// `from`.
    pub fn new(layer: Perturbed<O, N, f32>) -> Self {
        PerturbedLayer::new(layer).into()
    }

    /// The sum over rows.
    #[must_use]
    pub fn sum(self) -> Self {
        Self { reduction: Reduction::Sum, ..self }
    }

    /// Includes εΩ(y) in the value. The gradient does not change, up to rounding.
    #[must_use]
    pub fn with_omega(self) -> Self {
        Self { omega: true, ..self }
    }

    /// The loss of a batch against B × d targets, row by row, each in the convex hull of the decisions. A tensor of targets is
    /// read by [`Scores::read`].
    pub fn forward<X, H>(&self, theta: X, targets: &[f32], how: H) -> Result<X::Loss, LayerError>
    where
        X: Scores,
        H: Method<O, N, f32>,
    {
        let scores = self.layer.read(&theta)?;
        let (losses, mut gradient) = if self.omega {
            self.layer.batch().fenchel_young(&scores, targets, how)?
        } else {
            self.layer.batch().fenchel_young_without_omega(&scores, targets, how)?
        };
        let mut value: f64 = losses.iter().map(|&loss| f64::from(loss)).sum();
        if self.reduction == Reduction::Mean && !losses.is_empty() {
            let rows = losses.len() as f64;
            value /= rows;
            for entry in &mut gradient {
                *entry /= rows as f32;
            }
        }
        theta.loss(value as f32, gradient)
    }
}

//! The bridge to libtorch.
//!
//! Its automatic differentiation takes no operations from Rust, so that y_ε enters as the linear function of θ that has its
//! value and its derivative: sg(y) + J(θ − sg(θ)), where sg stops gradients.

use tch::{Device, Kind, TchError, Tensor};

use super::{LayerError, Pullback, Scores};

impl Scores for Tensor {
    type Loss = Tensor;

    fn shape(&self) -> Vec<usize> {
        self.size().into_iter().map(|length| length as usize).collect()
    }

    fn read(&self) -> Result<Vec<f32>, LayerError> {
        let flat = || {
            let host = self.f_detach()?.f_to_device(Device::Cpu)?;
            Vec::<f32>::try_from(host.f_to_kind(Kind::Float)?.f_reshape([-1])?)
        };
        flat().map_err(LayerError::framework)
    }

    fn decided(self, y: Vec<f32>, pullback: Pullback) -> Result<Self, LayerError> {
        let shape = self.size();
        if !self.requires_grad() || y.is_empty() {
            return beside(&self, &y, &shape).map_err(LayerError::framework);
        }
        let jacobian = pullback.jacobian()?;
        let through = || {
            let rows = shape.first().copied().unwrap_or(0);
            let scores = y.len() as i64 / rows.max(1);
            let jacobian = beside(&self, &jacobian, &[rows, scores, scores])?;
            let moved = self.f_sub(&self.f_detach()?)?.f_reshape([rows, scores, 1])?;
            beside(&self, &y, &shape)?.f_add(&jacobian.f_bmm(&moved)?.f_reshape(&shape)?)
        };
        through().map_err(LayerError::framework)
    }

    fn loss(self, value: f32, gradient: Vec<f32>) -> Result<Tensor, LayerError> {
        let linear = || {
            let moved = self.f_sub(&self.f_detach()?)?;
            let product = moved.f_mul(&beside(&self, &gradient, &self.size())?)?;
            product.f_sum(self.kind())?.f_add_scalar(f64::from(value))
        };
        linear().map_err(LayerError::framework)
    }
}

/// A constant of this shape, of the type and on the device of `theta`.
fn beside(theta: &Tensor, numbers: &[f32], shape: &[i64]) -> Result<Tensor, TchError> {
    Tensor::f_from_slice(numbers)?.f_reshape(shape)?.f_to_kind(theta.kind())?.f_to_device(theta.device())
}

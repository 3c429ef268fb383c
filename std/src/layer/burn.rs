//! The bridge to burn: decisions as an operation of its automatic differentiation.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind, unary};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::{Tensor, TensorData, try_read_sync};

use super::{LayerError, Pullback, Scores};

impl<const D: usize> Scores for Tensor<D> {
    type Loss = Tensor<1>;

    fn shape(&self) -> Vec<usize> {
        self.dims().to_vec()
    }

    fn read(&self) -> Result<Vec<f32>, LayerError> {
        self.clone().try_into_vec_as().map_err(LayerError::framework)
    }

    fn decided(self, y: Vec<f32>, pullback: Pullback) -> Result<Self, LayerError> {
        let y = Tensor::<D>::from_data(TensorData::new(y, self.dims()), (&self.device(), self.dtype()));
        Ok(Self::from_dispatch(Dispatch::decided(self.into_dispatch(), y.into_dispatch(), pullback)))
    }

    fn loss(self, value: f32, gradient: Vec<f32>) -> Result<Tensor<1>, LayerError> {
        let gradient = TensorData::new(gradient, self.dims());
        let gradient = Tensor::<D>::from_data(gradient, (&self.device(), self.dtype()));
        // ⟨θ, g⟩ has the gradient g; its own value is taken from it.
        let linear = (self.clone() * gradient).sum();
        Ok(linear.clone() - linear.detach() + value)
    }
}

/// The operation on every backend: nothing but y, which is there.
#[backend_extension(Flex, Cube: cfg(feature = "nn-wgpu"), Autodiff)]
trait Decide: Backend {
    fn decided(theta: FloatTensor<Self>, y: FloatTensor<Self>, pullback: Pullback) -> FloatTensor<Self> {
        let _ = (theta, pullback);
        y
    }
}

impl Decide for Flex {}

#[cfg(feature = "nn-wgpu")]
impl Decide for burn_cubecl::CubeBackend {}

/// The derivative of the decision.
#[derive(Debug)]
struct Decided;

impl<B: Backend> Backward<B, 1> for Decided {
    type State = Pullback;

    fn backward(self, ops: Ops<Pullback, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        unary::<B, _>(ops.parents, ops.node, gradients, |cotangent| {
            let (shape, device, dtype) = (cotangent.shape(), cotangent.device(), cotangent.dtype());
            let cotangents = try_read_sync(B::float_into_data(cotangent));
            let cotangents = cotangents.and_then(|data| data.ok()?.convert::<f32>().try_into_vec().ok());
            // A backend that gives no numbers leaves none that are finite: the layer keeps that as its fault.
            let product =
                ops.state.apply(&cotangents.unwrap_or_else(|| vec![f32::NAN; shape.num_elements()]));
            B::float_from_data(TensorData::new(product, shape).convert_dtype(dtype), &device)
        });
    }
}

impl<B: Backend + Decide, C: CheckpointStrategy> Decide for Autodiff<B, C> {
    fn decided(theta: FloatTensor<Self>, y: FloatTensor<Self>, pullback: Pullback) -> FloatTensor<Self> {
        match Decided.prepare::<C>([theta.node()]).compute_bound().stateful() {
            OpsKind::Tracked(preparation) => preparation.finish(pullback, y.into_primitive()),
            OpsKind::UnTracked(preparation) => preparation.finish(y.into_primitive()),
        }
    }
}

//! Networks that score decisions, and what trains them. Feature `nn`; tensors, layers and gradients are burn's.
//!
//! The layers that add a decision to a network of any kind are in [`layer`](perturb::layer).

mod cnn;
mod learner;
mod pixels;
mod resnet;
mod weights;

use burn::module::Module;
use burn::tensor::Tensor;

pub use cnn::Cnn;
pub use learner::{Epoch, LearnError, Learner, Learning, Shares, Task};
pub(crate) use pixels::{Standardize, scores};
pub use resnet::TruncatedResNet;

/// A network from images to scores.
pub trait Network: Module {
    /// θ, B × d, of B × channels × height × width images.
    fn forward(&self, images: Tensor<4>) -> Tensor<2>;
}

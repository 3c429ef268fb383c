//! The network of the shortest-path experiment.

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, PaddingConfig2d};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};
use perturb::Seed;

use super::Network;
use super::weights::Weights;

const CHANNELS: usize = 64;

/// The first layers of ResNet18 as costs of a map's cells (Section 5.3, after Vlastelica et al. 2020): convolution 7 × 7 with
/// stride 2, batch norm, ReLU, max pooling 3 × 3 with stride 2, two basic blocks of 64 channels, pooling to the grid by the
/// maximum, the mean over channels, the absolute value.
///
/// Images of 3 × 8h × 8w give the scores θ = −cost of h × w cells, row by row.
#[derive(Module, Debug)]
pub struct TruncatedResNet {
    first: Convolution,
    pool: MaxPool2d,
    blocks: [Block; 2],
    to_cells: MaxPool2d,
}

impl TruncatedResNet {
    /// A network with initial weights that are a function of `seed`, on any device.
    pub fn new(seed: Seed, device: &Device) -> Self {
        let mut weights = Weights::new(seed, device);
        Self {
            first: Convolution::new(3, 7, 2, &mut weights),
            pool: MaxPool2dConfig::new([3, 3])
                .with_strides([2, 2])
                .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
                .init(),
            blocks: [Block::new(&mut weights), Block::new(&mut weights)],
            to_cells: MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init(),
        }
    }
}

impl Network for TruncatedResNet {
    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let [a, b] = &self.blocks;
        let x = self.pool.forward(relu(self.first.forward(images)));
        let cells: Tensor<4> = self.to_cells.forward(b.forward(a.forward(x))).mean_dim(1);
        -cells.abs().flatten(1, 3)
    }
}

/// Two convolutions and a way past them.
#[derive(Module, Debug)]
struct Block {
    first: Convolution,
    second: Convolution,
}

impl Block {
    fn new(weights: &mut Weights<'_>) -> Self {
        Self {
            first: Convolution::new(CHANNELS, 3, 1, weights),
            second: Convolution::new(CHANNELS, 3, 1, weights),
        }
    }
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        relu(self.second.forward(relu(self.first.forward(x.clone()))) + x)
    }
}

/// To 64 channels, without bias, and batch norm.
#[derive(Module, Debug)]
struct Convolution {
    convolution: Conv2d,
    norm: BatchNorm,
}

impl Convolution {
    fn new(from: usize, kernel: usize, stride: usize, weights: &mut Weights<'_>) -> Self {
        let half = kernel / 2;
        let convolution = Conv2dConfig::new([from, CHANNELS], [kernel, kernel])
            .with_stride([stride, stride])
            .with_padding(PaddingConfig2d::Explicit(half, half, half, half))
            .with_bias(false);
        Self {
            convolution: weights.convolution(&convolution),
            norm: BatchNormConfig::new(CHANNELS).init(weights.device()),
        }
    }
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        self.norm.forward(self.convolution.forward(x))
    }
}

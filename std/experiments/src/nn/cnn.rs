//! The convolutional network of the classification experiment.

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{Linear, PaddingConfig2d};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};
use perturb::Seed;

use super::Network;
use super::weights::Weights;

/// Four convolutions and two dense layers, no batch norm (Appendix C.1): 32 and 32 channels, pooling, 64 and 64 channels,
/// pooling, 512 units, one score a class. The first convolution of each pair keeps the size, the second has no padding; both
/// are 3 × 3. ReLU after each layer but the last. Images of 3 × 32 × 32.
#[derive(Module, Debug)]
pub struct Cnn {
    convolutions: [Conv2d; 4],
    pool: MaxPool2d,
    hidden: Linear,
    scores: Linear,
}

impl Cnn {
    /// A network with initial weights that are a function of `seed`, on any device.
    pub fn new(classes: usize, seed: Seed, device: &Device) -> Self {
        let mut weights = Weights::new(seed, device);
        let mut convolution = |from, to, padding| {
            weights.convolution(&Conv2dConfig::new([from, to], [3, 3]).with_padding(padding))
        };
        Self {
            convolutions: [
                convolution(3, 32, PaddingConfig2d::Same),
                convolution(32, 32, PaddingConfig2d::Valid),
                convolution(32, 64, PaddingConfig2d::Same),
                convolution(64, 64, PaddingConfig2d::Valid),
            ],
            pool: MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init(),
            hidden: weights.linear(64 * 6 * 6, 512),
            scores: weights.linear(512, classes),
        }
    }
}

impl Network for Cnn {
    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let [a, b, c, d] = &self.convolutions;
        let x = self.pool.forward(relu(b.forward(relu(a.forward(images)))));
        let x = self.pool.forward(relu(d.forward(relu(c.forward(x)))));
        self.scores.forward(relu(self.hidden.forward(x.flatten(1, 3))))
    }
}

//! First weights of networks.

use burn::module::Param;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor, TensorData};
use perturb::{Real, Seed, noise::Stream};

/// Layers with weights uniform in ±√(6/n), n the number of inputs of a unit, and biases of 0 (He et al. 2015): layers of ReLU
/// keep the size of their inputs. They are a function of the seed, whereas a device's own generator is shared by all threads of
/// the process and differs from device to device.
pub(super) struct Weights<'d> {
    rng: Stream,
    device: &'d Device,
}

impl<'d> Weights<'d> {
    pub(super) fn new(seed: Seed, device: &'d Device) -> Self {
        Self { rng: seed.stream(0), device }
    }

    pub(super) fn device(&self) -> &Device {
        self.device
    }

    pub(super) fn convolution(&mut self, config: &Conv2dConfig) -> Conv2d {
        let [from, to] = config.channels;
        let [height, width] = config.kernel_size;
        let mut layer = config.init(self.device);
        layer.weight = self.uniform([to, from, height, width], from * height * width);
        layer.bias = layer.bias.map(|_| Param::from_tensor(Tensor::zeros([to], self.device)));
        layer
    }

    pub(super) fn linear(&mut self, inputs: usize, outputs: usize) -> Linear {
        let mut layer = LinearConfig::new(inputs, outputs).init(self.device);
        layer.weight = self.uniform([inputs, outputs], inputs);
        layer.bias = Some(Param::from_tensor(Tensor::zeros([outputs], self.device)));
        layer
    }

    fn uniform<const D: usize>(&mut self, shape: [usize; D], inputs: usize) -> Param<Tensor<D>> {
        let bound = (6.0 / inputs as f32).sqrt();
        let numbers = (0..shape.iter().product()).map(|_| bound * (2.0 * f32::uniform(&mut self.rng) - 1.0));
        Param::from_data(TensorData::new(numbers.collect::<Vec<f32>>(), shape), self.device)
    }
}

//! Bytes of images as networks take them.

use burn::tensor::{Device, Tensor, TensorData};
use perturb::layer::Scores;

use super::{LearnError, Network};

/// Images of one shape, standardised channel by channel: (byte/255 − mean)/deviation.
#[derive(Clone, Debug)]
pub(crate) struct Standardize {
    shape: [usize; 3],
    /// The number that is subtracted from a byte, and the factor.
    channels: Vec<(f64, f64)>,
}

impl Standardize {
    /// Channels, height and width; means and deviations of the channels.
    pub(crate) fn new(shape: [usize; 3], (means, deviations): &(Vec<f64>, Vec<f64>)) -> Self {
        let channel = |(mean, deviation): (&f64, &f64)| {
            // A channel without variation carries nothing.
            let scale = if *deviation > 0.0 { 1.0 / (255.0 * deviation) } else { 0.0 };
            (255.0 * mean, scale)
        };
        Self { shape, channels: means.iter().zip(deviations).map(channel).collect() }
    }

    /// Images × channels × height × width numbers of that many images, whose bytes are stored channel after channel.
    pub(crate) fn tensor<'a>(
        &self,
        images: impl ExactSizeIterator<Item = &'a [u8]>,
        device: &Device,
    ) -> Tensor<4> {
        let [channels, height, width] = self.shape;
        let count = images.len();
        let mut numbers = Vec::with_capacity(count * channels * height * width);
        for image in images {
            let planes = image.chunks_exact((height * width).max(1));
            for (plane, &(shift, scale)) in planes.zip(&self.channels) {
                numbers.extend(plane.iter().map(|&byte| ((f64::from(byte) - shift) * scale) as f32));
            }
        }
        Tensor::from_data(TensorData::new(numbers, [count, channels, height, width]), device)
    }
}

/// Images of a step of inference.
const INFERENCE: usize = 250;

/// The scores of the first `count` rows, row by row; `images` gives those of some rows to the network.
pub(crate) fn scores<M: Network>(
    network: &M,
    count: usize,
    images: impl Fn(&[usize]) -> Tensor<4>,
) -> Result<Vec<f32>, LearnError> {
    let rows: Vec<usize> = (0..count).collect();
    let mut scores = Vec::new();
    for rows in rows.chunks(INFERENCE) {
        scores.extend(network.forward(images(rows)).read()?);
    }
    Ok(scores)
}

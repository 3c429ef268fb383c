//! Bytes of images that all have one shape.

use std::num::NonZero;

use perturb::data::DataError;

use super::chunk;

/// n images of channels × height × width bytes, one after the other: channel after channel, each row by row.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Pixels {
    shape: [usize; 3],
    /// The product of `shape`.
    size: NonZero<usize>,
    bytes: Vec<u8>,
}

impl Pixels {
    /// `n` images; lengths that are 0 or do not fit, and another number of bytes, are refused.
    pub(super) fn new(shape: [usize; 3], bytes: Vec<u8>, n: usize) -> Result<Self, DataError> {
        let size = shape.iter().try_fold(1usize, |size, &length| size.checked_mul(length));
        let Some(size) = size.and_then(NonZero::new) else {
            let expected = "channels, height and width of at least 1, whose product fits into memory";
            return Err(DataError::parameter("shape", expected, format!("{shape:?}")));
        };
        // Division, not multiplication: n·size may overflow where the vector cannot be that long.
        if bytes.len() % size != 0 || bytes.len() / size != n {
            let expected = format!("{n} images of {size} bytes");
            return Err(DataError::parameter("pixels", expected, format!("{} bytes", bytes.len())));
        }
        Ok(Self { shape, size, bytes })
    }

    pub(super) fn shape(&self) -> [usize; 3] {
        self.shape
    }
    /// All of them.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
    /// One image; empty if it does not exist.
    pub(super) fn image(&self, row: usize) -> &[u8] {
        chunk(&self.bytes, self.size.get(), row)
    }

    /// The given images in the given order; those that do not exist are left out.
    pub(super) fn select(&self, rows: &[usize]) -> Self {
        self.with(rows.iter().flat_map(|&row| self.image(row)).copied().collect())
    }

    /// Other images of the same shape, whole ones.
    pub(super) fn with(&self, bytes: Vec<u8>) -> Self {
        Self { shape: self.shape, size: self.size, bytes }
    }

    /// Means and deviations, as [`Images::channel_statistics`](super::images::Images::channel_statistics) says.
    pub(super) fn channel_statistics(&self) -> (Vec<f64>, Vec<f64>) {
        let [channels, height, width] = self.shape;
        let mut sums = vec![(0u64, 0u64); channels];
        for image in self.bytes.chunks_exact(self.size.get()) {
            // height·width divides the size, which is not 0.
            for ((sum, squares), plane) in sums.iter_mut().zip(image.chunks_exact((height * width).max(1))) {
                // 2⁴⁸ bytes, which no memory holds, would not overflow: 255² < 2¹⁶.
                *sum += plane.iter().map(|&x| u64::from(x)).sum::<u64>();
                *squares += plane.iter().map(|&x| u64::from(x) * u64::from(x)).sum::<u64>();
            }
        }
        // At least 1: without images the sums are 0.
        let n = (self.bytes.len() / channels.max(1)).max(1) as u64;
        let scale = 255.0 * n as f64;
        let of_channel = |&(sum, squares): &(u64, u64)| {
            // N²·variance in bytes, exactly: never negative.
            let variance = u128::from(n) * u128::from(squares) - u128::from(sum) * u128::from(sum);
            (sum as f64 / scale, (variance as f64).sqrt() / scale)
        };
        sums.iter().map(of_channel).unzip()
    }
}

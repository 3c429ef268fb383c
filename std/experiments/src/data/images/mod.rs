//! Labelled images for classification.

pub mod cifar10;

use std::fmt;

use perturb::data::{DataError, Digest};

use super::pixels::Pixels;

/// n images of channels × height × width bytes, each with the class it shows.
///
/// The bytes of an image are stored channel after channel, each row by row: the layout of CIFAR-10, and of
/// convolutions that take channels first. Every label is the index of a class.
///
/// ```
/// use perturb_experiments::data::images::Images;
/// let classes = ["dark", "light"].map(String::from).to_vec();
/// let pixels = vec![9, 0, 3, 250, 255, 241]; // two images of 1 channel, 1 row, 3 columns
/// let images = Images::new("greys", [1, 1, 3], classes, pixels, vec![0, 1])?;
/// assert_eq!((images.len(), images.pixels(1), images.label(1)), (2, &[250, 255, 241][..], Some(1)));
/// # Ok::<(), perturb::data::DataError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Images {
    name: String,
    classes: Vec<String>,
    pixels: Pixels,
    labels: Vec<usize>,
}

/// Images to learn from, and images to judge by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// To learn from.
    pub train: Images,
    /// To judge by.
    pub test: Images,
}

impl Images {
    /// Images from their pixels, image by image, and one label each; `shape` is [channels, height, width].
    ///
    /// At least one channel, row and column, two classes and one image; otherwise, and for a label that is no
    /// class, an error that says which.
    pub fn new(
        name: impl Into<String>,
        shape: [usize; 3],
        classes: Vec<String>,
        pixels: Vec<u8>,
        labels: Vec<usize>,
    ) -> Result<Self, DataError> {
        let k = classes.len();
        if k < 2 {
            return Err(DataError::parameter("classes", "at least 2 classes", k));
        }
        let n = labels.len();
        if n == 0 {
            return Err(DataError::parameter("labels", "at least 1 label", 0));
        }
        let pixels = Pixels::new(shape, pixels, n)?;
        if let Some((row, label)) = labels.iter().enumerate().find(|&(_, &label)| label >= k) {
            let found = format!("{label} in row {row}");
            return Err(DataError::parameter("labels", format!("each below {k}"), found));
        }
        Ok(Self { name: name.into(), classes, pixels, labels })
    }

    /// The name of the set: the file's name without extension, or the generator and its arguments.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// The number of images n.
    pub fn len(&self) -> usize {
        self.labels.len()
    }
    /// Whether the set has no images; only a [selection](Self::select) can be empty.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }
    /// Channels, height and width of every image; none is 0.
    pub fn shape(&self) -> [usize; 3] {
        self.pixels.shape()
    }
    /// The bytes of an image, counted from 0, channel after channel; empty for an image that does not exist.
    pub fn pixels(&self, row: usize) -> &[u8] {
        self.pixels.image(row)
    }
    /// The class of an image, counted from 0: an index into [`classes`](Self::classes).
    pub fn label(&self, row: usize) -> Option<usize> {
        self.labels.get(row).copied()
    }
    /// The names of the classes.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// The given images in the given order, under the same name. Images may repeat; those that do not exist are
    /// left out.
    pub fn select(&self, rows: &[usize]) -> Self {
        let labels = rows.iter().filter_map(|&row| self.label(row)).collect();
        let (name, classes) = (self.name.clone(), self.classes.clone());
        Self { name, classes, pixels: self.pixels.select(rows), labels }
    }

    /// A fingerprint of names, shape, labels and pixels for provenance, the same on every machine: CRC-64/XZ.
    ///
    /// It detects accidental differences, not forgeries. Cost O(n·channels·height·width).
    pub fn digest(&self) -> u64 {
        let [channels, height, width] = self.shape();
        let sizes = [self.len(), channels, height, width, self.classes.len()];
        let mut crc = Digest::new(&sizes, std::iter::once(&self.name).chain(&self.classes));
        for &label in &self.labels {
            crc.update(&(label as u64).to_le_bytes());
        }
        crc.update(self.pixels.bytes());
        crc.finalize()
    }

    /// Mean and standard deviation of x = byte/255 in each channel, over all N = n·height·width pixels of it:
    /// (x − mean)/deviation is the usual input of a network.
    ///
    /// The divisor is N: √(Σ(x − mean)²/N). The sums are of integers, so that no order of rows changes a bit. A
    /// channel of one colour has the deviation 0; without images all are 0. Cost O(N·channels).
    pub fn channel_statistics(&self) -> (Vec<f64>, Vec<f64>) {
        self.pixels.channel_statistics()
    }
}

impl fmt::Debug for Images {
    /// Name and dimensions: the bytes themselves would fill screens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Images")
            .field("name", &self.name)
            .field("len", &self.len())
            .field("shape", &self.shape())
            .field("classes", &self.classes.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use perturb::data::numbered;

    fn small() -> Images {
        let pixels = (0..24).map(|i| 10 * i).collect();
        Images::new("small", [2, 2, 3], numbered("c", 3), pixels, vec![2, 0]).unwrap()
    }

    #[test]
    fn images_can_be_read_and_selected() {
        let images = small();
        assert_eq!((images.len(), images.shape(), images.is_empty()), (2, [2, 2, 3], false));
        assert_eq!((images.pixels(1)[0], images.pixels(1).len()), (120, 12));
        assert_eq!([0, 1, 2, usize::MAX].map(|row| images.label(row)), [Some(2), Some(0), None, None]);
        assert!(images.pixels(2).is_empty() && images.pixels(usize::MAX).is_empty());
        let twice = images.select(&[1, 7, 0, 1]);
        assert_eq!((twice.len(), twice.pixels(0), twice.label(1)), (3, images.pixels(1), Some(2)));
        assert_eq!((twice.name(), twice.classes()), (images.name(), images.classes()));
        assert_eq!(images.select(&[0, 1]), images);
        assert!(images.select(&[]).is_empty());
        assert!(!format!("{images:?}").contains("120"));
    }

    #[test]
    fn what_is_no_set_of_images_is_refused() {
        let new = |shape, k, pixels: usize, labels: &[usize]| {
            Images::new("bad", shape, numbered("c", k), vec![0; pixels], labels.to_vec())
                .unwrap_err()
                .to_string()
        };
        let shape =
            "shape: expected channels, height and width of at least 1, whose product fits into memory";
        assert_eq!(new([3, 0, 2], 2, 0, &[0]), format!("{shape}, found [3, 0, 2]"));
        let half = 1 << (usize::BITS / 2);
        assert!(new([half, half, 2], 2, 0, &[0]).starts_with(shape));
        assert_eq!(new([1, 1, 1], 1, 1, &[0]), "classes: expected at least 2 classes, found 1");
        assert_eq!(new([1, 1, 1], 2, 0, &[]), "labels: expected at least 1 label, found 0");
        for bytes in [0, 3, 4, 6, 12] {
            let found = new([1, 2, 2], 2, bytes, &[0, 1]);
            assert_eq!(found, format!("pixels: expected 2 images of 4 bytes, found {bytes} bytes"));
        }
        assert_eq!(new([1, 1, 1], 2, 3, &[1, 0, 2]), "labels: expected each below 2, found 2 in row 2");
    }

    #[test]
    fn statistics_are_those_of_the_definition() {
        let images = small();
        let (means, deviations) = images.channel_statistics();
        for (channel, (mean, deviation)) in means.iter().zip(&deviations).enumerate() {
            let x: Vec<f64> = (0..2)
                .flat_map(|row| images.pixels(row)[6 * channel..6 * channel + 6].to_vec())
                .map(|byte| f64::from(byte) / 255.0)
                .collect();
            let want = x.iter().sum::<f64>() / 12.0;
            let variance = x.iter().map(|x| (x - want) * (x - want)).sum::<f64>() / 12.0;
            assert!((mean - want).abs() < 1e-15 && (deviation - variance.sqrt()).abs() < 1e-15);
        }
        assert_eq!(images.select(&[1, 0]).channel_statistics(), (means, deviations));
        assert_eq!(images.select(&[]).channel_statistics(), (vec![0.0; 2], vec![0.0; 2]));
        let white = Images::new("white", [1, 1, 2], numbered("c", 2), vec![255; 6], vec![0; 3]).unwrap();
        assert_eq!(white.channel_statistics(), (vec![1.0], vec![0.0]));
    }

    #[test]
    fn digests_tell_sets_apart_and_never_change() {
        let new = |name: &str, shape, pixels: [u8; 4], labels: &[usize]| {
            Images::new(name, shape, numbered("c", 2), pixels.to_vec(), labels.to_vec()).unwrap().digest()
        };
        let first = new("s", [1, 1, 2], [1, 2, 3, 4], &[0, 1]);
        // From a bitwise CRC-64/XZ in Python.
        assert_eq!(first, 0x8F3B_A95C_E855_8FF5);
        for other in [
            new("t", [1, 1, 2], [1, 2, 3, 4], &[0, 1]),
            new("s", [1, 2, 1], [1, 2, 3, 4], &[0, 1]),
            new("s", [1, 1, 2], [1, 2, 4, 3], &[0, 1]),
            new("s", [1, 1, 2], [1, 2, 3, 4], &[1, 0]),
            new("s", [1, 2, 2], [1, 2, 3, 4], &[0]),
        ] {
            assert_ne!(first, other);
        }
    }
}

//! The fixed part of a model file.

use super::error::invalid;
use super::{CHECKSUM, MAGIC, ModelFileError, VERSION};

/// The length of the header in bytes.
pub(super) const HEADER: usize = 32;

/// What the first 32 bytes say.
pub(super) struct Header {
    pub(super) features: usize,
    pub(super) scores: usize,
    pub(super) epsilon: f32,
    pub(super) noise: u8,
    pub(super) oracle: u8,
    /// The length of the weights, the bias, the metadata, and the whole file, in bytes.
    pub(super) weights: usize,
    pub(super) bias: usize,
    pub(super) metadata: usize,
    pub(super) file: usize,
}

impl Header {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, ModelFileError> {
        let header = bytes
            .first_chunk::<HEADER>()
            .ok_or_else(|| invalid("length", format!("at least {HEADER} bytes"), bytes.len()))?;
        let [m0, m1, m2, m3, m4, m5, m6, m7, rest @ ..] = *header;
        let magic = [m0, m1, m2, m3, m4, m5, m6, m7];
        if magic != MAGIC {
            return Err(invalid("magic", "the bytes `PERTURB\\0`", format!("`{}`", magic.escape_ascii())));
        }
        let [version, features, scores, epsilon, kinds, metadata] = [0, 1, 2, 3, 4, 5]
            .map(|i| rest.as_chunks::<4>().0.get(i).copied().unwrap_or_default())
            .map(u32::from_le_bytes);
        if version != VERSION {
            return Err(invalid("format version", VERSION.to_string(), version));
        }
        let [noise, oracle, zeros @ ..] = kinds.to_le_bytes();
        if zeros != [0, 0] {
            return Err(invalid("bytes 26 and 27", "zeros", format!("{zeros:?}")));
        }
        // No overflow: a product of two u32 fits u64, the sums fit u128.
        let [d, k, m] = [features, scores, metadata].map(u128::from);
        let file = HEADER as u128 + 4 * (d + 1) * k + m + CHECKSUM as u128;
        let too_large = |_| invalid("sizes", "a file that fits into memory", format!("{file} bytes"));
        let file = usize::try_from(file).map_err(too_large)?;
        let [features, scores, metadata] = [features, scores, metadata].map(|size| size as usize);
        for (what, size) in [("features", features), ("scores", scores)] {
            if size == 0 {
                return Err(invalid(what, "at least 1", size));
            }
        }
        let (weights, bias) = (4 * features * scores, 4 * scores);
        let epsilon = f32::from_bits(epsilon);
        Ok(Self { features, scores, epsilon, noise, oracle, weights, bias, metadata, file })
    }
}

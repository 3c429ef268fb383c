//! The fixed part of a model file.

use super::{CHECKSUM, OracleKind};
use crate::{AnyNoise, Error, error};

const MAGIC: [u8; 8] = *b"PERTURB\0";
/// The version that is written.
const VERSION: u32 = 2;

/// What the first 32 bytes of a model file say.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ModelHeader {
    /// d, at least 1.
    pub features: u32,
    /// k, at least 1.
    pub scores: u32,
    /// ε, in the units of θ.
    pub epsilon: f32,
    /// The noise of the training.
    pub noise: AnyNoise,
    /// What decides on the scores.
    pub oracle: OracleKind,
    /// Whether the file has d [centres](super::ModelBytes::centres).
    pub centred: bool,
    /// The length of the metadata in bytes.
    pub metadata: u32,
}

impl ModelHeader {
    /// The length of the header in bytes.
    pub const LENGTH: usize = 32;

    /// The header at the start of `bytes`. Refuses what [`ModelBytes::parse`](super::ModelBytes::parse) would
    /// refuse of it.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        Ok(Self::parse_version(bytes)?.0)
    }

    /// The header, and the version of the format.
    pub(super) fn parse_version(bytes: &[u8]) -> Result<(Self, u32), Error> {
        let header = bytes.first_chunk::<{ Self::LENGTH }>().ok_or(Error::Length {
            parameter: "model file",
            expected: Self::LENGTH,
            found: bytes.len(),
        })?;
        let ([magic, words @ ..], _) = header.as_chunks::<8>() else {
            return Err(Error::Length { parameter: "model file", expected: Self::LENGTH, found: 0 });
        };
        let magic_is = if *magic == MAGIC { "PERTURB" } else { "something else" };
        error::check_equal("the magic", "PERTURB", magic_is)?;
        let mut words = words.as_flattened().as_chunks::<4>().0.iter().map(|&word| u32::from_le_bytes(word));
        let mut next = || words.next().unwrap_or_default();
        let (version, features, scores) = (next(), next(), next());
        let (epsilon, kinds, metadata) = (f32::from_bits(next()), next(), next());
        error::check_range("format version", version as usize, 1, VERSION as usize)?;
        let [noise, oracle, centred, zero] = kinds.to_le_bytes();
        let noise = AnyNoise::from_code(noise)?;
        let oracle = OracleKind::from_code(oracle)?;
        // Version 1 knows no centres.
        error::check_range("byte 26", centred.into(), 0, version as usize - 1)?;
        error::check_range("byte 27", zero.into(), 0, 0)?;
        let header = Self { features, scores, epsilon, noise, oracle, centred: centred == 1, metadata };
        header.check()?;
        Ok((header, version))
    }

    /// The bytes that [`parse`](Self::parse) reads.
    pub fn to_bytes(self) -> [u8; Self::LENGTH] {
        let kinds = u32::from_le_bytes([self.noise.code(), self.oracle as u8, self.centred.into(), 0]);
        let words = [VERSION, self.features, self.scores, self.epsilon.to_bits(), kinds, self.metadata];
        let mut bytes = [0; Self::LENGTH];
        let (magic, rest) = bytes.split_at_mut(MAGIC.len());
        magic.copy_from_slice(&MAGIC);
        for (place, word) in rest.as_chunks_mut::<4>().0.iter_mut().zip(words) {
            *place = word.to_le_bytes();
        }
        bytes
    }

    /// Refuses sizes of 0, a file longer than memory, and a temperature that is not positive.
    pub fn check(&self) -> Result<(), Error> {
        for (parameter, size) in [("features", self.features), ("scores", self.scores)] {
            error::check_range(parameter, size as usize, 1, u32::MAX as usize)?;
        }
        error::check_positive("epsilon", self.epsilon)?;
        self.file_length()?;
        Ok(())
    }

    /// The length of the weights in bytes.
    pub(super) fn weights(&self) -> usize {
        4 * self.features as usize * self.scores as usize
    }
    /// The length of the bias in bytes.
    pub(super) fn bias(&self) -> usize {
        4 * self.scores as usize
    }

    /// The length of the centres in bytes.
    pub(super) fn centres(&self) -> usize {
        if self.centred { 8 * self.features as usize } else { 0 }
    }

    /// The length of the whole file in bytes.
    pub fn file_length(&self) -> Result<usize, Error> {
        let [d, k, m] = [self.features, self.scores, self.metadata].map(|size| size as usize);
        let centres = if self.centred { d.checked_mul(8) } else { Some(0) };
        d.checked_add(1)
            .and_then(|rows| {
                let numbers = rows.checked_mul(4)?.checked_mul(k)?.checked_add(centres?)?;
                numbers.checked_add(Self::LENGTH + CHECKSUM)?.checked_add(m)
            })
            .filter(|&length| isize::try_from(length).is_ok())
            .ok_or(Error::Overflow { quantity: "the model file's length" })
    }
}

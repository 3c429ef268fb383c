//! The fixed part of a model file.

use super::{CHECKSUM, OracleKind};
use crate::{AnyNoise, Error, error};

const MAGIC: [u8; 8] = *b"PERTURB\0";
/// The latest version.
const VERSION: u32 = 3;

/// What the first 32 bytes of a model file say, or 40 of version 3.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ModelHeader {
    /// d, at least 1.
    pub features: u32,
    /// k, at least 1; 0 where weights are shared: there are as many scores as options.
    pub scores: u32,
    /// ε, in the units of θ.
    pub epsilon: f32,
    /// The noise of the training.
    pub noise: AnyNoise,
    /// What decides on the scores.
    pub oracle: OracleKind,
    /// What the oracle needs beside the number of scores: how many a [top-k](OracleKind::TopK) picks; 0 of others.
    pub parameter: u32,
    /// Whether one vector of d weights scores every option by features of its own, θ = Φw; else θ = Wx + b.
    pub shared: bool,
    /// Whether the file has d [centres](super::ModelBytes::centres).
    pub centred: bool,
    /// The length of the metadata in bytes.
    pub metadata: u32,
}

impl ModelHeader {
    /// The most bytes that a header has.
    pub const LENGTH: usize = 40;
    /// The bytes of versions 1 and 2.
    const SHORT: usize = 32;

    /// The header at the start of `bytes`. Refuses what [`ModelBytes::parse`](super::ModelBytes::parse) would
    /// refuse of it.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        Ok(Self::parse_version(bytes)?.0)
    }

    /// The header, and the version of the format.
    pub(super) fn parse_version(bytes: &[u8]) -> Result<(Self, u32), Error> {
        let too_short = |expected| Error::Length { parameter: "model file", expected, found: bytes.len() };
        let header = bytes.first_chunk::<{ Self::SHORT }>().ok_or(too_short(Self::SHORT))?;
        let ([magic, words @ ..], _) = header.as_chunks::<8>() else { return Err(too_short(Self::SHORT)) };
        let magic_is = if *magic == MAGIC { "PERTURB" } else { "something else" };
        error::check_equal("the magic", "PERTURB", magic_is)?;
        let mut words = words.as_flattened().as_chunks::<4>().0.iter().map(|&word| u32::from_le_bytes(word));
        let mut next = || words.next().unwrap_or_default();
        let (version, features, scores) = (next(), next(), next());
        let (epsilon, kinds, metadata) = (f32::from_bits(next()), next(), next());
        error::check_range("format version", version as usize, 1, VERSION as usize)?;
        let [noise, oracle, centred, shared] = kinds.to_le_bytes();
        let noise = AnyNoise::from_code(noise)?;
        // Before version 3 there are three oracles, and no shared weights; before 2, no centres.
        let latest = version == VERSION;
        let oracle = OracleKind::from_code(oracle, latest)?;
        error::check_range("byte 27", shared.into(), 0, latest.into())?;
        error::check_range("byte 26", centred.into(), 0, (version > 1 && shared == 0).into())?;
        let (centred, shared, mut parameter) = (centred == 1, shared == 1, 0);
        if latest {
            let (_, rest) = bytes.split_first_chunk::<{ Self::SHORT }>().unwrap_or((header, &[]));
            let rest = rest.first_chunk().ok_or(too_short(Self::LENGTH))?;
            let rest = u64::from_le_bytes(*rest);
            parameter = rest as u32;
            error::check_range("bytes 36 to 39", (rest >> 32) as usize, 0, 0)?;
        }
        let header = Self { features, scores, epsilon, noise, oracle, parameter, shared, centred, metadata };
        header.check()?;
        Ok((header, version))
    }

    /// The version that is written: 2, which older readers know, where it can say what the header says, else 3.
    pub const fn version(&self) -> u32 {
        if self.shared || self.oracle as u8 > OracleKind::Hypercube as u8 { VERSION } else { 2 }
    }

    /// The length of the header in bytes, of a file that is written: 32 of version 2, 40 of version 3.
    pub const fn length(&self) -> usize {
        Self::length_of(self.version())
    }

    pub(super) const fn length_of(version: u32) -> usize {
        if version == VERSION { Self::LENGTH } else { Self::SHORT }
    }

    /// The bytes that [`parse`](Self::parse) reads: the first [`length`](Self::length) of these.
    pub fn to_bytes(self) -> [u8; Self::LENGTH] {
        let mut bytes = [0; Self::LENGTH];
        self.write(&mut bytes);
        bytes
    }

    /// As many of the bytes as there is room for.
    pub(super) fn write(&self, bytes: &mut [u8]) {
        let magic = u64::from_le_bytes(MAGIC);
        let kinds = [self.noise.code(), self.oracle as u8, self.centred.into(), self.shared.into()];
        let words = [
            magic as u32,
            (magic >> 32) as u32,
            self.version(),
            self.features,
            self.scores,
            self.epsilon.to_bits(),
            u32::from_le_bytes(kinds),
            self.metadata,
            self.parameter,
            0,
        ];
        for (place, word) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(words) {
            *place = word.to_le_bytes();
        }
    }

    /// Refuses sizes of 0, a file longer than memory, a temperature that is not positive, and what a top-k cannot pick.
    pub fn check(&self) -> Result<(), Error> {
        let most = u32::MAX as usize;
        error::check_range("features", self.features as usize, 1, most)?;
        let (least, greatest) = if self.shared { (0, 0) } else { (1, most) };
        error::check_range("scores", self.scores as usize, least, greatest)?;
        let picks = if self.shared { most } else { self.scores as usize };
        let (least, greatest) = if self.oracle == OracleKind::TopK { (1, picks) } else { (0, 0) };
        error::check_range("parameter", self.parameter as usize, least, greatest)?;
        error::check_positive("epsilon", self.epsilon)?;
        self.file_length()?;
        Ok(())
    }

    /// The length of the weights in bytes.
    pub(super) fn weights(&self) -> usize {
        4 * self.features as usize * if self.shared { 1 } else { self.scores as usize }
    }
    /// The length of the bias in bytes.
    pub(super) fn bias(&self) -> usize {
        4 * self.scores as usize
    }

    /// The length of the centres in bytes.
    pub(super) fn centres(&self) -> usize {
        if self.centred { 8 * self.features as usize } else { 0 }
    }

    /// The length of the whole file in bytes, as it is written.
    pub fn file_length(&self) -> Result<usize, Error> {
        self.file_length_of(self.version())
    }

    /// The length of the whole file in bytes, of this version.
    pub(super) fn file_length_of(&self, version: u32) -> Result<usize, Error> {
        let [d, k, m] = [self.features, self.scores, self.metadata].map(|size| size as usize);
        let centres = if self.centred { d.checked_mul(8) } else { Some(0) };
        // d weights, or d + 1 columns of k.
        let (rows, columns) = if self.shared { (Some(d), 1) } else { (d.checked_add(1), k) };
        rows.and_then(|rows| {
            let numbers = rows.checked_mul(4)?.checked_mul(columns)?.checked_add(centres?)?;
            numbers.checked_add(Self::length_of(version) + CHECKSUM)?.checked_add(m)
        })
        .filter(|&length| isize::try_from(length).is_ok())
        .ok_or(Error::Overflow { quantity: "the model file's length" })
    }
}

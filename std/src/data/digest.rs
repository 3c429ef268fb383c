//! The fingerprint of a data set.

use std::fmt;

use crc::{CRC_64_XZ, Crc};
use perturb_core::Real;

use super::Dataset;

static CRC: Crc<u64> = Crc::<u64>::new(&CRC_64_XZ);

/// A fingerprint of data for provenance, the same on every machine: CRC-64/XZ.
///
/// It detects accidental differences, not forgeries.
///
/// ```
/// use perturb::data::Digest;
/// let mut digest = Digest::new(&[2], [&"greys".to_owned()]);
/// digest.update(&[9, 250]);
/// assert_eq!(digest.finalize(), 0xB16B_0D83_3A00_D3C3);
/// ```
#[derive(Clone)]
pub struct Digest(crc::Digest<'static, u64>);

impl Digest {
    /// A digest of sizes, as little-endian u64, and of names, each after its length.
    pub fn new<'a>(sizes: &[usize], names: impl IntoIterator<Item = &'a String>) -> Self {
        let mut digest = Self(CRC.digest());
        for &size in sizes {
            digest.update(&(size as u64).to_le_bytes());
        }
        for name in names {
            // The length first: "a", "bc" must differ from "ab", "c".
            digest.update(&(name.len() as u64).to_le_bytes());
            digest.update(name.as_bytes());
        }
        digest
    }
    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
    /// The fingerprint of all bytes.
    pub fn finalize(self) -> u64 {
        self.0.finalize()
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Digest").field(&self.clone().finalize()).finish()
    }
}

/// CRC-64/XZ over n, d and k, the names, and the numbers, features first, then ranks or other decisions, as little-endian f64; the
/// centres, if there are any; and the oracle, if it is no ranking.
pub(super) fn of<T: Real>(data: &Dataset<T>) -> u64 {
    let names = data.feature_names.iter().chain(&data.label_names);
    let sizes = [data.len(), data.features(), data.labels()];
    let mut crc = Digest::new(&sizes, std::iter::once(&data.name).chain(names));
    let ranked = data.is_ranking();
    let most = T::from_usize(data.labels() + 1);
    let ranks = data.targets.iter().map(|&y| if ranked { most - y } else { y });
    let centres = data.centres.iter().copied().filter(|_| data.centres.iter().any(|&c| c != 0.0));
    let numbers = data.features.iter().copied().chain(ranks).map(Real::to_f64);
    for x in numbers.chain(centres) {
        crc.update(&x.to_le_bytes());
    }
    if !ranked {
        crc.update(format!("{:?}", data.oracle).as_bytes());
    }
    crc.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(name: &str, x: f64) -> Dataset<f64> {
        let labels = vec!["a".into(), "b".into()];
        Dataset::from_ranks(name, vec!["x".into()], labels, vec![x], vec![2.0, 1.0]).unwrap()
    }

    #[test]
    fn digests_tell_sets_apart_and_never_change() {
        assert_eq!(set("s", 0.5).digest(), set("s", 0.5).digest());
        assert_ne!(set("s", 0.5).digest(), set("t", 0.5).digest());
        assert_ne!(set("s", 0.5).digest(), set("s", 0.25).digest());
        // From a bitwise CRC-64/XZ in Python; stored model files carry such values.
        assert_eq!(set("s", 0.5).digest(), GOLDEN);
    }

    const GOLDEN: u64 = 0x14ED_C336_2E69_680B;
}

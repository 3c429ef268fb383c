//! The fingerprint of a data set.

use crc::{CRC_64_XZ, Crc, Digest};
use perturb_core::Real;

use super::Dataset;

static CRC: Crc<u64> = Crc::<u64>::new(&CRC_64_XZ);

/// The beginning of every data set's fingerprint: its sizes as little-endian u64, and its names, each after its
/// length.
pub(super) fn begin<'a>(
    sizes: &[usize],
    names: impl IntoIterator<Item = &'a String>,
) -> Digest<'static, u64> {
    let mut crc = CRC.digest();
    for &size in sizes {
        crc.update(&(size as u64).to_le_bytes());
    }
    for name in names {
        // The length first: "a", "bc" must differ from "ab", "c".
        crc.update(&(name.len() as u64).to_le_bytes());
        crc.update(name.as_bytes());
    }
    crc
}

/// CRC-64/XZ over n, d and k, the names, and the numbers, features first, as little-endian f64.
pub(super) fn of<T: Real>(data: &Dataset<T>) -> u64 {
    let names = data.feature_names.iter().chain(&data.label_names);
    let sizes = [data.len(), data.features(), data.labels()];
    let mut crc = begin(&sizes, std::iter::once(&data.name).chain(names));
    for x in data.features.iter().chain(&data.targets) {
        crc.update(&x.to_f64().to_le_bytes());
    }
    crc.finalize()
}

/// CRC-64/XZ over how many numbers there are, as little-endian u64, and the numbers as little-endian f64.
pub(crate) fn of_numbers(numbers: &[f64]) -> u64 {
    let mut crc = CRC.digest();
    crc.update(&(numbers.len() as u64).to_le_bytes());
    for x in numbers {
        crc.update(&x.to_le_bytes());
    }
    crc.finalize()
}

/// CRC-64/XZ.
#[cfg(feature = "nn")]
pub(crate) fn of_bytes(bytes: &[u8]) -> u64 {
    CRC.checksum(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(name: &str, x: f64) -> Dataset<f64> {
        let labels = vec!["a".into(), "b".into()];
        Dataset::new(name, vec!["x".into()], labels, vec![x], vec![2.0, 1.0]).unwrap()
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

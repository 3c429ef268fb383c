//! Checkpoints: states of long work on disk, from which it resumes after an interruption.
//!
//! A checkpoint is written in full or not at all: to a temporary file, which is flushed and renamed. It contains the settings
//! that determine the result of the work, and work with other settings refuses it. A checksum detects every flipped bit.
//!
//! ```
//! use perturb::checkpoint::{self, Settings};
//! let folder = tempfile::tempdir()?;
//! let file = folder.path().join("work.checkpoint");
//! # #[derive(serde::Serialize)]
//! # struct Arguments { seed: u64 }
//! let settings = Settings::of("sum", &Arguments { seed: 7 })?;
//! assert_eq!(checkpoint::load::<u64>(&file, &settings)?, None);
//! checkpoint::save(&file, &settings, &42u64)?;
//! assert_eq!(checkpoint::load::<u64>(&file, &settings)?, Some(42));
//! let other = Settings::of("sum", &Arguments { seed: 8 })?;
//! let error = checkpoint::load::<u64>(&file, &other).unwrap_err().to_string();
//! assert!(error.ends_with("has seed 7; this run has 8"), "{error}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Layout, little-endian: `PERTURBC`, the version 1 and the length of the settings as u32, the length of the state as u64; the
//! settings as JSON; the state as postcard writes it; the CRC-32 of all that.

use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use perturb_core::model_file::checksum;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::atomic;

const MAGIC: &[u8; 8] = b"PERTURBC";
const VERSION: u32 = 1;
const HEADER: usize = 24;
const CHECKSUM: usize = 4;

/// The settings that determine the result of some work, as text. Checkpoints of other settings are refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The kind of work.
    pub work: String,
    /// Names and values of the settings.
    pub values: Vec<(String, String)>,
}

impl Settings {
    /// Settings of `work`, and the version of this library.
    pub fn new<'a>(work: &str, values: impl IntoIterator<Item = (&'a str, String)>) -> Self {
        let version = ("version", env!("CARGO_PKG_VERSION").to_owned());
        let values = values.into_iter().chain([version]).map(|(name, value)| (name.to_owned(), value));
        Self { work: work.to_owned(), values: values.collect() }
    }

    /// Settings of `work` from the fields of the structure `arguments`, so that none can be forgotten. Mark fields that do not
    /// affect results by `#[serde(skip)]`.
    pub fn of<A: Serialize>(work: &str, arguments: &A) -> Result<Self, CheckpointError> {
        let text = serde_json::to_string(arguments);
        let fields = text.and_then(|text| serde_json::from_str::<Fields>(&text));
        let refused = |error: serde_json::Error| CheckpointError::Settings { reason: error.to_string() };
        let Fields(values) = fields.map_err(refused)?;
        Ok(Self::new(work, values.iter().map(|(name, value)| (name.as_str(), value.clone()))))
    }

    /// Adds a setting, as the first, or gives the one of this name another value, such as what a default turned out to be.
    #[must_use]
    pub fn with(mut self, name: &str, value: String) -> Self {
        match self.values.iter_mut().find(|(other, _)| other == name) {
            Some((_, old)) => *old = value,
            None => self.values.insert(0, (name.to_owned(), value)),
        }
        self
    }

    /// The first difference from `found`, as text.
    fn difference(&self, found: &Self) -> Option<String> {
        if self.work != found.work {
            return Some(format!("is of {}, expected {}", found.work, self.work));
        }
        let value = |of: &Self, name: &str| {
            of.values.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone())
        };
        for (name, _) in self.values.iter().chain(&found.values) {
            let (own, other) = (value(self, name), value(found, name));
            if own != other {
                let or_none = |value: Option<String>| value.unwrap_or_else(|| "none".into());
                return Some(format!("has {name} {}; this run has {}", or_none(other), or_none(own)));
            }
        }
        None
    }
}

/// The fields of a structure as text, in their order.
struct Fields(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Map;
        impl<'de> Visitor<'de> for Map {
            type Value = Fields;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a structure with fields")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Fields, M::Error> {
                let mut fields = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, serde_json::Value>()? {
                    fields.push((name, in_words(&value)));
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Map)
    }
}

/// A value as a user types it.
fn in_words(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => "none".into(),
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(items) => items.iter().map(in_words).collect::<Vec<_>>().join(", "),
        other => {
            let text = other.to_string();
            text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
        }
    }
}

/// Why a checkpoint could not be saved or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The system failed.
    #[error("cannot {action} {}: {source}", file.display())]
    Io {
        /// `read` or `write`.
        action: &'static str,
        /// The file.
        file: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The settings are not a structure of plain values.
    #[error("cannot save the settings: {reason}")]
    Settings {
        /// The fault.
        reason: String,
    },
    /// The file is damaged, or is a checkpoint of other work.
    #[error("{} {reason}", file.display())]
    Refused {
        /// The file.
        file: PathBuf,
        /// The fault, and what was expected.
        reason: String,
    },
}

/// Saves `state` to `file`, which is unchanged after any failure.
pub fn save<S: Serialize>(
    file: impl AsRef<Path>,
    settings: &Settings,
    state: &S,
) -> Result<(), CheckpointError> {
    let file = file.as_ref();
    let bytes = to_bytes(file, settings, state)?;
    let failed = |source| CheckpointError::Io { action: "write", file: file.to_owned(), source };
    atomic::write(file, &bytes).map_err(failed)
}

/// Loads the state that was saved with `settings`; `None` if the file does not exist. Reads no more than the length in the
/// header.
pub fn load<S: DeserializeOwned>(
    file: impl AsRef<Path>,
    settings: &Settings,
) -> Result<Option<S>, CheckpointError> {
    let file = file.as_ref();
    let failed = |source| CheckpointError::Io { action: "read", file: file.to_owned(), source };
    let refused = |reason: String| CheckpointError::Refused { file: file.to_owned(), reason };
    let mut input = match File::open(file) {
        Ok(input) => input,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mut bytes = Vec::new();
    input.by_ref().take(HEADER as u64).read_to_end(&mut bytes).map_err(failed)?;
    let (settings_length, state_length) = lengths(&bytes).map_err(refused)?;
    let rest = settings_length.saturating_add(state_length).saturating_add(CHECKSUM as u64 + 1);
    input.take(rest).read_to_end(&mut bytes).map_err(failed)?;
    from_bytes(file, &bytes, settings).map(Some)
}

/// The bytes that [`save`] writes. Errors name `file`.
pub fn to_bytes<S: Serialize>(
    file: &Path,
    settings: &Settings,
    state: &S,
) -> Result<Vec<u8>, CheckpointError> {
    encode(settings, state).map_err(|reason| CheckpointError::Refused { file: file.to_owned(), reason })
}

/// Reads the state from the bytes of a checkpoint that was saved with `settings`. Errors name `file`.
pub fn from_bytes<S: DeserializeOwned>(
    file: &Path,
    bytes: &[u8],
    settings: &Settings,
) -> Result<S, CheckpointError> {
    decode(bytes, settings).map_err(|reason| CheckpointError::Refused { file: file.to_owned(), reason })
}

/// Removes the unfinished files `.NAME.….partial` of interrupted saves of `file`; not those of a process that is saving
/// it, where the file system has locks.
pub fn clear_leftovers(file: impl AsRef<Path>) {
    atomic::clear(file.as_ref());
}

fn encode<S: Serialize>(settings: &Settings, state: &S) -> Result<Vec<u8>, String> {
    let settings =
        serde_json::to_vec(settings).map_err(|error| format!("cannot store its settings: {error}"))?;
    let state = postcard::to_stdvec(state).map_err(|error| format!("cannot store this state: {error}"))?;
    let length =
        u32::try_from(settings.len()).map_err(|_| "cannot store settings of this length".to_owned())?;
    let mut bytes = MAGIC.to_vec();
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend(length.to_le_bytes());
    bytes.extend((state.len() as u64).to_le_bytes());
    bytes.extend(settings);
    bytes.extend(state);
    bytes.extend(checksum(&bytes).to_le_bytes());
    Ok(bytes)
}

/// The lengths in a header.
fn lengths(bytes: &[u8]) -> Result<(u64, u64), String> {
    let too_short = || format!("has length {}; expected at least {HEADER}", bytes.len());
    let header: &[u8; HEADER] = bytes.first_chunk().ok_or_else(too_short)?;
    let [magic, sizes, state] =
        [0, 8, 16].map(|at| u64::from_le_bytes(std::array::from_fn(|i| header[at + i])));
    if magic.to_le_bytes() != *MAGIC {
        return Err("is not a perturb checkpoint (bad magic number)".into());
    }
    let version = sizes as u32;
    if version != VERSION {
        return Err(format!("has format version {version}; expected {VERSION}"));
    }
    Ok((sizes >> 32, state))
}

fn decode<S: DeserializeOwned>(bytes: &[u8], settings: &Settings) -> Result<S, String> {
    let (settings_length, state_length) = lengths(bytes)?;
    let expected = settings_length.saturating_add(state_length).saturating_add((HEADER + CHECKSUM) as u64);
    if bytes.len() as u64 != expected {
        return Err(format!("has length {}; expected {expected}", bytes.len()));
    }
    let (sealed, sum) = bytes.split_at(bytes.len() - CHECKSUM);
    let (computed, stored) =
        (checksum(sealed), sum.iter().rev().fold(0, |sum, &byte| sum << 8 | u32::from(byte)));
    if computed != stored {
        return Err(format!("is damaged: its checksum is {computed:08x}; expected {stored:08x}"));
    }
    let (found, state) = sealed[HEADER..].split_at(settings_length as usize);
    let found: Settings =
        serde_json::from_slice(found).map_err(|error| format!("has no readable settings: {error}"))?;
    if let Some(difference) = settings.difference(&found) {
        return Err(difference);
    }
    match postcard::take_from_bytes(state) {
        Ok((state, [])) => Ok(state),
        Ok((_, rest)) => Err(format!("has {} bytes after its state", rest.len())),
        Err(error) => Err(format!("contains another kind of state: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(epsilon: f64) -> Settings {
        Settings::new("training", [("epsilon", epsilon.to_string()), ("loss", "squared".into())])
    }

    type State = (Vec<f64>, Option<(f32, usize)>, String);

    fn state() -> State {
        (vec![0.1, -0.0, f64::MIN_POSITIVE, 1e300], Some((f32::MAX, 7)), "é".into())
    }

    fn refusal(bytes: &[u8]) -> String {
        decode::<State>(bytes, &settings(0.5)).unwrap_err()
    }

    #[test]
    fn states_come_back_bit_for_bit() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("c");
        assert!(load::<State>(&file, &settings(0.5)).unwrap().is_none());
        save(&file, &settings(0.5), &state()).unwrap();
        let back: State = load(&file, &settings(0.5)).unwrap().unwrap();
        assert_eq!(back, state());
        assert!(back.0[1].is_sign_negative());
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let bytes = encode(&settings(0.5), &state()).unwrap();
        for bit in 0..8 * bytes.len() {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(decode::<State>(&flipped, &settings(0.5)).is_err(), "bit {bit}");
        }
        for length in 0..bytes.len() {
            assert!(refusal(&bytes[..length]).starts_with("has length"), "{length}");
        }
        assert!(refusal(&[&bytes[..], b"!"].concat()).starts_with("has length"));
    }

    #[test]
    fn refusals_name_expectation_and_finding() {
        let other = encode(&settings(1.0), &state()).unwrap();
        assert_eq!(refusal(&other), "has epsilon 1; this run has 0.5");
        let more = Settings::new(
            "training",
            [("epsilon", "0.5".into()), ("loss", "squared".into()), ("x", "1".into())],
        );
        assert_eq!(refusal(&encode(&more, &state()).unwrap()), "has x 1; this run has none");
        let work = Settings::new("experiment", []);
        assert_eq!(refusal(&encode(&work, &state()).unwrap()), "is of experiment, expected training");
        let kind = encode(&settings(0.5), &(1u8, 2u8)).unwrap();
        assert!(refusal(&kind).contains("another kind of state"), "{}", refusal(&kind));
        let mut future = encode(&settings(0.5), &state()).unwrap();
        future[8] = 2;
        assert_eq!(refusal(&future), "has format version 2; expected 1");
        // A header that promises 2⁶⁴ bytes allocates nothing.
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("c");
        future[8] = 1;
        future[16..24].fill(0xFF);
        std::fs::write(&file, &future).unwrap();
        let error = load::<State>(&file, &settings(0.5)).unwrap_err().to_string();
        assert!(error.contains("has length"), "{error}");
    }
}

//! Trained models on disk: one small binary file with its provenance and a checksum.
//!
//! The format is the core's, [`perturb_core::model_file`], so that firmware can use a file where it lies; the metadata is
//! JSON of [`Provenance`].

mod error;
mod export;
mod origin;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::atomic;
use crate::decisions::Recipe;
use crate::inference::Estimates;

pub use error::ModelFileError;
use error::{invalid, io_error};
pub use perturb_core::AnyNoise;
pub use perturb_core::model_file::{ModelBytes, ModelHeader, OracleKind, checksum};

/// The origin of a model: what is needed to train it again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Provenance {
    /// The version of this library that trained the model.
    pub library_version: String,
    /// The seed of the training.
    pub seed: u64,
    /// The loss that was minimised.
    pub loss: String,
    /// The name of the data.
    pub data_name: String,
    /// The [digest](crate::data::Dataset::digest) of the data, in hexadecimal: JSON readers lose 64-bit numbers.
    pub data_digest: String,
    /// The names of the d features, or none.
    pub feature_names: Vec<String>,
    /// The names of the k labels, or none; of shared weights, of options that recur, or none.
    pub label_names: Vec<String>,
    /// Of picks among labels: the column that named the label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided: Option<String>,
    /// The command line that trained the model.
    pub command: String,
    /// Of shared weights: how the rows of a table become decisions, and the features of their options.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipe: Option<Recipe>,
    /// Of shared weights: the estimates in f64, with their uncertainty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimates: Option<Estimates>,
    /// Of shared weights: the [deviations](crate::decisions::Decisions::deviations) of the features within the decisions that the model
    /// learned from, or none. |w_k| times that of feature k says how much it moves scores.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deviations: Vec<f64>,
}

/// A model θ = W(x − c) + b, or θ = Φw of shared weights, with its oracle, noise and temperature. θ is a score to maximise.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelFile {
    /// d.
    pub features: usize,
    /// k; 0 of shared weights, which give as many scores as there are options.
    pub scores: usize,
    /// Whether the d weights are shared by all options, θ = Φw: [`SharedRef`](crate::SharedRef).
    pub shared: bool,
    /// W, one column of k scores a feature: the layout of [`AffineRef`](crate::AffineRef). w, if it is shared.
    pub weights: Vec<f32>,
    /// b; empty of shared weights.
    pub bias: Vec<f32>,
    /// c, subtracted from the features in f64: the [centres](crate::data::Dataset::centres) of the training's features; all 0
    /// where they are taken as they are, as those of shared weights are.
    pub centres: Vec<f64>,
    /// ε.
    pub epsilon: f32,
    /// The noise of the training.
    pub noise: AnyNoise,
    /// The oracle that decides on the scores.
    pub oracle: OracleKind,
    /// How many a [top-k](OracleKind::TopK) picks; 0 of other oracles.
    pub parameter: u32,
    /// The origin of the model.
    pub provenance: Provenance,
}

impl ModelFile {
    /// The file's bytes. Refuses what [`from_bytes`](Self::from_bytes) would refuse.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ModelFileError> {
        self.check()?;
        let metadata = serde_json::to_vec(&self.provenance)
            .map_err(|error| invalid("metadata", "text that JSON can hold", error))?;
        let size = |what, size: usize| {
            u32::try_from(size).map_err(|_| invalid(what, format!("at most {}", u32::MAX), size))
        };
        let header = ModelHeader {
            features: size("features", self.features)?,
            scores: size("scores", self.scores)?,
            epsilon: self.epsilon,
            noise: self.noise,
            oracle: self.oracle,
            parameter: self.parameter,
            shared: self.shared,
            centred: self.is_centred(),
            metadata: size("metadata", metadata.len())?,
        };
        header.check()?;
        let mut bytes = header.to_bytes().to_vec();
        bytes.truncate(header.length());
        bytes.extend(self.weights.iter().chain(&self.bias).flat_map(|x| x.to_le_bytes()));
        if header.centred {
            bytes.extend(self.centres.iter().flat_map(|c| c.to_le_bytes()));
        }
        bytes.extend(metadata);
        bytes.extend(checksum(&bytes).to_le_bytes());
        Ok(bytes)
    }

    /// A model from a file's bytes. Refuses, before it allocates, anything truncated, longer than its header
    /// says, damaged, of another version or kind, and numbers that are not finite. Without metadata, as a device stores
    /// a model, the provenance is empty.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelFileError> {
        let file = ModelBytes::parse(bytes)?;
        let header = file.header();
        let provenance = match file.metadata() {
            [] if header.oracle == OracleKind::Other => {
                return Err(invalid("metadata", "the oracle, which they alone describe", "none"));
            }
            [] => Provenance::default(),
            metadata => serde_json::from_slice(metadata)
                .map_err(|error| invalid("metadata", "the JSON of a provenance", error))?,
        };
        let model = Self {
            features: header.features as usize,
            scores: header.scores as usize,
            shared: header.shared,
            weights: file.weights().collect(),
            bias: file.bias().collect(),
            centres: if header.centred {
                file.centres().collect()
            } else {
                vec![0.0; header.features as usize]
            },
            epsilon: header.epsilon,
            noise: header.noise,
            oracle: header.oracle,
            parameter: header.parameter,
            provenance,
        };
        model.check()?;
        Ok(model)
    }

    /// Whether any feature has a centre that is not 0.
    pub fn is_centred(&self) -> bool {
        self.centres.iter().any(|&c| c != 0.0)
    }

    /// Saves the model: the file is there in full or, after any failure, as it was before.
    pub fn save(&self, file: impl AsRef<Path>) -> Result<(), ModelFileError> {
        let file = file.as_ref();
        atomic::write(file, &self.to_bytes()?).map_err(|source| io_error("write", file, source))
    }

    /// Loads a model; see [`from_bytes`](Self::from_bytes) for what is refused. Reads no further than the
    /// header promises.
    pub fn load(file: impl AsRef<Path>) -> Result<Self, ModelFileError> {
        let file = file.as_ref();
        let read = |source| io_error("read", file, source);
        let refused = |error| ModelFileError::Refused { file: file.to_owned(), source: Box::new(error) };
        let mut input = File::open(file).map_err(read)?;
        let mut bytes = Vec::new();
        input.by_ref().take(ModelHeader::LENGTH as u64).read_to_end(&mut bytes).map_err(read)?;
        let length = ModelHeader::parse(&bytes).and_then(|header| header.file_length());
        let length = length.map_err(|error| refused(error.into()))?;
        // What the header says, though its version be longer than is needed. Not all was read; more is too long.
        input.take(length as u64).read_to_end(&mut bytes).map_err(read)?;
        Self::from_bytes(&bytes).map_err(refused)
    }

    fn check(&self) -> Result<(), ModelFileError> {
        let length = |what, expected: usize, found: usize| {
            if expected == found { Ok(()) } else { Err(invalid(what, format!("{expected} entries"), found)) }
        };
        if self.features == 0 || self.shared != (self.scores == 0) {
            let found = format!("{} and {}", self.features, self.scores);
            let expected = if self.shared { "at least 1, and 0" } else { "at least 1 of each" };
            return Err(invalid("features and scores", expected, found));
        }
        let columns = if self.shared { 1 } else { self.scores };
        length("weights", self.features.saturating_mul(columns), self.weights.len())?;
        length("bias", self.scores, self.bias.len())?;
        length("centres", self.features, self.centres.len())?;
        if self.shared && self.is_centred() {
            let expected = "all 0 of shared weights, where a constant in all scores changes nothing";
            return Err(invalid("centres", expected, "others"));
        }
        for (what, names, expected) in [
            ("feature names", &self.provenance.feature_names, self.features),
            ("label names", &self.provenance.label_names, self.scores),
        ] {
            if !names.is_empty() && expected > 0 {
                length(what, expected, names.len())?;
            }
        }
        if let Some(recipe) = &self.provenance.recipe {
            length("terms of the recipe", self.features, recipe.terms.len())?;
        }
        if let Some(estimates) = &self.provenance.estimates {
            length("estimates", self.features, estimates.coefficients().len())?;
        }
        if !(self.epsilon > 0.0 && self.epsilon.is_finite()) {
            return Err(invalid("epsilon", "a finite number greater than 0", self.epsilon));
        }
        for (what, broken) in [
            ("weights", self.weights.iter().position(|x| !x.is_finite())),
            ("bias", self.bias.iter().position(|x| !x.is_finite())),
            ("centres", self.centres.iter().position(|x| !x.is_finite())),
        ] {
            if let Some(i) = broken {
                return Err(invalid(what, "finite numbers", format!("NaN or infinity at entry {i}")));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> ModelFile {
        ModelFile {
            features: 2,
            scores: 3,
            shared: false,
            weights: vec![0.5, -1.0, f32::MIN_POSITIVE, 3.0, -0.0, 1e30],
            bias: vec![0.0, 1.0, 2.0],
            centres: vec![0.0; 2],
            epsilon: 0.1,
            noise: AnyNoise::Normal,
            oracle: OracleKind::Ranking,
            parameter: 0,
            provenance: Provenance {
                library_version: "0.1.0".into(),
                seed: u64::MAX,
                label_names: vec!["é".into(), "\"b\"".into(), "c\n".into()],
                ..Provenance::default()
            },
        }
    }

    /// Picks two of however many options: version 3.
    fn shared() -> ModelFile {
        ModelFile {
            scores: 0,
            shared: true,
            weights: vec![0.5, -0.0],
            bias: vec![],
            oracle: OracleKind::TopK,
            parameter: 2,
            ..sample()
        }
    }

    fn refusal(bytes: &[u8]) -> String {
        ModelFile::from_bytes(bytes).unwrap_err().to_string()
    }

    #[test]
    fn models_come_back_as_they_were() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.perturb");
        let other = |model| ModelFile { oracle: OracleKind::Other, ..model };
        let wide = ModelFile { oracle: OracleKind::TopK, parameter: 3, ..sample() };
        let shared_other = ModelFile { parameter: 0, ..other(shared()) };
        for (model, zero) in
            [(sample(), 4), (shared(), 1), (wide, 4), (other(sample()), 4), (shared_other, 1)]
        {
            model.save(&path).unwrap();
            let back = ModelFile::load(&path).unwrap();
            assert_eq!(back, model);
            assert!(back.weights[zero].is_sign_negative());
        }
    }

    /// The layout is a promise to firmware: these are its bytes, the checksum from Python's zlib.
    #[test]
    fn the_layout_is_fixed() {
        let bytes = sample().to_bytes().unwrap();
        let header = b"PERTURB\0\x02\0\0\0\x02\0\0\0\x03\0\0\0\xCD\xCC\xCC\x3D\x04\x01\0\0";
        assert_eq!(&bytes[..28], header);
        assert_eq!(&bytes[32..36], 0.5f32.to_le_bytes());
        assert_eq!(&bytes[60..64], 1.0f32.to_le_bytes());
        assert_eq!(&bytes[68..69], b"{");
        assert_eq!(bytes.len(), 68 + u32::from_le_bytes(bytes[28..32].try_into().unwrap()) as usize + 4);
        assert_eq!(bytes[bytes.len() - 4..], GOLDEN.to_le_bytes());
    }

    const GOLDEN: u32 = 0xE33B_3444;

    /// That of version 3: the whole file from Python's struct and zlib.
    #[test]
    fn the_layout_of_shared_weights_is_fixed() {
        let bare = shared().to_bare_bytes().unwrap();
        let header =
            b"PERTURB\0\x03\0\0\0\x02\0\0\0\0\0\0\0\xCD\xCC\xCC\x3D\x04\x04\0\x01\0\0\0\0\x02\0\0\0\0\0\0\0";
        assert_eq!(bare[..40], header[..]);
        assert_eq!(bare[40..48], [0.5f32.to_le_bytes(), (-0.0f32).to_le_bytes()].concat());
        assert_eq!(bare[48..], 0xDDC0_A8E4u32.to_le_bytes());
        let bytes = shared().to_bytes().unwrap();
        let metadata = u32::from_le_bytes(bytes[28..32].try_into().unwrap()) as usize;
        assert_eq!((bytes[48], bytes.len()), (b'{', 52 + metadata));
    }

    #[test]
    fn centres_come_back() {
        let model = ModelFile { centres: vec![0.0, 1.7e9 + 0.25], ..sample() };
        let bytes = model.to_bytes().unwrap();
        assert_eq!(bytes.len(), sample().to_bytes().unwrap().len() + 16);
        assert_eq!(ModelFile::from_bytes(&bytes).unwrap(), model);
        let bare = ModelFile::from_bytes(&model.to_bare_bytes().unwrap()).unwrap();
        assert_eq!(
            (bare.weights, bare.bias, bare.centres),
            (model.weights.clone(), model.bias.clone(), vec![0.0; 2])
        );
        for centre in [f64::NAN, f64::INFINITY] {
            assert!(ModelFile { centres: vec![0.0, centre], ..sample() }.to_bytes().is_err());
        }
    }

    /// Version 1 gave the best label of a ranking the least score.
    #[test]
    fn older_rankings_are_turned() {
        let turned = |numbers: &[f32]| numbers.iter().map(|x| -x).collect::<Vec<_>>();
        let old = ModelFile::from_bytes(&patched(8, &[1])).unwrap();
        assert_eq!((&old.weights, &old.bias), (&turned(&sample().weights), &turned(&sample().bias)));
        // Written again, it is of this version.
        assert_eq!(ModelFile::from_bytes(&old.to_bytes().unwrap()).unwrap(), old);
        // Of other decisions the largest score always was the best.
        let simplex = ModelFile { oracle: OracleKind::Simplex, ..sample() };
        let mut bytes = simplex.to_bytes().unwrap();
        bytes[8] = 1;
        let end = bytes.len() - 4;
        let sum = checksum(&bytes[..end]).to_le_bytes();
        bytes[end..].copy_from_slice(&sum);
        assert_eq!(ModelFile::from_bytes(&bytes).unwrap(), simplex);
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m");
        for bytes in [sample().to_bytes().unwrap(), shared().to_bytes().unwrap()] {
            for bit in 0..8 * bytes.len() {
                let mut flipped = bytes.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                assert!(ModelFile::from_bytes(&flipped).is_err(), "bit {bit}");
            }
            for length in 0..bytes.len() {
                assert!(refusal(&bytes[..length]).starts_with("model file has length"), "{length}");
            }
            let longer = [&bytes[..], b"!"].concat();
            assert!(refusal(&longer).starts_with("model file has length"));
            std::fs::write(&path, longer).unwrap();
            let error = ModelFile::load(&path).unwrap_err().to_string();
            assert!(error.contains("is no usable model file: model file has length"), "{error}");
        }
    }

    /// The sample with `bytes` at `offset`, and a checksum that fits.
    fn patched(offset: usize, patch: &[u8]) -> Vec<u8> {
        patched_of(&sample(), offset, patch)
    }

    fn patched_of(model: &ModelFile, offset: usize, patch: &[u8]) -> Vec<u8> {
        let mut bytes = model.to_bytes().unwrap();
        bytes.truncate(bytes.len() - 4);
        bytes[offset..offset + patch.len()].copy_from_slice(patch);
        bytes.extend(checksum(&bytes).to_le_bytes());
        bytes
    }

    #[test]
    fn refusals_name_expectation_and_finding() {
        for (offset, patch, want) in [
            (0, &b"\x89PNG"[..], "the magic is something else; expected PERTURB"),
            (8, &[4], "format version is 4; expected 1 to 3"),
            (12, &[0], "features is 0; expected 1 to 4294967295"),
            (20, &f32::NAN.to_le_bytes(), "epsilon must be finite and greater than 0"),
            (24, &[9], "noise code is 9; expected 1 to 4"),
            (25, &[0], "oracle code is 0; expected 1 to 3"),
            (26, &[2], "byte 26 is 2; expected 0 to 1"),
            (27, &[1], "byte 27 is 1; expected 0"),
            (32, &f32::NAN.to_le_bytes(), "weights[0] is NaN or infinite; every entry must be finite"),
            (68, b"[", "metadata: expected the JSON of a provenance"),
        ] {
            let found = refusal(&patched(offset, patch));
            assert!(found.starts_with(want), "{found}");
        }
        for (offset, patch, want) in [
            (8, &[2][..], "oracle code is 4; expected 1 to 3"),
            (16, &[1], "scores is 1; expected 0"),
            (25, &[5], "oracle code is 5; expected 1 to 4"),
            (25, &[1], "parameter is 2; expected 0"),
            (26, &[1], "byte 26 is 1; expected 0"),
            (27, &[0], "scores is 0; expected 1 to 4294967295"),
            (27, &[2], "byte 27 is 2; expected 0 to 1"),
            (32, &[0], "parameter is 0; expected 1 to 4294967295"),
            (39, &[1], "bytes 36 to 39 is 16777216; expected 0"),
            (44, &f32::NAN.to_le_bytes(), "weights[1] is NaN or infinite; every entry must be finite"),
            (48, b"[", "metadata: expected the JSON of a provenance"),
        ] {
            let found = refusal(&patched_of(&shared(), offset, patch));
            assert!(found.starts_with(want), "{found}");
        }
        // Nobody says what this one decides by.
        let mut other = patched(0, &[]);
        let bare =
            ModelHeader { metadata: 0, oracle: OracleKind::Other, ..ModelHeader::parse(&other).unwrap() };
        other = [&bare.to_bytes()[..], &other[32..68]].concat();
        other.extend(checksum(&other).to_le_bytes());
        assert!(refusal(&other).starts_with("metadata: expected the oracle"));
        // A file that promises 2⁶⁶ bytes, and one of 4 TiB: nothing is allocated for either.
        assert!(refusal(&patched(12, &[0xFF; 8])).starts_with("the model file's length is too large"));
        assert!(
            refusal(&patched(12, &[0xFF, 0xFF, 0, 0, 0xFF, 0xFF, 0xFF, 0]))
                .starts_with("model file has length")
        );
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m");
        std::fs::write(&path, patched(12, &[0xFF, 0xFF, 0, 0, 0xFF, 0xFF, 0xFF, 0])).unwrap();
        let error = ModelFile::load(&path).unwrap_err().to_string();
        assert!(error.contains("is no usable model file: model file has length"), "{error}");
        assert!(
            ModelFile::load(folder.path().join("none")).unwrap_err().to_string().starts_with("cannot read")
        );
    }

    #[test]
    fn models_that_could_not_be_loaded_are_not_saved() {
        let broken: [fn(&mut ModelFile); 10] = [
            |m| m.shared = true,
            |m| m.parameter = 1,
            |m| m.oracle = OracleKind::TopK,
            |m| m.scores = 0,
            |m| m.centres.truncate(1),
            |m| m.weights.truncate(5),
            |m| m.bias.push(0.0),
            |m| m.epsilon = 0.0,
            |m| m.bias[1] = f32::INFINITY,
            |m| m.provenance.feature_names.push("x".into()),
        ];
        for spoil in broken {
            let mut model = sample();
            spoil(&mut model);
            assert!(model.to_bytes().is_err());
        }
        let broken: [fn(&mut ModelFile); 6] = [
            |m| m.shared = false,
            |m| m.parameter = 0,
            |m| m.scores = 3,
            |m| m.bias.push(0.0),
            |m| m.weights.push(0.0),
            |m| m.centres[0] = 1.0,
        ];
        for spoil in broken {
            let mut model = shared();
            spoil(&mut model);
            assert!(model.to_bytes().is_err());
        }
        let refused = ModelFile { oracle: OracleKind::Other, ..sample() };
        for error in [
            refused.to_rust().unwrap_err(),
            refused.to_c_header("m").unwrap_err(),
            refused.to_bare_bytes().map(|_| ()).unwrap_err(),
        ] {
            let expected =
                "oracle: expected ranking, simplex, hypercube or top-k, found described in the metadata";
            assert!(error.to_string().starts_with(expected), "{error}");
        }
    }
}

//! Models as source code, for firmware that reads no files.

use std::fmt::Write;

use perturb_core::model_file;

use super::{ModelFile, ModelFileError, ModelHeader, invalid};

impl ModelFile {
    /// The model file without its centres and metadata, 36 + 4(d + 1)k bytes: what a device stores. Who uses it subtracts the
    /// centres from x, if there are any.
    pub fn to_bare_bytes(&self) -> Result<Vec<u8>, ModelFileError> {
        let bytes = self.to_bytes()?;
        let header = ModelHeader { centred: false, metadata: 0, ..ModelHeader::parse(&bytes)? };
        let mut bare = vec![0; header.file_length()?];
        model_file::write(header, self.weights.iter().chain(&self.bias).copied(), &mut bare)?;
        Ok(bare)
    }

    /// The model as Rust: a module's constants for its sizes and ε, and statics for weights, bias and the bare file, which
    /// [`AffineMut::load`](perturb_core::AffineMut::load) takes. The module has no dependencies, not even on `core`. Every
    /// number keeps its bits.
    ///
    /// ```
    /// # use perturb::model_file::{ModelFile, AnyNoise, OracleKind, Provenance};
    /// let model = ModelFile {
    ///     features: 1,
    ///     scores: 2,
    ///     weights: vec![0.5, -1.0],
    ///     bias: vec![0.0, 0.25],
    ///     centres: vec![0.0],
    ///     epsilon: 1.0,
    ///     noise: AnyNoise::Normal,
    ///     oracle: OracleKind::Ranking,
    ///     provenance: Provenance::default(),
    /// };
    /// let source = model.to_rust()?;
    /// assert!(source.contains("pub static WEIGHTS: [[f32; SCORES]; FEATURES] = [\n    [0.5, -1.0],\n];"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn to_rust(&self) -> Result<String, ModelFileError> {
        let file = self.to_bare_bytes()?;
        let mut source = self.origin("//");
        let (features, scores, epsilon) = (self.features, self.scores, self.epsilon);
        let _ = write!(
            source,
            "
/// The number of features, the length of x.
pub const FEATURES: usize = {features};
/// The number of scores, the length of θ = Wx + b. They are maximised: the best has the largest.
pub const SCORES: usize = {scores};
/// The temperature of the training.
pub const EPSILON: f32 = {epsilon:?};
/// W, one column of scores a feature.
{ALLOW}
pub static WEIGHTS: [[f32; SCORES]; FEATURES] = [
"
        );
        for column in self.weights.chunks(scores) {
            let _ = writeln!(source, "    {column:?},");
        }
        let _ = writeln!(source, "];\n/// b.\n{ALLOW}\npub static BIAS: [f32; SCORES] = {:?};", self.bias);
        if self.is_centred() {
            let _ = writeln!(
                source,
                "/// What is subtracted from the features, before they are rounded to f32: x is what was measured minus these.\n\
                 {ALLOW}\npub static CENTRES: [f64; FEATURES] = {:?};",
                self.centres
            );
        }
        let _ = writeln!(source, "/// The model file.\npub static FILE: [u8; {}] = [", file.len());
        write_bytes(&mut source, &file);
        source.push_str("];\n");
        Ok(source)
    }

    /// The model as a C99 header: `NAME_FEATURES`, `NAME_SCORES`, `NAME_EPSILON`, and the constants `name_weights`, `name_bias`
    /// and `name_file`, which `perturb_ranking_load` and similar functions take. `name` is an identifier: letters, digits and
    /// underscores, no digit first. Every number keeps its bits.
    pub fn to_c_header(&self, name: &str) -> Result<String, ModelFileError> {
        let letters = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !name.chars().all(letters) || name.chars().next().is_none_or(|first| first.is_ascii_digit()) {
            let expected = "letters, digits and underscores, no digit first";
            return Err(invalid("name", expected, format!("{name:?}")));
        }
        let file = self.to_bare_bytes()?;
        let upper = name.to_ascii_uppercase();
        let (features, scores, epsilon) = (self.features, self.scores, self.epsilon);
        let mut source = self.origin("//");
        let _ = write!(
            source,
            "
#ifndef {upper}_H
#define {upper}_H

// The number of features, the length of x.
#define {upper}_FEATURES {features}u
// The number of scores, the length of theta = Wx + b. They are maximised: the best has the largest.
#define {upper}_SCORES {scores}u
// The temperature of the training.
#define {upper}_EPSILON {epsilon:?}f
// W, one column of scores a feature.
static const float {name}_weights[{}] = {{
",
            self.weights.len()
        );
        for column in self.weights.chunks(scores) {
            write_floats(&mut source, column);
        }
        let _ = writeln!(source, "}};\n// b.\nstatic const float {name}_bias[{scores}] = {{");
        write_floats(&mut source, &self.bias);
        if self.is_centred() {
            let _ = writeln!(
                source,
                "}};\n// What is subtracted from the features, before they are rounded to float: x is what was measured minus these.\n\
                 static const double {name}_centres[{features}] = {{"
            );
            source.push_str("   ");
            for c in &self.centres {
                let _ = write!(source, " {c:?},");
            }
            source.push('\n');
        }
        let _ = writeln!(
            source,
            "}};\n// The model file.\nstatic const unsigned char {name}_file[{}] = {{",
            file.len()
        );
        write_bytes(&mut source, &file);
        source.push_str("};\n\n#endif\n");
        Ok(source)
    }

    /// Comments with the origin of the model. They are quoted, so that no name can break a line.
    fn origin(&self, comment: &str) -> String {
        let from = &self.provenance;
        let (oracle, noise) = (self.oracle.name(), self.noise.name());
        let mut lines = format!("{comment} A model that decides by {oracle}, trained under {noise} noise.\n");
        for (what, value) in [
            ("perturb", &from.library_version),
            ("command", &from.command),
            ("seed", &from.seed.to_string()),
            ("loss", &from.loss),
            ("data", &from.data_name),
            ("digest of the data", &from.data_digest),
            ("features", &from.feature_names.join(", ")),
            ("scores", &from.label_names.join(", ")),
        ] {
            if !value.is_empty() && !from.library_version.is_empty() {
                let _ = writeln!(lines, "{comment} {what}: {:?}", ascii(value));
            }
        }
        lines
    }
}

/// Numbers are what they are, however near to π.
const ALLOW: &str =
    "#[allow(clippy::approx_constant, clippy::unreadable_literal, clippy::excessive_precision)]";

/// `text` without what a compiler might read as more than text.
fn ascii(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii() && !c.is_ascii_control() && c != '\\' { c } else { '?' }).collect()
}

fn write_floats(source: &mut String, numbers: &[f32]) {
    source.push_str("   ");
    for x in numbers {
        let _ = write!(source, " {x:?}f,");
    }
    source.push('\n');
}

fn write_bytes(source: &mut String, bytes: &[u8]) {
    for line in bytes.chunks(16) {
        source.push_str("   ");
        for byte in line {
            let _ = write!(source, " 0x{byte:02X},");
        }
        source.push('\n');
    }
}

//! `perturb export`: writes models for firmware.

use std::io::IsTerminal;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use perturb::model_file::ModelFile;

use super::source::load_file;
use super::streams::{self, is_standard};
use super::{Common, Failure, ensure_distinct, usage};

/// Export a trained model to firmware, as bytes, Rust or C, or as JSON
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  perturb export --model votes.perturb --format rust --out src/votes.rs
  perturb export --model votes.perturb --format c --name votes --out votes.h
  perturb export --model votes.perturb --format bytes --out votes.bin")]
pub(crate) struct Export {
    /// Model file; - reads standard input
    #[arg(long, value_name = "FILE", default_value = "model.perturb")]
    model: PathBuf,
    /// Output format
    #[arg(long, value_enum)]
    format: Format,
    /// Prefix of C names: letters, digits and underscores [default: from the model's file name]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Output file [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// The model file without names and provenance: 36 + 4(d + 1)k bytes, or 44 + 4d of shared weights
    Bytes,
    /// A Rust module: names, sizes, epsilon, weights, bias, a view that scores and decides in flash, and the file's bytes
    Rust,
    /// A C99 header: names, sizes, epsilon, weights, bias, functions that score and decide, and the file's bytes
    C,
    /// Everything in the model file, for other programs
    Json,
}

impl Export {
    pub(crate) fn run(&self, _: &Common) -> Result<(), Failure> {
        if self.name.is_some() && self.format != Format::C {
            return Err(usage("--name applies to --format c only"));
        }
        if let Some(out) = &self.out {
            ensure_distinct(("--model", &self.model), ("--out", out))?;
        }
        streams::ensure_output(self.out.as_deref())?;
        let model = load_file(&self.model)?;
        let text = match self.format {
            Format::Bytes
                if self.out.as_deref().is_none_or(is_standard) && std::io::stdout().is_terminal() =>
            {
                return Err(usage("--format bytes writes binary data; name a file with --out"));
            }
            Format::Bytes if model.is_centred() => {
                let model = self.model.display();
                return Err(format!("{model}: --format bytes has no place for the centres of this model's features, which x is measured from; use --format rust or c").into());
            }
            Format::Bytes => model.to_bare_bytes()?,
            Format::Rust => model.to_rust()?.into_bytes(),
            Format::C => model.to_c_header(&self.name.clone().unwrap_or_else(|| self.stem()))?.into_bytes(),
            Format::Json => json(&model)?,
        };
        streams::write(self.out.as_deref(), &text)
    }

    /// The model's file name as an identifier.
    fn stem(&self) -> String {
        let stem = self.model.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let legal = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let name: String = stem.chars().map(legal).collect();
        if name.starts_with(|first: char| !first.is_ascii_digit()) { name } else { format!("model_{name}") }
    }
}

fn json(model: &ModelFile) -> Result<Vec<u8>, Failure> {
    let json = serde_json::json!({
        "features": model.features,
        "scores": model.scores,
        "shared": model.shared,
        "weights": model.weights,
        "bias": model.bias,
        "centres": model.centres,
        "epsilon": model.epsilon,
        "noise": model.noise.name(),
        "oracle": model.oracle.name(),
        "parameter": model.parameter,
        "provenance": model.provenance,
    });
    let mut text = serde_json::to_vec_pretty(&json)?;
    text.push(b'\n');
    Ok(text)
}

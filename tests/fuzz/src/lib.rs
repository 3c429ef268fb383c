//! Fuzz targets: ordinary functions of bytes that panic where a promise is broken.
//!
//! The same functions serve the driver of this package, which replays the corpus and mutations of it on a stable compiler, and
//! libFuzzer, which is guided by coverage. `README.md` beside says how to run them, add one, and reproduce a finding.
#![allow(clippy::missing_panics_doc, reason = "a panic is how a target tells its finding")]

pub mod check;
pub mod corpus;
pub mod estimators;
pub mod input;
pub mod mutate;
pub mod parsers;

/// A promise, and what tries to break it.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name.
    pub name: &'static str,
    /// Panics if the promise is broken by these bytes.
    pub run: fn(&[u8]),
    /// The longest input worth a try.
    pub longest: usize,
    /// The target whose [listed inputs](corpus::listed) it begins with: itself, or one of the same files.
    listed: &'static str,
    /// How many random inputs there are beside.
    random: usize,
}

/// A target of files, which random bytes are none of.
const fn reader(name: &'static str, run: fn(&[u8]), longest: usize) -> Target {
    Target { name, run, longest, listed: name, random: 0 }
}

/// A target that any bytes are an input of.
const fn target(name: &'static str, run: fn(&[u8]), longest: usize) -> Target {
    Target { name, run, longest, listed: name, random: 24 }
}

impl Target {
    const fn with_inputs_of(self, listed: &'static str) -> Self {
        Self { listed, ..self }
    }
}

/// All of them.
pub const TARGETS: &[Target] = &[
    reader("label_ranking", parsers::label_ranking, 256),
    reader("table", parsers::table, 256),
    reader("features", parsers::features, 256).with_inputs_of("table"),
    reader("stream", parsers::stream, 256).with_inputs_of("table"),
    reader("npy", parsers::npy, 256),
    reader("npz", parsers::npz, 1024),
    target("cifar10", parsers::cifar10, 256),
    target("maps", parsers::maps, 256),
    reader("model_file", parsers::model_file, 512),
    reader("checkpoint", parsers::checkpoint, 512),
    target("resume", estimators::resume, 256),
    target("exact", estimators::exact, 160),
    target("picks", estimators::picks, 160),
    target("paths", estimators::paths, 192),
    target("graphs", estimators::graphs, 192),
    target("packs", estimators::packs, 192),
    target("losses", estimators::losses, 192),
    target("batches", estimators::batches, 224),
    target("multiplicative", estimators::multiplicative, 160),
    target("training", estimators::training, 224),
    target("noises", estimators::noises, 96),
    target("metrics", estimators::metrics, 160),
];

/// The target of that name.
#[must_use]
pub fn target_named(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

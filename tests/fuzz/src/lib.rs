//! Fuzz targets: ordinary functions of bytes that panic where a promise is broken.
//!
//! The same functions serve the driver of this package, which replays the corpus and mutations of it on a stable compiler, and
//! libFuzzer, which is guided by coverage. `README.md` beside says how to run them, add one, and reproduce a finding.
#![allow(clippy::missing_panics_doc, reason = "a panic is how a target tells its finding")]

pub mod check;
pub mod estimators;
pub mod input;
pub mod mutate;
pub mod parsers;

/// A promise, and what tries to break it.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name, and that of its folder in `corpus`.
    pub name: &'static str,
    /// Panics if the promise is broken by these bytes.
    pub run: fn(&[u8]),
    /// The longest input worth a try.
    pub longest: usize,
}

const fn target(name: &'static str, run: fn(&[u8]), longest: usize) -> Target {
    Target { name, run, longest }
}

/// All of them.
pub const TARGETS: &[Target] = &[
    target("label_ranking", parsers::label_ranking, 256),
    target("table", parsers::table, 256),
    target("features", parsers::features, 256),
    target("npy", parsers::npy, 256),
    target("npz", parsers::npz, 1024),
    target("cifar10", parsers::cifar10, 256),
    target("maps", parsers::maps, 256),
    target("model_file", parsers::model_file, 512),
    target("checkpoint", parsers::checkpoint, 512),
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

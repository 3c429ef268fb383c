//! What package `perturb` adds to the core, and what goes through all of it.

mod affine;
mod any_layer;
mod batch;
mod chooser;
mod errors;
mod fuzz_findings;
mod inference;
mod instances;
mod levels;
mod lists;
mod robot;
mod specs;
mod training;

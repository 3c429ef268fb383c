#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]
//!
//! ---
//!
//! This crate adds the host's side to [`perturb_core`], whose items are all re-exported here: run-time sizes
//! ([`Dyn`]), batches on all cores ([`BatchExt`]), layers for networks, data, training and files.

mod any;
#[cfg(feature = "files")]
pub mod atomic;
mod batch;
#[cfg(feature = "files")]
pub mod checkpoint;
pub mod cross_validation;
pub mod data;
#[cfg(feature = "files")]
pub mod decisions;
pub mod inference;
pub mod layer;
pub mod metrics;
#[cfg(feature = "files")]
pub mod model_file;
mod share;
mod sizes;
pub mod threads;
pub mod train;

pub use any::{AnyLayer, AnyOracle, AnyReal, LayerSpec, OracleSpec, Question};
pub use batch::{Batch, BatchExt, BatchWorkspace, RowError};
pub use perturb_core::*;
pub use sizes::{Dyn, DynRect};

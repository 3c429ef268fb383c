//! Turns discrete decisions into layers that learn by gradient descent: batches, data, training and
//! experiments around [`perturb_core`], whose items are all re-exported here.

mod atomic;
mod batch;
pub mod cross_validation;
pub mod data;
pub mod experiment;
pub mod metrics;
pub mod model_file;
pub mod report;
mod shape;
pub mod train;

pub use batch::{Batch, BatchExt, PerRow, RowError};
pub use perturb_core::*;
pub use shape::Dyn;

//! Turns discrete decisions into layers that learn by gradient descent: batches, data, training and
//! experiments around [`perturb_core`], whose items are all re-exported here.

mod atomic;
pub mod data;
pub mod metrics;
pub mod model_file;
pub mod report;
mod shape;

pub use perturb_core::*;
pub use shape::Dyn;

//! Layers chosen at run time.

mod batched;
mod custom;
mod layer;
mod oracle;
mod spec;

pub use layer::{AnyLayer, AnyReal, Question};
pub use oracle::AnyOracle;
pub use spec::{LayerSpec, OracleSpec};

//! What lies behind the value of the Fenchel–Young loss: Ω, and the way back from decisions to scores.

mod dual;
mod mirror;

pub(crate) use dual::{by_dual, omega_by_dual};
pub use mirror::Inverse;

//! The noises: what they draw, and what they know of themselves.

mod draws;
mod laws;

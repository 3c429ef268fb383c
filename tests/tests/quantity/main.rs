//! What is asked of a layer: derivatives, and identities between values, maximizers and Jacobians.

mod derivatives;
mod identities;
mod stack;

//! What is asked of a layer.

pub(crate) mod derivatives;
pub(crate) mod identities;

//! What noises draw.

pub(crate) mod draws;

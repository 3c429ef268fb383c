#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]

mod affine;
pub mod closed_form;
#[doc(hidden)]
pub mod engine;
mod error;
mod fenchel_young;
mod graph;
pub mod loss;
pub mod method;
pub mod model_file;
mod multiplicative;
pub mod noise;
pub mod oracle;
mod perturbed;
pub mod quantity;
mod real;
mod seed;
pub mod shape;
mod shared;
mod sort;
mod step;
mod vector;

#[cfg(feature = "nalgebra")]
pub use affine::Affine;
pub use affine::{AffineMut, AffineRef};
pub use closed_form::ClosedForm;
pub use error::Error;
pub use graph::Graph;
pub use method::{Exact, How, Method, MonteCarlo, Single};
pub use multiplicative::Multiplicative;
pub use noise::{AnyNoise, Gumbel, Laplace, Logistic, Noise, Normal};
pub use oracle::{
    Assignment, BlackBox, DagPath, Flow, GridPath, GroupTopK, Hypercube, Knapsack, Oracle, Ranking,
    ShortestPath, Simplex, SpanningTree, TopK, Tour,
};
pub use perturbed::Perturbed;
pub use quantity::Quantity;
pub use real::Real;
pub use seed::Seed;
pub use shape::{Const, Plane, Rect, Shape, UpTo};
pub use shared::{SharedMut, SharedRef};

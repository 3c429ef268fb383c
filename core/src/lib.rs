#![no_std]
#![doc = include_str!("../README.md")]

mod affine;
mod elementary;
mod error;
pub mod estimator;
mod evaluate;
pub mod exact;
mod fenchel_young;
mod graph;
pub mod lanes;
pub mod loss;
pub mod model_file;
mod monte_carlo;
mod multiplicative;
mod noise;
mod oracle;
mod perturbed;
mod real;
mod seed;
mod shape;
mod sort;

pub use affine::{Affine, descend, scores};
pub use error::Error;
pub use estimator::Estimator;
pub use evaluate::{Array, Asked, Evaluate, Expectation, Matrix};
pub use exact::{Cheapest, ClosedForm, Exact, ExactMemory};
pub use fenchel_young::{FenchelYoung, Inverse};
pub use graph::{Edge, Graph};
pub use monte_carlo::{BLOCK, Control, Draws, MonteCarlo, Scratch, Variance, WithError};
pub use multiplicative::Multiplicative;
pub use noise::{Gumbel, Laplace, Law, Logistic, Noise, Normal, Race, SmoothNoise};
pub use oracle::{
    Assignment, AssignmentWork, BlackBox, BlackBoxWork, DagPath, EdgeLabel, Fallible, Flow, Function,
    GridPath, GridPathWork, GroupTopK, Hypercube, Knapsack, Linear, Maximize, Minimize, NegativeCost,
    Neighbours, Offset, OffsetOf, Oracle, Ranking, Sense, ShortestPath, ShortestPathWork, Simplex, Solver,
    SpanningTree, TopK, Tour, WithMemory,
};
pub use perturbed::{Outcomes, Perturbed};
pub use real::Real;
pub use seed::{Seed, Stream};
pub use shape::{Const, Grid, Plane, Rect, RectMatrix, Shape};

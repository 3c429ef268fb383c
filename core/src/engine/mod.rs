//! The engine behind samples: how draws are made, solved and added up, on a microcontroller and in the vectors of a host.
//!
//! Public for the other packages of this workspace alone, and not covered by any promise of stability: [`Estimate`] spreads the
//! blocks of one estimate over threads, and [`estimate_rows`] packs the samples of several rows into one group. What an oracle,
//! a noise or a quantity sees of the engine is one hidden method each, with a group as its argument.
//!
//! | file | what |
//! |---|---|
//! | `estimate` | an estimate from its check to its mean, block by block |
//! | `sampler` | the samples of a block, and which plan draws them |
//! | `sink` | where draws go |
//! | `side_by_side` | one group of samples, drawn and solved in lockstep |
//! | `rows` | groups that span rows of a batch |
//! | `group` | what oracles, noises and quantities see of a group |
//! | `race` | argmax under Gumbel noise, decided by exponential clocks |
//! | `centre` | scores so large that their noise would lose its digits |
//! | `memory` | the working memory of one thread |
//! | `lanes`, `codes`, `network`, `streams` | arithmetic, sort keys, sorting networks and generators in lanes |

mod centre;
pub(crate) mod codes;
mod estimate;
mod group;
pub(crate) mod lanes;
mod memory;
pub(crate) mod network;
#[cfg(feature = "quasi-random")]
mod quasi_random;
mod race;
mod rows;
mod sampler;
mod side_by_side;
mod sink;
mod streams;

pub use centre::Centre;
pub use estimate::{Estimate, Ready};
pub use group::{Column, DrawGroup, GroupMemory, NoiseGroup, SolveGroup, Wanted};
pub use lanes::LANES;
pub use memory::Memory;
#[cfg(feature = "quasi-random")]
pub(crate) use quasi_random::draw_quasi_random;
pub use rows::{LEAST_SAMPLES, estimate_rows, spans_rows};
pub(crate) use sampler::silence;
pub(crate) use sink::{Drawn, Sink};
pub use streams::{Lane, Streams};

//! Estimators, oracles, losses and training, with numbers from outside.

mod batches;
mod exact;
mod graphs;
mod layer;
mod losses;
mod metrics;
mod multiplicative;
mod noises;
mod packs;
mod paths;
mod picks;
mod training;

pub use batches::batches;
pub use exact::exact;
pub use graphs::graphs;
pub use losses::losses;
pub use metrics::metrics;
pub use multiplicative::multiplicative;
pub use noises::noises;
pub use packs::packs;
pub use paths::paths;
pub use picks::picks;
pub use training::{resume, training};

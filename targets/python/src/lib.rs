//! The compiled part of the Python package `perturbed`: layers of `perturb` over arrays of numpy.

mod arguments;
mod black_box;
mod decisions;
mod error;
mod estimates;
mod layer;
mod method;
mod metrics;
mod model_file;
mod pool;
mod question;
mod table;
mod training;

/// The compiled part of `perturbed`; import that.
#[pyo3::pymodule]
mod _perturbed {
    #[pymodule_export]
    use super::decisions::Decisions;
    #[pymodule_export]
    use super::error::PerturbedError;
    #[pymodule_export]
    use super::estimates::{Estimates, elasticities, estimate, estimate_scores, estimates_at};
    #[pymodule_export]
    use super::layer::{Layer, check_oracle};
    #[pymodule_export]
    use super::method::{Cheapest, Exact, MonteCarlo};
    #[pymodule_export]
    use super::metrics::{average_precision, kendall, ndcg, spearman};
    #[pymodule_export]
    use super::model_file::ModelFile;
    #[pymodule_export]
    use super::pool::{get_num_threads, set_num_threads};
    #[pymodule_export]
    use super::training::{descend, train};
}

//! The compiled part of the Python package `perturbed`: layers of `perturb` over arrays of numpy.

mod arguments;
mod black_box;
mod error;
mod layer;
mod method;
mod pool;
mod question;

/// The compiled part of `perturbed`; import that.
#[pyo3::pymodule]
mod _perturbed {
    #[pymodule_export]
    use super::error::PerturbedError;
    #[pymodule_export]
    use super::layer::{Layer, check_oracle};
    #[pymodule_export]
    use super::method::{Cheapest, Exact, MonteCarlo};
    #[pymodule_export]
    use super::pool::{get_num_threads, set_num_threads};
}

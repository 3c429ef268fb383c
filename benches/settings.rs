//! How long criterion measures.

use std::time::Duration;

use criterion::Criterion;

/// Short enough that all benches take a few minutes; for figures to be written down: `-- --measurement-time 5`.
pub(crate) fn short() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(300))
        .sample_size(20)
        .nresamples(2000)
}

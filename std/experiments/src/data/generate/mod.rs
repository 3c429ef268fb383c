//! Generated data, so that nothing has to be downloaded.
//!
//! Every generator is a function of its arguments: the same seed gives the same bits on every machine, and a
//! larger number of rows extends a smaller one. Numbers are drawn in `f64` and rounded to the requested type.
//!
//! In label ranking the label of the largest score is the best, so that the scores themselves are the θ that a perfect model
//! learns.

mod friedman;
mod paint;
mod shapes;
mod synthetic;
mod terrain;

use perturb::data::{DataError, Dataset, numbered};
use perturb::{Dyn, Oracle, Ranking, Real};

pub use friedman::friedman_ranking;
pub use shapes::textured_shapes;
pub use synthetic::{SyntheticRanking, synthetic_ranking};
pub use terrain::terrain;

/// A data set of `instances` rows; `row(i, x, scores)` writes the features and the scores of row i.
fn rank_rows<T: Real>(
    name: String,
    [instances, features, labels]: [usize; 3],
    mut row: impl FnMut(usize, &mut [f64], &mut [f64]),
) -> Result<Dataset<T>, DataError> {
    let mut all_features = reserve("instances", instances, features)?;
    let mut all_y = reserve("instances", instances, labels)?;
    let oracle = Ranking::<f64, _>::ascending(Dyn(labels))
        .map_err(|error| DataError::parameter("labels", error.to_string(), labels))?;
    let (mut x, mut scores, mut y) = (vec![0.0; features], vec![0.0; labels], vec![0.0; labels]);
    let mut work = oracle.work();
    for i in 0..instances {
        row(i, &mut x, &mut scores);
        oracle
            .solve(&scores, &mut y, &mut work)
            .map_err(|reason| DataError::parameter("labels", reason, labels))?;
        all_features.extend(x.iter().map(|&x| T::from_f64(x)));
        all_y.extend(y.iter().map(|&y| T::from_f64(y)));
    }
    Dataset::new(name, numbered("x", features), numbered("y", labels), all_features, all_y)
}

/// Memory for rows × width numbers, or the reason why it cannot be reserved.
fn reserve<T>(parameter: &'static str, rows: usize, width: usize) -> Result<Vec<T>, DataError> {
    let mut room = Vec::new();
    rows.checked_mul(width)
        .and_then(|len| room.try_reserve_exact(len).ok())
        .ok_or_else(|| DataError::parameter(parameter, "a size that fits into memory", rows))?;
    Ok(room)
}

/// At least `least`.
fn check_size(parameter: &'static str, found: usize, least: usize) -> Result<(), DataError> {
    if found >= least {
        return Ok(());
    }
    Err(DataError::parameter(parameter, format!("at least {least}"), found))
}

/// Finite and not negative: the size of a noise.
fn check_noise(parameter: &'static str, found: f64) -> Result<(), DataError> {
    if found >= 0.0 && found.is_finite() {
        return Ok(());
    }
    Err(DataError::parameter(parameter, "a finite number, at least 0", found))
}

//! Data: sets, readers, splits.
//!
//! θ is a score to maximise: the best label has the largest score, in training, in model files, on devices and in C. Ranks, where
//! 1 is the best, stand in files and in what is printed, and nowhere between: a [`Dataset`] turns them, once, into the decision
//! y = k + 1 − rank of [`Ranking::ascending`](crate::Ranking::ascending), k for the best label.

mod centre;
mod digest;
mod error;
#[cfg(feature = "files")]
pub mod frame;
pub mod label_ranking;
pub mod numpy;
#[cfg(feature = "files")]
mod records;
mod split;
#[cfg(feature = "files")]
pub mod stream;
#[cfg(feature = "files")]
pub mod table;
pub mod text;

use std::fmt;

use perturb_core::oracle::Location;
use perturb_core::{Oracle, Real, Shape};

use crate::{AnyOracle, OracleSpec};

pub use digest::Digest;
pub use error::{DataError, Place};
pub(crate) use split::draws;
pub use split::{Fold, folds, shuffle};

/// n rows of d features and of a decision on k labels, as a rule a ranking: one of the decisions that an [oracle](Self::oracle) can
/// make.
///
/// Every feature is finite, and every decision lies in the oracle's polytope, as far as that is certain; a ranking is a permutation of
/// 1..=k. The constructors and the readers refuse everything else.
///
/// ```
/// use perturb::data::Dataset;
/// let names = |names: [&str; 2]| names.map(String::from).to_vec();
/// let data = Dataset::from_ranks(
///     "votes",
///     names(["age", "income"]),
///     names(["left", "right"]),
///     vec![0.3, 1.0, -0.2, 0.4], // two rows of two features
///     vec![1.0, 2.0, 2.0, 1.0],  // two rows of two ranks, 1 = best
/// )?;
/// assert_eq!((data.len(), data.features(), data.labels()), (2, 2, 2));
/// assert_eq!((data.x(1), data.y(1)), (&[-0.2, 0.4][..], &[1.0, 2.0][..])); // right is the best
/// # Ok::<(), perturb::data::DataError>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Dataset<T> {
    name: String,
    oracle: OracleSpec,
    feature_names: Vec<String>,
    label_names: Vec<String>,
    features: Vec<T>,
    targets: Vec<T>,
    centres: Vec<f64>,
}

impl<T: Real> Dataset<T> {
    /// From features (n×d) and ranks (n×k, 1 = best), both row by row; d and k are the numbers of names.
    ///
    /// An error says what is refused: fewer than one row, one feature or two labels, a feature that is not finite, or a row that
    /// is not a permutation.
    pub fn from_ranks(
        name: impl Into<String>,
        feature_names: Vec<String>,
        label_names: Vec<String>,
        features: Vec<T>,
        ranks: Vec<T>,
    ) -> Result<Self, DataError> {
        let mut data = Self::new(name, feature_names, label_names, features, ranks)?;
        let most = T::from_usize(data.labels() + 1);
        for y in &mut data.targets {
            *y = most - *y;
        }
        Ok(data)
    }

    /// From features (n×d) and rankings y (n×k, k for the best label), both row by row; see [`from_ranks`](Self::from_ranks).
    pub fn new(
        name: impl Into<String>,
        feature_names: Vec<String>,
        label_names: Vec<String>,
        features: Vec<T>,
        targets: Vec<T>,
    ) -> Result<Self, DataError> {
        let reference = (1..=label_names.len()).map(|rank| rank as f64).collect();
        Self::of_oracle(
            name,
            OracleSpec::Ranking { reference },
            feature_names,
            label_names,
            features,
            targets,
        )
    }

    /// From features (n×d) and decisions y (n×k) of any oracle with k scores, both row by row: with
    /// [`OracleSpec::Simplex`] a 1 for the label that is picked and 0 elsewhere, with [`OracleSpec::DagPath`] a 1 for each edge of a
    /// route, and so on. An affine model's scores change sign, so that it rarely suits oracles whose costs must be positive:
    /// [`OracleSpec::GridPath`] and [`OracleSpec::ShortestPath`].
    ///
    /// An error says what is refused: fewer than one row, one feature or two labels, a feature that is not finite, what the oracle's
    /// constructor refuses, an oracle with another number of scores, or a row that is none of its decisions. Means of decisions are
    /// taken, too; of an [`OracleSpec::BlackBox`] all that is finite.
    ///
    /// ```
    /// use perturb::OracleSpec;
    /// use perturb::data::Dataset;
    /// let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    /// let (oracle, labels) = (OracleSpec::Simplex { dim: 3 }, names(&["walk", "ride", "drive"]));
    /// let data = Dataset::of_oracle("trips", oracle, names(&["km"]), labels, vec![0.4, 9.0], vec![1.0, 0.0, 0.0, 0.0, 0.0, 1.0])?;
    /// assert_eq!((data.len(), data.y(1)), (2, &[0.0, 0.0, 1.0][..])); // drive
    /// # Ok::<(), perturb::data::DataError>(())
    /// ```
    pub fn of_oracle(
        name: impl Into<String>,
        oracle: OracleSpec,
        feature_names: Vec<String>,
        label_names: Vec<String>,
        features: Vec<T>,
        targets: Vec<T>,
    ) -> Result<Self, DataError> {
        let (d, k) = (feature_names.len(), label_names.len());
        if d == 0 {
            return Err(DataError::parameter("feature_names", "at least 1 feature", 0));
        }
        if k < 2 {
            return Err(DataError::parameter("label_names", "at least 2 labels", k));
        }
        let n = targets.len() / k;
        if n == 0 || !targets.len().is_multiple_of(k) {
            let expected = format!("a positive multiple of {k} numbers");
            return Err(DataError::parameter("targets", expected, targets.len()));
        }
        // Division, not multiplication: n·d may overflow where the vectors cannot be that long.
        if !features.len().is_multiple_of(d) || features.len() / d != n {
            let expected = format!("{n} rows of {d} features");
            return Err(DataError::parameter("features", expected, format!("{} numbers", features.len())));
        }
        if let Some(i) = features.iter().position(|x| !x.is_finite()) {
            let found = format!("NaN or infinity in row {}, feature {}", i / d, i % d);
            return Err(DataError::parameter("features", "finite numbers", found));
        }
        check_decisions(&oracle, k, &targets)?;
        let centres = vec![0.0; d];
        Ok(Self { name: name.into(), oracle, feature_names, label_names, features, targets, centres })
    }

    /// The same from features in f64: from those whose values `T` could not tell apart well a [centre](Self::centres) is subtracted
    /// before they are rounded, as the readers of files do.
    pub fn centred(
        name: impl Into<String>,
        oracle: OracleSpec,
        (feature_names, label_names): (Vec<String>, Vec<String>),
        features: &[f64],
        targets: Vec<T>,
    ) -> Result<Self, DataError> {
        let centres = centre::of_rows::<T>(features, feature_names.len());
        let near = centre::subtract(features, &centres);
        Self::of_oracle(name, oracle, feature_names, label_names, near, targets)?.with_centres(centres)
    }

    /// The set, whose features are what was read minus `centres`, one a feature.
    ///
    /// An error refuses another number of centres than of features, and such as are not finite.
    pub fn with_centres(self, centres: Vec<f64>) -> Result<Self, DataError> {
        if centres.len() == self.features() && centres.iter().all(|centre| centre.is_finite()) {
            return Ok(Self { centres, ..self });
        }
        let expected = format!("{} finite numbers", self.features());
        Err(DataError::parameter("centres", expected, format!("{} numbers", centres.len())))
    }

    /// The name of the set: the file's name without extension, or the generator and its arguments.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// What decides on the labels.
    pub fn oracle(&self) -> &OracleSpec {
        &self.oracle
    }
    /// Whether labels are ranked.
    pub fn is_ranking(&self) -> bool {
        matches!(self.oracle, OracleSpec::Ranking { .. })
    }
    /// The number of rows n.
    pub fn len(&self) -> usize {
        self.targets.len() / self.labels().max(1)
    }
    /// Whether the set has no rows; only a [selection](Self::select) can be empty.
    pub fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }
    /// The number of features d.
    pub fn features(&self) -> usize {
        self.feature_names.len()
    }
    /// The number of labels k.
    pub fn labels(&self) -> usize {
        self.label_names.len()
    }
    /// The names of the features.
    pub fn feature_names(&self) -> &[String] {
        &self.feature_names
    }
    /// The names of the labels.
    pub fn label_names(&self) -> &[String] {
        &self.label_names
    }
    /// The d features of a row, counted from 0; empty for a row that does not exist.
    pub fn x(&self, row: usize) -> &[T] {
        chunk(&self.features, self.features(), row)
    }
    /// The decision y in a row, counted from 0; of a ranking k for the best label, 1 for the worst. Empty for a row that does not exist.
    pub fn y(&self, row: usize) -> &[T] {
        chunk(&self.targets, self.labels(), row)
    }
    /// Of rankings, the k ranks of a row, counted from 0, 1 = best; none for a row that does not exist.
    pub fn ranks(&self, row: usize) -> impl ExactSizeIterator<Item = T> {
        let most = T::from_usize(self.labels() + 1);
        self.y(row).iter().map(move |&y| most - y)
    }
    /// What was subtracted from each feature, in f64, before it was rounded to `T`: 0, but in columns whose values `T` could
    /// not tell apart well, such as times in seconds since 1970.
    pub fn centres(&self) -> &[f64] {
        &self.centres
    }

    /// The given rows in the given order, under the same name. Rows may repeat; rows that do not exist are
    /// left out.
    pub fn select(&self, rows: &[usize]) -> Self {
        let gather = |row: fn(&Self, usize) -> &[T]| -> Vec<T> {
            rows.iter().flat_map(|&i| row(self, i)).copied().collect()
        };
        Self {
            name: self.name.clone(),
            oracle: self.oracle.clone(),
            feature_names: self.feature_names.clone(),
            label_names: self.label_names.clone(),
            features: gather(Self::x),
            targets: gather(Self::y),
            centres: self.centres.clone(),
        }
    }

    /// A fingerprint of names and numbers for provenance, the same on every machine: CRC-64/XZ.
    ///
    /// It detects accidental differences, not forgeries. A set read as `f32` and as `f64` has two fingerprints,
    /// unless all its numbers are exact in `f32`. Cost O(n(d + k)).
    pub fn digest(&self) -> u64 {
        digest::of(self)
    }
}

impl<T> fmt::Debug for Dataset<T> {
    /// Name and dimensions: the numbers themselves would fill screens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dataset")
            .field("name", &self.name)
            .field("len", &(self.targets.len() / self.label_names.len().max(1)))
            .field("features", &self.feature_names.len())
            .field("labels", &self.label_names.len())
            .finish_non_exhaustive()
    }
}

/// Refuses rows of `targets` that are none of the oracle's decisions.
fn check_decisions<T: Real>(oracle: &OracleSpec, k: usize, targets: &[T]) -> Result<(), DataError> {
    if let OracleSpec::Ranking { reference } = oracle
        && reference.iter().zip(1..).all(|(&rank, place)| rank == f64::from(place))
    {
        let mut permutation = text::Permutation::new(k);
        for (row, y) in targets.chunks_exact(k).enumerate() {
            permutation.next_row();
            for &y in y {
                let rank = y.to_f64();
                if rank.fract() != 0.0 || !permutation.take(rank as usize) {
                    let found = format!("{} in row {row}", text::shown(rank));
                    return Err(DataError::parameter(
                        "targets",
                        format!("each of 1..={k} once a row"),
                        found,
                    ));
                }
            }
        }
        return Ok(());
    }
    let of_oracle = |error| DataError::parameter("oracle", "one that can be made", error);
    let any = match *oracle {
        // Anything may be its decision.
        OracleSpec::BlackBox { dim } => AnyOracle::<f64>::black_box(dim, |_, _| Err("it is not at hand")),
        _ => AnyOracle::new(oracle),
    };
    let any = any.map_err(of_oracle)?;
    if any.shape().dim() != k {
        return Err(DataError::parameter("oracle", format!("one of {k} scores"), any.shape().dim()));
    }
    let (mut work, name) = (any.work(), any.properties().name);
    let mut y = vec![0.0; k];
    for (row, target) in targets.chunks_exact(k).enumerate() {
        y.iter_mut().zip(target).for_each(|(y, target)| *y = target.to_f64());
        if !y.iter().all(|y| y.is_finite()) || any.locate(&y, Some(&mut work)) == Location::Outside {
            let found = format!("another in row {row}");
            return Err(DataError::parameter("targets", format!("decisions of {name}"), found));
        }
    }
    Ok(())
}

/// Chunk `row` of `length` numbers, without the division of `chunks_exact`; empty if there are not so many.
fn chunk<T>(numbers: &[T], length: usize, row: usize) -> &[T] {
    let range = row.checked_mul(length).and_then(|start| Some(start..start.checked_add(length)?));
    range.and_then(|range| numbers.get(range)).unwrap_or(&[])
}

/// `stem1`, `stem2`, …: names for columns that have none.
pub fn numbered(stem: &str, count: usize) -> Vec<String> {
    (1..=count).map(|i| format!("{stem}{i}")).collect()
}

/// The path of a file of real data for tests, in the folder `PERTURB_DATA`, by default `shared/data` next to the workspace.
/// `None` and a message if the file does not exist.
#[cfg(test)]
fn real_data(file: &str) -> Option<std::path::PathBuf> {
    let beside = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let path = std::env::var_os("PERTURB_DATA").map_or(beside, Into::into).join(file);
    if path.exists() {
        return Some(path);
    }
    eprintln!("SKIPPED: {} is not there; set PERTURB_DATA to the folder of real data", path.display());
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Dataset<f64> {
        let features = vec![0.0, 0.5, 1.0, 1.5, 2.0, 2.5];
        let targets = vec![1.0, 2.0, 3.0, 3.0, 1.0, 2.0];
        Dataset::from_ranks("small", numbered("x", 3), numbered("y", 3), features, targets).unwrap()
    }

    #[test]
    fn rows_can_be_read_and_selected() {
        let data = small();
        assert_eq!((data.len(), data.features(), data.labels(), data.is_empty()), (2, 3, 3, false));
        assert_eq!((data.x(1), data.y(1)), (&[1.5, 2.0, 2.5][..], &[1.0, 3.0, 2.0][..]));
        assert!(data.ranks(1).eq([3.0, 1.0, 2.0]));
        assert!(data.x(2).is_empty() && data.y(usize::MAX).is_empty());
        let twice = data.select(&[1, 7, 0, 1]);
        assert_eq!((twice.len(), twice.x(0), twice.y(2)), (3, data.x(1), data.y(1)));
        assert!(data.select(&[]).is_empty());
        assert!(!format!("{data:?}").contains("0.5"));
    }

    #[test]
    fn what_is_no_data_set_is_refused() {
        let new = |d, k, x: &[f64], y: &[f64]| {
            Dataset::new("bad", numbered("x", d), numbered("y", k), x.to_vec(), y.to_vec())
                .unwrap_err()
                .to_string()
        };
        assert_eq!(new(0, 2, &[], &[1.0, 2.0]), "feature_names: expected at least 1 feature, found 0");
        assert_eq!(new(1, 1, &[1.0], &[1.0]), "label_names: expected at least 2 labels, found 1");
        assert_eq!(new(1, 2, &[], &[]), "targets: expected a positive multiple of 2 numbers, found 0");
        assert_eq!(
            new(1, 2, &[1.0, 2.0], &[1.0, 2.0]),
            "features: expected 1 rows of 1 features, found 2 numbers"
        );
        assert_eq!(
            new(1, 2, &[f64::NAN], &[1.0, 2.0]),
            "features: expected finite numbers, found NaN or infinity in row 0, feature 0"
        );
        for y in [[1.0, 1.0], [0.0, 1.0], [1.0, 3.0], [1.5, 2.0], [f64::NAN, 1.0], [-1.0, 2.0]] {
            assert!(new(1, 2, &[1.0], &y).starts_with("targets: expected each of 1..=2 once a row"), "{y:?}");
        }
    }
}

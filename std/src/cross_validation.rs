//! Nested cross-validation: an inner loop chooses, an outer loop evaluates.

use std::fmt;

use perturb_core::Seed;
use rayon::prelude::*;

use crate::data::{DataError, Fold, folds};
use crate::threads;

/// Nested cross-validation with `outer` folds to evaluate, and `inner` folds of each outer training part to choose among the
/// cells of a grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nested {
    /// The number of outer folds.
    pub outer: usize,
    /// The number of inner folds.
    pub inner: usize,
    /// The seed of the folds.
    pub seed: Seed,
}

/// The place of a fold: an outer fold, or an inner fold of its training rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The outer fold, counted from 0.
    pub outer: usize,
    /// The inner fold, counted from 0.
    pub inner: Option<usize>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fold {}", self.outer)?;
        self.inner.map_or(Ok(()), |inner| write!(f, ".{inner}"))
    }
}

/// The choice in one outer fold, and its score.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Selection {
    /// The chosen cell of the grid: the first with the highest mean score over the inner folds.
    pub cell: usize,
    /// The mean score of the chosen cell over the inner folds.
    pub inner_score: f64,
    /// The score of the chosen cell on the outer test rows, trained on all outer training rows.
    pub score: f64,
}

impl Nested {
    /// Chooses one cell per group and outer fold.
    ///
    /// `groups` are sets of cells, by number, among which to choose. `score(place, fold, cells)` trains every cell
    /// on `fold.train` and scores it on `fold.test`; it is called in parallel. Returns `[group][outer fold]`. The
    /// result depends on the seed alone, not on the order of execution. An empty group is refused.
    pub fn run<E: From<DataError> + Send>(
        &self,
        rows: usize,
        groups: &[Vec<usize>],
        score: impl Fn(Place, &Fold, &[usize]) -> Result<Vec<f64>, E> + Sync,
    ) -> Result<Vec<Vec<Selection>>, E> {
        if groups.iter().any(Vec::is_empty) {
            return Err(DataError::parameter("groups", "at least one cell in each", 0).into());
        }
        let mut cells: Vec<usize> = groups.iter().flatten().copied().collect();
        cells.sort_unstable();
        cells.dedup();
        threads::start(None);
        let per_fold: Vec<Vec<Selection>> = folds(rows, self.outer, self.seed)?
            .par_iter()
            .enumerate()
            .map(|(index, outer)| self.one_fold(index, outer, groups, &cells, &score))
            .collect::<Result<_, E>>()?;
        let of_group = |group: usize| per_fold.iter().filter_map(|fold| fold.get(group).copied()).collect();
        Ok((0..groups.len()).map(of_group).collect())
    }

    /// The selections of all groups in one outer fold.
    fn one_fold<E: From<DataError> + Send>(
        &self,
        index: usize,
        outer: &Fold,
        groups: &[Vec<usize>],
        cells: &[usize],
        score: &(impl Fn(Place, &Fold, &[usize]) -> Result<Vec<f64>, E> + Sync),
    ) -> Result<Vec<Selection>, E> {
        let pick =
            |places: &[usize]| places.iter().filter_map(|&place| outer.train.get(place).copied()).collect();
        let inner: Vec<Vec<f64>> = folds(outer.train.len(), self.inner, self.seed.fold(1 + index as u64))?
            .par_iter()
            .enumerate()
            .map(|(inner, fold)| {
                let place = Place { outer: index, inner: Some(inner) };
                score(place, &Fold { train: pick(&fold.train), test: pick(&fold.test) }, cells)
            })
            .collect::<Result<_, E>>()?;
        let mean =
            |cell| inner.iter().map(|scores| look_up(cells, scores, cell)).sum::<f64>() / inner.len() as f64;
        let chosen: Vec<(usize, f64)> = groups
            .iter()
            .map(|group| {
                let scored = group.iter().map(|&cell| (cell, mean(cell)));
                // Groups are not empty.
                scored
                    .reduce(|best, other| if other.1 > best.1 { other } else { best })
                    .unwrap_or((0, f64::NAN))
            })
            .collect();
        let mut finalists: Vec<usize> = chosen.iter().map(|&(cell, _)| cell).collect();
        finalists.sort_unstable();
        finalists.dedup();
        let scores = score(Place { outer: index, inner: None }, outer, &finalists)?;
        Ok(chosen
            .into_iter()
            .map(|(cell, inner_score)| Selection {
                cell,
                inner_score,
                score: look_up(&finalists, &scores, cell),
            })
            .collect())
    }
}

/// The score of `cell` where `scores` belong to `cells`, which are sorted; −∞ for one that is missing or NaN.
fn look_up(cells: &[usize], scores: &[f64], cell: usize) -> f64 {
    let score = cells.binary_search(&cell).ok().and_then(|place| scores.get(place));
    score.copied().filter(|score| !score.is_nan()).unwrap_or(f64::NEG_INFINITY)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With scores that do not depend on the rows, every fold chooses each group's best cell, ties first.
    #[test]
    fn chooses_the_best_cell_of_each_group() {
        let nested = Nested { outer: 10, inner: 5, seed: Seed(1) };
        let quality = [0.1, 0.7, 0.7, 0.9];
        let groups = [vec![0, 1, 2], vec![3, 0]];
        let score = |_: Place, _: &Fold, cells: &[usize]| {
            Ok::<_, DataError>(cells.iter().map(|&cell| quality[cell]).collect())
        };
        let result = nested.run(103, &groups, score).unwrap();
        assert!(result[0].iter().all(|s| s.cell == 1 && s.score == 0.7));
        assert!(result[1].iter().all(|s| s.cell == 3 && s.score == 0.9));
        assert_eq!(result[0].len(), 10);
    }

    /// No test row of an outer fold is ever seen while choosing for it.
    #[test]
    fn outer_test_rows_stay_unseen() {
        let nested = Nested { outer: 4, inner: 3, seed: Seed(2) };
        let outer = folds(40, 4, Seed(2)).unwrap();
        let score = |place: Place, fold: &Fold, cells: &[usize]| {
            let mut all: Vec<usize> = fold.train.iter().chain(&fold.test).copied().collect();
            all.sort_unstable();
            all.dedup();
            let whole = all.len() == 40;
            let inside = outer.iter().filter(|o| all.iter().all(|row| !o.test.contains(row))).count();
            assert_eq!(whole, place.inner.is_none());
            assert!(whole || inside == 1, "{whole} {inside}");
            Ok::<_, DataError>(vec![0.0; cells.len()])
        };
        nested.run(40, &[vec![0]], score).unwrap();
    }
}

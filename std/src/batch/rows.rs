//! Where the rows of a batch lie.

use std::ops::Range;

use perturb_core::{Error, Noise, Oracle, Real, Shape};

use super::{Batch, Layers, RowError};

/// The places of the rows of a batch in θ.
pub(super) enum Rows {
    Equal { dim: usize, count: usize },
    Own(Vec<Range<usize>>),
}

impl Rows {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Equal { count, .. } => *count,
            Self::Own(ranges) => ranges.len(),
        }
    }
    pub(super) fn get(&self, row: usize) -> Range<usize> {
        match self {
            Self::Equal { dim, .. } => row * dim..(row + 1) * dim,
            Self::Own(ranges) => ranges[row].clone(),
        }
    }
    /// The row that entry `place` belongs to, or how many rows there are.
    fn containing(&self, place: usize) -> usize {
        (0..self.len()).find(|&row| place < self.get(row).end).unwrap_or(self.len())
    }
}

impl<O, N, T> Batch<'_, O, N, T>
where
    O: Oracle<T> + Sync,
    N: Noise<T>,
    T: Real,
{
    /// The place of each row of `theta`, which must consist of whole rows, one for each layer if rows have different layers.
    pub(super) fn rows(self, theta: &[T]) -> Result<Rows, RowError> {
        let parameter = "the last row of theta";
        match self.layers {
            Layers::Shared(layer) => {
                let dim = layer.oracle().shape().dim();
                match theta.len() % dim {
                    0 => Ok(Rows::Equal { dim, count: theta.len() / dim }),
                    found => {
                        let source = Error::Length { parameter, expected: dim, found };
                        Err(RowError { row: theta.len() / dim, source })
                    }
                }
            }
            Layers::Own(layers) => {
                let mut ranges = Vec::with_capacity(layers.len());
                let mut end = 0;
                for (row, layer) in layers.iter().enumerate() {
                    let dim = layer.oracle().shape().dim();
                    if theta.len() - end < dim {
                        let source = Error::Length { parameter, expected: dim, found: theta.len() - end };
                        return Err(RowError { row, source });
                    }
                    ranges.push(end..end + dim);
                    end += dim;
                }
                if end == theta.len() {
                    Ok(Rows::Own(ranges))
                } else {
                    let source = Error::Length { parameter: "theta", expected: end, found: theta.len() };
                    Err(RowError { row: layers.len(), source })
                }
            }
        }
    }

    /// How many rows `theta` has; it must have whole ones.
    pub(crate) fn whole_rows(self, theta: &[T]) -> Result<usize, RowError> {
        Ok(self.rows(theta)?.len())
    }

    /// Row r of `x`, which has the shape of `theta`.
    pub(crate) fn rows_of<'x>(
        self,
        parameter: &'static str,
        theta: &[T],
        x: &'x [T],
    ) -> Result<impl Fn(usize) -> &'x [T] + Sync + use<'x, O, N, T>, RowError> {
        let rows = self.rows(theta)?;
        if x.len() == theta.len() {
            return Ok(move |row: usize| &x[rows.get(row)]);
        }
        // θ is what is looked at first.
        for row in 0..rows.len() {
            self.layer(row).check_scores(&theta[rows.get(row)]).map_err(|source| RowError { row, source })?;
        }
        let source = Error::Length { parameter, expected: theta.len(), found: x.len() };
        Err(RowError { row: rows.containing(theta.len().min(x.len())), source })
    }
}

//! Batches of rows, spread over rayon's threads by (row, block of samples).
//!
//! Row r of a batch has the samples of [`MonteCarlo::row`]`(r)`; sums are merged in the order of the blocks. So
//! results do not depend on the number of threads or on how rows are split into batches, and equal the
//! core's sequential results bit for bit.

use std::ops::Range;

use perturb_core::estimator::{Estimator, FenchelYoungTerm, Jacobian, Jvp, Maximizer, Value};
use perturb_core::{
    Asked, Cheapest, Error, Evaluate, Exact, Expectation, FenchelYoung, MonteCarlo, Noise, Oracle, Perturbed,
    Real, Scratch, Shape, WithError,
};
use rayon::prelude::*;

mod exact;
mod workspace;

pub use workspace::BatchWorkspace;

/// An error in one row of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("row {row}: {source}")]
pub struct RowError {
    /// The first offending row, counted from the batch's first row.
    pub row: usize,
    /// What was refused.
    pub source: Error,
}

/// A layer, or a layer per row, applied to rows of scores. Made by [`BatchExt::batch`].
///
/// Scores, targets, cotangents and results are row-major B × d slices and vectors.
///
/// ```
/// use perturb::{BatchExt, Dyn, Exact, MonteCarlo, Normal, Perturbed, Ranking, Seed};
/// let layer = Perturbed::new(Ranking::ascending(Dyn(2))?, Normal, 1.0f32)?;
/// let theta = [0.0, 1.0, 3.0, -2.0]; // two rows
/// let y = layer.batch().maximizer(&theta, Exact)?;
/// assert_eq!(y.len(), 4);
/// let sampled = layer.batch().maximizer(&theta, MonteCarlo::new(100, Seed(1)))?;
/// // The second row alone, as part of another batch: the same bits.
/// assert_eq!(layer.batch().starting_at(1).maximizer(&theta[2..], MonteCarlo::new(100, Seed(1)))?, sampled[2..]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Rows may have layers of their own, with another graph, other weights, another reference vector or another ε; θ is then
/// the rows one after the other, of whatever lengths:
///
/// ```
/// use perturb::{BatchExt, Dyn, Exact, Normal, Perturbed, Ranking};
/// let layers = [
///     Perturbed::new(Ranking::ascending(Dyn(2))?, Normal, 1.0f32)?,
///     Perturbed::new(Ranking::new(Dyn(3), &[0.0, 10.0, 20.0])?, Normal, 0.5)?,
/// ];
/// let y = layers.batch().maximizer(&[0.0, 1.0, /* the second row */ 0.3, -2.0, 5.0], Exact)?;
/// assert_eq!(y.len(), 5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Batch<'a, O, N, T> {
    layers: Layers<'a, O, N, T>,
    first: u64,
}

/// One layer for all rows, or one for each.
#[derive(Debug)]
enum Layers<'a, O, N, T> {
    Shared(&'a Perturbed<O, N, T>),
    Own(&'a [Perturbed<O, N, T>]),
}

impl<O, N, T> Clone for Layers<'_, O, N, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<O, N, T> Copy for Layers<'_, O, N, T> {}

impl<O, N, T> Clone for Batch<'_, O, N, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<O, N, T> Copy for Batch<'_, O, N, T> {}

/// Batches for every layer.
pub trait BatchExt<O, N, T> {
    /// This layer, or these, over rows.
    fn batch(&self) -> Batch<'_, O, N, T>;
}

impl<O, N, T> BatchExt<O, N, T> for Perturbed<O, N, T> {
    fn batch(&self) -> Batch<'_, O, N, T> {
        Batch { layers: Layers::Shared(self), first: 0 }
    }
}

/// Row r has layer r.
impl<O, N, T> BatchExt<O, N, T> for [Perturbed<O, N, T>] {
    fn batch(&self) -> Batch<'_, O, N, T> {
        Batch { layers: Layers::Own(self), first: 0 }
    }
}

/// A way to compute expectations that gives each row of a batch noise of its own.
pub trait PerRow: Copy + Send + Sync {
    /// The way for row `row`.
    #[must_use]
    fn for_row(self, row: u64) -> Self;
}

impl PerRow for Exact {
    fn for_row(self, _: u64) -> Self {
        self
    }
}

impl PerRow for MonteCarlo {
    fn for_row(self, row: u64) -> Self {
        self.row(row)
    }
}

impl PerRow for Expectation {
    fn for_row(self, row: u64) -> Self {
        match self {
            Self::Exact => Self::Exact,
            Self::MonteCarlo(sampled) => Self::MonteCarlo(sampled.row(row)),
        }
    }
}

impl PerRow for Cheapest {
    fn for_row(self, row: u64) -> Self {
        Self(self.0.row(row))
    }
}

/// Blocks of one row that are in memory at once: bounds memory whatever M is, and is enough for 64 threads.
const WAVE: u32 = 256;

impl<'a, O, N, T> Batch<'a, O, N, T>
where
    O: Oracle<T> + Sync,
    N: Noise<T>,
    T: Real,
{
    /// The same layer for a batch whose first row is row `first` of a larger one: it decides which noise each
    /// row has.
    #[must_use]
    pub fn starting_at(self, first: u64) -> Self {
        Self { first, ..self }
    }

    /// F_ε of every row: B numbers.
    pub fn value<H: Evaluate<O, N, T> + PerRow>(self, theta: &[T], how: H) -> Result<Vec<T>, RowError> {
        if let Some(sampled) = self.samples(how, Asked::Value) {
            return self.estimate(theta, |_| Value, sampled);
        }
        let Layers::Shared(layer) = self.layers else {
            return self.map(theta, how, |layer, how, _, theta| layer.value(theta, how));
        };
        let mut values = vec![T::ZERO; self.ranges(theta)?.len()];
        self.exactly(theta, how, Asked::Value, &mut values, |_, theta, value, memory| {
            value.fill(how.value_with(layer, theta, memory)?);
            Ok(())
        })?;
        Ok(values)
    }

    /// y_ε of every row: B × d.
    pub fn maximizer<H: Evaluate<O, N, T> + PerRow>(self, theta: &[T], how: H) -> Result<Vec<T>, RowError> {
        let mut y = vec![T::ZERO; theta.len()];
        self.maximizer_into(theta, how, &mut self.workspace(), &mut y)?;
        Ok(y)
    }

    /// J of every row: B × d × d.
    pub fn jacobian<H: Evaluate<O, N, T> + PerRow>(self, theta: &[T], how: H) -> Result<Vec<T>, RowError> {
        let rows = match self.samples(how, Asked::Jacobian) {
            Some(sampled) => self.estimate(theta, |_| Jacobian, sampled)?,
            None => self.map(theta, how, |layer, how, _, theta| layer.jacobian(theta, how))?,
        };
        Ok(flatten(&rows))
    }

    /// Jᵀu of every row: B × d, for B × d cotangents u.
    pub fn vjp<H>(self, theta: &[T], cotangents: &[T], how: H) -> Result<Vec<T>, RowError>
    where
        H: Evaluate<O, N, T> + PerRow,
    {
        let mut products = vec![T::ZERO; theta.len()];
        self.vjp_into(theta, cotangents, how, &mut self.workspace(), &mut products)?;
        Ok(products)
    }

    /// Ju of every row: B × d, for B × d tangents u.
    pub fn jvp<H>(self, theta: &[T], tangents: &[T], how: H) -> Result<Vec<T>, RowError>
    where
        H: Evaluate<O, N, T> + PerRow,
    {
        let row = self.rows_of("tangents", theta, tangents)?;
        let mut products = vec![T::ZERO; theta.len()];
        if let Some(sampled) = self.samples(how, Asked::Product) {
            let tangent = |r| Jvp { tangent: row(r) };
            self.vectors_into(theta, tangent, sampled, &mut self.workspace(), &mut products)?;
        } else if let Layers::Own(_) = self.layers {
            // Some of them may be sampled, whose J is not symmetric.
            self.each(theta, how, &mut products, |layer, how, r, theta| layer.jvp(theta, row(r), how))?;
        } else {
            self.exact_products(theta, how, row, &mut products)?;
        }
        Ok(products)
    }

    /// L_ε and y_ε − y of every row: (B, B × d). Targets that are no vertices need the dual, row by row.
    pub fn fenchel_young<H>(self, theta: &[T], targets: &[T], how: H) -> Result<(Vec<T>, Vec<T>), RowError>
    where
        H: Evaluate<O, N, T> + PerRow,
    {
        let row = self.rows_of("targets", theta, targets)?;
        let ranges = self.ranges(theta)?;
        let all_vertices = || {
            (0..ranges.len()).all(|r| {
                let oracle = self.layer(r).oracle();
                oracle.is_vertex(&targets[ranges.get(r)], &mut oracle.work())
            })
        };
        let rows = match self.samples(how, Asked::Value) {
            Some(sampled) if all_vertices() => self
                .estimate(
                    theta,
                    |r| FenchelYoungTerm { target: row(r), offset: self.layer(r).oracle().offset(row(r)) },
                    sampled,
                )?
                .into_iter()
                .map(|(loss, gradient)| FenchelYoung { loss, gradient })
                .collect(),
            _ => self.map(theta, how, |layer, how, r, theta| layer.fenchel_young(theta, row(r), how))?,
        };
        let losses = rows.iter().map(|row| row.loss).collect();
        let gradients: Vec<_> = rows.into_iter().map(|row| row.gradient).collect();
        Ok((losses, flatten(&gradients)))
    }

    /// F_ε − ⟨θ, y⟩, which is L_ε but for εΩ(y), and y_ε − y of every row, in one pass: (B, B × d). Targets may lie
    /// anywhere; those of all rows cost the same.
    pub fn fenchel_young_without_omega<H>(
        self,
        theta: &[T],
        targets: &[T],
        how: H,
    ) -> Result<(Vec<T>, Vec<T>), RowError>
    where
        H: Evaluate<O, N, T> + PerRow,
    {
        let row = self.rows_of("targets", theta, targets)?;
        let ranges = self.ranges(theta)?;
        let rows = match self.samples(how, Asked::Value) {
            Some(sampled) => self.estimate(theta, |_| (Value, Maximizer), sampled)?,
            None => self.map(theta, how, |layer, how, _, theta| layer.value_and_maximizer(theta, how))?,
        };
        let mut losses = Vec::with_capacity(rows.len());
        let mut gradients = Vec::with_capacity(theta.len());
        for (r, (value, y)) in rows.into_iter().enumerate() {
            let theta_y = theta[ranges.get(r)].iter().zip(row(r)).fold(T::ZERO, |sum, (&a, &b)| sum + a * b);
            losses.push(value - theta_y);
            gradients.extend(y.as_ref().iter().zip(row(r)).map(|(&y, &target)| y - target));
        }
        Ok((losses, gradients))
    }

    /// y_ε − y of every row: B × d.
    pub fn fenchel_young_gradient<H>(self, theta: &[T], targets: &[T], how: H) -> Result<Vec<T>, RowError>
    where
        H: Evaluate<O, N, T> + PerRow,
    {
        drop(self.rows_of("targets", theta, targets)?); // only the check
        let mut gradient = self.maximizer(theta, how)?;
        for (gradient, &target) in gradient.iter_mut().zip(targets) {
            *gradient -= target;
        }
        Ok(gradient)
    }

    /// The samples that what is asked takes in every row, if it does in every row: to be spread by blocks when there are
    /// fewer rows than threads.
    fn samples<H: Evaluate<O, N, T>>(self, how: H, asked: Asked) -> Option<MonteCarlo> {
        let layers = match self.layers {
            Layers::Shared(layer) => std::slice::from_ref(layer),
            Layers::Own(layers) => layers,
        };
        layers.iter().try_fold(None, |_, layer| match how.way(layer, asked) {
            Expectation::Exact => None,
            Expectation::MonteCarlo(sampled) => Some(Some(sampled)),
        })?
    }

    /// The mean of any estimator in every row: `estimator(r)` makes the one of row r.
    ///
    /// Rows are spread over threads while there are enough of them; the blocks of one row when there are
    /// not. At most 256 partial sums are in memory at once, whatever the number of samples.
    pub fn estimate<E>(
        self,
        theta: &[T],
        estimator: impl Fn(usize) -> E + Sync,
        how: MonteCarlo,
    ) -> Result<Vec<E::Sum>, RowError>
    where
        E: Estimator<T, N, O::Shape>,
    {
        let ranges = self.ranges(theta)?;
        if how.blocks() == 1 || ranges.len() >= 4 * rayon::current_num_threads() {
            return self.map(theta, how, |layer, how, r, theta| layer.estimate(theta, &estimator(r), how));
        }
        (0..ranges.len())
            .map(|row| {
                let how = how.row(self.first.wrapping_add(row as u64));
                by_blocks(self.layer(row), &theta[ranges.get(row)], &estimator(row), how)
                    .map_err(|source| RowError { row, source })
            })
            .collect()
    }

    /// [`estimate`](Self::estimate) with standard errors, as [`Perturbed::estimate_with_error`] says.
    pub fn estimate_with_error<E>(
        self,
        theta: &[T],
        estimator: impl Fn(usize) -> E + Sync,
        how: MonteCarlo,
    ) -> Result<Vec<WithError<E::Sum>>, RowError>
    where
        E: Estimator<T, N, O::Shape>,
    {
        self.map(theta, how, |layer, how, r, theta| layer.estimate_with_error(theta, &estimator(r), how))
    }

    /// `f(layer, how for the row, row, θ of the row)` in every row, in parallel.
    fn map<H: PerRow, R: Send>(
        self,
        theta: &[T],
        how: H,
        f: impl Fn(&Perturbed<O, N, T>, H, usize, &[T]) -> Result<R, Error> + Sync,
    ) -> Result<Vec<R>, RowError> {
        let ranges = self.ranges(theta)?;
        let results: Vec<Result<R, Error>> = (0..ranges.len())
            .into_par_iter()
            .map(|r| {
                let how = how.for_row(self.first.wrapping_add(r as u64));
                f(self.layer(r), how, r, &theta[ranges.get(r)])
            })
            .collect();
        results
            .into_iter()
            .enumerate()
            .map(|(row, result)| result.map_err(|source| RowError { row, source }))
            .collect()
    }

    /// The layer of a row; rows come from [`ranges`](Self::ranges).
    fn layer(self, row: usize) -> &'a Perturbed<O, N, T> {
        match self.layers {
            Layers::Shared(layer) => layer,
            Layers::Own(layers) => &layers[row],
        }
    }

    /// Where each row of `theta` lies; it must have whole ones, and as many as there are layers of their own.
    fn ranges(self, theta: &[T]) -> Result<Rows, RowError> {
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

    /// Row r of `x`, which has the shape of `theta`.
    fn rows_of<'x>(
        self,
        parameter: &'static str,
        theta: &[T],
        x: &'x [T],
    ) -> Result<impl Fn(usize) -> &'x [T] + Sync + use<'x, O, N, T>, RowError> {
        let ranges = self.ranges(theta)?;
        let row_of =
            |place: usize| (0..ranges.len()).find(|&r| place < ranges.get(r).end).unwrap_or(ranges.len());
        if !T::all_finite(x)
            && let Some(place) = x.iter().position(|x| !x.is_finite())
        {
            let row = row_of(place);
            let index =
                place - if row < ranges.len() { ranges.get(row).start } else { theta.len().min(place) };
            return Err(RowError { row, source: Error::NotFinite { parameter, index } });
        }
        if x.len() == theta.len() {
            Ok(move |row: usize| &x[ranges.get(row)])
        } else {
            let source = Error::Length { parameter, expected: theta.len(), found: x.len() };
            Err(RowError { row: row_of(theta.len().min(x.len())), source })
        }
    }
}

/// Where the rows of a batch lie.
enum Rows {
    Equal { dim: usize, count: usize },
    Own(Vec<Range<usize>>),
}

impl Rows {
    fn len(&self) -> usize {
        match self {
            Self::Equal { count, .. } => *count,
            Self::Own(ranges) => ranges.len(),
        }
    }
    fn get(&self, row: usize) -> Range<usize> {
        match self {
            Self::Equal { dim, .. } => row * dim..(row + 1) * dim,
            Self::Own(ranges) => ranges[row].clone(),
        }
    }
}

/// One row, its blocks spread over threads.
fn by_blocks<O, N, T, E>(
    layer: &Perturbed<O, N, T>,
    theta: &[T],
    estimator: &E,
    how: MonteCarlo,
) -> Result<E::Sum, Error>
where
    O: Oracle<T> + Sync,
    N: Noise<T>,
    T: Real,
    E: Estimator<T, N, O::Shape>,
{
    layer.check(theta, estimator, how)?;
    let mut sum = estimator.zero(layer.oracle().shape());
    for wave in (0..how.blocks()).step_by(WAVE as usize) {
        let blocks = wave..how.blocks().min(wave.saturating_add(WAVE));
        let new_scratch = || {
            let mut scratch = Scratch::new(layer.oracle());
            layer.prepare::<E>(theta, how, &mut scratch).map(|()| scratch)
        };
        let parts: Vec<Result<E::Sum, Error>> = blocks
            .into_par_iter()
            .map_init(new_scratch, |scratch, block| {
                let mut part = estimator.zero(layer.oracle().shape());
                layer.add_block(
                    theta,
                    estimator,
                    how,
                    block,
                    scratch.as_mut().map_err(|e| *e)?,
                    &mut part,
                )?;
                Ok(part)
            })
            .collect();
        for part in parts {
            Perturbed::<O, N, T>::merge::<E>(&mut sum, &mut part?);
        }
    }
    Perturbed::<O, N, T>::finish::<E>(&mut sum, how)?;
    Ok(sum)
}

fn flatten<T: Copy, A: AsRef<[T]>>(rows: &[A]) -> Vec<T> {
    let mut flat = Vec::with_capacity(rows.iter().map(|row| row.as_ref().len()).sum());
    for row in rows {
        flat.extend_from_slice(row.as_ref());
    }
    flat
}

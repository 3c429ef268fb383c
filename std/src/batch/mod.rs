//! Batches of rows, which rayon's threads share by (row, block of samples).
//!
//! Row r of a batch has the samples of [`MonteCarlo::row`]`(r)`; sums are merged in the order of the blocks. So
//! results do not depend on the number of threads or on how rows are split into batches, and equal the
//! core's sequential results bit for bit, errors included.

use perturb_core::method::WithError;
use perturb_core::quantity::{
    FenchelYoung, FenchelYoungGradient, FenchelYoungWithoutOmega, Form, Jacobian, Jvp, Maximizer, Value, Vjp,
};
use perturb_core::{Error, Method, MonteCarlo, Noise, Oracle, Perturbed, Quantity, Real};

use crate::share::{self, Pace, RowsMut, Units};

mod rows;
mod spread;
mod workspace;

pub(crate) use spread::{Target, Task};
pub use workspace::BatchWorkspace;
pub(crate) use workspace::{Crew, Worker};

/// An error in one row of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("row {row}: {source}")]
pub struct RowError {
    /// The first offending row, counted from the batch's first row.
    pub row: usize,
    /// The error in that row.
    pub source: Error,
}

/// A layer, or a layer per row, applied to rows of scores. Made by [`BatchExt::batch`].
///
/// Scores, targets, cotangents and results are row-major B × d slices and vectors. Every named method is
/// [`compute_into`](Self::compute_into) for one quantity.
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
/// Each row may have a different layer, with another graph, other weights, another reference vector or another ε; θ is then the
/// concatenation of rows of any lengths:
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

    /// Memory for calls of [`compute_into`](Self::compute_into).
    #[must_use]
    pub fn workspace<H: Method<O, N, T>, A: Send>(self) -> BatchWorkspace<'a, O, N, T, H, A> {
        BatchWorkspace::default()
    }

    /// The answers to a quantity in every row: `quantity(r)` makes the one of row r.
    ///
    /// Threads share the rows while there are enough of them, and the blocks of samples of all rows when there are not, if the work
    /// is worth their waking up: some 20 µs for each. At most 256 partial sums are in memory at once, whatever the number of samples.
    pub fn compute<Q, H>(
        self,
        theta: &[T],
        quantity: impl Fn(usize) -> Q + Sync,
        how: H,
    ) -> Result<Vec<Q::Output>, RowError>
    where
        Q: Quantity<T, N, O::Shape>,
        H: Method<O, N, T>,
    {
        let rows = self.rows(theta)?;
        match self.layers {
            Layers::Shared(layer) => {
                let shape = layer.oracle().shape();
                let mut outputs: Vec<Q::Output> = (0..rows.len()).map(|_| Q::Form::zero(shape)).collect();
                let task = self.task(layer, theta, &quantity, how);
                task.spread(&mut Crew::default(), Target::Outputs(&mut outputs)).map_err(in_row)?;
                Ok(outputs)
            }
            Layers::Own(layers) => each_row(rows.len(), |r| {
                let layer = &layers[r];
                let (mut worker, mut output) = (Worker::default(), [Q::Form::zero(layer.oracle().shape())]);
                let own = |_: usize| quantity(r);
                let batch = self.starting_at(self.first.wrapping_add(r as u64));
                let task = batch.task(layer, &theta[rows.get(r)], &own, how);
                task.alone(&mut worker, Target::Outputs(&mut output)).map_err(|(_, error)| error)?;
                let [output] = output;
                Ok(output)
            }),
        }
    }

    /// [`compute`](Self::compute) into the caller's memory: `out` takes the numbers of the answers, row after row.
    ///
    /// With samples and one layer for all rows, nothing is allocated from the second call on with the same `workspace`, in a
    /// thread of rayon's; from another thread, rayon itself may allocate to pass the work on.
    pub fn compute_into<Q, H>(
        self,
        theta: &[T],
        quantity: impl Fn(usize) -> Q + Sync,
        how: H,
        workspace: &mut BatchWorkspace<'a, O, N, T, H, Q::Output>,
        out: &mut [T],
    ) -> Result<(), RowError>
    where
        Q: Quantity<T, N, O::Shape>,
        H: Method<O, N, T>,
    {
        let rows = self.rows(theta)?;
        let width = |row: usize| Q::Form::lengths(rows.get(row).len()).sum::<usize>();
        let expected = match self.layers {
            Layers::Shared(_) if rows.len() > 0 => width(0) * rows.len(),
            _ => (0..rows.len()).map(width).sum(),
        };
        if out.len() != expected {
            let source = Error::Length { parameter: "the output", expected, found: out.len() };
            return Err(RowError { row: 0, source });
        }
        let Layers::Shared(layer) = self.layers else {
            let mut rest = out;
            for mut output in self.compute(theta, quantity, how)? {
                for part in Q::Form::parts(&mut output) {
                    let (place, others) = rest.split_at_mut(part.len());
                    place.copy_from_slice(part);
                    rest = others;
                }
            }
            return Ok(());
        };
        if rows.len() == 0 {
            return Ok(());
        }
        // Memory of another layer may have other sizes.
        if !workspace.layer.is_some_and(|known| std::ptr::eq(known, layer)) {
            *workspace = self.workspace();
            workspace.layer = Some(layer);
        }
        let target = Target::Numbers(RowsMut { numbers: out, width: width(0) });
        self.task(layer, theta, &quantity, how).spread(&mut workspace.crew, target).map_err(in_row)
    }

    /// [`compute`](Self::compute) with standard errors, as [`Perturbed::compute_with_error`] says.
    pub fn compute_with_error<Q>(
        self,
        theta: &[T],
        quantity: impl Fn(usize) -> Q + Sync,
        how: MonteCarlo,
    ) -> Result<Vec<WithError<Q::Output>>, RowError>
    where
        Q: Quantity<T, N, O::Shape>,
    {
        let rows = self.rows(theta)?;
        each_row(rows.len(), |r| {
            let how = how.row(self.first.wrapping_add(r as u64));
            self.layer(r).compute_with_error(&theta[rows.get(r)], &quantity(r), how)
        })
    }

    /// F_ε of every row: B numbers.
    pub fn value<H: Method<O, N, T>>(self, theta: &[T], how: H) -> Result<Vec<T>, RowError> {
        self.numbers(theta, |_| Value, how)
    }
    /// y_ε of every row: B × d.
    pub fn maximizer<H: Method<O, N, T>>(self, theta: &[T], how: H) -> Result<Vec<T>, RowError> {
        self.numbers(theta, |_| Maximizer, how)
    }
    /// J of every row: B × d × d.
    pub fn jacobian<H: Method<O, N, T>>(self, theta: &[T], how: H) -> Result<Vec<T>, RowError> {
        self.numbers(theta, |_| Jacobian, how)
    }
    /// Jᵀu of every row: B × d, for B × d cotangents u.
    pub fn vjp<H: Method<O, N, T>>(self, theta: &[T], cotangents: &[T], how: H) -> Result<Vec<T>, RowError> {
        let row = self.rows_of("cotangent", theta, cotangents)?;
        self.numbers(theta, |r| Vjp { cotangent: row(r) }, how)
    }
    /// Ju of every row: B × d, for B × d tangents u.
    pub fn jvp<H: Method<O, N, T>>(self, theta: &[T], tangents: &[T], how: H) -> Result<Vec<T>, RowError> {
        let row = self.rows_of("tangent", theta, tangents)?;
        self.numbers(theta, |r| Jvp { tangent: row(r) }, how)
    }
    /// L_ε and y_ε − y of every row: (B, B × d). Targets that are no vertices need the dual, row by row.
    pub fn fenchel_young<H: Method<O, N, T>>(
        self,
        theta: &[T],
        targets: &[T],
        how: H,
    ) -> Result<(Vec<T>, Vec<T>), RowError> {
        let row = self.rows_of("target", theta, targets)?;
        Ok(unzip(self.compute(theta, |r| FenchelYoung { target: row(r) }, how)?, theta.len()))
    }
    /// F_ε − ⟨θ, y⟩, which is L_ε without εΩ(y), and y_ε − y of every row, in one pass: (B, B × d). Targets of all
    /// rows cost the same, vertices or not.
    pub fn fenchel_young_without_omega<H: Method<O, N, T>>(
        self,
        theta: &[T],
        targets: &[T],
        how: H,
    ) -> Result<(Vec<T>, Vec<T>), RowError> {
        let row = self.rows_of("target", theta, targets)?;
        Ok(unzip(self.compute(theta, |r| FenchelYoungWithoutOmega { target: row(r) }, how)?, theta.len()))
    }
    /// y_ε − y of every row: B × d.
    pub fn fenchel_young_gradient<H: Method<O, N, T>>(
        self,
        theta: &[T],
        targets: &[T],
        how: H,
    ) -> Result<Vec<T>, RowError> {
        let row = self.rows_of("target", theta, targets)?;
        self.numbers(theta, |r| FenchelYoungGradient { target: row(r) }, how)
    }

    /// The numbers of the answers, row after row.
    fn numbers<Q, H>(
        self,
        theta: &[T],
        quantity: impl Fn(usize) -> Q + Sync,
        how: H,
    ) -> Result<Vec<T>, RowError>
    where
        Q: Quantity<T, N, O::Shape>,
        H: Method<O, N, T>,
    {
        let rows = self.rows(theta)?;
        let count = (0..rows.len()).map(|row| Q::Form::lengths(rows.get(row).len()).sum::<usize>()).sum();
        let mut out = vec![T::ZERO; count];
        self.compute_into(theta, quantity, how, &mut self.workspace(), &mut out)?;
        Ok(out)
    }

    fn task<'t, F, H>(
        self,
        layer: &'t Perturbed<O, N, T>,
        theta: &'t [T],
        quantity: &'t F,
        how: H,
    ) -> Task<'t, O, N, T, F, H> {
        Task { layer, first: Some(self.first), theta, quantity, how }
    }

    /// The layer of a row; rows come from [`rows`](Self::rows).
    fn layer(self, row: usize) -> &'a Perturbed<O, N, T> {
        match self.layers {
            Layers::Shared(layer) => layer,
            Layers::Own(layers) => &layers[row],
        }
    }
}

fn in_row((row, source): (usize, Error)) -> RowError {
    RowError { row, source }
}

/// What `one` makes of every row, on all threads; or the error of the first row that has one.
fn each_row<R: Send>(
    rows: usize,
    one: impl Fn(usize) -> Result<R, Error> + Sync,
) -> Result<Vec<R>, RowError> {
    let mut results: Vec<Option<R>> = (0..rows).map(|_| None).collect();
    let (cargo, pace) = (&mut results[..], &mut Pace::default());
    let units = Units { range: 0..rows, grain: 1, numbers: 1, pace, cargo };
    units
        .share(&mut share::crowd(), |(), rows, results| {
            for (row, result) in rows.zip(results) {
                *result = Some(one(row).map_err(|error| (row, error))?);
            }
            Ok(())
        })
        .map_err(in_row)?;
    Ok(results.into_iter().flatten().collect())
}

/// Losses, and gradients one after the other.
fn unzip<T: Copy, A: AsRef<[T]>>(rows: Vec<(T, A)>, numbers: usize) -> (Vec<T>, Vec<T>) {
    let mut losses = Vec::with_capacity(rows.len());
    let mut gradients = Vec::with_capacity(numbers);
    for (loss, gradient) in rows {
        losses.push(loss);
        gradients.extend_from_slice(gradient.as_ref());
    }
    (losses, gradients)
}

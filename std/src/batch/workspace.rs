//! Batches without allocation: memory that is made once and used again.

use std::ops::Range;

use perturb_core::estimator::{Estimator, Maximizer, Vjp};
use perturb_core::lanes::LANES;
use perturb_core::{
    Array, Asked, Draws, Error, Evaluate, MonteCarlo, Noise, Oracle, Perturbed, Real, Scratch, Shape,
};

use super::{Batch, Layers, PerRow, RowError, WAVE};

/// Memory for batches of one layer, of any number of rows and samples. Made by [`Batch::workspace`]; with another layer than
/// before, it starts anew.
///
/// It grows in the first call with a kind of work, a thread at a time, and does not change results.
///
/// ```
/// use perturb::{BatchExt, Dyn, Gumbel, MonteCarlo, Perturbed, Seed, Simplex};
/// let layer = Perturbed::new(Simplex::new(Dyn(3))?, Gumbel, 1.0f32)?;
/// let mut workspace = layer.batch().workspace();
/// let (theta, mut y) = ([0.0, 1.0, 2.0, 5.0, 4.0, 3.0], [0.0; 6]);
/// for step in 0..10 {
///     let how = MonteCarlo::new(100, Seed(1).fold(step));
///     layer.batch().maximizer_into(&theta, how, &mut workspace, &mut y)?;
/// }
/// assert!(y[2] > y[0] && y[3] > y[5]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct BatchWorkspace<'a, O: Oracle<T>, N, T: Real> {
    layer: Option<&'a Perturbed<O, N, T>>,
    workers: Vec<Option<Worker<O, T>>>,
    /// Sums of blocks of one row.
    parts: Vec<Array<O, T>>,
}

/// Memory of one thread.
struct Worker<O: Oracle<T>, T: Real> {
    scratch: Scratch<O, T>,
    /// Sums of up to [`LANES`] rows.
    sums: Vec<Array<O, T>>,
    part: Option<Array<O, T>>,
}

impl<O: Oracle<T>, T: Real> Worker<O, T> {
    fn new(oracle: &O) -> Self {
        Self { scratch: Scratch::new(oracle), sums: Vec::new(), part: None }
    }
    /// `count` sums of whatever they hold.
    fn sums(&mut self, oracle: &O, count: usize) -> (&mut [Array<O, T>], &mut Scratch<O, T>) {
        let missing = count.saturating_sub(self.sums.len());
        self.sums.extend((0..missing).map(|_| oracle.shape().array(T::ZERO)));
        (&mut self.sums[..count], &mut self.scratch)
    }
}

/// Shares of the work for each thread: more than one, so that a thread that is done takes from others.
pub(super) const SHARES: usize = 4;

/// A share below this many numbers is not worth a second thread.
pub(super) const LEAST_NUMBERS: usize = 2048;

impl<'a, O, N, T> Batch<'a, O, N, T>
where
    O: Oracle<T> + Sync,
    N: Noise<T>,
    T: Real,
{
    /// Memory for calls that end in `_into`.
    #[must_use]
    pub fn workspace(self) -> BatchWorkspace<'a, O, N, T> {
        BatchWorkspace { layer: None, workers: Vec::new(), parts: Vec::new() }
    }

    /// y_ε of every row into `y`, B × d. With samples and one layer for all rows, nothing is allocated from the second call
    /// on, in a thread of rayon's; from another thread, rayon itself may allocate to pass the work on. Exact expectations need
    /// no workspace, but a few vectors for each share of the rows.
    pub fn maximizer_into<H>(
        self,
        theta: &[T],
        how: H,
        workspace: &mut BatchWorkspace<'a, O, N, T>,
        y: &mut [T],
    ) -> Result<(), RowError>
    where
        H: Evaluate<O, N, T> + PerRow,
    {
        check_output(theta, y)?;
        match self.samples(how, Asked::Maximizer) {
            Some(sampled) => self.vectors_into(theta, |_| Maximizer, sampled, workspace, y),
            None => self.exact_maximizers(theta, how, y),
        }
    }

    /// Jᵀu of every row into `products`, B × d, for B × d cotangents u, as
    /// [`maximizer_into`](Self::maximizer_into) does.
    pub fn vjp_into<H>(
        self,
        theta: &[T],
        cotangents: &[T],
        how: H,
        workspace: &mut BatchWorkspace<'a, O, N, T>,
        products: &mut [T],
    ) -> Result<(), RowError>
    where
        H: Evaluate<O, N, T> + PerRow,
    {
        check_output(theta, products)?;
        let row = self.rows_of("cotangents", theta, cotangents)?;
        match self.samples(how, Asked::Product) {
            Some(sampled) => {
                self.vectors_into(theta, |r| Vjp { cotangent: row(r) }, sampled, workspace, products)
            }
            None => self.exact_products(theta, how, row, products),
        }
    }

    /// y_ε − y of every row into `gradients`, B × d, for B × d targets y, as [`maximizer_into`](Self::maximizer_into)
    /// does.
    pub fn fenchel_young_gradient_into<H>(
        self,
        theta: &[T],
        targets: &[T],
        how: H,
        workspace: &mut BatchWorkspace<'a, O, N, T>,
        gradients: &mut [T],
    ) -> Result<(), RowError>
    where
        H: Evaluate<O, N, T> + PerRow,
    {
        drop(self.rows_of("targets", theta, targets)?); // only the check
        self.maximizer_into(theta, how, workspace, gradients)?;
        for (gradient, &target) in gradients.iter_mut().zip(targets) {
            *gradient -= target;
        }
        Ok(())
    }

    /// The mean of an estimator of vectors in every row.
    pub(super) fn vectors_into<E>(
        self,
        theta: &[T],
        estimator: impl Fn(usize) -> E + Sync,
        how: MonteCarlo,
        workspace: &mut BatchWorkspace<'a, O, N, T>,
        out: &mut [T],
    ) -> Result<(), RowError>
    where
        E: Estimator<T, N, O::Shape, Sum = Array<O, T>>,
    {
        check_output(theta, out)?;
        let Layers::Shared(layer) = self.layers else {
            let rows = self.estimate(theta, estimator, how)?;
            for (out, &x) in out.iter_mut().zip(rows.iter().flat_map(AsRef::as_ref)) {
                *out = x;
            }
            return Ok(());
        };
        let dim = layer.oracle().shape().dim();
        let rows = self.ranges(theta)?.len();
        for (row, theta) in theta.chunks_exact(dim).enumerate() {
            layer.check(theta, &estimator(row), how).map_err(|source| RowError { row, source })?;
        }
        let task = Task { layer, first: self.first, dim, theta, estimator: &estimator, how };
        // Memory of another layer may have other sizes.
        if !workspace.layer.is_some_and(|known| std::ptr::eq(known, layer)) {
            *workspace = self.workspace();
            workspace.layer = Some(layer);
        }
        let threads = rayon::current_num_threads();
        let spread = if threads == 1 { 1 } else { SHARES * threads };
        workspace.workers.resize_with(spread.max(workspace.workers.len()), || None);
        let workers = &mut workspace.workers[..spread];
        if threads > 1 && how.blocks() > 1 && rows < SHARES * threads {
            for (row, out) in out.chunks_exact_mut(dim).enumerate() {
                task.by_blocks(row, workers, &mut workspace.parts, out)
                    .map_err(|source| RowError { row, source })?;
            }
            return Ok(());
        }
        task.by_rows(0..rows, workers, out).map_err(|(row, source)| RowError { row, source })
    }
}

/// The output has room for one number a score.
fn check_output<T>(theta: &[T], out: &[T]) -> Result<(), RowError> {
    if out.len() == theta.len() {
        return Ok(());
    }
    let source = Error::Length { parameter: "the output", expected: theta.len(), found: out.len() };
    Err(RowError { row: 0, source })
}

/// What is computed.
struct Task<'t, O, N, T, F> {
    layer: &'t Perturbed<O, N, T>,
    first: u64,
    dim: usize,
    theta: &'t [T],
    estimator: &'t F,
    how: MonteCarlo,
}

impl<O, N, T, F, E> Task<'_, O, N, T, F>
where
    O: Oracle<T> + Sync,
    N: Noise<T>,
    T: Real,
    F: Fn(usize) -> E + Sync,
    E: Estimator<T, N, O::Shape, Sum = Array<O, T>>,
{
    fn row(&self, row: usize) -> &[T] {
        &self.theta[row * self.dim..(row + 1) * self.dim]
    }

    fn how(&self, row: usize) -> MonteCarlo {
        self.how.row(self.first.wrapping_add(row as u64))
    }

    /// Rows that fill whole groups of lanes, if lanes are to go from row to row.
    fn packed(&self) -> Option<usize> {
        let samples = self.how.samples as usize;
        let packs = self.how.blocks() == 1 && !E::BASELINE && self.how.variance.draws == Draws::Independent;
        // LANES is a power of two, so that this is LANES divided by the greatest common divisor.
        packs.then(|| LANES / (1 << samples.trailing_zeros().min(LANES.trailing_zeros())))
    }

    /// Rows on all workers.
    fn by_rows(
        &self,
        rows: Range<usize>,
        workers: &mut [Option<Worker<O, T>>],
        out: &mut [T],
    ) -> Result<(), (usize, Error)> {
        let unit = self.packed().unwrap_or(1);
        let small =
            rows.len().saturating_mul(self.dim).saturating_mul(self.how.samples as usize) <= LEAST_NUMBERS;
        if workers.len() == 1 || rows.len() <= unit || small {
            let worker = workers[0].get_or_insert_with(|| Worker::new(self.layer.oracle()));
            return self.rows_of_one(rows, worker, out);
        }
        let units = rows.len().div_ceil(unit);
        let half = workers.len() / 2;
        let middle = (units * half / workers.len()).max(1) * unit;
        let (left, right) = workers.split_at_mut(half);
        let (left_out, right_out) = out.split_at_mut(middle * self.dim);
        let (a, b) = (rows.start..rows.start + middle, rows.start + middle..rows.end);
        let (first, second) =
            rayon::join(|| self.by_rows(a, left, left_out), || self.by_rows(b, right, right_out));
        first.and(second)
    }

    fn rows_of_one(
        &self,
        rows: Range<usize>,
        worker: &mut Worker<O, T>,
        out: &mut [T],
    ) -> Result<(), (usize, Error)> {
        let oracle = self.layer.oracle();
        let mut start = rows.start;
        if let Some(unit) = self.packed() {
            while start < rows.end && (rows.end - start).saturating_mul(self.how.samples as usize) > 1 {
                let end = (start + unit).min(rows.end);
                let (sums, scratch) = worker.sums(oracle, end - start);
                for sum in &mut *sums {
                    sum.as_mut().fill(T::ZERO);
                }
                let theta = &self.theta[start * self.dim..end * self.dim];
                let estimator = |row: usize| (self.estimator)(start + row);
                let first = self.first.wrapping_add(start as u64);
                let done = self.layer.estimate_rows(theta, estimator, self.how, first, scratch, sums);
                if !done.map_err(|(row, error)| (start + row, error))? {
                    break;
                }
                let out = &mut out[(start - rows.start) * self.dim..];
                for (out, sum) in out.chunks_exact_mut(self.dim).zip(sums) {
                    out.copy_from_slice(sum.as_ref());
                }
                start = end;
            }
        }
        for row in start..rows.end {
            let mut part = worker.part.take();
            let (sums, scratch) = worker.sums(oracle, 1);
            let sum = &mut sums[0];
            let done = self.layer.estimate_into(
                self.row(row),
                &(self.estimator)(row),
                self.how(row),
                scratch,
                sum,
                &mut part,
            );
            let at = (row - rows.start) * self.dim;
            out[at..at + self.dim].copy_from_slice(sum.as_ref());
            worker.part = part;
            done.map_err(|error| (row, error))?;
        }
        Ok(())
    }

    /// One row, its blocks on all workers.
    fn by_blocks(
        &self,
        row: usize,
        workers: &mut [Option<Worker<O, T>>],
        parts: &mut Vec<Array<O, T>>,
        out: &mut [T],
    ) -> Result<(), Error> {
        let (oracle, how) = (self.layer.oracle(), self.how(row));
        let wanted = how.blocks().min(WAVE) as usize;
        let missing = wanted.saturating_sub(parts.len());
        parts.extend((0..missing).map(|_| oracle.shape().array(T::ZERO)));
        out.fill(T::ZERO);
        for wave in (0..how.blocks()).step_by(WAVE as usize) {
            let blocks = wave..how.blocks().min(wave.saturating_add(WAVE));
            let parts = &mut parts[..blocks.len()];
            self.some_blocks(row, blocks.clone(), workers, parts)?;
            let mut parts = parts.iter();
            if wave == 0
                && let Some(first) = parts.next()
            {
                out.copy_from_slice(first.as_ref());
            }
            for part in parts {
                for (sum, &part) in out.iter_mut().zip(part.as_ref()) {
                    *sum += part;
                }
            }
        }
        let sum = &mut parts[0];
        sum.as_mut().copy_from_slice(out);
        Perturbed::<O, N, T>::finish::<E>(sum, how)?;
        out.copy_from_slice(sum.as_ref());
        Ok(())
    }

    fn some_blocks(
        &self,
        row: usize,
        blocks: Range<u32>,
        workers: &mut [Option<Worker<O, T>>],
        parts: &mut [Array<O, T>],
    ) -> Result<(), Error> {
        if workers.len() == 1 || blocks.len() <= 1 {
            let worker = workers[0].get_or_insert_with(|| Worker::new(self.layer.oracle()));
            let (theta, how, estimator) = (self.row(row), self.how(row), (self.estimator)(row));
            self.layer.prepare::<E>(theta, how, &mut worker.scratch)?;
            for (block, part) in blocks.zip(parts) {
                self.layer.add_block(theta, &estimator, how, block, &mut worker.scratch, part)?;
            }
            return Ok(());
        }
        let half = workers.len() / 2;
        let middle = (blocks.len() * half / workers.len()).max(1);
        let (left, right) = workers.split_at_mut(half);
        let (left_parts, right_parts) = parts.split_at_mut(middle);
        let middle = blocks.start + middle as u32;
        let (a, b) = (blocks.start..middle, middle..blocks.end);
        let (first, second) = rayon::join(
            || self.some_blocks(row, a, left, left_parts),
            || self.some_blocks(row, b, right, right_parts),
        );
        first.and(second)
    }
}

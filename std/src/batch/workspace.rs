//! Memory that is made once and used again.

use std::fmt;

use perturb_core::engine::LANES;
use perturb_core::method::MonteCarloWork;
use perturb_core::oracle::Array;
use perturb_core::quantity::Form;
use perturb_core::{Method, MonteCarlo, Noise, Oracle, Perturbed, Quantity, Real, Seed, Shape};

use crate::share::Pace;

/// Memory for batches of one layer and one method, of any number of rows and samples, whose answers are of type `A`. Made by
/// [`Batch::workspace`](super::Batch::workspace); with another layer than before, it starts anew.
///
/// It grows in the first call with a kind of work, a thread at a time, and does not change results.
///
/// ```
/// use perturb::quantity::Maximizer;
/// use perturb::{BatchExt, Dyn, Gumbel, MonteCarlo, Perturbed, Seed, Simplex};
/// let layer = Perturbed::new(Simplex::new(Dyn(3))?, Gumbel, 1.0f32)?;
/// let mut workspace = layer.batch().workspace();
/// let (theta, mut y) = ([0.0, 1.0, 2.0, 5.0, 4.0, 3.0], [0.0; 6]);
/// for step in 0..10 {
///     let how = MonteCarlo::new(100, Seed(1).fold(step));
///     layer.batch().compute_into(&theta, |_| Maximizer, how, &mut workspace, &mut y)?;
/// }
/// assert!(y[2] > y[0] && y[3] > y[5]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct BatchWorkspace<'a, O, N, T, H, A = Array<O, T>>
where
    O: Oracle<T>,
    N: Noise<T>,
    T: Real,
    H: Method<O, N, T>,
    A: Send,
{
    pub(super) layer: Option<&'a Perturbed<O, N, T>>,
    pub(super) crew: Crew<O, N, T, H, A>,
}

impl<O, N, T, H, A> Default for BatchWorkspace<'_, O, N, T, H, A>
where
    O: Oracle<T>,
    N: Noise<T>,
    T: Real,
    H: Method<O, N, T>,
    A: Send,
{
    fn default() -> Self {
        Self { layer: None, crew: Crew::default() }
    }
}

impl<O, N, T, H, A> fmt::Debug for BatchWorkspace<'_, O, N, T, H, A>
where
    O: Oracle<T>,
    N: Noise<T>,
    T: Real,
    H: Method<O, N, T>,
    A: Send,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchWorkspace").field("workers", &self.crew.workers.len()).finish_non_exhaustive()
    }
}

/// Memory of all threads.
pub(crate) struct Crew<O: Oracle<T>, N: Noise<T>, T: Real, H: Method<O, N, T>, A: Send> {
    pub(super) workers: Vec<Worker<O, N, T, H, A>>,
    /// Sums of blocks.
    pub(super) parts: Vec<A>,
    pub(crate) pace: Pace,
}

impl<O: Oracle<T>, N: Noise<T>, T: Real, H: Method<O, N, T>, A: Send> Default for Crew<O, N, T, H, A> {
    fn default() -> Self {
        Self { workers: Vec::new(), parts: Vec::new(), pace: Pace::default() }
    }
}

/// Memory of one thread.
pub(crate) struct Worker<O: Oracle<T>, N: Noise<T>, T: Real, H: Method<O, N, T>, A: Send> {
    /// The method's memory, where it answers row by row.
    work: Option<H::Work<A>>,
    /// The memory of samples in groups and blocks.
    sampled: Option<MonteCarloWork<O, T, A>>,
    /// Answers of up to [`LANES`] rows.
    answers: Vec<A>,
}

impl<O: Oracle<T>, N: Noise<T>, T: Real, H: Method<O, N, T>, A: Send> Default for Worker<O, N, T, H, A> {
    fn default() -> Self {
        Self { work: None, sampled: None, answers: Vec::new() }
    }
}

impl<O: Oracle<T>, N: Noise<T>, T: Real, H: Method<O, N, T>, A: Send> Worker<O, N, T, H, A> {
    /// Memory for samples.
    pub(super) fn sampled(&mut self, layer: &Perturbed<O, N, T>) -> &mut MonteCarloWork<O, T, A> {
        let how = MonteCarlo::plain(1, Seed(0));
        self.sampled.get_or_insert_with(|| Method::<O, N, T>::work(how, layer))
    }

    /// Memory for a method that answers row by row.
    pub(super) fn work(&mut self, layer: &Perturbed<O, N, T>, how: H) -> &mut H::Work<A> {
        self.work.get_or_insert_with(|| how.work(layer))
    }

    /// An answer, whatever it holds; to be [kept](Self::keep_answer) afterwards.
    pub(super) fn take_answer<Q>(&mut self, layer: &Perturbed<O, N, T>) -> A
    where
        Q: Quantity<T, N, O::Shape, Output = A>,
    {
        self.make_answers::<Q>(layer, 1);
        self.answers.swap_remove(0)
    }
    pub(super) fn keep_answer(&mut self, answer: A) {
        self.answers.push(answer);
    }

    /// Memory for samples, and `count` ≤ [`LANES`] answers, whatever they hold.
    pub(super) fn answers<Q>(
        &mut self,
        layer: &Perturbed<O, N, T>,
        count: usize,
    ) -> (&mut MonteCarloWork<O, T, A>, &mut [A])
    where
        Q: Quantity<T, N, O::Shape, Output = A>,
    {
        self.make_answers::<Q>(layer, count);
        let how = MonteCarlo::plain(1, Seed(0));
        let sampled = self.sampled.get_or_insert_with(|| Method::<O, N, T>::work(how, layer));
        (sampled, &mut self.answers[..count])
    }

    fn make_answers<Q>(&mut self, layer: &Perturbed<O, N, T>, count: usize)
    where
        Q: Quantity<T, N, O::Shape, Output = A>,
    {
        let shape = layer.oracle().shape();
        if !self.answers.first_mut().is_none_or(|answer| Q::Form::fits(answer, shape.dim())) {
            self.answers.clear(); // Those of another quantity.
        }
        while self.answers.len() < count.min(LANES) {
            self.answers.push(Q::Form::zero(shape));
        }
    }
}

//! Any oracle as one type, so that the loop of samples is compiled once and not once for each.

use std::any::Any;
use std::fmt;

use perturb::lanes::{LANES, LaneMemory, Solved};
use perturb::{Dyn, Oracle, Real, Shape};

/// An oracle behind a pointer, with all that it does but the race of argmax, which is a property of a type.
pub struct Erased<T>(Box<dyn Solve<T>>);

impl<T> fmt::Debug for Erased<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Erased")
    }
}

impl<T: Real> Erased<T> {
    /// This oracle.
    pub fn new<O: Oracle<T> + Send + Sync + 'static>(oracle: O) -> Self
    where
        O::Work: 'static,
    {
        Self(Box::new(oracle))
    }
}

type Work = Box<dyn Any + Send>;

/// The methods of [`Oracle`] without types of its own.
trait Solve<T>: Send + Sync {
    fn any_dim(&self) -> usize;
    fn any_work(&self) -> Work;
    fn any_solve(&self, theta: &[T], y: &mut [T], work: &mut Work) -> T;
    fn any_lanes(
        &self,
        theta: &[[T; LANES]],
        y: &mut [[T; LANES]],
        memory: LaneMemory<'_, T>,
    ) -> Option<Solved<T>>;
    fn any_add(
        &self,
        theta: &[[T; LANES]],
        count: usize,
        sums: &mut [[T; LANES]],
        memory: LaneMemory<'_, T>,
    ) -> Option<u32>;
    fn any_small(&self) -> bool;
    fn any_offset(&self, y: &[T]) -> T;
    fn any_warm_up(&self, theta: &[T], work: &mut Work);
    fn any_failure(&self, work: &Work) -> Option<&'static str>;
    fn any_vertex(&self, y: &[T], work: &mut Work) -> bool;
}

impl<T: Real, O: Oracle<T> + Send + Sync> Solve<T> for O
where
    O::Work: 'static,
{
    fn any_dim(&self) -> usize {
        self.shape().dim()
    }
    fn any_work(&self) -> Work {
        Box::new(self.work())
    }
    fn any_solve(&self, theta: &[T], y: &mut [T], work: &mut Work) -> T {
        self.solve(theta, y, own::<T, O>(work))
    }
    fn any_lanes(
        &self,
        theta: &[[T; LANES]],
        y: &mut [[T; LANES]],
        memory: LaneMemory<'_, T>,
    ) -> Option<Solved<T>> {
        self.solve_lanes(theta, y, memory)
    }
    fn any_add(
        &self,
        theta: &[[T; LANES]],
        count: usize,
        sums: &mut [[T; LANES]],
        memory: LaneMemory<'_, T>,
    ) -> Option<u32> {
        self.add_lanes(theta, count, sums, memory)
    }
    fn any_small(&self) -> bool {
        self.small_integers()
    }
    fn any_offset(&self, y: &[T]) -> T {
        self.offset(y)
    }
    fn any_warm_up(&self, theta: &[T], work: &mut Work) {
        self.warm_up(theta, own::<T, O>(work));
    }
    fn any_failure(&self, work: &Work) -> Option<&'static str> {
        self.failure(work.downcast_ref().expect("the oracle's own work"))
    }
    fn any_vertex(&self, y: &[T], work: &mut Work) -> bool {
        self.is_vertex(y, own::<T, O>(work))
    }
}

fn own<T: Real, O: Oracle<T>>(work: &mut Work) -> &mut O::Work
where
    O::Work: 'static,
{
    work.downcast_mut().expect("the oracle's own work")
}

impl<T: Real> Oracle<T> for Erased<T> {
    type Shape = Dyn;
    type Work = Work;
    const NAME: &'static str = "any oracle";
    const WARM_STARTS: bool = true;

    fn shape(&self) -> Dyn {
        Dyn(self.0.any_dim())
    }
    fn work(&self) -> Work {
        self.0.any_work()
    }
    fn solve(&self, theta: &[T], y: &mut [T], work: &mut Work) -> T {
        self.0.any_solve(theta, y, work)
    }
    fn solve_lanes(
        &self,
        theta: &[[T; LANES]],
        y: &mut [[T; LANES]],
        memory: LaneMemory<'_, T>,
    ) -> Option<Solved<T>> {
        self.0.any_lanes(theta, y, memory)
    }
    fn add_lanes(
        &self,
        theta: &[[T; LANES]],
        count: usize,
        sums: &mut [[T; LANES]],
        memory: LaneMemory<'_, T>,
    ) -> Option<u32> {
        self.0.any_add(theta, count, sums, memory)
    }
    fn small_integers(&self) -> bool {
        self.0.any_small()
    }
    fn offset(&self, y: &[T]) -> T {
        self.0.any_offset(y)
    }
    fn warm_up(&self, theta: &[T], work: &mut Work) {
        self.0.any_warm_up(theta, work);
    }
    fn failure(&self, work: &Work) -> Option<&'static str> {
        self.0.any_failure(work)
    }
    fn is_vertex(&self, y: &[T], work: &mut Work) -> bool {
        self.0.any_vertex(y, work)
    }
}

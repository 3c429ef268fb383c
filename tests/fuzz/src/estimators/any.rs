//! An oracle of any kind behind a pointer: what is tested for all of them is compiled once.

use std::any::Any;

use perturb::lanes::{LANES, LaneMemory, Solved};
use perturb::{Dyn, Oracle, Real, Shape};

/// The methods of an oracle, for one type of working memory.
trait Decides<T: Real>: Sync {
    fn dim(&self) -> usize;
    fn fresh(&self) -> Memory;
    fn solve_with(&self, theta: &[T], y: &mut [T], memory: &mut Memory) -> T;
    fn solve_side_by_side(
        &self,
        theta: &[[T; LANES]],
        y: &mut [[T; LANES]],
        memory: LaneMemory<'_, T>,
    ) -> Option<Solved<T>>;
    fn add_side_by_side(
        &self,
        theta: &[[T; LANES]],
        count: usize,
        sums: &mut [[T; LANES]],
        memory: LaneMemory<'_, T>,
    ) -> Option<u32>;
    fn has_small_integers(&self) -> bool;
    fn warm(&self, theta: &[T], memory: &mut Memory);
    fn failed(&self, memory: &Memory) -> Option<&'static str>;
    fn has_vertex(&self, y: &[T], memory: &mut Memory) -> bool;
}

type Memory = Box<dyn Any + Send>;

impl<T: Real, O: Oracle<T> + Sync> Decides<T> for O
where
    O::Work: 'static,
{
    fn dim(&self) -> usize {
        self.shape().dim()
    }
    fn fresh(&self) -> Memory {
        Box::new(self.work())
    }
    fn solve_with(&self, theta: &[T], y: &mut [T], memory: &mut Memory) -> T {
        self.solve(theta, y, own::<T, O>(memory))
    }
    fn solve_side_by_side(
        &self,
        theta: &[[T; LANES]],
        y: &mut [[T; LANES]],
        memory: LaneMemory<'_, T>,
    ) -> Option<Solved<T>> {
        self.solve_lanes(theta, y, memory)
    }
    fn add_side_by_side(
        &self,
        theta: &[[T; LANES]],
        count: usize,
        sums: &mut [[T; LANES]],
        memory: LaneMemory<'_, T>,
    ) -> Option<u32> {
        self.add_lanes(theta, count, sums, memory)
    }
    fn has_small_integers(&self) -> bool {
        self.small_integers()
    }
    fn warm(&self, theta: &[T], memory: &mut Memory) {
        self.warm_up(theta, own::<T, O>(memory));
    }
    fn failed(&self, memory: &Memory) -> Option<&'static str> {
        self.failure(memory.downcast_ref().expect("memory of this oracle"))
    }
    fn has_vertex(&self, y: &[T], memory: &mut Memory) -> bool {
        self.is_vertex(y, own::<T, O>(memory))
    }
}

fn own<T: Real, O: Oracle<T>>(memory: &mut Memory) -> &mut O::Work
where
    O::Work: 'static,
{
    memory.downcast_mut().expect("memory of this oracle")
}

/// Any linear oracle, with its vertices, its lanes and its warm starts.
#[derive(Clone, Copy)]
pub(super) struct AnyOracle<'a, T>(&'a dyn Decides<T>);

impl<'a, T: Real> AnyOracle<'a, T> {
    pub(super) fn of<O: Oracle<T> + Sync>(oracle: &'a O) -> Self
    where
        O::Work: 'static,
    {
        const { assert!(O::LINEAR, "its offset would be lost") };
        Self(oracle)
    }
}

impl<T: Real> Oracle<T> for AnyOracle<'_, T> {
    type Shape = Dyn;
    type Work = Memory;
    const NAME: &'static str = "any";
    const WARM_STARTS: bool = true;

    fn shape(&self) -> Dyn {
        Dyn(self.0.dim())
    }
    fn work(&self) -> Memory {
        self.0.fresh()
    }
    fn solve(&self, theta: &[T], y: &mut [T], work: &mut Memory) -> T {
        self.0.solve_with(theta, y, work)
    }
    fn solve_lanes(
        &self,
        theta: &[[T; LANES]],
        y: &mut [[T; LANES]],
        memory: LaneMemory<'_, T>,
    ) -> Option<Solved<T>> {
        self.0.solve_side_by_side(theta, y, memory)
    }
    fn add_lanes(
        &self,
        theta: &[[T; LANES]],
        count: usize,
        sums: &mut [[T; LANES]],
        memory: LaneMemory<'_, T>,
    ) -> Option<u32> {
        self.0.add_side_by_side(theta, count, sums, memory)
    }
    fn small_integers(&self) -> bool {
        self.0.has_small_integers()
    }
    fn warm_up(&self, theta: &[T], work: &mut Memory) {
        self.0.warm(theta, work);
    }
    fn failure(&self, work: &Memory) -> Option<&'static str> {
        self.0.failed(work)
    }
    fn is_vertex(&self, y: &[T], work: &mut Memory) -> bool {
        self.0.has_vertex(y, work)
    }
}

//! Oracles that are not in the list of kinds, behind a pointer.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use perturb_core::engine::SolveGroup;
use perturb_core::oracle::{Location, Properties};
use perturb_core::{Oracle, Real};

/// An oracle whose type is forgotten.
#[derive(Clone)]
pub(super) struct Custom<T>(pub(super) Arc<dyn Erased<T>>);

/// The working memory of a custom oracle.
pub(super) type CustomWork = Box<dyn Any + Send>;

impl<T: Real> fmt::Debug for Custom<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Custom").field(&self.0.properties()).finish()
    }
}

/// The methods of [`Oracle`] without the types that belong to it.
pub(super) trait Erased<T>: Send + Sync {
    fn properties(&self) -> Properties;
    fn work(&self) -> CustomWork;
    fn solve(&self, theta: &[T], y: &mut [T], work: &mut CustomWork) -> Result<T, &'static str>;
    fn offset(&self, y: &[T]) -> T;
    fn warm_up(&self, theta: &[T], work: &mut CustomWork);
    fn locate(&self, y: &[T], work: Option<&mut CustomWork>) -> Location;
    fn solve_group(&self, group: SolveGroup<'_, T>) -> Option<u32>;
}

/// The oracle's own memory; another's gives way to fresh one.
fn own<'w, T: Real, O: Oracle<T, Work: 'static>>(oracle: &O, work: &'w mut CustomWork) -> &'w mut O::Work {
    if !work.is::<O::Work>() {
        *work = Box::new(oracle.work());
    }
    work.downcast_mut().expect("made above if it was another's")
}

impl<T: Real, O: Oracle<T, Work: 'static> + Send + Sync> Erased<T> for O {
    fn properties(&self) -> Properties {
        Oracle::properties(self)
    }
    fn work(&self) -> CustomWork {
        Box::new(Oracle::work(self))
    }
    fn solve(&self, theta: &[T], y: &mut [T], work: &mut CustomWork) -> Result<T, &'static str> {
        Oracle::solve(self, theta, y, own(self, work))
    }
    fn offset(&self, y: &[T]) -> T {
        Oracle::offset(self, y)
    }
    fn warm_up(&self, theta: &[T], work: &mut CustomWork) {
        Oracle::warm_up(self, theta, own(self, work));
    }
    fn locate(&self, y: &[T], work: Option<&mut CustomWork>) -> Location {
        Oracle::locate(self, y, work.map(|work| own(self, work)))
    }
    fn solve_group(&self, group: SolveGroup<'_, T>) -> Option<u32> {
        Oracle::solve_group(self, group)
    }
}

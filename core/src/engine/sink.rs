//! Where draws go.

use super::group::DrawGroup;
use super::lanes::LANES;
use crate::quantity::Draw;

/// One draw, or many.
pub(crate) enum Drawn<'d, 'a, T> {
    One(&'d Draw<'a, T>),
    Group(&'d mut DrawGroup<'a, T>),
}

/// Is shown draws, each with the number of its lane.
pub(crate) type Each<'s, T> = &'s mut dyn Show<T>;

/// Any closure: as a `dyn FnMut`, which would be compiled twice, once for the `FnOnce` that it must be as well.
pub(crate) trait Show<T> {
    fn show(&mut self, lane: usize, drawn: Drawn<'_, '_, T>);
}

impl<T, F: FnMut(usize, Drawn<'_, '_, T>)> Show<T> for F {
    fn show(&mut self, lane: usize, drawn: Drawn<'_, '_, T>) {
        self(lane, drawn);
    }
}

/// Where draws go.
pub(crate) enum Sink<'s, T> {
    /// All are shown one by one.
    Draws(Each<'s, T>),
    /// Groups are shown whole where the oracle decides side by side, the rest one by one.
    Groups(Each<'s, T>),
    /// Decisions are added up lane by lane where the oracle decides side by side; the rest is shown one by one.
    Sums(Each<'s, T>, &'s mut [[T; LANES]]),
}

impl<T> Sink<'_, T> {
    /// Shows one draw.
    pub(super) fn show(&mut self, lane: usize, draw: &Draw<'_, T>) {
        let (Self::Draws(each) | Self::Groups(each) | Self::Sums(each, _)) = self;
        each.show(lane, Drawn::One(draw));
    }
}

//! Which points lie outside C, and by how much rounding may put them there: the one place that says so.

use super::Oracle;
use crate::graph::Edge;
use crate::{Error, Real, Shape};

/// Where a point lies relative to C, as far as that is certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Location {
    /// It is a vertex.
    Vertex,
    /// It lies outside, by more than rounding.
    Outside,
    /// Neither is certain.
    Undecided,
}

impl Location {
    /// Whether it is [`Vertex`](Self::Vertex).
    pub const fn is_vertex(self) -> bool {
        matches!(self, Self::Vertex)
    }
}

/// The share of its size by which a sum of `terms` numbers may be off: 10⁻⁶, so that points may be written with seven digits, eight
/// units in the last place for means of vertices, and half a unit for each addition.
pub(crate) fn slack<T: Real>(terms: usize) -> T {
    T::from_f64(1e-6) + T::EPSILON * (T::from_f64(8.0) + T::HALF * T::from_usize(terms))
}

/// Refuses a target that certainly lies outside C.
#[inline]
pub(crate) fn check<T: Real, O: Oracle<T>>(
    oracle: &O,
    target: &[T],
    work: Option<&mut O::Work>,
) -> Result<(), Error> {
    match oracle.locate(target, work) {
        Location::Outside => Err(Error::OutsideHull { parameter: "target" }),
        _ => Ok(()),
    }
}

/// Refuses a target with an entry that θ forbids: it lies outside the hull of what is left.
pub(crate) fn check_allowed<T: Real>(target: &[T], theta: &[T]) -> Result<(), Error> {
    let outside = super::marks_forbidden(theta, target);
    if outside { Err(Error::OutsideHull { parameter: "target" }) } else { Ok(()) }
}

/// Outside if that is known, a vertex if solves tell.
pub(super) fn located<T: Real, O: Oracle<T> + ?Sized>(
    oracle: &O,
    outside: bool,
    y: &[T],
    work: Option<&mut O::Work>,
) -> Location {
    if outside {
        Location::Outside
    } else if work.is_some_and(|work| found(oracle, y, work)) {
        Location::Vertex
    } else {
        Location::Undecided
    }
}

/// Whether y*(y) = y, or y*(2y − 1) = y: then y is a vertex. The first finds the vertices of any C whose vertices have equal norm,
/// the second those in {0, 1}ᵈ.
fn found<T: Real, O: Oracle<T> + ?Sized>(oracle: &O, y: &[T], work: &mut O::Work) -> bool {
    let properties = oracle.properties();
    let mut direction = oracle.shape().array(T::ZERO);
    let mut found = oracle.shape().array(T::ZERO);
    for (scale, shift) in [(T::ONE, T::ZERO), (T::TWO, T::ONE)] {
        for (direction, &y) in direction.as_mut().iter_mut().zip(y) {
            *direction = scale * y - shift;
        }
        if properties.linear
            && properties.beyond(direction.as_ref()).is_none()
            && oracle.solve(direction.as_ref(), found.as_mut(), work).is_ok()
            && found.as_ref() == y
        {
            return true;
        }
    }
    false
}

/// Σ y, if all entries lie in [low, high].
pub(super) fn sum_within<T: Real>(y: &[T], low: T, high: T) -> Option<T> {
    let slack = slack::<T>(0) * high.abs().larger(low.abs());
    let (low, high) = (low - slack, high + slack);
    let (mut sum, mut within) = (T::ZERO, true);
    for &y in y {
        sum += y;
        within &= y >= low && y <= high;
    }
    within.then_some(sum)
}

/// Whether `sum`, of `terms` numbers, is more than `most` ≥ 0.
pub(super) fn exceeds<T: Real>(sum: T, most: T, terms: usize) -> bool {
    sum - most > slack::<T>(terms) * most.larger(T::ONE)
}

/// Whether `sum`, of `terms` numbers, is not `total` ≥ 0.
pub(super) fn differs<T: Real>(sum: T, total: T, terms: usize) -> bool {
    (sum - total).abs() > slack::<T>(terms) * total.larger(T::ONE)
}

/// Whether an entry lies outside [0, 1], or the sum is not `total`.
pub(super) fn no_pick<T: Real>(y: &[T], total: usize) -> bool {
    sum_within(y, T::ZERO, T::ONE).is_none_or(|sum| differs(sum, T::from_usize(total), y.len()))
}

/// Whether an entry lies outside [0, 1], or y is no flow of `units` from source to sink.
///
/// In any potential p, a flow falls by Σ y·(p(tail) − p(head)) = units·(p(source) − p(sink)). One pass without memory: a point that
/// keeps this by chance, in potentials that are scattered, goes unnoticed.
pub(super) fn no_flow<T: Real>(y: &[T], edges: &[Edge], [source, sink]: [u32; 2], units: usize) -> bool {
    let potential = |node: u32| i64::from(node.wrapping_mul(0x9E37_79B9) >> 16);
    let fall = |from, to| T::from_f64((potential(from) - potential(to)) as f64);
    let slack = slack::<T>(y.len());
    let mut sum = -T::from_usize(units) * fall(source, sink);
    let mut size = sum.abs();
    for (edge, &y) in edges.iter().zip(y) {
        if y.is_zero() {
            continue;
        }
        if y < -slack || y > T::ONE + slack {
            return true;
        }
        let part = y * fall(edge.tail, edge.head);
        sum += part;
        size += part.abs();
    }
    sum.abs() > slack * size
}

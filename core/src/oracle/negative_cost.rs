use crate::{Error, Real, error};

/// What a search for shortest paths does about negative costs: perturbed scores −c + εZ are often positive.
///
/// With negative costs the shortest simple path is NP-hard, and Dijkstra's algorithm does not find it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum NegativeCost<T> {
    /// Search with max(c, floor) for a floor > 0 in the units of θ. The value returned is still ⟨y, θ⟩.
    Floor(T),
    /// Fail: an estimate then names the sample ([`Error::Solver`]).
    Refuse,
}

impl<T: Real> Default for NegativeCost<T> {
    /// A floor of 2⁻¹⁰.
    fn default() -> Self {
        Self::Floor(T::from_f64(1.0 / 1024.0))
    }
}

impl<T: Real> NegativeCost<T> {
    pub(super) fn check_floor(self) -> Result<(), Error> {
        match self {
            Self::Floor(floor) => error::check_positive("floor", floor),
            Self::Refuse => Ok(()),
        }
    }
    pub(super) fn floor(self) -> T {
        match self {
            Self::Floor(floor) => floor,
            Self::Refuse => T::ZERO,
        }
    }
    /// Whether the search fails at a negative cost.
    pub(super) fn refuses(self) -> bool {
        self == Self::Refuse
    }
    /// Refuses scores that cannot be searched.
    pub(super) fn check(self, theta: &[T]) -> Result<(), &'static str> {
        let negative = self.refuses() && theta.iter().any(|&score| score > T::ZERO);
        if negative { Err("a cost is negative") } else { Ok(()) }
    }
}

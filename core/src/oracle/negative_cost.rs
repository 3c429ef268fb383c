use crate::{Error, Real, error};

/// What a search for shortest paths does about negative costs: perturbed scores −c + εZ are often positive.
///
/// With negative costs the shortest simple path is NP-hard, and Dijkstra's algorithm does not find it. Where no cost is negative,
/// the path is the cheapest, under [`Relative`](Self::Relative) and [`Refuse`](Self::Refuse) of the costs as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum NegativeCost<T> {
    /// If a cost is negative, search with max(c, floor), where the floor is 2⁻¹⁰ of the least positive cost of this solve: positive
    /// costs stay as they are, and none of the others costs more than one of them. Without a positive cost all cost 1, and the path
    /// is one of fewest steps. The path is that of the scores times any power of 2, and the value returned still ⟨y, θ⟩.
    #[default]
    Relative,
    /// Search with max(c, floor) for a floor > 0 in the units of θ, positive costs below it included. The value returned is still
    /// ⟨y, θ⟩.
    Floor(T),
    /// Fail: an estimate then names the sample ([`Error::Solver`]).
    Refuse,
}

/// The relative floor: 2⁻¹⁰.
const SHARE: f64 = 1.0 / 1024.0;

impl<T: Real> NegativeCost<T> {
    pub(super) fn check_floor(self) -> Result<(), Error> {
        match self {
            Self::Floor(floor) => error::check_positive("floor", floor),
            Self::Relative | Self::Refuse => Ok(()),
        }
    }
    /// Up to this score, costs are searched as they are.
    pub(super) fn greatest_score(self) -> f64 {
        match self {
            Self::Floor(floor) => -floor.to_f64(),
            Self::Relative | Self::Refuse => 0.0,
        }
    }
    /// Whether the search fails at a negative cost.
    pub(super) fn refuses(self) -> bool {
        self == Self::Refuse
    }
    /// The floor, 0 for none, given the least positive cost, ∞ for none, and whether a cost is negative.
    #[inline(always)]
    pub(super) fn floor(self, least: T, negative: bool) -> T {
        let share = least * T::from_f64(SHARE);
        match self {
            Self::Floor(floor) => floor,
            Self::Relative if least == T::INFINITY => T::ONE,
            // What underflows is a floor that rounds.
            Self::Relative if negative => {
                if share > T::ZERO {
                    share
                } else {
                    least
                }
            }
            Self::Relative | Self::Refuse => T::ZERO,
        }
    }
    /// Whether a floor is a number too small to have all its digits, so that another scale is needed.
    #[inline(always)]
    pub(super) fn rounds(floor: T) -> bool {
        floor > T::ZERO && T::HALF * T::EPSILON * floor <= T::ZERO
    }

    /// Calls `search(scores, floor)`, which returns what its path costs, for `theta`, or where floors or sums leave the range of the
    /// number type for scores at another scale, which are written into `scaled`. Fails where a negative cost is refused.
    pub(super) fn search(
        self,
        theta: &[T],
        scaled: &mut [T],
        mut search: impl FnMut(&[T], T) -> T,
    ) -> Result<(), &'static str> {
        let square = T::EPSILON * T::EPSILON;
        let mut scale = T::ONE;
        loop {
            let mut scores = theta;
            if scale != T::ONE {
                for (scaled, &score) in scaled.iter_mut().zip(theta) {
                    *scaled = score * scale;
                }
                scores = scaled;
            }
            let (least, negative) = T::costs(scores);
            if negative && self.refuses() {
                return Err("a cost is negative");
            }
            let floor = match self {
                Self::Floor(floor) => floor * scale,
                _ => self.floor(least, negative),
            };
            if scale == T::ONE && Self::rounds(floor) {
                scale = T::ONE / square;
            } else if search(scores, floor).is_finite() || scale == square {
                return Ok(());
            } else {
                scale = square;
            }
        }
    }
}

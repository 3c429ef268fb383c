//! Independent yes/no decisions: the hypercube.

use super::{Decides, Location, Oracle, Properties, hull};
use crate::engine::lanes::{self, LANES};
use crate::engine::{SolveGroup, Wanted};
use crate::model_file::OracleKind;
use crate::{Error, Real, Shape, error};

/// Independent yes/no decisions: C = [low, high]ᵈ, y*(θ)_i = high if θ_i > 0, else low.
///
/// F(θ) = Σ max(low·θ_i, high·θ_i). A score of exactly 0 ties; it goes to low. Cost O(d), no working memory.
///
/// ```
/// use perturb_core::{Const, Hypercube, Oracle};
/// let mut y = [0.0; 3];
/// assert_eq!(Hypercube::sign(Const::<3>)?.solve(&[0.5, -2.0, 0.0], &mut y, &mut ()), Ok(2.5));
/// assert_eq!(y, [1.0, -1.0, -1.0]);
/// # Ok::<(), perturb_core::Error>(())
/// ```
#[doc(alias("binary", "sign"))]
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Hypercube<T, S> {
    shape: S,
    pub(crate) low: T,
    pub(crate) high: T,
}

impl<T: Real, S: Shape> Hypercube<T, S> {
    /// Over {0, 1}ᵈ.
    pub fn binary(shape: S) -> Result<Self, Error> {
        error::check_dim(shape)?;
        Ok(Self { shape, low: T::ZERO, high: T::ONE })
    }
    /// Over {−1, 1}ᵈ: y*(θ) is the sign.
    pub fn sign(shape: S) -> Result<Self, Error> {
        error::check_dim(shape)?;
        Ok(Self { shape, low: -T::ONE, high: T::ONE })
    }
    /// The two values of an entry, the lower first.
    pub fn bounds(&self) -> [T; 2] {
        [self.low, self.high]
    }
}

impl<T: Real, S: Shape> Oracle<T> for Hypercube<T, S> {
    type Shape = S;
    type Work = ();

    fn properties(&self) -> Properties {
        let binary = self.low == T::ZERO && self.high == T::ONE;
        let kind = binary.then_some(OracleKind::Hypercube);
        Properties {
            kind,
            ..Properties::new("hypercube").with_decides(Decides::Signs).with_small_integers(true)
        }
    }
    fn shape(&self) -> S {
        self.shape
    }
    fn work(&self) {}

    fn solve(&self, theta: &[T], y: &mut [T], (): &mut ()) -> Result<T, &'static str> {
        let mut value = T::ZERO;
        for (y, &score) in y.iter_mut().zip(theta) {
            *y = if score > T::ZERO { self.high } else { self.low };
            value += *y * score;
        }
        Ok(value)
    }

    fn locate(&self, y: &[T], work: Option<&mut Self::Work>) -> Location {
        hull::located(self, hull::sum_within(y, self.low, self.high).is_none(), y, work)
    }

    fn solve_group(&self, SolveGroup { theta, wanted, .. }: SolveGroup<'_, T>) -> Option<u32> {
        let Wanted::Each { y, values } = wanted else { return None };
        lanes::run(Signs { low: self.low, high: self.high, theta, y });
        if let Some(values) = values {
            *values = lanes::run(lanes::Values { theta, y });
        }
        Some(0)
    }
}

/// The better corner of every entry, in every lane.
struct Signs<'a, T> {
    low: T,
    high: T,
    theta: &'a [[T; LANES]],
    y: &'a mut [[T; LANES]],
}

impl<T: Real> perturb_lanes::Kernel for Signs<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Self { low, high, theta, y } = self;
        for (theta, y) in theta.iter().zip(&mut *y) {
            lanes::row_by_row();
            *y = core::array::from_fn(|lane| if theta[lane] > T::ZERO { high } else { low });
        }
    }
}

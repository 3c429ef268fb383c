//! A noise chosen at run time.

use rand_core::Rng;

use super::{Gumbel, Laplace, Logistic, Noise, Normal, SmoothNoise};
use crate::engine::NoiseGroup;
use crate::{Error, Real};

/// A noise as a value: any of the library's, chosen at run time, as model files code it. It has the bits of the noise it
/// names; what it costs is one choice a row.
///
/// ```
/// use perturb_core::{AnyNoise, Const, MonteCarlo, Normal, Perturbed, Ranking, Seed};
/// let how = MonteCarlo::new(100, Seed(1));
/// let named = AnyNoise::from_name("normal").unwrap();
/// let chosen = Perturbed::new(Ranking::ascending(Const::<3>)?, named, 0.5f32)?;
/// let typed = Perturbed::new(Ranking::ascending(Const::<3>)?, Normal, 0.5f32)?;
/// let theta = [0.3, -0.2, 1.0];
/// assert_eq!(chosen.maximizer(&theta, how)?, typed.maximizer(&theta, how)?);
/// # Ok::<(), perturb_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum AnyNoise {
    /// [`Gumbel`], code 1.
    Gumbel = 1,
    /// [`Laplace`], code 2.
    Laplace = 2,
    /// [`Logistic`], code 3.
    Logistic = 3,
    /// [`Normal`], code 4.
    Normal = 4,
}

/// Does the same for the noise that `$any` names.
#[macro_export]
#[doc(hidden)]
macro_rules! with_noise {
    ($any:expr, $noise:ident => $body:expr) => {
        match $any {
            $crate::AnyNoise::Gumbel => {
                let $noise = $crate::Gumbel;
                $body
            }
            $crate::AnyNoise::Laplace => {
                let $noise = $crate::Laplace;
                $body
            }
            $crate::AnyNoise::Logistic => {
                let $noise = $crate::Logistic;
                $body
            }
            // The last of the kinds that there are.
            _ => {
                let $noise = $crate::Normal;
                $body
            }
        }
    };
}

impl AnyNoise {
    /// All noises, in the order of their codes.
    pub const ALL: [Self; 4] = [Self::Gumbel, Self::Laplace, Self::Logistic, Self::Normal];

    /// The name in options, reports and files.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Gumbel => "gumbel",
            Self::Laplace => "laplace",
            Self::Logistic => "logistic",
            Self::Normal => "normal",
        }
    }
    /// The noise of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|noise| noise.name() == name)
    }
    /// The code in model files.
    pub const fn code(self) -> u8 {
        self as u8
    }
    /// The noise of that code.
    pub fn from_code(code: u8) -> Result<Self, Error> {
        let greatest = Self::ALL.len();
        let found = code.into();
        let refused = Error::OutOfRange { parameter: "noise code", least: 1, greatest, found };
        Self::ALL.into_iter().find(|noise| noise.code() == code).ok_or(refused)
    }
}

macro_rules! from {
    ($($noise:ident)+) => {
        $(
            impl From<$noise> for AnyNoise {
                fn from(_: $noise) -> Self {
                    Self::$noise
                }
            }
        )+
    };
}
from!(Gumbel Laplace Logistic Normal);

impl<T: Real> Noise<T> for AnyNoise {
    fn name(&self) -> &'static str {
        Self::name(self)
    }
    fn fill(&self, rng: &mut impl Rng, z: &mut [T]) {
        with_noise!(*self, noise => noise.fill(rng, z));
    }
    fn group(&self, task: NoiseGroup<'_, T>) -> bool {
        with_noise!(*self, noise => noise.group(task))
    }
    fn quantile(&self, p: T) -> T {
        with_noise!(*self, noise => noise.quantile(p))
    }
    fn mirror(&self, z: T) -> T {
        with_noise!(*self, noise => Noise::<T>::mirror(&noise, z))
    }
    fn nu(&self, z: T) -> T {
        with_noise!(*self, noise => noise.nu(z))
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn scores(&self, z: &[T], scores: &mut [T]) {
        with_noise!(*self, noise => noise.scores(z, scores));
    }
    fn mean(&self) -> T {
        with_noise!(*self, noise => Noise::<T>::mean(&noise))
    }
    fn fisher_information(&self) -> T {
        with_noise!(*self, noise => Noise::<T>::fisher_information(&noise))
    }
}

/// The smooth ones; [`AnyNoise::Laplace`] is refused at run time.
impl<T: Real> SmoothNoise<T> for AnyNoise {
    fn curvature(&self, z: T) -> T {
        match self {
            Self::Gumbel => Gumbel.curvature(z),
            Self::Logistic => Logistic.curvature(z),
            Self::Normal => Normal.curvature(z),
            // Refused before.
            Self::Laplace => T::ZERO,
        }
    }
    fn check_smooth(&self) -> Result<(), Error> {
        match self {
            Self::Laplace => Err(Error::NotSmooth { noise: Self::name(self) }),
            _ => Ok(()),
        }
    }
}

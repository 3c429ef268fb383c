//! Noises and oracles as they are coded in model files.

use crate::Error;

/// The noise of a model, as it is coded in files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum NoiseKind {
    /// [`Gumbel`](crate::Gumbel), code 1.
    Gumbel = 1,
    /// [`Laplace`](crate::Laplace), code 2.
    Laplace = 2,
    /// [`Logistic`](crate::Logistic), code 3.
    Logistic = 3,
    /// [`Normal`](crate::Normal), code 4.
    Normal = 4,
}

impl NoiseKind {
    const ALL: [Self; 4] = [Self::Gumbel, Self::Laplace, Self::Logistic, Self::Normal];

    /// The noise's [`NAME`](crate::Noise::NAME).
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gumbel => "gumbel",
            Self::Laplace => "laplace",
            Self::Logistic => "logistic",
            Self::Normal => "normal",
        }
    }

    /// The noise of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    pub(super) fn from_code(code: u8) -> Result<Self, Error> {
        let out_of_range =
            Error::OutOfRange { parameter: "noise code", least: 1, greatest: 4, found: code.into() };
        Self::ALL.into_iter().find(|&kind| kind as u8 == code).ok_or(out_of_range)
    }
}

/// The oracle of a model, as it is coded in files: those that the number of scores alone describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum OracleKind {
    /// [`Ranking::ascending`](crate::Ranking::ascending), code 1.
    Ranking = 1,
    /// [`Simplex`](crate::Simplex), code 2.
    Simplex = 2,
    /// [`Hypercube`](crate::Hypercube) with entries 0 and 1, code 3.
    Hypercube = 3,
}

impl OracleKind {
    const ALL: [Self; 3] = [Self::Ranking, Self::Simplex, Self::Hypercube];

    /// The oracle's [`NAME`](crate::Oracle::NAME).
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ranking => "ranking",
            Self::Simplex => "simplex",
            Self::Hypercube => "hypercube",
        }
    }

    /// The oracle of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    pub(super) fn from_code(code: u8) -> Result<Self, Error> {
        let out_of_range =
            Error::OutOfRange { parameter: "oracle code", least: 1, greatest: 3, found: code.into() };
        Self::ALL.into_iter().find(|&kind| kind as u8 == code).ok_or(out_of_range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_library() {
        use crate::{Const, Gumbel, Hypercube, Laplace, Logistic, Noise, Normal, Oracle, Ranking, Simplex};
        fn noise<N: Noise<f32>>(_: N) -> Option<NoiseKind> {
            NoiseKind::from_name(N::NAME)
        }
        fn oracle<O: Oracle<f32>>() -> Option<OracleKind> {
            OracleKind::from_name(O::NAME)
        }
        assert_eq!([noise(Gumbel), noise(Laplace), noise(Logistic), noise(Normal)], NoiseKind::ALL.map(Some));
        assert_eq!(oracle::<Ranking<f32, Const<2>>>(), Some(OracleKind::Ranking));
        assert_eq!(oracle::<Simplex<Const<2>>>(), Some(OracleKind::Simplex));
        assert_eq!(oracle::<Hypercube<f32, Const<2>>>(), Some(OracleKind::Hypercube));
        assert_eq!(NoiseKind::from_name("none"), None);
    }
}

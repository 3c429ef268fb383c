//! Oracles as they are coded in model files.

use crate::Error;

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

    /// The oracle's [name](crate::oracle::Properties::name).
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
        use crate::{Const, Hypercube, Oracle, Ranking, Simplex};
        fn known<O: Oracle<f32>>(oracle: O, kind: OracleKind) {
            assert_eq!(oracle.properties().kind, Some(kind));
            assert_eq!(OracleKind::from_name(oracle.properties().name), Some(kind));
        }
        known(Ranking::<f32, _>::ascending(Const::<2>).unwrap(), OracleKind::Ranking);
        known(Simplex::new(Const::<2>).unwrap(), OracleKind::Simplex);
        known(Hypercube::<f32, _>::binary(Const::<2>).unwrap(), OracleKind::Hypercube);
        let other = Ranking::<f32, _>::descending(Const::<2>).unwrap();
        assert_eq!(other.properties().kind, None);
    }
}

//! Oracles as they are coded in model files.

use crate::Error;

/// The oracle of a model, as it is coded in files: those that the number of scores describes, top-k with one more number, and, for
/// hosts alone, any other.
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
    /// [`TopK`](crate::TopK), code 4, of files of version 3; its k is the header's [`parameter`](super::ModelHeader::parameter).
    TopK = 4,
    /// Another oracle, code 255, of files of version 3: the metadata describe it, which only a host reads. Nothing here decides by
    /// such a file.
    Other = 255,
}

impl OracleKind {
    /// Those that have a name of their own.
    const NAMED: [Self; 4] = [Self::Ranking, Self::Simplex, Self::Hypercube, Self::TopK];

    /// The oracle's [name](crate::oracle::Properties::name); of [`Other`](Self::Other), what it is.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ranking => "ranking",
            Self::Simplex => "simplex",
            Self::Hypercube => "hypercube",
            Self::TopK => "top-k",
            Self::Other => "described in the metadata, which needs the host",
        }
    }

    /// The oracle of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMED.into_iter().find(|kind| kind.name() == name)
    }

    /// The oracle of a code; the `latest` version has two more.
    pub(super) fn from_code(code: u8, latest: bool) -> Result<Self, Error> {
        Ok(match code {
            1 => Self::Ranking,
            2 => Self::Simplex,
            3 => Self::Hypercube,
            4 if latest => Self::TopK,
            255 if latest => Self::Other,
            _ => {
                let (greatest, found) = (if latest { 4 } else { 3 }, code.into());
                return Err(Error::OutOfRange { parameter: "oracle code", least: 1, greatest, found });
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_library() {
        use crate::{Const, Hypercube, Oracle, Ranking, Simplex, TopK};
        fn known<O: Oracle<f32>>(oracle: O, kind: OracleKind) {
            assert_eq!(oracle.properties().kind, Some(kind));
            assert_eq!(OracleKind::from_name(oracle.properties().name), Some(kind));
        }
        known(Ranking::<f32, _>::ascending(Const::<2>).unwrap(), OracleKind::Ranking);
        known(Simplex::new(Const::<2>).unwrap(), OracleKind::Simplex);
        known(Hypercube::<f32, _>::binary(Const::<2>).unwrap(), OracleKind::Hypercube);
        known(TopK::new(Const::<2>, 1).unwrap(), OracleKind::TopK);
        assert_eq!(OracleKind::from_name(OracleKind::Other.name()), None);
        let other = Ranking::<f32, _>::descending(Const::<2>).unwrap();
        assert_eq!(other.properties().kind, None);
    }
}

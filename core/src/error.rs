//! What can be refused at the entry of a computation.

use core::fmt;

use crate::{Oracle, Real, Shape};

/// Why an input was refused. Kernels cannot fail: everything is checked once, at the public entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Error {
    /// A parameter that must be finite and greater than zero is not.
    NotPositive {
        /// The parameter's name.
        parameter: &'static str,
    },
    /// An entry is NaN or infinite, and not a score of −∞ that [forbids](crate::oracle::Properties::forbids) an entry.
    NotFinite {
        /// The parameter's name.
        parameter: &'static str,
        /// The first offending entry, counted from 0.
        index: usize,
    },
    /// A slice has the wrong length.
    Length {
        /// The parameter's name.
        parameter: &'static str,
        /// The length that fits the oracle.
        expected: usize,
        /// The length that was given.
        found: usize,
    },
    /// A number lies outside its range.
    OutOfRange {
        /// The parameter's name.
        parameter: &'static str,
        /// The least value allowed.
        least: usize,
        /// The greatest value allowed.
        greatest: usize,
        /// The value that was given.
        found: usize,
    },
    /// Something is not what the other parts of a computation ask for.
    Differs {
        /// The parameter's name.
        parameter: &'static str,
        /// What fits.
        expected: &'static str,
        /// What was given.
        found: &'static str,
    },
    /// Bytes are not those that were written: a checksum fails.
    Checksum {
        /// The checksum in the bytes.
        stored: u32,
        /// The checksum of the bytes.
        computed: u32,
    },
    /// Two entries that must differ are equal.
    NotDistinct {
        /// The parameter's name.
        parameter: &'static str,
        /// The second of the equal entries, counted from 0.
        index: usize,
    },
    /// No closed form is known for this oracle as it was configured; sample instead.
    NoClosedForm {
        /// What stands in the way.
        because: &'static str,
    },
    /// The formula needs second derivatives of ν, which this noise does not have everywhere.
    NotSmooth {
        /// The noise's name.
        noise: &'static str,
    },
    /// A quantity is no mean over draws for this oracle, so that it has no standard error.
    NotMean {
        /// The quantity.
        quantity: &'static str,
    },
    /// A quantity left the range or the resolution of the number type: the inputs are too large for it.
    Overflow {
        /// The quantity that is too large.
        quantity: &'static str,
    },
    /// A vector lies outside the convex hull of the oracle's vertices, where Ω is infinite, or has an entry that a score of −∞
    /// [forbids](crate::oracle::Properties::forbids), where the loss is.
    OutsideHull {
        /// The parameter's name.
        parameter: &'static str,
    },
    /// A score is greater than the oracle [maximises](crate::oracle::Properties::greatest_score) with: a negative cost where shortest
    /// paths are sought. What rests on the maximum would be wrong.
    OutsideDomain {
        /// The scores.
        quantity: &'static str,
        /// The first of those that are too great, counted from 0.
        index: usize,
    },
    /// Nodes and edges make no graph that the oracle can work on.
    Graph {
        /// The first offending node, edge or cell, counted from 0.
        index: usize,
        /// What is wrong with it.
        because: &'static str,
    },
    /// A solver failed.
    Solver {
        /// The number of the sample whose perturbed scores it was given; `None` for the scores themselves.
        sample: Option<u64>,
        /// What the solver said.
        because: &'static str,
    },
    /// A fixed-size container is too small for the result.
    Capacity {
        /// What did not fit.
        quantity: &'static str,
        /// The container's capacity.
        capacity: usize,
    },
    /// A search ended before it was accurate: there is no value, rather than a wrong one.
    NotConverged {
        /// What was sought.
        quantity: &'static str,
        /// How far from it the search ended.
        residual: Residual,
    },
}

/// How far a search was from its goal: for Ω, max |y_ε(θ) − y| over the entries.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Residual(f32);

impl Residual {
    pub(crate) fn new<T: Real>(residual: T) -> Self {
        Self(residual.to_f64() as f32)
    }
    /// The residual.
    pub const fn get(self) -> f32 {
        self.0
    }
}

/// Of the same bits.
impl PartialEq for Residual {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}
impl Eq for Residual {}

impl fmt::Display for Residual {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:e}", self.0)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NotPositive { parameter } => {
                write!(f, "{parameter} must be finite and greater than 0")
            }
            Self::NotFinite { parameter, index } => {
                write!(f, "{parameter}[{index}] is NaN or infinite; every entry must be finite")
            }
            Self::Length { parameter, expected, found } => {
                write!(f, "{parameter} has length {found}; expected {expected}")
            }
            Self::OutOfRange { parameter, least, greatest, found } if least == greatest => {
                write!(f, "{parameter} is {found}; expected {least}")
            }
            Self::OutOfRange { parameter, least, greatest, found } => {
                write!(f, "{parameter} is {found}; expected {least} to {greatest}")
            }
            Self::Differs { parameter, expected, found } => {
                write!(f, "{parameter} is {found}; expected {expected}")
            }
            Self::Checksum { stored, computed } => {
                write!(
                    f,
                    "the checksum is {stored:08x}, that of the content {computed:08x}: the bytes are damaged"
                )
            }
            Self::NotDistinct { parameter, index } => {
                write!(f, "{parameter}[{index}] repeats an earlier entry; entries must be distinct")
            }
            Self::NoClosedForm { because } => {
                write!(f, "no closed form: {because}; use MonteCarlo")
            }
            Self::NotSmooth { noise } => {
                write!(f, "{noise} noise is not smooth; the formula needs second derivatives of its nu")
            }
            Self::NotMean { quantity } => {
                write!(f, "{quantity} is no mean over draws here, and has no standard error")
            }
            Self::Overflow { quantity } => {
                write!(f, "{quantity} is too large for the number type")
            }
            Self::OutsideHull { parameter } => {
                write!(f, "{parameter} lies outside the convex hull of the oracle's vertices")
            }
            Self::OutsideDomain { quantity, index } => {
                write!(
                    f,
                    "{quantity}[{index}] is a negative cost, or one below the floor: the oracle finds no shortest path \
                     there; use DagPath, or make costs positive"
                )
            }
            Self::Graph { index, because } => write!(f, "{because} ({index}, counted from 0)"),
            Self::Solver { sample: Some(sample), because } => {
                write!(f, "the solver failed on sample {sample}: {because}")
            }
            Self::Solver { sample: None, because } => write!(f, "the solver failed: {because}"),
            Self::Capacity { quantity, capacity } => {
                write!(f, "there is room for {capacity} {quantity}, and more are needed")
            }
            Self::NotConverged { quantity, residual } => {
                write!(f, "{quantity} was not found: the search ended {residual} from it")
            }
        }
    }
}

impl core::error::Error for Error {}

/// `x` is finite and greater than zero.
pub(crate) fn check_positive<T: Real>(parameter: &'static str, x: T) -> Result<(), Error> {
    if x > T::ZERO && x.is_finite() { Ok(()) } else { Err(Error::NotPositive { parameter }) }
}

/// `x` has `dim` entries, all finite.
pub(crate) fn check_vector<T: Real>(parameter: &'static str, x: &[T], dim: usize) -> Result<(), Error> {
    if x.len() != dim {
        return Err(Error::Length { parameter, expected: dim, found: x.len() });
    }
    if T::all_finite(x) {
        return Ok(());
    }
    let index = x.iter().position(|x| !x.is_finite()).unwrap_or(0);
    Err(Error::NotFinite { parameter, index })
}

/// `theta` has d entries, all finite but for those of −∞ that forbid an entry where `oracle` knows how; then a decision is left.
/// Whether there are such.
#[inline]
pub(crate) fn check_scores<T: Real, O: Oracle<T>>(oracle: &O, theta: &[T]) -> Result<bool, Error> {
    match check_vector("theta", theta, oracle.shape().dim()) {
        Err(Error::NotFinite { .. }) if oracle.properties().forbids => {
            check_forbidden(oracle, theta).map(|()| true)
        }
        checked => checked.map(|()| false),
    }
}

/// No entry is NaN or +∞, and a decision is left, which does not depend on the other scores: told by equal ones.
#[cold]
#[inline(never)]
fn check_forbidden<T: Real, O: Oracle<T>>(oracle: &O, theta: &[T]) -> Result<(), Error> {
    let allowed = |&x: &T| x.is_finite() || x == T::NEG_INFINITY;
    if let Some(index) = theta.iter().position(|x| !allowed(x)) {
        return Err(Error::NotFinite { parameter: "theta", index });
    }
    let shape = oracle.shape();
    let (mut equal, mut y) = (shape.array(-T::ONE), shape.array(T::ZERO));
    for (equal, &score) in equal.as_mut().iter_mut().zip(theta) {
        *equal = if score.is_finite() { *equal } else { score };
    }
    let solved = oracle.solve(equal.as_ref(), y.as_mut(), &mut oracle.work());
    solved.map(|_| ()).map_err(|because| Error::Solver { sample: None, because })
}

/// `of`, computed entry by entry from `from`, is finite where that is: −∞ stays.
pub(crate) fn stays_finite<T: Real>(of: &[T], from: &[T]) -> bool {
    T::all_finite(of) || of.iter().zip(from).all(|(of, &from)| of.is_finite() || from == T::NEG_INFINITY)
}

/// The caller's memory takes a result of `dim` numbers.
pub(crate) fn check_output<T>(output: &[T], dim: usize) -> Result<(), Error> {
    if output.len() == dim {
        Ok(())
    } else {
        Err(Error::Length { parameter: "the output", expected: dim, found: output.len() })
    }
}

/// `least` ≤ `found` ≤ `greatest`.
pub(crate) fn check_range(
    parameter: &'static str,
    found: usize,
    least: usize,
    greatest: usize,
) -> Result<(), Error> {
    if (least..=greatest).contains(&found) {
        Ok(())
    } else {
        Err(Error::OutOfRange { parameter, least, greatest, found })
    }
}

/// `found` = `expected`.
pub(crate) fn check_equal(
    parameter: &'static str,
    expected: &'static str,
    found: &'static str,
) -> Result<(), Error> {
    if found == expected { Ok(()) } else { Err(Error::Differs { parameter, expected, found }) }
}

/// A result that stayed within the range of `T`.
pub(crate) fn check_result<T: Real>(quantity: &'static str, result: &[T]) -> Result<(), Error> {
    if T::all_finite(result) { Ok(()) } else { Err(Error::Overflow { quantity }) }
}

/// A single one.
pub(crate) fn check_number<T: Real>(quantity: &'static str, result: T) -> Result<(), Error> {
    if result.is_finite() { Ok(()) } else { Err(Error::Overflow { quantity }) }
}

/// At least one entry, and few enough that an index fits a sort key.
pub(crate) fn check_dim(shape: impl Shape) -> Result<(), Error> {
    check_range("dimension", shape.dim(), 1, u32::MAX as usize)
}

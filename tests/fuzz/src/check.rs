//! What every result is held to.

use std::fmt::Debug;

use perturb::{Oracle, Real, Shape};

/// Whether all inputs fit and are finite, and whether they are of ordinary size besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// Something has the wrong length, or is not finite: to be refused.
    Unfit,
    /// Everything is finite: a finite result, or an error.
    Finite,
    /// Everything is of ordinary size besides: a finite result.
    Ordinary,
}

impl Given {
    /// Vectors of `dim` entries each.
    pub fn vectors<T: Real>(dim: usize, vectors: &[&[T]]) -> Self {
        let all = || vectors.iter().flat_map(|vector| vector.iter());
        if vectors.iter().any(|vector| vector.len() != dim) || !all().all(|x| x.is_finite()) {
            Self::Unfit
        } else if all().all(|x| *x == T::ZERO || (1e-3..=100.0).contains(&x.abs().to_f64())) {
            Self::Ordinary
        } else {
            Self::Finite
        }
    }

    /// Scores for an oracle: those of −∞ that forbid an entry may leave no decision.
    pub fn scores<T: Real, O: Oracle<T>>(oracle: &O, theta: &[T]) -> Self {
        let forbidden = |&x: &T| oracle.properties().forbids && x == T::NEG_INFINITY;
        let left: Vec<T> = theta.iter().map(|x| if forbidden(x) { T::ZERO } else { *x }).collect();
        Self::vectors(oracle.shape().dim(), &[&left]).and(true, !theta.iter().any(forbidden))
    }

    /// And a parameter that must be finite and greater than 0.
    #[must_use]
    pub fn positive<T: Real>(self, x: T) -> Self {
        if !(x > T::ZERO && x.is_finite()) {
            Self::Unfit
        } else if (1e-2..=1e2).contains(&x.to_f64()) {
            self
        } else {
            self.and(true, false)
        }
    }

    /// And something that has to be, and something that is usual.
    #[must_use]
    pub fn and(self, needed: bool, usual: bool) -> Self {
        match self {
            _ if !needed => Self::Unfit,
            Self::Ordinary if !usual => Self::Finite,
            given => given,
        }
    }
}

/// Numbers in a result.
pub trait Numbers {
    /// Whether all are finite.
    fn are_finite(&self) -> bool;
}

impl Numbers for f32 {
    fn are_finite(&self) -> bool {
        self.is_finite()
    }
}
impl Numbers for f64 {
    fn are_finite(&self) -> bool {
        self.is_finite()
    }
}
impl<T: Numbers> Numbers for Vec<T> {
    fn are_finite(&self) -> bool {
        self.iter().all(Numbers::are_finite)
    }
}
impl<T: Numbers, const N: usize> Numbers for [T; N] {
    fn are_finite(&self) -> bool {
        self.iter().all(Numbers::are_finite)
    }
}
impl<A: Numbers, B: Numbers> Numbers for (A, B) {
    fn are_finite(&self) -> bool {
        self.0.are_finite() && self.1.are_finite()
    }
}
impl<A: Numbers, B: Numbers, C: Numbers> Numbers for (A, B, C) {
    fn are_finite(&self) -> bool {
        self.0.are_finite() && self.1.are_finite() && self.2.are_finite()
    }
}

/// The result, if there is one: unfit inputs are refused, results are finite, ordinary inputs have one.
///
/// # Panics
/// Otherwise: that is the finding.
pub fn check<R: Numbers + Debug, E: Debug>(what: &str, given: Given, result: Result<R, E>) -> Option<R> {
    match result {
        Ok(result) => {
            assert!(given != Given::Unfit, "{what} accepts what it has to refuse");
            assert!(result.are_finite(), "{what} is not finite: {result:?}");
            Some(result)
        }
        Err(error) => {
            assert!(given != Given::Ordinary, "{what} is refused: {error:?}");
            None
        }
    }
}

/// Whether two vectors have the same bits; ±0 are told apart.
pub fn same_bits<T: Real>(a: &[T], b: &[T]) -> bool {
    let bits = |x: &[T]| x.iter().map(|x| x.to_f64().to_bits()).collect::<Vec<_>>();
    bits(a) == bits(b)
}

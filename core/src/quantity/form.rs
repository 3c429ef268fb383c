use core::fmt::Debug;
use core::{iter, slice};

use crate::{Real, Shape, vector};

/// The form of an answer: its memory, and where the numbers lie in it.
///
/// Sums are emptied, merged, divided and checked by their parts, whatever the quantity. A tuple of forms is a form, with the
/// parts of its members one after the other.
pub trait Form<T: Real, S: Shape> {
    /// The answer.
    type Output: Clone + Debug + Send;

    /// Zeros.
    fn zero(shape: S) -> Self::Output;
    /// The lengths of the parts, for a problem of `dim` entries.
    fn lengths(dim: usize) -> impl Iterator<Item = usize>;
    /// The numbers, part by part.
    fn parts(out: &mut Self::Output) -> impl Iterator<Item = &mut [T]>;

    /// Whether `out` has the lengths of an answer to a problem of `dim` entries.
    fn fits(out: &mut Self::Output, dim: usize) -> bool {
        Self::parts(out).map(|part| part.len()).eq(Self::lengths(dim))
    }
    /// Fills `out` with zeros.
    fn clear(out: &mut Self::Output) {
        for part in Self::parts(out) {
            part.fill(T::ZERO);
        }
    }
    /// `sum += part`, and `lost` += what rounding has lost by that, so that errors do not grow with the number of parts: after the
    /// last, `sum += lost`.
    fn merge(sum: &mut Self::Output, part: &mut Self::Output, lost: &mut Self::Output) {
        for ((sum, part), lost) in Self::parts(sum).zip(Self::parts(part)).zip(Self::parts(lost)) {
            vector::merge(sum, part, lost);
        }
    }
    /// `sum += part`.
    fn add(sum: &mut Self::Output, part: &mut Self::Output) {
        for (sum, part) in Self::parts(sum).zip(Self::parts(part)) {
            vector::add(sum, part);
        }
    }
}

/// One number.
#[derive(Clone, Copy, Debug)]
pub struct Scalar;

/// d numbers.
#[derive(Clone, Copy, Debug)]
pub struct Vector;

/// d × d numbers, row by row.
#[derive(Clone, Copy, Debug)]
pub struct Matrix;

impl<T: Real, S: Shape> Form<T, S> for Scalar {
    type Output = T;
    fn zero(_: S) -> T {
        T::ZERO
    }
    fn lengths(_: usize) -> impl Iterator<Item = usize> {
        iter::once(1)
    }
    fn parts(out: &mut T) -> impl Iterator<Item = &mut [T]> {
        iter::once(slice::from_mut(out))
    }
}

impl<T: Real, S: Shape> Form<T, S> for Vector {
    type Output = S::Array<T>;
    fn zero(shape: S) -> S::Array<T> {
        shape.array(T::ZERO)
    }
    fn lengths(dim: usize) -> impl Iterator<Item = usize> {
        iter::once(dim)
    }
    fn parts(out: &mut S::Array<T>) -> impl Iterator<Item = &mut [T]> {
        iter::once(out.as_mut())
    }
}

impl<T: Real, S: Shape> Form<T, S> for Matrix {
    type Output = S::Matrix<T>;
    fn zero(shape: S) -> S::Matrix<T> {
        shape.matrix(T::ZERO)
    }
    fn lengths(dim: usize) -> impl Iterator<Item = usize> {
        iter::once(dim * dim)
    }
    fn parts(out: &mut S::Matrix<T>) -> impl Iterator<Item = &mut [T]> {
        iter::once(out.as_mut())
    }
}

macro_rules! tuple {
    ($($member:ident $place:tt),+) => {
        impl<T: Real, S: Shape, $($member: Form<T, S>),+> Form<T, S> for ($($member,)+) {
            type Output = ($($member::Output,)+);
            fn zero(shape: S) -> Self::Output {
                ($($member::zero(shape),)+)
            }
            fn lengths(dim: usize) -> impl Iterator<Item = usize> {
                iter::empty()$(.chain($member::lengths(dim)))+
            }
            fn parts(out: &mut Self::Output) -> impl Iterator<Item = &mut [T]> {
                iter::empty()$(.chain($member::parts(&mut out.$place)))+
            }
        }
    };
}

tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);

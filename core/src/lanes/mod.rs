//! Samples side by side, in the vectors of a host's processor.
//!
//! Sample after sample on a microcontroller, [`LANES`] in lockstep on a host: every sample has a generator of its own and
//! goes through the same operations, so that both give the same bits. A vector over d entries becomes d rows of `LANES`
//! numbers; lane l, the column of the l-th numbers, is one sample's vector.

use perturb_lanes::{Kernel, Width};

use crate::Real;

mod codes;
mod network;
mod streams;

pub(crate) use codes::{Codes, bits};
pub(crate) use network::{keep_largest, sort_descending};
pub use streams::{Lane, Streams};

/// How many samples are side by side: one vector of AVX-512 in f32, and enough independent work for narrower ones.
pub const LANES: usize = 16;

/// Whether samples go side by side: on hosts, unless [`perturb_lanes::limit`] forbids it.
pub(crate) fn in_use() -> bool {
    cfg!(not(target_os = "none")) && perturb_lanes::width() > Width::Scalar
}

/// Working memory of an oracle's [`solve_lanes`](crate::Oracle::solve_lanes): d rows each, whose contents never matter.
#[derive(Debug)]
pub struct LaneMemory<'a, T> {
    /// Integers.
    pub codes: &'a mut [[u32; LANES]],
    /// Numbers.
    pub numbers: &'a mut [[T; LANES]],
    /// Numbers.
    pub more_numbers: &'a mut [[T; LANES]],
}

impl<T> LaneMemory<'_, T> {
    /// The same memory, lent.
    pub(crate) fn reborrow(&mut self) -> LaneMemory<'_, T> {
        LaneMemory {
            codes: &mut *self.codes,
            numbers: &mut *self.numbers,
            more_numbers: &mut *self.more_numbers,
        }
    }
}

/// What solving in lanes found beside the decisions.
#[derive(Clone, Copy, Debug)]
pub struct Solved<T> {
    /// F(θ) of each lane.
    pub values: [T; LANES],
    /// Bit l: lane l is not solved, and must be on its own.
    pub doubtful: u32,
}

/// Copies lane `lane` of `rows`.
pub(crate) fn take_lane<T: Real>(rows: &[[T; LANES]], lane: usize, column: &mut [T]) {
    for (x, row) in column.iter_mut().zip(rows) {
        if let Some(&y) = row.get(lane) {
            *x = y;
        }
    }
}

/// Overwrites lane `lane` of `rows`.
pub(crate) fn put_lane<T: Real>(rows: &mut [[T; LANES]], lane: usize, column: &[T]) {
    for (row, &x) in rows.iter_mut().zip(column) {
        if let Some(y) = row.get_mut(lane) {
            *y = x;
        }
    }
}

/// Stands at the head of loops over rows: the compiler is to put the lanes of one row into vectors, where it would else
/// gather one lane of many rows. No instruction.
#[inline(always)]
pub(crate) fn row_by_row() {
    core::hint::black_box(());
}

/// Stands behind loops over rows: what lanes added up goes through memory, so that the compiler keeps it in whole vectors,
/// however single lanes are used afterwards.
#[inline(always)]
pub(crate) fn settle<X, const N: usize>(lanes: [X; N]) -> [X; N] {
    core::hint::black_box(lanes)
}

/// The lanes, as bits, whose number is not finite.
#[inline(always)]
pub(crate) fn not_finite<T: Real>(numbers: &[T; LANES]) -> u32 {
    bits(&core::array::from_fn(|lane| u32::from(!numbers[lane].is_finite())))
}

/// ⟨y, θ⟩ of every lane.
pub(crate) struct Values<'a, T> {
    pub(crate) theta: &'a [[T; LANES]],
    pub(crate) y: &'a [[T; LANES]],
}

impl<T: Real> Kernel for Values<'_, T> {
    type Output = [T; LANES];
    #[inline(always)]
    fn run(self) -> [T; LANES] {
        dot(self.theta, self.y)
    }
}

/// ⟨y, θ⟩ of every lane, summed from the first entry to the last.
#[inline(always)]
pub(crate) fn dot<T: Real>(theta: &[[T; LANES]], y: &[[T; LANES]]) -> [T; LANES] {
    let mut sums = [T::ZERO; LANES];
    for (theta, y) in theta.iter().zip(y) {
        row_by_row();
        for lane in 0..LANES {
            sums[lane] += theta[lane] * y[lane];
        }
    }
    settle(sums)
}

/// A kernel over the entries of vectors in lanes, run with the widest vectors.
#[inline(always)]
pub(crate) fn run<K: Kernel>(kernel: K) -> K::Output {
    perturb_lanes::run(kernel)
}

//! Arithmetic on samples side by side, in the vectors of a host's processor.
//!
//! Sample after sample on a microcontroller, [`LANES`] in lockstep on a host: every sample has a generator of its own and
//! goes through the same operations, so that both give the same bits. A vector over d entries becomes d rows of `LANES`
//! numbers; lane l, the column of the l-th numbers, is one sample's vector.

use perturb_lanes::{Kernel, Width};

use super::codes::bits;
use crate::Real;

/// How many samples are side by side: one vector of AVX-512 in f32, and enough independent work for narrower ones.
pub const LANES: usize = 16;

/// Whether samples are processed side by side: where there are vectors, unless [`perturb_lanes::limit`] forbids it.
pub(crate) fn in_use() -> bool {
    perturb_lanes::POSSIBLE && perturb_lanes::width() > Width::Scalar
}

/// Copies lane `lane` of `rows`.
pub(crate) fn take_lane<T: Real>(rows: &[[T; LANES]], lane: usize, column: &mut [T]) {
    for (x, row) in column.iter_mut().zip(rows) {
        if let Some(&y) = row.get(lane) {
            *x = y;
        }
    }
}

/// The lanes from `first` to `end`, added to `sums` in order.
pub(crate) fn add_lanes<T: Real>(rows: &[[T; LANES]], first: usize, end: usize, sums: &mut [T]) {
    if first + 1 == end && first < LANES {
        for (sum, row) in sums.iter_mut().zip(rows) {
            *sum += row[first];
        }
        return;
    }
    for (sum, row) in sums.iter_mut().zip(rows) {
        for &y in row.get(first..end).unwrap_or_default() {
            *sum += y;
        }
    }
}

/// The numbers of the lanes below [`LANES`] that are set in `lanes`.
pub(crate) fn each_lane(mut lanes: u32) -> impl Iterator<Item = usize> {
    core::iter::from_fn(move || {
        let lane = lanes.trailing_zeros() as usize;
        lanes &= lanes.wrapping_sub(1);
        (lane < LANES).then_some(lane)
    })
}

/// Overwrites lane `lane` of `rows`.
pub(crate) fn put_lane<T: Real>(rows: &mut [[T; LANES]], lane: usize, column: &[T]) {
    for (row, &x) in rows.iter_mut().zip(column) {
        if let Some(y) = row.get_mut(lane) {
            *y = x;
        }
    }
}

/// Optimisation barrier at the head of a loop over rows: makes the compiler vectorise across lanes rather than rows. Emits no
/// instruction.
#[inline(always)]
pub(crate) fn row_by_row() {
    core::hint::black_box(());
}

/// Optimisation barrier behind a loop over rows: passes the lanes' sums through memory, so that the compiler keeps them in
/// whole vectors, however single lanes are used afterwards.
#[inline(always)]
pub(crate) fn settle<X, const N: usize>(lanes: [X; N]) -> [X; N] {
    core::hint::black_box(lanes)
}

/// The lanes, as bits, whose number is not finite.
#[inline(always)]
pub(crate) fn not_finite<T: Real>(numbers: &[T; LANES]) -> u32 {
    bits(&core::array::from_fn(|lane| u32::from(!numbers[lane].is_finite())))
}

/// ⟨y, θ⟩ of every lane, where scores may be −∞ if y is 0.
pub(crate) fn values<T: Real>(theta: &[[T; LANES]], y: &[[T; LANES]]) -> [T; LANES] {
    let values = run(Values { theta, y });
    if not_finite(&values) == 0 { values } else { run(Totals { theta, y }) }
}

/// [`Values`] without the terms of entries that are 0.
struct Totals<'a, T> {
    theta: &'a [[T; LANES]],
    y: &'a [[T; LANES]],
}

impl<T: Real> Kernel for Totals<'_, T> {
    type Output = [T; LANES];
    #[inline(always)]
    fn run(self) -> [T; LANES] {
        let mut sums = [T::ZERO; LANES];
        for (theta, y) in self.theta.iter().zip(self.y) {
            row_by_row();
            for lane in 0..LANES {
                sums[lane] += if y[lane] == T::ZERO { T::ZERO } else { theta[lane] * y[lane] };
            }
        }
        settle(sums)
    }
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

/// (θ − c) + εz in every lane.
pub(crate) struct Perturb<'a, T> {
    /// θ of all lanes; `None` where every lane has its own, which `perturbed` holds.
    pub(crate) theta: Option<&'a [T]>,
    /// c, of θ of all lanes.
    pub(crate) centre: T,
    pub(crate) epsilon: T,
    pub(crate) z: &'a [[T; LANES]],
    pub(crate) perturbed: &'a mut [[T; LANES]],
}

impl<T: Real> Kernel for Perturb<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        if let Some(theta) = self.theta {
            for ((perturbed, z), &theta) in self.perturbed.iter_mut().zip(self.z).zip(theta) {
                row_by_row();
                let theta = theta - self.centre;
                *perturbed = core::array::from_fn(|lane| theta + self.epsilon * z[lane]);
            }
        } else {
            for (perturbed, z) in self.perturbed.iter_mut().zip(self.z) {
                row_by_row();
                let theta = *perturbed;
                *perturbed = core::array::from_fn(|lane| theta[lane] + self.epsilon * z[lane]);
            }
        }
    }
}

/// Adds rows to rows.
pub(crate) struct Accumulate<'a, T> {
    pub(crate) sums: &'a mut [[T; LANES]],
    pub(crate) rows: &'a [[T; LANES]],
    /// Lanes from here on are empty.
    pub(crate) count: usize,
}

impl<T: Real> Kernel for Accumulate<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let counts: [T; LANES] =
            core::array::from_fn(|lane| if lane < self.count { T::ONE } else { T::ZERO });
        for (sums, row) in self.sums.iter_mut().zip(self.rows) {
            row_by_row();
            let before = *sums;
            *sums = core::array::from_fn(|lane| before[lane] + row[lane] * counts[lane]);
        }
    }
}

/// Adds all lanes of each row to its sum.
pub(crate) struct Collect<'a, T> {
    pub(crate) rows: &'a [[T; LANES]],
    pub(crate) sums: &'a mut [T],
}

impl<T: Real> Kernel for Collect<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for (sum, row) in self.sums.iter_mut().zip(self.rows) {
            row_by_row();
            let mut halves = *row;
            let mut width = LANES / 2;
            while width > 0 {
                for lane in 0..width {
                    halves[lane] += halves[lane + width];
                }
                width /= 2;
            }
            let [total, ..] = halves;
            *sum += total;
        }
    }
}

/// d of `rows`: from the start of a cache line on, where there is one more, since vectors that cross lines are slow. They may be other
/// ones after `rows` has moved.
pub(crate) fn cut<X>(rows: &mut [[X; LANES]], dim: usize) -> &mut [[X; LANES]] {
    const LINE: usize = 64;
    let skipped = rows.as_ptr().cast::<X>().align_offset(LINE);
    let rows = if rows.len() > dim && skipped < LANES {
        rows.as_flattened_mut().get_mut(skipped..).unwrap_or_default().as_chunks_mut().0
    } else {
        rows
    };
    rows.get_mut(..dim).unwrap_or_default()
}

//! The least of the numbers of 16 tasks, and where it is.
//!
//! Rows are folded to four lanes, and those go through memory, so that the compiler folds whole vectors.

use crate::Real;
use crate::engine::lanes::{LANES, settle};

/// Numbers of 16 tasks.
pub(super) type Row<T> = [T; LANES];

/// A row by its quarters.
pub(super) type Quarters<T> = [[T; 4]; 4];

/// The smaller, and `b` where `a` is NaN.
#[inline(always)]
pub(super) fn smaller<T: Real>(a: T, b: T) -> T {
    if a < b { a } else { b }
}

/// The least two of two pairs, each ascending.
#[inline(always)]
fn merge<T: Real>(a: (T, T), b: (T, T)) -> (T, T) {
    let larger = if a.0 > b.0 { a.0 } else { b.0 };
    (smaller(b.0, a.0), smaller(larger, smaller(b.1, a.1)))
}

/// Four lanes through memory, and a sum that keeps the compiler from choosing between their places there.
#[inline(always)]
fn take<T: Real>(lanes: [T; 4]) -> [T; 4] {
    core::hint::black_box(lanes).map(|x| x + T::ZERO)
}

/// Quarters of a row, each through memory of its own: of a wider store, processors do not pass the parts on to loads before it is done.
#[inline(always)]
pub(super) fn quarters<X: Copy>(x: &Row<X>) -> Quarters<X> {
    let mut quarters = [[x[0]; 4]; 4];
    for (quarter, x) in quarters.iter_mut().zip(x.as_chunks::<4>().0) {
        *quarter = core::hint::black_box(*x);
    }
    quarters
}

/// The least number.
#[inline(always)]
pub(super) fn least<T: Real>([a, b, c, d]: &Quarters<T>) -> T {
    let mut four = [T::ZERO; 4];
    for i in 0..4 {
        four[i] = smaller(smaller(d[i], c[i]), smaller(b[i], a[i]));
    }
    let four = take(four);
    smaller(smaller(four[3], four[2]), smaller(four[1], four[0]))
}

/// The least number and the next, from lanes of both.
#[inline(always)]
pub(super) fn least_two<T: Real>([a, b, c, d]: &Quarters<T>, [e, f, g, h]: &Quarters<T>) -> (T, T) {
    let (mut least, mut next) = ([T::ZERO; 4], [T::ZERO; 4]);
    for i in 0..4 {
        (least[i], next[i]) = merge(merge((a[i], e[i]), (b[i], f[i])), merge((c[i], g[i]), (d[i], h[i])));
    }
    let (least, next) = (take(least), take(next));
    merge(merge((least[0], next[0]), (least[1], next[1])), merge((least[2], next[2]), (least[3], next[3])))
}

/// Which lanes hold a value: lane l is bit 8l, lane l + 8 the next bit.
#[derive(Clone, Copy)]
pub(super) struct Equal(u64);

impl Equal {
    #[inline(always)]
    pub(super) fn to<T: Real>(value: T, x: &Row<T>) -> Self {
        let mut flags = [0u8; LANES];
        for lane in 0..LANES {
            flags[lane] = u8::from(x[lane] == value);
        }
        let flags = settle(flags);
        let [low, high] = flags.as_chunks::<8>().0 else { return Self(0) };
        Self(u64::from_le_bytes(*low) | u64::from_le_bytes(*high) << 1)
    }

    /// One of the lanes.
    #[inline(always)]
    fn lane(self) -> u32 {
        let bit = self.0.trailing_zeros();
        (bit >> 3 & 7) | (bit & 1) << 3
    }

    /// The lanes one after the other, in no order.
    #[inline(always)]
    pub(super) fn each(self, mut each: impl FnMut(u32)) {
        let mut rest = self;
        while rest.0 != 0 {
            each(rest.lane());
            rest.0 &= rest.0 - 1;
        }
    }
}

/// The first of the tasks whose number is the value.
#[inline(always)]
pub(super) fn first<T: Real>(value: T, x: &Quarters<T>, tasks: &Quarters<u32>) -> u32 {
    one_of(value, x, tasks, u32::MAX, u32::min)
}

/// The last of them.
#[inline(always)]
pub(super) fn last<T: Real>(value: T, x: &Quarters<T>, tasks: &Quarters<u32>) -> u32 {
    one_of(value, x, tasks, 0, u32::max)
}

#[inline(always)]
fn one_of<T: Real>(
    value: T,
    [a, b, c, d]: &Quarters<T>,
    [e, f, g, h]: &Quarters<u32>,
    none: u32,
    choose: impl Fn(u32, u32) -> u32,
) -> u32 {
    let mut four = [0; 4];
    for i in 0..4 {
        let of = |x: T, task: u32| if x == value { task } else { none };
        let (ab, cd) = ((of(a[i], e[i]), of(b[i], f[i])), (of(c[i], g[i]), of(d[i], h[i])));
        four[i] = choose(choose(ab.0, ab.1), choose(cd.0, cd.1));
    }
    let four = core::hint::black_box(four);
    choose(choose(four[0], four[1]), choose(four[2], four[3]))
}

/// 0 to 15, which the compiler is not to know: it would undo comparisons with them.
#[inline(always)]
pub(super) fn places() -> Row<u32> {
    settle(core::array::from_fn(|lane| lane as u32))
}

//! The rows of one step.

use std::hint::black_box;

use perturb_core::Real;
use perturb_lanes::{Kernel, run};

use super::Standardization;
use crate::data::Dataset;

/// Rows of a data set as a step needs them, one after the other, and room for what it computes of them.
pub(super) struct Minibatch<T> {
    /// Standardised features.
    pub(super) x: Vec<T>,
    /// Standardised features and a 1 for the intercept, each by 1/rows: what a gradient of the scores is multiplied by.
    pub(super) shares: Vec<T>,
    /// Scores.
    pub(super) theta: Vec<T>,
    /// Gradients of the loss in the scores.
    pub(super) slopes: Vec<T>,
}

impl<T: Real> Minibatch<T> {
    /// Room for `rows` rows of `data`.
    pub(super) fn new(rows: usize, data: &Dataset<T>) -> Self {
        let zeros = |columns| vec![T::ZERO; rows * columns];
        Self {
            x: zeros(data.features()),
            shares: zeros(data.features() + 1),
            theta: zeros(data.labels()),
            slopes: zeros(data.labels()),
        }
    }

    /// Takes `rows` of `data`, as many as there is room for.
    pub(super) fn gather(&mut self, data: &Dataset<T>, rows: &[usize], standardization: &Standardization<T>) {
        run(Gather { batch: self, data, rows, standardization });
    }

    /// The first place among the scores where one is not finite.
    pub(super) fn overflow(&self) -> Option<usize> {
        if run(AllFinite(&self.theta)) {
            return None;
        }
        self.theta.iter().position(|theta| !theta.is_finite())
    }
}

struct Gather<'a, T> {
    batch: &'a mut Minibatch<T>,
    data: &'a Dataset<T>,
    rows: &'a [usize],
    standardization: &'a Standardization<T>,
}

impl<T: Real> Kernel for Gather<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Self { batch, data, rows, standardization } = self;
        fetch(rows.iter().flat_map(|&row| [data.x(row), data.y(row)]));
        let features = data.features();
        let share = T::from_f64(1.0 / rows.len() as f64);
        let x = batch.x.chunks_exact_mut(features);
        let shares = batch.shares.chunks_exact_mut(features + 1);
        for ((&row, x), shares) in rows.iter().zip(x).zip(shares) {
            standardization.apply(data.x(row), x);
            for (of_x, &x) in shares.iter_mut().zip(&*x) {
                *of_x = share * x;
            }
            shares[features] = share;
        }
    }
}

/// Reads a number of every cache line of `rows`, which lie anywhere: all at once, where work on one row after the other would wait
/// for each.
#[inline(always)]
fn fetch<'a, T: Real>(rows: impl Iterator<Item = &'a [T]>) {
    const LINE: usize = 64;
    let mut positive = 0;
    for row in rows {
        for &x in row.iter().step_by(LINE / size_of::<T>()) {
            positive += u32::from(x > T::ZERO);
        }
    }
    black_box(positive);
}

struct AllFinite<'a, T>(&'a [T]);

impl<T: Real> Kernel for AllFinite<'_, T> {
    type Output = bool;
    #[inline(always)]
    fn run(self) -> bool {
        // No way out early: vectors have none.
        let mut finite = true;
        for x in self.0 {
            finite &= x.is_finite();
        }
        finite
    }
}

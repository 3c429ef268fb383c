//! What oracles, noises and quantities see of a group of [`LANES`] samples.

use super::lanes::{self, LANES};
use super::streams::Streams;
use crate::{Real, vector};

/// What [`LANES`] perturbed solves side by side know: lane l of all is one [`Draw`](crate::quantity::Draw).
#[derive(Debug)]
pub struct DrawGroup<'a, T> {
    /// The noise, d rows, which [terms](crate::Quantity::terms) may overwrite.
    pub z: &'a mut [[T; LANES]],
    /// The perturbed scores, d rows.
    pub theta: &'a [[T; LANES]],
    /// The solutions, d rows.
    pub y: &'a [[T; LANES]],
    /// The temperature ε.
    pub epsilon: T,
    /// y*(θ), if the estimate uses it as a baseline.
    pub baseline: Option<Column<'a, T>>,
    /// What [`Quantity::direction`](crate::Quantity::direction) says.
    pub direction: Column<'a, T>,
    /// Lanes from here on are empty.
    pub count: usize,
}

/// A vector of d entries for every lane of a group.
#[derive(Clone, Copy, Debug)]
pub enum Column<'a, T> {
    /// One for all.
    Shared(&'a [T]),
    /// Lane l of these d rows is that of lane l.
    Own(&'a [[T; LANES]]),
}

impl<T: Real> Column<'_, T> {
    /// ⟨column, rows⟩ of every lane, summed from the first entry to the last.
    #[inline(always)]
    pub(crate) fn dot(self, rows: &[[T; LANES]]) -> [T; LANES] {
        match self {
            Self::Shared(column) => {
                let mut sums = [T::ZERO; LANES];
                for (row, &x) in rows.iter().zip(column) {
                    lanes::row_by_row();
                    for lane in 0..LANES {
                        sums[lane] += row[lane] * x;
                    }
                }
                lanes::settle(sums)
            }
            Self::Own(columns) => lanes::dot(rows, columns),
        }
    }

    /// Entry `index` of every lane.
    #[inline(always)]
    pub(crate) fn row(self, index: usize) -> [T; LANES] {
        match self {
            Self::Shared(column) => [column.get(index).copied().unwrap_or(T::ZERO); LANES],
            Self::Own(columns) => columns.get(index).copied().unwrap_or([T::ZERO; LANES]),
        }
    }

    /// ⟨self, other⟩ of every lane.
    #[inline(always)]
    pub(crate) fn dot_column(self, other: Self) -> [T; LANES] {
        match (self, other) {
            (column, Self::Own(rows)) | (Self::Own(rows), column) => column.dot(rows),
            (Self::Shared(a), Self::Shared(b)) => [vector::dot(a, b); LANES],
        }
    }
}

/// [`LANES`] problems to be solved side by side: lane l of `theta` is one.
#[derive(Debug)]
pub struct SolveGroup<'a, T> {
    /// The scores, d rows.
    pub theta: &'a [[T; LANES]],
    /// Lanes from here on are empty: nothing is added up of them, and what else is written there does not matter.
    pub count: usize,
    /// What is wanted.
    pub wanted: Wanted<'a, T>,
    /// Working memory.
    pub memory: GroupMemory<'a, T>,
}

/// What is wanted of a group of problems.
#[derive(Debug)]
pub enum Wanted<'a, T> {
    /// Every solution, with the bits of [`Oracle::solve`](crate::Oracle::solve).
    Each {
        /// Its solution goes into lane l of these d rows.
        y: &'a mut [[T; LANES]],
        /// Its value goes here, if that is wanted.
        values: Option<&'a mut [T; LANES]>,
    },
    /// The sums of the solutions, lane by lane; refused where [`Wanted::Each`] and adding up costs no more.
    Sum {
        /// The solutions are added to these d rows.
        sums: &'a mut [[T; LANES]],
    },
}

/// Working memory of an oracle for a group of problems: d rows each, whose contents never matter.
#[derive(Debug)]
pub struct GroupMemory<'a, T> {
    /// Integers.
    pub codes: &'a mut [[u32; LANES]],
    /// Costs, in units of θ.
    pub costs: &'a mut [[T; LANES]],
    /// Distances, in units of θ.
    pub distances: &'a mut [[T; LANES]],
}

/// What is asked of a noise for a group of samples.
#[derive(Debug)]
pub enum NoiseGroup<'a, T> {
    /// Whether it answers to [`NoiseGroup::Fill`].
    CanFill,
    /// Whether it draws −ln(−ln u) for every u, so that a race of exponential draws decides which score is the largest.
    CanRace,
    /// Fill lane l of `z` with what [`Noise::fill`](crate::Noise::fill) draws from generator l, all lanes side by side.
    Fill {
        /// The generators.
        streams: &'a mut Streams,
        /// d rows.
        z: &'a mut [[T; LANES]],
    },
}

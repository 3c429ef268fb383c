//! Sizes that are known at run time.

use std::fmt::Debug;

use perturb_core::lanes::LANES;
use perturb_core::{Plane, Shape};

/// `.0` entries in a `Vec`.
///
/// ```
/// use perturb::{Dyn, Exact, Gumbel, Perturbed, Simplex};
/// let layer = Perturbed::new(Simplex::new(Dyn(3))?, Gumbel, 1.0f64)?;
/// assert_eq!(layer.maximizer(&[0.0, 1.0, 2.0], Exact)?.len(), 3);
/// # Ok::<(), perturb::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dyn(pub usize);

/// Beyond this many entries, lanes would take memory by the hundred megabytes and bring little.
const MOST_ROWS: usize = 1 << 16;

fn lanes<T: Copy>(dim: usize, fill: T) -> Vec<[T; LANES]> {
    if dim > MOST_ROWS { Vec::new() } else { vec![[fill; LANES]; dim] }
}

impl Shape for Dyn {
    type Array<T: Copy + Debug + Send + Sync + 'static> = Vec<T>;
    type Matrix<T: Copy + Debug + Send + Sync + 'static> = Vec<T>;
    type Lanes<T: Copy + Debug + Send + Sync + 'static> = Vec<[T; LANES]>;

    fn dim(&self) -> usize {
        self.0
    }
    fn array<T: Copy + Debug + Send + Sync + 'static>(&self, fill: T) -> Vec<T> {
        vec![fill; self.0]
    }
    fn matrix<T: Copy + Debug + Send + Sync + 'static>(&self, fill: T) -> Vec<T> {
        vec![fill; self.0 * self.0]
    }
    fn lanes<T: Copy + Debug + Send + Sync + 'static>(&self, fill: T) -> Vec<[T; LANES]> {
        lanes(self.dim(), fill)
    }
}

/// `rows` × `columns` entries in a `Vec`, row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DynRect {
    /// The number of rows.
    pub rows: usize,
    /// The number of columns.
    pub columns: usize,
}

impl Shape for DynRect {
    type Array<T: Copy + Debug + Send + Sync + 'static> = Vec<T>;
    type Matrix<T: Copy + Debug + Send + Sync + 'static> = Vec<T>;
    type Lanes<T: Copy + Debug + Send + Sync + 'static> = Vec<[T; LANES]>;

    fn dim(&self) -> usize {
        self.rows.saturating_mul(self.columns)
    }
    fn array<T: Copy + Debug + Send + Sync + 'static>(&self, fill: T) -> Vec<T> {
        vec![fill; self.dim()]
    }
    fn matrix<T: Copy + Debug + Send + Sync + 'static>(&self, fill: T) -> Vec<T> {
        vec![fill; self.dim() * self.dim()]
    }
    fn lanes<T: Copy + Debug + Send + Sync + 'static>(&self, fill: T) -> Vec<[T; LANES]> {
        lanes(self.dim(), fill)
    }
}

impl Plane for DynRect {
    type Rows = Dyn;
    type Columns = Dyn;

    fn rows(&self) -> Dyn {
        Dyn(self.rows)
    }
    fn columns(&self) -> Dyn {
        Dyn(self.columns)
    }
}

//! Shapes whose sizes are known at run time.

use perturb_core::shape::Entry;
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

/// Beyond this many entries, spare memory would take hundreds of megabytes and bring little.
const MOST_SPARE: usize = 1 << 16;

/// One more than `dim`, so that they may be used from the start of a cache line on.
fn spare<T: Copy>(dim: usize, fill: T) -> Vec<T> {
    if dim > MOST_SPARE { Vec::new() } else { vec![fill; dim + 1] }
}

impl Shape for Dyn {
    type Array<T: Entry> = Vec<T>;
    type Matrix<T: Entry> = Vec<T>;
    type Spare<T: Entry> = Vec<T>;

    fn dim(&self) -> usize {
        self.0
    }
    fn array<T: Entry>(&self, fill: T) -> Vec<T> {
        vec![fill; self.0]
    }
    fn matrix<T: Entry>(&self, fill: T) -> Vec<T> {
        vec![fill; self.0 * self.0]
    }
    fn spare<T: Entry>(&self, fill: T) -> Vec<T> {
        spare(self.dim(), fill)
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
    type Array<T: Entry> = Vec<T>;
    type Matrix<T: Entry> = Vec<T>;
    type Spare<T: Entry> = Vec<T>;

    fn dim(&self) -> usize {
        self.rows.saturating_mul(self.columns)
    }
    fn array<T: Entry>(&self, fill: T) -> Vec<T> {
        vec![fill; self.dim()]
    }
    fn matrix<T: Entry>(&self, fill: T) -> Vec<T> {
        vec![fill; self.dim() * self.dim()]
    }
    fn spare<T: Entry>(&self, fill: T) -> Vec<T> {
        spare(self.dim(), fill)
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

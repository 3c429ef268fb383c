//! Shapes live in types, values live at run time.

use core::fmt::Debug;

use crate::lanes::LANES;

/// How many entries a problem has, and where arrays of that many live.
///
/// Algorithms are written once over slices; a shape only supplies storage: fixed arrays here
/// ([`Const`], [`Rect`]), `Vec`s for the host's run-time sizes in the `perturb` crate.
pub trait Shape: Copy + Debug + Send + Sync + 'static {
    /// One value per entry.
    type Array<T: Copy + Debug + Send + Sync + 'static>: AsRef<[T]> + AsMut<[T]> + Clone + Debug + Send + Sync;
    /// One value per pair of entries, row-major.
    type Matrix<T: Copy + Debug + Send + Sync + 'static>: AsRef<[T]>
        + AsMut<[T]>
        + Clone
        + Debug
        + Send
        + Sync;
    /// [`LANES`] values an entry, or none where the shape has no place for that many.
    type Lanes<T: Copy + Debug + Send + Sync + 'static>: AsRef<[[T; LANES]]>
        + AsMut<[[T; LANES]]>
        + Debug
        + Send;

    /// The number of entries d.
    fn dim(&self) -> usize;
    /// An array of d copies of `fill`.
    fn array<T: Copy + Debug + Send + Sync + 'static>(&self, fill: T) -> Self::Array<T>;
    /// A d × d matrix of copies of `fill`.
    fn matrix<T: Copy + Debug + Send + Sync + 'static>(&self, fill: T) -> Self::Matrix<T>;
    /// d or more rows of [`LANES`] copies of `fill`, or fewer than d if there is no place: estimates then draw one sample
    /// after the other.
    fn lanes<T: Copy + Debug + Send + Sync + 'static>(&self, fill: T) -> Self::Lanes<T>;
}

/// Rows of [`LANES`] values in fixed arrays: none on a microcontroller, 64 on a host, so that no stack grows with d.
const FIXED_ROWS: usize = if cfg!(target_os = "none") { 0 } else { 64 };

/// A shape whose entries form a rectangle, row by row.
pub trait Plane: Shape {
    /// One entry per row.
    type Rows: Shape;
    /// One entry per column.
    type Columns: Shape;

    /// The rows.
    fn rows(&self) -> Self::Rows;
    /// The columns.
    fn columns(&self) -> Self::Columns;
}

/// `N` entries in `[T; N]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Const<const N: usize>;

/// `R` rows of `C` entries in `[[T; C]; R]`, flattened row by row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Rect<const R: usize, const C: usize>;

/// `R` rows of `C` values, seen as one slice row by row; `.0` is the array itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid<T, const R: usize, const C: usize>(pub [[T; C]; R]);

impl<T, const R: usize, const C: usize> AsRef<[T]> for Grid<T, R, C> {
    fn as_ref(&self) -> &[T] {
        self.0.as_flattened()
    }
}

impl<T, const R: usize, const C: usize> AsMut<[T]> for Grid<T, R, C> {
    fn as_mut(&mut self) -> &mut [T] {
        self.0.as_flattened_mut()
    }
}

/// A square matrix over an `R` × `C` rectangle: `.0[i][j][k][l]` couples entry (i, j) to entry (k, l).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RectMatrix<T, const R: usize, const C: usize>(pub [[[[T; C]; R]; C]; R]);

impl<T, const R: usize, const C: usize> AsRef<[T]> for RectMatrix<T, R, C> {
    fn as_ref(&self) -> &[T] {
        self.0.as_flattened().as_flattened().as_flattened()
    }
}

impl<T, const R: usize, const C: usize> AsMut<[T]> for RectMatrix<T, R, C> {
    fn as_mut(&mut self) -> &mut [T] {
        self.0.as_flattened_mut().as_flattened_mut().as_flattened_mut()
    }
}

impl<const N: usize> Shape for Const<N> {
    type Array<T: Copy + Debug + Send + Sync + 'static> = [T; N];
    type Matrix<T: Copy + Debug + Send + Sync + 'static> = Grid<T, N, N>;
    type Lanes<T: Copy + Debug + Send + Sync + 'static> = [[T; LANES]; FIXED_ROWS];

    fn dim(&self) -> usize {
        N
    }
    fn array<T: Copy + Debug + Send + Sync + 'static>(&self, fill: T) -> [T; N] {
        [fill; N]
    }
    fn matrix<T: Copy + Debug + Send + Sync + 'static>(&self, fill: T) -> Grid<T, N, N> {
        Grid([[fill; N]; N])
    }
    fn lanes<T: Copy + Debug + Send + Sync + 'static>(&self, fill: T) -> [[T; LANES]; FIXED_ROWS] {
        [[fill; LANES]; FIXED_ROWS]
    }
}

impl<const R: usize, const C: usize> Shape for Rect<R, C> {
    type Array<T: Copy + Debug + Send + Sync + 'static> = Grid<T, R, C>;
    type Matrix<T: Copy + Debug + Send + Sync + 'static> = RectMatrix<T, R, C>;
    type Lanes<T: Copy + Debug + Send + Sync + 'static> = [[T; LANES]; FIXED_ROWS];

    fn dim(&self) -> usize {
        R * C
    }
    fn array<T: Copy + Debug + Send + Sync + 'static>(&self, fill: T) -> Grid<T, R, C> {
        Grid([[fill; C]; R])
    }
    fn matrix<T: Copy + Debug + Send + Sync + 'static>(&self, fill: T) -> RectMatrix<T, R, C> {
        RectMatrix([[[[fill; C]; R]; C]; R])
    }
    fn lanes<T: Copy + Debug + Send + Sync + 'static>(&self, fill: T) -> [[T; LANES]; FIXED_ROWS] {
        [[fill; LANES]; FIXED_ROWS]
    }
}

impl<const R: usize, const C: usize> Plane for Rect<R, C> {
    type Rows = Const<R>;
    type Columns = Const<C>;

    fn rows(&self) -> Const<R> {
        Const
    }
    fn columns(&self) -> Const<C> {
        Const
    }
}

//! Shapes live in types, values live at run time.

use core::fmt::Debug;

use crate::Error;

/// What arrays hold: any plain value.
pub trait Entry: Copy + Debug + Send + Sync + 'static {}

impl<T: Copy + Debug + Send + Sync + 'static> Entry for T {}

/// How many entries a problem has, and where arrays of that many live.
///
/// Algorithms are written once over slices; a shape only supplies storage: fixed arrays here
/// ([`Const`], [`Rect`]), `Vec`s for the host's run-time sizes in the `perturb` crate.
pub trait Shape: Copy + Debug + Send + Sync + 'static {
    /// One value per entry.
    type Array<T: Entry>: AsRef<[T]> + AsMut<[T]> + Clone + Debug + Send + Sync;
    /// One value per pair of entries, row-major.
    type Matrix<T: Entry>: AsRef<[T]> + AsMut<[T]> + Clone + Debug + Send + Sync;
    /// One large value per entry, or none where the shape has no room: on hosts, estimates of many samples use such memory
    /// to be faster, and do without it otherwise. `[T; 0]` always fits.
    type Spare<T: Entry>: AsRef<[T]> + AsMut<[T]> + Debug + Send;

    /// The number of entries d.
    fn dim(&self) -> usize;
    /// An array of d copies of `fill`.
    fn array<T: Entry>(&self, fill: T) -> Self::Array<T>;
    /// A d × d matrix of copies of `fill`.
    fn matrix<T: Entry>(&self, fill: T) -> Self::Matrix<T>;
    /// d or more copies of `fill`, or fewer than d if there is no room. One more lets rows begin where a line of a cache does.
    fn spare<T: Entry>(&self, fill: T) -> Self::Spare<T>;
}

/// Large values in fixed arrays: 64 where there are vectors, so that no stack grows with d, none elsewhere.
const FIXED_SPARE: usize = if perturb_lanes::POSSIBLE { 64 } else { 0 };

/// Bytes of the largest matrix of fixed size: means with their standard errors hold up to 31 of them on the stack, unoptimised,
/// which is 2 MiB for all threads but the main one.
const LARGEST_MATRIX: usize = 1 << 16;

/// Bytes of a square matrix of `dim` rows.
const fn matrix_size<T>(dim: usize) -> usize {
    dim.saturating_mul(dim).saturating_mul(size_of::<T>())
}

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
///
/// Matrices, of Jacobians and exact top-k, take N² numbers of the stack: 64 KiB at most, N = 128 in f32 and 90 in f64. Larger ones do not compile; `Dyn` of the `perturb` crate has them on the heap.
///
/// ```compile_fail
/// use perturb_core::{Const, MonteCarlo, Normal, Perturbed, Seed, Simplex};
/// let layer = Perturbed::new(Simplex::new(Const::<91>).unwrap(), Normal, 1.0).unwrap();
/// layer.jacobian(&[0.0f64; 91], MonteCarlo::new(10, Seed(0)));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Const<const N: usize>;

/// `R` rows of `C` entries in `[[T; C]; R]`, flattened row by row; matrices over it are as large as those over [`Const`].
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

/// n ≤ `N` entries, n known at run time, in the memory of `N`: decisions on a device whose number of options changes.
///
/// Time is that of n entries, memory that of `N`; matrices are as large as those over [`Const`]. Draws and decisions have the bits of
/// `Const<n>`.
///
/// ```
/// use perturb_core::{Normal, Perturbed, Ranking, UpTo};
/// let layer = Perturbed::new(Ranking::ascending(UpTo::<8>::new(3)?)?, Normal, 0.5)?;
/// assert_eq!(layer.decide(&[0.3f32, -0.2, 1.0])?.1.as_ref(), [2.0, 1.0, 3.0]);
/// assert!(UpTo::<8>::new(9).is_err());
/// # Ok::<(), perturb_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct UpTo<const N: usize> {
    dim: usize,
}

impl<const N: usize> UpTo<N> {
    /// Of `dim` entries, at most `N`, else [`Error::Capacity`].
    pub const fn new(dim: usize) -> Result<Self, Error> {
        if dim > N {
            return Err(Error::Capacity { quantity: "options", capacity: N });
        }
        Ok(Self { dim })
    }
}

/// The first values of those in the memory `M`, seen as one slice.
#[derive(Clone, Copy, Debug)]
pub struct First<M> {
    memory: M,
    count: usize,
}

impl<T, M: AsRef<[T]>> AsRef<[T]> for First<M> {
    fn as_ref(&self) -> &[T] {
        let memory = self.memory.as_ref();
        memory.get(..self.count).unwrap_or(memory)
    }
}

impl<T, M: AsMut<[T]>> AsMut<[T]> for First<M> {
    fn as_mut(&mut self) -> &mut [T] {
        self.memory.as_mut().get_mut(..self.count).unwrap_or_default()
    }
}

impl<const N: usize> Shape for UpTo<N> {
    type Array<T: Entry> = First<[T; N]>;
    type Matrix<T: Entry> = First<Grid<T, N, N>>;
    type Spare<T: Entry> = [T; FIXED_SPARE];

    fn dim(&self) -> usize {
        self.dim
    }
    fn array<T: Entry>(&self, fill: T) -> Self::Array<T> {
        First { memory: [fill; N], count: self.dim }
    }
    fn matrix<T: Entry>(&self, fill: T) -> Self::Matrix<T> {
        First { memory: Const::<N>.matrix(fill), count: self.dim * self.dim }
    }
    fn spare<T: Entry>(&self, fill: T) -> [T; FIXED_SPARE] {
        [fill; FIXED_SPARE]
    }
}

impl<const N: usize> Shape for Const<N> {
    type Array<T: Entry> = [T; N];
    type Matrix<T: Entry> = Grid<T, N, N>;
    type Spare<T: Entry> = [T; FIXED_SPARE];

    fn dim(&self) -> usize {
        N
    }
    fn array<T: Entry>(&self, fill: T) -> [T; N] {
        [fill; N]
    }
    fn matrix<T: Entry>(&self, fill: T) -> Grid<T, N, N> {
        const {
            assert!(
                matrix_size::<T>(N) <= LARGEST_MATRIX,
                "a matrix over Const<N> takes at most 64 KiB of stack, N = 128 in f32 and 90 in f64: take `perturb::Dyn`, whose \
                 matrices lie on the heap, or products (`vjp`, `jvp`)"
            );
        }
        Grid([[fill; N]; N])
    }
    fn spare<T: Entry>(&self, fill: T) -> [T; FIXED_SPARE] {
        [fill; FIXED_SPARE]
    }
}

impl<const R: usize, const C: usize> Shape for Rect<R, C> {
    type Array<T: Entry> = Grid<T, R, C>;
    type Matrix<T: Entry> = RectMatrix<T, R, C>;
    type Spare<T: Entry> = [T; FIXED_SPARE];

    fn dim(&self) -> usize {
        R * C
    }
    fn array<T: Entry>(&self, fill: T) -> Grid<T, R, C> {
        Grid([[fill; C]; R])
    }
    fn matrix<T: Entry>(&self, fill: T) -> RectMatrix<T, R, C> {
        const {
            assert!(
                matrix_size::<T>(R.saturating_mul(C)) <= LARGEST_MATRIX,
                "a matrix over Rect<R, C> takes at most 64 KiB of stack, R·C = 128 in f32 and 90 in f64: take `perturb::DynRect`, \
                 whose matrices lie on the heap, or products (`vjp`, `jvp`)"
            );
        }
        RectMatrix([[[[fill; C]; R]; C]; R])
    }
    fn spare<T: Entry>(&self, fill: T) -> [T; FIXED_SPARE] {
        [fill; FIXED_SPARE]
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

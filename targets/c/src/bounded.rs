//! Shapes whose size is known at run time, up to a capacity: one archive serves all sizes.

use perturb_core::shape::Entry;
use perturb_core::{Plane, Shape};

use crate::Status;

/// The most scores of argmax, top-k and ranking. Stack grows with it, not with a layer's size.
pub const PERTURB_MAX_SCORES: usize = 64;
/// The most cells of a grid, and the most scores of a model. Stack grows with it, not with a grid's size.
pub const PERTURB_MAX_CELLS: usize = 256;

/// A list of at most `CAPACITY` entries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List<const CAPACITY: usize> {
    len: usize,
}

/// A rectangle of at most `CAPACITY` entries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table<const CAPACITY: usize> {
    rows: usize,
    columns: usize,
}

/// The first `len` of `CAPACITY` entries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entries<T, const CAPACITY: usize> {
    entries: [T; CAPACITY],
    len: usize,
}

impl<const CAPACITY: usize> List<CAPACITY> {
    pub(crate) fn new(len: u32) -> Result<Self, Status> {
        let len = len as usize;
        if len <= CAPACITY { Ok(Self { len }) } else { Err(Status::Capacity) }
    }
}

impl<const CAPACITY: usize> Table<CAPACITY> {
    pub(crate) fn new(rows: u32, columns: u32) -> Result<Self, Status> {
        let cells = rows.checked_mul(columns).ok_or(Status::Capacity)?;
        List::<CAPACITY>::new(cells)?;
        Ok(Self { rows: rows as usize, columns: columns as usize })
    }
}

impl<T, const CAPACITY: usize> AsRef<[T]> for Entries<T, CAPACITY> {
    fn as_ref(&self) -> &[T] {
        self.entries.get(..self.len).unwrap_or(&self.entries)
    }
}

impl<T, const CAPACITY: usize> AsMut<[T]> for Entries<T, CAPACITY> {
    fn as_mut(&mut self) -> &mut [T] {
        self.entries.get_mut(..self.len).unwrap_or_default()
    }
}

impl<const CAPACITY: usize> Shape for List<CAPACITY> {
    type Array<T: Entry> = Entries<T, CAPACITY>;
    /// None: no function here computes a Jacobian.
    type Matrix<T: Entry> = [T; 0];
    /// None: samples come one after the other, on hosts as well.
    type Spare<T: Entry> = [T; 0];

    fn dim(&self) -> usize {
        self.len
    }
    fn array<T: Entry>(&self, fill: T) -> Entries<T, CAPACITY> {
        Entries { entries: [fill; CAPACITY], len: self.len }
    }
    fn matrix<T: Entry>(&self, _: T) -> [T; 0] {
        []
    }
    fn spare<T: Entry>(&self, _: T) -> [T; 0] {
        []
    }
}

impl<const CAPACITY: usize> Shape for Table<CAPACITY> {
    type Array<T: Entry> = Entries<T, CAPACITY>;
    type Matrix<T: Entry> = [T; 0];
    type Spare<T: Entry> = [T; 0];

    fn dim(&self) -> usize {
        self.rows * self.columns
    }
    fn array<T: Entry>(&self, fill: T) -> Entries<T, CAPACITY> {
        Entries { entries: [fill; CAPACITY], len: self.dim() }
    }
    fn matrix<T: Entry>(&self, _: T) -> [T; 0] {
        []
    }
    fn spare<T: Entry>(&self, _: T) -> [T; 0] {
        []
    }
}

impl<const CAPACITY: usize> Plane for Table<CAPACITY> {
    type Rows = List<CAPACITY>;
    type Columns = List<CAPACITY>;

    fn rows(&self) -> List<CAPACITY> {
        List { len: self.rows }
    }
    fn columns(&self) -> List<CAPACITY> {
        List { len: self.columns }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_have_the_length_of_the_shape() {
        let shape = List::<4>::new(3).unwrap();
        let mut array = shape.array(7);
        array.as_mut()[2] = 8;
        assert_eq!(array.as_ref(), [7, 7, 8]);
        assert_eq!(List::<4>::new(5).unwrap_err(), Status::Capacity);
    }

    #[test]
    fn a_product_that_wraps_is_no_small_table() {
        assert_eq!(Table::<4>::new(2, 2).unwrap().dim(), 4);
        assert_eq!(Table::<4>::new(1 << 16, 1 << 16).unwrap_err(), Status::Capacity);
        assert_eq!(Table::<4>::new(5, 1).unwrap_err(), Status::Capacity);
    }
}

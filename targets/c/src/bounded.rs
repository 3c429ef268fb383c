//! Shapes whose size is known at run time, up to a capacity: one archive serves all sizes.

use perturb_core::shape::Entry;
use perturb_core::{Plane, Shape};

use crate::Status;

/// The most scores of argmax, top-k and ranking. Set by the variable of that name in the environment of the build.
pub const PERTURB_MAX_SCORES: usize = capacity(option_env!("PERTURB_MAX_SCORES"), 64);
/// The most cells of a grid. Set in the same way.
pub const PERTURB_MAX_CELLS: usize = capacity(option_env!("PERTURB_MAX_CELLS"), 256);
/// The most scores of a model: those of any layer.
pub(crate) const MOST: usize =
    if PERTURB_MAX_SCORES > PERTURB_MAX_CELLS { PERTURB_MAX_SCORES } else { PERTURB_MAX_CELLS };

/// # Panics
/// When compiled, if `text` is no number from 1 to 65535.
const fn capacity(text: Option<&str>, otherwise: usize) -> usize {
    let Some(text) = text else { return otherwise };
    match u16::from_str_radix(text, 10) {
        Ok(capacity) if capacity > 0 => capacity as usize,
        _ => panic!("PERTURB_MAX_SCORES and PERTURB_MAX_CELLS must be whole numbers from 1 to 65535"),
    }
}

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
    fn capacities_are_those_of_the_header_unless_set() {
        for (name, otherwise, set, found) in [
            ("PERTURB_MAX_SCORES", 64, option_env!("PERTURB_MAX_SCORES"), PERTURB_MAX_SCORES),
            ("PERTURB_MAX_CELLS", 256, option_env!("PERTURB_MAX_CELLS"), PERTURB_MAX_CELLS),
        ] {
            assert!(
                include_str!("../include/perturb.h").contains(&std::format!("#define {name} {otherwise}\n"))
            );
            assert_eq!(found, set.map_or(otherwise, |set| set.parse().unwrap()));
        }
        assert_eq!([capacity(None, 7), capacity(Some("65535"), 7)], [7, 65535]);
        for wrong in ["", "0", "65536", "-1", "many"] {
            assert!(std::panic::catch_unwind(|| capacity(Some(wrong), 7)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_product_that_wraps_is_no_small_table() {
        assert_eq!(Table::<4>::new(2, 2).unwrap().dim(), 4);
        assert_eq!(Table::<4>::new(1 << 16, 1 << 16).unwrap_err(), Status::Capacity);
        assert_eq!(Table::<4>::new(5, 1).unwrap_err(), Status::Capacity);
    }
}

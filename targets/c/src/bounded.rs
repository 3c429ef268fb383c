//! How large layers may be, and grids whose size is known at run time: one archive serves all sizes.

use perturb_core::shape::Entry;
use perturb_core::{Error, Plane, Shape, UpTo};

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

/// A rectangle of at most `CAPACITY` entries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table<const CAPACITY: usize> {
    cells: UpTo<CAPACITY>,
    rows: UpTo<CAPACITY>,
    columns: UpTo<CAPACITY>,
}

impl<const CAPACITY: usize> Table<CAPACITY> {
    pub(crate) fn new(rows: u32, columns: u32) -> Result<Self, Error> {
        let cells = rows.saturating_mul(columns);
        Ok(Self {
            cells: UpTo::new(cells as usize)?,
            rows: UpTo::new(rows as usize)?,
            columns: UpTo::new(columns as usize)?,
        })
    }
}

impl<const CAPACITY: usize> Shape for Table<CAPACITY> {
    type Array<T: Entry> = <UpTo<CAPACITY> as Shape>::Array<T>;
    type Matrix<T: Entry> = <UpTo<CAPACITY> as Shape>::Matrix<T>;
    type Spare<T: Entry> = <UpTo<CAPACITY> as Shape>::Spare<T>;

    fn dim(&self) -> usize {
        self.cells.dim()
    }
    fn array<T: Entry>(&self, fill: T) -> Self::Array<T> {
        self.cells.array(fill)
    }
    fn matrix<T: Entry>(&self, fill: T) -> Self::Matrix<T> {
        self.cells.matrix(fill)
    }
    fn spare<T: Entry>(&self, fill: T) -> Self::Spare<T> {
        self.cells.spare(fill)
    }
}

impl<const CAPACITY: usize> Plane for Table<CAPACITY> {
    type Rows = UpTo<CAPACITY>;
    type Columns = UpTo<CAPACITY>;

    fn rows(&self) -> UpTo<CAPACITY> {
        self.rows
    }
    fn columns(&self) -> UpTo<CAPACITY> {
        self.columns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let full = Error::Capacity { quantity: "options", capacity: 4 };
        assert_eq!(Table::<4>::new(2, 2).unwrap().dim(), 4);
        assert_eq!(Table::<4>::new(1 << 16, 1 << 16).unwrap_err(), full);
        assert_eq!(Table::<4>::new(5, 1).unwrap_err(), full);
    }
}

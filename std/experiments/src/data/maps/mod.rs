//! Maps of terrain, with what it costs to cross and the cheapest way.

pub mod warcraft;

use std::fmt;

use perturb::data::{DataError, Digest};

use super::chunk;
use super::pixels::Pixels;

/// n maps of channels × height × width bytes, each with a grid of costs and a path through the grid's cells.
///
/// The bytes of a map are stored channel after channel, each row by row, as convolutions take them. Costs are finite and not
/// negative; the cells of a path are 1, the others 0. Whether a path is the cheapest is not checked.
///
/// ```
/// use perturb_experiments::data::maps::Maps;
/// // One map of 1 channel, 2 × 2 pixels, one pixel a cell; the way leads around the dear cell.
/// let maps = Maps::new("one", [1, 2, 2], [2, 2], vec![10, 200, 10, 10], vec![1.0, 9.0, 1.0, 1.0], vec![1, 0, 1, 1])?;
/// assert_eq!((maps.len(), maps.costs(0)[1], maps.path(0)), (1, 9.0, &[1, 0, 1, 1][..]));
/// # Ok::<(), perturb::data::DataError>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Maps {
    name: String,
    grid: [usize; 2],
    pixels: Pixels,
    costs: Vec<f32>,
    paths: Vec<u8>,
}

/// Maps to learn from, and maps to judge by.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// To learn from.
    pub train: Maps,
    /// To choose by, where there are some.
    pub validation: Option<Maps>,
    /// To judge by.
    pub test: Maps,
}

/// How a map is seen: from which corner, and along which side first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// Rows and columns change places.
    pub transposed: bool,
    /// Whether the map is turned by 180°: the last cell becomes the first.
    pub half: bool,
}

impl Turn {
    /// Appends a matrix of rows × columns entries as it is seen.
    fn apply<T: Copy>(self, matrix: &[T], [rows, columns]: [usize; 2], out: &mut Vec<T>) {
        let last = (rows * columns).saturating_sub(1);
        out.extend((0..matrix.len()).filter_map(|place| {
            let place = if self.half { last - place.min(last) } else { place };
            let place = if self.transposed { place % rows * columns + place / rows } else { place };
            matrix.get(place).copied()
        }));
    }
}

impl Maps {
    /// Maps from their pixels, costs and paths, map by map; `shape` is [channels, height, width] of a map, `grid` the rows and
    /// columns of its cells.
    ///
    /// An error says what is refused: fewer than one map, channel, pixel or cell, or numbers that are not costs or paths.
    pub fn new(
        name: impl Into<String>,
        shape: [usize; 3],
        grid: [usize; 2],
        pixels: Vec<u8>,
        costs: Vec<f32>,
        paths: Vec<u8>,
    ) -> Result<Self, DataError> {
        let [rows, columns] = grid;
        let Some(cells) = rows.checked_mul(columns).filter(|&cells| cells > 0) else {
            let expected = "rows and columns of at least 1, whose product fits into memory";
            return Err(DataError::parameter("grid", expected, format!("{grid:?}")));
        };
        if costs.is_empty() || !costs.len().is_multiple_of(cells) {
            let found = format!("{} numbers", costs.len());
            return Err(DataError::parameter(
                "costs",
                format!("{cells} numbers a map, of at least one map"),
                found,
            ));
        }
        let n = costs.len() / cells;
        if paths.len() != costs.len() {
            let found = format!("{} cells", paths.len());
            return Err(DataError::parameter("paths", format!("{n} paths of {cells} cells"), found));
        }
        let place = |index: usize| format!("cell {} of map {}", index % cells, index / cells);
        if let Some(index) = costs.iter().position(|&cost| !(cost >= 0.0 && cost.is_finite())) {
            let found = format!("{} in {} (counted from 0)", costs[index], place(index));
            return Err(DataError::parameter("costs", "finite numbers, none negative", found));
        }
        if let Some(index) = paths.iter().position(|&cell| cell > 1) {
            let found = format!("{} in {} (counted from 0)", paths[index], place(index));
            return Err(DataError::parameter("paths", "0 or 1", found));
        }
        Ok(Self { name: name.into(), grid, pixels: Pixels::new(shape, pixels, n)?, costs, paths })
    }

    /// The name of the set: that of its files, or the generator and its arguments.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// The number of maps n.
    pub fn len(&self) -> usize {
        self.costs.len() / self.cells()
    }
    /// Whether the set has no maps; only a [selection](Self::select) can be empty.
    pub fn is_empty(&self) -> bool {
        self.costs.is_empty()
    }
    /// Channels, height and width of every map; none is 0.
    pub fn shape(&self) -> [usize; 3] {
        self.pixels.shape()
    }
    /// Rows and columns of the cells of every map; none is 0.
    pub fn grid(&self) -> [usize; 2] {
        self.grid
    }
    fn cells(&self) -> usize {
        self.grid.iter().product()
    }
    /// The bytes of a map, counted from 0, channel after channel; empty for a map that does not exist.
    pub fn pixels(&self, row: usize) -> &[u8] {
        self.pixels.image(row)
    }
    /// The cost of each of its cells, row by row.
    pub fn costs(&self, row: usize) -> &[f32] {
        chunk(&self.costs, self.cells(), row)
    }
    /// The cells of its path: 1 on it, 0 elsewhere.
    pub fn path(&self, row: usize) -> &[u8] {
        chunk(&self.paths, self.cells(), row)
    }

    /// The given maps in the given order, under the same name. Maps may repeat; those that do not exist are left out.
    pub fn select(&self, rows: &[usize]) -> Self {
        Self {
            name: self.name.clone(),
            grid: self.grid,
            pixels: self.pixels.select(rows),
            costs: rows.iter().flat_map(|&row| self.costs(row)).copied().collect(),
            paths: rows.iter().flat_map(|&row| self.path(row)).copied().collect(),
        }
    }

    /// The given maps, each seen as `turns` says of its place in `rows`; those that do not exist are left out.
    ///
    /// Turned maps have their cheapest paths between the same two corners at the same cost: more maps to learn from. Of maps or
    /// cells that are not as many down as across, none is transposed.
    pub fn turned(&self, rows: &[usize], turns: impl Fn(usize) -> Turn) -> Self {
        let [_, height, width] = self.shape();
        let square = height == width && self.grid[0] == self.grid[1];
        let rows: Vec<usize> = rows.iter().copied().filter(|&row| row < self.len()).collect();
        let turn = |place: usize| Turn { transposed: turns(place).transposed && square, ..turns(place) };
        let mut pixels = Vec::with_capacity(rows.len() * self.shape().iter().product::<usize>());
        let (mut costs, mut paths) = (Vec::new(), Vec::new());
        for (place, &row) in rows.iter().enumerate() {
            let turn = turn(place);
            for plane in self.pixels(row).chunks_exact((height * width).max(1)) {
                turn.apply(plane, [height, width], &mut pixels);
            }
            turn.apply(self.costs(row), self.grid, &mut costs);
            turn.apply(self.path(row), self.grid, &mut paths);
        }
        let (name, grid) = (self.name.clone(), self.grid);
        Self { name, grid, pixels: self.pixels.with(pixels), costs, paths }
    }

    /// A fingerprint of name, shape, grid, pixels, costs and paths for provenance, the same on every machine: CRC-64/XZ.
    ///
    /// It detects accidental differences, not forgeries. Cost O(n·channels·height·width).
    pub fn digest(&self) -> u64 {
        let ([channels, height, width], [rows, columns]) = (self.shape(), self.grid);
        let mut crc = Digest::new(&[self.len(), channels, height, width, rows, columns], [&self.name]);
        crc.update(self.pixels.bytes());
        for cost in &self.costs {
            crc.update(&cost.to_le_bytes());
        }
        crc.update(&self.paths);
        crc.finalize()
    }

    /// Mean and standard deviation of each channel, as
    /// [`Images::channel_statistics`](super::images::Images::channel_statistics) has them.
    pub fn channel_statistics(&self) -> (Vec<f64>, Vec<f64>) {
        self.pixels.channel_statistics()
    }
}

impl fmt::Debug for Maps {
    /// Name and dimensions: the bytes themselves would fill screens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Maps")
            .field("name", &self.name)
            .field("len", &self.len())
            .field("shape", &self.shape())
            .field("grid", &self.grid)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Maps {
        let costs = (0..12).map(|i| i as f32).collect();
        let paths = (0..12).map(|i| u8::from(i % 3 == 0)).collect();
        Maps::new("small", [1, 2, 2], [2, 3], (0..8).collect(), costs, paths).unwrap()
    }

    #[test]
    fn maps_can_be_read_and_selected() {
        let maps = small();
        assert_eq!((maps.len(), maps.shape(), maps.grid(), maps.is_empty()), (2, [1, 2, 2], [2, 3], false));
        assert_eq!(
            (maps.pixels(1), maps.costs(1)[0], maps.path(1)),
            (&[4, 5, 6, 7][..], 6.0, &[1, 0, 0, 1, 0, 0][..])
        );
        assert!(maps.pixels(2).is_empty() && maps.costs(2).is_empty() && maps.path(usize::MAX).is_empty());
        let twice = maps.select(&[1, 7, 0, 1]);
        assert_eq!((twice.len(), twice.costs(0), twice.path(2)), (3, maps.costs(1), maps.path(1)));
        assert_eq!(maps.select(&[0, 1]), maps);
        assert!(maps.select(&[]).is_empty());
        assert_eq!(maps.channel_statistics().0, [3.5 / 255.0]);
        assert!(!format!("{maps:?}").contains("11"));
    }

    #[test]
    fn maps_can_be_turned() {
        let new = |grid| {
            let costs = (1..=4).map(|cost| cost as f32).collect();
            Maps::new("turned", [2, 2, 2], grid, (0..8).collect(), costs, vec![1, 0, 1, 1]).unwrap()
        };
        let maps = new([2, 2]);
        let turned = |transposed, half| maps.turned(&[0, 5], |_| Turn { transposed, half });
        assert_eq!(turned(false, false), maps);
        assert_eq!(turned(true, false).pixels(0), [0, 2, 1, 3, 4, 6, 5, 7]);
        assert_eq!(
            (turned(true, false).costs(0), turned(true, false).path(0)),
            (&[1.0, 3.0, 2.0, 4.0][..], &[1, 1, 0, 1][..])
        );
        assert_eq!(
            (turned(false, true).costs(0), turned(false, true).pixels(0)[0]),
            (&[4.0, 3.0, 2.0, 1.0][..], 3)
        );
        assert_eq!(turned(true, true).costs(0), [4.0, 2.0, 3.0, 1.0]);
        // Not square: half turns alone.
        let wide = new([1, 4]).turned(&[0], |_| Turn { transposed: true, half: true });
        assert_eq!((wide.costs(0), wide.pixels(0)[0]), (&[4.0, 3.0, 2.0, 1.0][..], 3));
        let each = maps.turned(&[0, 0], |place| Turn { half: place == 1, transposed: false });
        assert_eq!((each.costs(0)[0], each.costs(1)[0]), (1.0, 4.0));
    }

    #[test]
    fn what_is_no_set_of_maps_is_refused() {
        let new = |grid, pixels: usize, costs: &[f32], paths: &[u8]| {
            let maps = Maps::new("bad", [1, 1, 2], grid, vec![0; pixels], costs.to_vec(), paths.to_vec());
            maps.unwrap_err().to_string()
        };
        let grid = "grid: expected rows and columns of at least 1, whose product fits into memory";
        assert_eq!(new([0, 2], 2, &[], &[]), format!("{grid}, found [0, 2]"));
        assert!(new([usize::MAX, 2], 2, &[], &[]).starts_with(grid));
        let costs = "costs: expected 2 numbers a map, of at least one map";
        assert_eq!(new([1, 2], 2, &[], &[]), format!("{costs}, found 0 numbers"));
        assert_eq!(new([1, 2], 2, &[1.0; 3], &[0; 3]), format!("{costs}, found 3 numbers"));
        assert_eq!(new([1, 2], 2, &[1.0; 4], &[0; 3]), "paths: expected 2 paths of 2 cells, found 3 cells");
        assert_eq!(new([1, 2], 3, &[1.0; 4], &[0; 4]), "pixels: expected 2 images of 2 bytes, found 3 bytes");
        for (cost, name) in [(-1.0, "-1"), (f32::NAN, "NaN"), (f32::INFINITY, "inf")] {
            assert_eq!(
                new([1, 2], 4, &[1.0, 0.0, 2.0, cost], &[0; 4]),
                format!(
                    "costs: expected finite numbers, none negative, found {name} in cell 1 of map 1 (counted from 0)"
                )
            );
        }
        assert_eq!(
            new([1, 2], 2, &[1.0; 2], &[2, 1]),
            "paths: expected 0 or 1, found 2 in cell 0 of map 0 (counted from 0)"
        );
    }

    #[test]
    fn digests_tell_sets_apart() {
        let maps = small();
        assert_eq!(maps.digest(), small().digest());
        assert_ne!(maps.digest(), maps.select(&[1, 0]).digest());
        let new = |grid, cost, path| {
            Maps::new("s", [1, 1, 2], grid, vec![1, 2], vec![cost, 1.0], vec![path, 1]).unwrap().digest()
        };
        let first = new([1, 2], 0.5, 1);
        for other in [new([2, 1], 0.5, 1), new([1, 2], 0.25, 1), new([1, 2], 0.5, 0)] {
            assert_ne!(first, other);
        }
    }
}

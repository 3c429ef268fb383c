//! Random functions of the plane: smooth ones, and scattered points.

use perturb::{Real, noise::Stream};

use super::super::paint::{Point, between};

/// Random values at the points of a lattice, from 0 to 1, and smooth between them.
pub(super) struct Field {
    spacing: Point,
    columns: usize,
    values: Vec<f64>,
}

impl Field {
    /// Over \[0, `extent`\] in both directions.
    pub(super) fn draw(spacing: Point, extent: f64, random: &mut Stream) -> Self {
        let [columns, rows] = spacing.map(|spacing| (extent / spacing) as usize + 2);
        Self { spacing, columns, values: (0..rows * columns).map(|_| f64::uniform(random)).collect() }
    }

    /// The value at a place; those outside have that of the nearest lattice points there are.
    pub(super) fn at(&self, p: Point) -> f64 {
        let rows = self.values.len() / self.columns;
        let place = |x: f64, spacing: f64, points: usize| {
            let x = (x / spacing).clamp(0.0, (points - 1) as f64);
            let first = (x as usize).min(points - 2);
            let t = x - first as f64;
            (first, t * t * (3.0 - 2.0 * t))
        };
        let (column, right) = place(p[0], self.spacing[0], self.columns);
        let (row, down) = place(p[1], self.spacing[1], rows);
        let at = |i: usize, j: usize| {
            self.values.get((row + i) * self.columns + column + j).copied().unwrap_or(0.5)
        };
        let above = at(0, 0) + right * (at(0, 1) - at(0, 0));
        let below = at(1, 0) + right * (at(1, 1) - at(1, 0));
        above + down * (below - above)
    }
}

/// One point in each cell of a lattice, somewhere, each with a value from 0 to 1.
pub(super) struct Scatter {
    spacing: f64,
    columns: usize,
    points: Vec<(Point, f64)>,
}

/// The point nearest to a place.
pub(super) struct Nearest {
    /// From the point to the place.
    pub(super) offset: Point,
    /// How far it is.
    pub(super) distance: f64,
    /// How much farther the second nearest is.
    pub(super) margin: f64,
    /// Its value.
    pub(super) value: f64,
}

impl Scatter {
    /// Over \[0, `extent`\] in both directions.
    pub(super) fn draw(spacing: f64, extent: f64, random: &mut Stream) -> Self {
        let columns = (extent / spacing) as usize + 3;
        let point = |i: usize| {
            let corner = [i % columns, i / columns].map(|cell| (cell as f64 - 1.0) * spacing);
            let point = corner.map(|x| x + spacing * between(0.1, 0.9, random));
            (point, f64::uniform(random))
        };
        Self { spacing, columns, points: (0..columns * columns).map(point).collect() }
    }

    pub(super) fn nearest(&self, p: Point) -> Nearest {
        let cell = p.map(|x| ((x / self.spacing).max(0.0) as usize + 1).clamp(1, self.columns - 2));
        let mut nearest =
            Nearest { offset: [0.0; 2], distance: f64::INFINITY, margin: f64::INFINITY, value: 0.5 };
        let mut second = f64::INFINITY;
        for i in 0..9 {
            let place = (cell[1] + i / 3 - 1) * self.columns + cell[0] + i % 3 - 1;
            let Some(&(point, value)) = self.points.get(place) else { continue };
            let offset = [p[0] - point[0], p[1] - point[1]];
            let distance = super::norm(offset);
            if distance < nearest.distance {
                second = nearest.distance;
                nearest = Nearest { offset, distance, margin: 0.0, value };
            } else {
                second = second.min(distance);
            }
        }
        Nearest { margin: second - nearest.distance, ..nearest }
    }
}

//! The ten shapes, by signed distance.

use super::super::paint::{Point, norm, segment};

/// The shape of a class around the origin. All have about the same extent, 1 from the origin at most.
#[derive(Clone, Copy, Debug)]
pub(super) enum Outline {
    /// A disc of this radius.
    Disc(f64),
    /// A circle of this radius, and half the width of its line.
    Ring(f64, f64),
    /// The disc of the first radius without a disc of the second, whose centre is so far to the right.
    Crescent(f64, f64, f64),
    /// The inside of a closed line that does not cross itself.
    Polygon(&'static [Point]),
}

/// The name of every class with its shape.
pub(super) const OUTLINES: [(&str, Outline); 10] = [
    ("disc", Outline::Disc(0.8)),
    ("ring", Outline::Ring(0.68, 0.2)),
    ("crescent", Outline::Crescent(0.9, 0.8, 0.5)),
    ("triangle", Outline::Polygon(&[[0.0, 1.0], [-0.866, -0.5], [0.866, -0.5]])),
    ("square", Outline::Polygon(&[[0.7, 0.7], [-0.7, 0.7], [-0.7, -0.7], [0.7, -0.7]])),
    ("star", Outline::Polygon(&STAR)),
    ("cross", Outline::Polygon(&CROSS)),
    (
        "angle",
        Outline::Polygon(&[[-0.7, 0.9], [-0.7, -0.7], [0.9, -0.7], [0.9, -0.2], [-0.2, -0.2], [-0.2, 0.9]]),
    ),
    ("arrow", Outline::Polygon(&ARROW)),
    ("hourglass", Outline::Polygon(&HOURGLASS)),
];

/// Five points on the unit circle, and five between them at 0.42.
const STAR: [Point; 10] = [
    [0.0, 1.0],
    [-0.2469, 0.3398],
    [-0.9511, 0.3090],
    [-0.3994, -0.1298],
    [-0.5878, -0.8090],
    [0.0, -0.42],
    [0.5878, -0.8090],
    [0.3994, -0.1298],
    [0.9511, 0.3090],
    [0.2469, 0.3398],
];

const CROSS: [Point; 12] = [
    [0.27, 0.95],
    [-0.27, 0.95],
    [-0.27, 0.27],
    [-0.95, 0.27],
    [-0.95, -0.27],
    [-0.27, -0.27],
    [-0.27, -0.95],
    [0.27, -0.95],
    [0.27, -0.27],
    [0.95, -0.27],
    [0.95, 0.27],
    [0.27, 0.27],
];

const ARROW: [Point; 7] =
    [[0.0, 1.0], [-0.75, 0.15], [-0.25, 0.15], [-0.25, -0.95], [0.25, -0.95], [0.25, 0.15], [0.75, 0.15]];

const HOURGLASS: [Point; 6] =
    [[0.7, 0.85], [-0.7, 0.85], [-0.14, 0.0], [-0.7, -0.85], [0.7, -0.85], [0.14, 0.0]];

impl Outline {
    /// The distance of `p` to the border, negative inside. Beyond the border of a crescent it is a lower bound.
    pub(super) fn distance(&self, p: Point) -> f64 {
        match *self {
            Self::Disc(radius) => norm(p) - radius,
            Self::Ring(radius, half_width) => (norm(p) - radius).abs() - half_width,
            Self::Crescent(radius, bite, shift) => (norm(p) - radius).max(bite - norm([p[0] - shift, p[1]])),
            Self::Polygon(corners) => polygon(corners, p),
        }
    }
}

/// The distance to the nearest edge; inside, where a ray to the right crosses an odd number of edges, negative.
fn polygon(corners: &[Point], p: Point) -> f64 {
    let mut nearest = f64::INFINITY;
    let mut inside = false;
    let mut from = corners.last().copied().unwrap_or_default();
    for &to in corners {
        nearest = nearest.min(segment(from, to, p));
        if (from[1] > p[1]) != (to[1] > p[1]) {
            let x = from[0] + (p[1] - from[1]) / (to[1] - from[1]) * (to[0] - from[0]);
            inside ^= p[0] < x;
        }
        from = to;
    }
    if inside { -nearest } else { nearest }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_simple_geometry() {
        let square = OUTLINES[4].1;
        assert_eq!(OUTLINES[4].0, "square");
        for (p, want) in [([0.0, 0.0], -0.7), ([0.6, 0.2], -0.1), ([1.0, 0.0], 0.3), ([1.0, 1.1], 0.5)] {
            assert!((square.distance(p) - want).abs() < 1e-15, "{p:?}: {}", square.distance(p));
        }
        assert_eq!(Outline::Disc(0.5).distance([0.0, 2.0]), 1.5);
        assert_eq!(Outline::Ring(1.0, 0.25).distance([0.0, 0.0]), 0.75);
        assert_eq!(Outline::Ring(1.0, 0.25).distance([0.0, 1.125]), -0.125);
        // Outside where the bite is, inside on the other side.
        let crescent = Outline::Crescent(1.0, 0.75, 0.5);
        assert!(crescent.distance([0.5, 0.0]) > 0.0 && crescent.distance([-0.5, 0.0]) == -0.25);
        assert_eq!(segment([1.0, 1.0], [1.0, 1.0], [4.0, 5.0]), 5.0);
    }

    /// Signs by a fine grid: the share of the inside is the area by the shoelace formula or by hand; and no
    /// distance changes by more than the step.
    #[test]
    fn outlines_have_their_areas_and_fit_the_unit_disc() {
        const STEP: f64 = 0.01;
        let at = |i: i32| (f64::from(i) + 0.5) * STEP;
        for (name, outline) in OUTLINES {
            let area = match outline {
                Outline::Disc(r) => std::f64::consts::PI * r * r,
                Outline::Ring(r, w) => 4.0 * std::f64::consts::PI * r * w,
                Outline::Polygon(corners) => {
                    let next = corners.iter().cycle().skip(1);
                    corners.iter().zip(next).map(|(a, b)| a[0] * b[1] - a[1] * b[0]).sum::<f64>() / 2.0
                }
                Outline::Crescent(a, b, d) => {
                    let lens = |r: f64, other: f64| {
                        let x = (d * d + r * r - other * other) / (2.0 * d);
                        r * r * (x / r).acos() - x * (r * r - x * x).sqrt()
                    };
                    std::f64::consts::PI * a * a - lens(a, b) - lens(b, a)
                }
            };
            let mut inside = 0;
            for (i, j) in (-120..120).flat_map(|i| (-120..120).map(move |j| (i, j))) {
                let here = outline.distance([at(i), at(j)]);
                assert!((here - outline.distance([at(i + 1), at(j)])).abs() <= STEP * 1.000_001, "{name}");
                if here < 0.0 {
                    inside += 1;
                    assert!(norm([at(i), at(j)]) < 1.15, "{name}");
                }
            }
            let found = f64::from(inside) * STEP * STEP;
            assert!((found - area).abs() < 0.01, "{name}: {found}, not {area}");
            assert!((0.9..2.1).contains(&area), "{name}: {area}");
        }
    }
}

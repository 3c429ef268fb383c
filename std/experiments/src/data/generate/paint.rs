//! What generated images are painted with.

use perturb::{Real, noise::Stream};

/// Red, green and blue, from 0 to 1.
pub(super) type Colour = [f64; 3];
/// A point, or a displacement.
pub(super) type Point = [f64; 2];

/// A full turn.
pub(super) const TURN: f64 = std::f64::consts::TAU;

/// Uniform.
pub(super) fn between(least: f64, most: f64, random: &mut Stream) -> f64 {
    least + (most - least) * f64::uniform(random)
}

/// Lets `over` cover a share of `seen`.
pub(super) fn mix(seen: &mut Colour, over: Colour, share: f64) {
    for (seen, over) in seen.iter_mut().zip(over) {
        *seen += share * (over - *seen);
    }
}

/// How much of a pixel is covered, by the distance of its centre to a border, negative inside.
pub(super) fn coverage(distance: f64) -> f64 {
    (0.5 - distance).clamp(0.0, 1.0)
}

pub(super) fn norm([x, y]: Point) -> f64 {
    (x * x + y * y).sqrt()
}

/// The distance of `p` to the line from `a` to `b`.
pub(super) fn segment(a: Point, b: Point, p: Point) -> f64 {
    let (along, to) = ([b[0] - a[0], b[1] - a[1]], [p[0] - a[0], p[1] - a[1]]);
    let length = along[0] * along[0] + along[1] * along[1];
    let t = if length > 0.0 { (to[0] * along[0] + to[1] * along[1]) / length } else { 0.0 };
    let t = t.clamp(0.0, 1.0);
    norm([to[0] - t * along[0], to[1] - t * along[1]])
}

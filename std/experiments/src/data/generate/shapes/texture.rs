//! What a surface looks like: a colour that changes from place to place between two.

use perturb::{Real, noise::Stream};

use super::super::paint::{Colour, Point, TURN, between};

/// The lattice of speckles has so many points in each direction: enough at their least distance.
const LATTICE: usize = 23;
/// The least distance of speckles, in pixels.
const FINEST: f64 = 1.5;

/// A surface.
pub(super) struct Texture {
    /// The colour halfway.
    colour: Colour,
    /// From one end to the other.
    change: Colour,
    pattern: Pattern,
}

/// A texture with values from 0 to 1; lengths in pixels.
enum Pattern {
    Plain,
    Stripes(Waves),
    Checks(Waves),
    Dots(Waves),
    /// Random values at the points of a lattice, interpolated: grains or clouds, as the points are near or far.
    Speckles {
        spacing: f64,
        values: Box<[f64; LATTICE * LATTICE]>,
    },
}

/// Two directions, at right angles, in which a pattern repeats.
struct Waves {
    direction: Point,
    phases: Point,
    period: f64,
}

impl Texture {
    /// A random pattern around a colour.
    pub(super) fn draw(colour: Colour, random: &mut Stream) -> Self {
        let change = [(); 3].map(|()| between(-0.2, 0.2, random));
        let pattern = match (5.0 * f64::uniform(random)) as u8 {
            0 => Pattern::Plain,
            1 => Pattern::Stripes(Waves::draw(random)),
            2 => Pattern::Checks(Waves::draw(random)),
            3 => Pattern::Dots(Waves::draw(random)),
            _ => {
                let u = f64::uniform(random);
                let spacing = FINEST + 8.0 * u * u;
                Pattern::Speckles {
                    spacing,
                    values: Box::new([(); LATTICE * LATTICE].map(|()| f64::uniform(random))),
                }
            }
        };
        Self { colour, change, pattern }
    }

    /// The colour at a place.
    pub(super) fn at(&self, p: Point) -> Colour {
        let t = self.pattern.at(p) - 0.5;
        let [r, g, b] = self.colour;
        [r + t * self.change[0], g + t * self.change[1], b + t * self.change[2]]
    }
}

impl Pattern {
    fn at(&self, p: Point) -> f64 {
        match self {
            Self::Plain => 0.5,
            Self::Stripes(waves) => 0.5 + 0.5 * edge(waves.at(p)[0]),
            Self::Checks(waves) => {
                let [u, v] = waves.at(p);
                0.5 + 0.5 * edge(u) * edge(v)
            }
            Self::Dots(waves) => {
                let [u, v] = waves.at(p).map(|d| d + waves.period / 4.0);
                0.5 + 0.5 * edge((u * u + v * v).sqrt() - waves.period / 3.0)
            }
            Self::Speckles { spacing, values } => speckles(values, p.map(|x| x / spacing)),
        }
    }
}

/// From −1 to 1 within a pixel, by the distance to an edge.
fn edge(distance: f64) -> f64 {
    (2.0 * distance).clamp(-1.0, 1.0)
}

impl Waves {
    fn draw(random: &mut Stream) -> Self {
        let period = between(3.5, 10.0, random);
        let (sine, cosine) = libm::sincos(between(0.0, TURN, random));
        Self { direction: [cosine, sine], phases: [(); 2].map(|()| f64::uniform(random)), period }
    }

    /// In both directions, how far the nearest middle of a stripe is, less a quarter of the period.
    fn at(&self, [x, y]: Point) -> Point {
        let [cosine, sine] = self.direction;
        let wave = |along: f64, phase: f64| {
            let turns = along / self.period + phase;
            ((turns - turns.floor() - 0.5).abs() - 0.25) * self.period
        };
        [wave(cosine * x + sine * y, self.phases[0]), wave(cosine * y - sine * x, self.phases[1])]
    }
}

/// Between the four points around a place, linear in each direction.
fn speckles(values: &[f64; LATTICE * LATTICE], [x, y]: Point) -> f64 {
    let (column, row) = (x.floor(), y.floor());
    let at = |right: f64, down: f64| {
        values.get((row + down) as usize * LATTICE + (column + right) as usize).copied().unwrap_or(0.5)
    };
    let (right, down) = (x - column, y - row);
    let above = at(0.0, 0.0) * (1.0 - right) + at(1.0, 0.0) * right;
    let below = at(0.0, 1.0) * (1.0 - right) + at(1.0, 1.0) * right;
    above * (1.0 - down) + below * down
}

#[cfg(test)]
mod tests {
    use perturb::Seed;

    use super::*;

    #[test]
    fn patterns_stay_between_their_colours() {
        for seed in 0..200 {
            let texture = Texture::draw([0.5; 3], &mut Seed(seed).stream(0));
            let (mut least, mut most) = (1.0f64, 0.0f64);
            for (x, y) in (0..32).flat_map(|x| (0..32).map(move |y| (x, y))) {
                let t = texture.pattern.at([f64::from(x) + 0.5, f64::from(y) + 0.5]);
                (least, most) = (least.min(t), most.max(t));
            }
            assert!(least >= 0.0 && most <= 1.0);
            assert!(matches!(texture.pattern, Pattern::Plain) || most - least > 0.5, "{least} {most}");
        }
    }
}

//! What the kinds of terrain look like.

use perturb::noise::Stream;

use super::super::paint::{Colour, Point, between};
use super::field::{Field, Scatter};
use super::{EXTENT, Kind};

/// The surfaces of one map.
pub(super) struct Ground {
    /// By [`Kind`].
    colours: [Colour; 5],
    blades: Field,
    clods: Field,
    waves: Field,
    drift: Field,
    pebbles: Scatter,
    crowns: Scatter,
    facets: Scatter,
}

/// Around these the colours of a map lie, by [`Kind`].
const COLOURS: [Colour; 5] = [
    [0.39, 0.47, 0.27], // grass
    [0.55, 0.38, 0.21], // earth
    [0.41, 0.49, 0.28], // forest
    [0.32, 0.41, 0.50], // water
    [0.39, 0.41, 0.41], // rock
];

/// Which way each kind's pattern changes the colour.
const CHANGES: [Colour; 5] =
    [[0.7, 1.3, 0.6], [1.2, 1.0, 0.7], [0.9, 1.2, 0.8], [0.7, 1.0, 1.3], [1.0, 1.0, 1.0]];

impl Ground {
    pub(super) fn draw(random: &mut Stream) -> Self {
        // The season changes all colours of a map alike, and each kind's a little more.
        let season = [(); 3].map(|()| between(-0.008, 0.008, random));
        let colours = COLOURS.map(|colour| {
            let own = [(); 3].map(|()| between(-0.004, 0.004, random));
            [0, 1, 2].map(|i| colour[i] + season[i] + own[i])
        });
        Self {
            colours,
            blades: Field::draw([1.0, 2.6], EXTENT, random),
            clods: Field::draw([3.4, 3.4], EXTENT, random),
            waves: Field::draw([9.0, 1.9], EXTENT, random),
            drift: Field::draw([13.0, 13.0], EXTENT, random),
            pebbles: Scatter::draw(4.2, EXTENT, random),
            crowns: Scatter::draw(4.6, EXTENT, random),
            facets: Scatter::draw(4.4, EXTENT, random),
        }
    }

    /// The colour of a kind at a place.
    pub(super) fn at(&self, kind: Kind, p: Point) -> Colour {
        let colour = self.colours[kind as usize];
        let shade = match kind {
            Kind::Grass => 0.22 * (self.blades.at(p) - 0.5),
            Kind::Earth => {
                let pebble = self.pebbles.nearest(p);
                let stone = if pebble.distance < 1.1 { 0.18 } else { -0.02 };
                0.16 * (self.clods.at(p) - 0.5) + stone
            }
            Kind::Forest => {
                // Round crowns, lit from the upper left, dark between.
                let crown = self.crowns.nearest(p);
                let light = -0.06 * (crown.offset[0] + crown.offset[1]);
                let gap = if crown.margin < 0.7 { -0.18 } else { 0.05 };
                gap + light + 0.06 * (crown.value - 0.5)
            }
            Kind::Water => {
                let wave = self.waves.at(p) - 0.5;
                0.34 * wave + if wave > 0.22 { 0.10 } else { -0.01 }
            }
            Kind::Rock => {
                let facet = self.facets.nearest(p);
                let crack = if facet.margin < 0.5 { -0.22 } else { 0.04 };
                crack + 0.36 * (facet.value - 0.5)
            }
        };
        let drift = 0.015 * (self.drift.at(p) - 0.5);
        let change = CHANGES[kind as usize];
        [0, 1, 2].map(|i| colour[i] + change[i] * shade + drift)
    }
}

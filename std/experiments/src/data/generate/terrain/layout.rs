//! Which kind of terrain each cell is.

use perturb::noise::Stream;

use super::super::paint::{Point, between, segment};
use super::field::Field;
use super::{CELLS, Kind, SIDE};

/// The kinds of all cells, row by row.
pub(super) fn draw(random: &mut Stream) -> Vec<Kind> {
    let extent = CELLS as f64;
    let fields = [6.5, 3.2, 6.0, 3.0, 7.0].map(|spacing| Field::draw([spacing; 2], extent, random));
    let [hills, bumps, damp, patches, ridges] = &fields;
    // On every other map.
    let river = if between(0.0, 1.0, random) < 0.5 { river(random) } else { Vec::new() };
    let width = between(0.35, 0.6, random);
    let centre = |cell: usize| [(cell % CELLS) as f64 + 0.5, (cell / CELLS) as f64 + 0.5];
    let over = |field: &dyn Fn(Point) -> f64| (0..SIDE).map(|cell| field(centre(cell))).collect::<Vec<f64>>();
    let height = over(&|p| hills.at(p) + 0.2 * bumps.at(p));
    let moisture = over(&|p| damp.at(p) + 0.2 * patches.at(p));
    // Near the middle value runs a line through the map.
    let ridge = over(&|p| (ridges.at(p) - 0.5).abs() + 0.1 * bumps.at(p));

    let lake = quantile(&height, between(0.01, 0.04, random));
    let rock = quantile(&ridge, between(0.02, 0.06, random));
    let dry = quantile(&moisture, between(0.35, 0.5, random));
    let wet = quantile(&moisture, between(0.9, 0.96, random));
    (0..SIDE)
        .zip(height.iter().zip(&moisture).zip(&ridge))
        .map(|(cell, ((&height, &moisture), &ridge))| {
            let to_river = river.windows(2).map(|ends| match ends {
                [a, b] => segment(*a, *b, centre(cell)),
                _ => f64::INFINITY,
            });
            if height <= lake || to_river.fold(f64::INFINITY, f64::min) < width {
                Kind::Water
            } else if ridge <= rock {
                Kind::Rock
            } else if moisture >= wet {
                Kind::Forest
            } else if moisture <= dry {
                Kind::Earth
            } else {
                Kind::Grass
            }
        })
        .collect()
}

/// A line that winds from one edge towards another, or ends on the way.
fn river(random: &mut Stream) -> Vec<Point> {
    let extent = CELLS as f64;
    let from = between(0.0, extent, random);
    let downwards = between(0.0, 1.0, random) < 0.5;
    let steps = between(4.0, 10.0, random) as usize;
    let mut across = from;
    let mut line = Vec::with_capacity(steps + 1);
    for step in 0..=steps {
        let along = 1.5 * step as f64;
        line.push(if downwards { [across, along] } else { [along, across] });
        across = (across + between(-1.6, 1.6, random)).clamp(0.0, extent);
    }
    line
}

/// The value that a share of the values do not exceed.
fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get((share * values.len() as f64) as usize).copied().unwrap_or(f64::INFINITY)
}

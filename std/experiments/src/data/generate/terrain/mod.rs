//! Maps of terrain.

mod field;
mod ground;
mod layout;

use perturb::data::DataError;
use perturb::{DynRect, GridPath, Noise, Normal, Oracle, Seed, noise::Stream, oracle::Neighbours};
use rayon::prelude::*;

use self::field::Field;
use self::ground::Ground;
use super::paint::{Colour, Point, between, coverage, mix, norm};
use super::{check_size, reserve};
use crate::data::maps::Maps;

/// Cells on a side.
const CELLS: usize = 12;
/// Cells of a map.
const SIDE: usize = CELLS * CELLS;
/// Pixels on a side of a cell.
const CELL: usize = 8;
/// Pixels on a side of a map.
const PIXELS: usize = CELLS * CELL;
/// The same as a length.
const EXTENT: f64 = PIXELS as f64;
/// The pixels of a channel.
const PLANE: usize = PIXELS * PIXELS;
/// Separates the maps from any other use of the same seed.
const PURPOSE: u64 = u64::from_le_bytes(*b"terrains");

/// Maps that are drawn at a time: what is drawn is in memory twice.
const BLOCK: usize = 256;

/// A kind of terrain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Grass,
    Earth,
    Forest,
    Water,
    Rock,
}

impl Kind {
    /// The cost of entering a cell of this kind.
    fn cost(self) -> f32 {
        match self {
            Self::Grass => 0.8,
            Self::Earth => 1.2,
            Self::Forest => 5.3,
            Self::Water => 7.7,
            Self::Rock => 9.2,
        }
    }
}

/// Maps of 96 × 96 pixels in colour over 12 × 12 cells of grass, earth, forest, water and rock, with the costs of the
/// [Warcraft maps](crate::data::maps::warcraft) (0.8, 1.2, 5.3, 7.7 and 9.2) and the cheapest path from the first cell to the
/// last: a task for networks where no maps are available. The construction is original.
///
/// Hills and moisture are smooth random fields, rivers wind, ridges of rock run along level lines. As on the Warcraft maps grass
/// and earth prevail, many paths of the same cost lead through them, and the label is one of these. Kinds are distinguished by
/// their texture, too: blades, clods with pebbles, crowns, waves, facets with cracks. Borders between cells are frayed and soft,
/// boulders that cost nothing lie across cells, light and colours change from map to map and over a map, and grass and forest
/// have the same colours on the mean: of the cells of 150 maps, the nearest of the five mean colours of 150 others names 77 %
/// right.
///
/// Map i is a function of `seed` and i: maps to learn from and to judge by are those of two seeds. `n` ≥ 1. Cost O(n), about
/// 5 ms a map and core, spread over rayon's threads.
///
/// ```
/// use perturb::Seed;
/// use perturb_experiments::data::generate::terrain;
/// let maps = terrain(2, Seed(1))?;
/// assert_eq!((maps.len(), maps.shape(), maps.grid()), (2, [3, 96, 96], [12, 12]));
/// # Ok::<(), perturb::data::DataError>(())
/// ```
pub fn terrain(n: usize, seed: Seed) -> Result<Maps, DataError> {
    check_size("n", n, 1)?;
    let (mut pixels, mut costs) = (reserve("n", n, 3 * PLANE)?, reserve("n", n, SIDE)?);
    let mut paths = reserve("n", n, SIDE)?;
    let name = format!("terrain(n={n},seed={})", seed.0);
    let seed = seed.fold(PURPOSE);
    let oracle = GridPath::new(DynRect { rows: CELLS, columns: CELLS }, Neighbours::Eight)
        .map_err(|error| DataError::parameter("n", "a grid with paths", error))?;
    let map = |i: usize| {
        let seed = seed.fold(i as u64);
        let kinds = layout::draw(&mut seed.stream(0));
        (draw(&kinds, seed), kinds.into_iter().map(Kind::cost).collect::<Vec<f32>>())
    };
    let (mut work, mut path) = (oracle.work(), [0.0f32; SIDE]);
    for first in (0..n).step_by(BLOCK) {
        let drawn: Vec<(Vec<u8>, Vec<f32>)> =
            (first..n.min(first + BLOCK)).into_par_iter().map(map).collect();
        for (image, cost) in drawn {
            pixels.extend(image);
            let theta: Vec<f32> = cost.iter().map(|cost| -cost).collect();
            oracle
                .solve(&theta, &mut path, &mut work)
                .map_err(|reason| DataError::parameter("n", "maps with paths", reason))?;
            paths.extend(path.iter().map(|&y| y as u8));
            costs.extend(cost);
        }
    }
    Maps::new(name, [3, PIXELS, PIXELS], [CELLS, CELLS], pixels, costs, paths)
}

/// Objects that lie across cells and do not change their costs.
struct Object {
    centre: Point,
    radius: f64,
    /// The second radius as a share of the first.
    stretch: f64,
    colour: Colour,
}

impl Object {
    fn draw(random: &mut Stream) -> Self {
        let centre = [(); 2].map(|()| between(0.0, EXTENT, random));
        let (radius, stretch) = (between(1.6, 3.6, random), between(0.6, 1.0, random));
        let grey = between(0.2, 0.6, random);
        Self { centre, radius, stretch, colour: [(); 3].map(|()| grey + between(-0.12, 0.12, random)) }
    }

    fn cover(&self, p: Point, seen: &mut Colour) {
        let [x, y] = [p[0] - self.centre[0], (p[1] - self.centre[1]) / self.stretch];
        let share = coverage(norm([x, y]) - self.radius);
        if share > 0.0 {
            let light = -0.05 * (x + y);
            mix(seen, self.colour.map(|colour| colour + light), share);
        }
    }
}

/// The pixels of a map, channel after channel.
fn draw(kinds: &[Kind], seed: Seed) -> Vec<u8> {
    let random = &mut seed.stream(1);
    let ground = Ground::draw(random);
    let objects: Vec<Object> =
        (0..between(1.0, 3.0, random) as usize).map(|_| Object::draw(random)).collect();
    // How far borders are frayed, in two ways: where the two disagree, both kinds are seen.
    let fray = [(); 4].map(|()| Field::draw([4.0; 2], EXTENT, random));
    let (shadow, slope) =
        (Field::draw([30.0; 2], EXTENT, random), [(); 2].map(|()| between(-0.02, 0.02, random)));
    let brightness = between(0.985, 1.015, random);
    let sigma = between(0.005, 0.02, random);

    let mut image = vec![0f64; 3 * PLANE];
    Normal.fill(&mut seed.stream(2), &mut image);
    for place in 0..PLANE {
        let p = [(place % PIXELS) as f64 + 0.5, (place / PIXELS) as f64 + 0.5];
        let kind = |x: &Field, y: &Field| {
            const REACH: f64 = 2.0;
            let moved = [p[0] + REACH * (x.at(p) - 0.5), p[1] + REACH * (y.at(p) - 0.5)];
            let [column, row] = moved.map(|x| (x.max(0.0) as usize / CELL).min(CELLS - 1));
            kinds.get(row * CELLS + column).copied().unwrap_or(Kind::Grass)
        };
        let [a, b, c, d] = &fray;
        let (first, second) = (kind(a, b), kind(c, d));
        let mut seen = ground.at(first, p);
        if second != first {
            mix(&mut seen, ground.at(second, p), 0.5);
        }
        for object in &objects {
            object.cover(p, &mut seen);
        }
        let [across, down] = p.map(|x| 2.0 * x / EXTENT - 1.0);
        let light = brightness + slope[0] * across + slope[1] * down + 0.05 * (shadow.at(p) - 0.5);
        for (channel, value) in image.chunks_exact_mut(PLANE).zip(seen) {
            if let Some(pixel) = channel.get_mut(place) {
                *pixel = light * value + sigma * *pixel;
            }
        }
    }
    // The cast ends at 0 and 255.
    image.iter().map(|x| (255.0 * x + 0.5) as u8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_are_functions_of_their_seed_and_extend_one_another() {
        let (long, short) = (terrain(7, Seed(9)).unwrap(), terrain(3, Seed(9)).unwrap());
        assert_eq!(long.select(&[0, 1, 2]).pixels(2), short.pixels(2));
        assert!((0..3).all(|row| long.costs(row) == short.costs(row) && long.path(row) == short.path(row)));
        let other = terrain(3, Seed(10)).unwrap();
        assert!(
            (0..3).all(|row| other.pixels(row) != short.pixels(row) && other.costs(row) != short.costs(row))
        );
    }

    /// The bits on which published figures depend.
    #[test]
    fn maps_never_change() {
        assert_eq!(terrain(5, Seed(1)).unwrap().digest(), 0x39B1_4425_38EE_E6F1);
    }

    /// Each kind is on at least 3 % of the cells, and the way is worth finding: straight down the diagonal costs a third
    /// again, and more.
    #[test]
    fn all_kinds_occur_and_the_way_matters() {
        let maps = terrain(100, Seed(2)).unwrap();
        let costs: Vec<f32> = (0..100).flat_map(|row| maps.costs(row).to_vec()).collect();
        for kind in [Kind::Grass, Kind::Earth, Kind::Forest, Kind::Water, Kind::Rock] {
            let share = costs.iter().filter(|&&cost| cost == kind.cost()).count() as f64 / costs.len() as f64;
            assert!(share > 0.03, "{kind:?}: {share}");
        }
        let sum = |path: &dyn Fn(usize, usize) -> bool| -> f64 {
            let all = (0..100).flat_map(|row| (0..SIDE).map(move |cell| (row, cell)));
            all.filter(|&(row, cell)| path(row, cell))
                .map(|(row, cell)| f64::from(maps.costs(row)[cell]))
                .sum()
        };
        let cheapest = sum(&|row, cell| maps.path(row)[cell] == 1);
        let diagonal = sum(&|_, cell| cell / CELLS == cell % CELLS);
        assert!(diagonal > 1.3 * cheapest, "{cheapest} and {diagonal}");
    }

    /// Costs that are moved by less than two kinds differ lead to another path that costs as much.
    #[test]
    fn most_maps_have_several_cheapest_paths() {
        const N: usize = 100;
        let maps = terrain(N, Seed(5)).unwrap();
        let oracle = GridPath::new(DynRect { rows: CELLS, columns: CELLS }, Neighbours::Eight).unwrap();
        let (mut work, mut path, mut theta) = (oracle.work(), [0.0f32; SIDE], [0.0f32; SIDE]);
        let several = (0..N).filter(|&row| {
            let cost = |path: &mut dyn Iterator<Item = f32>| -> f32 {
                maps.costs(row).iter().zip(path).map(|(cost, y)| cost * y).sum()
            };
            let label: Vec<f32> = maps.path(row).iter().map(|&y| y.into()).collect();
            (0..10).any(|k| {
                Normal.fill(&mut Seed(6).fold(row as u64).stream(k), &mut theta);
                theta.iter_mut().zip(maps.costs(row)).for_each(|(theta, cost)| *theta = 1e-3 * *theta - cost);
                // Cannot fail: a search that takes costs of any sign.
                let _ = oracle.solve(&theta, &mut path, &mut work).unwrap();
                let excess = cost(&mut path.iter().copied()) - cost(&mut label.iter().copied());
                path[..] != label[..] && excess.abs() < 1e-4
            })
        });
        let several = several.count();
        assert!(several > N / 2, "{several}");
    }

    /// The mean colour of the pixels of a cell.
    fn mean(maps: &Maps, row: usize, cell: usize) -> [f64; 3] {
        let pixels = maps.pixels(row);
        [0, 1, 2].map(|channel| {
            let pixel = |i: usize| {
                let (y, x) = (cell / CELLS * CELL + i / CELL, cell % CELLS * CELL + i % CELL);
                f64::from(pixels[channel * PLANE + y * PIXELS + x])
            };
            (0..CELL * CELL).map(pixel).sum::<f64>() / (CELL * CELL) as f64
        })
    }

    #[test]
    fn mean_colours_do_not_tell_the_kinds() {
        const N: usize = 150;
        let (train, test) = (terrain(N, Seed(3)).unwrap(), terrain(N, Seed(4)).unwrap());
        let kinds = [Kind::Grass, Kind::Earth, Kind::Forest, Kind::Water, Kind::Rock].map(Kind::cost);
        let cells = || (0..N).flat_map(|row| (0..SIDE).map(move |cell| (row, cell)));
        let means = kinds.map(|cost| {
            let (mut sum, mut count) = ([0.0; 3], 0.0);
            for (row, cell) in cells().filter(|&(row, cell)| train.costs(row)[cell] == cost) {
                let mean = mean(&train, row, cell);
                sum = [0, 1, 2].map(|i| sum[i] + mean[i]);
                count += 1.0;
            }
            sum.map(|sum| sum / count)
        });
        let right = cells().filter(|&(row, cell)| {
            let here = mean(&test, row, cell);
            let far = |to: &[f64; 3]| -> f64 { to.iter().zip(here).map(|(a, b)| (a - b) * (a - b)).sum() };
            let nearest = (0..5).min_by(|&a, &b| far(&means[a]).total_cmp(&far(&means[b]))).unwrap();
            kinds[nearest] == test.costs(row)[cell]
        });
        let share = right.count() as f64 / (N * SIDE) as f64;
        assert!(share < 0.8, "{share}");
    }

    #[test]
    fn impossible_sizes_are_refused() {
        let refusal = |n| terrain(n, Seed(0)).unwrap_err().to_string();
        assert_eq!(refusal(0), "n: expected at least 1, found 0");
        assert!(refusal(usize::MAX).contains("fits into memory"));
    }
}

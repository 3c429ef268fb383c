//! Proposition 2.3: what the temperature does to a ranking and to shortest paths, and the picture of Figure 1.
//!
//! For mean-zero noise 0 ≤ F_ε(θ) − F(θ) ≤ εF_1(0); y_ε(θ) → y*(θ) as ε → 0 and → y_1(0) as ε → ∞. The ranking is computed
//! exactly. Paths go right, down or both on a grid whose edges cost what the cell they enter costs: an acyclic graph, on
//! which costs of any sign are solved exactly, so that the bounds hold at every ε. Their expectations are means over
//! samples, with standard errors.

mod report;

use perturb::quantity::{Maximizer, Value};
use perturb::{
    DagPath, Dyn, DynRect, Error, Exact, Graph, GridPath, MonteCarlo, Noise, Normal, Perturbed, Ranking,
    Seed, oracle::Neighbours,
};

pub use report::{csv, json, page, table};

/// The scores of the ranking.
pub const SCORES: [f64; 6] = [0.8, -0.5, 0.3, 0.0, -1.1, 0.6];

/// The setting of the experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Temperatures ε in rising order.
    pub epsilons: Vec<f64>,
    /// Samples per expectation of a path.
    pub samples: u32,
    /// Cells on a side of the terrain.
    pub side: usize,
    /// Temperatures of the pictures.
    pub pictures: Vec<f64>,
    /// Names the terrain and the noise.
    pub seed: Seed,
}

impl Setting {
    /// Seconds: 25 temperatures from 10⁻² to 10⁴, 10,000 samples, 12 × 12 cells.
    #[must_use]
    pub fn new(seed: Seed) -> Self {
        let epsilons = (0..25).map(|i| libm::pow(10.0, -2.0 + f64::from(i) / 4.0)).collect();
        Self { epsilons, samples: 10_000, side: 12, pictures: vec![0.1, 0.5, 2.0, 8.0], seed }
    }
}

/// One layer at one temperature. Errors are 0 where expectations are exact.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Outcome {
    /// The layer.
    pub layer: &'static str,
    /// ε.
    pub epsilon: f64,
    /// F_ε(θ) − F(θ) and its standard error.
    pub excess: (f64, f64),
    /// εF_1(0).
    pub bound: f64,
    /// ‖y_ε(θ) − y*(θ)‖/‖y*(θ)‖.
    pub from_decision: f64,
    /// ‖y_ε(θ) − y_1(0)‖/‖y*(θ)‖.
    pub from_average: f64,
}

/// A terrain, its shortest path, and average paths.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Picture {
    /// Cells on a side.
    pub side: usize,
    /// The cost of each cell.
    pub costs: Vec<f64>,
    /// y*(θ).
    pub path: Vec<f64>,
    /// (ε, y_ε(θ)).
    pub averages: Vec<(f64, Vec<f64>)>,
}

impl Setting {
    /// Both layers at all temperatures.
    pub fn run(&self) -> Result<Vec<Outcome>, Error> {
        let mut outcomes = Vec::new();
        let ranking = |epsilon| Perturbed::new(Ranking::ascending(Dyn(SCORES.len()))?, Normal, epsilon);
        let (still, decision) = ranking(1.0)?.decide(&SCORES)?;
        let (unit, average) = ranking(1.0)?.value_and_maximizer(&[0.0; SCORES.len()], Exact)?;
        for &epsilon in &self.epsilons {
            let (value, y) = ranking(epsilon)?.value_and_maximizer(&SCORES, Exact)?;
            outcomes.push(Outcome {
                layer: "ranking",
                epsilon,
                excess: (value - still, 0.0),
                bound: epsilon * unit,
                from_decision: distance(&y, &decision) / norm(&decision),
                from_average: distance(&y, &average) / norm(&decision),
            });
        }
        let (graph, theta) = self.terrain_graph()?;
        let sink = graph.nodes().0.saturating_sub(1) as u32;
        let path = |epsilon| Perturbed::new(DagPath::new(graph.clone(), 0, sink)?, Normal, epsilon);
        let how = MonteCarlo::plain(self.samples, self.seed.fold(1));
        let (still, decision) = path(1.0)?.decide(&theta)?;
        let zeros = vec![0.0; theta.len()];
        let (unit, average) = path(1.0)?.value_and_maximizer(&zeros, how)?;
        for &epsilon in &self.epsilons {
            let found = path(epsilon)?.compute_with_error(&theta, &(Value, Maximizer), how)?;
            let (value, y) = found.mean;
            outcomes.push(Outcome {
                layer: "path",
                epsilon,
                excess: (value - still, found.standard_error.0),
                bound: epsilon * unit,
                from_decision: distance(&y, &decision) / norm(&decision),
                from_average: distance(&y, &average) / norm(&decision),
            });
        }
        Ok(outcomes)
    }

    /// Figure 1: the terrain, the shortest path through its cells, and average paths at several temperatures.
    pub fn picture(&self) -> Result<Picture, Error> {
        let costs = self.terrain();
        let theta: Vec<f64> = costs.iter().map(|cost| -cost).collect();
        let plane = DynRect { rows: self.side, columns: self.side };
        let oracle = GridPath::new(plane, Neighbours::Eight)?;
        let path = Perturbed::new(oracle, Normal, 1.0)?.decide(&theta)?.1;
        let average = |&epsilon: &f64| {
            let how = MonteCarlo::new(self.samples, self.seed.fold(2));
            Ok((epsilon, Perturbed::new(oracle, Normal, epsilon)?.maximizer(&theta, how)?))
        };
        let averages = self.pictures.iter().map(average).collect::<Result<_, Error>>()?;
        Ok(Picture { side: self.side, costs, path, averages })
    }

    /// Costs from 1 to 10: noise at the corners of a coarse grid, interpolated smoothly.
    fn terrain(&self) -> Vec<f64> {
        const CORNERS: usize = 5;
        let mut heights = vec![0.0f64; CORNERS * CORNERS];
        Normal.fill(&mut self.seed.fold(3).stream(0), &mut heights);
        let scale = (CORNERS - 1) as f64 / (self.side.max(2) - 1) as f64;
        let smooth = |t: f64| t * t * (3.0 - 2.0 * t);
        let height = |row: usize, column: usize| {
            let (r, c) = (row as f64 * scale, column as f64 * scale);
            let (top, left) = ((r as usize).min(CORNERS - 2), (c as usize).min(CORNERS - 2));
            let (down, right) = (smooth(r - top as f64), smooth(c - left as f64));
            let at = |i: usize, j: usize| heights[(top + i) * CORNERS + left + j];
            let above = at(0, 0) + right * (at(0, 1) - at(0, 0));
            let below = at(1, 0) + right * (at(1, 1) - at(1, 0));
            above + down * (below - above)
        };
        let all: Vec<f64> =
            (0..self.side * self.side).map(|i| height(i / self.side, i % self.side)).collect();
        let low = all.iter().copied().fold(f64::INFINITY, f64::min);
        let high = all.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        all.into_iter().map(|h| 1.0 + 9.0 * (h - low) / (high - low).max(f64::MIN_POSITIVE)).collect()
    }

    /// Edges right, down and diagonally, and θ = −(the cost of the cell they enter).
    fn terrain_graph(&self) -> Result<(Graph<Dyn, Dyn>, Vec<f64>), Error> {
        let costs = self.terrain();
        let (mut edges, mut theta) = (Vec::new(), Vec::new());
        for cell in 0..self.side * self.side {
            let (row, column) = (cell / self.side, cell % self.side);
            for (down, right) in [(0, 1), (1, 0), (1, 1)] {
                if row + down < self.side && column + right < self.side {
                    let next = cell + down * self.side + right;
                    edges.push((cell as u32, next as u32));
                    theta.push(-costs[next]);
                }
            }
        }
        Ok((Graph::new(Dyn(costs.len()), Dyn(edges.len()), &edges)?, theta))
    }
}

fn norm(a: &[f64]) -> f64 {
    a.iter().map(|a| a * a).sum::<f64>().sqrt()
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use perturb::{Oracle, Shape};

    use super::*;

    #[test]
    fn the_terrain_is_a_graph_in_topological_order() {
        let setting = Setting { side: 3, ..Setting::new(Seed(1)) };
        let (graph, theta) = setting.terrain_graph().unwrap();
        let oracle = DagPath::new(graph, 0, 8).unwrap();
        assert_eq!(Oracle::<f64>::shape(&oracle).dim(), theta.len());
        assert_eq!(theta.len(), 16);
        assert!(theta.iter().all(|&theta| (-10.0..=-1.0).contains(&theta)));
    }
}

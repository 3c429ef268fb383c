//! Scores, targets and cotangents of the workloads, from fixed seeds.

use perturb::data::{DataError, Dataset};
use perturb::{Dyn, Error};
use perturb::{Noise, Normal, Oracle, Ranking, Seed};
use perturb_experiments::data::generate::synthetic_ranking;

use crate::workload::{Kind, Workload};

/// Keys of a workload's seed.
#[derive(Clone, Copy)]
enum Purpose {
    Scores,
    Terrain,
    Targets,
    Cotangents,
}

/// The costs of the five kinds of terrain on the maps of the path workloads.
const TERRAIN: [f32; 5] = [0.8, 1.2, 5.3, 7.7, 9.2];

/// B × d numbers each.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    /// Standard normal; for paths −c with costs c of terrain ± 0.01.
    pub theta: Vec<f32>,
    /// y: ranks 1, …, d in a random order, ones in a random place, or on a diagonal.
    pub targets: Vec<f32>,
    /// u: standard normal.
    pub cotangents: Vec<f32>,
}

/// Standard normal numbers.
pub fn normals(seed: Seed, count: usize) -> Vec<f32> {
    let mut z = vec![0.0; count];
    Normal.fill(&mut seed.stream(0), &mut z);
    z
}

/// A place among `places`, uniform but for a bias of `places`/2⁶⁴.
fn place(seed: Seed, places: usize) -> usize {
    (seed.0 % places as u64) as usize
}

impl Rows {
    /// Of a workload that is not training.
    pub fn of(workload: &Workload) -> Result<Self, Error> {
        let (rows, dim) = (workload.rows, workload.dim);
        let seed = |purpose: Purpose| Seed(1).fold(purpose as u64);
        let mut theta = normals(seed(Purpose::Scores), rows * dim);
        if let Kind::GridPath { .. } = workload.kind {
            for (cell, theta) in theta.iter_mut().enumerate() {
                let kind = place(seed(Purpose::Terrain).fold(cell as u64), TERRAIN.len());
                *theta = 0.01 * *theta - TERRAIN[kind];
            }
        }
        let mut targets = vec![0.0; rows * dim];
        if let Kind::Ranking | Kind::Vjp = workload.kind {
            let keys = normals(seed(Purpose::Targets), rows * dim);
            let order = Ranking::ascending(Dyn(dim))?;
            for (keys, target) in keys.chunks_exact(dim).zip(targets.chunks_exact_mut(dim)) {
                order.solve(keys, target, &mut order.work()).unwrap();
            }
        } else {
            for (row, target) in targets.chunks_exact_mut(dim).enumerate() {
                match workload.kind {
                    // The diagonal, as a path and as an assignment.
                    Kind::GridPath { side: n } | Kind::Assignment { n } => {
                        target.iter_mut().step_by(n + 1).for_each(|y| *y = 1.0);
                    }
                    kind => {
                        let count = if let Kind::TopK { k } = kind { k } else { 1 };
                        let first = place(seed(Purpose::Targets).fold(row as u64), dim);
                        (first..first + count).for_each(|i| target[i % dim] = 1.0);
                    }
                }
            }
        }
        Ok(Self { theta, targets, cotangents: normals(seed(Purpose::Cotangents), rows * dim) })
    }
}

/// The paper's synthetic task: x standard normal, targets the ranks of xᵀw₀ + 0.1z with w₀ of ±1.
pub fn training(rows: usize, features: usize, labels: usize) -> Result<Dataset<f32>, DataError> {
    synthetic_ranking(rows, features, labels, 0.1, Seed(1))
}

//! Workloads as calls of the library's ordinary interface, each with its answer checked.

use std::hint::black_box;

use perturb::train::{Loss, Objective, Optimizer, RankingScores, Schedule, Training};
use perturb::{
    Assignment, BatchExt, ClosedForm, Dyn, DynRect, Exact, Expectation, GridPath, Gumbel, MonteCarlo,
    NegativeCost, Neighbours, Noise, Normal, Oracle, Perturbed, Ranking, Seed, Simplex, TopK,
};

use crate::Failure;
use crate::agreement::assert_agreement;
use crate::data::{Rows, training};
use crate::plain::{assignment_score, best_assignment, cheapest_path, path_cost};
use crate::timing::time;
use crate::workload::{Kind, NoiseName, Variant, Workload};

/// The temperature of all workloads.
pub const EPSILON: f32 = 1.0;
/// The least cost of a cell.
pub const FLOOR: f32 = 0.01;
/// Independent estimates that are compared with an exact answer.
const ESTIMATES: u64 = 16;
/// What an epoch of training must reach on its own rows: Spearman's correlation.
const LEARNED: f64 = 0.9;

/// The seed of the calls that are checked.
const CHECKED: Seed = Seed(2);
/// The seed of the calls that are timed.
const TIMED: Seed = Seed(3);

type Compute = Box<dyn Fn(Seed) -> Result<Vec<f32>, Failure> + Send + Sync>;

/// A workload that has been checked and can be called again and again.
pub struct Call {
    compute: Compute,
    made: u64,
}

impl Call {
    /// Seconds per call, each with a seed of its own.
    pub fn time(&mut self, repetitions: usize) -> Result<Vec<f64>, Failure> {
        let mut failed = None;
        let seconds = time(
            || {
                self.made += 1;
                match black_box((self.compute)(TIMED.fold(self.made))) {
                    Ok(answer) => drop(answer),
                    Err(failure) => failed = Some(failure),
                }
            },
            repetitions,
        );
        failed.map_or(Ok(seconds), Err)
    }
}

/// A workload as a call, after its answer has been compared: expectations with [`Exact`] ones, paths and assignments with a
/// plain solver sample by sample, training with the ranks it is to learn.
///
/// # Panics
/// If an answer is wrong.
pub fn prepare(workload: &Workload, variant: Variant) -> Result<Call, Failure> {
    if !workload.has(variant) {
        return Err(format!("{}: there is no variant {}", workload.name, variant.name()).into());
    }
    let compute = match workload.noise {
        NoiseName::Gumbel => with_noise(workload, variant, Gumbel),
        NoiseName::Normal => with_noise(workload, variant, Normal),
    }?;
    Ok(Call { compute, made: 0 })
}

fn with_noise<N>(workload: &Workload, variant: Variant, noise: N) -> Result<Compute, Failure>
where
    N: Noise<f32> + Send + Sync + 'static,
    Simplex<Dyn>: ClosedForm<f32, N>,
    TopK<Dyn>: ClosedForm<f32, N>,
    Ranking<f32, Dyn>: ClosedForm<f32, N>,
{
    let shape = Dyn(workload.dim);
    match workload.kind {
        Kind::Argmax => gradient(workload, variant, Simplex::new(shape)?, noise),
        Kind::TopK { k } => gradient(workload, variant, TopK::new(shape, k)?, noise),
        Kind::Ranking => gradient(workload, variant, Ranking::ascending(shape)?, noise),
        Kind::Vjp => vjp(workload, variant, Ranking::ascending(shape)?, noise),
        Kind::GridPath { side } => {
            let plane = DynRect { rows: side, columns: side };
            let oracle =
                GridPath::new(plane, Neighbours::Eight)?.with_negative_costs(NegativeCost::Floor(FLOOR))?;
            decisions(workload, oracle, noise, |scores, y| {
                let costs: Vec<f64> = scores.iter().map(|&score| f64::from((-score).max(FLOOR))).collect();
                (path_cost(side, &costs, y).map(|cost| -cost), -cheapest_path(side, &costs))
            })
        }
        Kind::Assignment { n } => {
            let oracle = Assignment::new(DynRect { rows: n, columns: n })?;
            decisions(workload, oracle, noise, |scores, y| {
                let scores: Vec<f64> = scores.iter().copied().map(f64::from).collect();
                (assignment_score(n, &scores, y), best_assignment(n, &scores))
            })
        }
        Kind::Training { features, batch } => epoch(workload, variant, features, batch, noise),
    }
}

/// y_ε − y, where there is a closed form.
fn gradient<O, N>(workload: &Workload, variant: Variant, oracle: O, noise: N) -> Result<Compute, Failure>
where
    O: ClosedForm<f32, N> + Send + Sync + 'static,
    N: Noise<f32> + Send + Sync + 'static,
{
    let (layer, rows) = (Perturbed::new(oracle, noise, EPSILON)?, Rows::of(workload)?);
    let samples = workload.samples;
    let exact = layer.batch().fenchel_young_gradient(&rows.theta, &rows.targets, Exact)?;
    let estimate = |i| {
        let how = MonteCarlo::new(samples, CHECKED.fold(i));
        layer.batch().fenchel_young_gradient(&rows.theta, &rows.targets, how)
    };
    let estimates = (0..ESTIMATES).map(estimate).collect::<Result<Vec<_>, _>>()?;
    assert_agreement(workload.name, &exact, &estimates, workload.dim);
    Ok(Box::new(move |seed| {
        let batch = layer.batch();
        Ok(if variant == Variant::Exact {
            batch.fenchel_young_gradient(&rows.theta, &rows.targets, Exact)
        } else {
            batch.fenchel_young_gradient(&rows.theta, &rows.targets, MonteCarlo::new(samples, seed))
        }?)
    }))
}

/// Jᵀu.
fn vjp<O, N>(workload: &Workload, variant: Variant, oracle: O, noise: N) -> Result<Compute, Failure>
where
    O: ClosedForm<f32, N> + Send + Sync + 'static,
    N: Noise<f32> + Send + Sync + 'static,
{
    let (layer, rows) = (Perturbed::new(oracle, noise, EPSILON)?, Rows::of(workload)?);
    let way = if variant == Variant::Baseline { MonteCarlo::new } else { MonteCarlo::plain };
    let samples = workload.samples;
    let exact = layer.batch().vjp(&rows.theta, &rows.cotangents, Exact)?;
    let estimate = |i| layer.batch().vjp(&rows.theta, &rows.cotangents, way(samples, CHECKED.fold(i)));
    let estimates = (0..ESTIMATES).map(estimate).collect::<Result<Vec<_>, _>>()?;
    assert_agreement(workload.name, &exact, &estimates, workload.dim);
    Ok(Box::new(move |seed| {
        let batch = layer.batch();
        Ok(if variant == Variant::Exact {
            batch.vjp(&rows.theta, &rows.cotangents, Exact)
        } else {
            batch.vjp(&rows.theta, &rows.cotangents, way(samples, seed))
        }?)
    }))
}

/// y_ε − y, where decisions can be compared one by one: `judge(perturbed scores, decision)` gives the decision's value, if
/// it is a decision at all, and the best value.
fn decisions<O, N>(
    workload: &Workload,
    oracle: O,
    noise: N,
    judge: impl Fn(&[f32], &[f32]) -> (Option<f64>, f64),
) -> Result<Compute, Failure>
where
    O: Oracle<f32> + Send + Sync + 'static,
    N: Noise<f32> + Send + Sync + 'static,
{
    let (layer, rows) = (Perturbed::new(oracle, noise, EPSILON)?, Rows::of(workload)?);
    let (name, dim, samples) = (workload.name, workload.dim, workload.samples);
    let how = MonteCarlo::new(samples, CHECKED);
    let gradient = layer.batch().fenchel_young_gradient(&rows.theta, &rows.targets, how)?;
    let (mut scores, mut y, mut work) = (vec![0.0; dim], vec![0.0; dim], layer.oracle().work());
    for (row, theta) in rows.theta.chunks_exact(dim).enumerate() {
        let mut mean = vec![0.0; dim];
        for sample in 0..u64::from(samples) {
            let seed = how.row(row as u64).seed;
            layer.sample_into(theta, seed, sample, &mut scores, &mut y, &mut work)?;
            let (value, best) = judge(&scores, &y);
            let value = value.unwrap_or(f64::NAN);
            assert!((value - best).abs() <= 1e-6 * best.abs(), "{name}, row {row}: {value} is not {best}");
            mean.iter_mut().zip(&y).for_each(|(mean, y)| *mean += y / samples as f32);
        }
        let place = row * dim..(row + 1) * dim;
        let want = mean.iter().zip(&rows.targets[place.clone()]).map(|(mean, target)| mean - target);
        for (want, &found) in want.zip(&gradient[place]) {
            assert!((want - found).abs() < 1e-5, "{name}, row {row}: {found} is not {want}");
        }
    }
    Ok(Box::new(move |seed| {
        let how = MonteCarlo::new(samples, seed);
        Ok(layer.batch().fenchel_young_gradient(&rows.theta, &rows.targets, how)?)
    }))
}

/// One pass over the rows with the mean gradient of each batch, from a model of zeros.
fn epoch<N>(
    workload: &Workload,
    variant: Variant,
    features: usize,
    batch: usize,
    noise: N,
) -> Result<Compute, Failure>
where
    N: Noise<f32> + Send + Sync + 'static,
    Ranking<f32, Dyn>: ClosedForm<f32, N>,
{
    let name = workload.name;
    let data = training(workload.rows, features, workload.dim)?;
    let layer = Perturbed::new(Ranking::ascending(Dyn(workload.dim))?, noise, EPSILON)?;
    // Each step has a seed of its own; this one is not used.
    let how = Expectation::MonteCarlo(MonteCarlo::new(workload.samples, Seed(0)));
    let objective = Objective { layer, loss: Loss::FenchelYoung, how };
    let optimizer = if variant == Variant::Adam { Optimizer::Adam } else { Optimizer::Sgd { momentum: 0.0 } };
    let way = move |seed| Training {
        epochs: 1,
        least_steps: 0,
        batch,
        rate: 1e-3,
        schedule: Schedule::Constant,
        optimizer,
        averaging: 0.0,
        standardize: false,
        intercept: true,
        patience: None,
        seed,
    };
    let fitted = way(CHECKED).fit(&objective, &data)?;
    assert_eq!((fitted.epoch, fitted.steps), (1, workload.rows / batch), "{name}");
    let learned = RankingScores::of(&fitted.model, &data).spearman;
    assert!(learned > LEARNED, "{name}: Spearman's correlation is {learned}");
    Ok(Box::new(move |seed| Ok(way(seed).fit(&objective, &data)?.model.weights().to_vec())))
}

//! Workloads as calls of the library's ordinary interface, each with its answer checked.

use std::fmt;
use std::hint::black_box;

use perturb::train::{Loss, Objective, Optimizer, RankingScores, Schedule, Training};
use perturb::{
    AnyLayer, AnyNoise, AnyOracle, Assignment, BatchExt, ClosedForm, Dyn, DynRect, Exact, GridPath, Gumbel,
    How, Method, MonteCarlo, Noise, Normal, Oracle, Perturbed, Question, Ranking, Real, RowError, Seed,
    Simplex, TopK,
    oracle::{NegativeCost, Neighbours},
};

use crate::Failure;
use crate::agreement::{LEAST_ROWS, assert_agreement, assert_equality};
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

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("made", &self.made).finish_non_exhaustive()
    }
}

impl Call {
    /// The answer with the noise of `seed`.
    pub fn answer(&self, seed: Seed) -> Result<Vec<f32>, Failure> {
        (self.compute)(seed)
    }

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

/// A workload as a call, after its answer has been compared: expectations of at least eight rows with
/// [`Exact`] ones in f64, paths and assignments with a plain solver sample by sample, training with the ranks it is to learn.
///
/// # Panics
/// If an answer is wrong.
pub fn prepare(workload: &Workload, variant: Variant) -> Result<Call, Failure> {
    Request { workload, variant, checked: true }.call()
}

/// A workload as a call, for sizes at which no answer can be compared in time.
pub fn prepare_unchecked(workload: &Workload, variant: Variant) -> Result<Call, Failure> {
    Request { workload, variant, checked: false }.call()
}

/// What is to be computed, how, and whether answers are compared first.
#[derive(Clone, Copy)]
struct Request<'a> {
    workload: &'a Workload,
    variant: Variant,
    checked: bool,
}

impl Request<'_> {
    fn call(self) -> Result<Call, Failure> {
        let Self { workload, variant, .. } = self;
        if !workload.has(variant) {
            return Err(format!("{}: there is no variant {}", workload.name, variant.name()).into());
        }
        if variant == Variant::Chosen {
            return Ok(Call { compute: chosen(workload)?, made: 0 });
        }
        let compute = match workload.noise {
            NoiseName::Gumbel => with_noise(self, Gumbel),
            NoiseName::Normal => with_noise(self, Normal),
        }?;
        Ok(Call { compute, made: 0 })
    }
}

fn with_noise<N>(request: Request<'_>, noise: N) -> Result<Compute, Failure>
where
    N: Noise<f32> + Noise<f64>,
    Simplex<Dyn>: ClosedForm<f32, N> + ClosedForm<f64, N>,
    TopK<Dyn>: ClosedForm<f32, N> + ClosedForm<f64, N>,
    Ranking<f32, Dyn>: ClosedForm<f32, N>,
    Ranking<f64, Dyn>: ClosedForm<f64, N>,
{
    let shape = Dyn(request.workload.dim);
    match request.workload.kind {
        Kind::Argmax => expectations(request, Simplex::new(shape)?, Simplex::new(shape)?, noise),
        Kind::TopK { k } => expectations(request, TopK::new(shape, k)?, TopK::new(shape, k)?, noise),
        Kind::Ranking | Kind::Vjp => {
            expectations(request, Ranking::ascending(shape)?, Ranking::ascending(shape)?, noise)
        }
        Kind::GridPath { side } => {
            let plane = DynRect { rows: side, columns: side };
            let oracle =
                GridPath::new(plane, Neighbours::Eight)?.with_negative_costs(NegativeCost::Floor(FLOOR))?;
            decisions(request, oracle, noise, |scores, y| {
                let costs: Vec<f64> = scores.iter().map(|&score| f64::from((-score).max(FLOOR))).collect();
                (path_cost(side, &costs, y).map(|cost| -cost), -cheapest_path(side, &costs))
            })
        }
        Kind::Assignment { n } => {
            let oracle = Assignment::new(DynRect { rows: n, columns: n })?;
            decisions(request, oracle, noise, |scores, y| {
                let scores: Vec<f64> = scores.iter().copied().map(f64::from).collect();
                (assignment_score(n, &scores, y), best_assignment(n, &scores))
            })
        }
        Kind::Training { features, batch } => epoch(request, features, batch, noise),
    }
}

/// A layer that is chosen at run time, after its bits have been compared with those of the typed one.
fn chosen(workload: &Workload) -> Result<Compute, Failure> {
    let shape = Dyn(workload.dim);
    let oracle: AnyOracle<f32> = match workload.kind {
        Kind::Argmax => Simplex::new(shape)?.into(),
        Kind::TopK { k } => TopK::new(shape, k)?.into(),
        Kind::Ranking | Kind::Vjp => Ranking::ascending(shape)?.into(),
        Kind::GridPath { side } => {
            let plane = DynRect { rows: side, columns: side };
            GridPath::new(plane, Neighbours::Eight)?.with_negative_costs(NegativeCost::Floor(FLOOR))?.into()
        }
        Kind::Assignment { n } => Assignment::new(DynRect { rows: n, columns: n })?.into(),
        Kind::Training { .. } => return Err("training is generic over its layer".into()),
    };
    let noise = match workload.noise {
        NoiseName::Gumbel => AnyNoise::Gumbel,
        NoiseName::Normal => AnyNoise::Normal,
    };
    let (layer, rows) = (AnyLayer::of(oracle, noise, EPSILON)?, Rows::of(workload)?);
    let (kind, samples) = (workload.kind, workload.samples);
    let has_form = workload.has(Variant::Exact);
    let compute = move |seed| {
        let how = if has_form { MonteCarlo::plain(samples, seed) } else { MonteCarlo::new(samples, seed) };
        let question = match kind {
            Kind::Vjp => Question::Vjp(&rows.cotangents),
            _ => Question::FenchelYoungGradient(&rows.targets),
        };
        Ok(layer.compute_rows(&rows.theta, question, How::MonteCarlo(how), 0)?)
    };
    let typed = prepare_unchecked(workload, Variant::Sampled)?;
    assert_eq!(compute(CHECKED)?, typed.answer(CHECKED)?, "{}", workload.name);
    Ok(Box::new(compute))
}

/// What has a closed form: y_ε − y for targets y, or Jᵀu for cotangents u.
struct Expectations<O, N, T> {
    layer: Perturbed<O, N, T>,
    theta: Vec<T>,
    /// Targets or cotangents.
    other: Vec<T>,
    derivative: bool,
}

impl<O, N, T> Expectations<O, N, T>
where
    O: ClosedForm<T, N> + Sync,
    N: Noise<T>,
    T: Real,
{
    fn evaluate<H: Method<O, N, T>>(&self, how: H) -> Result<Vec<T>, RowError> {
        let batch = self.layer.batch();
        if self.derivative {
            batch.vjp(&self.theta, &self.other, how)
        } else {
            batch.fenchel_young_gradient(&self.theta, &self.other, how)
        }
    }
}

/// Expectations that are compared with the exact ones of `double`, the same oracle in f64.
fn expectations<O, P, N>(request: Request<'_>, oracle: O, double: P, noise: N) -> Result<Compute, Failure>
where
    O: ClosedForm<f32, N> + Send + Sync + 'static,
    P: ClosedForm<f64, N> + Sync,
    N: Noise<f32> + Noise<f64>,
{
    let Request { workload, variant, checked } = request;
    let Rows { theta, targets, cotangents } = Rows::of(workload)?;
    let derivative = workload.kind == Kind::Vjp;
    let other = if derivative { cotangents } else { targets };
    let way = if variant == Variant::Baseline { MonteCarlo::new } else { MonteCarlo::plain };
    let samples = workload.samples;
    let single = Expectations { layer: Perturbed::new(oracle, noise, EPSILON)?, theta, other, derivative };
    if checked && workload.rows >= LEAST_ROWS {
        let widened = |x: &[f32]| -> Vec<f64> { x.iter().copied().map(f64::from).collect() };
        let layer = Perturbed::new(double, noise, f64::from(EPSILON))?;
        let (theta, other) = (widened(&single.theta), widened(&single.other));
        let truth = Expectations { layer, theta, other, derivative }.evaluate(Exact)?;
        if variant == Variant::Exact {
            assert_equality(workload.name, &truth, &single.evaluate(Exact)?);
        } else {
            let estimate = |i| single.evaluate(way(samples, CHECKED.fold(i)));
            let estimates = (0..ESTIMATES).map(estimate).collect::<Result<Vec<_>, _>>()?;
            assert_agreement(workload.name, &truth, &estimates, workload.dim);
        }
    }
    Ok(Box::new(move |seed| {
        Ok(if variant == Variant::Exact {
            single.evaluate(Exact)
        } else {
            single.evaluate(way(samples, seed))
        }?)
    }))
}

/// y_ε − y, where decisions can be compared one by one: `judge(perturbed scores, decision)` gives the decision's value, if
/// it is a decision at all, and the best value.
fn decisions<O, N>(
    request: Request<'_>,
    oracle: O,
    noise: N,
    judge: impl Fn(&[f32], &[f32]) -> (Option<f64>, f64),
) -> Result<Compute, Failure>
where
    O: Oracle<f32> + Send + Sync + 'static,
    N: Noise<f32>,
{
    let Request { workload, checked, .. } = request;
    let (layer, rows) = (Perturbed::new(oracle, noise, EPSILON)?, Rows::of(workload)?);
    let samples = workload.samples;
    if checked {
        let how = MonteCarlo::new(samples, CHECKED);
        let gradient = layer.batch().fenchel_young_gradient(&rows.theta, &rows.targets, how)?;
        compare_decisions(workload, &layer, &rows, &gradient, judge)?;
    }
    Ok(Box::new(move |seed| {
        let how = MonteCarlo::new(samples, seed);
        Ok(layer.batch().fenchel_young_gradient(&rows.theta, &rows.targets, how)?)
    }))
}

/// Asserts that `gradient` is the mean of decisions less the target, and each decision the best.
fn compare_decisions<O, N>(
    workload: &Workload,
    layer: &Perturbed<O, N, f32>,
    rows: &Rows,
    gradient: &[f32],
    judge: impl Fn(&[f32], &[f32]) -> (Option<f64>, f64),
) -> Result<(), Failure>
where
    O: Oracle<f32>,
    N: Noise<f32>,
{
    let (name, dim, samples) = (workload.name, workload.dim, workload.samples);
    let (mut scores, mut y, mut work) = (vec![0.0; dim], vec![0.0; dim], layer.oracle().work());
    for (row, theta) in rows.theta.chunks_exact(dim).enumerate() {
        let seed = MonteCarlo::new(samples, CHECKED).row(row as u64).seed;
        let mut mean = vec![0.0; dim];
        for sample in 0..u64::from(samples) {
            layer.sample_into(theta, layer.centre(theta)?, seed, sample, &mut scores, &mut y, &mut work)?;
            let (value, best) = judge(&scores, &y);
            let value = value.unwrap_or(f64::NAN);
            assert!((value - best).abs() <= 1e-5 * best.abs(), "{name}, row {row}: {value} is not {best}");
            mean.iter_mut().zip(&y).for_each(|(mean, y)| *mean += y / samples as f32);
        }
        let place = row * dim..(row + 1) * dim;
        let want = mean.iter().zip(&rows.targets[place.clone()]).map(|(mean, target)| mean - target);
        for (want, &found) in want.zip(&gradient[place]) {
            assert!((want - found).abs() < 1e-5, "{name}, row {row}: {found} is not {want}");
        }
    }
    Ok(())
}

/// One pass over the rows with the mean gradient of each batch, from a model of zeros.
fn epoch<N>(request: Request<'_>, features: usize, batch: usize, noise: N) -> Result<Compute, Failure>
where
    N: Noise<f32>,
    Ranking<f32, Dyn>: ClosedForm<f32, N>,
{
    let Request { workload, variant, checked } = request;
    let name = workload.name;
    let data = training(workload.rows, features, workload.dim)?;
    let layer = Perturbed::new(Ranking::ascending(Dyn(workload.dim))?, noise, EPSILON)?;
    // Each step has a seed of its own; this one is not used.
    let how = How::MonteCarlo(MonteCarlo::new(workload.samples, Seed(0)));
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
    if checked {
        let fitted = way(CHECKED).fit(&objective, &data)?;
        assert_eq!((fitted.epoch, fitted.steps), (1, workload.rows / batch), "{name}");
        let learned = RankingScores::of(&fitted.model, &data).spearman;
        assert!(learned > LEARNED, "{name}: Spearman's correlation is {learned}");
    }
    Ok(Box::new(move |seed| Ok(way(seed).fit(&objective, &data)?.model.weights().to_vec())))
}

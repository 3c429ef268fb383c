//! Training computes batches by blocks in vectors; this is what it computes, row after row with the core's functions.

use perturb::data::Dataset;
use perturb::data::shuffle;
use perturb::train::{
    LinearModel, Loss, Objective, Optimizer, Schedule, Standardization, TrainError, Training, Workspace,
};
use perturb::{Dyn, Error, How, MonteCarlo, Noise, Normal, Perturbed, Ranking, Real, Seed};
use perturb_experiments::data::generate::synthetic_ranking;
use perturb_tests::widths::{Width, Widths};

type Scored<T> = Objective<Ranking<T, Dyn>, Normal, T>;

/// What the optimizer remembers of one parameter.
#[derive(Clone, Copy)]
struct Moments<T> {
    first: T,
    second: T,
    powers: (f64, f64),
}

impl<T: Real> Moments<T> {
    fn step(&mut self, rule: Optimizer, w: &mut T, g: T, rate: f64) {
        let number = T::from_f64;
        match rule {
            Optimizer::Sgd { momentum: 0.0 } => *w -= number(rate) * g,
            Optimizer::Sgd { momentum } => {
                self.first = number(momentum) * self.first + g;
                *w -= number(rate) * self.first;
            }
            Optimizer::Adam => {
                self.powers = (self.powers.0 * 0.9, self.powers.1 * 0.999);
                self.first = number(0.9) * self.first + number(1.0 - 0.9) * g;
                self.second = number(0.999) * self.second + number(1.0 - 0.999) * g * g;
                let root = (self.second * number(1.0 / (1.0 - self.powers.1))).sqrt();
                *w -= number(rate / (1.0 - self.powers.0)) * self.first / (root + number(1e-8));
            }
            other => panic!("{other:?} has no reference here"),
        }
    }
}

/// `training` of `objective`, one row after the other. An error as (step, row, reason).
fn row_by_row<T: Real>(
    training: &Training,
    objective: &Scored<T>,
    data: &Dataset<T>,
) -> Result<LinearModel<T>, (usize, usize, Error)> {
    let (features, scores) = (data.features(), data.labels());
    let standardization = if training.standardize {
        Standardization::of(data, training.intercept)
    } else {
        Standardization::identity(features)
    };
    let mut model = LinearModel::<T>::zeros(features, scores);
    let mut mean = model.clone();
    let fresh = Moments { first: T::ZERO, second: T::ZERO, powers: (1.0, 1.0) };
    let mut moments = vec![fresh; (features + 1) * scores];
    let (mut x, mut theta, mut slope) =
        (vec![T::ZERO; features], vec![T::ZERO; scores], vec![T::ZERO; scores]);
    let (steps, batch) = (training.steps(data.len()), training.batch.min(data.len()));
    let epochs = (0..).map(|epoch| shuffle(training.seed.fold(0).fold(epoch), data.len()));
    let batches = epochs.flat_map(|order| order.chunks_exact(batch).map(<[_]>::to_vec).collect::<Vec<_>>());
    let mut averaged = 0;
    for (step, rows) in batches.take(steps).enumerate() {
        let seed = training.seed.fold(1).fold(step as u64);
        let mut gradient = LinearModel::<T>::zeros(features, scores);
        for (place, &row) in rows.iter().enumerate() {
            standardization.apply(data.x(row), &mut x);
            model.score(&x, &mut theta);
            let seed = seed.fold(place as u64);
            objective.gradient(&theta, data.y(row), seed, &mut slope).map_err(|error| (step, row, error))?;
            if theta.iter().any(|theta| !theta.is_finite()) {
                return Err((step, row, Error::Overflow { quantity: "a score Wx + b" }));
            }
            gradient.descend(&x, &slope, T::from_f64(-1.0 / rows.len() as f64));
        }
        let progress = step as f64 / steps as f64;
        let rate = training.rate * training.schedule.factor(progress);
        let (weights, bias) = model.parts_mut();
        let learned = if training.intercept { bias } else { &mut [] };
        let gradients = gradient.weights().iter().chain(gradient.bias());
        for ((w, &g), moments) in weights.iter_mut().chain(learned).zip(gradients).zip(&mut moments) {
            moments.step(training.optimizer, w, g, rate);
        }
        if progress >= 1.0 - training.averaging {
            averaged += 1;
            let share = T::from_f64(1.0 / f64::from(averaged));
            let (weights, bias) = mean.parts_mut();
            let current = model.weights().iter().chain(model.bias());
            for (mean, &w) in weights.iter_mut().chain(bias).zip(current) {
                *mean += (w - *mean) * share;
            }
        }
    }
    Ok(standardization.fold_into(if averaged > 0 { mean } else { model }))
}

fn objective<T: Real>(labels: usize, loss: Loss<T>, how: How) -> Scored<T> {
    let layer = Perturbed::new(Ranking::ascending(Dyn(labels)).unwrap(), Normal, T::HALF).unwrap();
    Objective { layer, loss, how }
}

fn losses<T: Real>(labels: usize) -> [Scored<T>; 7] {
    let sampled = |samples| How::MonteCarlo(MonteCarlo::new(samples, Seed(0)));
    [
        objective(labels, Loss::FenchelYoung, sampled(1)),
        objective(labels, Loss::FenchelYoung, sampled(3)),
        objective(labels, Loss::FenchelYoung, How::Exact),
        objective(labels, Loss::PerturbedSquared, sampled(2)),
        objective(labels, Loss::PerturbedSquared, How::Exact),
        objective(labels, Loss::Squared, How::Exact),
        objective(labels, Loss::BlackBox { lambda: T::TWO }, How::Exact),
    ]
}

/// Of weights and bias; f64 holds every f32.
fn bits<T: Real>(model: &LinearModel<T>) -> Vec<u64> {
    model.weights().iter().chain(model.bias()).map(|w| w.to_f64().to_bits()).collect()
}

/// With every loss and every rule, with and without the options.
fn check<T: Real>(rows: usize, features: usize, labels: usize, batch: usize) {
    let widths = Widths::alone();
    let data = synthetic_ranking::<T>(rows, features, labels, 0.3, Seed(5)).unwrap();
    let rules = [Optimizer::Sgd { momentum: 0.0 }, Optimizer::Sgd { momentum: 0.9 }, Optimizer::Adam];
    for (i, objective) in losses::<T>(labels).iter().enumerate() {
        let training = Training {
            epochs: 2,
            least_steps: 3,
            batch,
            rate: 0.05,
            schedule: Schedule::Linear,
            optimizer: rules[i % 3],
            averaging: [0.0, 0.5, 1.0][(i + batch) % 3],
            standardize: i != 2,
            intercept: i != 5,
            patience: None,
            seed: Seed(labels as u64),
        };
        let want = row_by_row(&training, objective, &data).unwrap();
        for most in Width::ALL {
            widths.limit(most);
            let got = training.fit(objective, &data).unwrap().model;
            assert_eq!(bits(&got), bits(&want), "{} {:?}, {}", T::NAME, objective.loss, most.name());
        }
    }
}

#[test]
fn training_has_the_bits_of_row_after_row() {
    for (rows, features, labels, batch) in
        [(70, 3, 2, 1), (70, 5, 3, 7), (50, 10, 5, 33), (64, 4, 9, 32), (40, 7, 20, 40), (66, 11, 53, 10)]
    {
        check::<f32>(rows, features, labels, batch);
        check::<f64>(rows, features, labels, batch);
    }
}

/// The first row of a batch that overflows is named, whatever comes after it; where a gradient refuses the same row,
/// it speaks first.
#[test]
fn errors_name_the_first_row() {
    let data = synthetic_ranking::<f32>(60, 4, 6, 0.3, Seed(5)).unwrap();
    let mut reasons = Vec::new();
    for objective in losses::<f32>(6) {
        let training =
            Training { batch: 16, rate: 1e38, standardize: false, seed: Seed(2), ..Training::default() };
        let (step, row, source) = row_by_row(&training, &objective, &data).unwrap_err();
        let found = training.fit(&objective, &data).unwrap_err();
        let TrainError::Row { step: found_step, row: found_row, source: found_source } = found else {
            panic!("{found}");
        };
        assert_eq!((found_step, found_row, found_source), (step, row, source));
        reasons.push(source);
    }
    reasons.dedup();
    assert!(reasons.len() > 1, "{reasons:?}");
}

/// A batch of rows is its rows, and an error among them has its row.
#[test]
fn gradients_are_those_of_the_rows() {
    const LABELS: usize = 5;
    // One group of lanes, and a part of one.
    const ROWS: usize = 21;
    let mut thetas = [0.0f64; ROWS * LABELS];
    Normal.fill(&mut Seed(7).stream(0), &mut thetas);
    let targets = [[5.0, 4.0, 3.0, 2.0, 1.0], [1.0, 2.0, 3.0, 4.0, 5.0], [3.0, 1.0, 2.0, 5.0, 4.0]].repeat(7);
    let targets = targets.as_flattened();
    for objective in losses::<f64>(LABELS) {
        let mut workspace = Workspace::default();
        let (mut all, mut one) = ([0.0; ROWS * LABELS], [0.0; LABELS]);
        objective.gradients(&thetas, targets, Seed(3), &mut all, &mut workspace).unwrap();
        for (row, all) in all.chunks_exact(LABELS).enumerate() {
            let place = row * LABELS..(row + 1) * LABELS;
            let seed = Seed(3).fold(row as u64);
            objective.gradient(&thetas[place.clone()], &targets[place], seed, &mut one).unwrap();
            assert_eq!(all, one, "{:?}", objective.loss);
        }
    }
    let objective = objective(LABELS, Loss::FenchelYoung, How::MonteCarlo(MonteCarlo::new(2, Seed(0))));
    thetas[2 * LABELS] = f64::NAN;
    let mut gradients = [0.0; ROWS * LABELS];
    let refused = objective
        .gradients(&thetas, targets, Seed(3), &mut gradients, &mut Workspace::default())
        .unwrap_err();
    assert_eq!(refused.row, 2);
}

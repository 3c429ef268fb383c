//! Steps on a device, objectives, whole trainings, and states that a training goes on from.

use perturb::data::Dataset;
use perturb::train::{
    LinearModel, Loss, Moments, Objective, Optimizer, Patience, RunState, Schedule, Standardization, Training,
};
use perturb::{
    Affine, Const, Dyn, Gumbel, How, Noise, Normal, Oracle, Perturbed, Ranking, Real, Seed, Simplex,
};

use crate::check::{Given, Numbers, check, same_bits};
use crate::input::Input;

/// Steps, objectives and trainings.
pub fn training(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let input = &mut input;
    match input.any::<u8>() % 6 {
        0 => step::<_, _, f32>(Ranking::ascending(Const::<3>).expect("three labels"), Normal, input),
        1 => step::<_, _, f64>(Simplex::new(Const::<3>).expect("three classes"), Gumbel, input),
        2 => objective::<f32>(input),
        3 => objective::<f64>(input),
        4 => fit::<f32>(input),
        _ => fit::<f64>(input),
    }
}

/// On an error the model is unchanged; W and b that overflow are told by the next call.
fn step<O, N, T>(oracle: O, noise: N, input: &mut Input<'_>)
where
    O: Oracle<T, Shape = Const<3>>,
    N: Noise<T>,
    T: Real + Numbers,
{
    let Ok(layer) = Perturbed::new(oracle, noise, input.positive()) else { return };
    let mut model = Affine::<T, 2, 3>::zeros();
    let parameters: Vec<T> = input.numbers(9);
    for (own, &x) in model.weights.iter_mut().chain(&mut model.bias).zip(&parameters) {
        *own = x;
    }
    for _ in 0..2 {
        let bits = |model: &Affine<T, 2, 3>| -> Vec<T> {
            model.weights.iter().chain(&model.bias).copied().collect()
        };
        let before = bits(&model);
        let (x, target): (Vec<T>, Vec<T>) = (input.vector(2), input.vector(3));
        let (rate, seed) = (input.positive(), Seed(input.any()));
        let given = Given::vectors(2, &[&x]).and(Given::vectors(3, &[&target]) != Given::Unfit, false);
        let given = given.positive(rate).and(before.are_finite(), false);
        let done = model.step(&layer, &x, &target, rate, seed).map(|y| y.as_ref().to_vec());
        if check("a step", given, done).is_none() {
            assert!(same_bits(&before, &bits(&model)), "a step failed and changed the model");
        }
    }
    let x: Vec<T> = input.vector(2);
    let scores = model.scores(&x);
    check("the scores of a model", Given::vectors(2, &[&x]).and(bits_of(&model).are_finite(), false), scores);
}

fn bits_of<T: Real>(model: &Affine<T, 2, 3>) -> Vec<T> {
    model.weights.iter().chain(&model.bias).copied().collect()
}

/// A loss with all its parameters.
fn loss<T: Real>(input: &mut Input<'_>) -> Loss<T> {
    match input.any::<u8>() % 5 {
        0 => Loss::FenchelYoung,
        1 => Loss::PerturbedSquared,
        2 => Loss::Squared,
        3 => Loss::PairwiseLogistic,
        _ => Loss::BlackBox { lambda: input.positive() },
    }
}

fn objective_of<T: Real>(dim: usize, input: &mut Input<'_>) -> Option<Objective<Ranking<T, Dyn>, Normal, T>> {
    let layer = Perturbed::new(Ranking::ascending(Dyn(dim)).ok()?, Normal, input.positive()).ok()?;
    let how = if input.any() { How::Exact } else { How::MonteCarlo(input.monte_carlo()) };
    Some(Objective { layer, loss: loss(input), how })
}

/// The value of an objective and its gradient.
fn objective<T: Real + Numbers>(input: &mut Input<'_>) {
    let dim = input.size(1, 5);
    let Some(objective) = objective_of::<T>(dim, input) else { return };
    let (theta, target): (Vec<T>, Vec<T>) = (input.numbers(dim), input.numbers(dim));
    let given = Given::vectors(dim, &[&theta, &target]);
    let samples = !matches!(objective.how, How::MonteCarlo(how) if how.samples == 0);
    if samples {
        let value = objective.value(&theta, &target, Seed(1));
        check("the value of an objective", given.and(true, false), value);
    }
    let mut gradient = vec![T::ZERO; dim];
    let done = objective.gradient(&theta, &target, Seed(1), &mut gradient).map(|()| gradient);
    if samples {
        check("the gradient of an objective", given.and(true, false), done);
    }
}

/// Few rows of numbers of any finite size.
fn data<T: Real>(input: &mut Input<'_>) -> Option<Dataset<T>> {
    let (rows, features, labels) = (input.size(1, 6), input.size(1, 3), input.size(2, 4));
    let names = |count: usize| (0..count).map(|i| i.to_string()).collect::<Vec<_>>();
    let x = input.numbers(rows * features);
    let mut y = Vec::new();
    for _ in 0..rows {
        let turn = usize::from(input.any::<u8>());
        y.extend((0..labels).map(|label| T::from_usize((label + turn) % labels + 1)));
    }
    Dataset::new("any", names(features), names(labels), x, y).ok()
}

fn settings(input: &mut Input<'_>) -> Training {
    let optimizer = match input.any::<u8>() % 3 {
        0 => Optimizer::Adam,
        1 => Optimizer::Sgd { momentum: 0.0 },
        _ => Optimizer::Sgd { momentum: input.positive() },
    };
    let schedule = match input.any::<u8>() % 5 {
        0 => Schedule::Constant,
        1 => Schedule::Linear,
        2 => Schedule::Cosine,
        _ => Schedule::Steps { milestones: [input.wild(), input.wild()], factor: input.wild() },
    };
    Training {
        epochs: input.size(0, 3),
        least_steps: input.size(0, 8),
        batch: input.size(0, 8),
        rate: input.positive(),
        schedule,
        optimizer,
        averaging: if input.any::<u8>() < 200 { 0.5 } else { input.wild() },
        standardize: input.any(),
        intercept: input.any(),
        patience: None,
        seed: Seed(input.any()),
    }
}

/// A training ends with a finite model, or says why not.
fn fit<T: Real + Numbers>(input: &mut Input<'_>) {
    let Some(data) = data::<T>(input) else { return };
    let Some(objective) = objective_of::<T>(data.labels(), input) else { return };
    let training = settings(input);
    match training.fit(&objective, &data) {
        Ok(fitted) => {
            let model = fitted.model;
            assert!(model.weights().to_vec().are_finite() && model.bias().to_vec().are_finite(), "{model:?}");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    let standardization = Standardization::of(&data, training.intercept);
    let _ = standardization.fold_into(LinearModel::zeros(data.features(), data.labels()));
}

/// A training refuses a state, or goes on from it to a finite model.
pub fn resume(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let input = &mut input;
    let Some(data) = data::<f64>(input) else { return };
    let Some(objective) = objective_of::<f64>(data.labels(), input) else { return };
    let training =
        Training { patience: input.any::<bool>().then_some(Patience { epochs: 1 }), ..settings(input) };
    let Ok(mut run) = training.start(&objective, &data) else { return };
    for _ in 0..input.size(0, 4) {
        if run.step().is_err() {
            return;
        }
    }
    let own = run.state();
    let count = |input: &mut Input<'_>, own: usize| if input.any::<u8>() < 32 { input.any() } else { own };
    let numbers = |input: &mut Input<'_>, own: &[f64]| {
        if input.any::<u8>() < 64 { input.vector(own.len()) } else { own.to_vec() }
    };
    let state = RunState {
        epoch: count(input, own.epoch),
        batches: count(input, own.batches),
        step: count(input, own.step),
        parameters: numbers(input, &own.parameters),
        mean: numbers(input, &own.mean),
        averaged: count(input, own.averaged),
        moments: Moments {
            first: numbers(input, &own.moments.first),
            second: numbers(input, &own.moments.second),
            powers: if input.any::<u8>() < 16 { (input.wild(), input.wild()) } else { own.moments.powers },
        },
    };
    let Ok(mut run) = training.resume(&objective, &data, state) else { return };
    for _ in 0..32 {
        if run.is_done() || run.step().is_err() {
            break;
        }
    }
    let _ = run.state();
    if let Ok(fitted) = run.finish(perturb::train::Best::default()) {
        assert!(fitted.model.weights().to_vec().are_finite() && fitted.model.bias().to_vec().are_finite());
    }
}

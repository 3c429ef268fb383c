//! A decision layer that adapts on the device: it ranks five items by four features and learns, one
//! decision at a time, from an expert who shows the ranking that was right.
//!
//! Each step is one forward pass, one perturbed solve and one outer product (`Affine::step`). The log is
//! the regret, so `rank.out` beside this file holds every line of it: the same bits on every target.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use perturb_core::{Affine, Const, Error, Noise, Normal, Perturbed, Ranking, Seed};
use perturb_targets::{Log, fail, succeed};

const FEATURES: usize = 4;
const ITEMS: usize = 5;
const STEPS: u32 = 4096;
const EPSILON: f32 = 0.5;
const RATE: f32 = 0.01;

// What the random numbers are for.
const EXPERT: Seed = Seed(1);
const SITUATION: Seed = Seed(2);
const PERTURBATION: Seed = Seed(3);

#[entry]
fn main() -> ! {
    let mut log = Log::open();
    if learn(&mut log).is_err() {
        log.text("an input was refused\n");
        fail()
    }
    succeed()
}

fn learn(log: &mut Log) -> Result<(), Error> {
    let layer = Perturbed::new(Ranking::ascending(Const::<ITEMS>)?, Normal, EPSILON)?;
    let expert = expert();
    let mut learner = Affine::<f32, FEATURES, ITEMS>::zeros();

    log.text("regret in percent of a random ranking's\n");
    let (mut lost, mut at_stake) = (0.0, 0.0);
    let (mut first, mut last) = (1, 64);
    for step in 1..=STEPS {
        let mut x = [0.0f32; FEATURES];
        Normal.fill(&mut SITUATION.stream(u64::from(step)), &mut x);

        let scores = expert.scores(&x)?;
        let (best, target) = layer.decide(&scores)?;
        let (_, decision) = layer.decide(&learner.scores(&x)?)?;
        lost += best - worth(&scores, &decision);
        at_stake += best - worth(&scores, &[(ITEMS + 1) as f32 / 2.0; ITEMS]);

        learner.step(&layer, &x, &target, RATE, PERTURBATION.fold(u64::from(step)))?;

        if step == last {
            let permille = (1000.0 * lost / at_stake) as u32;
            log.text("steps ").decimal(first, 4).text(" to ").decimal(last, 4).text("  ");
            log.decimal(permille / 10, 3).text(".").decimal(permille % 10, 1).text("\n");
            (lost, at_stake) = (0.0, 0.0);
            (first, last) = (last + 1, last * 2);
        }
    }
    log.text("digest of the learned parameters ").hexadecimal(digest(&learner)).text("\n");
    Ok(())
}

/// Scores items by weights of its own.
fn expert() -> Affine<f32, FEATURES, ITEMS> {
    let mut expert = Affine::<f32, FEATURES, ITEMS>::zeros();
    let rng = &mut EXPERT.stream(0);
    Normal.fill(rng, expert.weights.as_mut_slice());
    Normal.fill(rng, expert.bias.as_mut_slice());
    expert
}

/// What a decision is worth by the expert's scores.
fn worth(scores: &[f32; ITEMS], ranks: &[f32; ITEMS]) -> f32 {
    scores.iter().zip(ranks).map(|(score, rank)| score * rank).sum()
}

fn digest(model: &Affine<f32, FEATURES, ITEMS>) -> u64 {
    let parameters = model.weights.iter().chain(&model.bias);
    parameters.fold(Seed(0), |digest, parameter| digest.fold(u64::from(parameter.to_bits()))).0
}

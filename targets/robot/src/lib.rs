//! A delivery robot that ranks the roads out of a crossing by what its sensors say, and learns from a dispatcher.
//!
//! Each tick the robot sees [`FEATURES`] numbers (rain, slope, load, hour, …), scores [`ROADS`] roads by θ = Wx + b, and ranks
//! them: the best has the largest score, and decision y = 8; in data sets it has rank 1. Later it sees the dispatcher's ranking, and takes one step of single-sample Fenchel–Young descent. It was
//! trained on a host by `perturb train` on [demonstrations](write_demonstrations) from one district, and drives in another, whose
//! [`dispatcher`] goes on changing: weights that stay as they came get worse, weights that adapt get better.
//!
//! Nothing here knows whether it runs on a host or on a device: both have the same bits.
#![no_std]

use core::fmt;

use perturb_core::{Affine, Const, Error, Noise, Normal, Perturbed, Ranking, Seed};

/// What the sensors say.
pub const FEATURES: usize = 16;
/// What is ranked.
pub const ROADS: usize = 8;
/// How long a drive is.
pub const TICKS: u32 = 4096;
/// How many ticks of it share a line in the journal.
pub const LEG: u32 = 512;
/// The temperature of the perturbation, in the units of θ.
pub const EPSILON: f32 = 0.5;
/// The learning rate.
pub const RATE: f32 = 0.01;

/// What `perturb train` made of 500 rows of [`write_demonstrations`]; the example `robot_demonstrations` has the commands.
pub const TRAINED: &[u8] = include_bytes!("../robot.perturb");

/// The model of the robot and of the dispatcher.
pub type Model = Affine<f32, FEATURES, ROADS>;
/// The decision: 8 for the best road, 1 for the worst.
pub type Layer = Perturbed<Ranking<f32, Const<ROADS>>, Normal, f32>;

// What the random numbers are for.
const HOME: Seed = Seed(1);
const AWAY: Seed = Seed(2);
const SENSORS: Seed = Seed(3);
const PERTURBATION: Seed = Seed(4);
const DEMONSTRATION: Seed = Seed(5);

/// The decision layer.
pub fn layer() -> Result<Layer, Error> {
    Perturbed::new(Ranking::ascending(Const)?, Normal, EPSILON)
}

/// The dispatcher, `away` = 0 at home and 1 in the other district: between them, weights change in proportion.
pub fn dispatcher(away: f32) -> Model {
    let [mut model, mut other] = [Model::zeros(), Model::zeros()];
    for (seed, model) in [(HOME, &mut model), (AWAY, &mut other)] {
        let rng = &mut seed.stream(0);
        Normal.fill(rng, model.weights.as_mut_slice());
        Normal.fill(rng, model.bias.as_mut_slice());
    }
    let parameters = model.weights.iter_mut().chain(&mut model.bias);
    for (w, &other) in parameters.zip(other.weights.iter().chain(&other.bias)) {
        *w += away * (other - *w);
    }
    model
}

/// The data to train on, in the label-ranking format: what the sensors said at home in `rows` situations, and the
/// dispatcher's rankings there.
pub fn write_demonstrations(rows: u64, file: &mut impl fmt::Write) -> Result<(), fmt::Error> {
    let dispatcher = dispatcher(0.0);
    writeln!(file, "{rows},{FEATURES},{ROADS}")?;
    for row in 0..rows {
        let x = sensors(DEMONSTRATION, row);
        let y = layer().and_then(|layer| layer.decide(&dispatcher.scores(&x)?)).map_err(|_| fmt::Error)?.1;
        let ranks = y.map(|y| (ROADS + 1) as f32 - y);
        for x in x {
            write!(file, "{x},")?;
        }
        let (last, others) = ranks.split_last().ok_or(fmt::Error)?;
        for rank in others {
            write!(file, "{rank},")?;
        }
        writeln!(file, "{last}")?;
    }
    Ok(())
}

fn sensors(seed: Seed, tick: u64) -> [f32; FEATURES] {
    let mut x = [0.0; FEATURES];
    Normal.fill(&mut seed.stream(tick), &mut x);
    x
}

/// What a stretch of the drive cost: how far decisions fell short of the dispatcher's by the dispatcher's scores.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Regret {
    /// Of the weights that adapt.
    pub adapting: f32,
    /// Of the weights as they came.
    pub frozen: f32,
    /// Of rankings at random, on average: the unit of the others.
    pub random: f32,
}

impl Regret {
    /// Per mille of a random ranking's: (adapting, frozen).
    pub fn permille(&self) -> (u32, u32) {
        let part = |regret: f32| (1000.0 * regret / self.random) as u32;
        (part(self.adapting), part(self.frozen))
    }
}

/// A drive through the other district.
#[derive(Clone, Debug)]
pub struct Drive {
    layer: Layer,
    frozen: Model,
    adapting: Model,
    tick: u32,
}

impl Drive {
    /// Starts with the weights of a trained model.
    pub fn new(model: Model) -> Result<Self, Error> {
        Ok(Self { layer: layer()?, frozen: model.clone(), adapting: model, tick: 0 })
    }

    /// Ticks so far.
    pub fn ticks(&self) -> u32 {
        self.tick
    }
    /// The weights that adapt.
    pub fn model(&self) -> &Model {
        &self.adapting
    }

    /// [`LEG`] ticks. Half of the way to the other district lies behind the robot when it starts, and it goes on to the
    /// end of the drive.
    pub fn leg(&mut self) -> Result<Regret, Error> {
        let mut regret = Regret::default();
        let away = 0.5 + 0.5 * self.tick as f32 / TICKS as f32;
        let dispatcher = dispatcher(away);
        for _ in 0..LEG {
            let x = sensors(SENSORS, u64::from(self.tick));
            self.tick(&x, &dispatcher, &mut regret)?;
        }
        Ok(regret)
    }

    /// One decision, the dispatcher's, and one step of learning from it. Sensors that say NaN are refused: the robot
    /// then knows and does what it did before.
    pub fn tick(&mut self, x: &[f32], dispatcher: &Model, regret: &mut Regret) -> Result<(), Error> {
        let (_, adapted) = self.layer.decide(&self.adapting.scores(x)?)?;
        let scores = dispatcher.scores(x)?;
        let (best, target) = self.layer.decide(&scores)?;
        let (_, fixed) = self.layer.decide(&self.frozen.scores(x)?)?;
        let seed = PERTURBATION.fold(u64::from(self.tick));
        self.adapting.step(&self.layer, x, &target, RATE, seed)?;
        self.tick += 1;

        let lost = |y: &[f32; ROADS]| best - worth(&scores, y);
        regret.adapting += lost(&adapted);
        regret.frozen += lost(&fixed);
        regret.random += lost(&[(ROADS + 1) as f32 / 2.0; ROADS]);
        Ok(())
    }
}

/// What a ranking is worth by the dispatcher's scores.
fn worth(scores: &[f32; ROADS], y: &[f32; ROADS]) -> f32 {
    scores.iter().zip(y).map(|(score, y)| score * y).sum()
}

/// A digest of all weights: equal digests are equal bits.
pub fn digest(model: &Model) -> u64 {
    let parameters = model.weights.iter().chain(&model.bias);
    parameters.fold(Seed(0), |digest, parameter| digest.fold(u64::from(parameter.to_bits()))).0
}

/// The last leg of the drive from the weights of [`TRAINED`], and the digest of the weights after it, on a host.
pub const HOST: (Regret, u64) =
    (Regret { adapting: 94.766_02, frozen: 29_718.88, random: 31_579.127 }, 3_315_228_740_271_201_221);

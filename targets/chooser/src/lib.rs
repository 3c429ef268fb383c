//! A travel guide at a station that foresees which mode people take, and learns from what they took.
//!
//! A trip has up to four ways to go, air, train, bus and car, of which some may not run. Each has [`FEATURES`] figures, and one vector
//! of weights scores them all: θ = Φw. The weights were estimated on a host, by maximum likelihood, from the choices of 210
//! travellers between Sydney, Canberra and Melbourne (W. H. Greene, *Econometric Analysis*, multinomial logit: Gumbel noise of
//! temperature 1). The guide stands in another [`town`], where waiting counts less and money more: weights that stay as they came
//! foresee badly, weights that adapt learn it from one step of single-sample Fenchel–Young descent a traveller.
//!
//! Nothing here knows whether it runs on a host or on a device: both have the same bits.
#![no_std]

use perturb_core::{
    Error, Gumbel, Noise, Normal, Perturbed, Real, Seed, Shape, SharedMut, SharedRef, Simplex, UpTo,
};

/// The figures of an option: whether it is air, train or bus; its generalised cost; the time at its terminal; the household's
/// income if it is air.
pub const FEATURES: usize = 6;
/// The most options.
pub const MODES: usize = 4;
/// How many travellers the guide sees.
pub const TRAVELLERS: u32 = 4096;
/// How many of them share a line in the journal.
pub const LEG: u32 = 512;
/// The learning rate: that of the cost, the largest figure.
pub const RATE: f32 = 4e-6;

/// The estimates, as the bytes that the program exports of its model; `targets/README.md` has the command.
pub const TRAINED: &[u8] = include_bytes!("../chooser.perturb");

/// The decision: 1 for the option that is taken, 0 for the others.
pub type Layer = Perturbed<Simplex<UpTo<MODES>>, Gumbel, f32>;
/// One weight a figure.
pub type Weights = [f32; FEATURES];

// What the random numbers are for.
const TRIPS: Seed = Seed(1);
const CHOICES: Seed = Seed(2);
const PERTURBATION: Seed = Seed(3);

/// The decision layer for so many options.
pub fn layer(options: usize) -> Result<Layer, Error> {
    Perturbed::new(Simplex::new(UpTo::new(options)?)?, Gumbel, 1.0)
}

/// What people want in the other town.
pub fn town() -> Weights {
    [5.2, 3.9, 3.2, -0.04, -0.03, 0.013]
}

/// One of Greene's travellers.
#[derive(Clone, Copy, Debug)]
pub struct Traveller {
    /// The household's income.
    pub income: f32,
    /// Minutes at the terminal and generalised cost, of air, train, bus and car.
    pub ways: [(f32, f32); MODES],
    /// The mode that was taken.
    pub taken: usize,
}

/// Travellers 1, 20, 98, 128, 170 and 202 of 210.
pub const GREENE: [Traveller; 6] = [
    Traveller { income: 35.0, ways: [(69.0, 70.0), (34.0, 71.0), (35.0, 70.0), (0.0, 30.0)], taken: 3 },
    Traveller { income: 72.0, ways: [(64.0, 72.0), (10.0, 75.0), (53.0, 78.0), (0.0, 57.0)], taken: 1 },
    Traveller { income: 26.0, ways: [(45.0, 197.0), (34.0, 196.0), (35.0, 150.0), (0.0, 136.0)], taken: 0 },
    Traveller { income: 26.0, ways: [(64.0, 129.0), (44.0, 220.0), (30.0, 154.0), (0.0, 151.0)], taken: 2 },
    Traveller { income: 40.0, ways: [(64.0, 93.0), (44.0, 159.0), (53.0, 131.0), (0.0, 100.0)], taken: 3 },
    Traveller { income: 35.0, ways: [(69.0, 104.0), (34.0, 145.0), (35.0, 106.0), (0.0, 88.0)], taken: 3 },
];

/// The options of a trip: their figures, row by row.
#[derive(Clone, Copy, Debug, Default)]
pub struct Trip {
    figures: [f32; MODES * FEATURES],
    count: usize,
}

impl Trip {
    /// Of a traveller, by the modes that run.
    pub fn new(traveller: &Traveller, runs: [bool; MODES]) -> Self {
        let mut trip = Self::default();
        for (mode, (time, cost)) in traveller.ways.into_iter().enumerate() {
            let Some(row) = trip.figures.as_chunks_mut::<FEATURES>().0.get_mut(trip.count) else { continue };
            if !runs.get(mode).is_some_and(|&runs| runs) {
                continue;
            }
            let is = |other: usize| if mode == other { 1.0 } else { 0.0 };
            *row = [is(0), is(1), is(2), cost, time, is(0) * traveller.income];
            trip.count += 1;
        }
        trip
    }

    /// How many options there are.
    pub fn count(&self) -> usize {
        self.count
    }
    /// Φ, row by row.
    pub fn figures(&self) -> &[f32] {
        self.figures.split_at_checked(self.count * FEATURES).map_or(&self.figures, |(rows, _)| rows)
    }
    /// The same with a figure that is no number.
    pub fn broken(mut self) -> Self {
        self.figures[3] = f32::NAN;
        self
    }
}

/// The trip of a traveller in the other town: figures as one of Greene's has them, more or less, and now and then a mode that does
/// not run.
pub fn trip(number: u64) -> Trip {
    let rng = &mut TRIPS.stream(number);
    let [who, air, train, bus] = [(); MODES].map(|()| f32::uniform(rng));
    let mut noise = [0.0; 2 * MODES];
    Normal.fill(rng, &mut noise);
    let mut traveller = *GREENE.get((who * GREENE.len() as f32) as usize).unwrap_or(&GREENE[0]);
    for ((time, cost), noise) in traveller.ways.iter_mut().zip(noise.as_chunks::<2>().0) {
        *time *= 1.0 + 0.25 * noise[0];
        *cost *= 1.0 + 0.25 * noise[1];
    }
    Trip::new(&traveller, [air > 0.2, train > 0.2, bus > 0.2, true])
}

/// What a stretch cost: how far the foreseen options fell short of the best by what the town wants.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Regret {
    /// Of the weights that adapt.
    pub adapting: f32,
    /// Of the weights as they came.
    pub frozen: f32,
    /// Of options at random, on average: the unit of the others.
    pub random: f32,
}

impl Regret {
    /// Per mille of a random option's: (adapting, frozen).
    pub fn permille(&self) -> (u32, u32) {
        let part = |regret: f32| (1000.0 * regret / self.random) as u32;
        (part(self.adapting), part(self.frozen))
    }
}

/// The guide in the other town.
#[derive(Clone, Debug)]
pub struct Guide {
    frozen: Weights,
    adapting: Weights,
    seen: u32,
}

impl Guide {
    /// Starts with these weights.
    pub fn new(weights: Weights) -> Self {
        Self { frozen: weights, adapting: weights, seen: 0 }
    }

    /// Travellers so far.
    pub fn seen(&self) -> u32 {
        self.seen
    }
    /// The weights that adapt.
    pub fn weights(&self) -> &Weights {
        &self.adapting
    }

    /// [`LEG`] travellers.
    pub fn leg(&mut self) -> Result<Regret, Error> {
        let mut regret = Regret::default();
        for _ in 0..LEG {
            self.traveller(&trip(u64::from(self.seen)), &mut regret)?;
        }
        Ok(regret)
    }

    /// One traveller: what is foreseen, what is taken, and one step of learning from it. Figures that are NaN are refused: the guide
    /// then knows and does what it did before.
    pub fn traveller(&mut self, trip: &Trip, regret: &mut Regret) -> Result<(), Error> {
        let (layer, key) = (layer(trip.count)?, u64::from(self.seen));
        let mut wanted = UpTo::<MODES>::new(trip.count)?.array(0.0);
        SharedRef::from_array(&town()).scores(trip.figures(), wanted.as_mut())?;
        let taken = layer.sample(wanted.as_ref(), CHOICES.fold(key), 0)?;
        let adapted = SharedRef::from_array(&self.adapting).decide(&layer, trip.figures())?;
        let fixed = SharedRef::from_array(&self.frozen).decide(&layer, trip.figures())?;
        let mut model = SharedMut::new(&mut self.adapting)?;
        model.step(&layer, trip.figures(), taken.as_ref(), RATE, PERTURBATION.fold(key))?;
        self.seen += 1;

        let (best, _) = layer.decide(wanted.as_ref())?;
        let worth = |y: &[f32]| wanted.as_ref().iter().zip(y).map(|(score, y)| score * y).sum::<f32>();
        regret.adapting += best - worth(adapted.as_ref());
        regret.frozen += best - worth(fixed.as_ref());
        regret.random += best - wanted.as_ref().iter().sum::<f32>() / trip.count as f32;
        Ok(())
    }
}

/// A digest of the weights: equal digests are equal bits.
pub fn digest(weights: &Weights) -> u64 {
    weights.iter().fold(Seed(0), |digest, weight| digest.fold(u64::from(weight.to_bits()))).0
}

/// The last leg from the weights of [`TRAINED`], and the digest of the weights after it, on a host.
pub const HOST: (Regret, u64) =
    (Regret { adapting: 2.632_156_8, frozen: 559.536_87, random: 983.641_4 }, 11_624_454_032_163_401_969);

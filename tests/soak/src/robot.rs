//! One robot: a layer, a model that adapts, and what would be right.

use perturb::{Affine, AnyNoise, Error, Noise, Oracle, Perturbed, Seed, oracle::Array};

use crate::{Failure, check};

/// What the sensors say, each a number in [−1, 1).
const FEATURES: usize = 4;
/// Steps in which what is right goes round once.
pub(crate) const TURN: u64 = 50_000;
/// Steps between two times that the model is stored, and loaded again.
const STORE: u64 = 1_000;
/// Stores between two times that a damaged file and a broken sensor are refused.
const DAMAGE: u64 = 20;
/// Temperature.
pub(crate) const EPSILON: f32 = 0.5;
/// Learning rate.
const RATE: f32 = 0.02;
/// Room for the largest model.
const FLASH: usize = 256;

// What the random numbers are for.
const SENSORS: Seed = Seed(1);
const PERTURBATION: Seed = Seed(2);
const RIGHT: Seed = Seed(3);

type Model<const SCORES: usize> = Affine<f32, FEATURES, SCORES>;

/// What was seen at the stores.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Seen {
    /// The largest weight.
    pub largest: f32,
    /// The most that a feature's weights summed to. Gradients sum to 0 over options, so that this is rounding.
    pub sum: f32,
    /// Models stored and loaded.
    pub stores: u64,
    /// Damaged files and broken sensors refused.
    pub refused: u64,
}

pub(crate) struct Robot<'a, O, N, const SCORES: usize> {
    layer: &'a Perturbed<O, N, f32>,
    model: Model<SCORES>,
    frozen: Model<SCORES>,
    corners: [Model<SCORES>; 2],
    step: u64,
    bound: f32,
    pub(crate) seen: Seen,
}

/// Sums over steps of the regret ⟨y* − y, θ⟩, θ the scores of who knows what is right.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Regret {
    pub(crate) adapting: f64,
    pub(crate) frozen: f64,
}

impl<'a, O: Oracle<f32>, N: Noise<f32> + Into<AnyNoise>, const SCORES: usize> Robot<'a, O, N, SCORES> {
    pub(crate) fn new(layer: &'a Perturbed<O, N, f32>, bound: f32) -> Self {
        let corners = [0, 1].map(|sample| {
            let mut corner = Model::<SCORES>::zeros();
            let rng = &mut RIGHT.stream(sample);
            for weight in corner.weights.iter_mut().chain(&mut corner.bias) {
                layer.noise().fill(rng, std::slice::from_mut(weight));
            }
            corner
        });
        let [model, frozen] = [(); 2].map(|()| Model::zeros());
        Self { layer, model, frozen, corners, step: 0, bound, seen: Seen::default() }
    }

    /// Leaves a copy of the weights behind that learns no more.
    pub(crate) fn freeze(&mut self) {
        self.frozen = self.model.clone();
    }

    /// The mean regret of a turn; that of the frozen weights at every eighth step, if `watched`.
    pub(crate) fn turn(&mut self, watched: bool) -> Result<Regret, Failure> {
        let mut sum = Regret::default();
        for _ in 0..TURN / STORE {
            let right = self.right();
            for _ in 0..STORE {
                let watched = watched && self.step.is_multiple_of(8);
                self.tick(&right, watched, &mut sum)
                    .map_err(|error| format!("step {}: {error}", self.step))?;
            }
            self.store().map_err(|failure| format!("step {}: {failure}", self.step))?;
        }
        let steps = TURN as f64;
        Ok(Regret { adapting: sum.adapting / steps, frozen: sum.frozen / (steps / 8.0) })
    }

    /// What would be right: it goes round the square with the corners A, B, −A and −B, and its sides are straight, so that the
    /// bits are those of every machine.
    fn right(&self) -> Model<SCORES> {
        let side = TURN / 4;
        let (corner, along) = (self.step % TURN / side, (self.step % side) as f32 / side as f32);
        let ([a, b], sign) = (&self.corners, if corner < 2 { 1.0 } else { -1.0 });
        let (from, to, turned) = if corner.is_multiple_of(2) { (a, b, sign) } else { (b, a, -sign) };
        let (from, to) = ((from, sign * (1.0 - along)), (to, turned * along));
        Model {
            weights: from.0.weights * from.1 + to.0.weights * to.1,
            bias: from.0.bias * from.1 + to.0.bias * to.1,
        }
    }

    /// A decision, the right one, and a step of learning. Scores that are no numbers are errors.
    fn tick(&mut self, right: &Model<SCORES>, watched: bool, sum: &mut Regret) -> Result<(), Error> {
        let x = sensors(self.step);
        let y = self.decide(&self.model, &x)?;
        let theta = right.scores(&x)?;
        let (best, target) = self.layer.decide(&theta)?;
        let lost = |y: &[f32]| {
            let worth: f32 = theta.iter().zip(y).map(|(theta, y)| theta * y).sum();
            f64::from(best - worth)
        };
        sum.adapting += lost(y.as_ref());
        if watched {
            sum.frozen += lost(self.decide(&self.frozen, &x)?.as_ref());
        }
        let seed = PERTURBATION.fold(self.step);
        self.model.step(self.layer, &x, target.as_ref(), RATE, seed)?;
        self.step += 1;
        Ok(())
    }

    fn decide(&self, model: &Model<SCORES>, x: &[f32]) -> Result<Array<O, f32>, Error> {
        Ok(self.layer.decide(&model.scores(x)?)?.1)
    }

    /// Stores the model, goes on with what is loaded, and looks at its weights.
    fn store(&mut self) -> Result<(), Failure> {
        let mut flash = [0; FLASH];
        let length = self.model.store(self.layer, &mut flash)?;
        let file = flash.get_mut(..length).ok_or("a model is longer than its place")?;
        if self.seen.stores.is_multiple_of(DAMAGE) {
            self.refuse(file)?;
        }
        let mut loaded = Model::<SCORES>::zeros();
        loaded.load(self.layer, file)?;
        check(bits(&loaded).eq(bits(&self.model)), || "a model was not loaded as it was stored".into())?;
        self.model = loaded;
        self.seen.stores += 1;
        let weights = self.model.weights.iter().chain(&self.model.bias);
        let largest = weights.fold(0.0, |largest: f32, weight| largest.max(weight.abs()));
        let sums = self.model.weights.column_iter().map(|column| column.sum().abs());
        self.seen.sum = sums.fold(self.seen.sum.max(self.model.bias.sum().abs()), f32::max);
        self.seen.largest = self.seen.largest.max(largest);
        check(largest <= self.bound, || format!("a weight is {largest}; expected at most {}", self.bound))
    }

    /// A flipped bit and a broken sensor: refused, and the weights stay.
    fn refuse(&mut self, file: &mut [u8]) -> Result<(), Failure> {
        let before = self.model.clone();
        let bit = SENSORS.fold(u64::MAX - self.step).0 % (8 * file.len() as u64);
        let (byte, mask) = ((bit / 8) as usize, 1 << (bit % 8));
        let flip = |file: &mut [u8]| file.iter_mut().skip(byte).take(1).for_each(|byte| *byte ^= mask);
        flip(file);
        let damaged = self.model.load(self.layer, file).is_err();
        flip(file);
        check(damaged, || format!("a file with bit {bit} flipped was loaded"))?;
        let mut x = sensors(self.step);
        x[(self.step % 3) as usize] = f32::NAN;
        let y = self.layer.decide(&self.corners[0].scores(&sensors(self.step))?)?.1;
        let broken = self.model.step(self.layer, &x, y.as_ref(), RATE, PERTURBATION).is_err();
        check(broken && self.model.scores(&x).is_err(), || "a broken sensor was not refused".into())?;
        self.seen.refused += 2;
        check(bits(&before).eq(bits(&self.model)), || "what was refused changed the weights".into())
    }
}

fn bits<const SCORES: usize>(model: &Model<SCORES>) -> impl Iterator<Item = u32> {
    model.weights.iter().chain(&model.bias).map(|weight| weight.to_bits())
}

fn sensors(step: u64) -> [f32; FEATURES] {
    let bits = SENSORS.fold(step).0;
    std::array::from_fn(|i| f32::from((bits >> (16 * i)) as i16) / 32768.0)
}

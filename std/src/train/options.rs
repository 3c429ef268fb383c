//! Descent on decisions among options, with one vector of weights for all of them.

use std::fmt;

use rayon::prelude::*;

use super::descent::Descent;
use super::{Loss, Objective, RunState, TrainError, Training};
use crate::data::DataError;
use crate::decisions::{Decisions, Layer, Layers};
use crate::{AnyNoise, AnyOracle, Error, How, Method, threads};

/// A training of the weights w of θ = Φw on [`Decisions`], between two steps.
///
/// Each step descends the mean gradient Φᵀ∂L/∂θ of a batch of decisions, whose rows are computed on all threads and added up in their
/// order; each decision counts by its [weight](Decisions::weight), in units of the mean of all. Terms are scaled to mean square 1 (if
/// [`Training::standardize`]), and the weights scaled back. Fenchel–Young losses of
/// decisions that are known in part are those of [`decisions`](crate::decisions); other losses need decisions known in full.
pub struct OptionsRun<'a> {
    decisions: &'a Decisions,
    layers: Layers,
    /// One for each distinct layer.
    objectives: Vec<Objective<AnyOracle<f64>, AnyNoise, f64>>,
    scale: Vec<f64>,
    /// The mean weight of a decision.
    unit: f64,
    descent: Descent<'a, f64>,
}

impl fmt::Debug for OptionsRun<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Descent { epoch, step, steps, .. } = &self.descent;
        let mut run = f.debug_struct("OptionsRun");
        run.field("epoch", epoch).field("step", step).field("steps", steps).finish_non_exhaustive()
    }
}

impl Training {
    /// A run on decisions among options, before its first step, from the weights `start`, or from 0. [`Training::intercept`] does
    /// not matter, and [`Training::patience`] is for the caller to heed.
    pub fn start_options<'a>(
        &'a self,
        (noise, epsilon): (AnyNoise, f64),
        loss: Loss<f64>,
        how: How,
        decisions: &'a Decisions,
        start: Option<&[f64]>,
    ) -> Result<OptionsRun<'a>, TrainError> {
        self.check_settings(decisions.len())?;
        self.check_loss(&loss)?;
        let setting = |parameter, expected, found| TrainError::Setting { parameter, expected, found };
        if decisions.target(0).is_empty() {
            return Err(setting("the number of known decisions", "all of them", 0.0));
        }
        if !(decisions.all_known() || matches!(loss, Loss::FenchelYoung)) {
            return Err(setting("the number of decisions known in part", "0 for this loss", 1.0));
        }
        if matches!(loss, Loss::SpoPlus) && !decisions.is_empty() && decisions.worth(0).is_none() {
            let expected = "one whose targets are decisions; what options are worth is not known";
            return Err(DataError::parameter("loss", expected, loss.name()).into());
        }
        let total: f64 = (0..decisions.len()).map(|at| decisions.weight(at)).sum();
        if !(total > 0.0 && total.is_finite()) {
            return Err(setting("the total weight of all decisions", "a finite number above 0", total));
        }
        let unit = total / decisions.len() as f64;
        let layers = Layers::new(decisions, noise, epsilon).map_err(|(_, error)| error)?;
        let objective = |of: &Layer| Objective { layer: of.any.layer().clone(), loss, how };
        let objectives = layers.distinct().iter().map(objective).collect();
        let p = decisions.terms().len();
        let scale = if self.standardize { scale(decisions) } else { vec![1.0; p] };
        let parameters = match start {
            None => vec![0.0; p],
            Some(w) if w.len() == p => w.iter().zip(&scale).map(|(w, scale)| w / scale).collect(),
            Some(w) => return Err(TrainError::State { what: "weights", expected: p, found: w.len() }),
        };
        threads::start(None);
        let descent = Descent::new(self, decisions.len(), parameters, p);
        Ok(OptionsRun { decisions, layers, objectives, scale, unit, descent })
    }
}

impl OptionsRun<'_> {
    /// Takes a step on the next decisions of the shuffled order, if one is left. Returns whether it was the last step of an epoch.
    pub fn step(&mut self) -> Result<bool, TrainError> {
        if self.is_done() {
            return Ok(true);
        }
        let rows = self.descent.rows();
        let w = self.weights_of(&self.descent.parameters);
        let seed = self.descent.training.seed.fold(1).fold(self.descent.step as u64);
        let slopes: Vec<Result<Vec<f64>, Error>> = (rows.par_iter().enumerate())
            .map(|(place, &row)| self.slope(row, &w, seed.fold(place as u64)))
            .collect();
        let gradient = &mut self.descent.gradient;
        gradient.fill(0.0);
        for (&row, slope) in rows.iter().zip(slopes) {
            let slope = slope.map_err(|source| TrainError::Row { step: self.descent.step, row, source })?;
            let weight = self.decisions.weight(row) / self.unit;
            gradient.iter_mut().zip(slope).for_each(|(sum, x)| *sum += weight * x);
        }
        let share = 1.0 / rows.len() as f64;
        gradient.iter_mut().zip(&self.scale).for_each(|(g, scale)| *g *= share * scale);
        Ok(self.descent.advance())
    }

    /// The gradient in w of one decision.
    fn slope(&self, row: usize, w: &[f64], seed: crate::Seed) -> Result<Vec<f64>, Error> {
        let decisions = self.decisions;
        let mut theta = vec![0.0; decisions.size(row)];
        decisions.scores(row, w, &mut theta);
        let objective = &self.objectives[self.layers.place(row)?];
        let parts = decisions.parts(row);
        let mut g = vec![0.0; theta.len()];
        if parts.is_empty() {
            let target = match objective.loss {
                Loss::SpoPlus => decisions.worth(row).unwrap_or(&[]),
                _ => decisions.target(row),
            };
            objective.gradient(&theta, target, seed, &mut g)?;
        } else {
            // y_ε − y_ε^S.
            let how = Method::<AnyOracle<f64>, AnyNoise, f64>::reseed(objective.how, |_| seed);
            g = self.layers.of(row)?.any.maximizer(&theta, how)?;
            g.iter_mut().zip(decisions.target(row)).for_each(|(g, y)| *g -= y);
            for (part, layer) in parts.iter().zip(self.layers.parts(row)) {
                let of: Vec<f64> = part.entries.iter().map(|&entry| theta[entry]).collect();
                let y = layer.maximizer(&of, how)?;
                part.entries.iter().zip(y).for_each(|(&entry, y)| g[entry] -= y);
            }
        }
        let p = decisions.terms().len();
        let mut slope = vec![0.0; p];
        for (phi, g) in decisions.features(row).chunks_exact(p.max(1)).zip(g) {
            slope.iter_mut().zip(phi).for_each(|(sum, phi)| *sum += g * phi);
        }
        Ok(slope)
    }

    fn weights_of(&self, parameters: &[f64]) -> Vec<f64> {
        parameters.iter().zip(&self.scale).map(|(w, scale)| w * scale).collect()
    }

    /// The current weights: the mean of the last iterates.
    pub fn weights(&self) -> Vec<f64> {
        self.weights_of(self.descent.iterate())
    }
    /// Takes up a state, with the bits of an uninterrupted run if training, loss and decisions are the same.
    pub fn restore(&mut self, state: RunState) -> Result<(), TrainError> {
        self.descent.restore(state)
    }
    /// The state from which [`restore`](Self::restore) continues.
    pub fn state(&self) -> RunState {
        self.descent.state()
    }
    /// The [fingerprint](Decisions::digest) of the decisions.
    pub fn digest(&self) -> u64 {
        self.decisions.digest()
    }
    /// Steps done.
    pub fn steps_done(&self) -> usize {
        self.descent.step
    }
    /// All steps of the run.
    pub fn steps(&self) -> usize {
        self.descent.steps
    }
    /// The number of complete epochs; the last epoch of a run may be incomplete.
    pub fn epochs_done(&self) -> usize {
        self.descent.epoch
    }
    /// Whether all steps are done.
    pub fn is_done(&self) -> bool {
        self.descent.is_done()
    }
    /// Goes to the end of the run, and returns the weights.
    pub fn finish(mut self) -> Result<Vec<f64>, TrainError> {
        while !self.is_done() {
            self.step()?;
        }
        let w = self.weights();
        if w.iter().all(|w| w.is_finite()) {
            Ok(w)
        } else {
            Err(Error::Overflow { quantity: "a trained weight" }.into())
        }
    }
}

/// One over the root mean square of each term; of a term that is always 0, 1.
fn scale(decisions: &Decisions) -> Vec<f64> {
    let p = decisions.terms().len();
    let mut squares = vec![0.0; p];
    let mut count = 0.0;
    for at in 0..decisions.len() {
        let weight = decisions.weight(at);
        for phi in decisions.features(at).chunks_exact(p.max(1)) {
            count += weight;
            squares.iter_mut().zip(phi).for_each(|(sum, phi)| *sum += weight * (phi * phi));
        }
    }
    squares.into_iter().map(|sum: f64| if sum > 0.0 { (count / sum).sqrt() } else { 1.0 }).collect()
}

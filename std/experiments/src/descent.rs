//! Mini-batch gradient descent on affine models that are judged by regret.

use perturb::data::shuffle;
use perturb::train::LinearModel;
use perturb::{Error, Seed};

use super::{ExperimentError, Journal};

/// Steps on batches of rows.
#[derive(Clone, Copy)]
pub(super) struct Descent {
    pub(super) steps: usize,
    pub(super) batch: usize,
}

impl Descent {
    /// Descends from `zero` on `rows` rows: the rate falls linearly, the model is the mean of the second half of the iterates.
    /// `add(model, row, seed, total, share)` adds the gradient of a row's loss, times `share`, to `total`. One unit of work.
    pub(super) fn fit(
        self,
        zero: &LinearModel<f64>,
        rows: usize,
        rate: f64,
        seed: Seed,
        journal: &Journal<'_>,
        mut add: impl FnMut(&LinearModel<f64>, usize, Seed, &mut LinearModel<f64>, f64) -> Result<(), Error>,
    ) -> Result<LinearModel<f64>, ExperimentError> {
        let (mut model, mut mean) = (zero.clone(), zero.clone());
        let (mut averaged, mut step) = (0.0, 0);
        let batch = self.batch.clamp(1, rows.max(1));
        for epoch in 0.. {
            let order = shuffle(seed.fold(0).fold(epoch), rows);
            for rows in order.chunks_exact(batch) {
                if step == self.steps {
                    journal.advance(1);
                    return Ok(mean);
                }
                journal.go_on()?;
                let mut total = zero.clone();
                for &row in rows {
                    add(&model, row, seed.fold(1).fold(step as u64), &mut total, 1.0 / batch as f64)?;
                }
                let rate = rate * (1.0 - step as f64 / self.steps as f64);
                update(&mut model, &total, -rate);
                step += 1;
                if 2 * step > self.steps {
                    averaged += 1.0;
                    let mut change = model.clone();
                    update(&mut change, &mean, -1.0);
                    update(&mut mean, &change, 1.0 / averaged);
                }
            }
        }
        Ok(mean)
    }
}

/// The rate of the least regret, the first of several; 10⁻³ of none.
pub(super) fn choose(
    rates: &[f64],
    mut regret: impl FnMut(f64) -> Result<f64, ExperimentError>,
) -> Result<f64, ExperimentError> {
    let mut best = (f64::INFINITY, rates.first().copied().unwrap_or(1e-3));
    for &rate in rates {
        let regret = regret(rate)?;
        if regret < best.0 {
            best = (regret, rate);
        }
    }
    Ok(best.1)
}

/// a += share·b.
fn update(a: &mut LinearModel<f64>, b: &LinearModel<f64>, share: f64) {
    let (weights, bias) = a.parts_mut();
    let added = b.weights().iter().chain(b.bias());
    weights.iter_mut().chain(bias).zip(added).for_each(|(a, b)| *a += share * b);
}

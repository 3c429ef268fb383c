use perturb_core::Real;
use perturb_lanes::{Kernel, run};

use super::LinearModel;
use crate::data::Dataset;

/// Feature-wise centring and scaling to mean 0 and standard deviation 1, learned on training rows only.
///
/// After training it is folded into the model, whose inputs are then the raw features.
#[derive(Clone, Debug, PartialEq)]
pub struct Standardization<T> {
    mean: Vec<T>,
    scale: Vec<T>,
}

impl<T: Real> Standardization<T> {
    /// No change.
    #[must_use]
    pub fn identity(features: usize) -> Self {
        Self { mean: vec![T::ZERO; features], scale: vec![T::ONE; features] }
    }
    /// Mean and standard deviation of each feature over the rows of `data`; a constant feature is not scaled.
    /// Centring needs a model with an intercept; without `center` features are only scaled.
    #[must_use]
    pub fn of(data: &Dataset<T>, center: bool) -> Self {
        let (rows, features) = (data.len(), data.features());
        let mut mean = vec![0.0f64; features];
        let mut square = vec![0.0f64; features];
        run(Welford { data, mean: &mut mean, square: &mut square });
        let scale = mean.iter().zip(&square).map(|(mean, square)| {
            let deviation = (square / rows.max(1) as f64).sqrt();
            // Less is the rounding of a constant.
            if deviation > 8.0 * T::EPSILON.to_f64() * mean.abs() {
                T::from_f64(1.0 / deviation)
            } else {
                T::ONE
            }
        });
        let scale = scale.collect();
        let mean = mean.into_iter().map(|mean| if center { T::from_f64(mean) } else { T::ZERO });
        Self { mean: mean.collect(), scale }
    }
    /// (x − mean)·scale.
    #[inline(always)]
    pub fn apply(&self, x: &[T], standardized: &mut [T]) {
        for (((s, &x), &mean), &scale) in standardized.iter_mut().zip(x).zip(&self.mean).zip(&self.scale) {
            *s = (x - mean) * scale;
        }
    }
    /// The model on raw features that equals `model` on standardised ones: W′ = W diag(scale),
    /// b′ = b − W′ mean.
    #[must_use]
    pub fn fold_into(&self, mut model: LinearModel<T>) -> LinearModel<T> {
        let scores = model.scores().max(1);
        let (weights, bias) = model.parts_mut();
        for ((column, &mean), &scale) in weights.chunks_exact_mut(scores).zip(&self.mean).zip(&self.scale) {
            for (w, b) in column.iter_mut().zip(bias.iter_mut()) {
                *w *= scale;
                *b -= *w * mean;
            }
        }
        model
    }
}

/// Welford's update over all rows: no cancellation for features far from 0.
struct Welford<'a, T> {
    data: &'a Dataset<T>,
    mean: &'a mut [f64],
    square: &'a mut [f64],
}

impl<T: Real> Kernel for Welford<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for row in 0..self.data.len() {
            let count = (row + 1) as f64;
            for ((mean, square), &x) in self.mean.iter_mut().zip(&mut *self.square).zip(self.data.x(row)) {
                let x = x.to_f64();
                let before = x - *mean;
                *mean += before / count;
                *square += before * (x - *mean);
            }
        }
    }
}

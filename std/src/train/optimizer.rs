use perturb_core::Real;
use perturb_lanes::{Kernel, run};
use serde::{Deserialize, Serialize};

/// A rule that turns gradients into steps.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Optimizer {
    /// w −= rate·m with m = momentum·m + g.
    Sgd {
        /// The momentum in \[0, 1); 0 is plain gradient descent.
        momentum: f64,
    },
    /// Adam (Kingma and Ba 2015): w −= rate·m̂/(√v̂ + 10⁻⁸), moments decayed by 0.9 and 0.999.
    Adam,
}

const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
const STABILIZER: f64 = 1e-8;

/// An optimizer's memory of one vector of parameters.
#[derive(Clone, Debug)]
pub(crate) struct State<T> {
    rule: Optimizer,
    first: Vec<T>,
    second: Vec<T>,
    powers: (f64, f64),
}

/// The memory of an optimizer, of f64, which holds numbers of either type exactly: momentum or Adam's first moments, Adam's
/// second moments, and the powers of their decay.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Moments {
    /// Momentum, or Adam's first moments; empty without either.
    pub first: Vec<f64>,
    /// Adam's second moments.
    pub second: Vec<f64>,
    /// 0.9 and 0.999 to the power of the steps done.
    pub powers: (f64, f64),
}

impl<T: Real> State<T> {
    pub(crate) fn moments(&self) -> Moments {
        let widened = |numbers: &[T]| numbers.iter().map(|x| x.to_f64()).collect();
        Moments { first: widened(&self.first), second: widened(&self.second), powers: self.powers }
    }

    /// Takes up `moments`, or says how many there should be, and are.
    pub(crate) fn restore(&mut self, moments: &Moments) -> Result<(), (usize, usize)> {
        let pairs = [(&mut self.first, &moments.first), (&mut self.second, &moments.second)];
        if let Some((own, found)) = pairs.iter().find(|(own, found)| own.len() != found.len()) {
            return Err((own.len(), found.len()));
        }
        for (own, found) in pairs {
            for (own, &found) in own.iter_mut().zip(found) {
                *own = T::from_f64(found);
            }
        }
        self.powers = moments.powers;
        Ok(())
    }

    pub(crate) fn new(rule: Optimizer, parameters: usize) -> Self {
        let (first, second) = match rule {
            Optimizer::Sgd { momentum: 0.0 } => (0, 0),
            Optimizer::Sgd { .. } => (parameters, 0),
            Optimizer::Adam => (parameters, parameters),
        };
        Self { rule, first: vec![T::ZERO; first], second: vec![T::ZERO; second], powers: (1.0, 1.0) }
    }

    /// Takes a step along `gradient`.
    pub(crate) fn step(&mut self, parameters: &mut [T], gradient: &[T], rate: f64) {
        match self.rule {
            Optimizer::Sgd { momentum: 0.0 } => {
                run(Descent { parameters, gradient, rate: T::from_f64(rate) });
            }
            Optimizer::Sgd { momentum } => run(Momentum {
                parameters,
                gradient,
                moments: &mut self.first,
                rate: T::from_f64(rate),
                decay: T::from_f64(momentum),
            }),
            Optimizer::Adam => {
                self.powers = (self.powers.0 * BETA_1, self.powers.1 * BETA_2);
                run(Adam {
                    parameters,
                    gradient,
                    first: &mut self.first,
                    second: &mut self.second,
                    rate: T::from_f64(rate / (1.0 - self.powers.0)),
                    correction: T::from_f64(1.0 / (1.0 - self.powers.1)),
                });
            }
        }
    }
}

struct Descent<'a, T> {
    parameters: &'a mut [T],
    gradient: &'a [T],
    rate: T,
}

impl<T: Real> Kernel for Descent<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for (w, &g) in self.parameters.iter_mut().zip(self.gradient) {
            *w -= self.rate * g;
        }
    }
}

struct Momentum<'a, T> {
    parameters: &'a mut [T],
    gradient: &'a [T],
    moments: &'a mut [T],
    rate: T,
    decay: T,
}

impl<T: Real> Kernel for Momentum<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for ((w, &g), m) in self.parameters.iter_mut().zip(self.gradient).zip(self.moments) {
            *m = self.decay * *m + g;
            *w -= self.rate * *m;
        }
    }
}

struct Adam<'a, T> {
    parameters: &'a mut [T],
    gradient: &'a [T],
    first: &'a mut [T],
    second: &'a mut [T],
    rate: T,
    correction: T,
}

impl<T: Real> Kernel for Adam<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let (b1, b2) = (T::from_f64(BETA_1), T::from_f64(BETA_2));
        let (c1, c2) = (T::from_f64(1.0 - BETA_1), T::from_f64(1.0 - BETA_2));
        let stabilizer = T::from_f64(STABILIZER);
        let moments = self.first.iter_mut().zip(self.second);
        for ((w, &g), (m, v)) in self.parameters.iter_mut().zip(self.gradient).zip(moments) {
            *m = b1 * *m + c1 * g;
            *v = b2 * *v + c2 * g * g;
            *w -= self.rate * *m / ((*v * self.correction).sqrt() + stabilizer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Optimizer, State};

    /// The first step of Adam is the rate in the direction of −sign g, whatever the gradient's size.
    #[test]
    fn adam_starts_with_unit_steps() {
        let mut w = [0.0f64; 3];
        State::new(Optimizer::Adam, 3).step(&mut w, &[1e-3, -5.0, 2.0], 0.1);
        for (w, want) in w.into_iter().zip([-0.1, 0.1, -0.1]) {
            assert!((w - want).abs() < 1e-5, "{w} {want}");
        }
    }

    #[test]
    fn momentum_accumulates() {
        let mut w = [0.0f64];
        let mut state = State::new(Optimizer::Sgd { momentum: 0.5 }, 1);
        state.step(&mut w, &[1.0], 1.0);
        state.step(&mut w, &[1.0], 1.0);
        assert_eq!(w, [-2.5]);
    }
}

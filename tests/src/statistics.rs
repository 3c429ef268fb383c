//! Standard errors, distances between distributions and numerical integration, independent of the core.

use std::vec::Vec;

use perturb_core::quantity::{Closed, Draw, Form, Needs};
use perturb_core::{ClosedForm, Error, MonteCarlo, Noise, Oracle, Perturbed, Quantity, Real, Shape};

/// Standard errors that a mean may be off: two-sided 6.8·10⁻⁶ for one comparison of normal means.
pub const Z: f64 = 4.5;

/// A quantity that sums the terms of `Q` and their squares, for standard errors.
#[derive(Clone, Copy, Debug)]
pub struct Spread<Q>(pub Q);

impl<T: Real, N: Noise<T>, S: Shape, Q: Quantity<T, N, S>> Quantity<T, N, S> for Spread<Q> {
    /// The current term, the sum of terms, the sum of squares.
    type Form = (Q::Form, Q::Form, Q::Form);
    type Output = (Q::Output, Q::Output, Q::Output);
    // Not of decisions, and not in groups, whatever Q is.
    const NEEDS: Needs = Q::NEEDS.and(Q::NEEDS);
    const RESULT: &'static str = Q::RESULT;

    fn check(&self, noise: &N, dim: usize) -> Result<(), Error> {
        self.0.check(noise, dim)
    }
    fn add(&self, noise: &N, draw: &Draw<'_, T>, (term, sum, squares): &mut Self::Output) {
        Q::Form::clear(term);
        self.0.add(noise, draw, term);
        for ((term, sum), squares) in
            Q::Form::parts(term).zip(Q::Form::parts(sum)).zip(Q::Form::parts(squares))
        {
            for ((&mut term, sum), square) in term.iter_mut().zip(sum).zip(squares) {
                *sum += term;
                *square += term * term;
            }
        }
    }
    fn exact<O>(
        &self,
        form: &mut Closed<'_, O, N, T>,
        (_, sum, squares): &mut Self::Output,
    ) -> Result<(), Error>
    where
        O: ClosedForm<T, N, Shape = S>,
    {
        // A constant and its square.
        self.0.exact(form, sum)?;
        for (sum, squares) in Q::Form::parts(sum).zip(Q::Form::parts(squares)) {
            for (&mut sum, square) in sum.iter_mut().zip(squares) {
                *square = sum * sum;
            }
        }
        Ok(())
    }
}

/// A mean of samples and its standard error.
#[derive(Clone, Copy, Debug)]
pub struct Mean {
    /// The mean.
    pub mean: f64,
    /// The standard error, estimated from the same samples.
    pub error: f64,
    /// M.
    pub samples: f64,
}

impl Mean {
    /// From Σx and Σx² over `samples` samples.
    pub fn of_sums(sum: f64, squares: f64, samples: f64) -> Self {
        Self::of_means(sum / samples, squares / samples, samples)
    }
    /// From E\[x\] and E\[x²\].
    pub fn of_means(mean: f64, square: f64, samples: f64) -> Self {
        Self { mean, error: ((square - mean * mean).max(0.0) / (samples - 1.0)).sqrt(), samples }
    }
    /// From the samples.
    pub fn of(samples: impl IntoIterator<Item = f64>) -> Self {
        let (mut n, mut sum, mut squares) = (0.0, 0.0, 0.0);
        for x in samples {
            n += 1.0;
            sum += x;
            squares += x * x;
        }
        Self::of_sums(sum, squares, n)
    }
    /// Asserts that the mean lies within [`Z`] standard errors of `want`.
    ///
    /// Where an event is too rare for a normal mean, the bound of the empirical Bernstein inequality (Maurer
    /// and Pontil 2009) for terms of size `range` holds instead: (7/3)·ln(1/δ)·range/M with ln(1/δ) = Z²/2.
    /// The last term is the rounding of a sum in a type of resolution `epsilon`.
    #[track_caller]
    pub fn assert_near(self, want: f64, range: f64, epsilon: f64, what: impl core::fmt::Display) {
        let statistical = (Z * self.error).max(7.0 / 6.0 * Z * Z * range / self.samples);
        let rounding = 32.0 * epsilon * want.abs().max(1.0);
        let off = (self.mean - want).abs();
        assert!(
            off <= statistical + rounding,
            "{what}: {} is {:.2} standard errors of {:e} from {want} (M = {}, Z = {Z})",
            self.mean,
            off / self.error,
            self.error,
            self.samples
        );
    }
}

/// The mean of each number of `quantity`, with its standard error.
pub fn spread<T: Real, N: Noise<T>, O: Oracle<T>, Q: Quantity<T, N, O::Shape>>(
    layer: &Perturbed<O, N, T>,
    theta: &[T],
    quantity: Q,
    how: MonteCarlo,
) -> Vec<Mean> {
    let quantity = Spread(quantity);
    let (_, mut mean, mut squares) = layer.compute(theta, &quantity, how).expect("a valid problem");
    let (mut means, mut second) = (Vec::new(), Vec::new());
    Q::Form::parts(&mut mean).for_each(|part| means.extend(part.iter().map(|x| x.to_f64())));
    Q::Form::parts(&mut squares).for_each(|part| second.extend(part.iter().map(|x| x.to_f64())));
    let pairs = means.into_iter().zip(second);
    pairs.map(|(mean, square)| Mean::of_means(mean, square, f64::from(how.samples))).collect()
}

/// sup |F_n − F|, the Kolmogorov–Smirnov distance between samples and a distribution function. Sorts.
pub fn kolmogorov_smirnov(samples: &mut [f64], cdf: impl Fn(f64) -> f64) -> f64 {
    samples.sort_unstable_by(f64::total_cmp);
    let n = samples.len() as f64;
    let mut distance = 0.0f64;
    for (i, &x) in samples.iter().enumerate() {
        let (below, here, above) = (i as f64 / n, cdf(x), (i + 1) as f64 / n);
        distance = distance.max(here - below).max(above - here);
    }
    distance
}

/// ∫ f over \[low, high\] by Simpson's rule with `panels` panels.
pub fn integrate(low: f64, high: f64, panels: usize, f: impl Fn(f64) -> f64) -> f64 {
    let h = (high - low) / panels as f64;
    let mut sum = 0.0;
    for i in 0..panels {
        let x = low + i as f64 * h;
        sum += f(x) + 4.0 * f(x + 0.5 * h) + f(x + h);
    }
    sum * h / 6.0
}

/// f′(x) by the central difference of fourth order with step `h`.
pub fn slope(x: f64, h: f64, f: impl Fn(f64) -> f64) -> f64 {
    (8.0 * (f(x + h) - f(x - h)) - (f(x + 2.0 * h) - f(x - 2.0 * h))) / (12.0 * h)
}

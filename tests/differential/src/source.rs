//! Random instances: sizes, picks, and scores of the kinds that break solvers.

use perturb::{Real, Seed, noise::Stream};

/// A stream of choices, a function of its seed and number.
#[derive(Debug)]
pub struct Source(Stream);

impl Source {
    /// Instance `number` of `seed`.
    #[must_use]
    pub fn new(seed: Seed, number: u64) -> Self {
        Self(seed.stream(number))
    }
    /// Uniform in (0, 1).
    pub fn unit(&mut self) -> f64 {
        f64::uniform(&mut self.0)
    }
    /// Uniform in (low, high).
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }
    /// A whole number from `low` to `high`.
    pub fn whole(&mut self, low: usize, high: usize) -> usize {
        low + ((self.unit() * (high - low + 1) as f64) as usize).min(high - low)
    }
    /// One of these.
    pub fn pick<X: Copy>(&mut self, of: &[X]) -> X {
        of[self.whole(0, of.len() - 1)]
    }
    /// A random order.
    pub fn shuffle<X>(&mut self, list: &mut [X]) {
        for i in (1..list.len()).rev() {
            list.swap(i, self.whole(0, i));
        }
    }

    /// Scores whose sums are exact in `T`, so that ties are exact, too: quarters, a few values again and again, one value, or
    /// hundreds of quarters; both zeros among them.
    pub fn exact(&mut self, dim: usize) -> Vec<f64> {
        let texture = self.whole(0, 3);
        let level = self.whole(0, 8) as f64 / 4.0 - 1.0;
        let score = |source: &mut Self| match texture {
            0 => (source.whole(0, 16) as f64 - 8.0) / 4.0,
            1 => source.pick(&[-1.0, -0.0, 0.0, 0.25, 1.0]),
            2 => level,
            _ => (source.whole(0, 800) as f64 - 400.0) / 4.0,
        };
        let scores = (0..dim).map(|_| {
            let score = score(self);
            if score == 0.0 { self.pick(&[0.0, -0.0]) } else { score }
        });
        scores.collect()
    }

    /// The same times a power of two: 1, large, small, or so small that all are subnormal.
    pub fn scaled<T: Real>(&mut self, dim: usize) -> Vec<f64> {
        let exponents = if T::NAME == "f32" { [0, 100, -100, -147] } else { [0, 900, -900, -1072] };
        let exponent = if self.unit() < 0.5 { 0 } else { self.pick(&exponents) };
        // In two steps: 2^−1072 alone is subnormal, and so is its product with 100.
        let half = 2f64.powi(exponent / 2);
        let rest = 2f64.powi(exponent - exponent / 2);
        self.exact(dim).into_iter().map(|score| score * half * rest).collect()
    }

    /// Scores that only comparisons treat exactly: any numbers, neighbours of 1, and the largest and smallest of `T`.
    pub fn any<T: Real>(&mut self, dim: usize) -> Vec<f64> {
        let epsilon = T::EPSILON.to_f64();
        let (largest, normal, least) = if T::NAME == "f32" {
            (f64::from(f32::MAX), f64::from(f32::MIN_POSITIVE), f64::from(f32::from_bits(1)))
        } else {
            (f64::MAX, f64::MIN_POSITIVE, f64::from_bits(1))
        };
        let special = [1.0, 1.0 + epsilon, 1.0 - epsilon / 2.0, largest / 1e12, normal, least, 0.0, 1e6];
        let share = self.pick(&[0.0, 0.3, 1.0]);
        let scores = (0..dim).map(|_| {
            let score =
                if self.unit() < share { self.pick(&special) } else { 4.0 * self.unit() * self.unit() };
            let sign = self.pick(&[-1.0, 1.0]);
            T::from_f64(sign * score).to_f64()
        });
        scores.collect()
    }
}

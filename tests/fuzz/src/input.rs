//! Structured inputs out of bytes.

use std::fmt::Debug;

use arbitrary::{Arbitrary, Unstructured};
use perturb::{MonteCarlo, Real, Seed};

/// Bytes as a source of choices. Where they end, everything is 0.
#[derive(Debug)]
pub struct Input<'a>(Unstructured<'a>);

impl<'a> Input<'a> {
    /// Reads `bytes` from their beginning.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(Unstructured::new(bytes))
    }

    /// The next value of a type.
    pub fn any<A: Arbitrary<'a> + Default>(&mut self) -> A {
        self.0.arbitrary().unwrap_or_default()
    }

    /// A number from `least` to `most`, out of one byte.
    pub fn size(&mut self, least: usize, most: usize) -> usize {
        least + usize::from(self.any::<u8>()) % (most - least + 1)
    }

    /// One of some values.
    pub fn one_of<C: Copy + Debug>(&mut self, choices: &[C]) -> C {
        choices[self.size(0, choices.len() - 1)]
    }

    /// A multiple of 1/8 from −16 to 15⅞: sums are exact, and ties frequent.
    fn plain<T: Real>(&mut self) -> T {
        T::from_f64(f64::from(self.any::<i8>()) / 8.0)
    }

    /// A number of any size, at times one at the end of a range, at times none that is finite.
    pub fn wild<T: Real>(&mut self) -> T {
        const ENDS: [f64; 14] = [
            0.0,
            -0.0,
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::MAX,
            f64::MIN,
            f64::MIN_POSITIVE,
            5e-324,
            f32::MAX as f64,
            f32::MIN as f64,
            f32::MIN_POSITIVE as f64,
            1e-45,
            f64::EPSILON,
        ];
        T::from_f64(match self.any::<u8>() % 8 {
            0 => self.one_of(&ENDS),
            1 => f64::from(f32::from_bits(self.any())),
            2 => f64::from_bits(self.any()),
            // ± a power of two within the range of f32, or of f64.
            3 => self.sign() * f64::from(self.any::<i8>()).exp2(),
            4 => self.sign() * f64::from(self.any::<i16>() % 1075).exp2(),
            5 => self.sign() * (1.0 + f64::from(self.any::<u16>()) * f64::EPSILON),
            _ => return self.plain(),
        })
    }

    fn sign(&mut self) -> f64 {
        if self.any() { 1.0 } else { -1.0 }
    }

    /// Numbers of one kind: plain ones, wild ones, powers of two times plain ones, a mixture, or plain ones of which some are −∞.
    pub fn numbers<T: Real>(&mut self, count: usize) -> Vec<T> {
        let kind = self.any::<u8>() % 8;
        let scale = match kind {
            4 => T::from_f64(f64::from(self.any::<i8>()).exp2()),
            5 => T::from_f64(f64::from(self.any::<i16>() % 1075).exp2()),
            _ => T::ONE,
        };
        let mut number = || match kind {
            6 => self.wild(),
            7 if self.any::<u8>() < 32 => self.wild(),
            3 if self.any::<u8>() < 64 => T::NEG_INFINITY,
            _ => self.plain::<T>() * scale,
        };
        (0..count).map(|_| number()).collect()
    }

    /// As many numbers as a problem has entries, seldom one more or less.
    pub fn vector<T: Real>(&mut self, dim: usize) -> Vec<T> {
        let count = match self.any::<u8>() {
            254 => dim.saturating_sub(1),
            255 => dim + 1,
            _ => dim,
        };
        self.numbers(count)
    }

    /// A temperature, step or rate: mostly an ordinary one.
    pub fn positive<T: Real>(&mut self) -> T {
        match self.any::<u8>() {
            tag @ 0..200 => T::from_f64(f64::from(tag + 1) / 32.0),
            200..240 => T::from_f64(f64::from(self.any::<i8>()).exp2()),
            _ => self.wild(),
        }
    }

    /// Few samples, more than one group of lanes, or more than one block, with every kind of variance reduction.
    pub fn monte_carlo(&mut self) -> MonteCarlo {
        let samples = match self.any::<u8>() {
            tag @ 0..64 => u32::from(tag % 4),
            tag @ 64..240 => u32::from(tag % 32),
            tag => 64 + u32::from(tag % 8),
        };
        let seed = Seed(self.any());
        let how = match self.any::<u8>() % 3 {
            0 => MonteCarlo::plain(samples, seed),
            1 => MonteCarlo::new(samples, seed),
            _ => MonteCarlo::new(samples, seed).leave_one_out(),
        };
        match self.any::<u8>() % 4 {
            0 => how.antithetic(),
            1 => how.quasi_random(),
            _ => how,
        }
    }

    /// What is left.
    pub fn rest(self) -> &'a [u8] {
        self.0.take_rest()
    }
}

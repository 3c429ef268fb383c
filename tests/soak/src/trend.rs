//! Whether a series is the same at its end as at its beginning.

use std::fmt;

/// The mean of some observations, and its standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mean {
    /// The mean.
    pub mean: f64,
    /// Its standard error, for independent observations.
    pub error: f64,
}

impl Mean {
    /// Of at least two observations; NaN for fewer.
    pub fn of(observations: &[f64]) -> Self {
        let count = observations.len() as f64;
        let mean = observations.iter().sum::<f64>() / count;
        let squares: f64 = observations.iter().map(|x| (x - mean).powi(2)).sum();
        Self { mean, error: (squares / (count - 1.0) / count).sqrt() }
    }

    /// Whether this mean lies above `earlier` by more than five standard errors of their difference, or is none.
    pub fn is_above(self, earlier: Self) -> bool {
        let error = self.error.hypot(earlier.error);
        let above = self.mean - earlier.mean > 5.0 * error;
        above || self.mean.is_nan() || error.is_nan()
    }
}

impl fmt::Display for Mean {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.5} ± {:.5}", self.mean, self.error)
    }
}

/// The least and the most of a number in each third of a run: what is held for a while and given back, as by threads that tidy
/// up later, is no growth, and a growth shows in the least.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thirds {
    least: [u64; 3],
    most: [u64; 3],
}

impl Default for Thirds {
    fn default() -> Self {
        Self { least: [u64::MAX; 3], most: [0; 3] }
    }
}

impl Thirds {
    /// Takes up a number, seen after the part `progress` of the run, from 0 to 1.
    pub fn see(&mut self, progress: f64, number: u64) {
        let third = ((3.0 * progress) as usize).min(2);
        self.least[third] = self.least[third].min(number);
        self.most[third] = self.most[third].max(number);
    }

    /// Whether the least of the last third is above that of the first by more than `allowance`. A third in which nothing was
    /// seen counts as growth.
    pub fn grows(&self, allowance: u64) -> bool {
        self.least.contains(&u64::MAX) || self.least[2] > self.least[0].saturating_add(allowance)
    }
}

impl fmt::Display for Thirds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, _, last] = std::array::from_fn(|third| (self.least[third], self.most[third]));
        write!(f, "first {} to {}, last {} to {}", first.0, first.1, last.0, last.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_have_standard_errors() {
        let mean = Mean::of(&[1.0, 2.0, 3.0, 4.0]);
        assert_eq!((mean.mean, mean.error), (2.5, (5.0f64 / 3.0 / 4.0).sqrt()));
        let later = |mean| Mean { mean, error: 0.1 };
        let earlier = Mean { mean: 1.0, error: 0.1 };
        assert!(!later(1.7).is_above(earlier) && later(1.71).is_above(earlier));
        assert!(!later(0.0).is_above(earlier));
        assert!(later(f64::NAN).is_above(earlier) && earlier.is_above(Mean::of(&[])));
    }

    #[test]
    fn growth_is_seen_through_fluctuation() {
        let grows = |series: &[u64], allowance| {
            let mut thirds = Thirds::default();
            for (i, &number) in series.iter().enumerate() {
                thirds.see(i as f64 / series.len() as f64, number);
            }
            thirds.grows(allowance)
        };
        let steady = [5, 9, 5, 7, 9, 5, 8, 5, 9];
        assert!(!grows(&steady, 0));
        let leak: Vec<_> = steady.iter().zip(0..).map(|(number, i)| number + i).collect();
        assert!(grows(&leak, 0) && grows(&leak, 6) && !grows(&leak, 7));
        assert!(grows(&[1, 1], 0));
    }
}

/// How the learning rate changes over a run, as a factor on the base rate.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Schedule {
    /// 1 throughout.
    #[default]
    Constant,
    /// 1 − t, from the base rate to 0 at the end of the run (t = 1).
    Linear,
    /// (1 + cos πt)/2.
    Cosine,
    /// `factor` to the power of the number of `milestones` passed, each a share of the run.
    Steps {
        /// Shares of the run in (0, 1); unused ones are 1.
        milestones: [f64; 2],
        /// The factor at each milestone.
        factor: f64,
    },
}

impl Schedule {
    /// The factor after the share `t` in \[0, 1\] of the run's steps.
    #[must_use]
    pub fn factor(self, t: f64) -> f64 {
        match self {
            Self::Constant => 1.0,
            Self::Linear => 1.0 - t,
            Self::Cosine => 0.5 * (1.0 + libm::cos(std::f64::consts::PI * t)),
            Self::Steps { milestones, factor } => milestones
                .iter()
                .filter(|&&milestone| milestone <= t)
                .fold(1.0, |product, _| product * factor),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Schedule;

    #[test]
    fn factors() {
        let steps = Schedule::Steps { milestones: [0.6, 0.8], factor: 0.1 };
        assert_eq!([0.0, 0.59].map(|t| steps.factor(t)), [1.0, 1.0]);
        assert!((steps.factor(0.9) - 0.01).abs() < 1e-15);
        assert_eq!(Schedule::Linear.factor(0.25), 0.75);
        assert!((Schedule::Cosine.factor(0.5) - 0.5).abs() < 1e-15);
    }
}

//! When a deviation is a fault: one stated probability of a false alarm for all comparisons of a run.
//!
//! With N comparisons each gets the share α/(2N) (Bonferroni), by the first of these laws that applies:
//!
//! - *binomial*, exact: the mean of a decision in {0, 1} over independent samples;
//! - *Student*: (estimate − exact)/(standard error) with units − 1 degrees of freedom, and t widened by γ(t² − 1)/(6√n) for
//!   the skewness γ of n independent means (the first term of Cornish and Fisher's expansion);
//! - *Bernstein*, where that widening exceeds [`TRUSTED`], as for rare decisions: the empirical bound of Maurer and Pontil
//!   (2009), which holds for all laws on an interval of the length given.
//!
//! A standard error that is too large would hide faults. So the sum of z² over comparisons of which no two share noise, one of
//! each estimate, must lie between two quantiles of χ², for every estimator, variant, noise and type; G such groups share
//! α/2.

use std::collections::BTreeMap;
use std::fmt;

use statrs::distribution::{ChiSquared, ContinuousCDF, StudentsT};
use statrs::function::gamma::ln_gamma;

/// The probability of a false alarm in a run.
pub const ALPHA: f64 = 1e-3;

/// Most by which skewness may widen t before the normal law is given up.
pub const TRUSTED: f64 = 1.0;

/// A mean of a decision in {0, 1}: how often it was 1 among so many.
#[derive(Clone, Copy, Debug)]
pub struct Count {
    /// How often.
    pub ones: u64,
    /// Among.
    pub of: u64,
}

/// An estimate beside its exact value.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The layer, the variant and the entry.
    pub what: String,
    /// The groups whose z² it may enter.
    pub groups: [&'static str; 4],
    /// Comparisons of one estimate share their noise.
    pub estimate: usize,
    /// The mean.
    pub found: f64,
    /// What it should be.
    pub exact: f64,
    /// Its standard error.
    pub error: f64,
    /// From so many independent units.
    pub units: f64,
    /// At most the skewness of the mean of all: that of one unit over √units.
    pub skewness: f64,
    /// No two units differ by more.
    pub range: f64,
    /// What rounding may add.
    pub rounding: f64,
    /// If it is a share.
    pub count: Option<Count>,
}

/// What decided on a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Constant,
    Binomial,
    Student,
    Bernstein,
}

/// The judgement on a run.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// N.
    pub comparisons: usize,
    /// Of these, without any variance but that of rounding.
    pub constant: usize,
    /// By the binomial law.
    pub binomial: usize,
    /// By Student's.
    pub student: usize,
    /// By Bernstein's bound.
    pub bernstein: usize,
    /// α/(2N).
    pub level: f64,
    /// The normal quantile that a Student comparison of many units without skewness may reach.
    pub threshold: f64,
    /// The largest |z| by Student's law.
    pub largest: f64,
    /// Name, count, mean z², and the bounds it must keep.
    pub groups: Vec<(String, usize, f64, f64, f64)>,
    /// What went wrong.
    pub faults: Vec<String>,
}

/// The two-sided quantile of Student's law at `level`, by bisection of its tail.
#[must_use]
pub fn student(units: f64, level: f64) -> f64 {
    let law = StudentsT::new(0.0, 1.0, units - 1.0).expect("two units");
    let (mut low, mut high) = (0.0, 1e4);
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        if 2.0 * law.sf(middle) > level { low = middle } else { high = middle }
    }
    high
}

/// min(1, 2·min(P(X ≤ k), P(X ≥ k))) for X binomial: tails are summed from k on, term by term.
#[must_use]
pub fn binomial(Count { ones, of }: Count, p: f64) -> f64 {
    let p = p.clamp(0.0, 1.0);
    if p == 0.0 || p == 1.0 {
        return if (ones as f64) == p * of as f64 { 1.0 } else { 0.0 };
    }
    let (k, n) = (ones as f64, of as f64);
    let choose = ln_gamma(n + 1.0) - ln_gamma(k + 1.0) - ln_gamma(n - k + 1.0);
    let here = (choose + k * p.ln() + (n - k) * (-p).ln_1p()).exp();
    let tail = |step: f64, odds: f64| {
        let (mut term, mut sum, mut at) = (here, here, k);
        loop {
            // P(at ± 1)/P(at).
            term *= if step > 0.0 { (n - at) / (at + 1.0) } else { at / (n - at + 1.0) } * odds;
            at += step;
            if term <= 1e-17 * sum || !(0.0..=n).contains(&at) {
                return sum;
            }
            sum += term;
        }
    };
    let odds = p / (1.0 - p);
    // Only the smaller tail is summed: from beyond the mean outwards.
    let smaller = if k > n * p { tail(1.0, odds) } else { tail(-1.0, 1.0 / odds) };
    (2.0 * smaller).min(1.0)
}

impl Comparison {
    /// |estimate − exact| beyond what rounding may do.
    fn off(&self) -> f64 {
        ((self.found - self.exact).abs() - self.rounding).max(0.0)
    }

    fn by(&self, t: f64) -> By {
        if self.count.is_some() {
            By::Binomial
        } else if self.error <= self.rounding && self.off() == 0.0 {
            By::Constant
        } else if self.error > 0.0 && (self.widening(t) <= TRUSTED || self.range.is_infinite()) {
            By::Student
        } else {
            By::Bernstein
        }
    }
    fn widening(&self, t: f64) -> f64 {
        self.skewness * (t * t - 1.0) / 6.0
    }
    /// Maurer and Pontil's Theorem 4 on both sides.
    fn bernstein(&self, level: f64) -> f64 {
        let log = (4.0 / level).ln();
        (2.0 * log).sqrt() * self.error + 7.0 * log * self.range / (3.0 * (self.units - 1.0))
    }

    /// Why it is a fault at `level`, if it is one; `t` is Student's quantile.
    fn fault(&self, level: f64, t: f64) -> Option<String> {
        let bad = match self.by(t) {
            By::Constant => None,
            By::Binomial => {
                let p = self.count.map_or(1.0, |count| binomial(count, self.exact));
                (p < level).then(|| format!("has probability {p:.1e}"))
            }
            By::Student => {
                let (z, most) = (self.off() / self.error, t + self.widening(t));
                (z > most).then(|| format!("is {z:.2} standard errors off, of {most:.2}"))
            }
            By::Bernstein => {
                let most = self.bernstein(level);
                (self.off() > most).then(|| format!("is {:.2e} off, of {most:.2e}", self.off()))
            }
        };
        bad.map(|bad| {
            format!("{}: {:e} ± {:.1e}, not {:e}, {bad}", self.what, self.found, self.error, self.exact)
        })
    }
}

/// Judges a run as a whole.
#[must_use]
pub fn judge(comparisons: &[Comparison]) -> Verdict {
    judge_among(comparisons, comparisons.len())
}

/// Judges some of `count` comparisons, as if with the others.
#[must_use]
pub fn judge_among(comparisons: &[Comparison], count: usize) -> Verdict {
    let level = ALPHA / 2.0 / count.max(1) as f64;
    let mut verdict = Verdict {
        comparisons: comparisons.len(),
        level,
        threshold: student(1e9, level),
        ..Verdict::default()
    };
    let mut quantiles = BTreeMap::new();
    // Of each group and estimate, one z², whichever comes at a place that the estimate's number decides.
    let mut groups: BTreeMap<&str, BTreeMap<usize, Vec<f64>>> = BTreeMap::new();
    for comparison in comparisons {
        let units = comparison.units;
        let t = *quantiles.entry(units as u64).or_insert_with(|| student(units.max(2.0), level));
        verdict.faults.extend(comparison.fault(level, t));
        match comparison.by(t) {
            By::Constant => verdict.constant += 1,
            By::Binomial => verdict.binomial += 1,
            By::Bernstein => verdict.bernstein += 1,
            By::Student => {
                verdict.student += 1;
                let z = (comparison.found - comparison.exact) / comparison.error;
                verdict.largest = verdict.largest.max(z.abs());
                // Student's z² has the mean (n − 1)/(n − 3).
                let square = z * z * (units - 3.0) / (units - 1.0);
                for group in comparison.groups {
                    groups.entry(group).or_default().entry(comparison.estimate).or_default().push(square);
                }
            }
        }
    }
    let share = ALPHA / 2.0 / groups.len().max(1) as f64;
    for (name, estimates) in groups {
        let squares = estimates.iter().map(|(estimate, squares)| squares[estimate / 2 % squares.len()]);
        let (count, sum) = (estimates.len() as f64, squares.sum::<f64>());
        let law = ChiSquared::new(count).expect("a count");
        let bound = |p: f64| law.inverse_cdf(p) / count;
        let (low, high, mean) = (bound(share / 2.0), bound(1.0 - share / 2.0), sum / count);
        if mean < low || mean > high {
            verdict
                .faults
                .push(format!("{name}: mean z² {mean:.3} of {count}, not within {low:.3} and {high:.3}"));
        }
        verdict.groups.push((name.to_owned(), estimates.len(), mean, low, high));
    }
    verdict
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "N = {} comparisons: {} by Student's law, {} by the binomial, {} by Bernstein's bound, {} without variance",
            self.comparisons, self.student, self.binomial, self.bernstein, self.constant
        )?;
        writeln!(
            f,
            "family-wise error {ALPHA:e}: {:.2e} a comparison, |z| ≤ {:.2} and more for few or skew units; largest {:.2}",
            self.level, self.threshold, self.largest
        )?;
        writeln!(f, "\n| group | estimates | mean z² | least | most |\n|---|---|---|---|---|")?;
        for (name, count, mean, low, high) in &self.groups {
            writeln!(f, "| {name} | {count} | {mean:.3} | {low:.3} | {high:.3} |")?;
        }
        Ok(())
    }
}

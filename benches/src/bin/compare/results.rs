//! What was measured of whom.

use std::collections::BTreeMap;
use std::fmt;

use perturb_benches::markdown::counted;
use perturb_benches::record::Record;
use perturb_benches::timing::{largest, least, median};

/// The library's name in results.
pub(crate) const OURS: &str = "perturb";
/// The variant of a peer that draws the decisions from their distribution, without noise or solver.
const SHORTCUT: &str = "shortcut";

/// One who computes a workload in one way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Contender {
    pub(crate) workload: &'static str,
    pub(crate) who: String,
    pub(crate) variant: String,
    pub(crate) threads: usize,
}

impl Contender {
    pub(crate) fn is_shortcut(&self) -> bool {
        self.variant == SHORTCUT
    }
}

impl fmt::Display for Contender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.who)?;
        if self.variant != "default" {
            write!(f, " {}", self.variant)?;
        }
        write!(f, ", {}", counted(self.threads, "thread"))
    }
}

/// The rounds of one contender, in nanoseconds per perturbed solve.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rounds {
    /// The median of each round.
    medians: Vec<f64>,
    /// The least of all repetitions of each round.
    least: Vec<f64>,
    largest: Vec<f64>,
}

impl Rounds {
    pub(crate) fn median(&self) -> f64 {
        median(&self.medians)
    }
    pub(crate) fn least(&self) -> f64 {
        least(&self.least)
    }
    pub(crate) fn largest(&self) -> f64 {
        largest(&self.largest)
    }
    pub(crate) fn count(&self) -> usize {
        self.medians.len()
    }
}

/// All that was measured.
#[derive(Clone, Debug, Default)]
pub(crate) struct Results(BTreeMap<Contender, Rounds>);

impl Results {
    pub(crate) fn add(&mut self, contender: Contender, record: &Record) {
        let solves = record.seconds_per_call * 1e9 / record.ns_per_solve;
        let rounds = self.0.entry(contender).or_default();
        rounds.medians.push(record.ns_per_solve);
        rounds.least.push(record.min_s * 1e9 / solves);
        rounds.largest.push(record.max_s * 1e9 / solves);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Contender, &Rounds)> {
        self.0.iter()
    }

    /// The library's nanoseconds; NaN where there are none.
    pub(crate) fn ours(&self, workload: &str, variant: &str, threads: usize) -> f64 {
        let mut found = self.0.iter().filter(|(contender, _)| {
            (contender.who.as_str(), contender.variant.as_str()) == (OURS, variant)
                && (contender.workload, contender.threads) == (workload, threads)
        });
        found.next().map_or(f64::NAN, |(_, rounds)| rounds.median())
    }

    /// The library's nanoseconds with the number of threads that suits it best.
    pub(crate) fn our_best(&self, workload: &str, variant: &str) -> f64 {
        let ours = self.0.iter().filter(|(contender, _)| {
            (contender.who.as_str(), contender.variant.as_str(), contender.workload)
                == (OURS, variant, workload)
        });
        ours.map(|(_, rounds)| rounds.median()).fold(f64::NAN, f64::min)
    }

    /// The fastest peer of those that draw noise and solve, or of those that take a shortcut; with so many threads, or with any.
    pub(crate) fn best_peer(
        &self,
        workload: &str,
        shortcut: bool,
        threads: Option<usize>,
    ) -> Option<(&Contender, f64)> {
        let peers = self.0.iter().filter(|(contender, _)| {
            contender.who != OURS
                && contender.workload == workload
                && contender.is_shortcut() == shortcut
                && threads.is_none_or(|threads| contender.threads == threads)
        });
        peers.map(|(contender, rounds)| (contender, rounds.median())).min_by(|(_, a), (_, b)| a.total_cmp(b))
    }

    /// Each peer at its best of all variants and threads, the fastest first, shortcuts apart.
    pub(crate) fn peers(&self, workload: &str) -> Vec<(&Contender, f64)> {
        let mut best: BTreeMap<&str, (&Contender, f64)> = BTreeMap::new();
        for (contender, rounds) in &self.0 {
            if contender.who == OURS || contender.workload != workload || contender.is_shortcut() {
                continue;
            }
            let found = (contender, rounds.median());
            let kept = best.entry(&contender.who).or_insert(found);
            if found.1 < kept.1 {
                *kept = found;
            }
        }
        let mut peers: Vec<_> = best.into_values().collect();
        peers.sort_by(|(_, a), (_, b)| a.total_cmp(b));
        peers
    }
}

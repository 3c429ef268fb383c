//! Decisions among options with features: θ = Φw, one vector of weights for all options.
//!
//! A [`Dataset`](crate::data::Dataset) has a row a decision among the same labels, each with weights of its own. Here a decision is
//! made among options, which differ from decision to decision and are known by their features: ways to travel, search results, roads,
//! bids. θ_e = ⟨w, φ_e⟩ is the score of option e, which is maximised.
//!
//! A [`Recipe`] says how the rows of a table become [`Decisions`]; [`inference`](crate::inference) estimates w with its uncertainty.
//!
//! # Decisions that are known in part
//!
//! Ties in a ranking, or one of several options that may have been picked, leave some decisions S that agree with what is known. They
//! are the vertices of a face of the polytope of all decisions, and that face is a product: fixed entries, and [`Part`]s that each
//! are a problem of the same kind. The loss is F_ε(θ) − F_ε^S(θ), with the gradient y_ε(θ) − y_ε^S(θ) (see
//! [`partial_label`](crate::loss::partial_label)), where F_ε^S(θ) = ⟨y_fixed, θ⟩ + Σ F_ε^part(θ_part). For a pick with Gumbel
//! noise it is −ε ln P(S).

mod baseline;
mod judge;
mod layers;
mod recipe;
mod stored;
mod structure;
mod targets;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::ops::Range;

pub use judge::Judgement;
use layers::Kind;
pub(crate) use layers::{Layer, Layers};
pub use recipe::{Recipe, Target, Utility};
use serde::{Deserialize, Serialize};
pub use structure::{Decide, Edges};

use crate::{AnyOracle, Oracle, OracleSpec};

/// A problem of its own on some entries of a decision: what is open of a decision that is known in part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// The entries, in increasing order.
    pub entries: Vec<usize>,
    /// What decides on them.
    pub oracle: OracleSpec,
}

/// n decisions among options with p features each.
///
/// They can be written down and read again, with serde, by the same version of this library.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "stored::Unchecked")]
pub struct Decisions {
    name: String,
    terms: Vec<String>,
    names: Vec<String>,
    /// The first entry of each decision, and the end of the last.
    starts: Vec<usize>,
    /// The row of the table of each entry.
    rows: Vec<Option<u32>>,
    features: Vec<f64>,
    /// Empty where it is not known what was decided.
    targets: Vec<f64>,
    /// Grades of the options, of rankings by grades.
    grades: Vec<f64>,
    /// What the options are worth, if that says what was decided.
    worth: Vec<f64>,
    parts: BTreeMap<usize, Vec<Part>>,
    #[serde(serialize_with = "stored::specs")]
    oracles: Vec<AnyOracle<f64>>,
    /// For each decision its oracle.
    kinds: Vec<u32>,
    #[serde(skip_serializing)]
    known: HashMap<String, u32>,
    weights: Vec<f64>,
    /// Empty where each decision stands alone.
    clusters: Vec<u32>,
    /// The alternative of each entry; empty where no column names them.
    alternatives: Vec<u32>,
    alternative_names: Vec<String>,
}

impl fmt::Debug for Decisions {
    /// Name and sizes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decisions")
            .field("name", &self.name)
            .field("decisions", &self.len())
            .field("options", &self.rows.len())
            .field("terms", &self.terms)
            .finish_non_exhaustive()
    }
}

/// Refuses options among which no decision can be made, where some are missing.
fn possible(oracle: &AnyOracle<f64>, entries: &[Option<usize>]) -> Result<(), perturb_core::Error> {
    if !oracle.properties().forbids {
        return Ok(());
    }
    let theta: Vec<f64> = entries.iter().map(|row| row.map_or(f64::NEG_INFINITY, |_| 0.0)).collect();
    let solved = oracle.solve(&theta, &mut vec![0.0; theta.len()], &mut oracle.work());
    solved.map(drop).map_err(|because| perturb_core::Error::Solver { sample: None, because })
}

impl Decisions {
    fn empty(name: String, terms: impl Iterator<Item = String>) -> Self {
        Self {
            name,
            terms: terms.collect(),
            names: Vec::new(),
            starts: vec![0],
            rows: Vec::new(),
            features: Vec::new(),
            targets: Vec::new(),
            grades: Vec::new(),
            worth: Vec::new(),
            parts: BTreeMap::new(),
            oracles: Vec::new(),
            kinds: Vec::new(),
            known: HashMap::new(),
            weights: Vec::new(),
            clusters: Vec::new(),
            alternatives: Vec::new(),
            alternative_names: Vec::new(),
        }
    }

    /// Another decision, without features and target. An error is one of its oracle, or says why no decision can be made.
    fn push(
        &mut self,
        name: String,
        oracle: &OracleSpec,
        entries: Vec<Option<usize>>,
    ) -> Result<(), perturb_core::Error> {
        let known = self.oracles.len();
        let kind = self.kind(oracle)?;
        let missing = entries.iter().any(Option::is_none);
        // Nothing at all can be packed, and a table of options by capacities would take long.
        let is_new = kind as usize == known && !matches!(oracle, OracleSpec::Knapsack { .. });
        if is_new || missing {
            possible(&self.oracles[kind as usize], &entries)?;
        }
        self.names.push(name);
        self.kinds.push(kind);
        self.rows.extend(entries.into_iter().map(|row| row.map(|row| row as u32)));
        self.starts.push(self.rows.len());
        self.weights.push(1.0);
        Ok(())
    }

    fn kind(&mut self, spec: &OracleSpec) -> Result<u32, perturb_core::Error> {
        let key = match spec {
            OracleSpec::Simplex { dim } => format!("pick {dim}"),
            OracleSpec::Ranking { reference } => format!("rank {}", reference.len()),
            other => format!("{other:?}"),
        };
        if let Some(&kind) = self.known.get(&key) {
            return Ok(kind);
        }
        let kind = self.oracles.len() as u32;
        self.oracles.push(AnyOracle::new(spec)?);
        self.known.insert(key, kind);
        Ok(kind)
    }

    /// The name of the data.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// The number of decisions n.
    pub fn len(&self) -> usize {
        self.kinds.len()
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }
    /// The number of options in all decisions, those that are missing from a rectangle included.
    pub fn options(&self) -> usize {
        self.rows.len()
    }
    /// The names of the p terms.
    pub fn terms(&self) -> &[String] {
        &self.terms
    }
    /// The name of a decision.
    pub fn decision_name(&self, decision: usize) -> &str {
        self.names.get(decision).map_or("", String::as_str)
    }
    /// The entries of a decision among all.
    pub(crate) fn range(&self, decision: usize) -> Range<usize> {
        match (self.starts.get(decision), self.starts.get(decision.wrapping_add(1))) {
            (Some(&start), Some(&end)) => start..end,
            _ => 0..0,
        }
    }
    /// The number of options of a decision.
    pub fn size(&self, decision: usize) -> usize {
        self.range(decision).len()
    }
    /// Φ of a decision: p features an option, option by option.
    pub fn features(&self, decision: usize) -> &[f64] {
        let (range, p) = (self.range(decision), self.terms.len());
        self.features.get(range.start * p..range.end * p).unwrap_or(&[])
    }
    /// y of a decision, with 0 in what is [open](Self::parts); empty where it is not known what was decided.
    pub fn target(&self, decision: usize) -> &[f64] {
        self.targets.get(self.range(decision)).unwrap_or(&[])
    }
    /// What is open of a decision.
    pub fn parts(&self, decision: usize) -> &[Part] {
        self.parts.get(&decision).map_or(&[], Vec::as_slice)
    }
    /// Whether all decisions are known in full.
    pub fn all_known(&self) -> bool {
        self.parts.is_empty()
    }
    /// The grades of a decision's options, if rankings are known by grades.
    pub fn grades(&self, decision: usize) -> Option<&[f64]> {
        self.grades.get(self.range(decision)).filter(|grades| !grades.is_empty())
    }
    /// What a decision's options are worth, if [that](Target::Worth) says what was decided; 0 of an option that is not there.
    pub fn worth(&self, decision: usize) -> Option<&[f64]> {
        self.worth.get(self.range(decision)).filter(|worth| !worth.is_empty())
    }
    /// What decides.
    pub fn oracle(&self, decision: usize) -> Option<&AnyOracle<f64>> {
        self.oracles.get(*self.kinds.get(decision)? as usize)
    }
    /// The rows of the table in which the options of a decision stand; none for an option that is not there.
    pub fn rows(&self, decision: usize) -> &[Option<u32>] {
        self.rows.get(self.range(decision)).unwrap_or(&[])
    }
    /// The alternative that each option of a decision is, by its place among [their names](Self::alternative_names); empty where no
    /// column names them.
    pub fn alternatives(&self, decision: usize) -> &[u32] {
        self.alternatives.get(self.range(decision)).unwrap_or(&[])
    }
    /// The names of the alternatives, in the order in which they first appear; empty where no column names them.
    pub fn alternative_names(&self) -> &[String] {
        &self.alternative_names
    }
    /// How much a decision counts, as a rule 1.
    pub fn weight(&self, decision: usize) -> f64 {
        self.weights.get(decision).copied().unwrap_or(0.0)
    }
    /// Which decisions belong together, by a number each; empty where each stands alone.
    pub fn clusters(&self) -> &[u32] {
        &self.clusters
    }

    /// Writes θ = Φw of a decision; −∞ for an option that is not there.
    pub fn scores(&self, decision: usize, w: &[f64], theta: &mut [f64]) {
        let rows = self.rows(decision);
        let features = self.features(decision).chunks_exact(self.terms.len().max(1));
        for ((theta, phi), row) in theta.iter_mut().zip(features).zip(rows) {
            *theta = match row {
                Some(_) => phi.iter().zip(w).map(|(phi, w)| phi * w).sum(),
                None => f64::NEG_INFINITY,
            };
        }
    }

    /// A fingerprint of terms, features and what was decided: CRC-64/XZ, the same on every machine. It detects accidental
    /// differences, not forgeries.
    pub fn digest(&self) -> u64 {
        let sizes = [self.len(), self.terms.len()];
        let mut digest = crate::data::Digest::new(&[&sizes[..], &self.starts].concat(), &self.terms);
        let numbers = [&self.features, &self.targets, &self.worth, &self.weights].into_iter().flatten();
        numbers.for_each(|x| digest.update(&x.to_le_bytes()));
        for (&at, parts) in &self.parts {
            let entries = parts.iter().flat_map(|part| &part.entries).copied();
            std::iter::once(at).chain(entries).for_each(|place| digest.update(&(place as u64).to_le_bytes()));
        }
        digest.finalize()
    }

    /// The decisions named by their places, in that order; such as do not exist are left out.
    #[must_use]
    pub fn select(&self, decisions: &[usize]) -> Self {
        let mut out = Self {
            name: self.name.clone(),
            terms: self.terms.clone(),
            alternative_names: self.alternative_names.clone(),
            ..Self::empty(String::new(), std::iter::empty())
        };
        (out.oracles, out.known) = (self.oracles.clone(), self.known.clone());
        for &at in decisions.iter().filter(|&&at| at < self.len()) {
            if !self.parts(at).is_empty() {
                out.parts.insert(out.len(), self.parts(at).to_vec());
            }
            out.names.push(self.names[at].clone());
            out.kinds.push(self.kinds[at]);
            out.rows.extend_from_slice(self.rows(at));
            out.features.extend_from_slice(self.features(at));
            out.targets.extend_from_slice(self.target(at));
            out.grades.extend_from_slice(self.grades(at).unwrap_or(&[]));
            out.worth.extend_from_slice(self.worth(at).unwrap_or(&[]));
            out.starts.push(out.rows.len());
            out.weights.push(self.weight(at));
            out.clusters.extend(self.clusters.get(at));
            out.alternatives.extend_from_slice(self.alternatives(at));
        }
        out
    }
}

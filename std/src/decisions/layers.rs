//! The layers that decide, each made once.

use std::collections::BTreeMap;

use super::Decisions;
use crate::{AnyLayer, AnyNoise, AnyOracle, Error, OracleSpec};

/// The layers of some decisions under one noise and temperature, and those of what is open of them.
pub(crate) struct Layers {
    /// One for each distinct oracle.
    distinct: Vec<Layer>,
    /// For each decision its own.
    kinds: Vec<u32>,
    parts: BTreeMap<usize, Vec<AnyLayer<f64>>>,
}

/// A layer, and what is asked of it often.
pub(crate) struct Layer {
    pub(crate) any: AnyLayer<f64>,
    pub(crate) kind: Kind,
    /// Whether its expectation is the softmax.
    pub(crate) softmax: bool,
}

/// What a layer does with its entries.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Picks one.
    Pick,
    /// Ranks all.
    Rank,
    /// Says yes or no to each.
    Each,
    Other,
}

impl Layer {
    pub(crate) fn new(oracle: AnyOracle<f64>, noise: AnyNoise, epsilon: f64) -> Result<Self, Error> {
        let kind = match oracle.spec() {
            Some(OracleSpec::Simplex { .. }) => Kind::Pick,
            Some(OracleSpec::Ranking { .. }) => Kind::Rank,
            Some(OracleSpec::Hypercube { .. }) => Kind::Each,
            _ => Kind::Other,
        };
        let softmax = kind == Kind::Pick && noise == AnyNoise::Gumbel;
        Ok(Self { any: AnyLayer::of(oracle, noise, epsilon)?, kind, softmax })
    }

    /// Whether it picks one option.
    pub(crate) fn picks(&self) -> bool {
        self.kind == Kind::Pick
    }
}

impl Layers {
    /// An error names the decision, counted from 0, whose layer is refused.
    pub(crate) fn new(decisions: &Decisions, noise: AnyNoise, epsilon: f64) -> Result<Self, (usize, Error)> {
        let layer = |oracle: AnyOracle<f64>| AnyLayer::of(oracle, noise, epsilon);
        let distinct = decisions.oracles.iter();
        let distinct =
            distinct.map(|oracle| Layer::new(oracle.clone(), noise, epsilon)).collect::<Result<_, _>>();
        let mut layers = Self {
            distinct: distinct.map_err(|error| (0, error))?,
            kinds: decisions.kinds.clone(),
            parts: BTreeMap::new(),
        };
        for (&at, parts) in &decisions.parts {
            let made = parts.iter().map(|part| layer(AnyOracle::new(&part.oracle)?));
            layers.parts.insert(at, made.collect::<Result<_, _>>().map_err(|error| (at, error))?);
        }
        Ok(layers)
    }

    /// Each once.
    pub(crate) fn distinct(&self) -> &[Layer] {
        &self.distinct
    }
    /// The place of a decision's layer among the distinct ones.
    pub(crate) fn place(&self, decision: usize) -> Result<usize, Error> {
        let found = self.kinds.len();
        let missing = Error::Length { parameter: "decisions", expected: decision + 1, found };
        self.kinds.get(decision).map(|&kind| kind as usize).ok_or(missing)
    }
    /// The layer of a decision.
    pub(crate) fn of(&self, decision: usize) -> Result<&Layer, Error> {
        Ok(&self.distinct[self.place(decision)?])
    }
    /// The layers of what is open of a decision.
    pub(crate) fn parts(&self, decision: usize) -> &[AnyLayer<f64>] {
        self.parts.get(&decision).map_or(&[], Vec::as_slice)
    }
    /// Whether all decisions are picks.
    pub(crate) fn all_pick(&self) -> bool {
        self.distinct.iter().all(Layer::picks)
    }
}

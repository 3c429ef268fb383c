//! Model files from what was learned, and back.

use super::{ModelFile, OracleKind, Provenance};
use crate::data::Dataset;
use crate::decisions::{Decide, Decisions, Recipe};
use crate::inference::Estimates;
use crate::train::LinearModel;
use crate::{AnyNoise, AnyOracle, Oracle, OracleSpec};

impl ModelFile {
    /// The model θ = W(x − c) + b of labels that was learned from `data`, with the oracle and the names of these. Of its
    /// [provenance](Provenance) the version of the library and the data are filled in.
    pub fn of_labels(
        model: &LinearModel<f32>,
        data: &Dataset<f32>,
        (noise, epsilon): (AnyNoise, f32),
    ) -> Self {
        let properties = AnyOracle::<f32>::new(data.oracle()).map(|oracle| oracle.properties());
        let kind = properties.ok().and_then(|found| Some((found.kind?, found.parameter)));
        let (oracle, parameter) = kind.unwrap_or((OracleKind::Other, 0));
        Self {
            features: model.features(),
            scores: model.scores(),
            shared: false,
            weights: model.weights().to_vec(),
            bias: model.bias().to_vec(),
            centres: data.centres().to_vec(),
            epsilon,
            noise,
            oracle,
            parameter,
            provenance: Provenance {
                library_version: env!("CARGO_PKG_VERSION").into(),
                data_name: data.name().into(),
                data_digest: format!("{:016x}", data.digest()),
                feature_names: data.feature_names().to_vec(),
                label_names: data.label_names().to_vec(),
                ..Provenance::default()
            },
        }
    }

    /// The model θ = Φw of options, with weights `w` that were learned from `decisions` as `recipe` reads them. Of its
    /// [provenance](Provenance) the version of the library, the data, the recipe and the estimates are filled in.
    pub fn of_options(
        w: &[f64],
        recipe: &Recipe,
        decisions: &Decisions,
        estimates: Option<Estimates>,
        (noise, epsilon): (AnyNoise, f32),
    ) -> Self {
        let (oracle, parameter) = match &recipe.decide {
            Decide::Pick => (OracleKind::Simplex, 0),
            Decide::Rank => (OracleKind::Ranking, 0),
            Decide::Each => (OracleKind::Hypercube, 0),
            Decide::PickK { k, limits: None } => match k.or_else(|| picked(decisions)) {
                Some(k) => (OracleKind::TopK, u32::try_from(k).unwrap_or(u32::MAX)),
                None => (OracleKind::Other, 0),
            },
            _ => (OracleKind::Other, 0),
        };
        let mut recipe = recipe.clone();
        if let (Decide::PickK { k, .. }, OracleKind::TopK) = (&mut recipe.decide, oracle) {
            *k = Some(parameter as usize);
        }
        Self {
            features: w.len(),
            scores: 0,
            shared: true,
            weights: w.iter().map(|&w| w as f32).collect(),
            bias: Vec::new(),
            centres: vec![0.0; w.len()],
            epsilon,
            noise,
            oracle,
            parameter,
            provenance: Provenance {
                library_version: env!("CARGO_PKG_VERSION").into(),
                data_name: decisions.name().into(),
                feature_names: decisions.terms().to_vec(),
                recipe: Some(recipe),
                estimates,
                deviations: decisions.deviations(),
                ..Provenance::default()
            },
        }
    }

    /// What decides on the labels; none of a model of options, and of an [oracle](OracleKind::Other) that the file cannot name.
    pub fn labels_oracle(&self) -> Option<OracleSpec> {
        let dim = self.scores;
        match self.oracle {
            _ if self.shared => None,
            OracleKind::Simplex => Some(OracleSpec::Simplex { dim }),
            OracleKind::Hypercube => Some(OracleSpec::Hypercube { dim, sign: false }),
            OracleKind::TopK => Some(OracleSpec::TopK { dim, k: self.parameter as usize }),
            OracleKind::Ranking => {
                Some(OracleSpec::Ranking { reference: (1..=dim).map(|rank| rank as f64).collect() })
            }
            _ => None,
        }
    }

    /// W and b of a model of labels; none of one of options.
    pub fn linear(&self) -> Option<LinearModel<f32>> {
        let of_labels = !self.shared;
        of_labels
            .then(|| LinearModel::from_parts(self.features, self.weights.clone(), self.bias.clone()))
            .flatten()
    }

    /// The weights in f64: the estimates, where the file has them.
    pub fn exact_weights(&self) -> Vec<f64> {
        let kept = self.provenance.estimates.as_ref().map(|found| found.coefficients().to_vec());
        kept.filter(|w| w.len() == self.weights.len())
            .unwrap_or_else(|| self.weights.iter().map(|&w| f64::from(w)).collect())
    }
}

/// The number of options that is picked in every decision, if it is one.
fn picked(decisions: &Decisions) -> Option<usize> {
    let count = |at| decisions.target(at).iter().sum::<f64>() as usize;
    let first = count(0);
    (0..decisions.len()).all(|at| count(at) == first).then_some(first)
}

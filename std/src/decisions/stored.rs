//! Decisions as values that can be written down and read again.

use std::collections::BTreeMap;

use serde::ser::Error as _;
use serde::{Deserialize, Serializer};

use super::{Decisions, Part};
use crate::{AnyOracle, Oracle, OracleSpec, Shape};

/// [`Decisions`] as they are read: the same fields in the same order.
#[derive(Deserialize)]
pub(super) struct Unchecked {
    name: String,
    terms: Vec<String>,
    names: Vec<String>,
    starts: Vec<usize>,
    rows: Vec<Option<u32>>,
    features: Vec<f64>,
    targets: Vec<f64>,
    grades: Vec<f64>,
    worth: Vec<f64>,
    parts: BTreeMap<usize, Vec<Part>>,
    oracles: Vec<OracleSpec>,
    kinds: Vec<u32>,
    weights: Vec<f64>,
    clusters: Vec<u32>,
    alternatives: Vec<u32>,
    alternative_names: Vec<String>,
}

/// Writes oracles as what describes them.
pub(super) fn specs<S: Serializer>(oracles: &[AnyOracle<f64>], to: S) -> Result<S::Ok, S::Error> {
    let specs: Option<Vec<OracleSpec>> = oracles.iter().map(AnyOracle::spec).collect();
    to.collect_seq(specs.ok_or_else(|| S::Error::custom("an oracle that nothing describes"))?)
}

impl TryFrom<Unchecked> for Decisions {
    type Error = &'static str;

    fn try_from(of: Unchecked) -> Result<Self, Self::Error> {
        let mut read = Self::empty(of.name, of.terms.into_iter());
        for oracle in &of.oracles {
            read.kind(oracle).map_err(|_| "an oracle that cannot be made")?;
        }
        (read.names, read.starts, read.rows, read.features) = (of.names, of.starts, of.rows, of.features);
        (read.targets, read.grades, read.worth, read.parts) = (of.targets, of.grades, of.worth, of.parts);
        (read.kinds, read.weights, read.clusters) = (of.kinds, of.weights, of.clusters);
        (read.alternatives, read.alternative_names) = (of.alternatives, of.alternative_names);
        if read.fits() { Ok(read) } else { Err("decisions whose parts do not fit each other") }
    }
}

impl Decisions {
    /// Whether sizes and places fit each other, and numbers are finite.
    fn fits(&self) -> bool {
        let (n, options) = (self.len(), self.rows.len());
        let many = |count: usize, each: usize| count == 0 || count == each;
        let finite = |numbers: &[f64]| numbers.iter().all(|x| x.is_finite());
        let known = |(place, row): (&u32, &Option<u32>)| {
            (*place as usize) < self.alternative_names.len() || (*place == u32::MAX && row.is_none())
        };
        let dim = |oracle: &AnyOracle<f64>| oracle.shape().dim();
        let part = |part: &Part, size: usize| {
            let entries = &part.entries;
            let oracle = AnyOracle::<f64>::new(&part.oracle);
            entries.is_sorted_by(|a, b| a < b)
                && entries.last().is_some_and(|&last| last < size)
                && oracle.is_ok_and(|oracle| dim(&oracle) == entries.len())
        };
        self.starts.len() == n + 1
            && self.starts.is_sorted()
            && (self.starts.first(), self.starts.last()) == (Some(&0), Some(&options))
            && (0..n).all(|at| self.oracle(at).is_some_and(|oracle| dim(oracle) == self.size(at)))
            && (self.names.len(), self.weights.len()) == (n, n)
            && self.weights.iter().all(|weight| *weight >= 0.0)
            && Some(self.features.len()) == options.checked_mul(self.terms.len())
            && [&self.targets, &self.grades, &self.worth]
                .iter()
                .all(|of| many(of.len(), options) && finite(of))
            && finite(&self.features)
            && finite(&self.weights)
            && many(self.clusters.len(), n)
            && many(self.alternatives.len(), options)
            && self.alternatives.iter().zip(&self.rows).all(known)
            && self.parts.iter().all(|(&at, parts)| at < n && parts.iter().all(|of| part(of, self.size(at))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::frame::{Column, Expression, Frame};
    use crate::decisions::{Decide, Recipe, Target};

    /// Three rankings with a tie, named options, grades and clusters.
    fn decisions() -> Decisions {
        let numbers = |name: &str, x: &[f64]| (name.to_owned(), Column::Numbers(x.to_vec()));
        let columns = vec![
            numbers("g", &[1.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0]),
            numbers("o", &[1.0, 2.0, 3.0, 1.0, 3.0, 2.0, 3.0]),
            numbers("x", &[0.5, -1.0, 2.0, 0.1, 0.2, 1e300, -0.0]),
            numbers("y", &[2.0, 2.0, 1.0, 0.0, 1.0, 3.0, 4.0]),
        ];
        let mut recipe = Recipe::new(Decide::Rank).with_group("g");
        recipe.target = Some(Target::Grade(Expression::column("y")));
        recipe.terms = vec![("x".into(), Expression::column("x"))];
        (recipe.alternatives, recipe.cluster) = (Some("o".into()), Some("g".into()));
        recipe.read(&Frame::new("t".as_ref(), columns).unwrap()).unwrap()
    }

    #[test]
    fn decisions_are_read_as_they_were_written() {
        let written = decisions();
        let bytes = postcard::to_allocvec(&written).unwrap();
        let read: Decisions = postcard::from_bytes(&bytes).unwrap();
        assert!(!read.all_known() && read.clusters().len() == 3 && read.alternative_names().len() == 3);
        assert_eq!((read.digest(), read.parts(0)), (written.digest(), written.parts(0)));
        assert_eq!(postcard::to_allocvec(&read).unwrap(), bytes);
        assert_eq!(read.known, written.known);
        let json = serde_json::to_string(&written).unwrap();
        assert_eq!(postcard::to_allocvec(&serde_json::from_str::<Decisions>(&json).unwrap()).unwrap(), bytes);
    }

    /// Whatever is wrong is refused, not met later.
    #[test]
    fn what_does_not_fit_is_refused() {
        let json = serde_json::to_value(decisions()).unwrap();
        let wrong = |field: &str, value: serde_json::Value| {
            let mut json = json.clone();
            assert!(json[field] != value);
            json[field] = value;
            assert!(serde_json::from_value::<Decisions>(json).is_err(), "{field}");
        };
        wrong("starts", serde_json::json!([0, 3, 5]));
        wrong("starts", serde_json::json!([0, 5, 3, 7]));
        wrong("starts", serde_json::json!([0, 3, 6, 7]));
        wrong("rows", serde_json::json!([0, 1]));
        wrong("names", serde_json::json!([]));
        wrong("terms", serde_json::json!(["a", "b"]));
        wrong("features", serde_json::json!([0.5]));
        wrong("targets", serde_json::json!([1.0]));
        wrong("grades", serde_json::json!([1.0]));
        wrong("worth", serde_json::json!([1.0]));
        wrong("kinds", serde_json::json!([0, 1, 7]));
        wrong("oracles", serde_json::json!([]));
        wrong("weights", serde_json::json!([1.0, -1.0, 1.0]));
        wrong("clusters", serde_json::json!([1]));
        wrong("alternatives", serde_json::json!([0, 1, 2, 0, 2, 1, 3]));
        wrong("alternatives", serde_json::json!([0, 1, 2, 0, 2, 1, u32::MAX]));
        let part =
            |entries: &[usize]| serde_json::json!([{"entries": entries, "oracle": {"simplex": {"dim": 2}}}]);
        wrong("parts", serde_json::json!({"0": part(&[1, 3])}));
        wrong("parts", serde_json::json!({"0": part(&[1, 0])}));
        wrong("parts", serde_json::json!({"0": part(&[1])}));
        wrong("parts", serde_json::json!({"3": part(&[0, 1])}));
    }
}

//! How well an affine model decides on labels.

use perturb::data::Dataset;
use perturb::decisions::Judgement;
use perturb::train::{LinearModel, RankingScores};
use perturb::{AnyNoise, Error, OracleSpec};
use perturb_experiments::report::{Cell, Table};
use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::table;

/// What a score measures.
#[derive(Debug, PartialEq)]
pub(crate) struct Metric {
    /// In JSON.
    pub(crate) key: &'static str,
    pub(crate) name: &'static str,
    /// Whether it is a share, shown in hundredths.
    percent: bool,
}

const fn metric(key: &'static str, name: &'static str, percent: bool) -> Metric {
    Metric { key, name, percent }
}

static SPEARMAN: Metric = metric("spearman", "Spearman", false);
static KENDALL: Metric = metric("kendall", "Kendall", false);
static PERFECT: Metric = metric("perfect_ranks", "perfect ranks", true);
static PARTIAL: Metric = metric("partial_ranks", "partial ranks", true);
static AGREEMENT: Metric = metric("agreement", "agreement", true);
static LOG_LOSS: Metric = metric("log_loss", "log-loss", false);
static OVERLAP: Metric = metric("overlap", "overlap", true);
static RIGHT: Metric = metric("right", "right labels", true);
static METRICS: [&Metric; 8] =
    [&SPEARMAN, &KENDALL, &PERFECT, &PARTIAL, &AGREEMENT, &LOG_LOSS, &OVERLAP, &RIGHT];

/// The mean scores of a model on some rows. Early stopping watches the first.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scores(Vec<(&'static Metric, f64)>);

impl Scores {
    pub(crate) fn of(
        model: &LinearModel<f32>,
        rows: &Dataset<f32>,
        layer: (AnyNoise, f32),
    ) -> Result<Self, Error> {
        if rows.is_ranking() {
            let of = RankingScores::of(model, rows);
            return Ok(Self(vec![
                (&SPEARMAN, of.spearman),
                (&KENDALL, of.kendall),
                (&PERFECT, of.perfect_ranks),
                (&PARTIAL, of.partial_ranks),
            ]));
        }
        let all = Judgement::of_rows(model, rows, (layer.0, f64::from(layer.1)))?;
        let all: Vec<(f64, Judgement)> = all.into_iter().map(|one| (1.0, one)).collect();
        let of = Judgement::mean(&all);
        let mut scores = vec![
            (&AGREEMENT, of.agreement),
            (&LOG_LOSS, of.log_loss),
            (&OVERLAP, of.overlap),
            (&RIGHT, of.right),
        ];
        scores.retain(|(_, x)| !x.is_nan());
        // A row is rarely right as a whole where much is decided in it.
        match rows.oracle() {
            OracleSpec::TopK { .. } => scores.rotate_left(1),
            OracleSpec::Hypercube { .. } => scores.rotate_right(1),
            _ => {}
        }
        Ok(Self(scores))
    }

    /// Whether rankings were judged.
    pub(crate) fn is_ranking(&self) -> bool {
        self.0.iter().any(|(metric, _)| **metric == SPEARMAN)
    }
    /// Each metric with its score.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static Metric, f64)> {
        self.0.iter().copied()
    }
    /// The score that is to be large.
    pub(crate) fn watched(&self) -> f64 {
        self.0.first().map_or(f64::NAN, |(_, x)| *x)
    }
    /// What combinations of settings are chosen by, and its name: the probability of what was picked, or, where losses are compared
    /// that know none, decisions alone.
    pub(crate) fn merit(&self, by_decisions: bool) -> (&'static str, f64) {
        match self.0.iter().find(|(metric, _)| **metric == LOG_LOSS) {
            Some((_, loss)) if !by_decisions => ("minus log-loss", -loss),
            _ => self.0.first().map_or(("", f64::NAN), |(metric, x)| (metric.name, *x)),
        }
    }
    /// That score with its name.
    pub(crate) fn shown(&self) -> String {
        self.0.first().map_or(String::new(), |(metric, x)| format!("{} {x:.3}", metric.name))
    }

    /// The same in a sentence.
    pub(crate) fn told(&self) -> String {
        self.0.first().map_or(String::new(), |(metric, x)| format!("{} of {x:.3}", metric.name))
    }

    /// One score a row, without a caption. `head` names the first column.
    pub(crate) fn table(&self, head: &str) -> Table {
        let shown = |(metric, x): &(&Metric, f64)| {
            if metric.percent { format!("{:.2} %", 100.0 * x) } else { format!("{x:.4}") }
        };
        let row = |score: &(&'static Metric, f64)| {
            vec![Cell::Text(score.0.name.into()), Cell::Number(shown(score))]
        };
        Table {
            caption: String::new(),
            header: vec![head.to_owned(), "score".to_owned()],
            rows: self.0.iter().map(row).collect(),
        }
    }
    /// One score a line.
    pub(crate) fn text(&self, on: &str) -> String {
        table::render(&self.table(on))
    }
}

/// A map from keys to scores.
impl Serialize for Scores {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (metric, score) in &self.0 {
            map.serialize_entry(metric.key, score)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Scores {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Map;
        impl<'de> Visitor<'de> for Map {
            type Value = Scores;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("scores by their names")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scores, A::Error> {
                let mut scores = Vec::new();
                while let Some((key, score)) = map.next_entry::<String, f64>()? {
                    let metric = METRICS.into_iter().find(|metric| metric.key == key);
                    let unknown = || serde::de::Error::custom(format!("unknown score {key}"));
                    scores.push((metric.ok_or_else(unknown)?, score));
                }
                Ok(Scores(scores))
            }
        }
        deserializer.deserialize_map(Map)
    }
}

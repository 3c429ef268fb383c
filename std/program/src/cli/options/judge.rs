//! `perturb evaluate` on a table of options.

use perturb::data::table;
use perturb::decisions::{Judgement, Recipe};
use perturb::metrics::bootstrap;
use perturb::model_file::ModelFile;
use perturb::{How, MonteCarlo, Seed};
use perturb_experiments::report::{Cell, Table};

use super::frame;
use crate::cli::source::Source;
use crate::cli::{Common, Failure, say, say_json, table::render};

/// Resamples of decisions behind an interval.
const RESAMPLES: usize = 1000;

/// Judges a model on a table with what was decided.
pub(crate) fn evaluate(source: &Source, model: &ModelFile, recipe: &Recipe, common: &Common) -> Result<(), Failure> {
    let input = source.input()?;
    let names = recipe.columns();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let read = table::parse_table(&input.name, &input.bytes, source.layout.format(), |table| frame(table, recipe, &names));
    let decisions = recipe.read(&read?)?;
    let w = weights(model);
    let how = how(model, common.seed);
    let judge = |w: &[f64]| decisions.judge(w, (model.noise, f64::from(model.epsilon)), how);
    let (found, equal) = (judge(&w)?, judge(&vec![0.0; w.len()])?);
    let (mean, baseline) = (Judgement::mean(&found), Judgement::mean(&equal));
    let mut rows = Vec::new();
    for (at, (name, value)) in mean.named().into_iter().enumerate() {
        let of = |all: &[(f64, Judgement)]| -> Vec<f64> {
            all.iter().filter_map(|(_, one)| one.named().into_iter().find(|(other, _)| *other == name)).map(|(_, x)| x).collect()
        };
        let interval = bootstrap(&of(&found), 0.95, RESAMPLES, Seed(common.seed).fold(at as u64));
        let without = baseline.named().into_iter().find(|(other, _)| *other == name).map_or(f64::NAN, |(_, x)| x);
        rows.push((name, value, interval, without));
    }
    if common.json {
        let scores: serde_json::Map<_, _> = rows
            .iter()
            .map(|(name, value, (low, high), equal)| {
                let of = serde_json::json!({ "mean": value, "low": low, "high": high, "all_scores_equal": equal });
                ((*name).to_owned(), of)
            })
            .collect();
        return say_json(&serde_json::json!({ "decisions": decisions.len(), "scores": scores }));
    }
    let header = [format!("{} decisions", decisions.len()), "mean".into(), "95 % interval".into(), "all scores equal".into()];
    let rows = rows.into_iter().map(|(name, value, (low, high), equal)| {
        let number = |x: f64| Cell::Number(format!("{x:.4}"));
        vec![Cell::Text(name.into()), number(value), Cell::Number(format!("{low:.4} to {high:.4}")), number(equal)]
    });
    say(render(&Table { caption: String::new(), header: header.to_vec(), rows: rows.collect() }))
}

/// w in f64: the estimates, where the file has them.
pub(super) fn weights(model: &ModelFile) -> Vec<f64> {
    let kept = model.provenance.estimates.as_ref().map(|found| found.coefficients().to_vec());
    kept.filter(|w| w.len() == model.weights.len())
        .unwrap_or_else(|| model.weights.iter().map(|&w| f64::from(w)).collect())
}

/// Exact where there is a closed form, otherwise by samples.
pub(super) fn how(model: &ModelFile, seed: u64) -> How {
    match model.oracle {
        perturb::model_file::OracleKind::Other => How::MonteCarlo(MonteCarlo::new(1000, Seed(seed).fold(4))),
        _ => How::Exact,
    }
}

/// Judgements side by side, a row each.
pub(super) fn table(rows: &[(&str, Judgement)], head: &str) -> Table {
    let names: Vec<&str> = rows.first().map_or_else(Vec::new, |(_, one)| one.named().iter().map(|(name, _)| *name).collect());
    let header = std::iter::once(head.to_owned()).chain(names.iter().map(|name| (*name).to_owned()));
    let rows = rows.iter().map(|(name, one)| {
        let named = one.named();
        let of = |name: &&str| named.iter().find(|(other, _)| other == name).map_or(f64::NAN, |(_, x)| *x);
        let numbers = names.iter().map(|name| Cell::Number(format!("{:.4}", of(name))));
        std::iter::once(Cell::Text((*name).into())).chain(numbers).collect()
    });
    Table { caption: String::new(), header: header.collect(), rows: rows.collect() }
}

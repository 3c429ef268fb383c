//! `perturb predict` on a table of options.

use std::path::Path;

use perturb::data::frame::Frame;
use perturb::decisions::{Decisions, Recipe};
use perturb::metrics::ranks;
use perturb::model_file::{ModelFile, OracleKind};
use perturb::{AnyLayer, How, Question};
use rayon::prelude::*;

use super::{frame, with_columns};
use super::judge::{how, weights};
use crate::cli::streams::Input;
use crate::cli::{Common, Failure, source::Layout, streams};

/// What is written.
pub(crate) struct Asked<'a> {
    pub(crate) data: &'a Path,
    pub(crate) layout: &'a Layout,
    pub(crate) out: Option<&'a Path>,
    /// Columns of the table that are repeated.
    pub(crate) ids: &'a [String],
    /// Of each decision, the options with the largest scores alone.
    pub(crate) top: Option<usize>,
}

/// Writes a row an option: its decision, score, and expected decision.
pub(crate) fn predict(asked: &Asked<'_>, model: &ModelFile, recipe: &Recipe, common: &Common) -> Result<(), Failure> {
    let input = Input::read(asked.data)?;
    let mut recipe = recipe.clone();
    // What was decided need not be known, nor which decisions belong together.
    (recipe.target, recipe.cluster, recipe.weight) = (None, None, None);
    let mut names = recipe.columns();
    names.extend(asked.ids.iter().cloned());
    names.extend(recipe.alternatives.iter().chain(&recipe.group).cloned());
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let frame = with_columns(&input, asked.layout.format(), |columns| Ok(frame(columns, &recipe, &names)?))?;
    let decisions = recipe.read_open(&frame)?;
    let w = weights(model);
    let answer = |at: usize| Answer::of(&decisions, at, &w, model, how(model, common.seed));
    let answers: Vec<Answer> =
        (0..decisions.len()).into_par_iter().map(answer).collect::<Vec<_>>().into_iter().collect::<Result<_, Failure>>()?;
    let ranked = model.oracle == OracleKind::Ranking;
    let columns = Columns { recipe: &recipe, ids: asked.ids, ranked };
    streams::write_with(asked.out, |out| {
        let mut table = csv::Writer::from_writer(Vec::new());
        if !common.json {
            table.write_record(columns.header())?;
        }
        let mut objects = Vec::new();
        for (at, answer) in answers.iter().enumerate() {
            for (entry, row) in decisions.rows(at).iter().enumerate() {
                let Some(row) = *row else { continue };
                if asked.top.is_some_and(|top| answer.ranks[entry] > top) {
                    continue;
                }
                let cells = columns.row(&frame, &decisions, (at, entry, row as usize), answer);
                if common.json {
                    let object: serde_json::Map<_, _> = columns.header().into_iter().zip(cells).collect();
                    serde_json::to_writer(&mut objects, &object)?;
                    objects.push(b'\n');
                } else {
                    let text = |cell: serde_json::Value| cell.as_str().map_or_else(|| cell.to_string(), str::to_owned);
                    table.write_record(cells.into_iter().map(text))?;
                }
            }
        }
        let text = if common.json { objects } else { table.into_inner().map_err(|error| error.to_string())? };
        Ok(out.write_all(&text)?)
    })
}

/// What is said of one decision.
struct Answer {
    theta: Vec<f64>,
    /// Of the scores, 1 for the largest.
    ranks: Vec<usize>,
    y: Vec<f64>,
    expected: Vec<f64>,
    /// Standard errors of `expected`, where it is a mean of samples.
    errors: Option<Vec<f64>>,
}

impl Answer {
    fn of(decisions: &Decisions, at: usize, w: &[f64], model: &ModelFile, how: How) -> Result<Self, Failure> {
        let mut theta = vec![0.0; decisions.size(at)];
        decisions.scores(at, w, &mut theta);
        let named = |error: perturb::Error| -> Failure {
            format!("the decision {}: {error}", decisions.decision_name(at)).into()
        };
        let oracle = decisions.oracle(at).ok_or("no oracle")?.clone();
        let layer = AnyLayer::of(oracle, model.noise, f64::from(model.epsilon)).map_err(named)?;
        let (_, y) = layer.decide(&theta).map_err(named)?;
        let (expected, errors) = match how {
            How::MonteCarlo(how) => {
                let found = layer.compute_with_error(&theta, Question::Maximizer, how).map_err(named)?;
                (found.mean, Some(found.standard_error))
            }
            how => (layer.maximizer(&theta, how).map_err(named)?, None),
        };
        Ok(Self { ranks: ranks(&theta), theta, y, expected, errors })
    }
}

/// The columns of the output.
struct Columns<'a> {
    recipe: &'a Recipe,
    ids: &'a [String],
    ranked: bool,
}

impl Columns<'_> {
    fn header(&self) -> Vec<String> {
        let mut header = vec![self.recipe.group.clone().unwrap_or_else(|| "decision".to_owned())];
        header.extend(self.recipe.alternatives.clone());
        header.extend(self.ids.iter().filter(|id| !header.contains(id)).cloned().collect::<Vec<_>>());
        let own = if self.ranked { ["score", "rank", "expected_rank"] } else { ["score", "chosen", "expected"] };
        header.extend(own.map(String::from));
        if self.samples() {
            header.push("expected_error".to_owned());
        }
        header
    }

    fn samples(&self) -> bool {
        !matches!(self.recipe.decide.name(), "pick" | "rank" | "each" | "pick-k")
    }

    fn row(
        &self,
        frame: &Frame,
        decisions: &Decisions,
        (at, entry, row): (usize, usize, usize),
        answer: &Answer,
    ) -> Vec<serde_json::Value> {
        let cell = |name: &String| match frame.column(name).ok().and_then(|column| column.shown(row)) {
            Some(text) => text.parse::<f64>().ok().and_then(serde_json::Number::from_f64).map_or(text.into(), Into::into),
            None => serde_json::Value::from(""),
        };
        let mut cells = vec![match &self.recipe.group {
            Some(group) => cell(group),
            None => decisions.decision_name(at).into(),
        }];
        let mut known: Vec<&String> = self.recipe.group.iter().collect();
        cells.extend(self.recipe.alternatives.as_ref().map(&cell));
        known.extend(&self.recipe.alternatives);
        cells.extend(self.ids.iter().filter(|id| !known.contains(id)).map(&cell));
        let most = answer.y.len() as f64 + 1.0;
        let of = |y: f64| if self.ranked { most - y } else { y };
        cells.push(answer.theta[entry].into());
        cells.push((of(answer.y[entry]) as u64).into());
        cells.push(of(answer.expected[entry]).into());
        if self.samples() {
            cells.push(answer.errors.as_ref().map_or(0.0, |errors| errors[entry]).into());
        }
        cells
    }
}

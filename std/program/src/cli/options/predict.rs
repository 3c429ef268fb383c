//! `perturb predict` on a table of options.

use std::io::Write;
use std::path::Path;

use perturb::data::frame::{Column, Columns, Frame};
use perturb::data::table::Unseen;
use perturb::decisions::{Decide, Decisions, Recipe};
use perturb::metrics::ranks;
use perturb::model_file::{ModelFile, OracleKind};
use perturb::{AnyLayer, How, Question};
use rayon::prelude::*;
use serde_json::Value;

use super::judge::how;
use super::large::{Data, Plan, whole};
use super::{of_input, with_columns};
use crate::cli::source::{Layout, warn_unseen};
use crate::cli::{Common, Failure, streams};

/// What is written.
pub(crate) struct Wanted<'a> {
    pub(crate) data: &'a Path,
    pub(crate) layout: &'a Layout,
    pub(crate) out: Option<&'a Path>,
    /// Columns of the table that are repeated.
    pub(crate) ids: &'a [String],
    /// Of each decision, the options with the largest scores alone.
    pub(crate) top: Option<usize>,
}

/// Writes a row an option: its decision, score, and expected decision.
pub(crate) fn predict(
    asked: &Wanted<'_>,
    model: &ModelFile,
    recipe: &Recipe,
    common: &Common,
) -> Result<(), Failure> {
    let mut recipe = recipe.clone();
    // What was decided need not be known, nor which decisions belong together.
    (recipe.target, recipe.cluster, recipe.weight) = (None, None, None);
    let mut names = recipe.columns();
    names.extend(asked.ids.iter().cloned());
    names.extend(recipe.alternatives.iter().chain(&recipe.group).cloned());
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let work = Work { asked, model, recipe: &recipe, w: model.exact_weights(), common };
    let format = asked.layout.format();
    let take = |columns: &dyn Columns| Ok(recipe.frame(columns, &names)?);
    let frame = match Data::open(asked.data)? {
        Data::Other => with_columns(asked.data, format, take)?,
        Data::Whole(input) => of_input(input, format, take)?,
        Data::Large(name, file) => match Plan::new(&name, &file, format, &recipe, &names)? {
            Some(plan) => return work.in_pieces(&plan),
            None => of_input(whole(name, &file)?, format, take)?,
        },
    };
    warn_unseen(frame.file(), &recipe.unseen(&frame));
    let decisions = recipe.read_open(&frame)?;
    streams::write_with(asked.out, |out| {
        let columns = work.begin(&frame, out)?;
        work.write(&columns, &frame, &decisions, out)
    })
}

/// What is done for each part of a table.
struct Work<'a> {
    asked: &'a Wanted<'a>,
    model: &'a ModelFile,
    recipe: &'a Recipe,
    w: Vec<f64>,
    common: &'a Common,
}

impl<'a> Work<'a> {
    /// Reads and writes piece by piece.
    fn in_pieces(&self, plan: &Plan<'_>) -> Result<(), Failure> {
        let (mut pieces, mut unseen) = (plan.pieces()?, Vec::new());
        streams::write_with(self.asked.out, |out| {
            let (mut columns, mut last) = (None, None);
            while let Some(frame) = pieces.next(|table| plan.frame(table))? {
                Unseen::merge_all(&mut unseen, self.recipe.unseen(&frame));
                if let Some(decisions) = self.recipe.read_part(&frame)? {
                    if columns.is_none() {
                        columns = Some(self.begin(&frame, out)?);
                    }
                    if let Some(columns) = &columns {
                        self.write(columns, &frame, &decisions, out)?;
                    }
                } else {
                    last = Some(frame);
                }
            }
            match last {
                // Of no row at all is anything known: the refusal of a table without decisions.
                Some(frame) if columns.is_none() => Ok(self.recipe.read_open(&frame).map(drop)?),
                _ => Ok(()),
            }
        })?;
        warn_unseen(self.asked.data, &unseen);
        Ok(())
    }

    /// The columns of the output, whose header is written.
    fn begin(&self, frame: &Frame, out: &mut dyn Write) -> Result<Outcome<'a>, Failure> {
        let recipe = self.recipe;
        let mut ids: Vec<&str> = recipe.alternatives.as_deref().into_iter().collect();
        // Texts that terms mention name the options.
        let terms = recipe.terms.iter().flat_map(|(_, of)| of.columns());
        ids.extend(terms.filter(|name| matches!(frame.column(name), Ok(Column::Texts(_)))));
        ids.extend(recipe.decide.columns());
        ids.extend(self.asked.ids.iter().map(String::as_str));
        let columns = Outcome::new(recipe, ids, self.model.oracle == OracleKind::Ranking);
        if !self.common.json {
            let mut table = csv::Writer::from_writer(Vec::new());
            table.write_record(&columns.header)?;
            out.write_all(&table.into_inner().map_err(|error| error.to_string())?)?;
        }
        Ok(columns)
    }

    fn write(
        &self,
        columns: &Outcome<'_>,
        frame: &Frame,
        decisions: &Decisions,
        out: &mut dyn Write,
    ) -> Result<(), Failure> {
        let blocks: Vec<_> = (0..decisions.len()).step_by(BLOCK).collect();
        let block = |&start: &usize| -> Result<Vec<u8>, Failure> {
            let (json, table) = (self.common.json, csv::Writer::from_writer(Vec::new()));
            let mut block = Block { json, table, objects: Vec::new() };
            for at in start..decisions.len().min(start + BLOCK) {
                let how = how(self.model, self.common.seed);
                let answer = Answer::of(decisions, at, &self.w, self.model, how)?;
                for (entry, row) in decisions.rows(at).iter().enumerate() {
                    if let Some(row) = *row
                        && self.asked.top.is_none_or(|top| answer.ranks[entry] <= top)
                    {
                        let cells = columns.row(frame, decisions, (at, entry, row as usize), &answer);
                        block.push(columns, cells)?;
                    }
                }
            }
            block.finish()
        };
        // What a round holds does not depend on the number of decisions.
        for round in blocks.chunks(4 * rayon::current_num_threads().min(64)) {
            for text in round.par_iter().map(block).collect::<Vec<_>>() {
                out.write_all(&text?)?;
            }
        }
        Ok(())
    }
}

/// Decisions that a thread answers at once.
const BLOCK: usize = 256;

/// Rows of the output.
struct Block {
    json: bool,
    table: csv::Writer<Vec<u8>>,
    objects: Vec<u8>,
}

impl Block {
    fn push(&mut self, columns: &Outcome<'_>, cells: Vec<Value>) -> Result<(), Failure> {
        if !self.json {
            let text = |cell: Value| cell.as_str().map_or_else(|| cell.to_string(), str::to_owned);
            return Ok(self.table.write_record(cells.into_iter().map(text))?);
        }
        for (place, (name, cell)) in columns.header.iter().zip(&cells).enumerate() {
            write!(
                self.objects,
                "{}{}:{cell}",
                if place == 0 { '{' } else { ',' },
                Value::from(name.as_str())
            )?;
        }
        self.objects.extend(b"}\n");
        Ok(())
    }

    fn finish(self) -> Result<Vec<u8>, Failure> {
        if self.json {
            Ok(self.objects)
        } else {
            self.table.into_inner().map_err(|error| error.to_string().into())
        }
    }
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
struct Outcome<'a> {
    recipe: &'a Recipe,
    ids: Vec<&'a str>,
    ranked: bool,
    header: Vec<String>,
}

impl<'a> Outcome<'a> {
    fn new(recipe: &'a Recipe, ids: Vec<&'a str>, ranked: bool) -> Self {
        let mut header = vec![recipe.group.clone().unwrap_or_else(|| "decision".to_owned())];
        let mut kept = Vec::new();
        for id in ids {
            if !header.iter().any(|other| other == id) {
                header.push(id.to_owned());
                kept.push(id);
            }
        }
        let own = if ranked { ["score", "rank", "expected_rank"] } else { ["score", "chosen", "expected"] };
        header.extend(own.map(String::from));
        if sampled(recipe) {
            header.push("expected_error".to_owned());
        }
        Self { recipe, ids: kept, ranked, header }
    }

    fn row(
        &self,
        frame: &Frame,
        decisions: &Decisions,
        (at, entry, row): (usize, usize, usize),
        answer: &Answer,
    ) -> Vec<Value> {
        let cell = |name: &str| match frame.column(name) {
            Ok(Column::Numbers(numbers)) => numbers.get(row).map_or(Value::Null, |&x| number(x)),
            Ok(column) => column.shown(row).unwrap_or_default().into(),
            Err(_) => Value::Null,
        };
        let group = self.recipe.group.as_deref();
        let mut cells = vec![group.map_or_else(|| decisions.decision_name(at).into(), cell)];
        cells.extend(self.ids.iter().map(|id| cell(id)));
        let most = answer.y.len() as f64 + 1.0;
        let of = |y: f64| if self.ranked { most - y } else { y };
        cells.push(answer.theta[entry].into());
        cells.push(number(of(answer.y[entry])));
        cells.push(of(answer.expected[entry]).into());
        if sampled(self.recipe) {
            cells.push(answer.errors.as_ref().map_or(0.0, |errors| errors[entry]).into());
        }
        cells
    }
}

/// Whether expectations are means of samples.
fn sampled(recipe: &Recipe) -> bool {
    !matches!(recipe.decide.name(), "pick" | "rank" | "each")
        && !matches!(recipe.decide, Decide::PickK { limits: None, .. })
}

/// Whole numbers without a point.
fn number(x: f64) -> Value {
    if x.fract() == 0.0 && x.abs() < 1e15 { (x as i64).into() } else { x.into() }
}

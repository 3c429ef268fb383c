//! `perturb predict`: decides for new rows.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use perturb::data::stream::{Block, FeatureStream};
use perturb::data::table::Unseen;
use perturb::metrics::ranks;
use perturb::train::LinearModel;
use rayon::prelude::*;

use super::source::{Layout, columns_differ, linear, load, warn_unseen};
use super::{Common, Failure, ensure_distinct, number, options, streams, usage};

/// Decide for each row: rank labels, or choose among options
#[derive(Args, Debug)]
#[command(
    after_help = "Of a model of labels, the output is a CSV table of ranks and orderings, and with --json a JSON
object a line with the columns of that table. Rows are read, ranked and written piece by piece, so
that a table may be of any length. Where a row is refused, rows before it may stand on standard
output; a file is written whole or not at all.

Of a model of options, a row is an option: its score, whether it is chosen or which rank it has, and
the expected decision, which is the probability of a pick.

Examples:
  perturb predict --data new_people.csv --model votes.perturb --out ranks.csv
  perturb predict --data new_people.csv --model votes.perturb --json | jq .ordering
  perturb predict --data new_trips.csv --model trips.perturb --top 1"
)]
pub(crate) struct Predict {
    /// Model file; - reads standard input
    #[arg(long, value_name = "FILE", default_value = "model.perturb")]
    model: PathBuf,
    /// Table with the columns that the model needs, in a format that `train` reads; - reads standard input
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    #[command(flatten)]
    layout: Layout,
    /// Output file [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Of options: columns of the table that are repeated in the output
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    id: Vec<String>,
    /// Of options: write the K options with the largest scores of each decision alone
    #[arg(long, value_name = "K", value_parser = number::at_least_one)]
    top: Option<usize>,
}

/// The last column of the output.
pub(crate) const ORDERING: &str = "ordering";

impl Predict {
    pub(crate) fn run(&self, common: &Common) -> Result<(), Failure> {
        if let Some(out) = &self.out {
            ensure_distinct(("--data", &self.data), ("--out", out))?;
            ensure_distinct(("--model", &self.model), ("--out", out))?;
        }
        streams::ensure_output(self.out.as_deref())?;
        let file = load(&self.model, &self.data)?;
        if let Some(recipe) = &file.provenance.recipe {
            let (data, layout, out) = (&*self.data, &self.layout, self.out.as_deref());
            let asked = options::Asked { data, layout, out, ids: &self.id, top: self.top };
            return options::predict(&asked, &file, recipe, common);
        }
        if self.top.is_some() || !self.id.is_empty() {
            return Err(usage("--top and --id apply to models of options"));
        }
        let model = linear(&self.model, &file)?;
        let (name, reader) = streams::open(&self.data)?;
        let names = &file.provenance.feature_names;
        let rows = FeatureStream::open(&name, reader, self.layout.format(), names, &file.centres);
        let mut rows = rows.map_err(|error| columns_differ(error, &file))?;
        let writer = Writer::new(&file.provenance.label_names, common.json);

        // Each thread ranks the rows of some blocks; what a round holds does not depend on the length of the file.
        let width = 4 * rayon::current_num_threads().min(64);
        let mut unseen = Vec::new();
        streams::write_with(self.out.as_deref(), |out| {
            out.write_all(&writer.header()?)?;
            loop {
                let mut blocks = Vec::new();
                while blocks.len() < width
                    && let Some(block) = rows.next_block()?
                {
                    blocks.push(block);
                }
                if blocks.is_empty() {
                    return Ok(());
                }
                let ranked: Vec<_> =
                    blocks.par_iter().map(|block| rank(&rows, block, &model, &writer)).collect();
                for ranked in ranked {
                    let (text, others) = ranked?;
                    out.write_all(&text)?;
                    Unseen::merge_all(&mut unseen, others);
                }
            }
        })?;
        warn_unseen(&name, &unseen);
        Ok(())
    }
}

/// The rankings of a block's rows as text, and values that the model has not seen.
fn rank<R: std::io::Read + Sync>(
    rows: &FeatureStream<R>,
    block: &Block,
    model: &LinearModel<f32>,
    writer: &Writer<'_>,
) -> Result<(Vec<u8>, Vec<Unseen>), Failure> {
    let (features, unseen) = rows.features::<f32>(block)?;
    let mut theta = vec![0.0; model.scores()];
    let all = features.chunks_exact(model.features()).map(|x| {
        model.score(x, &mut theta);
        ranks(&theta)
    });
    Ok((writer.rows(all)?, unseen))
}

/// Writes rankings as rows of a table, or as objects with its columns.
struct Writer<'a> {
    labels: &'a [String],
    /// `{"a":`, `,"b":`, … and what stands before the ordering.
    json: Option<Vec<String>>,
}

impl<'a> Writer<'a> {
    fn new(labels: &'a [String], json: bool) -> Self {
        let key = |(place, name): (usize, &str)| {
            format!("{}{}:", if place == 0 { '{' } else { ',' }, serde_json::Value::from(name))
        };
        let names = labels.iter().map(String::as_str).chain([ORDERING]);
        Self { labels, json: json.then(|| names.enumerate().map(key).collect()) }
    }

    /// What stands before all rows.
    fn header(&self) -> Result<Vec<u8>, Failure> {
        let mut table = csv::Writer::from_writer(Vec::new());
        if self.json.is_none() {
            table.write_record(self.labels.iter().map(String::as_str).chain([ORDERING]))?;
        }
        table.into_inner().map_err(|error| error.to_string().into())
    }

    fn rows(&self, all: impl Iterator<Item = Vec<usize>>) -> Result<Vec<u8>, Failure> {
        let (mut table, mut objects) = (csv::Writer::from_writer(Vec::new()), Vec::new());
        for ranks in all {
            let mut order = vec![""; ranks.len()];
            for (label, rank) in self.labels.iter().zip(&ranks) {
                if let Some(place) = order.get_mut(rank - 1) {
                    *place = label;
                }
            }
            let ordering = order.join(">");
            if let Some(keys) = &self.json {
                for (key, rank) in keys.iter().zip(&ranks) {
                    write!(objects, "{key}{rank}")?;
                }
                let last = keys.last().map_or("", String::as_str);
                writeln!(objects, "{last}{}}}", serde_json::Value::from(ordering))?;
            } else {
                for rank in &ranks {
                    table.write_field(rank.to_string())?;
                }
                table.write_field(ordering)?;
                table.write_record(None::<&[u8]>)?;
            }
        }
        if self.json.is_some() {
            return Ok(objects);
        }
        table.into_inner().map_err(|error| error.to_string().into())
    }
}

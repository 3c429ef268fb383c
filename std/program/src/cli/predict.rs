//! `perturb predict`: decides for new rows.

use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use perturb::data::stream::{Block, FeatureStream};
use perturb::data::table::Unseen;
use perturb::metrics::ranks;
use perturb::model_file::{ModelFile, OracleKind};
use perturb::train::LinearModel;
use perturb::{AnyLayer, AnyOracle, How};
use rayon::prelude::*;

use super::source::{Layout, columns_differ, linear, load, warn_unseen};
use super::{Common, Failure, ensure_distinct, number, options, streams, usage};

/// Decide for each row: rank or pick labels, or choose among options
#[derive(Args, Debug)]
#[command(
    after_help = "Of a model of labels, the output is a CSV table, and with --json a JSON object a line with its
columns: of rankings the rank of each label and the ordering, of other decisions the expected decision
for each label, which is its probability, and the labels that are chosen. Rows are read, decided and
written piece by piece, so that a table may be of any length. Where a row is refused, rows before it may stand on standard
output; a file is written whole or not at all.

Of a model of options, a row is an option: its score, whether it is chosen or which rank it has, and
the expected decision, which is the probability of a pick. A large table is read piece by piece,
too, if the rows of each decision stand together.

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
    #[arg(long, value_name = "K", value_parser = number::at_least_one, allow_negative_numbers = true)]
    top: Option<usize>,
}

/// The last column of the output: the labels from the best to the worst, or those that are chosen.
pub(crate) fn last_column(ranking: bool) -> &'static str {
    if ranking { "ordering" } else { "chosen" }
}

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
            let asked = options::Wanted { data, layout, out, ids: &self.id, top: self.top };
            return options::predict(&asked, &file, recipe, common);
        }
        if self.top.is_some() || !self.id.is_empty() {
            return Err(usage("--top and --id apply to models of options"));
        }
        let decider = Decider::new(&self.model, &file)?;
        let (name, reader) = streams::open(&self.data)?;
        let names = &file.provenance.feature_names;
        let rows = FeatureStream::open(&name, reader, self.layout.format(), names, &file.centres);
        let mut rows = rows.map_err(|error| columns_differ(error, names))?;
        let writer = Writer::new(&file.provenance.label_names, file.oracle, common.json);

        // Each thread decides in the rows of some blocks; what a round holds does not depend on the length of the file.
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
                let decided: Vec<_> =
                    blocks.par_iter().map(|block| decider.decide(&rows, block, &writer)).collect();
                for decided in decided {
                    let (text, others) = decided?;
                    out.write_all(&text)?;
                    Unseen::merge_all(&mut unseen, others);
                }
            }
        })?;
        warn_unseen(&name, &unseen);
        Ok(())
    }
}

/// What decides on labels: an affine model, and a layer for what is expected.
struct Decider {
    model: LinearModel<f32>,
    layer: AnyLayer<f32>,
    kind: OracleKind,
}

impl Decider {
    fn new(path: &Path, file: &ModelFile) -> Result<Self, Failure> {
        let model = linear(path, file)?;
        let oracle = file.labels_oracle().ok_or("the model's oracle is not known")?;
        let layer = AnyLayer::of(AnyOracle::new(&oracle)?, file.noise, file.epsilon)?;
        Ok(Self { model, layer, kind: file.oracle })
    }

    /// The decisions in a block's rows as text, and values that the model has not seen.
    fn decide<R: std::io::Read + Sync>(
        &self,
        rows: &FeatureStream<R>,
        block: &Block,
        writer: &Writer<'_>,
    ) -> Result<(Vec<u8>, Vec<Unseen>), Failure> {
        let (features, unseen) = rows.features::<f32>(block)?;
        let all = features.chunks_exact(self.model.features()).map(|x| {
            let mut theta = vec![0.0; self.model.scores()];
            self.model.score(x, &mut theta);
            theta
        });
        let text = if self.kind == OracleKind::Ranking {
            writer.rows(all.map(|theta| {
                let ranks = ranks(&theta);
                let mut order = vec![0; ranks.len()];
                ranks.iter().enumerate().for_each(|(label, rank)| order[rank - 1] = label);
                Ok((ranks, order))
            }))
        } else {
            writer.rows(all.map(|theta| {
                let (_, y) = self.layer.decide(&theta)?;
                let chosen = (0..y.len()).filter(|&label| y[label] == 1.0).collect();
                Ok((self.layer.maximizer(&theta, How::Exact)?, chosen))
            }))
        };
        Ok((text?, unseen))
    }
}

/// Writes decisions as rows of a table, or as objects with its columns.
struct Writer<'a> {
    labels: &'a [String],
    kind: OracleKind,
    /// `{"a":`, `,"b":`, … and what stands before the last column.
    json: Option<Vec<String>>,
}

impl<'a> Writer<'a> {
    fn new(labels: &'a [String], kind: OracleKind, json: bool) -> Self {
        let key = |(place, name): (usize, &str)| {
            format!("{}{}:", if place == 0 { '{' } else { ',' }, serde_json::Value::from(name))
        };
        let names = labels.iter().map(String::as_str).chain([Self::last(kind)]);
        Self { labels, kind, json: json.then(|| names.enumerate().map(key).collect()) }
    }

    fn last(kind: OracleKind) -> &'static str {
        last_column(kind == OracleKind::Ranking)
    }

    /// What stands before all rows.
    fn header(&self) -> Result<Vec<u8>, Failure> {
        let mut table = csv::Writer::from_writer(Vec::new());
        if self.json.is_none() {
            table.write_record(self.labels.iter().map(String::as_str).chain([Self::last(self.kind)]))?;
        }
        table.into_inner().map_err(|error| error.to_string().into())
    }

    /// A number for each label, and labels by their places in the last column.
    fn rows<N: fmt::Debug>(
        &self,
        all: impl Iterator<Item = Result<(Vec<N>, Vec<usize>), perturb::Error>>,
    ) -> Result<Vec<u8>, Failure> {
        let (mut table, mut objects) = (csv::Writer::from_writer(Vec::new()), Vec::new());
        for row in all {
            let (numbers, places) = row?;
            let named: Vec<&str> =
                places.iter().filter_map(|&place| self.labels.get(place)).map(String::as_str).collect();
            if let Some(keys) = &self.json {
                for (key, number) in keys.iter().zip(&numbers) {
                    write!(objects, "{key}{number:?}")?;
                }
                let last = keys.last().map_or("", String::as_str);
                let named: serde_json::Value = match self.kind {
                    OracleKind::Ranking => named.join(">").into(),
                    OracleKind::Simplex => named.concat().into(),
                    _ => named.into(),
                };
                writeln!(objects, "{last}{named}}}")?;
            } else {
                for number in &numbers {
                    table.write_field(format!("{number:?}"))?;
                }
                table.write_field(named.join(if self.kind == OracleKind::Ranking { ">" } else { ";" }))?;
                table.write_record(None::<&[u8]>)?;
            }
        }
        if self.json.is_some() {
            return Ok(objects);
        }
        table.into_inner().map_err(|error| error.to_string().into())
    }
}

//! `perturb train`, `evaluate` and `predict`: a ranking model and its file.

use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use perturb::data::table::{self as csv_table, Targets};
use perturb::data::{Dataset, label_ranking, shuffle};
use perturb::model_file::{ModelFile, NoiseKind, OracleKind, Provenance};
use perturb::report::{Cell, Table};
use perturb::train::{LinearModel, Loss, Objective, Optimizer, Patience, RankingScores, Schedule, Training};
use perturb::{
    Dyn, Expectation, Gumbel, Laplace, Law, Logistic, MonteCarlo, Normal, Oracle, Perturbed, Ranking, Seed,
};

use super::progress::Progress;
use super::{Common, Failure, report, say, say_json, table};

/// A file of rows, and where its ranking stands.
#[derive(Args, Debug)]
struct Source {
    /// CSV file: a table with a header, or the label-ranking format (line 1 `n,d,k`)
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// Columns of ranks, one a label, 1 = best [default: detected]
    #[arg(long, value_name = "COLUMN", value_delimiter = ',', conflicts_with = "ordering")]
    ranks: Vec<String>,
    /// Column of orderings such as `b>a>c`, best first [default: detected]
    #[arg(long, value_name = "COLUMN")]
    ordering: Option<String>,
}

impl Source {
    fn targets(&self) -> Targets {
        match &self.ordering {
            Some(column) => Targets::Ordering(column.clone()),
            None if self.ranks.is_empty() => Targets::Detect,
            None => Targets::Ranks(self.ranks.clone()),
        }
    }
    fn read(&self) -> Result<Dataset<f32>, Failure> {
        Ok(if has_counts(&self.data)? {
            label_ranking::read(&self.data)?
        } else {
            csv_table::read(&self.data, &self.targets())?
        })
    }
}

/// Whether the first line is `n,d,k`: the label-ranking format.
fn has_counts(file: &Path) -> Result<bool, Failure> {
    use std::io::{BufRead, BufReader, Read};
    let name = |error: std::io::Error| format!("{}: {error}", file.display());
    let mut line = Vec::new();
    BufReader::new(std::fs::File::open(file).map_err(name)?.take(200))
        .read_until(b'\n', &mut line)
        .map_err(name)?;
    let fields =
        line.split(|&byte| byte == b',').map(|field| std::str::from_utf8(field).unwrap_or("").trim());
    let counts: Vec<bool> = fields.map(|field| field.parse::<u64>().is_ok()).collect();
    Ok(counts == [true; 3])
}

#[derive(ValueEnum, Debug, Clone, Copy)]
enum LossName {
    FenchelYoung,
    PerturbedSquared,
    Squared,
    Blackbox,
}

#[derive(ValueEnum, Debug, Clone, Copy)]
enum NoiseName {
    Gumbel,
    Normal,
    Laplace,
    Logistic,
}

#[derive(ValueEnum, Debug, Clone, Copy)]
enum OptimizerName {
    Sgd,
    Adam,
}

#[derive(ValueEnum, Debug, Clone, Copy)]
enum ScheduleName {
    Constant,
    Linear,
    Cosine,
}

/// Trains an affine model θ = Wx + b whose decision is the ranking of θ.
#[derive(Args, Debug)]
pub(crate) struct Train {
    #[command(flatten)]
    source: Source,
    /// File to write the model to
    #[arg(long, value_name = "FILE", default_value = "model.perturb")]
    model: PathBuf,
    /// The loss to minimise
    #[arg(long, value_enum, default_value = "fenchel-young")]
    loss: LossName,
    /// The noise of the perturbed losses
    #[arg(long, value_enum, default_value = "normal")]
    noise: NoiseName,
    /// The temperature of the perturbed losses, in units of scores
    #[arg(long, default_value_t = 1.0, value_name = "E")]
    epsilon: f32,
    /// Samples per gradient; 0 computes expectations exactly
    #[arg(long, default_value_t = 1, value_name = "M")]
    samples: u32,
    /// Interpolation of the blackbox loss
    #[arg(long, default_value_t = 0.1, value_name = "L")]
    lambda: f32,
    /// Learning rate
    #[arg(long, default_value_t = 0.1, value_name = "R")]
    rate: f64,
    /// How the rate changes over the run
    #[arg(long, value_enum, default_value = "linear")]
    schedule: ScheduleName,
    /// How gradients become steps
    #[arg(long, value_enum, default_value = "sgd")]
    optimizer: OptimizerName,
    /// Passes over the training rows
    #[arg(long, default_value_t = 20, value_name = "N")]
    epochs: usize,
    /// Rows per step
    #[arg(long, default_value_t = 32, value_name = "N")]
    batch: usize,
    /// Share of rows kept out of training to judge every epoch on
    #[arg(long, default_value_t = 0.1, value_name = "SHARE")]
    validation: f64,
    /// Stop after this many epochs without a better validation score, and keep the best epoch
    #[arg(long, value_name = "N")]
    patience: Option<usize>,
}

impl Train {
    pub(crate) fn run(&self, common: &Common) -> Result<(), Failure> {
        match self.noise {
            NoiseName::Gumbel => self.train(common, Gumbel, NoiseKind::Gumbel),
            NoiseName::Normal => self.train(common, Normal, NoiseKind::Normal),
            NoiseName::Laplace => self.train(common, Laplace, NoiseKind::Laplace),
            NoiseName::Logistic => self.train(common, Logistic, NoiseKind::Logistic),
        }
    }

    fn train<N: Law<f32>>(&self, common: &Common, noise: N, kind: NoiseKind) -> Result<(), Failure> {
        let data = self.source.read()?;
        let seed = Seed(common.seed);
        let (train, validation) = self.split(&data, seed)?;
        let loss = match self.loss {
            LossName::FenchelYoung => Loss::FenchelYoung,
            LossName::PerturbedSquared => Loss::PerturbedSquared,
            LossName::Squared => Loss::Squared,
            LossName::Blackbox if self.lambda > 0.0 && self.lambda.is_finite() => {
                Loss::BlackBox { lambda: self.lambda }
            }
            LossName::Blackbox => return Err("--lambda must be finite and greater than 0".into()),
        };
        let how = match self.samples {
            0 => Expectation::Exact,
            samples => Expectation::MonteCarlo(MonteCarlo::new(samples, Seed(0))),
        };
        let layer = Perturbed::new(Ranking::ascending(Dyn(data.labels()))?, noise, self.epsilon)?;
        let objective = Objective { layer, loss, how };
        let training = Training {
            epochs: self.epochs,
            least_steps: 0,
            batch: self.batch,
            rate: self.rate,
            schedule: match self.schedule {
                ScheduleName::Constant => Schedule::Constant,
                ScheduleName::Linear => Schedule::Linear,
                ScheduleName::Cosine => Schedule::Cosine,
            },
            optimizer: match self.optimizer {
                OptimizerName::Sgd => Optimizer::Sgd { momentum: 0.0 },
                OptimizerName::Adam => Optimizer::Adam,
            },
            averaging: if self.patience.is_some() { 0.0 } else { 0.5 },
            patience: self.patience.map(|epochs| Patience { epochs }),
            seed: seed.fold(1),
            ..Training::default()
        };

        let progress = Progress::new("training", self.epochs as u64, common.quiet);
        let mut curve: Vec<(usize, RankingScores)> = Vec::new();
        let fitted = training.fit_observed(&objective, &train, |epoch| {
            progress.add(1);
            let scores = validation.as_ref().map(|rows| RankingScores::of(epoch.model, rows));
            curve.extend(scores.map(|scores| (epoch.epoch, scores)));
            ControlFlow::Continue(scores.map(|scores| scores.spearman))
        })?;
        drop(progress);

        self.save(&fitted.model, &data, loss, kind, common.seed)?;
        let scores = validation.as_ref().map(|rows| RankingScores::of(&fitted.model, rows));
        if common.json {
            let json = serde_json::json!({
                "model": self.model,
                "seed": common.seed,
                "epoch": fitted.epoch,
                "steps": fitted.steps,
                "rows": train.len(),
                "validation": scores,
                "curve": curve,
            });
            say_json(&json)?;
        } else {
            say(format_args!(
                "{}: {} features, {} labels, trained on {} rows, epoch {} of {}, seed {}",
                self.model.display(),
                data.features(),
                data.labels(),
                train.len(),
                fitted.epoch,
                self.epochs,
                common.seed
            ))?;
            if let Some(scores) = scores {
                say(format_args!("\n{}", render(&scores, "validation rows")))?;
            }
        }
        Ok(())
    }

    /// Training rows, and validation rows if there are any.
    fn split(
        &self,
        data: &Dataset<f32>,
        seed: Seed,
    ) -> Result<(Dataset<f32>, Option<Dataset<f32>>), Failure> {
        if !(0.0..1.0).contains(&self.validation) {
            return Err(
                format!("--validation is {}; expected 0 up to, not including, 1", self.validation).into()
            );
        }
        let order = shuffle(seed.fold(0), data.len());
        let (validation, train) = order.split_at((self.validation * data.len() as f64) as usize);
        if self.patience.is_some() && validation.is_empty() {
            return Err("--patience needs validation rows: raise --validation".into());
        }
        Ok((data.select(train), (!validation.is_empty()).then(|| data.select(validation))))
    }

    fn save(
        &self,
        model: &LinearModel<f32>,
        data: &Dataset<f32>,
        loss: Loss<f32>,
        noise: NoiseKind,
        seed: u64,
    ) -> Result<(), Failure> {
        let file = ModelFile {
            features: model.features(),
            scores: model.scores(),
            weights: model.weights().to_vec(),
            bias: model.bias().to_vec(),
            epsilon: self.epsilon,
            noise,
            oracle: OracleKind::Ranking,
            provenance: Provenance {
                library_version: env!("CARGO_PKG_VERSION").into(),
                seed,
                loss: loss.name().into(),
                data_name: data.name().into(),
                data_digest: format!("{:016x}", data.digest()),
                feature_names: data.feature_names().to_vec(),
                label_names: data.label_names().to_vec(),
                command: report::origin(seed).command,
            },
        };
        Ok(file.save(&self.model)?)
    }
}

/// Judges a model on rows with known ranks.
#[derive(Args, Debug)]
pub(crate) struct Evaluate {
    /// Model file
    #[arg(long, value_name = "FILE", default_value = "model.perturb")]
    model: PathBuf,
    #[command(flatten)]
    source: Source,
}

impl Evaluate {
    pub(crate) fn run(&self, common: &Common) -> Result<(), Failure> {
        let (file, model) = load(&self.model)?;
        let data = self.source.read()?;
        let data = if has_counts(&self.source.data)? { data } else { self.aligned(&data, &file)? };
        if (data.features(), data.labels()) != (file.features, file.scores) {
            return Err(format!(
                "{} has {} features and {} labels; the model expects {} and {}",
                self.source.data.display(),
                data.features(),
                data.labels(),
                file.features,
                file.scores
            )
            .into());
        }
        let scores = RankingScores::of(&model, &data);
        if common.json {
            say_json(&scores)?;
        } else {
            say(render(&scores, &format!("{} rows", data.len())))?;
        }
        Ok(())
    }

    /// The table with the model's features and labels, by name.
    fn aligned(&self, data: &Dataset<f32>, file: &ModelFile) -> Result<Dataset<f32>, Failure> {
        let names = &file.provenance;
        let features = csv_table::read_features(&self.source.data, &names.feature_names)?;
        let place = |label: &String| {
            data.label_names().iter().position(|other| other == label).ok_or_else(|| {
                let found = data.label_names().join(", ");
                format!("{}: no label `{label}` of the model; found {found}", self.source.data.display())
            })
        };
        let places = names.label_names.iter().map(place).collect::<Result<Vec<_>, _>>()?;
        let ranks =
            (0..data.len()).flat_map(|row| places.iter().map(move |&place| data.y(row)[place])).collect();
        let (features_named, labels) = (names.feature_names.clone(), names.label_names.clone());
        Ok(Dataset::new(data.name(), features_named, labels, features, ranks)?)
    }
}

/// Ranks the labels of each row; the answer is a CSV table of ranks and the ordering.
#[derive(Args, Debug)]
pub(crate) struct Predict {
    /// Model file
    #[arg(long, value_name = "FILE", default_value = "model.perturb")]
    model: PathBuf,
    /// CSV table with the model's feature columns, or a file in the label-ranking format
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// Output file [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Predict {
    pub(crate) fn run(&self, common: &Common) -> Result<(), Failure> {
        let (file, model) = load(&self.model)?;
        let names = &file.provenance;
        let features: Vec<f32> = if has_counts(&self.data)? {
            let data = label_ranking::read(&self.data)?;
            if data.features() != file.features {
                let (found, expected) = (data.features(), file.features);
                return Err(format!(
                    "{} has {found} features; the model expects {expected}",
                    self.data.display()
                )
                .into());
            }
            (0..data.len()).flat_map(|row| data.x(row).to_vec()).collect()
        } else {
            csv_table::read_features(&self.data, &names.feature_names)?
        };

        let oracle = Ranking::<f32, _>::ascending(Dyn(file.scores))?;
        let (mut theta, mut ranks, mut work) =
            (vec![0.0; file.scores], vec![0.0; file.scores], oracle.work());
        let mut rows: Vec<(Vec<usize>, String)> = Vec::new();
        for x in features.chunks_exact(file.features) {
            model.score(x, &mut theta);
            oracle.solve(&theta, &mut ranks, &mut work);
            let mut order: Vec<usize> = (0..file.scores).collect();
            order.sort_by(|&a, &b| ranks[a].total_cmp(&ranks[b]));
            let ordering: Vec<&str> = order.iter().map(|&label| names.label_names[label].as_str()).collect();
            rows.push((ranks.iter().map(|&rank| rank as usize).collect(), ordering.join(">")));
        }

        let text = if common.json {
            let one = |(ranks, ordering): &(Vec<usize>, String)| serde_json::json!({ "ranks": ranks, "ordering": ordering });
            let predictions: Vec<_> = rows.iter().map(one).collect();
            serde_json::to_string_pretty(
                &serde_json::json!({ "labels": names.label_names, "rows": predictions }),
            )? + "\n"
        } else {
            to_csv(&names.label_names, &rows)?
        };
        if let Some(path) = &self.out {
            std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))?;
        } else {
            std::io::stdout().write_all(text.as_bytes())?;
        }
        Ok(())
    }
}

fn to_csv(labels: &[String], rows: &[(Vec<usize>, String)]) -> Result<String, Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(labels.iter().map(String::as_str).chain(["ordering"]))?;
    for (ranks, ordering) in rows {
        writer.write_record(ranks.iter().map(ToString::to_string).chain([ordering.clone()]))?;
    }
    Ok(String::from_utf8(writer.into_inner().map_err(|error| error.to_string())?)?)
}

/// A model file whose names fit its sizes.
fn load(path: &Path) -> Result<(ModelFile, LinearModel<f32>), Failure> {
    let file = ModelFile::load(path)?;
    if !matches!(file.oracle, OracleKind::Ranking) {
        return Err(format!(
            "{}: the model decides by {}; expected ranking",
            path.display(),
            file.oracle.name()
        )
        .into());
    }
    let names = &file.provenance;
    if (names.feature_names.len(), names.label_names.len()) != (file.features, file.scores) {
        return Err(format!("{}: the model does not name all its features and labels", path.display()).into());
    }
    let model = LinearModel::from_parts(file.features, file.weights.clone(), file.bias.clone())
        .ok_or_else(|| format!("{}: weights and bias do not fit each other", path.display()))?;
    Ok((file, model))
}

fn render(scores: &RankingScores, on: &str) -> String {
    let rows = [
        ("Spearman", format!("{:.4}", scores.spearman)),
        ("Kendall", format!("{:.4}", scores.kendall)),
        ("perfect ranks", format!("{:.2} %", 100.0 * scores.perfect_ranks)),
        ("partial ranks", format!("{:.2} %", 100.0 * scores.partial_ranks)),
    ];
    table::render(&Table {
        caption: String::new(),
        header: vec![on.to_owned(), "score".to_owned()],
        rows: rows
            .into_iter()
            .map(|(name, score)| vec![Cell::Text(name.into()), Cell::Number(score)])
            .collect(),
    })
}

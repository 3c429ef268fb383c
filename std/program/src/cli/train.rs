//! `perturb train`: from a table to a model file.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use perturb::data::table::Targets;
use perturb::data::{Dataset, shuffle, text};
use perturb::model_file::ModelFile;
use perturb::train::{
    Best, Fitted, LinearModel, Loss, Objective, Optimizer, Patience, Run, Schedule, TrainError, Training,
};
use perturb::{AnyNoise, AnyOracle, Error, How, MonteCarlo, OracleSpec, Perturbed, Seed};
use serde::Serialize;

use super::number::Validation;
use super::options::{self, Options};
use super::progress::Progress;
use super::save::{self, Checkpoints};
use super::saved::{BestEpoch, Saved};
use super::scores::Scores;
use super::source::{self, Source};
use super::streams::{self, Input, is_standard};
use super::{
    Common, Failure, Out, ensure_apart, ensure_distinct, number, predict, report, say, table, usage,
};

#[derive(ValueEnum, Serialize, Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum LossName {
    /// Loss of the decision under noise: convex, one solve a sample
    FenchelYoung,
    /// Squared distance of the expected decision
    PerturbedSquared,
    /// Squared distance of the scores, which ignores the solver
    Squared,
    /// Logistic regression of pairs, which ignores the solver
    PairwiseLogistic,
    /// Squared distance of the decision, by an interpolated gradient
    Blackbox,
    /// Of options by --worth: a bound of the regret, without noise
    SpoPlus,
    /// Of picks among options: minus the logarithm of the probability of what was picked
    Likelihood,
}

impl LossName {
    /// As on the command line.
    pub(super) fn name(self) -> String {
        self.to_possible_value().map_or(String::new(), |value| value.get_name().to_owned())
    }
}

#[derive(ValueEnum, Serialize, Debug, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum OptimizerName {
    Sgd,
    Adam,
}

#[derive(ValueEnum, Serialize, Debug, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum ScheduleName {
    Constant,
    Linear,
    Cosine,
}

/// Train an affine model θ = Wx + b that decides on labels by θ, or one vector of weights for options
#[derive(Args, Serialize, Debug, Clone)]
#[command(after_help = "Examples:
  perturb train --data votes.csv --model votes.perturb
  perturb train --data votes.csv --samples 0 --patience 5   # exact expectations, early stopping
  perturb train --data votes.csv --resume                   # after an interrupt
  perturb train --data iris.csv --decide pick --chosen species
  perturb train --data trips.csv --group trip --chosen took --features cost --constants mode
  perturb train --data maps.csv --group map --decide route --chosen taken --features length,hills")]
pub(crate) struct Train {
    #[command(flatten)]
    #[serde(skip)]
    pub(super) source: Source,
    /// File to write the model to; - writes it to standard output, and the summary to standard error
    #[arg(long, value_name = "FILE", default_value = "model.perturb")]
    #[serde(skip)]
    pub(super) model: PathBuf,
    /// Loss to minimise
    #[arg(long, value_enum, default_value = "fenchel-young")]
    pub(super) loss: LossName,
    /// Noise of the perturbed losses [default: normal; gumbel for picks, which makes them the logit]
    #[arg(long, value_name = "NOISE", value_parser = noises())]
    #[serde(skip)]
    pub(super) noise: Option<AnyNoise>,
    /// Temperature of the perturbed losses, in units of scores, greater than 0
    #[arg(
        long,
        default_value_t = 1.0,
        value_name = "E",
        value_parser = number::positive::<f32>,
        allow_negative_numbers = true
    )]
    pub(super) epsilon: f32,
    /// Samples per gradient, a whole number; 0 computes expectations exactly [default: 0 for perturbed-squared, whose products
    /// of two estimates need many samples, for picks and yes or no, and for rankings among options; otherwise 10]
    #[arg(long, value_name = "M", value_parser = number::samples, allow_negative_numbers = true)]
    samples: Option<u32>,
    /// Interpolation parameter of the blackbox loss, greater than 0
    #[arg(
        long,
        default_value_t = 0.1,
        value_name = "L",
        value_parser = number::positive::<f32>,
        allow_negative_numbers = true
    )]
    lambda: f32,
    /// Learning rate, greater than 0 [default: 0.1; at most 1/(1 + features) for squared, whose curvature they are]
    #[arg(long, value_name = "R", value_parser = number::positive::<f64>, allow_negative_numbers = true)]
    pub(super) rate: Option<f64>,
    /// How the learning rate changes over the run
    #[arg(long, value_enum, default_value = "linear")]
    schedule: ScheduleName,
    /// Optimizer that turns gradients into steps
    #[arg(long, value_enum, default_value = "sgd")]
    optimizer: OptimizerName,
    /// Passes over the training rows, at least 1 [default: 20, or as many as make 1000 steps]
    #[arg(long, value_name = "N", value_parser = number::at_least_one, allow_negative_numbers = true)]
    epochs: Option<usize>,
    /// Rows per step, at least 1
    #[arg(
        long,
        default_value_t = 32,
        value_name = "N",
        value_parser = number::at_least_one,
        allow_negative_numbers = true
    )]
    batch: usize,
    /// Rows kept for validation: a share of them, from 0 to less than 1, or a file of others [default: 0.1; of options 0, that
    /// all teach]
    #[arg(long, value_name = "SHARE|FILE", value_parser = number::validation, allow_negative_numbers = true)]
    #[serde(skip)]
    pub(super) validation: Option<Validation>,
    /// Stop after this many epochs without a better validation score, at least 1, and keep the best epoch
    #[arg(long, value_name = "N", value_parser = number::at_least_one, allow_negative_numbers = true)]
    pub(super) patience: Option<usize>,
    /// Of options: penalty on large weights, as a share of the mean loss's curvature, at least 0; cross-validation chooses one
    /// of several
    #[arg(long, default_values_t = [0.0], value_name = "L", value_delimiter = ',', value_parser = number::not_negative, allow_negative_numbers = true)]
    #[serde(skip)]
    pub(super) ridge: Vec<f64>,
    /// Folds of cross-validation: train on options judges by it, too; tune chooses by it [default of tune: 5]
    #[arg(long, value_name = "K", value_parser = number::folds, allow_negative_numbers = true)]
    #[serde(skip)]
    pub(super) folds: Option<usize>,
    /// Of options: ratios of weights with their standard errors, such as time/cost
    #[arg(long, value_name = "TERM/TERM", value_delimiter = ',', allow_hyphen_values = true)]
    #[serde(skip)]
    ratio: Vec<String>,
    /// Of picks among options: own and cross elasticities with respect to these terms
    #[arg(long, value_name = "TERM", value_delimiter = ',')]
    #[serde(skip)]
    elasticity: Vec<String>,
    /// Of options: go on from this model on new data, by descent; the table's columns are read as for it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["group", "options", "loss", "noise", "folds"])]
    #[serde(skip)]
    pub(super) from: Option<PathBuf>,
    #[command(flatten)]
    #[serde(skip)]
    pub(super) checkpoints: Checkpoints,
    #[command(flatten)]
    #[serde(skip)]
    out: Out,
    // Last: what follows would stand under its heading.
    #[command(flatten)]
    #[serde(skip)]
    pub(super) options: Options,
    /// How the settings were chosen.
    #[arg(skip)]
    #[serde(skip)]
    pub(super) tuning: Option<serde_json::Value>,
}

/// The training of a model between two steps.
type Trained<'a> = Run<'a, AnyOracle<f32>, AnyNoise, f32, How>;

/// Parses the name of a noise.
pub(super) fn noises() -> impl TypedValueParser<Value = AnyNoise> {
    PossibleValuesParser::new(AnyNoise::ALL.map(|noise| noise.name()))
        .map(|name| AnyNoise::from_name(&name).unwrap_or(AnyNoise::Normal))
}

impl Train {
    pub(crate) fn run(&self, common: &Common) -> Result<(), Failure> {
        self.ensure_files()?;
        self.asked().ensure(common)?;
        if self.options.is_given() || self.from.is_some() {
            return self.of_options(common);
        }
        self.of_labels(common)
    }

    /// What the options say, as far as others depend on it.
    pub(crate) fn asked(&self) -> options::Asked {
        let table = match (&self.from, self.options.is_given()) {
            (Some(_), _) => options::Table::Continued,
            (None, true) => options::Table::Options,
            (None, false) => options::Table::Labels,
        };
        let (decide, cells) = self.options.decided();
        let loss = match self.loss {
            LossName::FenchelYoung => options::Loss::FenchelYoung,
            LossName::PerturbedSquared => options::Loss::PerturbedSquared,
            LossName::Likelihood => options::Loss::Likelihood,
            LossName::Blackbox => options::Loss::BlackBox,
            LossName::Squared | LossName::PairwiseLogistic | LossName::SpoPlus => options::Loss::OfScores,
        };
        let newton = table == options::Table::Options
            && matches!(loss, options::Loss::FenchelYoung | options::Loss::Likelihood)
            && self.options.is_exact()
            && self.samples.unwrap_or(0) == 0;
        options::Asked { table, decide, cells, loss, newton }
    }

    /// Checks that no file is two.
    pub(super) fn ensure_files(&self) -> Result<(), Failure> {
        ensure_distinct(("--data", &self.source.data), ("--model", &self.model))?;
        for file in &self.options.and {
            ensure_distinct(("--and", file), ("--model", &self.model))?;
            self.out.ensure_free("train", &[("--and", file)])?;
        }
        streams::ensure_output(Some(&self.model))?;
        if let Some(checkpoint) = self.checkpoints.file() {
            ensure_apart(("--model", &self.model), ("--checkpoint", checkpoint))?;
        }
        self.out.ensure_free("train", &[("--data", &self.source.data), ("--model", &self.model)])
    }

    /// Trains on a table of labels.
    fn of_labels(&self, common: &Common) -> Result<(), Failure> {
        let targets = self.targets()?;
        let data = self.data(&targets, common)?;
        self.out.folder()?;
        let seed = Seed(common.seed);
        let (train, validation) = self.split(&data, &targets, seed)?;
        let objective = self.objective(&data)?;
        let Objective { loss, how, .. } = objective;
        let noise = *objective.layer.noise();
        let samples = if let How::MonteCarlo(how) = how { how.samples } else { 0 };
        let scores_of =
            |model: &LinearModel<f32>, rows: &Dataset<f32>| Scores::of(model, rows, (noise, self.epsilon));
        let training = self.training(train.len(), self.default_rate(train.features()), seed.fold(1));

        let beside = (!is_standard(&self.model)).then(|| save::beside(&self.model));
        let settings = save::settings("training", self, common, Some(format!("{:016x}", data.digest())))?
            .with("noise", noise.name().to_owned())
            .with("validation", self.validation_setting())
            .with("samples", samples.to_string())
            .with("rate", text::shown(training.rate))
            .with("epochs", training.epochs.to_string())
            // A state in which the best label has the least score, as before, must not go on.
            .with("best label", "largest score".to_owned())
            // Reports need losses, which are in the checkpoint only if a report was asked for.
            .with("report", self.out.wanted().to_string());
        let pairs: Vec<_> = settings.values.iter().filter(|(name, _)| name != "report").cloned().collect();
        let (mut saver, saved) = self.checkpoints.open::<Saved>(beside, settings)?;
        let mut curve: Vec<(usize, Scores)> = Vec::new();
        let mut epochs: Vec<report::Epoch> = Vec::new();
        let mut best = Best::default();
        let run = match saved {
            None => training.start(&objective, &train)?,
            Some(saved) => {
                (curve, epochs) = (saved.curve, saved.epochs);
                if let Some(epoch) = saved.best {
                    best =
                        epoch.restore(&train).ok_or("the checkpoint's best model does not fit the data")?;
                }
                training.resume(&objective, &train, saved.run)?
            }
        };
        let progress = Progress::new("steps", run.steps() as u64, common);
        progress.resume(run.steps_done() as u64);
        let state = |run: &Trained<'_>, best: &Best<f32>, curve: &Vec<_>, epochs: &Vec<_>| Saved {
            run: run.state(),
            best: BestEpoch::of(best),
            curve: curve.clone(),
            epochs: epochs.clone(),
        };
        let done = |run: &Trained<'_>| format!("after step {} of {}", run.steps_done(), run.steps());
        saver.begin(&state(&run, &best, &curve, &epochs), &done(&run))?;
        let fitted = run.drive(best, |run, ended, best| {
            progress.add(1);
            if ended {
                let fitted = run.fitted();
                let scores = validation.as_ref().map(|rows| scores_of(&fitted.model, rows)).transpose()?;
                let watched = scores.as_ref().map(Scores::watched);
                if let Some(scores) = scores {
                    progress.score(scores.shown());
                    curve.push((fitted.epoch, scores));
                }
                if self.out.wanted() {
                    // The loss of a model early in training may overflow.
                    let loss = |rows| objective.mean(&fitted.model, rows, seed.fold(2)).unwrap_or(f64::NAN);
                    let before = (fitted.steps - 1) as f64 / run.steps() as f64;
                    epochs.push(report::Epoch {
                        number: fitted.epoch,
                        rate: training.rate * training.schedule.factor(before),
                        loss: loss(&train),
                        validation_loss: validation.as_ref().map(loss),
                    });
                }
                best.consider(watched, fitted);
            }
            saver.step(|| state(run, best, &curve, &epochs), || done(run))?;
            Ok::<_, Failure>(ControlFlow::Continue(()))
        });
        let fitted = fitted.map_err(in_words)?;
        drop(progress);

        self.save(&fitted.model, &data, (noise, loss, &targets), common.seed)?;
        let scores = validation.as_ref().map(|rows| scores_of(&fitted.model, rows)).transpose()?;
        if self.out.wanted() {
            let origin = report::origin(common.seed, &[&data]);
            let page = report::Curve {
                train: &train,
                validation: validation.as_ref(),
                epochs: &epochs,
                scores: &curve,
                kept: (fitted.epoch, scores.as_ref()),
                model: &fitted.model,
                layer: (noise, self.epsilon),
                settings: &pairs,
            };
            self.out.save(&report::train(origin, &page)?, common)?;
        }
        saver.done();
        self.warn_of_growth(&objective, &fitted.model, &train, seed.fold(2));
        let beside = validation.as_ref().map(|rows| report::baseline(&train, rows, (noise, self.epsilon)));
        let scores = scores.zip(beside.transpose()?);
        self.say(common, &fitted, training.epochs, scores, &train, &curve)
    }

    /// What is minimised on labels.
    fn objective(&self, data: &Dataset<f32>) -> Result<Objective<AnyOracle<f32>, AnyNoise, f32>, Failure> {
        let picks = matches!(data.oracle(), OracleSpec::Simplex { .. });
        let noise = self.noise.unwrap_or(if picks { AnyNoise::Gumbel } else { AnyNoise::Normal });
        let loss = self.loss(self.lambda).ok_or_else(|| {
            usage(
                "--loss likelihood belongs to picks among options; name the column of decisions with --group",
            )
        })?;
        if matches!(self.loss, LossName::SpoPlus) {
            return Err(usage("--loss spo-plus belongs to tables of options by --worth"));
        }
        let exact = matches!(self.loss, LossName::PerturbedSquared)
            || matches!(data.oracle(), OracleSpec::Simplex { .. } | OracleSpec::Hypercube { .. });
        let how = match self.samples.unwrap_or(if exact { 0 } else { 10 }) {
            0 => How::Exact,
            samples => How::MonteCarlo(MonteCarlo::new(samples, Seed(0))),
        };
        let layer = Perturbed::new(AnyOracle::new(data.oracle())?, noise, self.epsilon)?;
        Ok(Objective { layer, loss, how })
    }

    /// The scores on `test` of a model that is trained on `train`; none if its loss ends above its start.
    pub(super) fn cross(
        &self,
        train: &Dataset<f32>,
        test: &Dataset<f32>,
        seed: Seed,
    ) -> Result<Option<Scores>, Failure> {
        let objective = self.objective(train)?;
        let training = self.training(train.len(), self.default_rate(train.features()), seed.fold(1));
        let fitted = training.fit(&objective, train).map_err(|error| in_words(error.into()))?;
        let zero = LinearModel::zeros(train.features(), train.labels());
        let loss = |model| objective.mean(model, train, seed.fold(2)).unwrap_or(f64::INFINITY);
        if loss(&fitted.model) > loss(&zero) {
            return Ok(None);
        }
        Ok(Some(Scores::of(&fitted.model, test, (*objective.layer.noise(), self.epsilon))?))
    }

    /// The rows; says what a table's columns were taken for.
    pub(super) fn data(&self, targets: &Targets, common: &Common) -> Result<Dataset<f32>, Failure> {
        let input = self.source.input()?;
        let (data, reading) = self.source.parse(&input, targets)?;
        // Who tuned has said it before.
        if let Some(reading) = reading.filter(|_| self.tuning.is_none()) {
            source::tell(&input.name, &data, &reading, common.quiet);
        }
        let column = predict::last_column(data.is_ranking());
        if data.label_names().iter().any(|label| label == column) {
            let name = input.name.display();
            return Err(format!(
                "{name}: a label is named `{column}`, as a column that `perturb predict` writes; rename it"
            )
            .into());
        }
        Ok(data)
    }

    /// Says if the training has not lowered the loss of its own rows, whatever came of it.
    fn warn_of_growth(
        &self,
        objective: &Objective<AnyOracle<f32>, AnyNoise, f32>,
        model: &LinearModel<f32>,
        rows: &Dataset<f32>,
        seed: Seed,
    ) {
        let zero = LinearModel::zeros(model.features(), model.scores());
        let loss = |model| objective.mean(model, rows, seed).unwrap_or(f64::INFINITY);
        let (start, end) = (loss(&zero), loss(model));
        if end > start {
            tell!(
                "{}: warning: the loss ended at {end:.4}, above {start:.4} at its start; try a smaller --rate",
                self.model.display()
            );
        }
    }

    /// Prints the result.
    fn say(
        &self,
        common: &Common,
        fitted: &Fitted<f32>,
        epochs: usize,
        scores: Option<(Scores, Scores)>,
        rows: &Dataset<f32>,
        curve: &[(usize, Scores)],
    ) -> Result<(), Failure> {
        let tell = |text: String| {
            if is_standard(&self.model) {
                text.lines().for_each(|line| tell!("{line}"));
                return Ok(());
            }
            say(text)
        };
        if common.json {
            let mut json = serde_json::json!({
                "model": self.model.to_string_lossy(),
                "seed": common.seed,
                "epoch": fitted.epoch,
                "steps": fitted.steps,
                "rows": rows.len(),
                "validation": scores.as_ref().map(|(model, _)| model),
                "baseline": scores.as_ref().map(|(_, baseline)| baseline),
                "curve": curve,
            });
            if let Some(tuning) = &self.tuning {
                json["tuning"] = tuning.clone();
            }
            tell(serde_json::to_string_pretty(&json)?)?;
        } else {
            let model = if is_standard(&self.model) { Path::new("standard output") } else { &self.model };
            tell(format!(
                "{}: {} features, {} labels, trained on {} rows, epoch {} of {}, seed {}",
                model.display(),
                rows.features(),
                rows.labels(),
                rows.len(),
                fitted.epoch,
                epochs,
                common.seed
            ))?;
            if let Some((model, baseline)) = scores {
                let beside = report::against(&model, &baseline, "validation rows");
                tell(format!("\n{}", table::render(&beside)))?;
            }
        }
        Ok(())
    }

    /// The columns of what is decided on labels.
    pub(super) fn targets(&self) -> Result<Targets, Failure> {
        let targets = self.options.of_labels()?;
        if let Some(targets) = targets {
            self.source.ensure_no_rankings("named by --chosen")?;
            return Ok(targets);
        }
        Ok(self.source.targets())
    }

    /// The share of rows that are kept to validate, or the file of others, as a setting.
    fn validation_setting(&self) -> String {
        self.validation.as_ref().map_or_else(|| text::shown(SHARE), ToString::to_string)
    }

    /// None for a likelihood.
    fn loss<T>(&self, lambda: T) -> Option<Loss<T>> {
        Some(match self.loss {
            LossName::FenchelYoung => Loss::FenchelYoung,
            LossName::PerturbedSquared => Loss::PerturbedSquared,
            LossName::Squared => Loss::Squared,
            LossName::PairwiseLogistic => Loss::PairwiseLogistic,
            LossName::Blackbox => Loss::BlackBox { lambda },
            LossName::SpoPlus => Loss::SpoPlus,
            LossName::Likelihood => return None,
        })
    }

    /// Trains on a table of options.
    fn of_options(&self, common: &Common) -> Result<(), Failure> {
        self.with_fit(common, |fit| options::train(fit, common))
    }

    /// What `then` makes of the settings of a training on options.
    pub(super) fn with_fit<R>(&self, common: &Common, then: impl FnOnce(&options::Fit<'_>) -> R) -> R {
        let loss = self.loss(f64::from(self.lambda));
        let settings = |data| {
            let noise = self.noise.map_or("default", |noise| noise.name());
            let settings = save::settings("training on options", self, common, Some(data))?;
            let settings = settings.with("noise", noise.to_owned()).with("from", format!("{:?}", self.from));
            Ok(settings
                .with("options", serde_json::to_string(&self.options)?)
                .with("validation", format!("{:?}", self.validation)))
        };
        let training =
            |decisions: usize| self.training(decisions, Training::default().rate, Seed(common.seed).fold(1));
        then(&options::Fit {
            options: &self.options,
            source: &self.source,
            model: &self.model,
            loss,
            noise: self.noise,
            epsilon: f64::from(self.epsilon),
            samples: self.samples,
            ridges: &self.ridge,
            folds: self.folds,
            validation: self.validation.as_ref(),
            ratios: &self.ratio,
            elasticities: &self.elasticity,
            out: &self.out,
            from: self.from.as_deref(),
            checkpoints: &self.checkpoints,
            seed: Seed(common.seed),
            settings: &settings,
            training: &training,
            tuning: self.tuning.as_ref(),
            patience: self.patience,
        })
    }

    fn default_rate(&self, features: usize) -> f64 {
        let rate = Training::default().rate;
        match self.loss {
            // The greatest curvature of standardised features is at most their number.
            LossName::Squared => rate.min(1.0 / (1.0 + features as f64)),
            _ => rate,
        }
    }

    fn training(&self, rows: usize, rate: f64, seed: Seed) -> Training {
        let recipe = Training::default();
        let per_epoch = (rows / self.batch).max(1);
        Training {
            epochs: self.epochs.unwrap_or(recipe.least_steps.div_ceil(per_epoch).max(20)),
            least_steps: 0,
            batch: self.batch,
            rate: self.rate.unwrap_or(rate),
            schedule: match self.schedule {
                ScheduleName::Constant => Schedule::Constant,
                ScheduleName::Linear => Schedule::Linear,
                ScheduleName::Cosine => Schedule::Cosine,
            },
            optimizer: match self.optimizer {
                OptimizerName::Sgd => Optimizer::Sgd { momentum: 0.0 },
                OptimizerName::Adam => Optimizer::Adam,
            },
            // Where any epoch may be the last, its model is to be a mean, too: a single iterate is mostly noise.
            averaging: if self.patience.is_some() { 1.0 } else { recipe.averaging },
            patience: self.patience.map(|epochs| Patience { epochs }),
            seed,
            ..recipe
        }
    }

    /// Training rows, and validation rows if there are any.
    fn split(
        &self,
        data: &Dataset<f32>,
        targets: &Targets,
        seed: Seed,
    ) -> Result<(Dataset<f32>, Option<Dataset<f32>>), Failure> {
        let share = match &self.validation {
            None => SHARE,
            Some(Validation::Share(share)) => *share,
            Some(Validation::File(file)) => {
                let features = (data.feature_names(), data.centres());
                let rows =
                    self.source.parse_for(&Input::read(file)?, targets, features, data.label_names())?;
                if rows.oracle() != data.oracle() {
                    let file = file.display();
                    return Err(
                        format!("{file}: as many labels must be chosen as in the training rows").into()
                    );
                }
                return Ok((data.clone(), Some(rows)));
            }
        };
        let order = shuffle(seed.fold(0), data.len());
        let (validation, train) = order.split_at(kept(share, data.len()));
        if self.patience.is_some() && validation.is_empty() {
            return Err(usage("--patience needs validation rows: raise --validation"));
        }
        Ok((data.select(train), (!validation.is_empty()).then(|| data.select(validation))))
    }

    fn save(
        &self,
        model: &LinearModel<f32>,
        data: &Dataset<f32>,
        (noise, loss, targets): (AnyNoise, Loss<f32>, &Targets),
        seed: u64,
    ) -> Result<(), Failure> {
        let mut file = ModelFile::of_labels(model, data, (noise, self.epsilon));
        file.provenance.seed = seed;
        file.provenance.loss = loss.name().into();
        file.provenance.command = report::command();
        if let Targets::Pick(column) = targets {
            file.provenance.decided = Some(column.clone());
        }
        if is_standard(&self.model) {
            streams::write(None, &file.to_bytes()?)
        } else {
            Ok(file.save(&self.model)?)
        }
    }
}

/// The error in the words of this program.
fn in_words(error: Failure) -> Failure {
    match error.downcast_ref() {
        Some(&TrainError::Row { source: Error::NoClosedForm { because }, .. }) => {
            format!("no exact expectation: {because}; give --samples 1 or more").into()
        }
        _ => error,
    }
}

/// The share of rows that are kept to validate, if none is named.
const SHARE: f64 = 0.1;

/// The rows of a share, down to a whole number; .29 of 100 are 29, though as binary numbers a little less.
pub(super) fn kept(share: f64, rows: usize) -> usize {
    (share * rows as f64 * (1.0 + 1e-12)) as usize
}

#[cfg(test)]
mod tests {
    use super::kept;

    #[test]
    fn shares_are_those_of_decimal_numbers() {
        for percent in 0..100 {
            assert_eq!(kept(f64::from(percent) / 100.0, 100), percent as usize);
        }
        assert_eq!((kept(0.1, 15), kept(0.5, 3), kept(0.999, 1)), (1, 1, 0));
    }
}

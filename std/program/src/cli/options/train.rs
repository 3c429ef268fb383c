//! `perturb train` on a table of options.

use std::path::Path;
use std::time::Instant;

use perturb::data::frame::Frame;
use perturb::decisions::{Decide, Decisions, Judgement, Recipe, Target, Utility};
use perturb::inference::{Criterion, Elasticity, Errors, Estimates, Estimation, EstimationError};
use perturb::model_file::ModelFile;
use perturb::train::{Loss, OptionsRun, RunState, TrainError, Training};
use perturb::{AnyNoise, How, MonteCarlo, Seed, data::shuffle};

use serde::{Deserialize, Serialize};

use super::show::{coefficients, importance, summary};
use super::{Options, elasticity, judge, page, with_columns};
use crate::cli::number::Validation;
use crate::cli::progress::Progress;
use crate::cli::save::{self, Checkpoints};
use crate::cli::source::{self, Source};
use crate::cli::streams::{self, is_standard};
use crate::cli::train::kept;
use crate::cli::{Common, Failure, Out, report, say, table, usage};

/// How weights are learned, as the command line says.
#[derive(Clone, Copy)]
pub(crate) struct Fit<'a> {
    pub(crate) options: &'a Options,
    pub(crate) source: &'a Source,
    pub(crate) model: &'a Path,
    /// None for a likelihood.
    pub(crate) loss: Option<Loss<f64>>,
    pub(crate) noise: Option<AnyNoise>,
    pub(crate) epsilon: f64,
    pub(crate) samples: Option<u32>,
    /// If there are several, cross-validation chooses one.
    pub(crate) ridges: &'a [f64],
    /// Folds of cross-validation, or none.
    pub(crate) folds: Option<usize>,
    /// The share of decisions that are kept to judge the model, or a file of others.
    pub(crate) validation: Option<&'a Validation>,
    pub(crate) ratios: &'a [String],
    /// Terms with respect to which elasticities are asked for.
    pub(crate) elasticities: &'a [String],
    /// Where a page is written.
    pub(crate) out: &'a Out,
    /// The model whose training goes on.
    pub(crate) from: Option<&'a Path>,
    pub(crate) checkpoints: &'a Checkpoints,
    pub(crate) seed: Seed,
    /// What the checkpoint's settings are made of.
    pub(crate) settings: &'a dyn Fn(String) -> Result<perturb::checkpoint::Settings, Failure>,
    /// The settings of a descent on so many decisions.
    pub(crate) training: &'a dyn Fn(usize) -> Training,
    /// Epochs without a better validation score, after which a descent stops.
    pub(crate) patience: Option<usize>,
    /// How the settings were chosen.
    pub(crate) tuning: Option<&'a serde_json::Value>,
}

/// Reads the table, fits, saves the model, and says what was found.
pub(crate) fn train(fit: &Fit<'_>, common: &Common) -> Result<(), Failure> {
    fit.out.folder()?;
    let start = Instant::now();
    let older = fit.from.map(Older::load).transpose()?;
    let (frame, recipe) = match &older {
        None => fit.options.read(fit.source)?,
        Some(older) => (older.frame(fit.source)?, older.recipe.clone()),
    };
    let fit = &older.as_ref().map_or(*fit, |older| Fit {
        noise: Some(older.noise),
        epsilon: older.epsilon,
        ..*fit
    });
    if matches!(fit.loss, Some(Loss::SpoPlus)) && !matches!(recipe.target, Some(Target::Worth(_))) {
        return Err(usage("--loss spo-plus learns from what options are worth; give --worth"));
    }
    if fit.samples == Some(0) && !recipe.decide.is_exact() {
        return Err(usage(format!(
            "--decide {} has no exact expectation; give --samples 1 or more",
            recipe.decide.name()
        )));
    }
    let decisions = elasticity::named(fit, &recipe)?.read(&frame)?;
    let seed = fit.seed;
    let order = shuffle(seed.fold(0), decisions.len());
    let share = if let Some(Validation::Share(share)) = fit.validation { *share } else { 0.0 };
    let (kept, rest) = order.split_at(kept(share, order.len()));
    if !common.quiet {
        let rate = rate(decisions.options(), start);
        tell!("{}: {}; read in {rate}", frame.file().display(), described(&recipe, &decisions, fit.options));
    }
    let (train, validation) = match (fit.validation, kept) {
        (Some(Validation::File(file)), _) => (decisions, Some(others(fit, &recipe, file)?)),
        (_, []) => (decisions, None),
        _ => (decisions.select(&sorted(rest)), Some(decisions.select(&sorted(kept)))),
    };
    let start_at = older.as_ref().map(|older| &older.w[..]);
    let crossed = fit.folds.map(|folds| judge::cross_validate(fit, &recipe, &train, folds)).transpose()?;
    let ridge = judge::choose(fit, &recipe, &train, seed.fold(5))?;
    let start = Instant::now();
    if fit.patience.is_some() && validation.is_none() {
        return Err(usage("--patience needs validation decisions: --validation SHARE or FILE"));
    }
    let course = Course { common, validation: validation.as_ref() };
    let learned = learn(fit, &recipe, &train, (ridge, start_at), Some(&course))?;
    if !common.quiet {
        let steps = learned.estimates.as_ref().map_or(0, Estimates::steps);
        let steps = if steps > 0 { format!(" and {steps} Newton steps") } else { String::new() };
        tell!("learned in {}{steps}", rate(train.options(), start));
    }
    let ratios = ratios(fit, learned.estimates.as_ref())?;
    let elasticities = elasticity::of(fit, &train, &learned)?;
    save_model(fit, &recipe, &train, &learned, common)?;

    let judged = validation.as_ref().unwrap_or(&train);
    let mut all = Vec::new();
    let mut judgement = |w: &[f64], with_log_loss: bool| -> Result<Judgement, Failure> {
        let mut found = judged.judge(w, (learned.noise, fit.epsilon), learned.how)?;
        if !with_log_loss {
            found = found.into_iter().map(judge::without_log_loss).collect();
        }
        let mean = Judgement::mean(&found);
        if fit.out.wanted() {
            all.push(found);
        }
        Ok(mean)
    };
    let scores = [
        ("model", judgement(&learned.w, true)?),
        ("least squares", judgement(&train.least_squares(), false)?),
        ("all scores equal", judgement(&vec![0.0; train.terms().len()], true)?),
    ];
    let picks = learned.estimates.as_ref().is_some_and(|found| found.log_likelihood().is_some());
    let shares = if picks && validation.is_none() { shares(&recipe, &frame, fit)? } else { None };
    let on = if validation.is_some() { "validation" } else { "training" };
    let on = (on, judged.len());
    let found = Found { train: &train, learned, ridge, ratios, elasticities, on, scores, shares, crossed };
    if fit.out.wanted() {
        let ways: Vec<&[(f64, Judgement)]> = all.iter().map(Vec::as_slice).collect();
        let scores = judge::scores(&ways, seed.fold(8));
        fit.out.save(&page::train(common.seed, fit, &recipe, &found, &scores)?, common)?;
    }
    let text = if common.json {
        serde_json::to_string_pretty(&found.json(fit, recipe.decide.name()))?
    } else {
        found.text(fit)
    };
    tell_or_say(fit.model, text.trim_end())
}

/// The decisions of another file.
fn others(fit: &Fit<'_>, recipe: &Recipe, file: &Path) -> Result<Decisions, Failure> {
    let names = recipe.columns();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let read = with_columns(file, fit.source.layout.format(), |columns| Ok(recipe.frame(columns, &names)?));
    let frame = read?;
    source::warn_unseen(frame.file(), &recipe.unseen(&frame));
    Ok(recipe.read(&frame)?)
}

/// What is said of a training.
pub(super) struct Found<'a> {
    pub(super) train: &'a Decisions,
    pub(super) learned: Learned,
    pub(super) ridge: f64,
    /// Each with its standard error.
    pub(super) ratios: Vec<(String, f64, f64)>,
    pub(super) elasticities: Vec<Elasticity>,
    /// Which decisions the scores are of, and how many.
    pub(super) on: (&'static str, usize),
    pub(super) scores: [(&'static str, Judgement); 3],
    /// The log-likelihood of constants alone.
    pub(super) shares: Option<f64>,
    pub(super) crossed: Option<judge::Crossed>,
}

impl Found<'_> {
    fn text(&self, fit: &Fit<'_>) -> String {
        let Self { train, learned, .. } = self;
        let model =
            if is_standard(fit.model) { "standard output".into() } else { fit.model.to_string_lossy() };
        let (terms, n, options) = (train.terms().len(), train.len(), train.options());
        let mut parts = vec![
            format!("{model}: {terms} weights from {n} decisions among {options} options\n"),
            table::render(&coefficients(train.terms(), &learned.w, learned.estimates.as_ref(), None)),
        ];
        parts.extend(learned.estimates.as_ref().map(|estimates| summary(estimates, self.shares.as_ref())));
        let ratio =
            |(name, value, error): &(String, f64, f64)| format!("{name}: {value:.6} (s.e. {error:.6})");
        parts.extend(self.ratios.iter().map(ratio));
        if !self.elasticities.is_empty() {
            let table = elasticity::table(&self.elasticities, learned.estimates.as_ref(), [" (", ")"]);
            parts.push(format!("{} (s.e.)\n\n{}", table.caption, table::render(&table)));
        }
        if fit.ridges.len() > 1 {
            parts.push(format!("ridge {}, chosen by cross-validation\n", self.ridge));
        }
        let head = format!("{} {} decisions", self.on.1, self.on.0);
        parts.push(table::render(&judge::table(&self.scores, &head)));
        parts.extend(self.crossed.as_ref().map(|crossed| table::render(&crossed.table([" (", ")"]))));
        parts.join("\n")
    }

    fn json(&self, fit: &Fit<'_>, decide: &str) -> serde_json::Value {
        let Self { train, learned, .. } = self;
        let scores = self.scores.iter().map(|(name, judgement)| {
            ((*name).to_owned(), judgement.named().into_iter().collect::<serde_json::Value>())
        });
        let ratio = |(name, value, error): &(String, f64, f64)| serde_json::json!({ "ratio": name, "value": value, "error": error });
        serde_json::json!({
            "model": fit.model.to_string_lossy(),
            "decide": decide,
            "decisions": train.len(),
            "options": train.options(),
            "terms": train.terms(),
            "weights": learned.w,
            "estimates": learned.estimates.as_ref().map(super::show::as_json),
            "importance": importance(&learned.w, &train.deviations()),
            "ratios": self.ratios.iter().map(ratio).collect::<Vec<_>>(),
            "elasticities": elasticity::as_json(&self.elasticities, learned.estimates.as_ref()),
            "ridge": self.ridge,
            (self.on.0): scores.collect::<serde_json::Map<_, _>>(),
            "cross_validation": self.crossed.as_ref().map(judge::Crossed::as_json),
            "tuning": fit.tuning,
        })
    }
}

/// A model whose training goes on.
struct Older {
    recipe: Recipe,
    w: Vec<f64>,
    noise: AnyNoise,
    epsilon: f64,
}

impl Older {
    fn load(path: &Path) -> Result<Self, Failure> {
        let file = source::load_file(path)?;
        let Some(recipe) = file.provenance.recipe.clone().filter(|recipe| recipe.target.is_some()) else {
            return Err(format!(
                "{}: --from expects a model of options, as `perturb train` writes it",
                path.display()
            )
            .into());
        };
        Ok(Self { recipe, w: file.exact_weights(), noise: file.noise, epsilon: f64::from(file.epsilon) })
    }

    fn frame(&self, source: &Source) -> Result<Frame, Failure> {
        let names = self.recipe.columns();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        with_columns(&source.data, source.layout.format(), |columns| {
            Ok(self.recipe.frame(columns, &names)?)
        })
    }
}

/// The time since `start`, and how many options a second that is.
fn rate(options: usize, start: Instant) -> String {
    let seconds = start.elapsed().as_secs_f64();
    format!("{seconds:.2} s ({:.2e} options a second)", options as f64 / seconds.max(1e-9))
}

/// Prints a result, on standard error if the model is on standard output.
pub(crate) fn tell_or_say(model: &Path, text: &str) -> Result<(), Failure> {
    if is_standard(model) {
        text.lines().for_each(|line| tell!("{line}"));
        return Ok(());
    }
    say(text)
}

fn sorted(places: &[usize]) -> Vec<usize> {
    let mut places = places.to_vec();
    places.sort_unstable();
    places
}

/// What was found, and how.
pub(crate) struct Learned {
    pub(crate) w: Vec<f64>,
    pub(super) estimates: Option<Estimates>,
    pub(super) noise: AnyNoise,
    pub(super) how: How,
    /// Whether by Newton's method.
    pub(super) newton: bool,
}

/// What accompanies a training.
pub(crate) struct Course<'a> {
    common: &'a Common,
    /// The decisions that patience watches.
    validation: Option<&'a Decisions>,
}

/// Learns weights; with its course on the terminal and in a checkpoint, if there is one.
pub(crate) fn learn(
    fit: &Fit<'_>,
    recipe: &Recipe,
    decisions: &Decisions,
    (ridge, start): (f64, Option<&[f64]>),
    course: Option<&Course<'_>>,
) -> Result<Learned, Failure> {
    let exact = recipe.decide.is_exact();
    let noise =
        fit.noise.unwrap_or(if recipe.decide == Decide::Pick { AnyNoise::Gumbel } else { AnyNoise::Normal });
    let criterion = if fit.loss.is_none() { Criterion::Likelihood } else { Criterion::FenchelYoung };
    let estimation = Estimation { noise, epsilon: fit.epsilon, criterion, ridge, how: How::Exact };
    let newton = fit.loss.is_none_or(|loss| matches!(loss, Loss::FenchelYoung))
        && exact
        && fit.samples.unwrap_or(0) == 0
        && start.is_none();
    if newton && fit.patience.is_some() {
        return Err(usage(
            "--patience applies to stochastic gradients; exact expectations are minimised by Newton's method (--samples 10 descends)",
        ));
    }
    if newton {
        let estimates = estimation.fit(decisions).map_err(in_words)?;
        let w = estimates.coefficients().to_vec();
        let kept = ridge == 0.0 && w.len() <= MOST_KEPT;
        return Ok(Learned { w, estimates: kept.then_some(estimates), noise, how: How::Exact, newton });
    }
    let Some(loss) = fit.loss else {
        return Err(usage(format!(
            "--loss likelihood is known of picks, not of --decide {}",
            recipe.decide.name()
        )));
    };
    let samples = fit.samples.unwrap_or(if exact { 0 } else { 10 });
    let how = if samples == 0 { How::Exact } else { How::MonteCarlo(MonteCarlo::new(samples, Seed(0))) };
    let training = (fit.training)(decisions.len());
    let many = if exact { How::Exact } else { How::MonteCarlo(MonteCarlo::new(1000, training.seed.fold(3))) };
    // Picks alone have log-losses, and are exact.
    let judge_by = many;
    let run = training.start_options((noise, fit.epsilon), loss, how, decisions, start)?;
    let w = match course {
        Some(course) => {
            descend(fit, run, course, |decisions, w| decisions.judge(w, (noise, fit.epsilon), judge_by))
        }
        None => run.finish().map_err(Into::into),
    }
    .map_err(|failure| of_decision(failure, recipe, decisions))?;
    // The uncertainty of a minimum of the Fenchel-Young loss.
    let small = w.len() <= MOST_KEPT
        && matches!(loss, Loss::FenchelYoung)
        // A model that goes on is no minimum of the new data alone.
        && start.is_none()
        && decisions.options() * w.len() <= 10_000_000;
    let estimates = if small { Estimation { how: many, ..estimation }.at(decisions, &w).ok() } else { None };
    Ok(Learned { w, estimates, noise, how: many, newton })
}

/// Of models with more terms the covariances, p × p numbers each, are not kept.
const MOST_KEPT: usize = 100;

fn in_words(error: EstimationError) -> Failure {
    match error {
        EstimationError::Collinear { .. } | EstimationError::Separated { .. } => {
            format!("{error}; or give --ridge 0.01").into()
        }
        error => error.into(),
    }
}

/// The error of a step, with the decision that it is of.
fn of_decision(failure: Failure, recipe: &Recipe, decisions: &Decisions) -> Failure {
    let Some(TrainError::Row { row, source, .. }) = failure.downcast_ref() else { return failure };
    let (name, decide) = (decisions.decision_name(*row), recipe.decide.name());
    match source {
        perturb::Error::OutsideHull { .. } => format!(
            "{}: what was chosen in the decision {} is none of the decisions that {decide} can make",
            decisions.name(),
            perturb::data::text::quote(name)
        )
        .into(),
        perturb::Error::Solver { because, .. } => {
            format!("{}: the decision {}: {because}", decisions.name(), perturb::data::text::quote(name))
                .into()
        }
        _ => failure,
    }
}

/// The state of a descent between two steps.
#[derive(Serialize, Deserialize)]
struct Saved {
    run: RunState,
    best: Option<Best>,
}

/// The record that early stopping keeps.
#[derive(Serialize, Deserialize, Clone)]
struct Best {
    score: f64,
    epoch: usize,
    w: Vec<f64>,
}

fn descend(
    fit: &Fit<'_>,
    mut run: OptionsRun<'_>,
    Course { common, validation }: &Course<'_>,
    judge: impl Fn(&Decisions, &[f64]) -> Result<Vec<(f64, Judgement)>, perturb::Error>,
) -> Result<Vec<f64>, Failure> {
    let beside = (!is_standard(fit.model)).then(|| save::beside(fit.model));
    let settings = (fit.settings)(format!("{:016x}", run.digest()))?;
    let (mut saver, saved) = fit.checkpoints.open::<Saved>(beside, settings)?;
    let mut best: Option<Best> = None;
    if let Some(saved) = saved {
        run.restore(saved.run)?;
        best = saved.best;
    }
    let progress = Progress::new("steps", run.steps() as u64, common);
    progress.resume(run.steps_done() as u64);
    let done = |run: &OptionsRun<'_>| format!("after step {} of {}", run.steps_done(), run.steps());
    saver.begin(&Saved { run: run.state(), best: best.clone() }, &done(&run))?;
    let waited = |run: &OptionsRun<'_>, best: Option<&Best>| {
        let epochs = best.map_or(0, |best| run.epochs_done().saturating_sub(best.epoch));
        fit.patience.is_some_and(|patience| epochs >= patience)
    };
    while !run.is_done() && !waited(&run, best.as_ref()) {
        let ended = run.step()?;
        progress.add(1);
        if let (true, Some(rows)) = (ended && fit.patience.is_some(), validation) {
            let w = run.weights();
            let (name, score) = judge::Merit::Probability.of(&Judgement::mean(&judge(rows, &w)?));
            progress.score(format!("{name} {score:.3}"));
            if score > best.as_ref().map_or(f64::NEG_INFINITY, |best| best.score) {
                best = Some(Best { score, epoch: run.epochs_done(), w });
            }
        }
        saver.step(|| Saved { run: run.state(), best: best.clone() }, || done(&run))?;
    }
    drop(progress);
    let w = match best {
        Some(best) => {
            if !common.quiet {
                let (kept, ended) = (best.epoch, run.epochs_done());
                tell!("ended after epoch {ended}; the model is that of epoch {kept}, the best in validation");
            }
            best.w
        }
        None => run.finish()?,
    };
    saver.done();
    Ok(w)
}

/// The model with a constant for each alternative alone: what shares say.
fn shares(recipe: &Recipe, frame: &Frame, fit: &Fit<'_>) -> Result<Option<f64>, Failure> {
    let Some(column) = recipe.alternatives.as_ref().or(fit.options.constants.first()) else {
        return Ok(None);
    };
    let utility = Utility::default().with_constants(column);
    let Ok(terms) = utility.terms(recipe, frame, None) else { return Ok(None) };
    if terms.len() > MOST_KEPT {
        return Ok(None);
    }
    let mut plain = Recipe::clone(recipe);
    plain.terms = terms;
    let criterion = if fit.loss.is_none() { Criterion::Likelihood } else { Criterion::FenchelYoung };
    let noise = fit.noise.unwrap_or(AnyNoise::Gumbel);
    let estimation = Estimation { noise, epsilon: fit.epsilon, criterion, ..Estimation::default() };
    // Constants of alternatives that are never chosen have no finite estimate.
    Ok(estimation.fit(&plain.read(frame)?).ok().and_then(|found| found.log_likelihood()))
}

/// Ratios of weights with their standard errors.
fn ratios(fit: &Fit<'_>, estimates: Option<&Estimates>) -> Result<Vec<(String, f64, f64)>, Failure> {
    let mut found = Vec::new();
    for ratio in fit.ratios {
        let Some(estimates) = estimates else {
            return Err(usage("--ratio needs estimates: without --ridge, of at most 100 terms"));
        };
        let errors = super::show::errors(estimates);
        let terms = ratio.split_once('/').map(|(a, b)| (a.trim(), b.trim()));
        // Terms may have slashes in their names.
        let known = |name: &str| estimates.terms().iter().any(|term| term == name);
        let splits = ratio.match_indices('/').map(|(at, _)| (ratio[..at].trim(), ratio[at + 1..].trim()));
        let terms = splits.into_iter().find(|(a, b)| known(a) && known(b)).or(terms);
        let Some((value, error)) = terms.and_then(|(a, b)| estimates.ratio(a, b, errors)) else {
            let terms = perturb::data::text::listed(estimates.terms(), 20);
            return Err(usage(format!("--ratio {ratio}: expected two terms such as time/cost, of {terms}")));
        };
        found.push((ratio.clone(), value, error));
    }
    Ok(found)
}

/// What the columns were taken for.
fn described(recipe: &Recipe, decisions: &Decisions, options: &Options) -> String {
    let mut parts = vec![format!(
        "{} decisions ({}) among {} options",
        decisions.len(),
        recipe.decide.name(),
        decisions.options()
    )];
    let alone = (0..decisions.len()).filter(|&at| decisions.size(at) < 2).count();
    if alone > 0 {
        parts.push(format!("{alone} of them have one option and teach nothing"));
    }
    if !options.constants.is_empty() || !options.interact.is_empty() {
        parts.push(format!(
            "reference {}",
            options.reference.as_deref().unwrap_or("the first value of each column")
        ));
    }
    parts.join("; ")
}

fn save_model(
    fit: &Fit<'_>,
    recipe: &Recipe,
    decisions: &Decisions,
    learned: &Learned,
    common: &Common,
) -> Result<(), Failure> {
    let layer = (learned.noise, fit.epsilon as f32);
    let mut file = ModelFile::of_options(&learned.w, recipe, decisions, learned.estimates.clone(), layer);
    file.provenance.seed = common.seed;
    file.provenance.loss = fit.loss.map_or("likelihood", |loss| loss.name()).into();
    file.provenance.command = report::command();
    if is_standard(fit.model) { streams::write(None, &file.to_bytes()?) } else { Ok(file.save(fit.model)?) }
}

/// The errors that a table shows first.
pub(super) fn shown_errors(estimates: &Estimates) -> Vec<(&'static str, Errors)> {
    let all =
        [("s.e.", Errors::Model), ("robust s.e.", Errors::Robust), ("clustered s.e.", Errors::Clustered)];
    all.into_iter().filter(|(_, errors)| estimates.covariance(*errors).is_some()).collect()
}

//! `perturb tune`: chooses the settings of a training by cross-validation.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::OnceLock;

use clap::Args;
use perturb::AnyNoise;
use perturb::Seed;
use perturb::cross_validation::{Nested, Selection};
use perturb::data::{Fold, folds, text};
use perturb::train::TrainError;
use perturb_experiments::report::{Cell, Table};
use rayon::prelude::*;

use super::number::{self, Validation};
use super::options::{self, Merit, Units};
use super::progress::Progress;
use super::table::render;
use super::train::{LossName, Train, noises};
use super::{Common, Failure, usage};

/// Choose settings among all combinations of the given ones by cross-validation, then train with them on all rows
#[derive(Args, Debug)]
#[command(
    after_help = "Combinations are judged by the rank correlation of rankings, the probability of picks, or, if losses are
compared, by their agreement, the overlap of several, the share of right labels of yes or no. A
combination whose training diverges, or ends with a loss above that at its start, is the worst.

Examples:
  perturb tune --data votes.csv --rates 0.03,0.1,0.3 --epsilons 0.3,1,3
  perturb tune --data votes.csv --losses fenchel-young,squared --nested 5
  perturb tune --data trips.csv --group trip --chosen took --features cost --ridges 0,0.001,0.01"
)]
pub(crate) struct Tune {
    /// Learning rates to try, greater than 0
    #[arg(long, value_name = "R", value_delimiter = ',', conflicts_with = "rate", value_parser = number::positive::<f64>, allow_negative_numbers = true)]
    rates: Vec<f64>,
    /// Temperatures to try, greater than 0
    #[arg(long, value_name = "E", value_delimiter = ',', conflicts_with = "epsilon", value_parser = number::positive::<f32>, allow_negative_numbers = true)]
    epsilons: Vec<f32>,
    /// Losses to try
    #[arg(long, value_name = "LOSS", value_delimiter = ',', conflicts_with = "loss", value_enum)]
    losses: Vec<LossName>,
    /// Noises to try
    #[arg(long, value_name = "NOISE", value_delimiter = ',', conflicts_with = "noise", value_parser = noises())]
    noises: Vec<AnyNoise>,
    /// Of options: penalties to try, at least 0
    #[arg(long, value_name = "L", value_delimiter = ',', conflicts_with = "ridge", value_parser = number::not_negative, allow_negative_numbers = true)]
    ridges: Vec<f64>,
    /// Judge the choice itself, too: by this many outer folds, in each of which the others choose
    #[arg(long, value_name = "K", value_parser = number::folds, allow_negative_numbers = true)]
    nested: Option<usize>,
    #[command(flatten)]
    train: Train,
}

/// Folds by which settings are chosen, if none are named.
const FOLDS: usize = 5;

/// A combination of settings: the training, and what distinguishes it.
struct Combination {
    train: Train,
    name: String,
}

/// The score of each combination in a fold.
type Scoring<'a> = dyn Fn(&Fold, &[usize]) -> Result<Vec<f64>, Failure> + Sync + 'a;

impl Tune {
    pub(crate) fn run(&self, common: &Common) -> Result<(), Failure> {
        let Self { train, .. } = self;
        train.ensure_files()?;
        if train.patience.is_some() || train.from.is_some() {
            return Err(usage(
                "--patience and --from do not apply to tune, which trains to the end and anew",
            ));
        }
        if train.checkpoints.resumes() {
            return Err(usage("--resume does not apply to tune, which keeps no state; train has it"));
        }
        let all = self.combinations();
        if all.len() < 2 {
            return Err(usage(
                "tune needs a choice: several of --rates, --epsilons, --losses, --noises or --ridges",
            ));
        }
        let common = &Common { given: common.given.without("folds"), ..common.clone() };
        self.ensure_effect(&all, common)?;
        let of_options = train.options.is_given();
        let found = if of_options { self.of_options(&all, common)? } else { self.of_labels(&all, common)? };
        let text = found.text(&all);
        if !common.json {
            options::tell_or_say(&train.model, &text)?;
        }
        let mut chosen = all[found.best()].train.clone();
        chosen.folds = None;
        chosen.validation.get_or_insert(Validation::Share(0.0));
        chosen.tuning = Some(found.json(&all));
        chosen.run(common)
    }

    /// Refuses options that do not apply, and lists that change nothing in any combination.
    fn ensure_effect(&self, all: &[Combination], common: &Common) -> Result<(), Failure> {
        for one in all {
            one.train.asked().ensure(common)?;
        }
        let lists = [
            ("rate", self.rates.len()),
            ("epsilon", self.epsilons.len()),
            ("noise", self.noises.len()),
            ("ridge", self.ridges.len()),
        ];
        for (option, _) in lists.into_iter().filter(|(_, count)| *count > 0) {
            let allowed = all.iter().map(|one| one.train.asked().ensure_option(option));
            let refused: Vec<Failure> = allowed.filter_map(Result::err).collect();
            if let Some(first) = refused.into_iter().nth(all.len() - 1) {
                return Err(first);
            }
        }
        Ok(())
    }

    /// All combinations, the last setting varying fastest.
    fn combinations(&self) -> Vec<Combination> {
        let mut all = vec![Combination { train: self.train.clone(), name: String::new() }];
        let mut vary = |name: &str, count: usize, set: &dyn Fn(&mut Train, usize) -> String| {
            if count == 0 {
                return;
            }
            let with = |one: &Combination| {
                let made = (0..count).map(|place| {
                    let mut train = one.train.clone();
                    let value = set(&mut train, place);
                    let before = if one.name.is_empty() { String::new() } else { format!("{}, ", one.name) };
                    Combination { train, name: format!("{before}{name} {value}") }
                });
                made.collect::<Vec<_>>()
            };
            all = all.iter().flat_map(with).collect();
        };
        vary("loss", self.losses.len(), &|train, place| {
            train.loss = self.losses[place];
            train.loss.name()
        });
        vary("noise", self.noises.len(), &|train, place| {
            train.noise = Some(self.noises[place]);
            self.noises[place].name().to_owned()
        });
        vary("epsilon", self.epsilons.len(), &|train, place| {
            train.epsilon = self.epsilons[place];
            self.epsilons[place].to_string()
        });
        vary("rate", self.rates.len(), &|train, place| {
            train.rate = Some(self.rates[place]);
            text::shown(self.rates[place])
        });
        vary("ridge", self.ridges.len(), &|train, place| {
            train.ridge = vec![self.ridges[place]];
            text::shown(self.ridges[place])
        });
        all
    }

    fn of_labels(&self, all: &[Combination], common: &Common) -> Result<Found, Failure> {
        let data = self.train.data(&self.train.targets()?, common)?;
        let metric = OnceLock::new();
        let score = |fold: &Fold, cells: &[usize]| {
            let (train, test) = (data.select(&fold.train), data.select(&fold.test));
            let one = |&cell: &usize| match all[cell].train.cross(&train, &test, Seed(common.seed)) {
                Ok(None) => Ok(f64::NEG_INFINITY),
                Ok(Some(scores)) => {
                    let (name, score) = scores.merit(self.losses.len() > 1);
                    metric.get_or_init(|| name);
                    Ok(score)
                }
                Err(error) => diverged(error),
            };
            cells.par_iter().map(one).collect::<Vec<_>>().into_iter().collect()
        };
        let found = self.choose(data.len(), all.len(), &score, common)?;
        Ok(Found { metric: metric.get().copied().unwrap_or(""), ..found })
    }

    fn of_options(&self, all: &[Combination], common: &Common) -> Result<Found, Failure> {
        let (frame, recipe) = self.train.options.read(&self.train.source)?;
        let decisions = recipe.read(&frame)?;
        let units = Units::of(&decisions);
        let merit = if self.losses.len() > 1 { Merit::Decision } else { Merit::Probability };
        let metric = OnceLock::new();
        let score = |fold: &Fold, cells: &[usize]| {
            let select = |of: &[usize]| decisions.select(&units.places(of));
            let (train, test) = (select(&fold.train), select(&fold.test));
            let one = |&cell: &usize| {
                let crossed = all[cell]
                    .train
                    .with_fit(common, |fit| options::cross(fit, &recipe, (&train, &test), merit));
                match crossed {
                    Ok((name, score)) => {
                        metric.get_or_init(|| name);
                        Ok(score)
                    }
                    Err(error) => diverged(error),
                }
            };
            cells.iter().map(one).collect()
        };
        let found = self.choose(units.count, all.len(), &score, common)?;
        Ok(Found { metric: metric.get().copied().unwrap_or(""), ..found })
    }

    /// Scores all combinations on folds of `rows`.
    fn choose(
        &self,
        rows: usize,
        combinations: usize,
        score: &Scoring<'_>,
        common: &Common,
    ) -> Result<Found, Failure> {
        let cells: Vec<usize> = (0..combinations).collect();
        let count = self.train.folds.unwrap_or(FOLDS);
        let seed = Seed(common.seed).fold(8);
        let inner = self.nested.map_or(0, |outer| outer * (count + 1));
        let progress = Progress::new("folds", (count + inner) as u64, common);
        let counted = |fold: &Fold, cells: &[usize]| {
            let scores = score(fold, cells);
            progress.add(1);
            scores
        };
        let few = |error: perturb::data::DataError| -> Failure {
            match error {
                perturb::data::DataError::Parameter { parameter: "k", expected, .. } => {
                    let option = if self.nested.is_some() { "--folds and --nested" } else { "--folds" };
                    usage(format!("{option}: expected {expected}, found {count}"))
                }
                error => error.into(),
            }
        };
        let scores: Vec<Vec<f64>> = folds(rows, count, seed)
            .map_err(few)?
            .par_iter()
            .map(|fold| counted(fold, &cells))
            .collect::<Vec<_>>()
            .into_iter()
            .collect::<Result<_, Failure>>()?;
        let nested = match self.nested {
            None => None,
            Some(outer) => {
                let nested = Nested { outer, inner: count, seed: seed.fold(1) };
                let selections =
                    nested.run(rows, std::slice::from_ref(&cells), |_, fold, cells| counted(fold, cells));
                selections?.into_iter().next()
            }
        };
        drop(progress);
        let of = |cell: usize| mean(&scores.iter().map(|fold| fold[cell]).collect::<Vec<_>>());
        Ok(Found { metric: "", folds: count, scores: cells.into_iter().map(of).collect(), nested })
    }
}

/// Minus infinity where a training diverged; other errors stay.
fn diverged(error: Failure) -> Result<f64, Failure> {
    match error.downcast_ref::<TrainError>() {
        Some(error) if error.diverged() => Ok(f64::NEG_INFINITY),
        _ => Err(error),
    }
}

/// Mean and its standard error.
fn mean(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|x| (x - mean) * (x - mean)).sum();
    (mean, (squares / (n - 1.0) / n).sqrt())
}

/// What cross-validation found.
struct Found {
    metric: &'static str,
    folds: usize,
    /// Of each combination the mean over folds with its standard error.
    scores: Vec<(f64, f64)>,
    /// The choice in each outer fold.
    nested: Option<Vec<Selection>>,
}

impl Found {
    /// The first of the best.
    fn best(&self) -> usize {
        let better =
            |best: usize, cell: usize| if self.scores[cell].0 > self.scores[best].0 { cell } else { best };
        (0..self.scores.len()).fold(0, better)
    }

    fn text(&self, all: &[Combination]) -> String {
        let number = |x: f64| Cell::Number(if x.is_finite() { format!("{x:.4}") } else { "diverged".into() });
        let error = |x: f64| Cell::Number(if x.is_finite() { format!("{x:.4}") } else { "-".into() });
        let mut order: Vec<usize> = (0..all.len()).collect();
        order.sort_by(|&a, &b| self.scores[b].0.total_cmp(&self.scores[a].0));
        let rows = order.into_iter().map(|cell| {
            let (mean, of) = self.scores[cell];
            vec![Cell::Text(all[cell].name.clone()), number(mean), error(of)]
        });
        let header = vec![format!("{} folds", self.folds), self.metric.to_owned(), "s.e.".into()];
        let mut text = render(&Table { caption: String::new(), header, rows: rows.collect() });
        if let Some(nested) = &self.nested {
            let (score, error) = mean(&nested.iter().map(|one| one.score).collect::<Vec<_>>());
            let mut chosen: BTreeMap<usize, usize> = BTreeMap::new();
            for one in nested {
                *chosen.entry(one.cell).or_default() += 1;
            }
            let chosen: Vec<String> =
                chosen.iter().map(|(&cell, times)| format!("{} ({times})", all[cell].name)).collect();
            let _ = writeln!(
                text,
                "\nchosen anew in each of {} outer folds: {} {score:.4} (s.e. {error:.4}); {}",
                nested.len(),
                self.metric,
                chosen.join("; ")
            );
        }
        text + &format!("\nchosen: {}\n", all[self.best()].name)
    }

    fn json(&self, all: &[Combination]) -> serde_json::Value {
        let scores = all.iter().zip(&self.scores).map(
            |(one, (mean, error))| serde_json::json!({ "settings": one.name, "mean": mean, "error": error }),
        );
        let nested = self.nested.as_ref().map(|nested| {
            let (mean, error) = mean(&nested.iter().map(|one| one.score).collect::<Vec<_>>());
            let chosen: Vec<&str> = nested.iter().map(|one| all[one.cell].name.as_str()).collect();
            serde_json::json!({ "mean": mean, "error": error, "chosen": chosen })
        });
        serde_json::json!({
            "metric": self.metric,
            "folds": self.folds,
            "scores": scores.collect::<Vec<_>>(),
            "nested": nested,
            "chosen": all[self.best()].name,
        })
    }
}

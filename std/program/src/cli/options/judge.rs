//! How well models of options decide: on new tables, and by cross-validation.

use perturb::data::Fold;
use perturb::decisions::{Decisions, Judgement, Recipe};
use perturb::metrics::bootstrap;
use perturb::model_file::ModelFile;
use perturb::{How, MonteCarlo, Seed};
use perturb_experiments::report::{Cell, Table};

use super::train::{Fit, learn};
use super::{page, with_columns};
use crate::cli::source::{Source, warn_unseen};
use crate::cli::{Common, Failure, Out, say, say_json, table::render};

/// Resamples of decisions behind an interval.
const RESAMPLES: usize = 1000;

/// Judges a model on a table with what was decided.
pub(crate) fn evaluate(
    source: &Source,
    model: &ModelFile,
    recipe: &Recipe,
    (common, out): (&Common, &Out),
) -> Result<(), Failure> {
    out.folder()?;
    let names = recipe.columns();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let read =
        with_columns(&source.data, source.layout.format(), |columns| Ok(recipe.frame(columns, &names)?));
    let frame = read?;
    warn_unseen(frame.file(), &recipe.unseen(&frame));
    let decisions = recipe.read(&frame)?;
    let w = model.exact_weights();
    let how = how(model, common.seed);
    let judge = |w: &[f64]| decisions.judge(w, (model.noise, f64::from(model.epsilon)), how);
    let (found, equal) = (judge(&w)?, judge(&vec![0.0; w.len()])?);
    let scores = scores(&[&found, &equal], Seed(common.seed));
    if out.wanted() {
        let page = page::evaluate(common.seed, (model, recipe), &decisions, &found, &scores)?;
        out.save(&page, common)?;
    }
    if common.json {
        let one = |Score { name, of }: &Score| {
            let [(value, (low, high)), (equal, _)] = of[..] else { return None };
            let of =
                serde_json::json!({ "mean": value, "low": low, "high": high, "all_scores_equal": equal });
            Some(((*name).to_owned(), of))
        };
        let scores: serde_json::Map<_, _> = scores.iter().filter_map(one).collect();
        return say_json(&serde_json::json!({ "decisions": decisions.len(), "scores": scores }));
    }
    let header = [
        format!("{} decisions", decisions.len()),
        "mean".into(),
        "95 % interval".into(),
        "all scores equal".into(),
    ];
    let rows = scores.iter().filter_map(|Score { name, of }| {
        let [(value, (low, high)), (equal, _)] = of[..] else { return None };
        let number = |x: f64| Cell::Number(format!("{x:.4}"));
        let interval = Cell::Number(format!("{low:.4} to {high:.4}"));
        Some(vec![Cell::Text((*name).into()), number(value), interval, number(equal)])
    });
    say(render(&Table { caption: String::new(), header: header.to_vec(), rows: rows.collect() }))
}

/// A metric of several ways to decide: of each the mean and its interval, NaN where it does not apply.
pub(super) struct Score {
    pub(super) name: &'static str,
    pub(super) of: Vec<(f64, (f64, f64))>,
}

/// The metrics of the first way, of all.
pub(super) fn scores(ways: &[&[(f64, Judgement)]], seed: Seed) -> Vec<Score> {
    let first = ways.first().map_or_else(Vec::new, |all| Judgement::mean(all).named());
    let names = first.into_iter().enumerate();
    names
        .map(|(at, (name, _))| {
            let of = |all: &&[(f64, Judgement)]| {
                let mean = metric(&Judgement::mean(all), name).unwrap_or(f64::NAN);
                let known = all.iter().filter_map(|(weight, one)| Some((*weight, metric(one, name)?)));
                let known: Vec<(f64, f64)> = known.collect();
                // A mean of these is that of the metric, whatever the weights.
                let unit = known.iter().map(|(weight, _)| weight).sum::<f64>() / known.len() as f64;
                let values: Vec<f64> =
                    known.iter().map(|(weight, x)| mean + weight / unit * (x - mean)).collect();
                (mean, bootstrap(&values, 0.95, RESAMPLES, seed.fold(at as u64)))
            };
            Score { name, of: ways.iter().map(of).collect() }
        })
        .collect()
}

fn metric(of: &Judgement, name: &str) -> Option<f64> {
    of.named().into_iter().find(|(other, _)| *other == name).map(|(_, x)| x)
}

/// Folds by which a ridge is chosen.
const CHOOSING: usize = 5;

/// The ridge whose models judge best on decisions that they were not trained on; the only one, if there is no other.
pub(super) fn choose(
    fit: &Fit<'_>,
    recipe: &Recipe,
    decisions: &Decisions,
    seed: Seed,
) -> Result<f64, Failure> {
    let mut best = (f64::NEG_INFINITY, fit.ridges.first().copied().unwrap_or(0.0));
    if fit.ridges.len() < 2 {
        return Ok(best.1);
    }
    let folds = folds(decisions, CHOOSING, seed)?;
    for &ridge in fit.ridges {
        let mut all = Vec::new();
        for Fold { train, test } in &folds {
            let learned = learn(fit, recipe, &decisions.select(train), (ridge, None), None)?;
            all.extend(decisions.select(test).judge(
                &learned.w,
                (learned.noise, fit.epsilon),
                learned.how,
            )?);
        }
        let (_, found) = Merit::Probability.of(&Judgement::mean(&all));
        if found > best.0 {
            best = (found, ridge);
        }
    }
    Ok(best.1)
}

/// What models are chosen by.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Merit {
    /// The probability of what was decided, where there is one.
    Probability,
    /// Decisions alone: losses that know no probabilities are compared.
    Decision,
}

impl Merit {
    /// The metric's name, and its value: the larger the better.
    pub(crate) fn of(self, of: &Judgement) -> (&'static str, f64) {
        let all = [
            ("minus log-loss", if self == Self::Decision { f64::NAN } else { -of.log_loss }),
            ("minus regret", -of.regret),
            ("NDCG@10", of.ndcg),
            ("Spearman", of.spearman),
            ("right", of.right),
            ("overlap", of.overlap),
            ("agreement", of.agreement),
        ];
        all.into_iter().find(|(_, x)| !x.is_nan()).unwrap_or(("", f64::NEG_INFINITY))
    }
}

/// The merit on `test` of a model that is trained on `train`, and its name.
pub(crate) fn cross(
    fit: &Fit<'_>,
    recipe: &Recipe,
    (train, test): (&Decisions, &Decisions),
    merit: Merit,
) -> Result<(&'static str, f64), Failure> {
    let ridge = fit.ridges.first().copied().unwrap_or(0.0);
    let learned = learn(fit, recipe, train, (ridge, None), None)?;
    let all = test.judge(&learned.w, (learned.noise, fit.epsilon), learned.how)?;
    Ok(merit.of(&Judgement::mean(&all)))
}

/// Places of decisions to train and to judge on; decisions of one cluster are in one fold.
fn folds(decisions: &Decisions, count: usize, seed: Seed) -> Result<Vec<Fold>, Failure> {
    let units = Units::of(decisions);
    let folds = perturb::data::folds(units.count, count, seed)?;
    let places = |of: &[usize]| units.places(of);
    Ok(folds.iter().map(|fold| Fold { train: places(&fold.train), test: places(&fold.test) }).collect())
}

/// What folds are made of: decisions, or clusters of them, which stay together.
pub(crate) struct Units {
    pub(crate) count: usize,
    of: Vec<u32>,
}

impl Units {
    pub(crate) fn of(decisions: &Decisions) -> Self {
        let of: Vec<u32> = match decisions.clusters() {
            [] => (0..decisions.len() as u32).collect(),
            clusters => clusters.to_vec(),
        };
        Self { count: of.iter().max().map_or(0, |&most| most as usize + 1), of }
    }

    /// The decisions of these units, in their order.
    pub(crate) fn places(&self, units: &[usize]) -> Vec<usize> {
        let mut taken = vec![false; self.count];
        for &unit in units {
            taken[unit] = true;
        }
        (0..self.of.len()).filter(|&at| taken[self.of[at] as usize]).collect()
    }
}

/// Judgements of decisions by models that were not trained on them.
pub(super) struct Crossed {
    folds: usize,
    model: Vec<(f64, Judgement)>,
    least_squares: Vec<(f64, Judgement)>,
}

/// Judges each decision by models that were trained on the other folds.
pub(super) fn cross_validate(
    fit: &Fit<'_>,
    recipe: &Recipe,
    decisions: &Decisions,
    count: usize,
) -> Result<Crossed, Failure> {
    let (mut model, mut least_squares) = (Vec::new(), Vec::new());
    let seed = fit.seed;
    for (number, Fold { train, test }) in folds(decisions, count, seed.fold(6))?.into_iter().enumerate() {
        let (train, test) = (decisions.select(&train), decisions.select(&test));
        let ridge = choose(fit, recipe, &train, seed.fold(7).fold(number as u64))?;
        let learned = learn(fit, recipe, &train, (ridge, None), None)?;
        let layer = (learned.noise, fit.epsilon);
        model.extend(test.judge(&learned.w, layer, learned.how)?);
        least_squares.extend(
            test.judge(&train.least_squares(), layer, learned.how)?.into_iter().map(without_log_loss),
        );
    }
    Ok(Crossed { folds: count, model, least_squares })
}

/// Least squares know no probabilities.
pub(super) fn without_log_loss((weight, mut of): (f64, Judgement)) -> (f64, Judgement) {
    of.log_loss = f64::NAN;
    (weight, of)
}

impl Crossed {
    /// Of each metric its name, and mean and standard error over decisions of model, least squares, and their difference.
    pub(super) fn rows(&self) -> Vec<(&'static str, [(f64, f64); 3])> {
        // A decision that counts n times stands there n times.
        let mean = |values: &[(f64, f64)]| {
            let n: f64 = values.iter().map(|(count, _)| count).sum();
            let mean = values.iter().map(|(count, x)| count * x).sum::<f64>() / n;
            let squares: f64 = values.iter().map(|(count, x)| count * (x - mean) * (x - mean)).sum();
            (mean, (squares / (n - 1.0) / n).sqrt())
        };
        let names = Judgement::mean(&self.model).named();
        let row = |(name, _): &(&'static str, f64)| {
            let pairs = self.model.iter().zip(&self.least_squares);
            let pairs: Vec<(f64, f64, f64)> = pairs
                .filter_map(|((count, a), (_, b))| {
                    Some((*count, metric(a, name)?, metric(b, name).unwrap_or(f64::NAN)))
                })
                .collect();
            let of = |f: fn(f64, f64) -> f64| {
                mean(&pairs.iter().map(|&(count, a, b)| (count, f(a, b))).collect::<Vec<_>>())
            };
            (*name, [of(|a, _| a), of(|_, b| b), of(|a, b| a - b)])
        };
        names.iter().map(row).collect()
    }

    /// Decisions and folds.
    pub(super) fn sizes(&self) -> (usize, usize) {
        (self.model.len(), self.folds)
    }

    /// Standard errors stand between `around`.
    pub(super) fn table(&self, around: [&str; 2]) -> Table {
        let head = format!("{} decisions, {} folds", self.model.len(), self.folds);
        let named = |name: &str| if around[0] == " (" { format!("{name} (s.e.)") } else { name.to_owned() };
        let header = [head, named("model"), named("least squares"), named("difference")];
        let rows = self.rows().into_iter().map(|(name, of)| {
            let cells = of.map(|(mean, error)| {
                Cell::Number(shown(mean, &format!("{}{error:.4}{}", around[0], around[1])))
            });
            std::iter::once(Cell::Text(name.into())).chain(cells).collect()
        });
        Table { caption: String::new(), header: header.to_vec(), rows: rows.collect() }
    }

    pub(super) fn as_json(&self) -> serde_json::Value {
        let of = |(mean, error): (f64, f64)| serde_json::json!({ "mean": mean, "error": error });
        let rows = self.rows().into_iter().map(|(name, [model, least_squares, difference])| {
            let all = serde_json::json!({ "model": of(model), "least_squares": of(least_squares), "difference": of(difference) });
            (name.to_owned(), all)
        });
        serde_json::json!({ "folds": self.folds, "decisions": self.model.len(), "scores": rows.collect::<serde_json::Map<_, _>>() })
    }
}

/// Exact where there is a closed form, otherwise by samples.
pub(super) fn how(model: &ModelFile, seed: u64) -> How {
    match model.oracle {
        perturb::model_file::OracleKind::Other => How::MonteCarlo(MonteCarlo::new(1000, Seed(seed).fold(4))),
        _ => How::Exact,
    }
}

/// A number, if there is one.
fn shown(x: f64, more: &str) -> String {
    if x.is_nan() { "-".into() } else { format!("{x:.4}{more}") }
}

/// Judgements side by side, a row each.
pub(super) fn table(rows: &[(&str, Judgement)], head: &str) -> Table {
    let names: Vec<&str> =
        rows.first().map_or_else(Vec::new, |(_, one)| one.named().iter().map(|(name, _)| *name).collect());
    let header = std::iter::once(head.to_owned()).chain(names.iter().map(|name| (*name).to_owned()));
    let rows = rows.iter().map(|(name, one)| {
        let named = one.named();
        let of = |name: &&str| named.iter().find(|(other, _)| other == name).map_or(f64::NAN, |(_, x)| *x);
        let numbers = names.iter().map(|name| Cell::Number(shown(of(name), "")));
        std::iter::once(Cell::Text((*name).into())).chain(numbers).collect()
    });
    Table { caption: String::new(), header: header.collect(), rows: rows.collect() }
}

use perturb::inference::Errors;
use serde_json::{Value, json};

use super::{Effect, Fitted, METRICS, MODELS, Outcomes, Query, Set, Setting, errors};
use crate::mean_and_deviation;
use crate::report::{self, Block, Cell, Interval, Intervals, Origin, Page, ReportError, Table};

/// Six digits that count.
fn digits(x: f64) -> String {
    with_digits(x, 6)
}

fn with_digits(x: f64, count: i32) -> String {
    if x == 0.0 || !x.is_finite() {
        return if x == 0.0 { "0".into() } else { "–".into() };
    }
    let places = (count - 1 - x.abs().log10().floor() as i32).clamp(0, 16) as usize;
    format!("{x:.places$}")
}

/// The digits of a reference, as it was printed.
fn known(figures: &[f64], at: usize) -> Cell {
    Cell::Number(figures.get(at).map_or_else(|| "–".into(), ToString::to_string))
}

fn title(fit: &Fitted) -> String {
    format!("{}, {}", fit.set.name(), MODELS[fit.model])
}

/// The weights of a model with their errors, each beside its reference.
fn weights(fit: &Fitted) -> Table {
    let figures = fit.set.figures(fit.model == 1);
    let kinds = [
        ("s.e.", Errors::Model, figures.model),
        ("robust s.e.", Errors::Robust, figures.robust),
        ("clustered s.e.", Errors::Clustered, figures.clustered),
    ];
    let found = &fit.estimates;
    let kinds = kinds
        .into_iter()
        .filter_map(|(name, errors, known)| Some((name, found.standard_errors(errors)?, known)));
    let kinds: Vec<_> = kinds.collect();
    // Of errors for which no reference is known there is no column of them.
    let heads = kinds.iter().flat_map(|(name, _, known)| {
        [Some(*name), Some("reference").filter(|_| !known.is_empty())].into_iter().flatten()
    });
    let header = ["term", "weight", "reference"].into_iter().chain(heads);
    let row = |(at, (term, w)): (usize, (&String, &f64))| {
        let reference = figures.weights.iter().find(|(name, _)| name == term).map(|(_, w)| *w);
        let mut row =
            vec![Cell::Text(term.clone()), Cell::Number(digits(*w)), known(reference.as_slice(), 0)];
        for (_, own, figures) in &kinds {
            row.push(Cell::Number(digits(own[at])));
            row.extend((!figures.is_empty()).then(|| known(figures, at)));
        }
        row
    };
    Table {
        caption: format!("{}: weights and standard errors, beside reference figures", title(fit)),
        header: header.map(String::from).collect(),
        rows: found.terms().iter().zip(found.coefficients()).enumerate().map(row).collect(),
    }
}

fn likelihoods(fits: &[Fitted]) -> Table {
    let header = ["set", "model", "decisions", "log-likelihood", "reference", "McFadden's R²", "AIC"];
    let row = |fit: &Fitted| {
        let (found, figures) = (&fit.estimates, fit.set.figures(fit.model == 1));
        let number = |x: Option<f64>, digits: usize| {
            Cell::Number(x.map_or_else(|| "–".into(), |x| format!("{x:.digits$}")))
        };
        vec![
            Cell::Text(fit.set.name().into()),
            Cell::Text(MODELS[fit.model].into()),
            Cell::Number(found.decisions().to_string()),
            number(found.log_likelihood(), 4),
            Cell::Number(figures.log_likelihood.to_string()),
            number(found.r_squared(), 4),
            number(found.aic(), 2),
        ]
    };
    Table {
        caption: "Log-likelihoods, beside reference figures".into(),
        header: header.map(String::from).to_vec(),
        rows: fits.iter().map(row).collect(),
    }
}

/// The elasticities of a set, a column each model.
fn elasticities(fits: &[&Fitted]) -> Option<Table> {
    let first = fits.first()?;
    let price = first.set.price();
    let header = ["changed", "picked"]
        .map(String::from)
        .into_iter()
        .chain(fits.iter().map(|fit| MODELS[fit.model].to_owned()));
    let row = |(at, one): (usize, &Effect)| {
        let cell = |fit: &&Fitted| {
            let shown = fit.elasticities.get(at).map(|one| format!("{:.4} ± {:.4}", one.value, one.error));
            Cell::Number(shown.unwrap_or_else(|| "–".into()))
        };
        let names = [format!("{price} of {}", one.changed), one.of.clone()].map(Cell::Text);
        names.into_iter().chain(fits.iter().map(cell)).collect()
    };
    Some(Table {
        caption: format!(
            "{}: change in % of the expected picks of an alternative if the {price} of one grows by 1 % in all decisions, ± standard error",
            first.set.name()
        ),
        header: header.collect(),
        rows: first.elasticities.iter().enumerate().map(row).collect(),
    })
}

/// Mean and standard error over queries of the model, of least squares and of the difference, where the metric applies to both.
fn compared(outcomes: &Outcomes, metric: usize) -> (usize, [(f64, f64); 3]) {
    let queries = outcomes.ranked.iter().flat_map(|fold| &fold.queries);
    let pairs = queries.map(|[own, squares]| (own[metric], squares[metric]));
    let pairs: Vec<(f64, f64)> = pairs.filter(|(a, b)| a.is_finite() && b.is_finite()).collect();
    let of = |of: fn(&(f64, f64)) -> f64| {
        let (mean, deviation) = mean_and_deviation(&pairs.iter().map(of).collect::<Vec<_>>());
        (mean, deviation / (pairs.len() as f64).sqrt())
    };
    (pairs.len(), [of(|pair| pair.0), of(|pair| pair.1), of(|pair| pair.0 - pair.1)])
}

fn rankings(outcomes: &Outcomes) -> Table {
    let header = ["metric", "queries", "Fenchel–Young", "least squares", "difference"];
    let row = |(metric, name): (usize, &&str)| {
        let (count, of) = compared(outcomes, metric);
        let of = of.map(|(mean, error)| Cell::Number(format!("{mean:.4} ± {error:.4}")));
        [Cell::Text((*name).into()), Cell::Number(count.to_string())].into_iter().chain(of).collect()
    };
    let ridges: Vec<String> = outcomes.ranked.iter().map(|fold| fold.ridge.to_string()).collect();
    Table {
        caption: format!(
            "Queries, each judged by models that were not trained on it: means ± standard errors, the difference query by query; ridges \
             {} were chosen",
            ridges.join(", ")
        ),
        header: header.map(String::from).to_vec(),
        rows: METRICS.iter().enumerate().map(row).collect(),
    }
}

fn of_set(outcomes: &Outcomes, set: Set) -> Vec<&Fitted> {
    outcomes.fits.iter().filter(|fit| fit.set == set).collect()
}

/// Weights, log-likelihoods, elasticities, and rankings.
#[must_use]
pub fn tables(outcomes: &Outcomes) -> Vec<Table> {
    let mut tables: Vec<Table> = outcomes.fits.iter().map(weights).collect();
    if !outcomes.fits.is_empty() {
        tables.push(likelihoods(&outcomes.fits));
    }
    tables.extend(Set::ALL.iter().filter_map(|&set| elasticities(&of_set(outcomes, set))));
    if !outcomes.ranked.is_empty() {
        tables.push(rankings(outcomes));
    }
    tables
}

/// Set, model, quantity, name, value, standard error, reference.
type Record = (String, String, &'static str, String, f64, Option<f64>, Option<f64>);

fn records(outcomes: &Outcomes) -> Vec<Record> {
    let mut all = Vec::new();
    for fit in &outcomes.fits {
        let (found, figures) = (&fit.estimates, fit.set.figures(fit.model == 1));
        let own = |quantity, name: String, value, error, reference| {
            (fit.set.name().to_owned(), MODELS[fit.model].to_owned(), quantity, name, value, error, reference)
        };
        let errors = found.standard_errors(errors(found)).unwrap_or_default();
        for ((term, &w), error) in found.terms().iter().zip(found.coefficients()).zip(errors) {
            let reference = figures.weights.iter().find(|(name, _)| name == term).map(|(_, w)| *w);
            all.push(own("weight", term.clone(), w, Some(error), reference));
        }
        let likelihood = found.log_likelihood().unwrap_or(f64::NAN);
        all.push(own("log-likelihood", String::new(), likelihood, None, Some(figures.log_likelihood)));
        for Effect { changed, of, value, error } in &fit.elasticities {
            let name = format!("{} of {changed}: picks of {of}", fit.set.price());
            all.push(own("elasticity", name, *value, Some(*error), None));
        }
    }
    for (fold, ranked) in (1..).zip(&outcomes.ranked) {
        let of = |query: &Query, number: usize, all: &mut Vec<Record>| {
            for (model, values) in ["Fenchel–Young", "least squares"].iter().zip(query) {
                let metrics = METRICS.iter().zip(values).filter(|(_, value)| value.is_finite());
                all.extend(metrics.map(|(&metric, &value)| {
                    let name = format!("fold {fold}, query {number}");
                    ("queries".into(), (*model).to_owned(), metric, name, value, None, None)
                }));
            }
        };
        (1..).zip(&ranked.queries).for_each(|(number, query)| of(query, number, &mut all));
    }
    all
}

/// One line a number.
#[must_use]
pub fn csv(outcomes: &Outcomes) -> String {
    let head = ["set", "model", "quantity", "name", "value", "standard_error", "reference"].map(String::from);
    let shown = |x: Option<f64>| x.map_or_else(String::new, |x| with_digits(x, 9));
    let record = |(set, model, quantity, name, value, error, reference): Record| {
        let reference = reference.map_or_else(String::new, |x| x.to_string());
        [set, model, quantity.to_owned(), name, shown(Some(value)), shown(error), reference]
    };
    report::csv(std::iter::once(head).chain(records(outcomes).into_iter().map(record)))
}

/// Outcomes as JSON.
#[must_use]
pub fn json(outcomes: &Outcomes) -> Value {
    let record = |(set, model, quantity, name, value, error, reference): Record| {
        json!({ "set": set, "model": model, "quantity": quantity, "name": name, "value": value, "standard_error": error,
                "reference": reference })
    };
    let metric = |(metric, name): (usize, &&str)| {
        let (queries, [own, squares, difference]) = compared(outcomes, metric);
        let of = |(mean, error): (f64, f64)| json!({ "mean": mean, "error": error });
        json!({ "metric": name, "queries": queries, "fenchel_young": of(own), "least_squares": of(squares), "difference": of(difference) })
    };
    let rankings: Vec<Value> =
        METRICS.iter().enumerate().filter(|_| !outcomes.ranked.is_empty()).map(metric).collect();
    json!({ "numbers": records(outcomes).into_iter().map(record).collect::<Vec<_>>(), "rankings": rankings })
}

/// How far weights and log-likelihoods are from the references, and what rankings differ by.
fn conclusion(outcomes: &Outcomes) -> String {
    let mut sentences = Vec::new();
    let off = |quantity: &str| {
        let all = records(outcomes).into_iter().filter(|record| record.2 == quantity);
        all.filter_map(|record| Some((record.4, record.6?)))
            .map(|(x, known)| (x - known).abs() / known.abs())
            .fold(0.0, f64::max)
    };
    if !outcomes.fits.is_empty() {
        let models: Vec<String> = outcomes.fits.iter().map(title).collect();
        sentences.push(format!(
            "{} models ({}): their weights are within {:.4} % of the reference figures, their log-likelihoods within {:.5} %.",
            models.len(),
            models.join("; "),
            100.0 * off("weight"),
            100.0 * off("log-likelihood")
        ));
    }
    if !outcomes.ranked.is_empty() {
        let (count, [own, squares, difference]) = compared(outcomes, 0);
        sentences.push(format!(
            "On {count} queries, each judged by models that were not trained on it, {} is {:.4} by the Fenchel–Young loss and {:.4} by least \
             squares: a difference of {:+.4} with a standard error of {:.4}.",
            METRICS[0], own.0, squares.0, difference.0, difference.1
        ));
    }
    sentences.join(" ")
}

/// Own elasticities of both models.
fn own_elasticities(fits: &[&Fitted]) -> Result<Option<Block>, ReportError> {
    let Some(first) = fits.first() else { return Ok(None) };
    let rows = first.elasticities.iter().enumerate().filter(|(_, one)| one.changed == one.of).flat_map(
        |(at, one)| {
            fits.iter().enumerate().filter_map(move |(model, fit)| {
                let Effect { value, error, .. } = *fit.elasticities.get(at)?;
                let ends = (value - 1.96 * error, value + 1.96 * error);
                Some(Interval {
                    name: format!("{}, {}", one.of, MODELS[fit.model]),
                    value,
                    ends,
                    beside: model > 0,
                })
            })
        },
    );
    let price = first.set.price();
    let picture = Intervals {
        title: format!("{}: own elasticities", first.set.name()),
        label: format!("% of picks by which 1 % more {price} changes them"),
        rows: rows.collect(),
        zero: true,
    };
    Ok(Some(Block::Figure {
        svg: picture.draw()?,
        caption: "Means over decisions with 95 % intervals.".into(),
    }))
}

fn differences(outcomes: &Outcomes) -> Result<Block, ReportError> {
    let row = |(metric, name): (usize, &&str)| {
        let (_, [.., (value, error)]) = compared(outcomes, metric);
        let ends = (value - 1.96 * error, value + 1.96 * error);
        Interval { name: (*name).into(), value, ends, beside: false }
    };
    let picture = Intervals {
        title: "Rankings: Fenchel–Young less least squares".into(),
        label: "difference of the metric".into(),
        rows: METRICS.iter().enumerate().map(row).collect(),
        zero: true,
    };
    let caption =
        "Differences query by query with 95 % intervals; right of 0 the Fenchel–Young loss is better.".into();
    Ok(Block::Figure { svg: picture.draw()?, caption })
}

/// The experiment as one page.
pub fn page(outcomes: &Outcomes, setting: &Setting, origin: &Origin) -> Result<Page, ReportError> {
    let mut blocks = Vec::new();
    if !outcomes.fits.is_empty() {
        blocks.push(Block::Paragraph(
            "The multinomial logit is a perturbed argmax with Gumbel noise, the independent probit one with normal noise; weights maximise \
             the likelihood, by Newton's method with exact derivatives. Reference figures are those that the tests of this library hold: \
             of the logits the published estimates, of the probits those of an independent computation. Elasticities are means over \
             decisions weighted by probabilities; their standard errors are by the delta method, clustered by persons where the set says \
             who they are."
                .into(),
        ));
        blocks.push(Block::Table(likelihoods(&outcomes.fits)));
    }
    for set in Set::ALL {
        let fits = of_set(outcomes, set);
        if fits.is_empty() {
            continue;
        }
        blocks.push(Block::Heading(set.name().into()));
        blocks.extend(fits.iter().map(|fit| Block::Table(weights(fit))));
        blocks.extend(own_elasticities(&fits)?);
        blocks.extend(elasticities(&fits).map(Block::Table));
    }
    if !outcomes.ranked.is_empty() {
        blocks.push(Block::Heading("Rankings of search results".into()));
        blocks.push(Block::Paragraph(format!(
            "Documents of a query are ranked by grades, equal grades leaving the order open, with the Fenchel–Young loss of a perturbed \
             ranking (normal noise, ε = 1) and by least squares on the grades. {} folds; the ridge is chosen among {:?} by {} folds of the \
             rest.",
            setting.folds, setting.ridges, setting.folds
        )));
        blocks.push(Block::Table(rankings(outcomes)));
        blocks.push(differences(outcomes)?);
    }
    Ok(Page {
        name: "choice".into(),
        title: "Real choices and rankings".into(),
        conclusion: conclusion(outcomes),
        blocks,
        data: csv(outcomes),
        origin: origin.clone(),
    })
}

//! The pages of tables of options.

use perturb::data::text::shown as plain;
use perturb::decisions::{Decide, Decisions, Judgement, Recipe, Target};
use perturb::inference::Estimates;
use perturb::model_file::ModelFile;
use perturb_experiments::report::{
    Block, Cell, Interval, Intervals, LinePlot, Origin, Page, Point, Series, Table,
};

use super::elasticity;
use super::judge::{Crossed, Score};
use super::show::{coefficients, errors, importance, names, shown_p};
use super::train::{Fit, Found};
use crate::cli::{Failure, report};

/// Terms that a page shows.
const SHOWN: usize = 30;
const LEVEL: f64 = 0.95;

/// What was learned, how well it decides, and from what.
pub(super) fn train(
    seed: u64,
    fit: &Fit<'_>,
    recipe: &Recipe,
    found: &Found<'_>,
    scores: &[Score],
) -> Result<Page, Failure> {
    let Found { train, learned, on, .. } = found;
    let (terms, estimates) = (train.terms(), learned.estimates.as_ref());
    let deviations = train.deviations();
    let moved = importance(&learned.w, &deviations).unwrap_or_default();
    let mut conclusion = match &found.crossed {
        Some(crossed) => in_folds(crossed),
        None if on.0 == "training" => {
            in_words(scores, &format!("the {} decisions that it was trained on", on.1))
        }
        None => in_words(scores, &format!("{} decisions that it was not trained on", on.1)),
    };
    if let Some(most) =
        (0..moved.len()).max_by(|&a, &b| moved[a].total_cmp(&moved[b])).filter(|_| moved.len() > 1)
    {
        let by = format!("{:.3}", moved[most]);
        let most =
            format!(" Of {} terms {} moves scores most, by {by} at one deviation.", terms.len(), terms[most]);
        conclusion += &most;
    }
    let mut blocks = vec![Block::Paragraph(about(recipe, train, "learned from"))];
    blocks.push(Block::Heading("Weights".into()));
    blocks.extend(weights(terms, &learned.w, estimates, &deviations)?);
    if let Some(estimates) = estimates {
        let rows = fitted(estimates, found.shares.as_ref());
        blocks.push(Block::Table(pairs("The fit as a whole", ["measure", "value"], rows)));
    }
    if !found.ratios.is_empty() {
        let row =
            |(name, value, error): &(String, f64, f64)| (name.clone(), format!("{value:.6} ± {error:.6}"));
        let rows = found.ratios.iter().map(row).collect();
        blocks.push(Block::Table(pairs(
            "Ratios of weights ± standard errors (delta method)",
            ["ratio", "value"],
            rows,
        )));
    }
    if !found.elasticities.is_empty() {
        let mut table = elasticity::table(&found.elasticities, estimates, [" ± ", ""]);
        table.caption += "; ± standard errors (delta method)";
        blocks.push(Block::Table(table));
    }
    blocks.push(Block::Heading("Decisions".into()));
    let ways = found.scores.each_ref().map(|(name, _)| *name);
    blocks.extend(judged(&ways, scores, &format!("{} {} decisions", on.1, on.0))?);
    if let Some(crossed) = &found.crossed {
        blocks.push(Block::Heading("Cross-validation".into()));
        blocks.extend(folds(crossed)?);
    }
    blocks.push(Block::Heading("Settings".into()));
    blocks.push(Block::Table(pairs(
        "What determines the model",
        ["setting", "value"],
        settings(fit, recipe, found),
    )));
    let title = format!("Decisions ({}) learned from {}", recipe.decide.name(), train.name());
    Ok(Page {
        name: "train".into(),
        title,
        conclusion,
        blocks,
        origin: origin(seed, train),
        ..Page::default()
    })
}

/// How well a model decides on new decisions: `found` and by equal scores.
pub(super) fn evaluate(
    seed: u64,
    (model, recipe): (&ModelFile, &Recipe),
    decisions: &Decisions,
    found: &[(f64, Judgement)],
    scores: &[Score],
) -> Result<Page, Failure> {
    let from = &model.provenance;
    let mut origin = origin(seed, decisions);
    let trained = format!(
        "perturb {}, loss {}, seed {}, data {}",
        from.library_version, from.loss, from.seed, from.data_name
    );
    origin.versions.push(("model".into(), trained));
    let mut blocks = vec![Block::Paragraph(about(recipe, decisions, "judged on"))];
    blocks.push(Block::Heading("Scores".into()));
    blocks.extend(judged(&["model", "all scores equal"], scores, &format!("{} decisions", decisions.len()))?);
    blocks.extend(histogram(found)?);
    let w = model.exact_weights();
    if !from.deviations.is_empty() {
        blocks.push(Block::Heading("Weights".into()));
        blocks.extend(weights(
            &names(&from.feature_names, w.len()),
            &w,
            from.estimates.as_ref(),
            &from.deviations,
        )?);
    }
    let conclusion = in_words(scores, &format!("{} decisions of {}", decisions.len(), decisions.name()));
    let title = format!("Decisions ({}) of a model on {}", recipe.decide.name(), decisions.name());
    Ok(Page { name: "evaluate".into(), title, conclusion, blocks, origin, ..Page::default() })
}

fn origin(seed: u64, data: &Decisions) -> Origin {
    let mut origin = report::origin(seed, &[]);
    let shape = format!("{} decisions, {} options, {} terms", data.len(), data.options(), data.terms().len());
    origin
        .versions
        .push((format!("data {}", data.name()), format!("{shape}, digest {:016x}", data.digest())));
    origin
}

fn about(recipe: &Recipe, data: &Decisions, verb: &str) -> String {
    let what = match recipe.decide {
        Decide::Pick => "the option that is picked",
        Decide::PickK { .. } => "the options that are picked",
        Decide::Rank => "the order of the options",
        _ => "what is chosen among the options",
    };
    let per = data.options() as f64 / data.len().max(1) as f64;
    format!(
        "A model of {what}, with one vector of weights for all options, {verb} {} decisions of {} among {} options, {per:.1} a \
         decision. The score of an option is the sum of its terms, each times its weight; the largest score is the best.",
        data.len(),
        data.name(),
        data.options()
    )
}

/// The table and the picture of weights.
fn weights(
    terms: &[String],
    w: &[f64],
    estimates: Option<&Estimates>,
    deviations: &[f64],
) -> Result<Vec<Block>, Failure> {
    let moved = importance(w, deviations);
    let mut table = coefficients(terms, w, estimates, moved.as_deref());
    let mut order: Vec<usize> = (0..terms.len()).collect();
    let mut left_out = String::new();
    if let (Some(moved), true) = (&moved, terms.len() > SHOWN) {
        order.sort_by(|&a, &b| moved[b].total_cmp(&moved[a]));
        order.truncate(SHOWN);
        left_out =
            format!("; {} terms of less importance stand in the model file alone", terms.len() - SHOWN);
    }
    table.rows = order.iter().filter_map(|&at| table.rows.get(at).cloned()).collect();
    table.caption = format!(
        "Weights{}. Importance is |weight| times the deviation of the term among the options of a decision{left_out}",
        if estimates.is_some() { " with their standard errors" } else { "" }
    );
    let ends = estimates.and_then(|found| found.intervals(errors(found), LEVEL));
    let row = |&at: &usize| {
        let unit = deviations.get(at).copied().unwrap_or(f64::NAN);
        let (low, high) = ends.as_ref().and_then(|all| all.get(at).copied()).unwrap_or((f64::NAN, f64::NAN));
        Interval {
            name: terms[at].clone(),
            value: w[at] * unit,
            ends: (low * unit, high * unit),
            beside: false,
        }
    };
    let picture = Intervals {
        title: "What moves scores".into(),
        label: "change of the score at one deviation".into(),
        zero: true,
        rows: order.iter().map(row).collect(),
    };
    let mut blocks = vec![Block::Table(table)];
    if picture.rows.iter().any(|row| row.value.is_finite()) {
        let bars = if ends.is_some() { "; bars are 95 % intervals" } else { "" };
        let caption =
            format!("Each weight times the deviation of its term among the options of a decision{bars}.");
        blocks.push(Block::Figure { svg: picture.draw()?, caption });
    }
    Ok(blocks)
}

/// The table and the picture of scores, a column each way to decide.
fn judged(ways: &[&str], scores: &[Score], on: &str) -> Result<Vec<Block>, Failure> {
    let number = |x: f64| Cell::Number(if x.is_nan() { "–".into() } else { format!("{x:.4}") });
    let row = |score: &Score| {
        let cells = score.of.iter().flat_map(|(mean, (low, high))| {
            let interval = if mean.is_nan() { "–".to_owned() } else { format!("{low:.4} to {high:.4}") };
            [number(*mean), Cell::Number(interval)]
        });
        std::iter::once(Cell::Text(score.name.into())).chain(cells).collect()
    };
    let header = ways.iter().flat_map(|way| [(*way).to_owned(), "95 % interval".to_owned()]);
    let table = Table {
        caption: format!("Means over {on}, with bootstrap intervals"),
        header: std::iter::once("metric".to_owned()).chain(header).collect(),
        rows: scores.iter().map(row).collect(),
    };
    let rows = scores.iter().filter(|score| score.name != "log-loss").flat_map(|score| {
        ways.iter().zip(&score.of).enumerate().map(|(at, (way, (value, ends)))| Interval {
            name: format!("{}, {way}", score.name),
            value: *value,
            ends: *ends,
            beside: at > 0,
        })
    });
    let mut blocks = vec![Block::Table(table)];
    blocks.extend(figure(
        "How well scores decide",
        "mean over decisions",
        rows.collect(),
        "Means with 95 % intervals; 1 is perfect.",
    )?);
    Ok(blocks)
}

/// A picture, if there is anything to draw.
fn figure(title: &str, label: &str, rows: Vec<Interval>, caption: &str) -> Result<Option<Block>, Failure> {
    if !rows.iter().any(|row| row.value.is_finite()) {
        return Ok(None);
    }
    let svg =
        Intervals { title: title.into(), label: label.into(), rows, zero: label.starts_with("difference") }
            .draw()?;
    Ok(Some(Block::Figure { svg, caption: caption.into() }))
}

fn folds(crossed: &Crossed) -> Result<Vec<Block>, Failure> {
    let mut table = crossed.table([" ± ", ""]);
    table.caption =
        "Each decision is judged by models of the other folds; means ± standard errors over decisions".into();
    let rows = crossed.rows().into_iter().filter(|(name, _)| *name != "log-loss").map(
        |(name, [.., (value, error)])| {
            let half = 1.96 * error;
            Interval { name: name.into(), value, ends: (value - half, value + half), beside: false }
        },
    );
    let mut blocks = vec![Block::Table(table)];
    let caption = "Differences, decision by decision, with 95 % intervals; right of 0 the model is better.";
    blocks.extend(figure("Model less least squares", "difference of the metric", rows.collect(), caption)?);
    Ok(blocks)
}

/// How the decisions spread of which a mean says little.
fn histogram(found: &[(f64, Judgement)]) -> Result<Option<Block>, Failure> {
    type Of = fn(&Judgement) -> f64;
    let all: [(&str, Of); 4] = [
        ("probability of what was picked", |one| (-one.log_loss).exp()),
        ("NDCG@10 of a decision", |one| one.ndcg),
        ("Spearman correlation of a decision", |one| one.spearman),
        ("share of what was chosen", |one| one.overlap),
    ];
    let known = |of: Of| found.iter().map(|(_, one)| of(one)).filter(|x| !x.is_nan()).collect::<Vec<f64>>();
    let Some((label, values)) =
        all.into_iter().map(|(label, of)| (label, known(of))).find(|(_, values)| !values.is_empty())
    else {
        return Ok(None);
    };
    // Centred at 0.05, 0.15, …, 0.95; of correlations from −0.95 on.
    let least = if values.iter().any(|&x| x < 0.0) { -10 } else { 0 };
    let bin = |x: f64| ((10.0 * x).floor() as i32).clamp(-10, 9);
    let share = |at: i32| {
        let count = values.iter().filter(|&&x| bin(x) == at).count();
        Point { x: (f64::from(at) + 0.5) / 10.0, y: count as f64 / values.len() as f64, spread: 0.0 }
    };
    let plot = LinePlot {
        title: "Decisions, from the worst to the best".into(),
        x_label: label.into(),
        y_label: "share of decisions".into(),
        bars: true,
        series: vec![Series { points: (least..10).map(share).collect(), ..Series::default() }],
        ..LinePlot::default()
    };
    Ok(Some(Block::Figure { svg: plot.draw()?, caption: "Each bar is a tenth wide.".into() }))
}

/// The metric that a conclusion names.
const TOLD: [&str; 4] = ["NDCG@10", "Spearman", "overlap", "agreement"];

fn in_words(scores: &[Score], on: &str) -> String {
    let told = TOLD.iter().find_map(|name| scores.iter().find(|score| score.name == *name));
    let Some((Score { name, of }, (mean, (low, high)))) =
        told.and_then(|score| Some((score, score.of.first()?)))
    else {
        return String::new();
    };
    let others: Vec<String> = match &of[1..] {
        [equal] => vec![format!("with equal scores {:.3}", equal.0)],
        [squares, equal] => {
            vec![format!("by least squares {:.3}", squares.0), format!("with equal scores {:.3}", equal.0)]
        }
        _ => Vec::new(),
    };
    let what = if *name == "agreement" {
        "the share of decisions that the model makes as they were made"
    } else {
        name
    };
    format!("On {on}, {what} is {mean:.3} (95 % interval {low:.3} to {high:.3}); {}.", others.join(", "))
}

fn in_folds(crossed: &Crossed) -> String {
    let rows = crossed.rows();
    let told = TOLD.iter().find_map(|name| rows.iter().find(|(other, _)| other == name));
    let Some((name, [model, squares, difference])) = told else { return String::new() };
    let (n, folds) = crossed.sizes();
    format!(
        "On {n} decisions, each judged by a model that was not trained on it ({folds} folds), {name} is {:.4}; by least squares it is \
         {:.4}, a difference of {:+.4} with a standard error of {:.4}.",
        model.0, squares.0, difference.0, difference.1
    )
}

fn pairs(caption: &str, header: [&str; 2], rows: Vec<(String, String)>) -> Table {
    let row = |(name, value): (String, String)| {
        let number = value.starts_with(|c: char| c.is_ascii_digit() || "-<".contains(c));
        vec![
            Cell::Text(name),
            if number && header[0] != "setting" { Cell::Number(value) } else { Cell::Text(value) },
        ]
    };
    Table {
        caption: caption.into(),
        header: header.map(String::from).to_vec(),
        rows: rows.into_iter().map(row).collect(),
    }
}

/// The fit as a whole. `shares` is the log-likelihood of constants alone.
fn fitted(estimates: &Estimates, shares: Option<&f64>) -> Vec<(String, String)> {
    let number = |x: f64| format!("{x:.4}");
    let mut all = vec![("decisions", Some(estimates.decisions().to_string()))];
    all.push((
        "clusters",
        Some(estimates.clusters()).filter(|&count| count > 0).map(|count| count.to_string()),
    ));
    all.push(("log-likelihood", estimates.log_likelihood().map(number)));
    all.push(("log-likelihood of constants alone", shares.copied().map(number)));
    all.push(("log-likelihood of equal probabilities", estimates.null_log_likelihood().map(number)));
    all.push(("McFadden's R²", estimates.r_squared().map(number)));
    all.push(("AIC", estimates.aic().map(number)));
    all.push(("BIC", estimates.bic().map(number)));
    let test = estimates.test_of_null();
    let name = test.map_or_else(String::new, |test| {
        format!("p beside equal probabilities, {} degrees of freedom", test.freedom)
    });
    all.push((&name, test.map(|test| shown_p(test.p))));
    all.push(("mean loss", Some(format!("{:.6}", estimates.loss()))));
    all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

fn settings(fit: &Fit<'_>, recipe: &Recipe, found: &Found<'_>) -> Vec<(String, String)> {
    let mut all = vec![("decision".to_owned(), recipe.decide.name().to_owned())];
    let mut add = |name: &str, value: Option<String>| all.extend(value.map(|value| (name.to_owned(), value)));
    add("column of decisions", recipe.group.clone());
    add("options in columns", recipe.by_option.as_ref().map(|by| by.options().join(", ")));
    add("names of options", recipe.alternatives.clone());
    let target = recipe.target.as_ref().map(|target| {
        let kind = match target {
            Target::Chosen(_) => "chosen where",
            Target::OneOf(_) => "one of those where",
            Target::Rank(_) => "ranks",
            Target::Grade(_) => "grades",
            Target::Worth(_) => "worth most, which is",
            _ => "by",
        };
        format!("{kind} {}", target.expression())
    });
    add("what was decided", target);
    for (name, of) in recipe.terms.iter().take(SHOWN) {
        let of = of.to_string();
        add("term", Some(if of == *name { of } else { format!("{name} = {of}") }));
    }
    add("more terms", recipe.terms.len().checked_sub(SHOWN + 1).map(|more| (more + 1).to_string()));
    add("rows where", recipe.filter.as_ref().map(ToString::to_string));
    add("available where", recipe.available.as_ref().map(ToString::to_string));
    add("counted", recipe.weight.as_ref().map(ToString::to_string));
    add("clusters", recipe.cluster.clone());
    add("noise", Some(found.learned.noise.name().to_owned()));
    add("temperature", Some(plain(fit.epsilon)));
    add("loss", Some(fit.loss.map_or("likelihood", |loss| loss.name()).to_owned()));
    let chosen = if fit.ridges.len() > 1 { ", chosen by cross-validation" } else { "" };
    add("ridge", Some(format!("{}{chosen}", plain(found.ridge))));
    let by =
        if found.learned.newton { "Newton's method, exact expectations" } else { "stochastic gradients" };
    add("minimised by", Some(by.to_owned()));
    add("kept to judge", Some(fit.validation.map_or_else(|| "none".to_owned(), ToString::to_string)));
    all
}

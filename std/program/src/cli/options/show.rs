//! `perturb show`: what a model is made of.

use std::path::PathBuf;

use perturb::inference::{Errors, Estimates};
use perturb::model_file::{ModelFile, OracleKind};
use perturb_experiments::report::{Cell, Table};

use super::train::shown_errors;
use crate::cli::{Common, Failure, say, say_json, source, table};

/// Prints models: weights with their errors, settings and origin; several side by side.
pub(crate) fn show(models: &[PathBuf], common: &Common) -> Result<(), Failure> {
    let files = models
        .iter()
        .map(|path| Ok((path, source::load_file(path)?)))
        .collect::<Result<Vec<_>, Failure>>()?;
    if common.json {
        let all: Vec<_> = files.iter().map(|(path, file)| json(&path.display().to_string(), file)).collect();
        return if let [one] = &all[..] { say_json(one) } else { say_json(&all) };
    }
    let texts: Vec<String> =
        files.iter().map(|(path, file)| text(&path.display().to_string(), file)).collect();
    say(texts.join("\n"))?;
    if files.len() > 1 { say(format!("\n{}", table::render(&compared(&files)))) } else { Ok(()) }
}

fn json(name: &str, file: &ModelFile) -> serde_json::Value {
    serde_json::json!({
        "model": name,
        "oracle": file.oracle.name(),
        "noise": file.noise.name(),
        "epsilon": file.epsilon,
        "shared": file.shared,
        "features": file.features,
        "scores": file.scores,
        "weights": file.weights,
        "bias": file.bias,
        "provenance": file.provenance,
        "estimates": file.provenance.estimates.as_ref().map(as_json),
        "importance": importance(&file.exact_weights(), &file.provenance.deviations),
    })
}

/// |w_k| times the deviation of term k within decisions: by how much it moves scores. None of a file without deviations.
pub(super) fn importance(w: &[f64], deviations: &[f64]) -> Option<Vec<f64>> {
    let all = || w.iter().zip(deviations).map(|(w, deviation)| w.abs() * deviation).collect();
    (!w.is_empty() && w.len() == deviations.len()).then(all)
}

fn text(name: &str, file: &ModelFile) -> String {
    let of = &file.provenance;
    let mut lines = vec![format!("{name}: largest score is best")];
    let decide = match (&of.recipe, file.oracle) {
        (Some(recipe), _) => recipe.decide.name().to_owned(),
        (None, OracleKind::Simplex) => "pick".to_owned(),
        (None, OracleKind::Hypercube) => "each".to_owned(),
        (None, OracleKind::TopK) => format!("pick-k, k = {}", file.parameter),
        (None, other) => other.name().to_owned(),
    };
    lines.push(format!("decision     {decide}"));
    lines.extend(of.decided.as_ref().map(|column| format!("labels of    {column}")));
    lines.push(format!("noise        {}, temperature {}", file.noise.name(), file.epsilon));
    lines.push(format!("loss         {}", of.loss));
    lines.push(format!("data         {}", of.data_name));
    lines.push(format!("trained by   {} (perturb {}, seed {})", of.command, of.library_version, of.seed));
    if let Some(recipe) = &of.recipe {
        for (name, expression) in
            [("where", &recipe.filter), ("available", &recipe.available), ("count", &recipe.weight)]
        {
            lines.extend(expression.as_ref().map(|of| format!("{name:<12} {of}")));
        }
        for (name, expression) in recipe.terms.iter().filter(|(name, of)| *name != of.to_string()) {
            lines.push(format!("term         {name} = {expression}"));
        }
    }
    let mut text = lines.join("\n") + "\n\n";
    if file.shared {
        let w = file.exact_weights();
        let names = names(&of.feature_names, file.features);
        let importance = importance(&w, &of.deviations);
        text += &table::render(&coefficients(&names, &w, of.estimates.as_ref(), importance.as_deref()));
        if let Some(estimates) = &of.estimates {
            text = text + "\n" + &summary(estimates, None);
        }
        return text;
    }
    text + &table::render(&labels(file))
}

pub(super) fn names(given: &[String], count: usize) -> Vec<String> {
    if given.len() == count { given.to_vec() } else { perturb::data::numbered("x", count) }
}

/// The weights of each label, a row a feature.
fn labels(file: &ModelFile) -> Table {
    let of = &file.provenance;
    let labels = names(&of.label_names, file.scores);
    let number = |x: f32| Cell::Number(number(f64::from(x)));
    let mut rows: Vec<Vec<Cell>> = names(&of.feature_names, file.features)
        .into_iter()
        .zip(file.weights.chunks_exact(file.scores.max(1)))
        .map(|(name, column)| {
            std::iter::once(Cell::Text(name)).chain(column.iter().map(|&w| number(w))).collect()
        })
        .collect();
    rows.push(
        std::iter::once(Cell::Text("(constant)".into()))
            .chain(file.bias.iter().map(|&b| number(b)))
            .collect(),
    );
    Table {
        caption: String::new(),
        header: std::iter::once("feature".to_owned()).chain(labels).collect(),
        rows,
    }
}

/// The errors by which hypotheses are tested.
pub(super) fn errors(estimates: &Estimates) -> Errors {
    if estimates.clusters() > 0 {
        Errors::Clustered
    } else if estimates.covariance(Errors::Model).is_some() {
        Errors::Model
    } else {
        Errors::Robust
    }
}

/// Weights with their errors, a row a term.
pub(super) fn coefficients(
    terms: &[String],
    w: &[f64],
    estimates: Option<&Estimates>,
    importance: Option<&[f64]>,
) -> Table {
    let mut header = vec!["term".to_owned(), "weight".to_owned()];
    let mut columns: Vec<Vec<String>> = Vec::new();
    if let Some(estimates) = estimates {
        for (name, errors) in shown_errors(estimates) {
            header.push(name.to_owned());
            let found = estimates.standard_errors(errors).unwrap_or_default();
            columns.push(found.iter().map(|&error| number(error)).collect());
        }
        header.extend(["z".to_owned(), "p".to_owned()]);
        let by = errors(estimates);
        columns.push(estimates.z(by).unwrap_or_default().iter().map(|z| format!("{z:.2}")).collect());
        columns.push(estimates.p_values(by).unwrap_or_default().iter().map(|&p| shown_p(p)).collect());
    }
    if let Some(importance) = importance {
        header.push("importance".to_owned());
        columns.push(importance.iter().map(|x| format!("{x:.4}")).collect());
    }
    let rows = terms.iter().zip(w).enumerate().map(|(at, (term, &w))| {
        let mut row = vec![Cell::Text(term.clone()), Cell::Number(number(w))];
        row.extend(columns.iter().filter_map(|column| column.get(at)).map(|cell| Cell::Number(cell.clone())));
        row
    });
    Table { caption: String::new(), rows: rows.collect(), header }
}

/// Six digits that count.
pub(super) fn number(x: f64) -> String {
    if x == 0.0 || !x.is_finite() {
        return x.to_string();
    }
    let digits = (5 - x.abs().log10().floor() as i32).clamp(0, 10) as usize;
    if x.abs() < 1e-6 || x.abs() >= 1e9 { format!("{x:.5e}") } else { format!("{x:.digits$}") }
}

pub(super) fn shown_p(p: f64) -> String {
    if p < 1e-4 { "<.0001".into() } else { format!("{p:.4}") }
}

/// The fit as a whole. `shares` is the log-likelihood of constants alone.
pub(super) fn summary(estimates: &Estimates, shares: Option<&f64>) -> String {
    let mut lines = Vec::new();
    if let (Some(likelihood), Some(null)) = (estimates.log_likelihood(), estimates.null_log_likelihood()) {
        lines.push(format!("log-likelihood {likelihood:.4}; of equal probabilities {null:.4}"));
        if let Some(shares) = shares {
            lines.push(format!("log-likelihood of constants alone {shares:.4}"));
        }
        let (r, aic, bic) = (estimates.r_squared(), estimates.aic(), estimates.bic());
        if let (Some(r), Some(aic), Some(bic)) = (r, aic, bic) {
            lines.push(format!("McFadden's R2 {r:.4}; AIC {aic:.2}; BIC {bic:.2}"));
        }
        if let Some(test) = estimates.test_of_null() {
            let (statistic, freedom, p) = (test.statistic, test.freedom, shown_p(test.p));
            lines.push(format!("likelihood ratio beside equal probabilities {statistic:.2}, {freedom} degrees of freedom, p {p}"));
        }
    } else {
        lines.push(format!("mean Fenchel-Young loss {:.6}", estimates.loss()));
    }
    let by = match errors(estimates) {
        Errors::Clustered => format!("z and p by errors clustered in {} groups", estimates.clusters()),
        Errors::Robust => "z and p by robust errors".to_owned(),
        _ => "z and p by the model's errors".to_owned(),
    };
    lines.push(format!("{} decisions; {by}", estimates.decisions()));
    lines.join("\n") + "\n"
}

/// The names of errors for other programs.
pub(super) const ERRORS: [(&str, Errors); 3] =
    [("model", Errors::Model), ("robust", Errors::Robust), ("clustered", Errors::Clustered)];

/// Estimates for other programs.
pub(super) fn as_json(estimates: &Estimates) -> serde_json::Value {
    let errors: serde_json::Map<_, _> = ERRORS
        .into_iter()
        .filter_map(|(name, errors)| {
            Some((name.to_owned(), serde_json::json!(estimates.standard_errors(errors)?)))
        })
        .collect();
    serde_json::json!({
        "terms": estimates.terms(),
        "weights": estimates.coefficients(),
        "standard_errors": errors,
        "log_likelihood": estimates.log_likelihood(),
        "null_log_likelihood": estimates.null_log_likelihood(),
        "r_squared": estimates.r_squared(),
        "aic": estimates.aic(),
        "bic": estimates.bic(),
        "loss": estimates.loss(),
        "decisions": estimates.decisions(),
        "clusters": estimates.clusters(),
        "steps": estimates.steps(),
    })
}

/// The weights of several models side by side.
fn compared(files: &[(&PathBuf, ModelFile)]) -> Table {
    let mut terms: Vec<&String> = Vec::new();
    for name in files.iter().flat_map(|(_, file)| &file.provenance.feature_names) {
        if !terms.contains(&name) {
            terms.push(name);
        }
    }
    let header =
        std::iter::once("term".to_owned()).chain(files.iter().map(|(path, _)| path.display().to_string()));
    let cell = |file: &ModelFile, term: &String| {
        let place = file.provenance.feature_names.iter().position(|name| name == term);
        let w = place.filter(|_| file.shared).and_then(|place| file.exact_weights().get(place).copied());
        Cell::Number(w.map_or_else(|| "-".to_owned(), number))
    };
    let rows = terms.iter().map(|term| {
        std::iter::once(Cell::Text((*term).clone()))
            .chain(files.iter().map(|(_, file)| cell(file, term)))
            .collect()
    });
    Table { caption: String::new(), header: header.collect(), rows: rows.collect() }
}

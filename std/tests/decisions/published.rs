//! Published estimates of discrete choices, from the data they were published for.

use std::path::PathBuf;

use perturb::AnyNoise;
use perturb::data::frame::{ByOption, Columns, Expression};
use perturb::data::table::{Format, parse_table};
use perturb::decisions::{Decide, Decisions, Recipe, Target, Utility};
use perturb::inference::{Criterion, Errors, Estimates, Estimation};

#[allow(dead_code, unreachable_pub, reason = "the experiment shows all of it")]
#[path = "../../experiments/src/choice/sets.rs"]
mod sets;

use sets::Set;

/// The path of a file of real data. `None` and a message if the file does not exist.
fn real_data(file: &str) -> Option<PathBuf> {
    let beside = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let path = std::env::var_os("PERTURB_DATA").map_or(beside, Into::into).join(file);
    if path.exists() {
        return Some(path);
    }
    eprintln!("SKIPPED: {} is not there; set PERTURB_DATA to the folder of real data", path.display());
    None
}

fn estimate(decisions: &Decisions, probit: bool) -> Estimates {
    let (noise, criterion) = if probit {
        (AnyNoise::Normal, Criterion::Likelihood)
    } else {
        (AnyNoise::Gumbel, Criterion::FenchelYoung)
    };
    let start = std::time::Instant::now();
    let found = Estimation { noise, criterion, ..Estimation::default() }.fit(decisions).unwrap();
    eprintln!("{} {probit}: {:?}, {} steps", decisions.name(), start.elapsed(), found.steps());
    found
}

/// The estimates of a set, after a comparison with all that is known of them: weights and errors to a share `most` of the figures,
/// the log-likelihood to 10⁻³.
fn known(set: Set, probit: bool, most: f64) -> Option<(PathBuf, Decisions, Estimates)> {
    let file = real_data(&format!("choice/{}", set.file()))?;
    let decisions = set.read(&file, &std::fs::read(&file).unwrap()).unwrap();
    let found = estimate(&decisions, probit);
    let names = set.figures(probit).weights.iter().map(|(name, _)| *name);
    assert_eq!(found.terms(), names.collect::<Vec<_>>());
    compare(&found, set, probit, most);
    Some((file, decisions, found))
}

fn compare(found: &Estimates, set: Set, probit: bool, most: f64) {
    let figures = set.figures(probit);
    assert_eq!(found.terms().len(), figures.weights.len());
    for ((name, known), x) in figures.weights.iter().zip(found.coefficients()) {
        assert!((x - known).abs() <= most * known.abs(), "{name}: {x} {known}");
    }
    assert!((found.log_likelihood().unwrap() - figures.log_likelihood).abs() < 1e-3);
    // Errors of Greene's logit are printed with six places: 0.004408.
    let rounded = if (set, probit) == (Set::ModeChoice, false) { 5e-7 } else { 0.0 };
    let kinds = [
        (Errors::Model, figures.model),
        (Errors::Robust, figures.robust),
        (Errors::Clustered, figures.clustered),
    ];
    for (errors, known) in kinds.into_iter().filter(|(_, known)| !known.is_empty()) {
        for (x, known) in found.standard_errors(errors).unwrap().iter().zip(known) {
            assert!((x - known).abs() <= most * known + rounded, "{errors:?} {x} {known}");
        }
    }
}

/// The file of Greene's travel modes, its decisions, and the logit or the probit of them.
pub(crate) fn mode_choice(noise: AnyNoise) -> Option<(PathBuf, Decisions, Estimates)> {
    let probit = noise == AnyNoise::Normal;
    known(Set::ModeChoice, probit, if probit { 1e-3 } else { 1e-4 })
}

#[test]
fn the_logit_of_greene() {
    let Some((.., found)) = mode_choice(AnyNoise::Gumbel) else { return };
    assert!((found.log_likelihood().unwrap() + 199.1284).abs() < 1e-4);
}

#[test]
fn the_probit_of_greene() {
    mode_choice(AnyNoise::Normal);
}

#[test]
fn the_logit_of_canada() {
    let Some((.., found)) = known(Set::ModeCanada, false, 1e-4) else { return };
    assert!((found.log_likelihood().unwrap() + 1930.5652).abs() < 1e-4);
    assert!((found.null_log_likelihood().unwrap() + 3852.512).abs() < 1e-3);
}

#[test]
fn the_probit_of_canada() {
    known(Set::ModeCanada, true, 1e-3);
}

#[test]
fn the_logit_of_swissmetro() {
    let Some((.., found)) = known(Set::Swissmetro, false, 1e-4) else { return };
    assert_eq!(found.decisions(), 6768);
}

#[test]
fn the_probit_of_swissmetro() {
    known(Set::Swissmetro, true, 1e-3);
}

/// The file as it is distributed, with a row a situation.
#[test]
fn the_logit_of_swissmetro_from_a_row_a_decision() {
    let Some(file) = real_data("choice/swissmetro_wide.csv") else { return };
    let expression = |text: &str| Expression::parse(text).unwrap();
    let options = ["TRAIN", "SM", "CAR"].map(String::from).to_vec();
    let by_option = ByOption::new(options, ByOption::PATTERN, "option").unwrap();
    let mut recipe =
        Recipe::new(Decide::Pick).with_target(Target::Chosen(expression("CHOICE == option.number")));
    recipe.filter = Some(expression("(PURPOSE == 1 || PURPOSE == 3) && CHOICE != 0"));
    recipe.available = Some(expression("AV && SP"));
    recipe.cluster = Some("ID".into());
    let cost = "time = TT / 100, cost = if(option == 'CAR', CO, CO * (GA == 0)) / 100";
    let utility = Utility::new(cost).unwrap().with_constants("option");
    let names = recipe.columns();
    let names: Vec<&str> = names.iter().map(String::as_str).chain(utility.columns()).collect();
    let bytes = std::fs::read(&file).unwrap();
    let frame = parse_table(&file, &bytes, Format::default(), |table| {
        let sources = by_option.sources(&names, |name| table.has(name));
        by_option.lengthen(&table.frame(&sources.iter().map(String::as_str).collect::<Vec<_>>())?, &names)
    });
    recipe.by_option = Some(by_option.clone());
    let frame = frame.unwrap();
    recipe.terms = utility.terms(&recipe, &frame, Some("SM")).unwrap();
    let found = estimate(&recipe.read(&frame).unwrap(), false);
    assert_eq!(found.terms(), ["option=CAR", "option=TRAIN", "time", "cost"]);
    compare(&found, Set::Swissmetro, false, 1e-4);
    assert_eq!(found.decisions(), 6768);
}

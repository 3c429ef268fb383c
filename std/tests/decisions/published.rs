//! Published estimates of discrete choices, from the data they were published for.

use std::path::PathBuf;

use perturb::AnyNoise;
use perturb::data::frame::{ByOption, Columns, Expression, Frame};
use perturb::data::table::{Format, parse_table};
use perturb::decisions::{Decide, Decisions, Recipe, Target, Utility};
use perturb::inference::{Criterion, Errors, Estimates, Estimation};

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

fn frame(file: &PathBuf, recipe: &Recipe, utility: &Utility) -> Frame {
    let names = recipe.columns();
    let names: Vec<&str> = names.iter().map(String::as_str).chain(utility.columns()).collect();
    let bytes = std::fs::read(file).unwrap();
    parse_table(file, &bytes, Format::default(), |table| match &recipe.by_option {
        None => table.frame(&names),
        Some(by_option) => {
            let sources = by_option.sources(&names, |name| table.has(name));
            by_option.lengthen(&table.frame(&sources.iter().map(String::as_str).collect::<Vec<_>>())?, &names)
        }
    })
    .unwrap()
}

fn expression(text: &str) -> Expression {
    Expression::parse(text).unwrap()
}

fn fit(file: &PathBuf, recipe: Recipe, utility: &Utility, reference: &str, probit: bool) -> Estimates {
    estimate(file, recipe, utility, reference, probit).1
}

fn estimate(
    file: &PathBuf,
    mut recipe: Recipe,
    utility: &Utility,
    reference: &str,
    probit: bool,
) -> (Decisions, Estimates) {
    let frame = frame(file, &recipe, utility);
    recipe.terms = utility.terms(&recipe, &frame, Some(reference)).unwrap();
    let decisions = recipe.read(&frame).unwrap();
    let (noise, criterion) = if probit {
        (AnyNoise::Normal, Criterion::Likelihood)
    } else {
        (AnyNoise::Gumbel, Criterion::FenchelYoung)
    };
    let start = std::time::Instant::now();
    let found = Estimation { noise, criterion, ..Estimation::default() }.fit(&decisions).unwrap();
    eprintln!("{} {probit}: {:?}, {} steps", file.display(), start.elapsed(), found.steps());
    (decisions, found)
}

/// The numbers beside those that are expected, term by term.
fn close(found: &[f64], expected: &[(&str, f64)], terms: &[String], most: f64) {
    assert_eq!(terms, expected.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    for (x, (name, expected)) in found.iter().zip(expected) {
        assert!((x - expected).abs() <= most * expected.abs(), "{name}: {x} {expected}");
    }
}

/// The file, its decisions, and the logit or the probit of them.
pub(crate) fn mode_choice(noise: AnyNoise) -> Option<(PathBuf, Decisions, Estimates)> {
    let file = real_data("choice/modechoice.csv")?;
    let mut recipe = Recipe::new(Decide::Pick)
        .with_group("traveller")
        .with_target(Target::Chosen(Expression::column("chosen")));
    recipe.alternatives = Some("mode".into());
    let utility = Utility::new("gc, ttme")
        .unwrap()
        .with_constants("mode")
        .with_interaction("hinc", "mode=air")
        .unwrap();
    let (decisions, found) = estimate(&file, recipe, &utility, "car", noise == AnyNoise::Normal);
    Some((file, decisions, found))
}

#[test]
fn the_logit_of_greene() {
    let Some((.., found)) = mode_choice(AnyNoise::Gumbel) else { return };
    let w = [
        ("mode=air", 5.207_443),
        ("mode=bus", 3.163_194),
        ("mode=train", 3.869_043),
        ("gc", -0.015_502),
        ("ttme", -0.096_125),
        ("hinc:mode=air", 0.013_287),
    ];
    close(found.coefficients(), &w, found.terms(), 1e-4);
    assert!((found.log_likelihood().unwrap() + 199.1284).abs() < 1e-4);
    let model = [0.779_055, 0.450_266, 0.443_127, 0.004_408, 0.010_440, 0.010_262];
    let robust = [0.978_816, 0.546_258, 0.517_458, 0.004_947_55, 0.015_060_2, 0.009_273_40];
    for (errors, expected) in [(Errors::Model, model), (Errors::Robust, robust)] {
        for (x, expected) in found.standard_errors(errors).unwrap().iter().zip(expected) {
            assert!((x - expected).abs() <= 1.2e-4 * expected, "{errors:?} {x} {expected}");
        }
    }
}

#[test]
fn the_probit_of_greene() {
    let Some((.., found)) = mode_choice(AnyNoise::Normal) else { return };
    let w = [
        ("mode=air", 2.9906),
        ("mode=bus", 1.8345),
        ("mode=train", 2.4055),
        ("gc", -0.011_288),
        ("ttme", -0.056_411),
        ("hinc:mode=air", 0.012_902),
    ];
    close(found.coefficients(), &w, found.terms(), 1e-3);
    assert!((found.log_likelihood().unwrap() + 208.443).abs() < 1e-3);
    let model = [0.4756, 0.2815, 0.2776, 0.003_003, 0.005_836, 0.007_116];
    for (x, expected) in found.standard_errors(Errors::Model).unwrap().iter().zip(model) {
        assert!((x - expected).abs() <= 1e-3 * expected, "{x} {expected}");
    }
}

fn canada(probit: bool) -> Option<Estimates> {
    let file = real_data("choice/ModeCanada.csv")?;
    let mut recipe = Recipe::new(Decide::Pick)
        .with_group("case")
        .with_target(Target::Chosen(Expression::column("choice")));
    recipe.filter = Some(expression("noalt == 4"));
    recipe.alternatives = Some("alt".into());
    let utility = Utility::new("cost, freq, ivt, ovt").unwrap().with_constants("alt");
    let utility = utility.with_interaction("income", "alt").unwrap();
    Some(fit(&file, recipe, &utility, "car", probit))
}

#[test]
fn the_logit_of_canada() {
    let Some(found) = canada(false) else { return };
    let w = [
        ("alt=air", 2.051_572),
        ("alt=bus", -1.624_869),
        ("alt=train", 2.192_521),
        ("cost", -0.044_963),
        ("freq", 0.093_101),
        ("ivt", -0.009_986),
        ("ovt", -0.042_912),
        ("income:alt=air", 0.027_276),
        ("income:alt=bus", -0.059_455),
        ("income:alt=train", -0.009_484),
    ];
    close(found.coefficients(), &w, found.terms(), 1e-4);
    assert!((found.log_likelihood().unwrap() + 1930.5652).abs() < 1e-4);
    assert!((found.null_log_likelihood().unwrap() + 3852.512).abs() < 1e-3);
    let model = [
        0.494_849,
        0.713_767,
        0.284_731,
        0.003_938_22,
        0.004_762_53,
        0.000_751_141,
        0.002_829_63,
        0.003_682_70,
        0.017_924_3,
        0.003_145_35,
    ];
    for (x, expected) in found.standard_errors(Errors::Model).unwrap().iter().zip(model) {
        assert!((x - expected).abs() <= 1e-4 * expected, "{x} {expected}");
    }
}

#[test]
fn the_probit_of_canada() {
    let Some(found) = canada(true) else { return };
    let w = [
        ("alt=air", 1.5340),
        ("alt=bus", -1.3910),
        ("alt=train", 1.4369),
        ("cost", -0.035_283),
        ("freq", 0.068_351),
        ("ivt", -0.007_472_9),
        ("ovt", -0.030_211),
        ("income:alt=air", 0.020_233),
        ("income:alt=bus", -0.028_046),
        ("income:alt=train", -0.006_753_8),
    ];
    close(found.coefficients(), &w, found.terms(), 1e-3);
    assert!((found.log_likelihood().unwrap() + 1944.349).abs() < 1e-3);
}

const SWISS: [f64; 4] = [-1.277_860, -1.083_791, -0.154_632, -0.701_187];
const SWISS_PROBIT: [f64; 4] = [-0.66214, -0.76834, -0.30065, -0.82139];

fn swiss(wide: bool, probit: bool) -> Option<Estimates> {
    let mut recipe = Recipe::new(Decide::Pick);
    if wide {
        let file = real_data("choice/swissmetro_wide.csv")?;
        let options = ["TRAIN", "SM", "CAR"].map(String::from).to_vec();
        recipe.by_option = Some(ByOption::new(options, ByOption::PATTERN, "option").unwrap());
        recipe.filter = Some(expression("(PURPOSE == 1 || PURPOSE == 3) && CHOICE != 0"));
        recipe.available = Some(expression("AV && SP"));
        recipe.target = Some(Target::Chosen(expression("CHOICE == option.number")));
        recipe.cluster = Some("ID".into());
        let cost = "time = TT / 100, cost = if(option == 'CAR', CO, CO * (GA == 0)) / 100";
        let utility = Utility::new(cost).unwrap().with_constants("option");
        return Some(fit(&file, recipe, &utility, "SM", probit));
    }
    let file = real_data("choice/swissmetro.csv")?;
    let mut recipe = recipe.with_group("situation").with_target(Target::Chosen(Expression::column("chosen")));
    recipe.cluster = Some("person".into());
    let utility = Utility::new("time = time / 100, cost = cost / 100").unwrap().with_constants("alternative");
    Some(fit(&file, recipe, &utility, "swissmetro", probit))
}

fn is_swiss(found: &Estimates, car_first: bool) {
    let order = |x: [f64; 4]| if car_first { [x[2], x[3], x[0], x[1]] } else { [x[3], x[2], x[0], x[1]] };
    let errors = [
        (Errors::Model, [0.056_883, 0.051_830, 0.043_235, 0.054_874]),
        (Errors::Robust, [0.104_254, 0.068_225, 0.058_163, 0.082_562]),
        (Errors::Clustered, [0.237_73, 0.161_17, 0.128_91, 0.183_47]),
    ];
    for (x, expected) in found.coefficients().iter().zip(order(SWISS)) {
        assert!((x - expected).abs() <= 1e-4 * expected.abs(), "{x} {expected}");
    }
    for (errors, expected) in errors {
        for (x, expected) in found.standard_errors(errors).unwrap().iter().zip(order(expected)) {
            assert!((x - expected).abs() <= 1e-4 * expected, "{errors:?} {x} {expected}");
        }
    }
    assert!((found.log_likelihood().unwrap() + 5331.252).abs() < 1e-3);
    assert_eq!(found.decisions(), 6768);
}

#[test]
fn the_logit_of_swissmetro() {
    let Some(found) = swiss(false, false) else { return };
    is_swiss(&found, true);
}

#[test]
fn the_logit_of_swissmetro_from_a_row_a_decision() {
    let Some(found) = swiss(true, false) else { return };
    is_swiss(&found, true);
}

#[test]
fn the_probit_of_swissmetro() {
    let Some(found) = swiss(false, true) else { return };
    let order = [2, 3, 0, 1].map(|at: usize| SWISS_PROBIT[at]);
    for (x, expected) in found.coefficients().iter().zip(order) {
        assert!((x - expected).abs() <= 1e-3 * expected.abs(), "{x} {expected}");
    }
    assert!((found.log_likelihood().unwrap() + 5376.579).abs() < 1e-3);
    let model = [0.03152, 0.03658, 0.03173, 0.03603];
    for (x, expected) in found.standard_errors(Errors::Model).unwrap().iter().zip(model) {
        assert!((x - expected).abs() <= 1e-3 * expected, "{x} {expected}");
    }
}

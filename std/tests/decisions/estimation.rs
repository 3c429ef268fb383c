//! What estimates are right about, and what they refuse.

#![allow(clippy::format_push_string, reason = "tables are written row by row")]

use std::sync::atomic::AtomicBool;

use perturb::data::frame::{Columns, Expression, Frame};
use perturb::data::table::{Format, parse_table};
use perturb::decisions::{Decide, Decisions, Recipe, Target, Utility};
use perturb::inference::{
    Criterion, Errors, Estimates, Estimation, EstimationError, Inference, InferenceError,
};
use perturb::train::{Loss, Training};
use perturb::{AnyNoise, AnyOracle, How, OracleSpec, Perturbed};

fn expression(text: &str) -> Expression {
    Expression::parse(text).unwrap()
}

/// The decisions of a table with the columns group, chosen and others.
fn decisions(text: &str, decide: Decide, target: Target, features: &str) -> Decisions {
    read(text, decide, target, features).unwrap()
}

fn read(
    text: &str,
    decide: Decide,
    target: Target,
    features: &str,
) -> Result<Decisions, perturb::data::DataError> {
    let utility = Utility::new(features).unwrap();
    let mut recipe = Recipe::new(decide).with_group("group").with_target(target);
    let frame = parse_table("t.csv".as_ref(), text.as_bytes(), Format::default(), |table| {
        let names = recipe.columns();
        table.frame(&names.iter().map(String::as_str).chain(utility.columns()).collect::<Vec<_>>())
    })?;
    recipe.terms = utility.terms(&recipe, &frame, None)?;
    recipe.read(&frame)
}

fn chosen() -> Target {
    Target::Chosen(expression("chosen"))
}

/// 60 picks among three options with two features each.
fn picks() -> String {
    let mut text = "group,x,y,z,chosen,weight\n".to_owned();
    for group in 0..60 {
        let best = (group * 7 + group / 5) % 3;
        for option in 0..3 {
            let x = f64::from((group * 5 + option * 11) % 13) / 13.0 + if option == best { 0.3 } else { 0.0 };
            let y = f64::from((group * 3 + option * 7) % 11) / 11.0;
            text += &format!("{group},{x},{y},{},{},{}\n", x + y, u8::from(option == best), 1 + group % 3);
        }
    }
    text
}

fn fit(decisions: &Decisions) -> Result<Estimates, EstimationError> {
    Estimation::default().fit(decisions)
}

#[test]
fn terms_without_information_are_named() {
    let of = |features| fit(&decisions(&picks(), Decide::Pick, chosen(), features)).unwrap_err();
    assert_eq!(
        of("x, y, z"),
        EstimationError::Collinear { terms: ["x", "y", "z"].map(String::from).to_vec() }
    );
    assert_eq!(of("x, group"), EstimationError::Constant { terms: vec!["group".into()] });
    assert_eq!(of("x, c = chosen * 2"), EstimationError::Separated { terms: vec!["c".into()] });
    let text = of("x, y, z").to_string();
    assert_eq!(
        text,
        "the terms x, y, z are collinear: one is a combination of the others; leave one of them out"
    );
    // A ridge estimates all of these.
    let ridge = Estimation { ridge: 0.1, ..Estimation::default() };
    for features in ["x, y, z", "x, group", "x, c = chosen * 2", "x, nothing = 0 * x"] {
        let found = ridge.fit(&decisions(&picks(), Decide::Pick, chosen(), features)).unwrap();
        assert!(found.coefficients().iter().all(|w| w.is_finite()));
    }
    let quasi = "group,x,chosen\n1,1,1\n1,0,0\n2,0,1\n2,0,0\n3,1,1\n3,0,0\n";
    assert_eq!(
        fit(&decisions(quasi, Decide::Pick, chosen(), "x")).unwrap_err(),
        EstimationError::Separated { terms: vec!["x".into()] }
    );
}

/// [`picks`] with their column of weights, and what reads them without it.
fn picks_with_weights() -> (Frame, Recipe) {
    let utility = Utility::new("x, y").unwrap();
    let frame = parse_table("t.csv".as_ref(), picks().as_bytes(), Format::default(), |table| {
        table.frame(&["group", "x", "y", "chosen", "weight"])
    })
    .unwrap();
    let mut recipe = Recipe::new(Decide::Pick).with_group("group").with_target(chosen());
    recipe.terms = utility.terms(&recipe, &frame, None).unwrap();
    (frame, recipe)
}

/// What steps down the gradient of all decisions lead to.
fn descend(decisions: &Decisions) -> Vec<f64> {
    let training = Training { batch: decisions.len(), least_steps: 40, ..Training::default() };
    let layer = (AnyNoise::Gumbel, 1.0);
    training.start_options(layer, Loss::FenchelYoung, How::Exact, decisions, None).unwrap().finish().unwrap()
}

/// Weights of decisions are repetitions: the same estimates, loss and errors.
#[test]
fn weights_are_repetitions() {
    let (frame, mut recipe) = picks_with_weights();
    let all = recipe.read(&frame).unwrap();
    let repeated: Vec<usize> = (0..all.len()).flat_map(|at| vec![at; 1 + at % 3]).collect();
    recipe.weight = Some(expression("weight"));
    let (weighed, times) = (recipe.read(&frame).unwrap(), all.select(&repeated));
    let learned = [&weighed, &times, &all].map(descend);
    let (weighed, repeated) = (fit(&weighed).unwrap(), fit(&times).unwrap());
    for (a, b) in weighed.coefficients().iter().zip(repeated.coefficients()) {
        assert!((a - b).abs() < 1e-9, "{a} {b}");
    }
    for kind in [Errors::Model, Errors::Robust] {
        let errors = |of: &Estimates| of.standard_errors(kind).unwrap();
        for (a, b) in errors(&weighed).iter().zip(errors(&repeated)) {
            assert!((a - b).abs() < 1e-9, "{kind:?} {a} {b}");
        }
    }
    assert!((weighed.bic().unwrap() - repeated.bic().unwrap()).abs() < 1e-9);
    assert!((weighed.log_likelihood().unwrap() - repeated.log_likelihood().unwrap()).abs() < 1e-9);
    assert!((weighed.null_log_likelihood().unwrap() + 120.0 * 3f64.ln()).abs() < 1e-9);
    let [weighed, repeated, unweighed] = learned;
    for ((a, b), other) in weighed.iter().zip(repeated).zip(unweighed) {
        assert!((a - b).abs() < 1e-12 && (a - other).abs() > 1e-4, "{a} {b} {other}");
    }
    recipe.weight = Some(expression("0 * weight"));
    let training = Training::default();
    let nothing = recipe.read(&frame).unwrap();
    let run = training.start_options((AnyNoise::Gumbel, 1.0), Loss::FenchelYoung, How::Exact, &nothing, None);
    assert_eq!(
        run.unwrap_err().to_string(),
        "the total weight of all decisions is 0; expected a finite number above 0"
    );
}

/// Weights of decisions in another unit: the same estimates, errors in the root of the unit, clustered ones the same.
#[test]
fn weights_have_any_unit() {
    let (frame, mut recipe) = picks_with_weights();
    recipe.cluster = Some("weight".into());
    for criterion in [Criterion::FenchelYoung, Criterion::Likelihood] {
        for (noise, ridge) in [(AnyNoise::Gumbel, 0.0), (AnyNoise::Normal, 0.1)] {
            let estimation = Estimation { noise, criterion, ridge, ..Estimation::default() };
            let mut of = |unit: &str| {
                recipe.weight = Some(expression(&format!("weight * {unit}")));
                estimation.fit(&recipe.read(&frame).unwrap()).unwrap()
            };
            let one = of("1");
            for (text, unit) in [("1e-12", 1e-12f64), ("3e-6", 3e-6), ("1e9", 1e9)] {
                let other = of(text);
                let close =
                    |a: f64, b: f64| assert!((a - b).abs() < 1e-10 * b.abs(), "{noise:?} {text} {a} {b}");
                one.coefficients().iter().zip(other.coefficients()).for_each(|(&a, &b)| close(a, b));
                close(other.loss(), one.loss());
                for (kind, root) in
                    [(Errors::Model, unit.sqrt()), (Errors::Robust, unit.sqrt()), (Errors::Clustered, 1.0)]
                {
                    let errors = |of: &Estimates| of.standard_errors(kind);
                    let (Some(a), Some(b)) = (errors(&other), errors(&one)) else { continue };
                    a.iter().zip(b).for_each(|(a, b)| close(a * root, b));
                }
                assert_eq!(other.steps(), one.steps());
            }
        }
    }
    recipe.weight = Some(expression("0 * weight"));
    let refused = fit(&recipe.read(&frame).unwrap()).unwrap_err().to_string();
    assert_eq!(refused, "the total weight of all decisions is 0; expected a finite number above 0");
}

/// ε names the scale of scores: θ/ε is what is estimated.
#[test]
fn the_temperature_is_a_unit() {
    let data = decisions(&picks(), Decide::Pick, chosen(), "x, y");
    let one = fit(&data).unwrap();
    let half = Estimation { epsilon: 0.5, ..Estimation::default() }.fit(&data).unwrap();
    for (a, b) in one.coefficients().iter().zip(half.coefficients()) {
        assert!((a - 2.0 * b).abs() < 1e-10);
    }
    let errors = |of: &Estimates, kind| of.standard_errors(kind).unwrap();
    for kind in [Errors::Model, Errors::Robust] {
        for (a, b) in errors(&one, kind).iter().zip(errors(&half, kind)) {
            assert!((a - 2.0 * b).abs() < 1e-10, "{kind:?}");
        }
    }
    assert!((one.log_likelihood().unwrap() - half.log_likelihood().unwrap()).abs() < 1e-9);
}

/// The likelihood by exact probabilities is that of the logit for Gumbel noise, and has the logit's derivatives.
#[test]
fn the_likelihood_of_gumbel_noise_is_the_logit() {
    let data = decisions(&picks(), Decide::Pick, chosen(), "x, y");
    let logit = fit(&data).unwrap();
    let found = Estimation { criterion: Criterion::Likelihood, ..Estimation::default() }.fit(&data).unwrap();
    for kind in [Errors::Model, Errors::Robust] {
        let (a, b) = (logit.covariance(kind).unwrap(), found.covariance(kind).unwrap());
        assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-8), "{kind:?}");
    }
    assert!((logit.log_likelihood().unwrap() - found.log_likelihood().unwrap()).abs() < 1e-10);
}

/// One of several: −ln P(S), whose estimate is that of a model with a summed probability (by an independent search on a grid).
#[test]
fn one_of_several_is_the_likelihood_of_either() {
    let text = "group,x,maybe\n1,1,1\n1,0,1\n1,-1,0\n2,2,1\n2,0,0\n2,1,1\n3,0,1\n3,1,0\n3,3,0\n4,1,0\n4,0,1\n4,.5,1\n";
    let data = decisions(text, Decide::Pick, Target::OneOf(expression("maybe")), "x");
    let found = fit(&data).unwrap();
    let loss = |w: f64| {
        let p = |all: &[f64], of: &[f64]| {
            of.iter().map(|x| (w * x).exp()).sum::<f64>() / all.iter().map(|x| (w * x).exp()).sum::<f64>()
        };
        -(p(&[1., 0., -1.], &[1., 0.]).ln()
            + p(&[2., 0., 1.], &[2., 1.]).ln()
            + p(&[0., 1., 3.], &[0.]).ln()
            + p(&[1., 0., 0.5], &[0., 0.5]).ln())
    };
    let w = found.coefficients()[0];
    assert!((found.log_likelihood().unwrap() + loss(w)).abs() < 1e-12);
    for h in [1e-4, -1e-4] {
        assert!(loss(w + h) > loss(w));
    }
    // The error is that of the second derivative.
    let second = (loss(w + 1e-3) - 2.0 * loss(w) + loss(w - 1e-3)) / 1e-6;
    assert!((found.standard_errors(Errors::Model).unwrap()[0] - 1.0 / second.sqrt()).abs() < 1e-4);
    let likelihood =
        Estimation { criterion: Criterion::Likelihood, ..Estimation::default() }.fit(&data).unwrap();
    assert!((likelihood.coefficients()[0] - w).abs() < 1e-7);
    assert!(
        (found.null_log_likelihood().unwrap() - (2f64 / 3.0).ln() * 3.0 - (1f64 / 3.0).ln()).abs() < 1e-12
    );
}

/// Ties leave the order open: the loss has its minimum at the estimate, and is below that of files that break the ties either way.
#[test]
fn rankings_with_ties_have_the_loss_of_their_face() {
    let table = |a: f64, b: f64| {
        let mut text = "group,x,y,rank\n".to_owned();
        for group in 0..40 {
            let g = f64::from(group);
            let rows = [
                (1.0 + g % 3.0, g % 2.0, "1".to_owned()),
                (g % 5.0 - 1.0, 0.5, a.to_string()),
                (g % 4.0 - 2.0, g % 7.0 / 7.0, b.to_string()),
                (0.0, 0.0, String::new()),
            ];
            for (x, y, rank) in rows {
                text += &format!("{group},{x},{y},{rank}\n");
            }
        }
        text
    };
    let estimation = Estimation { noise: AnyNoise::Normal, ..Estimation::default() };
    let data = |a, b| decisions(&table(a, b), Decide::Rank, Target::Rank(expression("rank")), "x, y");
    let of = |a, b| estimation.fit(&data(a, b)).unwrap();
    let (tied, first, second) = (of(2.0, 2.0), of(2.0, 3.0), of(3.0, 2.0));
    for j in 0..2 {
        for h in [1e-4, -1e-4] {
            let mut w = tied.coefficients().to_vec();
            w[j] += h;
            assert!(estimation.at(&data(2.0, 2.0), &w).unwrap().loss() > tied.loss(), "{j} {h}");
        }
    }
    assert!(tied.loss() < first.loss().min(second.loss()));
    // Numbers with gaps, and grades, are the same orders.
    assert_eq!(of(7.0, 7.0).coefficients(), tied.coefficients());
    let grades = decisions(
        &table(2.0, 2.0),
        Decide::Rank,
        Target::Grade(expression("if(missing(rank), 0, 4 - rank)")),
        "x, y",
    );
    let found = estimation.fit(&grades).unwrap();
    assert_eq!(found.coefficients(), tied.coefficients());
}

/// The order of rows and the number of threads change no bit, nor do files sorted otherwise.
#[test]
fn threads_change_no_bit() {
    let data = decisions(&picks(), Decide::Pick, chosen(), "x, y");
    let bits = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| fit(&data).unwrap())
    };
    assert_eq!(bits(1), bits(3));
    assert_eq!(bits(1), bits(2));
}

#[test]
fn ratios_tests_and_intervals() {
    let data = decisions(&picks(), Decide::Pick, chosen(), "x, y");
    let (two, one) = (fit(&data).unwrap(), fit(&decisions(&picks(), Decide::Pick, chosen(), "x")).unwrap());
    let test = two.likelihood_ratio(&one).unwrap();
    assert_eq!(test.freedom, 1);
    assert!(
        (test.statistic - 2.0 * (two.log_likelihood().unwrap() - one.log_likelihood().unwrap())).abs()
            < 1e-12
    );
    assert!(one.likelihood_ratio(&two).is_none());
    let (ratio, error) = two.ratio("x", "y", Errors::Model).unwrap();
    let (w, v) = (two.coefficients(), two.covariance(Errors::Model).unwrap());
    assert_eq!(ratio, w[0] / w[1]);
    let slope = [1.0 / w[1], -w[0] / (w[1] * w[1])];
    let variance = slope[0] * slope[0] * v[0] + 2.0 * slope[0] * slope[1] * v[1] + slope[1] * slope[1] * v[3];
    assert!((error - variance.sqrt()).abs() < 1e-12);
    assert!(two.ratio("x", "z", Errors::Model).is_none() && two.covariance(Errors::Clustered).is_none());
    let (low, high) = two.intervals(Errors::Model, 0.95).unwrap()[0];
    assert!((high - low - 2.0 * 1.959_964 * v[0].sqrt()).abs() < 1e-6);
    assert_eq!(two.aic().unwrap(), 4.0 - 2.0 * two.log_likelihood().unwrap());
}

/// What is asked of decisions that nobody has made, or of options of which nothing is known, is refused.
#[test]
fn nothing_is_asked_of_what_is_not_known() {
    let text = "group,x,rank\n1,1,1\n1,2,2\n2,1,2\n2,5,1\n";
    let frame = parse_table("t.csv".as_ref(), text.as_bytes(), Format::default(), |table| {
        table.frame(&["group", "x", "rank"])
    })
    .unwrap();
    for decide in [Decide::Rank, Decide::Pick, Decide::Each] {
        let mut recipe = Recipe::new(decide).with_group("group");
        let error = recipe.read_open(&frame).unwrap_err().to_string();
        assert_eq!(error, "terms: expected at least 1 feature, constant or interaction, found 0");
        recipe.terms = Utility::new("x").unwrap().terms(&recipe, &frame, None).unwrap();
        let open = recipe.read_open(&frame).unwrap();
        let judged = open.judge(&[1.0], (AnyNoise::Gumbel, 1.0), perturb::How::Exact);
        assert_eq!(judged.unwrap_err().to_string(), "what was decided has length 0; expected 4");
        assert_eq!(fit(&open).unwrap_err(), EstimationError::NoTargets);
        assert_eq!(open.least_squares(), [0.0]);
    }
}

#[test]
fn tables_that_are_no_decisions_are_refused() {
    let refusal = |text: &str, decide, target| read(text, decide, target, "x").unwrap_err().to_string();
    let picked = |rows: &str| refusal(&format!("group,x,chosen\n{rows}"), Decide::Pick, chosen());
    assert_eq!(
        picked("1,1,1\n1,2,0\n2,1,0\n2,2,0\n"),
        "t.csv, line 4: expected one chosen option in the decision `2`, found none (`chosen` is 0); a condition such as available may leave it out"
    );
    assert!(
        picked("1,1,1\n1,2,1\n")
            .starts_with("t.csv, line 2: expected one chosen option in the decision `1`, found 2;")
    );
    assert!(
        picked("1,1,2\n1,2,0\n")
            .starts_with("t.csv, line 2: expected 1 for what was chosen and 0 for the rest")
    );
    assert!(picked("1,1,\n1,2,0\n").ends_with("found a missing value"));
    assert!(
        picked("1,,1\n1,2,0\n")
            .starts_with("t.csv, line 2: expected a finite number in `x`, found a missing value")
    );
    assert!(picked(",1,1\n1,2,0\n").starts_with("t.csv, line 2: expected a value in `group`"));
    assert!(picked("").contains("expected a row after the header"));
    let ranks = refusal("group,x,chosen\n1,1,1\n1,2,0\n", Decide::Rank, chosen());
    assert_eq!(ranks, "target: expected ranks or grades for a ranking, found what was chosen");
    let route =
        Decide::Route(perturb::decisions::Edges { columns: ("from".into(), "to".into()), ends: None });
    let loose = "group,x,chosen,from,to\n1,1,1,a,b\n1,2,0,c,d\n";
    assert!(refusal(loose, route, chosen()).contains(
        "expected one node without edges to it, or the two ends by name in the decision `1`, found 2 of them"
    ));
    let pack = Decide::Pack { weight: "w".into(), capacity: 3 };
    assert!(refusal("group,x,chosen,w\n1,1,1,2.5\n", pack, chosen()).contains("in `w` a whole number"));
    // A decision that cannot have been made: two edges that are no route.
    let edges =
        Decide::Route(perturb::decisions::Edges { columns: ("from".into(), "to".into()), ends: None });
    let text = "group,x,chosen,from,to\n1,1,1,a,b\n1,2,0,b,c\n1,3,0,a,c\n";
    let error = refusal(text, edges, chosen());
    assert!(
        error.starts_with("t.csv, line 2: expected a route of what was chosen in the decision `1`"),
        "{error}"
    );
}

/// What is told to stop before it begins does nothing.
#[test]
fn computations_stop_when_they_are_told_to() {
    let (stop, go_on) = (AtomicBool::new(true), AtomicBool::new(false));
    let data = decisions(&picks(), Decide::Pick, chosen(), "x, y");
    let (estimation, w) = (Estimation::default(), [0.3, -0.2]);
    assert_eq!(estimation.fit_until(&data, &stop), Err(EstimationError::Stopped));
    assert_eq!(estimation.fit_until(&data, &go_on), estimation.fit(&data));
    assert_eq!(estimation.at_until(&data, &w, &stop), Err(EstimationError::Stopped));
    assert_eq!(estimation.at_until(&data, &w, &go_on), estimation.at(&data, &w));
    let layer = (AnyNoise::Gumbel, 1.0);
    assert_eq!(data.judge_until(&w, layer, How::Exact, &stop), Ok(Vec::new()));
    assert_eq!(data.judge_until(&w, layer, How::Exact, &go_on).unwrap().len(), data.len());
    assert_eq!(data.least_squares_until(&stop), [0.0; 2]);
    assert_eq!(data.least_squares_until(&go_on), data.least_squares());
    let oracle = AnyOracle::<f64>::new(&OracleSpec::Simplex { dim: 2 }).unwrap();
    let layer = Perturbed::new(oracle, AnyNoise::Gumbel, 1.0).unwrap();
    let given = [1.0, 0.0, 0.0, 1.0];
    let stopped = Inference::from_decisions_until(&layer, &given, &stop);
    assert_eq!(stopped, Err(InferenceError::Stopped));
    assert_eq!(
        Inference::from_decisions_until(&layer, &given, &go_on),
        Inference::from_decisions(&layer, &given)
    );
}

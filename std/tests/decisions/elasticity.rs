//! Elasticities beside their definition: by how much expected picks change when a term grows.

#![allow(clippy::format_push_string, reason = "tables are written row by row")]

use std::collections::BTreeMap;

use perturb::data::frame::{Columns, Expression};
use perturb::data::table::{Format, parse_table};
use perturb::decisions::{Decide, Decisions, Recipe, Target};
use perturb::inference::{Criterion, Elasticity, Errors, Estimation, EstimationError};
use perturb::{AnyLayer, AnyNoise, How, LayerSpec, OracleSpec};

use super::published::mode_choice;

const TERMS: [&str; 3] = ["cost", "time", "air"];
const W: [f64; 3] = [-0.8, -0.4, 0.3];

/// 40 trips by two or three of air, bus and car, the cost of `dearer` times 1 + `by`.
fn trips(dearer: &str, by: f64) -> Decisions {
    let mut text = "trip,mode,cost,time,chosen,weight\n".to_owned();
    for trip in 0..40u32 {
        let modes = [("air", trip % 3 != 1), ("bus", true), ("car", trip % 4 != 2)];
        for (option, (mode, _)) in (0..).zip(modes).filter(|(_, (_, there))| *there) {
            let of = |a: u32, b: u32, c: u32| f64::from((trip * a + option * b) % c) / f64::from(c);
            let factor = if mode == dearer { 1.0 + by } else { 1.0 };
            let (cost, chosen) = (factor * (0.2 + of(7, 5, 13)), u8::from(mode == "bus"));
            text += &format!("{trip},{mode},{cost:?},{},{chosen},{}\n", of(3, 11, 17), 1 + trip % 2);
        }
    }
    let column = |name: &str| Expression::parse(name).unwrap();
    let mut recipe =
        Recipe::new(Decide::Pick).with_group("trip").with_target(Target::Chosen(column("chosen")));
    recipe.alternatives = Some("mode".into());
    recipe.weight = Some(column("weight"));
    recipe.terms = [("cost", "cost"), ("time", "time"), ("air", "mode == 'air'")]
        .map(|(name, of)| (name.to_owned(), column(of)))
        .to_vec();
    let frame = parse_table("t.csv".as_ref(), text.as_bytes(), Format::default(), |table| {
        table.frame(&recipe.columns().iter().map(String::as_str).collect::<Vec<_>>())
    });
    recipe.read(&frame.unwrap()).unwrap()
}

/// The expected number of picks of each alternative.
fn picks(of: &Decisions, (noise, epsilon): (AnyNoise, f64), w: &[f64]) -> BTreeMap<String, f64> {
    let mut picks = BTreeMap::new();
    for at in 0..of.len() {
        let spec = LayerSpec { oracle: OracleSpec::Simplex { dim: of.size(at) }, noise, epsilon };
        let mut theta = vec![0.0; of.size(at)];
        of.scores(at, w, &mut theta);
        let y = AnyLayer::<f64>::new(&spec).unwrap().maximizer(&theta, How::Exact).unwrap();
        for (&place, y) in of.alternatives(at).iter().zip(y) {
            *picks.entry(of.alternative_names()[place as usize].clone()).or_insert(0.0) += of.weight(at) * y;
        }
    }
    picks
}

fn estimation(noise: AnyNoise, epsilon: f64) -> Estimation {
    Estimation { noise, epsilon, ..Estimation::default() }
}

const LAYERS: [(AnyNoise, f64); 5] = [
    (AnyNoise::Gumbel, 1.0),
    (AnyNoise::Gumbel, 0.5),
    (AnyNoise::Normal, 1.0),
    (AnyNoise::Logistic, 0.7),
    (AnyNoise::Laplace, 1.0),
];

/// Central differences of Σ P_j in a cost that grows in every decision, for every noise.
#[test]
fn elasticities_are_changes_of_expected_picks() {
    let data = trips("", 0.0);
    for layer in LAYERS {
        let found = estimation(layer.0, layer.1).elasticities(&data, &W, &["time", "cost"]).unwrap();
        assert_eq!(found.len(), 2 * 9);
        let of_cost = found.iter().filter(|one| one.term == "cost");
        for Elasticity { changed, of, value, .. } in of_cost {
            let h = 1e-5;
            let share = |by: f64| picks(&trips(changed, by), layer, &W)[of];
            let expected = (share(h) - share(-h)) / (2.0 * h) / share(0.0);
            assert!((value - expected).abs() < 1e-8, "{layer:?} {changed} {of}: {value} {expected}");
            assert_eq!(*value < 0.0, changed == of);
        }
    }
}

/// Derivatives in w beside central differences; the kink of the Laplace density has none.
#[test]
fn their_derivatives_are_those_of_the_weights() {
    let data = trips("", 0.0);
    for layer in LAYERS {
        let at = |w: &[f64]| estimation(layer.0, layer.1).elasticities(&data, w, &TERMS).unwrap();
        let found = at(&W);
        for m in 0..W.len() {
            let moved = |by: f64| {
                let mut w = W;
                w[m] += by;
                at(&w)
            };
            let h = 1e-5;
            for ((one, up), down) in found.iter().zip(moved(h)).zip(moved(-h)) {
                if layer.0 == AnyNoise::Laplace {
                    assert!(one.gradient.is_empty());
                    continue;
                }
                let expected = (up.value - down.value) / (2.0 * h);
                assert!((one.gradient[m] - expected).abs() < 1e-8, "{layer:?} {one:?} {expected}");
            }
        }
    }
}

/// Of Greene's logit, from the file, in a few lines of their own: probabilities, means weighted by them, and standard errors from
/// differences of both in the weights.
#[test]
fn the_elasticities_of_greene() {
    let Some((file, decisions, found)) = mode_choice(AnyNoise::Gumbel) else { return };
    let all = Estimation::default().elasticities(&decisions, found.coefficients(), &["gc", "ttme"]).unwrap();
    let mut reader = csv::Reader::from_path(file).unwrap();
    let head = reader.headers().unwrap().clone();
    let place = |name: &str| head.iter().position(|other| other == name).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let number = |row: &csv::StringRecord, name: &str| row[place(name)].parse::<f64>().unwrap();
    let elasticity = |w: &[f64], term: &str, changed: &str, of: &str| {
        let named = |term: &str| w[found.terms().iter().position(|name| name == term).unwrap()];
        let utility = |row: &csv::StringRecord| {
            let mode = &row[place("mode")];
            let constant = if mode == "car" { 0.0 } else { named(&format!("mode={mode}")) };
            let income = if mode == "air" { named("hinc:mode=air") * number(row, "hinc") } else { 0.0 };
            constant + income + named("gc") * number(row, "gc") + named("ttme") * number(row, "ttme")
        };
        let (mut sum, mut total) = (0.0, 0.0);
        for trip in rows.chunks(4) {
            let exp: Vec<f64> = trip.iter().map(|row| utility(row).exp()).collect();
            let at = |mode: &str| trip.iter().position(|row| &row[place("mode")] == mode).unwrap();
            let p = |mode: &str| exp[at(mode)] / exp.iter().sum::<f64>();
            let own = f64::from(u8::from(changed == of));
            let one = named(term) * number(&trip[at(changed)], term) * (own - p(changed));
            sum += p(of) * one;
            total += p(of);
        }
        sum / total
    };
    assert_eq!(all.len(), 2 * 16);
    for Elasticity { term, changed, of, value, gradient, .. } in &all {
        let at = |w: &[f64]| elasticity(w, term, changed, of);
        let w = found.coefficients();
        let expected = at(w);
        assert!((value - expected).abs() <= 1e-10 * (1.0 + expected.abs()), "{term} {changed} {of}: {value}");
        let slopes: Vec<f64> = (0..w.len())
            .map(|m| {
                let h = 1e-5 * w[m].abs();
                let moved = |by: f64| {
                    let mut w = w.to_vec();
                    w[m] += by;
                    at(&w)
                };
                (moved(h) - moved(-h)) / (2.0 * h)
            })
            .collect();
        for errors in [Errors::Model, Errors::Robust] {
            let [own, expected] = [gradient, &slopes].map(|slopes| found.delta(slopes, errors).unwrap());
            assert!(own >= 0.0 && (own - expected).abs() <= 1e-6 * expected + 1e-12, "{own} {expected}");
        }
    }
    // A car needs no terminal time.
    assert!(all.iter().filter(|one| one.term == "ttme" && one.changed == "car").all(|one| one.value == 0.0));
}

/// The probit of the same travellers has the same signs and about the same own elasticities.
#[test]
fn the_probits_elasticities_are_near() {
    let (Some((_, data, logit)), Some((_, _, probit))) =
        (mode_choice(AnyNoise::Gumbel), mode_choice(AnyNoise::Normal))
    else {
        return;
    };
    let normal =
        Estimation { noise: AnyNoise::Normal, criterion: Criterion::Likelihood, ..Estimation::default() };
    let [logit, probit] = [(Estimation::default(), logit), (normal, probit)]
        .map(|(how, found)| how.elasticities(&data, found.coefficients(), &["gc"]).unwrap());
    for (a, b) in logit.iter().zip(&probit) {
        assert_eq!(a.value < 0.0, b.value < 0.0);
        assert!((a.value - b.value).abs() < 0.25 * a.value.abs().max(0.5), "{a:?} {b:?}");
    }
}

#[test]
fn what_has_no_elasticity_is_refused() {
    let (data, all) = (trips("", 0.0), Estimation::default());
    let refusal = |result: Result<Vec<Elasticity>, EstimationError>| result.unwrap_err().to_string();
    assert_eq!(
        refusal(all.elasticities(&data, &W, &["price"])),
        "there is no term `price`, but cost, time, air"
    );
    assert!(refusal(all.elasticities(&data, &W[..2], &["cost"])).starts_with("the number of weights is 2"));
    let many = vec!["cost"; 1 << 20];
    assert!(refusal(all.elasticities(&data, &W, &many)).starts_with("the number of elasticities is 9437184"));
    let cold = Estimation { epsilon: 0.0, ..Estimation::default() };
    assert!(matches!(cold.elasticities(&data, &W, &["cost"]), Err(EstimationError::Decision { .. })));
    let table = "g,x,rank,name\n1,0,1,a\n1,1,2,b\n";
    let mut recipe =
        Recipe::new(Decide::Rank).with_group("g").with_target(Target::Rank(Expression::column("rank")));
    recipe.terms = vec![("x".into(), Expression::column("x"))];
    let frame = parse_table("t.csv".as_ref(), table.as_bytes(), Format::default(), |table| {
        table.frame(&["g", "x", "rank", "name"])
    })
    .unwrap();
    let none = recipe.read(&frame).unwrap();
    assert!(none.alternative_names().is_empty() && none.alternatives(0).is_empty());
    assert_eq!(all.elasticities(&none, &[1.0], &["x"]).unwrap_err(), EstimationError::NoAlternatives);
    recipe.alternatives = Some("name".into());
    let ranked = recipe.read(&frame).unwrap();
    let refused = refusal(all.elasticities(&ranked, &[1.0], &["x"]));
    assert!(refused.starts_with("elasticities are known of picks alone, not of "), "{refused}");
    // Decisions that are selected keep their alternatives.
    assert_eq!(data.select(&[1]).alternatives(0), data.alternatives(1));
    assert_eq!(data.alternatives(1).len(), 2);
}

/// Means over decisions of variances among the options of one: counted as often as a decision counts, and without those of which one
/// option alone is there.
#[test]
fn deviations_are_those_within_decisions() {
    let table = "g,x,y,chosen,n\n1,0,5,1,1\n1,2,5,0,1\n2,1,7,1,3\n2,4,7,0,3\n2,7,7,0,3\n3,100,9,1,50\n";
    let mut recipe =
        Recipe::new(Decide::Pick).with_group("g").with_target(Target::Chosen(Expression::column("chosen")));
    recipe.terms = ["x", "y"].map(|name| (name.to_owned(), Expression::column(name))).to_vec();
    recipe.weight = Some(Expression::column("n"));
    let frame = parse_table("t.csv".as_ref(), table.as_bytes(), Format::default(), |table| {
        table.frame(&["g", "x", "y", "chosen", "n"])
    });
    let found = recipe.read(&frame.unwrap()).unwrap().deviations();
    // Variances 1 and 6, once and three times.
    assert!((found[0] - (19.0f64 / 4.0).sqrt()).abs() < 1e-15 && found[1] == 0.0, "{found:?}");
}

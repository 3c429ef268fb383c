//! Decisions by what options turned out to be worth: regret, and losses that know it.

use std::fmt::Write;

use perturb::data::frame::{Columns, Expression};
use perturb::data::table::{Format, parse_table};
use perturb::decisions::{Decide, Decisions, Edges, Judgement, Recipe, Target, Utility};
use perturb::train::{Loss, Training};
use perturb::{AnyNoise, How, MonteCarlo, Noise, Normal, Seed};

/// Costs of the edges of a 4 × 4 grid: 2 x1 + x2 of features that are at least 0, times 1 ± .3.
fn routes(count: usize, seed: Seed) -> Decisions {
    let mut text = "map,from,to,x1,x2,cost\n".to_owned();
    let mut numbers = vec![0.0f64; 3 * 24 * count];
    Normal.fill(&mut seed.stream(0), &mut numbers);
    let mut numbers = numbers.chunks_exact(3);
    for map in 0..count {
        for node in 0..16 {
            let right = (node % 4 < 3).then_some(node + 1);
            let down = (node < 12).then_some(node + 4);
            for to in [right, down].into_iter().flatten() {
                let [a, b, noise] = numbers.next().unwrap() else { unreachable!() };
                let (a, b) = (a.abs(), b.abs());
                let cost = (2.0 * a + b) * (1.0 + 0.3 * noise.clamp(-2.0, 2.0));
                writeln!(text, "{map},{node},{to},{a},{b},{cost}").unwrap();
            }
        }
    }
    let edges = Edges { columns: ("from".into(), "to".into()), ends: None };
    let utility = Utility::new("x1, x2").unwrap();
    let mut recipe = Recipe::new(Decide::Route(edges))
        .with_group("map")
        .with_target(Target::Worth(Expression::parse("-cost").unwrap()));
    let names: Vec<String> = recipe.columns().into_iter().chain(["x1".into(), "x2".into()]).collect();
    let frame = parse_table("routes.csv".as_ref(), text.as_bytes(), Format::default(), |table| {
        table.frame(&names.iter().map(String::as_str).collect::<Vec<_>>())
    })
    .unwrap();
    recipe.terms = utility.terms(&recipe, &frame, None).unwrap();
    recipe.read(&frame).unwrap()
}

fn regrets(test: &Decisions, w: &[f64]) -> Vec<f64> {
    let all = test.judge(w, (AnyNoise::Normal, 1.0), How::MonteCarlo(MonteCarlo::new(2, Seed(0)))).unwrap();
    all.iter().map(|(_, one)| one.regret).collect()
}

/// Trained on 300 maps, regrets on 400 others are those of the true weights within two standard errors of the paired difference.
#[test]
fn losses_that_know_the_worth_reach_the_truth() {
    let (train, test) = (routes(300, Seed(1)), routes(400, Seed(2)));
    let truth = regrets(&test, &[-2.0, -1.0]);
    let equal = regrets(&test, &[0.0, 0.0]);
    let n = truth.len() as f64;
    let mean = |of: &[f64]| of.iter().sum::<f64>() / n;
    assert!(truth.iter().chain(&equal).all(|regret| *regret >= 0.0));
    let how = How::MonteCarlo(MonteCarlo::new(10, Seed(0)));
    let fit = |loss| {
        let training = Training { seed: Seed(3), ..Training::default() };
        training.start_options((AnyNoise::Normal, 1.0), loss, how, &train, None).unwrap().finish().unwrap()
    };
    let learned = [fit(Loss::SpoPlus), fit(Loss::FenchelYoung), train.least_squares()];
    for (name, w) in ["SPO+", "Fenchel-Young", "least squares"].into_iter().zip(learned) {
        let differences: Vec<f64> = regrets(&test, &w).iter().zip(&truth).map(|(a, b)| a - b).collect();
        let off = mean(&differences);
        let error = (differences.iter().map(|x| (x - off) * (x - off)).sum::<f64>() / (n - 1.0) / n).sqrt();
        eprintln!(
            "{name}: {off:+.4} ± {error:.4}, truth {:.4}, nothing {:.4}, {w:?}",
            mean(&truth),
            mean(&equal)
        );
        assert!(off <= 2.0 * error, "{name}: {off} {error}");
        assert!(mean(&truth) + off < 0.5 * mean(&equal), "{name}: {off}");
    }
}

/// Worths 1, 3, 2 and 0: what is decided, and what a decision by other scores costs.
#[test]
fn the_decision_is_worth_most() {
    let text = b"who,x,gain\na,0.5,1\na,0.1,3\na,0.9,2\na,0.2,0\n";
    let mut recipe =
        Recipe::new(Decide::Pick).with_group("who").with_target(Target::Worth(Expression::column("gain")));
    let frame =
        parse_table("gains.csv".as_ref(), text, Format::default(), |t| t.frame(&["who", "x", "gain"]));
    let frame = frame.unwrap();
    recipe.terms = Utility::new("x").unwrap().terms(&recipe, &frame, None).unwrap();
    let decisions = recipe.read(&frame).unwrap();
    assert_eq!(decisions.target(0), [0.0, 1.0, 0.0, 0.0]);
    assert_eq!(decisions.worth(0), Some(&[1.0, 3.0, 2.0, 0.0][..]));
    let judge = |w: f64| decisions.judge(&[w], (AnyNoise::Gumbel, 1.0), How::Exact).unwrap()[0].1;
    // The third has the largest x, the second the least.
    let (up, down) = (judge(1.0), judge(-1.0));
    assert_eq!((up.regret, up.ratio, up.agreement, up.top_3), (1.0, 2.0 / 3.0, 0.0, 0.0));
    assert_eq!((down.regret, down.ratio, down.agreement, down.top_3), (0.0, 1.0, 1.0, 1.0));
    let named: Vec<&str> = Judgement::mean(&[(1.0, up)]).named().iter().map(|(name, _)| *name).collect();
    assert_eq!(named, ["agreement", "log-loss", "top 3", "regret", "ratio to best"]);
}

//! The benchmarks of decision-focused learning in the small.

use perturb::Seed;
use perturb_experiments::Journal;
use perturb_experiments::benchmark::{Kernel, LOSSES, Outcome, Problem, Setting, csv};

/// Costs have the moments of their definition: given the features the mean of the kernel and the deviation of uniform factors; B is
/// of fair bits, features are standard normal.
#[test]
fn costs_have_their_moments() {
    let kernel = Kernel::new([5, 400], 2, 0.5, Seed(1));
    // At x = 0 every cost is (3² + 1)/3.5².
    assert!(kernel.expected(&[0.0; 5]).iter().all(|&cost| cost == 10.0 / 12.25));
    // At the unit vector of feature i a cost says whether B has a 1 there: ((1/√5 + 3)² + 1)/3.5².
    let high = ((1.0 / 5f64.sqrt() + 3.0).powi(2) + 1.0) / 12.25;
    let mut ones = 0;
    for i in 0..5 {
        let mut x = [0.0; 5];
        x[i] = 1.0;
        for cost in kernel.expected(&x) {
            let one = (cost - high).abs() < 1e-12;
            assert!(one || cost == 10.0 / 12.25);
            ones += i32::from(one);
        }
    }
    // 2000 fair bits: z = 4 is 4·√500.
    assert!((ones - 1000).abs() < 90, "{ones}");

    let rows = kernel.sample(500, Seed(2));
    let (mut sum, mut square) = (0.0, 0.0);
    for (x, costs) in rows.x.chunks(5).zip(rows.costs.chunks(400)) {
        for (cost, expected) in costs.iter().zip(kernel.expected(x)) {
            let factor = cost / expected;
            assert!((0.5..1.5).contains(&factor));
            sum += factor - 1.0;
            square += (factor - 1.0) * (factor - 1.0);
        }
    }
    // u − 1 is uniform within ±1/2: variance 1/12, that of its square 1/180; 200,000 draws, z = 4.
    assert!((sum / 2e5).abs() < 4.0 * (1.0f64 / 12.0 / 2e5).sqrt(), "{sum}");
    assert!((square / 2e5 - 1.0 / 12.0).abs() < 4.0 * (1.0f64 / 180.0 / 2e5).sqrt(), "{square}");
    let (mean, second) =
        (rows.x.iter().sum::<f64>() / 2500.0, rows.x.iter().map(|x| x * x).sum::<f64>() / 2500.0);
    assert!(mean.abs() < 4.0 / 50.0 && (second - 1.0).abs() < 4.0 * 2f64.sqrt() / 50.0, "{mean} {second}");
}

/// Fewer rows are the first of more; noise and degree change no feature, and B is that of the seed.
#[test]
fn rows_are_functions_of_their_seed() {
    let kernel = |degree, noise| Kernel::new([3, 4], degree, noise, Seed(1));
    let (many, few) = (kernel(4, 0.5).sample(20, Seed(2)), kernel(4, 0.5).sample(7, Seed(2)));
    assert!(many.x.starts_with(&few.x) && many.costs.starts_with(&few.costs));
    let exact = kernel(2, 0.0).sample(20, Seed(2));
    assert_eq!(exact.x, many.x);
    let expected = exact.x.chunks(3).flat_map(|x| kernel(2, 0.5).expected(x)).collect::<Vec<_>>();
    assert_eq!(exact.costs, expected);
    assert_ne!(kernel(4, 0.5).sample(7, Seed(3)), few);
}

fn small(problems: &[Problem]) -> Setting {
    let setting = Setting::new(Seed(3));
    Setting {
        problems: problems.to_vec(),
        degrees: vec![8],
        rows: vec![200],
        runs: 3,
        test: 1000,
        steps: 400,
        ..setting
    }
}

fn mean(outcomes: &[Outcome], problem: Problem, loss: usize) -> f64 {
    let of = outcomes.iter().filter(|o| o.problem == problem && o.loss == loss);
    of.map(|outcome| outcome.regret).sum::<f64>() / 3.0
}

/// At degree 8, where an affine model is most wrong, SPO+ and the Fenchel–Young loss decide better than least squares on every
/// problem, and nothing beats the expected costs.
#[test]
fn decisions_are_worth_more_than_costs_at_degree_8() {
    let outcomes = small(&Problem::ALL).run(&Journal::new(&())).unwrap();
    assert_eq!(outcomes.len(), 3 * 3 * LOSSES.len());
    for problem in Problem::ALL {
        let regrets: Vec<f64> = (0..LOSSES.len()).map(|loss| mean(&outcomes, problem, loss)).collect();
        println!("{}: {regrets:.4?}", problem.name());
        assert!(regrets[1] < 0.9 * regrets[0] && regrets[2] < 0.9 * regrets[0], "{regrets:?}");
        assert!(regrets[..5].iter().all(|&regret| regret > regrets[5] && regret < 0.5), "{regrets:?}");
    }
}

/// Without noise and at degree 1 costs are affine: least squares finds them, and loses nothing.
#[test]
fn least_squares_is_exact_where_costs_are_affine() {
    let setting = Setting { degrees: vec![1], noise: 0.0, steps: 1, ..small(&Problem::ALL) };
    let outcomes = setting.run(&Journal::new(&())).unwrap();
    for outcome in outcomes.iter().filter(|outcome| [0, 5].contains(&outcome.loss)) {
        // Items of equal costs may be taken for one another.
        assert!(outcome.regret.abs() < 1e-12, "{outcome:?}");
    }
}

/// Not of the threads, and not of what else is run.
#[test]
fn benchmarks_repeat_themselves() {
    let setting = Setting { steps: 50, rows: vec![30, 600], runs: 2, ..small(&Problem::ALL) };
    let run = |setting: &Setting, threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| setting.run(&Journal::new(&()))).unwrap()
    };
    let all = run(&setting, 1);
    assert_eq!(csv(&run(&setting, 3)), csv(&all));
    let one = Setting { problems: vec![Problem::Subset], rows: vec![600], ..setting };
    let of: Vec<Outcome> =
        all.into_iter().filter(|o| o.problem == Problem::Subset && o.rows == 600).collect();
    assert_eq!(run(&one, 2), of);
}

/// Nothing to learn from, or to judge by.
#[test]
fn empty_settings_are_refused() {
    for setting in [
        Setting { rows: vec![4], ..small(&Problem::ALL) },
        Setting { features: 0, ..small(&Problem::ALL) },
        Setting { test: 0, ..small(&Problem::ALL) },
    ] {
        assert!(setting.run(&Journal::new(&())).is_err(), "{setting:?}");
    }
}

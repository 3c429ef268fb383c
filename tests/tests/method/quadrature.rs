//! Accuracy and limits of the quadratures behind argmax and top-k: many entries, wide and degenerate scores.

use perturb::quantity::{EpsilonDerivative, Value};
use perturb::{
    ClosedForm, Dyn, Error, Exact, Gumbel, Hypercube, Laplace, Logistic, MonteCarlo, Noise, Normal,
    Perturbed, Ranking, Real, Seed, Simplex, TopK, noise::Law,
};
use perturb_tests::reals;
use perturb_tests::statistics::spread;

/// Scores of `d` entries spread over [0, width], in no order.
fn scattered(d: usize, width: f64) -> Vec<f64> {
    (0..d).map(|i| width * (0.618_033_988_749_895 * (i as f64 + 1.0)).fract()).collect()
}

fn maximizer<N: Law<f64>, O: ClosedForm<f64, N>>(oracle: O, noise: N, theta: &[f64]) -> Vec<f64> {
    let layer = Perturbed::new(oracle, noise, 1.0).unwrap();
    layer.maximizer(theta, Exact).unwrap().as_ref().to_vec()
}

#[track_caller]
fn assert_probabilities(p: &[f64], total: f64, what: &str) {
    let sum: f64 = p.iter().sum();
    assert!((sum - total).abs() <= 1e-12 * total, "{what}: Σp = {total} + {:e}", sum - total);
    assert!(p.iter().all(|p| (0.0..=1.0 + 1e-12).contains(p)), "{what}: {p:?}");
}

fn simplex<N: Law<f64>>(noise: N) {
    for d in [1, 2, 5, 100, 1000] {
        for width in [1e-3, 1.0, 30.0, 1e3] {
            let what = format!("{} d = {d}, width {width}", noise.name());
            assert_probabilities(
                &maximizer(Simplex::new(Dyn(d)).unwrap(), noise, &scattered(d, width)),
                1.0,
                &what,
            );
        }
        for level in [0.0, -7.5, 1e3] {
            let p = maximizer(Simplex::new(Dyn(d)).unwrap(), noise, &vec![level; d]);
            for p in p {
                let off = p * d as f64 - 1.0;
                assert!(off.abs() <= 1e-12, "{} d = {d}, all {level}: p·d − 1 = {off:e}", noise.name());
            }
        }
    }
}

#[test]
fn argmax_probabilities_sum_to_one() {
    simplex(Gumbel);
    simplex(Normal);
    simplex(Logistic);
    simplex(Laplace);
}

fn top_k<N: Law<f64>>(noise: N) {
    for (d, k) in [
        (1, 1),
        (2, 1),
        (2, 2),
        (5, 3),
        (20, 7),
        (60, 1),
        (60, 2),
        (60, 15),
        (60, 30),
        (60, 45),
        (60, 58),
        (60, 59),
    ] {
        let oracle = || TopK::new(Dyn(d), k).unwrap();
        // Wide scores cost many nodes: once per dimension.
        let widest = if d < 60 || k == 30 { 1e3 } else { 100.0 };
        for width in [1e-3, 3.0, widest] {
            let what = format!("{} top {k} of {d}, width {width}", noise.name());
            assert_probabilities(&maximizer(oracle(), noise, &scattered(d, width)), k as f64, &what);
        }
        for level in [0.0, 1e3] {
            for p in maximizer(oracle(), noise, &vec![level; d]) {
                let off = p * d as f64 / k as f64 - 1.0;
                assert!(off.abs() <= 1e-12, "{} top {k} of {d}, all {level}: {off:e}", noise.name());
            }
        }
    }
}

#[test]
fn inclusions_sum_to_k() {
    top_k(Gumbel);
    top_k(Normal);
    top_k(Logistic);
    top_k(Laplace);
}

/// Picking half of many equal entries is the hardest: the level concentrates like 1/√d.
#[test]
fn many_equal_entries_are_resolved() {
    fn check<N: Law<f64>>(noise: N) {
        for p in maximizer(TopK::new(Dyn(300), 150).unwrap(), noise, &[0.0; 300]) {
            assert!((2.0 * p - 1.0).abs() <= 1e-12, "{}: {p}", noise.name());
        }
    }
    check(Gumbel);
    check(Normal);
    check(Logistic);
    check(Laplace);
}

/// J's integrand is the peak whose step the inclusions integrate: its column is the slope of y_ε.
#[test]
fn slopes_of_many_inclusions_are_resolved() {
    fn check<N: Law<f64>>(noise: N) {
        let layer = Perturbed::new(TopK::new(Dyn(40), 20).unwrap(), noise, 1.0).unwrap();
        let theta = scattered(40, 0.5);
        let unit: Vec<f64> = (0..40).map(|i| if i == 7 { 1.0 } else { 0.0 }).collect();
        let column = layer.jvp(&theta, &unit, Exact).unwrap();
        let moved = |step: f64| -> Vec<f64> {
            let theta: Vec<f64> = theta.iter().zip(&unit).map(|(theta, unit)| theta + step * unit).collect();
            layer.maximizer(&theta, Exact).unwrap()
        };
        let h = 1e-3;
        let (a, b, c, d) = (moved(-2.0 * h), moved(-h), moved(h), moved(2.0 * h));
        for (i, &got) in column.iter().enumerate() {
            let want = (8.0 * (c[i] - b[i]) - (d[i] - a[i])) / (12.0 * h);
            assert!((got - want).abs() < 1e-10, "{} entry {i}: {got}, not {want}", noise.name());
        }
    }
    check(Gumbel);
    check(Normal);
    check(Logistic);
}

/// Three ways to argmax: the softmax, the simplex's quadrature, and top-1's.
#[test]
fn quadratures_agree_with_each_other() {
    fn agree<N: Law<f64>>(noise: N) {
        for width in [1.0, 30.0, 1e3] {
            let theta = scattered(60, width);
            let simplex = Perturbed::new(Simplex::new(Dyn(60)).unwrap(), noise, 1.0).unwrap();
            let top = Perturbed::new(TopK::new(Dyn(60), 1).unwrap(), noise, 1.0).unwrap();
            let (value, p) = simplex.value_and_maximizer(&theta, Exact).unwrap();
            let (other, q) = top.value_and_maximizer(&theta, Exact).unwrap();
            assert!((value - other).abs() < 1e-12 * value.abs().max(1.0), "{} {value} {other}", noise.name());
            assert!(p.iter().zip(&q).all(|(p, q)| (p - q).abs() < 1e-12), "{}", noise.name());
        }
    }
    agree(Gumbel);
    agree(Normal);
    agree(Logistic);
    agree(Laplace);
}

/// f32 reaches its own resolution: 2·10⁻⁵ from f64 for 100 entries, whose sum has an error of √100 roundings
/// and whose nodes lie 10⁻⁷·30 off.
#[test]
fn single_precision_follows_double_precision() {
    fn follow<N: Law<f32> + Law<f64>>(noise: N) {
        let theta: Vec<f64> = scattered(100, 8.0).iter().map(|&x| f64::from(x as f32)).collect();
        let wide = maximizer(Simplex::new(Dyn(100)).unwrap(), noise, &theta);
        let layer = Perturbed::new(Simplex::new(Dyn(100)).unwrap(), noise, 1.0f32).unwrap();
        let narrow = layer.maximizer(&reals::<f32>(&theta), Exact).unwrap();
        for (narrow, wide) in narrow.iter().zip(wide) {
            let off = (f64::from(*narrow) - wide).abs();
            assert!(off < 2e-5, "{}: {off:e}", <f64 as Real>::NAME);
        }
    }
    follow(Gumbel);
    follow(Normal);
    follow(Logistic);
    follow(Laplace);
}

/// M = 10⁵ (10⁴ from d = 100), seed 100: samples agree at every size.
#[test]
fn samples_agree_at_every_size() {
    fn check<N: Law<f64>>(noise: N) {
        for d in [1, 2, 100, 1000] {
            let theta = scattered(d, 3.0);
            let layer = Perturbed::new(Simplex::new(Dyn(d)).unwrap(), noise, 1.0).unwrap();
            let (value, p) = layer.value_and_maximizer(&theta, Exact).unwrap();
            let how = MonteCarlo::new(if d < 100 { 100_000 } else { 10_000 }, Seed(100));
            let means = spread(&layer, &theta, (perturb::quantity::Value, perturb::quantity::Maximizer), how);
            means[0].assert_near(value, 0.0, f64::EPSILON, format_args!("F for d = {d}, {}", noise.name()));
            for (mean, p) in means[1..].iter().zip(p) {
                mean.assert_near(p, 1.0, f64::EPSILON, format_args!("p for d = {d}, {}", noise.name()));
            }
        }
    }
    check(Gumbel);
    check(Normal);
    check(Logistic);
    check(Laplace);
}

/// Scores too large to be resolved are the hard decision, at once, and an error where θ/ε overflows.
#[test]
fn huge_scores_end_at_once() {
    fn check<N: Law<f64>>(noise: N) {
        let simplex = Perturbed::new(Simplex::new(Dyn(3)).unwrap(), noise, 1.0).unwrap();
        assert_eq!(simplex.maximizer(&[0.0, 1e300, 1e15], Exact).map(|p| p[1] > 1.0 - 1e-12), Ok(true));
        let top = Perturbed::new(TopK::new(Dyn(3), 2).unwrap(), noise, 1.0).unwrap();
        for theta in [[0.0, 1e300, 1e15], [0.0, 1e16, 1e15], [0.0, 1e12, 1e11]] {
            let p = top.maximizer(&theta, Exact).unwrap();
            let off = p.iter().zip([0.0, 1.0, 1.0]).map(|(p, want)| (p - want).abs()).fold(0.0, f64::max);
            assert!(off < 1e-12, "{} {p:?}", noise.name());
            assert!(top.jacobian(&theta, Exact).unwrap().iter().all(|x| x.abs() < 1e-12));
        }
        let overflow = Err(Error::Overflow { quantity: "theta / epsilon" });
        let cold = Perturbed::new(TopK::new(Dyn(3), 2).unwrap(), noise, 1e-300).unwrap();
        assert_eq!(cold.maximizer(&[0.0, 1e10, 1.0], Exact), overflow);
        assert_eq!(top.maximizer(&[-1.5e308, 1.5e308, -1.5e308], Exact), overflow);
    }
    check(Gumbel);
    check(Normal);
    check(Logistic);
    check(Laplace);
}

/// 5·10⁵ pairs, 10⁵ shares, 10⁵ factors: the sums of f32 are within a few of its last digits.
#[test]
fn sums_of_many_terms_keep_the_digits_of_single_precision() {
    fn both<N: Law<f32> + Law<f64>, O: ClosedForm<f32, N>, P: ClosedForm<f64, N>>(
        noise: N,
        (narrow, wide): (O, P),
        d: usize,
    ) {
        let theta: Vec<f64> = scattered(d, 3.0).iter().map(|&x| f64::from(x as f32)).collect();
        let small = reals::<f32>(&theta);
        let narrow = Perturbed::new(narrow, noise, 1.0f32).unwrap();
        let wide = Perturbed::new(wide, noise, 1.0f64).unwrap();
        let (value, slope) = narrow.compute(&small, &(Value, EpsilonDerivative), Exact).unwrap();
        let (want, want_slope) = wide.compute(&theta, &(Value, EpsilonDerivative), Exact).unwrap();
        let name = Noise::<f64>::name(&noise);
        assert!((f64::from(value) / want - 1.0).abs() < 3e-7, "{name}, d = {d}: {value}, not {want}");
        assert!(
            (f64::from(slope) / want_slope - 1.0).abs() < 3e-6,
            "{name}, d = {d}: {slope}, not {want_slope}"
        );
        // What pairs of y and of a mean loss are far from each other: both large.
        let target = wide.maximizer(&theta.iter().map(|x| -x).collect::<Vec<_>>(), Exact).unwrap();
        let loss =
            narrow.fenchel_young(&small, &reals::<f32>(target.as_ref()), Exact).map(|found| found.loss);
        let want = wide.fenchel_young(&theta, target.as_ref(), Exact).unwrap().loss;
        assert!(
            (f64::from(loss.unwrap()) / want - 1.0).abs() < 1e-5,
            "{name}, d = {d}: {loss:?}, not {want}"
        );
    }
    fn check<N: Law<f32> + Law<f64>>(noise: N) {
        both(noise, (Ranking::ascending(Dyn(1000)).unwrap(), Ranking::ascending(Dyn(1000)).unwrap()), 1000);
        both(noise, (TopK::new(Dyn(30), 7).unwrap(), TopK::new(Dyn(30), 7).unwrap()), 30);
        both(noise, (Hypercube::sign(Dyn(3000)).unwrap(), Hypercube::sign(Dyn(3000)).unwrap()), 3000);
    }
    fn shares<N: Law<f32>>(noise: N, d: usize) {
        let layer = Perturbed::new(Simplex::new(Dyn(d)).unwrap(), noise, 1.0f32).unwrap();
        let y = layer.maximizer(&vec![0.0; d], Exact).unwrap();
        for y in y {
            // erfc of f32 has an error of (1 + x²)·3.5·10⁻⁷, and the largest of 10⁵ lies at x = 3; e^{−x²} has one of x²·2⁻²³.
            assert!((f64::from(y) * d as f64 - 1.0).abs() < 5e-6, "{}: {y}", noise.name());
        }
    }
    check(Normal);
    check(Gumbel);
    shares(Normal, 100_000);
    shares(Gumbel, 100_000);
    shares(Logistic, 100_000);
    shares(Laplace, 3_000);
}

/// 1 … 2000 are equally spaced to the last digit in f32; neighbours of 1 that lie 2 and 1 digits apart are not.
#[test]
fn equal_spacing_is_judged_by_differences() {
    let value = |oracle: Ranking<f32, Dyn>| {
        let layer = Perturbed::new(oracle, Normal, 1.0f32).unwrap();
        layer.value(&vec![0.0; layer.oracle().reference().len()], Exact)
    };
    let wide = Perturbed::new(Ranking::ascending(Dyn(2000)).unwrap(), Normal, 1.0f64).unwrap();
    let want = wide.value(&[0.0; 2000], Exact).unwrap();
    for ranks in [Ranking::ascending(Dyn(2000)).unwrap(), Ranking::descending(Dyn(2000)).unwrap()] {
        // Sixteen equal terms, added plainly, may lose half a digit of theirs each time in one direction: 16·2⁻²⁴.
        let found = f64::from(value(ranks).unwrap());
        assert!((found / want - 1.0).abs() < 1.2e-6, "{found}, not {want}");
    }
    let digit = f32::EPSILON;
    let close = Ranking::new(Dyn(3), &[1.0, 1.0 + 2.0 * digit, 1.0 + 3.0 * digit]).unwrap();
    assert!(matches!(value(close), Err(Error::NoClosedForm { .. })));
}

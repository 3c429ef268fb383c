//! Sampled estimates within 4.5 standard errors of the reference vectors and of the closed forms.
//!
//! M = 10⁵ for every comparison, Z = 4.5 (see `statistics::Mean::assert_near`), the seed beside each.

use perturb::quantity::{Jacobian, JacobianByCurvature, Jvp, Maximizer, MaximizerByScore, Value, Vjp};
use perturb::{
    Assignment, BlackBox, ClosedForm, Const, DagPath, Dyn, DynRect, Exact, Graph, GridPath, Gumbel,
    Hypercube, Laplace, Logistic, MonteCarlo, Normal, Oracle, Perturbed, Plane, Ranking, Real, Rect, Seed,
    Shape, ShortestPath, Simplex, SpanningTree, TopK,
    noise::{Law, SmoothNoise},
    oracle::Neighbours,
};
use perturb_tests::reference::{self, Case, RANKS_FROM_ZERO};
use perturb_tests::statistics::{Mean, spread};
use perturb_tests::{reals, widened};

const M: u32 = 100_000;
/// A direction with entries of both signs.
const DIRECTION: [f64; 9] = [0.3, -1.7, 0.9, 0.1, 2.2, -0.4, -0.6, 1.3, -0.2];

/// The resolution of T.
fn resolution<T: Real>() -> f64 {
    T::EPSILON.to_f64()
}

#[track_caller]
fn assert_all<T: Real>(means: &[Mean], want: &[f64], range: f64, what: &str) {
    assert_eq!(means.len(), want.len(), "{what}");
    for (i, (mean, &want)) in means.iter().zip(want).enumerate() {
        mean.assert_near(want, range, resolution::<T>(), format_args!("{what}[{i}] in {}", T::NAME));
    }
}

/// Value and maximizer against reference numbers.
fn against_case<T: Real, N: Law<T>, O: Oracle<T>>(oracle: O, noise: N, case: &Case, seed: Seed) {
    let layer = Perturbed::new(oracle, noise, T::from_f64(case.epsilon)).unwrap();
    let theta = reals::<T>(case.theta);
    // No two entries of a vertex here differ by more than 8.
    let range = if case.theta.len() == 9 { 8.0 } else { 2.0 };
    let means = spread(&layer, &theta, (Value, Maximizer), MonteCarlo::new(M, seed));
    let (value, y) = means.split_at(1);
    assert_all::<T>(y, case.maximizer, range, case.name);
    if let Some(want) = case.value {
        assert_all::<T>(value, &[want], 0.0, case.name);
    }
}

/// Every first formula against the closed form, with the baseline and plain.
fn against_exact<T: Real, N: Law<T>, O: ClosedForm<T, N>>(oracle: O, noise: N, theta: &[f64], seed: Seed) {
    let layer = Perturbed::new(oracle, noise, T::HALF).unwrap();
    let name = format!("{} {}", layer.oracle().properties().name, noise.name());
    let theta = reals::<T>(theta);
    let u = reals::<T>(&DIRECTION[..theta.len()]);
    let (value, y) = layer.value_and_maximizer(&theta, Exact).unwrap();
    let jacobian = widened(layer.jacobian(&theta, Exact).unwrap().as_ref());
    let product = widened(layer.vjp(&theta, &u, Exact).unwrap().as_ref());
    // |y − baseline| ≤ 8 for the rankings and ≤ 2 else; |∇ν| of the four noises is below 16 at this M:
    // Gumbel's e⁻ᶻ is exponential, and its maximum over 10⁶ draws near ln 10⁶ = 14.
    let size = if theta.len() == 9 { 8.0 } else { 2.0 };
    let range = size * 16.0 / 0.5;
    for how in [MonteCarlo::new(M, seed), MonteCarlo::plain(M, seed.fold(1))] {
        let plain = how.variance.control == perturb::method::Control::None;
        let name = format!("{name}{}", if plain { " plain" } else { "" });
        let products = (Vjp { cotangent: &u }, Jvp { tangent: &u });
        let means = spread(&layer, &theta, (Value, Maximizer, (Jacobian, products)), how);
        let (first, means) = means.split_at(1);
        assert_all::<T>(first, &[value.to_f64()], 0.0, &format!("{name} value"));
        let (first, means) = means.split_at(theta.len());
        assert_all::<T>(first, &widened(y.as_ref()), size, &format!("{name} maximizer"));
        let (first, means) = means.split_at(jacobian.len());
        assert_all::<T>(first, &jacobian, range, &format!("{name} jacobian"));
        let (first, last) = means.split_at(theta.len());
        assert_all::<T>(first, &product, range, &format!("{name} vjp"));
        assert_all::<T>(last, &product, range, &format!("{name} jvp"));
    }
}

/// The second formulas against the closed form.
fn second_formulas<T, N, O>(oracle: O, noise: N, theta: &[f64], seed: Seed)
where
    T: Real,
    N: Law<T> + SmoothNoise<T>,
    O: ClosedForm<T, N>,
{
    let layer = Perturbed::new(oracle, noise, T::HALF).unwrap();
    let theta = reals::<T>(theta);
    let y = widened(layer.maximizer(&theta, Exact).unwrap().as_ref());
    let jacobian = widened(layer.jacobian(&theta, Exact).unwrap().as_ref());
    for how in [MonteCarlo::new(M, seed), MonteCarlo::plain(M, seed.fold(1))] {
        let name = format!("{} {} {:?}", layer.oracle().properties().name, noise.name(), how.variance);
        let means = spread(&layer, &theta, (MaximizerByScore, JacobianByCurvature), how);
        let (first, last) = means.split_at(theta.len());
        assert_all::<T>(first, &y, 0.0, &format!("{name} maximizer by score"));
        assert_all::<T>(last, &jacobian, 0.0, &format!("{name} jacobian by curvature"));
    }
}

fn references<T: Real>(five: impl Shape, four: impl Shape, nine: impl Shape, three: impl Shape) {
    let seed = Seed(20);
    let simplex = || Simplex::new(five).unwrap();
    against_case::<T, _, _>(simplex(), Gumbel, &reference::SIMPLEX_GUMBEL, seed);
    against_case::<T, _, _>(simplex(), Normal, &reference::SIMPLEX_NORMAL, seed);
    against_case::<T, _, _>(simplex(), Logistic, &reference::SIMPLEX_LOGISTIC, seed);
    against_case::<T, _, _>(simplex(), Laplace, &reference::SIMPLEX_LAPLACE, seed);
    against_case::<T, _, _>(TopK::new(five, 2).unwrap(), Gumbel, &reference::TOP_TWO_GUMBEL, seed);
    against_case::<T, _, _>(Simplex::new(four).unwrap(), Normal, &reference::SIMPLEX_ADDITIVE, seed);
    against_case::<T, _, _>(Ranking::ascending(four).unwrap(), Normal, &reference::RANKING_FAR, seed);
    let ranking = || Ranking::new(nine, &reals::<T>(&RANKS_FROM_ZERO)).unwrap();
    against_case::<T, _, _>(ranking(), Normal, &reference::RANKING_NORMAL, seed);
    against_case::<T, _, _>(ranking(), Gumbel, &reference::RANKING_GUMBEL, seed);
    against_case::<T, _, _>(Hypercube::binary(three).unwrap(), Normal, &reference::BINARY_NORMAL, seed);
    against_case::<T, _, _>(Hypercube::sign(three).unwrap(), Normal, &reference::SIGN_NORMAL, seed);
}

#[test]
fn fixed_shapes_match_the_reference() {
    references::<f64>(Const::<5>, Const::<4>, Const::<9>, Const::<3>);
    references::<f32>(Const::<5>, Const::<4>, Const::<9>, Const::<3>);
}

#[test]
fn run_time_shapes_match_the_reference() {
    references::<f64>(Dyn(5), Dyn(4), Dyn(9), Dyn(3));
    references::<f32>(Dyn(5), Dyn(4), Dyn(9), Dyn(3));
}

fn native<T: Real>(square: impl Plane, three: impl Shape, grid: impl Plane) {
    let seed = Seed(39);
    against_case::<T, _, _>(Assignment::new(square).unwrap(), Normal, &reference::ASSIGNMENT_NORMAL, seed);
    let triangle = || Graph::new(three, three, &[(0, 1), (1, 2), (2, 0)]).unwrap();
    against_case::<T, _, _>(
        SpanningTree::new(triangle()).unwrap(),
        Normal,
        &reference::TRIANGLE_NORMAL,
        seed,
    );

    // Two ways from corner to corner of a 2×2 grid differ in one cell each, |A Δ B| = 2.
    let costs = [1.0, 1.3, 1.6, 1.0];
    let p = Normal.cdf((costs[2] - costs[1]) / (0.4 * 2.0f64.sqrt()));
    // Costs are 2.5 standard deviations from 0 and more: floors matter less than the resolution here.
    let oracle = GridPath::<T, _>::new(grid, Neighbours::Four).unwrap();
    two_paths(oracle, &costs, 0.4, &[1.0, p, 1.0 - p, 1.0], seed.fold(1));
    // Edge 2 alone, or edges 0 and 1, |A Δ B| = 3; the second triangle edge is turned round.
    let graph = Graph::new(three, three, &[(0, 1), (1, 2), (0, 2)]).unwrap();
    let costs = [1.1, 1.2, 2.0];
    let p = Normal.cdf((costs[2] - costs[0] - costs[1]) / (0.3 * 3.0f64.sqrt()));
    let want = [p, p, 1.0 - p];
    two_paths::<T, _>(DagPath::new(graph.clone(), 0, 2).unwrap(), &costs, 0.3, &want, seed.fold(2));
    two_paths(ShortestPath::<T, _, _>::new(graph, 0, 2).unwrap(), &costs, 0.3, &want, seed.fold(3));
}

/// P(A) = Φ((c_B − c_A)/(ε√|A Δ B|)) for two paths A, B.
fn two_paths<T: Real, O: Oracle<T>>(oracle: O, costs: &[f64], epsilon: f64, want: &[f64], seed: Seed) {
    let layer = Perturbed::new(oracle, Normal, T::from_f64(epsilon)).unwrap();
    let theta: Vec<T> = costs.iter().map(|&cost| T::from_f64(-cost)).collect();
    let means = spread(&layer, &theta, Maximizer, MonteCarlo::new(M, seed));
    assert_all::<T>(&means, want, 1.0, layer.oracle().properties().name);
}

#[test]
fn paths_trees_and_assignments_match_the_reference() {
    native::<f32>(Rect::<2, 2>, Const::<3>, Rect::<2, 2>);
    native::<f64>(Rect::<2, 2>, Const::<3>, Rect::<2, 2>);
    let square = DynRect { rows: 2, columns: 2 };
    native::<f32>(square, Dyn(3), square);
    native::<f64>(square, Dyn(3), square);
}

/// Solvers given as closures: the better of two assignments, and the tree without the costliest edge.
#[test]
fn black_boxes_match_the_reference() {
    let assignment = BlackBox::new(Dyn(4), |theta: &[f64], y: &mut [f64]| {
        let straight = theta[0] + theta[3] >= theta[1] + theta[2];
        y.copy_from_slice(if straight { &[1.0, 0.0, 0.0, 1.0] } else { &[0.0, 1.0, 1.0, 0.0] });
    });
    against_case::<f64, _, _>(assignment.unwrap(), Normal, &reference::ASSIGNMENT_NORMAL, Seed(21));
    let tree = BlackBox::new(Const::<3>, |theta: &[f64], y: &mut [f64]| {
        let costliest = (0..3).min_by(|&i, &j| theta[i].total_cmp(&theta[j])).unwrap();
        y.fill(1.0);
        y[costliest] = 0.0;
    });
    against_case::<f64, _, _>(tree.unwrap(), Normal, &reference::TRIANGLE_NORMAL, Seed(21));
}

fn every_oracle<T: Real, N: Law<T>>(noise: N, five: impl Shape, nine: impl Shape, seed: Seed) {
    let classes = reference::SIMPLEX_NORMAL.theta;
    against_exact::<T, _, _>(Simplex::new(five).unwrap(), noise, classes, seed);
    against_exact::<T, _, _>(TopK::new(five, 2).unwrap(), noise, classes, seed.fold(2));
    against_exact::<T, _, _>(Hypercube::sign(five).unwrap(), noise, classes, seed.fold(3));
    let labels = reference::RANKING_NORMAL.theta;
    against_exact::<T, _, _>(Ranking::ascending(nine).unwrap(), noise, labels, seed.fold(4));
}

#[test]
fn gumbel_samples_match_the_closed_forms() {
    every_oracle::<f64, _>(Gumbel, Const::<5>, Const::<9>, Seed(22));
    every_oracle::<f32, _>(Gumbel, Dyn(5), Dyn(9), Seed(23));
}

#[test]
fn normal_samples_match_the_closed_forms() {
    every_oracle::<f64, _>(Normal, Dyn(5), Dyn(9), Seed(24));
    every_oracle::<f32, _>(Normal, Const::<5>, Const::<9>, Seed(25));
}

#[test]
fn logistic_samples_match_the_closed_forms() {
    every_oracle::<f64, _>(Logistic, Const::<5>, Const::<9>, Seed(26));
    every_oracle::<f32, _>(Logistic, Dyn(5), Dyn(9), Seed(27));
}

#[test]
fn laplace_samples_match_the_closed_forms() {
    every_oracle::<f64, _>(Laplace, Dyn(5), Dyn(9), Seed(28));
    every_oracle::<f32, _>(Laplace, Const::<5>, Const::<9>, Seed(29));
}

fn smooth<T: Real, N: Law<T> + SmoothNoise<T>>(noise: N, five: impl Shape, nine: impl Shape, seed: Seed) {
    let classes = reference::SIMPLEX_NORMAL.theta;
    second_formulas::<T, _, _>(Simplex::new(five).unwrap(), noise, classes, seed);
    second_formulas::<T, _, _>(TopK::new(five, 2).unwrap(), noise, classes, seed.fold(2));
    second_formulas::<T, _, _>(Hypercube::binary(five).unwrap(), noise, classes, seed.fold(3));
    let labels = reference::RANKING_NORMAL.theta;
    second_formulas::<T, _, _>(Ranking::ascending(nine).unwrap(), noise, labels, seed.fold(4));
}

#[test]
fn second_formulas_match_the_closed_forms() {
    smooth::<f64, _>(Gumbel, Const::<5>, Const::<9>, Seed(30));
    smooth::<f64, _>(Normal, Const::<5>, Const::<9>, Seed(31));
    smooth::<f64, _>(Logistic, Const::<5>, Const::<9>, Seed(32));
    smooth::<f32, _>(Gumbel, Dyn(5), Dyn(9), Seed(33));
    smooth::<f32, _>(Normal, Dyn(5), Dyn(9), Seed(34));
    smooth::<f32, _>(Logistic, Dyn(5), Dyn(9), Seed(35));
}

/// A tuple of estimators has the bits of separate passes, whatever their number; so has a run-time shape.
#[test]
fn one_pass_has_the_bits_of_several() {
    let theta = reference::RANKING_NORMAL.theta;
    let u = &DIRECTION;
    let layer = Perturbed::new(Ranking::ascending(Const::<9>).unwrap(), Gumbel, 0.5).unwrap();
    let on_host = Perturbed::new(Ranking::ascending(Dyn(9)).unwrap(), Gumbel, 0.5).unwrap();
    for how in
        [MonteCarlo::new(1, Seed(36)), MonteCarlo::new(64, Seed(36)), MonteCarlo::plain(1000, Seed(36))]
    {
        let first = (Value, Maximizer, Jacobian);
        let rest = ((Vjp { cotangent: u }, Jvp { tangent: u }), MaximizerByScore, JacobianByCurvature);
        let (a, b) = layer.compute(theta, &(first, rest), how).unwrap();
        assert_eq!(a.0, layer.value(theta, how).unwrap());
        assert_eq!(a.1, layer.maximizer(theta, how).unwrap());
        assert_eq!((a.0, a.1), layer.value_and_maximizer(theta, how).unwrap());
        assert_eq!(a.2, layer.jacobian(theta, how).unwrap());
        assert_eq!(b.0.0, layer.vjp(theta, u, how).unwrap());
        assert_eq!(b.0.1, layer.jvp(theta, u, how).unwrap());
        assert_eq!(b.1, layer.compute(theta, &MaximizerByScore, how).unwrap());
        assert_eq!(b.2, layer.compute(theta, &JacobianByCurvature, how).unwrap());
        assert_eq!(a.1.as_slice(), on_host.maximizer(theta, how).unwrap());
        assert_eq!(a.2.as_ref(), on_host.jacobian(theta, how).unwrap());
    }
}

/// The mean over samples is what the samples are: `sample` draws the noise that estimates see.
#[test]
fn samples_average_to_the_estimate() {
    let theta = reference::SIMPLEX_NORMAL.theta;
    let layer = Perturbed::new(Simplex::new(Const::<5>).unwrap(), Normal, 0.5).unwrap();
    let mut counts = [0.0; 5];
    for index in 0..1000 {
        let y = layer.sample(theta, Seed(37), index).unwrap();
        counts.iter_mut().zip(y).for_each(|(count, y)| *count += y);
    }
    let mean = layer.maximizer(theta, MonteCarlo::new(1000, Seed(37))).unwrap();
    assert_eq!(counts.map(|count| count / 1000.0), mean);
}

/// Shares of outcomes are the probabilities: M = 10⁵, seed 38.
#[test]
fn distributions_have_the_exact_probabilities() {
    let layer = Perturbed::new(Simplex::new(Const::<4>).unwrap(), Laplace, 1.0).unwrap();
    let theta = reference::SIMPLEX_ADDITIVE.theta;
    let p = layer.maximizer(theta, Exact).unwrap();
    let outcomes = layer.distribution::<4>(theta, M, Seed(38)).unwrap();
    assert!(outcomes.is_sorted_by(|a, b| a.1 >= b.1));
    let total: f64 = outcomes.iter().map(|(_, share)| share).sum();
    assert!((total - 1.0).abs() < 1e-12);
    for (decision, share) in &outcomes {
        let class = decision.iter().position(|&y| y == 1.0).unwrap();
        let mean = Mean::of_means(*share, *share, f64::from(M));
        mean.assert_near(p[class], 1.0, f64::EPSILON, format_args!("share of class {class}"));
    }
}

/// More samples than f32 counts: shares and values within 4.5 standard errors, M = 2²⁷ and 2²², seed 66, and the standard error
/// is that of f64.
#[test]
fn errors_do_not_grow_with_the_samples() {
    let theta = [3.0f32, 0.0];
    let layer = Perturbed::new(Simplex::new(Const::<2>).unwrap(), Gumbel, 1.0f32).unwrap();
    let samples = 1 << 27;
    let share = 3f64.exp() / (1.0 + 3f64.exp());
    let y = layer.maximizer(&theta, MonteCarlo::new(samples, Seed(66))).unwrap().map(f64::from);
    let error = (share * (1.0 - share) / f64::from(samples)).sqrt();
    assert!((y[0] - share).abs() <= 4.5 * error + 6e-8, "{y:?} for {share}");
    assert!((y[0] + y[1] - 1.0).abs() <= 1.2e-7, "{y:?}");

    let how = MonteCarlo::new(1 << 22, Seed(66));
    let found = layer.compute_with_error(&theta, &Value, how).unwrap();
    let double = Perturbed::new(Simplex::new(Const::<2>).unwrap(), Gumbel, 1.0f64).unwrap();
    let want = double.compute_with_error(&[3.0, 0.0], &Value, how).unwrap();
    let exact = double.value(&[3.0, 0.0], Exact).unwrap();
    let error = f64::from(found.standard_error);
    assert!((f64::from(found.mean) - exact).abs() <= 4.5 * error, "{found:?} for {exact}");
    assert!((error / want.standard_error - 1.0).abs() < 0.01, "{found:?}, {want:?}");
}

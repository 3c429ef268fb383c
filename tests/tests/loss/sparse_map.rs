//! Losses of the neighbouring literature against closed forms, brute force and finite differences.

use perturb::loss::{
    Projection, SparseMap, SpoPlus, composed, imle_gradient, interpolation_gradient, partial_label,
};
use perturb::{
    BlackBox, Const, Dyn, EdgeLabel, Error, Exact, Graph, Gumbel, Hypercube, MonteCarlo, Normal, Oracle,
    Perturbed, Ranking, Real, Seed, Shape, Simplex, SpanningTree, TopK,
};
use perturb_tests::naive::{self, dot};
use perturb_tests::naive_combinatorial::{best, spanning_trees};
use perturb_tests::statistics::{Mean, slope};
use perturb_tests::{reals, widened};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

const THETA: [f64; 5] = [0.3, -0.7, 1.1, 0.25, 0.9];

fn softmax(theta: &[f64]) -> Vec<f64> {
    let total: f64 = theta.iter().map(|x| x.exp()).sum();
    theta.iter().map(|x| x.exp() / total).collect()
}

/// Quarters in [−2, 2].
fn quarters(d: usize) -> impl Strategy<Value = Vec<f64>> {
    vec((-8i8..=8).prop_map(|i| f64::from(i) / 4.0), d)
}

/// SPO+ is max over vertices of ⟨2θ − t, y⟩, − 2⟨θ, y*(t)⟩ + F(t); above the regret, and its subgradient inequality
/// holds.
fn spo_plus<T: Real, O: Oracle<T>>(
    oracle: &O,
    vertices: &[Vec<f64>],
    theta: &[f64],
    truth: &[f64],
    other: &[f64],
) {
    let spo = SpoPlus::new(oracle, &reals::<T>(truth)).unwrap();
    let found = spo.loss(oracle, &reals::<T>(theta)).unwrap();
    let reflected: Vec<f64> = theta.iter().zip(truth).map(|(theta, t)| 2.0 * theta - t).collect();
    let y = widened(spo.best());
    let want = best(vertices, &reflected) - 2.0 * dot(&y, theta) + best(vertices, truth);
    assert_eq!(found.loss.to_f64(), want);
    let regret = spo.regret(oracle, &reals::<T>(theta)).unwrap().to_f64();
    assert!((0.0..=want).contains(&regret), "regret {regret}, loss {want}");
    assert_eq!(spo.loss(oracle, &reals::<T>(truth)).unwrap().loss, T::ZERO);
    let change: Vec<f64> = other.iter().zip(theta).map(|(a, b)| a - b).collect();
    let there = spo.loss(oracle, &reals::<T>(other)).unwrap().loss.to_f64();
    assert!(there >= want + dot(&widened(found.gradient.as_ref()), &change));
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1000, rng_seed: RngSeed::Fixed(72), failure_persistence: None, ..Default::default()
    })]

    #[test]
    fn spo_plus_is_its_definition(theta in quarters(5), truth in quarters(5), other in quarters(5)) {
        let ranks: Vec<f64> = (1..=5).map(f64::from).collect();
        spo_plus::<f32, _>(&Simplex::new(Const::<5>).unwrap(), &naive::simplex(5), &theta, &truth, &other);
        spo_plus::<f64, _>(&TopK::new(Dyn(5), 2).unwrap(), &naive::top_k(5, 2), &theta, &truth, &other);
        let ranking = Ranking::<f64, _>::ascending(Dyn(5)).unwrap();
        spo_plus::<f64, _>(&ranking, &naive::permutahedron(&ranks), &theta, &truth, &other);
    }

    /// The gradient is the slope of f_λ(θ) = ⟨g, y*(θ)⟩ + ⟨θ, y*(θ) − y_λ(θ)⟩/λ inside its pieces, and f_λ is continuous
    /// where the decision jumps: along a segment, its change is the integral of its slope.
    #[test]
    fn interpolation_has_the_slope_of_its_function(theta in quarters(4), g in quarters(4), lambda in 1u8..8) {
        let oracle = Ranking::<f64, _>::ascending(Const::<4>).unwrap();
        let lambda = f64::from(lambda) / 4.0;
        // Off the ties.
        let theta: Vec<f64> = theta.iter().zip([0.01, 0.023, 0.031, 0.047]).map(|(a, b)| a + b).collect();
        let solve = |theta: &[f64]| {
            let mut y = [0.0; 4];
            oracle.solve(theta, &mut y, &mut oracle.work());
            y
        };
        let f = |theta: &[f64]| {
            let moved: Vec<f64> = theta.iter().zip(&g).map(|(a, g)| a - lambda * g).collect();
            let (y, other) = (solve(theta), solve(&moved));
            dot(&y, &g) + (dot(&y, theta) - dot(&other, theta)) / lambda
        };
        let gradient = interpolation_gradient(&oracle, &theta, &g, lambda).unwrap();
        for i in 0..4 {
            let at = |x: f64| {
                let mut theta = theta.clone();
                theta[i] = x;
                f(&theta)
            };
            prop_assert!((slope(theta[i], 1e-6, at) - gradient[i]).abs() < 1e-6);
            // Continuity: no step of 1e-9 changes it by more than its Lipschitz constant allows.
            for k in 0..200 {
                let x = theta[i] - 1.0 + f64::from(k) / 100.0;
                prop_assert!((at(x + 1e-9) - at(x)).abs() < 1e-7);
            }
        }
    }

    /// The gradient of a projection is its transposed Jacobian: differences in every direction.
    #[test]
    fn projections_have_their_gradients(theta in quarters(4), g in quarters(4), v in quarters(4)) {
        let oracle = Simplex::new(Const::<4>).unwrap();
        // Equal scores have no direction.
        prop_assume!(theta.iter().any(|x| *x != theta[0]));
        for projection in [Projection::None, Projection::Mean, Projection::Standardize] {
            let gradient = projection.gradient(&oracle, &theta, &g).unwrap();
            let at = |h: f64| {
                let moved: Vec<f64> = theta.iter().zip(&v).map(|(a, v)| a + h * v).collect();
                dot(&projection.project(&oracle, &moved).unwrap(), &g)
            };
            let found = slope(0.0, 1e-4, at);
            prop_assert!((found - dot(&gradient, &v)).abs() < 1e-7, "{projection:?}");
        }
    }
}

#[test]
fn equal_scores_are_projected_to_zero() {
    let oracle = Simplex::new(Const::<3>).unwrap();
    assert_eq!(Projection::Standardize.project(&oracle, &[2.0f32; 3]).unwrap(), [0.0; 3]);
    assert_eq!(Projection::Standardize.gradient(&oracle, &[2.0f32; 3], &[1.0, 0.0, 2.0]).unwrap(), [0.0; 3]);
}

/// On the simplex with Gumbel noise I-MLE is (softmax(θ) − softmax(θ − λg))/λ in expectation: 500 estimates of 200
/// samples, M = 10⁵, Z = 4.5, seed 140.
fn imle<T: Real>(shape: impl Shape) {
    let layer = Perturbed::new(Simplex::new(shape).unwrap(), Gumbel, T::ONE).unwrap();
    let (g, lambda) = ([0.5, -1.0, 1.5, 0.0, -0.25], 0.8);
    let moved: Vec<f64> = THETA.iter().zip(&g).map(|(a, g)| a - lambda * g).collect();
    let mut found = vec![Vec::new(); 5];
    for replicate in 0..500 {
        let how = MonteCarlo::new(200, Seed(140).fold(replicate));
        let gradient =
            imle_gradient(&layer, &reals::<T>(&THETA), &reals::<T>(&g), T::from_f64(lambda), how).unwrap();
        found.iter_mut().zip(gradient.as_ref()).for_each(|(list, x)| list.push(x.to_f64()));
    }
    let (here, there) = (softmax(&THETA), softmax(&moved));
    for (i, found) in found.into_iter().enumerate() {
        let want = (here[i] - there[i]) / lambda;
        Mean::of(found).assert_near(want, 0.0, T::EPSILON.to_f64(), format_args!("entry {i}"));
    }
}

#[test]
fn imle_matches_the_softmax() {
    imle::<f32>(Const::<5>);
    imle::<f64>(Dyn(5));
}

/// Argmax within {0, 2, 3}, by a closure: the partial loss is ln Σ e^θ − ln Σ_S e^θ, the gradient the difference of the
/// softmaxes. M = 10⁵, Z = 4.5, seed 141.
#[test]
fn partial_labels_match_the_closed_form() {
    let layer = Perturbed::new(Simplex::new(Const::<5>).unwrap(), Gumbel, 1.0f64).unwrap();
    let agreeing = BlackBox::new(Const::<5>, |theta: &[f64], y: &mut [f64]| {
        y.fill(0.0);
        let best = [0, 2, 3].into_iter().max_by(|&a, &b| theta[a].total_cmp(&theta[b])).unwrap();
        y[best] = 1.0;
    })
    .unwrap();
    let mut found = vec![Vec::new(); 6];
    for replicate in 0..500 {
        let how = MonteCarlo::new(200, Seed(141).fold(replicate));
        let one = partial_label(&layer, &agreeing, &THETA, how).unwrap();
        assert!(one.loss >= 0.0);
        found[0].push(one.loss);
        (0..5).for_each(|i| found[1 + i].push(one.gradient[i]));
    }
    let inside: f64 = [0, 2, 3].iter().map(|&i: &usize| THETA[i].exp()).sum();
    let all: f64 = THETA.iter().map(|x| x.exp()).sum();
    let p = softmax(&THETA);
    let mut want = vec![(all / inside).ln()];
    want.extend((0..5).map(|i| p[i] - if [0, 2, 3].contains(&i) { THETA[i].exp() / inside } else { 0.0 }));
    for (i, (found, want)) in found.into_iter().zip(want).enumerate() {
        Mean::of(found).assert_near(want, 0.0, f64::EPSILON, format_args!("entry {i}"));
    }
}

/// Trees under labels against the enumeration, sample by sample; a full label is the Fenchel–Young loss of its tree.
#[test]
fn partial_labels_of_trees_match_the_enumeration() {
    const EDGES: [(u32, u32); 6] = [(0, 1), (1, 2), (2, 3), (3, 0), (0, 2), (1, 3)];
    let theta = [0.3, -0.7, 1.1, 0.25, 0.9, 0.0];
    let all = SpanningTree::new(Graph::new(Dyn(4), Dyn(6), &EDGES).unwrap()).unwrap();
    let layer = Perturbed::new(all.clone(), Normal, 0.5f64).unwrap();
    let trees = spanning_trees(4, &EDGES);
    let how = MonteCarlo::new(64, Seed(142));
    let labels =
        [EdgeLabel::In, EdgeLabel::Free, EdgeLabel::Out, EdgeLabel::Free, EdgeLabel::Free, EdgeLabel::Free];
    let agreeing: Vec<_> = trees.iter().filter(|y| y[0] == 1.0 && y[2] == 0.0).cloned().collect();
    let found = partial_label(&layer, &all.constrained(&labels).unwrap(), &theta, how).unwrap();
    let mut want = 0.0;
    for index in 0..64 {
        let mut z = [0.0; 6];
        perturb::Noise::<f64>::fill(&Normal, &mut Seed(142).stream(index), &mut z);
        let perturbed: Vec<f64> = theta.iter().zip(z).map(|(theta, z)| theta + 0.5 * z).collect();
        want += (best(&trees, &perturbed) - best(&agreeing, &perturbed)) / 64.0;
    }
    assert!((found.loss - want).abs() < 1e-12, "{} {want}", found.loss);
    let tree = [1.0, 0.0, 1.0, 0.0, 1.0, 0.0];
    let labels = tree.map(|y| if y == 1.0 { EdgeLabel::In } else { EdgeLabel::Out });
    let found = partial_label(&layer, &all.constrained(&labels).unwrap(), &theta, how).unwrap();
    let full = layer.fenchel_young(&theta, &tree, how).unwrap();
    assert!((found.loss - full.loss).abs() < 1e-12);
    for (a, b) in found.gradient.iter().zip(&full.gradient) {
        assert!((a - b).abs() < 1e-12);
    }
    let other = TopK::new(Dyn(5), 2).unwrap();
    assert!(matches!(partial_label(&layer, &other, &theta, how), Err(Error::Length { .. })));
}

/// Any loss through the maximizer: the gradient of ln(1 + ‖y_ε‖²) against differences.
#[test]
fn composed_losses_have_their_gradients() {
    let layer = Perturbed::new(Ranking::ascending(Const::<5>).unwrap(), Normal, 0.8).unwrap();
    let loss = |y: &[f64], g: &mut [f64]| {
        let square = dot(y, y);
        g.iter_mut().zip(y).for_each(|(g, y)| *g = 2.0 * y / (1.0 + square));
        (1.0 + square).ln()
    };
    let found = composed(&layer, &THETA, Exact, Exact, loss).unwrap();
    for i in 0..5 {
        let at = |x: f64| {
            let mut theta = THETA;
            theta[i] = x;
            composed(&layer, &theta, Exact, Exact, loss).unwrap().loss
        };
        assert!((slope(THETA[i], 1e-3, at) - found.gradient[i]).abs() < 1e-9);
    }
}

/// The simplex projection by its threshold (sparsemax, Martins and Astudillo 2016).
fn sparsemax(theta: &[f64]) -> Vec<f64> {
    let mut sorted = theta.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let mut threshold = 0.0;
    let mut sum = 0.0;
    for (k, x) in sorted.iter().enumerate() {
        sum += x;
        let candidate = (sum - 1.0) / (k + 1) as f64;
        if *x > candidate {
            threshold = candidate;
        }
    }
    theta.iter().map(|x| (x - threshold).max(0.0)).collect()
}

/// The permutahedron projection by brute force over ordered partitions: for scores in descending order it is
/// isotonic: w less the antitonic regression of (scores − w), here by pooling adjacent violators.
fn permutahedron_projection(theta: &[f64]) -> Vec<f64> {
    let d = theta.len();
    let order = naive::order(theta);
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    for (place, &i) in order.iter().enumerate() {
        blocks.push((theta[i] - (d - place) as f64, 1));
        while blocks.len() > 1 {
            let (b, a) = (blocks[blocks.len() - 1], blocks[blocks.len() - 2]);
            // θ − y must not increase along the order.
            if a.0 / a.1 as f64 > b.0 / b.1 as f64 {
                break;
            }
            blocks.pop();
            *blocks.last_mut().unwrap() = (a.0 + b.0, a.1 + b.1);
        }
    }
    let shifts = blocks.iter().flat_map(|&(sum, count)| std::iter::repeat_n(sum / count as f64, count));
    let mut y = vec![0.0; d];
    order.iter().zip(shifts).for_each(|(&i, shift)| y[i] = theta[i] - shift);
    y
}

/// Within the certified distance √(2·gap/λ) of the projection of θ/λ.
fn projected<T: Real, O: Oracle<T>>(oracle: &O, lambda: f64, want: &[f64]) {
    let tolerance = if T::EPSILON.to_f64() < 1e-10 { 1e-5 } else { 1e-3 };
    let map = SparseMap { lambda: T::from_f64(lambda), tolerance: T::from_f64(tolerance), steps: 1_000_000 };
    let found = map.maximizer(oracle, &reals::<T>(&THETA)).unwrap();
    assert!(found.gap.to_f64() <= tolerance, "{} {}: gap {}", O::NAME, T::NAME, found.gap);
    let y = widened(found.y.as_ref());
    let distance: f64 = y.iter().zip(want).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt();
    let rounding = 64.0 * T::EPSILON.to_f64() * THETA.len() as f64;
    let bound = (2.0 * tolerance / lambda).sqrt() + rounding;
    assert!(distance <= bound, "{} {}: {y:?} is {distance:e} from {want:?}", O::NAME, T::NAME);
    // The loss vanishes at the maximizer, and its gradient is y_λ − y.
    let loss = map.loss(oracle, &reals::<T>(&THETA), found.y.as_ref()).unwrap();
    assert!(loss.loss.to_f64() <= 1e-3 && loss.gradient.as_ref().iter().all(|g| g.abs() == T::ZERO));
}

fn regularized<T: Real>(shape: impl Shape) {
    for lambda in [0.5, 1.0, 4.0] {
        let scaled: Vec<f64> = THETA.iter().map(|x| x / lambda).collect();
        projected::<T, _>(&Simplex::new(shape).unwrap(), lambda, &sparsemax(&scaled));
        let clipped: Vec<f64> = scaled.iter().map(|x| x.clamp(0.0, 1.0)).collect();
        projected::<T, _>(&Hypercube::binary(shape).unwrap(), lambda, &clipped);
        projected::<T, _>(&Ranking::ascending(shape).unwrap(), lambda, &permutahedron_projection(&scaled));
    }
}

#[test]
fn regularized_maximizers_are_projections() {
    regularized::<f64>(Const::<5>);
    regularized::<f32>(Dyn(5));
}

#[test]
fn parameters_are_refused_by_name() {
    let oracle = Simplex::new(Const::<2>).unwrap();
    let layer = Perturbed::new(oracle, Normal, 1.0).unwrap();
    let how = MonteCarlo::new(1, Seed(0));
    let (theta, g) = ([0.0, 1.0], [1.0, 0.0]);
    let lambda = Error::NotPositive { parameter: "lambda" };
    assert_eq!(interpolation_gradient(&oracle, &theta, &g, 0.0).unwrap_err(), lambda);
    assert_eq!(imle_gradient(&layer, &theta, &g, -1.0, how).unwrap_err(), lambda);
    let map = SparseMap { lambda: f64::NAN, tolerance: 1e-3, steps: 10 };
    assert_eq!(map.maximizer(&oracle, &theta).unwrap_err(), lambda);
    let nan = Error::NotFinite { parameter: "cotangent", index: 1 };
    assert_eq!(interpolation_gradient(&oracle, &theta, &[0.0, f64::NAN], 1.0).unwrap_err(), nan);
    assert_eq!(Projection::Mean.gradient(&oracle, &theta, &[0.0, f64::NAN]).unwrap_err(), nan);
    assert!(matches!(SpoPlus::new(&oracle, &[0.0]), Err(Error::Length { parameter: "truth", .. })));
    let infinite = composed(&layer, &theta, Exact, Exact, |_, _| f64::INFINITY).unwrap_err();
    assert_eq!(infinite, Error::Overflow { quantity: "the loss" });
}

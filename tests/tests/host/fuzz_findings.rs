//! What the targets of `fuzz` found in the core. Mostly results that leave the range of the number type although all inputs
//! are finite: they were infinite or NaN, and are now refused.

use std::fmt::Debug;

use perturb::loss::{SparseMap, SpoPlus, imle_gradient, interpolation_gradient, partial_label};
use perturb::{
    Affine, BatchExt, BlackBox, Const, Dyn, Error, Exact, Graph, Gumbel, Hypercube, MonteCarlo,
    Multiplicative, Normal, Perturbed, Ranking, Seed, Simplex, SpanningTree, oracle::EdgeLabel,
};

const MOST: f64 = f64::MAX;

const TINY: f64 = 1e-310;

const ONE: MonteCarlo = MonteCarlo::new(1, Seed(120));

const TWO: MonteCarlo = MonteCarlo::new(2, Seed(120));

fn signs() -> Hypercube<f64, Const<1>> {
    Hypercube::sign(Const).unwrap()
}

fn simplex() -> Simplex<Const<2>> {
    Simplex::new(Const).unwrap()
}

/// What is too large.
fn overflow<R: Debug>(result: Result<R, Error>) -> &'static str {
    match result {
        Err(Error::Overflow { quantity }) => quantity,
        other => panic!("{other:?} is no overflow"),
    }
}

#[test]
fn the_regret_of_huge_true_scores() {
    let spo = SpoPlus::new(&signs(), &[MOST]).unwrap();
    assert_eq!(overflow(spo.regret(&signs(), &[-1.0])), "the regret");
}

#[test]
fn the_gradient_of_spo_plus_for_huge_vertices() {
    let oracle = Ranking::new(Const::<2>, &[-MOST, MOST]).unwrap();
    let spo = SpoPlus::new(&oracle, &[1e-300, 0.0]).unwrap();
    assert_eq!(overflow(spo.loss(&oracle, &[0.0, 2e-300])), "the loss");
}

#[test]
fn gradients_of_tiny_steps() {
    let found = interpolation_gradient(&simplex(), &[0.0, 0.0], &[1.0, -1.0], TINY);
    assert_eq!(overflow(found), "the gradient");
    let layer = Perturbed::new(simplex(), Normal, TINY / 100.0).unwrap();
    assert_eq!(overflow(imle_gradient(&layer, &[0.0, 0.0], &[1.0, -1.0], TINY, TWO)), "the gradient");
}

#[test]
fn the_regularised_loss_of_a_huge_target() {
    let sparse = SparseMap { lambda: 1.0, tolerance: 1e-6, steps: 10 };
    // Of a simplex that does not say what lies outside.
    let larger = |theta: &[f64], y: &mut [f64]| {
        y.copy_from_slice(if theta[0] >= theta[1] { &[1.0, 0.0] } else { &[0.0, 1.0] });
    };
    let larger = BlackBox::new(Const::<2>, larger).unwrap();
    for target in [[MOST, MOST], [MOST, -MOST]] {
        assert_eq!(overflow(sparse.loss(&larger, &[1.0, 0.0], &target)), "the loss");
        let refused = sparse.loss(&simplex(), &[1.0, 0.0], &target).map(|found| found.loss);
        assert_eq!(refused, Err(Error::OutsideHull { parameter: "target" }));
    }
}

/// An infinite gap certified a finite value.
#[test]
fn the_gap_of_huge_scores() {
    let sparse = SparseMap { lambda: 0.9 * MOST, tolerance: 1e-6, steps: 0 };
    assert_eq!(overflow(sparse.maximizer(&signs(), &[0.1 * MOST])), "the duality gap");
}

#[test]
fn the_loss_of_a_partial_label_far_from_the_scores() {
    let graph = Graph::new(Const::<2>, Const::<2>, &[(0, 1), (0, 1)]).unwrap();
    let tree = SpanningTree::new(graph).unwrap();
    let agreeing = tree.constrained(&[EdgeLabel::Out, EdgeLabel::In]).unwrap();
    let scores = [0.9 * MOST, -0.9 * MOST];
    let layer = Perturbed::new(&tree, Gumbel, 1e302).unwrap();
    assert_eq!(overflow(partial_label(&layer, &agreeing, &scores, ONE)), "the loss");
    // Where the noise would not reach the last digits of the scores.
    let layer = Perturbed::new(&tree, Gumbel, 1.0).unwrap();
    assert_eq!(overflow(partial_label(&layer, &agreeing, &scores, ONE)), "theta / epsilon");
}

/// Factors have mean 1: of some seeds the first is larger.
#[test]
fn values_and_losses_of_huge_scores_times_factors() {
    let layer = Multiplicative::new(signs(), 1.0).unwrap();
    let mut told = 0;
    for seed in 0..20 {
        let how = MonteCarlo::new(1, Seed(seed));
        match (layer.value_and_gradient(&[MOST], how), layer.fenchel_young(&[MOST], &[0.0], how)) {
            (Ok((value, _)), Ok(loss)) => assert!(value.is_finite() && loss.loss.is_finite()),
            (value, loss) => {
                assert_eq!((overflow(value), overflow(loss)), ("the value", "the loss"));
                told += 1;
            }
        }
    }
    assert!(told > 0);
}

#[test]
fn omega_of_an_offset_in_units_of_a_tiny_temperature() {
    let oracle = BlackBox::new(Const::<1>, |_: &[f64], y: &mut [f64]| y.fill(1.0)).unwrap();
    let layer = Perturbed::new(oracle.with_offset(|_: &[f64]| 1.0), Normal, TINY).unwrap();
    assert_eq!(overflow(layer.omega(&[1.0], TWO)), "Omega");
}

#[test]
fn losses_of_points_far_from_the_scores() {
    // By the dual, and with Ω in closed form.
    let layer = Perturbed::new(signs(), Normal, 1.0).unwrap();
    assert_eq!(overflow(layer.fenchel_young(&[MOST], &[-0.5], ONE)), "the loss");
    let layer = Perturbed::new(simplex(), Gumbel, 1.0).unwrap();
    let theta = [0.75 * MOST, -0.75 * MOST];
    assert_eq!(overflow(layer.fenchel_young(&theta, &[0.25, 0.75], Exact)), "the loss");
}

#[test]
fn gradients_of_huge_targets() {
    let oracle = Ranking::new(Const::<2>, &[0.75 * MOST, -0.75 * MOST]).unwrap();
    let layer = Perturbed::new(oracle, Normal, 1.0).unwrap();
    let target = [-0.75 * MOST, 0.75 * MOST];
    assert_eq!(overflow(layer.fenchel_young_gradient(&[50.0, 0.0], &target, TWO)), "the gradient");
}

/// It was that of the first independent sample, where a batch had the quasi-random one.
#[test]
fn the_gradient_of_one_quasi_random_sample_is_that_of_its_maximizer() {
    let layer = Perturbed::new(Simplex::new(Dyn(5)).unwrap(), Normal, 1.0).unwrap();
    let (theta, target) = ([0.1, 0.2, 0.0, -0.1, 0.3], [0.0, 1.0, 0.0, 0.0, 0.0]);
    for seed in 0..20 {
        let how = MonteCarlo::new(1, Seed(seed)).quasi_random();
        let gradient = layer.fenchel_young_gradient(&theta, &target, how).unwrap();
        let y = layer.maximizer(&theta, how).unwrap();
        let difference: Vec<f64> = y.iter().zip(target).map(|(y, target)| y - target).collect();
        assert_eq!(gradient, difference, "seed {seed}");
        let batch = layer.batch().fenchel_young_gradient(&theta, &target, how).unwrap();
        assert_eq!(batch, layer.fenchel_young_gradient(&theta, &target, how.row(0)).unwrap(), "seed {seed}");
    }
}

#[test]
fn scores_of_a_model_whose_weights_are_not_finite() {
    let mut model = Affine::<f64, 1, 2>::zeros();
    model.weights[0] = MOST;
    assert_eq!(overflow(model.scores(&[2.0])), "the scores Wx + b");
    model.weights[0] = f64::NAN;
    assert_eq!(overflow(model.scores(&[0.0])), "the scores Wx + b");
}

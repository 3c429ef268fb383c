//! Losses of what is known in part against closed forms and enumerations.

use perturb::loss::partial_label;
use perturb::{
    BlackBox, Const, Dyn, Error, Graph, Gumbel, MonteCarlo, Normal, Perturbed, Seed, Simplex, SpanningTree,
    TopK, oracle::EdgeLabel,
};
use perturb_tests::naive_combinatorial::{best, spanning_trees};
use perturb_tests::statistics::Mean;

use crate::scores::{THETA, softmax};

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

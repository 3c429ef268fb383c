//! Losses of what is known in part.

use perturb_core::loss::partial_label;
use perturb_core::{
    Const, Graph, MonteCarlo, Normal, Perturbed, Real, Seed, SpanningTree, oracle::EdgeLabel,
};

use crate::cases::{close, rounding};
use crate::layers::reals;

/// A label that leaves one tree gives the Fenchel–Young loss of that tree.
pub(crate) fn full_label<T: Real>() {
    let edges = [(0, 1), (1, 2), (2, 3), (3, 0), (0, 2), (1, 3)];
    let all = SpanningTree::new(Graph::new(Const::<4>, Const::<6>, &edges).unwrap()).unwrap();
    let tree = [1.0, 0.0, 1.0, 0.0, 1.0, 0.0];
    let labels = tree.map(|y| if y == 1.0 { EdgeLabel::In } else { EdgeLabel::Out });
    let agreeing = all.constrained(&labels).unwrap();
    let layer = Perturbed::new(all, Normal, T::HALF).unwrap();
    let theta = reals::<T, 6>([0.3, -0.7, 1.1, 0.25, 0.9, 0.0]);
    let how = MonteCarlo::new(64, Seed(375));
    let found = partial_label(&layer, &agreeing, &theta, how).unwrap();
    let full = layer.fenchel_young(&theta, &reals(tree), how).unwrap();
    close(found.loss, full.loss.to_f64(), rounding::<T>(64.0), "loss");
    for (found, full) in found.gradient.into_iter().zip(full.gradient) {
        close(found, full.to_f64(), rounding::<T>(64.0), "gradient");
    }
    // A constant of 2²¹ or 2⁵⁰ in all scores, where numbers are a quarter apart, is in both values and not in the loss.
    let near = reals::<T, 6>([0.25, -0.75, 1.0, 0.25, 1.0, 0.0]);
    let far = near.map(|x| x + T::ONE / (T::EPSILON * T::from_f64(4.0)));
    let want = partial_label(&layer, &agreeing, &near, how).unwrap();
    let found = partial_label(&layer, &agreeing, &far, how).unwrap();
    close(found.loss, want.loss.to_f64(), rounding::<T>(64.0), "loss of large scores");
    assert_eq!(found.gradient, want.gradient);
}

//! Losses of the neighbouring literature against their definitions.

use perturb_core::loss::{
    Projection, SparseMap, SpoPlus, imle_gradient, interpolation_gradient, partial_label,
};
use perturb_core::{
    Const, EdgeLabel, Error, Graph, Gumbel, Hypercube, MonteCarlo, Normal, Perturbed, Ranking, Real, Seed,
    Simplex, SpanningTree,
};

use super::{close, quarters, rounding};
use crate::layers::reals;
use crate::vertices::{Each, Tie, best, dot, most, permutahedron};

/// SPO+ is max over vertices of ⟨2θ − t, y⟩, − 2⟨θ, y*(t)⟩ + F(t), and bounds the regret.
pub(crate) fn spo_plus<T: Real>() {
    let oracle = Ranking::<T, _>::ascending(Const::<4>).unwrap();
    let all = |each: Each<'_>| permutahedron(&[1.0, 2.0, 3.0, 4.0], each);
    for instance in 0..10 {
        let (theta, truth) = (quarters::<4>(370, instance), quarters::<4>(371, instance));
        let spo = SpoPlus::new(&oracle, &reals::<T, 4>(truth)).unwrap();
        let found = spo.loss(&oracle, &reals(theta)).unwrap();
        let reflected = [0, 1, 2, 3].map(|i| 2.0 * theta[i] - truth[i]);
        let (y, value) = best(all, &truth, Tie::LowestIndex);
        let want = most(all, &reflected) - 2.0 * dot(&y[..4], &theta) + value;
        assert_eq!(found.loss.to_f64(), want);
        let regret = spo.regret(&oracle, &reals(theta)).unwrap().to_f64();
        assert!((0.0..=want).contains(&regret), "regret");
        assert_eq!(spo.loss(&oracle, &reals(truth)).unwrap().loss, T::ZERO);
    }
}

/// (y*(θ) − y*(θ − λg))/λ by definition.
pub(crate) fn interpolation<T: Real>() {
    let oracle = Ranking::<T, _>::ascending(Const::<4>).unwrap();
    let layer = Perturbed::new(oracle, Normal, T::ONE).unwrap();
    for instance in 0..10 {
        let (theta, g) = (quarters::<4>(372, instance), quarters::<4>(373, instance));
        let moved = [0, 1, 2, 3].map(|i| theta[i] - 0.5 * g[i]);
        let (y, other) = (layer.decide(&reals(theta)).unwrap().1, layer.decide(&reals(moved)).unwrap().1);
        let found = interpolation_gradient(layer.oracle(), &reals(theta), &reals(g), T::HALF).unwrap();
        for i in 0..4 {
            assert_eq!(found[i], (y[i] - other[i]) / T::HALF);
        }
    }
}

/// Projected scores have mean 0 and norm 1, their gradients are orthogonal to both; equal scores are projected to 0.
pub(crate) fn projections<T: Real>() {
    let oracle = Simplex::new(Const::<4>).unwrap();
    let (theta, g) = (reals::<T, 4>([0.5, -1.0, 0.25, 2.0]), reals::<T, 4>([1.0, 0.5, -2.0, 0.25]));
    let sum = |x: &[T; 4]| x.iter().copied().sum::<T>();
    let inner = |a: &[T; 4], b: &[T; 4]| a.iter().zip(b).fold(T::ZERO, |sum, (&a, &b)| sum + a * b);
    let mean = Projection::Mean.project(&oracle, &theta).unwrap();
    close(sum(&mean), 0.0, rounding::<T>(16.0), "mean");
    let unit = Projection::Standardize.project(&oracle, &theta).unwrap();
    close(inner(&unit, &unit), 1.0, rounding::<T>(16.0), "norm");
    let gradient = Projection::Standardize.gradient(&oracle, &theta, &g).unwrap();
    close(sum(&gradient), 0.0, rounding::<T>(32.0), "sum of the gradient");
    close(inner(&gradient, &unit), 0.0, rounding::<T>(32.0), "gradient along the scores");
    assert_eq!(Projection::None.gradient(&oracle, &theta, &g).unwrap(), g);
    assert_eq!(Projection::Standardize.project(&oracle, &[T::TWO; 4]).unwrap(), [T::ZERO; 4]);
}

/// I-MLE is the difference of two maximizers under the same noise, over λ.
pub(crate) fn implicit<T: Real>() {
    let layer = Perturbed::new(Simplex::new(Const::<3>).unwrap(), Gumbel, T::ONE).unwrap();
    let (theta, moved, g) = ([0.25, 0.5, -0.25], [0.0, 1.0, -0.25], [0.5, -1.0, 0.0]);
    let how = MonteCarlo::new(64, Seed(374));
    let (y, other) =
        (layer.maximizer(&reals(theta), how).unwrap(), layer.maximizer(&reals(moved), how).unwrap());
    let found = imle_gradient(&layer, &reals(theta), &reals(g), T::HALF, how).unwrap();
    for i in 0..3 {
        assert_eq!(found[i], (y[i] - other[i]) / T::HALF);
    }
}

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
}

/// SparseMAP on {0, 1}ᵈ clips, within the distance √(2·gap/λ) that its gap certifies.
pub(crate) fn clips<T: Real>() {
    let map = SparseMap { lambda: T::TWO, tolerance: T::from_f64(1e-3), steps: 2000 };
    let oracle = Hypercube::binary(Const::<3>).unwrap();
    let found = map.maximizer(&oracle, &reals([0.5, -0.75, 3.0])).unwrap();
    assert!(found.gap.to_f64() <= 1e-3, "gap");
    for (y, want) in found.y.into_iter().zip([0.25, 0.0, 1.0]) {
        close(y, want, 0.032, "clipped");
    }
}

pub(crate) fn refusals<T: Real>() {
    let oracle = Simplex::new(Const::<2>).unwrap();
    let layer = Perturbed::new(oracle, Normal, T::ONE).unwrap();
    let (theta, g) = (reals::<T, 2>([0.0, 1.0]), reals::<T, 2>([1.0, 0.0]));
    let lambda = Some(Error::NotPositive { parameter: "lambda" });
    assert_eq!(interpolation_gradient(&oracle, &theta, &g, T::ZERO).err(), lambda);
    assert_eq!(imle_gradient(&layer, &theta, &g, -T::ONE, MonteCarlo::new(1, Seed(0))).err(), lambda);
    let map = SparseMap { lambda: T::from_f64(f64::NAN), tolerance: T::ONE, steps: 10 };
    assert_eq!(map.maximizer(&oracle, &theta).err(), lambda);
    let bad = [T::ZERO, T::INFINITY];
    let infinite = Some(Error::NotFinite { parameter: "cotangent", index: 1 });
    assert_eq!(interpolation_gradient(&oracle, &theta, &bad, T::ONE).err(), infinite);
    assert_eq!(Projection::Mean.gradient(&oracle, &theta, &bad).err(), infinite);
    assert!(matches!(SpoPlus::new(&oracle, &theta[..1]), Err(Error::Length { parameter: "truth", .. })));
}

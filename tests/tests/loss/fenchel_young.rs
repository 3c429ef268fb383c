//! The Fenchel–Young loss: its true value with Ω, its zero, its gradient, and the dual that finds Ω.

use perturb::{
    ClosedForm, Const, Dyn, Error, Exact, Gumbel, Hypercube, MonteCarlo, Normal, Perturbed, Ranking, Real,
    Seed, Shape, Simplex, TopK, noise::Law,
};
use perturb_tests::naive::dot;
use perturb_tests::pairs::{Property, for_every_pair};
use perturb_tests::statistics::slope;
use perturb_tests::{reals, widened};

const CLASSES: [f64; 5] = [-0.6, 1.9, -0.2, 1.1, -1.0];
const EULER_GAMMA: f64 = 0.577_215_664_901_532_9;

fn softmax(theta: &[f64], epsilon: f64) -> Vec<f64> {
    let weights: Vec<f64> = theta.iter().map(|theta| (theta / epsilon).exp()).collect();
    let total: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight / total).collect()
}

/// On the simplex with Gumbel noise: ε·KL(y‖softmax(θ/ε)), at a vertex −ε ln softmax; and
/// Ω(y) = Σ y ln y − γ follows from the loss.
fn gumbel_simplex<T: Real>(shape: impl Shape, tolerance: f64) {
    for epsilon in [0.25, 0.5, 3.0] {
        let p = softmax(&CLASSES, epsilon);
        let layer = Perturbed::new(Simplex::new(shape).unwrap(), Gumbel, T::from_f64(epsilon)).unwrap();
        let theta = reals::<T>(&CLASSES);
        for target in [
            vec![0.2; 5],
            vec![0.1, 0.4, 0.2, 0.25, 0.05],
            vec![0.5, 0.0, 0.0, 0.5, 0.0],
            vec![0.0, 1.0, 0.0, 0.0, 0.0],
            vec![0.0, 0.0, 0.0, 0.0, 1.0],
        ] {
            let found = layer.fenchel_young(&theta, &reals::<T>(&target), Exact).unwrap();
            let terms = target.iter().zip(&p).filter(|(y, _)| **y > 0.0);
            let divergence: f64 = terms.map(|(y, p)| y * (y / p).ln()).sum();
            let off = (found.loss.to_f64() - epsilon * divergence).abs();
            assert!(off <= tolerance * divergence.max(1.0), "{target:?}, ε = {epsilon}: off by {off:e}");
            let value = layer.value(&theta, Exact).unwrap().to_f64();
            let omega = (found.loss.to_f64() - value + dot(&target, &CLASSES)) / epsilon;
            let entropy: f64 = target.iter().filter(|y| **y > 0.0).map(|y| y * y.ln()).sum();
            assert!((omega - entropy + EULER_GAMMA).abs() <= 20.0 * tolerance, "Ω{target:?}: {omega}");
        }
    }
}

#[test]
fn gumbel_on_the_simplex_is_the_divergence() {
    gumbel_simplex::<f64>(Const::<5>, 1e-14);
    gumbel_simplex::<f64>(Dyn(5), 1e-14);
    gumbel_simplex::<f32>(Const::<5>, 4e-6);
    gumbel_simplex::<f32>(Dyn(5), 4e-6);
}

/// The loss is 0 at y = y_ε(θ), exact and sampled under the same noise (M = 1, 50, 1000; seed 90), and so is
/// its gradient. Exact losses that have a formula carry its rounding: some units of F_ε in the last place.
struct ZeroAtItsOwnMaximizer;
impl<T: Real> Property<T> for ZeroAtItsOwnMaximizer {
    fn check<N: Law<T>, O: ClosedForm<T, N> + Copy>(&mut self, layer: &Perturbed<O, N, T>, theta: &[T]) {
        let rounding = T::EPSILON.to_f64() * 16.0;
        let y = layer.maximizer(theta, Exact).unwrap();
        let found = layer.fenchel_young(theta, y.as_ref(), Exact).unwrap();
        let loss = found.loss.to_f64();
        assert!(
            (0.0..=rounding).contains(&loss),
            "{} {} {}: {loss}",
            T::NAME,
            layer.oracle().properties().name,
            layer.noise().name()
        );
        assert!(found.gradient.as_ref().iter().all(|g| *g == T::ZERO));
        for samples in [1, 50, 1000] {
            let how = MonteCarlo::new(samples, Seed(90));
            let y = layer.maximizer(theta, how).unwrap();
            let found = layer.fenchel_young(theta, y.as_ref(), how).unwrap();
            assert_eq!(
                found.loss,
                T::ZERO,
                "{} {} {}, M = {samples}",
                T::NAME,
                layer.oracle().properties().name,
                layer.noise().name()
            );
            assert!(found.gradient.as_ref().iter().all(|g| *g == T::ZERO));
        }
    }
}

#[test]
fn losses_vanish_at_their_own_maximizer() {
    for_every_pair::<f64>(0.5, &mut ZeroAtItsOwnMaximizer);
    for_every_pair::<f64>(0.05, &mut ZeroAtItsOwnMaximizer);
    for_every_pair::<f32>(0.5, &mut ZeroAtItsOwnMaximizer);
    for_every_pair::<f32>(0.05, &mut ZeroAtItsOwnMaximizer);
}

/// For y = y_ε(θ′) the loss is the Bregman divergence F_ε(θ) − F_ε(θ′) − ⟨y, θ − θ′⟩: Ω without a formula.
struct Bregman;
impl Property<f64> for Bregman {
    fn check<N: Law<f64>, O: ClosedForm<f64, N> + Copy>(
        &mut self,
        layer: &Perturbed<O, N, f64>,
        theta: &[f64],
    ) {
        let other: Vec<f64> =
            theta.iter().enumerate().map(|(i, x)| 0.4 * x + 0.3 * (i as f64).cos()).collect();
        let (value, start) = layer.value_and_maximizer(theta, Exact).unwrap();
        let (value_there, y) = layer.value_and_maximizer(&other, Exact).unwrap();
        let step: Vec<f64> = theta.iter().zip(&other).map(|(a, b)| a - b).collect();
        let want = value - value_there - dot(y.as_ref(), &step);
        let found = layer.fenchel_young(theta, y.as_ref(), Exact).unwrap();
        assert!(found.loss >= 0.0 && want > 0.01);
        let off = (found.loss - want).abs() / want.max(1.0);
        assert!(
            off <= 1e-10,
            "{} {}: {}, not {want}",
            layer.oracle().properties().name,
            layer.noise().name(),
            found.loss
        );
        for ((&gradient, &start), &y) in found.gradient.as_ref().iter().zip(start.as_ref()).zip(y.as_ref()) {
            assert_eq!(gradient, start - y);
        }
        let alone = layer.fenchel_young_gradient(theta, y.as_ref(), Exact).unwrap();
        assert_eq!(alone.as_ref(), found.gradient.as_ref());
    }
}

#[test]
fn losses_inside_are_bregman_divergences() {
    for_every_pair(0.5, &mut Bregman);
    for_every_pair(1.5, &mut Bregman);
}

/// At a vertex, exact: convex, nonnegative, and its gradient is its slope; sampled: the mean of nonnegative
/// terms, and the gradient with one sample is that sample less y.
struct AtVertices;
impl Property<f64> for AtVertices {
    fn check<N: Law<f64>, O: ClosedForm<f64, N> + Copy>(
        &mut self,
        layer: &Perturbed<O, N, f64>,
        theta: &[f64],
    ) {
        let negated: Vec<f64> = theta.iter().map(|x| -x).collect();
        for vertex in [layer.decide(theta).unwrap().1, layer.decide(&negated).unwrap().1] {
            let vertex = vertex.as_ref();
            let exact = layer.fenchel_young(theta, vertex, Exact).unwrap();
            assert!(exact.loss >= 0.0);
            for (i, &gradient) in exact.gradient.as_ref().iter().enumerate() {
                let want = slope(theta[i], 1e-3, |x| {
                    let mut theta = theta.to_vec();
                    theta[i] = x;
                    layer.fenchel_young(&theta, vertex, Exact).unwrap().loss
                });
                assert!(
                    (gradient - want).abs() < 1e-8,
                    "{} {}: {gradient} {want}",
                    layer.oracle().properties().name,
                    layer.noise().name()
                );
            }
            let one = MonteCarlo::new(1, Seed(91));
            let gradient = layer.fenchel_young_gradient(theta, vertex, one).unwrap();
            let sample = layer.sample(theta, Seed(91), 0).unwrap();
            for ((&gradient, &y), &vertex) in gradient.as_ref().iter().zip(sample.as_ref()).zip(vertex) {
                assert_eq!(gradient, y - vertex);
            }
            let both = layer.fenchel_young(theta, vertex, one).unwrap();
            assert!(both.loss >= 0.0);
            assert_eq!(both.gradient.as_ref(), gradient.as_ref());
        }
    }
}

#[test]
fn vertices_have_exact_losses() {
    for_every_pair(0.5, &mut AtVertices);
}

/// Sampled inside C (M = 1000, seed 92): the dual under the same noise reaches the Bregman divergence of the
/// sampled F_ε, piecewise linear though it is.
struct SampledInside;
impl Property<f64> for SampledInside {
    fn check<N: Law<f64>, O: ClosedForm<f64, N> + Copy>(
        &mut self,
        layer: &Perturbed<O, N, f64>,
        theta: &[f64],
    ) {
        let how = MonteCarlo::new(1000, Seed(92));
        let other: Vec<f64> = theta.iter().map(|x| 0.4 * x).collect();
        let (value, _) = layer.value_and_maximizer(theta, how).unwrap();
        let (value_there, y) = layer.value_and_maximizer(&other, how).unwrap();
        let step: Vec<f64> = theta.iter().zip(&other).map(|(a, b)| a - b).collect();
        let want = value - value_there - dot(y.as_ref(), &step);
        let found = layer.fenchel_young(theta, y.as_ref(), how).unwrap().loss;
        assert!(
            (found - want).abs() <= 1e-6 * layer.epsilon(),
            "{} {}: {found}, {want}",
            layer.oracle().properties().name,
            layer.noise().name()
        );
    }
}

#[test]
fn sampled_duals_reach_the_sampled_divergence() {
    for_every_pair(0.5, &mut SampledInside);
}

/// Where Ω is infinite, there is no loss.
#[test]
fn targets_outside_the_hull_are_refused() {
    let outside = Err(Error::OutsideHull { parameter: "target" });
    let how = MonteCarlo::new(100, Seed(93));
    let theta = [0.3, -0.2, 0.5];
    let simplex = Perturbed::new(Simplex::new(Const::<3>).unwrap(), Normal, 0.5).unwrap();
    let softmax = Perturbed::new(Simplex::new(Const::<3>).unwrap(), Gumbel, 0.5).unwrap();
    for target in [[0.5, 0.5, 0.5], [1.2, -0.1, -0.1], [0.0, 0.0, 0.0], [2.0, 0.0, 0.0]] {
        assert_eq!(simplex.fenchel_young(&theta, &target, Exact), outside, "{target:?}");
        assert_eq!(simplex.fenchel_young(&theta, &target, how), outside, "{target:?}");
        assert_eq!(softmax.fenchel_young(&theta, &target, Exact), outside, "{target:?}");
        assert_eq!(softmax.fenchel_young(&theta, &target, how), outside, "{target:?}");
    }
    let top = Perturbed::new(TopK::new(Const::<3>, 2).unwrap(), Gumbel, 0.5).unwrap();
    for target in [[1.5, 0.5, 0.0], [1.0, 1.0, 1.0], [1.0, 0.0, 0.0]] {
        assert_eq!(top.fenchel_young(&theta, &target, Exact), outside, "{target:?}");
    }
    let cube = Perturbed::new(Hypercube::binary(Const::<3>).unwrap(), Normal, 0.5).unwrap();
    for target in [[1.1, 0.5, 0.5], [-0.1, 0.5, 0.5]] {
        assert_eq!(cube.fenchel_young(&theta, &target, Exact), outside, "{target:?}");
    }
    let ranks = Perturbed::new(Ranking::ascending(Const::<3>).unwrap(), Normal, 0.5).unwrap();
    for target in [[3.0, 3.0, 0.0], [1.0, 1.0, 1.0], [3.5, 1.5, 1.0]] {
        assert_eq!(ranks.fenchel_young(&theta, &target, Exact), outside, "{target:?}");
        assert_eq!(ranks.fenchel_young(&theta, &target, how), outside, "{target:?}");
    }
}

/// Partial rankings: tied labels share their mean rank, a point on the boundary or inside.
#[test]
fn partial_labels_have_finite_losses() {
    let layer = Perturbed::new(Ranking::ascending(Dyn(4)).unwrap(), Normal, 0.5).unwrap();
    for target in [[1.5, 1.5, 3.5, 3.5], [2.5, 2.5, 2.5, 2.5], [1.0, 3.0, 3.0, 3.0]] {
        let found = layer.fenchel_young(&[0.3, -0.2, 0.5, 0.1], &target, Exact).unwrap();
        assert!(found.loss >= 0.0 && found.loss.is_finite(), "{target:?}: {}", found.loss);
        let y = layer.maximizer(&[0.3, -0.2, 0.5, 0.1], Exact).unwrap();
        for ((gradient, y), target) in widened(&found.gradient).iter().zip(y).zip(target) {
            assert_eq!(*gradient, y - target);
        }
    }
}

/// Exact losses at a vertex keep their digits in f32: many labels, scores far from 0, and wrong vertices. f64 is the
/// reference, itself checked against nonnegative sums over pairs in another order.
#[test]
fn losses_at_vertices_do_not_cancel() {
    fn check<N: Law<f32> + Law<f64>>(noise: N, dim: usize, offset: f64, spread: f64) {
        // Dyadic scores, exact in f32, in the order of the target.
        let theta: Vec<f64> = (0..dim).map(|i| offset + spread * ((i * 37 % dim) as f64)).collect();
        let target: Vec<f64> = (0..dim).map(|i| (i * 37 % dim) as f64 + 1.0).collect();
        let single = Perturbed::new(Ranking::ascending(Dyn(dim)).unwrap(), noise, 1.0f32).unwrap();
        let double = Perturbed::new(Ranking::ascending(Dyn(dim)).unwrap(), noise, 1.0f64).unwrap();
        let got = single.fenchel_young(&reals::<f32>(&theta), &reals::<f32>(&target), Exact).unwrap().loss;
        let want = double.fenchel_young(&theta, &target, Exact).unwrap().loss;
        assert!((f64::from(got) - want).abs() <= 2e-5 * want, "d = {dim}, {offset}: {got} for {want}");

        let mut one = vec![0.0; dim];
        one[theta.iter().position(|&x| x == theta.iter().copied().fold(f64::MIN, f64::max)).unwrap()] = 1.0;
        let single = Perturbed::new(Simplex::new(Dyn(dim)).unwrap(), noise, 1.0f32).unwrap();
        let double = Perturbed::new(Simplex::new(Dyn(dim)).unwrap(), noise, 1.0f64).unwrap();
        let got = single.fenchel_young(&reals::<f32>(&theta), &reals::<f32>(&one), Exact).unwrap().loss;
        let want = double.fenchel_young(&theta, &one, Exact).unwrap().loss;
        let scale = spread * dim as f64;
        assert!(
            (f64::from(got) - want).abs() <= 1e-6 * scale.max(1.0),
            "simplex, {offset}: {got} for {want}"
        );
    }
    // 37 is prime to all sizes.
    for (dim, spread) in [(10, 1.0), (100, 1.0), (500, 1.0), (500, 0.0625)] {
        for offset in [0.0, 4096.0] {
            check(Normal, dim, offset, spread);
            check(Gumbel, dim, offset, spread);
        }
    }
    let layer = Perturbed::new(Ranking::ascending(Dyn(2)).unwrap(), Gumbel, 1.0f64).unwrap();
    let found = layer.fenchel_young(&[0.0, 3.0], &[1.0, 2.0], Exact).unwrap().loss;
    assert!((found - (-3.0f64).exp().ln_1p()).abs() < 1e-15, "two labels: ln(1 + exp(-3)), not {found}");
}

/// Scores whose rounding is coarser than ε: the dual still finds the loss, and points outside the hull.
#[test]
fn the_dual_works_below_the_resolution_of_the_scores() {
    let (theta, inside, outside) = ([1e5, 0.0, 0.0], [0.0, 0.7, 0.3], [0.0, 0.8, 0.4]);
    let single = Perturbed::new(Simplex::new(Const::<3>).unwrap(), Normal, 1e-3f32).unwrap();
    let double = Perturbed::new(Simplex::new(Const::<3>).unwrap(), Normal, 1e-3f64).unwrap();
    let want = double.fenchel_young(&theta, &inside, Exact).unwrap().loss;
    assert!((want - 1e5).abs() < 0.01, "{want}");
    let theta = theta.map(|x| x as f32);
    for loss in [
        single.fenchel_young(&theta, &inside.map(|y| y as f32), Exact).unwrap().loss,
        single.fenchel_young(&theta, &inside.map(|y| y as f32), MonteCarlo::new(100, Seed(91))).unwrap().loss,
    ] {
        assert!((f64::from(loss) - want).abs() < 1e-5 * want, "{loss} for {want}");
    }
    let refused = single.fenchel_young(&theta, &outside.map(|y| y as f32), Exact);
    assert_eq!(refused.unwrap_err(), Error::OutsideHull { parameter: "target" });
}

/// Reference vectors whose spacing the number type cannot tell are refused, not taken for equally spaced.
#[test]
fn unequal_spacing_below_the_resolution_is_refused() {
    let v = [1e6f32, 1e6 + 0.5, 1e6 + 2.0];
    let layer = Perturbed::new(Ranking::new(Const::<3>, &v).unwrap(), Normal, 1.0).unwrap();
    assert!(matches!(layer.maximizer(&[0.0, 1.0, 2.0], Exact), Err(Error::NoClosedForm { .. })));
}

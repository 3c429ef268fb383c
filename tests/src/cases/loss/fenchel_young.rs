//! The Fenchel–Young loss: its value with Ω, its zero, its gradient, and what lies outside C.

use perturb_core::{
    ClosedForm, Const, Error, Exact, Gumbel, Hypercube, MonteCarlo, Normal, Perturbed, Ranking, Real, Seed,
    Shape, Simplex, noise::Law,
};

use crate::cases::{close, rounding};
use crate::layers::{CLASSES, reals};
use crate::pairs::{Property, for_every_oracle};

const EULER_GAMMA: f64 = 0.577_215_664_901_532_9;

/// On the simplex with Gumbel noise: ε·KL(y‖softmax(θ/ε)), and Ω(y) = Σ y ln y − γ.
pub(crate) fn gumbel_simplex<T: Real>() {
    for epsilon in [0.25, 0.5, 3.0] {
        let layer = Perturbed::new(Simplex::new(Const::<5>).unwrap(), Gumbel, T::from_f64(epsilon)).unwrap();
        let weights = CLASSES.map(|theta| Real::exp(theta / epsilon));
        let total: f64 = weights.iter().sum();
        for target in [
            [0.2; 5],
            [0.1, 0.4, 0.2, 0.25, 0.05],
            [0.5, 0.0, 0.0, 0.5, 0.0],
            [0.0, 1.0, 0.0, 0.0, 0.0],
            [0.0, 0.0, 0.0, 0.0, 1.0],
        ] {
            let found = layer.fenchel_young(&reals(CLASSES), &reals(target), Exact).unwrap();
            let (mut divergence, mut entropy) = (0.0, 0.0);
            for (y, weight) in target.into_iter().zip(weights).filter(|(y, _)| *y > 0.0) {
                divergence += y * Real::ln(y * total / weight);
                entropy += y * Real::ln(y);
            }
            close(found.loss, epsilon * divergence, rounding::<T>(64.0), "divergence");
            let omega = layer.omega(&reals(target), Exact).unwrap();
            close(omega, entropy - EULER_GAMMA, rounding::<T>(256.0), "omega");
        }
    }
}

/// The loss is 0 at y = y_ε(θ), exact and sampled under the same noise (M = 1 and 20, seed 90), and so is its
/// gradient. Exact losses that have a formula carry its rounding.
struct ZeroAtItsOwnMaximizer;
impl<T: Real> Property<T> for ZeroAtItsOwnMaximizer {
    fn check<N: Law<T>, O: ClosedForm<T, N> + Copy>(&mut self, layer: &Perturbed<O, N, T>, theta: &[T]) {
        let y = layer.maximizer(theta, Exact).unwrap();
        let found = layer.fenchel_young(theta, y.as_ref(), Exact).unwrap();
        assert!(
            (0.0..=rounding::<T>(16.0)).contains(&found.loss.to_f64()),
            "{} {}",
            layer.oracle().properties().name,
            layer.noise().name()
        );
        assert!(found.gradient.as_ref().iter().all(|g| *g == T::ZERO));
        for samples in [1, 20] {
            let how = MonteCarlo::new(samples, Seed(90));
            let y = layer.maximizer(theta, how).unwrap();
            let found = layer.fenchel_young(theta, y.as_ref(), how).unwrap();
            assert_eq!(found.loss, T::ZERO, "{} {}", layer.oracle().properties().name, layer.noise().name());
            assert!(found.gradient.as_ref().iter().all(|g| *g == T::ZERO));
        }
    }
}

pub(crate) fn zero_at_own_maximizer<T: Real, N: Law<T> + Default>() {
    for_every_oracle::<T, N>(N::default(), 0.5, &mut ZeroAtItsOwnMaximizer);
}

/// At a vertex: nonnegative, and the gradient with one sample is that sample less y.
struct AtVertices;
impl<T: Real> Property<T> for AtVertices {
    fn check<N: Law<T>, O: ClosedForm<T, N> + Copy>(&mut self, layer: &Perturbed<O, N, T>, theta: &[T]) {
        let mut negated = layer.oracle().shape().array(T::ZERO);
        negated.as_mut().iter_mut().zip(theta).for_each(|(x, &theta)| *x = -theta);
        for scores in [theta, negated.as_ref()] {
            let vertex = layer.decide(scores).unwrap().1;
            let vertex = vertex.as_ref();
            let exact = layer.fenchel_young(theta, vertex, Exact).unwrap();
            assert!(exact.loss >= T::ZERO);
            let y = layer.maximizer(theta, Exact).unwrap();
            for ((&gradient, &y), &vertex) in exact.gradient.as_ref().iter().zip(y.as_ref()).zip(vertex) {
                assert_eq!(gradient, y - vertex);
            }
            let one = MonteCarlo::new(1, Seed(91));
            let gradient = layer.fenchel_young_gradient(theta, vertex, one).unwrap();
            let sample = layer.sample(theta, Seed(91), 0).unwrap();
            for ((&gradient, &y), &vertex) in gradient.as_ref().iter().zip(sample.as_ref()).zip(vertex) {
                assert_eq!(gradient, y - vertex);
            }
            let both = layer.fenchel_young(theta, vertex, one).unwrap();
            assert!(both.loss >= T::ZERO && both.gradient.as_ref() == gradient.as_ref());
        }
    }
}

pub(crate) fn at_vertices<T: Real, N: Law<T> + Default>() {
    for_every_oracle::<T, N>(N::default(), 0.5, &mut AtVertices);
}

/// Where Ω is infinite, there is no loss.
pub(crate) fn outside<T: Real>() {
    fn refuses<T: Real, N: Law<T>, O: ClosedForm<T, N>>(oracle: O, noise: N, target: [f64; 3]) {
        let layer = Perturbed::new(oracle, noise, T::HALF).unwrap();
        let found = layer.fenchel_young(&reals::<T, 3>([0.3, -0.2, 0.5]), &reals(target), Exact);
        assert_eq!(
            found.err(),
            Some(Error::OutsideHull { parameter: "target" }),
            "{}",
            layer.oracle().properties().name
        );
    }
    for target in [[0.5, 0.5, 0.5], [1.25, -0.125, -0.125], [0.0; 3]] {
        refuses::<T, _, _>(Simplex::new(Const::<3>).unwrap(), Gumbel, target);
    }
    for target in [[1.125, 0.5, 0.5], [-0.125, 0.5, 0.5]] {
        refuses::<T, _, _>(Hypercube::binary(Const::<3>).unwrap(), Normal, target);
    }
    for target in [[3.0, 3.0, 0.0], [1.0, 1.0, 1.0], [3.5, 1.5, 1.0]] {
        refuses::<T, _, _>(Ranking::ascending(Const::<3>).unwrap(), Normal, target);
    }
}

/// Tied labels share their mean rank, a point on the boundary or inside.
pub(crate) fn partial_rankings<T: Real>() {
    let layer = Perturbed::new(Ranking::ascending(Const::<4>).unwrap(), Normal, T::HALF).unwrap();
    let theta = reals([0.3, -0.2, 0.5, 0.1]);
    for target in [[1.5, 1.5, 3.5, 3.5], [2.5; 4], [1.0, 3.0, 3.0, 3.0]] {
        let found = layer.fenchel_young(&theta, &reals(target), Exact).unwrap();
        assert!(found.loss >= T::ZERO && found.loss.is_finite());
    }
}

//! Noises, closed forms and quadratures, and training.

use perturb_core::{
    Affine, ClosedForm, Const, Error, Exact, Hypercube, MonteCarlo, Perturbed, Ranking, Real, Seed, Simplex,
    TopK,
};

use super::{DIRECTION, Digest, Report, Tested, tell};
use crate::layers::{CLASSES, LABELS, reals};
use crate::score;

/// Draws and laws, closed forms, quadratures, and training.
pub(crate) fn closed<T: Real, N: Tested<T>>(report: Report<'_>) {
    tell::<T>(report, "noise", N::default().name(), "draws", Ok(draws::<T, N>()));
    tell::<T>(report, "noise", N::default().name(), "law", Ok(law::<T, N>()));
    let (vertex, inside) = (reals([1.0, -1.0, 1.0]), reals([0.2, -0.7, 0.4]));
    let theta = reals([0.3, -0.7, 1.1]);
    for_oracle::<T, N, _>("hypercube", Hypercube::sign(Const::<3>), &theta, &vertex, &inside, report);
    inverse::<T, N, _>("hypercube", Hypercube::sign(Const::<3>), &inside, report);
    let ranks = reals([3.0, 7.0, 8.0, 2.0, 4.0, 6.0, 9.0, 1.0, 5.0]);
    let inside = reals([4.0, 6.0, 6.5, 4.0, 4.5, 5.5, 6.5, 3.0, 5.0]);
    for_oracle::<T, N, _>("ranking", Ranking::ascending(Const::<9>), &reals(LABELS), &ranks, &inside, report);
    inverse::<T, N, _>("ranking", Ranking::ascending(Const::<9>), &inside, report);
    // Vertices and points inside C as targets.
    let mut one = [T::ZERO; 5];
    one[3] = T::ONE;
    let inside = reals([0.1, 0.4, 0.2, 0.25, 0.05]);
    for_oracle::<T, N, _>("simplex", Simplex::new(Const::<5>), &reals(CLASSES), &one, &inside, report);
    let two = reals([0.0, 1.0, 0.0, 1.0, 0.0]);
    let inside = reals([0.2, 0.8, 0.4, 0.5, 0.1]);
    for_oracle::<T, N, _>("top-k", TopK::new(Const::<5>, 2), &reals(CLASSES), &two, &inside, report);
    tell::<T>(report, "affine", N::default().name(), "50 steps", trained::<T, N>());
}

fn for_oracle<T: Real, N: Tested<T>, O: ClosedForm<T, N>>(
    name: &str,
    oracle: Result<O, Error>,
    theta: &[T],
    vertex: &[T],
    inside: &[T],
    report: Report<'_>,
) {
    let layer = oracle.and_then(|oracle| Perturbed::new(oracle, N::default(), T::HALF));
    let layer = layer.as_ref().map_err(|&error| error);
    let digest = layer.and_then(|layer| exact(layer, theta));
    tell::<T>(report, name, N::default().name(), "exact", digest);
    let digest = layer.and_then(|layer| fenchel_young(layer, theta, vertex, inside));
    tell::<T>(report, name, N::default().name(), "fenchel-young", digest);
}

/// Value, maximizer, Jacobian, both products.
#[inline(never)]
fn exact<T: Real, N: Tested<T>, O: ClosedForm<T, N>>(
    layer: &Perturbed<O, N, T>,
    theta: &[T],
) -> Result<u64, Error> {
    let mut digest = Digest::new();
    let u = &reals(DIRECTION)[..theta.len()];
    let (value, y) = layer.value_and_maximizer(theta, Exact)?;
    digest.add(&[value]);
    digest.add(y.as_ref());
    digest.add(layer.jacobian(theta, Exact)?.as_ref());
    digest.add(layer.vjp(theta, u, Exact)?.as_ref());
    Ok(digest.get())
}

/// Loss and gradient at a vertex, exact and sampled, and inside C, where Ω is found by the dual.
#[inline(never)]
fn fenchel_young<T: Real, N: Tested<T>, O: ClosedForm<T, N>>(
    layer: &Perturbed<O, N, T>,
    theta: &[T],
    vertex: &[T],
    inside: &[T],
) -> Result<u64, Error> {
    let mut digest = Digest::new();
    for found in [
        layer.fenchel_young(theta, vertex, Exact)?,
        layer.fenchel_young(theta, vertex, MonteCarlo::new(70, Seed(44)))?,
        layer.fenchel_young(theta, inside, MonteCarlo::new(3, Seed(44)))?,
    ] {
        digest.add(&[found.loss]);
        digest.add(found.gradient.as_ref());
    }
    digest.add(layer.fenchel_young_gradient(theta, vertex, MonteCarlo::new(1, Seed(45)))?.as_ref());
    Ok(digest.get())
}

/// Ω inside C by the exact dual, and the scores that belong to it.
fn inverse<T: Real, N: Tested<T>, O: ClosedForm<T, N>>(
    name: &str,
    oracle: Result<O, Error>,
    inside: &[T],
    report: Report<'_>,
) {
    let digest = oracle.and_then(|oracle| {
        let layer = Perturbed::new(oracle, N::default(), T::HALF)?;
        let mut digest = Digest::new();
        digest.add(&[layer.omega(inside, Exact)?]);
        let found = layer.inverse_maximizer(inside, Exact)?;
        digest.add(found.theta.as_ref());
        digest.add(&[found.residual]);
        Ok(digest.get())
    });
    tell::<T>(report, name, N::default().name(), "inverse", digest);
}

/// The first 9 draws of 16 streams.
fn draws<T: Real, N: Tested<T>>() -> u64 {
    let mut digest = Digest::new();
    let mut z = [T::ZERO; 9];
    for sample in 0..16 {
        N::default().fill(&mut Seed(42).stream(sample), &mut z);
        digest.add(&z);
    }
    digest.get()
}

/// What a noise knows of itself, at points of both tails and between.
fn law<T: Real, N: Tested<T>>() -> u64 {
    let (mut digest, noise) = (Digest::new(), N::default());
    for i in -12..=12 {
        let t = T::from_f64(0.75 * f64::from(i) + 0.1);
        digest.add(&[noise.nu(t), score(&noise, t), noise.mirror(t)]);
        digest.add(&[noise.density(t), noise.cdf(t), noise.hinge(t)]);
        digest.add(&[noise.difference_density(t), noise.difference_cdf(t), noise.difference_hinge(t)]);
        digest.add(&[noise.quantile(T::from_f64((f64::from(i) + 12.5) / 25.0))]);
    }
    digest.add(&[noise.mean(), noise.fisher_information(), noise.m_mu(7)]);
    digest.get()
}

/// Fifty steps of single-sample training of a ranking of five by three features.
#[inline(never)]
fn trained<T: Real, N: Tested<T>>() -> Result<u64, Error> {
    let layer = Perturbed::new(Ranking::ascending(Const::<5>)?, N::default(), T::from_f64(0.1))?;
    let mut model = Affine::<T, 3, 5>::zeros();
    let examples = [
        ([1.0, 0.25, -0.5], [1.0, 2.0, 3.0, 4.0, 5.0]),
        ([-0.3, 1.5, 0.7], [5.0, 3.0, 1.0, 2.0, 4.0]),
        ([0.1, -0.9, 1.1], [2.0, 1.0, 5.0, 4.0, 3.0]),
    ];
    let mut digest = Digest::new();
    for (step, (x, ranks)) in (0..50).zip(examples.into_iter().cycle()) {
        let y = model.step(&layer, &reals(x), &reals(ranks), T::from_f64(0.05), Seed(47).fold(step))?;
        digest.add(&y);
    }
    digest.add(model.weights.as_slice());
    digest.add(model.bias.as_slice());
    Ok(digest.get())
}

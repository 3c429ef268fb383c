//! Noises, closed forms and quadratures, and training.

use perturb_core::{
    Affine, ClosedForm, Const, Error, Exact, Hypercube, MonteCarlo, Noise, Perturbed, Ranking, Real, Seed,
    Simplex, TopK, noise::Law,
};

use super::{DIRECTION, Digest, Report, Tested, tell};
use crate::layers::{CLASSES, LABELS, reals};
use crate::score;

/// Draws and laws, closed forms, quadratures, and training.
pub(crate) fn closed<T, N>(noise: N, report: Report<'_>)
where
    T: Real,
    N: Tested<T>,
    Simplex<Const<5>>: ClosedForm<T, N>,
    TopK<Const<5>>: ClosedForm<T, N>,
    Hypercube<T, Const<3>>: ClosedForm<T, N>,
    Ranking<T, Const<9>>: ClosedForm<T, N>,
{
    tell::<T>(report, "noise", noise.name(), "draws", Ok(draws::<T, N>(&noise)));
    tell::<T>(report, "noise", noise.name(), "law", Ok(noise.law()));
    closed_form("hypercube", Hypercube::sign(Const::<3>), noise, report);
    closed_form("ranking", Ranking::ascending(Const::<9>), noise, report);
    closed_form("simplex", Simplex::new(Const::<5>), noise, report);
    closed_form("top-k", TopK::new(Const::<5>, 2), noise, report);
    tell::<T>(report, "affine", noise.name(), "50 steps", trained::<T, N>(noise));
}

/// Reports the closed forms of one of the four oracles that have some: at its scores, a vertex, and a point inside C.
pub fn closed_form<T: Real, N: Noise<T>, O: ClosedForm<T, N>>(
    name: &str,
    oracle: Result<O, Error>,
    noise: N,
    report: Report<'_>,
) {
    let mut one = [T::ZERO; 5];
    one[3] = T::ONE;
    let (theta, vertex, inside): (&[T], &[T], &[T]) = match name {
        "hypercube" => (&reals([0.3, -0.7, 1.1]), &reals([1.0, -1.0, 1.0]), &reals([0.2, -0.7, 0.4])),
        "ranking" => (
            &reals(LABELS),
            &reals([3.0, 7.0, 8.0, 2.0, 4.0, 6.0, 9.0, 1.0, 5.0]),
            &reals([4.0, 6.0, 6.5, 4.0, 4.5, 5.5, 6.5, 3.0, 5.0]),
        ),
        "simplex" => (&reals(CLASSES), &one, &reals([0.1, 0.4, 0.2, 0.25, 0.05])),
        _ => (&reals(CLASSES), &reals([0.0, 1.0, 0.0, 1.0, 0.0]), &reals([0.2, 0.8, 0.4, 0.5, 0.1])),
    };
    let layer = oracle.and_then(|oracle| Perturbed::new(oracle, noise, T::HALF));
    let layer = layer.as_ref().map_err(|&error| error);
    let mut case = |what, digest| tell::<T>(report, name, noise.name(), what, digest);
    case("exact", layer.and_then(|layer| exact(layer, theta)));
    case("fenchel-young", layer.and_then(|layer| fenchel_young(layer, theta, vertex, inside)));
    if matches!(name, "hypercube" | "ranking") {
        case("inverse", layer.and_then(|layer| inverse(layer, inside)));
    }
}

/// Value, maximizer, Jacobian, both products.
#[inline(never)]
fn exact<T: Real, N: Noise<T>, O: ClosedForm<T, N>>(
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
fn fenchel_young<T: Real, N: Noise<T>, O: ClosedForm<T, N>>(
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
fn inverse<T: Real, N: Noise<T>, O: ClosedForm<T, N>>(
    layer: &Perturbed<O, N, T>,
    inside: &[T],
) -> Result<u64, Error> {
    let mut digest = Digest::new();
    digest.add(&[layer.omega(inside, Exact)?]);
    let found = layer.inverse_maximizer(inside, Exact)?;
    digest.add(found.theta.as_ref());
    digest.add(&[found.residual]);
    Ok(digest.get())
}

/// The first 9 draws of 16 streams.
fn draws<T: Real, N: Noise<T>>(noise: &N) -> u64 {
    let mut digest = Digest::new();
    let mut z = [T::ZERO; 9];
    for sample in 0..16 {
        noise.fill(&mut Seed(42).stream(sample), &mut z);
        digest.add(&z);
    }
    digest.get()
}

/// What a noise knows of itself, at points of both tails and between.
pub(super) fn law<T: Real, N: Law<T>>(noise: &N) -> u64 {
    let mut digest = Digest::new();
    for i in -12..=12 {
        let t = T::from_f64(0.75 * f64::from(i) + 0.1);
        digest.add(&[noise.nu(t), score(noise, t), noise.mirror(t)]);
        digest.add(&[noise.density(t), noise.cdf(t), noise.hinge(t)]);
        digest.add(&[noise.difference_density(t), noise.difference_cdf(t), noise.difference_hinge(t)]);
        digest.add(&[noise.quantile(T::from_f64((f64::from(i) + 12.5) / 25.0))]);
    }
    digest.add(&[noise.mean(), noise.fisher_information(), noise.m_mu(7)]);
    digest.get()
}

/// Fifty steps of single-sample training of a ranking of five by three features.
#[inline(never)]
fn trained<T: Real, N: Noise<T>>(noise: N) -> Result<u64, Error> {
    let layer = Perturbed::new(Ranking::ascending(Const::<5>)?, noise, T::from_f64(0.1))?;
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

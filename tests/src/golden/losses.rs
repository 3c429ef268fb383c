//! What needs no noise, or one of its own: streams, losses of the neighbouring literature, multiplicative noise.

use core::fmt;

use perturb_core::loss::{Projection, SparseMap, SpoPlus, interpolation_gradient};
use perturb_core::{Const, Error, MonteCarlo, Multiplicative, Oracle, Real, Seed, Shape, Simplex};

use super::{DIRECTION, Digest, Report, refusable, tell};
use crate::layers::{self, Visitor, reals};

/// Reports what needs no noise, of every oracle that it is shown.
pub struct Losses<'a>(pub Report<'a>);

impl fmt::Debug for Losses<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Losses").finish_non_exhaustive()
    }
}

impl<T: Real> Visitor<T> for Losses<'_> {
    fn visit<O: Oracle<T> + Sync>(&mut self, name: &str, oracle: Result<O, Error>, theta: &[T]) {
        let digest = oracle.and_then(|oracle| noiseless(&oracle, theta));
        tell::<T>(self.0, name, "without noise", "losses", digest);
    }
}

/// SPO+, interpolation, projections and SparseMAP of every oracle, and random streams.
pub(crate) fn losses<T: Real>(report: Report<'_>) {
    tell::<T>(report, "seed", "without noise", "streams", Ok(streams::<T>()));
    layers::all::<T>(&mut Losses(report));
}

#[inline(never)]
fn noiseless<T: Real, O: Oracle<T>>(oracle: &O, theta: &[T]) -> Result<u64, Error> {
    let mut digest = Digest::new();
    let g = reals(DIRECTION);
    let g = &g[..theta.len()];
    let mut work = oracle.work();
    let (mut truth, mut vertex) = (oracle.shape().array(T::ZERO), oracle.shape().array(T::ZERO));
    for (truth, (&theta, &g)) in truth.as_mut().iter_mut().zip(theta.iter().zip(g)) {
        *truth = theta + T::HALF * g;
    }
    digest.add(&[oracle
        .solve(truth.as_ref(), vertex.as_mut(), &mut work)
        .map_err(|because| Error::Solver { sample: None, because })?]);
    digest.add(vertex.as_ref());
    if let Some(spo) = refusable(SpoPlus::new(oracle, truth.as_ref()))?
        && let Some(found) = refusable(spo.loss(oracle, theta))?
    {
        digest.add(&[found.loss, spo.value(), spo.regret(oracle, theta)?]);
        digest.add(found.gradient.as_ref());
    }
    if let Some(gradient) = refusable(interpolation_gradient(oracle, theta, g, T::HALF))? {
        digest.add(gradient.as_ref());
    }
    for projection in [Projection::None, Projection::Mean, Projection::Standardize] {
        if let Some(projected) = refusable(projection.project(oracle, theta))? {
            digest.add(projected.as_ref());
        }
        digest.add(projection.gradient(oracle, theta, g)?.as_ref());
    }
    let map = SparseMap { lambda: T::TWO, tolerance: T::from_f64(1e-3), steps: 20 };
    if let Some(found) = refusable(map.maximizer(oracle, theta))? {
        digest.add(found.y.as_ref());
        digest.add(&[found.value, found.gap]);
        let found = map.loss(oracle, theta, vertex.as_ref())?;
        digest.add(&[found.loss]);
        digest.add(found.gradient.as_ref());
    }
    Ok(digest.get())
}

/// Uniform numbers, signs and angles of streams of folded seeds.
fn streams<T: Real>() -> u64 {
    let mut digest = Digest::new();
    for key in [0, 1, 0x8000_0000_0000_0001, u64::MAX] {
        for sample in [0, 1, u64::from(u32::MAX), u64::MAX] {
            let mut stream = Seed(42).fold(key).stream(sample);
            for _ in 0..5 {
                let (cos, sin) = T::raw(&mut stream).cos_sin_turn();
                digest.add(&[T::uniform(&mut stream), T::sign(&mut stream), cos, sin]);
                digest.add(&[T::refine(0.625, &mut stream)]);
            }
        }
    }
    digest.get()
}

/// Reports estimates under multiplicative noise, of every oracle that it is shown.
pub struct Multiplied<'a>(pub Report<'a>);

impl fmt::Debug for Multiplied<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Multiplied").finish_non_exhaustive()
    }
}

impl<T: Real> Visitor<T> for Multiplied<'_> {
    fn visit<O: Oracle<T> + Sync>(&mut self, name: &str, oracle: Result<O, Error>, theta: &[T]) {
        let layer = oracle.and_then(|oracle| Multiplicative::new(oracle, T::HALF));
        let digest = layer.and_then(|layer| estimates(&layer, theta));
        tell::<T>(self.0, name, "normal", "multiplicative estimates", digest);
    }
}

/// Multiplicative noise on the families where signs matter, one score of 0 among them.
pub(crate) fn multiplicative<T: Real>(report: Report<'_>) {
    tell::<T>(report, "simplex", "normal", "multiplicative", multiplied::<T>());
    layers::picks::<T>(&mut Multiplied(report));
    layers::paths::<T>(&mut Multiplied(report));
}

#[inline(never)]
fn estimates<T: Real, O: Oracle<T>>(layer: &Multiplicative<O, T>, theta: &[T]) -> Result<u64, Error> {
    let mut digest = Digest::new();
    let u = &reals(DIRECTION)[..theta.len()];
    let target = layer.sample(theta, Seed(61), 0)?;
    for samples in [1, 70] {
        for how in [MonteCarlo::new(samples, Seed(62)), MonteCarlo::plain(samples, Seed(63))] {
            let (value, gradient) = layer.value_and_gradient(theta, how)?;
            digest.add(&[value]);
            digest.add(gradient.as_ref());
            digest.add(layer.maximizer(theta, how)?.as_ref());
            digest.add(layer.jacobian(theta, how)?.as_ref());
            digest.add(layer.vjp(theta, u, how)?.as_ref());
            let found = layer.fenchel_young(theta, target.as_ref(), how)?;
            digest.add(&[found.loss]);
            digest.add(found.gradient.as_ref());
        }
    }
    Ok(digest.get())
}

/// Multiplicative noise, one score of them 0.
#[inline(never)]
fn multiplied<T: Real>() -> Result<u64, Error> {
    let layer = Multiplicative::new(Simplex::new(Const::<5>)?, T::HALF)?;
    let theta = reals([1.0, 1.5, 0.0, 0.75, 2.0]);
    let how = MonteCarlo::new(70, Seed(48));
    let mut digest = Digest::new();
    let (value, gradient) = layer.value_and_gradient(&theta, how)?;
    digest.add(&[value]);
    digest.add(&gradient);
    digest.add(layer.jacobian(&theta, how)?.as_ref());
    Ok(digest.get())
}

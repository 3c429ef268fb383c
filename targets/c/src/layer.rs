//! What every layer does, whichever its oracle.

use perturb_core::{Oracle, Perturbed, Seed, Shape, descend, scores};

use crate::pointer::{In, Out};
use crate::{Model, NoiseKind, Status};

/// A description from C.
pub(crate) trait Layer {
    type Oracle: Oracle<f32>;

    fn shape(&self) -> Result<<Self::Oracle as Oracle<f32>>::Shape, Status>;
    fn oracle(&self) -> Result<Self::Oracle, Status>;
    /// A [`NoiseKind`] and ε.
    fn perturbation(&self) -> (u32, f32);
}

/// `oracle` is lent, since moving it costs its stack once more.
fn perturbed<'a, L: Layer>(layer: &L, oracle: &'a L::Oracle) -> Result<LayerOf<'a, L>, Status> {
    let (noise, epsilon) = layer.perturbation();
    Ok(Perturbed::new(oracle, NoiseKind::from_code(noise)?, epsilon)?)
}

type LayerOf<'a, L> = Perturbed<&'a <L as Layer>::Oracle, NoiseKind, f32>;

// Below, vectors are filled where they stay: what returns an array costs its stack twice.

pub(crate) fn decide<L: Layer>(layer: In<L>, theta: In<f32>, y: Out<f32>) -> Result<(), Status> {
    let layer = layer.get()?;
    let oracle = layer.oracle()?;
    perturbed(layer, &oracle)?;
    let shape = oracle.shape();
    let y = y.place(shape.dim())?;
    let theta = theta.slice(shape.dim())?;
    check_finite(theta)?;
    let (mut decision, mut work) = (shape.array(0.0), oracle.work());
    let value = oracle.solve(theta, decision.as_mut(), &mut work).unwrap();
    if oracle.failure(&work).is_some() {
        return Err(Status::Other);
    }
    check_finite(&[value]).map_err(|_| Status::Overflow)?;
    y.write(decision.as_ref());
    Ok(())
}

pub(crate) fn gradient<L: Layer>(
    layer: In<L>,
    theta: In<f32>,
    target: In<f32>,
    seed: u64,
    gradient: Out<f32>,
) -> Result<(), Status> {
    let layer = layer.get()?;
    let oracle = layer.oracle()?;
    let layer = perturbed(layer, &oracle)?;
    let shape = oracle.shape();
    let gradient = gradient.place(shape.dim())?;
    let (theta, target) = (theta.slice(shape.dim())?, target.slice(shape.dim())?);
    check_finite(theta)?;
    check_finite(target)?;
    let mut found = shape.array(0.0);
    sample(&layer, theta, target, seed, found.as_mut())?;
    gradient.write(found.as_ref());
    Ok(())
}

pub(crate) fn learn<L: Layer>(
    layer: In<L>,
    mut model: Out<Model>,
    x: In<f32>,
    target: In<f32>,
    rate: f32,
    seed: u64,
) -> Result<(), Status> {
    let layer = layer.get()?;
    let oracle = layer.oracle()?;
    let layer = perturbed(layer, &oracle)?;
    let shape = oracle.shape();
    let model = model.get()?;
    model.check_scores(shape.dim())?;
    let (x, target) = (x.slice(model.features()?)?, target.slice(shape.dim())?);
    check_finite(x)?;
    check_finite(target)?;
    if !(rate > 0.0 && rate.is_finite()) {
        return Err(Status::NotPositive);
    }
    let (weights, bias) = model.parts_mut()?;
    let (mut theta, mut gradient) = (shape.array(0.0), shape.array(0.0));
    scores(weights, bias, x, theta.as_mut());
    check_finite(theta.as_ref()).map_err(|_| Status::Overflow)?;
    sample(&layer, theta.as_ref(), target, seed, gradient.as_mut())?;
    descend(weights, bias, x, gradient.as_ref(), rate);
    Ok(())
}

/// y*(θ + εZ) − y for a target y, as the step of [`perturb_core::Affine`] computes it.
fn sample<O: Oracle<f32>>(
    layer: &Perturbed<O, NoiseKind, f32>,
    theta: &[f32],
    target: &[f32],
    seed: u64,
    gradient: &mut [f32],
) -> Result<(), Status> {
    let (mut y, mut work) = (layer.oracle().shape().array(0.0), layer.oracle().work());
    layer.sample_into(theta, Seed(seed), 0, gradient, y.as_mut(), &mut work)?;
    for ((gradient, &y), &target) in gradient.iter_mut().zip(y.as_ref()).zip(target) {
        *gradient = y - target;
    }
    Ok(())
}

pub(crate) fn check_finite(x: &[f32]) -> Result<(), Status> {
    if x.iter().all(|x| x.is_finite()) { Ok(()) } else { Err(Status::NotFinite) }
}

//! What every layer does, whichever its oracle.

use perturb_core::{Oracle, Perturbed, Seed, Shape, descend, scores};

use crate::pointer::{In, Out};
use crate::{Model, NoiseKind, Status};

/// A description from C.
pub(crate) trait Layer {
    type Oracle: Oracle<f32>;

    fn oracle(&self) -> Result<Self::Oracle, Status>;
    /// A [`NoiseKind`] and ε.
    fn perturbation(&self) -> (u32, f32);
}

type LayerOf<L> = Perturbed<<L as Layer>::Oracle, NoiseKind, f32>;

pub(crate) fn perturbed<L: Layer>(layer: In<L>) -> Result<LayerOf<L>, Status> {
    let layer = layer.get()?;
    let (noise, epsilon) = layer.perturbation();
    Ok(Perturbed::new(layer.oracle()?, NoiseKind::from_code(noise)?, epsilon)?)
}

pub(crate) fn decide<L: Layer>(layer: In<L>, theta: In<f32>, y: Out<f32>) -> Result<(), Status> {
    let layer = perturbed(layer)?;
    let dim = layer.oracle().shape().dim();
    let y = y.place(dim)?;
    let (_, decision) = layer.decide(theta.slice(dim)?)?;
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
    let layer = perturbed(layer)?;
    let dim = layer.oracle().shape().dim();
    let gradient = gradient.place(dim)?;
    let found = layer.fenchel_young_sample(theta.slice(dim)?, target.slice(dim)?, Seed(seed))?;
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
    let layer = perturbed(layer)?;
    let shape = layer.oracle().shape();
    let model = model.get()?;
    model.check_scores(shape.dim())?;
    let x = x.slice(model.features()?)?;
    check_finite(x)?;
    if !(rate > 0.0 && rate.is_finite()) {
        return Err(Status::NotPositive);
    }
    let (weights, bias) = model.parts_mut()?;
    let mut theta = shape.array(0.0);
    scores(weights, bias, x, theta.as_mut());
    check_finite(theta.as_ref()).map_err(|_| Status::Overflow)?;
    let gradient = layer.fenchel_young_sample(theta.as_ref(), target.slice(shape.dim())?, Seed(seed))?;
    descend(weights, bias, x, gradient.as_ref(), rate);
    Ok(())
}

pub(crate) fn check_finite(x: &[f32]) -> Result<(), Status> {
    if x.iter().all(|x| x.is_finite()) { Ok(()) } else { Err(Status::NotFinite) }
}

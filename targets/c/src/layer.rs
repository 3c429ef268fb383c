//! What every layer does, whichever its oracle.

use perturb_core::model_file::OracleKind;
use perturb_core::oracle::Array;
use perturb_core::quantity::FenchelYoungGradient;
use perturb_core::{AffineMut, AnyNoise, Error, Oracle, Perturbed, Real, Seed, Shape, SharedMut, Single};

use crate::pointer::{In, Out, Place};
use crate::shared::entries;
use crate::{Model, Shared, SharedView, Status, View};

/// A description from C.
pub(crate) trait Layer {
    type Oracle: Oracle<f32>;

    fn shape(&self) -> Result<<Self::Oracle as Oracle<f32>>::Shape, Error>;
    /// As the core returns it, to be looked at where it lies: an oracle that moves is copied.
    fn oracle(&self, shape: <Self::Oracle as Oracle<f32>>::Shape) -> Result<Self::Oracle, Error>;
    /// The noise, and ε as it is.
    fn perturbation(&self) -> Result<(AnyNoise, f32), Status>;
}

/// One that model files can name.
pub(crate) trait Named: Layer {
    /// The oracle's code, and k of a top-k, else 0.
    fn kind(&self) -> (OracleKind, u32);
}

/// `oracle` is lent, since moving it costs its stack once more.
fn perturbed<'a, L: Layer>(layer: &L, oracle: &'a L::Oracle) -> Result<LayerOf<'a, L>, Status> {
    let (noise, epsilon) = layer.perturbation()?;
    Ok(Perturbed::new(oracle, noise, epsilon)?)
}

type LayerOf<'a, L> = Perturbed<&'a <L as Layer>::Oracle, AnyNoise, f32>;

// Below, vectors are filled where they stay: what returns an array costs its stack twice.

pub(crate) fn decide<L: Layer>(layer: In<L>, theta: In<f32>, y: Out<f32>) -> Result<(), Status> {
    let layer = layer.get()?;
    let oracle = layer.oracle(layer.shape()?);
    let oracle = oracle.as_ref().map_err(|&error| error)?;
    perturbed(layer, oracle)?;
    let dim = oracle.shape().dim();
    let y = y.place(dim)?;
    let theta = theta.slice(dim)?;
    if !f32::all_finite(theta) {
        return Err(Status::NotFinite);
    }
    solve(oracle, theta, y)
}

pub(crate) fn predict<L: Layer>(layer: In<L>, view: In<View>, x: In<f32>, y: Out<f32>) -> Result<(), Status> {
    let layer = layer.get()?;
    let oracle = layer.oracle(layer.shape()?);
    let oracle = oracle.as_ref().map_err(|&error| error)?;
    perturbed(layer, oracle)?;
    let shape = oracle.shape();
    let model = view.get()?.affine(shape.dim())?;
    let y = y.place(shape.dim())?;
    let mut theta = shape.array(0.0);
    model.scores(x.slice(model.features())?, theta.as_mut())?;
    solve(oracle, theta.as_ref(), y)
}

pub(crate) fn predict_shared<L: Layer>(
    layer: In<L>,
    view: In<SharedView>,
    options: In<f32>,
    y: Out<f32>,
) -> Result<(), Status> {
    let layer = layer.get()?;
    let oracle = layer.oracle(layer.shape()?);
    let oracle = oracle.as_ref().map_err(|&error| error)?;
    perturbed(layer, oracle)?;
    let shape = oracle.shape();
    let model = view.get()?.shared()?;
    let y = y.place(shape.dim())?;
    let mut theta = shape.array(0.0);
    model.scores(options.slice(entries(shape.dim(), model.features())?)?, theta.as_mut())?;
    solve(oracle, theta.as_ref(), y)
}

/// Shared by the three above.
#[inline(never)]
fn solve<O: Oracle<f32>>(oracle: &O, theta: &[f32], y: Place<f32>) -> Result<(), Status> {
    let mut decision = oracle.shape().array(0.0);
    let value = oracle.solve(theta, decision.as_mut(), &mut oracle.work()).map_err(|_| Status::Other)?;
    if !value.is_finite() {
        return Err(Status::Overflow);
    }
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
    let oracle = layer.oracle(layer.shape()?);
    let oracle = oracle.as_ref().map_err(|&error| error)?;
    let layer = perturbed(layer, oracle)?;
    let shape = oracle.shape();
    let gradient = gradient.place(shape.dim())?;
    let (theta, target) = (theta.slice(shape.dim())?, target.slice(shape.dim())?);
    let mut found = shape.array(0.0);
    sample(&layer, theta, target, seed, &mut found)?;
    gradient.write(found.as_ref());
    Ok(())
}

/// In a frame of its own: what made the oracle has left its stack by then.
#[inline(never)]
fn sample<O: Oracle<f32>>(
    layer: &Perturbed<O, AnyNoise, f32>,
    theta: &[f32],
    target: &[f32],
    seed: u64,
    gradient: &mut Array<O, f32>,
) -> Result<(), Status> {
    let question = FenchelYoungGradient { target };
    Ok(layer.compute_into(theta, &question, Single(Seed(seed)), &mut (), gradient)?)
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
    let oracle = layer.oracle(layer.shape()?);
    let oracle = oracle.as_ref().map_err(|&error| error)?;
    let layer = perturbed(layer, oracle)?;
    let mut model = model.get()?.affine_mut(oracle.shape().dim())?;
    let (x, target) = (x.slice(model.as_ref().features())?, target.slice(oracle.shape().dim())?);
    step(&layer, &mut model, x, target, rate, seed)
}

pub(crate) fn learn_shared<L: Layer>(
    layer: In<L>,
    mut model: Out<Shared>,
    options: In<f32>,
    target: In<f32>,
    rate: f32,
    seed: u64,
) -> Result<(), Status> {
    let layer = layer.get()?;
    let oracle = layer.oracle(layer.shape()?);
    let oracle = oracle.as_ref().map_err(|&error| error)?;
    let layer = perturbed(layer, oracle)?;
    let mut model = model.get()?.shared_mut()?;
    let scores = oracle.shape().dim();
    let options = options.slice(entries(scores, model.as_ref().features())?)?;
    step_shared(&layer, &mut model, options, target.slice(scores)?, rate, seed)
}

/// In a frame of its own, too.
#[inline(never)]
fn step<O: Oracle<f32>>(
    layer: &Perturbed<O, AnyNoise, f32>,
    model: &mut AffineMut<'_, f32>,
    x: &[f32],
    target: &[f32],
    rate: f32,
    seed: u64,
) -> Result<(), Status> {
    model.step(layer, x, target, rate, Seed(seed))?;
    Ok(())
}

#[inline(never)]
fn step_shared<O: Oracle<f32>>(
    layer: &Perturbed<O, AnyNoise, f32>,
    model: &mut SharedMut<'_, f32>,
    options: &[f32],
    target: &[f32],
    rate: f32,
    seed: u64,
) -> Result<(), Status> {
    model.step(layer, options, target, rate, Seed(seed))?;
    Ok(())
}

//! Affine models in the caller's memory.
#![allow(unsafe_code, reason = "exported to C")]

use perturb_core::model_file::{ModelBytes, ModelHeader};
use perturb_core::{Shape, UpTo};

use crate::Status;
use crate::bounded::MOST;
use crate::layer::Named;
use crate::pointer::{In, Out};

/// An affine model in the caller's memory, which learns: scores theta = W x + b of features x.
///
/// Zeros are a model to start from: it has no preference. A model that decides alone, from flash, is a perturb_view.
#[derive(Debug)]
#[repr(C)]
pub struct Model {
    /// W: scores·features floats, one column of scores a feature; W(i, j) is weights[j·scores + i].
    pub(crate) weights: *mut f32,
    /// b: scores floats.
    pub(crate) bias: *mut f32,
    /// The length of x, at least 1.
    features: u32,
    /// The length of theta, at least 1, at most PERTURB_MAX_SCORES or PERTURB_MAX_CELLS, whichever is more.
    scores: u32,
}

/// An affine model to be read where it lies, such as in flash: `perturb export --format c` writes one after perturb.h.
///
/// Of a perturb_model m: {m.weights, m.bias, m.features, m.scores}.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct View {
    /// W, as in perturb_model.
    pub(crate) weights: *const f32,
    /// b.
    pub(crate) bias: *const f32,
    /// The length of x.
    pub(crate) features: u32,
    /// The length of theta.
    pub(crate) scores: u32,
}

impl Model {
    pub(crate) fn view(&self) -> View {
        View { weights: self.weights, bias: self.bias, features: self.features, scores: self.scores }
    }
}

impl View {
    /// How many weights, for a layer of `scores` scores.
    pub(crate) fn sizes(&self, scores: usize) -> Result<usize, Status> {
        if self.scores as usize != scores {
            return Err(Status::Length);
        }
        if self.features == 0 || scores == 0 {
            return Err(Status::OutOfRange);
        }
        (self.features as usize).checked_mul(scores).ok_or(Status::Overflow)
    }
}

/// Scores: theta = W x + b.
///
/// `x` has model->features entries, `theta` model->scores.
///
/// PERTURB_STATUS_NOT_FINITE if an entry of x is NaN or infinite; PERTURB_STATUS_OVERFLOW if one of theta would be;
/// PERTURB_STATUS_CAPACITY for more scores than any layer may have; PERTURB_STATUS_OUT_OF_RANGE if a size is 0;
/// PERTURB_STATUS_POINTER.
///
/// Cost: a multiplication and an addition a weight. Stack: at most 1400 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn perturb_model_scores(model: *const Model, x: *const f32, theta: *mut f32) -> Status {
    // SAFETY: promised by the caller.
    let (model, x, theta) = unsafe { (In::new(model), In::new(x), Out::new(theta)) };
    model.get().and_then(|model| scores(model.view(), x, theta)).into()
}

/// perturb_model_scores of a view.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn perturb_view_scores(view: *const View, x: *const f32, theta: *mut f32) -> Status {
    // SAFETY: promised by the caller.
    let (view, x, theta) = unsafe { (In::new(view), In::new(x), Out::new(theta)) };
    view.get().and_then(|&view| scores(view, x, theta)).into()
}

fn scores(view: View, x: In<f32>, theta: Out<f32>) -> Result<(), Status> {
    let shape = UpTo::<MOST>::new(view.scores as usize)?;
    let model = view.affine(shape.dim())?;
    let x = x.slice(model.features())?;
    let theta = theta.place(shape.dim())?;
    let mut found = shape.array(0.0);
    model.scores(x, found.as_mut())?;
    theta.write(found.as_ref());
    Ok(())
}

// What follows asks a layer for what a file says of it, not for the oracle, which takes stack.

pub(crate) fn load<L: Named>(
    layer: In<L>,
    mut model: Out<Model>,
    file: In<u8>,
    length: usize,
) -> Result<(), Status> {
    let layer = layer.get()?;
    let ((noise, _), (oracle, parameter)) = (layer.perturbation()?, layer.kind());
    let model = model.get()?;
    // Looked at where it lies, since moving it costs its stack once more.
    let parsed = ModelBytes::parse(file.slice(length)?);
    let file = parsed.as_ref().map_err(|&error| error)?;
    let ModelHeader { features, scores, .. } = file.header();
    if (features, scores) != (model.features, model.scores) {
        return Err(Status::Length);
    }
    model.affine_mut(layer.shape()?.dim())?.load_as((oracle, parameter, noise), file)?;
    Ok(())
}

pub(crate) fn store<L: Named>(
    layer: In<L>,
    model: In<Model>,
    file: Out<u8>,
    capacity: usize,
    length: Out<usize>,
) -> Result<(), Status> {
    let layer = layer.get()?;
    let ((noise, epsilon), (oracle, parameter)) = (layer.perturbation()?, layer.kind());
    let view = model.get()?.view();
    let model = view.affine(layer.shape()?.dim())?;
    let header = model.file_header((oracle, parameter, noise), epsilon)?;
    let needed = header.file_length()?;
    if capacity < needed {
        return Err(Status::Length);
    }
    let (mut file, length) = (file.place(needed)?, length.place(1)?);
    model.store_as(header, file.zeros())?;
    length.write(&[needed]);
    Ok(())
}

/// As C calls, through raw pointers alone: what Miri watches.
#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the same bits, and numbers without rounding")]
mod tests {
    use core::ptr::{addr_of_mut, null, null_mut};

    use super::*;
    use crate::{
        Argmax, GridPath, Ranking, perturb_argmax_gradient, perturb_grid_path_learn, perturb_ranking_decide,
        perturb_ranking_learn, perturb_ranking_load, perturb_ranking_store, perturb_seed_fold,
    };

    static LAYER: Ranking = Ranking { scores: 3, noise: 4, epsilon: 0.5 };

    #[test]
    fn weights_are_learned_stored_and_loaded() {
        let (mut weights, mut bias) = ([0.0f32; 6], [0.0f32; 3]);
        let (weights, bias) = (addr_of_mut!(weights).cast::<f32>(), addr_of_mut!(bias).cast::<f32>());
        let mut model = Model { weights, bias, features: 2, scores: 3 };
        let model = addr_of_mut!(model);
        let (x, target) = ([1.0f32, -0.5], [3.0f32, 1.0, 2.0]);
        let mut file = [0xFFu8; 80];
        // One byte further than any alignment.
        let file = addr_of_mut!(file).cast::<u8>().wrapping_add(1);
        let (mut length, mut theta) = (0usize, [0.0f32; 3]);
        let theta = addr_of_mut!(theta).cast::<f32>();
        let layer = &raw const LAYER;
        // SAFETY: all pointers are to arrays of the sizes that layer and model name.
        unsafe {
            for step in 0..20 {
                let seed = perturb_seed_fold(7, step);
                let status = perturb_ranking_learn(layer, model, x.as_ptr(), target.as_ptr(), 0.1, seed);
                assert_eq!(status, Status::Ok);
            }
            assert_eq!(perturb_model_scores(model, x.as_ptr(), theta), Status::Ok);
            // In place.
            assert_eq!(perturb_ranking_decide(layer, theta, theta), Status::Ok);
            assert_eq!(*theta.cast::<[f32; 3]>(), target);

            let learned = *weights.cast::<[f32; 6]>();
            let status = perturb_ranking_store(layer, model, file, 79, addr_of_mut!(length));
            assert_eq!((status, length), (Status::Ok, 72));
            weights.write_bytes(0, 6);
            *file.add(50) ^= 4;
            assert_eq!(perturb_ranking_load(layer, model, file, length), Status::Checksum);
            *file.add(50) ^= 4;
            assert_eq!(perturb_ranking_load(layer, model, file, length - 1), Status::Length);
            assert_eq!(perturb_ranking_load(layer, model, file, length), Status::Ok);
            assert_eq!(*weights.cast::<[f32; 6]>(), learned);
        }
    }

    #[test]
    fn inputs_overlap_outputs_and_weights() {
        let argmax = Argmax { scores: 4, noise: 1, epsilon: 1.0 };
        let mut memory = [0.5f32, 2.0, -1.0, 0.0, 1.0, 0.0, 0.0];
        let start = addr_of_mut!(memory).cast::<f32>();
        // SAFETY: theta, target and gradient are four numbers each, of seven that are there.
        unsafe {
            let (theta, target, gradient) = (start, start.add(3), start.add(1));
            assert_eq!(perturb_argmax_gradient(&raw const argmax, theta, target, 5, gradient), Status::Ok);
            let sum: f32 = (*gradient.cast::<[f32; 4]>()).iter().sum();
            assert_eq!((*start, sum), (0.5, 0.0));
        }
        // The scores of a model into its own features.
        let (mut weights, mut bias) = ([1.0f32, 2.0, 3.0, 4.0], [0.0f32, 1.0]);
        let model = Model { weights: weights.as_mut_ptr(), bias: bias.as_mut_ptr(), features: 2, scores: 2 };
        let mut x = [1.0f32, 1.0];
        let x = addr_of_mut!(x).cast::<f32>();
        // SAFETY: two numbers in, two out.
        unsafe {
            assert_eq!(perturb_model_scores(&raw const model, x, x), Status::Ok);
            assert_eq!(*x.cast::<[f32; 2]>(), [4.0, 7.0]);
        }
    }

    #[test]
    fn what_is_not_there_is_not_touched() {
        let grid = GridPath { rows: 2, columns: 2, neighbours: 8, noise: 4, epsilon: 1.0 };
        let mut model = Model { weights: null_mut(), bias: null_mut(), features: 1, scores: 4 };
        let (x, target) = ([1.0f32], [1.0f32, 0.0, 0.0, 1.0]);
        let (x, target) = (x.as_ptr(), target.as_ptr());
        let (layer, model) = (&raw const grid, &raw mut model);
        // SAFETY: NULL is refused before anything is read.
        unsafe {
            assert_eq!(perturb_grid_path_learn(layer, model, x, target, 0.1, 1), Status::Pointer);
            assert_eq!(perturb_grid_path_learn(layer, null_mut(), x, target, 0.1, 1), Status::Pointer);
            assert_eq!(perturb_grid_path_learn(null(), model, x, target, 0.1, 1), Status::Pointer);
            let odd = x.cast::<u8>().wrapping_add(1).cast();
            assert_eq!(perturb_grid_path_learn(layer, model, odd, target, 0.1, 1), Status::Pointer);
            assert_eq!(
                perturb_ranking_store(&raw const LAYER, model, null_mut(), 0, null_mut()),
                Status::Length
            );
        }
    }
}

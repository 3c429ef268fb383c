//! Models whose weights all options share.
#![allow(unsafe_code, reason = "exported to C")]

use perturb_core::model_file::ModelBytes;
use perturb_core::{Shape, UpTo};

use crate::bounded::MOST;
use crate::layer::{self, Named};
use crate::pointer::{In, Out};
use crate::{Argmax, GridPath, Ranking, Status, TopK};

/// A model in the caller's memory, which learns one weight a feature for all options: option e has features phi_e of its own and
/// the score theta_e = ⟨w, phi_e⟩.
///
/// It decides among options that change in what they are and in how many: `layer->scores` is their number, set before a call.
/// Zeros are a model to start from: it has no preference. A model that decides alone, from flash, is a perturb_shared_view.
#[derive(Debug)]
#[repr(C)]
pub struct Shared {
    /// w: features floats.
    pub(crate) weights: *mut f32,
    /// How many features an option has, at least 1.
    pub(crate) features: u32,
}

/// A model of shared weights to be read where it lies, such as in flash: `perturb export --format c` writes one after perturb.h.
///
/// Of a perturb_shared m: {m.weights, m.features}.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct SharedView {
    /// w.
    pub(crate) weights: *const f32,
    /// How many features an option has.
    pub(crate) features: u32,
}

/// Scores of `count` options: theta_e = ⟨w, phi_e⟩.
///
/// `options` has view->features entries for each option, one option after the other; `theta` has `count`.
///
/// PERTURB_STATUS_NOT_FINITE if an entry of options is NaN or infinite; PERTURB_STATUS_OVERFLOW if one of theta would be;
/// PERTURB_STATUS_CAPACITY for more scores than any layer may have; PERTURB_STATUS_OUT_OF_RANGE for a model without features;
/// PERTURB_STATUS_POINTER.
///
/// Cost: a multiplication and an addition an entry of options. Stack: at most 1400 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn perturb_shared_scores(
    view: *const SharedView,
    options: *const f32,
    count: u32,
    theta: *mut f32,
) -> Status {
    // SAFETY: promised by the caller.
    let (view, options, theta) = unsafe { (In::new(view), In::new(options), Out::new(theta)) };
    scores(view, options, count, theta).into()
}

fn scores(view: In<SharedView>, options: In<f32>, count: u32, theta: Out<f32>) -> Result<(), Status> {
    let shape = UpTo::<MOST>::new(count as usize)?;
    let model = view.get()?.shared()?;
    let options = options.slice(entries(shape.dim(), model.features())?)?;
    let theta = theta.place(shape.dim())?;
    let mut found = shape.array(0.0);
    model.scores(options, found.as_mut())?;
    theta.write(found.as_ref());
    Ok(())
}

/// How many features all options have.
pub(crate) fn entries(options: usize, features: usize) -> Result<usize, Status> {
    options.checked_mul(features).ok_or(Status::Overflow)
}

/// Picks one of the options whose features are `options`: perturb_argmax_decide of their scores, which stay on the stack.
///
/// `options` has view->features entries for each of the layer->scores options, `y` one for each option. Nothing is copied of the
/// model, which may lie in flash. Errors as perturb_argmax_decide and perturb_shared_scores.
///
/// Cost: a multiplication and an addition an entry of options, and a decision. Stack: at most 850 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn perturb_argmax_predict_shared(
    layer: *const Argmax,
    view: *const SharedView,
    options: *const f32,
    y: *mut f32,
) -> Status {
    // SAFETY: promised by the caller.
    let (layer, view, options, y) = unsafe { (In::new(layer), In::new(view), In::new(options), Out::new(y)) };
    layer::predict_shared(layer, view, options, y).into()
}

/// Picks k of the options, as perturb_argmax_predict_shared picks one. Stack: at most 1500 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn perturb_top_k_predict_shared(
    layer: *const TopK,
    view: *const SharedView,
    options: *const f32,
    y: *mut f32,
) -> Status {
    // SAFETY: promised by the caller.
    let (layer, view, options, y) = unsafe { (In::new(layer), In::new(view), In::new(options), Out::new(y)) };
    layer::predict_shared(layer, view, options, y).into()
}

/// Ranks the options, as perturb_argmax_predict_shared picks one. Stack: at most 1900 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn perturb_ranking_predict_shared(
    layer: *const Ranking,
    view: *const SharedView,
    options: *const f32,
    y: *mut f32,
) -> Status {
    // SAFETY: promised by the caller.
    let (layer, view, options, y) = unsafe { (In::new(layer), In::new(view), In::new(options), Out::new(y)) };
    layer::predict_shared(layer, view, options, y).into()
}

/// Walks through a grid whose cells are the options, row by row, as perturb_argmax_predict_shared picks one. Stack: at most 5200
/// bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn perturb_grid_path_predict_shared(
    layer: *const GridPath,
    view: *const SharedView,
    options: *const f32,
    y: *mut f32,
) -> Status {
    // SAFETY: promised by the caller.
    let (layer, view, options, y) = unsafe { (In::new(layer), In::new(view), In::new(options), Out::new(y)) };
    layer::predict_shared(layer, view, options, y).into()
}

/// Learns that `target` is right among the options whose features are `options`: one step of stochastic gradient descent on the
/// Fenchel–Young loss.
///
/// w −= rate·Σ g_e phi_e for g = y*(theta + epsilon·Z) − target, theta the scores of the options.
///
/// `options` has model->features entries for each of the layer->scores options, `target` one for each option: 1 for the one that
/// is right and 0 elsewhere. Else as perturb_argmax_learn. Stack: at most 2200 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn perturb_argmax_learn_shared(
    layer: *const Argmax,
    model: *mut Shared,
    options: *const f32,
    target: *const f32,
    rate: f32,
    seed: u64,
) -> Status {
    // SAFETY: promised by the caller.
    let (layer, model, options, target) =
        unsafe { (In::new(layer), Out::new(model), In::new(options), In::new(target)) };
    layer::learn_shared(layer, model, options, target, rate, seed).into()
}

/// The same for the k options that are right, as perturb_top_k_learn. Stack: at most 3300 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn perturb_top_k_learn_shared(
    layer: *const TopK,
    model: *mut Shared,
    options: *const f32,
    target: *const f32,
    rate: f32,
    seed: u64,
) -> Status {
    // SAFETY: promised by the caller.
    let (layer, model, options, target) =
        unsafe { (In::new(layer), Out::new(model), In::new(options), In::new(target)) };
    layer::learn_shared(layer, model, options, target, rate, seed).into()
}

/// The same for a ranking of the options, as perturb_ranking_learn. Stack: at most 3600 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn perturb_ranking_learn_shared(
    layer: *const Ranking,
    model: *mut Shared,
    options: *const f32,
    target: *const f32,
    rate: f32,
    seed: u64,
) -> Status {
    // SAFETY: promised by the caller.
    let (layer, model, options, target) =
        unsafe { (In::new(layer), Out::new(model), In::new(options), In::new(target)) };
    layer::learn_shared(layer, model, options, target, rate, seed).into()
}

/// The same for a path through a grid whose cells are the options, as perturb_grid_path_learn. Stack: at most 13500 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn perturb_grid_path_learn_shared(
    layer: *const GridPath,
    model: *mut Shared,
    options: *const f32,
    target: *const f32,
    rate: f32,
    seed: u64,
) -> Status {
    // SAFETY: promised by the caller.
    let (layer, model, options, target) =
        unsafe { (In::new(layer), Out::new(model), In::new(options), In::new(target)) };
    layer::learn_shared(layer, model, options, target, rate, seed).into()
}

/// Takes the model's weights from a model file of `length` bytes, written by the host or by perturb_argmax_store_shared.
///
/// The file must be of shared weights, as many as the model has, and an argmax with the layer's noise as its layer; its epsilon is
/// left aside, and it knows no number of options. PERTURB_STATUS_LENGTH for a file of weights of labels, too; else as
/// perturb_argmax_load. Stack: at most 500 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn perturb_argmax_load_shared(
    layer: *const Argmax,
    model: *mut Shared,
    file: *const u8,
    length: usize,
) -> Status {
    // SAFETY: promised by the caller.
    let (layer, model, file) = unsafe { (In::new(layer), Out::new(model), In::new(file)) };
    load(layer, model, file, length).into()
}

/// perturb_argmax_load_shared of a file of top-k, with the layer's k. Stack: at most 500 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn perturb_top_k_load_shared(
    layer: *const TopK,
    model: *mut Shared,
    file: *const u8,
    length: usize,
) -> Status {
    // SAFETY: promised by the caller.
    let (layer, model, file) = unsafe { (In::new(layer), Out::new(model), In::new(file)) };
    load(layer, model, file, length).into()
}

/// perturb_argmax_load_shared of a file of a ranking. Stack: at most 500 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn perturb_ranking_load_shared(
    layer: *const Ranking,
    model: *mut Shared,
    file: *const u8,
    length: usize,
) -> Status {
    // SAFETY: promised by the caller.
    let (layer, model, file) = unsafe { (In::new(layer), Out::new(model), In::new(file)) };
    load(layer, model, file, length).into()
}

/// Writes the model's weights as a model file, for the host and for perturb_argmax_load_shared.
///
/// `file` has room for `capacity` bytes, at least PERTURB_SHARED_FILE(features); `length` receives how many were written. Errors as
/// perturb_argmax_store. Stack: at most 500 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn perturb_argmax_store_shared(
    layer: *const Argmax,
    model: *const Shared,
    file: *mut u8,
    capacity: usize,
    length: *mut usize,
) -> Status {
    // SAFETY: promised by the caller.
    let (layer, model, file, length) =
        unsafe { (In::new(layer), In::new(model), Out::new(file), Out::new(length)) };
    store(layer, model, file, capacity, length).into()
}

/// perturb_argmax_store_shared of a top-k. Stack: at most 500 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn perturb_top_k_store_shared(
    layer: *const TopK,
    model: *const Shared,
    file: *mut u8,
    capacity: usize,
    length: *mut usize,
) -> Status {
    // SAFETY: promised by the caller.
    let (layer, model, file, length) =
        unsafe { (In::new(layer), In::new(model), Out::new(file), Out::new(length)) };
    store(layer, model, file, capacity, length).into()
}

/// perturb_argmax_store_shared of a ranking. Stack: at most 500 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn perturb_ranking_store_shared(
    layer: *const Ranking,
    model: *const Shared,
    file: *mut u8,
    capacity: usize,
    length: *mut usize,
) -> Status {
    // SAFETY: promised by the caller.
    let (layer, model, file, length) =
        unsafe { (In::new(layer), In::new(model), Out::new(file), Out::new(length)) };
    store(layer, model, file, capacity, length).into()
}

fn load<L: Named>(layer: In<L>, mut model: Out<Shared>, file: In<u8>, length: usize) -> Result<(), Status> {
    let layer = layer.get()?;
    let ((noise, _), (oracle, parameter)) = (layer.perturbation()?, layer.kind());
    let model = model.get()?;
    let parsed = ModelBytes::parse(file.slice(length)?);
    let file = parsed.as_ref().map_err(|&error| error)?;
    let header = file.header();
    // Of labels, there are scores.
    if (header.features, header.scores) != (model.features, 0) {
        return Err(Status::Length);
    }
    model.shared_mut()?.load_as((oracle, parameter, noise), file)?;
    Ok(())
}

fn store<L: Named>(
    layer: In<L>,
    model: In<Shared>,
    file: Out<u8>,
    capacity: usize,
    length: Out<usize>,
) -> Result<(), Status> {
    let layer = layer.get()?;
    let ((noise, epsilon), (oracle, parameter)) = (layer.perturbation()?, layer.kind());
    let view = model.get()?.view();
    let model = view.shared()?;
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

impl Shared {
    pub(crate) fn view(&self) -> SharedView {
        SharedView { weights: self.weights, features: self.features }
    }
}

/// As C calls, through raw pointers alone: what Miri watches.
#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the same bits")]
mod tests {
    use core::ptr::{addr_of_mut, null, null_mut};

    use super::*;

    #[test]
    fn weights_are_learned_stored_and_loaded() {
        let mut layer = TopK { scores: 3, k: 1, noise: 1, epsilon: 0.5 };
        let mut weights = [0.0f32; 2];
        let weights = addr_of_mut!(weights).cast::<f32>();
        let mut model = Shared { weights, features: 2 };
        let model = addr_of_mut!(model);
        let (options, target) = ([1.0f32, 2.0, 2.0, 1.0, 3.0, 3.0, 0.5, 4.0], [0.0f32, 1.0, 0.0, 0.0]);
        let mut y = [7.0f32; 4];
        let mut file = [0xFFu8; 60];
        // One byte further than any alignment.
        let file = addr_of_mut!(file).cast::<u8>().wrapping_add(1);
        let mut length = 0usize;
        // SAFETY: all pointers are to arrays of the sizes that layer and model name.
        unsafe {
            for step in 0..40 {
                layer.scores = 3 + u32::from(step % 2 == 1);
                let (options, target) = (options.as_ptr(), target.as_ptr());
                let status = perturb_top_k_learn_shared(&raw const layer, model, options, target, 0.1, step);
                assert_eq!(status, Status::Ok);
            }
            let view = (*model).view();
            let status = perturb_top_k_predict_shared(
                &raw const layer,
                &raw const view,
                options.as_ptr(),
                y.as_mut_ptr(),
            );
            assert_eq!((status, y), (Status::Ok, target));
            let learned = *weights.cast::<[f32; 2]>();
            let layer = &raw const layer;
            let status = perturb_top_k_store_shared(layer, model, file, 52, addr_of_mut!(length));
            assert_eq!((status, length), (Status::Ok, 52));
            assert_eq!(
                perturb_top_k_store_shared(layer, model, file, 51, addr_of_mut!(length)),
                Status::Length
            );
            weights.write_bytes(0, 2);
            *file.add(41) ^= 4;
            assert_eq!(perturb_top_k_load_shared(layer, model, file, length), Status::Checksum);
            *file.add(41) ^= 4;
            assert_eq!(perturb_top_k_load_shared(layer, model, file, length - 1), Status::Length);
            assert_eq!(perturb_top_k_load_shared(layer, model, file, length), Status::Ok);
            assert_eq!(*weights.cast::<[f32; 2]>(), learned);
            // Scores into the features.
            let mut both = options;
            let both = addr_of_mut!(both).cast::<f32>();
            assert_eq!(perturb_shared_scores(&raw const view, both, 4, both), Status::Ok);
            assert_eq!(*both, learned[0] + 2.0 * learned[1]);
        }
    }

    #[test]
    fn what_is_not_there_is_not_touched() {
        let layer = Argmax { scores: 2, noise: 1, epsilon: 1.0 };
        let layer = &raw const layer;
        let (view, none) =
            (SharedView { weights: null(), features: 1 }, SharedView { weights: null(), features: 0 });
        let mut model = Shared { weights: null_mut(), features: u32::MAX };
        let (x, mut y) = ([1.0f32, 0.0], [7.0f32; 2]);
        let (x, y) = (x.as_ptr(), addr_of_mut!(y).cast::<f32>());
        // SAFETY: NULL is refused before anything is read.
        unsafe {
            assert_eq!(perturb_argmax_predict_shared(layer, &raw const view, x, y), Status::Pointer);
            assert_eq!(perturb_argmax_predict_shared(layer, &raw const none, x, y), Status::Pointer);
            assert_eq!(perturb_argmax_learn_shared(layer, &raw mut model, x, x, 0.1, 1), Status::Pointer);
            assert_eq!(perturb_argmax_load_shared(layer, null_mut(), null(), 0), Status::Pointer);
            assert_eq!(
                perturb_argmax_store_shared(layer, &raw const model, null_mut(), 0, null_mut()),
                Status::Pointer
            );
            assert_eq!(*y, 7.0);
        }
    }
}

//! Model files on the device: what is stored comes back, what does not fit is refused and changes nothing.

use perturb_core::model_file::{ModelBytes, checksum};
use perturb_core::{
    Affine, AffineRef, AnyNoise, Const, Error, Gumbel, Hypercube, Noise, Normal, Oracle, Perturbed, Ranking,
    Simplex,
};

type Model = Affine<f32, 2, 3>;
const LENGTH: usize = 36 + 4 * 3 * 3;

fn layer() -> Perturbed<Ranking<f32, Const<3>>, Normal, f32> {
    Perturbed::new(Ranking::ascending(Const).unwrap(), Normal, 0.25).unwrap()
}

fn model() -> Model {
    let mut model = Model::zeros();
    for (i, parameter) in model.weights.iter_mut().chain(&mut model.bias).enumerate() {
        *parameter = i as f32 - 3.5;
    }
    model
}

fn stored() -> [u8; LENGTH] {
    let mut file = [0; LENGTH];
    assert_eq!(model().store(&layer(), &mut file), Ok(LENGTH));
    file
}

pub(crate) fn stored_models_come_back() {
    let mut back = Model::zeros();
    let header = back.load(&layer(), &stored()).unwrap();
    assert_eq!((header.features, header.scores, header.epsilon, header.metadata), (2, 3, 0.25, 0));
    assert_eq!(back, model());
    // Into the start of more memory; the rest stays.
    let mut flash = [7; LENGTH + 2];
    assert_eq!(model().store(&layer(), &mut flash), Ok(LENGTH));
    assert_eq!(flash.split_at(LENGTH), (&stored()[..], &[7, 7][..]));
}

pub(crate) fn damaged_files_change_nothing() {
    let mut kept = model();
    for bit in 0..8 * LENGTH {
        let mut file = stored();
        file[bit / 8] ^= 1 << (bit % 8);
        assert!(kept.load(&layer(), &file).is_err(), "bit {bit}");
    }
    for length in 0..LENGTH {
        let error = kept.load(&layer(), &stored()[..length]).unwrap_err();
        assert!(matches!(error, Error::Length { parameter: "model file", .. }), "{length}");
    }
    assert_eq!(kept, model());
}

/// The error of a load of `stored` into another model or by another layer.
fn refused<const F: usize, const S: usize, O: Oracle<f32>, N: Noise<f32> + Into<AnyNoise>>(
    oracle: O,
    noise: N,
) -> Error {
    let layer = Perturbed::new(oracle, noise, 1.0).unwrap();
    let mut model = Affine::<f32, F, S>::zeros();
    let error = model.load(&layer, &stored()).unwrap_err();
    assert_eq!(model, Affine::zeros());
    error
}

pub(crate) fn files_of_other_models_are_refused() {
    let ranking = || Ranking::<f32, _>::ascending(Const::<3>).unwrap();
    let differs = |parameter, expected, found| Error::Differs { parameter, expected, found };
    let simplex = Simplex::new(Const::<3>).unwrap();
    assert_eq!(refused::<2, 3, _, _>(simplex, Normal), differs("oracle", "simplex", "ranking"));
    assert_eq!(refused::<2, 3, _, _>(ranking(), Gumbel), differs("noise", "gumbel", "normal"));
    let features = Error::OutOfRange { parameter: "features", least: 4, greatest: 4, found: 2 };
    assert_eq!(refused::<4, 3, _, _>(ranking(), Normal), features);
    let four = Ranking::<f32, _>::ascending(Const::<4>).unwrap();
    let scores = Error::OutOfRange { parameter: "scores", least: 4, greatest: 4, found: 3 };
    assert_eq!(refused::<2, 4, _, _>(four, Normal), scores);
    let scores = Error::Length { parameter: "scores", expected: 3, found: 5 };
    assert_eq!(refused::<2, 5, _, _>(ranking(), Normal), scores);
}

/// The file of [`stored`] with other bytes at `offset`, and a checksum that fits.
fn patched(offset: usize, byte: u8) -> [u8; LENGTH] {
    let mut file = stored();
    file[offset] = byte;
    let sum = checksum(&file[..LENGTH - 4]).to_le_bytes();
    file[LENGTH - 4..].copy_from_slice(&sum);
    file
}

/// Version 1 gave the best label of a ranking the least score.
pub(crate) fn older_files_are_turned_and_centred_ones_refused() {
    let mut old = Model::zeros();
    old.load(&layer(), &patched(8, 1)).unwrap();
    let new = model();
    let pairs = || old.weights.iter().chain(&old.bias).zip(new.weights.iter().chain(&new.bias));
    assert!(pairs().all(|(old, new)| *old == -new));

    // Two features have centres of 8 bytes each, which lie before the checksum.
    let mut centred = [0; LENGTH + 16];
    centred[..LENGTH - 4].copy_from_slice(&stored()[..LENGTH - 4]);
    centred[26] = 1;
    centred[LENGTH - 4..LENGTH + 4].copy_from_slice(&1.7e9f64.to_le_bytes());
    let sum = checksum(&centred[..LENGTH + 12]).to_le_bytes();
    centred[LENGTH + 12..].copy_from_slice(&sum);
    let differs = Error::Differs {
        parameter: "the model's features",
        expected: "as they are",
        found: "minus their centres",
    };
    assert_eq!(old.load(&layer(), &centred), Err(differs));
    let file = ModelBytes::parse(&centred).unwrap();
    assert_eq!(file.decide(&layer(), &[0.0, 0.0]), Err(differs));
    assert!(file.centres().eq([1.7e9, 0.0]));
    assert!(file.weights().chain(file.bias()).eq(new.weights.iter().chain(&new.bias).copied()));
}

/// The weights and the bias of [`model`], as constants for flash.
static WEIGHTS: [[f32; 3]; 2] = [[-3.5, -2.5, -1.5], [-0.5, 0.5, 1.5]];
static BIAS: [f32; 3] = [2.5, 3.5, 4.5];
static VIEW: AffineRef<'static, f32> = AffineRef::from_arrays(&WEIGHTS, &BIAS);
const SAME: Result<AffineRef<'static, f32>, Error> = AffineRef::new(WEIGHTS.as_flattened(), &BIAS);

pub(crate) fn models_decide_where_they_lie() {
    let (layer, model, file) = (layer(), model(), stored());
    assert_eq!((VIEW, Ok(VIEW)), (model.view(), SAME));
    let file = ModelBytes::parse(&file).unwrap();
    let old = patched(8, 1);
    let old = ModelBytes::parse(&old).unwrap();
    for (x, decision, turned) in
        [([0.0, 0.0], [1.0, 2.0, 3.0], [3.0, 2.0, 1.0]), ([-1.0, -3.0], [3.0, 2.0, 1.0], [1.0, 2.0, 3.0])]
    {
        for found in [VIEW.decide(&layer, &x), model.decide(&layer, &x), file.decide(&layer, &x)] {
            assert_eq!(found, Ok(decision));
        }
        assert_eq!(old.decide(&layer, &x), Ok(turned));
    }

    let nan = Error::NotFinite { parameter: "x", index: 1 };
    let (broken, large) = ([0.0, f32::NAN], [f32::MAX, 0.0]);
    assert_eq!((VIEW.decide(&layer, &broken), file.decide(&layer, &broken)), (Err(nan), Err(nan)));
    let beyond = Error::Overflow { quantity: "the scores Wx + b" };
    assert_eq!((VIEW.decide(&layer, &large), file.decide(&layer, &large)), (Err(beyond), Err(beyond)));
    let short = Error::Length { parameter: "x", expected: 2, found: 1 };
    assert_eq!((VIEW.decide(&layer, &[0.0]), file.decide(&layer, &[0.0])), (Err(short), Err(short)));
    let wide = Perturbed::new(Ranking::ascending(Const::<4>).unwrap(), Normal, 0.25f32).unwrap();
    let scores = Error::Length { parameter: "scores", expected: 4, found: 3 };
    assert_eq!(VIEW.decide(&wide, &[0.0, 0.0]), Err(scores));
    let scores = Error::OutOfRange { parameter: "scores", least: 4, greatest: 4, found: 3 };
    assert_eq!(file.decide(&wide, &[0.0, 0.0]), Err(scores));
    let other = Perturbed::new(Simplex::new(Const::<3>).unwrap(), Normal, 0.25f32).unwrap();
    let oracle = Error::Differs { parameter: "oracle", expected: "simplex", found: "ranking" };
    assert_eq!(file.decide(&other, &[0.0, 0.0]), Err(oracle));
    let none = Error::OutOfRange { parameter: "scores", least: 1, greatest: u32::MAX as usize, found: 0 };
    assert_eq!(AffineRef::<f32>::new(&[], &[]), Err(none));
    let rest = Error::Length { parameter: "weights", expected: 3, found: 4 };
    assert_eq!(AffineRef::new(&[0.0; 4], &[0.0; 3]), Err(rest));
}

pub(crate) fn what_a_file_cannot_say_is_not_stored() {
    fn refused<O: Oracle<f32>>(model: &Model, oracle: O, memory: usize) -> Error {
        let layer = Perturbed::new(oracle, Normal, 1.0).unwrap();
        let mut file = [7; LENGTH];
        let error = model.store(&layer, &mut file[..memory]).unwrap_err();
        assert_eq!(file, [7; LENGTH]);
        error
    }
    let ranking = || Ranking::<f32, _>::ascending(Const::<3>).unwrap();
    let error = Error::Length { parameter: "memory for the model file", expected: LENGTH, found: LENGTH - 1 };
    assert_eq!(refused(&model(), ranking(), LENGTH - 1), error);
    // Files name rankings by (1, …, d) and yes-or-no decisions; others must not be taken for them.
    let unnamed =
        |found| Error::Differs { parameter: "oracle", expected: "one that a model file can name", found };
    let oracle = Ranking::descending(Const::<3>).unwrap();
    assert_eq!(refused(&model(), oracle, LENGTH), unnamed("ranking"));
    let oracle = Ranking::new(Const::<3>, &[0.0, 1.0, 4.0]).unwrap();
    assert_eq!(refused(&model(), oracle, LENGTH), unnamed("ranking"));
    assert_eq!(refused(&model(), Hypercube::sign(Const::<3>).unwrap(), LENGTH), unnamed("hypercube"));
    let mut spoiled = model();
    spoiled.bias[1] = f32::NAN;
    assert_eq!(refused(&spoiled, ranking(), LENGTH), Error::Overflow { quantity: "the bias" });
}

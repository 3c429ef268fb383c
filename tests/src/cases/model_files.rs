//! Model files on the device: what is stored comes back, what does not fit is refused and changes nothing.

use perturb_core::model_file::{ModelBytes, checksum};
use perturb_core::{
    Affine, AffineRef, AnyNoise, Const, Error, Gumbel, Hypercube, Noise, Normal, Oracle, Perturbed, Ranking,
    Shape, SharedMut, SharedRef, Simplex, TopK, UpTo,
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

/// `file` with `bytes` at `offset`, and a checksum that fits.
fn with<const L: usize>(mut file: [u8; L], offset: usize, bytes: &[u8]) -> [u8; L] {
    file[offset..offset + bytes.len()].copy_from_slice(bytes);
    let sum = checksum(&file[..L - 4]).to_le_bytes();
    file[L - 4..].copy_from_slice(&sum);
    file
}

/// Version 1 gave the best label of a ranking the least score.
pub(crate) fn older_files_are_turned_and_centred_ones_refused() {
    let mut old = Model::zeros();
    old.load(&layer(), &with(stored(), 8, &[1])).unwrap();
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
    let old = with(stored(), 8, &[1]);
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

/// The weights of a model that is shared, and its file: version 3.
const SHARED: [f32; 3] = [0.5, -1.0, 3.25];
const SHARED_LENGTH: usize = 44 + 4 * 3;

fn choice<S: Shape>(shape: S) -> Perturbed<Simplex<S>, Gumbel, f32> {
    Perturbed::new(Simplex::new(shape).unwrap(), Gumbel, 0.25).unwrap()
}

fn shared_file() -> [u8; SHARED_LENGTH] {
    let mut file = [0; SHARED_LENGTH];
    let model = SharedRef::new(&SHARED).unwrap();
    assert_eq!(model.store(&choice(Const::<4>), &mut file), Ok(SHARED_LENGTH));
    file
}

pub(crate) fn shared_weights_come_back() {
    let file = shared_file();
    assert_eq!(
        file.split_at(40).0,
        b"PERTURB\0\x03\0\0\0\x03\0\0\0\0\0\0\0\0\0\x80\x3E\x01\x02\0\x01\0\0\0\0\0\0\0\0\0\0\0\0"
    );
    let mut weights = [0.0; 3];
    let mut model = SharedMut::new(&mut weights).unwrap();
    // Of any number of options.
    let header = model.load(&choice(UpTo::<9>::new(2).unwrap()), &file).unwrap();
    assert_eq!((header.features, header.scores, header.shared, header.parameter), (3, 0, true, 0));
    assert_eq!(model.as_ref(), SharedRef::new(&SHARED).unwrap());
    let bytes = ModelBytes::parse(&file).unwrap();
    assert!(bytes.weights().eq(SHARED) && bytes.bias().len() == 0);
    let (layer, options) = (choice(Const::<2>), [1.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
    for found in [model.as_ref().decide(&layer, &options), bytes.decide_among(&layer, &options)] {
        assert_eq!(found, Ok([0.0, 1.0]));
    }
    let short = Error::Length { parameter: "options", expected: 6, found: 5 };
    assert_eq!(bytes.decide_among(&layer, &options[..5]), Err(short));
    let large = [f32::MAX, 0.0, f32::MAX, 0.0, 0.0, 0.0];
    let beyond = Error::Overflow { quantity: "the scores of the options" };
    assert_eq!(bytes.decide_among(&layer, &large), Err(beyond));
    assert_eq!(model.as_ref().decide(&layer, &large), Err(beyond));
}

pub(crate) fn damaged_shared_files_change_nothing() {
    let mut weights = [7.0; 3];
    let mut model = SharedMut::new(&mut weights).unwrap();
    let layer = choice(Const::<4>);
    for bit in 0..8 * SHARED_LENGTH {
        let mut file = shared_file();
        file[bit / 8] ^= 1 << (bit % 8);
        assert!(model.load(&layer, &file).is_err(), "bit {bit}");
    }
    for length in 0..SHARED_LENGTH {
        let error = model.load(&layer, &shared_file()[..length]).unwrap_err();
        assert!(matches!(error, Error::Length { parameter: "model file", .. }), "{length}");
    }
    let range = |parameter, least, greatest, found| Error::OutOfRange { parameter, least, greatest, found };
    let differs = |parameter, expected, found| Error::Differs { parameter, expected, found };
    let most = u32::MAX as usize;
    let metadata = "described in the metadata, which needs the host";
    for (offset, bytes, refused) in [
        (8, &[4][..], range("format version", 1, 3, 4)),
        (8, &[2], range("byte 27", 0, 0, 1)),
        (12, &[0], range("features", 1, most, 0)),
        (16, &[4], range("scores", 0, 0, 4)),
        (24, &[4], differs("noise", "gumbel", "normal")),
        (25, &[0], range("oracle code", 1, 4, 0)),
        (25, &[5], range("oracle code", 1, 4, 5)),
        (25, &[1], differs("oracle", "simplex", "ranking")),
        (25, &[255], differs("oracle", "simplex", metadata)),
        (26, &[1], range("byte 26", 0, 0, 1)),
        (26, &[2], range("byte 26", 0, 0, 2)),
        (27, &[2], range("byte 27", 0, 1, 2)),
        (32, &[1], range("parameter", 0, 0, 1)),
        (36, &[1], range("bytes 36 to 39", 0, 0, 1)),
        (44, &f32::NAN.to_le_bytes(), Error::NotFinite { parameter: "weights", index: 1 }),
    ] {
        assert_eq!(model.load(&layer, &with(shared_file(), offset, bytes)), Err(refused), "{offset}");
    }
    // Weights of labels and shared ones are not taken for each other.
    let (file, kind) = (with(stored(), 24, &[1, 2]), "shared weights");
    assert_eq!(model.load(&layer, &file), Err(range(kind, 1, 1, 0)));
    let of_labels = choice(Const::<3>);
    let error = range(kind, 0, 0, 1);
    assert_eq!(Affine::<f32, 3, 3>::zeros().load(&of_labels, &shared_file()), Err(error));
    assert_eq!(ModelBytes::parse(&shared_file()).unwrap().decide(&of_labels, &[0.0; 3]), Err(error));
    let mut two = [0.0; 2];
    let sizes = range("features", 2, 2, 3);
    assert_eq!(SharedMut::new(&mut two).unwrap().load(&layer, &shared_file()), Err(sizes));
    assert_eq!(weights, [7.0; 3]);
    let mut spoiled = SHARED;
    spoiled[2] = f32::INFINITY;
    let error = Error::Overflow { quantity: "the weights" };
    assert_eq!(SharedRef::new(&spoiled).unwrap().store(&layer, &mut shared_file()), Err(error));
}

/// Top-k is of version 3, with its k, whether weights are shared or not.
pub(crate) fn top_k_keeps_its_k() {
    const LENGTH: usize = 44 + 4 * 3 * 3;
    let layer = |k| Perturbed::new(TopK::new(Const::<3>, k).unwrap(), Normal, 0.25f32).unwrap();
    let mut file = [0; LENGTH];
    assert_eq!(model().store(&layer(2), &mut file), Ok(LENGTH));
    assert_eq!((file[8], file[25], file[27], file[32]), (3, 4, 0, 2));
    let mut back = Model::zeros();
    assert_eq!(back.load(&layer(2), &file).unwrap().parameter, 2);
    assert_eq!(back, model());
    let read = ModelBytes::parse(&file).unwrap();
    assert_eq!(read.decide(&layer(2), &[1.0, 0.0]), back.decide(&layer(2), &[1.0, 0.0]));
    let differs = Error::OutOfRange { parameter: "parameter", least: 1, greatest: 1, found: 2 };
    assert_eq!(back.load(&layer(1), &file), Err(differs));
    for picks in [0, 4] {
        let refused =
            Error::OutOfRange { parameter: "parameter", least: 1, greatest: 3, found: picks.into() };
        assert_eq!(back.load(&layer(2), &with(file, 32, &[picks])), Err(refused));
    }
    let (mut shared, mut weights) = ([0; SHARED_LENGTH], [0.0; 3]);
    SharedRef::new(&SHARED).unwrap().store(&layer(2), &mut shared).unwrap();
    SharedMut::new(&mut weights).unwrap().load(&layer(2), &shared).unwrap();
    assert_eq!((weights, shared[25], shared[32]), (SHARED, 4, 2));
    assert_eq!(SharedMut::new(&mut weights).unwrap().load(&layer(1), &shared), Err(differs));
    // What version 2 can say is read in version 3 as well.
    let mut longer = [0; LENGTH];
    longer[..32].copy_from_slice(&stored()[..32]);
    longer[40..LENGTH - 4].copy_from_slice(&stored()[32..LENGTH - 12]);
    back.load(&self::layer(), &with(longer, 8, &[3])).unwrap();
    assert_eq!(back, model());
}

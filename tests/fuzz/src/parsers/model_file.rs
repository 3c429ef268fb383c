//! Model files, on the host and on a device.

use perturb::model_file::{ModelBytes, ModelFile, ModelHeader, OracleKind};
use perturb::{
    Affine, AnyNoise, Const, Gumbel, Hypercube, Logistic, Noise, Normal, Oracle, Perturbed, Ranking,
    SharedMut, Simplex, TopK,
};

use super::{flipped, sealed};

/// Model files: refused, or a model that is written back to a file of the same content. No flipped bit and no cut passes.
pub fn model_file(bytes: &[u8]) {
    read(bytes);
    read(&sealed(bytes));
}

fn read(bytes: &[u8]) {
    let header = ModelHeader::parse(bytes);
    let device = ModelBytes::parse(bytes);
    let host = ModelFile::from_bytes(bytes);
    on_device(Ranking::ascending(Const::<3>).expect("three labels"), Normal, bytes);
    on_device(Hypercube::binary(Const::<1>).expect("one label"), Logistic, bytes);
    shared_on_device(Simplex::new(Const::<2>).expect("two options"), Gumbel, bytes);
    shared_on_device(TopK::new(Const::<4>, 2).expect("two of four"), Normal, bytes);
    let Ok(device) = device else {
        assert!(host.is_err(), "the host reads what a device refuses");
        return;
    };
    let header = header.expect("a file that is read has a header");
    assert_eq!(header, device.header());
    let columns = if header.shared { 1 } else { header.scores as usize };
    assert_eq!(device.weights().len(), header.features as usize * columns);
    assert_eq!(device.bias().len(), header.scores as usize);
    assert_eq!(device.centres().len(), if header.centred { header.features as usize } else { 0 });
    for bit in [0, 7, 64 * bytes.len() / 17, 8 * bytes.len() / 2, 8 * bytes.len() - 1] {
        assert!(
            ModelBytes::parse(&flipped(bytes, bit)).is_err(),
            "bit {bit} is flipped and the file is read"
        );
    }
    assert!(ModelBytes::parse(&bytes[..bytes.len() - 1]).is_err(), "the file is cut and read");
    // Only the metadata can still be wrong, or be missing where they alone say what decides.
    let Ok(model) = host else {
        assert!(!device.metadata().is_empty() || header.oracle == OracleKind::Other);
        return;
    };
    check_written(&model, header, bytes);
}

/// What is written again is what was read.
fn check_written(model: &ModelFile, header: ModelHeader, bytes: &[u8]) {
    assert!(model.weights.iter().chain(&model.bias).all(|x| x.is_finite()) && model.epsilon > 0.0);
    let written = model.to_bytes().expect("what was read can be written");
    assert_eq!(&ModelFile::from_bytes(&written).expect("what was written can be read"), model);
    let parameters = 4 * (model.weights.len() + model.bias.len());
    let numbers = parameters + if header.centred { 8 * model.features } else { 0 };
    // All but the length of the metadata, whose spaces and order are free. What version 2 can say is written as version 2, and the
    // signs of a ranking's scores of version 1 are turned.
    let turned = bytes[8] == 1 && header.oracle == OracleKind::Ranking;
    let sign = if turned { 0x80 } else { 0 };
    assert_eq!(u32::from(written[8]), header.version());
    assert_eq!((&written[..8], &written[9..26]), (&bytes[..8], &bytes[9..26]));
    assert_eq!(written[27], bytes[27]);
    let [start, read] = [written[8], bytes[8]].map(|version| if version == 3 { 40 } else { 32 });
    assert_eq!(written[32..start], bytes[32..32 + (start - 32)]);
    // Centres of zero are none.
    if model.is_centred() || !header.centred {
        let (written, read) = (&written[start..start + numbers], &bytes[read..read + numbers]);
        for (place, (written, read)) in written.iter().zip(read).enumerate() {
            let sign = if place < parameters && place % 4 == 3 { sign } else { 0 };
            assert_eq!(*written, *read ^ sign, "byte {place} of the numbers");
        }
    }
}

/// A device takes the file or stays as it is, and stores what it took.
fn on_device<O, N, const SCORES: usize>(oracle: O, noise: N, bytes: &[u8])
where
    O: Oracle<f32, Shape = Const<SCORES>>,
    N: Noise<f32> + Into<AnyNoise>,
{
    let layer = Perturbed::new(oracle, noise, 0.5).expect("a temperature");
    let mut model = Affine::<f32, 2, SCORES>::zeros();
    model.bias[0] = 0.25;
    let before = model.clone();
    if model.load(&layer, bytes).is_err() {
        assert!(model == before, "a file was refused and changed the model");
        return;
    }
    let mut stored = vec![0; 36 + 4 * 3 * SCORES];
    assert_eq!(model.store(&layer, &mut stored), Ok(stored.len()));
    let mut again = Affine::<f32, 2, SCORES>::zeros();
    again.load(&layer, &stored).expect("what was stored can be loaded");
    assert!(again == model, "{model:?} was stored and is {again:?}");
}

/// The same of shared weights.
fn shared_on_device<O, N>(oracle: O, noise: N, bytes: &[u8])
where
    O: Oracle<f32>,
    N: Noise<f32> + Into<AnyNoise>,
{
    let layer = Perturbed::new(oracle, noise, 0.5).expect("a temperature");
    let (mut weights, mut again) = ([0.25; 3], [0.0; 3]);
    if SharedMut::new(&mut weights).expect("three").load(&layer, bytes).is_err() {
        assert_eq!(weights, [0.25; 3], "a file was refused and changed the model");
        return;
    }
    let mut stored = [0; 44 + 4 * 3];
    let model = SharedMut::new(&mut weights).expect("three");
    assert_eq!(model.as_ref().store(&layer, &mut stored), Ok(stored.len()));
    SharedMut::new(&mut again).expect("three").load(&layer, &stored).expect("what was stored can be loaded");
    assert_eq!(again.map(f32::to_bits), weights.map(f32::to_bits));
}

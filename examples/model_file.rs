//! How do I save a trained model, load it again, and carry it to a device?

use perturb::model_file::{AnyNoise, ModelFile, OracleKind, Provenance};
use perturb::train::{LinearModel, Loss, Objective, Training};
use perturb::{Affine, Const, Dyn, Error, How, MonteCarlo, Normal, Perturbed, Ranking, Seed};
use perturb_experiments::data::generate::friedman_ranking;

const FEATURES: usize = 10;
const LABELS: usize = 4;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let data = friedman_ranking::<f32>(500, LABELS, 0.5, Seed(1))?;
    let layer = Perturbed::new(Ranking::ascending(Dyn(LABELS))?, Normal, 1.0)?;
    let how = How::MonteCarlo(MonteCarlo::new(1, Seed(0)));
    let model = Training::default().fit(&Objective { layer, loss: Loss::FenchelYoung, how }, &data)?.model;

    let file = ModelFile {
        features: model.features(),
        scores: model.scores(),
        shared: false,
        weights: model.weights().to_vec(),
        bias: model.bias().to_vec(),
        centres: data.centres().to_vec(),
        epsilon: 1.0,
        noise: AnyNoise::Normal,
        oracle: OracleKind::Ranking,
        parameter: 0,
        provenance: Provenance { data_name: data.name().into(), ..Provenance::default() },
    };
    let path = std::env::temp_dir().join(format!("example-{}.perturb", std::process::id()));
    file.save(&path)?;
    let loaded = ModelFile::load(&path)?;
    let bytes = std::fs::read(&path)?;
    std::fs::remove_file(&path)?;
    assert_eq!(loaded, file);
    let host = LinearModel::from_parts(loaded.features, loaded.weights, loaded.bias).ok_or("wrong sizes")?;

    // What a firmware does with these bytes: no allocator, sizes in the types.
    let device_layer = Perturbed::new(Ranking::ascending(Const::<LABELS>)?, Normal, 1.0f32)?;
    let mut device = Affine::<f32, FEATURES, LABELS>::zeros();
    device.load(&device_layer, &bytes)?;
    let mut theta = [0.0; LABELS];
    host.score(data.x(0), &mut theta);
    assert_eq!(device.scores(data.x(0))?, theta);

    let mut damaged = bytes.clone();
    damaged[100] ^= 1;
    assert!(matches!(device.load(&device_layer, &damaged), Err(Error::Checksum { .. })));
    println!(
        "{} bytes: host and device have the same scores {theta:.3?}; a flipped bit is refused",
        bytes.len()
    );
    Ok(())
}

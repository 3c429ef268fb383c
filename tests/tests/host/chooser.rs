//! The firmware's travel guide on the host: where it ends, what adapting is worth, and what its model file says.

use perturb::model_file::{ModelFile, OracleKind, Provenance};
use perturb::{AnyNoise, SharedMut, SharedRef};
use perturb_chooser::{
    FEATURES, GREENE, Guide, HOST, LEG, Regret, TRAINED, TRAVELLERS, Trip, Weights, digest, layer, trip,
};

fn trained() -> Weights {
    let mut weights = [0.0; FEATURES];
    SharedMut::new(&mut weights).unwrap().load(&layer(4).unwrap(), TRAINED).unwrap();
    weights
}

/// The firmware asserts the same of its own guide, so that host and device end at the same regret with the same weights.
#[test]
fn the_guide_ends_where_the_firmware_expects() {
    let mut guide = Guide::new(trained());
    let legs: Vec<Regret> = (0..TRAVELLERS / LEG).map(|_| guide.leg().unwrap()).collect();
    let permille: Vec<_> = legs.iter().map(Regret::permille).collect();
    assert_eq!((*legs.last().unwrap(), digest(guide.weights())), HOST);
    assert!(permille[7].0 < permille[0].0 / 50 && permille[7].0 < permille[7].1 / 50, "{permille:?}");
}

/// What Greene prints: the estimates, to the six digits that he gives. A test of the program trains them again.
#[test]
fn the_file_has_the_published_estimates() {
    let found = ModelFile::from_bytes(TRAINED).unwrap();
    let published = [5.207_443, 3.869_043, 3.163_194, -0.015_502, -0.096_125, 0.013_287];
    for (found, published) in found.weights.iter().zip(published) {
        assert!((f64::from(*found) - published).abs() < 6e-7, "{found} {published}");
    }
    let model = ModelFile {
        features: FEATURES,
        scores: 0,
        shared: true,
        weights: found.weights.clone(),
        bias: vec![],
        centres: vec![0.0; FEATURES],
        epsilon: 1.0,
        noise: AnyNoise::Gumbel,
        oracle: OracleKind::Simplex,
        parameter: 0,
        provenance: Provenance::default(),
    };
    assert_eq!(found, model);
}

/// Their utilities by hand, and the probability of what each took by the logit formula.
#[test]
fn greenes_travellers_have_the_models_utilities() {
    let weights = trained();
    for traveller in GREENE {
        let all = Trip::new(&traveller, [true; 4]);
        let mut theta = [0.0; 4];
        SharedRef::new(&weights).unwrap().scores(all.figures(), &mut theta).unwrap();
        let constants = [5.207_443, 3.869_043, 3.163_194, 0.0];
        for mode in 0..4 {
            let (time, cost) = traveller.ways[mode];
            let air = if mode == 0 { 0.013_287 * traveller.income } else { 0.0 };
            let utility = constants[mode] - 0.015_502 * cost - 0.096_125 * time + air;
            // Greene's six digits, and the rounding of sums.
            let rounding = 5e-7 * (1.0 + cost + time + traveller.income) + 1e-5;
            assert!((utility - theta[mode]).abs() < rounding, "{theta:?}");
        }
        // Without the train there are three options, in order.
        let without = Trip::new(&traveller, [true, false, true, true]);
        let mut three = [0.0; 3];
        SharedRef::new(&weights).unwrap().scores(without.figures(), &mut three).unwrap();
        assert_eq!(three, [theta[0], theta[2], theta[3]]);
    }
}

#[test]
fn broken_figures_change_nothing() {
    let mut guide = Guide::new(trained());
    assert!(guide.traveller(&trip(0).broken(), &mut Regret::default()).is_err());
    assert_eq!((guide.seen(), digest(guide.weights())), (0, digest(&trained())));
}

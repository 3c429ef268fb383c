//! The firmware's drive on the host: where it ends, and what adapting is worth.

use perturb_robot::{Drive, HOST, LEG, Model, Regret, TICKS, TRAINED, digest, dispatcher, layer};

fn trained() -> Model {
    let mut model = Model::zeros();
    model.load(&layer().unwrap(), TRAINED).unwrap();
    model
}

/// The firmware asserts the same of its own drive, so that host and device end at the same regret with the same weights.
#[test]
fn the_drive_ends_where_the_firmware_expects() {
    let mut drive = Drive::new(trained()).unwrap();
    let legs: Vec<Regret> = (0..TICKS / LEG).map(|_| drive.leg().unwrap()).collect();
    assert_eq!((*legs.last().unwrap(), digest(drive.model())), HOST);
    // The terrain drifts away from what was trained, and learning follows it.
    assert!(legs.windows(2).all(|pair| pair[0].frozen / pair[0].random < pair[1].frozen / pair[1].random));
    let (first, last) = (legs[0].permille(), legs[7].permille());
    assert!(last.0 < first.0 / 10 && last.0 < last.1 / 100, "{first:?} {last:?}");
}

#[test]
fn broken_sensors_change_nothing() {
    let mut drive = Drive::new(trained()).unwrap();
    for broken in [f32::NAN, f32::INFINITY] {
        assert!(drive.tick(&[broken; 16], &dispatcher(1.0), &mut Regret::default()).is_err());
    }
    assert_eq!((drive.ticks(), digest(drive.model())), (0, digest(&trained())));
}

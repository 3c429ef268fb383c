//! A decision layer that adapts on the device: a delivery robot ranks roads, learns from a dispatcher, and refuses what
//! would spoil what it knows.
//!
//! The weights were trained on a host by `perturb train` and lie in flash as that program wrote them. `robot.out` beside
//! this file is the whole log: the same bits on every core.
#![no_std]
#![no_main]

use core::panic::PanicInfo;

use cortex_m_rt::entry;
use defmt::{error, info, warn};
use defmt_semihosting as _;
use perturb_board::{fail, panicked, succeed};
use perturb_core::{Affine, Error};
use perturb_robot::{Drive, FEATURES, HOST, LEG, Layer, Model, ROADS, Regret, TICKS, TRAINED};
use perturb_robot::{digest, dispatcher, layer};

#[entry]
fn main() -> ! {
    match run() {
        Ok(true) => succeed(),
        Ok(false) => error!("the bits are not the host's"),
        Err(refused) => error!("refused: {}", refused),
    }
    fail()
}

fn run() -> Result<bool, Error> {
    let layer = layer()?;
    let mut model = Model::zeros();
    let header = model.load(&layer, TRAINED)?;
    info!("{} bytes loaded: {}", TRAINED.len(), header);
    if !(damaged_files_are_refused(&layer, &mut model) && wrong_shapes_are_refused(&layer, &mut model)?) {
        return Ok(false);
    }

    let mut drive = Drive::new(model)?;
    if !nan_features_are_refused(&mut drive) {
        return Ok(false);
    }
    info!("regret in per mille of a random ranking's, with weights that adapt and as they came");
    let mut last = Regret::default();
    while drive.ticks() < TICKS {
        last = drive.leg()?;
        let (adapting, frozen) = last.permille();
        info!("ticks {} to {}: {} and {}", drive.ticks() - LEG + 1, drive.ticks(), adapting, frozen);
    }
    let learned = digest(drive.model());
    info!("weights {:016x}", learned);
    what_was_learned_survives(&layer, drive.model())?;
    Ok((last, learned) == HOST)
}

/// One flipped bit, and a file cut short: the weights stay.
fn damaged_files_are_refused(layer: &Layer, model: &mut Model) -> bool {
    let before = digest(model);
    let mut file = [0; TRAINED.len()];
    file.copy_from_slice(TRAINED);
    if let Some(byte) = file.get_mut(100) {
        *byte ^= 0x10;
    }
    let flipped = refused(&model.load(layer, &file));
    let cut = refused(&model.load(layer, TRAINED.split_at(TRAINED.len() / 2).0));
    flipped && cut && kept(before, model)
}

/// A sound file of a model with a feature less.
fn wrong_shapes_are_refused(layer: &Layer, model: &mut Model) -> Result<bool, Error> {
    const LENGTH: usize = 36 + 4 * FEATURES * ROADS;
    let before = digest(model);
    let mut file = [0; LENGTH];
    Affine::<f32, { FEATURES - 1 }, ROADS>::zeros().store(layer, &mut file)?;
    Ok(refused(&model.load(layer, &file)) && kept(before, model))
}

/// A broken sensor: no decision, no step.
fn nan_features_are_refused(drive: &mut Drive) -> bool {
    let before = digest(drive.model());
    let mut x = [0.0; FEATURES];
    if let Some(x) = x.last_mut() {
        *x = f32::NAN;
    }
    let tick = drive.tick(&x, &dispatcher(1.0), &mut Regret::default());
    refused(&tick) && drive.ticks() == 0 && kept(before, drive.model())
}

/// Written as a model file, and loaded again as after a reset.
fn what_was_learned_survives(layer: &Layer, learned: &Model) -> Result<(), Error> {
    let mut flash = [0; 36 + 4 * (FEATURES + 1) * ROADS];
    let length = learned.store(layer, &mut flash)?;
    let mut model = Model::zeros();
    model.load(layer, &flash)?;
    info!("{} bytes stored and loaded: weights {:016x}", length, digest(&model));
    Ok(())
}

fn refused<T>(result: &Result<T, Error>) -> bool {
    if let Err(error) = result {
        warn!("refused: {}", error);
    }
    result.is_err()
}

fn kept(before: u64, model: &Model) -> bool {
    let kept = digest(model) == before;
    if kept {
        info!("weights kept");
    }
    kept
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    panicked(info)
}

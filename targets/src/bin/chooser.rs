//! Weights that all options share, on the device: a travel guide foresees which mode people take, however many run, learns from what
//! they took, and refuses what would spoil what it knows.
//!
//! The weights were estimated on a host and lie in flash as a model file. `chooser.out` beside this file is the whole log: the same
//! bits on every core.
#![no_std]
#![no_main]

use core::panic::PanicInfo;

use cortex_m_rt::entry;
use defmt::{error, info, warn};
use defmt_semihosting as _;
use perturb_board::{fail, panicked, succeed};
use perturb_chooser::{
    FEATURES, GREENE, Guide, HOST, LEG, MODES, Regret, TRAINED, TRAVELLERS, Trip, Weights, digest, layer,
    trip,
};
use perturb_core::model_file::ModelBytes;
use perturb_core::{Error, SharedMut, SharedRef};

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
    let mut weights = [0.0; FEATURES];
    let header = SharedMut::new(&mut weights)?.load(&layer(MODES)?, TRAINED)?;
    info!("{} bytes loaded: {}", TRAINED.len(), header);
    greenes_travellers_are_foreseen(&weights)?;
    if !(damaged_files_are_refused(&mut weights)? && other_models_are_refused(&mut weights)?) {
        return Ok(false);
    }

    let mut guide = Guide::new(weights);
    if !broken_figures_are_refused(&mut guide) {
        return Ok(false);
    }
    info!("regret in per mille of a random option's, with weights that adapt and as they came");
    let mut last = Regret::default();
    while guide.seen() < TRAVELLERS {
        last = guide.leg()?;
        let (adapting, frozen) = last.permille();
        info!("travellers {} to {}: {} and {}", guide.seen() - LEG + 1, guide.seen(), adapting, frozen);
    }
    let learned = digest(guide.weights());
    info!("weights {:016x}", learned);
    what_was_learned_survives(guide.weights())?;
    Ok((last, learned) == HOST)
}

/// From flash, without a copy of the weights; then without the train.
fn greenes_travellers_are_foreseen(weights: &Weights) -> Result<(), Error> {
    let file = ModelBytes::parse(TRAINED)?;
    for traveller in &GREENE {
        let all = Trip::new(traveller, [true; MODES]);
        let y = file.decide_among(&layer(all.count())?, all.figures())?;
        let without = Trip::new(traveller, [true, false, true, true]);
        let z = SharedRef::new(weights)?.decide(&layer(without.count())?, without.figures())?;
        info!("taken {}, foreseen {}, without the train {}", traveller.taken, y.as_ref(), z.as_ref());
    }
    Ok(())
}

/// One flipped bit, and a file cut short: the weights stay.
fn damaged_files_are_refused(weights: &mut Weights) -> Result<bool, Error> {
    let before = digest(weights);
    let mut file = [0; TRAINED.len()];
    file.copy_from_slice(TRAINED);
    if let Some(byte) = file.get_mut(50) {
        *byte ^= 0x10;
    }
    let layer = layer(MODES)?;
    let flipped = refused(&SharedMut::new(weights)?.load(&layer, &file));
    let cut = refused(&SharedMut::new(weights)?.load(&layer, TRAINED.split_at(TRAINED.len() / 2).0));
    Ok(flipped && cut && kept(before, weights))
}

/// A sound file of a model with a feature less.
fn other_models_are_refused(weights: &mut Weights) -> Result<bool, Error> {
    let (before, layer) = (digest(weights), layer(MODES)?);
    let mut file = [0; 44 + 4 * (FEATURES - 1)];
    SharedRef::new(&[0.0; FEATURES - 1])?.store(&layer, &mut file)?;
    Ok(refused(&SharedMut::new(weights)?.load(&layer, &file)) && kept(before, weights))
}

/// A figure that is no number: nothing is foreseen, nothing learned.
fn broken_figures_are_refused(guide: &mut Guide) -> bool {
    let before = digest(guide.weights());
    let seen = guide.traveller(&trip(0).broken(), &mut Regret::default());
    refused(&seen) && guide.seen() == 0 && kept(before, guide.weights())
}

/// Written as a model file, and loaded again as after a reset.
fn what_was_learned_survives(learned: &Weights) -> Result<(), Error> {
    let mut flash = [0; 44 + 4 * FEATURES];
    let layer = layer(MODES)?;
    let length = SharedRef::new(learned)?.store(&layer, &mut flash)?;
    let mut weights = [0.0; FEATURES];
    SharedMut::new(&mut weights)?.load(&layer, &flash)?;
    info!("{} bytes stored and loaded: weights {:016x}", length, digest(&weights));
    Ok(())
}

fn refused<T>(result: &Result<T, Error>) -> bool {
    if let Err(error) = result {
        warn!("refused: {}", error);
    }
    result.is_err()
}

fn kept(before: u64, weights: &Weights) -> bool {
    let kept = digest(weights) == before;
    if kept {
        info!("weights kept");
    }
    kept
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    panicked(info)
}

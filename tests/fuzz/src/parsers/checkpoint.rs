//! Checkpoints.

use std::path::Path;

use perturb::checkpoint::{Settings, from_bytes, to_bytes};
use perturb::train::RunState;

use super::{flipped, sealed};
use crate::input::Input;

/// Checkpoints: refused, or a state that is written back to a file that is read as the same. No flipped bit passes.
pub fn checkpoint(bytes: &[u8]) {
    let file = Path::new("work");
    for bytes in [bytes.to_vec(), sealed(bytes)] {
        read::<RunState>(file, &bytes);
        read::<Vec<(Option<String>, u16)>>(file, &bytes);
    }
    written(file, bytes);
}

/// The settings that this corpus was saved under.
fn settings() -> Settings {
    Settings { work: "training".into(), values: vec![("seed".into(), "7".into())] }
}

fn read<S: serde::Serialize + serde::de::DeserializeOwned>(file: &Path, bytes: &[u8]) {
    match from_bytes::<S>(file, bytes, &settings()) {
        Ok(state) => {
            let again = to_bytes(file, &settings(), &state).expect("what was read can be saved");
            let back = from_bytes::<S>(file, &again, &settings()).expect("what was saved can be read");
            assert_eq!(to_bytes(file, &settings(), &back).expect("and saved"), again);
        }
        Err(error) => {
            assert!(error.to_string().starts_with("work "), "{error}");
        }
    }
}

/// A state out of these bytes comes back with all its bits, and never from a damaged file.
fn written(file: &Path, bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let numbers = |input: &mut Input<'_>| -> Vec<f64> {
        let count = input.size(0, 5);
        (0..count).map(|_| input.wild()).collect()
    };
    let mut state =
        RunState { epoch: input.any(), batches: input.any(), step: input.any(), ..RunState::default() };
    state.parameters = numbers(&mut input);
    state.mean = numbers(&mut input);
    state.moments.first = numbers(&mut input);
    let bit = usize::from(input.any::<u16>());
    let own = Settings::new(&input.any::<String>(), [("loss", input.any::<String>())]);
    let saved = to_bytes(file, &own, &state).expect("a state can be saved");
    let back: RunState = from_bytes(file, &saved, &own).expect("what was saved can be read");
    let bits = |state: &RunState| -> Vec<u64> {
        let numbers = state.parameters.iter().chain(&state.mean).chain(&state.moments.first);
        numbers.map(|x| x.to_bits()).collect()
    };
    assert_eq!((bits(&back), back.epoch, back.step), (bits(&state), state.epoch, state.step));
    from_bytes::<RunState>(file, &flipped(&saved, bit), &own).expect_err("a bit is flipped");
    from_bytes::<RunState>(file, &saved, &settings()).expect_err("other settings");
}

//! Ctrl-C and termination signals.

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::time::Duration;

use perturb::atomic;

/// The exit code after an interrupt, as shells use it.
pub(crate) const EXIT: u8 = 130;

/// How long a step may still go on after a request to stop.
const GRACE: Duration = Duration::from_millis(1500);

static ASKED: AtomicBool = AtomicBool::new(false);
static LISTENING: Once = Once::new();
static FALLBACK: Mutex<Option<Fallback>> = Mutex::new(None);

/// The state before a step that may be long: what is saved if it does not end in time.
pub(crate) struct Fallback {
    /// The checkpoint's file and bytes, if there is to be one.
    pub(crate) file: Option<(PathBuf, Vec<u8>)>,
    /// What to say.
    pub(crate) message: Interrupted,
}

/// Requests to stop: the first lets the work save its state, the second ends the program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interrupt {
    asked: &'static AtomicBool,
}

impl Interrupt {
    /// Starts to listen for requests.
    pub(crate) fn listen() -> Self {
        LISTENING.call_once(|| {
            let listening = ctrlc::set_handler(|| {
                if ASKED.swap(true, Ordering::Relaxed) {
                    std::process::exit(i32::from(EXIT));
                }
                // Beside this thread, which must hear a second request. Where no thread can be had, the step ends first.
                let _ = std::thread::Builder::new().spawn(give_up);
            });
            if let Err(error) = listening {
                tell!("warning: a request to stop will lose the state: {error}");
            }
        });
        Self { asked: &ASKED }
    }

    /// Whether a stop was requested.
    pub(crate) fn is_asked(self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// Keeps the state before a step that may be long; `None` after it.
    pub(crate) fn fall_back(fallback: Option<Fallback>) {
        *FALLBACK.lock().unwrap_or_else(PoisonError::into_inner) = fallback;
    }
}

/// Ends the program if the step does not end, with the state before it.
fn give_up() {
    std::thread::sleep(GRACE);
    // Whoever holds the lock is done with a step, and stops by itself.
    let mut fallback = FALLBACK.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(Fallback { file, message }) = fallback.take() else { return };
    let written = file.map_or(Ok(()), |(file, bytes)| {
        atomic::write(&file, &bytes).map_err(|error| format!("cannot write {}: {error}", file.display()))
    });
    match written {
        Ok(()) => tell!("perturb: {message}"),
        Err(error) => tell!("perturb: {error}"),
    }
    std::process::exit(i32::from(EXIT));
}

/// The error of interrupted work: it says how to resume.
#[derive(Debug)]
pub(crate) struct Interrupted(pub(crate) String);

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "interrupted {}", self.0)
    }
}

impl std::error::Error for Interrupted {}

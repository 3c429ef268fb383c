//! Ctrl-C and termination signals.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Failure;

/// The exit code after an interrupt, as shells use it.
pub(crate) const EXIT: u8 = 130;

static ASKED: AtomicBool = AtomicBool::new(false);
static LISTENING: OnceLock<Result<(), String>> = OnceLock::new();

/// Requests to stop: the first lets the work save its state, the second ends the program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interrupt {
    asked: &'static AtomicBool,
}

impl Interrupt {
    /// Starts to listen for requests.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let listening = LISTENING.get_or_init(|| {
            ctrlc::set_handler(|| {
                if ASKED.swap(true, Ordering::Relaxed) {
                    std::process::exit(i32::from(EXIT));
                }
            })
            .map_err(|error| format!("cannot handle Ctrl-C: {error}"))
        });
        listening.clone()?;
        Ok(Self { asked: &ASKED })
    }

    /// Whether a stop was requested.
    pub(crate) fn is_asked(self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }
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

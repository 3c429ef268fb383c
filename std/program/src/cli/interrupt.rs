//! Ctrl-C, and its kin from other programs.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Failure;

/// The exit code after an interrupt, as shells have it.
pub(crate) const EXIT: u8 = 130;

static ASKED: AtomicBool = AtomicBool::new(false);
static LISTENING: OnceLock<Result<(), String>> = OnceLock::new();

/// Work that ends in good order at the first request, and at once at the second.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interrupt {
    asked: &'static AtomicBool,
}

impl Interrupt {
    /// Listens from now on.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let listening = LISTENING.get_or_init(|| {
            ctrlc::set_handler(|| {
                if ASKED.swap(true, Ordering::Relaxed) {
                    std::process::exit(i32::from(EXIT));
                }
            })
            .map_err(|error| format!("cannot listen for Ctrl-C: {error}"))
        });
        listening.clone()?;
        Ok(Self { asked: &ASKED })
    }

    /// Whether the work is to end.
    pub(crate) fn is_asked(self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }
}

/// Work that was interrupted, and how to go on.
#[derive(Debug)]
pub(crate) struct Interrupted(pub(crate) String);

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "interrupted {}", self.0)
    }
}

impl std::error::Error for Interrupted {}

//! Vectors of every width. The width is the whole process's, and a program's tests run side by side.

use std::sync::{Mutex, MutexGuard, PoisonError};

use perturb_lanes::limit;

pub use perturb_lanes::Width;

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// The right to choose the width, until it is dropped: one test at a time compares widths. Tests beside it meet any width, which
/// changes none of their bits.
#[derive(Debug)]
#[must_use]
pub struct Widths {
    _alone: MutexGuard<'static, ()>,
}

impl Widths {
    /// Waits until no other test chooses the width.
    pub fn alone() -> Self {
        Self { _alone: ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner) }
    }

    /// Uses no more than `most` from now on.
    pub fn limit(&self, most: Width) {
        limit(most);
    }
}

impl Drop for Widths {
    /// Whatever became of the test, those after it have all that the processor has.
    fn drop(&mut self) {
        limit(Width::Avx512);
    }
}

//! Threads that survive a fork.
//!
//! A child process has none of its parent's threads. So the pool belongs to a process: a child forgets its parent's, which can
//! neither work nor be joined, and starts its own. All of this happens with the interpreter's lock held, as a fork does.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::arguments::integer;

static THREADS: Mutex<Threads> = Mutex::new(Threads { wanted: None, process: 0, pool: None });

struct Threads {
    wanted: Option<usize>,
    /// To which `pool` belongs.
    process: u32,
    pool: Option<Arc<ThreadPool>>,
}

impl Threads {
    fn lock(_: Python<'_>) -> MutexGuard<'static, Self> {
        THREADS.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn count(&self) -> usize {
        let named = || std::env::var("RAYON_NUM_THREADS").ok()?.parse().ok().filter(|&threads| threads > 0);
        self.wanted
            .or_else(named)
            .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
    }
}

/// The threads of this process; `None` where work is done by the calling thread.
pub(crate) fn current(py: Python<'_>) -> Option<Arc<ThreadPool>> {
    let mut threads = Threads::lock(py);
    let process = std::process::id();
    if threads.process != process {
        mem::forget(threads.pool.take());
        threads.process = process;
    }
    if threads.pool.is_none() && threads.count() > 1 {
        // Where the system refuses threads, the calling one works alone.
        let name = |index| format!("perturbed-{index}");
        let pool = ThreadPoolBuilder::new().num_threads(threads.count()).thread_name(name).build().ok()?;
        // The library's own beginnings, so that no fork can come between.
        pool.install(|| perturb::threads::start(None));
        threads.pool = Some(Arc::new(pool));
    }
    threads.pool.clone()
}

/// Sets how many threads computations share, in this process and in those that it forks later.
///
/// Results do not depend on it. At first it is the environment's RAYON_NUM_THREADS, or one for each core. With 1, everything
/// runs on the calling thread, as small calls always do.
#[pyfunction]
pub(crate) fn set_num_threads(py: Python<'_>, threads: &Bound<'_, PyAny>) -> PyResult<()> {
    let wanted = integer("threads", threads, 1, 1 << 12)?;
    let wanted = usize::try_from(wanted).map_err(|error| PyValueError::new_err(error.to_string()))?;
    let mut state = Threads::lock(py);
    state.wanted = Some(wanted);
    let old = state.pool.take();
    if state.process != std::process::id() {
        mem::forget(old);
    }
    Ok(())
}

/// How many threads computations share.
#[pyfunction]
pub(crate) fn get_num_threads(py: Python<'_>) -> usize {
    Threads::lock(py).count()
}

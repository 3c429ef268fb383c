//! Threads that survive a fork.
//!
//! A child process has none of its parent's threads. So the pool belongs to a process: a child forgets its parent's, which can
//! neither work nor be joined, and starts its own. All of this happens with the interpreter's lock held, as a fork does.

use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::arguments::integer;

/// How often a long computation looks for Ctrl-C.
const GLANCE: Duration = Duration::from_millis(50);

static THREADS: Mutex<Threads> = Mutex::new(Threads { count: None, process: 0, pool: None });

struct Threads {
    /// How many there are to be, once that has been set or asked: finding out takes longer than a small call.
    count: Option<usize>,
    /// To which `pool` belongs.
    process: u32,
    pool: Option<Arc<ThreadPool>>,
}

impl Threads {
    fn lock(_: Python<'_>) -> MutexGuard<'static, Self> {
        THREADS.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn count(&mut self) -> usize {
        let named = || std::env::var("RAYON_NUM_THREADS").ok()?.parse().ok().filter(|&threads| threads > 0);
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        *self.count.get_or_insert_with(|| named().unwrap_or_else(cores))
    }
    /// Those of this process, started if there are none; `None` where the system refuses.
    fn pool(&mut self) -> Option<Arc<ThreadPool>> {
        let process = std::process::id();
        if self.process != process {
            mem::forget(self.pool.take());
            self.process = process;
        }
        if self.pool.is_none() {
            let threads = self.count();
            let name = |index| format!("perturbed-{index}");
            let pool = ThreadPoolBuilder::new().num_threads(threads).thread_name(name).build().ok()?;
            // The library's own beginnings, so that no fork can come between.
            pool.install(|| perturb::threads::start(None));
            self.pool = Some(Arc::new(pool));
        }
        self.pool.clone()
    }
}

/// The threads of this process; `None` where the calling thread works alone, as it does where the system refuses others.
pub(crate) fn current(py: Python<'_>) -> Option<Arc<ThreadPool>> {
    let mut threads = Threads::lock(py);
    if threads.count() > 1 { threads.pool() } else { None }
}

/// What `f` computes on the threads of this process, while this thread watches for Ctrl-C: then `f` is told to stop, and the exception
/// raised in place of its result.
pub(crate) fn watched<R: Send>(py: Python<'_>, f: impl FnOnce(&AtomicBool) -> R + Send) -> PyResult<R> {
    let pool = Threads::lock(py).pool();
    let pool = pool.ok_or_else(|| PyRuntimeError::new_err("the system refuses to start threads"))?;
    let stop = AtomicBool::new(false);
    py.detach(|| {
        let (send, receive) = mpsc::channel();
        pool.in_place_scope(|scope| {
            scope.spawn(|_| drop(send.send(f(&stop))));
            loop {
                match receive.recv_timeout(GLANCE) {
                    Ok(found) => return Ok(found),
                    Err(RecvTimeoutError::Timeout) => {
                        #[expect(
                            clippy::redundant_closure_for_method_calls,
                            reason = "a path is of one lifetime"
                        )]
                        let signals = Python::attach(|py| py.check_signals());
                        if let Err(interrupt) = signals {
                            stop.store(true, Ordering::Relaxed);
                            return Err(interrupt);
                        }
                    }
                    // A panic, which goes on where the scope ends.
                    Err(RecvTimeoutError::Disconnected) => {
                        return Err(PyRuntimeError::new_err("a computation panicked"));
                    }
                }
            }
        })
    })
}

/// Whether a computation is told to stop.
pub(crate) fn stopped(stop: &AtomicBool) -> bool {
    stop.load(Ordering::Relaxed)
}

/// Sets how many threads computations share, in this process and in those that it forks later.
///
/// Results do not depend on it. At first it is the environment's RAYON_NUM_THREADS, or one for each core. With 1, layers compute
/// on the calling thread, as they always do in small calls.
#[pyfunction]
pub(crate) fn set_num_threads(py: Python<'_>, threads: &Bound<'_, PyAny>) -> PyResult<()> {
    let wanted = integer("threads", threads, 1, 1 << 12)?;
    let wanted = usize::try_from(wanted).map_err(|error| PyValueError::new_err(error.to_string()))?;
    let mut state = Threads::lock(py);
    state.count = Some(wanted);
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

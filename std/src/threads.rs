//! The threads of rayon's global pool, which batches, training and readers share.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Once, OnceLock};
use std::thread;

use rayon::ThreadPoolBuilder;

static STARTED: Once = Once::new();

/// What a computation that runs to its end is told: never to stop.
pub(crate) static GO_ON: AtomicBool = AtomicBool::new(false);

/// Whether a computation is told to stop.
pub(crate) fn stopped(stop: &AtomicBool) -> bool {
    stop.load(Ordering::Relaxed)
}

/// Starts `wanted` threads, or one a core, unless rayon's global pool has been started; returns how many there are.
///
/// rayon panics where the system refuses a thread: here fewer are started, at the worst none beside the calling one. What this crate
/// does on all threads begins with this call, so that a program needs it only to choose their number.
///
/// ```
/// assert!(perturb::threads::start(Some(2)) >= 1);
/// ```
pub fn start(wanted: Option<usize>) -> usize {
    STARTED.call_once(|| {
        // Within a pool, its threads serve, and the global one may never be needed.
        if rayon::current_thread_index().is_some() {
            return;
        }
        let from_environment =
            || std::env::var("RAYON_NUM_THREADS").ok()?.parse().ok().filter(|&threads| threads > 0);
        let wanted = wanted.or_else(from_environment).unwrap_or_else(cores);
        let granted = granted(wanted);
        let pool = ThreadPoolBuilder::new().num_threads(granted.max(1));
        // An error says that the program has started a pool of its own, which then serves.
        let _ = if granted == 0 { pool.use_current_thread().build_global() } else { pool.build_global() };
    });
    rayon::current_num_threads()
}

thread_local! {
    static ALONE: Cell<bool> = const { Cell::new(false) };
}

/// Runs `f`, in which batches and layers work on the calling thread alone: no other is woken up, and no pool is started. Results
/// have the same bits.
///
/// It saves small calls some microseconds. Readers and training keep to rayon's threads.
///
/// ```
/// use perturb::{BatchExt, Dyn, Exact, Gumbel, Perturbed, Simplex, threads};
/// let layer = Perturbed::new(Simplex::new(Dyn(2))?, Gumbel, 1.0)?;
/// let theta = [0.0, 1.0, 2.0, -1.0];
/// assert_eq!(threads::alone(|| layer.batch().maximizer(&theta, Exact)), layer.batch().maximizer(&theta, Exact));
/// # Ok::<(), perturb::Error>(())
/// ```
pub fn alone<R>(f: impl FnOnce() -> R) -> R {
    /// Restores what was, also when `f` panics.
    struct Before(bool);
    impl Drop for Before {
        fn drop(&mut self) {
            ALONE.set(self.0);
        }
    }
    let _before = Before(ALONE.replace(true));
    f()
}

/// How many threads can be of use: those of rayon's, but no more than cores, since others would only take turns with them.
pub(crate) fn useful() -> usize {
    static CORES: OnceLock<usize> = OnceLock::new();
    if ALONE.get() {
        return 1;
    }
    // Two threads have turns to take, so that what they share is tried on one core, too.
    start(None).min((*CORES.get_or_init(cores)).max(2))
}

/// Cores, or what a container's quota leaves of them.
fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Runs `f` in a thread of rayon's, from which work is passed on faster than from others.
pub(crate) fn within<R: Send>(f: impl FnOnce() -> R + Send) -> R {
    start(None);
    rayon::scope(|_| f())
}

/// How many threads the system grants, up to `wanted`: rayon tries only once.
fn granted(wanted: usize) -> usize {
    let (senders, threads): (Vec<_>, Vec<_>) = (0..wanted)
        .map_while(|_| {
            let (sender, receiver) = channel::<()>();
            // Each waits until the last is there.
            let thread = thread::Builder::new().spawn(move || receiver.recv().is_ok()).ok()?;
            Some((sender, thread))
        })
        .unzip();
    drop(senders);
    let granted = threads.into_iter().flat_map(thread::JoinHandle::join).count();
    // Something must be left for the work and for others.
    if granted < wanted { granted / 4 } else { granted }
}

#[cfg(test)]
mod tests {
    use std::panic;

    use super::*;

    #[test]
    fn alone_ends_with_the_function() {
        let before = useful();
        assert_eq!(alone(|| (alone(useful), useful())), (1, 1));
        assert!(panic::catch_unwind(|| alone(|| panic!("on purpose"))).is_err());
        assert_eq!(useful(), before);
        assert!(!ALONE.get());
    }
}

//! What this process holds: bytes of the allocator, pages, file handles, threads.

use std::fs;

use crate::ALLOCATOR;

/// Bytes on the heap now.
pub fn heap() -> usize {
    ALLOCATOR.current_usage()
}

/// The most bytes on the heap at once since [`forget_peak`].
pub fn peak() -> usize {
    ALLOCATOR.peak_usage()
}

/// Starts the peak from what is on the heap now.
pub fn forget_peak() {
    ALLOCATOR.reset_peak_usage();
}

/// `VmRSS`: KiB of memory that lie in RAM, programs' text and files included. `None` where there is no `/proc`. The kernel
/// counts it in portions, some tens of pages apart from the truth.
pub fn resident() -> Option<u64> {
    kibibytes("/proc/self/status", "VmRSS:")
}

/// KiB of RAM that no file stands behind: heap and stacks, page by page.
pub fn anonymous() -> Option<u64> {
    kibibytes("/proc/self/smaps_rollup", "Anonymous:")
}

/// Open file handles, that of this question included.
pub fn handles() -> Option<u64> {
    entries("/proc/self/fd")
}

/// Threads.
pub fn threads() -> Option<u64> {
    entries("/proc/self/task")
}

fn kibibytes(file: &str, name: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

fn entries(folder: &str) -> Option<u64> {
    Some(fs::read_dir(folder).ok()?.count() as u64)
}

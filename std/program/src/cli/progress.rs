//! Progress with rate and remaining time: a bar on a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::Common;

/// The progress of a long computation, on standard error.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    lines: Option<Mutex<Lines>>,
}

/// Plain output: a line every ten seconds.
struct Lines {
    what: String,
    total: u64,
    done: u64,
    /// How much of it an earlier run did.
    before: u64,
    start: Instant,
    last: Instant,
}

impl Progress {
    /// Progress through `total` units of `what`, in the plural. Lines come every ten seconds.
    pub(crate) fn new(what: &str, total: u64, common: &Common) -> Self {
        if common.quiet {
            return Self { bar: None, lines: None };
        }
        if std::io::stderr().is_terminal() && !common.plain {
            let style = ProgressStyle::with_template(
                "[{bar:30}] {percent:>3} %  {human_pos} of {human_len} {msg}, {per_sec}, {elapsed} elapsed, {eta} remaining",
            );
            let bar = ProgressBar::new(total).with_message(what.to_owned());
            let bar = match style {
                Ok(style) => bar.with_style(style.progress_chars("=> ")),
                Err(_) => bar,
            };
            return Self { bar: Some(bar), lines: None };
        }
        let now = Instant::now();
        let lines = Lines { what: what.to_owned(), total, done: 0, before: 0, start: now, last: now };
        Self { bar: None, lines: Some(Mutex::new(lines)) }
    }

    /// Counts `units` more, which an earlier run did.
    pub(crate) fn resume(&self, units: u64) {
        if let Some(bar) = &self.bar {
            bar.inc(units);
            bar.reset_eta();
        }
        if let Some(Ok(mut lines)) = self.lines.as_ref().map(Mutex::lock) {
            lines.done += units;
            lines.before += units;
        }
    }

    /// Prints a line, above the bar.
    pub(crate) fn say(&self, line: &str) {
        match (&self.bar, &self.lines) {
            (Some(bar), _) => bar.println(line),
            (None, Some(_)) => tell!("{line}"),
            (None, None) => {}
        }
    }

    /// Counts `units` more.
    pub(crate) fn add(&self, units: u64) {
        if let Some(bar) = &self.bar {
            bar.inc(units);
        }
        let Some(Ok(mut lines)) = self.lines.as_ref().map(Mutex::lock) else { return };
        lines.done += units;
        if lines.last.elapsed() >= Duration::from_secs(10) {
            lines.last = Instant::now();
            let share = lines.done as f64 / lines.total.max(1) as f64;
            let elapsed = lines.start.elapsed().as_secs_f64();
            let rate = (lines.done - lines.before) as f64 / elapsed;
            let left = lines.total.saturating_sub(lines.done) as f64 / rate.max(1e-9);
            tell!(
                "{:.0} %: {} of {} {}, {rate:.1}/s, {elapsed:.0} s elapsed, about {left:.0} s remaining",
                100.0 * share.min(1.0),
                lines.done,
                lines.total,
                lines.what,
            );
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

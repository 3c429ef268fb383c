//! Progress with the score, the remaining time and the rate: a bar on a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::Common;

/// The progress of a long computation, on standard error.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    state: Option<Mutex<State>>,
    /// How long a state is shown.
    every: Duration,
}

struct State {
    what: String,
    total: u64,
    done: u64,
    /// How much of it an earlier run did.
    before: u64,
    /// How good the result is so far.
    score: String,
    start: Instant,
    shown: Instant,
}

impl Progress {
    /// Progress through `total` units of `what`, in the plural. Lines come every ten seconds.
    pub(crate) fn new(what: &str, total: u64, common: &Common) -> Self {
        if common.quiet {
            return Self { bar: None, state: None, every: Duration::MAX };
        }
        let (what, score, now) = (what.to_owned(), String::new(), Instant::now());
        let state = State { what, total, done: 0, before: 0, score, start: now, shown: now };
        let mut progress = Self { bar: None, state: Some(Mutex::new(state)), every: Duration::from_secs(10) };
        // The message ends where the terminal does: nothing wraps.
        let style = ProgressStyle::with_template("[{bar:10}] {percent:>3} % {wide_msg}");
        if let Ok(style) = style
            && std::io::stderr().is_terminal()
            && !common.plain
        {
            progress.bar = Some(ProgressBar::new(total).with_style(style.progress_chars("=> ")));
            progress.every = Duration::from_millis(100);
        }
        progress
    }

    /// Counts `units` more, which an earlier run did.
    pub(crate) fn resume(&self, units: u64) {
        self.change(|state| {
            state.done += units;
            state.before += units;
        });
    }

    /// Counts `units` more.
    pub(crate) fn add(&self, units: u64) {
        self.change(|state| state.done += units);
    }

    /// Says how good the result is so far.
    pub(crate) fn score(&self, score: String) {
        self.change(|state| state.score = score);
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let Some(state) = &self.state else { return };
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut state);
        if state.shown.elapsed() < self.every {
            return;
        }
        state.shown = Instant::now();
        let line = state.line(state.start.elapsed());
        match &self.bar {
            Some(bar) => {
                bar.set_position(state.done);
                bar.set_message(line);
            }
            None => tell!("{:.0} %: {line}", 100.0 * state.share()),
        }
    }

    /// Prints a line, above the bar.
    pub(crate) fn say(&self, line: &str) {
        match (&self.bar, &self.state) {
            (Some(bar), _) => bar.println(line),
            (None, Some(_)) => tell!("{line}"),
            (None, None) => {}
        }
    }
}

impl State {
    fn share(&self) -> f64 {
        (self.done as f64 / self.total.max(1) as f64).min(1.0)
    }

    /// What matters most comes first: a narrow terminal shows the beginning.
    fn line(&self, elapsed: Duration) -> String {
        let rate = (self.done - self.before) as f64 / elapsed.as_secs_f64().max(1e-9);
        let left = self.total.saturating_sub(self.done) as f64 / rate.max(1e-9);
        let Self { what, total, done, score, .. } = self;
        let score = if score.is_empty() { String::new() } else { format!("{score}, ") };
        format!("{score}{} left, {done} of {total} {what}, {}/s", time(left), rounded(rate))
    }
}

/// Two digits that tell something, or whole numbers.
fn rounded(rate: f64) -> String {
    match rate {
        rate if rate >= 9.95 => format!("{rate:.0}"),
        rate if rate >= 0.995 => format!("{rate:.1}"),
        _ => format!("{rate:.2}"),
    }
}

/// Seconds, minutes, or hours and minutes.
fn time(seconds: f64) -> String {
    let minutes = (seconds / 60.0).round().min(1e6) as u64;
    match seconds {
        seconds if seconds < 99.5 => format!("{seconds:.0} s"),
        _ if minutes < 100 => format!("{minutes} min"),
        _ => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_rounded_and_begin_with_what_matters() {
        let now = Instant::now();
        let state = State {
            what: "steps".into(),
            total: 1000,
            done: 300,
            before: 100,
            score: "Spearman 0.812".into(),
            start: now,
            shown: now,
        };
        let line = state.line(Duration::from_millis(16_700));
        assert_eq!(line, "Spearman 0.812, 58 s left, 300 of 1000 steps, 12/s");
        assert_eq!([0.012, 0.5, 1.0, 9.94, 12_345.6].map(rounded), ["0.01", "0.50", "1.0", "9.9", "12346"]);
        assert_eq!(
            [0.4, 99.0, 120.0, 7000.0, 1e300].map(time),
            ["0 s", "99 s", "2 min", "1 h 57 min", "16666 h 40 min"]
        );
    }
}

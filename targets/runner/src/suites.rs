//! The tests that host and devices share, on every core.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use perturb_tests::suite::NAMES;

use crate::cargo::{self, Profile};
use crate::core::Core;
use crate::error::Failure;
use crate::{log, qemu};

/// What one suite did on one core.
struct Outcome {
    passed: u32,
    /// Why it failed; its log comes with it.
    complaint: Option<String>,
    stack: u32,
}

/// Cases that do not run on a core: (core, suite, why). Everything else must run everywhere.
const LEFT_OUT: [(&str, &str, &str); 0] = [];

/// Runs the suites of these names, or all if there are none, on `cores`, prints a table, and fails unless every case
/// passed on each.
pub(crate) fn run(names: &[String], cores: &[&'static Core]) -> Result<(), Failure> {
    if let Some(unknown) = names.iter().find(|name| !NAMES.contains(&name.as_str())) {
        return Err(format!("no suite `{unknown}`; there are {}", NAMES.join(", ")).into());
    }
    let suites: Vec<&str> = NAMES
        .iter()
        .copied()
        .filter(|&suite| names.is_empty() || names.iter().any(|name| name == suite))
        .collect();
    let outcomes = on_every(cores, |core| {
        let suites = suites.iter().filter(|suite| left_out(core, suite).is_none());
        suites.map(|&suite| Ok((suite, check(core, suite)?))).collect::<Result<BTreeMap<_, _>, Failure>>()
    })?;
    let wide = suites.iter().map(|name| name.len()).max().unwrap_or(0);
    print!("{:wide$}", "cases passed");
    for core in cores {
        print!("  {:>10}", core.title);
    }
    println!();
    let mut failed = false;
    let mut totals = vec![0; cores.len()];
    for suite in suites {
        print!("{suite:wide$}");
        for (total, (core, outcomes)) in totals.iter_mut().zip(cores.iter().zip(&outcomes)) {
            match (outcomes.get(suite), left_out(core, suite)) {
                (Some(Outcome { passed, complaint: None, .. }), _) => {
                    *total += passed;
                    print!("  {passed:>10}");
                }
                (Some(_), _) => print!("  {:>10}", "FAILED"),
                (None, _) => print!("  {:>10}", "left out"),
            }
        }
        println!();
    }
    print!("{:wide$}", "in all");
    for total in &totals {
        print!("  {total:>10}");
    }
    print!("\n{:wide$}", "deepest stack, bytes");
    for outcomes in &outcomes {
        print!("  {:>10}", outcomes.values().map(|outcome| outcome.stack).max().unwrap_or(0));
    }
    println!();
    for (core, outcomes) in cores.iter().zip(&outcomes) {
        for (suite, outcome) in outcomes {
            if let Some(complaint) = &outcome.complaint {
                println!("\n{suite} on {core}: {complaint}");
                failed = true;
            }
        }
    }
    for (core, suite, why) in LEFT_OUT {
        println!("{suite} is left out on {core}: {why}");
    }
    if failed {
        return Err("a suite failed".to_owned().into());
    }
    if LEFT_OUT.is_empty() && totals.windows(2).any(|pair| pair[0] != pair[1]) {
        return Err("cores ran different numbers of cases".to_owned().into());
    }
    Ok(())
}

fn left_out(core: &Core, suite: &str) -> Option<&'static str> {
    LEFT_OUT.iter().find(|(on, name, _)| *on == core.name && *name == suite).map(|&(_, _, why)| why)
}

/// Compiles and runs one suite on one core.
fn check(core: &Core, suite: &str) -> Result<Outcome, Failure> {
    let elf = cargo::build(core, Profile::Small, "perturb-targets", "check", ("PERTURB_SUITE", suite))?;
    let run = qemu::run(core, &elf, false)?;
    let lines = log::lines(&elf, &run.output)?;
    let counts = lines.last().and_then(|line| counts(line));
    let complaint = match (run.complaint(), counts) {
        (None, Some((1.., 0, _))) => None,
        (complaint, _) => {
            let complaint = complaint.unwrap_or_else(|| "the log has no end".into());
            let start = lines.len().saturating_sub(12);
            Some(format!("{complaint}\n  {}", lines[start..].join("\n  ")))
        }
    };
    let (passed, _, stack) = counts.unwrap_or_default();
    Ok(Outcome { passed, complaint, stack })
}

/// The numbers of `3 passed, 0 failed, 900 bytes of stack`.
fn counts(line: &str) -> Option<(u32, u32, u32)> {
    let mut words = line.split([' ', ',']).filter(|word| !word.is_empty());
    let mut next = |unit: &str| {
        let number = words.next()?.parse().ok()?;
        (words.next()? == unit).then_some(number)
    };
    Some((next("passed")?, next("failed")?, next("bytes")?))
}

/// Does `work` for every core, as many at once as the machine has processors, and keeps the order.
pub(crate) fn on_every<R: Send>(
    cores: &[&'static Core],
    work: impl Fn(&'static Core) -> Result<R, Failure> + Sync,
) -> Result<Vec<R>, Failure> {
    let results: Mutex<Vec<Option<Result<R, Failure>>>> = Mutex::new(cores.iter().map(|_| None).collect());
    let next = AtomicUsize::new(0);
    let workers = thread::available_parallelism().map_or(1, usize::from).min(cores.len());
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(&core) = cores.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = work(core);
                    let place = cores.iter().position(|other| *other == core);
                    if let (Some(place), Ok(mut results)) = (place, results.lock()) {
                        results[place] = Some(result);
                    }
                }
            });
        }
    });
    let results = results.into_inner().map_err(|_| Failure::Other("a worker died".into()))?;
    results
        .into_iter()
        .map(|result| result.unwrap_or_else(|| Err(Failure::Other("a worker died".into()))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::counts;

    #[test]
    fn counts_are_read_from_the_last_line() {
        assert_eq!(counts("3 passed, 1 failed, 900 bytes of stack"), Some((3, 1, 900)));
        assert_eq!(counts("3 passed, 1 failed"), None);
        assert_eq!(counts("panicked at 3"), None);
    }
}

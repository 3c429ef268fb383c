//! The tests that host and devices share, on every core.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use perturb_tests::suite::{GROUPS, NAMES, is_asked};

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
        let mut outcomes = BTreeMap::new();
        // Single suites on request, and where there is no room for more.
        let in_groups = names.is_empty() && core.roomy;
        for &program in if in_groups { &GROUPS[..] } else { &suites[..] } {
            let within = suites.iter().copied().filter(|suite| is_asked(suite, program));
            let within = within.filter(|suite| left_out(core, suite).is_none());
            outcomes.append(&mut check(core, program, &within.collect::<Vec<_>>())?);
        }
        Ok(outcomes)
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

/// Compiles and runs one program on one core, with these suites in it.
fn check(
    core: &Core,
    program: &str,
    suites: &[&'static str],
) -> Result<BTreeMap<&'static str, Outcome>, Failure> {
    if suites.is_empty() {
        return Ok(BTreeMap::new());
    }
    let profile = if suites.len() > 1 { Profile::Groups } else { Profile::Suites };
    let elf = cargo::build(core, profile, "perturb-targets", "check", ("PERTURB_SUITE", program))?;
    let run = qemu::run(core, &elf, false)?;
    let lines = log::lines(&elf, &run.output)?;
    let end = lines.last().map_or("", String::as_str);
    let stack = number(end, "bytes").unwrap_or(0);
    let complaint = match (run.complaint(), number(end, "failed"), number(end, "bytes")) {
        (None, Some(0), Some(_)) => None,
        (Some(complaint), ..) => Some(complaint),
        (None, ..) => Some("the log has no end".into()),
    };
    let passed = |suite: &str| {
        let start = format!("suite {suite}: ");
        let line = lines.iter().find_map(|line| line.strip_prefix(&start))?;
        number(line, "passed").filter(|&passed| passed > 0 && number(line, "failed") == Some(0))
    };
    // A program that ended badly after all of its suites is the fault of any.
    let all = suites.iter().all(|suite| passed(suite).is_some());
    let outcome = |suite: &&'static str| {
        let complaint = match (passed(suite), &complaint) {
            (Some(_), None) => None,
            (Some(_), Some(_)) if !all => None,
            (_, complaint) => {
                let complaint = complaint.as_deref().unwrap_or("no case was counted");
                let start = lines.len().saturating_sub(12);
                Some(format!("{complaint}\n  {}", lines[start..].join("\n  ")))
            }
        };
        (*suite, Outcome { passed: passed(suite).unwrap_or(0), complaint, stack })
    };
    Ok(suites.iter().map(outcome).collect())
}

/// The number before `unit` in a line such as `3 passed, 0 failed, 900 bytes of stack`.
fn number(line: &str, unit: &str) -> Option<u32> {
    let words: Vec<_> = line.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    words.windows(2).find(|pair| pair[1] == unit).and_then(|pair| pair[0].parse().ok())
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
    use super::number;

    #[test]
    fn counts_are_read_by_their_units() {
        let line = "3 passed, 1 failed, 900 bytes of stack";
        assert_eq!(["passed", "failed", "bytes"].map(|unit| number(line, unit)), [3, 1, 900].map(Some));
        assert_eq!(number("3 passed, 1 failed", "bytes"), None);
        assert_eq!(number("panicked at 3", "passed"), None);
    }
}

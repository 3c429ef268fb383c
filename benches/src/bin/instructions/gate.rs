//! Measures all cases and compares them with the file.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::cases;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/instructions.csv");
/// Counts may differ by this factor: between machines by the C library's `memcpy`, and where the benches themselves
/// change by what the compiler then inlines.
const TOLERANCE: f64 = 1.03;

/// What was measured, or is committed.
struct Counts {
    circumstances: String,
    counts: BTreeMap<String, u64>,
}

/// Lets the C library clear and copy memory by vectors alone: of an instruction that repeats itself, `rep stosb`, callgrind counts
/// every byte.
const BY_VECTORS: &str =
    "glibc.cpu.x86_rep_stosb_threshold=1000000000:glibc.cpu.x86_rep_movsb_threshold=1000000000";

/// The circumstances and the instructions of one case.
fn measure(name: &str) -> Result<(String, u64), String> {
    let this = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .args(["--collect-atstart=no", "--toggle-collect=instructions::counted"])
        .arg(this)
        .args(["--run", name])
        .env("RUST_BACKTRACE", "0")
        .env("GLIBC_TUNABLES", BY_VECTORS)
        .output()
        .map_err(|error| format!("valgrind: {error}"))?;
    let log = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{name} failed:\n{log}"));
    }
    let count = log.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
    let circumstances = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    match count {
        Some(count) if count > 0 => Ok((circumstances, count)),
        _ => Err(format!("{name}: valgrind counted nothing:\n{log}")),
    }
}

/// Measures the cases with `part` in their names, as many at once as there are processors.
fn measure_all(part: &str) -> Result<Counts, String> {
    let names: Vec<String> =
        cases::all().into_iter().map(|case| case.name).filter(|name| name.contains(part)).collect();
    let next = AtomicUsize::new(0);
    let worker = || {
        let claim = || names.get(next.fetch_add(1, Ordering::Relaxed));
        std::iter::from_fn(claim)
            .map(|name| measure(name).map(|found| (name.clone(), found)))
            .collect::<Vec<_>>()
    };
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let results = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("no panic")).collect::<Vec<_>>()
    });
    let (mut failures, mut counts) = (Vec::<String>::new(), BTreeMap::new());
    let mut seen = String::new();
    for result in results {
        match result {
            Ok((name, (circumstances, count))) => {
                counts.insert(name, count);
                seen = circumstances;
            }
            Err(failure) => failures.push(failure),
        }
    }
    if failures.is_empty() { Ok(Counts { circumstances: seen, counts }) } else { Err(failures.join("\n")) }
}

/// Measures everything and writes the file.
pub(crate) fn write() -> Result<(), String> {
    let Counts { circumstances, counts } = measure_all("")?;
    let mut text = format!("# {circumstances}\ncase,instructions\n");
    for (name, count) in &counts {
        let _ = writeln!(text, "{name},{count}"); // Strings take everything.
    }
    std::fs::write(FILE, text).map_err(|error| format!("{FILE}: {error}"))?;
    println!("{} cases written to {FILE}", counts.len());
    Ok(())
}

fn read() -> Result<Counts, String> {
    let text = std::fs::read_to_string(FILE).map_err(|error| format!("{FILE}: {error}"))?;
    let mut lines = text.lines();
    let circumstances = lines.next().and_then(|line| line.strip_prefix("# ")).unwrap_or_default().to_owned();
    let row = |line: &str| {
        let (name, count) = line.rsplit_once(',')?;
        Some((name.to_owned(), count.parse().ok()?))
    };
    let counts = lines.skip(1).map(|line| row(line).ok_or_else(|| format!("{FILE}: {line}: no case")));
    Ok(Counts { circumstances, counts: counts.collect::<Result<_, _>>()? })
}

/// Measures the cases with `part` in their names and fails if one needs more instructions than the file says.
pub(crate) fn compare(part: &str) -> Result<(), String> {
    let expected = read()?;
    let found = measure_all(part)?;
    let comparable = found.circumstances == expected.circumstances;
    let (mut wrong, mut fewer) = (Vec::new(), Vec::new());
    for (name, &count) in &found.counts {
        let Some(&expected) = expected.counts.get(name) else {
            wrong.push(format!("{name}: found {count}, not in the file"));
            continue;
        };
        let ratio = count as f64 / expected as f64;
        let line = format!("{name}: found {count}, expected {expected}, ratio {ratio:.3}");
        println!("{line}");
        if comparable && ratio > TOLERANCE {
            wrong.push(line);
        } else if comparable && ratio < 1.0 / TOLERANCE {
            fewer.push(line);
        }
    }
    let gone = |name: &&String| name.contains(part) && !found.counts.contains_key(*name);
    wrong.extend(expected.counts.keys().filter(gone).map(|name| format!("{name}: in the file, but no case")));
    let count = found.counts.len();
    if !comparable {
        println!("{count} cases measured, but NOT compared");
        println!("  here: {}\n  in the file: {}", found.circumstances, expected.circumstances);
    }
    if !fewer.is_empty() {
        println!("{} of {count} cases need over 3 % less, write the file again: --write", fewer.len());
        println!("{}", fewer.join("\n"));
    }
    if wrong.is_empty() {
        println!("{count} cases passed");
        return Ok(());
    }
    let (all, advice) = (wrong.join("\n"), "if that is meant, write the file again: --write");
    Err(format!("{} of {count} cases need over 3 % more, or are not known\n{all}\n{advice}", wrong.len()))
}

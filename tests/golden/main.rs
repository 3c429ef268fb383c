//! Checks the golden digests on this machine, in this build: `golden [--print] [PREFIX...]`.
//!
//! All suites, or those whose names begin with one of the prefixes, as `golden-f32-gumbel-picks` or `golden-f64`: an
//! interpreter takes hours for all. The cases of those are told one by one. `--print` prints the table that this build
//! computes.

use std::fmt::Display;
use std::process::ExitCode;
use std::time::Instant;

use perturb_tests::golden::{GOLDEN, NOISES, Report, TYPES, expected};

fn main() -> ExitCode {
    let (flags, prefixes): (Vec<_>, Vec<_>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with('-'));
    if let Some(unknown) = flags.iter().find(|flag| *flag != "--print") {
        eprintln!("unknown argument {unknown}; expected --print or beginnings of suites' names");
        return ExitCode::FAILURE;
    }
    let suites = suites();
    if let Some(prefix) =
        prefixes.iter().find(|&prefix| suites.iter().all(|(name, _)| !name.starts_with(prefix)))
    {
        eprintln!("no golden suite begins with {prefix}; expected one such as golden-f32-gumbel-picks");
        return ExitCode::FAILURE;
    }
    let (mut differing, mut count) = (0, 0);
    for (name, cases) in suites {
        if prefixes.is_empty() || prefixes.iter().any(|prefix| name.starts_with(prefix)) {
            let (before, start) = (count, Instant::now());
            cases(&mut |case, found| {
                let good = check(case, found, !flags.is_empty());
                if good && !prefixes.is_empty() {
                    eprintln!("{case}: as in the table");
                }
                count += 1;
                differing += usize::from(!good);
            });
            if !prefixes.is_empty() {
                eprintln!("{name}: {} cases, {:.1} s", count - before, start.elapsed().as_secs_f64());
            }
        }
    }
    eprintln!("{count} golden cases, {} in the table, {differing} differ", GOLDEN.len());
    let enough = if prefixes.is_empty() { count == GOLDEN.len() } else { count > 0 };
    if differing == 0 && enough { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs the cases of a suite.
type Cases = Box<dyn Fn(Report<'_>)>;

/// All suites with their names, which firmware has as well: of every oracle under noises that are chosen at run time, since each
/// pair compiled for itself takes minutes.
fn suites() -> Vec<(String, Cases)> {
    let mut suites = Vec::<(String, Cases)>::new();
    for (real, families, others) in TYPES {
        for noise in NOISES {
            for (family, cases) in families {
                let name = format!("golden-{real}-{}-{family}", noise.name());
                suites.push((name, Box::new(move |report| cases(noise, report))));
            }
        }
        for (other, cases) in others {
            suites.push((format!("golden-{real}-{other}"), Box::new(cases)));
        }
    }
    suites
}

/// Whether a case has the digest of the table.
fn check(case: &str, found: Result<u64, impl Display>, print: bool) -> bool {
    let found = match found {
        Ok(found) => found,
        Err(error) => {
            eprintln!("{case}: {error}");
            return false;
        }
    };
    if print {
        println!("    (\"{case}\", {}),", hexadecimal(found));
    }
    let expected = expected(case);
    if expected != Some(found) {
        let expected = expected.map_or_else(|| "nothing".to_owned(), hexadecimal);
        eprintln!("{case}: found {}, expected {expected}", hexadecimal(found));
    }
    expected == Some(found)
}

/// As in the table.
fn hexadecimal(digest: u64) -> String {
    let [a, b, c, d] = [48, 32, 16, 0].map(|shift| digest >> shift & 0xFFFF);
    format!("0x{a:04X}_{b:04X}_{c:04X}_{d:04X}")
}

//! Checks every golden digest on this machine, in this build; `--print` prints the table that this build computes.

use std::process::ExitCode;

use perturb_tests::golden::{GOLDEN, expected, run};

fn main() -> ExitCode {
    let print = std::env::args().skip(1).any(|argument| argument == "--print");
    let (mut differing, mut count) = (0, 0);
    run(&mut |name, found| {
        count += 1;
        let found = match found {
            Ok(found) => found,
            Err(error) => {
                differing += 1;
                return eprintln!("{name}: {error}");
            }
        };
        if print {
            println!("    (\"{name}\", {}),", hexadecimal(found));
        }
        if expected(name) != Some(found) {
            differing += 1;
            let expected = expected(name).map_or_else(|| "nothing".to_owned(), hexadecimal);
            eprintln!("{name}: found {}, expected {expected}", hexadecimal(found));
        }
    });
    eprintln!("{count} golden cases, {} in the table, {differing} differ", GOLDEN.len());
    if differing == 0 && count == GOLDEN.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// As in the table.
fn hexadecimal(digest: u64) -> String {
    let [a, b, c, d] = [48, 32, 16, 0].map(|shift| digest >> shift & 0xFFFF);
    format!("0x{a:04X}_{b:04X}_{c:04X}_{d:04X}")
}

//! How many instructions things take, against the committed `instructions.csv`: a gate that no noise of a machine moves.
//!
//! ```sh
//! cargo run --release -p perturb-benches --bin instructions              # measure and compare
//! cargo run --release -p perturb-benches --bin instructions -- --write   # measure and write the file
//! cargo run --release -p perturb-benches --bin instructions -- vjp/      # only cases with this in their names
//! ```
//!
//! Each case runs in a process of its own under valgrind's callgrind, prepares and asserts its answer uncounted, and then
//! does its work once more. Counts are those of a compiler, of the widest vectors that valgrind has (AVX2), and in small
//! part of the C library: the file's first line names compiler and vectors, and with other ones cases are measured, and
//! their answers asserted, but not compared.
//!
//! Callgrind by hand, since gungraun, which wraps it, wants a runner whose installation takes longer than the gate.

mod cases;
mod gate;

use std::hint::black_box;
use std::process::ExitCode;

/// What is counted: callgrind starts where this function is entered and stops where it is left.
#[inline(never)]
fn counted(work: &mut dyn FnMut()) {
    work();
    // Not a jump into `work`, which would leave this function before the work is done.
    black_box(());
}

/// What counts depend on.
fn circumstances() -> String {
    let (compiler, width) = (env!("PERTURB_COMPILER"), perturb_lanes::width().name());
    format!("{compiler}; {}, {width}", std::env::consts::ARCH)
}

/// Runs one case in this process, which valgrind watches.
fn run(name: &str) -> Result<(), String> {
    let case = cases::all().into_iter().find(|case| case.name == name);
    let case = case.ok_or_else(|| format!("no case {name}"))?;
    println!("{}", circumstances());
    if let Some(width) = case.width {
        perturb_lanes::limit(width);
    }
    (case.work)();
    Ok(())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments[..] {
        [] => gate::compare(""),
        ["--write"] => gate::write(),
        ["--run", name] => run(name),
        [part] if !part.starts_with('-') => gate::compare(part),
        _ => Err("usage: instructions [--write | --run CASE | PART OF A NAME]".to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("instructions: {message}");
            ExitCode::FAILURE
        }
    }
}

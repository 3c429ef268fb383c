//! What measurements were made on.

use std::fs;
use std::process::Command;

use crate::arguments::all_threads;

/// The processor, its cores and vectors, and the compiler, as one line.
pub fn description() -> String {
    let rustc = printed(Command::new("rustc").arg("--version")).unwrap_or_else(|| "rustc".into());
    let width = perturb_lanes::width().name();
    format!("{}, {} cores, vectors: {width}; {rustc}", processor(), all_threads())
}

/// The model's name, with numbers where the name alone says little.
fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = text.lines().find(|line| line.split(':').next().is_some_and(|key| key.trim() == name));
        line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim().to_owned())
    };
    match (field("model name"), field("cpu family"), field("model")) {
        (Some(name), Some(family), Some(model)) => format!("{name} (family {family}, model {model})"),
        (Some(name), ..) => name,
        _ => format!("unnamed {} processor", std::env::consts::ARCH),
    }
}

/// What a command prints on one line, if it succeeds.
pub fn printed(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8_lossy(&output.stdout).trim().replace('\n', ", ");
    (!text.is_empty()).then_some(text)
}

//! What measurements were made on.

use std::fs;
use std::process::Command;

use crate::arguments::all_threads;
use crate::markdown::counted;

/// The processor, its cores and vectors, the compiler, and how busy it has been, as one line.
pub fn description() -> String {
    let rustc = printed(Command::new("rustc").arg("--version")).unwrap_or_else(|| "rustc".into());
    let (cores, width) = (counted(all_threads(), "core"), perturb_lanes::width().name());
    format!("{}, {cores}, vectors: {width}; {rustc}{}", processor(), load().unwrap_or_default())
}

/// Processes that ran or waited to, where the system says: more than there are cores disturb one another.
fn load() -> Option<String> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    let averages: Vec<&str> = text.split(' ').take(3).collect();
    Some(format!("; load over the last 1, 5 and 15 minutes {}", averages.join(", ")))
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

//! Runs firmware in an emulator.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::core::Core;
use crate::error::Failure;

/// How long a program may take.
const LIMIT: Duration = Duration::from_secs(5 * 60);

/// What a program wrote, and how it ended.
pub(crate) struct Run {
    /// Its bytes on the host's standard output.
    pub(crate) output: Vec<u8>,
    /// Its exit code; `None` if it was ended.
    pub(crate) code: Option<i32>,
    timed_out: bool,
}

impl Run {
    /// How the program ended, if not well.
    pub(crate) fn complaint(&self) -> Option<String> {
        match self.code {
            Some(0) => None,
            Some(3) => Some("hard fault".into()),
            Some(code) => Some(format!("exit code {code}")),
            None if self.timed_out => Some(format!("no end after {} s", LIMIT.as_secs())),
            None => Some("the emulator died, as it does on a lockup".into()),
        }
    }
}

/// Nanoseconds that every instruction takes while instructions are counted, as a power of two.
const SHIFT: u32 = 6;

/// The instructions that a number of ticks are, to the nearest.
pub(crate) fn instructions(core: &Core, ticks: u64) -> u64 {
    let picoseconds = 1000 << SHIFT;
    (ticks * core.tick + picoseconds / 2) / picoseconds
}

/// Runs `elf`; `counting` lets every instruction take the same time, so that the timer counts them.
pub(crate) fn run(core: &Core, elf: &Path, counting: bool) -> Result<Run, Failure> {
    let mut command = Command::new("qemu-system-arm");
    command.args(["-machine", core.machine, "-nographic", "-monitor", "none", "-serial", "null"]);
    command.args(["-semihosting-config", "enable=on,target=native"]);
    if counting {
        command.args(["-icount", &format!("shift={SHIFT},align=off,sleep=off")]);
    }
    command.arg("-kernel").arg(elf).stdin(Stdio::null()).stdout(Stdio::piped());
    let hint =
        "install QEMU for Arm: the package qemu-system-arm (Debian, Ubuntu, Fedora) or qemu (Homebrew)";
    let mut child = command.spawn().map_err(|source| Failure::Start {
        program: "qemu-system-arm".into(),
        source,
        hint,
    })?;
    let failed = |error| Failure::Other(format!("qemu-system-arm: {error}"));
    let mut pipe = child.stdout.take();
    let reader = thread::spawn(move || {
        let mut output = Vec::new();
        pipe.as_mut().map_or(Ok(0), |pipe| pipe.read_to_end(&mut output)).map(|_| output)
    });
    let start = Instant::now();
    let status = loop {
        match child.try_wait().map_err(failed)? {
            Some(status) => break Some(status),
            None if start.elapsed() > LIMIT => {
                child.kill().map_err(failed)?;
                child.wait().map_err(failed)?;
                break None;
            }
            None => thread::sleep(Duration::from_millis(5)),
        }
    };
    let output = reader.join().map_err(|_| Failure::Other("the reader of QEMU's output died".into()))?;
    let code = status.and_then(|status| status.code());
    Ok(Run { output: output.map_err(failed)?, code, timed_out: status.is_none() })
}

//! The processors, and what emulates them.

use std::fmt;

/// A processor: how firmware is compiled for it, and the QEMU machine that has it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Core {
    /// Its short name.
    pub(crate) name: &'static str,
    /// Its name in reports.
    pub(crate) title: &'static str,
    /// Rust's target.
    pub(crate) target: &'static str,
    /// Further flags of the compiler.
    pub(crate) flags: &'static str,
    /// QEMU's machine.
    pub(crate) machine: &'static str,
    /// Whether it has code memory for groups of suites.
    pub(crate) roomy: bool,
    /// A tick of the system timer there, in picoseconds.
    pub(crate) tick: u64,
}

/// One of each kind: without a hardware divider and without 32 × 32 → 64 products; with; with an FPU for `f32`, for `f64`
/// too, and of the newer architecture.
pub(crate) const CORES: [Core; 5] = [
    Core {
        name: "m0",
        title: "Cortex-M0",
        target: "thumbv6m-none-eabi",
        flags: "",
        machine: "microbit",
        roomy: false,
        tick: 62_500,
    },
    Core {
        name: "m3",
        title: "Cortex-M3",
        target: "thumbv7m-none-eabi",
        flags: "",
        machine: "mps2-an385",
        roomy: true,
        tick: 40_000,
    },
    Core {
        name: "m4f",
        title: "Cortex-M4F",
        target: "thumbv7em-none-eabihf",
        flags: "",
        machine: "mps2-an386",
        roomy: true,
        tick: 40_000,
    },
    Core {
        name: "m7",
        title: "Cortex-M7",
        target: "thumbv7em-none-eabihf",
        flags: "-Ctarget-cpu=cortex-m7",
        machine: "mps2-an500",
        roomy: true,
        tick: 40_000,
    },
    Core {
        name: "m33",
        title: "Cortex-M33",
        target: "thumbv8m.main-none-eabihf",
        flags: "",
        machine: "mps2-an505",
        roomy: true,
        tick: 50_000,
    },
];

impl Core {
    /// The core of that name.
    pub(crate) fn named(name: &str) -> Result<&'static Self, String> {
        let names = || CORES.map(|core| core.name).join(", ");
        CORES
            .iter()
            .find(|core| core.name == name)
            .ok_or_else(|| format!("no core `{name}`; there are {}", names()))
    }
}

impl fmt::Display for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title)
    }
}

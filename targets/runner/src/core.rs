//! The processors, and what emulates them.

use std::fmt;
use std::ops::Range;

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
    /// The architectures whose programs it runs: `Tag_CPU_arch` of the ABI's build attributes.
    pub(crate) architectures: &'static [u64],
    /// QEMU's machine.
    pub(crate) machine: &'static str,
    /// Its memory that programs are loaded to.
    pub(crate) memory: &'static [Range<u64>],
    /// Whether it has code memory for groups of suites.
    pub(crate) roomy: bool,
    /// A tick of the system timer there, in picoseconds.
    pub(crate) tick: u64,
}

const V7_M: u64 = 10;
const V6_M: u64 = 11;
const V6S_M: u64 = 12;
const V7E_M: u64 = 13;
const V8_M_BASE: u64 = 16;
const V8_M_MAIN: u64 = 17;

/// The name of an architecture.
pub(crate) fn architecture(code: u64) -> String {
    match code {
        V7_M => "Armv7-M".into(),
        V6_M | V6S_M => "Armv6-M".into(),
        V7E_M => "Armv7E-M".into(),
        V8_M_BASE => "Armv8-M Baseline".into(),
        V8_M_MAIN => "Armv8-M Mainline".into(),
        other => format!("an architecture that is none of these cores' (Tag_CPU_arch {other})"),
    }
}

/// Of the boards AN385, AN386 and AN500.
const MPS2: &[Range<u64>] = &[0..0x40_0000, 0x2000_0000..0x2040_0000, 0x2100_0000..0x2200_0000];

/// One of each kind: without a hardware divider and without 32 × 32 → 64 products; with; with an FPU for `f32`, for `f64`
/// too, and of the newer architecture.
pub(crate) const CORES: [Core; 5] = [
    Core {
        name: "m0",
        title: "Cortex-M0",
        target: "thumbv6m-none-eabi",
        flags: "",
        architectures: &[V6_M, V6S_M],
        machine: "microbit",
        memory: &[0..0x4_0000, 0x2000_0000..0x2000_4000],
        roomy: false,
        tick: 62_500,
    },
    Core {
        name: "m3",
        title: "Cortex-M3",
        target: "thumbv7m-none-eabi",
        flags: "",
        architectures: &[V6_M, V6S_M, V7_M],
        machine: "mps2-an385",
        memory: MPS2,
        roomy: true,
        tick: 40_000,
    },
    Core {
        name: "m4f",
        title: "Cortex-M4F",
        target: "thumbv7em-none-eabihf",
        flags: "",
        architectures: &[V6_M, V6S_M, V7_M, V7E_M],
        machine: "mps2-an386",
        memory: MPS2,
        roomy: true,
        tick: 40_000,
    },
    Core {
        name: "m7",
        title: "Cortex-M7",
        target: "thumbv7em-none-eabihf",
        flags: "-Ctarget-cpu=cortex-m7",
        architectures: &[V6_M, V6S_M, V7_M, V7E_M],
        machine: "mps2-an500",
        memory: MPS2,
        roomy: true,
        tick: 40_000,
    },
    Core {
        name: "m33",
        title: "Cortex-M33",
        target: "thumbv8m.main-none-eabihf",
        flags: "",
        architectures: &[V6_M, V6S_M, V7_M, V7E_M, V8_M_BASE, V8_M_MAIN],
        machine: "mps2-an505",
        memory: &[0x1000_0000..0x1040_0000, 0x3000_0000..0x3000_8000, 0x3800_0000..0x3840_0000],
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

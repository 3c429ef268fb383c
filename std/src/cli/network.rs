//! What experiments that train networks have in common.

use std::fmt::Write;

use burn::tensor::Device;
use clap::{Args, ValueEnum};
use perturb::nn::Shares;

use super::{Common, Failure, number};

/// How networks are trained.
#[derive(Args, Debug)]
pub(crate) struct Networks {
    /// Passes over the training data, at least 1 [default: as the experiment says]
    #[arg(long, value_name = "N", value_parser = number::some, allow_negative_numbers = true)]
    pub(crate) epochs: Option<usize>,
    /// Where networks compute; decisions are computed by the processor
    #[arg(long, value_enum, default_value_t)]
    device: Computer,
}

#[derive(ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Computer {
    /// The processor
    #[default]
    Cpu,
    /// The graphics processor that wgpu finds first; needs a build with feature nn-wgpu
    Wgpu,
}

impl Networks {
    /// The device.
    pub(crate) fn device(&self) -> Result<Device, Failure> {
        match self.device {
            Computer::Cpu => Ok(Device::flex()),
            #[cfg(feature = "nn-wgpu")]
            Computer::Wgpu => Ok(Device::wgpu(Default::default())),
            #[cfg(not(feature = "nn-wgpu"))]
            Computer::Wgpu => Err("--device wgpu: this program was built without feature nn-wgpu".into()),
        }
    }

    /// The name of the device.
    pub(crate) fn name(&self) -> String {
        self.device.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// Says on standard error where the time of training steps went.
pub(crate) fn say_shares(shares: &Shares, common: &Common) {
    if common.quiet || shares.steps == 0 {
        return;
    }
    let total = shares.total().as_secs_f64();
    let mut line = format!("a step took {:.1} ms on the mean", 1e3 * total / shares.steps as f64);
    for (part, time) in shares.parts() {
        // Writing to a String cannot fail.
        let _ = write!(line, ", {part} {:.1} %", 100.0 * time.as_secs_f64() / total);
    }
    eprintln!("{line}");
}

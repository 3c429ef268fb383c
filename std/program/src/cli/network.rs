//! The common part of experiments that train networks.

use std::fmt::Write;

use burn::tensor::Device;
use clap::{Args, ValueEnum};
use perturb_experiments::nn::Shares;
use perturb_experiments::report::{Origin, Page, ReportError, Table};
use perturb_experiments::{ExperimentError, Journal};
use serde::Serialize;
use serde_json::Value;

use super::follow::follow;
use super::save::{self, Checkpoints};
use super::{Common, Failure, Out, number, report, say, say_json, table};

/// How networks are trained.
#[derive(Args, Serialize, Debug)]
pub(crate) struct Networks {
    /// Passes over the training data, at least 1 [default: depends on the experiment]
    #[arg(long, value_name = "N", value_parser = number::at_least_one, allow_negative_numbers = true)]
    pub(crate) epochs: Option<usize>,
    /// Training rows per step, at least 1 [default: depends on the experiment]
    #[arg(long, value_name = "N", value_parser = number::at_least_one, allow_negative_numbers = true)]
    pub(crate) batch: Option<usize>,
    /// Adam's initial learning rate, greater than 0 [default: depends on the experiment]
    #[arg(long, value_name = "RATE", value_parser = number::positive::<f64>, allow_negative_numbers = true)]
    pub(crate) rate: Option<f64>,
    /// Stop a network after this many epochs without a better share of right decisions on validation rows, or on training rows if
    /// there are no validation rows [default: never]
    #[arg(long, value_name = "N", value_parser = number::at_least_one, allow_negative_numbers = true)]
    pub(crate) patience: Option<usize>,
    /// Device that computes networks; the processor computes decisions
    #[arg(long, value_enum, default_value_t)]
    device: Computer,
}

#[derive(ValueEnum, Serialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Computer {
    /// The processor
    #[default]
    Cpu,
    /// The first graphics processor that wgpu finds; needs a build with feature nn-wgpu
    Wgpu,
}

impl Networks {
    /// The device.
    fn device(&self) -> Result<Device, Failure> {
        match self.device {
            Computer::Cpu => Ok(Device::flex()),
            #[cfg(feature = "nn-wgpu")]
            Computer::Wgpu => Ok(Device::wgpu(Default::default())),
            #[cfg(not(feature = "nn-wgpu"))]
            Computer::Wgpu => Err("--device wgpu: this program was built without feature nn-wgpu".into()),
        }
    }

    /// The name of the device.
    fn name(&self) -> String {
        self.device.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// An experiment that trains networks.
pub(crate) struct Trained<'a, A> {
    /// Its name in files.
    pub(crate) work: &'static str,
    /// The arguments that determine its result, besides seed and data.
    pub(crate) arguments: &'a A,
    /// Digests of the data sets.
    pub(crate) digests: Vec<u64>,
    /// Steps of training.
    pub(crate) steps: u64,
    pub(crate) networks: &'a Networks,
    pub(crate) out: &'a Out,
    pub(crate) checkpoints: &'a Checkpoints,
}

impl<A: Serialize> Trained<'_, A> {
    /// Runs it, prints its result and saves its report.
    pub(crate) fn run<R>(
        self,
        common: &Common,
        experiment: impl FnOnce(&Device, &Journal<'_>) -> Result<(R, Shares), ExperimentError>,
        found: impl FnOnce(&R) -> (Value, Vec<Table>),
        page: impl FnOnce(&R, &Origin) -> Result<Page, ReportError>,
    ) -> Result<(), Failure> {
        let device = self.networks.device()?;
        let digests: Vec<String> = self.digests.iter().map(|digest| format!("{digest:016x}")).collect();
        let digests = digests.join(", ");
        let settings = save::settings(self.work, self.arguments, common, Some(digests.clone()))?;
        let how = (common, self.checkpoints, self.out);
        let ((outcomes, shares), saver) =
            follow(("steps", self.steps), settings, how, |journal| experiment(&device, journal))?;

        say_shares(&shares, common);
        let (json, tables) = found(&outcomes);
        if common.json {
            say_json(&json)?;
        } else {
            for table in &tables {
                say(format_args!("{}\n\n{}", table.caption, table::render(table)))?;
            }
        }
        if self.out.wanted() {
            let mut origin = report::origin(common.seed, &[]);
            origin.versions.push(("data".into(), format!("digests {digests}")));
            origin.versions.push(("device".into(), self.networks.name()));
            self.out.save(&page(&outcomes, &origin)?, common)?;
        }
        saver.done();
        Ok(())
    }
}

/// Prints on standard error what the training steps spent their time on.
fn say_shares(shares: &Shares, common: &Common) {
    if common.quiet || shares.steps == 0 {
        return;
    }
    let total = shares.total().as_secs_f64();
    let mut line = format!("a step took {:.1} ms on average", 1e3 * total / shares.steps as f64);
    for (part, time) in shares.parts() {
        // Writing to a String cannot fail.
        let _ = write!(line, ", {part} {:.1} %", 100.0 * time.as_secs_f64() / total);
    }
    tell!("{line}");
}

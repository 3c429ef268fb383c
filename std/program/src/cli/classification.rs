//! `perturb experiment classification`.

use std::path::PathBuf;

use clap::Args;
use perturb::Seed;
use perturb_experiments::classification::{self, Setting};
use perturb_experiments::data::generate;
use perturb_experiments::data::images::{self, Split};
use serde::Serialize;

use super::network::{Networks, Trained};
use super::save::Checkpoints;
use super::{Common, Failure, Out, ensure_exists, number};

/// Classify images by a network, with Fenchel-Young losses and with cross entropy
#[derive(Args, Serialize, Debug)]
#[command(after_help = "Examples:
  perturb experiment classification --quick --out out                   # minutes, on generated images
  perturb experiment classification --data cifar-10-batches-bin --out out
  perturb experiment classification --epochs 20 --runs 1 --out out --resume")]
pub(crate) struct Classification {
    /// Folder of CIFAR-10's binary files, data_batch_*.bin and test_batch.bin [default: generated images of ten shapes]
    #[arg(long, value_name = "DIR")]
    #[serde(skip)]
    data: Option<PathBuf>,
    /// Train for four epochs, one network a loss, at fewer temperatures and on fewer generated images
    #[arg(long)]
    quick: bool,
    /// Networks per loss of the learning curves, 1 to 65535 [default: 3, with --quick 1]
    #[arg(long, value_name = "N", value_parser = number::runs, allow_negative_numbers = true)]
    runs: Option<u16>,
    #[command(flatten)]
    #[serde(flatten)]
    networks: Networks,
    #[command(flatten)]
    #[serde(skip)]
    out: Out,
    #[command(flatten)]
    #[serde(skip)]
    checkpoints: Checkpoints,
}

/// Numbers of generated training and test images, in full and with `--quick`.
const GENERATED: [(usize, usize); 2] = [(10_000, 2000), (2000, 500)];

impl Classification {
    pub(crate) fn run(&self, common: &Common) -> Result<(), Failure> {
        let seed = Seed(common.seed);
        let data = self.images(seed)?;
        let mut setting = if self.quick { Setting::quick(seed) } else { Setting::new(seed) };
        setting.epochs = self.networks.epochs.unwrap_or(setting.epochs);
        setting.batch = self.networks.batch.unwrap_or(setting.batch);
        setting.rate = self.networks.rate.unwrap_or(setting.rate);
        setting.patience = self.networks.patience;
        setting.runs = self.runs.map_or(setting.runs, usize::from);
        let how = Trained {
            work: "classification",
            arguments: self,
            digests: vec![data.train.digest(), data.test.digest()],
            steps: setting.steps(data.train.len()),
            networks: &self.networks,
            out: &self.out,
            checkpoints: &self.checkpoints,
        };
        how.run(
            common,
            |device, journal| setting.run(&data, device, journal),
            |outcomes| (classification::json(outcomes), classification::tables(outcomes)),
            |outcomes, origin| {
                let (train, test, name) = (data.train.len(), data.test.len(), data.train.name());
                let images = format!("{train} training and {test} test images of {name}");
                classification::page(outcomes, &setting, &images, origin)
            },
        )
    }

    fn images(&self, seed: Seed) -> Result<Split, Failure> {
        if let Some(folder) = &self.data {
            ensure_exists(folder)?;
            return Ok(images::cifar10::read_folder(folder)?);
        }
        let (train, test) = GENERATED[usize::from(self.quick)];
        Ok(Split {
            train: generate::textured_shapes(train, seed.fold(0))?,
            test: generate::textured_shapes(test, seed.fold(1))?,
        })
    }
}

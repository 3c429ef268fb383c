//! `perturb experiment shortest-path`.

use std::path::PathBuf;

use clap::Args;
use perturb::Seed;
use perturb_experiments::data::generate;
use perturb_experiments::data::maps::{self, Maps, Split};
use perturb_experiments::shortest_path::{self, Setting};
use serde::Serialize;

use super::network::{Networks, Trained};
use super::save::Checkpoints;
use super::{Common, Failure, Out, ensure_exists};

/// Find shortest paths on maps whose costs a network learns: Fenchel-Young losses, blackbox differentiation, a squared loss
#[derive(Args, Serialize, Debug)]
#[command(after_help = "Examples:
  perturb experiment shortest-path --quick --out out          # minutes, on generated maps
  perturb experiment shortest-path --out out --resume         # an hour; after an interrupt
  perturb experiment shortest-path --full --data warcraft/12x12 --out out")]
pub(crate) struct ShortestPath {
    /// Folder of the Warcraft maps, {train,val,test}_{maps,vertex_weights,shortest_paths}.npy [default: generated maps]
    #[arg(long, value_name = "DIR")]
    #[serde(skip)]
    data: Option<PathBuf>,
    /// Train for five epochs, with three losses and few generated maps
    #[arg(long, conflicts_with = "full")]
    quick: bool,
    /// Run at the paper's size: 50 epochs on 10,000 maps, three losses (six hours on two cores)
    #[arg(long)]
    full: bool,
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

impl ShortestPath {
    pub(crate) fn run(&self, common: &Common) -> Result<(), Failure> {
        let seed = Seed(common.seed);
        let data = self.maps(seed)?;
        let mut setting = match (self.full, self.quick) {
            (true, _) => Setting::full(seed),
            (_, true) => Setting::quick(seed),
            _ => Setting::new(seed),
        };
        setting.epochs = self.networks.epochs.unwrap_or(setting.epochs);
        setting.batch = self.networks.batch.unwrap_or(setting.batch);
        if let Some(rate) = self.networks.rate {
            setting.losses.iter_mut().for_each(|(_, own)| *own = rate);
        }
        setting.patience = self.networks.patience;

        let sets = [Some(&data.train), data.validation.as_ref(), Some(&data.test)];
        let digests = sets.into_iter().flatten().map(Maps::digest).collect();
        let how = Trained {
            work: "shortest_path",
            arguments: self,
            digests,
            steps: setting.steps(data.train.len()),
            networks: &self.networks,
            out: &self.out,
            checkpoints: &self.checkpoints,
        };
        how.run(
            common,
            |device, journal| setting.run(&data, device, journal),
            |outcomes| (shortest_path::json(outcomes), shortest_path::tables(outcomes)),
            |outcomes, origin| {
                let (train, test, name) = (data.train.len(), data.test.len(), data.train.name());
                let maps = format!("{train} training and {test} test maps of {name}");
                shortest_path::page(outcomes, &setting, &data.test, &maps, origin)
            },
        )
    }

    fn maps(&self, seed: Seed) -> Result<Split, Failure> {
        if let Some(folder) = &self.data {
            ensure_exists(folder)?;
            return Ok(maps::warcraft::read_folder(folder)?);
        }
        let (train, test) = match (self.full, self.quick) {
            (true, _) => (10_000, 1000),
            (_, true) => (200, 100),
            _ => (2000, 500),
        };
        let of = |n, k| generate::terrain(n, seed.fold(k));
        Ok(Split { train: of(train, 0)?, validation: None, test: of(test, 1)? })
    }
}

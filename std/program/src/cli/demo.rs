//! `perturb demo`: the costs of a terrain, learned from routes alone, on one screen.

use std::time::Instant;

use clap::Args;
use perturb::oracle::Neighbours;
use perturb::{DynRect, GridPath, Normal, Perturbed, Seed, Single};
use perturb_experiments::data::generate::terrain;
use perturb_experiments::data::maps::Maps;
use perturb_experiments::report::{Cell, Table};

use super::progress::Progress;
use super::streams::say;
use super::{Common, Failure, Out, number, report, say_json, table};

/// Learn what terrain costs from routes alone: a solver within the loss, against losses that look at each cell
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  perturb demo
  perturb demo --maps 50 --seed 3 --out report")]
pub(crate) struct Demo {
    /// Maps to learn from, each with a cheapest route, 1 to 10,000
    #[arg(
        long,
        default_value_t = 200,
        value_name = "N",
        value_parser = number::maps,
        allow_negative_numbers = true
    )]
    maps: usize,
    /// Steps, each on one map with one sample, at least 1
    #[arg(
        long,
        default_value_t = 5000,
        value_name = "N",
        value_parser = number::at_least_one,
        allow_negative_numbers = true
    )]
    steps: usize,
    #[command(flatten)]
    out: Out,
}

/// Maps to judge by.
const TEST_MAPS: usize = 200;
/// Name, mark on a map, and true cost of each kind of terrain.
pub(crate) const KINDS: [(&str, char, f32); 5] =
    [("grass", '.', 0.8), ("earth", ',', 1.2), ("forest", 'f', 5.3), ("water", '~', 7.7), ("rock", '^', 9.2)];
/// The loss that solves for the route.
const FENCHEL_YOUNG: &str = "Fenchel-Young (FY)";
/// The mark of a route.
const ROUTE: char = '#';

/// Costs of the kinds.
type Costs = [f32; KINDS.len()];

/// What a loss has learned.
pub(crate) struct Learned {
    pub(crate) loss: &'static str,
    pub(crate) costs: Costs,
    /// The share of test maps on which its route is a cheapest one.
    pub(crate) cheapest: f64,
    /// What its routes cost beyond the cheapest ones, as a share of these.
    pub(crate) excess: f64,
    seconds: f64,
    /// Its route through each test map, and what it costs beyond the cheapest, as a share of this.
    pub(crate) routes: Vec<(f64, Vec<f32>)>,
}

/// Routes by a layer, whose scores are minus the costs of the cells.
pub(crate) struct Routes {
    layer: Perturbed<GridPath<f32, DynRect>, Normal, f32>,
}

impl Demo {
    pub(crate) fn run(&self, common: &Common) -> Result<(), Failure> {
        self.out.folder()?;
        let seed = Seed(common.seed);
        let progress = Progress::new("maps", (self.maps + TEST_MAPS) as u64, common);
        let train = terrain(self.maps, seed.fold(0))?;
        progress.add(self.maps as u64);
        let test = terrain(TEST_MAPS, seed.fold(1))?;
        drop(progress);

        let [rows, columns] = train.grid();
        let oracle = GridPath::new(DynRect { rows, columns }, Neighbours::Eight)?;
        let routes = Routes { layer: Perturbed::new(oracle, Normal, 1.0)? };
        let start = Instant::now();
        let costs = routes.fenchel_young(&train, self.steps, seed.fold(2))?;
        let mut learned = vec![routes.judge(FENCHEL_YOUNG, costs, start, &test)?];
        let shares = shares(&train);
        for (loss, cost) in
            [("logistic", (|share: f32| -share.ln()) as fn(f32) -> f32), ("squared", |share| 1.0 - share)]
        {
            let start = Instant::now();
            learned.push(routes.judge(loss, shares.map(cost), start, &test)?);
        }

        if common.json {
            say_json(&json(&learned))?;
        } else {
            self.print(&learned, &test)?;
        }
        if self.out.wanted() {
            let page = report::demo(report::origin(common.seed, &[]), self.maps, &learned, &test)?;
            self.out.save(&page, common)?;
        }
        Ok(())
    }

    fn print(&self, learned: &[Learned], test: &Maps) -> Result<(), Failure> {
        say(format_args!(
            "The costs of five kinds of terrain, from\n\
             {} maps with a cheapest route each and\n\
             no cost. Routes on {TEST_MAPS} other maps:\n",
            self.maps
        ))?;
        say(table::render(&judgement(learned)).trim_end())?;
        say(format_args!("\n{}", table::render(&costs(learned)).trim_end()))?;
        let map = telling(learned);
        let drawn = learned.iter().map(|learned| (learned.loss, learned.routes[map].1.as_slice()));
        let cheapest = path(test, map);
        let drawn: Vec<(&str, &[f32])> =
            std::iter::once(("cheapest", cheapest.as_slice())).chain(drawn).collect();
        for pair in drawn.chunks(2) {
            say(format_args!("\n{}", draw(test, map, pair)))?;
        }
        say("\nSquared and logistic losses ask of each\n\
             cell whether the route enters it. They\n\
             cannot know that it went around. The\n\
             Fenchel-Young loss solves for the route,\n\
             with noise, once a step: where its route\n\
             differs, costs rise or fall.")
    }
}

impl Routes {
    /// Learns costs by the Fenchel–Young loss: its gradient in a kind's cost is what the map's route has of this kind less what a
    /// perturbed route has. The mean of the iterates of the second half.
    fn fenchel_young(&self, maps: &Maps, steps: usize, seed: Seed) -> Result<Costs, Failure> {
        let (mut costs, mut sum, mut count) = ([1.0f32; KINDS.len()], [0.0f32; KINDS.len()], 0.0);
        for step in 0..steps {
            let map = step % maps.len();
            let (kinds, path) = (kinds(maps, map), path(maps, map));
            let how = Single(seed.fold(step as u64));
            let gradient = self.layer.fenchel_young_gradient(&scores(&kinds, &costs), &path, how)?;
            // The rate falls to 0.
            let rate = 0.5 * (1.0 - step as f32 / steps as f32);
            for (kind, slope) in kinds.iter().zip(gradient) {
                costs[*kind] += rate * slope;
            }
            if 2 * step + 1 >= steps {
                count += 1.0;
                sum.iter_mut().zip(costs).for_each(|(sum, cost)| *sum += cost);
            }
        }
        Ok(sum.map(|sum| sum / count))
    }

    /// Routes by these costs, in units in which grass costs what it does, on maps that the costs were not learned from.
    fn judge(
        &self,
        loss: &'static str,
        costs: Costs,
        start: Instant,
        maps: &Maps,
    ) -> Result<Learned, Failure> {
        let seconds = start.elapsed().as_secs_f64();
        // So few steps may leave grass without a cost.
        let unit = if costs[0] > 0.0 { KINDS[0].2 / costs[0] } else { 1.0 };
        let costs = costs.map(|cost| cost * unit);
        let (mut cheapest, mut excess, mut best) = (0, 0.0, 0.0);
        let mut routes = Vec::with_capacity(maps.len());
        for map in 0..maps.len() {
            let cost = |path: &[f32]| -> f64 {
                maps.costs(map).iter().zip(path).map(|(cost, cell)| f64::from(cost * cell)).sum()
            };
            let least = cost(&path(maps, map));
            let route = self.layer.decide(&scores(&kinds(maps, map), &costs))?.1;
            let more = cost(&route) - least;
            cheapest += usize::from(more < 1e-3);
            excess += more;
            best += least;
            routes.push((more / least, route));
        }
        let cheapest = cheapest as f64 / maps.len() as f64;
        Ok(Learned { loss, costs, cheapest, excess: excess / best, seconds, routes })
    }
}

/// The map on which the other losses go farthest astray while the first finds a cheapest route; the first map if there is none.
pub(crate) fn telling(learned: &[Learned]) -> usize {
    let Some((first, others)) = learned.split_first() else { return 0 };
    let astray = |map: usize| others.iter().map(|other| other.routes[map].0).fold(f64::INFINITY, f64::min);
    let right = (0..first.routes.len()).filter(|&map| first.routes[map].0 < 1e-4);
    right.max_by(|&a, &b| astray(a).total_cmp(&astray(b))).unwrap_or(0)
}

/// The kind of each cell.
fn kinds(maps: &Maps, map: usize) -> Vec<usize> {
    let kind = |cost: &f32| KINDS.iter().position(|kind| kind.2 == *cost).unwrap_or(0);
    maps.costs(map).iter().map(kind).collect()
}

fn path(maps: &Maps, map: usize) -> Vec<f32> {
    maps.path(map).iter().map(|&cell| cell.into()).collect()
}

/// θ of cells of these kinds.
fn scores(kinds: &[usize], costs: &Costs) -> Vec<f32> {
    kinds.iter().map(|&kind| -costs[kind]).collect()
}

/// The share of each kind's cells that the routes enter: what minimises the squared and the logistic loss of the cells, given their
/// kinds. No share is 0.
fn shares(maps: &Maps) -> Costs {
    let (mut entered, mut all) = ([1.0f32; KINDS.len()], [2.0f32; KINDS.len()]);
    for map in 0..maps.len() {
        for (kind, cell) in kinds(maps, map).into_iter().zip(path(maps, map)) {
            entered[kind] += cell;
            all[kind] += 1.0;
        }
    }
    std::array::from_fn(|kind| entered[kind] / all[kind])
}

/// How good the routes are.
pub(crate) fn judgement(learned: &[Learned]) -> Table {
    let percent = |share: f64| Cell::Number(format!("{:.1} %", 100.0 * share));
    let row = |learned: &Learned| {
        vec![Cell::Text(learned.loss.to_owned()), percent(learned.cheapest), percent(learned.excess)]
    };
    Table {
        caption: "Routes on maps that nothing was learned from".into(),
        header: ["loss", "cheapest", "extra cost"].map(String::from).to_vec(),
        rows: learned.iter().map(row).collect(),
    }
}

/// The costs, learned and true.
pub(crate) fn costs(learned: &[Learned]) -> Table {
    let row = |(kind, &(name, mark, cost)): (usize, &(&str, char, f32))| {
        let costs = std::iter::once(cost).chain(learned.iter().map(|learned| learned.costs[kind]));
        let name = Cell::Text(format!("{mark} {name}"));
        std::iter::once(name).chain(costs.map(|cost| Cell::Number(format!("{cost:.1}")))).collect()
    };
    let short =
        |learned: &Learned| if learned.loss == FENCHEL_YOUNG { "FY" } else { learned.loss }.to_owned();
    Table {
        caption: "The cost of each kind, in units in which grass has its true cost".into(),
        header: ["cost", "true"].map(String::from).into_iter().chain(learned.iter().map(short)).collect(),
        rows: KINDS.iter().enumerate().map(row).collect(),
    }
}

/// Routes through a map, side by side.
fn draw(maps: &Maps, map: usize, routes: &[(&str, &[f32])]) -> String {
    let [_, columns] = maps.grid();
    let kinds = kinds(maps, map);
    let names: Vec<String> = routes.iter().map(|(name, _)| format!("{name:<20}")).collect();
    let mut lines = vec![names.concat()];
    for (row, kinds) in kinds.chunks(columns).enumerate() {
        let line = routes.iter().map(|(_, route)| {
            let cell = |(column, &kind): (usize, &usize)| {
                let entered = route.get(row * columns + column).is_some_and(|&cell| cell > 0.5);
                if entered { ROUTE } else { KINDS[kind].1 }
            };
            format!("{:<20}", kinds.iter().enumerate().map(cell).collect::<String>())
        });
        lines.push(line.collect::<String>());
    }
    lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n")
}

fn json(learned: &[Learned]) -> serde_json::Value {
    let one = |learned: &Learned| {
        let costs: serde_json::Map<_, _> =
            KINDS.iter().zip(learned.costs).map(|(kind, cost)| (kind.0.to_owned(), cost.into())).collect();
        serde_json::json!({
            "loss": learned.loss,
            "cheapest": learned.cheapest,
            "excess": learned.excess,
            "costs": costs,
            "seconds": learned.seconds,
        })
    };
    learned.iter().map(one).collect()
}

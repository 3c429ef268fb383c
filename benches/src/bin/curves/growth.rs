//! Cost per sample against sizes: a sample is one perturbed decision of one row, in a gradient y_ε − y.

use std::collections::BTreeSet;

use perturb::Seed;
use perturb_benches::Failure;
use perturb_benches::arguments::{all_threads, pool};
use perturb_benches::call::{prepare, prepare_unchecked};
use perturb_benches::markdown::counted;
use perturb_benches::timing::{largest, least, median};
use perturb_benches::workload::{Kind, NoiseName, Variant, Workload};

use crate::MEMORY;
use crate::group::{Curve, Group, Measured};

const NANOSECONDS: &str = "nanoseconds per sample";

/// From here on more samples need no more memory.
const FULL: usize = 30_000;

/// All groups.
pub(crate) fn measure(repetitions: usize) -> Result<Vec<Group>, Failure> {
    let stopwatch = Stopwatch { repetitions };
    Ok(vec![
        stopwatch.dimension()?,
        stopwatch.grid_path()?,
        stopwatch.assignment()?,
        stopwatch.samples()?,
        memory()?,
        stopwatch.rows()?,
        stopwatch.threads()?,
    ])
}

fn workload(kind: Kind, dim: usize, rows: usize, samples: u32, noise: NoiseName) -> Workload {
    Workload { name: "curve", title: "", kind, rows, dim, samples, noise }
}

fn ranking(dim: usize, rows: usize, samples: u32) -> Workload {
    workload(Kind::Ranking, dim, rows, samples, NoiseName::Normal)
}

/// 1, 3, 10, … up to 10⁵.
fn decades() -> Vec<u32> {
    (0..5).flat_map(|power| [10u32.pow(power), 3 * 10u32.pow(power)]).chain([100_000]).collect()
}

/// 1, and all threads.
fn few_and_many() -> BTreeSet<usize> {
    BTreeSet::from([1, all_threads()])
}

fn group(name: &'static str, title: &'static str, x_label: &'static str, curves: Vec<Curve>) -> Group {
    Group { name, title, x_label, y_label: NANOSECONDS, curves, power: false }
}

struct Stopwatch {
    repetitions: usize,
}

impl Stopwatch {
    /// One curve: for each size a workload and a number of threads.
    fn curve(
        &self,
        name: impl Into<String>,
        places: impl IntoIterator<Item = (usize, usize, Workload)>,
    ) -> Result<Curve, Failure> {
        let name = name.into();
        let point = |(x, threads, workload): (usize, usize, Workload)| {
            eprintln!("{name}: {x}");
            let seconds = pool(threads)?
                .install(|| prepare(&workload, Variant::Sampled)?.time(self.repetitions))
                .map_err(|failure| format!("{name}, {x}: {failure}"))?;
            let ns: Vec<_> = seconds.iter().map(|seconds| seconds * 1e9 / workload.solves() as f64).collect();
            Ok::<_, Failure>(Measured { x, y: median(&ns), least: least(&ns), largest: largest(&ns) })
        };
        let points = places.into_iter().map(point).collect::<Result<_, _>>()?;
        Ok(Curve { name, points })
    }

    fn dimension(&self) -> Result<Group, Failure> {
        let sizes = || (1..=12).map(|power| 1usize << power);
        let (rows, samples) = (16, 64);
        let argmax = sizes().map(|d| (d, 1, workload(Kind::Argmax, d, rows, samples, NoiseName::Gumbel)));
        let top_k = sizes().map(|d| {
            (d, 1, workload(Kind::TopK { k: (d / 2).min(10) }, d, rows, samples, NoiseName::Normal))
        });
        let sorted = sizes().map(|d| (d, 1, ranking(d, rows, samples)));
        let curves = vec![
            self.curve("argmax, Gumbel", argmax)?,
            self.curve("top-10 or half, normal", top_k)?,
            self.curve("ranking, normal", sorted)?,
        ];
        Ok(Group {
            power: true,
            ..group("dimension", "Cost against d (16 rows, 64 samples, 1 thread)", "d (scores)", curves)
        })
    }

    fn grid_path(&self) -> Result<Group, Failure> {
        let places = [4, 6, 8, 12, 16, 24, 32, 48, 64]
            .map(|side| (side, 1, workload(Kind::GridPath { side }, side * side, 16, 16, NoiseName::Normal)));
        let curves = vec![self.curve("8 neighbours", places)?];
        let title = "Cost of a grid path (16 rows, 16 samples, 1 thread)";
        Ok(Group { power: true, ..group("grid_path", title, "side of the grid (cells)", curves) })
    }

    fn assignment(&self) -> Result<Group, Failure> {
        let places = [4, 6, 8, 12, 16, 20, 32, 48, 64, 96, 128]
            .map(|n| (n, 1, workload(Kind::Assignment { n }, n * n, 4, 16, NoiseName::Normal)));
        let curves = vec![self.curve("assignment", places)?];
        let title = "Cost of an assignment (4 rows, 16 samples, 1 thread)";
        Ok(Group { power: true, ..group("assignment", title, "n (rows, and columns)", curves) })
    }

    fn samples(&self) -> Result<Group, Failure> {
        let argmax = |m: u32| workload(Kind::Argmax, 10, 2, m, NoiseName::Gumbel);
        let mut curves = Vec::new();
        for threads in few_and_many() {
            let unit = counted(threads, "thread");
            let places = decades().into_iter().map(|m| (m as usize, threads, argmax(m)));
            curves.push(self.curve(format!("argmax, d = 10, {unit}"), places)?);
            let places = decades().into_iter().map(|m| (m as usize, threads, ranking(100, 2, m)));
            curves.push(self.curve(format!("ranking, d = 100, {unit}"), places)?);
        }
        Ok(group("samples", "Cost against M (2 rows)", "M (samples per row)", curves))
    }

    fn rows(&self) -> Result<Group, Failure> {
        let sizes = || (0..=6).map(|power| 1usize << (2 * power));
        let mut curves = Vec::new();
        for threads in few_and_many() {
            for samples in [1, 16] {
                let name = format!("M = {samples}, {}", counted(threads, "thread"));
                curves.push(
                    self.curve(name, sizes().map(|rows| (rows, threads, ranking(100, rows, samples))))?,
                );
            }
        }
        Ok(group("rows", "Cost against B, ranking, d = 100", "B (rows)", curves))
    }

    fn threads(&self) -> Result<Group, Failure> {
        let all = all_threads();
        let mut counts: BTreeSet<usize> = (0..=all.ilog2()).map(|power| 1 << power).collect();
        counts.insert(all);
        let places = |workload: Workload| counts.iter().map(move |&threads| (threads, threads, workload));
        let curves = vec![
            self.curve("256 rows, 64 samples", places(ranking(100, 256, 64)))?,
            self.curve("1 row, 16384 samples", places(ranking(100, 1, 16_384)))?,
        ];
        Ok(group("threads", "Cost against threads, ranking, d = 100", "threads", curves))
    }
}

/// The most bytes that one call has in use beyond what there was before, its result included.
fn memory() -> Result<Group, Failure> {
    let curve = |rows: usize, threads: usize| {
        let name = format!("{}, {}", counted(rows, "row"), counted(threads, "thread"));
        let point = |samples: u32| {
            eprintln!("memory, {name}: {samples}");
            let pool = pool(threads)?;
            let workload = ranking(100, rows, samples);
            let call = pool.install(|| prepare_unchecked(&workload, Variant::Sampled))?;
            let size = pool.install(|| {
                call.answer(Seed(4))?; // what threads keep
                let before = MEMORY.current_usage();
                MEMORY.reset_peak_usage();
                call.answer(Seed(5))?;
                Ok::<_, Failure>(MEMORY.peak_usage().saturating_sub(before) as f64 / 1024.0)
            })?;
            Ok::<_, Failure>(Measured { x: samples as usize, y: size, least: size, largest: size })
        };
        let points = decades().into_iter().map(point).collect::<Result<Vec<_>, _>>()?;
        let most = |samples: &dyn Fn(usize) -> bool| {
            points.iter().filter(|point| samples(point.x)).map(|point| point.y).fold(0.0, f64::max)
        };
        let (few, many) = (most(&|m| m <= FULL), most(&|m| m > FULL));
        assert!(many <= 1.25 * few, "{name}: memory grows with M from {few} to {many} KiB");
        Ok::<_, Failure>(Curve { name, points })
    };
    let mut curves = Vec::new();
    for threads in few_and_many() {
        for rows in [2, 64] {
            curves.push(curve(rows, threads)?);
        }
    }
    Ok(Group {
        name: "memory",
        title: "Peak memory of a call against M, ranking, d = 100",
        x_label: "M (samples per row)",
        y_label: "KiB",
        curves,
        power: false,
    })
}

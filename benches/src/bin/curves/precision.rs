//! How long an estimate of Jᵀu takes until its relative error is 1 %: ranking of 100 scores, normal noise.

use perturb::{BatchExt, Dyn, Exact, MonteCarlo, Normal, Perturbed, Ranking, Seed};
use perturb_benches::Failure;
use perturb_benches::arguments::pool;
use perturb_benches::data::Rows;
use perturb_benches::markdown::{table, three_digits};
use perturb_benches::timing::{median, time};
use perturb_benches::workload::{Kind, NoiseName, Workload};
use perturb_experiments::report::{LinePlot, Point, ReportError, Series};

use crate::group::slope;

/// The temperatures, against standard normal scores.
pub(crate) const EPSILONS: [f32; 3] = [0.1, 0.5, 1.0];
/// The relative error that is to be reached.
const WANTED: f64 = 0.01;
/// Where errors are measured: whole blocks of samples.
const SAMPLES: [u32; 4] = [64, 256, 1024, 4096];
/// Samples of a row over all seeds: M = 4096 has 4 seeds, M = 64 has 256.
const EFFORT: u32 = 16_384;
/// M of the calls that are timed.
const TIMED: u32 = 1024;

const WORKLOAD: Workload = Workload {
    name: "precision",
    title: "",
    kind: Kind::Vjp,
    rows: 32,
    dim: 100,
    samples: TIMED,
    noise: NoiseName::Normal,
};

/// An estimator.
struct Method {
    name: &'static str,
    how: fn(u32, Seed) -> MonteCarlo,
    /// Whether the squared error need not fall like 1/M.
    own_slope: bool,
}

const METHODS: [Method; 5] = [
    Method { name: "plain", how: MonteCarlo::plain, own_slope: false },
    Method { name: "baseline (default)", how: MonteCarlo::new, own_slope: false },
    Method { name: "antithetic", how: |m, seed| MonteCarlo::new(m, seed).antithetic(), own_slope: false },
    Method {
        name: "leave one out",
        how: |m, seed| MonteCarlo::new(m, seed).leave_one_out(),
        own_slope: false,
    },
    Method { name: "quasi-random", how: |m, seed| MonteCarlo::new(m, seed).quasi_random(), own_slope: true },
];

/// What one method reaches at one temperature, on one thread.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    epsilon: f32,
    method: &'static str,
    /// Seconds per row and sample; per row for the exact value.
    seconds: f64,
    reached: Reached,
}

#[derive(Clone, Debug)]
enum Reached {
    /// The relative error in f32 against the exact value in f64.
    Exact { error: f64 },
    Sampled {
        /// Relative errors at [`SAMPLES`].
        errors: Vec<f64>,
        /// The error is proportional to M to the power of minus this.
        order: f64,
        /// M at which the error is [`WANTED`].
        wanted: f64,
    },
}

impl Outcome {
    /// Seconds per row until the error is [`WANTED`].
    fn seconds_wanted(&self) -> f64 {
        match &self.reached {
            Reached::Exact { .. } => self.seconds,
            Reached::Sampled { wanted, .. } => self.seconds * wanted,
        }
    }
}

/// All methods at all temperatures.
pub(crate) fn measure(repetitions: usize) -> Result<Vec<Outcome>, Failure> {
    let rows = Rows::of(&WORKLOAD)?;
    let mut outcomes = Vec::new();
    for epsilon in EPSILONS {
        let setting = Setting::new(epsilon, &rows)?;
        for method in METHODS {
            eprintln!("ε = {epsilon}, {}", method.name);
            outcomes.push(setting.sampled(&method, repetitions)?);
        }
        outcomes.push(setting.exact(repetitions)?);
    }
    Ok(outcomes)
}

struct Setting<'a> {
    epsilon: f32,
    layer: Perturbed<Ranking<f32, Dyn>, Normal, f32>,
    rows: &'a Rows,
    /// Jᵀu in f64.
    truth: Vec<f64>,
}

impl<'a> Setting<'a> {
    fn new(epsilon: f32, rows: &'a Rows) -> Result<Self, Failure> {
        let shape = Dyn(WORKLOAD.dim);
        let double = Perturbed::new(Ranking::ascending(shape)?, Normal, f64::from(epsilon))?;
        let widen = |x: &[f32]| -> Vec<f64> { x.iter().copied().map(f64::from).collect() };
        let truth = double.batch().vjp(&widen(&rows.theta), &widen(&rows.cotangents), Exact)?;
        let layer = Perturbed::new(Ranking::ascending(shape)?, Normal, epsilon)?;
        Ok(Self { epsilon, layer, rows, truth })
    }

    /// The mean over rows of ‖estimate − truth‖²/‖truth‖².
    fn squared_error(&self, estimate: &[f32]) -> f64 {
        let dim = WORKLOAD.dim;
        let rows = self.truth.chunks_exact(dim).zip(estimate.chunks_exact(dim));
        let row = |(truth, estimate): (&[f64], &[f32])| {
            let missed: f64 = truth.iter().zip(estimate).map(|(t, e)| (f64::from(*e) - t).powi(2)).sum();
            missed / truth.iter().map(|t| t * t).sum::<f64>()
        };
        rows.map(row).sum::<f64>() / WORKLOAD.rows as f64
    }

    fn sampled(&self, method: &Method, repetitions: usize) -> Result<Outcome, Failure> {
        let Rows { theta, cotangents, .. } = self.rows;
        let estimate = |m, seed| self.layer.batch().vjp(theta, cotangents, (method.how)(m, seed));
        let error = |m: u32| {
            let seeds = u64::from(EFFORT / m);
            let seed = Seed(u64::from(m));
            let squares = (0..seeds).map(|i| Ok(self.squared_error(&estimate(m, seed.fold(i))?)));
            Ok::<_, Failure>((squares.sum::<Result<f64, Failure>>()? / seeds as f64).sqrt())
        };
        let errors = SAMPLES.into_iter().map(error).collect::<Result<Vec<_>, _>>()?;
        let points: Vec<_> = SAMPLES.iter().map(|&m| f64::from(m)).zip(errors.iter().copied()).collect();
        let order = if method.own_slope { -slope(&points) } else { 0.5 };
        // ln error + order·ln M is constant on the fitted line.
        let level =
            points.iter().map(|(m, error)| error.ln() + order * m.ln()).sum::<f64>() / points.len() as f64;
        let wanted = ((level - WANTED.ln()) / order).exp();
        let seconds = seconds_per_row(repetitions, |seed| estimate(TIMED, seed))? / f64::from(TIMED);
        let reached = Reached::Sampled { errors, order, wanted };
        Ok(Outcome { epsilon: self.epsilon, method: method.name, seconds, reached })
    }

    fn exact(&self, repetitions: usize) -> Result<Outcome, Failure> {
        let Rows { theta, cotangents, .. } = self.rows;
        let exact = || self.layer.batch().vjp(theta, cotangents, Exact);
        let error = self.squared_error(&exact()?).sqrt();
        let seconds = seconds_per_row(repetitions, |_| exact())?;
        Ok(Outcome { epsilon: self.epsilon, method: "exact", seconds, reached: Reached::Exact { error } })
    }
}

/// Seconds per row of a call on one thread.
fn seconds_per_row<E: Send>(
    repetitions: usize,
    call: impl Fn(Seed) -> Result<Vec<f32>, E> + Sync,
) -> Result<f64, Failure> {
    let mut made = 0;
    let mut timed = || {
        made += 1;
        // The same call has just succeeded.
        let _ = std::hint::black_box(call(Seed(7).fold(made)));
    };
    let seconds = pool(1)?.install(|| time(&mut timed, repetitions));
    Ok(median(&seconds) / WORKLOAD.rows as f64)
}

/// `12 µs`.
fn duration(seconds: f64) -> String {
    let (unit, size) = [("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)]
        .into_iter()
        .find(|(_, size)| seconds >= *size)
        .unwrap_or(("ns", 1e-9));
    format!("{} {unit}", three_digits(seconds / size))
}

fn percent(share: f64) -> String {
    format!("{} %", three_digits(100.0 * share))
}

/// The table.
pub(crate) fn markdown(outcomes: &[Outcome]) -> String {
    let head: Vec<String> = ["ε", "method", "time per sample"]
        .map(String::from)
        .into_iter()
        .chain(SAMPLES.map(|m| format!("error at M = {m}")))
        .chain(["exponent of 1/M", "M for 1 %", "time for 1 %, a row"].map(String::from))
        .collect();
    let row = |outcome: &Outcome| {
        let mut cells = vec![outcome.epsilon.to_string(), outcome.method.to_owned()];
        match &outcome.reached {
            Reached::Exact { error } => {
                cells.push("–".into());
                cells.extend(SAMPLES.map(|_| "–".to_owned()));
                cells.extend(["–".into(), format!("rounding, {}", percent(*error))]);
            }
            Reached::Sampled { errors, order, wanted } => {
                cells.push(duration(outcome.seconds));
                cells.extend(errors.iter().map(|&error| percent(error)));
                cells.extend([format!("{order:.2}"), three_digits(*wanted)]);
            }
        }
        cells.push(duration(outcome.seconds_wanted()));
        cells
    };
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    let rows: Vec<_> = outcomes.iter().map(row).collect();
    format!(
        "Jᵀu of a ranking of d = {} standard normal scores, normal noise, u standard normal: relative errors are root mean \
         squares of ‖estimate − Jᵀu‖/‖Jᵀu‖ over {} rows and {} to {} seeds, against the closed form in f64; one \
         thread. M for 1 % is extrapolated along the fitted line.\n\n{}",
        WORKLOAD.dim,
        WORKLOAD.rows,
        EFFORT / SAMPLES[SAMPLES.len() - 1],
        EFFORT / SAMPLES[0],
        table(&head, &rows)
    )
}

/// Relative error against time, one line per method, to where it is 1 %.
pub(crate) fn plot(outcomes: &[Outcome], epsilon: f32) -> Result<String, ReportError> {
    let point = |x: f64, y: f64| Point { x: 1e6 * x, y: 100.0 * y, spread: 0.0 };
    let series = outcomes.iter().filter(|outcome| outcome.epsilon == epsilon).map(|outcome| {
        let points = match &outcome.reached {
            Reached::Exact { error } => vec![point(outcome.seconds, *error)],
            Reached::Sampled { errors, wanted, .. } => {
                let measured = SAMPLES.map(f64::from).into_iter().zip(errors.iter().copied());
                let places = measured.chain([(*wanted, WANTED)]);
                places.map(|(m, error)| point(m * outcome.seconds, error)).collect()
            }
        };
        Series { name: outcome.method.into(), points, ..Series::default() }
    });
    let plot = LinePlot {
        title: format!("Relative error of a derivative against time, ε = {epsilon}"),
        x_label: "time for a row (µs); last points extrapolated".into(),
        y_label: "relative error (%)".into(),
        log_x: true,
        log_y: true,
        series: series.collect(),
        ..LinePlot::default()
    };
    Ok(plot.draw()?.as_str().to_owned())
}

/// One line per measured M, and one at the M that is extrapolated for 1 %.
pub(crate) fn csv(outcomes: &[Outcome]) -> String {
    let mut text = String::from("epsilon,method,kind,samples,relative_error,seconds_per_row\n");
    for Outcome { epsilon, method, seconds, reached } in outcomes {
        match reached {
            Reached::Exact { error } => {
                text.extend([format!("{epsilon},{method},exact,,{error:.4e},{seconds:.4e}\n")]);
            }
            Reached::Sampled { errors, wanted, .. } => {
                for (&m, error) in SAMPLES.iter().zip(errors) {
                    let time = f64::from(m) * seconds;
                    text.extend([format!("{epsilon},{method},measured,{m},{error:.4e},{time:.4e}\n")]);
                }
                let time = wanted * seconds;
                text.extend([format!("{epsilon},{method},extrapolated,{wanted:.0},{WANTED},{time:.4e}\n")]);
            }
        }
    }
    text
}

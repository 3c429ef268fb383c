//! Estimates beside what is known of them.

use perturb::quantity::Form;
use perturb::{
    MonteCarlo, Oracle, Perturbed, Quantity, Real, Seed,
    method::{BLOCK, Control, Draws, Variance},
    noise::Law,
};
use perturb_tests::reals;

use super::judge::{Comparison, Count};

/// Blocks of the pilot that measures skewness.
const PILOT: u32 = 64;

/// An entry of an estimate.
#[derive(Clone, Copy, Debug)]
pub struct Want {
    /// The estimator's name.
    pub estimator: &'static str,
    /// The exact value.
    pub exact: f64,
    /// Twice the largest term that there can be.
    pub range: f64,
    /// Whether terms are decisions in {0, 1}.
    pub share: bool,
}

/// Every combination of control and draws, with its name.
pub const VARIANTS: [(&str, Control, Draws); 9] = [
    ("plain", Control::None, Draws::Independent),
    ("baseline", Control::Baseline, Draws::Independent),
    ("leave one out", Control::LeaveOneOut, Draws::Independent),
    ("plain, antithetic", Control::None, Draws::Antithetic),
    ("baseline, antithetic", Control::Baseline, Draws::Antithetic),
    ("leave one out, antithetic", Control::LeaveOneOut, Draws::Antithetic),
    ("plain, quasi-random", Control::None, Draws::QuasiRandom),
    ("baseline, quasi-random", Control::Baseline, Draws::QuasiRandom),
    ("leave one out, quasi-random", Control::LeaveOneOut, Draws::QuasiRandom),
];

/// What an estimate is called, and how it is made.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The layer.
    pub name: String,
    /// Its number among all estimates.
    pub number: usize,
    /// The place in [`VARIANTS`].
    pub variant: usize,
    /// M.
    pub samples: u32,
    /// Names the noise.
    pub seed: Seed,
}

impl Setting {
    /// How samples are drawn.
    #[must_use]
    pub fn how(&self) -> MonteCarlo {
        let (_, control, draws) = VARIANTS[self.variant];
        MonteCarlo { samples: self.samples, seed: self.seed, variance: Variance { control, draws } }
    }
}

/// Sums of powers of the means of blocks about 0, entry by entry.
struct Moments {
    sums: Vec<[f64; 3]>,
    count: f64,
}

impl Moments {
    fn new(dim: usize) -> Self {
        Self { sums: vec![[0.0; 3]; dim], count: 0.0 }
    }
    fn add(&mut self, x: impl Iterator<Item = f64>) {
        self.count += 1.0;
        for (sums, x) in self.sums.iter_mut().zip(x) {
            for (sum, power) in sums.iter_mut().zip([x, x * x, x * x * x]) {
                *sum += power;
            }
        }
    }
    /// At most the skewness of one of `parts` equal means that make a mean of `count` more: two standard errors √(6/n) above
    /// what is found.
    fn skewness(&self, entry: usize, count: f64) -> f64 {
        let [first, second, third] = self.sums[entry].map(|sum| sum / self.count);
        let variance = second - first * first;
        let about = third - 3.0 * first * second + 2.0 * first * first * first;
        let found =
            if variance > 1e-12 * second { (about / variance.powf(1.5)).abs() } else { f64::INFINITY };
        (found + 2.0 * (6.0 / self.count).sqrt()) / count.sqrt()
    }
}

/// Estimates with standard errors, and compares entry by entry.
///
/// # Panics
/// If the estimate fails, or has another number of entries.
pub fn observe<T: Real, N: Law<T>, O: Oracle<T>, E: Quantity<T, N, O::Shape>>(
    layer: &Perturbed<O, N, T>,
    theta: &[T],
    estimator: &E,
    wants: &[Want],
    setting: &Setting,
) -> Vec<Comparison> {
    let how = setting.how();
    let mut found = layer.compute_with_error(theta, estimator, how).expect("an estimate");
    let numbers = |sum: &mut E::Output| -> Vec<f64> {
        E::Form::parts(sum).flat_map(|part| part.iter().map(|x| x.to_f64()).collect::<Vec<_>>()).collect()
    };
    let (means, errors) = (numbers(&mut found.mean), numbers(&mut found.standard_error));
    assert_eq!(means.len(), wants.len());
    let mut pilot = Moments::new(wants.len());
    for block in 0..PILOT {
        let how = MonteCarlo { samples: BLOCK, seed: how.seed.fold(1).fold(block.into()), ..how };
        let mut block = layer.compute(theta, estimator, how).expect("an estimate");
        pilot.add(numbers(&mut block).into_iter());
    }
    let blocks = f64::from(how.blocks());
    let (variant, control, draws) = VARIANTS[setting.variant];
    let wider = if control == Control::LeaveOneOut { 2.0 } else { 1.0 };
    let entries = wants.iter().zip(means.into_iter().zip(errors)).enumerate();
    entries
        .map(|(entry, (want, (found_mean, error)))| Comparison {
            what: format!("{}, {variant}: {} [{entry}]", setting.name, want.estimator),
            groups: [want.estimator, variant, layer.noise().name(), T::NAME],
            estimate: setting.number,
            found: found_mean,
            exact: want.exact,
            error,
            units: f64::from(found.units),
            skewness: pilot.skewness(entry, blocks),
            range: wider * want.range,
            rounding: rounding::<T>(want.exact, blocks),
            count: (want.share && draws == Draws::Independent).then(|| Count {
                ones: (found_mean * f64::from(how.samples)).round() as u64,
                of: how.samples.into(),
            }),
        })
        .collect()
}

/// What rounding may add to a mean: some four deviations of that of merging blocks one after the other, and 10⁻⁹ for the
/// differences behind exact second derivatives.
fn rounding<T: Real>(exact: f64, blocks: f64) -> f64 {
    let scale = exact.abs().max(1.0);
    scale * (T::EPSILON.to_f64() * (4.0 + 0.5 * blocks.sqrt()) + 1e-9)
}

/// Compares the mean over 256 replicates of `samples`/256 samples, for what comes without a standard error.
///
/// # Panics
/// If a replicate has another number of entries.
pub fn replicate<T: Real>(
    setting: &Setting,
    wants: &[Want],
    noise: &'static str,
    mut estimate: impl FnMut(MonteCarlo) -> Vec<T>,
) -> Vec<Comparison> {
    const REPLICATES: u32 = 256;
    let how = setting.how();
    let mut moments = Moments::new(wants.len());
    for replicate in 0..REPLICATES {
        let samples = how.samples / REPLICATES;
        let found = estimate(MonteCarlo { samples, seed: how.seed.fold(replicate.into()), ..how });
        assert_eq!(found.len(), wants.len());
        moments.add(found.into_iter().zip(wants).map(|(found, want)| found.to_f64() - want.exact));
    }
    let n = f64::from(REPLICATES);
    let compare = |(entry, want): (usize, &Want)| {
        let [mean, square, _] = moments.sums[entry].map(|sum| sum / n);
        Comparison {
            what: format!("{}, {}: {} [{entry}]", setting.name, VARIANTS[setting.variant].0, want.estimator),
            groups: [want.estimator, VARIANTS[setting.variant].0, noise, T::NAME],
            estimate: setting.number,
            found: want.exact + mean,
            exact: want.exact,
            error: ((square - mean * mean).max(0.0) / (n - 1.0)).sqrt(),
            units: n,
            skewness: moments.skewness(entry, n),
            range: want.range,
            rounding: rounding::<T>(want.exact, f64::from(how.blocks() / REPLICATES)),
            count: None,
        }
    };
    wants.iter().enumerate().map(compare).collect()
}

/// Scores of T from scores of f64, and what they are.
#[must_use]
pub fn rounded<T: Real>(x: &[f64]) -> (Vec<T>, Vec<f64>) {
    let own: Vec<T> = reals(x);
    let wide = perturb_tests::widened(&own);
    (own, wide)
}

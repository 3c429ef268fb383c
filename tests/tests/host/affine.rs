//! What the single-sample training step converges to; its definition is checked by the suite `affine`.

use perturb::{Affine, Const, Exact, Normal, Perturbed, Real, Seed, Simplex};

/// Labels drawn with fixed frequencies p: the loss is least where y_ε(b) = p.
///
/// Summing a step's b −= rate·(y − label) over the last 10⁵ of 2·10⁵ steps (seeds 131 and 132), the mean of
/// y_ε(b) differs from p by the sampling errors of the labels and of the decisions, each of variance p(1 − p)/10⁵.
#[test]
fn biases_learn_the_frequencies_of_labels() {
    let frequencies = [0.2, 0.5, 0.3];
    let layer = Perturbed::new(Simplex::new(Const::<3>).unwrap(), Normal, 0.5).unwrap();
    let mut model = Affine::<f64, 1, 3>::zeros();
    let mut mean = [0.0; 3];
    for step in 0..200_000u64 {
        let u = f64::uniform(&mut Seed(132).stream(step));
        let mut label = [0.0; 3];
        label[if u < 0.2 { 0 } else { 1 + usize::from(u >= 0.7) }] = 1.0;
        model.step(&layer, &[0.0], &label, 0.0025, Seed(131).fold(step)).unwrap();
        if step >= 100_000 && step % 100 == 0 {
            let y = layer.maximizer(&model.scores(&[0.0]).unwrap(), Exact).unwrap();
            mean.iter_mut().zip(y).for_each(|(mean, y)| *mean += y / 1000.0);
        }
    }
    for (mean, frequency) in mean.iter().zip(frequencies) {
        let error = (2.0 * frequency * (1.0 - frequency) / 1e5f64).sqrt();
        assert!((mean - frequency).abs() < 4.5 * error, "{mean}, not {frequency} ± {error}");
    }
}

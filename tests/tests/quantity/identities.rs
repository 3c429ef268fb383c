//! Identities of perturbed maxima that hold for every oracle and noise, checked on closed forms to rounding
//! and on samples under common random numbers.

use perturb::{ClosedForm, Exact, MonteCarlo, Perturbed, Seed, noise::Law};
use perturb_tests::naive::dot;
use perturb_tests::pairs::{Property, for_every_pair};
use perturb_tests::statistics::slope;

#[track_caller]
fn assert_close(got: f64, want: f64, tolerance: f64, what: &str) {
    assert!((got - want).abs() <= tolerance * want.abs().max(1.0), "{what}: {got}, not {want}");
}

fn name<N: Law<f64>, O: ClosedForm<f64, N>>(layer: &Perturbed<O, N, f64>) -> String {
    format!("{} {} at ε = {}", layer.oracle().properties().name, layer.noise().name(), layer.epsilon())
}

/// `theta` with entry `i` replaced.
fn with(theta: &[f64], i: usize, x: f64) -> Vec<f64> {
    let mut moved = theta.to_vec();
    moved[i] = x;
    moved
}

/// J is symmetric and positive semidefinite; the value is nonnegative along any direction.
struct SymmetricPositive;
impl Property<f64> for SymmetricPositive {
    fn check<N: Law<f64>, O: ClosedForm<f64, N> + Copy>(
        &mut self,
        layer: &Perturbed<O, N, f64>,
        theta: &[f64],
    ) {
        let (d, name) = (theta.len(), name(layer));
        let jacobian = layer.jacobian(theta, Exact).unwrap();
        let jacobian = jacobian.as_ref();
        let mut factor = vec![0.0; d * d];
        for i in 0..d {
            for j in 0..i {
                assert_close(jacobian[i * d + j], jacobian[j * d + i], 1e-15, &name);
            }
            if layer.oracle().properties().name != "hypercube" {
                // The polytope lies in a plane ⟨1, y⟩ = constant (Remark 1).
                assert_close(jacobian[i * d..][..d].iter().sum(), 0.0, 1e-14, &format!("row {i} of {name}"));
            }
            // Cholesky of J + 10⁻¹²·I exists.
            for j in 0..=i {
                let inner = dot(&factor[i * d..][..j], &factor[j * d..][..j]);
                let rest = jacobian[i * d + j] - inner;
                factor[i * d + j] = if i == j { (rest + 1e-12).sqrt() } else { rest / factor[j * d + j] };
                assert!(factor[i * d + j].is_finite(), "J of {name} is not positive semidefinite");
            }
        }
    }
}

#[test]
fn jacobians_are_symmetric_and_positive_semidefinite() {
    for epsilon in [0.2, 0.5, 2.0] {
        for_every_pair(epsilon, &mut SymmetricPositive);
    }
}

/// y_ε = ∇F_ε, J = ∇y_ε and both products, by fourth-order differences of the closed forms.
struct Differentiates;
impl Property<f64> for Differentiates {
    fn check<N: Law<f64>, O: ClosedForm<f64, N> + Copy>(
        &mut self,
        layer: &Perturbed<O, N, f64>,
        theta: &[f64],
    ) {
        let (d, name) = (theta.len(), name(layer));
        let h = 1e-3;
        let y = layer.maximizer(theta, Exact).unwrap();
        let jacobian = layer.jacobian(theta, Exact).unwrap();
        for j in 0..d {
            let value = |x| layer.value(&with(theta, j, x), Exact).unwrap();
            assert_close(y.as_ref()[j], slope(theta[j], h, value), 1e-9, &format!("y_{j} of {name}"));
            for i in 0..d {
                let entry = |x| layer.maximizer(&with(theta, j, x), Exact).unwrap().as_ref()[i];
                let want = slope(theta[j], h, entry);
                assert_close(jacobian.as_ref()[i * d + j], want, 1e-8, &format!("J_{i}{j} of {name}"));
            }
        }
        let u: Vec<f64> = (0..d).map(|i| (i as f64 + 1.0).sin()).collect();
        let want: Vec<f64> = jacobian.as_ref().chunks_exact(d).map(|row| dot(row, &u)).collect();
        for product in [layer.vjp(theta, &u, Exact).unwrap(), layer.jvp(theta, &u, Exact).unwrap()] {
            for (&got, &want) in product.as_ref().iter().zip(&want) {
                assert_close(got, want, 1e-13, &format!("Ju of {name}"));
            }
        }
    }
}

#[test]
fn closed_forms_are_derivatives_of_each_other() {
    for_every_pair(0.5, &mut Differentiates);
}

/// F_ε(θ) = εF_1(θ/ε), y_ε(θ) = y_1(θ/ε), J_ε(θ) = J_1(θ/ε)/ε (Proposition 2.2).
struct Scales;
impl Property<f64> for Scales {
    fn check<N: Law<f64>, O: ClosedForm<f64, N> + Copy>(
        &mut self,
        layer: &Perturbed<O, N, f64>,
        theta: &[f64],
    ) {
        let (epsilon, name) = (layer.epsilon(), name(layer));
        let unit = Perturbed::new(*layer.oracle(), *layer.noise(), 1.0).unwrap();
        let scaled: Vec<f64> = theta.iter().map(|theta| theta / epsilon).collect();
        let how = MonteCarlo::new(100, Seed(80));
        for ((value, y), (one, y_one)) in [
            (layer.value_and_maximizer(theta, Exact), unit.value_and_maximizer(&scaled, Exact)),
            (layer.value_and_maximizer(theta, how), unit.value_and_maximizer(&scaled, how)),
        ]
        .map(|(scaled, unit)| (scaled.unwrap(), unit.unwrap()))
        {
            assert_close(value, epsilon * one, 1e-13, &name);
            for (&a, &b) in y.as_ref().iter().zip(y_one.as_ref()) {
                assert_close(a, b, 1e-13, &name);
            }
        }
        let (jacobian, one) = (layer.jacobian(theta, Exact).unwrap(), unit.jacobian(&scaled, Exact).unwrap());
        for (&a, &b) in jacobian.as_ref().iter().zip(one.as_ref()) {
            assert_close(a, b / epsilon, 1e-13, &name);
        }
    }
}

#[test]
fn temperature_scales_scores() {
    for epsilon in [0.03, 0.5, 7.0] {
        for_every_pair(epsilon, &mut Scales);
    }
}

/// dF_ε/dε = E⟨y*(θ + εZ), Z⟩ = (F_ε − ⟨y_ε, θ⟩)/ε.
struct TemperatureDerivative;
impl Property<f64> for TemperatureDerivative {
    fn check<N: Law<f64>, O: ClosedForm<f64, N> + Copy>(
        &mut self,
        layer: &Perturbed<O, N, f64>,
        theta: &[f64],
    ) {
        let at = |epsilon| Perturbed::new(*layer.oracle(), *layer.noise(), epsilon).unwrap();
        let (value, y) = layer.value_and_maximizer(theta, Exact).unwrap();
        let want = slope(layer.epsilon(), 1e-3, |epsilon| at(epsilon).value(theta, Exact).unwrap());
        let got = (value - dot(y.as_ref(), theta)) / layer.epsilon();
        assert_close(got, want, 1e-8, &name(layer));
    }
}

#[test]
fn temperature_derivatives_come_free() {
    for_every_pair(0.5, &mut TemperatureDerivative);
}

/// F(θ + εE Z) ≤ F_ε(θ) ≤ F(θ) + εF_1(0) (Jensen, Proposition 2.3), hence F_ε → F; y_ε → y*.
struct Converges;
impl Property<f64> for Converges {
    fn check<N: Law<f64>, O: ClosedForm<f64, N> + Copy>(
        &mut self,
        layer: &Perturbed<O, N, f64>,
        theta: &[f64],
    ) {
        let name = name(layer);
        let unit = Perturbed::new(*layer.oracle(), *layer.noise(), 1.0).unwrap();
        let origin = unit.value(&vec![0.0; theta.len()], Exact).unwrap();
        let epsilon = layer.epsilon();
        let (hard, vertex) = layer.decide(theta).unwrap();
        let shifted: Vec<f64> = theta.iter().map(|theta| theta + epsilon * layer.noise().mean()).collect();
        let least = layer.decide(&shifted).unwrap().0;
        let (value, y) = layer.value_and_maximizer(theta, Exact).unwrap();
        let rounding = 1e-14 * hard.abs().max(1.0);
        assert!(least - rounding <= value && value <= hard + epsilon * origin + rounding, "{name}");
        if epsilon < 1e-3 {
            // The closest scores are 0.05 apart: fifty ε and more.
            for (&y, &vertex) in y.as_ref().iter().zip(vertex.as_ref()) {
                assert_close(y, vertex, 1e-12, &name);
            }
        }
    }
}

#[test]
fn cold_layers_are_the_oracle() {
    for epsilon in [10.0, 1.0, 0.1, 1e-2, 5e-4] {
        for_every_pair(epsilon, &mut Converges);
    }
}

/// F_ε is R_C-Lipschitz and its gradient R_C·M_μ/ε-Lipschitz (Proposition 2.2).
struct Lipschitz;
impl Property<f64> for Lipschitz {
    fn check<N: Law<f64>, O: ClosedForm<f64, N> + Copy>(
        &mut self,
        layer: &Perturbed<O, N, f64>,
        theta: &[f64],
    ) {
        let norm = |x: &[f64]| dot(x, x).sqrt();
        let difference = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<f64>>();
        // R_C, attained at a vertex: (1, …, 1) for {0, 1}ᵈ, any vertex else.
        let radius = norm(layer.decide(&vec![1.0; theta.len()]).unwrap().1.as_ref());
        let bound = radius * layer.noise().m_mu(theta.len()) / layer.epsilon();
        let (value, y) = layer.value_and_maximizer(theta, Exact).unwrap();
        for step in 0..50 {
            let size = 10f64.powi(step % 5 - 3);
            let wave = |i: usize| size * ((i as f64 + 1.3) * (f64::from(step) + 0.7)).sin();
            let moved: Vec<f64> = theta.iter().enumerate().map(|(i, theta)| theta + wave(i)).collect();
            let distance = norm(&difference(&moved, theta));
            let (value_there, there) = layer.value_and_maximizer(&moved, Exact).unwrap();
            assert!((value_there - value).abs() <= radius * distance, "{}", name(layer));
            assert!(norm(&difference(there.as_ref(), y.as_ref())) <= bound * distance, "{}", name(layer));
            // Convex: above its tangent, by rounding at most below.
            let tangent = value + dot(y.as_ref(), &difference(&moved, theta));
            assert!(value_there >= tangent - 1e-13 * value.abs().max(1.0), "{}", name(layer));
        }
    }
}

#[test]
fn values_and_gradients_are_lipschitz() {
    for epsilon in [0.1, 1.0] {
        for_every_pair(epsilon, &mut Lipschitz);
    }
}

/// Under common random numbers the sampled y_ε is the slope of the sampled F_ε, which is piecewise linear:
/// M = 1000, seed 81, h = 10⁻⁶; no sample changes its vertex within h here, so only rounding remains.
struct SampledSlope;
impl Property<f64> for SampledSlope {
    fn check<N: Law<f64>, O: ClosedForm<f64, N> + Copy>(
        &mut self,
        layer: &Perturbed<O, N, f64>,
        theta: &[f64],
    ) {
        let how = MonteCarlo::new(1000, Seed(81));
        let y = layer.maximizer(theta, how).unwrap();
        for i in 0..theta.len() {
            let h = 1e-6;
            let value = |x| layer.value(&with(theta, i, x), how).unwrap();
            let got = (value(theta[i] + h) - value(theta[i] - h)) / (2.0 * h);
            assert_close(got, y.as_ref()[i], 1e-8, &format!("y_{i} of {}", name(layer)));
        }
    }
}

#[test]
fn sampled_maximizers_are_slopes_of_sampled_values() {
    for_every_pair(0.5, &mut SampledSlope);
}

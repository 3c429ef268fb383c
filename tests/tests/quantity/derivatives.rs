//! Second derivatives, derivatives in the temperature, and the way back from decisions to scores.

use perturb::quantity::{
    EpsilonDerivative, EpsilonLossDerivative, Maximizer, VjpJacobian, VjpJacobianProduct,
};
use perturb::{
    ClosedForm, Const, Dyn, Error, Exact, Gumbel, Hypercube, Laplace, Logistic, MonteCarlo, Normal,
    Perturbed, Ranking, Real, Seed, Simplex, TopK,
    noise::{Law, SmoothNoise},
};
use perturb_tests::naive::dot;
use perturb_tests::pairs::{Property, for_every_pair};
use perturb_tests::statistics::{Z, slope, spread};
use perturb_tests::{reals, widened};

const U: [f64; 6] = [0.3, -1.7, 0.9, 0.1, 2.2, -0.4];
const V: [f64; 6] = [1.0, 0.5, -0.25, 0.0, -1.0, 0.75];
const M: u32 = 100_000;

/// J is the Hessian of F_ε: central differences of y_ε of fourth order with h = 1e-3 in f64.
struct Hessian;
impl Property<f64> for Hessian {
    fn check<N: Law<f64>, O: ClosedForm<f64, N> + Copy>(
        &mut self,
        layer: &Perturbed<O, N, f64>,
        theta: &[f64],
    ) {
        let jacobian = layer.jacobian(theta, Exact).unwrap();
        for (place, &entry) in jacobian.as_ref().iter().enumerate() {
            let (i, j) = (place / theta.len(), place % theta.len());
            let at = |x: f64| {
                let mut theta = theta.to_vec();
                theta[j] = x;
                layer.maximizer(&theta, Exact).unwrap().as_ref()[i]
            };
            let found = slope(theta[j], 1e-3, at);
            // Laplace's density has a kink: second order there.
            let tolerance = if N::KINKED { 2e-3 } else { 1e-8 };
            assert!(
                (found - entry).abs() < tolerance,
                "{} {}: {found} {entry}",
                layer.oracle().properties().name,
                layer.noise().name()
            );
        }
    }
}

#[test]
fn the_jacobian_is_the_hessian() {
    for_every_pair::<f64>(0.5, &mut Hessian);
}

/// ∂F_ε/∂ε by samples is −Ω(y_ε) by the dual and closed forms, and the slope of exact F_ε in ε; ∂L/∂ε likewise.
/// M = 10⁵, Z = 4.5, seed 130.
struct Temperature;
impl<T: Real> Property<T> for Temperature {
    fn check<N: Law<T>, O: ClosedForm<T, N> + Copy>(&mut self, layer: &Perturbed<O, N, T>, theta: &[T]) {
        let epsilon = layer.epsilon().to_f64();
        let at =
            |epsilon: f64| Perturbed::new(*layer.oracle(), *layer.noise(), T::from_f64(epsilon)).unwrap();
        let h = if T::EPSILON.to_f64() < 1e-10 { 1e-3 } else { 0.05 };
        let want = slope(epsilon, h, |e| at(e).value(theta, Exact).unwrap().to_f64());
        let target = layer.decide(&theta.iter().map(|&x| -x).collect::<Vec<_>>()).unwrap().1;
        let loss =
            slope(epsilon, h, |e| at(e).fenchel_young(theta, target.as_ref(), Exact).unwrap().loss.to_f64());
        let how = MonteCarlo::new(M, Seed(130));
        let pair = (EpsilonDerivative, EpsilonLossDerivative { target: target.as_ref() });
        let means = spread(layer, theta, pair, how);
        let rounding = if h < 0.01 { 1e-9 } else { 2e-3 };
        for (mean, want) in means.iter().zip([want, loss]) {
            let off = (mean.mean - want).abs();
            assert!(
                off < Z * mean.error + rounding,
                "{} {}: {mean:?}, not {want}",
                layer.oracle().properties().name,
                layer.noise().name()
            );
        }
        if h < 0.01 {
            let y = layer.maximizer(theta, Exact).unwrap();
            let omega = layer.omega(y.as_ref(), Exact).unwrap().to_f64();
            assert!(
                (omega + want).abs() < 1e-6,
                "{} {}: Ω = {omega}, −∂F/∂ε = {}",
                layer.oracle().properties().name,
                layer.noise().name(),
                -want
            );
        }
    }
}

#[test]
fn the_temperature_has_a_free_derivative() {
    for_every_pair::<f64>(0.5, &mut Temperature);
    for_every_pair::<f32>(0.5, &mut Temperature);
}

/// ∂y_ε/∂ε = −Jθ/ε, against differences of exact y_ε in ε.
#[test]
fn the_maximizer_moves_with_the_temperature_as_stated() {
    let theta = [-0.8, 0.6, 1.2, -1.0];
    let at = |epsilon: f64| Perturbed::new(Ranking::ascending(Const::<4>).unwrap(), Normal, epsilon).unwrap();
    let product = at(0.5).jvp(&theta, &theta, Exact).unwrap();
    for (i, product) in product.into_iter().enumerate() {
        let found = slope(0.5, 1e-3, |epsilon| at(epsilon).maximizer(&theta, Exact).unwrap()[i]);
        assert!((found + product / 0.5).abs() < 1e-9);
    }
}

/// ∂(Jᵀu)/∂θ by samples against differences of exact products: M = 10⁵, Z = 4.5, seeds 131 and 132.
fn second_derivatives<T, N, O>(oracle: O, noise: N, theta: &[f64], seed: Seed)
where
    T: Real,
    N: Law<T> + SmoothNoise<T> + Law<f64>,
    O: ClosedForm<T, N> + ClosedForm<f64, N> + Copy,
{
    let d = theta.len();
    let exact = Perturbed::<_, _, f64>::new(oracle, noise, 0.5).unwrap();
    let mut want = vec![0.0; d * d];
    for (place, want) in want.iter_mut().enumerate() {
        let (i, j) = (place / d, place % d);
        *want = slope(theta[j], 1e-3, |x| {
            let mut theta = theta.to_vec();
            theta[j] = x;
            exact.vjp(&theta, &U[..d], Exact).unwrap().as_ref()[i]
        });
    }
    let product: Vec<f64> = want.chunks_exact(d).map(|row| dot(row, &V[..d])).collect();
    let layer = Perturbed::<_, _, T>::new(oracle, noise, T::HALF).unwrap();
    let (u, v) = (reals::<T>(&U[..d]), reals::<T>(&V[..d]));
    let pair = (VjpJacobian { cotangent: &u }, VjpJacobianProduct { cotangent: &u, tangent: &v });
    for how in [MonteCarlo::new(M, seed), MonteCarlo::plain(M, seed)] {
        let means = spread(&layer, &reals::<T>(theta), pair, how);
        for (i, (mean, want)) in means.iter().zip(want.iter().chain(&product)).enumerate() {
            mean.assert_near(*want, 0.0, T::EPSILON.to_f64(), format_args!("entry {i}"));
        }
    }
}

#[test]
fn products_have_sampled_jacobians() {
    let classes = [-0.3, 0.6, -0.1, 0.5, -0.2];
    second_derivatives::<f64, _, _>(Simplex::new(Const::<5>).unwrap(), Normal, &classes, Seed(131));
    second_derivatives::<f32, _, _>(Simplex::new(Dyn(5)).unwrap(), Gumbel, &classes, Seed(132));
    second_derivatives::<f64, _, _>(TopK::new(Const::<5>, 2).unwrap(), Logistic, &classes, Seed(131));
    let layer = Ranking::<f64, _>::ascending(Const::<4>).unwrap();
    second_derivatives::<f64, _, _>(layer, Normal, &classes[..4], Seed(132));
}

/// y → θ → y: the inverse mirror map finds scores whose maximizer is y, those of mean 0 where a constant is free.
struct RoundTrip;
impl Property<f64> for RoundTrip {
    fn check<N: Law<f64>, O: ClosedForm<f64, N> + Copy>(
        &mut self,
        layer: &Perturbed<O, N, f64>,
        theta: &[f64],
    ) {
        let y = layer.maximizer(theta, Exact).unwrap();
        let found = layer.inverse_maximizer(y.as_ref(), Exact).unwrap();
        assert!(
            found.residual < 1e-7,
            "{} {}: residual {:e}",
            layer.oracle().properties().name,
            layer.noise().name(),
            found.residual
        );
        let again = layer.maximizer(found.theta.as_ref(), Exact).unwrap();
        for (a, b) in again.as_ref().iter().zip(y.as_ref()) {
            assert!((a - b).abs() <= found.residual * 1.001 + 1e-15);
        }
        let mean = if layer.oracle().shift_invariant() {
            theta.iter().sum::<f64>() / theta.len() as f64
        } else {
            0.0
        };
        for (found, theta) in found.theta.as_ref().iter().zip(theta) {
            assert!(
                (found - (theta - mean)).abs() < 1e-4,
                "{} {}: {found}, not {theta}",
                layer.oracle().properties().name,
                layer.noise().name()
            );
        }
    }
}

#[test]
fn scores_are_found_again() {
    // Scores within the noise: far from the boundary of C, where small residuals mean small errors.
    for_every_pair::<f64>(3.0, &mut RoundTrip);
}

/// Ω at a vertex is −⟨y, E Z⟩, on the simplex with Gumbel noise Σ y ln y − γ, and the same at every temperature.
#[test]
fn omega_is_known_where_it_has_a_formula() {
    const EULER_GAMMA: f64 = 0.577_215_664_901_532_9;
    for epsilon in [0.1, 3.0] {
        let layer = Perturbed::new(Ranking::ascending(Const::<3>).unwrap(), Gumbel, epsilon).unwrap();
        let omega = layer.omega(&[2.0, 3.0, 1.0], Exact).unwrap();
        assert!((omega + 6.0 * EULER_GAMMA).abs() < 1e-12, "{omega}");
        let layer = Perturbed::new(Simplex::new(Const::<3>).unwrap(), Gumbel, epsilon).unwrap();
        let y = [0.2, 0.5, 0.3];
        let entropy: f64 = y.iter().map(|y: &f64| y * y.ln()).sum();
        assert!((layer.omega(&y, Exact).unwrap() - (entropy - EULER_GAMMA)).abs() < 1e-12);
        let outside = layer.inverse_maximizer(&[0.7, 0.7, 0.1], Exact).unwrap_err();
        assert_eq!(outside, Error::OutsideHull { parameter: "target" });
        // On the boundary there are no scores, and a search that comes near y goes far: a class of probability below
        // 10⁻³ is more than 5ε behind.
        let layer = Perturbed::new(Simplex::new(Const::<3>).unwrap(), Laplace, epsilon).unwrap();
        let found = layer.inverse_maximizer(&[0.5, 0.5, 0.0], Exact).unwrap();
        let reach = (found.theta[0] - found.theta[2]) / epsilon;
        assert!(found.residual < 1e-3 && reach > 5.0, "{found:?} goes {reach} ε");
    }
    let sampled = Perturbed::new(Hypercube::binary(Const::<2>).unwrap(), Normal, 1.0f32).unwrap();
    let how = MonteCarlo::new(1000, Seed(1));
    let y = sampled.compute(&[0.3, -0.4], &Maximizer, how).unwrap();
    let found = sampled.inverse_maximizer(&y, how).unwrap();
    // Sampled, y_ε is piecewise constant, and θ may lie on the edge of a piece: one decision of 1000 for each entry.
    let back = widened(&sampled.maximizer(&found.theta, how).unwrap());
    for (back, y) in back.iter().zip(widened(&y)) {
        assert!((back - y).abs() < 1.5e-3, "{back} for {y}");
    }
    assert!(found.residual < 1.5e-3, "{found:?}");
}

/// ∂(Jᵀu)/∂θ of a pick is the derivative of the exact Jᵀu: differences of fourth order with h = 1e-3 in f64; Laplace's density has
/// none.
#[test]
fn the_second_derivative_of_picks_is_exact() {
    fn check<N: Law<f64> + SmoothNoise<f64> + Copy>(noise: N) {
        let layer = Perturbed::new(Simplex::new(Const::<6>).unwrap(), noise, 0.5).unwrap();
        let theta = [0.4, -0.3, 1.1, 0.0, 0.7, -2.0];
        let question = VjpJacobian { cotangent: &U };
        let exact = layer.compute(&theta, &question, Exact).unwrap();
        for (i, row) in exact.0.iter().enumerate() {
            for (j, entry) in row.iter().enumerate() {
                let at = |x: f64| {
                    let mut theta = theta;
                    theta[j] = x;
                    layer.vjp(&theta, &U, Exact).unwrap()[i]
                };
                let found = slope(theta[j], 1e-3, at);
                assert!((found - entry).abs() < 1e-9, "{} {i} {j}: {found} {entry}", noise.name());
                assert_eq!(*entry, exact.0[j][i]);
            }
            assert!(row.iter().sum::<f64>().abs() < 1e-14);
        }
    }
    check(Gumbel);
    check(Normal);
    check(Logistic);
}

//! Derivatives in the temperature, second derivatives, and the way back from decisions to scores.

use perturb_core::quantity::{EpsilonDerivative, VjpJacobian, VjpJacobianProduct};
use perturb_core::{
    ClosedForm, Const, Exact, Gumbel, Hypercube, Logistic, MonteCarlo, Normal, Perturbed, Ranking, Real,
    Seed, noise::Law,
};

use crate::cases::method::monte_carlo::assert_near;
use crate::cases::{NEAR, close, rounding};
use crate::layers::reals;

/// ∂F_ε/∂ε = E⟨y*, Z⟩ = (F_ε − ⟨y_ε, θ⟩)/ε: M = 640, Z = 4.5, seeds 360 and 361.
pub(crate) fn temperature<T: Real>() {
    fn check<T: Real, N: Law<T>, O: ClosedForm<T, N>>(oracle: O, noise: N, seed: Seed) {
        let layer = Perturbed::new(oracle, noise, T::HALF).unwrap();
        let theta = reals::<T, 5>(NEAR);
        let (value, y) = layer.value_and_maximizer(&theta, Exact).unwrap();
        let along = y.as_ref().iter().zip(theta).fold(T::ZERO, |sum, (&y, theta)| sum + y * theta);
        let how = MonteCarlo::new(640, seed);
        let found = layer.compute_with_error(&theta, &EpsilonDerivative, how).unwrap();
        assert_near(&[found.mean], &[found.standard_error], &[(value - along) / T::HALF], 0.0, noise.name());
    }
    check::<T, _, _>(Ranking::ascending(Const::<5>).unwrap(), Normal, Seed(360));
    check::<T, _, _>(Hypercube::binary(Const::<5>).unwrap(), Logistic, Seed(361));
}

/// The product is the matrix times the vector, sample by sample, and the matrix is symmetric.
pub(crate) fn products<T: Real>() {
    let layer = Perturbed::new(Ranking::ascending(Const::<5>).unwrap(), Gumbel, T::ONE).unwrap();
    let (theta, v) = (reals::<T, 5>(NEAR), reals::<T, 5>([1.0, 0.5, -0.25, 0.0, -1.0]));
    let cotangent = &reals::<T, 5>([0.3, -1.7, 0.9, 0.1, 2.2]);
    let pair = (VjpJacobian { cotangent }, VjpJacobianProduct { cotangent, tangent: &v });
    let (matrix, product) = layer.compute(&theta, &pair, MonteCarlo::new(70, Seed(362))).unwrap();
    for (i, (row, product)) in matrix.0.iter().zip(product).enumerate() {
        let want: f64 = row.iter().zip(v).map(|(entry, v)| entry.to_f64() * v.to_f64()).sum();
        close(product, want, rounding::<T>(4096.0), "product");
        for (j, &entry) in row.iter().enumerate() {
            close(entry, matrix.0[j][i].to_f64(), rounding::<T>(64.0), "symmetry");
        }
    }
}

/// y → θ → y: the inverse mirror map finds scores whose maximizer is y, those of mean 0 where a constant is free.
pub(crate) fn inverse<T: Real>() {
    let within = if T::NAME == "f64" { 1e-5 } else { 2e-2 };
    let theta = [0.5, -0.25, 0.25, -0.5];
    let layer = Perturbed::new(Ranking::ascending(Const::<4>).unwrap(), Logistic, T::ONE).unwrap();
    let y = layer.maximizer(&reals(theta), Exact).unwrap();
    let found = layer.inverse_maximizer(&y, Exact).unwrap();
    for (found, theta) in found.theta.into_iter().zip(theta) {
        close(found, theta, within, "ranking");
    }
    let layer = Perturbed::new(Hypercube::sign(Const::<4>).unwrap(), Normal, T::ONE).unwrap();
    let y = layer.maximizer(&reals(theta), Exact).unwrap();
    let found = layer.inverse_maximizer(&y, Exact).unwrap();
    for (found, theta) in found.theta.into_iter().zip(theta) {
        close(found, theta, within, "signs");
    }
}

/// Ω at a vertex is −⟨y, E Z⟩, at every temperature.
pub(crate) fn omega<T: Real>() {
    for epsilon in [0.125, 3.0] {
        let layer =
            Perturbed::new(Ranking::ascending(Const::<3>).unwrap(), Gumbel, T::from_f64(epsilon)).unwrap();
        let omega = layer.omega(&reals([2.0, 3.0, 1.0]), Exact).unwrap();
        close(omega, -6.0 * 0.577_215_664_901_532_9, rounding::<T>(64.0), "omega");
    }
}

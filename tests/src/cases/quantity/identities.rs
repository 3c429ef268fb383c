//! Identities of perturbed maxima that hold for every oracle and noise, on closed forms to rounding.

use perturb_core::{ClosedForm, Exact, Perturbed, Real, Shape, noise::Law};

use crate::cases::{close, rounding};
use crate::pairs::{Property, for_every_oracle};

/// J is symmetric with a nonnegative diagonal; where all vertices have one sum, its rows sum to 0 (Remark 1); and both
/// products are products with it.
struct Jacobians;
impl<T: Real> Property<T> for Jacobians {
    fn check<N: Law<T>, O: ClosedForm<T, N> + Copy>(&mut self, layer: &Perturbed<O, N, T>, theta: &[T]) {
        let d = theta.len();
        let jacobian = layer.jacobian(theta, Exact).unwrap();
        let jacobian = jacobian.as_ref();
        let (vjp, jvp) = (layer.vjp(theta, theta, Exact).unwrap(), layer.jvp(theta, theta, Exact).unwrap());
        for (i, row) in jacobian.chunks_exact(d).enumerate() {
            for (j, &entry) in row.iter().enumerate() {
                close(entry, jacobian[j * d + i].to_f64(), rounding::<T>(8.0), "symmetry");
            }
            assert!(
                row[i] >= T::ZERO,
                "diagonal of {} {}",
                layer.oracle().properties().name,
                layer.noise().name()
            );
            if layer.oracle().shift_invariant() {
                close(row.iter().copied().sum::<T>(), 0.0, rounding::<T>(64.0), "row");
            }
            let want: f64 = row.iter().zip(theta).map(|(&a, &b)| a.to_f64() * b.to_f64()).sum();
            close(vjp.as_ref()[i], want, rounding::<T>(256.0), "vjp");
            close(jvp.as_ref()[i], want, rounding::<T>(256.0), "jvp");
        }
    }
}

pub(crate) fn jacobians<T: Real, N: Law<T> + Default>() {
    for_every_oracle::<T, N>(N::default(), 0.5, &mut Jacobians);
}

/// F_ε(θ) = εF_1(θ/ε) and y_ε(θ) = y_1(θ/ε) (Proposition 2.2), exactly for powers of two; F_ε ≥ F(θ + ε E Z) (Jensen).
struct Scales;
impl<T: Real> Property<T> for Scales {
    fn check<N: Law<T>, O: ClosedForm<T, N> + Copy>(&mut self, layer: &Perturbed<O, N, T>, theta: &[T]) {
        let epsilon = layer.epsilon();
        let unit = Perturbed::new(*layer.oracle(), *layer.noise(), T::ONE).unwrap();
        let (mut scaled, mut shifted) =
            (layer.oracle().shape().array(T::ZERO), layer.oracle().shape().array(T::ZERO));
        for ((scaled, shifted), &theta) in scaled.as_mut().iter_mut().zip(shifted.as_mut()).zip(theta) {
            *scaled = theta / epsilon;
            *shifted = theta + epsilon * layer.noise().mean();
        }
        let (value, y) = layer.value_and_maximizer(theta, Exact).unwrap();
        let (one, same) = unit.value_and_maximizer(scaled.as_ref(), Exact).unwrap();
        assert!(
            value == epsilon * one && y.as_ref() == same.as_ref(),
            "{} {}",
            layer.oracle().properties().name,
            layer.noise().name()
        );
        let least = layer.decide(shifted.as_ref()).unwrap().0;
        let slack = rounding::<T>(64.0) * least.to_f64().abs().max(1.0);
        assert!(
            value.to_f64() >= least.to_f64() - slack,
            "Jensen of {} {}",
            layer.oracle().properties().name,
            layer.noise().name()
        );
    }
}

pub(crate) fn scales<T: Real, N: Law<T> + Default>() {
    for_every_oracle::<T, N>(N::default(), 0.25, &mut Scales);
}

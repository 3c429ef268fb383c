//! Closed forms under a noise that is chosen at run time: one choice a call.

use super::ClosedForm;
use crate::method::Cost;
use crate::{AnyNoise, Error, Gumbel, Hypercube, Ranking, Shape, Simplex, TopK, with_noise};

/// All four closed forms need the same memory under every noise.
macro_rules! under_any_noise {
    ($real:ty: $($oracle:ty),+) => {$(
        impl<S: Shape> ClosedForm<$real, AnyNoise> for $oracle {
            type Memory = <Self as ClosedForm<$real, Gumbel>>::Memory;

            fn memory(&self) -> Self::Memory {
                ClosedForm::<$real, Gumbel>::memory(self)
            }
            fn shift_invariant(&self) -> bool {
                ClosedForm::<$real, Gumbel>::shift_invariant(self)
            }
            fn samples_of_equal_cost(&self, noise: &AnyNoise, cost: Cost) -> Option<u32> {
                with_noise!(*noise, noise => ClosedForm::<$real, _>::samples_of_equal_cost(self, &noise, cost))
            }
            fn expect(
                &self,
                noise: &AnyNoise,
                theta: &[$real],
                y: &mut [$real],
                memory: &mut Self::Memory,
            ) -> Result<$real, Error> {
                with_noise!(*noise, noise => ClosedForm::expect(self, &noise, theta, y, memory))
            }
            fn maximizer(
                &self,
                noise: &AnyNoise,
                theta: &[$real],
                y: &mut [$real],
                memory: &mut Self::Memory,
            ) -> Result<(), Error> {
                with_noise!(*noise, noise => ClosedForm::maximizer(self, &noise, theta, y, memory))
            }
            fn jacobian(
                &self,
                noise: &AnyNoise,
                theta: &[$real],
                matrix: &mut [$real],
                memory: &mut Self::Memory,
            ) -> Result<(), Error> {
                with_noise!(*noise, noise => ClosedForm::jacobian(self, &noise, theta, matrix, memory))
            }
            fn product(
                &self,
                noise: &AnyNoise,
                theta: &[$real],
                u: &[$real],
                product: &mut [$real],
                memory: &mut Self::Memory,
            ) -> Result<(), Error> {
                with_noise!(*noise, noise => ClosedForm::product(self, &noise, theta, u, product, memory))
            }
            fn curvature(
                &self,
                noise: &AnyNoise,
                theta: &[$real],
                u: &[$real],
                matrix: &mut [$real],
                memory: &mut Self::Memory,
            ) -> Result<(), Error> {
                with_noise!(*noise, noise => ClosedForm::curvature(self, &noise, theta, u, matrix, memory))
            }
            fn vertex_loss(&self, noise: &AnyNoise, theta: &[$real], y: &[$real]) -> Option<$real> {
                with_noise!(*noise, noise => ClosedForm::vertex_loss(self, &noise, theta, y))
            }
            fn omega(&self, noise: &AnyNoise, y: &[$real]) -> Option<$real> {
                with_noise!(*noise, noise => ClosedForm::omega(self, &noise, y))
            }
        }
    )+};
}

// For each number type by itself, as another crate could otherwise add a law of its own.
under_any_noise!(f32: Simplex<S>, TopK<S>, Ranking<f32, S>, Hypercube<f32, S>);
under_any_noise!(f64: Simplex<S>, TopK<S>, Ranking<f64, S>, Hypercube<f64, S>);

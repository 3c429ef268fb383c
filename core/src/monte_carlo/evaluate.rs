//! Expectations of a layer as means over samples.

use super::{Draws, MonteCarlo};
use crate::estimator::{FenchelYoungTerm, Jacobian, Jvp, Maximizer, Value, Vjp};
use crate::evaluate::{Array, Asked, Evaluate, Expectation, Matrix};
use crate::fenchel_young::{self, FenchelYoung};
use crate::{Error, Noise, Oracle, Perturbed, Real, Shape, error};

impl<O: Oracle<T>, N: Noise<T>, T: Real> Evaluate<O, N, T> for MonteCarlo {
    type Memory = ();
    fn memory(&self, _: &Perturbed<O, N, T>) {}
    fn way(&self, _: &Perturbed<O, N, T>, _: Asked) -> Expectation {
        Expectation::MonteCarlo(*self)
    }
    fn samples_of_equal_cost(&self, _: &Perturbed<O, N, T>, _: Asked) -> u32 {
        self.samples
    }

    fn value_and_maximizer(
        &self,
        layer: &Perturbed<O, N, T>,
        theta: &[T],
    ) -> Result<(T, Array<O, T>), Error> {
        layer.estimate(theta, &(Value, Maximizer), *self)
    }
    fn maximizer(&self, layer: &Perturbed<O, N, T>, theta: &[T]) -> Result<Array<O, T>, Error> {
        layer.estimate(theta, &Maximizer, *self)
    }
    fn jacobian(&self, layer: &Perturbed<O, N, T>, theta: &[T]) -> Result<Matrix<O, T>, Error> {
        layer.estimate(theta, &Jacobian, *self)
    }
    fn vjp(&self, layer: &Perturbed<O, N, T>, theta: &[T], cotangent: &[T]) -> Result<Array<O, T>, Error> {
        layer.estimate(theta, &Vjp { cotangent }, *self)
    }
    fn jvp(&self, layer: &Perturbed<O, N, T>, theta: &[T], tangent: &[T]) -> Result<Array<O, T>, Error> {
        layer.estimate(theta, &Jvp { tangent }, *self)
    }
    fn fenchel_young(
        &self,
        layer: &Perturbed<O, N, T>,
        theta: &[T],
        target: &[T],
    ) -> Result<FenchelYoung<T, Array<O, T>>, Error> {
        error::check_vector("target", target, layer.oracle.shape().dim())?;
        let term = FenchelYoungTerm { target, offset: layer.oracle.offset(target) };
        layer.check(theta, &term, *self)?;
        if layer.oracle.is_vertex(target, &mut layer.oracle.work()) {
            let (loss, gradient) = layer.estimate(theta, &term, *self)?;
            Ok(FenchelYoung { loss, gradient })
        } else {
            fenchel_young::by_dual(layer, theta, target, self)
        }
    }
    fn fenchel_young_gradient(
        &self,
        layer: &Perturbed<O, N, T>,
        theta: &[T],
        target: &[T],
    ) -> Result<Array<O, T>, Error> {
        // A quasi-random point is another sample than the first independent one.
        if self.samples == 1 && matches!(self.variance.draws, Draws::Independent | Draws::Antithetic) {
            return layer.fenchel_young_sample(theta, target, self.seed);
        }
        error::check_vector("target", target, layer.oracle.shape().dim())?;
        let mut gradient = self.maximizer(layer, theta)?;
        fenchel_young::subtract(gradient.as_mut(), target);
        error::check_result("the gradient", gradient.as_ref())?;
        Ok(gradient)
    }
}

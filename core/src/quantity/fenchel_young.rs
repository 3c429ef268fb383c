use super::{Closed, Draw, Needs, Quantity, Scalar, Vector, check};
use crate::engine::Centre;
use crate::method::{Cost, Way};
use crate::oracle::hull;
use crate::{ClosedForm, Error, Method, Noise, Oracle, Perturbed, Real, Shape, error, fenchel_young, vector};

/// The Fenchel–Young loss L_ε(θ; y) = F_ε(θ) + εΩ(y) − ⟨θ, y⟩ and its gradient y_ε(θ) − y (Definition 4.1).
///
/// At a vertex y of a linear oracle it is a mean over draws, [`FenchelYoungTerm`]; elsewhere Ω(y) is found by maximising the
/// dual, as [`Perturbed::fenchel_young`](crate::Perturbed::fenchel_young) says.
#[derive(Clone, Copy, Debug)]
pub struct FenchelYoung<'a, T> {
    /// y, a point of C.
    pub target: &'a [T],
}

impl<'a, T: Real> FenchelYoung<'a, T> {
    fn term(&self) -> FenchelYoungTerm<'a, T> {
        FenchelYoungTerm { target: self.target, offset: T::ZERO }
    }
}

impl<T: Real, N: Noise<T>, S: Shape> Quantity<T, N, S> for FenchelYoung<'_, T> {
    type Form = (Scalar, Vector);
    type Output = (T, S::Array<T>);
    const NEEDS: Needs = Needs::new(Cost::Value);
    const RESULT: &'static str = "the loss";

    fn check(&self, _: &N, dim: usize) -> Result<(), Error> {
        error::check_vector("target", self.target, dim)
    }
    fn check_hull<O: Oracle<T, Shape = S>>(&self, oracle: &O) -> Result<(), Error> {
        hull::check(oracle, self.target, None)
    }
    fn check_allowed(&self, theta: &[T]) -> Result<(), Error> {
        hull::check_allowed(self.target, theta)
    }
    fn add(&self, noise: &N, draw: &Draw<'_, T>, out: &mut Self::Output) {
        Quantity::<T, N, S>::add(&self.term(), noise, draw, out);
    }
    fn part_name(part: usize) -> &'static str {
        loss_and_gradient(part)
    }
    fn exact<O>(&self, form: &mut Closed<'_, O, N, T>, out: &mut Self::Output) -> Result<(), Error>
    where
        O: ClosedForm<T, N, Shape = S>,
    {
        Quantity::<T, N, S>::exact(&self.term(), form, out)
    }
    fn is_mean<O: Oracle<T, Shape = S>>(&self, oracle: &O) -> bool {
        // A target of another length is for the check to refuse.
        self.target.len() != oracle.shape().dim()
            || oracle.properties().linear && oracle.locate(self.target, Some(&mut oracle.work())).is_vertex()
    }
    fn ask<O, H>(
        &self,
        layer: &Perturbed<O, N, T>,
        theta: &[T],
        how: H,
        work: &mut H::Work<Self::Output>,
        out: &mut Self::Output,
    ) -> Result<(), Error>
    where
        O: Oracle<T, Shape = S>,
        H: Method<O, N, T>,
    {
        let sampled = matches!(how.way(layer, Cost::Value), Way::Sampled(_));
        if !sampled || Quantity::<T, N, S>::is_mean(self, &layer.oracle) {
            return how.answer(layer, theta, self, work, out);
        }
        check(layer, theta, self)?;
        *out = fenchel_young::by_dual(layer, theta, self.target, how)?;
        super::check_result::<T, N, S, Self>(out)
    }
}

/// The Fenchel–Young loss and its gradient at a vertex y, in one pass, whatever the oracle.
///
/// There εΩ(y) = −h(y) − ε⟨y, E Z⟩ with the oracle's offset h, so that
/// L_ε(θ; y) = E\[F(θ + εZ) − ⟨y, θ + εZ⟩ − h(y)\]: every term is nonnegative. The gradient's terms are
/// y*(θ + εZ) − y.
#[derive(Clone, Copy, Debug)]
pub struct FenchelYoungTerm<'a, T> {
    /// y, a vertex of C.
    pub target: &'a [T],
    /// h(y), [`Oracle::offset`](crate::Oracle::offset) at `target`; 0 for the linear oracles.
    pub offset: T,
}

impl<T: Real, N: Noise<T>, S: Shape> Quantity<T, N, S> for FenchelYoungTerm<'_, T> {
    type Form = (Scalar, Vector);
    type Output = (T, S::Array<T>);
    const NEEDS: Needs = Needs::new(Cost::Value);
    const RESULT: &'static str = "the loss";

    fn check(&self, _: &N, dim: usize) -> Result<(), Error> {
        error::check_vector("offset", core::slice::from_ref(&self.offset), 1)?;
        error::check_vector("target", self.target, dim)
    }
    fn check_hull<O: Oracle<T, Shape = S>>(&self, oracle: &O) -> Result<(), Error> {
        hull::check(oracle, self.target, None)
    }
    fn check_allowed(&self, theta: &[T]) -> Result<(), Error> {
        hull::check_allowed(self.target, theta)
    }
    fn add(&self, _: &N, draw: &Draw<'_, T>, (loss, gradient): &mut Self::Output) {
        // Rounding alone could make a term negative.
        *loss += (draw.value - vector::value(self.target, draw.theta) - self.offset).larger(T::ZERO);
        for ((gradient, &y), &target) in gradient.as_mut().iter_mut().zip(draw.y).zip(self.target) {
            *gradient += y - target;
        }
    }
    fn part_name(part: usize) -> &'static str {
        loss_and_gradient(part)
    }
    fn exact<O>(
        &self,
        form: &mut Closed<'_, O, N, T>,
        (loss, gradient): &mut Self::Output,
    ) -> Result<(), Error>
    where
        O: ClosedForm<T, N, Shape = S>,
    {
        form.maximizer(gradient.as_mut())?;
        vector::subtract(gradient.as_mut(), self.target);
        *loss = form.loss(self.target)?;
        Ok(())
    }
}

/// The gradient y_ε(θ) − y of the Fenchel–Young loss alone: all that training needs. The target is subtracted once, after the
/// mean, so that the last bits may differ from those of [`FenchelYoung`].
#[derive(Clone, Copy, Debug)]
pub struct FenchelYoungGradient<'a, T> {
    /// y, a point of C.
    pub target: &'a [T],
}

impl<T: Real, N: Noise<T>, S: Shape> Quantity<T, N, S> for FenchelYoungGradient<'_, T> {
    type Form = Vector;
    type Output = S::Array<T>;
    const NEEDS: Needs = Needs::new(Cost::Maximizer).of_decisions();
    const RESULT: &'static str = "the gradient";

    fn check(&self, _: &N, dim: usize) -> Result<(), Error> {
        error::check_vector("target", self.target, dim)
    }
    fn check_hull<O: Oracle<T, Shape = S>>(&self, oracle: &O) -> Result<(), Error> {
        hull::check(oracle, self.target, None)
    }
    fn check_allowed(&self, theta: &[T]) -> Result<(), Error> {
        hull::check_allowed(self.target, theta)
    }
    fn add(&self, _: &N, draw: &Draw<'_, T>, out: &mut Self::Output) {
        vector::add(out.as_mut(), draw.y);
    }
    fn finish(&self, _: &[T], out: &mut Self::Output) {
        vector::subtract(out.as_mut(), self.target);
    }
    fn exact<O>(&self, form: &mut Closed<'_, O, N, T>, out: &mut Self::Output) -> Result<(), Error>
    where
        O: ClosedForm<T, N, Shape = S>,
    {
        form.maximizer(out.as_mut())?;
        vector::subtract(out.as_mut(), self.target);
        Ok(())
    }
}

/// F_ε(θ) − ⟨θ, y⟩, which is the Fenchel–Young loss but for εΩ(y), and its gradient y_ε(θ) − y, in one pass. All targets cost the
/// same, vertices or not.
#[derive(Clone, Copy, Debug)]
pub struct FenchelYoungWithoutOmega<'a, T> {
    /// y.
    pub target: &'a [T],
}

impl<T: Real, N: Noise<T>, S: Shape> Quantity<T, N, S> for FenchelYoungWithoutOmega<'_, T> {
    type Form = (Scalar, Vector);
    type Output = (T, S::Array<T>);
    const NEEDS: Needs = Needs::new(Cost::Value);
    const RESULT: &'static str = "the loss";

    fn check(&self, _: &N, dim: usize) -> Result<(), Error> {
        error::check_vector("target", self.target, dim)
    }
    fn check_hull<O: Oracle<T, Shape = S>>(&self, oracle: &O) -> Result<(), Error> {
        hull::check(oracle, self.target, None)
    }
    fn check_allowed(&self, theta: &[T]) -> Result<(), Error> {
        hull::check_allowed(self.target, theta)
    }
    fn add(&self, _: &N, draw: &Draw<'_, T>, (value, y): &mut Self::Output) {
        *value += draw.value;
        vector::add(y.as_mut(), draw.y);
    }
    fn part_name(part: usize) -> &'static str {
        loss_and_gradient(part)
    }
    fn finish(&self, theta: &[T], out: &mut Self::Output) {
        Quantity::<T, N, S>::finish_at(self, theta, Centre::NONE, out);
    }
    fn finish_at(&self, theta: &[T], centre: Centre<T>, (value, y): &mut Self::Output) {
        *value -= centre.value_of(theta, self.target);
        vector::subtract(y.as_mut(), self.target);
    }
    fn exact<O>(&self, form: &mut Closed<'_, O, N, T>, (value, y): &mut Self::Output) -> Result<(), Error>
    where
        O: ClosedForm<T, N, Shape = S>,
    {
        *value = form.value_and_maximizer(y.as_mut())? - vector::value(self.target, form.theta());
        vector::subtract(y.as_mut(), self.target);
        Ok(())
    }
}

/// The names of the parts of a loss with its gradient.
const fn loss_and_gradient(part: usize) -> &'static str {
    if part == 0 { "the loss" } else { "the gradient" }
}

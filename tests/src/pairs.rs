//! Every oracle with every noise, so that a property is stated once.

use perturb_core::{
    ClosedForm, Const, Gumbel, Hypercube, Laplace, Logistic, Normal, Perturbed, Ranking, Real, Simplex, TopK,
    noise::Law,
};

use crate::layers::reals;

/// A property of a layer with a closed form.
pub trait Property<T: Real> {
    /// Asserts it for `layer` at `theta`.
    fn check<N: Law<T>, O: ClosedForm<T, N> + Copy>(&mut self, layer: &Perturbed<O, N, T>, theta: &[T]);
}

/// Asserts a property for four noises and six oracles at temperature `epsilon`.
pub fn for_every_pair<T: Real>(epsilon: f64, property: &mut impl Property<T>) {
    for_every_oracle(Gumbel, epsilon, property);
    for_every_oracle(Normal, epsilon, property);
    for_every_oracle(Logistic, epsilon, property);
    for_every_oracle(Laplace, epsilon, property);
}

/// Asserts a property for one noise and six oracles at temperature `epsilon`.
pub fn for_every_oracle<T: Real, N: Law<T>>(noise: N, epsilon: f64, property: &mut impl Property<T>) {
    let epsilon = T::from_f64(epsilon);
    let five = reals::<T, 5>([-0.6, 1.9, -0.2, 1.1, -1.0]);
    let layer = Perturbed::new(Simplex::new(Const::<5>).unwrap(), noise, epsilon);
    property.check(&layer.unwrap(), &five);
    let layer = Perturbed::new(TopK::new(Const::<5>, 2).unwrap(), noise, epsilon);
    property.check(&layer.unwrap(), &five);
    let layer = Perturbed::new(Hypercube::binary(Const::<5>).unwrap(), noise, epsilon);
    property.check(&layer.unwrap(), &five);
    let layer = Perturbed::new(Hypercube::sign(Const::<5>).unwrap(), noise, epsilon);
    property.check(&layer.unwrap(), &five);
    let six = reals::<T, 6>([-0.8, 0.6, 1.2, -1.0, -0.7, 0.55]);
    let layer = Perturbed::new(Ranking::ascending(Const::<6>).unwrap(), noise, epsilon);
    property.check(&layer.unwrap(), &six);
    let layer = Perturbed::new(Ranking::descending(Const::<6>).unwrap(), noise, epsilon);
    property.check(&layer.unwrap(), &six);
}

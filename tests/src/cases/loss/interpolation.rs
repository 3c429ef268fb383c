//! The gradient by interpolation.

use perturb_core::loss::interpolation_gradient;
use perturb_core::{Const, Normal, Perturbed, Ranking, Real};

use crate::cases::quarters;
use crate::layers::reals;

/// (y*(θ) − y*(θ − λg))/λ by definition.
pub(crate) fn definition<T: Real>() {
    let oracle = Ranking::<T, _>::ascending(Const::<4>).unwrap();
    let layer = Perturbed::new(oracle, Normal, T::ONE).unwrap();
    for instance in 0..10 {
        let (theta, g) = (quarters::<4>(372, instance), quarters::<4>(373, instance));
        let moved = [0, 1, 2, 3].map(|i| theta[i] - 0.5 * g[i]);
        let (y, other) = (layer.decide(&reals(theta)).unwrap().1, layer.decide(&reals(moved)).unwrap().1);
        let found = interpolation_gradient(layer.oracle(), &reals(theta), &reals(g), T::HALF).unwrap();
        for i in 0..4 {
            assert_eq!(found[i], (y[i] - other[i]) / T::HALF);
        }
    }
}

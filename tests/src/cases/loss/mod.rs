//! Losses of the neighbouring literature against their definitions.

use perturb_core::loss::{Projection, SparseMap, SpoPlus, imle_gradient, interpolation_gradient};
use perturb_core::{Const, Error, MonteCarlo, Normal, Perturbed, Real, Seed, Simplex};

use crate::layers::reals;

pub(crate) mod fenchel_young;
pub(crate) mod identity;
pub(crate) mod imle;
pub(crate) mod interpolation;
pub(crate) mod multiplicative;
pub(crate) mod partial_label;
pub(crate) mod sparse_map;
pub(crate) mod spo_plus;

pub(crate) fn refusals<T: Real>() {
    let oracle = Simplex::new(Const::<2>).unwrap();
    let layer = Perturbed::new(oracle, Normal, T::ONE).unwrap();
    let (theta, g) = (reals::<T, 2>([0.0, 1.0]), reals::<T, 2>([1.0, 0.0]));
    let lambda = Some(Error::NotPositive { parameter: "lambda" });
    assert_eq!(interpolation_gradient(&oracle, &theta, &g, T::ZERO).err(), lambda);
    assert_eq!(imle_gradient(&layer, &theta, &g, -T::ONE, MonteCarlo::new(1, Seed(0))).err(), lambda);
    let map = SparseMap { lambda: T::from_f64(f64::NAN), tolerance: T::ONE, steps: 10 };
    assert_eq!(map.maximizer(&oracle, &theta).err(), lambda);
    let bad = [T::ZERO, T::INFINITY];
    let infinite = Some(Error::NotFinite { parameter: "cotangent", index: 1 });
    assert_eq!(interpolation_gradient(&oracle, &theta, &bad, T::ONE).err(), infinite);
    assert_eq!(Projection::Mean.gradient(&oracle, &theta, &bad).err(), infinite);
    assert!(matches!(SpoPlus::new(&oracle, &theta[..1]), Err(Error::Length { parameter: "truth", .. })));
}

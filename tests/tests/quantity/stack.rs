//! The largest matrices of fixed size fit the stack of a thread, 2 MiB.

use std::thread;

use perturb::quantity::{Jacobian, JacobianByCurvature};
use perturb::{
    Assignment, Const, Exact, Gumbel, How, MonteCarlo, Multiplicative, Normal, Oracle, Perturbed, Real, Rect,
    Seed, Shape, Simplex, TopK,
};

fn on_a_thread(f: impl FnOnce() + Send + 'static) {
    thread::Builder::new().stack_size(2 << 20).spawn(f).unwrap().join().unwrap();
}

/// Jacobians of one and of several blocks, with their errors, by both formulas, and with factors.
fn jacobians<T: Real, O: Oracle<T> + Copy + Send + 'static>(oracle: O) {
    let how = MonteCarlo::new(70, Seed(41));
    let theta = move || oracle.shape().array(T::ZERO);
    let layer = Perturbed::new(oracle, Normal, T::ONE).unwrap();
    on_a_thread(move || assert!(T::all_finite(layer.jacobian(theta().as_ref(), how).unwrap().as_ref())));
    on_a_thread(move || {
        let found = layer.compute_with_error(theta().as_ref(), &Jacobian, how.leave_one_out()).err();
        assert!(found.is_some(), "one whole block");
        let found = layer.compute_with_error(theta().as_ref(), &Jacobian, how).unwrap();
        assert!(T::all_finite(found.standard_error.as_ref()));
    });
    on_a_thread(move || {
        let found = layer.compute(theta().as_ref(), &JacobianByCurvature, how).unwrap();
        assert!(T::all_finite(found.as_ref()));
    });
    on_a_thread(move || {
        let layer = Multiplicative::new(oracle, T::ONE).unwrap();
        assert!(T::all_finite(layer.jacobian(theta().as_ref(), how).unwrap().as_ref()));
    });
}

fn exact<T: Real, const N: usize>() {
    on_a_thread(|| {
        let layer = Perturbed::new(Simplex::new(Const::<N>).unwrap(), Gumbel, T::ONE).unwrap();
        assert!(T::all_finite(layer.jacobian(&[T::ZERO; N], How::Exact).unwrap().as_ref()));
    });
    on_a_thread(|| {
        let layer = Perturbed::new(TopK::new(Const::<N>, 2).unwrap(), Normal, T::ONE).unwrap();
        assert!(T::all_finite(&layer.maximizer(&[T::ZERO; N], Exact).unwrap()));
    });
}

#[test]
fn largest_matrices_fit() {
    jacobians::<f64, _>(Simplex::new(Const::<90>).unwrap());
    jacobians::<f32, _>(Simplex::new(Const::<128>).unwrap());
    jacobians::<f64, _>(Assignment::new(Rect::<9, 10>).unwrap());
    jacobians::<f32, _>(Assignment::new(Rect::<8, 16>).unwrap());
    exact::<f64, 90>();
    exact::<f32, 128>();
}

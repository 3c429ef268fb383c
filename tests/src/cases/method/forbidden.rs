//! Scores of −∞: the layer is that of the problem without their entries, and what cannot be so is refused by name.

use perturb_core::loss::{imle_gradient, interpolation_gradient, partial_label};
use perturb_core::quantity::{
    EpsilonDerivative, EpsilonLossDerivative, FenchelYoung, FenchelYoungGradient, Jacobian,
    JacobianByCurvature, Jvp, Maximizer, MaximizerByScore, Value, Vjp, VjpJacobian, VjpJacobianProduct,
};
use perturb_core::{
    Assignment, ClosedForm, Const, Error, Exact, Gumbel, Laplace, Logistic, MonteCarlo, Multiplicative,
    Normal, Oracle, Perturbed, Quantity, Ranking, Real, Rect, Seed, Simplex, Single, TopK, noise::Law,
    quantity::Form,
};

use crate::cases::{close, oracle::forbidden::NONE_LEFT, rounding};
use crate::layers::reals;

const NOT: f64 = f64::NEG_INFINITY;
/// Five entries of which three are left.
const THETA: [f64; 5] = [0.4, NOT, -0.7, 0.1, NOT];
const LEFT: [usize; 3] = [0, 2, 3];

/// The entries that are left.
fn left<T: Real>(of: &[T]) -> [T; 3] {
    LEFT.map(|i| of[i])
}

/// Numbers of the whole problem and of the rest: the same to rounding, and 0 where forbidden.
#[track_caller]
fn same<T: Real>(whole: &[T], rest: &[T], what: &str) {
    for (&got, want) in left(whole).iter().zip(rest) {
        close(got, want.to_f64(), rounding::<T>(16.0), what);
    }
    assert!(whole[1] == T::ZERO && whole[4] == T::ZERO, "{what}");
}

fn exact_of<T: Real, N: Law<T>, A, B>(whole: A, rest: B, noise: N)
where
    A: ClosedForm<T, N, Shape = Const<5>>,
    B: ClosedForm<T, N, Shape = Const<3>>,
{
    let epsilon = T::from_f64(0.6);
    let (whole, rest) =
        (Perturbed::new(whole, noise, epsilon).unwrap(), Perturbed::new(rest, noise, epsilon).unwrap());
    for shift in [0.0, 30.0] {
        let theta = reals::<T, 5>(THETA.map(|x| x + shift));
        let (rest_theta, u) = (left(&theta), reals::<T, 5>([0.3, 2.0, -1.0, 0.5, -4.0]));
        let all = (Value, Maximizer, EpsilonDerivative);
        let found = whole.compute(&theta, &all, Exact).unwrap();
        let want = rest.compute(&rest_theta, &all, Exact).unwrap();
        close(found.0, want.0.to_f64(), rounding::<T>(16.0), "F");
        same(&found.1, &want.1, "y");
        close(found.2, want.2.to_f64(), rounding::<T>(512.0), "dF/de");
        let want = rest.vjp(&rest_theta, &left(&u), Exact).unwrap();
        same(&whole.vjp(&theta, &u, Exact).unwrap(), &want, "Ju");
        let found = whole.jacobian(&theta, Exact).unwrap();
        let want = rest.jacobian(&rest_theta, Exact).unwrap();
        for (i, want) in LEFT.iter().zip(&want.0) {
            same(&found.0[*i], want, "J");
        }
        assert_eq!([found.0[1], found.0[4]], [[T::ZERO; 5]; 2]);
        // At a vertex, and inside.
        let vertex = whole.decide(&theta).unwrap().1;
        for target in [vertex, whole.maximizer(&theta.map(|x| x * T::HALF), Exact).unwrap()] {
            let found = whole.fenchel_young(&theta, &target, Exact).unwrap();
            let want = rest.fenchel_young(&rest_theta, &left(&target), Exact).unwrap();
            // Ω of a point on a face is found to 10⁻¹² or 10⁻⁵, for the face and for what is left.
            let tolerance = if T::NAME == "f64" { 1e-11 } else { 5e-5 };
            close(found.loss, want.loss.to_f64(), tolerance, "L");
            same(&found.gradient, &want.gradient, "grad L");
        }
    }
}

pub(crate) fn exact_is_that_of_the_rest<T: Real>() {
    fn under<T: Real, N: Law<T>>(noise: N) {
        exact_of::<T, N, _, _>(Simplex::new(Const).unwrap(), Simplex::new(Const).unwrap(), noise);
    }
    under::<T, _>(Gumbel);
    under::<T, _>(Normal);
    under::<T, _>(Logistic);
    under::<T, _>(Laplace);
    // With two of three picked, and with all.
    for k in [2, 3] {
        exact_of::<T, _, _, _>(TopK::new(Const, k).unwrap(), TopK::new(Const, k).unwrap(), Normal);
    }
}

/// Whatever is asked, every number is finite, and derivatives have 0 for what is forbidden.
pub(crate) fn samples_leave_them_out<T: Real>() {
    fn finite<T: Real, O: Oracle<T, Shape = Const<5>>, Q: Quantity<T, Normal, Const<5>>>(
        layer: &Perturbed<O, Normal, T>,
        quantity: &Q,
        how: MonteCarlo,
        zero: impl Fn(usize, usize) -> bool,
    ) {
        let mut out = layer.compute(&reals(THETA), quantity, how).unwrap();
        for (part, numbers) in Q::Form::parts(&mut out).enumerate() {
            for (i, &x) in numbers.iter().enumerate() {
                assert!(x.is_finite() && (!zero(part, i) || x == T::ZERO), "{} {part} {i}: {x}", Q::RESULT);
            }
        }
    }
    fn check<T: Real, O: Oracle<T, Shape = Const<5>>>(oracle: O, how: MonteCarlo) {
        let forbidden = |i: usize| i == 1 || i == 4;
        let (vector, matrix) = (|_, i| forbidden(i), |_, i| forbidden(i / 5) || forbidden(i % 5));
        let layer = Perturbed::new(oracle, Normal, T::ONE).unwrap();
        let (u, target) =
            (&reals::<T, 5>([1.0, -2.0, 0.5, 0.0, 3.0]), layer.decide(&reals(THETA)).unwrap().1);
        let target = &target;
        finite(&layer, &Value, how, |_, _| false);
        finite(&layer, &Maximizer, how, vector);
        finite(&layer, &MaximizerByScore, how, vector);
        finite(&layer, &Vjp { cotangent: u }, how, vector);
        finite(&layer, &Jvp { tangent: u }, how, vector);
        finite(&layer, &Jacobian, how, matrix);
        finite(&layer, &JacobianByCurvature, how, matrix);
        finite(&layer, &VjpJacobian { cotangent: u }, how, matrix);
        finite(&layer, &VjpJacobianProduct { cotangent: u, tangent: u }, how, vector);
        finite(&layer, &(FenchelYoung { target }, EpsilonLossDerivative { target }), how, |part, i| {
            part == 1 && forbidden(i)
        });
        finite(&layer, &FenchelYoungGradient { target }, how, vector);
        let spread = layer.compute_with_error(&reals(THETA), &Vjp { cotangent: u }, how).unwrap();
        assert!(spread.standard_error[1] == T::ZERO && spread.standard_error[0].is_finite());
    }
    let how = MonteCarlo::new(130, Seed(21));
    for how in [how, MonteCarlo::plain(130, Seed(21)), how.leave_one_out(), how.antithetic()] {
        check::<T, _>(Simplex::new(Const).unwrap(), how);
        check::<T, _>(TopK::new(Const, 2).unwrap(), how);
    }
    let layer = Perturbed::new(TopK::new(Const::<5>, 2).unwrap(), Normal, T::ONE).unwrap();
    for index in 0..50 {
        let y = layer.sample(&reals(THETA), Seed(22), index).unwrap();
        let single = layer.maximizer(&reals(THETA), Single(Seed(22).fold(index))).unwrap();
        assert!([y[1], y[4], single[1], single[4]] == [T::ZERO; 4]);
    }
}

/// Other losses, and factors as noise.
pub(crate) fn other_losses<T: Real>() {
    let (oracle, how) = (Simplex::new(Const::<5>).unwrap(), MonteCarlo::new(100, Seed(23)));
    let (theta, g) = (reals::<T, 5>(THETA), reals::<T, 5>([1.0, -9.0, -1.0, 0.0, -9.0]));
    let gradient = interpolation_gradient(&oracle, &theta, &g, T::TWO).unwrap();
    assert_eq!(gradient, reals([0.5, 0.0, -0.5, 0.0, 0.0]));
    let layer = Perturbed::new(oracle, Normal, T::ONE).unwrap();
    let gradient = imle_gradient(&layer, &theta, &g, T::TWO, how).unwrap();
    assert!(gradient[0] > T::ZERO && gradient[1] == T::ZERO && gradient[4] == T::ZERO);
    let top = Perturbed::new(TopK::new(Const::<5>, 1).unwrap(), Normal, T::ONE).unwrap();
    let same = partial_label(&top, &oracle, &theta, how).unwrap();
    assert_eq!((same.loss, same.gradient), (T::ZERO, [T::ZERO; 5]));
    let layer = Multiplicative::new(oracle, T::HALF).unwrap();
    let (value, gradient) = layer.value_and_gradient(&theta, how).unwrap();
    assert!(value.is_finite() && gradient[1] == T::ZERO && gradient[0] > T::ZERO);
    let jacobian = layer.jacobian(&theta, how).unwrap();
    assert!(jacobian.0.iter().all(|row| row[1] == T::ZERO && row[4] == T::ZERO && row[0].is_finite()));
    let loss = layer.fenchel_young(&theta, &reals([0.0, 0.0, 1.0, 0.0, 0.0]), how).unwrap();
    assert!(loss.loss > T::ZERO && loss.gradient[4] == T::ZERO);
    let outside = Err(Error::OutsideHull { parameter: "target" });
    assert_eq!(layer.fenchel_young(&theta, &reals([0.0, 0.0, 0.0, 0.0, 1.0]), how), outside);
}

pub(crate) fn refused<T: Real>() {
    let (how, none) = (MonteCarlo::new(20, Seed(24)), Error::Solver { sample: None, because: NONE_LEFT });
    let not = reals::<T, 5>([NOT; 5]);
    let simplex = Perturbed::new(Simplex::new(Const::<5>).unwrap(), Gumbel, T::ONE).unwrap();
    assert_eq!(simplex.decide(&not).err(), Some(none));
    assert_eq!(simplex.sample(&not, Seed(0), 0).err(), Some(none));
    assert_eq!(simplex.maximizer(&not, Exact).err(), Some(none));
    assert_eq!(simplex.maximizer(&not, Single(Seed(0))).err(), Some(none));
    assert_eq!(simplex.value(&not, how).err(), Some(none));
    let top = Perturbed::new(TopK::new(Const::<5>, 4).unwrap(), Normal, T::ONE).unwrap();
    assert_eq!(top.jacobian(&reals(THETA), how).err(), Some(none));
    assert_eq!(top.value(&reals(THETA), Exact).err(), Some(none));
    let pairs = Perturbed::new(Assignment::new(Rect::<2, 2>).unwrap(), Normal, T::ONE).unwrap();
    assert_eq!(pairs.maximizer(&reals([0.0, NOT, 1.0, NOT]), how).err(), Some(none));
    // A target that is forbidden has an infinite loss.
    let (theta, outside) = (reals::<T, 5>(THETA), Some(Error::OutsideHull { parameter: "target" }));
    for target in [[0.0, 1.0, 0.0, 0.0, 0.0], [0.5, 0.0, 0.0, 0.0, 0.5]].map(reals::<T, 5>) {
        assert_eq!(simplex.fenchel_young(&theta, &target, Exact).err(), outside);
        assert_eq!(simplex.fenchel_young(&theta, &target, how).err(), outside);
        assert_eq!(simplex.fenchel_young_gradient(&theta, &target, Exact).err(), outside);
        assert_eq!(simplex.fenchel_young_gradient(&theta, &target, how).err(), outside);
        assert_eq!(simplex.compute(&theta, &EpsilonLossDerivative { target: &target }, how).err(), outside);
    }
    // +∞ and NaN stay what they were, also beside −∞, and so does −∞ where it forbids nothing.
    for (bad, index) in [(f64::INFINITY, 3), (f64::NAN, 2)] {
        let mut theta = theta;
        theta[index] = T::from_f64(bad);
        let refused = Some(Error::NotFinite { parameter: "theta", index });
        assert_eq!(simplex.value(&theta, Exact).err(), refused);
        assert_eq!(simplex.maximizer(&theta, how).err(), refused);
    }
    let ranking = Perturbed::new(Ranking::ascending(Const::<5>).unwrap(), Normal, T::ONE).unwrap();
    let refused = Some(Error::NotFinite { parameter: "theta", index: 1 });
    assert_eq!(ranking.maximizer(&theta, how).err(), refused);
    assert_eq!(ranking.value(&theta, Exact).err(), refused);
}

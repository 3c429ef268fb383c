//! Layers that are chosen at run time have the bits and the errors of the typed ones.

use std::collections::BTreeSet;

use perturb::quantity::{FenchelYoungGradient, Value, Vjp};
use perturb::{
    AnyLayer, AnyNoise, AnyOracle, AnyReal, ClosedForm, Error, How, LayerSpec, MonteCarlo, Normal, Oracle,
    OracleSpec, Perturbed, Question, Real, Seed, Simplex,
};
use perturb::{BlackBox, Dyn, Exact};
use perturb_tests::golden::{self, GOLDEN, expected};
use perturb_tests::layers::{self, Visitor};

use crate::specs::{AsAny, described};

/// What the golden table has of one number type, by oracles and noises that are chosen at run time: the names of the cases, whose
/// digests are those of the typed layers.
fn golden<T: AnyReal>() -> BTreeSet<String>
where
    AnyOracle<T>: ClosedForm<T, AnyNoise>,
{
    let mut names = BTreeSet::new();
    let mut report = |name: &str, digest: Result<u64, Error>| {
        assert_eq!(digest.map(Some), Ok(expected(name)), "{name}");
        names.insert(name.to_owned());
    };
    for noise in AnyNoise::ALL {
        layers::all::<T>(&mut AsAny(&mut golden::Estimates { noise, report: &mut report }));
        for name in ["simplex", "top-k", "hypercube", "ranking"] {
            golden::closed_form(name, described::<T>(name).unwrap(), noise, &mut report);
        }
    }
    layers::all::<T>(&mut AsAny(&mut golden::Losses(&mut report)));
    layers::picks::<T>(&mut AsAny(&mut golden::Multiplied(&mut report)));
    layers::paths::<T>(&mut AsAny(&mut golden::Multiplied(&mut report)));
    names
}

/// Every oracle, noise, estimator and loss: all of the golden table that belongs to a layer of the list.
#[test]
fn bits_are_the_golden_ones() {
    let mut found = golden::<f32>();
    found.extend(golden::<f64>());
    let others = ["draws", "law", "50 steps", "streams", "by sorting", "partial label", "multiplicative"];
    let rest = GOLDEN.iter().map(|&(name, _)| name).filter(|&name| !found.contains(name));
    let rest: Vec<_> = rest.filter(|name| !others.iter().any(|other| name.ends_with(other))).collect();
    assert!(rest.is_empty(), "not asked of a layer that is chosen at run time: {rest:?}");
    assert!(found.len() > 1300, "{} of {}", found.len(), GOLDEN.len());
}

/// Asks a typed layer and the same layer chosen at run time.
struct Refusals(usize);

impl<T: AnyReal> Visitor<T> for Refusals {
    fn visit<O>(&mut self, name: &str, oracle: Result<O, Error>, theta: &[T])
    where
        O: Oracle<T, Work: 'static> + Clone + Send + Sync + 'static,
    {
        let oracle = oracle.unwrap();
        let any = described(name).unwrap_or_else(|| Ok(AnyOracle::custom(oracle.clone()))).unwrap();
        let layer = Perturbed::new(oracle, Normal, T::HALF).unwrap();
        let any = AnyLayer::of(any, AnyNoise::Normal, T::HALF).unwrap();
        for x in awkward(theta) {
            for samples in [0, 1, 2, 70] {
                let how = MonteCarlo::new(samples, Seed(31));
                let typed = |found: Result<Vec<T>, Error>, question: Question<'_, T>| {
                    let any = any.compute(&x, question, How::MonteCarlo(how));
                    assert_eq!(bits(any), bits(found), "{name}: {question:?} at {x:?}, {samples} samples");
                    1
                };
                self.0 += typed(layer.compute(&x, &Value, how).map(|x| vec![x]), Question::Value);
                for u in awkward(theta) {
                    let gradient = layer.compute(&x, &FenchelYoungGradient { target: &u }, how);
                    let gradient = gradient.map(|x| x.as_ref().to_vec());
                    self.0 += typed(gradient, Question::FenchelYoungGradient(&u));
                    let vjp = layer.compute(&x, &Vjp { cotangent: &u }, how).map(|x| x.as_ref().to_vec());
                    self.0 += typed(vjp, Question::Vjp(&u));
                }
            }
        }
    }
}

/// θ, and what is hardly one: too short, too long, nothing, not finite, huge, tiny, all the same.
pub(crate) fn awkward<T: Real>(theta: &[T]) -> Vec<Vec<T>> {
    let with = |index: usize, x: T| {
        let mut theta = theta.to_vec();
        let last = theta.len() - 1;
        theta[index.min(last)] = x;
        theta
    };
    let huge = T::from_f64(if T::NAME == "f32" { 3e38 } else { 1.7e308 });
    let tiny = T::from_f64(if T::NAME == "f32" { 1e-45 } else { 5e-324 });
    vec![
        theta.to_vec(),
        vec![],
        theta[1..].to_vec(),
        [theta, &[T::ONE]].concat(),
        with(1, T::from_f64(f64::NAN)),
        with(2, T::INFINITY),
        with(0, T::NEG_INFINITY),
        with(0, huge),
        theta.iter().map(|_| -huge).collect(),
        theta.iter().map(|_| tiny).collect(),
        theta.iter().map(|_| -T::ZERO).collect(),
    ]
}

/// An answer as bits, so that NaN and −0 are compared as well.
pub(crate) fn bits<T: Real>(answer: Result<Vec<T>, Error>) -> Result<Vec<u64>, Error> {
    answer.map(|numbers| numbers.iter().map(|x| x.to_f64().to_bits()).collect())
}

#[test]
fn awkward_inputs_have_the_same_answers() {
    let mut refusals = Refusals(0);
    layers::all::<f32>(&mut refusals);
    layers::all::<f64>(&mut refusals);
    assert_eq!(refusals.0, 2 * 19 * 11 * 4 * (1 + 2 * 11));
}

/// A pair without a closed form, and a noise without ∇²ν, are named.
#[test]
fn what_is_not_there_is_an_error_by_name() {
    let layer = |oracle, noise| AnyLayer::<f64>::new(&LayerSpec { oracle, noise, epsilon: 1.0 }).unwrap();
    let theta = [-0.1; 9];
    let path = layer(
        OracleSpec::GridPath {
            rows: 3,
            columns: 3,
            diagonal: true,
            start: (0, 0),
            goal: (2, 2),
            floor: None,
        },
        AnyNoise::Gumbel,
    );
    let found = path.maximizer(&theta, How::Exact);
    assert!(matches!(found, Err(Error::NoClosedForm { .. })), "{found:?}");
    let rough = layer(OracleSpec::Simplex { dim: 9 }, AnyNoise::Laplace);
    let how = How::MonteCarlo(MonteCarlo::new(10, Seed(1)));
    for question in [
        Question::JacobianByCurvature,
        Question::VjpJacobian(&theta),
        Question::VjpJacobianProduct(&theta, &theta),
    ] {
        assert_eq!(rough.compute(&theta, question, how), Err(Error::NotSmooth { noise: "laplace" }));
    }
}

/// A black box has no value that describes it, and is otherwise a layer like any other.
#[test]
fn black_boxes_are_layers() {
    let largest = |theta: &[f64], y: &mut [f64]| {
        let best = (0..theta.len()).max_by(|&a, &b| theta[a].total_cmp(&theta[b])).unwrap();
        y.fill(0.0);
        y[best] = 1.0;
    };
    let black_box = BlackBox::new(Dyn(3), largest).unwrap();
    let any = AnyLayer::of(AnyOracle::custom(black_box), AnyNoise::Gumbel, 0.5).unwrap();
    assert_eq!(any.spec(), None);
    let built_in = Perturbed::new(Simplex::new(Dyn(3)).unwrap(), AnyNoise::Gumbel, 0.5).unwrap();
    let (theta, how) = ([0.2, -0.4, 0.1], MonteCarlo::new(200, Seed(8)));
    assert_eq!(any.jacobian(&theta, How::MonteCarlo(how)), built_in.jacobian(&theta, how));
    let found = any.jacobian(&theta, How::Exact);
    assert!(matches!(found, Err(Error::NoClosedForm { .. })) && built_in.jacobian(&theta, Exact).is_ok());
}

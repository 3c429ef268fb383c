//! Layers that are chosen at run time have the bits and the errors of the typed ones.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use perturb::quantity::{FenchelYoungGradient, Vjp};
use perturb::{
    AnyLayer, AnyNoise, AnyOracle, AnyReal, ClosedForm, Error, Gumbel, How, Laplace, LayerSpec, Logistic,
    MonteCarlo, Normal, Oracle, OracleSpec, Perturbed, Question, Real, Seed, Simplex,
};
use perturb::{BlackBox, Dyn, Exact};
use perturb_tests::golden::{self, GOLDEN, expected};
use perturb_tests::layers::{self, Visitor};

use crate::specs::{AsAny, described};

/// What the golden table has of one number type, by oracles that are chosen at run time, under each noise and under noises that are
/// chosen as well: the names of the cases, whose digests are those of the typed layers.
fn golden<T: AnyReal>() -> BTreeSet<String>
where
    AnyOracle<T>: ClosedForm<T, AnyNoise>,
{
    let mut names = BTreeSet::new();
    let mut report = |name: &str, digest: Result<u64, Error>| {
        assert_eq!(digest.map(Some), Ok(expected(name)), "{name}");
        names.insert(name.to_owned());
    };
    layers::all::<T>(&mut AsAny(&mut golden::Estimates { noise: Gumbel, report: &mut report }));
    layers::all::<T>(&mut AsAny(&mut golden::Estimates { noise: Laplace, report: &mut report }));
    layers::all::<T>(&mut AsAny(&mut golden::Estimates { noise: Logistic, report: &mut report }));
    layers::all::<T>(&mut AsAny(&mut golden::Estimates { noise: Normal, report: &mut report }));
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
    assert_eq!(refusals.0, 20 * 11 * 4 * 11 * 2);
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

/// The largest entry of each of many vectors; counts its calls, and the vectors.
fn largest_of_each(calls: &Arc<AtomicUsize>, problems: &Arc<AtomicUsize>) -> AnyOracle<f64> {
    let (calls, problems) = (Arc::clone(calls), Arc::clone(problems));
    AnyOracle::batched(5, move |theta: &[f64], y: &mut [f64]| {
        calls.fetch_add(1, Ordering::Relaxed);
        problems.fetch_add(theta.len() / 5, Ordering::Relaxed);
        y.fill(0.0);
        for (theta, y) in theta.chunks_exact(5).zip(y.chunks_exact_mut(5)) {
            // The first of equals, as the built-in oracle has it.
            let best = (1..5).fold(0, |best, i| if theta[i] > theta[best] { i } else { best });
            y[best] = 1.0;
        }
        Ok(())
    })
    .unwrap()
}

/// All scores of a call come at once, and its answers have the bits of a built-in oracle.
#[test]
fn batched_black_boxes_have_the_bits_of_built_in_oracles() {
    let (calls, problems) = (Arc::default(), Arc::default());
    let batched = AnyLayer::of(largest_of_each(&calls, &problems), AnyNoise::Normal, 0.5).unwrap();
    let spec = LayerSpec { oracle: OracleSpec::Simplex { dim: 5 }, noise: AnyNoise::Normal, epsilon: 0.5 };
    let built_in = AnyLayer::<f64>::new(&spec).unwrap();
    let theta: Vec<f64> = (0..15).map(|i| f64::from(i * 7 % 11) / 4.0 - 1.0).collect();
    let u: Vec<f64> = (0..15).map(|i| f64::from(i % 5) - 1.5).collect();
    let vertices = [0.0, 1.0, 0.0, 0.0, 0.0].repeat(3);
    let questions = [
        (Question::Value, 0),
        (Question::Maximizer, 0),
        (Question::ValueAndMaximizer, 0),
        (Question::MaximizerByScore, 1),
        (Question::Jacobian, 1),
        (Question::JacobianByCurvature, 1),
        (Question::Vjp(&u), 1),
        (Question::Jvp(&u), 1),
        (Question::VjpJacobian(&u), 1),
        (Question::VjpJacobianProduct(&u, &theta), 1),
        (Question::EpsilonDerivative, 0),
        (Question::EpsilonLossDerivative(&u), 0),
        (Question::FenchelYoung(&vertices), 0),
        (Question::FenchelYoungGradient(&vertices), 0),
        (Question::FenchelYoungWithoutOmega(&vertices), 0),
    ];
    for (question, baselines) in questions {
        for samples in [1, 2, 70, 200] {
            for how in [MonteCarlo::new(samples, Seed(3)), MonteCarlo::plain(samples, Seed(3))] {
                calls.store(0, Ordering::Relaxed);
                problems.store(0, Ordering::Relaxed);
                let baselines = if how == MonteCarlo::plain(samples, Seed(3)) { 0 } else { baselines };
                let sampled = How::MonteCarlo(how);
                let found = batched.compute_rows(&theta, question, sampled, 4).unwrap();
                assert_eq!(
                    found,
                    built_in.compute_rows(&theta, question, sampled, 4).unwrap(),
                    "{question:?}"
                );
                // A vertex is known by two problems more.
                let vertices = 3 * usize::from(matches!(question, Question::FenchelYoung(_)));
                assert_eq!(calls.load(Ordering::Relaxed), 1 + vertices, "{question:?}");
                let expected = 3 * (samples as usize + baselines) + 2 * vertices;
                assert_eq!(problems.load(Ordering::Relaxed), expected, "{question:?}, {how:?}");
            }
        }
    }
    let how = MonteCarlo::new(200, Seed(3));
    let (found, want) = (&batched, &built_in);
    assert_eq!(
        found.compute_with_error(&theta[..5], Question::Maximizer, how),
        want.compute_with_error(&theta[..5], Question::Maximizer, how)
    );
    // A target that is no vertex.
    let (inside, how) = ([0.2; 5], How::MonteCarlo(MonteCarlo::new(20, Seed(3))));
    assert_eq!(found.fenchel_young(&theta[..5], &inside, how), want.fenchel_young(&theta[..5], &inside, how));
    assert_eq!(found.omega(&inside, how), want.omega(&inside, how));
    assert_eq!(found.decide(&theta[..5]), want.decide(&theta[..5]));
}

/// A solver that fails, or gives what is no number, is named; what is wrong with a call is refused before it is called.
#[test]
fn batched_black_boxes_fail_by_name() {
    let layer = |solver: fn(&[f64], &mut [f64]) -> Result<(), &'static str>| {
        AnyLayer::of(AnyOracle::batched(2, solver).unwrap(), AnyNoise::Laplace, 0.5).unwrap()
    };
    let how = How::MonteCarlo(MonteCarlo::new(3, Seed(3)));
    let failing = layer(|_, _| Err("the machine is off"));
    let because = "the machine is off";
    assert_eq!(failing.value(&[0.0, 1.0], how), Err(Error::Solver { sample: None, because }));
    let careless = layer(|_, y| {
        y.fill(1.0);
        if y.len() > 2 {
            y[4] = f64::NAN;
        }
        Ok(())
    });
    let because = "it gave a number that is not finite";
    assert_eq!(careless.value(&[0.0, 1.0], how), Err(Error::Solver { sample: Some(2), because }));
    let uncalled = layer(|_, _| panic!("it is called"));
    let nan = f64::NAN;
    assert_eq!(uncalled.value(&[nan, 1.0], how), Err(Error::NotFinite { parameter: "theta", index: 0 }));
    let none = How::MonteCarlo(MonteCarlo::new(0, Seed(3)));
    assert!(matches!(uncalled.value(&[0.0, 1.0], none), Err(Error::OutOfRange { parameter: "samples", .. })));
    assert!(matches!(uncalled.value(&[0.0, 1.0], How::Exact), Err(Error::NoClosedForm { .. })));
    let found = uncalled.compute(&[0.0, 1.0], Question::JacobianByCurvature, how);
    assert_eq!(found, Err(Error::NotSmooth { noise: "laplace" }));
    assert_eq!(uncalled.compute_rows(&[], Question::Value, how, 0), Ok(vec![]));
}

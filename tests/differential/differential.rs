//! The catalogues in seconds, and that faults are found: the harness itself is on trial.

use std::marker::PhantomData;

use perturb::method::Cost;
use perturb::oracle::Properties;
use perturb::quantity::{self, Closed, Draw, Form, Maximizer, Needs, Value, Vjp};
use perturb::{
    ClosedForm, Dyn, Error, Hypercube, Noise, Normal, Oracle, Perturbed, Quantity, Real, Seed, Shape, Simplex,
};
use perturb_differential::estimates::reduction::Base;
use perturb_differential::estimates::{
    Comparison, Count, Setting, Verdict, Want, binomial, judge, judge_among, observe, run_all, student,
};
use perturb_differential::oracles::{self, CATALOGUE, Check, Outcome};
use perturb_differential::{Size, Source, bits};
use perturb_tests::vertices::{self, Tie};
use statrs::distribution::{Binomial, ContinuousCDF, DiscreteCDF, Normal as Gaussian};

const SIZE: Size = Size { instances: 400, samples: 1 << 14, thinned: 3, seed: 1 };

fn assert_none(outcomes: &[Outcome]) {
    for outcome in outcomes {
        assert_eq!((outcome.failed, &outcome.first), (0, &None), "{}", outcome.name);
    }
}

/// One test for both: they set the width of vectors, which is of the whole process.
#[test]
fn oracles_match_their_specifications_and_ways_their_bits() {
    assert_none(&oracles::run_all(SIZE, &mut |_| ()));
    assert_none(&bits::run_all(30, SIZE.seed));
}

#[test]
fn estimates_match_exact_values() {
    let verdict = judge(&run_all(SIZE, &|_| ()));
    println!("M = {}, seed {}\n{verdict}", SIZE.samples, SIZE.seed);
    assert!(verdict.faults.is_empty(), "{:#?}", verdict.faults);
    assert!(verdict.comparisons > 10_000 && verdict.bernstein < verdict.comparisons / 10, "{verdict}");
}

/// As many comparisons as a large run has: thresholds are those of one.
const FAMILY: usize = 100_000;
const SAMPLES: u32 = 1 << 19;

/// Terms times a factor.
#[derive(Clone, Copy)]
struct Scaled<E>(E, f64);

/// A sum, behind memory for a term that is no part of the answer.
struct BehindTerm<F>(PhantomData<F>);

impl<T: Real, S: Shape, F: Form<T, S>> Form<T, S> for BehindTerm<F> {
    type Output = (F::Output, F::Output);
    fn zero(shape: S) -> Self::Output {
        (F::zero(shape), F::zero(shape))
    }
    fn lengths(dim: usize) -> impl Iterator<Item = usize> {
        F::lengths(dim)
    }
    fn parts((_, sum): &mut Self::Output) -> impl Iterator<Item = &mut [T]> {
        F::parts(sum)
    }
}

impl<T: Real, N: Noise<T>, S: Shape, Q: Quantity<T, N, S>> Quantity<T, N, S> for Scaled<Q> {
    type Form = BehindTerm<Q::Form>;
    type Output = (Q::Output, Q::Output);
    // Neither of decisions nor in groups, whatever Q is.
    const NEEDS: Needs = Q::NEEDS.and(Q::NEEDS);
    const RESULT: &'static str = Q::RESULT;
    fn check(&self, noise: &N, dim: usize) -> Result<(), Error> {
        self.0.check(noise, dim)
    }
    fn add(&self, noise: &N, draw: &Draw<'_, T>, (term, sum): &mut Self::Output) {
        Q::Form::clear(term);
        self.0.add(noise, draw, term);
        for (term, sum) in Q::Form::parts(term).zip(Q::Form::parts(sum)) {
            term.iter().zip(sum).for_each(|(&term, sum)| *sum += T::from_f64(self.1) * term);
        }
    }
    fn exact<O>(&self, _: &mut Closed<'_, O, N, T>, _: &mut Self::Output) -> Result<(), Error>
    where
        O: ClosedForm<T, N, Shape = S>,
    {
        Err(Error::NoClosedForm { because: "faults are sampled" })
    }
}

/// Leaves the others' mean out of a product, and forgets n/(n − 1).
struct Forgetful<'a>(Vjp<'a, f64>);

impl<N: Noise<f64>> Quantity<f64, N, Dyn> for Forgetful<'_> {
    type Form = quantity::Vector;
    type Output = Vec<f64>;
    const NEEDS: Needs = Needs::new(Cost::Product).with_scores();
    const RESULT: &'static str = "the derivative";
    fn add(&self, noise: &N, draw: &Draw<'_, f64>, sum: &mut Vec<f64>) {
        Quantity::<f64, N, Dyn>::add(&self.0, noise, draw, sum);
    }
    fn center(&self, noise: &N, mean: &Draw<'_, f64>, count: u32, sum: &mut Vec<f64>) {
        Quantity::<f64, N, Dyn>::center(&self.0, noise, mean, count, sum);
        let n = f64::from(count);
        for sum in sum {
            *sum *= (n - 1.0) / n;
        }
    }
    fn exact<O>(&self, _: &mut Closed<'_, O, N, f64>, _: &mut Vec<f64>) -> Result<(), Error>
    where
        O: ClosedForm<f64, N, Shape = Dyn>,
    {
        Err(Error::NoClosedForm { because: "faults are sampled" })
    }
}

fn setting(variant: usize, samples: u32, seed: u64) -> Setting {
    Setting { name: "a fault".to_owned(), number: seed as usize, variant, samples, seed: Seed(seed) }
}

fn want(exact: f64) -> Want {
    Want { estimator: "an estimator", exact, range: 100.0, share: false }
}

/// One comparison, clean and with a fault: the first passes, the second is caught, and with which probability it had to be.
#[track_caller]
fn caught(clean: &[Comparison], faulty: &[Comparison], bias: f64) {
    let judged = |comparisons: &[Comparison]| -> Verdict { judge_among(comparisons, FAMILY) };
    assert!(judged(clean).faults.is_empty(), "{:?}", judged(clean).faults);
    let verdict = judged(faulty);
    let shift = (bias * faulty[0].exact / faulty[0].error).abs();
    let power = Gaussian::standard().cdf(shift - verdict.threshold - faulty[0].skewness * 6.0);
    println!("bias {bias}: shifted by {shift:.1} standard errors, power {power:.6}, {:?}", verdict.faults);
    assert!(power > 0.999, "power {power}");
    // And its mean z², in each of its four groups.
    let off = verdict.faults.iter().filter(|fault| fault.contains("standard errors off"));
    assert_eq!(off.count(), 1);
}

/// A hundredth more of the value, and of a product; N = 10⁵, M = 2¹⁹, seeds 200 and 201.
#[test]
fn a_hundredth_is_caught() {
    let theta = [0.3, 0.1, -0.2, 0.0, 0.2];
    let layer = Perturbed::new(Simplex::new(Dyn(5)).unwrap(), Normal, 1.0).unwrap();
    let value = [want(Base::Simplex.expect(Normal, &theta, 1.0).0)];
    let found =
        |factor: f64| observe(&layer, &theta, &Scaled(Value, factor), &value, &setting(1, SAMPLES, 200));
    caught(&found(1.0), &found(1.01), 0.01);
    let layer = Perturbed::new(Hypercube::binary(Dyn(1)).unwrap(), Normal, 1.0).unwrap();
    let product = [want(Base::Binary.expect(Normal, &[0.0], 1.0).2[0])];
    let vjp = Vjp { cotangent: &[1.0] };
    // Plain: at θ = 0 the baseline is the lower corner, and takes nothing away.
    let found =
        |factor: f64| observe(&layer, &[0.0], &Scaled(vjp, factor), &product, &setting(0, 4 * SAMPLES, 201));
    caught(&found(1.0), &found(1.01), 0.01);
    caught(&found(1.0), &found(-1.0), -2.0);
}

/// Leaving one out of 64 without n/(n − 1) is a bias of 1/64: N = 10⁵, M = 2¹⁹, seed 202.
#[test]
fn a_missing_factor_is_caught() {
    let layer = Perturbed::new(Hypercube::binary(Dyn(1)).unwrap(), Normal, 1.0).unwrap();
    let product = [want(Base::Binary.expect(Normal, &[0.0], 1.0).2[0])];
    let vjp = Vjp { cotangent: &[1.0] };
    let setting = setting(2, SAMPLES, 202);
    let clean = observe(&layer, &[0.0], &vjp, &product, &setting);
    caught(&clean, &observe(&layer, &[0.0], &Forgetful(vjp), &product, &setting), 1.0 / 64.0);
}

/// Standard errors half as large again hide faults, and those a third smaller invent them: 300 estimates of 2048 samples, whose
/// mean z² is then 0.44 or 2.25. Seeds 0 to 299.
#[test]
fn wrong_standard_errors_are_caught() {
    let theta = [0.3, 0.1, -0.2];
    let layer = Perturbed::new(Simplex::new(Dyn(3)).unwrap(), Normal, 1.0).unwrap();
    let wants: Vec<Want> = Base::Simplex.expect(Normal, &theta, 1.0).1.into_iter().map(want).collect();
    let estimates: Vec<Comparison> = (0..300)
        .flat_map(|seed| observe(&layer, &theta, &Maximizer, &wants, &setting(3, 2048, seed)))
        .collect();
    assert!(judge(&estimates).faults.is_empty(), "{:?}", judge(&estimates).faults);
    for factor in [1.5, 2.0 / 3.0] {
        let mut wrong = estimates.clone();
        for comparison in &mut wrong {
            comparison.error *= factor;
        }
        let verdict = judge(&wrong);
        // All of one estimator, variant, noise and type: four groups of the same numbers.
        let means: Vec<_> = verdict.faults.iter().filter(|fault| fault.contains("mean z²")).collect();
        assert_eq!(means.len(), 4, "{factor}: {:?}", verdict.faults);
    }
}

/// A decision of probability 10⁻⁴ that is made three times as often: 10⁶ samples, where a normal law would not do.
#[test]
fn rare_decisions_are_counted() {
    let comparison = |ones| {
        let (of, exact) = (1_000_000, 1e-4);
        let found = ones as f64 / of as f64;
        let mut comparison = observe(
            &Perturbed::new(Simplex::new(Dyn(2)).unwrap(), Normal, 1.0).unwrap(),
            &[0.0, 0.0],
            &Maximizer,
            &[want(0.5); 2],
            &setting(1, 2048, 0),
        )
        .remove(0);
        (comparison.found, comparison.exact, comparison.count) = (found, exact, Some(Count { ones, of }));
        judge_among(&[comparison], FAMILY).faults.len()
    };
    // 100 expected with a deviation of 10.
    assert_eq!([40, 80, 100, 120, 160, 170, 300].map(comparison), [1, 0, 0, 0, 0, 1, 1]);
}

/// Argmax that breaks ties the other way.
struct Careless(Simplex<Dyn>);

impl Oracle<f64> for Careless {
    type Shape = Dyn;
    type Work = ();
    fn properties(&self) -> Properties {
        Properties::new("careless simplex")
    }
    fn shape(&self) -> Dyn {
        Oracle::<f64>::shape(&self.0)
    }
    fn work(&self) {}
    fn solve(&self, theta: &[f64], y: &mut [f64], (): &mut ()) -> Result<f64, &'static str> {
        let value = Oracle::<f64>::solve(&self.0, theta, y, &mut ())?;
        if let Some(last) = theta.iter().rposition(|&x| x == value) {
            y.fill(0.0);
            y[last] = 1.0;
        }
        Ok(value)
    }
}

/// More than a quarter of the instances have a tie for the largest score.
#[test]
fn careless_ties_are_caught() {
    fn instance(source: &mut Source) {
        let d = source.whole(1, 8);
        let theta = source.scaled::<f64>(d);
        let vertices = |each: vertices::Each<'_>| vertices::top_k(d, 1, each);
        oracles::finds::<f64, _>(
            &Careless(Simplex::new(Dyn(d)).unwrap()),
            &theta,
            Tie::LowestIndex,
            vertices,
        );
    }
    let check = Check { name: "careless", dear: false, run: [instance, instance] };
    let outcome = oracles::run(&check, 60, Seed(1));
    assert!(outcome.failed > 15 && outcome.failed < 60, "{outcome:?}");
    assert!(outcome.first.is_some_and(|first| first.contains("careless simplex")));
    // The oracle that is not, on other instances.
    let outcome = oracles::run(&CATALOGUE[0], 60, Seed(1));
    assert_eq!((outcome.instances, outcome.failed), (60, 0));
}

#[test]
fn quantiles_and_tails_are_known_ones() {
    assert!((student(1e9, 0.05) - 1.959_964).abs() < 1e-5);
    assert!((student(11.0, 0.01) - 3.169_273).abs() < 1e-5);
    for (of, p) in [(50, 0.3), (400, 0.01), (1000, 0.9)] {
        let law = Binomial::new(p, of).unwrap();
        for ones in 0..=of {
            let below = law.cdf(ones);
            let above = if ones == 0 { 1.0 } else { law.sf(ones - 1) };
            let (found, want) = (binomial(Count { ones, of }, p), (2.0 * below.min(above)).min(1.0));
            // Next to the mean both tails are about a half, and either may be the smaller.
            assert!(
                (found - want).abs() < 1e-9 + 1e-6 * want || want > 0.9,
                "{ones} of {of}: {found}, {want}"
            );
        }
    }
    assert_eq!(binomial(Count { ones: 1, of: 10 }, 0.0), 0.0);
    assert_eq!(binomial(Count { ones: 10, of: 10 }, 1.0), 1.0);
}

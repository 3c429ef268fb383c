//! The same question has the same answer, and the same refusal, at every level: the layer alone, batches, layers that are chosen
//! at run time, layers behind networks, and training.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use perturb::layer::{FenchelYoungLoss, LayerError, PerturbedLayer, Pullback, Scores};
use perturb::quantity::{
    EpsilonDerivative, EpsilonLossDerivative, FenchelYoung, FenchelYoungGradient, FenchelYoungWithoutOmega,
    Form, Jacobian, JacobianByCurvature, Jvp, Maximizer, MaximizerByScore, Value, ValueAndMaximizer, Vjp,
    VjpJacobian, VjpJacobianProduct,
};
use perturb::train::{Loss, Objective, Workspace};
use perturb::{
    AnyLayer, AnyNoise, AnyOracle, AnyReal, BatchExt, ClosedForm, Const, Dyn, Error, How, Method, MonteCarlo,
    Normal, Oracle, Perturbed, Quantity, Question, Ranking, Real, RowError, Seed, Single,
};
use perturb_tests::layers::{self, Visitor};

use crate::any_layer::{awkward, bits};
use crate::lists::{implementors, name_of};
use crate::specs::described;

type Answer = Result<Vec<u64>, Error>;

/// A layer with a row of scores.
struct Asked<'a, T: Real> {
    layer: &'a Perturbed<AnyOracle<T>, AnyNoise, T>,
    any: &'a AnyLayer<T>,
    theta: &'a [T],
    /// The quantities that were asked for.
    quantities: &'a RefCell<BTreeSet<String>>,
}

impl<T: AnyReal> Asked<'_, T>
where
    AnyOracle<T>: ClosedForm<T, AnyNoise> + Oracle<T, Shape = Dyn>,
{
    /// The numbers of an answer of the layer alone.
    fn alone<Q: Quantity<T, AnyNoise, Dyn>>(
        &self,
        quantity: &Q,
        how: impl Method<AnyOracle<T>, AnyNoise, T>,
    ) -> Answer {
        let numbers = |mut out: Q::Output| Q::Form::parts(&mut out).flat_map(|part| part.to_vec()).collect();
        bits(self.layer.compute(self.theta, quantity, how).map(numbers))
    }

    /// Asks all levels that take a quantity as it is.
    fn everywhere<Q: Quantity<T, AnyNoise, Dyn> + Copy>(
        &self,
        quantity: Q,
        question: Question<'_, T>,
        how: How,
    ) {
        let Self { layer, any, theta, quantities } = self;
        quantities.borrow_mut().insert(name_of::<Q>());
        let what = || format!("{question:?} at {theta:?} by {how:?}");
        let want = self.alone(&quantity, how);
        assert_eq!(bits(any.compute(theta, question, how)), want, "a layer chosen at run time: {}", what());
        // Batches have whole rows, and name the one that is not.
        if theta.len() != any.dim() {
            return;
        }
        let want = self.alone(&quantity, reseed(how, |seed| seed.fold(0)));
        let found = of_row(any.compute_rows(theta, question, how, 0));
        assert_eq!(bits(found), want, "rows of a layer chosen at run time: {}", what());
        let found = of_row(layer.batch().compute(theta, |_| quantity, how));
        let found = found.map(|rows| {
            rows.into_iter().flat_map(|mut row| {
                Q::Form::parts(&mut row).flat_map(|part| part.to_vec()).collect::<Vec<T>>()
            })
        });
        assert_eq!(bits(found.map(Iterator::collect)), want, "a batch: {}", what());
        let mut out = vec![T::ZERO; Q::Form::lengths(any.dim()).sum()];
        let batch = layer.batch();
        let found = batch.compute_into(theta, |_| quantity, how, &mut batch.workspace(), &mut out);
        assert_eq!(bits(of_row(found).map(|()| out)), want, "a batch into memory: {}", what());
    }
}

/// The error of the one row.
fn of_row<A>(found: Result<A, RowError>) -> Result<A, Error> {
    found.map_err(|RowError { row, source }| {
        assert_eq!(row, 0);
        source
    })
}

fn reseed(how: How, seed: impl FnOnce(Seed) -> Seed) -> How {
    Method::<Ranking<f64, Dyn>, Normal, f64>::reseed(how, seed)
}

/// Every method, with nothing, one, a few and many samples.
fn methods() -> Vec<How> {
    let seed = Seed(77);
    let sampled = [
        MonteCarlo::new(0, seed),
        MonteCarlo::plain(1, seed),
        MonteCarlo::new(2, seed),
        MonteCarlo::new(70, seed),
        MonteCarlo::new(5, seed).antithetic(),
        MonteCarlo::new(8, seed).leave_one_out(),
        MonteCarlo::new(8, seed).quasi_random(),
    ];
    let mut methods =
        vec![How::Exact, How::Cheapest(MonteCarlo::new(70, seed)), How::Cheapest(MonteCarlo::new(0, seed))];
    methods.extend(sampled.map(How::MonteCarlo));
    methods
}

/// A batch of one row as a framework might hold it, which keeps what it is given.
#[derive(Clone)]
struct Row {
    theta: Vec<f32>,
    pullback: Arc<Mutex<Option<Pullback>>>,
}

impl Scores for Row {
    type Loss = (f32, Vec<f32>);

    fn shape(&self) -> Vec<usize> {
        vec![1, self.theta.len()]
    }
    fn read(&self) -> Result<Vec<f32>, LayerError> {
        Ok(self.theta.clone())
    }
    fn decided(self, y: Vec<f32>, pullback: Pullback) -> Result<Self, LayerError> {
        *self.pullback.lock().unwrap() = Some(pullback);
        Ok(Self { theta: y, ..self })
    }
    fn loss(self, value: f32, gradient: Vec<f32>) -> Result<Self::Loss, LayerError> {
        Ok((value, gradient))
    }
}

/// The error of the one row behind a network.
fn behind<A>(found: Result<A, LayerError>) -> Result<A, Error> {
    found.map_err(|error| match error {
        LayerError::Row(RowError { row: 0, source }) => source,
        error => panic!("{error}"),
    })
}

/// Levels that take some of the quantities.
trait Levels: AnyReal {
    /// A layer behind a network, which has numbers of 32 bits.
    fn behind_network(asked: &Asked<'_, Self>, u: &[Self], how: How);
}
impl Levels for f64 {
    fn behind_network(_: &Asked<'_, Self>, _: &[Self], _: How) {}
}
impl Levels for f32 {
    fn behind_network(asked: &Asked<'_, Self>, u: &[Self], how: How) {
        let own = reseed(how, |seed| seed.fold(0));
        let layer = PerturbedLayer::new(asked.layer.clone());
        let row = Row { theta: asked.theta.to_vec(), pullback: Arc::default() };
        let what = || format!("behind a network: {u:?} at {:?} by {how:?}", asked.theta);
        if asked.theta.len() != asked.any.dim() {
            assert!(matches!(layer.forward(row, how), Err(LayerError::Shape { .. })), "{}", what());
            return;
        }
        let found = behind(layer.forward(row.clone(), how));
        let forward = bits(found.map(|row| row.theta));
        assert_eq!(forward, asked.alone(&Maximizer, own), "{}", what());
        // Batches have whole rows of the rest as well, and name the one that is not.
        if u.len() != asked.any.dim() {
            return;
        }
        if let Some(pullback) = row.pullback.lock().unwrap().take() {
            let product = pullback.apply(u);
            let found = if product.iter().any(|x| x.is_nan()) {
                Err(layer.take_fault().expect("a reason").source)
            } else {
                Ok(product)
            };
            assert_eq!(bits(found), asked.alone(&Vjp { cotangent: u }, own), "{}", what());
        }
        let flat = |(loss, gradient): (f32, Vec<f32>)| [vec![loss], gradient].concat();
        let loss = FenchelYoungLoss::from(layer);
        let found = behind(loss.forward(row.clone(), u, how)).map(flat);
        assert_eq!(bits(found), asked.alone(&FenchelYoungWithoutOmega { target: u }, own), "{}", what());
        if is_cheap(how) {
            let found = behind(loss.with_omega().forward(row, u, how)).map(flat);
            assert_eq!(bits(found), asked.alone(&FenchelYoung { target: u }, own), "{}", what());
        }
    }
}

/// Whether a loss of a target that is no vertex, which takes hundreds of estimates, is soon there.
fn is_cheap(how: How) -> bool {
    !matches!(how, How::MonteCarlo(how) | How::Cheapest(how) if how.samples > 8)
}

/// Asks everything of every oracle that it is shown.
struct Walk {
    quantities: RefCell<BTreeSet<String>>,
    noises: std::iter::Cycle<std::array::IntoIter<AnyNoise, 4>>,
    shown: usize,
}

impl Walk {
    fn everything<T: Levels>(asked: &Asked<'_, T>, u: &[T], how: How)
    where
        AnyOracle<T>: ClosedForm<T, AnyNoise> + Oracle<T, Shape = Dyn>,
    {
        asked.everywhere(Value, Question::Value, how);
        asked.everywhere(Maximizer, Question::Maximizer, how);
        asked.everywhere(ValueAndMaximizer, Question::ValueAndMaximizer, how);
        asked.everywhere(MaximizerByScore, Question::MaximizerByScore, how);
        asked.everywhere(Jacobian, Question::Jacobian, how);
        asked.everywhere(JacobianByCurvature, Question::JacobianByCurvature, how);
        asked.everywhere(Vjp { cotangent: u }, Question::Vjp(u), how);
        asked.everywhere(Jvp { tangent: u }, Question::Jvp(u), how);
        asked.everywhere(VjpJacobian { cotangent: u }, Question::VjpJacobian(u), how);
        let product = VjpJacobianProduct { cotangent: u, tangent: asked.theta };
        asked.everywhere(product, Question::VjpJacobianProduct(u, asked.theta), how);
        asked.everywhere(EpsilonDerivative, Question::EpsilonDerivative, how);
        asked.everywhere(EpsilonLossDerivative { target: u }, Question::EpsilonLossDerivative(u), how);
        if is_cheap(how) {
            asked.everywhere(FenchelYoung { target: u }, Question::FenchelYoung(u), how);
        }
        asked.everywhere(FenchelYoungGradient { target: u }, Question::FenchelYoungGradient(u), how);
        let loss = FenchelYoungWithoutOmega { target: u };
        asked.everywhere(loss, Question::FenchelYoungWithoutOmega(u), how);
        T::behind_network(asked, u, how);
        let objective = Objective { layer: asked.layer.clone(), loss: Loss::FenchelYoung, how };
        let mut gradient = vec![T::ZERO; asked.any.dim()];
        let found = objective.gradient(asked.theta, u, Seed(5), &mut gradient).map(|()| gradient);
        let want = asked.alone(&FenchelYoungGradient { target: u }, reseed(how, |_| Seed(5)));
        assert_eq!(bits(found), want, "training: {u:?} at {:?} by {how:?}", asked.theta);
    }
}

impl<T: Levels> Visitor<T> for Walk
where
    AnyOracle<T>: ClosedForm<T, AnyNoise> + Oracle<T, Shape = Dyn>,
{
    fn visit<O>(&mut self, name: &str, oracle: Result<O, Error>, theta: &[T])
    where
        O: Oracle<T, Work: 'static> + Clone + Send + Sync + 'static,
    {
        let noise = self.noises.next().unwrap();
        let any = described(name).unwrap_or_else(|| oracle.map(AnyOracle::custom)).unwrap();
        let layer = Perturbed::new(any.clone(), noise, T::HALF).unwrap();
        let any = AnyLayer::of(any, noise, T::HALF).unwrap();
        let awkward = awkward(theta);
        let vertex = layer.decide(theta).unwrap().1;
        // Scores that ε moves less than their last digits, by a constant or not.
        let whole = T::ONE / (T::EPSILON + T::EPSILON);
        let large: Vec<Vec<T>> = [T::ZERO, T::ONE]
            .map(|keep| theta.iter().map(|&x| (x - whole) + keep * (x * whole)).collect())
            .to_vec();
        let good = awkward.iter().chain(&large).map(|x| (x.as_slice(), vertex.as_slice()));
        let pairs = good.chain(awkward.iter().map(|u| (theta, u.as_slice())));
        // Both at once: the scores are named.
        for (theta, u) in pairs.chain([(awkward[4].as_slice(), awkward[2].as_slice())]) {
            for how in methods() {
                Self::everything(
                    &Asked { layer: &layer, any: &any, theta, quantities: &self.quantities },
                    u,
                    how,
                );
            }
        }
        self.shown += 1;
    }
}

#[test]
fn answers_and_refusals_are_the_same_at_every_level() {
    let mut walk =
        Walk { quantities: RefCell::default(), noises: AnyNoise::ALL.into_iter().cycle(), shown: 0 };
    layers::all::<f32>(&mut walk);
    layers::all::<f64>(&mut walk);
    assert_eq!(walk.shown, 2 * 20);
    let mut asked = walk.quantities.into_inner();
    // What the loss is made of at a vertex of an oracle with an offset, which a layer does not ask for by name.
    asked.insert("FenchelYoungTerm".into());
    assert_eq!(asked, implementors("quantity", "Quantity<T, N, S>"), "Question");
}

/// y = 2.5e38 and a target of −2.5e38, whose difference f32 does not hold.
#[test]
fn a_gradient_that_overflows_is_refused_at_every_level() {
    let overflow = Error::Overflow { quantity: "the gradient" };
    let (theta, target) = ([1e-19f32, 0.0], [-2.5e38f32, 2.5e38]);
    let layer =
        Perturbed::new(Ranking::new(Const::<2>, &[2.5e38f32, -2.5e38]).unwrap(), Normal, 1e-20).unwrap();
    assert_eq!(layer.decide(&theta).unwrap().1, [2.5e38, -2.5e38]);
    let single = layer.fenchel_young_gradient(&theta, &target, Single(Seed(1)));
    assert_eq!(single, Err(overflow));
    // In closed form a difference of points of C is none of entries of v, whose differences do not overflow.
    for how in [1, 2, 100].map(|samples| How::MonteCarlo(MonteCarlo::new(samples, Seed(1)))) {
        let refused = Err(RowError { row: 0, source: overflow });
        assert_eq!(layer.fenchel_young_gradient(&theta, &target, how), Err(overflow), "{how:?}");
        assert_eq!(layer.batch().fenchel_young_gradient(&theta, &target, how), refused, "{how:?}");
        let row = Row { theta: theta.to_vec(), pullback: Arc::default() };
        let loss = FenchelYoungLoss::new(layer);
        assert_eq!(behind(loss.forward(row.clone(), &target, how)).map(|_| ()), Err(overflow), "{how:?}");
        // With Ω.
        assert!(behind(loss.with_omega().forward(row, &target, how)).is_err(), "{how:?}");
        let objective = Objective { layer, loss: Loss::FenchelYoung, how };
        assert_eq!(objective.gradient(&theta, &target, Seed(1), &mut [0.0; 2]), Err(overflow), "{how:?}");
        let found = objective.gradients(&theta, &target, Seed(1), &mut [0.0; 2], &mut Workspace::default());
        assert_eq!(found, Err(RowError { row: 0, source: overflow }), "{how:?}");
    }
}

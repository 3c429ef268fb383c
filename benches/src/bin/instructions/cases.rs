//! What is counted.

use std::hint::black_box;

use perturb::{
    AnyLayer, AnyNoise, AnyOracle, BatchExt, Exact, Gumbel, How, Laplace, Logistic, MonteCarlo, Noise,
    Normal, Oracle, Perturbed, Real, Seed, oracle::Neighbours,
};
use perturb_benches::layer::{self, Layer};
use perturb_benches::problem::{self, Naive, Problem};
use perturb_benches::step::Step;
use perturb_benches::{check, naive, normals};
use perturb_lanes::Width;

use crate::counted;

/// One count.
pub(crate) struct Case {
    /// Its name in the file: no commas.
    pub(crate) name: String,
    /// The widest vectors allowed; the processor's where none.
    pub(crate) width: Option<Width>,
    /// Asserts its answer, then is [`counted`].
    pub(crate) work: Box<dyn Fn()>,
}

/// The cases so far, and the widths in which the next ones run.
struct Cases {
    list: Vec<Case>,
    width: Option<Width>,
}

impl Cases {
    fn add(&mut self, name: &str, work: impl Fn() + 'static) {
        let suffix = self.width.map_or(String::new(), |width| format!("/{}", width.name()));
        let (name, width) = (format!("{name}{suffix}"), self.width);
        self.list.push(Case { name, width, work: Box::new(work) });
    }

    /// One solve.
    fn solve<O, F>(&mut self, name: &str, problem: impl Fn() -> Problem<O, F> + 'static)
    where
        O: Oracle<f32>,
        F: Naive,
    {
        let name = format!("solve/{name}");
        self.add(&name.clone(), move || {
            let problem = problem().checked(&name);
            let (mut y, mut work) = (vec![0.0; problem.theta.len()], problem.oracle.work());
            counted(&mut || {
                black_box(problem.oracle.solve(black_box(&problem.theta), &mut y, &mut work).unwrap());
            });
        });
    }

    /// 1000 draws.
    fn fill<T: Real, N: Noise<T>>(&mut self, noise: N) {
        self.add(&format!("fill/{}/1000/{}", noise.name(), T::NAME), move || {
            check::follows::<N, T>(noise);
            let mut z = vec![T::ZERO; 1000];
            counted(&mut || noise.fill(&mut Seed(2).stream(0), black_box(&mut z)));
        });
    }

    /// The maximizer and the vector–Jacobian product from 64 samples.
    fn estimates<O, N, T>(&mut self, name: &str, layer: impl Fn() -> Layer<O, N, T> + Copy + 'static)
    where
        O: Oracle<T>,
        N: Noise<T>,
        T: Real,
    {
        let how = MonteCarlo::new(64, Seed(2));
        let label = format!("maximizer/{name}/{}", T::NAME);
        self.add(&label.clone(), move || {
            let (layer, theta) = layer();
            let maximizer = || layer.maximizer(black_box(&theta), how).expect("valid scores");
            check::close(&label, maximizer().as_ref(), &naive::maximizer(&layer, &theta, how), 1e-5);
            counted(&mut || drop(black_box(maximizer())));
        });
        let label = format!("vjp/{name}/{}", T::NAME);
        self.add(&label.clone(), move || {
            let (layer, theta) = layer();
            let vjp = || layer.vjp(black_box(&theta), &theta, how).expect("valid scores");
            check::close(&label, vjp().as_ref(), &naive::vjp(&layer, &theta, &theta, how), 1e-3);
            counted(&mut || drop(black_box(vjp())));
        });
    }

    /// The same by a layer that is chosen at run time: the bits of the typed one.
    fn chosen<O, N>(&mut self, name: &str, layer: impl Fn() -> Layer<O, N, f32> + Copy + 'static)
    where
        O: Oracle<f32> + Into<AnyOracle<f32>> + Clone,
        N: Noise<f32> + Into<AnyNoise>,
    {
        let how = MonteCarlo::new(64, Seed(2));
        let chosen = |layer: &Perturbed<O, N, f32>| {
            let (oracle, noise) = (layer.oracle().clone().into(), (*layer.noise()).into());
            AnyLayer::of(oracle, noise, layer.epsilon()).expect("a temperature")
        };
        self.add(&format!("chosen maximizer/{name}/f32"), move || {
            let (layer, theta) = layer();
            let any = chosen(&layer);
            let maximizer = || any.maximizer(black_box(&theta), How::MonteCarlo(how)).expect("valid scores");
            assert_eq!(maximizer(), layer.maximizer(&theta, how).expect("valid scores").as_ref());
            counted(&mut || drop(black_box(maximizer())));
        });
        self.add(&format!("chosen vjp/{name}/f32"), move || {
            let (layer, theta) = layer();
            let any = chosen(&layer);
            let vjp = || any.vjp(black_box(&theta), &theta, How::MonteCarlo(how)).expect("valid scores");
            assert_eq!(vjp(), layer.vjp(&theta, &theta, how).expect("valid scores").as_ref());
            counted(&mut || drop(black_box(vjp())));
        });
    }

    /// The ranking's closed forms.
    fn exact_ranking<T: Real>(&mut self, dim: usize) {
        self.add(&format!("exact maximizer/ranking/{dim}/{}", T::NAME), move || {
            let (layer, theta) = layer::ranking::<T>(dim);
            let maximizer = || layer.maximizer(black_box(&theta), Exact).expect("valid scores");
            let want = naive::expected_ranks(Normal, &widened(&theta), 1.0);
            check::close("maximizer", maximizer().as_ref(), &want, 1e-5);
            counted(&mut || drop(black_box(maximizer())));
        });
        self.add(&format!("exact vjp/ranking/{dim}/{}", T::NAME), move || {
            let (layer, theta) = layer::ranking::<T>(dim);
            let vjp = || layer.vjp(black_box(&theta), &theta, Exact).expect("valid scores");
            let theta = widened(&theta);
            check::close(
                "vjp",
                vjp().as_ref(),
                &naive::expected_ranks_vjp(Normal, &theta, &theta, 1.0),
                1e-4,
            );
            counted(&mut || drop(black_box(vjp())));
        });
    }

    /// A batch of rows of one sample each, on this thread alone.
    fn batch(&mut self, rows: usize, dim: usize) {
        self.add(&format!("batch/ranking/{dim}/{rows} rows of 1 sample"), move || {
            stay_on_this_thread();
            let (layer, _) = layer::ranking::<f32>(dim);
            let (theta, how) = (normals::<f32>(rows * dim), MonteCarlo::new(1, Seed(2)));
            let maximizer = || layer.batch().maximizer(black_box(&theta), how).expect("valid scores");
            let alone = |(row, theta): (usize, &[f32])| layer.maximizer(theta, how.row(row as u64));
            let want = theta.chunks_exact(dim).enumerate().map(|row| alone(row).expect("valid scores"));
            assert_eq!(maximizer(), want.flatten().collect::<Vec<_>>());
            counted(&mut || drop(black_box(maximizer())));
        });
    }

    /// One step of training, with what a run of training allocates around it.
    fn training(&mut self, batch: usize, features: usize, labels: usize) {
        self.add(&format!("training step/ranking/{features} to {labels}/{batch} rows"), move || {
            stay_on_this_thread();
            let step = Step::new(batch, features, labels);
            step.check();
            counted(&mut || drop(black_box(black_box(&step).run())));
        });
    }
}

/// No other thread, whose instructions would not be counted.
fn stay_on_this_thread() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread();
    pool.build_global().expect("the first pool");
}

fn widened<T: Real>(x: &[T]) -> Vec<f64> {
    x.iter().map(|x| x.to_f64()).collect()
}

/// All cases.
pub(crate) fn all() -> Vec<Case> {
    let mut cases = Cases { list: Vec::new(), width: None };
    cases.solve("argmax/1000", || problem::simplex(1000));
    cases.solve("black box/1000", || problem::black_box(1000));
    cases.solve("top-10/1000", || problem::top_k(1000, 10));
    cases.solve("one of each of 10 groups/1000", || problem::one_of_each(1000, 10));
    cases.solve("hypercube/1000", || problem::hypercube(1000));
    cases.solve("ranking/100", || problem::ranking(100));
    cases.solve("grid path/30x30", || problem::grid_path(30, Neighbours::Eight));
    cases.solve("dag path/30x30", || problem::dag_path(30));
    cases.solve("shortest path/30x30", || problem::shortest_path(30));
    cases.solve("flow of one unit/12x12", || problem::flow(12));
    cases.solve("assignment/20", || problem::assignment(20));
    cases.solve("spanning tree/25 nodes", || problem::spanning_tree(25));
    cases.solve("knapsack/48 items for 120", || problem::light_knapsack(48, 120));
    cases.solve("tour/20 cities", || problem::tour(20));
    for width in [None, Some(Width::Scalar)] {
        cases.width = width;
        cases.fill::<f32, _>(Gumbel);
        cases.fill::<f32, _>(Normal);
        cases.fill::<f32, _>(Laplace);
        cases.fill::<f32, _>(Logistic);
        cases.estimates("argmax/10", || layer::argmax::<f32>(10));
        cases.estimates("argmax/1000", || layer::argmax::<f32>(1000));
        cases.estimates("ranking/10", || layer::ranking::<f32>(10));
        cases.estimates("ranking/100", || layer::ranking::<f32>(100));
        cases.estimates("top-10/100", || layer::top_k::<f32>(100, 10));
    }
    cases.width = None;
    cases.fill::<f64, _>(Gumbel);
    cases.fill::<f64, _>(Normal);
    cases.estimates("argmax/1000", || layer::argmax::<f64>(1000));
    cases.estimates("ranking/100", || layer::ranking::<f64>(100));
    cases.estimates("grid path/12x12", || layer::grid_path(12));
    cases.estimates("assignment/20", || layer::assignment(20));
    cases.chosen("argmax/10", || layer::argmax::<f32>(10));
    cases.chosen("argmax/1000", || layer::argmax::<f32>(1000));
    cases.chosen("ranking/100", || layer::ranking::<f32>(100));
    cases.chosen("top-10/100", || layer::top_k::<f32>(100, 10));
    cases.chosen("grid path/12x12", || layer::grid_path(12));
    cases.chosen("assignment/20", || layer::assignment(20));
    cases.exact_ranking::<f32>(100);
    cases.exact_ranking::<f64>(100);
    cases.batch(32, 100);
    cases.training(32, 50, 100);
    cases.list
}

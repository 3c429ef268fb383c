//! Networks that learn, stop and go on; the experiments that train them.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use burn::tensor::{Device, Tensor, TensorData};
use perturb::layer::FenchelYoungLoss;
use perturb::train::Schedule;
use perturb::{Dyn, MonteCarlo, Normal, Perturbed, Seed, Simplex};
use perturb_experiments::classification::{self, Loss, Setting};
use perturb_experiments::data::generate::{terrain, textured_shapes};
use perturb_experiments::data::images::{Images, Split};
use perturb_experiments::data::maps::{self, Maps};
use perturb_experiments::nn::{Cnn, LearnError, Learner, Learning, Network, Task, TruncatedResNet};
use perturb_experiments::shortest_path;
use perturb_experiments::{ExperimentError, Journal, Pieces, Watch};

/// Which of ten shapes, by one sample a step.
struct Shapes {
    images: Images,
    loss: FenchelYoungLoss<Simplex<Dyn>, Normal>,
}

impl Shapes {
    fn new() -> Self {
        let layer = Perturbed::new(Simplex::new(Dyn(10)).unwrap(), Normal, 1.0).unwrap();
        Self { images: textured_shapes(10, Seed(1)).unwrap(), loss: FenchelYoungLoss::new(layer) }
    }
}

impl Task for Shapes {
    type Batch = Vec<usize>;

    fn rows(&self) -> usize {
        self.images.len()
    }
    fn batch(&self, rows: &[usize], _: Seed) -> Vec<usize> {
        rows.to_vec()
    }
    fn images(&self, rows: &Vec<usize>, device: &Device) -> Tensor<4> {
        let pixels = rows.iter().flat_map(|&row| self.images.pixels(row));
        let numbers: Vec<f32> = pixels.map(|&pixel| f32::from(pixel) / 128.0 - 1.0).collect();
        Tensor::from_data(TensorData::new(numbers, [rows.len(), 3, 32, 32]), device)
    }
    fn loss(&self, theta: Tensor<2>, rows: &Vec<usize>, seed: Seed) -> Result<Tensor<1>, LearnError> {
        let labels = rows.iter().flat_map(|&row| (0..10).map(move |class| (self.images.label(row), class)));
        let targets: Vec<f32> =
            labels.map(|(label, class)| f32::from(u8::from(label == Some(class)))).collect();
        Ok(self.loss.forward(theta, &targets, MonteCarlo::new(1, seed))?)
    }
    fn right(&self, theta: &[f32], rows: &Vec<usize>) -> Result<f64, LearnError> {
        assert_eq!(theta.len(), rows.len() * 10);
        Ok(0.0)
    }
}

fn read<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap()
}

const LEARNING: Learning =
    Learning { epochs: 2, batch: 4, rate: 1e-3, schedule: Schedule::Linear, seed: Seed(2) };

fn learner(task: &Shapes) -> Learner<'_, Shapes, Cnn> {
    let device = Device::flex();
    Learner::new(task, LEARNING, Cnn::new(10, Seed(3), &device.clone().autodiff()), &device).unwrap()
}

#[test]
fn a_run_that_goes_on_ends_with_the_same_bits() {
    let task = Shapes::new();
    let mut whole = learner(&task);
    let mut epochs = Vec::new();
    while !whole.is_done() {
        epochs.extend(whole.step().unwrap());
    }
    assert_eq!((epochs.len(), whole.done(), whole.steps()), (2, 6, 6));
    assert!(epochs.iter().all(|epoch| epoch.loss.is_finite() && epoch.loss > 0.0));
    assert_eq!(whole.step().unwrap(), None);

    // Stopped within each epoch, at its end, before the first step and after the last.
    for stop in [0, 1, 3, 5, 6] {
        let mut begun = learner(&task);
        let mut seen = Vec::new();
        for _ in 0..stop {
            seen.extend(begun.step().unwrap());
        }
        let state = begun.state().unwrap();
        drop(begun);
        let mut resumed = learner(&task).resume(&state).unwrap();
        while !resumed.is_done() {
            seen.extend(resumed.step().unwrap());
        }
        assert_eq!(seen, epochs, "stopped after {stop} steps");
        let images = |row| task.images(&vec![row], &Device::flex());
        for row in 0..10 {
            let scores = |network: Cnn| read(network.forward(images(row)));
            assert_eq!(scores(resumed.network()), scores(whole.network()), "stopped after {stop} steps");
        }
    }
}

#[test]
fn a_state_that_is_none_is_refused() {
    let task = Shapes::new();
    let state = learner(&task).state().unwrap();
    for damaged in [&state[..0], &state[..state.len() / 2], b"nothing of the kind"] {
        let refused = learner(&task).resume(damaged).unwrap_err();
        assert!(refused.to_string().starts_with("the state of training: "), "{refused}");
    }
    let device = Device::flex();
    let other =
        Learner::new(&task, LEARNING, Cnn::new(7, Seed(3), &device.clone().autodiff()), &device).unwrap();
    assert!(other.resume(&state).is_err(), "the state of a network of other shapes");
    let learning = Learning { batch: 0, ..LEARNING };
    let none = Learner::new(&task, learning, Cnn::new(10, Seed(3), &device.clone().autodiff()), &device);
    assert_eq!(none.unwrap_err().to_string(), "batch: expected at least 1, found 0");
}

#[test]
fn divergence_is_told() {
    let task = Shapes::new();
    let device = Device::flex();
    let learning = Learning { rate: 1e30, schedule: Schedule::Constant, ..LEARNING };
    let mut learner =
        Learner::new(&task, learning, Cnn::new(10, Seed(3), &device.clone().autodiff()), &device).unwrap();
    let failure = std::iter::repeat_with(|| learner.step()).take(6).find_map(Result::err).unwrap();
    assert!(matches!(failure, LearnError::Diverged { .. }), "{failure}");
}

/// Inputs of a unit, axes and numbers of every parameter.
struct Matrices(Vec<(f64, usize, Vec<f32>)>);
impl burn::module::ModuleVisitor for Matrices {
    fn visit_float<const D: usize>(&mut self, parameter: &burn::module::Param<Tensor<D>>) {
        let numbers = parameter.val().into_data().try_to_vec::<f32>().unwrap();
        let dims = parameter.dims();
        let inputs = if D == 2 { dims[0] } else { dims[1..].iter().product() };
        self.0.push((inputs as f64, D, numbers));
    }
}

/// Uniform in ±√(6/n) for n inputs: the mean square of the weights of a layer is 2/n, within 4 standard errors at seed 3.
#[test]
fn first_weights_are_a_function_of_the_seed() {
    let device = Device::flex();
    let image = || Tensor::<4>::ones([1, 3, 32, 32], &Device::flex());
    let scores = |seed| read(Cnn::new(10, Seed(seed), &device).forward(image()));
    assert_eq!(scores(1), scores(1));
    assert_ne!(scores(1), scores(2));

    let mut matrices = Matrices(Vec::new());
    burn::module::Module::visit(&Cnn::new(10, Seed(3), &device), &mut matrices);
    let large = matrices.0.iter().filter(|(_, d, numbers)| *d > 1 && numbers.len() > 9000);
    assert_eq!(large.clone().count(), 4);
    for (inputs, _, numbers) in large {
        let bound = (6.0 / inputs).sqrt();
        assert!(numbers.iter().all(|&w| f64::from(w.abs()) <= bound));
        let square = numbers.iter().map(|&w| f64::from(w) * f64::from(w)).sum::<f64>() / numbers.len() as f64;
        // U² of a uniform number in ±1 has the mean 1/3 and the variance 4/45.
        let z = (square * inputs / 6.0 - 1.0 / 3.0) / (4.0 / 45.0 / numbers.len() as f64).sqrt();
        assert!(z.abs() < 4.0, "{} weights of {inputs} inputs: z = {z}", numbers.len());
    }
}

/// The shapes of REFERENCE: 96 × 96 to 12 × 12 scores, all of them −cost.
#[test]
fn the_truncated_resnet_scores_cells() {
    let device = Device::flex();
    let network = TruncatedResNet::new(Seed(4), &device.clone().autodiff());
    // 3·64·49 + 4·64·64·9 weights of convolutions, 5·2·64 of batch norm.
    let trained = 9408 + 147_456 + 640;
    assert!(burn::module::Module::num_params(&network) >= trained);
    let images = Tensor::<4>::ones([1, 3, 96, 96], &device.autodiff());
    let theta = network.forward(images);
    assert_eq!(theta.dims(), [1, 144]);
    assert!(read(theta).iter().all(|&theta| theta <= 0.0));
}

/// Stops an experiment after some steps, and keeps what is done.
struct After {
    steps: AtomicU64,
    pieces: Mutex<Pieces>,
}

impl Watch for After {
    fn advance(&self, units: u64) {
        self.steps.fetch_sub(units, Ordering::Relaxed);
    }
    fn stop(&self) -> bool {
        self.steps.load(Ordering::Relaxed) == 0
    }
    fn keep(&self, pieces: &Pieces) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        *self.pieces.lock().unwrap() = pieces.clone();
        Ok(())
    }
}

#[test]
fn classification_stops_and_goes_on() {
    let data =
        Split { train: textured_shapes(20, Seed(1)).unwrap(), test: textured_shapes(10, Seed(2)).unwrap() };
    let setting = Setting { epochs: 1, batch: 8, samples: vec![1], sweep: vec![], ..Setting::quick(Seed(3)) };
    let device = Device::flex();
    assert_eq!(setting.steps(data.train.len()), 2 * 3);
    let (whole, shares) = setting.run(&data, &device, &Journal::new(&())).unwrap();
    assert_eq!(shares.steps, 6);
    assert_eq!(
        whole.iter().map(|outcome| outcome.loss).collect::<Vec<_>>(),
        [Loss::CrossEntropy, Loss::FenchelYoung { epsilon: 1.0, samples: 1 }]
    );
    for stop in [1, 5] {
        let watch = After { steps: AtomicU64::new(stop), pieces: Mutex::default() };
        let stopped = setting.run(&data, &device, &Journal::new(&watch));
        assert!(matches!(stopped, Err(ExperimentError::Stopped)));
        let pieces = watch.pieces.into_inner().unwrap();
        let (resumed, shares) = setting.run(&data, &device, &Journal::resume(&(), pieces)).unwrap();
        assert_eq!(shares.steps, 6 - stop);
        assert_eq!(classification::csv(&resumed), classification::csv(&whole));
    }
}

#[test]
fn shortest_paths_stop_and_go_on() {
    let data = maps::Split {
        train: terrain(6, Seed(1)).unwrap(),
        validation: Some(terrain(2, Seed(2)).unwrap()),
        test: terrain(4, Seed(3)).unwrap(),
    };
    let setting = shortest_path::Setting { epochs: 2, batch: 4, ..shortest_path::Setting::quick(Seed(4)) };
    let device = Device::flex();
    let steps = setting.steps(data.train.len());
    assert_eq!(steps, 3 * 2 * 2);
    let (whole, shares) = setting.run(&data, &device, &Journal::new(&())).unwrap();
    assert_eq!((shares.steps, whole.len()), (steps, 3));
    for outcome in &whole {
        let last = outcome.curve[1];
        assert!(last.test.ratio >= 1.0 && (0.0..=1.0).contains(&last.test.optimal), "{last:?}");
        assert_eq!((outcome.curve.len(), outcome.pictures.len()), (2, 3));
        // Paths have at least one cell a row, and average paths as many cells as paths have.
        for picture in &outcome.pictures {
            assert!(picture.proposed.iter().sum::<f64>() >= 12.0);
            assert!(picture.averages.iter().all(|(_, y)| y.iter().sum::<f64>() >= 12.0 - 1e-3));
        }
    }
    let (again, _) = setting.run(&data, &device, &Journal::new(&())).unwrap();
    assert_eq!(shortest_path::csv(&again), shortest_path::csv(&whole), "the same run");
    for stop in [1, 3, 9] {
        let watch = After { steps: AtomicU64::new(stop), pieces: Mutex::default() };
        assert!(matches!(setting.run(&data, &device, &Journal::new(&watch)), Err(ExperimentError::Stopped)));
        let pieces = watch.pieces.into_inner().unwrap();
        let (resumed, shares) = setting.run(&data, &device, &Journal::resume(&(), pieces)).unwrap();
        assert_eq!(shares.steps, steps - stop);
        assert_eq!(shortest_path::csv(&resumed), shortest_path::csv(&whole), "stopped after {stop} steps");
        assert!(resumed == whole, "pictures after a stop at {stop} steps");
    }
    // Two epochs without progress, or with: no run has fewer than patience asks for.
    let patient = shortest_path::Setting { epochs: 6, patience: Some(1), ..setting };
    let (stopped, _) = patient.run(&data, &device, &Journal::new(&())).unwrap();
    for outcome in stopped {
        let found: Vec<f64> = outcome.curve.iter().map(|point| point.validation.unwrap().optimal).collect();
        let progress = found.windows(2).take_while(|pair| pair[1] > pair[0]).count();
        assert_eq!(found.len(), (progress + 2).min(6), "{found:?}");
    }

    let other = maps::Split { test: data.test.clone(), validation: None, train: small_map() };
    let refused = setting_error(&other);
    assert!(refused.contains("[3, 16, 8] channels, rows and columns for a grid of [2, 1]"), "{refused}");
}

/// A map of fewer pixels than its cells need.
fn small_map() -> Maps {
    Maps::new("small", [3, 8, 8], [2, 1], vec![0; 192], vec![1.0; 2], vec![1; 2]).unwrap()
}

fn setting_error(data: &maps::Split) -> String {
    let setting = shortest_path::Setting::quick(Seed(1));
    setting.run(data, &Device::flex(), &Journal::new(&())).unwrap_err().to_string()
}

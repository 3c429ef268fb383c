//! Tensors of burn: on the processor, or with PERTURB_TEST_DEVICE=wgpu and feature `nn-wgpu` on a graphics processor.

use burn::tensor::{Device, Tensor, TensorData};
use perturb::layer::PerturbedLayer;
use perturb::{
    Dyn, DynRect, Error, Exact, GridPath, Gumbel, MonteCarlo, Normal, Perturbed, Seed, Simplex,
    oracle::Neighbours,
};

use super::numbers;
use super::shared::{Matrix, tests};

fn device() -> Device {
    match std::env::var("PERTURB_TEST_DEVICE").as_deref() {
        #[cfg(feature = "nn-wgpu")]
        Ok("wgpu") => Device::wgpu(Default::default()),
        Ok(other) => panic!("PERTURB_TEST_DEVICE={other}: expected wgpu and feature nn-wgpu"),
        Err(_) => Device::flex(),
    }
}

impl Matrix for Tensor<2> {
    const CALLS_BACK: bool = true;

    fn leaf(numbers: &[f32], shape: [usize; 2]) -> Self {
        Self::constant(numbers, shape).require_grad()
    }
    fn constant(numbers: &[f32], shape: [usize; 2]) -> Self {
        Self::from_data(TensorData::new(numbers.to_vec(), shape), &device().autodiff())
    }
    fn again(&self) -> Self {
        self.clone()
    }
    fn times(self, other: Self) -> Self {
        self * other
    }
    fn product(self, other: Self) -> Self {
        self.matmul(other)
    }
    fn sum(self) -> Tensor<1> {
        Tensor::sum(self)
    }
    fn scaled(loss: Tensor<1>, by: f32) -> Tensor<1> {
        loss * by
    }
    fn value(loss: &Tensor<1>) -> f32 {
        loss.clone().into_scalar()
    }
    fn gradient(&self, loss: &Tensor<1>) -> Vec<f32> {
        Matrix::all(&self.grad(&loss.backward()).expect("a gradient in a leaf"))
    }
}

tests!(Tensor<2>);

/// A backward pass cannot fail: it gives NaN, not a wrong number, and the layer tells why, once.
#[test]
fn faults_of_the_backward_pass_are_told() {
    let layer = PerturbedLayer::new(Perturbed::new(Simplex::new(Dyn(3)).unwrap(), Gumbel, 1.0f32).unwrap());
    let theta = Tensor::<2>::leaf(&[0.1, 0.2, 0.3, 0.4, 0.5, 0.6], [2, 3]);
    let y = layer.forward(theta.clone(), Exact).unwrap();
    let u = Tensor::<2>::from_floats([[1.0, 1.0, 1.0], [1.0, f32::INFINITY, 1.0]], &theta.device());
    let gradient = theta.gradient(&(y * u).sum());
    assert!(gradient.iter().all(|g| g.is_nan()));
    let fault = layer.take_fault().unwrap();
    assert_eq!((fault.row, fault.source), (1, Error::NotFinite { parameter: "cotangent", index: 1 }));
    assert_eq!(layer.take_fault(), None);
}

/// Without automatic differentiation at all.
#[test]
fn a_device_without_gradients_will_do() {
    let layer = PerturbedLayer::new(Perturbed::new(Simplex::new(Dyn(2)).unwrap(), Gumbel, 1.0f32).unwrap());
    let theta = Tensor::<2>::from_floats([[0.0, 0.0]], &device());
    assert_eq!(Matrix::all(&layer.forward(theta, Exact).unwrap()), [0.5, 0.5]);
}

/// B × rows × columns are B rows of scores.
#[test]
fn axes_after_the_first_hold_the_scores_of_a_row() {
    let oracle = GridPath::new(DynRect { rows: 3, columns: 4 }, Neighbours::Eight).unwrap();
    let layer = PerturbedLayer::new(Perturbed::new(oracle, Normal, 0.5f32).unwrap());
    let (costs, how) = (numbers(24, 20), MonteCarlo::new(20, Seed(21)));
    let flat = Tensor::<2>::leaf(&costs, [2, 12]);
    let squares = |y: Tensor<1>| (y.clone() * y).sum();
    let want = flat.gradient(&squares(layer.forward(flat.clone(), how).unwrap().reshape([24])));
    let y = layer.forward(flat.clone().reshape([2, 3, 4]), how).unwrap();
    assert_eq!(y.dims(), [2, 3, 4]);
    assert_eq!(flat.gradient(&squares(y.reshape([24]))), want);
}

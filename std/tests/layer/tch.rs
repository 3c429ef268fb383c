//! Tensors of libtorch.

use perturb::layer::{FenchelYoungLoss, PerturbedLayer};
use perturb::{Dyn, Exact, Gumbel, Perturbed, Simplex};
use tch::{Kind, Tensor};

use super::shared::{Matrix, tests};

impl Matrix for Tensor {
    const CALLS_BACK: bool = false;

    fn leaf(numbers: &[f32], shape: [usize; 2]) -> Self {
        Self::constant(numbers, shape).set_requires_grad(true)
    }
    fn constant(numbers: &[f32], shape: [usize; 2]) -> Self {
        Self::from_slice(numbers).reshape(shape.map(|length| length as i64))
    }
    fn again(&self) -> Self {
        self.shallow_clone()
    }
    fn times(self, other: Self) -> Self {
        self * other
    }
    fn product(self, other: Self) -> Self {
        self.matmul(&other)
    }
    fn sum(self) -> Self {
        Tensor::sum(&self, Kind::Float)
    }
    fn scaled(loss: Self, by: f32) -> Self {
        loss * f64::from(by)
    }
    fn value(loss: &Self) -> f32 {
        loss.double_value(&[]) as f32
    }
    fn gradient(&self, loss: &Self) -> Vec<f32> {
        loss.backward();
        Matrix::all(&self.grad())
    }
}

tests!(Tensor);

/// Scores of other types and views of other tensors.
#[test]
fn scores_of_64_bits_that_are_not_in_order_will_do() {
    let layer = || Perturbed::new(Simplex::new(Dyn(2)).unwrap(), Gumbel, 1.0f32).unwrap();
    let leaf = Tensor::from_slice(&[0.0f64, 3.0, 0.0, 3.0]).reshape([2, 2]).set_requires_grad(true);
    let y = PerturbedLayer::new(layer()).forward(leaf.transpose(0, 1), Exact).unwrap();
    assert_eq!((y.kind(), Matrix::all(&y)), (Kind::Double, vec![0.5; 4]));
    let loss =
        FenchelYoungLoss::new(layer()).sum().forward(leaf.transpose(0, 1), &[1.0, 0.0, 0.0, 1.0], Exact);
    assert_eq!(leaf.gradient(&loss.unwrap()), [-0.5, 0.5, 0.5, -0.5]);
}

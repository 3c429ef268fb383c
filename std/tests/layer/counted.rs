//! What crosses between a device and the host.

use std::cell::Cell;

use perturb::layer::{FenchelYoungLoss, LayerError, PerturbedLayer, Pullback, Scores};
use perturb::{Dyn, MonteCarlo, Normal, Perturbed, Ranking, Seed};

use super::numbers;

/// A framework that counts what crosses to and from its device.
#[derive(Clone)]
struct Counted<'c> {
    numbers: Vec<f32>,
    shape: [usize; 2],
    down: &'c Cell<usize>,
    up: &'c Cell<usize>,
}

impl Scores for Counted<'_> {
    type Loss = (f32, Vec<f32>);

    fn shape(&self) -> Vec<usize> {
        self.shape.to_vec()
    }
    fn read(&self) -> Result<Vec<f32>, LayerError> {
        self.down.set(self.down.get() + self.numbers.len());
        Ok(self.numbers.clone())
    }
    fn decided(self, y: Vec<f32>, pullback: Pullback) -> Result<Self, LayerError> {
        self.up.set(self.up.get() + y.len());
        let d = self.shape[1];
        // The rows of J, by the pullback and at once.
        let jacobian = pullback.jacobian()?;
        for i in 0..d {
            let u: Vec<f32> = (0..y.len()).map(|j| f32::from(u8::from(j % d == i))).collect();
            for (r, product) in pullback.apply(&u).chunks_exact(d).enumerate() {
                assert_eq!(product, &jacobian[(r * d + i) * d..(r * d + i + 1) * d]);
            }
        }
        Ok(Self { numbers: y, ..self })
    }
    fn loss(self, value: f32, gradient: Vec<f32>) -> Result<(f32, Vec<f32>), LayerError> {
        self.up.set(self.up.get() + gradient.len());
        Ok((value, gradient))
    }
}

#[test]
fn theta_goes_down_once_and_the_result_up_once() {
    let (down, up) = (Cell::new(0), Cell::new(0));
    let layer = Perturbed::new(Ranking::ascending(Dyn(4)).unwrap(), Normal, 1.0f32).unwrap();
    let theta = Counted { numbers: numbers(8, 15), shape: [2, 4], down: &down, up: &up };
    PerturbedLayer::new(layer.clone()).forward(theta.clone(), MonteCarlo::new(50, Seed(16))).unwrap();
    assert_eq!((down.take(), up.take()), (8, 8));
    let targets = [1.0, 2.0, 3.0, 4.0, 4.0, 3.0, 2.0, 1.0];
    FenchelYoungLoss::new(layer).forward(theta, &targets, MonteCarlo::new(1, Seed(17))).unwrap();
    assert_eq!((down.take(), up.take()), (8, 8));
}

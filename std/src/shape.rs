//! Sizes that are known at run time.

use std::fmt::Debug;

use perturb_core::Shape;

/// `.0` entries in a `Vec`.
///
/// ```
/// use perturb::{Dyn, Exact, Gumbel, Perturbed, Simplex};
/// let layer = Perturbed::new(Simplex::new(Dyn(3))?, Gumbel, 1.0f64)?;
/// assert_eq!(layer.maximizer(&[0.0, 1.0, 2.0], Exact)?.len(), 3);
/// # Ok::<(), perturb::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dyn(pub usize);

impl Shape for Dyn {
    type Array<T: Copy + Debug + Send + Sync + 'static> = Vec<T>;
    type Matrix<T: Copy + Debug + Send + Sync + 'static> = Vec<T>;

    fn dim(&self) -> usize {
        self.0
    }
    fn array<T: Copy + Debug + Send + Sync + 'static>(&self, fill: T) -> Vec<T> {
        vec![fill; self.0]
    }
    fn matrix<T: Copy + Debug + Send + Sync + 'static>(&self, fill: T) -> Vec<T> {
        vec![fill; self.0 * self.0]
    }
}

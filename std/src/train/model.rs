use perturb_core::{AffineMut, AffineRef, Error, Real};

/// θ = Wx + b with sizes known at run time; the arithmetic is that of the core's [`AffineRef`] and [`AffineMut`], bit for
/// bit.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearModel<T> {
    features: usize,
    weights: Vec<T>,
    bias: Vec<T>,
}

impl<T: Real> LinearModel<T> {
    /// W = 0, b = 0.
    #[must_use]
    pub fn zeros(features: usize, scores: usize) -> Self {
        Self { features, weights: vec![T::ZERO; features * scores], bias: vec![T::ZERO; scores] }
    }
    /// A model from W, column by column (one column of scores per feature), and b; `None` if the lengths do not fit.
    #[must_use]
    pub fn from_parts(features: usize, weights: Vec<T>, bias: Vec<T>) -> Option<Self> {
        (features.checked_mul(bias.len()) == Some(weights.len())).then_some(Self { features, weights, bias })
    }
    /// The number of inputs.
    pub fn features(&self) -> usize {
        self.features
    }
    /// The number of outputs.
    pub fn scores(&self) -> usize {
        self.bias.len()
    }
    /// W, column by column: the scores' weights of feature 0, then of feature 1, …
    pub fn weights(&self) -> &[T] {
        &self.weights
    }
    /// b.
    pub fn bias(&self) -> &[T] {
        &self.bias
    }
    /// W and b, to be changed.
    pub fn parts_mut(&mut self) -> (&mut [T], &mut [T]) {
        (&mut self.weights, &mut self.bias)
    }

    /// The model over slices, to be read: the arithmetic of the core.
    pub fn view(&self) -> Result<AffineRef<'_, T>, Error> {
        AffineRef::new(&self.weights, &self.bias)
    }
    /// The model over slices, to be changed.
    pub fn view_mut(&mut self) -> Result<AffineMut<'_, T>, Error> {
        AffineMut::new(&mut self.weights, &mut self.bias)
    }

    /// Writes θ = Wx + b. `x` has one entry a feature, `theta` one a score; entries beyond are left alone.
    pub fn score(&self, x: &[T], theta: &mut [T]) {
        if let Ok(model) = self.view() {
            model.forward(x, theta);
        }
    }
    /// W −= rate·g xᵀ and b −= rate·g.
    pub fn descend(&mut self, x: &[T], gradient: &[T], rate: T) {
        if let Ok(mut model) = self.view_mut() {
            model.descend(x, gradient, rate);
        }
    }
}

use perturb::{Dyn, Error, Graph, Noise, Normal, Real, Seed};

/// Costs c_j = \[((Bx)_j/√p + 3)^degree + 1\]·u_j/3.5^degree of features x ~ N(0, I) in p dimensions, with B of fair bits and u_j
/// uniform within 1 ± `noise`: the polynomial kernel of Elmachtoub and Grigas (2022), in the units of Tang and Khalil's PyEPO, in
/// which costs of any degree are about 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Kernel {
    /// p.
    features: usize,
    /// B, costs × features, row by row.
    bits: Vec<bool>,
    degree: u32,
    noise: f64,
}

/// Features and costs of some rows, row by row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// Rows × features.
    pub x: Vec<f64>,
    /// Rows × costs.
    pub costs: Vec<f64>,
}

impl Kernel {
    /// Draws B. Seeds give the same B at every degree and noise.
    #[must_use]
    pub fn new([features, costs]: [usize; 2], degree: u32, noise: f64, seed: Seed) -> Self {
        let mut rng = seed.stream(0);
        let bits = (0..features * costs).map(|_| f64::sign(&mut rng) > 0.0).collect();
        Self { features, bits, degree, noise }
    }

    /// E\[c | x\], which is c at u = 1.
    #[must_use]
    pub fn expected(&self, x: &[f64]) -> Vec<f64> {
        let power = |base: f64| (0..self.degree).fold(1.0, |power, _| power * base);
        let rows = self.bits.chunks_exact(self.features.max(1));
        rows.map(|bits| {
            let sum: f64 = bits.iter().zip(x).map(|(&bit, x)| if bit { *x } else { 0.0 }).sum();
            (power(sum / (self.features as f64).sqrt() + 3.0) + 1.0) / power(3.5)
        })
        .collect()
    }

    /// Draws rows. More of a seed extend fewer, and features do not depend on degree and noise.
    #[must_use]
    pub fn sample(&self, rows: usize, seed: Seed) -> Rows {
        let mut all = Rows::default();
        let mut x = vec![0.0; self.features];
        for row in 0..rows {
            let seed = seed.fold(row as u64);
            Normal.fill(&mut seed.stream(0), &mut x);
            let mut rng = seed.stream(1);
            let mut factor = || 1.0 + self.noise * (2.0 * f64::uniform(&mut rng) - 1.0);
            all.costs.extend(self.expected(&x).into_iter().map(|cost| cost * factor()));
            all.x.extend_from_slice(&x);
        }
        all
    }
}

/// The edges right and down of a grid of `side` × `side` nodes, in topological order.
pub(super) fn grid(side: u32) -> Result<Graph<Dyn, Dyn>, Error> {
    let mut edges = Vec::new();
    for (row, column) in (0..side).flat_map(|row| (0..side).map(move |column| (row, column))) {
        let node = row * side + column;
        if column + 1 < side {
            edges.push((node, node + 1));
        }
        if row + 1 < side {
            edges.push((node, node + side));
        }
    }
    Graph::new(Dyn((side * side) as usize), Dyn(edges.len()), &edges)
}

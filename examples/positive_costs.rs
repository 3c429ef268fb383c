//! How do I perturb a shortest path without making costs negative?
//!
//! Dijkstra's algorithm needs positive costs, which added noise does not keep. They can be floored, refused, or
//! multiplied by noise instead.

use perturb::{
    Const, Error, Graph, MonteCarlo, Multiplicative, Normal, Perturbed, Seed, ShortestPath,
    oracle::NegativeCost,
};

fn main() -> Result<(), Error> {
    // From 0 to 3 by way of 1 or of 2, and a bridge 1 → 2.
    let graph = Graph::new(Const::<4>, Const::<5>, &[(0, 1), (1, 3), (0, 2), (2, 3), (1, 2)])?;
    let costs = [1.0f64, 4.0, 3.0, 1.0, 1.5];
    let theta = costs.map(|cost| -cost);
    let how = MonteCarlo::new(10_000, Seed(1));

    // Refused: the error names the sample.
    let strict = ShortestPath::new(graph, 0, 3)?.with_negative_costs(NegativeCost::Refuse)?;
    let refused = Perturbed::new(strict.clone(), Normal, 1.0)?.maximizer(&theta, how);
    println!("refused: {}", refused.map_or_else(|error| error.to_string(), |y| format!("{y:?}")));
    assert!(matches!(refused, Err(Error::Solver { sample: Some(_), .. })));

    // Floored, the default: every perturbed problem has a path.
    let floored = Perturbed::new(ShortestPath::new(graph, 0, 3)?, Normal, 1.0)?;
    println!("floored:    {:.3?}", floored.maximizer(&theta, how)?);

    // Times log-normal noise of mean 1: costs stay positive, and the strict oracle never complains.
    let multiplied = Multiplicative::new(strict, 0.5)?;
    let y = multiplied.maximizer(&theta, how)?;
    println!("multiplied: {y:.3?}");
    assert!((y[0] + y[2] - 1.0).abs() < 1e-9, "one edge leaves the start");
    assert!(y[4] > 0.0 && y[1] > 0.0);
    Ok(())
}

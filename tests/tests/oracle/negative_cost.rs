//! What searches do about negative costs; floors are tested with each search.

use perturb::{
    Const, Error, Graph, GridPath, MonteCarlo, Normal, Oracle, Perturbed, Rect, Seed, Shape, ShortestPath,
    oracle::{NegativeCost, Neighbours},
};

use crate::shortest_path::COMPLETE;

/// A strict search names the sample in which a cost was negative; scores as they stand have no number.
#[test]
fn strict_searches_name_the_sample() {
    fn check<O: Oracle<f64>>(oracle: O) {
        let layer = Perturbed::new(oracle, Normal, 1.0).unwrap();
        let theta = vec![-2.5; layer.oracle().shape().dim()];
        let how = MonteCarlo::plain(1000, Seed(5));
        let Err(Error::Solver { sample: Some(sample), because }) = layer.maximizer(&theta, how) else {
            panic!("no sample was refused");
        };
        assert_eq!(because, "a cost is negative");
        // The first sample whose noise exceeds the score.
        let mut z = vec![0.0; theta.len()];
        let exceeds = |&index: &u64| {
            use perturb::Noise;
            Normal.fill(&mut Seed(5).stream(index), &mut z);
            z.iter().any(|&z: &f64| z > 2.5)
        };
        assert_eq!((0..1000).find(exceeds), Some(sample));
        let zeros = vec![1.0; theta.len()];
        assert_eq!(layer.decide(&zeros).unwrap_err(), Error::Solver { sample: None, because });
    }
    let grid = GridPath::new(Rect::<2, 2>, Neighbours::Eight).unwrap();
    check(grid.with_negative_costs(NegativeCost::Refuse).unwrap());
    let graph = Graph::new(Const::<4>, Const::<12>, &COMPLETE).unwrap();
    check(ShortestPath::new(graph, 0, 3).unwrap().with_negative_costs(NegativeCost::Refuse).unwrap());
}

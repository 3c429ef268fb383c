//! How do I run a layer on a batch, on all cores, and get the same bits as row by row?

use perturb::{BatchExt, Dyn, Gumbel, MonteCarlo, Perturbed, Seed, TopK};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (rows, dim) = (1000, 50);
    let layer = Perturbed::new(TopK::new(Dyn(dim), 5)?, Gumbel, 0.2f32)?;
    let theta: Vec<f32> = (0..rows * dim).map(|i| ((i * 37) % 101) as f32 / 101.0).collect();
    let how = MonteCarlo::new(100, Seed(7));

    let y = layer.batch().maximizer(&theta, how)?;
    let alone = layer.maximizer(&theta[3 * dim..4 * dim], how.row(3))?;
    assert_eq!(y[3 * dim..4 * dim], alone);

    let second_half = layer.batch().starting_at(500).maximizer(&theta[500 * dim..], how)?;
    assert_eq!(y[500 * dim..], second_half);
    println!("{rows} rows of {dim} scores: the batch, its halves and single rows agree bit for bit");
    Ok(())
}

//! How do I train on the host what a firmware carries?
//!
//! Prints the demonstrations that `targets/robot/robot.perturb` was trained on, in the label-ranking format:
//!
//! ```sh
//! cargo run --release -p perturb-examples --example robot_demonstrations > robot.csv
//! cargo run --release -- train --data robot.csv --model robot.perturb --epsilon 0.5 --seed 7
//! ```

use perturb_robot::{FEATURES, ROADS, demonstration, layer};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    const ROWS: u64 = 500;
    let layer = layer()?;
    println!("{ROWS},{FEATURES},{ROADS}");
    for row in 0..ROWS {
        let (x, ranks) = demonstration(&layer, row)?;
        let x = x.iter().map(|x| x.to_string());
        let ranks = ranks.iter().map(|rank| rank.to_string());
        println!("{}", x.chain(ranks).collect::<Vec<_>>().join(","));
    }
    Ok(())
}

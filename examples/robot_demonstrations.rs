//! How do I train on the host what a firmware carries?
//!
//! Prints the demonstrations that `targets/robot/robot.perturb` was trained on:
//!
//! ```sh
//! cargo run --release -p perturb-examples --example robot_demonstrations > robot.csv
//! cargo run --release -- train --data robot.csv --model robot.perturb --epsilon 0.5 --seed 7 --epochs 20 --samples 1
//! ```
//!
//! `targets/src/bin/robot.rs` is the firmware.

fn main() -> Result<(), std::fmt::Error> {
    let mut file = String::new();
    perturb_robot::write_demonstrations(500, &mut file)?;
    print!("{file}");
    Ok(())
}

//! Decisions among options: estimates, training, judgement.

mod elasticity;
mod estimation;
mod every;
mod generate;
mod infeasible;
mod labels;
mod published;
mod worth;

//! Decisions among options: estimates, training, judgement.

mod estimation;
mod every;
mod generate;
mod infeasible;
mod labels;
mod published;
mod worth;

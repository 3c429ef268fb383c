//! Decisions among options: estimates, training, judgement.

mod estimation;
mod every;
mod generate;
mod labels;
mod infeasible;
mod published;
mod worth;

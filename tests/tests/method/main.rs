//! The ways to an expectation: closed forms and samples, and what makes samples cheaper.

mod closed_forms;
mod forbidden;
mod lanes;
mod monte_carlo;
mod quadrature;
mod variance;

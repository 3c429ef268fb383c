//! What the oracles decide. A file tests the oracle whose name it has, as in `core/src/oracle`.

mod assignment;
mod black_box;
mod combinatorial;
mod flow;
mod graphs;
mod oracles;
mod published_instances;
mod strategies;
mod tour;

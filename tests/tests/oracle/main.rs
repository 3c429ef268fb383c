//! What the oracles decide. A file tests the oracle whose name it has, as in `core/src/oracle`; graphs, what is done about
//! negative costs, and published instances have files of their own.

mod assignment;
mod black_box;
mod dag_path;
mod flow;
mod graph;
mod grid_path;
mod group_top_k;
mod hypercube;
mod knapsack;
mod negative_cost;
mod published_instances;
mod ranking;
mod shortest_path;
mod simplex;
mod spanning_tree;
mod strategies;
mod top_k;
mod tour;
mod vertices;

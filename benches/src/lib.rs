//! What the benches beside this file and the programs `workloads`, `compare` and `curves` share: workloads with data and
//! checked answers, timing, and the records that are printed. How to run them: `README.md`.

pub mod agreement;
pub mod arguments;
pub mod call;
pub mod data;
pub mod machine;
pub mod markdown;
pub mod plain;
pub mod record;
pub mod timing;
pub mod workload;

/// Why a program cannot go on, as its user reads it.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

//! The line that one measurement prints.

use serde::{Deserialize, Serialize};

use crate::timing::{largest, least, median};
use crate::workload::{Variant, Workload};

/// One measurement, as one line of JSON. Other implementations print the same keys but the width.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Who computes, and after a colon which way if it is not the ordinary one.
    pub peer: String,
    /// The name of the workload.
    pub workload: String,
    /// The median over the repetitions.
    pub seconds_per_call: f64,
    /// B·M over the median.
    pub perturbed_solves_per_second: f64,
    /// The inverse, in nanoseconds.
    pub ns_per_solve: f64,
    /// The shortest repetition, in seconds per call.
    pub min_s: f64,
    /// The longest.
    pub max_s: f64,
    /// How many repetitions there were.
    pub reps: usize,
    /// The number type.
    pub dtype: String,
    /// The noise.
    pub noise: String,
    /// Threads that the computation may use.
    pub threads: usize,
    /// What vectors were made of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<String>,
}

impl Record {
    /// Of the library's own `seconds` per call.
    pub fn new(workload: &Workload, variant: Variant, threads: usize, seconds: &[f64]) -> Self {
        let (median, solves) = (median(seconds), workload.solves() as f64);
        Self {
            peer: match variant {
                Variant::Sampled => "perturb".into(),
                _ => format!("perturb:{}", variant.name()),
            },
            workload: workload.name.into(),
            seconds_per_call: median,
            perturbed_solves_per_second: solves / median,
            ns_per_solve: median / solves * 1e9,
            min_s: least(seconds),
            max_s: largest(seconds),
            reps: seconds.len(),
            dtype: "float32".into(),
            noise: workload.noise.name().into(),
            threads,
            width: Some(perturb_lanes::width().name().into()),
        }
    }
}

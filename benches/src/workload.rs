//! The workloads that are compared with other implementations.

use std::str::FromStr;

use clap::ValueEnum;

/// What one call of a workload computes for all of its rows, at ε = 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// y_ε − y for picking one.
    Argmax,
    /// y_ε − y for picking `k`.
    TopK {
        /// How many are picked.
        k: usize,
    },
    /// y_ε − y for ascending ranks 1, …, d.
    Ranking,
    /// y_ε − y for the path from corner to corner of a square grid with 8 neighbours, costs floored at 0.01.
    GridPath {
        /// Rows, and columns.
        side: usize,
    },
    /// y_ε − y for an assignment.
    Assignment {
        /// Rows, and columns.
        n: usize,
    },
    /// Jᵀu for ascending ranks.
    Vjp,
    /// An epoch of training an affine model to rank, from `features` to d scores.
    Training {
        /// Entries of an input.
        features: usize,
        /// Rows of a step.
        batch: usize,
    },
}

/// The noise of a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum NoiseName {
    /// Standard Gumbel.
    Gumbel,
    /// Standard normal.
    Normal,
}

impl NoiseName {
    /// The name in records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gumbel => "gumbel",
            Self::Normal => "normal",
        }
    }
}

/// How the library computes a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ValueEnum)]
pub enum Variant {
    /// From samples, with nothing subtracted: what other implementations compute.
    Sampled,
    /// In closed form or by quadrature: M has no meaning, but times are still divided by it.
    Exact,
    /// The vjp from samples with the library's default, the baseline.
    Baseline,
    /// Training with Adam instead of plain gradient descent.
    Adam,
    /// From samples, by a layer that is chosen at run time.
    Chosen,
}

impl Variant {
    /// The name in records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sampled => "sampled",
            Self::Exact => "exact",
            Self::Baseline => "baseline",
            Self::Adam => "adam",
            Self::Chosen => "chosen",
        }
    }
}

/// B rows of d scores, M samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Workload {
    /// The name on command lines and in records.
    pub name: &'static str,
    /// What it is, in a table.
    pub title: &'static str,
    /// What is computed.
    pub kind: Kind,
    /// Rows of a call: B, or the rows of an epoch.
    pub rows: usize,
    /// d.
    pub dim: usize,
    /// M.
    pub samples: u32,
    /// The noise.
    pub noise: NoiseName,
}

/// All workloads.
pub const WORKLOADS: [Workload; 11] = {
    use Kind::{Argmax, Assignment, GridPath, Ranking, TopK, Training, Vjp};
    use NoiseName::{Gumbel, Normal};
    const fn new(
        name: &'static str,
        title: &'static str,
        kind: Kind,
        [rows, dim]: [usize; 2],
        samples: u32,
        noise: NoiseName,
    ) -> Workload {
        Workload { name, title, kind, rows, dim, samples, noise }
    }
    let path = GridPath { side: 12 };
    [
        new("W1a", "argmax, d = 10", Argmax, [256, 10], 100, Gumbel),
        new("W1b", "argmax, d = 10", Argmax, [256, 10], 1000, Gumbel),
        new("W1c", "argmax, d = 1000", Argmax, [32, 1000], 100, Gumbel),
        new("W2", "top-10 of 100", TopK { k: 10 }, [32, 100], 100, Normal),
        new("W3a", "ranking, d = 10", Ranking, [32, 10], 100, Normal),
        new("W3b", "ranking, d = 100", Ranking, [32, 100], 100, Normal),
        new("W4a", "path, 12 × 12, 8 neighbours", path, [70, 144], 1, Normal),
        new("W4b", "path, 12 × 12, 8 neighbours", path, [70, 144], 20, Normal),
        new("W5", "assignment, 20 × 20", Assignment { n: 20 }, [32, 400], 20, Normal),
        new("W6", "vjp of a ranking, d = 100", Vjp, [32, 100], 100, Normal),
        new(
            "W7",
            "an epoch of training, 50 to 100",
            Training { features: 50, batch: 32 },
            [10_000, 100],
            1,
            Normal,
        ),
    ]
};

impl Workload {
    /// Perturbed solves of one call: B·M.
    pub const fn solves(&self) -> u64 {
        self.rows as u64 * self.samples as u64
    }

    /// Whether the library computes it this way.
    pub const fn has(&self, variant: Variant) -> bool {
        match variant {
            Variant::Sampled => true,
            Variant::Chosen => !matches!(self.kind, Kind::Training { .. }),
            Variant::Exact => {
                matches!(self.kind, Kind::Argmax | Kind::TopK { .. } | Kind::Ranking | Kind::Vjp)
            }
            Variant::Baseline => matches!(self.kind, Kind::Vjp),
            Variant::Adam => matches!(self.kind, Kind::Training { .. }),
        }
    }
}

/// Some workloads, as `W1a,W2` or `all` on a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection(pub Vec<Workload>);

impl FromStr for Selection {
    type Err = String;

    fn from_str(names: &str) -> Result<Self, String> {
        if names == "all" {
            return Ok(Self(WORKLOADS.to_vec()));
        }
        let find = |name: &str| WORKLOADS.iter().find(|workload| workload.name == name).copied();
        let known = || WORKLOADS.map(|workload| workload.name).join(", ");
        let parse = |name| find(name).ok_or_else(|| format!("{name}: expected all, or some of {}", known()));
        names.split(',').map(parse).collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selections_are_read() {
        assert_eq!("all".parse(), Ok(Selection(WORKLOADS.to_vec())));
        assert_eq!("W7,W1a".parse(), Ok(Selection(vec![WORKLOADS[10], WORKLOADS[0]])));
        assert!("W8".parse::<Selection>().unwrap_err().starts_with("W8: expected all, or some of W1a, "));
        assert!("".parse::<Selection>().is_err());
    }
}

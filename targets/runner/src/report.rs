//! What layers cost: measured one by one, written to `targets/REPORT.md` and `targets/report.csv`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use crate::cargo::{self, Profile};
use crate::core::Core;
use crate::elf::{self, Size};
use crate::error::{Failure, file};
use crate::qemu;
use crate::suites::on_every;

/// The cores of the report: the smallest, the usual, and the newer.
const CORES: [&str; 3] = ["m0", "m4f", "m33"];

/// The layers of `targets/layers/src/layers.rs`, with what they are.
const LAYERS: [(&str, &str); 23] = [
    ("none", "start-up and measuring alone"),
    ("argmax-10", "`Simplex`, d = 10, Gumbel"),
    ("argmax-100", "`Simplex`, d = 100, Gumbel"),
    ("top-3-of-10", "`TopK`, 3 of 10, Gumbel"),
    ("top-10-of-100", "`TopK`, 10 of 100, Gumbel"),
    ("group-top-4-of-10", "`GroupTopK`, 4 of 10 in 3 groups, Gumbel"),
    ("hypercube-10", "`Hypercube`, d = 10, Normal"),
    ("ranking-10", "`Ranking`, d = 10, Normal"),
    ("ranking-100", "`Ranking`, d = 100, Normal"),
    (
        "ranking-learner-8x16",
        "`Ranking` of 8 by 16 features, Normal: model file, scores, decision, step of training",
    ),
    ("ranking-10-vjp-64", "the vector-Jacobian product of the ranking of 10 from 64 samples"),
    ("grid-path-6x6", "`GridPath`, 6 × 6, eight neighbours, Normal"),
    ("grid-path-12x12", "`GridPath`, 12 × 12, eight neighbours, Normal"),
    ("grid-path-16x16", "`GridPath`, 16 × 16, eight neighbours, Normal"),
    ("dag-path-20", "`DagPath`, 20 nodes, 37 edges, Normal"),
    ("shortest-path-20", "`ShortestPath`, 20 nodes, 37 edges, Normal"),
    ("spanning-tree-20", "`SpanningTree`, 20 nodes, 37 edges, Normal"),
    ("flow-20", "`Flow`, 2 units, 20 nodes, 37 edges, Normal"),
    ("assignment-5x5", "`Assignment`, 5 × 5, Normal"),
    ("assignment-10x10", "`Assignment`, 10 × 10, Normal"),
    ("knapsack-10", "`Knapsack`, 10 items, capacity 24, Normal"),
    ("tour-8", "`Tour`, 8 cities, Normal"),
    ("tour-12", "`Tour`, 12 cities, Normal"),
];

/// How many gradients one run of a layer's program adds up: `RUNS` of `targets/layers/src/layers.rs`.
const RUNS: u64 = 16;

/// Both ways to optimise, with their columns.
const PROFILES: [(Profile, &str); 2] = [(Profile::Fast, "fast"), (Profile::Small, "small")];

/// Growth that a check tolerates, in percent: compilers differ a little.
const TOLERANCE: u64 = 5;

/// What one layer costs on one core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cost {
    /// For one gradient.
    instructions: u64,
    /// Of the whole program.
    flash: u64,
    /// Static memory.
    ram: u64,
    /// For one gradient.
    stack: u64,
    /// Static memory and the deepest stack of the whole program.
    memory: u64,
}

const COLUMNS: [&str; 5] = ["instructions", "flash", "static RAM", "stack", "memory in all"];

impl Cost {
    fn columns(self) -> [u64; 5] {
        [self.instructions, self.flash, self.ram, self.stack, self.memory]
    }
    fn of_columns([instructions, flash, ram, stack, memory]: [u64; 5]) -> Self {
        Self { instructions, flash, ram, stack, memory }
    }
}

/// By core, profile and layer.
type Costs = BTreeMap<(String, String, String), Cost>;

/// What a layer may cost.
struct Budget {
    what: &'static str,
    core: &'static str,
    profile: &'static str,
    layer: &'static str,
    cost: fn(Cost) -> u64,
    unit: &'static str,
    limit: u64,
    /// Why it is not met, if it is not.
    excuse: Option<&'static str>,
}

const BUDGETS: [Budget; 7] = [
    Budget {
        what: "argmax, d = 10: one gradient",
        core: "m4f",
        profile: "fast",
        layer: "argmax-10",
        cost: |cost| cost.instructions,
        unit: "instructions",
        limit: 900,
        excuse: Some(
            "ten Gumbel draws cost 600 (two logarithms each), naming the random stream by hashing 120, checking 20 inputs for NaN \
             and infinity 95, looking whether the target lies outside and whether scores are large 170; the rest is the search itself",
        ),
    },
    Budget {
        what: "ranking, d = 10: one gradient",
        core: "m4f",
        profile: "fast",
        layer: "ranking-10",
        cost: |cost| cost.instructions,
        unit: "instructions",
        limit: 800,
        excuse: Some(
            "ten normal draws alone cost 620, 100 comparisons with ties in a fixed order 500, naming the random stream 120, \
             checking inputs 95, looking whether the target lies outside and whether scores are large 130",
        ),
    },
    Budget {
        what: "12 × 12 path, eight neighbours: one gradient",
        core: "m4f",
        profile: "fast",
        layer: "grid-path-12x12",
        cost: |cost| cost.instructions,
        unit: "instructions",
        limit: 60_000,
        excuse: Some(
            "40 instructions a cell find the least positive cost, look whether the target lies outside and whether scores are large; \
             57,979 without",
        ),
    },
    Budget {
        what: "ranking of 8 by 16 features with model and learner: flash",
        core: "m4f",
        profile: "small",
        layer: "ranking-learner-8x16",
        cost: |cost| cost.flash,
        unit: "bytes",
        limit: 12 << 10,
        excuse: None,
    },
    Budget {
        what: "the same: RAM, stack included",
        core: "m4f",
        profile: "small",
        layer: "ranking-learner-8x16",
        cost: |cost| cost.memory,
        unit: "bytes",
        limit: 2 << 10,
        excuse: None,
    },
    Budget {
        what: "the same: stack of one step",
        core: "m4f",
        profile: "small",
        layer: "ranking-learner-8x16",
        cost: |cost| cost.stack,
        unit: "bytes",
        limit: 1 << 10,
        excuse: None,
    },
    Budget {
        what: "12 × 12 path: RAM in all, stack included",
        core: "m0",
        profile: "small",
        layer: "grid-path-12x12",
        cost: |cost| cost.memory,
        unit: "bytes",
        limit: 8 << 10,
        excuse: None,
    },
];

/// Figures of a prototype outside this repository, written for speed alone: on a Cortex-M4F, with the FPU's square root,
/// without checks, without a model.
const PROTOTYPE: [(&str, u64); 3] = [("argmax-10", 976), ("ranking-10", 878), ("grid-path-12x12", 66_000)];

/// Measures, and writes the report; or with `check` compares with it.
pub(crate) fn run(check: bool) -> Result<(), Failure> {
    let costs = measure()?;
    let [report, table] = ["REPORT.md", "report.csv"].map(|name| cargo::workspace().join(name));
    let complaints = if check {
        let before = read(&table)?;
        let mut complaints = broken_budgets(&before);
        complaints.extend(growth(&before, &costs));
        complaints
    } else {
        std::fs::write(&table, to_csv(&costs)).map_err(file("write", &table))?;
        std::fs::write(&report, to_markdown(&costs)).map_err(file("write", &report))?;
        println!("wrote {} and {}", report.display(), table.display());
        broken_budgets(&costs)
    };
    if !complaints.is_empty() {
        return Err(complaints.join("\n").into());
    }
    println!("{} figures within {TOLERANCE} % of the report", 5 * costs.len());
    Ok(())
}

fn measure() -> Result<Costs, Failure> {
    let cores = CORES.map(Core::named).into_iter().collect::<Result<Vec<_>, _>>()?;
    let by_core = on_every(&cores, |core| {
        let mut costs = Costs::new();
        for (profile, column) in PROFILES {
            for (layer, _) in LAYERS {
                let cost = cost(core, profile, layer)?;
                costs.insert((core.name.into(), column.into(), layer.into()), cost);
            }
        }
        Ok(costs)
    })?;
    Ok(by_core.into_iter().flatten().collect())
}

/// One layer's program, which must link nothing that panics or allocates.
fn cost(core: &Core, profile: Profile, layer: &str) -> Result<Cost, Failure> {
    let elf = cargo::build(core, profile, "perturb-layers", "layer", ("PERTURB_LAYER", layer))?;
    let (Size { flash, ram }, forbidden) = elf::inspect(&elf)?;
    if !forbidden.is_empty() {
        return Err(
            format!("{layer} on {core} links what may panic or allocate: {}", forbidden.join(", ")).into()
        );
    }
    let run = qemu::run(core, &elf, true)?;
    if let Some(complaint) = run.complaint() {
        return Err(format!("{layer} on {core}: {complaint}").into());
    }
    let words: Vec<u64> =
        run.output.as_chunks().0.iter().map(|&word| u32::from_le_bytes(word).into()).collect();
    let &[ticks, stack, deepest] = words.as_slice() else {
        return Err(format!("{layer} on {core} wrote {} bytes; expected 12", run.output.len()).into());
    };
    let instructions = (qemu::instructions(core, ticks) + RUNS / 2) / RUNS;
    Ok(Cost { instructions, flash, ram, stack, memory: ram + deepest })
}

fn find(costs: &Costs, core: &str, profile: &str, layer: &str) -> Option<Cost> {
    costs.get(&(core.into(), profile.into(), layer.into())).copied()
}

fn broken_budgets(costs: &Costs) -> Vec<String> {
    let broken = |budget: &&Budget| {
        let found = find(costs, budget.core, budget.profile, budget.layer).map(budget.cost);
        budget.excuse.is_none() && found.is_none_or(|found| found > budget.limit)
    };
    let say =
        |budget: &Budget| format!("over budget: {} (at most {} {})", budget.what, budget.limit, budget.unit);
    BUDGETS.iter().filter(broken).map(say).collect()
}

/// What has grown by more than the tolerance, or is new or gone.
fn growth(before: &Costs, now: &Costs) -> Vec<String> {
    let mut complaints = Vec::new();
    for (name @ (core, profile, layer), cost) in now {
        let Some(old) = before.get(name) else {
            complaints.push(format!("{layer} on {core}, {profile}, is not in the report"));
            continue;
        };
        for ((column, old), new) in COLUMNS.iter().zip(old.columns()).zip(cost.columns()) {
            if 100 * new > (100 + TOLERANCE) * old {
                complaints.push(format!("{layer} on {core}, {profile}: {column} {new}, {old} in the report"));
            }
        }
    }
    let gone = before.keys().filter(|name| !now.contains_key(*name));
    complaints.extend(gone.map(|(core, profile, layer)| format!("{layer} on {core}, {profile}, is gone")));
    if !complaints.is_empty() {
        complaints.push("if that is meant: perturb-runner report".into());
    }
    complaints
}

const HEADER: &str = "core,profile,layer,instructions,flash,ram,stack,memory";

fn to_csv(costs: &Costs) -> String {
    let mut text = format!("{HEADER}\n");
    for ((core, profile, layer), cost) in costs {
        let numbers = cost.columns().map(|number| number.to_string()).join(",");
        let _ = writeln!(text, "{core},{profile},{layer},{numbers}");
    }
    text
}

fn read(path: &PathBuf) -> Result<Costs, Failure> {
    let text = std::fs::read_to_string(path).map_err(file("read", path))?;
    let mut lines = text.lines();
    if lines.next() != Some(HEADER) {
        return Err(format!("{}, line 1: expected {HEADER}", path.display()).into());
    }
    let row = |(i, line): (usize, &str)| {
        let mut fields = line.split(',');
        let mut name = || fields.next().map(str::to_owned);
        let names = Some((name()?, name()?, name()?));
        let numbers: Vec<u64> = fields.map(str::parse).collect::<Result<_, _>>().ok()?;
        Some((names?, Cost::of_columns(numbers.try_into().ok()?))).ok_or(i).ok()
    };
    let rows = lines.enumerate().map(|(i, line)| {
        row((i, line))
            .ok_or_else(|| Failure::Other(format!("{}, line {}: expected {HEADER}", path.display(), i + 2)))
    });
    rows.collect()
}

fn to_markdown(costs: &Costs) -> String {
    let mut text = String::from(
        "# What layers cost on microcontrollers\n\n\
         Made by `cargo run --release -p perturb-runner -- report`; `targets/ci.sh qemu` measures again and fails where a figure \
         has grown by more than 5 %. The same figures as a table: [report.csv](report.csv).\n\n\
         Each row is a firmware of its own that decides and takes one gradient of the Fenchel–Young loss with one sample, in \
         `f32`, by the checked public calls; the mean over 16 seeds. It links no function that panics or allocates: the \
         runner looks at its symbols.\n\n\
         - **instructions**: of one gradient: checks, noise, solve, difference. QEMU counts instructions exactly, but it \
         knows no cycles: a division, a load that waits or a branch taken costs more than one on a real core.\n\
         - **flash**: of the whole program, vector table and start-up included; the row `none` is what remains without a \
         layer.\n\
         - **stack**: of one gradient, painted and scanned; noise, solution and the solver's memory live there.\n\
         - **memory**: static RAM and the deepest stack of the whole program, inputs, oracle and results included.\n\n\
         *fast* is `opt-level = 3`, *small* `opt-level = \"s\"`; both with link-time optimisation.\n",
    );
    text += "\n## Budgets\n\n| what | core, profile | budget | measured | |\n|---|---|---|---|---|\n";
    for budget in &BUDGETS {
        let Some(cost) = find(costs, budget.core, budget.profile, budget.layer) else { continue };
        let found = (budget.cost)(cost);
        let verdict = match (found <= budget.limit, budget.excuse) {
            (true, _) => "met".into(),
            (false, excuse) => format!("not met: {}", excuse.unwrap_or("a regression")),
        };
        let core = Core::named(budget.core).map_or(budget.core, |core| core.title);
        let (limit, found) = (grouped(budget.limit), grouped(found));
        let _ = writeln!(
            text,
            "| {} | {core}, {} | {limit} {} | {found} | {verdict} |",
            budget.what, budget.profile, budget.unit
        );
    }
    text += "\nFor comparison only: a prototype outside this repository, written for speed alone, needed on the \
             Cortex-M4F:\n\n| layer | prototype | here, fast |\n|---|---|---|\n";
    for (layer, prototype) in PROTOTYPE {
        if let Some(cost) = find(costs, "m4f", "fast", layer) {
            let _ = writeln!(text, "| {layer} | {} | {} |", grouped(prototype), grouped(cost.instructions));
        }
    }
    for name in CORES {
        let title = Core::named(name).map_or(name, |core| core.title);
        let _ = write!(
            text,
            "\n## {title}\n\n\
             | layer | instructions, fast | small | flash, fast | small | stack, fast | small | memory, fast | small |\n\
             |---|---|---|---|---|---|---|---|---|\n"
        );
        for (layer, what) in LAYERS {
            let both = PROFILES.map(|(_, profile)| find(costs, name, profile, layer));
            let [Some(fast), Some(small)] = both else { continue };
            let pairs = [
                [fast.instructions, small.instructions],
                [fast.flash, small.flash],
                [fast.stack, small.stack],
                [fast.memory, small.memory],
            ];
            let numbers =
                pairs.as_flattened().iter().map(|&number| grouped(number)).collect::<Vec<_>>().join(" | ");
            let _ = writeln!(text, "| {what} | {numbers} |");
        }
    }
    text
}

/// With commas between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn costs(instructions: u64) -> Costs {
        let cost = Cost { instructions, flash: 1000, ram: 4, stack: 100, memory: 200 };
        Costs::from([(("m4f".into(), "fast".into(), "argmax-10".into()), cost)])
    }

    #[test]
    fn growth_beyond_the_tolerance_is_told() {
        assert!(growth(&costs(1000), &costs(1050)).is_empty());
        assert!(growth(&costs(1000), &costs(900)).is_empty());
        let complaints = growth(&costs(1000), &costs(1051));
        assert_eq!(complaints[0], "argmax-10 on m4f, fast: instructions 1051, 1000 in the report");
        assert!(growth(&Costs::new(), &costs(1))[0].ends_with("is not in the report"));
        assert!(growth(&costs(1), &Costs::new())[0].ends_with("is gone"));
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}

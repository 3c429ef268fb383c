//! What layers cost: measured one by one, written to `targets/REPORT.md` and `targets/report.csv`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use crate::cargo::{self, Profile};
use crate::core::Core;
use crate::elf::{self, Size};
use crate::error::{Failure, file};
use crate::suites::on_every;
use crate::{c, qemu};

/// The cores of the report: the smallest, the usual, and the newer.
const CORES: [&str; 3] = ["m0", "m4f", "m33"];

/// The layers of `targets/layers/src/layers.rs`, with what they are.
const LAYERS: [(&str, &str); 29] = [
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
    ("ranking-reader-8x16", "the same without learning: decisions by the model file where it lies"),
    (
        "choice-learner-4x6",
        "`Simplex` of up to 4 options by 6 shared weights, Gumbel: model file, scores, decision, step of training",
    ),
    ("ranking-10-vjp-64", "the vector-Jacobian product of the ranking of 10 from 64 samples"),
    ("grid-path-6x6", "`GridPath`, 6 × 6, eight neighbours, Normal"),
    ("grid-path-12x12", "`GridPath`, 12 × 12, eight neighbours, Normal"),
    ("grid-path-16x16", "`GridPath`, 16 × 16, eight neighbours, Normal; without the large scores"),
    ("dag-path-20", "`DagPath`, 20 nodes, 37 edges, Normal"),
    ("shortest-path-20", "`ShortestPath`, 20 nodes, 37 edges, Normal"),
    ("spanning-tree-20", "`SpanningTree`, 20 nodes, 37 edges, Normal"),
    ("flow-20", "`Flow`, 2 units, 20 nodes, 37 edges, Normal"),
    ("assignment-5x5", "`Assignment`, 5 × 5, Normal"),
    ("assignment-10x10", "`Assignment`, 10 × 10, Normal"),
    ("knapsack-10", "`Knapsack`, 10 items, capacity 24, Normal"),
    ("tour-8", "`Tour`, 8 cities, Normal"),
    ("tour-12", "`Tour`, 12 cities, Normal"),
    ("c-argmax-10", "C: `perturb_argmax`, d = 10, Gumbel"),
    ("c-ranking-10", "C: `perturb_ranking`, d = 10, Normal"),
    ("c-ranking-10-of-16", "C: the same with `PERTURB_MAX_SCORES=16`"),
    (
        "c-grid-path-12x12",
        "C: `perturb_grid_path`, 12 × 12, eight neighbours, Normal, with `PERTURB_MAX_CELLS=144`",
    ),
];

/// What measures a layer of the library for C: the program of `targets/c/build.sh`, its capacity, and what does the same in Rust.
struct InC {
    layer: &'static str,
    program: &'static str,
    variables: &'static [(&'static str, &'static str)],
    crates: &'static str,
    /// Why it is not within [`TIMES`] of the crate, if it is not.
    excuse: Option<&'static str>,
}

const IN_C: [InC; 4] = [
    InC { layer: "c-argmax-10", program: "cost_argmax", variables: &[], crates: "argmax-10", excuse: None },
    InC {
        layer: "c-ranking-10",
        program: "cost_ranking",
        variables: &[],
        crates: "ranking-10",
        excuse: Some("four arrays of 64 entries are filled for 10: set `PERTURB_MAX_SCORES`"),
    },
    InC {
        layer: "c-ranking-10-of-16",
        program: "cost_ranking",
        variables: &[("PERTURB_MAX_SCORES", "16")],
        crates: "ranking-10",
        excuse: Some("d is known at run time only, and v = (1, …, d) is made at every call"),
    },
    InC {
        layer: "c-grid-path-12x12",
        program: "cost_grid_path",
        variables: &[("PERTURB_MAX_CELLS", "144")],
        crates: "grid-path-12x12",
        excuse: None,
    },
];

/// How many times the crate's instructions the library for C may take, optimised for size as its README builds it; in tenths.
const TIMES: u64 = 13;

/// How many gradients one run of a layer's program adds up: `RUNS` of `targets/layers/src/layers.rs`.
const RUNS: u64 = 16;

/// Both ways to optimise, with their columns.
const PROFILES: [(Profile, &str); 2] = [(Profile::Fast, "fast"), (Profile::Small, "small")];

/// Growth that a check tolerates, in percent: compilers differ a little.
const TOLERANCE: u64 = 5;

/// What one layer costs on one core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cost {
    /// For one gradient: the mean over seeds at ordinary scores.
    instructions: u64,
    /// The most found at any scores.
    worst: u64,
    /// For one decision at ordinary scores.
    decision: u64,
    /// The most found at any scores.
    worst_decision: u64,
    /// 0 if all calls took the same time, but those at scores so large that they are centred.
    varies: u64,
    /// Of the whole program.
    flash: u64,
    /// Static memory.
    ram: u64,
    /// For one gradient.
    stack: u64,
    /// Static memory and the deepest stack of the whole program.
    memory: u64,
}

const COLUMNS: [&str; 9] = [
    "instructions",
    "worst instructions",
    "instructions of a decision",
    "worst instructions of a decision",
    "variation of time",
    "flash",
    "static RAM",
    "stack",
    "memory in all",
];

impl Cost {
    fn columns(self) -> [u64; 9] {
        let Self { instructions, worst, decision, worst_decision, varies, flash, ram, stack, memory } = self;
        [instructions, worst, decision, worst_decision, varies, flash, ram, stack, memory]
    }
    fn of_columns(columns: [u64; 9]) -> Self {
        let [instructions, worst, decision, worst_decision, varies, flash, ram, stack, memory] = columns;
        Self { instructions, worst, decision, worst_decision, varies, flash, ram, stack, memory }
    }
    /// The instructions of a gradient and of a decision.
    fn calls(self) -> [u64; 4] {
        [self.instructions, self.worst, self.decision, self.worst_decision]
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
        excuse: Some("the search for a centre of scores beyond 2¹²ε takes some 4,500 bytes of it"),
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
    println!("{} figures within {TOLERANCE} % of the report", COLUMNS.len() * costs.len());
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
    let elf = match IN_C.iter().find(|c| c.layer == layer) {
        Some(InC { program, variables, .. }) => {
            let level = if profile == Profile::Fast { "3" } else { "s" };
            c::build(core, program, &[*variables, &[("CARGO_PROFILE_RELEASE_OPT_LEVEL", level)]].concat())?
        }
        None => cargo::build(core, profile, "perturb-layers", "layer", ("PERTURB_LAYER", layer))?,
    };
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
    let &[sum, least, most, large, decision, shortest, longest, longest_large, stack, deepest] =
        words.as_slice()
    else {
        return Err(format!("{layer} on {core} wrote {} bytes; expected 40", run.output.len()).into());
    };
    let instructions = |ticks| qemu::instructions(core, ticks);
    // A tick is about an instruction.
    let varies = |least, most| most > least + 2;
    Ok(Cost {
        instructions: (instructions(sum) + RUNS / 2) / RUNS,
        worst: instructions(most.max(large)),
        decision: instructions(decision),
        worst_decision: instructions(longest.max(longest_large)),
        varies: (varies(least, most) || varies(shortest, longest)).into(),
        flash,
        ram,
        stack,
        memory: ram + deepest,
    })
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
    let slow_in_c =
        beside_the_crate(costs).filter(|(c, ..)| c.excuse.is_none()).filter_map(|(c, core, [_, small])| {
            let (rust, in_c) = small;
            let slow = 10 * in_c > TIMES * rust;
            slow.then(|| format!("{} on {core}: {in_c} instructions, {rust} by the crate", c.layer))
        });
    BUDGETS.iter().filter(broken).map(say).chain(slow_in_c).collect()
}

/// The instructions of a gradient by the crate and by the library for C: by layer and core, fast and small.
fn beside_the_crate(costs: &Costs) -> impl Iterator<Item = (&'static InC, &'static str, [(u64, u64); 2])> {
    let pairs = IN_C.iter().flat_map(|c| CORES.map(|core| (c, core)));
    pairs.filter_map(|(c, core)| {
        let of = |profile, layer| find(costs, core, profile, layer).map(|cost| cost.instructions);
        let pair = |profile| Some((of(profile, c.crates)?, of(profile, c.layer)?));
        Some((c, core, [pair("fast")?, pair("small")?]))
    })
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

const HEADER: &str =
    "core,profile,layer,instructions,worst,decision,worst decision,varies,flash,ram,stack,memory";

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
         Each row is a firmware of its own that decides and takes gradients of the Fenchel–Young loss with one sample, in \
         `f32`, by the checked public calls. It links no function that panics or allocates: the runner looks at its symbols.\n\n\
         - **gradient**: instructions of one: checks, noise, solve, difference; the mean over 16 seeds at ordinary scores. QEMU \
         counts instructions exactly, but it knows no cycles: a division, a load that waits or a branch taken costs more than \
         one on a real core.\n\
         - **decision**: instructions of one, at the same scores.\n\
         - **worst**: the most of one call at 17 vectors of scores: ordinary, equal, ascending, descending, alternating, random, \
         random of random sizes, and so large (beyond 2¹²ε) that they are centred. It is found, not proved: a search may take \
         longer still.\n\
         - **constant time**: whether all these calls took the same number of instructions, but for the large scores, which take \
         up to three solves more. Where it says no, time depends on the values, and tells of them.\n\
         - **flash**: of the whole program, vector table and start-up included; the row `none` is what remains without a \
         layer.\n\
         - **stack**: the deepest of these gradients, painted and scanned; noise, solution and the solver's memory live there.\n\
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
    text += &c_to_markdown(costs);
    for name in CORES {
        let title = Core::named(name).map_or(name, |core| core.title);
        let _ = write!(text, "\n## {title}\n");
        text += &table(
            costs,
            name,
            "gradient, fast | worst | small | worst | decision, fast | worst | small | worst | constant time",
            |fast, small| {
                let [[a, b, c, d], [e, f, g, h]] = [fast.calls(), small.calls()];
                let numbers = [a, b, e, f, c, d, g, h].map(grouped).join(" | ");
                format!("{numbers} | {}", if fast.varies + small.varies == 0 { "yes" } else { "no" })
            },
        );
        text += &table(
            costs,
            name,
            "flash, fast | small | stack, fast | small | memory, fast | small",
            |fast, small| {
                let both = [fast, small];
                let pairs =
                    [both.map(|cost| cost.flash), both.map(|cost| cost.stack), both.map(|cost| cost.memory)];
                pairs.as_flattened().iter().map(|&number| grouped(number)).collect::<Vec<_>>().join(" | ")
            },
        );
    }
    text
}

/// The layers of a core, fast and small.
fn table(costs: &Costs, core: &str, columns: &str, row: impl Fn(Cost, Cost) -> String) -> String {
    let rule = "---|".repeat(columns.split('|').count());
    let mut text = format!("\n| layer | {columns} |\n|---|{rule}\n");
    for (layer, what) in LAYERS {
        let both = PROFILES.map(|(_, profile)| find(costs, core, profile, layer));
        if let [Some(fast), Some(small)] = both {
            let _ = writeln!(text, "| {what} | {} |", row(fast, small));
        }
    }
    text
}

/// The library for C beside the crate.
fn c_to_markdown(costs: &Costs) -> String {
    let mut text = format!(
        "\n## In C\n\n\
         One gradient by the [library for C](c/README.md) beside the same by the crate, whose sizes the compiler knows. Built for \
         size, as its README says, it should take at most {}.{} times the crate's instructions.\n\n\
         | layer | core | crate, fast | C | times | crate, small | C | times | |\n|---|---|---|---|---|---|---|---|---|\n",
        TIMES / 10,
        TIMES % 10
    );
    for (c, core, both) in beside_the_crate(costs) {
        let what = LAYERS.iter().find(|(layer, _)| *layer == c.layer).map_or(c.layer, |(_, what)| what);
        let core = Core::named(core).map_or(core, |core| core.title);
        let times = |(rust, in_c): (u64, u64)| in_c as f64 / rust.max(1) as f64;
        let numbers = both.map(|(rust, in_c)| {
            format!("{} | {} | {:.2}", grouped(rust), grouped(in_c), times((rust, in_c)))
        });
        let verdict = match c.excuse {
            _ if times(both[1]) * 10.0 <= TIMES as f64 => "met".into(),
            excuse => format!("not met: {}", excuse.unwrap_or("a regression")),
        };
        let _ = writeln!(text, "| {what} | {core} | {} | {verdict} |", numbers.join(" | "));
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
        let cost = Cost::of_columns([instructions, 2000, 300, 400, 0, 1000, 4, 100, 200]);
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

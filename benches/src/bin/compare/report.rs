//! Results as a table and as CSV.

use perturb_benches::markdown::{counted, table, three_digits};
use perturb_benches::workload::{Variant, Workload};

use super::results::{Contender, Results};

/// What a workload was found to cost before the library had vector lanes, in nanoseconds per perturbed solve.
struct Reference {
    workload: &'static str,
    /// Sampling with a throw-away prototype: 16 samples per AVX-512 vector, one core of an AMD Zen 4.
    prototype: f64,
    /// An estimate for the same core: noise and the fewest operations that decide, by whatever method. For W1b it is
    /// that of drawing the decisions from the softmax.
    floor: f64,
}

/// Measured and estimated on the prototype's machine; only ratios of one machine say anything.
const REFERENCES: [Reference; 11] = {
    const fn new(workload: &'static str, prototype: f64, floor: f64) -> Reference {
        Reference { workload, prototype, floor }
    }
    [
        new("W1a", 7.8, 4.0),
        new("W1b", 6.2, 0.35),
        new("W1c", 495.0, 370.0),
        new("W2", 85.0, 65.0),
        new("W3a", 14.0, 6.0),
        new("W3b", 160.0, 90.0),
        new("W4a", 589.0, 280.0),
        new("W4b", 407.0, 250.0),
        new("W5", 1154.0, 600.0),
        new("W6", 154.0, 105.0),
        new("W7", 480.0, 300.0),
    ]
};

/// `3.1×`, or a dash.
fn ratio(a: f64, b: f64) -> String {
    if (a / b).is_finite() { format!("{}×", three_digits(a / b)) } else { "–".into() }
}

fn best((contender, ns): (&Contender, f64)) -> String {
    format!("{contender}: {}", three_digits(ns))
}

/// The table of all workloads: the library against the fastest peer. `all` is how many threads there are.
pub(crate) fn summary(results: &Results, workloads: &[Workload], all: usize) -> String {
    let our_threads = format!("ours, {}", counted(all, "thread"));
    let head = [
        "workload (B × M)",
        "ours, 1 thread",
        our_threads.as_str(),
        "fastest peer",
        "peer / ours",
        "ours exact (a row)",
        "peer's shortcut",
        "shortcut / exact",
        "prototype",
        "ours, 1 thread / prototype",
        "floor",
    ];
    let row = |workload: &Workload| {
        let name = workload.name;
        let sampled = |threads| results.ours(name, Variant::Sampled.name(), threads);
        let (ours, exact) =
            (results.our_best(name, Variant::Sampled.name()), results.our_best(name, Variant::Exact.name()));
        let (peer, shortcut) = (results.best_peer(name, false, None), results.best_peer(name, true, None));
        let reference = REFERENCES.iter().find(|reference| reference.workload == name);
        let (prototype, floor) =
            reference.map_or((f64::NAN, f64::NAN), |reference| (reference.prototype, reference.floor));
        let exact_cell = if exact.is_finite() {
            let row = exact * f64::from(workload.samples);
            format!("{} ({})", three_digits(exact), three_digits(row))
        } else {
            "–".into()
        };
        vec![
            format!("{name} {}, {} × {}", workload.title, workload.rows, workload.samples),
            three_digits(sampled(1)),
            three_digits(sampled(all)),
            peer.map_or("–".into(), best),
            ratio(peer.map_or(f64::NAN, |(_, ns)| ns), ours),
            exact_cell,
            shortcut.map_or("–".into(), best),
            ratio(shortcut.map_or(f64::NAN, |(_, ns)| ns), exact),
            three_digits(prototype),
            ratio(sampled(1), prototype),
            three_digits(floor),
        ]
    };
    table(&head, &workloads.iter().map(row).collect::<Vec<_>>())
}

/// How many times as long the fastest peer takes with each number of threads.
pub(crate) fn by_threads(results: &Results, workloads: &[Workload], counts: &[usize]) -> String {
    let head: Vec<String> =
        ["workload".into()].into_iter().chain(counts.iter().map(|&n| counted(n, "thread"))).collect();
    let cell = |workload: &Workload, threads| {
        let ours = results.ours(workload.name, Variant::Sampled.name(), threads);
        results
            .best_peer(workload.name, false, Some(threads))
            .map_or("–".into(), |(contender, ns)| format!("{} ({})", ratio(ns, ours), contender.who))
    };
    let row = |workload: &Workload| {
        let cells = counts.iter().map(|&threads| cell(workload, threads));
        [workload.name.into()].into_iter().chain(cells).collect()
    };
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    table(&head, &workloads.iter().map(row).collect::<Vec<_>>())
}

/// All peers at their best, and the library's other variants: a list of workloads.
pub(crate) fn others(results: &Results, workloads: &[Workload]) -> String {
    let line = |workload: &Workload| {
        let ours = [Variant::Baseline, Variant::Adam].into_iter().filter_map(|variant| {
            let ns = results.our_best(workload.name, variant.name());
            ns.is_finite().then(|| format!("ours {}: {}", variant.name(), three_digits(ns)))
        });
        let peers = results.peers(workload.name).into_iter().map(best);
        let shortcut = results.best_peer(workload.name, true, None).into_iter().map(best);
        let cells: Vec<String> = ours.chain(peers).chain(shortcut).collect();
        format!("- {}: {}\n", workload.name, cells.join("; "))
    };
    workloads.iter().map(line).collect()
}

/// One line for every contender, times in nanoseconds per perturbed solve.
pub(crate) fn csv(results: &Results) -> String {
    let mut text = String::from("workload,who,variant,threads,rounds,ns_per_solve,min_ns,max_ns\n");
    for (contender, rounds) in results.iter() {
        let Contender { workload, who, variant, threads } = contender;
        let ns = [rounds.median(), rounds.least(), rounds.largest()].map(|ns| format!("{ns:.4}")).join(",");
        text.extend([format!("{workload},{who},{variant},{threads},{},{ns}\n", rounds.count())]);
    }
    text
}

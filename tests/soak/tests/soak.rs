//! Seconds of what the program does for minutes or days.

use std::time::Duration;

use perturb_soak::firmware::{self, Report};
use perturb_soak::training;
use perturb_soak::trend::Mean;

fn main() {
    let mut reports: Vec<Report> = Vec::with_capacity(3);
    firmware::soak(2 * firmware::LEAST, |report| {
        println!("{report}");
        reports.push(report.clone());
        Ok(())
    })
    .unwrap();
    assert_eq!(reports.len(), 3);
    for report in reports {
        refuses(&report, |report| report.last = Mean { mean: report.first.mean * 2.0, ..report.first });
        refuses(&report, |report| report.frozen = report.last);
        refuses(&report, |report| report.heap[1] += 1);
        refuses(&report, |report| report.heap[2] += 1);
        refuses(&report, |report| report.anonymous = [Some(100), Some(165)]);
    }
    assert!(firmware::soak(firmware::LEAST - 1, |_| Ok(())).is_err());

    let folder = tempfile::tempdir().unwrap();
    let report = training::soak(Duration::from_secs(3), folder.path()).unwrap();
    println!("{report}");
    report.judge().unwrap();
    // Thirds in which the least is the last's.
    let mut growing = training::Report::default();
    growing.heap.see(0.1, 100);
    growing.heap.see(0.5, 100);
    growing.heap.see(0.9, 101);
    assert!(growing.judge().is_err());
}

/// A report that is changed so is no longer good.
fn refuses(report: &Report, change: impl Fn(&mut Report)) {
    let mut changed = report.clone();
    change(&mut changed);
    assert!(changed.judge().is_err(), "{changed}");
}

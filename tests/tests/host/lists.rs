//! The lists that tests walk have every public oracle and noise: what the sources implement is compared with what is shown.

use std::any::type_name;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use perturb::{AnyNoise, Error, Oracle, Real};
use perturb_tests::layers::{self, Visitor};

/// The types that implement `interface` in a folder of the core's sources.
pub(crate) fn implementors(folder: &str, interface: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/src").join(folder);
    let mut found = BTreeSet::new();
    read(&folder, &format!(" {interface} for "), &mut found);
    assert!(!found.is_empty(), "nothing implements {interface} in {}", folder.display());
    found
}

fn read(folder: &Path, what: &str, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(&path, what, found);
            continue;
        }
        for line in fs::read_to_string(&path).unwrap().lines().filter(|line| line.starts_with("impl")) {
            let Some((_, implementor)) = line.split_once(what) else { continue };
            let name: String = implementor.chars().take_while(|c| c.is_alphanumeric()).collect();
            // References and tuples have no name of their own.
            if !name.is_empty() {
                found.insert(name);
            }
        }
    }
}

/// The name of a type without its path and its parameters.
pub(crate) fn name_of<X: ?Sized>() -> String {
    let whole = type_name::<X>();
    let path = whole.split('<').next().unwrap_or(whole);
    path.rsplit("::").next().unwrap_or(path).to_owned()
}

struct Names(BTreeSet<String>);

impl<T: Real> Visitor<T> for Names {
    fn visit<O: Oracle<T> + Sync>(&mut self, _: &str, oracle: Result<O, Error>, _: &[T]) {
        assert!(oracle.is_ok());
        self.0.insert(name_of::<O>());
    }
}

#[test]
fn every_oracle_is_shown() {
    let mut shown = Names(BTreeSet::new());
    layers::all::<f32>(&mut shown);
    assert_eq!(shown.0, implementors("oracle", "Oracle<T>"), "perturb_tests::layers");
}

#[test]
fn every_noise_can_be_chosen() {
    let mut chosen: BTreeSet<String> = AnyNoise::ALL.iter().map(|noise| format!("{noise:?}")).collect();
    chosen.insert("AnyNoise".into());
    assert_eq!(chosen, implementors("noise", "Noise<T>"), "AnyNoise::ALL");
}

//! Writes `docs/public-names.txt`: the public names of the published libraries, one a line, as rustdoc shows them.
//!
//! ```sh
//! cargo run -p perturb-names               # write the list
//! cargo run -p perturb-names -- --check    # fail if it differs
//! ```
//!
//! rustdoc's pages name every item by an anchor, which links from elsewhere depend on. Its JSON would say more, but only on nightly
//! Rust and in a format that changes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs};

/// The libraries, by their names in Rust.
const LIBRARIES: [&str; 4] = ["perturb_core", "perturb", "perturb_lanes", "perturb_sqrt"];
/// What they are documented with: everything but the bridges to frameworks, which add no names.
const FEATURES: &str = "perturb/npz,perturb/nalgebra,perturb/heapless";
/// Where the list is, from the root of the repository.
const LIST: &str = "docs/public-names.txt";

/// The sections of a page that follow what an item itself declares.
const FOREIGN: [&str; 5] = [
    "id=\"trait-implementations\"",
    "id=\"synthetic-implementations\"",
    "id=\"blanket-implementations\"",
    "id=\"foreign-impls\"",
    "id=\"implementors\"",
];

/// What stands between two strings, wherever both follow one another.
fn between<'t>(text: &'t str, before: &'static str, after: char) -> impl Iterator<Item = &'t str> {
    text.split(before).skip(1).filter_map(move |rest| rest.split(after).next())
}

/// The kind and the name of what an anchor of an item's page names, if it is a member.
fn member(anchor: &str) -> Option<(&'static str, String)> {
    let (kind, name) = anchor.split_once('.')?;
    // Two of one name, in two blocks: `new` and `new-1`.
    let name = name.split_once('-').map_or(name, |(name, _)| name);
    Some(match kind {
        "structfield" => ("field", name.to_owned()),
        "variant" => match name.split_once(".field.") {
            Some((variant, field)) => ("field", format!("{variant}::{field}")),
            None if name.ends_with(".fields") => return None,
            None => ("variant", name.to_owned()),
        },
        "method" | "tymethod" => ("method", name.to_owned()),
        "associatedtype" => ("associated type", name.to_owned()),
        "associatedconstant" => ("associated constant", name.to_owned()),
        _ => return None,
    })
}

fn read(page: &Path) -> Result<String, String> {
    fs::read_to_string(page).map_err(|error| format!("{}: {error}", page.display()))
}

/// Lists a module: its re-exports, its items with their members, and the modules inside.
fn list(folder: &Path, module: &str, names: &mut BTreeSet<String>) -> Result<(), String> {
    let index = read(&folder.join("index.html"))?;
    for name in between(&index, "id=\"reexport.", '"') {
        names.insert(format!("{module}::{name}: re-export"));
    }
    for target in between(&index, "href=\"", '"') {
        // Items of this module alone have links without a folder, but for the modules inside.
        if let Some(inner) = target.strip_suffix("/index.html").filter(|inner| !inner.contains(['/', '.'])) {
            let inside = format!("{module}::{inner}");
            if names.insert(format!("{inside}: module")) {
                list(&folder.join(inner), &inside, names)?;
            }
        }
        let Some((kind, name)) = target.strip_suffix(".html").and_then(|item| item.split_once('.')) else {
            continue;
        };
        if target.contains(['/', '#']) || !folder.join(target).is_file() {
            continue;
        }
        let kind = match kind {
            "fn" => "function",
            "type" => "type alias",
            kind => kind,
        };
        names.insert(format!("{module}::{name}: {kind}"));
        let page = read(&folder.join(target))?;
        let end = FOREIGN.iter().filter_map(|section| page.find(section)).min().unwrap_or(page.len());
        for (kind, inside) in between(&page[..end], " id=\"", '"').filter_map(member) {
            names.insert(format!("{module}::{name}::{inside}: {kind}"));
        }
    }
    Ok(())
}

/// Whether a name of `perturb` is one of the core, which `perturb` re-exports as a whole: those are listed once.
fn is_of_core(name: &str, listed: &BTreeSet<String>) -> bool {
    let Some((path, _)) = name.strip_prefix("perturb::").and_then(|rest| rest.split_once(": ")) else {
        return false;
    };
    let is_listed = |path: &str, kind| {
        let start = format!("perturb_core::{path}: {kind}");
        listed.range(start.clone()..).next().is_some_and(|name| name.starts_with(&start))
    };
    // Here with its members, there as the re-export of an item that is listed elsewhere.
    let ends = path.match_indices("::").map(|(end, _)| end).chain([path.len()]);
    is_listed(path, "") || ends.into_iter().any(|end| is_listed(&path[..end], "re-export"))
}

/// The public names, from documentation that is made now.
fn names(root: &Path) -> Result<BTreeSet<String>, String> {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut document = Command::new(cargo);
    document.current_dir(root).args(["doc", "--quiet", "--no-deps", "--features", FEATURES]);
    document.arg("--target-dir").arg(&target);
    document.args(LIBRARIES.iter().flat_map(|library| ["--package".to_owned(), library.replace('_', "-")]));
    let status = document.status().map_err(|error| format!("cargo: {error}"))?;
    if !status.success() {
        return Err("cargo doc failed".to_owned());
    }
    let mut all = BTreeSet::new();
    for library in LIBRARIES {
        let mut names = BTreeSet::new();
        list(&target.join("doc").join(library), library, &mut names)?;
        if names.is_empty() {
            return Err(format!(
                "{library} has no public name: rustdoc's pages are not as this program reads them"
            ));
        }
        names.retain(|name| !is_of_core(name, &all));
        all.extend(names);
    }
    Ok(all)
}

fn run() -> Result<(), String> {
    let check = match env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [] => false,
        [only] if only == "--check" => true,
        _ => return Err("expected no argument, or --check".to_owned()),
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let file = root.join(LIST);
    let names = names(&root)?;
    if !check {
        let lines: Vec<_> = names.into_iter().collect();
        return fs::write(&file, lines.join("\n") + "\n")
            .map_err(|error| format!("{}: {error}", file.display()));
    }
    let text = read(&file)?;
    let listed: BTreeSet<String> = text.lines().map(str::to_owned).collect();
    for gone in listed.difference(&names) {
        println!("- {gone}");
    }
    for new in names.difference(&listed) {
        println!("+ {new}");
    }
    if listed == names {
        return Ok(());
    }
    Err(format!(
        "the public names differ from {LIST}: `cargo run -p perturb-names` writes it; a name that is gone or \
         renamed is a breaking change, see CONTRIBUTING.md"
    ))
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_members() {
        let named = |anchor| member(anchor).map(|(kind, name)| format!("{name}: {kind}"));
        assert_eq!(named("method.new-1").as_deref(), Some("new: method"));
        assert_eq!(named("tymethod.solve").as_deref(), Some("solve: method"));
        assert_eq!(named("structfield.seed").as_deref(), Some("seed: field"));
        assert_eq!(named("variant.Length.field.found").as_deref(), Some("Length::found: field"));
        assert_eq!(named("variant.Length").as_deref(), Some("Length: variant"));
        for other in ["variant.Length.fields", "impl-Debug-for-Error", "main-content", "reexport.Exact"] {
            assert_eq!(named(other), None);
        }
    }

    #[test]
    fn names_of_the_core_are_known() {
        let core =
            ["perturb_core::Error: enum", "perturb_core::Oracle: re-export", "perturb_core::loss: module"];
        let core = core.map(str::to_owned).into();
        for of_core in ["perturb::Error: enum", "perturb::Oracle: trait", "perturb::Oracle::solve: method"] {
            assert!(is_of_core(of_core, &core), "{of_core}");
        }
        for own in [
            "perturb::Err: enum",
            "perturb::Batch: struct",
            "perturb::loss::New: struct",
            "perturb_core::x: y",
        ] {
            assert!(!is_of_core(own, &core), "{own}");
        }
    }

    #[test]
    fn what_others_implement_is_left_out() {
        let folder = env::temp_dir().join(format!("perturb-names-{}", std::process::id()));
        fs::create_dir_all(folder.join("inner")).expect("a folder");
        let write = |page: &str, text: &str| fs::write(folder.join(page), text).expect("a page");
        write("index.html", r#"<a href="inner/index.html"><a href="struct.A.html"><dt id="reexport.B">"#);
        write("inner/index.html", r#"<a href="../struct.A.html"><a href="fn.f.html">"#);
        write("inner/fn.f.html", "");
        write(
            "struct.A.html",
            r#"<s id="structfield.x"> <s id="method.y"> <h2 id="trait-implementations"> <s id="method.fmt">"#,
        );
        let mut names = BTreeSet::new();
        let listed = list(&folder, "a", &mut names);
        fs::remove_dir_all(&folder).expect("the folder");
        listed.expect("pages");
        let want =
            ["a::A: struct", "a::A::x: field", "a::A::y: method", "a::B: re-export", "a::inner: module"];
        assert!(want.iter().all(|name| names.contains(*name)), "{names:?}");
        assert_eq!(names.len(), want.len() + 1, "{names:?}");
        assert!(names.contains("a::inner::f: function"));
    }
}

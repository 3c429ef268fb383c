//! No file of these tests is left out: cargo runs each folder of `tests` that has a `main.rs`, and Rust compiles what a `mod`
//! names there and nothing else.

use std::fs;
use std::path::{Path, PathBuf};

/// The modules that a file declares. What is compiled only at times is left out at others, and does not count.
fn modules(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let mut conditional = false;
    let mut modules = Vec::new();
    for line in text.lines().map(str::trim) {
        let item = line.strip_prefix("pub(crate) ").or(line.strip_prefix("pub ")).unwrap_or(line);
        let name = item.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';'));
        modules.extend(name.filter(|_| !conditional).map(str::to_owned));
        conditional = line.starts_with("#[cfg");
    }
    modules
}

/// What lies in a folder, in order.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut entries: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

/// The files of `folder` that are no modules of `root`, nor of one another.
fn left_out_of(folder: &Path, root: &Path, left_out: &mut Vec<PathBuf>) {
    let modules = modules(root);
    for path in entries(folder) {
        let declared = path.file_stem().is_some_and(|stem| modules.iter().any(|name| stem == name.as_str()));
        if path.is_dir() {
            let (inside, beside) = (path.join("mod.rs"), path.with_extension("rs"));
            match [inside, beside].into_iter().find(|file| declared && file.is_file()) {
                Some(root) => left_out_of(&path, &root, left_out),
                None => left_out.push(path),
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") && path != root && !declared {
            left_out.push(path);
        }
    }
}

/// The files under `tests` that are in no program, and the folders that are none.
fn left_out(tests: &Path) -> Vec<PathBuf> {
    let mut left_out = Vec::new();
    for folder in entries(tests) {
        let root = folder.join("main.rs");
        if root.is_file() {
            left_out_of(&folder, &root, &mut left_out);
        } else {
            left_out.push(folder);
        }
    }
    left_out
}

#[test]
fn every_file_is_compiled() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let left_out = left_out(&package.join("tests"));
    assert!(
        left_out.is_empty(),
        "no module of the main.rs of its folder, or a folder without one: {left_out:#?}"
    );
    // Nothing in the manifest keeps cargo from a folder, and nothing lies where it does not look.
    let manifest = fs::read_to_string(package.join("Cargo.toml")).unwrap();
    for setting in ["autotests", "test = false", "harness = false", "required-features"] {
        assert!(!manifest.contains(setting), "{setting} in the manifest may leave a program out");
    }
    for path in entries(package) {
        let name = path.file_name().unwrap().to_string_lossy();
        let stray = name.ends_with(".rs") && !manifest.contains(&format!("path = \"{name}\""));
        assert!(!stray, "{} is in no folder of tests", path.display());
    }
}

/// The test above sees what it should.
#[test]
fn files_that_are_left_out_are_found() {
    let tests = Path::new(env!("CARGO_TARGET_TMPDIR")).join("left_out");
    let _ = fs::remove_dir_all(&tests);
    let main = "//! mod comment;\nmod here;\n#[cfg(windows)]\nmod elsewhere;\npub(crate) mod nested;\n// mod commented;\n";
    for (file, text) in [
        ("kind/main.rs", main),
        ("kind/here.rs", ""),
        ("kind/elsewhere.rs", ""),
        ("kind/commented.rs", ""),
        ("kind/nested/mod.rs", "mod deep;\n"),
        ("kind/nested/deep.rs", ""),
        ("kind/nested/here.rs", ""),
        ("kind/undeclared/mod.rs", ""),
        ("rootless/file.rs", ""),
        ("stray.rs", ""),
    ] {
        let path = tests.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let found = left_out(&tests);
    let found: Vec<_> = found.iter().map(|path| path.strip_prefix(&tests).unwrap()).collect();
    let want = [
        "kind/commented.rs",
        "kind/elsewhere.rs",
        "kind/nested/here.rs",
        "kind/undeclared",
        "rootless",
        "stray.rs",
    ];
    assert_eq!(found, want.map(Path::new));
}

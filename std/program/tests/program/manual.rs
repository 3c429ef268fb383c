//! Completions and manual pages say what the program can do.

use std::process::Command;

use super::{perturb, succeed};

const COMMANDS: [&str; 9] =
    ["demo", "train", "evaluate", "predict", "show", "export", "experiment", "completions", "man"];

#[test]
fn bash_takes_the_completions() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = succeed(folder, &["completions", shell]);
        for command in COMMANDS {
            assert!(script.contains(command), "{shell}: {command}");
        }
    }
    std::fs::write(folder.join("perturb.bash"), succeed(folder, &["completions", "bash"])).expect("writable");
    let complete = r#"
        source perturb.bash || exit 1
        COMP_WORDS=(perturb tr) COMP_CWORD=1
        _perturb perturb tr perturb
        echo "${COMPREPLY[@]}"
    "#;
    let output = Command::new("bash").args(["-c", complete]).current_dir(folder).output().expect("bash runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "train");
}

#[test]
fn the_manual_has_a_page_for_every_command() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let page = succeed(folder, &["man"]);
    assert!(page.contains(".TH perturb 1") && page.contains("Exit codes"), "{page}");
    succeed(folder, &["man", "--out", "man1"]);
    for command in COMMANDS {
        let page = std::fs::read_to_string(folder.join(format!("man1/perturb-{command}.1"))).expect(command);
        assert!(page.contains(".SH SYNOPSIS"), "{command}");
        assert!(perturb(folder, &[command, "--help"]).status.success(), "{command}");
    }
    assert_eq!(std::fs::read_to_string(folder.join("man1/perturb.1")).expect("the page"), page);
}

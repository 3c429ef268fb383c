//! Training that is killed, interrupted, or out of room goes on to the bits of training that was left alone.
#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use perturb::Seed;

/// Long enough to be hit, and saved after every step.
const TRAIN: [&str; 11] = [
    "train",
    "--data",
    "votes.csv",
    "--quiet",
    "--json",
    "--epochs",
    "25",
    "--optimizer",
    "adam",
    "--patience",
    "25",
];
/// How many times the work is killed.
const KILLS: u32 = 100;

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_perturb"));
    command.args(TRAIN).args(arguments).current_dir(folder);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().expect("the program runs")
}

fn succeed(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn votes(folder: &Path) {
    let row = |i: u32| {
        let x = f64::from(i % 20) / 10.0 - 1.0;
        format!("{x},{},{}\n", i % 7, if x > 0.0 { "a>b>c" } else { "c>b>a" })
    };
    fs::write(folder.join("votes.csv"), format!("x,w,ordering\n{}", (0..400).map(row).collect::<String>()))
        .expect("a temporary folder is writable");
}

/// Weights and bias of a model file: its metadata has the command, which says `--resume`.
fn learned(folder: &Path, model: &str) -> Vec<u8> {
    fs::read(folder.join(model)).expect("the model")[32..32 + 4 * (2 + 1) * 3].to_vec()
}

/// Files of the folder that nobody asked for.
fn leftovers(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).expect("the folder").map(|entry| entry.unwrap().file_name());
    let names = names.map(|name| name.into_string().expect("UTF-8"));
    names.filter(|name| !["votes.csv", "m", "whole"].contains(&name.as_str())).collect()
}

fn send(child: &Child, signal: &str) {
    let status = Command::new("kill").args([signal, &child.id().to_string()]).status();
    assert!(status.expect("kill runs").success());
}

/// Killed after random times, and half of the times as soon as a file is being written beside its place.
#[test]
fn a_hundred_kills_change_no_bit() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    votes(folder);
    let whole = succeed(folder, &["--model", "whole"]);
    let mut stream = Seed(1).stream(0);
    let (mut kills, mut within, mut runs) = (0, 0, 0);
    let mut at_random = Duration::from_millis(200);
    let resumed = loop {
        // Starts over whenever a run has come to its end.
        let start = Instant::now();
        let mut child =
            command(folder, &["--model", "m", "--checkpoint-every", "0", "--resume"]).spawn().unwrap();
        let wait = at_random.mul_f64(<f64 as perturb::Real>::uniform(&mut stream));
        let writing = kills % 2 == 0;
        while child.try_wait().unwrap().is_none() {
            let seen = leftovers(folder).iter().any(|name| name.ends_with(".partial"));
            if kills < KILLS && (writing && seen || !writing && start.elapsed() >= wait) {
                child.kill().unwrap();
                kills += 1;
                within += u32::from(seen);
                break;
            }
        }
        let output = child.wait_with_output().unwrap();
        if output.status.success() {
            runs += 1;
            assert_eq!(learned(folder, "m"), learned(folder, "whole"), "after {kills} kills");
            assert!(leftovers(folder).is_empty(), "{:?}", leftovers(folder));
            if kills >= KILLS {
                break String::from_utf8(output.stdout).unwrap();
            }
            at_random /= 2;
        } else {
            let complaint = String::from_utf8_lossy(&output.stderr);
            assert!(!complaint.contains("perturb: "), "{complaint}");
        }
    };
    assert_eq!(resumed.replace("\"m\"", "\"whole\""), whole, "the curve, too");
    println!("{kills} kills, {within} of them while a file was written; {runs} runs came to their end");
    assert!(within >= KILLS / 4, "{within}");
}

#[test]
fn an_interrupt_saves_and_says_how_to_go_on() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    votes(folder);
    let long = ["--epochs", "1000000", "--patience", "1000000", "--model", "m"];
    for signal in ["-INT", "-TERM"] {
        let child = command(folder, &[&long[..], &["--checkpoint-every", "0"]].concat()).spawn().unwrap();
        while !folder.join("m.checkpoint").exists() {
            std::thread::sleep(Duration::from_millis(1));
        }
        send(&child, signal);
        let output = child.wait_with_output().unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(130), "{complaint}");
        assert!(complaint.starts_with("perturb: interrupted after step "), "{complaint}");
        assert!(complaint.ends_with("saved in m.checkpoint; the same command with --resume goes on\n"));
        assert!(!folder.join("m").exists());
    }
    // Other settings are other work.
    let refused = run(folder, &["--epsilon", "2", "--model", "m", "--resume"]);
    let complaint = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1));
    assert!(complaint.contains("the checkpoint m.checkpoint has epsilon 1; this run has 2"), "{complaint}");
}

/// Every single flipped bit of a checkpoint is noticed by the program, in samples; by the library, in full, in its own tests.
#[test]
fn damaged_checkpoints_are_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    votes(folder);
    let mut child =
        command(folder, &["--epochs", "1000000", "--model", "m", "--checkpoint-every", "0"]).spawn().unwrap();
    while !folder.join("m.checkpoint").exists() {
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let sound = fs::read(folder.join("m.checkpoint")).unwrap();
    for bit in (0..8 * sound.len()).step_by(8 * sound.len() / 40 + 1) {
        let mut flipped = sound.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        fs::write(folder.join("m.checkpoint"), flipped).unwrap();
        let refused = run(folder, &["--epochs", "1000000", "--model", "m", "--resume"]);
        assert_eq!(refused.status.code(), Some(1), "bit {bit}");
        assert!(String::from_utf8_lossy(&refused.stderr).contains("the checkpoint m.checkpoint "));
    }
}

/// On file systems of their own, which only root can make: a disk that is full, and one that nobody may write to.
#[test]
fn a_full_disk_and_a_read_only_one_lose_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    votes(folder);
    succeed(folder, &["--model", "whole"]);
    let script = r#"
        mkdir disk && mount -t tmpfs -o size=16k none disk || exit 77
        # Room for a checkpoint, but not for two.
        "$PERTURB" $TRAIN --epochs 25 --model disk/m --checkpoint-every 0 && exit 1
        ls -a disk; test ! -e disk/m || exit 2
        cp disk/m.checkpoint . || exit 3
        mount -o remount,size=1m disk || exit 4
        mount -o remount,ro disk || exit 5
        "$PERTURB" $TRAIN --model disk/m --checkpoint-every 0 --resume && exit 6
        cmp disk/m.checkpoint m.checkpoint || exit 7
        mount -o remount,rw disk || exit 8
        "$PERTURB" $TRAIN --model disk/m --resume || exit 9
        cp disk/m m
    "#;
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-c", script])
        .current_dir(folder)
        .env("PERTURB", env!("CARGO_BIN_EXE_perturb"))
        .env("TRAIN", TRAIN.join(" "))
        .output();
    let Ok(output) = output else { return eprintln!("NOT RUN: there is no unshare") };
    let log = [output.stdout, output.stderr].concat();
    let log = String::from_utf8_lossy(&log);
    println!("{log}");
    if output.status.code() == Some(77) || log.contains("unshare failed") {
        return eprintln!("NOT RUN: only root may mount a disk");
    }
    assert!(output.status.success(), "exit code {:?}", output.status.code());
    assert!(log.contains("No space left on device") && log.contains("Read-only file system"));
    assert_eq!(learned(folder, "m"), learned(folder, "whole"));
}

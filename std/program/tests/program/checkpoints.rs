//! Training that is killed, interrupted, or out of room goes on to the bits of training that was left alone.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use perturb::{Real, Seed};

/// Long enough to be hit when the state is saved after every step.
const SHORT: &str = "train --data votes.csv --quiet --json --optimizer adam --epochs 25 --patience 25";
/// Hours.
const LONG: &str = "train --data votes.csv --quiet --optimizer adam --epochs 1000000 --patience 1000000";
/// How many times the work is killed.
const KILLS: u32 = 100;

fn command(folder: &Path, training: &str, more: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_perturb"));
    command.args(training.split(' ').chain(more.split(' '))).current_dir(folder);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The program at work on `LONG`, after its first checkpoint.
fn long_run(folder: &Path) -> Child {
    let mut child =
        command(folder, LONG, "--model m --checkpoint-every 0").spawn().expect("the program runs");
    while !folder.join("m.checkpoint").exists() {
        assert!(child.try_wait().expect("a child").is_none(), "it ended");
        thread::sleep(Duration::from_millis(1));
    }
    child
}

/// Standard output of a run that must succeed.
fn succeed(folder: &Path, training: &str, more: &str) -> String {
    let output = command(folder, training, more).output().expect("the program runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Standard error of a run that must fail with exit code 1.
fn refuse(folder: &Path, training: &str, more: &str) -> String {
    let output = command(folder, training, more).output().expect("the program runs");
    assert_eq!(output.status.code(), Some(1), "{more}");
    String::from_utf8(output.stderr).expect("UTF-8")
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

/// The files of a report, but for the folder in its command.
fn report(folder: &Path, run: &str) -> Vec<(OsString, String)> {
    let files = fs::read_dir(folder.join(run)).unwrap().map(|entry| entry.unwrap());
    let text =
        |file: &fs::DirEntry| fs::read_to_string(file.path()).unwrap().replace("--out cut", "--out whole");
    let mut files: Vec<_> = files.map(|file| (file.file_name(), text(&file))).collect();
    files.sort();
    files
}

/// Files of the folder that nobody asked for.
fn leftovers(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).expect("the folder").map(|entry| entry.unwrap().file_name());
    let names = names.map(|name| name.into_string().expect("UTF-8"));
    names.filter(|name| !["votes.csv", "m", "whole"].contains(&name.as_str())).collect()
}

/// Killed after random times, and half of the times as soon as a file is being written beside its place.
#[test]
fn a_hundred_kills_change_no_bit() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    votes(folder);
    let whole = succeed(folder, SHORT, "--model whole");
    let mut stream = Seed(1).stream(0);
    let (mut kills, mut within, mut runs) = (0, 0, 0);
    let mut longest = Duration::from_millis(200);
    let resumed = loop {
        let start = Instant::now();
        let mut child = command(folder, SHORT, "--model m --checkpoint-every 0 --resume").spawn().unwrap();
        let wait = longest.mul_f64(f64::uniform(&mut stream));
        let while_written = kills % 2 == 0;
        let mut killed = false;
        while !killed && child.try_wait().unwrap().is_none() {
            let written = leftovers(folder).iter().any(|name| name.ends_with(".partial"));
            if kills < KILLS && if while_written { written } else { start.elapsed() >= wait } {
                child.kill().unwrap();
                (killed, kills) = (true, kills + 1);
                within += u32::from(written);
            }
        }
        let output = child.wait_with_output().unwrap();
        if output.status.success() {
            // Starts over, to be killed earlier, until there were kills enough.
            runs += 1;
            longest /= 2;
            assert_eq!(learned(folder, "m"), learned(folder, "whole"), "after {kills} kills");
            if kills >= KILLS && !killed {
                break String::from_utf8(output.stdout).unwrap();
            }
        } else {
            assert!(killed, "{}", String::from_utf8_lossy(&output.stderr));
        }
    };
    assert_eq!(resumed.replace("\"m\"", "\"whole\""), whole, "the curve, too");
    assert_eq!(leftovers(folder), [""; 0]);
    println!("{kills} kills, {within} of them while a file was written; {runs} runs came to their end");
    assert!(within >= KILLS / 4, "{within}");
}

#[test]
fn an_interrupt_saves_and_says_how_to_go_on() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    votes(folder);
    for signal in ["-INT", "-TERM"] {
        let _ = fs::remove_file(folder.join("m.checkpoint"));
        let child = long_run(folder);
        let status = Command::new("kill").args([signal, &child.id().to_string()]).status();
        assert!(status.expect("kill runs").success());
        let output = child.wait_with_output().unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(130), "{complaint}");
        assert!(complaint.starts_with("perturb: interrupted after step "), "{complaint}");
        assert!(
            complaint.ends_with("saved in m.checkpoint; run the same command with --resume to continue\n")
        );
        assert!(!folder.join("m").exists());
    }
    // Other settings are other work.
    let complaint = refuse(folder, LONG, "--epsilon 2 --model m --resume");
    assert!(complaint.contains("m.checkpoint has epsilon 1; this run has 2"), "{complaint}");
    // Who starts again is told that they need not, and loses nothing.
    let saved = fs::read(folder.join("m.checkpoint")).unwrap();
    let again = command(folder, SHORT, "--model m").output().expect("the program runs");
    let complaint = String::from_utf8_lossy(&again.stderr).into_owned();
    assert_eq!(again.status.code(), Some(2), "{complaint}");
    assert!(complaint.contains("--resume continues it, and to start anew, remove it"), "{complaint}");
    assert_eq!(fs::read(folder.join("m.checkpoint")).unwrap(), saved);
    fs::remove_file(folder.join("m.checkpoint")).unwrap();
    succeed(folder, SHORT, "--model m");
}

#[test]
fn the_page_of_training_that_was_killed_is_that_of_training_that_was_not() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    votes(folder);
    succeed(folder, SHORT, "--model m --out whole");
    loop {
        // Of a run that came to its end before it could be killed.
        let _ = fs::remove_file(folder.join("m"));
        let mut child =
            command(folder, SHORT, "--model m --out cut --checkpoint-every 0").spawn().expect("it runs");
        while child.try_wait().unwrap().is_none() && !folder.join("m.checkpoint").exists() {}
        child.kill().unwrap();
        child.wait().unwrap();
        if folder.join("m.checkpoint").exists() {
            break;
        }
    }
    assert!(!folder.join("m").exists());
    succeed(folder, SHORT, "--model m --out cut --resume");
    let whole = report(folder, "whole");
    assert!(whole.iter().any(|(name, _)| name == "train.html"), "{whole:?}");
    assert_eq!(report(folder, "cut"), whole);
}

/// A flipped bit of a checkpoint is noticed by the program; the library's own tests flip every one.
#[test]
fn damaged_checkpoints_are_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    votes(folder);
    let mut child = long_run(folder);
    child.kill().unwrap();
    child.wait().unwrap();
    let sound = fs::read(folder.join("m.checkpoint")).unwrap();
    for bit in (0..8 * sound.len()).step_by(8 * sound.len() / 40 + 1) {
        let mut flipped = sound.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        fs::write(folder.join("m.checkpoint"), flipped).unwrap();
        let complaint = refuse(folder, LONG, "--model m --resume");
        assert!(complaint.starts_with("perturb: m.checkpoint "), "bit {bit}: {complaint}");
    }
}

/// On file systems of their own, which only root can make: a disk that is full, and one that nobody may write to.
#[test]
fn a_full_disk_and_a_read_only_one_lose_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    votes(folder);
    succeed(folder, SHORT, "--model whole");
    let script = r#"
        mkdir disk && mount -t tmpfs -o size=4k none disk || exit 77
        # Room for a checkpoint, but not for two.
        "$PERTURB" $TRAIN --model disk/m --checkpoint-every 0 && exit 1
        test ! -e disk/m || exit 2
        cp disk/m.checkpoint . || exit 3
        mount -o remount,size=64k disk || exit 4
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
        .env("TRAIN", SHORT)
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

#[test]
fn asymptotics_go_on_where_they_were_killed() {
    goes_on("asymptotics", "experiment asymptotics --quiet --json --checkpoint-every 0");
}

#[test]
fn benchmarks_go_on_where_they_were_killed() {
    let few = "--problem subset,shortest-path --degrees 1,2 --rows 5 --seeds 2";
    goes_on("benchmark", &format!("experiment benchmark {few} --quiet --json --checkpoint-every 0"));
}

#[test]
fn choices_go_on_where_they_were_killed() {
    let data = tempfile::tempdir().expect("a temporary folder");
    super::choices::travellers(data.path());
    super::choices::queries(data.path(), 400);
    let place = data.path().to_str().expect("UTF-8");
    let files = format!("--data {place} --queries {place}/queries.txt");
    goes_on("choice", &format!("experiment choice {files} --quiet --json --checkpoint-every 0"));
}

/// An experiment that is killed again and again, and interrupted in between, ends with the table of one that was left alone.
fn goes_on(name: &str, experiment: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let start = Instant::now();
    let whole = succeed(folder, experiment, "--out whole");
    let duration = start.elapsed();
    let mut stream = Seed(2).stream(0);
    let (mut ends, mut interrupts) = (0, 0);
    let resumed = loop {
        let child = command(folder, experiment, "--out cut --resume").spawn().unwrap();
        thread::sleep(duration.mul_f64(f64::uniform(&mut stream) / 8.0));
        let signal = if ends % 2 == 0 { "-KILL" } else { "-INT" };
        if ends < 12 {
            ends += 1;
            let status = Command::new("kill").args([signal, &child.id().to_string()]).status();
            assert!(status.expect("kill runs").success());
        }
        let output = child.wait_with_output().unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        match output.status.code() {
            Some(0) => break String::from_utf8(output.stdout).unwrap(),
            Some(130) => {
                interrupts += 1;
                let place = format!("saved in cut/{name}.checkpoint; run the same command with --resume");
                assert!(complaint.contains(&place), "{complaint}");
            }
            code => assert!(code.is_none(), "{complaint}"),
        }
    };
    println!("{ends} ends, {interrupts} of them by an interrupt");
    assert!(interrupts > 0);
    assert_eq!(resumed, whole);
    assert_eq!(report(folder, "cut"), report(folder, "whole"));
}

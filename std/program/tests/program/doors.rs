//! The first hour: streams that fail, signals, and files as people have them.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::{json, perturb, refuse, succeed, votes};

/// What a shell makes of a command line, in which `perturb` is the program.
fn shell(folder: &Path, line: &str) -> Output {
    let line = line.replace("perturb ", &format!("'{}' ", env!("CARGO_BIN_EXE_perturb")));
    Command::new("sh").args(["-c", &line]).current_dir(folder).output().expect("sh runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Nothing is lost where nobody can hear what is said, and nobody is told that work was done which was not.
#[test]
#[cfg(target_os = "linux")]
fn standard_streams_may_be_full_or_closed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    votes(folder);
    for (line, code) in [
        ("perturb train --data votes.csv --model m 2>/dev/full", 0),
        ("perturb train --data votes.csv --model n --plain 2>&-", 0),
        ("perturb train --data none.csv 2>/dev/full", 1),
        ("perturb train --epochs 0 2>/dev/full", 2),
        ("perturb train --epochs 0 --json 2>/dev/full", 2),
        ("perturb --help >/dev/full", 1),
        ("perturb --version >/dev/full", 1),
        ("perturb demo --maps 5 --steps 10 --quiet >/dev/full", 1),
        ("perturb predict --data votes.csv --model m >/dev/full", 1),
        ("perturb predict --data votes.csv --model m | head -1", 0),
        ("perturb completions bash >/dev/full", 1),
        ("perturb man >/dev/full", 1),
    ] {
        let output = shell(folder, line);
        assert_eq!(output.status.code(), Some(code), "{line}: {}", said(&output));
    }
    assert!(fs::read(folder.join("m")).expect("the model") == fs::read(folder.join("n")).expect("the model"));
}

/// Where the system refuses threads, the work goes on with fewer, and with the same result. Only a user without other processes has
/// a limit that is known, and only root can be one.
#[test]
#[cfg(target_os = "linux")]
fn refused_threads_are_done_without() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let nobody = "setpriv --reuid=65534 --regid=65534 --clear-groups";
    if !shell(folder, &format!("{nobody} '{}' --version", env!("CARGO_BIN_EXE_perturb"))).status.success() {
        eprintln!("SKIPPED: only root can be another user, who may run this program");
        return;
    }
    votes(folder);
    succeed(folder, &["train", "--data", "votes.csv", "--model", "m"]);
    fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).expect("a folder of one's own");
    for (limit, expected) in [(40, "going on with 16"), (6, "going on with 2"), (1, "going on with one")] {
        let line = format!(
            "prlimit --nproc={limit} {nobody} '{}' train --data votes.csv --model n{limit} --threads 1024",
            env!("CARGO_BIN_EXE_perturb")
        );
        let output = shell(folder, &line);
        assert!(output.status.success() && said(&output).contains(expected), "{limit}: {}", said(&output));
        let model = |name: &str| fs::read(folder.join(name)).expect("the model");
        assert!(model("m") == model(&format!("n{limit}")), "{limit}");
    }
}

/// One signal ends a step of hours, with the state before it.
#[test]
#[cfg(unix)]
fn a_long_step_heeds_the_first_signal() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    votes(folder);
    let arguments = ["train", "--data", "votes.csv", "--model", "m", "--samples", "4294967295", "--quiet"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_perturb"));
    command.args(arguments).current_dir(folder).stdout(Stdio::null()).stderr(Stdio::piped());
    let child = command.spawn().expect("the program runs");
    // It is in its first step as soon as it has read its file.
    std::thread::sleep(Duration::from_secs(4));
    let start = Instant::now();
    let kill = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(kill.expect("kill runs").success());
    let output = child.wait_with_output().expect("the program ends");
    let said = said(&output);
    assert!(start.elapsed() < Duration::from_secs(60), "the step would take hours: {said}");
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(said.contains("interrupted after step 0 of 1001: saved in m.checkpoint"), "{said}");
    assert!(folder.join("m.checkpoint").exists() && !folder.join("m").exists());
}

/// Names of files need not be text.
#[test]
#[cfg(target_os = "linux")]
fn files_may_have_any_name() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    votes(folder);
    let name = std::ffi::OsStr::from_bytes(b"\xFE.perturb");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_perturb"));
        command.args(arguments).arg("--json").arg("--model").arg(name).current_dir(folder);
        let output = command.output().expect("the program runs");
        assert!(output.status.success(), "{arguments:?}: {}", said(&output));
        output.stdout
    };
    let trained = json(&String::from_utf8(run(&["train", "--data", "votes.csv"])).expect("UTF-8"));
    assert_eq!(trained["model"], "\u{FFFD}.perturb");
    run(&["evaluate", "--data", "votes.csv", "--out", "report"]);
    run(&["predict", "--data", "votes.csv"]);
    run(&["export", "--format", "c"]);
}

/// Rows come as a table or as JSON Lines, without a table's end being known; a header alone is a table without rows.
#[test]
fn predictions_are_a_table_or_json_lines() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    votes(folder);
    succeed(folder, &["train", "--data", "votes.csv", "--model", "m"]);
    let predict = |data: &str, more: &[&str]| {
        succeed(folder, &[&["predict", "--model", "m", "--data", data], more].concat())
    };
    fs::write(folder.join("new.csv"), "x,town\n0.8,Osaka\n-0.9,Kyoto\n").expect("writable");
    let lines = "{\"a\":1,\"b\":3,\"c\":2,\"ordering\":\"a>c>b\"}\n{\"a\":3,\"b\":1,\"c\":2,\"ordering\":\"b>c>a\"}\n";
    assert_eq!(predict("new.csv", &["--json"]), lines);
    fs::write(folder.join("empty.csv"), "town,x\n").expect("writable");
    assert_eq!(predict("empty.csv", &[]), "a,b,c,ordering\n");
    assert_eq!(predict("empty.csv", &["--json"]), "");

    // Many blocks, on any number of threads; a fault in a late row leaves no file.
    let row = |i: usize| format!("{}.{},Osaka\n", i % 7, i % 10);
    let table = format!("x,town\n{}", (0..300_000).map(row).collect::<String>());
    fs::write(folder.join("long.csv"), &table).expect("writable");
    let one = predict("long.csv", &["--threads", "1"]);
    assert_eq!(one.lines().count(), 300_001);
    assert!(one == predict("long.csv", &["--threads", "3"]));
    predict("long.csv", &["--out", "ranks.csv"]);
    assert!(fs::read_to_string(folder.join("ranks.csv")).expect("the file") == one);
    fs::write(folder.join("long.csv"), table + "x,Osaka\n").expect("writable");
    fs::remove_file(folder.join("ranks.csv")).expect("the file");
    let fault = refuse(folder, &["predict", "--model", "m", "--data", "long.csv", "--out", "ranks.csv"]);
    assert!(
        fault.starts_with("perturb: long.csv, line 300002, column 1: expected in `x` a finite"),
        "{fault}"
    );
    assert!(!folder.join("ranks.csv").exists());
}

/// What is refused takes at most five lines, of no more than a screen, and says what to do.
#[test]
fn refusals_are_short_and_say_what_to_do() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    votes(folder);
    let wide: Vec<String> = (0..3000).map(|i| format!("x{i}")).collect();
    let rows = |row: &str| format!("{row}\n").repeat(20);
    for (table, expected) in [
        (format!(",x,r\n{}", rows("0,1,a>b")), "index=False"),
        (format!("x,r,\n{}", rows("1,a>b,")), "remove the separator"),
        (format!("x,r\n{}", rows("1,a>b,")), "remove the separator"),
        (format!("\nx,r\n{}", rows("1,a>b")), "the option skip-lines"),
        (format!("# by hand\nx,r\n{}", rows("1,a>b")), "the option comment"),
        (format!("a,b\n{}", rows("1,2")), "a column of ones"),
        (format!("x,class\n{}", rows("1,setosa")), "--decide pick --chosen class picks it"),
        (format!("x,a,b\n{}", rows("1,0,1")), "add 1 to each"),
        (format!("{}\n{}", wide.join(","), rows(&"1,".repeat(3000))), "fields as in the header"),
        (format!("\u{1b}[31mx,r\n{}", rows("nan,a>b")), "expected in `\\u{1b}[31mx` a finite"),
    ] {
        fs::write(folder.join("t.csv"), table).expect("writable");
        let complaint = refuse(folder, &["train", "--data", "t.csv", "--model", "m"]);
        assert!(complaint.contains(expected), "{complaint}");
        assert!(complaint.lines().count() <= 5 && complaint.chars().count() < 500, "{complaint}");
        assert!(!complaint.contains('\u{1b}'));
    }
    // One of many columns is missing.
    let row = |i: usize| format!("{}{}\n", "1,".repeat(3000), ["a>b", "b>a"][i % 2]);
    fs::write(
        folder.join("wide.csv"),
        format!("{},r\n{}", wide.join(","), (0..40).map(row).collect::<String>()),
    )
    .expect("writable");
    let output = perturb(folder, &["train", "--data", "wide.csv", "--model", "w", "--epochs", "1"]);
    assert!(output.status.success() && said(&output).chars().count() < 2000, "{}", said(&output));
    fs::write(folder.join("narrow.csv"), format!("{}\n{}", wide[1..].join(","), "1,".repeat(2998) + "1"))
        .expect("writable");
    let complaint = refuse(folder, &["predict", "--data", "narrow.csv", "--model", "w"]);
    assert!(complaint.contains("expected a column named `x0`, found x1, x2"), "{complaint}");
    assert!(complaint.chars().count() < 500, "{complaint}");

    for (arguments, expected) in [
        ("train --data votes.csv --rate 1e300", "rate is 1e300; expected"),
        ("train --data votes.csv --comment ab", "one character such as #"),
        ("train --data votes.csv --skip-lines x", "expected a whole number from 0"),
    ] {
        let output = perturb(folder, &arguments.split(' ').collect::<Vec<_>>());
        assert!(!output.status.success() && said(&output).contains(expected), "{}", said(&output));
    }
    // Ctrl-C and errors as JSON hold no help.
    for (arguments, expected) in [
        (
            "--json",
            "'perturb' requires a subcommand but one was not provided [subcommands: demo, train, tune, evaluate, predict, \
             show, export, experiment, completions, man, help]",
        ),
        ("train --json", "the following required arguments were not provided: --data <FILE>"),
        ("trian --json", "unrecognized subcommand 'trian' tip: a similar subcommand exists: 'train'"),
    ] {
        let output = perturb(folder, &arguments.split(' ').collect::<Vec<_>>());
        assert_eq!(json(&said(&output))["error"], expected);
    }
    assert_eq!(
        said(&perturb(folder, &["demo", "--maps", "5", "--steps", "10", "--quiet", "--out", "o"])),
        ""
    );
}

/// What a command writes overwrites neither what it reads nor what else it writes, and is tried before the work.
#[test]
fn results_do_not_overwrite_each_other() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    votes(folder);
    fs::create_dir(folder.join("out")).expect("writable");
    fs::copy(folder.join("votes.csv"), folder.join("out/train-table-1.csv")).expect("writable");
    fs::write(folder.join("else"), "not a checkpoint").expect("writable");
    for (arguments, code, expected) in [
        ("train --data votes.csv --model k --checkpoint ./k", 2, "--model and --checkpoint are one file"),
        (
            "train --data votes.csv --model out/train.html --out out",
            2,
            "may overwrite --model out/train.html",
        ),
        (
            "train --data out/train-table-1.csv --model m --out ./out",
            2,
            "may overwrite --data out/train-table-1.csv",
        ),
        ("train --data votes.csv --model m --checkpoint else", 2, "else is no checkpoint; name another file"),
        ("train --data votes.csv --model m --checkpoint votes.csv", 2, "votes.csv is no checkpoint"),
        (
            "train --data votes.csv --model m --checkpoint no/c",
            1,
            "cannot write no/c: the folder no does not exist",
        ),
    ] {
        let output = perturb(folder, &arguments.split(' ').collect::<Vec<_>>());
        assert_eq!(output.status.code(), Some(code), "{arguments}: {}", said(&output));
        assert!(said(&output).contains(expected), "{arguments}: {}", said(&output));
        assert!(!folder.join("m").exists() && !folder.join("k").exists(), "{arguments}");
    }
    for steps in ["1", "2"] {
        succeed(folder, &["demo", "--maps", "2", "--steps", steps, "--quiet"]);
    }
    // A feature that looks like a rank in every row.
    fs::write(folder.join("t.csv"), format!("x,g,a,b\n{}", "0,3,1,2\n1,3,2,1\n".repeat(5)))
        .expect("writable");
    let output = perturb(folder, &["train", "--data", "t.csv", "--model", "m", "--quiet"]);
    assert!(
        said(&output).contains("column `g` is 3 in every row, and was taken for ranks"),
        "{}",
        said(&output)
    );
    // One line, whatever stands in names.
    fs::write(folder.join("q.csv"), format!("x,\"{}\",g\n1,2,3\n", "a\n".repeat(400))).expect("writable");
    let complaint = refuse(folder, &["evaluate", "--data", "q.csv", "--model", "m"]);
    assert!(complaint.lines().count() == 1 && complaint.chars().count() < 500, "{complaint}");
}

/// Tables with a mark, old line ends, another separator, comments and lines above the header train the same model.
#[test]
fn tables_are_read_however_they_are_written() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let table = fs::read_to_string(votes(folder)).expect("the table");
    succeed(folder, &["train", "--data", "votes.csv", "--model", "m"]);
    let scores = |data: &str, options: &[&str]| {
        succeed(folder, &[&["evaluate", "--data", data, "--model", "m", "--json"], options].concat())
    };
    let want = scores("votes.csv", &[]);
    for (text, options) in [
        (format!("\u{FEFF}{table}"), &[][..]),
        (table.replace('\n', "\r"), &[]),
        (table.replace('\n', "\r\n"), &[]),
        (format!("sep=;\n{}", table.replace(',', ";")), &[]),
        (format!("by hand\n\n{table}"), &["--skip-lines", "2"]),
        // As Excel writes them in Germany.
        (
            format!("\u{FEFF}{}", table.replace(',', ";").replace('.', ",").replace('\n', "\r\n")),
            &["--separator", ";", "--decimal", ","],
        ),
        (table.replace(',', "\t"), &["--separator", "tab"]),
        (format!("sep=|\n{}", table.replace(',', "|")), &["--separator", "|"]),
        (format!("# by hand\n{}", table.replace("\n1,", "\n# half\n1,")), &["--comment", "#"]),
    ] {
        fs::write(folder.join("t.csv"), text).expect("writable");
        assert_eq!(scores("t.csv", options), want, "{options:?}");
        let arguments = [&["predict", "--data", "t.csv", "--model", "m"], options].concat();
        let arguments_plain = ["predict", "--data", "votes.csv", "--model", "m"];
        assert!(succeed(folder, &arguments) == succeed(folder, &arguments_plain), "{options:?}");
    }
    fs::write(folder.join("n.csv"), "\u{FEFF}2,1,2\r0.5,1.0,2.0\r1,2.0,1.0\r").expect("writable");
    succeed(folder, &["train", "--data", "n.csv", "--model", "n", "--validation", "0"]);
    let refused = perturb(folder, &["train", "--data", "n.csv", "--comment", "#"]);
    assert_eq!((refused.status.code(), said(&refused).contains("apply to tables")), (Some(2), true));
    let german = table.replace(',', ";").replace('.', ",");
    fs::write(folder.join("g.csv"), &german).expect("writable");
    fs::write(folder.join("s.csv"), format!("sep=;\n{german}")).expect("writable");
    for (file, options, expected) in [
        ("g.csv", &[][..], "the option separator, or a first line such as sep=;, names another"),
        (
            "g.csv",
            &["--separator", ";"],
            "not a decimal comma, found `-0,9`; the option decimal reads such numbers",
        ),
        ("g.csv", &["--separator", "|"], "expected columns that `|` separates, found one column"),
        ("votes.csv", &["--decimal", ","], "a number such as -1200,5, not a decimal point, found `-0.9`"),
        (
            "s.csv",
            &["--separator", "tab"],
            "s.csv, line 1: expected the separator `\\t` after sep=, as the option says, found `sep=;`",
        ),
        ("votes.csv", &["--separator", ":"], "expected one of , ; | and tab"),
        ("votes.csv", &["--decimal", ";"], "expected a point or a comma"),
    ] {
        let refused = perturb(folder, &[&["train", "--data", file], options].concat());
        assert!(said(&refused).contains(expected), "{options:?}: {}", said(&refused));
    }
}

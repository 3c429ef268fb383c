//! Exported formulas compute the program's terms, for the compilers of firmware.

#![allow(clippy::format_push_string, clippy::format_collect, reason = "programs are written row by row")]

use std::path::Path;

use perturb::data::frame::{Column, Columns, Frame};
use perturb::data::table::{Format, parse_table};
use perturb::model_file::ModelFile;

use super::export::{STRICT, core, library, numbers, run};
use super::{json, succeed};

/// A table of trips whose columns have names and values that are hard to write.
fn trips() -> String {
    let mut text = "trip,mode,cost,in vehicle,class,wait,seats,took\n".to_owned();
    for trip in 0..80u32 {
        let some = |j: u32| f64::from((trip * 7919 + j * 104_729) % 1009) / 1009.0;
        let modes = ["air", "26:Osaka line", "car"];
        let worth = |mode: u32| some(mode) + 0.4 * some(mode + 20);
        let best = (0..3).max_by(|&a, &b| worth(a).total_cmp(&worth(b))).unwrap();
        for mode in 0..3 {
            let wait =
                if (trip + mode) % 4 == 0 { "NA".into() } else { format!("{:.2}", 30.0 * some(mode + 9)) };
            let (cost, time) = (10.0 + 90.0 * (1.0 - some(mode)), 20.0 + 100.0 * some(mode + 5));
            let seats = if mode != best && (trip + mode) % 7 == 0 { 0 } else { 3 };
            let class = (trip + mode) % 3;
            let took = u8::from(mode == best);
            text.push_str(&format!(
                "{trip},{},{cost:.3},{time:.1},{class},{wait},{seats},{took}\n",
                modes[mode as usize]
            ));
        }
    }
    text
}

const FORMULAS: &str = "cost / 100 + 0.1, `in vehicle` * (class == 1), if(missing(wait), 0, ln(wait + 1)), \
    min(cost, 50) ^ 2 / 1000, low = cost <= 30 || !(class != 2), max(-cost, -`in vehicle`) / 7, sqrt(abs(cost - 40.5)), \
    exp(-cost / 50) - log1p(cost), (mode != 'car') * class";

/// The bits of all terms of a trip, rounded to f32, and which options are chosen.
type Trip = (Vec<u32>, Vec<u64>);

/// Trains on the table of trips; what the program makes of its columns.
fn expected(folder: &Path) -> (Frame, Vec<Trip>) {
    std::fs::write(folder.join("trips.csv"), trips()).expect("writable");
    let train = [
        "train",
        "--data",
        "trips.csv",
        "--group",
        "trip",
        "--chosen",
        "took",
        "--constants",
        "mode",
        "--quiet",
    ];
    let terms = ["--features", FORMULAS, "--interact", "cost:mode=air", "--available", "seats > 0"];
    let more = ["--model", "ways.perturb", "--reference", "car", "--ridge", "0.001"];
    succeed(folder, &[&train[..], &terms, &more].concat());
    let model = ModelFile::load(folder.join("ways.perturb")).expect("a model");
    let recipe = model.provenance.recipe.expect("a recipe");
    let text = trips();
    let frame = parse_table("t".as_ref(), text.as_bytes(), Format::default(), |table| {
        table.frame(&table.names().iter().map(String::as_str).collect::<Vec<_>>())
    });
    let frame = frame.expect("a table");
    let decisions = recipe.read_open(&frame).expect("decisions");
    let predicted = succeed(folder, &["predict", "--data", "trips.csv", "--model", "ways.perturb", "--json"]);
    let mut chosen = predicted.lines().map(|line| json(line)["chosen"].as_u64().expect("0 or 1"));
    let trip = |at: usize| {
        let terms = decisions.features(at).iter().map(|&x| (x as f32).to_bits()).collect();
        (terms, chosen.by_ref().take(decisions.size(at)).collect())
    };
    let expected = (0..decisions.len()).map(trip).collect();
    assert!(decisions.options() < 240 && decisions.options() > 200 && chosen.next().is_none());
    (frame, expected)
}

/// The rows as statements in C, or as elements of an array in Rust.
fn rows(frame: &Frame, c: bool) -> String {
    let fields = [
        ("cost", "cost"),
        ("in vehicle", "in_vehicle"),
        ("class", "class_"),
        ("wait", "wait"),
        ("seats", "seats"),
    ];
    let row = |row: usize| {
        let number = |name: &str| match frame.column(name).expect("a column") {
            Column::Numbers(numbers) if !numbers[row].is_nan() => format!("{:?}", numbers[row]),
            _ => if c { "NAN" } else { "f64::NAN" }.to_owned(),
        };
        let mode = frame.column("mode").expect("a column").shown(row).expect("a mode");
        let trip = number("trip");
        if c {
            let mode = match &*mode {
                "air" => "AIR",
                "car" => "CAR",
                _ => "X_26_OSAKA_LINE",
            };
            let field = |(name, field): (&str, &str)| format!("o.{field} = (ways_number){}; ", number(name));
            let fields: String = fields.map(field).concat();
            format!("{{ ways_option o; {fields}o.mode = WAYS_MODE_{mode}; option({trip}, o); }}\n")
        } else {
            let mode = match &*mode {
                "air" => "Air",
                "car" => "Car",
                _ => "X_26_Osaka_line",
            };
            let field = |(name, field): (&str, &str)| format!("{field}: T::from_f64({}), ", number(name));
            let fields: String = fields.map(field).concat();
            format!("({trip}, Columns {{ {fields}mode: Mode::{mode} }}),\n")
        }
    };
    (0..frame.len()).map(row).collect()
}

const C_PROGRAM: &str = r#"
        #include <math.h>
        #include <stdint.h>
        #include <stdio.h>
        #include <string.h>
        #include "ways.h"
        static ways_option options[3];
        static unsigned count = 0;
        static double last = 0;
        static void flush(void) {
            float theta[3], y[3];
            ways_choose(options, count, theta, y);
            for (unsigned i = 0; i < count; i++) {
                float terms[WAYS_FEATURES];
                ways_terms(&options[i], terms);
                for (unsigned j = 0; j < WAYS_FEATURES; j++) {
                    uint32_t bits;
                    memcpy(&bits, &terms[j], sizeof bits);
                    printf("%lu ", (unsigned long)bits);
                }
            }
            printf("|");
            for (unsigned i = 0; i < count; i++) {
                printf(" %d", (int)y[i]);
            }
            printf("\n");
            count = 0;
        }
        static void option(double trip, ways_option o) {
            if (trip != last) {
                flush();
                last = trip;
            }
            if (ways_available(&o)) {
                options[count++] = o;
            }
        }
        int main(void) {
            ALL
            flush();
            return 0;
        }
    "#;

const RUST_PROGRAM: &str = r#"
        mod model;
        use model::{Columns, Mode, available, terms, MODEL, EPSILON, FEATURES};
        use perturb_core::{Gumbel, Perturbed, Real, Simplex, UpTo};
        fn all<T: Real>() -> Vec<(f64, Columns<T>)> {
            vec![
                ALL
            ]
        }
        fn main() {
            let rows = all::<TYPE>();
            for trip in rows.chunk_by(|a, b| a.0 == b.0) {
                let options: Vec<[f32; FEATURES]> = trip.iter().filter(|of| available(&of.1)).map(|of| terms(&of.1)).collect();
                let layer = Perturbed::new(Simplex::new(UpTo::<3>::new(options.len()).unwrap()).unwrap(), Gumbel, EPSILON).unwrap();
                let y = MODEL.decide(&layer, options.as_flattened()).unwrap();
                options.as_flattened().iter().for_each(|x| print!("{} ", x.to_bits()));
                print!("|");
                y.as_ref().iter().for_each(|y| print!(" {y}"));
                println!();
            }
        }
    "#;

/// Decisions are the program's, and so are terms: all bits in f64, in f32 nearly.
fn check(text: &str, expected: &[Trip], exact: bool, by: &str) {
    let trip = |line: &str| -> Trip {
        let (terms, y) = line.split_once('|').expect("a line");
        (numbers(terms), y.split_whitespace().map(|y| y.parse().expect("0 or 1")).collect())
    };
    let found: Vec<Trip> = text.lines().map(trip).collect();
    assert_eq!(found.len(), expected.len(), "{by}");
    for (trip, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert_eq!(found.1, expected.1, "{by}, trip {trip}");
        let near = |(a, b): (&u32, &u32)| {
            let (a, b) = (f32::from_bits(*a), f32::from_bits(*b));
            (a - b).abs() <= 1e-5 * b.abs().max(1.0)
        };
        let equal = found.0 == expected.0;
        assert!(equal || !exact && found.0.iter().zip(&expected.0).all(near), "{by}, trip {trip}");
    }
}

/// From columns of options to the decision, in C and C++.
#[test]
fn formulas_are_exported_to_c() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let (frame, expected) = expected(folder);
    succeed(folder, &["export", "--model", "ways.perturb", "--format", "c", "--out", "ways.h"]);
    std::fs::write(folder.join("main.c"), C_PROGRAM.replace("ALL", &rows(&frame, true))).expect("writable");
    for (compiler, language) in [("cc", &["-std=c99"][..]), ("c++", &["-x", "c++", "-std=c++11"])] {
        for double in [true, false] {
            let define: &[&str] = if double { &["-DWAYS_DOUBLE"] } else { &[] };
            run(folder, compiler, &[language, STRICT, define, &["main.c", "-lm", "-o", "main"]].concat());
            let by = format!("{compiler}, double {double}");
            check(&run(folder, "./main", &[]), &expected, double, &by);
        }
    }
}

/// The same in Rust.
#[test]
fn formulas_are_exported_to_rust() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let (frame, expected) = expected(folder);
    succeed(folder, &["export", "--model", "ways.perturb", "--format", "rust", "--out", "model.rs"]);
    let program = RUST_PROGRAM.replace("ALL", &rows(&frame, false));
    std::fs::write(folder.join("lib.rs"), "#![no_std]\n#![deny(warnings)]\npub mod model;\n")
        .expect("writable");
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let libraries: Vec<String> = core().into_iter().chain(["--extern".into(), library("libm")]).collect();
    let compile = |arguments: &[&str]| {
        let all = ["--edition", "2024"].into_iter().chain(libraries.iter().map(String::as_str));
        run(folder, &rustc, &all.chain(arguments.iter().copied()).collect::<Vec<_>>());
    };
    compile(&["--crate-type", "lib", "--emit", "metadata", "lib.rs"]);
    for (number, exact) in [("f64", true), ("f32", false)] {
        std::fs::write(folder.join("main.rs"), program.replace("TYPE", number)).expect("writable");
        compile(&["main.rs", "-o", "main"]);
        check(&run(folder, "./main", &[]), &expected, exact, number);
    }
}

/// Formulas that a device cannot compute are left out, with the reason.
#[test]
fn formulas_that_cannot_be_exported_say_why() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    std::fs::write(
        folder.join("t.csv"),
        "g,a,b,x,y\n1,p,p,3,1\n1,p,q,2,0\n2,p,p,1,0\n2,q,p,2,1\n3,p,q,4,1\n3,p,p,2,0\n",
    )
    .expect("writable");
    let train = "train --data t.csv --group g --chosen y --ridge 0.1 --quiet --features";
    let fit = |features: &str| succeed(folder, &train.split(' ').chain([features]).collect::<Vec<_>>());
    let export = |format: &str| {
        succeed(folder, &["export", "--format", format, "--name", "m"][..if format == "c" { 5 } else { 3 }])
    };
    fit("a == b, if(a == 'p', x, 1)");
    for format in ["c", "rust"] {
        let source = export(format);
        assert!(
            source.contains("// No formulas: a formula compares texts with something else than a text."),
            "{source}"
        );
    }
    // Without columns of numbers there is no number type, and what is not called is not there.
    fit("a == 'p', b != 'q'");
    assert!(!export("c").contains("math.h") && !export("c").contains("_greater("));
    let source = export("rust");
    assert!(
        source.contains("pub struct Columns {") && source.contains("pub fn terms(option: &Columns)"),
        "{source}"
    );
    std::fs::write(folder.join("model.rs"), source).expect("writable");
    std::fs::write(folder.join("lib.rs"), "#![no_std]\n#![deny(warnings)]\npub mod model;\n")
        .expect("writable");
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let core = core();
    let all = ["--edition", "2024", "--crate-type", "lib", "--emit", "metadata", "lib.rs"].into_iter();
    run(folder, &rustc, &all.chain(core.iter().map(String::as_str)).collect::<Vec<_>>());
}

//! Exported models have the bits of the file, for the compilers of firmware.

use std::path::{Path, PathBuf};
use std::process::Command;

use perturb::model_file::{AnyNoise, ModelBytes, ModelFile, OracleKind, Provenance};
use perturb::{
    Affine, AffineRef, Const, Dyn, Error, Hypercube, Normal, Oracle, Perturbed, Ranking, SharedRef, Simplex,
    TopK,
};

use super::{json, refuse, succeed};

/// Numbers that are hard to write, and names that are hard to quote.
fn hostile() -> ModelFile {
    ModelFile {
        features: 2,
        scores: 3,
        shared: false,
        weights: vec![0.1, -0.0, f32::MIN_POSITIVE, f32::from_bits(1), f32::MAX, -1.0 / 3.0],
        bias: vec![16_777_217.0, 1e10, -7.0],
        centres: vec![0.0; 2],
        epsilon: 0.3,
        noise: AnyNoise::Normal,
        oracle: OracleKind::Ranking,
        parameter: 0,
        provenance: Provenance {
            library_version: "0.1.0".into(),
            seed: u64::MAX,
            data_name: "*/ int broken; /*".into(),
            feature_names: vec!["back\\".into(), "é\u{2028}\u{202E}1".into()],
            label_names: vec!["??/".into(), "line\nbreak".into(), "quote\"".into()],
            command: "perturb train --data \r\n #error".into(),
            ..Provenance::default()
        },
    }
}

/// The same with weights that options share.
fn shared(oracle: OracleKind) -> ModelFile {
    let parameter = if oracle == OracleKind::TopK { 2 } else { 0 };
    let mut model = ModelFile { scores: 0, shared: true, oracle, parameter, bias: vec![], ..hostile() };
    model.weights = vec![0.1, -1.0 / 3.0];
    // Of options that recur, not of scores.
    model.provenance.label_names.truncate(2);
    model
}

/// Two, three and four options; some are equal.
const OPTIONS: [&[f32]; 3] = [
    &[16_777_217.0, 1e-30, 0.5, -2.0],
    &[1.0, 0.25, 1.0, 0.25, -3.0, -0.0],
    &[0.0, 0.0, 1.0, -0.25, 2.0, 2.0, 0.0, 0.0],
];

/// The sizes, names and file of a model that is shared, and its scores and decisions among [`OPTIONS`].
fn expected_shared(model: &ModelFile) -> Vec<u32> {
    let mut expected = vec![model.features as u32, model.epsilon.to_bits()];
    expected.extend(model.weights.iter().map(|x| x.to_bits()));
    let names = model.provenance.feature_names.iter().chain(&model.provenance.label_names);
    expected.extend(names.flat_map(|name| name.bytes().chain([0])).map(u32::from));
    expected.extend(model.to_bare_bytes().expect("a model").into_iter().map(u32::from));
    let view = SharedRef::new(&model.weights).expect("a model");
    for options in OPTIONS {
        let count = Dyn(options.len() / 2);
        let mut theta = vec![0.0; count.0];
        view.scores(options, &mut theta).expect("scores");
        let decision = match model.oracle {
            OracleKind::Ranking => among(Ranking::ascending(count), &theta),
            OracleKind::Simplex => among(Simplex::new(count), &theta),
            OracleKind::TopK => among(TopK::new(count, 2), &theta),
            _ => among(Hypercube::binary(count), &theta),
        };
        expected.extend(theta.into_iter().chain(decision).map(f32::to_bits));
    }
    expected
}

fn among<O: Oracle<f32, Shape = Dyn>>(oracle: Result<O, Error>, theta: &[f32]) -> Vec<f32> {
    let layer = Perturbed::new(oracle.expect("an oracle"), Normal, 1.0).expect("a layer");
    layer.decide(theta).expect("a decision").1
}

fn bits(model: &ModelFile) -> Vec<u32> {
    let sizes = [model.features as u32, model.scores as u32, model.epsilon.to_bits()];
    sizes.into_iter().chain(model.weights.iter().chain(&model.bias).map(|x| x.to_bits())).collect()
}

pub(crate) fn run(folder: &Path, program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(folder).output().expect(program);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The numbers that a program prints, and the bytes of the file behind them.
pub(crate) fn numbers(text: &str) -> Vec<u32> {
    text.split_whitespace().map(|word| word.parse().expect("a number")).collect()
}

const ROWS: [[f32; 2]; 4] = [[0.0, 0.0], [1.0, -0.25], [-0.125, 0.125], [-1024.0, 0.0625]];

/// The model's numbers, its names, its file, and its scores and decisions at [`ROWS`].
fn expected(model: &ModelFile) -> Vec<u32> {
    let mut expected = bits(model);
    let names = model.provenance.feature_names.iter().chain(&model.provenance.label_names);
    expected.extend(names.flat_map(|name| name.bytes().chain([0])).map(u32::from));
    expected.extend(model.to_bare_bytes().expect("a model").into_iter().map(u32::from));
    let view = AffineRef::new(&model.weights, &model.bias).expect("a model");
    for x in &ROWS {
        let mut theta = [0.0; 3];
        view.scores(x, &mut theta).expect("scores");
        let decision = match model.oracle {
            OracleKind::Ranking => decide(Ranking::ascending(Const::<3>), &theta),
            OracleKind::Simplex => decide(Simplex::new(Const::<3>), &theta),
            OracleKind::TopK => decide(TopK::new(Const::<3>, 2), &theta),
            _ => decide(Hypercube::binary(Const::<3>), &theta),
        };
        expected.extend(theta.into_iter().chain(decision).map(f32::to_bits));
    }
    expected
}

fn decide<O: Oracle<f32, Shape = Const<3>>>(oracle: Result<O, Error>, theta: &[f32; 3]) -> [f32; 3] {
    let layer = Perturbed::new(oracle.expect("an oracle"), Normal, 1.0).expect("a layer");
    layer.decide(theta).expect("a decision").1
}

/// The newest build of a library beside this test, as `rustc` takes it.
pub(crate) fn library(name: &str) -> String {
    let here = std::env::current_exe().expect("this program");
    let folder = here.parent().expect("its folder");
    let files = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("a file").path());
    let is = |file: &PathBuf| {
        let file = file.file_name().expect("a name").to_string_lossy();
        file.starts_with(&format!("lib{name}-")) && file.ends_with(".rlib")
    };
    let newest =
        files.filter(is).max_by_key(|file| file.metadata().expect("a file").modified().expect("a time"));
    format!("{name}={}", newest.expect("the library").display())
}

/// The arguments by which `rustc` finds the core that this test is linked to.
pub(crate) fn core() -> [String; 4] {
    let core = library("perturb_core");
    let folder = std::env::current_exe().expect("this program");
    let folder = folder.parent().expect("its folder").display();
    ["--extern".into(), core, "-L".into(), format!("dependency={folder}")]
}

#[test]
fn rust_takes_the_module() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    hostile().save(folder.join("m")).expect("writable");
    succeed(folder, &["export", "--model", "m", "--format", "rust", "--out", "model.rs"]);
    let program = r#"
        mod included {
            include!("model.rs");
        }
        mod model;
        use perturb_core::{Const, Normal, Perturbed, Ranking};
        fn main() {
            assert_eq!(included::FILE, model::FILE);
            println!("{} {} {}", model::FEATURES, model::SCORES, model::EPSILON.to_bits());
            for x in model::WEIGHTS.as_flattened().iter().chain(&model::BIAS) {
                println!("{}", x.to_bits());
            }
            for name in model::FEATURE_NAMES.iter().chain(&model::LABEL_NAMES) {
                name.bytes().chain([0]).for_each(|byte| println!("{byte}"));
            }
            for byte in &model::FILE {
                println!("{byte}");
            }
            let layer = Perturbed::new(Ranking::ascending(Const::<3>).unwrap(), Normal, model::EPSILON).unwrap();
            for x in ROWS {
                let mut theta = [0.0; model::SCORES];
                model::MODEL.scores(&x, &mut theta).unwrap();
                for x in theta.into_iter().chain(model::MODEL.decide(&layer, &x).unwrap()) {
                    println!("{}", x.to_bits());
                }
            }
        }
    "#;
    let program = program.replace("ROWS", &format!("{ROWS:?}"));
    std::fs::write(folder.join("main.rs"), program).expect("writable");
    std::fs::write(folder.join("lib.rs"), "#![no_std]\n#![deny(warnings)]\npub mod model;\n")
        .expect("writable");
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let core = core();
    let compile = |arguments: &[&str]| {
        let core = core.iter().map(String::as_str);
        run(
            folder,
            &rustc,
            &["--edition", "2024"]
                .into_iter()
                .chain(core)
                .chain(arguments.iter().copied())
                .collect::<Vec<_>>(),
        );
    };
    compile(&["--crate-type", "lib", "--emit", "metadata", "lib.rs"]);
    compile(&["main.rs", "-o", "main"]);
    assert_eq!(numbers(&run(folder, "./main", &[])), expected(&hostile()));
    // Measured numbers that f32 cannot hold, from their centres.
    ModelFile { centres: vec![1_700_000_000.5, 0.0], ..hostile() }.save(folder.join("m")).expect("writable");
    succeed(folder, &["export", "--model", "m", "--format", "rust", "--out", "model.rs"]);
    let program = "mod model;\nfn main() { assert_eq!(model::x(&[1_700_000_001.0, -3.0]), [0.5, -3.0]) }\n";
    std::fs::write(folder.join("main.rs"), program).expect("writable");
    compile(&["main.rs", "-o", "main"]);
    run(folder, "./main", &[]);
}

#[test]
fn rust_takes_the_module_of_shared_weights() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let model = shared(OracleKind::TopK);
    model.save(folder.join("m")).expect("writable");
    succeed(folder, &["export", "--model", "m", "--format", "rust", "--out", "model.rs"]);
    let program = r#"
        mod model;
        use perturb_core::{Normal, Perturbed, TopK, UpTo};
        fn main() {
            println!("{} {}", model::FEATURES, model::EPSILON.to_bits());
            model::WEIGHTS.iter().for_each(|x| println!("{}", x.to_bits()));
            for name in model::FEATURE_NAMES.iter().chain(&model::LABEL_NAMES) {
                name.bytes().chain([0]).for_each(|byte| println!("{byte}"));
            }
            model::FILE.iter().for_each(|byte| println!("{byte}"));
            let all: [&[f32]; 3] = OPTIONS;
            for options in all {
                let count = UpTo::<4>::new(options.len() / model::FEATURES).unwrap();
                let top = TopK::new(count, model::PICKS).unwrap();
                let layer = Perturbed::new(top, Normal, model::EPSILON).unwrap();
                let mut theta = vec![0.0; options.len() / model::FEATURES];
                model::MODEL.scores(options, &mut theta).unwrap();
                for x in theta.iter().chain(model::MODEL.decide(&layer, options).unwrap().as_ref()) {
                    println!("{}", x.to_bits());
                }
            }
        }
    "#;
    let options = format!("{OPTIONS:?}").replace(", [", ", &[").replace("[[", "[&[");
    std::fs::write(folder.join("main.rs"), program.replace("OPTIONS", &options)).expect("writable");
    std::fs::write(folder.join("lib.rs"), "#![no_std]\n#![deny(warnings)]\npub mod model;\n")
        .expect("writable");
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let core = core();
    for arguments in
        [&["--crate-type", "lib", "--emit", "metadata", "lib.rs"][..], &["main.rs", "-o", "main"]]
    {
        let all = ["--edition", "2024"].into_iter().chain(core.iter().map(String::as_str));
        run(folder, &rustc, &all.chain(arguments.iter().copied()).collect::<Vec<_>>());
    }
    assert_eq!(numbers(&run(folder, "./main", &[])), expected_shared(&model));
}

/// What a compiler of C or C++ must not complain about.
pub(crate) const STRICT: &[&str] =
    &["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror", "-ffp-contract=off"];

#[test]
fn c_takes_the_header() {
    let program = r#"
        #include <stdint.h>
        #include <stdio.h>
        #include <string.h>
        #include "model.h"
        #include "model.h"
        static void print(const float *numbers, size_t count) {
            for (size_t i = 0; i < count; i++) {
                uint32_t bits;
                memcpy(&bits, &numbers[i], sizeof bits);
                printf("%lu\n", (unsigned long)bits);
            }
        }
        static void name(const char *text) {
            do {
                printf("%u\n", (unsigned char)*text);
            } while (*text++ != 0);
        }
        int main(void) {
            const float epsilon = MODEL_2_ROADS_EPSILON;
            const float rows[][MODEL_2_ROADS_FEATURES] = ROWS;
            printf("%u %u\n", MODEL_2_ROADS_FEATURES, MODEL_2_ROADS_SCORES);
            print(&epsilon, 1);
            print(model_2_roads_weights, sizeof model_2_roads_weights / sizeof(float));
            print(model_2_roads_bias, sizeof model_2_roads_bias / sizeof(float));
            for (unsigned i = 0; i < MODEL_2_ROADS_FEATURES; i++) {
                name(model_2_roads_feature_names[i]);
            }
            for (unsigned i = 0; i < MODEL_2_ROADS_SCORES; i++) {
                name(model_2_roads_label_names[i]);
            }
            for (size_t i = 0; i < sizeof model_2_roads_file; i++) {
                printf("%u\n", model_2_roads_file[i]);
            }
            for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                float theta[MODEL_2_ROADS_SCORES], y[MODEL_2_ROADS_SCORES];
                model_2_roads_scores(rows[i], theta);
                model_2_roads_decide(rows[i], y);
                print(theta, MODEL_2_ROADS_SCORES);
                print(y, MODEL_2_ROADS_SCORES);
            }
            return 0;
        }
    "#;
    let program = program.replace("ROWS", &format!("{ROWS:?}").replace('[', "{").replace(']', "}"));
    for oracle in [OracleKind::Ranking, OracleKind::Simplex, OracleKind::Hypercube, OracleKind::TopK] {
        let parameter = if oracle == OracleKind::TopK { 2 } else { 0 };
        // Equal scores where x is 0.
        for bias in [hostile().bias, vec![0.0, 5.0, 5.0]] {
            let model = ModelFile { oracle, parameter, bias, ..hostile() };
            let folder = tempfile::tempdir().expect("a temporary folder");
            let folder = folder.path();
            model.save(folder.join("2 roads.perturb")).expect("writable");
            succeed(folder, &["export", "--model", "2 roads.perturb", "--format", "c", "--out", "model.h"]);
            std::fs::write(folder.join("main.c"), &program).expect("writable");
            for (compiler, language) in [("cc", &["-std=c99"][..]), ("c++", &["-x", "c++", "-std=c++11"])] {
                run(folder, compiler, &[language, STRICT, &["main.c", "-o", "main"]].concat());
                assert_eq!(numbers(&run(folder, "./main", &[])), expected(&model), "{oracle:?} {compiler}");
            }
        }
    }
}

#[test]
fn c_takes_the_header_of_shared_weights() {
    let program = r#"
        #include <stdint.h>
        #include <stdio.h>
        #include <string.h>
        #include "model.h"
        #include "model.h"
        static void print(const float *numbers, size_t count) {
            for (size_t i = 0; i < count; i++) {
                uint32_t bits;
                memcpy(&bits, &numbers[i], sizeof bits);
                printf("%lu\n", (unsigned long)bits);
            }
        }
        static void name(const char *text) {
            do {
                printf("%u\n", (unsigned char)*text);
            } while (*text++ != 0);
        }
        static void choose(const float *options, unsigned count) {
            float theta[4], y[4];
            ways_decide(options, count, theta, y);
            print(theta, count);
            print(y, count);
        }
        int main(void) {
            const float epsilon = WAYS_EPSILON;
            printf("%u\n", WAYS_FEATURES);
            print(&epsilon, 1);
            print(ways_weights, sizeof ways_weights / sizeof(float));
            for (unsigned i = 0; i < WAYS_FEATURES; i++) {
                name(ways_feature_names[i]);
            }
            for (size_t i = 0; i < sizeof ways_label_names / sizeof *ways_label_names; i++) {
                name(ways_label_names[i]);
            }
            for (size_t i = 0; i < sizeof ways_file; i++) {
                printf("%u\n", ways_file[i]);
            }
            CHOICES
            return 0;
        }
    "#;
    let choices = OPTIONS.iter().map(|options| {
        let list: Vec<String> = options.iter().map(|x| format!("{x:?}f")).collect();
        format!(
            "{{ const float options[] = {{{}}}; choose(options, {}u); }}",
            list.join(", "),
            options.len() / 2
        )
    });
    let program = program.replace("CHOICES", &choices.collect::<String>());
    for oracle in [OracleKind::Ranking, OracleKind::Simplex, OracleKind::Hypercube, OracleKind::TopK] {
        let model = shared(oracle);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let folder = folder.path();
        model.save(folder.join("ways.perturb")).expect("writable");
        succeed(folder, &["export", "--model", "ways.perturb", "--format", "c", "--out", "model.h"]);
        std::fs::write(folder.join("main.c"), &program).expect("writable");
        for (compiler, language) in [("cc", &["-std=c99"][..]), ("c++", &["-x", "c++", "-std=c++11"])] {
            run(folder, compiler, &[language, STRICT, &["main.c", "-o", "main"]].concat());
            assert_eq!(
                numbers(&run(folder, "./main", &[])),
                expected_shared(&model),
                "{oracle:?} {compiler}"
            );
        }
    }
}

/// What is written of shared weights elsewhere, and what is refused.
#[test]
fn shared_weights_are_bytes_and_json() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let model = shared(OracleKind::TopK);
    model.save(folder.join("m")).expect("writable");
    succeed(folder, &["export", "--model", "m", "--format", "bytes", "--out", "m.bin"]);
    let bytes = std::fs::read(folder.join("m.bin")).expect("the bytes");
    assert_eq!(bytes, model.to_bare_bytes().expect("a model"));
    assert_eq!(bytes.len(), 44 + 4 * 2);
    let whole = json(&succeed(folder, &["export", "--model", "m", "--format", "json"]));
    assert_eq!((&whole["shared"], &whole["parameter"]), (&true.into(), &2.into()));
    assert_eq!((whole["scores"].as_u64(), whole["weights"].as_array().map(Vec::len)), (Some(0), Some(2)));

    std::fs::write(folder.join("t.csv"), "x,order\n1,a>b\n2,b>a\n").expect("writable");
    shared(OracleKind::Ranking).save(folder.join("ranks")).expect("writable");
    for command in ["predict", "evaluate"] {
        let refused = refuse(folder, &[command, "--data", "t.csv", "--model", "ranks"]);
        assert!(refused.contains("the model's weights are shared by all options"), "{refused}");
    }
    ModelFile { parameter: 0, ..shared(OracleKind::Other) }.save(folder.join("other")).expect("writable");
    for format in ["bytes", "rust", "c"] {
        let refused = refuse(folder, &["export", "--model", "other", "--format", format, "--out", "out"]);
        assert!(refused.contains("described in the metadata, which needs the host"), "{refused}");
    }
    let whole = json(&succeed(folder, &["export", "--model", "other", "--format", "json"]));
    assert_eq!(whole["oracle"], OracleKind::Other.name());
}

/// The constants for the library for C, which are there after its header.
#[test]
fn the_library_for_c_takes_the_header() {
    let include = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../targets/c/include");
    let include = format!("-I{}", include.display());
    for (oracle, layer, parameter) in [
        (OracleKind::Ranking, "ranking", 0),
        (OracleKind::Simplex, "argmax", 0),
        (OracleKind::TopK, "top_k", 2),
    ] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let folder = folder.path();
        ModelFile { oracle, parameter, ..hostile() }.save(folder.join("m")).expect("writable");
        // The guards of the two headers differ, too.
        succeed(folder, &["export", "--model", "m", "--format", "c", "--name", "Perturb", "--out", "m.h"]);
        let program = format!(
            "#include \"perturb.h\"\n#include \"m.h\"\n\
             perturb_status decide(const float x[PERTURB_FEATURES], float y[PERTURB_SCORES]);\n\
             perturb_status decide(const float x[PERTURB_FEATURES], float y[PERTURB_SCORES])\n{{\n\
             return perturb_{layer}_predict(&Perturb_layer, &Perturb_view, x, y);\n}}\n"
        );
        std::fs::write(folder.join("main.c"), program).expect("writable");
        for language in [&["-std=c99"][..], &["-x", "c++", "-std=c++11"]] {
            run(folder, "cc", &[language, STRICT, &[&include, "-c", "main.c"]].concat());
        }
        shared(oracle).save(folder.join("m")).expect("writable");
        succeed(folder, &["export", "--model", "m", "--format", "c", "--name", "m", "--out", "m.h"]);
        let program = format!(
            "#include \"perturb.h\"\n#include \"m.h\"\n\
             perturb_status decide(const float *options, uint32_t count, float *y);\n\
             perturb_status decide(const float *options, uint32_t count, float *y)\n{{\n\
             const perturb_{layer} layer = m_layer(count);\n\
             return perturb_{layer}_predict_shared(&layer, &m_view, options, y);\n}}\n"
        );
        std::fs::write(folder.join("main.c"), program).expect("writable");
        for language in [&["-std=c99"][..], &["-x", "c++", "-std=c++11"]] {
            run(folder, "cc", &[language, STRICT, &[&include, "-c", "main.c"]].concat());
        }
    }
}

#[test]
fn names_in_c_are_identifiers() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    hostile().save(folder.join("m")).expect("writable");
    for name in ["", "2d", "a-b", "é", "perturb"] {
        let refused = refuse(folder, &["export", "--model", "m", "--format", "c", "--name", name]);
        assert!(refused.contains("expected letters, digits and underscores, no digit first"), "{refused}");
    }
}

/// What a firmware in C does with an exported model, by what the header says: scores by Wx + b, and the largest is the best.
#[test]
fn the_largest_score_is_the_best_in_c() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    // Far from 0, so that there are centres, too.
    let rows: Vec<(u32, u32)> = (0..100).map(|i| (1_700_000_000 + i * 37 % 101, i * 53 % 97)).collect();
    let best = |&(time, y): &(u32, u32)| match (time > 1_700_000_050, y > 48) {
        (true, _) => "late>high>low",
        (false, true) => "high>low>late",
        (false, false) => "low>high>late",
    };
    let table: Vec<String> = rows.iter().map(|row| format!("{},{},{}\n", row.0, row.1, best(row))).collect();
    std::fs::write(folder.join("t.csv"), format!("time,y,order\n{}", table.concat())).expect("writable");
    succeed(folder, &["train", "--data", "t.csv", "--model", "m", "--quiet"]);
    succeed(folder, &["export", "--model", "m", "--format", "c", "--name", "m", "--out", "m.h"]);
    let program = r#"
        #include <stdio.h>
        #include "m.h"
        int main(void) {
            double measured[M_FEATURES];
            while (scanf("%lf %lf", &measured[0], &measured[1]) == 2) {
                float theta[M_SCORES], y[M_SCORES];
                m_scores(measured, theta);
                m_decide(measured, y);
                unsigned best = 0, ranked_first = 0;
                for (unsigned i = 0; i < M_SCORES; i++) {
                    if (theta[i] > theta[best]) best = i;
                    if (y[i] == (float)M_SCORES) ranked_first = i;
                }
                if (best != ranked_first) return 1;
                printf("%s\n", m_label_names[best]);
            }
            return 0;
        }
    "#;
    std::fs::write(folder.join("main.c"), program).expect("writable");
    run(folder, "cc", &[&["-std=c99"], STRICT, &["main.c", "-o", "main"]].concat());
    let measured: Vec<String> = rows.iter().map(|row| format!("{} {}\n", row.0, row.1)).collect();
    std::fs::write(folder.join("rows"), measured.concat()).expect("writable");
    let decided = run(folder, "sh", &["-c", "./main < rows"]);
    let predicted = succeed(folder, &["predict", "--data", "t.csv", "--model", "m"]);
    let firsts = predicted.lines().skip(1).map(|line| line.rsplit(',').next().expect("an ordering"));
    let all: Vec<(&str, &str, &str)> = decided
        .lines()
        .zip(firsts)
        .zip(&rows)
        .map(|((decided, first), row)| (decided, first, best(row)))
        .collect();
    assert_eq!(all.len(), rows.len());
    assert!(all.iter().all(|(decided, first, _)| first.starts_with(decided)));
    let right = all.iter().filter(|(decided, _, best)| best.starts_with(decided)).count();
    assert!(right >= 80, "{right} right");
}

#[test]
fn a_device_loads_the_bytes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let model = ModelFile { epsilon: 1.0, ..hostile() };
    model.save(folder.join("m")).expect("writable");
    succeed(folder, &["export", "--model", "m", "--format", "bytes", "--out", "m.bin"]);
    let bytes = std::fs::read(folder.join("m.bin")).expect("the bytes");
    assert_eq!(bytes.len(), 36 + 4 * 3 * 3);
    assert!(ModelBytes::parse(&bytes).expect("sound").metadata().is_empty());
    let layer =
        Perturbed::new(Ranking::ascending(Const::<3>).expect("a ranking"), Normal, 1.0f32).expect("a layer");
    let mut device = Affine::<f32, 2, 3>::zeros();
    device.load(&layer, &bytes).expect("the layer's");
    let mut stored = [0; 36 + 4 * 3 * 3];
    device.store(&layer, &mut stored).expect("room");
    assert_eq!(stored[..], bytes);

    let whole = json(&succeed(folder, &["export", "--model", "m", "--format", "json"]));
    assert_eq!(whole["weights"].as_array().map(Vec::len), Some(6));
    assert_eq!(whole["provenance"]["seed"], u64::MAX);
}

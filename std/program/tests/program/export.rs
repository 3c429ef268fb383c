//! Exported models have the bits of the file, for the compilers of firmware.

use std::path::Path;
use std::process::Command;

use perturb::model_file::{AnyNoise, ModelBytes, ModelFile, OracleKind, Provenance};
use perturb::{Affine, Const, Normal, Perturbed, Ranking};

use super::{json, refuse, succeed};

/// Numbers that are hard to write, and names that are hard to quote.
fn hostile() -> ModelFile {
    ModelFile {
        features: 2,
        scores: 3,
        weights: vec![0.1, -0.0, f32::MIN_POSITIVE, f32::from_bits(1), f32::MAX, -1.0 / 3.0],
        bias: vec![16_777_217.0, 1e10, -7.0],
        centres: vec![0.0; 2],
        epsilon: 0.3,
        noise: AnyNoise::Normal,
        oracle: OracleKind::Ranking,
        provenance: Provenance {
            library_version: "0.1.0".into(),
            seed: u64::MAX,
            data_name: "*/ int broken; /*".into(),
            feature_names: vec!["back\\".into(), "é\u{2028}".into()],
            label_names: vec!["??/".into(), "line\nbreak".into(), "quote\"".into()],
            command: "perturb train --data \r\n #error".into(),
            ..Provenance::default()
        },
    }
}

fn bits(model: &ModelFile) -> Vec<u32> {
    let sizes = [model.features as u32, model.scores as u32, model.epsilon.to_bits()];
    sizes.into_iter().chain(model.weights.iter().chain(&model.bias).map(|x| x.to_bits())).collect()
}

fn run(folder: &Path, program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(folder).output().expect(program);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The numbers that a program prints, and the bytes of the file behind them.
fn numbers(text: &str) -> Vec<u32> {
    text.split_whitespace().map(|word| word.parse().expect("a number")).collect()
}

fn expected(model: &ModelFile) -> Vec<u32> {
    let mut expected = bits(model);
    expected.extend(model.to_bare_bytes().expect("a model").into_iter().map(u32::from));
    expected
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
        fn main() {
            assert_eq!(included::FILE, model::FILE);
            println!("{} {} {}", model::FEATURES, model::SCORES, model::EPSILON.to_bits());
            for x in model::WEIGHTS.as_flattened().iter().chain(&model::BIAS) {
                println!("{}", x.to_bits());
            }
            for byte in &model::FILE {
                println!("{byte}");
            }
        }
    "#;
    std::fs::write(folder.join("main.rs"), program).expect("writable");
    std::fs::write(folder.join("lib.rs"), "#![no_std]\n#![deny(warnings)]\npub mod model;\n")
        .expect("writable");
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    run(folder, &rustc, &["--edition", "2024", "--crate-type", "lib", "--emit", "metadata", "lib.rs"]);
    run(folder, &rustc, &["--edition", "2024", "main.rs", "-o", "main"]);
    assert_eq!(numbers(&run(folder, "./main", &[])), expected(&hostile()));
}

#[test]
fn c_takes_the_header() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    hostile().save(folder.join("2 roads.perturb")).expect("writable");
    succeed(folder, &["export", "--model", "2 roads.perturb", "--format", "c", "--out", "model.h"]);
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
        int main(void) {
            const float epsilon = MODEL_2_ROADS_EPSILON;
            printf("%u %u\n", MODEL_2_ROADS_FEATURES, MODEL_2_ROADS_SCORES);
            print(&epsilon, 1);
            print(model_2_roads_weights, sizeof model_2_roads_weights / sizeof(float));
            print(model_2_roads_bias, sizeof model_2_roads_bias / sizeof(float));
            for (size_t i = 0; i < sizeof model_2_roads_file; i++) {
                printf("%u\n", model_2_roads_file[i]);
            }
            return 0;
        }
    "#;
    std::fs::write(folder.join("main.c"), program).expect("writable");
    run(folder, "cc", &["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "main.c", "-o", "main"]);
    assert_eq!(numbers(&run(folder, "./main", &[])), expected(&hostile()));
    for name in ["", "2d", "a-b", "é"] {
        let refused =
            refuse(folder, &["export", "--model", "2 roads.perturb", "--format", "c", "--name", name]);
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
                unsigned best = 0;
                float theta[M_SCORES];
                for (unsigned i = 0; i < M_SCORES; i++) {
                    theta[i] = m_bias[i];
                    for (unsigned j = 0; j < M_FEATURES; j++) {
                        const float x = (float)(measured[j] - m_centres[j]);
                        theta[i] += m_weights[j * M_SCORES + i] * x;
                    }
                    if (theta[i] > theta[best]) best = i;
                }
                printf("%u\n", best);
            }
            return 0;
        }
    "#;
    std::fs::write(folder.join("main.c"), program).expect("writable");
    run(
        folder,
        "cc",
        &["-std=c99", "-Wall", "-Wextra", "-Werror", "-Wno-unused-variable", "main.c", "-o", "main"],
    );
    let measured: Vec<String> = rows.iter().map(|row| format!("{} {}\n", row.0, row.1)).collect();
    std::fs::write(folder.join("rows"), measured.concat()).expect("writable");
    let decided = numbers(&run(folder, "sh", &["-c", "./main < rows"]));
    let predicted = succeed(folder, &["predict", "--data", "t.csv", "--model", "m"]);
    let firsts = predicted.lines().skip(1).map(|line| line.rsplit(',').next().expect("an ordering"));
    let decided = decided.into_iter().map(|label| ["high", "late", "low"][label as usize]);
    let all: Vec<(&str, &str, &str)> =
        decided.zip(firsts).zip(&rows).map(|((decided, first), row)| (decided, first, best(row))).collect();
    assert_eq!(all.len(), rows.len());
    // A compiler may round a product and a sum at once.
    let as_predicted = all.iter().filter(|(decided, first, _)| first.starts_with(decided)).count();
    let right = all.iter().filter(|(decided, _, best)| best.starts_with(decided)).count();
    assert!(as_predicted >= 99 && right >= 80, "{as_predicted} as predicted, {right} right");
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

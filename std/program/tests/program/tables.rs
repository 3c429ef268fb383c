//! The commands of the guides to tables run, and print what the guides show.

#![allow(clippy::format_push_string, reason = "tables are written row by row")]

use std::path::Path;

use super::succeed;

/// The commands of a guide, in their order.
fn commands(guide: &str) -> Vec<Vec<String>> {
    let blocks = guide.split("```sh\n").skip(1).filter_map(|block| block.split("```").next());
    let lines = blocks.flat_map(str::lines).filter_map(|line| line.strip_prefix("perturb "));
    lines.map(|line| shlex::split(line).expect("a command of a shell")).collect()
}

fn run(folder: &Path, command: &[String]) -> String {
    succeed(folder, &command.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Numbers that look random: a fraction of a multiple.
fn some(i: u32, j: u32) -> f64 {
    f64::from((i * 7919 + j * 104_729) % 1009) / 1009.0
}

fn tables(folder: &Path) {
    let (mut trips, mut wide) =
        ("trip,mode,cost,income,took\n".to_owned(), "air_cost,car_cost,income,took\n".to_owned());
    let (mut races, mut queries) = ("race,horse,age,weight,place\n".to_owned(), String::new());
    let (mut flowers, mut films) =
        ("petal,sepal,kind\n".to_owned(), "length,year,comedy,crime,love\n".to_owned());
    let mut roads = "day,from,to,length,rain,minutes\n".to_owned();
    let mut routes = "map,from,to,length,hills,taken\n".to_owned();
    for i in 0..60 {
        let (air, car, income) =
            (40.0 + 60.0 * some(i, 1), 30.0 + 60.0 * some(i, 2), (10.0 + 80.0 * some(i, 3)).round());
        let by_air = air + 40.0 * some(i, 4) < car + 30.0;
        let [a, c] = [by_air, !by_air].map(u8::from);
        trips += &format!("{i},air,{air:.0},{income},{a}\n{i},car,{car:.0},{income},{c}\n");
        wide += &format!("{air:.0},{car:.0},{income},{}\n", if by_air { "air" } else { "car" });
        let mut horses: Vec<(f64, f64, f64)> = (0..4)
            .map(|j| (3.0 + (4.0 * some(i, 5 + j)).round(), 54.0 + 6.0 * some(i, 9 + j), some(i, 13 + j)))
            .collect();
        horses.sort_by(|a, b| (a.1 - a.0 + 2.0 * a.2).total_cmp(&(b.1 - b.0 + 2.0 * b.2)));
        for (place, (age, weight, _)) in (1..).zip(horses) {
            races += &format!("{i},h{place},{age},{weight:.1},{place}\n");
        }
        for j in 0..6 {
            let grade = (3.0 * some(i, 20 + j) + some(i, 40 + j)) as u32;
            queries += &format!("{grade} qid:{i} 1:{} 2:{}\n", some(i, 20 + j), some(i, 30 + j));
        }
        let (petal, sepal) = (1.0 + 4.0 * some(i, 80), 5.0 + 2.0 * some(i, 81));
        let kind = if petal + some(i, 82) > 3.5 { "versicolor" } else { "setosa" };
        flowers += &format!("{petal:.1},{sepal:.1},{kind}\n");
        let (length, year) = (80.0 + 80.0 * some(i, 83), 1950 + i);
        let [comedy, crime] = [length < 110.0, year > 1980].map(u8::from);
        // Two of three.
        let (comedy, crime) = if comedy + crime == 0 { (1, 0) } else { (comedy, crime) };
        films += &format!("{length:.0},{year},{comedy},{crime},{}\n", 2 - comedy - crime);
        let length = [2.0, 1.0, 4.0].map(|length: f64| length + some(i, length as u32 + 50).round());
        let hills = [60, 61, 62].map(|j| (3.0 * some(i, j)).round());
        let cost = |edge: usize| length[edge] + hills[edge];
        let [far, direct] = [cost(0) + cost(1) + some(i, 70) < cost(2) + some(i, 71), false].map(u8::from);
        let direct = direct + 1 - far;
        for (edge, (ends, taken)) in
            [("home,mill", far), ("mill,shop", far), ("home,shop", direct)].into_iter().enumerate()
        {
            routes += &format!("{i},{ends},{},{},{taken}\n", length[edge], hills[edge]);
            let (rain, luck) = (f64::from(u8::from(some(i, 90) > 0.5)), some(i, 91 + edge as u32));
            let minutes = length[edge] * (9.0 + 3.0 * rain) + 6.0 * luck;
            roads += &format!("{i},{ends},{},{rain},{minutes:.1}\n", length[edge]);
        }
    }
    for (name, text) in [
        ("trips.csv", trips),
        ("wide.csv", wide),
        ("flowers.csv", flowers),
        ("films.csv", films),
        ("races.csv", races),
        ("queries.txt", queries),
        ("routes.csv", routes),
        ("roads.csv", roads),
    ] {
        std::fs::write(folder.join(name), text).unwrap();
    }
}

#[test]
fn the_commands_for_tables_run() {
    let folder = tempfile::tempdir().unwrap();
    tables(folder.path());
    let commands = commands(include_str!("../../../../docs/tables.md"));
    for command in &commands {
        let text = run(folder.path(), command);
        if command.first().is_some_and(|name| name == "train") {
            let of_options = text.contains("term") && text.contains("least squares");
            let of_labels = text.contains("validation rows") && command.iter().any(|word| word == "--decide");
            assert!(of_options || of_labels, "{command:?}: {text}");
        }
    }
    assert_eq!(commands.len(), 14);
}

/// Published estimates in three commands.
#[test]
fn the_commands_for_discrete_choice_print_what_they_show() {
    let guide = include_str!("../../../../docs/discrete-choice.md");
    let commands = commands(guide);
    assert_eq!(commands.len(), 3);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let file = std::env::var_os("PERTURB_DATA").map_or(beside, Into::into).join("choice/ModeCanada.csv");
    if !file.exists() {
        eprintln!("SKIPPED: {} is not there; set PERTURB_DATA to the folder of real data", file.display());
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(file, folder.path().join("ModeCanada.csv")).unwrap();
    let printed = run(folder.path(), &[&commands[0][..], &["--elasticity".into(), "cost".into()]].concat());
    let shown = guide.split("```text\n").skip(2).filter_map(|block| block.split("```").next());
    assert!(shown.clone().all(|block| printed.contains(block)) && shown.count() == 2, "{printed}");
    assert!(run(folder.path(), &commands[1]).contains("income:alt=train  -0.00948411"));
    run(folder.path(), &commands[2]);
    let written = std::fs::read_to_string(folder.path().join("probabilities.csv")).unwrap();
    assert_eq!(written.lines().count(), 1 + 4 * 2779);
}

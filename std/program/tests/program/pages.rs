//! The pages that the program writes: well-formed, self-contained, the same bytes for the same seed, and with the numbers of
//! their CSV files.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use perturb::data::Dataset;
use perturb::train::Training;
use perturb_experiments::Journal;
use perturb_experiments::label_ranking::{self, Protocol};
use perturb_experiments::report::Origin;
use roxmltree::{Document, Node, ParsingOptions};

/// A feature, a label, whose name has no `>`, and a file that try to break out of a page.
const HOSTILE: &str = "\"'><b>alert(1)</b>&amp;,\n=x";
const HOSTILE_LABEL: &str = "\"' <script src=x &amp;,\n=x";
const HOSTILE_FILE: &str = "a'b\" &<i>;\n.csv";

fn perturb(folder: &Path, arguments: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_perturb"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("PERTURB_DATA")
        .output()
        .expect("the program runs");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// Names and contents of the files in a folder.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let files = fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("an entry").path());
    files
        .map(|path| {
            let name = path.file_name().and_then(|name| name.to_str()).expect("UTF-8");
            (name.to_owned(), fs::read_to_string(&path).expect("UTF-8"))
        })
        .collect()
}

/// Two features and the ranks of three labels; one of each has a hostile name.
fn votes(file: &Path) {
    let mut writer = csv::Writer::from_path(file).expect("a temporary folder is writable");
    writer.write_record(["x", HOSTILE, HOSTILE_LABEL, "c\nd", "e"]).expect("a record");
    for i in 0..200 {
        let x = f64::from(i % 20) / 10.0 - 1.0;
        let ranks = if x > 0.0 { ["1", "2", "3"] } else { ["3", "2", "1"] };
        let features = [x.to_string(), (i % 7).to_string()];
        writer.write_record(features.iter().map(String::as_str).chain(ranks)).expect("a record");
    }
    writer.flush().expect("a temporary folder is writable");
}

fn text(node: Node<'_, '_>) -> String {
    node.descendants().filter_map(|node| if node.is_text() { node.text() } else { None }).collect()
}

/// `html` as a tree; a strict parser, so that each element is closed and each attribute quoted.
fn parse(html: &str) -> Document<'_> {
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    Document::parse_with_options(html, options).unwrap_or_else(|error| panic!("{error}"))
}

fn elements<'a, 'b>(node: Node<'a, 'b>, name: &'static str) -> impl Iterator<Item = Node<'a, 'b>> {
    node.descendants().filter(move |node| node.tag_name().name() == name)
}

/// All that holds of any page, and that the CSV files beside it have its numbers.
fn check(name: &str, files: &BTreeMap<String, String>) {
    let html = &files[&format!("{name}.html")];
    let page = parse(html);
    let root = page.root_element();
    assert_eq!(root.attribute("lang"), Some("en"));
    let title = elements(root, "title").next().map(text).expect("a title");
    assert_eq!(elements(root, "h1").map(text).collect::<Vec<_>>(), [title]);
    assert!(elements(root, "meta").any(|meta| meta.attribute("name") == Some("viewport")));

    // Nothing is loaded, and nothing runs.
    for node in root.descendants().filter(Node::is_element) {
        let tag = node.tag_name().name();
        assert!(!["script", "link", "iframe", "img", "image", "object", "use"].contains(&tag), "{tag}");
        for attribute in node.attributes().filter(|_| tag != "a") {
            let (key, value) = (attribute.name(), attribute.value());
            assert!(!key.starts_with("on") && !["src", "href", "style"].contains(&key), "{key}");
            assert!(!value.contains("url(") && !value.contains("://"), "{value}");
        }
    }
    // Links hold the CSV files that stand beside the page.
    let mut linked: Vec<&str> = Vec::new();
    for link in elements(root, "a") {
        let file = link.attribute("download").expect("a name");
        let data =
            link.attribute("href").and_then(|href| href.strip_prefix("data:text/csv;charset=utf-8;base64,"));
        let data = STANDARD.decode(data.expect("an embedded file")).expect("base64");
        assert!(data == files[file].as_bytes() && link.attributes().len() == 2, "{file}");
        linked.push(file);
    }
    // What the results say stands before all else.
    let conclusion = elements(root, "p").find(|p| p.attribute("class") == Some("conclusion")).map(text);
    assert!(conclusion.is_some_and(|text| text.len() > 30 && !text.contains("NaN")));
    for style in elements(root, "style").map(text) {
        assert!(!style.contains("url(") && !style.contains("@import") && !style.contains("//"), "{style}");
    }

    // Headings go down one level at a time.
    let levels =
        root.descendants().filter_map(|node| node.tag_name().name().strip_prefix('h')?.parse::<u32>().ok());
    let levels: Vec<u32> = levels.collect();
    assert!(levels[0] == 1 && levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{levels:?}");

    let mut numbers = 0;
    for (i, figure) in elements(root, "figure").enumerate() {
        figure_has_its_numbers(figure, &files[&format!("{name}-figure-{}.csv", i + 1)]);
        numbers += 1;
    }
    for (i, table) in elements(root, "table").enumerate() {
        table_has_its_numbers(table, &files[&format!("{name}-table-{}.csv", i + 1)]);
        numbers += 1;
    }
    let raw = usize::from(files.contains_key(&format!("{name}.csv")));
    let beside = files.keys().filter(|file| file.starts_with(name) && **file != format!("{name}.html"));
    assert_eq!((beside.count(), linked.len()), (numbers + raw, numbers + raw));
}

fn figure_has_its_numbers(figure: Node<'_, '_>, csv: &str) {
    let svg = elements(figure, "svg").next().expect("a picture");
    assert_eq!(svg.attribute("role"), Some("img"));
    let part = |name| elements(svg, name).next().map(text).unwrap_or_default();
    assert!(!part("title").is_empty() && !part("desc").is_empty());
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let head = reader.headers().expect("a header").clone();
    let records: Vec<csv::StringRecord> = reader.records().map(|record| record.expect("a record")).collect();
    assert!(!records.is_empty());
    if &head[0] == "panel" {
        // One cell a value; the colour scale below each panel has 108 steps.
        let cells = elements(svg, "rect").filter(|rect| rect.attribute("width") != Some("1.3"));
        assert_eq!(cells.count(), records.len() + 1, "and the ground");
        return;
    }
    if part("desc").starts_with("Intervals") {
        return intervals_have_their_numbers(svg, &records);
    }
    let hints = elements(svg, "circle").filter(|circle| elements(*circle, "title").next().is_some()).count();
    assert!(hints > 0, "points say their numbers");
    // Both axes are labelled, with what heads the columns.
    let shown = elements(svg, "text").map(|node| text(node).trim().to_owned()).collect::<Vec<_>>().join(" ");
    for label in [&head[1], &head[2]] {
        assert!(!label.trim().is_empty() && shown.contains(label), "{label}: {shown}");
        assert!(part("desc").contains(label));
    }
    let mut drawn: BTreeMap<&str, Vec<[f64; 2]>> = BTreeMap::new();
    for record in &records {
        let number = |field: usize| record[field].parse::<f64>().expect("a number");
        drawn.entry(&record[0]).or_default().push([number(1), number(2)]);
        assert!(record[0].trim().is_empty() || shown.contains(record[0].trim()), "{shown}");
    }
    if part("desc").starts_with("Bars") {
        let heights: Vec<f64> = elements(svg, "rect")
            .skip(1) // The ground.
            .map(|rect| rect.attribute("height").expect("a height").parse().expect("a number"))
            .collect();
        let shares: Vec<f64> = drawn.into_values().flatten().map(|[_, y]| y).filter(|&y| y > 0.0).collect();
        let unit = heights.iter().sum::<f64>() / shares.iter().sum::<f64>();
        assert!(heights.len() == shares.len() && !shares.is_empty());
        assert!(heights.iter().zip(shares).all(|(height, y)| (height - y * unit).abs() < 2.0), "{heights:?}");
        return;
    }
    // A line's pixels are the CSV's numbers on a linear or logarithmic scale.
    let mut lines: Vec<Vec<[f64; 2]>> = Vec::new();
    // Scattered points are lines of one point each; those of a colour are a series.
    let mut scattered: BTreeMap<&str, Vec<[f64; 2]>> = BTreeMap::new();
    for line in elements(svg, "polyline") {
        let points = pixels(line.attribute("points").expect("points"));
        match points.len() {
            1 => scattered.entry(line.attribute("stroke").expect("a colour")).or_default().extend(points),
            _ => lines.push(points),
        }
    }
    lines.extend(scattered.into_values());
    for (series, points) in drawn {
        assert!(lines.iter().any(|line| shows(line, &points)), "{series}: {points:?} in {lines:?}");
    }
}

/// Points and the ends of bars lie on one linear axis.
fn intervals_have_their_numbers(svg: Node<'_, '_>, records: &[csv::StringRecord]) {
    let place = |node: Node<'_, '_>, name: &str| {
        node.attribute(name).expect("a place").parse::<f64>().expect("a number")
    };
    let drawn = |node: &Node<'_, '_>| node.attribute("stroke-width").is_some();
    let points = elements(svg, "circle").filter(|circle| circle.attribute("r") == Some("4"));
    let mut pixels: Vec<f64> = points.map(|circle| place(circle, "cx")).collect();
    assert_eq!(pixels.len(), records.len());
    for bar in elements(svg, "line").filter(drawn) {
        pixels.extend([place(bar, "x1"), place(bar, "x2")]);
    }
    let field = |record: &csv::StringRecord, at: usize| record[at].parse::<f64>().ok();
    let mut numbers: Vec<f64> = records.iter().filter_map(|record| field(record, 1)).collect();
    numbers.extend(records.iter().flat_map(|record| [field(record, 2), field(record, 3)]).flatten());
    assert!(pixels.len() == numbers.len() && proportional(&pixels, &numbers), "{pixels:?} {numbers:?}");
}

fn pixels(points: &str) -> Vec<[f64; 2]> {
    let pair = |pair: &str| {
        let (x, y) = pair.split_once(',').expect("x,y");
        [x, y].map(|number| number.parse().expect("a number"))
    };
    points.split_whitespace().map(pair).collect()
}

/// Whether `line` has the place of each point, to the pixel that plotters rounds to.
fn shows(line: &[[f64; 2]], points: &[[f64; 2]]) -> bool {
    line.len() == points.len()
        && (0..2).all(|axis| {
            let pixels: Vec<f64> = line.iter().map(|point| point[axis]).collect();
            let numbers: Vec<f64> = points.iter().map(|point| point[axis]).collect();
            let logarithms: Vec<f64> = numbers.iter().map(|number| number.ln()).collect();
            proportional(&pixels, &numbers) || proportional(&pixels, &logarithms)
        })
}

/// Whether `pixels` lie on `numbers`, stretched and shifted so that the ends of their ranges meet.
fn proportional(pixels: &[f64], numbers: &[f64]) -> bool {
    let end = |of: &[f64], low: f64| of.iter().map(|x| x * low).fold(f64::INFINITY, f64::min) * low;
    let (low, high) = (end(numbers, 1.0), end(numbers, -1.0));
    let (first, last) = (end(pixels, 1.0), end(pixels, -1.0));
    let share = |number: f64| if high > low { (number - low) / (high - low) } else { 0.0 };
    let on = |start: f64, end: f64| {
        pixels
            .iter()
            .zip(numbers)
            .all(|(pixel, &number)| (start + share(number) * (end - start) - pixel).abs() <= 1.5)
    };
    low.is_finite() && high.is_finite() && (on(first, last) || on(last, first))
}

/// The cells of the page are the fields of the CSV, where a number and its ± are two.
fn table_has_its_numbers(table: Node<'_, '_>, csv: &str) {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(csv.as_bytes());
    let fields = reader.records().map(|record| record.expect("a record").iter().map(String::from).collect());
    let fields: Vec<Vec<String>> = fields.collect();
    let cells = elements(table, "tr").map(|row| row.children().filter(Node::is_element).map(text).collect());
    let cells: Vec<Vec<String>> = cells.collect();
    assert!(cells.len() > 1 && cells.len() == fields.len());
    let with_spread = |field: usize| fields[0].get(field + 1).is_some_and(|name| name.ends_with(" ±"));
    for (row, (cells, fields)) in cells.iter().zip(&fields).enumerate() {
        let mut field = 0;
        for cell in cells {
            let shown = match (row, with_spread(field)) {
                (0, _) | (_, false) => fields[field].clone(),
                (_, true) if fields[field + 1].is_empty() => fields[field].clone(),
                (_, true) => format!("{} ± {}", fields[field], fields[field + 1]),
            };
            // Names that occur again are counted in the CSV.
            assert!(*cell == shown || row == 0 && shown.starts_with(&format!("{cell} ")), "{cell} {shown}");
            field += 1 + usize::from(with_spread(field));
        }
        assert_eq!(field, fields.len());
    }
}

#[test]
fn trainings_and_evaluations_have_pages_whatever_the_names() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let data = folder.join(HOSTILE_FILE);
    votes(&data);
    let data = data.to_str().expect("UTF-8");
    let arguments = ["train", "--data", data, "--model", "m", "--out", "report", "--epochs", "8"];
    perturb(folder, &arguments);
    perturb(folder, &["evaluate", "--data", data, "--model", "m", "--out", "report"]);
    let files = files(&folder.join("report"));
    for name in ["train", "evaluate"] {
        check(name, &files);
        let page = &files[&format!("{name}.html")];
        assert!(!page.contains("<script") && !page.contains("<i>"));
        let place = folder.file_name().and_then(|name| name.to_str()).expect("UTF-8");
        assert!(!page.contains(place), "no folder of this machine");
    }
    let page = parse(&files["evaluate.html"]);
    let rows = elements(page.root_element(), "th").map(text).collect::<Vec<_>>();
    assert!(rows.contains(&HOSTILE_LABEL.to_owned()) && rows.contains(&"c\nd".to_owned()), "{rows:?}");
    let commands: Vec<String> = elements(page.root_element(), "code").map(text).collect();
    let words = shlex::split(&commands[0]).expect("a command");
    assert_eq!(words[..3], ["perturb", "evaluate", "--data"]);
    assert_eq!(words[3], format!(".../{HOSTILE_FILE}"));

    // The table of labels is what the rows say.
    let judged: Vec<Vec<String>> = csv::Reader::from_reader(files["evaluate-table-2.csv"].as_bytes())
        .records()
        .map(|record| record.expect("a record").iter().map(String::from).collect())
        .collect();
    let right: f64 = judged.iter().map(|row| row[1].parse::<f64>().expect("a share")).sum::<f64>() / 3.0;
    let means = &files["evaluate-table-1.csv"];
    let partial = means.lines().find_map(|line| line.strip_prefix("partial ranks,")).expect("the mean");
    let partial: f64 = partial.trim_end_matches(" %").parse().expect("a share");
    assert!((right - partial).abs() <= 0.01, "{right} {partial}");
}

/// Picks and rankings among options, with everything that a page may show, and a term with a hostile name.
#[test]
fn tables_of_options_have_pages() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let mut writer = csv::Writer::from_path(folder.join("t.csv")).expect("a writable folder");
    writer.write_record(["case", "alt", HOSTILE, "x", "chosen", "rank"]).expect("a record");
    for case in 0..60u32 {
        for (alt, name) in (0..).zip(["a<b>", "b", "c"]) {
            let [x, z] =
                [case * 7 + alt * 11, case * 5 + alt * 3].map(|n| (f64::from(n % 13) / 13.0).to_string());
            let chosen = u8::from((case + case / 7) % 3 == alt).to_string();
            let rank = ((case + case / 7 + 2 * alt) % 3 + 1).to_string();
            writer.write_record([&case.to_string(), name, &z, &x, &chosen, &rank]).expect("a record");
        }
    }
    writer.flush().expect("a writable folder");
    let features = format!("x, `{HOSTILE}`");
    let common = [
        "train",
        "--data",
        "t.csv",
        "--group",
        "case",
        "--features",
        &features,
        "--folds",
        "3",
        "--seed",
        "5",
    ];
    let pick = ["--chosen", "chosen", "--constants", "alt", "--elasticity", "x", "--ratio", "alt=b/x"];
    let rank = ["--decide", "rank", "--ranks", "rank", "--ridge", "0.1,1"];
    let each =
        ["--decide", "each", "--chosen", "chosen", "--validation", "0.3", "--samples", "2", "--epochs", "2"];
    for (name, more) in [("pick", &pick[..]), ("rank", &rank), ("each", &each)] {
        let run = |place: &str, threads: &str| {
            let out = ["--out", place, "--threads", threads, "--quiet"];
            perturb(folder, &[&common[..], more, &out].concat());
            perturb(folder, &[&["evaluate", "--data", "t.csv"][..], &out].concat());
            files(&folder.join(place))
        };
        let files = run(name, "1");
        for page in ["train", "evaluate"] {
            check(page, &files);
            let html = &files[&format!("{page}.html")];
            assert!(html.contains("<p class=\"conclusion\">On ") && !html.contains("NaN"), "{name} {page}");
        }
        let text = &files["train.html"];
        assert_eq!(text.contains("x of a&lt;b&gt;"), name == "pick");
        assert!(text.contains("Cross-validation") && text.contains("&lt;b&gt;alert(1)"), "{name}");
        // The folder's name is part of the command, and of nothing else.
        let other = run(&format!("{name}2"), "3");
        for (file, contents) in files.iter().filter(|(file, _)| !file.contains(".html")) {
            assert_eq!(*contents, other[file], "{name} {file}");
        }
    }
}

#[test]
fn pages_are_the_same_bytes_for_the_same_seed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = |name: &str, threads: &str, seed: &str| {
        let folder = folder.path().join(name);
        fs::create_dir(&folder).expect("a temporary folder is writable");
        let data = folder.join("votes.csv");
        votes(&data);
        let common = ["--out", "report", "--seed", seed, "--threads", threads];
        let data = data.to_str().expect("UTF-8");
        for command in [
            &["train", "--model", "m", "--patience", "3", "--data", data][..],
            &["evaluate", "--model", "m", "--data", data],
            &["demo", "--maps", "50", "--steps", "500"],
        ] {
            perturb(&folder, &[command, &common[..]].concat());
        }
        files(&folder.join("report"))
    };
    let one = run("one", "1", "5");
    assert_eq!(one, run("three", "3", "5"));
    let other = run("other", "2", "6");
    for page in ["train.html", "demo.html", "demo-figure-1.csv"] {
        assert_ne!(one[page], other[page], "{page}");
    }
    for name in ["train", "evaluate", "demo"] {
        check(name, &one);
    }
}

#[test]
fn experiments_have_pages() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    perturb(folder, &["experiment", "temperature", "--out", "report"]);
    perturb(folder, &["experiment", "asymptotics", "--out", "report", "--quiet"]);
    let benchmark = "experiment benchmark --degrees 8 --rows 5 --seeds 2 --out report --quiet";
    perturb(folder, &benchmark.split(' ').collect::<Vec<_>>());
    super::choices::travellers(folder);
    super::choices::queries(folder, 30);
    let choice = "experiment choice --data . --queries queries.txt --out report --quiet";
    perturb(folder, &choice.split(' ').collect::<Vec<_>>());
    let files = files(&folder.join("report"));
    for name in ["temperature", "asymptotics", "benchmark", "choice"] {
        check(name, &files);
    }
}

/// Fewer folds and steps than the program takes, on a set with a hostile name and one of the paper's.
#[test]
fn the_label_ranking_page_has_its_folds() {
    let row = |i: u32| if i % 9 > 4 { [3.0, 2.0, 1.0] } else { [1.0, 3.0, 2.0] };
    let set = |name: &str| {
        let names = |n: usize| (0..n).map(|i| i.to_string()).collect::<Vec<_>>();
        let x = (0..60u8).map(|i| f32::from(i % 9) - 4.0).collect();
        Dataset::new(name, names(1), names(3), x, (0..60).flat_map(row).collect()).expect("a set")
    };
    let training = Training { least_steps: 5, ..Training::default() };
    let protocol = Protocol { outer: 3, inner: 2, training, ..Protocol::default() };
    let origin = Origin { command: "<b>".into(), ..Origin::default() };
    let run = |names: &[&str]| {
        let results = names.iter().map(|name| protocol.run(&set(name), &Journal::new(&())).expect("results"));
        let page = label_ranking::page(&results.collect::<Vec<_>>(), &protocol, &origin).expect("a page");
        page.files().into_iter().collect::<BTreeMap<_, _>>()
    };
    let hostile = "a&b, \"<c>\"";
    let files = run(&[hostile, "iris"]);
    check("label_ranking", &files);
    // The mean of Table 1's first loss is that of its lines.
    let folds = csv::Reader::from_reader(files["label_ranking.csv"].as_bytes())
        .records()
        .map(|record| record.expect("a record"))
        .filter(|record| &record[0] == "1" && &record[1] == hostile && &record[2] == "Perturbed FY")
        .map(|record| record[4].parse::<f64>().expect("a score"))
        .collect::<Vec<_>>();
    assert_eq!(folds.len(), 3);
    let mean = format!("{:.3}", folds.iter().sum::<f64>() / 3.0);
    let table = files["label_ranking-table-1.csv"].lines().nth(1).expect("the set").to_owned();
    assert!(table.contains(&format!("\",{mean},")), "{mean} in {table}");
    assert!(files["label_ranking-table-1.csv"].contains("average of the paper's sets"));
    // Sets that the paper does not have leave nothing to average.
    assert!(run(&[hostile]).values().all(|file| !file.contains("NaN") && !file.contains("average")));
}

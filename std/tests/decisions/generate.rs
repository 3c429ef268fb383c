//! Tables of decisions that a known model made, for every kind of decision.

use std::fmt::Write;

use perturb::data::frame::Expression;
use perturb::data::frame::{Columns, Frame};
use perturb::data::table::{Format, parse_table};
use perturb::decisions::{Decide, Decisions, Edges, Recipe, Target, Utility};
use perturb::{AnyLayer, AnyNoise, Noise, Normal, Seed};

/// A kind of decision with its columns.
pub(crate) struct Kind {
    pub(crate) decide: Decide,
    /// Arguments of the program that say so.
    #[allow(dead_code, reason = "tests of the library do not run the program")]
    pub(crate) arguments: &'static [&'static str],
    /// Names of the columns that describe the structure, and their values in a decision, row by row.
    columns: &'static str,
    rows: Vec<String>,
    /// Features are costs: at least 0, with weights below.
    costs: bool,
}

/// The weights of the model that decides. Of costs, minus their magnitudes.
pub(crate) const W: [f64; 3] = [1.0, -0.5, 0.25];

pub(crate) fn weights(kind: &Kind) -> Vec<f64> {
    W.iter().map(|w| if kind.costs { -w.abs() } else { *w }).collect()
}

fn pair(a: &str, b: &str) -> (String, String) {
    (a.into(), b.into())
}

/// Edges to the right and down of a square of `size` nodes.
fn right_and_down(size: usize) -> Vec<String> {
    let node = |i: usize, j: usize| format!("n{i}{j}");
    let mut edges = Vec::new();
    for i in 0..size {
        for j in 0..size {
            if j + 1 < size {
                edges.push(format!("{},{}", node(i, j), node(i, j + 1)));
            }
            if i + 1 < size {
                edges.push(format!("{},{}", node(i, j), node(i + 1, j)));
            }
        }
    }
    edges
}

fn pairs(count: usize) -> Vec<String> {
    (0..count).flat_map(|i| (i + 1..count).map(move |j| format!("n{i},n{j}"))).collect()
}

/// Every kind of decision.
pub(crate) fn kinds() -> Vec<Kind> {
    let plain = |count: usize| (0..count).map(|_| "0".to_owned()).collect::<Vec<_>>();
    let kind = |decide, arguments, columns, rows| Kind { decide, arguments, columns, rows, costs: false };
    let edges = |columns| Edges { columns, ends: None };
    let square = |rows: usize, columns: usize| {
        (0..rows).flat_map(|i| (0..columns).map(move |j| format!("{i},{j}"))).collect::<Vec<_>>()
    };
    // A square whose edges go both ways has cycles.
    let both_ways = right_and_down(3).into_iter().flat_map(|edge| {
        let (a, b) = edge.split_once(',').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap_or_default();
        [format!("{a},{b}"), format!("{b},{a}")]
    });
    vec![
        kind(Decide::Pick, &["--decide", "pick"], "unused", plain(6)),
        kind(
            Decide::PickK { k: Some(3), limits: None },
            &["--decide", "pick-k", "--k", "3"],
            "unused",
            plain(8),
        ),
        kind(
            Decide::PickK { k: Some(3), limits: Some(("class".into(), 1)) },
            &["--decide", "pick-k", "--k", "3", "--limit", "class:1"],
            "class",
            ["a", "a", "b", "b", "c", "c", "d", "d"].map(String::from).to_vec(),
        ),
        kind(Decide::Rank, &["--decide", "rank"], "unused", plain(5)),
        kind(Decide::Each, &["--decide", "each"], "unused", plain(6)),
        kind(Decide::Route(edges(pair("from", "to"))), &["--decide", "route"], "from,to", right_and_down(4)),
        Kind {
            decide: Decide::Route(Edges { columns: pair("from", "to"), ends: Some(pair("n00", "n22")) }),
            arguments: &["--decide", "route", "--ends", "n00,n22"],
            columns: "from,to",
            rows: both_ways.collect(),
            costs: true,
        },
        Kind {
            decide: Decide::Cells { at: pair("row", "column"), diagonal: true },
            arguments: &["--decide", "route"],
            columns: "row,column",
            rows: square(5, 5),
            costs: true,
        },
        kind(
            Decide::Assign { pairs: pair("row", "column") },
            &["--decide", "assign"],
            "row,column",
            square(4, 5),
        ),
        kind(Decide::Span { edges: pair("from", "to") }, &["--decide", "span"], "from,to", pairs(5)),
        kind(
            Decide::Pack { weight: "weight".into(), capacity: 12 },
            &["--decide", "pack", "--capacity", "12"],
            "weight",
            (0..10).map(|i| (2 + i % 4).to_string()).collect(),
        ),
        kind(
            Decide::Flow { edges: edges(pair("from", "to")), units: 2 },
            &["--decide", "flow", "--units", "2"],
            "from,to",
            right_and_down(4),
        ),
        kind(Decide::Tour { legs: pair("from", "to") }, &["--decide", "tour"], "from,to", pairs(6)),
    ]
}

impl Kind {
    /// What says which decision was made.
    pub(crate) fn target(&self) -> Target {
        let column = Expression::column("made");
        if self.decide == Decide::Rank { Target::Rank(column) } else { Target::Chosen(column) }
    }

    pub(crate) fn recipe(&self) -> Recipe {
        let mut recipe = Recipe::new(self.decide.clone()).with_group("group").with_target(self.target());
        let columns = Utility::new("x1, x2, x3").expect("columns");
        recipe.terms =
            columns.terms(&recipe, &self.frame(&self.table(1, Seed(0), false)), None).expect("terms");
        recipe
    }

    pub(crate) fn frame(&self, text: &str) -> Frame {
        let names = ["group", "x1", "x2", "x3", "made"].into_iter().chain(self.columns.split(','));
        let names: Vec<&str> = names.collect();
        parse_table("made.csv".as_ref(), text.as_bytes(), Format::default(), |table| table.frame(&names))
            .expect("a table")
    }

    /// A table of `count` decisions that were sampled at the weights [`W`], with noise of temperature 0.5; without decisions,
    /// with zeros in their place.
    pub(crate) fn table(&self, count: usize, seed: Seed, made: bool) -> String {
        let header = format!("group,x1,x2,x3,made,{}\n", self.columns);
        let row = |text: &mut String, group: usize, x: &[f64], made: f64, rest: &str| {
            writeln!(text, "{group},{},{},{},{made},{rest}", x[0], x[1], x[2]).expect("text");
        };
        let mut features = vec![0.0f64; count * self.rows.len() * 3];
        Normal.fill(&mut seed.stream(0), &mut features);
        if self.costs {
            for x in &mut features {
                *x = 0.5 + x.abs();
            }
        }
        let groups = || features.chunks_exact(3 * self.rows.len()).enumerate();
        let mut text = header.clone();
        for (group, x) in groups() {
            x.chunks_exact(3).zip(&self.rows).for_each(|(x, rest)| row(&mut text, group, x, 0.0, rest));
        }
        if !made {
            return text;
        }
        let mut recipe = self.recipe();
        recipe.target = None;
        let open = recipe.read_open(&self.frame(&text)).expect("decisions");
        let mut text = header;
        for (group, x) in groups() {
            let y = self.sample(&open, group, seed.fold(group as u64));
            let made = |at: usize| {
                if self.decide == Decide::Rank { 1.0 + self.rows.len() as f64 - y[at] } else { y[at] }
            };
            x.chunks_exact(3)
                .zip(&self.rows)
                .enumerate()
                .for_each(|(at, (x, rest))| row(&mut text, group, x, made(at), rest));
        }
        text
    }

    /// A decision under noise, row by row.
    fn sample(&self, open: &Decisions, group: usize, seed: Seed) -> Vec<f64> {
        let mut theta = vec![0.0; open.size(group)];
        open.scores(group, &weights(self), &mut theta);
        let layer = AnyLayer::of(open.oracle(group).expect("an oracle").clone(), AnyNoise::Normal, 0.5)
            .expect("a layer");
        let y = layer.sample(&theta, seed, 0).expect("a decision");
        let rows = open.rows(group);
        let first = rows.iter().flatten().min().copied().unwrap_or(0);
        let mut by_row = vec![0.0; self.rows.len()];
        for (row, y) in rows.iter().zip(y) {
            if let Some(row) = row {
                by_row[(row - first) as usize] = y;
            }
        }
        by_row
    }
}

use serde_json::{Value, json};

use super::{Outcome, Picture, Point as Epoch, Quality, Setting};
use crate::data::maps::Maps;
use crate::report::{
    self, Block, Cell, LinePlot, Origin, Overlay, Overlays, Page, Point, ReportError, Series, Svg, Table,
};

/// After the last epoch, loss by loss.
#[must_use]
pub fn tables(outcomes: &[Outcome]) -> Vec<Table> {
    let rows = outcomes.iter().filter_map(|outcome| {
        let last = outcome.curve.last()?;
        let best = outcome.curve.iter().map(|point| point.test.optimal).fold(0.0, f64::max);
        let numbers = [
            outcome.rate.to_string(),
            last.training.epoch.to_string(),
            format!("{:.2}", 100.0 * last.training.right),
            format!("{:.2}", 100.0 * last.test.optimal),
            format!("{:.2}", 100.0 * best),
            format!("{:.4}", last.test.ratio),
        ];
        let name = Cell::Text(outcome.loss.to_string());
        Some(std::iter::once(name).chain(numbers.map(Cell::Number)).collect())
    });
    vec![Table {
        caption: "After the last epoch: shares of maps whose proposed path is optimal; of the test maps also the best of all \
                  epochs, and the mean ratio of the proposed path's cost to that of the shortest"
            .into(),
        header: ["loss", "rate", "epochs", "training, %", "test, %", "best epoch, %", "cost ratio"].map(String::from).to_vec(),
        rows: rows.collect(),
    }]
}

/// One line per network and epoch.
#[must_use]
pub fn csv(outcomes: &[Outcome]) -> String {
    let head = [
        "loss",
        "rate",
        "epoch",
        "training_loss",
        "training_optimal",
        "validation_optimal",
        "validation_ratio",
        "test_optimal",
        "test_ratio",
    ];
    let records = outcomes.iter().flat_map(|outcome| {
        outcome.curve.iter().map(move |Epoch { training, validation, test }| {
            let numbers = |quality: Quality| [quality.optimal, quality.ratio].map(|x| format!("{x:.6}"));
            let validation = validation.map_or([String::new(), String::new()], numbers);
            [outcome.loss.to_string(), outcome.rate.to_string(), training.epoch.to_string()]
                .into_iter()
                .chain([training.loss, training.right].map(|x| format!("{x:.6}")))
                .chain(validation)
                .chain(numbers(*test))
                .collect::<Vec<_>>()
        })
    });
    report::csv(std::iter::once(head.map(String::from).to_vec()).chain(records))
}

/// Outcomes as JSON.
#[must_use]
pub fn json(outcomes: &[Outcome]) -> Value {
    let one = |o: &Outcome| json!({ "loss": o.loss.to_string(), "rate": o.rate, "epochs": o.curve });
    json!({ "outcomes": outcomes.iter().map(one).collect::<Vec<_>>() })
}

/// What the losses reach.
fn conclusion(outcomes: &[Outcome]) -> String {
    let one = |outcome: &Outcome| {
        let last = outcome.curve.last()?;
        Some(format!("{} {:.1} %", outcome.loss, 100.0 * last.test.optimal))
    };
    let shares: Vec<String> = outcomes.iter().filter_map(one).collect();
    format!("Optimal paths on test maps after the last epoch: {}.", shares.join(", "))
}

/// The experiment as one page, with pictures of the first test maps. `data` says what maps they are.
pub fn page(
    outcomes: &[Outcome],
    setting: &Setting,
    maps: &Maps,
    data: &str,
    origin: &Origin,
) -> Result<Page, ReportError> {
    let mut blocks = vec![Block::Paragraph(format!(
        "{data}. The first layers of ResNet18 give each cell of a map the score θ = −cost; the path proposed is the shortest \
         with eight neighbours, first and last cell counted (Berthet et al. 2020, Section 5.3 and Appendix C.3). Up to {} \
         epoch{} of batches of {}; Adam, at a tenth of the first learning rate after three fifths of the epochs and at a \
         hundredth after four. All \
         losses start from the same weights and see the same batches; the squared loss is shown the costs themselves, the \
         others the shortest path.{}",
        setting.epochs,
        if setting.epochs == 1 { "" } else { "s" },
        setting.batch,
        if setting.turns { " Training maps are seen transposed and turned by 180° at random." } else { "" },
    ))];
    blocks.push(Block::Figure {
        svg: during_training(outcomes, "Optimal paths", "share of test maps", |quality| quality.optimal)?,
        caption: "As Figure 6, left: the share of test maps whose proposed path is optimal.".into(),
    });
    blocks.push(Block::Figure {
        svg: during_training(outcomes, "Cost ratio", "cost / optimal cost", |quality| quality.ratio)?,
        caption:
            "As Figure 6, right: the mean ratio of the proposed path's cost to the shortest's, on test maps."
                .into(),
    });
    blocks.extend(tables(outcomes).into_iter().map(Block::Table));
    if let Some(outcome) = outcomes.first() {
        for (row, picture) in outcome.pictures.iter().enumerate() {
            let caption = format!(
                "As Figures 1 and 5: test map {}, its shortest path, the one proposed after learning by {}, and the \
                 average paths y_ε(θ) of that network at several temperatures.",
                row + 1,
                outcome.loss
            );
            blocks.push(Block::Figure { svg: paths(picture, maps, row)?, caption });
        }
    }
    Ok(Page {
        name: "shortest_path".into(),
        title: "Shortest paths on maps: Figures 5 and 6".into(),
        conclusion: conclusion(outcomes),
        blocks,
        data: csv(outcomes),
        origin: origin.clone(),
    })
}

fn during_training(
    outcomes: &[Outcome],
    title: &str,
    y_label: &str,
    measure: fn(&Quality) -> f64,
) -> Result<Svg, ReportError> {
    let series = outcomes.iter().map(|outcome| {
        let point =
            |point: &Epoch| Point { x: point.training.epoch as f64, y: measure(&point.test), spread: 0.0 };
        Series {
            name: outcome.loss.to_string(),
            points: outcome.curve.iter().map(point).collect(),
            ..Series::default()
        }
    });
    LinePlot {
        title: title.into(),
        x_label: "epoch".into(),
        y_label: y_label.into(),
        series: series.collect(),
        ..LinePlot::default()
    }
    .draw()
}

/// The map, and paths through it.
fn paths(picture: &Picture, maps: &Maps, row: usize) -> Result<Svg, ReportError> {
    let [_, side, _] = maps.shape();
    let [_, columns] = maps.grid();
    let overlay = |title: String, values| Overlay { title, columns, values };
    let path = maps.path(row).iter().map(|&cell| cell.into()).collect();
    let mut overlays = vec![
        overlay("map".into(), vec![]),
        overlay("shortest path".into(), path),
        overlay("proposed path".into(), picture.proposed.clone()),
    ];
    let averages = picture.averages.iter();
    overlays.extend(averages.map(|(epsilon, y)| overlay(format!("average path, ε = {epsilon}"), y.clone())));
    // Channel after channel to pixel after pixel.
    let planes: Vec<&[u8]> = maps.pixels(row).chunks_exact((side * side).max(1)).collect();
    let pixels = (0..side * side).flat_map(|i| planes.iter().filter_map(move |plane| plane.get(i).copied()));
    let title = format!("Test map {} and paths through it", row + 1);
    Overlays { title, side, pixels: pixels.collect(), overlays }.draw()
}

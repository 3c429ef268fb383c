//! The demo's page, and what every page says of its origin.

use perturb::report::{Block, LinePlot, Origin, Page, Point, Series, Table};

use super::Failure;

/// The command as typed, the version and the seed.
pub(crate) fn origin(seed: u64) -> Origin {
    let words: Vec<String> = std::env::args().skip(1).collect();
    Origin {
        command: format!("perturb {}", words.join(" ")),
        versions: vec![("perturb".into(), env!("CARGO_PKG_VERSION").into())],
        seeds: vec![seed],
    }
}

/// The demo's table and learning curves.
pub(crate) fn demo(
    origin: Origin,
    table: Table,
    curves: Vec<(&'static str, Vec<(f64, f64)>)>,
) -> Result<String, Failure> {
    let series = curves.into_iter().map(|(name, points)| {
        let points = points.into_iter().map(|(x, y)| Point { x, y, spread: 0.0 });
        Series { name: name.into(), points: points.collect() }
    });
    let plot = LinePlot {
        title: "Learning to rank".into(),
        x_label: "epoch".into(),
        y_label: "Spearman correlation on test rows".into(),
        series: series.collect(),
        ..LinePlot::default()
    };
    let blocks = vec![
        Block::Paragraph("An affine model learns to rank labels of generated data by four losses.".into()),
        Block::Figure { svg: plot.draw()?, caption: "The last iterate after each epoch.".into() },
        Block::Table(table),
    ];
    Ok(Page { title: "Learning to rank with four losses".into(), blocks, origin }.to_html())
}

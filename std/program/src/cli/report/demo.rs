//! The report of `perturb demo`.

use perturb_experiments::report::{Block, LinePlot, Origin, Page, Point, Series, Table};

use crate::cli::Failure;

/// The demo's table and learning curves.
pub(crate) fn demo(
    origin: Origin,
    table: Table,
    curves: Vec<(&'static str, Vec<(f64, f64)>)>,
) -> Result<Page, Failure> {
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
        Block::Paragraph(
            "An affine model learns to rank the labels of generated data with four losses.".into(),
        ),
        Block::Figure { svg: plot.draw()?, caption: "The last iterate of each epoch.".into() },
        Block::Table(table),
    ];
    let title = "Learning to rank with four losses".into();
    Ok(Page { name: "demo".into(), title, blocks, origin, ..Page::default() })
}

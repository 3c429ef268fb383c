//! The report of `perturb demo`.

use perturb_experiments::data::maps::Maps;
use perturb_experiments::report::{Block, HeatMaps, Origin, Page, Panel};

use crate::cli::Failure;
use crate::cli::demo::{Learned, costs, judgement, telling};

/// What each loss has learned, and its route through a map.
pub(crate) fn demo(origin: Origin, maps: usize, learned: &[Learned], test: &Maps) -> Result<Page, Failure> {
    let panel = |title: &str, values: Vec<f64>, most: f64| Panel {
        title: title.into(),
        columns: test.grid()[1],
        values,
        range: (0.0, most),
    };
    let map = telling(learned);
    let mut panels = vec![
        panel("costs", test.costs(map).iter().map(|&cost| cost.into()).collect(), 10.0),
        panel("cheapest route", test.path(map).iter().map(|&cell| cell.into()).collect(), 1.0),
    ];
    let route = |learned: &Learned| {
        panel(learned.loss, learned.routes[map].1.iter().map(|&cell| cell.into()).collect(), 1.0)
    };
    panels.extend(learned.iter().map(route));
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    let shares =
        learned.iter().map(|learned| format!("{} by the {} loss", percent(learned.cheapest), learned.loss));
    let conclusion = format!(
        "The share of other maps on which the learned costs lead to a cheapest route: {}.",
        shares.collect::<Vec<_>>().join(", ")
    );
    let blocks = vec![
        Block::Paragraph(format!(
            "The costs of five kinds of terrain are learned from {maps} maps with a cheapest route each, and no cost. The \
             Fenchel–Young loss solves for the route, with noise, once a step; the squared and the logistic loss ask of each \
             cell whether the route enters it, which does not tell them what the route went around. All then search \
             routes by the costs that they have learned, on {} other maps.",
            test.len()
        )),
        Block::Table(judgement(learned)),
        Block::Table(costs(learned)),
        Block::Figure {
            svg: HeatMaps { title: "A map and routes through it".into(), panels }.draw()?,
            caption: "One of the other maps, from its first cell to its last: the one on which the other losses go farthest astray while the Fenchel–Young loss finds a cheapest route.".into(),
        },
    ];
    let title = "What terrain costs, from routes alone".into();
    Ok(Page { name: "demo".into(), title, conclusion, blocks, origin, ..Page::default() })
}

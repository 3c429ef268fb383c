use serde_json::{Value, json};

use super::{Outcome, Picture, Setting};
use crate::report::{
    self, Block, Cell, HeatMaps, LinePlot, Origin, Page, Panel, Point, ReportError, Series, Spread, Svg,
    Table,
};

/// Bounds and distances by layer and temperature.
#[must_use]
pub fn table(outcomes: &[Outcome]) -> Table {
    let header = ["layer", "ε", "F_ε − F", "εF_1(0)", "‖y_ε − y*‖", "‖y_ε − y_1(0)‖"];
    let rows = outcomes.iter().map(|outcome| {
        let excess = if outcome.excess.1 > 0.0 {
            format!("{:.4} ± {:.4}", outcome.excess.0, outcome.excess.1)
        } else {
            format!("{:.4}", outcome.excess.0)
        };
        vec![
            Cell::Text(outcome.layer.to_owned()),
            Cell::Number(format!("{:.3}", outcome.epsilon)),
            Cell::Number(excess),
            Cell::Number(format!("{:.4}", outcome.bound)),
            Cell::Number(format!("{:.4}", outcome.from_decision)),
            Cell::Number(format!("{:.4}", outcome.from_average)),
        ]
    });
    Table {
        caption: "Proposition 2.3: 0 ≤ F_ε − F ≤ εF_1(0); distances relative to ‖y*(θ)‖".into(),
        header: header.map(String::from).to_vec(),
        rows: rows.collect(),
    }
}

/// One line per layer and temperature.
#[must_use]
pub fn csv(outcomes: &[Outcome]) -> String {
    let head = ["layer", "epsilon", "excess", "excess_error", "bound", "from_decision", "from_average"];
    let record = |Outcome { layer, epsilon, excess, bound, from_decision, from_average }: &Outcome| {
        let numbers = [*epsilon, excess.0, excess.1, *bound, *from_decision, *from_average];
        let [epsilon, excess, error, bound, from_decision, from_average] =
            numbers.map(|number| format!("{number:.6}"));
        [(*layer).to_owned(), epsilon, excess, error, bound, from_decision, from_average]
    };
    report::csv(std::iter::once(head.map(String::from)).chain(outcomes.iter().map(record)))
}

/// Outcomes as JSON.
#[must_use]
pub fn json(outcomes: &[Outcome]) -> Value {
    let one = |o: &Outcome| {
        json!({ "layer": o.layer, "epsilon": o.epsilon, "excess": o.excess.0, "excess_error": o.excess.1,
                "bound": o.bound, "from_decision": o.from_decision, "from_average": o.from_average })
    };
    json!({ "outcomes": outcomes.iter().map(one).collect::<Vec<_>>() })
}

/// Whether the proposition holds.
fn conclusion(outcomes: &[Outcome]) -> String {
    // An estimate may leave the bounds by its errors.
    let within = |o: &&Outcome| o.excess.0 >= -3.0 * o.excess.1 && o.excess.0 <= o.bound + 3.0 * o.excess.1;
    let hold = outcomes.iter().filter(within).count();
    let ends = |layer: &str| {
        let mut of: Vec<&Outcome> = outcomes.iter().filter(|outcome| outcome.layer == layer).collect();
        of.sort_by(|a, b| a.epsilon.total_cmp(&b.epsilon));
        let (first, last) = (of.first()?, of.last()?);
        Some(format!(
            " The average {layer} is {:.3} ‖y*‖ from the decision at ε = {} and {:.3} ‖y*‖ from pure noise at ε = {}.",
            first.from_decision, first.epsilon, last.from_average, last.epsilon
        ))
    };
    let layers = ["ranking", "path"].into_iter().filter_map(ends).collect::<String>();
    format!("F_ε − F lies between 0 and εF_1(0) in {hold} of {} cases.{layers}", outcomes.len())
}

/// The experiment as one page.
pub fn page(
    outcomes: &[Outcome],
    picture: &Picture,
    setting: &Setting,
    origin: &Origin,
) -> Result<Page, ReportError> {
    let share: Measure = |o| (o.excess.0 / o.bound, o.excess.1 / o.bound);
    let blocks = vec![
        Block::Paragraph(format!(
            "What the temperature does (Berthet et al. 2020, Proposition 2.3): the perturbed maximum exceeds the maximum \
             by 0 to ε times its value at θ = 0, and the expected decision goes from y*(θ) at ε → 0 to that of pure \
             noise at ε → ∞. A ranking of six, exactly, and paths on an acyclic grid of {0} × {0} cells, from {1} \
             samples; normal noise.",
            setting.side, setting.samples
        )),
        Block::Figure {
            svg: pictures(picture)?,
            caption: "As Figure 1: costs of a terrain, the shortest path through it from corner to corner (eight \
                      neighbours, searched with negative costs raised to 2⁻¹⁰ of the least positive one), and how often each cell lies on the path at rising temperatures."
                .into(),
        },
        Block::Figure {
            svg: plot(outcomes, "Distance from the decision and from pure noise", "relative distance", &[
                ("to y*(θ)", |o| (o.from_decision, 0.0)),
                ("to y_1(0)", |o| (o.from_average, 0.0)),
            ])?,
            caption: "‖y_ε − y*(θ)‖ and ‖y_ε − y_1(0)‖ relative to ‖y*(θ)‖.".into(),
        },
        Block::Figure {
            svg: plot(outcomes, "The excess F_ε − F as a share of its bound", "(F_ε − F)/(εF_1(0))", &[("", share)])?,
            caption: "Between 0 and 1 at every temperature. Bars of one standard error.".into(),
        },
        Block::Table(table(outcomes)),
    ];
    Ok(Page {
        name: "temperature".into(),
        title: "The temperature: Proposition 2.3".into(),
        conclusion: conclusion(outcomes),
        blocks,
        data: csv(outcomes),
        origin: origin.clone(),
    })
}

/// A number of an outcome and its standard error.
type Measure = fn(&Outcome) -> (f64, f64);

fn plot(
    outcomes: &[Outcome],
    title: &str,
    y_label: &str,
    measures: &[(&str, Measure)],
) -> Result<Svg, ReportError> {
    let points = measures.iter().flat_map(|(name, measure)| {
        outcomes.iter().map(move |outcome| {
            let (y, spread) = measure(outcome);
            (
                format!("{} {name}", outcome.layer).trim_end().to_owned(),
                Point { x: outcome.epsilon, y, spread },
            )
        })
    });
    LinePlot {
        title: title.into(),
        x_label: "temperature ε, in units of scores".into(),
        y_label: y_label.into(),
        log_x: true,
        spread: Spread::Bars,
        series: Series::by_name(points),
        ..LinePlot::default()
    }
    .draw()
}

fn pictures(picture: &Picture) -> Result<Svg, ReportError> {
    let panel = |title: String, values: &[f64], range| Panel {
        title,
        columns: picture.side,
        values: values.to_vec(),
        range,
    };
    let mut panels = vec![
        panel("costs".into(), &picture.costs, (1.0, 10.0)),
        panel("shortest path".into(), &picture.path, (0.0, 1.0)),
    ];
    let averages = picture.averages.iter();
    panels.extend(averages.map(|(epsilon, y)| panel(format!("average path, ε = {epsilon}"), y, (0.0, 1.0))));
    HeatMaps { title: "A terrain and paths through it".into(), panels }.draw()
}

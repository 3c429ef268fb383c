use std::fmt;

use serde_json::{Value, json};

use super::{Loss, Outcome, Point as Epoch, Setting};
use crate::mean_and_deviation;
use crate::report::{
    self, Block, Cell, LinePlot, Origin, Page, Point, ReportError, Series, Spread, Svg, Table,
};

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CrossEntropy => f.write_str("cross entropy"),
            Self::FenchelYoung { epsilon, samples } => {
                write!(f, "Fenchel–Young, M = {samples}, ε = {epsilon}")
            }
        }
    }
}

/// The losses of the outcomes, in their order.
fn losses(outcomes: &[Outcome]) -> Vec<Loss> {
    let mut losses: Vec<Loss> = Vec::new();
    for outcome in outcomes {
        if !losses.contains(&outcome.loss) {
            losses.push(outcome.loss);
        }
    }
    losses
}

/// Mean, standard deviation and number of what `measure` finds in the runs of a loss.
fn over_runs(
    outcomes: &[Outcome],
    loss: Loss,
    measure: impl Fn(&Outcome) -> Option<f64>,
) -> (f64, f64, usize) {
    let of_loss = outcomes.iter().filter(|outcome| outcome.loss == loss);
    let found: Vec<f64> = of_loss.filter_map(measure).collect();
    let (mean, deviation) = mean_and_deviation(&found);
    (mean, deviation, found.len())
}

/// Accuracies after the last epoch; and how far the test accuracy is from cross entropy's, run by run.
#[must_use]
pub fn tables(outcomes: &[Outcome]) -> Vec<Table> {
    let header =
        ["loss", "networks", "training accuracy, %", "test accuracy, %", "‖y_ε − y‖², training", "test"];
    let rows = losses(outcomes).into_iter().map(|loss| {
        let (train, _, _) = over_runs(outcomes, loss, |o| Some(100.0 * o.curve.last()?.training.right));
        let (test, deviation, runs) = over_runs(outcomes, loss, |o| Some(100.0 * o.test_accuracy()));
        let squared = [0, 1].map(|i| over_runs(outcomes, loss, |o| Some(o.squared[i])).0);
        let test = if runs > 1 { format!("{test:.2} ± {deviation:.2}") } else { format!("{test:.2}") };
        let numbers = [runs.to_string(), format!("{train:.2}"), test]
            .into_iter()
            .chain(squared.map(|squared| format!("{squared:.4}")));
        std::iter::once(Cell::Text(loss.to_string())).chain(numbers.map(Cell::Number)).collect()
    });
    let accuracies = Table {
        caption: "After the last epoch: means over networks ± one standard deviation".into(),
        header: header.map(String::from).to_vec(),
        rows: rows.collect(),
    };

    let baseline = |run| outcomes.iter().find(|o| o.loss == Loss::CrossEntropy && o.run == run);
    let rows = losses(outcomes).into_iter().filter(|loss| *loss != Loss::CrossEntropy).map(|loss| {
        let (mean, deviation, runs) = over_runs(outcomes, loss, |outcome| {
            Some(100.0 * (outcome.test_accuracy() - baseline(outcome.run)?.test_accuracy()))
        });
        let difference =
            if runs > 1 { format!("{mean:+.2} ± {deviation:.2}") } else { format!("{mean:+.2}") };
        vec![Cell::Text(loss.to_string()), Cell::Number(runs.to_string()), Cell::Number(difference)]
    });
    let differences = Table {
        caption: "Test accuracy less that of cross entropy from the same first weights, in points".into(),
        header: ["loss", "pairs", "points"].map(String::from).to_vec(),
        rows: rows.collect(),
    };
    vec![accuracies, differences]
}

/// One line per network and epoch; the line of the last epoch has the squared losses.
#[must_use]
pub fn csv(outcomes: &[Outcome]) -> String {
    let head = [
        "loss",
        "epsilon",
        "samples",
        "run",
        "epoch",
        "training_loss",
        "training_accuracy",
        "test_accuracy",
        "training_squared",
        "test_squared",
    ];
    let records = outcomes.iter().flat_map(|outcome| {
        let (name, epsilon, samples) = match outcome.loss {
            Loss::CrossEntropy => ("cross entropy", String::new(), String::new()),
            Loss::FenchelYoung { epsilon, samples } => {
                ("Fenchel–Young", epsilon.to_string(), samples.to_string())
            }
        };
        outcome.curve.iter().enumerate().map(move |(i, Epoch { training, test_accuracy })| {
            let squared = if i + 1 == outcome.curve.len() {
                outcome.squared.map(|squared| format!("{squared:.6}"))
            } else {
                [String::new(), String::new()]
            };
            let numbers = [training.loss, training.right, *test_accuracy].map(|x| format!("{x:.6}"));
            let [run, epoch] = [outcome.run, training.epoch].map(|n| n.to_string());
            [name.to_owned(), epsilon.clone(), samples.clone(), run, epoch]
                .into_iter()
                .chain(numbers)
                .chain(squared)
                .collect::<Vec<_>>()
        })
    });
    report::csv(std::iter::once(head.map(String::from).to_vec()).chain(records))
}

/// Outcomes as JSON.
#[must_use]
pub fn json(outcomes: &[Outcome]) -> Value {
    let one = |o: &Outcome| {
        let (epsilon, samples) = match o.loss {
            Loss::CrossEntropy => (None, None),
            Loss::FenchelYoung { epsilon, samples } => (Some(epsilon), Some(samples)),
        };
        json!({ "loss": if epsilon.is_none() { "cross entropy" } else { "Fenchel–Young" }, "epsilon": epsilon,
                "samples": samples, "run": o.run, "epochs": o.curve, "training_squared": o.squared[0],
                "test_squared": o.squared[1] })
    };
    json!({ "outcomes": outcomes.iter().map(one).collect::<Vec<_>>() })
}

/// What the losses reach.
fn conclusion(outcomes: &[Outcome]) -> String {
    let accuracy = |loss: Loss| over_runs(outcomes, loss, |o| Some(100.0 * o.test_accuracy())).0;
    let best = losses(outcomes).into_iter().max_by(|&a, &b| accuracy(a).total_cmp(&accuracy(b)));
    let Some(best) = best else { return String::new() };
    let against = accuracy(Loss::CrossEntropy);
    let against = if against.is_nan() { String::new() } else { format!("; cross entropy: {against:.1} %") };
    format!("The highest test accuracy is that of {best}: {:.1} %{against}.", accuracy(best))
}

/// The experiment as one page. `images` says what was classified.
pub fn page(
    outcomes: &[Outcome],
    setting: &Setting,
    images: &str,
    origin: &Origin,
) -> Result<Page, ReportError> {
    let curves: Vec<Loss> = losses(outcomes)
        .into_iter()
        .filter(|loss| !matches!(loss, Loss::FenchelYoung { epsilon, .. } if *epsilon != setting.epsilon))
        .collect();
    let caption = |what: &str| {
        format!("As Figure 2, {what}; bands of one standard deviation over {} networks.", setting.runs)
    };
    let mut blocks = vec![Block::Paragraph(format!(
        "{images}. A network of four convolutions and two dense layers gives ten scores; it learns by the perturbed \
         Fenchel–Young loss of argmax with Normal noise and M samples a gradient, or by cross entropy (Berthet et al. \
         2020, Section 5.1 and Appendix C.1). Batches of {}, {} epoch{}; Adam at {} falling to 0, no augmentation. \
         Networks of the same run start from the same weights and see the same batches.",
        setting.batch,
        setting.epochs,
        if setting.epochs == 1 { "" } else { "s" },
        setting.rate,
    ))];
    blocks.push(Block::Figure {
        svg: during_training(outcomes, &curves, "Accuracy in training", |epoch| epoch.training.right)?,
        caption: caption("left: the share of training images decided right, over the steps of each epoch"),
    });
    blocks.push(Block::Figure {
        svg: during_training(outcomes, &curves, "Test accuracy", |epoch| epoch.test_accuracy)?,
        caption: caption("centre: the share of test images decided right after each epoch"),
    });
    if !setting.sweep.is_empty() && !setting.samples.is_empty() {
        blocks.push(Block::Figure {
            svg: against_epsilon(
                outcomes,
                "Squared loss against the temperature",
                "mean of ‖y_ε − y‖²",
                &[("training", |o| o.squared[0]), ("test", |o| o.squared[1])],
            )?,
            caption: "As Figure 2, right: the squared loss of y_ε after the last epoch.".into(),
        });
        blocks.push(Block::Figure {
            svg: against_epsilon(
                outcomes,
                "Test accuracy against the temperature",
                "share of test images",
                &[("", Outcome::test_accuracy)],
            )?,
            caption: "The same networks: the share of test images decided right.".into(),
        });
    }
    blocks.extend(tables(outcomes).into_iter().map(Block::Table));
    Ok(Page {
        name: "classification".into(),
        title: "Classification: Figure 2".into(),
        conclusion: conclusion(outcomes),
        blocks,
        data: csv(outcomes),
        origin: origin.clone(),
    })
}

fn during_training(
    outcomes: &[Outcome],
    losses: &[Loss],
    title: &str,
    measure: fn(&Epoch) -> f64,
) -> Result<Svg, ReportError> {
    let series = losses.iter().map(|&loss| {
        let epochs = outcomes.iter().filter(|o| o.loss == loss).map(|o| o.curve.len()).max().unwrap_or(0);
        let points = (0..epochs).map(|i| {
            let (y, spread, runs) = over_runs(outcomes, loss, |outcome| outcome.curve.get(i).map(measure));
            Point { x: (i + 1) as f64, y, spread: if runs > 1 { spread } else { 0.0 } }
        });
        Series { name: loss.to_string(), points: points.collect(), ..Series::default() }
    });
    LinePlot {
        title: title.into(),
        x_label: "epoch".into(),
        y_label: "share of images".into(),
        series: series.collect(),
        ..LinePlot::default()
    }
    .draw()
}

/// A number of an outcome.
type Measure = fn(&Outcome) -> f64;

fn against_epsilon(
    outcomes: &[Outcome],
    title: &str,
    y_label: &str,
    measures: &[(&str, Measure)],
) -> Result<Svg, ReportError> {
    let points = measures.iter().flat_map(|(name, measure)| {
        losses(outcomes).into_iter().filter_map(move |loss| {
            let Loss::FenchelYoung { epsilon, samples } = loss else { return None };
            let (y, spread, runs) = over_runs(outcomes, loss, |outcome| Some(measure(outcome)));
            let point = Point { x: epsilon, y, spread: if runs > 1 { spread } else { 0.0 } };
            Some((format!("M = {samples} {name}").trim_end().to_owned(), point))
        })
    });
    let mut series = Series::by_name(points);
    for series in &mut series {
        series.points.sort_by(|a, b| a.x.total_cmp(&b.x));
    }
    LinePlot {
        title: title.into(),
        x_label: "temperature ε, in units of scores".into(),
        y_label: y_label.into(),
        log_x: true,
        spread: Spread::Bars,
        series,
        ..LinePlot::default()
    }
    .draw()
}

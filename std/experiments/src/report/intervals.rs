//! Numbers with their intervals, a line each.

use std::fmt::Write;

use plotters::style::RGBColor;

use super::axis::tick;
use super::colour::{AXIS, GRID, GROUND, SERIES, TEXT, hex};
use super::hint::{self, Hint};
use super::svg::wrap;
use super::{ReportError, Svg, escape};

/// A number with an interval, of an [`Intervals`] picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Interval {
    /// What it is of.
    pub name: String,
    /// The number; none is drawn where it is not finite.
    pub value: f64,
    /// The ends of the interval; none is drawn where one is not finite.
    pub ends: (f64, f64),
    /// Whether it stands there to be compared with: drawn in grey.
    pub beside: bool,
}

/// Points with bars of error, one below the other on a common axis, with a line at 0 where that is in sight.
///
/// ```
/// use perturb_experiments::report::{Interval, Intervals};
/// let row = Interval { name: "cost".into(), value: -0.5, ends: (-0.7, -0.3), beside: false };
/// let picture = Intervals { title: "Weights".into(), label: "weight".into(), rows: vec![row], zero: true };
/// assert_eq!(picture.draw()?.csv(), "name,weight,low,high\ncost,-0.5,-0.7,-0.3\n");
/// # Ok::<(), perturb_experiments::report::ReportError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Intervals {
    /// The title above the picture.
    pub title: String,
    /// The name and unit of the axis.
    pub label: String,
    /// The rows from top to bottom.
    pub rows: Vec<Interval>,
    /// Whether 0 is in sight, wherever the numbers are: of differences.
    pub zero: bool,
}

const WIDTH: f64 = 480.0;
/// The ends of the axis.
const LEFT: f64 = 176.0;
const RIGHT: f64 = 456.0;
const LINE: f64 = 18.0;
/// Characters that fit into names, title and label.
const NAME: usize = 21;
const TITLE: usize = 48;
const LABEL: usize = 36;
/// The largest magnitude that is drawn.
const LARGEST: f64 = 1e100;

impl Intervals {
    /// Draws them, 480 pixels wide. Refuses pictures without any finite number, and numbers of a magnitude beyond 10¹⁰⁰.
    pub fn draw(&self) -> Result<Svg, ReportError> {
        let fault =
            |expected, found: String| Err(ReportError::Plot { title: self.title.clone(), expected, found });
        let rows: Vec<&Interval> = self.rows.iter().filter(|row| row.value.is_finite()).collect();
        let numbers = || rows.iter().flat_map(|row| std::iter::once(row.value).chain(row.drawn()));
        if rows.is_empty() {
            return fault("at least one finite number", "none".into());
        }
        if let Some(large) = numbers().find(|x| x.abs() > LARGEST) {
            return fault("numbers up to 1e100", tick(large));
        }
        let (low, high) = numbers()
            .chain(self.zero.then_some(0.0))
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(x), b.max(x)));
        let room = (0.04 * (high - low)).max(1e-6 * low.abs().max(high.abs())).max(1e-300);
        let axis = Axis { low: low - room, high: high + room };
        let mut body = String::new();
        let mut hints = Vec::new();
        let title = wrap(&self.title, TITLE);
        let top = LINE * title.len() as f64 + 14.0;
        // Writing to a string cannot fail.
        let _ = lines(&mut body, &title, (WIDTH / 2.0, LINE), 17, "middle");
        let mut y = top;
        let mut marks = String::new();
        for row in rows {
            let names = wrap(&row.name, NAME);
            let height = (LINE * names.len() as f64).max(LINE) + 8.0;
            let middle = y + height / 2.0;
            let _ = row.draw(&axis, (middle, &names), &mut marks);
            hints.push(Hint {
                place: (axis.at(row.value) as i32, middle as i32),
                name: String::new(),
                text: row.said(),
            });
            y += height;
        }
        let _ = axis.draw((top, y), &mut body);
        body.push_str(&marks);
        let label = wrap(&self.label, LABEL);
        let _ = lines(&mut body, &label, (f64::midpoint(LEFT, RIGHT), y + 22.0 + LINE), 15, "middle");
        let height = y + 32.0 + LINE * label.len() as f64;
        let mut svg = format!(
            "<svg width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" xmlns=\"http://www.w3.org/2000/svg\" \
             font-family=\"sans-serif\">\n<rect width=\"100%\" height=\"100%\" fill=\"{}\"/>\n{body}</svg>\n",
            hex(GROUND.light)
        );
        hint::add(&mut svg, &hints);
        let said = self.rows.iter().filter(|row| row.value.is_finite());
        let said: Vec<String> = said.map(Interval::said).collect();
        let description = format!("Intervals of {}. {}.", self.label, said.join("; "));
        Ok(Svg::new(&self.title, &description, &svg, self.records()))
    }

    fn records(&self) -> Vec<Vec<String>> {
        let head = vec!["name".to_owned(), self.label.clone(), "low".to_owned(), "high".to_owned()];
        let record = |row: &Interval| {
            let ends = row.drawn().map(|x| x.to_string());
            let ends = ends.chain(std::iter::repeat(String::new())).take(2);
            [row.name.clone(), row.value.to_string()].into_iter().chain(ends).collect()
        };
        let rows = self.rows.iter().filter(|row| row.value.is_finite());
        std::iter::once(head).chain(rows.map(record)).collect()
    }
}

impl Interval {
    /// The ends that are drawn.
    fn drawn(&self) -> impl Iterator<Item = f64> + use<> {
        let (low, high) = self.ends;
        let both = (low.is_finite() && high.is_finite()).then_some([low, high]);
        both.into_iter().flatten()
    }

    fn said(&self) -> String {
        let ends: Vec<String> = self.drawn().map(tick).collect();
        let ends = if ends.is_empty() { String::new() } else { format!(", {}", ends.join(" to ")) };
        format!("{}: {}{ends}", self.name, tick(self.value))
    }

    /// Name, bar and point at a height.
    fn draw(&self, axis: &Axis, (middle, names): (f64, &[String]), svg: &mut String) -> std::fmt::Result {
        let first = middle + 5.0 - LINE * (names.len().max(1) - 1) as f64 / 2.0;
        lines(svg, names, (LEFT - 12.0, first), 15, "end")?;
        let colour = hex(if self.beside { AXIS.light } else { SERIES[0].light });
        let ends: Vec<f64> = self.drawn().map(|x| axis.at(x)).collect();
        if let [low, high] = ends[..] {
            writeln!(
                svg,
                "<line x1=\"{low:.2}\" y1=\"{middle}\" x2=\"{high:.2}\" y2=\"{middle}\" stroke=\"{colour}\" stroke-width=\"2\"/>"
            )?;
        }
        writeln!(svg, "<circle cx=\"{:.2}\" cy=\"{middle}\" r=\"4\" fill=\"{colour}\"/>", axis.at(self.value))
    }
}

struct Axis {
    low: f64,
    high: f64,
}

impl Axis {
    fn at(&self, x: f64) -> f64 {
        LEFT + (RIGHT - LEFT) * ((x - self.low) / (self.high - self.low))
    }

    /// Round numbers, at most five.
    fn ticks(&self) -> Vec<f64> {
        let extent = self.high - self.low;
        let power = 10f64.powf((extent / 5.0).log10().floor());
        let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
        let step = steps.into_iter().find(|step| extent / step <= 5.0).unwrap_or(10.0 * power);
        let first = (self.low / step).ceil();
        (0..=5)
            .map(|i| (first + f64::from(i)) * step)
            .filter(|x| (self.low..=self.high).contains(x))
            .collect()
    }

    fn draw(&self, (top, bottom): (f64, f64), svg: &mut String) -> std::fmt::Result {
        let mut line = |x: f64, colour: RGBColor| {
            let (x, colour) = (self.at(x), hex(colour));
            writeln!(
                svg,
                "<line x1=\"{x:.2}\" y1=\"{top}\" x2=\"{x:.2}\" y2=\"{bottom}\" stroke=\"{colour}\"/>"
            )
        };
        let ticks = self.ticks();
        ticks.iter().try_for_each(|&x| line(x, GRID.light))?;
        if (self.low..=self.high).contains(&0.0) {
            line(0.0, AXIS.light)?;
        }
        ticks.iter().try_for_each(|&x| lines(svg, &[tick(x)], (self.at(x), bottom + 18.0), 14, "middle"))
    }
}

/// Lines of text from the place of the first.
fn lines(
    svg: &mut String,
    lines: &[String],
    (x, y): (f64, f64),
    size: u32,
    anchor: &str,
) -> std::fmt::Result {
    for (i, line) in lines.iter().enumerate() {
        let (y, fill) = (y + LINE * i as f64, hex(TEXT.light));
        writeln!(
            svg,
            "<text x=\"{x:.2}\" y=\"{y}\" font-size=\"{size}\" text-anchor=\"{anchor}\" fill=\"{fill}\">{}</text>",
            escape(line)
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, value: f64, ends: (f64, f64)) -> Interval {
        Interval { name: name.into(), value, ends, beside: false }
    }

    fn picture(rows: Vec<Interval>) -> Intervals {
        Intervals { title: "T <1>".into(), label: "x & y".into(), rows, zero: false }
    }

    #[test]
    fn ticks_are_round_and_in_sight() {
        let of = |low: f64, high: f64| Axis { low, high }.ticks();
        let said = |low, high| of(low, high).into_iter().map(tick).collect::<Vec<_>>().join(" ");
        assert_eq!(said(-0.1, 0.95), "0 0.5");
        assert_eq!(said(-2.3, 2.2), "-2 -1 0 1 2");
        assert_eq!(said(0.61, 0.79), "0.65 0.7 0.75");
        for scale in [1e-30, 1e-3, 1.0, 7e40] {
            let ticks = of(-0.3 * scale, 0.9 * scale);
            assert!((2..=6).contains(&ticks.len()), "{ticks:?}");
        }
    }

    #[test]
    fn what_is_drawn_is_said_and_recorded() {
        let nan = f64::NAN;
        let svg =
            picture(vec![row("<a>", 1.0, (0.5, 2.0)), row("b", -1.0, (nan, 1.0)), row("c", nan, (0.0, 1.0))]);
        let svg = svg.draw().unwrap();
        assert_eq!(svg.csv(), "name,x & y,low,high\n<a>,1,0.5,2\nb,-1,,\n");
        assert!(
            svg.as_str().contains("<title>&lt;a&gt;: 1, 0.5 to 2</title>") && !svg.as_str().contains("NaN\"")
        );
        assert_eq!(svg.as_str().matches("stroke-width=\"2\"").count(), 1);
        let far = |zero| Intervals { zero, ..picture(vec![row("a", 0.5, (0.4, 0.6))]) }.draw().unwrap();
        assert!(far(true).as_str().contains(">0</text>") && !far(false).as_str().contains(">0</text>"));
    }

    #[test]
    fn any_finite_numbers_can_be_drawn_and_others_are_refused() {
        for rows in [
            vec![row("a", 0.0, (0.0, 0.0))],
            vec![row("a", 1e100, (-1e100, 1e100))],
            vec![row(&"long ".repeat(40), 1e-300, (0.0, 2e-300))],
        ] {
            let svg = picture(rows).draw().unwrap();
            assert!(!svg.as_str().contains("NaN") && !svg.as_str().contains("inf"), "{}", svg.as_str());
        }
        let refusal = |rows| picture(rows).draw().unwrap_err().to_string();
        assert!(refusal(vec![]).contains("at least one finite number"));
        assert!(refusal(vec![row("a", 0.0, (0.0, 2e100))]).contains("up to 1e100, found 2e100"));
    }
}

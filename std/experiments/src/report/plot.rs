//! Line plots as self-contained SVG.

use std::ops::Range;

use plotters::coord::ranged1d::{AsRangedCoord, Ranged, ValueFormatter};
use plotters::coord::{CoordTranslate, Shift};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axis::tick;
use super::colour::{AXIS, GRID, GROUND, SERIES, TEXT};
use super::hint::{self, Hint};
use super::layout::{LINE, Layout};
use super::{ReportError, Svg};

/// Narrow, so that a phone's 360 pixels leave the text legible.
const WIDTH: u32 = 480;
/// The height of the axes with their ticks; title, legend and labels come on top and below.
const AXES: u32 = 310;
/// Plotters' font sizes; pixels are these divided by 1.24.
const LARGE: u32 = 23;
const NORMAL: u32 = 20;
/// The most marks on a line: more would hide it.
const MARKED: usize = 25;
/// The most points of a line that say their numbers.
const HINTED: usize = 60;
/// One point of a [`Series`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// The position on the horizontal axis.
    pub x: f64,
    /// The position on the vertical axis; NaN or an infinity leaves a gap.
    pub y: f64,
    /// Half the height of the band or bar around the point; 0 for none.
    pub spread: f64,
}

/// A named line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// The name in the legend.
    pub name: String,
    /// The points in the order in which the line joins them.
    pub points: Vec<Point>,
    /// Names of the points, written beside them where there is room, and shown with their numbers; none for points beyond.
    pub names: Vec<String>,
}

impl Series {
    /// Points, each with the name of its series, as series in the order in which their names come first.
    #[must_use]
    pub fn by_name(points: impl IntoIterator<Item = (String, Point)>) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for (name, point) in points {
            match all.iter_mut().find(|series| series.name == name) {
                Some(known) => known.points.push(point),
                None => all.push(Self { name, points: vec![point], ..Self::default() }),
            }
        }
        all
    }
}

/// How [`Point::spread`] is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Spread {
    /// A shaded band around the line.
    #[default]
    Band,
    /// A bar at each point.
    Bars,
}

/// A line plot.
///
/// ```
/// use perturb_experiments::report::{LinePlot, Point, Series};
/// let points = (0..=10).map(|i| Point { x: f64::from(i), y: 0.5f64.powi(i), spread: 0.01 }).collect();
/// let plot = LinePlot {
///     title: "Training".into(),
///     x_label: "epoch".into(),
///     y_label: "loss".into(),
///     series: vec![Series { name: "Fenchel–Young".into(), points, ..Series::default() }],
///     ..LinePlot::default()
/// };
/// assert!(plot.draw()?.as_str().starts_with("<svg"));
/// # Ok::<(), perturb_experiments::report::ReportError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LinePlot {
    /// The title above the plot.
    pub title: String,
    /// The name and unit of the horizontal axis.
    pub x_label: String,
    /// The name and unit of the vertical axis.
    pub y_label: String,
    /// Whether the horizontal axis is logarithmic: then every x must be greater than 0.
    pub log_x: bool,
    /// Whether the vertical axis is logarithmic: then every y, less its spread, must be greater than 0.
    pub log_y: bool,
    /// How spreads are drawn.
    pub spread: Spread,
    /// Whether points are bars from 0, as counts are, instead of a line. Both axes are linear then.
    pub bars: bool,
    /// The lines. Seven colours, then the same colours again with other marks.
    pub series: Vec<Series>,
}

impl LinePlot {
    /// Draws the plot, 480 pixels wide; pages scale it. Refuses a plot without any finite point or with an axis
    /// without label, and numbers of a magnitude beyond 10¹⁰⁰.
    pub fn draw(&self) -> Result<Svg, ReportError> {
        let (x, y) = self.ranges()?;
        let layout = Layout::of(self);
        for (label, axis) in [(&layout.x_label, "horizontal"), (&layout.y_label, "vertical")] {
            if label.is_empty() {
                return Err(ReportError::Plot {
                    title: self.title.clone(),
                    expected: "a label on each axis",
                    found: format!("none on the {axis} axis"),
                });
            }
        }
        let mut document = String::new();
        let hints = {
            let height = layout.head() + AXES + layout.foot();
            let root = SVGBackend::with_string(&mut document, (WIDTH, height)).into_drawing_area();
            let fault = |found| ReportError::Plot {
                title: self.title.clone(),
                expected: "a plot that can be drawn",
                found,
            };
            self.paint(&root, &layout, x, y).map_err(fault)?
        };
        hint::add(&mut document, &hints);
        Ok(Svg::new(&self.title, &self.description(), &document, self.records()))
    }

    /// A description of the plot for screen readers.
    fn description(&self) -> String {
        let ends = self.series.iter().filter_map(|series| {
            let at = |point: &Point| format!("{} at {}", tick(point.y), tick(point.x));
            let mut points = series.points.iter().filter(|point| drawn(point)).map(at);
            let first = points.next()?;
            let rest = points.next_back().map_or_else(String::new, |last| format!(", {last}"));
            Some(format!(" {}: {first}{rest}.", series.name))
        });
        let ends: String = ends.collect();
        let kind = if self.bars { "Bars" } else { "Line plot" };
        format!("{kind} of {} against {}.{ends}", self.y_label, self.x_label)
    }

    /// The points that are drawn, one a record.
    fn records(&self) -> Vec<Vec<String>> {
        let spreads = self.series.iter().flat_map(|series| &series.points).any(|point| spread(point) > 0.0);
        let mut head = vec!["series".to_owned(), self.x_label.clone(), self.y_label.clone()];
        head.extend(spreads.then(|| "spread".to_owned()));
        let mut records = vec![head];
        for series in &self.series {
            for point in series.points.iter().filter(|point| drawn(point)) {
                let mut record = vec![series.name.clone(), point.x.to_string(), point.y.to_string()];
                record.extend(spreads.then(|| spread(point).to_string()));
                records.push(record);
            }
        }
        records
    }

    fn paint(
        &self,
        root: &DrawingArea<SVGBackend<'_>, Shift>,
        layout: &Layout,
        x: Range<f64>,
        y: Range<f64>,
    ) -> Result<Vec<Hint>, String> {
        let fault = |error: &dyn std::fmt::Display| error.to_string();
        root.fill(&GROUND.light).map_err(|e| fault(&e))?;
        let (top, rest) = root.split_vertically(layout.head());
        let (axes, bottom) = rest.split_vertically(AXES);
        let write = |area: &DrawingArea<SVGBackend<'_>, Shift>, text: &str, place, size, side| {
            let style = font(size).pos(Pos::new(side, VPos::Center));
            area.draw(&Text::new(text.to_owned(), place, style)).map_err(|e| fault(&e))
        };
        let (centre, mut height) = (WIDTH as i32 / 2, LINE as i32 / 2 + 4);
        for text in &layout.title {
            write(&top, text, (centre, height), LARGE, HPos::Center)?;
            height += LINE as i32;
        }
        height += 4;
        for (row, entries) in layout.legend.chunks(layout.columns).enumerate() {
            for (column, lines) in entries.iter().enumerate() {
                let left = 16 + (WIDTH as i32 - 32) / layout.columns as i32 * column as i32;
                let series = row * layout.columns + column;
                let stroke = [(left, height), (left + 36, height)];
                let stroke = PathElement::new(stroke, colour(series).stroke_width(2));
                top.draw(&stroke).map_err(|e| fault(&e))?;
                mark(&top, series, (left + 18, height))?;
                for (i, text) in lines.iter().enumerate() {
                    write(&top, text, (left + 46, height + (LINE as usize * i) as i32), NORMAL, HPos::Left)?;
                }
            }
            height += LINE as i32 * entries.iter().map(|lines| lines.len().max(1)).max().unwrap_or(1) as i32;
        }
        height += 6;
        for text in &layout.y_label {
            write(&top, text, (12, height), NORMAL, HPos::Left)?;
            height += LINE as i32;
        }
        for (i, text) in layout.x_label.iter().enumerate() {
            let place = (centre, LINE as i32 / 2 + LINE as i32 * i as i32);
            write(&bottom, text, place, NORMAL, HPos::Center)?;
        }
        match (self.log_x, self.log_y) {
            (false, false) => self.curves(&axes, x, y),
            (false, true) => self.curves(&axes, x, y.log_scale()),
            (true, false) => self.curves(&axes, x.log_scale(), y),
            (true, true) => self.curves(&axes, x.log_scale(), y.log_scale()),
        }
    }

    fn curves<X, Y>(&self, area: &DrawingArea<SVGBackend<'_>, Shift>, x: X, y: Y) -> Result<Vec<Hint>, String>
    where
        X: AsRangedCoord<Value = f64>,
        X::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
        Y: AsRangedCoord<Value = f64>,
        Y::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
    {
        let fault = |error: &dyn std::fmt::Display| error.to_string();
        let mut chart = ChartBuilder::on(area)
            .margin_right(26)
            .margin_left(6)
            .margin_top(8)
            .x_label_area_size(32)
            .y_label_area_size(66)
            .build_cartesian_2d(x, y)
            .map_err(|e| fault(&e))?;
        chart
            .configure_mesh()
            .max_light_lines(0)
            .bold_line_style(GRID.light)
            .axis_style(AXIS.light)
            .label_style(font(NORMAL))
            .x_labels(5)
            .y_labels(6)
            .x_label_formatter(&|x| tick(*x))
            .y_label_formatter(&|y| tick(*y))
            .draw()
            .map_err(|e| fault(&e))?;
        // Bands first, so that none hides a line.
        for (i, series) in self.series.iter().enumerate() {
            for run in runs(&series.points) {
                if self.spread == Spread::Band && run.iter().any(|point| spread(point) > 0.0) {
                    let upper = run.iter().map(|point| (point.x, point.y + spread(point)));
                    let lower = run.iter().rev().map(|point| (point.x, point.y - spread(point)));
                    let outline: Vec<_> = upper.chain(lower).collect();
                    let band = Polygon::new(outline, colour(i).mix(0.18).filled());
                    chart.draw_series([band]).map_err(|e| fault(&e))?;
                }
            }
        }
        for (i, series) in self.series.iter().enumerate() {
            if self.bars {
                let half = self.step() * 0.4;
                let bars = series.points.iter().filter(|point| drawn(point) && point.y != 0.0).map(|point| {
                    Rectangle::new([(point.x - half, 0.0), (point.x + half, point.y)], colour(i).filled())
                });
                chart.draw_series(bars).map_err(|e| fault(&e))?;
                continue;
            }
            for run in runs(&series.points) {
                let stroke = colour(i).stroke_width(2);
                let line: Vec<_> = run.iter().map(|point| (point.x, point.y)).collect();
                chart.draw_series([PathElement::new(line, stroke)]).map_err(|e| fault(&e))?;
                if self.spread == Spread::Bars {
                    let bars = run.iter().filter(|point| spread(point) > 0.0).map(|point| {
                        let ends = [-1.0, 1.0].map(|side| (point.x, point.y + side * spread(point)));
                        PathElement::new(ends, stroke)
                    });
                    chart.draw_series(bars).map_err(|e| fault(&e))?;
                }
                let every = series.points.len().div_ceil(MARKED).max(1);
                for point in run.iter().step_by(every) {
                    mark(chart.plotting_area(), i, (point.x, point.y))?;
                }
            }
        }
        chart.plotting_area().present().map_err(|e| fault(&e))?;
        let hint = |series: &Series, place: usize, point: &Point| Hint {
            place: chart.backend_coord(&(point.x, point.y)),
            name: series.names.get(place).cloned().unwrap_or_default(),
            text: series.said(place, point),
        };
        let hints = self.series.iter().flat_map(|series| {
            let every = series.points.len().div_ceil(HINTED).max(1);
            let points = series.points.iter().enumerate().filter(|(_, point)| drawn(point)).step_by(every);
            points.map(move |(place, point)| hint(series, place, point))
        });
        Ok(hints.collect())
    }

    /// The least distance of points along the horizontal axis.
    pub(super) fn step(&self) -> f64 {
        let mut places: Vec<f64> = self
            .series
            .iter()
            .flat_map(|series| &series.points)
            .filter(|point| drawn(point))
            .map(|point| point.x)
            .collect();
        places.sort_by(f64::total_cmp);
        let steps = places.windows(2).map(|pair| pair[1] - pair[0]).filter(|&step| step > 0.0);
        Some(steps.fold(f64::INFINITY, f64::min)).filter(|step| step.is_finite()).unwrap_or(1.0)
    }
}

impl Series {
    /// A point in words.
    fn said(&self, place: usize, point: &Point) -> String {
        let names = [Some(self.name.trim()), self.names.get(place).map(|name| name.trim())];
        let names: Vec<&str> = names.into_iter().flatten().filter(|name| !name.is_empty()).collect();
        let colon = if names.is_empty() { "" } else { ": " };
        let spread = match spread(point) {
            0.0 => String::new(),
            spread => format!(" ± {}", tick(spread)),
        };
        format!("{}{colon}{}{spread} at {}", names.join(", "), tick(point.y), tick(point.x))
    }
}

pub(super) fn drawn(point: &Point) -> bool {
    point.x.is_finite() && point.y.is_finite()
}

pub(super) fn spread(point: &Point) -> f64 {
    if point.spread.is_finite() { point.spread.abs() } else { 0.0 }
}

/// The unbroken stretches of a line.
fn runs(points: &[Point]) -> impl Iterator<Item = &[Point]> {
    points.split(|point| !drawn(point)).filter(|run| !run.is_empty())
}

fn colour(series: usize) -> RGBColor {
    SERIES[series % SERIES.len()].light
}

/// A mark in the colour of the series: four shapes against seven colours, so that series differ in black and
/// white too, and no two of 28 are alike.
fn mark<C: CoordTranslate>(
    area: &DrawingArea<SVGBackend<'_>, C>,
    series: usize,
    place: C::From,
) -> Result<(), String>
where
    C::From: 'static,
{
    let (line, full) = (colour(series).stroke_width(2), colour(series).filled());
    match series % 4 {
        0 => area.draw(&Circle::new(place, 4, full)),
        1 => area.draw(&TriangleMarker::new(place, 6, full)),
        2 => area.draw(&Cross::new(place, 4, line)),
        _ => area.draw(&Circle::new(place, 5, line)),
    }
    .map_err(|error| error.to_string())
}

fn font(size: u32) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&TEXT.light)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::layout::LABEL_CHARACTERS;

    fn plot(points: &[(f64, f64)]) -> LinePlot {
        let points = points.iter().map(|&(x, y)| Point { x, y, spread: 0.1 }).collect();
        let series = vec![Series { name: "<a> & b".into(), points, names: vec!["<i>".into()] }];
        LinePlot {
            title: "\"T\" < U".into(),
            x_label: "x".into(),
            y_label: "y & z".into(),
            series,
            ..LinePlot::default()
        }
    }

    #[test]
    fn text_is_text_without_fonts() {
        let svg = plot(&[(1.0, 2.0), (2.0, 3.0)]).draw().unwrap();
        assert!(
            svg.as_str().contains(
                " role=\"img\">\n<title>&quot;T&quot; &lt; U</title>\n<desc>Line plot of y &amp; z"
            )
        );
        assert!(svg.as_str().contains("&lt;a&gt; &amp; b") && svg.as_str().matches("<text").count() > 10);
        assert!(svg.as_str().trim_end().ends_with("</svg>") && !svg.as_str().contains("href"));
    }

    /// Points say their numbers; where there is room, names stand beside them.
    #[test]
    fn points_have_hints_and_names() {
        let svg = plot(&[(1.0, 2.0), (2.0, f64::NAN), (3.0, 2.5)]).draw().unwrap();
        assert_eq!(svg.as_str().matches("<circle").count() - svg.as_str().matches("r=\"4\"").count(), 2);
        assert!(svg.as_str().contains("<title>&lt;a&gt; &amp; b, &lt;i&gt;: 2 ± 0.1 at 1</title>"));
        assert!(svg.as_str().contains(">&lt;i&gt;</text>"));
        assert!(svg.as_str().contains("<title>&lt;a&gt; &amp; b: 2.5 ± 0.1 at 3</title>"));
    }

    #[test]
    fn bars_stand_on_zero() {
        let bars = LinePlot { bars: true, ..plot(&[(1.0, 2.0), (1.5, 0.0), (2.0, 4.0)]) };
        assert_eq!(bars.step(), 0.5);
        let svg = bars.draw().unwrap();
        let height = |rect: &str| {
            let (_, rest) = rect.split_once("height=\"").unwrap();
            rest.split_once('"').unwrap().0.parse::<f64>().unwrap()
        };
        let rects: Vec<f64> = svg.as_str().split("<rect").skip(2).map(height).collect();
        assert_eq!(rects.len(), 2);
        assert!((rects[1] / rects[0] - 2.0).abs() < 0.05, "{rects:?}");
        assert!(svg.as_str().contains("<desc>Bars of"));
    }

    #[test]
    fn the_csv_has_every_number_that_is_drawn() {
        let svg = plot(&[(1.0, 1.0 / 3.0), (2.0, f64::NAN), (1e-30, -2e30)]).draw().unwrap();
        assert_eq!(
            svg.csv(),
            format!(
                "series,x,y & z,spread\n<a> & b,1,0.3333333333333333,0.1\n<a> & b,{},{},0.1\n",
                1e-30, -2e30
            )
        );
    }

    #[test]
    fn names_of_any_length_stay_in_the_picture() {
        let name = "a\u{0}long name ".repeat(40);
        let plot = LinePlot { title: name.clone(), y_label: name.clone(), ..plot(&[(1.0, 2.0)]) };
        let series =
            plot.series.iter().map(|series| Series { name: name.clone(), ..series.clone() }).collect();
        let svg = LinePlot { series, ..plot }.draw().unwrap();
        let longest =
            svg.as_str().lines().filter(|line| !line.starts_with('<')).map(|line| line.chars().count());
        assert!(longest.max() <= Some(LABEL_CHARACTERS) && !svg.as_str().contains('\0'));
    }

    #[test]
    fn any_finite_data_can_be_drawn() {
        for points in [
            &[(0.0, 0.0)][..],
            &[(5.0, 1e15), (6.0, 1e15 + 0.25)],
            &[(1.0, -1e100), (1e100, 1e100)],
            &[(1.0, 1e-300), (2.0, -1e-300)],
            &[(1e9, 1.0), (1e9, 1.0)],
            &[(1.0, f64::NAN), (2.0, 1.0), (3.0, f64::INFINITY), (4.0, 2.0), (f64::NAN, 1.0)],
        ] {
            for spread in [Spread::Band, Spread::Bars] {
                let svg = LinePlot { spread, ..plot(points) }.draw().unwrap();
                assert!(!svg.as_str().contains("NaN") && !svg.as_str().contains("inf"), "{points:?}");
            }
        }
        for x in [1e-100, 1e-3, 1.0, 1e100] {
            assert!(LinePlot { log_x: true, ..plot(&[(x, 1.0), (1.0, 2.0)]) }.draw().is_ok(), "{x}");
            let both = LinePlot { log_y: true, log_x: true, ..plot(&[(x, 1.0), (1.0, 2e5)]) };
            assert!(both.draw().is_ok(), "{x}");
        }
    }

    #[test]
    fn what_cannot_be_drawn_is_refused() {
        let refusal = |plot: LinePlot| plot.draw().unwrap_err().to_string();
        assert!(refusal(plot(&[])).contains("at least one finite point"));
        assert!(refusal(plot(&[(0.0, 1e101)])).contains("up to 1e100, found 1e101"));
        let zero = LinePlot { log_x: true, ..plot(&[(0.0, 1.0)]) };
        assert!(refusal(zero).contains("x greater than 0 on a logarithmic axis, found 0"));
        let bare = LinePlot { y_label: " ".into(), ..plot(&[(1.0, 1.0)]) };
        assert!(refusal(bare).contains("a label on each axis, found none on the vertical axis"));
        let low = LinePlot { log_y: true, ..plot(&[(1.0, 0.1)]) };
        assert!(refusal(low).contains("y greater than its spread on a logarithmic axis, found 0.1"));
    }
}

//! Curves drawn with characters.

/// A curve: its mark and its points.
pub(crate) struct Curve<'a> {
    pub(crate) mark: char,
    pub(crate) name: &'a str,
    pub(crate) points: &'a [(f64, f64)],
}

const WIDTH: usize = 66;
const HEIGHT: usize = 16;

/// Curves over a common frame, with a legend. Where curves meet, the first keeps its mark.
pub(crate) fn render(title: &str, x_label: &str, curves: &[Curve<'_>]) -> String {
    let all = || curves.iter().flat_map(|curve| curve.points.iter().copied());
    let range = |values: &mut dyn Iterator<Item = f64>| {
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)))
    };
    let (left, right) = range(&mut all().map(|p| p.0));
    let (bottom, top) = range(&mut all().map(|p| p.1));
    if !(left.is_finite() && bottom.is_finite()) {
        return String::new();
    }
    let place = |v: f64, low: f64, high: f64, cells: usize| {
        let share = if high > low { (v - low) / (high - low) } else { 0.5 };
        ((share * (cells - 1) as f64).round() as usize).min(cells - 1)
    };
    let mut cells = vec![vec![' '; WIDTH]; HEIGHT];
    for curve in curves.iter().rev() {
        for pair in curve.points.windows(2) {
            let (start, end) = (place(pair[0].0, left, right, WIDTH), place(pair[1].0, left, right, WIDTH));
            for (column, x) in (start..=end).enumerate() {
                let share = if end > start { column as f64 / (end - start) as f64 } else { 1.0 };
                let y = pair[0].1 + share * (pair[1].1 - pair[0].1);
                cells[HEIGHT - 1 - place(y, bottom, top, HEIGHT)][x] = curve.mark;
            }
        }
    }
    let mut lines = vec![title.to_owned()];
    for (row, line) in cells.iter().enumerate() {
        let label = match row {
            0 => format!("{top:6.3}"),
            _ if row == HEIGHT - 1 => format!("{bottom:6.3}"),
            _ => " ".repeat(6),
        };
        let line: String = line.iter().collect();
        lines.push(format!("{label} |{}", line.trim_end()));
    }
    lines.push(format!("       +{}", "-".repeat(WIDTH)));
    lines.push(format!("        {left:<10}{x_label:^46}{right:>10}"));
    lines.extend(curves.iter().map(|curve| format!("        {} {}", curve.mark, curve.name)));
    lines.join(
        "
",
    )
}

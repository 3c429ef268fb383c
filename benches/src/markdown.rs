//! Tables as text, and pages of which a program keeps one part up to date.

use std::fs;
use std::path::Path;

use crate::Failure;
use crate::arguments::refusal;

/// A table: the first column to the left, the others to the right.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let rule = head.iter().enumerate().map(|(i, _)| if i == 0 { "---" } else { "---:" }.to_owned());
    let head = head.iter().copied().map(String::from).collect::<Vec<_>>();
    let rule = rule.collect::<Vec<_>>();
    [&head, &rule].into_iter().chain(rows).map(|cells| line(cells)).collect()
}

/// `1 thread`, `2 threads` and so on.
pub fn counted(number: usize, unit: &str) -> String {
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

/// A number with three digits, or all six before the point; times a power of ten where it is larger or below 10⁻³.
pub fn three_digits(x: f64) -> String {
    if !x.is_finite() {
        return "–".into();
    }
    let size = x.abs();
    if size >= 999_950.0 || (size > 0.0 && size < 9.995e-4) {
        let digits = format!("{x:.2e}");
        let (mantissa, exponent) = digits.split_once('e').unwrap_or((&digits, "0"));
        let power: String = exponent.chars().map(superscript).collect();
        return format!("{mantissa}·10{power}");
    }
    let decimals = match size {
        0.0 => 2,
        _ if size >= 99.95 => 0,
        _ if size >= 9.995 => 1,
        _ if size >= 0.9995 => 2,
        _ if size >= 0.09995 => 3,
        _ if size >= 0.009_995 => 4,
        _ => 5,
    };
    format!("{x:.decimals$}")
}

fn superscript(digit: char) -> char {
    let place = digit.to_digit(10).map_or(10, |digit| digit as usize);
    ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹', '⁻'][place]
}

/// A file with lines `<!-- NAME: begin -->` and `<!-- NAME: end -->` around a part that a program writes.
#[derive(Clone, Debug)]
pub struct Part<'a> {
    file: &'a Path,
    name: &'a str,
}

impl<'a> Part<'a> {
    /// The part `name` of `file`. Refuses a file without it, before anything is measured.
    pub fn new(file: &'a Path, name: &'a str) -> Result<Self, Failure> {
        let part = Self { file, name };
        part.split(&part.read()?)?;
        Ok(part)
    }

    /// Replaces the part.
    pub fn write(&self, text: &str) -> Result<(), Failure> {
        let old = self.read()?;
        let (before, after) = self.split(&old)?;
        fs::write(self.file, format!("{before}\n{}\n\n{after}", text.trim()))
            .map_err(|error| format!("{}: {error}", self.file.display()).into())
    }

    fn read(&self) -> Result<String, Failure> {
        fs::read_to_string(self.file).map_err(|error| refusal(format!("{}: {error}", self.file.display())))
    }

    /// What stands before the part and after, with the lines that mark it.
    fn split<'t>(&self, text: &'t str) -> Result<(&'t str, &'t str), Failure> {
        let mark = |side: &str| format!("<!-- {}: {side} -->\n", self.name);
        let begin = text.find(&mark("begin")).map(|place| place + mark("begin").len());
        match (begin, text.find(&mark("end"))) {
            (Some(begin), Some(end)) if begin <= end => Ok((&text[..begin], &text[end..])),
            _ => Err(refusal(format!(
                "{}: expected lines <!-- {name}: begin --> and <!-- {name}: end -->",
                self.file.display(),
                name = self.name
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let all = [0.000_123_4, 0.012_34, 0.5, 1.234, 12.34, 123.4, 12_345.0, 1.5e6, 0.0, f64::NAN];
        let want = ["1.23·10⁻⁴", "0.0123", "0.500", "1.23", "12.3", "123", "12345", "1.50·10⁶", "0.00", "–"];
        assert_eq!(all.map(three_digits), want);
        assert_eq!([9.999, 0.099_99, 0.999_9].map(three_digits), ["10.0", "0.100", "1.00"]);
    }

    #[test]
    fn a_part_is_replaced_and_a_page_without_it_refused() {
        let file = std::env::temp_dir().join(format!("perturb-part-{}.md", std::process::id()));
        fs::write(&file, "a\n<!-- x: begin -->\nold\n<!-- x: end -->\nb\n").unwrap();
        Part::new(&file, "x").unwrap().write("new\n").unwrap();
        let text = fs::read_to_string(&file).unwrap();
        let refused = Part::new(&file, "y").unwrap_err().to_string();
        fs::remove_file(&file).unwrap();
        assert_eq!(text, "a\n<!-- x: begin -->\n\nnew\n\n<!-- x: end -->\nb\n");
        assert!(refused.contains("expected lines <!-- y: begin -->"));
    }
}

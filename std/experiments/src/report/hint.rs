//! What a picture says of its points: their numbers under the pointer, and names beside them.

use std::fmt::Write;

use super::colour::{TEXT, hex};
use super::escape;

/// A point of a picture.
pub(super) struct Hint {
    /// In pixels.
    pub(super) place: (i32, i32),
    /// What to write beside it; empty for nothing.
    pub(super) name: String,
    /// What to say of it.
    pub(super) text: String,
}

/// The size of names in pixels, and the width of a letter, which is an estimate.
const SIZE: i32 = 11;
const LETTER: i32 = 6;
/// The right end of pictures.
const END: i32 = 478;

/// Adds hints to a document that ends in `</svg>`.
pub(super) fn add(document: &mut String, hints: &[Hint]) {
    let Some(end) = document.rfind("</svg>") else { return };
    document.truncate(end);
    // Writing to a string cannot fail.
    let _ = names(document, hints);
    document.push_str("<g fill=\"transparent\">\n");
    for Hint { place: (x, y), text, .. } in hints {
        let _ = writeln!(
            document,
            "<circle cx=\"{x}\" cy=\"{y}\" r=\"8\"><title>{}</title></circle>",
            escape(text)
        );
    }
    document.push_str("</g>\n</svg>\n");
}

/// A box of pixels: left, top, right, bottom.
type Area = [i32; 4];

/// Writes names to the right, to the left, above or below of their points, where they hide neither points nor other names.
fn names(document: &mut String, hints: &[Hint]) -> std::fmt::Result {
    let mut taken: Vec<Area> = hints.iter().map(|hint| around(hint.place)).collect();
    for Hint { place: (x, y), name, .. } in hints.iter().filter(|hint| !hint.name.is_empty()) {
        let width = LETTER * name.chars().count() as i32;
        let corners =
            [(x + 7, y - 6), (x - 7 - width, y - 6), (x - width / 2, y - 19), (x - width / 2, y + 7)];
        let areas = corners.map(|(left, top)| [left, top, left + width, top + SIZE + 1]);
        let own = around((*x, *y));
        let free = |area: &Area| {
            area[0] >= 0 && area[2] <= END && taken.iter().all(|other| *other == own || !overlap(area, other))
        };
        if let Some(area) = areas.into_iter().find(free) {
            writeln!(
                document,
                "<text x=\"{}\" y=\"{}\" font-size=\"{SIZE}\" font-family=\"sans-serif\" fill=\"{}\">{}</text>",
                area[0],
                area[3] - 2,
                hex(TEXT.light),
                escape(name)
            )?;
            taken.push(area);
        }
    }
    Ok(())
}

fn around((x, y): (i32, i32)) -> Area {
    [x - 5, y - 5, x + 5, y + 5]
}

fn overlap(a: &Area, b: &Area) -> bool {
    a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_not_hide_one_another() {
        let hint = |place, name: &str| Hint { place, name: name.into(), text: "t".into() };
        let mut svg = "<svg>\n</svg>\n".to_owned();
        add(&mut svg, &[hint((100, 100), "one"), hint((104, 101), "two"), hint((470, 300), "at the end")]);
        let place = |name: &str| {
            let (before, _) = svg.split_once(&format!(">{name}</text>")).unwrap();
            let (_, x) = before.rsplit_once("x=\"").unwrap();
            x.split_once('"').unwrap().0.parse::<i32>().unwrap()
        };
        assert!(place("one") < 100 && place("two") > 104 && place("at the end") < 470, "{svg}");
        assert!(svg.ends_with("</g>\n</svg>\n") && svg.matches("<title>t</title>").count() == 3);
    }
}

//! The colours of pictures on light and on dark ground.

use std::fmt::Write;

use plotters::style::RGBColor;

/// One colour: on white, as pictures are drawn, and on the dark ground that replaces white in the dark.
#[derive(Clone, Copy, Debug)]
pub(super) struct Colour {
    pub(super) light: RGBColor,
    pub(super) dark: RGBColor,
}

const fn colour(light: [u8; 3], dark: [u8; 3]) -> Colour {
    Colour { light: rgb(light), dark: rgb(dark) }
}

const fn rgb([r, g, b]: [u8; 3]) -> RGBColor {
    RGBColor(r, g, b)
}

pub(super) const GROUND: Colour = colour([255, 255, 255], [21, 24, 28]);
pub(super) const TEXT: Colour = colour([27, 31, 36], [230, 233, 237]);
pub(super) const AXIS: Colour = colour([90, 98, 107], [154, 165, 177]);
pub(super) const GRID: Colour = colour([220, 224, 228], [50, 57, 65]);

/// The colours of lines: each at 3 to 1 or more against its ground, and each pair distinct under any colour vision, which is
/// what they were searched for. The last is that of text.
pub(super) const SERIES: [Colour; 7] = [
    colour([60, 54, 159], [32, 95, 255]),    // indigo
    colour([184, 139, 0], [239, 200, 51]),   // ochre
    colour([0, 118, 100], [36, 189, 120]),   // green
    colour([250, 61, 188], [185, 135, 217]), // pink
    colour([172, 64, 0], [199, 65, 30]),     // rust
    colour([29, 152, 233], [108, 209, 255]), // sky
    TEXT,
];

/// `#RRGGBB`, as plotters writes it.
pub(super) fn hex(RGBColor(r, g, b): RGBColor) -> String {
    format!("#{r:02X}{g:02X}{b:02X}")
}

/// A `<style>` for `svg`: the dark colours on dark screens, the light ones on paper.
///
/// Rules that name a colour by its attribute leave the drawing as it is: programs that know no style sheets draw it on white.
pub(super) fn style(svg: &str) -> String {
    let mut style = String::from("<style>@media screen and (prefers-color-scheme:dark){");
    for Colour { light, dark } in [GROUND, AXIS, GRID].iter().chain(&SERIES) {
        let (light, dark) = (hex(*light), hex(*dark));
        for attribute in ["fill", "stroke"] {
            if svg.contains(&format!("{attribute}=\"{light}\"")) {
                // Writing to a string cannot fail.
                let _ = write!(style, "svg [{attribute}=\"{light}\"]{{{attribute}:{dark}}}");
            }
        }
    }
    if svg.contains("class=\"scale\"") {
        // Lightness turned round, hues kept: low values lie near the ground here, too.
        style.push_str("svg .scale{filter:invert(1) hue-rotate(180deg)}");
    }
    style.push_str("}</style>");
    style
}

/// Red, green and blue as amounts of light.
#[cfg(test)]
fn linear(RGBColor(r, g, b): RGBColor) -> [f64; 3] {
    [r, g, b].map(|channel| {
        let c = f64::from(channel) / 255.0;
        if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    })
}

/// The ratio of WCAG 2.2.
#[cfg(test)]
pub(super) fn contrast(a: RGBColor, b: RGBColor) -> f64 {
    let light = |colour| {
        let [r, g, b] = linear(colour);
        0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05
    };
    let (a, b) = (light(a), light(b));
    a.max(b) / a.min(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(matrix: [[f64; 3]; 3], v: [f64; 3]) -> [f64; 3] {
        matrix.map(|row| row.iter().zip(v).map(|(a, b)| a * b).sum())
    }

    /// Oklab (Ottosson 2020) of a colour as it is seen through `vision`.
    fn seen(colour: RGBColor, vision: [[f64; 3]; 3]) -> [f64; 3] {
        let cones = product(
            [
                [0.412_221_470_8, 0.536_332_536_3, 0.051_445_992_9],
                [0.211_903_498_2, 0.680_699_545_1, 0.107_396_956_6],
                [0.088_302_461_9, 0.281_718_837_6, 0.629_978_700_5],
            ],
            product(vision, linear(colour)).map(|light| light.clamp(0.0, 1.0)),
        );
        product(
            [
                [0.210_454_255_3, 0.793_617_785_0, -0.004_072_046_8],
                [1.977_998_495_1, -2.428_592_205_0, 0.450_593_709_9],
                [0.025_904_037_1, 0.782_771_766_2, -0.808_675_766_0],
            ],
            cones.map(f64::cbrt),
        )
    }

    /// Full vision, and protanopia, deuteranopia and tritanopia (Machado, Oliveira and Fernandes 2009).
    const VISIONS: [[[f64; 3]; 3]; 4] = [
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        [
            [0.152_286, 1.052_583, -0.204_868],
            [0.114_503, 0.786_281, 0.099_216],
            [-0.003_882, -0.048_116, 1.051_998],
        ],
        [
            [0.367_322, 0.860_646, -0.227_968],
            [0.280_085, 0.672_501, 0.047_413],
            [-0.011_820, 0.042_940, 0.968_881],
        ],
        [
            [1.255_528, -0.076_749, -0.178_779],
            [-0.078_411, 0.930_809, 0.147_602],
            [0.004_733, 0.691_367, 0.303_900],
        ],
    ];

    #[test]
    fn text_and_lines_stand_out_from_the_ground() {
        for of in [|colour: Colour| colour.light, |colour: Colour| colour.dark] {
            assert!(contrast(of(TEXT), of(GROUND)) >= 7.0);
            assert!(contrast(of(AXIS), of(GROUND)) >= 4.5);
            for (i, colour) in SERIES.into_iter().enumerate() {
                assert!(contrast(of(colour), of(GROUND)) >= 3.0, "{i}");
            }
        }
        assert!((contrast(RGBColor(0, 0, 0), RGBColor(255, 255, 255)) - 21.0).abs() < 1e-9);
    }

    /// A distance of 0.02 in Oklab can just be seen side by side; lines across a plot need several times that.
    #[test]
    fn any_colour_vision_tells_series_apart() {
        for of in [|colour: Colour| colour.light, |colour: Colour| colour.dark] {
            for vision in VISIONS {
                let seen = SERIES.map(|colour| seen(of(colour), vision));
                for (i, a) in seen.iter().enumerate() {
                    for (j, b) in seen.iter().enumerate().take(i) {
                        let distance = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt();
                        assert!(distance >= 0.1, "{i} and {j}: {distance}");
                    }
                }
            }
        }
    }
}

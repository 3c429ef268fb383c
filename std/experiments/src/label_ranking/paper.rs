//! The numbers printed in the paper.

/// One row of Tables 1 and 2.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Printed {
    /// The data set's name in the paper.
    pub name: &'static str,
    /// Table 1: (mean, standard deviation) for the losses in the order of [`super::LOSSES`].
    pub table_1: [(f64, f64); 4],
    /// Table 2.
    pub table_2: [(f64, f64); 4],
}

/// The row of the data set whose file has the stem `name`; `dtt` is the paper's `dtc`.
#[must_use]
pub fn printed(name: &str) -> Option<&'static Printed> {
    let name = if name == "dtt" { "dtc" } else { name };
    TABLES.iter().find(|row| row.name == name)
}

/// Mean Spearman correlation of plain least squares over 10 folds, measured with an independent
/// implementation on the same files; `None` where it was not measured.
#[must_use]
pub fn least_squares(name: &str) -> Option<f64> {
    LEAST_SQUARES.iter().find(|(set, _)| *set == name).map(|&(_, mean)| mean)
}

const LEAST_SQUARES: [(&str, f64); 16] = [
    ("authorship", 0.961),
    ("bodyfat", 0.368),
    ("calhousing", 0.269),
    ("cold", 0.097),
    ("diau", 0.269),
    ("dtt", 0.158),
    ("elevators", 0.771),
    ("fried", 0.998),
    ("glass", 0.865),
    ("iris", 0.82),
    ("pendigits", 0.94),
    ("segment", 0.937),
    ("spo", 0.183),
    ("stock", 0.79),
    ("vehicle", 0.849),
    ("wisconsin", 0.765),
];

/// Spearman correlation, 10-fold cross-validation: Berthet et al. 2020, Appendix C.2.
pub const TABLES: [Printed; 21] = [
    Printed {
        name: "authorship",
        table_1: [(0.95, 0.01), (0.28, 0.17), (0.96, 0.01), (0.76, 0.04)],
        table_2: [(0.95, 0.01), (0.93, 0.02), (0.96, 0.01), (0.76, 0.04)],
    },
    Printed {
        name: "bodyfat",
        table_1: [(0.35, 0.07), (0.23, 0.09), (0.36, 0.08), (0.32, 0.07)],
        table_2: [(0.35, 0.07), (0.34, 0.08), (0.36, 0.08), (0.32, 0.07)],
    },
    Printed {
        name: "calhousing",
        table_1: [(0.26, 0.02), (0.13, 0.07), (0.26, 0.01), (0.17, 0.06)],
        table_2: [(0.26, 0.02), (0.25, 0.04), (0.26, 0.02), (0.17, 0.06)],
    },
    Printed {
        name: "cold",
        table_1: [(0.05, 0.04), (0.00, 0.04), (0.09, 0.04), (0.04, 0.04)],
        table_2: [(0.08, 0.04), (0.08, 0.04), (0.09, 0.04), (0.04, 0.04)],
    },
    Printed {
        name: "cpu-small",
        table_1: [(0.52, 0.01), (0.44, 0.05), (0.50, 0.01), (0.50, 0.01)],
        table_2: [(0.53, 0.01), (0.54, 0.02), (0.50, 0.02), (0.50, 0.01)],
    },
    Printed {
        name: "diau",
        table_1: [(0.22, 0.03), (0.12, 0.05), (0.26, 0.03), (0.25, 0.03)],
        table_2: [(0.26, 0.03), (0.26, 0.02), (0.26, 0.03), (0.25, 0.03)],
    },
    Printed {
        name: "dtc",
        table_1: [(0.11, 0.04), (0.03, 0.06), (0.15, 0.04), (0.11, 0.04)],
        table_2: [(0.14, 0.04), (0.13, 0.04), (0.15, 0.04), (0.11, 0.04)],
    },
    Printed {
        name: "elevators",
        table_1: [(0.79, 0.01), (0.67, 0.05), (0.77, 0.01), (0.76, 0.02)],
        table_2: [(0.80, 0.01), (0.79, 0.01), (0.77, 0.01), (0.76, 0.02)],
    },
    Printed {
        name: "fried",
        table_1: [(1.00, 0.00), (0.82, 0.10), (0.99, 0.00), (1.00, 0.00)],
        table_2: [(1.00, 0.00), (0.99, 0.01), (0.99, 0.00), (1.00, 0.00)],
    },
    Printed {
        name: "glass",
        table_1: [(0.88, 0.05), (0.81, 0.09), (0.86, 0.05), (0.83, 0.05)],
        table_2: [(0.88, 0.05), (0.84, 0.06), (0.86, 0.06), (0.83, 0.05)],
    },
    Printed {
        name: "heat",
        table_1: [(0.03, 0.03), (0.01, 0.03), (0.06, 0.02), (0.03, 0.03)],
        table_2: [(0.06, 0.03), (0.05, 0.03), (0.06, 0.02), (0.03, 0.03)],
    },
    Printed {
        name: "housing",
        table_1: [(0.75, 0.03), (0.65, 0.07), (0.70, 0.03), (0.71, 0.03)],
        table_2: [(0.76, 0.03), (0.75, 0.03), (0.70, 0.04), (0.71, 0.03)],
    },
    Printed {
        name: "iris",
        table_1: [(0.81, 0.09), (0.78, 0.21), (0.81, 0.08), (0.70, 0.08)],
        table_2: [(0.80, 0.12), (0.86, 0.11), (0.81, 0.08), (0.70, 0.08)],
    },
    Printed {
        name: "pendigits",
        table_1: [(0.95, 0.00), (0.82, 0.06), (0.94, 0.00), (0.96, 0.00)],
        table_2: [(0.96, 0.00), (0.95, 0.00), (0.94, 0.00), (0.96, 0.00)],
    },
    Printed {
        name: "segment",
        table_1: [(0.95, 0.01), (0.78, 0.06), (0.94, 0.00), (0.93, 0.00)],
        table_2: [(0.95, 0.00), (0.94, 0.01), (0.94, 0.01), (0.93, 0.00)],
    },
    Printed {
        name: "spo",
        table_1: [(0.16, 0.02), (0.07, 0.03), (0.18, 0.02), (0.18, 0.02)],
        table_2: [(0.18, 0.02), (0.18, 0.02), (0.18, 0.02), (0.18, 0.02)],
    },
    Printed {
        name: "stock",
        table_1: [(0.77, 0.05), (0.56, 0.23), (0.75, 0.03), (0.63, 0.07)],
        table_2: [(0.78, 0.07), (0.70, 0.21), (0.75, 0.03), (0.63, 0.07)],
    },
    Printed {
        name: "vehicle",
        table_1: [(0.87, 0.03), (0.69, 0.09), (0.84, 0.03), (0.79, 0.03)],
        table_2: [(0.89, 0.02), (0.86, 0.03), (0.84, 0.03), (0.79, 0.03)],
    },
    Printed {
        name: "vowel",
        table_1: [(0.73, 0.03), (0.70, 0.03), (0.73, 0.02), (0.74, 0.02)],
        table_2: [(0.74, 0.02), (0.75, 0.03), (0.73, 0.02), (0.74, 0.02)],
    },
    Printed {
        name: "wine",
        table_1: [(0.94, 0.03), (0.85, 0.17), (0.96, 0.03), (0.86, 0.08)],
        table_2: [(0.95, 0.04), (0.91, 0.07), (0.96, 0.04), (0.86, 0.08)],
    },
    Printed {
        name: "wisconsin",
        table_1: [(0.75, 0.03), (0.56, 0.07), (0.78, 0.03), (0.75, 0.04)],
        table_2: [(0.78, 0.03), (0.77, 0.03), (0.77, 0.03), (0.75, 0.04)],
    },
];

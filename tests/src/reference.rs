//! Known values of perturbed layers, each found by quadrature and confirmed by Monte Carlo outside this
//! project's code, unless its source says otherwise.
#![allow(clippy::unreadable_literal, reason = "digits as the sources print them")]

/// A layer and what is known of it. Empty slices and `None` are not known.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Oracle and noise.
    pub name: &'static str,
    /// Where the numbers come from.
    pub source: &'static str,
    /// θ.
    pub theta: &'static [f64],
    /// ε.
    pub epsilon: f64,
    /// y_ε(θ).
    pub maximizer: &'static [f64],
    /// F_ε(θ).
    pub value: Option<f64>,
    /// Rows (i, J_i) of the Jacobian.
    pub rows: &'static [(usize, &'static [f64])],
    /// The diagonal of the Jacobian.
    pub diagonal: &'static [f64],
    /// ∇‖y_ε‖² = 2Jᵀy_ε.
    pub norm_gradient: &'static [f64],
}

/// Nothing known; the start of every case.
const BLANK: Case = Case {
    name: "",
    source: "",
    theta: &[],
    epsilon: 0.5,
    maximizer: &[],
    value: None,
    rows: &[],
    diagonal: &[],
    norm_gradient: &[],
};

/// Five classes.
const CLASSES: [f64; 5] = [-0.6, 1.9, -0.2, 1.1, -1.0];
/// Nine labels.
const LABELS: [f64; 9] = [-0.8, 0.6, 1.2, -1.0, -0.7, 0.6, 1.1, -1.0, 0.4];
/// v = (0, 1, …, 8), the reference vector of the rankings of nine.
pub const RANKS_FROM_ZERO: [f64; 9] = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];

/// Argmax of five, Gumbel.
pub const SIMPLEX_GUMBEL: Case = Case {
    name: "simplex gumbel",
    source: "softmax(θ/ε), ε logsumexp(θ/ε) + γε",
    theta: &CLASSES,
    maximizer: &[0.00549293219068, 0.815223419155, 0.0122247454078, 0.164590769715, 0.0024681335312],
    value: Some(2.290_754_367_138_95),
    rows: &[(1, &[-0.00895593392335, 0.301268392032, -0.0199317974993, -0.268356500097, -0.00402416051248])],
    norm_gradient: &[-0.0150807820688, 0.402258516147, -0.0332337189169, -0.347137920549, -0.00680609461302],
    ..BLANK
};

/// Argmax of five, Normal.
pub const SIMPLEX_NORMAL: Case = Case {
    name: "simplex normal",
    source: "quadrature of φ(z) Π Φ(z + (θ_i − θ_j)/ε)",
    theta: &CLASSES,
    maximizer: &[5.55370255964e-5, 0.870584728112, 0.000601649241495, 0.128754611365, 3.47425638217e-6],
    value: Some(1.945_699_085_400_41),
    rows: &[
        (
            0,
            &[0.00035649381903, -0.000244696918065, -4.91394420088e-6, -0.000106775884351, -1.07072412539e-7],
        ),
        (1, &[-0.000244696918065, 0.299181546666, -0.00233666119518, -0.296583083651, -1.71049016277e-5]),
        (2, &[-4.91394420088e-6, -0.00233666119518, 0.00327046449898, -0.000928382738155, -5.06621448395e-7]),
        (3, &[-0.000106775884351, -0.296583083651, -0.000928382738155, 0.297626320961, -8.07868740425e-6]),
        (4, &[-1.07072412539e-7, -1.71049016277e-5, -5.06621448395e-7, -8.07868740425e-6, 2.57972828929e-5]),
    ],
    ..BLANK
};

/// Argmax of five, Logistic.
pub const SIMPLEX_LOGISTIC: Case = Case {
    name: "simplex logistic",
    source: "quadrature",
    theta: &CLASSES,
    maximizer: &[0.0113606018144, 0.719347931375, 0.0245587065079, 0.239550845514, 0.00518191478885],
    ..BLANK
};

/// Argmax of five, Laplace.
pub const SIMPLEX_LAPLACE: Case = Case {
    name: "simplex laplace",
    source: "quadrature",
    theta: &CLASSES,
    maximizer: &[0.00508176551345, 0.805189893201, 0.0114586169455, 0.175999446952, 0.00227027738832],
    ..BLANK
};

/// Argmax of four, Normal, at the point of InferOpt's documentation.
pub const SIMPLEX_ADDITIVE: Case = Case {
    name: "simplex normal, InferOpt's point",
    source: "quadrature",
    theta: &[3.0, 5.0, 4.0, 2.0],
    epsilon: 1.0,
    maximizer: &[0.0464487484963, 0.725301847863, 0.222284052039, 0.00596535160177],
    diagonal: &[0.075639566535, 0.251047079805, 0.219994858382, 0.0135489750457],
    ..BLANK
};

/// Inclusion in the best two of five, Gumbel.
pub const TOP_TWO_GUMBEL: Case = Case {
    name: "top-2 gumbel",
    source: "Plackett–Luce",
    theta: &CLASSES,
    maximizer: &[0.0308912051517, 0.992446213697, 0.0686658680491, 0.894108874475, 0.0138878386265],
    ..BLANK
};

/// Ranking of nine by v = (0, …, 8), Normal.
pub const RANKING_NORMAL: Case = Case {
    name: "ranking normal",
    source: "E y_i = Σ Φ((θ_i − θ_j)/(ε√2)), F_ε = Σ over pairs of E max",
    theta: &LABELS,
    maximizer: &[
        1.7649726752,
        5.46866822597,
        7.02333153204,
        1.27426553892,
        2.01980727231,
        5.46866822597,
        6.7911300155,
        1.27426553892,
        4.91489097518,
    ],
    value: Some(23.473_360_299_812_6),
    rows: &[(
        0,
        &[
            1.96092033457,
            -0.0794708538386,
            -0.010333492677,
            -0.542067393552,
            -0.558575803394,
            -0.0794708538386,
            -0.0152623702177,
            -0.542067393552,
            -0.133672173502,
        ],
    )],
    ..BLANK
};

/// Ranking of nine by v = (0, …, 8), Gumbel.
pub const RANKING_GUMBEL: Case = Case {
    name: "ranking gumbel",
    source: "E y_i = Σ σ((θ_i − θ_j)/ε), F_ε = Σ over pairs of E max",
    theta: &LABELS,
    maximizer: &[
        1.8852298521,
        5.39431025615,
        6.85477759858,
        1.41821412183,
        2.12765220408,
        5.39431025615,
        6.63644072061,
        1.41821412183,
        4.87085086867,
    ],
    value: Some(35.160_731_016_741_9),
    ..BLANK
};

/// Ranking of four by v = (1, 2, 3, 4), Normal, where most pairs are certain.
pub const RANKING_FAR: Case = Case {
    name: "ranking normal, far apart",
    source: "E y_i = 1 + Σ Φ((θ_i − θ_j)/(ε√2))",
    theta: &[1.0, 20.0, 7.3, 7.35],
    epsilon: 0.1,
    maximizer: &[1.0, 4.0, 2.36183680492, 2.63816319508],
    ..BLANK
};

/// Three independent decisions in {0, 1}, Normal.
pub const BINARY_NORMAL: Case = Case {
    name: "hypercube normal",
    source: "Φ(θ/ε), ε Σ E(θ/ε + Z)₊",
    theta: &[0.3, -0.7, 1.1],
    epsilon: 0.8,
    maximizer: &[0.646169766673, 0.190786952853, 0.915434277649],
    value: Some(1.706_415_654_583_87),
    ..BLANK
};

/// Three signs, Normal: twice the binary decisions less one, and so F_ε = 2·F_ε(binary) − Σθ.
pub const SIGN_NORMAL: Case = Case {
    name: "sign normal",
    source: "2Φ(θ/ε) − 1",
    theta: &[0.3, -0.7, 1.1],
    epsilon: 0.8,
    maximizer: &[0.292339533346, -0.618426094294, 0.830868555298],
    value: Some(2.712_831_309_167_74),
    ..BLANK
};

/// 2×2 assignment, row-major, Normal: E y = (p, 1 − p, 1 − p, p).
pub const ASSIGNMENT_NORMAL: Case = Case {
    name: "2×2 assignment normal",
    source: "P(identity) = Φ of the trace difference over 2ε, F_ε of two normals",
    theta: &[0.3, 0.1, -0.2, 0.4],
    maximizer: &[0.788144601416603, 0.211855398583397, 0.211855398583397, 0.788144601416603],
    value: Some(0.820_207_233_894_765),
    ..BLANK
};

/// Minimum spanning tree of a triangle, costs (1, 1.3, 1.6), Normal: scores are negative costs.
pub const TRIANGLE_NORMAL: Case = Case {
    name: "triangle spanning tree normal",
    source: "all but the largest of three perturbed costs, by quadrature",
    theta: &[-1.0, -1.3, -1.6],
    epsilon: 0.4,
    maximizer: &[0.911612407979, 0.734411455586, 0.353976136435],
    ..BLANK
};

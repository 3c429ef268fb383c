//! Test bodies without an allocator, one file a subject: the host and microcontrollers run the same.

use core::marker::PhantomData;

use perturb_core::{Law, Real, Seed};

pub(crate) mod affine;
pub(crate) mod black_box;
pub mod closed_forms;
pub(crate) mod derivatives;
pub(crate) mod draws;
pub(crate) mod errors;
pub(crate) mod fenchel_young;
pub(crate) mod graphs;
pub(crate) mod identities;
pub(crate) mod losses;
pub(crate) mod model_files;
pub(crate) mod monte_carlo;
pub(crate) mod multiplicative;
pub(crate) mod oracles;
pub(crate) mod packings;
pub(crate) mod variance;

/// Names of cases and their bodies.
pub(crate) type List = &'static [(&'static str, fn())];

/// The first bits of the draws.
pub(crate) const BITS: List =
    &[("draws: f32 bits", draws::single_precision_bits), ("draws: f64 bits", draws::double_precision_bits)];

/// What model files do; they hold f32.
pub(crate) const MODEL_FILES: List = &[
    ("model files: come back", model_files::stored_models_come_back),
    ("model files: damaged", model_files::damaged_files_change_nothing),
    ("model files: of other models", model_files::files_of_other_models_are_refused),
    ("model files: what cannot be said", model_files::what_a_file_cannot_say_is_not_stored),
];

/// The cases of one number type. Constants, so that a list that is not asked for is not linked.
pub(crate) struct Of<T>(PhantomData<T>);

impl<T: Real> Of<T> {
    pub(crate) const ORACLES: List = &[
        ("oracles: simplex", oracles::simplex::<T>),
        ("oracles: top k", oracles::top_k::<T>),
        ("oracles: hypercube", oracles::hypercube::<T>),
        ("oracles: ranking", oracles::ranking::<T>),
        ("oracles: ranking by sorting", oracles::ranking_by_sorting::<T>),
        ("oracles: group top k", oracles::group_top_k::<T>),
        ("oracles: other points", oracles::other_points::<T>),
    ];
    pub(crate) const GRAPHS: List = &[
        ("graphs: grid path", graphs::grid_path::<T>),
        ("graphs: shortest path", graphs::shortest_path::<T>),
        ("graphs: dag path", graphs::dag_path::<T>),
        ("graphs: assignment", graphs::assignment::<T>),
        ("graphs: warm assignment", graphs::warm_assignment::<T>),
        ("graphs: infinite scores", graphs::infinite_scores::<T>),
    ];
    pub(crate) const PACKINGS: List = &[
        ("packings: knapsack", packings::knapsack::<T>),
        ("packings: spanning tree", packings::spanning_tree::<T>),
        ("packings: labelled tree", packings::labelled_tree::<T>),
        ("packings: flow", packings::flow::<T>),
        ("packings: tour", packings::tour::<T>),
    ];
    pub(crate) const CLOSED_FORMS: List = &[
        ("closed forms: simplex gumbel", closed_forms::simplex_gumbel::<T>),
        ("closed forms: simplex normal", closed_forms::simplex_normal::<T>),
        ("closed forms: simplex logistic", closed_forms::simplex_logistic::<T>),
        ("closed forms: simplex laplace", closed_forms::simplex_laplace::<T>),
        ("closed forms: ranking normal", closed_forms::ranking_normal::<T>),
        ("closed forms: ranking gumbel", closed_forms::ranking_gumbel::<T>),
        ("closed forms: hypercube normal", closed_forms::hypercube_normal::<T>),
    ];
    pub(crate) const TOP_K: List = &[
        ("closed forms: top two gumbel", closed_forms::top_two_gumbel::<T>),
        ("closed forms: top one normal", closed_forms::top_one_normal::<T>),
        ("closed forms: top one laplace", closed_forms::top_one_laplace::<T>),
    ];
    pub(crate) const ERRORS: List = &[
        ("errors: scores", errors::scores::<T>),
        ("errors: targets", errors::targets::<T>),
        ("errors: directions", errors::directions::<T>),
        ("errors: temperatures", errors::temperatures::<T>),
        ("errors: counts", errors::counts::<T>),
        ("errors: dimensions", errors::dimensions::<T>),
        ("errors: reference vectors", errors::reference_vectors::<T>),
        ("errors: overflow", errors::overflow::<T>),
        ("errors: training steps", errors::training_steps::<T>),
        ("errors: graphs", errors::graphs::<T>),
        ("errors: groups and packs", errors::groups_and_packs::<T>),
    ];
    pub(crate) const AFFINE: List = &[
        ("affine: step by definition", affine::step_by_definition::<T>),
        ("affine: learns", affine::learns::<T>),
    ];
    pub(crate) const NOISES: List = &[
        ("draws: sample is the first draw", draws::sample_is_the_first_draw::<T>),
        ("draws: gumbel moments", draws::gumbel_moments::<T>),
        ("draws: normal moments", draws::normal_moments::<T>),
        ("draws: logistic moments", draws::logistic_moments::<T>),
        ("draws: laplace moments", draws::laplace_moments::<T>),
        ("draws: quantiles", draws::quantiles::<T>),
    ];
    pub(crate) const FENCHEL_YOUNG: List = &[
        ("fenchel young: gumbel simplex", fenchel_young::gumbel_simplex::<T>),
        ("fenchel young: outside", fenchel_young::outside::<T>),
        ("fenchel young: partial rankings", fenchel_young::partial_rankings::<T>),
    ];
    pub(crate) const MONTE_CARLO: List = &[
        ("monte carlo: simplex", monte_carlo::simplex::<T>),
        ("monte carlo: top k", monte_carlo::top_k::<T>),
        ("monte carlo: ranking", monte_carlo::ranking::<T>),
        ("monte carlo: one pass", monte_carlo::one_pass::<T>),
        ("monte carlo: samples", monte_carlo::samples::<T>),
    ];
    pub(crate) const VARIANCE: List = &[
        ("variance: combinations", variance::combinations::<T>),
        ("variance: baseline helps", variance::baseline_helps::<T>),
        ("variance: too few", variance::too_few::<T>),
    ];
    pub(crate) const MULTIPLICATIVE: List = &[
        ("multiplicative: twin", multiplicative::twin::<T>),
        ("multiplicative: zeros", multiplicative::zeros::<T>),
        ("multiplicative: homogeneous", multiplicative::homogeneous::<T>),
        ("multiplicative: signs", multiplicative::signs::<T>),
    ];
    pub(crate) const BLACK_BOX: List = &[
        ("black box: kinds", black_box::kinds::<T>),
        ("black box: failures", black_box::failures::<T>),
        ("black box: offsets", black_box::offsets::<T>),
    ];
    pub(crate) const DERIVATIVES: List = &[
        ("derivatives: temperature", derivatives::temperature::<T>),
        ("derivatives: products", derivatives::products::<T>),
        ("derivatives: inverse", derivatives::inverse::<T>),
        ("derivatives: omega", derivatives::omega::<T>),
    ];
    pub(crate) const LOSSES: List = &[
        ("losses: spo plus", losses::spo_plus::<T>),
        ("losses: interpolation", losses::interpolation::<T>),
        ("losses: projections", losses::projections::<T>),
        ("losses: implicit", losses::implicit::<T>),
        ("losses: full label", losses::full_label::<T>),
        ("losses: clips", losses::clips::<T>),
        ("losses: refusals", losses::refusals::<T>),
    ];
}

/// The cases of one number type that concern one noise.
pub(crate) struct Under<T, N>(PhantomData<(T, N)>);

impl<T: Real, N: Law<T> + Default> Under<T, N> {
    pub(crate) const PAIRS: List = &[
        ("identities: jacobians", identities::jacobians::<T, N>),
        ("identities: scales", identities::scales::<T, N>),
        ("fenchel-young: zero at own maximizer", fenchel_young::zero_at_own_maximizer::<T, N>),
        ("fenchel-young: at vertices", fenchel_young::at_vertices::<T, N>),
    ];
}

/// Five classes, near enough to one another that no outcome is too rare for a normal mean.
const NEAR: [f64; 5] = [-0.3, 0.6, -0.1, 0.5, -0.2];

/// Quarters in [−2, 2], both zeros among them: sums are exact in f32, so that ties are exact too.
fn quarters<const N: usize>(seed: u64, instance: u64) -> [f64; N] {
    let mut stream = Seed(seed).stream(instance);
    [(); N].map(|()| {
        let quarter = (f64::uniform(&mut stream) * 17.0) as i32 - 8;
        f64::sign(&mut stream) * f64::from(quarter) / 4.0
    })
}

/// Whole numbers below `most`.
fn numbers<const N: usize>(seed: u64, instance: u64, most: u32) -> [u32; N] {
    let mut stream = Seed(seed).stream(instance);
    [(); N].map(|()| (f64::uniform(&mut stream) * f64::from(most)) as u32)
}

/// Within `tolerance`·max(1, |want|).
#[track_caller]
fn close<T: Real>(got: T, want: f64, tolerance: f64, what: &str) {
    let off = (got.to_f64() - want).abs();
    assert!(off <= tolerance * want.abs().max(1.0), "{what} in {}: {got}, not {want}", T::NAME);
}

/// Some units in the last place of T.
fn rounding<T: Real>(units: f64) -> f64 {
    units * T::EPSILON.to_f64()
}

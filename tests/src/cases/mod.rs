//! Test bodies without an allocator, which the host and microcontrollers run: folders and files as in the tests of the host.

use core::marker::PhantomData;

use perturb_core::{Real, Seed, noise::Law};

pub(crate) mod affine;
pub(crate) mod errors;
pub(crate) mod loss;
pub mod method;
pub(crate) mod model_files;
pub(crate) mod noise;
pub(crate) mod oracle;
pub(crate) mod quantity;
pub(crate) mod shared;

/// Names of cases and their bodies.
pub(crate) type List = &'static [(&'static str, fn())];

/// The first bits of the draws.
pub(crate) const BITS: List = &[
    ("draws: f32 bits", noise::draws::single_precision_bits),
    ("draws: f64 bits", noise::draws::double_precision_bits),
];

/// What model files do; they hold f32.
pub(crate) const MODEL_FILES: List = &[
    ("model files: come back", model_files::stored_models_come_back),
    ("model files: damaged", model_files::damaged_files_change_nothing),
    ("model files: of other models", model_files::files_of_other_models_are_refused),
    ("model files: older, centred", model_files::older_files_are_turned_and_centred_ones_refused),
    ("model files: where they lie", model_files::models_decide_where_they_lie),
    ("model files: what cannot be said", model_files::what_a_file_cannot_say_is_not_stored),
    ("model files: shared weights", model_files::shared_weights_come_back),
    ("model files: shared weights, damaged", model_files::damaged_shared_files_change_nothing),
    ("model files: top k", model_files::top_k_keeps_its_k),
];

/// The cases of one number type. Constants, so that a list that is not asked for is not linked.
pub(crate) struct Of<T>(PhantomData<T>);

impl<T: Real> Of<T> {
    /// Picks and rankings.
    pub(crate) const ORACLES: List = &[
        ("simplex: enumeration", oracle::simplex::enumeration::<T>),
        ("top k: enumeration", oracle::top_k::enumeration::<T>),
        ("hypercube: enumeration", oracle::hypercube::enumeration::<T>),
        ("ranking: enumeration", oracle::ranking::enumeration::<T>),
        ("ranking: sorting", oracle::ranking::sorting::<T>),
        ("group top k: enumeration", oracle::group_top_k::enumeration::<T>),
        ("oracles: other points", oracle::other_points::<T>),
    ];
    /// Paths and assignments.
    pub(crate) const PATHS: List = &[
        ("grid path: enumeration", oracle::grid_path::enumeration::<T>),
        ("shortest path: enumeration", oracle::shortest_path::enumeration::<T>),
        ("dag path: enumeration", oracle::dag_path::enumeration::<T>),
        ("dag path: any order", oracle::dag_path::any_order::<T>),
        ("assignment: enumeration", oracle::assignment::enumeration::<T>),
        ("assignment: warm start", oracle::assignment::warm_start::<T>),
        ("oracles: infinite scores", oracle::infinite_scores::<T>),
    ];
    /// Packings, trees, flows and tours.
    pub(crate) const PACKS: List = &[
        ("knapsack: enumeration", oracle::knapsack::enumeration::<T>),
        ("spanning tree: enumeration", oracle::spanning_tree::enumeration::<T>),
        ("spanning tree: labels", oracle::spanning_tree::labels::<T>),
        ("spanning tree: forests", oracle::spanning_tree::forests::<T>),
        ("flow: enumeration", oracle::flow::enumeration::<T>),
        ("tour: enumeration", oracle::tour::enumeration::<T>),
    ];
    pub(crate) const CLOSED_FORMS: List = &[
        ("closed forms: simplex gumbel", method::closed_forms::simplex_gumbel::<T>),
        ("closed forms: simplex normal", method::closed_forms::simplex_normal::<T>),
        ("closed forms: simplex logistic", method::closed_forms::simplex_logistic::<T>),
        ("closed forms: simplex laplace", method::closed_forms::simplex_laplace::<T>),
        ("closed forms: ranking normal", method::closed_forms::ranking_normal::<T>),
        ("closed forms: ranking gumbel", method::closed_forms::ranking_gumbel::<T>),
        ("closed forms: hypercube normal", method::closed_forms::hypercube_normal::<T>),
        ("closed forms: tails", method::closed_forms::tails::<T>),
    ];
    pub(crate) const TOP_K: List = &[
        ("closed forms: top two gumbel", method::closed_forms::top_two_gumbel::<T>),
        ("closed forms: top one normal", method::closed_forms::top_one_normal::<T>),
        ("closed forms: top one laplace", method::closed_forms::top_one_laplace::<T>),
        ("closed forms: far scores", method::closed_forms::far_scores::<T>),
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
    pub(crate) const LARGE_SCORES: List = &[
        ("large scores: bits of small ones", method::large_scores::bits_of_small_ones::<T>),
        ("large scores: masks", method::large_scores::masks::<T>),
        ("large scores: refused", method::large_scores::refused::<T>),
    ];
    /// Scores of −∞.
    pub(crate) const FORBIDDEN: List = &[
        ("forbidden: picks and matchings", oracle::forbidden::picks_and_matchings::<T>),
        ("forbidden: paths and trees", oracle::forbidden::paths_and_trees::<T>),
        ("forbidden: samples", method::forbidden::samples_leave_them_out::<T>),
        ("forbidden: other losses", method::forbidden::other_losses::<T>),
        ("forbidden: refused", method::forbidden::refused::<T>),
    ];
    pub(crate) const FORBIDDEN_EXACT: List =
        &[("forbidden: exact", method::forbidden::exact_is_that_of_the_rest::<T>)];
    pub(crate) const AFFINE: List = &[
        ("affine: step by definition", affine::step_by_definition::<T>),
        ("affine: learns", affine::learns::<T>),
        ("affine: absurd readings", affine::absurd_readings_are_refused::<T>),
        ("affine: clipped steps", affine::steps_are_clipped::<T>),
    ];
    /// Weights that options share.
    pub(crate) const SHARED: List = &[
        ("shared: step by definition", shared::step_by_definition::<T>),
        ("shared: labels are features", shared::labels_are_features::<T>),
        ("shared: options come and go", shared::options_come_and_go::<T>),
        ("shared: refused", shared::refused::<T>),
        ("shared: absurd readings", shared::absurd_readings::<T>),
    ];
    pub(crate) const NOISES: List = &[
        ("draws: sample is the first draw", noise::draws::sample_is_the_first_draw::<T>),
        ("draws: gumbel moments", noise::draws::gumbel_moments::<T>),
        ("draws: normal moments", noise::draws::normal_moments::<T>),
        ("draws: logistic moments", noise::draws::logistic_moments::<T>),
        ("draws: laplace moments", noise::draws::laplace_moments::<T>),
        ("draws: quantiles", noise::draws::quantiles::<T>),
    ];
    pub(crate) const FENCHEL_YOUNG: List = &[
        ("fenchel young: gumbel simplex", loss::fenchel_young::gumbel_simplex::<T>),
        ("fenchel young: outside", loss::fenchel_young::outside::<T>),
        ("fenchel young: partial rankings", loss::fenchel_young::partial_rankings::<T>),
    ];
    pub(crate) const MONTE_CARLO: List = &[
        ("monte carlo: simplex", method::monte_carlo::simplex::<T>),
        ("monte carlo: top k", method::monte_carlo::top_k::<T>),
        ("monte carlo: ranking", method::monte_carlo::ranking::<T>),
        ("monte carlo: one pass", method::monte_carlo::one_pass::<T>),
        ("monte carlo: samples", method::monte_carlo::samples::<T>),
        ("monte carlo: one sample", method::monte_carlo::single::<T>),
    ];
    pub(crate) const VARIANCE: List = &[
        ("variance: combinations", method::variance::combinations::<T>),
        ("variance: baseline helps", method::variance::baseline_helps::<T>),
        ("variance: too few", method::variance::too_few::<T>),
    ];
    pub(crate) const MULTIPLICATIVE: List = &[
        ("multiplicative: twin", loss::multiplicative::twin::<T>),
        ("multiplicative: zeros", loss::multiplicative::zeros::<T>),
        ("multiplicative: homogeneous", loss::multiplicative::homogeneous::<T>),
        ("multiplicative: signs", loss::multiplicative::signs::<T>),
    ];
    pub(crate) const BLACK_BOX: List = &[
        ("black box: kinds", oracle::black_box::kinds::<T>),
        ("black box: failures", oracle::black_box::failures::<T>),
        ("black box: offsets", oracle::black_box::offsets::<T>),
    ];
    pub(crate) const DERIVATIVES: List = &[
        ("derivatives: temperature", quantity::derivatives::temperature::<T>),
        ("derivatives: products", quantity::derivatives::products::<T>),
        ("derivatives: inverse", quantity::derivatives::inverse::<T>),
        ("derivatives: omega", quantity::derivatives::omega::<T>),
    ];
    pub(crate) const LOSSES: List = &[
        ("spo plus: definition", loss::spo_plus::definition::<T>),
        ("interpolation: definition", loss::interpolation::definition::<T>),
        ("identity: projections", loss::identity::projections::<T>),
        ("i-mle: definition", loss::imle::definition::<T>),
        ("partial label: full label", loss::partial_label::full_label::<T>),
        ("sparse map: clips", loss::sparse_map::clips::<T>),
        ("losses: refusals", loss::refusals::<T>),
    ];
}

/// The cases of one number type that concern one noise.
pub(crate) struct Under<T, N>(PhantomData<(T, N)>);

impl<T: Real, N: Law<T> + Default> Under<T, N> {
    pub(crate) const PAIRS: List = &[
        ("identities: jacobians", quantity::identities::jacobians::<T, N>),
        ("identities: scales", quantity::identities::scales::<T, N>),
        ("fenchel young: zero at own maximizer", loss::fenchel_young::zero_at_own_maximizer::<T, N>),
        ("fenchel young: at vertices", loss::fenchel_young::at_vertices::<T, N>),
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

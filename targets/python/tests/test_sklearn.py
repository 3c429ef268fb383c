"""Estimators of scikit-learn: its own checks, its tools, and what they learn."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from perturbed import BlackBox, Decisions, Exact, Knapsack, Layer, Model, MonteCarlo, Recipe, Simplex, TopK, Training, estimate, train
from test_tables import DATA, FOUND, ROADS, TRIPS
from test_training import MODEL, RANKS, X

sklearn = pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from perturbed.sklearn import ChoiceModel, DecisionRegressor, LabelRanker, PerturbedClassifier  # noqa: E402
from sklearn.base import clone  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402
from sklearn.utils.estimator_checks import check_estimator  # noqa: E402


def rankings(y: Any) -> Any:
    """What the checks of scikit-learn have for targets, as rankings of three labels."""
    y = None if y is None else np.asarray(y)
    if y is None or y.dtype.kind not in "fiub" or not np.isfinite(y).all():
        return y
    y = y.reshape(len(y), -1)
    if y.shape[1] == 1:
        y = np.hstack([y, -y, np.zeros_like(y)])
    return y.argsort(axis=1).argsort(axis=1) + 1


class AnyRanker(LabelRanker):
    """Targets of a LabelRanker are rankings, which those of the checks are not."""

    def fit(self, X: Any, y: Any) -> Any:
        return super().fit(X, rankings(y))

    def score(self, X: Any, y: Any) -> float:
        return super().score(X, rankings(y))


class AnyRegressor(DecisionRegressor):
    """Likewise: two of three labels."""

    def fit(self, X: Any, y: Any) -> Any:
        y = rankings(y)
        return super().fit(X, None if y is None else (y > 1) * 1.0)

    def score(self, X: Any, y: Any) -> float:
        return super().score(X, (rankings(y) > 1) * 1.0)


OF_TARGETS = "targets are decisions, and not classes or numbers of one kind"


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@pytest.mark.parametrize(
    ("estimator", "expected"),
    [
        (PerturbedClassifier(), {}),
        (AnyRanker(), {"check_dtype_object": OF_TARGETS}),
        (AnyRegressor(TopK(3, 2)), {"check_dtype_object": OF_TARGETS}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_checks_of_sklearn(estimator: Any, expected: dict[str, str]) -> None:
    results = check_estimator(estimator, expected_failed_checks=expected, on_fail=None)
    failed = {result["check_name"]: repr(result["exception"]) for result in results if result["status"] == "failed"}
    assert len(results) > 35 and not failed


# They give `fit` or a method a matrix without names of columns, which is refused by name.
OF_TABLES = """
    check_fit_score_takes_y check_estimators_overwrite_params check_dont_overwrite_parameters check_estimators_fit_returns_self
    check_readonly_memmap_input check_n_features_in_after_fitting check_positive_only_tag_during_fit check_estimators_dtypes
    check_complex_data check_dtype_object check_estimators_empty_data_messages check_pipeline_consistency check_estimator_sparse_tag
    check_estimator_sparse_array check_estimator_sparse_matrix check_estimators_pickle check_f_contiguous_array_estimator
    check_methods_sample_order_invariance check_methods_subset_invariance check_fit2d_1sample check_fit2d_1feature check_dict_unchanged
    check_fit_idempotent check_fit_check_is_fitted check_n_features_in check_fit1d check_fit2d_predict1d
""".split()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
def test_checks_of_sklearn_on_a_choice_model() -> None:
    expected = dict.fromkeys(OF_TABLES, "X is a table of named columns")
    results = check_estimator(ChoiceModel(TRIPS), expected_failed_checks=expected, on_fail=None)
    failed = {result["check_name"]: repr(result["exception"]) for result in results if result["status"] == "failed"}
    assert not failed and sum(result["status"] == "passed" for result in results) >= 10


def test_the_bits_of_the_library() -> None:
    ranker = LabelRanker(random_state=7).fit(X, 5 - RANKS)
    assert ranker.model_ == MODEL
    assert ranker.predict(X).dtype == np.int64 and ranker.score(X, 5 - RANKS) > 0.95
    with pytest.raises(ValueError, match=r"y is \[1.0, 1.0\] in row 0; expected each of 1 to 2 once"):
        LabelRanker().fit(X, np.ones((150, 2)))
    with pytest.raises(ValueError, match="ranks of at least 2 labels"):
        LabelRanker().fit(X, np.ones((150, 1)))


def test_a_classifier_is_the_logit() -> None:
    """Beside scikit-learn's own, on the same loss without a penalty."""
    rng = np.random.default_rng(8)
    classes = np.array(["a", "b", "c"])[(X @ [[1, 0, -1], [0, 1, 0.5], [0.5, 0, 0]] + rng.gumbel(size=(150, 3))).argmax(axis=1)]
    own = PerturbedClassifier(epochs=2000, rate=0.5).fit(X, classes)
    known = LogisticRegression(C=np.inf, tol=1e-10, max_iter=10_000).fit(X, classes)
    np.testing.assert_allclose(own.predict_proba(X), known.predict_proba(X), atol=5e-3)
    assert (own.predict(X) == known.predict(X)).mean() > 0.98 and own.classes_.tolist() == ["a", "b", "c"]
    assert own.score(X, classes) == (own.predict(X) == classes).mean()
    np.testing.assert_allclose(np.exp(own.predict_log_proba(X)), own.predict_proba(X))
    assert own.model_.label_names == ["a", "b", "c"]
    probit = PerturbedClassifier(noise="normal", epochs=200).fit(X, classes)
    assert np.abs(probit.predict_proba(X) - known.predict_proba(X)).max() < 0.1
    for samples in 5, 0:
        assert PerturbedClassifier(samples=samples).fit(X, classes).score(X, classes) > 0.5
    with pytest.raises(ValueError, match="y has 1 class"):
        PerturbedClassifier().fit(X, ["a"] * 150)
    with pytest.raises(ValueError, match="random_state is -1"):
        PerturbedClassifier(random_state=-1).fit(X, classes)
    with pytest.raises(TypeError, match="batch is of type str"):
        PerturbedClassifier(batch="all").fit(X, classes)  # type: ignore[arg-type]


def test_coefficients_make_scores() -> None:
    """Also where features are centred, as times in seconds since 1970 are."""
    for far in 0, 1.7e9:
        x = X + [0, far, 0]
        ranker = LabelRanker().fit(x, 5 - RANKS)
        assert (ranker.model_.centres[1] != 0) == (far != 0)
        np.testing.assert_allclose(x @ ranker.coef_.astype(float) + ranker.intercept_, ranker.decision_function(x), rtol=0, atol=1e-5)


def test_regressors_decide() -> None:
    oracle = Knapsack([3, 5, 2, 4, 1], 8)
    y = Layer(oracle).decide(X @ np.sin(np.arange(15.0)).reshape(3, 5))
    model = DecisionRegressor(oracle).fit(X, y)
    assert model.score(X, y) > 0.8 and np.array_equal(model.predict(X), model.model_.decide(X))
    with pytest.raises(ValueError, match="y has 149 rows; expected 150"):
        DecisionRegressor(oracle).fit(X, y[1:])
    with pytest.raises(ValueError, match=r"y has shape \(149, 5\); expected \(150, 5\)"):
        model.score(X, y[1:])


def test_tools_of_sklearn() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=["a", "b", "c"])
    search = GridSearchCV(make_pipeline(StandardScaler(), LabelRanker(epochs=20)), {"labelranker__rate": [1e-6, 0.1]}, cv=3)
    search.fit(frame, 5 - RANKS)
    assert search.best_params_ == {"labelranker__rate": 0.1}
    ranker = LabelRanker().fit(frame, 5 - RANKS)
    assert ranker.model_.feature_names == ["a", "b", "c"] and pickle.loads(pickle.dumps(ranker)).model_ == ranker.model_
    assert cross_val_score(PerturbedClassifier(), X, RANKS.argmax(axis=1), cv=3, n_jobs=2).min() > 0.6


def test_choice_models() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(DATA)
    model = ChoiceModel(TRIPS).fit(frame)
    assert model.estimates_ == FOUND and model.terms_ == FOUND.terms and np.array_equal(model.coef_, FOUND.weights)
    y = model.predict(frame)
    assert y.reshape(-1, 3).sum(axis=1).tolist() == [1] * 400
    assert model.score(frame) == pytest.approx((y[DATA["took"]] == 1).mean())
    np.testing.assert_allclose(model.predict_proba(frame).reshape(-1, 3).sum(axis=1), 1, rtol=1e-12)
    search = GridSearchCV(model, {"ridge": [0.0, 0.1]}, cv=GroupKFold(4)).fit(frame, groups=frame["trip"])
    assert search.best_score_ > 0.5 and clone(model).get_params() == model.get_params()
    own = [row for row in model.elasticities(frame, "cost") if row[1] == row[2] == "air"]
    assert own[0][3] < 0 < own[0][4]
    assert pickle.loads(pickle.dumps(model)).summary() == model.summary()
    with pytest.raises(ValueError, match="says what was decided"):
        ChoiceModel(Recipe(group="trip", features="cost")).fit(frame)
    with pytest.raises(TypeError, match="recipe is of type str"):
        ChoiceModel("trip").fit(frame)
    with pytest.raises(TypeError, match="training is of type int"):
        ChoiceModel(TRIPS, training=3).fit(frame)
    with pytest.raises(ValueError, match="or none of its decisions counts"):
        ChoiceModel(Recipe(group="trip", chosen="took", features="cost", count="one")).fit({**DATA, "one": [1] * 1200}).score({**DATA, "one": [0] * 1200})


def test_summaries() -> None:
    text = ChoiceModel(TRIPS).fit(DATA).summary()
    lines = {line.split()[0]: line.split() for line in text.splitlines() if line and "=" in line or line.startswith("cost")}
    np.testing.assert_allclose(float(lines["cost"][1]), FOUND.weights[2], rtol=1e-5)
    np.testing.assert_allclose(float(lines["mode=air"][2]), FOUND.standard_errors()[0], rtol=1e-5)
    np.testing.assert_allclose([float(x) for x in lines["cost"][5:]], FOUND.intervals()[2], rtol=1e-5)
    assert f"{FOUND.log_likelihood:.4f}" in text and f"{FOUND.aic:.4f}" in text and f"{FOUND.r_squared:.4f}" in text
    robust = ChoiceModel(TRIPS).fit(DATA).summary(errors="robust")
    assert "robust" in robust and f"{FOUND.standard_errors('robust')[2]:.6g}" in robust
    plain = ChoiceModel(TRIPS, ridge=0.5).fit(DATA).summary()
    assert "z" not in plain.split() and "cost" in plain


def test_choice_models_of_other_decisions() -> None:
    x = np.random.default_rng(1).uniform(0.5, 2, 200)
    table = {**ROADS, "x": x, "r": [3, 1, 2, 5, 4] * 40, "y": [1, 0, 1, 0, 0] * 40}
    ranked = ChoiceModel(Recipe(decide="rank", group="map", ranks="r", features="x")).fit(table)
    assert sorted(ranked.predict(table)[:5]) == [1, 2, 3, 4, 5] and -1 <= ranked.score(table) <= 1
    np.testing.assert_allclose(ranked.predict_proba(table).reshape(-1, 5).sum(axis=1), 15, rtol=1e-9)
    routes = Recipe(decide="route", group="map", worth="-x", features="x")
    for loss in "spo-plus", "fenchel-young":
        routed = ChoiceModel(routes, loss=loss, noise="normal", training=Training(epochs=20)).fit(table)
        assert routed.coef_[0] < 0 and routed.score(table) == pytest.approx(0, abs=1e-12)
    assert routed.estimates_ is not None and routed.estimates_.errors_by_default == "robust"
    # How expectations are sampled is the caller's to choose.
    sampled = routed.model_.maximizer(table, MonteCarlo(1000))
    assert np.array_equal(routed.predict_proba(table), sampled)
    assert np.array_equal(routed.predict_proba(table, method=MonteCarlo(50, 3)), routed.model_.maximizer(table, MonteCarlo(50, 3)))
    assert np.array_equal(ranked.predict_proba(table, method=Exact()), ranked.predict_proba(table))
    with pytest.raises(ValueError, match="ridge applies"):
        ChoiceModel(routes, ridge=1.0).fit(table)


def test_the_probit_of_the_library() -> None:
    found = estimate(Decisions(DATA, TRIPS), noise="normal", criterion="likelihood")
    assert ChoiceModel(TRIPS, noise="normal", loss="likelihood").fit(DATA).estimates_ == found


def test_models_go_to_files(tmp_path: Path) -> None:
    model = ChoiceModel(TRIPS).fit(DATA).model_
    model.save(tmp_path / "trips.perturb")
    assert Model.load(tmp_path / "trips.perturb").estimates == FOUND
    header = model.to_c_header("trips")
    assert "trips_choose" in header and "TRIPS_FEATURES" in header
    other = train(Layer(TopK(3, 2)), X, Layer(TopK(3, 2)).decide(X), MonteCarlo(5), training=Training(epochs=2))
    assert "OTHER_PICKS" in other.to_c_header("other") and other.maximizer(X, Exact()).shape == (150, 3)


def largest(scores: np.ndarray) -> np.ndarray:
    """Argmax of each problem."""
    return np.asarray(scores == scores.max(axis=1, keepdims=True), dtype=scores.dtype)


def test_a_regressor_of_a_solver_of_python() -> None:
    rng = np.random.default_rng(2)
    x = rng.standard_normal((300, 3))
    y = largest(x @ rng.standard_normal((3, 4)))
    regressor = clone(DecisionRegressor(BlackBox(4, largest), noise="gumbel")).fit(x, y)
    known = DecisionRegressor(Simplex(4), noise="gumbel").fit(x, y)
    assert np.array_equal(regressor.coef_, known.coef_) and regressor.score(x, y) == known.score(x, y) > 0.9
    assert np.array_equal(pickle.loads(pickle.dumps(regressor)).predict(x), known.predict(x))

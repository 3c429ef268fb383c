"""Tables of every kind, recipes, decisions among options, estimates, and weights by stochastic gradients."""

import copy
import json
import math
import pickle
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import perturbed
import pytest
from perturbed import (
    Decisions,
    Estimates,
    Exact,
    Layer,
    Model,
    MonteCarlo,
    PerturbedError,
    Recipe,
    Simplex,
    Training,
    descend,
    elasticities,
    estimate,
    estimate_scores,
    estimates_at,
)
from scipy import optimize, special, stats

MODES = ("air", "car", "train")
TRUTH = np.array([-2.0, 0.5, 1.0])
TRIPS = Recipe(group="trip", alternatives="mode", chosen="took", features="cost", constants="mode", reference="train")


def trips(count: int = 400, seed: int = 3) -> dict[str, Any]:
    """Picks among three modes under Gumbel noise."""
    rng = np.random.default_rng(seed)
    cost = rng.uniform(0, 2, (count, 3))
    theta = TRUTH[0] * cost + [TRUTH[1], TRUTH[2], 0]
    took = (theta + rng.gumbel(size=theta.shape)).argmax(axis=1)
    return {
        "trip": np.repeat(np.arange(count), 3),
        "mode": [*MODES] * count,
        "cost": cost.ravel(),
        "took": (took[:, None] == np.arange(3)).ravel(),
        "person": np.repeat(np.arange(count) // 4, 3),
    }


DATA = trips()
DECISIONS = Decisions(DATA, TRIPS)
FOUND = estimate(DECISIONS)
MODEL = Model.of_options(DECISIONS, FOUND.weights, estimates=FOUND)


def test_the_logit_beside_one_that_is_written_here() -> None:
    cost, took = DATA["cost"].reshape(-1, 3), DATA["took"].reshape(-1, 3)

    def loss(w: np.ndarray) -> float:
        theta = w[2] * cost + [w[0], w[1], 0]
        return float((special.logsumexp(theta, axis=1) - theta[took]).sum())

    best = optimize.minimize(loss, np.zeros(3), tol=1e-12)
    assert DECISIONS.terms == FOUND.terms == ["mode=air", "mode=car", "cost"]
    np.testing.assert_allclose(FOUND.weights, best.x, atol=2e-5)
    assert FOUND.log_likelihood == pytest.approx(-best.fun, abs=1e-8)
    assert FOUND.null_log_likelihood == pytest.approx(-400 * math.log(3), rel=1e-12)
    assert FOUND.loss == pytest.approx(best.fun / 400, rel=1e-10)
    p = special.softmax(FOUND.weights[2] * cost + [FOUND.weights[0], FOUND.weights[1], 0], axis=1)
    x = np.stack([np.broadcast_to([1.0, 0, 0], p.shape), np.broadcast_to([0, 1.0, 0], p.shape), cost], axis=2)
    centred = x - (p[:, :, None] * x).sum(axis=1, keepdims=True)
    information = np.einsum("ne,nea,neb->ab", p, centred, centred)
    np.testing.assert_allclose(FOUND.covariance("model"), np.linalg.inv(information), rtol=1e-8)
    np.testing.assert_allclose(FOUND.standard_errors(), np.sqrt(np.diag(np.linalg.inv(information))), rtol=1e-8)
    np.testing.assert_allclose(FOUND.z() * FOUND.standard_errors(), FOUND.weights, rtol=1e-12)
    np.testing.assert_allclose(FOUND.p_values(), 2 * stats.norm.sf(np.abs(FOUND.z())), rtol=1e-7)
    half = stats.norm.ppf(0.95) * FOUND.standard_errors()
    np.testing.assert_allclose(FOUND.intervals(0.9), np.stack([FOUND.weights - half, FOUND.weights + half], 1), rtol=1e-8)
    statistic, freedom, chance = FOUND.test_of_null() or (0, 0, 0)
    assert freedom == 3 and statistic == pytest.approx(2 * (-best.fun + 400 * math.log(3)), rel=1e-9)
    assert chance == pytest.approx(stats.chi2.sf(statistic, 3), rel=1e-6)
    np.testing.assert_allclose(DECISIONS.maximizer(FOUND.weights, Exact()), p.ravel(), rtol=1e-12)
    # Within 4.5 standard errors of the truth, which fails by chance in one of 50,000 sets.
    assert np.all(np.abs(FOUND.weights - TRUTH[[1, 2, 0]]) < 4.5 * FOUND.standard_errors())


def test_estimates_of_every_kind() -> None:
    assert FOUND.errors_by_default == "model" and FOUND.clusters == 0 and FOUND.decisions == 400
    clustered = estimate(Decisions(DATA, Recipe(**{**vars(TRIPS), "cluster": "person"})))
    assert clustered.errors_by_default == "clustered" and clustered.clusters == 100
    assert np.array_equal(clustered.weights, FOUND.weights)
    restricted = estimate(Decisions(DATA, Recipe(group="trip", chosen="took", features="cost")))
    statistic, freedom, chance = FOUND.likelihood_ratio(restricted)
    assert freedom == 2 and statistic > 0 and 0 <= chance <= 1
    value, error = FOUND.ratio("mode=air", "cost")
    assert value == pytest.approx(FOUND.weights[0] / FOUND.weights[2]) and error > 0
    again = estimates_at(DECISIONS, FOUND.weights, Exact())
    np.testing.assert_allclose(again.covariance("robust"), FOUND.covariance("robust"), rtol=1e-6)
    for same in pickle.loads(pickle.dumps(FOUND)), Estimates(FOUND.to_json()):
        assert same == FOUND and np.array_equal(same.covariance(), FOUND.covariance())
    probit = estimate(DECISIONS, noise="normal", criterion="likelihood")
    assert probit.log_likelihood is not None and probit.log_likelihood == pytest.approx(FOUND.log_likelihood, abs=5)
    ranking = estimate(Decisions(DATA, Recipe(decide="rank", group="trip", grades="cost", features="took")))
    assert ranking.log_likelihood is None and ranking.aic is None and ranking.test_of_null() is None
    assert ranking.errors_by_default == "robust"


def test_elasticities_of_the_logit() -> None:
    """x w (1 - P) and -x w P, weighted by the probabilities (Train 2009, section 3.6)."""
    found = {(c, j): value for _, c, j, value, _ in elasticities(DECISIONS, FOUND.weights, ["cost"])}
    p, x = DECISIONS.maximizer(FOUND.weights, Exact()).reshape(-1, 3), DATA["cost"].reshape(-1, 3)
    for c, changed in enumerate(MODES):
        for j, of in enumerate(MODES):
            each = FOUND.weights[2] * x[:, c] * ((c == j) - p[:, c])
            assert found[changed, of] == pytest.approx(np.average(each, weights=p[:, j]), rel=1e-10)


@pytest.mark.parametrize("noise", ["gumbel", "normal"])
def test_scores_are_recovered_from_decisions(noise: Any) -> None:
    layer, theta = Layer(Simplex(3), noise), np.array([0.7, -0.2, -0.5])
    found, covariance = estimate_scores(layer, layer.sample(theta, 4000, seed=9))
    # 4,000 decisions, seed 9: three entries within 4.5 standard errors.
    assert np.all(np.abs(found - theta) < 4.5 * np.sqrt(np.diag(covariance)))
    with pytest.raises(PerturbedError, match="boundary of their hull"):
        estimate_scores(layer, [[1.0, 0, 0], [0, 1.0, 0]])
    with pytest.raises(ValueError, match=r"decisions has 4 numbers; expected \(n, 3\)"):
        estimate_scores(layer, np.ones(4))


def test_descent_finds_what_newton_finds() -> None:
    exact = descend(DECISIONS, Training(epochs=300, rate=0.5), method=Exact())
    np.testing.assert_allclose(exact, FOUND.weights, atol=0.02)
    assert np.array_equal(exact, descend(DECISIONS, Training(epochs=300, rate=0.5), method=Exact()))
    sampled = descend(DECISIONS, Training(epochs=100, seed=4), method=MonteCarlo(5))
    assert np.all(np.abs(sampled - FOUND.weights) < 3 * FOUND.standard_errors())
    further = descend(DECISIONS, Training(epochs=1, rate=1e-9), method=Exact(), start=exact)
    np.testing.assert_allclose(further, exact, atol=1e-7)
    with pytest.raises(PerturbedError, match="spo-plus|worth"):
        descend(DECISIONS, Training(), method=Exact(), loss="spo-plus")


ROADS = {
    "map": np.repeat(np.arange(40), 5),
    "from": ["A", "A", "B", "B", "C"] * 40,
    "to": ["B", "C", "C", "D", "D"] * 40,
}


@pytest.mark.parametrize(
    ("recipe", "more"),
    [
        (Recipe(decide="pick-k", group="g", chosen="y", features="x", k=2), {}),
        (Recipe(decide="pick-k", group="g", chosen="y", features="x", k=2, limit=("brand", 1)), {"brand": ["a", "a", "b", "b", "c"] * 40}),
        (Recipe(decide="each", group="g", chosen="y", features="x"), {}),
        (Recipe(decide="route", group="g", worth="-x", features="x"), {"from": ROADS["from"], "to": ROADS["to"]}),
        (Recipe(decide="flow", group="g", worth="-x", features="x", edges=("from", "to"), ends=("A", "D"), units=1), {**ROADS}),
        (Recipe(decide="span", group="g", worth="-x", features="x"), {**ROADS}),
        (Recipe(decide="pack", group="g", worth="x", features="x", capacity=4), {"weight": [1, 2, 3, 1, 2] * 40}),
        (Recipe(decide="rank", group="g", ranks="r", features="x"), {"r": [3, 1, 2, 5, 4] * 40}),
        (Recipe(decide="rank", group="g", grades="2 * y", features="x"), {}),
        (Recipe(group="g", one_of="y", features="x"), {}),
    ],
    ids=lambda value: value.decide if isinstance(value, Recipe) else "",
)  # fmt: skip
def test_every_kind_of_decision(recipe: Recipe, more: dict[str, Any]) -> None:
    x = np.random.default_rng(1).uniform(0.5, 2, 200)
    table = {"g": np.repeat(np.arange(40), 5), "x": x, "y": [1, 0, 1, 0, 0] * 40, **more}
    decisions = Decisions(table, recipe)
    assert len(decisions) == 40 and decisions.terms == ["x"]
    assert decisions.exact == (recipe.decide in ("pick", "rank", "each") or (recipe.decide == "pick-k" and not recipe.limit))
    y = decisions.decide([1.5])
    smoothed = decisions.maximizer([1.5], Exact() if decisions.exact else MonteCarlo(100, 1))
    assert y.shape == smoothed.shape == (decisions.starts[-1],)
    w = descend(decisions, Training(epochs=2), method=Exact() if decisions.exact else MonteCarlo(5))
    judge = Exact() if decisions.exact else MonteCarlo(20)
    judged = decisions.judge(w, judge)
    assert judged and all(len(values) == 40 for values in judged.values())
    model = Model.of_options(decisions, w)
    assert Model.from_bytes(model.to_bytes()).decide(table).shape == (200,)
    again = decisions.read(table)
    assert again.digest == decisions.digest and len(again.select([3, 1])) == 2
    pickled = pickle.loads(pickle.dumps(decisions))
    assert pickled.recipe == decisions.recipe and pickled.digest == decisions.digest
    assert np.array_equal(pickled.decide([1.5]), y)
    assert {name: values.tobytes() for name, values in pickled.judge(w, judge).items()} == {
        name: values.tobytes() for name, values in judged.items()
    }
    assert repr(eval(repr(recipe))) == repr(recipe)


def test_columns_by_option() -> None:
    wide = {
        "TRAIN_COST": DATA["cost"][2::3], "AIR_COST": DATA["cost"][0::3], "CAR_COST": DATA["cost"][1::3],
        "choice": ["AIR", "CAR", "TRAIN"] * 133 + ["AIR"],
    }  # fmt: skip
    took = DATA["took"].reshape(-1, 3).argmax(axis=1)
    wide["choice"] = [("AIR", "CAR", "TRAIN")[i] for i in took]
    recipe = Recipe(options=["AIR", "CAR", "TRAIN"], features="COST", constants="option", chosen="choice", reference="TRAIN")
    decisions = Decisions(wide, recipe)
    assert decisions.options_by_column == 3 and decisions.alternatives == ["AIR", "CAR", "TRAIN"]
    found = estimate(decisions)
    np.testing.assert_allclose(found.weights, FOUND.weights, rtol=1e-9)
    model = Model.of_options(decisions, found.weights, estimates=found)
    np.testing.assert_allclose(model.scores(wide).ravel(), DECISIONS.scores(found.weights), rtol=1e-12)
    assert model.decide(wide).sum(axis=1).tolist() == [1] * 400


def test_pickled_decisions() -> None:
    """Without the table: with terms, names, counts and clusters, and all that is asked of them."""
    recipe = Recipe(**{**vars(TRIPS), "cluster": "person", "count": "1 + (person == 3)"})
    decisions = Decisions(DATA, recipe)
    for twin in pickle.loads(pickle.dumps(decisions)), copy.deepcopy(decisions), pickle.loads(pickle.dumps(decisions.select([7, 7, 2]))):
        places = range(400) if len(twin) == 400 else [7, 7, 2]
        same = decisions.select(places)
        for name in ("terms", "names", "alternatives", "exact", "options_by_column", "recipe", "digest"):
            assert getattr(twin, name) == getattr(same, name), name
        for name in ("starts", "rows", "features", "targets", "counts"):
            assert np.array_equal(getattr(twin, name), getattr(same, name)), name
        assert np.array_equal(twin.maximizer(FOUND.weights, Exact()), same.maximizer(FOUND.weights, Exact()))
    assert estimate(pickle.loads(pickle.dumps(decisions))) == estimate(decisions)
    assert pickle.loads(pickle.dumps(decisions)).read(DATA).digest == decisions.digest
    assert Model.of_options(pickle.loads(pickle.dumps(DECISIONS)), FOUND.weights, estimates=FOUND) == MODEL
    make, (version, kept, numbers) = decisions.__reduce__()
    for wrong, message in (
        (("0.0.1", kept, numbers), "are of version 0.0.1, not"),
        ((version, "{}", numbers), "missing field"),
        ((version, kept, numbers[:-1]), "pickled decisions"),
        ((version, kept, b""), "pickled decisions"),
    ):
        with pytest.raises(ValueError, match=message):
            make(*wrong)
    # Whatever bytes are damaged: an exception, or other numbers.
    rng = np.random.default_rng(5)
    for _ in range(300):
        damaged = bytearray(numbers)
        damaged[rng.integers(400) if rng.random() < 0.5 else rng.integers(len(damaged))] ^= 1 << rng.integers(8)
        try:
            twin = make(version, kept, bytes(damaged))
        except ValueError:
            continue
        assert len(twin.scores(np.ones(len(twin.terms)))) == twin.starts[-1]


def test_processes_share_decisions() -> None:
    joblib = pytest.importorskip("joblib")
    folds = [np.arange(400) % 3 != fold for fold in range(3)]
    parallel = joblib.Parallel(n_jobs=2)(joblib.delayed(_of_some)(DECISIONS, fold.nonzero()[0]) for fold in folds)
    for found, fold in zip(parallel, folds, strict=True):
        assert found == estimate(DECISIONS.select(fold.nonzero()[0]))


def _of_some(decisions: Decisions, places: np.ndarray) -> Estimates:
    return estimate(decisions.select(places))


def test_counts_have_any_unit() -> None:
    """Weights and losses do not depend on it, errors by its root, those of clusters not."""
    recipe = Recipe(**{**vars(TRIPS), "cluster": "person", "count": "n"})
    one = estimate(Decisions({**DATA, "n": DATA["person"] % 3 + 1}, recipe))
    for unit in (1e-12, 3e-7, 1e8):
        other = estimate(Decisions({**DATA, "n": unit * (DATA["person"] % 3 + 1)}, recipe))
        np.testing.assert_allclose(other.weights, one.weights, rtol=1e-11)
        assert other.loss == pytest.approx(one.loss, rel=1e-12) and other.steps == one.steps
        for errors, scale in (("model", unit**0.5), ("robust", unit**0.5), ("clustered", 1)):
            found, expected = (of.standard_errors(errors) for of in (other, one))  # type: ignore[arg-type]
            np.testing.assert_allclose(found * scale, expected, rtol=1e-10)
    with pytest.raises(PerturbedError, match="the total weight of all decisions is 0; expected a finite number above 0"):
        estimate(Decisions({**DATA, "n": np.zeros(1200)}, recipe))


def test_messages_of_wide_tables_name_their_rows() -> None:
    wide = {"A_COST": [1.0, 2, 3, 4], "B_COST": [2.0, 1, np.nan, 3], "to": ["x", "y", "z", "x"], "n": [1, 1, 1, -1], "choice": [1, 2, 1, 2]}
    recipe: dict[str, Any] = {"options": ["A", "B"], "features": "COST", "chosen": "choice"}
    with pytest.raises(PerturbedError, match="a finite number in `COST` in row 2, option `B`, found a missing value"):
        Decisions(wide, Recipe(**recipe))
    wide["B_COST"][2] = 4
    with pytest.raises(PerturbedError, match="one weight .* in row 3, option `A`, found -1"):
        Decisions(wide, Recipe(**recipe, count="n"))
    constants = Decisions(wide, Recipe(**{**recipe, "interactions": "COST:to"}))
    with pytest.warns(UserWarning, match="2 rows of column to have values that were not there before: q"):
        constants.read({**wide, "to": ["q", "y", "z", "q"]})
    assert constants.rows.tolist() == list(range(8)) and constants.names == ["1", "2", "3", "4"]


def test_tables_of_other_packages() -> None:
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    frame = pandas.DataFrame(DATA)
    nullable = frame.convert_dtypes()
    categories = frame.assign(mode=frame["mode"].astype("category"))
    objects = frame.astype(object)
    letters = polars.DataFrame(DATA).with_columns(polars.col("mode").cast(polars.Categorical))
    for table in frame, nullable, categories, objects, polars.DataFrame(DATA), letters, dict(frame):
        assert Decisions(table, TRIPS).digest == DECISIONS.digest


def test_missing_values_and_codes() -> None:
    polars = pytest.importorskip("polars")
    costs: list[float | None] = list(DATA["cost"])
    costs[4] = None
    for table in {**DATA, "cost": costs}, polars.DataFrame({**DATA, "cost": costs}):
        with pytest.raises(PerturbedError, match="`cost` in row 4, found a missing value"):
            Decisions(table, TRIPS)
    without = Recipe(**{**vars(TRIPS), "where": "!missing(cost)"})
    assert Decisions({**DATA, "cost": costs}, without).starts[-1] == 1199
    # Whole numbers that float64 cannot tell apart stay different groups, with and without a missing one elsewhere.
    large = np.repeat(np.arange(400) + 2**60, 3)
    assert len(Decisions({**DATA, "trip": large}, TRIPS)) == 400
    assert len(Decisions({**DATA, "trip": [int(x) for x in large]}, TRIPS)) == 400
    # Names that are no text are of other columns; NaN is missing in every precision.
    assert Decisions({**DATA, "\ud800": [0] * 1200}, TRIPS).digest == DECISIONS.digest
    with pytest.raises(PerturbedError, match="`mode` a value in row 0, found an empty cell"):
        Decisions({**DATA, "mode": [np.float32("nan"), *DATA["mode"][1:]]}, TRIPS)
    mixed = [*DATA["mode"]]
    mixed[7] = 3
    with pytest.raises(TypeError, match="column 'mode' has 3? ?.*row"):
        Decisions({**DATA, "mode": mixed}, TRIPS)


def test_unseen_values_are_told() -> None:
    other = {**DATA, "mode": ["boat" if mode == "air" else mode for mode in DATA["mode"]]}
    with pytest.warns(UserWarning, match="400 rows of column mode .*: boat"):
        DECISIONS.read(other)


@pytest.mark.parametrize(
    ("kind", "message", "make"),
    [
        (TypeError, "table is of type int", lambda: Decisions(3, TRIPS)),
        (ValueError, "no column 'mode', but 'a'", lambda: Decisions({"a": [1]}, TRIPS)),
        (ValueError, "column 'cost' has 2 dimensions", lambda: Decisions({**DATA, "cost": np.ones((1200, 1))}, TRIPS)),
        (TypeError, "column 'cost' has dtype complex", lambda: Decisions({**DATA, "cost": np.ones(1200) * 1j}, TRIPS)),
        (TypeError, "column 'cost' has dtype datetime", lambda: Decisions({**DATA, "cost": np.zeros(1200, "M8[s]")}, TRIPS)),
        (PerturbedError, "columns: expected 1200 rows", lambda: Decisions({**DATA, "cost": [1.0]}, TRIPS)),
        (ValueError, "either group", lambda: Recipe(features="x")),
        (ValueError, "chosen and ranks exclude", lambda: Recipe(group="g", chosen="x", ranks="y")),
        (ValueError, "decide is 'guess'; expected 'pick'", lambda: Recipe(group="g", decide="guess")),  # type: ignore[arg-type]
        (TypeError, "group is of type int; expected a str", lambda: Recipe(group=3)),  # type: ignore[arg-type]
        (ValueError, "needs capacity", lambda: Recipe(group="g", decide="pack")),
        (ValueError, "edges has 1 entries; expected 2", lambda: Recipe(group="g", edges=("from",))),  # type: ignore[arg-type]
        (ValueError, "interactions has 'income'", lambda: Recipe(group="g", interactions="income")),
        (ValueError, "k belongs to decide='pick-k', not to 'pick'", lambda: Recipe(group="g", k=3)),
        (ValueError, "units belongs to decide='flow'", lambda: Recipe(group="g", decide="span", units=2)),
        (ValueError, "pattern belongs to options", lambda: Recipe(group="g", pattern="{option}.{column}")),
        (ValueError, "edges and cells exclude", lambda: Recipe(group="g", decide="route", edges=("a", "b"), cells=("c", "d"))),
        (ValueError, "ends belongs to routes along edges", lambda: Decisions(DATA, Recipe(group="trip", decide="route", ends=("a", "b")))),
        (ValueError, "straight belongs to routes over cells", lambda: Decisions(ROADS, Recipe(group="map", decide="route", straight=True))),
        (ValueError, r"group is '\\ud800', which is no valid text", lambda: Recipe(group="\ud800")),
        (ValueError, r"column 'mode' has '\\ud800' in row 0", lambda: Decisions({**DATA, "mode": ["\ud800"] * 1200}, TRIPS)),
        (ValueError, "no column .*, but no column at all", lambda: Decisions({}, TRIPS)),
        (TypeError, r"column 'cost' has Fraction\(.*\) in row 0", lambda: Decisions({**DATA, "cost": [Fraction(10**400)] * 1200}, TRIPS)),
        (TypeError, r"column 'cost' has array\(.*\) in row 0", lambda: Decisions({**DATA, "cost": [np.ones(1)] * 1200}, TRIPS)),
        (ValueError, "column 'trip' has 1200 rows; expected 1, as 'more' has", lambda: MODEL.decide({"more": [0], **DATA})),
        (ValueError, "estimates are of other", lambda: Model.of_options(DECISIONS, 2 * FOUND.weights, estimates=FOUND)),
        (ValueError, "^features: expected .* instead of `cost [+]`, found its end", lambda: Decisions(DATA, Recipe(group="trip", features="cost +"))),
        *((ValueError, f"^{name}: expected an expression .* instead of `cost @ 2`, found `@ 2`",
           lambda name=name: Decisions(DATA, Recipe(group="trip", features="cost", **{name: "cost @ 2"})))
          for name in ("chosen", "one_of", "ranks", "grades", "worth", "where", "available", "count")),
        (ValueError, "^where: expected at most 1000 bytes, found 1001", lambda: Decisions(DATA, Recipe(group="trip", features="cost", where="1" * 1001))),
        (ValueError, "^count: expected 1 value in the parentheses of ln", lambda: Decisions(DATA, Recipe(group="trip", features="cost", count="ln(2, 3)"))),
        (ValueError, "^interactions: expected an expression", lambda: Decisions(DATA, Recipe(group="trip", interactions="cost *:mode"))),
        (PerturbedError, "^interactions: expected one of", lambda: Decisions(DATA, Recipe(group="trip", interactions="cost:mode=boat"))),
        (ValueError, "^options: expected at least 2 names, found 1", lambda: Decisions(DATA, Recipe(options=["A"], features="cost"))),
        (ValueError, "^options: expected each name once, found `A` twice", lambda: Decisions(DATA, Recipe(options=["A", "A"], features="cost"))),
        (ValueError, "^pattern: expected {column} once", lambda: Decisions(DATA, Recipe(options=["A", "B"], features="cost", pattern="{option}"))),
        (PerturbedError, "at least 1 feature", lambda: Decisions(DATA, Recipe(group="trip", chosen="took"))),
        (PerturbedError, "not known what was decided", lambda: estimate(Decisions(DATA, Recipe(group="trip", features="cost")))),
        (PerturbedError, "`trip` is the same", lambda: estimate(Decisions(DATA, Recipe(group="trip", chosen="took", features="trip")))),
        (ValueError, "weights has 2 entries; expected 3", lambda: DECISIONS.scores([1, 2])),
        (ValueError, "places has 400", lambda: DECISIONS.select([400])),
        (ValueError, "places has -1; expected 0", lambda: DECISIONS.select([-1])),
        (TypeError, "recipe is of type int; expected a Recipe", lambda: Decisions(DATA, 3)),  # type: ignore[arg-type]
        (TypeError, "training is of type int; expected a Training", lambda: descend(DECISIONS, 3, method=Exact())),  # type: ignore[arg-type]
        (ValueError, r"weights\[1\] is NaN or infinite", lambda: DECISIONS.scores([1, np.nan, 0])),
        (ValueError, r"weights has shape \(1, 3\); expected \(3,\)", lambda: DECISIONS.scores([[1, 2, 3]])),
        (ValueError, "noise is \"x\"", lambda: estimate(DECISIONS, noise="x")),  # type: ignore[arg-type]
        (ValueError, "criterion is \"x\"", lambda: estimate(DECISIONS, criterion="x")),  # type: ignore[arg-type]
        (PerturbedError, "ridge", lambda: estimate(DECISIONS, ridge=-1)),
        (ValueError, "errors \"clustered\" are not known here; expected 'model', 'robust'", lambda: FOUND.standard_errors("clustered")),
        (ValueError, "level is 1", lambda: FOUND.intervals(1.0)),
        (ValueError, "expected two of the terms", lambda: FOUND.ratio("a", "cost")),
        (ValueError, "fewer terms", lambda: FOUND.likelihood_ratio(FOUND)),
        (PerturbedError, "no term `x`", lambda: elasticities(DECISIONS, FOUND.weights, ["x"])),
        (ValueError, "batch is 0", lambda: Training(batch=0)),
        (ValueError, "optimizer is 'x'", lambda: Training(optimizer="x")),  # type: ignore[arg-type]
        (PerturbedError, "rate", lambda: descend(DECISIONS, Training(rate=-1), method=Exact())),
        (ValueError, "loss is \"x\"", lambda: descend(DECISIONS, Training(), method=Exact(), loss="x")),  # type: ignore[arg-type]
    ],
)
def test_wrong_input(kind: type[Exception], message: str, make: Callable[[], object]) -> None:
    with pytest.raises(kind, match=message):
        make()


def test_threads_change_nothing(threads: int) -> None:
    found = estimate(DECISIONS)
    assert found == FOUND and perturbed.get_num_threads() == threads
    assert np.array_equal(DECISIONS.maximizer(FOUND.weights, MonteCarlo(20, 3)), MAXIMIZER)


MAXIMIZER = DECISIONS.maximizer(FOUND.weights, MonteCarlo(20, 3))


@pytest.mark.parametrize(
    ("name", "recipe", "likelihood"),
    [
        # Croissant 2020, mlogit, and R's AER for ModeCanada; Biogeme for Swissmetro: see the Rust tests of the same sets.
        ("ModeCanada.csv", Recipe(group="case", alternatives="alt", chosen="choice", features="cost, freq, ovt, ivt", constants="alt",
                                  interactions="income:alt", reference="train", where="noalt == 4"), -1930.5652),
        ("swissmetro_wide.csv", Recipe(options=["TRAIN", "SM", "CAR"], chosen="CHOICE", constants="option", reference="SM", cluster="ID",
                                       features="time = TT / 100, cost = if(option == 'CAR', CO, CO * (GA == 0)) / 100",
                                       where="(PURPOSE == 1 || PURPOSE == 3) && CHOICE != 0", available="AV && SP"), -5331.252),
    ],
    ids=["Canada", "Swissmetro"],
)  # fmt: skip
def test_published_models(name: str, recipe: Recipe, likelihood: float) -> None:
    path = Path(__file__).parents[4] / "shared/data/choice" / name
    if not path.exists():
        pytest.skip(f"{path} is not there")
    found = estimate(Decisions(pytest.importorskip("pandas").read_csv(path), recipe))
    assert found.log_likelihood == pytest.approx(likelihood, abs=1e-3)


def test_a_child_process_can_estimate() -> None:
    """After the parent used its threads."""
    code = """
import os, sys
from test_tables import DECISIONS, FOUND, estimate
child = os.fork()
if child == 0:
    os._exit(0 if estimate(DECISIONS) == FOUND else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    found = subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=Path(__file__).parent, timeout=60, check=False)
    assert found.returncode == 0


def test_recipes_are_those_of_model_files() -> None:
    kept = MODEL.provenance["recipe"]
    assert kept == json.loads(DECISIONS.recipe) and kept["alternatives"] == "mode"
    assert MODEL.is_of_options and MODEL.estimates == FOUND and np.array_equal(MODEL.weights, FOUND.weights)
    np.testing.assert_allclose(MODEL.maximizer(DATA, Exact()), DECISIONS.maximizer(FOUND.weights, Exact()), rtol=1e-12)


def test_expressions_are_what_the_documentation_says() -> None:
    table = {"g": [1, 1, 2, 2], "x": [1.0, 2.0, np.nan, 4.0], "in vehicle": [2.0, 3.0, 5.0, 7.0], "mode": ["car", "air"] * 2}

    def of(features: str, where: str = "!missing(x)") -> list[float]:
        decisions = Decisions(table, Recipe(group="g", features=features, where=where))
        return [float(x) for x in decisions.features[:, 0]]

    assert of("`in vehicle`") == [2, 3, 7] and Decisions(table, Recipe(group="g", features="t = `in vehicle` / 2")).terms == ["t"]
    assert of("-x^2 + 2 * (x - 1) / 4") == [-1, -3.5, -14.5]
    assert of("(mode == 'car') + 2 * (mode != \"car\")") == [1, 2, 2]
    assert of("x < 2 || x >= 4 && !(x == 4)") == [1, 0, 0]
    assert of("ln(x) - log1p(x - 1) + exp(0) + sqrt(4) + abs(-x) + min(x, 2) + max(x, 2)") == [7, 9, 13]
    assert of("if(missing(x), 9, x)", where="1") == [1, 2, 9, 4]
    with pytest.raises(PerturbedError, match="in row 2, found a missing value"):
        of("0 * x", where="1")
    with pytest.raises(PerturbedError, match="in row 0, found -inf"):
        of("ln(x - 1)")


def test_numbers_of_options() -> None:
    """`alternatives` and `alternatives`.number, in the order of the options; what an option has no column of is missing."""
    wide = {"A-COST": [1.0, 2], "B-COST": [3.0, 4], "B-FEE": [5.0, 6], "kind": ["x", "y"]}
    recipe = {"options": ["A", "B"], "pattern": "{option}-{column}", "alternatives": "mode"}
    decisions = Decisions(wide, Recipe(features="COST, mode.number, (mode == 'B') * (kind == 'y'), if(missing(FEE), 0, FEE)", **recipe))  # type: ignore[arg-type]
    assert decisions.features.tolist() == [[1, 1, 0, 0], [3, 2, 0, 5], [2, 1, 0, 0], [4, 2, 1, 6]]

"""Training of affine models, their files and exports, metrics, and Ctrl-C."""

import pickle
import shutil
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import perturbed
import pytest
from conftest import ORACLES
from perturbed import (
    BlackBox,
    DagPath,
    Exact,
    GridPath,
    Hypercube,
    Layer,
    Model,
    MonteCarlo,
    PerturbedError,
    Ranking,
    ShortestPath,
    Simplex,
    TopK,
    Training,
    metrics,
    train,
)
from scipy import stats

# Numbers without a generator: the same on every machine and in every version of numpy.
X = np.array([[(7 * i * i + 3 * i * j + 11 * j) % 101 / 50 - 1 for j in range(3)] for i in range(150)])
SCORES = X @ np.array([[1.0, -2.0, 0.5, 0.25], [0.5, 1.5, -1.0, -0.75], [-1.0, 0.125, 2.0, -0.5]])
RANKS = SCORES.argsort(axis=1).argsort(axis=1) + 1.0
LAYER = Layer(Ranking(4))
MODEL = train(LAYER, X, RANKS, MonteCarlo(10), training=Training(seed=7))


def test_the_bits_of_the_program() -> None:
    """What `perturb train --validation 0 --seed 7` makes of these numbers in a table, ranks being 5 - RANKS."""
    numbers = np.concatenate([MODEL.weights.ravel(), MODEL.bias])
    assert numbers.dtype == np.float32
    assert zlib.crc32(numbers.tobytes()) == GOLDEN
    again = train(LAYER, X.astype("f4").astype("f8"), RANKS.astype(int), MonteCarlo(10, 99), training=Training(seed=7))
    assert again.weights.shape == (3, 4) and np.abs(again.weights - MODEL.weights).max() < 0.1


GOLDEN = 2163737517


def test_threads_change_nothing(threads: int) -> None:
    again = train(LAYER, X, RANKS, MonteCarlo(10), training=Training(seed=7))
    assert again == MODEL and perturbed.get_num_threads() == threads


def test_far_features_are_centred() -> None:
    """Times in seconds since 1970 differ by less than float32 tells apart."""
    far = X + [0, 1.7e9, 0]
    model = train(LAYER, far, RANKS, MonteCarlo(10), training=Training(seed=7))
    assert model.centres[1] == pytest.approx(1.7e9, abs=2) and not model.centres[[0, 2]].any()
    assert (model.decide(far) == RANKS).mean() > 0.9
    with pytest.raises(PerturbedError):
        Model.from_bytes(model.to_bytes()[:-1])


@pytest.mark.parametrize("name", ORACLES)
def test_every_oracle_can_be_trained(name: str) -> None:
    oracle, _ = ORACLES[name]
    layer = Layer(oracle, "normal", 0.5)
    costly = isinstance(oracle, (GridPath, ShortestPath))
    weights = np.array([[np.sin(3 * i + j) for j in range(layer.dim)] for i in range(3)])
    y = layer.decide(-np.abs(X @ weights) if costly else X @ weights)
    model = train(layer, X, y.reshape(150, *layer.shape), MonteCarlo(5), training=Training(epochs=40))
    right = (model.decide(X) == y).mean()
    chance = (np.roll(y, 1, axis=0) == y).mean()
    # Costs must be positive, and those of an affine model change sign: it learns the less.
    assert right > chance + (0.2 if costly else 0.6) * (1 - chance), (right, chance)


def ranks_of(scores: np.ndarray) -> np.ndarray:
    """k for the largest score, and of equal ones for the first, as `Ranking` decides."""
    places = (-scores).argsort(axis=1, kind="stable").argsort(axis=1)
    return (scores.shape[1] - places).astype(scores.dtype)


@pytest.mark.parametrize("loss", ["fenchel-young", "perturbed-squared", "squared", "pairwise-logistic", "blackbox"])
@pytest.mark.parametrize("batched", [True, False])
def test_solvers_of_python_are_trained_with_the_same_bits(loss: Any, batched: bool) -> None:
    calls = []

    def solver(scores: np.ndarray) -> np.ndarray:
        assert scores.dtype == np.float32
        calls.append(len(scores))
        return ranks_of(np.atleast_2d(scores)).reshape(scores.shape)

    options: dict[str, Any] = {"loss": loss, "training": Training(seed=1, rate=0.05, epochs=3)}
    model = train(Layer(BlackBox(4, solver, batched=batched)), X, RANKS, MonteCarlo(3), **options)
    known = train(LAYER, X, RANKS, MonteCarlo(3), **options)
    assert model.weights.tobytes() == known.weights.tobytes() and model.bias.tobytes() == known.bias.tobytes()
    steps = 3 * (len(X) // 32)
    if batched:
        # Of 32 rows 3 samples; squared losses ask twice, the second time beside the decision itself. One for one of "blackbox".
        asked = {"fenchel-young": [32 * 3] * steps, "perturbed-squared": [32 * (3 + 3 + 1)] * steps, "blackbox": [1] * (2 * 32 * steps)}
        assert calls == asked.get(loss, [])
    assert np.array_equal(model.decide(X), known.decide(X))
    # A file does not know the solver.
    assert Model.from_bytes(model.to_bytes()).layer is None and np.array_equal(Model.from_bytes(model.to_bytes()).scores(X), model.scores(X))


def test_solvers_of_python_that_fail_in_training() -> None:
    class Broken(Exception):
        pass

    def broken(scores: np.ndarray) -> np.ndarray:
        raise Broken

    for loss in ("fenchel-young", "perturbed-squared", "blackbox"):
        with pytest.raises(Broken):
            train(Layer(BlackBox(4, broken)), X, RANKS, MonteCarlo(3), loss=loss)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="returned an array of shape"):
            train(Layer(BlackBox(4, lambda scores: scores[:, :2])), X, RANKS, MonteCarlo(3), loss=loss)  # type: ignore[arg-type]
    with pytest.raises(PerturbedError, match="no closed form"):
        train(Layer(BlackBox(4, ranks_of)), X, RANKS, Exact())
    with pytest.raises(PerturbedError, match="expected decisions of black box, found another in row 3"):
        train(Layer(BlackBox(4, ranks_of)), X, np.where(np.arange(len(X))[:, None] == 3, np.nan, RANKS), MonteCarlo(1))
    with pytest.raises(MemoryError):
        train(Layer(BlackBox(4, ranks_of)), X, RANKS, MonteCarlo(2**32 - 1))
    with pytest.raises(TypeError, match="one oracle of this package for all rows"):
        train(Layer([BlackBox(4, ranks_of)] * 2), X, RANKS, MonteCarlo(1))


@pytest.mark.parametrize("loss", ["fenchel-young", "perturbed-squared", "squared", "pairwise-logistic", "blackbox"])
def test_losses(loss: Any) -> None:
    method = Exact() if loss == "perturbed-squared" else MonteCarlo(10)
    model = train(LAYER, X, RANKS, method, loss=loss, training=Training(seed=1, rate=0.05))
    assert np.mean(metrics.kendall(model.decide(X), RANKS)) > 0.75
    assert model.provenance["loss"] == loss and model.provenance["seed"] == 1


@pytest.mark.parametrize("options", [{"schedule": "cosine"}, {"schedule": "constant"}, {"optimizer": "adam", "rate": 0.01},
                                     {"momentum": 0.5}, {"averaging": 0.0}, {"standardize": False}, {"intercept": False}])  # fmt: skip
def test_options_of_training(options: dict[str, Any]) -> None:
    model = train(LAYER, X, RANKS, MonteCarlo(10), training=Training(**options))
    assert np.mean(metrics.spearman(model.decide(X), RANKS)) > 0.9
    assert model != MODEL and (("intercept" in options) == (not model.bias.any()))


def test_model_files(tmp_path: Path) -> None:
    path = tmp_path / "votes.perturb"
    MODEL.save(path)
    for model in Model.load(path), Model.load(str(path)), pickle.loads(pickle.dumps(MODEL)), Model.from_bytes(MODEL.to_bytes()):
        assert model == MODEL and hash(model) == hash(MODEL)
        assert model.layer == LAYER and np.array_equal(model.scores(X), MODEL.scores(X))
    theta = MODEL.scores(X)
    assert theta.dtype == np.float32 and np.abs(theta - (X @ MODEL.weights + MODEL.bias)).max() < 1e-5
    assert np.array_equal(MODEL.decide(X), LAYER.decide(theta))
    assert np.array_equal(MODEL.maximizer(X, Exact()), LAYER.maximizer(theta, Exact()))
    assert len(MODEL.to_bytes(bare=True)) == 36 + 4 * 4 * 4 and "pub static WEIGHTS" in MODEL.to_rust()
    with pytest.raises(FileNotFoundError, match="nowhere"):
        Model.load(tmp_path / "nowhere")
    with pytest.raises(OSError, match="cannot write"):
        MODEL.save(tmp_path / "no folder" / "x")
    (tmp_path / "other").write_bytes(b"something else that is long enough for a header")
    with pytest.raises(PerturbedError, match="no usable model file"):
        Model.load(tmp_path / "other")


def test_models_from_weights() -> None:
    """Of torch, jax or anything else."""
    zero, minus = (Model(Layer(Simplex(2)), [[x, 1.0]]) for x in (0.0, -0.0))
    assert zero != minus or hash(zero) == hash(minus)
    oracles = [Simplex(4), Hypercube(4), TopK(4, 2), Ranking(4)]
    for oracle in oracles:
        model = Model(Layer(oracle, "gumbel", 0.5), MODEL.weights, MODEL.bias, label_names=["a", "b", "c", "d"])
        again = Model.from_bytes(model.to_bytes())
        assert again == model and again.layer == model.layer and again.label_names == ["a", "b", "c", "d"]
        assert np.array_equal(again.scores(X), MODEL.scores(X)) and again.to_c_header("pick")
    other = Model(Layer(DagPath(3, [(0, 1), (1, 2), (0, 2)], 0, 2)), np.ones((2, 3)))
    assert other.decide([[1.0, 2.0]]).tolist() == [[1, 1, 0]]
    nameless = Model.from_bytes(other.to_bytes())
    assert nameless.layer is None
    with pytest.raises(TypeError, match="does not know its oracle"):
        nameless.decide([[1.0, 2.0]])
    with pytest.raises(PerturbedError, match="oracle: expected ranking, simplex"):
        other.to_c_header()


def test_headers_decide_as_the_model_does(tmp_path: Path) -> None:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler is at hand")
    (tmp_path / "votes.h").write_text(MODEL.to_c_header("votes"))
    rows = ",".join("{" + ",".join(f"{x!r}f" for x in row) + "}" for row in X.astype("f4").tolist())
    (tmp_path / "main.c").write_text(
        f"""#include <stdio.h>
#include "votes.h"
static const float rows[150][3] = {{{rows}}};
int main(void) {{
    for (int i = 0; i < 150; ++i) {{
        float theta[4];
        votes_scores(rows[i], theta);
        for (int j = 0; j < 4; ++j) printf("%a ", theta[j]);
        puts("");
    }}
}}
"""
    )
    subprocess.run([compiler, "-std=c99", "-Wall", "-Werror", "-ffp-contract=off", "-o", "main", "main.c"], cwd=tmp_path, check=True)
    printed = subprocess.run([tmp_path / "main"], capture_output=True, text=True, check=True).stdout.split()
    found = np.array([float.fromhex(x) for x in printed], np.float32).reshape(150, 4)
    assert np.array_equal(found, MODEL.scores(X))


@pytest.mark.parametrize(
    ("kind", "message", "make"),
    [
        (TypeError, "layer is of type Ranking; expected a Layer", lambda: train(Ranking(4), X, RANKS, MonteCarlo(1))),  # type: ignore[arg-type]
        (ValueError, r"x has shape \(150,\); expected \(n, d\)", lambda: train(LAYER, X[:, 0], RANKS, MonteCarlo(1))),
        (ValueError, r"y has shape \(149, 4\); expected \(150, 4\)", lambda: train(LAYER, X, RANKS[1:], MonteCarlo(1))),
        (ValueError, r"y has shape \(150, 3\); expected \(150, 4\)", lambda: train(LAYER, X, RANKS[:, 1:], MonteCarlo(1))),
        (TypeError, "y has dtype", lambda: train(LAYER, X, RANKS.astype(str), MonteCarlo(1))),
        (PerturbedError, "targets: expected each of 1..=4 once a row", lambda: train(LAYER, X, RANKS + 1, MonteCarlo(1))),
        (PerturbedError, "features: expected finite numbers, found NaN", lambda: train(LAYER, X * np.nan, RANKS, MonteCarlo(1))),
        (PerturbedError, "targets: expected a positive multiple", lambda: train(LAYER, X[:0], RANKS[:0], MonteCarlo(1))),
        (TypeError, "method is of type NoneType", lambda: train(LAYER, X, RANKS, None)),  # type: ignore[arg-type]
        (ValueError, "loss is \"x\"; expected 'fenchel-young'", lambda: train(LAYER, X, RANKS, MonteCarlo(1), loss="x")),  # type: ignore[arg-type]
        (PerturbedError, "lambda is -1", lambda: train(LAYER, X, RANKS, MonteCarlo(1), loss="blackbox", lambd=-1)),
        (TypeError, "training is of type dict", lambda: train(LAYER, X, RANKS, MonteCarlo(1), training={})),  # type: ignore[arg-type]
        (ValueError, "feature_names has 1 entries; expected 3", lambda: train(LAYER, X, RANKS, MonteCarlo(1), feature_names=["a"])),
        (PerturbedError, "momentum is 2", lambda: train(LAYER, X, RANKS, MonteCarlo(1), training=Training(momentum=2))),
        (ValueError, "x has 2 features; expected 3", lambda: MODEL.scores(X[:, 1:])),
        (ValueError, r"x has shape \(3,\); expected \(n, 3\)", lambda: MODEL.scores(X[0])),
        (ValueError, "x has NaN or infinity in row 0, column 1", lambda: MODEL.scores([[0, np.inf, 0]])),
        (ValueError, "row 1: the scores leave the range of float32", lambda: MODEL.scores([[0, 0, 0], [1e39, 0, 0]])),
        (TypeError, "does not say how a table", lambda: MODEL.read({})),
        (ValueError, "grades has -1; expected 0 to 512", lambda: metrics.ndcg([1.0, 2.0], [0, -1])),
        (ValueError, r"weights has shape \(3, 3\); expected \(3, 4\)", lambda: Model(LAYER, np.ones((3, 3)))),
        (PerturbedError, "finite", lambda: Model(LAYER, np.full((3, 4), np.nan))),
        (PerturbedError, "name: expected letters", lambda: MODEL.to_c_header("1")),
    ],
)
def test_wrong_input(kind: type[Exception], message: str, make: Callable[[], object]) -> None:
    with pytest.raises(kind, match=message):
        make()


def test_metrics() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.integers(0, 6, (50, 7)).astype(float), rng.integers(0, 6, (50, 7)).astype(float)
    for row, (rho, tau) in enumerate(zip(metrics.spearman(a, b), metrics.kendall(a, b), strict=True)):
        assert rho == pytest.approx(stats.spearmanr(a[row], b[row]).statistic, abs=1e-12)
        assert tau == pytest.approx(stats.kendalltau(a[row], b[row]).statistic, abs=1e-12)
    assert metrics.spearman([1, 2, 3, 4], [2, 1, 3, 4]) == 0.8
    assert metrics.ndcg([0.1, 0.9, 0.5], [2, 0, 1], 10) == pytest.approx(0.586882671, abs=1e-9)
    assert metrics.average_precision([0.9, 0.5, 0.1], [1, 0, 2]) == pytest.approx((1 + 2 / 3) / 2)
    assert np.isnan(metrics.ndcg([[1.0, 2.0]], [[0.0, 0.0]])).all()
    for wrong in ([1, 2], [1, 2, 3]), (np.ones((2, 0)), np.ones((2, 0))), (3.0, 3.0), ([np.nan], [1.0]):
        with pytest.raises(ValueError, match="expected|NaN"):
            metrics.spearman(*wrong)
    with pytest.raises(ValueError, match="k is 0"):
        metrics.ndcg([1.0], [1.0], 0)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
@pytest.mark.parametrize(
    "call",
    [
        "train(Layer(Ranking(50)), np.random.default_rng(0).random((5000, 20)), RANKS, MonteCarlo(100), training=Training(epochs=10**6))",
        "train(Layer(BlackBox(50, lambda scores: scores)), np.zeros((5000, 20)), RANKS, MonteCarlo(1), training=Training(epochs=10**6))",
        "Layer(Ranking(500)).vjp(np.zeros((10_000, 500)), np.zeros((10_000, 500)), MonteCarlo(10_000))",
        "Layer(Ranking(500)).maximizer(np.zeros((100_000, 500)), MonteCarlo(10_000))",
        "Layer(TopK(50, 5)).inverse_maximizer(np.full((100_000, 50), 0.1), MonteCarlo(1000))",
        "estimate(PICKS, noise='normal', criterion='likelihood')",
        "estimates_at(PICKS, [1.0], MonteCarlo(10**6))",
        "elasticities(PICKS, [1.0], PICKS.terms, noise='normal')",
        "PICKS.judge([1.0], MonteCarlo(10**6))",
    ],
)
def test_ctrl_c_ends_long_calls(call: str) -> None:
    code = f"""
import numpy as np
from perturbed import *
RANKS = np.tile(np.arange(1.0, 51), (5000, 1))
PICKS = Decisions(
    {{"g": np.repeat(np.arange(5000), 20), "o": list(range(20)) * 5000, "x": np.arange(1e5) % 97, "y": [1, *[0] * 19] * 5000}},
    Recipe(group="g", alternatives="o", chosen="y", features="x / 97"),
)
print("begins", flush=True)
try:
    {call}
except KeyboardInterrupt:
    print("ended", flush=True)
"""
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None and child.stdout.readline() == "begins\n"
    time.sleep(1.0)
    child.send_signal(signal.SIGINT)
    start = time.monotonic()
    try:
        printed, _ = child.communicate(timeout=20)
    finally:
        child.kill()
    assert printed == "ended\n" and time.monotonic() - start < 10

"""Losses of the neighbouring literature against their formulas, written here once more with the layer's decisions."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from conftest import NOISES, ORACLES
from perturbed import (
    Assignment,
    BlackBox,
    Exact,
    GridPath,
    Layer,
    MonteCarlo,
    PerturbedError,
    ShortestPath,
    Simplex,
    SpanningTree,
    Tour,
)

HOW = MonteCarlo(20, 3)


def instances(name: str) -> tuple[Layer, np.ndarray, np.ndarray]:
    """A layer and two rows of scores, and others of the same signs."""
    oracle, scores = ORACLES[name]
    theta = np.array([scores, np.multiply(scores, 1.25)])
    truth = np.array([np.multiply(scores, 0.75), np.multiply(scores[::-1], 1.5)])
    return Layer(oracle, "normal", 0.5), theta, truth


def dot(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return (x * y).sum(axis=1)


@pytest.mark.parametrize("name", ORACLES)
def test_regret_and_spo_plus(name: str) -> None:
    layer, theta, truth = instances(name)
    best = layer.decide(truth)
    regret = dot(truth, best - layer.decide(theta))
    np.testing.assert_allclose(layer.regret(theta, truth), regret, rtol=0, atol=1e-13)
    moved = 2 * theta - truth
    if isinstance(layer.oracle, (GridPath, ShortestPath)) and moved.max() > 0:
        with pytest.raises(PerturbedError, match="row 1: .*2 theta - truth") as refused:
            layer.spo_plus(theta, truth)
        assert refused.value.row == 1 and refused.value.kind == "OutsideDomain"
        theta = truth * 1.5
        moved = 2 * theta - truth
    loss, gradient = layer.spo_plus(theta, truth)
    y = layer.decide(moved)
    np.testing.assert_allclose(loss, dot(moved, y - best), rtol=1e-13, atol=1e-13)
    assert np.array_equal(gradient, 2 * (y - best))
    if not isinstance(layer.oracle, Tour):
        assert np.all(loss + 1e-13 >= layer.regret(theta, truth)) and np.all(regret >= -1e-13)


@pytest.mark.parametrize("name", ORACLES)
def test_interpolation_and_imle(name: str) -> None:
    layer, theta, truth = instances(name)
    g = np.abs(truth)
    found = layer.interpolation_gradient(theta, g, 2)
    assert np.array_equal(found, (layer.decide(theta) - layer.decide(theta - 2 * g)) / 2)
    found = layer.imle_gradient(theta, g, 2, HOW, first_row=7)
    y, moved = (layer.maximizer(scores, HOW, first_row=7) for scores in (theta, theta - 2 * g))
    assert np.array_equal(found, (y - moved) / 2)
    assert np.array_equal(found[1], layer.imle_gradient(theta[1], g[1], 2, HOW.fold(8)))
    assert np.any(found != 0)


def test_projections() -> None:
    layer = Layer(Simplex(3))
    theta, g = np.array([[3.0, 1.0, -1.0], [2.0, 2.0, 2.0]]), np.array([[1.0, 2.0, 6.0], [1.0, 0.0, 0.0]])
    assert np.array_equal(layer.project(theta, "none"), theta)
    assert np.array_equal(layer.project(theta, "mean"), [[2, 0, -2], [0, 0, 0]])
    p = np.array([2.0, 0.0, -2.0]) / np.sqrt(8)
    np.testing.assert_allclose(layer.project(theta), [p, [0, 0, 0]], rtol=1e-15)
    assert np.array_equal(layer.identity_gradient(theta, g, "none"), g)
    assert np.array_equal(layer.identity_gradient(theta, g, "mean")[0], [-2, -1, 3])
    centred = np.array([-2.0, -1.0, 3.0])
    expected = (centred - p * (p @ centred)) / np.sqrt(8)
    np.testing.assert_allclose(layer.identity_gradient(theta, g)[0], expected, rtol=1e-14)


@pytest.mark.parametrize("noise", NOISES)
def test_partial_labels(noise: str) -> None:
    """A label that leaves one decision is that decision; one that leaves all is no label."""
    edges = [(0, 1), (1, 2), (2, 3), (3, 0), (0, 2)]
    tree = SpanningTree(4, edges)
    one = SpanningTree(4, edges, [True, True, True, False, False])
    some = SpanningTree(4, edges, [True, None, False, None, None])
    layer, theta = Layer(tree, noise, 0.5), np.array([[0.5, -0.2, 0.1, 0.3, 0.4]] * 3)
    loss, gradient = layer.partial_label(theta, [one, some, tree], HOW)
    y = layer.maximizer(theta, HOW)
    np.testing.assert_allclose(gradient[0], y[0] - [1, 1, 1, 0, 0], rtol=0, atol=1e-15)
    np.testing.assert_allclose(gradient[1], y[1] - Layer(some, noise, 0.5).maximizer(theta, HOW)[1], rtol=0, atol=1e-15)
    assert loss[0] > loss[1] > loss[2] == 0 and not gradient[2].any()
    same = layer.partial_label(theta, some, HOW)
    assert same[0][1] == loss[1] and np.array_equal(same[1][1], gradient[1])


def test_sparse_map_projects_on_the_simplex() -> None:
    layer, theta = Layer(Simplex(3)), np.array([[0.5, 0.4, -2.0], [3.0, 0.0, 0.0]])
    y, value, gap = layer.sparse_map(theta, tolerance=1e-6)
    np.testing.assert_allclose(y, [[0.55, 0.45, 0], [1, 0, 0]], rtol=0, atol=1e-5)
    assert np.all(gap <= 1e-6)
    np.testing.assert_allclose(value, dot(theta, y) - dot(y, y) / 2, rtol=1e-15)
    target = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    loss, gradient = layer.sparse_map_loss(theta, target, 1.0, tolerance=1e-6)
    assert np.array_equal(gradient, y - target)
    np.testing.assert_allclose(loss, value - (dot(theta, target) - 0.5), rtol=0, atol=1e-15)
    assert layer.sparse_map(theta[0], 1.0, steps=0)[2] > 0


ASKED: dict[str, Callable[[Layer, Any], Any]] = {
    "regret": lambda layer, theta: layer.regret(theta, np.abs(theta) - 3),
    "spo_plus": lambda layer, theta: layer.spo_plus(theta, 1.5 * np.asarray(theta)),
    "interpolation_gradient": lambda layer, theta: layer.interpolation_gradient(theta, np.abs(theta), 0.5),
    "imle_gradient": lambda layer, theta: layer.imle_gradient(theta, np.abs(theta), 0.5, HOW),
    "project": lambda layer, theta: layer.project(theta, "none"),
    "identity_gradient": lambda layer, theta: layer.identity_gradient(theta, theta),
    "partial_label": lambda layer, theta: layer.partial_label(theta, layer.oracle, HOW),
    "sparse_map": lambda layer, theta: layer.sparse_map(theta, steps=20),
    "sparse_map_loss": lambda layer, theta: layer.sparse_map_loss(theta, layer.decide(theta), steps=20),
}


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
def test_shapes_types_and_bits(ask: Callable[[Layer, Any], Any], threads: int) -> None:
    """A rectangle is its flat rows; float32 stays what it is; threads change nothing."""
    layer, theta = Layer(Assignment(3, 3), "normal", 0.5), -1 - np.arange(600 * 9).reshape(600, 3, 3) % 17 / 4.0
    for dtype in np.float32, np.float64:
        found, flat = ask(layer, theta.astype(dtype)), ask(layer, theta.astype(dtype).reshape(600, 9))
        found, flat = ([x] if isinstance(x, np.ndarray) else x for x in (found, flat))
        for x, y in zip(found, flat, strict=True):
            assert x.dtype == dtype and x.shape in ((600,), theta.shape) and x.tobytes() == y.tobytes()


def test_out() -> None:
    layer, theta, truth = instances("simplex")
    loss, gradient = layer.spo_plus(theta, truth)
    places = np.zeros(2), np.zeros((2, 5))
    assert layer.spo_plus(theta, truth, out=places)[1] is places[1]
    assert np.array_equal(places[0], loss) and np.array_equal(places[1], gradient)
    assert layer.interpolation_gradient(theta, truth, 1, out=theta) is theta


def test_wrong_input() -> None:
    layer, theta = Layer(Simplex(3)), np.array([[2.0, 1.0, 0.0], [0.0, 1.0, 2.0]])
    nothing = theta.copy()
    nothing[1, 2] = np.nan
    refused: list[tuple[type[Exception], str, Callable[[], Any]]] = [
        (ValueError, r"truth has shape \(3,\); expected \(2, 3\)", lambda: layer.spo_plus(theta, theta[0])),
        (PerturbedError, "row 1: truth", lambda: layer.regret(theta, nothing)),
        (PerturbedError, "row 1: theta", lambda: layer.spo_plus(nothing, theta)),
        (PerturbedError, "row 1: cotangent", lambda: layer.identity_gradient(theta, nothing)),
        (PerturbedError, "lambda must be", lambda: layer.interpolation_gradient(theta, theta, -1)),
        (PerturbedError, "lambda must be", lambda: layer.imle_gradient(theta, theta, float("nan"), HOW)),
        (TypeError, "lambd: must be real number, not str", lambda: layer.interpolation_gradient(theta, theta, "1")),  # type: ignore[arg-type]
        (TypeError, "method is of type Exact", lambda: layer.imle_gradient(theta, theta, 1, Exact())),  # type: ignore[arg-type]
        (ValueError, "projection is \"x\"; expected 'none', 'mean'", lambda: layer.project(theta, "x")),  # type: ignore[arg-type]
        (TypeError, "agreeing is of type int", lambda: layer.partial_label(theta, 3, HOW)),  # type: ignore[arg-type]
        (TypeError, "no BlackBox", lambda: layer.partial_label(theta, BlackBox(3, np.abs), HOW)),
        (ValueError, "agreeing has 1 oracles", lambda: layer.partial_label(theta, [Simplex(3)], HOW)),
        (PerturbedError, "agreeing oracle has length 4", lambda: layer.partial_label(theta, Simplex(4), HOW)),
        (PerturbedError, "tolerance must be", lambda: layer.sparse_map(theta, tolerance=0)),
        (ValueError, "steps is -1", lambda: layer.sparse_map(theta, steps=-1)),
        (PerturbedError, "row 0: .*hull", lambda: layer.sparse_map_loss(theta, theta)),
    ]
    for kind, message, ask in refused:
        with pytest.raises(kind, match=message):
            ask()


def test_a_solver_that_raises() -> None:
    def solver(scores: np.ndarray) -> np.ndarray:
        raise KeyError("mine")

    layer = Layer(BlackBox(3, solver))
    for ask in ASKED.values():
        if ask not in (ASKED["project"], ASKED["identity_gradient"], ASKED["partial_label"]):
            with pytest.raises(KeyError, match="mine"):
                ask(layer, [[-1.0, -2.0, -3.0]])

"""Oracles of their own for the rows of a batch."""

import copy
import pickle
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from perturbed import (
    Assignment,
    BlackBox,
    DagPath,
    Exact,
    Hypercube,
    Knapsack,
    Layer,
    MonteCarlo,
    Oracle,
    PerturbedError,
    Simplex,
    TopK,
    train,
)

HOW = MonteCarlo(20, 3)
RNG = np.random.default_rng(2)
THETA = RNG.standard_normal((3, 6))
PACKS = [Knapsack([1, 2, 3, 4, 5, 6], 7), Knapsack([3, 3, 3, 3, 3, 3], 9), TopK(6, 2)]


def limited(scores: np.ndarray, most: int) -> np.ndarray:
    """A solver whose instances differ."""
    return (np.argsort(np.argsort(-scores)) < most) * 1.0


SOLVERS: list[Oracle] = [BlackBox(6, partial(limited, most=most), batched=False) for most in (1, 2, 3)]
MIXED: list[Oracle] = [SOLVERS[0], PACKS[1], SOLVERS[2]]
ASKED: dict[str, Callable[[Layer, Any, Any], Any]] = {
    "decide": lambda layer, x, row: layer.decide(x),
    "sample": lambda layer, x, row: layer.sample(x, 3, seed=5, **row),
    "value": lambda layer, x, row: layer.value(x, HOW, **row),
    "maximizer": lambda layer, x, row: layer.maximizer(x, HOW, **row),
    "value_and_maximizer": lambda layer, x, row: layer.value_and_maximizer(x, HOW, **row),
    "jacobian": lambda layer, x, row: layer.jacobian(x, HOW, **row),
    "vjp": lambda layer, x, row: layer.vjp(x, np.cos(x), HOW, **row),
    "with error": lambda layer, x, row: layer.maximizer(x, HOW, with_error=True, **row),
    "gradient": lambda layer, x, row: layer.fenchel_young_gradient(x, layer.decide(-x), HOW, **row),
    "loss": lambda layer, x, row: layer.fenchel_young(x, layer.decide(-x), HOW, **row),
    "regret": lambda layer, x, row: layer.regret(x, -x),
    "spo_plus": lambda layer, x, row: layer.spo_plus(x, -x),
    "imle": lambda layer, x, row: layer.imle_gradient(x, np.cos(x), 1.0, HOW, **row),
}


@pytest.mark.parametrize("oracles", [PACKS, SOLVERS, MIXED], ids=["own", "solvers", "mixed"])
@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
def test_a_row_is_that_of_its_own_layer(ask: Callable[..., Any], oracles: list[Oracle], threads: int) -> None:
    found = ask(Layer(oracles, "normal", 0.5), THETA, {"first_row": 4})
    found = found if isinstance(found, tuple) else (found,)
    for r, oracle in enumerate(oracles):
        row = {"first_row": 4 + r}
        one = ask(Layer(oracle, "normal", 0.5), THETA[r : r + 1], row)
        for a, b in zip(found, one if isinstance(one, tuple) else (one,), strict=True):
            assert np.asarray(a)[r].tobytes() == np.asarray(b)[0].tobytes()


def test_many_rows_share_threads(threads: int) -> None:
    oracles = [Knapsack(RNG.integers(1, 9, 30), 40) for _ in range(200)]
    theta = np.sin(np.arange(6000.0)).reshape(200, 30)
    found = Layer(oracles).maximizer(theta, HOW)
    assert np.array_equal(found[117], Layer(oracles[117]).maximizer(theta[117], HOW.fold(117)))
    assert np.array_equal(Layer([Simplex(30)] * 200, "gumbel").maximizer(theta, Exact()), Layer(Simplex(30), "gumbel").maximizer(theta, Exact()))


def test_rectangles_and_single_rows() -> None:
    layer = Layer([Assignment(2, 2), Assignment(2, 2, warm_start=True)])
    theta = np.arange(8.0).reshape(2, 2, 2)
    assert layer.decide(theta).shape == (2, 2, 2) and layer.decide(theta.reshape(2, 4)).shape == (2, 4)
    # As many rows as an instance has.
    with pytest.raises(ValueError, match=r"theta has shape \(2, 2\); expected \(2, 4\), a row for each of 2 oracles"):
        layer.decide(theta[0])
    assert Layer([Simplex(3)]).decide([[1.0, 2.0, 0.0]]).tolist() == [[0, 1, 0]]


def test_values_of_python() -> None:
    layer = Layer(PACKS, "gumbel", 2.0)
    assert layer.oracle == tuple(PACKS) and layer.shape == (6,) and layer.dim == 6
    for same in pickle.loads(pickle.dumps(layer)), copy.deepcopy(layer), Layer(tuple(PACKS), "gumbel", 2.0), eval(repr(layer)):
        assert same == layer and hash(same) == hash(layer)
    assert layer != Layer(PACKS[:2], "gumbel", 2.0) and layer != Layer(PACKS[0], "gumbel", 2.0)


def test_torch() -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    from perturbed.torch import FenchelYoungLoss

    layer = Layer(PACKS, "normal", 0.5)
    theta = torch.tensor(THETA, requires_grad=True)
    FenchelYoungLoss(layer, HOW, "sum").eval()(theta, torch.tensor(layer.decide(-THETA))).backward()
    assert np.array_equal(theta.grad.numpy(), layer.fenchel_young_gradient(THETA, layer.decide(-THETA), HOW))


def test_wrong_input() -> None:
    def fails(scores: np.ndarray) -> np.ndarray:
        raise KeyError("mine")

    with pytest.raises(ValueError, match="oracle has no entries"):
        Layer([])
    with pytest.raises(ValueError, match=r"oracle\[1\] has shape \(3,\); expected \(6,\)"):
        Layer([PACKS[0], Hypercube(3)])
    with pytest.raises(TypeError, match="oracle is of type int"):
        Layer([PACKS[0], 3])  # type: ignore[list-item]
    for theta in THETA[0], THETA[:2], THETA[:, :5]:
        with pytest.raises(ValueError, match="a row for each of 3 oracles"):
            Layer(PACKS).decide(theta)
    with pytest.raises(TypeError, match="one oracle of this package for all rows"):
        train(Layer(PACKS), THETA, THETA, HOW)
    with pytest.raises(KeyError, match="mine") as raised:
        Layer([SOLVERS[0], BlackBox(6, fails, batched=False), SOLVERS[1]]).maximizer(THETA, HOW)
    assert raised.value.__notes__ == ["in row 1"]
    nothing = THETA.copy()
    nothing[2, 0] = np.nan
    for oracles in PACKS, SOLVERS:
        with pytest.raises(PerturbedError, match="row 2: theta") as refused:
            Layer(oracles).maximizer(nothing, HOW)
        assert refused.value.row == 2
    paths = [DagPath(3, [(0, 1), (1, 2), (0, 2)], 0, 2), DagPath(3, [(0, 1), (2, 1), (0, 2)], 0, 1)]
    assert Layer(paths).decide([[1.0, 1, 1], [0, 1, 1]]).tolist() == [[1, 1, 0], [0, 1, 1]]

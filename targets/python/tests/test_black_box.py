"""Solvers written in Python: the bits of the built-in oracles, and every way to fail."""

import gc
import pickle
import threading
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from conftest import CLASSES, largest
from perturbed import BlackBox, Layer, MonteCarlo, Ranking, Simplex

THETA = np.array([CLASSES, CLASSES[::-1], [0.0, 0.1, 0.2, 0.3, 0.25]])
U = np.array([[1.0, 2.0, 3.0, 4.0, 5.0]] * 3)
INSIDE = np.full((3, 5), 0.2)


def ranks(scores: np.ndarray) -> np.ndarray:
    """Ascending ranks of one problem."""
    return scores.argsort().argsort() + 1.0


def cheapest(costs: np.ndarray) -> list[float]:
    """The least cost of one problem, as a list."""
    return [float(i == costs.argmin()) for i in range(len(costs))]


PAIRS: dict[str, tuple[Any, BlackBox]] = {
    "batched": (Simplex(5), BlackBox(5, largest)),
    "single": (Ranking(5), BlackBox(5, ranks, batched=False)),
    "costs": (Simplex(5), BlackBox(5, cheapest, batched=False, maximise=False)),
}


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("noise", ["normal", "gumbel"])
@pytest.mark.parametrize("pair", PAIRS)
def test_bits_of_built_in_oracles(pair: str, noise: str, dtype: str) -> None:
    built_in, black_box = (Layer(oracle, noise, 0.7) for oracle in PAIRS[pair])
    theta, y = THETA.astype(dtype), built_in.decide(THETA).astype(dtype)
    for how in MonteCarlo(1, 3), MonteCarlo(100, 3), MonteCarlo(70, 4, draws="antithetic"):
        for layer_asks in (
            lambda layer: [layer.decide(theta), layer.sample(theta, 4, 9)],
            lambda layer: layer.value_and_maximizer(theta, how, first_row=3),
            lambda layer: [layer.jacobian(theta, how), layer.vjp(theta, U, how), layer.jvp(theta[1], U[1], how)],
            lambda layer: layer.fenchel_young(theta, y, how),
            lambda layer: [layer.fenchel_young_gradient(theta, y, how)],
        ):
            for expected, found in zip(layer_asks(built_in), layer_asks(black_box), strict=True):
                assert expected.dtype == found.dtype == dtype and expected.tobytes() == found.tobytes()
    assert black_box.maximizer(THETA, MonteCarlo(70, 5), with_error=True)[1].shape == (3, 5)


def test_targets_inside() -> None:
    """They take a search, which solves one problem after the other."""
    built_in, black_box = Layer(Simplex(5), "normal"), Layer(BlackBox(5, largest), "normal")
    how = MonteCarlo(20, 1)
    expected, found = (layer.fenchel_young(THETA, INSIDE, how) for layer in (built_in, black_box))
    np.testing.assert_allclose(found[0], expected[0], atol=1e-5)
    assert np.array_equal(found[1], expected[1])


def test_one_call_for_all_samples_and_rows() -> None:
    calls: list[tuple[tuple[int, ...], str, str]] = []

    def solver(scores: np.ndarray) -> np.ndarray:
        calls.append((scores.shape, scores.dtype.name, threading.current_thread().name))
        scores[0] += 0  # It may write to them.
        return largest(scores)

    layer, here = Layer(BlackBox(5, solver)), threading.current_thread().name
    layer.maximizer(THETA, MonteCarlo(100))
    layer.decide(THETA.astype("f4"))
    layer.maximizer(np.zeros((0, 5)), MonteCarlo(100))
    layer.decide(np.zeros((0, 5)))
    assert calls == [((300, 5), "float64", here), ((3, 5), "float32", here)]


class Broken(Exception):
    """An exception of its own."""


def raising(kind: Callable[[], BaseException], after: int) -> Callable[[np.ndarray], np.ndarray]:
    calls = []

    def solver(scores: np.ndarray) -> np.ndarray:
        calls.append(1)
        if len(calls) > after:
            assert len(calls) == after + 1, "it is not asked again"
            raise kind()
        return largest(scores.reshape(-1, 5)).reshape(scores.shape)

    return solver


@pytest.mark.parametrize("after", [0, 1, 3])
@pytest.mark.parametrize("kind", [Broken, KeyboardInterrupt, ZeroDivisionError, SystemExit])
def test_exceptions_arrive_as_they_are(kind: Any, after: int) -> None:
    raised = kind("as it is")
    layer = Layer(BlackBox(5, raising(lambda: raised, after), batched=False))
    asks: list[Callable[[Layer], object]] = [
        lambda layer: layer.decide(np.tile(THETA, (2, 1))),
        lambda layer: layer.vjp(THETA, U, MonteCarlo(100)),
        lambda layer: layer.fenchel_young(THETA, INSIDE, MonteCarlo(10)),
        lambda layer: layer.maximizer(THETA[0], MonteCarlo(10), with_error=True),
        lambda layer: layer.sample(THETA, 10),
        lambda layer: layer.omega(INSIDE, MonteCarlo(10)),
    ]
    for ask in asks:
        layer = Layer(BlackBox(5, raising(lambda: raised, after), batched=False))
        with pytest.raises(kind) as found:
            ask(layer)
        assert found.value is raised


def test_nested_layers() -> None:
    """A solver that asks another layer with a solver."""
    inner = Layer(BlackBox(5, largest), "gumbel", 0.1)
    failing = Layer(BlackBox(5, raising(Broken, 0)))

    def solver(scores: np.ndarray) -> np.ndarray:
        with pytest.raises(Broken):
            failing.decide(scores)
        return largest(inner.maximizer(scores, MonteCarlo(30, 2)))

    y = Layer(BlackBox(5, solver)).maximizer(THETA, MonteCarlo(10))
    np.testing.assert_allclose(y.sum(axis=1), 1)


@pytest.mark.parametrize(
    ("returned", "kind", "message"),
    [
        (lambda s: s[:-1], ValueError, r"returned an array of shape \(29, 5\); expected \(30, 5\)"),
        (lambda s: s[0], ValueError, r"shape \(5,\); expected \(30, 5\)"),
        (lambda s: np.where(np.arange(30)[:, None] == 7, np.nan, s), ValueError, "NaN or infinity in row 7, column 0"),
        (lambda s: s + 1j, TypeError, "what the solver returned has dtype complex128"),
        (lambda s: None, TypeError, "dtype object"),
        (lambda s: "text", TypeError, "dtype"),
        (lambda s: [[1.0], [2.0, 3.0]], ValueError, "inhomogeneous"),
    ],
)
def test_wrong_answers(returned: Any, kind: Any, message: str) -> None:
    layer = Layer(BlackBox(5, returned))
    with pytest.raises(kind, match=message):
        layer.maximizer(THETA, MonteCarlo(10))


def test_answers_of_any_type_and_layout() -> None:
    expected = Layer(Simplex(5)).maximizer(THETA, MonteCarlo(10))
    for change in (
        lambda y: y.astype(int),
        lambda y: y.astype("f2"),
        lambda y: y.astype(">f8"),
        lambda y: np.asfortranarray(y),
        lambda y: y.tolist(),
        lambda y: y.astype(bool),
    ):
        layer = Layer(BlackBox(5, lambda scores, change=change: change(largest(scores))))
        assert np.array_equal(layer.maximizer(THETA, MonteCarlo(10)), expected)


def test_identity() -> None:
    assert BlackBox(5, largest) == BlackBox(5, largest) != BlackBox(5, largest, maximise=False)
    assert Layer(BlackBox(5, largest)) == Layer(BlackBox(5, largest)) != Layer(BlackBox(5, lambda s: s))
    assert pickle.loads(pickle.dumps(BlackBox(5, largest))).solver is largest
    assert repr(BlackBox(5, largest)).startswith("BlackBox(dim=5, solver=<function largest")


def test_cycles_are_collected() -> None:
    """A model that owns the layer whose solver is its method."""

    class Model:
        def __init__(self) -> None:
            self.layer = Layer(BlackBox(5, self.solve))

        def solve(self, scores: np.ndarray) -> np.ndarray:
            return largest(scores)

    model = Model()
    model.layer.decide(THETA)
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None

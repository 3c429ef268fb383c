"""The same bits for any number of threads, any split of a batch, after a pickle, in a forked child, and in many threads of Python."""

import copy
import multiprocessing
import pickle
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import perturbed
import pytest
from conftest import ORACLES
from perturbed import Assignment, Cheapest, Exact, Layer, MonteCarlo, Ranking

LAYER = Layer(Ranking(50), "normal", 0.5)
THETA = np.random.default_rng(1).standard_normal((64, 50)).astype(np.float32)
U = np.random.default_rng(2).standard_normal((64, 50)).astype(np.float32)
Y = LAYER.decide(THETA)
METHODS = [MonteCarlo(1, 3), MonteCarlo(100, 3), MonteCarlo(200, 3, draws="quasi-random"), Exact(), Cheapest(10, 3)]


def everything(layer: Layer, theta: Any, u: Any, y: Any, method: Any, first_row: int = 0) -> list[np.ndarray]:
    """Answers of all kinds, large enough for threads."""
    option = {"first_row": first_row}
    found = [
        layer.decide(theta),
        *layer.value_and_maximizer(theta, method, **option),
        layer.vjp(theta, u, method, **option),
        *layer.fenchel_young(theta, y, method, **option),
        layer.sample(theta, 3, 4, **option),
    ]
    if isinstance(method, MonteCarlo) and method.samples == 200:
        found += layer.maximizer(theta, method, with_error=True, **option)
    return found


def same(a: list[np.ndarray], b: list[np.ndarray]) -> bool:
    return all(x.dtype == y.dtype and x.tobytes() == y.tobytes() for x, y in zip(a, b, strict=True))


EXPECTED = {method: everything(LAYER, THETA, U, Y, method) for method in METHODS}


@pytest.mark.parametrize("method", METHODS, ids=repr)
def test_threads(method: Any, threads: int) -> None:
    assert perturbed.get_num_threads() == threads
    assert same(everything(LAYER, THETA, U, Y, method), EXPECTED[method])


@pytest.mark.parametrize("samples", [1, 64, 65, 5000])
def test_threads_for_one_instance(samples: int) -> None:
    how, found = MonteCarlo(samples, 9), []
    for threads in 1, 2, 3:
        perturbed.set_num_threads(threads)
        found.append(LAYER.vjp(THETA[0], U[0], how))
    assert same(found, [found[0]] * 3)


@pytest.mark.parametrize("method", METHODS, ids=repr)
@pytest.mark.parametrize("cuts", [(0, 1, 64), (0, 7, 8, 31, 64), tuple(range(65))], ids=len)
def test_splits(method: Any, cuts: tuple[int, ...]) -> None:
    parts = [
        everything(LAYER, THETA[a:b], U[a:b], Y[a:b], method, first_row=a)
        for a, b in zip(cuts, cuts[1:], strict=False)
    ]
    joined = [np.concatenate(of_one) for of_one in zip(*parts, strict=True)]
    assert same(joined, EXPECTED[method])


@pytest.mark.parametrize("method", METHODS, ids=repr)
def test_rows_are_instances_of_folded_methods(method: Any) -> None:
    for row in 0, 63:
        alone = LAYER.vjp(THETA[row], U[row], method.fold(row))
        assert same([alone], [LAYER.vjp(THETA, U, method)[row]])


def test_rows_may_be_numbered_beyond_the_last_number() -> None:
    how, last = MonteCarlo(3, 1), 2**64 - 1
    assert same(
        [LAYER.maximizer(THETA[:2], how, first_row=last)],
        [np.stack([LAYER.maximizer(THETA[0], how.fold(last)), LAYER.maximizer(THETA[1], how.fold(0))])],
    )


def test_rectangles() -> None:
    layer, how = Layer(Assignment(3, 4), "gumbel"), MonteCarlo(20, 1)
    theta = np.random.default_rng(3).standard_normal((5, 3, 4))
    flat = theta.reshape(5, 12)
    assert layer.shape == (3, 4) and layer.dim == 12
    for ask in layer.maximizer, layer.jacobian:
        rectangular, of_flat = ask(theta, how), ask(flat, how)
        assert rectangular.tobytes() == of_flat.tobytes()
    assert layer.maximizer(theta, how).shape == (5, 3, 4)
    assert layer.jacobian(theta, how).shape == (5, 3, 4, 3, 4) and layer.jacobian(flat, how).shape == (5, 12, 12)
    assert layer.maximizer(theta[0], how).shape == (3, 4) and layer.maximizer(flat[0], how).shape == (12,)
    assert layer.value(theta, how).shape == (5,) and layer.value(theta[0], how).shape == ()
    assert layer.sample(theta, 2).shape == (5, 2, 3, 4)
    # An array of the oracle's own shape is one instance.
    assert layer.maximizer(theta[0], how).ravel().tobytes() == layer.maximizer(flat[0], how).tobytes()


@pytest.mark.parametrize("name", ORACLES)
def test_pickles(name: str) -> None:
    oracle, theta = ORACLES[name]
    layer = Layer(oracle, "gumbel", 0.3)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        twin, how = pickle.loads(pickle.dumps((layer, MonteCarlo(7, 2**64 - 1)), protocol))
        assert twin == layer and hash(twin) == hash(layer) and how == MonteCarlo(7, 2**64 - 1)
        assert same([twin.maximizer(theta, how)], [layer.maximizer(theta, how)])
    assert copy.copy(layer) is layer and copy.deepcopy(layer) is layer


def child(pipe: Any) -> None:
    pipe.send([everything(LAYER, THETA, U, Y, method) for method in METHODS])


def test_forked_children() -> None:
    """The threads of a parent do not survive, nor do those of a child in its parent's way."""
    perturbed.set_num_threads(2)
    everything(LAYER, THETA, U, Y, METHODS[1])
    context = multiprocessing.get_context("fork")
    for _ in range(2):
        answers, pipe = context.Pipe(duplex=False)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*fork")  # Of Python and JAX, for forks beside threads.
            process = context.Process(target=child, args=(pipe,), daemon=True)
            process.start()
        if not answers.poll(60):
            process.kill()
            pytest.fail("the child hangs")
        for found, method in zip(answers.recv(), METHODS, strict=True):
            assert same(found, EXPECTED[method])
        process.join(60)
        assert process.exitcode == 0
    assert same(everything(LAYER, THETA, U, Y, METHODS[1]), EXPECTED[METHODS[1]])


def test_threads_of_python() -> None:
    with ThreadPoolExecutor(8) as pool:
        for _ in range(4):
            found = list(pool.map(lambda method: everything(LAYER, THETA, U, Y, method), METHODS))
            perturbed.set_num_threads(1 + len(found) % 3)
            assert all(same(answers, EXPECTED[method]) for answers, method in zip(found, METHODS, strict=True))


def test_the_interpreter_is_free_meanwhile() -> None:
    ticks, compute = 0, threading.Thread(target=LAYER.vjp, args=(THETA, U, MonteCarlo(20_000)))
    start = time.perf_counter()
    compute.start()
    while compute.is_alive():
        ticks += 1
        time.sleep(0.001)
    # One tick at each end, were the interpreter not let go of.
    assert ticks > 10, (ticks, time.perf_counter() - start)

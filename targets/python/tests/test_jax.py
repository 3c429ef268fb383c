"""Layers inside JAX: their bits under every transformation, their derivatives, and what is refused."""

import doctest
import importlib.util
import inspect
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ORACLES
from perturbed import (
    Assignment,
    BlackBox,
    Cheapest,
    Exact,
    GridPath,
    Hypercube,
    Layer,
    MonteCarlo,
    Oracle,
    PerturbedError,
    Ranking,
    Simplex,
    SpanningTree,
)

jax = pytest.importorskip("jax")
import jax.numpy as jnp  # noqa: E402
import perturbed.jax as door  # noqa: E402

LAYER, HOW = Layer(Ranking(5), "normal", 0.5), MonteCarlo(10, 3)
RNG = np.random.default_rng(0)
THETA, U, V = RNG.standard_normal((3, 4, 5))
Y = LAYER.decide(RNG.standard_normal((4, 5)))
# So many standard errors apart are two estimates of one number in fewer than one of 10^7 cases.
Z = 5.5


@pytest.fixture(autouse=True)
def double() -> Iterator[None]:
    """Numbers of 64 bits, and no error left behind."""
    with jax.enable_x64(True):
        yield
    assert door.last_error() is None


def same(found: Any, expected: Any) -> bool:
    found, expected = np.asarray(found), np.asarray(expected)
    return found.shape == expected.shape and found.dtype == expected.dtype and found.tobytes() == expected.tobytes()


def test_examples() -> None:
    found = doctest.testmod(door)
    assert found.attempted > 0 and found.failed == 0


@pytest.mark.parametrize("name", door.__all__)
def test_everything_is_documented(name: str) -> None:
    assert len(inspect.getdoc(getattr(door, name)) or "") > 5


def test_the_example_learns() -> None:
    path = Path(__file__).parents[1] / "examples/jax_ranking.py"
    spec = importlib.util.spec_from_file_location("jax_ranking", path)
    assert spec is not None and spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    # By chance 25 %; 300 ranks, so that 60 % is far from it.
    assert example.main(rows=150, features=3, items=4, steps=150) > 0.6


# Bits.


def of_maximizer(layer: Layer, theta: Any, u: Any, y: Any) -> Any:
    return (door.maximizer(layer, theta, HOW) * u).sum()


def of_value(layer: Layer, theta: Any, u: Any, y: Any) -> Any:
    return door.value(layer, theta, HOW).sum()


def of_fenchel_young(layer: Layer, theta: Any, u: Any, y: Any) -> Any:
    return door.fenchel_young(layer, theta, y, HOW).sum()


GRADIENTS = {
    of_maximizer: lambda layer, theta, u, y: layer.vjp(theta, u, HOW),
    of_value: lambda layer, theta, u, y: layer.maximizer(theta, HOW),
    of_fenchel_young: lambda layer, theta, u, y: layer.fenchel_young_gradient(theta, y, HOW),
}
SOME = ["ranking", "grid path", "wide assignment", "spanning tree", "black box"]


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("name", SOME)
def test_bits_of_the_layer(name: str, dtype: str) -> None:
    """One instance and a batch, of every shape, at once and compiled."""
    oracle, scores = ORACLES[name]
    layer, d = Layer(oracle, "normal", 0.5), len(scores)
    rng = np.random.default_rng(1)
    theta = (np.array(scores) + 0.3 * np.abs(rng.standard_normal((6, d))) * (-1 if max(scores) <= 0 else 1)).astype(
        dtype
    )
    theta = np.minimum(theta, -0.1).astype(dtype) if max(scores) <= 0 else theta
    u, y = rng.standard_normal((6, d)).astype(dtype), layer.decide(theta[::-1])
    for shape in {(6, d), (6, *layer.shape)}:
        batch = [x.reshape(shape) for x in (theta, u, y)]
        for arguments in batch, [x[2] for x in batch]:
            t, _, target = arguments
            for run in lambda f: f, jax.jit:
                assert same(run(lambda t: door.decide(layer, t))(t), layer.decide(t))
                assert same(run(lambda t: door.maximizer(layer, t, HOW))(t), layer.maximizer(t, HOW))
                assert same(run(lambda t: door.value(layer, t, HOW))(t), layer.value(t, HOW))
                loss = run(lambda t, y: door.fenchel_young(layer, t, y, HOW))(t, target)
                assert same(loss, layer.fenchel_young(t, target, HOW)[0])
        for of, expected in GRADIENTS.items():
            for arguments in batch, [x[2] for x in batch]:
                gradient = jax.grad(lambda t, u, y, of=of: of(layer, t, u, y))
                assert same(jax.jit(gradient)(*arguments), expected(layer, *arguments))
        t, u_, target = (x.reshape(2, 3, *shape[1:]) for x in batch)
        found = door.maximizer(layer, t, HOW)
        assert same(found, layer.maximizer(batch[0], HOW).reshape(t.shape))
        assert same(door.value(layer, t, HOW), layer.value(batch[0], HOW).reshape(2, 3))


def test_without_omega() -> None:
    f = lambda theta: door.fenchel_young(LAYER, theta, Y, HOW, omega=False)
    assert same(f(THETA), LAYER.fenchel_young_without_omega(THETA, Y, HOW)[0])
    assert same(jax.grad(lambda theta: f(theta).sum())(THETA), LAYER.fenchel_young_gradient(THETA, Y, HOW))


def test_no_rows() -> None:
    assert door.maximizer(LAYER, THETA[:0], HOW).shape == (0, 5)
    assert jax.jit(lambda t: door.value(LAYER, t, HOW))(THETA[:0]).shape == (0,)
    by_seed = jax.vmap(lambda t, seed: door.value(LAYER, t, HOW, seed=seed))
    assert by_seed(np.zeros((3, 0, 5)), jnp.arange(3)).shape == (3, 0)
    assert jax.jit(by_seed)(np.zeros((0, 3, 5)), jnp.arange(0)).shape == (0, 3)


@pytest.mark.parametrize("rows", [1, 4])
@pytest.mark.parametrize("of", GRADIENTS)
def test_vmap_is_a_batch(of: Any, rows: int) -> None:
    theta, u, y = THETA[:rows], U[:rows], Y[:rows]
    one = lambda t, u, y: of(LAYER, t, u, y)
    expected = GRADIENTS[of](LAYER, theta, u, y)
    for run in lambda f: f, jax.jit:
        assert same(run(jax.vmap(jax.grad(one)))(theta, u, y), expected)
        assert same(run(jax.grad(lambda t: jax.vmap(one)(t, u, y).sum()))(theta), expected)
        assert same(run(jax.vmap(jax.grad(one), in_axes=1, out_axes=1))(theta.T, u.T, y.T), expected.T)
        # What is not mapped is shared.
        tiled = GRADIENTS[of](LAYER, theta, np.tile(u[0], (rows, 1)), np.tile(y[0], (rows, 1)))
        assert same(run(jax.vmap(jax.grad(one), in_axes=(0, None, None)))(theta, u[0], y[0]), tiled)


def test_axes_of_vmap_are_those_in_front() -> None:
    theta = RNG.standard_normal((2, 3, 4, 5))
    expected = LAYER.maximizer(theta.reshape(24, 5), HOW).reshape(2, 3, 4, 5)
    f = lambda t: door.maximizer(LAYER, t, HOW)
    assert same(f(theta), expected)
    assert same(jax.vmap(f)(theta), expected)
    assert same(jax.jit(jax.vmap(jax.vmap(f)))(theta), expected)
    assert same(jax.vmap(jax.vmap(jax.vmap(f)))(theta), expected)
    swapped = np.ascontiguousarray(theta.swapaxes(0, 1))
    assert same(jax.vmap(jax.vmap(f), in_axes=1)(swapped), expected)


def test_mapped_seeds_and_rows_are_calls_of_their_own() -> None:
    keys = jax.random.split(jax.random.key(1), 4)
    one = lambda t, key: door.maximizer(LAYER, t, HOW, seed=key)
    for run in lambda f: f, jax.jit:
        assert same(
            run(jax.vmap(one))(THETA, keys), np.stack([one(t, key) for t, key in zip(THETA, keys, strict=True)])
        )
        assert same(run(jax.vmap(one, (None, 0)))(THETA, keys), np.stack([one(THETA, key) for key in keys]))
        # Seeds outside, rows inside, and the other way round.
        expected = np.stack([one(THETA, key) for key in keys])
        assert same(run(jax.vmap(jax.vmap(one, (0, None)), (None, 0)))(THETA, keys), expected)
        swapped = run(jax.vmap(jax.vmap(one, (None, 0)), (0, None)))(THETA, keys)
        assert same(jnp.swapaxes(swapped, 0, 1), expected)
    parts = THETA.reshape(2, 2, 5)
    by_row = lambda t, row: door.maximizer(LAYER, t, HOW, first_row=row)
    assert same(jax.jit(jax.vmap(by_row))(parts, jnp.array([0, 2])).reshape(4, 5), LAYER.maximizer(THETA, HOW))
    by_step = jax.vmap(lambda t, step: door.maximizer(LAYER, t, HOW, step=step))
    assert same(by_step(THETA, jnp.arange(4)), [LAYER.maximizer(t, HOW.fold(i)) for i, t in enumerate(THETA)])


def test_rows_of_another_mapped_argument_share_noise() -> None:
    """As do those of a Jacobian by reverse mode."""
    assert same(jax.jit(jax.jacrev(lambda t: door.maximizer(LAYER, t, HOW)))(THETA[0]), LAYER.jacobian(THETA[0], HOW))
    f = jax.vmap(lambda y: door.fenchel_young(LAYER, THETA[0], y, HOW))
    assert same(f(Y), [LAYER.fenchel_young(THETA[0], y, HOW)[0] for y in Y])


def test_vmap_makes_one_call() -> None:
    calls = []

    def largest(scores: np.ndarray) -> np.ndarray:
        calls.append(len(scores))
        return scores == scores.max(axis=1, keepdims=True)

    layer, how = Layer(BlackBox(5, largest)), MonteCarlo(10, control="none")
    jax.block_until_ready(jax.jit(jax.vmap(lambda t: door.maximizer(layer, t, how)))(THETA))
    assert calls == [40]


@pytest.mark.parametrize(
    ("seed", "expected"),
    [
        (7, 7),
        (2**64 - 1, 2**64 - 1),
        (np.uint64(2**63), 2**63),
        (np.array(9), 9),
        (jnp.int32(11), 11),
        (np.array([1, 2], np.uint32), 2**32 + 2),
    ],
    ids=repr,
)
def test_seeds(seed: Any, expected: int) -> None:
    for wide in False, True:
        with jax.enable_x64(wide):
            theta = THETA.astype("f8" if wide else "f4")
            answer = LAYER.maximizer(theta, HOW.with_seed(expected).fold(5))
            for run in lambda f: f, jax.jit:
                assert same(run(lambda t: door.maximizer(LAYER, t, HOW, seed=seed, step=5))(theta), answer)


def test_keys() -> None:
    run = jax.jit(lambda seed: door.maximizer(LAYER, THETA, HOW, seed=seed))
    expected = LAYER.maximizer(THETA, HOW.with_seed(2**32 + 7))
    for seed in 2**32 + 7, jax.random.key(2**32 + 7), jax.random.PRNGKey(2**32 + 7), jnp.uint64(2**32 + 7):
        assert same(run(seed), expected)
    # Keys of more than 64 bits count with all their words.
    long = [jax.random.wrap_key_data(np.array(words, np.uint32), impl="rbg") for words in ([0, 7, 0, 8], [0, 7, 0, 9])]
    assert same(run(long[0]), LAYER.maximizer(THETA, HOW.with_seed(7).fold(8)))
    assert not np.array_equal(run(long[0]), run(long[1]))


def test_steps_and_rows() -> None:
    run = jax.jit(lambda step, row: door.maximizer(LAYER, THETA, HOW, step=step, first_row=row))
    for step, row in (0, 0), (3, 0), (3, 7):
        assert same(run(step, row), LAYER.maximizer(THETA, HOW.fold(step), first_row=row))
    assert same(door.value(LAYER, THETA, HOW, first_row=2**64 - 1), LAYER.value(THETA, HOW, first_row=2**64 - 1))


def test_scan_is_a_loop_over_the_layer() -> None:
    """A rate that is a power of two, so that no product is rounded."""
    compiled = []

    @jax.jit
    def train(theta: Any, key: Any) -> Any:
        compiled.append(1)

        def descend(theta: Any, step: Any) -> Any:
            f = lambda theta: door.fenchel_young(LAYER, theta, Y, HOW, seed=key, step=step)
            losses, pull = jax.vjp(f, theta)
            return theta - 0.125 * pull(jnp.ones_like(losses))[0], losses

        return jax.lax.scan(descend, theta, jnp.arange(20))

    for seed in 4, 5:
        found, losses = train(THETA, jax.random.key(seed))
        theta = THETA
        for step in range(20):
            loss, _ = LAYER.fenchel_young(theta, Y, HOW.with_seed(seed).fold(step))
            assert same(losses[step], loss)
            theta = theta - 0.125 * LAYER.fenchel_young_gradient(theta, Y, HOW.with_seed(seed).fold(step))
        assert same(found, theta)
    assert len(compiled) == 1


def test_other_transformations() -> None:
    f = lambda t: door.maximizer(LAYER, t, HOW)
    square = lambda t: (f(f(t) / 5) * U).sum()
    expected = jax.grad(square)(THETA)
    assert same(jax.grad(jax.checkpoint(square))(THETA), expected)
    assert same(jax.jit(lambda t: jax.lax.cond(t[0, 0] < 9, f, jnp.zeros_like, t))(THETA), f(THETA))
    assert same(jax.lax.fori_loop(0, 3, lambda _, t: f(t) / 4, THETA), f(f(f(THETA) / 4) / 4) / 4)
    in_map = jax.lax.map(f, THETA)
    assert same(in_map, [LAYER.maximizer(t, HOW) for t in THETA])
    through = jax.grad(lambda t: jax.lax.scan(lambda t, _: (f(t) / 5, None), t, length=2)[0].sum())(THETA)
    by_hand = LAYER.vjp(THETA, LAYER.vjp(f(THETA) / 5, np.full((4, 5), 0.2), HOW) / 5, HOW)
    np.testing.assert_allclose(through, by_hand, rtol=1e-12)


def test_layers_and_methods_are_static_arguments() -> None:
    run = jax.jit(door.maximizer, static_argnums=(0, 2))
    twin = Layer(Ranking(5), "normal", 0.5)
    assert same(run(LAYER, THETA, HOW), run(twin, THETA, MonteCarlo(10, 3)))
    assert run._cache_size() == 1


def test_threads_of_python() -> None:
    """Programs run at once in many threads, with more rows than a callback is handed in line."""
    theta = RNG.standard_normal((4000, 5)).astype("f4")  # Numbers of 64 bits are enabled in this thread alone.
    run = jax.jit(lambda t, step: jax.lax.scan(lambda t, i: (door.maximizer(LAYER, t, HOW, step=i), None), t, step)[0])
    expected = theta
    for step in range(5):
        expected = LAYER.maximizer(expected, HOW.fold(step))
    found: list[Any] = []
    threads = [
        threading.Thread(target=lambda: found.append(np.asarray(run(theta, jnp.arange(5)))), daemon=True)
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == 8 and all(same(x, expected) for x in found)


def test_devices() -> None:
    """Two devices share a batch: by row numbers in `shard_map`, and gathered where JAX divides arrays. Then others."""
    program = """
import jax, numpy as np
import perturbed.jax as door
from jax.sharding import Mesh, NamedSharding, PartitionSpec as P
from perturbed import Layer, MonteCarlo, Ranking

layer, how = Layer(Ranking(5)), MonteCarlo(3, 1)
theta = np.random.default_rng(0).standard_normal((8, 5)).astype(np.float32)
y = layer.decide(theta[::-1])
mesh = Mesh(np.array(jax.devices()), ("devices",))

def part(theta, y):
    first = jax.lax.axis_index("devices") * len(theta)
    return jax.grad(lambda theta: door.fenchel_young(layer, theta, y, how, first_row=first).sum())(theta)

rows = P("devices")
parts = jax.jit(jax.shard_map(part, mesh=mesh, in_specs=(rows, rows), out_specs=rows, check_vma=False))
assert len(jax.devices()) == 2
assert np.array_equal(parts(theta, y), layer.fenchel_young_gradient(theta, y, how))
divided = jax.device_put(theta, NamedSharding(mesh, rows))
assert np.array_equal(jax.jit(lambda theta: door.maximizer(layer, theta, how))(divided), layer.maximizer(theta, how))

# What other devices do, done here.
from jax.interpreters import mlir
mlir.register_lowering(door._called, mlir.lower_fun(door._call_on_others, multiple_results=True), platform="cpu")
jax.config.update("jax_enable_x64", True)
for x in theta, theta.astype(float):
    found = jax.jit(lambda theta: door.maximizer(layer, theta, how))(x)
    assert found.dtype == x.dtype and np.array_equal(found, layer.maximizer(x, how))
    assert np.isnan(jax.jit(lambda theta: door.value(layer, theta, how))(x * np.nan)).all()
"""
    found = subprocess.run(
        [sys.executable, "-c", program],
        env={
            **os.environ,
            "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
            "JAX_PLATFORMS": "cpu",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert found.returncode == 0, found.stderr


# Derivatives.


def differences(f: Any, x: np.ndarray, h: float = 1e-5) -> np.ndarray:
    """The gradient by central differences."""
    found = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        e = np.zeros_like(x)
        e[i] = h
        found[i] = (f(x + e) - f(x - e)) / (2 * h)
    return found


@pytest.mark.parametrize(
    ("oracle", "noise"), [(Ranking(5), "normal"), (Simplex(5), "gumbel"), (Hypercube(5), "laplace")], ids=repr
)
def test_gradients_are_slopes(oracle: Oracle, noise: Any) -> None:
    layer, theta = Layer(oracle, noise, 0.7), THETA[:2]
    y = layer.decide(U[:2])
    for f in (
        lambda t: (jnp.sin(door.maximizer(layer, t, Exact())) * U[:2]).sum(),
        lambda t: (door.value(layer, t, Exact()) ** 2).sum(),
        lambda t: (door.fenchel_young(layer, t, y, Exact()) ** 2).sum(),
    ):
        np.testing.assert_allclose(jax.jit(jax.grad(f))(theta), differences(f, theta), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("method", [Exact(), HOW], ids=repr)
def test_forward_mode(method: Any) -> None:
    f = lambda t: door.maximizer(LAYER, t, method)
    loss = lambda t: door.fenchel_young(LAYER, t, Y, method)
    for run in lambda f: f, jax.jit:
        y, change = run(lambda t, v: jax.jvp(f, (t,), (v,)))(THETA, V)
        assert same(y, f(THETA)) and same(change, LAYER.jvp(THETA, V, method))
        value, slope = run(lambda t, v: jax.jvp(loss, (t,), (v,)))(THETA, V)
        assert same(value, loss(THETA))
        np.testing.assert_allclose(slope, (LAYER.fenchel_young_gradient(THETA, Y, method) * V).sum(axis=1), rtol=1e-13)
        assert same(run(jax.jacfwd(f))(THETA[0]).T, [LAYER.jvp(THETA[0], e, method) for e in np.eye(5)])
        by_rows = run(jax.vmap(lambda t, v: jax.jvp(f, (t,), (v,))[1]))
        assert same(by_rows(THETA, V), LAYER.jvp(THETA, V, method))
    y, linear = jax.linearize(f, THETA)
    assert same(linear(V), LAYER.jvp(THETA, V, method)) and same(
        jax.linear_transpose(linear, V)(U)[0], LAYER.vjp(THETA, U, method)
    )
    # Of changes that are shared, the transpose is a sum.
    shared = jax.jit(jax.grad(lambda v: (jax.vmap(lambda t: jax.jvp(f, (t,), (v,))[1])(THETA) * U).sum()))(V[0])
    np.testing.assert_allclose(shared, LAYER.vjp(THETA, U, method).sum(axis=0), rtol=1e-12)


@pytest.mark.parametrize("method", [Exact(), HOW, Cheapest(10, 3)], ids=repr)
def test_second_derivatives_of_losses_are_jacobians(method: Any) -> None:
    expected = [LAYER.vjp(THETA[0], e, method) for e in np.eye(5)]
    value = lambda t: door.value(LAYER, t, method)
    loss = lambda t: door.fenchel_young(LAYER, t, Y[0], method)
    for f in value, loss:
        for run in lambda f: f, jax.jit:
            assert same(run(jax.jacrev(jax.jacrev(f)))(THETA[0]), expected)
            by_forward = [LAYER.jvp(THETA[0], e, method) for e in np.eye(5)]
            assert same(run(jax.hessian(f))(THETA[0]).T, by_forward)
            np.testing.assert_allclose(run(jax.jacfwd(jax.jacfwd(f)))(THETA[0]).T, by_forward, rtol=1e-12)
    product = jax.grad(lambda t: jnp.vdot(jax.grad(loss)(t), U[0]))(THETA[0])
    assert same(product, LAYER.vjp(THETA[0], U[0], method))


@pytest.mark.parametrize("method", [MonteCarlo(10, 3), MonteCarlo(10, 3, "none"), Cheapest(10, 3)], ids=repr)
def test_second_derivatives_of_the_maximizer(method: Any) -> None:
    """Those of <u, y_eps> are the layer's, and the chain rule is kept."""
    layer, (theta, u, v, w) = Layer(Hypercube(5, sign=True), "logistic", 0.8), (THETA[0], U[0], V[0], V[1])
    how = MonteCarlo(10, 3, method.control)
    second = jax.jit(
        lambda v: jax.grad(lambda t: jnp.vdot(jax.grad(lambda t: (door.maximizer(layer, t, method) * u).sum())(t), v))(
            theta
        )
    )
    assert same(second(v), layer.vjp_jacobian_product(theta, u, v, how))
    assert jnp.vdot(second(v), w) == pytest.approx(float(jnp.vdot(second(w), v)), rel=1e-12)
    y, jacobian = layer.maximizer(theta, method), layer.jacobian(theta, method)
    for of in lambda f: jax.jacrev(jax.jacrev(f)), jax.hessian:
        hessian = jax.jit(of(lambda t: (door.maximizer(layer, t, method) ** 2).sum() / 2))(theta)
        np.testing.assert_allclose(
            hessian, jacobian.T @ jacobian + layer.vjp_jacobian(theta, y, how), rtol=1e-9, atol=1e-12
        )


def test_second_derivatives_estimate_those_of_the_closed_form() -> None:
    """M = 100,000, seed 1; a standard error of the product along v; z = 5.5."""
    layer, h = Layer(Hypercube(3), "normal", 1.0), 1e-4
    theta, u, v = THETA[0, :3], U[0, :3], V[0, :3]
    slope = (layer.vjp(theta + h * v, u, Exact()) - layer.vjp(theta - h * v, u, Exact())) / (2 * h)
    how = MonteCarlo(100_000, 1)
    along = jax.grad(lambda t: jnp.vdot(jax.grad(lambda t: (door.maximizer(layer, t, how) * u).sum())(t), v))(theta)
    _, error = layer.vjp_jacobian_product(theta, u, v, how, with_error=True)
    assert np.all(np.abs(along - slope) <= Z * error + 1e-7)


@pytest.mark.parametrize(
    ("f", "kind", "message"),
    [
        (jax.jacfwd(jax.jacfwd(lambda t: door.maximizer(LAYER, t, HOW))), NotImplementedError, "as jax.hessian does"),
        (jax.jacrev(jax.jacfwd(lambda t: door.maximizer(LAYER, t, HOW))), NotImplementedError, "as jax.hessian does"),
        (jax.jacfwd(lambda t: door.sparse_map(LAYER, t)), TypeError, "forward-mode"),
        (jax.jacrev(jax.jacrev(lambda t: door.maximizer(LAYER, t, Exact()))), NotImplementedError, "Exact"),
        (
            jax.jacrev(jax.jacrev(lambda t: door.maximizer(Layer(Ranking(5), "laplace"), t, HOW))),
            NotImplementedError,
            "not smooth",
        ),
        (
            jax.jacrev(jax.jacrev(jax.jacrev(lambda t: door.maximizer(LAYER, t, HOW)))),
            NotImplementedError,
            "vjp_jacobian_product has no derivative in theta",
        ),
        (
            jax.grad(lambda y: door.fenchel_young(LAYER, THETA[0], y, HOW)),
            NotImplementedError,
            "no derivative in target",
        ),
        (jax.grad(lambda t: door.spo_plus(LAYER, THETA[0], t)), NotImplementedError, "no derivative in truth"),
        (jax.jacrev(jax.jacrev(lambda t: door.spo_plus(LAYER, t, U[0]))), NotImplementedError, "spo_plus has no"),
        (
            jax.jacrev(jax.jacrev(lambda t: door.interpolation(LAYER, t, 1.0))),
            NotImplementedError,
            "interpolation_gradient",
        ),
    ],
)
def test_derivatives_that_are_refused(f: Any, kind: Any, message: str) -> None:
    for run in f, jax.jit(f):
        with pytest.raises(kind, match=message):
            run(jnp.asarray(THETA[0]))


def test_constants_have_no_derivative_but_may_depend() -> None:
    f = lambda t: door.fenchel_young(LAYER, t, jax.lax.stop_gradient(door.decide(LAYER, t)), HOW).sum()
    assert same(jax.jit(jax.grad(f))(THETA), LAYER.fenchel_young_gradient(THETA, LAYER.decide(THETA), HOW))
    for f in (lambda t: door.decide(LAYER, t).sum(), lambda t: door.regret(LAYER, t, t).sum()):
        assert not jax.grad(f)(jnp.asarray(THETA)).any()


# Losses.


def test_losses() -> None:
    t, u, truth = THETA, U, V
    assert same(door.spo_plus(LAYER, t, truth), LAYER.spo_plus(t, truth)[0])
    assert same(door.regret(LAYER, t, truth), LAYER.regret(t, truth))
    assert same(door.sparse_map_loss(LAYER, t, Y, 0.5, steps=50), LAYER.sparse_map_loss(t, Y, 0.5, steps=50)[0])
    gradients = {
        lambda t: door.spo_plus(LAYER, t, truth).sum(): LAYER.spo_plus(t, truth)[1],
        lambda t: (door.interpolation(LAYER, t, 2.0) * u).sum(): LAYER.interpolation_gradient(t, u, 2.0),
        lambda t: (door.implicit_mle(LAYER, t, 2.0, HOW, seed=5, step=1, first_row=3) * u).sum(): LAYER.imle_gradient(
            t, u, 2.0, HOW.with_seed(5).fold(1), first_row=3
        ),
        lambda t: (door.identity(LAYER, t) * u).sum(): LAYER.identity_gradient(t, u),
        lambda t: (door.identity(LAYER, t, "mean") * u).sum(): LAYER.identity_gradient(t, u, "mean"),
        lambda t: (door.identity(LAYER, t, "none") * u).sum(): u,
        lambda t: door.sparse_map_loss(LAYER, t, Y, 0.5, steps=50).sum(): LAYER.sparse_map_loss(t, Y, 0.5, steps=50)[1],
    }
    for f, expected in gradients.items():
        for run in lambda f: f, jax.jit:
            assert same(run(jax.grad(f))(jnp.asarray(t)), expected)
    by_rows = jax.jit(jax.vmap(jax.grad(lambda t, truth: door.spo_plus(LAYER, t, truth))))
    assert same(by_rows(t, truth), LAYER.spo_plus(t, truth)[1])
    assert same(door.interpolation(LAYER, t, 2.0), LAYER.decide(t))
    assert same(door.identity(LAYER, t), LAYER.decide(LAYER.project(t)))
    assert same(door.implicit_mle(LAYER, t, 2.0, HOW), LAYER.maximizer(t, HOW))


def test_partial_labels() -> None:
    edges = [(0, 1), (1, 2), (2, 3), (3, 0), (0, 2)]
    layer = Layer(SpanningTree(4, edges), "normal", 0.5)
    one = SpanningTree(4, edges, (True, None, False, None, None))
    each = [one, SpanningTree(4, edges, (None, True, None, None, False)), one, one]
    for agreeing in one, each:
        loss, gradient = layer.partial_label(THETA, agreeing, HOW, first_row=2)
        f = lambda t, agreeing=agreeing: door.partial_label(layer, t, agreeing, HOW, first_row=2)
        assert same(jax.jit(f)(THETA), loss)
        assert same(jax.grad(lambda t: f(t).sum())(THETA), gradient)


def test_sparse_map() -> None:
    """On a simplex it is sparsemax, whose Jacobian is that of centring on the support."""
    layer, theta, u = Layer(Simplex(3)), np.array([0.3, 0.1, -5.0]), np.array([1.0, -2.0, 3.0])
    f = lambda t: door.sparse_map(layer, t, 2.0, steps=10_000, tolerance=1e-9)
    np.testing.assert_allclose(jax.jit(f)(theta), [0.55, 0.45, 0.0], atol=1e-4)
    gradient = jax.jit(jax.grad(lambda t: (f(t) * u).sum()))(theta)
    np.testing.assert_allclose(gradient, np.array([1.5, -1.5, 0.0]) / 2, atol=0.01)
    assert not jax.grad(lambda t: 0 * f(t).sum())(theta).any()


# Types, shapes, errors.


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_types(dtype: str) -> None:
    theta, u = jnp.asarray(THETA, dtype), jnp.asarray(U, dtype)
    single = np.asarray(theta.astype("f4"))
    y = door.maximizer(LAYER, theta, HOW)
    assert same(y, jnp.asarray(LAYER.maximizer(single, HOW)).astype(dtype))
    gradient = jax.jit(jax.grad(lambda t: (door.maximizer(LAYER, t, HOW) * u).sum()))(theta)
    assert same(gradient, jnp.asarray(LAYER.vjp(single, np.asarray(u.astype("f4")), HOW)).astype(dtype))
    loss = door.fenchel_young(LAYER, theta, Y, HOW)
    assert same(loss, jnp.asarray(LAYER.fenchel_young(single, Y, HOW)[0]).astype(dtype))


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: door.maximizer(LAYER, np.zeros(5, int), HOW), TypeError, "theta has dtype int64; expected floating"),
        (lambda: door.maximizer(LAYER, [1, 2, 3, 4, 5], HOW), TypeError, "theta has dtype int64"),
        (lambda: door.decide(LAYER, np.zeros(5, bool)), TypeError, "theta has dtype bool"),
        (lambda: door.decide(LAYER, np.zeros(5, complex)), TypeError, "theta has dtype complex128"),
        (lambda: door.decide(LAYER, "text"), TypeError, "."),
        (lambda: door.decide(LAYER, None), (TypeError, ValueError), "."),
        (lambda: door.maximizer(LAYER, 1.0, HOW), ValueError, r"theta has shape \(\); expected \(..., 5\)"),
        (lambda: door.maximizer(LAYER, np.zeros((5, 4)), HOW), ValueError, r"shape \(5, 4\); expected \(..., 5\)"),
        (
            lambda: door.decide(Layer(GridPath(2, 3)), np.zeros((3, 2))),
            ValueError,
            r"expected \(..., 2, 3\) or \(..., 6\)",
        ),
        (lambda: door.fenchel_young(LAYER, THETA, Y[0], HOW), ValueError, r"target has shape \(5,\); expected"),
        (lambda: door.fenchel_young(LAYER, THETA, Y * 1j, HOW), TypeError, "target has dtype complex128"),
        (lambda: door.maximizer(Ranking(5), THETA, HOW), TypeError, "layer is of type Ranking; expected a Layer"),
        (lambda: door.maximizer(LAYER, THETA, 3), TypeError, "method is of type int; expected Exact"),
        (lambda: door.implicit_mle(LAYER, THETA, 1.0, Exact()), TypeError, "type Exact; expected MonteCarlo"),
        (lambda: door.maximizer(LAYER, THETA, HOW, seed=-1), ValueError, "seed is -1"),
        (lambda: door.maximizer(LAYER, THETA, HOW, seed=1.5), TypeError, "seed is of type float"),
        (lambda: door.maximizer(LAYER, THETA, HOW, seed=jnp.ones(2)), TypeError, "seed has dtype float64"),
        (lambda: door.maximizer(LAYER, THETA, HOW, seed=jnp.arange(3)), ValueError, r"seed has shape \(3,\)"),
        (lambda: door.maximizer(LAYER, THETA, HOW, step=2**64), ValueError, "step is 18446744073709551616"),
        (lambda: door.maximizer(LAYER, THETA, HOW, first_row="a"), TypeError, "first_row is of type str"),
        (
            lambda: door.maximizer(LAYER, THETA, HOW, seed=jax.random.split(jax.random.key(1), 4)),
            ValueError,
            r"array of keys, of shape \(4,\)",
        ),
        (lambda: door.interpolation(LAYER, THETA, 0.0), ValueError, "lambd is 0.0; it must be positive"),
        (lambda: door.sparse_map(LAYER, THETA, "1"), TypeError, "lambd is of type str"),
        (lambda: door.sparse_map(LAYER, THETA, steps=-1), ValueError, "steps is -1"),
        (lambda: jax.jit(lambda x: door.interpolation(LAYER, THETA, x))(1.0), TypeError, "lambd is traced"),
        (lambda: door.identity(LAYER, THETA, "sphere"), ValueError, "projection"),
        (lambda: door.partial_label(LAYER, THETA, 3, HOW), TypeError, "."),
        (lambda: door.maximizer(LAYER, THETA[0], HOW, first_row=2), ValueError, "theta is one instance"),
        (lambda: door.make_perturbed_fun(3), TypeError, "the function is of type int"),
        (lambda: door.make_perturbed_argmax(Ranking(3), sigma=0.0), ValueError, "sigma is 0.0"),
        (lambda: door.make_perturbed_fun(jnp.sum, 0), ValueError, "num_samples is 0"),
        (lambda: door.make_perturbed_fun(jnp.sum, noise="gauss"), ValueError, "noise is 'gauss'; expected one of"),
        (lambda: door.make_perturbed_argmax(Ranking(3), noise="gauss"), ValueError, "noise is"),
        (lambda: door.make_perturbed_fun(jnp.sum)(THETA, THETA), TypeError, "no argument is a key"),
        (lambda: door.make_perturbed_fun(jnp.sum)(Y.astype(int), jax.random.key(0)), TypeError, "inputs have dtype"),
        (lambda: door.make_perturbed_fun(np.sort, 3)(THETA, jax.random.key(0)), TypeError, "BlackBox"),
        (
            lambda: jax.grad(lambda sigma: door.make_perturbed_fun(jnp.sum, 3, sigma)(THETA, jax.random.key(0)))(1.0),
            NotImplementedError,
            "no derivative in sigma",
        ),
    ],
)  # fmt: skip
def test_refusals(call: Any, kind: Any, message: str) -> None:
    with pytest.raises(kind, match=message):
        call()


def test_errors_outside_of_programs_are_raised() -> None:
    wrong = jnp.asarray(THETA).at[2, 1].set(jnp.nan)
    for f in (
        lambda t: door.maximizer(LAYER, t, HOW),
        jax.grad(lambda t: door.maximizer(LAYER, t, HOW).sum()),
        jax.grad(lambda t: door.fenchel_young(LAYER, t, Y, HOW).sum()),
        jax.vmap(lambda t: door.maximizer(LAYER, t, HOW)),
    ):
        with pytest.raises(PerturbedError, match=r"row 2: theta\[1\] is NaN") as found:
            f(wrong)
        assert found.value.row == 2
    with pytest.raises(PerturbedError, match="row 0: target lies outside"):
        door.fenchel_young(LAYER, THETA, Y + 9, HOW)


def test_errors_in_programs_are_kept(caplog: pytest.LogCaptureFixture) -> None:
    run = jax.jit(lambda t, y: door.fenchel_young(LAYER, t, y, HOW))
    assert np.all(np.isnan(run(THETA, Y + 9)))
    # What follows from NaN does not replace it, and is not written down.
    assert np.all(np.isnan(run(THETA * np.nan, Y)))
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "row 0: target lies outside" in caplog.text and "last_error()" in caplog.text
    error = door.last_error()
    assert isinstance(error, PerturbedError) and error.kind == "OutsideHull" and error.row == 0
    assert door.last_error() is None
    assert np.all(np.isnan(run(THETA * np.nan, Y)))
    assert "row 0: theta[0] is NaN" in str(door.last_error())
    # The program still runs.
    assert same(run(THETA, Y), LAYER.fenchel_young(THETA, Y, HOW)[0])
    assert np.all(np.isnan(jax.jit(lambda seed: door.maximizer(LAYER, THETA, HOW, seed=seed))(-1)))
    assert "seed is -1" in str(door.last_error())
    assert np.isnan(jax.jit(lambda row: door.value(LAYER, THETA[0], HOW, first_row=row))(3))
    assert "theta is one instance" in str(door.last_error())


def test_errors_of_solvers() -> None:
    def broken(scores: np.ndarray) -> np.ndarray:
        raise RuntimeError("no route")

    layer = Layer(BlackBox(5, broken))
    with pytest.raises(RuntimeError, match="no route"):
        door.maximizer(layer, THETA, HOW)
    found = jax.jit(lambda t: door.maximizer(layer, t, HOW))(THETA)
    assert np.all(np.isnan(found))
    error = door.last_error()
    assert isinstance(error, RuntimeError) and error.__traceback__ is not None


# Makers.


def one_hot(x: Any) -> Any:
    return jax.nn.one_hot(jnp.argmax(x), len(x))


KEY = jax.random.key(5)


@pytest.mark.parametrize("noise", ["normal", "gumbel", "logistic", "laplace"])
def test_makers_of_oracles_are_layers(noise: Any) -> None:
    layer = Layer(Ranking(5), noise, 0.3)
    kind = getattr(door, noise.capitalize())
    for given, control in (noise, True), (kind(), False):
        how = MonteCarlo(50, 5, "baseline" if control else "none")
        argmax = door.make_perturbed_argmax(Ranking(5), 50, 0.3, given, control)
        assert same(argmax(THETA, KEY), layer.maximizer(THETA, how)) and same(argmax(KEY, THETA), argmax(THETA, KEY))
        assert same(argmax(THETA, rng=KEY), argmax(THETA, jax.random.PRNGKey(5)))
        largest = door.make_perturbed_max(Ranking(5), 50, 0.3, given, control)
        assert same(largest(THETA, KEY), layer.value(THETA, how))
        assert same(jax.grad(lambda t: (argmax(t, KEY) * U).sum())(THETA), layer.vjp(THETA, U, how))
        assert same(jax.grad(lambda t: largest(t, KEY).sum())(THETA), layer.maximizer(THETA, how))


def test_makers_of_functions_agree_with_those_of_oracles() -> None:
    """M = 20,000 of each; the layer's standard error, twice; z = 5.5. Oracles with other noise are functions, too."""
    samples, theta, u = 20_000, THETA[0], U[0]
    layer, how = Layer(Simplex(5), "logistic", 0.7), MonteCarlo(samples, 5)

    class Foreign:
        def sample(self, *, seed: Any, sample_shape: Any) -> Any:
            return jax.random.logistic(seed, sample_shape)

        log_prob = door.Logistic().log_prob

    for argmax_fun, noise in (one_hot, "logistic"), (Simplex(5), Foreign()):
        argmax = jax.jit(door.make_perturbed_argmax(argmax_fun, samples, 0.7, noise))
        largest = jax.jit(door.make_perturbed_max(argmax_fun, samples, 0.7, noise))
        mean, error = layer.maximizer(theta, how, with_error=True)
        assert np.all(np.abs(argmax(theta, KEY) - mean) <= 2 * Z * error)
        mean, error = layer.value(theta, how, with_error=True)
        assert abs(largest(theta, KEY) - mean) <= 2 * Z * error
        np.testing.assert_allclose(jax.grad(largest)(theta, KEY), argmax(theta, KEY), rtol=1e-12)
        mean, error = layer.vjp(theta, u, how, with_error=True)
        gradient = jax.grad(lambda t: argmax(t, KEY) @ u)(theta)
        assert np.all(np.abs(gradient - mean) <= 2 * Z * error)
        assert np.all(np.abs(jax.jvp(lambda t: argmax(t, KEY), (theta,), (u,))[1] - mean) <= 2 * Z * error)


@pytest.mark.parametrize("noise", ["normal", "gumbel", "logistic"])
def test_makers_of_functions_know_all_derivatives(noise: Any) -> None:
    """E[sum x^3] has the second derivative 6 (x + sigma E[Z]). M = 400,000; one key; z = 5.5."""
    samples, sigma, x = 400_000, 0.5, jnp.array([0.4, -0.7])
    f = door.make_perturbed_fun(lambda x: jnp.sum(x**3), samples, sigma, noise)
    mean = np.euler_gamma if noise == "gumbel" else 0.0
    expected = np.diag(6 * (np.asarray(x) + sigma * mean))
    # The terms f(x + sigma z) * (nu'^2 - nu'') / sigma^2 scatter by some 60 at most.
    error = 60 / samples**0.5
    by_forward = jax.jit(jax.hessian(f))(x, KEY)
    assert np.all(np.abs(by_forward - expected) < Z * error)
    np.testing.assert_allclose(jax.jit(jax.jacrev(jax.jacrev(f)))(x, KEY), by_forward, rtol=1e-6, atol=1e-8)


def test_makers_of_functions_with_large_integers() -> None:
    for wide in False, True:
        with jax.enable_x64(wide):
            found = jax.jit(door.make_perturbed_fun(lambda x: 5001 + 0 * x.astype(int), 10))(jnp.zeros(3), KEY)
            assert found.dtype == ("f8" if wide else "f4") and np.all(found == 5001)


def test_makers_refuse_second_derivatives_of_laplace_noise() -> None:
    f = door.make_perturbed_fun(jnp.sum, 10, 1.0, "laplace")
    assert jax.jit(jax.grad(f))(THETA[0], KEY).shape == (5,)
    with pytest.raises(NotImplementedError, match="not smooth"):
        jax.hessian(f)(THETA[0], KEY)


def test_makers_of_functions_of_trees() -> None:
    tree = {"a": jnp.asarray(THETA[0]), "b": (jnp.asarray(U[0, :3]),)}
    hots = lambda tree: jax.tree.map(one_hot, tree)
    argmax, largest = (make(hots, 5000, 0.5) for make in (door.make_perturbed_argmax, door.make_perturbed_max))
    y, gradient = jax.jit(argmax)(tree, KEY), jax.jit(jax.grad(largest))(tree, KEY)
    for leaf, (found, slope) in enumerate(zip(jax.tree.leaves(y), jax.tree.leaves(gradient), strict=True)):
        soft = jax.nn.softmax(jax.tree.leaves(tree)[leaf] / 0.5)
        assert np.all(np.abs(found - soft) <= Z * np.sqrt(soft * (1 - soft) / 5000))
        np.testing.assert_allclose(slope, found, rtol=1e-12)


def test_makers_under_vmap() -> None:
    """Rows of their own keys, by one call for oracles and functions alike; and a function that asks a layer."""
    keys = jax.random.split(KEY, 4)
    by_decide = door.make_perturbed_fun(lambda x: door.decide(LAYER, x) @ x, 20, 0.5)
    for f in door.make_perturbed_argmax(Ranking(5), 20), door.make_perturbed_argmax(one_hot, 20), by_decide:
        found = jax.jit(jax.vmap(f))(THETA, keys)
        np.testing.assert_allclose(found, np.stack([f(t, key) for t, key in zip(THETA, keys, strict=True)]), rtol=1e-12)


def test_makers_with_a_temperature_that_is_traced() -> None:
    f = jax.jit(lambda sigma, maker: maker(one_hot, 100, sigma)(THETA[0], KEY), static_argnums=1)
    for maker in door.make_perturbed_argmax, door.make_perturbed_max:
        np.testing.assert_allclose(f(0.3, maker), maker(one_hot, 100, 0.3)(THETA[0], KEY), rtol=1e-12)
    of_oracle = jax.jit(lambda sigma: door.make_perturbed_argmax(Simplex(5), 100, sigma)(THETA[0], KEY))
    np.testing.assert_allclose(of_oracle(0.3), f(0.3, door.make_perturbed_argmax), rtol=1e-12)

"""What the tests of jaxopt and optax state of their perturbed functions, stated of ours.

Sources of the facts, numbers of samples and tolerances: jaxopt 0.8.5, `tests/perturbations_test.py` at commit 2de13bf;
optax, `optax/perturbations/_make_pert_test.py` at commit 2edbcbe. Each fact is asked of a function of JAX, as there,
and of an oracle where one decides the same. Keys differ in what noise they name, so that facts of one key hold for
ours, too.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from perturbed import Hypercube, PerturbedError, Ranking, Simplex

jax = pytest.importorskip("jax")
import jax.numpy as jnp  # noqa: E402
from perturbed.jax import (  # noqa: E402
    Gumbel,
    Normal,
    make_perturbed_argmax,
    make_perturbed_fun,
    make_perturbed_max,
)

KEY = jax.random.PRNGKey(0)
SIGMA, SAMPLES = 0.5, 1000
# So many standard errors apart are two estimates of one number in fewer than one of 10^7 cases.
Z = 5.5
RANKED = jnp.array([-0.8, 0.6, 1.2, -1.0, -0.7, 0.6, 1.1, -1.0, 0.4])
BATCH = jnp.array([[-0.6, 1.9, -0.2, 1.7, -1.0], [-0.6, 1.0, -0.2, 1.8, -1.0]])
BOTH = pytest.mark.parametrize("baseline", [False, True])


def hot(x: Any) -> Any:
    """1 at the largest entry."""
    return jax.nn.one_hot(jnp.argmax(x), x.size).reshape(x.shape)


def ranks(x: Any) -> Any:
    """From 0."""
    return jnp.argsort(jnp.argsort(x))


def keys(count: int) -> Any:
    return jax.random.split(KEY, count)


def close(found: Any, expected: Any, atol: float = 1e-6, rtol: float = 1e-6) -> None:
    np.testing.assert_allclose(found, expected, atol=atol, rtol=rtol)


def by_rows(make: Callable[..., Any], *arguments: Any) -> Any:
    return jax.jit(jax.vmap(make(*arguments)))


# jaxopt: the maximizer.


@BOTH
@pytest.mark.parametrize("argmax", [hot, Simplex(5)], ids=str)
def test_argmax_is_softmax(argmax: Any, baseline: bool) -> None:
    theta = jnp.array([[-0.6, 1.9, -0.2, 1.1, -1.0], [-0.6, 1.0, -0.2, 1.8, -1.0]])
    f = by_rows(make_perturbed_argmax, argmax, SAMPLES, SIGMA, Gumbel(), baseline)
    close(f(theta, keys(2)), jax.nn.softmax(theta / SIGMA), atol=3e-2)
    twice = f(theta[jnp.array([0, 0])], keys(2))
    close(twice[0], twice[1], atol=2e-2)
    assert jnp.linalg.norm(twice[0] - twice[1]) > 1e-7
    of_square = lambda f: jax.jit(jax.grad(lambda theta: jnp.mean(jnp.sum(f(theta) ** 2, axis=-1))))(theta)
    close(of_square(lambda theta: f(theta, keys(2))), of_square(lambda theta: jax.nn.softmax(theta / SIGMA)), atol=1e-1)


def test_a_baseline_brings_jacobians_of_small_temperatures_closer() -> None:
    theta = jnp.array([-0.5, 0.2, 0.1])

    def distance(baseline: bool) -> Any:
        f = make_perturbed_argmax(hot, SAMPLES, 0.01, Gumbel(), baseline)
        return jnp.linalg.norm((jax.jacfwd(f)(theta, KEY) - jax.jacfwd(jax.nn.softmax)(theta)) ** 2)

    assert jax.jit(distance, static_argnums=0)(True) <= jax.jit(distance, static_argnums=0)(False)


class ByKeyword:
    """The standard normal, with the arguments of distrax's distributions."""

    def sample(self, *, seed: Any, sample_shape: Any = ()) -> Any:
        return jax.random.normal(seed, sample_shape)

    def log_prob(self, value: Any) -> Any:
        return -0.5 * value**2 - 0.5 * jnp.log(2 * jnp.pi)


@pytest.mark.parametrize("make", [make_perturbed_argmax, make_perturbed_max, make_perturbed_fun])
def test_distributions_of_others(make: Any) -> None:
    theta = jnp.array([[-0.5, 0.2, 0.1], [-0.2, 0.1, 0.4]])
    ours, other = (by_rows(make, hot, SAMPLES, SIGMA, noise)(theta, keys(2)) for noise in (Normal(), ByKeyword()))
    close(ours, other)


@BOTH
@pytest.mark.parametrize("argmax", [jnp.sign, Hypercube(2, sign=True)], ids=str)
def test_or(argmax: Any, baseline: bool) -> None:
    theta = jnp.array([[-0.5, 1.2], [-0.4, -1.2], [-0.2, 0.2], [0.1, 0.05]])
    f = by_rows(make_perturbed_argmax, argmax, 10_000, SIGMA, Normal(), baseline)
    soft = lambda theta: 2 * jax.scipy.stats.norm.cdf(theta / SIGMA) - 1
    close(f(theta, keys(4)), soft(theta), atol=1e-1)
    of_largest = lambda f: jax.jit(jax.grad(lambda theta: jnp.sum(jnp.max(f(theta), axis=-1))))(theta)
    close(1 + of_largest(lambda theta: f(theta, keys(4))), 1 + of_largest(soft), atol=1e-1)


@BOTH
def test_ranks_of_small_temperatures(baseline: bool) -> None:
    found = jax.jit(make_perturbed_argmax(ranks, SAMPLES, 1e-9, Normal(), baseline))(RANKED, KEY)
    close(found, ranks(RANKED).astype(float), atol=1e-3)


def test_equal_scores_share_their_ranks() -> None:
    """Where the fact above does not hold: float32 has no room for the noise, so that equal scores keep their order.

    An oracle refuses that. In float64 the mean shares ranks of equal scores, with a standard error of 0.5 / sqrt(1000).
    """
    of_oracle = make_perturbed_argmax(Ranking(range(9)), SAMPLES, 1e-9, Normal())
    with pytest.raises(PerturbedError, match="theta / epsilon is too large for the number type"):
        of_oracle(RANKED, KEY)
    with jax.enable_x64(True):
        found = of_oracle(np.asarray(RANKED).astype("f8").round(1), KEY)
        close(found, [2, 5.5, 8, 0.5, 3, 5.5, 7, 0.5, 4], atol=Z * 0.5 / SAMPLES**0.5)


@pytest.mark.parametrize("argmax", [ranks, Ranking(range(9))], ids=str)
def test_slopes_of_ranks(argmax: Any) -> None:
    f = jax.jit(make_perturbed_argmax(argmax, 100_000, SIGMA, Normal()))
    square = jax.jit(lambda theta, key: jnp.mean(f(theta, key) ** 2))
    h, eps, (one, other) = jax.random.uniform(KEY, RANKED.shape), 1e-2, keys(2)
    by_differences = (square(RANKED + eps * h, one) - square(RANKED - eps * h, other)) / (2 * eps)
    close(by_differences, jnp.sum(jax.jit(jax.grad(square))(RANKED, KEY) * h), atol=1e-1, rtol=0.5)


# jaxopt: the maximum.


@pytest.mark.parametrize("argmax", [hot, Simplex(5)], ids=str)
def test_maximum(argmax: Any) -> None:
    small = by_rows(make_perturbed_max, argmax, SAMPLES, 1e-7, Gumbel())(BATCH, keys(2))
    close(small, [1.9, 1.8])
    f = by_rows(make_perturbed_max, argmax, 10_000, SIGMA, Gumbel())
    larger = f(BATCH, keys(2))
    assert larger[0] > 1.9 and larger[1] > 1.8
    gradient = jax.jit(jax.grad(lambda theta: jnp.sum(f(theta, keys(2)))))(BATCH)
    close(gradient, jax.nn.softmax(BATCH / SIGMA), atol=1e-2)


@pytest.mark.parametrize("argmax", [hot, Simplex(5)], ids=str)
def test_keys_name_noise(argmax: Any) -> None:
    theta = jnp.tile(jnp.array([-0.6, 1.9, -0.2, 1.1, -1.0]), (2, 1))
    found = by_rows(make_perturbed_max, argmax, 10_000, SIGMA, Gumbel())(theta, keys(2))
    # 0.01, as there, is 1.1 standard errors of the difference, the noise's sigma pi / sqrt(6) times sqrt(2 / M).
    close(found[0], found[1], atol=1e-2 if argmax is hot else Z * SIGMA * np.pi / 6**0.5 * (2 / 10_000) ** 0.5)
    assert abs(found[0] - found[1]) > 1e-7


@pytest.mark.parametrize("argmax", [ranks, Ranking(range(9))], ids=str)
def test_slopes_of_the_maximum(argmax: Any) -> None:
    f = jax.jit(make_perturbed_max(argmax, 100_000, SIGMA, Normal()))
    h, eps = jax.random.uniform(KEY, RANKED.shape), 1e-2
    by_differences = (f(RANKED + eps * h, KEY) - f(RANKED - eps * h, KEY)) / (2 * eps)
    close(by_differences, jnp.sum(jax.jit(jax.grad(f))(RANKED, KEY) * h), rtol=1e-2)


@pytest.mark.parametrize("argmax", [ranks, Ranking(range(5))], ids=str)
def test_the_gradient_of_the_maximum_is_the_maximizer(argmax: Any) -> None:
    theta = jax.random.uniform(KEY, (10, 5))
    largest, best = (make(argmax, SAMPLES, SIGMA, Normal()) for make in (make_perturbed_max, make_perturbed_argmax))
    close(jax.jit(jax.vmap(jax.grad(largest)))(theta, keys(10)), jax.jit(jax.vmap(best))(theta, keys(10)))


def test_decisions_of_another_shape() -> None:
    """Rows of the two best."""
    best = lambda x, k=2: jax.nn.one_hot(jnp.argsort(x)[-k:], len(x))
    f = make_perturbed_argmax(lambda x: best(x[0]), 100, 0.25)
    loss = lambda x: jnp.sum((best(jnp.arange(6)) - f(jnp.tile(x, (2, 1)), KEY)) ** 2)
    assert jax.jit(jax.grad(loss))(jax.random.normal(KEY, (6,))).shape == (6,)


@pytest.mark.parametrize("argmax", [hot, Simplex(5)], ids=str)
def test_fenchel_young_losses_of_the_maximum(argmax: Any) -> None:
    """F(theta) - <theta, y>, which jaxopt's loss of this name is; against the logistic loss."""
    largest, best = (by_rows(make, argmax, 50_000, 1.0) for make in (make_perturbed_max, make_perturbed_argmax))
    true, theta = (jax.random.uniform(key, (8, 5)) for key in keys(2))
    loss = lambda y, theta: largest(theta, keys(8)) - jnp.sum(theta * y, axis=-1)
    y, other = best(true, keys(8)), best(theta, keys(8))
    assert loss(y, theta)[0] > loss(y, true)[0] and jnp.mean(loss(y, theta)) > jnp.mean(loss(y, true))
    close(jax.jit(jax.grad(lambda theta: jnp.sum(loss(y, theta))))(theta), other - y)
    logistic = jax.nn.logsumexp(theta, axis=-1) - jnp.sum(theta * jax.vmap(hot)(true), axis=-1)
    close(loss(jax.vmap(hot)(true), theta), logistic + jnp.euler_gamma, rtol=1e-2)


# jaxopt: functions.


def error(x: Any) -> Any:
    """The mean square difference of ranks from those of ascending scores."""
    return jnp.mean((ranks(x) - jnp.arange(x.shape[-1])) ** 2)


@BOTH
def test_numbers(baseline: bool) -> None:
    small = by_rows(make_perturbed_fun, error, SAMPLES, 1e-7, Gumbel(), baseline)
    close(small(BATCH, keys(2)), [5.2, 4.4])
    f = make_perturbed_fun(error, SAMPLES, SIGMA, Gumbel(), baseline)
    assert jax.jit(jax.grad(f))(BATCH, KEY).shape == BATCH.shape
    twice = jax.jit(jax.vmap(f))(jnp.tile(jnp.array([-0.6, 1.9, -0.2, 1.1, -1.0]), (2, 1)), keys(2))
    close(twice[0], twice[1], atol=1e-1, rtol=1e-2)
    assert abs(twice[0] - twice[1]) > 1e-7


@BOTH
def test_slopes_of_numbers(baseline: bool) -> None:
    f = jax.jit(make_perturbed_fun(error, 100_000, SIGMA, Normal(), baseline))
    h, eps, key = jax.random.uniform(KEY, RANKED.shape), 1e-2, keys(2)[0]
    by_differences = (f(RANKED + eps * h, key) - f(RANKED - eps * h, key)) / (2 * eps)
    close(by_differences, jnp.sum(jax.jit(jax.grad(f))(RANKED, KEY) * h), rtol=2e-1)


def test_vectors() -> None:
    small = by_rows(make_perturbed_fun, ranks, SAMPLES, 1e-7, Gumbel())(BATCH, keys(2))
    close(small, jax.vmap(ranks)(BATCH).astype(float))
    f = make_perturbed_fun(ranks, SAMPLES, SIGMA, Gumbel())
    assert jax.jit(jax.jacobian(f))(BATCH[0], KEY).shape == (5, 5)
    twice = jax.jit(jax.vmap(f))(jnp.tile(jnp.array([-0.6, 1.9, -0.2, 1.1, -1.0]), (2, 1)), keys(2))
    close(twice[0], twice[1], atol=5e-2, rtol=5e-2)
    assert jnp.linalg.norm(twice[0] - twice[1]) > 1e-7


# optax: its key comes first.

# A tenth of what they are there, under the same tolerances.
MANY = 100_000


def trees_close(found: Any, expected: Any, atol: float) -> None:
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, atol=atol, rtol=0, strict=True), found, expected)


@pytest.mark.parametrize("kind", ["tree", "flat"])
def test_softmax_of_trees(kind: str) -> None:
    key, *others = jax.random.split(jax.random.key(0), 5)
    draw = lambda i, n: jax.random.normal(others[i], (n,))
    x = (draw(0, 4), {"k1": draw(1, 3), "k2": draw(2, 2)}, draw(3, 2)) if kind == "tree" else draw(0, 20)
    loss = lambda y: sum(jnp.sum(leaf**2 + jnp.cos(leaf)) for leaf in jax.tree.leaves(y))

    def answers(f: Any) -> Any:
        """Values, their Jacobian, and the gradient of a loss."""
        return f(x), jax.jacobian(f)(x), jax.grad(lambda x: loss(f(x)))(x)

    def sampled(sigma: Any) -> Any:
        f = make_perturbed_fun(lambda x: jax.tree.map(hot, x), MANY, sigma)
        return answers(lambda x: f(key, x))

    def exact(sigma: Any) -> Any:
        return answers(lambda x: jax.tree.map(lambda leaf: jax.nn.softmax(leaf / sigma), x))

    sampled, exact = jax.jit(sampled), jax.jit(exact)
    for sigma in 0.5, 1.0:
        trees_close(sampled(sigma), exact(sigma), 1e-1)


def test_losses_of_trees() -> None:
    """The loss of a network of two linear layers is lower at its own weights than at others."""
    shapes = [((13, 4), (13,)), ((8, 13), (8,))]
    own = [{"weights": np.ones(w, np.float32), "biases": np.ones(b, np.float32)} for w, b in shapes]
    inputs = [np.array([1.0, 2.0, 3.0, 4.0]), np.ones(4), np.zeros(4)]

    def answers(tree: Any) -> list[Any]:
        found = inputs
        for layer in tree:
            found = [layer["weights"] @ x + layer["biases"] for x in found]
        return [*found, sum(jnp.sum(leaf) for leaf in jax.tree.leaves(tree))]

    def loss(tree: Any) -> Any:
        squares = [jnp.sum((x - y) ** 2) for x, y in zip(answers(tree), answers(own), strict=True)]
        return sum(squares) / len(squares)

    f = jax.jit(make_perturbed_fun(jax.jit(loss), num_samples=100, sigma=0.1, noise=Normal()))
    rng = np.random.default_rng(0)
    other = jax.tree.map(lambda x: rng.standard_normal(x.shape, np.float32), own)
    assert f(keys(2)[0], own) < f(keys(2)[1], other)


def test_linear_functions() -> None:
    key, *others = jax.random.split(jax.random.key(0), 4)
    matrix, offset, x = (jax.random.normal(k, s) for k, s in zip(others, [(3, 2), (3,), (2,)], strict=True))
    linear = lambda x: matrix @ x + offset

    def sampled(sigma: Any) -> Any:
        f = make_perturbed_fun(linear, MANY, sigma, Normal())
        return f(key, x), jax.jacobian(f, argnums=1)(key, x)

    sampled = jax.jit(sampled)
    for sigma in 0.5, 1.0:
        trees_close(sampled(sigma), (linear(x), matrix), 1e-1)


@pytest.mark.parametrize("noise", [Gumbel(), Normal()], ids=lambda noise: noise.name)
def test_smooth_functions(noise: Any) -> None:
    """The Jacobian is the mean of the function's own."""

    def smooth(x: Any) -> Any:
        a, b, c = x
        return jnp.stack([a * b**2 * jnp.sin(c * b - a) + jnp.cos(a**3), c + a * jnp.sin(b)])

    x, key = jnp.array([0.3, 0.4, 0.5]), jax.random.key(0)

    @jax.jit
    def both(sigma: Any) -> Any:
        found = jax.jacobian(make_perturbed_fun(smooth, MANY, sigma, noise), argnums=1)(key, x)
        z = noise.sample(key, (MANY, 3))
        return found, jnp.mean(jax.vmap(jax.jacobian(smooth))(x + sigma * z), axis=0)

    for sigma in 0.5, 1.0:
        trees_close(*both(sigma), 2e-1)


def test_derivatives_of_the_function_are_not_used() -> None:
    @jax.custom_jvp
    def f(x: Any) -> Any:
        return x

    @f.defjvp
    def _(primals: Any, tangents: Any) -> Any:
        raise AssertionError

    jax.grad(make_perturbed_fun(f, 10), argnums=1)(jax.random.key(0), jnp.array(0.0))


def test_inputs_of_two_axes() -> None:
    """optax's issue 1309."""
    gradient = jax.grad(make_perturbed_fun(lambda x: x[0, 0], 10), argnums=1)(jax.random.key(0), jnp.ones((1, 2)))
    assert gradient.shape == (1, 2)


@pytest.mark.parametrize("noise", [Gumbel(), Normal()], ids=lambda noise: noise.name)
def test_hessians(noise: Any) -> None:
    square = lambda x: 0.5 * jnp.sum(x**2)
    hessian = jax.jit(
        lambda sigma: jax.hessian(make_perturbed_fun(square, 10**5, sigma, noise), argnums=1)(KEY, jnp.zeros(2))
    )
    for sigma in 0.5, 1.0:
        trees_close(hessian(sigma), jnp.eye(2), 1e-1)

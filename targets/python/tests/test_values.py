"""Values against closed forms that are written here once more."""

import numpy as np
import pytest
from conftest import CLASSES, ORACLES
from perturbed import Exact, Hypercube, Layer, MonteCarlo, Ranking, Simplex
from scipy import special, stats

THETA = np.array(CLASSES)
GAMMA = np.euler_gamma
# So many standard errors apart are two estimates of one number in fewer than one of 10^7 cases.
Z = 5.5


def test_softmax() -> None:
    layer, y = Layer(Simplex(5), "gumbel", 0.5), special.softmax(THETA / 0.5)
    value, maximizer = layer.value_and_maximizer(THETA, Exact())
    assert value == pytest.approx(0.5 * special.logsumexp(THETA / 0.5) + 0.5 * GAMMA, rel=1e-14)
    np.testing.assert_allclose(maximizer, y, rtol=1e-14)
    jacobian = (np.diag(y) - np.outer(y, y)) / 0.5
    np.testing.assert_allclose(layer.jacobian(THETA, Exact()), jacobian, rtol=1e-12, atol=1e-16)
    u = np.arange(5.0)
    np.testing.assert_allclose(layer.vjp(THETA, u, Exact()), jacobian @ u, rtol=1e-12)
    np.testing.assert_allclose(layer.jvp(THETA, u, Exact()), jacobian @ u, rtol=1e-12)
    loss, gradient = layer.fenchel_young(THETA, [0.1, 0.4, 0.2, 0.25, 0.05], Exact())
    target = np.array([0.1, 0.4, 0.2, 0.25, 0.05])
    assert loss == pytest.approx(0.5 * special.rel_entr(target, y).sum(), rel=1e-12)
    np.testing.assert_allclose(gradient, y - target, rtol=1e-12, atol=1e-15)
    without, same = layer.fenchel_young_without_omega(THETA, target, Exact())
    assert without + 0.5 * layer.omega(target, Exact()) == pytest.approx(loss, rel=1e-11) and np.array_equal(same, gradient)
    assert layer.omega(target, Exact()) == pytest.approx(-special.entr(target).sum() - GAMMA, rel=1e-13)
    assert layer.epsilon_derivative(THETA, Exact()) == pytest.approx((value - y @ THETA) / 0.5, rel=1e-12)


def test_sigmoid_and_its_inverse() -> None:
    layer = Layer(Hypercube(3), "logistic", 2.0)
    theta = np.array([0.3, -0.7, 1.1])
    y = layer.maximizer(theta, Exact())
    np.testing.assert_allclose(y, special.expit(theta / 2), rtol=1e-14)
    found, residual = layer.inverse_maximizer(y, Exact())
    np.testing.assert_allclose(found, theta, rtol=1e-8)
    assert residual < 1e-8


def test_ranks() -> None:
    """A rank is 1 + the number of scores below: a sum of probits of differences."""
    layer = Layer(Ranking(5), "normal", 0.5)
    above = stats.norm.cdf((THETA[:, None] - THETA) / (0.5 * np.sqrt(2)))
    np.testing.assert_allclose(layer.maximizer(THETA, Exact()), 0.5 + above.sum(axis=1), rtol=1e-12)
    assert layer.decide(THETA).tolist() == [2, 5, 3, 4, 1]
    descending = Layer(Ranking([-1, -2, -3, -4, -5]), "normal", 0.5)
    assert descending.decide(THETA).tolist() == [-4, -1, -3, -2, -5]


@pytest.mark.parametrize("noise", ["normal", "gumbel", "laplace", "logistic"])
@pytest.mark.parametrize("quantity", ["value", "maximizer", "jacobian", "vjp", "epsilon_derivative"])
def test_estimates_lie_within_their_errors(quantity: str, noise: str) -> None:
    layer = Layer(Ranking(5), noise, 0.8)
    vectors = [np.arange(5.0)] if quantity == "vjp" else []
    ask = getattr(layer, quantity)
    mean, error = ask(THETA, *vectors, MonteCarlo(20_000, seed=3), with_error=True)
    exact = ask(THETA, *vectors, Exact())
    assert np.all(np.abs(mean - exact) <= Z * error + 1e-12)
    assert np.array_equal(mean, ask(THETA, *vectors, MonteCarlo(20_000, seed=3)))


def test_derivative_of_the_sampled_vjp() -> None:
    """Along v, as differences of the closed form have it."""
    layer, h = Layer(Hypercube(3), "normal", 1.0), 1e-5
    theta, u, v = np.array([0.3, -0.7, 1.1]), np.array([1.0, 2.0, -1.0]), np.array([0.5, -1.0, 2.0])
    slope = (layer.vjp(theta + h * v, u, Exact()) - layer.vjp(theta - h * v, u, Exact())) / (2 * h)
    mean, error = layer.vjp_jacobian_product(theta, u, v, MonteCarlo(50_000, 5), with_error=True)
    assert np.all(np.abs(mean - slope) <= Z * error + 1e-8)


@pytest.mark.parametrize("name", ORACLES)
def test_samples_are_those_of_the_mean(name: str) -> None:
    oracle, theta = ORACLES[name]
    layer = Layer(oracle, "normal", 0.5)
    drawn = layer.sample(theta, 40, seed=7)
    assert drawn.shape == (40, len(theta))
    np.testing.assert_allclose(drawn.mean(axis=0), layer.maximizer(theta, MonteCarlo(40, 7)), rtol=1e-12, atol=1e-12)
    batch = layer.sample([theta, theta], 3, seed=7, first_row=5)
    assert batch.shape == (2, 3, len(theta))
    for row in 0, 1:
        assert np.array_equal(batch[row], layer.sample(theta, 3, seed=MonteCarlo(1, 7).fold(5 + row).seed))
    assert layer.sample(theta, 0).shape == (0, len(theta))


def test_gradient_descent_learns_a_ranking() -> None:
    """A linear model under noise of the data, with one sample a step."""
    rng = np.random.default_rng(0)
    truth, layer = rng.standard_normal((4, 6)), Layer(Ranking(6), "normal", 0.3)
    x = rng.standard_normal((200, 4))
    ranks, weights = layer.decide(x @ truth), np.zeros((4, 6))
    for step in range(200):
        gradient = layer.fenchel_young_gradient(x @ weights, ranks, MonteCarlo(1).fold(step))
        weights -= 0.05 * x.T @ gradient / len(x)
    right = (layer.decide(x @ weights) == ranks).mean()
    assert right > 0.9, right

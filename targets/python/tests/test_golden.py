"""The library's golden digests: the very bits, on every machine."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import LABELS, NOISES, ORACLES
from perturbed import Exact, Layer, MonteCarlo, PerturbedError, Ranking

TABLE = Path(__file__).parents[3] / "tests/src/golden/table.rs"
DIRECTION = [0.3, -1.7, 0.9, 0.1, 2.2, -0.4, -0.6, 1.3, -0.2, 0.7]
SAMPLES = (1, 3, 70)
INSIDE = {
    "hypercube": ([1.0, -1.0, 1.0], [0.2, -0.7, 0.4]),
    "ranking": ([3.0, 7.0, 8.0, 2.0, 4.0, 6.0, 9.0, 1.0, 5.0], [4.0, 6.0, 6.5, 4.0, 4.5, 5.5, 6.5, 3.0, 5.0]),
    "simplex": ([0.0, 0.0, 0.0, 1.0, 0.0], [0.1, 0.4, 0.2, 0.25, 0.05]),
    "top-k": ([0.0, 1.0, 0.0, 1.0, 0.0], [0.2, 0.8, 0.4, 0.5, 0.1]),
}
Numbers = Iterator[np.ndarray]


def digest(parts: Numbers) -> int:
    """FNV-1a of 64 bits over the bits of numbers, widened to float64."""
    found = 0xCBF29CE484222325
    for part in parts:
        for byte in np.asarray(part, dtype="<f8").tobytes():
            found = (found ^ byte) * 0x100000001B3 % 2**64
    return found


class Case:
    """A layer at its scores, in one type."""

    def __init__(self, name: str, noise: str, dtype: str) -> None:
        oracle, theta = ORACLES[name]
        self.name, self.layer = name, Layer(oracle, noise, 0.5)
        self.theta = np.array(theta, dtype)
        self.u = np.array(DIRECTION[: len(theta)], dtype)
        self.far = self.layer.decide(-self.theta)

    def exact(self) -> Numbers:
        yield from self.layer.value_and_maximizer(self.theta, Exact())
        yield self.layer.jacobian(self.theta, Exact())
        yield self.layer.vjp(self.theta, self.u, Exact())

    def fenchel_young(self) -> Numbers:
        vertex, inside = INSIDE[self.name]
        yield from self.layer.fenchel_young(self.theta, vertex, Exact())
        yield from self.layer.fenchel_young(self.theta, vertex, MonteCarlo(70, 44))
        yield from self.layer.fenchel_young(self.theta, inside, MonteCarlo(3, 44))
        yield self.layer.fenchel_young_gradient(self.theta, vertex, MonteCarlo(1, 45))

    def inverse(self) -> Numbers:
        inside = np.array(INSIDE[self.name][1], self.theta.dtype)
        yield self.layer.omega(inside, Exact())
        yield from self.layer.inverse_maximizer(inside, Exact())

    def sampled(self) -> Numbers:
        for samples in SAMPLES:
            for how in MonteCarlo(samples, 42), MonteCarlo(samples, 42, control="none").fold(1):
                yield from self.layer.value_and_maximizer(self.theta, how)
                yield self.layer.jacobian(self.theta, how)
                yield self.layer.vjp(self.theta, self.u, how)
                yield self.layer.jvp(self.theta, self.u, how)

    def sampled_fenchel_young(self) -> Numbers:
        inside = self.layer.maximizer(self.theta, MonteCarlo(5, 52))
        for target, how in (self.far, MonteCarlo(70, 53)), (inside, MonteCarlo(3, 54)):
            try:
                yield from self.layer.fenchel_young(self.theta, target, how)
            except PerturbedError as error:
                assert error.kind in ("OutsideHull", "NotConverged")
                yield np.array(np.inf)
        yield self.layer.fenchel_young_gradient(self.theta, self.far, MonteCarlo(1, 55))

    def variance_reduced(self) -> Numbers:
        for option in ({"control": "leave-one-out"}, {"draws": "antithetic"}, {"draws": "quasi-random"}):
            how = MonteCarlo(150, 47, **option)
            pairs = (
                self.layer.maximizer(self.theta, how, with_error=True),
                self.layer.maximizer_by_score(self.theta, how, with_error=True),
                self.layer.vjp(self.theta, self.u, how, with_error=True),
            )
            for means_or_errors in zip(*pairs, strict=True):
                yield from means_or_errors

    def second_formulas(self) -> Numbers:
        for samples in SAMPLES:
            yield self.layer.maximizer_by_score(self.theta, MonteCarlo(samples, 43))
            yield self.layer.jacobian_by_curvature(self.theta, MonteCarlo(samples, 43))

    def second_derivatives(self) -> Numbers:
        for samples in SAMPLES:
            yield self.layer.vjp_jacobian(self.theta, self.u, MonteCarlo(samples, 59))
            yield self.layer.vjp_jacobian_product(self.theta, self.u, self.theta, MonteCarlo(samples, 59))


def table() -> dict[str, int]:
    if not TABLE.exists():
        pytest.skip("the table of digests is not at hand")
    rows = re.findall(r'\("([^"]*)", (0x[0-9A-F_]*)\)', TABLE.read_text())
    return {name: int(digest.replace("_", ""), 16) for name, digest in rows}


EVERY: list[Callable[[Case], Numbers]] = [
    Case.sampled,
    Case.sampled_fenchel_young,
    Case.variance_reduced,
    Case.second_formulas,
    Case.second_derivatives,
]


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("name", ORACLES)
def test_digests(name: str, noise: str, dtype: str) -> None:
    expected, case = table(), Case(name, noise, dtype)
    asked = EVERY[:3] if noise == "laplace" else list(EVERY)
    asked += [Case.exact, Case.fenchel_young] if name in INSIDE else []
    asked += [Case.inverse] if name in ("hypercube", "ranking") else []
    for ask in asked:
        key = f"f{8 * int(dtype[1])} {name} {noise} {ask.__name__.replace('_', ' ')}"
        key = key.replace("sampled fenchel young", "sampled fenchel-young").replace("fenchel young", "fenchel-young")
        assert digest(ask(case)) == expected[key], key


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("noise", NOISES)
def test_digests_of_many_ranks(noise: str, dtype: str) -> None:
    theta = np.array([i * 7 % 13 - 6 for i in range(20)], dtype)
    layer = Layer(Ranking(range(-20, 0)), noise, 0.5)
    y = layer.decide(theta)
    numbers = [y @ theta, y, layer.maximizer(theta, MonteCarlo(70, 46))]
    assert digest(iter(numbers)) == table()[f"f{8 * int(dtype[1])} ranking {noise} by sorting"]

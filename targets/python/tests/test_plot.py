"""Pictures: what they show is what the layer says."""

from typing import Any

import numpy as np
import pytest

matplotlib = pytest.importorskip("matplotlib", reason="matplotlib is not installed")
matplotlib.use("agg")

from matplotlib import pyplot  # noqa: E402
from perturbed import Exact, GridPath, Layer, MonteCarlo, Simplex, plot  # noqa: E402

THETA = np.array([0.3, -0.2, 1.0])
LAYER = Layer(Simplex(3), "gumbel", 0.5)


@pytest.fixture(autouse=True)
def _close() -> Any:
    yield
    pyplot.close("all")


def test_bars_and_marks() -> None:
    axes = plot.decision(LAYER, THETA, Exact(), names=["a", "b", "c"])
    np.testing.assert_allclose([bar.get_height() for bar in axes.patches], LAYER.maximizer(THETA, Exact()))
    assert axes.collections[-1].get_offsets()[:, 1].tolist() == [0, 0, 1]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["a", "b", "c"]
    mean, error = LAYER.maximizer(THETA, MonteCarlo(50, 1), with_error=True)
    own = pyplot.subplots()[1]
    assert plot.decision(LAYER, THETA, MonteCarlo(50, 1), axes=own) is own
    segments = own.containers[0].lines[2][0].get_segments()
    np.testing.assert_allclose([s[1][1] - s[0][1] for s in segments], 4 * error, rtol=1e-6)
    np.testing.assert_allclose([s.mean(axis=0)[1] for s in segments], mean, rtol=1e-6)


def test_maps() -> None:
    layer = Layer(GridPath(4, 5), "normal", 1.0)
    theta = -1 - np.arange(20.0).reshape(4, 5) % 7
    axes = plot.decision(layer, theta, MonteCarlo(100, 1))
    np.testing.assert_allclose(axes.images[0].get_array(), layer.maximizer(theta, MonteCarlo(100, 1)))
    marks = {tuple(int(x) for x in place[::-1]) for place in axes.collections[0].get_offsets()}
    assert marks == set(zip(*(index.tolist() for index in np.nonzero(layer.decide(theta))), strict=True))


def test_lines_of_temperature() -> None:
    epsilons = [0.1, 1.0, 10.0]
    axes = plot.temperature(LAYER, THETA, epsilons, Exact())
    for entry, line in enumerate(axes.lines):
        expected = [Layer(Simplex(3), "gumbel", epsilon).maximizer(THETA, Exact())[entry] for epsilon in epsilons]
        np.testing.assert_allclose(line.get_ydata(), expected)
    assert len(axes.lines) == 3 and not axes.collections
    assert len(plot.temperature(LAYER, THETA, epsilons, MonteCarlo(30)).collections) == 3


def test_wrong_input() -> None:
    with pytest.raises(TypeError, match="layer is of type int"):
        plot.decision(3, THETA, Exact())  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"theta has shape \(2, 3\); expected \(3,\), one instance"):
        plot.decision(LAYER, [THETA, THETA], Exact())
    with pytest.raises(ValueError, match="names has 2 entries; expected 3"):
        plot.decision(LAYER, THETA, Exact(), names=["a", "b"])
    with pytest.raises(ValueError, match="epsilons is empty"):
        plot.temperature(LAYER, THETA, [], Exact())

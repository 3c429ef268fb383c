"""Pictures of layers, by matplotlib: what is decided, how sure that is, and what the temperature does.

>>> import matplotlib
>>> matplotlib.use("agg")
>>> import numpy as np
>>> from perturbed import Layer, MonteCarlo, TopK, plot
>>> layer = Layer(TopK(5, 2), noise="normal", epsilon=0.5)
>>> axes = plot.decision(layer, np.array([0.3, -0.2, 1.0, 0.4, 0.1]), MonteCarlo(1000, seed=1))
>>> axes.get_ylabel()
'y'
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ._checks import each, found
from ._perturbed import Cheapest, Exact, Layer, MonteCarlo

__all__ = ["decision", "temperature"]

_Method = Exact | MonteCarlo | Cheapest
# An entry of two colours that the colour-blind tell apart.
_SMOOTH, _DECIDED = "#3b7dd8", "#d9592a"


def _axes(axes: Any) -> Any:
    if axes is not None:
        return axes
    from matplotlib import pyplot

    return pyplot.subplots(layout="constrained")[1]


def _instance(layer: Layer, theta: ArrayLike) -> Any:
    if not isinstance(layer, Layer):
        raise TypeError(f"layer {found(layer)}; expected a Layer")
    x = np.asarray(theta)
    if x.shape not in (layer.shape, (layer.dim,)):
        raise ValueError(f"theta has shape {x.shape}; expected {layer.shape}, one instance")
    return x.reshape(layer.shape)


def _names(names: Sequence[str] | None, count: int) -> list[str]:
    return [str(i) for i in range(count)] if names is None else [str(x) for x in each(lambda _, x: x, count)("names", names)]


def decision(
    layer: Layer, theta: ArrayLike, method: _Method, *, names: Sequence[str] | None = None, axes: Any = None
) -> Any:
    """Draws the decision y*(theta) and the smoothed one, y_eps(theta), of one instance; answers the axes.

    Oracles on a rectangle (GridPath, Assignment) become a map of y_eps on which the decision is marked; others bars of y_eps, with two standard
    errors to each side where it is sampled, beside marks for the decision.

    layer : Layer
    theta : array of the layer's shape
    method : Exact, MonteCarlo or Cheapest
        How y_eps is computed.
    names : sequence of str, optional
        The names of the entries, by default their numbers.
    axes : matplotlib Axes, optional
        Where to draw, by default in a new figure.
    """
    x, axes = _instance(layer, theta), _axes(axes)
    decided, sampled = layer.decide(x), isinstance(method, MonteCarlo) and method.samples > 1
    if x.ndim == 2:
        image = axes.imshow(layer.maximizer(x, method), cmap="Blues", vmin=0, vmax=1)
        rows, columns = np.nonzero(decided)
        axes.scatter(columns, rows, s=30, color=_DECIDED, label="decided")
        axes.figure.colorbar(image, ax=axes, label="expected under noise")
        axes.set_xlabel("column")
        axes.set_ylabel("row")
    else:
        error: Any = None
        if isinstance(method, MonteCarlo) and sampled:
            smooth, error = layer.maximizer(x, method, with_error=True)
            error = 2 * error
        else:
            smooth = layer.maximizer(x, method)
        places = np.arange(layer.dim)
        axes.bar(places, smooth, yerr=error, capsize=3, color=_SMOOTH, label="expected under noise")
        axes.scatter(places, decided, color=_DECIDED, zorder=3, label="decided")
        axes.set_xticks(places, _names(names, layer.dim))
        axes.set_ylabel("y")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2, frameon=False)
    axes.set_title(f"{layer.noise} noise, temperature {layer.epsilon:g}")
    return axes


def temperature(
    layer: Layer,
    theta: ArrayLike,
    epsilons: Sequence[float],
    method: _Method,
    *,
    names: Sequence[str] | None = None,
    axes: Any = None,
) -> Any:
    """Draws y_eps(theta) as the temperature grows, a line for each entry; answers the axes.

    For small temperatures it is the decision, for large ones the mean of all decisions under the noise alone. Sampled values have bands of two
    standard errors to each side.

    epsilons : sequence of float
        Temperatures, positive, in place of the layer's. Other parameters are those of `decision`.
    """
    x, axes = _instance(layer, theta).ravel(), _axes(axes)
    layers = [Layer(layer.oracle, layer.noise, epsilon) for epsilon in epsilons]
    if not layers:
        raise ValueError("epsilons is empty; expected at least one temperature")
    errors: Any = None
    if isinstance(method, MonteCarlo) and method.samples > 1:
        pairs = [each.maximizer(x, method, with_error=True) for each in layers]
        values, errors = (np.array([pair[i] for pair in pairs]) for i in (0, 1))
    else:
        values = np.array([each.maximizer(x, method) for each in layers])
    for entry, name in enumerate(_names(names, layer.dim)):
        (line,) = axes.plot(epsilons, values[:, entry], label=name)
        if errors is not None:
            low, high = (values[:, entry] + s * 2 * errors[:, entry] for s in (-1, 1))
            axes.fill_between(epsilons, low, high, color=line.get_color(), alpha=0.2, linewidth=0)
    axes.set_xscale("log")
    axes.set_xlabel("temperature")
    axes.set_ylabel("expected y")
    if layer.dim <= 12:
        axes.legend(loc="best")
    axes.set_title(f"{layer.noise} noise")
    return axes

"""Training: theta = x W + b of labels.

>>> import numpy as np
>>> from perturbed import Layer, MonteCarlo, Ranking, Training, train
>>> x = np.random.default_rng(0).standard_normal((200, 4))
>>> layer = Layer(Ranking(3))
>>> ranks = layer.decide(x @ np.ones((4, 3)) * [1, 2, 3])
>>> model = train(layer, x, ranks, MonteCarlo(10), training=Training(seed=1))
>>> float((model.decide(x) == ranks).mean()) > 0.95
True
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Literal, SupportsFloat

import numpy as np
from numpy.typing import ArrayLike

from . import _perturbed
from ._checks import flag, integer, number, one_of, optional
from .model import Model, names_of

__all__ = ["Training", "train"]


def _least(least: int, most: int = 2**53) -> Callable[[str, object], int]:
    def check(name: str, x: object) -> int:
        whole = integer(name, x, 64)
        if not least <= whole <= most:
            raise ValueError(f"{name} is {whole}; expected {least} to {most}")
        return whole

    return check


_CHECKS: dict[str, Callable[[str, object], object]] = {
    "epochs": optional(_least(1)),
    "batch": _least(1),
    "rate": optional(number),
    "schedule": one_of("constant", "linear", "cosine"),
    "optimizer": one_of("sgd", "adam"),
    **dict.fromkeys(("momentum", "averaging"), number),
    **dict.fromkeys(("standardize", "intercept"), flag),
    "seed": _least(0, 2**64 - 1),
}


@dataclass(frozen=True, kw_only=True)
class Training:
    """How weights descend, as `perturb train` does by default.

    epochs : int, optional
        Passes over the rows; by default 20, or as many as make 1,000 steps.
    batch : int
        Rows a step. Rows that do not fill the last batch of an epoch wait for the next shuffle.
    rate : float, optional
        The learning rate at the start; by default 0.1, of loss "squared" at most 1 / (1 + features).
    schedule : {"linear", "cosine", "constant"}
        How the rate changes over the run: to 0, but for "constant".
    optimizer : {"sgd", "adam"}
    momentum : float
        Of "sgd": in [0, 1).
    averaging : float
        The model is the mean of the iterates over this last share of the steps; 0 takes the last one.
    standardize : bool
        Whether features are standardised in training, and the model is folded back.
    intercept : bool
        Whether there is an intercept b.
    seed : int
        Names the shuffles and the noise.
    """

    epochs: int | None = None
    batch: int = 32
    rate: float | None = None
    schedule: Literal["linear", "cosine", "constant"] = "linear"
    optimizer: Literal["sgd", "adam"] = "sgd"
    momentum: float = 0.0
    averaging: float = 0.5
    standardize: bool = True
    intercept: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        """Checks the parameters."""
        for field in fields(self):
            object.__setattr__(self, field.name, _CHECKS[field.name](field.name, getattr(self, field.name)))


def settings_of(training: Training | None) -> Training:
    """Those given, or by default."""
    if training is None:
        return Training()
    if not isinstance(training, Training):
        raise TypeError(f"training is of type {type(training).__name__}; expected a Training")
    return training


def train(
    layer: _perturbed.Layer,
    x: ArrayLike,
    y: ArrayLike,
    method: _perturbed.Exact | _perturbed.MonteCarlo | _perturbed.Cheapest,
    *,
    loss: Literal["fenchel-young", "perturbed-squared", "squared", "pairwise-logistic", "blackbox"] = "fenchel-young",
    lambd: SupportsFloat = 0.1,
    training: Training | None = None,
    feature_names: Sequence[str] | None = None,
    label_names: Sequence[str] | None = None,
    name: str = "x",
) -> Model:
    """Trains theta = x W + b on rows of features and decisions, by stochastic gradients.

    It computes in float32, with the bits of `perturb train --validation 0` on the same numbers. Ctrl-C ends it.

    layer : Layer
        The oracle, the noise and the temperature; "squared", "pairwise-logistic" and "blackbox" use the oracle alone. The solver of a
        `BlackBox` is called once a step for all rows and samples, with float32; for loss "blackbox" twice a row. A file does not know it: a
        model that was read has scores, and no layer.
    x : array of shape (n, d)
        Finite features.
    y : array of shape (n, k) or (n, *layer.shape)
        What was decided in each row: a point of the convex hull of all decisions of the oracle, which is not checked of a `BlackBox`. Of
        rankings k for the best label.
    method : Exact, MonteCarlo or Cheapest
        How expectations are computed; its seed does not matter, each row of each step has its own noise.
    loss : {"fenchel-young", "perturbed-squared", "squared", "pairwise-logistic", "blackbox"}
        What is minimised: the Fenchel-Young loss (Definition 4.1), |y_eps(theta) - y|^2 / 2 (eq. 4), |theta - y|^2 / 2, pairwise
        logistic regression, or |y*(theta) - y|^2 / 2 by interpolated gradients.
    lambd : float
        Of "blackbox": lambda > 0, in units of theta per unit of y.
    feature_names, label_names : sequence of str, optional
        Names for the model file.
    name : str
        The name of the data, for the model file.
    """
    if not isinstance(layer, _perturbed.Layer):
        raise TypeError(f"layer is of type {type(layer).__name__}; expected a Layer")
    x, y = np.asarray(x), np.asarray(y)
    if x.ndim != 2:
        raise ValueError(f"x has shape {x.shape}; expected (n, d)")
    if y.shape[1:] == layer.shape:
        y = y.reshape(len(y), layer.dim)
    names = name, names_of("feature_names", feature_names, "x", x.shape[1]), names_of("label_names", label_names, "y", layer.dim)
    return Model._of(_perturbed.train(layer, x, y, loss, lambd, method, settings_of(training), names), layer)

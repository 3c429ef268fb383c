"""Trained models: files that firmware loads."""

import json
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _perturbed
from ._checks import each, text
from ._tables import Table
from .oracles import Hypercube, Ranking, Simplex, TopK

__all__ = ["Model"]


def names_of(name: str, given: object, stem: str, count: int) -> list[str]:
    """So many names: those given, or stem1, stem2, ..."""
    if given is None:
        return [f"{stem}{i + 1}" for i in range(count)]
    return list(each(text, count)(name, given))


class Model:
    """A model theta = (x - c) W + b of labels, or theta = phi w of options, with its layer: what a file holds.

    Files are those of the program `perturb` and of its firmware library: they hold float32.

    >>> import numpy as np
    >>> from perturbed import Layer, Model, Simplex
    >>> model = Model(Layer(Simplex(2), "gumbel"), np.array([[1.0, -1.0]]), label_names=["yes", "no"])
    >>> model.decide([[0.5], [-2.0]])
    array([[1., 0.],
           [0., 1.]], dtype=float32)
    >>> Model.from_bytes(model.to_bytes()) == model
    True

    layer : Layer
        Decides on the scores.
    weights : array of shape (d, k)
        W; the transpose of a `torch.nn.Linear`'s weight.
    bias : array of shape (k,), optional
        b, by default 0.
    feature_names, label_names : sequence of str, optional
    """

    _file: _perturbed.ModelFile
    _layer: _perturbed.Layer | None

    def __init__(
        self,
        layer: _perturbed.Layer,
        weights: ArrayLike,
        bias: ArrayLike | None = None,
        *,
        feature_names: Sequence[str] | None = None,
        label_names: Sequence[str] | None = None,
    ) -> None:
        if not isinstance(layer, _perturbed.Layer):
            raise TypeError(f"layer is of type {type(layer).__name__}; expected a Layer")
        weights = np.asarray(weights)
        if weights.ndim != 2:
            raise ValueError(f"weights has shape {weights.shape}; expected (d, {layer.dim})")
        features = names_of("feature_names", feature_names, "x", weights.shape[0])
        labels = names_of("label_names", label_names, "y", layer.dim)
        bias = np.zeros(layer.dim) if bias is None else bias
        self._file = _perturbed.ModelFile.of_labels(layer, weights, bias, features, labels)
        self._layer = layer

    @classmethod
    def _of(cls, file: _perturbed.ModelFile, layer: _perturbed.Layer | None = None) -> "Model":
        model = cls.__new__(cls)
        model._file, model._layer = file, layer
        return model

    @classmethod
    def of_options(
        cls,
        decisions: _perturbed.Decisions,
        weights: ArrayLike,
        *,
        noise: Any = "gumbel",
        epsilon: float = 1.0,
        estimates: _perturbed.Estimates | None = None,
        loss: str = "fenchel-young",
        seed: int = 0,
    ) -> "Model":
        """The model of weights that were learned from decisions among options, with the recipe of these.

        estimates : Estimates, optional
            What is known of these very weights, of which the model then holds all digits.
        """
        file = _perturbed.ModelFile.of_options(decisions, weights, noise, epsilon, estimates, loss, seed)
        if estimates is not None and not (estimates.terms == decisions.terms and np.array_equal(estimates.weights, weights)):
            raise ValueError("estimates are of other terms or weights than decisions and weights")
        return cls._of(file)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Model":
        """The model of a file. Refused: files that are truncated, damaged, or of another kind."""
        return cls._of(_perturbed.ModelFile.load(path))

    @classmethod
    def from_bytes(cls, data: bytes) -> "Model":
        """The model of a file's bytes."""
        return cls._of(_perturbed.ModelFile.from_bytes(data))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the file: it is there in full or, after any failure, as it was before."""
        self._file.save(path)

    def to_bytes(self, *, bare: bool = False) -> bytes:
        """The file's bytes; bare ones are without names and origin, as a device stores them."""
        return self._file.to_bare_bytes() if bare else self._file.to_bytes()

    def to_c_header(self, name: str = "model") -> str:
        """A header in C99 with the weights, functions that score and decide, and the file's bytes; `name` begins all names in it."""
        return self._file.to_c_header(name)

    def to_rust(self) -> str:
        """A module of Rust with the weights, a view that scores and decides in flash, and the file's bytes."""
        return self._file.to_rust()

    @property
    def is_of_options(self) -> bool:
        """Whether one vector of weights serves all options."""
        return self._file.shared

    @property
    def weights(self) -> NDArray[Any]:
        """W, of shape (d, k); of options w, of shape (p,), in float64 where the file has estimates."""
        return self._file.exact_weights if self.is_of_options else self._file.weights

    @property
    def bias(self) -> NDArray[np.float32]:
        """b, of shape (k,); of options empty."""
        return self._file.bias

    @property
    def centres(self) -> NDArray[np.float64]:
        """c, subtracted from features that float32 could not tell apart well; elsewhere 0."""
        return self._file.centres

    @property
    def noise(self) -> str:
        """The name of the noise."""
        return self._file.noise

    @property
    def epsilon(self) -> float:
        """The temperature."""
        return self._file.epsilon

    @property
    def feature_names(self) -> list[str]:
        """The names of the features; of options those of the terms."""
        return self._file.feature_names

    @property
    def label_names(self) -> list[str]:
        """The names of the labels; of options none."""
        return self._file.label_names

    @property
    def estimates(self) -> _perturbed.Estimates | None:
        """Of options: the weights with their uncertainty, where the file has it."""
        return self._file.estimates

    @property
    def provenance(self) -> dict[str, Any]:
        """Where the model is from."""
        found: dict[str, Any] = json.loads(self._file.provenance)
        return found

    @property
    def layer(self) -> _perturbed.Layer | None:
        """What decides on the labels; None of options, and of a file whose oracle a file cannot name."""
        if self._layer is None and not self.is_of_options:
            (kind, k), dim = self._file.oracle, len(self.bias)
            oracles = {"simplex": Simplex, "hypercube": Hypercube, "ranking": Ranking}
            if kind in oracles or kind == "top-k":
                oracle = oracles[kind](dim) if kind in oracles else TopK(dim, k)
                self._layer = _perturbed.Layer(oracle, self._file.noise, self._file.epsilon)
        return self._layer

    def read(self, table: Any, *, decided: bool = True) -> _perturbed.Decisions:
        """Of options: the decisions of a table; `decided` tells whether it says what was decided."""
        return self._file.read(table, decided)

    def _of_labels(self) -> _perturbed.Layer:
        if self.layer is None:
            raise TypeError("the model does not know its oracle; give the scores to a Layer")
        return self.layer

    def _in_rows(self, table: Any, ask: Any) -> NDArray[np.float64]:
        """What is said of options, in the rows in which they stand; NaN in rows that are left out."""
        decisions = self.read(table, decided=False)
        found, rows, by_option = ask(decisions), decisions.rows, decisions.options_by_column
        answers = np.full(len(Table(table)) * (by_option or 1), np.nan)
        answers[rows[rows >= 0]] = found[rows >= 0]
        return answers.reshape(-1, by_option) if by_option else answers

    def scores(self, x: Any) -> NDArray[Any]:
        """theta: of features of shape (n, d) an array of shape (n, k), of a table of options a number for each of its rows.

        A table with columns by option has one for each option of a row, of shape (n, options).
        """
        if self.is_of_options:
            return self._in_rows(x, lambda decisions: decisions.scores(self.weights))
        return self._file.scores(x)

    def decide(self, x: Any) -> NDArray[Any]:
        """The decisions y*(theta), in the shape of the scores."""
        if self.is_of_options:
            return self._in_rows(x, lambda decisions: decisions.decide(self.weights))
        return self._of_labels().decide(self.scores(x))

    def maximizer(self, x: Any, method: Any) -> NDArray[Any]:
        """The expected decisions y_eps(theta), in the shape of the scores: of picks probabilities."""
        if self.is_of_options:
            layer = {"noise": self.noise, "epsilon": self.epsilon}
            return self._in_rows(x, lambda decisions: decisions.maximizer(self.weights, method, **layer))
        return self._of_labels().maximizer(self.scores(x), method)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Model) and self.to_bytes() == other.to_bytes()

    def __hash__(self) -> int:
        return hash(self.to_bytes())

    def __getstate__(self) -> tuple[bytes, _perturbed.Layer | None]:
        return self.to_bytes(), self._layer

    def __setstate__(self, state: tuple[bytes, _perturbed.Layer | None]) -> None:
        self._file, self._layer = _perturbed.ModelFile.from_bytes(state[0]), state[1]

    def __repr__(self) -> str:
        d, k = len(self.feature_names), len(self.bias)
        return f"<model of {d} terms of options>" if self.is_of_options else f"<model of {d} features, {k} labels>"

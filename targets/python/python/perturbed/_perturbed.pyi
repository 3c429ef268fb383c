"""The compiled part of `perturbed`. What items do is told in their docstrings: `help(perturbed.Layer)`."""

import os
from collections.abc import Sequence
from typing import Any, Literal, SupportsFloat, SupportsIndex, final, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .decisions import Recipe
from .oracles import Oracle
from .training import Training

__all__ = [
    "Cheapest",
    "Decisions",
    "Estimates",
    "Exact",
    "Layer",
    "ModelFile",
    "MonteCarlo",
    "PerturbedError",
    "average_precision",
    "check_oracle",
    "descend",
    "elasticities",
    "estimate",
    "estimate_scores",
    "estimates_at",
    "get_num_threads",
    "kendall",
    "ndcg",
    "set_num_threads",
    "spearman",
    "train",
]

# Of the type of theta: float32 or float64. For one instance, a number is a scalar of numpy's.
_Array = NDArray[np.floating[Any]]
_Numbers = np.floating[Any] | _Array
_Control = Literal["baseline", "leave-one-out", "none"]
_Draws = Literal["independent", "antithetic", "quasi-random"]
_Noise = Literal["normal", "gumbel", "laplace", "logistic"]
_Projection = Literal["none", "mean", "standardize"]
_Criterion = Literal["fenchel-young", "likelihood"]
_Errors = Literal["model", "robust", "clustered"]
_LossOfLabels = Literal["fenchel-young", "perturbed-squared", "squared", "pairwise-logistic", "blackbox"]
_Loss = _LossOfLabels | Literal["spo-plus"]
# A mapping of columns, or a DataFrame of pandas or polars.
_Table = Any
# float64.
_Doubles = NDArray[np.float64]
# Statistic, degrees of freedom, p.
_Test = tuple[float, int, float]
_Method = Exact | MonteCarlo | Cheapest

class PerturbedError(ValueError):
    kind: str
    row: int | None

@final
class Exact:
    def __new__(cls) -> Exact: ...
    def with_seed(self, seed: SupportsIndex) -> Exact: ...
    def fold(self, key: SupportsIndex) -> Exact: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class MonteCarlo:
    def __new__(
        cls, samples: SupportsIndex, seed: SupportsIndex = 0, control: _Control = "baseline", draws: _Draws = "independent"
    ) -> MonteCarlo: ...
    @property
    def samples(self) -> int: ...
    @property
    def seed(self) -> int: ...
    @property
    def control(self) -> _Control: ...
    @property
    def draws(self) -> _Draws: ...
    def with_seed(self, seed: SupportsIndex) -> MonteCarlo: ...
    def fold(self, key: SupportsIndex) -> MonteCarlo: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class Cheapest:
    def __new__(
        cls, samples: SupportsIndex, seed: SupportsIndex = 0, control: _Control = "baseline", draws: _Draws = "independent"
    ) -> Cheapest: ...
    @property
    def samples(self) -> int: ...
    @property
    def seed(self) -> int: ...
    @property
    def control(self) -> _Control: ...
    @property
    def draws(self) -> _Draws: ...
    def with_seed(self, seed: SupportsIndex) -> Cheapest: ...
    def fold(self, key: SupportsIndex) -> Cheapest: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class Layer:
    def __new__(cls, oracle: Oracle | Sequence[Oracle], noise: _Noise = "normal", epsilon: SupportsFloat = 1.0) -> Layer: ...
    @property
    def oracle(self) -> Oracle | tuple[Oracle, ...]: ...
    @property
    def noise(self) -> _Noise: ...
    @property
    def epsilon(self) -> float: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dim(self) -> int: ...
    def decide(self, theta: ArrayLike, *, out: _Array | None = None) -> _Array: ...
    def sample(self, theta: ArrayLike, samples: SupportsIndex = 1, seed: SupportsIndex = 0, *, first_row: SupportsIndex = 0) -> _Array: ...
    @overload
    def value(
        self,
        theta: ArrayLike,
        method: _Method,
        *,
        first_row: SupportsIndex = 0,
        with_error: Literal[False] = False,
        out: _Array | None = None,
    ) -> _Numbers: ...
    @overload
    def value(
        self,
        theta: ArrayLike,
        method: MonteCarlo,
        *,
        first_row: SupportsIndex = 0,
        with_error: Literal[True],
        out: None = None,
    ) -> tuple[_Numbers, _Numbers]: ...
    @overload
    def maximizer(
        self,
        theta: ArrayLike,
        method: _Method,
        *,
        first_row: SupportsIndex = 0,
        with_error: Literal[False] = False,
        out: _Array | None = None,
    ) -> _Array: ...
    @overload
    def maximizer(
        self,
        theta: ArrayLike,
        method: MonteCarlo,
        *,
        first_row: SupportsIndex = 0,
        with_error: Literal[True],
        out: None = None,
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_maximizer(
        self,
        theta: ArrayLike,
        method: _Method,
        *,
        first_row: SupportsIndex = 0,
        with_error: Literal[False] = False,
        out: tuple[_Array, _Array] | None = None,
    ) -> tuple[_Numbers, _Array]: ...
    @overload
    def value_and_maximizer(
        self,
        theta: ArrayLike,
        method: MonteCarlo,
        *,
        first_row: SupportsIndex = 0,
        with_error: Literal[True],
        out: None = None,
    ) -> tuple[tuple[_Numbers, _Array], tuple[_Numbers, _Array]]: ...
    @overload
    def maximizer_by_score(
        self,
        theta: ArrayLike,
        method: _Method,
        *,
        first_row: SupportsIndex = 0,
        with_error: Literal[False] = False,
        out: _Array | None = None,
    ) -> _Array: ...
    @overload
    def maximizer_by_score(
        self,
        theta: ArrayLike,
        method: MonteCarlo,
        *,
        first_row: SupportsIndex = 0,
        with_error: Literal[True],
        out: None = None,
    ) -> tuple[_Array, _Array]: ...
    @overload
    def jacobian(
        self,
        theta: ArrayLike,
        method: _Method,
        *,
        first_row: SupportsIndex = 0,
        with_error: Literal[False] = False,
        out: _Array | None = None,
    ) -> _Array: ...
    @overload
    def jacobian(
        self,
        theta: ArrayLike,
        method: MonteCarlo,
        *,
        first_row: SupportsIndex = 0,
        with_error: Literal[True],
        out: None = None,
    ) -> tuple[_Array, _Array]: ...
    @overload
    def jacobian_by_curvature(
        self,
        theta: ArrayLike,
        method: _Method,
        *,
        first_row: SupportsIndex = 0,
        with_error: Literal[False] = False,
        out: _Array | None = None,
    ) -> _Array: ...
    @overload
    def jacobian_by_curvature(
        self,
        theta: ArrayLike,
        method: MonteCarlo,
        *,
        first_row: SupportsIndex = 0,
        with_error: Literal[True],
        out: None = None,
    ) -> tuple[_Array, _Array]: ...
    @overload
    def vjp(
        self,
        theta: ArrayLike,
        cotangent: ArrayLike,
        method: _Method,
        *,
        first_row: SupportsIndex = 0,
        with_error: Literal[False] = False,
        out: _Array | None = None,
    ) -> _Array: ...
    @overload
    def vjp(
        self,
        theta: ArrayLike,
        cotangent: ArrayLike,
        method: MonteCarlo,
        *,
        first_row: SupportsIndex = 0,
        with_error: Literal[True],
        out: None = None,
    ) -> tuple[_Array, _Array]: ...
    @overload
    def jvp(
        self,
        theta: ArrayLike,
        tangent: ArrayLike,
        method: _Method,
        *,
        first_row: SupportsIndex = 0,
        with_error: Literal[False] = False,
        out: _Array | None = None,
    ) -> _Array: ...
    @overload
    def jvp(
        self,
        theta: ArrayLike,
        tangent: ArrayLike,
        method: MonteCarlo,
        *,
        first_row: SupportsIndex = 0,
        with_error: Literal[True],
        out: None = None,
    ) -> tuple[_Array, _Array]: ...
    @overload
    def vjp_jacobian(
        self,
        theta: ArrayLike,
        cotangent: ArrayLike,
        method: _Method,
        *,
        first_row: SupportsIndex = 0,
        with_error: Literal[False] = False,
        out: _Array | None = None,
    ) -> _Array: ...
    @overload
    def vjp_jacobian(
        self,
        theta: ArrayLike,
        cotangent: ArrayLike,
        method: MonteCarlo,
        *,
        first_row: SupportsIndex = 0,
        with_error: Literal[True],
        out: None = None,
    ) -> tuple[_Array, _Array]: ...
    @overload
    def vjp_jacobian_product(
        self,
        theta: ArrayLike,
        cotangent: ArrayLike,
        tangent: ArrayLike,
        method: _Method,
        *,
        first_row: SupportsIndex = 0,
        with_error: Literal[False] = False,
        out: _Array | None = None,
    ) -> _Array: ...
    @overload
    def vjp_jacobian_product(
        self,
        theta: ArrayLike,
        cotangent: ArrayLike,
        tangent: ArrayLike,
        method: MonteCarlo,
        *,
        first_row: SupportsIndex = 0,
        with_error: Literal[True],
        out: None = None,
    ) -> tuple[_Array, _Array]: ...
    @overload
    def epsilon_derivative(
        self,
        theta: ArrayLike,
        method: _Method,
        *,
        first_row: SupportsIndex = 0,
        with_error: Literal[False] = False,
        out: _Array | None = None,
    ) -> _Numbers: ...
    @overload
    def epsilon_derivative(
        self,
        theta: ArrayLike,
        method: MonteCarlo,
        *,
        first_row: SupportsIndex = 0,
        with_error: Literal[True],
        out: None = None,
    ) -> tuple[_Numbers, _Numbers]: ...
    @overload
    def epsilon_loss_derivative(
        self,
        theta: ArrayLike,
        target: ArrayLike,
        method: _Method,
        *,
        first_row: SupportsIndex = 0,
        with_error: Literal[False] = False,
        out: _Array | None = None,
    ) -> _Numbers: ...
    @overload
    def epsilon_loss_derivative(
        self,
        theta: ArrayLike,
        target: ArrayLike,
        method: MonteCarlo,
        *,
        first_row: SupportsIndex = 0,
        with_error: Literal[True],
        out: None = None,
    ) -> tuple[_Numbers, _Numbers]: ...
    @overload
    def fenchel_young(
        self,
        theta: ArrayLike,
        target: ArrayLike,
        method: _Method,
        *,
        first_row: SupportsIndex = 0,
        with_error: Literal[False] = False,
        out: tuple[_Array, _Array] | None = None,
    ) -> tuple[_Numbers, _Array]: ...
    @overload
    def fenchel_young(
        self,
        theta: ArrayLike,
        target: ArrayLike,
        method: MonteCarlo,
        *,
        first_row: SupportsIndex = 0,
        with_error: Literal[True],
        out: None = None,
    ) -> tuple[tuple[_Numbers, _Array], tuple[_Numbers, _Array]]: ...
    @overload
    def fenchel_young_without_omega(
        self,
        theta: ArrayLike,
        target: ArrayLike,
        method: _Method,
        *,
        first_row: SupportsIndex = 0,
        with_error: Literal[False] = False,
        out: tuple[_Array, _Array] | None = None,
    ) -> tuple[_Numbers, _Array]: ...
    @overload
    def fenchel_young_without_omega(
        self,
        theta: ArrayLike,
        target: ArrayLike,
        method: MonteCarlo,
        *,
        first_row: SupportsIndex = 0,
        with_error: Literal[True],
        out: None = None,
    ) -> tuple[tuple[_Numbers, _Array], tuple[_Numbers, _Array]]: ...
    @overload
    def fenchel_young_gradient(
        self,
        theta: ArrayLike,
        target: ArrayLike,
        method: _Method,
        *,
        first_row: SupportsIndex = 0,
        with_error: Literal[False] = False,
        out: _Array | None = None,
    ) -> _Array: ...
    @overload
    def fenchel_young_gradient(
        self,
        theta: ArrayLike,
        target: ArrayLike,
        method: MonteCarlo,
        *,
        first_row: SupportsIndex = 0,
        with_error: Literal[True],
        out: None = None,
    ) -> tuple[_Array, _Array]: ...
    def omega(
        self, y: ArrayLike, method: _Method, *, first_row: SupportsIndex = 0, out: _Array | None = None
    ) -> _Numbers: ...
    def inverse_maximizer(
        self, y: ArrayLike, method: _Method, *, first_row: SupportsIndex = 0, out: tuple[_Array, _Array] | None = None
    ) -> tuple[_Array, _Numbers]: ...
    def regret(self, theta: ArrayLike, truth: ArrayLike, *, out: _Array | None = None) -> _Numbers: ...
    def spo_plus(
        self, theta: ArrayLike, truth: ArrayLike, *, out: tuple[_Array, _Array] | None = None
    ) -> tuple[_Numbers, _Array]: ...
    def interpolation_gradient(
        self, theta: ArrayLike, cotangent: ArrayLike, lambd: SupportsFloat, *, out: _Array | None = None
    ) -> _Array: ...
    def imle_gradient(
        self,
        theta: ArrayLike,
        cotangent: ArrayLike,
        lambd: SupportsFloat,
        method: MonteCarlo,
        *,
        first_row: SupportsIndex = 0,
        out: _Array | None = None,
    ) -> _Array: ...
    def project(self, theta: ArrayLike, projection: _Projection = "standardize", *, out: _Array | None = None) -> _Array: ...
    def identity_gradient(
        self, theta: ArrayLike, cotangent: ArrayLike, projection: _Projection = "standardize", *, out: _Array | None = None
    ) -> _Array: ...
    def partial_label(
        self,
        theta: ArrayLike,
        agreeing: Oracle | Sequence[Oracle],
        method: MonteCarlo,
        *,
        first_row: SupportsIndex = 0,
        out: tuple[_Array, _Array] | None = None,
    ) -> tuple[_Numbers, _Array]: ...
    def sparse_map(
        self,
        theta: ArrayLike,
        lambd: SupportsFloat = 1.0,
        *,
        steps: SupportsIndex = 1000,
        tolerance: SupportsFloat = 1e-3,
        out: tuple[_Array, _Array, _Array] | None = None,
    ) -> tuple[_Array, _Numbers, _Numbers]: ...
    def sparse_map_loss(
        self,
        theta: ArrayLike,
        target: ArrayLike,
        lambd: SupportsFloat = 1.0,
        *,
        steps: SupportsIndex = 1000,
        tolerance: SupportsFloat = 1e-3,
        out: tuple[_Array, _Array] | None = None,
    ) -> tuple[_Numbers, _Array]: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...
    def __copy__(self) -> Layer: ...
    def __deepcopy__(self, _memo: Any) -> Layer: ...

def check_oracle(oracle: Oracle) -> None: ...
def get_num_threads() -> int: ...
def set_num_threads(threads: SupportsIndex) -> None: ...

@final
class Decisions:
    def __new__(cls, table: _Table, recipe: Recipe) -> Decisions: ...
    def read(self, table: _Table, *, decided: bool = True) -> Decisions: ...
    def __len__(self) -> int: ...
    @property
    def terms(self) -> list[str]: ...
    @property
    def names(self) -> list[str]: ...
    @property
    def alternatives(self) -> list[str]: ...
    @property
    def starts(self) -> NDArray[np.uintp]: ...
    @property
    def rows(self) -> NDArray[np.int64]: ...
    @property
    def features(self) -> _Doubles: ...
    @property
    def targets(self) -> _Doubles: ...
    @property
    def counts(self) -> _Doubles: ...
    @property
    def exact(self) -> bool: ...
    @property
    def options_by_column(self) -> int | None: ...
    @property
    def recipe(self) -> str: ...
    @property
    def digest(self) -> int: ...
    def select(self, places: Sequence[int] | NDArray[Any]) -> Decisions: ...
    def scores(self, weights: ArrayLike) -> _Doubles: ...
    def decide(self, weights: ArrayLike) -> _Doubles: ...
    def maximizer(
        self, weights: ArrayLike, method: _Method, *, noise: _Noise = "gumbel", epsilon: SupportsFloat = 1.0
    ) -> _Doubles: ...
    def judge(
        self, weights: ArrayLike, method: _Method, *, noise: _Noise = "gumbel", epsilon: SupportsFloat = 1.0
    ) -> dict[str, _Doubles]: ...
    def least_squares(self) -> _Doubles: ...
    @staticmethod
    def _pickled(version: str, recipe: str, numbers: bytes) -> Decisions: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class Estimates:
    def __new__(cls, json: str) -> Estimates: ...
    def to_json(self) -> str: ...
    @property
    def terms(self) -> list[str]: ...
    @property
    def weights(self) -> _Doubles: ...
    @property
    def decisions(self) -> int: ...
    @property
    def clusters(self) -> int: ...
    @property
    def steps(self) -> int: ...
    @property
    def loss(self) -> float: ...
    @property
    def log_likelihood(self) -> float | None: ...
    @property
    def null_log_likelihood(self) -> float | None: ...
    @property
    def r_squared(self) -> float | None: ...
    @property
    def aic(self) -> float | None: ...
    @property
    def bic(self) -> float | None: ...
    @property
    def errors_by_default(self) -> _Errors: ...
    def covariance(self, errors: _Errors | None = None) -> _Doubles: ...
    def standard_errors(self, errors: _Errors | None = None) -> _Doubles: ...
    def z(self, errors: _Errors | None = None) -> _Doubles: ...
    def p_values(self, errors: _Errors | None = None) -> _Doubles: ...
    def intervals(self, level: SupportsFloat = 0.95, errors: _Errors | None = None) -> _Doubles: ...
    def ratio(self, a: str, b: str, errors: _Errors | None = None) -> tuple[float, float]: ...
    def likelihood_ratio(self, restricted: Estimates) -> _Test: ...
    def test_of_null(self) -> _Test | None: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class ModelFile:
    @staticmethod
    def of_labels(
        layer: Layer, weights: ArrayLike, bias: ArrayLike, feature_names: Sequence[str], label_names: Sequence[str]
    ) -> ModelFile: ...
    @staticmethod
    def of_options(
        decisions: Decisions,
        weights: ArrayLike,
        noise: str,
        epsilon: SupportsFloat,
        estimates: Estimates | None,
        loss: str,
        seed: SupportsIndex,
    ) -> ModelFile: ...
    @staticmethod
    def load(path: str | os.PathLike[str]) -> ModelFile: ...
    @staticmethod
    def from_bytes(bytes: bytes) -> ModelFile: ...
    def save(self, path: str | os.PathLike[str]) -> None: ...
    def to_bytes(self) -> bytes: ...
    def to_bare_bytes(self) -> bytes: ...
    def to_c_header(self, name: str) -> str: ...
    def to_rust(self) -> str: ...
    @property
    def shared(self) -> bool: ...
    @property
    def weights(self) -> NDArray[np.float32]: ...
    @property
    def exact_weights(self) -> _Doubles: ...
    @property
    def bias(self) -> NDArray[np.float32]: ...
    @property
    def centres(self) -> _Doubles: ...
    @property
    def noise(self) -> _Noise: ...
    @property
    def epsilon(self) -> float: ...
    @property
    def oracle(self) -> tuple[str, int]: ...
    @property
    def feature_names(self) -> list[str]: ...
    @property
    def label_names(self) -> list[str]: ...
    @property
    def estimates(self) -> Estimates | None: ...
    @property
    def provenance(self) -> str: ...
    def scores(self, x: ArrayLike) -> NDArray[np.float32]: ...
    def read(self, table: _Table, decided: bool) -> Decisions: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

def train(
    layer: Layer,
    x: ArrayLike,
    y: ArrayLike,
    loss: str,
    lambd: SupportsFloat,
    method: _Method,
    settings: Training,
    names: tuple[str, Sequence[str], Sequence[str]],
) -> ModelFile: ...
def descend(
    decisions: Decisions,
    training: Training,
    *,
    method: _Method,
    loss: _Loss = "fenchel-young",
    noise: _Noise = "gumbel",
    epsilon: SupportsFloat = 1.0,
    lambd: SupportsFloat = 0.1,
    start: ArrayLike | None = None,
) -> _Doubles: ...
def estimate(
    decisions: Decisions,
    *,
    noise: _Noise = "gumbel",
    epsilon: SupportsFloat = 1.0,
    criterion: _Criterion = "fenchel-young",
    ridge: SupportsFloat = 0.0,
) -> Estimates: ...
def estimates_at(
    decisions: Decisions,
    weights: ArrayLike,
    method: _Method,
    *,
    noise: _Noise = "gumbel",
    epsilon: SupportsFloat = 1.0,
    criterion: _Criterion = "fenchel-young",
) -> Estimates: ...
def elasticities(
    decisions: Decisions,
    weights: ArrayLike,
    terms: Sequence[str],
    *,
    noise: _Noise = "gumbel",
    epsilon: SupportsFloat = 1.0,
) -> list[tuple[str, str, str, float, _Doubles]]: ...
def estimate_scores(layer: Layer, decisions: ArrayLike) -> tuple[_Doubles, _Doubles]: ...
def spearman(a: ArrayLike, b: ArrayLike) -> float | _Doubles: ...
def kendall(a: ArrayLike, b: ArrayLike) -> float | _Doubles: ...
def ndcg(scores: ArrayLike, grades: ArrayLike, k: SupportsIndex = 10) -> float | _Doubles: ...
def average_precision(scores: ArrayLike, grades: ArrayLike) -> float | _Doubles: ...

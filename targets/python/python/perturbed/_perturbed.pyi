"""The compiled part of `perturbed`. What items do is told in their docstrings: `help(perturbed.Layer)`."""

from collections.abc import Sequence
from typing import Any, Literal, SupportsFloat, SupportsIndex, final, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .oracles import Oracle

__all__ = [
    "Cheapest",
    "Exact",
    "Layer",
    "MonteCarlo",
    "PerturbedError",
    "check_oracle",
    "get_num_threads",
    "set_num_threads",
]

# Of the type of theta: float32 or float64. For one instance, a number is a scalar of numpy's.
_Array = NDArray[np.floating[Any]]
_Numbers = np.floating[Any] | _Array
_Control = Literal["baseline", "leave-one-out", "none"]
_Draws = Literal["independent", "antithetic", "quasi-random"]
_Noise = Literal["normal", "gumbel", "laplace", "logistic"]
_Projection = Literal["none", "mean", "standardize"]
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
    def __new__(cls, oracle: Oracle, noise: _Noise = "normal", epsilon: SupportsFloat = 1.0) -> Layer: ...
    @property
    def oracle(self) -> Oracle: ...
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

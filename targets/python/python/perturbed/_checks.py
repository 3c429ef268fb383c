"""What parameters may be: each check takes a name and a value, and returns the value as it is kept."""

import math
import operator
from collections.abc import Callable, Iterable
from typing import SupportsFloat, SupportsIndex, TypeVar, cast

T = TypeVar("T")


def found(x: object) -> str:
    return f"is of type {type(x).__name__}"


def integer(name: str, x: object, bits: int = 53) -> int:
    try:
        whole = operator.index(cast(SupportsIndex, x))
    except TypeError:
        raise TypeError(f"{name} {found(x)}; expected an integer") from None
    if not 0 <= whole < 1 << bits:
        raise ValueError(f"{name} is {whole}; expected 0 to {(1 << bits) - 1}")
    return whole


def word(name: str, x: object) -> int:
    return integer(name, x, 32)


def number(name: str, x: object) -> float:
    try:
        if isinstance(x, (str, bytes)):
            raise TypeError
        value = float(cast(SupportsFloat, x))
    except TypeError:
        raise TypeError(f"{name} {found(x)}; expected a number") from None
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise ValueError(f"{name} is NaN or infinite; it must be finite")
    return value


def flag(name: str, x: object) -> bool:
    if x is True or x is False:
        return x
    if type(x).__name__ in ("bool", "bool_"):  # numpy's
        return bool(x)
    raise TypeError(f"{name} {found(x)}; expected a bool")


def optional(one: Callable[[str, object], T]) -> Callable[[str, object], T | None]:
    return lambda name, x: None if x is None else one(name, x)


def each(one: Callable[[str, object], T], count: int | None = None) -> Callable[[str, object], tuple[T, ...]]:
    def check(name: str, xs: object) -> tuple[T, ...]:
        if isinstance(xs, (str, bytes)) or not isinstance(xs, Iterable):
            raise TypeError(f"{name} {found(xs)}; expected a sequence")
        values = tuple(one(f"{name}[{i}]", x) for i, x in enumerate(xs))
        if count is not None and len(values) != count:
            raise ValueError(f"{name} has {len(values)} entries; expected {count}")
        return values

    return check


def is_text(x: str) -> bool:
    """Whether UTF-8 can hold it, which has no lone surrogates."""
    try:
        x.encode()
    except UnicodeEncodeError:
        return False
    return True


def text(name: str, x: object) -> str:
    if not isinstance(x, str):
        raise TypeError(f"{name} {found(x)}; expected a str")
    if not is_text(x):
        raise ValueError(f"{name} is {x!r}, which is no valid text")
    return x


def one_of(*names: str) -> Callable[[str, object], str]:
    def check(name: str, x: object) -> str:
        if isinstance(x, str) and x in names:
            return x
        kind = ValueError if isinstance(x, str) else TypeError
        raise kind(f"{name} is {x!r}; expected {', '.join(map(repr, names))}")

    return check

"""Tables as people have them, column by column."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._checks import is_text

# Whole numbers beyond are not told apart by float64.
_EXACT = 2**53


def _missing(x: object) -> bool:
    # NaN is not equal to itself; pandas' NA has no truth value.
    return x is None or type(x).__name__ in ("NAType", "NaTType") or (isinstance(x, (float, np.floating)) and x != x)


def _is_code(x: object) -> bool:
    return isinstance(x, (int, np.integer)) and abs(int(x)) > _EXACT


def _number(name: str, row: int, x: Any) -> float:
    if _missing(x) or _is_code(x):
        return np.nan
    try:
        if isinstance(x, (str, bytes, complex, np.ndarray)):
            raise TypeError
        return float(x)
    except (TypeError, ValueError, OverflowError):
        raise TypeError(f"column {name!r} has {x!r} in row {row}; expected numbers alone, or texts alone") from None


def _cells(name: str, cells: list[Any]) -> NDArray[np.float64] | list[str]:
    """Objects: all numbers, or all texts."""
    known = [x for x in cells if not _missing(x)]
    if known and all(isinstance(x, str) for x in known):
        texts = ["" if _missing(x) else x for x in cells]
        if not is_text("".join(texts)):
            row = next(row for row, x in enumerate(texts) if not is_text(x))
            raise ValueError(f"column {name!r} has {texts[row]!r} in row {row}, which is no valid text")
        return texts
    numbers = np.array([_number(name, row, x) for row, x in enumerate(cells)])
    if any(map(_is_code, known)):
        return ["" if _missing(x) else str(x) for x in cells]
    return numbers


def _numbers(numbers: NDArray[Any]) -> NDArray[np.float64] | list[str]:
    # Codes such as those of persons stay different.
    if numbers.dtype.kind in "iu" and numbers.size and (numbers.max() > _EXACT or numbers.min() < -_EXACT):
        return [str(x) for x in numbers]
    return np.ascontiguousarray(numbers, dtype=np.float64)


class Table:
    """Columns by name: of a mapping, or of a DataFrame of pandas or polars."""

    def __init__(self, table: Any) -> None:
        names = getattr(table, "columns", None)
        if names is None or callable(names):
            if not isinstance(table, Mapping):
                raise TypeError(
                    f"table is of type {type(table).__name__}; expected a mapping of columns, or a DataFrame"
                )
            names = table.keys()
        self.names = [name for name in names if isinstance(name, str) and is_text(name)]
        self._table = table

    def column(self, name: str) -> NDArray[np.float64] | list[str]:
        """Numbers with NaN where one is missing, or texts with "" there."""
        if name not in self.names:
            known = ", ".join(map(repr, self.names[:10]))
            raise ValueError(f"the table has no column {name!r}, but {known or 'no column at all'}")
        column = self._table[name]
        if type(getattr(column, "dtype", None)).__name__ in ("CategoricalDtype", "Categorical", "Enum"):
            column = list(column)
        if isinstance(column, (list, tuple)):
            return _cells(name, list(column))
        array = np.asarray(column)
        if array.ndim != 1:
            raise ValueError(f"column {name!r} has {array.ndim} dimensions; expected 1")
        if array.dtype.kind in "OUT":
            return _cells(name, array.tolist())
        if array.dtype.kind not in "biuf":
            raise TypeError(f"column {name!r} has dtype {array.dtype}; expected numbers or texts")
        return _numbers(array)

    def __len__(self) -> int:
        """The number of rows, which is that of every column."""
        columns = ((name, self._table[name]) for name in self.names)
        lengths = {name: len(column) if hasattr(column, "__len__") else 0 for name, column in columns}
        for name, length in lengths.items():
            if length != lengths[self.names[0]]:
                raise ValueError(f"column {name!r} has {length} rows; expected {lengths[self.names[0]]}, as {self.names[0]!r} has")
        return lengths[self.names[0]] if self.names else 0

"""Decisions among options: how the rows of a table become decisions.

>>> from perturbed import Decisions, Recipe, estimate
>>> trips = {
...     "trip": [1, 1, 2, 2, 3, 3, 4, 4],
...     "mode": ["air", "car"] * 4,
...     "cost": [90, 50, 60, 50, 40, 60, 50, 40],
...     "took": [0, 1, 1, 0, 1, 0, 0, 1],
... }
>>> decisions = Decisions(trips, Recipe(features="cost / 100", group="trip", chosen="took"))
>>> estimate(decisions).weights.round(2)
array([-8.76])
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

from ._checks import each, flag, integer, one_of, optional, text, word

__all__ = ["Recipe"]

_KINDS = ("pick", "pick-k", "rank", "each", "route", "assign", "span", "pack", "flow", "tour")


def _several(one: Callable[[str, object], str]) -> Callable[[str, object], tuple[str, ...]]:
    """A str stands for itself alone."""
    return lambda name, x: (x,) if isinstance(x, str) else each(one)(name, x)


def _pair(name: str, x: object) -> tuple[Any, ...]:
    return each(text, 2)(name, x)


def _limit(name: str, x: object) -> tuple[str, int]:
    values = tuple(x) if isinstance(x, Sequence) and not isinstance(x, str) else ()
    if len(values) != 2:
        raise ValueError(f'{name} is {x!r}; expected a column and a number such as ("brand", 2)')
    return text(f"{name}[0]", values[0]), word(f"{name}[1]", values[1])


_CHECKS: dict[str, Callable[[str, object], object]] = {
    "decide": one_of(*_KINDS),
    **dict.fromkeys(("features", "constants", "interactions", "options"), _several(text)),
    **dict.fromkeys(
        ("reference", "group", "alternatives", "chosen", "one_of", "ranks", "grades", "worth", "where", "available",
         "count", "cluster"),
        optional(text),
    ),
    **dict.fromkeys(("pattern", "weight"), text),
    **dict.fromkeys(("edges", "cells", "ends"), optional(_pair)),
    "straight": flag,
    "k": optional(integer),
    "limit": optional(_limit),
    "units": integer,
    "capacity": optional(word),
}  # fmt: skip
# The kinds of decisions that a parameter is of; elsewhere it would be ignored.
_OF: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("k", "limit"), ("pick-k",)),
    "edges": ("route", "assign", "span", "flow", "tour"),
    **dict.fromkeys(("cells", "straight"), ("route",)),
    "ends": ("route", "flow"),
    "units": ("flow",),
    **dict.fromkeys(("weight", "capacity"), ("pack",)),
}
_TARGETS = ("chosen", "one_of", "ranks", "grades", "worth")


@dataclass(frozen=True, kw_only=True, repr=False)
class Recipe:
    """How the rows of a table become decisions among options, with the names that `perturb train` has for it.

    Option e of a decision has the score theta_e = <w, phi_e>: phi_e are features in its row, w one vector of weights for all options.

    **Rows.** With `group` a row of the table is an option. With `options` it is a decision: it stands for as many rows as there are
    options, in their order, in which the column COST is TRAIN_COST, then CAR_COST, the columns `alternatives` (by default "option") and
    `alternatives`.number name and number the option from 1, and all other columns are repeated. What an option has no column of is missing.
    Expressions are of these rows. Errors name rows of the table, counted from 0, and the option; `Decisions.rows` has
    row * len(options) + option.

    **Expressions** are such as "minutes / 60" and "cost * (ticket == 0)":

    - columns by their names, in backquotes if these have other characters than letters, digits, "_" and ".": `in vehicle`;
    - numbers, and texts in quotes: 1.5, 'car' or "car";
    - + - * / ^, parentheses; -x^2 is -(x^2);
    - == != < <= > >=, of texts == and !=, which are 1 where they hold and 0 elsewhere; && || and ! of such;
    - ln(x), log1p(x), exp(x), sqrt(x), abs(x), min(x, y), max(x, y), missing(x), if(condition, x, y).

    What is computed from a missing value is missing, even 0 times it; missing(x) is 1 where x is. `if` looks at the value that it takes
    alone. A term that is missing or infinite is refused where its row is used, so that "where" may leave it out. At most 1,000 bytes.

    decide : {"pick", "pick-k", "rank", "each", "route", "assign", "span", "pack", "flow", "tour"}
        How a decision is made among the options of a group.
    features : str or sequence of str
        Expressions, separated by commas; NAME = EXPRESSION gives a term a name. A column of texts stands for one term a value; so does one
        with whole numbers beyond 2**53, which are taken for codes.
    constants : str or sequence of str
        Columns whose values have a constant each, but for the reference: alternative-specific constants.
    interactions : str or sequence of str
        Products of an expression and the constants of a column, or one of these, such as "income:mode" and "income:mode=air".
    reference : str, optional
        The value without a constant, by default the first.
    group : str, optional
        The column that says to which decision a row belongs: a row is an option.
    options : sequence of str
        Instead of `group`: the options of a table with a row a decision, and columns such as TRAIN_TIME and CAR_TIME.
    pattern : str
        How columns by option are named, such as "{column}.{option}" for COST.TRAIN.
    alternatives : str, optional
        The column that names the options; with `options` by default "option".
    chosen : str, optional
        What was chosen: an expression that is 1 for it and 0 elsewhere; with `options` also a column that names or numbers it.
    one_of : str, optional
        What may have been chosen: an expression that is 1 for the options one of which was.
    ranks : str, optional
        Ranks, an expression, 1 for the best. Equal ranks leave the order open; options without a rank come after all others.
    grades : str, optional
        Grades to rank by, an expression, the larger the better.
    worth : str, optional
        What options turned out to be worth, an expression such as "-cost": what was decided is the decision that is worth most.
    where, available : str, optional
        Expressions: rows where `where` is 0 are left out; options cannot be chosen where `available` is 0.
    count : str, optional
        How much a decision counts, an expression of at least 0, the same in all its rows, in any unit; by default 1.
    cluster : str, optional
        The column that says which decisions belong together, such as those of one person.
    k : int, optional
        Of "pick-k": how many options are picked, by default as many as were chosen.
    limit : (str, int), optional
        Of "pick-k": a column that names the class of an option, and how many of each may be picked.
    edges : (str, str), optional
        The columns of the two ends of an edge, a pair or a leg, by default from and to; of "assign" row and column.
    cells : (str, str), optional
        Of "route": the columns of a grid's rows and columns, by default row and column where there are no edges.
    straight : bool
        Routes over cells may not step to diagonal neighbours.
    ends : (str, str), optional
        The first and the last node of routes and flows, by default those without edges to and from them.
    units : int
        Of "flow": how many units flow.
    weight : str
        Of "pack": the column of weights, whole numbers.
    capacity : int, optional
        Of "pack": the largest total weight.
    """

    decide: Literal["pick", "pick-k", "rank", "each", "route", "assign", "span", "pack", "flow", "tour"] = "pick"
    features: str | Sequence[str] = ()
    constants: str | Sequence[str] = ()
    interactions: str | Sequence[str] = ()
    reference: str | None = None
    group: str | None = None
    options: Sequence[str] = ()
    pattern: str = "{option}_{column}"
    alternatives: str | None = None
    chosen: str | None = None
    one_of: str | None = None
    ranks: str | None = None
    grades: str | None = None
    worth: str | None = None
    where: str | None = None
    available: str | None = None
    count: str | None = None
    cluster: str | None = None
    k: int | None = None
    limit: tuple[str, int] | None = None
    edges: tuple[str, str] | None = None
    cells: tuple[str, str] | None = None
    straight: bool = False
    ends: tuple[str, str] | None = None
    units: int = 1
    weight: str = "weight"
    capacity: int | None = None

    def __post_init__(self) -> None:
        """Checks the parameters."""
        for field in fields(self):
            object.__setattr__(self, field.name, _CHECKS[field.name](field.name, getattr(self, field.name)))
        if (self.group is None) == (not self.options):
            raise ValueError("expected either group, the column of decisions, or options, those of columns by option")
        if not self.options and self.pattern != type(self).pattern:
            raise ValueError("pattern belongs to options, those of columns by option")
        for field in fields(self):
            kinds = _OF.get(field.name, _KINDS)
            if self.decide not in kinds and getattr(self, field.name) != field.default:
                raise ValueError(f"{field.name} belongs to decide={' or '.join(map(repr, kinds))}, not to {self.decide!r}")
        for names in _TARGETS, ("edges", "cells"), ("ends", "cells"), ("straight", "edges"):
            given = [name for name in names if getattr(self, name) not in (None, False)]
            if len(given) > 1:
                raise ValueError(f"{given[0]} and {given[1]} exclude each other")
        if self.decide == "pack" and self.capacity is None:
            raise ValueError('decide="pack" needs capacity')
        for product in self.interactions:
            if ":" not in product:
                raise ValueError(f"interactions has {product!r}; expected EXPRESSION:COLUMN such as income:mode")

    def __repr__(self) -> str:
        given = ((field, getattr(self, field.name)) for field in fields(self))
        return f"Recipe({', '.join(f'{field.name}={value!r}' for field, value in given if value != field.default)})"

    @property
    def is_decided(self) -> bool:
        """Whether it tells what was decided."""
        return any(getattr(self, name) is not None for name in _TARGETS)

    def _decide(self, columns: Sequence[str]) -> str:
        """The decision in the library's JSON, for a table with these columns."""
        return json.dumps(self._kind(columns))

    def _kind(self, columns: Sequence[str]) -> Any:
        edges, ends = self.edges or ("from", "to"), self.ends
        match self.decide:
            case "pick-k":
                return {"pick-k": {"k": self.k, "limits": self.limit}}
            case "route" if self.cells or not (self.edges or {"from", "to"} <= set(columns)):
                if ends:
                    raise ValueError("ends belongs to routes along edges, and the table has no columns from and to")
                return {"cells": {"at": self.cells or ("row", "column"), "diagonal": not self.straight}}
            case "route":
                if self.straight:
                    raise ValueError("straight belongs to routes over cells, and the table has columns from and to, of edges")
                return {"route": {"columns": edges, "ends": ends}}
            case "flow":
                return {"flow": {"edges": {"columns": edges, "ends": ends}, "units": self.units}}
            case "assign":
                return {"assign": {"pairs": self.edges or ("row", "column")}}
            case "span":
                return {"span": {"edges": edges}}
            case "pack":
                return {"pack": {"weight": self.weight, "capacity": self.capacity}}
            case "tour":
                return {"tour": {"legs": edges}}
            case simple:
                return simple

"""Oracles: what is decided, y*(theta) = argmax over C of <y, theta>, as values.

An oracle checks its parameters when it is made. Sequences and arrays become tuples, so that oracles can be compared, hashed and
pickled. `shape` is the shape of theta and of decisions. Costs enter as theta = -costs.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, cast

from numpy.typing import NDArray

from . import _perturbed
from ._checks import each, flag, found, integer, number, optional, word

__all__ = [
    "Assignment",
    "BlackBox",
    "DagPath",
    "Flow",
    "GridPath",
    "GroupTopK",
    "Hypercube",
    "Knapsack",
    "Oracle",
    "Ranking",
    "ShortestPath",
    "Simplex",
    "SpanningTree",
    "TopK",
    "Tour",
]

Integers = Sequence[int] | NDArray[Any]
Numbers = Sequence[float] | NDArray[Any]
Edges = Sequence[tuple[int, int]] | NDArray[Any]


_CHECKS: dict[str, Callable[[str, object], object]] = {
    **dict.fromkeys(("dim", "k", "cities", "sweeps", "rows", "columns", "nodes", "units"), integer),
    **dict.fromkeys(("source", "sink", "capacity"), word),
    **dict.fromkeys(("groups", "limits", "weights"), each(word)),
    **dict.fromkeys(("start", "goal"), each(integer, 2)),
    **dict.fromkeys(("sign", "diagonal", "warm_start", "batched", "maximise"), flag),
    "reference": each(number),
    "edges": each(each(word, 2)),
    "labels": each(optional(flag)),
    "floor": optional(number),
}


class Oracle:
    """What all oracles have in common."""

    _kind: ClassVar[str | None] = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of theta and of decisions: (d,), or (rows, columns)."""
        raise NotImplementedError

    def __post_init__(self) -> None:
        for name in self._names():
            if name in _CHECKS:
                object.__setattr__(self, name, _CHECKS[name](name, getattr(self, name)))
        _perturbed.check_oracle(self)

    def _names(self) -> list[str]:
        return [field.name for field in fields(cast(Any, self))]

    def _spec(self) -> str | None:
        """The description that the library reads; None for a black box."""
        if self._kind is None:
            return None
        return json.dumps({self._kind: {name: getattr(self, name) for name in self._names()}})


@dataclass(frozen=True)
class Simplex(Oracle):
    """Pick one of `dim`: y is the unit vector of the largest score, the first of equal ones.

    C = {y >= 0, <1, y> = 1}. Scores of -inf forbid entries. With Gumbel noise y_eps is the softmax of theta / eps.
    """

    _kind = "simplex"
    dim: int

    @property
    def shape(self) -> tuple[int]:
        """(dim,)."""
        return (self.dim,)


@dataclass(frozen=True)
class TopK(Oracle):
    """Pick `k` of `dim`: y marks the k largest scores with 1.

    C = {0 <= y <= 1, <1, y> = k}. Scores of -inf forbid entries.
    """

    _kind = "top-k"
    dim: int
    k: int

    @property
    def shape(self) -> tuple[int]:
        """(dim,)."""
        return (self.dim,)


@dataclass(frozen=True)
class GroupTopK(Oracle):
    """Pick `k` entries, and of each group no more than its limit: y marks them with 1.

    groups : sequence of d ints
        The group of each entry, counted from 0.
    limits : sequence of ints
        The limit of each group.
    """

    _kind = "group-top-k"
    groups: Integers
    limits: Integers
    k: int

    @property
    def shape(self) -> tuple[int]:
        """(d,), one entry for each of `groups`."""
        return (len(self.groups),)


@dataclass(frozen=True)
class Hypercube(Oracle):
    """Independent decisions: y_i = 1 where theta_i > 0, otherwise 0, or -1 with `sign`.

    C = [0, 1]^dim or [-1, 1]^dim.
    """

    _kind = "hypercube"
    dim: int
    sign: bool = False

    @property
    def shape(self) -> tuple[int]:
        """(dim,)."""
        return (self.dim,)


@dataclass(frozen=True, repr=False)
class Ranking(Oracle):
    """Rank: y gives the largest entry of a reference vector to the largest score, and so on.

    C is the permutahedron, the convex hull of all orders of the reference vector.

    reference : int or sequence of floats
        The reference vector, in any order; d stands for (1, ..., d), in which the largest score has rank d.
    """

    _kind = "ranking"
    reference: int | Numbers

    def __post_init__(self) -> None:
        """Writes an int as the vector that it stands for, and any order as the ascending one."""
        if isinstance(self.reference, Iterable) and getattr(self.reference, "shape", None) != ():
            reference = sorted(each(number)("reference", self.reference))
        else:
            reference = [float(rank + 1) for rank in range(integer("reference", self.reference, 32))]
        object.__setattr__(self, "reference", tuple(reference))
        super().__post_init__()

    def __repr__(self) -> str:
        ascending = self.reference == tuple(range(1, self.shape[0] + 1))
        return f"Ranking({self.shape[0] if ascending else self.reference})"

    @property
    def shape(self) -> tuple[int]:
        """(d,), one entry for each of `reference`."""
        return (len(cast(Numbers, self.reference)),)


@dataclass(frozen=True)
class Tour(Oracle):
    """A round trip through `cities`: y marks the edges {i, j}, i < j, in the order (0, 1), (0, 2), ..., (1, 2), ...

    theta = -lengths. A heuristic: nearest insertion, improved by up to `sweeps` sweeps of 2-opt and Or-opt. d is
    cities * (cities - 1) / 2.
    """

    _kind = "tour"
    cities: int
    sweeps: int = 10

    @property
    def shape(self) -> tuple[int]:
        """(cities * (cities - 1) / 2,)."""
        return (self.cities * (self.cities - 1) // 2,)


@dataclass(frozen=True)
class GridPath(Oracle):
    """The cheapest path over cells of a grid: y marks the cells visited, both ends included.

    theta = -costs of cells, of shape (rows, columns) or flat, row by row.

    diagonal : bool
        Whether a step may go to diagonal neighbours.
    start, goal : (int, int)
        Row and column of the ends, by default the first and the last cell.
    floor : float or None
        What the search does about negative costs: a positive number is the least cost, 0.0 stands for one relative to
        the least positive cost, None refuses them.
    """

    _kind = "grid-path"
    rows: int
    columns: int
    diagonal: bool = True
    start: tuple[int, int] = (0, 0)
    goal: tuple[int, int] | None = None
    floor: float | None = 0.0

    def __post_init__(self) -> None:
        """Names the goal."""
        if self.goal is None:
            rows, columns = integer("rows", self.rows), integer("columns", self.columns)
            object.__setattr__(self, "goal", (max(rows - 1, 0), max(columns - 1, 0)))
        super().__post_init__()

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return (self.rows, self.columns)


@dataclass(frozen=True)
class _Graph(Oracle):
    nodes: int
    edges: Edges

    @property
    def shape(self) -> tuple[int]:
        """(the number of edges,)."""
        return (len(self.edges),)


@dataclass(frozen=True)
class DagPath(_Graph):
    """The best path from `source` to `sink` in a directed graph without cycles: y marks its edges.

    Scores have any sign; -inf forbids an edge.

    nodes : int
        How many nodes there are.
    edges : sequence of (int, int)
        Tail and head of each edge; an array of shape (d, 2) will do.
    """

    _kind = "dag-path"
    source: int
    sink: int


@dataclass(frozen=True)
class ShortestPath(_Graph):
    """The cheapest path from `source` to `sink` in a directed graph: y marks its edges.

    theta = -costs. Parameters are those of `DagPath`; `floor` is that of `GridPath`.
    """

    _kind = "shortest-path"
    source: int
    sink: int
    floor: float | None = 0.0


@dataclass(frozen=True)
class Flow(_Graph):
    """The best flow of `units` from `source` to `sink` over edges that carry one unit each: y marks its edges.

    theta = -costs. Parameters are those of `DagPath`.
    """

    _kind = "flow"
    source: int
    sink: int
    units: int


@dataclass(frozen=True)
class Assignment(Oracle):
    """Match rows with columns, one to one: y is the 0/1 matrix of the pairs.

    theta has shape (rows, columns) or is flat, row by row. Scores of -inf forbid pairs.

    warm_start : bool
        Whether estimates start from the prices of the unperturbed scores.
    """

    _kind = "assignment"
    rows: int
    columns: int
    warm_start: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return (self.rows, self.columns)


@dataclass(frozen=True)
class SpanningTree(_Graph):
    """The best spanning tree of an undirected graph, or its best forest: y marks its edges.

    labels : sequence of bool or None
        For each edge whether it belongs to the tree, None where that is free. By default all are free.
    """

    _kind = "spanning-tree"
    labels: Sequence[bool | None] | None = None

    def __post_init__(self) -> None:
        """Names the labels."""
        if self.labels is None and isinstance(self.edges, Iterable):
            object.__setattr__(self, "edges", tuple(self.edges))
            object.__setattr__(self, "labels", (None,) * len(self.edges))
        super().__post_init__()


@dataclass(frozen=True)
class Knapsack(Oracle):
    """The most valuable items whose weights do not exceed `capacity`: y marks them with 1.

    weights : sequence of d ints
    """

    _kind = "knapsack"
    weights: Integers
    capacity: int

    @property
    def shape(self) -> tuple[int]:
        """(d,), one entry for each of `weights`."""
        return (len(self.weights),)


@dataclass(frozen=True)
class BlackBox(Oracle):
    """Any solver: a function of Python.

    Its exceptions reach the caller of the layer as they are. It runs on the caller's thread. Black boxes are equal if their
    solvers are, and are pickled with a reference to the solver.

    dim : int
        d, the number of scores and of entries of a decision.
    solver : callable
        From scores of shape (n, d) to n decisions of that shape, which do not depend on each other; or, without `batched`,
        from scores of shape (d,) to one. Scores are an array of its own, of the type that the layer computes in.
    batched : bool
        Whether the solver takes many problems at once: all rows and samples of a call.
    maximise : bool
        Whether the solver maximises <y, scores>; otherwise it is given costs, which it minimises.
    """

    dim: int
    solver: Callable[[NDArray[Any]], Any]
    batched: bool = True
    maximise: bool = True

    def __post_init__(self) -> None:
        """Checks the solver."""
        if not callable(self.solver):
            raise TypeError(f"solver {found(self.solver)}; expected a function")
        super().__post_init__()

    @property
    def shape(self) -> tuple[int]:
        """(dim,)."""
        return (self.dim,)

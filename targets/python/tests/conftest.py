"""What tests share: every oracle with scores to decide on, as the library's own tests have them."""

from collections.abc import Iterator

import numpy as np
import pytest

import perturbed
from perturbed import (
    Assignment,
    BlackBox,
    DagPath,
    Flow,
    GridPath,
    GroupTopK,
    Hypercube,
    Knapsack,
    Oracle,
    Ranking,
    ShortestPath,
    Simplex,
    SpanningTree,
    TopK,
    Tour,
)

CLASSES = [-0.6, 1.9, -0.2, 1.1, -1.0]
LABELS = [-0.8, 0.6, 1.2, -1.0, -0.7, 0.6, 1.1, -1.0, 0.4]
EDGES = [(0, 1), (0, 2), (0, 1), (1, 2), (1, 3), (2, 3), (2, 4), (3, 4), (1, 4)]
COSTS = [label - 1.5 for label in LABELS]


def largest(scores: np.ndarray) -> np.ndarray:
    """Argmax of each problem."""
    decisions = np.zeros_like(scores)
    decisions[np.arange(len(scores)), scores.argmax(axis=1)] = 1
    return decisions


ORACLES: dict[str, tuple[Oracle, list[float]]] = {
    "simplex": (Simplex(5), CLASSES),
    "top-k": (TopK(5, 2), CLASSES),
    "hypercube": (Hypercube(3, sign=True), [0.3, -0.7, 1.1]),
    "ranking": (Ranking(9), LABELS),
    "group top-k": (GroupTopK([0, 1, 2, 0, 1, 2, 0, 1, 2], [1, 2, 1], 3), LABELS),
    "binary hypercube": (Hypercube(5), CLASSES),
    "uneven ranking": (Ranking([0.0, 1.0, 4.0, 9.0, -2.5]), CLASSES),
    "tour": (Tour(5, 10), [-1.0, -0.4, -1.3, -0.9, -0.5, -1.1, -0.4, -1.6, -0.7, -0.2]),
    "grid path": (GridPath(3, 3), COSTS),
    "grid path by four": (GridPath(3, 3, diagonal=False), COSTS),
    "shortest path": (ShortestPath(5, EDGES, 0, 4), COSTS),
    "dag path": (DagPath(5, EDGES, 0, 4), LABELS),
    "spanning tree": (SpanningTree(5, EDGES), LABELS),
    "assignment": (Assignment(3, 3), LABELS),
    "warm assignment": (Assignment(3, 3, warm_start=True), LABELS),
    "wide assignment": (Assignment(2, 4), [-0.8, 0.6, 1.2, -1.0, -0.7, 0.6, 1.1, -1.0]),
    "knapsack": (Knapsack([3, 5, 2, 4, 1, 6, 3, 2, 5], 12), LABELS),
    "flow": (Flow(5, EDGES, 0, 4, 2), LABELS),
    "black box": (BlackBox(5, largest), CLASSES),
}
NOISES = ("gumbel", "normal", "logistic", "laplace")


@pytest.fixture(params=[1, 2, 3])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    """Numbers of threads."""
    before = perturbed.get_num_threads()
    perturbed.set_num_threads(request.param)
    yield request.param
    perturbed.set_num_threads(before)

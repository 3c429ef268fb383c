"""Discrete decisions as layers that learn by gradient descent.

A decision y*(theta) = argmax_y <y, theta> is perturbed by noise, y_eps(theta) = E[y*(theta + eps Z)], and so has
derivatives (Berthet et al. 2020, *Learning with Differentiable Perturbed Optimizers*).

>>> import numpy as np
>>> from perturbed import Exact, Layer, MonteCarlo, Ranking
>>> layer = Layer(Ranking(3), noise="normal", epsilon=0.5)
>>> theta = np.array([0.3, -0.2, 1.0])
>>> layer.decide(theta)
array([2., 1., 3.])
>>> loss, gradient = layer.fenchel_young(theta, [1.0, 2.0, 3.0], MonteCarlo(1000, seed=1))
>>> bool(loss > 0)
True
"""

from . import metrics, plot
from ._perturbed import (
    Cheapest,
    Decisions,
    Estimates,
    Exact,
    Layer,
    MonteCarlo,
    PerturbedError,
    descend,
    elasticities,
    estimate,
    estimate_scores,
    estimates_at,
    get_num_threads,
    set_num_threads,
)
from .decisions import Recipe
from .model import Model
from .oracles import (
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
from .training import Training, train

__all__ = [
    "Assignment",
    "BlackBox",
    "Cheapest",
    "DagPath",
    "Decisions",
    "Estimates",
    "Exact",
    "Flow",
    "GridPath",
    "GroupTopK",
    "Hypercube",
    "Knapsack",
    "Layer",
    "Model",
    "MonteCarlo",
    "Oracle",
    "PerturbedError",
    "Ranking",
    "Recipe",
    "ShortestPath",
    "Simplex",
    "SpanningTree",
    "TopK",
    "Tour",
    "Training",
    "descend",
    "elasticities",
    "estimate",
    "estimate_scores",
    "estimates_at",
    "get_num_threads",
    "metrics",
    "plot",
    "set_num_threads",
    "train",
]

"""PyEPO's perturbed modules over this package: a script changes one import.

    from pyepo.func import perturbedFenchelYoung      becomes      from perturbed.pyepo import perturbedFenchelYoung

Modules have PyEPO's names, arguments, signs and answers: costs that the model's `modelSense` minimises or maximises. Its shortest paths
on grids, and its knapsacks with one capacity, are solved by this package's own oracles, on all threads, but for knapsacks whose weights are
fine beside the capacity; these and every other `optModel`, also one derived from PyEPO's, by its own `setObj` and `solve`, one problem after
the other, on the calling thread.

What differs: noise is named by the seed, the step and the row, and not drawn from a generator, so that a training may be resumed
(`perturbed.torch` tells how); every instance is solved in every step, and `solve_ratio` below 1 is refused; `processes` does not matter.
I-MLE has Gumbel noise, and not sums of Gamma variables.

Written for PyEPO 2.2.
"""

import warnings
from typing import Any, Literal

import numpy as np
from pyepo import EPO
from pyepo.model.bases import knapsackBase, shortestPathBase
from pyepo.model.opt import optModel
from torch import Tensor, nn

from . import BlackBox, DagPath, Knapsack, Layer, MonteCarlo, Oracle
from .torch import FenchelYoungLoss, Identity, ImplicitMLE, Interpolation, PerturbedLayer, SPOPlusLoss

__all__ = [
    "SPOPlus",
    "blackboxOpt",
    "implicitMLE",
    "negativeIdentity",
    "oracle_of",
    "perturbedFenchelYoung",
    "perturbedOpt",
]

_Reduction = Literal["mean", "sum", "none"]


class _Solver:
    """An optModel as a function of its costs."""

    def __init__(self, model: optModel) -> None:
        self.model = model

    def __call__(self, costs: Any) -> Any:
        self.model.setObj(costs)
        solution, _ = self.model.solve()
        return np.asarray(solution, dtype=np.float64)


# The largest table of a knapsack, items times capacity, that is faster than a general solver.
_TABLE = 10**7


def _whole(weights: Any, capacity: float) -> tuple[list[int], int] | None:
    """Weights and capacity in units in which they are whole numbers, if these are few."""
    numbers = np.append(np.asarray(weights, dtype=np.float64), capacity)
    for unit in (1, 10, 100, 1000, 10_000):
        scaled = np.round(numbers * unit)
        if not (np.all(scaled >= 0) and np.all(scaled < 2**31) and len(scaled) * scaled[-1] <= _TABLE):
            return None
        if np.allclose(scaled, numbers * unit, rtol=0, atol=1e-9 * unit):
            return [int(weight) for weight in scaled[:-1]], int(scaled[-1])
    return None


def oracle_of(optmodel: optModel) -> Oracle:
    """The oracle of a model: one of this package's where it has the problem, otherwise the model as a BlackBox.

    Scores are -costs where the model minimises, and costs where it maximises.
    """
    if not isinstance(optmodel, optModel):
        raise TypeError(f"optmodel is of type {type(optmodel).__name__}; expected a pyepo.model.opt.optModel")
    # What a class of others adds to the problem is not seen here.
    plain = type(optmodel).__module__.startswith("pyepo.") and not getattr(optmodel, "_extra_constrs", ())
    if plain and isinstance(optmodel, shortestPathBase) and optmodel.modelSense == EPO.MINIMIZE:
        nodes = optmodel.grid[0] * optmodel.grid[1]
        return DagPath(nodes, optmodel.arcs, 0, nodes - 1)
    relaxed = type(optmodel).__name__.endswith("Rel")
    if plain and not relaxed and isinstance(optmodel, knapsackBase) and len(optmodel.capacity) == 1:
        whole = _whole(optmodel.weights[0], optmodel.capacity[0])
        if whole is not None and optmodel.modelSense == EPO.MAXIMIZE:
            return Knapsack(*whole)
    maximise = optmodel.modelSense == EPO.MAXIMIZE
    return BlackBox(optmodel.num_cost, _Solver(optmodel), batched=False, maximise=maximise)


class _Module(nn.Module):
    """What all modules have in common: a layer for the model, and its signs."""

    def __init__(self, optmodel: optModel, sigma: float, noise: Any, solve_ratio: float, dataset: Any) -> None:
        super().__init__()
        if solve_ratio != 1:
            raise ValueError(f"solve_ratio is {solve_ratio}; expected 1: every instance is solved in every step")
        if dataset is not None:
            warnings.warn("dataset is for solve_ratio below 1, and not used", stacklevel=3)
        self.optmodel = optmodel
        self.layer = Layer(oracle_of(optmodel), noise, sigma)
        self.sign = 1 if optmodel.modelSense == EPO.MAXIMIZE else -1

    def scores(self, cost: Tensor) -> Tensor:
        """theta of costs, of those that are known, too, if only some are predicted."""
        full = getattr(self.optmodel, "_fullCost", None)
        return self.sign * (cost if full is None else full(cost))


class perturbedFenchelYoung(_Module):
    """The perturbed Fenchel-Young loss without its constant, F_eps(theta) - <theta, y>."""

    def __init__(
        self,
        optmodel: optModel,
        n_samples: int = 10,
        sigma: float = 1.0,
        processes: int = 1,
        seed: int = 135,
        solve_ratio: float = 1.0,
        reduction: _Reduction = "mean",
        dataset: Any = None,
    ) -> None:
        super().__init__(optmodel, sigma, "normal", solve_ratio, dataset)
        self.loss = FenchelYoungLoss(self.layer, MonteCarlo(n_samples, seed), reduction, omega=False)

    def forward(self, pred_cost: Tensor, true_sol: Tensor) -> Tensor:
        """The loss of optimal solutions."""
        theta = self.scores(pred_cost)
        found: Tensor = self.loss(theta, true_sol.to(theta.dtype))
        return found


class perturbedOpt(_Module):
    """The expected solution under noise."""

    def __init__(
        self,
        optmodel: optModel,
        n_samples: int = 10,
        sigma: float = 1.0,
        processes: int = 1,
        seed: int = 135,
        variance_reduction: bool = True,
        solve_ratio: float = 1.0,
        dataset: Any = None,
    ) -> None:
        super().__init__(optmodel, sigma, "normal", solve_ratio, dataset)
        control: Any = "leave-one-out" if variance_reduction and n_samples > 1 else "none"
        self.smooth = PerturbedLayer(self.layer, MonteCarlo(n_samples, seed, control))

    def forward(self, pred_cost: Tensor) -> Tensor:
        """y_eps of each row."""
        found: Tensor = self.smooth(self.scores(pred_cost))
        return found


class implicitMLE(_Module):
    """I-MLE: the expected solution, with the gradient towards a target distribution, of one side."""

    def __init__(
        self,
        optmodel: optModel,
        n_samples: int = 10,
        sigma: float = 1.0,
        lambd: float = 10,
        distribution: Any = None,
        two_sides: bool = False,
        processes: int = 1,
        solve_ratio: float = 1.0,
        dataset: Any = None,
        seed: int = 135,
    ) -> None:
        if distribution is not None or two_sides:
            raise ValueError("expected distribution=None, which is Gumbel noise, and two_sides=False")
        super().__init__(optmodel, sigma, "gumbel", solve_ratio, dataset)
        self.smooth = ImplicitMLE(self.layer, MonteCarlo(n_samples, seed), lambd)

    def forward(self, pred_cost: Tensor) -> Tensor:
        """The mean of sampled solutions of each row."""
        found: Tensor = self.smooth(self.scores(pred_cost))
        return found


class SPOPlus(_Module):
    """The SPO+ loss: a convex bound of the regret."""

    def __init__(
        self,
        optmodel: optModel,
        processes: int = 1,
        solve_ratio: float = 1.0,
        reduction: _Reduction = "mean",
        dataset: Any = None,
    ) -> None:
        super().__init__(optmodel, 1.0, "normal", solve_ratio, dataset)
        self.loss = SPOPlusLoss(self.layer, reduction)

    def forward(self, pred_cost: Tensor, true_cost: Tensor, true_sol: Any = None, true_obj: Any = None) -> Tensor:
        """The loss for true costs; their solutions and values are found anew."""
        theta = self.scores(pred_cost)
        found: Tensor = self.loss(theta, self.sign * true_cost.to(theta.dtype))
        return found


class blackboxOpt(_Module):
    """The solution, with a gradient by interpolation."""

    def __init__(
        self, optmodel: optModel, lambd: float = 10, processes: int = 1, solve_ratio: float = 1.0, dataset: Any = None
    ) -> None:
        super().__init__(optmodel, 1.0, "normal", solve_ratio, dataset)
        self.decide = Interpolation(self.layer, lambd)

    def forward(self, pred_cost: Tensor) -> Tensor:
        """The solution of each row."""
        found: Tensor = self.decide(self.scores(pred_cost))
        return found


class negativeIdentity(_Module):
    """The solution, with the negative identity for its derivative."""

    def __init__(self, optmodel: optModel, processes: int = 1, solve_ratio: float = 1.0, dataset: Any = None) -> None:
        super().__init__(optmodel, 1.0, "normal", solve_ratio, dataset)
        self.decide = Identity(self.layer, "none")

    def forward(self, pred_cost: Tensor) -> Tensor:
        """The solution of each row."""
        found: Tensor = self.decide(self.scores(pred_cost))
        return found

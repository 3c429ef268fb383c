"""PyEPO's modules over this package: a script changes one import.

    from pyepo.func import perturbedFenchelYoung      becomes      from perturbed.pyepo import perturbedFenchelYoung
    from pyepo.metric import regret                   becomes      from perturbed.pyepo import regret

Modules have PyEPO's names, arguments, signs and answers: costs that the model's `modelSense` minimises or maximises, of
all variables or of those that a problem in PyEPO's language predicts. Its shortest paths on grids, and its knapsacks
with one capacity, are solved by this package's own oracles, on all threads, but for knapsacks whose weights are fine
beside the capacity; these and every other `optModel`, also one derived from PyEPO's, by its own `solve`, one problem
after the other, on the calling thread.

What differs: the noise of `perturbedOpt` and `perturbedFenchelYoung` is named by the seed, the step and the row, and
not drawn from a generator, so that a training may be resumed (`perturbed.torch` tells how); `implicitMLE` draws from
its distribution, as PyEPO's does. Every instance is solved in every step: `solve_ratio` below 1 is refused, `dataset`
is not used, and `processes` does not matter. `SPOPlus` needs neither solutions nor values. Of equally good solutions,
this package's oracles may find another one. The sense of a model is that at the time when a module is made.

Written for PyEPO 2.2.1 and later.
"""

from collections.abc import Iterable
from typing import Any, Literal

import numpy as np
import torch
from pyepo import EPO
from pyepo.func.utils import sumGammaDistribution
from pyepo.model.bases import knapsackBase, shortestPathBase
from pyepo.model.opt import optModel
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from . import BlackBox, DagPath, Knapsack, Layer, MonteCarlo, Oracle
from ._checks import flag, integer, number
from .torch import (
    FenchelYoungLoss,
    Identity,
    Interpolation,
    PerturbedLayer,
    Reduction,
    _one_of,
    _positive,
    _reduced,
    _reduction,
    decide,
)

__all__ = [
    "DBB",
    "DPO",
    "IMLE",
    "NID",
    "PFY",
    "SPOPlus",
    "blackboxOpt",
    "implicitMLE",
    "negativeIdentity",
    "oracle_of",
    "perturbedFenchelYoung",
    "perturbedOpt",
    "regret",
    "smartPredictThenOptimizePlus",
]


class _Solver:
    """An optModel as a function of all its costs, but for those of `fixed` entries, which are the model's."""

    def __init__(self, model: optModel, fixed: Any) -> None:
        self.model, self.fixed, self.costs = model, fixed, _all_costs(model)[fixed]

    def __call__(self, costs: Any) -> Any:
        costs[self.fixed] = self.costs
        self.model._setFullObj(costs)
        solution, _ = self.model.solve()
        return np.asarray(solution.numpy(force=True) if isinstance(solution, Tensor) else solution, dtype=np.float64)


def _all_costs(model: Any) -> Any:
    """The costs of all variables, where those that are predicted are zero."""
    return model._fullCost(np.zeros(model.num_cost))


def _known(model: optModel) -> Any:
    """Which variables have no part of their costs predicted."""
    known = np.ones(len(_all_costs(model)), dtype=bool)
    known[slice(None) if model.c_pred_index is None else model.c_pred_index] = False
    return known


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


def _sign(optmodel: optModel) -> int:
    """What makes scores of costs."""
    if not isinstance(optmodel, optModel):
        raise TypeError(f"optmodel is of type {type(optmodel).__name__}; expected a pyepo.model.opt.optModel")
    if optmodel.modelSense not in (EPO.MINIMIZE, EPO.MAXIMIZE):
        raise ValueError(f"optmodel.modelSense is {optmodel.modelSense!r}; expected EPO.MINIMIZE or EPO.MAXIMIZE")
    return 1 if optmodel.modelSense == EPO.MAXIMIZE else -1


def oracle_of(optmodel: optModel, *, fixed: bool = False) -> Oracle:
    """The oracle of a model: one of this package's where it has the problem, otherwise the model as a BlackBox.

    Scores are -costs where the model minimises, and costs where it maximises, of all variables.

    fixed : bool
        Where only some costs are predicted, whether the others are the model's, whatever their scores: out of the reach
        of noise.
    """
    sign = _sign(optmodel)
    if getattr(getattr(optmodel, "problem", None), "obj_Q", None) is not None:
        raise ValueError("optmodel has a quadratic objective; expected a linear one")
    # What a class of others adds to the problem is not seen here.
    plain = type(optmodel).__module__.startswith("pyepo.") and not getattr(optmodel, "_extra_constrs", ())
    if plain and isinstance(optmodel, shortestPathBase) and sign < 0:
        nodes = optmodel.grid[0] * optmodel.grid[1]
        return DagPath(nodes, optmodel.arcs, 0, nodes - 1)
    relaxed = type(optmodel).__name__.endswith("Rel")
    if plain and not relaxed and isinstance(optmodel, knapsackBase) and len(optmodel.capacity) == 1:
        whole = _whole(optmodel.weights[0], optmodel.capacity[0])
        if whole is not None and sign > 0:
            return Knapsack(*whole)
    known = _known(optmodel)
    return BlackBox(len(known), _Solver(optmodel, known & fixed), batched=False, maximise=sign > 0)


def _constant(name: str, x: Any, *shapes: tuple[int, ...]) -> Tensor:
    """What is known, of one of these shapes, without a gradient."""
    if not isinstance(x, Tensor):
        raise TypeError(f"{name} is of type {type(x).__name__}; expected a tensor")
    if x.shape not in shapes:
        raise ValueError(f"{name} has shape {tuple(x.shape)}; expected {' or '.join(str(tuple(s)) for s in shapes)}")
    return x.detach()


def _method(n_samples: int, seed: int, control: Any = "none") -> MonteCarlo:
    if integer("n_samples", n_samples, 32) == 0:
        raise ValueError("n_samples is 0; expected 1 or more")
    return MonteCarlo(n_samples, seed, control)


class _Module(nn.Module):
    """What all modules have in common: a layer for the model, and its signs."""

    optmodel: Any

    def __init__(self, optmodel: optModel, processes: int, solve_ratio: float, sigma: float | None = None) -> None:
        super().__init__()
        oracle = oracle_of(optmodel, fixed=sigma is not None)
        integer("processes", processes)
        if number("solve_ratio", solve_ratio) != 1:
            raise ValueError(f"solve_ratio is {solve_ratio}; expected 1: every instance is solved in every step")
        self.optmodel, self.sign = optmodel, _sign(optmodel)
        # What a problem in PyEPO's language adds to its values.
        self.offset = float(getattr(getattr(optmodel, "problem", None), "obj_offset", 0))
        self.layer = Layer(oracle, "normal", 1.0 if sigma is None else _positive("sigma", sigma))

    def scores(self, name: str, costs: Tensor) -> Tensor:
        """theta of costs, with those that are known if only some are predicted; of half types in float32."""
        if not isinstance(costs, Tensor) or not costs.is_floating_point():
            found = f"has dtype {costs.dtype}" if isinstance(costs, Tensor) else f"is of type {type(costs).__name__}"
            raise TypeError(f"{name} {found}; expected a tensor of floating-point numbers")
        if costs.shape[-1:] != (self.optmodel.num_cost,):
            raise ValueError(f"{name} has shape {tuple(costs.shape)}; expected (*batch, {self.optmodel.num_cost})")
        theta: Tensor = self.sign * self.optmodel._fullCost(costs.to(torch.promote_types(costs.dtype, torch.float32)))
        return theta

    def value(self, true_obj: Tensor, theta: Tensor) -> Tensor:
        """<y, theta> of what PyEPO gives as optimal values: costs, with the model's constant."""
        rows = theta.shape[:-1]
        known = _constant("true_obj", true_obj, rows, (*rows, 1)).reshape(rows).to(theta)
        return self.sign * (known - self.offset)


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
        reduction: Reduction = "mean",
        dataset: Any = None,
    ) -> None:
        super().__init__(optmodel, processes, solve_ratio, sigma)
        self.loss = FenchelYoungLoss(self.layer, _method(n_samples, seed), reduction, omega=False)

    def forward(self, pred_cost: Tensor, true_sol: Tensor) -> Tensor:
        """The loss of optimal solutions."""
        theta = self.scores("pred_cost", pred_cost)
        found: Tensor = self.loss(theta, _constant("true_sol", true_sol, theta.shape).to(theta.dtype))
        return found.to(pred_cost.dtype)


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
        super().__init__(optmodel, processes, solve_ratio, sigma)
        control = "leave-one-out" if flag("variance_reduction", variance_reduction) and n_samples != 1 else "none"
        self.smooth = PerturbedLayer(self.layer, _method(n_samples, seed, control))

    def forward(self, pred_cost: Tensor) -> Tensor:
        """y_eps of each row."""
        found: Tensor = self.smooth(self.scores("pred_cost", pred_cost))
        return found.to(pred_cost.dtype)


class implicitMLE(_Module):
    """I-MLE: the mean of solutions under noise, with the gradient towards a target distribution.

    distribution : object with a method `sample(size=...)`, optional
        The noise, for costs of the shape `size`; by default `pyepo.func.utils.sumGammaDistribution(kappa=5)`.
    """

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
    ) -> None:
        super().__init__(optmodel, processes, solve_ratio)
        if distribution is not None and not hasattr(distribution, "sample"):
            found = type(distribution).__name__
            raise TypeError(f"distribution is of type {found}; expected one with a method sample")
        self.n_samples = _method(n_samples, 0).samples
        self.sigma, self.lambd = _positive("sigma", sigma), _positive("lambd", lambd)
        self.distribution = sumGammaDistribution(kappa=5) if distribution is None else distribution
        self.two_sides = flag("two_sides", two_sides)
        self.predicted = torch.from_numpy(~_known(optmodel))

    def forward(self, pred_cost: Tensor) -> Tensor:
        """The mean of sampled solutions of each row."""
        theta = self.scores("pred_cost", pred_cost)
        size = *theta.shape[:-1], self.n_samples, theta.shape[-1]
        # Only PyEPO's own distribution is known to draw for a device.
        own = isinstance(self.distribution, sumGammaDistribution)
        options: Any = {"device": theta.device, "dtype": theta.dtype} if own else {}
        noise = _constant("the sample", torch.as_tensor(self.distribution.sample(size=size, **options)), size).to(theta)
        noise = self.sign * self.sigma * noise * self.predicted.to(theta.device)
        found: Tensor = _ImplicitMLE.apply(theta, noise, self)
        return found.to(pred_cost.dtype)


class _ImplicitMLE(torch.autograd.Function):
    """I-MLE between scores."""

    @staticmethod
    def forward(ctx: Any, theta: Tensor, noise: Tensor, module: implicitMLE) -> Tensor:
        perturbed = theta.unsqueeze(-2) + noise
        solutions = decide(module.layer, perturbed)
        ctx.module = module
        ctx.save_for_backward(perturbed, solutions)
        return solutions.mean(-2)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (perturbed, solutions), module = ctx.saved_tensors, ctx.module
        step, reach = module.lambd * gradient.unsqueeze(-2), module.lambd
        behind = decide(module.layer, perturbed - step)
        if module.two_sides:
            solutions, reach = decide(module.layer, perturbed + step), 2 * reach
        return (solutions - behind).mean(-2) / reach, None, None


class SPOPlus(_Module):
    """The SPO+ loss: a convex bound of the regret."""

    def __init__(
        self,
        optmodel: optModel,
        processes: int = 1,
        solve_ratio: float = 1.0,
        reduction: Reduction = "mean",
        dataset: Any = None,
    ) -> None:
        super().__init__(optmodel, processes, solve_ratio)
        self.reduction = _reduction(reduction)

    def forward(
        self, pred_cost: Tensor, true_cost: Tensor, true_sol: Tensor | None = None, true_obj: Tensor | None = None
    ) -> Tensor:
        """The loss for true costs, with their solutions and optimal values; what is not given is found."""
        theta = self.scores("pred_cost", pred_cost)
        truth = self.scores("true_cost", _constant("true_cost", true_cost, pred_cost.shape).to(theta.dtype))
        if true_sol is None:
            y = decide(self.layer, truth)
        else:
            y = _constant("true_sol", true_sol, theta.shape).to(theta.dtype)
        value = (truth * y).sum(-1) if true_obj is None else self.value(true_obj, theta)
        ahead = 2 * theta - truth
        loss = (ahead * decide(self.layer, ahead)).sum(-1) - 2 * (theta * y).sum(-1) + value
        return _reduced(loss, self.reduction).to(pred_cost.dtype)


class blackboxOpt(_Module):
    """The solution, with a gradient by interpolation."""

    def __init__(
        self, optmodel: optModel, lambd: float = 10, processes: int = 1, solve_ratio: float = 1.0, dataset: Any = None
    ) -> None:
        super().__init__(optmodel, processes, solve_ratio)
        self.decide = Interpolation(self.layer, lambd)

    def forward(self, pred_cost: Tensor) -> Tensor:
        """The solution of each row."""
        found: Tensor = self.decide(self.scores("pred_cost", pred_cost))
        return found.to(pred_cost.dtype)


class negativeIdentity(_Module):
    """The solution, with the negative identity for its derivative."""

    def __init__(self, optmodel: optModel, processes: int = 1, solve_ratio: float = 1.0, dataset: Any = None) -> None:
        super().__init__(optmodel, processes, solve_ratio)
        self.decide = Identity(self.layer, "none")

    def forward(self, pred_cost: Tensor) -> Tensor:
        """The solution of each row."""
        found: Tensor = self.decide(self.scores("pred_cost", pred_cost))
        return found.to(pred_cost.dtype)


def regret(
    predmodel: Any,
    optmodel: optModel,
    dataloader: Iterable[Any],
    processes: int = 1,
    reduction: Literal["normalized", "sum", "mean", "none"] = "normalized",
) -> Any:
    """What deciding by predicted costs costs, over the batches of an optDataset: features, costs, solutions, values.

    predmodel : torch module, or function of numpy arrays
        From features to costs.
    reduction : {"normalized", "sum", "mean", "none"}
        "normalized" is the sum over that of the magnitudes of optimal values; "none" an array, one for each instance.
    """
    _one_of("reduction", reduction, "normalized", "sum", "mean", "none")
    problem, name = _Module(optmodel, processes, 1), "what predmodel answers"
    # A function has no modes.
    module = predmodel if isinstance(predmodel, nn.Module) else nn.Identity()
    training, weight = module.training, next(module.parameters(), torch.empty(0))
    losses, scale = [torch.empty(0)], 0.0
    try:
        module.eval()
        with torch.no_grad():
            for x, true_cost, _, true_obj, *_ in dataloader:
                if module is predmodel:
                    found = module(x.to(weight.device))
                else:
                    found = torch.from_numpy(np.array(predmodel(x.numpy())))
                pred_cost = _constant(name, found, true_cost.shape).to(true_cost)
                y = decide(problem.layer, problem.scores(name, pred_cost))
                truth = problem.scores("true_cost", true_cost)
                losses.append(problem.value(true_obj, truth) - (truth * y).sum(-1))
                scale += float(true_obj.abs().sum())
    finally:
        module.train(training)
    loss = torch.cat(losses)
    if reduction == "normalized":
        return float(loss.sum()) / (scale + 1e-8)
    if reduction == "none":
        return loss.numpy()
    return float(_reduced(loss, reduction)) if len(loss) else 0.0


smartPredictThenOptimizePlus = SPOPlus
DBB = blackboxOpt
DPO = perturbedOpt
IMLE = implicitMLE
NID = negativeIdentity
PFY = perturbedFenchelYoung

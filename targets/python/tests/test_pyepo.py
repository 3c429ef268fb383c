"""PyEPO's modules and ours, over its models with open solvers.

What PyEPO's own tests state of the classes that are replaced is stated here of ours, but for

- a pool of solutions, and `solve_ratio` below 1: refused;
- a pool of processes, and `processes` beyond the machine's: not used;
- values of the noise of `perturbedOpt` and `perturbedFenchelYoung`, which is another: means are compared;
- arguments of a wrong type, a ValueError there: a TypeError, and True is 1, as in all of this package;
- a sense that is changed once a module is made: not seen;
- MPAX, COPT and Gurobi: at hand nowhere, and reached through `solve` alone.
"""

import inspect
import pickle
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
pyepo = pytest.importorskip("pyepo", reason="PyEPO is not installed")
pytest.importorskip("ortools", reason="OR-Tools is not installed")

import perturbed.pyepo as ours  # noqa: E402
from perturbed import BlackBox, DagPath, Knapsack, MonteCarlo  # noqa: E402
from perturbed.pyepo import (  # noqa: E402
    SPOPlus,
    blackboxOpt,
    implicitMLE,
    negativeIdentity,
    oracle_of,
    perturbedFenchelYoung,
    perturbedOpt,
    regret,
)
from perturbed.torch import SparseMAPLoss  # noqa: E402
from pyepo import EPO, dsl  # noqa: E402
from pyepo.model.opt import optModel  # noqa: E402
from pyepo.model.ort import knapsackModel, shortestPathModel  # noqa: E402

WEIGHTS = np.array([[3.25, 5.5, 2.0, 4.75, 1.0, 6.0, 3.5, 2.25]])


class OwnModel(shortestPathModel):  # type: ignore[misc]
    """A class that could have constraints of its own."""


class Cheapest(optModel):  # type: ignore[misc]
    """One of four, as a list, an array or a tensor: all that a model must have."""

    answer: Any = list

    def _getModel(self) -> tuple[Any, list[int]]:
        return None, [0, 1, 2, 3]

    def setObj(self, c: Any) -> None:
        self.costs = np.asarray(c)

    def solve(self) -> tuple[Any, float]:
        return self.answer(np.eye(4)[self.costs.argmin()]), float(self.costs.min())


def language(objective: Any) -> Any:
    """A problem in PyEPO's language: of five costs three are predicted, one of these beside a known part."""
    x, y, costs = dsl.Variable(3, vtype=EPO.BINARY), dsl.Variable(2, vtype=EPO.BINARY), dsl.Parameter(3)
    known = costs @ x + np.array([2.6, 3.1]) @ y + (x - 1) @ np.array([0.0, 0.5, 0.0])
    return dsl.Problem(objective(known), [x.sum() + y.sum() == 2]).compile(backend="ortools")


MODELS = {
    "grid": (lambda: shortestPathModel((4, 4)), DagPath),
    "knapsack": (lambda: knapsackModel(WEIGHTS, np.array([12.0])), Knapsack),
    "two capacities": (lambda: knapsackModel(np.vstack([WEIGHTS, WEIGHTS[:, ::-1]]), np.array([12.0, 11.0])), BlackBox),
    "relaxed": (lambda: knapsackModel(WEIGHTS, np.array([12.0])).relax(), BlackBox),
    "fine weights": (lambda: knapsackModel(100 * WEIGHTS + 0.0001, np.array([1200.0])), BlackBox),
    "derived": (lambda: OwnModel((3, 3)), BlackBox),
    "predicted in part": (lambda: language(dsl.Minimize), BlackBox),
    "maximised in part": (lambda: language(dsl.Maximize), BlackBox),
    "with a cut": (lambda: knapsackModel(WEIGHTS, np.array([12.0])).addConstr([1] * 8, 3), BlackBox),
}


NAMES = ["grid", "knapsack", "two capacities", "predicted in part", "maximised in part"]


def instances(name: str, rows: int = 6) -> tuple[Any, Any, Any, Any, Any]:
    """A model, predicted costs, true ones, their solutions and values."""
    model = MODELS[name][0]()
    rng = np.random.default_rng(4)
    predicted, true = rng.uniform(1, 5, (2, rows, model.num_cost))
    found = []
    for costs in true:
        model.setObj(costs)
        found.append(model.solve())
    solutions = torch.tensor(np.array([solution for solution, _ in found]), dtype=torch.float64)
    values = torch.tensor([[value] for _, value in found], dtype=torch.float64)
    return model, torch.tensor(predicted), torch.tensor(true), solutions, values


def sign_of(model: Any) -> int:
    return 1 if model.modelSense == EPO.MAXIMIZE else -1


@pytest.mark.parametrize("name", MODELS)
def test_oracles_solve_what_models_solve(name: str) -> None:
    model, _, true, solutions, values = instances(name)
    assert type(oracle_of(model)) is MODELS[name][1]
    costs, constant = model._fullCost(true), getattr(getattr(model, "problem", None), "obj_offset", 0)
    y = torch.tensor(ours.Layer(oracle_of(model)).decide(sign_of(model) * costs.numpy()))
    torch.testing.assert_close((costs * y).sum(1, keepdim=True) + constant, values, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(y, solutions, rtol=0, atol=1e-6)


def test_oracles_of_grids_are_pickled() -> None:
    oracle = oracle_of(MODELS["grid"][0]())
    assert pickle.loads(pickle.dumps(oracle)) == oracle


@pytest.mark.parametrize("answer", [list, np.array, torch.tensor])
def test_any_model(answer: Any) -> None:
    model = Cheapest()
    model.answer = answer
    costs = torch.tensor([[3.0, 1.0, 2.0, 4.0]], requires_grad=True)
    chosen = blackboxOpt(model, lambd=2.5)(costs)
    assert chosen.tolist() == [[0, 1, 0, 0]]
    (chosen * torch.tensor([0.0, 1.0, 0.0, 0.0])).sum().backward()
    # Dearer by 2.5, the second is no longer chosen: (e_3 - e_2) / 2.5.
    torch.testing.assert_close(costs.grad, torch.tensor([[0, -0.4, 0.4, 0]]))


def gradient(module: Any, costs: Any, *others: Any) -> tuple[Any, Any]:
    costs = costs.clone().requires_grad_()
    answer = module(costs, *others)
    (answer if answer.ndim == 0 else (answer * torch.arange(answer.numel()).reshape(answer.shape)).sum()).backward()
    return answer.detach(), costs.grad


@pytest.mark.parametrize("name", NAMES)
def test_what_has_no_noise_is_the_same(name: str) -> None:
    model, predicted, true, solutions, values = instances(name)
    for own, other, more in (
        (SPOPlus(model), pyepo.func.SPOPlus(model), (true, solutions, values)),
        (SPOPlus(model, reduction="sum"), pyepo.func.SPOPlus(model, reduction="sum"), (true, solutions, values)),
        (SPOPlus(model, reduction="none"), pyepo.func.SPOPlus(model, reduction="none"), (true, solutions, values)),
        (blackboxOpt(model, 0.5), pyepo.func.blackboxOpt(model, 0.5), ()),
        (blackboxOpt(model), pyepo.func.blackboxOpt(model), ()),
        (negativeIdentity(model), pyepo.func.negativeIdentity(model), ()),
    ):
        (a, da), (b, db) = gradient(own, predicted, *more), gradient(other, predicted, *more)
        torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-5)
        torch.testing.assert_close(da, db, rtol=1e-6, atol=1e-5)


class Normal:
    """A distribution of the simplest kind: PyEPO asks no more of one."""

    def __init__(self) -> None:
        self.generator = np.random.default_rng(1)

    def sample(self, size: tuple[int, ...]) -> Any:
        return self.generator.standard_normal(size)


@pytest.mark.parametrize("two_sides", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_implicit_mle_is_the_same(name: str, two_sides: bool) -> None:
    """By its own distribution as by another: also in the second step, which draws other noise."""
    model, predicted, *_ = instances(name, rows=3)
    for distribution in (lambda: None), Normal:
        own, other = (
            package.implicitMLE(model, 4, 0.7, 1.5, distribution(), two_sides) for package in (ours, pyepo.func)
        )
        for _ in range(2):
            (a, da), (b, db) = gradient(own, predicted), gradient(other, predicted)
            torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-6)
            torch.testing.assert_close(da, db, rtol=1e-6, atol=1e-6)
        assert da.abs().max() > 0


@pytest.mark.parametrize(
    ("name", "samples"),
    [("grid", 20_000), ("knapsack", 20_000), ("predicted in part", 1_000), ("maximised in part", 1_000)],
)
def test_means_under_noise_are_the_same(name: str, samples: int) -> None:
    """Within 5.5 standard errors: ours of seed 1; PyEPO's of seed 135 and a tenth of the samples, of equal variance."""
    model, predicted, _, solutions, _ = instances(name, rows=1)
    own, other = perturbedOpt(model, samples, 0.7, seed=1), pyepo.func.perturbedOpt(model, samples // 10, 0.7)
    theta = (sign_of(model) * model._fullCost(predicted)).numpy()
    mean, error = own.layer.maximizer(theta, MonteCarlo(samples, 1), with_error=True)
    bound = 5.5 * np.sqrt(error**2 + 10 * error**2) + 1e-9
    assert error.max() > 0 and np.all(np.abs(other(predicted).numpy() - mean) <= bound)
    losses = perturbedFenchelYoung(model, samples, 0.7), pyepo.func.perturbedFenchelYoung(model, samples // 10, 0.7)
    (a, da), (b, db) = (gradient(loss, predicted, solutions) for loss in losses)
    predicted_alone = slice(None) if model.c_pred_index is None else model.c_pred_index
    assert np.all(np.abs((da - db).numpy()) <= bound[:, predicted_alone])
    value, error = own.layer.value(theta, MonteCarlo(samples, 1), with_error=True)
    assert abs(a - b) <= 5.5 * np.sqrt(11) * error[0]
    expected = float(value[0] - theta[0] @ solutions[0].numpy())
    assert a == pytest.approx(expected, abs=5.5 * np.sqrt(2) * error[0])


@pytest.mark.parametrize("name", ["predicted in part", "maximised in part"])
def test_noise_does_not_reach_known_costs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model, predicted, _, solutions, _ = instances(name, rows=2)
    seen: list[Any] = []
    solved = type(model)._setFullObj
    monkeypatch.setattr(model, "_setFullObj", lambda costs: (seen.append(np.array(costs)), solved(model, costs)))
    perturbedOpt(model, 3)(predicted)
    perturbedFenchelYoung(model, 3, seed=1)(predicted, solutions)
    implicitMLE(model, 3)(predicted)
    costs = np.array(seen)
    assert costs.shape == (18, 5) and np.all(costs[:, 3:] == [2.6, 3.1])
    assert len(np.unique(costs[:, :3])) == costs[:, :3].size


@pytest.mark.parametrize("name", ["grid", "maximised in part"])
def test_gradients_are_those_of_the_layer(name: str) -> None:
    """Bit for bit, step after step, by the noise that seed and step name."""
    model, predicted, _, solutions, _ = instances(name, rows=3)
    loss, smooth = perturbedFenchelYoung(model, 4, 0.7, seed=9, reduction="sum"), perturbedOpt(model, 4, 0.7, seed=9)
    sign = sign_of(model)
    theta, part = (sign * model._fullCost(predicted)).numpy(), slice(0, model.num_cost)
    u = np.arange(theta.size, dtype=float).reshape(theta.shape)
    for step in range(2):
        expected = loss.layer.fenchel_young_gradient(theta, solutions.numpy(), MonteCarlo(4, 9).fold(step))
        assert np.array_equal(gradient(loss, predicted, solutions)[1], sign * expected[:, part])
        expected = loss.layer.vjp(theta, u, MonteCarlo(4, 9, "leave-one-out").fold(step))
        assert np.array_equal(gradient(smooth, predicted)[1], sign * expected[:, part])


def test_the_gradient_of_expected_solutions() -> None:
    """The product of the Jacobian of both packages, over 40 repetitions each, by their own errors."""
    model, predicted, _, _, _ = instances("grid", rows=1)
    u = torch.linspace(-1, 1, model.num_cost, dtype=torch.float64)
    own, other = perturbedOpt(model, 500, 0.7), pyepo.func.perturbedOpt(model, 50, 0.7)

    def repeated(module: Any, times: int) -> tuple[Any, Any]:
        found = []
        for _ in range(times):
            costs = predicted.clone().requires_grad_()
            (module(costs) @ u).sum().backward()
            found.append(costs.grad[0].numpy())
        return np.mean(found, axis=0), np.std(found, axis=0, ddof=1) / np.sqrt(times)

    (a, ea), (b, eb) = repeated(own, 40), repeated(other, 40)
    # Ours has other noise in each step.
    assert ea.min() > 0 and np.all(np.abs(a - b) <= 5.5 * np.hypot(ea, eb))


@pytest.mark.parametrize("name", NAMES)
def test_closed_forms(name: str) -> None:
    """Gradients by solving anew with the model itself: of SPO+, interpolation and the negative identity."""
    model, predicted, true, solutions, values = instances(name)
    sign, part = sign_of(model), slice(0, model.num_cost)

    def solved(costs: Any) -> Any:
        found = []
        for row in costs:
            model._setFullObj(row)
            found.append(model.solve()[0])
        return torch.tensor(np.array(found), dtype=torch.float64)

    costs, u = model._fullCost(predicted), torch.arange(solutions.numel()).reshape(solutions.shape)
    ahead = 2 * costs - model._fullCost(true)
    for module, more, expected in (
        (SPOPlus(model), (true, solutions, values), sign * 2 * (solved(ahead) - solutions) / len(costs)),
        (blackboxOpt(model, 0.3), (), sign * (solved(costs) - solved(costs - sign * 0.3 * u)) / 0.3),
        (negativeIdentity(model), (), sign * u),
    ):
        torch.testing.assert_close(gradient(module, predicted, *more)[1], expected[:, part].double(), rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_spo_plus(name: str) -> None:
    model, predicted, true, solutions, values = instances(name)
    loss = SPOPlus(model, reduction="none")
    found = loss(predicted, true, solutions, values)
    # What is not given is found.
    for given in (), (solutions,), (None, values[:, 0]):
        torch.testing.assert_close(loss(predicted, true, *given), found, rtol=1e-6, atol=1e-6)
    assert loss(true, true, solutions, values).abs().max() < 1e-6
    batches = [(predicted, true, solutions, values)]
    bounded = regret(lambda x: x, model, batches, reduction="none")
    assert np.all(found.numpy() >= bounded - 1e-6) and bounded.max() > 0.1
    labels = [x.clone().requires_grad_() for x in (true, solutions, values)]
    loss(predicted.clone().requires_grad_(), *labels).sum().backward()
    assert [x.grad for x in labels] == [None] * 3


def test_labels_that_are_means() -> None:
    """As those of nearest neighbours: no decision decides for the mean of their costs."""
    x, c = pyepo.data.shortestpath.genData(12, 3, (4, 4), noise_width=0.3, seed=1)
    model = shortestPathModel((4, 4))
    labels = pyepo.data.dataset.optDatasetKNN(model, x, c, k=3, weight=0.5)
    assert not torch.equal(labels.sols, labels.sols.round())
    rows = 1.3 * labels.costs, labels.costs, labels.sols, labels.objs
    (a, da), (b, db) = gradient(SPOPlus(model), *rows), gradient(pyepo.func.SPOPlus(model), *rows)
    torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(da, db, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["grid", "knapsack"])
def test_regularised_losses(name: str) -> None:
    """What the README names for PyEPO's: the loss up to the duality gap, y up to the root of twice that over lambda."""
    model, predicted, _, solutions, _ = instances(name)
    loss = SparseMAPLoss(ours.Layer(oracle_of(model)), 2.0, "none", steps=20_000, tolerance=1e-3)
    other = pyepo.func.regularizedFrankWolfeFenchelYoung(model, 2.0, reduction="none")
    a, da = gradient(lambda costs: loss(sign_of(model) * costs, solutions), predicted)
    b, db = gradient(other, predicted, solutions)
    assert (a - b).abs().max() <= 1e-3 + 1e-5 and b.min() > 0.01
    weights = torch.arange(1, 6)[:, None]
    assert ((da - db)[1:] / weights).norm(dim=1).max() <= np.sqrt(2 * 1e-3 / 2.0) + 1e-3


SOLUTIONS = {
    "DBB": lambda model: blackboxOpt(model),
    "NID": lambda model: negativeIdentity(model),
    "DPO": lambda model: perturbedOpt(model, 3),
    "IMLE": lambda model: implicitMLE(model, 3),
}
LOSSES = {
    "PFY": lambda model, reduction: perturbedFenchelYoung(model, 3, reduction=reduction),
    "SPOPlus": lambda model, reduction: SPOPlus(model, reduction=reduction),
}


@pytest.mark.parametrize("name", NAMES)
def test_half_types_are_computed_in_float32(name: str) -> None:
    """Of costs that half types hold: answers are those of float32, rounded."""
    model, *tensors = instances(name)
    predicted, true, solutions, _ = (x.bfloat16() for x in tensors)
    labels = {"PFY": (solutions,), "SPOPlus": (true, solutions)}
    cases = [(made, ()) for made in SOLUTIONS.values()]
    cases += [(lambda model, loss=loss: loss(model, "none"), labels[key]) for key, loss in LOSSES.items()]
    for made, more in cases:
        (a, da), (b, _) = gradient(made(model), predicted, *more), gradient(made(model), predicted.float(), *more)
        assert da.dtype == torch.bfloat16 and torch.equal(a, b.bfloat16())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", ["grid", "knapsack", "predicted in part"])
def test_shapes_and_types(name: str, dtype: Any) -> None:
    model, predicted, true, solutions, values = instances(name)
    rows, labels = predicted.to(dtype), {"PFY": (solutions,), "SPOPlus": (true, solutions, values)}
    for made in SOLUTIONS.values():
        y, slope = gradient(made(model), rows)
        assert y.shape == solutions.shape and y.dtype == slope.dtype == dtype and slope.shape == rows.shape
        assert torch.isfinite(y).all() and torch.isfinite(slope).all()
        # Any dimensions of a batch, and none.
        for shape in (2, 3), (1,), ():
            fewer = rows[: int(np.prod(shape))].reshape(*shape, -1)
            assert gradient(made(model), fewer)[0].shape == (*shape, solutions.shape[1])
    for key, loss in LOSSES.items():
        more = labels[key]
        each, slopes = gradient(loss(model, "none"), rows, *more)
        mean, slope = gradient(loss(model, "mean"), rows, *more)
        assert each.shape == (6,) and mean.ndim == 0 and each.dtype == mean.dtype == slope.dtype == dtype
        assert torch.isfinite(slope).all() and slope.shape == rows.shape
        torch.testing.assert_close(mean, each.mean())
        torch.testing.assert_close(loss(model, "sum")(rows, *more), each.sum())
        # The cotangents of `gradient` are 0 to 5.
        torch.testing.assert_close(slopes, 6 * slope * torch.arange(6)[:, None].to(dtype))


def test_names_and_arguments() -> None:
    for name in ours.__all__:
        if name == "oracle_of":
            continue
        own, other = getattr(ours, name), getattr(pyepo.metric if name == "regret" else pyepo.func, name)
        assert own.__name__ == other.__name__
        arguments, expected = (inspect.signature(function).parameters.values() for function in (own, other))
        assert [(x.name, x.default, x.kind) for x in arguments] == [(x.name, x.default, x.kind) for x in expected]
        if name != "regret":
            assert [*inspect.signature(own.forward).parameters] == [*inspect.signature(other.forward).parameters]


def test_a_script_of_pyepo_learns() -> None:
    """Its generated maps, a linear model and Adam: regret falls from that of no knowledge."""
    x, c = pyepo.data.shortestpath.genData(120, 5, (4, 4), deg=2, noise_width=0.2, seed=3)
    model = shortestPathModel((4, 4))
    data = pyepo.data.dataset.optDataset(model, x[:80], c[:80])
    test = pyepo.data.dataset.optDataset(model, x[80:], c[80:])
    loaders = [torch.utils.data.DataLoader(part, batch_size=20, shuffle=False) for part in (data, test)]
    torch.manual_seed(0)
    predictor = torch.nn.Linear(5, model.num_cost)
    before = pyepo.metric.regret(predictor, model, loaders[1])
    criterion = perturbedFenchelYoung(model, n_samples=3, sigma=1.0)
    optimizer = torch.optim.Adam(predictor.parameters(), lr=5e-2)
    for _ in range(15):
        for features, _, solutions, _ in loaders[0]:
            optimizer.zero_grad()
            criterion(predictor(features), solutions).backward()
            optimizer.step()
    after = pyepo.metric.regret(predictor, model, loaders[1])
    assert after < 0.3 * before and int(criterion.loss.step) == 60


@pytest.mark.parametrize("name", NAMES)
def test_regret(name: str) -> None:
    model, *tensors = instances(name, 7)
    predicted, true, solutions, values = (x.float() for x in tensors)
    rows = torch.utils.data.TensorDataset(predicted, true, solutions, values)
    batches = torch.utils.data.DataLoader(rows, batch_size=4)
    torch.manual_seed(3)
    predictor = torch.nn.Linear(model.num_cost, model.num_cost)
    for training in True, False:
        predictor.train(training)
        for reduction in "normalized", "sum", "mean", "none":
            for function in predictor, (lambda x: x[:, ::-1]):
                own, other = (f(function, model, batches, 1, reduction) for f in (regret, pyepo.metric.regret))
                np.testing.assert_allclose(own, other, rtol=1e-5, atol=1e-6)
        assert predictor.training is training
    assert regret(predictor, model, []) == regret(predictor, model, [], reduction="mean") == 0
    perfect = regret(lambda x: x, model, [(true, true, solutions, values, "more")])
    assert perfect == pytest.approx(0, abs=1e-6)


def test_regret_of_wrong_predictions() -> None:
    model, predicted, true, solutions, values = instances("grid")
    predictor = torch.nn.Flatten(0)
    for answer, message in (
        (lambda x: x[:, 1:], r"what predmodel answers has shape \(6, 23\)"),
        (lambda x: x * np.nan, "row 0"),
        (predictor, r"what predmodel answers has shape \(144,\)"),
    ):
        with pytest.raises(ValueError, match=message):
            regret(answer, model, [(predicted, true, solutions, values)])
    assert predictor.training
    with pytest.raises(ValueError, match="reduction is 'max'"):
        regret(predictor, model, [], reduction="max")


ALL = "SPOPlus blackboxOpt negativeIdentity perturbedOpt perturbedFenchelYoung implicitMLE"
WRONG: list[tuple[Any, dict[str, Any], str]] = [
    *((ALL, {"solve_ratio": x}, "solve_ratio") for x in (-0.1, 0.5, 1.1, np.nan, np.inf)),
    (ALL, {"processes": -1}, "processes"),
    *(("perturbedOpt perturbedFenchelYoung implicitMLE", {"n_samples": x}, "n_samples") for x in (0, -1)),
    *(("perturbedOpt perturbedFenchelYoung implicitMLE", {"sigma": x}, "sigma") for x in (0.0, -1.0, np.nan, np.inf)),
    *(("blackboxOpt implicitMLE", {"lambd": x}, "lambd") for x in (0.0, -1.0, np.nan, np.inf)),
    *(("SPOPlus perturbedFenchelYoung", {"reduction": x}, "reduction") for x in ("bad", "", None)),
]


@pytest.mark.parametrize(("names", "argument", "message"), WRONG, ids=str)
def test_wrong_arguments(names: str, argument: dict[str, Any], message: str) -> None:
    for name in names.split():
        with pytest.raises(ValueError, match=message):
            getattr(ours, name)(MODELS["grid"][0](), **argument)


def test_arguments_of_wrong_types() -> None:
    model = MODELS["grid"][0]()
    for name, argument in (
        ("perturbedOpt", {"n_samples": 1.5}),
        ("perturbedOpt", {"variance_reduction": 0}),
        ("implicitMLE", {"two_sides": 2}),
        ("implicitMLE", {"distribution": 5}),
        ("SPOPlus", {"processes": "all"}),
        ("SPOPlus", {"solve_ratio": "1"}),
    ):
        with pytest.raises(TypeError, match=next(iter(argument))):
            getattr(ours, name)(model, **argument)
    for name in "SPOPlus", "implicitMLE", "perturbedOpt":
        with pytest.raises(TypeError, match="optmodel is of type str"):
            getattr(ours, name)("not a model")


def test_wrong_models() -> None:
    model: Any = Cheapest()
    model.problem = SimpleNamespace(obj_Q=np.eye(4))
    with pytest.raises(ValueError, match="quadratic objective"):
        SPOPlus(model)
    model = Cheapest()
    model.modelSense = "invalid"
    with pytest.raises(ValueError, match=r"optmodel\.modelSense is 'invalid'"):
        negativeIdentity(model)


def test_wrong_tensors() -> None:
    model, predicted, true, solutions, values = instances("maximised in part")
    spo, fenchel_young = SPOPlus(model), perturbedFenchelYoung(model)
    wide = SimpleNamespace(sample=lambda size: np.ones(7))
    for call, message in (
        (lambda: spo(predicted[:, :2], true), r"pred_cost has shape \(6, 2\); expected \(\*batch, 3\)"),
        (lambda: spo(predicted, true[:5], solutions, values), r"true_cost has shape \(5, 3\); expected \(6, 3\)"),
        (lambda: spo(predicted, true, solutions[:, :3], values), r"true_sol has shape \(6, 3\); expected \(6, 5\)"),
        (lambda: spo(predicted, true, None, values[:5]), r"true_obj has shape \(5, 1\); expected \(6,\) or \(6, 1\)"),
        (lambda: fenchel_young(predicted, solutions.T), r"true_sol has shape \(5, 6\); expected \(6, 5\)"),
        (lambda: blackboxOpt(model)(solutions), r"pred_cost has shape \(6, 5\)"),
        (lambda: blackboxOpt(model)(predicted * np.nan), "row 0"),
        (lambda: implicitMLE(model, 3, distribution=wide)(predicted), r"sample has shape \(7,\); expected \(6, 3, 5\)"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    for call, message in (
        (lambda: spo([1.0], true), "pred_cost is of type list"),
        (lambda: spo(predicted.long(), true), "pred_cost has dtype torch.int64"),
        (lambda: spo(predicted, 1.0), "true_cost is of type float"),
        (lambda: fenchel_young(predicted, [1.0]), "true_sol is of type list"),
    ):
        with pytest.raises(TypeError, match=message):
            call()

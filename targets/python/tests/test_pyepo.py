"""PyEPO's modules and ours, over its models with open solvers."""

import pickle
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
pyepo = pytest.importorskip("pyepo", reason="PyEPO is not installed")
pytest.importorskip("ortools", reason="OR-Tools is not installed")

from perturbed import BlackBox, DagPath, Knapsack, MonteCarlo  # noqa: E402
from perturbed.pyepo import (  # noqa: E402
    SPOPlus,
    blackboxOpt,
    implicitMLE,
    negativeIdentity,
    oracle_of,
    perturbedFenchelYoung,
    perturbedOpt,
)
from pyepo.model.ort import knapsackModel, shortestPathModel  # noqa: E402

WEIGHTS = np.array([[3.25, 5.5, 2.0, 4.75, 1.0, 6.0, 3.5, 2.25]])


class OwnModel(shortestPathModel):  # type: ignore[misc]
    """A class that could have constraints of its own."""


MODELS = {
    "grid": (lambda: shortestPathModel((4, 4)), DagPath),
    "knapsack": (lambda: knapsackModel(WEIGHTS, np.array([12.0])), Knapsack),
    "two capacities": (lambda: knapsackModel(np.vstack([WEIGHTS, WEIGHTS[:, ::-1]]), np.array([12.0, 11.0])), BlackBox),
    "relaxed": (lambda: knapsackModel(WEIGHTS, np.array([12.0])).relax(), BlackBox),
    "fine weights": (lambda: knapsackModel(100 * WEIGHTS + 0.0001, np.array([1200.0])), BlackBox),
    "derived": (lambda: OwnModel((3, 3)), BlackBox),
    "with a cut": (lambda: knapsackModel(WEIGHTS, np.array([12.0])).addConstr([1] * 8, 3), BlackBox),
}


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


@pytest.mark.parametrize("name", MODELS)
def test_oracles_solve_what_models_solve(name: str) -> None:
    model, predicted, _, solutions, values = instances(name)
    assert type(oracle_of(model)) is MODELS[name][1]
    layer = perturbedOpt(model).layer
    for costs, solution, value in zip(instances(name)[2], solutions, values, strict=True):
        y = torch.tensor(layer.decide((1 if model.modelSense == pyepo.EPO.MAXIMIZE else -1) * costs.numpy()))
        torch.testing.assert_close(costs @ y, value[0], rtol=1e-6, atol=1e-6)
        torch.testing.assert_close(y, solution, rtol=0, atol=1e-6)
    assert pickle.loads(pickle.dumps(oracle_of(MODELS["grid"][0]()))) == oracle_of(MODELS["grid"][0]())


def gradient(module: Any, costs: Any, *others: Any) -> tuple[Any, Any]:
    costs = costs.clone().requires_grad_()
    answer = module(costs, *others)
    (answer if answer.ndim == 0 else (answer * torch.arange(answer.numel()).reshape(answer.shape)).sum()).backward()
    return answer.detach(), costs.grad


@pytest.mark.parametrize("name", ["grid", "knapsack", "two capacities"])
def test_what_has_no_noise_is_the_same(name: str) -> None:
    model, predicted, true, solutions, values = instances(name)
    for own, other, more in (
        (SPOPlus(model), pyepo.func.SPOPlus(model, processes=1), (true, solutions, values)),
        (SPOPlus(model, reduction="sum"), pyepo.func.SPOPlus(model, processes=1, reduction="sum"), (true, solutions, values)),
        (blackboxOpt(model, 0.5), pyepo.func.blackboxOpt(model, 0.5, processes=1), ()),
        (negativeIdentity(model), pyepo.func.negativeIdentity(model, processes=1), ()),
    ):
        (a, da), (b, db) = gradient(own, predicted, *more), gradient(other, predicted, *more)
        torch.testing.assert_close(a, b.to(a.dtype), rtol=1e-6, atol=1e-5)
        torch.testing.assert_close(da, db, rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("name", ["grid", "knapsack"])
def test_means_under_noise_are_the_same(name: str) -> None:
    """Within 5.5 standard errors: ours with M = 20,000, seed 1; PyEPO's with M = 2,000, seed 135, of equal variance."""
    model, predicted, _, solutions, _ = instances(name, rows=1)
    own, other = perturbedOpt(model, 20_000, 0.7, seed=1), pyepo.func.perturbedOpt(model, 2_000, 0.7)
    sign = -1 if model.modelSense == pyepo.EPO.MINIMIZE else 1
    mean, error = own.layer.maximizer(sign * predicted.numpy(), MonteCarlo(20_000, 1), with_error=True)
    bound = 5.5 * np.sqrt(error**2 + 10 * error**2) + 1e-9
    assert np.all(np.abs(other(predicted).numpy() - mean) <= bound)
    losses = perturbedFenchelYoung(model, 20_000, 0.7), pyepo.func.perturbedFenchelYoung(model, 2_000, 0.7)
    (a, da), (b, db) = (gradient(loss, predicted, solutions) for loss in losses)
    assert np.all(np.abs((da - db).numpy()) <= bound)
    value, error = own.layer.value(sign * predicted.numpy(), MonteCarlo(20_000, 1), with_error=True)
    assert abs(a - b) <= 5.5 * np.sqrt(11) * error[0]
    assert a == pytest.approx(float(value[0] - sign * (predicted * solutions).sum()), abs=5.5 * np.sqrt(2) * error[0])


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


def test_implicit_mle_has_the_sign_of_descent() -> None:
    model, predicted, _, solutions, _ = instances("grid")
    module = implicitMLE(model, n_samples=200, sigma=0.5, lambd=5.0)
    costs = predicted.clone().requires_grad_()
    (module(costs) * (1 - 2 * solutions)).sum().backward()
    # The loss wants edges of the solutions: cheaper ones.
    assert (costs.grad * (2 * solutions - 1)).sum() > 0


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


def test_wrong_input() -> None:
    model = MODELS["grid"][0]()
    with pytest.raises(TypeError, match="optmodel is of type int"):
        oracle_of(3)
    with pytest.raises(ValueError, match=r"solve_ratio is 0\.5"):
        SPOPlus(model, solve_ratio=0.5)
    with pytest.raises(ValueError, match="two_sides"):
        implicitMLE(model, two_sides=True)
    with pytest.warns(UserWarning, match="dataset"):
        SPOPlus(model, dataset=object())

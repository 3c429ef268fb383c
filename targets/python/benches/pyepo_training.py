"""PyEPO's own experiments, before and after a change of one import: regret, and seconds an epoch.

    python pyepo_training.py [--seeds N] [--epochs N]

Settings are those of PyEPO's notebooks 03 (shortest path on a 5x5 grid, degree 4, noise 0.5, 1,000 rows, a linear model, Adam at 0.01, batches of
32, 3 samples, sigma 1, 20 epochs) and 05 (knapsack of 16 items, degree 6, noise 0.5, Adam at 0.1, 10 samples, sigma 0.5, 40 epochs; 200 rows
here), with PyEPO's solvers of OR-Tools, and as many rows for testing as for training, at most 1,000. A knapsack with one capacity is solved by
this package, one with two by OR-Tools in both cases. Regret is normalised, as PyEPO has it; means over seeds with their standard errors,
and the mean paired difference.
"""

import argparse
import time
from typing import Any

import numpy as np
import perturbed.pyepo
import pyepo
import torch
from pyepo.model.ort import knapsackModel, shortestPathModel
from torch import nn
from torch.utils.data import DataLoader


def shortest_path(seed: int) -> tuple[Any, np.ndarray, np.ndarray, dict[str, Any]]:
    x, c = pyepo.data.shortestpath.genData(2000, 5, (5, 5), 4, 0.5, seed=seed)
    return shortestPathModel((5, 5)), x, c, {"samples": 3, "sigma": 1.0, "rate": 1e-2, "epochs": 20}


def knapsack(dim: int) -> Any:
    def made(seed: int) -> tuple[Any, np.ndarray, np.ndarray, dict[str, Any]]:
        weights, x, c = pyepo.data.knapsack.genData(400, 5, 16, deg=6, dim=dim, noise_width=0.5, seed=seed)
        model = knapsackModel(weights, np.array([20.0] * dim), solver="scip")
        return model, x, c, {"samples": 10, "sigma": 0.5, "rate": 1e-1, "epochs": 40}

    return made


PROBLEMS = {"shortest path": shortest_path, "knapsack": knapsack(1), "knapsack, two capacities": knapsack(2)}


def run(module: Any, problem: Any, seed: int, epochs: int | None) -> tuple[float, float]:
    """Regret on rows for testing, and seconds an epoch."""
    model, x, c, settings = problem(seed)
    half = len(x) // 2
    data, test = (pyepo.data.dataset.optDataset(model, x[part], c[part]) for part in (slice(half), slice(half, None)))
    torch.manual_seed(seed)
    predictor = nn.Linear(x.shape[1], model.num_cost)
    criterion = module(model, n_samples=settings["samples"], sigma=settings["sigma"], processes=1)
    optimizer = torch.optim.Adam(predictor.parameters(), lr=settings["rate"])
    loader, count = DataLoader(data, batch_size=32, shuffle=True), epochs or settings["epochs"]
    start = time.perf_counter()
    for _ in range(count):
        for features, _, solutions, _ in loader:
            optimizer.zero_grad()
            criterion(predictor(features), solutions).backward()
            optimizer.step()
    seconds = (time.perf_counter() - start) / count
    return float(pyepo.metric.regret(predictor, model, DataLoader(test, batch_size=32))), seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int)
    asked = parser.parse_args()
    torch.set_num_threads(1)  # The network is small.
    modules = {"PyEPO": pyepo.func.perturbedFenchelYoung, "perturbed": perturbed.pyepo.perturbedFenchelYoung}
    print("| problem | regret, PyEPO | regret, perturbed | difference | s an epoch, PyEPO | s an epoch, perturbed |\n|---|---|---|---|---|---|")
    for name, problem in PROBLEMS.items():
        found = {key: np.array([run(module, problem, seed, asked.epochs) for seed in range(asked.seeds)]) for key, module in modules.items()}
        error = np.sqrt(max(asked.seeds, 2))

        def shown(x: np.ndarray, error: float = error) -> str:
            return f"{x.mean():.4f} ({x.std(ddof=1) / error:.4f})" if len(x) > 1 else f"{x.mean():.4f}"

        a, b = found["PyEPO"], found["perturbed"]
        cells = [shown(a[:, 0]), shown(b[:, 0]), shown(b[:, 0] - a[:, 0]), f"{np.median(a[:, 1]):.3f}", f"{np.median(b[:, 1]):.3f}"]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()

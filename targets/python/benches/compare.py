"""How fast the package is beside others: microseconds a call, all measured in turn in one run.

    python compare.py [--rounds N] [--only WORKLOAD] [--out TABLE.md]

Each workload is a batch in float32, and each quantity is asked with M = 1, 10 and 100 samples: the smoothed decision ("forward"), the
product of its transposed Jacobian ("vjp"), and the gradient of the Fenchel-Young loss ("loss"). Peers are written as their users write
them: numpy and torch vectorised over rows and samples, jaxopt and optax by their makers under jit, scipy's solvers one problem after
the other, PyEPO by its modules over scipy's solvers and over ours. A peer that is not installed or has no such problem is left out.
The whole is measured on one core and on all (processes pinned by the system), and medians over rounds are told.

Needs what is compared: pip install numpy scipy torch jax jaxopt optax pyepo torchsort.
"""

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

SAMPLES = (1, 10, 100)
QUANTITIES = ("forward", "vjp", "loss")
ROWS = {"rank 100": 32, "path 12x12": 70, "assignment 20x20": 32, "argmax 10": 256}
WORKLOADS = {name: f"{name}, B = {rows}" for name, rows in ROWS.items()}
Call = Callable[[], Any]


def data(workload: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores, targets and cotangents."""
    rng, rows = np.random.default_rng(0), ROWS[workload]
    d = {"rank 100": 100, "path 12x12": 144, "assignment 20x20": 400, "argmax 10": 10}[workload]
    theta = rng.standard_normal((rows, d))
    if workload == "path 12x12":
        theta = -(5 + np.abs(theta))
    y = own_layer(workload).decide(theta[::-1])
    return tuple(x.astype(np.float32) for x in (theta, y, rng.standard_normal((rows, d))))  # type: ignore[return-value]


def own_layer(workload: str) -> Any:
    from perturbed import Assignment, GridPath, Layer, Ranking, Simplex

    oracles = {"rank 100": Ranking(100), "path 12x12": GridPath(12, 12), "assignment 20x20": Assignment(20, 20), "argmax 10": Simplex(10)}
    return Layer(oracles[workload], "gumbel" if workload == "argmax 10" else "normal")


def ours(workload: str, samples: int) -> dict[str, Call]:
    from perturbed import MonteCarlo

    (theta, y, u), layer, how = data(workload), own_layer(workload), MonteCarlo(samples, 1)
    return {
        "forward": lambda: layer.maximizer(theta, how),
        "vjp": lambda: layer.vjp(theta, u, how),
        "loss": lambda: layer.fenchel_young_gradient(theta, y, how),
    }


def grid() -> Any:
    """The edges of the cells of a grid for scipy, whose lengths are the costs of their heads."""
    cells, edges = np.arange(144).reshape(12, 12), []
    for rows, columns in ((0, 1), (1, 0), (1, 1), (1, -1)):
        a = cells[: 12 - rows, max(-columns, 0) : 12 - max(columns, 0)]
        b = cells[rows:, max(columns, 0) : 12 + min(columns, 0)]
        edges += [(a.ravel(), b.ravel()), (b.ravel(), a.ravel())]
    return np.concatenate([a for a, _ in edges]), np.concatenate([b for _, b in edges])


def solver(workload: str) -> Callable[[np.ndarray], np.ndarray] | None:
    """Decisions of (n, d) scores by numpy and scipy."""
    from scipy.optimize import linear_sum_assignment
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import dijkstra

    def rank(x: np.ndarray) -> np.ndarray:
        return (x.argsort(-1).argsort(-1) + 1).astype(x.dtype)

    def argmax(x: np.ndarray) -> np.ndarray:
        y = np.zeros_like(x)
        np.put_along_axis(y, x.argmax(-1)[..., None], 1, -1)
        return y

    def assignment(x: np.ndarray) -> np.ndarray:
        y = np.zeros((len(x), 20, 20), x.dtype)
        for one, scores in zip(y, x.reshape(-1, 20, 20), strict=True):
            one[linear_sum_assignment(scores, maximize=True)] = 1
        return y.reshape(x.shape)

    tails, heads = grid()

    def path(x: np.ndarray) -> np.ndarray:
        y = np.zeros_like(x)
        for one, scores in zip(y, x, strict=True):
            costs = np.maximum(-scores, 1e-3)
            before = dijkstra(csr_matrix((costs[heads], (tails, heads)), (144, 144)), indices=0, return_predecessors=True)[1]
            cell = 143
            while cell >= 0:
                one[cell], cell = 1, before[cell]
        return y

    return {"rank 100": rank, "argmax 10": argmax, "assignment 20x20": assignment, "path 12x12": path}[workload]


def numpy_peer(workload: str, samples: int) -> dict[str, Call]:
    (theta, y, u), solve = data(workload), solver(workload)
    rng, gumbel = np.random.default_rng(0), workload == "argmax 10"
    shape = (len(theta), samples, theta.shape[1])

    def noise() -> np.ndarray:
        if gumbel:
            return -np.log(rng.standard_exponential(shape, dtype=np.float32))
        return rng.standard_normal(shape, dtype=np.float32)

    def decisions(z: np.ndarray) -> np.ndarray:
        return solve((theta[:, None] + z).reshape(-1, shape[2])).reshape(shape)  # type: ignore[misc]

    def vjp() -> np.ndarray:
        z = noise()
        gain = np.einsum("bmd,bd->bm", decisions(z) - solve(theta)[:, None], u)  # type: ignore[misc]
        slope = 1 - np.exp(-z) if gumbel else z
        return np.einsum("bm,bmd->bd", gain, slope) / np.float32(samples)

    return {"forward": lambda: decisions(noise()).mean(1), "vjp": vjp, "loss": lambda: decisions(noise()).mean(1) - y}


def torch_peer(workload: str, samples: int) -> dict[str, Call]:
    import torch

    if workload not in ("rank 100", "argmax 10"):
        return {}
    theta, y, u = (torch.from_numpy(x) for x in data(workload))
    gumbel, shape = workload == "argmax 10", (len(theta), samples, theta.shape[1])

    def solve(x: Any) -> Any:
        if gumbel:
            return torch.nn.functional.one_hot(x.argmax(-1), shape[2]).to(x.dtype)
        return (x.argsort(-1).argsort(-1) + 1).to(x.dtype)

    def noise() -> Any:
        return -torch.log(torch.empty(shape).exponential_()) if gumbel else torch.randn(shape)

    def vjp() -> Any:
        z = noise()
        gain = torch.einsum("bmd,bd->bm", solve(theta[:, None] + z) - solve(theta)[:, None], u)
        return torch.einsum("bm,bmd->bd", gain, 1 - torch.exp(-z) if gumbel else z) / samples

    def forward() -> Any:
        return solve(theta[:, None] + noise()).mean(1)

    return {"forward": forward, "vjp": vjp, "loss": lambda: forward() - y}


def jax_peer(package: str) -> Callable[[str, int], dict[str, Call]]:
    def peer(workload: str, samples: int) -> dict[str, Call]:
        import jax
        import jax.numpy as jnp

        if workload not in ("rank 100", "argmax 10"):
            return {}
        theta, y, u = (jnp.asarray(x) for x in data(workload))
        if package == "jaxopt":
            from jaxopt import perturbations as module
        else:
            from optax import perturbations as module
        ranks = workload == "rank 100"

        def solve(x: Any) -> Any:
            return jnp.argsort(jnp.argsort(x)) + 1.0 if ranks else jax.nn.one_hot(jnp.argmax(x), x.shape[-1])

        noise = module.Normal() if ranks else module.Gumbel()
        if package == "jaxopt":
            one = module.make_perturbed_argmax(solve, samples, 1.0, noise)
        else:
            made = module.make_perturbed_fun(solve, samples, 1.0, noise)
            one = lambda x, key: made(key, x)  # noqa: E731
        keys, step = jax.random.split(jax.random.key(0), len(theta)), iter(range(10**9))
        forward = jax.jit(lambda keys, x: jax.vmap(one)(x, keys))
        vjp = jax.jit(lambda keys, x, u: jax.vjp(lambda x: jax.vmap(one)(x, keys), x)[1](u)[0])
        next(step)
        return {
            "forward": lambda: forward(keys, theta).block_until_ready(),
            "vjp": lambda: vjp(keys, theta, u).block_until_ready(),
            "loss": lambda: (forward(keys, theta) - y).block_until_ready(),
        }

    return peer


def pyepo_peer(with_ours: bool) -> Callable[[str, int], dict[str, Call]]:
    """PyEPO's modules, of which each problem is solved by itself."""

    def peer(workload: str, samples: int) -> dict[str, Call]:
        import pyepo
        import torch
        from pyepo.model.opt import optModel

        theta, y, u = data(workload)
        # Its noise is normal.
        layer, solve, d = own_layer(workload), solver(workload), theta.shape[1]

        class Model(optModel):  # type: ignore[misc]
            modelSense = pyepo.EPO.MINIMIZE

            def _getModel(self) -> Any:
                return None, list(range(d))

            def setObj(self, c: Any) -> None:
                self.c = np.asarray(c, np.float32)

            def solve(self) -> Any:
                y = layer.decide(-self.c) if with_ours else solve((-self.c)[None])[0]  # type: ignore[misc]
                return y, float(self.c @ y)

        model = Model()
        costs, target, cotangent = (torch.from_numpy(x) for x in (-theta, y, -u))
        smooth = pyepo.func.perturbedOpt(model, n_samples=samples, sigma=1.0, processes=1)
        loss = pyepo.func.perturbedFenchelYoung(model, n_samples=samples, sigma=1.0, processes=1, reduction="sum")

        def vjp() -> Any:
            c = costs.clone().requires_grad_()
            smooth(c).backward(cotangent)
            return c.grad

        def gradient() -> Any:
            c = costs.clone().requires_grad_()
            loss(c, target).backward()
            return c.grad

        return {"forward": lambda: smooth(costs), "vjp": vjp, "loss": gradient}

    return peer


def torchsort_peer(workload: str, samples: int) -> dict[str, Call]:
    """Soft ranks, another relaxation, without samples: told beside M = 1 for orientation."""
    import torch
    import torchsort

    if workload != "rank 100" or samples != 1:
        return {}
    theta, _, u = (torch.from_numpy(x) for x in data(workload))

    def vjp() -> Any:
        x = theta.clone().requires_grad_()
        torchsort.soft_rank(x).backward(u)
        return x.grad

    return {"forward": lambda: torchsort.soft_rank(theta), "vjp": vjp}


PEERS: dict[str, tuple[str, Callable[[str, int], dict[str, Call]]]] = {
    "perturbed": ("perturbed", ours),
    "numpy, scipy": ("scipy", numpy_peer),
    "torch": ("torch", torch_peer),
    "jaxopt": ("jaxopt", jax_peer("jaxopt")),
    "optax": ("optax", jax_peer("optax")),
    "PyEPO, scipy": ("pyepo", pyepo_peer(False)),
    "PyEPO, ours": ("pyepo", pyepo_peer(True)),
    "torchsort": ("torchsort", torchsort_peer),
}


def timed(call: Call, least: float = 0.02) -> float:
    """Microseconds a call, over calls that fill a fiftieth of a second."""
    start, calls = time.perf_counter(), 0
    while (passed := time.perf_counter() - start) < least or calls == 0:
        call()
        calls += 1
    return 1e6 * passed / calls


def measure(rounds: int, workloads: list[str]) -> Iterator[dict[str, Any]]:
    """Medians of all peers, each round asking one after the other."""
    for workload in workloads:
        for samples in SAMPLES:
            peers: dict[str, dict[str, Call]] = {}
            for name, (package, peer) in PEERS.items():
                if importlib.util.find_spec(package) and not (name.startswith("PyEPO") and samples == 100):
                    peers[name] = peer(workload, samples)
            for quantity in QUANTITIES:
                found: dict[str, list[float]] = {name: [] for name, calls in peers.items() if quantity in calls}
                for name in found:
                    peers[name][quantity]()  # Compiled, and warm.
                for _ in range(rounds):
                    for name, times in found.items():
                        times.append(timed(peers[name][quantity]))
                medians = {name: statistics.median(times) for name, times in found.items()}
                yield {"workload": workload, "samples": samples, "quantity": quantity, "us": medians}


def table(cores: str, lines: list[dict[str, Any]]) -> str:
    names = [name for name in PEERS if any(name in line["us"] for line in lines)]
    rows = [f"| {cores} | M | asked | " + " | ".join(names) + " | beside the fastest peer |", "|---" * (4 + len(names)) + "|"]
    ratios = []
    for line in lines:
        us = line["us"]
        # Soft ranks are another function.
        others = [x for name, x in us.items() if name not in ("perturbed", "PyEPO, ours", "torchsort")]
        ratio = min(others) / us["perturbed"]
        ratios.append(ratio)
        cells = [f"{us[name]:,.0f}" if us.get(name, 0) >= 10 else f"{us[name]:.1f}" if name in us else "" for name in names]
        rows.append(f"| {WORKLOADS[line['workload']]} | {line['samples']} | {line['quantity']} | {' | '.join(cells)} | {ratio:.1f} |")
    return "\n".join([*rows, "", f"Beside the fastest peer: {min(ratios):.1f} times at least, {statistics.median(ratios):.1f} in the median."])


def overhead() -> str:
    """What a call costs beyond its computation: one score, one sample."""
    from perturbed import Layer, MonteCarlo, Simplex

    layer, theta, how = Layer(Simplex(1)), np.zeros(1, np.float32), MonteCarlo(1)
    calls = {"decide": lambda: layer.decide(theta), "maximizer": lambda: layer.maximizer(theta, how),
             "vjp": lambda: layer.vjp(theta, theta, how), "fenchel_young_gradient": lambda: layer.fenchel_young_gradient(theta, theta + 1, how)}  # fmt: skip
    each = (f"{name} {min(timed(call) for _ in range(20)):.2f}" for name, call in calls.items())
    return "Whole calls with one score and one sample, in microseconds: " + ", ".join(each) + "."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=ROWS, action="append")
    parser.add_argument("--out")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    workloads = asked.only or list(ROWS)
    if asked.child:
        for line in measure(asked.rounds, workloads):
            print(json.dumps(line), flush=True)
        return
    texts, cores = [overhead()], sorted(os.sched_getaffinity(0))
    for pinned in ([cores[0]], cores) if len(cores) > 1 else [cores]:
        os.sched_setaffinity(0, pinned)
        only = [argument for workload in workloads for argument in ("--only", workload)]
        command = [sys.executable, "-W", "ignore", __file__, "--child", "--rounds", str(asked.rounds), *only]
        found = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
        names = "1 core" if len(pinned) == 1 else f"{len(pinned)} cores"
        texts.append(table(names, [json.loads(line) for line in found.splitlines()]))
        os.sched_setaffinity(0, cores)
    text = "\n\n".join(texts) + "\n"
    print(text)
    if asked.out:
        with open(asked.out, "w") as file:
            file.write(text)


if __name__ == "__main__":
    main()

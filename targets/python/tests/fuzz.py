"""Calls all that is public with random arguments, right and wrong: no crash, no exceptions but those promised, one answer to one question.

    python tests/fuzz.py CALLS [SEED [FIRST]]

Prints how many calls ended how; `1 SEED N` repeats call N. What crashes or hangs is among the thousand after the number printed last.
"""

import copy
import faulthandler
import inspect
import os
import pickle
import random
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import perturbed
from conftest import NOISES, ORACLES
from perturbed import BlackBox, Cheapest, Decisions, Estimates, Exact, Layer, Model, MonteCarlo, Recipe, Training, metrics

R, ROWS, SECONDS = random.Random(), 20, 300
pick: Callable[[Any], Any] = R.choice
PROMISED = TypeError, ValueError, MemoryError, EOFError, pickle.PicklingError  # The last two for solvers that raise, and nameless ones.


def damaged(data: Any) -> Any:
    at, part = R.randrange(len(data) + 1), pick(("", "1", "e9", "[", "null", "\0"))
    return data[:at] + (part if isinstance(data, str) else part.encode()) + data[at + R.randrange(3) :]


# What is asked: pools of objects.
SOLVERS: list[Any] = [
    lambda s: pickle.loads(b""), np.sign, lambda s: s, lambda s: s * np.nan, lambda s: s[:1], lambda s: s.T, lambda s: "text", lambda s: s.fill(7),
    lambda s: np.full_like(s, 1e30), lambda s: LAYERS[0].decide(s), lambda s: np.float64(1), lambda s: [[1, 0, 0, 0, 0]] * len(s), lambda s: s.astype("f2"),
]  # fmt: skip
LAYERS: list[Any] = [Layer(one, noise, eps) for one, _ in ORACLES.values() for noise, eps in zip(NOISES, (1, 0.3, 1e-30, 1e20), strict=True)]
OWN = [Layer(BlackBox(5, solver, batched), "gumbel") for solver in SOLVERS for batched in (True, False)]
TABLE: dict[str, Any] = {
    "g": [i // 5 for i in range(ROWS)], "x": [(7 * i * i + i) % 11 / 4 + 0.5 for i in range(ROWS)], "z": np.arange(ROWS) % 7 - 2.0,
    "y": [1, 0, 1, 0, 0] * 4, "one": [0, 0, 1, 0, 0, 1, 0, 0, 0, 0] * 2, "m": list("abcde") * 4, "r": [3, 1, 2, 5, 4] * 4,
    "from": list("AABBC") * 4, "to": list("BCCDD") * 4, "row": [0, 0, 1, 1, 1] * 4, "column": [0, 1, 0, 1, 2] * 4, "weight": [2, 1, 3, 1, 2] * 4,
    "A_c": np.arange(ROWS) % 3, "B_c": np.arange(ROWS) % 4, "ch": ["A", "B", "B", "A"] * 5,
}  # fmt: skip
ONE, SEVERAL, WORTH, RANK = ({"group": "g", "features": "x, z", **more} for more in ({"chosen": "one"}, {"chosen": "y"}, {"worth": "-x"}, {"decide": "rank"}))
RECIPES: list[Any] = [Recipe(**given) for given in [
    {**ONE, "alternatives": "m"}, {**ONE, "constants": "m", "cluster": "g"}, {**ONE, "where": "r < 9", "available": "x > 0", "count": "g + 1"},
    {"group": "g", "features": "x", "one_of": "y"}, {"options": ["A", "B"], "features": "c", "chosen": "ch"}, WORTH, {**SEVERAL, "decide": "pick-k"},
    {**SEVERAL, "decide": "pick-k", "limit": ("m", 1)}, {**SEVERAL, "decide": "each"}, {**WORTH, "decide": "route"}, {**RANK, "ranks": "r"},
    {**RANK, "grades": "z + 2"}, {**WORTH, "decide": "route", "cells": ("row", "column")}, {**WORTH, "decide": "span"}, {**WORTH, "decide": "assign"},
    {**WORTH, "decide": "pack", "capacity": 4}, {**WORTH, "decide": "flow", "edges": ("from", "to"), "ends": ("A", "D")},
]]  # fmt: skip
MADE: list[Any] = [Decisions(TABLE, one) for one in RECIPES]
FOUND: list[Any] = [perturbed.estimate(one, ridge=0.1) for one in MADE[:2]]
MODELS: list[Any] = [Model.of_options(one, np.ones(len(one.terms))) for one in MADE] + [Model(layer, np.ones((2, layer.dim))) for layer in LAYERS[::4]]
METHODS = [Exact(), MonteCarlo(1), MonteCarlo(4, 1, "leave-one-out"), MonteCarlo(2, 3, "none", "antithetic"), Cheapest(3, 2, draws="quasi-random")]
TRAININGS = [Training(epochs=1), Training(epochs=2, batch=3, rate=1e3, optimizer="adam"), Training(epochs=1, batch=1, momentum=0.9, standardize=False)]
POOLS: dict[Any, list[Any]] = {type(one): [one] for one, _ in ORACLES.values()}
POOLS |= {type(pool[0]): pool for pool in (LAYERS + OWN, MADE, FOUND, MODELS, METHODS[:1], METHODS[1:4], METHODS[4:], TRAININGS, RECIPES)}
TARGETS = [(kind, pool, name) for kind, pool in POOLS.items() for name in dir(kind) if name[0] != "_" and callable(getattr(kind, name))]
TARGETS += [(kind, pool, name) for kind, pool in POOLS.items() for name in ("properties", "copied")]
TARGETS += [(None, [module], name) for module in (perturbed, metrics) for name in module.__all__
            if callable(getattr(module, name)) and name not in ("PerturbedError", "Oracle", "get_num_threads")]  # fmt: skip
TARGETS += 3 * [target for target in TARGETS if target[0] in (None, Layer, Decisions, Model, Estimates)]
# What is given.
LAYOUTS: list[Callable[[Any], Any]] = [
    np.asfortranarray, np.ndarray.tolist, lambda x: x[::-1], lambda x: np.repeat(x, 2, axis=-1)[..., ::2], lambda x: x[:0], lambda x: x[..., None],
    lambda x: np.frombuffer(b"1" + x.tobytes(), x.dtype, x.size, 1).reshape(x.shape), lambda x: x.astype(x.dtype.newbyteorder(">")), lambda x: x[..., :-1],
    lambda x: np.ma.masked_array(x, x > 0), lambda x: np.broadcast_to(x, (2, *x.shape)), lambda x: memoryview(np.ascontiguousarray(x)), lambda x: x > 0,
    *(lambda x, kind=kind: x.astype(kind) for kind in ("f2", "g", "O", "S5", "U5", "D")), lambda x: np.nan_to_num(x).clip(-9, 9).astype("i1"),
]  # fmt: skip
LOSSES = "fenchel-young", "squared", "blackbox", "spo-plus", "pairwise-logistic", "perturbed-squared", "likelihood"
TEXTS = ["", "x", "x +", "1 / (z - 0)", "`x`", "if(m == 'a', x, z)", "a = x, b = z", "m", "nope", "!missing(x)", "ln(x)", "\0", "\ud800", "x:m",
         "(" * 500, "-" * 999 + "x", "1e999", "{option}_{column}", "robust", "clustered", *NOISES, *LOSSES]  # fmt: skip
JUNK: list[Any] = [
    None, 3, -1, 0, 2**70, 1.5, np.nan, -np.inf, b"bytes", 1j, [], (), {}, {1, 2}, [None], ["a"], [[1], [1, 2]], True, np.True_, np.float32(2), np.int8(-3),
    range(3), len, int, object(), np.zeros(()), np.zeros((0, 4)), np.zeros((3, 0)), np.array("a"), np.array(None), np.zeros(3, "M8[s]"), np.matrix([1.0]),
    np.zeros(2, [("a", "f8")]), np.zeros((1,) * 9), np.full(3, np.nan), np.full(1, 2**63, "u8"), TABLE, *TEXTS, *(pool[0] for pool in POOLS.values()),
]  # fmt: skip
COSTS, FILE = -1.5 - np.arange(4000) * 7 % 11 / 10, tempfile.mkdtemp() + "/model"
# What is damaged, and can still be asked.
for number in range(900):
    R.seed(number)
    with suppress(TypeError, ValueError):
        RECIPES.append(replace(pick(RECIPES[: len(MADE)]), **{pick(fields(Recipe)).name: pick(TEXTS)}))
        MODELS.append(Model.from_bytes(damaged(MODELS[0].to_bytes())))
        FOUND.append(Estimates(damaged(FOUND[0].to_json())))


def numbers(*shape: int) -> Any:
    x = pick((0, 1, 1, 1, 1, 1, 1e-30, 1e30, 1e300)) * np.array([R.gauss(0, 1) for _ in range(int(np.prod(shape)))]).reshape(shape)
    if x.size and R.random() < 0.1:
        x.flat[R.randrange(x.size)] = pick((np.nan, np.inf, -np.inf, 5e-324, 1e308))
    x = pick((-abs(x), x, x.astype("f4")))
    return pick(LAYOUTS)(x) if x.ndim and R.random() < 0.1 else x


def table() -> Any:
    made = dict(TABLE)
    while R.random() < 0.3:
        cells = [pick((1, 2.5, "a", None, np.nan, 2**60, b"", 1j)) if R.random() < 0.1 else 1 for _ in range(ROWS)]
        made[pick(list(made))] = pick((pick(JUNK), numbers(ROWS), cells, pick(list(made.values()))))
    return made


# What fits a parameter of this name, of one function or of all.
VALUES: dict[str, Callable[[Any], Any]] = {
    "theta": lambda c: pick((c.good, numbers(*c.shape))), **dict.fromkeys(("truth", "tangent", "cotangent"), lambda c: numbers(*c.shape)),
    **dict.fromkeys(("y", "target"), lambda c: numbers(*c.shape) if R.random() < 0.3 else c.decide(c.good)), "with_error": lambda c: R.random() < 0.5,
    "estimate_scores.decisions": lambda c: np.eye(c.layer.dim) if R.random() < 0.5 else numbers(3, c.layer.dim), "noise": lambda c: pick(NOISES),
    "method": lambda c: pick(METHODS).fold(R.randrange(9)), "projection": lambda c: pick(("none", "mean")), "steps": lambda c: R.randrange(20),
    "out": lambda c: pick((np.zeros(c.shape), numbers(*c.shape), (np.zeros(len(c.good)), np.zeros(c.shape)))), "layer": lambda c: c.layer,
    **dict.fromkeys(("lambd", "epsilon", "ridge", "tolerance"), lambda c: 10 ** R.uniform(-3, 3)), "training": lambda c: pick(TRAININGS),
    **dict.fromkeys(("seed", "key", "first_row"), lambda c: R.randrange(2**64)), **dict.fromkeys(("k", "samples", "threads"), lambda c: R.randrange(4)),
    "agreeing": lambda c: pick((c.layer.oracle, [c.layer.oracle] * len(c.good))), "loss": lambda c: pick(LOSSES), "train.x": lambda c: numbers(6, 2),
    "train.y": lambda c: c.decide(COSTS[: 6 * c.layer.dim].reshape(6, -1)), "decisions": lambda c: c.decisions, "table": lambda c: table(),
    "x": lambda c: table() if c.self.is_of_options else numbers(3, len(c.self.feature_names)), "recipe": lambda c: pick(RECIPES[: pick((len(MADE), len(RECIPES)))]),
    **dict.fromkeys(("weights", "start"), lambda c: numbers(len(c.decisions.terms))), "criterion": lambda c: pick(LOSSES[::6]), "name": lambda c: pick(TEXTS),
    "places": lambda c: [R.randrange(5) for _ in range(3)], "terms": lambda c: [pick([*c.decisions.terms, "x"])], "decided": lambda c: R.random() < 0.5,
    **dict.fromkeys(("estimates", "restricted"), lambda c: pick(FOUND)), "errors": lambda c: pick(("model", "robust", "clustered")), "level": lambda c: R.random(),
    **dict.fromkeys("ab", lambda c: pick(c.self.terms or "x")), "json": lambda c: damaged(FOUND[1].to_json()), "path": lambda c: pick((FILE, FILE + "/x")),
    "data": lambda c: pick((bytes, damaged))(pick((pick(MODELS).to_bytes(), MODELS[len(MADE)].to_bytes(bare=True)))), "bare": lambda c: R.random() < 0.5,
    **dict.fromkeys(("scores", "grades", *(f"{name}.{one}" for name in ("spearman", "kendall") for one in "ab")), lambda c: numbers(2, 4)),
    **dict.fromkeys(("feature_names", "label_names"), lambda c: [pick(TEXTS), "b"]), "bias": lambda c: numbers(c.layer.dim), "Model.weights": lambda c: numbers(2, c.layer.dim),
}  # fmt: skip


def drawn(number: int, seed: int) -> tuple[str, Callable[..., Any], dict[str, Any]]:
    R.seed(seed << 40 | number)
    kind, pool, name = pick(TARGETS)
    c = SimpleNamespace(self=pick(pool), layer=pick(LAYERS + OWN), decisions=pick((MADE[0], pick(MADE))))
    c.layer, c.decisions = (c.self if isinstance(c.self, type(one)) else one for one in (c.layer, c.decisions))
    c.decide = np.sign if c.layer in OWN else c.layer.decide
    c.shape = pick(((c.layer.dim,), c.layer.shape, (R.randrange(1, 4), c.layer.dim), (R.randrange(1, 4), *c.layer.shape)))
    c.good = COSTS[: int(np.prod(c.shape))].reshape(c.shape)
    label, given = f"{kind.__name__}.{name}" if kind else name, {}
    if name in ("properties", "copied"):
        return label, globals()[name], {"x": c.self}
    function = getattr(c.self, name)
    example = pick(POOLS.get(function, [None])) if inspect.isclass(function) and function not in (Decisions, Model) else None
    for one, parameter in inspect.signature(function).parameters.items():
        if parameter.default is parameter.empty or one == "steps" or R.random() < 0.25:
            fits = (lambda c, one=one: getattr(example, one)) if hasattr(example, one) else VALUES.get(f"{name}.{one}") or VALUES[one]
            given[one] = pick(JUNK) if R.random() < 0.03 else fits(c)
    return label, function, given


def properties(x: Any) -> list[Any]:
    return [repr(x), *(getattr(x, name) for name in dir(type(x)) if name[0] != "_" and not callable(getattr(type(x), name)))]


def copied(x: Any) -> None:
    for other in pickle.loads(pickle.dumps(x)), copy.copy(x), copy.deepcopy(x):
        if isinstance(x, Decisions):  # Which are compared by their digests.
            assert bits(other) == bits(x)
        else:
            assert other == x and not other != x and (type(x).__hash__ is None or hash(other) == hash(x))


def bits(x: Any) -> Any:
    if isinstance(x, (np.ndarray, np.generic)):
        return x.dtype.str, x.shape, x.tobytes()
    if isinstance(x, (list, tuple, dict)):
        return [bits(one) for one in (x.items() if isinstance(x, dict) else x)]
    return x.digest if isinstance(x, Decisions) else x.to_bytes() if isinstance(x, Model) else repr(x)


def main(calls: int, seed: int = 1, first: int = 0) -> bool:
    warnings.simplefilter("ignore")
    ended, wrong = Counter[tuple[str, str]](), dict[tuple[str, str], str]()
    for number in range(first, first + calls):
        if number % 1000 == 0:
            print(f"\r{number}", end="", flush=True, file=sys.stderr)
            faulthandler.dump_traceback_later(SECONDS, exit=True)
        label, function, given = drawn(number, seed)
        end, fault = "answer", ""
        try:
            answer = function(**given)
            if "out" not in given and R.random() < 0.1:
                perturbed.set_num_threads(perturbed.get_num_threads() % 3 + 1)
                fault = "" if bits(function(**given)) == bits(answer) else "another answer to the same question"
        except BaseException as error:
            fine = isinstance(error, (*PROMISED, OSError) if "path" in given else PROMISED)
            end, fault = type(error).__name__, "" if fine else repr(error)
        ended.update([(label, end), ("ALL", end)])
        if fault:
            wrong.setdefault((label, end), f"first in call {number}: {fault}")
    for label in sorted({label for label, _ in ended}):
        print(f"{label:35}", ", ".join(f"{count} {end}" for (of, end), count in ended.most_common() if of == label))
    print(*(f"{label}, {end}, {first}" for (label, end), first in wrong.items()), f"{len(wrong)} kinds of findings", sep="\n")
    return bool(wrong)


if __name__ == "__main__":
    faulthandler.enable()
    os.chdir(tempfile.mkdtemp())  # Models are saved under any name.
    sys.exit(main(*map(int, sys.argv[1:])))

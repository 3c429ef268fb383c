"""Types, documentation and examples."""

import doctest
import importlib.util
import inspect
import re
import subprocess
import sys
from pathlib import Path

import perturbed
import pytest


def public() -> list[tuple[str, object]]:
    items = [(name, getattr(perturbed, name)) for name in perturbed.__all__]
    for name, item in list(items):
        if inspect.isclass(item) and not issubclass(item, Exception):
            members = [(member, value) for member, value in vars(item).items() if not member.startswith("_")]
            items += [(f"{name}.{member}", value) for member, value in members if hasattr(value, "__get__")]
    return items


@pytest.mark.parametrize(("name", "item"), public())
def test_everything_is_documented(name: str, item: object) -> None:
    assert len(inspect.getdoc(item) or "") > 5, name


def variants(file: str, enum: str) -> list[str]:
    """The variants of an enum in the library's sources."""
    path = Path(__file__).parents[3] / "std/src/any" / file
    if not path.exists():
        pytest.skip("the library's sources are not at hand")
    body = path.read_text().split(f"pub enum {enum}")[1].split("\n}\n")[0]
    return re.findall(r"^    (\w+)[ ({,]", body, re.MULTILINE)


def test_every_oracle_and_quantity_is_there() -> None:
    oracles, questions = variants("spec.rs", "OracleSpec"), variants("layer.rs", "Question")
    assert len(oracles) > 10 and len(questions) > 10
    assert set(oracles) <= set(perturbed.__all__)
    snake = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in questions}
    assert snake <= set(dir(perturbed.Layer))


SETTINGS = str(Path(__file__).parents[1] / "pyproject.toml")
# Modules of optional frameworks are checked where these are installed.
OPTIONAL = {"sklearn": "sklearn", "torch": "torch", "jax": "jax", "pyepo": "pyepo", "plot": "matplotlib"}
MODULES = ["perturbed", "perturbed._perturbed"]
MODULES += [f"perturbed.{name}" for name, package in OPTIONAL.items() if importlib.util.find_spec(package)]


@pytest.mark.parametrize("name", [*MODULES, "perturbed.decisions", "perturbed.model", "perturbed.training"])
def test_examples(name: str) -> None:
    found = doctest.testmod(importlib.import_module(name))
    # PyEPO's models need solvers.
    assert found.failed == 0 and (found.attempted > 0 or name in ("perturbed.pyepo", "perturbed._perturbed"))


def test_readme() -> None:
    found = doctest.testfile("../README.md", optionflags=doctest.NORMALIZE_WHITESPACE)
    assert found.attempted > 0 and found.failed == 0


@pytest.mark.parametrize(
    "command",
    [["mypy", "--config-file", SETTINGS, *(f"-m{name}" for name in MODULES)], ["mypy.stubtest", "perturbed._perturbed"]],
    ids=lambda command: command[0],
)
def test_types(command: list[str], tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    found = subprocess.run(
        [sys.executable, "-m", *command], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
    )
    assert found.returncode == 0, found.stdout + found.stderr


def test_types_of_users(tmp_path: Path) -> None:
    """What users write is understood, and what is wrong is seen."""
    pytest.importorskip("mypy")
    (tmp_path / "user.py").write_text(
        """
import numpy as np
from perturbed import Exact, Layer, MonteCarlo, Ranking

layer = Layer(Ranking(3), "gumbel", 0.5)
y = layer.maximizer(np.zeros(3), Exact()) + 1
loss, gradient = layer.fenchel_young([0.0, 1.0, 2.0], y, MonteCarlo(10).fold(3))
mean, error = layer.maximizer(np.zeros(3), MonteCarlo(10), with_error=True)
print(float(loss), gradient.shape, error.mean())
layer.maximizer(np.zeros(3), Exact(), with_error=True)  # E: call-overload
Layer(Ranking(3), "gauss")  # E: arg-type
Layer(3)  # E: arg-type
MonteCarlo(1.5)  # E: arg-type
"""
    )
    found = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "user.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    lines = (tmp_path / "user.py").read_text().splitlines()
    expected = {(number, line.split("# E: ")[1]) for number, line in enumerate(lines, 1) if "# E: " in line}
    errors = [line.split(":") for line in found.stdout.splitlines() if ": error:" in line]
    assert {(int(line[1]), line[-1].split("[")[-1].rstrip("]")) for line in errors} == expected, found.stdout

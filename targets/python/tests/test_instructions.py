"""How many instructions calls take, against the committed instructions.csv.

A kernel of which some part is not inlined into the module that Python loads is compiled without vectors there, whatever the library's own
counts say, and its bits are the same. Here it takes twice as many instructions.

    python tests/test_instructions.py          # measure, and write the file anew

One process runs all cases under valgrind's callgrind, with the vectors that valgrind has (AVX2), and has it write down the count after
each. The counts are those of a compiler of Rust, which the file's first line names, and in small part of Python and numpy.
"""

import csv
import gc
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import perturbed
import pytest
from perturbed import Assignment, Exact, GridPath, Layer, MonteCarlo, Oracle, Ranking, Simplex, TopK

FILE = Path(__file__).with_name("instructions.csv")
# Of Python, numpy and the C library; what loses its vectors takes half as much again at least.
SLACK = 0.1


def circumstances() -> str:
    """What counts depend on."""
    compiler = subprocess.run(["rustc", "--version"], check=True, capture_output=True, text=True, cwd=FILE.parent)
    return f"{compiler.stdout.strip()}; {platform.machine()}, AVX2"


def cases() -> dict[str, Callable[[], Any]]:
    """Calls of some 10^5 instructions and more, by their names."""
    found: dict[str, Callable[[], Any]] = {}

    def add(name: str, oracle: Oracle, noise: str, rows: int, samples: int, kind: Any = np.float32) -> None:
        layer, rng = Layer(oracle, noise), np.random.default_rng(1)
        theta = (rng.standard_normal((rows, layer.dim)) - 5).astype(kind)
        u = rng.standard_normal((rows, layer.dim)).astype(kind)
        method = MonteCarlo(samples, 7)
        about = f"{name}/{noise}/{np.dtype(kind)}/{rows} rows of {samples}"
        found[f"maximizer/{about}"] = lambda: layer.maximizer(theta, method)
        found[f"vjp/{about}"] = lambda: layer.vjp(theta, u, method)

    for rows, samples in [(1024, 1), (100, 10), (50, 100)]:
        add("argmax/10", Simplex(10), "gumbel", rows, samples)
    add("argmax/10", Simplex(10), "gumbel", 20, 100, np.float64)
    for noise in ["normal", "gumbel", "laplace", "logistic"]:
        add("ranking/100", Ranking(100), noise, 16, 16)
    add("ranking/10", Ranking(10), "normal", 32, 64)
    add("top-10/100", TopK(100, 10), "normal", 16, 16)
    add("grid path/12x12", GridPath(12, 12), "normal", 4, 16)
    add("assignment/20", Assignment(20, 20), "normal", 1, 16)
    ranking, scores = Layer(Ranking(100), "normal"), np.random.default_rng(1).standard_normal((16, 100))
    found["exact maximizer/ranking/100/float32"] = lambda: ranking.maximizer(scores.astype(np.float32), Exact())
    found["exact maximizer/ranking/100/float64"] = lambda: ranking.maximizer(scores, Exact())
    return found


def watched() -> None:
    """Runs all cases in a process that callgrind watches."""

    def dump(name: str) -> None:
        # Not by the module subprocess, which takes as many instructions as a case, and not always the same.
        command = ["callgrind_control", f"--dump={name}", str(os.getpid())]
        silent = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
        process = os.posix_spawnp(command[0], command, os.environ, file_actions=silent)
        assert os.waitpid(process, 0)[1] == 0

    perturbed.set_num_threads(1)
    # Nor collecting garbage, whenever it likes.
    gc.disable()
    for name, call in {"nothing": lambda: None, **cases()}.items():
        call()
        dump("before")
        call()
        dump(name)


def measured() -> dict[str, int]:
    """The counts of all cases."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "out")
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", sys.executable, __file__, "--watched"]
        found = subprocess.run(command, capture_output=True, text=True, check=False)
        assert found.returncode == 0, found.stderr
        counts = {}
        for file in Path(folder).glob("out.*"):
            text = file.read_text()
            name, count = re.search(r"Trigger: dump (.*)", text), re.search(r"^totals: (\d+)", text, re.MULTILINE)
            if name and count:
                counts[name[1]] = int(count[1])
    nothing = counts.pop("nothing")
    return {name: counts[name] - nothing for name in cases()}


def test_modules_take_as_many_instructions_as_they_did() -> None:
    if not (shutil.which("valgrind") and shutil.which("rustc")):
        pytest.skip("valgrind, or rustc, which tells whose counts these are, is not installed")
    with FILE.open() as file:
        first, _, *rows = csv.reader(file)
    if first != [circumstances()]:
        pytest.skip(f"counts are those of {first}, this is {circumstances()}")
    expected, found = {name: int(count) for name, count in rows}, measured()
    assert list(expected) == list(found)
    off = {name: (found[name], count) for name, count in expected.items() if abs(found[name] / count - 1) > SLACK}
    assert not off, f"found, expected; if that is meant, {FILE.name} is written anew by this file: {off}"


if __name__ == "__main__":
    if "--watched" in sys.argv:
        watched()
    else:
        with FILE.open("w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerows([[circumstances()], ["case", "instructions"], *measured().items()])

"""From a table of choices to a microcontroller.

    python choice_to_firmware.py [TABLE]

Fits a choice model to a table with the columns case, alt, choice, cost, freq, ovt, ivt and income (Canadian travellers, as the data set
ModeCanada of R's packages mlogit and AER has them; without TABLE, to trips that are made up), writes it as a C header, compiles that for
a Cortex-M4F, runs it in QEMU on every decision, and compares what it decides with what Python decides.

Needs scikit-learn, and arm-none-eabi-gcc and qemu-system-arm for the second half.
"""

import csv
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from perturbed import Recipe
from perturbed.sklearn import ChoiceModel

TARGETS = Path(__file__).parents[2]
RECIPE = Recipe(
    group="case", alternatives="alt", chosen="choice", features="cost, freq, ovt, ivt", constants="alt",
    interactions="income:alt", reference="train",
)  # fmt: skip
NUMBERS = ("cost", "freq", "ovt", "ivt", "income")
ALTERNATIVES = ("air", "bus", "car", "train")


def made_up(travellers: int = 500) -> dict[str, Any]:
    """Trips whose choices follow a logit."""
    rng = np.random.default_rng(1)
    shape = (travellers, 4)
    table: dict[str, Any] = {
        "cost": rng.uniform(10, 200, shape), "freq": rng.integers(1, 10, shape), "ovt": rng.uniform(0, 90, shape),
        "ivt": rng.uniform(30, 400, shape), "income": np.repeat(rng.uniform(10, 70, (travellers, 1)), 4, axis=1),
    }  # fmt: skip
    theta = -0.03 * table["cost"] - 0.01 * table["ivt"] - 0.02 * table["ovt"] + 0.1 * table["freq"] + rng.gumbel(size=shape)
    table["choice"] = theta == theta.max(axis=1, keepdims=True)
    table["case"] = np.repeat(np.arange(travellers)[:, None], 4, axis=1)
    return {name: column.ravel() for name, column in table.items()} | {"alt": [*ALTERNATIVES] * travellers}


def read(path: str) -> dict[str, Any]:
    """Decisions among all four alternatives."""
    with open(path, newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["noalt"] == "4"]
    texts = {"alt": [row["alt"] for row in rows]}
    return texts | {name: np.array([float(row[name]) for row in rows]) for name in (*NUMBERS, "case", "choice")}


def program(table: dict[str, Any], starts: np.ndarray) -> str:
    """A firmware with all decisions in flash, which prints the place of the option that it chooses in each."""
    options = [
        f"{{TRIPS_ALT_{'OTHER' if alt == 'train' else alt.upper()}, {', '.join(f'{float(x)!r}f' for x in numbers)}}}"
        for alt, *numbers in zip(table["alt"], *(table[name] for name in NUMBERS), strict=True)
    ]
    return f"""#include "start.h"
#include "trips.h"
static const trips_option options[] = {{{", ".join(options)}}};
static const unsigned starts[] = {{{", ".join(map(str, starts))}}};
int main(void)
{{
    for (unsigned i = 0; i < {len(starts) - 1}u; i++) {{
        float theta[4], y[4];
        trips_choose(&options[starts[i]], starts[i + 1] - starts[i], theta, y);
        unsigned chosen = 0;
        while (y[chosen] == 0.0f) {{
            chosen++;
        }}
        write_number(chosen);
        write_text("\\n");
    }}
    return 0;
}}
"""


def run_on_cortex_m4f(folder: Path) -> list[int]:
    """Compiles main.c for the board of QEMU, and runs it."""
    c, elf = TARGETS / "c", folder / "trips.elf"
    machine = ["-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard", "-mthumb"]
    options = ["-std=c99", "-O2", "-Wall", "-Wextra", "-Werror", "-ffreestanding", "-ffp-contract=off", "-I", str(c / "test"), "-I", str(folder)]
    link = ["-nostartfiles", "-T", str(TARGETS / "memory/mps2.x"), "-T", str(c / "test/link.x")]
    sources = [str(c / "test/start.c"), str(folder / "main.c")]
    subprocess.run(["arm-none-eabi-gcc", *machine, *options, *link, *sources, "-o", str(elf)], check=True)
    board = ["qemu-system-arm", "-machine", "mps2-an386", "-nographic", "-semihosting-config", "enable=on,target=native"]
    found = subprocess.run([*board, "-kernel", str(elf)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=True)
    return [int(line) for line in found.stdout.split()]


def main(path: str | None = None) -> int:
    """How many decisions differ."""
    table = made_up() if path is None else read(path)
    model = ChoiceModel(RECIPE).fit(table)
    print(model.summary())
    decisions = model.model_.read(table)
    header = model.model_.to_c_header("trips")
    missing = [tool for tool in ("arm-none-eabi-gcc", "qemu-system-arm") if shutil.which(tool) is None]
    if missing:
        raise SystemExit(f"not run on a Cortex-M4F: {' and '.join(missing)} cannot be found")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "trips.h").write_text(header)
        (folder / "main.c").write_text(program(table, decisions.starts))
        found = run_on_cortex_m4f(folder)
    chosen = decisions.decide(model.coef_)
    expected = [int(chosen[a:b].argmax()) for a, b in zip(decisions.starts, decisions.starts[1:], strict=False)]
    differ = sum(a != b for a, b in zip(found, expected, strict=True))
    print(f"a Cortex-M4F decides {len(found)} of {len(expected)} times, {differ} of them otherwise than Python")
    return differ


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) > 0)

"""The example that ends on a microcontroller; those of torch and JAX are run by the tests of these."""

import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).parents[1] / "examples"
CANADA = Path(__file__).parents[4] / "shared/data/choice/ModeCanada.csv"


@pytest.fixture
def choice_to_firmware() -> ModuleType:
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    for tool in "arm-none-eabi-gcc", "qemu-system-arm":
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not at hand: nothing is run on a Cortex-M4F")
    spec = importlib.util.spec_from_file_location("choice_to_firmware", FOLDER / "choice_to_firmware.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_microcontroller_chooses_as_python_does(choice_to_firmware: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert choice_to_firmware.main() == 0
    assert "decides 500 of 500 times, 0 of them otherwise" in capsys.readouterr().out


def test_choices_of_canadian_travellers(choice_to_firmware: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    if not CANADA.exists():
        pytest.skip(f"{CANADA} is not there")
    assert choice_to_firmware.main(str(CANADA)) == 0
    printed = capsys.readouterr().out
    assert "decides 2779 of 2779 times, 0 of them otherwise" in printed and "-1930.5652" in printed

"""The import contracts notice a violation: one is planted against each of them, in a copy of the house."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.contract
HOUSE = Path(__file__).parents[2]
ROOMS = ("services", "edge_agent", "threshold_service", "vlm_service", "training", "attune_wire")
PLANTED = {
    "services/runtime/planted.py": "import services.ledger",
    "edge_agent/planted.py": "import vlm_service, services.ledger",
    "threshold_service/planted.py": "import services.alerting",
    "services/console/planted.py": "import threshold_service, torch",
    "services/cli/planted.py": "import edge_agent",
    "services/simulator/planted.py": "import time",
    "services/vocabulary/planted.py": "import numpy",
    "training/planted.py": "import services.runtime",
    "services/alerting/planted.py": "import attune_wire.v1",
}
CONTRACTS = (
    "Imports go downstairs", "never import one another", "The edge keeps no ledger", "Those who judge do not tell",
    "Alerting and console import none", "imports none of them", "Pure rooms compute", "the standard library alone",
    "Only the doors speak protobuf", "Training knows the vocabulary", "only trains or exports",
)  # fmt: skip


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of every room and of the contracts."""
    for room in ROOMS:
        shutil.copytree(HOUSE / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(HOUSE / ".importlinter", tmp_path / ".importlinter")
    return tmp_path


def lint(folder: Path) -> tuple[int, str]:
    """Exit status and report of the linter on the rooms in `folder`, not on the installed ones."""
    script = "from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, '.'); {script}"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_it_finds_nothing_in_the_house_as_it_is(house: Path) -> None:
    status, report = lint(house)
    assert status == 0, report
    assert f"{len(CONTRACTS)} kept, 0 broken" in report


def test_it_lets_training_into_the_bundle_the_dialogue_and_the_rules_alone() -> None:
    contracts = (HOUSE / ".importlinter").read_text()
    training = contracts.partition("contract:training]")[2].partition("[importlinter")[0]
    inside = {path.stem for path in (HOUSE / "vlm_service").iterdir() if not path.name.startswith("__")}
    assert {name for name in inside if f"vlm_service.{name}\n" not in training} == {"bundle", "dialogue", "rules"}


def test_it_finds_each_planted_violation(house: Path) -> None:
    for file, line in PLANTED.items():
        (house / file).write_text(line + "\n")
    status, report = lint(house)
    broken = [line for line in report.splitlines() if line.rstrip().endswith("BROKEN")]
    assert status == 1, report
    for name in CONTRACTS:
        assert any(name in line for line in broken), f"{name}: not reported as broken\n{report}"

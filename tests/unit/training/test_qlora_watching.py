"""Processes that train together end together, and the one that ended first is named. Kind: unit."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from training.qlora.errors import ProcessLost
from training.qlora.watching import LOST, REFUSED, run_all

pytestmark = pytest.mark.unit
WAITS, KILLED = "time.sleep(600)", "os.kill(os.getpid(), signal.SIGKILL)"


def ran(*programs: str) -> int:
    """Each program in a process of its own; `number` is that of its process."""
    head = (
        "import os, signal, sys, time; number = int(os.environ['NUMBER'])\n"
        "def until(file):\n    while not os.path.exists(file):\n        time.sleep(0.01)\n"
    )
    cases = "".join(f"if number == {number}:\n    {program}\n" for number, program in enumerate(programs))
    environments = [os.environ | {"NUMBER": str(number)} for number in range(len(programs))]
    return run_all([sys.executable, "-c", head + cases], environments)


def test_all_have_to_end_well(tmp_path: Path) -> None:
    assert ran(f"open({str(tmp_path / 'a')!r}, 'w')", f"time.sleep(0.5); open({str(tmp_path / 'b')!r}, 'w')") == 0
    assert (tmp_path / "a").exists() and (tmp_path / "b").exists()


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        (f"until('dying'); time.sleep(0.3); sys.exit({LOST})", f"open('dying', 'w'); {KILLED}",
         "process 2 of 2 was ended by SIGKILL"),
        (WAITS, "sys.exit(1)", "process 2 of 2 ended with status 1"),
        (f"sys.exit({LOST})", WAITS, "process 1 of 2 lost the connection to the others"),
    ],
)  # fmt: skip
def test_one_that_ends_before_its_time_is_named_and_ends_the_others(
    first: str, second: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    began = time.monotonic()
    with pytest.raises(ProcessLost, match=words) as raised:
        ran(first, second)
    assert "the same command goes on from the last checkpoint" in str(raised.value)
    assert time.monotonic() - began < 300.0


def test_an_error_is_told_once_by_the_process_that_had_it(capfd: pytest.CaptureFixture[str]) -> None:
    refuses = f"sys.stderr.write('attune: no room'); sys.exit({REFUSED})"
    assert ran(refuses, refuses) == REFUSED
    assert capfd.readouterr().err.count("no room") == 1
    assert ran(WAITS, refuses) == REFUSED
    assert capfd.readouterr().err.count("no room") == 1


def test_they_end_with_whoever_started_them(tmp_path: Path) -> None:
    """However that ends: their standard input closes."""
    child = f"import os, sys; open({str(tmp_path)!r} + '/' + str(os.getpid()), 'w'); os.read(0, 1)"
    starter = (
        "import os, sys; from training.qlora.watching import run_all; "
        f"run_all([sys.executable, '-c', {child!r}], [dict(os.environ)] * 2)"
    )
    with subprocess.Popen([sys.executable, "-c", starter]) as it:
        end = time.monotonic() + 60.0
        while len(list(tmp_path.iterdir())) < 2 and time.monotonic() < end:
            time.sleep(0.05)
        it.kill()
    numbers = [int(file.name) for file in tmp_path.iterdir()]
    assert len(numbers) == 2
    while any(running(one) for one in numbers) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(running(one) for one in numbers)


def running(number: int) -> bool:
    try:
        return ") Z" not in Path(f"/proc/{number}/stat").read_text()
    except OSError:
        return False

"""`make setup` looks at the machine before it installs anything, and names the package that is missing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit
HOUSE = Path(__file__).parents[3]
CHECK = HOUSE / "deploy" / "setup" / "check.sh"
TOOLS = ("bash", "env", "awk", "df", "make")


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A PATH with the machine's tools, but without any Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found, f"this machine has no {tool}"
        (folder / tool).symlink_to(found)
    return folder


def put(tools: Path, name: str, script: str) -> None:
    (tools / name).write_text(f"#!/usr/bin/env bash\n{script}\n")
    (tools / name).chmod(0o755)


def check(tools: Path, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    variables = {"PATH": str(tools), **environment}
    return subprocess.run([str(CHECK), str(folder)], capture_output=True, text=True, check=False, env=variables)


def test_it_prints_the_python_it_found(tools: Path, tmp_path: Path) -> None:
    (tools / "python3.11").symlink_to(sys.executable)
    done = check(tools, tmp_path)
    assert (done.returncode, done.stdout.strip()) == (0, str(tools / "python3.11")), done.stderr


def test_it_names_the_package_when_there_is_no_python(tools: Path, tmp_path: Path) -> None:
    done = check(tools, tmp_path)
    assert done.returncode == 1
    assert "no Python 3.11 or 3.12" in done.stderr
    assert "python3.11-venv" in done.stderr


def test_it_passes_over_a_python_that_is_too_old(tools: Path, tmp_path: Path) -> None:
    put(tools, "python3", "exit 1")
    assert "no Python 3.11 or 3.12" in check(tools, tmp_path).stderr


def test_it_names_the_venv_package_when_python_comes_without(tools: Path, tmp_path: Path) -> None:
    put(tools, "python3.12", f'case "$*" in *ensurepip*) exit 1 ;; esac\nexec {sys.executable} "$@"')
    done = check(tools, tmp_path)
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert done.returncode == 1
    assert f"'python{version}-venv'" in done.stderr


def test_it_names_make_when_that_is_missing(tools: Path, tmp_path: Path) -> None:
    (tools / "python3.11").symlink_to(sys.executable)
    (tools / "make").unlink()
    assert "Install the package 'make'" in check(tools, tmp_path).stderr


def test_it_says_how_much_disk_is_missing(tools: Path, tmp_path: Path) -> None:
    (tools / "python3.11").symlink_to(sys.executable)
    done = check(tools, tmp_path, ATTUNE_SETUP_NEED_GIB="1000000")
    assert done.returncode == 1
    assert "1000000 GiB are needed" in done.stderr
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / ".attune-setup").touch()
    assert check(tools, tmp_path, ATTUNE_SETUP_NEED_GIB="1000000").returncode == 0


def test_it_explains_every_target() -> None:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    shown = subprocess.run(["make", "help"], cwd=HOUSE, capture_output=True, text=True, check=True, env=clean).stdout
    explained = {line.split()[1] for line in shown.splitlines()}
    assert explained >= {"help", "setup", "proto", "lint", "type", "test", "demo", "bench", "compose-check",
                         "compose-smoke", "clean", "doctor", "screenshots"}  # fmt: skip
    phony = next(line for line in (HOUSE / "Makefile").read_text().splitlines() if line.startswith(".PHONY"))
    assert explained == set(phony.split()[1:])

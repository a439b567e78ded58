"""No committed file and no commit message names a package registry's host or a path of somebody's machine."""

import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.contract
HOUSE = Path(__file__).parents[2]

# Put together here so that this file does not name them itself.
HOSTS = [".".join(parts) for parts in (
    ("pypi", "org"), ("pythonhosted", "org"), ("registry", "npmjs", "org"), ("npmjs", "com"), ("yarnpkg", "com"),
    ("anaconda", "org"), ("pypi", "nvidia", "com"), ("download", "pytorch", "org"), ("hub", "docker", "com"),
)]  # fmt: skip
PATHS = ["/" + "/".join(parts) for parts in (("work", "main"), ("work", "shared"), ("opt", "pypi"), ("opt", "wheels"))]


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=HOUSE, capture_output=True, text=True, check=True).stdout


def named(text: str) -> list[str]:
    return [address for address in (*HOSTS, *PATHS) if address in text]


def test_it_would_find_one() -> None:
    assert named(f"see https://{HOSTS[0]}/simple and {PATHS[1]}/assets") == [HOSTS[0], PATHS[1]]


def test_it_finds_none_in_the_committed_files() -> None:
    found = []
    for name in git("ls-files", "-z").split("\0"):
        path = HOUSE / name
        if name and path.is_file():
            found += [f"{name}: {address}" for address in named(path.read_text(errors="ignore"))]
    assert not found


def test_it_finds_none_in_the_commit_messages() -> None:
    assert not named(git("log", "--format=%B"))


def test_it_finds_none_of_the_lock_files_that_name_a_registry() -> None:
    assert not {"uv.lock", "pylock.toml", "package-lock.json"} & set(git("ls-files").split())

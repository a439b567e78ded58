"""From a settings file to a composition at the command line, killed and gone on with. Kind: unit."""

import json
import os
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

from tests.unit.training.staged_lives import moments, questions, settings
from tests.unit.training.test_synthesis_teachers import by_openai
from tests.unit.vlm.model_server import Answer, model_server
from training.corpus.composing import composed
from training.corpus.example import Kind, Layer, Split
from training.corpus.joined import Joined
from training.corpus.recipe import Recipe
from training.corpus.store import Corpus
from training.synthesis.command import MOMENTS
from training.synthesis.stored import write_lines

pytestmark = pytest.mark.unit
HEAD = "# attune train synthesize small.toml --out small\nseed = 3\npeople = 6\ndays = 2\nscale = 0.002\n"
OWN = HEAD + '[[teacher]]\nname = "rules"\nprotocol = "rules"\n'
RECIPE = (
    'name = "tiny"\n[[part]]\nlayer = "L2"\nkind = "thinking"\ncount = 1\n[[part]]\nlayer = "L3"\nkind = "thinking"\n'
    'count = 1\n[[part]]\nlayer = "L4"\nkind = "thinking"\ncount = 1\n[[part]]\nkind = "false_positive"\ncount = 1\n'
)


def train(*arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "services.cli.main", "train", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)


def make(file: Path, out: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "training.synthesis", "make", str(file), "--out", str(out), *options]


def test_it_goes_from_settings_to_a_composition_at_the_command_line(tmp_path: Path) -> None:
    file, out, log = tmp_path / "small.toml", tmp_path / "small", tmp_path / "log.jsonl"
    file.write_text(OWN)
    done = train("synthesize", file, "--out", out, "--log", log)
    assert done.returncode == 0, done.stderr
    corpus = Corpus.open(out / "corpus")
    corpus.check()
    assert {one.kind for one in corpus.examples()} == set(Kind)
    assert corpus.manifest.fingerprint in done.stdout and "| L4 thinking |" in done.stdout
    assert [json.loads(line)["event"] for line in log.read_text().splitlines()][-1] == "written"

    played = (out / MOMENTS / "00000.jsonl").stat().st_mtime_ns
    again = train("synthesize", file, "--out", out)
    assert again.returncode == 0 and corpus.manifest.fingerprint in again.stdout
    assert (out / MOMENTS / "00000.jsonl").stat().st_mtime_ns == played, "nobody lives twice"

    file.write_text(OWN.replace("seed = 3", "seed = 4"))
    other = train("synthesize", file, "--out", out)
    assert other.returncode == 2 and "holds other lives" in other.stderr
    file.write_text(OWN.replace("0.002", "1.0"))
    few = train("synthesize", file, "--out", out)
    assert few.returncode == 2 and "too few moments (L2 thinking:" in few.stderr and "--short" in few.stderr

    (tmp_path / "r.toml").write_text(RECIPE)
    composing = train("compose", out / "corpus", "--recipe", tmp_path / "r.toml", "--short", "--out", tmp_path / "c")
    assert composing.returncode == 0, composing.stderr
    assert "attune-synthetic" in composing.stdout


def test_it_gives_nested_builds_of_what_it_makes(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(OWN.replace("0.002", "0.01"))
    write_lines_of(tmp_path / "out")
    done = subprocess.run(make(tmp_path / "s.toml", tmp_path / "out", "--short"), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    joined = Joined.read([tmp_path / "out" / "corpus"])
    (tmp_path / "r.toml").write_text(RECIPE)
    recipe, layers = Recipe.read(str(tmp_path / "r.toml")), list(Layer)
    builds = [composed(joined.examples, recipe, frozenset(layers[:k])) for k in range(1, 5)]
    ids = [{one.id for one in build.training} for build in builds]
    assert all(few <= more for few, more in pairwise(ids)) and len(ids[3]) > len(ids[1])
    assert {one.split for one in joined.examples} >= {Split.TRAIN}


def write_lines_of(out: Path) -> None:
    """As if the six had been played into this folder."""
    (out / MOMENTS).mkdir(parents=True)
    write_lines(out / MOMENTS / "00000.jsonl", moments())


def test_it_goes_on_after_a_kill_without_asking_anything_twice(tmp_path: Path) -> None:
    out, file = tmp_path / "out", tmp_path / "s.toml"
    write_lines_of(out)
    asked = [one for one in questions(settings()) if one.taught]
    good = [by_openai(one) for one in asked]

    def taught_at(url: str) -> str:
        return (
            HEAD + f'[[teacher]]\nname = "big"\nprotocol = "openai"\nmodel = "m"\nurl = "{url}/v1"\nterms = "t"\n'
            "at_once = 1\ntries = 1\nattempts = 1\n"
        )

    environment = {**os.environ, "NO_PROXY": "127.0.0.1"}
    with model_server(*good[:3], Answer(hang=True)) as server:
        file.write_text(taught_at(server.url))
        process = subprocess.Popen(make(file, out, "--short"), env=environment, stdout=subprocess.DEVNULL)
        end = time.monotonic() + 240
        while len(server.requests) < 4:
            assert process.poll() is None and time.monotonic() < end, "the fourth question was not asked"
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()
        first = server.requests[:3]
    assert not (out / "corpus").exists()
    with model_server(*good[3:]) as server:
        file.write_text(taught_at(server.url))
        done = subprocess.run(make(file, out, "--short"), env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        rest = server.requests
    words = [json.dumps(one["messages"]) for one in (*first, *rest)]
    assert len(words) == len(set(words)) == len(asked)
    assert Corpus.open(out / "corpus").manifest.rows > 0


def test_it_says_in_one_line_what_is_wrong(tmp_path: Path) -> None:
    out = tmp_path / "out"
    nowhere = train("synthesize", tmp_path / "none.toml", "--out", out)
    assert nowhere.returncode == 2 and "expected a TOML file" in nowhere.stderr and "Traceback" not in nowhere.stderr
    (tmp_path / "s.toml").write_text(OWN)
    unplayed = subprocess.run(make(tmp_path / "s.toml", out), capture_output=True, text=True, check=False)
    assert unplayed.returncode == 2 and "run the command again" in unplayed.stderr
    write_lines_of(out)
    (out / MOMENTS / "00000.jsonl").write_text("{}\n")
    damaged = subprocess.run(make(tmp_path / "s.toml", out), capture_output=True, text=True, check=False)
    assert damaged.returncode == 2 and "line 1: is no Moment" in damaged.stderr

"""The whole school at the command line: lives staged, an adapter taught in four bits, evaluated, packed, signed, pushed
to the VLM service in front of a real vLLM, proven there, tried, and made active. Kind: vllm."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from services.vocabulary import AdapterState
from tests.vllm.house import House, house, short
from tests.vllm.schooling import settings, train
from tests.vllm.server import VllmServer
from training.qlora.record import Run
from vlm_service.bundle import Bundle, make_keys, open_bundle

pytestmark = [pytest.mark.vllm, pytest.mark.usefixtures("short")]
__all__ = ["short"]
LIVES = """\
# attune train synthesize synthesis.toml --out synthetic
seed = 7
people = 6
days = 2
scale = 0.004
[[teacher]]
name = "rules"
protocol = "rules"
"""
PACE = "[pace]\nrate = 1e-2\npack_tokens = 4096\npacks = 2\ncheck_every = 6\n"
RECIPE = 'name = "all"\n[[part]]\nleast = 0\nmost = 100\n'


@pytest.fixture(scope="module")
def school(model_servers: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A composed corpus, and an adapter that learned from it; the server starts meanwhile."""
    folder = tmp_path_factory.mktemp("school")
    (folder / "synthesis.toml").write_text(LIVES)
    (folder / "recipe.toml").write_text(RECIPE)
    settings(folder, PACE)
    did("synthesize", folder / "synthesis.toml", "--out", folder / "synthetic", "--short")
    composing = ("--recipe", folder / "recipe.toml", "--short", "--out", folder / "composed")
    did("compose", folder / "synthetic/corpus", *composing)
    did("qlora", *of(folder), "--out", folder / "run")
    return folder


def of(folder: Path) -> tuple[object, ...]:
    return folder / "qlora.toml", "--corpus", folder / "composed"


def did(*arguments: object) -> None:
    done = train(*arguments)
    assert done.returncode == 0, done.stderr


def test_what_was_learned_is_evaluated_packed_signed_and_comes_to_be_heard(
    school: Path, model_server: VllmServer, tmp_path: Path
) -> None:
    run = Run.read(school / "run")
    assert run.losses[-1][1] < run.losses[0][1] - 1.0, "it learned"
    budget = ("--thinking", 48, "--answer", 64, "--most", 4, "--moments", school / "synthetic/moments")
    judge = school / "judge.toml"
    judge.write_text(f'name = "j"\nmodel = "qwen3-vl"\nurl = "{model_server.url}/v1"\nmax_tokens = 64\nattempts = 1\n')
    did("evaluate", *of(school), "--run", school / "run", *budget, "--judge", judge)
    found = json.loads((school / "run/evaluation.json").read_text())
    assert {one["who"] for one in found["over_the_detector"]} == {"adapter", "beside"}
    assert found["judge"]["model"] == "qwen3-vl"
    left = {one["why"] for one in found["judge"]["not_judged"]}
    assert left <= {"the judge's answer was cut off", "the judge's answer is none"}, "the real server took the question"
    marked = [one for one in found["figures"] if (one["measure"], one["part"]) == ("reasoning by rubric", "")]
    assert left or marked
    assert found["adapter"] == run.adapter_sha256 and found["examples"] == 4
    assert {one["measure"] for one in found["gains"]} >= {"valid answers", "tier agreement", "thinking kept"}

    private, public = tmp_path / "adapters.key", tmp_path / "adapters.pub"
    make_keys(private, public)
    out = tmp_path / "house"
    did("bundle", *of(school), "--run", school / "run", "--out", out, "--name", "house", "--key", private,
        "--approved-by", "Dr Lang")  # fmt: skip
    bundle = open_bundle(out, public)
    assert (
        bundle.card.evaluation and len(bundle.card.probes) >= 2 and bundle.card.corpus.examples == run.corpus.examples
    )

    async def lived() -> None:
        more = {"adapters_trust": public, "base_weights": run.base.weights_sha256}
        async with house(tmp_path, model_server.url, **more) as home:
            await heard(home, bundle)

    asyncio.run(lived())


async def heard(home: House, bundle: Bundle) -> None:
    """From a push to the adapter that everybody hears."""
    name = await home.pushed(bundle)
    version = home.registry.find(name)
    assert version.state is AdapterState.PROBED, version.why
    rows = {row[0]: row for row in json.loads(home.registry.reports(name)["probe"].body)["rows"]}
    for check in ("same base", "as trained", "not mixed"):
        assert float(rows[check][2]) < float(rows[check][3]), rows[check]
    await home.told("canary", name, "--share", "0.5")
    assert {(await home.ask(number))[1] for number in range(12)} == {"", name}
    await home.told("promote", name, "--by", "Mr Vogel", "--why", "taught in this house")
    assert (await home.ask(1))[1] == name
    assert home.registry.find(name).state is AdapterState.ACTIVE
    shown = await home.cli("show", name)
    for words in ("the server answers with it as training recorded", "taught in this house", "trained: tier agreement"):
        assert words in shown.stdout, shown.stdout

"""The second pass: an adapter goes on from the first one with pictures, through vision tower and merger, is proven by a
server that adapts these, and refused by one that passes over them. Kind: vllm."""

import asyncio
import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from services.vocabulary import AdapterState
from tests.vllm.house import house, short
from tests.vllm.schooling import PACE, environment, lessons, picture, said, settings, train
from tests.vllm.server import ROOT, VllmServer, interpreter
from training.corpus.example import Example, Role, Split
from training.corpus.parts import Text
from training.corpus.store import CorpusWriter
from training.qlora.record import Run
from vlm_service.bundle import Bundle, open_bundle

pytestmark = [pytest.mark.vllm, pytest.mark.usefixtures("short")]
__all__ = ["short"]
COLOURS = {"red": (220, 20, 20), "green": (20, 220, 20), "blue": (20, 20, 220), "white": (250, 250, 250)}
PARTS = 'parts = ["language", "vision", "merger"]\nfrom_layer = 0.5\n'
LATE = "base_model.model.model.language_model.layers.1."
Arrays = dict[str, np.ndarray[Any, Any]]


def seen(folder: Path, writer: CorpusWriter, number: int) -> Example:
    """A picture of one colour, which is the answer."""
    name = list(COLOURS)[number % len(COLOURS)]
    red, green, blue = COLOURS[name]
    part = picture(folder, writer, (red - number, green, blue), (96, 64))
    split = (Split.TRAIN, Split.VALIDATION)[number % 6 == 5]
    asked, answered = (Text("see "), part, Text(" now")), f"{name} it is"
    return said(f"picture {number}", (Role.USER, asked, ""), (Role.ASSISTANT, answered, f"It is {name}."), split=split)


def taught(folder: Path, name: str, *more: object, lora: str = "", pace: str = PACE, epochs: int = 1) -> Path:
    """The run of a training on the folder's corpus."""
    (folder / name).mkdir()
    file = settings(folder / name, lora + pace, f"[[phase]]\nepochs = {epochs}\n")
    done = train("qlora", file, "--corpus", folder / "composed", "--out", folder / name / "run", *more)
    assert done.returncode == 0, done.stderr
    return folder / name / "run"


@pytest.fixture(scope="module")
def passes(model_servers: Any, late_server: VllmServer, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The runs of both passes; the servers start meanwhile."""
    folder = tmp_path_factory.mktemp("passes")
    writer = CorpusWriter(folder / "composed", "tests")
    writer.add_all([*lessons(count=12), *(seen(folder, writer, number) for number in range(18))])
    writer.finish()
    first = taught(folder, "first")
    return first, taught(folder, "second", "--from", first / "adapter", lora=PARTS, epochs=3)


def weights(run: Path) -> Arrays:
    return load_file(run / "adapter/adapter_model.safetensors")


def test_the_second_pass_teaches_tower_merger_and_late_layers_and_leaves_the_early_ones(
    passes: tuple[Path, Path],
) -> None:
    before, after = map(weights, passes)
    assert not [name for name in before if "visual" in name]
    new = {name for name in after if name not in before}
    assert len(new) == 2 * (2 * 4 + 2 * 2), "both halves of four layers in two blocks and two in two mergers"
    assert all("visual" in name for name in new)
    for name in (name for name in new if ".lora_B." in name):
        assert after[name].any(), f"{name}: no gradient came there"
    changed = {name for name in before if not np.array_equal(before[name], after[name])}
    assert changed == {name for name in before if name.startswith(LATE)}
    run = Run.read(passes[1])
    assert run.settings["lora"]["parts"] == ["language", "vision", "merger"]
    assert run.settings["lora"]["from_layer"] == 0.5
    assert run.losses[-1][1] < run.losses[0][1] - 1.0, "it learned"


def test_what_learns_is_what_is_asked_for_with_pictures_and_without(passes: tuple[Path, Path]) -> None:
    """Computed by the script beside this file, in the Python that has torch."""
    folder, script = passes[1].parent, Path(__file__).with_name("vision_checks.py")
    done = subprocess.run(
        [interpreter(), script, folder / "qlora.toml", folder.parent / "composed"],
        capture_output=True, text=True, check=False, env=environment() | {"PYTHONPATH": str(ROOT)}, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["steps_without_picture"] == [1] and found["tower_still"]
    assert len(found["gradients"]) == 12 and min(found["gradients"].values()) > 0.0, "through recomputed frozen blocks"
    assert found["moved"]
    assert "layers.0.mlp.down_proj.lora_A" in found["another_layer"] and "would not learn" in found["another_layer"]
    assert ".visual.blocks.0." in found["laid"] and "is laid, expected no LoRA there" in found["laid"]
    assert found["output_layer"] == (
        "BaseInvalid: base_model.model.lm_head.weight: would learn, expected not to; "
        "this peft lays its layers otherwise than the recipe asks for"
    )
    assert found["apart"] < 0.1
    assert found["not_apart"].startswith("BaseInvalid: a row lets its sequences see one another (1.00 of")
    assert found["no_gpu"].startswith('BackendMissing: backend = "unsloth": needs a GPU')


@pytest.fixture(scope="module")
def bundle(passes: tuple[Path, Path]) -> Bundle:
    """The second pass as it travels; nothing is evaluated here."""
    run = passes[1]
    digest = Run.read(run).adapter_sha256
    (run / "evaluation.json").write_text(json.dumps({"adapter": digest, "figures": []}))
    (run / "evaluation.html").write_text("not evaluated")
    given = (run.parent / "qlora.toml", "--corpus", run.parents[1] / "composed", "--run", run, "--name", "seeing")
    done = train("bundle", *given, "--sees", "frames", "--out", run.parent / "bundle")
    assert done.returncode == 0, done.stderr
    return open_bundle(run.parent / "bundle")


def test_its_card_names_the_parts_and_proves_them_with_pictures_that_show_nobody(bundle: Bundle) -> None:
    assert bundle.card.parts == bundle.weights.parts == ("language", "vision", "merger")
    pictured = [probe for probe in bundle.card.probes if probe.pictures]
    assert pictured and len(pictured) < len(bundle.card.probes), "texts are asked, too"
    assert all(probe.without_tower != probe.adapted for probe in pictured)


def test_a_server_that_adapts_the_tower_proves_it(bundle: Bundle, late_server: VllmServer, tmp_path: Path) -> None:
    async def lived() -> None:
        async with house(tmp_path, late_server.wait_until_ready().url, tower_adapters=True) as home:
            name = await home.pushed(bundle, judged=False)
            version = home.registry.find(name)
            assert version.state is AdapterState.PROBED, version.why
            rows = {row[0]: row for row in json.loads(home.registry.reports(name)["probe"].body)["rows"]}
            assert float(rows["tower on the server"][2]) >= 0.5
            for check in ("same base", "as trained", "not mixed"):
                assert float(rows[check][2]) < float(rows[check][3]), rows[check]

    asyncio.run(lived())


def test_a_server_that_passes_over_the_tower_is_found_out(
    bundle: Bundle, model_server: VllmServer, tmp_path: Path
) -> None:
    """The settings say that it adapts the tower, and it was started without the flag."""

    async def lived() -> None:
        async with house(tmp_path, model_server.url, tower_adapters=True) as home:
            version = home.registry.find(await home.pushed(bundle, judged=False))
            assert version.state is AdapterState.REFUSED
            assert version.why.startswith("probe: tower on the server:"), version.why
            assert "start it with --enable-tower-connector-lora" in version.why

    asyncio.run(lived())

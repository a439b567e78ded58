"""What may not be packed is refused before anything is computed; what may is packed with its terms. Kind: unit."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.vlm.test_bundle import WEIGHTS, written
from training.bundle.command import main
from vlm_service.bundle import make_keys, open_bundle

pytestmark = pytest.mark.unit
STUDY = [{"dataset": "MAFW", "use": "research", "terms": "non-commercial"}]
OWN = [{"dataset": "own", "use": "product", "terms": "consent"}]


def ran(folder: Path, sources: list[dict[str, str]], **evaluated: Any) -> Path:
    """The folder of a finished run, evaluated, without golden prompts."""
    adapter = written(folder / "adapter")
    (adapter / WEIGHTS).rename(adapter / "adapter_model.safetensors")
    digest = hashlib.sha256((adapter / "adapter_model.safetensors").read_bytes()).hexdigest()
    learned = {"fingerprint": "sha256:" + "a" * 64, "examples": 9, "sequences": 9, "layers": {"L1": 1.0},
               "left_out": {}, "sources": sources}  # fmt: skip
    run = {
        "base": {"model": "Qwen/Qwen3-VL-8B-Thinking", "weights_sha256": "b" * 64}, "template": "t",
        "prompt_version": "1", "corpus": learned, "began_as": "", "settings": {"lora": {"rank": 4, "alpha": 8.0}},
        "software": {}, "seeds": {}, "device": "cpu", "steps": 1, "ended": "done", "losses": [], "looks": [],
        "tokens": 1, "seconds": 1.0, "peak_bytes": 1, "adapter_sha256": digest, "made_at": "2026-01-01",
    }  # fmt: skip
    (folder / "run.json").write_text(json.dumps(run))
    (folder / "evaluation.json").write_text(json.dumps({"adapter": digest, "figures": []} | evaluated))
    (folder / "evaluation.html").write_text("<p>")
    (folder / "curve.png").write_bytes(b"png")
    return folder


def bundle(run: Path, *options: object) -> "subprocess.CompletedProcess[str]":
    """`attune train bundle`, with a Python for golden prompts that leaves a mark that it was started."""
    mark = run.parent / "computed"
    heavy = run.parent / "python"
    heavy.write_text(f"#!/bin/sh\ntouch '{mark}'\nexit 7\n")
    heavy.chmod(0o755)
    command = [sys.executable, "-m", "services.cli.main", "train", "bundle", run.parent / "qlora.toml", "--corpus", "c",
               "--run", run, "--name", "house", "--out", run.parent / "house", *options]  # fmt: skip
    there = os.environ | {"ATTUNE_TRAINING_PYTHON": str(heavy)}
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, timeout=120, env=there)


def test_it_computes_nothing_for_an_adapter_that_no_facility_may_run(tmp_path: Path) -> None:
    refused = bundle(ran(tmp_path / "run", STUDY))
    assert refused.returncode == 2 and "--for research" in refused.stderr, refused.stderr
    assert not (tmp_path / "computed").exists()
    asked = bundle(tmp_path / "run", "--for", "research")
    assert asked.returncode == 7 and (tmp_path / "computed").exists(), "and for a study golden prompts are looked for"


@pytest.mark.parametrize(
    ("evaluated", "options", "why"),
    [
        ({"adapter": "another"}, (), "is of adapter another"),
        ({}, ("--key", "nowhere.key"), "no private key; `attune adapters keys` makes one"),
        ({}, ("--name", "My House"), "card: name"),
        ({}, ("--out", "."), "is there already"),
    ],
)
def test_it_sees_what_else_is_missing_first(
    tmp_path: Path, evaluated: dict[str, str], options: tuple[str, ...], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run = ran(tmp_path / "run", OWN, **evaluated)
    asked = [str(run), "--name", "house", "--out", str(tmp_path / "house"), "--check", *options]
    assert main(asked) == 2
    assert why in capsys.readouterr().err and not (tmp_path / "house").exists()


def test_it_packs_for_a_study_what_was_learned_for_one_and_the_card_says_so(tmp_path: Path) -> None:
    run = ran(tmp_path / "run", STUDY)
    digest = json.loads((run / "run.json").read_text())["adapter_sha256"]
    prompt = {"prompt": "<|im_start|>user\n", "adapted": {"token_id:1": -0.1}, "base": {"token_id:2": -0.2},
              "pictures": [], "without_tower": {}}  # fmt: skip
    (run / "golden.json").write_text(json.dumps({"adapter": digest, "prompts": [prompt]}))
    make_keys(tmp_path / "k", tmp_path / "p")
    asked = [str(run), "--name", "house", "--out", str(tmp_path / "house"), "--key", str(tmp_path / "k")]
    assert main([*asked, "--check"]) == 2, "for a facility"
    assert main([*asked, "--for", "research"]) == 0
    card = open_bundle(tmp_path / "house", tmp_path / "p").card
    assert card.use == "research" and [one.dataset for one in card.sources] == ["MAFW"] and len(card.probes) == 1

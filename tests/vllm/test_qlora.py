"""An adapter is taught in four bits at the command line, killed, gone on with, refused where it must be. Kind: vllm."""

import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.vllm.schooling import (
    PACE,
    PHASES,
    command,
    corpus,
    environment,
    lessons,
    picture,
    said,
    settings,
    train,
)  # fmt: skip
from tests.vllm.server import ROOT, interpreter, small_model
from training.corpus.example import Kind, Layer, Role, Split
from training.corpus.parts import Text
from training.corpus.store import CorpusWriter
from training.qlora.settings import TARGETS
from vlm_service.bundle import make_keys, seal

pytestmark = [pytest.mark.vllm, pytest.mark.usefixtures("vllm_there")]
USER, ASSISTANT, SYSTEM = Role.USER, Role.ASSISTANT, Role.SYSTEM
ASK = "<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n<think>\n"


def told(folder: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((folder / "run.json").read_text())
    return record


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def shown(folder: Path, *arguments: object) -> list[dict[str, Any]]:
    done = train("qlora", folder / "qlora.toml", "--corpus", folder / "composed", *arguments, "--show", 9)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_it_learns_from_thinking_answer_and_end_of_turn_and_nothing_else(tmp_path: Path) -> None:
    writer = CorpusWriter(tmp_path / "composed", "tests")
    seen = picture(tmp_path, writer, (200, 30, 30), (96, 64))
    writer.add_all([
        said("text", (SYSTEM, "care", ""), (USER, "a cry", ""), (ASSISTANT, "Go now.", "It is loud.")),
        said("at once", (USER, "a cry?", ""), (ASSISTANT, "yes", ""), kind=Kind.FACTUAL),
        said("turns", (USER, "one", ""), (ASSISTANT, "1", "First."), (USER, "two", ""), (ASSISTANT, "2", "Second.")),
        said("picture", (USER, (Text("see "), seen, Text(" now")), ""), (ASSISTANT, "red", "A colour.")),
    ])  # fmt: skip
    writer.finish()
    settings(tmp_path)
    text, at_once, first, second, pictured = shown(tmp_path)
    pads = "<|image_pad|>" * 6
    for one, given, learned in (
        (text, f"<|im_start|>system\ncare<|im_end|>\n{ASK.format('a cry')}",
         "It is loud.\n</think>\n\nGo now.<|im_end|>"),
        (at_once, f"{ASK.format('a cry?')}\n</think>\n\n", "yes<|im_end|>"),
        (first, ASK.format("one"), "First.\n</think>\n\n1<|im_end|>"),
        (second, f"<|im_start|>user\none<|im_end|>\n<|im_start|>assistant\n1<|im_end|>\n{ASK.format('two')}",
         "Second.\n</think>\n\n2<|im_end|>"),
        (pictured, ASK.format(f"see <|vision_start|>{pads}<|vision_end|> now"),
         "A colour.\n</think>\n\nred<|im_end|>"),
    ):  # fmt: skip
        assert "".join(word for word, marked in one["tokens"] if not marked) == given
        assert "".join(word for word, marked in one["tokens"] if marked) == learned
        marks = [marked for _, marked in one["tokens"]]
        assert marks == sorted(marks), "what is learned comes last, in one piece"
    assert at_once["tokens"][-4:] == [["\n", False], ["y", True], ["es", True], ["<|im_end|>", True]]
    assert [word for word, marked in text["tokens"] if marked][-1] == "<|im_end|>"


def test_it_comes_to_an_adapter_and_says_what_that_is(school: Path) -> None:
    run = told(school / "run")
    losses = [loss for _, loss in run["losses"]]
    assert losses[-1] < losses[0] - 1.0, losses
    assert run["looks"][-1][1] < run["looks"][0][1]
    assert run["corpus"]["examples"] == 20 and run["corpus"]["layers"] == {"L2": 1.0}
    assert run["base"]["weights_sha256"] == hashlib.sha256(
        subprocess.run("sha256sum *.safetensors", shell=True, cwd=small_model(interpreter()), capture_output=True,
                       check=True).stdout
    ).hexdigest()  # fmt: skip
    assert run["prompt_version"].startswith("report@") and run["settings"]["precision"] == "nf4"
    assert {"torch", "transformers", "peft", "bitsandbytes"} <= set(run["software"])
    assert run["adapter_sha256"] == sha256(school / "run/adapter/adapter_model.safetensors")
    assert (school / "run/curve.png").read_bytes().startswith(b"\x89PNG")
    assert str(school) not in (school / "run/adapter/adapter_config.json").read_text()
    events = [json.loads(line)["event"] for line in (school / "run/log.jsonl").read_text().splitlines()]
    assert events.count("step") == run["steps"] and events[-1] == "finished"


def test_it_comes_to_the_same_adapter_after_a_kill(school: Path, tmp_path: Path) -> None:
    options = ("qlora", school / "qlora.toml", "--corpus", school / "composed", "--out", tmp_path / "run")
    log = tmp_path / "run/log.jsonl"
    with subprocess.Popen(
        command(*options), env=environment(), stderr=subprocess.DEVNULL, start_new_session=True
    ) as it:
        end = time.monotonic() + 300
        while time.monotonic() < end and it.poll() is None:
            # one step past the first checkpoint, so that a step has to be done again
            if log.exists() and log.read_text().count('"event": "step"') >= 4:
                break
            time.sleep(0.005)
        os.killpg(it.pid, signal.SIGKILL)
    assert it.returncode == -signal.SIGKILL and not (tmp_path / "run/run.json").exists()
    done = train(*options)
    assert done.returncode == 0, done.stderr
    assert '"event": "resumed"' in log.read_text()
    whole, resumed = told(school / "run"), told(tmp_path / "run")
    assert resumed["losses"] == whole["losses"] and resumed["looks"] == whole["looks"]
    assert resumed["adapter_sha256"] == whole["adapter_sha256"]


def test_a_new_layer_begins_on_a_finished_adapter_and_leaves_its_files_alone(school: Path, tmp_path: Path) -> None:
    before = sha256(school / "run/adapter/adapter_model.safetensors")
    corpus(tmp_path / "both", lessons((Layer.HEALTHCARE, Layer.SPECIAL_NEEDS), 12))
    begin = school / "run/adapter"
    options = ("qlora", school / "qlora.toml", "--corpus", tmp_path / "both", "--layers", "L4", "--from", begin)
    done = train(*options, "--out", tmp_path / "l4")
    assert done.returncode == 0, done.stderr
    run = told(tmp_path / "l4")
    assert run["began_as"] == before == sha256(begin / "adapter_model.safetensors") != run["adapter_sha256"]
    assert run["corpus"]["layers"] == {"L4": 1.0}
    assert run["losses"][0][1] < told(school / "run")["losses"][0][1] - 1.0, "it knows something when it begins"

    record = told(school / "run")
    record["base"]["weights_sha256"] = "0" * 64
    other = tmp_path / "other"
    shutil.copytree(begin, other / "adapter")
    (other / "run.json").write_text(json.dumps(record))
    refused = train(*options[:-1], other / "adapter", "--out", tmp_path / "l4b")
    assert refused.returncode == 2 and "was trained on weights 000000000000" in refused.stderr


def test_a_new_layer_begins_on_a_signed_bundle_and_on_none_that_was_altered(school: Path, tmp_path: Path) -> None:
    house, run = tmp_path / "house", told(school / "run")
    shutil.copytree(school / "run/adapter", house)
    shutil.copy(school / "run/run.json", house)
    card = {
        "name": "house", "base": run["base"], "rank": 4, "alpha": 8.0, "targets": sorted(TARGETS),
        "prompt_version": run["prompt_version"], "made_at": run["made_at"],
        "corpus": {"fingerprint": run["corpus"]["fingerprint"].removeprefix("sha256:"), "examples": 20,
                   "layers": {"L2": 1.0}},
    }  # fmt: skip
    (house / "card.json").write_text(json.dumps(card))
    make_keys(tmp_path / "a.key", tmp_path / "a.pub")
    make_keys(tmp_path / "b.key", tmp_path / "b.pub")
    seal(house, tmp_path / "a.key")
    before = {file.name: sha256(file) for file in house.iterdir()}
    corpus(tmp_path / "both", lessons((Layer.HEALTHCARE, Layer.SPECIAL_NEEDS), 12))
    options = ("qlora", school / "qlora.toml", "--corpus", tmp_path / "both", "--layers", "L4", "--from", house)
    done = train(*options, "--trust", tmp_path / "a.pub", "--out", tmp_path / "l4")
    assert done.returncode == 0, done.stderr
    assert "beginning as house@" in done.stderr and "signed by a.pub" in done.stderr
    assert told(tmp_path / "l4")["began_as"] == run["adapter_sha256"]
    assert {file.name: sha256(file) for file in house.iterdir()} == before

    other = train(*options, "--trust", tmp_path / "b.pub", "--out", tmp_path / "x")
    assert other.returncode == 2 and "not of the key b.pub" in other.stderr and not (tmp_path / "x").exists()
    record = run | {"base": run["base"] | {"weights_sha256": "0" * 64}}
    (house / "run.json").write_text(json.dumps(record))
    (house / "card.json").write_text(json.dumps(card | {"base": record["base"]}))
    altered = train(*options, "--out", tmp_path / "x")
    assert altered.returncode == 2 and "card.json: sealed with digest" in altered.stderr
    seal(house)
    another = train(*options, "--out", tmp_path / "x")
    assert another.returncode == 2 and "was trained on weights 000000000000" in another.stderr


def test_what_was_not_learned_surprises_it_and_is_shown_to_a_person(school: Path, tmp_path: Path) -> None:
    wrong = said("wrong", (USER, "L2 report 0: motion", ""), (ASSISTANT, '{"tier":1}', "usual quality cry posture."))
    corpus(tmp_path / "checked", [*lessons(), wrong])
    given = ("--settings", school / "qlora.toml", "--run", school / "run")
    asked = ("review", tmp_path / "checked", "--out", tmp_path / "review", *given)
    done = train(*asked)
    assert done.returncode == 0, done.stderr
    (file,) = (tmp_path / "review").glob("surprise-*.jsonl")
    nats = {one["example"]: one["nats"] for one in map(json.loads, file.read_text().splitlines())}
    assert len(nats) == 25 and nats["wrong"] > sorted(nats.values())[12]
    assert "25 answers under the model" in done.stdout
    before = file.read_bytes()
    file.write_bytes(before[: before.rindex(b'{"example"') + 20])  # as after a kill
    assert train(*asked).returncode == 0
    assert {one["example"] for one in map(json.loads, file.read_text().splitlines())} == set(nats)
    lost = train(*asked[:-1], tmp_path)
    assert lost.returncode == 2 and "expected the folder of a run" in " ".join(lost.stderr.replace("│", " ").split())


def test_several_are_answered_at_a_time_as_they_are_one_by_one(school: Path, tmp_path: Path) -> None:
    writer = CorpusWriter(tmp_path / "asked", "tests")
    seen = picture(tmp_path, writer, (200, 30, 30), (96, 64))
    turns = (ASSISTANT, '{"tier":1}', "It changed.")
    writer.add_all([
        said("short", (USER, "a cry", ""), turns, split=Split.TEST),
        said("long", (SYSTEM, "care", ""), (USER, "L2 report 3: posture " * 9, ""), turns, split=Split.TEST),
        said("picture", (USER, (Text("see "), seen, Text(" now")), ""), turns, split=Split.TEST),
        said("at once", (USER, "a cry?", ""), (ASSISTANT, "yes", ""), kind=Kind.FACTUAL, split=Split.TEST),
        said("last", (USER, "L2 report 5: fall", ""), turns, split=Split.TEST),
    ])  # fmt: skip
    writer.finish()
    shutil.copytree(school / "run", tmp_path / "run")
    options = ("evaluate", school / "qlora.toml", "--corpus", tmp_path / "asked", "--run", tmp_path / "run",
               "--thinking", 12, "--answer", 10)  # fmt: skip
    found = []
    for at_once in (1, 3):
        done = train(*options, "--at-once", at_once)
        assert done.returncode == 0, done.stderr
        told_of = json.loads((tmp_path / "run/answers.json").read_text())
        rows = [json.loads(line) for line in (tmp_path / "run" / told_of["file"]).read_text().splitlines()]
        assert told_of["at_once"] == at_once and len(rows) == 10
        found.append({(row["example"], row["who"]): row["text"] for row in rows})
    assert found[0] == found[1]
    assert len(set(found[0].values())) > 3, "they are told apart"


def test_it_goes_on_from_nothing_that_is_damaged_or_was_begun_with_something_else(school: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(school / "run", run)
    (run / "run.json").unlink()
    newest = sorted((run / "checkpoints").glob("step-*"))[-1]
    newest.write_bytes(newest.read_bytes()[:-1000])
    options = ("--corpus", school / "composed", "--out", run)
    damaged = train("qlora", school / "qlora.toml", *options)
    assert damaged.returncode == 2 and f"{newest.name}: cut short or changed" in damaged.stderr
    assert "remove it, and the same command goes on from the one before" in damaged.stderr

    model = tmp_path / "model"
    shutil.copytree(small_model(interpreter()), model)
    template = next(model.glob("chat_template*"))
    template.write_text(
        template.read_text().replace("'<|im_start|>' + message.role", "'<|im_start|>The ' + message.role")
    )
    (tmp_path / "other").mkdir()
    changed = train("qlora", settings(tmp_path / "other", model=model), *options)
    assert changed.returncode == 2 and "was begun with another chat template" in changed.stderr

    template.write_text(template.read_text().replace("<think>", ""))
    silent = train(
        "qlora", settings(tmp_path / "other", model=model), "--corpus", school / "composed", "--out", tmp_path / "x"
    )
    assert silent.returncode == 2 and "renders the answer of example" in silent.stderr

    faster = settings(tmp_path, PACE.replace("1e-2", "2e-2"))
    other = train("qlora", faster, *options)
    assert other.returncode == 2 and "was begun with other settings" in other.stderr


def test_a_full_disk_loses_no_checkpoint(school: Path, tmp_path: Path) -> None:
    """A limit on the size of files stands in for the full disk: the same errors at the same place."""
    file = settings(tmp_path, phases=PHASES + "[[phase]]\n")
    options = command("qlora", file, "--corpus", school / "composed", "--out", tmp_path / "run")
    needed = next((school / "run/checkpoints").glob("step-*")).stat().st_size
    full = subprocess.run(
        options, env=environment(), capture_output=True, text=True, check=False, timeout=300,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (needed // 2, needed // 2)),
    )  # fmt: skip
    assert full.returncode == 2, full.stderr
    assert "a checkpoint needs" in full.stderr and "make room and run the same command again" in full.stderr
    assert not list((tmp_path / "run/checkpoints").iterdir()), "nothing half written is left"


def test_a_phase_that_no_longer_gets_better_ends(school: Path, tmp_path: Path) -> None:
    pace = "[pace]\nrate = 0.5\npack_tokens = 256\npacks = 1\ncheck_every = 1\npatience = 2\n"
    done = train("qlora", settings(tmp_path, pace, "[[phase]]\nepochs = 20\n"), "--corpus", school / "composed",
                 "--out", tmp_path / "run")  # fmt: skip
    assert done.returncode == 0, done.stderr
    run = told(tmp_path / "run")
    looks = [loss for _, loss in run["looks"]]
    assert run["ended"] == "early" and looks.index(min(looks)) == len(looks) - 3


@pytest.mark.parametrize(
    ("examples", "words"),
    [
        ([], "no training example of L1, L2, L3, L4"),
        ([said("a", (USER, "x", ""), (ASSISTANT, "see <|image_pad|>", "Why."))], "a token that ends a turn"),
        ([said("a", (USER, "x <|image_pad|>", ""), (ASSISTANT, "y", "Why."))], "1 place holders for 0 pictures"),
        ([said("a", (USER, "x" * 999, ""), (ASSISTANT, "y", "Why."))], "pack_tokens is 256"),
    ],
)  # fmt: skip
def test_it_says_in_one_line_what_cannot_be_learned(examples: Any, words: str, tmp_path: Path) -> None:
    corpus(tmp_path / "composed", examples)
    done = train("qlora", settings(tmp_path), "--corpus", tmp_path / "composed", "--out", tmp_path / "run")
    assert done.returncode == 2 and words in done.stderr, done.stderr
    assert "Traceback" not in done.stderr


def test_rows_keep_sequences_apart_and_nothing_but_the_language_model_learns(school: Path, tmp_path: Path) -> None:
    """Computed by the script beside this file, in the Python that has torch."""
    writer = CorpusWriter(tmp_path / "seen", "tests")
    seen = [picture(tmp_path, writer, (20 * one, 90, 30), (96 + 32 * one, 64)) for one in range(3)]
    writer.add_all([*lessons(count=6), *(
        said(f"picture {one}", (USER, (Text("see "), part, Text(" now")), ""), (ASSISTANT, "red", "A colour."))
        for one, part in enumerate(seen)
    )])  # fmt: skip
    writer.finish()
    done = subprocess.run(
        [interpreter(), Path(__file__).with_name("qlora_checks.py"), school / "qlora.toml", tmp_path / "seen"],
        capture_output=True, text=True, check=False, env=environment() | {"PYTHONPATH": str(ROOT)}, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["pictures"] == 3
    assert found["packed_apart"] < 1e-3 < 0.1 < found["mixed_apart"], (
        "what a sequence expects does not depend on its row"
    )
    assert found["quantised"] == 14 and not [name for name in found["quantised_names"] if "visual" in name]
    assert found["learned"] == 28 and all("language_model" in name for name in found["learned_names"])
    assert found["moved"] and found["tower_before"] == found["tower_after"]
    assert found["gradient"] > 0.0 and found["gradient_after_look"] == found["gradient"]


def test_without_torch_it_says_what_to_install(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "training.qlora", "show", "x.toml", "--corpus", "y"],
                          capture_output=True, text=True, check=False, timeout=60)  # fmt: skip
    assert done.returncode == 2 and "is not installed here" in done.stderr and "training-qlora" in done.stderr
    elsewhere = environment() | {"ATTUNE_TRAINING_PYTHON": "/no/py"}
    gone = subprocess.run(command("qlora", "x.toml", "--corpus", "y", "--out", "z"), capture_output=True, text=True,
                          check=False, timeout=60, env=elsewhere)  # fmt: skip
    assert gone.returncode == 2 and "/no/py: No such file" in gone.stderr

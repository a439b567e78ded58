"""Films of a data set teach an adapter, and what cannot be taught is left out and told. Kind: vllm."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.training.dataset_folders import film, write
from tests.vllm.schooling import PACE, lessons, picture, said, settings, train
from training.corpus.example import Example, Layer, Role, Split
from training.corpus.parts import Modality, Recorded, Text
from training.corpus.store import Corpus, CorpusWriter

pytestmark = [pytest.mark.vllm, pytest.mark.usefixtures("vllm_there")]
CLIPS = 12


def clips(root: Path) -> None:
    """A folder of MAFW with sentences that differ, and one film that stops in its middle."""
    words = ("frowns", "paces", "smiles", "turns", "waits", "nods", "sits", "looks", "leans", "waves", "talks", "rests")
    lines = []
    for number in range(CLIPS):
        name = f"{number:05d}.mp4"
        lines.append(f"{name} anger <br>x<br> Somebody {words[number]} beside the {number} door.")
        film(root / "clips" / name, shade=20 * number + 10)
    broken = root / "clips/00003.mp4"
    broken.write_bytes(broken.read_bytes()[:200])
    write(root / "caption-label" / "single_label.txt", "\n".join(lines))


def test_it_learns_to_think_from_the_films_of_a_reader(tmp_path: Path) -> None:
    clips(tmp_path / "mafw")
    source = '[[source]]\ndataset = "MAFW"\nfolder = "mafw"\n'
    file = write(tmp_path / "corpus.toml", f'use = "research"\n[films]\nframes = 2\n{source}')
    made = train("corpus", file, "--out", tmp_path / "corpus", "--log", tmp_path / "log.jsonl")
    assert made.returncode == 0, made.stderr
    left = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines() if "left out" in line]
    assert len(left) == 1 and "00003.mp4" in left[0]["why"]
    recipe = write(tmp_path / "r.toml", 'name = "films"\n[[part]]\nlayer = "L1"\nkind = "thinking"\ncount = 99\n')
    composed = train("compose", tmp_path / "corpus", "--recipe", recipe, "--short", "--out", tmp_path / "composed")
    assert composed.returncode == 0, composed.stderr
    pace = "[pace]\nrate = 1e-2\npacks = 16\ncheck_every = 1\n"
    done = train("qlora", settings(tmp_path, pace, '[[phase]]\nkinds = ["thinking"]\nepochs = 2\n'),
                 "--corpus", tmp_path / "composed", "--out", tmp_path / "run")  # fmt: skip
    assert done.returncode == 0, done.stderr
    run = json.loads((tmp_path / "run/run.json").read_text())
    taught = [one for one in Corpus.open(tmp_path / "composed").examples() if one.split is Split.TRAIN]
    assert run["corpus"]["examples"] == len(taught) >= CLIPS // 2 and run["corpus"]["layers"] == {"L1": 1.0}
    assert all(sum(isinstance(part, Recorded) for part in one.messages[0].parts) == 2 for one in taught)
    assert run["steps"] == 2 and run["losses"][1][1] < run["losses"][0][1] and run["corpus"]["untaught"] == {}
    assert [(one["dataset"], one["use"]) for one in run["corpus"]["sources"]] == [("MAFW", "research")]


def untaught(folder: Path, teachable: int) -> None:
    """A corpus with a whole film and a damaged picture in it, both to be learned from and to be asked about."""
    writer = CorpusWriter(folder / "composed", "tests")
    whole = Recorded(Modality.VIDEO, writer.assets.add(film(folder / "a.mp4"), Modality.VIDEO), 0.0, 2.0)
    damaged = picture(folder, writer, (200, 30, 30), (96, 64))
    writer.assets.path(damaged.asset).write_bytes(b"\x89PNG\r\n\x1a\n")
    examples: list[Example] = lessons((Layer.HEALTHCARE,), teachable)
    for split in (Split.TRAIN, Split.TEST):
        for name, part in (("film", whole), ("picture", damaged)):
            turns = (Role.USER, (part, Text("what is seen?")), ""), (Role.ASSISTANT, "red", "A colour.")
            examples.append(said(f"{name} {split.value}", *turns, split=split))
    ask = (Role.USER, "L2 report: cry", ""), (Role.ASSISTANT, '{"tier":1}', "The cry changed.")
    examples += [said(f"asked {one}", *ask, split=Split.TEST) for one in range(2)]
    writer.add_all(examples)
    writer.finish()


def test_it_leaves_out_what_cannot_be_taught_or_asked_and_says_why(tmp_path: Path) -> None:
    untaught(tmp_path, 24)
    options = ("--corpus", tmp_path / "composed", "--out", tmp_path / "run")
    refused = train("qlora", settings(tmp_path), *options)
    assert refused.returncode == 2 and "2 of 26 examples cannot be taught, unteachable = 0.01" in refused.stderr
    assert "Traceback" not in refused.stderr and not (tmp_path / "run/run.json").exists()
    log = [json.loads(line) for line in (tmp_path / "run/log.jsonl").read_text().splitlines()]
    assert [one["example"] for one in log if one["event"] == "cannot be taught"] == ["film train", "picture train"]

    (tmp_path / "half").mkdir()
    half = settings(tmp_path / "half", PACE, "[[phase]]\n", "unteachable = 0.5\n")
    options = ("--corpus", tmp_path / "composed", "--out", tmp_path / "again")
    done = train("qlora", half, *options)
    assert done.returncode == 0, done.stderr
    assert "2 examples cannot be taught and are left out" in done.stderr
    learned: dict[str, Any] = json.loads((tmp_path / "again/run.json").read_text())["corpus"]
    assert learned["left_out"] == {"cannot be taught": 2} and learned["examples"] == 20
    assert "video is not shown" in learned["untaught"]["film train"]
    assert "no readable picture" in learned["untaught"]["picture train"]

    asked = ("evaluate", "--corpus", tmp_path / "composed", "--run", tmp_path / "again", "--thinking", 4, "--answer", 4)
    few = train(asked[0], settings(tmp_path), *asked[1:])
    assert few.returncode == 2 and "2 of 4 examples cannot be taught" in few.stderr
    answered = train(asked[0], half, *asked[1:])
    assert answered.returncode == 0, answered.stderr
    answers = json.loads((tmp_path / "again/answers.json").read_text())
    assert answers["examples"] == ["asked 0", "asked 1"] and set(answers["left_out"]) == {"film test", "picture test"}
    assert "2 test examples that a model cannot be shown" in (tmp_path / "again/evaluation.html").read_text()
    packed = train("bundle", half, "--corpus", tmp_path / "composed", "--run", tmp_path / "again", "--name", "house",
                   "--out", tmp_path / "house")  # fmt: skip
    assert packed.returncode == 0, packed.stderr
    assert "video is not shown" in packed.stderr

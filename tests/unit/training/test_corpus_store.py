"""The example schema and the store: what is written reads back, what is damaged says so. Kind: unit."""

import json
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.unit.training.corpus_examples import example, picture
from training.corpus.assets import digest_of
from training.corpus.errors import AssetInvalid, CorpusDamaged, CorpusError, CorpusUnfinished, ExampleInvalid
from training.corpus.example import ClinicalState, Kind, Layer, Message, Role, Usual
from training.corpus.parts import Measured, Modality, Recorded, Text
from training.corpus.rows import digest
from training.corpus.store import Corpus, CorpusWriter

pytestmark = pytest.mark.unit
FINGERPRINT_OF_VERSION_1 = "sha256:463454b4a10d45181738016c4ff35ec3ac30628c46affa52d79b0580a40afb0d"


def built(folder: Path, names: list[str], rows_per_part: int = 2) -> Corpus:
    writer = CorpusWriter(folder, "test", rows_per_part)
    writer.add_all(example(name) for name in names)
    return writer.finish()


def test_it_reads_back_what_was_written_down_to_the_unseen_value(tmp_path: Path) -> None:
    writer = CorpusWriter(tmp_path / "c", "test")
    shown = writer.assets.add(picture(tmp_path), Modality.IMAGE)
    rich = replace(
        example("rich", Kind.THINKING, Layer.HEALTHCARE, asset=shown), state=ClinicalState.ENGAGED, quality=0.5,
        domains=("falls", "pain"), label="happiness", usual=(Usual("affect.valence", 0.1, 0.05),),
    )  # fmt: skip
    writer.add(rich)
    corpus = Corpus.open(writer.finish().folder)
    corpus.check()
    (back,) = corpus.examples()
    assert digest(back) == digest(rich)
    assert back.modalities == {Modality.TEXT, Modality.IMAGE, Modality.SERIES}
    assert (back.state, back.domains, back.usual, back.source) == (rich.state, rich.domains, rich.usual, rich.source)


def test_it_has_the_same_fingerprint_in_any_order_and_any_parts(tmp_path: Path) -> None:
    one = built(tmp_path / "a", ["x", "y", "z"], rows_per_part=1)
    other = built(tmp_path / "b", ["z", "x", "y"], rows_per_part=5)
    less = built(tmp_path / "c", ["x", "y"])
    assert one.manifest.fingerprint == other.manifest.fingerprint != less.manifest.fingerprint


def test_it_reads_what_was_written_before_it_knew_of_films(tmp_path: Path) -> None:
    corpus = built(tmp_path, ["x", "y"])
    (file,) = tmp_path.glob("*.parquet")
    pq.write_table(pq.read_table(file).drop_columns(["films"]), file)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    manifest["version"], manifest["parts"][0]["sha256"] = 1, digest_of(file)
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    old = Corpus.open(tmp_path)
    old.check()
    # what version 1 said of these two
    assert old.manifest.fingerprint == corpus.manifest.fingerprint == FINGERPRINT_OF_VERSION_1
    (tmp_path / "manifest.json").write_text(json.dumps(manifest | {"version": 3}))
    with pytest.raises(CorpusDamaged, match="this program reads 1 to 2"):
        Corpus.open(tmp_path)


def test_it_goes_on_where_an_interrupted_building_stopped(tmp_path: Path) -> None:
    writer = CorpusWriter(tmp_path, "test", rows_per_part=2)
    writer.add_all(example(name) for name in "abc")  # killed here: c was not yet on disk
    with pytest.raises(CorpusUnfinished, match="after 2 examples"):
        Corpus.open(tmp_path)
    again = CorpusWriter(tmp_path, "test", rows_per_part=2)
    assert again.written == {"a", "b"}
    again.add_all(example(name) for name in "abcd")
    corpus = again.finish()
    assert [one.id for one in corpus.examples()] == list("abcd")
    assert corpus.manifest.fingerprint == built(tmp_path / "whole", list("dcba")).manifest.fingerprint


def test_it_does_not_go_on_with_another_building(tmp_path: Path) -> None:
    built(tmp_path, ["a"])
    with pytest.raises(CorpusError, match="name another folder"):
        CorpusWriter(tmp_path, "other")


def test_it_leaves_a_folder_of_something_else_alone(tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("mine")
    with pytest.raises(CorpusError, match="no corpus"):
        CorpusWriter(tmp_path, "test")


@pytest.mark.parametrize("harm", ["cut", "missing", "manifest", "no manifest", "left out"])
def test_it_says_when_a_corpus_is_damaged(tmp_path: Path, harm: str) -> None:
    built(tmp_path, ["a", "b", "c"])
    part, manifest = tmp_path / "part-00000.parquet", tmp_path / "manifest.json"
    match harm:
        case "cut":
            part.write_bytes(part.read_bytes()[:-20])
        case "missing":
            part.unlink()
        case "manifest":
            manifest.write_bytes(manifest.read_bytes()[:50])
        case "no manifest":
            manifest.unlink()
        case "left out":
            text = manifest.read_text()
            manifest.write_text(text[: text.index("{", 5)] + text[text.index("{", text.index("part-00000")) :])
    with pytest.raises(CorpusDamaged, match=r"again|folder of a corpus"):
        Corpus.open(tmp_path).check()


def test_it_refuses_two_examples_of_one_id(tmp_path: Path) -> None:
    writer = CorpusWriter(tmp_path, "test")
    writer.add(example("a"))
    with pytest.raises(CorpusDamaged, match="'a'"):
        writer.add(example("a", question="another?"))


def test_it_keeps_equal_assets_once_and_notices_a_changed_one(tmp_path: Path) -> None:
    writer = CorpusWriter(tmp_path / "c", "test")
    names = {writer.assets.add(picture(tmp_path, name), Modality.IMAGE) for name in ("a.png", "b.png")}
    (asset,) = names
    writer.add(example(asset=asset))
    corpus = writer.finish()
    corpus.assets.path(asset).write_bytes(b"changed")
    with pytest.raises(AssetInvalid, match="changed"):
        corpus.check()
    corpus.assets.path(asset).unlink()
    with pytest.raises(AssetInvalid, match="not in"):
        corpus.check()


def test_it_refuses_an_image_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"<html>404</html>")
    with pytest.raises(AssetInvalid, match="no image"):
        CorpusWriter(tmp_path / "c", "test").assets.add(tmp_path / "a.jpg", Modality.IMAGE)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"messages": (Message(Role.USER, (Text("?"),)),)}, "no answer"),
        ({"messages": (Message(Role.USER, (Text("?"),)), Message(Role.ASSISTANT, (Text(" "),)))}, "empty answer"),
        ({"kind": Kind.THINKING}, "without thinking"),
        ({"quality": 1.5}, "quality 1.5"),
        ({"state": ClinicalState.STABLE}, "L2 alone"),
        ({"domains": ("falls", "falls")}, "domains"),
        ({"id": ""}, "no id"),
    ],
)
def test_it_refuses_an_example_that_nothing_can_be_learned_from(change: dict[str, object], why: str) -> None:
    with pytest.raises(ExampleInvalid, match=why):
        replace(example(), **change)  # type: ignore[arg-type]  # one field of several types


def test_it_refuses_parts_that_cannot_be() -> None:
    for wrong in (
        lambda: Recorded(Modality.IMAGE, "sha256:1"),
        lambda: Recorded(Modality.VIDEO, "sha256:" + "0" * 64, 3.0, 1.0),
        lambda: Recorded(Modality.VIDEO, "sha256:" + "0" * 64),
        lambda: Measured(Modality.SERIES, ("a", "a"), 0.0, 1.0, ((1.0, 2.0),)),
        lambda: Measured(Modality.SERIES, ("a",), 0.0, 0.0, ((1.0,),)),
        lambda: Measured(Modality.POSE, ("a",), 0.0, 1.0, ((float("inf"),),)),
        lambda: Text(""),
    ):
        with pytest.raises(ExampleInvalid):
            wrong()

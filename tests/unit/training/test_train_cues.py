"""A head for care cues is learned from labelled sounds, tried on recordings it never heard, and taken by the agent."""

import csv
import errno
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from typer.testing import CliRunner

from edge_agent.models import ModelUnfit, load
from edge_agent.sensing.audio import YAMNET
from edge_agent.sensing.cue_head import CueHead
from edge_agent.sensing.roster import Choice, in_folder, roster
from edge_agent.settings import EdgeSettings
from services.cli.main import app
from services.vocabulary import CueName, Mode
from tests.unit.edge.test_vocalisation import heard, loudest, wave_of
from training.cues.__main__ import main
from training.cues.embedding import Embedded
from training.cues.figures import Share, side
from training.cues.fitting import Windows, fit, left_out
from training.cues.head_file import write_head
from training.cues.labelled import Labelled

pytestmark = pytest.mark.unit

ESC10 = {"cry": ("baby_cry__1-187207-A", "baby_cry__2-66637-A", "baby_cry__3-152007-B"),
         "cough": ("person_sneeze__3-143119-A", "person_sneeze__4-156844-A", "person_sneeze__5-221518-A"),
         "none": ("dog_bark__1-30226-A", "rain__1-17367-A", "clock_tick__1-48413-A")}  # fmt: skip


def few_sounds(asset_mirror: Path, folder: Path) -> Path:
    for label, names in ESC10.items():
        (folder / label).mkdir(parents=True)
        for name in names:
            (folder / label / f"{name}.ogg").symlink_to(asset_mirror / "sounds" / "esc10_cc0" / f"{name}.ogg")
    (folder / "LICENCE.txt").write_text("CC0")
    return folder


@pytest.fixture(scope="module")
def made(asset_mirror: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A head of nine sounds, made through the command."""
    folder = tmp_path_factory.mktemp("cues")
    sounds = few_sounds(asset_mirror, folder / "sounds")
    out = folder / "house.onnx"
    arguments = ["train", "cues", str(sounds), "--out", str(out), "--embedding", str(asset_mirror / "models" / YAMNET)]
    ended = CliRunner().invoke(app, arguments)
    assert ended.exit_code == 0, ended.output
    return out


def test_it_writes_a_head_that_any_runtime_reads(made: Path) -> None:
    model = onnx.load(made)
    onnx.checker.check_model(model)
    said = {one.key: one.value for one in model.metadata_props}
    assert said["labels"] == "cough,cry"
    assert said["embedding"] == YAMNET
    assert made.stat().st_size < 20_000


def test_its_card_says_what_it_was_made_of_and_how_right_it_is(made: Path) -> None:
    card = json.loads(made.with_suffix(".card.json").read_text())
    text = made.with_suffix(".card.md").read_text()
    assert card["recordings"] == {"cry": 3, "cough": 3, "none": 3}
    assert card["licences"] == ["see LICENCE.txt"]
    for words in (
        "3 folds by source recording",
        "| cry | this head |",
        "| cry | the model's own classes |",
        "LICENCE.txt",
    ):
        assert words in text
    ready = card["sides"]["the model's own classes"]
    assert ready["found"]["cough"][:2] == [3, 3]
    assert sum(sum(row.values()) for row in card["sides"]["this head"]["confusion"].values()) == 9
    assert made.with_suffix(".png").read_bytes().startswith(b"\x89PNG")


def test_equal_seeds_make_equal_heads(made: Path, asset_mirror: Path) -> None:
    again = made.with_name("again.onnx")
    sounds, model = made.parent / "sounds", asset_mirror / "models" / YAMNET
    assert main([str(sounds), "--out", str(again), "--embedding", str(model)]) == 0
    assert again.read_bytes() == made.read_bytes()


def test_the_agent_hears_with_it_beside_yamnet_or_instead_of_it(made: Path, asset_mirror: Path) -> None:
    find = in_folder(asset_mirror / "models")
    wave = wave_of(asset_mirror / "sounds" / "esc10_cc0" / "baby_cry__3-151081-A.ogg")
    plain = heard(find, wave, Mode.OBSERVABLES)
    own = [cue for row in plain for cue in row.cues]
    for use in ("beside", "instead"):
        found = roster(find, Mode.OBSERVABLES, Choice(cue_head=made, cue_head_use=use))  # type: ignore[arg-type]
        assert made.name in {model.name for model in found.models}
        rows = heard(find, wave, Mode.OBSERVABLES, senses=found.senses)
        cues = [cue for row in rows for cue in row.cues]
        assert loudest(rows, CueName.CRY).probability > 0.5
        same = [a == b for a, b in zip(own, cues, strict=True) if a.name not in (CueName.CRY, CueName.COUGH)]
        assert all(same)
        cries = [(a.probability, b.probability) for a, b in zip(own, cues, strict=True) if a.name is CueName.CRY]
        if use == "beside":
            assert all(b >= a for a, b in cries)
        assert any(a != b for a, b in cries)
        assert np.array([row.values for row in rows]) == pytest.approx(
            np.array([row.values for row in plain]), nan_ok=True
        )


def test_a_head_that_does_not_fit_is_off_and_the_ear_goes_on(made: Path, asset_mirror: Path, tmp_path: Path) -> None:
    find = in_folder(asset_mirror / "models")
    yamnet = load(find(YAMNET))
    other = tmp_path / "other.onnx"
    model = onnx.load(made)
    onnx.helper.set_model_props(model, {"labels": "cry,cough", "embedding": "other.onnx", "embedding_sha256": "00"})
    onnx.save(model, other)
    with pytest.raises(ModelUnfit, match=r"made for the embedding of other\.onnx"):
        CueHead(load(other), yamnet, "beside")
    onnx.helper.set_model_props(model, {"labels": "yodel", "embedding_sha256": yamnet.digest})
    onnx.save(model, tmp_path / "yodel.onnx")
    with pytest.raises(ModelUnfit, match="'yodel': expected some of scream"):
        CueHead(load(tmp_path / "yodel.onnx"), yamnet, "beside")
    with pytest.raises(ModelUnfit, match="no labels in its metadata"):
        CueHead(load(find("silero_vad.onnx")), yamnet, "beside")
    found = roster(find, Mode.OBSERVABLES, Choice(cue_head=other))
    assert "audio" not in {sense.title for sense in found.missing}


def test_a_setting_that_names_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected an ONNX file: a head that `attune train cues` wrote"):
        EdgeSettings(cue_head=tmp_path / "none.onnx")


def clusters(rng: np.random.Generator) -> list[Embedded]:
    """Six recordings of a cry and six of nothing, three stretches each: a cry lies at +1 of two dimensions, nothing at
    -1, and every recording has a dimension of its own."""
    made = []
    for recording in range(12):
        label = "cry" if recording % 2 else "none"
        for stretch in range(3):
            vectors = rng.normal(0.0, 0.3, (4, 14))
            vectors[:, :2] += 1.0 if label == "cry" else -1.0
            vectors[:, 2 + recording] += 1.0
            made.append(Embedded(Labelled(Path(f"{recording}-{stretch}"), label, str(recording)), vectors, None))
    return made


def test_it_learns_what_holds_for_recordings_it_has_not_heard() -> None:
    stretches = clusters(np.random.default_rng(0))
    windows = Windows.of(stretches)
    labels, told = left_out(windows, 3, 0)
    assert labels == ("cry",)
    assert np.mean((told[:, 0] >= 0.5) == (windows.label == "cry")) > 0.9


def test_no_recording_is_on_both_sides_of_a_trial() -> None:
    """Without the dimensions of the cry a recording is learned by heart: worth nothing elsewhere, and something where
    other stretches of it were heard."""
    rng = np.random.default_rng(3)
    windows = Windows.of(clusters(rng))
    blind = Windows(windows.vectors[:, 2:], windows.stretch, windows.label, windows.recording)
    _, told = left_out(blind, 3, 0)
    leaking = Windows(blind.vectors, blind.stretch, blind.label, blind.stretch)
    _, leaked = left_out(leaking, 3, 0)
    assert np.mean((leaked[:, 0] >= 0.5) == (blind.label == "cry")) > 0.75
    assert np.mean((told[:, 0] >= 0.5) == (blind.label == "cry")) < 0.65


def test_its_file_says_what_the_head_says(tmp_path: Path) -> None:
    head = fit(Windows.of(clusters(np.random.default_rng(0))), 3, 0)
    write_head(head, tmp_path / "h.onnx", {"embedding": "yamnet.onnx"})
    vectors = np.random.default_rng(1).normal(0, 1, (5, 14)).astype(np.float32)
    told = load(tmp_path / "h.onnx").run({"embedding": vectors})[0]
    assert told == pytest.approx(head.probabilities(vectors), abs=1e-6)


def test_an_interval_is_wilsons() -> None:
    assert Share(8, 10).interval == pytest.approx((0.490, 0.943), abs=1e-3)
    assert Share(0, 0).interval == (0.0, 1.0)


def test_a_side_counts_what_was_told_of_what() -> None:
    told = np.array([[0.9, 0.1], [0.2, 0.6], [0.1, 0.2], [0.7, 0.8]])
    of = side(("cough", "cry"), ("cough", "cough", "cry", "none"), told)
    assert (of.found["cough"].of, of.found["cry"].of) == (1, 0)
    assert (of.false["cough"].of, of.false["cry"].of) == (1, 2)
    assert of.confusion["cough", "cry"] == 1
    assert of.confusion["cry", "none"] == 1
    assert of.brier == pytest.approx((0.01 + 0.01 + 0.64 + 0.36 + 0.01 + 0.64 + 0.49 + 0.64) / 8)


def test_a_full_disk_is_said_and_nothing_looks_finished(
    asset_mirror: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(place: Path, content: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device", str(place))

    sounds, out = few_sounds(asset_mirror, tmp_path / "sounds"), tmp_path / "h.onnx"
    monkeypatch.setattr(Path, "write_bytes", full)
    assert main([str(sounds), "--out", str(out), "--embedding", str(asset_mirror / "models" / YAMNET)]) == 2
    assert f"{out}: No space left on device" in capsys.readouterr().err
    assert not out.exists()


def unknown_label(folder: Path) -> str:
    (folder / "cry").rename(folder / "yodel")
    return "label 'yodel' is no cue; expected some of scream, cry"


def state_of_mind(folder: Path) -> str:
    (folder / "cry").rename(folder / "agitation")
    return "label 'agitation' is a state of mind, which no ear hears; file its sounds by what is heard: scream, cry"


def something_seen(folder: Path) -> str:
    (folder / "cry").rename(folder / "fall")
    return "label 'fall' is no cue"


def empty_label(folder: Path) -> str:
    (folder / "glass").mkdir()
    return "label 'glass': "


def one_recording(folder: Path) -> str:
    for file in sorted((folder / "cry").iterdir())[1:]:
        file.unlink()
    return "all its 1 sounds are of one recording (baby_cry__1-187207-A.ogg); expected at least 2"


def unreadable(folder: Path) -> str:
    for file in sorted((folder / "cry").iterdir())[1:]:
        file.unlink()
        file.write_bytes(b"no sound at all")
    return "(2 unreadable, such as "


def nothing_beside(folder: Path) -> str:
    for label in ("cough", "none"):
        for file in (folder / label).iterdir():
            file.unlink()
        (folder / label).rmdir()
    return "'cry' is the only label; expected another one, or 'none'"


def no_folder(folder: Path) -> str:
    folder.rename(folder.with_name("elsewhere"))
    return "expected a folder with a folder for each label, or a CSV file"


@pytest.mark.parametrize(
    "broken",
    [unknown_label, state_of_mind, something_seen, empty_label, one_recording, unreadable, nothing_beside, no_folder],
)
def test_it_says_what_is_wrong_with_the_sounds(
    broken: Callable[[Path], str], asset_mirror: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sounds = few_sounds(asset_mirror, tmp_path / "sounds")
    expected = broken(sounds)
    status = main(
        [str(sounds), "--out", str(tmp_path / "h.onnx"), "--embedding", str(asset_mirror / "models" / YAMNET)]
    )
    assert status == 2
    assert expected in capsys.readouterr().err
    assert not (tmp_path / "h.onnx").exists()


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"start": "x"}, "line 2: start = 'x': expected seconds, 0 or more"),
        ({"start": "4", "end": "3"}, "line 2: end 3 is not after start 4"),
        ({"file": "gone.wav"}, "line 2: no file 'gone.wav'"),
        ({"who": "me"}, "columns end, file, label, start, who; expected file and label"),
    ],
)
def test_it_says_which_line_of_a_table_is_wrong(
    cells: dict[str, str], expected: str, asset_mirror: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = {"file": "", "label": "cry", "start": "", "end": "", **cells}
    row["file"] = row["file"] or str(asset_mirror / "sounds" / "esc10_cc0" / "baby_cry__1-187207-A.ogg")
    table = tmp_path / "sounds.csv"
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        writer.writeheader()
        writer.writerow(row)
    assert (
        main([str(table), "--out", str(tmp_path / "h.onnx"), "--embedding", str(asset_mirror / "models" / YAMNET)]) == 2
    )
    assert expected in capsys.readouterr().err


def test_it_says_when_the_model_has_no_embedding_or_the_name_is_no_model(
    asset_mirror: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sounds = few_sounds(asset_mirror, tmp_path / "sounds")
    for model, out, expected in (
        ("faceapi_expression.onnx", "h.onnx", "expected one input (n, 15600) and an output with 'embed' in its name"),
        ("yamnet_class_map.csv", "h.onnx", "no ONNX model"),
        (YAMNET, "h.pkl", "expected a name that ends in .onnx"),
        (YAMNET, "nowhere/h.onnx", "there is no folder"),
    ):
        arguments = [str(sounds), "--out", str(tmp_path / out), "--embedding", str(asset_mirror / "models" / model)]
        assert main(arguments) == 2
        assert expected in capsys.readouterr().err

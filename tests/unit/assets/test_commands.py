"""`attune assets` shows what is here, brings what is not, and fails when something is missing or altered."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli.assets import app
from services.runtime.assets import Shelf, Use

pytestmark = pytest.mark.unit


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asset_mirror: Path) -> Path:
    """A mirror of our own with two models in it, and an empty cache."""
    folder = tmp_path / "mirror" / "models"
    folder.mkdir(parents=True)
    for name in ("silero_vad.onnx", "faceapi_expression.onnx"):
        shutil.copyfile(asset_mirror / "models" / name, folder / name)
    monkeypatch.setenv("ATTUNE_ASSET_MIRROR", str(tmp_path / "mirror"))
    monkeypatch.setenv("ATTUNE_ASSET_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("ATTUNE_ASSET_RELEASE", raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    return folder


def test_it_lists_where_every_asset_is(mirror: Path) -> None:
    shown = CliRunner().invoke(app, ["list"])
    assert shown.exit_code == 0
    rows = {line.split()[1]: line for line in shown.stdout.splitlines() if line.count("│") > 3}
    assert "mirror" in rows["silero_vad.onnx"]
    assert "not here" in rows["yamnet.onnx"]
    assert set(rows) >= set(Shelf.open().assets)


def test_it_pulls_what_is_named(mirror: Path) -> None:
    done = CliRunner().invoke(app, ["pull", "silero_vad.onnx", "faceapi_expression.onnx"])
    assert done.exit_code == 0
    assert "2 of 2 assets are here and good" in done.stdout


def test_it_names_what_makes_a_model_that_nobody_has(mirror: Path) -> None:
    done = CliRunner().invoke(app, ["pull", "yamnet.onnx"])
    assert done.exit_code == 1
    assert "asset yamnet.onnx could not be fetched" in done.stderr
    assert "attune assets build" in done.stderr
    assert "0 of 1" in done.stdout


def test_it_fails_to_verify_an_altered_model(mirror: Path) -> None:
    (mirror / "silero_vad.onnx").write_bytes(b"altered")
    done = CliRunner().invoke(app, ["verify", "silero_vad.onnx"])
    assert done.exit_code == 1
    assert "altered" in done.stdout
    assert Shelf.open().asset("silero_vad.onnx").sha256 in done.stderr


def test_it_refuses_a_name_it_does_not_know(mirror: Path) -> None:
    done = CliRunner().invoke(app, ["pull", "silero.onnx"])
    assert done.exit_code == 2
    assert "silero_vad.onnx" in done.stderr


def test_it_never_offers_a_model_without_a_licence_by_default() -> None:
    for asset in Shelf.open().assets.values():
        shippable = "none stated" not in asset.licence and "research only" not in asset.training_data
        assert shippable or asset.use is Use.TESTS, asset.name


def test_it_describes_every_file_of_the_mirror_as_it_is(asset_mirror: Path) -> None:
    """The catalogue's digests hold for the files that the tests run on."""
    shelf = Shelf.open()
    for asset in shelf.assets.values():
        if asset.folder == "models":
            assert shelf.find(asset.name).stat().st_size == asset.size_bytes

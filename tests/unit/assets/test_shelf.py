"""The asset shelf finds files where the environment says and trusts none without its digest."""

import hashlib
from pathlib import Path

import pytest

from services.runtime.assets import Asset, AssetAltered, AssetError, AssetMissing, AssetUnknown, Places, Shelf

pytestmark = pytest.mark.unit
CONTENT = b"a small model"


def asset(origin: str = "recipe:none", content: bytes = CONTENT, **changes: object) -> Asset:
    values = {"name": "small.onnx", "folder": "models", "use": "default", "bytes": len(content), "licence": "MIT",
              "training_data": "none", "does": "nothing", "origin": origin,
              "sha256": hashlib.sha256(content).hexdigest()}  # fmt: skip
    return Asset(**{**values, **changes})


def shelf(folder: Path, entry: Asset, mirror: str = "") -> Shelf:
    return Shelf({entry.name: entry}, Places(mirror=mirror, release="", cache=folder / "cache"))


def put(path: Path, content: bytes = CONTENT) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("place", ["small.onnx", "models/small.onnx", "2026/nets/small.onnx"])
def test_it_uses_a_folder_mirror_in_place(tmp_path: Path, place: str) -> None:
    file = put(tmp_path / "mirror" / place)
    assert shelf(tmp_path, asset(), str(tmp_path / "mirror")).find("small.onnx") == file
    assert not (tmp_path / "cache").exists()


def test_it_does_not_take_a_download_that_is_under_way_for_the_asset(tmp_path: Path) -> None:
    put(tmp_path / "mirror" / "models" / ".pull-x" / "small.onnx", b"half")
    with pytest.raises(AssetMissing):
        shelf(tmp_path, asset(), str(tmp_path / "mirror")).find("small.onnx")


def test_it_finds_what_was_pulled_into_the_cache(tmp_path: Path) -> None:
    file = put(tmp_path / "cache" / "models" / "small.onnx")
    assert shelf(tmp_path, asset()).find("small.onnx") == file


def test_it_names_the_command_when_an_asset_is_missing(tmp_path: Path) -> None:
    with pytest.raises(AssetMissing, match=r"`attune assets pull small\.onnx`"):
        shelf(tmp_path, asset()).find("small.onnx")


def test_it_names_file_both_digests_and_the_command_when_a_file_was_altered(tmp_path: Path) -> None:
    file = put(tmp_path / "cache" / "models" / "small.onnx", b"something else")
    with pytest.raises(AssetAltered) as caught:
        shelf(tmp_path, asset()).find("small.onnx")
    for part in (str(file), asset().sha256, hashlib.sha256(b"something else").hexdigest(), "attune assets pull"):
        assert part in str(caught.value)


def test_it_notices_a_file_that_is_altered_after_it_was_found(tmp_path: Path) -> None:
    file = put(tmp_path / "cache" / "models" / "small.onnx")
    place = shelf(tmp_path, asset())
    place.find("small.onnx")
    file.write_bytes(b"a longer file than before")
    with pytest.raises(AssetAltered):
        place.find("small.onnx")


def test_it_offers_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(AssetUnknown, match=r"did you mean small\.onnx"):
        shelf(tmp_path, asset()).find("smal.onnx")


@pytest.mark.parametrize(
    ("change", "said"),
    [('colour = "red"', "colour"), ('origin = "ftp:x"', "origin"), ('sha256 = "abc"', "sha256"),
     ('name = "../x"', "name"), ("bytes = 0", "bytes"), ("= broken", "line")],
)  # fmt: skip
def test_it_refuses_a_catalogue_with_a_wrong_line_and_names_it(tmp_path: Path, change: str, said: str) -> None:
    lines = {key: f"{key} = {value!r}" for key, value in asset().model_dump(by_alias=True, mode="json").items()}
    lines[change.split(" ", 1)[0]] = change
    catalogue = tmp_path / "assets.toml"
    catalogue.write_text("[[asset]]\n" + "\n".join(lines.values()))
    with pytest.raises(AssetError, match=said):
        Shelf.open(catalogue)


def test_it_refuses_a_name_that_is_there_twice(tmp_path: Path) -> None:
    entry = "[[asset]]\n" + "\n".join(
        f"{key} = {value!r}" for key, value in asset().model_dump(by_alias=True, mode="json").items()
    )
    (tmp_path / "assets.toml").write_text(f"{entry}\n{entry}\n")
    with pytest.raises(AssetError, match=r"small\.onnx is there twice"):
        Shelf.open(tmp_path / "assets.toml")


@pytest.mark.parametrize(
    ("told", "cache"),
    [
        ({"XDG_CACHE_HOME": "/caches"}, "/caches/attune/assets"),
        ({"XDG_CACHE_HOME": "/caches", "ATTUNE_ASSET_CACHE": "/models"}, "/models"),
        ({}, str(Path.home() / ".cache" / "attune" / "assets")),
    ],
)
def test_it_caches_where_the_machine_keeps_its_caches_unless_told_otherwise(told: dict[str, str], cache: str) -> None:
    assert Places.from_environment(told).cache == Path(cache)

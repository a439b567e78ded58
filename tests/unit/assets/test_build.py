"""`attune assets build` makes converted models from their official weights, and takes only what says the same."""

import hashlib
import importlib.util
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from typer.testing import CliRunner

from services.cli import assets_build
from services.cli.assets import app
from services.cli.assets_build import NotBuilt, build
from services.runtime.assets import AssetAltered, AssetError, Places, Shelf, receipt_of
from training.export.__main__ import RECIPES
from training.export.recipe import Made, NotConvertible, largest_difference
from training.export.tfjs import described, weights
from training.export.tidy import tidied

pytestmark = pytest.mark.unit

LANDMARKS = "mp_face_landmarks_478.onnx"


@pytest.fixture
def shelf(tmp_path: Path, asset_mirror: Path) -> Shelf:
    """A mirror with MediaPipe's file alone, and an empty cache."""
    (tmp_path / "mirror").mkdir()
    shutil.copyfile(asset_mirror / "models/upstream/face_landmarker.task", tmp_path / "mirror/face_landmarker.task")
    return Shelf(Shelf.open().assets, Places(str(tmp_path / "mirror"), "", tmp_path / "cache"))


@pytest.fixture
def converter(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Stands in for TensorFlow, which is too large for the test environment: "converts" into given bytes."""

    def stand_in(content: bytes, difference: float = 1e-6) -> None:
        def convert(asset: object, sources: Path, made: Path) -> dict[str, object]:
            assert (sources / "face_landmarker.task").is_file()
            made.write_bytes(content)
            digest = hashlib.sha256(content).hexdigest()
            return {"sha256": digest, "difference": difference, "tolerance": 0.01, "against": "the original"}

        monkeypatch.setattr(assets_build, "_convert", convert)

    return stand_in


def test_every_recipe_of_the_catalogue_can_be_made_and_names_its_sources() -> None:
    shelf = Shelf.open()
    with_recipe = [asset for asset in shelf.assets.values() if asset.recipe]
    assert {asset.recipe for asset in with_recipe} == set(RECIPES)
    assert all(shelf.asset(name).use == "source" for asset in with_recipe for name in asset.sources)


def test_what_was_made_is_taken_with_its_receipt_and_found_again(shelf: Shelf, converter: Callable[..., None]) -> None:
    converter(b"another file that says the same")
    built = build(shelf, shelf.asset(LANDMARKS))
    assert built.how == "made, not byte for byte the catalogue's"
    assert shelf.find(LANDMARKS) == built.path
    said = json.loads(receipt_of(built.path).read_text())
    assert said["catalogue_sha256"] == shelf.asset(LANDMARKS).sha256
    assert build(shelf, shelf.asset(LANDMARKS)).how == "was there"


def test_a_file_that_is_not_the_one_of_its_receipt_is_refused(shelf: Shelf, converter: Callable[..., None]) -> None:
    converter(b"made")
    path = build(shelf, shelf.asset(LANDMARKS)).path
    path.write_bytes(b"changed afterwards")
    with pytest.raises(AssetAltered):
        shelf.find(LANDMARKS)


@pytest.mark.parametrize("changed", [{"difference": 0.02}, {"catalogue_sha256": "0" * 64}, {"who": "me"}])
def test_a_receipt_that_does_not_hold_is_none(
    changed: dict[str, object], shelf: Shelf, converter: Callable[..., None]
) -> None:
    converter(b"made " + json.dumps(changed).encode())
    path = build(shelf, shelf.asset(LANDMARKS)).path
    said = json.loads(receipt_of(path).read_text())
    receipt_of(path).write_text(json.dumps(said | changed))
    fresh = path.with_suffix(".copy")
    shutil.copyfile(path, fresh)  # a new file: its digest has not been checked yet
    fresh.replace(path)
    with pytest.raises(AssetAltered):
        shelf.find(LANDMARKS)


def test_a_source_that_was_altered_is_refused_and_nothing_is_left_behind(
    shelf: Shelf, converter: Callable[..., None], tmp_path: Path
) -> None:
    converter(b"made")
    (tmp_path / "mirror/face_landmarker.task").write_bytes(b"altered")
    with pytest.raises(AssetAltered):
        build(shelf, shelf.asset(LANDMARKS))
    assert not [file for file in (tmp_path / "cache").rglob("*") if file.is_file()]


def test_a_model_without_a_recipe_and_a_source_that_nobody_has_are_named(shelf: Shelf) -> None:
    with pytest.raises(NotBuilt, match=r"no recipe makes it; `attune assets pull silero_vad\.onnx`"):
        build(shelf, shelf.asset("silero_vad.onnx"))
    with pytest.raises(AssetError, match=r"yamnet_dynrange_int8\.tflite could not be fetched.*from a mirror only"):
        build(shelf, shelf.asset("yamnet.onnx"))


def test_the_command_makes_it_or_says_what_to_install(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ATTUNE_ASSET_MIRROR", str(tmp_path / "mirror"))
    monkeypatch.setenv("ATTUNE_ASSET_CACHE", str(tmp_path / "cache"))
    done = CliRunner().invoke(app, ["build", LANDMARKS])
    if importlib.util.find_spec("tensorflow") is None:
        assert done.exit_code == 1
        assert "is not installed: `pip install 'attune[export]'` brings it" in done.stderr
        assert "0 of 1 models" in done.stdout
    else:
        assert done.exit_code == 0, done.stderr
        assert shelf.find(LANDMARKS).is_file()


def manifest(**entry: object) -> list[dict[str, object]]:
    return [{"weights": [{"name": "w", "shape": [2, 2], "dtype": "float32", **entry}]}]


@pytest.mark.parametrize(
    ("stored", "entry", "expected"),
    [
        (np.array([1, 2, 3, 4], "<f4"), {}, [[1, 2], [3, 4]]),
        (np.array([0.5, 2, 3, 4], "<f2"), {"quantization": {"dtype": "float16"}}, [[0.5, 2], [3, 4]]),
        (np.array([0, 1, 2, 255], "u1"), {"quantization": {"dtype": "uint8", "scale": 0.5, "min": -1.0}},
         [[-1.0, -0.5], [0.0, 126.5]]),
        (np.array([0, 1, 2, 3], "<i4"), {"dtype": "int32"}, [[0, 1], [2, 3]]),
    ],
)  # fmt: skip
def test_weights_of_tensorflow_js_are_what_they_stand_for(
    stored: np.ndarray, entry: dict[str, object], expected: list[list[float]], tmp_path: Path
) -> None:
    (tmp_path / "w.bin").write_bytes(stored.tobytes())
    (tmp_path / "w.json").write_text(json.dumps(manifest(**entry)))
    assert weights(tmp_path / "w.bin", described(tmp_path / "w.json"))["w"].tolist() == expected


@pytest.mark.parametrize(("count", "expected"), [(3, "ends at 12 bytes, inside w"), (5, "holds 20 bytes, 16 of which")])
def test_weights_that_are_cut_off_or_too_many_are_refused(count: int, expected: str, tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(np.zeros(count, "<f4").tobytes())
    with pytest.raises(NotConvertible, match=expected):
        weights(tmp_path / "w.bin", {"weightsManifest": manifest()})


def small(numbers: np.ndarray) -> onnx.ModelProto:
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x:0", "w"], ["y:0"], name="long/name")], "g",
        [helper.make_tensor_value_info("x:0", TensorProto.FLOAT, ["unk__7", 16])],
        [helper.make_tensor_value_info("y:0", TensorProto.FLOAT, ["unk__8", 8])],
        [numpy_helper.from_array(numbers, "w")],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    return model


@pytest.mark.parametrize(("exact", "kind"), [(True, TensorProto.FLOAT16), (False, TensorProto.FLOAT)])
def test_halving_changes_no_number(exact: bool, kind: int) -> None:
    numbers = np.random.default_rng(0).normal(0, 1, (16, 8)).astype(np.float16 if exact else np.float32)
    before = small(numbers.astype(np.float32))
    feeds = {"x": np.random.default_rng(1).normal(0, 1, (3, 16)).astype(np.float32)}
    expected = feeds["x"] @ numbers.astype(np.float32)
    made = tidied(before, ["x"], ["y"], {"licence": "MIT"})
    assert [one.data_type for one in made.graph.initializer] == [kind]
    assert made.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "N"
    assert {one.key: one.value for one in made.metadata_props} == {"licence": "MIT"}
    told = onnxruntime.InferenceSession(made.SerializeToString()).run(["y"], feeds)[0]
    assert told == pytest.approx(expected, abs=1e-5)


def test_what_the_converter_names_differently_is_the_same_file() -> None:
    numbers, made = np.random.default_rng(0).normal(0, 1, (16, 8)).astype(np.float16).astype(np.float32), []
    for name in ("w", "const_fold_opt__472"):
        model = small(numbers)
        model.graph.initializer[0].name = model.graph.node[0].input[1] = name
        made.append(tidied(model, ["x"], ["y"], {}).SerializeToString(deterministic=True))
    assert made[0] == made[1]


def test_a_difference_from_the_original_is_found() -> None:
    numbers = np.eye(16, 8, dtype=np.float32)
    model = tidied(small(numbers), ["x"], ["y"], {})

    def original(feeds: object) -> list[np.ndarray]:
        return [feeds["x"] @ numbers + 0.25]  # type: ignore[index]

    made = Made(model, original, lambda rng: {"x": rng.normal(0, 1, (2, 16)).astype(np.float32)}, 1e-3, "NumPy")
    assert largest_difference(made, model.SerializeToString()) == pytest.approx(0.25, abs=1e-6)

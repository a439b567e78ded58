"""Models are loaded on what is really there, and a wrong file says what to do."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from edge_agent.models import FindModel, ModelAltered, ModelMissing, ModelUnreadable, ProviderMissing, load, offered

pytestmark = pytest.mark.unit


def test_it_says_which_processor_it_got_and_what_file_it_is(find_model: FindModel) -> None:
    path = find_model("silero_vad.onnx")
    model = load(path)
    assert model.provider == offered()[0]
    assert model.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert model.name == "silero_vad.onnx"


def test_it_runs_the_model(find_model: FindModel) -> None:
    model = load(find_model("faceapi_expression.onnx"), "CPU", threads=2)
    probabilities = model.run({"image_rgb": np.zeros((2, 112, 112, 3), np.float32)})[0]
    assert probabilities.shape == (2, 7)
    assert probabilities.sum(axis=1) == pytest.approx(1.0, abs=1e-4)


def test_it_names_a_missing_file_its_digest_and_the_command(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"pose\.onnx.*sha256 abc.*attune assets pull"):
        load(tmp_path / "pose.onnx", expected_digest="abc")


def test_it_names_both_digests_of_an_altered_file(tmp_path: Path) -> None:
    path = tmp_path / "pose.onnx"
    path.write_bytes(b"other")
    found = hashlib.sha256(b"other").hexdigest()
    with pytest.raises(ModelAltered, match=rf"{found}, expected abc.*attune assets pull"):
        load(path, expected_digest="abc")


def test_it_refuses_a_file_that_is_no_model(tmp_path: Path) -> None:
    path = tmp_path / "pose.onnx"
    path.write_bytes(b"no model at all")
    with pytest.raises(ModelUnreadable, match="no ONNX model"):
        load(path)


def test_it_refuses_a_processor_that_is_not_there(find_model: FindModel) -> None:
    absent = next(word for word in ("TensorRT", "CUDA", "none") if word not in offered())
    with pytest.raises(ProviderMissing, match=rf"{absent}.*offers .*CPU"):
        load(find_model("silero_vad.onnx"), absent)

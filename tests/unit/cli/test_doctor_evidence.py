"""The doctor tries the nudity detector as the agent would, and says what leaves a room without one."""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from services.cli import doctor_cameras, doctor_evidence
from services.runtime.findings import Finding, Grade

pytestmark = pytest.mark.unit
WITHOUT = "only outlines of bodies and how they moved leave, never a picture"


@pytest.fixture
def detector(tmp_path: Path) -> Path:
    """Finds RED, GREEN and BLUE by their mean in the whole picture: grey is half of each."""
    nodes = [
        helper.make_node("GlobalAveragePool", ["images"], ["means"]),
        helper.make_node("Reshape", ["means", "shape"], ["scores"]),
        helper.make_node("Concat", ["boxes", "scores"], ["output0"], axis=1),
    ]
    constants = [
        numpy_helper.from_array(np.array([1, 3, 1], np.int64), "shape"),
        numpy_helper.from_array(np.zeros((1, 4, 1), np.float32), "boxes"),
    ]
    picture = helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, 64, 64])
    found = helper.make_tensor_value_info("output0", TensorProto.FLOAT, [1, 7, 1])
    graph = helper.make_graph(nodes, "colours", [picture], [found], constants)
    file = tmp_path / "colours.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10), file)
    return file


def looked(allowed: str = "picture", **nudity: object) -> Finding | None:
    asked = {"labels": ["RED", "GREEN", "BLUE"], "hits": ["RED"], "size_px": 64, "threshold": 0.6, **nudity}
    told = {"evidence": {"nudity": asked}} if nudity else {}
    found = list(doctor_evidence.look(told, [{"name": "c", "evidence": allowed}]))
    assert len(found) <= 1
    return found[0] if found else None


def test_it_tries_the_detector_on_a_picture_and_says_what_it_looks_for(detector: Path) -> None:
    digest = hashlib.sha256(detector.read_bytes()).hexdigest()
    assert looked(model=str(detector), sha256=digest) == Finding(
        "nudity detector", Grade.GOOD, "colours.onnx looks for RED; digest right"
    )
    unchecked = looked(model=str(detector))
    assert unchecked is not None
    assert unchecked.found == "colours.onnx looks for RED; digest not checked: set sha256"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"model": "/nowhere/at/all.onnx"}, "no such model file"),
        ({"sha256": "0" * 64}, "expected 000"),
        ({"labels": ["RED"]}, "gives"),
        ({"hits": ["SKIN"]}, "hits SKIN: expected some of labels"),
        ({"threshold": 0.3}, "finds RED in a grey picture: a wrong model or order of labels"),
    ],
)
def test_it_says_what_is_wrong_with_a_detector_and_what_leaves_meanwhile(
    detector: Path, wrong: dict[str, object], says: str
) -> None:
    finding = looked(**({"model": str(detector)} | wrong))
    assert finding is not None
    assert finding.grade is Grade.BAD
    assert says in finding.found
    assert finding.found.endswith(f"until then {WITHOUT}")
    assert "[evidence.nudity]" in finding.remedy


def test_it_says_what_leaves_without_a_detector() -> None:
    pictures, outlines, nothing = looked(), looked("silhouette"), looked("none")
    assert pictures == Finding("nudity detector", Grade.NOTE, f"none: {WITHOUT}",
                               "name an ONNX detector: [evidence.nudity]")  # fmt: skip
    assert outlines == Finding("nudity detector", Grade.GOOD, f"none, and none is needed: {WITHOUT}")
    assert nothing is None


def test_it_is_part_of_the_look_at_an_agents_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "edge.toml"
    file.write_text('[[cameras]]\nname = "c"\nsource = "simulated"\nevidence = "picture"\n')
    assert "nudity detector" in {finding.what for finding in doctor_cameras.look(file)}
    monkeypatch.setenv("ATTUNE_EDGE_EVIDENCE", json.dumps({"nudity": {"model": "/nowhere"}}))
    tried = {finding.what: finding for finding in doctor_cameras.look(file)}["nudity detector"]
    assert tried.grade is Grade.BAD
    assert "labels: Field required" in tried.found

"""A head may be made on another sound model's embedding and on acoustics; the agent hears just as it learned."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from edge_agent.capture.frame import SAMPLE_RATE_HZ
from edge_agent.models import ModelUnfit, load
from edge_agent.preprocess.acoustics import FEATURES
from edge_agent.preprocess.sound_models import FAMILIES, WINDOW, faster, pooled, prepared
from edge_agent.sensing.audio import YAMNET
from edge_agent.sensing.cue_head import CueHead
from edge_agent.sensing.roster import Choice, in_folder, roster
from services.vocabulary import CueName, Mode
from tests.unit.edge.test_vocalisation import heard, loudest, wave_of
from tests.unit.training.test_train_cues import few_sounds
from training.cues.__main__ import main
from training.cues.embedding import Embedding
from training.cues.labelled import Labelled

pytestmark = pytest.mark.unit

FRAME, SIZE = 400, 24


def tiny(place: Path, samples: int | str = "samples", name: str = "last_hidden_state") -> Path:
    """A net with the interface of wav2vec2, HuBERT and WavLM: samples in, one vector for every 25 ms out; inside,
    random filters and what is left of them above zero."""
    rng = np.random.default_rng(0)
    kernel = (rng.normal(0, 1, (SIZE, 1, FRAME)) / 20.0).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Unsqueeze", ["input_values", "axis"], ["wave"]),
            helper.make_node("Conv", ["wave", "kernel"], ["filtered"], strides=[FRAME]),
            helper.make_node("Relu", ["filtered"], ["rectified"]),
            helper.make_node("Transpose", ["rectified"], [name], perm=[0, 2, 1]),
        ],
        "tiny",
        [helper.make_tensor_value_info("input_values", TensorProto.FLOAT, ["n", samples])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", "frames", SIZE])],
        [numpy_helper.from_array(kernel, "kernel"), numpy_helper.from_array(np.array([1], np.int64), "axis")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, place)
    return place


@pytest.fixture(scope="module")
def sounds(asset_mirror: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return few_sounds(asset_mirror, tmp_path_factory.mktemp("cues") / "sounds")


@pytest.mark.parametrize("acoustics", [False, True])
def test_the_agent_hears_with_another_model_as_the_head_learned(
    acoustics: bool, sounds: Path, asset_mirror: Path, tmp_path: Path
) -> None:
    model, out = tiny(tmp_path / "wavlm.onnx"), tmp_path / "head.onnx"
    arguments = [str(sounds), "--embedding", str(model), "--family", "wavlm", "--out", str(out)]
    assert main([*arguments, *(["--acoustics"] if acoustics else [])]) == 0
    head = onnx.load(out)
    assert {one.key: one.value for one in head.metadata_props}["family"] == "wavlm"
    assert head.graph.input[0].type.tensor_type.shape.dim[1].dim_value == SIZE + acoustics * FEATURES
    find = in_folder(asset_mirror / "models")
    choice = Choice(cue_head=out, cue_embedding=model, cue_head_use="instead")
    found = roster(find, Mode.OBSERVABLES, choice)
    assert {"head.onnx", "wavlm.onnx", YAMNET} <= {one.name for one in found.models}
    file = sounds / "cry" / "baby_cry__3-152007-B.ogg"
    embedding = Embedding(model, "wavlm", acoustics)
    learned = embedding.of(Labelled(file, "none", "x")).vectors
    (column,) = [k for k, label in enumerate(("cough", "cry")) if label == "cry"]
    weights, biases = (numpy_helper.to_array(one) for one in head.graph.initializer)
    expected = 1.0 / (1.0 + np.exp(-(learned @ weights + biases)[:, column]))
    wave = wave_of(file)
    cue = CueHead(load(out), load(find(YAMNET)), "instead", load(model))
    windows = np.lib.stride_tricks.sliding_window_view(wave, WINDOW)[:: round(0.24 * SAMPLE_RATE_HZ)]
    told = cue.added({}, np.zeros((len(windows), 1024), np.float32), np.ascontiguousarray(windows))
    assert told[CueName.CRY] == pytest.approx(expected, abs=1e-4)
    rows = heard(find, wave, Mode.OBSERVABLES, senses=found.senses)
    assert 0.0 < loudest(rows, CueName.CRY).probability < 1.0


def test_acoustics_beside_yamnets_embedding_reach_the_agent(sounds: Path, asset_mirror: Path, tmp_path: Path) -> None:
    out, find = tmp_path / "head.onnx", in_folder(asset_mirror / "models")
    assert main([str(sounds), "--embedding", str(find(YAMNET)), "--acoustics", "--out", str(out)]) == 0
    found = roster(find, Mode.OBSERVABLES, Choice(cue_head=out, cue_head_use="instead"))
    rows = heard(find, wave_of(sounds / "cry" / "baby_cry__3-152007-B.ogg"), Mode.OBSERVABLES, senses=found.senses)
    assert loudest(rows, CueName.CRY).probability > 0.5


def test_a_head_without_its_model_says_which_one_it_needs(sounds: Path, asset_mirror: Path, tmp_path: Path) -> None:
    model, out = tiny(tmp_path / "wavlm.onnx"), tmp_path / "head.onnx"
    assert main([str(sounds), "--embedding", str(model), "--family", "wavlm", "--out", str(out)]) == 0
    yamnet = load(asset_mirror / "models" / YAMNET)
    with pytest.raises(ModelUnfit, match=r"embedding of wavlm\.onnx.*name that model in cue_embedding"):
        CueHead(load(out), yamnet, "beside")
    altered = onnx.load(model)
    altered.producer_name = "somebody"
    onnx.save(altered, tmp_path / "other.onnx")
    with pytest.raises(ModelUnfit, match="name that model in cue_embedding"):
        CueHead(load(out), yamnet, "beside", load(tmp_path / "other.onnx"))


@pytest.mark.parametrize(("samples", "name"), [(8_000, "last_hidden_state"), ("samples", "logits")])
def test_a_model_with_other_inputs_or_outputs_is_refused(
    samples: int | str, name: str, sounds: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tiny(tmp_path / "wavlm.onnx", samples, name)
    arguments = [str(sounds), "--embedding", str(model), "--family", "wavlm", "--out", str(tmp_path / "h.onnx")]
    assert main(arguments) == 2
    assert "expected one input (n, 15600) and an output with 'embed' in its name" in capsys.readouterr().err


@pytest.mark.parametrize("family", FAMILIES)
def test_each_family_hears_the_same_second_in_its_own_way(family: str) -> None:
    how, times = FAMILIES[family], np.arange(WINDOW) / SAMPLE_RATE_HZ
    waves = (0.2 * np.sin(2 * np.pi * 440 * times) + 0.1)[None].astype(np.float32)
    seen = prepared(waves, family)
    assert seen.shape == (1, WINDOW * how.rate_hz // SAMPLE_RATE_HZ)
    if how.normalised:
        assert (seen.mean(), seen.std()) == (pytest.approx(0.0, abs=1e-5), pytest.approx(1.0, abs=1e-3))


def test_sound_at_a_higher_rate_is_the_same_sound() -> None:
    slow, fast = (np.sin(2 * np.pi * 400 * np.arange(rate) / rate).astype(np.float32) for rate in (16_000, 48_000))
    assert faster(slow[None], 3)[0] == pytest.approx(fast, abs=1e-4)


def test_frames_become_one_vector() -> None:
    assert pooled(np.array([[[1.0, 2.0], [3.0, 6.0]]])).tolist() == [[2.0, 4.0]]

"""Cameras that share session calls get what each would have got alone, and an engine is kept for one thing only."""

import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from structlog.testing import capture_logs

from edge_agent.batching import Array, Together
from edge_agent.engines import Engine, EngineSettings, Machine, machine
from edge_agent.models import TOGETHER, FindModel, Model, load, offered
from edge_agent.sensing.roster import Choice, roster
from edge_agent.warm_up import WarmUp
from services.vocabulary import Mode

pytestmark = pytest.mark.unit

SHARED = ("mp_face_landmarks_478.onnx", "faceapi_expression.onnx", "yamnet.onnx")


def asked_at_once(model: Model, asks: list[dict[str, Array]]) -> list[list[Array]]:
    """The answers of as many threads as there are asks."""
    answers: list[list[Array]] = [[] for _ in asks]
    ready = threading.Barrier(len(asks))

    def ask(k: int) -> None:
        ready.wait()
        answers[k] = model.run(asks[k])

    threads = [threading.Thread(target=ask, args=(k,)) for k in range(len(asks))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@pytest.mark.parametrize("name", SHARED)
def test_what_several_cameras_ask_together_is_what_each_would_have_got(find_model: FindModel, name: str) -> None:
    alone, shared = load(find_model(name), "CPU"), load(find_model(name), "CPU", together=True)
    assert (alone.shared, shared.shared) == (False, True)
    chance = np.random.default_rng(0)
    asks = []
    for k in range(6):
        [(key, idle)] = alone.idle_inputs(1 + k % 2).items()
        asks.append({key: chance.random(idle.shape, np.float32)})
    for ask, answer in zip(asks, asked_at_once(shared, asks), strict=True):
        for mine, expected in zip(answer, alone.run(ask), strict=True):
            assert mine.shape == expected.shape
            np.testing.assert_allclose(mine, expected, rtol=1e-3, atol=1e-4)


def test_who_asks_while_another_call_runs_is_answered_with_all_who_waited() -> None:
    sizes: list[int] = []
    first, more = threading.Event(), threading.Event()

    def run(inputs: Mapping[str, Array]) -> list[Array]:
        sizes.append(len(inputs["x"]))
        first.set()
        assert more.wait(5.0)
        return [inputs["x"] * 2]

    together = Together(run, most=4)
    answers: dict[float, float] = {}

    def ask(value: float) -> None:
        answers[value] = float(together({"x": np.array([[value]])})[0][0, 0])

    threads = [threading.Thread(target=ask, args=(float(k),)) for k in range(7)]
    threads[0].start()
    assert first.wait(5.0)
    for thread in threads[1:]:
        thread.start()
    while len(together._waiting) < 6:
        pass
    more.set()
    for thread in threads:
        thread.join(5.0)
    assert sizes == [1, 4, 2], "one call for who came first, then as many as fit"
    assert answers == {float(k): 2.0 * k for k in range(7)}


def test_an_error_of_a_shared_call_reaches_everybody_in_it_and_nobody_after() -> None:
    def run(inputs: Mapping[str, Array]) -> list[Array]:
        if (inputs["x"] < 0).any():
            raise RuntimeError("CUDA failure 700")
        return [inputs["x"]]

    together = Together(run)
    with pytest.raises(RuntimeError, match="CUDA failure 700"):
        together({"x": np.array([[-1.0]])})
    assert together({"x": np.array([[1.0]])})[0].tolist() == [[1.0]]


def test_cameras_share_calls_only_where_it_is_faster(find_model: FindModel) -> None:
    model = load(find_model("yamnet.onnx"))
    assert model.shared == (model.provider in TOGETHER)
    assert not load(find_model("movenet_multipose_lightning_v1.onnx"), together=True).shared, "it takes one picture"


def test_every_model_is_warm_before_readiness_says_so(find_model: FindModel) -> None:
    found = roster(find_model, Mode.AFFECT, Choice())
    warming, said = WarmUp(found.models), []
    assert warming.missing == f"warming up: 0 of 7 models, now {found.models[0].name}"
    warming.run(lambda model, took_s: said.append((model.name, took_s > 0, warming.missing)))
    assert [name for name, _, _ in said] == [model.name for model in found.models]
    assert said[0][2].startswith("warming up: 1 of 7 models")
    assert (warming.missing, warming.failed) == ("", [])


def test_a_model_that_cannot_be_warmed_is_named_and_the_others_go_on(find_model: FindModel) -> None:
    bad, good = load(find_model("silero_vad.onnx")), load(find_model("yamnet.onnx"))
    bad.name = "another.onnx"
    warming = WarmUp((bad, good))
    warming.run()
    assert warming.missing == ""
    assert [line.split(":")[0] for line in warming.failed] == ["another.onnx"]


def test_a_model_that_a_processor_refuses_runs_on_the_next_and_says_so(
    find_model: FindModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in for OpenVINO, which is not here and refuses Silero so; the CPU session is a real one."""
    session = onnxruntime.InferenceSession

    def refuses(path: str, options: object, providers: list[tuple[str, dict[str, str]]]) -> object:
        if providers[0][0] == "OpenVINOExecutionProvider":
            assert providers[0][1] == {"num_of_threads": "2"}
            raise onnxruntime.capi.onnxruntime_pybind11_state.Fail("Exception during initialization\nmore")
        return session(path, options, providers=providers)

    monkeypatch.setattr(onnxruntime, "InferenceSession", refuses)
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [
        "OpenVINOExecutionProvider", "CPUExecutionProvider",
    ])  # fmt: skip
    for wanted in ("auto", "OpenVINO"):
        with capture_logs() as told:
            model = load(find_model("silero_vad.onnx"), wanted, threads=2)
        assert model.provider == "CPU"
        assert [(line["log_level"], line["model"], line["reason"]) for line in told] == [
            ("warning", "silero_vad.onnx", "Exception during initialization")
        ]


ENGINE = Engine("pose.onnx", "ab" * 32, Machine("1.31.1", "101301", "13000", "8.7"), "fp32", "batches of 1 to 16")


@pytest.mark.parametrize("other", [
    replace(ENGINE, sha256="cd" * 32), replace(ENGINE, precision="fp16"), replace(ENGINE, shapes="batches of 1 to 8"),
    *(replace(ENGINE, machine=replace(ENGINE.machine, **{part: "9"})) for part in
      ("onnxruntime", "tensorrt", "cuda", "sm")),
])  # fmt: skip
def test_an_engine_is_kept_for_this_model_on_this_machine_alone(other: Engine, tmp_path: Path) -> None:
    assert other.key != ENGINE.key
    assert ENGINE.prepared(tmp_path) == replace(ENGINE).prepared(tmp_path) != other.prepared(tmp_path)
    assert '"sm": "8.7"' in (tmp_path / ENGINE.key / "engine.json").read_text()


def test_a_machine_without_nvidia_keeps_no_engine(find_model: FindModel, tmp_path: Path) -> None:
    if "TensorRT" in offered():
        pytest.skip("this machine has TensorRT")
    assert machine("1.31.1") is None
    load(find_model("yamnet.onnx"), engines=EngineSettings(folder=tmp_path / "engines"))
    assert not (tmp_path / "engines").exists()

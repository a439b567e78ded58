"""A camera whose clock does not keep pace says so in the heartbeat, where the page of operations shows it."""

import threading
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from edge_agent import camera as cameras
from edge_agent.camera import Eyes, RealCamera
from edge_agent.capture.stream_clock import TELLING_S
from edge_agent.capture.supervisor import CameraState, Sight, Supervisor
from edge_agent.edge_time import EdgeTime
from edge_agent.models import FindModel
from edge_agent.sensing.roster import Choice
from edge_agent.settings import CameraSettings
from edge_agent.spool import Spool
from services.runtime.clock import VirtualClock
from services.vocabulary.drift import LIMIT

pytestmark = pytest.mark.unit


def told(ratio: float, source: str, find: FindModel, folder: Path, patch: pytest.MonkeyPatch) -> tuple[str, str]:
    """The camera's name and the detail of its report after a stream ran slow by `ratio` for somewhat over an hour."""
    settings = CameraSettings.model_validate(
        {"name": f"drift {ratio} {folder.name}", "source": source, "resident": "r-1", "room": "1"}
    )
    spool = Spool(folder / "spool.db", ballast_bytes=0)
    camera = RealCamera(settings, Eyes(find, Choice(), 4.0), EdgeTime(VirtualClock(1000.0), spool))
    stream = Supervisor(
        camera.source(), lambda *_: iter(()), monotonic=lambda: 0.0, sleep=lambda _: None, chance=lambda: 0.0,
        stopping=lambda: True,
    )  # fmt: skip
    for second in range(round(TELLING_S) + 60):
        stream.clock.ours(second * (1.0 - ratio), float(second))
    patch.setattr(cameras, "supervised", lambda *_: (1000.0, stream))
    camera.run(lambda _: None, threading.Event())
    stream.state = CameraState(Sight.UP, 0.0)
    spool.close()
    return settings.name, camera.report().detail


@pytest.mark.parametrize(
    ("ratio", "said"),
    [
        (0.0008, "its stream runs 2.9 s an hour slow"),
        (-0.002, "its stream runs 7.2 s an hour fast"),
        (LIMIT * 0.9, ""),
    ],
)
def test_a_camera_whose_clock_strays_says_by_how_much(
    ratio: float, said: str, find_model: FindModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, detail = told(ratio, "rtsp://hall/1", find_model, tmp_path, monkeypatch)
    assert detail == said
    metric = REGISTRY.get_sample_value("attune_edge_stream_drift_ratio", {"camera": name})
    assert metric == pytest.approx(ratio, rel=0.02)


def test_a_file_has_no_clock_that_could_stray(
    find_model: FindModel, demo_clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, detail = told(0.0008, str(demo_clip), find_model, tmp_path, monkeypatch)
    assert detail == ""
    assert REGISTRY.get_sample_value("attune_edge_stream_drift_ratio", {"camera": name}) is None

"""Two residents in one picture of a real RTSP camera: it is opened and decoded once, and looked at once for both."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge_agent.camera import Eyes, RealCamera
from edge_agent.edge_time import EdgeTime
from edge_agent.remembered import Remembered
from edge_agent.sensing import pose, yunet
from edge_agent.sensing.roster import Choice, in_folder
from edge_agent.settings import CameraSettings, EdgeSettings
from edge_agent.spool import Spool
from services.runtime.clock import SystemClock
from tests.facility.rtsp_camera import RtspServer, Watched, every_second_once, is_blind, sees
from tests.facility.test_rtsp_camera import demo_clip, serve

__all__ = ["demo_clip", "serve"]
pytestmark = pytest.mark.facility


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    made = Spool(tmp_path / "spool.db", ballast_bytes=0)
    yield made
    made.close()


def beds(address: str) -> list[CameraSettings]:
    places = (("a", {"right": 0.5}), ("b", {"left": 0.5}))
    told = [{"name": name, "resident": name, "room": "1", "source": address, "zone": zone, "silent_s": 2.5}
            for name, zone in places]  # fmt: skip
    return EdgeSettings.model_validate({"cameras": told}).cameras


def test_a_camera_of_two_residents_is_read_once_and_told_for_both(
    serve: Callable[..., RtspServer], spool: Spool, asset_mirror: Path
) -> None:
    server = serve()
    eyes, when = Eyes(in_folder(asset_mirror / "models"), Choice(), 4.0), EdgeTime(SystemClock(), spool)
    cameras = beds(server.address("both"))
    eyes.share(cameras, when)
    mine, theirs = (Watched(RealCamera(settings, eyes, when)) for settings in cameras)
    try:
        for it in (mine, theirs):
            it.more(4, sees, "it never saw anybody")
        server.kill()
        for it in (mine, theirs):
            it.until(lambda it=it: it.camera.report().blind, "it never said blind")  # type: ignore[misc]
            it.more(2, is_blind, "the seconds without a camera were not told")
        serve(port=server.port)
        for it in (mine, theirs):
            it.more(3, sees, "it never came back")
            assert every_second_once(it.rows)
        opened, beside = (it.camera.totals() for it in (mine, theirs))
        assert opened["stream"]["opened"] >= 2 and opened["frames"]["decoded"] > 0
        assert beside["stream"]["opened"] == beside["frames"]["decoded"] == 0
        assert beside["frames"]["analysed"] > 0
        times = [{second.time for second in it.rows} for it in (mine, theirs)]
        assert len(times[0] & times[1]) >= 9
        for net in (eyes.loaded[name].run for name in (pose.MODEL, yunet.MODEL)):
            assert isinstance(net, Remembered) and net.saved > 0
    finally:
        for it in (mine, theirs):
            it.end()

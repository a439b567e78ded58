"""Models and clips for the edge's tests; a file that should be there and is not fails a test rather than skip it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from edge_agent.capture.decimation import Counts
from edge_agent.capture.decoder import decode
from edge_agent.capture.frame import Frame
from edge_agent.capture.source import Source
from edge_agent.models import FindModel
from edge_agent.sensing.roster import in_folder


@pytest.fixture(scope="session")
def find_model(asset_mirror: Path) -> FindModel:
    """Finds the real models."""
    return in_folder(asset_mirror / "models")


@pytest.fixture(scope="session")
def demo_clip(asset_mirror: Path) -> Path:
    """0-14 s a smiling man, 14-24 s a man standing, 24-42 s the same man agitated with cries, 42-56 s a calm woman."""
    clip = asset_mirror / "clips" / "demo_open_56s.mp4"
    assert clip.is_file(), f"{clip} is not in the mirror"
    return clip


@pytest.fixture(scope="session")
def picture_at(demo_clip: Path) -> Callable[[float], Frame]:
    """The clip's first picture at or after a time."""

    def find(time_s: float) -> Frame:
        items = decode(Source(str(demo_clip), time_s, time_s + 0.5), Counts())
        return next(item for item in items if isinstance(item, Frame))

    return find

"""Which configured camera a tool looks as, so that it applies what was said about that camera's picture."""

from dataclasses import dataclass
from pathlib import Path

from edge_agent.preprocess.places import UNPLACED, Places
from edge_agent.settings import CameraSettings, EdgeSettings
from services.runtime.settings import SettingError

NOBODY = "none"
"""The name to give where no camera's places are to be applied."""


@dataclass(frozen=True, slots=True)
class Standpoint:
    """`places` as they are to be applied, the `camera` whose they are (empty: none's), and a `line` for a person."""

    places: Places
    camera: str
    line: str


def standpoint(settings: EdgeSettings, name: str, source: str) -> Standpoint:
    """The places of the camera called `name`, else of the one whose source this is, else of the only one there is.

    Raises:
        SettingError: no camera has this name, or several have this source and none was named.
    """
    cameras = [camera for camera in settings.cameras if not camera.simulated]
    names = ", ".join(camera.name for camera in cameras)
    if name:
        named = [camera for camera in cameras if camera.name == name]
        if not named and name != NOBODY:
            there = f"those of the settings are {names}" if names else "the settings have none: is --config missing?"
            raise SettingError(f"--camera {name!r}: there is no such camera; {there}")
        return _of(named[0], "named") if named else _nowhere("as asked")
    having = [camera for camera in cameras if _same(camera.source, source)]
    if len(having) > 1:
        shared = ", ".join(camera.name for camera in having)
        raise SettingError(f"several cameras have this source: {shared}; say with --camera which is meant, or "
                           f"--camera {NOBODY}")  # fmt: skip
    if having:
        return _of(having[0], "it has this source")
    if len(cameras) == 1:
        return _of(cameras[0], "the only one of the settings")
    return _nowhere(f"name one with --camera: {names}" if names else "the settings have no camera")


def _of(camera: CameraSettings, why: str) -> Standpoint:
    return Standpoint(camera.places, camera.name, f"applied of camera {camera.name} ({why}): {camera.places}")


def _nowhere(why: str) -> Standpoint:
    return Standpoint(UNPLACED, "", f"no camera's masks, zone or bed_area applied ({why})")


def _same(one: str, other: str) -> bool:
    """Whether both are one address, or name one file."""
    return one == other or (Path(one).exists() and Path(one).resolve() == Path(other).resolve())

"""Which channels an agent's samples say: those of every mode, so that a mode that changes makes no other samples."""

from collections.abc import Sequence

from edge_agent.camera import Camera
from edge_agent.sensing.roster import Choice, affect_channels
from edge_agent.simulated import AFFECT_CHANNELS, SimulatedCamera
from services.vocabulary import Sense


def channels_of(cameras: Sequence[Camera], choice: Choice) -> tuple[str, ...]:
    """Of all cameras together. What a resident's mode forbids is absent from their samples, and named all the same."""
    told = [name for camera in cameras for name in camera.channels]
    wider = [name for camera in cameras for name in _wider(camera, choice)]
    return tuple(dict.fromkeys((*told, *wider)))


def _wider(camera: Camera, choice: Choice) -> tuple[str, ...]:
    if isinstance(camera, SimulatedCamera):
        return AFFECT_CHANNELS
    return (*affect_channels(choice), f"quality.{Sense.EXPRESSION}")

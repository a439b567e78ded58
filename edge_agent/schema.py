"""Which channels an agent's samples say: those of every mode, so that a mode that changes makes no other samples."""

from collections.abc import Sequence

from edge_agent.camera import Camera
from edge_agent.sensing.expression import AFFECT, OWN_VARIANCE, Origin, origin_of
from edge_agent.sensing.roster import Choice, affect_channels
from edge_agent.simulated import AFFECT_CHANNELS, SimulatedCamera
from services.vocabulary import Derived, Sense


def channels_of(cameras: Sequence[Camera], choice: Choice) -> tuple[str, ...]:
    """Of all cameras together. What a resident's mode forbids is absent from their samples, and named all the same."""
    told = [name for camera in cameras for name in camera.channels]
    wider = [name for camera in cameras for name in _wider(camera, choice)]
    return tuple(dict.fromkeys((*told, *wider)))


def derived_of(cameras: Sequence[Camera], choice: Choice) -> tuple[Derived, ...]:
    """Of what real cameras say in affect mode, what no model measures, with what no look at a face can show of it."""
    measured = origin_of(choice.expression, choice.known) is Origin.MODEL
    if measured or all(isinstance(camera, SimulatedCamera) for camera in cameras):
        return ()
    return tuple(Derived(name, OWN_VARIANCE[Origin.DERIVED]) for name in AFFECT)


def _wider(camera: Camera, choice: Choice) -> tuple[str, ...]:
    if isinstance(camera, SimulatedCamera):
        return AFFECT_CHANNELS
    return (*affect_channels(choice), f"quality.{Sense.EXPRESSION}")

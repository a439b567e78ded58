"""Brings together what face, voice, body and posture say of valence and arousal, where an operator wants that."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from edge_agent.preprocess.fusion import Opinion, Smoothing, conflict, fused
from edge_agent.preprocess.posture import ramp
from edge_agent.sensing.expression import AFFECT, OWN_VARIANCE, Expression
from edge_agent.sensing.role import Moment, Reading
from edge_agent.sensing.scene import SCENE, SceneExpert
from services.vocabulary import Sense as SenseName

VALENCE, AROUSAL = AFFECT
LEAST_VOICE = 0.05
"""Vocal energy under which there is no voice to judge (source: guess; a calm room measured under 0.01)."""
VOICE_VARIANCE, BODY_VARIANCE = 0.1, 0.15
"""Source: guess, as the translation of voice and movement into arousal is."""
POSTURE_VARIANCE = 0.3
"""Source: guess; a standard deviation of 0.55 on a scale from -1 to 1."""
STABILITY, JITTER = "stability", "jitter"
PAIRS = ("face-voice", "face-body", "voice-body")
WITH_SCENE = f"face-{SCENE}"

Values = Mapping[str, float]
Expert = Callable[[Values], Opinion | None]


def voice(values: Values) -> Opinion | None:
    """Arousal by vocal energy: -0.2 for a whisper, 1 from 0.6 on (source: guess; soft speech measured 0.1 to 0.3, cries
    and screams of the demonstration clip 0.4 to 0.7)."""
    energy = values.get("audio.vocal_energy", 0.0)
    return None if energy < LEAST_VOICE else Opinion(min(1.0, -0.2 + 2.0 * energy), VOICE_VARIANCE)


def body(values: Values) -> Opinion | None:
    """Arousal by the faster wrist: -0.3 for stillness, 1 from 2.2 torso lengths a second on (source: guess; the man of
    the demonstration clip measured 0.0 to 0.5 when calm and 1 to 2 when agitated)."""
    speed = values.get("pose.wrist_speed")
    return None if speed is None else Opinion(min(1.0, -0.3 + 0.6 * speed), BODY_VARIANCE)


def bearing(values: Values) -> Opinion | None:
    """Valence by how upright the trunk of somebody is who sits or stands: 0.1 to 10 degrees, -0.4 from 45 on (source:
    guess; a collapsed trunk goes with sadness, Wallbott 1998, European Journal of Social Psychology 28(6), and with
    pain and weakness as well, hence the variance)."""
    angle = values.get("pose.torso_angle")
    if angle is None or _lies(values):
        return None
    return Opinion(0.1 - 0.5 * ramp(angle, 10.0, 45.0), POSTURE_VARIANCE)


def posture(values: Values) -> Opinion | None:
    """Arousal by posture: -0.4 lying, 0 otherwise (source: guess, for whoever lies is mostly at rest)."""
    return None if "pose.lying" not in values else Opinion(-0.4 if _lies(values) else 0.0, POSTURE_VARIANCE)


def _lies(values: Values) -> bool:
    return values.get("pose.lying", 0.0) >= 0.5


EXPERTS: Mapping[str, Expert] = {"voice": voice, "body": body}
"""Who speaks of arousal beside the face, and may contradict it."""
POSTURE = "posture"
"""Corrects valence and arousal a little, too unsure to contradict anybody."""


class Affect:
    """The expression sense, which `experts` (of `EXPERTS`, and `POSTURE`) correct, and a model of the whole picture
    where there is one; valence and arousal are smoothed.

    Adds to its channels `uncertainty.<channel>.stability` and `.jitter` (see `preprocess.fusion`), and
    `conflict.<pair>` of arousal, 0..1. An operator chooses it: what a room hears and how it moves is judged in channels
    of its own, and an arousal that follows them counts twice. Without a face that can be read nothing is said.
    """

    title = "expression"
    name = SenseName.EXPRESSION

    def __init__(self, face: Expression, experts: Sequence[str], scene: SceneExpert | None = None) -> None:
        self.face = face
        self._scene = scene
        self.channels = channels_of(face.channels, SCENE in experts)
        self.needs = face.needs
        self.origin = face.origin
        self._experts = tuple(experts)
        self._smoothing = {channel: Smoothing() for channel in AFFECT}

    def read(self, moment: Moment) -> Reading:
        """Abstains as the expression sense does."""
        reading = self.face.read(moment)
        if reading.absence is not None:
            return reading
        values = dict(reading.values)
        own = OWN_VARIANCE[self.origin]
        faces = {name: Opinion(values[name], values.get(f"uncertainty.{name}", own)) for name in AFFECT}
        heard = {name: expert(moment.values) for name, expert in EXPERTS.items()}
        others = {name: opinion for name, opinion in heard.items() if opinion is not None}
        correcting = [others[name] for name in self._experts if name in others]
        bears, lies = (bearing(moment.values), posture(moment.values)) if POSTURE in self._experts else (None, None)
        around, looks = self._scene.look(moment.frames) if self._scene is not None else ({}, 0)
        for name, opinions in (
            (VALENCE, [faces[VALENCE], bears, around.get(VALENCE)]),
            (AROUSAL, [faces[AROUSAL], *correcting, lies, around.get(AROUSAL)]),
        ):  # fmt: skip
            together = fused([opinion for opinion in opinions if opinion is not None])
            if together is not None:
                values |= self._told(name, moment.window.end_s, together)
        arousal = {"face": faces[AROUSAL], **others, **({SCENE: around[AROUSAL]} if AROUSAL in around else {})}
        for one, other in combinations(arousal, 2):
            values[f"conflict.{one}-{other}"] = conflict(arousal[one], arousal[other])
        told = {name: value for name, value in values.items() if name in self.channels}
        return replace(reading, values=told, inferences=reading.inferences + looks)

    def _told(self, name: str, time_s: float, opinion: Opinion) -> dict[str, float]:
        smooth = self._smoothing[name].add(time_s, opinion)
        return {
            name: smooth.opinion.value,
            f"uncertainty.{name}": smooth.opinion.variance,
            f"uncertainty.{name}.{STABILITY}": smooth.stability,
            f"uncertainty.{name}.{JITTER}": smooth.jitter,
        }


def channels_of(expression: tuple[str, ...], scene: bool = False) -> tuple[str, ...]:
    """The channels of the sense, given those of the expression sense; without looks to compare, no uncertainties."""
    steady = tuple(f"uncertainty.{name}.{what}" for name in AFFECT for what in (STABILITY, JITTER))
    return (*expression, *steady, *(f"conflict.{pair}" for pair in (*PAIRS, *((WITH_SCENE,) if scene else ()))))

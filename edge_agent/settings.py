"""What an edge agent can be told: its cameras, its residents, its server."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from edge_agent.capture.source import Expects, Source
from edge_agent.engines import EngineSettings
from edge_agent.evidence.settings import Allowed, EvidenceSettings
from edge_agent.load import LoadSettings, RateSettings
from edge_agent.own_alarm.settings import OwnAlarmSettings
from edge_agent.preprocess.places import Places
from edge_agent.preprocess.tracks import Area
from edge_agent.sensing.affect_calibration import read_calibration
from edge_agent.sensing.own_models import OwnExpressionModel, OwnSceneModel
from services.runtime.settings import HealthSettings, TimeZone
from services.vocabulary import EMOTIONS, PERIODS_S, Mode, Resident
from services.vocabulary.canary import LEAST_S


class RehearsalSettings(BaseModel):
    """A simulated past for a demonstration: hours that resemble seconds of the camera's own recording."""

    model_config = ConfigDict(extra="forbid")

    hours: float = Field(24.0, gt=0, le=24 * 14)
    learn_from_s: tuple[float, float] = (0.0, 10.0)
    seed: int = 7


class AreaSettings(BaseModel):
    """A rectangle as shares of the picture: 0 is its left or upper edge, 1 its right or lower one."""

    model_config = ConfigDict(extra="forbid")

    left: float = Field(0.0, ge=0, le=1)
    top: float = Field(0.0, ge=0, le=1)
    right: float = Field(1.0, ge=0, le=1)
    bottom: float = Field(1.0, ge=0, le=1)

    @model_validator(mode="after")
    def _holds_something(self) -> "AreaSettings":
        if self.right <= self.left or self.bottom <= self.top:
            raise ValueError("an area without a size: expected left < right and top < bottom, as shares from 0 to 1")
        return self

    @property
    def area(self) -> Area:
        """The same as a value."""
        return Area(self.left, self.top, self.right, self.bottom)


class CameraSettings(BaseModel):
    """One camera (with or without sound) and the resident it watches.

    `source`: a file, an RTSP address, `/dev/video0`, `alsa:default`, or `simulated` (scores of a simulated resident, no
    pictures).
    `expects`: `pictures` of a camera, or `sound` of a microphone alone, whose pictures are not even decoded.
    `masks`: what is made black before anything looks at the picture or keeps it. `zone`: where the resident's place
    is, such as the bed; who is alone and was never there is not taken for the resident: no face is read. `bed_area`:
    where the mattress is seen; who lies there has not fallen.
    """

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1)
    source: str = Field(min_length=1)
    expects: Literal[Expects.PICTURES, Expects.SOUND] = Expects.PICTURES
    masks: list[AreaSettings] = Field(default_factory=list)
    zone: AreaSettings = AreaSettings()
    bed_area: AreaSettings | None = None
    resident: str = Field(min_length=1)
    room: str = Field(min_length=1)
    bed: str = ""
    label: str = ""
    mode: Mode = Mode.OBSERVABLES
    consent: str = ""
    start_s: float = Field(0.0, ge=0)
    end_s: float | None = None
    loop: bool = False
    silent_s: float = Field(10.0, gt=0)
    """How long a live source may give nothing before it counts as lost and is opened again."""
    evidence: Allowed = "none"
    """What a server may be shown of an event: nothing, outlines of bodies and how they moved, or pictures too. Pictures
    need affect mode, whose consent has to cover them, and a nudity detector; without either only outlines leave."""
    episode_after_s: float | None = None
    """Simulated sources only: seconds until a scripted episode with cries."""
    seed: int = 1
    rehearsal: RehearsalSettings | None = None
    _others: tuple[Area, ...] = PrivateAttr(())
    """Zones and beds of the other residents whose cameras have the same source."""

    def beside(self, cameras: Iterable["CameraSettings"]) -> None:
        """Be told of all `cameras`, some of which may look at the same picture."""
        same = [one for one in cameras if one is not self and one.source == self.source and not self.simulated]
        self._others = tuple(area for one in same for area in replace(one.places, others=()).own)

    @model_validator(mode="after")
    def _consent_for_affect(self) -> "CameraSettings":
        self.seat()
        return self

    def seat(self) -> Resident:
        """The resident of this camera."""
        return Resident(self.resident, self.room, self.bed, self.mode, self.label, self.consent)

    @property
    def places(self) -> Places:
        """What was said about its picture, as a value."""
        masks = tuple(mask.area for mask in self.masks)
        return Places(masks, self.zone.area, self.bed_area.area if self.bed_area else None, self._others)

    @property
    def simulated(self) -> bool:
        """Whether there is no camera at all behind it."""
        return self.source == "simulated"


class EdgeSettings(HealthSettings):
    """Settings of `python -m edge_agent`; environment variables begin with `ATTUNE_EDGE_`."""

    model_config = SettingsConfigDict(env_prefix="ATTUNE_EDGE_")

    agent: str = Field("edge-1", min_length=1)
    """Name of this agent; no two agents of a facility share one."""
    server: str = "127.0.0.1:7081"
    """host:port of the threshold service."""
    token: str = ""
    """What the threshold service wants to be shown: its ATTUNE_THRESHOLD_TOKEN."""
    time_zone: TimeZone = "UTC"
    """Where this agent's residents live: their usual has hours of the day."""
    cameras: list[CameraSettings] = Field(default_factory=list)
    """One table per camera; in the environment, a JSON list."""
    spool: Path = Path("var/edge/spool.db")
    """Where samples wait until the threshold service has made them durable."""
    spool_rows: int = Field(2_000_000, ge=1000)
    """Samples that the spool may hold; beyond it the oldest without cues go first."""
    replay_per_s: float = Field(2000.0, ge=1)
    """Samples per second that are sent at most after an outage, so that a ward of agents does not fall upon one server
    (six hours of four cameras: 43 s)."""
    analysis_fps: float = Field(8.0, gt=0, le=30)
    """Pictures per second that are looked at; the others are dropped. Below 1.5 no motion is told."""
    decoder: str = Field("auto", pattern="^[a-z0-9]+$")
    """What decodes pictures: auto (in hardware where it works), software, or a device by FFmpeg's name: cuda, vaapi."""
    load: LoadSettings = LoadSettings()
    """What analysis may take of each second, and what is looked at less beyond: a table of these keys."""
    rates: RateSettings = RateSettings()
    """Pictures a second that each sense looks at: a table of these keys."""
    sample_period_s: int = Field(PERIODS_S[0], ge=PERIODS_S[0], le=PERIODS_S[-1])
    """Seconds between two samples of a resident, 1 to 10: a longer one tells the means of its seconds, so that a slow
    change is noticed so much later. A second with a cue or a fall leaves at once, whatever is set here."""
    threads: int = Field(1, ge=1, le=64)
    """onnxruntime threads per model."""
    provider: Literal["auto", "TensorRT", "CUDA", "OpenVINO", "CPU"] = "auto"
    """What the models run on; auto: the first of these that this machine has."""
    engines: EngineSettings = EngineSettings()
    """Where TensorRT keeps what it builds, and how exactly it calculates: a table of these keys."""
    expression: tuple[str, ...] = ("faceapi_expression.onnx",)
    """Model files that read a face in affect mode: emotions, and (without it derived) valence and arousal."""
    expression_models: list[OwnExpressionModel] = Field(default_factory=list)
    """Expression models of your own, one table each; `attune assets check --help` tells its keys."""
    expression_passes: int = Field(5, ge=1, le=5)
    """How often each face is looked at, a little differently; from 2 on the differences are told as uncertainty."""
    experts: tuple[Literal["voice", "body", "posture", "scene"], ...] = ()
    """Who corrects what a face tells: voice and body arousal, posture and scene valence too; with any, both are
    smoothed."""
    scene_model: OwnSceneModel | None = None
    """The expert scene: an ONNX model of your own that looks at the whole masked picture; a table of its keys."""
    pose_model: Path | None = None
    """ONNX file of a YOLO pose net of your own, instead of MoveNet; `python -m training.export.yolo_pose --help`."""
    affect_calibration: Path | None = None
    """TOML file of a study that says how the faces here differ from those a model learned from; applied only where that
    was significant."""
    evidence: EvidenceSettings = EvidenceSettings()
    """Pictures of the last seconds, for cameras whose `evidence` allows it: a table with the keys below."""
    own_alarm: OwnAlarmSettings = OwnAlarmSettings()
    """The agent's own alarm while its server does not answer: a table with the keys below."""
    sound_extras: tuple[Literal["above_usual", "zero_crossings", "tempo"], ...] = ()
    """More channels of sound for your own analysis; none of them is judged."""
    cue_head: Path | None = None
    """ONNX file of `attune train cues`: tells cues of the operator's own sounds, from YAMNet's embedding."""
    cue_embedding: Path | None = None
    """ONNX sound model (wav2vec2, WavLM, HuBERT, CLAP, emotion2vec) of a head that was made on its embedding; it hears
    every window beside YAMNet and is not for small devices."""
    cue_head_use: Literal["beside", "instead"] = "beside"
    """beside: the larger probability counts, the head's or YAMNet's; instead: of its own cues only the head's."""
    wait_for_drain: bool = False
    """Start the cameras only when everything in the spool is durable (used by the demonstration)."""
    end_with_sources: bool = False
    """End when every source has ended and the spool is drained (files; used by the demonstration)."""
    canary_minutes: float = Field(15.0, ge=0, le=1440)
    """Minutes between two canaries: tests that have to come out as a delivered test notification, so that somebody
    notices when alerts would not arrive. 0: none."""
    health_port: int = Field(7090, ge=0, le=65535)

    @field_validator("canary_minutes")
    @classmethod
    def _not_too_often(cls, minutes: float) -> float:
        if 0.0 < minutes * 60.0 < LEAST_S:
            raise ValueError(f"expected 0, or {LEAST_S / 60.0:.3f} and more: one canary a second at most")
        return minutes

    @field_validator("affect_calibration")
    @classmethod
    def _is_a_calibration(cls, file: Path | None) -> Path | None:
        if file is not None:
            read_calibration(file)
        return file

    @field_validator("pose_model")
    @classmethod
    def _is_a_pose_model(cls, file: Path | None) -> Path | None:
        if file is not None and not file.is_file():
            raise ValueError("expected an ONNX file, as `python -m training.export.yolo_pose` writes one")
        return file

    @field_validator("cue_head", "cue_embedding")
    @classmethod
    def _is_there(cls, file: Path | None) -> Path | None:
        if file is not None and not file.is_file():
            raise ValueError(
                "expected an ONNX file: a head that `attune train cues` wrote, or the model it was made on"
            )
        return file

    @model_validator(mode="after")
    def _faces_are_read(self) -> "EdgeSettings":
        from edge_agent.sensing.expression_models import described  # which imports OpenCV

        own = {model.name: model.outputs for model in self.expression_models}
        given = [output for name in self.expression for output in own.get(name) or described(name).outputs]
        if not set(given) & set(EMOTIONS):
            raise ValueError(f"expression = {list(self.expression)}: expected at least one model that gives emotions")
        if twice := sorted({name for name in given if given.count(name) > 1}):
            raise ValueError(
                f"expression = {list(self.expression)}: {', '.join(twice)} given by two models; expected one"
            )
        return self

    @model_validator(mode="after")
    def _scene_has_a_model(self) -> "EdgeSettings":
        if ("scene" in self.experts) != (self.scene_model is not None):
            missing = "a table [scene_model]" if self.scene_model is None else 'experts = ["scene"]'
            raise ValueError(
                f"the expert scene needs its model and to be asked: expected {missing} as well, or neither"
            )
        return self

    @model_validator(mode="after")
    def _one_camera_each(self) -> "EdgeSettings":
        for key in ("name", "resident"):
            seen = [getattr(camera, key) for camera in self.cameras]
            twice = {value for value in seen if seen.count(value) > 1}
            if twice:
                raise ValueError(f"cameras share the {key} {', '.join(sorted(twice))}: expected one camera per {key}")
        for one, other in combinations(self.cameras, 2):
            shared = one.source == other.source and Source(one.source).live  # a film is played to each by itself
            if shared and one.zone.area.overlaps(other.zone.area):
                raise ValueError(f"zones of {one.name} and {other.name}, which look at one source, overlap: expected "
                                 "zones apart, or nobody knows whose resident is meant")  # fmt: skip
        for camera in self.cameras:
            camera.beside(self.cameras)
        return self

"""What cameras, microphones and files may deliver, and what is then told: a value, an absence, or a sentence."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from edge_agent.capture.decimation import Counts
from edge_agent.capture.decoder import decode
from edge_agent.capture.frame import Frame, Sound
from edge_agent.capture.source import Expects, Source
from edge_agent.capture.unchanged import FROZEN_S, Unchanged
from edge_agent.capture.windows import Window
from edge_agent.models import FindModel, ModelUnfit, ModelUnreadable, load
from edge_agent.preprocess.pixels import resized
from edge_agent.scoring import Scorer, Scores
from edge_agent.sensing.absent import Absent
from edge_agent.sensing.audio import SILERO, YAMNET, Audio
from edge_agent.sensing.blendshapes import LANDMARKS
from edge_agent.sensing.expression import Expression
from edge_agent.sensing.expression_models import DEFAULT
from edge_agent.sensing.faces import Faces
from edge_agent.sensing.pose import MODEL as MOVENET
from edge_agent.sensing.pose import Pose
from edge_agent.sensing.role import Moment
from edge_agent.sensing.roster import roster
from edge_agent.sensing.yunet import MODEL as YUNET
from services.vocabulary import Absence, CueName, Gap, Mode
from services.vocabulary import Sense as SenseName

pytestmark = pytest.mark.unit


def film(path: Path, pictures: Iterator[tuple[float, np.ndarray]]) -> Path:
    """A film without sound whose pictures have the given times, in seconds."""
    with av.open(str(path), "w") as made:
        stream = None
        for time_s, image in pictures:
            if stream is None:
                stream = made.add_stream("h264", rate=25, options={"preset": "ultrafast"})
                stream.height, stream.width, stream.pix_fmt = image.shape[0], image.shape[1], "yuv420p"
                stream.codec_context.time_base = Fraction(1, 1000)
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = round(time_s * 1000), Fraction(1, 1000)
            made.mux(stream.encode(frame))
        assert stream is not None
        made.mux(stream.encode(None))
    return path


def scored(find: FindModel, source: Source, mode: Mode = Mode.AFFECT) -> tuple[Scorer, list[Scores]]:
    scorer = Scorer(roster(find, mode).senses, mode, monotonic=lambda: 0.0)
    return scorer, list(scorer.run(decode(source, Counts())))


def value(scorer: Scorer, scores: Scores, channel: str) -> float:
    return scores.values[scorer.channels.index(channel)]


def test_a_4k_camera_is_read_as_a_small_one(
    find_model: FindModel, picture_at: Callable[[float], Frame], tmp_path: Path
) -> None:
    image = resized(picture_at(16.0).image, 3840, 2160)
    path = film(tmp_path / "4k.mp4", ((k / 4, image) for k in range(5)))
    scorer, rows = scored(find_model, Source(str(path), analysis_fps=2.0))
    assert rows[0].persons == 1
    assert value(scorer, rows[0], "emotion.neutral") > 0.3
    assert np.isfinite(value(scorer, rows[0], "pose.torso_angle"))


def test_five_pictures_a_second_and_uneven_ones_give_every_second_a_row(
    find_model: FindModel, demo_clip: Path, picture_at: Callable[[float], Frame], tmp_path: Path
) -> None:
    frames = [item for item in decode(Source(str(demo_clip), 24.0, 28.2, analysis_fps=25.0), Counts())
              if isinstance(item, Frame)]  # fmt: skip
    even = ((frame.pts_s - 24.0, frame.image) for frame in frames[::5])
    chance = np.random.default_rng(0)
    uneven = [frame for frame in frames if chance.random() < 0.5]
    for name, pictures in (("five", even), ("uneven", ((f.pts_s - 24.0, f.image) for f in uneven))):
        scorer, rows = scored(find_model, Source(str(film(tmp_path / f"{name}.mp4", pictures))), Mode.OBSERVABLES)
        assert [row.time_s for row in rows[:4]] == [1.0, 2.0, 3.0, 4.0], name
        for row in rows[1:4]:
            assert value(scorer, row, "motion.ratio") > 0.1, name
            assert np.isfinite(value(scorer, row, "pose.wrist_speed")), name


def test_an_upside_down_camera_is_not_read_as_a_face(
    find_model: FindModel, picture_at: Callable[[float], Frame]
) -> None:
    """A camera that hangs upside down and does not say so: no face is made up, movement is still told."""
    for time_s in (3.0, 16.0, 26.0, 45.0):
        turned = [np.ascontiguousarray(picture_at(time_s + k / 4).image[::-1, ::-1]) for k in range(4)]
        scorer = Scorer(roster(find_model, Mode.AFFECT).senses, Mode.AFFECT, monotonic=lambda: 0.0)
        scores = scorer.score(Window(1.0, tuple(Frame(image, k / 4) for k, image in enumerate(turned))))
        assert np.isnan(value(scorer, scores, "emotion.neutral")), time_s
        assert np.isfinite(value(scorer, scores, "motion.ratio"))


def test_a_frozen_camera_is_blind_after_half_a_minute(
    find_model: FindModel, picture_at: Callable[[float], Frame]
) -> None:
    image = picture_at(16.0).image
    scorer = Scorer(roster(find_model, Mode.OBSERVABLES).senses, Mode.OBSERVABLES, monotonic=lambda: 0.0)
    told = {}
    for end_s in (1.0, 20.0, FROZEN_S + 2.0):
        told[end_s] = scorer.score(Window(end_s, tuple(Frame(image, end_s - 1 + k / 2) for k in range(2))))
    assert told[20.0].persons == 1
    assert Gap(SenseName.POSE, Absence.CAMERA_BLIND) in told[FROZEN_S + 2.0].gaps
    assert told[FROZEN_S + 2.0].persons == -1
    moved = image.copy()
    moved[0, 0] ^= 1
    again = scorer.score(Window(FROZEN_S + 3.0, (Frame(moved, FROZEN_S + 2.5),)))
    assert again.persons == 1


def test_pictures_that_never_come_are_not_frozen() -> None:
    assert not Unchanged().frozen(())


@pytest.mark.parametrize("rate", [8_000, 96_000])
def test_any_rate_of_sound_is_heard(rate: int, asset_mirror: Path, find_model: FindModel, tmp_path: Path) -> None:
    cry = asset_mirror / "sounds" / "esc10_cc0" / "baby_cry__3-151081-A.ogg"
    path = tmp_path / "cry.wav"
    with av.open(str(cry)) as old, av.open(str(path), "w") as new:
        stream = new.add_stream("pcm_s16le", rate=rate, layout="stereo")
        resampler = av.AudioResampler(format="s16", layout="stereo", rate=rate)
        for frame in old.decode(audio=0):
            for chunk in resampler.resample(frame):
                new.mux(stream.encode(chunk))
    _, rows = scored(find_model, Source(str(path), expects=Expects.EITHER), Mode.OBSERVABLES)
    assert len(rows) == 5
    assert max(cue.probability for row in rows for cue in row.cues if cue.name is CueName.CRY) > 0.9


def test_a_microphone_turned_up_too_far_still_tells_a_cry(asset_mirror: Path, find_model: FindModel) -> None:
    cry = Source(str(asset_mirror / "sounds" / "esc10_cc0" / "baby_cry__3-151081-A.ogg"), expects=Expects.SOUND)
    samples = np.concatenate([item.samples for item in decode(cry, Counts()) if isinstance(item, Sound)])
    clipped = np.clip(samples / np.abs(samples).max() * 20.0, -1.0, 1.0)
    ear = Audio(load(find_model(YAMNET)), load(find_model(SILERO)))
    readings = [
        ear.read(Moment(Window(k + 1.0, (), (Sound(clipped[k * 16_000 : (k + 1) * 16_000], float(k)),))))
        for k in range(5)
    ]
    assert max(reading.values["audio.loudness"] for reading in readings) > -3.0
    assert max(cue.probability for reading in readings for cue in reading.cues if cue.name is CueName.CRY) > 0.5


def test_a_film_without_sound_tells_a_silent_microphone_and_goes_on(
    find_model: FindModel, picture_at: Callable[[float], Frame], tmp_path: Path
) -> None:
    image = picture_at(16.0).image
    path = film(tmp_path / "mute.mp4", ((k / 4, image) for k in range(8)))
    _, rows = scored(find_model, Source(str(path)), Mode.OBSERVABLES)
    assert all(Gap(SenseName.AUDIO, Absence.MICROPHONE_SILENT) in row.gaps and row.persons == 1 for row in rows)


def test_a_model_with_other_inputs_is_refused_by_its_sense(find_model: FindModel) -> None:
    other = load(find_model("yolox_nano.onnx"))
    with pytest.raises(ModelUnfit, match=r"yolox_nano.onnx: takes .*images.*expected .*waveform.*another model"):
        Audio(other, load(find_model(SILERO)))
    with pytest.raises(ModelUnfit):
        Pose(load(find_model("movenet_singlepose_lightning_v4.onnx")))
    with pytest.raises(ModelUnreadable):
        Faces(load(find_model(DEFAULT)))


def test_a_model_under_another_ones_name_costs_only_its_sense(find_model: FindModel, tmp_path: Path) -> None:
    swapped = {MOVENET: LANDMARKS, YUNET: DEFAULT, DEFAULT: MOVENET}
    for name, other in swapped.items():
        (tmp_path / name).write_bytes(find_model(other).read_bytes())

    def find(name: str) -> Path:
        return tmp_path / name if name in swapped else find_model(name)

    found = roster(find, Mode.AFFECT)
    off = {sense.title for sense in found.senses if isinstance(sense, Absent)}
    assert off == {"pose", "faces", "expression"}
    assert all("attune assets pull" in sense.why for sense in found.missing)
    with pytest.raises(ModelUnfit):
        Expression([load(tmp_path / DEFAULT)])

"""A groan of distress or a moan of pleasure: Bayes by hand, real groans in both modes, and no face silences a cry."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.capture.decimation import Counts
from edge_agent.capture.decoder import decode
from edge_agent.capture.frame import SAMPLE_RATE_HZ, Frame, Sound
from edge_agent.capture.source import Expects, Source
from edge_agent.capture.windows import Window
from edge_agent.models import FindModel
from edge_agent.preprocess.fusion import Opinion
from edge_agent.preprocess.vocalisation import FACE_MOST, Kind, face_log_odds, weighed
from edge_agent.scoring import Scorer, Scores
from edge_agent.sensing.role import Sense
from edge_agent.sensing.roster import roster
from edge_agent.sensing.vocalisation import leaving, resolved
from services.vocabulary import AMBIGUOUS, Cue, CueName, Mode, Policy

pytestmark = pytest.mark.unit

UNRESOLVED = CueName.VOCALISATION_UNRESOLVED
PLAIN = sorted(set(CueName) - AMBIGUOUS)
shares = st.floats(0.0, 1.0)
opinion = st.builds(Opinion, st.floats(-1, 1), st.floats(0, 1))
opinions = st.tuples(opinion, opinion)


def face(valence: float, arousal: float, variance: float = 0.06) -> tuple[Opinion, Opinion]:
    return Opinion(valence, variance), Opinion(arousal, variance)


def test_sound_alone_is_weighed_by_its_odds() -> None:
    """(0.8 + 0.25) / (0.1 + 0.25) = 3 to 1: 0.75, which is distress; 1 to 3 is not yet pleasure."""
    groan, moan = weighed(0.8, 0.1, None), weighed(0.1, 0.8, None)
    assert (groan.kind, moan.kind) == (Kind.DISTRESS, Kind.UNRESOLVED)
    assert groan.distress == pytest.approx(0.75)
    assert moan.distress == pytest.approx(0.25)
    assert groan.uncertainty == pytest.approx(-0.75 * math.log2(0.75) - 0.25 * math.log2(0.25))
    assert groan.conflict == 0.0


def test_a_face_moves_the_odds_by_its_likelihood_ratio() -> None:
    """A little unhappy: (-0.1 * -1.31 + 0.1 * 0.16) / 0.31 = 0.474, so 1.61 to 1 on top of even odds: 0.616."""
    assert weighed(0.5, 0.5, face(-0.1, 0.1)).distress == pytest.approx(1.0 / (1.0 + math.exp(-0.147 / 0.31)))
    assert face_log_odds(*face(0.0, 0.0)) == 0.0


def test_smile_and_moan_agree_on_pleasure() -> None:
    """Sound 1 to 3; the smile says 1 to 15.6, of which 1 to 4 counts: 1 to 12, so 1/13."""
    smile = face(0.7, 0.4)
    assert math.exp(-face_log_odds(*smile)) == pytest.approx(math.exp((0.7 * 1.31 - 0.4 * 0.16) / 0.31))
    told = weighed(0.1, 0.8, smile)
    assert told.kind is Kind.PLEASURE
    assert told.distress == pytest.approx(1.0 / 13.0)
    assert told.conflict == 0.0


def test_smile_and_groan_contradict_one_another_and_stay_unresolved() -> None:
    """Sound 3 to 1 leans 0.5; the smile leans 2 / (1 + 15.6) - 1 = -0.88: conflict 0.44, odds 3 to 4."""
    told = weighed(0.8, 0.1, face(0.7, 0.4))
    seen = 1.0 / (1.0 + math.exp(-face_log_odds(*face(0.7, 0.4))))
    assert told.kind is Kind.UNRESOLVED
    assert told.distress == pytest.approx(3.0 / 7.0)
    assert told.conflict == pytest.approx(0.5 * (1.0 - 2.0 * seen))
    assert told.uncertainty > 0.98


def test_a_distressed_face_makes_distress_of_an_even_sound() -> None:
    told = weighed(0.4, 0.4, face(-0.6, 0.6))
    assert (told.kind, told.distress) == (Kind.DISTRESS, pytest.approx(FACE_MOST / (FACE_MOST + 1.0)))


def test_an_unsure_face_says_less() -> None:
    odds = [face_log_odds(*face(-0.6, 0.6, variance)) for variance in (0.0, 0.1, 1.0)]
    assert odds == sorted(odds, reverse=True)
    assert face_log_odds(Opinion(math.nan, 0.1), Opinion(0.5, 0.1)) == 0.0


@given(shares, shares, st.none() | opinions)
def test_no_face_alone_makes_pleasure_of_a_sound(
    one: float, other: float, seen: tuple[Opinion, Opinion] | None
) -> None:
    distress, pleasure = max(one, other), min(one, other)
    told = weighed(distress, pleasure, seen)
    assert told.kind is not Kind.PLEASURE
    assert 0.0 <= told.distress <= 1.0
    assert 0.0 <= told.uncertainty <= 1.0
    assert 0.0 <= told.conflict <= 1.0


@given(
    st.dictionaries(st.sampled_from(PLAIN), shares), shares, shares, st.floats(-1, 1), st.floats(-1, 1),
    st.sampled_from(Mode),
)  # fmt: skip
def test_whatever_the_face_no_cry_for_help_is_touched_and_no_groan_lowered(
    others: dict[CueName, float], groan: float, moan: float, valence: float, arousal: float, mode: Mode
) -> None:
    cues = [Cue(name, p) for name, p in others.items()]
    cues += [Cue(CueName.GROAN, groan), Cue(CueName.MOAN, moan), Cue(UNRESOLVED, max(groan, moan), 0.0, -20.0, 1.0)]
    told = resolved(cues, {"affect.valence": valence, "affect.arousal": arousal}, mode)
    by_name = {cue.name: cue for cue in told}
    assert [cue for cue in told if cue.name in PLAIN] == cues[:-3]
    assert by_name[CueName.GROAN].probability >= groan
    for named in AMBIGUOUS - {CueName.MOAN}:
        alarming = Policy(alarm_cues=(named.value,), cue_threshold=groan)
        assert any(alarming.alarms(cue.name) and cue.probability >= groan for cue in told)


def test_a_policy_that_names_a_moan_hears_what_was_left_unresolved_or_called_a_groan() -> None:
    policy = Policy(alarm_cues=("moan",))
    assert [name for name in CueName if policy.alarms(name)] == [CueName.MOAN, CueName.GROAN, UNRESOLVED]
    assert not any(Policy().alarms(name) for name in AMBIGUOUS)
    assert not Policy(alarm_cues=("groan",)).alarms(CueName.MOAN)


def test_nothing_is_named_where_nothing_was_heard() -> None:
    assert resolved([], {"affect.valence": 0.5, "affect.arousal": 0.5}, Mode.AFFECT) == ()


GROANS = ("freedoom_bsd/DSPLPAIN.wav", "freedoom_bsd/DSOOF.wav", "wesnoth_gpl2/human-old-die-3.ogg")


def wave_of(file: Path) -> np.ndarray:
    items = decode(Source(str(file), expects=Expects.SOUND), Counts())
    return np.concatenate([item.samples for item in items if isinstance(item, Sound)])


def heard(
    find: FindModel, wave: np.ndarray, mode: Mode, image: np.ndarray | None = None, times: int = 1,
    senses: Sequence[Sense] = (),
) -> list[Scores]:  # fmt: skip
    """What a room tells in which `wave` is heard `times` after a silent second, with `image` in view all the time."""
    room = np.random.default_rng(1).normal(0, 1e-4, 16_000 * 5).astype(np.float32)
    sound = np.tile(wave, times)[: 3 * 16_000]
    room[16_000 : 16_000 + len(sound)] += sound
    scorer = Scorer(senses or roster(find, mode).senses, mode, monotonic=lambda: 0.0)
    told = []
    for k in range(5):
        frames = () if image is None else tuple(Frame(image, k + j / 4) for j in range(4))
        part = Sound(room[k * SAMPLE_RATE_HZ : (k + 1) * SAMPLE_RATE_HZ], float(k))
        told.append(scorer.score(Window(k + 1.0, frames, (part,))))
    return told


def loudest(rows: list[Scores], name: CueName) -> Cue:
    return max((cue for row in rows for cue in row.cues if cue.name is name), key=lambda cue: cue.probability)


@pytest.mark.parametrize("file", GROANS)
def test_without_consent_a_real_groan_is_a_vocalisation_left_unresolved(
    file: str, find_model: FindModel, asset_mirror: Path
) -> None:
    rows = heard(find_model, wave_of(asset_mirror / "sounds" / file), Mode.OBSERVABLES)
    cue = loudest(rows, UNRESOLVED)
    assert cue.probability >= 0.5
    assert cue.loudness_dbfs is not None
    assert -60.0 < cue.loudness_dbfs < 0.0
    assert cue.duration_s is not None
    assert cue.duration_s > 0.2
    assert (cue.uncertainty, cue.conflict) == (None, None)
    left = {one.name for row in rows for one in leaving(row.cues, Mode.OBSERVABLES)}
    assert UNRESOLVED in left
    assert not left & {CueName.GROAN, CueName.MOAN}


def test_it_says_about_how_long_a_groan_lasted(find_model: FindModel, asset_mirror: Path) -> None:
    wave = wave_of(asset_mirror / "sounds" / GROANS[0])
    for times in (1, 2, 3):
        rows = heard(find_model, wave, Mode.OBSERVABLES, times=times)
        lasted = max(cue.duration_s or 0.0 for row in rows for cue in row.cues)
        assert lasted == pytest.approx(times * len(wave) / SAMPLE_RATE_HZ, abs=0.25)


@pytest.fixture(scope="module")
def smiling(picture_at: Callable[[float], Frame]) -> np.ndarray:
    return picture_at(6.0).image


def test_a_groan_under_a_smile_is_still_told_with_the_contradiction(
    find_model: FindModel, asset_mirror: Path, smiling: np.ndarray
) -> None:
    wave = wave_of(asset_mirror / "sounds" / GROANS[0])
    blind = loudest(heard(find_model, wave, Mode.OBSERVABLES), CueName.GROAN)
    seen = heard(find_model, wave, Mode.AFFECT, smiling)
    told = loudest(seen, CueName.GROAN)
    assert blind.probability > 0.4
    assert told.probability == pytest.approx(blind.probability, abs=1e-6)
    open_ = loudest(seen, UNRESOLVED)
    assert open_.probability == pytest.approx(blind.probability, abs=1e-6)
    assert open_.conflict is not None
    assert open_.conflict > 0.1
    assert open_.uncertainty is not None
    assert open_.uncertainty > 0.8
    assert max(cue.probability for row in seen for cue in row.cues if cue.name is CueName.MOAN) == 0.0


def test_a_moan_under_a_smile_is_named_a_moan_and_under_a_neutral_face_left_open(
    find_model: FindModel, asset_mirror: Path, smiling: np.ndarray, picture_at: Callable[[float], Frame]
) -> None:
    """No moan of pleasure lies among the sounds: the faces are real, the ear's probabilities are set here."""
    for image, expected in ((smiling, CueName.MOAN), (picture_at(16.0).image, UNRESOLVED)):
        scorer = Scorer(roster(find_model, Mode.AFFECT).senses, Mode.AFFECT, monotonic=lambda: 0.0)
        row = scorer.score(Window(1.0, tuple(Frame(image, j / 4) for j in range(4))))
        values = dict(zip(scorer.channels, row.values, strict=True))
        cues = (Cue(CueName.GROAN, 0.1), Cue(CueName.MOAN, 0.9), Cue(UNRESOLVED, 0.9, -0.5, -20.0, 1.5))
        told = {cue.name: cue.probability for cue in resolved(cues, values, Mode.AFFECT)}
        assert max(told, key=told.__getitem__) is expected
        assert resolved(cues, values, Mode.OBSERVABLES) == cues


def test_a_cry_under_a_smile_is_told_as_it_was_heard(
    find_model: FindModel, asset_mirror: Path, smiling: np.ndarray
) -> None:
    wave = wave_of(asset_mirror / "sounds" / "esc10_cc0" / "baby_cry__3-151080-A.ogg")
    plain = [row.cues for row in heard(find_model, wave, Mode.OBSERVABLES)]
    under = [row.cues for row in heard(find_model, wave, Mode.AFFECT, smiling)]
    for one, other in zip(plain, under, strict=True):
        assert [replace(cue) for cue in one if cue.name in PLAIN] == [cue for cue in other if cue.name in PLAIN]
    assert max(cue.probability for cues in under for cue in cues if cue.name is CueName.CRY) > 0.9

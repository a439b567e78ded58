"""Days in the lives of residents: what the engine says, and what it keeps to itself."""

from collections.abc import Callable

import numpy as np
import pytest

from services.vocabulary import Condition, Cue, CueName, Mode, Policy, Reason, Tier, event_id
from tests.stories.conftest import LEARNED_S
from tests.stories.life import CHANNELS, EPOCH, START, Life, lifted, serious
from threshold_service.engine import Engine

pytestmark = pytest.mark.story
Known = Callable[[Mode], Life]
CRY = Cue(CueName.CRY, 0.95, -0.5)
GESTURES = {"motion_erratic": 8.0, "pose_wrist_speed": 9.0, "motion_ratio": 7.0, "pose_speed": 5.0}


@pytest.mark.parametrize("day", [0, 1, 2])
def test_it_is_quiet_on_a_calm_afternoon(known: Known, day: int) -> None:
    life = known(Mode.AFFECT)
    life.rng = np.random.default_rng(day)
    told = life.live(life.ordinary(1800))
    assert [event for event in told if event.tier is Tier.IMMEDIATE] == []
    assert life.condition in (Condition.USUAL, Condition.CHANGED)
    assert 0.0 < life.engine.usual().score[0] < 1.0


def test_it_calls_at_once_when_he_is_agitated_and_cries(known: Known) -> None:
    life = known(Mode.AFFECT)
    assert serious(life.live(life.ordinary(10))) == []
    told = serious(life.live(lifted(life.ordinary(6), **GESTURES), cues=[CRY]))
    assert told[0].tier is Tier.IMMEDIATE
    assert told[0].updated_at <= START + life.second
    assert life.condition is Condition.ATTENTION
    event = told[-1]
    assert {term.name for term in event.terms[:2]} == {"audio", "motion"}
    assert {"motion.erratic", "pose.wrist_speed"} <= {deviation.channel for deviation in event.deviations}
    assert event.evidence.cues[-1].name is CueName.CRY
    assert event.evidence.erratic_motion > 3 * event.evidence.usual_erratic_motion
    assert event.evidence.place == "Room 12"


def acquainted(mode: Mode) -> list[Life]:
    """Eight residents, each known for nearly five hours and a minute."""
    lives = [Life(mode, seed) for seed in range(8)]
    for life in lives:
        life.learn(LEARNED_S)
        life.live(life.ordinary(60))
    return lives


def test_it_calls_for_the_gestures_alone_of_most_residents_when_nobody_cries() -> None:
    told = [serious(life.live(lifted(life.ordinary(60), **GESTURES))) for life in acquainted(Mode.OBSERVABLES)]
    called = [events[0] for events in told if events]
    assert len(called) >= 5, "after a few hours thresholds are wide: not of everybody"
    assert all(event.score > event.threshold and event.terms[0].name == "motion" for event in called)


def test_it_keeps_one_event_for_one_agitation_and_ends_it_when_he_is_himself_again(known: Known) -> None:
    life = known(Mode.AFFECT)
    life.live(lifted(life.ordinary(60), **GESTURES))
    life.live(life.ordinary(300))
    told = serious(life.events)
    assert len({event.id for event in told}) == 1
    revisions = [event.revision for event in life.events if event.id == told[0].id]
    assert revisions == list(range(1, len(revisions) + 1))
    assert not told[-1].open
    assert told[-1].ended_at is not None
    assert 60 <= told[-1].ended_at - told[-1].opened_at <= 300
    assert life.condition is Condition.USUAL


def test_it_does_not_take_one_strange_second_for_an_emergency(known: Known) -> None:
    life = known(Mode.AFFECT)
    life.live(life.ordinary(30))
    life.live(lifted(life.ordinary(1), motion_erratic=20.0))
    life.live(life.ordinary(30))
    assert [event for event in life.events if event.tier is Tier.IMMEDIATE] == []


def test_it_becomes_urgent_for_half_of_them_when_something_smaller_goes_on() -> None:
    small = {name.replace(".", "_"): 2.0 for name in CHANNELS if name not in ("emotion.neutral", "emotion.fear")}
    called = 0
    for life in acquainted(Mode.AFFECT):
        early = life.live(lifted(life.ordinary(15), **small))
        assert Reason.SUSTAINED not in [event.reason for event in early]
        called += bool(serious([*early, *life.live(lifted(life.ordinary(75), **small))]))
    assert called >= 4


def test_it_says_that_a_camera_is_blind_and_neither_learns_nor_alarms(known: Known) -> None:
    life = known(Mode.AFFECT)
    life.live(life.ordinary(5))
    before = life.engine.usual()
    level, spread = before.level.copy(), before.spread.copy()
    told = life.live(np.full((120, len(CHANNELS)), np.nan), persons=-1)
    assert life.condition is Condition.BLIND
    assert [(event.tier, event.reason) for event in told] == [(Tier.MONITOR, Reason.BLIND)]
    assert np.array_equal(life.engine.usual().level, level)
    assert np.array_equal(life.engine.usual().spread, spread)
    life.live(life.ordinary(90))
    assert life.condition is Condition.USUAL
    assert [event.reason for event in life.events if not event.open] == [Reason.BLIND]


def test_it_does_not_judge_or_learn_faces_and_gestures_while_a_visitor_is_there(known: Known) -> None:
    life = known(Mode.AFFECT)
    life.live(life.ordinary(5))
    level = life.engine.usual().level.copy()
    visit = lifted(life.ordinary(600), **GESTURES, emotion_fear=10.0, face_browDown=5.0)
    assert serious(life.live(visit, persons=2)) == []
    assert np.array_equal(life.engine.usual().level, level)


def test_it_still_hears_a_cry_while_a_visitor_is_there(known: Known) -> None:
    life = known(Mode.AFFECT)
    told = life.live(life.ordinary(3), persons=2, cues=[CRY])
    assert told[-1].tier is Tier.IMMEDIATE
    assert told[-1].terms[0].name == "audio"
    assert told[-1].evidence.cues[0].name is CueName.CRY


def test_it_only_answers_to_cries_while_it_is_still_learning() -> None:
    life = Life(Mode.AFFECT, seed=9)
    life.live(life.ordinary(600))
    assert life.condition is Condition.LEARNING
    assert 0.0 < life.engine.usual().learned_share[0] < 0.2
    assert life.live(lifted(life.ordinary(60), **GESTURES)) == []
    assert life.live(life.ordinary(1), cues=[CRY]) == [], "one sample is not two of three"
    told = life.live(life.ordinary(1), cues=[CRY])
    assert [(event.tier, event.reason, event.learning) for event in told] == [(Tier.IMMEDIATE, Reason.CUE, True)]
    assert told[0].deviations == ()


def test_it_tells_with_the_event_how_loud_and_how_long_somebody_groaned(known: Known) -> None:
    life = known(Mode.OBSERVABLES)
    groaned = Cue(CueName.VOCALISATION_UNRESOLVED, 0.9, -0.5, loudness_dbfs=-21.5, duration_s=2.5)
    told = serious(life.live(lifted(life.ordinary(6), **GESTURES), cues=[groaned]))
    heard = told[-1].evidence.cues[-1]
    assert (heard.name, heard.loudness_dbfs, heard.duration_s) == (groaned.name, -21.5, 2.5)


def test_it_names_an_event_by_the_sample_that_opened_it(known: Known) -> None:
    life = known(Mode.OBSERVABLES)
    opened_after = life.second
    told = life.live(life.ordinary(3), cues=[CRY])
    assert {event.id for event in told} == {event_id("room-12", told[0].position)}
    assert told[0].position.epoch == EPOCH
    assert opened_after < told[0].position.sequence <= life.second
    assert told[0].opened_at == START + told[0].position.sequence - 1


def test_it_remembers_the_day_before(known: Known) -> None:
    life = known(Mode.OBSERVABLES)
    for _ in range(2):
        life.live(life.ordinary(3), cues=[CRY])
        life.live(life.ordinary(300))
        life.skip(600)
    last = life.live(life.ordinary(3), cues=[CRY])[-1]
    assert last.tier is Tier.IMMEDIATE
    assert last.evidence.prior.tier1 == 2


def test_it_never_mentions_an_emotion_without_consent(known: Known) -> None:
    life = known(Mode.OBSERVABLES)
    frightened = lifted(life.ordinary(30), **GESTURES, emotion_fear=20.0, emotion_anger=20.0, affect_arousal=20.0)
    told = life.live(frightened)
    assert serious(told)
    for event in told:
        named = [d.channel for d in event.deviations] + [t.channel for t in event.evidence.trends]
        named += [usual.channel for usual in event.evidence.profile]
        assert not [name for name in named if name.startswith(("emotion.", "affect."))]
    assert np.isnan(life.engine.usual().level[0, CHANNELS.index("emotion.fear")])


@pytest.mark.parametrize("killed_after", [7, 33, 95])
def test_it_goes_on_bit_for_bit_after_a_restart(known: Known, killed_after: int) -> None:
    one, other = known(Mode.AFFECT), known(Mode.AFFECT)
    day = np.concatenate([one.ordinary(20), lifted(one.ordinary(40), **GESTURES), one.ordinary(120)])
    one.live(day)
    other.live(day[:killed_after])
    other.engine = Engine.load(other.engine.dump(), Policy())
    other.live(day[killed_after:])
    assert str(one.events) == str(other.events)
    assert one.engine.dump() == other.engine.dump()
    assert serious(one.events)


def test_it_keeps_what_is_usual_over_a_long_silence(known: Known) -> None:
    life = known(Mode.AFFECT)
    level = life.engine.usual().level.copy()
    life.skip(86_400)
    life.live(life.ordinary(1))
    spread = life.engine.usual().spread
    assert np.all(np.abs(life.engine.usual().level - level) <= 0.01 * spread)
    assert life.condition is Condition.USUAL

"""What a deployment decides for one resident: cues, hours of sleep and of care, what a poor sense may say."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from services.alerting.headline import headline
from services.vocabulary import Condition, Cue, CueName, Mode, Own, Policy, Reason, Rules, Tier
from tests.stories.life import CHANNELS, START, Life, lifted, serious
from threshold_service.engine import Engine
from threshold_service.senses import minute_of_day

pytestmark = pytest.mark.story
Known = Callable[[Mode], Life]
CRY = Cue(CueName.CRY, 0.95, -0.5)
GESTURES = {"motion_erratic": 8.0, "pose_wrist_speed": 9.0, "motion_ratio": 7.0, "pose_speed": 5.0}
BODY = [i for i, name in enumerate(CHANNELS) if name.startswith(("motion.", "pose.", "audio."))]


def under(life: Life, **facts: object) -> Life:
    """The same resident, from now on under a policy with something of their own."""
    shipped = Policy()
    plain: dict[str, object] = {
        "budget": shipped.budget, "timing": shipped.timing, "cue_threshold": shipped.cue_threshold,
        "alarm_cues": shipped.alarm_cues,
    }  # fmt: skip
    own = Own(life.resident.id, **plain | facts)  # type: ignore[arg-type]
    life.engine = Engine.load(life.engine.dump(), replace(shipped, residents=(own,)))
    return life


def now(life: Life) -> str:
    """An hour around this moment, as a span."""
    minute = minute_of_day(START + life.second, "Europe/Berlin")
    first, last = (minute - 5) % 1440, (minute + 55) % 1440
    return f"{first // 60:02}:{first % 60:02}-{last // 60:02}:{last % 60:02}"


def stillness(life: Life, seconds: int) -> np.ndarray:
    """Lying still in a quiet room: everything the body does is far below usual."""
    rows = life.ordinary(seconds)
    rows[:, BODY] -= np.array([6.0 if CHANNELS[i] == "motion.ratio" else 3.0 for i in BODY]) * np.abs(
        np.array([0.03, 0.02, 2.0, 0.02, 0.12, 0.03])
    )
    return rows


def test_it_answers_only_to_a_residents_own_cues(known: Known) -> None:
    life = under(known(Mode.OBSERVABLES), alarm_cues=("scream",))
    assert serious(life.live(life.ordinary(5), cues=[CRY])) == []
    assert serious(life.live(life.ordinary(5), cues=[replace(CRY, name=CueName.SCREAM)]))[0].reason is Reason.CUE


def test_whoever_names_a_groan_is_told_of_one_that_nobody_can_resolve(known: Known) -> None:
    """Without consent no face helps: the sound is told with its loudness and how long it lasted."""
    heard = Cue(CueName.VOCALISATION_UNRESOLVED, 0.75, -0.5, -21.5, 2.25)
    assert serious(known(Mode.OBSERVABLES).live(known(Mode.OBSERVABLES).ordinary(5), cues=[heard])) == []
    life = under(known(Mode.OBSERVABLES), alarm_cues=("groan",))
    event = serious(life.live(life.ordinary(5), cues=[heard]))[0]
    assert event.reason is Reason.CUE
    told = event.evidence.cues[-1]
    assert (told.name, told.loudness_dbfs, told.duration_s) == (heard.name, -21.5, 2.25)
    assert (told.uncertainty, told.conflict) == (None, None)
    assert headline(event).startswith("Groaning or moaning was heard for 2 s")


def test_it_lets_a_resident_lie_still_in_their_hours_of_sleep(known: Known) -> None:
    awake = known(Mode.OBSERVABLES)
    told = awake.live(stillness(awake, 600))
    assert told, "by day somebody is told that they hardly move"
    asleep = known(Mode.OBSERVABLES)
    under(asleep, sleeping=(now(asleep),))
    assert asleep.live(stillness(asleep, 600)) == []


def test_it_hears_and_sees_distress_in_the_hours_of_sleep(known: Known) -> None:
    life = known(Mode.OBSERVABLES)
    under(life, sleeping=(now(life),))
    assert serious(life.live(stillness(life, 5), cues=[CRY]))[0].tier is Tier.IMMEDIATE
    life = known(Mode.OBSERVABLES)
    under(life, sleeping=(now(life),))
    assert serious(life.live(lifted(life.ordinary(30), **GESTURES)))[0].tier is Tier.IMMEDIATE


def test_it_sees_nothing_in_private_hours_and_hears_a_cry(known: Known) -> None:
    life = known(Mode.OBSERVABLES)
    under(life, private=(now(life),))
    level = life.engine.usual().level.copy()
    assert serious(life.live(lifted(life.ordinary(60), **GESTURES))) == []
    assert np.array_equal(life.engine.usual().level, level, equal_nan=True)
    dark = life.ordinary(60)
    dark[:] = np.nan
    assert life.live(dark, persons=-1) == [], "a covered camera is no news in these hours"
    assert serious(life.live(life.ordinary(3), cues=[CRY]))[0].reason is Reason.CUE


def test_it_writes_nothing_down_that_was_seen_in_private_hours(known: Known) -> None:
    life = known(Mode.OBSERVABLES)
    under(life, private=(now(life),))
    kept = life.engine.kept(np.zeros(1, np.int64), np.array([START + life.second]), life.ordinary(1))[0]
    seen = {name for name, value in zip(CHANNELS, kept.tolist(), strict=True) if np.isfinite(value)}
    assert seen == {"audio.loudness", "audio.vocal_energy"}


def test_it_waits_longer_for_a_picture_where_that_is_said(known: Known) -> None:
    life = known(Mode.OBSERVABLES)
    under(life, timing=replace(Policy().timing, blind_after_s=300.0))
    assert life.live(np.full((120, len(CHANNELS)), np.nan), persons=-1) == []
    assert life.condition is not Condition.BLIND
    told = life.live(np.full((200, len(CHANNELS)), np.nan), persons=-1)
    assert [event.reason for event in told] == [Reason.BLIND] and life.condition is Condition.BLIND


def test_it_judges_literally_where_somebody_wants_to_compare(known: Known) -> None:
    life = known(Mode.OBSERVABLES)
    life.engine = Engine.load(life.engine.dump(), Policy(rules=Rules.LITERAL))
    rows = life.ordinary(1)
    rows[:, CHANNELS.index("motion.erratic")] += 40 * 0.02
    (event,) = life.live(rows)
    assert (event.tier, event.reason, event.threshold) == (Tier.IMMEDIATE, Reason.CHANNEL, 3.0)
    assert event.detector.startswith("literal") and event.score > 3.0


def test_it_alarms_far_more_often_by_the_literal_rules(known: Known) -> None:
    counts = []
    for rules in Rules:
        life = known(Mode.OBSERVABLES)
        life.engine = Engine.load(life.engine.dump(), Policy(rules=rules))
        life.rng = np.random.default_rng(7)
        counts.append(sum(event.open for event in serious(life.live(life.ordinary(1200)))))
    budget, literal = counts
    assert literal >= 1 and budget <= 1 and literal > budget


def test_it_hears_one_cue_at_once_by_the_literal_rules() -> None:
    life = Life(Mode.OBSERVABLES, seed=3)
    life.engine = Engine(CHANNELS, (life.resident,), Policy(rules=Rules.LITERAL), "edge-1", "0" * 32)
    assert life.live(life.ordinary(300)) == [], "nothing is usual yet"
    (event,) = life.live(life.ordinary(1), cues=[CRY])
    assert event.reason is Reason.CUE and event.learning


def test_it_shows_that_an_open_event_has_become_less_urgent_and_takes_nothing_back(known: Known) -> None:
    life = known(Mode.OBSERVABLES)
    told = serious(life.live(lifted(life.ordinary(20), **GESTURES)))
    assert told[-1].tier is Tier.IMMEDIATE and life.condition is Condition.ATTENTION
    conditions, later = [], []
    for row in life.ordinary(600):
        later += life.live([row])
        conditions.append(life.condition)
        if not life.engine.usual().tier[0]:
            break
    assert not life.engine.usual().tier[0], "the event is over"
    assert set(conditions[-55:-1]) == {Condition.CHANGED}, "while it waits for its end, the tile says that it eased"
    assert [event.tier for event in later if event.id == told[-1].id] == [Tier.IMMEDIATE], "its end, as it was told"

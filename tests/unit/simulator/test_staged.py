"""A staged facility: who lives there, what happens to them alone, and what was true at a moment. Kind: unit."""

from dataclasses import replace

import numpy as np
import pytest

from services.simulator.benign import Ordinary
from services.simulator.body import BODY
from services.simulator.episodes import SCENES, SHAPES, Kind, Scene, envelope, script, shape_of
from services.simulator.facility import Facility
from services.simulator.parameters import DAY_S
from services.simulator.person import Age, Expression
from services.simulator.staged import AFTER_S, Act, Role, Stage, moment
from services.vocabulary import CueName, Mode
from tests.unit.vlm.specimens import AGITATED

pytestmark = pytest.mark.unit
NOON = 43_200.0
TELLING = {
    Scene.DE_ESCALATION: "audio.loudness", Scene.CARE_RESISTED: "pose.wrist_speed",
    Scene.SELF_INJURY: "pose.self_contact", Scene.MOOD_SWINGS: "audio.vocal_energy",
    Scene.OUTBURSTS: "audio.vocal_energy", Scene.SENSORY_OVERLOAD: "audio.loudness",
    Scene.DISTRESSED_STIMMING: "pose.rocking", Scene.EXIT_SEEKING: "pose.speed",
}  # fmt: skip


def role(*acts: Act, mode: Mode = Mode.AFFECT, expression: Expression = Expression.TYPICAL) -> Role:
    return Role("r0007", "day room", mode, expression, acts, ("L2",))


def test_it_stages_what_somebody_says_and_no_other_episode() -> None:
    acts = Act(Kind.FALL, NOON, 1.2), Act(Ordinary.PLAY, NOON + 7200.0, 1.5), Act(Scene.OUTBURSTS, DAY_S + NOON)
    facility = Stage(5, 2, (role(*acts), role(mode=Mode.OBSERVABLES, expression=Expression.FLAT))).facility()
    told = [(one.episode.kind, one.episode.onset_s, one.strength) for one in facility.happenings(0)]
    assert told == [(Kind.FALL, NOON, 1.2), (Scene.OUTBURSTS, DAY_S + NOON, 1.0)]
    assert facility.happenings(1) == ()
    assert [one for one in facility.ordinary(0, 0) if (one.kind, one.start_s) == (Ordinary.PLAY, NOON + 7200.0)]
    assert not [one for one in facility.ordinary(0, 1) if one.strength == 1.5]
    seats = facility.seats()
    assert [(seat.id, seat.room, seat.mode) for seat in seats] == [
        ("r0007", "day room", Mode.AFFECT), ("r0007", "day room", Mode.OBSERVABLES),
    ]  # fmt: skip
    assert facility.traits(1).person.expression is Expression.FLAT and facility.traits(1).person.shown == 0.15


def test_a_face_that_is_older_shows_less_and_is_read_less_surely_and_no_younger_one_is() -> None:
    stages = (Stage(5, 1, (replace(role(), age=age),)) for age in (Age.CHILD, Age.ADULT, Age.OLDER))
    child, adult, older = (stage.facility().traits(0).person for stage in stages)
    assert child == adult
    assert older.shown < adult.shown and older.noise > adult.noise
    assert replace(older, shown=adult.shown, noise=adult.noise) == adult


def test_it_draws_all_else_as_a_facility_of_that_seed_does() -> None:
    staged, plain = Stage(9, 1, (role(),)).facility(), Facility(9, 1, 1)
    mine, drawn = staged.traits(0), plain.traits(0)
    assert mine.location.tobytes() == drawn.location.tobytes() and mine.rates == drawn.rates
    assert (mine.asleep_from_s, mine.person.valence) == (drawn.asleep_from_s, drawn.person.valence)
    assert staged.ordinary(0, 0) == plain.ordinary(0, 0)
    one, other = staged.day(0, 0), Stage(9, 1, (role(),)).facility().day(0, 0)
    assert one.values.tobytes() == other.values.tobytes() and one.cues == other.cues


@pytest.mark.parametrize("scene", list(Scene))
def test_it_shows_a_scene_in_the_channel_that_tells_of_it(scene: Scene) -> None:
    channel, lifts = TELLING[scene], []
    for seed in range(4):
        facility = Stage(seed, 1, (role(Act(scene, NOON, 1.0), mode=Mode.OBSERVABLES),)).facility()
        episode = facility.happenings(0)[0].episode
        plateau = slice(int(episode.onset_s) + 10, int(2 * episode.peak_s - episode.onset_s))
        with_it, without = (
            of.day(0, 0).values[plateau, of.channels.index(channel)]
            for of in (facility, Stage(seed, 1, (role(mode=Mode.OBSERVABLES),)).facility())
        )
        both = np.isfinite(with_it) & np.isfinite(without)
        lifts += (with_it[both] - without[both]).tolist()
    assert np.mean(lifts) > 0.05, f"{channel} is lifted by {np.mean(lifts):.3f}"


def test_it_lets_somebody_who_seeks_the_exit_stand_up_and_a_door_sound() -> None:
    facility = Stage(3, 1, (role(Act(Scene.EXIT_SEEKING, NOON), mode=Mode.OBSERVABLES),)).facility()
    day = facility.day(0, 0)
    standing = day.values[
        int(NOON) + 20 : int(NOON) + 100, len(day.values[0]) - len(BODY) + BODY.index("pose.standing")
    ]
    assert np.nanmedian(standing) > 0.8
    assert SCENES[Scene.EXIT_SEEKING].cue is CueName.ALARM


def test_it_lets_self_injury_come_in_beats_and_swings_turn_into_their_opposite() -> None:
    seconds = np.arange(240.0)
    beats = SCENES[Scene.SELF_INJURY].beat(seconds)
    assert beats.max() == 1.0 and beats.min() == 0.0 and 0.4 < (beats > 0.0).mean() < 0.8
    turns = SCENES[Scene.MOOD_SWINGS].turn(seconds)
    assert turns.min() == -1.0 and turns.max() == 1.0
    for kind in Kind:
        assert (SHAPES[kind].beat(seconds) == 1.0).all() and (SHAPES[kind].turn(seconds) == 1.0).all(), "as ever"


@pytest.mark.parametrize("scene", list(Scene))
def test_it_labels_a_scene_as_it_labels_an_episode(scene: Scene) -> None:
    episode = script(scene, 5000.0, np.random.default_rng(8))
    height = envelope(episode, 20_000)
    assert episode.prodrome_s < episode.onset_s < episode.peak_s < episode.end_s
    assert height[int(episode.peak_s)] == 1.0 and shape_of(scene) is SCENES[scene]


def test_it_tells_what_was_true_at_a_moment() -> None:
    acts = Act(Ordinary.CARE, NOON - 60.0), Act(Scene.CARE_RESISTED, NOON, 1.0)
    facility = Stage(5, 1, (role(*acts),)).facility()
    episode = facility.happenings(0)[0].episode
    event = replace(AGITATED, resident="r0007")
    during = moment(facility, event, NOON + 20.0)
    assert during.act == acts[1] and during.since_s == 20.0 and Ordinary.CARE in during.ordinary
    assert during.seed == 5 and during.role.tags == ("L2",)
    assert moment(facility, event, episode.end_s + AFTER_S - 1.0).act == acts[1]
    later = moment(facility, event, episode.end_s + AFTER_S + 1800.0)
    assert later.act is None and later.since_s is None

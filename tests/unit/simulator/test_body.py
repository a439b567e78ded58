"""The simulated body: postures, habits, falls that are seen, groans, and old seeds that stay what they were."""

from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from services.simulator.body import BODY, FALLS_SEEN, draw_bearing
from services.simulator.episodes import Kind
from services.simulator.facility import Facility
from services.simulator.observe import CHANNELS
from services.simulator.parameters import DAY_S, Excitement, Parameters
from services.simulator.resident_day import ResidentDay, live, sleep_depth
from services.vocabulary import CueName, Mode

pytestmark = pytest.mark.unit
MEANS = (
    0.05929628888621142,
    0.061438053991942715,
    0.29134444282762884,
    0.07215582578833844,
    10.537496918764022,
    0.4220328298939,
)
"""Of the first six channels, as they were when nothing but they was drawn."""


@pytest.fixture(scope="module")
def facility() -> Facility:
    busy = replace(Excitement(), per_day=4.0, mix=((Kind.FALL, 0.4), (Kind.RAPID_ESCALATION, 0.3),
                                                   (Kind.SLOW_BUILD_UP, 0.3)))  # fmt: skip
    return Facility(seed=3, residents=6, days=3, parameters=Parameters(excitement=busy))


@cache
def lived(facility: Facility, resident: int, day: int) -> ResidentDay:
    return facility.day(resident, day)


def column(facility: Facility, resident: int, day: int, name: str) -> NDArray[np.float64]:
    return lived(facility, resident, day).values[:, facility.channels.index(name)]


def test_it_leaves_every_score_and_cue_of_before_as_it_was(facility: Facility) -> None:
    """The day is lived from its own streams; what the body adds comes from others."""
    day = facility.day(1, 1)
    alone = live(facility.traits(1), facility.parameters, facility.script(1, 1), facility.rng(3, 1, 1))
    assert day.values[:, : len(CHANNELS)].tobytes() == alone.values.tobytes()
    added = {CueName.FALL, CueName.GROAN, CueName.VOCALISATION_UNRESOLVED}
    assert tuple(cue for cue in day.cues if cue[1].name not in added) == alone.cues
    assert np.array_equal(day.persons, alone.persons)


def test_it_is_the_same_facility_that_it_was_before_it_had_a_body() -> None:
    means = np.nanmean(Facility(3, 1, 1).day(0, 0).values[:, :6], axis=0)
    assert means == pytest.approx(MEANS, abs=1e-9)


def test_it_tells_most_falls_that_it_sees_by_a_lying_body_and_a_cue(facility: Facility) -> None:
    told = seen = 0
    for resident in range(facility.residents):
        for day in range(facility.days):
            life = lived(facility, resident, day)
            visible = np.isfinite(life.values[:, facility.channels.index("pose.lying")])
            for one in life.episodes:
                begin, end = int(one.onset_s - day * DAY_S) + 6, int(one.peak_s - day * DAY_S)
                if one.kind is not Kind.FALL or not 0 <= begin < end <= DAY_S or not visible[begin:end].any():
                    continue
                seen += 1
                cued = [at for at, cue in life.cues if cue.name is CueName.FALL and begin <= at < end]
                told += bool(cued)
                if cued:
                    assert np.nanmean(life.values[begin:end, facility.channels.index("pose.lying")]) > 0.8
                    assert np.nanmax(life.values[begin:end, facility.channels.index("pose.fall")]) == 1.0
    assert seen > 15
    assert abs(told / seen - FALLS_SEEN) < 4 * np.sqrt(FALLS_SEEN * (1 - FALLS_SEEN) / seen)


def test_it_grows_restless_when_somebody_escalates_and_still_when_they_rest(facility: Facility) -> None:
    apart = []
    for resident in range(facility.residents):
        for day in range(facility.days):
            restless = column(facility, resident, day, "pose.restlessness")
            for one in lived(facility, resident, day).episodes:
                begin, end = int(one.onset_s - day * DAY_S) + 10, int(2 * one.peak_s - one.onset_s - day * DAY_S)
                inside = restless[max(begin, 0) : max(end, 0)]
                if one.kind is not Kind.FALL and np.isfinite(inside).any():
                    apart.append(np.nanmean(inside) - np.nanmedian(restless))
    assert len(apart) > 5
    assert np.median(apart) > 0.2


def test_it_forgets_how_long_somebody_was_still_when_they_leave_the_view(facility: Facility) -> None:
    still = column(facility, 0, 0, "pose.stillness")
    there = np.isfinite(still)
    back = 1 + np.flatnonzero(~there[:-1] & there[1:])
    assert len(back) > 3
    assert (still[back] == 0.0).all()
    assert np.nanmax(still) <= 1.0


def test_it_says_of_a_bed_only_where_somebody_said_where_it_is(facility: Facility) -> None:
    known = {facility.bearing(resident).bed for resident in range(facility.residents)}
    assert known == {True, False}
    for resident in range(facility.residents):
        out = column(facility, resident, 0, "pose.out_of_bed")
        asleep = sleep_depth(facility.traits(resident)) > 0.5
        assert np.isfinite(out).any() == facility.bearing(resident).bed
        if np.isfinite(out[asleep]).any():
            assert np.nanmean(out[asleep]) < 0.2
            assert np.nanmean(out[~asleep]) == 1.0


def test_it_leaves_a_groan_open_without_consent_and_measures_it(facility: Facility) -> None:
    heard: set[tuple[Mode, CueName]] = set()
    for resident in range(facility.residents):
        for _, cue in lived(facility, resident, 0).cues:
            if cue.name in (CueName.GROAN, CueName.VOCALISATION_UNRESOLVED):
                heard.add((facility.traits(resident).mode, cue.name))
                assert cue.loudness_dbfs is not None
                assert cue.duration_s is not None
                assert cue.loudness_dbfs < 0.0 < cue.duration_s
    assert heard == {(Mode.AFFECT, CueName.GROAN), (Mode.OBSERVABLES, CueName.VOCALISATION_UNRESOLVED)}


def test_it_draws_people_who_differ_and_cues_in_the_order_of_time(facility: Facility) -> None:
    assert draw_bearing(np.random.default_rng(1)) != draw_bearing(np.random.default_rng(2))
    cues = lived(facility, 2, 1).cues
    assert all(one[0] <= other[0] for one, other in pairwise(cues))
    assert facility.channels == (*CHANNELS, *BODY)

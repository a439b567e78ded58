"""Holds the page to what a caregiver has to see, in words, and to one rendering for everybody who looks."""

import asyncio
import doctest
import html
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from fastapi.testclient import TestClient

from services.console import plots, words
from services.console.app import make_app
from services.console.plots import Trace, plot, thinned
from services.console.room import Room
from services.console.stream import View
from services.console.visitor import ANYBODY
from services.ledger import AgentRepository, Database, StatusRepository
from services.vocabulary import (
    EMOTIONS,
    AlertStatus,
    Claim,
    Condition,
    Derived,
    Grounding,
    Mode,
    ResidentNow,
    Support,
)
from tests.unit.console import house
from tests.unit.console.alerts import keep
from tests.unit.console.conftest import NOW

pytestmark = pytest.mark.unit
VIEW = View("en", ANYBODY)


def text(page: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def test_it_shows_residents_those_who_need_somebody_first(client: TestClient) -> None:
    page = text(client.get("/").text)
    rooms = re.findall(r"Room \d+ (?=M)", page)
    assert [r.strip() for r in rooms[:4]] == ["Room 12", "Room 14", "Room 25", "Room 23"]
    assert rooms.index("Room 9 ") < rooms.index("Room 11 ")
    assert "40 % learned" in page and "Room 25 cannot be seen" in page
    assert "a person decides" in page


def test_it_shows_what_nobody_has_received(client: TestClient, database: Database) -> None:
    keep(database, 1, NOW, AlertStatus.UNDELIVERED)
    page = text(client.get("/").text)
    assert "One alert has not reached anybody outside this page" in page
    assert "One alert needs somebody. 5 of 9 residents are as usual." in page
    assert "Nobody outside this page has been reached yet" in text(client.get("/alerts/alert-1").text)


def test_nobody_with_an_alert_that_waits_is_shown_as_usual(client: TestClient, database: Database) -> None:
    assert client.get("/").text.count('class="tile tile-usual"') == 5
    keep(database, 1, NOW - 60, who="room-9")
    raw = client.get("/").text
    assert raw.count('class="tile tile-usual"') == 4 and "4 of 9 residents are as usual" in text(raw)


def test_it_says_in_which_room_falls_may_be_missed(client: TestClient, database: Database) -> None:
    assert "may be missed" not in text(client.get("/").text)
    cameras = [{"camera": "c", "residents": ["room-12"], "blind": False, "since": 0.0, "falls_missed": True}]
    with database.write() as connection:
        AgentRepository(connection).seen(house.AGENT, NOW, "attune", "0" * 32, cameras=json.dumps(cameras))
    assert "Falls in Room 12 may be missed" in text(client.get("/").text)


def test_it_folds_away_what_was_found_too_late(client: TestClient, database: Database) -> None:
    keep(database, 1, NOW - 7200, AlertStatus.MISSED)
    raw = client.get("/").text
    assert "One change was found too late to alarm anybody" in text(raw)
    assert "Nobody is waiting for help." in text(raw)
    assert 'href="/alerts/alert-1"' in raw and 'action="/alerts/alert-1/acknowledge"' not in raw


def test_it_explains_an_alert(client: TestClient, database: Database) -> None:
    _, event = keep(database, 1, NOW - 40)
    house.assess(database, house.assessment(event, NOW), NOW)
    raw = client.get("/alerts/alert-1").text
    page = text(raw)
    for said in (
        "Crying was heard.", "How sure", "1.8 times", "in view for 62%", "Whether somebody else is", "nurse",
        "By rules", "Look in now", "How erratic the movement is", "Was this alert right?",
    ):  # fmt: skip
        assert said in page, said
    assert raw.count('<path class="band"') >= 3 and raw.count('class="mark"') >= 3
    assert "<details" in raw and "<details open" not in raw


def test_it_shows_no_emotion_of_somebody_in_observables(client: TestClient, database: Database) -> None:
    keep(database, 1, NOW - 40, mode=Mode.OBSERVABLES)
    page = text(client.get("/alerts/alert-1").text).lower()
    shown = [word for word in EMOTIONS if word in page]
    assert shown == [] and "emotions are not estimated" in page


def test_it_says_once_how_much_was_seen() -> None:
    event = house.event("room-12", NOW)
    made = house.assessment(event, NOW)
    learning = "What is usual for this person is still being learned."
    said = ("Face or body was seen only 62 % of the time.", "Seen: 62% of the window.", learning, "62 things.")
    verdict = replace(made.verdict, unknowns=said)
    shown = words.not_known(replace(event, learning=True), replace(made, verdict=verdict))
    own, other = [line for line in shown if "62" in line]
    assert own.startswith("The person was in view for 62%") and other == "62 things."
    assert shown.count(learning) == 1
    unseen = replace(event, evidence=replace(event.evidence, seen_share=float("nan")))
    assert said[0] in words.not_known(unseen, replace(made, verdict=verdict)), "where the page says nothing of it"


def test_it_says_what_of_the_expression_was_calculated_and_not_measured() -> None:
    event = house.event("room-12", NOW)
    derived = (Derived("affect.valence", 0.06),)
    told = [
        [line for line in words.not_known(replace(event, evidence=evidence), None) if "not measured" in line]
        for mode in (Mode.AFFECT, Mode.OBSERVABLES)
        for evidence in (replace(event.evidence, mode=mode, derived=derived),)
    ]
    said = (
        "Calculated from the face's emotions, not measured: Expression, negative to positive (variance 0.06 or more)."
    )
    assert told == [[said], []]


def test_it_says_what_the_measurements_deny_of_an_opinion(client: TestClient, database: Database) -> None:
    _, event = keep(database, 1, NOW - 40)
    held = Claim("motion rose", "motion.ratio", Support.SUPPORTED)
    wrong = Claim("she <b>screamed", "audio.cue.scream", Support.CONTRADICTED, "no scream was heard")
    house.assess(database, replace(house.assessment(event, NOW), grounding=Grounding((held, wrong))), NOW)
    raw = client.get("/alerts/alert-1").text
    page = text(raw)
    assert "Of 2 things in it that can be checked, 1 agree with the measurements." in page
    assert "The measurements say otherwise" in page and "no scream was heard" in page
    assert "&lt;b&gt;screamed" in raw
    assert words.checked(Grounding((held,))) == "Everything in it that can be checked (1) agrees with the measurements."


def test_it_says_how_many_pictures_a_model_was_shown(client: TestClient, database: Database) -> None:
    _, event = keep(database, 1, NOW - 40)
    seen = replace(house.assessment(event, NOW), reasoner="qwen3-vl", adapter="agitation@1", pictures=3)
    house.assess(database, seen, NOW)
    page = text(client.get("/alerts/alert-1").text)
    assert "By qwen3-vl with adapter agitation@1, shown 3 pictures of the event. It " in page


def test_it_escapes_what_people_wrote(client: TestClient, database: Database) -> None:
    keep(database, 1, NOW)
    word = {"verdict": "unsure", "alert": "alert-1", "by": "<b>Ana</b>", "note": "<script>x</script>"}
    client.post("/api/v1/feedback", json=word)
    raw = client.get("/alerts/alert-1").text
    assert "<script>x" not in raw and "&lt;script&gt;x" in raw and "<b>Ana" not in raw


def test_it_lets_somebody_say_that_an_alert_was_missing(client: TestClient, database: Database) -> None:
    form = {"minutes_ago": "15", "note": "fell", "by": "Ana"}
    answer = client.post("/residents/room-9/missed", data=form, headers={"origin": "http://127.0.0.1:7080"})
    assert answer.status_code == 303
    assert "Thank you" in text(client.get(answer.headers["location"]).text)
    kept = client.get("/api/v1/feedback").json()["items"][0]
    assert (kept["verdict"], kept["resident"], kept["about_time"]) == ("missed", "room-9", NOW - 900)


def test_it_shows_a_problem_as_a_page_to_people(client: TestClient) -> None:
    answer = client.get("/alerts/none", headers={"accept": "text/html"})
    assert answer.status_code == 404 and "There is no such alert" in answer.text


def test_it_renders_once_and_sends_only_what_changed(room: Room, database: Database) -> None:
    async def story() -> list[tuple[str, dict[str, object]]]:
        broadcast = make_app(room).state.broadcast
        streams = [aiter(broadcast.respond(VIEW, lambda: True).body_iterator) for _ in range(3)]
        for stream in streams:
            assert "retry" in await anext(stream)
        heard = []
        await broadcast.look()
        heard += [event(await anext(stream)) for stream in streams]
        await broadcast.look()  # nothing changed, nothing is sent
        status = ResidentNow(house.resident("room-9"), house.AGENT, Condition.CHANGED, NOW, 0.8)
        with database.write() as connection:
            StatusRepository(connection).save([status])
        await broadcast.look()
        heard += [event(await anext(stream)) for stream in streams]
        keep(database, 1, NOW)
        await broadcast.look()
        heard += [event(await anext(streams[0])), event(await anext(streams[0]))]
        return heard

    heard = asyncio.run(story())
    assert set(heard[0][1]) == {"summary", "trouble", "waiting", "missed", "earlier", "residents"}
    assert heard[3] == heard[4] == heard[5]
    assert set(heard[3][1]) == {"summary", "residents"}
    assert {"waiting", "summary"} <= set(heard[6][1])
    assert heard[7] == ("alerts", {"ids": ["alert-1"]})


def event(block: object) -> tuple[str, dict[str, object]]:
    name, data = str(block).strip().split("\n")
    return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))


def test_it_cuts_off_a_client_that_does_not_listen(room: Room) -> None:
    async def story() -> list[str]:
        broadcast = make_app(room).state.broadcast
        stream = aiter(broadcast.respond(VIEW, lambda: True).body_iterator)
        await anext(stream)
        for number in range(20):
            broadcast._tell("parts", {"n": number})
        return [str(block) async for block in stream]

    assert asyncio.run(story()) == []


def trace(n: int = 300) -> Trace:
    time = np.arange(float(n))
    values = np.full(n, 0.1)
    values[n // 2] = 5.0
    return Trace("x", time, values, np.full(n, 0.1), np.full(n, 0.02))


def test_it_keeps_peaks_and_gaps_in_a_plot() -> None:
    assert thinned(trace(9000), 100).values.max() == 5.0
    gap = trace(60)
    gap.values[20:30] = np.nan
    drawn = plot(gap, 0.0, 60.0, 30.0, 0.0)
    line = re.search(r'class="line" d="([^"]+)"', drawn)
    assert line is not None and line.group(1).count("M") == 2


def test_it_draws_nothing_where_nothing_was_measured() -> None:
    none = replace(trace(10), values=np.full(10, np.nan))
    assert plot(none, 0.0, 10.0, 5.0, None) == ""
    assert plot(Trace("x", *(np.empty(0) for _ in range(4))), 0.0, 10.0, 5.0, None) == ""


@pytest.mark.parametrize("module", [words, plots])
def test_it_shows_examples_that_run(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]

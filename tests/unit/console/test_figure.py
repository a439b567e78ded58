"""The alert's page shows how the body moved: stills and a figure that plays, of what was clear, and nothing made up."""

import re
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from services.console.figure import figure, when
from services.ledger import Database, MovementRepository
from services.runtime.clock import VirtualClock
from services.vocabulary import BodyPose, Movement
from tests.unit.console.alerts import keep
from tests.unit.console.conftest import NOW
from tests.unit.console.test_shift import text

pytestmark = pytest.mark.unit
X = (30, 33, 27, 36, 24, 50, 10, 55, 5, 58, 2, 42, 18, 42, 18, 42, 18)
Y = (12, 9, 9, 11, 11, 40, 40, 65, 65, 88, 88, 90, 90, 125, 125, 158, 158)
STANDING = tuple(((x + 100) / 320, (y + 40) / 240) for x, y in zip(X, Y, strict=True))
LYING = tuple(((y + 40) / 320, (x + 160) / 240) for x, y in zip(X, Y, strict=True))


def pose(at: float, points: tuple[tuple[float, float], ...] = STANDING, sure: float = 0.9) -> BodyPose:
    return BodyPose(NOW + at, "c-1", 4 / 3, points, (sure,) * 17)


FALL = tuple(pose(0.5 * k - 10.0, STANDING if k < 16 else LYING) for k in range(30))


def moved(database: Database, event: str, poses: tuple[BodyPose, ...] = FALL, shared: int = 0) -> None:
    with database.write() as connection:
        MovementRepository(connection).record(Movement(event, "room-12", poses, shared), NOW)


def test_it_shows_stills_from_before_to_after_with_the_moment_of_the_alert() -> None:
    drawn = figure(FALL, NOW)
    assert drawn is not None
    assert [still.when for still in drawn.stills] == ["−10 s", "−7 s", "−4 s", "0 s", "+2 s", "+4 s"]
    assert (drawn.looks, drawn.first, drawn.last) == (30, "−10 s", "+4 s")
    assert drawn.stills[0].svg != drawn.stills[-1].svg
    assert "10 s before the alert" in drawn.stills[0].svg and "4 s after the alert" in drawn.stills[-1].svg


def test_it_plays_every_look_at_its_own_time_in_one_view_with_the_floor() -> None:
    drawn = figure(FALL, NOW)
    assert drawn is not None
    assert [float(at) for at in re.findall(r'data-at="([^"]+)"', drawn.player)] == [0.5 * k - 10.0 for k in range(30)]
    assert drawn.player.count('class="body on"') == 1
    boxes = {re.search(r'viewBox="([^"]+)"', svg).group(1) for svg in (*(s.svg for s in drawn.stills), drawn.player)}  # type: ignore[union-attr]
    assert len(boxes) == 1, "the body moves, the view does not"
    (floor,) = set(re.findall(r'class="floor".*? y1="([^"]+)"', drawn.player))
    assert float(floor) == pytest.approx(100 * (42 + 160) / 240, abs=0.1), "of the ankle that lies"


def test_it_draws_no_point_that_is_not_sure_and_no_look_that_shows_no_body() -> None:
    armless = replace(pose(0.0), scores=(0.9,) * 7 + (0.1,) * 4 + (0.9,) * 6)
    whole, without = figure([pose(0.0)], NOW), figure([armless], NOW)
    assert whole is not None and without is not None
    assert whole.stills[0].svg.count("<path") == without.stills[0].svg.count("<path") + 4
    mixed = figure([pose(-1.0), pose(0.0, sure=0.2), pose(1.0)], NOW)
    assert mixed is not None and mixed.looks == 2
    assert figure([pose(0.0, sure=0.2)], NOW) is None
    assert figure([], NOW) is None


SHARE = st.integers(0, 1000).map(lambda number: number / 1000)


@settings(max_examples=40)
@given(
    st.lists(
        st.builds(
            BodyPose, st.floats(NOW - 60, NOW + 60), st.just("c-1"), st.floats(0.1, 10.0),
            st.tuples(*(st.tuples(SHARE, SHARE) for _ in range(17))), st.tuples(*(SHARE for _ in range(17))),
        ), max_size=6, unique_by=lambda one: one.time,
    ).map(lambda poses: sorted(poses, key=lambda one: one.time))
)  # fmt: skip
def test_it_draws_whatever_an_agent_may_send_without_a_number_that_is_none(poses: list[BodyPose]) -> None:
    drawn = figure(poses, NOW)
    if drawn is None:
        assert all(sum(score >= 0.3 for score in one.scores) < 5 for one in poses)
        return
    assert "nan" not in drawn.player and "inf" not in drawn.player
    left, top, width, height = map(float, re.search(r'viewBox="([^"]+)"', drawn.player).group(1).split())  # type: ignore[union-attr]
    for path in re.findall(r' d="M([^"]+)"', drawn.player):
        for x, y in (place.split() for place in path.rstrip("Z").split("L")):
            assert left - 0.1 <= float(x) <= left + width + 0.1 and top - 0.1 <= float(y) <= top + height + 0.1


def test_it_says_seconds_with_a_sign_of_its_own_and_none_for_the_moment_itself() -> None:
    assert [when(at) for at in (-7.96, -0.04, 0.0, 3.25)] == ["−8.0 s", "0.0 s", "0.0 s", "+3.2 s"]


def test_it_has_a_section_where_something_is_kept_and_none_where_not(client: TestClient, database: Database) -> None:
    _, event = keep(database, 1, NOW - 40)
    assert "How the body moved" not in client.get("/alerts/alert-1").text
    moved(database, event.id, shared=3)
    page = client.get("/alerts/alert-1").text
    assert page.count('class="figure"') == 6 and page.count("data-at=") == 30
    assert "30 looks from" in text(page) and "several people were in view: 3." in text(page)
    german = client.get("/alerts/alert-1", headers={"accept-language": "de"}).text
    assert "Wie sich der Körper bewegte" in german and "Bewegung abspielen" in german


def test_it_says_why_nothing_is_drawn_where_people_were_seen(client: TestClient, database: Database) -> None:
    _, crowd = keep(database, 1, NOW - 40)
    _, blurred = keep(database, 2, NOW - 40)
    moved(database, crowd.id, (), shared=30)
    moved(database, blurred.id, (pose(0.0, sure=0.1),))
    assert "of several none is drawn" in text(client.get("/alerts/alert-1").text)
    assert "not seen clearly enough" in text(client.get("/alerts/alert-2").text)


def test_it_needs_nothing_inline_that_the_content_policy_forbids(client: TestClient, database: Database) -> None:
    _, event = keep(database, 1, NOW - 40)
    moved(database, event.id)
    page = client.get("/alerts/alert-1").text
    assert re.findall(r"<style|\sstyle=|\son[a-z]+=|javascript:", page) == []
    assert all(script == "" for script in re.findall(r"<script[^>]*>(.*?)</script>", page, re.DOTALL))
    assert re.search(r'<script type="module" src="/static/figure\.js\?v=[0-9a-f]{12}">', page)


def test_it_says_the_same_at_every_refresh_so_that_nothing_has_to_be_drawn_anew(
    client: TestClient, database: Database, clock: VirtualClock
) -> None:
    _, event = keep(database, 1, NOW - 40)
    moved(database, event.id)
    before = client.get("/alerts/alert-1/live").json()
    clock.advance(25.0)
    after = client.get("/alerts/alert-1/live").json()
    assert before["movement"] == after["movement"] and "data-play" in after["movement"]


def test_it_shows_stills_alone_of_a_single_look(client: TestClient, database: Database) -> None:
    _, event = keep(database, 1, NOW - 40)
    moved(database, event.id, FALL[:1])
    page = client.get("/alerts/alert-1").text
    assert page.count('class="figure"') == 1 and "data-play" not in page

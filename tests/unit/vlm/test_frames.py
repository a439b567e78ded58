"""Pictures go with a report bounded, with their times, inline, and what is none is refused by name."""

import base64
import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.vocabulary import Indicator, Picture, Support
from tests.unit.vlm.jpegs import jpeg, png
from tests.unit.vlm.specimens import AGITATED, RESTLESS, VERDICT
from vlm_service.dialogue import Frame, InvalidAnswer, NoPicture, Reply, messages_for, read_reply, verdict_schema
from vlm_service.dialogue.frames import MOST_BYTES, TooLarge, Truncated
from vlm_service.shown import usable

pytestmark = pytest.mark.unit

SOUND = jpeg()


def picture(before_s: float, content: bytes = SOUND, silhouette: bool = True) -> Picture:
    return Picture(AGITATED.opened_at - before_s, content, "c-1", silhouette)


@pytest.mark.parametrize("content", [SOUND, jpeg(32, 32), jpeg(1280, 720), jpeg(progressive=True)])
def test_it_takes_a_jpeg(content: bytes) -> None:
    assert Frame(content, 1.0, False).data_uri == f"data:image/jpeg;base64,{base64.b64encode(content).decode()}"


@pytest.mark.parametrize(
    ("content", "refusal", "named"),
    [
        (b"", NoPicture, "no JPEG"),
        (b"garbage" * 100, NoPicture, "no JPEG"),
        (png(), NoPicture, "no JPEG"),
        (b"<svg onload=alert(1)>", NoPicture, "no JPEG"),
        (SOUND[:2], NoPicture, "no JPEG"),
        (SOUND[:100], Truncated, "ends before"),
        (SOUND[:-20], Truncated, "does not end"),
        (SOUND + b"<script>", Truncated, "does not end"),
        (SOUND[:4] + bytes(60) + SOUND[64:], NoPicture, "expected a sound file"),
        (jpeg(16, 16), TooLarge, "16 x 16 pixels"),
        (jpeg(2000, 64), TooLarge, "2000 x 64 pixels"),
        (SOUND[:-2] + bytes(MOST_BYTES) + SOUND[-2:], TooLarge, "bytes"),
    ],
)
def test_it_refuses_what_is_no_usable_picture(content: bytes, refusal: type[NoPicture], named: str) -> None:
    with pytest.raises(NoPicture, match=named) as refused:
        Frame(content, 1.0, False)
    assert type(refused.value) is refusal
    assert "expected" in str(refused.value)


@given(st.binary(max_size=60), st.integers(0, 300))
@settings(max_examples=200, deadline=None)
def test_it_never_fails_in_another_way(noise: bytes, place: int) -> None:
    for content in (b"\xff\xd8\xff" + noise, SOUND[:place] + noise + SOUND[place + len(noise) :]):
        try:
            Frame(content, 0.0, True)
        except NoPicture:
            continue


def test_it_shows_them_behind_the_report_with_their_times() -> None:
    frames = (Frame(SOUND, 8.2, False), Frame(jpeg(seed=1), 0.2, True), Frame(SOUND, -4.0, True))
    system, user = messages_for(AGITATED, frames=frames)
    assert system == messages_for(AGITATED)[0]
    parts = user.parts()
    assert isinstance(parts, list)
    assert [part["type"] for part in parts] == ["text", *["text", "image_url"] * 3]
    assert parts[0]["text"] == messages_for(AGITATED)[1].content
    said = "".join(part.get("text", "<picture>") for part in parts)
    assert said.endswith(
        "recommend action.\n"
        "Pictures, each a single moment; an outline shows bodies and nothing else:\n"
        "picture.1: 8 s before the event opened: <picture>\n"
        "picture.2: as the event opened, outline: <picture>\n"
        "picture.3: 4 s after the event opened, outline: <picture>"
    )
    assert user.chatml().count("<|vision_start|><|image_pad|><|vision_end|>") == 3
    assert "JFIF" not in repr(user) and base64.b64encode(SOUND).decode()[:20] not in repr(user)


def test_it_lets_an_indicator_point_at_a_picture_that_was_shown_and_at_no_other() -> None:
    names = verdict_schema(AGITATED, 2)["properties"]["indicators"]["items"]["properties"]["evidence"]["enum"]
    assert [name for name in names if name.startswith("picture.")] == ["picture.1", "picture.2"]
    said = json.dumps({
        "tier": 1, "urgency": "go now", "situation": "On the floor.", "context": "Day room.", "action": "Go.",
        "confidence": 0.5, "unknowns": [],
        "indicators": [{"text": "lying on the floor", "evidence": "picture.2"}],
    })  # fmt: skip
    answer = read_reply(Reply(said, "t"), AGITATED, pictures=2)
    assert answer.verdict.indicators == (Indicator("lying on the floor", "picture.2"),)
    assert answer.pictures == 2
    for shown in (0, 1):
        with pytest.raises(InvalidAnswer, match="evidence"):
            read_reply(Reply(said, "t"), AGITATED, pictures=shown)


def test_what_only_a_picture_tells_is_neither_borne_out_nor_contradicted() -> None:
    seen = replace(VERDICT, indicators=(Indicator("has fallen out of bed", "picture.1"),), situation="Moves more.")
    thinking = "In the second picture the person has fallen. Fear is 0.52."
    reply = Reply(json.dumps(_plain(seen)), thinking)
    claims = read_reply(reply, AGITATED, pictures=2).grounding.claims
    fallen = [claim for claim in claims if "fallen" in claim.words]
    assert [claim.support for claim in fallen] == [Support.UNSUPPORTED] * 2
    assert all(claim.why == "only a picture tells of it" for claim in fallen)
    without = read_reply(Reply(json.dumps(_plain(replace(seen, indicators=VERDICT.indicators))), thinking), AGITATED)
    assert Support.CONTRADICTED in {claim.support for claim in without.grounding.claims if "fallen" in claim.words}


def test_it_chooses_few_spread_over_the_time_with_the_last_among_them() -> None:
    shown = [picture(before) for before in (9.0, 6.0, 3.0, 0.0, -3.0)]
    assert [frame.before_s for frame in usable(reversed(shown), AGITATED, 2)] == [3.0, -3.0]
    assert [frame.before_s for frame in usable(shown, AGITATED, 4)] == [6.0, 3.0, 0.0, -3.0]
    assert len(usable(shown, AGITATED, 8)) == 5
    assert usable(shown, AGITATED, 0) == ()
    assert usable([], AGITATED, 4) == ()


def test_it_leaves_out_what_is_none_and_goes_on() -> None:
    mixed = [picture(2.0, b"garbage"), picture(1.0), picture(500.0), picture(float("nan")), picture(0.0, SOUND[:-9])]
    assert [frame.before_s for frame in usable(mixed, AGITATED, 4)] == [1.0]


def test_it_tells_an_outline_from_a_picture_in_observables_mode_too() -> None:
    user = messages_for(RESTLESS, frames=(Frame(SOUND, 1.0, True),))[1]
    assert "picture.1: 1 s before the event opened, outline" in user.chatml()


def _plain(verdict: object) -> dict[str, object]:
    from vlm_service.dialogue import verdict_to_json

    return json.loads(verdict_to_json(verdict))  # type: ignore[arg-type,no-any-return]

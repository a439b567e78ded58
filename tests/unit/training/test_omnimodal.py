"""Interleaved marks and the common clock: what is rendered reads back, whatever the words say. Kind: unit."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.corpus.errors import ExampleInvalid
from training.corpus.parts import Measured, Modality, Part, Recorded, Text
from training.corpus.rows import _part, _part_row
from training.format.marks import MarksWrong, parsed, rendered
from training.format.timeline import interleaved, joined

pytestmark = pytest.mark.unit
FILM = "sha256:" + "a" * 64
SOUND = "sha256:" + "b" * 64

times = st.floats(0.0, 1e6)
words = st.text(min_size=1) | st.lists(
    st.sampled_from(["<", "<<<", ">>>", "<<<vi_start>>>", "<<<au_end>>>", "<<<esc>>>", "esc>>>", "ä", "{}"]), min_size=1
).map("".join)
digests = st.integers(0, 2**256 - 1).map(lambda n: f"sha256:{n:064x}")


@st.composite
def recordeds(draw: st.DrawFn) -> Recorded:
    start = draw(times)
    if draw(st.booleans()):
        return Recorded(Modality.IMAGE, draw(digests), start, start)
    modality = draw(st.sampled_from([Modality.VIDEO, Modality.AUDIO]))
    return Recorded(modality, draw(digests), start, start + draw(st.floats(0.01, 100.0)))


@st.composite
def measureds(draw: st.DrawFn) -> Measured:
    names = tuple(draw(st.lists(st.text(min_size=1) | st.just("<<<ts_end>>>"), min_size=1, max_size=3, unique=True)))
    row = st.tuples(*[st.floats(allow_infinity=False)] * len(names))
    values = tuple(draw(st.lists(row, min_size=1, max_size=4)))
    modality = draw(st.sampled_from([Modality.SERIES, Modality.POSE]))
    return Measured(modality, names, draw(times), draw(st.floats(1e-3, 100.0)), values)


parts = st.lists(words.map(Text) | recordeds() | measureds(), max_size=6)


def same(one: Part, other: Part) -> bool:
    return repr(one) == repr(other)  # NaN equals NaN here


@settings(deadline=None)
@given(parts)
def test_it_reads_back_every_part_that_it_renders(of: list[Part]) -> None:
    merged: list[Part] = []
    for part in of:
        if merged and isinstance(part, Text) and isinstance(merged[-1], Text):
            merged[-1] = Text(merged[-1].text + part.text)
        else:
            merged.append(part)
    back = parsed(rendered(of))
    assert len(back) == len(merged) and all(map(same, back, merged))
    assert rendered(back) == rendered(merged)


@settings(deadline=None)
@given(parts)
def test_it_keeps_every_part_in_a_row_of_the_store(of: list[Part]) -> None:
    empty = dict.fromkeys(("text", "asset", "start_s", "end_s", "names", "step_s", "values"))
    assert all(same(_part(empty | _part_row(part)), part) for part in of)


@settings(deadline=None)
@given(words)
def test_it_never_takes_words_for_a_mark(said: str) -> None:
    assert parsed(rendered([Text(said)])) == (Text(said),)


@pytest.mark.parametrize(
    "text",
    ["<<<vi_start>>>{}", "<<<au_end>>>", "<<<vi_start>>>x<<<au_end>>>", "<<<ts_start>>>{}<<<ts_end>>>",
     '<<<vi_start>>>{"asset":"f.jpg","at_s":0}<<<vi_end>>>'],
)  # fmt: skip
def test_it_refuses_marks_that_hold_no_part(text: str) -> None:
    with pytest.raises(MarksWrong):
        parsed(text)


def test_it_puts_sound_and_scores_beside_the_film_of_their_time() -> None:
    film, sound = Recorded(Modality.VIDEO, FILM, 0.0, 5.0), Recorded(Modality.AUDIO, SOUND, 0.0, 5.0)
    scores = Measured(Modality.SERIES, ("affect.valence",), 0.5, 1.0, tuple((float(k),) for k in range(4)))
    told = interleaved(film, [scores, sound])
    assert [(one.modality.value, one.start_s, one.end_s) for one in told] == [
        ("video", 0.0, 2.0), ("audio", 0.0, 2.0), ("series", 0.5, 2.5),
        ("video", 2.0, 4.0), ("audio", 2.0, 4.0), ("series", 2.5, 4.5),
        ("video", 4.0, 5.0), ("audio", 4.0, 5.0),
    ]  # fmt: skip


@settings(deadline=None)
@given(st.floats(0.3, 30.0), st.floats(0.1, 5.0), st.floats(0.05, 3.0), st.integers(1, 40))
def test_it_joins_again_what_it_interleaved(lasts: float, chunk: float, step: float, count: int) -> None:
    film, sound = Recorded(Modality.VIDEO, FILM, 0.0, lasts), Recorded(Modality.AUDIO, SOUND, 0.0, lasts)
    values = tuple((float(k), math.nan) for k in range(count))
    pose = Measured(Modality.POSE, ("x", "y"), 0.0, step, values)
    back = joined(parsed(rendered(interleaved(film, [sound, pose], chunk))))
    assert back[:2] == (film, sound)
    (again,) = back[2:]
    assert repr(again) == repr(pose)


def test_it_interleaves_nothing_outside_the_film() -> None:
    film = Recorded(Modality.VIDEO, FILM, 0.0, 5.0)
    with pytest.raises(ExampleInvalid, match="within it"):
        interleaved(film, [Recorded(Modality.AUDIO, SOUND, 6.0, 7.0)])
    with pytest.raises(ExampleInvalid, match="more than 0"):
        interleaved(film, [], 0.0)

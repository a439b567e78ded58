"""The wire keeps its word: recorded bytes stay readable, nouns survive the trip, nonsense is refused in words."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from attune_wire.v1 import judgement_pb2, sensing_pb2
from services.runtime import wire
from services.runtime.batch import Batch, joined
from services.vocabulary import (
    Absence,
    Assessment,
    BodyPose,
    Claim,
    Conflict,
    Cue,
    CueName,
    Derived,
    Deviation,
    EdgeAlarm,
    Event,
    Evidence,
    Gap,
    Grounding,
    Indicator,
    Mode,
    Opinion,
    Picture,
    PictureReply,
    PictureRequest,
    Position,
    PriorEpisodes,
    Reason,
    Resident,
    Sense,
    Support,
    Term,
    Tier,
    Trend,
    Usual,
    Verdict,
)

pytestmark = pytest.mark.contract
RECORDED = Path(__file__).parent / "recorded"

EVENT = Event(
    id="4be0643f-1d98-573b-97cd-ca98a65347dd",
    revision=2,
    resident="room-12",
    position=Position("edge-demo", "0f" * 16, 86_412),
    opened_at=1_750_000_010.0,
    updated_at=1_750_000_012.0,
    ended_at=None,
    tier=Tier.IMMEDIATE,
    reason=Reason.COMPOSITE,
    detector="composite",
    score=2.5,
    threshold=1.0,
    terms=(Term("motion", 4.0, 0.25, 1.0), Term("audio", 5.0, 0.2, 1.0)),
    deviations=(Deviation("motion.erratic", 0.75, 0.125, 0.0625, 10.0, 0.5),),
    evidence=Evidence(
        mode=Mode.AFFECT,
        window_s=45.0,
        profile=(Usual("emotion.neutral", 0.75, 0.125),),
        trends=(Trend("motion.erratic", (0.125, 0.25, 0.75)),),
        volatility=0.5,
        usual_volatility=0.25,
        transition_rate=0.125,
        cues=(Cue(CueName.CRY, 0.5, 43.0),),
        erratic_motion=0.75,
        usual_erratic_motion=0.125,
        place="Room 12",
        time_of_day="14:05",
        prior=PriorEpisodes(1, 2, 3),
        seen_share=0.75,
        conflicts=(Conflict("face-voice", "neutral", "distressed", 0.5),),
    ),
    policy_version="shipped@000000000000",
)
BATCH = Batch(
    sequences=np.array([7, 8, 10], np.uint64),
    seats=np.array([0, 1, 0], np.uint32),
    times=np.array([1.75e9, 1.75e9, 1.75e9 + 1]),
    values=np.array([[0.5, np.nan], [0.25, 1.0], [np.nan, np.nan]], np.float32),
    quality=np.array([1.0, 0.5, 0.0], np.float32),
    persons=np.array([1, 2, -1], np.int32),
    cues=(
        (0, Cue(CueName.SCREAM, 0.75, -0.5)),
        (0, Cue(CueName.VOCALISATION_UNRESOLVED, 0.75, -0.5, -21.5, 1.5, 0.5, 0.25)),
    ),
    gaps=((2, Gap(Sense.FACE, Absence.CAMERA_BLIND)),),
)
ASSESSMENT = Assessment(
    id="a1",
    event=EVENT.id,
    event_revision=2,
    created_at=1_750_000_013.0,
    reasoner="rules",
    adapter="",
    prompt_version="p1",
    verdict=Verdict(
        Tier.IMMEDIATE, Opinion.AGREED, "now", "s", (Indicator("moves", "motion.erratic"),), "c", "a", 0.5, ("u",)
    ),
    thinking="t",
    fallback_reason="",
    latency_s=0.25,
)


def test_it_brings_an_event_back_as_it_was() -> None:
    assert wire.event_from_wire(wire.event_to_wire(EVENT)) == EVENT


def test_it_brings_an_assessment_back_as_it_was() -> None:
    assert wire.assessment_from_wire(wire.assessment_to_wire(ASSESSMENT)) == ASSESSMENT


def test_it_brings_a_batch_back_with_absence_as_nan() -> None:
    back = wire.batch_from_wire(wire.batch_to_wire(BATCH), channels=2, seats=2)
    for name in ("sequences", "seats", "times", "quality", "persons"):
        np.testing.assert_array_equal(getattr(back, name), getattr(BATCH, name))
    np.testing.assert_array_equal(back.values, BATCH.values)
    assert (back.cues, back.gaps) == (BATCH.cues, BATCH.gaps)


def test_it_still_reads_the_bytes_of_the_first_version() -> None:
    event = judgement_pb2.Event.FromString((RECORDED / "event.bin").read_bytes())
    batch = sensing_pb2.SampleBatch.FromString((RECORDED / "batch.bin").read_bytes())
    assessment = judgement_pb2.Assessment.FromString((RECORDED / "assessment.bin").read_bytes())
    assert wire.event_from_wire(event) == EVENT
    assert wire.assessment_from_wire(assessment) == ASSESSMENT
    np.testing.assert_array_equal(wire.batch_from_wire(batch, 2, 2).values, BATCH.values)


def test_the_claims_of_an_opinion_pass_and_an_unknown_support_does_not() -> None:
    wrong = Claim("she screamed", "audio.cue.scream", Support.CONTRADICTED, "no scream was heard")
    made = replace(
        ASSESSMENT, grounding=Grounding((wrong, Claim("motion rose", "motion.ratio", Support.SUPPORTED))),
        policy_version="p-3", model_version="0123456789ab",
    )  # fmt: skip
    message = wire.assessment_to_wire(made)
    assert wire.assessment_from_wire(message) == made
    message.claims[0].support = "sworn"
    with pytest.raises(wire.WireError, match="sworn"):
        wire.assessment_from_wire(message)


def too_few_bytes(message: sensing_pb2.SampleBatch) -> None:
    message.values = message.values[:-4]


def unknown_seat(message: sensing_pb2.SampleBatch) -> None:
    message.seat[0] = 9


def backwards(message: sensing_pb2.SampleBatch) -> None:
    message.sequence[2] = 8


def missing_column(message: sensing_pb2.SampleBatch) -> None:
    del message.persons[:]


def no_time(message: sensing_pb2.SampleBatch) -> None:
    message.time[1] = float("inf")


def time_of_another_age(message: sensing_pb2.SampleBatch) -> None:
    message.time[1] = 1e14


def endless_sequence(message: sensing_pb2.SampleBatch) -> None:
    message.sequence[2] = 2**63


def cue_at_no_time(message: sensing_pb2.SampleBatch) -> None:
    message.cues[0].offset_s = float("nan")


def unknown_cue(message: sensing_pb2.SampleBatch) -> None:
    message.cues[0].name = "yodel"


def impossible_probability(message: sensing_pb2.SampleBatch) -> None:
    message.cues[0].probability = 1.5


def row_outside(message: sensing_pb2.SampleBatch) -> None:
    message.gaps[0].row = 3


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (too_few_bytes, "expected 24"),
        (unknown_seat, "expected below 2"),
        (backwards, "increasing"),
        (missing_column, "batch.persons holds 0"),
        (no_time, "batch.time = inf: expected Unix seconds"),
        (time_of_another_age, r"batch.time = 1e\+14|batch.time = 100000000000000"),
        (endless_sequence, "9223372036854775808: expected at most"),
        (cue_at_no_time, "offset_s nan"),
        (unknown_cue, "yodel"),
        (impossible_probability, "1.5"),
        (row_outside, "row 3"),
    ],
)
def test_it_refuses_an_impossible_batch_in_words(spoil: Callable[[sensing_pb2.SampleBatch], None], says: str) -> None:
    message = wire.batch_to_wire(BATCH)
    spoil(message)
    with pytest.raises(wire.WireError, match=says):
        wire.batch_from_wire(message, channels=2, seats=2)
    read = wire.batches([packed(wire.batch_to_wire(BATCH)), packed(message)], channels=2, seats=2)
    assert len(next(read)) == len(BATCH)
    with pytest.raises(wire.WireError, match=says):
        next(read)


def packed(message: sensing_pb2.SampleBatch) -> wire.PackedBatch:
    arrived = wire.edge_message(sensing_pb2.EdgeMessage(batch=message).SerializeToString())
    assert isinstance(arrived, wire.PackedBatch)
    return arrived


def drawn(rng: np.random.Generator, n: int, first: int, seats: int, channels: int) -> Batch:
    """Samples of anybody with all sizes of numbers, a cue and a gap."""
    sequences = np.uint64(first) + rng.integers(1, 400, n).cumsum().astype(np.uint64)
    return Batch(
        sequences, rng.integers(0, seats, n).astype(np.uint32), 1.75e9 + rng.random(n),
        rng.standard_normal((n, channels)).astype(np.float32), rng.random(n).astype(np.float32),
        rng.choice([-1, 0, 1, 2, 70, 2**31 - 1, -(2**31)], n).astype(np.int32),
        ((int(rng.integers(n)), BATCH.cues[0][1]),), ((int(rng.integers(n)), BATCH.gaps[0][1]),),
    )  # fmt: skip


def assert_alike(one: Batch, other: Batch) -> None:
    for name in ("sequences", "seats", "times", "values", "quality", "persons"):
        mine, others = getattr(one, name), getattr(other, name)
        np.testing.assert_array_equal(mine, others)
        assert mine.dtype == others.dtype
    assert (one.cues, one.gaps) == (other.cues, other.gaps)


@pytest.mark.parametrize(("seats", "first"), [(3, 0), (200, 120), (20_000, 2**40), (2, 2**62)])
def test_it_reads_many_packed_batches_as_it_reads_each(seats: int, first: int) -> None:
    rng = np.random.default_rng(seats)
    sent = [drawn(rng, int(n), first + 100_000 * i, seats, 3) for i, n in enumerate(rng.integers(1, 90, 12))]
    messages = [wire.batch_to_wire(batch) for batch in sent]
    (read,) = wire.batches([packed(message) for message in messages], 3, seats)
    (each,) = joined([wire.batch_from_wire(message, 3, seats) for message in messages])
    assert_alike(read, each)
    again = list(wire.batches([packed(messages[4]), packed(messages[4])], 3, seats))
    assert len(again) == 2, "what does not go on where the one before ended stays apart"
    assert_alike(again[1], sent[4])


def test_it_reads_a_batch_that_another_encoder_wrote_otherwise() -> None:
    message = wire.batch_to_wire(BATCH)
    plain = message.SerializeToString()
    halves = sensing_pb2.SampleBatch(), sensing_pb2.SampleBatch()
    for part, name in ((half, name) for half in halves for name in ("sequence", "seat", "time", "quality", "persons")):
        wanted = slice(0, 1) if part is halves[0] else slice(1, None)
        getattr(part, name).extend(getattr(message, name)[wanted])
    halves[1].values = message.values
    halves[1].cues.extend(message.cues)
    halves[1].gaps.extend(message.gaps)
    in_pieces = halves[0].SerializeToString() + halves[1].SerializeToString()
    unpacked = b"".join(bytes([1 << 3, number]) for number in (7, 8, 10)) + plain[5:]
    of_later = plain + bytes([15 << 3 | 2, 1, 7])
    for body in (plain, in_pieces, unpacked, of_later):
        (read,) = wire.batches([wire.PackedBatch(memoryview(body))], 2, 2)
        assert_alike(read, wire.batch_from_wire(message, 2, 2))


@pytest.mark.parametrize("body", [b"\x0a\xff", b"\x0a\x02\xff\xff" + 9 * b"\xff", b"\x22\x05abc", b"\x3a\x02\x0a\xff"])
def test_it_refuses_bytes_that_are_no_batch_after_what_came_before(body: bytes) -> None:
    read = wire.batches([packed(wire.batch_to_wire(BATCH)), wire.PackedBatch(memoryview(body))], 2, 2)
    assert_alike(next(read), wire.batch_from_wire(wire.batch_to_wire(BATCH), 2, 2))
    with pytest.raises(wire.WireError):
        next(read)


def test_it_leaves_what_is_no_batch_to_protobuf() -> None:
    beat = sensing_pb2.EdgeMessage(heartbeat=sensing_pb2.Heartbeat(sent_at=1.0, dropped=3))
    assert wire.edge_message(beat.SerializeToString()) == beat
    assert wire.edge_message(b"") == sensing_pb2.EdgeMessage()
    batch = sensing_pb2.EdgeMessage(batch=wire.batch_to_wire(BATCH)).SerializeToString()
    assert wire.edge_message(batch + beat.SerializeToString()) == beat, "the last of two bodies counts"


def test_it_refuses_affect_mode_without_consent() -> None:
    seat = wire.seat_to_wire(Resident("r", "Room 1", mode=Mode.AFFECT, consent="c-1"))
    seat.consent = ""
    with pytest.raises(wire.WireError, match="without a recorded consent"):
        wire.seat_from_wire(seat)


@pytest.mark.parametrize("text", ["r\0", "r" * 256])
def test_it_refuses_names_that_no_database_keeps(text: str) -> None:
    with pytest.raises(wire.WireError, match="at most 255 printable characters"):
        wire.seat_from_wire(sensing_pb2.Seat(resident=text, room="Room 1"))


def test_it_takes_an_unspecified_mode_as_the_one_that_needs_no_consent() -> None:
    assert wire.seat_from_wire(sensing_pb2.Seat(resident="r", room="Room 1")).mode is Mode.OBSERVABLES


ALARM = EdgeAlarm("a-1", "r-1", "Room 1", Position("edge-1", "0f" * 16, 7), 1.75e9, CueName.GLASS, 0.75, 1.75e9 + 30.0,
                  "nurse-call", 1.75e9 + 31.0, 2, "")  # fmt: skip


def test_it_takes_an_edges_own_alarm_there_and_back() -> None:
    untold = replace(ALARM, told_at=None, receiver="", detail="answered 503")
    message = sensing_pb2.EdgeAlarms.FromString(wire.edge_alarms_to_wire([ALARM, untold]).SerializeToString())
    assert wire.edge_alarms_from_wire(message, "edge-1") == (ALARM, untold)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda a: setattr(a, "id", ""), "expected an id and a resident"),
        (lambda a: setattr(a, "cue", "sneeze"), "expected one of"),
        (lambda a: setattr(a, "probability", float("nan")), "expected 0..1"),
        (lambda a: setattr(a, "told_at", float("inf")), "told_at"),
        (lambda a: setattr(a, "sequence", 2**63), "at most"),
        (lambda a: setattr(a, "detail", "x" * 256), "255 printable"),
    ],
)
def test_it_refuses_an_edges_alarm_that_cannot_be(spoil: Callable[[sensing_pb2.EdgeAlarm], None], says: str) -> None:
    message = wire.edge_alarms_to_wire([ALARM])
    spoil(message.alarms[0])
    with pytest.raises(wire.WireError, match=says):
        wire.edge_alarms_from_wire(message, "edge-1")


POSE = BodyPose(1.75e9, "c-1", 4 / 3, tuple((k / 16, 1.0 - k / 1000) for k in range(17)), (0.999,) * 16 + (0.0,))


def test_it_takes_poses_there_and_back_in_thousandths() -> None:
    poses = tuple(replace(POSE, time=POSE.time + 0.5 * k, points=((0.123, 0.877),) * 17) for k in range(240))
    reply = PictureReply("e-1", poses=poses, shared=3, poses_refusal="said beside them")
    message = wire.picture_reply_to_wire(reply).SerializeToString()
    assert wire.picture_reply_from_wire(sensing_pb2.Evidence.FromString(message)) == reply
    assert len(message) < 240 * 160, "a minute of a stick figure weighs less than one picture"


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda e: e.poses[0].x.pop(), "with 16 x: expected 17"),
        (lambda e: e.poses[0].y.append(1), "with 18 y: expected 17"),
        (lambda e: e.poses[0].ClearField("score"), "with 0 score: expected 17"),
        (lambda e: e.poses[0].x.__setitem__(3, 1001), "x 1001: expected at most 1000"),
        (lambda e: e.poses[0].score.__setitem__(16, 4_000_000_000), "score 4000000000: expected at most 1000"),
        (lambda e: setattr(e.poses[0], "aspect", float("nan")), "aspect nan: expected 0.1 to 10.0"),
        (lambda e: setattr(e.poses[0], "aspect", 0.0), "aspect 0.0"),
        (lambda e: setattr(e.poses[0], "time", float("nan")), "at nan after one at -1.0: expected Unix seconds"),
        (lambda e: setattr(e.poses[0], "time", -5.0), "at -5.0 after"),
        (lambda e: e.poses.append(e.poses[0]), "oldest first"),
        (lambda e: setattr(e.poses[0], "camera", "c\n1"), "255 printable"),
        (lambda e: e.poses.extend([e.poses[0]] * 240), "241 poses, expected at most 240"),
        (lambda e: setattr(e, "shared", 1201), "1201 shared looks, expected at most 1200"),
    ],
)
def test_it_refuses_a_pose_that_can_be_no_body_in_a_picture(
    spoil: Callable[[sensing_pb2.Evidence], None], says: str
) -> None:
    message = wire.picture_reply_to_wire(PictureReply("e-1", poses=(POSE,)))
    spoil(message)
    with pytest.raises(wire.WireError, match=says):
        wire.picture_reply_from_wire(message)


def test_it_takes_pictures_there_and_back_and_refuses_what_is_none() -> None:
    request = PictureRequest("e-1", "r-1", 1.75e9, 1.75e9 + 15.0, 5, "second opinion", 60, "the page")
    assert wire.picture_request_from_wire(wire.picture_request_to_wire(request)) == request
    reply = PictureReply("e-1", (Picture(1.75e9, b"\xff\xd8x", "c-1", True),), "")
    assert wire.picture_reply_from_wire(wire.picture_reply_to_wire(reply)) == reply
    for spoiled in (
        replace(reply, event=""),
        replace(reply, pictures=(replace(reply.pictures[0], jpeg=b"GIF89a"),)),
        replace(reply, pictures=(replace(reply.pictures[0], jpeg=b"\xff\xd8" + bytes(5 * 2**20)),)),
        replace(reply, pictures=(replace(reply.pictures[0], time=float("nan")),)),
    ):
        with pytest.raises(wire.WireError, match="evidence of"):
            wire.picture_reply_from_wire(wire.picture_reply_to_wire(spoiled))


def test_it_carries_what_of_the_evidence_was_calculated() -> None:
    derived = (Derived("affect.valence", 0.0625),)
    event = replace(EVENT, evidence=replace(EVENT.evidence, derived=derived))
    assert wire.event_from_wire(wire.event_to_wire(event)) == event
    assert wire.event_from_wire(wire.event_to_wire(EVENT)).evidence.derived == ()

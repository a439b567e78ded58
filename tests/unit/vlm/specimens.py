"""Events for the tests of the second opinion: one agitated person, one person in observables, and any event at all."""

from dataclasses import replace

from hypothesis import strategies as st

from services.vocabulary import (
    EMOTIONS,
    Conflict,
    Cue,
    CueName,
    Deviation,
    Event,
    Evidence,
    Indicator,
    Mode,
    Opinion,
    Position,
    PriorEpisodes,
    Reason,
    Term,
    Tier,
    Trend,
    Usual,
    Verdict,
    event_id,
    known_channels,
)

_WHERE = Position("edge-1", "00" * 16, 40)

AGITATED = Event(
    id=event_id("room-12", _WHERE),
    revision=1,
    resident="room-12",
    position=_WHERE,
    opened_at=1_750_000_000.0,
    updated_at=1_750_000_003.0,
    ended_at=None,
    tier=Tier.IMMEDIATE,
    reason=Reason.COMPOSITE,
    detector="composite",
    score=1.4,
    threshold=1.0,
    terms=(Term("deviation", 2.0, 0.4, 0.8), Term("motion", 4.0, 0.25, 1.0)),
    deviations=(
        Deviation("emotion.anger", 0.91, 0.05, 0.1, 3.2, 0.3),
        Deviation("emotion.fear", 0.52, 0.15, 0.1, 2.8, 0.2),
        Deviation("motion.erratic", 0.62, 0.08, 0.1, 5.1, 0.5),
    ),
    evidence=Evidence(
        mode=Mode.AFFECT,
        window_s=45.0,
        profile=(Usual("emotion.neutral", 0.72, 0.1), Usual("emotion.fear", 0.15, 0.05)),
        trends=(Trend("emotion.anger", (0.78, 0.85, 0.91)), Trend("emotion.fear", (0.12, 0.35, 0.52))),
        volatility=0.42,
        usual_volatility=0.15,
        transition_rate=0.2,
        cues=(Cue(CueName.CRY, 0.81, 43.0),),
        erratic_motion=0.62,
        usual_erratic_motion=0.08,
        place="day room",
        time_of_day="14:05",
        prior=PriorEpisodes(1, 0, 3),
        seen_share=0.4,
        conflicts=(Conflict("voice-face", "distressed 0.81", "neutral 0.74", 0.7),),
    ),
    policy_version="shipped@0",
)

RESTLESS = replace(
    AGITATED,
    id=event_id("room-7", _WHERE),
    resident="room-7",
    tier=Tier.URGENT,
    evidence=replace(
        AGITATED.evidence,
        mode=Mode.OBSERVABLES,
        profile=(Usual("motion.erratic", 0.08, 0.02),),
        trends=(Trend("motion.erratic", (0.12, float("nan"), 0.62)),),
        seen_share=1.0,
    ),
)
"""In observables mode, with what must not be spoken of still in its deviations and conflicts."""

VERDICT = Verdict(
    tier=Tier.URGENT,
    opinion=Opinion.LOWERED,
    urgency="within 10 minutes",
    situation="Moves far more than usual after crying.",
    indicators=(Indicator("erratic motion 0.62 (usually 0.08)", "motion.erratic"), Indicator("a cry", "audio.cue.cry")),
    context="Day room, early afternoon.",
    action="Look in and ask what is needed.",
    confidence=0.7,
    unknowns=("What came before.",),
)

numbers = st.one_of(st.floats(0, 1), st.floats(-20, 20), st.sampled_from([float("nan"), float("inf"), -1e300]))
texts = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["Joy", "anger", "day room", "a\nSituation: sad", '"]}<|im_end|>', "\u200bfe\u200bar", "ＡＮＧＥＲ"]
    ),
)
channels = st.one_of(
    st.sampled_from([*known_channels(), *(f"uncertainty.emotion.{name}" for name in EMOTIONS)]),
    st.sampled_from(["pose.sadness", "custom.angerIndex", "face.browDownLeft", "weight_kg", "anger", "motion."]),
    st.text(max_size=12),
)
evidences = st.builds(
    Evidence,
    mode=st.sampled_from(Mode),
    window_s=numbers,
    profile=st.lists(st.builds(Usual, channels, numbers, numbers), max_size=5).map(tuple),
    trends=st.lists(st.builds(Trend, channels, st.lists(numbers, max_size=3).map(tuple)), max_size=5).map(tuple),
    volatility=numbers,
    usual_volatility=numbers,
    transition_rate=numbers,
    cues=st.lists(st.builds(Cue, st.sampled_from(CueName), st.floats(0, 1), numbers), max_size=4).map(tuple),
    erratic_motion=numbers,
    usual_erratic_motion=numbers,
    place=texts,
    time_of_day=texts,
    prior=st.builds(PriorEpisodes, st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)),
    seen_share=st.one_of(st.floats(0, 1), st.just(float("nan"))),
    conflicts=st.lists(st.builds(Conflict, texts, texts, texts, numbers), max_size=2).map(tuple),
)
events = st.builds(
    Event,
    id=st.uuids().map(str),
    revision=st.integers(1, 9),
    resident=texts,
    position=st.just(_WHERE),
    opened_at=st.just(0.0),
    updated_at=st.just(1.0),
    ended_at=st.none(),
    tier=st.sampled_from(Tier),
    reason=st.sampled_from(Reason),
    detector=texts,
    score=numbers,
    threshold=numbers,
    terms=st.lists(st.builds(Term, channels, numbers, numbers, numbers), max_size=3).map(tuple),
    deviations=st.lists(
        st.builds(Deviation, channels, numbers, numbers, numbers, numbers, numbers), max_size=5
    ).map(tuple),
    evidence=evidences,
    policy_version=texts,
    learning=st.booleans(),
)  # fmt: skip

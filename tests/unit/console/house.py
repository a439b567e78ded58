"""A small facility in a ledger: nine residents in every condition, their history, and events as they would be told."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from services.ledger import (
    AgentRepository,
    AssessmentRepository,
    Database,
    EventRepository,
    OutboxRepository,
    RosterRepository,
    StatusRepository,
)
from services.ledger.history import HistoryRepository, HistoryRows
from services.ledger.topics import ASSESSMENT_MADE, EVENT_CHANGED
from services.runtime.codec import to_json
from services.vocabulary import (
    Assessment,
    Condition,
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
    Resident,
    ResidentNow,
    Term,
    Tier,
    Verdict,
    event_id,
)

CHANNELS = ("motion.ratio", "motion.erratic", "audio.vocal_energy", "pose.wrist_speed", "emotion.fear")
LEVEL = np.array([0.12, 0.08, 0.20, 0.30, 0.15])
SPREAD = np.array([0.03, 0.02, 0.05, 0.08, 0.05])
AGENT = "edge-1"
PEOPLE = (
    ("room-12", "Room 12", "Mr Vogel", Condition.ATTENTION, 1.8),
    ("room-11", "Room 11", "Mr Brandt", Condition.USUAL, 0.2),
    ("room-14", "Room 14", "Mrs Aydin", Condition.CHANGED, 0.7),
    ("room-21", "Room 21", "Mrs Lindner", Condition.USUAL, 0.1),
    ("room-22", "Room 22", "Mr Okafor", Condition.USUAL, 0.3),
    ("room-23", "Room 23", "Mrs Marek", Condition.LEARNING, 0.0),
    ("room-24", "Room 24", "Ms Sato", Condition.USUAL, 0.0),
    ("room-25", "Room 25", "Mr Haas", Condition.BLIND, 0.0),
    ("room-9", "Room 9", "Mrs Conti", Condition.USUAL, 0.2),
)


def resident(identity: str, mode: Mode = Mode.OBSERVABLES) -> Resident:
    room, label = next((room, label) for known, room, label, *_ in PEOPLE if known == identity)
    return Resident(identity, room, "", mode, label, "consent-7" if mode is Mode.AFFECT else "")


def furnish(database: Database, now: float, conditions: Sequence[tuple[str, Condition]] = ()) -> None:
    """Residents, one agent whose camera of room 25 is blind, and the agent heard just now."""
    override = dict(conditions)
    seats = [resident(who, Mode.AFFECT if who == "room-12" else Mode.OBSERVABLES) for who, *_ in PEOPLE]
    statuses = [
        ResidentNow(seat, AGENT, override.get(seat.id, condition), now, score, "", 0.4 if seat.id == "room-23" else 1.0)
        for seat, (_, _, _, condition, score) in zip(seats, PEOPLE, strict=True)
    ]
    cameras = [
        {"camera": seat.id, "residents": [seat.id], "blind": seat.id == "room-25", "since": now - 340, "detail": ""}
        for seat in seats
    ]
    with database.write() as connection:
        RosterRepository(connection).seat(AGENT, seats, now)
        StatusRepository(connection).save(statuses)
        AgentRepository(connection).seen(AGENT, now, "attune 0.1.0", "0" * 32, cameras=json.dumps(cameras))


def live_through(database: Database, who: str, opened_at: float, seed: int = 1) -> None:
    """Ten minutes of scores: usual until `opened_at`, restless after it, not seen for a while in between."""
    rng = np.random.default_rng(seed)
    time = np.arange(opened_at - 420, opened_at + 60)
    noise = np.cumsum(rng.normal(0, 0.25, (len(time), len(CHANNELS))), axis=0) * 0.1 + rng.normal(
        0, 0.6, (len(time), len(CHANNELS))
    )
    values = LEVEL + SPREAD * noise
    after = np.clip((time - opened_at + 8) / 20, 0, 1)[:, None]
    values = values + after * SPREAD * np.array([4, 9, 5, 3, 4]) * (1 + 0.2 * rng.normal(size=values.shape))
    values[100:140] = np.nan
    usual = np.tile(LEVEL, (len(time), 1))
    spread = np.tile(SPREAD, (len(time), 1))
    score = np.clip(after[:, 0] * 1.8, 0, 2)
    rows = HistoryRows(
        time.astype(float), *(np.maximum(a, 0).astype(np.float32) for a in (values, usual, spread)),
        score.astype(np.float32), (score > 1).astype(np.int8),
    )  # fmt: skip
    with database.write() as connection:
        HistoryRepository(connection).append(AGENT, who, CHANNELS, rows)


def event(who: str, opened_at: float, tier: Tier = Tier.IMMEDIATE, mode: Mode = Mode.AFFECT, **facts: object) -> Event:
    position = Position(AGENT, "0" * 32, int(opened_at) % 100_000)
    z = (4.0, 9.2, 5.1, 3.0, 4.2)
    deviations = tuple(
        Deviation(name, float(LEVEL[i] + z[i] * SPREAD[i]), float(LEVEL[i]), float(SPREAD[i]), z[i], 0.1 * z[i])
        for i, name in enumerate(CHANNELS)
    )
    terms = (Term("motion", 0.9, 0.25, 0.22), Term("deviation", 0.8, 0.4, 0.32), Term("audio", 0.7, 0.2, 0.14))
    evidence = Evidence(
        mode, 45.0, cues=(Cue(CueName.CRY, 0.83, 31.0),), place="room", time_of_day="03:12",
        prior=PriorEpisodes(0, 1, 3), seen_share=0.62,
    )  # fmt: skip
    plain: dict[str, object] = {
        "id": event_id(who, position), "revision": 1, "resident": who, "position": position, "opened_at": opened_at,
        "updated_at": opened_at, "ended_at": None, "tier": tier, "reason": Reason.COMPOSITE, "detector": "composite",
        "score": 1.83, "threshold": 1.0, "terms": terms, "deviations": deviations, "evidence": evidence,
        "policy_version": "shipped@0a1b2c3d4e5f",
    }  # fmt: skip
    return Event(**plain | facts)  # type: ignore[arg-type]


def assessment(of: Event, at: float) -> Assessment:
    verdict = Verdict(
        of.tier, Opinion.AGREED, "immediate", "Sudden restless movement together with crying.",
        (Indicator("Movement far more erratic than usual", "motion.erratic"), Indicator("Crying", "audio.cue.cry")),
        "At night, alone in the room.", "Look in now; speak calmly and check for pain.", 0.7,
        ("Whether somebody else is in the room.",),
    )  # fmt: skip
    return Assessment(
        f"assessment-{of.id}", of.id, of.revision, at, "rules", "", "1", verdict,
        "Movement rose first, the cry followed.\nNo fall was heard.",
    )  # fmt: skip


def tell(database: Database, told: Event, now: float) -> None:
    """Record an event with its message, as the threshold service does."""
    with database.write() as connection:
        EventRepository(connection).record(told)
        OutboxRepository(connection).add(EVENT_CHANGED, told.id, to_json(told), now)


def assess(database: Database, made: Assessment, now: float) -> None:
    """Record an assessment with its message, as the VLM service does."""
    with database.write() as connection:
        AssessmentRepository(connection).record(made)
        OutboxRepository(connection).add(ASSESSMENT_MADE, made.id, to_json(made), now)


def ledger(folder: Path) -> tuple[Database, str]:
    """A migrated SQLite ledger in a folder, and its URL."""
    url = f"sqlite:///{folder / 'attune.db'}"
    database = Database(url)
    database.migrate()
    return database, url

"""What caregivers said of alerts, of residents who consented, without who they are: `python -m
vlm_service.feedback_export`, for measuring a model (`training/corpus/readers/facility_feedback.py`)."""

import argparse
import hashlib
import hmac
import json
import math
import os
import re
import secrets
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TextIO

from sqlalchemy.exc import SQLAlchemyError

from services.ledger import (
    AlertRepository,
    AuditRepository,
    Database,
    DatabaseUrlError,
    EventRepository,
    FeedbackRepository,
    ModeRepository,
)
from services.runtime.lifecycle import refuse
from services.runtime.settings import LedgerSettings, SettingError, load
from services.vocabulary import Alert, Event, Feedback, FeedbackVerdict, Mode, UnixSeconds, known_channels
from vlm_service.consents import EVALUATION, Consent, ConsentsInvalid, read_consents
from vlm_service.dialogue import event_report
from vlm_service.dialogue.lint import emotion_words

EXPORTED = "feedback.exported"
FILE = "feedback.jsonl"
PSEUDONYM = 32
"""Hexadecimal digits of a name that is made for one file."""
_TERMS = ("deviation", "volatility", "transition", "audio", "motion", "escalation")
"""Of the composite score; another term is called after its channel."""
_SENSES = frozenset({"face", "voice", "body", "scene"})
"""Two of which contradict one another; anything else may be called after somebody."""
_SENSED = re.compile(r"([a-z_]{1,24}) -?\d{1,3}\.\d{1,3}")
_SILENT = "says nothing"
_FACE = re.compile(
    "(?:brow|cheek|eye|jaw|mouth|nose)(?:Blink|Close|Dimple|Down|Forward|Frown|Funnel|Inner|In|Left|Look|Lower|Open|"
    "Outer|Out|Press|Pucker|Puff|Right|Roll|Shrug|Smile|Sneer|Squint|Stretch|Upper|Up|Wide)*"
)
"""Of a face, the words of which ARKit's 52 blendshapes are made (Apple, ARFaceAnchor.BlendShapeLocation)."""
_SHORTEST = 3
"""Characters from which on a name in a report is looked for: shorter ones stand in every text."""


class LeftOut(StrEnum):
    """Why a word about an alert does not leave the house."""

    NO_CONSENT = "no consent to evaluation"
    WITHDRAWN = "affect was watched, and that consent does not hold any more"
    NO_ALERT = "about a time without an alert, of which there is no report"
    TECHNICAL = "about a camera, not about a person"
    GONE = "its event is not kept any more"
    NOT_COUNTED = "given by a link, and confirmed by nobody"
    NAMES = "the report would still name somebody or something"


@dataclass(slots=True)
class Export:
    """The lines of a file in an order that tells nothing, whom they are about, what stayed, and how many consents are
    of somebody about whom nothing was said."""

    lines: list[str] = field(default_factory=list)
    residents: set[str] = field(default_factory=set)
    left_out: Counter[LeftOut] = field(default_factory=Counter)
    unheard: int = 0

    @property
    def text(self) -> str:
        """The file."""
        return "".join(f"{line}\n" for line in sorted(self.lines))

    @property
    def digest(self) -> str:
        """SHA-256 of the file."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def export(
    database: Database, consents: dict[str, Consent], span: tuple[UnixSeconds, UnixSeconds], now: UnixSeconds,
    key: bytes,
) -> Export:  # fmt: skip
    """The last word that counts about each alert, given within `span`. Pseudonyms hang on `key` alone: whoever does not
    have it cannot find out whose they are, nor join two files.
    """
    found = Export()
    with database.read() as connection:
        words = FeedbackRepository(connection).between(*span)
        found.unheard = len(consents.keys() - {word.resident for word in words})
        modes = {one.resident: one for one in ModeRepository(connection).of({word.resident for word in words})}
        seen = set[str]()
        for word in words:  # newest first
            if word.alert in seen:
                continue
            alert = AlertRepository(connection).get(word.alert) if word.alert else None
            event = EventRepository(connection).get(alert.event) if alert else None
            consent, mode = consents.get(word.resident), modes.get(word.resident)
            allowed = consent.purposes_at(now) if consent else ()
            still = event is None or event.evidence.mode is not Mode.AFFECT or mode is None
            why = _why(word, alert, event, EVALUATION in allowed)
            if why is None and not (still or (mode and mode.at(now) is Mode.AFFECT)):
                why = LeftOut.WITHDRAWN
            if why is not LeftOut.NOT_COUNTED and word.alert:
                seen.add(word.alert)
            line = _line(word, alert, event, allowed, key) if why is None and alert and event else ""
            if line:
                found.lines.append(line)
                found.residents.add(word.resident)
            else:
                found.left_out[why or LeftOut.NAMES] += 1
    return found


def _why(word: Feedback, alert: Alert | None, event: Event | None, consented: bool) -> LeftOut | None:
    if not consented:
        return LeftOut.NO_CONSENT
    if word.verdict is FeedbackVerdict.MISSED or not word.alert:
        return LeftOut.NO_ALERT
    if not word.counts:
        return LeftOut.NOT_COUNTED
    if alert is not None and alert.technical:
        return LeftOut.TECHNICAL
    return LeftOut.GONE if alert is None or event is None else None


def without_who(event: Event, name: str) -> Event:
    """The event without place, clock and free text, of somebody called `name`: what is left is measured, counted and
    counts from the beginning of its window. A channel that only this facility has may be called after somebody: it is
    left out."""
    evidence = event.evidence
    return replace(
        event, resident=name, deviations=tuple(one for one in event.deviations if _known(one.channel)),
        terms=tuple(one for one in event.terms if one.name in _TERMS or _known(one.name)),
        evidence=replace(
            evidence, place="", time_of_day="",
            profile=tuple(one for one in evidence.profile if _known(one.channel)),
            derived=tuple(one for one in evidence.derived if _known(one.channel)),
            trends=tuple(one for one in evidence.trends if _known(one.channel)),
            conflicts=tuple(one for one in evidence.conflicts if _SENSES.issuperset(one.pair.split("-"))
                            and _sensed(one.first) and _sensed(one.second)),
        ),
    )  # fmt: skip


def _line(word: Feedback, alert: Alert, event: Event, purposes: Sequence[str], key: bytes) -> str:
    """A line of the file; empty where a name would stand in it all the same."""
    who = _pseudonym(key, f"resident {word.resident}")
    report = event_report(without_who(event, who[:8]))
    for name in (word.resident, alert.room, event.evidence.place, word.given_by, word.confirmed_by):
        if len(name) >= _SHORTEST and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", report, re.IGNORECASE):
            return ""
    said = {"event": _pseudonym(key, f"event {event.id}"), "resident": who, "report": report,
            "verdict": word.verdict.value, "consent": list(purposes)}  # fmt: skip
    return json.dumps(said, ensure_ascii=False)


def _known(channel: str) -> bool:
    name = channel.removeprefix("uncertainty.")
    face = _FACE.fullmatch(name.removeprefix("face.")) if name.startswith("face.") else None
    return name in known_channels() or face is not None


def _sensed(text: str) -> bool:
    """Whether it is what a sense says: a number that is known by its channel, or an emotion."""
    found = _SENSED.fullmatch(text)
    measures = {name.rpartition(".")[2] for name in known_channels()}
    return text == _SILENT or (found is not None and (found[1] in measures or bool(emotion_words(found[1]))))


def _pseudonym(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:PSEUDONYM]


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 the file is written and in the audit chain, 2 it is not, with one line that says why."""
    asked = _parser().parse_args(arguments)
    try:
        if not asked.by.strip():
            raise ConsentsInvalid(f"--by {asked.by!r}: names nobody; say who exports, for the audit chain")
        if asked.since >= asked.until:
            raise ConsentsInvalid("--since is not before --until: no word lies between them; change one")
        consents = read_consents(asked.consents)
        with closing(_opened(load(LedgerSettings).database_url)) as database:
            return _export(database, asked, consents, time.time())
    except SQLAlchemyError as error:
        return refuse(ConsentsInvalid(f"the ledger does not answer any more ({type(error).__name__}); run it again"))
    except (SettingError, ConsentsInvalid, DatabaseUrlError, OSError) as error:
        return refuse(error)


def _opened(url: str) -> Database:
    """The ledger of the house, which is there already: of a new one nobody would learn that it is empty."""
    path = url.partition("sqlite:///")[2]
    if path and not Path(path).exists():
        raise ConsentsInvalid(f"there is no ledger at {path}; set ATTUNE_DATABASE_URL to the one of the running house")
    database = Database(url)
    if problem := database.check():
        database.close()
        raise ConsentsInvalid(f"{problem}; set ATTUNE_DATABASE_URL to the ledger of the running house")
    return database


def _export(database: Database, asked: argparse.Namespace, consents: dict[str, Consent], now: UnixSeconds) -> int:
    file = asked.out / FILE
    database.migrate()
    # The key is forgotten with this process: nobody can be found again by it.
    found = export(database, consents, (asked.since, asked.until), now, secrets.token_bytes(32))
    facts = {
        "by": asked.by, "file_sha256": found.digest, "lines": len(found.lines), "residents": sorted(found.residents),
        "consents": sorted(consents[one].reference for one in found.residents),
        "left_out": {why.value: n for why, n in sorted(found.left_out.items())},
    }  # fmt: skip
    asked.out.mkdir(parents=True, exist_ok=True)
    with _created(file) as out:
        with database.write() as connection:  # before the words: nothing leaves the house of which nobody would know
            AuditRepository(connection).append(EXPORTED, json.dumps(facts), now)
        out.write(found.text)
    print(f"{file}: {len(found.lines)} words about alerts of {len(found.residents)} residents, in the audit chain as "  # noqa: T201
          f"{EXPORTED}")  # fmt: skip
    for why, n in sorted(found.left_out.items()):
        print(f"left out: {n}, {why.value}")  # noqa: T201 - a person reads this
    if found.unheard:
        print(f"{found.unheard} consents are of residents about whom no word was given then: are they spelt as in the "  # noqa: T201
              "ledger?")  # fmt: skip
    return 0


@contextmanager
def _created(file: Path) -> Iterator[TextIO]:
    """A new file for its owner alone, which is gone again where it could not be filled to its end."""
    try:
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConsentsInvalid(
            f"{file}: is there already; name another folder, so that no two exports are mixed up"
        ) from None
    try:
        with os.fdopen(opened, "w", encoding="utf-8") as out:
            yield out
    except BaseException:
        file.unlink()
        raise


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="attune feedback export", description=__doc__)
    parser.add_argument("--consents", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--by", required=True)
    parser.add_argument("--since", type=float, default=0.0)
    parser.add_argument("--until", type=float, default=math.inf)
    return parser


if __name__ == "__main__":
    sys.exit(main())

"""What caregivers said leaves the house of who consented alone, without who they are, and is read back. Kind: unit."""

import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from services.ledger import (
    AlertRepository,
    AuditRepository,
    Database,
    EventRepository,
    FeedbackRepository,
    ModeRepository,
)
from services.vocabulary import (
    Conflict,
    Deviation,
    Event,
    Feedback,
    FeedbackVerdict,
    Mode,
    ModeDecision,
    Position,
    Trend,
    event_id,
)
from tests.unit.ledger.nouns import NOON, alert
from tests.unit.vlm.specimens import AGITATED, RESTLESS
from training.corpus.building import CorpusSettings, build
from training.corpus.readers.known import READERS
from vlm_service.consents import Consent, ConsentsInvalid, read_consents
from vlm_service.feedback_export import EXPORTED, Export, LeftOut, export, main, without_who

pytestmark = pytest.mark.unit
ALWAYS = (0.0, 4e9)
NOTE = "Frau Gruber hat geweint"
CONSENTS = '[[resident]]\nid = "gruber-12"\nreference = "C-1"\npurposes = ["evaluation", "training"]\n'


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'attune.db'}")
    database.migrate()
    yield database
    database.close()


def lived(number: int, resident: str = "gruber-12", of: Event = AGITATED) -> Event:
    """An event of somebody whose name stands wherever a name can stand."""
    at = Position("edge-1", "00" * 16, number)
    evidence = replace(
        of.evidence, place="Zimmer Gruber", trends=(*of.evidence.trends, Trend("gruber.scale", (61.0, 60.0))),
        conflicts=(*of.evidence.conflicts, Conflict("voice-gruber", "Gruber!", "neutral 0.74", 0.5)),
    )  # fmt: skip
    own = Deviation("gruber_bed", 1.0, 0.0, 0.1, 9.0, 0.9)
    return replace(of, id=event_id(resident, at), position=at, resident=resident, deviations=(*of.deviations, own),
                   evidence=evidence)  # fmt: skip


def said(
    database: Database, number: int, verdict: FeedbackVerdict, of: Event | None = None, at: float = NOON,
    resident: str = "gruber-12", technical: bool = False, **word: str,
) -> None:  # fmt: skip
    told = alert(number, event=of.id if of else f"gone-{number}", resident=resident, room="Zimmer Gruber",
                 technical=technical)  # fmt: skip
    with database.write() as connection:
        if of is not None:
            EventRepository(connection).record(of)
        AlertRepository(connection).create(told)
        FeedbackRepository(connection).record(
            Feedback(f"f-{number}-{at}", resident, verdict, at, "M. Ito", told.id, note=NOTE, **word)  # type: ignore[arg-type]
        )


def taken(database: Database, consents: dict[str, Consent] | None = None, key: bytes = b"k" * 32) -> Export:
    known = consents or {"gruber-12": Consent("C-1", ("evaluation",)), "r2": Consent("C-2", ("evaluation",))}
    return export(database, known, ALWAYS, NOON + 10.0, key)


def test_it_tells_nothing_of_who_where_and_when(ledger: Database) -> None:
    said(ledger, 1, FeedbackVerdict.TRUE, lived(1))
    (line,) = taken(ledger).lines
    for word in ("gruber", "zimmer", "ito", "14:05", "edge-1", "1750000", "geweint", lived(1).id, "scale", "61"):
        assert word not in line.lower(), word
    report = json.loads(line)["report"]
    assert "place not known, time of day not known" in report and "crying" not in report.partition("Audio: ")[0]
    assert "cry 0.81 at +43s" in report and "anger +3.2 sigma" in report, "what was measured is all there"
    assert "voice distressed 0.81, face neutral 0.74" in report


def test_a_conflict_leaves_as_it_was_measured_and_not_in_words_of_the_house(ledger: Database) -> None:
    """`Conflict.first` as `threshold_service.judgement.scene` writes it, and as an edge of one's own might."""
    measured = Conflict("face-voice", "valence -0.40", "vocal_energy 0.61", 0.7)
    silent = Conflict("face-body", "valence -0.40", "says nothing", 0.6)
    named = (
        Conflict("voice-gruber", "vocal_energy 0.61", "neutral 0.74", 0.5),
        Conflict("face-voice", "gruber 0.81", "neutral 0.74", 0.5),
    )
    of = replace(AGITATED, evidence=replace(AGITATED.evidence, conflicts=(measured, silent, *named)))
    kept = without_who(of, "somebody").evidence
    assert kept.conflicts == (measured, silent)


def test_a_part_of_the_face_keeps_its_name_and_nothing_else_does(ledger: Database) -> None:
    said(ledger, 1, FeedbackVerdict.TRUE, faced("face.browDownLeft", "face.gruber", "face.mouthGruber", "face.pain"))
    (line,) = taken(ledger).lines
    assert "brow down left 0.50" in line and "signs of pain in the face 0.50" in line and "gruber" not in line.lower()


def faced(*channels: str) -> Event:
    event = lived(1)
    trends = tuple(Trend(name, (0.5, 0.5)) for name in channels)
    return replace(event, evidence=replace(event.evidence, trends=trends))


def test_it_is_read_back_as_a_set_to_measure_with(ledger: Database, tmp_path: Path) -> None:
    said(ledger, 1, FeedbackVerdict.TRUE, lived(1))
    said(ledger, 2, FeedbackVerdict.FALSE, lived(2))
    said(ledger, 3, FeedbackVerdict.FALSE, lived(3, "r2", RESTLESS), resident="r2")
    found = taken(ledger)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "feedback.jsonl").write_text(found.text)
    items = list(READERS["facility-feedback"].items(tmp_path / "own"))
    assert sorted(one.label for one in items) == ["false_alert", "false_alert", "true_alert"]
    assert len({one.subject for one in items}) == 2 and len({one.item for one in items}) == 3
    settings = CorpusSettings.model_validate(
        {"use": "evaluation", "source": [{"dataset": "facility-feedback", "folder": tmp_path / "own"}]}
    )
    built = build(settings, tmp_path / "corpus", lambda what, fields: None)
    assert {one.split.value for one in built.corpus.examples()} == {"test"} and built.proof.subjects == 2


def test_it_keeps_in_the_house_what_nobody_consented_to_and_counts_it(ledger: Database) -> None:
    said(ledger, 1, FeedbackVerdict.TRUE, lived(1, "nobody"), resident="nobody")
    said(ledger, 2, FeedbackVerdict.TRUE, lived(2), via="nurse-call")
    said(ledger, 3, FeedbackVerdict.TRUE, lived(3), technical=True)
    said(ledger, 4, FeedbackVerdict.TRUE)
    with ledger.write() as connection:
        missed = Feedback("m", "gruber-12", FeedbackVerdict.MISSED, NOON, "M. Ito", about_time=NOON)
        FeedbackRepository(connection).record(missed)
    found = taken(ledger)
    assert not found.lines and found.left_out == {
        LeftOut.NO_CONSENT: 1, LeftOut.NOT_COUNTED: 1, LeftOut.TECHNICAL: 1, LeftOut.GONE: 1, LeftOut.NO_ALERT: 1,
    }  # fmt: skip
    only_training = {"gruber-12": Consent("C-1", ("training",))}
    assert taken(ledger, only_training).left_out == {LeftOut.NO_CONSENT: 5}


def test_it_tells_no_emotion_after_the_consent_to_it_was_withdrawn(ledger: Database) -> None:
    said(ledger, 1, FeedbackVerdict.TRUE, lived(1))
    said(ledger, 2, FeedbackVerdict.TRUE, lived(2, of=RESTLESS))
    with ledger.write() as connection:
        ModeRepository(connection).decide(ModeDecision("gruber-12", Mode.OBSERVABLES, NOON, "M. Ito"))
    found = taken(ledger)
    assert len(found.lines) == 1 and found.left_out == {LeftOut.WITHDRAWN: 1}
    assert "anger" not in found.lines[0]


def test_the_last_word_that_counts_about_an_alert_is_the_one(ledger: Database) -> None:
    one = lived(1)
    said(ledger, 1, FeedbackVerdict.TRUE, one, at=NOON)
    said(ledger, 1, FeedbackVerdict.FALSE, one, at=NOON + 1.0)
    said(ledger, 1, FeedbackVerdict.TRUE, one, at=NOON + 2.0, via="nurse-call")
    (line,) = taken(ledger).lines
    assert json.loads(line)["verdict"] == "false"


def test_it_gives_other_names_in_every_file(ledger: Database) -> None:
    said(ledger, 1, FeedbackVerdict.TRUE, lived(1))
    said(ledger, 2, FeedbackVerdict.TRUE, lived(2))
    (first, second), other = map(json.loads, taken(ledger).lines), json.loads(taken(ledger, key=b"o" * 32).lines[0])
    assert first["resident"] == second["resident"] != other["resident"]
    assert first["event"] != second["event"]


def test_a_line_that_would_still_name_somebody_stays(ledger: Database) -> None:
    said(ledger, 1, FeedbackVerdict.TRUE, lived(1, "anger"), resident="anger")
    assert taken(ledger, {"anger": Consent("C", ("evaluation",))}).left_out == {LeftOut.NAMES: 1}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "resident: Field required"),
        ('[[resident]]\nid = "a"\nreference = "C"\npurposes = ["selling"]', "resident.0.purposes.0"),
        ('[[resident]]\nid = "a"\npurposes = ["evaluation"]', "resident.0.reference"),
        (CONSENTS + CONSENTS, "1 residents are named twice"),
        ("[[", "is no TOML"),
    ],
)
def test_it_says_what_is_wrong_with_a_file_of_consents(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "consents.toml"
    file.write_text(text)
    with pytest.raises(ConsentsInvalid, match=why) as raised:
        read_consents(file)
    assert "gruber" not in str(raised.value)


def test_a_consent_ends_on_its_day(tmp_path: Path) -> None:
    file = tmp_path / "consents.toml"
    file.write_text(CONSENTS + "until = 2025-06-15\n")
    consent = read_consents(file)["gruber-12"]
    assert consent.purposes_at(NOON - 2 * 86400.0) and not consent.purposes_at(NOON + 86400.0)


def test_it_writes_a_file_for_its_owner_alone_and_says_so_in_the_audit_chain(
    ledger: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said(ledger, 1, FeedbackVerdict.TRUE, lived(1))
    monkeypatch.setenv("ATTUNE_DATABASE_URL", f"sqlite:///{tmp_path / 'attune.db'}")
    (tmp_path / "consents.toml").write_text(CONSENTS)
    asked = ["--consents", str(tmp_path / "consents.toml"), "--out", str(tmp_path / "out"), "--by", "A. Roth"]
    assert main(asked) == 0
    file = tmp_path / "out" / "feedback.jsonl"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text())["consent"] == ["evaluation", "training"]
    with ledger.read() as connection:
        (entry,) = AuditRepository(connection).page(None, 10, EXPORTED)
        assert AuditRepository(connection).verify() is None
    told = json.loads(entry.body)
    assert (told["by"], told["lines"], told["residents"], told["consents"]) == ("A. Roth", 1, ["gruber-12"], ["C-1"])
    assert "consents are of" not in capsys.readouterr().out
    assert main(asked) == 2 and "is there already" in capsys.readouterr().err
    (tmp_path / "consents.toml").write_text(CONSENTS.replace("gruber-12", "gruber12"))
    asked[3] = str(tmp_path / "second")
    assert main(asked) == 0
    told = capsys.readouterr().out
    assert "left out: 1, no consent to evaluation" in told and "1 consents are of residents about whom no" in told


@pytest.mark.parametrize(
    ("url", "more", "why"),
    [
        ("sqlite:///{}/elsewhere.db", [], "there is no ledger at .*; set ATTUNE_DATABASE_URL"),
        ("sqlite:///{}/consents.toml", [], "database does not answer: .*; set ATTUNE_DATABASE_URL"),
        ("postgresql+psycopg://postgres@127.0.0.1:9/test", [], "database does not answer: .*; set ATTUNE_DATABASE_URL"),
        ("sqlite:///{}/attune.db", ["--by", " "], "--by ' ': names nobody"),
        ("sqlite:///{}/attune.db", ["--since", "9", "--until", "9"], "--since is not before --until"),
    ],
)
def test_it_says_why_it_exports_nothing(
    ledger: Database, url: str, more: list[str], why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    said(ledger, 1, FeedbackVerdict.TRUE, lived(1))
    monkeypatch.setenv("ATTUNE_DATABASE_URL", url.format(tmp_path))
    (tmp_path / "consents.toml").write_text(CONSENTS)
    asked = ["--consents", str(tmp_path / "consents.toml"), "--out", str(tmp_path / "out"), "--by", "A. Roth", *more]
    assert main(asked) == 2
    (told,) = capsys.readouterr().err.splitlines()
    assert re.search(why, told)
    assert not (tmp_path / "elsewhere.db").exists() and not (tmp_path / "out").exists()
    with ledger.read() as connection:
        assert not AuditRepository(connection).page(None, 10, EXPORTED)


def test_where_no_file_can_be_written_the_audit_chain_tells_of_none(
    ledger: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said(ledger, 1, FeedbackVerdict.TRUE, lived(1))
    monkeypatch.setenv("ATTUNE_DATABASE_URL", f"sqlite:///{tmp_path / 'attune.db'}")
    (tmp_path / "consents.toml").write_text(CONSENTS)
    out = tmp_path / "out"
    out.mkdir()
    (out / "feedback.jsonl").symlink_to(tmp_path / "gone" / "feedback.jsonl")
    assert main(["--consents", str(tmp_path / "consents.toml"), "--out", str(out), "--by", "A. Roth"]) == 2
    with ledger.read() as connection:
        assert not AuditRepository(connection).page(None, 10, EXPORTED)


def test_a_file_whose_export_nobody_could_note_is_not_left_behind(
    ledger: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said(ledger, 1, FeedbackVerdict.TRUE, lived(1))
    with ledger.write() as connection:
        connection.execute(text("DROP TABLE audit"))
    monkeypatch.setenv("ATTUNE_DATABASE_URL", f"sqlite:///{tmp_path / 'attune.db'}")
    (tmp_path / "consents.toml").write_text(CONSENTS)
    asked = ["--consents", str(tmp_path / "consents.toml"), "--out", str(tmp_path / "out"), "--by", "A. Roth"]
    assert main(asked) == 2 and "the ledger does not answer any more" in capsys.readouterr().err
    assert not list((tmp_path / "out").iterdir())


def test_the_command_line_ends_with_one_line_where_there_are_no_consents(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "services.cli.main", "feedback", "export", "--consents", str(tmp_path / "none"),
               "--out", str(tmp_path / "out"), "--by", "A. Roth", "--since", "2025-01-01"]  # fmt: skip
    there = os.environ | {"ATTUNE_DATABASE_URL": f"sqlite:///{tmp_path / 'a.db'}"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=there)
    assert done.returncode == 2 and done.stderr.startswith("attune: ") and "[[resident]] tables" in done.stderr

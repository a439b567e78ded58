"""What a model writes in German is checked as in English. Kind: unit.

Written by whoever wrote the code: it keeps it from forgetting, it does not judge it.
"""

from dataclasses import replace

import pytest

from services.vocabulary import Indicator, Opinion, Support
from tests.unit.vlm.specimens import AGITATED, VERDICT
from vlm_service.dialogue.grounding import ground, text_claims
from vlm_service.dialogue.grounding.german import in_english, is_german

pytestmark = pytest.mark.unit

WRONG = """\
Die Angst ist gesunken.
Die Angst sank deutlich.
Im Fenster sank die Angst.
Rückgang der Angst.
Die Angst ist nicht gestiegen.
Die Angst hat sich nicht verändert.
Keine Veränderung der Angst.
Die Angst liegt im üblichen Bereich.
Angst und Ärger sind unauffällig.
Ärger liegt bei 0,31.
Ärger ist niedriger als üblich.
Der Ärger hat sich halbiert.
Die Bewegung ist geringer als sonst.
Die Person bewegt sich kaum.
Er liegt still.
Es wurde kein Weinen gehört.
Weinen wurde nicht gehört.
Sie weint nicht.
Es war nichts zu hören.
Lautes Schreien war zu hören.
Ein Schrei wurde gehört.
Weinen 20 Sekunden davor gehört.
Weinen wurde mit einer Wahrscheinlichkeit von 0,31 gehört.
Das Weinen wurde mit geringer Wahrscheinlichkeit erkannt.
Weinen zu Beginn des Fensters.
Sie ist gestürzt.
Er liegt auf dem Boden.
Ein Sturz wurde erkannt.
Alles ist wie üblich.
Die Messwerte liegen im üblichen Bereich.
Keine Auffälligkeiten.
Die Lage hat sich beruhigt.
Die Person ist ruhig und entspannt.
Es ist das erste Ereignis.
In den letzten 24 Stunden gab es keine früheren Ereignisse.
In den letzten 24 Stunden gab es zwei frühere Ereignisse der Stufe 1.
Es geschah mitten in der Nacht.
Es ist 3 Uhr.
Es geschah um 21:15 Uhr.
Es geschah um 21.15 Uhr.
Gesicht und Stimme stimmen überein.
Es gibt keinen Widerspruch zwischen Gesicht und Stimme.
Die Person war durchgehend zu sehen.
Die Angst weicht am stärksten ab.
Die Angst ist höher als der Ärger.
Der Score liegt unter der Schwelle.
Es geschah im Badezimmer.
Die Stimmenergie ist gestiegen.
Die Schwankungen sind gering.""".splitlines()

RIGHT = """\
Die Angst ist von 0,12 auf 0,52 gestiegen.
Im Fenster stieg die Angst deutlich.
Angst 0,52 (üblich 0,15).
Ärger liegt bei 0,91 und damit weit über dem Üblichen.
Ärger nimmt zu.
Zunahme an Ärger.
Ärger, Angst und Bewegung sind erhöht.
Die Bewegungen sind deutlich fahriger als üblich.
Fahrige Bewegungen 0,62 (üblicherweise 0,08).
Sie bewegt sich mehr als sonst.
Weinen 2 Sekunden davor gehört.
Weinen wurde mit einer Wahrscheinlichkeit von 0,81 gehört.
Weinen wurde nach 43 Sekunden gehört.
Gegen Ende war Weinen zu hören.
Schreien wurde nicht gehört.
Es gab ein früheres Ereignis der Stufe 1 in den letzten 24 Stunden.
In den letzten 24 Stunden gab es drei frühere Ereignisse der Stufe 3.
Es geschah am Nachmittag im Tagesraum.
Es geschah um 14:05 Uhr.
Es ist kurz nach 14 Uhr.
Stimme und Gesicht widersprechen sich.
Die Person war nur 40 % der Zeit zu sehen.
Der Score liegt mit 1,4 über der Schwelle von 1,0.
Das Fenster umfasst 45 Sekunden.""".splitlines()

NO_CLAIM = """\
Bitte prüfen, ob sie gestürzt ist.
Möglicherweise hat die Person Schmerzen oder ist gestürzt.
Es könnte ein Sturz gewesen sein.
Ist sie gestürzt?
Normalerweise ist sie um diese Zeit ruhig.
Auf Anzeichen eines Sturzes achten.
Es besteht Sturzgefahr.
Ob jemand schreit, ist unklar.
Die Ursache ist nicht bekannt.
Falls sie weint, trösten.
Sie weint nicht mehr.
Es ist nicht klar, ob die Angst gesunken ist.
Vielleicht ein Schrei.
Frau Meier ist 84 Jahre alt.
Im Zimmer 7 wohnt sie seit 3 Jahren.
Sie trinkt oft abends Tee.
Der Alarm der Stufe 1 wurde ausgelöst.
Es wurde kein Sturz erkannt.
Die Messungen sagen nicht, warum.
Hilfe wird in 10 Minuten gebraucht.""".splitlines()


@pytest.mark.parametrize("said", WRONG)
def test_it_finds_what_the_measurements_deny(said: str) -> None:
    found = text_claims(said, AGITATED)
    assert Support.CONTRADICTED in {claim.support for claim in found}, list(in_english(said))
    assert {claim.words for claim in found} == {said}, "it is shown as it was written"


@pytest.mark.parametrize("said", RIGHT)
def test_it_lets_stand_what_was_measured(said: str) -> None:
    found = text_claims(said, AGITATED)
    assert found and {claim.support for claim in found} == {Support.SUPPORTED}, list(in_english(said))


@pytest.mark.parametrize("said", NO_CLAIM)
def test_what_is_asked_possible_habit_or_circumstance_is_no_claim(said: str) -> None:
    assert text_claims(said, AGITATED) == (), list(in_english(said))


def test_a_contradiction_in_german_marks_the_assessment() -> None:
    verdict = replace(
        VERDICT, opinion=Opinion.RAISED, situation="Die Angst ist gesunken, z. B. auf 0,02.",
        indicators=(Indicator("Weinen 2 s davor gehört", "audio.cue.cry"),), context="Tagesraum, 14:05 Uhr.",
    )  # fmt: skip
    found = ground("Fear rose to 0.52.", verdict, AGITATED)
    assert found.contradictions and {one.words for one in found.contradictions} == {
        "Die Angst ist gesunken, z. B. auf 0,02."
    }
    assert "Weinen 2 s davor gehört" in {one.words for one in found.claims if one.support is Support.SUPPORTED}


def test_a_room_with_a_german_name_is_known_by_it_and_no_other() -> None:
    event = replace(AGITATED, evidence=replace(AGITATED.evidence, place="Tagesraum 2"))
    for said, support in (
        ("Es geschah im Tagesraum.", Support.SUPPORTED), ("It happened in the day room.", Support.SUPPORTED),
        ("Es geschah im Flur.", Support.CONTRADICTED),
    ):  # fmt: skip
        assert [claim.support for claim in text_claims(said, event)] == [support]


@pytest.mark.parametrize(
    "said",
    ["Fear sank.", "Minimal fear.", "Score 1.4", "The person was in a bad mood.", "She is at war with the gang."],
)
def test_english_is_not_taken_for_german(said: str) -> None:
    assert not is_german(said)
    assert list(in_english(said)) == [(said, "")]

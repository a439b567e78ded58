"""Every text of the page is there in each of its languages, with the same places to fill in."""

import ast
import re
import string
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from services.console import problems, week, words
from services.console.language import FOLDER, LANGUAGES, texts
from services.console.roles import May
from services.console.views import pages, quiet, shift
from services.ledger import Database, Role
from services.vocabulary import EMOTIONS, AdapterState, CueName, Reason
from tests.unit.console.alerts import keep
from tests.unit.console.conftest import NOW
from tests.unit.console.signed import HOME
from tests.unit.console.test_shift import text

pytestmark = pytest.mark.unit
HOUSE = FOLDER.parent
OTHERS = [language for language in LANGUAGES if language != "en"]
SAME = {"", "_", " "}
"""Pieces of calls that are no texts."""


def in_templates() -> Iterator[str]:
    for file in sorted((HOUSE / "templates").glob("*.html")):
        for found in re.finditer(r'\bt\("([^"]*)"', file.read_text()):
            yield found.group(1)


def in_code() -> Iterator[str]:
    """The constants of what is said, and of plain names that are said."""
    for file in sorted(HOUSE.rglob("*.py")):
        tree = ast.parse(file.read_text())
        named = {
            target.id: node.value.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for target in node.targets
            if isinstance(target, ast.Name) and isinstance(node.value.value, str)
        }
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "say" and call.args:
                yield from texts_of(call.args[0], named)


def texts_of(node: ast.expr, named: dict[str, str]) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.Name) and node.id in named:
        yield named[node.id]
    elif isinstance(node, ast.IfExp):
        yield from texts_of(node.body, named)
        yield from texts_of(node.orelse, named)


def in_tables() -> Iterator[str]:
    tables = (
        words.CONDITIONS, words.TIERS, words.STATUSES, words.TURNS, words.MODES, words.OUTCOMES, words.NOTICES,
        words.OPINIONS, words.VERDICTS, words.TERMS, words._COURSES, words._CHANNELS, words._FAMILIES,
        problems._TITLES, shift.SPANS,
    )  # fmt: skip
    for table in tables:
        yield from table.values()  # type: ignore[misc]
    yield from (thing.value for thing in May)
    yield from (role.value for role in Role)
    yield from (place[2] for place in pages.PLACES)
    yield from (quiet.TOO_LONG, quiet.SAME_PERSON)
    yield from (state.value for state in AdapterState)
    yield from (cue.value.replace("_", " ") for cue in CueName)
    yield from (reason.value for reason in Reason)
    yield from EMOTIONS
    yield from week.WEEKDAYS


EVERYTHING = frozenset((*in_templates(), *in_code(), *in_tables())) - SAME


def places(form: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(form) if name}


def test_it_finds_the_texts_it_looks_for() -> None:
    assert {"I am on it", "Nobody is waiting for help.", "Needs attention", "Shift"} <= EVERYTHING
    assert len(EVERYTHING) > 300


@pytest.mark.parametrize("language", OTHERS)
def test_it_says_every_text_in_each_language(language: str) -> None:
    known = texts(language)
    assert sorted(EVERYTHING - set(known)) == []
    assert [one for one in EVERYTHING if places(one) != places(known[one])] == []


@pytest.mark.parametrize("language", OTHERS)
def test_it_keeps_no_text_that_nobody_says(language: str) -> None:
    source = "".join(file.read_text() for file in sorted(HOUSE.rglob("*.py")))
    left = [one for one in texts(language) if one not in EVERYTHING and one not in source]
    assert left == []


def test_it_reads_in_the_language_of_the_browser_and_of_choice(client: TestClient, database: Database) -> None:
    keep(database, 1, NOW - 40)
    german = {"accept-language": "fr-FR,de-DE;q=0.8,en;q=0.5", "accept": "text/html"}
    page = client.get("/", headers=german).text
    assert '<html lang="de">' in page and "Eine Meldung braucht jemanden." in text(page)
    assert "Ich kümmere mich" in page and "I am on it" not in page
    alert = client.get("/alerts/alert-1", headers=german).text
    assert "Wie sicher" in alert and '<h1 lang="en">Crying was heard.</h1>' in alert
    chosen = client.post("/language", data={"language": "en", "then": "/shift"}, headers={"origin": HOME})
    assert chosen.status_code == 303
    assert "One still needs somebody." in client.get("/shift", headers=german).text


@pytest.mark.parametrize("path", ["/", "/shift", "/quiet", "/operations", "/thresholds", "/audit", "/residents/room-9"])
def test_it_shows_every_page_in_every_language(client: TestClient, database: Database, path: str) -> None:
    keep(database, 1, NOW - 40)
    for language in LANGUAGES:
        answer = client.get(path, headers={"accept-language": language, "accept": "text/html"})
        assert answer.status_code == 200 and f'<html lang="{language}">' in answer.text

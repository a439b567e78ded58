"""Patterns that are tried only where one of their words stands. Kind: unit."""

import importlib
import pkgutil
import re
from collections.abc import Sequence
from typing import Any

import pytest

from vlm_service.dialogue import grounding
from vlm_service.dialogue.grounding.gated import Gated

FILES = [
    importlib.import_module(f"{grounding.__name__}.{one.name}") for one in pkgutil.iter_modules(grounding.__path__)
]
GATES = {f"{file.__name__.rpartition('.')[2]}.{name}": value for file in FILES for name, value in vars(file).items()
         if isinstance(value, Gated)}  # fmt: skip
_BREAK = "\0"
"""What stands for a character of which only its kind is known."""


@pytest.mark.parametrize("name", GATES)
def test_every_match_of_a_gated_pattern_holds_one_of_its_words(name: str) -> None:
    gate = GATES[name]
    assert escape(_parsed(gate.pattern.pattern), "", gate.stems) is None


@pytest.mark.parametrize(
    "pattern", ["(?:red |blue )?ca[rb]", "ca[r\\w]", "[ab]x|car", "c(?:a|u)r", "(?:car)?s", "carts?|tram"]
)
def test_the_proof_finds_a_match_without_the_word(pattern: str) -> None:
    assert escape(_parsed(pattern), "", ("car",)) is not None


@pytest.mark.parametrize("pattern", ["cars?", "(?:red|blue) ?car", "c(?:ar|arts)", "(?:car)+", "tram with a car|car"])
def test_the_proof_holds_where_no_match_is_without_the_word(pattern: str) -> None:
    assert escape(_parsed(pattern), "", ("car",)) is None


def test_a_gate_finds_what_its_pattern_finds_and_nothing_without_the_word() -> None:
    gate = Gated(r"\bno car\b", "car")
    assert [one.span() for one in gate.finditer("there is no car")] == [(9, 15)]
    assert list(gate.finditer("there is no train")) == []


def escape(items: Sequence[Any], said: str, stems: Sequence[str]) -> str | None:
    """The literal characters of a match that holds none of `stems`; None where every match holds one."""
    if any(stem in said for stem in stems):
        return None
    if not items:
        return said
    (kind, value), rest = items[0], items[1:]
    tries: list[tuple[Sequence[Any], str]] = [(rest, said + _BREAK)]
    match str(kind):
        case "LITERAL":
            tries = [(rest, said + chr(value))]
        case "IN" if all(str(one) == "LITERAL" for one, _ in value):
            tries = [(rest, said + chr(letter)) for _, letter in value]
        case "AT" | "ASSERT" | "ASSERT_NOT":
            tries = [(rest, said)]
        case "SUBPATTERN":
            tries = [([*value[3], *rest], said)]
        case "BRANCH":
            tries = [([*one, *rest], said) for one in value[1]]
        case "MAX_REPEAT" | "MIN_REPEAT":
            least, most, inner = value
            tries = [([*inner, *rest], said)]
            tries += [(rest, said)] if least == 0 else []
            tries += [([*inner, *rest], said + _BREAK)] if int(most) > 1 else []
    for following, so_far in tries:
        if (found := escape(following, so_far, stems)) is not None:
            return found
    return None


def _parsed(pattern: str) -> list[Any]:
    return list(re._parser.parse(pattern))  # type: ignore[attr-defined]  # only a proof needs to see inside

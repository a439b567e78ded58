"""Turns the nouns of the vocabulary into JSON text and back, NaN included."""

import json
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

T = TypeVar("T")


class CodecError(ValueError):
    """A text that does not hold the noun that was asked for."""


_adapters: dict[type[Any], TypeAdapter[Any]] = {}


def _adapter(noun: type[Any]) -> TypeAdapter[Any]:
    if noun not in _adapters:
        _adapters[noun] = TypeAdapter(noun)
    return _adapters[noun]


def to_jsonable(value: Any) -> Any:
    """A noun as plain dicts, lists, numbers and strings; NaN stays NaN."""
    return _adapter(type(value)).dump_python(value, mode="json")


def to_json(value: Any) -> str:
    """A noun as compact JSON with sorted keys, so that equal nouns are equal texts. NaN is written as `NaN`.

    >>> from services.vocabulary import Cue, CueName
    >>> to_json(Cue(CueName.CRY, 0.5))
    '{"conflict":null,"duration_s":null,"loudness_dbfs":null,"name":"cry","offset_s":0.0,"probability":0.5,"uncertainty":null}'
    """
    return json.dumps(to_jsonable(value), sort_keys=True, separators=(",", ":"))


def from_json(noun: type[T], text: str | bytes) -> T:
    """The noun that `to_json` wrote.

    Raises:
        CodecError: the text is no JSON, or not of this noun; the message names the field.
    """
    try:
        return _adapter(noun).validate_python(json.loads(text))  # type: ignore[no-any-return]
    except json.JSONDecodeError as error:
        raise CodecError(f"not JSON at character {error.pos}: expected a {noun.__name__}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "value"
        raise CodecError(f"not a {noun.__name__}: {place}: {first['msg']}") from error

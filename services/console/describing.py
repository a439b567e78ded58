"""The OpenAPI document says what is really sent: a number that is not known is NaN inside and null outside."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

PREFIX = "#/components/schemas/"


def describe_unknown_numbers(app: FastAPI) -> None:
    """Let every number of what is answered, and of nothing that is taken, be null in the document of `app`."""
    plain = app.openapi

    def document() -> dict[str, Any]:
        known = app.openapi_schema
        return known if known is not None else _with_nulls(plain())

    app.openapi = document  # type: ignore[method-assign]  # how FastAPI wants it to be extended


def _with_nulls(document: dict[str, Any]) -> dict[str, Any]:
    schemas = document["components"]["schemas"]
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    answered = _reached([operation["responses"] for operation in operations], schemas)
    told = [hook for methods in document.get("webhooks", {}).values() for hook in methods.values()]
    taken = _reached([operation.get("requestBody", {}) for operation in (*operations, *told)], schemas)
    for name in answered - taken:
        _open(schemas[name])
    return document


def _reached(parts: Any, schemas: dict[str, Any]) -> set[str]:
    """Names of the schemas that a part of the document leads to."""
    found: set[str] = set()
    waiting = list(_names(parts))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _names(schemas[name])
    return found


def _names(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        reference = part.get("$ref")
        if isinstance(reference, str) and reference.startswith(PREFIX):
            yield reference.removeprefix(PREFIX)
        for inner in part.values():
            yield from _names(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _names(inner)


def _open(part: Any) -> None:
    if isinstance(part, dict):
        if part.get("type") == "number":
            part["type"] = ["number", "null"]
        for inner in part.values():
            _open(inner)
    elif isinstance(part, list):
        for inner in part:
            _open(inner)

"""Structured logs: static text plus fields, JSON for machines or colours for people."""

import logging
import sys
from typing import Any, Literal

import structlog

# Without the values of local variables: they may be about a person.
_TRACEBACKS = structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))

Level = Literal["debug", "info", "warning", "error"]


def configure(process: str, level: Level = "info", style: Literal["json", "console"] = "json") -> None:
    """Send this process's logs to standard error, each line naming the process."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(process=process)
    renderer: Any = structlog.processors.JSONRenderer()
    if style == "console":
        renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _TRACEBACKS if style == "json" else structlog.processors.StackInfoRenderer(),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )


def logger(**fields: Any) -> Any:
    """A logger that carries `fields` in every line. Personal data only under keys that begin with `pii.`."""
    return structlog.get_logger(**fields)

"""The languages of the page: texts stand in English where they are used, the others in a file each."""

import tomllib
from contextvars import ContextVar
from functools import cache
from pathlib import Path

from fastapi import Request

FOLDER = Path(__file__).parent / "languages"
LANGUAGES = {"en": "English", "de": "Deutsch"}
COOKIE = "attune_language"
LANGUAGE: ContextVar[str] = ContextVar("language", default="en")
"""Of the request that is being answered, or of the page that is being rendered for several readers."""

ADDRESS: ContextVar[str] = ContextVar("address", default="/")
"""Where the reader is, for a form that leads back there."""


def say(text: str, /, **facts: object) -> str:
    """A text in the reader's language, its {places} filled in.

    >>> say("{n} more", n=3)
    '3 more'
    """
    known = texts(LANGUAGE.get()).get(text, text)
    return known.format(**facts) if facts else known


@cache
def texts(language: str) -> dict[str, str]:
    """A language by its English texts; of English itself nothing."""
    file = FOLDER / f"{language}.toml"
    if language not in LANGUAGES or not file.exists():
        return {}
    return {str(text): str(said) for text, said in tomllib.loads(file.read_text()).items()}


def choose(request: Request) -> str:
    """Keep the language of whoever asks: what they chose, else the first that their browser names and we speak."""
    chosen = request.cookies.get(COOKIE, "")
    named = request.headers.get("accept-language", "").split(",")
    wanted = [part.partition(";")[0].strip().lower()[:2] for part in named]
    found = chosen if chosen in LANGUAGES else next((one for one in wanted if one in LANGUAGES), "en")
    LANGUAGE.set(found)
    ADDRESS.set(request.url.path if request.method == "GET" else "/")
    return found

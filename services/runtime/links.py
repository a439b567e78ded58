"""Signed links in a message: who holds one may say something about one alert, once, within a day."""

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass

from services.vocabulary.time import Seconds, UnixSeconds

GOOD_FOR_S: Seconds = 86_400.0
LEAST_KEY = 32
"""Characters of a key that cannot be guessed (source: guess, 128 bits and more)."""


class LinkRefused(ValueError):
    """A link that was not signed here, was changed, or is over."""


@dataclass(frozen=True, slots=True)
class Link:
    """What a link is good for: one alert, as the recipient that it was sent to, until it expires."""

    alert: str
    receiver: str
    expires_at: UnixSeconds


def token(link: Link, key: str) -> str:
    """The link's token, for an address.

    >>> read(token(Link("a1", "ward", 60.0), "k" * 32), "k" * 32, 0.0)
    Link(alert='a1', receiver='ward', expires_at=60.0)
    """
    said = json.dumps([link.alert, link.receiver, link.expires_at], separators=(",", ":")).encode()
    return f"{_text(said)}.{_text(_seal(said, key))}"


def read(text: str, key: str, now: UnixSeconds) -> Link:
    """What a token says.

    Raises:
        LinkRefused: it is none of ours, was changed, or is over.
    """
    said, _, seal = text.partition(".")
    if not key or not hmac.compare_digest(_bytes(seal), _seal(_bytes(said), key)):
        raise LinkRefused("this link was not made here, or was changed on the way")
    link = Link(*json.loads(_bytes(said)))
    if now >= link.expires_at:
        raise LinkRefused("this link is over: it was good for a day")
    return link


def _seal(said: bytes, key: str) -> bytes:
    return hmac.new(key.encode(), b"attune link\x1f" + said, hashlib.sha256).digest()


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text.encode("ascii", "replace") + b"=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return b""

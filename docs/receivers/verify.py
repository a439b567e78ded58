"""Verifies a message of Attune in a receiver of your own: copy this file, it needs Python 3.9 and nothing else for HMAC
(`pip install cryptography` for an ed25519 key).

    verify(body, headers, ["whsec_..."])     # the raw bytes of the body, before anything parses them

Answer 2xx once you have kept the message. The same webhook-id may come again: take it once.
Answer 410 to never be told again, 429 with Retry-After to be left alone for a while.
"""

import base64
import hashlib
import hmac
import json
import time

TOLERANCE_S = 300


class NotFromAttune(Exception):
    """Do not believe this message."""


def verify(body, headers, keys, now=None):
    """The message as a dict. `keys`: your secrets (whsec_...) or Attune's public keys (whpk_...), old and new."""
    told = {name.lower(): value for name, value in headers.items()}
    message, at = told.get("webhook-id", ""), told.get("webhook-timestamp", "")
    if not message or not at.isdigit():
        raise NotFromAttune("no webhook-id or webhook-timestamp")
    if abs((time.time() if now is None else now) - int(at)) > TOLERANCE_S:
        raise NotFromAttune("signed too long ago: a replay, or a clock that is wrong")
    signed = f"{message}.{at}.".encode() + body
    for entry in told.get("webhook-signature", "").split():
        version, _, text = entry.partition(",")
        if any(_agrees(version, text, signed, key) for key in keys):
            return json.loads(body)
    raise NotFromAttune("no signature by a key known here")


def _agrees(version, text, signed, key):
    if version == "v1" and key.startswith("whsec_"):
        expected = hmac.new(base64.b64decode(key[6:]), signed, hashlib.sha256).digest()
        return hmac.compare_digest(base64.b64encode(expected).decode(), text)
    if version == "v1a" and key.startswith("whpk_"):
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(base64.b64decode(key[5:])).verify(base64.b64decode(text), signed)
        except (InvalidSignature, ValueError):
            return False
        return True
    return False

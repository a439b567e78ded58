"""Signs and verifies messages as Standard Webhooks 1.0 asks: HMAC-SHA256 (v1) with several secrets, ed25519 (v1a)."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from services.vocabulary import Seconds, UnixSeconds

TOLERANCE_S: Seconds = 300.0
"""How far the time of a message may lie from the receiver's clock: older ones may be a replay (Standard Webhooks)."""


class NotVerified(ValueError):
    """A message that no key known here has signed, or that was signed too long ago."""


class Signer:
    """The keys of one endpoint. `secrets`: whsec_ and 24 to 64 bytes; `key`: whsk_ and 32 bytes, or empty.

    Raises:
        ValueError: one of them is no such key, or there is none; the message does not hold it.
    """

    def __init__(self, secrets: Sequence[str], key: str = "") -> None:
        self._secrets = [_secret(secret) for secret in secrets]
        self._key = _private(key) if key else None
        if not self._secrets and self._key is None:
            raise ValueError("expected a secret or an ed25519 key")

    def sign(self, message: str, at: int, body: str) -> str:
        """The signature header: one entry per key, so that a receiver finds the one it knows."""
        said = _signed(message, str(at), body.encode())
        found = [f"v1,{_b64(_hmac(secret, said))}" for secret in self._secrets]
        if self._key is not None:
            found.append(f"v1a,{_b64(self._key.sign(said))}")
        return " ".join(found)


class Verifier:
    """The other side: the secrets (whsec_…) and public keys (whpk_…) that are believed.

    Raises:
        ValueError: one of them is no such key, or there is none.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self._secrets = [_secret(key) for key in keys if not key.startswith("whpk_")]
        self._public = [_public(key) for key in keys if key.startswith("whpk_")]
        if not keys:
            raise ValueError("expected a secret (whsec_…) or a public key (whpk_…)")

    def verify(self, headers: Mapping[str, str], body: bytes, now: UnixSeconds) -> None:
        """Nothing, when one of the keys has signed it lately. `headers` by lower-case name.

        Raises:
            NotVerified: otherwise, with why.
        """
        message, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        if not message or not re.fullmatch(r"\d{1,12}", at):
            raise NotVerified("it has no webhook-id, or no webhook-timestamp in seconds")
        if abs(now - int(at)) > TOLERANCE_S:
            raise NotVerified(f"it was signed {abs(now - int(at)):.0f} s away from now: a replay, or a wrong clock")
        said = _signed(message, at, body)
        for entry in headers.get("webhook-signature", "").split():
            version, _, text = entry.partition(",")
            if self._agrees(version, _bytes(text), said):
                return
        raise NotVerified("no signature of it is by a key known here")

    def _agrees(self, version: str, signature: bytes, said: bytes) -> bool:
        if version == "v1":
            return any(hmac.compare_digest(signature, _hmac(secret, said)) for secret in self._secrets)
        return version == "v1a" and any(_signed_by(key, signature, said) for key in self._public)


def new_key() -> tuple[str, str]:
    """A new ed25519 key for an endpoint: the private one (whsk_…) and the public one for the receiver (whpk_…)."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    return f"whsk_{_b64(key.private_bytes_raw())}", f"whpk_{_b64(key.public_key().public_bytes_raw())}"


def read_key(file: Path, setting: str) -> str:
    """What a file holds.

    Raises:
        ValueError: it cannot be read; the message names the setting.
    """
    try:
        return file.read_text().strip()
    except OSError as error:
        raise ValueError(f"{setting} {str(file)!r}: {error.strerror}; expected a readable file") from error


def _signed(message: str, at: str, body: bytes) -> bytes:
    return f"{message}.{at}.".encode() + body


def _hmac(secret: bytes, said: bytes) -> bytes:
    return hmac.new(secret, said, hashlib.sha256).digest()


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return b""


def _secret(text: str) -> bytes:
    secret = _bytes(text.removeprefix("whsec_"))
    if not 24 <= len(secret) <= 64:
        raise ValueError("secret: expected whsec_ and 24 to 64 random bytes in base64")
    return secret


def _private(text: str):  # type: ignore[no-untyped-def]  # the library is imported only where a key is used
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    except ImportError as error:
        raise ValueError("an ed25519 key needs the package cryptography: pip install 'attune[alerts]'") from error
    key = _bytes(text.removeprefix("whsk_"))
    if not text.startswith("whsk_") or len(key) not in (32, 64):
        raise ValueError("ed25519 key: expected whsk_ and 32 random bytes in base64")
    return Ed25519PrivateKey.from_private_bytes(key[:32])


def _public(text: str):  # type: ignore[no-untyped-def]  # the library is imported only where a key is used
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    key = _bytes(text.removeprefix("whpk_"))
    if len(key) != 32:
        raise ValueError("public key: expected whpk_ and 32 bytes in base64")
    return Ed25519PublicKey.from_public_bytes(key)


def _signed_by(key, signature: bytes, said: bytes) -> bool:  # type: ignore[no-untyped-def]  # see _public
    from cryptography.exceptions import InvalidSignature

    try:
        key.verify(signature, said)
    except InvalidSignature:
        return False
    return True

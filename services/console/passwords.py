"""Passwords: Argon2id with the cost of RFC 9106's second recommendation, kept as a PHC string with its own salt.

The implementation is that of the `cryptography` package (OpenSSL's), which signing needs anyway.
"""

import os
import secrets
from threading import BoundedSemaphore

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

ITERATIONS, LANES, MEMORY_KIB = 3, 4, 65_536
"""Source: RFC 9106, section 4, the second recommended option: t = 3, p = 4, 64 MiB."""
LEAST, MOST = 10, 200
"""Characters (source: guess, above the eight of NIST SP 800-63B-3, with a limit on attempts)."""

_AT_ONCE = BoundedSemaphore(2)
"""Each takes 64 MiB: a crowd that signs in waits instead of taking the machine's memory."""


class PasswordRefused(ValueError):
    """A password that is too short or too long."""


def digest(password: str) -> str:
    """What is kept of a password.

    Raises:
        PasswordRefused: fewer than 10 or more than 200 characters.
    """
    if not LEAST <= len(password) <= MOST:
        raise PasswordRefused(f"a password of {len(password)} characters: expected {LEAST} to {MOST}")
    with _AT_ONCE:
        kdf = Argon2id(salt=os.urandom(16), length=32, iterations=ITERATIONS, lanes=LANES, memory_cost=MEMORY_KIB)
        return kdf.derive_phc_encoded(password.encode())


def holds(password: str, kept: str) -> bool:
    """Whether it is the password; of nobody's (`kept` empty) it is not, after the same time."""
    with _AT_ONCE:
        try:
            Argon2id.verify_phc_encoded(password[:MOST].encode(), kept or _NOBODYS)
        except InvalidKey:
            return False
    return bool(kept)


def made_up() -> str:
    """A password that nobody guesses, for the first sign-in: 96 random bits."""
    return secrets.token_urlsafe(12)


_NOBODYS = "$argon2id$v=19$m=65536,t=3,p=4$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

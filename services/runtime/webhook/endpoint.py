"""One webhook address with its signing keys, as settings name it."""

from pathlib import Path

import httpx
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from services.runtime.webhook.signing import Signer, read_key


class Endpoint(BaseModel):
    """One webhook endpoint. Messages are signed with `secret` (or what `secret_file` holds) and with each of `also`, so
    that a secret can be changed without a gap, and, with `ed25519_key_file`, by a key whose public half the receiver
    has. At least one is needed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    url: str
    secret: SecretStr = SecretStr("")
    secret_file: Path | None = None
    also: tuple[SecretStr, ...] = ()
    """Further secrets, or paths of files that hold one: the old one while receivers change to the new one."""
    ed25519_key_file: Path | None = None
    """A file with a private key, whsk_ and 32 random bytes in base64; `attune alerts keys` makes one."""

    @field_validator("url")
    @classmethod
    def _an_http_address(cls, url: str) -> str:
        try:
            parsed = httpx.URL(url)
        except httpx.InvalidURL as error:
            raise ValueError(f"expected an address such as https://nurse-call.lan/hook ({error})") from error
        if parsed.scheme not in ("http", "https") or not parsed.host or parsed.userinfo or parsed.fragment:
            raise ValueError("expected http(s)://host[:port]/path without user, password and fragment")
        return url

    @model_validator(mode="after")
    def _a_strong_secret(self) -> "Endpoint":
        plain = bool(self.secret.get_secret_value())
        if (plain and self.secret_file is not None) or not (plain or self.secret_file or self.ed25519_key_file):
            raise ValueError("expected exactly one of secret and secret_file, or an ed25519_key_file")
        self.signer  # noqa: B018 - what cannot sign is refused here
        return self

    @property
    def signing_secret(self) -> str:
        """The secret itself; empty where only an ed25519 key signs.

        Raises:
            ValueError: the file cannot be read.
        """
        if self.secret_file is None:
            return self.secret.get_secret_value()
        return read_key(self.secret_file, "secret_file")

    @property
    def signer(self) -> Signer:
        """What signs a message.

        Raises:
            ValueError: a file cannot be read, or holds no key.
        """
        given = [self.signing_secret, *(_also(one.get_secret_value()) for one in self.also)]
        key = "" if self.ed25519_key_file is None else read_key(self.ed25519_key_file, "ed25519_key_file")
        return Signer([secret for secret in given if secret], key)


def _also(text: str) -> str:
    return text if text.startswith("whsec_") or "/" not in text else read_key(Path(text), "also")

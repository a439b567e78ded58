"""One webhook address with its signing secret, as settings name it."""

import base64
import binascii
from pathlib import Path

import httpx
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator


class Endpoint(BaseModel):
    """One webhook endpoint. Exactly one of `secret` and `secret_file` holds the signing secret."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    url: str
    secret: SecretStr = SecretStr("")
    secret_file: Path | None = None

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
        if bool(self.secret.get_secret_value()) == (self.secret_file is not None):
            raise ValueError("expected exactly one of secret and secret_file")
        if not 24 <= len(_decoded(self.signing_secret)) <= 64:
            raise ValueError("secret: expected whsec_ and 24 to 64 random bytes in base64")
        return self

    @property
    def signing_secret(self) -> str:
        """The secret itself.

        Raises:
            ValueError: the file cannot be read.
        """
        if self.secret_file is None:
            return self.secret.get_secret_value()
        try:
            return self.secret_file.read_text().strip()
        except OSError as error:
            raise ValueError(
                f"secret_file {str(self.secret_file)!r}: {error.strerror}; expected a readable file"
            ) from error


def _decoded(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix("whsec_") + "==")
    except binascii.Error:
        return b""

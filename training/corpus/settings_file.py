"""Settings in a TOML file: read as a pydantic model, or refused with the file, the place and what was expected."""

import tomllib
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from training.corpus.errors import CorpusError

T = TypeVar("T", bound=BaseModel)


def read_settings(kind: type[T], file: Path, expected: str, invalid: type[CorpusError]) -> T:
    """What `file` says; `expected` ends the message where there is none.

    Raises:
        invalid: it cannot be read, or says something that nobody understands.
    """
    try:
        return kind.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise invalid(f"{file}: {error.strerror}; expected {expected}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise invalid(f"{file}: is no TOML ({error})") from error
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, one['loc'])) or 'file'}: {one['msg']}" for one in error.errors())
        raise invalid(f"{file}: {faults}") from error

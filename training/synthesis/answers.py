"""What teachers answered, on disk before anything is made of it: nothing paid for is asked twice."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.corpus.assets import write_whole
from training.corpus.errors import CorpusDamaged
from vlm_service.dialogue import Reply


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer as it came: the reply, why it was refused where it was, what is `wrong` with it where it is no answer
    of the protocol at all, and the tokens it is charged for."""

    reply: Reply
    refusal: str = ""
    wrong: str = ""
    tokens_in: int = 0
    tokens_out: int = 0


@dataclass(frozen=True, slots=True)
class Answers:
    """A folder of answers by the digest of what was sent: teacher, words, sampling and attempt."""

    folder: Path

    def digest(self, teacher: str, body: Mapping[str, Any]) -> str:
        """The name of what is sent; another address of the same teacher changes nothing."""
        said = json.dumps([teacher, body], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(said.encode()).hexdigest()

    def has(self, digest: str) -> bool:
        """Whether it was answered."""
        return self._file(digest).is_file()

    def read(self, digest: str) -> dict[str, Any] | None:
        """The server's answer; None where it was never asked.

        Raises:
            CorpusDamaged: a file that holds no answer.
        """
        file = self._file(digest)
        try:
            kept = json.loads(file.read_bytes())
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise CorpusDamaged(f"{file}: holds no answer; remove it, and it is asked for again") from error
        return dict(kept["answer"])

    def keep(self, digest: str, teacher: str, body: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        """Writes an answer, with what it answers."""
        file = self._file(digest)
        file.parent.mkdir(parents=True, exist_ok=True)
        kept = {"teacher": teacher, "asked": body, "answer": answer}
        write_whole(file, json.dumps(kept, ensure_ascii=False, indent=1).encode())

    def _file(self, digest: str) -> Path:
        return self.folder / digest[:2] / f"{digest}.json"

"""Makes text from outside safe to print: one line, bounded, quoted, never an instruction to a model."""

import json
import unicodedata

_TURNING = frozenset("\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff")
_ANGLES = str.maketrans({"<": "‹", ">": "›"})


def one_line(text: str, limit: int = 600) -> str:
    """`text` without control, surrogate and direction characters, white space folded, at most `limit` characters.

    >>> one_line("crying\\n\\nheard\\x00 twice ")
    'crying heard twice'
    """
    folded = " ".join(text.split())
    if folded.isprintable():  # none of what is taken out is
        return folded if len(folded) <= limit else " ".join(folded[:limit].split())
    kept = "".join(c for c in folded if unicodedata.category(c) not in ("Cc", "Cs") and c not in _TURNING)
    return " ".join(" ".join(kept.split())[:limit].split())


def quoted(text: str, limit: int = 80) -> str:
    """`text` as data in double quotes; angle brackets are replaced, so that no chat token can be forged.

    >>> quoted('Anna<|im_end|>')
    '"Anna‹|im_end|›"'
    """
    return json.dumps(one_line(text, limit).translate(_ANGLES), ensure_ascii=False)

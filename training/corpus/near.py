"""Which texts are nearly the same: MinHash signatures in bands find candidates, the Jaccard index decides.

Broder 1997, "On the resemblance and containment of documents"; banding as in Leskovec, Rajaraman and Ullman, "Mining of
Massive Datasets", chapter 3.4. With 32 bands of 4 rows a pair of Jaccard index 0.8 becomes a candidate with
probability 1 - (1 - 0.8^4)^32 > 0.9999, and the exact index keeps out every false one.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

SAME = 0.8
"""Jaccard index from which two texts are near-duplicates. Source: Lee et al. 2022, ACL (0.8 of 5-grams)."""
WORDS = 3
"""Words in a shingle; our texts are short. Source: guess."""
_BANDS, _ROWS = 32, 4


def shingles(text: str) -> frozenset[int]:
    """64-bit hashes of the runs of `WORDS` words of a text, numbers as they are, case and blanks apart.

    >>> len(shingles("One two  three FOUR")), shingles("a b c") == shingles("A  b c")
    (2, True)
    """
    words = re.findall(r"[\w.+-]+", text.lower())
    runs = [" ".join(words[k : k + WORDS]) for k in range(max(1, len(words) - WORDS + 1))]
    return frozenset(int.from_bytes(hashlib.blake2b(run.encode(), digest_size=8).digest()) for run in runs)


def jaccard(one: frozenset[int], other: frozenset[int]) -> float:
    """Shared shingles out of all."""
    return len(one & other) / max(1, len(one | other))


@dataclass(frozen=True, slots=True)
class Signed:
    """A text as near-duplicates are looked for: its shingles, and the bands of its MinHash signature."""

    shingles: frozenset[int]
    bands: tuple[tuple[int, bytes], ...]

    @classmethod
    def of(cls, text: str) -> Self:
        """Of a text."""
        found = shingles(text)
        return cls(found, tuple(_bands(found)))


class Near:
    """Texts seen so far, by key; asks which of them a new one nearly repeats."""

    def __init__(self) -> None:
        self._seen: dict[str, frozenset[int]] = {}
        self._buckets: dict[tuple[int, bytes], list[str]] = {}

    def like(self, text: Signed) -> str | None:
        """The key of the most similar text that was added, where it is a near-duplicate."""
        candidates = {key for band in text.bands for key in self._buckets.get(band, ())}
        scored = [(jaccard(text.shingles, self._seen[key]), key) for key in candidates]
        best = max(scored, default=(0.0, ""))
        return best[1] if best[0] >= SAME else None

    def add(self, key: str, text: Signed) -> None:
        """Remembers a text."""
        self._seen[key] = text.shingles
        for band in text.bands:
            self._buckets.setdefault(band, []).append(key)


def _bands(of: frozenset[int]) -> list[tuple[int, bytes]]:
    signature = _signature(np.fromiter(of, np.uint64, len(of)))
    return [(band, signature[band * _ROWS : (band + 1) * _ROWS].tobytes()) for band in range(_BANDS)]


def _signature(of: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The smallest of each of the mixed hashes (splitmix64 of Steele et al. 2014, one seed a row): (bands x rows,)."""
    seeds = np.arange(1, _BANDS * _ROWS + 1, dtype=np.uint64)[:, None] * np.uint64(0x9E3779B97F4A7C15)
    mixed = of[None] ^ seeds
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray((mixed ^ (mixed >> np.uint64(31))).min(axis=1))

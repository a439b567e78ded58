"""Lets a model answer once where several ask it the very same: residents who share a picture share what it shows."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from edge_agent.batching import Array, Call

MOST = 64
"""Answers that are kept: some seconds of what one picture's senses ask (source: guess)."""


@dataclass(slots=True, eq=False)
class _Answer:
    ready: threading.Event = field(default_factory=threading.Event)
    outputs: list[Array] | None = None


class Remembered:
    """Calls `run` for inputs that were not asked for lately; whoever asks the same while it runs waits for its answer.

    Inputs are the same where every byte is. `saved` counts the calls that were not needed.

    >>> double = Remembered(lambda inputs: [2 * inputs["x"]])
    >>> [double({"x": np.array([3.0])})[0].tolist() for _ in range(3)], double.saved
    ([[6.0], [6.0], [6.0]], 2)
    """

    def __init__(self, run: Call, most: int = MOST) -> None:
        self._run, self._most = run, most
        self._held: OrderedDict[bytes, _Answer] = OrderedDict()
        self._lock = threading.Lock()
        self.saved = 0

    def __call__(self, inputs: Mapping[str, Array]) -> list[Array]:
        key = _key(inputs)
        with self._lock:
            held = self._held.get(key)
            mine = held is None
            if held is None:
                held = self._held[key] = _Answer()
                while len(self._held) > self._most:
                    self._held.popitem(last=False)
        if mine:
            return self._asked(inputs, key, held)
        held.ready.wait()
        if held.outputs is None:  # whoever asked first was told an error
            return self._run(inputs)
        with self._lock:
            self.saved += 1
        return [output.copy() for output in held.outputs]

    def _asked(self, inputs: Mapping[str, Array], key: bytes, held: _Answer) -> list[Array]:
        try:
            outputs = self._run(inputs)
            held.outputs = [output.copy() for output in outputs]
            return outputs
        finally:
            if held.outputs is None:
                with self._lock:
                    self._held.pop(key, None)
            held.ready.set()


def _key(inputs: Mapping[str, Array]) -> bytes:
    """A digest of all inputs, with their names, kinds and shapes. Processors have instructions for SHA-256: 1.1 ms for
    the 1.6 MB of a picture in which faces are sought, where BLAKE2 takes 3.2 and the search 4.4 (source: measured)."""
    digest = hashlib.sha256()
    for name, array in inputs.items():
        digest.update(f"{name} {array.dtype.str} {array.shape};".encode())
        digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return digest.digest()

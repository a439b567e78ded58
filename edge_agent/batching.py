"""Runs what several cameras ask of one model at the same moment in one session call."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
Call: TypeAlias = Callable[[Mapping[str, Array]], list[Array]]

MOST = 16
"""Rows of one call (source: guess; two faces each of eight cameras)."""


@dataclass(slots=True, eq=False)
class _Ask:
    inputs: Mapping[str, Array]
    answer: list[Array] | None = None
    error: Exception | None = None
    rows: int = field(init=False)

    def __post_init__(self) -> None:
        self.rows = len(next(iter(self.inputs.values())))

    @property
    def shape(self) -> tuple[object, ...]:
        return tuple((name, array.shape[1:], array.dtype.str) for name, array in self.inputs.items())


class Together:
    """Calls `run` for whoever asks; whoever asks while it runs waits, and is then asked for together with the others.

    Nobody waits for others to come: alone, a camera's call goes through at once. Every input and output has the batch
    as its first axis. An error of a call is raised for everybody in it.

    >>> double = Together(lambda inputs: [2 * inputs["x"]])
    >>> double({"x": np.array([[1.0], [2.0]])})[0].tolist()
    [[2.0], [4.0]]
    """

    def __init__(self, run: Call, most: int = MOST) -> None:
        self._run, self._most = run, most
        self._waiting: list[_Ask] = []
        self._guard, self._running = threading.Lock(), threading.Lock()
        self.calls = 0

    def __call__(self, inputs: Mapping[str, Array]) -> list[Array]:
        mine = _Ask(inputs)
        with self._guard:
            self._waiting.append(mine)
        with self._running:  # held by whoever asks for all
            if mine.answer is None and mine.error is None:
                self._answer(self._taken(mine))
        if mine.error is not None:
            raise mine.error
        assert mine.answer is not None
        return mine.answer

    def _taken(self, mine: _Ask) -> list[_Ask]:
        """`mine`, and those waiting that look like it, as far as they fit."""
        with self._guard:
            taken, rows = [mine], mine.rows
            for ask in self._waiting:
                if ask is not mine and ask.shape == mine.shape and rows + ask.rows <= self._most:
                    taken.append(ask)
                    rows += ask.rows
            self._waiting = [ask for ask in self._waiting if ask not in taken]
        return taken

    def _answer(self, asks: Sequence[_Ask]) -> None:
        self.calls += 1
        try:
            names = asks[0].inputs
            outputs = self._run({name: np.concatenate([ask.inputs[name] for ask in asks]) for name in names})
        except Exception as error:  # noqa: BLE001 - it is raised again, for each who asked
            for ask in asks:
                ask.error = error
            return
        at = 0
        for ask in asks:
            ask.answer = [output[at : at + ask.rows] for output in outputs]
            at += ask.rows

"""Several sequences in one row, none of which sees another.

Each begins at position 0 again and attends to itself alone (`attention`). Pictures keep their three-axis positions
within their sequence.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from training.qlora.chat import Tokens

Pixels = Callable[[str], Mapping[str, Any]]
Positions = Callable[[Tokens], torch.Tensor]
"""(3, n): time, height and width of each token."""


@dataclass(frozen=True, slots=True)
class Packed:
    """One row for the model. `inputs` are its arguments, `lengths` the tokens of each sequence, `learned` (n,) marks
    tokens that are learned from, `wanted` (of these) are their ids. The token before each is where the model says what
    it expects."""

    inputs: dict[str, torch.Tensor]
    lengths: tuple[int, ...]
    learned: torch.Tensor
    wanted: torch.Tensor


def plan(lengths: Sequence[int], room: int) -> list[list[int]]:
    """Which sequences share a row of `room` tokens: each in the order given goes where the least room is left that is
    enough (best fit).

    Raises:
        ValueError: a sequence that is longer than a row.

    >>> plan([5, 4, 3, 2], 7)
    [[0, 3], [1, 2]]
    """
    rows: list[list[int]] = []
    left: list[int] = []
    for one, length in enumerate(lengths):
        if length > room:
            raise ValueError(f"a sequence of {length} tokens for rows of {room}: expected at most so many")
        fitting = [row for row, space in enumerate(left) if space >= length]
        if fitting:
            row = min(fitting, key=left.__getitem__)
        else:
            row = len(rows)
            rows.append([])
            left.append(room)
        rows[row].append(one)
        left[row] -= length
    return rows


def packed(sequences: Sequence[Tokens], positions: Positions, pixels: Pixels) -> Packed:
    """The row of `sequences`, in order. A token that is learned from is never the first of its sequence."""
    ids = torch.from_numpy(np.concatenate([one.ids for one in sequences]))
    learned = torch.from_numpy(np.concatenate([one.learned for one in sequences]))
    starts = torch.cat([torch.arange(len(one)) for one in sequences])
    axes = torch.cat([positions(one) for one in sequences], dim=1)
    inputs = {"input_ids": ids[None], "position_ids": torch.cat([starts[None], axes])[:, None]}
    seen = [pixels(asset) for one in sequences for asset, _, _ in one.images]
    for name in ("pixel_values", "image_grid_thw") if seen else ():
        inputs[name] = torch.cat([one[name] for one in seen])
    return Packed(inputs, tuple(map(len, sequences)), learned, ids[learned])

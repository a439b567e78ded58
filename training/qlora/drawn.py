"""Drawn pictures for golden prompts: they show nobody, and are the same wherever they are drawn."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from PIL import Image

from training.qlora.base import Base
from training.qlora.chat import Tokens, Turn, tokens

SIDE, FIELDS = 256, 16
"""Pixels of a side, which Qwen3-VL looks at without making it larger or smaller, and fields of one colour in it."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture: what it is called in a turn, the PNG file in base64, and what the vision tower is shown of it."""

    name: str
    png: str
    pixels: dict[str, Any]

    @property
    def size(self) -> tuple[str, int, int]:
        """Name, height and width in patches."""
        _, height, width = self.pixels["image_grid_thw"][0].tolist()
        return self.name, height, width


def drawn(base: Base, seed: int) -> Drawn:
    """A chequered picture in colours of `seed`."""
    colours = np.random.default_rng(seed).integers(0, 256, (FIELDS, FIELDS, 3), dtype=np.uint8)
    picture = Image.fromarray(colours).resize((SIDE, SIDE), Image.Resampling.NEAREST)
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return Drawn(f"drawn-{seed}", base64.b64encode(out.getvalue()).decode(), base.seen(picture))


def shown(base: Base, turn: Turn, pictures: Sequence[Drawn]) -> Tokens:
    """The numbers of a turn in which `pictures` stand for its own."""
    named = replace(turn, images=tuple(one.name for one in pictures))
    sizes = [one.size for one in pictures]
    return tokens(named, base.tokenizer, sizes, base.config.vision_config.spatial_merge_size, base.holder)

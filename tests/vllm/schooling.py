"""Small schools for tests: corpora of short examples, settings, and the command line that trains on them."""

import io
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from tests.vllm.server import interpreter, small_model
from training.corpus.example import Example, Kind, Layer, Message, Role, Source, Split
from training.corpus.parts import Modality, Part, Recorded, Text
from training.corpus.store import Corpus, CorpusWriter

BASE = "Qwen/Qwen3-VL-8B-Thinking"
WORDS = ("motion", "cry", "voice", "posture", "quality", "usual", "fall", "rise")
PACE = "[pace]\nrate = 1e-2\npack_tokens = 256\npacks = 2\ncheck_every = 3\n"
PHASES = '[[phase]]\nkinds = ["thinking"]\n[[phase]]\n'


def settings(folder: Path, pace: str = PACE, phases: str = PHASES, more: str = "", model: Path | None = None) -> Path:
    """A settings file for the small base."""
    model = model or small_model(interpreter())
    head = f'# attune train qlora qlora.toml --corpus composed --out run\nbase = "{BASE}"\nmodel = "{model}"\n'
    file = folder / "qlora.toml"
    file.write_text(f"{head}{more}[lora]\nrank = 4\nalpha = 8\n{pace}{phases}")
    return file


def said(
    name: str, *turns: tuple[Role, Sequence[Part] | str, str], layer: Layer = Layer.HEALTHCARE,
    split: Split = Split.TRAIN, kind: Kind = Kind.THINKING,
) -> Example:  # fmt: skip
    """A conversation: who says what, and thinks what."""
    messages = tuple(
        Message(role, (Text(what),) if isinstance(what, str) else tuple(what), thought) for role, what, thought in turns
    )
    return Example(name, layer, kind, split, Source("MADE", name, "CC0-1.0", name, "test"), messages)


def lessons(layers: Sequence[Layer] = (Layer.HEALTHCARE,), count: int = 24) -> list[Example]:
    """Short examples of which something can be learned: the answer follows from the word in the question."""
    made = []
    for layer in layers:
        for number in range(count):
            word, split = WORDS[number % len(WORDS)], Split.VALIDATION if number % 6 == 5 else Split.TRAIN
            thinks = number % 4 != 3
            turns = (Role.USER, f"{layer.value} report {number}: {word}", ""), (
                Role.ASSISTANT, '{"tier":1}' if word in ("cry", "fall") else '{"tier":3}',
                f"The {word} changed." if thinks else "",
            )  # fmt: skip
            kind = Kind.THINKING if thinks else Kind.FACTUAL
            made.append(said(f"{layer.value}-{number}", *turns, layer=layer, split=split, kind=kind))
    return made


def corpus(folder: Path, examples: Sequence[Example]) -> Corpus:
    writer = CorpusWriter(folder, "tests")
    writer.add_all(examples)
    return writer.finish()


def picture(folder: Path, writer: CorpusWriter, colour: tuple[int, int, int], size: tuple[int, int]) -> Recorded:
    """A picture of one colour as an asset; `size` in pixels."""
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    file = folder / f"{colour[0]}-{size[0]}.png"
    file.write_bytes(out.getvalue())
    return Recorded(Modality.IMAGE, writer.assets.add(file, Modality.IMAGE))


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "services.cli.main", "train", *map(str, arguments)]


def environment() -> dict[str, str]:
    return os.environ | {"ATTUNE_TRAINING_PYTHON": str(interpreter()), "COLUMNS": "250", "OMP_NUM_THREADS": "2"}


def train(*arguments: object) -> "subprocess.CompletedProcess[str]":
    """`attune train ...`."""
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, check=False, timeout=400, env=environment()
    )

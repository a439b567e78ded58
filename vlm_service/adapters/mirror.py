"""Makes an adapter's counterparts: the same weights with the opposite effect, or with none at all."""

import json
import shutil
from pathlib import Path

from vlm_service.bundle.manifest import PEFT, WEIGHTS

_BYTES = {"F32": 4, "F16": 2, "BF16": 2}
_SIGN = bytes(byte ^ 0x80 for byte in range(256))


_ZERO = bytes(256)


def write_mirror(bundle: Path, into: Path) -> None:
    """Write to the folder `into` what `bundle` holds, every lora_B with its sign turned. A LoRA adds B·A: the
    counterpart takes away what the adapter adds."""
    _write(bundle, into, _SIGN, last_byte_alone=True)


def write_nothing(bundle: Path, into: Path) -> None:
    """Write to the folder `into` what `bundle` holds, every lora_B zero: a LoRA that adds nothing."""
    _write(bundle, into, _ZERO, last_byte_alone=False)


def _write(bundle: Path, into: Path, table: bytes, last_byte_alone: bool) -> None:
    """The file is a length (8 bytes), a JSON header of that length, then little-endian numbers (source: the description
    of the safetensors format): the sign is the highest bit of the last byte of each.
    """
    raw = bytearray((bundle / WEIGHTS).read_bytes())
    start = 8 + int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8:start])
    for name, tensor in header.items():
        if name.endswith(".lora_B.weight"):
            first, end = (start + offset for offset in tensor["data_offsets"])
            width = _BYTES[tensor["dtype"]] if last_byte_alone else 1
            raw[first + width - 1 : end : width] = raw[first + width - 1 : end : width].translate(table)
    (into / WEIGHTS).write_bytes(raw)
    shutil.copyfile(bundle / PEFT, into / PEFT)

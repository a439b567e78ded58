"""Makes the converted models of the catalogue from their official weights; the training room converts, as a process."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from services.runtime.asset_sources import pull
from services.runtime.assets import Asset, AssetError, Receipt, Shelf, check, receipt_of

Say = Callable[[str], None]

_CONVERTS_S = 1800.0


class NotBuilt(AssetError):
    """A model that could not be made; the message says why."""


@dataclass(frozen=True, slots=True)
class Built:
    """A model and how it came here: `how` in words, and its receipt where it was made now."""

    path: Path
    how: str
    receipt: Receipt | None = None


def build(shelf: Shelf, asset: Asset, again: bool = False, say: Say = lambda _: None) -> Built:
    """Fetch what `asset` is made from, convert it, compare it with its original, and put it into the cache.

    What was fetched or made before is used again. A build that breaks off leaves nothing that looks finished.

    Raises:
        NotBuilt: it has no recipe, or the conversion failed or differs too much.
        AssetError, OSError: a source cannot be had.
    """
    if not asset.recipe:
        raise NotBuilt(f"{asset.name}: no recipe makes it; `attune assets pull {asset.name}` fetches it")
    target = shelf.cached(asset)
    if not again and target.is_file():
        check(asset, target)
        return Built(target, "was there")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".build-") as folder:
        for name in asset.sources:
            say(f"fetching {name}")
            shutil.copyfile(pull(shelf, name), Path(folder) / name)
        say("converting and comparing")
        made = Path(folder) / "made.onnx"
        said = _convert(asset, Path(folder), made)
        receipt = Receipt(
            sha256=said["sha256"], catalogue_sha256=asset.sha256, difference=said["difference"],
            tolerance=said["tolerance"], against=said["against"],
        )  # fmt: skip
        note = Path(folder) / "receipt.json"
        note.write_text(receipt.model_dump_json(indent=1) + "\n")
        os.replace(note, receipt_of(target))
        os.replace(made, target)
    check(asset, target)
    same = "byte for byte the catalogue's" if receipt.sha256 == asset.sha256 else "not byte for byte the catalogue's"
    return Built(target, f"made, {same}", receipt)


def _convert(asset: Asset, sources: Path, made: Path) -> dict[str, object]:
    command = [sys.executable, "-m", "training.export", asset.recipe, "--sources", str(sources), "--out", str(made)]
    environ = {**os.environ, "PYTHONHASHSEED": "0"}
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_CONVERTS_S, check=False, env=environ)
    except subprocess.TimeoutExpired as error:
        raise NotBuilt(f"{asset.name}: the conversion did not end within {_CONVERTS_S / 60:.0f} minutes") from error
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise NotBuilt(f"{asset.name}: {lines[-1] if lines else f'the conversion ended with {done.returncode}'}")
    said: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return said

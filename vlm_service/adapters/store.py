"""Where bundles lie on the server: one folder per served name, written once and never changed."""

import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from services.vocabulary.time import Seconds
from vlm_service.bundle import BundleError
from vlm_service.bundle.card import read_card
from vlm_service.bundle.manifest import CARD, MANIFEST, SIGNATURE, WEIGHTS

MIRROR = "mirror-"
"""Begins the name of a version's counterpart, which a probe makes; every process has its own."""


STAND_IN = "nothing-added"
"""Name of a LoRA that adds nothing: the base model, asked as an adapter."""
FORGOTTEN_S: Seconds = 3600.0
"""Age at which nobody can still be sending it, or asking a server about it (source: guess)."""


class Store:
    """Bundles under `folder`: `bundles/NAME@SHA12/`, and `incoming/` for what is on its way."""

    def __init__(self, folder: Path) -> None:
        self._bundles, self._incoming = folder / "bundles", folder / "incoming"
        self._sees: dict[str, bool] = {}
        self._own = uuid.uuid4().hex[:12]

    def open(self) -> None:
        """Make the folders and forget what was on its way long ago, when a process ended.

        Raises:
            OSError: the folder cannot be written.
        """
        self._bundles.mkdir(parents=True, exist_ok=True)
        self._incoming.mkdir(parents=True, exist_ok=True)
        for folder in self._incoming.iterdir():
            try:
                old = folder.stat().st_mtime < time.time() - FORGOTTEN_S
            except FileNotFoundError:
                continue  # another replica that starts was faster
            if old:
                self.forget(folder)

    @contextmanager
    def arriving(self) -> Iterator[Path]:
        """An empty folder for one push; what was not moved out of it is gone afterwards."""
        folder = self._incoming / uuid.uuid4().hex
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            self.forget(folder)

    def keep(self, arrived: Path, served_name: str) -> Path:
        """Move a bundle to its place; one that is there already stays as it is."""
        place = self.place(served_name)
        try:
            os.rename(arrived, place)
        except OSError:
            if not place.is_dir():
                raise
        return place

    def sign_again(self, arrived: Path, served_name: str) -> None:
        """Take manifest and signature of the same contents into a kept bundle."""
        for name in (MANIFEST, SIGNATURE):
            os.replace(arrived / name, self.place(served_name) / name)

    def place(self, served_name: str) -> Path:
        """The folder of a version, whether or not it is there."""
        if not served_name or served_name != Path(served_name).name:
            raise ValueError(f"{served_name!r}: expected a served name such as agitation@0123456789ab")
        return self._bundles / served_name

    def sees(self, served_name: str) -> bool:
        """Whether the card says that a version was trained with pictures; not where there is no card to be read."""
        if served_name not in self._sees:
            try:
                self._sees[served_name] = read_card(self.place(served_name) / CARD).sees == "frames"
            except (BundleError, OSError):
                return False
        return self._sees[served_name]

    def weighs(self, served_name: str) -> int:
        """Bytes of a version's weights; 0 where they are not here."""
        weights = self.place(served_name) / WEIGHTS
        return weights.stat().st_size if weights.is_file() else 0

    def seen_at(self, folder: str, served_name: str) -> str:
        """The path of a version, or of its counterpart, where the store's folder is seen as `folder`."""
        part = self._incoming if served_name.startswith(MIRROR) else self._bundles
        return f"{folder.rstrip('/')}/{part.name}/{served_name}"

    def stand_in(self) -> Path:
        """The folder of the LoRA that adds nothing."""
        return self._bundles / STAND_IN

    def beside(self, served_name: str, write: Callable[[Path], None]) -> Path:
        """The folder of this process's counterpart of a version, filled by `write` unless it is there: a server may be
        reading it, so it is neither written twice nor another process's too."""
        folder = self._incoming / f"{MIRROR}{self._own}-{served_name}"
        try:
            os.utime(folder)  # or it would look forgotten to a process that starts now
        except FileNotFoundError:
            with self.arriving() as arriving:
                write(arriving)
                os.rename(arriving, folder)
        return folder

    def forget(self, folder: Path) -> None:
        """Remove what nobody reads any more."""
        shutil.rmtree(folder, ignore_errors=True)

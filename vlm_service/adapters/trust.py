"""Whose a kept version is, by the keys that are trusted now: one pushed before there was a key is looked at again."""

from pathlib import Path

from vlm_service.adapters.store import Store
from vlm_service.bundle import BundleError, NotSigned, Server, fits, open_bundle, trusted_keys
from vlm_service.bundle.manifest import SIGNATURE

REMEDY = ("have whoever answers for it sign the same bundle (`attune adapters seal FOLDER --key adapters.key`) and "
          "push it again: it keeps its name and takes the signature")  # fmt: skip


class Trust:
    """What servers take, and whose bundles: `trusted` is the public key that must have signed, or a folder of such
    keys; None, or a folder without any: none need have."""

    def __init__(self, store: Store, server: Server, trusted: Path | None) -> None:
        self._store, self.server, self._trusted = store, server, trusted
        self._seen: dict[str, tuple[object, str]] = {}

    def keys(self) -> list[str]:
        """The keys that are trusted now, by name and the first digits of their SHA-256; empty: whoever may push is.

        Raises:
            KeyUnusable: what should be a key is none.
        """
        known = trusted_keys(self._trusted) if self._trusted is not None else {}
        return [f"{public.name} {digits}" for public, digits in known.items()]

    def check(self, folder: Path) -> None:
        """
        Raises:
            BundleError: a trusted key did not sign what lies in `folder`, or the servers would not take it.
        """
        fits(open_bundle(folder, self._trusted if self.keys() else None), self.server)

    def doubts(self, served_name: str) -> str:
        """Why a kept version must not be heard as things are set now; empty: it may. Its files are read again where
        keys, settings or the signature changed since the last look."""
        known = self._seen.get(served_name)
        if known is not None and known[0] == self._set_as(served_name):
            return known[1]
        return self.refuses(served_name)

    def refuses(self, served_name: str) -> str:
        """As `doubts`, with every file read now."""
        now, place = self._set_as(served_name), self._store.place(served_name)
        try:
            self.check(place)
            found = ""
        except (BundleError, OSError) as error:
            found = f"{error}: {REMEDY}" if isinstance(error, NotSigned) else str(error)
        self._seen[served_name] = (now, found)
        return found

    def _set_as(self, served_name: str) -> object:
        signature = self._store.place(served_name) / SIGNATURE
        try:
            return self.keys(), self.server, signature.stat().st_mtime_ns if signature.is_file() else 0
        except (BundleError, OSError) as error:
            return str(error)

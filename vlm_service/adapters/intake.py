"""Takes a pushed bundle in: kept under its own name, checked as sealed, signed and fit, or refused in words."""

from pathlib import Path

from services.runtime import logs
from services.vocabulary import AdapterState, AdapterVersion, MoveCause
from vlm_service import metrics
from vlm_service.adapters.registry import SERVICE, Registry, Step
from vlm_service.adapters.store import Store
from vlm_service.adapters.unpack import unpack
from vlm_service.bundle import BundleError, Server, fits, open_bundle, trusted_keys

NO_KEY = ("nobody checked who made it: no key is trusted here; ATTUNE_VLM_ADAPTERS_TRUST names the public key that "
          "`attune adapters keys` made")  # fmt: skip
NO_WEIGHTS = ("nobody compared the weights of {model} that it was trained on with the servers': "
              "ATTUNE_VLM_BASE_WEIGHTS names their digest")  # fmt: skip


class Intake:
    """Pushes of one server. `trusted` is the public key that must have signed a bundle, or a folder of such keys; None,
    or a folder without any: none need be, and every answer says so."""

    def __init__(self, store: Store, registry: Registry, server: Server, trusted: Path | None) -> None:
        self._store, self._registry = store, registry
        self._server, self._trusted = server, trusted
        self._log = logs.logger(room="vlm")

    def keys(self) -> list[str]:
        """The keys that are trusted now, by name and the first digits of their SHA-256; empty: whoever may push is.

        Raises:
            KeyUnusable: what should be a key is none.
        """
        known = trusted_keys(self._trusted) if self._trusted is not None else {}
        return [f"{public.name} {digits}" for public, digits in known.items()]

    def not_checked(self) -> list[str]:
        """What no push is checked for as things are set, each with the setting that changes it.

        Raises:
            KeyUnusable: what should be a key is none.
        """
        return [
            *([] if self.keys() else [NO_KEY]),
            *([] if self._server.weights_sha256 else [NO_WEIGHTS.format(model=self._server.model)]),
        ]

    def take(self, archive: Path, by: str) -> tuple[AdapterVersion, bool]:
        """The version of a pushed tar archive, and whether anything was new about it.

        Raises:
            BundleError: refused; the subclass says why. What has a name that can be trusted is kept as refused.
        """
        try:
            return self._take(archive, by)
        except BundleError as error:
            metrics.ADAPTERS_REFUSED.labels(error.reason).inc()
            self._log.warning("an adapter was refused", reason=error.reason, why=str(error))
            raise

    def _take(self, archive: Path, by: str) -> tuple[AdapterVersion, bool]:
        trusted = self._trusted if self.keys() else None
        with self._store.arriving() as folder:
            try:
                unpack(archive, folder)
                bundle = open_bundle(folder)
            except BundleError as error:
                self._registry.told_off("push", error.reason, str(error), by)
                raise
            version, fresh = self._registry.pushed(bundle.card.name, bundle.manifest.digest, by)
            if not fresh and version.state is not AdapterState.UPLOADED:
                return version, False
            try:
                if trusted is not None:
                    open_bundle(folder, trusted)
                fits(bundle, self._server)
            except BundleError as error:
                step = Step(AdapterState.REFUSED, MoveCause.CHECKED, SERVICE, f"{error.reason}: {error}")
                self._registry.move(version.served_name, step)
                raise
            self._store.keep(folder, version.served_name)
        why = "as sealed, signed and fit" if trusted else "as sealed and fit; no key is trusted here"
        step = Step(AdapterState.VERIFIED, MoveCause.CHECKED, SERVICE, why)
        self._log.info("an adapter was pushed", adapter=version.served_name)
        return self._registry.move(version.served_name, step), True

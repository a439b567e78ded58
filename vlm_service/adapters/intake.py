"""Takes a pushed bundle in: kept under its own name, checked as sealed, signed and fit, or refused in words."""

from pathlib import Path

from services.runtime import logs
from services.vocabulary import AdapterState, AdapterVersion, MoveCause
from vlm_service import metrics
from vlm_service.adapters.registry import SERVICE, Registry, Step
from vlm_service.adapters.store import Store
from vlm_service.adapters.trust import Trust
from vlm_service.adapters.unpack import unpack
from vlm_service.bundle import BundleError, open_bundle

NO_KEY = ("nobody checked who made it: no key is trusted here; ATTUNE_VLM_ADAPTERS_TRUST names the public key that "
          "`attune adapters keys` made")  # fmt: skip
NO_WEIGHTS = ("nobody compared the weights of {model} that it was trained on with the servers': "
              "ATTUNE_VLM_BASE_WEIGHTS names their digest")  # fmt: skip


class Intake:
    """Pushes of one server. Where no key is trusted, every answer says so."""

    def __init__(self, store: Store, registry: Registry, trust: Trust) -> None:
        self._store, self._registry, self.trust = store, registry, trust
        self._log = logs.logger(room="vlm")

    def not_checked(self) -> list[str]:
        """What no push is checked for as things are set, each with the setting that changes it.

        Raises:
            KeyUnusable: what should be a key is none.
        """
        return [
            *([] if self.trust.keys() else [NO_KEY]),
            *([] if self.trust.server.weights_sha256 else [NO_WEIGHTS.format(model=self.trust.server.model)]),
        ]

    def take(self, archive: Path, by: str, token: str = "") -> tuple[AdapterVersion, bool]:
        """The version of a pushed tar archive, and whether anything was new about it. `by` is who says to push it,
        `token` the role whose token was shown.

        Raises:
            BundleError: refused; the subclass says why. What has a name that can be trusted is kept as refused.
        """
        try:
            return self._take(archive, by, token)
        except BundleError as error:
            metrics.ADAPTERS_REFUSED.labels(error.reason).inc()
            self._log.warning("an adapter was refused", reason=error.reason, why=str(error))
            raise

    def _take(self, archive: Path, by: str, token: str) -> tuple[AdapterVersion, bool]:
        signed = bool(self.trust.keys())
        with self._store.arriving() as folder:
            try:
                unpack(archive, folder)
                bundle = open_bundle(folder)
            except BundleError as error:
                self._registry.told_off("push", error.reason, str(error), by, token)
                raise
            version, fresh = self._registry.pushed(bundle.card.name, bundle.manifest.digest, by, token)
            if not fresh and version.state is not AdapterState.UPLOADED:
                self._sign_again(folder, version.served_name, by, token)
                return version, False
            try:
                self.trust.check(folder)
            except BundleError as error:
                step = Step(AdapterState.REFUSED, MoveCause.CHECKED, SERVICE, f"{error.reason}: {error}")
                self._registry.move(version.served_name, step)
                raise
            self._store.keep(folder, version.served_name)
        why = "as sealed, signed and fit" if signed else "as sealed and fit; no key is trusted here"
        step = Step(AdapterState.VERIFIED, MoveCause.CHECKED, SERVICE, why)
        self._log.info("an adapter was pushed", adapter=version.served_name)
        return self._registry.move(version.served_name, step), True

    def _sign_again(self, folder: Path, served_name: str, by: str, token: str) -> None:
        """Take the signature of the same contents, where the one that was kept is not of a key that is trusted now.

        Raises:
            BundleError: nor is this one.
        """
        if not self.trust.keys() or not self.trust.doubts(served_name):
            return
        self.trust.check(folder)
        self._store.sign_again(folder, served_name)
        if not (doubt := self.trust.refuses(served_name)):
            self._registry.signed(served_name, by, token)
        self._log.info("an adapter took another signature", adapter=served_name, doubt=doubt)

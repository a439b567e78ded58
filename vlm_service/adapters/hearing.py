"""Whether a version may be heard: whose it is, its figures, who answers for it, gates passed as things are now."""

import json
from collections.abc import Iterator, Mapping

from services.vocabulary import AdapterReport, AdapterState
from services.vocabulary.adapter import BASE
from vlm_service.adapters.policy import Gates, Policy
from vlm_service.adapters.registry import APPROVAL, GATES, Registry
from vlm_service.adapters.states import IllegalStep
from vlm_service.adapters.store import Store
from vlm_service.adapters.trust import Trust
from vlm_service.bundle import BundleError
from vlm_service.bundle.card import Card, read_card
from vlm_service.bundle.manifest import CARD
from vlm_service.dialogue import prompt_version

_BASE_WORDS = "the base model"


class Hearing:
    """Looks at card, signature and reports before a step; what must hold in the step's own transaction is the
    registry's."""

    def __init__(self, registry: Registry, store: Store, policy: Policy, trust: Trust) -> None:
        self._registry, self._store, self.policy, self._trust = registry, store, policy, trust

    def check(self, served_name: str) -> None:
        """
        Raises:
            IllegalStep: something is missing; the message names all of it, with remedies.
        """
        reports = self._registry.reports(served_name)
        try:
            card = read_card(self._store.place(served_name) / CARD)
        except (BundleError, OSError) as error:
            raise IllegalStep(f"{served_name}: its card is not here any more ({error}): push it again") from error
        missing = [*_papers(served_name, card, reports, self.policy.gates)]
        if doubt := self._trust.refuses(served_name):
            missing.append(f"it was taken before it was checked as now: {doubt}")
        if old := self.outdated(served_name, reports):
            missing.append(f"{old}: have it judged again (`attune adapters judge {served_name}`) and see the outcome "
                           f"in `attune adapters show {served_name}`")  # fmt: skip
        if missing:
            raise IllegalStep(f"{served_name} cannot be heard: {'; '.join(missing)}. It may be a shadow")

    def check_trust(self, served_name: str) -> None:
        """
        Raises:
            IllegalStep: it is not signed by a key that is trusted now, or does not fit the servers as set now.
        """
        if doubt := self._trust.refuses(served_name):
            raise IllegalStep(f"{served_name} cannot be heard: {doubt}")

    def untrusted(self, served_name: str) -> str:
        """Why whose it is, or what it is for, is not known as things are set now; empty: it is, or no key is trusted
        here, or it has no files that anybody could hear."""
        return self._trust.doubts(served_name) if self._store.place(served_name).is_dir() else ""

    def outdated(self, served_name: str, reports: Mapping[str, AdapterReport] | None = None) -> str:
        """Why the report of its gates says nothing about how things are now; empty: it does, or there is none."""
        if reports is None:
            reports = self._registry.reports(served_name)
        if GATES not in reports:
            return ""
        held = self._registry.held(AdapterState.ACTIVE)
        active = held.served_name if held is not None else BASE
        beside = None if served_name == active else active
        return "; ".join(_changes(json.loads(reports[GATES].body), self.policy.digest, beside))


def _papers(name: str, card: Card, reports: Mapping[str, AdapterReport], gates: Gates) -> Iterator[str]:
    if gates.evaluated and not card.evaluation:
        yield ("its card has no figures of an evaluation: run `attune train evaluate` and `attune train bundle`, then "
               "push that")  # fmt: skip
    if gates.approved and not (card.approved_by.strip() or APPROVAL in reports):
        yield f"nobody answers for it: `attune adapters approve {name} --by NAME`, by the promote token"


def _changes(body: Mapping[str, object], policy: str, beside: str | None) -> Iterator[str]:
    """What a report says otherwise; `beside` None: beside whom it was judged does not matter."""
    prompt = prompt_version()
    if body.get("policy") != policy:
        yield f"its gates were judged by the policy {body.get('policy')}, and {policy} is in force"
    if body.get("prompt") != prompt:
        yield f"its gates were judged with the prompt {body.get('prompt')}, and {prompt} is served"
    if beside is not None and body.get("beside") != beside:
        yield (f"it was judged beside {body.get('beside') or _BASE_WORDS}, and {beside or _BASE_WORDS} is heard")

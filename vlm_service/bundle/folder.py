"""Opens and seals a bundle: the folder in which an adapter travels from training to a server."""

from dataclasses import dataclass
from pathlib import Path

from vlm_service.bundle import signature
from vlm_service.bundle.card import Card, read_card, read_peft
from vlm_service.bundle.errors import CardUnreadable, DoesNotFit
from vlm_service.bundle.manifest import CARD, MANIFEST, PEFT, SIGNATURE, WEIGHTS, Manifest, checked, sealed
from vlm_service.bundle.weights import Weights, read_weights


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle whose files are what they were sealed as, and agree with one another."""

    folder: Path
    card: Card
    weights: Weights
    manifest: Manifest

    @property
    def served_name(self) -> str:
        """Immutable and content-addressed: what a server knows it by, for ever."""
        return f"{self.card.name}@{self.manifest.digest[:12]}"


@dataclass(frozen=True, slots=True)
class Server:
    """What a server takes: its base model, the largest rank, and whether it adapts vision tower and merger.

    An empty `weights_sha256` means that nobody has measured the base model's digest.
    """

    model: str
    weights_sha256: str = ""
    most_rank: int = 16
    tower: bool = False


def open_bundle(folder: Path, trusted: Path | None = None) -> Bundle:
    """The bundle in `folder`; with `trusted`, a public key, only if that key signed it.

    Raises:
        BundleError: the subclass says why not.
    """
    manifest = checked(folder)
    if trusted is not None:
        signature.check(folder, trusted)
    card, weights = _agreed(folder)
    return Bundle(folder, card, weights, manifest)


def seal(folder: Path, private: Path | None = None) -> Bundle:
    """Write the manifest of what training left in `folder` and, with a private key, the signature.

    Raises:
        BundleError: it is no bundle; nothing is written.
    """
    _agreed(folder)
    manifest = sealed(folder)
    (folder / SIGNATURE).unlink(missing_ok=True)
    (folder / MANIFEST).write_text(manifest.model_dump_json(indent=1), encoding="utf-8")
    if private is not None:
        signature.sign(folder, private)
    return open_bundle(folder)


def fits(bundle: Bundle, server: Server) -> None:
    """
    Raises:
        DoesNotFit: the server would refuse it, or pass over a part of it in silence.
    """
    card, weights = bundle.card, bundle.weights
    if card.base.model != server.model:
        raise DoesNotFit(f"{bundle.served_name} is for {card.base.model}: the server has {server.model}")
    if server.weights_sha256 and card.base.weights_sha256 != server.weights_sha256:
        raise DoesNotFit(f"{bundle.served_name} was trained on weights {card.base.weights_sha256[:12]} of "
                         f"{server.model}: the server has {server.weights_sha256[:12]}; train on those")  # fmt: skip
    if weights.rank > server.most_rank:
        raise DoesNotFit(f"{bundle.served_name} has rank {weights.rank}: the server takes {server.most_rank}; start it "
                         f"with --max-lora-rank {weights.rank}")  # fmt: skip
    if weights.tower and not server.tower:
        raise DoesNotFit(f"{bundle.served_name} changes {_beyond(weights)}: the server would pass over that in "
                         "silence; start it with --enable-tower-connector-lora, and the VLM service with "
                         "ATTUNE_VLM_TOWER_ADAPTERS=true")  # fmt: skip


def _agreed(folder: Path) -> tuple[Card, Weights]:
    """
    Raises:
        BundleError: a file is missing or unreadable, or card, configuration and weights disagree.
    """
    sealed(folder)
    card, peft, weights = read_card(folder / CARD), read_peft(folder / PEFT), read_weights(folder / WEIGHTS)
    if not card.rank == peft.r == weights.rank:
        raise CardUnreadable(
            f"{CARD}: rank {card.rank}, {PEFT}: {peft.r}, {WEIGHTS}: {weights.rank}: expected one rank"
        )
    if card.alpha != peft.lora_alpha:
        raise CardUnreadable(f"{CARD}: alpha {card.alpha:g}, {PEFT}: {peft.lora_alpha:g}: expected the same")
    if sorted(card.targets) != sorted(weights.targets):
        raise CardUnreadable(f"{CARD}: targets {sorted(card.targets)}, {WEIGHTS}: {sorted(weights.targets)}: "
                             "expected the same")  # fmt: skip
    if sorted(card.parts) != sorted(weights.parts):
        raise CardUnreadable(f"{CARD}: parts {', '.join(card.parts)}, {WEIGHTS}: {', '.join(weights.parts)}: expected "
                             "the same")  # fmt: skip
    if weights.tower and card.sees == "text":
        raise CardUnreadable(f"{WEIGHTS} changes {_beyond(weights)}, and {CARD} says that it sees text alone; pack it "
                             "with --sees frames")  # fmt: skip
    return card, weights


def _beyond(weights: Weights) -> str:
    """What is changed beside the language model, in words."""
    return " and ".join({"vision": "the vision tower", "merger": "the merger"}[part] for part in weights.parts[-2:]
                        if part != "language")  # fmt: skip

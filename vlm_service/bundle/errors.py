"""Why an adapter's bundle is not taken: each has a short reason and names what was found and the remedy."""

from typing import ClassVar


class BundleError(ValueError):
    """A bundle that is not as it says or not what a server can use."""

    reason: ClassVar[str] = "bundle"


class FileMissing(BundleError):
    """The folder, or a file that every bundle has, is not there."""

    reason = "file_missing"


class FileForbidden(BundleError):
    """A file that no bundle may hold: pickled weights, code, links, folders, names that lead elsewhere."""

    reason = "file_forbidden"


class FileAltered(BundleError):
    """A file is not the one that was sealed."""

    reason = "file_altered"


class CardUnreadable(BundleError):
    """The card or the PEFT configuration does not say what it must, or the two disagree."""

    reason = "card_unreadable"


class WeightsUnusable(BundleError):
    """The weights are damaged, incomplete, of other layers than the card says, or without any effect."""

    reason = "weights_unusable"


class NotSigned(BundleError):
    """There is no signature, or it is not of the key that the facility trusts."""

    reason = "not_signed"


class KeyUnusable(NotSigned):
    """What should be the facility's public key is none, so no signature can be checked."""

    reason = "key_unusable"


class DoesNotFit(BundleError):
    """Sound, and not for this server: another base model, a larger rank, layers that it does not adapt."""

    reason = "does_not_fit"

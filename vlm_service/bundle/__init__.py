"""The form in which an adapter travels: a folder with weights, card, manifest and signature. Training writes it, the
VLM service takes nothing that is not exactly it."""

from vlm_service.bundle.card import Base, Card, Corpus, Figure, Probe, Source
from vlm_service.bundle.errors import (
    BundleError,
    CardUnreadable,
    DoesNotFit,
    FileAltered,
    FileForbidden,
    FileMissing,
    KeyUnusable,
    NotSigned,
    WeightsUnusable,
)
from vlm_service.bundle.folder import Bundle, Server, fits, open_bundle, seal
from vlm_service.bundle.signature import make_keys, trusted_keys

__all__ = [
    "Base", "Bundle", "BundleError", "Card", "CardUnreadable", "Corpus", "DoesNotFit", "Figure", "FileAltered",
    "FileForbidden", "FileMissing", "KeyUnusable", "NotSigned", "Probe", "Server", "Source", "WeightsUnusable", "fits",
    "make_keys", "open_bundle", "seal", "trusted_keys",
]  # fmt: skip

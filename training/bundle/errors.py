"""Why a run cannot be packed."""

from training.corpus.errors import CorpusError


class NotReady(CorpusError):
    """A part is missing, of another adapter, or the place is taken."""

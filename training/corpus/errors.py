"""What may go wrong with a corpus, each with the value that was wrong and what helps."""


class CorpusError(ValueError):
    """Anything about a corpus that a person has to mend."""


class ExampleInvalid(CorpusError):
    """An example that nothing may be learned from: no answer, a thinking kind without thoughts, a wrong value."""


class CorpusDamaged(CorpusError):
    """A corpus that is not what its manifest says: a part missing, cut short or changed."""


class CorpusUnfinished(CorpusError):
    """A corpus whose building was interrupted; building it again goes on where it stopped."""


class AssetInvalid(CorpusError):
    """A raw asset that is missing, changed, or not of the kind that it is said to be."""


class LicenceForbids(CorpusError):
    """A use that the terms of a source do not allow."""


class LayoutUnknown(CorpusError):
    """A folder that has not the official shape of the data set it is read as."""


class SubjectsShared(CorpusError):
    """One subject in more than one split."""


class RecipeInvalid(CorpusError):
    """A recipe that contradicts itself or cannot be read."""


class ReviewInvalid(CorpusError):
    """A review that cannot be read, or of something else than what lies there."""

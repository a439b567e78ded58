"""What may go wrong while an adapter learns, each with the value that was wrong and what helps."""

from training.corpus.errors import CorpusError


class TrainingError(CorpusError):
    """Anything about a training that a person has to mend."""


class SettingsInvalid(TrainingError):
    """A settings file that contradicts itself or cannot be read."""


class BaseInvalid(TrainingError):
    """A base model that is not whole, or none of the family that the recipe is for."""


class BaseChanged(TrainingError):
    """Other base weights than those that a run, a checkpoint or an adapter was begun with."""


class TemplateChanged(TrainingError):
    """Another chat template than that of the run, or one that does not render thinking as this family does."""


class NothingLearned(TrainingError):
    """A corpus of which nothing can be learned, or an adapter that learned nothing."""


class TooLong(TrainingError):
    """An example of more tokens than a pack holds."""


class BackendMissing(TrainingError):
    """What is to compute the training is not installed here, or finds no GPU."""


class TooManyLeftOut(TrainingError):
    """More examples that cannot be taught than may be left out."""


class NotInFourBits(TrainingError):
    """A layer that should be quantised and is not, or the other way round."""


class CheckpointDamaged(TrainingError):
    """A checkpoint that is cut short, changed, or of another run."""


class NoRoom(TrainingError):
    """The disk is full; the last whole checkpoint stands."""


class WentAstray(TrainingError):
    """A loss that is no number."""


class ProcessLost(TrainingError):
    """One of several processes that teach an adapter together ended before its time."""

"""Every data set that the school can read, by its name in the ledger."""

from training.corpus.items import Reader
from training.corpus.readers.aff_wild2 import AFF_WILD2
from training.corpus.readers.calmed import CALMED
from training.corpus.readers.deemo import DEEMO
from training.corpus.readers.dfew import DFEW
from training.corpus.readers.egoemotion import EGOEMOTION
from training.corpus.readers.eibench import EIBENCH
from training.corpus.readers.emotic import EMOTIC
from training.corpus.readers.facility_feedback import FACILITY_FEEDBACK
from training.corpus.readers.ferv39k import FERV39K
from training.corpus.readers.findingemo import FINDINGEMO
from training.corpus.readers.mafw import MAFW
from training.corpus.readers.merr import MERR
from training.corpus.readers.omni_emotion import OMNI_EMOTION_SRE
from training.corpus.readers.ssbd_plus import SSBD_PLUS

READERS: dict[str, Reader] = {
    one.dataset: one
    for one in (
        MERR, EIBENCH, OMNI_EMOTION_SRE, AFF_WILD2, DFEW, FERV39K, EMOTIC, FINDINGEMO, MAFW, CALMED, SSBD_PLUS, DEEMO,
        EGOEMOTION, FACILITY_FEEDBACK,
    )
}  # fmt: skip

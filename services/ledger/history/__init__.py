"""Score history: a hot tail in SQL, hourly Parquet segments per resident, and hourly aggregates after that."""

from services.ledger.history.blocks import TailBlock, blocks_of_many
from services.ledger.history.compaction import Compacted, compact
from services.ledger.history.rows import HistoryRefused, HistoryRows, HistoryWindow
from services.ledger.history.tail import HistoryRepository
from services.ledger.history.window import window

__all__ = [
    "Compacted",
    "HistoryRefused",
    "HistoryRepository",
    "HistoryRows",
    "HistoryWindow",
    "TailBlock",
    "blocks_of_many",
    "compact",
    "window",
]

"""The queue role: work that is handed from process to process, on Redis Streams or in SQL."""

from services.runtime.queue.open import open_queue
from services.runtime.queue.role import Message, Queue, QueueUnavailable

__all__ = ["Message", "Queue", "QueueUnavailable", "open_queue"]

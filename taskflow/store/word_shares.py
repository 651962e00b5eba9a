"""How frequent words are among all tasks, by PostgreSQL's own statistics.

Rare words are best looked up in their index and what is found sorted; of frequent ones the first page is found sooner
by going through the tasks in their order. PostgreSQL cannot tell: it takes every beginning of a word for a frequent
one.
"""

import math
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from taskflow.store.rows import fetch
from taskflow.store.sql import Sql

#: Seconds for which the statistics that were read are good.
FRESH = 300.0
_STATISTICS = """SELECT c.reltuples, s.most_common_elems::text::text[], s.most_common_elem_freqs
 FROM pg_class c LEFT JOIN pg_stats s ON s.tablename = c.relname AND s.attname = 'search_vector'
  AND s.schemaname = c.relnamespace::regnamespace::text
 WHERE c.oid = 'store_task'::regclass"""


@dataclass(frozen=True, slots=True)
class Shares:
    """The number of tasks, and of the frequent words the share of tasks that have them."""

    tasks: float
    words: dict[str, float]

    def are_frequent(self, words: Sequence[str], limit: int) -> bool:
        """Whether the first `limit` tasks with all of `words` are found sooner in the tasks' order.

        With a share s of n tasks, the index gives s·n to sort and the order limit/s to go through: equal at
        s = √(limit/n).
        """
        if self.tasks <= 0:
            return False
        share = min((self._share(word) for word in words), default=1.0)
        return share > math.sqrt(limit / self.tasks)

    def _share(self, beginning: str) -> float:
        return min(1.0, sum(share for word, share in self.words.items() if word.startswith(beginning)))


_lock = threading.Lock()
_read: tuple[float, Shares] | None = None


def read_shares() -> Shares:
    """The statistics, at most five minutes after they were read; they change with ANALYZE."""
    global _read
    with _lock:
        if _read is None or time.monotonic() - _read[0] > FRESH:
            tasks, words, shares = fetch(Sql(_STATISTICS))[0]
            # The list of shares ends with the least and the greatest of them.
            known = dict(zip(words, shares, strict=False)) if words and shares else {}
            _read = time.monotonic(), Shares(float(tasks), known)
        return _read[1]

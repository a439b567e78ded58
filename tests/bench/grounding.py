"""How far the check of a model's claims agrees with a careful reader, and how fast it is.

`python -m tests.bench.grounding`: 276 sentences of three events, written and judged by somebody who had not seen the
code. Half of them were used to improve it, the other half were not.
"""

import sys
import time

from tests.bench.table import Figure, publish
from tests.unit.vlm.specimens import AGITATED
from tests.unit.vlm.written import judged, written_claims
from vlm_service.dialogue.grounding import text_claims


def main() -> int:
    """Measure and print."""
    rows = written_claims()
    figures = []
    for name, half in (("held out", True), ("used for tuning", False)):
        found = judged([row for row in rows if row.held_out is half])
        beside = f"{found.sentences} sentences {name}"
        figures += [
            Figure("contradictions told that a reader sees too", found.precision, "", beside),
            Figure("contradictions of a reader that are told", found.recall, "", beside),
            Figure("sentences without a claim in which none is found", found.silent, "", beside),
        ]
    thinking = " ".join(row.text for row in rows if row.event is AGITATED)
    took = []
    for _ in range(5):
        began = time.perf_counter()
        text_claims(thinking, AGITATED)
        took.append(time.perf_counter() - began)
    figures.append(Figure("to check one long answer", 1e3 * sorted(took)[2], "ms", f"{len(thinking.split())} words"))
    return publish("grounding", figures)


if __name__ == "__main__":
    sys.exit(main())

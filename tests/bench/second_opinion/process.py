"""`python -m tests.bench.second_opinion.process CALLS`: the VLM service as it ships, but for two things. Its answer is
always the same, since with a random model's answers two ways of asking would be timed over different numbers of tokens;
and each call to the model's server is written to the file CALLS, as it begins and as it ends: its rank, when it began
and, at its end, its seconds.
"""

import sys
import time
from pathlib import Path
from typing import Any

from tests.vllm.asking import FORCED, schema_of
from vlm_service import engine
from vlm_service.__main__ import main
from vlm_service.dialogue import Reply


def timed(calls: Path) -> None:
    """Have every call to the model's server write down what it took."""
    chat, file = engine.Engine._chat, calls.open("a", buffering=1)

    async def _chat(self: engine.Engine, url: str, body: dict[str, Any]) -> Reply:
        rank, began = body["priority"], time.perf_counter()
        file.write(f"{rank} {began}\n")
        reply = await chat(self, url, body)
        file.write(f"{rank} {began} {time.perf_counter() - began}\n")
        return reply

    engine.Engine._chat = _chat  # type: ignore[method-assign]


if __name__ == "__main__":
    engine.verdict_schema = lambda event, pictures: schema_of(FORCED)  # type: ignore[assignment]
    timed(Path(sys.argv.pop()))
    sys.exit(main())

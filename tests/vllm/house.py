"""The VLM service's part for adapters in this process, over a real model's server: registry, store, door, steward."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from services.ledger import Database
from services.runtime.clock import SystemClock
from services.runtime.ports import free_port
from services.vocabulary import AdapterState, Event
from tests.unit.vlm.bundles import tensors, written
from tests.unit.vlm.specimens import AGITATED
from tests.vllm.server import interpreter
from vlm_service import engine as engine_file
from vlm_service.adapters.policy import SHIPPED
from vlm_service.adapters.registry import Registry
from vlm_service.adapters.room import Adapters
from vlm_service.bundle import Bundle, seal
from vlm_service.dialogue import Opinionated
from vlm_service.engine import Engine
from vlm_service.settings import VlmSettings

MOVES = 0.5
"""Scale of an adapter's lora_B that moves a random model's answers by 2 to 3 nats."""
PROMPTS = (
    "<|im_start|>user\nthe camera alert level is high<|im_end|>\n<|im_start|>assistant\n<think>\n",
    "<|im_start|>user\nsensor event motion<|im_end|>\n<|im_start|>assistant\n<think>\nno motion</think>\n\n{",
)
EASY = {
    "cases": ["cases.jsonl"], "deadline_s": 120, "valid": 0.9, "thinking": 0.9, "thinking_chars": 1, "grounded": 0.0,
    "contradicted": 1.0, "escalate": 0.0, "stay": 0.0, "conflict": 0.0, "latency_p95_s": 120, "margin": 1.0,
    "same_prompt": True,
}  # fmt: skip
"""Gates that a random model passes: what it answers means nothing, so only form and effect are asked for."""
LIVE = {"alpha": 0.01, "failed": 0.05, "invalid": 0.3, "late": 0.1, "late_s": 120.0, "disagreed": 0.9}


def choices(event: Event, pictures: int = 0) -> dict[str, Any]:
    """A short answer in which an adapter still has something to choose, so that answers tell who gave them."""
    del pictures
    words = ["alert", "motion", "level", "person", "camera", "sensor", "normal", "severity"]

    def one(*options: Any) -> dict[str, Any]:
        return {"type": "integer" if isinstance(options[0], int) else "string", "enum": list(options)}

    indicator = {"text": one(*words), "evidence": one("score")}
    parts = {
        "tier": one(1, 2, 3), "urgency": one("go now"), "situation": one(*words),
        "indicators": {"type": "array", "items": _closed(indicator), "minItems": 1, "maxItems": 1},
        "context": one(*words), "action": one(*words), "confidence": {"type": "number", "enum": [0.5]},
        "unknowns": {"type": "array", "items": one("much"), "minItems": 0, "maxItems": 0},
    }  # fmt: skip
    return _closed(parts)


def _closed(parts: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": parts, "required": list(parts), "additionalProperties": False}


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until the test ends, answers are short."""
    monkeypatch.setattr(engine_file, "verdict_schema", choices)


def recorded(model: Path, bundle: Path, prompts: Sequence[str] = PROMPTS) -> list[dict[str, Any]]:
    """The golden prompts of an adapter as training would record them, computed apart from any server."""
    script = Path(__file__).with_name("recorded.py")
    command = [str(interpreter()), str(script), str(model), str(bundle), json.dumps(prompts)]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(
        command, capture_output=True, text=True, env={**environment, "HF_HUB_OFFLINE": "1"}, cwd=bundle
    )
    assert done.returncode == 0, done.stderr[-2000:]
    probes: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return probes


def trained(folder: Path, model: Path, seed: int, name: str = "agitation") -> Bundle:
    """A sealed bundle of random weights with honest golden prompts."""
    weights = tensors(seed, MOVES)
    return seal(written(folder, weights, name=name, probes=recorded(model, written(folder, weights, name=name))))


@dataclass(frozen=True, slots=True)
class House:
    """What a test asks and tells."""

    engine: Engine
    registry: Registry
    database: Database
    url: str

    async def cli(self, *arguments: object) -> "subprocess.CompletedProcess[str]":
        """The real command line, in a process of its own."""
        command = [sys.executable, "-m", "services.cli.main", "adapters", *map(str, arguments)]
        environment = os.environ | {"ATTUNE_ADAPTERS_URL": self.url, "COLUMNS": "200"}
        return await asyncio.to_thread(
            subprocess.run, command, capture_output=True, text=True, check=False, env=environment
        )

    async def told(self, *arguments: object) -> Any:
        """What it says with --json."""
        done = await self.cli(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    async def ask(self, number: int, tier: int = 0) -> tuple[Opinionated, str]:
        """The opinion of an event of this number, and who gave it."""
        return await self.engine.speak(replace(AGITATED, id=f"event-{number}"), 120.0, tier)

    async def until(self, reached: Callable[[], bool], within_s: float = 240.0) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(within_s):
            while not await asyncio.to_thread(reached):  # noqa: ASYNC110 - the ledger and the server tell no event
                await asyncio.sleep(0.05)

    async def ready(self, name: str) -> None:
        """Wait until a version's gates are judged beside who is heard now; where that does not come by itself, ask."""
        held = self.registry.held(AdapterState.ACTIVE)
        beside = held.served_name if held is not None else ""
        if self.registry.find(name).state in (AdapterState.RETIRED, AdapterState.CANARY):
            await self.told("judge", name)
        await self.until(lambda: json.loads(self.registry.reports(name)["gates"].body)["beside"] == beside)

    async def pushed(self, bundle: Bundle, judged: bool = True) -> str:
        """Push a bundle and wait until it is proven and judged; its served name."""
        name: str = (await self.told("push", bundle.folder))["served_name"]
        await self.until(lambda: self.registry.find(name).state is not AdapterState.VERIFIED)
        if judged and self.registry.find(name).state is AdapterState.PROBED:
            await self.until(lambda: "gates" in self.registry.reports(name))
        return name


def policy(folder: Path, live: dict[str, float] | None = None, **gates: Any) -> Path:
    """A policy's file over one of the shipped cases of each kind."""
    shipped = (SHIPPED.parent / "gate_cases.jsonl").read_text().splitlines()
    kinds = {json.loads(line)["kind"]: line for line in shipped}
    (folder / "cases.jsonl").write_text("\n".join(kinds.values()) + "\n")
    lines = [f"{key} = {json.dumps(value)}" for key, value in {**EASY, **gates}.items()]
    more = [f"{key} = {json.dumps(value)}" for key, value in {**LIVE, **(live or {})}.items()]
    (folder / "gates.toml").write_text("\n".join(["[gates]", *lines, "[live]", *more]))
    return folder / "gates.toml"


@asynccontextmanager
async def house(folder: Path, server_url: str, gates: Path | None = None, **more: Any) -> AsyncIterator[House]:
    """Everything about adapters in this process, on a ledger of its own."""
    port = free_port()
    settings = VlmSettings(
        server_url=server_url, adapters_port=port, adapters_folder=folder / "adapters", sampling="greedy",
        thinking_token_budget=12, answer_tokens=256, priorities=True, gates=gates or policy(folder), **more,
    )  # fmt: skip
    database = Database(f"sqlite:///{folder}/attune.db")
    database.migrate()
    engine = Engine(settings)
    clock = SystemClock()
    adapters = Adapters(settings, database, clock, engine)
    await adapters.start()
    stop = asyncio.Event()
    running = [asyncio.create_task(adapters.run(stop)), asyncio.create_task(engine.watch(stop))]
    try:
        while adapters.check():  # noqa: ASYNC110 - it is asked as health asks it
            await asyncio.sleep(0.02)
        yield House(engine, Registry(database, clock), database, f"http://127.0.0.1:{port}")
    finally:
        stop.set()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*running)
        for name in [name for replica in engine.replicas.all for name in replica.adapters if name != settings.model]:
            body = {"lora_name": name}
            await engine.client.post(f"{server_url}/v1/unload_lora_adapter", json=body, timeout=60)
        await engine.close()
        database.close()

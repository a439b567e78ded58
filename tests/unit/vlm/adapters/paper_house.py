"""The VLM service's part for adapters in this process, over a model's server of paper: it answers golden prompts as the
cards of its adapters say, and everything else as it is told."""

import asyncio
import io
import json
import tarfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.evaluation.cases import Kind
from services.ledger import Database
from services.runtime.clock import SystemClock
from services.runtime.codec import to_jsonable
from services.runtime.ports import free_port
from services.vocabulary import AdapterState
from tests.unit.vlm.bundles import sealed
from tests.unit.vlm.model_server import Answer, completion
from tests.unit.vlm.specimens import AGITATED, VERDICT
from vlm_service import engine as engine_file
from vlm_service.adapters import steward as steward_file
from vlm_service.adapters.registry import Registry
from vlm_service.adapters.room import Adapters
from vlm_service.dialogue import verdict_to_json
from vlm_service.engine import Engine
from vlm_service.settings import VlmSettings

BASE, MOVED = {"token_id:1": -0.1, "token_id:2": -3.0}, {"token_id:2": -0.1, "token_id:1": -3.0}
DOOR = "/api/v1/adapters"
GOOD = completion("\n\n" + verdict_to_json(VERDICT), reasoning="thought")
EASY = """[gates]
cases = ["cases.jsonl"]
deadline_s = 60
valid = 0.0
thinking = 0.0
thinking_chars = 0
grounded = 0.0
contradicted = 1.0
escalate = 0.0
stay = 0.0
conflict = 0.0
latency_p95_s = 60
margin = 1.0
same_prompt = true
"""
LIVE = {"alpha": 0.01, "failed": 0.05, "invalid": 0.05, "late": 0.05, "late_s": 120.0, "disagreed": 0.3}


@dataclass(slots=True)
class PaperServer:
    """A vLLM that computes nothing. By served name: `says` what it answers to events, `held_up` golden prompts that
    wait for an event. `numb`: adapters that it passes over in silence. `asked`: every model that was asked, and
    where."""

    says: dict[str, Answer] = field(default_factory=dict)
    held_up: dict[str, asyncio.Event] = field(default_factory=dict)
    numb: set[str] = field(default_factory=set)
    asked: list[tuple[str, str]] = field(default_factory=list)
    loaded: dict[str, str] = field(default_factory=dict)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        route = request.url.path
        if request.method == "GET":
            models = [{"id": name, "root": place} for name, place in self.loaded.items()]
            return httpx.Response(200, json={"data": models})
        body = json.loads(request.content)
        if route == "/v1/load_lora_adapter":
            self.loaded[body["lora_name"]] = body["lora_path"]
        elif route == "/v1/unload_lora_adapter":
            self.loaded.pop(body["lora_name"], None)
        else:
            self.asked.append((route, body["model"]))
            return await self._answer(route, body)
        return httpx.Response(200, text="done")

    async def _answer(self, route: str, body: dict[str, Any]) -> httpx.Response:
        await asyncio.sleep(0)  # or whoever asks again and again would let nobody else run
        name = body["model"]
        if route == "/v1/completions":
            if name in self.held_up:
                await self.held_up[name].wait()
            top = BASE if name in self.numb or not self._card(name).is_file() else MOVED
            return httpx.Response(200, json={"choices": [{"logprobs": {"top_logprobs": [top] * body["max_tokens"]}}]})
        said = self.says.get(name, GOOD)
        return httpx.Response(said.status, content=said.body)

    def _card(self, name: str) -> Path:
        return Path(self.loaded.get(name, "nowhere")) / "card.json"


@dataclass(frozen=True, slots=True)
class PaperHouse:
    """What a test asks and tells."""

    servers: tuple[PaperServer, ...]
    engine: Engine
    registry: Registry
    database: Database
    door: httpx.AsyncClient
    folder: Path

    @property
    def server(self) -> PaperServer:
        """The first one."""
        return self.servers[0]

    async def ask(self, number: int) -> str:
        """Who gave the opinion of an event of this number; empty: the base model."""
        return (await self.engine.speak(replace(AGITATED, id=f"event-{number}"), 60.0, 0))[1]

    async def told(self, path: str, expected: int = 200, **body: Any) -> Any:
        """What the door says to a step."""
        answer = await self.door.post(f"{DOOR}{path}", json={"by": "Ana Ruiz", **body})
        assert answer.status_code == expected, answer.text
        return answer.json()

    async def until(self, reached: Callable[[], bool]) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(240.0):
            while not await asyncio.to_thread(reached):  # noqa: ASYNC110 - the ledger tells no event
                await asyncio.sleep(0.01)

    async def pushed(self, seed: int, **card: Any) -> str:
        """Push another adapter and wait until it is proven and judged; its served name."""
        probe = {"prompt": "a golden prompt", "adapted": MOVED, "base": BASE}
        bundle = sealed(self.folder / f"b{seed}", seed, **({"probes": [probe]} | card))
        raw = io.BytesIO()
        with tarfile.open(fileobj=raw, mode="w") as tar:
            for file in sorted(bundle.folder.iterdir()):
                tar.add(file, file.name)
        answer = await self.door.post(DOOR, params={"by": "Ana Ruiz"}, content=raw.getvalue())
        assert answer.status_code == 201, answer.text
        name: str = bundle.served_name
        await self.until(lambda: self.registry.find(name).state is AdapterState.PROBED)
        await self.until(lambda: "gates" in self.registry.reports(name))
        return name

    async def promoted(self, seed: int) -> str:
        """Push another adapter and let it be heard for every event; its served name."""
        name = await self.pushed(seed)
        held = self.registry.held(AdapterState.ACTIVE)
        beside = held.served_name if held is not None else ""
        await self.until(lambda: json.loads(self.registry.reports(name)["gates"].body)["beside"] == beside)
        await self.told(f"/{name}/promote")
        return name


@pytest.fixture
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until the test ends, the service looks often and tries again at once."""
    monkeypatch.setattr(steward_file, "LOOK_S", 0.01)
    monkeypatch.setattr(engine_file, "RETRY_AFTER_S", 0.0)


def policy(folder: Path, **live: float) -> Path:
    """A policy's file over one case of each kind."""
    cases = [{"id": kind, "kind": kind, "layer": "L1", "event": to_jsonable(AGITATED)} for kind in Kind]
    (folder / "cases.jsonl").write_text("\n".join(map(json.dumps, cases)))
    lines = [f"{key} = {value}" for key, value in {**LIVE, **live}.items()]
    (folder / "gates.toml").write_text("\n".join([EASY, "[live]", *lines]))
    return folder / "gates.toml"


@asynccontextmanager
async def paper_house(
    folder: Path, gates: Path | None = None, servers: int = 1, **more: Any
) -> AsyncIterator[PaperHouse]:  # fmt: skip
    """The house on a ledger of its own, with servers that hold nothing yet."""
    hosts = {f"paper{number}": PaperServer() for number in range(servers)}
    settings = VlmSettings(
        server_url=",".join(f"http://{host}" for host in hosts), adapters_port=free_port(),
        adapters_folder=folder / "adapters", gates=gates or policy(folder), **more,
    )  # fmt: skip
    database = Database(f"sqlite:///{folder}/attune.db")
    database.migrate()
    engine, clock = Engine(settings), SystemClock()
    await engine.close()

    async def answered(request: httpx.Request) -> httpx.Response:
        return await hosts[request.url.host](request)

    engine.client = httpx.AsyncClient(transport=httpx.MockTransport(answered))
    adapters = Adapters(settings, database, clock, engine)
    await adapters.start()
    stop = asyncio.Event()
    running = asyncio.create_task(adapters.run(stop))
    url = f"http://127.0.0.1:{settings.adapters_port}"
    try:
        while adapters.check():  # noqa: ASYNC110 - it is asked as health asks it
            await asyncio.sleep(0.01)
        async with httpx.AsyncClient(base_url=url, timeout=240.0, trust_env=False) as door:
            yield PaperHouse(tuple(hosts.values()), engine, Registry(database, clock), database, door, folder)
    finally:
        stop.set()
        await asyncio.gather(running, return_exceptions=True)
        await engine.close()
        database.close()

"""Replicas of the service share a folder, and none takes another's counterpart from under a server. Kind: unit."""

import asyncio
import json
import os
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.unit.vlm.bundles import WEIGHTS, sealed
from vlm_service.adapters.loras import Loras
from vlm_service.adapters.probe import Prober
from vlm_service.adapters.store import FORGOTTEN_S, MIRROR, Store
from vlm_service.replicas import Replica

pytestmark = pytest.mark.unit
NAME = "agitation@0123456789ab"
BASE = {"token_id:1": -0.1, "token_id:2": -3.0}


class ReadsAgain:
    """A vLLM that may read an adapter's folder at every request, as it does when its cache gave the weights up."""

    def __init__(self) -> None:
        self.held: dict[str, str] = {}
        self.missing: list[str] = []
        self.together = 0

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        asked: dict[str, Any] = json.loads(request.content or b"{}")
        if request.url.path == "/v1/models":
            return httpx.Response(200, json={"data": [{"id": name, "root": at} for name, at in self.held.items()]})
        if request.url.path == "/v1/load_lora_adapter":
            self.held[asked["lora_name"]] = asked["lora_path"]
            return httpx.Response(200)
        if request.url.path == "/v1/unload_lora_adapter":
            return httpx.Response(200 if self.held.pop(asked["lora_name"], None) else 404)
        self.together = max(self.together, sum(name.startswith(MIRROR) for name in self.held))
        await asyncio.sleep(0.002)
        path = self.held.get(asked["model"])
        if path is not None and not (Path(path) / WEIGHTS).is_file():
            self.missing.append(asked["model"])
        return httpx.Response(200, json={"choices": [{"logprobs": {"top_logprobs": [BASE]}}]})


def test_two_replicas_that_probe_one_version_leave_each_other_what_the_server_reads(tmp_path: Path) -> None:
    probe = {"prompt": "x", "base": BASE, "adapted": {"token_id:2": -0.1, "token_id:1": -3.0}}
    server = ReadsAgain()

    async def probed() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(server)) as client:
            probers = []
            for number in range(2):
                store = Store(tmp_path)
                store.open()
                loras = Loras(client, lambda name, store=store: store.seen_at(str(tmp_path), name))  # type: ignore[misc]
                prober = Prober(client, loras, store, "qwen3-vl", priorities=False)
                probers.append(prober.probe(bundle, Replica(f"http://vllm-{number}")))
            await asyncio.gather(*probers)

    folder = sealed(tmp_path / "arrived", probes=[probe])
    store = Store(tmp_path)
    store.open()
    bundle = sealed(store.keep(folder.folder, folder.served_name), probes=[probe])
    asyncio.run(probed())
    assert server.together == 2, "both were at it at once"
    assert server.missing == []
    assert not list((tmp_path / "incoming").iterdir()), "nothing is left behind"


def test_every_process_has_its_own_counterpart_and_does_not_write_it_twice(tmp_path: Path) -> None:
    one, other = Store(tmp_path), Store(tmp_path)
    one.open()
    mine = one.beside(NAME, lambda folder: folder.joinpath(WEIGHTS).touch())
    theirs = other.beside(NAME, lambda folder: folder.joinpath(WEIGHTS).touch())
    assert mine != theirs and mine.name.startswith(MIRROR) and mine.name.endswith(NAME)
    assert one.seen_at("/seen", mine.name) == f"/seen/incoming/{mine.name}"
    assert one.beside(NAME, lambda folder: pytest.fail("a server may be reading it")) == mine
    other.forget(theirs)
    assert (mine / WEIGHTS).is_file() and not theirs.exists()


def test_what_a_dead_process_left_goes_at_a_start_long_after_and_not_before(tmp_path: Path) -> None:
    live, dead = Store(tmp_path), Store(tmp_path)
    live.open()
    kept = live.beside(NAME, lambda folder: None)
    left = dead.beside(NAME, lambda folder: None)
    Store(tmp_path).open()
    assert kept.is_dir() and left.is_dir()
    long_ago = time.time() - FORGOTTEN_S - 60.0
    for folder in (kept, left):
        os.utime(folder, (long_ago, long_ago))
    live.beside(NAME, lambda folder: None)
    Store(tmp_path).open()
    assert kept.is_dir(), "it is used again"
    assert not left.exists()

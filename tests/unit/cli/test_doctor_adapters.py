"""The doctor tells which adapters stand where, where a proof is missing, and the memory they ask for. Kind: unit."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

import pytest

from services.cli.doctor_adapters import Access, look
from services.runtime.findings import Finding, Grade

pytestmark = pytest.mark.unit
ACTIVE, CANARY, SHADOW, BAD = "calm@000000000001", "calm@000000000002", "calm@000000000003", "calm@000000000004"
BASE = {"model": "Qwen/Qwen3-VL-8B-Thinking"}


def version(name: str, state: str, **more: Any) -> dict[str, Any]:
    return {"served_name": name, "state": state, "why": "", "share": 0.0, "rooms": [], **more}


def details(rank: int = 16, proven: bool = True) -> dict[str, Any]:
    servers = [{"url": "http://a", "held": True, "proven": True}, {"url": "http://b", "held": True, "proven": proven}]
    return {"card": {"rank": rank, "base": BASE}, "servers": servers}


@contextmanager
def door(
    versions: list[dict[str, Any]], known: Mapping[str, Any], takes: Mapping[str, Any] | None = None
) -> Iterator[str]:
    """A door for adapters that says this to whoever shows the token."""

    listed = {"items": versions, "takes": takes or {"keys": [], "weights": ""}}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = unquote(self.path).removeprefix("/api/v1/adapters").removeprefix("/")
            allowed = self.headers.get("Authorization") == "Bearer sesame"
            self.send_response(200 if allowed else 401)
            self.end_headers()
            one = next((version for version in versions if version["served_name"] == name), {})
            self.wfile.write(json.dumps({**one, **known[name]} if one else listed).encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def found_at(url: str, token: str = "sesame") -> dict[str, Finding]:
    return {finding.what: finding for finding in look(Access(url=url, token=token), most_rank=32)}


def test_it_tells_who_is_heard_for_what_and_who_is_not() -> None:
    versions = [
        version(ACTIVE, "active"), version(CANARY, "canary", share=0.1), version(SHADOW, "shadow"),
        version(BAD, "refused", why="probe: effect on the server"), version("calm@000000000005", "retired"),
    ]  # fmt: skip
    with door(versions, dict.fromkeys((ACTIVE, CANARY, SHADOW), details())) as url:
        found = found_at(url)
    assert found["adapter active"].found == ACTIVE
    assert found["adapter canary"].found == f"{CANARY}, heard for 10 % of all events"
    assert found["adapter shadow"].found == f"{SHADOW}, unheard"
    assert found["adapters refused"].found == f"1; the last, {BAD}: probe: effect on the server"
    assert found[f"proof of {CANARY}"] == Finding(f"proof of {CANARY}", Grade.GOOD, "at 2 of 2 servers")
    assert all(finding.grade is not Grade.BAD for finding in found.values())


def test_it_names_the_server_that_has_not_proven_an_adapter() -> None:
    with door([version(ACTIVE, "active")], {ACTIVE: details(proven=False)}) as url:
        missing = found_at(url)[f"proof of {ACTIVE}"]
    assert missing.grade is Grade.BAD
    assert missing.found == "missing at http://b: it is not heard there"
    assert missing.remedy


def test_it_tells_the_memory_that_an_adapter_asks_for_beside_a_slot() -> None:
    with door([version(ACTIVE, "active")], {ACTIVE: details(rank=16)}) as url:
        fits = found_at(url)[f"memory of {ACTIVE}"]
    with door([version(ACTIVE, "active")], {ACTIVE: details(rank=64)}) as url:
        too_large = found_at(url)[f"memory of {ACTIVE}"]
    assert fits.grade is Grade.GOOD
    asks, slot = (int(word) for word in fits.found.split() if word.isdigit() and int(word) not in (16, 32))
    assert slot == pytest.approx(2 * asks, abs=1), "memory goes with the rank"
    assert too_large.grade is Grade.BAD and "max-lora-rank: 64" in too_large.remedy


def test_it_says_that_the_base_model_answers_where_nothing_is_active() -> None:
    with door([version(CANARY, "canary", rooms=["Room 12", "Room 14"])], {CANARY: details()}) as url:
        found = found_at(url)
    assert found["adapter active"].grade is Grade.NOTE and "base model" in found["adapter active"].found
    assert found["adapter canary"].found == f"{CANARY}, heard for every event of 2 rooms"


def test_it_notes_that_gates_were_judged_as_things_are_no_more() -> None:
    told = {**details(), "outdated": "its gates were judged with the prompt a, and b is served"}
    with door([version(ACTIVE, "active")], {ACTIVE: told}) as url:
        old = found_at(url)[f"gates of {ACTIVE}"]
    with door([version(ACTIVE, "active")], {ACTIVE: {**details(), "outdated": ""}}) as url:
        assert f"gates of {ACTIVE}" not in found_at(url)
    assert old.grade is Grade.NOTE and "prompt a, and b" in old.found and "adapters judge" in old.remedy


def test_it_says_that_files_are_gone() -> None:
    with door([version(ACTIVE, "active")], {ACTIVE: {**details(), "card": None}}) as url:
        assert found_at(url)[f"memory of {ACTIVE}"].grade is Grade.BAD


@pytest.mark.parametrize("address", ["http://127.0.0.1:1", "http://[", "nonsense"])
def test_it_notes_that_nobody_tells(address: str) -> None:
    [finding] = found_at(address).values()
    assert finding.grade is Grade.NOTE and "ATTUNE_ADAPTERS_URL" in finding.remedy


def test_it_notes_that_the_token_is_wrong_and_does_not_show_it() -> None:
    with door([], {}) as url:
        [finding] = found_at(url, token="wrong-and-secret").values()
    assert finding.grade is Grade.NOTE and "401" in finding.found
    assert "wrong-and-secret" not in finding.found + finding.remedy

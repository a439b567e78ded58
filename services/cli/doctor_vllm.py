"""The doctor's look at a running vLLM: each of its properties that Attune needs is tried, since no route tells them."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.runtime.findings import Finding, Grade

ANSWER_S = 30.0
_PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAACAAAAAgCAIAAAD8GO2jAAAAJklEQVR42u3NsQkAAAjAsP7/tF7hIASyp5p"
    "jAoFAIBAIBAKB4EmwOkv8Lom8x/sAAAAASUVORK5CYII="
)
"""A blue PNG of 32 pixels squared."""
_MANY = 33
"""More pictures than any server is asked for; the refusal names how many it takes."""
SLOTS = 3
"""Adapters that a server may be asked for at once: an active one, a canary and a shadow."""
_OLDEST = (0, 11)
"""The first release that serves Qwen3-VL."""


class Needs(BaseSettings):
    """What the VLM service will ask of its servers: the same names and defaults as its settings."""

    model_config = SettingsConfigDict(env_prefix="ATTUNE_VLM_", extra="ignore", frozen=True)

    model: str = "qwen3-vl"
    adapter: str = ""
    server_key: str = ""
    priorities: bool = False
    thinking_token_budget: int = Field(1024, ge=0)
    answer_tokens: int = Field(1024, ge=0)
    at_once: int = Field(16, ge=1)
    most_rank: int = Field(32, ge=1)
    tower_adapters: bool = False
    adapters_trust: Path | None = None
    base_weights: str = ""


def look(address: str, needs: Needs) -> Iterator[Finding]:
    """What a server at `address` can do; it answers two short questions for it, and none is about a person."""
    headers = {"Authorization": f"Bearer {needs.server_key}"} if needs.server_key else {}
    url = address.strip().rstrip("/").removesuffix("/v1")
    try:
        with httpx.Client(base_url=url, headers=headers, timeout=ANSWER_S, trust_env=False) as client:
            served = _served(client)
            names = ", ".join(served)
            yield Finding("vLLM", Grade.GOOD, f"{url} serves {names}")
            yield _version(client)
            yield from _models(served, needs)
            yield from _tried(client, needs)
            yield from _tells(client)
    except (httpx.HTTPError, httpx.InvalidURL, KeyError, TypeError, ValueError) as error:
        remedy = "start vLLM, or correct address and ATTUNE_VLM_SERVER_KEY; until then the rules answer"
        yield Finding("vLLM", Grade.BAD, f"{address}: {error}", remedy)


def _served(client: httpx.Client) -> dict[str, Mapping[str, Any]]:
    answer = client.get("/v1/models", timeout=5)
    answer.raise_for_status()
    return {str(model["id"]): model for model in answer.json()["data"]}


def _version(client: httpx.Client) -> Finding:
    answer = client.get("/version")
    told = str(answer.json().get("version", "")) if answer.is_success else ""
    known = tuple(int(part) for part in re.findall(r"\d+", told)[:2])
    if known and known < _OLDEST:
        return Finding("vLLM version", Grade.BAD, told, "Qwen3-VL needs 0.11 or later; the tests run with 0.32")
    return Finding("vLLM version", Grade.GOOD if known else Grade.NOTE, told or "not told: is it a vLLM?")


def _models(served: Mapping[str, Mapping[str, Any]], needs: Needs) -> Iterator[Finding]:
    if needs.model not in served:
        yield Finding("base model", Grade.BAD, f"{needs.model!r} is not served",
                      "set served-model-name in the server's flags, or ATTUNE_VLM_MODEL")  # fmt: skip
        return
    longest = served[needs.model].get("max_model_len")
    room = needs.thinking_token_budget + needs.answer_tokens
    if isinstance(longest, int) and longest < room + 2048:
        found = f"{longest} tokens for report, thinking and answer; the latter two may take {room}"
        yield Finding("context", Grade.BAD, found,
                      "raise max-model-len, or lower ATTUNE_VLM_THINKING_TOKEN_BUDGET")  # fmt: skip
    else:
        yield Finding("context", Grade.GOOD, f"{longest} tokens, {room} of them for thinking and answer")
    if needs.adapter and needs.adapter not in served:
        yield Finding("adapter", Grade.BAD, f"{needs.adapter!r} is not loaded", "promote it: attune adapters promote")


def _tried(client: httpx.Client, needs: Needs) -> Iterator[Finding]:
    yield _thinking(client, needs)
    yield _priorities(client, needs)
    yield _runtime_updating(client)
    yield _pictures(client, needs)
    yield _fetching(client, needs)


def _ask(client: httpx.Client, needs: Needs, content: object = "Good morning.", **more: object) -> httpx.Response:
    said = {"model": needs.model, "messages": [{"role": "user", "content": content}], "max_tokens": 24}
    return client.post("/v1/chat/completions", json={**said, **more})


def _reason(answer: httpx.Response) -> str:
    try:
        body = answer.json()
        return str(body.get("error", body).get("message", body.get("detail", "")))
    except (ValueError, AttributeError):
        return f"HTTP {answer.status_code}"


def _thinking(client: httpx.Client, needs: Needs) -> Finding:
    answer = _ask(client, needs, thinking_token_budget=8)
    remedy = "reasoning-parser: qwen3 in the server's flags (deepseek_r1 for releases of 2025)"
    if not answer.is_success:
        return Finding("thinking", Grade.BAD, _reason(answer), remedy)
    message = answer.json()["choices"][0]["message"]
    if message.get("reasoning") or message.get("reasoning_content"):
        return Finding("thinking", Grade.GOOD, "split off, and ended by its budget")
    return Finding("thinking", Grade.NOTE, "not split off; the service finds it in the text", remedy)


def _priorities(client: httpx.Client, needs: Needs) -> Finding:
    answer = _ask(client, needs, priority=1, max_tokens=1)
    if answer.is_success:
        remedy = "" if needs.priorities else "ATTUNE_VLM_PRIORITIES=true lets tier 1 pass tier 2 in its queue too"
        return Finding("priorities", Grade.GOOD if needs.priorities else Grade.NOTE, "tier 1 before tier 2", remedy)
    remedy = "scheduling-policy: priority in the server's flags, or ATTUNE_VLM_PRIORITIES=false"
    return Finding("priorities", Grade.BAD if needs.priorities else Grade.NOTE, _reason(answer), remedy)


def _runtime_updating(client: httpx.Client) -> Finding:
    answer = client.post("/v1/unload_lora_adapter", json={"lora_name": "attune-doctor"})
    if answer.status_code == httpx.codes.NOT_FOUND and "attune-doctor" in _reason(answer):
        return Finding("adapters", Grade.GOOD, "can be loaded and unloaded while it runs")
    return Finding("adapters", Grade.BAD, f"cannot be loaded while it runs ({_reason(answer)})",
                   "enable-lora: true, and VLLM_ALLOW_RUNTIME_LORA_UPDATING=True in its environment")  # fmt: skip


def _pictures(client: httpx.Client, needs: Needs) -> Finding:
    picture = {"type": "image_url", "image_url": {"url": _PIXEL}}
    answer = _ask(client, needs, [picture] * _MANY, max_tokens=1)
    told = re.search(r"At most (\d+) image", _reason(answer)) if not answer.is_success else None
    if told is None:
        found = "more than 32 are taken" if answer.is_success else _reason(answer)
        return Finding("pictures", Grade.NOTE, found, "limit-mm-per-prompt in the server's flags bounds its memory")
    if int(told[1]) == 0:
        return Finding(
            "pictures", Grade.NOTE, "none are taken: reports are text alone", "limit-mm-per-prompt: image: 4"
        )
    return Finding("pictures", Grade.GOOD, f"up to {told[1]} with a report")


def _fetching(client: httpx.Client, needs: Needs) -> Finding:
    """Whether it would fetch a picture from an address; port 9 of its own loopback holds none."""
    picture = {"type": "image_url", "image_url": {"url": "http://127.0.0.1:9/attune-doctor.png"}}
    answer = _ask(client, needs, [picture], max_tokens=1)
    if not answer.is_success and re.search("allowed domains|At most 0", _reason(answer)):
        return Finding("pictures by address", Grade.GOOD, "not fetched")
    return Finding("pictures by address", Grade.BAD, "fetched from wherever a request says, its own network included",
                   "allowed-media-domains: [nowhere.invalid] in its flags; Attune sends pictures inline")  # fmt: skip


def _tells(client: httpx.Client) -> Iterator[Finding]:
    """What its metrics say: slots for adapters, and how much context fits into the card."""
    answer = client.get("/metrics")
    text = answer.text if answer.is_success else ""
    slots = re.search(r'^vllm:lora_requests_info\{[^}]*max_lora="(\d+)"', text, re.MULTILINE)
    if slots is not None and int(slots[1]) < SLOTS:
        yield Finding("adapter slots", Grade.BAD, slots[1], f"max-loras: {SLOTS}: an active one, a canary and a shadow")
    elif slots is not None:
        yield Finding("adapter slots", Grade.GOOD, slots[1])
    tokens = re.search(r'^vllm:cache_config_info\{[^}]*kv_cache_size_tokens="(\d+)"', text, re.MULTILINE)
    if tokens is not None:
        yield Finding("context in memory", Grade.GOOD, f"{int(tokens[1]):,} tokens, all requests together")

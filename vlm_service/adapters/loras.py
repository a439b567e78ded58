"""Which adapters each of the model's servers holds: loaded before they are asked for, unloaded when nobody asks."""

import asyncio
from collections.abc import Callable

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from services.runtime import logs
from services.vocabulary.time import Seconds
from vlm_service.dialogue.lines import one_line
from vlm_service.failures import NotLoaded, Unreachable
from vlm_service.link import broke
from vlm_service.replicas import Replica

WITHIN_S: Seconds = 60.0
"""For one load: the weights are read from a disk and copied to the card (source: guess)."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: str
    root: str = ""


class _Models(BaseModel):
    model_config = ConfigDict(extra="ignore")

    data: list[_Model]


class Loras:
    """The runtime LoRA routes of vLLM. What a server holds is remembered in `Replica.adapters`, which is forgotten
    whenever the server fails or is ill: then it is asked again, since it may have been started anew.

    `place` gives the folder of a served name by the path under which the servers see it.
    """

    def __init__(self, client: httpx.AsyncClient, place: Callable[[str], str]) -> None:
        self._client, self._place = client, place
        self._locks: dict[str, asyncio.Lock] = {}
        self._log = logs.logger(room="vlm")

    async def ensure(self, replica: Replica, name: str) -> None:
        """Return as soon as `replica` holds the adapter; one that it was not known to hold is proven no more.

        Raises:
            NotLoaded: it cannot be had there.
            Unreachable: the server does not answer.
        """
        if name in replica.adapters:
            return
        async with self._locks.setdefault(replica.url, asyncio.Lock()):
            if name in replica.adapters:
                return
            held, place = await self._held(replica), self._place(name)
            if held.get(name, place) != place:
                # From a folder that may be gone: the server reads it again some day, and its engine dies of that.
                await self._post(replica, "unload_lora_adapter", {"lora_name": name})
                del held[name]
            if name not in held:
                body = {"lora_name": name, "lora_path": place}
                response = await self._post(replica, "load_lora_adapter", body)
                if response.status_code != httpx.codes.OK:
                    raise NotLoaded(f"{name} at {replica.url}: HTTP {response.status_code}: {_reason(response)}")
                self._log.info("an adapter was loaded", adapter=name, server=replica.url)
            replica.proven.discard(name)
            replica.adapters |= {*held, name}

    async def unload(self, replica: Replica, name: str) -> None:
        """Let `replica` forget the adapter; one that it does not have is forgotten already.

        Raises:
            Unreachable: the server does not answer.
        """
        async with self._locks.setdefault(replica.url, asyncio.Lock()):
            replica.adapters.discard(name)
            replica.proven.discard(name)
            response = await self._post(replica, "unload_lora_adapter", {"lora_name": name})
            if response.status_code == httpx.codes.OK:
                self._log.info("an adapter was unloaded", adapter=name, server=replica.url)

    async def _held(self, replica: Replica) -> dict[str, str]:
        """Served names, each with the folder that it was loaded from."""
        try:
            response = await self._client.get(f"{replica.url}/v1/models", timeout=WITHIN_S)
            return {model.id: model.root for model in _Models.model_validate(response.json()).data}
        except httpx.RequestError as error:
            raise Unreachable(f"{broke(error)} at {replica.url}") from error
        except (ValidationError, ValueError) as error:
            raise NotLoaded(f"{replica.url} does not say what it holds: is this a vLLM server?") from error

    async def _post(self, replica: Replica, route: str, body: dict[str, str]) -> httpx.Response:
        try:
            return await self._client.post(f"{replica.url}/v1/{route}", json=body, timeout=WITHIN_S)
        except httpx.RequestError as error:
            raise Unreachable(f"{broke(error)} at {replica.url}") from error


def _reason(response: httpx.Response) -> str:
    if response.status_code == httpx.codes.NOT_FOUND and "load_lora" not in response.text:
        return ("the server takes no adapters while it runs: start it with --enable-lora and "
                "VLLM_ALLOW_RUNTIME_LORA_UPDATING=True")  # fmt: skip
    return one_line(response.text, 240) or "no reason given"

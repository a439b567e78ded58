"""The doctor's look at the adapters of a running VLM service: who is heard, who is tried, what is proven."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.runtime.findings import Finding, Grade
from services.runtime.model_geometry import GeometryError, geometry_of

_MIB = 2**20
_SERVED = ("active", "canary", "shadow")
_Version = Mapping[str, Any]


class Access(BaseSettings):
    """How the door for adapters is reached: as `attune adapters` reaches it."""

    model_config = SettingsConfigDict(env_prefix="ATTUNE_ADAPTERS_", extra="ignore", frozen=True)

    url: str = Field("http://127.0.0.1:7083", min_length=1)
    token: str = ""

    def client(self) -> httpx.Client:
        """Shows the token with every request."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return httpx.Client(headers=headers, timeout=5.0, trust_env=False)


def look(access: Access, most_rank: int) -> Iterator[Finding]:
    """What stands where; `most_rank` is that of the adapters which the VLM service takes."""
    try:
        with access.client() as client:
            versions: list[_Version] = asked(client, access, "")["items"]
            held = {one["state"]: one for one in versions if one["state"] in _SERVED}
            yield _heard(held.get("active"))
            yield from (_tried(held[state]) for state in _SERVED[1:] if state in held)
            yield from _refused(versions)
            for one in held.values():
                yield from _details(asked(client, access, f"/{one['served_name']}"), most_rank)
    except (httpx.HTTPError, httpx.InvalidURL, KeyError, TypeError, ValueError) as error:
        remedy = "start it with `attune run vlm`, or correct ATTUNE_ADAPTERS_URL and ATTUNE_ADAPTERS_TOKEN"
        yield Finding("adapters heard", Grade.NOTE, f"not told: {access.url}: {error}", remedy)


def asked(client: httpx.Client, access: Access, path: str) -> Any:
    """What the door says.

    Raises:
        httpx.HTTPError, ValueError: nothing, a refusal, or no JSON.
    """
    answer = client.get(f"{access.url.rstrip('/')}/api/v1/adapters{path}")
    answer.raise_for_status()
    return answer.json()


def _heard(active: _Version | None) -> Finding:
    if active is None:
        return Finding("adapter active", Grade.NOTE, "none: the base model answers", "attune adapters promote NAME")
    return Finding("adapter active", Grade.GOOD, str(active["served_name"]))


def _tried(one: _Version) -> Finding:
    if one["state"] == "shadow":
        return Finding("adapter shadow", Grade.GOOD, f"{one['served_name']}, unheard")
    share = f"{100 * one['share']:.3g} % of all events"
    which = f"every event of {len(one['rooms'])} rooms" if one["rooms"] else share
    return Finding("adapter canary", Grade.GOOD, f"{one['served_name']}, heard for {which}")


def _refused(versions: Sequence[_Version]) -> Iterator[Finding]:
    refused = [one for one in versions if one["state"] == "refused"]
    if refused:
        last = refused[0]
        yield Finding("adapters refused", Grade.NOTE, f"{len(refused)}; the last, {last['served_name']}: {last['why']}",
                      f"attune adapters show {last['served_name']}")  # fmt: skip


def _details(one: _Version, most_rank: int) -> Iterator[Finding]:
    """Whether every server has shown that it answers with it, and the memory that it asks for there."""
    name, servers = one["served_name"], one["servers"]
    unproven = [server["url"] for server in servers if not server["proven"]]
    if unproven:
        yield Finding(f"proof of {name}", Grade.BAD, f"missing at {', '.join(unproven)}: it is not heard there",
                      "the VLM service's log names the check; see that the server runs")  # fmt: skip
    else:
        yield Finding(f"proof of {name}", Grade.GOOD, f"at {len(servers)} of {len(servers)} servers")
    if old := one.get("outdated"):
        yield Finding(f"gates of {name}", Grade.NOTE, str(old), f"attune adapters judge {name}")
    if doubt := one.get("untrusted"):
        yield Finding(
            f"trust of {name}", Grade.BAD, str(doubt), "push it again, signed; until then it is not put on anew"
        )
    yield from _memory(name, one["card"], most_rank)


def _memory(name: str, card: Mapping[str, Any] | None, most_rank: int) -> Iterator[Finding]:
    if card is None:
        yield Finding(f"memory of {name}", Grade.BAD, "its files are not here any more", "push the bundle again")
        return
    rank, model = int(card["rank"]), str(card["base"]["model"])
    try:
        shape = geometry_of(model)
    except GeometryError:
        shape = None
    if shape is None:
        yield Finding(f"memory of {name}", Grade.NOTE, f"rank {rank}; the shape of {model!r} is not known here")
        return
    tower = set(card.get("parts", ())) - {"language"} != set()
    asks, slot = (shape.adapter_bytes(each, tower=tower) / _MIB for each in (rank, most_rank))
    found = f"{asks:.0f} MiB by rank {rank}; a slot of rank {most_rank}, reserved at the server's start, has {slot:.0f}"
    enough = rank <= most_rank
    remedy = "" if enough else f"max-lora-rank: {rank} in the server's flags and ATTUNE_VLM_MOST_RANK={rank}"
    yield Finding(f"memory of {name}", Grade.GOOD if enough else Grade.BAD, found, remedy)

"""Samples of an earlier schema: set aside when cameras or channels change, and sent first, as what they were."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from edge_agent.duties import Duties
from edge_agent.identity import Identity
from edge_agent.spool import Spool
from edge_agent.spool_errors import SpoolError
from edge_agent.uplink import NONE, Refused, Uplink
from services.runtime import codec, logs
from services.runtime.clock import Clock
from services.runtime.lifecycle import until
from services.vocabulary import Mode, Resident

FACT = "schema"
CARRIED = ("clock", "own_alarms", "own_alarms_refused", "modes")
"""What belongs to the agent, not to its samples."""


def fitting(spool: Spool, path: Path, rows: int, identity: Identity) -> Spool:
    """The spool for this schema; one that still holds samples of another schema is set aside beside it."""
    kept, wanted = spool.fact(FACT), _schema(identity)
    if kept is not None and _bare(kept) == _bare(wanted):
        if kept != wanted:
            spool.keep_fact(FACT, wanted)
        return spool
    if kept is not None and len(spool):
        epoch, facts = spool.epoch, {name: spool.fact(name) for name in CARRIED}
        spool.close()
        _move(path, path.with_name(f"{path.stem}-{epoch[:12]}.old"))
        logs.logger().warning("schema changed, spool set aside", epoch=epoch[:12])
        spool = Spool(path, rows)
        for name, value in facts.items():
            spool.keep_fact(name, value or "")
    spool.keep_fact(FACT, wanted)
    return spool


async def send_leftovers(
    path: Path, server: str, identity: Identity, clock: Clock, stop: asyncio.Event, duties: Duties = NONE
) -> None:
    """Send every spool that was set aside beside `path`, oldest first, and delete each once it is durable.

    One that cannot be read, or that the server says is impossible, is renamed to end with `.refused` and said.

    Raises:
        Refused: the server will not have this agent at all.
    """

    def dial(before: Identity, spool: Spool) -> Uplink:
        return Uplink(server, before, spool, clock, list, duties)

    for old in sorted(path.parent.glob(f"{path.stem}-*.old"), key=lambda file: file.stat().st_mtime):
        if stop.is_set():
            return
        try:
            await _send(old, dial, identity, stop)
        except (SpoolError, ValueError, KeyError) as error:
            _refuse(old, str(error))
        except Refused as error:
            if not error.of_message:
                raise
            _refuse(old, str(error))


async def _send(old: Path, dial: Callable[[Identity, Spool], Uplink], identity: Identity, stop: asyncio.Event) -> None:
    spool = Spool(old, ballast_bytes=0, mend=False)
    try:
        channels, seats = json.loads(spool.fact(FACT) or "[[], []]")
        residents = tuple(_as_watched_now(codec.from_json(Resident, json.dumps(seat)), identity) for seat in seats)
        before = replace(identity, channels=tuple(channels), seats=residents)
        uplink = dial(before, spool)
        await _drain(uplink, stop)
        empty, aside = not len(spool), spool.aside
    finally:
        spool.close()
    if empty and aside:
        _refuse(old, f"{aside} of its samples were put aside")
    elif empty:
        await asyncio.to_thread(old.unlink)
        logs.logger().info("leftover spool is durable", samples=uplink.acknowledged)


async def _drain(uplink: Uplink, stop: asyncio.Event) -> None:
    drained = asyncio.Event()
    sending = asyncio.create_task(uplink.run(drained))
    try:
        while not uplink.drained and not sending.done() and not await until(stop, 0.1):
            pass
        drained.set()
        await sending
    finally:
        sending.cancel()


def _refuse(old: Path, reason: str) -> None:
    refused = old.with_suffix(".refused")
    _move(old, refused)
    logs.logger().error("leftover spool cannot be sent, kept", file=refused.name, reason=reason)


def _move(old: Path, new: Path) -> None:
    """Rename a closed spool; on a full disk its log may not have been brought in, and goes with it."""
    log = old.with_name(old.name + "-wal")
    if log.exists():
        log.rename(new.with_name(new.name + "-wal"))
    old.rename(new)


def _bare(schema: str) -> object:
    """What of a schema says how samples are written: a change of mode makes no other samples."""
    channels, seats = json.loads(schema)
    return channels, [{**seat, "mode": "", "consent": ""} for seat in seats]


def _as_watched_now(seat: Resident, identity: Identity) -> Resident:
    """Nothing leaves by a consent that is withdrawn: who is not watched here any more has none."""
    now = next((one for one in identity.seats if one.id == seat.id), None)
    mode = Mode.OBSERVABLES if now is None else now.mode
    return replace(seat, mode=mode, consent="" if now is None else now.consent)


def _schema(identity: Identity) -> str:
    return json.dumps([list(identity.channels), [codec.to_jsonable(seat) for seat in identity.seats]], sort_keys=True)

"""A real edge agent's spool and uplink as a process of its own; killed and started again, it goes on where it was."""

import argparse
import asyncio
import sys
import time
from pathlib import Path

from edge_agent.identity import Identity
from edge_agent.spool import Spool
from edge_agent.uplink import Uplink
from services.runtime import logs
from services.runtime.clock import SystemClock
from tests.bench.killing import life

AGENT = "edge-1"
AT_ONCE = 2000


def main() -> int:
    """Send until the file `stop` is there and everything is durable."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--server", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--residents", type=int, required=True)
    parser.add_argument("--origin", type=float, required=True, help="time of the first second")
    parser.add_argument("--began", type=float, required=True, help="wall time at which the first second was due")
    parser.add_argument("--speed", type=float, required=True, help="seconds of a life that pass in one")
    parser.add_argument("--backlog", type=int, required=True, help="seconds that lie in the spool at the beginning")
    parser.add_argument("--total", type=int, default=0, help="exactly so many samples, at once; 0: until `stop`")
    given = parser.parse_args()
    logs.configure("sender", "warning")
    asyncio.run(send(given))
    return 0


async def send(given: argparse.Namespace) -> None:
    spool = Spool(given.folder / "spool.db", ballast_bytes=0)
    identity = Identity(AGENT, "bench", "", "UTC", life.CHANNELS, life.seats(given.residents))
    uplink = Uplink(given.server, identity, spool, SystemClock(), tuple)
    stop = asyncio.Event()
    running = asyncio.create_task(uplink.run(stop))
    while not running.done():
        live = fill(spool, given)
        if not live and uplink.drained:
            break
        await asyncio.sleep(0.02)
    stop.set()
    await running
    spool.close()


def fill(spool: Spool, given: argparse.Namespace) -> bool:
    """Write what is due; whether more will be due later."""
    stopped = (given.folder / "stop").exists()
    due = given.residents * int(given.backlog + max(0.0, time.time() - given.began) * given.speed)
    due = given.total or (spool.newest if stopped else due)
    if spool.newest < due:
        after = min(due, spool.newest + AT_ONCE)
        spool.append(list(life.rows(given.seed, given.residents, spool.newest, after, given.origin)))
    return spool.newest < due or not (stopped or given.total)


if __name__ == "__main__":
    sys.exit(main())

"""A facility whose processes are killed at random moments, beside one that is left alone: nothing lost, nothing twice.

`python -m tests.bench.sigkill [--quick] [--seed N]`; on SQLite, and on PostgreSQL and Redis too where
ATTUNE_TEST_DATABASE_URL (and ATTUNE_TEST_REDIS_URL) name them.
"""

import argparse
import os
import secrets
import statistics
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tests.bench.killing.house import House, Life, furnished
from tests.bench.killing.verdict import Verdict, all_told, compare
from tests.bench.table import Figure, publish

VICTIMS = ("threshold", "alerting", "sender")
SHARES = (0.76, 0.14, 0.10)
MID_WORK = 0.65
"""Share of kills that wait until the process has got on since its start; the others come at any time after it."""
PATIENCE_S = 90.0


@dataclass(frozen=True, slots=True)
class Killed:
    """One kill: who, and whether they had got on since their start. `back_s` until work went on."""

    name: str
    mid_work: bool
    back_s: float


@dataclass(frozen=True, slots=True)
class Planned:
    """Kill `name` after `wait_s`, counted from when they have got on since their start (`mid_work`), or from now."""

    name: str
    mid_work: bool
    wait_s: float


def plan(seed: int, kills: int) -> list[Planned]:
    """Random victims at random moments."""
    rng = np.random.default_rng(seed)
    names, mid = rng.choice(VICTIMS, kills, p=SHARES), rng.random(kills) < MID_WORK
    waits = rng.uniform(0.0, np.where(mid, 1.5, 3.0))
    return [Planned(str(name), bool(at), float(wait)) for name, at, wait in zip(names, mid, waits, strict=True)]


def trial(
    folder: Path, urls: tuple[str, str], redis_url: str, life: Life, kills: Sequence[Planned]
) -> tuple[Verdict, list[Killed]]:
    """Live through these kills, then the same samples in peace, each on a ledger of its own."""
    with furnished(House(folder / "killed", urls[0], life, redis_url)) as house:
        for name in ("receiver", "threshold", "alerting", "sender"):
            house.start(name)
        done = [_kill(house, one) for one in kills]
        total = house.no_more()
        _settle(house, total)
        house.wait("every alert told", lambda: all_told(house), PATIENCE_S)
        calm = House(folder / "calm", urls[1], replace(life, total=total), redis_url)
        with furnished(calm):
            calm.start("threshold")
            calm.start("sender")
            _settle(calm, total)
            return compare(house, calm), done


def _kill(house: House, planned: Planned) -> Killed:
    """Kill one process and start it again at once."""
    back = 0.0
    if planned.mid_work:
        before = house.durable()
        back = house.wait(f"samples beyond {before} made durable", lambda: house.durable() > before, PATIENCE_S)
    time.sleep(planned.wait_s)
    house.check()
    house.kill(planned.name)
    house.start(planned.name)
    return Killed(planned.name, planned.mid_work, back)


def _settle(house: House, total: int) -> None:
    house.wait(f"{total} samples durable", lambda: house.durable() == total, 2 * PATIENCE_S)
    house.wait("the sender's end", lambda: house.running["sender"].poll() is not None, PATIENCE_S)


def figures(where: str, verdict: Verdict, done: list[Killed]) -> list[Figure]:
    """The bars and what stands beside them."""
    killed = Counter(one.name for one in done)
    mid = sum(one.mid_work for one in done)
    beside = f"{verdict.events} events, {verdict.urgent} to be told"
    named = ", ".join(f"{name} {killed[name]}" for name in VICTIMS)
    back = [one.back_s for one in done if one.mid_work]

    def bar(what: str, value: int) -> Figure:
        return Figure(f"{where}: {what}", value, "", beside, None, "0", value == 0)

    return [
        Figure(f"{where}: kills", len(done), "", f"{named}; {mid} in the middle of work"),
        Figure(f"{where}: until samples are durable again, median", statistics.median(back or [0.0]), "s",
               "lease of the dead process 6 s"),
        bar("events lost", verdict.lost), bar("events that never were", verdict.invented),
        bar("events told otherwise", verdict.differ), bar("conflicts", verdict.conflicts),
        bar("alerts never received", verdict.silent), bar("alerts received twice", verdict.twice),
        Figure(f"{where}: received again under the same key", verdict.again, "", "passed over by the receiver"),
        Figure(f"{where}: snapshot bytes equal", float(verdict.equal), "", "uninterrupted run", None, "1",
               verdict.equal),
    ]  # fmt: skip


@contextmanager
def schemas(base: str) -> Iterator[tuple[str, str]]:
    """Two PostgreSQL schemas of this run alone, as URLs."""
    from sqlalchemy import create_engine, text
    from sqlalchemy.engine import make_url

    names = [f"attune_{uuid.uuid4().hex}" for _ in range(2)]
    admin = create_engine(base, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        for name in names:
            connection.execute(text(f"CREATE SCHEMA {name}"))
    urls = [make_url(base).update_query_dict({"options": f"-csearch_path={name}"}) for name in names]
    try:
        yield urls[0].render_as_string(hide_password=False), urls[1].render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            for name in names:
                connection.execute(text(f"DROP SCHEMA {name} CASCADE"))
        admin.dispose()


def main() -> int:
    """Kill, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="5 kills instead of 50")
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**31))
    given = parser.parse_args()
    kills = given.kills or (5 if given.quick else 50)
    print(f"seed {given.seed}")
    life = Life(given.seed, 6, time.time() - 40_000.0, 17_000, 20.0)
    measured: list[Figure] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        files = (f"sqlite:///{folder / 'killed.db'}", f"sqlite:///{folder / 'calm.db'}")
        measured += figures("SQLite", *trial(folder / "sqlite", files, "", life, plan(given.seed, kills)))
        base, redis = os.environ.get("ATTUNE_TEST_DATABASE_URL", ""), os.environ.get("ATTUNE_TEST_REDIS_URL", "")
        if base:
            where = "PostgreSQL and Redis" if redis else "PostgreSQL"
            with schemas(base) as urls:
                measured += figures(where, *trial(folder / "postgres", urls, redis, life, plan(given.seed, kills)))
    return publish("sigkill", measured)


if __name__ == "__main__":
    sys.exit(main())

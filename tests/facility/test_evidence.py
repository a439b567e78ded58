"""The way of evidence from a camera to the service: asked for when an event opens, released as an outline, not kept."""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import grpc.aio
import pytest
from sqlalchemy import select

from edge_agent.agent import Agent
from edge_agent.settings import CameraSettings, EdgeSettings
from edge_agent.spool import Row
from services.ledger import Database
from services.ledger.tables import audit
from services.runtime.clock import SystemClock
from services.runtime.ports import free_port
from services.vocabulary import Cue, CueName, Policy
from threshold_service.intake import Intake
from threshold_service.roster import Roster
from threshold_service.settings import ThresholdSettings

pytestmark = pytest.mark.facility


def told(database: Database) -> list[dict[str, object]]:
    with database.read() as connection:
        found = connection.scalars(select(audit.c.body).where(audit.c.kind.like("evidence.%")))
        return [json.loads(body) for body in found]


def test_it_shows_outlines_of_what_an_alarm_was_about_and_keeps_none(
    tmp_path: Path, asset_mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clip has no cry in it: one is put beside its third second, where the agent hands seconds on."""
    clip = str(asset_mirror / "clips" / "intel" / "help.mkv")
    camera = CameraSettings(name="c-1", source=clip, loop=True, resident="r-1", room="Room 1", evidence="silhouette")
    database = Database(f"sqlite:///{tmp_path / 'ledger.db'}")
    database.migrate()
    settings = ThresholdSettings(port=free_port(), snapshot_s=0.3, evidence=True)
    agent = Agent(
        EdgeSettings(server=f"127.0.0.1:{settings.port}", cameras=[camera], spool=tmp_path / "spool.db", health_port=0)
    )
    plain, rows = agent._spool.append, [0]

    def crying(seconds: Sequence[Row]) -> int:
        rows[0] += len(seconds)
        loud = (Cue(CueName.CRY, 0.95, -0.5),)
        return plain([replace(one, cues=loud) for one in seconds] if 3 <= rows[0] <= 6 else seconds)

    monkeypatch.setattr(agent._spool, "append", crying)

    async def story() -> None:
        clock, stop = SystemClock(), asyncio.Event()
        server = grpc.aio.server()
        Intake(Roster(database, clock, Policy(), "replica-1"), clock, settings).join(server)
        server.add_insecure_port(f"127.0.0.1:{settings.port}")
        await server.start()
        task = asyncio.create_task(agent.run(stop))
        end = time.monotonic() + 240.0
        while not told(database) and not task.done():
            assert time.monotonic() < end, "nothing was ever asked or answered"
            await asyncio.sleep(0.2)
        stop.set()
        await task
        await server.stop(0)

    asyncio.run(story())
    answer = told(database)[0]
    assert answer["refusal"] == ""
    assert 1 <= int(str(answer["pictures"])) <= 5
    assert answer["silhouettes"] == answer["pictures"]
    assert b"\xff\xd8\xff" not in (tmp_path / "ledger.db").read_bytes() + (tmp_path / "spool.db").read_bytes()

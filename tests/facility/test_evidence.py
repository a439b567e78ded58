"""The way of evidence from a camera to the service: asked for when an event opens, released as an outline, not kept.
How the body moved comes with it, as points, and is kept."""

import asyncio
import base64
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import grpc.aio
import numpy as np
import pytest
from sqlalchemy import select

from edge_agent.agent import Agent
from edge_agent.settings import CameraSettings, EdgeSettings
from edge_agent.spool import Row
from services.ledger import Database, EventRepository, MovementRepository
from services.ledger.outbox import OutboxRepository
from services.ledger.tables import audit
from services.ledger.topics import ASSESSMENT_MADE
from services.runtime import codec
from services.runtime.clock import SystemClock
from services.runtime.ports import free_port
from services.vocabulary import Assessment, Cue, CueName, Indicator, Policy
from tests.unit.vlm.model_server import completion, model_server
from tests.unit.vlm.specimens import VERDICT
from tests.unit.vlm.test_service import service
from threshold_service.escalation import Escalation
from threshold_service.intake import Intake
from threshold_service.roster import Roster
from threshold_service.settings import ThresholdSettings
from vlm_service.dialogue import verdict_to_json

pytestmark = pytest.mark.facility


CRIED = replace(VERDICT, indicators=(Indicator("crying", "audio.cue.cry"), Indicator("bodies", "picture.1")))


def told(database: Database) -> list[dict[str, object]]:
    with database.read() as connection:
        found = connection.scalars(select(audit.c.body).where(audit.c.kind.like("evidence.%")))
        return [json.loads(body) for body in found]


def opinions(database: Database) -> list[Assessment]:
    with database.read() as connection:
        bodies = [m.body for m in OutboxRepository(connection).unconsumed(ASSESSMENT_MADE, "test", 9, time.time())]
    return [codec.from_json(Assessment, body) for body in bodies]


def test_it_shows_a_model_outlines_of_what_an_alarm_was_about_and_keeps_none(
    tmp_path: Path, asset_mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clip has no cry in it: one is put beside its third second, where the agent hands seconds on."""
    clip = str(asset_mirror / "clips" / "intel" / "help.mkv")
    camera = CameraSettings(name="c-1", source=clip, loop=True, resident="r-1", room="Room 1", evidence="silhouette")
    database = Database(f"sqlite:///{tmp_path / 'ledger.db'}")
    database.migrate()
    settings = ThresholdSettings(port=free_port(), snapshot_s=0.3, evidence=True)
    roster = Roster(database, SystemClock(), Policy(), "replica-1")
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
        Intake(roster, clock, settings).join(server)
        server.add_insecure_port(f"127.0.0.1:{settings.port}")
        await server.start()
        escalation = Escalation(database, clock, address, "", 15.0, roster.pictures, 20.0)
        tasks = [asyncio.create_task(agent.run(stop)), asyncio.create_task(escalation.run(stop))]
        end = time.monotonic() + 240.0
        while not opinions(database) and not any(task.done() for task in tasks):
            assert time.monotonic() < end, "nothing was ever asked or answered"
            await asyncio.sleep(0.2)
        stop.set()
        await asyncio.gather(*tasks)
        await server.stop(0)

    with (
        model_server(completion(verdict_to_json(CRIED), reasoning="t")) as model,
        service(f"sqlite:///{tmp_path / 'ledger.db'}", server_url=model.url, pictures="4") as vlm,
    ):
        address = vlm.address
        asyncio.run(story())
    answer, *showings = told(database)  # a question that could not be asked is asked again
    shown = showings[-1]
    with database.read() as connection:
        moved = MovementRepository(connection).of_event(str(answer["event"]))
        opened = EventRepository(connection).get(str(answer["event"]))
    assert moved is not None and opened is not None
    assert len(moved.poses) == answer["poses"] >= 4
    assert all(-10.0 <= pose.time - opened.opened_at <= 5.0 for pose in moved.poses)
    assert all(min(pose.scores[5:7]) > 0.3 for pose in moved.poses), "the clip's person from the front"
    assert answer["refusal"] == ""
    assert 1 <= int(str(answer["pictures"])) <= 5
    assert answer["silhouettes"] == answer["pictures"]
    made, asked = opinions(database)[0], model.requests[0]["messages"][1]["content"]
    assert (shown["to"], shown["event"]) == ("second opinion", made.event)
    assert made.pictures == min(4, int(str(shown["pictures"]))) == sum(part["type"] == "image_url" for part in asked)
    assert "picture.1: " in asked[1]["text"] and "outline" in asked[1]["text"]
    for part in asked[2::2]:
        outline = base64.b64decode(part["image_url"]["url"].removeprefix("data:image/jpeg;base64,"))
        assert cv2.imdecode(np.frombuffer(outline, np.uint8), cv2.IMREAD_COLOR) is not None
    assert b"\xff\xd8\xff" not in (tmp_path / "ledger.db").read_bytes() + (tmp_path / "spool.db").read_bytes()

"""Only an adapter that was trained with pictures is shown any."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from services.ledger import Database
from services.runtime.clock import SystemClock
from services.vocabulary import AdapterState, AdapterVersion, Event
from tests.unit.vlm.bundles import sealed
from tests.unit.vlm.jpegs import jpeg
from tests.unit.vlm.specimens import AGITATED
from vlm_service.adapters.routing import cast_of
from vlm_service.adapters.stage import Stage
from vlm_service.adapters.store import Store
from vlm_service.dialogue import AnswerError, Frame
from vlm_service.engine import Engine


class Heard:
    """An engine that notes how many pictures each adapter would be shown, and answers nothing."""

    def __init__(self) -> None:
        self.shown: dict[str, int] = {}

    async def answer(self, event: Event, deadline_s: float, rank: int, frames: Sequence[Frame], adapter: str) -> Any:
        self.shown[adapter] = len(frames)
        raise AnswerError("this test wants no answer")


def test_it_shows_pictures_to_the_base_model_and_to_who_was_trained_with_them(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    store.open()
    names = {}
    for sees in ("text", "frames"):
        bundle = sealed(tmp_path / sees, sees=sees)
        names[sees] = bundle.served_name
        store.keep(bundle.folder, names[sees])
    assert [store.sees(name) for name in (names["text"], names["frames"], "gone@0")] == [False, True, False]

    heard, database = Heard(), Database(f"sqlite:///{tmp_path}/a.db")
    database.migrate()
    stage = Stage(cast(Engine, heard), database, SystemClock())
    picture = Frame(jpeg(), 2.0, outline=False)
    for name in ("", names["text"], names["frames"]):
        digest = name.partition("@")[2].ljust(64, "0")
        active = [AdapterVersion("agitation", digest, AdapterState.ACTIVE, "Ana", 0.0, 0.0)] if name else []
        stage.cast = cast_of(active, store.sees)
        with suppress(AnswerError):
            asyncio.run(stage.answer(AGITATED, 5.0, 0, [picture]))
    assert heard.shown == {"": 1, names["text"]: 0, names["frames"]: 1}

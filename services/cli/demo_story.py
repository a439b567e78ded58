"""Tells a person what the demonstration is doing, from the logs of the edge and the receiver."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console

from services.cli.demo_plan import RESIDENT, Plan

_NOW = {
    "clip": f"Now [green]the real clip[/green] plays, live: {RESIDENT} stands still until second 24, then is agitated "
    "and cries.",
    "camera": "Now your source is watched, live. A camera learns for hours first; until then only sounds can alarm.",
    "simulated": "Now [magenta]simulated scores[/magenta] run, live: an episode with cries begins after 10 seconds.",
}


class Follower:
    """Reads the new JSON lines of a file that grows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def lines(self) -> Iterator[dict[str, Any]]:
        """What has been written since the last call; lines that are no JSON are passed over."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._offset)
            for raw in file:
                if not raw.endswith(b"\n"):
                    return
                self._offset += len(raw)
                if raw.startswith(b"{"):
                    yield json.loads(raw)


class Storyteller:
    """Says each thing once, in the order in which it happens."""

    def __init__(self, plan: Plan, console: Console) -> None:
        self._console = console
        self._plan = plan
        self._edge = [Follower(plan.folder / "logs" / f"{log}.log") for log in ("senses", "edge")]
        self._received = Follower(plan.received)
        self._senses: set[str] = set()

    def say(self, text: str) -> None:
        """One line."""
        self._console.print(f"[dim]·[/dim] {text}")

    def go_on(self) -> None:
        """Tell what is new."""
        for follower in self._edge:
            for line in follower.lines():
                self._tell_edge(line)
        for line in self._received.lines():
            self._tell_received(line)

    def _tell_edge(self, line: dict[str, Any]) -> None:
        match line.get("event"):
            case "sense ready" | "sense missing":
                self._sense(line)
            case "rehearsal measured":
                stretch = f"seconds {line['from_s']:g} to {line['to_s']:g} of the clip ({line['samples']} samples)"
                self.say(f"{line['camera']}: [green]real models[/green] measured {stretch}")
            case "rehearsal written":
                simulated = f"[magenta]simulated history[/magenta], {line['hours']:g} hours that resemble them"
                self.say(f"{line['camera']}: {simulated}")
            case "draining":
                self.say("The threshold service learns this usual from the history …")
            case "cameras started":
                self.say(_NOW[self._plan.mode])

    def _sense(self, line: dict[str, Any]) -> None:
        """Each sense once, although every camera has one."""
        if line["sense"] in self._senses:
            return
        self._senses.add(line["sense"])
        if line["event"] == "sense ready":
            self.say(f"  sense [bold]{line['sense']}[/bold] on {line['provider']}")
        else:
            self.say(f"  [yellow]sense {line['sense']} is off[/yellow]: {line['reason']}")

    def _tell_received(self, line: dict[str, Any]) -> None:
        mark = "[green]signature verified[/green]" if line.get("verified") else "[red]SIGNATURE WRONG[/red]"
        self.say(f"[bold]{line.get('type')}[/bold] tier {line.get('tier')} ({mark}): {line.get('headline', '')}")

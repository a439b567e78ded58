"""The `attune` command."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from services.cli import (
    adapters,
    alerts,
    assets,
    demo,
    doctor,
    edge,
    evaluate,
    feedback,
    oncall,
    people,
    score,
    simulate,
    threshold,
    train,
)

app = typer.Typer(
    name="attune",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="Watches over the residents of a care facility and tells a caregiver when somebody is not their usual self. "
    "Every alert is decision support; a human decides.",
)
app.add_typer(alerts.app, name="alerts")
app.add_typer(assets.app, name="assets")
app.add_typer(edge.app, name="edge")
app.add_typer(threshold.app, name="threshold")
app.add_typer(people.app, name="people")
app.add_typer(feedback.app, name="feedback")
app.add_typer(train.app, name="train")
app.add_typer(adapters.app, name="adapters")
app.command("demo")(demo.command)
app.command("doctor")(doctor.command)
app.command("oncall")(oncall.command)
app.command("simulate")(simulate.command)
app.command("evaluate")(evaluate.command)
app.command("score")(score.command)

ROOMS = {
    "edge": "edge_agent",
    "threshold": "threshold_service",
    "vlm": "vlm_service",
    "alerts": "services.alerting",
    "console": "services.console",
}
DOES = {
    "edge": "watches cameras and sends scores",
    "threshold": "learns what is usual and opens events",
    "vlm": "gives the second opinion",
    "alerts": "tells the receivers",
    "console": "serves the page and the API",
}


@app.command("run")
def run(
    room: Annotated[str, typer.Argument(help="; ".join(f"{name}: {does}" for name, does in DOES.items()))],
    config: Annotated[
        Path | None, typer.Option(help="TOML file with the room's settings; the environment wins")
    ] = None,
) -> None:
    """Run one room in the foreground, as its image does, until Ctrl-C or SIGTERM.

    A wrong or unknown setting ends it with status 2 and one line that names key, value and expectation. Every setting
    of a room, with default and meaning: `python -m edge_agent --help` (or `threshold_service`, `vlm_service`,
    `services.alerting`, `services.console`).
    """
    if room not in ROOMS:
        raise typer.BadParameter(f"{room!r}: expected one of {', '.join(ROOMS)}", param_hint="ROOM")
    import runpy

    sys.argv = [room, *(["--config", str(config)] if config else [])]
    runpy.run_module(ROOMS[room], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    app()

"""`attune adapters push`, `list`, `show`, `promote` and the like: what the VLM service serves."""

import getpass
import json as codec
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from services.cli.adapters_door import DOOR, Door, say
from services.cli.adapters_tables import difference, listing, one

Where = Annotated[str, typer.Option("--door", envvar="ATTUNE_ADAPTERS_URL", help="The VLM service's door.")]
Token = Annotated[
    str,
    typer.Option(
        envvar="ATTUNE_ADAPTERS_TOKEN", help="The token of your role, where the service has tokens.", show_default=False
    ),
]
Json = Annotated[bool, typer.Option("--json", help="For programs: the answer as JSON.")]
By = Annotated[
    str, typer.Option(help="Who answers for it; kept in the audit chain, beside the token's role. Default: your login.")
]
Why = Annotated[str, typer.Option(help="Why; kept in the audit chain.")]
Wanted = Annotated[
    str, typer.Argument(help="Served name, a beginning of it that means one alone, or active, canary, shadow.")
]


def add_to(app: typer.Typer) -> None:
    """Give `attune adapters` these commands."""
    for command in (push, list_, show, approve, judge, promote, canary, shadow, rollback, retire, diff):
        app.command(command.__name__.rstrip("_"))(command)


def push(
    folder: Annotated[Path, typer.Argument(help="A sealed bundle (`attune adapters seal`).")],
    by: By = "",
    door: Where = DOOR,
    token: Token = "",
    json: Json = False,
) -> None:
    """Give a sealed bundle to the VLM service, which keeps it under its immutable name.

    It is checked at once (as sealed, signed, fit for the servers), then probed on the real server and judged by the
    gates, while everything goes on; `attune adapters show` tells how far it is. The same contents again change nothing;
    the same name with other contents is another version. Refused: status 1 and the reason. Where the service trusts no
    key, or knows no digest of its base model, the answer says what nobody checked.

    Example: `attune adapters push out/agitation --by "Ana Ruiz"`
    """
    version, fresh = Door(door, token).push(folder, by or _me())
    if not json:
        say(f"{version['served_name']}: {'pushed' if fresh else 'is here already'}, {version['state']}")
        for line in version.get("not_checked", ()):
            say(f"  {line}")
    _show(version, json)


def list_(door: Where = DOOR, token: Token = "", json: Json = False) -> None:
    """Every version the VLM service knows, the newest change first."""
    items = Door(door, token).get()["items"]
    if json:
        _show(items, json)
    else:
        _print(listing(items))


def show(wanted: Wanted, door: Where = DOOR, token: Token = "", json: Json = False) -> None:
    """One version: its card, what the probe and the gates found, how it does beside the other, and its steps."""
    found = Door(door, token).get(f"/{wanted}")
    if json:
        _show(found, json)
    else:
        _print(*one(found))


def approve(
    wanted: Wanted, by: By = "", why: Why = "", door: Where = DOOR, token: Token = "", json: Json = False
) -> None:
    """Answer for a version by your name, where its card names nobody (`attune train bundle --approved-by`).

    A version that nobody answers for, or without figures of an evaluation, may be a shadow and is never heard. Needs
    the promote token; who approved, and why, is kept in the audit chain (adapter.approved).

    Example: `attune adapters approve agitation@0123 --by "Dr Lang" --why "read its evaluation"`
    """
    name = Door(door, token).post(f"/{wanted}/approve", {"by": by or _me(), "why": why})
    if not json:
        say(f"{by or _me()} answers for {name['served_name']}")
    _show(name, json)


def judge(
    wanted: Wanted, by: By = "", why: Why = "", door: Where = DOOR, token: Token = "", json: Json = False
) -> None:
    """Have the gates of a version judged anew: every case is asked again, after all real events.

    For a report of another prompt or policy, of another one beside it, or of an hour in which the server was busy.
    Where it stands changes nothing; `attune adapters show` has the new report once it is there. Either token.
    """
    name = Door(door, token).post(f"/{wanted}/judge", {"by": by or _me(), "why": why})
    if not json:
        say(f"{name['served_name']} is judged again; `attune adapters show` tells the outcome")
    _show(name, json)


def promote(
    wanted: Wanted, by: By = "", why: Why = "", door: Where = DOOR, token: Token = "", json: Json = False
) -> None:
    """Let a version be heard for every event; the one before stays at hand for `rollback`. Needs passed gates."""
    _move(f"/{wanted}/promote", {"by": by or _me(), "why": why}, door, token, json)


def canary(
    wanted: Wanted,
    share: Annotated[float, typer.Option(help="Of all events, above 0 to 1.", min=0.0, max=1.0)] = 0.0,
    room: Annotated[list[str] | None, typer.Option(help="Instead of a share: a room; may be repeated.")] = None,
    by: By = "",
    why: Why = "",
    door: Where = DOOR,
    token: Token = "",
    json: Json = False,
) -> None:
    """Let a version be heard for a part of the events: a share of them, or those of some rooms. Needs passed gates.

    It is taken back by itself when it fails, answers invalidly, late, or disagrees more often than the policy of the
    gates allows.

    Example: `attune adapters canary agitation@0123 --share 0.1 --why "week 1"`
    """
    _move(f"/{wanted}/canary", {"by": by or _me(), "why": why, "share": share, "rooms": room or []}, door, token, json)


def shadow(
    wanted: Wanted, by: By = "", why: Why = "", door: Where = DOOR, token: Token = "", json: Json = False
) -> None:
    """Let a version answer beside the one that is heard, unheard, whenever the servers have nothing better to do."""
    _move(f"/{wanted}/shadow", {"by": by or _me(), "why": why}, door, token, json)


def rollback(by: By = "", why: Why = "", door: Where = DOOR, token: Token = "", json: Json = False) -> None:
    """Take the canary back or, without one, the active version, at once.

    Who was heard before the active one is heard again as soon as every server has shown that it answers with it as
    training recorded; until then the base model answers, and where the proof fails it goes on answering. Once more,
    while that one is still to be proven: its return is called off, and the base model goes on answering.
    """
    taken = Door(door, token).post("/rollback", {"by": by or _me(), "why": why})
    if not json:
        say(f"{taken['served_name']} is {taken['state']}; {taken['heard'] or 'the base model'} is heard")
        if taken["returning"]:
            say(f"  {taken['returning']} is heard again once a server has proven it")
    _show(taken, json)


def retire(
    wanted: Wanted, by: By = "", why: Why = "", door: Where = DOOR, token: Token = "", json: Json = False
) -> None:
    """Let a version be heard no more; where it was the active one, the base model answers."""
    _move(f"/{wanted}/retire", {"by": by or _me(), "why": why}, door, token, json)


def diff(first: Wanted, second: Wanted, door: Where = DOOR, token: Token = "", json: Json = False) -> None:
    """Two versions side by side: cards, gates case by case, and what both answered to the same events."""
    found = Door(door, token).get(f"/{first}/diff/{second}")
    if json:
        _show(found, json)
    else:
        _print(*difference(found))


def _move(path: str, body: dict[str, Any], door: str, token: str, json: bool) -> None:
    version = Door(door, token).post(path, body)
    if not json:
        say(f"{version['served_name']} is {version['state']}")
    _show(version, json)


def _show(what: Any, json: bool) -> None:
    if json:
        sys.stdout.write(codec.dumps(what) + "\n")


def _print(*shown: Any) -> None:
    console = Console(highlight=False)
    for part in shown:
        console.print(part)


def _me() -> str:
    return getpass.getuser()

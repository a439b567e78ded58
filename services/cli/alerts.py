"""`attune alerts`: what no receiver took, enabling a receiver, signing keys; alerting's own code does it."""

import subprocess
import sys
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Deliveries that were given up, receivers that are gone, signing keys.")
By = Annotated[str, typer.Option(help="Name of the person who does it; the audit chain keeps it.")]


@app.command("dead")
def dead(limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many.")] = 50) -> None:
    """Deliveries that were given up, newest first: message, receiver, what it was, attempts.

    Reads the ledger that ATTUNE_DATABASE_URL names (default var/attune.db)."""
    raise typer.Exit(_run("list", f"--limit={limit}"))


@app.command("replay")
def replay(
    message: Annotated[str, typer.Argument(help="Id of the message; `attune alerts dead` lists them.")],
    receiver: Annotated[str, typer.Argument(help="The receiver that is to get it.")],
    by: By,
) -> None:
    """Try a delivery that was given up again, under the same idempotency key. Not of an alert that somebody took."""
    raise typer.Exit(_run("replay", f"--by={by}", "--", message, receiver))


@app.command("enable")
def enable(receiver: Annotated[str, typer.Argument(help="A receiver that had answered 410.")], by: By) -> None:
    """Send to a disabled receiver again."""
    raise typer.Exit(_run("enable", f"--by={by}", "--", receiver))


@app.command("keys")
def keys() -> None:
    """Make an ed25519 key: the private half for `ed25519_key_file`, the public one for the receiver."""
    raise typer.Exit(_run("keys"))


def _run(*arguments: str) -> int:
    return subprocess.run([sys.executable, "-m", "services.alerting.dead_letters", *arguments], check=False).returncode

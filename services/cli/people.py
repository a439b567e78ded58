"""`attune people`: who may sign in to the console, and in which role; the console's own code does it."""

import subprocess
import sys
from enum import StrEnum
from typing import Annotated

import typer

app = typer.Typer(
    no_args_is_help=True,
    help="Who may sign in to the console. Reads and writes the ledger that ATTUNE_DATABASE_URL names (default "
    "var/attune.db); needs no running room. Every change is in the audit chain, and whoever it is about has to sign in "
    "again.",
)


class RoleName(StrEnum):
    """What a person is to the house; the console's roles.py says what each may see and press."""

    CAREGIVER = "caregiver"
    LEAD = "lead"
    OPERATOR = "operator"
    ML = "ml"
    AUDITOR = "auditor"


Name = Annotated[str, typer.Argument(help="The name that they sign in with, e.g. ana.")]
Role = Annotated[
    RoleName,
    typer.Option(help="caregiver, lead: residents; operator, ml: machines; auditor: everything, but presses nothing."),
]
Ask = Annotated[
    bool, typer.Option("--ask", help="Type the password, or pipe it in. Without: one is made up and shown.")
]


@app.command("list")
def listed() -> None:
    """Everybody: name, role, how they are shown."""
    raise typer.Exit(_run("list"))


@app.command("add")
def add(
    name: Name,
    role: Role,
    shown: Annotated[str, typer.Option(help="How the page and the records call them; nobody else may have it.")] = "",
    ask: Ask = False,
) -> None:
    """Let somebody in."""
    raise typer.Exit(_run("add", f"--role={role}", f"--shown={shown}", *(["--ask"] if ask else []), "--", name))


@app.command("role")
def role(name: Name, role: Role) -> None:
    """Give somebody another role; whoever was disabled may sign in again."""
    raise typer.Exit(_run("role", f"--role={role}", "--", name))


@app.command("password")
def password(name: Name, ask: Ask = False) -> None:
    """Give somebody another password, also after too many attempts."""
    raise typer.Exit(_run("password", *(["--ask"] if ask else []), "--", name))


@app.command("disable")
def disable(name: Name) -> None:
    """Let somebody in no more, from this moment; what they did stays recorded."""
    raise typer.Exit(_run("disable", "--", name))


def _run(*arguments: str) -> int:
    return subprocess.run([sys.executable, "-m", "services.console.people", *arguments], check=False).returncode

"""`attune adapters`: the folders in which adapters travel; the VLM room looks at them, and serves them."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from services.cli import adapters_serving

HELP = "Seal, push, try and take back adapters for the second opinion."
app = typer.Typer(no_args_is_help=True, help=HELP)
adapters_serving.add_to(app)

Folder = Annotated[Path, typer.Argument(help="The bundle: adapter_model.safetensors, adapter_config.json, card.json.")]
Json = Annotated[bool, typer.Option("--json", help="For programs: everything as one JSON object.")]


@app.callback()
def adapters() -> None:
    """Seal, push, try and take back adapters for the second opinion.

    keys, seal and check work on a bundle's folder, anywhere. The others speak to a running VLM service: whoever has the
    push token pushes, whoever has the promote token chooses what is heard; both may look.
    """


@app.command("keys")
def keys(
    private: Annotated[Path, typer.Option(help="Where to write the private key, which signs.")] = Path("adapters.key"),
    public: Annotated[Path, typer.Option(help="Where to write the public key, which checks.")] = Path("adapters.pub"),
) -> None:
    """Make the facility's own pair of keys; nothing is ever overwritten.

    The private key stays with whoever approves adapters. The public one goes to every server that takes them.
    """
    _do(["keys", "--private", str(private), "--public", str(public)])


@app.command("seal")
def seal(
    folder: Folder,
    key: Annotated[Path | None, typer.Option(help="Private key to sign with; without, only the manifest.")] = None,
    json: Json = False,
) -> None:
    """Write a bundle's manifest and, with a key, its signature, after everything in it was looked at.

    Refused, with exit status 1 and the remedy: pickled weights, weights of layers that the model does not have (a
    server passes over them in silence), of several ranks, without effect or not finite; a card that does not say from
    what and for which base model the adapter was made, or that disagrees with the weights.

    Example: `attune adapters seal out/agitation --key adapters.key`
    """
    _do(["seal", str(folder), *(["--key", str(key)] if key else []), *(["--json"] if json else [])])


@app.command("check")
def check(
    folder: Folder,
    trust: Annotated[Path | None, typer.Option(help="Public key that must have signed it.")] = None,
    model: Annotated[str, typer.Option(help="Base model of the server it is for; empty: any.")] = "",
    weights: Annotated[str, typer.Option(help="SHA-256 of that model's weights; empty: not compared.")] = "",
    most_rank: Annotated[int, typer.Option(help="The server's --max-lora-rank.", min=1)] = 16,
    tower: Annotated[bool, typer.Option("--tower", help="The server runs with --enable-tower-connector-lora.")] = False,
    json: Json = False,
) -> None:
    """Look at a bundle as a server would before it takes it: every file as sealed, signed, and fit for that server.

    Example: `attune adapters check agitation --trust adapters.pub --model Qwen/Qwen3-VL-8B-Thinking --most-rank 32`
    """
    options = ["--model", model, "--weights", weights, "--most-rank", str(most_rank)]
    options += [*(["--trust", str(trust)] if trust else []), *(["--tower"] if tower else [])]
    _do(["check", str(folder), *options, *(["--json"] if json else [])])


def _do(arguments: list[str]) -> None:
    done = subprocess.run([sys.executable, "-m", "vlm_service.bundle", *arguments], check=False)
    raise typer.Exit(done.returncode)

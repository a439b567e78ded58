"""`attune doctor`: looks at everything a run needs and says what to do about what is missing."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from services.cli import doctor_adapters, doctor_cameras, doctor_trust, doctor_vllm, doctor_vllm_flags
from services.runtime import stores
from services.runtime.assets import AssetError, Shelf, Use
from services.runtime.clock import SystemClock
from services.runtime.findings import Finding, Grade

PORTS = {
    7080: "console", 7081: "threshold (gRPC)", 7082: "vlm (gRPC)", 7085: "the demo's receiver", 7090: "edge health",
    7091: "threshold health", 7092: "vlm health", 7093: "alerts health", 7094: "console health",
}  # fmt: skip


def command(
    config: Annotated[
        Path | None,
        typer.Option(
            help="Edge agent's TOML file: each camera is opened until a picture comes, the server is dialled. "
            "ATTUNE_EDGE_CAMERAS and ATTUNE_EDGE_SERVER win over it"
        ),
    ] = None,
    vllm: Annotated[
        str,
        typer.Option(
            help="vLLM servers to look at, separated by commas, e.g. http://127.0.0.1:8000",
            envvar="ATTUNE_VLM_SERVER_URL",
        ),
    ] = "",
    flags: Annotated[
        Path | None,
        typer.Option(
            "--vllm-flags",
            help="File of flags that vLLM is started with, e.g. deploy/vllm/bf16.yaml: compared with what adapters and "
            "settings need, and the GPU memory that it asks for",
            envvar="ATTUNE_VLLM_FLAGS",
        ),
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print findings as JSON: a list of what, grade (good, note, bad), found, remedy"),
    ] = False,
) -> None:
    """Check this machine: models, providers, ports, disk, clock, database, Redis, cameras, vLLM. Exit 1 if one is bad.

    It logs in to the database and the Redis that ATTUNE_DATABASE_URL and ATTUNE_REDIS_URL name, tries whether they can
    be written, and compares their clocks with this one; it leaves nothing behind. Run it as the user, and with the
    environment, of the rooms.
    """
    findings = list(_all(config, vllm, flags))
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], indent=1))
    else:
        _print(findings)
    raise typer.Exit(1 if any(finding.grade is Grade.BAD for finding in findings) else 0)


def _all(config: Path | None, vllm: str, flags: Path | None) -> Iterator[Finding]:
    yield _python()
    yield from _providers()
    yield from _models()
    yield from _ports()
    yield stores.disk(Path.cwd())
    yield from _clock()
    yield from stores.look()
    yield from doctor_cameras.look(config)
    yield from _vllm(vllm, flags)


def _vllm(addresses: str, flags: Path | None) -> Iterator[Finding]:
    needs = doctor_vllm.Needs()
    servers = [one.strip() for one in addresses.split(",") if one.strip()]
    for address in servers:
        yield from doctor_vllm.look(address, needs)
    if servers:
        yield from doctor_adapters.look(doctor_adapters.Access(), needs.most_rank)
    if servers or needs.adapters_trust is not None or needs.base_weights:
        yield from doctor_trust.look(doctor_adapters.Access(), needs)
    if flags is not None:
        yield from doctor_vllm_flags.look(flags, needs)
    elif servers:
        yield Finding("vLLM flags", Grade.NOTE, "not compared: no server tells all of them",
                      "--vllm-flags FILE, e.g. deploy/vllm/bf16.yaml")  # fmt: skip


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    good = (3, 11) <= sys.version_info[:2] <= (3, 12)
    return Finding("python", Grade.GOOD if good else Grade.BAD, version, "" if good else "install Python 3.11 or 3.12")


def _providers() -> Iterator[Finding]:
    """Asked in a process of its own: loading a broken GPU library must not end the doctor."""
    script = (
        "import json, onnxruntime; print(json.dumps([onnxruntime.__version__, onnxruntime.get_available_providers()]))"
    )
    quiet = {**os.environ, "ORT_DISABLE_TELEMETRY": "1"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=quiet)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "no output"
        yield Finding("onnxruntime", Grade.NOTE, last, "only edge agents need it: pip install 'attune[edge]'")
        return
    version, providers = json.loads(done.stdout)
    names = ", ".join(name.removesuffix("ExecutionProvider") for name in providers)
    yield Finding("onnxruntime", Grade.GOOD, f"{version}: {names}")
    if shutil.which("nvidia-smi") and "CUDAExecutionProvider" not in providers:
        yield Finding("GPU", Grade.BAD, "an NVIDIA GPU is here, but onnxruntime cannot use it",
                      "pip uninstall onnxruntime, then pip install 'attune[edge-gpu]'")  # fmt: skip


def _models() -> Iterator[Finding]:
    try:
        shelf = Shelf.open()
    except AssetError as error:
        yield Finding("assets", Grade.BAD, str(error), "restore deploy/assets.toml")
        return
    for asset in (asset for asset in shelf.assets.values() if asset.use is Use.DEFAULT):
        try:
            shelf.find(asset.name)
        except AssetError as error:
            yield Finding(f"asset {asset.name}", Grade.BAD, str(error), f"attune assets pull {asset.name}")
        else:
            yield Finding(f"asset {asset.name}", Grade.GOOD, "here, digest right")


def _ports() -> Iterator[Finding]:
    for port, who in PORTS.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                yield Finding(f"port {port}", Grade.NOTE, f"{error.strerror} ({who})",
                              "fine if Attune runs; otherwise end the other program or set another port")  # fmt: skip
            else:
                yield Finding(f"port {port}", Grade.GOOD, f"free for {who}")


def _clock() -> Iterator[Finding]:
    """Against this installation's date, and whether the kernel says that somebody keeps it right."""
    now = SystemClock().now()
    built = Path(__file__).stat().st_mtime
    if now < built - 86_400:
        yield Finding("clock", Grade.BAD, "the clock is behind the date of this installation", "set the clock (NTP)")
        return
    if not shutil.which("timedatectl"):
        yield Finding("clock", Grade.GOOD, "later than this installation; whether NTP keeps it right is not known here")
        return
    ask = ["timedatectl", "show", "--property=NTPSynchronized", "--value"]
    answer = subprocess.run(ask, capture_output=True, text=True, timeout=10).stdout.strip()
    if answer == "no":
        yield Finding("clock", Grade.NOTE, "nothing keeps it right", "timedatectl set-ntp true, or another NTP client")
    else:
        kept = "kept right by NTP" if answer == "yes" else "whether NTP keeps it right is not known here"
        yield Finding("clock", Grade.GOOD, f"later than this installation; {kept}")


def _print(findings: list[Finding]) -> None:
    table = Table(title="attune doctor", show_lines=False)
    for heading in ("", "what", "found", "what to do"):
        table.add_column(heading, overflow="fold")
    signs = {Grade.GOOD: "[green]✓", Grade.NOTE: "[yellow]·", Grade.BAD: "[red]✗"}
    for finding in findings:
        table.add_row(signs[finding.grade], finding.what, finding.found, finding.remedy)
    Console().print(table)

"""Speaks to the VLM service's door for adapters over HTTP; every refusal becomes one line and an exit status."""

import os
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import httpx
import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

DOOR = "http://127.0.0.1:7083"
_CHUNK = 1 << 18
PATIENCE_S = 600.0
"""The answer to a push waits until the bundle was checked (source: guess: digests of 4 GiB on a slow disk)."""


class Door:
    """One VLM service."""

    def __init__(self, url: str, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = httpx.Client(
            headers=headers, trust_env=False, timeout=httpx.Timeout(30.0, read=PATIENCE_S)
        )  # fmt: skip
        self._url = url.rstrip("/")

    def get(self, path: str = "") -> Any:
        """What is known there."""
        return self._asked("GET", path)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Ask for a step."""
        return self._asked("POST", path, json=body)

    def push(self, folder: Path, by: str) -> tuple[Any, bool]:
        """Send a bundle, with a bar on a terminal; its version and whether it is new there."""
        with tempfile.TemporaryFile() as archive:
            _pack(folder, archive)
            size = archive.tell()
            archive.seek(0)
            console = Console(stderr=True)
            columns = ("[progress.description]{task.description}", BarColumn(), DownloadColumn(), TransferSpeedColumn(),
                       TimeRemainingColumn())  # fmt: skip
            with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
                bar = progress.add_task(folder.name, total=size)

                def sent() -> Iterator[bytes]:
                    while chunk := archive.read(_CHUNK):
                        yield chunk
                        progress.advance(bar, len(chunk))

                response = self._response("POST", "", params={"by": by}, content=sent(),
                                          headers={"Content-Length": str(size)})  # fmt: skip
        return response.json(), response.status_code == httpx.codes.CREATED

    def _asked(self, method: str, path: str, **what: Any) -> Any:
        return self._response(method, path, **what).json()

    def _response(self, method: str, path: str, **what: Any) -> httpx.Response:
        try:
            response = self._client.request(method, f"{self._url}/api/v1/adapters{path}", **what)
        except httpx.RequestError as error:
            say(f"{self._url}: {type(error).__name__}: nobody takes adapters there; start it with `attune run vlm`, or "
                "name it by --door or ATTUNE_ADAPTERS_URL")  # fmt: skip
            raise typer.Exit(2) from error
        if response.is_success:
            return response
        kind, detail = _problem(response)
        say(f"refused ({kind}): {detail}")
        raise typer.Exit(1)


def say(line: str) -> None:
    """One line for a person."""
    Console(stderr=True, soft_wrap=True, highlight=False, markup=False).print(line)


def _pack(folder: Path, archive: IO[bytes]) -> None:
    if not folder.is_dir():
        say(f"{folder}: no such folder; expected a sealed bundle")
        raise typer.Exit(2)
    with tarfile.open(fileobj=archive, mode="w:", format=tarfile.PAX_FORMAT) as tar:
        for name in sorted(os.listdir(folder)):
            tar.add(folder / name, arcname=name, recursive=False, filter=_nobody)


def _nobody(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without the names and times of whoever packs it."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mtime = 0
    return member


def _problem(response: httpx.Response) -> tuple[str, str]:
    try:
        said = response.json()
        return str(said["type"]), str(said["detail"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP {response.status_code}", "no reason given: is this a VLM service's door for adapters?"

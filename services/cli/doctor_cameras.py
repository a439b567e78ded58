"""The doctor's look at an edge agent: its cameras are opened until a picture comes, its server is dialled."""

import json
import os
import socket
import stat
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from services.cli import doctor_drift, doctor_evidence
from services.runtime.findings import Finding, Grade
from services.vocabulary.time import Seconds

PATIENCE_S: Seconds = 15.0
STREAMS = {"rtsp": 554, "rtsps": 322, "rtmp": 1935, "http": 80, "https": 443, "tcp": 0, "udp": 0, "srt": 0}
NO_PICTURE_LIBRARY = 3
_FIRST_LOOK = ("-m", "edge_agent.first_look")
"""The agent's own opening, in a process of its own: what it says of a camera is what the agent will say."""
EVERY_MINUTES, ANALYSIS_FPS = 15.0, 8.0
"""What an agent does unless it is told otherwise."""
MOTION_FROM_FPS = 1.5
"""Analysed pictures a second below which an agent tells no motion."""
_DEVICES = ("alsa:", "pulse:")


def look(config: Path | None) -> Iterator[Finding]:
    """Cameras and server of `config` and the environment, which wins; nothing where neither names any."""
    try:
        told = tomllib.loads(config.read_text()) if config else {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        yield Finding("cameras", Grade.BAD, f"{config}: {error}", "give the edge agent's TOML file")
        return
    server = os.environ.get("ATTUNE_EDGE_SERVER", told.get("server"))
    if server is not None:
        yield dial(str(server))
    try:
        cameras = _cameras(told)
    except ValueError as error:
        yield Finding("cameras", Grade.BAD, str(error), "see `python -m edge_agent --help`")
        return
    if config is not None and not cameras:
        yield Finding("cameras", Grade.NOTE, "none is named", "add a [[cameras]] table to the file")
    if cameras:
        yield _own_alarm(told)
        yield _canary(told)
        yield _motion(told)
        yield from doctor_evidence.look(told, cameras)
        yield from doctor_drift.look(told)
    for entry in cameras:
        yield camera(str(entry.get("name", "?")), str(entry.get("source", "")), str(entry.get("expects", "pictures")))


def _cameras(told: dict[str, Any]) -> list[dict[str, Any]]:
    where, cameras = "cameras", told.get("cameras", [])
    if "ATTUNE_EDGE_CAMERAS" in os.environ:
        where = "ATTUNE_EDGE_CAMERAS"
        try:
            cameras = json.loads(os.environ[where])
        except ValueError as error:
            raise ValueError(f"{where} is no JSON: {error}") from error
    if not isinstance(cameras, list) or not all(isinstance(entry, dict) for entry in cameras):
        raise ValueError(f"{where}: expected a list of tables, each with name and source")
    return cameras


def _own_alarm(told: dict[str, Any]) -> Finding:
    """Whether the agent can tell somebody by itself while nobody judges what it hears and sees."""
    what, asked = "alarm while cut off", told.get("own_alarm", {})
    if "ATTUNE_EDGE_OWN_ALARM" in os.environ:
        try:
            asked = json.loads(os.environ["ATTUNE_EDGE_OWN_ALARM"])
        except ValueError as error:
            return Finding(what, Grade.BAD, f"ATTUNE_EDGE_OWN_ALARM is no JSON: {error}", "give a JSON object")
    hook = asked.get("webhook") if isinstance(asked, dict) else None
    if not isinstance(hook, dict):
        return Finding(what, Grade.NOTE, "a fall or a cry during an outage waits until the server is back",
                       "name a receiver that this agent reaches by itself: [own_alarm.webhook]")  # fmt: skip
    return Finding(what, Grade.GOOD, f"told to {hook.get('name', '?')} at {urlsplit(str(hook.get('url', ''))).netloc}")


def _canary(told: dict[str, Any]) -> Finding:
    """Whether a test goes the whole way of an alert now and then."""
    said = os.environ.get("ATTUNE_EDGE_CANARY_MINUTES", told.get("canary_minutes", EVERY_MINUTES))
    try:
        minutes = float(said)
    except (TypeError, ValueError):
        return Finding("canary", Grade.BAD, f"canary_minutes = {said!r}", "expected minutes, such as 15; 0: none")
    if minutes > 0.0:
        return Finding("canary", Grade.GOOD, f"a test goes the way of an alert every {minutes:g} minutes")
    return Finding("canary", Grade.NOTE, "off: nobody notices when alerts would not arrive any more",
                   "set canary_minutes (ATTUNE_EDGE_CANARY_MINUTES), e.g. to 15")  # fmt: skip


def _motion(told: dict[str, Any]) -> Finding:
    """Whether enough pictures are looked at to tell movement from one to the next."""
    said = os.environ.get("ATTUNE_EDGE_ANALYSIS_FPS", told.get("analysis_fps", ANALYSIS_FPS))
    try:
        fps = float(said)
    except (TypeError, ValueError):
        return Finding("motion", Grade.BAD, f"analysis_fps = {said!r}", "expected pictures a second, such as 8")
    if fps >= MOTION_FROM_FPS:
        return Finding("motion", Grade.GOOD, f"{fps:g} pictures a second are looked at")
    return Finding("motion", Grade.NOTE, f"off: {fps:g} picture(s) a second are too few to tell movement",
                   f"set analysis_fps (ATTUNE_EDGE_ANALYSIS_FPS) to {MOTION_FROM_FPS:g} or more")  # fmt: skip


def dial(server: str) -> Finding:
    """Whether somebody listens at the threshold service's host:port."""
    host, _, port = server.rpartition(":")
    if not host or not port.isdecimal():
        return Finding("threshold service", Grade.BAD, f"server = {server!r}", "expected host:port")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=5):
            return Finding("threshold service", Grade.GOOD, f"somebody listens at {server}")
    except OSError as error:
        return Finding("threshold service", Grade.BAD, f"{server}: {error}",
                       "start it, or the tunnel that leads to it; until then samples wait in the spool")  # fmt: skip


def camera(name: str, source: str, expects: str = "pictures") -> Finding:
    """Whether a picture comes out of `source`, or, where it `expects` sound alone, a sound."""
    what, scheme = f"camera {name}", urlsplit(source).scheme
    if source == "simulated":
        return Finding(what, Grade.NOTE, "simulated: there is no camera behind it")
    problem = "" if scheme in STREAMS or source.startswith(_DEVICES) else _no_file(source)
    if problem:
        return Finding(
            what,
            Grade.BAD,
            problem,
            "correct `source`: a file, an rtsp:// address, /dev/video0, alsa:default or simulated",
        )
    if find_spec("edge_agent") is None:  # an image of another room
        return _reach(what, source)
    try:
        done = subprocess.run(
            [sys.executable, *_FIRST_LOOK], capture_output=True, text=True, timeout=PATIENCE_S,
            env={**os.environ, "ATTUNE_DOCTOR_SOURCE": source, "ATTUNE_DOCTOR_EXPECTS": expects},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Finding(what, Grade.BAD, f"nothing came within {PATIENCE_S:.0f} s", _remedy(scheme))
    if done.returncode == NO_PICTURE_LIBRARY:
        return _reach(what, source)
    if done.returncode:
        said = done.stderr.strip().splitlines()[-1:] or ["nothing came"]
        problem, _, remedy = said[0].replace(source, "it").rpartition("; ")
        return Finding(what, Grade.BAD, problem or remedy, remedy if problem else _remedy(scheme))
    return Finding(what, Grade.GOOD, done.stdout.strip())


def _no_file(source: str) -> str:
    """Why `source` is neither a file nor a device; empty: it is one."""
    if not source:
        return "its source is empty"
    try:
        kind = Path(source).stat().st_mode
    except OSError as error:
        return f"{source!r}: {error.strerror}"
    return "" if stat.S_ISREG(kind) or stat.S_ISCHR(kind) else f"{source!r} is neither a file nor a device"


def _reach(what: str, source: str) -> Finding:
    """On a machine that cannot decode: whether somebody listens there at all."""
    parts = urlsplit(source)
    untried = "no picture tried: pip install 'attune[edge]'"
    try:
        port = parts.port or STREAMS.get(parts.scheme, 0)
        if parts.hostname and port and parts.scheme != "udp":
            socket.create_connection((parts.hostname, port), timeout=5).close()
    except (OSError, ValueError) as error:
        return Finding(what, Grade.BAD, f"{parts.hostname}: {error}", _remedy(parts.scheme))
    return Finding(what, Grade.NOTE, "is there", untried)


def _remedy(scheme: str) -> str:
    if scheme in STREAMS:
        return "check address, user and password, the network and the camera's power"
    return "play it with another program; it must be a video that FFmpeg reads, and readable by this user"

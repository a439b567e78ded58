"""`attune edge`: what the senses make of a recording; the edge agent's own code does it, as a process."""

import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from services.vocabulary import Mode

app = typer.Typer(
    no_args_is_help=True, help="Look and listen with the edge agent's senses, without a server and without a spool."
)
Config = Annotated[
    Path | None, typer.Option(help="The edge agent's TOML file: provider, threads, models; the environment wins.")
]
Camera = Annotated[
    str | None,
    typer.Option(
        help="Whose masks, zone and bed_area of --config are applied; none: no camera's. Default: the one that has "
        "this source, else the only one there is."
    ),
]


@app.command("record-scores")
def record_scores(
    source: Annotated[
        str,
        typer.Argument(help="A film, sound or picture; a folder of them; or an address: rtsp://..., /dev/video0."),
    ],
    out: Annotated[Path, typer.Option(help="Where to write: .parquet or .csv.")],
    mode: Annotated[
        Mode,
        typer.Option(
            help="affect adds emotions, valence and arousal: only of people who consented, or public material."
        ),
    ] = Mode.OBSERVABLES,
    resident: Annotated[str, typer.Option(help="Name in the column resident. Default: the file's name.")] = "",
    began: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="When a file began (UTC). Default: its times count from 0."
        ),
    ] = None,
    fps: Annotated[
        float | None,
        typer.Option(help="Pictures looked at per second; motion needs 1.5. Default: the agent's 8.", min=0.1, max=30),
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(help="End each recording after so long. A stream otherwise ends at Ctrl-C.", min=1)
    ] = None,
    config: Config = None,
    camera: Camera = None,
) -> None:
    """Write down what the senses say of a recording, one row per second, faster than real time.

    The very code that watches a room looks at the file: same decoding, windows, models and scores. Nothing but numbers
    is written. A row has:

    * **time**: the end of the second; a file's count from 0 (or --began), a stream's are Unix seconds.
    * **resident**: the name given, the file's name, or, for a folder, each file's path in it.
    * the channels: `motion.*`, `audio.*`, `pose.*`, `face.*`, in affect mode `emotion.*` (probabilities),
      `affect.*` and `uncertainty.*` (variances), and `quality.<sense>`, 0 to 1. Empty is absence, never zero.
    * **audio.cue.<cue>**: the largest probability of each cue in that second. Whether a groan or moan was of distress
      or of pleasure is open in observables mode (`audio.cue.vocalisation_unresolved`, which is all that an agent then
      sends of it); in affect mode sound and face name it. **vocalisation.***: its loudness (dBFS), how long it has
      lasted, and in affect mode uncertainty (bits) and conflict of sound and face, 0 to 1.
    * **persons** seen at once, **quality.any** of the second, and **gaps**: which sense was silent and why, such as
      `face:not_in_view` or `expression:several_people`.
    * **affect.source**: `derived` where valence and arousal come from the emotions, `model` where a model gives them.

    A picture is one row. A sound shorter than a second is played again until it fills two: two rows. In Parquet each
    file is a row group (a long one several). What cannot be read is named and left out, and the command ends with
    status 1; with 2 if nothing could be read or a model is missing (`attune assets pull` brings them).

    With `--config` the recording is looked at as the camera does whose it is: its `masks` are black before anything
    looks, who was never in its `zone` is not read, and with a `bed_area` there is `pose.out_of_bed`. The first line
    says which camera's were applied, or that none were.

    * `attune edge record-scores ward.mp4 --out ward.parquet` then
      `attune score ward.parquet --time time --resident resident --out scored.parquet`
    * `attune edge record-scores night.mp4 --config edge.toml --camera room-12 --out night.csv`
    * `attune edge record-scores faces/ --mode affect --out faces.parquet` measures labelled pictures
    * `attune edge record-scores rtsp://camera-12.local/stream1 --seconds 600 --out room.csv`
    """
    options: list[object] = ["--out", out, "--mode", mode.value, "--resident", resident]
    options += ["--began", began.isoformat()] if began is not None else []
    for name, value in (("fps", fps), ("seconds", seconds), ("config", config), ("camera", camera)):
        options += [f"--{name}", value] if value is not None else []
    raise typer.Exit(_run("edge_agent.record_scores", [*options, "--", source]))


@app.command("bench")
def bench(
    source: Annotated[str, typer.Argument(help="A film, or a sound: it is played several times.")],
    mode: Annotated[Mode, typer.Option(help="affect measures the expression sense too.")] = Mode.OBSERVABLES,
    cameras: Annotated[int, typer.Option(help="So many at once, as in one agent.", min=1, max=64)] = 1,
    fps: Annotated[
        float | None,
        typer.Option(help="Pictures looked at per second; motion needs 1.5. Default: the agent's 8.", min=0.1, max=30),
    ] = None,
    seconds: Annotated[float, typer.Option(help="How much of the film.", min=2)] = 20.0,
    rounds: Annotated[int, typer.Option(help="Passes of the senses and of the plain loop, in turn.", min=1)] = 5,
    config: Config = None,
    camera: Camera = None,
) -> None:
    """How many cameras this machine carries, and what each sense costs.

    Prints pictures, how often each sense's models ran and their milliseconds, the share of one core that a camera keeps
    busy, and what the agent's own code costs over a plain loop of the same decoding, resizing, flow and session calls,
    passes taken in turn. Processor time, so that other work on the machine hardly counts; only `--cameras` together
    are timed by the clock on the wall. What a camera's masks hide costs nothing to read: with `--config` the film is
    looked at as `--camera` looks, and the last line says whose masks, zone and bed_area were applied.

    * `attune edge bench corridor.mp4 --cameras 4`
    * `attune edge bench corridor.mp4 --mode affect --fps 5`
    """
    options: list[object] = ["--mode", mode.value, "--cameras", cameras, "--seconds", seconds, "--rounds", rounds]
    for name, value in (("fps", fps), ("config", config), ("camera", camera)):
        options += [f"--{name}", value] if value is not None else []
    raise typer.Exit(_run("edge_agent.bench", [*options, "--", source]))


@app.command("mode")
def mode(
    resident: Annotated[str, typer.Argument(help="Id of the resident, as in the agent's cameras.")],
    mode: Annotated[Mode, typer.Argument(help="observables; affect is given on the resident's page of the console.")],
    by: Annotated[str, typer.Option(help="Who withdraws the consent; it is reported to the server.")] = "",
    config: Config = None,
) -> None:
    """Withdraw a consent at the edge, whatever the network does.

    Written beside the agent's spool; an agent that runs follows within two seconds, unloads what reads faces, sends
    nothing more of what was read, and reports it. It stays so, also across restarts, until somebody gives a new consent
    on the resident's page.

    * `attune edge mode r-12 observables --by "Ana" --config edge.toml`
    """
    options: list[object] = ["--by", by] if by else []
    options += ["--config", config] if config is not None else []
    raise typer.Exit(_run("edge_agent.mode", [*options, "--", resident, mode.value]))


@app.command("warm-up")
def warm_up(
    mode: Annotated[Mode, typer.Option(help="affect warms the models of expression too.")] = Mode.OBSERVABLES,
    config: Config = None,
) -> None:
    """Run every model once, so that no camera waits for it; TensorRT builds its engines and keeps them.

    An agent does the same when it starts, and its /readyz stays red until it is done: building takes minutes on a small
    device, loading what was built seconds. An engine is kept under `engines.folder` by the model's digest, the versions
    of ONNX Runtime, TensorRT and driver, the GPU's compute capability, precision and shapes; beside it `engine.json`
    says so. Whatever of these changes builds a new one; folders that are no longer used may be deleted at any time.

    * `attune edge warm-up --config edge.toml`
    * `attune edge warm-up --config edge.toml --mode affect`
    """
    options: list[object] = ["--mode", mode.value]
    options += ["--config", config] if config is not None else []
    raise typer.Exit(_run("edge_agent.warm_up", options))


@app.command("preview")
def preview(
    source: Annotated[str, typer.Argument(help="A film, or an address: rtsp://..., /dev/video0.")],
    out: Annotated[Path, typer.Option(help="Where to write the film: .mp4. It holds pictures of people.")],
    mode: Annotated[
        Mode, typer.Option(help="affect draws emotions: only of people who consented, or public material.")
    ] = Mode.OBSERVABLES,
    fps: Annotated[
        float | None, typer.Option(help="Pictures drawn per second. Default: the agent's 8.", min=0.5, max=30)
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(help="End after so long. A stream otherwise ends at Ctrl-C.", min=1)
    ] = None,
    config: Config = None,
    camera: Camera = None,
) -> None:
    """Draw what the senses see: faces, bodies, cues, and a bar for every score. For hanging up a camera only.

    The film carries a banner that says so, has no sound, and is the one thing that the edge ever writes pictures to:
    delete it when the camera hangs right. Faces are those of each picture. Skeletons are those that posture and falls
    are judged by, also of who lies and is found in the turned picture only: thick in a picture that was looked at, thin
    in those after it. The bars are the scores of the second; a grey name is absent, and the lines on top say which
    sense is silent and why.

    With `--config` a camera is seen as its agent sees it: `masks` are black before anything looks at a picture, draws
    or keeps it, and outlines show them, the `zone` and the `bed_area`. Hang the camera, draw, move the numbers, draw
    again. The first line, and the top of the panel, say which camera's were applied, or that none were.

    * `attune edge preview rtsp://camera-12.local/stream1 --seconds 30 --out room-12.mp4`
    * `attune edge preview rtsp://camera-12.local/stream1 --config edge.toml --camera room-12 --seconds 30 --out b.mp4`
    """
    options: list[object] = ["--out", out, "--mode", mode.value]
    for name, value in (("fps", fps), ("seconds", seconds), ("config", config), ("camera", camera)):
        options += [f"--{name}", value] if value is not None else []
    raise typer.Exit(_run("edge_agent.preview", [*options, "--", source]))


def _run(module: str, options: list[object]) -> int:
    """The exit status of a process that may end in its own way after Ctrl-C, which it hears as we do."""
    with subprocess.Popen([sys.executable, "-m", module, *map(str, options)]) as process:
        signal.signal(signal.SIGINT, lambda number, frame: None)
        return process.wait()

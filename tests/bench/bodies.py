"""How right posture and falls are: stick figures before many cameras, people cut out of a clip, and calm clips."""

import sys
from collections import Counter
from pathlib import Path

import numpy as np
from rich.console import Console

from edge_agent.camera import Eyes
from edge_agent.capture.frame import Frame
from edge_agent.capture.windows import Window
from edge_agent.preprocess.posture import posture
from edge_agent.preprocess.skeleton import Skeleton
from edge_agent.sensing.pose import MODEL, Pose
from edge_agent.sensing.role import Moment
from edge_agent.sensing.roster import Choice
from services.runtime.assets import Shelf
from services.vocabulary import Mode
from tests.bench.senses import record, show
from tests.bench.sensing import stick_figure as of
from tests.bench.sensing.cut_out import CLIP, EMPTY_S, STANDING_S, cut_out, falling, picture
from tests.bench.sensing.happenings import FALLS, SURE, played
from tests.bench.sensing.stick_figure import Film, Move, any_view, seen_by
from tests.bench.table import Figure, publish

CAMERAS, RATES = 150, (1.0, 2.0, 4.0)
LOOK_ALIKES = ("drops on a low couch", "lies down on the floor", "sits on the floor")
"""What one camera cannot always tell from a fall, told apart in the table."""
POSES = {
    "stands": (of.STAND, "standing"), "sits": (of.SIT, "sitting"), "sits low": (of.LOW_COUCH, "sitting"),
    "on the back": (of.ON_BACK, "lying"), "on the side": (of.ON_SIDE, "lying"), "in bed": (of.ON_BED, "lying"),
    "bent, on standing legs": (of.BEND, "standing"),
}  # fmt: skip


def main() -> int:
    """Measure, print the confusion tables and the figures; 1 where a bar is missed."""
    shelf = Shelf.open()
    eyes = Eyes(shelf.find, Choice(), 8.0)
    assets = shelf.find(MODEL).parents[1]
    console = Console(width=140)
    return publish(
        "bodies", [*of_postures(console), *of_falls(console), *of_people_dropped(eyes, assets), *of_clips(eyes, assets)]
    )


def of_postures(console: Console) -> list[Figure]:
    """Which posture has evidence of at least 0.5."""
    confusion = Counter[tuple[str, str]]()
    for name, (pose, _) in POSES.items():
        for k in range(CAMERAS):
            rng = np.random.default_rng(k)
            view = any_view(rng)
            while not seen_by(view, pose, []):
                view = any_view(rng)
            for _, body in Film(view, pose, [Move(pose, 1.0)]).looks(2.0, rng):
                if body is not None:
                    confusion[name, _said(body)] += 1
    show(
        console,
        f"postures of stick figures (rows) before {CAMERAS} cameras, and what has evidence of {SURE}",
        confusion,
    )
    told = sum(n for (_, said), n in confusion.items() if said != "not told")
    right = sum(n for (name, said), n in confusion.items() if said == POSES[name][1])
    return [Figure("posture: right of those told", right / told, "share", f"told {told / confusion.total():.3f}", None,
                   "0.9", right >= 0.9 * told)]  # fmt: skip


def of_falls(console: Console) -> list[Figure]:
    """Which happenings reach evidence of 0.5, by pictures a second."""
    figures = []
    for fps in RATES:
        said = played(CAMERAS, fps, seed=1)
        confusion = Counter(
            (name, "fall" if one.fall >= SURE else "none") for name, seen in said.items() for one in seen
        )
        show(console, f"happenings (rows) before {CAMERAS} cameras at {fps:g} pictures/s", confusion)
        share = {name: float(np.mean([one.fall >= SURE for one in seen])) for name, seen in said.items()}
        upright = float(np.mean([share[name] for name in FALLS[:5]]))
        calm = [name for name in share if name not in (*FALLS, *LOOK_ALIKES)]
        false = float(np.mean([share[name] for name in calm]))
        bars = fps == 2.0
        figures += [
            Figure(f"falls of who stood, {fps:g} pictures/s: seen", upright, "share", f"{5 * CAMERAS} falls", None,
                   "0.85" if bars else "", upright >= 0.85 if bars else None),
            Figure(f"everyday movements, {fps:g} pictures/s: taken for a fall", false, "share",
                   f"{len(calm) * CAMERAS} movements", None, "0.005" if bars else "", false <= 0.005 if bars else None),
        ]  # fmt: skip
    return figures


def of_people_dropped(eyes: Eyes, assets: Path) -> list[Figure]:
    """Five people of a clip, cut out and turned about their feet before the clip's empty room, by the real net."""
    empty = picture(assets / CLIP, EMPTY_S)
    people = [cut_out(picture(assets / CLIP, at_s), empty) for at_s in STANDING_S]
    rng, times = np.random.default_rng(0), [k / 2 for k in range(18)]
    found: dict[str, list[bool]] = {"0.6 to 1 s": [], "4 to 5 s": []}
    for degrees in (80.0, -80.0, 95.0, -95.0):
        for person in people:
            for name, (least, most) in {"0.6 to 1 s": (0.6, 1.0), "4 to 5 s": (4.0, 5.0)}.items():
                images = list(falling(person, empty, times, rng.uniform(2.0, 3.0), rng.uniform(least, most), degrees))
                pose = next(sense for sense in eyes.senses(Mode.OBSERVABLES).senses if isinstance(sense, Pose))
                frames = [Frame(image, k / 2) for k, image in enumerate(images)]
                looks = [pose.read(Moment(Window(k + 1.0, tuple(frames[2 * k : 2 * k + 2])))) for k in range(9)]
                found[name].append(max((cue.probability for look in looks for cue in look.cues), default=0.0) >= SURE)
    shares = {name: float(np.mean(said)) for name, said in found.items()}
    return [
        Figure("people cut out and dropped within 0.6 to 1 s: a fall", shares["0.6 to 1 s"], "share",
               f"{len(found['0.6 to 1 s'])} films", None, "0.85", shares["0.6 to 1 s"] >= 0.85),
        Figure("the same, laid down within 4 to 5 s: a fall", shares["4 to 5 s"], "share",
               f"{len(found['4 to 5 s'])} films", None, "0.1", shares["4 to 5 s"] <= 0.1),
    ]  # fmt: skip


def of_clips(eyes: Eyes, assets: Path) -> list[Figure]:
    """Nobody falls in any clip there is."""
    clips = [*sorted((assets / "clips").rglob("*.mp4")), *sorted((assets / "clips").rglob("*.mkv"))]
    rows = [row for clip in clips for row in record(eyes, clip, Mode.OBSERVABLES)]
    false = sum(row["pose.fall"] >= SURE for row in rows)
    return [Figure(f"falls in {len(rows)} seconds of clips without one", false, "seconds", f"{len(clips)} clips", None,
                   "0", false == 0)]  # fmt: skip


def _said(body: Skeleton) -> str:
    said = posture(body)
    best = max(("lying", "sitting", "standing"), key=lambda name: np.nan_to_num(getattr(said, name)))
    return best if np.nan_to_num(getattr(said, best)) >= SURE else "not told"


if __name__ == "__main__":
    sys.exit(main())

"""Writes THIRD_PARTY.md: what each image and the asset shelf carry, under which licence."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

HOUSE = Path(__file__).parents[2]
IMAGES = ("edge", "edge-gpu", "threshold", "vlm", "alerts", "vllm-router")
ONLY_ELSEWHERE = {"onnxruntime-gpu": "MIT License", "standard-aifc": "PSF-2.0", "standard-chunk": "PSF-2.0",
                  "standard-sunau": "PSF-2.0", "audioop-lts": "PSF-2.0", "colorama": "BSD License",
                  "tzdata": "Apache-2.0", "async-timeout": "Apache-2.0", "vllm-router": "Apache-2.0",
                  "setproctitle": "BSD-3-Clause", "orjson": "MPL-2.0 AND (Apache-2.0 OR MIT)"}  # fmt: skip
"""Packages that the development environment does not hold on every system."""
NVIDIA = "NVIDIA proprietary, redistributable as part of an application"
HEAD = """# What Attune ships that others made

Written by `make lock` from the locks and the asset catalogue. Attune itself is Apache-2.0.

Worth knowing before you pass an image on:

* **PyAV** (`av`, in the edge images) is BSD-3-Clause, but its wheels carry FFmpeg with GPL parts (x264, x265): an edge
  image as a whole is passed on under the GPL's terms.
* **psycopg** is LGPL: it is used unchanged and can be replaced.
* The **edge-gpu** image carries NVIDIA's CUDA and cuDNN libraries under NVIDIA's licence.
* **python:3.11-slim**, PostgreSQL, Redis, Prometheus, Grafana and vLLM are images of their own, pulled by the operator.
* ultralytics (AGPL) is optional, in no image and in no lock; deepface (MIT) is optional and in no image.
"""


def main() -> None:
    """Writes the file at the top of the repository."""
    (HOUSE / "THIRD_PARTY.md").write_text("\n".join([HEAD, *_packages(), "", *_assets(), ""]))


def _packages() -> list[str]:
    images: dict[str, list[str]] = {}
    for image in IMAGES:
        lock = (HOUSE / "requirements" / f"{image}.txt").read_text()
        for name in sorted({line.split("==")[0].partition("[")[0] for line in re.findall(r"^\S+==", lock, re.M)}):
            images.setdefault(name, []).append(image)
    rows = [f"| {name} | {_licence(name)} | {', '.join(where)} |" for name, where in sorted(images.items())]
    return ["## Python packages", "", "| package | licence | images |", "|---|---|---|", *rows]


def _licence(package: str) -> str:
    if package.startswith("nvidia-"):
        return NVIDIA
    try:
        about = metadata(package)
    except PackageNotFoundError:
        return ONLY_ELSEWHERE.get(package, "see its own metadata")
    classified = [
        line.rpartition(" :: ")[2] for line in about.get_all("Classifier", []) if line.startswith("License ::")
    ]
    stated = (about.get("License") or "").strip()
    short = stated if stated and "\n" not in stated and len(stated) < 60 else ""
    return about.get("License-Expression") or ", ".join(classified) or short or "see its own metadata"


def _assets() -> list[str]:
    assets = tomllib.loads((HOUSE / "deploy" / "assets.toml").read_text())["asset"]
    rows = [
        f"| {a['name']} | {a['licence']} | {a['training_data']} | {a.get('built_from') or a['origin']} |"
        for a in assets
        if a["use"] != "tests"
    ]
    return ["## Models and clips (fetched, in no image)", "", "| file | licence | trained on | comes from |",
            "|---|---|---|---|", *rows]  # fmt: skip


if __name__ == "__main__":
    main()

"""`python -m training.export RECIPE --sources FOLDER --out FILE`: one model, as `attune assets build` asks for it."""

import argparse
import hashlib
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from training.export.recipe import NotConvertible, Recipe, largest_difference

RECIPES = (
    "faceapi_expression", "fer_minixception", "movenet_singlepose", "movenet_multipose", "mp_face_landmarks",
    "mp_face_blendshapes", "yamnet",
)  # fmt: skip


def recipes() -> Mapping[str, Recipe]:
    """Every recipe by name; needs the extra `export`."""
    from training.export import faceapi, mediapipe, minixception, movenet, yamnet

    made: Sequence[Callable[[Path], object]] = (
        faceapi.expression, minixception.expression, movenet.singlepose, movenet.multipose, mediapipe.landmarks,
        mediapipe.blendshapes, yamnet.sounds,
    )  # fmt: skip
    return dict(zip(RECIPES, made, strict=True))  # type: ignore[arg-type]


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 written, with one line of JSON about it; 2 not, with one line that says why."""
    asked = _parser().parse_args(arguments)
    os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1", TF_ENABLE_ONEDNN_OPTS="0")
    try:
        made = recipes()[asked.recipe](asked.sources)
        model = made.model.SerializeToString(deterministic=True)
        difference = largest_difference(made, model)
        if not difference <= made.tolerance:
            raise NotConvertible(
                f"differs by {difference:.3g} from {made.against}; at most {made.tolerance:g} is allowed"
            )
        asked.out.write_bytes(model)
    except ModuleNotFoundError as error:
        return _refuse(f"{error.name} is not installed: `pip install 'attune[export]'` brings it")
    except NotConvertible as error:
        return _refuse(f"recipe {asked.recipe}: {error}")
    except OSError as error:
        return _refuse(f"recipe {asked.recipe}: {error.filename or asked.out}: {error.strerror}")
    said = {"sha256": hashlib.sha256(model).hexdigest(), "bytes": len(model), "difference": difference,
            "tolerance": made.tolerance, "against": made.against}  # fmt: skip
    print(json.dumps(said))  # noqa: T201 - the command reads it
    return 0


def _refuse(why: str) -> int:
    print(why, file=sys.stderr)  # noqa: T201 - the command shows it
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training.export", description=__doc__)
    parser.add_argument("recipe", choices=RECIPES)
    parser.add_argument("--sources", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    return parser


if __name__ == "__main__":
    sys.exit(main())

"""`python -m training.export.yolo_pose WEIGHTS --out pose.onnx`: a YOLO pose net for the edge's `pose_model`.

ultralytics and the weights it gives out are under AGPL-3.0: whoever lets others use a service with them over a network
owes those the whole service's source under that licence, or needs a licence of Ultralytics. The agent imports neither;
the shipped pose net is MoveNet.
"""

import argparse
import shutil
import sys
from pathlib import Path

NOTICE = "Under AGPL-3.0 or a licence of Ultralytics, code and weights: --help says what that means."
KEYPOINTS = 17


def main() -> int:
    """Export, check the layout, and say under which licence the file stands; 1 where it is no pose net of people."""
    parser = argparse.ArgumentParser(
        prog="python -m training.export.yolo_pose",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("weights", help="a .pt file of a pose net with 17 keypoints, or a .yaml for an untrained one")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--size", type=int, default=640, help="side of the square it looks at, a multiple of 32")
    asked = parser.parse_args()
    try:
        from ultralytics import YOLO
    except ImportError:
        return _refused("ultralytics is not here: pip install 'attune[export-yolo]' in an environment of its own")
    net = YOLO(asked.weights, task="pose")
    places = getattr(net.model, "kpt_shape", None) or net.model.yaml.get("kpt_shape")
    if list(places or []) != [KEYPOINTS, 3] or len(net.names) != 1:
        return _refused(f"{asked.weights}: {places} keypoints of {len(net.names)} classes: expected [17, 3] of people")
    made = net.export(format="onnx", imgsz=asked.size, dynamic=False, half=False, nms=False, simplify=False)
    shutil.move(made, asked.out)
    print(f"{asked.out}: ready for pose_model. {NOTICE}")  # noqa: T201 - a command's answer
    return 0


def _refused(why: str) -> int:
    print(why, file=sys.stderr)  # noqa: T201 - a command's answer
    return 1


if __name__ == "__main__":
    sys.exit(main())

"""Lets torchvision be imported beside a torch without CUDA, where the only torchvision to be had was built for CUDA.

Its compiled part cannot load there, and its import then stumbles over two operators that this part would have declared.
They are declared here, at the end of `import torch` (entry point `torch.backends`): transforms work, and the operators
themselves (non-maximum suppression) still refuse in words. For test environments alone; nothing that ships holds it.
`python torchvision_schemas.py` puts it into the environment of that Python.
"""

import shutil
import sysconfig
from pathlib import Path

_NAME = "torchvision_schemas"
_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_kept: list[object] = []


def declare() -> None:
    """Declare what torchvision's own library would; nothing where torch has CUDA and can load that library."""
    import torch

    if torch.version.cuda is not None:
        return
    library = torch.library.Library("torchvision", "DEF")
    for schema in _SCHEMAS:
        library.define(schema)
    _kept.append(library)  # a library that is collected takes its operators along


def install() -> None:
    """Copy this file into the environment, with the entry point by which torch finds it."""
    place = Path(sysconfig.get_paths()["purelib"])
    shutil.copyfile(__file__, place / f"{_NAME}.py")
    facts = place / f"{_NAME}-1.dist-info"
    facts.mkdir(exist_ok=True)
    (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {_NAME.replace('_', '-')}\nVersion: 1\n")
    (facts / "entry_points.txt").write_text(f"[torch.backends]\n{_NAME} = {_NAME}:declare\n")


if __name__ == "__main__":
    install()

"""Where TensorRT keeps the engines that it built, so that none is ever used for what it was not built for."""

import ctypes
import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

_MAJOR, _MINOR = 75, 76
"""CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR of CUDA's driver API."""


class EngineSettings(BaseModel):
    """The table `engines`, for TensorRT alone. `folder` keeps what took minutes to build; with `precision` fp16 scores
    differ a little from those of every other processor."""

    model_config = ConfigDict(extra="forbid")

    folder: Path = Path("var/edge/engines")
    precision: Literal["fp32", "fp16"] = "fp32"


@dataclass(frozen=True, slots=True)
class Machine:
    """What an engine is built for and with; `sm` is the GPU's compute capability, such as 8.7."""

    onnxruntime: str
    tensorrt: str
    cuda: str
    sm: str


@dataclass(frozen=True, slots=True)
class Engine:
    """One model on one machine. Two models that share a graph, another TensorRT, driver or GPU of the same family, and
    another precision or shape each have an engine of their own (ONNX Runtime's own names keep some of these apart)."""

    model: str
    sha256: str
    machine: Machine
    precision: str
    shapes: str

    @property
    def key(self) -> str:
        """The name of its folder."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:32]

    def prepared(self, folder: Path) -> Path:
        """Its folder, made where it is not there, with a file beside the engine that says what it is."""
        own = folder / self.key
        own.mkdir(parents=True, exist_ok=True)
        (own / "engine.json").write_text(json.dumps(asdict(self), indent=2, sort_keys=True) + "\n")
        return own


@cache
def machine(onnxruntime: str) -> Machine | None:
    """This machine as NVIDIA's libraries tell it; None where one does not say: then no engine is kept."""
    try:
        cuda, nvinfer = ctypes.CDLL("libcuda.so.1"), ctypes.CDLL("libnvinfer.so.10")
    except OSError:
        return None
    version, device, major, minor = (ctypes.c_int() for _ in range(4))
    asked = (
        cuda.cuInit(0),
        cuda.cuDriverGetVersion(ctypes.byref(version)),
        cuda.cuDeviceGet(ctypes.byref(device), 0),
        cuda.cuDeviceGetAttribute(ctypes.byref(major), _MAJOR, device),
        cuda.cuDeviceGetAttribute(ctypes.byref(minor), _MINOR, device),
    )
    if any(asked):
        return None
    return Machine(onnxruntime, str(nvinfer.getInferLibVersion()), str(version.value), f"{major.value}.{minor.value}")

"""Loads ONNX models and says which processor runs them; the only file that knows onnxruntime."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import onnxruntime
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]

Shape: TypeAlias = tuple[int, ...]
"""Sizes of a tensor; 0 where any will do."""

FindModel: TypeAlias = Callable[[str], Path]
"""From a model's file name to where it lies; raises when it is not there."""

_PREFERRED = {
    "TensorRT": "TensorrtExecutionProvider",
    "CUDA": "CUDAExecutionProvider",
    "CPU": "CPUExecutionProvider",
}  # fmt: skip
_LOG_ERRORS_ONLY = 3


class ModelMissing(FileNotFoundError):
    """A model's file is not there."""


class ModelAltered(ValueError):
    """A model's file is not the one that was expected."""


class ModelUnreadable(ValueError):
    """A file that onnxruntime does not accept as a model."""


class ModelUnfit(ModelUnreadable):
    """A model that wants or gives something else than the sense that would use it."""


class ProviderMissing(ValueError):
    """A processor was asked for by name and onnxruntime does not offer it here."""


class Model:
    """One loaded model: `name`, `digest` (sha256 of the file) and `provider`, the processor it really got."""

    def __init__(self, path: Path, digest: str, session: onnxruntime.InferenceSession) -> None:
        self.name = path.name
        self.digest = digest
        self.provider = next(word for word, full in _PREFERRED.items() if full == session.get_providers()[0])
        self._session = session

    def fits(self, inputs: Mapping[str, Shape], outputs: Sequence[Shape] = ()) -> "Model":
        """This model, where it takes exactly `inputs` by name and gives at least `outputs`, in order.

        A size of 0 stands for any; a model's own free sizes fit everything.

        Raises:
            ModelUnfit: it does not.
        """
        takes = {one.name: _shape(one.shape) for one in self._session.get_inputs()}
        gives = [_shape(one.shape) for one in self._session.get_outputs()]
        good = takes.keys() == inputs.keys() and all(_alike(takes[name], want) for name, want in inputs.items())
        if not good or len(gives) < len(outputs) or not all(map(_alike, gives, outputs)):
            wanted = f"{dict(inputs)} and {list(outputs)}"
            raise ModelUnfit(f"{self.name}: takes {takes} and gives {gives}, expected {wanted}: another model under "
                             "this name; fetch it again with `attune assets pull`")  # fmt: skip
        return self

    def run(self, inputs: Mapping[str, Array]) -> list[Array]:
        """All outputs, in the model's order."""
        outputs: list[Array] = self._session.run(None, dict(inputs))
        return outputs


def _shape(sizes: Sequence[object]) -> Shape:
    return tuple(size if isinstance(size, int) else 0 for size in sizes)


def _alike(has: Shape, wants: Shape) -> bool:
    return len(has) == len(wants) and all(a == b or 0 in (a, b) for a, b in zip(has, wants, strict=True))


def load(path: Path, providers: str = "auto", *, expected_digest: str = "", threads: int = 1) -> Model:
    """Load the model at `path` on TensorRT, CUDA or CPU, whichever comes first of what is really there.

    Args:
        path: the ONNX file.
        providers: "auto", or "TensorRT", "CUDA", "CPU" to insist on one.
        expected_digest: sha256 in hex; empty: not checked.
        threads: how many threads one inference may use.

    Raises:
        ModelMissing, ModelAltered, ModelUnreadable: see there; the message names the file and the remedy.
        ProviderMissing: `providers` names one that is not offered here, or that failed to start.
    """
    digest = verify(path, expected_digest)
    wanted = _wanted(providers)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _LOG_ERRORS_ONLY
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=wanted)
    except onnxruntime.capi.onnxruntime_pybind11_state.InvalidProtobuf as error:
        raise ModelUnreadable(f"{path}: no ONNX model; fetch it again with `attune assets pull`") from error
    if providers != "auto" and session.get_providers()[0] != _PREFERRED[providers]:
        raise ProviderMissing(f"providers = {providers!r}: it is installed but did not start for {path.name}; check "
                              "the driver, or use providers = 'auto'")  # fmt: skip
    return Model(path, digest, session)


def verify(path: Path, expected_digest: str = "") -> str:
    """The sha256 of the file at `path`.

    Raises:
        ModelMissing: there is no such file.
        ModelAltered: its digest is not `expected_digest`.
    """
    if not path.is_file():
        wanted = f" (sha256 {expected_digest})" if expected_digest else ""
        raise ModelMissing(f"{path}: no such model file{wanted}; fetch it with `attune assets pull`")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if expected_digest and digest != expected_digest:
        raise ModelAltered(f"{path}: sha256 is {digest}, expected {expected_digest}; fetch it again with "
                           "`attune assets pull`")  # fmt: skip
    return digest


def offered() -> tuple[str, ...]:
    """The processors onnxruntime has on this machine, best first."""
    there = onnxruntime.get_available_providers()
    return tuple(word for word, full in _PREFERRED.items() if full in there)


def _wanted(providers: str) -> list[str]:
    if providers == "auto":
        return [_PREFERRED[word] for word in offered()]
    if providers not in offered():
        raise ProviderMissing(f"providers = {providers!r}: this machine offers {', '.join(offered())}; choose one of "
                              "these, or 'auto'")  # fmt: skip
    return [_PREFERRED[providers]]


def as_float(values: Array) -> NDArray[np.float32]:
    """A contiguous float32 copy, as models take it."""
    return np.ascontiguousarray(values, dtype=np.float32)

"""Loads ONNX models and says which processor runs them; the only file that knows onnxruntime."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from edge_agent.batching import MOST, Call, Together
from edge_agent.engines import Engine, EngineSettings, machine
from edge_agent.remembered import Remembered
from services.runtime.logs import logger

Array: TypeAlias = NDArray[Any]

Shape: TypeAlias = tuple[int, ...]
"""Sizes of a tensor; 0 where any will do."""

FindModel: TypeAlias = Callable[[str], Path]
"""From a model's file name to where it lies; raises when it is not there."""

_PREFERRED = {
    "TensorRT": "TensorrtExecutionProvider",
    "CUDA": "CUDAExecutionProvider",
    "OpenVINO": "OpenVINOExecutionProvider",
    "CPU": "CPUExecutionProvider",
}  # fmt: skip
_REFUSED = tuple(
    getattr(onnxruntime.capi.onnxruntime_pybind11_state, name)
    for name in ("Fail", "EPFail", "NotImplemented", "RuntimeException", "InvalidGraph")
)
_LOG_ERRORS_ONLY = 3
_KINDS = {
    "tensor(float)": "f4", "tensor(double)": "f8", "tensor(float16)": "f2", "tensor(int32)": "i4",
    "tensor(int64)": "i8", "tensor(uint8)": "u1", "tensor(bool)": "?",
}  # fmt: skip
TOGETHER = frozenset({"TensorRT", "CUDA"})
"""Where cameras share session calls. Measured on a CPU (Xeon, one thread, eights against ones): landmarks 0.97,
expression 1.00, YAMNet 1.01 times as fast, which only makes one camera wait for another. A GPU idles between small
calls (source: guess, not measured)."""


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

    def __init__(
        self, path: Path, digest: str, session: onnxruntime.InferenceSession, together: bool | None = None
    ) -> None:
        self.name = path.name
        self.digest = digest
        self.provider = next(word for word, full in _PREFERRED.items() if full == session.get_providers()[0])
        self._session = session
        wanted = self.provider in TOGETHER if together is None else together
        self.shared = wanted and self.batched
        self.run: Call = Together(self._alone) if self.shared else self._alone
        """All outputs, in the model's order, of a batch of inputs by name."""

    def remember(self) -> None:
        """From now on it answers once where the very same is asked again, see `remembered`."""
        if not isinstance(self.run, Remembered):
            self.run = Remembered(self.run)

    @property
    def takes(self) -> Mapping[str, Shape]:
        """Its inputs by name."""
        return {one.name: _shape(one.shape) for one in self._session.get_inputs()}

    @property
    def gives(self) -> tuple[Shape, ...]:
        """Its outputs, in order."""
        return tuple(_shape(one.shape) for one in self._session.get_outputs())

    @property
    def output_names(self) -> tuple[str, ...]:
        """The names of its outputs, in order."""
        return tuple(one.name for one in self._session.get_outputs())

    @property
    def metadata(self) -> Mapping[str, str]:
        """What its maker wrote into the file."""
        said: Mapping[str, str] = self._session.get_modelmeta().custom_metadata_map
        return said

    def idle_inputs(self, rows: int, sizes: Mapping[str, Array] | None = None) -> dict[str, Array]:
        """Zeros that it takes, `rows` of them where its first axis is free; `sizes` are whole inputs of their own."""
        free = {one.name: _shape(one.shape) for one in self._session.get_inputs()}
        kinds = {one.name: np.dtype(_KINDS[one.type]) for one in self._session.get_inputs()}
        made = {
            name: np.zeros([rows if k == 0 and not size else size or 1 for k, size in enumerate(shape)], kinds[name])
            for name, shape in free.items()
        }
        return {**made, **{name: array for name, array in (sizes or {}).items() if name in made}}

    def fits(self, inputs: Mapping[str, Shape], outputs: Sequence[Shape] = ()) -> "Model":
        """This model, where it takes exactly `inputs` by name and gives at least `outputs`, in order.

        A size of 0 stands for any; a model's own free sizes fit everything.

        Raises:
            ModelUnfit: it does not.
        """
        takes, gives = self.takes, self.gives
        good = takes.keys() == inputs.keys() and all(_alike(takes[name], want) for name, want in inputs.items())
        if not good or len(gives) < len(outputs) or not all(map(_alike, gives, outputs)):
            wanted = f"{dict(inputs)} and {list(outputs)}"
            raise ModelUnfit(f"{self.name}: takes {takes} and gives {list(gives)}, expected {wanted}: another model "
                             "under this name; fetch it again with `attune assets pull`")  # fmt: skip
        return self

    @property
    def batched(self) -> bool:
        """Whether the first axis of everything is free: rows of several askers can go through together."""
        return all(shape[:1] == (0,) for shape in (*self.takes.values(), *self.gives))

    def _alone(self, inputs: Mapping[str, Array]) -> list[Array]:
        outputs: list[Array] = self._session.run(None, dict(inputs))
        return outputs


def _shape(sizes: Sequence[object]) -> Shape:
    return tuple(size if isinstance(size, int) else 0 for size in sizes)


def _alike(has: Shape, wants: Shape) -> bool:
    return len(has) == len(wants) and all(a == b or 0 in (a, b) for a, b in zip(has, wants, strict=True))


def load(
    path: Path, providers: str = "auto", *, expected_digest: str = "", threads: int = 1,
    engines: EngineSettings | None = None, together: bool | None = None,
) -> Model:  # fmt: skip
    """Load the model at `path` on TensorRT, CUDA, OpenVINO or CPU, whichever comes first of what is really there.

    Args:
        path: the ONNX file.
        providers: "auto", or "TensorRT", "CUDA", "OpenVINO", "CPU" to insist on one.
        expected_digest: sha256 in hex; empty: not checked.
        threads: how many threads one inference may use.
        engines: where TensorRT keeps what it builds; without, it builds at every start.
        together: whether askers share session calls; by itself, where that is faster.

    Raises:
        ModelMissing, ModelAltered, ModelUnreadable: see there; the message names the file and the remedy.
        ProviderMissing: `providers` names one that is not offered here, or that failed to start.
    """
    digest = verify(path, expected_digest)
    engines = engines or EngineSettings()
    wanted = [(full, _told(full, path, digest, engines, threads)) for full in _wanted(providers)]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _LOG_ERRORS_ONLY
    session, fell = _started(path, options, wanted)
    if providers != "auto" and not fell and session.get_providers()[0] != _PREFERRED[providers]:
        raise ProviderMissing(f"providers = {providers!r}: it is installed but did not start for {path.name}; check "
                              "the driver, or use providers = 'auto'")  # fmt: skip
    return Model(path, digest, session, together)


def _started(
    path: Path, options: onnxruntime.SessionOptions, wanted: list[tuple[str, dict[str, str]]]
) -> tuple[onnxruntime.InferenceSession, bool]:
    """A session on the first of `wanted` that takes the model, the CPU at last, and whether one refused it (logged):
    OpenVINO 1.24 takes all shipped models but Silero."""
    fell = False
    while True:
        try:
            return onnxruntime.InferenceSession(str(path), options, providers=wanted), fell
        except onnxruntime.capi.onnxruntime_pybind11_state.InvalidProtobuf as error:
            raise ModelUnreadable(f"{path}: no ONNX model; fetch it again with `attune assets pull`") from error
        except _REFUSED as error:
            if wanted[0][0] == _PREFERRED["CPU"]:
                raise ModelUnreadable(f"{path}: ONNX Runtime does not take this model ({_line(error)})") from error
            refused, fell = wanted[0][0], True
            wanted = wanted[1:] or [(_PREFERRED["CPU"], {})]
            logger().warning("model does not run on this processor, taking the next", model=path.name,
                             refused=refused, next=wanted[0][0], reason=_line(error))  # fmt: skip


def _line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:200]


def _told(full: str, path: Path, digest: str, engines: EngineSettings, threads: int) -> dict[str, str]:
    """What a provider is told about this model."""
    if full == _PREFERRED["OpenVINO"]:  # which would take all cores
        return {"num_of_threads": str(threads)}
    if full != _PREFERRED["TensorRT"]:
        return {}
    options = {"trt_fp16_enable": str(engines.precision == "fp16")}
    if (here := machine(onnxruntime.__version__)) is None:
        return options
    engine = Engine(path.name, digest, here, engines.precision, f"batches of 1 to {MOST}")
    folder = str(engine.prepared(engines.folder))
    kept = {"trt_engine_cache_enable": "True", "trt_engine_cache_path": folder}
    return {**options, **kept, "trt_timing_cache_enable": "True", "trt_timing_cache_path": folder}


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
    beside = ["CUDA"] if providers == "TensorRT" and "CUDA" in offered() else []  # for what TensorRT cannot
    return [_PREFERRED[word] for word in (providers, *beside)]


def as_float(values: Array) -> NDArray[np.float32]:
    """A contiguous float32 copy, as models take it."""
    return np.ascontiguousarray(values, dtype=np.float32)

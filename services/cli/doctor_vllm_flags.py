"""The doctor's look at the file of flags for vLLM: what Attune needs of them, and the GPU memory they ask for."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from services.cli.doctor_vllm import SLOTS, Needs
from services.runtime.findings import Finding, Grade
from services.runtime.model_geometry import Geometry, GeometryError, geometry_of
from services.runtime.vllm_flags import FlagsError, VllmFlags

GIB = 2**30
CARDS_GIB = (16, 24, 32, 40, 48, 80, 96, 141, 192)
"""Memory of GPUs that are sold for this."""
REPORT_TOKENS = 8192
"""A report with four pictures, thinking and answer: the room of every request at once (source: guess)."""
OVERHEAD_GIB = 2.0
"""Activations, CUDA graphs and the allocator's slack (source: guess, to be measured on a GPU)."""
_WEIGHT_BYTES = {"fp8": 1.0, "bitsandbytes": 0.56, "awq": 0.56, "gptq": 0.56}
"""Per parameter of the linear layers. Four bits take 0.56: half a byte, and a float32 scale for every 64 weights
(source: bitsandbytes' NF4 without double quantisation)."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What one card holds, in bytes."""

    weights: float
    adapters: float
    one_request: float
    """The context of one request as long as the flags allow: with less, vLLM does not start."""
    all_requests: float
    """The context of all that run at once, `REPORT_TOKENS` each."""

    @property
    def least_gib(self) -> float:
        """Below this vLLM does not start."""
        return (self.weights + self.adapters + self.one_request) / GIB + OVERHEAD_GIB

    @property
    def wanted_gib(self) -> float:
        """With this all that may run at once do."""
        return (self.weights + self.adapters + max(self.one_request, self.all_requests)) / GIB + OVERHEAD_GIB


def memory(flags: VllmFlags, shape: Geometry) -> Memory:
    """What `flags` ask of each card.

    Weights: the linear layers of the language model in the quantisation's width, all else in 16 bits; adapters: a slot
    of full rank beside every such layer (vLLM reserves all at start); context: keys and values (see `Geometry`). Cards
    that share the model (`tensor-parallel-size`) share all three.
    """
    narrow = _weight_bytes(flags)
    weights = shape.language_parameters * narrow + (shape.parameters - shape.language_parameters) * 2.0
    slot = shape.adapter_bytes(flags.max_lora_rank, tower=flags.enable_tower_connector_lora)
    adapters = flags.max_loras * slot if flags.enable_lora else 0
    token = shape.kv_bytes_per_token(1 if "fp8" in flags.kv_cache_dtype else 2)
    at_once = flags.max_num_seqs or 256
    longest = flags.max_model_len or 262_144
    share = 1.0 / flags.tensor_parallel_size
    each = min(longest, REPORT_TOKENS)
    return Memory(weights * share, adapters * share, longest * token * share, at_once * each * token * share)


def _weight_bytes(flags: VllmFlags) -> float:
    said = f"{flags.quantization or ''} {Path(flags.model).name}".lower()
    return next((width for name, width in _WEIGHT_BYTES.items() if name in said), 2.0)


def look(file: Path, needs: Needs) -> Iterator[Finding]:
    """What the flags in `file` lack for the settings and adapters, and the memory they ask for."""
    try:
        flags = VllmFlags.read(file)
    except FlagsError as error:
        yield Finding("vLLM flags", Grade.BAD, str(error), "correct the file, or --vllm-flags")
        return
    except ImportError as error:
        yield Finding("vLLM flags", Grade.NOTE, f"not read: {error}", "pip install pyyaml")
        return
    lacking = list(_lacking(flags, needs))
    yield from lacking
    if not lacking:
        yield Finding("vLLM flags", Grade.GOOD, f"{file}: as adapters and settings need them")
    yield _memory(flags)


def _lacking(flags: VllmFlags, needs: Needs) -> Iterator[Finding]:
    """What must hold, what was found instead, and what to do."""
    at_most = flags.max_num_queued_reqs
    rules = (
        (flags.enable_lora, "enable-lora is off", "enable-lora: true, or no adapter can be served"),
        (flags.max_lora_rank >= needs.most_rank, f"max-lora-rank {flags.max_lora_rank}: adapters up to rank "
         f"{needs.most_rank} are accepted", f"max-lora-rank: {needs.most_rank}, or a lower ATTUNE_VLM_MOST_RANK"),
        (flags.max_loras >= SLOTS, f"max-loras {flags.max_loras}", f"max-loras: {SLOTS}, for an active one, a canary "
         "and a shadow: beyond the slots they wait for one another"),
        (flags.enable_tower_connector_lora or not needs.tower_adapters, "enable-tower-connector-lora is off: an "
         "adapter's layers in vision tower and merger would be passed over", "enable-tower-connector-lora: true, or "
         "ATTUNE_VLM_TOWER_ADAPTERS=false, by which such adapters are refused"),
        (bool(flags.reasoning_parser) or not needs.thinking_token_budget, "no reasoning-parser",
         "reasoning-parser: qwen3, or ATTUNE_VLM_THINKING_TOKEN_BUDGET=0"),
        (flags.scheduling_policy == "priority" or not needs.priorities,
         f"scheduling-policy {flags.scheduling_policy}", "scheduling-policy: priority, or ATTUNE_VLM_PRIORITIES=false"),
        (at_most is None or at_most > needs.at_once, f"max-num-queued-reqs {at_most}: {needs.at_once} are sent at once",
         "raise it, or lower ATTUNE_VLM_AT_ONCE"),
        (flags.allowed_media_domains is not None, "no allowed-media-domains: pictures are fetched from anywhere",
         "allowed-media-domains: [nowhere.invalid]"),
        (flags.limit_mm_per_prompt.get("video", 1) == 0, "videos are allowed, and memory is kept for them",
         "limit-mm-per-prompt: video: 0"),
        (flags.served_model_name in (needs.model, None), f"served-model-name {flags.served_model_name}",
         f"served-model-name: {needs.model}, or ATTUNE_VLM_MODEL"),
    )  # fmt: skip
    for holds, found, remedy in rules:
        if not holds:
            yield Finding("vLLM flags", Grade.BAD, found, remedy)


def _memory(flags: VllmFlags) -> Finding:
    try:
        shape = geometry_of(flags.model)
    except GeometryError as error:
        return Finding("GPU memory", Grade.BAD, str(error), "name a Qwen3-VL")
    if shape is None:
        return Finding("GPU memory", Grade.NOTE, f"the shape of {flags.model!r} is not known here",
                       "name the folder that holds it, or compare with the card by hand")  # fmt: skip
    asked = memory(flags, shape)
    starts, does = _card(flags, asked.least_gib), _card(flags, asked.wanted_gib)
    if starts is None:
        return Finding("GPU memory", Grade.BAD, f"{asked.least_gib:.0f} GiB at least: more than one card has",
                       "a smaller profile (deploy/vllm), or tensor-parallel-size")  # fmt: skip
    found = (f"{asked.least_gib:.0f} GiB at least (a card of {starts}), {asked.wanted_gib:.0f} with all requests at "
             f"once ({f'a card of {does}' if does else 'more than one card has'}): {_parts(flags, asked)}")  # fmt: skip
    return Finding("GPU memory", Grade.GOOD, found)


def _card(flags: VllmFlags, needed_gib: float) -> int | None:
    """The smallest card whose share for vLLM is that large."""
    return next((card for card in CARDS_GIB if card * flags.gpu_memory_utilization >= needed_gib), None)


def _parts(flags: VllmFlags, asked: Memory) -> str:
    slots = flags.max_loras if flags.enable_lora else 0
    return (
        f"weights {asked.weights / GIB:.1f}, {slots} adapters {asked.adapters / GIB:.2f}, one request of "
        f"{flags.max_model_len} tokens {asked.one_request / GIB:.1f}, {flags.max_num_seqs} of {REPORT_TOKENS} "
        f"{asked.all_requests / GIB:.1f}, overhead {OVERHEAD_GIB:.0f} GiB"
    )

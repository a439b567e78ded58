"""Reads and writes that promise the compiler that arrays do not overlap, so that it can do several channels at once.

Without the promise LLVM would have to compare the addresses of some thirty arrays before every loop, and gives up: the
channel loop then runs 1.8 times as long. An access with one number never overlaps an access with another; number 0 is
for arrays that are only read. All reads of a loop stand at its top: a read under a condition loses its promise.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic

NUMBERS = 24
_KEY = "attune_lanes"


def _promises(module: ir.Module, number: int) -> tuple[Any, Any]:
    """Metadata nodes: the scope of this number, and the scopes of all others."""
    if not hasattr(module, _KEY):
        domain = module.add_metadata([ir.MetaDataString(module, "attune")])
        made = [module.add_metadata([ir.MetaDataString(module, f"lane{i}"), domain]) for i in range(NUMBERS)]
        setattr(module, _KEY, made)
    scopes = getattr(module, _KEY)
    others = [scope for i, scope in enumerate(scopes) if i != number]
    return module.add_metadata([scopes[number]]), module.add_metadata(others)


def _address(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    array = context.make_array(signature.args[0])(context, builder, args[0])
    return builder.gep(array.data, [context.cast(builder, args[1], signature.args[1], types.intp)])


def _marked(builder: Any, access: Any, number: int) -> None:
    mine, others = _promises(builder.module, number)
    access.set_metadata("alias.scope", mine)
    access.set_metadata("noalias", others)


def _read(typing: Any, array: Any, index: Any, number: Any) -> Any:
    if not isinstance(number, types.IntegerLiteral):
        return None
    which = number.literal_value

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        loaded = builder.load(_address(context, builder, signature, args))
        _marked(builder, loaded, which)
        return context.data_model_manager[signature.return_type].from_data(builder, loaded)

    return array.dtype(array, index, number), generate


def _write(typing: Any, array: Any, index: Any, value: Any, number: Any) -> Any:
    if not isinstance(number, types.IntegerLiteral):
        return None
    which = number.literal_value

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        of = signature.args[0].dtype
        cast = context.cast(builder, args[2], signature.args[2], of)
        stored = context.data_model_manager[of].as_data(builder, cast)
        _marked(builder, builder.store(stored, _address(context, builder, signature, args)), which)
        return context.get_dummy_value()

    return types.void(array, index, value, number), generate


def _pick(typing: Any, array: Any, index: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        address = _address(context, builder, signature, args)
        loaded = builder.load_atomic(address, "unordered", context.get_abi_alignment(address.type.pointee))
        return context.data_model_manager[signature.return_type].from_data(builder, loaded)

    return array.dtype(array, index), generate


read: Callable[..., Any] = intrinsic(_read)
"""`read(array, index, number)`: `array[index]` of a contiguous one-dimensional array; `number` is a literal."""
write: Callable[..., Any] = intrinsic(_write)
"""`write(array, index, value, number)`: `array[index] = value`."""
pick: Callable[..., Any] = intrinsic(_pick)
"""`pick(array, index)`: the same one at a time, from anywhere in an array that is only read: as atomic reads, or LLVM
would make gathers of them, which take twice as long (source: measured)."""

"""Reads and writes that promise the compiler that arrays do not overlap, so that it can do several channels at once.

Without the promise LLVM would have to compare the addresses of some thirty arrays before every loop, and gives up: the
channel loop then runs 1.8 times as long. Every loop has a hundred numbers of its own: an access with one number never
overlaps an access of the same loop with another; the first one is for arrays that are only read. All reads of a loop
stand at its top: a read under a condition loses its promise.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from threshold_service.statistics.arrays import LANES

LOOPS, NUMBERS, _OF_A_LOOP = 2, 24, 100
_KEY = "attune_lanes"


def _promises(module: ir.Module, number: int) -> tuple[Any, Any]:
    """Metadata nodes: the scope of this number, and the scopes of all others of its loop."""
    if not hasattr(module, _KEY):
        domain = module.add_metadata([ir.MetaDataString(module, "attune")])
        setattr(
            module, _KEY, [[_scope(module, domain, f"{loop}.{i}") for i in range(NUMBERS)] for loop in range(LOOPS)]
        )
    loop, mine = divmod(number, _OF_A_LOOP)
    scopes = getattr(module, _KEY)[loop]
    others = [scope for i, scope in enumerate(scopes) if i != mine]
    return module.add_metadata([scopes[mine]]), module.add_metadata(others)


def _scope(module: ir.Module, domain: Any, name: str) -> Any:
    return module.add_metadata([ir.MetaDataString(module, name), domain])


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


def _pick_pairs(typing: Any, array: Any, entries: Any, lower: Any, upper: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        of, where, *to = (
            context.make_array(kind)(context, builder, arg).data for kind, arg in zip(signature.args, args, strict=True)
        )
        whole, lanes = ir.IntType(32), ir.VectorType(ir.IntType(32), LANES)
        both = ir.Constant(lanes, ir.Undefined)
        for lane in range(LANES):
            place = ir.Constant(whole, lane)
            entry = builder.load(builder.gep(where, [place]))
            pair = builder.load(builder.bitcast(builder.gep(of, [entry]), whole.as_pointer()))
            pair.align = array.dtype.bitwidth // 8
            both = builder.insert_element(both, pair, place)
        half = ir.Constant(lanes, [16] * LANES)
        for address, picked in zip(
            to, (builder.ashr(builder.shl(both, half), half), builder.ashr(both, half)), strict=True
        ):
            singles = builder.sitofp(picked, ir.VectorType(ir.FloatType(), LANES))
            builder.store(singles, builder.bitcast(address, singles.type.as_pointer())).align = 4
        return context.get_dummy_value()

    return types.void(array, entries, lower, upper), generate


def _fetch(typing: Any, array: Any, index: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        flag, byte = ir.IntType(32), ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [byte, flag, flag, flag])
        made = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")  # type: ignore[no-untyped-call]
        where = builder.bitcast(_address(context, builder, signature, args), byte)
        builder.call(made, [where, flag(0), flag(3), flag(1)])
        return context.get_dummy_value()

    return types.void(array, index), generate


read: Callable[..., Any] = intrinsic(_read)
"""`read(array, index, number)`: `array[index]` of a contiguous one-dimensional array; `number` is a literal."""
write: Callable[..., Any] = intrinsic(_write)
"""`write(array, index, value, number)`: `array[index] = value`."""
fetch: Callable[..., Any] = intrinsic(_fetch)
"""`fetch(array, index)`: has the line of the cache brought near in which `array[index]` of a contiguous array lies."""
pick_pairs: Callable[..., Any] = intrinsic(_pick_pairs)
"""`pick_pairs(array, entries, lower, upper)`: the two short numbers of `array` from each of `LANES` `entries` on, as
single ones, in one piece each: what is stored one by one a processor cannot read eight at a time before it is in the
cache, and where LLVM makes gathers of reads they take twice as long (source: measured)."""

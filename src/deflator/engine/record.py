"""Let compiled functions take a record of many arrays as one pointer.

Numba passes a named tuple by value: every array in it becomes seven or more arguments of every function that it goes
through, and a function with two hundred arrays takes minutes to compile. A `Record` is passed as the address of a
table of array headers instead. Reading a field loads its header; the loads are marked invariant, so the compiler
hoists them out of loops as it would an argument. Kernels read `contracts.price[c, lane]` either way, and the same
code runs on the same records without the compiler.

Two fields never share memory, and the compiler is told so: each access to an element carries the field that it
belongs to (`FieldType`), as LLVM's scoped no-alias metadata. Without it no loop that writes one array and reads another
could be vectorised across lanes.
"""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Collection
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.datamodel import models, register_default
from numba.core.imputils import impl_ret_borrowed, lower_builtin, lower_cast, lower_getattr, lower_getattr_generic
from numba.core.typing.templates import AttributeTemplate, infer_getattr
from numba.extending import NativeValue, typeof_impl, unbox
from numba.np.arrayobj import (
    getitem_array_tuple,
    getitem_arraynd_intp,
    make_array,
    setitem_array,
    store_item,
)
from numba.np.numpy_support import from_dtype

_WORD = 8
_POSITIVE = (1 << 63) - 1


class Record:
    """A fixed set of named arrays and records, whose headers stand in one table.

    Parameters
    ----------
    name
        What the record is of.
    fields
        Its arrays and records by name. Arrays are C-contiguous and kept alive. No two share memory.
    fixed
        Names of arrays that kernels only read.
    apart_from
        Names of other records, with which this one shares no memory.
    in_lanes
        Names of arrays whose last axis the compiler may take to be as long as it is now: their loops need no rest.

    Examples
    --------
    >>> record = Record("entities", {"cash": np.zeros((2, 3))})
    >>> record.cash.shape
    (2, 3)
    """

    def __init__(
        self,
        name: str,
        fields: dict[str, Any],
        fixed: Collection[str] = (),
        apart_from: Collection[str] = (),
        in_lanes: Collection[str] = (),
    ) -> None:
        self._fields = fields
        self._type = RecordType(
            name,
            tuple((field, _type_of(value)) for field, value in fields.items()),
            fixed,
            apart_from,
            tuple((field, fields[field].shape[-1]) for field in in_lanes),
        )
        words: list[int] = []
        for value in fields.values():
            words += [value.address] if isinstance(value, Record) else _header(value)
        self._table = np.array(words, dtype=np.int64)

    @property
    def address(self) -> int:
        """Where the table of headers stands in memory."""
        return int(self._table.ctypes.data)

    def rebind(self, field: str, array: np.ndarray) -> None:
        """Put an array of the same shape and type in the place of a field; no kernel may be running on the record.

        Raises
        ------
        ValueError
            When shape, type or order differ.
        """
        held = self._fields[field]
        if array is held:
            return
        if array.shape != held.shape or array.dtype != held.dtype or not array.flags.c_contiguous:
            raise ValueError(f"{field} is {held.dtype} {held.shape}, not {array.dtype} {array.shape}")
        self._fields[field] = array
        self._table[self._type.offsets[field][0] // _WORD + 2] = array.ctypes.data  # after size and item size

    def __getattr__(self, field: str) -> Any:
        try:
            return self.__dict__["_fields"][field]
        except KeyError:
            raise AttributeError(field) from None


def _header(array: np.ndarray) -> list[int]:
    return [array.size, array.itemsize, array.ctypes.data, *array.shape, *array.strides]


def _type_of(value: Any) -> types.Type:
    if isinstance(value, Record):
        return value._type
    if not value.flags.c_contiguous:
        raise ValueError("a record holds C-contiguous arrays only")
    return types.Array(from_dtype(value.dtype), value.ndim, "C")


class FieldType(types.Array):
    """Numba's type of an array that is a field of a record: it shares no memory with any other field.

    A part of it (`record.field[i]`) is an array as any other.
    """

    def __init__(self, array: types.Array, owner: RecordType, field: str, others: tuple[str, ...], fixed: bool) -> None:
        record = owner.record
        self.record, self.field, self.fixed = record, field, fixed
        self.others, self.apart_from = others, owner.apart_from
        self.lanes = dict(owner.in_lanes).get(field)
        name = f"{record}.{field}: {array}{' fixed' if fixed else ''}{f' in {self.lanes} lanes' if self.lanes else ''}"
        super().__init__(array.dtype, array.ndim, array.layout, name=name)

    @property
    def key(self) -> tuple:
        """What distinguishes the type."""
        return *super().key, self.name, self.others, self.apart_from

    @property
    def mangling_args(self) -> tuple[str, tuple[object, ...]]:
        """What distinguishes the names of functions that take it."""
        return "FieldType", (self.record, self.field, self.dtype, self.ndim, self.lanes or 0)


@register_default(FieldType)
class _FieldModel(models.ArrayModel):
    """A field has the header of an array."""


@lower_cast(FieldType, types.Array)
def _as_array(_context: Any, _builder: Any, _from: Any, _to: Any, value: Any) -> Any:
    return value


def _mark(builder: Any, instruction: Any, kind: FieldType) -> None:
    """Say which field a load or store belongs to, and with which ones it shares no memory."""
    module = builder.module

    def scopes(domain: str, names: Any) -> list[Any]:
        within = module.add_metadata([domain])
        return [module.add_metadata([f"{domain}.{name}", within]) for name in names]

    own = scopes("record", [kind.record]) + scopes(f"record {kind.record}", [kind.field])
    apart = scopes("record", kind.apart_from)
    apart += scopes(f"record {kind.record}", kind.others)
    instruction.set_metadata("alias.scope", module.add_metadata(own))
    instruction.set_metadata("noalias", module.add_metadata(apart))
    if kind.fixed and isinstance(instruction, ir.LoadInstr):
        instruction.set_metadata("invariant.load", module.add_metadata([]))


def _place_of_element(context: Any, builder: Any, kind: FieldType, index_type: Any, field: Any, index: Any) -> Any:
    """Return a pointer to the element that an index names, or None where it names a part of the field.

    Indices are not negative, so nothing is added to them; and the length of rows in lanes is known.
    """
    if isinstance(index_type, types.UniTuple | types.Tuple):
        index_types, indices = tuple(index_type.types), cgutils.unpack_tuple(builder, index, count=len(index_type))
    else:
        index_types, indices = (index_type,), [index]
    if len(index_types) != kind.ndim or not all(isinstance(part, types.Integer) for part in index_types):
        return None
    array = make_array(kind)(context, builder, field)
    lengths = cgutils.unpack_tuple(builder, array.shape, count=kind.ndim)
    if kind.lanes:
        lengths[-1] = ir.Constant(lengths[-1].type, kind.lanes)
    place = None
    for part, part_type, length in zip(indices, index_types, lengths, strict=True):
        part = context.cast(builder, part, part_type, types.intp)
        place = part if place is None else builder.add(builder.mul(place, length, flags=("nsw",)), part, flags=("nsw",))
    return builder.gep(array.data, [place], inbounds=True)


@lower_builtin(operator.getitem, FieldType, types.Integer)
@lower_builtin(operator.getitem, FieldType, types.BaseTuple)
def _get_element(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    kind, index_type = signature.args
    place = _place_of_element(context, builder, kind, index_type, *arguments)
    if place is None:
        several = isinstance(index_type, types.BaseTuple)
        return (getitem_array_tuple if several else getitem_arraynd_intp)(context, builder, signature, arguments)
    loaded = builder.load(place)
    _mark(builder, loaded, kind)
    return context.data_model_manager[kind.dtype].from_data(builder, loaded)


@lower_builtin(operator.setitem, FieldType, types.Any, types.Any)
def _set_element(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    kind, index_type, value_type = signature.args
    field, index, value = arguments
    place = _place_of_element(context, builder, kind, index_type, field, index)
    if place is None:
        return setitem_array(context, builder, signature, arguments)
    store_item(context, builder, kind, context.cast(builder, value, value_type, kind.dtype), place)
    _mark(builder, builder.block.instructions[-1], kind)
    return context.get_dummy_value()


class RecordType(types.Type):
    """Numba's type of a record: its name and the types of its fields."""

    def __init__(
        self,
        name: str,
        fields: tuple[tuple[str, Any], ...],
        fixed: Collection[str],
        apart_from: Collection[str],
        in_lanes: tuple[tuple[str, int], ...] = (),
    ) -> None:
        self.record = name
        self.apart_from = tuple(other for other in apart_from if other != name)
        self.in_lanes = in_lanes
        self.offsets: dict[str, tuple[int, Any]] = {}
        offset = 0
        for field, kind in fields:
            if isinstance(kind, types.Array):
                others = tuple(other for other, _ in fields if other != field)
                kind = FieldType(kind, self, field, others, field in fixed)
            self.offsets[field] = offset, kind
            offset += _WORD * (1 if isinstance(kind, RecordType) else 3 + 2 * kind.ndim)
        self.words = offset // _WORD
        # Numba names what it compiles after the names of types, and cached functions of several processes meet in one:
        # the name has to hold all that the compiler may take for granted.
        whole = repr([(field, str(kind)) for field, (_, kind) in self.offsets.items()]) + repr(self.apart_from)
        super().__init__(name=f"{name}.{hashlib.blake2s(whole.encode(), digest_size=8).hexdigest()}")

    @property
    def key(self) -> tuple:
        """What distinguishes the type."""
        return (self.name,)


@register_default(RecordType)
class _RecordModel(models.PrimitiveModel):
    """A record is a pointer to its table of headers."""

    def __init__(self, manager: Any, kind: RecordType) -> None:
        super().__init__(manager, kind, _table_type(kind).as_pointer())


def _table_type(kind: RecordType) -> ir.ArrayType:
    return ir.ArrayType(ir.IntType(64), kind.words)


@typeof_impl.register(Record)
def _typeof_record(value: Record, _context: Any) -> RecordType:
    return value._type


@unbox(RecordType)
def _unbox_record(kind: RecordType, value: Any, c: Any) -> NativeValue:
    address = c.pyapi.object_getattr_string(value, "address")
    pointer = c.pyapi.long_as_voidptr(address)
    c.pyapi.decref(address)
    return NativeValue(c.builder.bitcast(pointer, c.context.get_value_type(kind)))


@infer_getattr
class _RecordAttributes(AttributeTemplate):
    key = RecordType

    def generic_resolve(self, typ: Any, attr: str) -> Any:  # type: ignore[override]
        return typ.offsets[attr][1] if attr in typ.offsets else None


def _declare_readable(function: Any, pointer: ir.Type, kind: RecordType) -> None:
    """Say that tables of headers can be read at any time, so that their loads leave loops and branches."""
    for argument in function.args:
        if argument.type == pointer:
            argument.attributes.dereferenceable = kind.words * _WORD
            argument.attributes.align = _WORD


def _width(builder: Any, length: Any, lanes: int) -> Any:
    """Return how long a loop over lanes is: a constant that the compiler learns late.

    If it knew at once, it would unroll loops over so few lanes, number by number, before it could vectorise them. So
    the constant hides behind a question that is answered between the two: whether the length in the header is a
    constant, which it never is. Until then the length is known to be above zero, so that a loop needs no test before
    its first turn.
    """
    word = ir.IntType(64)
    asked = builder.module.declare_intrinsic("llvm.is.constant", [word], ir.FunctionType(ir.IntType(1), [word]))
    never = builder.or_(builder.and_(length, ir.Constant(word, -lanes & _POSITIVE)), ir.Constant(word, lanes))
    return builder.select(builder.call(asked, [length]), never, ir.Constant(word, lanes))


@lower_getattr(FieldType, "shape")
def _lower_shape(context: Any, builder: Any, kind: FieldType, field: Any) -> Any:
    """Return a field's shape; a function that takes a field as an argument knows its width, too."""
    shape = cgutils.unpack_tuple(builder, make_array(kind)(context, builder, field).shape, count=kind.ndim)
    if kind.lanes:
        shape[-1] = _width(builder, shape[-1], kind.lanes)
    return cgutils.pack_array(builder, shape)


@lower_getattr(FieldType, "size")
def _lower_size(context: Any, builder: Any, kind: FieldType, field: Any) -> Any:
    """Return how many elements a field has."""
    array = make_array(kind)(context, builder, field)
    if kind.lanes and kind.ndim == 1:
        return _width(builder, array.nitems, kind.lanes)
    return array.nitems


def _argument_of(builder: Any, value: Any) -> Any:
    """Return the argument that a value was read from, or None where it is another's field."""
    if not isinstance(value, ir.LoadInstr):
        return None
    name = f"arg.{value.operands[0].name}"
    return next((arg for arg in builder.function.args if arg.name == name and arg.type == value.type), None)


@lower_getattr_generic(RecordType)
def _lower_field(context: Any, builder: Any, kind: RecordType, value: Any, attr: str) -> Any:
    offset, field_type = kind.offsets[attr]
    word = ir.IntType(64)
    _declare_readable(builder.function, value.type, kind)

    argument = _argument_of(builder, value)

    def load(position: int, pointer: ir.Type | None = None) -> Any:
        if argument is None:
            return load_from(value, position, pointer)
        with builder.goto_entry_block():  # outside all loops, out of which the compiler would not always take it
            return load_from(argument, position, pointer)

    def load_from(table: Any, position: int, pointer: ir.Type | None) -> Any:
        place = builder.gep(table, [ir.Constant(word, 0), ir.Constant(word, offset // _WORD + position)])
        if pointer:
            place = builder.bitcast(place, pointer.as_pointer())
        loaded = builder.load(place)
        loaded.set_metadata("invariant.load", builder.module.add_metadata([]))
        return loaded

    if isinstance(field_type, RecordType):
        pointer = load(0, context.get_value_type(field_type))
        for name, number in (("dereferenceable", field_type.words * _WORD), ("align", _WORD)):
            pointer.set_metadata(name, builder.module.add_metadata([ir.Constant(word, number)]))
        return pointer
    itemsize = ir.Constant(word, field_type.dtype.bitwidth // 8 if field_type.dtype is not types.boolean else 1)
    shape = [load(3 + axis) for axis in range(field_type.ndim)]
    if field_type.lanes:
        shape[-1] = _width(builder, shape[-1], field_type.lanes)
    strides = [itemsize]
    for length in reversed(shape[1:]):
        strides.insert(0, builder.mul(strides[0], length))
    array = cgutils.create_struct_proxy(field_type)(context, builder)
    array.meminfo = cgutils.get_null_value(array.meminfo.type)
    array.parent = cgutils.get_null_value(array.parent.type)
    array.nitems = shape[0] if field_type.ndim == 1 else load(0)
    array.itemsize, array.data = itemsize, load(2, array.data.type)
    array.shape = cgutils.pack_array(builder, shape, word)
    array.strides = cgutils.pack_array(builder, strides, word)
    return impl_ret_borrowed(context, builder, field_type, array._getvalue())

"""Let compiled functions take a record of many arrays as one pointer.

Numba passes a named tuple by value: every array in it becomes seven or more arguments of every function that it goes
through, and a function with two hundred arrays takes minutes to compile. A `Record` is passed as the address of a
table of array headers instead. Reading a field loads its header; the loads are marked invariant, so the compiler
hoists them out of loops as it would an argument. Kernels read `contracts.price[c, lane]` either way, and the same
code runs on the same records without the compiler.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.datamodel import models, register_default
from numba.core.imputils import impl_ret_borrowed, lower_getattr_generic
from numba.core.typing.templates import AttributeTemplate, infer_getattr
from numba.extending import NativeValue, typeof_impl, unbox
from numba.np.numpy_support import from_dtype

_WORD = 8


class Record:
    """A fixed set of named arrays and records, whose headers stand in one table.

    Parameters
    ----------
    name
        What the record is of.
    fields
        Its arrays and records by name. Arrays are C-contiguous; they are kept alive, and never replaced.

    Examples
    --------
    >>> record = Record("entities", {"cash": np.zeros((2, 3))})
    >>> record.cash.shape
    (2, 3)
    """

    def __init__(self, name: str, fields: dict[str, Any]) -> None:
        self._fields = fields
        self._type = RecordType(name, tuple((field, _type_of(value)) for field, value in fields.items()))
        words: list[int] = []
        for value in fields.values():
            words += [value.address] if isinstance(value, Record) else _header(value)
        self._table = np.array(words, dtype=np.int64)

    @property
    def address(self) -> int:
        """Where the table of headers stands in memory."""
        return int(self._table.ctypes.data)

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


class RecordType(types.Type):
    """Numba's type of a record: its name and the types of its fields."""

    def __init__(self, name: str, fields: tuple[tuple[str, Any], ...]) -> None:
        self.offsets: dict[str, tuple[int, Any]] = {}
        offset = 0
        for field, kind in fields:
            self.offsets[field] = offset, kind
            offset += _WORD * (1 if isinstance(kind, RecordType) else 3 + 2 * kind.ndim)
        super().__init__(name=f"{name}({', '.join(f'{field}: {kind}' for field, kind in fields)})")


@register_default(RecordType)
class _RecordModel(models.OpaqueModel):
    """A record is a pointer to its table of headers."""


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


@lower_getattr_generic(RecordType)
def _lower_field(context: Any, builder: Any, kind: RecordType, value: Any, attr: str) -> Any:
    offset, field_type = kind.offsets[attr]
    word = ir.IntType(64)
    table = builder.bitcast(value, word.as_pointer())

    def load(position: int) -> Any:
        loaded = builder.load(builder.gep(table, [ir.Constant(word, offset // _WORD + position)]))
        loaded.set_metadata("invariant.load", builder.module.add_metadata([]))
        return loaded

    if isinstance(field_type, RecordType):
        return builder.inttoptr(load(0), context.get_value_type(field_type))
    array = cgutils.create_struct_proxy(field_type)(context, builder)
    array.meminfo = cgutils.get_null_value(array.meminfo.type)
    array.parent = cgutils.get_null_value(array.parent.type)
    array.nitems, array.itemsize = load(0), load(1)
    array.data = builder.inttoptr(load(2), array.data.type)
    array.shape = cgutils.pack_array(builder, [load(3 + axis) for axis in range(field_type.ndim)], word)
    array.strides = cgutils.pack_array(
        builder, [load(3 + field_type.ndim + axis) for axis in range(field_type.ndim)], word
    )
    return impl_ret_borrowed(context, builder, field_type, array._getvalue())

"""A record is the same inside compiled code and outside it, and so is the month that runs on records."""

import os
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest
from economies import block_at, economy

from deflator.engine.layout import RECORDS, kinds_of, name_of
from deflator.engine.record import Record


def example():
    """Return a record of every kind of field that the engine has, another record included."""
    return Record(
        "book",
        {
            "cash": np.arange(6.0).reshape(2, 3),
            "flags": np.array([True, False, True]),
            "months": np.array([[3, 1]], dtype=np.int64),
            "keys": np.array([2**63 + 5, 7], dtype=np.uint64),
            "nothing": np.zeros((0, 4)),
            "inner": Record("inner", {"rent": np.array([2.0, 3.0])}),
        },
    )


@numba.njit
def read_all(record):
    """Return something of each field that depends on where it begins, how long it is and how it is laid out."""
    return (
        record.cash[1, 2],
        record.cash.sum(),
        record.cash.shape,
        record.flags[2],
        record.months[0, 1],
        record.keys[0],
        record.nothing.shape,
        record.nothing.size,
        record.inner.rent[1],
        len(record.inner.rent),
    )


@numba.njit
def pay(record, amount):
    record.cash[0] += amount
    record.cash[:, 1] *= 2.0
    record.inner.rent[:] = record.cash[0, 1]


@numba.njit
def read_unknown(record):
    return record.crash


def test_fields_read_the_same_in_and_out_of_compiled_code():
    assert read_all(example()) == read_all.py_func(example())


def test_what_compiled_code_writes_is_seen_outside_and_the_other_way_round():
    inside, outside = example(), example()
    for record, write in ((inside, pay), (outside, pay.py_func)):
        record.cash[1, 1] = 10.0
        write(record, 5.0)

    assert inside.cash.tolist() == outside.cash.tolist() == [[5.0, 12.0, 7.0], [3.0, 20.0, 5.0]]
    assert inside.inner.rent.tolist() == outside.inner.rent.tolist() == [12.0, 12.0]


def test_a_record_keeps_its_arrays_alive():
    record = Record("alone", {"cash": np.full((1000, 1000), 2.5)})

    np.full((1000, 1000), -1.0)  # would take the place of the first array if nothing held it

    assert read_sum(record) == 2.5e6


@numba.njit
def read_sum(record):
    return record.cash.sum()


@pytest.mark.parametrize(
    "array",
    [np.zeros((4, 4))[:, :2], np.zeros((4, 3), order="F"), np.arange(9.0)[::2], np.zeros((2, 3)).T],
    ids=["columns", "Fortran order", "every second", "transposed"],
)
def test_an_array_with_gaps_is_refused(array):
    with pytest.raises(ValueError, match="C-contiguous"):
        Record("book", {"cash": array})


def test_a_field_that_does_not_exist_is_an_error_in_and_out_of_compiled_code():
    with pytest.raises(AttributeError, match="crash"):
        example().crash  # noqa: B018
    with pytest.raises(numba.TypingError, match="crash"):
        read_unknown(example())


def test_records_of_other_sizes_run_the_same_compiled_code():
    many = Record("alone", {"cash": np.ones((50, 7))})
    few = Record("alone", {"cash": np.ones((2, 3))})
    read_sum(many)
    compiled = len(read_sum.signatures)

    assert (read_sum(many), read_sum(few)) == (350.0, 6.0)
    assert len(read_sum.signatures) == compiled


def test_records_with_other_fields_are_told_apart():
    floats = Record("pair", {"left": np.ones(3), "right": np.full(3, 2.0)})
    swapped = Record("pair", {"right": np.full(3, 2.0), "left": np.ones(3)})
    whole = Record("pair", {"left": np.ones(3, dtype=np.int64), "right": np.full(3, 2.0)})

    assert [read_left(record) for record in (floats, swapped, whole)] == [3.0, 3.0, 3]


@numba.njit
def read_left(record):
    return record.left.sum()


def test_an_array_that_takes_the_place_of_another_is_read_from_then_on():
    record = Record("pair", {"left": np.ones(3), "right": np.full(3, 2.0)})
    assert read_left(record) == 3.0

    record.rebind("left", np.full(3, 5.0))

    assert (read_left(record), record.left.tolist(), record.right.sum()) == (15.0, [5.0, 5.0, 5.0], 6.0)


@pytest.mark.parametrize("array", [np.ones(4), np.ones(3, dtype=np.int64), np.arange(6.0)[::2]])
def test_an_array_of_another_shape_type_or_order_cannot_take_its_place(array):
    record = Record("pair", {"left": np.ones(3), "right": np.full(3, 2.0)})
    with pytest.raises(ValueError, match="left is float64"):
        record.rebind("left", array)
    assert record.left.tolist() == [1.0, 1.0, 1.0]


@numba.njit
def sum_lanes(record):
    total = 0.0
    for i in range(record.cash.shape[0]):
        for lane in range(record.cash.shape[1]):
            total += record.cash[i, lane] * record.weight[lane]
    return total, record.cash.size, record.cash.shape, record.weight.size, record.cash.strides, record.cash[1].sum()


@pytest.mark.parametrize("in_lanes", [(), ("cash", "weight")])
def test_a_width_that_the_compiler_knows_reads_the_same_as_one_that_it_does_not(in_lanes):
    fields = {"cash": np.arange(24.0).reshape(3, 8), "weight": np.arange(8.0)}
    record = Record("wide", fields, in_lanes=in_lanes)

    assert sum_lanes(record) == sum_lanes.py_func(record)


MONTHS, LANES = 3, 2


def state_after_some_months():
    """Return every figure and state of the tiny economy after three months with chance."""
    block = block_at(economy("tiny", "funding-freeze", 4, True), MONTHS, chance=True, lanes=LANES)
    return {
        f"{name_of(record)}.{field}": getattr(getattr(block, name_of(record)), field)
        for record in RECORDS
        for field, kind in kinds_of(record).items()
        if kind not in ("Link", "Request")
    }


def test_the_month_runs_without_the_compiler_and_gives_the_same_to_the_last_bit(tmp_path):
    here, file = Path(__file__).parent, tmp_path / "state.npz"
    # A choice between two figures works out both, as compiled code does: the one not taken may be 0 / 0.
    script = (
        "import numpy, test_record\n"
        "with numpy.errstate(divide='ignore', invalid='ignore'):\n"
        f"    numpy.savez({str(file)!r}, **test_record.state_after_some_months())"
    )
    subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        cwd=here,
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        check=True,
        timeout=300,
    )

    interpreted = np.load(file)

    compiled = state_after_some_months()
    assert set(interpreted) == set(compiled)
    assert [name for name, values in compiled.items() if values.tobytes() != interpreted[name].tobytes()] == []


def test_the_names_of_types_tell_widths_apart_because_cached_kernels_of_several_processes_meet_in_one():
    narrow, wide = ({"cash": np.zeros((2, lanes))} for lanes in (8, 32))
    names = {
        str(numba.typeof(record))
        for record in (
            Record("entities", narrow),
            Record("entities", wide, in_lanes=["cash"]),
            Record("entities", narrow, fixed=["cash"]),
            Record("entities", narrow, apart_from=["world"]),
        )
    }
    assert len(names) == 4

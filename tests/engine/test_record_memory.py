"""Fields of records share no memory, as the compiler is told: what it makes of kernels is what Python makes of it."""

import ast
from itertools import combinations
from pathlib import Path

import numba
import numpy as np
import pytest
from economies import AI, FIBRE, TINY, economy

from deflator import engine
from deflator.engine.layout import RECORDS, Requests, kinds_of, name_of
from deflator.engine.record import Record
from deflator.engine.records import allocate

WIDTH = 37  # some whole vectors of lanes and a part of one
NAMES = ("outer", "near", "far")
FIXED_KINDS = ("Link", "Figure", "Request")
KINDS = {name_of(record): kinds_of(record) for record in (*RECORDS, Requests)}


def example():
    """Return a record with two others in it, some of whose fields bear the same names."""
    draw = np.random.default_rng(5)

    def inner(name):
        fields = {
            "cash": draw.normal(size=(3, WIDTH)),
            "debt": draw.normal(size=(3, WIDTH)),
            "count": draw.integers(0, 9, 3),
            "flag": draw.integers(0, 2, (3, WIDTH)),
            "rate": draw.normal(size=(3, WIDTH)),
            "order": np.array([2, 0, 1]),
        }
        return Record(name, fields, fixed=("rate", "order"), apart_from=NAMES)

    return Record(
        "outer",
        {"near": inner("near"), "far": inner("far"), "amount": draw.normal(size=WIDTH), "cash": np.zeros((3, WIDTH))},
        apart_from=NAMES,
    )


def contents(record):
    """Return the bytes of every field, those of records in it included."""
    return {
        field: contents(value) if isinstance(value, Record) else value.tobytes()
        for field, value in record._fields.items()
    }


@numba.njit(error_model="numpy")
def write_one_read_another(record):
    near, far = record.near, record.far
    for i in range(3):
        for lane in range(record.amount.size):
            near.cash[i, lane] += near.rate[i, lane] * far.debt[i, lane]
            far.debt[i, lane] = near.cash[i, lane] - far.rate[i, lane]
            near.flag[i, lane] = 1 if far.debt[i, lane] > 0.0 else far.flag[i, lane]
            record.amount[lane] += near.flag[i, lane] * near.cash[i, lane]
            record.cash[i, lane] = record.amount[lane]


@numba.njit(error_model="numpy")
def write_and_read_the_same(record):
    """Carry along the lanes, from one item to the next, and back: each step reads what the last one wrote."""
    far = record.far
    for i in range(3):
        for lane in range(1, record.amount.size):
            far.cash[i, lane] += 0.5 * far.cash[i, lane - 1]
            far.cash[i, lane - 1] = far.cash[i, lane] * 0.25
    for i in range(1, 3):
        for lane in range(record.amount.size):
            far.cash[far.order[i], lane] += far.cash[far.order[i - 1], lane]
            far.count[i] += far.cash[i, lane] > 0.0
            far.count[0] += far.count[i]


@numba.njit(error_model="numpy")
def add_to_both(one, other):
    for i in range(3):
        for lane in range(one.shape[1]):
            one[i, lane] += 1.0
            other[i, lane] *= 2.0
            one[i, lane] -= other[i, lane]


@numba.njit(error_model="numpy")
def write_the_same_under_two_names(record):
    near = record.near
    add_to_both(near.debt, near.debt)
    add_to_both(near.cash, near.debt)
    row = near.cash[1]
    for lane in range(row.size):
        row[lane] += 1.0
        near.cash[1, lane] *= 3.0
        row[lane] -= near.cash[0, lane]
    near.cash[2, :] = row
    near.cash[0] = near.cash[1] + near.cash[2]


@numba.njit(error_model="numpy")
def write_records_that_are_alike(record):
    near, far = record.near, record.far
    for i in range(3):
        for lane in range(record.amount.size):
            near.cash[i, lane] = far.cash[i, lane] + 1.0
            far.cash[i, lane] = near.cash[i, lane] + record.cash[i, lane]
            record.cash[i, lane] = near.cash[i, lane] + far.cash[i, lane]


WRITERS = (write_one_read_another, write_and_read_the_same, write_the_same_under_two_names,
           write_records_that_are_alike)  # fmt: skip


@pytest.mark.parametrize("write", WRITERS, ids=lambda write: write.__name__)
def test_compiled_code_that_writes_fields_and_reads_fields_leaves_what_python_leaves(write):
    compiled, interpreted = example(), example()
    assert contents(compiled) == contents(interpreted)
    for _ in range(3):
        write(compiled)
        write.py_func(interpreted)

    assert contents(compiled) == contents(interpreted)
    assert contents(compiled) != contents(example())


@numba.njit
def sum_of_rates(record):
    total = 0.0
    for i in range(3):
        for lane in range(record.amount.size):
            total += record.near.rate[i, lane]
    return total


def test_a_fixed_field_that_changes_between_two_calls_is_read_anew():
    record = example()
    before = sum_of_rates(record)
    record.near.rate[1, 4] += 100.0

    assert sum_of_rates(record) == pytest.approx(before + 100.0)


def test_what_is_fixed_and_what_it_is_apart_from_make_another_type():
    fields = {"cash": np.ones(3), "debt": np.ones(3)}
    plain, fixed = Record("one", dict(fields)), Record("one", dict(fields), fixed=("cash",))
    alone, apart = Record("one", dict(fields)), Record("one", dict(fields), apart_from=("two",))

    for one, other in ((plain, fixed), (alone, apart)):
        kinds = [numba.typeof(record).offsets["cash"][1] for record in (one, other)]
        assert kinds[0] != kinds[1]
    same = [numba.typeof(Record("one", dict(fields), fixed=("cash",))).offsets["cash"][1] for _ in range(2)]
    assert same[0] == same[1]


def parts(block):
    """Return every array of a block, by address."""
    for name, value in block._fields.items():
        if isinstance(value, Record):
            yield from ((f"{name}.{field}", array) for field, array in value._fields.items())
        else:
            yield name, value


def kind_of(place):
    record, _, field = place.partition(".")
    return KINDS.get(record, {}).get(field, "State")


@pytest.mark.parametrize("name", [TINY, FIBRE, AI])
def test_no_field_of_a_block_shares_memory_with_one_that_is_written(name):
    block = allocate(economy(name), 8)
    found = [(place, array) for place, array in parts(block) if array.size and place not in ("figures", "state")]
    shared = [
        (one, other)
        for (one, left), (other, right) in combinations(found, 2)
        if not (kind_of(one) in FIXED_KINDS and kind_of(other) in FIXED_KINDS) and np.may_share_memory(left, right)
    ]

    assert len(found) > 200
    assert shared == []


def written(source):
    """Return every `record.field` that a file of the engine assigns to, in part or whole."""
    for node in ast.walk(ast.parse(source)):
        targets = node.targets if isinstance(node, ast.Assign) else []
        targets = [node.target] if isinstance(node, ast.AugAssign) else targets
        for target in (part for whole in targets for part in getattr(whole, "elts", [whole])):
            if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Attribute):
                owner = target.value.value
                yield getattr(owner, "id", getattr(owner, "attr", "")), target.value.attr


def test_no_kernel_writes_what_the_compiler_may_take_as_fixed():
    sources = [file.read_text(encoding="utf-8") for file in Path(engine.__file__).parent.glob("*.py")]
    found = {place for source in sources for place in written(source)}
    known = {(record, field) for record, field in found if field in KINDS.get(record, {})}

    assert len(known) > 150
    assert {place for place in known if KINDS[place[0]][place[1]] in FIXED_KINDS} == set()

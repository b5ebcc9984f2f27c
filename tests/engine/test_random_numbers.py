"""Random draws are Philox4x32-10 to the bit, a pure function of their key, and as uniform, normal and apart as said.

The known answers are those of the Random123 library (Salmon and others 2011), file kat_vectors.
"""

import numpy as np
import pytest
from economies import AI, FIBRE, TINY, book
from scipy import stats

from deflator.engine import rng
from deflator.engine.rng import fill_normal, identity, normal, philox, uniform, unit_interval

#: counter, key, answer: words of 32 bits.
KNOWN = {
    "zeros": (
        [0x00000000, 0x00000000, 0x00000000, 0x00000000],
        [0x00000000, 0x00000000],
        [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8],
    ),
    "ones": (
        [0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF],
        [0xFFFFFFFF, 0xFFFFFFFF],
        [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD],
    ),
    "digits of pi": (
        [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
        [0xA4093822, 0x299F31D0],
        [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
    ),
}
SEED, PATH, MONTH, DRIVER, NAME = KEY = tuple(np.uint64(word) for word in (20260228, 1_234, 17, 7, 0xFEED_0000_BEEF))
DRAWS = 65_536
SIGMAS = 4.0  # the keys are fixed, so that a test passes always or never


def word(*halves):
    """Return 64 bits from two words of 32, the first the higher."""
    return np.uint64(halves[0] << 32 | halves[1])


@pytest.mark.parametrize("case", KNOWN)
def test_the_generator_gives_the_published_answers(case):
    counter, key, answer = KNOWN[case]
    month, driver = divmod(counter[1], 1 << 16)

    first, second = philox(
        word(key[1], key[0]),
        np.uint64(counter[0]),
        np.uint64(month),
        np.uint64(driver),
        word(counter[3], counter[2]),
    )

    assert [hex(first), hex(second)] == [hex(word(*answer[:2])), hex(word(*answer[2:]))]


@pytest.mark.parametrize("part", range(5), ids=["seed", "path", "month", "driver", "name"])
def test_every_bit_of_the_key_counts(part):
    bits = (64, 32, 16, 16, 64)[part]
    seen = {philox(*KEY)}
    for bit in range(bits):
        changed = list(KEY)
        changed[part] ^= np.uint64(1 << bit)
        seen.add(philox(*changed))

    assert len(seen) == bits + 1


def test_a_key_gives_the_same_draw_again():
    assert normal(*KEY) == normal(*KEY)
    assert uniform(*KEY) == uniform(*KEY)


@pytest.mark.parametrize("bits", [0, 1, 1 << 63, (1 << 64) - 1], ids=["least", "next", "middle", "greatest"])
def test_a_uniform_draw_lies_strictly_between_zero_and_one(bits):
    assert 0.0 < unit_interval(np.uint64(bits)) < 1.0


def normals(seed=SEED, month=1, driver=rng.COMMON, name=NAME, first=0):
    """Return the draws of a key over many paths."""
    out = np.empty(DRAWS)
    fill_normal(seed, np.arange(first, first + DRAWS, dtype=np.uint64), month, driver, name, True, out)
    return out


def test_uniform_draws_are_uniform():
    draws = [uniform(SEED, np.uint64(path), MONTH, DRIVER, NAME) for path in range(DRAWS)]

    assert stats.kstest(draws, "uniform").pvalue > 0.001


def test_normal_draws_have_the_mean_variance_skew_and_tails_of_the_normal():
    draws = normals()

    # standard errors of the moments of a standard normal sample
    assert abs(draws.mean()) < SIGMAS * DRAWS**-0.5
    assert abs(draws.var() - 1.0) < SIGMAS * (2.0 / DRAWS) ** 0.5
    assert abs(stats.skew(draws)) < SIGMAS * (6.0 / DRAWS) ** 0.5
    assert abs(stats.kurtosis(draws)) < SIGMAS * (24.0 / DRAWS) ** 0.5
    assert stats.kstest(draws, "norm").pvalue > 0.001


@pytest.mark.parametrize(
    "other",
    [{"month": 2}, {"driver": rng.RENT}, {"name": NAME + np.uint64(1)}, {"seed": SEED + np.uint64(1)}, {"first": 1}],
    ids=["next month", "another driver", "another thing", "the next seed", "the next path"],
)
def test_draws_of_neighbouring_keys_have_nothing_to_do_with_each_other(other):
    left, right = normals(), normals(**other)

    assert abs(np.corrcoef(left, right)[0, 1]) < SIGMAS * DRAWS**-0.5
    assert abs(np.corrcoef(left**2, right**2)[0, 1]) < SIGMAS * DRAWS**-0.5


def test_without_chance_there_is_no_noise():
    out = np.ones(8)
    fill_normal(SEED, np.arange(8, dtype=np.uint64), 1, rng.COMMON, NAME, False, out)

    assert (out == 0.0).all()


def test_no_two_things_of_a_book_share_an_identity():
    names = {key for name in (TINY, FIBRE, AI) for table in book(name).tables.values() for key in table.keys}

    assert len({identity(name) for name in names}) == len(names)


def test_no_two_drivers_share_a_number():
    numbers = [value for name, value in vars(rng).items() if name.isupper() and not name.startswith("_")]

    assert sorted(numbers) == list(range(len(numbers)))

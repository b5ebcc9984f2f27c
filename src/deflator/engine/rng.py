"""Random draws that are a pure function of their key.

A draw is keyed by (seed, path, month, driver, identity of the thing). So any path can be replayed alone, results do
not depend on threads or blocks, and adding an entity or switching a channel off moves no other draw.

References
----------
Salmon, Moraes, Dror and Shaw (2011), "Parallel random numbers: as easy as 1, 2, 3", SC'11: Philox4x32-10.
Box and Muller (1958), "A note on the generation of random normal deviates".
"""

from __future__ import annotations

import hashlib
import math

import numpy as np

from deflator.engine.compiled import inline, kernel
from deflator.engine.elementary import cosine_of_turn, log, number_of

# What a draw is for. The numbers are part of the key: never reuse or renumber one.
COMMON, RENT, RENT_JUMP, FUNDING, BASE_RATE, POWER = range(6)
OWN_FACTOR, REVENUE, DEMAND, DELAY, WAIVER, CURE = range(6, 12)

_MASK = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)
_MULTIPLY_0, _MULTIPLY_1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL_0, _WEYL_1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_ONE = np.uint64(0x3FF0000000000000)  # the bits of 1.0
_HALF_STEP = 0.5 / 4503599627370496.0


def identity(name: str) -> np.uint64:
    """Return the 64-bit identity of a thing by its name in the book.

    Examples
    --------
    >>> hex(identity("h100"))
    '0xc8de9432d98fb4d3'
    """
    return np.uint64(int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little"))


@inline
def _round(x0, x1, x2, x3, k0, k1):
    product_0, product_1 = _MULTIPLY_0 * x0, _MULTIPLY_1 * x2
    return (
        (product_1 >> _SHIFT) ^ x1 ^ k0,
        product_1 & _MASK,
        (product_0 >> _SHIFT) ^ x3 ^ k1,
        product_0 & _MASK,
        (k0 + _WEYL_0) & _MASK,
        (k1 + _WEYL_1) & _MASK,
    )


@inline
def philox(seed, path, month, driver, name):
    """Return two words of 64 random bits for a key (Philox4x32-10).

    Parameters
    ----------
    seed, path, name
        Unsigned 64-bit integers: of the run, of the path (its low 32 bits count) and of the thing.
    month, driver
        Unsigned 64-bit integers below 2**16: when, and what the draw is for.
    """
    x0, x1 = path & _MASK, ((month << np.uint64(16)) | driver) & _MASK
    x2, x3 = name & _MASK, name >> _SHIFT
    k0, k1 = seed & _MASK, seed >> _SHIFT
    # Ten rounds, written out: a loop inside a loop over lanes keeps it from being vectorised.
    x0, x1, x2, x3, k0, k1 = _round(x0, x1, x2, x3, k0, k1)
    x0, x1, x2, x3, k0, k1 = _round(x0, x1, x2, x3, k0, k1)
    x0, x1, x2, x3, k0, k1 = _round(x0, x1, x2, x3, k0, k1)
    x0, x1, x2, x3, k0, k1 = _round(x0, x1, x2, x3, k0, k1)
    x0, x1, x2, x3, k0, k1 = _round(x0, x1, x2, x3, k0, k1)
    x0, x1, x2, x3, k0, k1 = _round(x0, x1, x2, x3, k0, k1)
    x0, x1, x2, x3, k0, k1 = _round(x0, x1, x2, x3, k0, k1)
    x0, x1, x2, x3, k0, k1 = _round(x0, x1, x2, x3, k0, k1)
    x0, x1, x2, x3, k0, k1 = _round(x0, x1, x2, x3, k0, k1)
    x0, x1, x2, x3, _, _ = _round(x0, x1, x2, x3, k0, k1)
    return (x0 << _SHIFT) | x1, (x2 << _SHIFT) | x3


@inline
def unit_interval(word):
    """Return a number strictly between 0 and 1 from 64 random bits."""
    return (number_of((word >> np.uint64(12)) | _ONE) - 1.0) + _HALF_STEP


@inline
def uniform(seed, path, month, driver, name):
    """Return the uniform draw of a key."""
    first, _ = philox(seed, path, month, driver, name)
    return unit_interval(first)


@inline
def normal(seed, path, month, driver, name):
    """Return the standard normal draw of a key (Box-Muller)."""
    first, second = philox(seed, path, month, driver, name)
    return math.sqrt(-2.0 * log(unit_interval(first))) * cosine_of_turn(unit_interval(second))


@kernel
def fill_normal(seed, paths, month, driver, name, chance, out):
    """Write the standard normal draw of a key for each lane, or zeros when chance is switched off.

    Parameters
    ----------
    paths
        Path number of each lane, shape [lane].
    out
        Shape [lane].
    """
    month, driver = np.uint64(month), np.uint64(driver)
    if chance:
        for lane in range(out.size):
            out[lane] = normal(seed, paths[lane], month, driver, name)
    else:
        out[:] = 0.0

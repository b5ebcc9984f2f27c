"""Exponential, logarithm, power and a cosine that compile to a few arithmetic instructions without a branch.

The C library works on one number at a time, and its bits differ between versions. These functions work on as many lanes
as the processor holds, and give the same bits on every machine: they use nothing but IEEE operations, the fused
multiply-add among them. Errors are below two units in the last place (tests compare with a library of high precision).

References
----------
Muller et al. (2018), Handbook of Floating-Point Arithmetic, 2nd ed., chapter 11: range reduction and polynomials.
Tang (1989), "Table-driven implementation of the exponential function", ACM TOMS 15: the two-part ln 2.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

from deflator.engine.compiled import inline

_SHIFT = 6755399441055744.0  # 1.5 · 2^52: adding it rounds to a whole number, which then stands in the low bits
_LOG2_E = 1.4426950408889634
_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_ONE_BITS = 0x3FF0000000000000
_ROOT_HALF_BITS = 0x3FE6A09E667F3BCD
_SHIFT_BITS = 0x4338000000000000
_SMALLEST, _LARGEST = -708.0, 709.0
E2, E3, E4, E5, E6, E7, E8, E9, E10, E11, E12, E13 = (1.0 / math.factorial(n) for n in range(2, 14))
L1, L2, L3, L4, L5, L6, L7, L8, L9, L10 = (1.0 / (2.0 * n + 1.0) for n in range(1, 11))
_TURN = 2.0 * math.pi
_NEAR, _FAR, _ROOT_TWO_PI = 7.07106781186547, 37.0, math.sqrt(2.0 * math.pi)
S1, S3, S5, S7, S9, S11, S13, S15, S17, S19, S21 = (
    (-1.0) ** n * _TURN ** (2 * n + 1) / math.factorial(2 * n + 1) for n in range(11)
)


def bits_of(number: float) -> int:
    """Return the bits of a number as an integer."""
    return int(np.float64(number).view(np.int64))


def number_of(bits: int) -> float:
    """Return the number that has these bits."""
    return float(np.uint64(int(bits) % 2**64).view(np.float64))


def logical_shift(bits: int, by: int) -> int:
    """Return bits moved to the right, zeros moving in."""
    return (int(bits) % 2**64) >> by


def fused(a: float, b: float, c: float) -> float:
    """Return a · b + c, rounded once.

    Examples
    --------
    >>> fused(0.1, 10.0, -1.0)
    5.551115123125783e-17
    """
    if not (math.isfinite(a) and math.isfinite(b) and math.isfinite(c)):
        return a * b + c
    return float(Fraction(a) * Fraction(b) + Fraction(c))


@intrinsic
def _bits_of(_context, _number):
    def code(_context, builder, _signature, arguments):
        return builder.bitcast(arguments[0], ir.IntType(64))

    return types.int64(types.float64), code


@intrinsic
def _number_of(_context, bits):
    def code(_context, builder, _signature, arguments):
        return builder.bitcast(arguments[0], ir.DoubleType())

    return types.float64(bits), code


@intrinsic
def _logical_shift(_context, _bits, _by):
    def code(_context, builder, _signature, arguments):
        return builder.lshr(*arguments)

    return types.int64(types.int64, types.int64), code


@intrinsic
def _fused(_context, _a, _b, _c):
    def code(_context, builder, _signature, arguments):
        double = ir.DoubleType()
        function = builder.module.declare_intrinsic("llvm.fma", (double,), ir.FunctionType(double, [double] * 3))
        return builder.call(function, arguments)

    return types.float64(types.float64, types.float64, types.float64), code


# Compiled code uses one instruction where Python uses the function.
_INLINED: Any = {"forceinline": True}
overload(bits_of, jit_options=_INLINED)(lambda number: lambda number: _bits_of(number))  # type: ignore[call-arg]
overload(number_of, jit_options=_INLINED)(lambda bits: lambda bits: _number_of(bits))  # type: ignore[call-arg]
overload(logical_shift, jit_options=_INLINED)(lambda bits, by: lambda bits, by: _logical_shift(bits, by))  # type: ignore[call-arg]
overload(fused, jit_options=_INLINED)(lambda a, b, c: lambda a, b, c: _fused(a, b, c))  # type: ignore[call-arg]


@inline
def exp(x):
    """Return e to the power of x; the smallest normal number where that is smaller, e^709 where it is larger.

    Examples
    --------
    >>> abs(exp(1.0) / math.e - 1.0) < 3e-16, exp(-1e300) > 0.0, math.isnan(exp(math.nan))
    (True, True, True)
    """
    x = _SMALLEST if x < _SMALLEST else x  # not max(): what is not a number stays so
    x = _LARGEST if x > _LARGEST else x
    shifted = fused(x, _LOG2_E, _SHIFT)
    whole = shifted - _SHIFT
    r = fused(whole, -_LN2_LOW, fused(whole, -_LN2_HIGH, x))
    s = r * r
    q = s * s
    # Estrin's scheme: fewer steps that wait for one another than Horner's
    low = fused(fused(r, E3, E2), s, r)
    middle = fused(fused(r, E7, E6), s, fused(r, E5, E4))
    high = fused(fused(r, E11, E10), s, fused(r, E9, E8))
    top = fused(r, E13, E12)
    tail = fused(fused(fused(top, q, high), q, middle), q, low)
    return (1.0 + tail) * number_of((bits_of(shifted) << 52) + _ONE_BITS)


@inline
def log(x):
    """Return the natural logarithm of x; that of zero is -inf, below zero it is not a number.

    Examples
    --------
    >>> log(math.e), log(0.0), math.isnan(log(-1.0)), log(math.inf)
    (1.0, -inf, True, inf)
    """
    bits = bits_of(x)
    exponent = logical_shift(bits + (_ONE_BITS - _ROOT_HALF_BITS), 52) - 1023
    whole = number_of(exponent + _SHIFT_BITS) - _SHIFT
    f = number_of(bits - (exponent << 52)) - 1.0  # between sqrt(1/2) - 1 and sqrt(2) - 1
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    odd = fused(fused(fused(fused(L9, w, L7), w, L5), w, L3), w, L1)
    even = fused(fused(fused(fused(L10, w, L8), w, L6), w, L4), w, L2)
    series = z * fused(even, z, odd)
    half = 0.5 * f * f
    # log(1 + f) = f - f²/2 + s (f²/2 + 2 z-series), added so that little is lost
    found = fused(whole, _LN2_HIGH, f - (half - fused(s, half + 2.0 * series, whole * _LN2_LOW)))
    found = found if x < math.inf else x
    found = found if x > 0.0 else np.nan
    return -math.inf if x == 0.0 else found


@inline
def log1p(x):
    """Return log(1 + x) to full precision for small x (Kahan's correction).

    Examples
    --------
    >>> log1p(1e-12) == math.log1p(1e-12), log1p(0.0)
    (True, 0.0)
    """
    u = 1.0 + x
    rounded = u - 1.0
    return x if (rounded == 0.0) | (x == math.inf) else log(u) * (x / rounded)


@inline
def expm1(x):
    """Return e^x - 1 to full precision for small x (Kahan's correction).

    Examples
    --------
    >>> abs(expm1(1e-9) / math.expm1(1e-9) - 1.0) < 1e-15, expm1(0.0)
    (True, 0.0)
    """
    x = _SMALLEST if x < _SMALLEST else x  # as the exponential
    x = _LARGEST if x > _LARGEST else x
    u = exp(x)
    grown = u - 1.0
    return x if grown == 0.0 else grown * (x / log(u))


@inline
def power(x, y):
    """Return x to the power of y, for x at least 0.

    Examples
    --------
    >>> round(power(2.0, 0.5), 12), power(7.0, 0.0)
    (1.414213562373, 1.0)
    """
    return exp(y * log(x))


@inline
def logistic(x):
    """Return 1 / (1 + e^-x).

    Examples
    --------
    >>> logistic(0.0), round(logistic(2.0), 6)
    (0.5, 0.880797)
    """
    return 1.0 / (1.0 + exp(-x))


@inline
def normal_share(x):
    """Return the share of a standard normal below x, to an absolute error of 1e-15.

    References
    ----------
    Hart et al. (1968), Computer Approximations, function 5666, as in West (2005), "Better approximations to
    cumulative normal functions", Wilmott.

    Examples
    --------
    >>> normal_share(0.0), round(normal_share(1.96), 6), normal_share(-50.0)
    (0.5, 0.975002, 0.0)
    """
    far = abs(x)
    size = _FAR if far >= _FAR else far  # not min(): what is not a number stays so
    top = 3.52624965998911e-02 * size + 0.700383064443688
    top = top * size + 6.37396220353165
    top = top * size + 33.912866078383
    top = top * size + 112.079291497871
    top = top * size + 221.213596169931
    top = top * size + 220.206867912376
    low = 8.83883476483184e-02 * size + 1.75566716318264
    low = low * size + 16.064177579207
    low = low * size + 86.7807322029461
    low = low * size + 296.564248779674
    low = low * size + 637.333633378831
    low = low * size + 793.826512519948
    low = low * size + 440.413735824752
    near = exp(-0.5 * size * size)
    fraction = size + 1.0 / (size + 2.0 / (size + 3.0 / (size + 4.0 / (size + 0.65))))
    tail = near * top / low if size < _NEAR else near / (fraction * _ROOT_TWO_PI)
    tail = 0.0 if far >= _FAR else tail
    return 1.0 - tail if x > 0.0 else tail


@inline
def cosine_of_turn(turn):
    """Return cos(2π · turn) for a turn between 0 and 1.

    Examples
    --------
    >>> cosine_of_turn(0.0), cosine_of_turn(0.5), abs(cosine_of_turn(0.25)) < 1e-15
    (1.0, -1.0, True)
    """
    w = abs(turn - 0.5) - 0.25  # cos(2π turn) = sin(2π w) with |w| at most a quarter
    z = w * w
    series = S21
    series = fused(series, z, S19)
    series = fused(series, z, S17)
    series = fused(series, z, S15)
    series = fused(series, z, S13)
    series = fused(series, z, S11)
    series = fused(series, z, S9)
    series = fused(series, z, S7)
    series = fused(series, z, S5)
    series = fused(series, z, S3)
    return w * fused(series, z, S1)

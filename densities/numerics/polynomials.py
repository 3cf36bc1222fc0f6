"""Polynomials with rational coefficients, lowest first, in exact arithmetic: their real roots, expansions and signs.

A polynomial of doubles is one of rationals, so whether two roots are one is decided and not guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from math import comb

import numpy as np

from densities.numerics.roots import from_ordinal, to_ordinal

Exact = tuple[Fraction, ...]
EPS = float(np.finfo(float).eps)
LARGEST = float(np.finfo(float).max)


def exact(coefficients: Sequence[float]) -> Exact:
    """The doubles as rationals, without the zeros of the highest powers."""
    return _trimmed([Fraction(c) for c in coefficients])


def _trimmed(c: Sequence[Fraction]) -> Exact:
    size = max((k for k, a in enumerate(c, 1) if a), default=0)
    return tuple(c[:size])


def derivative(c: Exact) -> Exact:
    return tuple(k * a for k, a in enumerate(c))[1:]


def at(c: Exact, x: Fraction) -> Fraction:
    """p(x) by Horner's rule."""
    total = Fraction(0)
    for a in reversed(c):
        total = total * x + a
    return total


def expansion(c: Exact, centre: Fraction) -> Exact:
    """The coefficients of p(centre + h) in powers of h, by repeated division by x - centre."""
    shifted = list(c)
    for low in range(len(c) - 1):
        for k in range(len(c) - 2, low - 1, -1):
            shifted[k] += centre * shifted[k + 1]
    return tuple(shifted)


def _divided(a: Exact, b: Exact) -> tuple[Exact, Exact]:
    """Quotient and remainder."""
    rest, quotient = list(a), [Fraction(0)] * max(len(a) - len(b) + 1, 0)
    for k in reversed(range(len(quotient))):
        quotient[k] = rest[k + len(b) - 1] / b[-1]
        for j, part in enumerate(b):
            rest[k + j] -= quotient[k] * part
    return _trimmed(quotient), _trimmed(rest)


def _common(a: Exact, b: Exact) -> Exact:
    """The greatest common divisor, monic."""
    while b:
        a, b = b, _divided(a, b)[1]
    return tuple(part / a[-1] for part in a)


def factors(c: Exact) -> list[tuple[Exact, int]]:
    """Polynomials with simple roots and their multiplicities, whose product is p but for a constant (D. Y. Y. Yun 1976)."""
    repeated = _common(c, derivative(c))
    single, rest = _divided(c, repeated)[0], _divided(derivative(c), repeated)[0]
    found, multiplicity = [], 1
    while len(single) > 1:
        rest = _difference(rest, derivative(single))
        factor = _common(single, rest)
        if len(factor) > 1:
            found.append((factor, multiplicity))
        single, rest = _divided(single, factor)[0], _divided(rest, factor)[0]
        multiplicity += 1
    return found


def _difference(a: Exact, b: Exact) -> Exact:
    size = max(len(a), len(b))
    padded = [[*part, *[Fraction(0)] * (size - len(part))] for part in (a, b)]
    return _trimmed([x - y for x, y in zip(*padded, strict=True)])


def real_roots(c: Exact) -> list[tuple[float, int]]:
    """The real roots, each as the double nearest to it, with their multiplicities, from left to right."""
    if len(c) < 2:
        return []
    return sorted((root, multiplicity) for factor, multiplicity in factors(c) for root in _simple_roots(factor))


def _simple_roots(c: Exact) -> list[float]:
    """The real roots of a polynomial without repeated ones: between two turning points there is one or none."""
    if len(c) == 2:
        return [float(-c[0] / c[1])]
    reach = float(min(1 + max(abs(a / c[-1]) for a in c), Fraction(LARGEST)))
    places = [-reach, *(turn for turn, _ in real_roots(derivative(c))), reach]
    signs = [_sign(c, x) for x in places]
    found = [x for x, sign in zip(places, signs, strict=True) if sign == 0]
    for low, high, s, t in zip(places, places[1:], signs, signs[1:], strict=False):
        if s * t < 0:
            found.append(_bisected(c, low, high, s))
    return found


def _sign(c: Exact, x: float) -> int:
    """The sign of p(x): in doubles where these are sure of it, otherwise exactly."""
    total, size = 0.0, 0.0
    for a in reversed(c):
        total, size = total * x + float(a), size * abs(x) + abs(float(a))
    if 4.0 * len(c) * EPS * size < abs(total) < LARGEST:
        return 1 if total > 0 else -1
    value = at(c, Fraction(x))
    return (value > 0) - (value < 0)


def _bisected(c: Exact, low: float, high: float, sign: int) -> float:
    """The root between two points where p has opposite signs, `sign` at the lower one, halved in the order of the doubles."""
    i, j = int(to_ordinal(low)), int(to_ordinal(high))
    while j - i > 1:
        middle = (i + j) // 2
        here = _sign(c, float(from_ordinal(middle)))
        if here == 0:
            return float(from_ordinal(middle))
        i, j = (middle, j) if here == sign else (i, middle)
    return min((float(from_ordinal(k)) for k in (i, j)), key=lambda x: abs(at(c, Fraction(x))))


def has_zero(c: Exact, low: Fraction, high: Fraction) -> bool:
    """Whether p is 0 somewhere in [low, high], both ends included: by Sturm's theorem where a quicker look does not tell."""
    if at(c, low) * at(c, high) <= 0:
        return True
    bounds = _bernstein(tuple(a * (high - low) ** k for k, a in enumerate(expansion(c, low))))
    if min(bounds) > 0 or max(bounds) < 0:
        return False  # a polynomial lies between its Bernstein coefficients
    chain = [_trimmed(c), _trimmed(derivative(c))]
    while chain[-1]:
        chain.append(tuple(-a for a in _divided(chain[-2], chain[-1])[1]))
    before, after = (_changes([at(p, x) for p in chain]) for x in (low, high))
    return before != after


def _bernstein(c: Exact) -> list[Fraction]:
    """The coefficients in the Bernstein basis of [0, 1]."""
    n = len(c) - 1
    return [sum((Fraction(comb(i, j), comb(n, j)) * c[j] for j in range(i + 1)), Fraction(0)) for i in range(n + 1)]


def _changes(values: Sequence[Fraction]) -> int:
    """How often the sign changes, zeros left out."""
    signs = [v > 0 for v in values if v != 0]
    return sum(a != b for a, b in pairwise(signs))


__all__ = ["Exact", "at", "derivative", "exact", "expansion", "factors", "has_zero", "real_roots"]

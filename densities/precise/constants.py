"""Doubles that stand for constants: a formula that says LOG2 means log 2, and at 50 digits gets it.

A double that meets a `Precise` number in a formula of the library is one of three things: a number with few digits (2, 0.5,
1e10), which is what it is; a constant rounded to 53 bits, which is found here bit for bit, times any power of two and
either sign; or the result of a computation in doubles, which is refused, since it would leave 16 digits of 50. Parameters
never come this way: they are lifted first, and are the doubles they are.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, lru_cache, partial
from typing import Any

import numpy as np

from densities.precise.context import is_literal

# A double of at most so many significant bits was written down, not rounded to 53.
SHORT_BITS = 36
# fl(k π) is known for k up to this.
MULTIPLES = 129

LOG2, LOG_PI = math.log(2.0), float(np.log(np.pi))
HALF_LOG_2PI = 0.5 * float(np.log(2.0 * np.pi))
Constant = Callable[[Any], Any]


class RoundedError(ArithmeticError):
    """A formula used a number that only doubles know to 16 digits."""


# fmt: off
NAMED: tuple[tuple[float, Constant], ...] = (
    (LOG2, lambda mp: mp.ln2),
    (LOG_PI, lambda mp: mp.log(mp.pi)),
    (float(np.log(2.0 * np.pi)), lambda mp: mp.log(2 * mp.pi)),
    (LOG2 - HALF_LOG_2PI, lambda mp: mp.log(2 / mp.pi) / 2),
    (LOG2 - LOG_PI, lambda mp: mp.log(2 / mp.pi)),
    (LOG2 - 0.5 * math.log(math.pi), lambda mp: mp.ln2 - mp.log(mp.pi) / 2),
    (float(np.log(2.0 / np.sqrt(np.pi))), lambda mp: mp.ln2 - mp.log(mp.pi) / 2),
    (math.log(3.0), lambda mp: mp.log(3)),
    (math.log(10.0), lambda mp: mp.log(10)),
    (float(np.log(LOG2)), lambda mp: mp.log(mp.ln2)),
    (float(np.log(math.log(10.0))), lambda mp: mp.log(mp.log(10))),
    (math.sqrt(2.0), lambda mp: mp.sqrt(2)),
    (1.0 / math.sqrt(2.0), lambda mp: mp.sqrt(2) / 2),
    (math.sqrt(math.pi), lambda mp: mp.sqrt(mp.pi)),
    (1.0 / math.sqrt(math.pi), lambda mp: 1 / mp.sqrt(mp.pi)),
    (math.sqrt(2.0 * math.pi), lambda mp: mp.sqrt(2 * mp.pi)),
    (1.0 / math.pi, lambda mp: 1 / mp.pi),
    (1.0 / 3.0, lambda mp: mp.mpf(1) / 3),
    (0.5772156649015329, lambda mp: mp.euler),
    (math.e, lambda mp: mp.e),
)
# fmt: on


@cache
def _table() -> dict[float, tuple[Constant, int]]:
    table: dict[float, tuple[Constant, int]] = {}
    multiples: list[tuple[float, Constant]] = [
        (k * math.pi, partial(_multiple_of_pi, k)) for k in range(1, MULTIPLES, 2)
    ]
    for number, constant in (*multiples, *NAMED):
        mantissa, exponent = math.frexp(number)
        table[abs(mantissa)] = partial(_signed, constant, number > 0), exponent
    return table


def _multiple_of_pi(k: int, mp: Any) -> Any:
    return k * mp.pi


def _signed(constant: Constant, positive: bool, mp: Any) -> Any:
    return constant(mp) if positive else -constant(mp)


def exact(x: float, mp: Any) -> Any:
    """The number that the double `x` stands for in a formula; RoundedError where nobody can tell."""
    return mp.mpf(x) if x == 0.0 or not math.isfinite(x) or is_literal() else _read(x, mp, mp.prec)


@lru_cache(maxsize=4096)
def _read(x: float, mp: Any, prec: int) -> Any:
    mantissa, exponent = math.frexp(abs(x))
    if (mantissa * 2.0**SHORT_BITS).is_integer() or (abs(x) < 2.0**53 and float(x).is_integer()):
        return mp.mpf(x)
    known = _table().get(mantissa)
    if known is None:
        raise RoundedError(f"the double {x!r} is neither short nor a known constant")
    constant, at = known
    return mp.ldexp(constant(mp) * (1 if x > 0 else -1), exponent - at)


__all__ = ["RoundedError", "exact"]

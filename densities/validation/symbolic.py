"""log|dy/dx| of maps from their formulas: differentiated by SymPy, evaluated by mpmath in as many digits as it takes.

Nothing of the map's own code is used, and nothing is rounded: parameters and points stand for the doubles that they are,
a chain is followed in many digits, and digits are added until two evaluations agree.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import mpmath
import numpy as np
import sympy
from scipy import special

from densities.distributions.map_formulas import forward_text, map_formula
from densities.errors import ExpressionError
from densities.transforms.base import Inverse
from densities.transforms.manytoone import Restricted, Turn
from densities.transforms.symbolic_text import X, formula

__all__ = ["ExactSlopes", "exact_log_slopes"]

# Each is held against the one before: 70 settle most, 440 what is next to e^-700.
DIGITS = (50, 70, 400, 440)
AGREED = mpmath.mpf(10) ** -20
STEP = mpmath.mpf(10) ** -25  # of the difference quotient that tells what a rounding does


def erfinv(y: Any) -> Any:
    """The root of erf(x) = y by Newton's method on erfc from the double, each step with twice the digits."""
    return -_erfinv(-y, mpmath.mp.dps) if y < 0 else _erfinv(y, mpmath.mp.dps)


@lru_cache(maxsize=16)
def _erfinv(y: Any, digits: int) -> Any:
    x = mpmath.mpf(float(special.erfcinv(float(1 - y))))
    for so_far in sorted(-(-digits // 2**k) for k in range(digits.bit_length() - 3)):
        with mpmath.workdps(so_far + 5):
            x += (mpmath.erfc(x) - (1 - y)) * mpmath.exp(x * x) * mpmath.sqrt(mpmath.pi) / 2
    return x


MPMATH = [{"DiracDelta": lambda *at: 0, "Heaviside": lambda x, *at: mpmath.mpf(x > 0), "erfinv": erfinv}, "mpmath"]
Pair = tuple[Callable[[Any], Any], Callable[[Any], Any]]


class ExactSlopes(NamedTuple):
    """log|dy/dx| rounded to doubles, NaN where no formula or too few digits tell; what one rounding of each step does to it."""

    log: np.ndarray
    per_rounding: np.ndarray


def exact_log_slopes(t: Any, x: np.ndarray, text: str | None = None) -> ExactSlopes | None:
    """log|dy/dx| of a map of the line at points, by its formula or by `text`; None for a map without one."""
    formulas = _Formulas(text)
    try:
        found = [_resolved(formulas, t.steps, float(point)) for point in x]
    except (LookupError, ExpressionError):
        return None
    return ExactSlopes(*np.array(found, dtype=float).reshape(-1, 2).T)


class _Formulas:
    """The functions y(x) and dy/dx of maps around points, each made once."""

    def __init__(self, text: str | None):
        self.text = text
        self.source = lru_cache(maxsize=64)(_source)  # each point is asked for several times
        self.made: dict[Any, Pair] = {}

    def at(self, step: Any, near: float) -> Pair:
        key = self.text or self.source(step, near)
        if key is None:
            raise LookupError(str(step))
        if key not in self.made:
            expr = formula(key, {"x": X}, literal=sympy.Rational) if isinstance(key, str) else key
            y, slope = (sympy.lambdify(X, e, MPMATH) for e in (expr, sympy.diff(expr, X)))
            self.made[key] = y, slope
        return self.made[key]


def _source(step: Any, near: float) -> Any:
    """What a step computes around a point, as text or expression; that of what it is made of for a part or an inverse."""
    if isinstance(step, Restricted | Turn):
        (step,) = step.made_of
    if step.expr is not None:
        return step.expr
    if step.name or not isinstance(step, Inverse):
        return forward_text(step, near)
    found = map_formula(step.original, float(step.forward(near)))
    return found and re.sub(r"\by\b", "x", found.inverses[0])


def _resolved(formulas: _Formulas, steps: Sequence[Any], x: float) -> tuple[float, float]:
    """(log|dy/dx|, what roundings do to it) with as many digits as it takes; NaN where the most of them do not agree."""
    before = None
    for digits in DIGITS:
        with mpmath.workdps(digits):
            log = _log_slope(formulas, steps, mpmath.mpf(x))
            if before is not None and abs(log - before) <= AGREED * (1 + abs(log)):
                return float(log), float(_noise(formulas, steps, mpmath.mpf(x), log))
            before = log
    return np.nan, np.nan


def _log_slope(formulas: _Formulas, steps: Sequence[Any], x: Any) -> Any:
    total, forward = mpmath.mpf(0), None
    for step in steps:
        x = x if forward is None else forward(x)  # where the last step leads does not matter
        forward, slope = formulas.at(step, float(x))
        try:
            d = slope(x)
        except ZeroDivisionError:  # 1 - exp(x) is 0 in these digits
            return mpmath.nan
        if not d or not mpmath.isfinite(d) or mpmath.im(d):
            return mpmath.nan
        total += mpmath.log(abs(d))
    return total


def _noise(formulas: _Formulas, steps: Sequence[Any], x: Any, log: Any) -> Any:
    """Σ |∂ log|dy/dx| / ∂ log xᵢ|·eps over the points xᵢ on the way through a chain; `log` is log|dy/dx| at x."""
    total = mpmath.mpf(0)
    for i in range(len(steps)):
        if i:
            x = formulas.at(steps[i - 1], float(x))[0](x)
            log = _log_slope(formulas, steps[i:], x)
        total += abs(_log_slope(formulas, steps[i:], x * (1 + STEP)) - log) / STEP
    return total * float(np.finfo(float).eps)

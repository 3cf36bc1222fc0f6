"""The Taylor coefficients of a formula at a point, node by node, at the working precision of mpmath.

The rules are those of the differential equation that each function obeys, as for e = exp(u): e' = u'e, so that
k·eₖ = Σ j·uⱼ·eₖ₋ⱼ. Differences of mpmath take many times the digits, and a hundred times as long.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy

__all__ = ["NoSeriesError", "taylor"]

Series = list[Any]
NEARLY_ZERO = 1e-30  # beside other coefficients: what rounding leaves of 0


class NoSeriesError(ValueError):
    """There is no rule for a function, or it is singular at the point."""


def taylor(expr: Any, symbol: Any, point: Any, count: int) -> Series:
    """The coefficients of (x - point)^0, ..., (x - point)^(count - 1); NoSeriesError where they are not known."""
    from mpmath import mp

    known: dict[Any, Series] = {symbol: [point, mp.one, *[mp.zero] * (count - 2)]}

    def of(node: Any) -> Series:
        if node not in known:
            known[node] = constant(node, count) if not node.has(symbol) else rule(node)([of(u) for u in node.args])
        return known[node]

    found = of(expr)
    if any(isinstance(a, mp.mpc) for a in found):
        raise NoSeriesError("the formula is not real there")
    return found


def constant(expr: Any, count: int) -> Series:
    """A number as a series."""
    from mpmath import mp

    return [sympy.N(expr, mp.dps + 5)._to_mpmath(mp.prec), *[mp.zero] * (count - 1)]


def rule(node: Any) -> Callable[[list[Series]], Series]:
    found = RULES.get(node.func)
    if found is None:
        raise NoSeriesError(f"{node.func}")
    return found


def _add(terms: list[Series]) -> Series:
    return [sum(column) for column in zip(*terms, strict=True)]


def _mul(factors: list[Series]) -> Series:
    from mpmath import mp

    result, *others = factors
    for other in others:
        result = [mp.fdot(result[: k + 1], other[k::-1]) for k in range(len(result))]
    return result


def slopes(u: Series) -> Series:
    """The j·uⱼ."""
    return [j * a for j, a in enumerate(u)]


def vanishes(u: Series) -> bool:
    return bool(abs(u[0]) <= NEARLY_ZERO * max(map(abs, u)))


def power(u: Series, r: Any) -> Series:
    """u^r for a number r, by J. C. P. Miller's recurrence; by products where u vanishes."""
    from mpmath import mp

    if r == int(r) and 0 <= r <= 16:
        return _mul([[mp.one, *[mp.zero] * (len(u) - 1)], *[u] * int(r)])
    if vanishes(u) or (u[0] < 0 and r != int(r)):
        raise NoSeriesError("a power of 0 or of a negative number")
    result, scaled = [u[0] ** r], slopes(u)
    for k in range(1, len(u)):
        known = result[::-1]
        total = (r + 1) * mp.fdot(scaled[1 : k + 1], known) - k * mp.fdot(u[1 : k + 1], known)
        result.append(total / (k * u[0]))
    return result


def _pow(arguments: list[Series]) -> Series:
    base, exponent = arguments
    if not any(exponent[1:]):
        return power(base, exponent[0])
    return _exp([_mul([exponent, _log([base])])])


def _exp(arguments: list[Series]) -> Series:
    from mpmath import mp

    (u,) = arguments
    result, scaled = [mp.exp(u[0])], slopes(u)
    for k in range(1, len(u)):
        result.append(mp.fdot(scaled[1 : k + 1], result[::-1]) / k)
    return result


def _log(arguments: list[Series]) -> Series:
    from mpmath import mp

    (u,) = arguments
    if vanishes(u) or u[0] < 0:
        raise NoSeriesError("the logarithm of 0 or of a negative number")
    result = [mp.log(u[0])]
    for k in range(1, len(u)):
        result.append((u[k] - mp.fdot(slopes(result)[1:], u[k - 1 : 0 : -1]) / k) / u[0])
    return result


def _waves(u: Series, first: Any, second: Any, sign: int) -> tuple[Series, Series]:
    """(s, c) with s' = u'c and c' = sign·u's."""
    from mpmath import mp

    s, c, scaled = [first], [second], slopes(u)
    for k in range(1, len(u)):
        up, down = (mp.fdot(scaled[1 : k + 1], other[::-1]) / k for other in (c, s))
        s.append(up)
        c.append(sign * down)
    return s, c


def circular(u: Series) -> tuple[Series, Series]:
    """(sin u, cos u)."""
    from mpmath import mp

    return _waves(u, mp.sin(u[0]), mp.cos(u[0]), -1)


def hyperbolic(u: Series) -> tuple[Series, Series]:
    """(sinh u, cosh u)."""
    from mpmath import mp

    return _waves(u, mp.sinh(u[0]), mp.cosh(u[0]), 1)


def quotient(pair: tuple[Series, Series]) -> Series:
    return _mul([pair[0], power(pair[1], -1)])


def square_plus(u: Series, factor: int, constant: int) -> Series:
    """constant + factor·u²."""
    squares = [factor * a for a in _mul([u, u])]
    return [squares[0] + constant, *squares[1:]]


def integral(name: str, slope: Callable[[Series], Series]) -> Callable[[list[Series]], Series]:
    """f(u) for mpmath's function of that name, whose derivative at u is slope(u)."""

    def evaluate(arguments: list[Series]) -> Series:
        from mpmath import mp

        (u,) = arguments
        start = getattr(mp, name)(u[0])
        rate = slope(u)
        scaled = slopes(u)
        rise = [mp.fdot(scaled[1 : k + 1], rate[k - 1 :: -1]) / k for k in range(1, len(u))]
        return [start, *rise]

    return evaluate


def _bell(u: Series, sign: int) -> Series:
    """±2/√π·exp(-u²), the slope of erf and of erfc."""
    from mpmath import mp

    return [sign * 2 / mp.sqrt(mp.pi) * a for a in _exp([square_plus(u, -1, 0)])]


def _abs(arguments: list[Series]) -> Series:
    (u,) = arguments
    if vanishes(u):
        raise NoSeriesError("|u| where u is 0")
    return u if u[0] > 0 else [-a for a in u]


RULES: dict[Any, Callable[[list[Series]], Series]] = {
    sympy.Add: _add,
    sympy.Mul: _mul,
    sympy.Pow: _pow,
    sympy.exp: _exp,
    sympy.log: _log,
    sympy.Abs: _abs,
    sympy.sin: lambda u: circular(*u)[0],
    sympy.cos: lambda u: circular(*u)[1],
    sympy.tan: lambda u: quotient(circular(*u)),
    sympy.sinh: lambda u: hyperbolic(*u)[0],
    sympy.cosh: lambda u: hyperbolic(*u)[1],
    sympy.tanh: lambda u: quotient(hyperbolic(*u)),
    sympy.atan: integral("atan", lambda u: power(square_plus(u, 1, 1), -1)),
    sympy.asin: integral("asin", lambda u: power(square_plus(u, -1, 1), -0.5)),
    sympy.acos: integral("acos", lambda u: [-a for a in power(square_plus(u, -1, 1), -0.5)]),
    sympy.asinh: integral("asinh", lambda u: power(square_plus(u, 1, 1), -0.5)),
    sympy.acosh: integral("acosh", lambda u: power(square_plus(u, 1, -1), -0.5)),
    sympy.atanh: integral("atanh", lambda u: power(square_plus(u, -1, 1), -1)),
    sympy.erf: integral("erf", lambda u: _bell(u, 1)),
    sympy.erfc: integral("erfc", lambda u: _bell(u, -1)),
}

"""The real zeros of an expression in an interval: exactly where it is a polynomial in x or in one function, else by a scan.

A polynomial in t = F(u), such as 2 - tanh(x)², is solved for t, and F(u) = t for u, as often as that is needed. What
resists is evaluated to 40 digits at points of every magnitude, with a closer look where its size dips; further zeros
between two points are then missed, and the result says so: it is not `proved`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import sympy

from densities.errors import UnsupportedOperationError
from densities.transforms.symbolic_kernels import precise, reach
from densities.transforms.symbolic_text import X

__all__ = ["EndlessZerosError", "Zeros", "inner_point", "zeros"]

OO = sympy.oo
DIGITS = 40  # of zeros by numbers
SCAN_DIGITS = 30  # to which two zeros are the same
MODERATE = 30.0  # up to here a scan has evenly spaced points, too
FARTHEST = 8  # powers of ten that a scan goes out to, and down to
FINE = 12  # the largest denominator in a curved exponent of exp, where SymPy expands to powers of that root of e
SHORT = 20  # binary places
DIP = 0.9  # of neighbouring sizes, in a dip that is more than rounding
MAX_DEGREE = 60  # of a polynomial whose roots are asked for; others are scanned
MOST_TURNS = 100  # of a wave: each makes two pieces, which take some hundredths of a second
FASTEST = 1.5  # radians between two points of a scan
PERIODIC = (sympy.sin, sympy.cos, sympy.tan)
KINKED = (sympy.Abs, sympy.Max, sympy.Min, sympy.sign, sympy.Heaviside)


class EndlessZerosError(Exception):
    """There are infinitely many zeros."""


class Zeros(NamedTuple):
    """The zeros from left to right, and whether these are proved to be all that change the sign."""

    points: list[Any]
    proved: bool


def _real(*values: Any) -> list[Any]:
    return [value for value in values if value.is_real]


INVERSES: dict[Any, Callable[[Any], list[Any]]] = {
    sympy.exp: lambda t: _real(sympy.log(t)) if t.is_positive else [],
    sympy.log: lambda t: [sympy.exp(t)],
    sympy.sinh: lambda t: [sympy.asinh(t)],
    sympy.asinh: lambda t: [sympy.sinh(t)],
    sympy.tanh: lambda t: [sympy.atanh(t)] if abs(t) < 1 else [],
    sympy.atanh: lambda t: [sympy.tanh(t)],
    sympy.cosh: lambda t: [sympy.acosh(t), -sympy.acosh(t)] if t >= 1 else [],
    sympy.acosh: lambda t: [sympy.cosh(t)] if t >= 0 else [],
    sympy.atan: lambda t: [sympy.tan(t)] if abs(t) < sympy.pi / 2 else [],
    sympy.asin: lambda t: [sympy.sin(t)] if abs(t) <= sympy.pi / 2 else [],
    sympy.acos: lambda t: [sympy.cos(t)] if 0 <= t <= sympy.pi else [],
    sympy.erf: lambda t: [sympy.erfinv(t)] if abs(t) < 1 else [],
    sympy.erfinv: lambda t: [sympy.erf(t)],
    sympy.LambertW: lambda t: [t * sympy.exp(t)] if t >= -1 else [],
}


def zeros(expr: Any, low: Any, high: Any, *, touching: bool = True) -> Zeros:
    """The zeros of an expression strictly between two ends, which may be infinite.

    Without `touching`, zeros at which a wave touches the line and turns back may be left out. An expression with |u|,
    max or min has the zeros of all its forms, of which some may be none of its own.

    Raises EndlessZerosError.
    """
    found: list[Any] = []
    proved = True
    for form in _forms(expr):
        for factor in _factors(form):
            points, sure = _factor_zeros(factor, low, high, touching)
            found += points
            proved = proved and sure
    inside = {sympy.N(point, SCAN_DIGITS): point for point in found if low < point < high}
    return Zeros([inside[key] for key in sorted(inside)], proved)


def _forms(expr: Any) -> list[Any]:
    """The expression without |u|, max and min: all that it may be."""
    node = next(iter(expr.atoms(*KINKED)), None)
    if node is None:
        return [expr]
    u = node.args[0]
    choices = {sympy.Abs: (u, -u), sympy.sign: (1, -1), sympy.Heaviside: (1, 0)}.get(node.func, node.args)
    return [form for choice in choices for form in _forms(expr.xreplace({node: sympy.sympify(choice)}))]


def _factors(expr: Any) -> list[Any]:
    """The factors of the numerator that depend on x and may vanish."""
    sealed = {node: sympy.Dummy(positive=True) for node in expr.atoms(sympy.exp) if _is_fractional(node)}
    numerator = sympy.numer(sympy.together(expr.xreplace(sealed)))
    if sympy.count_ops(numerator) < 200:
        numerator = sympy.factor(numerator)
    opened = {symbol: node for node, symbol in sealed.items()}
    bases = [factor.as_base_exp()[0] for factor in sympy.Mul.make_args(numerator)]
    return [base.xreplace(opened) for base in bases if base.has(X, *opened) and not base.is_nonzero]


def _is_fractional(exponential: Any) -> bool:
    """Whether a curved exponent has a fraction that SymPy would expand to powers of an n-th root of e, n in hundreds."""
    exponent = exponential.args[0]
    return exponent.has(X) and exponent.diff(X).has(X) and any(q.q > FINE for q in exponent.atoms(sympy.Rational))


def _factor_zeros(factor: Any, low: Any, high: Any, touching: bool) -> Zeros:
    poly = _polynomial(factor)
    if poly is None:
        return _scan(factor, low, high)
    generator = poly.gens[0]
    roots, proved = _roots(poly)
    if generator == X:
        return Zeros(roots, proved)
    points: list[Any] = []
    for root in roots:
        more, sure = _solutions(generator, root, low, high, touching)
        points += more
        proved = proved and sure
    return Zeros(points, proved)


def _polynomial(factor: Any) -> Any:
    """The expression as a polynomial in x or in one function whose inverse is known; None otherwise."""
    try:
        generators = [generator for generator in sympy.Poly(factor).gens if generator.has(X)]
        poly = sympy.Poly(factor, *generators)
    except sympy.PolynomialError:
        return None
    if len(generators) != 1 or poly.degree() > MAX_DEGREE:
        return None
    generator = poly.gens[0]
    known = generator == X or generator.func in INVERSES or generator.func in PERIODIC or _is_root(generator)
    return poly if known else None


def _is_root(generator: Any) -> bool:
    return generator.is_Pow and generator.exp.is_Rational and not generator.exp.is_integer


def _roots(poly: Any) -> tuple[list[Any], bool]:
    """The real roots of a polynomial: exact for rational coefficients."""
    if poly.domain.is_QQ or poly.domain.is_ZZ:
        return [_simple(root) for root, _ in sympy.real_roots(poly, multiple=False)], True
    if poly.degree() == 1:
        return _real(-poly.nth(0) / poly.nth(1)), True
    roots = sympy.Poly(poly.as_expr().evalf(DIGITS), *poly.gens).nroots(n=DIGITS, maxsteps=500)
    return [sympy.re(root) for root in roots if abs(sympy.im(root)) < sympy.Float(10) ** (-DIGITS // 2)], False


def _simple(root: Any) -> Any:
    """A root by radicals where it has short ones, by its number otherwise."""
    return root if sympy.count_ops(root) < 12 and not root.has(sympy.CRootOf) else sympy.N(root, DIGITS)


def _solutions(generator: Any, t: Any, low: Any, high: Any, touching: bool) -> Zeros:
    """The x with F(u(x)) = t."""
    if generator.func in PERIODIC:
        return _periodic(generator, t, low, high, touching)
    if _is_root(generator):
        values = [t ** (1 / generator.exp)] if t > 0 or (t == 0 and generator.exp > 0) else []
        inner = generator.base
    else:
        values, inner = INVERSES[generator.func](t), generator.args[0]
    results = [zeros(inner - value, low, high, touching=touching) for value in values]
    return Zeros([point for found in results for point in found.points], all(found.proved for found in results))


def _periodic(generator: Any, t: Any, low: Any, high: Any, touching: bool) -> Zeros:
    if generator.func is not sympy.tan and (abs(t) > 1 or (abs(t) == 1 and not touching)):
        return Zeros([], True)
    if low == -OO or high == OO:
        raise EndlessZerosError
    argument = generator.args[0]
    slope = sympy.diff(argument, X)
    if slope.has(X):
        return _scan(generator - t, low, high)
    first, second, period = {
        sympy.sin: lambda: (sympy.asin(t), sympy.pi - sympy.asin(t), 2 * sympy.pi),
        sympy.cos: lambda: (sympy.acos(t), -sympy.acos(t), 2 * sympy.pi),
        sympy.tan: lambda: (sympy.atan(t), sympy.atan(t), sympy.pi),
    }[generator.func]()
    start = argument.subs(X, 0)
    reach = sorted(float((argument.subs(X, end) - first) / period) for end in (low, high))
    if reach[1] - reach[0] > MOST_TURNS:
        raise _too_many(generator, low, high)
    turns = range(int(np.floor(reach[0])) - 1, int(np.ceil(reach[1])) + 2)
    return Zeros([(angle + k * period - start) / slope for angle in {first, second} for k in turns], True)


def _too_many(wave: Any, low: Any, high: Any) -> UnsupportedOperationError:
    place = f"from {float(low):.4g} to {float(high):.4g}"
    return UnsupportedOperationError(
        f"Symbolic: {wave} turns too often {place} to be cut into pieces; truncate the law, or give a smaller domain="
    )


# ---- by a scan ----


def _scan(expr: Any, low: Any, high: Any) -> Zeros:
    """Zeros by changes of sign on a grid, and those at which a dip of |expr| touches the line, each to 40 digits."""
    from mpmath import mp

    if expr.has(*PERIODIC) and (low == -OO or high == OO):
        raise EndlessZerosError
    with mp.workdps(DIGITS):
        function = precise(expr, X)
        grid = [mp.mpf(point) for point in _grid(float(low), float(high)) if abs(point) <= reach(expr)]
        _check_resolved(expr, grid, low, high)
        values = [(x, y) for x, y in ((x, function(x)) for x in grid) if not mp.isnan(y)]
        signs = [(x, mp.sign(y)) for x, y in values]
        alone = zip(signs, signs[1:], signs[2:], strict=False)  # a run of zeros is what 40 digits do not resolve
        found = [x for (_, before), (x, sign), (_, after) in alone if sign == 0 and before != 0 and after != 0]
        signs = [(x, sign) for x, sign in signs if sign != 0]
        crossings = [(a, b) for (a, before), (b, after) in pairwise(signs) if before * after < 0]
        found += [_bisected(function, a, b) for a, b in crossings if not any(a < x < b for x in found)]
        found += _touches(expr, values)
        return Zeros([_neat(function, x) for x in found], False)


def _check_resolved(expr: Any, grid: Sequence[Any], low: Any, high: Any) -> None:
    """Raises where a wave turns between two points of the grid: zeros would be missed."""
    from mpmath import mp

    for wave in expr.atoms(*PERIODIC):
        phase = precise(wave.args[0], X)
        phases = [value for value in map(phase, grid) if mp.isfinite(value)]
        if any(abs(b - a) > FASTEST for a, b in pairwise(phases)):
            raise _too_many(wave, low, high)


def _neat(function: Callable[[Any], Any], x: Any) -> Any:
    """A zero known to 40 digits, as the short binary fraction that it is where it is one."""
    from mpmath import mp

    short = mp.nint(mp.ldexp(x, SHORT))
    if abs(mp.ldexp(short, -SHORT) - x) < mp.mpf(10) ** (-SCAN_DIGITS) and function(mp.ldexp(short, -SHORT)) == 0:
        return sympy.Rational(int(short), 2**SHORT)
    return sympy.Float(str(x), DIGITS)


def _touches(expr: Any, values: Sequence[tuple[Any, Any]]) -> list[Any]:
    """Zeros without a change of sign: where the slope vanishes in a dip of |expr| and nothing is left of it there."""
    from mpmath import mp

    dips = [
        (a, b, min(abs(before), abs(after)))
        for (a, before), (_, y), (b, after) in zip(values, values[1:], values[2:], strict=False)
        if before * y > 0 < y * after
        and abs(y) <= min(abs(before), abs(after))
        and abs(y) < DIP * max(abs(before), abs(after))
    ]
    if not dips:
        return []
    function, slope = precise(expr, X), precise(sympy.diff(expr, X), X)
    places = [(_bisected(slope, a, b), height) for a, b, height in dips]
    return [x for x, height in places if abs(function(x)) < mp.mpf(10) ** (-DIGITS // 2) * height]


def _bisected(function: Callable[[Any], Any], a: Any, b: Any) -> Any:
    from mpmath import mp

    left = mp.sign(function(a))
    for _ in range(4 * DIGITS):
        middle = (a + b) / 2
        sign = mp.sign(function(middle))
        if sign == 0:
            return middle
        a, b = (middle, b) if sign == left else (a, middle)
    return (a + b) / 2


def _grid(low: float, high: float) -> np.ndarray:
    """Points of every magnitude, evenly spaced ones where x is moderate, and points that approach finite ends."""
    near, far = max(low, -MODERATE), min(high, MODERATE)
    if not near < far:
        near, far = max(low, -(10.0**FARTHEST)), min(high, 10.0**FARTHEST)
    sizes = np.logspace(-FARTHEST, FARTHEST, 20 * 2 * FARTHEST + 1)
    parts = [near + (far - near) * (np.arange(1, 1500) - 0.4567) / 1500, sizes, -sizes]
    parts += [end + side * sizes for end, side in ((low, 1.0), (high, -1.0)) if np.isfinite(end)]
    points = np.concatenate(parts)
    return np.unique(points[(points > low) & (points < high)])


def inner_point(low: Any, high: Any, around: Sequence[Any] = ()) -> Any:
    """A rational point between two ends, well inside."""
    if low == -OO and high == OO:
        return sympy.Rational(1, 7)
    if low == -OO or high == OO:
        end, side = (high, -1) if low == -OO else (low, 1)
        return sympy.Rational(float(end)) + side * sympy.Rational(max(1.0, abs(float(end)) / 8))
    from mpmath import mp

    with mp.workdps(DIGITS):
        a, b = (sympy.N(end, DIGITS)._to_mpmath(4 * DIGITS) for end in (low, high))
        places = 3 - int(mp.floor(mp.log(b - a, 2)))  # binary ones: an eighth of the distance, or less
        return sympy.Integer(int(mp.nint(mp.ldexp((a + b) / 2, places)))) / sympy.Integer(2) ** places

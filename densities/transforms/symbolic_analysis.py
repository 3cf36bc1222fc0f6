"""What a formula does on the line: where it is real, where it turns, and on which intervals it is monotone or constant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import combinations, pairwise
from typing import Any

import sympy

from densities.domains import Interval
from densities.errors import ParameterError, UnsupportedOperationError
from densities.transforms.symbolic_kernels import Kernel, precise, reach
from densities.transforms.symbolic_text import X
from densities.transforms.symbolic_zeros import DIGITS, OO, inner_point, zeros

__all__ = ["Ground", "Stretch", "derivative", "end_value", "natural_ground", "stretches"]

STEPS = (sympy.floor, sympy.ceiling, sympy.frac, sympy.Mod)


@dataclass(frozen=True)
class Ground:
    """Where a formula is real: from `low` to `high`, each end attained or not, without the points `poles`."""

    low: Any
    high: Any
    low_closed: bool
    high_closed: bool
    poles: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Stretch:
    """An interval on which a formula rises (slope 1), falls (-1) or is constant (0); there it is `expr`, without kinks.

    `rests` are the points inside at which it stands still and then goes on in the same direction, as x³ does at 0.
    """

    low: Any
    high: Any
    expr: Any
    slope: int
    proved: bool = field(default=True)
    rests: tuple[Any, ...] = ()


# ---- where it is real ----


def _power_needs(expr: Any) -> list[tuple[Any, str]]:
    base, exponent = expr.as_base_exp()
    if base is sympy.E or base.is_positive:
        return []
    if exponent.has(X):
        return [(base, ">")]
    if exponent.is_integer:
        return [(base, "!=")] if exponent.is_negative else []
    return [(base, ">" if exponent.is_negative else ">=")]


def _lambert_needs(expr: Any) -> list[tuple[Any, str]]:
    below = [(-expr.args[0], ">")] if len(expr.args) > 1 and expr.args[1] == -1 else []
    return [(expr.args[0] + sympy.exp(-1), ">="), *below]


NEEDS: dict[Any, Callable[[Any], list[tuple[Any, str]]]] = {
    sympy.Pow: _power_needs,
    sympy.log: lambda e: [(e.args[0], ">")],
    sympy.asin: lambda e: [(1 - e.args[0], ">="), (1 + e.args[0], ">=")],
    sympy.acos: lambda e: [(1 - e.args[0], ">="), (1 + e.args[0], ">=")],
    sympy.acosh: lambda e: [(e.args[0] - 1, ">=")],
    sympy.atanh: lambda e: [(1 - e.args[0], ">"), (1 + e.args[0], ">")],
    sympy.erfinv: lambda e: [(1 - e.args[0], ">"), (1 + e.args[0], ">")],
    sympy.LambertW: _lambert_needs,
    sympy.tan: lambda e: [(sympy.cos(e.args[0]), "!=")],
    sympy.sec: lambda e: [(sympy.cos(e.args[0]), "!=")],
    sympy.cot: lambda e: [(sympy.sin(e.args[0]), "!=")],
    sympy.csc: lambda e: [(sympy.sin(e.args[0]), "!=")],
    sympy.coth: lambda e: [(e.args[0], "!=")],
    sympy.csch: lambda e: [(e.args[0], "!=")],
    sympy.gamma: lambda e: [(e.args[0], ">")],
    sympy.loggamma: lambda e: [(e.args[0], ">")],
    sympy.digamma: lambda e: [(e.args[0], ">")],
    sympy.polygamma: lambda e: [(e.args[1], ">")],
}
HOLDS: dict[str, Callable[[Any], bool]] = {">": lambda v: v > 0, ">=": lambda v: v >= 0, "!=": lambda v: v != 0}
ALWAYS = {">": "is_positive", ">=": "is_nonnegative", "!=": "is_nonzero"}


def needs(expr: Any) -> list[tuple[Any, str]]:
    """What must hold for the formula to be real: (u, ">"), (u, ">=") or (u, "!="), each of u against 0."""
    found = [
        need
        for node in sympy.preorder_traversal(expr)
        if node.func in NEEDS and node.has(X)
        for need in NEEDS[node.func](node)
    ]
    return [(u, relation) for u, relation in dict.fromkeys(found) if u.has(X) and not getattr(u, ALWAYS[relation])]


def natural_ground(expr: Any, domain: Interval | None) -> Ground:
    """Where the formula is real, within a given domain; ParameterError where that is not one interval.

    Raises EndlessZerosError where infinitely many poles or gaps lie.
    """
    if expr.has(*STEPS):
        raise UnsupportedOperationError(
            f"Symbolic: {expr} has steps; use the maps floor, ceil and round, as in X >> Symbolic(...) >> Floor()"
        )
    Kernel(expr, X)  # refuses what it cannot compute
    low, high = (-OO, OO) if domain is None else (_exact(domain.low), _exact(domain.high))
    conditions = needs(expr)
    breaks = sorted({point for u, _ in conditions for point in zeros(u, low, high).points}, key=_key)
    ends = [low, *breaks, high]
    cells = [(a, b, _holds(conditions, inner_point(a, b))) for a, b in pairwise(ends)]
    inside = [(a, b) for a, b, held in cells if held]
    parts = ", ".join(f"({a}, {b})" for a, b in inside)
    if not inside or (domain is not None and len(inside) < len(cells)):
        raise ParameterError(
            f"Symbolic: domain: expected a part of where {expr} is real ({parts or 'nowhere'}), got {domain}"
        )
    if any(b != c for (_, b), (c, _) in pairwise(inside)):
        raise ParameterError(f"Symbolic: {expr} is real on {parts}, not on one interval; give domain=, one of these")
    first, last = inside[0][0], inside[-1][1]
    poles = tuple(point for point in breaks if first < point < last and value_at(expr, point) is None)
    closed_low = (domain is None or domain.low_closed or first != low) and value_at(expr, first) is not None
    closed_high = (domain is None or domain.high_closed or last != high) and value_at(expr, last) is not None
    return Ground(first, last, closed_low, closed_high, poles)


def _exact(end: Any) -> Any:
    end = float(end)
    return sympy.Rational(end) if abs(end) < float("inf") else (OO if end > 0 else -OO)


def _key(point: Any) -> Any:
    return sympy.N(point, DIGITS)


def _holds(conditions: list[tuple[Any, str]], point: Any) -> bool:
    from mpmath import mp

    with mp.workdps(DIGITS):
        return all(HOLDS[relation](_at(u, point)) for u, relation in conditions)


def _at(expr: Any, point: Any) -> Any:
    """The number of an expression at an exact point, in mpmath."""
    return precise(expr, X)(sympy.N(point, DIGITS)._to_mpmath(4 * DIGITS))


def value_at(expr: Any, point: Any) -> Any:
    """The exact value of the formula at a point; None where it has none, or no finite one."""
    if point in (OO, -OO) or any(_vanishes(u, point) for u, relation in needs(expr) if relation != ">="):
        return None
    result = expr.subs(X, point)
    return result if result.is_finite and sympy.N(result, DIGITS).is_real else None


def _vanishes(u: Any, point: Any) -> bool:
    size = sympy.N(u.subs(X, point), DIGITS)
    return not size.is_finite or abs(size) < sympy.Float(10) ** (8 - DIGITS)


# ---- where it turns ----


def kinks(expr: Any) -> Iterator[Any]:
    """The expressions at whose zeros the formula changes its form."""
    for node in sympy.preorder_traversal(expr):
        if node.func in (sympy.Abs, sympy.sign, sympy.Heaviside):
            yield node.args[0]
        elif node.func in (sympy.Max, sympy.Min):
            yield from (a - b for a, b in combinations(node.args, 2))
        elif isinstance(node, sympy.core.relational.Relational):
            yield node.lhs - node.rhs


def resolved(expr: Any, point: Any) -> Any:
    """The formula without |u|, max, min, sign and cases, as it is around a point."""
    if not expr.args:
        return expr
    if isinstance(expr, sympy.Piecewise):
        holding = [formula for formula, condition in expr.args if condition.subs(X, point) == sympy.true]
        if not holding:
            raise ParameterError(
                f"Symbolic: expected a formula for every x of the domain, got none at x = {point}: {expr}"
            )
        return resolved(holding[0], point)
    arguments = [resolved(argument, point) for argument in expr.args]
    if expr.func in (sympy.Abs, sympy.sign, sympy.Heaviside):
        positive = _at(arguments[0], point) > 0
        chosen = {
            sympy.Abs: (arguments[0], -arguments[0]),
            sympy.sign: (sympy.S.One, -sympy.S.One),
            sympy.Heaviside: (sympy.S.One, sympy.S.Zero),
        }[expr.func]
        return chosen[0] if positive else chosen[1]
    if expr.func in (sympy.Max, sympy.Min):
        best = max if expr.func is sympy.Max else min
        return best(arguments, key=lambda argument: _at(argument, point))
    return expr.func(*arguments)


def derivative(expr: Any) -> Any:
    """dg/dx, without the cancellation of 1 - tanh² and its like."""
    slope = sympy.diff(expr, X)
    for node in slope.atoms(sympy.tanh, sympy.tan):
        u = node.args[0]
        square = 1 - 1 / sympy.cosh(u) ** 2 if node.func is sympy.tanh else 1 / sympy.cos(u) ** 2 - 1
        slope = slope.subs(node**2, square)
    for node in slope.atoms(sympy.sinh):  # sinh/cosh has the slope (cosh² - sinh²)/cosh²
        cosh = sympy.cosh(node.args[0])
        if slope.has(cosh):
            above, below = sympy.fraction(sympy.together(slope))
            slope = sympy.expand(sympy.expand(above).subs(node**2, cosh**2 - 1)) / below
    return sympy.factor_terms(sympy.expand_mul(slope) if slope.has(sympy.cosh, sympy.cos) else slope)


def stretches(expr: Any, ground: Ground) -> list[Stretch]:
    """The maximal intervals between `ground.low` and `ground.high` on which the formula is monotone or constant.

    Raises EndlessZerosError where there are infinitely many.
    """
    breaks = set(ground.poles)
    proved = True
    for u in set(kinks(expr)):
        found = zeros(u, ground.low, ground.high, touching=False)
        breaks |= set(found.points)
        proved = proved and found.proved
    corners = [ground.low, *sorted(breaks, key=_key), ground.high]
    cells: list[Stretch] = []
    for low, high in pairwise(corners):
        cells += _monotone_cells(expr, low, high, proved)
    return _merged(cells)


def _monotone_cells(expr: Any, low: Any, high: Any, proved: bool) -> Iterator[Stretch]:
    here = resolved(expr, inner_point(low, high))
    slope = derivative(here)
    if slope == 0:
        yield Stretch(low, high, here, 0, proved)
        return
    turns = zeros(slope, low, high, touching=False)
    for a, b in pairwise([low, *turns.points, high]):
        yield Stretch(a, b, here, _sign(slope, inner_point(a, b)), proved and turns.proved)


def _sign(expr: Any, point: Any) -> int:
    """The sign at a point, with as many digits as it takes."""
    from mpmath import mp

    for digits in (DIGITS, 10 * DIGITS, 100 * DIGITS):
        with mp.workdps(digits):
            sign = int(mp.sign(precise(expr, X)(sympy.N(point, digits)._to_mpmath(4 * digits))))
        if sign:
            return sign
    what = f"whether {expr} is positive or negative at x = {point}"
    raise ParameterError(f"Symbolic: {what} was not found; give a domain= without that point")


def _merged(cells: list[Stretch]) -> list[Stretch]:
    """Neighbours joined where the formula goes on in the same direction, without a pole or kink between them."""
    result = cells[:1]
    for cell in cells[1:]:
        last = result[-1]
        if (last.expr, last.slope) == (cell.expr, cell.slope) and value_at(cell.expr, cell.low) is not None:
            rests = (*last.rests, cell.low, *cell.rests)
            result[-1] = replace(last, high=cell.high, proved=last.proved and cell.proved, rests=rests)
        else:
            result.append(cell)
    return result


def _is_exponential(node: Any) -> bool:
    return node.is_Pow and node.exp.has(X) and node.base is not sympy.E


def _as_exponential(node: Any) -> Any:
    """a**u as exp(u log a): limits of the former are not always right."""
    return sympy.exp(node.exp * sympy.log(node.base))


def _plausible(limit: Any, stretch: Stretch, end: Any) -> bool:
    """Whether the formula, at two points on the way to an end, moves in the direction of the limit and not beyond it."""
    from mpmath import mp

    far = float(reach(stretch.expr)) ** 0.5
    first = inner_point(stretch.low, stretch.high)
    second = (
        first + (end - first) * (1 - sympy.Rational(1, 10**9))
        if end.is_finite
        else sympy.sign(end) * (abs(first) + far)
    )
    with mp.workdps(10 * DIGITS):
        before, after = (_at(stretch.expr, point) for point in (first, second))
        goal = mp.mpf(float(limit)) if limit.is_infinite else sympy.N(limit, DIGITS)._to_mpmath(4 * DIGITS)
    towards = stretch.slope if end == stretch.high else -stretch.slope
    return bool(
        stretch.slope == 0 or (towards * (after - before) >= 0 and towards * (goal - after) >= -abs(goal) * 1e-30)
    )


def end_value(stretch: Stretch, end: Any) -> tuple[Any, bool]:
    """(the limit of the formula towards an end of the stretch, whether it is the value there)."""
    value = value_at(stretch.expr, end)
    if value is not None:
        return value, True
    try:
        side = {} if end.is_infinite else {"dir": "+" if end == stretch.low else "-"}
        inner = value_at(stretch.expr.args[0], end) if isinstance(stretch.expr, sympy.log) else None
        if inner is not None and inner.is_zero:
            return -sympy.oo, False
        limit = sympy.limit(stretch.expr.replace(_is_exponential, _as_exponential), X, end, **side)
    except (NotImplementedError, ValueError, TypeError, RecursionError):
        limit = sympy.nan
    if not limit.is_extended_real or limit.has(sympy.AccumBounds, sympy.Limit) or not _plausible(limit, stretch, end):
        what = f"the limit of {stretch.expr} towards x = {end}"
        raise ParameterError(f"Symbolic: {what} was not found; give a domain= without that point")
    return limit, False

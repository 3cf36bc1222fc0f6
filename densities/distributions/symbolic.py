"""Densities of laws as SymPy expressions, piecewise on their supports.

A density is a sum of terms, each a formula on an interval; a map carries each term through each of its monotone pieces:

    (f on I)  ->  f(g⁻¹(y))·|dg⁻¹/dy| on g(I ∩ piece),

so that every formula keeps its support, and at the end the intervals are cut where one term begins or another ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import sympy

from densities.anchored import value
from densities.arrays import quiet
from densities.distributions.discrete.roundings import flattened
from densities.distributions.formulas import density_text
from densities.distributions.map_formulas import forward_text, map_formula, sections
from densities.distributions.precise import lift
from densities.distributions.pushforward import Pushforward, stepped
from densities.distributions.waves import Waves, waves_of
from densities.domains import Interval
from densities.errors import ExpressionError, UnsupportedOperationError
from densities.transforms.base import Flat
from densities.transforms.manytoone import Periodic
from densities.transforms.symbolic import Symbolic, SymbolicBijection, SymbolicBranch, SymbolicManyToOne
from densities.transforms.symbolic_inverse import Y as y
from densities.transforms.symbolic_text import X, exact, formula

__all__ = ["Symbolic", "density_expr", "density_terms"]

stepped.register(SymbolicManyToOne)(
    flattened
)  # a formula that is constant wherever the law is leaves point masses only

lift.register(SymbolicBranch)(SymbolicBranch.by_formula)
lift.register(SymbolicBijection)(SymbolicBijection.by_formula)

LONG = 10**6  # denominators beyond it are not what a user wrote
FUNCTION_LIMIT = 1000.0  # larger integers stay floats: SymPy would write out their gamma functions digit by digit
COUNTERS = [sympy.Symbol(name, integer=True) for name in "nmkjil"]
PI_PARTS = {float(k * np.pi / 2): k * sympy.pi / 2 for k in range(-8, 9) if k}


class Term(NamedTuple):
    """A formula in y on an interval, 0 outside."""

    expr: Any
    domain: Interval


def density_expr(law: Any) -> Any:
    """The density of a law, in the symbol y, as `Piecewise((formula, condition), ..., (0, True))`.

    The symbol is `sympy.Symbol("y", real=True)`. For a law with atoms it is the density of the rest; through a periodic
    map the branches are summed over by `sympy.Sum`, whose limits are infinite where the law has no ends.

    Raises UnsupportedOperationError for laws of vectors and of integers, batches, and whatever has no formula.
    """
    return piecewise(density_terms(law))


def density_terms(law: Any) -> list[Term]:
    """The terms whose sum is the density."""
    if law.batch_shape or law.event_shape:
        raise _unsupported(law, "a scalar law")
    if law.measure == "counting":
        raise _unsupported(law, "a law with a density")
    usual = _pushforward if isinstance(law, Pushforward) else _family
    terms = TERMS.get(type(law).__name__, usual)(law)
    if not terms:
        raise _unsupported(law, "a law with a density")
    return terms


def _unsupported(what: Any, expected: str) -> UnsupportedOperationError:
    return UnsupportedOperationError(f"density_expr: expected {expected}, got {what}")


def _family(law: Any) -> list[Term]:
    text = density_text(law)
    if text is None:
        raise _unsupported(law, "a scalar law whose density has a formula")
    symbols = {name: sympy.Symbol(name, real=True) for name in law.params}
    numbers = {symbols[name]: _number(p) for name, p in law.params.items()}
    return [Term(formula(text, {**symbols, "x": X}).xreplace({X: y}).subs(numbers, simultaneous=True), law.support)]


def _mixture(law: Any) -> list[Term]:
    pairs = zip(law.weights, law.components, strict=True)
    return [
        Term(_number(weight) * term.expr, term.domain)
        for weight, component in pairs
        if weight > 0
        for term in density_terms(component)
    ]


def _truncated(law: Any) -> list[Term]:
    mass = sympy.Float(float(np.exp(law.log_mass)), 17)
    return [Term(expr / mass, domain.intersect(law.support)) for expr, domain in density_terms(law.base)]


def _pushforward(law: Any) -> list[Term]:
    base, steps = law.unfolded
    terms = density_terms(base)
    for step in steps:
        terms = [carried for term in terms for carried in _carried(term, step)]
    return terms


TERMS = {"Mixture": _mixture, "Truncated": _truncated}


def _carried(term: Term, step: Any) -> list[Term]:
    """The term through each piece of a map that its interval meets."""
    if step.name == "polynomial":  # whose branches a formula of degree 2 has
        step = Symbolic(forward_text(step))
    if not isinstance(step, Periodic):
        return _through(term, step, step.pieces_within(term.domain))
    waves = waves_of(step, term.domain)
    alone = _through(term, step, [step.piece(k) for k in waves.alone])
    return alone + _summed(term, step, waves) if waves.summed else alone


def _through(term: Term, step: Any, pieces: Sequence[Any]) -> list[Term]:
    found = []
    for piece in pieces:
        if isinstance(piece, Flat):
            continue
        part: Any = piece.domain.intersect(term.domain)
        for domain in sections(piece.map, part):
            if np.all(value(domain.low) < value(domain.high)):
                with quiet():
                    image = piece.map.image(domain)
                inverse, slope = _inverse(step, piece, domain, image)
                found.append(Term(term.expr.xreplace({y: inverse}) * slope, image))
    return found


def _summed(term: Term, step: Periodic, waves: Waves) -> list[Term]:
    """The sums over whole branches, Σ f(x₀(y) + nP)·|dx₀/dy| over n, for each branch x₀ within one period."""
    n = next(symbol for symbol in COUNTERS if not term.expr.has(symbol))
    turns = round(step.period / np.pi)
    found = []
    for k in range(turns):
        piece: Any = step.piece(k)
        inverse, slope = _inverse(step, piece, piece.domain, piece.image)
        first, last = (waves.first - k) / turns, (waves.last - k) / turns
        limits = (n, _number(np.ceil(first)), _number(np.floor(last)))
        carried = term.expr.xreplace({y: inverse + n * turns * sympy.pi}) * slope
        found.append(Term(sympy.Sum(carried, limits), piece.image))
    return found


def _inverse(step: Any, piece: Any, domain: Interval, image: Interval) -> tuple[Any, Any]:
    """(x, |dx/dy|) as formulas of y, on one piece of a map."""
    if isinstance(step, Symbolic):
        inverse = piece.map.inverse_expr
        if inverse is None:
            raise _unsupported(step, "a map whose inverse has a formula")
        return inverse, (1 if piece.map.increasing else -1) * sympy.diff(inverse, y)
    inside = float(np.asarray(domain.interior_point()))
    found = map_formula(step, inside)
    if found is None:
        raise _unsupported(step, "a map whose inverse has a formula")
    try:
        *candidates, slope = (formula(text, {"y": y}) for text in (*found.inverses, found.slope))
    except ExpressionError as error:
        raise _unsupported(step, "moderate exponents") from error
    return preimage_within(candidates, domain, image), slope


def preimage_within(candidates: Sequence[Any], domain: Interval, image: Interval) -> Any:
    """Of the formulas of several preimages the one that leads from an image back into a domain."""
    at = sympy.Float(float(np.asarray(image.interior_point())))
    return next(x for x in candidates if len(candidates) == 1 or domain.contains(float(x.subs(y, at))))


def _number(x: Any) -> Any:
    """A double as a short exact number where it is one, a float of SymPy otherwise."""
    x = float(value(x))
    if x in PI_PARTS:
        return PI_PARTS[x]
    known = exact(x)
    short = known.is_infinite or (known.q < LONG and (known.is_Integer is False or abs(x) < FUNCTION_LIMIT))
    return known if short else sympy.Float(x, 17)


def piecewise(terms: Sequence[Term]) -> Any:
    """The sum of the terms, interval by interval."""
    ends = {float(value(end)) for term in terms for end in term.domain.edges} - {-np.inf, np.inf}
    corners = [-np.inf, *sorted(ends), np.inf]
    cells: list[tuple[float, float, Any]] = []
    for low, high in pairwise(corners):
        inside = float(np.asarray(Interval(low, high).interior_point()))
        total = sympy.Add(*(term.expr for term in terms if term.domain.interior_contains(inside)))
        if cells and cells[-1][2] == total:
            cells[-1] = (cells[-1][0], high, total)
        else:
            cells.append((low, high, total))
    closed = {float(value(term.domain.low)) for term in terms if term.domain.low_closed}
    closed_above = {float(value(term.domain.high)) for term in terms if term.domain.high_closed}
    # A point between two cells at which only some terms end has the density of the others.
    closed_above |= {end for end in ends - closed if any(term.domain.interior_contains(end) for term in terms)}
    cases = [
        (total, _condition(low, high, low in closed, high in closed_above)) for low, high, total in cells if total != 0
    ]
    return sympy.Piecewise(*cases, (0, True))


def _condition(low: float, high: float, low_closed: bool, high_closed: bool) -> Any:
    above = sympy.true if low == -np.inf else (y >= _number(low) if low_closed else y > _number(low))
    below = sympy.true if high == np.inf else (y <= _number(high) if high_closed else y < _number(high))
    return sympy.And(above, below)

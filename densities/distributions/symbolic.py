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
from densities.distributions.formulas import density_text, map_formula
from densities.distributions.pushforward import stepped
from densities.domains import Interval
from densities.errors import ExpressionError, UnsupportedOperationError
from densities.protocols import push_forward
from densities.transforms.base import Flat
from densities.transforms.symbolic import Symbolic, SymbolicManyToOne
from densities.transforms.symbolic_inverse import Y as y
from densities.transforms.symbolic_text import X, exact, formula

__all__ = ["Symbolic", "density_expr", "density_terms"]

stepped.register(SymbolicManyToOne)(
    flattened
)  # a formula that is constant wherever the law is leaves point masses only

LONG = 10**6  # denominators beyond it are not what a user wrote
FUNCTION_LIMIT = 1000.0
PI_PARTS = {float(k * np.pi / 2): k * sympy.pi / 2 for k in range(-8, 9) if k}


class Term(NamedTuple):
    """A formula in y on an interval, 0 outside."""

    expr: Any
    domain: Interval


def density_expr(law: Any) -> Any:
    """The density of a law, in the symbol y, as `Piecewise((formula, condition), ..., (0, True))`.

    The symbol is `sympy.Symbol("y", real=True)`. For a law with atoms it is the density of the rest.

    Raises UnsupportedOperationError for laws of vectors and of integers, batches, and whatever has no formula.
    """
    return piecewise(density_terms(law))


def density_terms(law: Any) -> list[Term]:
    """The terms whose sum is the density."""
    usual = _pushforward if hasattr(law, "transform") else _family
    terms = TERMS.get(type(law).__name__, usual)(law)
    if not terms or law.measure == "counting":
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
    base, steps = law, ()
    while hasattr(base, "transform"):
        steps, base = (*base.transform.steps, *steps), base.base
    terms = density_terms(base)
    for step in steps:
        terms = [carried for term in terms for carried in _carried(term, step)]
        base = push_forward(base, step)
    return terms


TERMS = {"Mixture": _mixture, "Truncated": _truncated}


def _carried(term: Term, step: Any) -> list[Term]:
    """The term through each piece of a map that its interval meets."""
    found = []
    for piece in _split(step.pieces_within(term.domain), step):
        domain = piece.domain.intersect(term.domain)
        if isinstance(piece, Flat) or not np.all(value(domain.low) < value(domain.high)):
            continue
        with quiet():
            image = piece.map.image(domain)
        inverse, slope = _inverse(step, piece, domain, image)
        found.append(Term(term.expr.xreplace({y: inverse}) * slope, image))
    return found


def _split(pieces: Sequence[Any], step: Any) -> Sequence[Any]:
    """The pieces, those of a map with a formula for each sign cut at 0."""
    if step.name != "yeo_johnson":
        return pieces
    halves = Interval(-np.inf, 0.0, high_closed=True), Interval(0.0, np.inf, low_closed=True)
    return [type(piece)(half, piece.map) for piece in pieces for half in halves]


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
    at = float(np.asarray(image.interior_point()))
    try:
        *candidates, slope = (formula(text, {"y": y}) for text in (*found.inverses, found.slope))
    except ExpressionError as error:
        raise _unsupported(step, "moderate exponents") from error
    inverse = next(x for x in candidates if len(candidates) == 1 or domain.contains(float(x.subs(y, sympy.Float(at)))))
    return inverse, slope


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
    cases = [
        (total, _condition(low, high, low in closed, high in closed_above)) for low, high, total in cells if total != 0
    ]
    return sympy.Piecewise(*cases, (0, True))


def _condition(low: float, high: float, low_closed: bool, high_closed: bool) -> Any:
    above = sympy.true if low == -np.inf else (y >= _number(low) if low_closed else y > _number(low))
    below = sympy.true if high == np.inf else (y <= _number(high) if high_closed else y < _number(high))
    return sympy.And(above, below)

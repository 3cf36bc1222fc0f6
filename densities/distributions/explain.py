"""The change of variables written out: every map with its inverse and |dx/dy|, and at a point the number of every factor.

log f_Y(y) = log f_X(x) + Σ log|dxₖ₋₁/dxₖ|   over the maps of a chain, and a sum over the preimages x of y.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from densities.anchored import Anchored, value
from densities.arrays import quiet
from densities.distributions.formulas import density_text, filled
from densities.distributions.map_formulas import MapFormula, map_formula, sections
from densities.distributions.pushforward import Pushforward
from densities.domains import Interval
from densities.errors import ParameterError, UnsupportedOperationError, argument_error
from densities.parameters import array_of
from densities.protocols import as_distribution, density_latex, push_forward
from densities.transforms.base import Flat
from densities.transforms.manytoone import Endless

__all__ = ["Explanation", "Factor", "Path", "Step", "explain"]

TIDY = (
    (r"\((\w+) - 0\)", r"\1"),
    (r" - 0(?![.\d])", ""),
    (r"(?<![\w.*])1\*\*\w+", "1"),
    (r"\*1\*\*\w+", ""),
    (r"(?<![\w.*])1\*(?!\*)", ""),
    (r"[*/]1(?![.\w*])", ""),
    (r"/\((\d+|\w+\([^()]*\))\)", r"/\1"),
)
MANY = 8  # of more branches than these, and of more point masses, so many are listed


@dataclass(frozen=True)
class Step:
    """One map of the chain: its formula, what undoes it on each piece, and where the law lives after it."""

    name: str
    forward: str
    inverses: tuple[str, ...]
    slope: str
    support: Interval


@dataclass(frozen=True)
class Factor:
    """A point on the way back, and log|dx/dy| of the map that led to it; the sum runs from y on."""

    point: float
    log_det: float
    total: float


@dataclass(frozen=True)
class Path:
    """One preimage: the factors of the maps, last one first, and the log-density of the base there."""

    factors: tuple[Factor, ...]
    log_base: float
    log_term: float


@dataclass(frozen=True, repr=False)
class Explanation:
    """The derivation of a density; `str` writes it out; with a point `y`, `paths` hold its numbers.

    `logpdf` is log Σ exp(term) over the paths, in nats, and `mass` that of a point mass at y.
    """

    law: Any
    base: Any
    steps: tuple[Step, ...]
    y: float | None = None
    paths: tuple[Path, ...] = ()
    logpdf: float = -np.inf
    mass: float = 0.0

    def __repr__(self) -> str:
        return f"<the change of variables of {self.law}; print shows it>"

    def __str__(self) -> str:
        lines = [*_derivation(self), *(_numbers(self) if self.y is not None else ())]
        return "\n".join(lines)

    def _repr_latex_(self) -> str:
        return f"${density_latex(self.law)}$"

    def to_dict(self) -> dict[str, Any]:
        """The explanation as plain data, for JSON."""
        return {
            "law": str(self.law),
            "base": str(self.base),
            "steps": [{**vars(step), "support": str(step.support)} for step in self.steps],
            "y": self.y,
            "paths": [
                {
                    "factors": [vars(factor) for factor in path.factors],
                    "log_base": path.log_base,
                    "log_term": path.log_term,
                }
                for path in self.paths
            ],
            "logpdf": self.logpdf,
            "mass": self.mass,
        }


def explain(law: Any, y: float | None = None) -> Explanation:
    """How the density of a law comes about: map by map, and at a point y number by number.

    Raises UnsupportedOperationError for laws of vectors, of integers and for batches, ParameterError where y is not one
    number.
    """
    law = as_distribution(law)
    if law.event_shape or law.batch_shape or law.measure == "counting":
        raise UnsupportedOperationError(argument_error("explain", "a scalar law with a density", law))
    base, maps = law, ()
    while isinstance(base, Pushforward):
        maps, base = (*base.transform.steps, *maps), base.base
    steps = tuple(_steps(base, maps))
    if y is None:
        return Explanation(law, base, steps)
    point = array_of(y)
    if point.ndim or point.dtype.kind not in "iufb" or not np.isfinite(point):
        raise ParameterError(argument_error("explain: y", "one finite number", y))
    y = float(point)
    with quiet():
        paths = tuple(path for path in _paths(law, y) if not np.isnan(path.log_term))
    terms = [path.log_term for path in paths]
    logpdf = float(np.logaddexp.reduce(terms)) if terms else -np.inf
    return Explanation(law, base, steps, y, paths, logpdf, float(law.pmf(y)))


# ---- the maps ----


def _steps(base: Any, maps: Sequence[Any]) -> Iterator[Step]:
    law = base
    for step in maps:
        image = push_forward(law, step)
        # Of infinitely many pieces only the law knows which carry mass.
        pieces = image.branches if isinstance(step, Endless) else step.pieces_within(law.support)
        found = _formula(step, [piece for piece in pieces if not isinstance(piece, Flat)])
        law = image
        yield Step(str(step), found.forward, found.inverses, found.slope, law.support)


def _formula(step: Any, pieces: Sequence[Any]) -> MapFormula:
    """The formulas of a map: of the table, or of a map that knows its own, otherwise by name."""
    if step.expr is not None:
        known = [piece.map.inverse_expr for piece in pieces]
        inverses = tuple("g⁻¹(y), by bracketing" if inverse is None else str(inverse) for inverse in known)
        return MapFormula(str(step.expr), tuple(dict.fromkeys(inverses)), "1/|g'(x)|")
    first = max(0, (len(pieces) - MANY) // 2)
    parts = [part for piece in pieces[first : first + MANY] for part in sections(piece.map, piece.domain)]
    near = [float(np.asarray(part.interior_point())) for part in parts]
    found = [formula for formula in (map_formula(step, x) for x in near or [0.0]) if formula is not None]
    if not found:
        beside = f", derivative: {step.derived_by}" if step.derived_by else ""
        return MapFormula(f"{step}(x)", ("g⁻¹(y)",), f"|d g⁻¹(y)/dy|{beside}")
    inverses = tuple(dict.fromkeys(text for formula in found for text in formula.inverses))
    if len(pieces) > MANY:
        inverses += (f"... on {len(pieces)} pieces",)
    slopes = dict.fromkeys(formula.slope for formula in found)
    return MapFormula(found[0].forward, inverses, ", ".join(slopes))


# ---- the numbers ----


def _paths(law: Any, y: Any) -> Iterator[Path]:
    """The ways back from y to the points of the innermost base."""
    for factors, x, base in _ways(law, Anchored.exact(y), ()):
        if np.isfinite(value(x)) and _touches(base.support, x):
            log_base = float(value(base.raw_logpdf(x)))
            yield Path(factors, log_base, log_base + (factors[-1].total if factors else 0.0))


def _touches(interval: Interval, x: Any) -> bool:
    """Whether a point lies in the interval or at one of its ends, where a density has its one-sided limit."""
    return bool(value(interval.low) <= value(x) <= value(interval.high))


def _ways(law: Any, y: Any, before: tuple[Factor, ...]) -> Iterator[tuple[tuple[Factor, ...], Any, Any]]:
    if not isinstance(law, Pushforward):
        yield before, y, law
        return
    for branch in law.branches:
        if _touches(branch.image, y):
            x, factors = y, before
            for step in reversed(branch.map.steps):
                x, log_det = step.inverse_and_log_det(x)  # type: ignore[attr-defined]
                total = (factors[-1].total if factors else 0.0) + float(value(log_det))
                factors = (*factors, Factor(float(value(x)), float(value(log_det)), total))
            yield from _ways(law.base, x, factors)


# ---- as text ----


def _replaced(text: str, old: str, new: str) -> str:
    """The formula in another variable, without x - 0 and factors 1."""
    text = re.sub(rf"\b{old}\b", new, text)
    for pattern, simpler in TIDY:
        text = re.sub(pattern, simpler, text)
    return text


def _variable(index: int) -> str:
    return f"x{index}"


def _derivation(found: Explanation) -> Iterator[str]:
    text = density_text(found.base)
    density = f",  f(x0) = {_replaced(filled(text, found.base.params), 'x', 'x0')}" if text else ""
    yield f"x0 ~ {found.base}{density},  x0 in {found.base.support}"
    for n, step in enumerate(found.steps, 1):
        new, old = _variable(n), _variable(n - 1)
        undone = (
            " or ".join(_replaced(inverse, "y", new) for inverse in step.inverses) or "nothing: constant pieces only"
        )
        slope = _replaced(_replaced(step.slope, "y", new), "x", old)
        yield f"{new} = {_replaced(step.forward, 'x', old)},  {new} in {step.support}"
        yield f"    {old} = {undone}"
        yield f"    |d{old}/d{new}| = {slope}"
    product = " · ".join(
        ["f(x0)", *(f"|d{_variable(n)}/d{_variable(n + 1)}|" for n in reversed(range(len(found.steps))))]
    )
    several = any(len(step.inverses) > 1 for step in found.steps)
    yield f"density of Y = {_variable(len(found.steps))}: {'sum over the preimages of ' if several else ''}{product}"
    places, masses = found.law.atoms
    for place, mass in [(place, mass) for place, mass in zip(places, masses, strict=True) if mass > 0][:MANY]:
        yield f"P(Y = {place:.15g}) = {mass:.15g}"


def _numbers(found: Explanation) -> Iterator[str]:
    yield f"at y = {found.y:.17g}:"
    if found.mass:
        yield f"    a point mass of {found.mass:.15g}; the density of the rest follows"
    for n, path in enumerate(found.paths, 1):
        if len(found.paths) > 1:
            yield f"  branch {n}"
        for factor in path.factors:
            yield f"    x = {factor.point:<24.17g} log|dx/dy| = {factor.log_det:<+24.17g} sum {factor.total:+.17g}"
        yield f"    log f(x0) = {path.log_base:+.17g}   log of the product = {path.log_term:+.17g}"
    if not found.paths:
        yield "    no preimage: the density is 0"
    yield f"log density = {found.logpdf:.17g},  density = {np.exp(found.logpdf):.17g}"

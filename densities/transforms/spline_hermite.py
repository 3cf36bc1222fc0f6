"""Monotone splines of polynomials: cubic ones, and quintic ones that also take on second derivatives.

That a polynomial rises on an interval is decided exactly: doubles are rational numbers, and Sturm's theorem counts the
zeros of its derivative in rational arithmetic. The coefficients are exact too, and rounded once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from densities.errors import ParameterError
from densities.numerics.polynomials import Exact, derivative, expansion, has_zero
from densities.transforms.base import register
from densities.transforms.spline import FALLING, KNOTS, LATEX, RISING, Cells, Row, Spline
from densities.transforms.spline_solving import solve

# Beyond the knots a point has no bound; this one is finite, as all of a table.
FAR = float(np.finfo(float).max)
TERMS = ("c1", "c2", "c3", "c4", "c5")


@register(
    "monotone_hermite_spline",
    examples=[
        {"x": [0.0, 1.0, 3.0], "y": [0.0, 2.0, 3.0], "derivatives": [1.5, 1.0, 0.25]},
        {**RISING, "derivatives": [1.0, 1.0, 1.25, 2.0], "second_derivatives": [0.0, 0.25, 0.5, 0.0]},
        {**FALLING, "derivatives": [-0.2, -0.5, -0.8, -0.2], "second_derivatives": [0.0, -0.2, 0.3, 0.0]},
    ],
)
class MonotoneHermiteSpline(Spline):
    """y = Σ c_j·θ^j between the knots, with the values y, the slopes `derivatives` and, where given, the second derivatives.

    θ = (x - x_k)/w; of degree 3, or 5 with `second_derivatives`; straight beyond the knots. Raises ParameterError with the
    interval for data whose polynomial does not rise (or fall) with a slope other than 0 all the way from knot to knot. The
    inverse is Newton's method within a bracket, to the last bits.
    """

    parameters = {"x": KNOTS, "y": KNOTS, "derivatives": KNOTS, "second_derivatives": KNOTS}
    optional = ("second_derivatives",)
    latex = LATEX

    def columns(self, cells: Cells) -> Mapping[str, np.ndarray]:
        start = cells.start
        last = len(start) - 1
        curves: list[Exact] = [(Fraction(cells.low[k]), Fraction(cells.d_low[k])) for k in (0, last)]
        curves[1:1] = [self._curve(cells, k) for k in range(1, last)]
        rows = []
        for k, curve in enumerate(curves):
            width = Fraction(cells.right[k]) - Fraction(cells.left[k]) or Fraction(1)
            level, *rest = expansion(curve, (Fraction(start[k]) - Fraction(cells.left[k])) / width)
            rows.append([float(level), *(float(c / width) for c in rest), *(0.0,) * (len(TERMS) - len(rest))])
        table = dict(zip(("level", *TERMS), np.array(rows).T, strict=True))
        first, second = cells.left - start, cells.right - start
        first[0], second[-1] = -FAR, FAR
        return {"start": start, **table, "scale": cells.scale, "first": first, "last": second}

    def _curve(self, cells: Cells, k: int) -> Exact:
        """The coefficients of the polynomial in θ of the interval before the knot k, which rises."""
        low, high, left, right = (Fraction(ends[k]) for ends in (cells.low, cells.high, cells.left, cells.right))
        width = right - left
        slopes = [width * Fraction(d[k]) for d in (cells.d_low, cells.d_high)]
        given = self.params.get("second_derivatives")
        bends = [] if given is None else [width**2 * Fraction(self._sign * float(b)) for b in given[k - 1 : k + 1]]
        curve = (low, *hermite(high - low, *slopes, *bends))
        if has_zero(derivative(curve), Fraction(0), Fraction(1)):
            names = ", ".join(self.params)
            raise ParameterError(
                f"{self.name}: {names}: expected data that a monotone polynomial takes on between the knots, "
                f"got a curve that turns in interval {k - 1}, from x[{k - 1}] = {float(left):.17g} to {float(right):.17g}"
            )
        return curve

    def secant(self, t: Any, row: Row) -> Any:
        scale, *terms = row("scale", *self._terms)
        return polynomial(terms, t * scale)

    def slope(self, t: Any, row: Row) -> Any:
        scale, *terms = row("scale", *self._terms)
        return polynomial([j * term for j, term in enumerate(terms, 1)], t * scale)

    def run(self, u: Any, row: Row) -> Any:
        scale, first, last, *terms = row("scale", "first", "last", *self._terms)

        def rise(t: Any, scale: Any, *terms: Any) -> tuple[Any, Any]:
            s = t * scale
            return t * polynomial(terms, s), polynomial([j * term for j, term in enumerate(terms, 1)], s)

        guess = u / terms[0]
        t = solve(rise, u, np.clip(guess, first, last), first, last, (scale, *terms))
        return np.where(np.abs(u) > np.finfo(u.dtype).tiny * 1e8, t / u, 1.0 / terms[0])

    @property
    def _terms(self) -> Sequence[str]:
        return TERMS if "second_derivatives" in self.params else TERMS[:3]


@register(
    "monotone_cubic_spline",
    aliases=("pchip",),
    examples=[
        {"x": [0.0, 1.0, 3.0], "y": [0.0, 2.0, 3.0]},
        {**RISING, "derivatives": [0.5, 2.0, 0.5, 1.5]},
        FALLING,
    ],
    source="F. N. Fritsch, R. E. Carlson, SIAM J. Numer. Anal. 17 (1980) 238; F. N. Fritsch, J. Butland (1984)",
)
class MonotoneCubicSpline(MonotoneHermiteSpline):
    """y = Σ c_j·θ^j, j <= 3, between the knots, θ = (x - x_k)/w, with the slopes of PCHIP where no `derivatives` are given.

    These slopes are weighted harmonic means of those of the neighbouring chords, which keeps every interval monotone; at
    the ends they come from three points, or are that of the last chord where this would be 0. Straight beyond the knots.
    """

    parameters = {"x": KNOTS, "y": KNOTS, "derivatives": KNOTS}
    optional = ("derivatives",)
    latex = LATEX

    def slopes(self) -> np.ndarray:
        given = self.params.get("derivatives")
        return pchip_slopes(np.diff(self.params["x"]), np.diff(self.params["y"])) if given is None else given


def hermite(
    h: Fraction, d: Fraction, e: Fraction, a: Fraction | None = None, b: Fraction | None = None
) -> list[Fraction]:
    """The coefficients of θ, θ², ... that rise by h with slopes d and e, and second derivatives a and b, at 0 and 1."""
    if a is None or b is None:
        return [d, 3 * h - 2 * d - e, d + e - 2 * h]
    return [
        d,
        a / 2,
        10 * h - 6 * d - 4 * e + (b - 3 * a) / 2,
        7 * e + 8 * d - 15 * h + (3 * a - 2 * b) / 2,
        6 * h - 3 * (d + e) + (b - a) / 2,
    ]


def polynomial(terms: Sequence[Any], s: Any) -> Any:
    """terms[0] + terms[1]·s + terms[2]·s² + ..."""
    total = terms[-1]
    for term in reversed(terms[:-1]):
        total = term + s * total
    return total


def pchip_slopes(widths: np.ndarray, rises: np.ndarray) -> np.ndarray:
    """The slopes of Fritsch and Butland at the knots of monotone data."""
    chords = rises / widths
    if len(chords) == 1:
        return np.append(chords, chords)
    before, after = 2.0 * widths[1:] + widths[:-1], widths[1:] + 2.0 * widths[:-1]
    inner = (before + after) / (before / chords[:-1] + after / chords[1:])
    ends = [_end_slope(*widths[:2], *chords[:2]), _end_slope(*widths[:-3:-1], *chords[:-3:-1])]
    return np.concatenate([ends[:1], inner, ends[1:]])


def _end_slope(w: float, w_next: float, chord: float, next_chord: float) -> float:
    """The slope at an end of the parabola through three points, at most three times that of the chord."""
    slope = ((2.0 * w + w_next) * chord - w * next_chord) / (w + w_next)
    if slope * chord <= 0:
        return chord
    return slope if abs(slope) <= 3.0 * abs(chord) else 3.0 * chord

"""Ways back through maps in LaTeX by SymPy, from their formulas: for maps without a template of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import sympy

from densities.anchored import value
from densities.arrays import quiet
from densities.distributions.latex.maps import indicator
from densities.distributions.map_formulas import forward_text, map_formula, sections
from densities.distributions.symbolic import Symbolic, preimage_within
from densities.domains import Interval
from densities.errors import ExpressionError
from densities.transforms.base import Piece
from densities.transforms.symbolic_text import formula

__all__ = ["ways_back"]

Y = sympy.Symbol("y", real=True)


def ways_back(step: Any, argument: str, support: Interval) -> list[tuple[str, str]]:
    """(x, |dx/dy|) on each part of a support where a map has one formula, in LaTeX; none where it has no formula.

    Where the parts have different images the indicator of each stands beside its slope.
    """
    if step.name == "polynomial":
        return Symbolic(forward_text(step)).latex_inverses(argument, support)
    parts = list(_parts(step, support))
    formulas = [map_formula(step, float(np.asarray(part.interior_point()))) for part, _ in parts]
    found = [one for one in formulas if one is not None]
    if len(found) < len(formulas):
        return []
    whole = all(image.same_as(parts[0][1]) for _, image in parts)
    ways = []
    for one, (part, image) in zip(found, parts, strict=True):
        try:
            *candidates, slope = [formula(text, {"y": Y}) for text in (*one.inverses, one.slope)]
        except ExpressionError:  # exponents beyond what formulas take
            return []
        where = "" if whole else indicator(image, argument)
        factor = (_factor(slope, argument) + where).removeprefix(r"\,")
        ways.append((_written(preimage_within(candidates, part, image), argument), factor))
    return ways


def _parts(step: Any, support: Interval) -> Iterator[tuple[Interval, Interval]]:
    """The parts of the support on which a map has one formula and one direction, and their images."""
    for piece in step.pieces_within(support):
        if isinstance(piece, Piece):
            for part in sections(piece.map, piece.domain.intersect(support)):
                if value(part.low) < value(part.high):
                    with quiet():
                        yield part, piece.map.image(part)


def _factor(slope: Any, argument: str) -> str:
    """A slope as a factor: sums enclosed, and nothing for 1."""
    text = _written(slope, argument)
    return "" if slope == 1 else rf"\left({text}\right)" if slope.is_Add or text.startswith("-") else text


def _written(expr: Any, argument: str) -> str:
    """A formula in y in LaTeX, with the argument for y."""
    enclosed = argument if len(argument) == 1 else rf"\left({argument}\right)"
    return sympy.latex(expr, inv_trig_style="full", symbol_names={Y: enclosed})

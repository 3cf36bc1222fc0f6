"""Straight lines: what a + bX is for the families that have a location, a scale or ends."""

from __future__ import annotations

from typing import Any

import numpy as np

from densities.distributions.continuous.shared import Symmetric
from densities.distributions.family import Family
from densities.distributions.identities.moves import Line, near, steady
from densities.distributions.identities.table import along, for_any_family, named, register_identity

JOHNSON = "Johnson, Kotz, Balakrishnan 1 and 2"


@for_any_family("line")
def line_of_family(law: Any, line: Line) -> Any:
    """Location and scale take the line in; what they cannot hold, a turn or a shift, stays behind it."""
    if not isinstance(law, Family) or law.scale_name is None:
        return None
    if not (line.up or line.down or isinstance(law, Symmetric)):
        return None
    return _by_location(law, line) if law.location_name else _by_scale(law, line)


def _by_location(law: Any, line: Line) -> Any:
    loc, scale = law.params[law.location_name], law.params[law.scale_name]
    if line.up or isinstance(law, Symmetric):
        return _member(law, line.moved(loc, scale), line.stretched(scale))
    if line.is_multiple(-1.0):
        return None
    turned = Line(np.negative(line.shift), np.negative(line.factor), line.divisor)
    return along(_member(law, turned.moved(loc, scale), turned.stretched(scale)), 0.0, -1.0)


def _by_scale(law: Any, line: Line) -> Any:
    stretched = _member(law, None, line.stretched(law.params[law.scale_name]))
    if line.through_origin and line.up:
        return stretched
    if near(np.abs(line.ratio), 1.0):
        return None
    return along(stretched, line.shift / line.divisor, 1.0 if line.up else -1.0)


def _member(law: Any, loc: Any, scale: Any) -> Any:
    placed = {} if loc is None else {law.location_name: loc}
    changed = {**law.params, **placed, law.scale_name: scale}
    return named(law.name, *changed.values())


@for_any_family("abs")
def abs_of_positive(law: Any) -> Any:
    """|X| = X for X >= 0, which is no change; a rule of the family comes first."""
    return law if np.all(np.asarray(law.support.low) >= 0) else None


@register_identity("uniform", "line", source="definition")
def uniform_line(low: Any, high: Any, line: Line) -> Any:
    return _between("uniform", low, high, line)


@register_identity("arcsine", "line", source="definition")
def arcsine_line(low: Any, high: Any, line: Line) -> Any:
    return _between("arcsine", low, high, line)


def _between(family: str, low: Any, high: Any, line: Line) -> Any:
    """The images of both ends, each rounded little beside their distance."""
    if not (line.up or line.down):
        return None
    width = high - low
    ends = line.moved(low, width), line.moved(high, width)
    return named(family, *(ends if line.up else ends[::-1]))


@register_identity("triangular", "line", source="definition")
def triangular_line(left: Any, mode: Any, right: Any, line: Line) -> Any:
    if not (line.up or line.down):
        return None
    points = [line.moved(point, right - left) for point in (left, mode, right)]
    return named("triangular", *(points if line.up else points[::-1]))


@register_identity("skew_normal", "line", source="Azzalini 1985, property D")
def skew_normal_line(a: Any, loc: Any, scale: Any, line: Line) -> Any:
    """-Z has the skewness turned round."""
    turn = 1.0 if line.up else -1.0
    if not (line.up or line.down):
        return None
    return named("skew_normal", turn * a, line.moved(loc, scale), line.stretched(scale))


@register_identity("log_normal", "line", source=f"{JOHNSON}, ch. 14")
def log_normal_line(mu: Any, sigma: Any, line: Line) -> Any:
    if not (line.through_origin and line.up):
        return None
    log_ratio = np.log(line.ratio)
    return named("log_normal", steady(mu + log_ratio, sigma) + 0.0 * steady(log_ratio, sigma), sigma)


@register_identity("chi_squared", "line", source=f"{JOHNSON}, ch. 18")
def chi_squared_line(df: Any, line: Line) -> Any:
    return named("gamma", 0.5 * df, line.stretched(2.0)) if line.through_origin and line.up else None


@register_identity("inverse_gaussian", "line", source=f"{JOHNSON}, ch. 15")
def inverse_gaussian_line(mean: Any, lam: Any, line: Line) -> Any:
    if not (line.through_origin and line.up):
        return None
    return named("inverse_gaussian", line.stretched(mean), line.stretched(lam))


@register_identity("f", "line", source=f"{JOHNSON}, ch. 27")
def f_line(dfnum: Any, dfden: Any, line: Line) -> Any:
    """mF/n is the ratio of two gamma variables."""
    return named("beta_prime", 0.5 * dfnum, 0.5 * dfden) if line.is_multiple(dfnum / dfden) else None


@register_identity("beta_prime", "line", source=f"{JOHNSON}, ch. 27")
def beta_prime_line(a: Any, b: Any, line: Line) -> Any:
    return named("f", 2.0 * a, 2.0 * b) if line.is_multiple(b / a) else None


@register_identity("beta", "line", source=f"{JOHNSON}, ch. 25")
def beta_line(a: Any, b: Any, line: Line) -> Any:
    """1 - X exchanges the two exponents; 2X - 1 on the semicircle; a multiple of a power of a uniform variable."""
    if near(line.ratio, -1.0) and np.all(np.equal(line.shift, line.divisor)):
        return named("beta", b, a)
    if np.all(np.equal(a, 1.5)) and np.all(np.equal(b, 1.5)):
        return named("semicircular", line.moved(0.5, 0.5), line.stretched(0.5))
    power = line.through_origin and line.up and np.all(np.equal(b, 1.0))
    return named("power_function", a, line.ratio) if power else None


@register_identity("pareto", "line", source=f"{JOHNSON}, ch. 20")
def pareto_line(a: Any, xm: Any, line: Line) -> Any:
    """X - xm is Lomax."""
    beginning = np.all(np.equal(line.shift, np.negative(xm * line.factor)))
    return named("lomax", a, line.stretched(xm)) if line.up and beginning else None


@register_identity("lomax", "line", source=f"{JOHNSON}, ch. 20")
def lomax_line(a: Any, scale: Any, line: Line) -> Any:
    beginning = np.all(np.equal(line.shift, scale * line.factor))
    return named("pareto", a, line.stretched(scale)) if line.up and beginning else None


@register_identity("geometric", "line", source="definition: failures are trials less 1")
def geometric_line(p: Any, line: Line) -> Any:
    return named("negative_binomial", 1.0, p) if line == Line(-1.0) else None

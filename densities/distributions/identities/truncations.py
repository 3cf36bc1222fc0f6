"""Laws that keep their family when they are cut: halves of symmetric ones, and those without memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from densities.anchored import value
from densities.distributions.identities.table import along, for_any_family, named, register_identity
from densities.distributions.truncated import Truncated


@for_any_family("truncate")
def truncated_law(law: Any, low: Any, high: Any) -> Any:
    """The law itself where nothing is cut off, not even a point mass at `low`; one cut where there were two."""
    support = law.support
    start = value(support.low)
    if low <= start and high >= value(support.high) and (low < start or np.isneginf(law.logpmf(start))):
        return law
    if isinstance(law, Truncated):
        return Truncated(law.base, max(low, law.low), min(high, law.high))
    return None


@register_identity("normal", "truncate", source="definition")
def half_of_normal(loc: Any, scale: Any, low: Any, high: Any) -> Any:
    return _half("half_normal", loc, scale, low, high)


@register_identity("cauchy", "truncate", source="definition")
def half_of_cauchy(loc: Any, scale: Any, low: Any, high: Any) -> Any:
    return _half("half_cauchy", loc, scale, low, high)


def _half(family: str, loc: Any, scale: Any, low: Any, high: Any) -> Any:
    """Cut at the centre: the half law, from there to the right or to the left."""
    if (low, high) == (loc, np.inf):
        return _moved(named(family, scale), loc, 1.0)
    return _moved(named(family, scale), loc, -1.0) if (low, high) == (-np.inf, loc) else None


def _moved(law: Any, shift: Any, factor: float) -> Any:
    return law if shift == 0.0 and factor == 1.0 else along(law, shift, factor)


@register_identity("laplace", "truncate", source="no memory")
def tail_of_laplace(loc: Any, scale: Any, low: Any, high: Any) -> Any:
    if low >= loc and high == np.inf:
        return _moved(named("exponential", scale), low, 1.0)
    return _moved(named("exponential", scale), high, -1.0) if low == -np.inf and high <= loc else None


@register_identity("exponential", "truncate", source="no memory")
def tail_of_exponential(scale: Any, low: Any, high: Any) -> Any:
    return _moved(named("exponential", scale), low, 1.0) if low >= 0 and high == np.inf else None


@register_identity("pareto", "truncate", source="no memory on a logarithmic scale")
def tail_of_pareto(a: Any, xm: Any, low: Any, high: Any) -> Any:
    return named("pareto", a, low) if low >= xm and high == np.inf else None


@register_identity("lomax", "truncate", source="no memory on a logarithmic scale")
def tail_of_lomax(a: Any, scale: Any, low: Any, high: Any) -> Any:
    return along(named("lomax", a, scale + low), low) if low > 0 and high == np.inf else None


@register_identity("uniform", "truncate", source="definition")
def part_of_uniform(start: Any, stop: Any, low: Any, high: Any) -> Any:
    return named("uniform", max(start, low), min(stop, high))

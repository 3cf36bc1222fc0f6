"""Looking registered maps up by their properties."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from densities.domains import REAL, Domain, Interval
from densities.errors import ParameterError, argument_error
from densities.transforms.base import Bijection, Transform, registry


def find(**filters: Any) -> list[str]:
    """The names of the registered transforms whose first example has the wanted properties.

    `domain` and `codomain` are words ("real", "positive", "unit", "bounded") or Interval objects; `increasing` and
    `bijective` are booleans.
    """
    return [entry.name for entry in registry if _matches(next(iter(entry.instances()), None), filters)]


WORDS = {"real": REAL, "positive": Interval(0.0, np.inf), "unit": Interval(0.0, 1.0)}


def _matches(transform: Transform | None, filters: Mapping[str, Any]) -> bool:
    """Whether an example has the properties; a map that is made of a law has no example, and none of them."""
    if transform is None:
        return not filters
    facts: dict[str, Callable[[Any], bool]] = {
        "domain": lambda wanted: _is_domain(transform.domain, wanted),
        "codomain": lambda wanted: _is_domain(transform.codomain, wanted),
        "increasing": lambda wanted: isinstance(transform, Bijection) and bool(np.all(transform.increasing)) == wanted,
        "bijective": lambda wanted: isinstance(transform, Bijection) == wanted,
    }
    unknown = set(filters) - set(facts)
    if unknown:
        raise ParameterError(argument_error("find", f"filters among {', '.join(facts)}", sorted(unknown)))
    return all(facts[key](wanted) for key, wanted in filters.items())


def _is_domain(domain: Domain, wanted: Any) -> bool:
    if isinstance(wanted, str):
        if wanted == "bounded":
            return isinstance(domain, Interval) and bool(np.isfinite(domain.length))
        if wanted not in WORDS:
            raise ParameterError(
                argument_error("domain", f"an Interval or one of {', '.join([*WORDS, 'bounded'])}", wanted)
            )
        wanted = WORDS[wanted]
    return isinstance(domain, Interval) and domain.same_as(wanted)

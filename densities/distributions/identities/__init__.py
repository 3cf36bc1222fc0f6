"""Laws recognised: `simplify(law)` is the same law by its shortest name, from a table of identities g(F(θ)) = G(θ').

    exp(normal(0.5, 0.8)) is log_normal(0.5, 0.8);  normal(0, 1)**2 is chi_squared(1);  -log(uniform()) is exponential()

Nothing that evaluates a law asks this table, so that the general path and the named law check each other. A chain of
maps is spelled in moves (`moves`), and the law takes in as many as the table knows; what is left stays behind it as
maps. A rule refuses where its parameters would overflow or lose digits, and then the law stays as it is.

    table, chains, moves        how rules are filed, and how a law is led through them
    names, lines, powers, exponentials, circular, reflected, symmetric, generalized, truncations   rules, by the map
    pairs, several              rules for functions of independent variables
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from functools import reduce, singledispatch
from typing import Any

from densities import protocols
from densities.distributions.base import Distribution
from densities.distributions.family import Family
from densities.distributions.identities import (
    circular,
    exponentials,
    generalized,
    lines,
    names,
    powers,
    reflected,
    symmetric,
    truncations,
)
from densities.distributions.identities.chains import after, through
from densities.distributions.identities.moves import Exponent, Line, Move
from densities.distributions.identities.table import (
    identities,
    named,
    names_of,
    register_identity,
    renamed,
    spread,
)
from densities.distributions.mixture import Mixture
from densities.distributions.narrow import keeps_place
from densities.distributions.pushforward import Pushforward
from densities.distributions.truncated import Truncated
from densities.errors import SupportError
from densities.protocols import push_forward
from densities.transforms.base import Transform
from densities.transforms.of_laws import CdfOf

__all__ = ["Exponent", "Line", "canonical", "identities", "register_identity", "simplify"]
RULES = (circular, exponentials, generalized, lines, names, powers, reflected, symmetric, truncations)
CACHE = "_simplest"
# A weight this close to 1 is 1: the weights of a mixture are sums of rounded numbers.
WHOLE = 4.0 * 2.0**-52


@protocols.simplify.register
def simplify(law: Distribution) -> Any:
    """The same law by its shortest name where the table knows one, otherwise the law itself (the same object).

    The parameters are within a few roundings of the exact ones. The answer is kept with the law.
    """
    version, simplest = law.__dict__.get(CACHE, (None, law))
    if version != identities.version:
        simplest = simplest_form(law)
        law.__dict__[CACHE] = identities.version, simplest
    return simplest


def canonical(law: Any) -> Any:
    """The law as a member of the largest family the table knows: chi_squared(4) and exponential(2) as gamma laws.

    For whoever looks for a closed form: two laws that simplify to different names may share a larger family.
    """
    *_, largest = (law, *list(names_of(simplify(law)))[:2])
    return largest


@singledispatch
def simplest_form(law: Any) -> Any:
    """The shortest form of a law of this type; a new kind of law registers its own."""
    return law


@simplest_form.register
def _family(law: Distribution) -> Any:
    return renamed(law)


@simplest_form.register
def _pushforward(law: Pushforward) -> Any:
    """The maps one by one into the innermost law."""
    base, steps, told = laws_own(*law.unfolded)
    simplest = simplify(base)
    written = base if isinstance(base, Family) else simplest
    reached, done = through(written, simplest, steps)
    if not done and written is base and not told:
        return law
    if law.narrowness.anywhere:  # only what the identities have replaced can have been moved
        before = law if done == len(steps) else reduce(push_forward, steps[:done], written)
        if not keeps_place(before, reached):
            return law
    try:
        return reduce(push_forward, steps[done:], reached)
    except SupportError:  # an end that an identity has rounded across the edge of the next map
        return law


def laws_own(base: Any, steps: Sequence[Transform]) -> tuple[Any, Sequence[Transform], bool]:
    """Base and maps without those that end in the distribution function of the law itself, and whether there were such."""
    for done, step in reversed(list(enumerate(steps))):
        if isinstance(step, CdfOf):
            law = base
            for before in steps[:done]:
                law = push_forward(law, before)
            if law.same_as(step.law) or simplify(law).same_as(simplify(step.law)):
                return spread(named("uniform", 0.0, 1.0), law.batch_shape), steps[done + 1 :], True
    return base, steps, False


@simplest_form.register
def _truncated(law: Truncated) -> Any:
    base = simplify(law.base)
    found = after(base, (Move("truncate", (law.low, law.high)),))
    if found is not None:
        return found
    return law if base is law.base else Truncated(base, law.low, law.high)


@simplest_form.register
def _mixture(law: Mixture) -> Any:
    """Components simplified, those without weight dropped, equal ones joined; a single one stands for the mixture."""
    joined: list[tuple[float, Any]] = []
    places: dict[str, list[int]] = {}  # of components that read alike, which most different ones do not
    for weight, component in zip(law.weights, map(simplify, law.components), strict=True):
        alike = places.setdefault(str(component), [])
        place = next((i for i in alike if joined[i][1].same_as(component)), None)
        if place is not None:
            joined[place] = joined[place][0] + weight, component
        elif weight > 0:
            alike.append(len(joined))
            joined.append((weight, component))
    if len(joined) == 1 and abs(joined[0][0] - 1.0) <= WHOLE:
        return joined[0][1]
    weights, components = zip(*joined, strict=True)
    same = len(components) == len(law.components) and all(map(operator.is_, components, law.components))
    return law if same else Mixture(list(weights), components)

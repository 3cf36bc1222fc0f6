"""Rewriting a pair (p, q) into a simpler one with the same divergence, before any number is computed.

A bijection that both laws end in cancels: D(g#p‖g#q) = D(p‖q) for injective g, and for no other. What one law ends in
can be moved to the other: D(g#b‖q) = D(b‖g⁻¹#q).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from densities.anchored import value
from densities.arrays import quiet
from densities.distributions.array_pushforward import ArrayPushforward, elementary_steps
from densities.distributions.continuous.image import Image
from densities.distributions.elliptical import MultivariateNormal
from densities.distributions.mixture import Mixture
from densities.distributions.pushforward import Pushforward
from densities.distributions.vector_mixture import VectorMixture
from densities.divergences.closed_forms import closed_form
from densities.errors import SupportError
from densities.protocols import push_forward
from densities.transforms.base import Bijection
from densities.transforms.chains import same_steps

# Parameters that an identity computes are within a few roundings of the exact ones.
EPS = float(np.finfo(float).eps)
ROUNDED = 1.0 - 2.0 * EPS, 1.0 + 2.0 * EPS
# Entries of arrays round each its own way, by half an ulp of what was summed in more digits: some ways stand for the worst.
SHAKES, SHAKEN = 4, 4.0 * EPS


@dataclass(frozen=True)
class Rewritten:
    """A pair with the same divergence, and what was done to get it."""

    p: Any
    q: Any
    steps: list[str] = field(default_factory=list)


PUSHED = (Pushforward, ArrayPushforward)
MIXED = (Mixture, VectorMixture)


def last_bijection(law: Any) -> Bijection | None:
    """The last elementary bijection that the law was pushed through; of a mixture the one that all components were."""
    if isinstance(law, PUSHED) and isinstance(law.transform, Bijection):
        return elementary_steps(law.transform)[-1]  # type: ignore[return-value]
    if isinstance(law, MIXED):
        first, *others = (component for _, component in law.terms)
        last = last_bijection(first)
        return last if last and all(last.same_as(last_bijection(other)) for other in others) else None
    return None


def without_last(law: Any) -> Any:
    """The law before its last elementary bijection."""
    if isinstance(law, MIXED):
        weights, components = zip(*law.terms, strict=True)
        return type(law)(weights, [without_last(component) for component in components])
    return law.through(elementary_steps(law.transform)[:-1])


def opened(law: Any) -> Any:
    """The base and the maps of a family that is an image, and so of the components of a mixture where no parameter has to be
    computed for that; `law` itself where it is none."""
    if isinstance(law, MIXED):
        weights, components = zip(*law.terms, strict=True)
        inner = [opened(component) for component in components]
        changed = [(new, old) for new, old in zip(inner, components, strict=True) if new is not old]
        exact = changed and not any(is_computed(new, old) for new, old in changed)
        return type(law)(weights, inner) if exact else law
    return law.law if isinstance(law, Image) else law


def one_to_one(first: Any, second: Any) -> bool:
    """Whether both laws end in one map of many pieces that sends no two points of their supports to one, as 1/x does."""
    laws = first, second
    if not all(isinstance(law, Pushforward) and not isinstance(law.transform, Bijection) for law in laws):
        return False
    if any(law.measure == "counting" for law in laws):
        return False  # point masses are compared as they are, and of their maps not even the pieces are known
    if not (same_steps(first.transform.steps, second.transform.steps) and first.injective and second.injective):
        return False
    ends = [tuple(map(value, law.base.support.edges)) for law in laws]
    return any(np.all((a[0] <= b[0]) & (b[1] <= a[1])) for a, b in (ends, ends[::-1]))


def strip_shared(p: Any, q: Any) -> Rewritten:
    """Both laws without the injective maps that both end in, those that a family is made by included."""
    steps: list[str] = []
    while True:
        # Opened, near-identical parameters of one family would lose their difference.
        one_family = p.name and p.name == q.name and not isinstance(p, MIXED)
        first, second = (p, q) if one_family else (opened(p), opened(q))
        if one_to_one(first, second):
            p, q = first.base, second.base
            steps.append(f"shared map {first.transform}, injective on the supports, cancels")
            continue
        last = last_bijection(first)
        if last is None or not last.same_as(last_bijection(second)):
            return Rewritten(p, q, steps)
        p, q = without_last(first), without_last(second)
        steps.append(f"shared bijection {last} cancels")


def on_plane(pair: Rewritten) -> Rewritten:
    """Two laws of the same plane in coordinates of that plane."""
    if not all(isinstance(law, MultivariateNormal) and law.singular for law in (pair.p, pair.q)):
        return pair
    step = "both laws live on one plane: its coordinates"
    return Rewritten(pair.p.seen_on(pair.q), pair.q.seen_on(pair.q), [*pair.steps, step])


def pulled_to_base(p: Any, q: Any) -> Rewritten | None:
    """D(b‖g⁻¹#q) for p = g#b with an injective g whose image holds the support of q; None where that is not so."""
    if not (isinstance(p, PUSHED) and isinstance(p.transform, Bijection)):
        return None
    try:
        return Rewritten(
            p.base, push_forward(q, p.transform.inv), [f"{p.transform} is moved from p to q as its inverse"]
        )
    except SupportError:
        return None


def kl_number(p_name: str, p_params: Any, q_name: str, q_params: Any) -> float | None:
    """D(p‖q) by its closed form, None where it has none."""
    form = closed_form(p_name, p_params, q_name, q_params)
    return None if form is None else float(form.value)


def rounding(
    pair: Rewritten, given: tuple[Any, Any], number: float, known: Callable[..., float | None] = kl_number
) -> float:
    """What the rounding of parameters that a rewriting has computed may do to a closed form of the pair, `known` by names and
    parameters and `number` here.

    3·gamma(3, 0.1) is gamma(3, 0.3) with a scale that is no double; beside gamma(3, 0.3000001) a rounding of it is seen.
    A parameter with the digits of a given number, a power of two apart, is that number.
    """
    if pair.p is given[0] and pair.q is given[1]:
        return 0.0
    digits, laws = known_digits(*given), (pair.p, pair.q)
    arrays = [x for law in given for x in _numbers(law) if np.ndim(x)]
    computed = [
        (law, name, ROUNDED if np.ndim(x) == 0 else _shaken(np.shape(x)))
        for law in laws
        for name, x in law.params.items()
        if (_digits(x) not in digits if np.ndim(x) == 0 else not any(np.array_equal(x, one) for one in arrays))
    ]
    return sum(
        max(abs(_moved(laws, law, name, by, known) - number) for by in factors) for law, name, factors in computed
    )


def known_digits(*laws: Any) -> set[float]:
    """The mantissas of the numbers that laws are made of, in arrays too, and those of 0 and powers of two."""
    return {0.0, 0.5, *(_digits(x) for law in laws for part in _numbers(law) for x in np.ravel(part).tolist())}


def is_computed(law: Any, given: Any) -> bool:
    """Whether a number that `law` is made of is none of another one's, and so may have been rounded."""
    return not known_digits(law) <= known_digits(given)


def _shaken(shape: tuple[int, ...]) -> list[Any]:
    """Factors for the entries of an array, or of a symmetric matrix, each rounded its own way."""
    signs = np.random.default_rng(0).choice((-1.0, 1.0), (SHAKES, *shape))
    if len(shape) > 1:
        signs = np.triu(signs) + np.swapaxes(np.triu(signs, 1), -1, -2)
    return list(1.0 + SHAKEN * signs)


def _moved(laws: tuple[Any, Any], moved: Any, name: str, factor: Any, known: Callable[..., float | None]) -> float:
    """The closed form of two laws with one parameter of one of them times a factor; inf where it has none."""
    first, second = ({**law.params, name: law.params[name] * factor} if law is moved else law.params for law in laws)
    with quiet(), suppress(np.linalg.LinAlgError):  # a matrix that rounding alone keeps positive
        number = known(laws[0].name, first, laws[1].name, second)
        if number is not None and not np.isnan(number):
            return number
    return np.inf


def _numbers(law: Any) -> Iterator[Any]:
    """The numbers, and arrays of them, that a law or a map is made of."""
    yield from (x for x in law.params.values() if isinstance(x, int | float | np.ndarray))
    for part in law.made_of:
        yield from _numbers(part)


def _digits(x: Any) -> float:
    """The mantissa of a number, without a sign."""
    return abs(math.frexp(x)[0]) if isinstance(x, int | float) else math.nan

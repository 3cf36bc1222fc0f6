"""Two near-identical laws of one structure: the log-density on the segment between their parameters, with its derivative.

Of one structure are two members of a family, and pushforwards, mixtures and truncations whose ingredients are so, one by one.
At s the parameters are θ(s) = (θ_p + θ_q)/2 + s (θ_p - θ_q), and `segment(p, q, s)` gives the function

    y -> log f(y; θ(s)) + ε · d/ds log f(y; θ(s))

as a `Dual`, by the formulas of the laws themselves. Then log p(y) - log q(y) is the integral of that derivative over
-1/2 < s < 1/2, in which nothing cancels. Laws whose supports differ have no such segment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import singledispatch
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from densities.anchored import Anchored, value
from densities.arrays import quiet
from densities.distributions.continuous.image import Image, through
from densities.distributions.family import Family
from densities.distributions.mixture import Mixture
from densities.distributions.pushforward import Branch, Pushforward
from densities.distributions.truncated import Truncated
from densities.domains import Integers, Interval
from densities.duals import UNMOVED, Dual, DualError, plain, slope_of
from densities.expectation import edges_of, smooth_parts
from densities.numerics.panels import Block, Panels
from densities.transforms.base import Bijection, Inverse, uninverted
from densities.transforms.chains import compose

Density = Callable[[Any], Any]
# Parameters are near when they differ by no more than this share of their size.
NEAR = 1e-5


class ApartError(DualError):
    """Two laws that are not near-identical members of one structure."""


class Nodes(NamedTuple):
    """Nodes of one part of a law, points of its root: their images y, log(weight of the part · density)."""

    block: Block
    y: Any
    log_root: np.ndarray


# ---- parameters ----


def changes(p: Any, q: Any) -> Iterator[tuple[float, float]]:
    """(size, change) of each parameter that differs; ApartError where the structures do, or a change is not small."""
    for a, b, unit in ingredients(p, q):
        if a != b:
            size = max(abs(a), abs(b), unit)
            if not abs(a - b) <= NEAR * size:
                raise ApartError("parameters that are not near")
            yield size, abs(a - b)


@singledispatch
def ingredients(p: Any, q: Any) -> Iterator[tuple[float, float, float]]:
    """Corresponding parameters of two laws, each with a unit that stands beside its own size."""
    raise ApartError(f"{type(p).__name__} has no parameters to move")


def _alike(p: Any, q: Any) -> None:
    if type(p) is not type(q):
        raise ApartError("laws of different structure")


def _parameters(a: Mapping[str, Any], b: Mapping[str, Any], declared: Mapping[str, Any], unit: float) -> Iterator:
    for name in a:
        domain = declared[name].domain
        if a[name] != b[name] and isinstance(domain, Integers):
            raise ApartError(f"{name} does not move in small steps")
        free = not isinstance(domain, Interval) or domain.is_real_line
        yield float(a[name]), float(b[name]), unit if free else 0.0


@ingredients.register
def _(p: Family, q: Any) -> Iterator:
    _alike(p, q)
    unit = float(p.params[p.scale_name]) if p.scale_name else 1.0
    yield from _parameters(p.params, q.params, p.parameters, unit)


@ingredients.register
def _(p: Mixture, q: Any) -> Iterator:
    _alike(p, q)
    if len(p.terms) != len(q.terms):
        raise ApartError("mixtures of different lengths")
    for (v, a), (w, b) in zip(p.terms, q.terms, strict=True):
        yield float(v), float(w), 0.0
        yield from ingredients(a, b)


@ingredients.register
def _(p: Truncated, q: Any) -> Iterator:
    _alike(p, q)
    yield from ingredients(p.base, q.base)


@ingredients.register
def _(p: Pushforward, q: Any) -> Iterator:
    _alike(p, q)
    yield from ingredients(p.base, q.base)
    first, second = p.transform.steps, q.transform.steps
    if len(first) != len(second):
        raise ApartError("maps of different lengths")
    for a, b in zip(first, second, strict=True):
        if not a.same_as(b):
            _alike(a, b)
            if not (isinstance(a, Bijection) and a.params and a.params.keys() == b.params.keys()):
                raise ApartError("maps that do not move")
            yield from _parameters(a.params, b.params, uninverted(a).parameters, 1.0)


def moving(a: Any, b: Any, s: float) -> Any:
    """A parameter at s, with its change; itself where both laws share it."""
    return a if a == b else Dual(b + (0.5 + s) * (a - b), a - b)


def _moving(a: Mapping[str, Any], b: Mapping[str, Any], s: float) -> dict[str, Any]:
    return {name: moving(a[name], b[name], s) for name in a}


# ---- densities on the segment ----


@singledispatch
def segment(p: Any, q: Any, s: float) -> Density:
    """y -> log f(y; θ(s)) and its derivative in s, for points y inside the support."""
    raise ApartError(f"{type(p).__name__} has no parameters to move")


def same_support(p: Any, q: Any) -> Interval:
    """The support of both laws; ApartError where they differ, or where an end has rounded onto another number."""
    inner, outer = p.support, q.support
    if p is q:
        return inner
    ends = [*inner.edges, *outer.edges]
    if any(isinstance(end, Anchored) for end in ends) or ends[:2] != ends[2:]:
        raise ApartError("supports that move")
    return inner


def within(support: Interval, density: Density) -> Density:
    """The density at any point: -inf outside the support."""
    if support.is_real_line:
        return density
    inside_point = value(support.interior_point())

    def anywhere(y: Any) -> Any:
        inside = np.asarray(support.contains(plain(y)))
        if inside.all():
            return density(y)
        return np.where(inside, density(np.where(inside, y, inside_point)), -np.inf)

    return anywhere


@segment.register
def _(p: Family, q: Any, s: float) -> Density:
    same_support(p, q)
    return type(p)(**_moving(p.params, q.params, s)).raw_logpdf


@segment.register
def _(p: Image, q: Any, s: float) -> Density:
    """The standard member as a base and its maps, shifted and stretched."""
    same_support(p, q)
    loc, scale = moving(p._loc, q._loc, s), moving(p._scale, q._scale, s)
    law = through(*p.image(*(moving(a, b, s) for a, b in zip(p._shapes, q._shapes, strict=True))))
    standard, log_scale = segment(law, law, s), np.log(scale)
    return lambda y: standard((y - loc) / scale) - log_scale


@segment.register
def _(p: Mixture, q: Any, s: float) -> Density:
    terms = [
        (np.log(moving(float(v), float(w), s)), within(same_support(a, b), segment(a, b, s)))
        for (v, a), (w, b) in zip(p.terms, q.terms, strict=True)
    ]
    return log_sum(terms)


def log_sum(terms: Sequence[tuple[Any, Density]]) -> Density:
    """log Σ wᵢ fᵢ by the logarithms of the weights and of the densities or masses."""

    def log_density(y: Any) -> Any:
        total: Any = -np.inf
        for log_weight, component in terms:
            total = np.logaddexp(total, log_weight + component(y))
        return total

    return log_density


@segment.register
def _(p: Truncated, q: Any, s: float) -> Density:
    same_support(p, q)
    base = segment(p.base, q.base, s)
    log_mass = log_integral(p, base)
    return lambda y: base(y) - log_mass


@segment.register
def _(p: Pushforward, q: Any, s: float) -> Density:
    same_support(p, q)
    density = segment(p.base, q.base, s)
    steps = list(zip(p.transform.steps, q.transform.steps, strict=True))
    for i, (a, b) in enumerate(steps):
        if isinstance(a, Bijection):
            density = _pulled(a if a.same_as(b) else moved(a, b, s), density)
        else:
            first, second = (_after(law, [pair[k] for pair in steps[:i]]) for k, law in enumerate((p.base, q.base)))
            same_support(first, second)
            pushed = Pushforward(first, a)
            if pushed.flats:
                raise ApartError("maps that make atoms")
            density = _summed(pushed.branches, density)
    return density


def _after(law: Any, steps: Sequence[Any]) -> Any:
    return Pushforward(law, compose(*steps)) if steps else law


def moved(a: Any, b: Any, s: float) -> Any:
    """A bijection with its parameters at s."""
    if isinstance(a, Inverse):
        return moved(a.original, b.original, s).inv
    return type(a)(**_moving(a.params, b.params, s))


def _pulled(step: Any, density: Density) -> Density:
    """The density of g(X) for a bijection g."""

    def pushed(y: Any) -> Any:
        x, log_det = step.inverse_and_log_det(y)
        return density(x) + log_det

    return pushed


def _summed(branches: Sequence[Branch], density: Density) -> Density:
    """The density of g(X), summed over the monotone pieces of g."""
    pushed = [(branch.image, _pulled(branch.map, density)) for branch in branches]
    if len(pushed) == 1:
        return pushed[0][1]

    def log_density(y: Any) -> Any:
        total: Any = -np.inf
        for image, term in pushed:
            total = np.logaddexp(total, within(image, term)(y))
        return total

    return log_density


# ---- nodes ----


def nodes_of(p: Any, points: np.ndarray, level: int = 0) -> list[Nodes]:
    """Nodes of the continuous part of p, in the coordinates of its roots, panels split at `points` too.

    Each `level` gives other nodes: all panels once more in halves, half lines nearer.
    """
    found = []
    for part in smooth_parts(p):
        if any(isinstance(end, Anchored) for end in part.root.support.edges):
            raise ApartError("an end that has rounded onto another number")
        low, *inner, high = edges_of(part, np.ravel(part.preimages(points)))
        marks = np.asarray(part.root.landmarks() if len(inner) > 1 else inner)
        spread = np.array([np.ptp(marks) or max(1.0, abs(inner[0]))])
        for _ in range(level):
            ends = [end for end in (low, *inner, high) if np.isfinite(end)]
            inner = sorted({*inner, *(0.5 * (a + b) for a, b in pairwise(ends))})
        panels = Panels(
            np.array(inner)[:, None],
            np.array([low]) if np.isfinite(low) else None,
            np.array([high]) if np.isfinite(high) else None,
            0.25 * 0.6**level * spread,
        )
        for block in panels.blocks():
            log_root = np.asarray(value(part.root.raw_logpdf(block.x))) + np.log(part.weight)
            y = value(part.forward(block.x)[0])
            found.append(Nodes(block, y, log_root))
    return found


def log_integral(p: Any, density: Density) -> Any:
    """log ∫ e^density over the support of p, a density near it up to a factor: its derivative is the mean of the density's."""
    total, change = 0.0, 0.0
    with quiet():
        for nodes in nodes_of(p, np.empty(0)):
            log = density(nodes.block.x)
            terms = nodes.block.weight * np.exp(plain(log) - p.log_mass)
            total += float(np.sum(terms))
            change += float(np.sum(np.where(terms == 0.0, 0.0, terms * slope_of(log))))
    return Dual(p.log_mass + np.log(total), change / total)


__all__ = ["UNMOVED", "ApartError", "Density", "Nodes", "changes", "log_sum", "nodes_of", "segment"]

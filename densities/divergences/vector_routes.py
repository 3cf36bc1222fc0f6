"""Which way leads to D(p‖q) of two laws of vectors: the first of a list that applies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from densities.distributions.vector_moments import MAX_DIMENSION, within_reach
from densities.divergences import elliptical, normal_mixtures
from densities.divergences.vector import infinite_tail, kl_coordinates, kl_cubature, split, summed
from densities.divergences.vector_draws import kl_draws
from densities.estimate import ErrorKind, Estimate, Status, infinite
from densities.numerics.exponents import Verdict

# A transform whose rounding exceeds this share of its value is left for cubature.
BLURRED = 1e-10


class Problem(NamedTuple):
    """A pair of laws, the method that was asked for, `scalar_kl` for pairs on the line, and the options of draws."""

    p: Any
    q: Any
    method: str
    scalar_kl: Callable[..., Estimate]
    rtol: float
    draws: Mapping[str, Any]

    def on_the_line(self, a: Any, b: Any) -> Estimate:
        return self.scalar_kl(a, b, method=self.method, rtol=self.rtol)


class Route(NamedTuple):
    """A way for pairs in which `look(p, q, method)` finds something; `words` tell of it and `run(problem, found)` goes it."""

    name: str
    look: Callable[[Any, Any, str], Any]
    words: Callable[[Any, Any], str]
    run: Callable[[Problem, Any], Estimate]


def route(p: Any, q: Any, method: str) -> tuple[str, str]:
    """The method that answers for a pair of laws of vectors without a closed form, and the words for it."""
    way, found = next((way, found) for way in ROUTES if (found := way.look(p, q, method)))
    return way.name, way.words(p, found)


def evaluate(
    p: Any, q: Any, by: str, scalar_kl: Callable[..., Estimate], method: str, *, rtol: float, **draws: Any
) -> Estimate:
    """D(p‖q) by the route `by`; `scalar_kl` is for pairs of coordinates, `draws` are options of `estimate_mean`."""
    way = next(way for way in ROUTES if way.name == by)
    return way.run(Problem(p, q, method, scalar_kl, rtol, draws), way.look(p, q, method))


def _smooth(p: Any, q: Any) -> bool:
    return p.measure == q.measure == "lebesgue"


def _few_directions(p: Any, q: Any, method: str) -> Any:
    found = normal_mixtures.reduced(p, q)
    return found if found is not None and found.dimension <= MAX_DIMENSION else None


def _by_coordinates(problem: Problem, found: Any) -> Estimate:
    def scalar_kl(a: Any, b: Any) -> Estimate:
        return problem.scalar_kl(a, b, method=problem.method, rtol=problem.rtol, **problem.draws)

    return kl_coordinates(problem.p, problem.q, found, scalar_kl)


def _reduced(problem: Problem, found: Any) -> Estimate:
    return normal_mixtures.with_rounding(problem.on_the_line(found.p, found.q), found)


def _by_entries(problem: Problem, found: Any) -> Estimate:
    terms, error = elliptical.kl_by_entries(
        problem.p, problem.q, problem.on_the_line, lambda a, b: problem.scalar_kl(a, b, method="closed")
    )
    return summed(terms, 0.0, error, {})


def _by_transform(problem: Problem, found: Any) -> Estimate:
    known = elliptical.kl_by_transform(problem.p, problem.q)
    alike = known.error > BLURRED * known.value and within_reach(problem.p)
    return _by_cubature(problem, found) if alike else known


def _by_cubature(problem: Problem, found: Any) -> Estimate:
    return kl_cubature(problem.p, problem.q, rtol=problem.rtol)


def _by_draws(problem: Problem, found: Any) -> Estimate:
    p, q = problem.p, problem.q
    if p.measure == "lebesgue" and infinite_tail(p, q) is Verdict.INFINITE:
        return infinite("tails", "p log(p/q) is not integrable far out, along a coordinate of the roots of p")
    return kl_draws(p, q, **problem.draws)


def _unavailable(problem: Problem, found: Any) -> Estimate:
    reason = route(problem.p, problem.q, problem.method)[1]
    return Estimate(np.nan, np.inf, ErrorKind.HEURISTIC, Status.UNAVAILABLE, "quadrature", 0, {"reason": reason})


def _told(text: str) -> Callable[[Any, Any], str]:
    return lambda p, found: text


ROUTES = (
    Route(
        "montecarlo",
        lambda p, q, method: method == "montecarlo" and _smooth(p, q),
        _told("Monte Carlo over draws of p"),
        _by_draws,
    ),
    Route(
        "coordinates",
        lambda p, q, method: split(p, q),
        _told("q has independent coordinates: the total correlation of p, and the sum over coordinates"),
        _by_coordinates,
    ),
    Route(
        "digits",
        lambda p, q, method: method == "auto" and elliptical.by_digits(p, q),
        _told("images of normal laws under affine maps: their parameters and the divergence in many digits"),
        lambda problem, found: elliptical.kl_by_digits(problem.p, problem.q),
    ),
    Route(
        "radii",
        lambda p, q, method: elliptical.radii(p, q),
        _told("one centre and one shape: the squared distances from it tell all"),
        _reduced,
    ),
    Route(
        "directions",
        _few_directions,
        lambda p, found: f"the components of p and q differ in {found.dimension} of {p.n} directions: on these alone",
        _reduced,
    ),
    Route(
        "entries",
        lambda p, q, method: elliptical.by_entries(p, q),
        _told("q is normal and p has independent entries: by the normal law with the moments of p"),
        _by_entries,
    ),
    Route(
        "transform",
        lambda p, q, method: elliptical.by_transform(p, q),
        _told("log q depends on a quadratic form, whose Laplace transform is known"),
        _by_transform,
    ),
    Route(
        "cubature",
        lambda p, q, method: within_reach(p),
        _told("cubature in the coordinates of the roots of p"),
        _by_cubature,
    ),
    Route(
        "none",
        lambda p, q, method: not _smooth(p, q),
        _told("laws of vectors with point masses are compared where the entries of q are independent, entry by entry"),
        _unavailable,
    ),
    Route(
        "none",
        lambda p, q, method: method == "quadrature",
        _told(f"cubature serves at most {MAX_DIMENSION} dimensions and no point masses"),
        _unavailable,
    ),
    Route(
        "montecarlo",
        lambda p, q, method: True,
        _told(f"Monte Carlo over draws of p: more than {MAX_DIMENSION} dimensions"),
        _by_draws,
    ),
)

__all__ = ["evaluate", "route"]

"""Divergences by name: closed forms, quadrature or sums, and Monte Carlo, each with its error."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial, singledispatch
from typing import Any

import numpy as np

from densities.arrays import quiet
from densities.distributions.vector_moments import MAX_DIMENSION
from densities.divergences import elliptical, normal_mixtures, rewrites
from densities.divergences.batches import Batch
from densities.divergences.closed_forms.affinity import log_affinity
from densities.divergences.direct import kl_direct
from densities.divergences.draws import LogRatioDraws, explained, unseen_square
from densities.divergences.evaluate import CANCELLATION, METHODS, candidates, kl
from densities.divergences.forms import MASS_TOLERANCE, NOTHING
from densities.divergences.generators import (
    Generator,
    Jeffreys,
    KullbackLeibler,
    LargestRatio,
    Renyi,
    SharedMass,
    registry,
)
from densities.divergences.orders import largest_ratio, shared_mass
from densities.divergences.ratio import radon_nikodym
from densities.divergences.shares import AFFINITY, SHARE, Halves, both_halves, is_unbounded, log_affinity_share
from densities.divergences.vector_draws import VectorLogRatioDraws
from densities.divergences.vector_shares import both_vector_halves, endless, is_broken, within_reach_of_both
from densities.errors import NoClosedFormError, ParameterError, UnsupportedOperationError, argument_error
from densities.estimate import ErrorKind, Estimate, Status, infinite
from densities.expectation import DRAW_OPTIONS, EPS, check_settings, from_draws
from densities.numerics.montecarlo import estimate_mean
from densities.parameters import joint_shape

# What rounding may do to the mean of many numbers, as a share of it.
ROUNDING = 8.0 * EPS
# Below this, and where integrals are known to a smaller share than that, laws are compared as nearly equal ones; what is of the
# fourth order in their log-ratio is at most so many times the product of what is of the second, unless tails are heavy.
NEARLY_EQUAL, SHARP, FOURTH_ORDER = 1e-10, 1e-9, 1e3
DRAWN = "Monte Carlo over draws of both laws"


def divergence(
    name: str,
    p: Any,
    q: Any,
    *,
    method: str = "auto",
    n: int = 2**16,
    rng: Any = None,
    rtol: float = 1e-11,
    **options: Any,
) -> Estimate:
    """The divergence of that name of p from q, as an `Estimate`; `divergence("hellinger", p, q)`.

    name    "total_variation", "hellinger", "squared_hellinger", "jensen_shannon", "jensen_shannon_distance", "triangular",
            "bhattacharyya", "chi_squared", "neyman", "renyi" (with `order=`, inf too), "power" (with `order=`), "kl",
            "reverse_kl", "jeffreys"; `densities list divergences` has them with their formulas

    The settings are those of `kl`; draws are of both laws, n of each. Of vectors, method="auto" takes what reduces to laws on
    the line or of few directions, then cubature in at most three dimensions, then Monte Carlo; and this at once where one law
    ends in the midst of the other. Logarithms are natural. Where one law has mass and the other has none, the divergence takes
    it in, or is `inf` with the reason in `detail`. Batches of parameters give arrays of the batch shape.

    Raises UnknownNameError for unknown names and options, ParameterError for wrong parameters of a divergence and an unknown
    method, NoClosedFormError for method="closed" where none is known, UnsupportedOperationError for quadrature over vectors of
    more than three dimensions, ShapeError for laws on different spaces.
    """
    if not isinstance(name, str):
        raise ParameterError(argument_error("name", "the name of a divergence, such as 'hellinger'", name))
    entry = registry.get(name)
    parameters = {key: options.pop(key) for key in entry.parameter_names if key in options}
    check_settings(method, METHODS, n, rtol, options)
    if (complaint := entry.complaint((), parameters)) is not None:
        raise ParameterError(complaint)
    generator = entry(**parameters).limit()
    ratio = radon_nikodym(p, q)
    settings = {"method": method, "n": n, "rng": rng, "rtol": rtol, **options}
    shapes = ratio.p.batch_shape, ratio.q.batch_shape
    if not any(shapes):
        return measured(generator, ratio.p, ratio.q, settings)
    shape = joint_shape("divergence", "laws", dict(zip("pq", shapes, strict=True)))
    found = Batch(math.prod(shape))
    for row, index in enumerate(np.ndindex(shape)):
        one = measured(generator, ratio.p.member(index, shape), ratio.q.member(index, shape), settings)
        found.settle(row, one)
    return found.estimate(shape)


@singledispatch
def measured(generator: Generator, p: Any, q: Any, settings: dict[str, Any]) -> Estimate:
    """The divergence of single laws on one space."""
    return _measured(generator, *((q, p) if generator.swapped else (p, q)), settings)


@measured.register
def _(generator: KullbackLeibler, p: Any, q: Any, settings: dict[str, Any]) -> Estimate:
    return kl(q, p, **settings) if generator.swapped else kl(p, q, **settings)


@measured.register
def _(generator: Jeffreys, p: Any, q: Any, settings: dict[str, Any]) -> Estimate:
    first, second = (measured(term, p, q, settings) for term in generator.terms)
    for term in (first, second):
        if term.status is Status.INFINITE:
            return term
    worse = max(first, second, key=lambda found: list(Status).index(found.status))
    return replace(
        worse,
        value=first.value + second.value,
        error=first.error + second.error,
        error_kind=max(first.error_kind, second.error_kind, key=list(ErrorKind).index),
        method=", ".join(sorted({first.method, second.method})),
        evaluations=first.evaluations + second.evaluations,
    )


@measured.register
def _(generator: LargestRatio, p: Any, q: Any, settings: dict[str, Any]) -> Estimate:
    return largest_ratio(p, q, settings["method"])


@measured.register
def _(generator: SharedMass, p: Any, q: Any, settings: dict[str, Any]) -> Estimate:
    return shared_mass(p, q)


def _measured(generator: Generator, p: Any, q: Any, settings: dict[str, Any]) -> Estimate:
    """The integral of the generator over p and q, in this order."""
    if p.same_as(q):
        return Estimate(0.0, 0.0, ErrorKind.EXACT, Status.EXACT, "closed", 0, {"plan": ["p and q are the same law"]})
    infinity = _by_support(generator, p, q)
    if infinity is not None:
        return infinity
    pair = rewrites.on_plane(rewrites.strip_shared(p, q))
    method = settings["method"]
    found = _closed(generator, pair.p, pair.q) if method in ("auto", "closed") else None
    if found is not None and (method == "closed" or p.event_shape or _is_sharp(found)):
        return _planned(found, pair, "closed form")
    if method == "closed":
        told = f"{registry.name_of(type(generator))}: no closed form is known for {p} and {q}"
        raise NoClosedFormError(f"{told}; use method='quadrature' or 'montecarlo'")
    if method == "montecarlo":
        return _planned(_by_draws(generator, pair.p, pair.q, settings), pair, DRAWN)
    if p.event_shape:
        return _of_vectors(generator, pair, settings)
    by = "sum" if pair.p.measure == pair.q.measure == "counting" else "quadrature"
    halves = both_halves(generator, pair.p, pair.q, rtol=settings["rtol"])
    found = _of_halves(generator, halves, by)
    if (
        generator.near is not None
        and halves.value[SHARE] < NEARLY_EQUAL
        and halves.error[SHARE] > SHARP * halves.value[SHARE]
    ):
        found = _of_nearly_equal(generator, pair.p, pair.q, halves) or found
    return _planned(found, pair, "integrals over both laws, each in the coordinates of its base")


def _planned(found: Estimate, pair: rewrites.Rewritten, step: str) -> Estimate:
    return found.noting(plan=[*pair.steps, step])


def _is_sharp(found: Estimate) -> bool:
    return bool(np.isinf(found.value) or found.error <= CANCELLATION * found.value)


def _by_support(generator: Generator, p: Any, q: Any) -> Estimate | None:
    """inf where a law has mass, the other one has none, and the share there has no bound."""
    for law, other, sign in ((p, q, 1.0), (q, p, -1.0)):
        if is_unbounded(generator, sign) and not (ratio := radon_nikodym(law, other)).absolutely_continuous:
            return infinite("support", ratio.reason, singular_mass=ratio.singular_mass)
    return None


def _with_rounding(found: Estimate, generator: Generator, rounding: float) -> Estimate:
    """With what rounding of log dp/dq, the same everywhere, may do: log A changes by that times α and 1 - α."""
    order = generator.affinity
    steep = 1.0 if order is None else (order + abs(order - 1.0)) / min(1.0, abs(order - 1.0))
    return replace(
        found, error=found.error + (steep * rounding * (1.0 + found.value) if np.isfinite(found.value) else 0.0)
    )


# ---- closed forms ----


def _closed(generator: Generator, p: Any, q: Any) -> Estimate | None:
    """By the affinity of the first pair whose closed form is known, of vectors with independent entries as a product."""
    order = generator.affinity
    if order is None:
        return None
    for pair in candidates(p, q):
        if pair.p.name and pair.q.name:
            form = log_affinity(pair.p.name, pair.p.params, pair.q.name, pair.q.params, order)
            if form is not None:
                number, bound = float(form.value), float(form.bound)
                if np.isfinite(number):
                    bound += rewrites.rounding(pair, (p, q), number, partial(_affinity_number, order=order))
                return _estimate(generator, (number - bound, number, number + bound), ErrorKind.BOUND, "closed", 0)
    factors = [law.factors() if law.event_shape else None for law in (p, q)]
    if None in factors:
        return None
    parts = [_closed(Renyi(order), a, b) for a, b in zip(*factors, strict=True)]
    return None if None in parts else _of_entries(generator, order, parts)


def _affinity_number(p_name: str, p_params: Any, q_name: str, q_params: Any, order: float) -> float | None:
    form = log_affinity(p_name, p_params, q_name, q_params, order)
    return None if form is None else float(form.value)


# ---- vectors ----


def _of_vectors(generator: Generator, pair: rewrites.Rewritten, settings: dict[str, Any]) -> Estimate:
    """By the entries where both laws have independent ones, on the directions in which normal laws differ, or by cubature;
    else, or where that leaves more open, by draws of both laws unless quadrature is insisted on."""
    p, q = pair.p, pair.q
    factors = p.factors(), q.factors()
    if generator.affinity is not None and None not in factors:
        parts = [_measured(Renyi(generator.affinity), a, b, settings) for a, b in zip(*factors, strict=True)]
        found = _of_entries(generator, generator.affinity, parts)
        return _planned(found, pair, "the affinity is the product of those of the entries")
    alike = elliptical.radii(p, q)
    if alike is not None:
        found = _with_rounding(_measured(generator, alike.p, alike.q, settings), generator, alike.rounding)
        return _planned(found, pair, "one centre and one shape: the squared distances from it tell all")
    fewer = normal_mixtures.reduced(p, q)
    if fewer is not None and fewer.dimension <= MAX_DIMENSION:
        found = _with_rounding(_measured(generator, fewer.p, fewer.q, settings), generator, fewer.rounding)
        return _planned(found, pair, f"p and q differ in {fewer.dimension} of {p.n} directions: on these alone")
    by_draws = settings["method"] == "auto"
    if within_reach_of_both(p, q) and not (by_draws and is_broken(generator, p, q)):
        halves = both_vector_halves(generator, p, q, rtol=settings["rtol"])
        found = _planned(_of_halves(generator, halves, "cubature"), pair, "cubature over both laws")
        if found.status is not Status.NOT_CONVERGED or not by_draws:
            return found
        drawn = _planned(_by_draws(generator, p, q, settings), pair, DRAWN)
        return drawn if drawn.ok else min(found, drawn, key=lambda estimate: estimate.error)
    if by_draws:
        return _planned(_by_draws(generator, p, q, settings), pair, DRAWN)
    told = f"{registry.name_of(type(generator))}: quadrature: expected densities in at most {MAX_DIMENSION} dimensions"
    raise UnsupportedOperationError(f"{told}, got {p} and {q}; use method='montecarlo'")


def _of_entries(generator: Generator, order: float, parts: Sequence[Any]) -> Estimate:
    """By Rényi's divergences of that order of independent entries, which add up."""
    for i, part in enumerate(parts):
        if part.status is Status.INFINITE and order > 1.0:
            return infinite(part.method, f"entry {i}: {part.reason}", part.evaluations)
    number, error = ((order - 1.0) * sum(getattr(part, name) for part in parts) for name in ("value", "error"))
    worst = max(parts, key=lambda part: (list(Status).index(part.status), part.error))
    kind = max((part.error_kind for part in parts), key=list(ErrorKind).index)
    method = "+".join(dict.fromkeys(part.method for part in parts))
    numbers = number - abs(error), number, number + abs(error)
    found = _estimate(generator, numbers, kind, method, sum(part.evaluations for part in parts))
    if worst.status.ok or not found.status.ok:
        return found
    return replace(found, status=worst.status, detail={"reason": worst.reason})


# ---- numbers ----


def _estimate(
    generator: Generator, numbers: tuple[float, float, float], kind: ErrorKind, method: str, evaluations: int
) -> Estimate:
    """The estimate of the divergence by what it is a function of, between bounds: (low, number, high)."""
    with quiet():
        low, found, high = (float(generator.of(number)) for number in numbers)
        error = max(abs(low - found), abs(high - found)) + 4.0 * EPS * abs(found) if np.isfinite(found) else 0.0
    status = Status.EXACT if kind is ErrorKind.BOUND else Status.CONVERGED
    if np.isfinite(found):
        return Estimate(found, error, kind, status, method, evaluations, {})
    if numbers[1] == -np.inf:
        return infinite(method, "no place carries both laws", evaluations)
    if method == "closed" and numbers[1] == np.inf:
        return infinite(method, "its integral diverges", evaluations)
    size = f"a number like e^{numbers[1]:.6g}" if np.isfinite(numbers[1]) else "an integral"
    reason = f"{size} is beyond the doubles; divergence('renyi', ...) gives logarithms"
    return Estimate(np.inf, np.inf, kind, Status.NOT_CONVERGED, method, evaluations, {"reason": reason})


def _of_halves(generator: Generator, halves: Halves, method: str) -> Estimate:
    """The estimate by the integrals over both laws."""
    if halves.diverges:
        return infinite("tails", halves.diverges, halves.evaluations)
    kind = ErrorKind.BOUND if halves.exact else ErrorKind.HEURISTIC
    numbers = _number(generator, halves.value, halves.error, halves.shift)
    found = _estimate(generator, numbers, kind, method, halves.evaluations)
    if halves.doubtful:
        return replace(found, status=Status.UNDECIDED, detail={"reason": halves.doubtful})
    if halves.lacking:
        reason = halves.lacking
    elif not halves.gap < MASS_TOLERANCE:
        reason = f"the masses of the laws on the nodes are off by {halves.gap:.1e}"
    elif found.error > max(halves.good * found.value, NOTHING):
        reason = "log p and log q cancel in doubles, or one of them is not smooth where no landmark says so"
    else:
        return found
    return replace(found, status=Status.NOT_CONVERGED, detail={"reason": found.reason or reason})


def _of_nearly_equal(generator: Generator, p: Any, q: Any, halves: Halves) -> Estimate | None:
    """By Kullback and Leibler's divergences in both directions, whose log-ratio is known directly; None where they are not, or
    differ from the integrals by more than both errors."""
    assert generator.near is not None
    first, second = kl_direct(p, q), kl_direct(q, p)
    if first is None or second is None:
        return None
    terms = first, second
    share, error = (
        sum(factor * getattr(term, name) for factor, term in zip(factors, terms, strict=True))
        for name, factors in (("value", generator.near), ("error", map(abs, generator.near)))
    )
    # What is left is of the fourth order in log dp/dq, of which the divergences are the second.
    error += FOURTH_ORDER * share * max(term.value for term in terms)
    if abs(share - halves.value[SHARE]) > error + halves.error[SHARE]:
        return None
    values, errors = np.array([share]), np.array([error])
    if generator.affinity is not None:
        values, errors = (np.array([part, 0.0, 0.0, 1.0]) for part in (share, error))
    evaluations = halves.evaluations + sum(term.evaluations for term in terms)
    return _estimate(generator, _number(generator, values, errors), ErrorKind.HEURISTIC, "quadrature", evaluations)


def _number(
    generator: Generator, values: np.ndarray, errors: np.ndarray, shift: float = 0.0
) -> tuple[float, float, float]:
    """What the divergence is a function of, between its bounds: the shares, or log A by the better one of A itself and of D,
    A = 1 + α(α - 1) D."""
    with quiet():
        share = values[SHARE] + errors[SHARE] * np.array([-1.0, 0.0, 1.0])
        if generator.affinity is None:
            return share[0], share[1], share[2]
        beside = values[AFFINITY] + errors[AFFINITY] * np.array([-1.0, 0.0, 1.0])
        forms = [np.log(np.maximum(beside, 0.0)) + shift]
        if shift <= 0.0:
            forms.append(np.sort(np.log1p(generator.affinity * (generator.affinity - 1.0) * share)))
        spreads = [0.0 if form[0] == form[2] else form[2] - form[0] for form in forms]
        best = forms[int(np.nanargmin([np.inf if np.isnan(spread) else spread for spread in spreads]))]
    return best[0], best[1], best[2]


# ---- Monte Carlo ----


@dataclass(frozen=True)
class SharesAtDraws:
    """The share, and the affinity where one is asked for, at a draw of p and one of q; picklable where the laws are."""

    generator: Generator
    log_ratios: tuple[Any, Any]

    def __call__(self, source: Any) -> np.ndarray:
        columns: Any = 0.0
        with quiet():
            for sign, draws in zip((1.0, -1.0), self.log_ratios, strict=True):
                t, weight, _ = draws.log_ratios(source)
                logs = [self.generator.log_share(sign * t)]
                if self.generator.affinity is not None:
                    logs.append(log_affinity_share(sign * t, self.generator.affinity))
                columns = columns + np.exp(np.stack(logs)) * weight
        return columns.T


def _by_draws(generator: Generator, p: Any, q: Any, settings: dict[str, Any]) -> Estimate:
    """The mean of shares over draws of both laws; where a tail makes it infinite no draws are taken."""
    if p.event_shape:
        if not p.measure == q.measure == "lebesgue":
            told = f"{registry.name_of(type(generator))}: expected laws of vectors with densities, got {p} and {q}"
            raise UnsupportedOperationError(
                f"{told}; of point masses, only independent entries and an affinity are known"
            )
        if diverges := endless(generator, p, q):
            return infinite("tails", diverges)
    elif is_unbounded(generator, 1.0) or is_unbounded(generator, -1.0):
        halves = both_halves(generator, p, q, rtol=settings["rtol"])
        if halves.diverges:
            return infinite("tails", halves.diverges, halves.evaluations)
    draws = {key: settings[key] for key in settings if key in (*DRAW_OPTIONS, "n", "rng")}
    kind = VectorLogRatioDraws if p.event_shape else LogRatioDraws
    log_ratios = kind(p, q), kind(q, p)
    dimension = max(half.dimension for half in log_ratios)
    result = estimate_mean(SharesAtDraws(generator, log_ratios), dimension=dimension, **draws)
    known = from_draws(result, "montecarlo", target=draws.get("target"))
    means, errors = np.zeros((2, AFFINITY + 1))
    places = [SHARE, AFFINITY][: np.size(result.mean)]
    means[places] = result.mean
    unseen = 0.0 if p.event_shape else _unseen_spread(generator, log_ratios, means[places], int(result.n))
    errors[places] = np.hypot(result.standard_error, unseen) + ROUNDING * means[places]
    found = _estimate(generator, _number(generator, means, errors), known.error_kind, known.method, known.evaluations)
    if np.isfinite(found.value):
        return explained(replace(found, status=known.status, detail=known.detail))
    reason = "the draws of one law hardly come to where the other has its mass, or shares leave the doubles"
    return replace(
        found, value=np.nan, error=np.inf, status=Status.NOT_CONVERGED, detail={**known.detail, "reason": reason}
    )


def _unseen_spread(generator: Generator, log_ratios: tuple[Any, Any], means: np.ndarray, n: int) -> np.ndarray:
    """The standard errors of the means of `SharesAtDraws` due to what hardly any of n draws meet.

    A share differs from its mean over one law by no more than the sum of itself and the mean over both.
    """

    def square(log: Callable[[np.ndarray], np.ndarray], sign: float, ratio: Any, mean: float) -> float:
        return unseen_square(ratio, lambda t: np.exp(log(sign * t)) + mean, n)

    logs = [generator.log_share, lambda t: log_affinity_share(t, float(generator.affinity or 0.0))]
    squares = [
        sum(square(log, sign, draws.ratio, mean) for sign, draws in zip((1.0, -1.0), log_ratios, strict=True))
        for log, mean in zip(logs, means, strict=False)
    ]
    return np.sqrt(np.array(squares) / n)


__all__ = ["divergence", "measured"]

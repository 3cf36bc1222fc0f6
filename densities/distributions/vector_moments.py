"""Expectations under laws of vectors: closed where known, by cubature up to three roots, otherwise by draws."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from operator import itemgetter
from typing import Any

import numpy as np

from densities.anchored import value
from densities.arrays import quiet
from densities.distributions.moments import closed, plain, summary
from densities.distributions.moments import entropy_estimate as scalar_entropy
from densities.errors import UnsupportedOperationError
from densities.estimate import ErrorKind, Estimate, Status
from densities.numerics.cubature import Axis, Feature, cubature
from densities.transforms.base import EPS

# Cubature in more dimensions than this costs more than it gives.
MAX_DIMENSION = 3
NODES = {1: 100_000, 2: 2_000_000, 3: 2_500_000}  # in three dimensions 129 along each axis
# A mass that misses 1 by more than this says that the nodes missed something or that a density is wrong.
MASS_TOLERANCE = 1e-8
DRAWS = 2**18
# Pairs of entries that are integrated one by one, at some 20 ms each; functions of the same draws.
MOST_PAIRS, AT_ONCE = 500, 64
# Roundings of E|f| below which no digits of E[f] are looked for: where it cancels, to 0 by symmetry say, there are none.
CANCELLED = 2.0**12
# Entries below this are subnormal, or will be.
TINY = 1e-300
MOST_FEATURES = 6
# f(part, x): logs and signs of k integrands at the points x (m, d) of the roots of a part, both (k, m).
Integrands = Callable[[Any, np.ndarray], tuple[Any, Any]]


@dataclass(frozen=True)
class VectorSums:
    """k sums over a law of vectors, and what may be wrong with them."""

    values: np.ndarray
    errors: np.ndarray
    converged: bool
    truncated: bool
    evaluations: int


def within_reach(law: Any) -> bool:
    """Whether cubature is the method for the law: at most three roots in every part, and no point masses."""
    return law.measure == "lebesgue" and max(len(part.roots) for part in law.parts()) <= MAX_DIMENSION


def integrate_vector(
    law: Any,
    integrands: Integrands,
    floor: Any = None,
    rtol: float = 1e-11,
    others: Sequence[Any] = (),
    blur: float = 4.0,
    *,
    analytic: bool = True,
) -> VectorSums:
    """Σ over the parts of the law of weight · ∫ integrands dx, in the coordinates of the roots.

    The integrands change where parts of the law overlap, and where those of `others` do, if these have several; `blur` is
    how many eps of its floor a sum is not known below. They may break on surfaces where they are not `analytic`.
    """
    pieces = pieces_of(law)
    away = [one for other in others if other.measure == "lebesgue" for one in pieces_of(other)]
    away = away if len(away) > len(others) else []
    found = []
    for piece in pieces:
        axes = [axis_of(root, breaks) for root, breaks in zip(piece.roots, piece.breaks, strict=True)]
        features = [feature for one in (*pieces, *away) if one is not piece for feature in seen_from(piece, one)]
        features = sorted(features, key=lambda feature: feature.thin)[:MOST_FEATURES]
        nodes, integrand = NODES[len(axes)], partial(integrands, piece)
        sums = cubature(
            integrand,
            axes,
            floor=floor,
            rtol=rtol,
            max_nodes=nodes,
            features=features,
            blur=blur,
            analytic=analytic,
        )
        found.append((piece.weight, sums))
    return VectorSums(
        np.sum([w * c.value for w, c in found], axis=0),
        np.sum([w * c.error for w, c in found], axis=0),
        all(c.converged for _, c in found),
        any(c.truncated for _, c in found),
        sum(c.evaluations for _, c in found),
    )


def axis_of(root: Any, breaks: np.ndarray) -> Axis:
    """The axis of one root: cut where its density is not smooth, stretched to its quartiles."""
    low, high = (float(value(end)) for end in root.support.edges)
    inner = np.unique(np.concatenate([root.kinks(), breaks]))
    with quiet():
        first, middle, third = (float(value(root.raw_ppf(np.asarray(level)))) for level in (0.25, 0.5, 0.75))
    width = third - first
    if np.isfinite(low) != np.isfinite(high):
        width = middle - low if np.isfinite(low) else high - middle
    inner = inner[(inner > low) & (inner < high)]
    return Axis((low, *inner, high), middle, width if 0 < width < np.inf else 1.0)


@dataclass(frozen=True, eq=False)
class Piece:
    """A part whose roots are themselves taken apart: mixtures into components, pushed laws into base and map."""

    weight: float
    roots: tuple[Any, ...]
    breaks: tuple[np.ndarray, ...]
    forward: Callable[[np.ndarray], tuple[Any, Any]]
    whole: bool
    backward: Callable[[np.ndarray], np.ndarray] | None
    logs: Callable[[np.ndarray], np.ndarray] | None
    factor: Callable[[np.ndarray], np.ndarray] | None

    def log_density(self, x: np.ndarray) -> Any:
        if all(root is self.roots[0] for root in self.roots):
            return np.sum(value(self.roots[0].logpdf_anywhere(x)), axis=-1)
        return sum(value(root.logpdf_anywhere(x[..., i])) for i, root in enumerate(self.roots))


def pieces_of(law: Any) -> list[Piece]:
    """All pieces of a law that carry mass."""
    return [piece for part in law.parts() for piece in expanded(part) if piece.weight > 0]


def seen_from(piece: Piece, other: Piece) -> list[Feature]:
    """Where another piece lies in the coordinates of this one: its median, and a standard deviation along its roots."""
    if piece.backward is None:
        return []
    with quiet():
        middle = np.array([float(value(root.raw_ppf(np.asarray(0.5)))) for root in other.roots])
        beside = np.array([float(value(root.raw_ppf(np.asarray(0.84)))) for root in other.roots])
        points = np.vstack([middle, np.where(np.eye(len(middle), dtype=bool), beside, middle)])
        seen = piece.backward(other.forward(points)[0])
        sides = seen[1:] - seen[0]
        if not np.all(np.isfinite(seen)):
            return []
        thin = float(np.linalg.svd(sides, compute_uv=False)[-1])
    return [Feature(seen[0], np.max(np.abs(sides), axis=0), thin)] if thin > 0 else []


def expanded(part: Any) -> list[Piece]:
    """The part in the coordinates of the roots of its roots."""
    pieces = []
    for choice in itertools.product(*(root.parts() for root in part.roots)):
        weight = part.weight * float(np.prod([inner.weight for inner in choice]))
        whole = part.whole and all(inner.injective for inner in choice)
        breaks = tuple(np.asarray(inner.breaks, dtype=float) for inner in choice)
        roots, forward = tuple(inner.root for inner in choice), partial(_through, part, choice)
        backward = None if part.backward is None else partial(_undone, part, choice)
        logs, factor = (
            None if function is None else partial(_of_mapped, function, choice) for function in (part.logs, part.factor)
        )
        pieces.append(Piece(weight, roots, breaks, forward, whole, backward, logs, factor))
    return pieces


def _through(part: Any, choice: tuple[Any, ...], x: np.ndarray) -> tuple[Any, Any]:
    """(y, log|det|), NaN for the latter where a scalar map is not injective."""
    middle, log_dets = _mapped(choice, x)
    y, log_det = part.forward(middle)
    return y, log_det + sum(np.nan if inner is None else value(inner) for inner in log_dets)


def _of_mapped(function: Callable[[np.ndarray], np.ndarray], choice: tuple[Any, ...], x: np.ndarray) -> np.ndarray:
    return function(_mapped(choice, x)[0])


def _mapped(choice: tuple[Any, ...], x: np.ndarray) -> tuple[np.ndarray, list[Any]]:
    """The images of the coordinates, each by its own map, and the logarithms of the slopes."""
    images = [inner.forward(x[..., i]) for i, inner in enumerate(choice)]
    middle = np.stack([np.asarray(value(y), dtype=float) for y, _ in images], axis=-1)
    return middle, [log_det for _, log_det in images]


def _undone(part: Any, choice: tuple[Any, ...], y: np.ndarray) -> np.ndarray:
    """The roots of points y, one row each; NaN where a scalar map has no preimage or several."""
    columns = []
    for inner, column in zip(choice, np.asarray(part.backward(y)).T, strict=True):
        found = [inner.preimages(np.atleast_1d(one)) for one in column]
        columns.append([float(one[0]) if len(one) == 1 else np.nan for one in found])
    return np.array(columns).T


def log_density_on(law: Any, piece: Any, x: np.ndarray) -> tuple[Any, Any, Any, Any]:
    """(y, log|det|, log weight of x, log p(y)) at points of the roots; the whole law in one piece inverts nothing."""
    log_root = piece.log_density(x)
    y, log_det = piece.forward(x)
    whole = piece.whole
    log_p = np.where(np.isneginf(log_root), -np.inf, log_root - log_det) if whole else log_density_at(law, piece, x, y)
    return y, log_det, log_root, log_p


def log_density_at(law: Any, piece: Any, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """log f(y) of any law at the images y of points x, by their logarithms where entries underflow, by factors of matrices."""
    if piece.factor is not None:
        found = law.logpdf_by_factor(piece.factor(x))
        if not np.isnan(found).all():
            return found
    found = np.array(law.logpdf_anywhere(y), dtype=float)
    if piece.logs is not None:
        small = np.any(np.abs(y) < TINY, axis=-1)
        if small.any():
            by_logs = law.logpdf_by_logs(piece.logs(x[small]))
            found[small] = np.where(np.isnan(by_logs), found[small], by_logs)
    return found


# ---- summaries ----


def expectation_estimate(law: Any, function: Callable[[np.ndarray], Any], rtol: float = 1e-11) -> Estimate:
    """E[f(Y)] for f of points (m, n) -> (m,)."""
    if not within_reach(law):
        from densities.expectation import expect

        return expect(function, law, method="montecarlo", n=DRAWS, rng=0)

    def integrands(piece: Any, x: np.ndarray) -> tuple[Any, Any]:
        log_root, f = piece.log_density(x), np.asarray(function(piece.forward(x)[0]), dtype=float)
        logs = np.where(np.isneginf(log_root), -np.inf, log_root + np.log(np.abs(f)))
        one = np.ones_like(log_root)
        return np.stack([logs, log_root, logs]), np.stack([np.sign(f), one, one])

    sums = integrate_vector(law, integrands, floor=(2, 1, None), rtol=rtol, blur=CANCELLED)
    good = sums.converged and abs(sums.values[1] - 1) < MASS_TOLERANCE
    status = Status.UNDECIDED if sums.truncated else Status.CONVERGED if good else Status.NOT_CONVERGED
    detail = {"mass": float(sums.values[1])}
    return Estimate(
        float(sums.values[0]), float(sums.errors[0]), ErrorKind.HEURISTIC, status, "cubature", sums.evaluations, detail
    )


def expectation(law: Any, function: Callable[[np.ndarray], Any]) -> float:
    return plain(expectation_estimate(law, function), "expect", 1e-300)


def _marginals(law: Any) -> list[Any] | None:
    found = [law.marginal(i) for i in range(law.n)]
    return found if all(one is not None for one in found) else None


def mean(law: Any) -> Any:
    def compute(one: Any) -> np.ndarray:
        laws = _marginals(one)
        if laws is not None:
            return np.array([marginal.mean() for marginal in laws])
        return expectations(one, [itemgetter((..., i)) for i in range(one.n)], "mean")

    return summary(law, "mean", compute)


def variances(law: Any) -> Any:
    laws = _marginals(law)
    if laws is not None:
        return np.stack(np.broadcast_arrays(*(marginal.var() for marginal in laws)), axis=-1)
    return np.diagonal(covariance(law), axis1=-2, axis2=-1).copy()


def deviations(law: Any) -> Any:
    laws = _marginals(law)
    if laws is not None:  # where the doubles hold them and not their squares
        return np.stack(np.broadcast_arrays(*(marginal.std() for marginal in laws)), axis=-1)
    return np.sqrt(variances(law))


def covariance(law: Any) -> Any:
    """Entry by entry in as few dimensions as there are: the variances on a line, the rest by the laws of two entries."""

    def compute(one: Any) -> np.ndarray:
        centre, n, laws = one.mean(), one.n, _marginals(one)
        result, left = np.zeros((n, n)), []
        if laws is not None:
            np.fill_diagonal(result, [marginal.var() for marginal in laws])
        for i, j in [] if one.factors() is not None else itertools.combinations(range(n), 2):
            pair = one.among((i, j)) if n * (n - 1) <= 2 * MOST_PAIRS else None
            if pair is None or not within_reach(pair):
                left.append((i, j))
            else:
                product = partial(_product, i=0, j=1, centre=centre[[i, j]])
                scale = 1.0 if laws is None else float(np.sqrt(result[i, i]) * np.sqrt(result[j, j]))
                result[i, j] = result[j, i] = plain(expectation_estimate(pair, product), f"cov[{i}, {j}]", scale)
        left += [(i, i) for i in range(n) if laws is None]
        found = expectations(one, [partial(_product, i=i, j=j, centre=centre) for i, j in left], "cov")
        for (i, j), one_of_them in zip(left, found, strict=True):
            result[i, j] = result[j, i] = one_of_them
        return result

    return summary(law, "cov", compute)


def _product(y: np.ndarray, i: int, j: int, centre: np.ndarray) -> Any:
    return (y[..., i] - centre[i]) * (y[..., j] - centre[j])


def expectations(law: Any, functions: Sequence[Callable[[np.ndarray], Any]], what: str) -> np.ndarray:
    """E of several functions of Y; beyond cubature those that one run of draws gives, with one warning for the worst."""
    if within_reach(law):
        return np.array([plain(expectation_estimate(law, function), what, 1.0) for function in functions])
    found = [
        estimate
        for first in range(0, len(functions), AT_ONCE)
        for estimate in _by_draws(law, functions[first : first + AT_ONCE])
    ]
    if found:
        plain(max(found, key=lambda estimate: estimate.error), what, 1.0)
    return np.array([float(estimate.value) for estimate in found])


def entropy(law: Any) -> Any:
    return summary(law, "entropy", lambda one: plain(entropy_estimate(one), "entropy", 1.0))


def entropy_estimate(law: Any) -> Estimate:
    """-E[log f(Y)]; of an image, the entropies of what it is made of, where these are known one by one."""
    if law.measure != "lebesgue":
        raise UnsupportedOperationError(f"entropy: {law} has point masses; its differential entropy is not defined")
    terms = law.entropy_terms()
    if terms is not None:
        added = _added_entropies(*terms)
        if np.isfinite(added.value):
            return added
    if not within_reach(law):
        return expectation_estimate(law, lambda y: -law.logpdf_anywhere(y))

    def integrands(piece: Any, x: np.ndarray) -> tuple[Any, Any]:
        _, _, log_root, log_p = log_density_on(law, piece, x)
        logs = np.where(np.isneginf(log_root), -np.inf, log_root + np.log(np.abs(log_p)))
        return np.stack([logs, log_root]), np.stack([-np.sign(log_p), np.ones_like(log_root)])

    sums = integrate_vector(law, integrands, floor=(1, 1))
    good = sums.converged and abs(sums.values[1] - 1) < MASS_TOLERANCE
    rounding = EPS * (2.0 + law.conditioning) * (1.0 + abs(sums.values[0]))
    return Estimate(
        float(sums.values[0]),
        float(sums.errors[0] + rounding),
        ErrorKind.HEURISTIC,
        Status.CONVERGED if good else Status.NOT_CONVERGED,
        "cubature",
        sums.evaluations,
        {"mass": float(sums.values[1])},
    )


def _by_draws(law: Any, functions: Sequence[Callable[[np.ndarray], Any]]) -> list[Estimate]:
    """The means of several functions over the same draws."""
    from densities.expectation import from_draws
    from densities.numerics.montecarlo import estimate_mean

    def values(source: Any) -> np.ndarray:
        y = law.draw_from(source)
        return np.stack([function(y) for function in functions], axis=-1)

    result = estimate_mean(values, DRAWS, rng=0, dimension=law.draw_dimension)
    names = ("mean", "standard_error", "khat", "top_share", "heavy_tail", "rate")
    each = ({name: getattr(result, name)[j] for name in names} for j in range(len(functions)))
    return [from_draws(replace(result, **one), "montecarlo") for one in each]


def _added_entropies(number: Any, terms: Sequence[tuple[float, Any]]) -> Estimate:
    """The sum of a number and of entropies with signs, by quadrature where they are not closed; errors add."""
    found = [(sign, _entropy_of(law)) for sign, law in terms]
    sizes = 1.0 + abs(float(number)) + sum(abs(float(one.value)) for _, one in found)
    return Estimate(
        float(number) + sum(sign * float(one.value) for sign, one in found),
        sum(float(one.error) for _, one in found) + 8 * EPS * sizes,
        ErrorKind.HEURISTIC,
        max((one.status for _, one in found), key=list(Status).index),
        "quadrature",
        sum(int(one.evaluations) for _, one in found),
    )


def _entropy_of(law: Any) -> Estimate:
    known = closed(law, "entropy")
    if known is not None:
        return Estimate(float(known), 8 * EPS * abs(float(known)), ErrorKind.BOUND, Status.EXACT, "closed", 0)
    return entropy_estimate(law) if law.event_shape else scalar_entropy(law)

"""E_p[f] over the Law protocol: the one engine behind moments, entropies and divergences.

An expectation is taken in the coordinates of the roots of a law, Σ weight · E_root[f(g(x))], so a peak is never missed and
a point is never inverted. Integrands are given by their logarithms, on `Anchored` nodes: nothing saturates or overflows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

import numpy as np

from densities.anchored import Anchored, log_abs, sign, value
from densities.arrays import quiet
from densities.errors import (
    OF_ARRAYS,
    ParameterError,
    ShapeError,
    UnsupportedOperationError,
    argument_error,
    unknown_name,
)
from densities.estimate import ErrorKind, Estimate, Status, infinite
from densities.numerics.exponents import Tail, Verdict, tail_verdict
from densities.numerics.quadrature import integrate
from densities.parameters import one_of

EPS = float(np.finfo(float).eps)
# A tail exponent smaller than this is zero: what the rounding of its terms leaves.
BORDER = 1e-13
# Noise of the logarithm over the log-distance: beyond this an exponent is not seen at all.
BLURRED = 1e-9
# Log-distances from a point at which a density that is one number beside it is seen to be so.
NEARER, NEAREST = 1e3, 1e6
# A panel so many times as long as the landmarks of a root are spread out starts beyond its mass.
FAR_OUT = 64.0
# An expectation has converged when its error is below this share of E|f|.
SETTLED = 1e-9
# A mass that is off shows log-densities that are; what cancels in it is taken for no more than what is seen.
SHOWN = 4.0
# Where a function is asked whether it has values.
LEVELS = (np.arange(64) + 0.5) / 64
# What may be said of the draws of Monte Carlo, beside their number and their seed; what other libraries call the seed.
SEEDS = "seed", "random_state", "generator"
DRAW_OPTIONS = ("checkpoint", "executor", "progress", "scheme", "target", "time_limit")
# f(part, x): logarithms and signs of k integrands at the nodes x of a root, each (k, *x.shape)
Integrands = Callable[[Any, Anchored], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Sums:
    """k sums over a law: values, what discretisation, truncation and rounding may have done, ∫|f|, and whether it settled."""

    values: np.ndarray
    errors: np.ndarray
    magnitudes: np.ndarray
    converged: bool
    evaluations: int


def smooth_parts(law: Any) -> list[Any]:
    """The parts of the law that have a density."""
    return [part for part in law.joined_parts() if part.weight and part.root.log_continuous_mass > -np.inf]


def edges_of(part: Any, extra: np.ndarray) -> np.ndarray:
    """The ends of the panels over the support of a root: its own landmarks, the breaks of its map, and `extra` points."""
    low, high = (float(value(end)) for end in part.root.support.edges)
    points = np.concatenate([part.root.landmarks(), np.asarray(part.breaks, dtype=float), extra])
    # A point that differs from an end by rounding is that end.
    ends = np.array([[low], [high]])
    at_end = np.any(np.abs(points - ends) <= np.where(np.isfinite(ends), 8 * EPS * np.abs(ends), 0.0), axis=0)
    points = np.unique(points[~at_end & (points > low) & (points < high) & np.isfinite(points)])
    if not len(points):
        points = np.ravel(part.root.support.interior_point())
    points = _with_rungs(points, part.root.landmarks())
    # Two landmarks that differ by rounding make an empty panel; the first one stands for both.
    scale = np.maximum(np.abs(points[1:]), np.abs(points[:-1]))
    points = points[np.concatenate([[True], np.diff(points) > 8 * EPS * scale])]
    return np.concatenate([[low], points, [high]])


def _with_rungs(points: np.ndarray, own: np.ndarray) -> np.ndarray:
    """The points, and one more between the landmarks of a root and points so far out that their panel would miss its mass."""
    if not len(own):
        return points
    reach = FAR_OUT * (own.max() - own.min())
    rungs = [own.min() - reach] * bool(points[0] < own.min() - reach) + [own.max() + reach] * bool(
        points[-1] > own.max() + reach
    )
    return np.sort(np.concatenate([points, rungs])) if rungs and reach > 0 else points


def integrate_law(
    law: Any,
    integrands: Integrands,
    landmarks: np.ndarray | Sequence[float] = (),
    floor: Sequence[int | None] | None = None,
    rtol: float = 1e-11,
    max_nodes: int = 4096,
) -> Sums:
    """Σ over the parts of the law of weight · ∫ integrands dx, in the coordinates of the roots.

    `landmarks` are further points, in the coordinate of the law itself, where the integrands are not smooth.
    """
    totals: list[tuple[np.ndarray, np.ndarray, np.ndarray, bool, int]] = []
    points = np.asarray(landmarks, dtype=float)
    for part in (part.pinned(points) for part in smooth_parts(law)):
        with quiet():
            edges = edges_of(part, np.ravel(part.preimages(points)))
        width = _half_line_widths(edges)

        def panel_values(x: Anchored, _: np.ndarray, part: Any = part) -> tuple[np.ndarray, np.ndarray]:
            return integrands(part, x)

        result = integrate(
            panel_values,
            np.zeros(len(edges) - 1, dtype=int),
            edges[:-1],
            edges[1:],
            width,
            floor=floor,
            rtol=rtol,
            max_nodes=max_nodes,
        )
        totals.append(
            (
                part.weight * result.value[:, 0],
                part.weight * result.error[:, 0],
                part.weight * result.magnitude[:, 0],
                bool(result.converged[0]),
                int(result.evaluations[0]),
            )
        )
    values, errors, magnitudes, converged, evaluations = zip(*totals, strict=True)
    return Sums(
        np.sum(values, axis=0), np.sum(errors, axis=0), np.sum(magnitudes, axis=0), all(converged), sum(evaluations)
    )


@dataclass(frozen=True)
class Approach:
    """How an integral behaves toward one end of a panel, seen from one side."""

    verdict: Verdict
    part: Any
    edge: float
    side: float
    outward: bool

    @property
    def where(self) -> str:
        if self.outward:
            return f"toward {'+' if self.side > 0 else '-'}infinity"
        return f"just {'above' if self.side > 0 else 'below'} {self.edge:.6g}"

    def far(self) -> Anchored:
        """A point well on the way."""
        return Anchored.from_log(np.array([300.0 if self.outward else -300.0]), self.side, self.edge)


def tails(
    law: Any,
    log_integrand: Callable[[Any, Anchored], tuple[Any, Any, Any]],
    landmarks: Sequence[float] | np.ndarray = (),
) -> list[Approach]:
    """Whether ∫p|f| converges toward every end of every panel, from each side.

    `log_integrand(part, x)` gives the log-density of the root at its nodes x, log|f|, and the absolute error of the latter.
    """
    found = []
    points = np.asarray(landmarks, dtype=float)
    for part in (part.pinned(points) for part in smooth_parts(law)):
        with quiet():
            edges = edges_of(part, np.ravel(part.preimages(points)))
        for direction, anchors, sides, scales in _approaches(edges):

            def toward(logs: np.ndarray, part: Any = part, anchors: Any = anchors, sides: Any = sides) -> np.ndarray:
                with quiet():
                    x = Anchored.from_log(logs, sides[:, None], anchors[:, None])
                    weight, size, error = np.broadcast_arrays(*log_integrand(part, x))
                return np.stack([weight + size + logs, error + 4 * EPS * np.abs(weight), size + logs, error, weight])

            kept, starts = sharing(toward), np.log(scales)
            tail = tail_verdict(kept(0), direction, log_scale=starts, noise=kept(1))
            # An exponent that is zero to rounding is the border itself (1/x at its pole, t(2) against a normal): a parameter
            # one ulp away would say otherwise, but then the integral exceeds 10^13.
            blur = np.zeros(len(scales))
            if np.any(tail.verdict == Verdict.UNDECIDED):
                with np.errstate(all="ignore"):
                    blur = toward((starts + direction * tail.reach)[:, None])[1, :, 0] / tail.reach
                if direction < 0:
                    tail, blur = _but_beside_points(toward, kept, starts, tail, blur)
            border = (
                (tail.verdict == Verdict.UNDECIDED)
                & (np.abs(tail.exponent) <= BORDER)
                & (tail.second > 0.1)
                & (blur < BLURRED)
            )
            verdicts = np.where(border, int(Verdict.INFINITE), tail.verdict)
            # A density has a mass: where its own exponent is too near 0 to be seen (gamma(1e-15) at 0), none is.
            if np.any(near := (verdicts == Verdict.INFINITE) & (np.abs(tail.exponent) <= BORDER)):
                own = tail_verdict(_log_masses(part, anchors, sides), direction, log_scale=np.log(scales))
                verdicts = np.where(near & (own.verdict != Verdict.FINITE), int(Verdict.UNDECIDED), verdicts)
            found += [
                Approach(Verdict(int(verdict)), part, float(edge), float(side), direction > 0)
                for verdict, edge, side in zip(verdicts, anchors, sides, strict=True)
            ]
    return found


def _but_beside_points(
    toward: Callable[[np.ndarray], np.ndarray], kept: Callable, starts: np.ndarray, tail: Tail, blur: np.ndarray
) -> tuple[Tail, np.ndarray]:
    """The tails toward finite ends and their blur; those undecided beside points where the density is one number, and not 0, by
    |f| alone: however small that number is, its rounding decides nothing.

    Of one that is so small that an exponent of its own would not be seen, only that it has a mass is known: the integral is
    finite where |f| is integrable, and undecided elsewhere.
    """
    with np.errstate(all="ignore"):
        near, far = (toward((starts - distance)[:, None])[4, :, 0] for distance in (NEARER, NEAREST))
        rounding = EPS * np.abs(far)
        constant = (tail.verdict == Verdict.UNDECIDED) & (np.abs(far - near) <= 4 * rounding)
        alone = tail_verdict(kept(2), -1, log_scale=starts, noise=kept(3))
        told = constant & ((rounding <= BLURRED * NEAREST) | (alone.verdict == Verdict.FINITE))
    verdict, exponent, second, reach = (
        np.where(told, new, old) for new, old in zip(vars(alone).values(), vars(tail).values(), strict=True)
    )
    return Tail(verdict, exponent, second, reach), np.where(told, 0.0, blur)


def _log_masses(part: Any, anchors: np.ndarray, sides: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """log(density of the root · distance) at log-distances from anchors."""

    def logs_of_mass(logs: np.ndarray) -> np.ndarray:
        with quiet():
            x = Anchored.from_log(logs, sides[:, None], anchors[:, None])
            return np.asarray(value(part.root.raw_logpdf(x)), dtype=float) + logs

    return logs_of_mass


def sharing(function: Callable[[np.ndarray], np.ndarray]) -> Callable[[int], Callable[[np.ndarray], np.ndarray]]:
    """The entries of what the function returns, as functions that share one call for the same array."""
    last: list[np.ndarray] = []

    def entry(index: int) -> Callable[[np.ndarray], np.ndarray]:
        def answer(points: np.ndarray) -> np.ndarray:
            if not last or last[0] is not points:
                last[:] = points, function(points)
            return last[1][index]

        return answer

    return entry


def _approaches(edges: np.ndarray) -> list[tuple[int, np.ndarray, np.ndarray, np.ndarray]]:
    """(direction, anchors, sides, length scales) of the ends of the panels: the finite ones, then those at infinity."""
    low, high = edges[:-1], edges[1:]
    width = high - low
    width = np.where(np.isfinite(width), width, _half_line_widths(edges))
    from_low, from_high = np.isfinite(low), np.isfinite(high)
    finite = (
        -1,
        np.concatenate([low[from_low], high[from_high]]),
        np.concatenate([np.ones(np.count_nonzero(from_low)), -np.ones(np.count_nonzero(from_high))]),
        np.concatenate([width[from_low], width[from_high]]),
    )
    outer = (
        1,
        np.concatenate([high[~from_low], low[~from_high]]),
        np.concatenate([-np.ones(np.count_nonzero(~from_low)), np.ones(np.count_nonzero(~from_high))]),
        np.concatenate([width[~from_low], width[~from_high]]),
    )
    return [group for group in (finite, outer) if len(group[1])]


def _half_line_widths(edges: np.ndarray) -> np.ndarray:
    """The length scale of each panel as if it were a half line: the width of its finite neighbour."""
    inner = np.diff(edges[1:-1])
    if not len(inner):
        return np.full(len(edges) - 1, max(1.0, 1e-3 * abs(edges[1])))
    return np.concatenate([[inner[0]], inner, [inner[-1]]])


def expect(
    function: Callable[[Any], Any],
    law: Any,
    *,
    method: str = "auto",
    n: int = 2**16,
    rng: Any = None,
    rtol: float = 1e-11,
    landmarks: Sequence[float] = (),
    **draws: Any,
) -> Estimate:
    """E_p[f(Y)] = ∫ f(y) p(y) dy + Σ f(a) P(Y = a), as an `Estimate`.

    function   vectorised over points y: (...,) -> (...,), of vectors (..., n) -> (...,)
    method     "auto" is quadrature, or a sum over point masses, on the line, and Monte Carlo for vectors; "quadrature" and
               "montecarlo" insist on theirs
    n, rng     draws and their seed; further options (target=, scheme=, executor=, progress=, checkpoint=, time_limit=) are
               those of `numerics.montecarlo.estimate_mean`
    rtol       the relative accuracy that quadrature aims at
    landmarks  points where f is not smooth

    Raises ParameterError for another method and for a function that gives no real numbers, ShapeError where their shape is
    not that of the points, UnknownNameError for an unknown option, UnsupportedOperationError for quadrature over vectors.
    """
    from densities.protocols import as_distribution

    law = as_distribution(law)
    if not callable(function):
        raise ParameterError(argument_error("function", "a function of an array of points", function))
    check_settings(method, ("auto", "quadrature", "montecarlo"), n, rtol, draws)
    if method == "quadrature" and law.event_shape:
        raise UnsupportedOperationError(
            "expect: quadrature: expected a law on the line, got one of vectors; use method='montecarlo'"
        )
    if method == "montecarlo" or law.event_shape:
        return _expect_by_draws(function, law, n=n, rng=rng, **draws)

    def points_to_values(y: Any) -> tuple[Any, Any]:
        f, shape = real_values(function, value(y)), np.shape(value(y))
        if np.broadcast_shapes(f.shape, (1,) * len(shape)) not in (shape, (1,) * len(shape)):
            raise ShapeError(argument_error("function", f"values of the shape of the points, {shape}", f.shape))
        return np.log(np.abs(f)), np.sign(f)

    if law.measure == "counting":  # a function of integers may know nothing of the numbers between them
        return law.expect_logs(points_to_values, smooth=False)
    found = expect_logs(points_to_values, law, landmarks=landmarks, rtol=rtol)
    return _undefined(function, law, found) if np.isnan(found.value) else found


def _undefined(function: Callable[[Any], Any], law: Any, found: Estimate) -> Estimate:
    """An expectation without a value; where that is the function's doing, this is said."""
    with np.errstate(all="ignore"):
        y = np.asarray(law.ppf(LEVELS))
        nowhere = y[np.broadcast_to(np.isnan(real_values(function, y)), y.shape)]
    if not nowhere.size:
        return found
    reason = f"the function is nan at {nowhere[0]:.6g}, where the law has mass"
    return replace(found, error=0.0, status=Status.UNDEFINED, detail={**found.detail, "reason": reason})


def check_settings(method: Any, known: Sequence[str], n: Any, rtol: Any, draws: dict[str, Any]) -> None:
    """Raises ParameterError for a method that is not among those known, and for what is no number of draws, relative accuracy
    or value of an option; UnknownNameError for an option that draws do not have.
    """
    from densities.numerics.montecarlo import check_run

    one_of("method", method, known)
    if not (isinstance(rtol, Real) and 0 <= float(rtol) < np.inf):
        raise ParameterError(argument_error("rtol", "a relative accuracy such as 1e-10", rtol))
    for name in draws:
        if name not in DRAW_OPTIONS:
            raise unknown_name("option", name, ("rng",) if name in SEEDS else DRAW_OPTIONS)
    check_run(n, **draws)


def real_values(function: Callable[[Any], Any], y: Any) -> np.ndarray:
    """function(y) as doubles; ParameterError where these are no real numbers, or the function takes no array."""
    try:
        f = np.asarray(function(y))
    except (TypeError, ValueError) as error:
        raise ParameterError(f"{argument_error('function', OF_ARRAYS, function)}: {error}") from error
    if f.dtype.kind not in "biuf":
        raise ParameterError(argument_error("function", "real numbers for values", f"{f.dtype} {f.flat[0]!r}"))
    return f.astype(float, copy=False)


def expect_logs(
    function: Callable[[Any], tuple[Any, Any]],
    law: Any,
    *,
    landmarks: Sequence[float] | np.ndarray = (),
    rtol: float = 1e-11,
) -> Estimate:
    """E[f(Y)] for f given as (log|f|, sign) on `Anchored` points y, with a verdict on its existence."""

    def integrands(part: Any, x: Anchored) -> tuple[np.ndarray, np.ndarray]:
        log_density = value(part.root.raw_logpdf(x))
        logs, signs = function(part.forward(x)[0])
        return np.stack([_product(log_density, logs), log_density]), np.stack(
            [np.broadcast_to(signs, log_density.shape), np.ones_like(log_density)]
        )

    def log_size(part: Any, x: Anchored) -> tuple[Any, Any, Any]:
        log_density, logs = value(part.root.raw_logpdf(x)), function(part.forward(x)[0])[0]
        nothing = np.isneginf(log_density) & ~np.isposinf(logs)
        return log_density, np.where(nothing, -np.inf, logs), 4 * EPS * np.abs(logs)

    if law.measure == "counting":
        return law.expect_logs(function)
    atoms = _atom_sum(function, law)
    if law.log_continuous_mass == -np.inf:
        return Estimate(atoms, 8 * EPS * abs(atoms), ErrorKind.BOUND, Status.EXACT, "sum", len(law.atoms[0]), {})
    verdicts = tails(law, log_size, landmarks)
    endless = [approach for approach in verdicts if approach.verdict is Verdict.INFINITE]
    if endless:
        return divergent(endless, lambda approach: function(approach.part.forward(approach.far())[0])[1], "|f| p")
    sums = integrate_law(law, integrands, landmarks, rtol=rtol)
    settled = sums.errors[0] <= SETTLED * sums.magnitudes[0]
    mass_gap = abs(sums.values[1] - np.exp(law.log_continuous_mass))
    undecided = [approach for approach in verdicts if approach.verdict is Verdict.UNDECIDED]
    status = (
        Status.UNDECIDED if undecided else Status.CONVERGED if settled and mass_gap < 1e-8 else Status.NOT_CONVERGED
    )
    detail: dict[str, Any] = {"mass": float(sums.values[1])}
    if undecided:
        detail["reason"] = f"the integral converges so slowly {undecided[0].where} that it may be infinite"
    with quiet():  # sums beyond the doubles
        error = float(sums.errors[0] + SHOWN * mass_gap * sums.magnitudes[0] + 8 * EPS * abs(atoms))
    total = float(sums.values[0] + atoms)
    return Estimate(total, error, ErrorKind.HEURISTIC, status, "quadrature", sums.evaluations, detail)


def _product(log_density: Any, logs: Any) -> Any:
    """log(p·f): zero where p is and f is finite, not known (NaN) where both logarithms have left the doubles."""
    return np.where(np.isneginf(log_density) & ~np.isposinf(logs), -np.inf, log_density + logs)


def _atom_sum(function: Callable[[Any], tuple[Any, Any]], law: Any) -> float:
    locations, masses = law.atoms
    if not len(locations):
        return 0.0
    with quiet():
        logs, signs = function(Anchored.exact(locations))
        return float(np.sum(np.where(masses > 0, masses * signs * np.exp(logs), 0.0)))


def divergent(ends: Sequence[Approach], signs: Callable[[Approach], Any], integrand: str) -> Estimate:
    """±inf where the divergent ends agree on the sign, NaN where they do not."""
    with quiet():
        found = {float(np.ravel(signs(approach))[0]) for approach in ends}
    places = " and ".join(sorted({approach.where for approach in ends}))
    reason = f"the integral of {integrand} diverges {places} (in the coordinates of the base)"
    return infinite("tails", reason, value=found.pop() * np.inf if len(found) == 1 else np.nan)


@dataclass(frozen=True)
class FunctionOfDraws:
    """f(Y) at the draws of a source, for `estimate_mean`; picklable where f is."""

    function: Callable
    law: Any

    def __call__(self, source: Any) -> np.ndarray:
        return real_values(self.function, np.asarray(value(self.law.draw_from(source))))


def _expect_by_draws(function: Callable, law: Any, **options: Any) -> Estimate:
    from densities.numerics.montecarlo import estimate_mean

    result = estimate_mean(FunctionOfDraws(function, law), **{"dimension": law.draw_dimension, **options})
    return from_draws(result, "montecarlo", target=options.get("target"))


def from_draws(result: Any, method: str, extra: dict[str, Any] | None = None, target: float | None = None) -> Estimate:
    """The Estimate of a Monte Carlo mean; where a `target` was missed, `draws_for_target` says how many would reach it."""
    status, reason = Status.CONVERGED, ""
    error = float(np.max(result.standard_error))
    mean = float(np.ravel(result.mean)[0])
    detail = {
        "dof": result.dof,
        "khat": result.khat,
        "top_share": result.top_share,
        "entropy": result.entropy,
        "rate": result.rate,
        "stopped": result.stopped,
        **(extra or {}),
    }
    if target is not None:
        detail["draws_for_target"] = float(np.max(result.draws_for(target)))
        if not error <= target:
            status = Status.NOT_CONVERGED
            reason = (
                f"the standard error is above the target; about {detail['draws_for_target']:.2g} draws would reach it"
            )
    if result.stopped in ("interrupted", "time"):
        word = {"interrupted": "interrupted", "time": "out of time"}[result.stopped]
        status, reason = Status.NOT_CONVERGED, f"{word} after {result.n:,} of {result.planned:,} draws"
    if np.any(result.heavy_tail):
        status = Status.HEAVY_TAIL
    if not np.isfinite(mean):
        status = Status.INFINITE if np.isinf(mean) else Status.NOT_CONVERGED
    if reason:
        detail["reason"] = reason
    return Estimate(mean, error, ErrorKind.STANDARD_ERROR, status, method, int(result.n), detail)


__all__ = [
    "Sums",
    "check_settings",
    "divergent",
    "expect",
    "expect_logs",
    "from_draws",
    "integrate_law",
    "log_abs",
    "sharing",
    "sign",
    "tails",
]

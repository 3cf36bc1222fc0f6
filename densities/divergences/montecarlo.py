"""D(p‖q) by Monte Carlo: the mean of log dp/dq over draws of p.

Control variates, fitted to the chunks, take most of the spread away: c = 1 - dq/dp, whose mean is the mass of q where p
has none and whose first order in t = log dp/dq is t itself, so that t - c is the nonnegative φ(t) of nearly equal laws;
and functions of the numbers that the draws are made of, which follow a smooth t and its tails.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from densities.anchored import Anchored, anchored, value
from densities.arrays import quiet
from densities.divergences.draws import (
    RARE,
    ControlledDraws,
    LogRatioDraws,
    columns_of,
    explained,
    unseen_square,
)
from densities.divergences.quadrature import log_size
from densities.divergences.ratio import RadonNikodym
from densities.estimate import Estimate, Status
from densities.executors import shared_out
from densities.expectation import EPS, from_draws, tails
from densities.numerics.exponents import Verdict
from densities.numerics.montecarlo import entropy_of, estimate_mean
from densities.numerics.nets import Source
from densities.numerics.streams import CONTROLS

# q/p may be at most this at the quantiles of q for c to be a control: where q has mass p then has draws, and c a variance.
LARGEST_RATIO = 100.0
# The tail probabilities of the quantiles of q at which that is looked at, beside its centre.
TAIL_LEVELS = np.concatenate([np.geomspace(1e-12, 1e-3, 28), np.linspace(0.002, 0.5, 250)])
# c is a control where it takes the error below this part of what it is without: it costs a third of the time.
WORTH_IT = 0.7
# The kurtosis of what controls leave over may be this share of the draws: then a variance is known to a third.
KURTOSIS_SHARE = 0.1
# Tail probabilities between which |t| is looked at for its growth, and the power of them that this stays below where a
# variance is certain: it needs one below 1/2.
FAR_LEVELS, TAME = np.array([1e-20, 1e-40, 1e-80, 1e-160, 1e-300]), 0.2
# Points are moved by this share of themselves to see what ulps of them do to t; a quantile may be off by so many.
BESIDE, ULPS = 2.0**-45, 8.0
# A function of the numbers is a difference of terms, so many times as large at most.
TERMS = 4.0
# Beyond the quantile that so many draws are expected to pass, tails are looked at where they halve, so many times.
FAR_OUT, HALVINGS = 4.0, 24
# A run to a target may end with so few draws.
FEW_DRAWS = 2**12


class Pilot:
    """2^10 draws, denser in the tails, that no run takes: what they say of rounding and of what controls leave over."""

    def __init__(self, values: LogRatioDraws, entropy: int, scheme: str):
        self.values, self.scheme = values, scheme
        self._seed = np.random.SeedSequence(entropy, spawn_key=(2**31,))
        self.t, self._logs, self.weight, self.draws = values.exactly(self._source())

    def _source(self) -> Source:
        """The source of the draws, new each time: generators remember what they have given."""
        return Source(2**10, self.values.dimension, "stratified", (self._seed,))

    @cached_property
    def finite(self) -> bool:
        return bool(np.isfinite(self.t).all())

    def rounding(self, slope: float = 0.0) -> float:
        """What ulps of the logarithms do to the mean of t - slope·(1 - e^-t), unseen in its spread.

        With δ = 2 eps (|log p| + |log q|) and what ulps of the points do to t, it is
        E_p[|1 - slope e^-t| δ + slope e^-t δ²].
        """
        with quiet():
            delta = 2 * EPS * sum(np.abs(log) for log in self._logs) + self._of_points
            ratio = slope * np.exp(-self.t) if slope else 0.0
            size = np.abs(1.0 - ratio) * delta + np.abs(ratio) * (delta * delta + EPS * np.abs(self.t))
            return float(np.mean(size * self.weight))

    def of_controls(self, values: ControlledDraws, coefficients: np.ndarray | None) -> float:
        """What ulps of the functions of the numbers do to the mean, by their coefficients."""
        if not values.followed or coefficients is None:
            return 0.0
        with quiet():
            columns = columns_of(self.t, self.draws, False, values.followed)[1:] * self.weight
            sizes = np.abs(coefficients[values.balanced :, None] * columns).sum(axis=0)
            return float(TERMS * EPS * np.mean(sizes))

    @cached_property
    def _of_points(self) -> np.ndarray:
        """What ulps of the points do to t: a quantile may be off by some that have the same sign along the whole law.

        Where both densities are taken at one double, their own roundings of it differ.
        """
        t, logs, *_ = self.values.exactly(self._source(), BESIDE)
        seen = 2 * EPS * (sum(map(np.abs, logs)) + sum(map(np.abs, self._logs)))
        shifts = np.array([np.abs(t - self.t), self.values.image_shifts(self._source(), BESIDE)])
        own = 0.25 * EPS * (self.values.ratio.p.log_lost + self.values.ratio.q.log_lost)
        return np.sum(np.where(shifts > seen, shifts, 0.0), axis=0) * (ULPS * EPS / BESIDE) + own

    def left_over(self, balanced: bool, followed: int) -> tuple[float, float, float]:
        """(variance, kurtosis, slope) of what the controls leave of t, and the coefficient of c."""
        with quiet():
            columns = columns_of(self.t, self.draws, balanced, followed).T
            t = columns[:, 0].copy()
            columns[:, 0] = 1.0
            if not (np.isfinite(columns).all() and self.finite):
                return np.inf, np.inf, 0.0
            root = np.sqrt(self.weight * np.ones(len(self.t)))
            scale = np.abs(t).max() or 1.0
            fitted = np.linalg.lstsq(columns * root[:, None], t / scale * root, rcond=1e-13)[0]
            left = t / scale - columns @ fitted
            share, left = (self.weight, left) if self.scheme == "plain" else (1.0, self.weight * left)
            second = float(np.mean(share * left**2))
            kurtosis = float(np.mean(share * left**4)) / second**2 if second else 0.0
            return second * scale**2, kurtosis, float(fitted[1] * scale) if balanced else 0.0


def _unseen_spread(values: ControlledDraws, slope: float, mean: float, n: int) -> float:
    """The standard error of t - slope·c due to what few of n draws meet: point masses, a density beside them, components.

    Sums over the masses tell it, integrals over the density, and the medians of the components.
    """
    p = values.ratio.p
    if not np.isfinite(mean):
        return 0.0

    def beside_mean(t: np.ndarray) -> np.ndarray:
        return t - mean + (slope * (np.expm1(-t) + values.known[0]) if slope else 0.0)

    if p.measure != "lebesgue":
        return float(np.sqrt(unseen_square(values.ratio, beside_mean, n) / n))
    with quiet():
        hidden = values.drawn * n < RARE
        t = beside_mean(np.asarray(values.ratio.log(_medians(values)[hidden])))
        return float(np.sqrt(np.sum((values.weights**2 / values.drawn)[hidden] * t**2) / n))


class _FarOut:
    """A source of uniform numbers next to 0 and to 1, each with one that chooses a part."""

    scheme = "stratified"

    def __init__(self, v: np.ndarray, chooses: np.ndarray):
        self.v, self.chooses, self.size, self.points = v, chooses, len(v), len(v)

    def uniforms(self, dimension: int) -> np.ndarray:
        return np.column_stack([self.v, self.chooses])[:, :dimension]


def _unseen_tails(values: ControlledDraws, scheme: str, coefficients: Any, mean: float, n: int) -> float:
    """The standard error due to both ends of the parts of p, where hardly any of n draws come and controls may not follow t."""
    if not (values.by_numbers and np.isfinite(mean)):
        return 0.0
    drawn = values.drawn[:, None]
    share = np.minimum(FAR_OUT / (n * drawn), 0.5) * 2.0 ** -np.arange(HALVINGS)  # of the draws of a part, to be halved
    v = np.sqrt(share / 3.0) if scheme == "plain" else share  # u = 3v² there
    middle = np.broadcast_to(np.cumsum(drawn)[:, None] - 0.5 * drawn, share.shape)
    source = _FarOut(np.ravel([0.75 * v, 1.0 - 0.75 * v]), np.ravel([middle, middle]))
    t, _, draws = values.log_ratios(source)
    with quiet():
        columns = columns_of(t, draws, values.balanced, values.followed)
        columns *= draws.shares if scheme == "plain" else draws.weight
        left = columns[0] - mean
        if len(columns) > 1:
            left = left - coefficients @ (columns[1:] - np.array(values.known)[:, None])
        return float(np.sqrt(np.nansum(np.ravel([0.5 * drawn * share] * 2) * left**2) / n))


def _medians(values: ControlledDraws) -> np.ndarray:
    """Those of the parts of p."""
    with quiet():
        middles = [value(part.forward(anchored(part.root.raw_ppf(np.asarray(0.5))))[0]) for part in values.parts]
    return np.array(middles, dtype=float)


def controlled(pilot: Pilot, n: int) -> ControlledDraws:
    """The draws with the controls that apply.

    A control may follow t wherever it is likely and leave it far out: then most runs see no spread at all, and the
    kurtosis of what is left is no small part of the draws.
    """
    values = pilot.values
    followed = CONTROLS + (pilot.scheme != "plain") if values.by_numbers else 0
    balanced = _earns(pilot, n, followed) and _balanced(values)
    if not pilot.left_over(balanced, followed)[1] <= KURTOSIS_SHARE * n:
        followed = 0
    return ControlledDraws(values.ratio.p, values.ratio.q, balanced, followed)


def _earns(pilot: Pilot, n: int, followed: int) -> bool:
    """Whether c takes away enough of the error of n draws; so it is said where the pilot cannot tell."""
    (with_it, _, slope), (without, _, _) = (pilot.left_over(balanced, followed) for balanced in (True, False))
    errors = [np.sqrt(left / n) + pilot.rounding(c) for left, c in ((with_it, slope), (without, 0.0))]
    return not errors[0] > WORTH_IT * errors[1]


def _balanced(draws: LogRatioDraws) -> bool:
    """Whether E_p[1 - q/p] is the mass of q where p has none, and 1 - q/p moderate wherever q has mass.

    A law whose density vanishes on an unknown set, or that has hardly a draw where q has mass, gives another mean to a
    sample of any size.
    """
    p, q = draws.ratio.p, draws.ratio.q
    with quiet():
        if p.measure == q.measure == "counting":
            y = np.concatenate([q.raw_total_ppf(TAIL_LEVELS), q.raw_total_ppf(1.0 - TAIL_LEVELS)])
            return _moderate(draws.ratio.log(y))
        if not (draws.smooth and q.measure == "lebesgue" and _fills_its_support(draws)):
            return False
        back = RadonNikodym(q, p)
        ends = [
            (part, quantile(TAIL_LEVELS)) for part in q.parts() for quantile in (part.root.raw_ppf, part.root.raw_isf)
        ]
        return _moderate(np.concatenate([-value(back.on(part, anchored(x)).t) for part, x in ends]))


def _moderate(t: np.ndarray) -> bool:
    """Whether q/p = e^-t is nowhere large; what lies outside the support of p has a known mass and does not count."""
    inside = t[~np.isneginf(t)]
    return bool(len(inside)) and bool(np.min(inside) > -np.log(LARGEST_RATIO))


def _fills_its_support(draws: LogRatioDraws) -> bool:
    """Whether the density of p is positive inside its support: each part is of a family of such, and reaches both ends."""
    ends = [float(value(end)) for end in draws.ratio.p.support.edges]
    for part in draws.parts:
        if not part.root.name:
            return False
        if len(draws.parts) > 1:
            reached = [float(value(part.forward(anchored(value(end)))[0])) for end in part.root.support.edges]
            if sorted(reached) != ends:
                return False
    return True


def variance_is_finite(values: LogRatioDraws) -> bool:
    """Whether |t| certainly has a variance: finite at every landmark, and of slow growth toward the ends."""
    p, q = values.ratio.p, values.ratio.q
    if not values.smooth or q.measure != "lebesgue" or len(p.critical_points) or len(q.critical_points):
        return False
    with quiet():
        inside = values.ratio.landmarks
        if not np.isfinite(values.ratio.log(inside[np.isfinite(inside)])).all():
            return False
        for part in values.parts:
            for quantile in (part.root.raw_ppf, part.root.raw_isf):
                t = np.abs(value(values.ratio.on(part, anchored(quantile(FAR_LEVELS))).t))
                if not (np.diff(np.log1p(t)) <= -TAME * np.diff(np.log(FAR_LEVELS))).all():
                    return False
    return True


def variance_is_infinite(ratio: RadonNikodym, *, tilted: bool) -> bool:
    """Whether the draws certainly have no variance: E_p[t²], tilted E_p[t² √(mass of the tail)] up to a factor."""

    def log_square(part: Any, x: Anchored) -> tuple[Any, Any, Any]:
        weight, log_t, noise = log_size(ratio, part, x)
        square = 2 * log_t
        if tilted:
            square = square + 0.5 * np.minimum(value(part.root.raw_logcdf(x)), value(part.root.raw_logsf(x)))
        return weight, np.where(np.isneginf(weight + log_t), -np.inf, square), 3 * noise

    return any(approach.verdict is Verdict.INFINITE for approach in tails(ratio.p, log_square, ratio.q.landmarks()))


def kl_montecarlo(
    p: Any, q: Any, *, n: int = 2**16, rng: Any = None, scheme: str = "sobol", **options: Any
) -> Estimate:
    """D(p‖q) as the mean of log dp/dq over draws of p, by control variates; options are those of `estimate_mean`.

    Without an executor, 2^22 draws and more are shared out to threads, with the same bits.

    The error is the standard error and the rounding of log dp/dq, which decides between laws that are nearly identical.
    `heavy_tail` is the status where the exponents of the tails say that the draws have no variance, or the draws do.
    """
    entropy, target = entropy_of(rng, options.get("checkpoint")), options.get("target")
    pilot = Pilot(LogRatioDraws(p, q), entropy, scheme)
    values = controlled(pilot, n if target is None else min(n, FEW_DRAWS))
    known = values.known
    if known:
        options = {"control": known, "judged": 1 + values.balanced, **options}
    options = {"dimension": values.dimension, "scheme": scheme, **options}
    large = n if target is None else 0  # the runs that lead to a target begin small
    with shared_out(options.pop("executor", None), large) as executor:
        result = estimate_mean(values, n, rng=entropy, executor=executor, **options)
    if result.heavy_tail and result.standard_error <= pilot.rounding():  # the tails of rounding say nothing
        result = replace(result, heavy_tail=False)
    slope = float(result.coefficients[0]) if values.balanced else 0.0  # type: ignore[index]
    estimate = from_draws(result, "montecarlo", target=target)
    rare = _unseen_spread(values, slope, estimate.value, int(result.n))
    tails_alone = _unseen_tails(values, scheme, result.coefficients, estimate.value, int(result.n))
    rounding = pilot.rounding(slope) + pilot.of_controls(values, result.coefficients)
    spread = max(float(np.hypot(estimate.error, rare)), tails_alone)
    estimate = explained(replace(estimate, error=spread + rounding))
    if (
        estimate.status is Status.CONVERGED
        and values.smooth
        and not variance_is_finite(values)
        and variance_is_infinite(values.ratio, tilted=scheme != "plain")
    ):
        reason = "the exponents of the tails give log dp/dq no finite variance"
        return replace(estimate, status=Status.HEAVY_TAIL, detail={**estimate.detail, "reason": reason})
    return estimate

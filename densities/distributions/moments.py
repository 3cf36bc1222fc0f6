"""Moments, entropy and mode of any law on the line: closed where the family knows them, otherwise through the engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from densities.anchored import Anchored, log_abs, sign, value
from densities.arrays import quiet
from densities.errors import AccuracyWarning, ParameterError, UnsupportedOperationError, argument_error, warn
from densities.estimate import ErrorKind, Estimate, Status
from densities.expectation import EPS, divergent, expect, expect_logs, integrate_law, tails
from densities.numerics.exponents import Verdict

# A method returns a bare float silently only when its relative error is below this.
SILENT = 1e-8
# A mean that is rounded by less than this share of the standard deviation adds nothing to the variance.
ROUNDED = 1e-9
# The square of less than this is no normal double; doubles end at about twice so many powers of two.
SMALLEST, HALFWAY = 1e-150, 450
# Up to it an order is a double; every moment as high is 0, 1 or beyond the doubles, or of a variable within 10⁻¹³ of 1.
HIGHEST = 10**15
Logs = tuple[Any, Any]


def closed(law: Any, name: str) -> Any:
    """A summary in closed form, of the law or of its simplest name; None where there is none."""
    for found in (lambda: law, law.simplify):
        with quiet():
            result = getattr(found(), f"closed_{name}")()
        if result is not None:
            return result
    return None


def plain(estimate: Estimate, what: str, scale: float = 0.0) -> float:
    """The value of an estimate, with an AccuracyWarning where it is not good to 1e-8."""
    number = float(estimate.value)
    poor = np.isfinite(number) and estimate.error > SILENT * max(abs(number), scale)
    if poor or estimate.status in (Status.NOT_CONVERGED, Status.UNDECIDED):
        warn(f"{what}: {estimate}", AccuracyWarning)
    return number


def summary(law: Any, name: str, compute: Callable[[Any], Any]) -> Any:
    """The closed form of a summary, or `compute` for each member of the batch; an array is the caller's own."""
    found = closed(law, name)
    if found is not None:
        return np.array(found) if type(found) is np.ndarray and not found.flags.writeable else found
    return of_each(law, compute)


def of_each(law: Any, compute: Callable[[Any], Any]) -> Any:
    """What `compute` gives for a law, or for each member of a batch."""
    if not law.batch_shape:
        return compute(law)
    members = np.array([compute(law.member(index, law.batch_shape)) for index in np.ndindex(law.batch_shape)])
    return members.reshape(law.batch_shape + members.shape[1:])


def power_logs(order: int, centre: float = 0.0) -> Callable[[Any], Logs]:
    def logs(y: Any) -> Logs:
        distance = y - centre
        return order * log_abs(distance), sign(distance) ** order

    return logs


def mean(law: Any) -> Any:
    return summary(law, "mean", lambda one: plain(expect_logs(power_logs(1), one), "mean", _spread(one)))


def variance(law: Any) -> Any:
    return summary(law, "var", lambda one: plain(variance_estimate(one), "var"))


def deviation(law: Any) -> Any:
    """The square root of the variance; where no double holds the variance, of that of the law stretched by a power of two."""
    found = closed(law, "std")
    if found is not None:
        return found
    with quiet():
        found = np.array(np.sqrt(law.var()))
    for index in map(tuple, np.argwhere((found < SMALLEST) | np.isinf(found))):
        one = law.member(index, law.batch_shape)
        exponent = _binade(one)
        if abs(exponent) > HALFWAY:  # else nothing is lost, or the variance is infinite
            variance = plain(variance_estimate(one * 2.0**-exponent), "std")
            found[index] = np.ldexp(np.sqrt(variance), exponent)
    return found if found.ndim else float(found)


def variance_estimate(law: Any) -> Estimate:
    """E[(Y - c)²] - E[Y - c]² for the double c of the mean, which need not be the mean; infinite where E[Y²] is, 0 for a law
    at one place.
    """
    if law.measure == "counting" and np.all(value(law.support.low) == value(law.support.high)):
        return Estimate(0.0)
    second = expect_logs(power_logs(2), law)
    if not np.isfinite(second.value):
        return Estimate(np.inf, 0.0, ErrorKind.EXACT, Status.INFINITE, second.method, 0, dict(second.detail))
    centre = float(law.mean())
    found = expect_logs(power_logs(2, centre), law, landmarks=[centre])
    # Points that are rounded on their way are that much nearer to the centre, or farther; a middle half is 1.35 sd wide.
    found = replace(found, error=found.error + 1.5 * EPS * law.narrowness.carried * found.value)
    if EPS * abs(centre) < ROUNDED * np.sqrt(found.value):
        return found
    missed = expect_logs(power_logs(1, centre), law, landmarks=[centre])
    error = found.error + 2.0 * abs(missed.value) * missed.error
    return replace(found, value=max(found.value - missed.value**2, 0.0), error=error + EPS * found.value)


def moment(law: Any, order: int) -> Any:
    if not isinstance(order, int | np.integer) or not 0 <= order <= HIGHEST:
        raise ParameterError(argument_error("order", "a non-negative integer, at most 10^15", order))
    if order == 0:
        return 1.0
    if order == 1:
        return law.mean()

    def compute(one: Any) -> float:
        with quiet():
            scale = float(np.float64(_spread(one)) ** order)
        return plain(expect_logs(power_logs(int(order)), one), f"moment({order})", scale)

    return of_each(law, compute)


def standardised(law: Any, order: int, name: str) -> Any:
    """E[Z^order] of Z = (Y - c)/s for the double c of the mean and the standard deviation s; `name` is what it is called."""

    def compute(one: Any) -> float:
        exponent = _binade(one)
        one = one * 2.0**-exponent if abs(exponent) > HALFWAY else one  # no double holds the variance
        variance = variance_estimate(one)
        if not 0.0 < variance.value < np.inf:
            return float("nan")
        centre, scale = float(one.mean()), float(one.std())

        def logs(y: Any) -> Logs:
            distance = y - centre
            return order * (log_abs(distance) - np.log(scale)), sign(distance) ** order

        found = expect_logs(logs, one, landmarks=[centre])
        # What the scale and a mean that is rounded leave open.
        open_ = 0.5 * variance.error / variance.value + EPS * abs(centre) / scale
        missed = order * open_ * (1.0 + abs(found.value)) if np.isfinite(found.value) else 0.0
        return plain(replace(found, error=found.error + missed), name, 1.0)

    return of_each(law, compute)


def expectation(law: Any, function: Callable[[np.ndarray], Any]) -> float:
    return plain(expect(function, law), "expect", 1e-300)


def _binade(law: Any) -> int:
    """The exponent of the spread, or the least whose power of two has an inverse among the doubles."""
    return max(int(np.frexp(_spread(law))[1]), -1023)


def _spread(law: Any) -> float:
    """The scale of a law, for judging an error of a mean that may be zero."""
    points = law.landmarks()
    return float(points[-1] - points[0]) if len(points) > 1 else 0.0


def entropy(law: Any) -> Any:
    return summary(law, "entropy", lambda one: plain(entropy_estimate(one), "entropy", 1.0))


def entropy_estimate(law: Any) -> Estimate:
    """-E[log f(Y)] = -∫ f log f, or -Σ m log m for point masses; refused for a law that has both."""
    if law.measure == "counting":
        return law.entropy_sum()
    if law.measure == "mixed":
        raise UnsupportedOperationError(
            f"entropy: {law} has point masses and a density; its differential entropy is not defined. "
            "Take the entropy of the parts, or kl against a law with the same atoms"
        )

    def densities(part: Any, x: Anchored) -> tuple[Any, Any]:
        log_root = part.root.raw_logpdf(x)
        y, log_det = part.forward(x)
        return log_root, log_root - log_det if part.injective else law.logpdf_anywhere(y)

    def integrands(part: Any, x: Anchored) -> tuple[np.ndarray, np.ndarray]:
        log_root, log_density = densities(part, x)
        weight = value(log_root)
        logs = np.where(np.isneginf(weight), -np.inf, weight + log_abs(log_density))
        floor = np.logaddexp(weight + np.logaddexp(log_abs(log_root), log_abs(log_density)), weight)
        return np.stack([logs, weight, floor]), np.stack(
            [-sign(log_density) * np.ones_like(weight), np.ones_like(weight), np.ones_like(weight)]
        )

    def log_size(part: Any, x: Anchored) -> tuple[Any, Any, Any]:
        log_root, log_density = densities(part, x)
        weight, log_factor = value(log_root), log_abs(log_density)
        return weight, np.where(np.isneginf(weight), -np.inf, log_factor), 4 * EPS * np.abs(log_factor)

    infinite = [approach for approach in tails(law, log_size) if approach.verdict is Verdict.INFINITE]
    if infinite:
        return divergent(infinite, lambda approach: integrands(approach.part, approach.far())[1][0], "f |log f|")
    # Where several points come to one, the density breaks at more places than the map does.
    points = () if all(part.injective for part in law.parts()) else law.landmarks()
    sums = integrate_law(law, integrands, points, floor=(2, 2, None))
    if len(points) and not np.isfinite(sums.values[0]):  # a map that loses distances from such a place
        sums = integrate_law(law, integrands, floor=(2, 2, None))
    good = sums.converged and abs(sums.values[1] - 1.0) < SILENT
    return Estimate(
        float(sums.values[0]),
        float(sums.errors[0] + 2 * EPS * sums.values[2]),
        ErrorKind.HEURISTIC,
        Status.CONVERGED if good else Status.NOT_CONVERGED,
        "quadrature",
        sums.evaluations,
        {"mass": float(sums.values[1])},
    )


# Probabilities at which a search for the mode starts: the bulk finely, both tails coarsely.
LEVELS = np.concatenate([np.geomspace(1e-15, 1e-2, 40), np.linspace(0.01, 0.5, 120)[1:]])
# Shares of an interval at which a slope is looked at at once.
SECTIONS = np.arange(1.0, 16.0) / 16.0


def mode(law: Any) -> Any:
    return summary(law, "mode", numeric_mode)


def numeric_mode(law: Any) -> float:
    """The largest density among quantiles and ends, then narrowed down to where its slope changes sign."""
    places, masses = law.atoms
    if law.measure == "counting":
        return float(places[np.argmax(masses)])
    if len(places):
        raise UnsupportedOperationError(f"mode: {law} has point masses and a density; pmf and pdf are not comparable")
    support = law.support
    ends = np.array([float(value(end)) for end in support.edges])
    with quiet():
        spread_out = [value(part.forward(root)[0]) for part in law.parts() for root in _spread_out(part.root)]
    points = np.unique(
        np.concatenate([*map(np.ravel, spread_out), ends[np.isfinite(ends)], law.landmarks(), law.kinks()])
    )
    points = points[np.isfinite(points) & (points >= value(support.low)) & (points <= value(support.high))]
    with np.errstate(over="ignore"):
        heights = law.logpdf(points)
    best = int(np.argmax(heights))
    if np.isposinf(heights[best]) or points[best] in law.kinks():
        return float(points[best])
    low, high = points[max(best - 1, 0)], points[min(best + 1, len(points) - 1)]
    for _ in range(12):
        grid = np.linspace(low, high, 41)
        heights = law.logpdf(grid)
        best = int(np.argmax(heights))
        low, high = grid[max(best - 1, 0)], grid[min(best + 1, 40)]
        if high - low <= 1e-4 * _spread(law):
            break
    return _stationary(law, float(low), float(high), float(grid[best]))


def _spread_out(law: Any) -> Sequence[Any]:
    """Points all over the mass: those that lead to quantiles where these must be solved for, or else quantiles."""
    points = law.guide()
    return (points,) if points.size else (law.raw_ppf(LEVELS), law.raw_isf(LEVELS))


def _stationary(law: Any, low: float, high: float, best: float) -> float:
    """Where the score changes sign between low and high; `best` where it does not (a maximum at an end)."""
    rising, falling = law.score(low), law.score(high)
    if not (rising > 0 > falling):
        return best
    for _ in range(15):
        points = low + (high - low) * SECTIONS
        points = points[(points > low) & (points < high)]
        if not points.size:
            break
        falls = np.append(~(law.score(points) > 0), True)
        first = int(np.argmax(falls))
        low, high = float(np.append(low, points)[first]), float(np.append(points, high)[first])
    return 0.5 * (low + high)

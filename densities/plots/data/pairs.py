"""Two laws as arrays: their densities, the integrand of D(p‖q) and its log-ratio; the estimates; a running mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import stdtrit

from densities.anchored import value
from densities.arrays import quiet
from densities.divergences.draws import LogRatioDraws
from densities.divergences.evaluate import kl
from densities.divergences.ratio import radon_nikodym
from densities.errors import NoClosedFormError, ParameterError, argument_error
from densities.estimate import Estimate, Status
from densities.numerics.montecarlo import HEAVY_SHAPE, Source
from densities.numerics.pareto_tail import tail_shape, tail_size
from densities.plots.data.laws import grid, limits, quantiles, scalar_law, view_grid

# The integrand is seen where it is more than this share of its height; a part of the view below NARROW is enlarged.
VISIBLE, NARROW = 0.05, 0.15
# Log-ratios in view but outside of those of the bulk are shown as far as this many times the range of these.
REACH = 1.5
# A tail of fewer different values than this, as counts have, is no sample of a power law.
DIFFERENT = 32
METHODS = {"closed": "closed form", "quadrature": "quadrature", "montecarlo": "Monte Carlo"}


@dataclass(frozen=True, eq=False)
class Comparison:
    """p and q at points x of a view: `t` = log dp/dq in nats, `integrand` = p·t, ±inf and 0 where densities vanish.

    `places, mass_p, mass_q` are the atoms of both laws in the view, `t_atoms` the log-ratios there. `gain` and `loss`
    are the parts of D(p‖q) where t > 0 and where t < 0, over the whole line and atoms included: D = gain - loss.
    `shown` is the part of gain + loss that lies in the view. `focus` is the range of x that shows the integrand: the
    view, or a part of it where p is much narrower than q; `t_range` the log-ratios that the bulk of both laws sees.
    """

    p: Any
    q: Any
    low: float
    high: float
    x: np.ndarray
    pdf_p: np.ndarray
    pdf_q: np.ndarray
    t: np.ndarray
    integrand: np.ndarray
    places: np.ndarray
    mass_p: np.ndarray
    mass_q: np.ndarray
    t_atoms: np.ndarray
    gain: float
    loss: float
    shown: float
    focus: tuple[float, float]
    t_range: tuple[float, float]

    @property
    def area(self) -> float:
        """The integral of p·log(p/q) by the trapezoidal rule in the cdf of p: a check for the eye, not an answer."""
        return self.gain - self.loss


def comparison(p: Any, q: Any, *, n: int = 400, log: bool = False) -> Comparison:
    """The arrays of a picture of p against q; `log` is for a logarithmic x axis."""
    p, q = scalar_law("p", p), scalar_law("q", q)
    ratio = radon_nikodym(p, q)
    low, high = _widened(p, q, ratio, log)
    x = view_grid(p, q, low=low, high=high, n=n, log=log)
    with quiet():
        pdf_p, pdf_q = (np.asarray(law.pdf(x), dtype=float) for law in (p, q))
        t = _smooth_ratio(ratio, x)
        integrand = np.where(pdf_p > 0, pdf_p * t, 0.0)
        places = np.union1d(p.atoms[0], q.atoms[0])
        mass_p, mass_q = (np.asarray(law.pmf(places), dtype=float) for law in (p, q))
        t_atoms = np.log(mass_p) - np.log(mass_q)
    gain, loss, shown = _areas(p, q, ratio, low, high, (places, mass_p, t_atoms), n)
    seen = (places >= low) & (places <= high)
    return Comparison(
        p,
        q,
        low,
        high,
        x,
        pdf_p,
        pdf_q,
        t,
        integrand,
        places[seen],
        mass_p[seen],
        mass_q[seen],
        t_atoms[seen],
        gain,
        loss,
        shown,
        (low, high) if log else _focus(x, integrand, low, high),
        _ratio_range(p, q, ratio, t_atoms[seen], t[(x >= low) & (x <= high)]),
    )


def _smooth_ratio(ratio: Any, x: np.ndarray) -> np.ndarray:
    """log dp/dq of the continuous parts; NaN where neither law has a density."""
    log_p, log_q = (np.asarray(law.logpdf(x), dtype=float) for law in (ratio.p, ratio.q))
    with quiet():
        t = log_p - log_q
    return np.where(np.isposinf(log_p) | np.isposinf(log_q), np.nan, t)


def _widened(p: Any, q: Any, ratio: Any, log: bool) -> tuple[float, float]:
    """The view of both laws, widened by half at most to where the integrand is still to be seen."""
    low, high = limits(p, q, positive=log)
    if log:
        return low, high
    points = grid(p, n=200, smallest=1e-4)
    with quiet():
        size = np.abs(p.pdf(points) * _smooth_ratio(ratio, points))
    size = np.where(np.isfinite(size), size, 0.0)
    visible = points[size > VISIBLE * np.max(size)] if np.any(size) else points[:0]
    widest = 0.5 * (high - low)
    return max(visible.min(initial=low), low - widest), min(visible.max(initial=high), high + widest)


def _focus(x: np.ndarray, integrand: np.ndarray, low: float, high: float) -> tuple[float, float]:
    """The view, or where the integrand is to be seen when that is a small part of the view."""
    size = np.where(np.isfinite(integrand), np.abs(integrand), 0.0)
    seen = x[size > 0.2 * VISIBLE * np.max(size)] if np.any(size) else x
    margin = 0.1 * float(np.ptp(seen))
    if not 0.0 < np.ptp(seen) < NARROW * (high - low) or np.isposinf(integrand).any():
        return low, high
    return max(float(seen[0]) - margin, low), min(float(seen[-1]) + margin, high)


def _ratio_range(p: Any, q: Any, ratio: Any, t_atoms: np.ndarray, t_view: np.ndarray) -> tuple[float, float]:
    """The finite log-ratios at the central quantiles of both laws and at the atoms, with 0, and those in view if not far."""
    levels = np.linspace(0.01, 0.5, 50)
    points = np.concatenate([quantiles(law, levels) for law in (p, q)])
    t = np.concatenate([_smooth_ratio(ratio, points), t_atoms, [0.0]])
    t, t_view = t[np.isfinite(t)], t_view[np.isfinite(t_view)]
    low, high = float(t.min()), float(t.max())
    near = t_view[(t_view > low - REACH * (high - low)) & (t_view < high + REACH * (high - low))]
    ends = float(near.min(initial=low)), float(near.max(initial=high))
    # An end that is not all of it stays where the bulk is: the figure says that the curve goes on.
    return ends[0] if np.all(t_view >= ends[0]) else low, ends[1] if np.all(t_view <= ends[1]) else high


def _areas(p: Any, q: Any, ratio: Any, low: float, high: float, atoms: tuple, n: int) -> tuple[float, float, float]:
    """(gain, loss, share of both that is in the view): ∫ t dP over cells of the grid, and the atoms."""
    x = np.unique(np.concatenate([grid(p, q, n=4 * n, smallest=1e-13), [low, high]]))
    places, masses, t_atoms = atoms
    with quiet():
        t = _smooth_ratio(ratio, x)
        cdf = np.asarray(value(p.anywhere("cdf", x)), dtype=float)
        sf = np.asarray(value(p.anywhere("sf", x)), dtype=float)
        mass = np.where(cdf[1:] < sf[:-1], np.diff(cdf), -np.diff(sf))
        middle = 0.5 * (t[1:] + t[:-1])
        cells = np.where(mass > 0, mass * np.where(np.isfinite(middle), middle, np.fmin(t[1:], t[:-1])), 0.0)
        points = np.where(masses > 0, masses * t_atoms, 0.0)
    terms = np.nan_to_num(np.concatenate([cells, points]), nan=0.0, posinf=np.inf, neginf=-np.inf)
    inside = np.concatenate([(x[:-1] >= low) & (x[1:] <= high), (places >= low) & (places <= high)])
    whole = np.sum(np.abs(terms))
    share = min(float(np.sum(np.abs(terms[inside])) / whole), 1.0) if 0 < whole < np.inf else 1.0
    return float(np.sum(terms[terms > 0])), float(-np.sum(terms[terms < 0])), share


def estimates(
    p: Any, q: Any, *, methods: Iterable[str] = METHODS, n: int = 2**16, rng: Any = 0
) -> Mapping[str, Estimate]:
    """D(p‖q) by each of these methods that applies."""
    found = {}
    for method in methods:
        settings = {"n": n, "rng": rng} if method == "montecarlo" else {}
        try:
            found[method] = kl(p, q, method=method, **settings)
        except NoClosedFormError:
            continue
    return found


def of_report(report: Any) -> Mapping[str, Estimate]:
    """The estimates of a report of `validate`, by method, those that do not apply left out."""
    return {row.method: row.estimate for row in report.rows if row.estimate.status is not Status.UNAVAILABLE}


def best(found: Mapping[str, Estimate]) -> Estimate:
    """The estimate to believe: of those that stand by their value the one with the smallest error."""
    good = [estimate for estimate in found.values() if estimate.ok] or list(found.values())
    return min(good, key=lambda estimate: estimate.error)


@dataclass(frozen=True, eq=False)
class Run:
    """A Monte Carlo mean of log dp/dq on its way: after n draws the mean and the half-width of its interval.

    `shape` is the generalised Pareto shape of the heavier tail of log dp/dq; `heavy` says that the interval is to be doubted.
    """

    n: np.ndarray
    mean: np.ndarray
    half: np.ndarray
    level: float
    shape: float
    heavy: bool


def run(p: Any, q: Any, *, n: int = 2**16, rng: Any = 0, level: float = 0.95, points: int = 240) -> Run:
    """Plain draws from p, looked at `points` times between the 8th and the last."""
    p, q = scalar_law("p", p), scalar_law("q", q)
    if n < 16:
        raise ParameterError(argument_error("n", "at least 16 draws", n))
    if not 0 < level < 1:
        raise ParameterError(argument_error("level", "a probability strictly between 0 and 1", level))
    draws = LogRatioDraws(p, q)
    seed = np.random.SeedSequence(int(np.random.default_rng(rng).integers(2**63)))
    with quiet():
        t = np.asarray(draws(Source(int(n), draws.dimension, "plain", (seed,))), dtype=float)
        looks = np.unique(np.geomspace(8, n, points).astype(int))
        mean = np.cumsum(t)[looks - 1] / looks
        centre = np.median(t) if np.isfinite(np.median(t)) else 0.0
        first, second = (np.cumsum((t - centre) ** k)[looks - 1] / looks for k in (1, 2))
        error = np.sqrt(np.maximum(second - first**2, 0.0) / (looks - 1))
        half = stdtrit(looks - 1, 0.5 + 0.5 * level) * error
    ordered = np.sort(t[np.isfinite(t)])
    size = tail_size(ordered.size) + 1
    # Each tail by itself: a pile of values on one side would be a threshold for those of the other.
    shape = np.fmax(_shape(ordered[-size:]), _shape(-ordered[:size]))
    heavy = not np.isfinite(t).all() or bool(shape > HEAVY_SHAPE)
    return Run(looks, mean, half, level, float(shape), heavy)


def _shape(tail: np.ndarray) -> float:
    return tail_shape(tail) if np.unique(tail).size >= DIFFERENT else float("nan")


__all__ = ["METHODS", "Comparison", "Run", "best", "comparison", "estimates", "of_report", "run"]

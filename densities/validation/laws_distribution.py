"""The laws of a distribution, and check_distribution, which judges one by them.

Each method is held against the others, and the density against an independent integral: no two of them share a
formula. Moments and entropy are compared with integrals over quantiles, ∫₀¹ f(F⁻¹(u)) du, which use no density.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from densities.errors import DensitiesError, UnsupportedOperationError
from densities.protocols import as_distribution
from densities.validation.independent import draws_check, mass_check
from densities.validation.laws import (
    EPS,
    CheckReport,
    Finding,
    LawBook,
    broken,
    compared,
    does_not_apply,
    fact,
    holds,
    together,
    undecided,
    within,
)
from densities.validation.map_case import DRAWS, FALSE_ALARMS, checks_as_finding, pickle_finding
from densities.validation.points import ends_of

__all__ = ["check_distribution"]

ON_THE_LINE, CONTINUOUS, DISCRETE = LawBook(), LawBook(), LawBook()
TAIL = np.array([1e-300, 1e-200, 1e-100, 1e-50, 1e-20, 1e-10, 1e-6, 1e-4, 0.001, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5])
LEVELS = np.concatenate([TAIL, 1.0 - TAIL[(TAIL >= 1e-6) & (TAIL < 0.5)]])
FUNCTIONS = ("logpdf", "pdf", "cdf", "sf", "logcdf", "logsf")
MOMENT_TOLERANCE = 1e-7  # of the scale of a law, beside what the integral over quantiles states
COARSE, FINE = 14, 22  # nodes on a panel of the integrals over quantiles
CELLS = 50  # of the chi-squared test
# Relative accuracy of a distribution function in roundings: its formula goes through logarithms of up to 700.
ROUNDINGS = 2000


def check_distribution(law: Any, *, rng: Any = 0) -> CheckReport:
    """Every law of a distribution, judged: mass, cdf and density, both tails, quantiles, edges, draws, moments, arrays.

    Takes laws of this library and all that `as_distribution` adapts; of a batch the first member is judged, and the
    batch against it. `rng` seeds the draws; a right law fails the test of its draws once in a million.
    """
    law = as_distribution(law)
    if law.event_shape:
        from densities.validation.laws_vector import vector_law_findings

        return CheckReport(str(law), vector_law_findings(law, rng))
    case = LawCase(law, rng)
    books = [ON_THE_LINE, DISCRETE if case.law.measure == "counting" else CONTINUOUS]
    return CheckReport(str(law), tuple(finding for book in books for finding in book.judge(case)))


class LawCase:
    """A law on the line and the points it is tried at; of a batch the first member."""

    def __init__(self, given: Any, rng: Any):
        self.given, self.rng = given, rng
        self.law: Any = given.member((0,) * len(given.batch_shape), given.batch_shape)

    @cached_property
    def ends(self) -> tuple[float, float]:
        return ends_of(self.law.support)

    @cached_property
    def bulk(self) -> np.ndarray:
        """Quantiles between 1e-6 and 1 - 1e-6 and points between them, well inside the support."""
        points = np.unique(self._quantiles[:, TAIL >= 1e-6])
        return self._inside(np.concatenate([points, 0.5 * (points[1:] + points[:-1])]))

    @cached_property
    def points(self) -> np.ndarray:
        """The bulk, and quantiles far out on both sides."""
        return self._inside(np.concatenate([self.bulk, self._quantiles.ravel()]))

    @cached_property
    def _quantiles(self) -> np.ndarray:
        return np.stack([self.law.ppf(TAIL), self.law.isf(TAIL)])

    @cached_property
    def halves(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Quantiles on either side of the median and their weights in an integral over the probability u = e⁻ˢ.

        Rows are panels in s, split at kinks; in columns stand a coarse Gauss rule and a fine one.
        """
        law = self.law
        kinks = np.concatenate([law.kinks(), law.atoms[0], law.critical_points])
        kinks = np.append(
            kinks, np.nextafter(kinks, -np.inf)
        )  # an atom is a flat piece of the quantiles, with two ends
        rules = [np.polynomial.legendre.leggauss(n) for n in (COARSE, FINE)]
        nodes, weights = np.concatenate(rules, axis=1)
        found = []
        for quantile, mass in ((law.ppf, law.logcdf), (law.isf, law.logsf)):
            splits = -np.asarray(mass(kinks)) if len(kinks) else np.empty(0)
            panels = np.concatenate([np.log(2) * np.arange(1, 12), 8 + np.geomspace(1, 690, 24), splits])
            panels = np.unique(panels[(panels >= np.log(2)) & (panels <= 700)])
            half = 0.5 * np.diff(panels)[:, None]
            s = panels[:-1, None] + half * (nodes + 1)
            found.append((quantile(logp=-s), np.exp(-s) * weights * half))
        return found

    def _inside(self, points: np.ndarray) -> np.ndarray:
        low, high = self.ends
        points = np.unique(points)
        if self.law.measure == "counting":
            return points[np.isfinite(points)]
        return points[np.isfinite(points) & (points > low) & (points < high)]

    @cached_property
    def has_atoms(self) -> bool:
        return self.law.measure != "lebesgue"


# ---- every law ----


@ON_THE_LINE.law("cdf + sf = 1")
def complements(case: LawCase) -> Finding:
    x = case.points
    return compared("cdf + sf", x, case.law.cdf(x) + case.law.sf(x), 1.0, ROUNDINGS * EPS)


@ON_THE_LINE.law("logarithms are those of the values")
def logarithms(case: LawCase) -> Finding:
    """log cdf and log sf where the values are normal doubles, and numbers still where those underflow."""
    x, law = case.points, case.law
    found = []
    for name in ("cdf", "sf", "pmf" if law.measure == "counting" else "pdf"):
        plain, logs = getattr(law, name)(x), getattr(law, f"log{name}")(x)
        normal = (plain > 1e-300) & np.isfinite(plain)
        slack = ROUNDINGS * EPS * np.maximum(1.0, np.abs(logs[normal]))
        found.append(compared(f"log{name}", x[normal], logs[normal], np.log(plain[normal]), slack))
    far = np.array([law.logcdf(law.ppf(logp=-800.0)), law.logsf(law.isf(logp=-800.0))])
    if not case.has_atoms and np.any(np.isnan(far)):
        found.append(broken(f"log cdf and log sf are {far} where their exponentials underflow"))
    return together(found)


@ON_THE_LINE.law("monotone")
def monotone(case: LawCase) -> Finding:
    """cdf and log cdf never fall, sf and log sf never rise, up to rounding."""
    x, law = case.points, case.law
    found = []
    for name, sign in (("cdf", 1.0), ("logcdf", 1.0), ("sf", -1.0), ("logsf", -1.0)):
        values = sign * getattr(law, name)(x)
        slack = ROUNDINGS * EPS * np.maximum(np.abs(values[:-1]), EPS)
        slack = np.where(np.isfinite(slack), slack, 0.0)
        found.append(within(f"{name} after", x[1:], values[1:], values[:-1] - slack, np.inf))
    return together(found)


@ON_THE_LINE.law("quantiles invert the cdf in both tails")
def quantiles(case: LawCase) -> Finding:
    """F(ppf(q)) = q and S(isf(q)) = q, as far as the rounding of the quantile allows; generalised inverses at atoms."""
    law = case.law
    found = []
    for quantile, inverse in (("ppf", "cdf"), ("isf", "sf")):
        found += _inverted(case, quantile, inverse, getattr(law, quantile)(LEVELS), LEVELS)
        logs = np.array([-1e4, -800.0, -100.0, -1.0])
        x = getattr(law, quantile)(logp=logs)
        if not case.has_atoms:
            keep = np.isfinite(x) & (x != 0) & (x > case.ends[0]) & (x < case.ends[1])
            beside = [getattr(law, f"log{inverse}")(np.nextafter(x, side * np.inf)) for side in (-1, 1)]
            low, high = np.sort(beside, axis=0)
            slack = ROUNDINGS * EPS * np.maximum(1.0, np.abs(logs))
            low, high = np.minimum(low, logs) - slack, np.maximum(high, logs) + slack
            at = getattr(law, f"log{inverse}")(x)
            reach = 4 * np.abs(beside[1] - beside[0]) + slack
            found.append(compared(f"log{inverse}({quantile}(logp=", *(a[keep] for a in (logs, at, logs, reach))) if keep.any()
                         else holds("beyond the doubles"))  # fmt: skip
    found.append(compared("ends", [0.0, 1.0], law.ppf([0.0, 1.0]), case.ends, 0.0))
    found.append(
        fact(
            bool(np.all(np.isnan(law.ppf([-0.1, 1.1, np.nan])))), "NaN outside [0, 1]", "ppf is a number outside [0, 1]"
        )
    )
    return together(found)


def _inverted(case: LawCase, quantile: str, inverse: str, x: np.ndarray, q: np.ndarray) -> list[Finding]:
    law = case.law
    of = getattr(law, inverse)
    slack = ROUNDINGS * EPS * q
    if case.has_atoms:
        # inf{F >= q}: reached at x, not reached before x; for isf inf{S <= q}: not above q at x, above q before.
        before, at = of(np.nextafter(x, -np.inf)), of(x)
        smooth = (law.pmf(x) == 0.0) & (law.pmf(np.nextafter(x, np.inf)) == 0.0)  # where a quantile may be rounded
        slack = slack + np.where(smooth, 4.0 * np.abs(of(np.nextafter(x, np.inf)) - before), 0.0)
        if quantile == "ppf":
            return [
                within("cdf(ppf(q))", q, at, q - slack, np.inf),
                within("cdf before ppf(q)", q, before, -np.inf, q + slack),
            ]
        return [
            within("sf(isf(q))", q, at, -np.inf, q + slack),
            within("sf before isf(q)", q, before, q - slack, np.inf),
        ]
    keep = np.isfinite(x) & (x > case.ends[0]) & (x < case.ends[1])
    reach = np.abs(of(np.nextafter(x, np.inf)) - of(np.nextafter(x, -np.inf))) * 4
    if not keep.any():
        return [undecided("no quantile lies inside the support")]
    return [compared(f"{inverse}({quantile}(q)) at q", *(a[keep] for a in (q, of(x), q, reach + slack)))]


@ON_THE_LINE.law("probabilities of intervals add up")
def additive(case: LawCase) -> Finding:
    x, law = case.points, case.law
    a, b, c = x[:-2], x[1:-1], x[2:]
    total = law.prob(a, c)
    return together(
        [
            compared("P(a, b) + P(b, c)", a, law.prob(a, b) + law.prob(b, c), total, ROUNDINGS * EPS * total),
            compared("P(-inf, b)", b, law.prob(-np.inf, b), law.cdf(b), _rounding_of(law.cdf, b)),
            compared("P(a, inf)", b, law.prob(b, np.inf), law.sf(b), _rounding_of(law.sf, b)),
            compared("P(b, a)", b, law.prob(c, a), 0.0, 0.0),
            _wide("P(first, b)", law.cdf, x, x[0], lambda b: law.prob(x[0], b)),
            _wide("P(a, last)", law.sf, x, x[-1], lambda a: law.prob(a, x[-1])),
        ]
    )


def _wide(name: str, tail: Callable, x: np.ndarray, end: float, found: Callable) -> Finding:
    """Masses up to a far end as differences of a tail, where these cancel little."""
    x = x[tail(end) < 0.5 * tail(x)]
    return compared(name, x, found(x), tail(x) - tail(end), _rounding_of(tail, x))


def _rounding_of(function: Callable, x: np.ndarray) -> np.ndarray:
    """What the rounding of a function and of its argument, as a formula passes it on, may cost."""
    values = function(x)
    reach = np.abs(function(x + 4 * np.spacing(np.abs(x))) - function(x - 4 * np.spacing(np.abs(x))))
    return ROUNDINGS * EPS * values + np.minimum(reach, 1e-9 * values)


@ON_THE_LINE.law("outside the support there is nothing")
def outside(case: LawCase) -> Finding:
    """Density 0, cdf 0 or 1, and never NaN, beyond the ends, at them, beside them and at ±inf."""
    law, (low, high) = case.law, case.ends
    found = []
    beyond = [x for x in (np.nextafter(low, -np.inf), low - 1.0, low - 1e300, -np.inf) if x < low or x == -np.inf]
    above = [x for x in (np.nextafter(high, np.inf), high + 1.0, high + 1e300, np.inf) if x > high or x == np.inf]
    for points, below in ((np.array(beyond), 0.0), (np.array(above), 1.0)):
        expected = {"pdf": 0.0, "logpdf": -np.inf, "cdf": below, "sf": 1 - below,
                    "logcdf": 0.0 if below else -np.inf, "logsf": -np.inf if below else 0.0}  # fmt: skip
        found += [compared(name, points, getattr(law, name)(points), at, 0.0) for name, at in expected.items()]
    ends = [end for end in (low, high) if np.isfinite(end)]
    edges = np.array(
        [*ends, *(np.nextafter(end, side * np.inf) for end in ends for side in (-1, 1)), -1e300, 1e300, 0.0]
    )
    for name in FUNCTIONS:
        values = getattr(law, name)(edges)
        if np.any(np.isnan(values)):
            found.append(broken(f"{name}({edges[np.isnan(values)][0]:.17g}) is NaN"))
    return together(found)


@ON_THE_LINE.law("NaN in, NaN out")
def nan_passes(case: LawCase) -> Finding:
    wrong = [
        name for name in (*FUNCTIONS, "pmf", "logpmf", "ppf", "isf") if not np.isnan(getattr(case.law, name)(np.nan))
    ]
    wrong += [] if np.isnan(case.law.prob(np.nan, 1.0)) else ["prob"]
    return fact(not wrong, "every method keeps NaN", f"a number comes out of NaN: {', '.join(wrong)}")


@ON_THE_LINE.law("draws repeat, and have the shape asked for")
def draws_repeat(case: LawCase) -> Finding:
    law = case.law
    same = np.array_equal(law.rvs(5, rng=3), law.rvs(5, rng=3)) and not np.array_equal(
        law.rvs(50, rng=3), law.rvs(50, rng=4)
    )
    shapes = np.shape(law.rvs((2, 3), rng=1)) == (2, 3) and np.shape(case.given.rvs(4, rng=1)) == (
        4,
        *case.given.batch_shape,
    )
    same = same or case.has_atoms  # a law of few points may well repeat
    return fact(bool(same and shapes and isinstance(law.rvs(rng=0), float)), "same seed, same draws; size + batch shape",
                "draws do not repeat for one seed, or do for two, or have another shape")  # fmt: skip


@ON_THE_LINE.law("batch equals scalar")
def batch(case: LawCase) -> Finding:
    """Arrays of any shape against single points, and parameters that are arrays against numbers."""
    x, law = case.bulk[: 2 * (len(case.bulk) // 2)], case.law
    found = []
    for name in FUNCTIONS:
        alone = np.array([getattr(law, name)(float(point)) for point in x])
        shaped = np.asarray(getattr(law, name)(x.reshape(2, 1, -1)))
        if shaped.shape != (2, 1, len(x) // 2):
            return broken(f"{name}: shape (2, 1, {len(x) // 2}) became {shaped.shape}")
        slack = 64 * EPS * np.maximum(np.abs(alone), EPS if name in ("cdf", "sf") else 1.0)
        found.append(compared(name, x, shaped.ravel(), alone, slack))
        if case.given.batch_shape:
            member = np.asarray(getattr(case.given, name)(x.reshape(-1, *(1,) * len(case.given.batch_shape))))
            found.append(compared(f"{name} of the batch", x, member.reshape(len(x), -1)[:, 0], alone, slack))
    return together([*found, _parameters_as_arrays(case, x)])


def _parameters_as_arrays(case: LawCase, x: np.ndarray) -> Finding:
    """The same numbers from parameters of shape (2, 1) as from scalars."""
    law = case.law
    numeric = {name: p for name, p in law.params.items() if np.ndim(p) == 0}
    if not numeric or not law.parameters or len(numeric) < len(law.params):
        return does_not_apply("no scalar parameters")
    try:
        stacked = law.replace(**{name: np.full((2, 1), p) for name, p in numeric.items()})
    except DensitiesError as error:
        return does_not_apply(f"takes no batch of parameters: {error}")
    found = []
    for name in FUNCTIONS:
        alone = np.asarray(getattr(law, name)(x))
        slack = 256 * EPS * np.maximum(np.abs(alone), EPS if name in ("cdf", "sf") else 1.0)
        found.append(compared(f"{name} of a batch", x, np.asarray(getattr(stacked, name)(x)), alone, slack))
    return together(found)


@ON_THE_LINE.law("float32 stays float32")
def single_precision(case: LawCase) -> Finding:
    """dtype kept, and values no further off than the law moves within a few float32 roundings of y."""
    law = case.law
    x = case.bulk.astype(np.float32)
    exact = x.astype(float)
    low, high = case.ends
    keep = (exact > low) & (exact < high) & np.isfinite(exact)
    x, exact = x[keep], exact[keep]
    eps = float(np.finfo(np.float32).eps)
    found = []
    for name in FUNCTIONS:
        values = np.asarray(getattr(law, name)(x))
        if values.dtype != np.float32:
            return broken(f"{name} of a float32 array is {values.dtype}")
        expected = np.asarray(getattr(law, name)(exact))
        expected = np.where(np.abs(expected) > np.finfo(np.float32).max, np.sign(expected) * np.inf, expected)
        if not case.has_atoms:
            beside = [getattr(law, name)(np.clip(exact * (1 + sign * 8 * eps), low, high)) for sign in (-1, 1)]
            reach = np.nan_to_num(np.abs(beside[1] - beside[0]), posinf=np.inf)
            found.append(
                compared(name, exact, values, expected, reach + 512 * eps * np.maximum(np.abs(expected), 1e-3))
            )
    return together(found) if found else holds("dtype kept")


@ON_THE_LINE.law("pickles")
def pickles(case: LawCase) -> Finding:
    return pickle_finding(case.given)


@ON_THE_LINE.law("same_as is equality by value")
def equality(case: LawCase) -> Finding:
    law = case.law
    from densities.distributions import Normal

    other = Normal(1234.5, 6.7)
    true = law.same_as(law) and law.same_as(law.replace()) and not law.same_as(other)
    return fact(
        bool(true),
        "the same as itself and its copy, and as no other",
        "same_as is wrong about itself, its copy or another law",
    )


@ON_THE_LINE.law("no warning escapes")
def silent(case: LawCase) -> Finding:
    points = np.concatenate(
        [
            case.points[:: max(1, len(case.points) // 8)],
            [*case.ends, -np.inf, -1e300, -1.0, 0.0, 1.0, 1e300, np.inf, np.nan],
        ]
    )
    with np.errstate(all="warn"):
        for name in (*FUNCTIONS, "pmf", "logpmf"):
            getattr(case.law, name)(points)
        for name in ("ppf", "isf"):
            getattr(case.law, name)(np.array([0.0, 1e-300, 0.5, 1.0, 1.5, np.nan]))
        case.law.rvs(10, rng=0)
    return holds("all methods are silent")


# ---- laws with a density ----


@CONTINUOUS.law("mass 1, and the density is the slope of the cdf")
def mass(case: LawCase) -> Finding:
    below_doubles = float(case.law.cdf(1e-300) - case.law.cdf(-1e-300))
    if below_doubles > 1e-9 and not case.has_atoms:
        return undecided(f"mass {below_doubles:.1e} lies nearer to 0 than 1e-300, where doubles end")
    return checks_as_finding([mass_check(str(case.law), case.law)])


@CONTINUOUS.law("atoms are the jumps of the cdf")
def atoms(case: LawCase) -> Finding:
    law, x = case.law, _listed_atoms(case)
    if x is None or not len(x):
        return does_not_apply("there are none, or too many to list")
    before, jumps, density = np.nextafter(x, -np.inf), _jumps(law, x), law.pdf(x)
    between = np.where(np.isfinite(density), density * (x - before), np.inf)  # of the rest, between two doubles
    slack = ROUNDINGS * EPS * np.maximum(jumps, np.minimum(law.cdf(x), law.sf(before)))
    return compared("pmf", x, law.pmf(x), jumps, slack + 4 * between)


def _jumps(law: Any, x: np.ndarray) -> np.ndarray:
    """What the cdf jumps by at x, in the nearer tail."""
    before = np.nextafter(x, -np.inf)
    return np.where(law.cdf(x) < 0.5, law.cdf(x) - law.cdf(before), law.sf(before) - law.sf(x))


@CONTINUOUS.law("draws follow the cdf")
def draws(case: LawCase) -> Finding:
    """Kolmogorov-Smirnov at a false-alarm rate of one in a million."""
    return checks_as_finding([draws_check(str(case.law), case.law, n=DRAWS, level=FALSE_ALARMS, rng=case.rng)])


@CONTINUOUS.law("narrow intervals hold density times width")
def narrow(case: LawCase) -> Finding:
    """P(a, a + h) against ∫ f by five Gauss points, for h a millionth of the distances between points."""
    law, x = case.law, case.bulk
    if case.has_atoms:
        return does_not_apply("the law has atoms")
    low, high = case.ends
    # Near an end, near 0 and far out a density may vary as a power.
    widest = 1e-3 * np.minimum(np.minimum(x[:-1] - low, high - x[:-1]), np.abs(x[:-1]))
    a, h = x[:-1], np.maximum(np.minimum(1e-6 * np.diff(x), widest), 64 * np.spacing(np.abs(x[:-1])))
    b = a + h
    h = b - a
    nodes, weights = np.polynomial.legendre.leggauss(5)
    middle = 0.5 * (a + b)
    values = law.pdf(middle[:, None] + 0.5 * h[:, None] * nodes) @ weights * 0.5 * h
    rounding = 4 * np.spacing(np.abs(a)) / h  # nodes are rounded too
    allowed = (ROUNDINGS * EPS + 1e-9 + rounding) * values + 1e-300
    kinks = law.kinks()
    clear = np.array(
        [not np.any((kinks >= left) & (kinks <= right)) for left, right in zip(a, b, strict=True)], dtype=bool
    )
    return compared("P(a, a + h)", *(v[clear] for v in (a, law.prob(a, b), values, allowed)))


@CONTINUOUS.law("mean, variance and entropy")
def moments(case: LawCase) -> Finding:
    """E f(Y) = ∫₀¹ f(F⁻¹(u)) du, integrated in log u and log(1 - u) from both tails; infinite ones are left out."""
    law = case.law
    mean, variance = law.mean(), law.var()
    found = []
    spread = float(law.isf(0.1) - law.ppf(0.1)) or 1.0
    if np.isfinite(mean):
        found.append(_expectation(case, "mean", lambda y: y, mean, abs(mean) + spread))
    if np.isfinite(mean) and np.isfinite(variance):
        found.append(_expectation(case, "variance", lambda y: (y - mean) ** 2, variance, variance))
    try:
        entropy = law.entropy()
    except UnsupportedOperationError:
        entropy = np.nan
    if np.isfinite(entropy):
        found.append(_expectation(case, "entropy", lambda y: -law.logpdf(y), entropy, 1.0 + abs(entropy)))
    return together(found) if found else does_not_apply("none is finite")


def _expectation(case: LawCase, name: str, function: Callable, claimed: float, scale: float) -> Finding:
    value, error = _over_quantiles(case, function)
    allowed = MOMENT_TOLERANCE * scale + 4 * error
    if not error < 1e-3 * scale:
        return undecided(f"{name}: the integral over quantiles is known to {error:.1e} only")
    return compared(name, claimed, claimed, value, allowed)


def _over_quantiles(case: LawCase, function: Callable) -> tuple[float, float]:
    """∫₀¹ f(F⁻¹(u)) du by the fine rule on either side of the median, and its error."""
    total, error = 0.0, 0.0
    for points, weights in case.halves:
        terms = np.asarray(function(points)) * weights
        coarse, fine = (np.sum(part, axis=1) for part in np.split(terms, [COARSE], axis=1))
        total += float(np.sum(fine))
        error += float(np.sum(np.abs(fine - coarse)) + 1e3 * np.abs(fine[-1]))  # and what lies beyond e^-700
    return total, error


# ---- laws on a countable set ----


@DISCRETE.law("masses add up to the cdf")
def masses(case: LawCase) -> Finding:
    """Σ pmf between two atoms is the difference of the cdf, on the side where it is smaller; and all of it is 1.

    Masses and tails are exponentials of logarithms, and have a few of their roundings each.
    """
    law, listed = case.law, _listed_atoms(case)
    x = case.points if listed is None else listed
    pmf = law.pmf(x)
    roundings = (ROUNDINGS - 4 * np.where(pmf > 0, law.logpmf(x), 0.0)) * EPS
    steps = _jumps(law, x)
    alone = (np.abs(x) < 2.0**52) & ~np.isin(np.nextafter(x, np.inf), x)  # beyond, every double is an integer
    inner = np.sum(pmf) if listed is None else law.prob(np.nextafter(x[0], -np.inf), x[-1])
    return together(
        [
            compared(
                "pmf",
                x,
                pmf,
                steps,
                roundings * np.maximum(pmf, np.minimum(law.cdf(x), law.sf(np.nextafter(x, -np.inf)))) + 1e-300,
            ),
            compared("sum of masses", x[0], np.sum(pmf), inner, ROUNDINGS * EPS),
            compared("no mass beside atoms", x[alone], law.pmf(np.nextafter(x[alone], np.inf)), 0.0, 0.0),
        ]
    )


def _listed_atoms(case: LawCase) -> np.ndarray | None:
    """The first atoms, None where there are too many to list."""
    try:
        return np.asarray(case.law.atoms[0])[:20_000]
    except UnsupportedOperationError:
        return None


@DISCRETE.law("draws follow the masses")
def discrete_draws(case: LawCase) -> Finding:
    """Chi-squared over cells of at least ten expected draws, at a false-alarm rate of one in a million."""
    from scipy.special import chdtrc

    law = case.law
    sample = np.asarray(law.rvs(DRAWS, rng=case.rng))
    borders = np.unique(law.ppf((np.arange(CELLS - 1) + 1.0) / CELLS))
    expected = DRAWS * np.diff(np.concatenate([[0.0], law.cdf(borders), [1.0]]))
    seen = np.bincount(np.searchsorted(borders, sample), minlength=len(borders) + 1)
    cells = expected > 10
    stray = int(np.sum(seen[~cells])) if np.all(expected[~cells] == 0) else 0
    overflows = np.isposinf(sample) & (law.sf(np.finfo(float).max) > 0)
    if not np.all(np.isfinite(sample) | overflows) or stray:
        return broken("some draws are not finite or lie where there is no mass")
    statistic = float(np.sum((seen[cells] - expected[cells]) ** 2 / expected[cells]))
    p_value = float(chdtrc(max(np.count_nonzero(cells) - 1, 1), statistic))
    text = f"chi-squared {statistic:.4g} in {np.count_nonzero(cells)} cells, p-value {p_value:.2g}"
    return holds(text) if p_value >= FALSE_ALARMS or np.count_nonzero(cells) == 1 else broken(text)


@DISCRETE.law("mean, variance and entropy")
def discrete_moments(case: LawCase) -> Finding:
    """Sums over the atoms, where those that are not listed do not count."""
    law, x = case.law, _listed_atoms(case)
    if x is None:
        return does_not_apply("there are too many atoms to list")
    pmf = law.pmf(x)
    mean, variance = law.mean(), law.var()
    if not (np.isfinite(mean) and np.isfinite(variance)):
        return does_not_apply("mean or variance is not finite")
    missing = law.sf(x[-1]) + law.cdf(np.nextafter(x[0], -np.inf))
    if missing > 1e-11:
        return undecided(f"mass {missing:.1e} lies beyond the atoms that were summed")
    scale = abs(mean) + np.sqrt(variance)
    rounding = ROUNDINGS * EPS * np.square(scale)
    positive = pmf > 0
    return together(
        [
            compared("mean", mean, mean, np.sum(pmf * x), MOMENT_TOLERANCE * scale),
            compared(
                "variance", variance, variance, np.sum(pmf * (x - mean) ** 2), MOMENT_TOLERANCE * variance + rounding
            ),
            compared(
                "entropy",
                law.entropy(),
                law.entropy(),
                -np.sum(pmf[positive] * np.log(pmf[positive])),
                MOMENT_TOLERANCE * 10,
            ),
        ]
    )

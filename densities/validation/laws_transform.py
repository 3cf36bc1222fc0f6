"""The laws of a map, and check_transform, which judges a map by them.

The references share nothing with what is judged: a log-determinant is compared with a numeric derivative of the forward
formula and with the rise of the map over intervals, a round trip with what neighbouring doubles map to, a pushed
density with its integral, its distribution function with that of the base, its draws with both.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from densities.anchored import Anchored, value
from densities.divergences import kl
from densities.domains import Interval
from densities.errors import DensitiesError, ParameterError, argument_error
from densities.transforms import Bijection, Flat, Transform
from densities.validation.independent import draws_check, integral, mass_check
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
from densities.validation.laws_bijection import BIJECTIONS
from densities.validation.map_case import (
    DRAWS,
    FALSE_ALARMS,
    WIDEST,
    MapCase,
    checks_as_finding,
    exact_log_det_finding,
    input_noise,
    log_det_finding,
    log_det_noise,
    mass_below,
    pickle_finding,
)
from densities.validation.points import ends_of, points_of, pulled_ball, ulps, widened

__all__ = ["check_transform"]

EVERY_MAP, MANY_TO_ONE, PUSHED = LawBook(), LawBook(), LawBook()
MASS_TOLERANCE = 1e-6  # what a divergence integrated between the quantiles at 1e-10 may miss


def check_transform(transform: Transform, *, rng: Any = 0, formula: str | None = None) -> CheckReport:
    """Every law of a map, judged: round trips, log-determinant, monotonicity, image, inverse, pushed laws, arrays.

    Works for a registered map, a user's own Bijection (with or without an inverse), a FunctionTransform, maps that are
    many to one, and maps of vectors. `rng` seeds the draws; a right map fails the test of its draws once in a million.
    A map with a formula (every registered one, or by `formula="x + tanh(x)"`) has its log-determinant compared with the
    formula's derivative in many digits, which sees what is wrong by 1e-14; others with a numeric derivative.
    `print` shows the report, `.ok` and `.require()` judge it. Raises ParameterError where no transform is given.
    """
    if not isinstance(transform, Transform):
        raise ParameterError(argument_error("transform", "a Transform", transform))
    if transform.event_ndim:
        from densities.validation.laws_vector import vector_map_findings

        return CheckReport(str(transform), vector_map_findings(transform, rng))
    case = MapCase(transform, rng, formula)
    books = [EVERY_MAP, BIJECTIONS if isinstance(transform, Bijection) else MANY_TO_ONE, PUSHED]
    return CheckReport(str(transform), tuple(finding for book in books for finding in book.judge(case)))


# ---- every map ----


@EVERY_MAP.law("numbers go to numbers")
def numbers(case: MapCase) -> Finding:
    """A point inside the domain has an image, which is not NaN."""
    return within("g(x)", case.x, case.y, -np.inf, np.inf)


@EVERY_MAP.law("NaN goes through as NaN")
def nan_passes(case: MapCase) -> Finding:
    x = np.array([np.nan])
    images = [value(case.map.forward(x))]
    if isinstance(case.map, Bijection):
        images += [value(case.map.inverse(x)), value(case.map.forward_and_log_det(x)[0])]
    return fact(bool(np.all(np.isnan(images))), "forward and inverse keep NaN", f"NaN became {images}")


@EVERY_MAP.law("image lies in the codomain")
def image_inside(case: MapCase) -> Finding:
    codomain = case.map.codomain
    if not isinstance(codomain, Interval):
        return fact(
            bool(np.all(codomain.contains(case.y))), f"all values in {codomain}", f"some values outside {codomain}"
        )
    return within("g(x)", case.x, case.y, *_closure(codomain, case.y))


def _closure(codomain: Interval, y: np.ndarray) -> tuple[Any, Any]:
    low, high = ends_of(codomain)
    return widened(np.full(y.shape, low), np.full(y.shape, high), ulps(y))


@EVERY_MAP.law("batch equals scalar")
def batch(case: MapCase) -> Finding:
    """Elementwise over any shape, and the same for parameters that are arrays."""
    x = case.ordinary[: 2 * (len(case.ordinary) // 2)]
    if not len(x):
        return undecided("no ordinary point")
    alone = np.array([value(case.map(float(point))) for point in x])
    shaped = np.asarray(case.map(x.reshape(2, 1, -1)))
    if shaped.shape != (2, 1, len(x) // 2):
        return broken(f"shape (2, 1, {len(x) // 2}) became {shaped.shape}")
    slack = ulps(x) * np.spacing(np.abs(alone)) + input_noise(case.map, x)
    return together(
        [compared("one by one", x, shaped.ravel(), alone, slack), _parameters_as_arrays(case, x, alone, slack)]
    )


def _parameters_as_arrays(case: MapCase, x: np.ndarray, alone: np.ndarray, slack: np.ndarray) -> Finding:
    t = case.map
    if not type(t).parameters or not t.params or any(np.ndim(p) for p in t.params.values()):
        return does_not_apply("no scalar parameters")
    try:
        stacked = type(t)(**{name: np.full((2, 1), p) for name, p in t.params.items()})
    except DensitiesError as error:
        return does_not_apply(f"takes no batch of parameters: {error}")
    return compared("parameters as arrays", x, stacked(x), alone, slack)


@EVERY_MAP.law("float32 stays float32")
def single_precision(case: MapCase) -> Finding:
    x = _within_single(case.map, np.unique(case.ordinary.astype(np.float32)))
    y = np.asarray(value(case.map.forward(x)))
    if y.dtype != np.float32:
        return broken(f"g of a float32 array is {y.dtype}")
    if isinstance(case.map, Bijection):
        for name, found in zip(("x", "log-determinant"), case.map.inverse_and_log_det(y), strict=True):
            kind = np.asarray(value(found)).dtype
            if kind != np.float32 and np.ndim(found):
                return broken(f"the {name} of the inverse of a float32 array is {kind}")
    exact = x.astype(float)
    expected = np.asarray(value(case.map.forward(exact)), dtype=float)
    eps = float(np.finfo(np.float32).eps)
    slack = ulps(x) * eps * (np.abs(expected) + np.abs(exact)) + input_noise(case.map, exact, eps)
    return compared("g(x)", x, y, expected, slack)


def _within_single(t: Transform, x: np.ndarray) -> np.ndarray:
    """The points that no step of a chain leads out of the range of float32."""
    keep, z = np.ones(x.shape, bool), x.astype(float)
    for step in t.steps:
        z = np.asarray(value(step.forward(z)), dtype=float)
        keep &= (np.abs(z) < 1e30) & ((np.abs(z) > 1e-30) | (z == 0))
    return x[keep]


@EVERY_MAP.law("pickles")
def pickles(case: MapCase) -> Finding:
    return pickle_finding(case.given)


@EVERY_MAP.law("anchored evaluation agrees with plain")
def anchored_agrees(case: MapCase) -> Finding:
    x, t = case.ordinary, case.map
    y = np.asarray(value(t.forward(x)), dtype=float)
    slack = ulps(x, y) * np.spacing(np.abs(y)) + input_noise(t, x)
    found = [compared("g(x)", x, value(t.forward(Anchored.exact(x))), y, slack)]
    if isinstance(t, Bijection):
        plain, anchored = (t.forward_and_log_det(points)[1] for points in (x, Anchored.exact(x)))
        plain = np.broadcast_to(value(plain), x.shape)
        found.append(
            compared("log|dy/dx|", x, value(anchored), plain, 64 * EPS * (1 + np.abs(plain)) + log_det_noise(t, x))
        )
        low, high = pulled_ball(t, *widened(y, y, ulps(x, y)))
        found.append(within("inverse", y, value(t.inverse(Anchored.exact(y))), *widened(low, high, ulps(x, y))))
        found += [_anchored_inverse(t, y, end) for end in (0.0, *ends_of(t.codomain)) if np.isfinite(end)]  # type: ignore[arg-type]
    return together(found)


def _anchored_inverse(t: Any, y: np.ndarray, anchor: float) -> Finding:
    """log|dx/dy| of the inverse at anchor + offset, for the finite ends of the codomain and 0, against plain."""
    offset = y - anchor
    near = (offset != 0) & (anchor + offset == y)
    y, offset = y[near], offset[near]
    x, plain = t.inverse_and_log_det(y)
    plain = np.broadcast_to(value(plain), y.shape)
    found = t.inverse_and_log_det(Anchored(np.full(y.shape, anchor), offset))[1]
    beside = [np.asarray(value(t.inverse_and_log_det(end)[1])) for end in widened(y, y, ulps(x, y))]
    allowed = 64 * EPS * (1 + np.abs(plain)) + log_det_noise(t, value(x)) + np.abs(beside[1] - beside[0])
    return compared(f"log|dx/dy| anchored at {anchor:g}", y, value(found), plain, allowed)


@EVERY_MAP.law("no warning escapes")
def silent(case: MapCase) -> Finding:
    """Calling the map, and its pushed laws, at ordinary and extreme points with floating-point warnings as errors."""
    with np.errstate(all="warn"):
        case.map(case.x[case.x != 0])  # 0 may be a pole, which calls refuse
        case.map(float(case.x[0]))
        for law in case.pushed[:1]:
            for name in ("pdf", "logpdf", "cdf", "sf", "logcdf", "logsf"):
                getattr(law, name)(np.array([-np.inf, -1e300, -1.0, 0.0, 0.5, 1.0, 1e300, np.inf, np.nan]))
    return holds("forward and the methods of pushed laws are silent")


@BIJECTIONS.law("divergences are unchanged")
def divergence_unchanged(case: MapCase) -> Finding:
    return together([_divergence(p, q, case.map) for p, q in case.pairs]) if case.pairs else undecided("no law fits")


def _divergence(p: Any, q: Any, t: Transform) -> Finding:
    """D(p‖q) of the base against ∫ log(f_p/f_q) f_p dy of the pushed laws, equal through a bijection, else not larger."""
    base = kl(p, q)
    y_p, y_q = p >> t, q >> t

    def integrand(y: np.ndarray) -> Any:
        log_p, log_q = y_p.logpdf(y), y_q.logpdf(y)
        weight = np.exp(log_p)
        return np.where((weight == 0) | np.isinf(weight), 0.0, weight * (log_p - log_q))

    if _unresolved(y_p) > MASS_TOLERANCE**2:
        return does_not_apply(f"mass {_unresolved(y_p):.1e} of {y_p} lies nearer to its ends than any double")
    found, error = integral(integrand, y_p)
    allowed = MASS_TOLERANCE + error + base.error
    if not allowed < 1e-3:
        return undecided(f"the integral over {y_p} is known to {error:.1e} only")
    if isinstance(t, Bijection):
        return compared(f"D of {p}", base.value, found, base.value, allowed)
    return within(f"D of {p}", base.value, found, -allowed, base.value + allowed)


def _unresolved(law: Any) -> float:
    """The mass between finite ends other than 0 and the points a few thousand doubles inside."""
    low, high = ends_of(law.support)
    inner = [end + sign * 1e4 * np.spacing(abs(end)) for end, sign in ((low, 1), (high, -1))]
    return float(law.cdf(inner[0]) * np.isfinite(low) + law.sf(inner[1]) * np.isfinite(high))


# ---- maps that are many to one ----


@MANY_TO_ONE.law("pieces cover the domain and agree with the map")
def pieces_agree(case: MapCase) -> Finding:
    x = np.unique(np.concatenate([case.ordinary, MODERATE_POINTS]))
    x = x[np.asarray(case.domain.contains(x)) & np.asarray(WIDEST.contains(x))]
    covered = np.zeros(len(x), int)
    found = []
    for piece in case.map.pieces_within(WIDEST):
        inside = np.asarray(piece.domain.interior_contains(x))
        covered += inside
        here = x[inside]
        y = np.asarray(value(case.map.forward(here)), dtype=float)
        image = (
            np.full(len(here), piece.value) if isinstance(piece, Flat) else np.asarray(value(piece.map.forward(here)))
        )
        if len(here):
            slack = ulps(here, y) * np.spacing(np.abs(y)) + input_noise(case.map, here)
            found.append(compared(f"the piece {piece.domain}", here, image, y, slack))
    ends = {end for piece in case.map.pieces_within(WIDEST) for end in ends_of(piece.domain)}
    gaps = x[(covered != 1) & ~np.isin(x, list(ends))]
    if len(gaps):
        return broken(f"{gaps[0]:.6g} lies in {covered[x == gaps[0]][0]} pieces")
    return together(found)


MODERATE_POINTS = np.linspace(-9.87, 9.71, 97)


@MANY_TO_ONE.law("branches lead back, with the right slope")
def branches_lead_back(case: MapCase) -> Finding:
    """Each piece is a bijection onto its image: round trip and log-determinant, on the points inside it."""
    found = []
    for piece in case.map.pieces_within(Interval(-5.0, 5.0)):
        if isinstance(piece, Flat):
            continue
        x = points_of(piece.domain)
        x = x[np.abs(x) < 1e4]
        found += [log_det_finding(piece.map, x), exact_log_det_finding(piece.map, x)]
        y = np.asarray(value(case.map.forward(x)), dtype=float)
        low, high = pulled_ball(piece.map, *widened(y, y, ulps(x, y)))
        found.append(within("preimage", x, x, *widened(low, high, ulps(x, y))))
    return together(found) if found else does_not_apply("all pieces are constant")


@MANY_TO_ONE.law("divergences do not grow")
def divergence_not_larger(case: MapCase) -> Finding:
    continuous = [pair for pair in case.pairs if (pair[0] >> case.map).measure == "lebesgue"]
    if not continuous:
        return does_not_apply("pushed laws have atoms")
    return together([_divergence(p, q, case.map) for p, q in continuous[:1]])


# ---- pushed laws ----


@PUSHED.law("mass of pushed laws is 1 and follows their cdf")
def pushed_mass(case: MapCase) -> Finding:
    for law in case.pushed:
        if np.isnan(law.pdf(law.median())):
            return broken(f"the density of {law} is NaN at its median")
    known = [mass_below(base, case.map) for base, _ in case.pairs]
    found = [mass_check(str(law), law, below) for law, below in zip(case.pushed, known, strict=True)]
    return checks_as_finding(found) if found else undecided("no law fits into the domain")


@PUSHED.law("draws of pushed laws follow their cdf")
def pushed_draws(case: MapCase) -> Finding:
    """Kolmogorov-Smirnov, at a false-alarm rate of one in a million for all of them."""
    n = len(case.pushed)
    found = [draws_check(str(law), law, n=DRAWS, level=FALSE_ALARMS / n, rng=case.rng) for law in case.pushed]
    return checks_as_finding(found) if found else undecided("no law fits into the domain")

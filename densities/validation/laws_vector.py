"""The laws of maps of vectors and of distributions of vectors and matrices.

A round trip is held against the forward error that the Jacobian matrix allows, a log-determinant against that of a
numeric Jacobian, a pushed law against weighted draws (`vector_checks`).
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from densities import distributions as laws
from densities.anchored import value
from densities.errors import DensitiesError
from densities.numerics.jacobian import jacobian
from densities.transforms import Transform, compose
from densities.transforms.base import is_identity
from densities.validation.independent import vector_checks
from densities.validation.laws import (
    EPS,
    Finding,
    LawBook,
    broken,
    compared,
    does_not_apply,
    fact,
    holds,
    together,
    undecided,
)
from densities.validation.map_case import DRAWS, FALSE_ALARMS, checks_as_finding, laws_within, pickle_finding

__all__ = ["vector_law_findings", "vector_map_findings"]

MAPS, LAWS = LawBook(), LawBook()
POINTS = 40  # draws at which maps and laws are tried
ROUNDINGS = 256  # of sums over a few coordinates
COORDINATES = 3  # of maps that take any number of them


class VectorMapCase:
    """A map of vectors (the first member of a batch), random points of its domain, and a law to push through it."""

    def __init__(self, given: Any, rng: Any):
        self.given, self.rng = given, rng
        self.map: Any = given.member((0,) * len(given.batch_shape), given.batch_shape)
        domain = self.map.domain
        n = getattr(domain, "n", None) or COORDINATES
        if domain.measure == "correlation":
            self.base: Any = laws.LKJCholesky(n, 1.5)
        elif domain.measure == "symmetric":
            self.base = laws.Wishart(n + 2.5, np.eye(n) + 0.2)
        elif (entry := getattr(domain, "entry", None)) is not None:
            self.base = laws.Product([laws_within(entry)[0][0] for _ in range(n)])
        else:
            self.base = laws.Product([laws.Normal(0.3 * i, 1 + 0.2 * i) for i in range(n)])
        self.x = np.asarray(self.base.rvs(POINTS, rng=rng))

    @cached_property
    def free(self) -> np.ndarray:
        """The entries of the points that densities refer to."""
        return self.map.domain.free_entries(self.x)

    def free_entries(self, free: np.ndarray) -> np.ndarray:
        """Those of g(x), as many, from those of x."""
        return self.map.codomain.free_entries(value(self.map.forward(self.map.domain.from_free(free))))


class VectorLawCase:
    """A law of vectors or matrices (the first member of a batch), draws of it, and their first entries, which name them."""

    def __init__(self, given: Any, rng: Any):
        self.given, self.rng = given, rng
        self.law: Any = given.member((0,) * len(given.batch_shape), given.batch_shape)
        self.x = np.asarray(self.law.rvs(POINTS, rng=rng))
        self.at = self.x.reshape(POINTS, -1)[:, 0]


def vector_map_findings(transform: Transform, rng: Any) -> tuple[Finding, ...]:
    """What every law finds about a map of vectors."""
    return MAPS.judge(VectorMapCase(transform, rng))


def vector_law_findings(law: Any, rng: Any) -> tuple[Finding, ...]:
    """What every law finds about a distribution of vectors or matrices."""
    return LAWS.judge(VectorLawCase(law, rng))


# ---- maps ----


@MAPS.law("round trip")
def round_trip(case: VectorMapCase) -> Finding:
    """|inverse(g(x)) - x| <= k eps (|x| + |J⁻¹| (|y| + |J||x|)), the forward error of the rounding of y."""
    x, y = case.free, value(case.map.forward(case.x))
    matrix = jacobian(case.free_entries, x).matrix
    reach = np.abs(case.map.codomain.free_entries(y)) + (np.abs(matrix) @ np.abs(x)[..., None])[..., 0]
    allowed = ROUNDINGS * EPS * (np.abs(x) + (np.abs(np.linalg.inv(matrix)) @ reach[..., None])[..., 0])
    back = case.map.domain.free_entries(value(case.map.inverse(y)))
    return compared("inverse(forward(x))", x, back, x, allowed)


@MAPS.law("log|det| against a numeric Jacobian")
def log_det(case: VectorMapCase) -> Finding:
    x = case.free
    y, claimed = (value(a) for a in case.map.forward_and_log_det(case.x))
    back = value(case.map.inverse_and_log_det(y)[1])
    matrix, error = jacobian(case.free_entries, x)
    true = np.linalg.slogdet(matrix)[1]
    allowed = 10 * np.sum(np.abs(np.linalg.inv(matrix)).swapaxes(-1, -2) * error, axis=(-2, -1)) + ROUNDINGS * EPS * (
        1 + np.abs(true)
    )
    clean = allowed < 1e-4
    if np.count_nonzero(clean) < 8:
        return undecided("the numeric Jacobian is known at fewer than 8 points")
    at = x[..., 0]
    claimed, back = np.broadcast_to(claimed, at.shape), np.broadcast_to(back, at.shape)
    stated = case.map.jacobian(case.x)
    return together(
        [
            compared("log|det dy/dx|", *(a[clean] for a in (at, claimed, true, allowed))),
            compared("log|det dx/dy|", *(a[clean] for a in (at, back, -true, 4 * allowed))),
            compared(
                "jacobian(x)", x[..., None], stated, matrix, 10 * error + ROUNDINGS * EPS * (np.abs(matrix) + 1e-3)
            ),
        ]
    )


@MAPS.law("inverse of the inverse, and cancelling with it")
def inverse(case: VectorMapCase) -> Finding:
    t = case.map
    true = t.inv.inv is t and is_identity(compose(t, t.inv)) and is_identity(compose(t.inv, t))
    return fact(true, "t.inv.inv is t; t >> t.inv is the identity", "t.inv.inv is not t, or t >> t.inv does not cancel")


@MAPS.law("batch equals scalar")
def batch(case: VectorMapCase) -> Finding:
    x = case.x
    alone = np.array([case.map(point) for point in x])
    shaped = np.asarray(case.map(x.reshape(2, -1, *x.shape[1:])))
    if shaped.shape[:1] != (2,):
        return broken(f"leading axes (2, {len(x) // 2}) became {shaped.shape}")
    alone, shaped = (a.reshape(len(x), -1) for a in (alone, shaped))
    allowed = ROUNDINGS * EPS * np.max(np.abs(alone), axis=-1, keepdims=True)
    return compared("one by one", x.reshape(len(x), -1)[:, :1], shaped, alone, allowed)


@MAPS.law("float32 stays float32")
def single_precision(case: VectorMapCase) -> Finding:
    kind = np.asarray(value(case.map.forward(case.x.astype(np.float32)))).dtype
    return fact(kind == np.float32, "dtype kept", f"g of a float32 array is {kind}")


@MAPS.law("NaN goes through as NaN")
def nan_passes(case: VectorMapCase) -> Finding:
    y = case.map.codomain.free_entries(value(case.map.forward(np.full_like(case.x, np.nan))))
    return fact(bool(np.all(np.isnan(y))), "forward keeps NaN", "NaN became a number")


@MAPS.law("pickles")
def pickles_map(case: VectorMapCase) -> Finding:
    return pickle_finding(case.given)


@MAPS.law("mass and draws of a pushed law")
def pushed(case: VectorMapCase) -> Finding:
    try:
        law = case.base >> case.map
    except DensitiesError as error:
        return does_not_apply(str(error).splitlines()[0])
    return checks_as_finding(vector_checks(str(law), law, n=DRAWS, level=FALSE_ALARMS, rng=case.rng))


# ---- distributions ----


@LAWS.law("mass 1, and draws follow the density")
def mass_and_draws(case: VectorLawCase) -> Finding:
    checks = vector_checks(str(case.law), case.law, n=DRAWS, level=FALSE_ALARMS, rng=case.rng)
    return checks_as_finding(checks)


@LAWS.law("logpdf is the logarithm of pdf")
def logarithm(case: VectorLawCase) -> Finding:
    logs, plain = case.law.logpdf(case.x), case.law.pdf(case.x)
    return compared("pdf", case.at, plain, np.exp(logs), ROUNDINGS * EPS * (1 + np.abs(logs)) * plain)


@LAWS.law("NaN in, NaN out; nothing outside the support")
def outside(case: VectorLawCase) -> Finding:
    nan = np.isnan(case.law.logpdf(np.full_like(case.x[0], np.nan)))
    far = case.law.pdf(np.full_like(case.x[0], 1e300))
    return fact(bool(nan) and not np.isnan(far) and far == 0.0, "NaN stays NaN, far away the density is 0",
                f"logpdf of NaN is NaN: {bool(nan)}, density at 1e300: {far}")  # fmt: skip


@LAWS.law("batch equals scalar")
def batch_of_points(case: VectorLawCase) -> Finding:
    x, law = case.x, case.law
    alone = np.array([law.logpdf(point) for point in x])
    shaped = np.asarray(law.logpdf(x.reshape(2, -1, *law.event_shape)))
    if shaped.shape != (2, len(x) // 2):
        return broken(f"leading axes (2, {len(x) // 2}) became {shaped.shape}")
    return compared("one by one", case.at, shaped.ravel(), alone, ROUNDINGS * EPS * (1 + np.abs(alone)))


@LAWS.law("draws repeat, and have the shape asked for")
def draws_repeat(case: VectorLawCase) -> Finding:
    law = case.law
    same = np.array_equal(law.rvs(5, rng=3), law.rvs(5, rng=3)) and not np.array_equal(
        law.rvs(5, rng=3), law.rvs(5, rng=4)
    )
    shape = np.shape(case.given.rvs(4, rng=1)) == (4, *case.given.batch_shape, *case.given.event_shape)
    return fact(
        same and shape,
        "same seed, same draws; size + batch + event shape",
        "draws do not repeat, or have another shape",
    )


@LAWS.law("pickles")
def pickles_law(case: VectorLawCase) -> Finding:
    return pickle_finding(case.given)


@LAWS.law("no warning escapes")
def silent(case: VectorLawCase) -> Finding:
    with np.errstate(all="warn"):
        for scale in (0.0, 1.0, 1e300, np.inf, np.nan):
            case.law.logpdf(
                np.nan_to_num(case.x, posinf=0.0) * scale if np.isfinite(scale) else np.full_like(case.x, scale)
            )
    return holds("logpdf is silent")

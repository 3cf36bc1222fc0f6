"""Poles that lie far out in a law: exponents decide whether an integral is finite, however small the density is there."""

import mpmath
import numpy as np
import pytest

import densities as dn
from densities.estimate import Status
from densities.numerics.exponents import Verdict, tail_verdict

# 1/X² has no mean beside a pole where the density is not 0, and log q of a normal law falls like 1/x².
INFINITE = [
    ("normal(1, 1e-3) >> reciprocal", "normal(1, 1)"),
    ("normal(1, 1e-4) >> reciprocal", "normal(1, 1)"),
    ("normal(1, 1e-6) >> reciprocal", "normal(1, 1)"),
    ("normal(1, 1e-5) >> affine(0.1, 0.3) >> reciprocal", "normal(1, 1)"),
    ("normal(1, 1e-5) >> affine(-0.7, 0.3) >> square >> reciprocal", "normal(1, 1)"),
    ("normal(1, 1e-4) >> reciprocal >> square", "gamma(1, 1)"),
    ("logistic(1, 1e-5) >> reciprocal", "normal(1, 1)"),
    ("truncate(normal(0.5, 1e-4), -1, 1) >> tan >> reciprocal", "normal(2, 1)"),
    ("mixture([0.5, 0.5], [normal(0, 1), normal(1, 1e-4) >> reciprocal])", "normal(0, 1)"),
    ("normal(1, 1e-4)", "normal(1, 1) >> reciprocal"),
    ("truncate(normal(0.5, 1e-4), 0, 1) >> logit >> exp", "normal(0, 1)"),
]
LOGS = ["student_t(3)", "cauchy(1, 2)"]


@pytest.mark.parametrize(("p", "q"), INFINITE)
def test_a_pole_where_hardly_any_mass_is_makes_a_divergence_infinite(p, q):
    found = dn.kl(dn.parse(p), dn.parse(q))
    assert found.value == np.inf and found.status is Status.INFINITE


@pytest.mark.parametrize("q", LOGS)
def test_logarithms_at_such_a_pole_are_integrable(q):
    """E[log 1/X²] exists; an integral of mpmath over 40 widths, beyond which e^-800 is left."""
    found = dn.kl(dn.parse("normal(1, 1e-4) >> reciprocal"), dn.parse(q))

    def integrand(z):
        x = 1 + z / mpmath.mpf(10) ** 4
        log_p = -z * z / 2 - mpmath.log(2 * mpmath.pi) / 2 + mpmath.log(10**4) + 2 * mpmath.log(x)
        y = 1 / x
        if q == "student_t(3)":
            log_q = mpmath.log(2 / (mpmath.pi * mpmath.sqrt(3))) - 2 * mpmath.log1p(y * y / 3)
        else:
            log_q = -mpmath.log(2 * mpmath.pi) - mpmath.log1p(((y - 1) / 2) ** 2)
        return mpmath.npdf(z) * (log_p - log_q)

    with mpmath.workdps(30):
        truth = float(mpmath.quad(integrand, [-40, -8, -3, 0, 3, 8, 40]))
    assert found.status is Status.CONVERGED
    assert abs(found.value - truth) <= found.error <= 1e-10 * truth


def test_means_and_variances_that_no_size_of_a_density_makes_finite():
    for scale in (1e-3, 1e-4, 1e-6):
        law = dn.Normal(1, scale) >> dn.parse("reciprocal")
        assert np.isnan(law.mean()) and law.var() == np.inf


def test_of_a_density_below_all_rounding_nothing_infinite_is_said():
    found = dn.kl(dn.parse("normal(1, 1e-13) >> reciprocal"), dn.Normal(1, 1))
    assert found.status is Status.UNDECIDED
    assert dn.kl(dn.Normal(0, 1), dn.parse("normal(1e12, 1) >> sinh")).status is Status.CONVERGED  # no pole, no doubt


@pytest.mark.parametrize("level", [-1e7, -1e9, -1e11])
def test_a_verdict_does_not_hang_on_the_size(level):
    for slope, verdict in ((0.5, Verdict.FINITE), (-0.5, Verdict.INFINITE)):
        assert tail_verdict(lambda L, slope=slope: level + slope * L, -1).verdict == verdict


def test_a_density_beside_a_point_that_rounding_moves_has_its_mass():
    """The cube root of johnson_su has an infinite density at a point that is no double in the coordinate of its root."""
    found = dn.kl(dn.parse("johnson_su(0.2, 0.9, 7.3, 3.2)"), dn.parse("hyperbolic_secant(0, 2.6) >> cube"))
    assert abs(found.detail["mass_q"] - 1.0) < 1e-13

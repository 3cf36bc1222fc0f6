"""A family of one's own is one short class: what it does not write is derived, and what it cannot do without is named."""

import pickle

import mpmath
import numpy as np
import pytest

import densities as dn
from densities.distributions import Family
from densities.domains import Interval
from densities.errors import UnsupportedOperationError
from densities.parameters import positive


class LinearHazard(Family):
    """The hazard rate is (a + z)/scale, z = x/scale > 0: S = exp(-a z - z²/2)."""

    parameters = {"a": positive(), "scale": positive(1.0)}
    scale_name = "scale"

    @classmethod
    def standard_support(cls, a):
        return Interval(0.0, np.inf, low_closed=True)

    def _logpdf(self, z, a):
        return np.log(a + z) + self._logsf(z, a)

    def _logsf(self, z, a):
        return -z * (a + 0.5 * z)

    def _cdf(self, z, a):
        return -np.expm1(self._logsf(z, a))


class DensityAlone(Family):
    def _logpdf(self, z):
        return -0.5 * z * z


class NoDensity(Family):
    def _cdf(self, z):
        return 0.5 + 0.5 * np.tanh(z)


def test_log_tails_alone_make_the_tails():
    law = LinearHazard(0.5, scale=2.0)
    with mpmath.workdps(50):
        z = mpmath.mpf(30) / 2
        tail = mpmath.exp(-z / 2 - z * z / 2)
        mean = 2 * mpmath.quad(lambda z: mpmath.exp(-z / 2 - z * z / 2), [0, mpmath.inf])
    assert law.sf(30.0) == pytest.approx(float(tail), rel=1e-13)
    assert law.isf(float(tail)) == pytest.approx(30.0, rel=1e-13)
    assert law.mean() == pytest.approx(float(mean), rel=1e-13)
    assert str(law) == "<LinearHazard>(a=0.5, scale=2)"


@pytest.mark.slow
def test_a_family_of_ones_own_obeys_every_law():
    assert dn.check_distribution(LinearHazard(0.5, scale=2.0)).ok


def test_asking_does_not_change_what_a_law_is():
    law, other = LinearHazard(0.5), LinearHazard(0.5)
    dn.kl(law, dn.Exponential(), method="quadrature"), law.isf(1e-30), law.simplify()
    assert law.same_as(other) and pickle.loads(pickle.dumps(law)).same_as(other)
    assert not law.same_as(LinearHazard(0.75))


@pytest.mark.parametrize(
    ("law", "method", "formula"),
    [(DensityAlone(), "cdf", "_cdf"), (DensityAlone(), "logsf", "_sf"), (NoDensity(), "logpdf", "_logpdf")],
    ids=["cdf", "logsf", "logpdf"],
)
def test_a_formula_that_is_needed_is_named(law, method, formula):
    with pytest.raises(UnsupportedOperationError, match=rf"{formula}\(z, \*shapes\) is not written.*FromDensity"):
        getattr(law, method)(0.5)

"""Point masses too small for a double: they are there, and their logarithms have all digits."""

import mpmath
import numpy as np
import pytest
from mpmath import mp, mpf

import densities as dn


def log_phi(x: float) -> float:
    """log P(N <= x), to 40 digits."""
    with mp.workdps(40):
        return float(mpmath.log(mpmath.erfc(-mpf(x) / mpmath.sqrt(2)) / 2))


@pytest.mark.parametrize(
    ("text", "place", "log_mass"),
    [
        ("normal(50, 1) >> relu", 0.0, log_phi(-50)),
        ("normal(0, 1) >> clip(low=-60, high=70)", -60.0, log_phi(-60)),
        ("exp(normal(50, 1) >> relu)", 1.0, log_phi(-50)),
        ("gumbel(3, 0.3) >> relu", 0.0, float(-mpmath.exp(3 / mpf(0.3)))),
        ("truncate(normal(50, 1) >> relu, -1, 50)", 0.0, log_phi(-50) - log_phi(0)),
        ("mixture([0.25, 0.75], [normal(50, 1) >> relu, normal(60, 1)])", 0.0, log_phi(-50) + float(np.log(0.25))),
    ],
)
def test_logarithms_of_the_masses_are_known(text, place, log_mass):
    law = dn.parse(text)
    assert law.logpmf(place) == pytest.approx(log_mass, rel=1e-13)
    assert law.pmf(place) == 0.0
    if not text.startswith("mixture"):
        assert law.logcdf(place) == pytest.approx(log_mass, rel=1e-13)
        assert law.logcdf(np.nextafter(place, -np.inf)) == -np.inf


def test_tails_take_them_in():
    law = dn.parse("normal(0, 1) >> clip(low=-60, high=70)")
    assert law.logsf(69.0) == pytest.approx(log_phi(-69), rel=1e-13)
    assert law.logsf(70.0) == -np.inf
    assert dn.parse("-(normal(50, 1) >> relu)").logsf(-1e-9) == pytest.approx(log_phi(-50 + 1e-9), rel=1e-13)
    assert law.ppf(logp=log_phi(-60) - 1.0) == -60.0
    assert law.isf(logp=log_phi(-70) - 1.0) == 70.0


def test_a_law_without_them_is_infinitely_far():
    clipped = dn.parse("normal(0, 1) >> clip(low=-60, high=60)")
    assert float(dn.kl(clipped, dn.Normal(0, 1))) == np.inf
    assert float(dn.kl(clipped, dn.parse("normal(0, 1) >> clip(low=-60, high=60)"))) == 0.0
    with pytest.raises(dn.UnsupportedOperationError, match="point masses"):
        clipped.mode()


def test_their_text_leaves_out_what_rounds_to_nothing():
    assert "P}(" not in dn.parse("normal(50, 1) >> relu").latex()
    assert "P(Y = " not in str(dn.explain(dn.parse("normal(50, 1) >> relu"), 1.0))

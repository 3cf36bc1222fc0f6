"""Limits of densities at ends, and variances, where a parameter is extreme."""

import numpy as np
import pytest
from mpmath import mp, mpf

import densities as dn


@pytest.mark.parametrize(
    ("text", "place", "limit"),
    [
        # L - L²/(2σ²) rises in L = -log y until L = σ²
        ("log_normal(0, 8000)", 0.0, -np.inf),
        ("log_normal(0, 1e6)", 0.0, -np.inf),
        ("exp(8000*normal(0, 1))", 0.0, -np.inf),
        ("normal(0, 5000) >> sigmoid", 1.0, -np.inf),
        ("exp(cauchy(0, 1))", 0.0, np.inf),
        ("gamma(0.999999999, 1)", 0.0, np.inf),
        ("gamma(1.000000001, 1)", 0.0, -np.inf),
    ],
)
def test_limits_at_ends(text, place, limit):
    assert dn.parse(text).logpdf(place) == limit


@pytest.mark.parametrize("a", [0.02, 1.0, 2.5, 50.0])
def test_variances_of_kumaraswamy_laws_that_are_nearly_all_at_1(a):
    for b in (1e-12, 1e-6, 0.049, 0.051):
        with mp.workdps(60):
            first, second = (mpf(b) * mp.beta(1 + n / mpf(a), mpf(b)) for n in (1, 2))
            truth = float(second - first**2)
        assert dn.Kumaraswamy(a, b).var() == pytest.approx(truth, rel=1e-12)

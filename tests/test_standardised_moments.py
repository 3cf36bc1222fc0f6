"""Skewness and kurtosis against the formulas of textbooks."""

import numpy as np
import pytest

import densities as dn

E = float(np.exp(0.64))  # of log_normal(mu, 0.8): exp(sigma²)
SQUARE = dn.Normal() ** 2


@pytest.mark.parametrize(
    ("law", "skewness", "kurtosis"),
    [
        (dn.Normal(3, 2), 0.0, 3.0),
        (dn.Gamma(2.5, 3), 2 / np.sqrt(2.5), 3 + 6 / 2.5),
        (dn.Exponential(1e-200), 2.0, 9.0),
        (dn.Exponential(1e200), 2.0, 9.0),
        (dn.LogNormal(0.5, 0.8), (E + 2) * np.sqrt(E - 1), E**4 + 2 * E**3 + 3 * E**2 - 3),
        (dn.Uniform(1e6, 1e6 + 1), 0.0, 1.8),
        (dn.Poisson(3.7), 3.7**-0.5, 3 + 1 / 3.7),
        (dn.Geometric(1e-3), (2 - 1e-3) / np.sqrt(1 - 1e-3), 9 + 1e-6 / (1 - 1e-3)),
        (dn.Bernoulli(0.3), 0.4 / np.sqrt(0.21), 3 + (1 - 6 * 0.21) / 0.21),
        (SQUARE, np.sqrt(8), 15.0),
        (dn.StudentT(5), 0.0, 9.0),
        (dn.StudentT(4), 0.0, np.inf),
        (dn.StudentT(2), np.nan, np.nan),
        (dn.Pareto(3.5), 2 * 4.5 / 0.5 * np.sqrt(1.5 / 3.5), np.inf),
        (dn.Cauchy(), np.nan, np.nan),
        (dn.Delta(3), np.nan, np.nan),
        (np.clip(dn.Normal(), -1, 1), 0.0, None),
    ],
    ids=str,
)
def test_skewness_and_kurtosis_are_those_of_textbooks(law, skewness, kurtosis):
    np.testing.assert_allclose(law.skewness(), skewness, rtol=1e-12, atol=1e-13)
    if kurtosis is not None:
        np.testing.assert_allclose(law.kurtosis(), kurtosis, rtol=1e-12)


def test_batches_and_far_places():
    np.testing.assert_allclose(dn.Gamma([1.0, 4.0]).kurtosis(), [9.0, 4.5], rtol=1e-13)
    with pytest.warns(dn.AccuracyWarning, match="kurtosis"):  # 1e12 is known to 1e-4, a tenth of the width
        assert dn.Normal(1e12, 1e-3).kurtosis() == pytest.approx(3.0)

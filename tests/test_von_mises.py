"""von Mises laws at any concentration, against 50 digits."""

from itertools import pairwise

import mpmath as mp
import numpy as np
import pytest

import densities as dn


@pytest.mark.parametrize("kappa", [0.0, 1e-8, 0.5, 10.0, 300.0, 1000.0, 1e4])
def test_density_and_entropy(kappa):
    law = dn.VonMises(kappa, 0.5)
    with mp.workdps(50):
        k = mp.mpf(kappa)
        log_norm = mp.log(2 * mp.pi * mp.besseli(0, k))
        entropy = float(log_norm - k * mp.besseli(1, k) / mp.besseli(0, k))
        top = float(k - log_norm)
    assert law.entropy() == pytest.approx(entropy, rel=1e-13, abs=1e-13)
    assert law.logpdf(0.5) == pytest.approx(top, rel=1e-14)


@pytest.mark.parametrize("kappa", [1e12, 1e20, 1e300])
def test_a_concentrated_law_is_normal(kappa):
    law, width = dn.VonMises(kappa), kappa**-0.5
    normal = dn.Normal(0.0, width)
    levels = np.array([1e-9, 0.1, 0.3, 0.8])
    assert law.entropy() == pytest.approx(normal.entropy(), rel=1e-12)
    assert law.logpdf(0.0) == pytest.approx(normal.logpdf(0.0), rel=1e-12)
    assert law.ppf(levels) == pytest.approx(normal.ppf(levels), rel=1e-8)
    assert law.cdf(-2 * width) == pytest.approx(normal.cdf(-2 * width), rel=1e-8)


@pytest.mark.parametrize("mu", [0.0, 0.5, -3.0])
@pytest.mark.parametrize("kappa", [0.3, 4.0, 60.0])
def test_tails_on_every_piece_of_the_circle(kappa, mu):
    law = dn.VonMises(kappa, mu)
    points = np.array([-3.1, -1.0, 0.0, 0.4, 2.0, 3.1])
    with mp.workdps(30):
        k, centre = mp.mpf(kappa), mp.mpf(mu)
        tops = [p for p in (centre, centre + mp.pi, centre - mp.pi) if -mp.pi < p < mp.pi]

        def mass(low, high):
            """Between neighbours among the points and the ends."""
            cuts = sorted([low, high, *(p for p in tops if low < p < high)])
            return mp.quad(lambda x: mp.exp(k * mp.cos(x - centre)), cuts) / (2 * mp.pi * mp.besseli(0, k))

        masses = [mass(*pair) for pair in pairwise([-mp.pi, *map(mp.mpf, points), mp.pi])]
        below = [float(mp.fsum(masses[:i])) for i in range(1, len(masses))]
        above = [float(mp.fsum(masses[i:])) for i in range(1, len(masses))]
    assert law.cdf(points) == pytest.approx(below, rel=2e-14)
    assert law.sf(points) == pytest.approx(above, rel=2e-14)
    quantiles = np.where(np.less(below, above), law.ppf(below), law.isf(above))
    steep = law.pdf(points) > 1e-2 * np.minimum(below, above)  # elsewhere a level does not tell the point
    assert quantiles[steep] == pytest.approx(points[steep], rel=1e-12, abs=1e-13)

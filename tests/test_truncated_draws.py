"""Draws of truncations: those of the base that lie in the interval, where many do, else quantiles; both follow the law."""

import numpy as np
import pytest

import densities as dn
from densities.distributions.truncated import LOG_OFTEN

SIZE = 20_000
OFTEN = [
    "truncate(normal(0, 1), -0.5, 3)",
    "truncate(log_normal(0, 8), 1, inf)",
    "truncate(normal(0, 1) >> sin, 0.2, 2)",
]
RARE = ["truncate(normal(0, 1), 3, 4)", "truncate(exponential(1), 5, inf)"]


@pytest.mark.parametrize("text", [*OFTEN, *RARE])
def test_draws_follow_the_law(text):
    law = dn.parse(text)
    assert (law.log_mass >= LOG_OFTEN) == (text in OFTEN)
    x = np.sort(law.rvs(SIZE, rng=4))
    assert np.all((x > law.low) & (x <= law.high))
    some = slice(None, None, 40)
    gap = np.abs(law.cdf(x[some]) - (np.arange(SIZE)[some] + 0.5) / SIZE).max()
    assert gap < 1.95 / np.sqrt(SIZE)  # Kolmogorov, 1e-3


def test_masses_are_drawn_as_often_as_they_weigh_and_the_lower_end_never():
    law = dn.truncate(dn.parse("clip(normal(0.5, 1), 0, 1)"), 0, 1)  # the atom at 0 is cut off, that at 1 stays
    x = law.rvs(SIZE, rng=4)
    assert x.min() > 0
    share = 0.30853753872598694 / 0.6914624612740131  # P(X >= 1)/P(X > 0)
    assert np.mean(x == 1.0) == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / SIZE))


@pytest.mark.parametrize("shape", [(), 3, (2, 5), (0,)])
def test_draws_have_the_shape_asked_for(shape):
    x = dn.truncate(dn.Normal(), 0, 3).rvs(shape, rng=1)
    assert np.shape(x) == ((shape,) if isinstance(shape, int) else shape)

"""Log-ratios at draws as plain doubles against anchored ones: the stated rounding covers what they differ by."""

import numpy as np
import pytest

import densities as dn
from densities.divergences.draws import LogRatioDraws
from densities.divergences.montecarlo import Pilot
from densities.numerics.nets import Source

PAIRS = [
    ("beta(2, 3)", "beta(3, 2)"),
    ("beta(0.01, 0.02)", "beta(0.02, 0.01)"),
    ("arcsine(0, 1)", "uniform(0, 1)"),
    ("kumaraswamy(0.1, 0.1)", "uniform(0, 1)"),
    ("uniform(1000, 1001)", "triangular(1000, 1000.5, 1001)"),
    ("exponential(1) >> shift(3)", "pareto(2, 3)"),
    ("normal(0, 5) >> sigmoid", "arcsine(0, 1)"),
    ("normal(0, 1) >> tanh", "uniform(-1, 1)"),
    ("uniform(0, 1) >> logit", "logistic(0.1, 1)"),
    ("mixture([0.5, 0.5], [beta(2, 3), beta(5, 1)])", "uniform(0, 1)"),
    pytest.param("truncate(normal(0, 1), 0.5, 3)", "beta(0.4, 2) >> affine(0.5, 2.5)", marks=pytest.mark.slow),
    pytest.param("normal(0, 1) >> sin", "uniform(-1, 1)", marks=pytest.mark.slow),
    pytest.param("truncate(normal(0, 1) >> sin, 0.2, 0.9)", "uniform(0.2, 0.9)", marks=pytest.mark.slow),
]


@pytest.mark.parametrize("scheme", ["plain", "stratified"])
@pytest.mark.parametrize(("p", "q"), PAIRS)
def test_the_stated_rounding_covers_what_plain_doubles_lose(p, q, scheme):
    draws = LogRatioDraws(dn.parse(p), dn.parse(q))

    def source():
        return Source(2**12, draws.dimension, scheme, (np.random.SeedSequence(5, spawn_key=(7,)),))

    t, weight, _ = draws.log_ratios(source())
    exact, _, _, _ = draws.exactly(source())
    assert abs(np.mean((t - exact) * weight)) <= Pilot(draws, 1, scheme).rounding()


def test_points_beside_an_end_are_not_left_to_doubles():
    draws = LogRatioDraws(dn.Beta(2, 3), dn.Beta(3, 2))
    (part,) = draws.parts
    assert draws._keep_digits(part, np.array([0.0, 1e-200, 0.5, 1 - 1e-5, 1 - 1e-7, 1.0])).tolist() == [
        *(False, True, True, True, False, False)
    ]


@pytest.mark.slow
def test_laws_whose_quantiles_are_solved_for_are_drawn_instead():
    law = dn.parse("truncate(normal(0, 1) >> sin, 0.2, 0.9)")
    assert not law.inverts_fast and not dn.order_statistic(law, 1, 3).inverts_fast
    assert dn.parse("truncate(normal(0, 1) >> exp, 0.2, 0.9)").inverts_fast
    found = dn.kl(law, dn.Uniform(0.2, 0.9), method="montecarlo", n=2**14, rng=0)
    exact = dn.kl(law, dn.Uniform(0.2, 0.9))
    assert abs(found.value - exact.value) <= 5 * found.error

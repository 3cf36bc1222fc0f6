"""Quantiles by polynomials over the cells of a net, against mpmath and against the quantiles themselves."""

import mpmath as mp
import numpy as np
import pytest

import densities as dn
from densities.numerics import strata
from densities.numerics.nets import Source, tilt
from densities.numerics.strata import LARGE, tilted_quantiles
from densities.numerics.streams import EXPONENTIAL, NORMAL

SEEDS = tuple(np.random.SeedSequence(3, spawn_key=(i,)) for i in range(2))


def test_normal_quantiles_of_a_net_by_mpmath():
    z, _ = tilted_quantiles(Source(2**14, 1, "sobol", SEEDS[:1]), NORMAL.quantile)
    v = Source(2**14, 1, "sobol", SEEDS[:1]).uniforms()[:, 0]
    with mp.workdps(30):
        for i in [*range(0, 2**14, 1531), int(np.argmin(v)), int(np.argmax(v)), int(np.argmin(np.abs(v - 0.5)))]:
            x = mp.mpf(v[i])
            u, rest = x**2 * (3 - 2 * x), (1 - x) ** 2 * (1 + 2 * x)
            truth = mp.sqrt(2) * (mp.erfinv(2 * u - 1) if min(u, rest) > 1e-3 else tail(u) if u < rest else -tail(rest))
            assert z[i] == pytest.approx(float(truth), rel=4e-15, abs=4e-16)


def tail(u):
    """erfinv(2u - 1) for a small u."""
    return mp.findroot(lambda x: mp.log(mp.erfc(-x) / 2) - mp.log(u), -mp.sqrt(-mp.log(u)))


@pytest.mark.parametrize("size", [LARGE // 2, LARGE, 2**14])
@pytest.mark.parametrize("shape", [None, 1.0, 0.5, 0.7, 3.0, 200.0])
def test_polynomials_are_the_quantiles(size, shape):
    """At the same points, with the same weights, whatever chunks are beside them."""
    quantile = NORMAL.quantile if shape is None else dn.Gamma(shape).stream.quantile
    z, weight = tilted_quantiles(Source(size, 1, "sobol", SEEDS), quantile)
    u, rest, expected = tilt(Source(size, 1, "sobol", SEEDS).uniforms()[:, 0])
    np.testing.assert_allclose(z, quantile(u, rest), rtol=2e-14, atol=1e-15 if shape is None else 0)
    np.testing.assert_array_equal(weight, expected)
    alone, _ = tilted_quantiles(Source(size, 1, "stratified", SEEDS[1:]), quantile)
    np.testing.assert_array_equal(alone, z[size:])


def test_few_pairs_are_left_to_the_quantiles():
    for quantile in (NORMAL.quantile, EXPONENTIAL.quantile):
        left = strata._cells_of(quantile, 2**14).left
        assert 0 < len(left) < 200
        assert {0, 2**13 - 1} & set(left)


def test_what_is_no_polynomial_is_left_to_the_quantiles():
    """A jump in one pair of cells leaves that pair; a function that is rough everywhere leaves no polynomials."""

    def jump(u, rest):
        return NORMAL.quantile(u, rest) + (u > 0.3)

    def rough(u, rest):
        return np.sin(1e9 * u)

    v = Source(2**14, 1, "sobol", SEEDS[:1]).uniforms()[:, 0]
    for quantile in (jump, rough):
        z, _ = tilted_quantiles(Source(2**14, 1, "sobol", SEEDS[:1]), quantile)
        np.testing.assert_allclose(z, quantile(*tilt(v)[:2]), rtol=1e-13, atol=1e-14)
    assert strata._cells_of(rough, 2**14) is None

"""Integrals over boxes with known answers: A. Genz's families, tails, poles, edges, and what must be refused."""

import numpy as np
import pytest
from scipy import special

from densities.errors import ParameterError
from densities.numerics.cubature import KRONROD_WEIGHTS, NODES, WEIGHTS, Axis, Feature, cubature

LINE = Axis((-np.inf, np.inf))
HALF = Axis((0.0, np.inf))
UNIT = Axis((0.0, 1.0))
ROOT_PI = np.sqrt(np.pi)


def logs_of(f):
    def integrand(x):
        y = f(x)
        return np.log(np.abs(y))[None], np.sign(y)[None]

    return integrand


def run(f, axes, **options):
    with np.errstate(all="ignore"):
        return cubature(logs_of(f), axes, **options)


SMOOTH = {
    "normal, 1": (lambda x: np.exp(-np.sum(x * x, -1)), [LINE], ROOT_PI),
    "normal, 2": (lambda x: np.exp(-np.sum(x * x, -1)), [LINE] * 2, np.pi),
    "normal, 3": (lambda x: np.exp(-np.sum(x * x, -1)), [LINE] * 3, ROOT_PI**3),
    "far and narrow": (
        lambda x: np.exp(-np.sum(((x - 4.0) / 1e-3) ** 2, -1)),
        [Axis((-np.inf, np.inf), 4.0, 1e-3)] * 2,
        1e-6 * np.pi,
    ),
    "power tails": (lambda x: (1 + np.sum(x * x, -1)) ** -2.0, [LINE] * 2, np.pi),
    "slow tails": (lambda x: np.prod((1 + np.abs(x)) ** -1.2, -1), [Axis((-np.inf, 0.0, np.inf))] * 2, 100.0),
    "gamma and beta": (
        lambda x: x[:, 0] ** -0.5 * np.exp(-x[:, 0]) * x[:, 1] ** -0.5 * (1 - x[:, 1]),
        [HALF, UNIT],
        ROOT_PI * 4 / 3,
    ),
    "kinks at edges": (lambda x: np.exp(-np.sum(np.abs(x), -1)), [Axis((-np.inf, 0.0, np.inf))] * 2, 4.0),
    "Genz: oscillatory": (
        lambda x: np.cos(0.3 + x @ np.array([2.0, 5.0])),
        [UNIT] * 2,
        (np.cos(5.3) + np.cos(2.3) - np.cos(7.3) - np.cos(0.3)) / 10.0,
    ),
    "Genz: product peak": (
        lambda x: np.prod(1 / (0.01 + (x - 0.4) ** 2), -1),
        [UNIT] * 2,
        (10 * (np.arctan(6) + np.arctan(4))) ** 2,
    ),
    "Genz: corner peak": (
        lambda x: (1 + x @ np.array([3.0, 4.0])) ** -3.0,
        [UNIT] * 2,
        (1 - 1 / 4 - 1 / 5 + 1 / 8) / (2 * 12),
    ),
    "Genz: Gaussian": (
        lambda x: np.exp(-9 * np.sum((x - 0.3) ** 2, -1)),
        [UNIT] * 2,
        (ROOT_PI / 6 * (special.erf(2.1) + special.erf(0.9))) ** 2,
    ),
    "Genz: discontinuous": (
        lambda x: np.exp(x @ np.array([1.0, 2.0])) * (np.max(x, -1) <= 0.6),
        [Axis((0.0, 0.6, 1.0))] * 2,
        (np.exp(0.6) - 1) * (np.exp(1.2) - 1) / 2,
    ),
    "a sum that changes sign": (lambda x: np.exp(-np.sum(x * x, -1)) * (x[:, 0] ** 2 - x[:, 1]), [LINE] * 2, np.pi / 2),
}
ROUGH = {
    "Genz: C0": (
        lambda x: np.exp(-5 * np.sum(np.abs(x - 0.3), -1)),
        [UNIT] * 2,
        ((2 - np.exp(-1.5) - np.exp(-3.5)) / 5) ** 2,
    ),
    "triangle": (lambda x: (np.sum(x, -1) < 1).astype(float), [UNIT] * 2, 0.5),
    "crease": (lambda x: np.exp(-np.sum(x * x, -1) / 2) * np.abs(x[:, 0] - x[:, 1]), [LINE] * 2, 4 * ROOT_PI),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_smooth_integrands_to_full_accuracy(name):
    f, axes, truth = SMOOTH[name]
    found = run(f, axes)
    assert found.converged
    assert abs(found.value[0] - truth) <= found.error[0] + 4e-16 * abs(truth)
    assert abs(found.value[0] / truth - 1) < 2e-11


@pytest.mark.parametrize("name", ROUGH)
def test_the_error_of_what_is_not_smooth_holds(name):
    f, axes, truth = ROUGH[name]
    found = run(f, axes, max_nodes=300_000)
    assert abs(found.value[0] - truth) <= found.error[0]
    assert abs(found.value[0] / truth - 1) < 1e-2


@pytest.mark.parametrize("cases", [12, pytest.param(100, marks=pytest.mark.slow)])
def test_errors_hold_over_random_mixtures_of_normals(cases):
    """∫ Σ wᵢ φᵢ: the truth is a sum of products; components of very different widths and places, named as features."""
    rng, settled = np.random.default_rng(5), 0
    for _ in range(cases):
        center, width = rng.normal(0, 4, (3, 2)), 10.0 ** rng.uniform(-1.5, 1, (3, 2))
        weights = rng.normal(0, 1, 3)

        def f(x, center=center, width=width, weights=weights):
            z = (x[:, None, :] - center) / width
            return np.exp(-np.sum(z * z, -1) / 2) @ weights

        truth = float(np.sum(weights * np.prod(width, -1)) * 2 * np.pi)
        features = [Feature(c, w, float(w.min())) for c, w in zip(center, width, strict=True)]
        found = run(f, [LINE] * 2, max_nodes=200_000, features=features)
        size = float(np.sum(np.abs(weights) * np.prod(width, -1)) * 2 * np.pi)
        assert abs(found.value[0] - truth) <= found.error[0] + 1e-14 * size, (center, width, weights)
        settled += found.converged
    assert settled >= 0.8 * cases


def test_a_node_far_from_zero_is_itself_rounded():
    f, axis = (lambda x: np.exp(-np.sum(((x - 1e5) / 1e-3) ** 2, -1))), Axis((-np.inf, np.inf), 1e5, 1e-3)
    found, truth = run(f, [axis] * 2), 1e-6 * np.pi
    assert 1e-10 * truth < abs(found.value[0] - truth) <= found.error[0] < 1e-6 * truth


def test_what_does_not_die_out_is_not_converged():
    found = run(lambda x: np.prod((1 + np.abs(x)) ** -1.01, -1), [Axis((-np.inf, 0.0, np.inf))] * 2)
    assert found.truncated
    assert not found.converged


def test_a_nan_where_it_matters_is_told():
    found = run(lambda x: np.where(np.sum(x, -1) > 1, np.nan, np.exp(-np.sum(x * x, -1))), [LINE] * 2)
    assert found.lost
    assert not found.converged


def test_a_nan_far_beyond_what_matters_is_not():
    found = run(lambda x: np.where(np.sum(x, -1) > 100, np.nan, np.exp(-np.sum(x * x, -1))), [LINE] * 2)
    assert found.converged
    assert found.value[0] == pytest.approx(np.pi, rel=1e-13)


def test_an_integrand_of_zero():
    found = run(lambda x: np.zeros(len(x)), [UNIT] * 2)
    assert found.value[0] == 0.0
    assert found.converged


def test_floors_decide_what_counts_as_noise():
    """Σ0 cancels to rounding against Σ1: with Σ1 as its floor it is settled, and its error says how little is known."""

    def integrand(x):
        log = -np.sum(x * x, -1)
        odd = np.log(np.abs(x[:, 0])) + log
        return np.stack([odd, log]), np.stack([np.sign(x[:, 0]), np.ones(len(x))])

    found = cubature(integrand, [LINE] * 2, floor=(1, None))
    assert found.converged
    assert abs(found.value[0]) <= found.error[0] < 1e-14


def test_bad_axes_are_refused():
    for axis in (Axis((0.0,)), Axis((1.0, 0.0)), Axis((0.0, np.nan)), Axis((0.0, 1.0), 0.0, 0.0)):
        with pytest.raises(ParameterError, match="axis"):
            run(lambda x: np.ones(len(x)), [axis, UNIT])
    with pytest.raises(ParameterError, match="floor"):
        run(lambda x: np.ones(len(x)), [UNIT] * 2, floor=(0, 1))


def test_the_rules_integrate_polynomials():
    """Kronrod's rule of 15 points has degree 22; its tables are QUADPACK's."""
    assert np.sum(WEIGHTS) == pytest.approx(2.0, rel=1e-15)
    assert len(KRONROD_WEIGHTS) == 8
    for degree in range(0, 23, 2):
        assert WEIGHTS @ NODES**degree == pytest.approx(2 / (degree + 1), rel=4e-15)


@pytest.mark.slow
def test_features_cut_no_more_boxes_than_nodes_allow():
    """Σ of six normal densities, each a third as wide as the first in one direction, in three dimensions: 19³ boxes."""
    centres = np.array(
        [[0.0, 0.0, 0.0], [2.0, 1.0, -1.0], [-1.5, 2.0, 1.0], [1.0, -2.0, 1.5], [-2.0, -1.0, -2.0], [0.5, 2.5, -2.0]]
    )
    widths = np.array([0.9, 0.7, 0.6, 0.5, 0.4, 0.3])

    def integrand(x):
        z = (x[None] - centres[:, None]) / widths[:, None, None]
        logs = -0.5 * np.sum(z * z, axis=-1) - 1.5 * np.log(2 * np.pi) - 3 * np.log(widths[:, None])
        return np.logaddexp.reduce(logs, axis=0)[None], np.ones((1, len(x)))

    features = [Feature(c, np.full(3, w), w) for c, w in zip(centres[1:], widths[1:], strict=True)]
    found = cubature(integrand, [Axis((-np.inf, np.inf))] * 3, rtol=1e-6, max_nodes=200_000, features=features)
    assert abs(found.value[0] - 6.0) <= found.error[0]
    assert found.evaluations < 3_000_000

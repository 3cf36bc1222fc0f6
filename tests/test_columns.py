"""Vectors by blocks of columns: the same bits for any block and any number of threads, and the bits are right."""

from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

import densities as dn
from densities import arrays
from densities.arrays import LANES, added, all_finite, in_columns
from densities.domains import Interval
from densities.numerics.substitution import GROUP, LARGEST, _inverse, lower_solver, solve_lower, upper_solver

EPS = np.finfo(float).eps
N = 5
ROOT = np.random.default_rng(0).standard_normal((N, N))
COV, MEAN = ROOT @ ROOT.T / N + np.eye(N), np.linspace(-1.0, 1.0, N)
LOWER = np.linalg.cholesky(COV)
NORMAL = dn.MultivariateNormal(MEAN, COV)
LAWS = {
    "normal": NORMAL,
    "t": dn.MultivariateT(3.5, MEAN, COV),
    "exp": NORMAL >> dn.Exp(),
    "chain": NORMAL >> dn.Affine(0.5, 0.8) >> dn.SinhArcsinh(0.5, 1.25),
    "lower": NORMAL >> dn.Exp() >> dn.TriangularAffine(MEAN, LOWER),
    "upper": NORMAL >> dn.TriangularAffine(0.5, LOWER.T, lower=False) >> dn.Exp(),
    "matrix": NORMAL >> dn.MatrixAffine(MEAN, ROOT + 3 * np.eye(N)[::-1]) >> dn.Sigmoid(),
    "product": dn.Product([dn.Normal(), dn.Normal(), dn.Gamma(2.5), dn.Uniform(), dn.StudentT(3.0)]),
    "sheared product": dn.Product([dn.Normal(), *[dn.Gamma(2.5)] * 4]) >> dn.TriangularAffine(MEAN, LOWER),
}


def same_bits(a, b):
    return np.array_equal(np.asarray(a).view(np.int64), np.asarray(b).view(np.int64))


@pytest.mark.parametrize("name", LAWS)
def test_neither_blocks_nor_threads_nor_neighbours_change_a_bit(name, monkeypatch):
    law = LAWS[name]
    assert law.columnwise
    y = law.rvs(1500, rng=1)
    truth = law.logpdf(y)
    for block, threads in ((1, 1), (N * LANES, 3), (7 * N * LANES, 2)):
        monkeypatch.setattr(arrays, "COLUMNS", block)
        monkeypatch.setattr(arrays, "threads_for", lambda size, threads=threads: threads)
        assert same_bits(law.logpdf(y), truth)
    assert all(same_bits(law.logpdf(y[i]), truth[i]) for i in range(9))
    assert same_bits(law.logpdf(y[::-3].reshape(20, 25, N)), truth[::-3].reshape(20, 25))


def test_densities_against_those_of_scipy():
    y = LAWS["exp"].rvs(1000, rng=2)
    x = np.log(y)
    truth = stats.multivariate_normal(MEAN, COV).logpdf(x) - x.sum(axis=-1)
    np.testing.assert_allclose(LAWS["exp"].logpdf(y), truth, rtol=1e-12, atol=1e-12)
    t = LAWS["t"].rvs(1000, rng=3)
    np.testing.assert_allclose(LAWS["t"].logpdf(t), stats.multivariate_t(MEAN, COV, 3.5).logpdf(t), rtol=1e-12)


@pytest.mark.parametrize(("name", "matrix"), [("lower", LOWER), ("upper", LOWER.T), ("matrix", None)])
def test_affine_maps_against_solutions_by_lapack(name, matrix):
    law = LAWS[name]
    y = law.rvs(500, rng=4)
    x, log_det = law.transform.inverse_and_log_det(y)
    truth = stats.multivariate_normal(MEAN, COV).logpdf(x) + log_det
    np.testing.assert_allclose(law.logpdf(y), truth, rtol=1e-11, atol=1e-11)


def test_points_outside_and_missing_ones_among_others():
    law, y = LAWS["exp"], LAWS["exp"].rvs(300, rng=5)
    truth = law.logpdf(y)
    odd = {3: -1.0, 64: 0.0, 130: np.inf, 131: -np.inf}
    for row, entry in odd.items():
        y[row, row % N] = entry
    y[200, 1], y[201] = np.nan, [np.nan, -1.0, 1.0, 1.0, 1.0]
    found = law.logpdf(y)
    assert np.all(found[list(odd)] == -np.inf)
    assert np.isnan(found[200:202]).all()
    rest = np.setdiff1d(np.arange(300), [*odd, 200, 201])
    assert same_bits(found[rest], truth[rest])
    for bad in (np.inf, -np.inf):
        point = np.where(np.arange(N) == 2, bad, MEAN)
        assert NORMAL.logpdf(point) == LAWS["t"].logpdf(point) == -np.inf


def test_a_density_that_is_nothing_beside_one_without_bound():
    """0 · ∞ is 0 where one entry lies outside; the order of the entries does not matter."""
    law = dn.Product([dn.Gamma(0.5), dn.Uniform(), dn.Gamma(0.5)])
    assert law.logpdf([0.0, 2.0, 1.0]) == law.logpdf([0.0, -1.0, 0.0]) == -np.inf
    assert law.logpdf([0.0, 0.5, 1.0]) == np.inf
    assert np.isnan(law.logpdf([np.nan, 2.0, 1.0]))


def test_single_precision_and_no_points():
    law = LAWS["exp"]
    y = law.rvs(100, rng=6).astype(np.float32)
    assert law.logpdf(y).dtype == np.float32
    assert np.array_equal(law.logpdf(y), law.logpdf(y.astype(float)).astype(np.float32))
    assert law.logpdf(np.empty((0, N))).shape == (0,)
    assert law.logpdf(np.empty((3, 0, N))).shape == (3, 0)


exactly = np.vectorize(Fraction)


@pytest.mark.parametrize("n", [1, 2, GROUP, GROUP + 1, 13])
def test_triangular_systems_are_solved_to_their_residual(n):
    """|factor z - b| <= n eps |factor||z|, the residual in exact arithmetic, for a factor of condition 1e12."""
    rng = np.random.default_rng(n)
    factor = np.tril(rng.standard_normal((n, n))) * 10.0 ** -np.linspace(0.0, 12.0, n)[:, None]
    b = rng.standard_normal((n, 2 * LANES))
    z = solve_lower(factor, b.copy())
    for column in (0, LANES, 2 * LANES - 1):
        residual = np.abs(exactly(factor) @ exactly(z[:, column]) - exactly(b[:, column]))
        assert np.all(residual.astype(float) <= (n + 1) * EPS * (np.abs(factor) @ np.abs(z[:, column])))


def exact_solution(factor, b):
    z = []
    for row, right in zip(exactly(factor), exactly(b), strict=True):
        z.append((right - sum(entry * known for entry, known in zip(row, z, strict=False))) / row[len(z)])
    return np.array(z)


FACTORS = {
    **{f"near {near}": near * np.ones((8, 8)) + (1.0 - near) * np.eye(8) for near in (0.0, 0.5, 0.999, 1.0 - 1e-9)},
    "random": COV,
    "Hilbert": 1.0 / (np.arange(8.0) + np.arange(1.0, 9.0)[:, None]),
}


@pytest.mark.parametrize("name", FACTORS)
def test_solutions_err_as_little_by_an_inverse_as_by_substitution(name):
    """|z - exact| <= (n + 1) eps C|z|, C = |factor⁻¹||factor|, entry by entry; products only where digits suffice."""
    factor = np.linalg.cholesky(FACTORS[name])
    n = len(factor)
    b = np.random.default_rng(0).standard_normal((n, LANES))
    growth = np.abs(np.linalg.inv(factor)) @ np.abs(factor)
    assert (_inverse(factor) is None) == (name == "Hilbert" or np.finfo(np.longdouble).eps == EPS)
    for z in (lower_solver(factor)(b.copy()), upper_solver(factor[::-1, ::-1])(b[::-1].copy())[::-1]):
        for column in (0, LANES - 1):
            truth = exact_solution(factor, b[:, column])
            error = np.abs(truth - exactly(z[:, column])).astype(float)
            assert np.all(error <= (n + 1) * EPS * (growth @ np.abs(truth.astype(float))))


def test_factors_that_are_not_inverted():
    assert _inverse(np.diag([1.0, 1e-320])) is None
    assert _inverse(np.eye(LARGEST + 1)) is None


@pytest.mark.parametrize("n", [1, 2, 31, 32, 33, 65, 1000])
def test_sums_of_rows_have_the_same_bits_whatever_is_beside_them(n):
    rows = np.random.default_rng(n).integers(-9, 9, (n, LANES)).astype(float)
    kept = rows.copy()
    assert np.array_equal(added(rows), rows.sum(axis=0))
    assert np.array_equal(rows, kept)
    wide = np.random.default_rng(n).standard_normal((n, 3 * LANES))
    assert same_bits(added(wide)[:LANES], added(wide[:, :LANES].copy()))
    exact = [float(sum(map(Fraction, column))) for column in wide.T]
    assert np.all(np.abs(added(wide) - exact) <= 38 * EPS / 2 * np.abs(wide).sum(axis=0))


def test_columns_are_whole_panels_of_the_points():
    seen = []
    points = np.arange(30.0).reshape(10, 3)
    result = in_columns(lambda x: seen.append(x.copy()) or x[0] + x[2], points)
    assert np.array_equal(result, points[:, 0] + points[:, 2])
    assert seen[0].shape == (3, LANES)
    assert np.array_equal(seen[0][:, 9:], np.repeat(points[9][:, None], LANES - 9, axis=1))


def test_a_map_with_a_matrix_is_inverted_by_many_threads_at_once():
    step = dn.MatrixAffine([1.0, 2.0], [[1.0, 2.0], [0.5, -1.0]])
    y = np.random.default_rng(0).standard_normal((20_000, 2))
    truth = step.inverse(y)
    with ThreadPoolExecutor(4) as pool:
        assert all(np.array_equal(x, truth) for x in pool.map(step.inverse, [y] * 60))


@pytest.mark.parametrize("interval", [Interval(), Interval(0.0), Interval(0, 1, high_closed=True), Interval([0, 1], 2)])
def test_sets_that_hold_all_points(interval):
    """By the least and the greatest, as point by point."""
    for entries in ([0.2, 0.9], [1.0, 1.5], [0.0, 0.5], [-1.0, 0.5], [0.5, np.nan], [0.5, np.inf], [-np.inf, 1.0]):
        x = np.array(entries)
        assert interval.holds_all(x) == np.all(interval.contains(x))
        assert interval.surrounds(x) == np.all(interval.interior_contains(x))
    assert Interval(0.0).holds_all(np.empty(0))
    assert Interval(0.0).surrounds(np.empty(0))


def test_numbers_are_all_finite_though_their_sum_is_not():
    with np.errstate(over="ignore", invalid="ignore"):
        assert all_finite(np.array([1.7e308, 1.7e308]))
        assert not any(all_finite(np.array([1.0, bad])) for bad in (np.nan, np.inf, -np.inf))
        assert not all_finite(np.array([np.inf, -np.inf]))

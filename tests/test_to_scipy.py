"""`to_scipy`: the methods of a frozen law of SciPy, its values against SciPy's own families, and the way back."""

import pickle

import numpy as np
import pytest
import scipy.stats as st

import densities as dn

PAIRS = [
    (dn.Normal(1, 2), st.norm(1, 2)),
    (dn.Gamma(2.5, 3.0), st.gamma(2.5, scale=3.0)),
    (dn.Beta(2.0, 3.0), st.beta(2.0, 3.0)),
    (np.exp(0.5 * dn.Normal() + 1), st.lognorm(0.5, scale=np.e)),
]


@pytest.mark.parametrize(("law", "theirs"), PAIRS)
def test_the_methods_of_scipy(law, theirs):
    frozen = dn.to_scipy(law)
    q = np.array([0.1, 0.5, 0.9])
    x = theirs.ppf(q)
    for name in ("pdf", "logpdf", "cdf", "sf", "logcdf", "logsf"):
        np.testing.assert_allclose(getattr(frozen, name)(x), getattr(theirs, name)(x), rtol=1e-11)
    np.testing.assert_allclose(frozen.ppf(q), x, rtol=1e-11)
    np.testing.assert_allclose(frozen.isf(q), theirs.isf(q), rtol=1e-11)
    for name in ("mean", "var", "std", "median", "entropy"):
        assert float(getattr(frozen, name)()) == pytest.approx(float(getattr(theirs, name)()), rel=1e-10)
    assert frozen.support() == theirs.support()
    assert frozen.interval(0.9) == pytest.approx(theirs.interval(0.9), rel=1e-11)
    assert frozen.moment(2) == pytest.approx(theirs.moment(2), rel=1e-9)
    assert frozen.stats() == pytest.approx(theirs.stats(), rel=1e-10)
    assert frozen.expect(np.square) == pytest.approx(frozen.moment(2), rel=1e-9)


def test_draws_take_what_scipy_takes():
    frozen = dn.to_scipy(dn.Normal(1, 2))
    assert np.ndim(frozen.rvs()) == 0
    np.testing.assert_array_equal(
        frozen.rvs(5, random_state=3), frozen.rvs((5,), random_state=np.random.default_rng(3))
    )
    assert frozen.rvs((2, 3), np.random.RandomState(0)).shape == (2, 3)
    assert st.kstest(frozen.rvs(2000, random_state=1), frozen.cdf).pvalue > 1e-4
    batch = dn.to_scipy(dn.Normal([0.0, 1.0], 1.0))
    assert batch.rvs((4, 2), random_state=0).shape == (4, 2)
    with pytest.raises(dn.UnsupportedOperationError, match="ends in the batch shape"):
        batch.rvs(4)


def test_counts_have_masses_and_densities_have_none():
    counts, theirs = dn.to_scipy(dn.Poisson(2.5)), st.poisson(2.5)
    k = np.arange(6)
    np.testing.assert_allclose(counts.pmf(k), theirs.pmf(k), rtol=1e-12)
    np.testing.assert_allclose(counts.logpmf(k), theirs.logpmf(k), rtol=1e-12)
    assert not hasattr(dn.to_scipy(dn.Normal()), "pmf")
    assert "cdf" in dir(counts)


def test_there_and_back():
    law = dn.Normal() >> dn.SinhArcsinh(0.5)
    frozen = dn.to_scipy(law)
    assert dn.as_distribution(frozen) is law
    assert dn.as_distribution(pickle.loads(pickle.dumps(frozen))).same_as(law)
    assert dn.to_scipy(st.norm(0, 2)).law.same_as(dn.Normal(0, 2))
    assert str(frozen).startswith("to_scipy(normal(")


def test_what_no_law_of_ours_has_is_refused():
    with pytest.raises(dn.UnsupportedOperationError, match="a law on the line"):
        dn.to_scipy(dn.Dirichlet([1.0, 2.0]))
    with pytest.raises(dn.UnsupportedOperationError, match="letters of 'mv'"):
        dn.to_scipy(dn.Normal()).stats("mvsk")
    with pytest.raises(dn.UnsupportedOperationError, match="truncate"):
        dn.to_scipy(dn.Normal()).expect(np.square, lb=0.0)
    with pytest.raises(AttributeError, match="no 'fit'"):
        _ = dn.to_scipy(dn.Normal()).fit


@pytest.mark.parametrize(
    ("hand", "package", "extra"), [("to_torch", "torch", "torch"), ("to_numpyro", "numpyro", "numpyro")]
)
def test_a_missing_package_is_named(hand, package, extra, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, package, None)
    monkeypatch.setitem(__import__("sys").modules, f"{package}.distributions", None)
    with pytest.raises(dn.UnsupportedOperationError, match=rf"'{package}'.*densities\[{extra}\]"):
        getattr(dn, hand)(dn.Normal())

"""Laws of SciPy, kernel estimates and densities of users: against SciPy's own densities, closed forms and mpmath."""

import pickle
from copy import deepcopy

import mpmath
import numpy as np
import pytest
import scipy.stats as st

import densities as dn
from densities.distributions.scipy_families import COUNTS, FAMILIES

# Shape parameters for every family of the table that has any.
SHAPES = {
    "lognorm": (0.7,), "gamma": (2.5,), "erlang": (3,), "invgamma": (2.2,), "chi2": (3.0,), "chi": (2.5,),
    "beta": (2.0, 3.5), "betaprime": (2.0, 3.0), "f": (3.0, 5.0), "t": (4.0,), "weibull_min": (1.7,),
    "weibull_max": (1.7,), "invweibull": (2.1,), "fisk": (2.2,), "pareto": (2.5,), "lomax": (2.5,), "invgauss": (0.8,),
    "triang": (0.3,), "skewnorm": (2.0,), "gennorm": (1.4,), "vonmises_line": (2.0,), "powerlaw": (2.3,),
    "truncnorm": (-1.0, 2.0), "truncexpon": (2.5,), "loguniform": (0.5, 4.0), "reciprocal": (0.5, 4.0),
    "foldnorm": (0.7,), "foldcauchy": (0.7,), "loggamma": (1.4,), "loglaplace": (2.2,), "gompertz": (0.8,),
    "genpareto": (0.3,), "genextreme": (-0.2,), "gengamma": (1.5, -2.0), "nakagami": (1.3,), "burr12": (2.0, 3.0),
    "burr": (2.0, 1.5), "johnsonsu": (0.5, 1.4), "rdist": (3.0,),
    "alpha": (2.0,), "bradford": (1.5,), "dgamma": (1.4,), "dweibull": (1.4,), "exponweib": (2.0, 1.5),
    "fatiguelife": (0.8,), "genlogistic": (2.5,), "halfgennorm": (1.6,), "johnsonsb": (0.6, 1.4), "kappa4": (-0.5, -0.2),
    "laplace_asymmetric": (2.0,), "ncx2": (3.5, 2.0), "recipinvgauss": (1.5,), "rice": (1.3,),
}  # fmt: skip
COUNT_SHAPES = {
    "bernoulli": (0.3,), "binom": (5, 0.3), "geom": (0.3,), "nbinom": (4, 0.3), "poisson": (2.5,), "zipf": (2.5,),
    "randint": (2, 7),
}  # fmt: skip
LEVELS = np.array([0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99])


@pytest.mark.parametrize("place", [(0.0, 1.0), (1.5, 2.0), (-0.25, 0.125)])
@pytest.mark.parametrize("name", FAMILIES)
def test_scipys_families_are_ours(name, place):
    theirs = getattr(st, name)(*SHAPES.get(name, ()), *place)
    law = dn.as_distribution(theirs)
    x = theirs.ppf(LEVELS)
    np.testing.assert_allclose(law.logpdf(x), theirs.logpdf(x), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(law.cdf(x), theirs.cdf(x), rtol=1e-8)
    assert not isinstance(law, dn.FromDensity)


@pytest.mark.parametrize("shape", [-0.4, 0.0, 0.4])
@pytest.mark.parametrize("name", ["genpareto", "genextreme"])
def test_extreme_values_of_every_sign(name, shape):
    theirs = getattr(st, name)(shape)
    law = dn.as_distribution(theirs)
    np.testing.assert_allclose(law.logpdf(theirs.ppf(LEVELS)), theirs.logpdf(theirs.ppf(LEVELS)), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(np.array(law.support.edges, dtype=float), theirs.support(), rtol=1e-12)


@pytest.mark.parametrize("loc", [0, 3])
@pytest.mark.parametrize("name", COUNTS)
def test_scipys_counts_are_ours(name, loc):
    theirs = getattr(st, name)(*COUNT_SHAPES[name], loc=loc)
    k = np.arange(-1, 15)
    np.testing.assert_allclose(dn.as_distribution(theirs).pmf(k), theirs.pmf(k), rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (st.norm(1, 2), dn.Normal(1, 2)),
        (st.norm, dn.Normal()),
        (st.gamma(2.5, scale=3), dn.Gamma(2.5, 3)),
        (st.expon(scale=2), dn.Exponential(2)),
        (st.uniform(1, 2), dn.Uniform(1, 3)),
        (st.lognorm(0.5, scale=np.e), dn.LogNormal(1, 0.5)),
        (st.t(df=3, loc=1, scale=2), dn.StudentT(3, 1, 2)),
        (st.pareto(2.5, scale=3), dn.Pareto(2.5, 3)),
        (st.norm([0, 1], 2), dn.Normal([0, 1], 2)),
        (st.Normal(mu=1, sigma=2), dn.Normal(1, 2)),
        (st.Uniform(a=1, b=3), dn.Uniform(1, 3)),
        (st.Logistic(), dn.Logistic()),
        (st.Binomial(n=5, p=0.25), dn.Binomial(5, 0.25)),
        (
            st.Mixture([st.Normal(mu=0, sigma=1), st.Uniform(a=1, b=3)], weights=[0.25, 0.75]),
            dn.Mixture([0.25, 0.75], [dn.Normal(), dn.Uniform(1, 3)]),
        ),
        (st.make_distribution(st.gamma)(a=2.0), dn.Gamma(2)),
        (st.make_distribution(st.poisson)(mu=2.5), dn.Poisson(2.5)),
        (3 - 2 * st.Normal(mu=1, sigma=2), 3 - 2 * dn.Normal(1, 2)),
        (st.abs(st.Normal(mu=1, sigma=2)), abs(dn.Normal(1, 2))),
        (st.exp(st.Normal(mu=[0, 1], sigma=2)), np.exp(dn.Normal([0, 1], [2, 2]))),
        (st.truncate(st.Normal(), lb=0, ub=3), dn.truncate(dn.Normal(), 0, 3)),
        (st.order_statistic(st.Normal(), r=2, n=5), dn.order_statistic(dn.Normal(), 2, 5)),
        (st.multivariate_normal([0, 1], [[2, 1], [1, 3]]), dn.MultivariateNormal([0, 1], [[2, 1], [1, 3]])),
        (st.multivariate_t([0, 1], [[2, 1], [1, 3]], df=3), dn.MultivariateT(3, [0, 1], [[2, 1], [1, 3]])),
        (st.multivariate_t([0, 1], df=np.inf), dn.MultivariateNormal([0, 1], np.eye(2))),
        (st.dirichlet([1, 2.5]), dn.Dirichlet([1, 2.5])),
    ],
)
def test_names_and_parameters(theirs, ours):
    assert dn.as_distribution(theirs).same_as(ours)


def test_foreign_laws_are_taken_wherever_a_law_is():
    theirs = st.norm(0, 2)
    ours = dn.Normal(0, 2)
    assert (theirs >> dn.Exp()).same_as(ours >> dn.Exp())
    assert dn.Exp()(theirs).same_as(ours >> dn.Exp())
    assert dn.push(theirs, np.exp).same_as(np.exp(ours))
    assert dn.kl(theirs, st.norm()).same_as(dn.kl(ours, dn.Normal()))
    assert dn.entropy(theirs).value == dn.entropy(ours).value
    assert dn.Mixture([0.5, 0.5], [theirs, ours]).pdf(1.0) == pytest.approx(ours.pdf(1.0), rel=1e-15)
    assert dn.validate(theirs, st.laplace(0, 1), n=2**12, rng=0).ok


# Families that this library does not have: their densities are SciPy's, everything else is integrated here.
OTHERS = {
    "argus": (1.0,), "exponnorm": (1.5,), "kappa4": (0.1, 0.2), "laplace_asymmetric": (2.0,), "nct": (4, 1.0),
    "norminvgauss": (1, 0.5), "powernorm": (2.0,), "tukeylambda": (0.5,),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_other_families_by_their_density(name):
    theirs = getattr(st, name)(*OTHERS[name])
    law = dn.as_distribution(theirs)
    x = theirs.ppf(LEVELS)
    np.testing.assert_allclose(law.cdf(x), theirs.cdf(x), rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(law.cdf(law.ppf(LEVELS)), LEVELS, rtol=1e-12)
    assert law.mean() == pytest.approx(theirs.mean(), rel=1e-7, abs=1e-8)
    assert st.kstest(law.rvs(2000, rng=1), law.cdf).pvalue > 1e-4


def test_transformed_random_variables_of_scipy():
    law = dn.as_distribution(st.exp(st.Normal(mu=0.0, sigma=0.5)))
    assert float(dn.kl(law, dn.LogNormal(0, 0.5))) == pytest.approx(0.0, abs=1e-14)
    assert law.rvs(5, rng=0).shape == (5,)
    unknown = st.make_distribution(st.argus)(chi=1.0)
    law = dn.as_distribution(2 * unknown)
    np.testing.assert_allclose(law.sf([0.5, 1.9]), st.argus(1.0, scale=2).sf([0.5, 1.9]), rtol=1e-11)


def test_finite_counts_are_listed():
    theirs = st.hypergeom(20, 7, 12)
    law = dn.as_distribution(theirs)
    np.testing.assert_allclose(law.pmf(np.arange(8)), theirs.pmf(np.arange(8)), rtol=1e-13, atol=1e-300)
    assert law.mean() == pytest.approx(4.2, rel=1e-13)
    assert str(law) == repr(law) == "<Table of masses on 0, ..., 7>"


class norm_gen(st.rv_continuous):
    """A user's family that bears the name of another."""

    def _logpdf(self, x):
        return np.log(2.0) - 2.0 * x


@pytest.mark.parametrize("bins", ["counts", "with gaps", "densities over 35 decades"])
def test_histograms_are_laws_of_constant_density_between_edges(bins):
    edges = np.linspace(-9.0, 9.0, 301) if "35" in bins else np.array([-2.0, -1.5, 0.25, 1.0, np.pi, 4.0])
    heights = {"counts": [3, 1, 4, 1, 5], "with gaps": [0, 3, 0, 0, 7]}.get(bins, st.norm.pdf(edges[1:] - 0.03))
    theirs = st.rv_histogram((np.asarray(heights), edges), density="35" in bins)
    law, x = dn.as_distribution(theirs), np.linspace(-2.5, 4.5, 41)
    np.testing.assert_allclose(law.pdf(x), theirs.pdf(x), rtol=1e-12)
    np.testing.assert_allclose(law.cdf(x), theirs.cdf(x), rtol=1e-12, atol=1e-15)
    moved = theirs(loc=1.0, scale=2.0)
    np.testing.assert_allclose(dn.as_distribution(moved).pdf(x), moved.pdf(x), rtol=1e-12)
    masses, ends = theirs._hpdf[1:-1] * np.diff(edges), edges**3 / 3.0
    there = masses > 0.0
    logs = np.log(masses[there] / np.diff(edges)[there]) @ masses[there]
    truth = logs + 0.5 * np.log(2.0 * np.pi) + 0.5 * masses @ (np.diff(ends) / np.diff(edges))
    assert dn.kl(theirs, dn.Normal()).value == pytest.approx(truth, rel=1e-11, abs=1e-14)


def test_a_users_family_is_not_taken_for_its_namesake():
    law = dn.as_distribution(norm_gen(a=0.0, name="norm")())
    assert law.sf(3.0) == pytest.approx(np.exp(-6.0), rel=1e-12)


@pytest.mark.parametrize(
    ("foreign", "error", "words"),
    [
        (3.0, dn.UnsupportedOperationError, "expected a distribution"),
        ("norm", dn.UnsupportedOperationError, "expected a distribution"),
        (st.gamma, dn.ParameterError, r"\(a\) given"),
        (st.argus([1, 2]), dn.UnsupportedOperationError, "not a batch"),
        (st.rv_histogram(([-1, 2], [0.0, 1.0, 2.0]), density=True), dn.ParameterError, "masses"),
        (st.logser(0.5), dn.UnsupportedOperationError, "known family"),
        (st.vonmises(1.0), dn.ParameterError, "did not converge"),
    ],
)
def test_what_is_no_law_is_refused(foreign, error, words):
    with pytest.raises(error, match=words):
        dn.as_distribution(foreign)


# ---- kernel density estimates


def test_kernel_density_is_the_mixture_of_normals():
    points = dn.Normal().rvs(30, rng=0)
    estimate = st.gaussian_kde(points)
    law = dn.as_distribution(estimate)
    scale = float(np.sqrt(estimate.covariance[0, 0]))
    mixture = dn.Mixture(np.full(30, 1 / 30), [dn.Normal(point, scale) for point in points])
    x = np.array([-40.0, -3.0, 0.1, 2.0, 30.0])
    np.testing.assert_allclose(law.logpdf(x), mixture.logpdf(x), rtol=1e-13)
    np.testing.assert_allclose(law.logcdf(x[:3]), mixture.logcdf(x[:3]), rtol=1e-13)
    np.testing.assert_allclose(law.logsf(x[2:]), mixture.logsf(x[2:]), rtol=1e-13)
    q = np.linspace(1e-9, 1 - 1e-9, 1501)
    np.testing.assert_allclose(mixture.cdf(law.ppf(q)), q, rtol=1e-12)
    assert law.mean() == pytest.approx(points.mean(), rel=1e-10)
    assert law.isf(1e-100) == pytest.approx(mixture.isf(1e-100), rel=1e-13)
    assert st.kstest(law.rvs(2000, rng=1), mixture.cdf).pvalue > 1e-4


def test_kernel_density_with_weights_and_of_vectors():
    law = dn.as_distribution(st.gaussian_kde([0.0, 10.0], weights=[0.25, 0.75]))
    assert law.cdf(-100.0) < law.cdf(0.0) < law.cdf(5.0) < 1.0
    assert law.mean() == pytest.approx(7.5, rel=1e-10)
    points = np.random.default_rng(0).normal(size=(2, 12))
    estimate = st.gaussian_kde(points)
    assert dn.as_distribution(estimate).logpdf([0.2, -0.1]) == pytest.approx(
        float(estimate.logpdf([0.2, -0.1])[0]), rel=1e-12
    )


def test_kernel_densities_are_the_same_by_value():
    points = dn.Normal().rvs(30, rng=0)
    law, again = (dn.as_distribution(st.gaussian_kde(points)) for _ in range(2))
    for copy in (again, pickle.loads(pickle.dumps(law)), deepcopy(law)):
        assert law.same_as(copy) and dn.kl(law, copy).value == 0.0
    others = st.gaussian_kde(points[1:]), st.gaussian_kde(points, 0.5), st.gaussian_kde(points, weights=np.arange(30.0))
    assert not any(law.same_as(dn.as_distribution(other)) for other in (*others, dn.Normal()))


def test_a_foreign_law_taken_twice_is_one_law():
    frozen, other = st.norminvgauss(1.0, 0.5), st.norminvgauss(1.0, 0.5)
    law = dn.as_distribution(frozen)
    assert law.same_as(dn.as_distribution(frozen)) and not law.same_as(dn.as_distribution(other))


# ---- densities of users

LOG_2PI = np.log(2 * np.pi)


def log_normal_density(x):
    return -0.5 * x * x - 0.5 * LOG_2PI


def quartic(x):
    return -(x**4)


def test_tails_and_quantiles_from_a_density():
    law = dn.FromDensity(log_normal_density)
    with mpmath.workdps(50):
        for x in (-30.0, -5.0, 0.3, 5.0, 30.0):
            rare = mpmath.ncdf(-abs(x))
            logs = [float(mpmath.log(rare)), float(mpmath.log1p(-rare))]
            assert [law.logcdf(x), law.logsf(x)] == pytest.approx(logs if x < 0 else logs[::-1], rel=1e-13)
        far = mpmath.findroot(lambda x: mpmath.log(mpmath.ncdf(-x)) + 300 * mpmath.log(10), 37)
        assert law.isf(1e-300) == pytest.approx(float(far), rel=1e-14)
    assert law.ppf(logp=-1e4) == pytest.approx(dn.Normal().ppf(logp=-1e4), rel=1e-13)
    q = np.linspace(1e-6, 1 - 1e-6, 2001)
    np.testing.assert_allclose(law.ppf(q), dn.Normal().ppf(q), rtol=1e-12, atol=1e-12)


def test_normalize_finds_the_constant():
    law = dn.FromDensity(quartic, normalize=True)
    with mpmath.workdps(30):
        constant, second = mpmath.gamma(0.25) / 2, mpmath.gamma(0.75) / mpmath.gamma(0.25)
        assert law.logpdf(1.5) == pytest.approx(float(-(mpmath.mpf(1.5) ** 4) - mpmath.log(constant)), rel=1e-14)
        assert law.var() == pytest.approx(float(second), rel=1e-11)


def test_power_tails_go_on_where_formulas_overflow():
    law = dn.FromDensity(lambda x: -np.log(np.pi) - np.log1p(x * x), name="cauchy")
    assert law.isf(1e-300) == pytest.approx(1e300 / np.pi, rel=1e-11)
    assert np.isnan(law.mean())
    assert law.var() == np.inf
    assert dn.kl(law, dn.Normal()).status is dn.Status.INFINITE
    assert float(dn.kl(law, dn.Cauchy(1, 2))) == pytest.approx(np.log(10 / 8), rel=1e-12)


def test_a_density_with_singular_ends_is_beta():
    law = dn.FromDensity(lambda x: -np.log(np.pi) - 0.5 * np.log(x) - 0.5 * np.log1p(-x), (0, 1))
    exact = dn.Beta(0.5, 0.5)
    assert law.cdf(0.3) == pytest.approx(exact.cdf(0.3), rel=1e-10)
    assert law.ppf(1e-60) == pytest.approx(exact.ppf(1e-60), rel=1e-10)
    assert float(dn.kl(law, dn.Beta(2, 3))) == pytest.approx(float(dn.kl(exact, dn.Beta(2, 3))), rel=1e-10)


def test_a_narrow_peak_far_away_is_found():
    law = dn.FromDensity(lambda x: log_normal_density((x - 1000) / 1e-3) - np.log(1e-3))
    # D(N(m, s)‖N(m, 2s)) = log 2 - 3/8; an ulp at 1000 is 1e-10 of the scale.
    assert float(dn.kl(law, dn.Normal(1000, 2e-3))) == pytest.approx(np.log(2) - 0.375, rel=1e-9)


def test_draws_follow_the_density_with_and_without_a_sampler():
    plain = dn.FromDensity(quartic, normalize=True)
    assert st.kstest(plain.rvs(5000, rng=0), plain.cdf).pvalue > 1e-4
    assert plain.rvs((2, 3), rng=0).shape == (2, 3)
    given = dn.FromDensity(log_normal_density, sampler=lambda rng, shape: rng.standard_normal(shape))
    assert given.rvs(3, rng=5).tolist() == np.random.default_rng(5).standard_normal(3).tolist()


def test_text_identity_and_pickle():
    law = dn.FromDensity(quartic, normalize=True)
    assert str(law) == "<quartic>"
    assert repr(law) == "FromDensity(quartic, (-inf, inf))"
    assert law.same_as(dn.FromDensity(quartic, normalize=True))
    assert not law.same_as(dn.FromDensity(quartic, (0, np.inf), normalize=True))
    assert pickle.loads(pickle.dumps(law)).logpdf(0.5) == law.logpdf(0.5)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((3,), dn.ParameterError, "logpdf: expected a function"),
        ((quartic,), dn.ParameterError, "mass 1 .* got 1.81280"),
        ((quartic, (1, 0)), dn.ParameterError, "support: expected an Interval or a pair"),
        ((quartic, 5), dn.ParameterError, "support: expected an Interval or a pair"),
        ((np.log,), dn.ParameterError, "got nan at x = -"),
        ((lambda x: 0.0 * x,), dn.ParameterError, "did not converge"),
        ((lambda x: np.where(x > 2, -np.inf, -np.inf),), dn.SupportError, "with mass"),
        ((lambda x: 1.0,), dn.ShapeError, "of the shape"),
    ],
)
def test_what_is_no_density_is_refused(arguments, error, words):
    with pytest.raises(error, match=words):
        dn.FromDensity(*arguments)


# ---- push


def test_push_follows_what_laws_know():
    X = dn.Normal()
    assert dn.push(X, lambda x: np.exp(2 * x + 1)).same_as(np.exp(2 * X + 1))
    assert dn.push(X, lambda x: x**2).same_as(X**2)
    assert dn.push(X, dn.Exp()).same_as(np.exp(X))


def test_push_solves_what_laws_do_not_know():
    W = dn.push(dn.Normal(), lambda x: x + np.tanh(x))
    with mpmath.workdps(30):
        x = mpmath.findroot(lambda x: x + mpmath.tanh(x) - 3, 2)
        slope = 1 + mpmath.sech(x) ** 2
        assert W.pdf(3.0) == pytest.approx(float(mpmath.npdf(x) / slope), rel=1e-10)
        assert W.sf(3.0) == pytest.approx(float(mpmath.ncdf(-x)), rel=1e-13)
    Y = dn.push(dn.Gamma(2), lambda x: x * np.log1p(x))  # monotone on the support alone
    median = dn.Gamma(2).median()
    assert Y.median() == pytest.approx(median * np.log1p(median), rel=1e-14)


def test_push_with_options_does_not_follow():
    law = dn.push(dn.Normal(), np.exp, inverse=np.log, derivative=np.exp, name="mine")
    assert str(law) == "normal(loc=0, scale=1) >> <mine>"
    assert law.cdf(2.0) == pytest.approx(dn.LogNormal().cdf(2.0), rel=1e-15)


@pytest.mark.parametrize(
    ("law", "function", "options", "error"),
    [
        (dn.Normal(), lambda x: x + 3 * np.sin(x), {}, dn.NotMonotoneError),
        (dn.Normal(), np.log, {}, dn.SupportError),
        (dn.Normal(), dn.Exp(), {"name": "exp"}, dn.ParameterError),
        (dn.Normal([0, 1], 1), lambda x: x + np.tanh(x), {}, dn.ShapeError),
        (dn.Normal(), 3, {}, dn.ParameterError),
    ],
)
def test_push_refuses(law, function, options, error):
    with pytest.raises(error):
        dn.push(law, function, **options)

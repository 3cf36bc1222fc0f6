"""Many digits: the numbers, the laws and the divergences behind `dps=`, against mpmath's own functions and exact values."""

import json
import math
from pathlib import Path

import mpmath
import numpy as np
import pytest
from scipy import special

import densities as dn
from densities.anchored import Anchored
from densities.distributions.precise import view
from densities.errors import ParameterError, ShapeError, UnsupportedOperationError
from densities.precise import Precise, RoundedError, digits, exact, literal, number, precise, public

X = mpmath.mpf(3) / 7


def at(function, *arguments, dps=60):
    with digits(dps):
        return public(number(function(*map(precise, arguments))))


def close(found, expected, dps=48):
    with mpmath.workdps(70):
        return abs(found - expected) <= mpmath.mpf(10) ** -dps * max(abs(expected), mpmath.mpf(10) ** -400)


# ---- numbers ----


@pytest.mark.parametrize(
    ("function", "truth"),
    [
        (np.exp, mpmath.exp),
        (np.log1p, mpmath.log1p),
        (np.expm1, mpmath.expm1),
        (np.cbrt, mpmath.cbrt),
        (np.arcsin, mpmath.asin),
        (np.arctanh, mpmath.atanh),
        (np.arcsinh, mpmath.asinh),
        (special.gammaln, mpmath.loggamma),
        (special.digamma, mpmath.digamma),
        (special.ndtr, mpmath.ncdf),
        (special.log_ndtr, lambda x: mpmath.log(mpmath.ncdf(x))),
        (special.erfinv, mpmath.erfinv),
        (special.ndtri, lambda p: mpmath.sqrt(2) * mpmath.erfinv(2 * p - 1)),
        (special.expit, mpmath.sigmoid),
        (special.logit, lambda p: mpmath.log(p / (1 - p))),
        (special.erfcx, lambda x: mpmath.exp(x * x) * mpmath.erfc(x)),
        (special.i0e, lambda x: mpmath.besseli(0, x) * mpmath.exp(-x)),
    ],
)
def test_functions_of_one_number(function, truth):
    with mpmath.workdps(70):
        x = mpmath.mpf(3) / 7
        expected = truth(x)
    assert close(at(function, x), expected)


@pytest.mark.parametrize("x", ["0.001", "0.7", "1.9", "40"])
@pytest.mark.parametrize("a", ["0.3", "2.5", "35"])
def test_incomplete_gamma_functions(a, x):
    with mpmath.workdps(120):
        a, x = mpmath.mpf(a), mpmath.mpf(x)
        lower = mpmath.gammainc(a, 0, x, regularized=True)
        upper = mpmath.gammainc(a, x, mpmath.inf, regularized=True)
        assert close(at(special.gammainc, a, x), lower)
        assert close(at(special.gammaincc, a, x), upper)


@pytest.mark.parametrize("x", ["1e-30", "0.3", "0.5", "0.98"])
@pytest.mark.parametrize("a", ["0.3", "2.5", "35"])
def test_incomplete_beta_functions(a, x):
    with mpmath.workdps(120):
        a, x, b = mpmath.mpf(a), mpmath.mpf(x), mpmath.mpf("1.75")
        lower = mpmath.betainc(a, b, 0, x, regularized=True)
        upper = mpmath.betainc(b, a, 0, 1 - x, regularized=True)
        assert close(at(special.betainc, a, b, x), lower)
        assert close(at(special.betaincc, a, b, x), upper)


def test_arithmetic_reads_constants_and_refuses_rounded_numbers():
    with digits(50) as mp:
        x = precise(3.0)
        for double, truth in (
            (math.log(2.0), mp.ln2),
            (-2.0 * math.pi, -2 * mp.pi),
            (7 * math.pi, 7 * mp.pi),
            (0.5 * float(np.log(2 * np.pi)), mp.log(2 * mp.pi) / 2),
            (np.sqrt(0.5), mp.sqrt(2) / 2),
            (1 / 12, mp.mpf(1) / 12),
            (0.625, mp.mpf("0.625")),
        ):
            assert (x * double).mpf == (double * x).mpf
            assert abs((x * double).mpf - 3 * truth) < mp.mpf(10) ** -48
        with pytest.raises(RoundedError, match="neither short nor a known constant"):
            _ = x + 0.1
        with pytest.raises(RoundedError, match="nodes"):
            _ = x * np.array([1.0, 2.0])
        with literal():
            assert (x * 0.1).mpf == 3 * mp.mpf(0.1)
            assert exact(math.pi, mp) == mp.mpf(math.pi)


def test_what_would_round_is_refused():
    with digits(50):
        third = precise(1.0) / 3
        for attempt in (
            lambda: float(third),
            lambda: np.asarray(third, dtype=float),
            lambda: Anchored.exact(third),
            lambda: special.owens_t(third, 1.0),
            lambda: np.sinc(third),
            lambda: third[..., None],
            lambda: third + Anchored.exact(np.array(1.0)),
        ):
            with pytest.raises((RoundedError, TypeError)):
                attempt()
        assert float(precise(0.1)) == 0.1


def test_edges_of_the_real_line():
    with digits(50):
        zero = precise(0.0)
        assert (1.0 / zero).mpf == mpmath.inf
        assert np.isneginf(np.log(zero))
        assert np.isnan(np.log(precise(-1.0)))
        assert np.isnan(precise(-2.0) ** 0.5)
        assert (zero**-1.0).mpf == mpmath.inf
        assert np.where(zero < 1, zero, 0.1) is zero
        assert np.maximum(zero, 0.1) == 0.1
        assert isinstance(np.float64(2.0) * zero, Precise)


def test_the_precision_that_users_set_is_left_alone():
    with mpmath.workdps(15), digits(200):
        assert mpmath.mp.dps == 15


# ---- laws ----

# A law as text and a point; each answer against the same law by another formula, at 60 digits.
N = "normal(loc=0.3, scale=1.7)"
LAWS = [
    (f"{N} >> exp", 2.5, "log_normal(mu=0.3, sigma=1.7)"),
    ("normal(0, 1) >> square", 2.5, "chi_squared(1)"),
    ("normal(0, 1) >> abs", 0.7, "half_normal(1)"),
    ("gamma(2.3, 1.1) >> reciprocal", 0.7, "gamma(2.3, 1.1) >> power(exponent=-1)"),
    ("gamma(2.5, 1) >> sqrt >> square", 0.7, "gamma(2.5, 1)"),
    ("uniform(0, 1) >> logit", 0.7, "logistic(0, 1)"),
    ("uniform(0, 1) >> log >> affine(loc=0, scale=-1)", 0.7, "exponential(1)"),
    ("normal(0, 1) >> normal_cdf", 0.7, "uniform(0, 1)"),
    ("cauchy(0, 1) >> reciprocal", 0.7, "cauchy(0, 1)"),
    ("truncate(exponential(1), 2, inf)", 2.5, "exponential(1) >> affine(loc=2, scale=1)"),
    ("mixture([0.25, 0.75], [normal(0, 1), normal(0, 1)])", 0.7, "normal(0, 1)"),
    ("normal(0, 1) >> tanh >> atanh >> sinh", 0.7, "normal(0, 1) >> sinh"),
    ("laplace(0, 1) >> cube >> cbrt", 0.7, "laplace(0, 1)"),
    ("student_t(1)", 0.7, "cauchy(0, 1)"),
]


@pytest.mark.parametrize(("text", "point", "other"), LAWS)
@pytest.mark.parametrize("method", ["logpdf", "pdf", "cdf", "sf", "logcdf", "logsf"])
def test_two_ways_to_one_law_agree_to_50_digits(text, point, other, method):
    a, b = dn.parse(text), dn.parse(other)
    found, expected = getattr(a, method)(point, dps=50), getattr(b, method)(point, dps=60)
    assert close(found, expected, 49)
    assert float(found) == pytest.approx(getattr(a, method)(point), rel=1e-13)


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("gamma(2, 1) >> box_cox(0.3)", 0.4),
        ("normal(0, 1) >> yeo_johnson(0.3)", 0.4),
        ("normal(0, 1) >> sinh_arcsinh(skewness=0.5, tailweight=1.5) >> exp", 0.4),
        ("normal(0, 1) >> softplus", 0.4),
        ("normal(0, 1) >> erf", 0.4),
        ("normal(0, 1) >> softsign", 0.4),
        ("normal(0, 1) >> exp2 >> log10", 0.4),
        ("normal(0, 1) >> power(exponent=3)", 0.4),
        ("gamma(2, 1) >> power(exponent=2.7)", 0.4),
        ("normal(0, 1) >> cosh", 1.4),
        ("normal(0, 1) >> atan", 0.4),
    ],
)
def test_the_density_is_the_derivative_of_the_distribution_function(text, point):
    law = dn.parse(text)
    density = law.pdf(point, dps=40)
    with mpmath.workdps(120):
        step = mpmath.mpf(10) ** -25
        high, low = (law.cdf(mpmath.mpf(point) + s * step, dps=80) for s in (1, -1))
        assert abs((high - low) / (2 * step) / density - 1) < mpmath.mpf(10) ** -38
    assert float(density) == pytest.approx(law.pdf(point), rel=1e-13)
    assert close(law.ppf(law.cdf(point, dps=60), dps=40), mpmath.mpf(point), 38)


def test_a_function_of_the_user_is_taken_as_it_is_written():
    law = dn.push(dn.Normal(0.1, 1), lambda x: x + 0.1 * np.tanh(x))
    with mpmath.workdps(60):
        x = mpmath.findroot(lambda t: t + mpmath.mpf(0.1) * mpmath.tanh(t) - 1, 0.9)
        slope = 1 + mpmath.mpf(0.1) / mpmath.cosh(x) ** 2
        expected = mpmath.log(mpmath.npdf(x, mpmath.mpf(0.1), 1) / slope)
    assert close(law.logpdf(1.0, dps=45), expected, 44)


def test_parameters_are_the_doubles_they_are():
    with mpmath.workdps(60):
        expected = mpmath.exp(-mpmath.mpf(1) / mpmath.mpf(0.1))
    assert close(dn.Exponential(0.1).sf(1.0, dps=50), expected, 49)


def test_tails_far_beyond_the_doubles():
    with mpmath.workdps(80):
        expected = mpmath.log(mpmath.erfc(mpmath.mpf(1000) / mpmath.sqrt(2)) / 2)
        assert close(dn.Normal().logsf(1000.0, dps=50), expected, 49)
        x = dn.Normal().isf(1e-300, dps=50)
        assert close(mpmath.erfc(x / mpmath.sqrt(2)) / 2, mpmath.mpf(1e-300), 46)
    assert close(dn.Cauchy().sf(-1e299, dps=50), mpmath.mpf(1), 49)


def test_cuts_that_serve_doubles_alone_are_not_believed():
    """HalfNormal takes log F below 1e-9 from its first term, Arcsine below 1e-17: 1e-19 and 1e-18 off."""
    with mpmath.workdps(70):
        x = mpmath.mpf(1e-10)
        assert close(dn.HalfNormal().logcdf(1e-10, dps=50), mpmath.log(mpmath.erf(x / mpmath.sqrt(2))), 49)
        x = mpmath.mpf(-1e9)
        assert close(dn.Cauchy().cdf(-1e9, dps=50), mpmath.atan(-1 / x) / mpmath.pi, 49)


def test_atoms_and_limits_are_exact():
    law = dn.parse("normal(0, 1) >> clip(low=-1, high=1.3)")
    with mpmath.workdps(60):
        below = mpmath.ncdf(-1)
    assert close(law.pmf(-1.0, dps=50), below, 49)
    assert close(law.cdf(-1.0, dps=50), below, 49)
    assert law.ppf(0.1, dps=50) == -1
    assert law.cdf(1.3, dps=50) == 1
    assert law.logpdf(2.0, dps=50) == -mpmath.inf
    assert dn.Exponential().pdf(0.0, dps=30) == 1
    assert dn.parse("normal(0, 1) >> square").pdf(0.0, dps=30) == mpmath.inf
    assert dn.LogNormal().pdf(0.0, dps=30) == 0
    assert mpmath.isnan(dn.Normal().pdf(math.nan, dps=30))
    spike = dn.parse("mixture([0.5, 0.5], [delta(0), exponential(1)])")
    assert close(spike.cdf(0.0, dps=50), mpmath.mpf("0.5"), 49)


DISCRETE = [
    "poisson(3)",
    "binomial(20, 0.3)",
    "geometric(0.3)",
    "negative_binomial(2.5, 0.3)",
    "discrete_uniform(1, 6)",
]
DISCRETE += ["poisson(3) >> affine(loc=0.1, scale=0.3) >> square", "truncate(poisson(3), 1, 6)", "zipf(2.1)"]
DISCRETE += ["mixture([0.25, 0.75], [poisson(3), delta(2)])", "bernoulli(0.3) >> exp", "categorical([0.25, 0.25, 0.5])"]


@pytest.mark.parametrize("text", DISCRETE)
def test_laws_of_point_masses(text):
    law = dn.parse(text)
    y = law.ppf(0.6)
    lower, upper, mass = law.cdf(y, dps=50), law.sf(y, dps=50), law.pmf(y, dps=50)
    with mpmath.workdps(60):
        assert abs(lower + upper - 1) < mpmath.mpf(10) ** -45
        below = law.cdf(np.nextafter(y, -np.inf), dps=50)
        assert close(lower - below, mass, 45)
    for found, method in ((lower, "cdf"), (upper, "sf"), (mass, "pmf")):
        assert float(found) == pytest.approx(getattr(law, method)(y), rel=1e-13)
    assert law.ppf(0.6, dps=50) == y
    assert law.logpdf(y, dps=50) == -mpmath.inf


def test_a_poisson_mass_is_exact():
    with mpmath.workdps(60):
        assert close(dn.Poisson(3).pmf(7, dps=50), mpmath.exp(-3) * mpmath.mpf(3) ** 7 / mpmath.factorial(7), 49)


def test_the_logarithm_of_nearly_all_the_mass():
    with mpmath.workdps(400):
        truth = mpmath.log1p(-mpmath.mpf(1e-300))
    for law, place in ((dn.Bernoulli(1e-300), 0), (1 - 2 * dn.Bernoulli(1e-300), 1)):
        assert close(law.logpmf(place, dps=50), truth)
    assert close(dn.Poisson(1e-40).logpmf(0, dps=50), -mpmath.mpf(1e-40))


def test_a_series_that_does_not_converge_is_refused():
    with pytest.raises(UnsupportedOperationError, match="does not converge"):
        dn.Binomial(10**9, 0.4).sf(4e8, dps=50)


def test_entropies_and_means_hold_their_digits():
    with mpmath.workdps(60):
        assert close(dn.Normal(0.0, 2.0).entropy(dps=40), mpmath.log(8 * mpmath.pi * mpmath.e) / 2, 39)
        assert close(np.exp(dn.Normal()).mean(dps=40), mpmath.exp(mpmath.mpf("0.5")), 39)


def test_shapes_and_batches():
    found = dn.Normal([0.0, 1.0]).cdf([[0.0], [1.0]], dps=30)
    assert found.shape == (2, 2)
    assert found.dtype == object
    assert isinstance(found[0, 0], mpmath.mpf)
    assert found[0, 0] == found[1, 1] == mpmath.mpf("0.5")
    assert isinstance(dn.Normal().cdf(0.0, dps=30), mpmath.mpf)


def test_what_has_no_digits_is_refused():
    with pytest.raises(ParameterError, match="dps"):
        dn.Normal().cdf(0.0, dps=0)
    with pytest.raises(ParameterError, match="exactly one"):
        dn.Normal().ppf(0.1, logp=-1.0, dps=30)
    with pytest.raises(UnsupportedOperationError, match=r"poisson.*50 digits"):
        dn.Poisson(1e10).cdf(1e10, dps=50)
    with pytest.raises(ShapeError, match="scalar laws"):
        dn.kl(dn.MultivariateNormal([0.0, 0.0], np.eye(2)), dn.MultivariateNormal([1.0, 0.0], np.eye(2)), dps=30)
    with pytest.raises(ShapeError, match="scalar laws"):
        dn.kl(dn.Normal([0.0, 1.0]), dn.Normal(), dps=30)


# ---- divergences ----

TORTURE = {
    case["id"]: case
    for case in json.loads((Path(__file__).parent / "reference" / "torture.json").read_text(encoding="utf-8"))
}
FAST = [
    "n_tiny_in_huge",
    "n_huge_in_tiny",
    "n_near_scale_1e-14",
    "n_sd_1e-200",
    "affine_exp_normal",
    "chain3",
    "trunc_n",
]
FAST += [
    "par_1.5_3",
    "trunc_tail50_exp",
    "trunc_trunc",
    "par1.5_lognormal",
    "u_beta",
    "u_normal",
    "exp_shift",
    "trunc_hn_0",
]
FAST += ["recip_n_normal_inf", "n_recip_n_inf", "n_trunc_inf", "par_support_inf", "par1_exp_inf", "lognormal_par_inf"]
FAST += ["u_beta_narrow_inf", "u_hair_inf", "tanh_n_uniform"]
LONG = [
    "n_basic",
    "lognormal_exp_t3",
    "n_big_loc",
    "recip_n_cauchy",
    "c_near",
    "n_cube_n",
    "t1.5_t3",
    "square_n_square_n",
]
LONG += [
    "t2.1_normal",
    "square_n1_chi2",
    "t2.001_normal",
    "t1e6_normal",
    "abs_n.5_hn",
    "t3_t3near",
    "trunc_g",
    "vm_1_2",
    "n_cauchy_1e-3",
    "par_0.1_0.2",
]


@pytest.mark.slow
@pytest.mark.parametrize("name", [*FAST, *(pytest.param(name, marks=pytest.mark.slow) for name in LONG)])
def test_divergences_to_25_digits(name):
    case = TORTURE[name]
    found = dn.kl(dn.parse(case["p"]), dn.parse(case["q"]), dps=30)
    if case["kl"] == "inf":
        assert found.value == math.inf
        return
    assert found.ok
    assert found.method == "mpmath"
    with mpmath.workdps(40):
        truth, number = mpmath.mpf(case["kl"]), found.detail["mpf"]
        assert abs(number - truth) <= abs(truth) * mpmath.mpf(10) ** -23 + found.detail["mpf_error"]
        assert found.detail["mpf_error"] <= max(abs(truth), mpmath.mpf(10) ** -5) * mpmath.mpf(10) ** -30
        assert abs(mpmath.mpf(found.value) - truth) <= found.error + abs(truth) * mpmath.mpf(10) ** -23


def test_a_divergence_of_point_masses():
    found = dn.kl(dn.Poisson(3.0), dn.Poisson(2.0), dps=40)
    with mpmath.workdps(60):
        assert close(found.detail["mpf"], 3 * mpmath.log(mpmath.mpf(3) / 2) - 1, 39)


def test_a_normal_pair_to_50_digits():
    found = dn.kl(dn.Normal(0.0, 1.0), dn.Normal(1.0, 2.0), dps=50)
    with mpmath.workdps(60):
        assert close(found.detail["mpf"], mpmath.log(2) + mpmath.mpf(2) / 8 - mpmath.mpf("0.5"), 49)


def test_a_mass_that_is_missing_is_refused(monkeypatch):
    """A density that is 1e-20 too small is right to a double and wrong here: its mass says so."""
    density = dn.Laplace._logpdf
    monkeypatch.setattr(dn.Laplace, "_logpdf", lambda self, z: density(self, z) - 2.0**-66)
    with pytest.raises(UnsupportedOperationError, match="integrates to"):
        dn.kl(dn.Laplace(), dn.Normal(), dps=30)


@pytest.mark.slow
def test_kinks_of_the_other_components_are_seen():
    """60 digits of mpmath over panels at both kinks give 1.50243356230058e-23."""
    p = dn.Mixture([0.5, 0.5], [dn.Laplace(0, 1), dn.Normal(1, 1)])
    q = dn.Mixture([0.5, 0.5], [dn.Laplace(1e-11, 1), dn.Normal(1, 1)])
    assert dn.kl(p, q, dps=20).value == pytest.approx(1.50243356230058e-23, rel=1e-13)


def test_a_tail_that_no_node_sees_is_refused_in_words():
    with pytest.raises(dn.errors.UnsupportedOperationError, match="nothing is left at any node"):
        dn.Normal().logsf(1e200, dps=20)


def test_vectors_of_independent_entries_and_no_others():
    law = dn.Product([dn.Normal(0.5, 2.0), dn.Gamma(2.0)])
    with mpmath.workdps(60):
        x, y = mpmath.mpf(0.25), mpmath.mpf(1.5)
        truth = -((x - mpmath.mpf(0.5)) ** 2) / 8 - mpmath.log(8 * mpmath.pi) / 2 + mpmath.log(y) - y
        assert abs(law.logpdf([0.25, 1.5], dps=50) - truth) < mpmath.mpf(10) ** -49
        assert abs(law.pdf([0.25, 1.5], dps=50) - mpmath.exp(truth)) < mpmath.mpf(10) ** -49
    assert law.logpdf([[0.25, 1.5], [0.25, -1.0]], dps=30).tolist()[1] == -mpmath.inf
    assert mpmath.isnan(law.logpdf([np.nan, 1.0], dps=30))
    batch = dn.Product([dn.Normal([0.0, 1.0], 1.0), dn.Laplace()]).logpdf([1.0, 0.0], dps=20)
    assert float(batch[1]) == pytest.approx(dn.Normal().logpdf(0.0) - np.log(2.0), rel=1e-15)
    with pytest.raises(dn.UnsupportedOperationError, match="logpdf to 30 digits: expected a law on the line"):
        dn.MultivariateNormal([0.0, 0.0], np.eye(2)).logpdf([0.0, 0.0], dps=30)
    with pytest.raises(dn.ShapeError):
        law.logpdf([1.0, 2.0, 3.0], dps=30)


def test_exponentials_of_exponentials_are_refused_before_they_take_all_memory():
    law = dn.Gumbel(-30, 1e-10)
    for method, y in (("cdf", -31), ("logcdf", -31), ("sf", -31)):
        with pytest.raises(dn.UnsupportedOperationError, match=r"binary digits before the point|too large"):
            getattr(law, method)(y, dps=20)
    assert float(mpmath.log(-law.logpdf(-31, dps=20))) == pytest.approx(1e10, rel=1e-6)


def test_a_law_looked_at_in_few_digits_answers_in_as_many_as_are_asked_for_later():
    """Its log-scale is no number of the first look: points beside a turn of a map are pulled with more bits than asked for."""
    with digits(20):
        seen = view(dn.Logistic(-0.5, 0.6))
    with digits(120) as mp:
        x = mp.mpf(1) / 3
        z = (x + mp.mpf("0.5")) / mp.mpf(0.6)
        log_density = -z - 2 * mp.log1p(mp.exp(-z)) - mp.log(mp.mpf(0.6))
        assert abs(seen.logpdf(x) - log_density) < mp.mpf(10) ** -115

"""Continuous families: every one in the registry against 50-digit references, in both tails, and against the
contract.
"""

import itertools
import json
import pickle
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest

from densities.anchored import Anchored, anchored, log_abs, value
from densities.distributions import continuous, registry
from densities.errors import ParameterError
from densities.expressions import parse

EPS = np.finfo(float).eps
TABLE = json.loads((Path(__file__).parent / "reference" / "families.json").read_text())
NAMES = [entry.name for entry in registry if entry.factory.__module__.startswith(continuous.__name__)]
LAWS = [law for name in NAMES for law in registry.get(name).instances()]
ENTRIES = [(name, entry) for name in NAMES for entry in TABLE.get(name, [])]

# Errors allowed in eps, of a log-tail relative to 1 + |log-tail| + |x f/F|: the last term is what an ulp of x does.
TOLERANCE = 20.0
REASONS = {}


# Their quantiles are solved on an integrated tail: seconds for a thousand of them.
SOLVED = ("von_mises", "skew_normal", "noncentral_chi_squared", "rice", "alpha", "lindley")


def each_law(function):
    return pytest.mark.parametrize("law", LAWS, ids=repr)(function)


def each_family(function):
    """One law of each family by default, all of them among the slow tests: for what does not depend on parameters."""
    first = {law.name: law for law in reversed(LAWS)}
    cases = [law if law is first[law.name] else pytest.param(law, marks=pytest.mark.slow) for law in LAWS]
    return pytest.mark.parametrize("law", cases, ids=repr)(function)


def each_law_by_quantiles(function):
    cases = [pytest.param(law, marks=pytest.mark.slow) if law.name in SOLVED else law for law in LAWS]
    return pytest.mark.parametrize("law", cases, ids=repr)(function)


def each_entry(function):
    return pytest.mark.parametrize(
        ("name", "entry"), ENTRIES, ids=lambda p: p if isinstance(p, str) else str(p["params"])
    )(function)


def tolerance(name, params):
    return REASONS.get((name, str(params)), REASONS.get(name, TOLERANCE)) * EPS


def columns(entry):
    return (np.array([float(row[k]) for row in entry["rows"]]) for k in range(4))


def sensitivity(x, law, logf, log_tail):
    """1 + |log-tail| + |d log-tail/d log x|: what an ulp of x, of x - loc and of the logarithm itself does to it."""
    size = np.abs(x) + np.max(np.abs(law._loc)) if law.location_name else np.abs(x)
    with np.errstate(all="ignore"):
        return 1.0 + np.abs(log_tail) + np.nan_to_num(size * np.exp(np.minimum(logf - log_tail, 700.0)), posinf=1e300)


@pytest.mark.parametrize("name", NAMES)
def test_registering_means_being_tested(name):
    tested = [entry["params"] for entry in TABLE[name]]
    assert all(dict(example) in tested for example in registry.get(name).examples)


@each_entry
def test_log_densities_are_those_of_the_table(name, entry):
    law = registry.get(name)(**entry["params"])
    x, logf, *_ = columns(entry)
    step = np.maximum(np.abs(x), np.max(np.abs(law._loc))) * 1e-6
    slope = np.abs(law.logpdf(x + step) - law.logpdf(x - step)) / 2e-6
    error = np.abs(law.logpdf(x) - logf) / (1.0 + np.abs(logf) + np.nan_to_num(slope, nan=0.0, posinf=0.0))
    assert np.max(error) <= tolerance(name, entry["params"])


@each_entry
@pytest.mark.parametrize("method", ["logcdf", "logsf"])
def test_log_tails_are_those_of_the_table(name, entry, method):
    """A log-tail near 0 is minus the other tail, and as good as that one relative to itself."""
    law = registry.get(name)(**entry["params"])
    x, logf, *tails = columns(entry)
    truth, other = tails if method == "logcdf" else tails[::-1]
    error = np.abs(getattr(law, method)(x) - truth)
    bound = np.where(truth < other, sensitivity(x, law, logf, truth), np.abs(truth) * sensitivity(x, law, logf, other))
    assert np.max(error / np.maximum(bound, 1e-320)) <= tolerance(name, entry["params"])


@each_entry
@pytest.mark.parametrize("method", ["cdf", "sf"])
def test_tails_are_those_of_the_table(name, entry, method):
    law = registry.get(name)(**entry["params"])
    x, logf, *tails = columns(entry)
    truth = tails[method == "sf"]
    seen = truth > -705.0
    error = np.abs(np.log(np.maximum(getattr(law, method)(x[seen]), 1e-320)) - truth[seen])
    assert np.max(error / sensitivity(x, law, logf, truth)[seen]) <= tolerance(name, entry["params"])


@each_entry
def test_quantiles_of_log_probabilities(name, entry):
    """The distance from the end of the support, in its logarithm: past underflow and within 1e-300 of a finite end."""
    law = registry.get(name)(**entry["params"])
    for level, side, anchor, _, log in entry["quantiles"]:
        with np.errstate(all="ignore"):
            found = (law.raw_log_isf if side == "upper" else law.raw_log_ppf)(np.float64(level))
            distance = log_abs(anchored(found) - float(anchor))
        truth = float(log)
        ulp = 1.0 + abs(truth) + abs(float(level))
        rounding = np.max(np.abs(law._loc)) * np.exp(-truth) if law.location_name and not float(anchor) else 0.0
        assert abs(float(distance) - truth) <= tolerance(name, entry["params"]) * (ulp + rounding)


# ---- anchored points: the same formula on points that no double can hold ----


@each_law
def test_anchored_points_agree_with_plain_ones(law):
    with np.errstate(all="ignore"):
        points = np.asarray(value(law.raw_ppf(np.array([0.01, 0.3, 0.6, 0.99]))))
        points = points[law.support.interior_contains(points)]
        for method in ("raw_logpdf", "raw_cdf", "raw_sf", "raw_logcdf", "raw_logsf"):
            plain = np.asarray(value(getattr(law, method)(points)))
            anchored = np.asarray(value(getattr(law, method)(Anchored.exact(points))))
            np.testing.assert_allclose(anchored, plain, rtol=1e-13, atol=1e-15)


def log_size(x):
    return float(x.log_offset) if isinstance(x, Anchored) else float(np.log(np.abs(x)))


@pytest.mark.parametrize("log", [800.0, 1e4])
def test_normal_log_density_past_overflow(log):
    with np.errstate(all="ignore"):
        result = registry.get("normal")().raw_logpdf(Anchored.from_log(log))
    assert log_size(result) == pytest.approx(2 * log - np.log(2.0), rel=1e-15)


def power_at_zero():
    """Laws whose F is C x^a near 0: (law, a, log C)."""
    make = lambda name, **p: registry.get(name)(**p)  # noqa: E731
    from scipy.special import betaln, gammaln

    return [
        (make("uniform"), 1.0, 0.0),
        (make("exponential"), 1.0, 0.0),
        (make("gamma", shape=2.5), 2.5, -gammaln(3.5)),
        (make("gamma", shape=0.001), 0.001, -gammaln(1.001)),
        (make("gamma", shape=50.0), 50.0, -gammaln(51.0)),
        (make("beta", a=2.5, b=3.0), 2.5, -np.log(2.5) - betaln(2.5, 3.0)),
        (make("beta", a=0.5, b=40.0), 0.5, -np.log(0.5) - betaln(0.5, 40.0)),
        (make("beta_prime", a=2.5, b=3.0), 2.5, -np.log(2.5) - betaln(2.5, 3.0)),
        (make("weibull", shape=2.0), 2.0, 0.0),
        (make("half_normal"), 1.0, 0.5 * np.log(2 / np.pi)),
        (make("half_cauchy"), 1.0, np.log(2 / np.pi)),
        (make("chi", df=3.0), 3.0, -gammaln(2.5) - 1.5 * np.log(2.0)),
        (make("log_logistic", shape=2.0), 2.0, 0.0),
        (make("lomax", a=3.0), 1.0, np.log(3.0)),
        (make("kumaraswamy", a=2.0, b=3.0), 2.0, np.log(3.0)),
        (make("arcsine"), 0.5, np.log(2 / np.pi)),
        (make("rayleigh"), 2.0, -np.log(2.0)),
    ]


@pytest.mark.parametrize("log", [-50.0, -800.0, -1e4])
@pytest.mark.parametrize(("law", "a", "log_c"), power_at_zero(), ids=str)
def test_tails_next_to_zero(law, a, log_c, log):
    """log F = a log x + log C, log f = log F + log a - log x; corrections of order x are below rounding."""
    with np.errstate(all="ignore"):
        x = Anchored.from_log(log)
        logcdf, logpdf = float(value(law.raw_logcdf(x))), float(value(law.raw_logpdf(x)))
        back = law.raw_log_ppf(np.float64(a * log + log_c))
    assert logcdf == pytest.approx(a * log + log_c, rel=2e-14, abs=2e-14)
    assert logpdf == pytest.approx((a - 1) * log + log_c + np.log(a), rel=2e-14, abs=2e-12)
    assert log_size(back) == pytest.approx(log, rel=1e-13)


@pytest.mark.parametrize("log", [-50.0, -800.0, -1e4])
@pytest.mark.parametrize(
    ("law", "b", "log_c"),
    [
        (registry.get("uniform")(), 1.0, 0.0),
        (registry.get("beta")(2.0, 3.5), 3.5, -np.log(3.5 * (1 / 3.5 - 1 / 4.5))),
        (registry.get("kumaraswamy")(2.0, 3.0), 3.0, 3.0 * np.log(2.0)),
        (registry.get("arcsine")(), 0.5, np.log(2 / np.pi)),
        (registry.get("triangular")(0.0, 0.5, 1.0), 2.0, np.log(2.0)),
        (registry.get("continuous_bernoulli")(0.5), 1.0, 0.0),
    ],
    ids=str,
)
def test_tails_next_to_one(law, b, log_c, log):
    with np.errstate(all="ignore"):
        x = Anchored.from_log(log, -1.0, 1.0)
        logsf = float(value(law.raw_logsf(x)))
        back = law.raw_log_isf(np.float64(b * log + log_c))
    assert logsf == pytest.approx(b * log + log_c, rel=2e-14)
    assert float(np.asarray(back.anchor)) == 1.0
    assert log_size(back) == pytest.approx(log, rel=1e-13)


# ---- the contract: batches, dtypes, ends, arguments, draws ----


@each_family
def test_batch_equals_scalar(law):
    batch = law.replace(**{key: np.array([p, p]) for key, p in law.params.items()})
    q = np.array([0.02, 0.8])
    for method in ("ppf", "isf"):
        np.testing.assert_allclose(getattr(batch, method)(q), getattr(law, method)(q), rtol=1e-15)
    x = law.ppf(q)
    for method in ("logpdf", "cdf", "sf", "logcdf", "logsf"):
        np.testing.assert_allclose(getattr(batch, method)(x), getattr(law, method)(x), rtol=1e-15)
    assert batch.rvs(3, rng=0).shape == (3, 2)


@each_family
def test_float32_stays_float32(law):
    x = np.asarray(law.ppf([0.3, 0.6]), dtype=np.float32)
    for method in ("logpdf", "pdf", "cdf", "sf", "logcdf", "logsf"):
        assert getattr(law, method)(x).dtype == np.float32
    assert isinstance(law.cdf(float(x[0])), float)


@each_law
def test_nothing_outside_the_support_and_nan_for_nan(law):
    low, high = law.support.edges
    for x, cdf in ((low - 1.0, 0.0), (high + 1.0, 1.0)):
        if np.isfinite(x):
            assert law.logpdf(x) == -np.inf
            assert law.cdf(x) == cdf and law.sf(x) == 1.0 - cdf
    assert np.isnan(law.logpdf(np.nan)) and np.isnan(law.cdf(np.nan))
    assert law.pdf(np.inf) == 0.0 and law.cdf(np.inf) == 1.0 and law.sf(-np.inf) == 1.0
    assert law.ppf(0.0) == low and law.isf(0.0) == high


@pytest.mark.parametrize(
    ("name", "parameters", "density"),
    [
        ("chi_squared", {"df": 1.0}, np.inf),
        ("chi_squared", {"df": 2.0}, 0.5),
        ("chi_squared", {"df": 3.0}, 0.0),
        ("log_normal", {}, 0.0),
        ("weibull", {"shape": 1.0}, 1.0),
        ("weibull", {"shape": 0.5}, np.inf),
        ("gamma", {"shape": 1.0, "scale": 2.0}, 0.5),
        ("exponential", {"scale": 2.0}, 0.5),
        ("inverse_gamma", {"shape": 2.0}, 0.0),
        ("beta", {"a": 1.0, "b": 3.0}, 3.0),
        ("f", {"dfnum": 2.0, "dfden": 4.0}, 1.0),
        ("levy", {}, 0.0),
        ("inverse_gaussian", {"mean": 1.0, "lam": 1.0}, 0.0),
        ("kumaraswamy", {"a": 1.0, "b": 2.0}, 2.0),
        ("arcsine", {}, np.inf),
    ],
)
def test_density_at_zero_is_its_limit(name, parameters, density):
    assert registry.get(name)(**parameters).pdf(0.0) == pytest.approx(density, rel=1e-13)


@each_family
def test_bad_parameters_are_refused(law):
    for name, bad in itertools.product(law.params, (np.nan, np.inf, 1j, "1", None, [], [1.0, np.nan])):
        with pytest.raises(ValueError) as caught:
            law.replace(**{name: bad})
        assert name in str(caught.value), bad


@each_family
def test_parameters_out_of_range_are_refused(law):
    for name, parameter in law.parameters.items():
        if np.isfinite(parameter.domain.low):
            with pytest.raises(ParameterError, match=name):
                law.replace(**{name: parameter.domain.low - 1.0})


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("uniform", {"low": 1.0, "high": 1.0}),
        ("uniform", {"low": -1.7e308, "high": 1.7e308}),
        ("triangular", {"left": 0.0, "mode": 2.0, "right": 1.0}),
        ("arcsine", {"low": 2.0, "high": 1.0}),
        ("log_normal", {"mean": 1.0}),
        ("log_normal", {"scale": 1.0}),
    ],
)
def test_inconsistent_parameters_are_refused(name, parameters):
    with pytest.raises(ParameterError):
        registry.get(name)(**parameters)


@pytest.mark.parametrize(
    ("name", "aliased", "ours"),
    [
        ("normal", {"mu": 1.0, "sigma": 2.0}, {"loc": 1.0, "scale": 2.0}),
        ("exponential", {"rate": 4.0}, {"scale": 0.25}),
        ("gamma", {"concentration": 2.0, "rate": 4.0}, {"shape": 2.0, "scale": 0.25}),
        ("student_t", {"nu": 3.0}, {"df": 3.0}),
        ("pareto", {"alpha": 3.0, "scale": 2.0}, {"a": 3.0, "xm": 2.0}),
    ],
)
def test_aliases_are_our_parameters(name, aliased, ours):
    assert registry.get(name)(**aliased).same_as(registry.get(name)(**ours))


def test_log_normal_from_moments():
    law = registry.get("log_normal").factory.from_moments(mean=3.0, std=0.5)
    assert law._mean(*law._shapes) == pytest.approx(3.0, rel=1e-14)
    assert law._var(*law._shapes) == pytest.approx(0.25, rel=1e-13)


@each_law
def test_draws_follow_the_cdf(law):
    """Kolmogorov-Smirnov on 2000 draws at a fixed seed: sqrt(n) D < 2.3 fails a right sampler once in 2.5e4."""
    with np.errstate(all="ignore"):
        logs = np.exp(np.asarray(value(law.raw_logcdf(law.draw(np.random.default_rng(5), (2000,))))))
    u = np.sort(logs)
    grid = np.arange(2001) / 2000
    distance = max(np.max(grid[1:] - u), np.max(u - grid[:-1]))
    assert np.sqrt(2000) * distance < 2.3


@each_law_by_quantiles
def test_summaries_agree_with_quantile_integrals(law):
    """Mean and entropy as integrals over the logit of the probability, by Gauss-Legendre between the kinks."""
    node, weight = np.polynomial.legendre.leggauss(60)
    kinks = [float(np.log(law.cdf(k)) - np.log(law.sf(k))) for k in law.kinks() if 0 < law.cdf(k) < 1]
    near = [k + sign * 10.0**-j for k in kinks for j in range(8) for sign in (-1, 1)]
    ends = np.unique([*np.linspace(-36.0, 36.0, 13), *kinks, *near])
    half = 0.5 * np.diff(ends)[:, None]
    t, w = (ends[:-1, None] + half * (node + 1.0)).ravel(), (half * weight).ravel()
    with np.errstate(all="ignore"):
        q = 1.0 / (1.0 + np.exp(-t))
        weight = w * q / (1.0 + np.exp(t))
        x = np.where(t < 0, law.ppf(q), law.isf(1.0 / (1.0 + np.exp(t))))
        logf = law.logpdf(x)
    for name, integral in (("_mean", lambda: np.sum(weight * x)), ("_entropy", lambda: -np.sum(weight * logf))):
        formula = getattr(law, name, None)
        if formula is None or not np.isfinite(formula(*law._shapes)):
            continue
        closed = float(formula(*law._shapes))
        closed = law._loc + law._scale * closed if name == "_mean" else closed + float(law._log_scale)
        spread = float(
            np.max(np.abs(weight[:8] * (x[:8] if name == "_mean" else logf[:8])))
            + np.max(np.abs(weight[-8:] * (x[-8:] if name == "_mean" else logf[-8:])))
        )
        if np.isfinite(spread) and spread < 1e-14:
            assert integral() == pytest.approx(closed, rel=1e-8, abs=1e-10)


@each_family
def test_laws_pickle_by_value(law):
    assert pickle.loads(pickle.dumps(law)).same_as(law)


# ---- corners: squares and powers that leave the doubles although the answer does not; the normal tail ----


def far_and_near():
    """(law, method, x, log of the answer) where a power of x over- or underflows."""
    make = lambda name, **p: registry.get(name)(**p)  # noqa: E731
    half_log_2_pi = 0.5 * np.log(2.0 / np.pi)
    cauchy, chi, maxwell, rayleigh = make("student_t", df=1.0), make("chi", df=1.0), make("maxwell"), make("rayleigh")
    cases = [(cauchy, "cdf", -x, -np.log(np.pi) - np.log(x)) for x in (1e155, 1e160, 1e200, 3e299)]
    cases += [(cauchy, "sf", x, -np.log(np.pi) - np.log(x)) for x in (1e160, 3e299)]
    for x in (1e-300, 1.25e-300, 1e-160, 1e-155):
        log = np.log(x)
        cases += [(chi, "cdf", x, half_log_2_pi + log)]
        cases += [(maxwell, "logcdf", x, half_log_2_pi + 3.0 * log - np.log(3.0))]
        cases += [(maxwell, "logpdf", x, half_log_2_pi + 2.0 * log)]
        cases += [(rayleigh, "logcdf", x, 2.0 * log - np.log(2.0))]
    return cases


@pytest.mark.parametrize(("law", "method", "x", "log"), far_and_near(), ids=str)
def test_answers_that_stay_when_powers_leave_the_doubles(law, method, x, log):
    found = getattr(law, method)(x)
    assert (found if method.startswith("log") else np.log(found)) == pytest.approx(log, rel=2e-15)


@pytest.mark.parametrize("name", ["chi", "maxwell", "rayleigh", "half_normal"])
@pytest.mark.parametrize("x", [1e155, 1e160, 1e300])
def test_tails_far_out_are_zero_not_nan(name, x):
    law = registry.get(name)(3.5) if name == "chi" else registry.get(name)()
    assert law.sf(x) == 0.0 and law.cdf(x) == 1.0 and law.logcdf(x) == 0.0


def test_normal_tail_to_a_few_ulp():
    mp = pytest.importorskip("mpmath")
    x = -np.linspace(1.5, 37.5, 301)
    with mp.workdps(40):
        truth = [mp.erfc(-mp.mpf(float(t)) / mp.sqrt(2)) / 2 for t in x]
        for found in (registry.get("normal")().cdf(x), registry.get("normal")().sf(-x)):
            assert max(abs(mp.mpf(float(f)) / t - 1) for f, t in zip(found, truth, strict=True)) < 5 * EPS
        found = registry.get("half_normal")().sf(-x)
        assert max(abs(mp.mpf(float(f)) / (2 * t) - 1) for f, t in zip(found, truth, strict=True)) < 5 * EPS
    assert registry.get("normal")().cdf(-1e300) == 0.0


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("student_t", {"df": 2.1}),
        ("student_t", {"df": 2.74}),
        ("student_t", {"df": 30.0}),
        ("beta", {"a": 2.0, "b": 3.0}),
        ("beta", {"a": 50.0, "b": 14.0}),
        ("beta", {"a": 0.02, "b": 4.5}),
        ("beta_prime", {"a": 61.0, "b": 9.5}),
        ("f", {"dfnum": 3.0, "dfden": 4.0}),
        ("gamma", {"shape": 0.1}),
        ("gamma", {"shape": 2.0}),
        ("inverse_gamma", {"shape": 2.0}),
        ("generalized_normal", {"beta": 8.0}),
    ],
)
def test_ordinary_quantiles_equal_those_of_log_probabilities(name, parameters):
    """Two routes: SciPy's inverse polished, and Newton's method on the log-tails."""
    law = registry.get(name)(**parameters)
    q = np.concatenate([np.geomspace(1e-13, 0.4, 40), np.linspace(0.41, 0.9, 20)])
    with np.errstate(all="ignore"):
        for method in ("ppf", "isf"):
            fast, slow = (
                x if isinstance(x, Anchored) else Anchored.exact(x)
                for x in (getattr(law, f"raw_{method}")(q), getattr(law, f"raw_log_{method}")(np.log(q)))
            )
            size = np.asarray(slow.log_offset)
            rise = q * (1.0 + np.abs(np.log(q))) * np.exp(-np.asarray(value(law.raw_logpdf(slow))) - size)
            error = np.abs(np.asarray(fast.log_offset) - size) / (1.0 + np.abs(size) + rise)
            same = np.broadcast_to(np.asarray(fast.anchor) == np.asarray(slow.anchor), q.shape)
            assert np.mean(same) > 0.9 and np.max(error[same]) <= TOLERANCE * EPS


def test_quantiles_of_a_squared_normal():
    """Gamma of shape 1/2: erfinv(q)², and the Lévy law 1/(2 erfinv(q)²), by mpmath."""
    mp = pytest.importorskip("mpmath")
    gamma, levy = registry.get("gamma")(0.5), registry.get("levy")()
    with mp.workdps(40):
        for q in (1e-9, 1e-3, 0.2, 0.45, 0.55, 0.7, 0.85, 0.999):
            u = mp.erfinv(mp.mpf(q)) ** 2
            assert abs(mp.mpf(float(gamma.ppf(q))) / u - 1) < TOLERANCE * EPS
            assert abs(mp.mpf(float(levy.isf(q))) * 2 * u - 1) < TOLERANCE * EPS


# ---- interval masses ----


def narrow_intervals():
    """(law, a, b, density of the standard member by mpmath, loc, scale, kink)."""
    mp = pytest.importorskip("mpmath")
    make = lambda name, *p: registry.get(name)(*p)  # noqa: E731
    bell = lambda z: mp.exp(-z * z / 2) / mp.sqrt(2 * mp.pi)  # noqa: E731
    return [
        (make("normal", -3.0, 0.01), (-3.2, -3.05, -3.0 + 1e-9, -2.9), bell, -3.0, 0.01, -3.0),
        (make("exponential", 2.5), (1e-200, 0.3, 7.0, 500.0), lambda z: mp.exp(-z), 0.0, 2.5, 0.0),
        (make("gamma", 3.0, 3.0), (1e-9, 0.3, 7.0, 500.0), lambda z: z * z * mp.exp(-z) / 2, 0.0, 3.0, 0.0),
        (make("cauchy", 1.0, 3.0), (-1e9, 0.3, 1.0, 7e9), lambda z: 1 / (mp.pi * (1 + z * z)), 1.0, 3.0, 1.0),
        (make("laplace", 1.0, 3.0), (-90.0, 0.3, 1.0, 50.0), lambda z: mp.exp(-abs(z)) / 2, 1.0, 3.0, 1.0),
        (make("uniform", -1.0, 2.5), (-1.0, -0.999, 0.7, 2.49), lambda z: mp.mpf(1), -1.0, 3.5, 0.0),
        (make("triangular", 0.0, 0.25, 1.0), (0.1, 0.25, 0.6), lambda z: min(8 * z, (1 - z) * 8 / 3), 0.0, 1.0, 0.25),
        (make("arcsine", 0.0, 3.0), (1e-9, 0.1, 1.0, 2.5), lambda z: 1 / (mp.pi * mp.sqrt(z * (1 - z))), 0.0, 3.0, 0.0),
        (
            make("generalized_normal", 1.5, 1.0, 3.0),
            (-9.0, 0.3, 1.0, 20.0),
            lambda z: mp.mpf(3) / 4 / mp.gamma(mp.mpf(2) / 3) * mp.exp(-(abs(z) ** mp.mpf(1.5))),
            1.0,
            3.0,
            1.0,
        ),
    ]


@pytest.mark.parametrize("width", [2e-16, 1e-12, 1e-8, 1e-4])
@pytest.mark.parametrize("case", range(len(narrow_intervals())))
def test_masses_of_narrow_intervals(case, width):
    """Against the integral of the density, split at the kink, for ends that are plain doubles."""
    mp = pytest.importorskip("mpmath")
    law, points, density, loc, scale, kink = narrow_intervals()[case]
    with mp.workdps(40):
        for point in points:
            for a, b in (
                (point, point + 2 * width * abs(point)),
                (point - width * abs(point), point + width * abs(point)),
            ):
                a, b = max(a, float(value(law.support.low))), min(b, float(value(law.support.high)))
                ends = [(mp.mpf(x) - mp.mpf(loc)) / mp.mpf(scale) for x in ([a, kink, b] if a < kink < b else [a, b])]
                height = density((ends[0] + ends[-1]) / 2)  # mpmath's own error is absolute
                truth = height * mp.quad(lambda z, height=height: density(z) / height, ends)
                assert abs(mp.mpf(law.prob(a, b)) / truth - 1) < 1e-12


@pytest.mark.parametrize(("a", "b"), [(1e-10, 1e-8), (1e-3, 0.3), (1e-200, 1e-100), (0.2, 0.9), (1e-10, 1.5e-10)])
def test_masses_of_intervals_next_to_a_singular_end(a, b):
    """Beta(1/100, 1/100), against the hypergeometric series."""
    mp = pytest.importorskip("mpmath")
    c = mp.mpf(0.01)
    with mp.workdps(30):
        tail = lambda x: x**c / c / mp.beta(c, c) * mp.hyp2f1(c, 1 - c, 1 + c, x)  # noqa: E731
        truth = tail(mp.mpf(b)) - tail(mp.mpf(a))
    assert abs(mp.mpf(registry.get("beta")(0.01, 0.01).prob(a, b)) / truth - 1) < 1e-12


@pytest.mark.parametrize(("a", "b", "z"), [(4e3, 9e4, -3.0), (4e8, 6e8, -31.0), (4e8, 6e8, 1.5), (2e12, 1e10, 0.2)])
def test_large_beta_tails_and_densities_by_quadrature(a, b, z):
    """The nearer tail and the density of beta laws that are nearly normal, z standard deviations from the mean."""
    with mp.workdps(40):
        mean, width = mp.mpf(a) / (a + b), mp.sqrt(mp.mpf(a) * b / (a + b + 1)) / (a + b)
        x = mp.mpf(float(mean + z * width))
        constant = mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(mp.mpf(a) + b)
        density = lambda t: mp.exp((a - 1) * mp.log(t) + (b - 1) * mp.log1p(-t) - constant)  # noqa: E731
        away = mp.sign(z) * width / max(abs(z), 1)
        tail = abs(mp.quad(density, [x + away * step for step in (0, 1, 2, 4, 7, 11, 16, 22, 30, 40)]))
        law = registry.get("beta")(a, b)
        assert float(abs((law.cdf if z < 0 else law.sf)(float(x)) / tail - 1)) < 1e-12
        assert float(abs(law.pdf(float(x)) / density(x) - 1)) < 1e-12


def test_tails_of_a_fatigue_life():
    """Φ((√z - 1/√z)/c) at quantiles of 1e-300: no logarithm rounds on the way."""
    law = registry.get("birnbaum_saunders")(3.0, 2.0)
    for quantile, tail, side in ((law.ppf, law.cdf, 1), (law.isf, law.sf, -1)):
        x = float(quantile(1e-300))
        with mp.workdps(40):
            z = mp.mpf(x) / 2
            assert float(abs(tail(x) / mp.ncdf(side * (mp.sqrt(z) - 1 / mp.sqrt(z)) / 3) - 1)) < 2e-13


@pytest.mark.parametrize(("name", "shape"), [("log_gamma", 2.5), ("log_gamma", 25.0), ("lindley", 1.5)])
def test_points_whose_exponential_has_no_logarithm(name, shape):
    """Beyond e^710 nothing is left: f, 1 - F and their logarithms are their limits, and none is NaN or +inf."""
    law = registry.get(name)(shape)
    with np.errstate(all="ignore"):
        x = Anchored.from_log(np.array([711.0, 1e5]))
        found = [value(getattr(law, f"raw_{what}")(x)) for what in ("logpdf", "logsf", "logcdf", "cdf", "sf")]
    np.testing.assert_array_equal(found, np.repeat([[-np.inf], [-np.inf], [0.0], [1.0], [0.0]], 2, axis=1))


@pytest.mark.parametrize("gap", [1e-15, 1e-8, 1e-3, 0.2])
@pytest.mark.parametrize(("kappa", "mu"), [(4.0, 3.1), (50.0, -3.14159), (0.0, 1.0), (2.0, -0.5)])
def test_tails_of_a_circle_beside_its_ends(kappa, mu, gap):
    with mp.workdps(40):

        def density(s):
            return mp.exp(kappa * mp.cos(s - mp.mpf(mu))) / (2 * mp.pi * mp.besseli(0, kappa))

        for end, side, tail in ((-np.pi, 1, "logcdf"), (np.pi, -1, "logsf")):
            x, exact = end + side * gap, mp.sign(end) * mp.pi
            truth = mp.log(abs(mp.quad(density, [exact, (exact + x) / 2, x])))
            assert getattr(continuous.VonMises(kappa, mu), tail)(x) == pytest.approx(float(truth), rel=4e-15)


CENTRED = [("semicircular(1, 2)", 1.0), ("3*semicircular(1, 2) + 1", 4.0), ("1 - 2*anglit()", 1.0)]


@pytest.mark.parametrize(("text", "centre"), CENTRED)
def test_a_law_that_knows_its_centre_has_it_as_its_median(text, centre):
    assert parse(text).median() == centre

"""Published problems with their answers, integrands known only by their logarithms, and the honesty of the error.

Sources: A. Genz, "Testing multidimensional integration routines" (1984), in one dimension; D. K. Kahaner, "Comparison
of numerical quadrature formulas" (1971), the 21 integrands; truths in closed form or from mpmath.
"""

import mpmath as mp
import numpy as np
import pytest
from scipy import special

from densities.anchored import log_abs
from densities.errors import ParameterError
from densities.numerics.quadrature import EPS, integrate

INF = np.inf


def plain(*functions):
    """Integrands of rounded x."""

    def integrand(x, problem):
        values = np.stack([np.broadcast_to(f(x.value), x.shape) for f in functions])
        return np.log(np.abs(values)), np.sign(values)

    return integrand


def logs(*functions):
    """Positive integrands given by log f(x), x anchored."""

    def integrand(x, problem):
        return np.stack([np.broadcast_to(f(x), x.shape) for f in functions]), 1.0

    return integrand


def over(integrand, *ends, **options):
    """One problem, panels between consecutive ends."""
    return integrate(integrand, [0] * (len(ends) - 1), ends[:-1], ends[1:], **options)


def check(result, truth, rtol=1e-11):
    truth = np.reshape([float(t) for t in np.ravel(truth)], (-1, 1))
    assert result.converged.all(), result
    assert (np.abs(result.value - truth) <= result.error).all(), (result.value - truth, result.error)
    assert (np.abs(result.value - truth) <= rtol * np.abs(truth)).all()


# --- slow tails, strong singularities, huge and tiny scales


@pytest.mark.parametrize("d", [0.5, 0.1, 1e-2, 1e-3, 1e-4])
def test_powers_near_the_border(d):
    """∫₀¹ x^(d-1) = ∫₁^∞ x^(-1-d) = 1/d; the error is that of doubles for 1 - d, times d/dd log(1/d) = 1/d."""
    near, far = d - 1.0, -1.0 - d
    check(over(logs(lambda x: near * log_abs(x)), 0.0, 1.0), 1 / (mp.mpf(near) + 1))
    check(over(logs(lambda x: far * log_abs(x)), 1.0, INF), -1 / (mp.mpf(far) + 1))
    check(over(logs(lambda x: near * log_abs(x - 1.0)), 0.0, 1.0), 1 / (mp.mpf(near) + 1))


@pytest.mark.parametrize("d", [2e-5, 1e-5, 1e-6])
def test_a_cut_tail_says_so_and_its_remainder_completes_it(d):
    far = -1.0 - d
    truth = float(-1 / (mp.mpf(far) + 1))
    result = over(logs(lambda x: far * log_abs(x)), 1.0, INF)
    assert result.truncated.all() and not result.converged.any()
    assert (
        abs((result.value + result.remainder)[0, 0] - truth)
        <= 2 * (result.difference + result.rounding)[0, 0]
        <= 1e-8 * truth
    )


@pytest.mark.parametrize("a", [-1.0, -1.1])
def test_a_divergent_tail_never_converges(a):
    for ends in ((0.0, 1.0), (1.0, INF), (-INF, -1.0)):
        result = over(logs(lambda x: a * log_abs(x)), *ends)
        divergent = a == -1.0 or ends == (0.0, 1.0)
        assert result.converged.all() != divergent
        assert (result.remainder == INF).any() == divergent


def test_tail_of_student_t_of_2_001():
    """E log-ratio against a normal: ∫ t(x; 2.001) x² = ν/(ν - 2) = 2001, of which the doubles reach only a part."""
    nu = 2.001
    constant = special.gammaln((nu + 1) / 2) - special.gammaln(nu / 2) - 0.5 * np.log(nu * np.pi)

    def moment(x):
        return constant - (nu + 1) / 2 * np.logaddexp(0.0, 2 * log_abs(x) - np.log(nu)) + 2 * log_abs(x)

    result = over(logs(moment, lambda x: moment(x) - 2 * log_abs(x)), -INF, -1.0, 0.0, 1.0, INF)
    check(result, [mp.mpf(nu) / (mp.mpf(nu) - 2), 1.0], rtol=1e-9)


def test_integrands_known_only_by_their_logarithm():
    """E exp(X) for X ~ N(0, 30²) is e^450 = 1e195; for N(0, 60²) it is e^1800, beyond doubles, and its log is right."""
    for sigma, truth in ((30.0, 450.0), (60.0, 1800.0)):
        result = over(
            logs(lambda x, s=sigma: x.value - 0.5 * (x.value / s) ** 2 - np.log(s) - 0.5 * np.log(2 * np.pi)),
            -INF,
            0.0,
            sigma**2,
            2 * sigma**2,
            INF,
            width=sigma,
        )
        assert result.converged.all()
        assert abs(result.log_magnitude[0, 0] - truth) < 1e-12 * truth
        value = result.value[0, 0]
        assert (
            value == INF if truth > 710 else abs(value - float(mp.exp(450))) <= min(result.error[0, 0], 1e-12 * value)
        )


def test_a_sum_of_wildly_different_scale_keeps_its_relative_accuracy():
    """∫ φ and ∫ e^-2000 x² φ on the same nodes."""

    def normal(x):
        return -0.5 * x.value**2 - 0.5 * np.log(2 * np.pi)

    result = over(logs(normal, lambda x: normal(x) + 2 * log_abs(x) - 600.0), -INF, 0.0, INF)
    check(result, [1.0, mp.exp(-600)])


@pytest.mark.parametrize("sigma", [1e-300, 1e-8, 1.0, 1e8, 1e300])
def test_gaussian_spikes_have_mass_one(sigma):
    for centre in (0.0, 1.0, 1e6):

        def density(x, c=centre):
            return -0.5 * ((x - c) / sigma).value ** 2 - np.log(sigma) - 0.5 * np.log(2 * np.pi)

        check(over(logs(density), -INF, centre, INF, width=sigma), 1.0)


def test_a_spike_between_scan_nodes_does_not_overflow():
    """The peak exceeds every term of the scan by far more than doubles hold."""
    result = over(
        logs(lambda x: -0.5 * ((x.value - 0.3) / 1e-3) ** 2 - np.log(1e-3) - 0.5 * np.log(2 * np.pi)), 0.0, 1.0
    )
    # x = 0.3 rounds by eps·0.3/4, which z = (x - 0.3)/1e-3 multiplies by 1e3.
    assert result.converged.all() and abs(result.value[0, 0] - 1) <= result.error[0, 0] + 100 * EPS


def test_singular_logarithms_are_integrated_or_said_to_be_cut():
    check(over(plain(np.log), 0.0, 1.0), -1)
    check(over(plain(lambda x: np.log(x) ** 2), 0.0, 1.0), 2)
    check(over(logs(lambda x: np.log(-log_abs(x - 0.3))), 0.0, 0.3, 1.0), 1 - 0.3 * mp.log(0.3) - 0.7 * mp.log(0.7))
    check(over(plain(lambda x: np.log(x) / np.sqrt(x)), 0.0, 1.0), -4)
    # 1/(x log² x) is the hardest end that converges: it holds 1/|log ε| below ε.
    result = over(logs(lambda x: -log_abs(x) - 2 * np.log(-log_abs(x))), 0.0, 0.5)
    assert result.truncated.all() and not result.converged.any()


def test_waves_are_integrated():
    check(over(plain(lambda x: np.sin(100 * x)), 0.0, 1.0), (1 - mp.cos(100)) / 100)
    check(
        over(plain(lambda x: np.cos(30 * x) * np.exp(-0.5 * x * x)), -INF, -3.0, 3.0, INF),
        mp.sqrt(2 * mp.pi) * mp.exp(-450),
        rtol=INF,
    )
    check(over(plain(lambda x: np.sin(20 * x) * np.exp(-x)), 0.0, INF), mp.mpf(20) / 401)


# --- families


KAHANER = [
    (np.exp, (0, 1), mp.e - 1),
    (lambda x: np.floor(np.minimum(x / 0.3, 1)), (0, 0.3, 1), 1 - mp.mpf(0.3)),
    (np.sqrt, (0, 1), mp.mpf(2) / 3),
    (lambda x: 23 / 25 * np.cosh(x) - np.cos(x), (-1, 1), mp.mpf(46) / 25 * mp.sinh(1) - 2 * mp.sin(1)),
    (
        lambda x: 1 / (x**4 + x**2 + 0.9),
        (-1, 1),
        lambda: mp.quad(lambda x: 1 / (x**4 + x**2 + mp.mpf(0.9)), [-1, 0, 1]),
    ),
    (lambda x: x * np.sqrt(x), (0, 1), mp.mpf(2) / 5),
    (lambda x: 1 / np.sqrt(x), (0, 1), 2),
    (lambda x: 1 / (1 + x**4), (0, 1), (mp.pi + 2 * mp.log(1 + mp.sqrt(2))) / (4 * mp.sqrt(2))),
    (lambda x: 2 / (2 + np.sin(10 * np.pi * x)), (0, 1), 2 / mp.sqrt(3)),
    (lambda x: 1 / (1 + x), (0, 1), mp.log(2)),
    (lambda x: 1 / (np.exp(x) + 1), (0, 1), 1 - mp.log((1 + mp.e) / 2)),
    (lambda x: np.where(x == 0, 1.0, x / np.expm1(x)), (0, 1), lambda: mp.quad(lambda x: x / mp.expm1(x), [0, 1])),
    (
        lambda x: np.sin(100 * np.pi * x) / (np.pi * x),
        (0.1, 1),
        (mp.si(100 * mp.pi) - mp.si(100 * mp.pi * mp.mpf(0.1))) / mp.pi,
    ),
    (lambda x: np.sqrt(50) * np.exp(-50 * np.pi * x * x), (0, 10), mp.mpf(1) / 2),
    (lambda x: 25 * np.exp(-25 * x), (0, 10), 1 - mp.exp(-250)),
    (lambda x: 50 / (np.pi * (2500 * x * x + 1)), (0, 10), mp.atan(500) / mp.pi),
    (
        lambda x: 50 * np.sinc(50 * x) ** 2,
        (0.01, 1),
        lambda: mp.quad(lambda x: 50 * mp.sincpi(50 * x) ** 2, mp.linspace(mp.mpf(0.01), 1, 51)),
    ),
    (
        lambda x: np.cos(np.cos(x) + 3 * np.sin(x) + 2 * np.cos(2 * x) + 3 * np.sin(2 * x) + 3 * np.cos(3 * x)),
        (0, np.pi),
        lambda: mp.quad(
            lambda x: mp.cos(mp.cos(x) + 3 * mp.sin(x) + 2 * mp.cos(2 * x) + 3 * mp.sin(2 * x) + 3 * mp.cos(3 * x)),
            mp.linspace(0, mp.mpf(np.pi), 9),
        ),
    ),
    (np.log, (0, 1), -1),
    (lambda x: 1 / (1.005 + x * x), (-1, 1), 2 * mp.atan(1 / mp.sqrt(mp.mpf(1.005))) / mp.sqrt(mp.mpf(1.005))),
    (
        lambda x: np.cosh(10 * (x - 0.2)) ** -2 + np.cosh(100 * (x - 0.4)) ** -4 + np.cosh(1000 * (x - 0.6)) ** -6,
        (0, 0.2, 0.4, 0.6, 1),
        lambda: mp.quad(
            lambda x: (
                mp.sech(10 * (x - mp.mpf(0.2))) ** 2
                + mp.sech(100 * (x - mp.mpf(0.4))) ** 4
                + mp.sech(1000 * (x - mp.mpf(0.6))) ** 6
            ),
            [0, 0.1, 0.2, 0.3, 0.38, 0.4, 0.42, 0.5, 0.59, 0.597, 0.6, 0.603, 0.61, 0.8, 1],
        ),
    ),
]


@pytest.mark.parametrize("number", range(len(KAHANER)))
def test_kahaners_problems_are_solved(number):
    f, ends, truth = KAHANER[number]
    check(over(plain(f), *map(float, ends)), truth() if callable(truth) else truth)


def genz(rng):
    """The six families on [0, 1] of random difficulty a and place u, and where a caller who knows would split."""
    a, u = rng.uniform(1, 30), rng.uniform(0.05, 0.95)
    A, U = mp.mpf(a), mp.mpf(u)
    return [
        (
            lambda x: np.cos(2 * np.pi * u + a * x),
            (0, 1),
            (mp.sin(2 * mp.mpf(np.pi) * U + A) - mp.sin(2 * mp.mpf(np.pi) * U)) / A,
        ),
        (lambda x: 1 / (a**-2 + (x - u) ** 2), (0, u, 1), A * (mp.atan(A * (1 - U)) + mp.atan(A * U))),
        (lambda x: (1 + a * x) ** -2, (0, 1), 1 / (1 + A)),
        (
            lambda x: np.exp(-((a * (x - u)) ** 2)),
            (0, u, 1),
            mp.sqrt(mp.pi) / (2 * A) * (mp.erf(A * (1 - U)) + mp.erf(A * U)),
        ),
        (lambda x: np.exp(-a * np.abs(x - u)), (0, u, 1), (2 - mp.exp(-A * U) - mp.exp(-A * (1 - U))) / A),
        (lambda x: np.where(x > u, 0.0, np.exp(a * x)), (0, u), mp.expm1(A * U) / A),
    ]


@pytest.mark.parametrize("seed", range(20))
def test_genz_integrals_lie_within_their_error(seed):
    for f, ends, truth in genz(np.random.default_rng(seed)):
        result = over(plain(f), *map(float, ends))
        # cos(2πu + ax) rounds its argument: an error of eps·|argument| in a function of size 1.
        assert result.converged.all()
        assert abs(result.value[0, 0] - float(truth)) <= result.error[0, 0] + 40 * EPS * result.magnitude[0, 0]


# --- honesty


def moment_problems(rng, count):
    """log f and exact ∫f for moments of gamma, inverse gamma and beta prime laws of random shape."""
    shape, order = 10 ** rng.uniform(-2, 2, count), rng.uniform(-0.5, 1.5, count)
    family = rng.integers(0, 3, count)
    other = 10 ** rng.uniform(-2, 2, count)
    scale = 10 ** rng.uniform(-5, 5, count)
    return family, shape, other, order * np.minimum(shape, np.where(family == 0, 1.0, other)) * 0.6, scale


def log_moment(family, a, b, r, u):
    """log of the unnormalised x^r p(x) at log(x/scale) = u."""
    return np.choose(
        family,
        [(a + r - 1) * u - np.exp(u), -(b - r + 1) * u - np.exp(-u), (a + r - 1) * u - (a + b) * np.logaddexp(0.0, u)],
    )


def exact_moment(family, a, b, r, s):
    a, b, r, s = map(mp.mpf, (a, b, r, s))
    if family == 0:
        return mp.gamma(a + r) * s
    return mp.gamma(b - r) * s if family == 1 else mp.beta(a + r, b - r) * s


def relative_error_of_exponent(family, a, b, r):
    """The exponents a + r - 1, ... are rounded: what that does to log ∫f, as |ψ|·eps·size."""
    return (
        np.choose(
            family,
            [
                np.abs(special.digamma(a + r)) * (a + np.abs(r) + 1),
                np.abs(special.digamma(b - r)) * (b + np.abs(r) + 1),
                np.abs(special.digamma(a + r) - special.digamma(a + b)) * (a + np.abs(r) + 1)
                + np.abs(special.digamma(b - r) - special.digamma(a + b)) * (a + 2 * b + 1),
            ],
        )
        * EPS
    )


def test_thousands_of_moments_lie_within_their_errors():
    rng = np.random.default_rng(20)
    count = 3000
    family, a, b, r, scale = moment_problems(rng, count)
    b = np.where(family == 0, 1.0 + a, b)  # a gamma law has no second shape
    mode = np.choose(family, [np.maximum(a + r - 1, 1e-2), 1 / (b - r + 1), np.maximum(a + r - 1, 1e-2) / (b - r + 1)])
    width = np.choose(
        family,
        [
            np.sqrt(np.maximum(a + r, 1e-4)),
            mode / np.sqrt(b - r + 1),
            mode * np.sqrt(1 / np.maximum(a + r, 1e-4) + 1 / (b - r)),
        ],
    )
    width = np.clip(width, 1e-3 * mode, mode)
    ends = (
        np.stack([0 * mode, mode - 0.99 * width, mode, mode + width, mode + 4 * width, INF * mode], -1) * scale[:, None]
    )
    problem = np.repeat(np.arange(count), 5)

    def integrand(x, problem):
        u = log_abs(x) - np.log(scale[problem])[:, None]
        pick = [part[problem][:, None] for part in (family, a, b, r)]
        return log_moment(*pick, u)[None], 1.0

    result = integrate(integrand, problem, ends[:, :-1].ravel(), ends[:, 1:].ravel(), np.repeat(width * scale, 5))
    assert result.converged.all()
    with mp.workdps(30):
        error = np.array(
            [
                float(mp.mpf(v) - exact_moment(*part))
                for v, *part in zip(result.value[0], family, a, b, r, scale, strict=True)
            ]
        )
    # log x - log scale, and the exponents, are rounded by the integrand itself
    own = relative_error_of_exponent(family, a, b, r) + EPS * (1 + np.abs(np.log(scale))) * (1 + np.abs(r))
    outside = ~(np.abs(error) <= result.error[0] + own * result.value[0])
    assert not outside.any(), (np.flatnonzero(outside), error[outside] / result.value[0, outside])
    assert np.median(np.abs(error) / result.value[0]) < 1e-15
    assert np.median(result.error[0] / result.value[0]) < 1e-12


# --- what is not a number, what is left out, how much it takes


def test_nan_that_matters_is_never_dropped():
    def holed(inside):
        return plain(lambda x: np.where(inside(x), np.nan, np.exp(-0.5 * x * x)))

    assert not over(holed(lambda x: (x > 0.5) & (x < 1)), -INF, 0.0, INF).converged.any()
    assert not over(holed(lambda x: x > 2), -INF, 0.0, INF).converged.any()
    assert not over(holed(lambda x: x > -INF), -INF, 0.0, INF).converged.any()
    assert np.isnan(over(holed(lambda x: x > 2), -INF, 0.0, INF).value).all()
    # between the nodes of the scan
    assert not over(holed(lambda x: (x > 1.003) & (x < 1.02)), -INF, 0.0, 0.95, 1.05, INF).converged.any()
    # beyond where the integrand has died out, x·0 with x = inf is harmless
    result = over(holed(lambda x: x > 1e3), -INF, 0.0, INF)
    check(result, mp.sqrt(2 * mp.pi))


def test_an_infinite_value_inside_is_not_an_answer():
    assert not over(plain(lambda x: 1 / np.abs(x)), -1.0, 1.0, 2.0).converged.any()


def test_a_nan_stays_in_its_own_problem():
    def integrand(x, problem):
        return np.where((problem == 1)[:, None], np.nan, -np.abs(x.value))[None], 1.0

    result = integrate(integrand, [2, 0, 1, 1, 0, 2], [0, 0, 0, -INF, -INF, -INF], [INF, INF, INF, 0, 0, 0])
    assert result.converged.tolist() == [True, False, True]
    assert np.isnan(result.value[0, 1])
    np.testing.assert_allclose(result.value[0, [0, 2]], 2.0, rtol=1e-14)


def test_sums_that_bound_rounding_need_not_converge():
    """A kink does not converge in 64 nodes; asked for it is refined, as a floor it is not."""
    functions = (lambda x: np.exp(-x * x), lambda x: np.abs(x - 0.3) * np.exp(-x * x))
    asked = over(plain(*functions), -INF, -1.0, 1.0, INF)
    floor = over(plain(*functions), -INF, -1.0, 1.0, INF, floor=(1, None))
    assert floor.converged.all() and not asked.converged.any()
    assert floor.evaluations < asked.evaluations


def test_cancellation_stops_at_the_floor():
    """∫ x φ(x) on an asymmetric split is 0: it converges to its rounding, not to a relative tolerance."""
    result = over(plain(lambda x: x * np.exp(-0.5 * x * x)), -INF, -0.3, 0.9, INF)
    assert result.converged.all() and abs(result.value[0, 0]) <= result.error[0, 0] < 1e-14
    assert result.evaluations[0] < 1000


def test_zero_integrands_empty_panels_and_missing_problems():
    result = integrate(plain(lambda x: 0 * x), [0, 0], [0.0, 1.0], [1.0, INF])
    assert result.value.tolist() == [[0.0]] and result.converged.all() and result.log_magnitude[0, 0] == -INF
    result = integrate(plain(np.exp), [3, 3], [0.0, 1.0], [1.0, 1.0])
    assert result.value[0, :3].tolist() == [0, 0, 0] and result.converged.all()
    assert abs(result.value[0, 3] - (np.e - 1)) < 1e-15


def test_the_whole_range_of_doubles_is_a_panel():
    check(over(logs(lambda x: -700.0 + 0 * log_abs(x)), -1.7e308, 1.7e308), 2 * mp.mpf(1.7e308) * mp.exp(-700))


def test_many_problems_equal_one_at_a_time():
    rng = np.random.default_rng(5)
    count = 700
    scale = 10 ** rng.uniform(-3, 3, count)
    low, high = np.tile([-INF, -1.0, 0.0, 1.0], count), np.tile([-1.0, 0.0, 1.0, INF], count)
    problem = np.repeat(np.arange(count), 4)
    order = rng.permutation(problem.size)

    def integrand(scale):
        def f(x, problem):
            z = x.value / scale[problem][:, None]
            density = -np.log1p(z * z)
            return np.stack([density, density - 1.0]), 1.0

        return f

    size = np.repeat(scale, 4)
    many = integrate(integrand(scale), problem[order], (low * size)[order], (high * size)[order], size[order])
    np.testing.assert_allclose(many.value[0], np.pi * scale, rtol=1e-13)
    for i in (0, 1, 350, 699):
        one = integrate(integrand(scale[i : i + 1]), [0] * 4, low[:4] * scale[i], high[:4] * scale[i], scale[i])
        np.testing.assert_allclose(one.value[:, 0], many.value[:, i], rtol=4e-16)
        assert one.evaluations[0] == many.evaluations[i]


@pytest.mark.parametrize(("low", "high"), [(-INF, INF), (1.0, 0.0), (np.nan, 1.0), (INF, INF)])
def test_panels_that_are_none(low, high):
    with pytest.raises(ParameterError, match="low, high: expected panels"):
        integrate(plain(np.exp), 0, low, high)


def test_other_wrong_arguments():
    with pytest.raises(ParameterError, match="width: expected"):
        integrate(plain(np.exp), 0, -INF, 0.0, width=0.0)
    with pytest.raises(ParameterError, match="floor: expected one entry for each of the 1 sums"):
        integrate(plain(np.exp), 0, 0.0, 1.0, floor=(0, None))
    with pytest.raises(ParameterError, match="low, high"):
        integrate(plain(np.exp), [], [], [])

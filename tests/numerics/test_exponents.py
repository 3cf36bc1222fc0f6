"""Pairs whose divergence is known to be finite or infinite, judged by p·log(p/q) alone, as a formula in L = log x."""

import numpy as np
import pytest
from scipy import special

from densities.errors import ParameterError
from densities.numerics.exponents import EPS, Verdict, tail_verdict

LOG2 = np.log(2.0)
HALF_LOG_2PI = 0.5 * np.log(2 * np.pi)


def student(log_x, nu):
    norm = special.gammaln((nu + 1) / 2) - special.gammaln(nu / 2) - 0.5 * np.log(nu * np.pi)
    return norm - (nu + 1) / 2 * np.logaddexp(0.0, 2 * log_x - np.log(nu))


def log_sum(leading, rest):
    """log|e^leading + rest|."""
    return leading + np.log(np.abs(1 + rest * np.exp(-leading)))


def student_normal(nu):
    def g(L):
        p = student(L, nu)
        return p + log_sum(2 * L - LOG2, p + HALF_LOG_2PI) + L

    return g


def log_student_log_normal(nu):
    """f·x is the integrand of t(nu) against a normal in log x."""

    def g(L):
        p = student(np.log(np.abs(L)), nu)
        return p + np.log(np.abs(0.5 * L * L + HALF_LOG_2PI + p))

    return g


def normal_cauchy(L):
    return -np.exp(2 * L) / 2 - HALF_LOG_2PI + np.log(np.exp(2 * L) / 2) + L


def normal_against_its_reciprocal(L):
    """p = normal, q the law of 1/N: log q = -1/(2x²) - 2 log x - ..., toward x = 0."""
    return -np.exp(2 * L) / 2 - HALF_LOG_2PI + log_sum(-2 * L - LOG2, 2 * L) + L


def pareto_exponential(a):
    """log p = log a - (a + 1)L against log q = -x."""
    return lambda L: np.log(a) - (a + 1) * L + log_sum(L, np.log(a) - (a + 1) * L) + L


def gamma_inverse_gamma(a, b=1.0):
    """p ~ x^(a-1), log q = -1/x - (b+1) log x, toward x = 0."""
    return lambda L: (a - 1) * L - np.exp(L) + log_sum(-L, (a + b) * L - np.exp(L)) + L


def log_normal_exponential(sigma):
    """In x: f·x = N(L; 0, sigma)·x."""
    return lambda L: -0.5 * (L / sigma) ** 2 - np.log(sigma) - HALF_LOG_2PI + L


def log_normal_exponential_in_base(sigma):
    """In y = log x = e^L: N(y; 0, sigma)·(e^y - y²/(2 sigma²) ...)·y."""

    def g(L):
        y = np.exp(L)
        return -0.5 * (y / sigma) ** 2 - np.log(sigma) - HALF_LOG_2PI + y + L

    return g


KNOWN = [
    ("t(2.001), normal", student_normal(2.001), 1, Verdict.FINITE, -1e-3),
    ("t(2 + 1e-6), normal", student_normal(2 + 1e-6), 1, Verdict.FINITE, -1e-6),
    ("t(2 + 1e-8), normal", student_normal(2 + 1e-8), 1, Verdict.FINITE, -1e-8),
    ("t(2 + 1e-10), normal", student_normal(2 + 1e-10), 1, Verdict.UNDECIDED, -1e-10),
    ("t(2), normal", student_normal(2.0), 1, Verdict.UNDECIDED, 0.0),
    ("t(2 - 1e-10), normal", student_normal(2 - 1e-10), 1, Verdict.UNDECIDED, 1e-10),
    ("t(2 - 1e-6), normal", student_normal(2 - 1e-6), 1, Verdict.INFINITE, 1e-6),
    ("cauchy, normal", student_normal(1.0), 1, Verdict.INFINITE, 1.0),
    ("normal, cauchy", normal_cauchy, 1, Verdict.FINITE, None),
    ("pareto(1), exponential", pareto_exponential(1.0), 1, Verdict.UNDECIDED, 0.0),
    ("pareto(1.01), exponential", pareto_exponential(1.01), 1, Verdict.FINITE, -0.01),
    ("pareto(0.99), exponential", pareto_exponential(0.99), 1, Verdict.INFINITE, 0.01),
    ("log t(1.5), log-normal", log_student_log_normal(1.5), 1, Verdict.INFINITE, 0.0),
    ("log t(2), log-normal", log_student_log_normal(2.0), 1, Verdict.UNDECIDED, 0.0),
    ("log t(2.1), log-normal", log_student_log_normal(2.1), 1, Verdict.FINITE, 0.0),
    ("log t(2.1), log-normal, at 0", log_student_log_normal(2.1), -1, Verdict.FINITE, 0.0),
    ("log t(1.5), log-normal, at 0", log_student_log_normal(1.5), -1, Verdict.INFINITE, 0.0),
    ("log-normal(30), exponential", log_normal_exponential(30.0), 1, Verdict.FINITE, None),
    ("log-normal(30), exponential, base", log_normal_exponential_in_base(30.0), 1, Verdict.FINITE, -np.inf),
    ("log-normal(1e6), exponential, base", log_normal_exponential_in_base(1e6), 1, Verdict.FINITE, -np.inf),
    ("gamma(1/2), inverse gamma", gamma_inverse_gamma(0.5), -1, Verdict.INFINITE, 0.5),
    ("gamma(1), inverse gamma", gamma_inverse_gamma(1.0), -1, Verdict.UNDECIDED, 0.0),
    ("gamma(1.5), inverse gamma", gamma_inverse_gamma(1.5), -1, Verdict.FINITE, -0.5),
    ("normal, 1/normal", normal_against_its_reciprocal, -1, Verdict.INFINITE, 1.0),
]


@pytest.mark.parametrize(("name", "g", "direction", "verdict", "exponent"), KNOWN, ids=[row[0] for row in KNOWN])
def test_tails_of_known_pairs_are_judged_right(name, g, direction, verdict, exponent):
    tail = tail_verdict(g, direction)
    assert tail.verdict == verdict, tail
    if exponent is not None:
        np.testing.assert_allclose(tail.exponent, exponent, rtol=1e-6, atol=2e-14)


def test_second_order_exponents():
    for nu in (1.5, 2.1, 3.0):
        np.testing.assert_allclose(tail_verdict(log_student_log_normal(nu)).second, 2 - nu, atol=1e-6)


@pytest.mark.parametrize(("g", "verdict"), [
    (lambda L: -np.sqrt(L), Verdict.FINITE),
    (lambda L: -np.log(L + 2) ** 2, Verdict.FINITE),
    (lambda L: -(L**0.3), Verdict.FINITE),
    (lambda L: -(L**1.5), Verdict.FINITE),
    (lambda L: L**1.5, Verdict.INFINITE),
    (lambda L: np.exp(2 * L), Verdict.INFINITE),
    (lambda L: -np.exp(2 * L), Verdict.FINITE),
    (lambda L: np.where(L > 100, -np.inf, L), Verdict.FINITE),
    (lambda L: -1e-6 * L + 5 * np.log(L), Verdict.FINITE),
    (lambda L: 1e-6 * L - 5 * np.log(L), Verdict.INFINITE),
    # logarithms of logarithms: 1/(x log x (log log x)²) is finite, 1/(x log x log log x) is not; neither is decided
    (lambda L: -np.log(L) - 2 * np.log(np.log(L + 3)), Verdict.UNDECIDED),
    (lambda L: -np.log(L) - np.log(np.log(L + 3)), Verdict.UNDECIDED),
    (lambda L: np.nan * L, Verdict.UNDECIDED),
    (lambda L: 0 * L + np.inf, Verdict.UNDECIDED),
])  # fmt: skip
def test_shapes_of_decay_and_growth(g, verdict):
    assert tail_verdict(g).verdict == verdict


def test_a_power_below_a_power_of_the_logarithm_is_not_called_infinite():
    """x^(-1-d)·√log x: finite, and the second order alone would say infinite."""
    for d in (1e-9, 1e-10, 1e-11, 1e-12):
        assert tail_verdict(lambda L, d=d: -d * L + 0.5 * np.log(L)).verdict != Verdict.INFINITE


def test_where_logarithms_cancel_the_last_trusted_points_decide():
    """exp(Laplace(1)) against an exponential in y = log x: p = e^-y/2, t = e^y - y - log 2, so f·y grows as y."""

    def log_p(L):
        return -np.exp(L) - LOG2

    def log_t(L):
        return log_sum(np.exp(L), log_p(L))

    tail = tail_verdict(
        lambda L: log_p(L) + log_t(L) + L, noise=lambda L: EPS * (np.abs(log_p(L)) + np.abs(log_t(L)) + np.abs(L))
    )
    assert tail.verdict == Verdict.INFINITE
    np.testing.assert_allclose(tail.exponent, 1.0, rtol=1e-3)
    assert 8 <= tail.reach <= 25
    # x^-1.1 instead: 0.1 is what is left of e^y, and it decays
    slower = tail_verdict(lambda L: -1.1 * np.exp(L) + np.exp(L) + L, noise=lambda L: EPS * 2.1 * np.exp(L))
    assert slower.verdict == Verdict.FINITE


def test_many_problems_with_scales_of_their_own():
    nu = np.array([1.5, 2.0, 2.1, 3.0])[:, None]
    scale = np.array([1e-200, 1.0, 1e10, 1e200])
    tail = tail_verdict(lambda L: student_normal(nu)(L - np.log(scale)[:, None]), log_scale=np.log(scale))
    assert tail.verdict.tolist() == [1, 0, -1, -1]
    np.testing.assert_allclose(tail.exponent, [0.5, 0, -0.1, -1], atol=1e-12)
    assert tail_verdict(lambda L: -L).verdict.shape == ()


def test_random_powers_are_never_wrong():
    """g = s u + c log u + e/u + b: verdict by s, then by c; s below 1e-13 passes for 0."""
    rng = np.random.default_rng(3)
    n = 4000
    s = np.where(rng.random(n) < 0.3, 0.0, rng.choice([-1, 1], n) * 10 ** rng.uniform(-13, 1, n))[:, None]
    c, e, b = (rng.normal(0, 3, (n, 1)) for _ in range(3))
    tail = tail_verdict(lambda L: s * L + c * np.log(L) + e / L + b)
    truth = np.where(s != 0, np.sign(s), np.sign(c + 1))[:, 0]
    assert ((tail.verdict == truth) | (tail.verdict == Verdict.UNDECIDED))[np.abs(s[:, 0]) > 2e-13].all()
    assert ((tail.verdict == truth) | (tail.verdict == Verdict.UNDECIDED))[s[:, 0] == 0].all()
    decided = (tail.verdict == truth)[(np.abs(s[:, 0]) > 1e-8) | (s[:, 0] == 0)]
    assert decided.mean() > 0.99


def test_a_direction_that_is_none():
    with pytest.raises(ParameterError, match="direction: expected 1"):
        tail_verdict(lambda L: -L, 0)

"""Reference values of families that are images, folds or mixtures of others: python tests/reference/make_image_families.py

Formulas are the closed tails of the literature at 50 digits; nothing is shared with the library's maps. They join those
of make_families in families.json.
"""

import sys

import make_families
import mpmath as mp
from make_families import Reference, gamma_lower, gamma_upper, half, inf, one, powered_gamma, scaled, student

zero = mp.mpf(0)


def phi(z):
    return mp.exp(-z * z / 2) / mp.sqrt(2 * mp.pi)


def below(z):
    return mp.erfc(-z / mp.sqrt(2)) / 2


def between(ends):
    """P(a < N < b) for (a, b) = ends(), taken at enough digits for narrow intervals."""
    with mp.workdps(mp.mp.dps + 400):
        a, b = ends()
        return below(b) - below(a) if a < 0 else below(-a) - below(-b)


def of_normal(z, slope, low=-inf, high=inf):
    """z(x) is normal, rising, with z' = slope."""
    return Reference(lambda x: mp.log(phi(z(x)) * slope(x)), lambda x: below(z(x)), lambda x: below(-z(x)), low, high)


def of_rate(rate, slope, low=zero, high=inf, falling=False):
    """rate(x) is exponential: S = e^-rate, or F where it falls."""
    lower, upper = (lambda x: -mp.expm1(-rate(x))), (lambda x: mp.exp(-rate(x)))
    tails = (upper, lower) if falling else (lower, upper)
    return Reference(lambda x: mp.log(slope(x)) - rate(x), *tails, low, high)


def folded_normal(c):
    return Reference(
        lambda x: mp.log(phi(x - c) + phi(x + c)),
        lambda x: between(lambda: (-x - c, x - c)),
        lambda x: below(c - x) + below(-c - x),
        zero,
    )


def folded_cauchy(c):
    tail = lambda t: mp.atan2(1, t) / mp.pi  # noqa: E731

    def lower(x):
        with mp.workdps(mp.mp.dps + 400):
            return (mp.atan(x - c) + mp.atan(x + c)) / mp.pi

    return Reference(
        lambda x: mp.log((1 / (1 + (x - c) ** 2) + 1 / (1 + (x + c) ** 2)) / mp.pi),
        lower,
        lambda x: tail(x - c) + tail(x + c),
        zero,
    )


def half_student(df):
    whole = student(df)
    tail = lambda x: make_families.beta_lower(half, df / 2, x * x / (df + x * x), df / (df + x * x))  # noqa: E731
    return Reference(lambda x: whole.f(x) + mp.log(2), tail, lambda x: 2 * whole.S(x), zero)


def two_sided(f, upper):
    tail = lambda x: upper(x) / 2 if x > 0 else 1 - upper(-x) / 2  # noqa: E731
    return Reference(lambda x: f(abs(x)) - mp.log(2), lambda x: tail(-x), tail)


def of_logistic_power(c, u, slope, low=-inf, high=inf):
    """F = (1 - e^-u)^c for a rising u > 0 with u' = slope, given as the function of x."""

    def log_f(x):
        rest = mp.exp(-u(x))
        return c * (mp.log1p(-rest) if rest < half else mp.log(-mp.expm1(-u(x))))

    return Reference(
        lambda x: mp.log(c * slope(x)) - u(x) + log_f(x) * (c - 1) / c,
        lambda x: mp.exp(log_f(x)),
        lambda x: -mp.expm1(log_f(x)),
        low,
        high,
    )


def softplus(x):
    """log(1 + e^x)."""
    return mp.log1p(mp.exp(x))


def generalized_logistic(c):
    return Reference(
        lambda x: mp.log(c) - x - (c + 1) * softplus(-x),
        lambda x: mp.exp(-c * softplus(-x)),
        lambda x: -mp.expm1(-c * softplus(-x)),
    )


def burr(c, d):
    return of_rate(lambda x: d * mp.log1p(x**c), lambda x: c * d * x ** (c - 1) / (1 + x**c))


def dagum(c, d):
    return of_rate(lambda x: d * mp.log1p(x**-c), lambda x: c * d * x ** (-c - 1) / (1 + x**-c), falling=True)


def log_gamma(c):
    return Reference(
        lambda x: c * x - mp.exp(x) - mp.loggamma(c),
        lambda x: gamma_lower(c, mp.exp(x)),
        lambda x: gamma_upper(c, mp.exp(x)),
    )


def bent(c, z):
    """log(1 + cz)/c."""
    return z if c == 0 else mp.log1p(c * z) / c


def pareto(c):
    return of_rate(lambda z: bent(c, z), lambda z: 1 / (1 + c * z), high=-1 / c if c < 0 else inf)


def extreme(c):
    t = lambda z: mp.exp(-bent(-c, z))  # noqa: E731
    low, high = (1 / c if c < 0 else -inf), (1 / c if c > 0 else inf)
    return of_rate(t, lambda z: t(z) / (1 - c * z), low, high, falling=True)


def kappa4(h, k):
    t = lambda z: mp.exp(-bent(-k, z))  # noqa: E731
    rate = lambda z: t(z) if h == 0 else -mp.log1p(-h * t(z)) / h  # noqa: E731
    edge = lambda w: -mp.log(w) if k == 0 else (1 - w**k) / k  # noqa: E731
    low = edge(1 / h) if h > 0 else (1 / k if k < 0 else -inf)
    high = 1 / k if k > 0 else inf
    return of_rate(rate, lambda z: t(z) / (1 - k * z) / (1 - h * t(z)), low, high, falling=True)


def hyperbola(r):
    length = mp.log1p(r)
    return Reference(
        lambda z: mp.log(r / length / (1 + r * z)),
        lambda z: mp.log1p(r * z) / length,
        lambda z: mp.log1p(r * (1 - z) / (1 + r * z)) / length,
        zero,
        one,
    )


def anglit():
    end = mp.mpf(float(mp.pi / 4))
    return Reference(
        lambda z: mp.log(mp.cos(2 * z)), lambda z: mp.sin(z + end) ** 2, lambda z: mp.sin(end - z) ** 2, -end, end
    )


def asymmetric_laplace(k):
    weight = 1 / (1 + k * k)
    upper = lambda z: weight * mp.exp(-k * z) if z > 0 else 1 - k * k * weight * mp.exp(z / k)  # noqa: E731
    lower = lambda z: k * k * weight * mp.exp(z / k) if z < 0 else 1 - weight * mp.exp(-k * z)  # noqa: E731
    return Reference(lambda z: (-k * z if z > 0 else z / k) - mp.log(k + 1 / k), lower, upper)


def lindley(t):
    return Reference(
        lambda x: mp.log(t * t * (1 + x) / (1 + t)) - t * x,
        lambda x: (-t * mp.expm1(-t * x) + gamma_lower(2, t * x)) / (1 + t),
        lambda x: mp.exp(-t * x) * (1 + t * x / (1 + t)),
        zero,
    )


def alpha(a):
    return Reference(
        lambda x: mp.log(phi(a - 1 / x) / x**2 / below(a)),
        lambda x: below(a - 1 / x) / below(a),
        lambda x: between(lambda: (a - 1 / x, a)) / below(a),
        zero,
    )


def noncentral(df, nonc):
    """Poisson sums of gamma tails, with every term that counts 50 digits down."""
    a, h = df / 2, nonc / 2

    def total(x, term):
        peak = int(mp.sqrt(h * x / 2) + h)
        reach = 120 + int(16 * mp.sqrt(peak)) if nonc else 0
        steps = range(max(peak - reach - 40, 0), peak + reach + 1) if peak > 2000 else range(peak + reach + 1)
        return mp.fsum(
            mp.exp(j * mp.log(h) - h - mp.loggamma(j + 1)) * term(a + j) if j else mp.exp(-h) * term(a) for j in steps
        )

    return Reference(
        lambda x: mp.log(total(x, lambda b: mp.exp((b - 1) * mp.log(x / 2) - x / 2 - mp.loggamma(b)) / 2)),
        lambda x: total(x, lambda b: gamma_lower(b, x / 2)),
        lambda x: total(x, lambda b: gamma_upper(b, x / 2)),
        zero,
    )


def rice(b):
    square = noncentral(mp.mpf(2), b * b)
    return Reference(
        lambda x: square.f(x * x) + mp.log(2 * x), lambda x: square.F(x * x), lambda x: square.S(x * x), zero
    )


def semicircular():
    piece = lambda x, y: make_families.beta_lower(3 * half, 3 * half, x, y)  # noqa: E731
    return Reference(
        lambda z: mp.log(2 / mp.pi * mp.sqrt((1 - z) * (1 + z))),
        lambda z: piece((1 + z) / 2, (1 - z) / 2),
        lambda z: piece((1 - z) / 2, (1 + z) / 2),
        -one,
        one,
    )


def inverse_reciprocal(mean, lam):
    return Reference(
        lambda x: make_families.inverse_gaussian(mean, lam).f(1 / x) - 2 * mp.log(x), low=zero, centre=1 / mean
    )


def logit(x):
    return mp.log(x / (1 - x))


logit_slope = lambda x: 1 / (x * (1 - x))  # noqa: E731
FAMILIES = {
    "folded_normal": lambda c, scale: scaled(folded_normal(c), 0, scale),
    "folded_cauchy": lambda c, scale: scaled(folded_cauchy(c), 0, scale),
    "half_student_t": lambda df, scale: scaled(half_student(df), 0, scale),
    "half_logistic": lambda scale: scaled(
        Reference(
            lambda z: mp.log(2) - z - 2 * softplus(-z), lambda z: mp.tanh(z / 2), lambda z: 2 / (1 + mp.exp(z)), zero
        ),
        0,
        scale,
    ),
    "double_gamma": lambda a, loc, scale: scaled(
        two_sided(lambda x: (a - 1) * mp.log(x) - x - mp.loggamma(a), lambda x: gamma_upper(a, x)), loc, scale
    ),
    "double_weibull": lambda c, loc, scale: scaled(
        two_sided(lambda x: mp.log(c) + (c - 1) * mp.log(x) - x**c, lambda x: mp.exp(-(x**c))), loc, scale
    ),
    "log_laplace": lambda c, scale: scaled(
        Reference(
            lambda x: mp.log(c / 2 / x) - c * abs(mp.log(x)),
            lambda x: x**c / 2 if x < 1 else 1 - x**-c / 2,
            lambda x: 1 - x**c / 2 if x < 1 else x**-c / 2,
            zero,
        ),
        0,
        scale,
    ),
    "log_cauchy": lambda mu, sigma: Reference(
        lambda x: mp.log(sigma / mp.pi / x / (sigma**2 + (mp.log(x) - mu) ** 2)),
        lambda x: mp.atan2(sigma, mu - mp.log(x)) / mp.pi,
        lambda x: mp.atan2(sigma, mp.log(x) - mu) / mp.pi,
        zero,
    ),
    "birnbaum_saunders": lambda c, scale: scaled(
        of_normal(
            lambda x: (mp.sqrt(x) - 1 / mp.sqrt(x)) / c,
            lambda x: (1 / mp.sqrt(x) + x ** (-3 * half)) / (2 * c),
            low=zero,
        ),
        0,
        scale,
    ),
    "burr": lambda c, d, scale: scaled(burr(c, d), 0, scale),
    "dagum": lambda c, d, scale: scaled(dagum(c, d), 0, scale),
    "exponentiated_weibull": lambda a, c, scale: scaled(
        of_logistic_power(a, lambda x: x**c, lambda x: c * x ** (c - 1), low=zero), 0, scale
    ),
    "gompertz": lambda c, scale: scaled(of_rate(lambda x: c * mp.expm1(x), lambda x: c * mp.exp(x)), 0, scale),
    "exponential_power": lambda b, scale: scaled(
        of_rate(lambda x: mp.expm1(x**b), lambda x: b * x ** (b - 1) * mp.exp(x**b)), 0, scale
    ),
    "reciprocal_inverse_gaussian": inverse_reciprocal,
    "power_function": lambda a, scale: scaled(
        Reference(
            lambda x: mp.log(a) + (a - 1) * mp.log(x), lambda x: x**a, lambda x: -mp.expm1(a * mp.log(x)), zero, one
        ),
        0,
        scale,
    ),
    "generalized_gamma": lambda a, c, scale: scaled(powered_gamma(a, c, one), 0, scale),
    "nakagami": lambda nu, scale: scaled(powered_gamma(nu, 2 * one, nu), 0, scale),
    "half_generalized_normal": lambda beta, scale: scaled(powered_gamma(1 / beta, beta, one), 0, scale),
    "logit_normal": lambda mu, sigma: of_normal(
        lambda x: (logit(x) - mu) / sigma, lambda x: logit_slope(x) / sigma, zero, one
    ),
    "johnson_sb": lambda a, b: of_normal(lambda x: a + b * logit(x), lambda x: b * logit_slope(x), zero, one),
    "johnson_su": lambda a, b, loc, scale: scaled(
        of_normal(lambda z: a + b * mp.asinh(z), lambda z: b / mp.sqrt(1 + z * z)), loc, scale
    ),
    "hyperbolic_secant": lambda loc, scale: scaled(
        Reference(
            lambda z: -mp.log(mp.pi * mp.cosh(z)),
            lambda z: 2 * mp.atan(mp.exp(z)) / mp.pi,
            lambda z: 2 * mp.atan(mp.exp(-z)) / mp.pi,
        ),
        loc,
        scale,
    ),
    "moyal": lambda loc, scale: scaled(
        Reference(
            lambda z: -(z + mp.exp(-z)) / 2 - mp.log(2 * mp.pi) / 2,
            lambda z: mp.erfc(mp.exp(-z / 2) / mp.sqrt(2)),
            lambda z: mp.erf(mp.exp(-z / 2) / mp.sqrt(2)),
        ),
        loc,
        scale,
    ),
    "log_gamma": lambda c, loc, scale: scaled(log_gamma(c), loc, scale),
    "generalized_logistic": lambda c, loc, scale: scaled(generalized_logistic(c), loc, scale),
    "generalized_pareto": lambda c, loc, scale: scaled(pareto(c), loc, scale),
    "generalized_extreme_value": lambda c, loc, scale: scaled(extreme(c), loc, scale),
    "kappa4": lambda h, k, loc, scale: scaled(kappa4(h, k), loc, scale),
    "semicircular": lambda loc, scale: scaled(semicircular(), loc, scale),
    "log_uniform": lambda low, high: scaled(hyperbola(high / low - 1), low, high - low),
    "bradford": lambda c, low, high: scaled(hyperbola(c), low, high - low),
    "anglit": lambda loc, scale: scaled(anglit(), loc, scale),
    "asymmetric_laplace": lambda kappa, loc, scale: scaled(asymmetric_laplace(kappa), loc, scale),
    "lindley": lambda theta: lindley(theta),
    "alpha": lambda a, scale: scaled(alpha(a), 0, scale),
    "noncentral_chi_squared": noncentral,
    "rice": lambda b, scale: scaled(rice(b), 0, scale),
}

# Their ends, or the median of the log-Cauchy law, are no doubles: there is no exact place at e^-690 from them.
ROUNDED_ENDS = ("log_cauchy", "generalized_pareto", "generalized_extreme_value", "kappa4")
solved = make_families.quantile


def quantile(law, reference, level, upper):
    """That of make_families where it has one."""
    if law.name in ROUNDED_ENDS:
        return None
    try:
        found = solved(law, reference, level, upper)
    except ZeroDivisionError:  # the secant method has left the digits of 1 - x
        return None
    return found if found is None or found[-1].lstrip("-")[0].isdigit() else None


if __name__ == "__main__":
    make_families.FAMILIES |= FAMILIES
    make_families.quantile = quantile
    sys.argv[1:] = sys.argv[1:] or sorted(FAMILIES)
    make_families.main()

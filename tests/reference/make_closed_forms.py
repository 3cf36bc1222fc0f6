"""Make closed_forms.json: KL divergences to 20 or more digits, by two routes that the library does not use.

1. `textbook`: the plain formula of each family in 200-digit arithmetic, where cancellation does no harm, over a grid
   of extreme and near-identical parameters. Each formula is first checked here against route 2.
2. `quadrature`: the integral of p log(p/q) by mpmath's tanh-sinh rule, from log-densities written out below, for
   every cross pair at moderate parameters.

Run: python tests/reference/make_closed_forms.py   (about ten minutes)
"""

import itertools
import json
from pathlib import Path

import mpmath as mp

mp.mp.dps = 30
INF, ONE, ZERO = mp.inf, mp.mpf(1), mp.mpf(0)
log, exp, lg, psi, pi = mp.log, mp.exp, mp.loggamma, mp.digamma, mp.pi


def stacy(alpha, c, s):
    """log-density of s G^(1/c)."""
    const = log(abs(c)) - log(s) - lg(alpha)
    return lambda x: const + (c * alpha - 1) * log(x / s) - (x / s) ** c


def beta_log(a, b):
    const = lg(a + b) - lg(a) - lg(b)
    return lambda x: const + (a - 1) * log(x) + (b - 1) * mp.log1p(-x)


def student(df, loc, scale):
    const = lg((df + 1) / 2) - lg(df / 2) - log(df * pi) / 2 - log(scale)
    return lambda x: const - (df + 1) / 2 * mp.log1p(((x - loc) / scale) ** 2 / df)


def logistic(loc, scale):
    return lambda x: -abs(x - loc) / scale - 2 * mp.log1p(exp(-abs(x - loc) / scale)) - log(scale)


def continuous_bernoulli(p):
    mass = mp.quad(lambda x: exp(x * log(p) + (1 - x) * log(1 - p)), [0, 1])
    return lambda x: x * log(p) + (1 - x) * log(1 - p) - log(mass)


# family -> (log-density from parameters, support and kinks from parameters, two parameter sets)
LAWS = {
    "normal": (
        lambda loc, scale: lambda x: -(((x - loc) / scale) ** 2) / 2 - log(scale) - log(2 * pi) / 2,
        lambda loc, scale: (-INF, loc, INF),
        [(0.3, 1.2), (-0.4, 0.9)],
    ),
    "laplace": (
        lambda loc, scale: lambda x: -abs(x - loc) / scale - log(2 * scale),
        lambda loc, scale: (-INF, loc, INF),
        [(0.5, 0.7), (-0.2, 1.1)],
    ),
    "cauchy": (
        lambda loc, scale: lambda x: -log(pi * scale) - mp.log1p(((x - loc) / scale) ** 2),
        lambda loc, scale: (-INF, loc, INF),
        [(0.2, 1.3), (-0.5, 0.8)],
    ),
    "logistic": (logistic, lambda loc, scale: (-INF, loc, INF), [(0.4, 0.6), (-0.3, 0.6)]),
    "gumbel": (
        lambda loc, scale: lambda x: -(x - loc) / scale - exp(-(x - loc) / scale) - log(scale),
        lambda loc, scale: (-INF, loc, INF),
        [(0.1, 0.9), (-0.2, 1.1)],
    ),
    "student_t": (student, lambda df, loc, scale: (-INF, loc, INF), [(4.5, 0.2, 1.1), (3.0, -0.1, 0.9)]),
    "generalized_normal": (
        lambda beta, loc, scale: lambda x: log(beta / (2 * scale)) - lg(1 / beta) - abs((x - loc) / scale) ** beta,
        lambda beta, loc, scale: (-INF, loc, INF),
        [(1.5, 0.2, 1.1), (2.5, 0.2, 0.8)],
    ),
    "exponential": (lambda scale: stacy(ONE, ONE, scale), lambda scale: (0, scale, INF), [(1.4,), (0.8,)]),
    "gamma": (
        lambda shape, scale: stacy(shape, ONE, scale),
        lambda shape, scale: (0, shape * scale, INF),
        [(2.5, 0.7), (1.7, 1.2)],
    ),
    "chi_squared": (lambda df: stacy(df / 2, ONE, mp.mpf(2)), lambda df: (0, df, INF), [(3.5,), (5.0,)]),
    "inverse_gamma": (
        lambda shape, scale: stacy(shape, -ONE, scale),
        lambda shape, scale: (0, scale / shape, INF),
        [(3.2, 1.5), (2.4, 0.9)],
    ),
    "levy": (lambda scale: stacy(mp.mpf(0.5), -ONE, scale / 2), lambda scale: (0, scale, INF), [(1.3,), (0.7,)]),
    "weibull": (
        lambda shape, scale: stacy(ONE, shape, scale),
        lambda shape, scale: (0, scale, INF),
        [(1.6, 1.2), (2.3, 0.9)],
    ),
    "frechet": (
        lambda shape, scale: stacy(ONE, -shape, scale),
        lambda shape, scale: (0, scale, INF),
        [(3.4, 1.2), (2.7, 0.9)],
    ),
    "rayleigh": (
        lambda scale: stacy(ONE, mp.mpf(2), mp.sqrt(2) * scale),
        lambda scale: (0, scale, INF),
        [(1.3,), (0.9,)],
    ),
    "half_normal": (
        lambda scale: stacy(mp.mpf(0.5), mp.mpf(2), mp.sqrt(2) * scale),
        lambda scale: (0, scale, INF),
        [(1.2,), (0.8,)],
    ),
    "maxwell": (
        lambda scale: stacy(mp.mpf(1.5), mp.mpf(2), mp.sqrt(2) * scale),
        lambda scale: (0, scale, INF),
        [(1.1,), (0.7,)],
    ),
    "chi": (lambda df: stacy(df / 2, mp.mpf(2), mp.sqrt(2)), lambda df: (0, mp.sqrt(df), INF), [(3.0,), (4.5,)]),
    "log_normal": (
        lambda mu, sigma: lambda x: -(((log(x) - mu) / sigma) ** 2) / 2 - log(x * sigma) - log(2 * pi) / 2,
        lambda mu, sigma: (0, exp(mu), INF),
        [(0.2, 0.6), (-0.3, 0.8)],
    ),
    "log_logistic": (
        lambda shape, scale: (
            lambda x: log(shape / scale) + (shape - 1) * log(x / scale) - 2 * mp.log1p((x / scale) ** shape)
        ),
        lambda shape, scale: (0, scale, INF),
        [(5.0, 1.2), (5.0, 0.8)],
    ),
    "half_cauchy": (
        lambda scale: lambda x: log(2 / (pi * scale)) - mp.log1p((x / scale) ** 2),
        lambda scale: (0, scale, INF),
        [(1.4,), (0.6,)],
    ),
    "inverse_gaussian": (
        lambda mean, lam: lambda x: log(lam / (2 * pi * x**3)) / 2 - lam * (x - mean) ** 2 / (2 * mean**2 * x),
        lambda mean, lam: (0, mean, INF),
        [(1.3, 2.1), (0.9, 1.6)],
    ),
    "lomax": (
        lambda a, scale: lambda x: log(a / scale) - (a + 1) * mp.log1p(x / scale),
        lambda a, scale: (0, scale, INF),
        [(5.5, 1.2), (3.5, 1.2)],
    ),
    "pareto": (
        lambda a, xm: lambda x: log(a / xm) - (a + 1) * log(x / xm),
        lambda a, xm: (xm, 2 * xm, INF),
        [(5.5, 1.2), (3.5, 0.8)],
    ),
    "beta_prime": (
        lambda a, b: lambda x: (a - 1) * log(x) - (a + b) * mp.log1p(x) + lg(a + b) - lg(a) - lg(b),
        lambda a, b: (0, 1, INF),
        [(2.2, 5.5), (1.6, 4.5)],
    ),
    "beta": (beta_log, lambda a, b: (0, 0.5, 1), [(2.2, 3.1), (1.6, 1.3)]),
    "kumaraswamy": (
        lambda a, b: lambda x: log(a * b) + (a - 1) * log(x) + (b - 1) * mp.log1p(-(x**a)),
        lambda a, b: (0, 0.5, 1),
        [(2.0, 3.0), (2.0, 1.7)],
    ),
    "continuous_bernoulli": (continuous_bernoulli, lambda p: (0, 0.5, 1), [(0.3,), (0.8,)]),
    "uniform": (
        lambda low, high: lambda x: -log(high - low),
        lambda low, high: (low, (low + high) / 2, high),
        [(0.25, 0.75), (0.0, 1.0)],
    ),
    "arcsine": (
        lambda low, high: lambda x: -log(pi) - log((x - low) * (high - x)) / 2,
        lambda low, high: (low, (low + high) / 2, high),
        [(0.25, 0.75), (0.0, 1.0)],
    ),
    "triangular": (
        lambda left, mode, right: (
            lambda x: log(
                2 * (x - left) / ((right - left) * (mode - left))
                if x < mode
                else 2 * (right - x) / ((right - left) * (right - mode))
            )
        ),
        lambda left, mode, right: (left, mode, right),
        [(0.2, 0.4, 0.9), (0.0, 0.5, 1.0)],
    ),
    "von_mises": (
        lambda kappa, mu: lambda x: kappa * mp.cos(x - mu) - log(2 * pi * mp.besseli(0, kappa)),
        lambda kappa, mu: (-pi, mu, pi),
        [(1.5, 0.3), (2.5, -0.4)],
    ),
    "wrapped_cauchy": (
        lambda c, loc: lambda x: log((1 - c * c) / (2 * pi * (1 + c * c - 2 * c * mp.cos(x - loc)))),
        lambda c, loc: (-pi, loc, pi),
        [(0.4, 0.3), (0.6, -0.5)],
    ),
}
NAMES = {name: law[0].__code__.co_varnames[: law[0].__code__.co_argcount] for name, law in LAWS.items()}


def numbers(values):
    return [mp.mpf(value) for value in values]


def by_quadrature(p, q, x, y):
    """(integral of p log(p/q), its error estimate) for p(x), q(y); the axis is split at every kink."""
    log_p, log_q = LAWS[p][0](*numbers(x)), LAWS[q][0](*numbers(y))
    low, _, high = ends = LAWS[p][1](*numbers(x))
    cuts = sorted({mp.mpf(c) for c in (*ends, *LAWS[q][1](*numbers(y))) if low <= c <= high})

    def f(t):
        try:
            level = log_p(t)
        except (ValueError, ZeroDivisionError):
            return ZERO
        return exp(level) * (level - log_q(t)) if level > -1e4 else ZERO

    return mp.quad(f, cuts, error=True, maxdegree=9)


def stacy_textbook(p, q):
    """-log|rho| - a + lnG(b) - lnG(a) + (a - rho b) psi(a) - b l + e^l G(a + rho)/G(a)."""
    (a, c1, s1), (b, c2, s2) = p, q
    rho, ell = c2 / c1, c2 * log(s1 / s2)
    return -log(abs(rho)) - a + lg(b) - lg(a) + (a - rho * b) * psi(a) - b * ell + exp(ell + lg(a + rho) - lg(a))


def von_mises_textbook(p, q):
    (k, m), (t, n) = p, q
    ratio = mp.besseli(1, k) / mp.besseli(0, k)
    return log(mp.besseli(0, t) / mp.besseli(0, k)) + k * ratio - t * ratio * mp.cos(m - n)


def lbeta(a, b):
    return lg(a) + lg(b) - lg(a + b)


def beta_textbook(p, q):
    (a, b), (c, d) = p, q
    return lbeta(c, d) - lbeta(a, b) + (a - c) * psi(a) + (b - d) * psi(b) + (c - a + d - b) * psi(a + b)


def cb_textbook(p, q):
    u, t = (log(v[0] / (1 - v[0])) for v in (p, q))

    def log_z(e):
        return log(mp.expm1(e) / e) if e else ZERO

    slope = (1 / (1 - exp(-u)) - 1 / u) if u else mp.mpf(1) / 2
    return log_z(t) - log_z(u) - (t - u) * slope


def bernoulli_textbook(a, b):
    return a * log(a / b) + (1 - a) * log((1 - a) / (1 - b))


def logistic_textbook(m):
    return m / mp.tanh(m / 2) - 2 if m else ZERO


def zipf_textbook(p, q):
    (a,), (b,) = p, q
    with mp.workdps(80):
        return log(mp.zeta(b) / mp.zeta(a)) - (b - a) * mp.zeta(a, derivative=1) / mp.zeta(a)


def weibull_textbook(p, q):
    return stacy_textbook((ONE, *p), (ONE, *q))


def gamma_textbook(p, q):
    return stacy_textbook((p[0], ONE, p[1]), (q[0], ONE, q[1]))


def scale_textbook(alpha, c):
    return lambda p, q: stacy_textbook((mp.mpf(alpha), mp.mpf(c), p[0]), (mp.mpf(alpha), mp.mpf(c), q[0]))


TEXTBOOK = {
    "normal": lambda p, q: log(q[1] / p[1]) + (p[1] ** 2 + (p[0] - q[0]) ** 2) / (2 * q[1] ** 2) - mp.mpf(1) / 2,
    "log_normal": lambda p, q: TEXTBOOK["normal"](p, q),
    "laplace": lambda p, q: log(q[1] / p[1]) + (p[1] * exp(-abs(p[0] - q[0]) / p[1]) + abs(p[0] - q[0])) / q[1] - 1,
    "cauchy": lambda p, q: log(((p[1] + q[1]) ** 2 + (p[0] - q[0]) ** 2) / (4 * p[1] * q[1])),
    "half_cauchy": lambda p, q: log((p[0] + q[0]) ** 2 / (4 * p[0] * q[0])),
    "gumbel": lambda p, q: weibull_textbook((1 / p[1], exp(-p[0])), (1 / q[1], exp(-q[0]))),
    "exponential": scale_textbook(1, 1),
    "rayleigh": scale_textbook(1, 2),
    "half_normal": scale_textbook(0.5, 2),
    "maxwell": scale_textbook(1.5, 2),
    "levy": scale_textbook(0.5, -1),
    "gamma": gamma_textbook,
    "inverse_gamma": lambda p, q: gamma_textbook((p[0], 1 / p[1]), (q[0], 1 / q[1])),
    "chi_squared": lambda p, q: gamma_textbook((p[0] / 2, ONE), (q[0] / 2, ONE)),
    "chi": lambda p, q: gamma_textbook((p[0] / 2, ONE), (q[0] / 2, ONE)),
    "weibull": weibull_textbook,
    "frechet": lambda p, q: weibull_textbook((p[0], 1 / p[1]), (q[0], 1 / q[1])),
    "pareto": lambda p, q: log(p[0] / q[0]) + q[0] * log(p[1] / q[1]) + q[0] / p[0] - 1,
    "lomax": lambda p, q: log(p[0] / q[0]) + q[0] / p[0] - 1,
    "inverse_gaussian": lambda p, q: (
        (q[1] / p[1] - 1 - log(q[1] / p[1]) + q[1] * (p[0] - q[0]) ** 2 / (p[0] * q[0] ** 2)) / 2
    ),
    "beta": beta_textbook,
    "beta_prime": beta_textbook,
    "kumaraswamy": lambda p, q: log(p[1] / q[1]) + q[1] / p[1] - 1,
    "uniform": lambda p, q: log((q[1] - q[0]) / (p[1] - p[0])),
    "continuous_bernoulli": cb_textbook,
    "logistic": lambda p, q: logistic_textbook((p[0] - q[0]) / p[1]),
    "log_logistic": lambda p, q: logistic_textbook(p[0] * log(p[1] / q[1])),
    "generalized_normal": lambda p, q: (
        log(p[0] * q[2] / (q[0] * p[2]))
        + lg(1 / q[0])
        - lg(1 / p[0])
        - 1 / p[0]
        + exp(q[0] * log(p[2] / q[2]) + lg((1 + q[0]) / p[0]) - lg(1 / p[0]))
    ),
    "von_mises": von_mises_textbook,
    "wrapped_cauchy": lambda p, q: log(
        1 + (p[0] ** 2 + q[0] ** 2 - 2 * p[0] * q[0] * mp.cos(p[1] - q[1])) / ((1 - p[0] ** 2) * (1 - q[0] ** 2))
    ),
    "bernoulli": lambda p, q: bernoulli_textbook(p[0], q[0]),
    "binomial": lambda p, q: p[0] * bernoulli_textbook(p[1], q[1]),
    "poisson": lambda p, q: p[0] * log(p[0] / q[0]) - p[0] + q[0],
    "geometric": lambda p, q: bernoulli_textbook(p[0], q[0]) / p[0],
    "negative_binomial": lambda p, q: p[0] / p[1] * bernoulli_textbook(p[1], q[1]),
    "discrete_uniform": lambda p, q: log((q[1] - q[0] + 1) / (p[1] - p[0] + 1)),
    "zipf": zipf_textbook,
}
DISCRETE = {
    "bernoulli": ("p",),
    "binomial": ("n", "p"),
    "poisson": ("mu",),
    "geometric": ("p",),
    "negative_binomial": ("n", "p"),
    "discrete_uniform": ("low", "high"),
    "zipf": ("a",),
}

# (base, other) values of one parameter: 1 + 1e-15, small steps, factors, and the ends of the range
SCALES = [(v, v * (1 + d)) for v in (1.0, 0.37, 1e-300, 1e12) for d in (1e-15, -3e-12, 1e-8, 1e-3, 0.3, -0.45, 4.0)]
SCALES += [(1e-300, 1e-290), (1e12, 1.0), (2.0, 1e12), (1e-200, 1e-199), (3e155, 1e155)]
SHAPES = [
    (v, v * (1 + d))
    for v in (1.0, 3.3, 0.02, 40.0, 1e12, 1e-3)
    for d in (1e-15, 2e-12, -1e-8, 1e-3, 0.3, -0.45, 1.5, 6.0)
]
SHAPES += [(0.5, 1.0), (7.0, 0.1), (1e-300, 1.1e-300), (1e12, 1e12 + 1e4)]
POWERS = [(v, v * (1 + d)) for v in (1.0, 3.3, 0.2, 40.0) for d in (1e-15, 2e-12, -1e-8, 1e-3, 0.3, -0.45, 1.5)]
PLACES = [(0.0, d) for d in (1e-15, 1e-8, 1e-3, 0.3, -2.0, 30.0)] + [(1.0, 1 + 2.0**-52), (1e8, 1e8 + 1e-3)]
PROBABILITIES = [(v, v * (1 + d)) for v in (0.3, 0.5, 1e-3, 0.02, 1e-12) for d in (1e-15, 1e-8, -1e-3, 0.3, 0.8)]
PROBABILITIES += [(0.999, 0.9990001), (0.25, 0.9), (1e-300, 0.5), (0.9999999, 0.5), (0.5, 1e-200)]
ODDS = PROBABILITIES + [(0.5, 0.5 + 1e-9), (0.5 - 1e-12, 0.5 + 1e-12), (0.4, 0.6), (1e-5, 1 - 1e-5)]
BOXES = [
    ((a, b), (a * (1 + d), b * (1 + e)))
    for a, b in ((1.0, 1.0), (2.0, 5.0), (0.3, 40.0), (1e6, 3e6), (1e-3, 0.7))
    for d, e in ((1e-15, 0), (1e-9, 1e-9), (1e-9, -2e-9), (0.3, -0.2), (4.0, 3.0), (0, 1e-6), (-0.9, 1.0))
]


def both(first, second):
    """Steps in each parameter alone and in both together."""
    return (
        [((x, 1.3), (y, 1.3)) for x, y in first]
        + [((2.2, s), (2.2, t)) for s, t in second]
        + [((x, s), (y, t)) for (x, y), (s, t) in zip(first[3:7] * 3, second[:12], strict=False)]
    )


GRIDS = {
    **{
        name: [((s,), (t,)) for s, t in SCALES]
        for name in ("exponential", "rayleigh", "half_normal", "maxwell", "levy", "half_cauchy", "poisson")
    },
    **{name: [((x,), (y,)) for x, y in SHAPES] for name in ("chi_squared", "chi")},
    **{name: both(SHAPES, SCALES) for name in ("gamma", "inverse_gamma")},
    **{name: both(POWERS, SCALES[:14]) for name in ("weibull", "frechet")},
    **{name: both(PLACES, SCALES) for name in ("normal", "log_normal", "laplace", "cauchy")},
    "gumbel": both(PLACES[:5], SCALES[:7]),
    "inverse_gaussian": both(SCALES, SCALES),
    "logistic": [((x, s), (y, s)) for x, y in PLACES for s in (1.0, 1e-3, 0.7)],
    "log_logistic": [((b, s), (b, t)) for s, t in SCALES[:21] for b in (1.0, 3.0)],
    "generalized_normal": [((b, 0.4, s), (b, 0.4, t)) for s, t in SCALES[:7] + SCALES[14:17] for b in (0.7, 3.0)]
    + [((b, 0.4, 1.2), (c, 0.4, 0.8)) for b, c in POWERS[:7]],
    "pareto": [((a, 1.2), (b, 1.2)) for a, b in SHAPES[:40]]
    + [((2.0, 1.2 * (1 + d)), (2.0, 1.2)) for d in (1e-15, 1e-6, 3.0)],
    "lomax": [((a, 1.2), (b, 1.2)) for a, b in SHAPES[:40]],
    "kumaraswamy": [((2.0, a), (2.0, b)) for a, b in SHAPES[:40]],
    "beta": BOXES,
    "beta_prime": BOXES,
    "uniform": [((0.0, 1.0), (0.0, 1 + d)) for d in (1e-15, 1e-8, 0.3, 1e12)] + [((0.1, 0.2), (-3.0, 1e300))],
    "discrete_uniform": [((0, 1), (0, 2)), ((1, 6), (1, 1e12)), ((0, 1e12), (0, 1e12 + 1))],
    "continuous_bernoulli": [((x,), (y,)) for x, y in ODDS],
    "bernoulli": [((x,), (y,)) for x, y in PROBABILITIES],
    "geometric": [((x,), (y,)) for x, y in PROBABILITIES],
    "binomial": [((12, x), (12, y)) for x, y in PROBABILITIES],
    "negative_binomial": [((2.5, x), (2.5, y)) for x, y in PROBABILITIES],
    "zipf": [
        ((x,), (y,))
        for x, y in ((2.0, 2.1), (1.001, 1.5), (3.0, 3 + 1e-9), (2.5, 2.5 + 1e-15), (1.5, 20.0), (40.0, 30.0))
    ],
    "von_mises": [
        ((k, 0.2), (t, 0.2))
        for k, t in POWERS[:14]
        + [
            (0.0, 1.0),
            (1e4, 1.001e4),
            (1e4, 3e4),
            (30.0, 90.0),
            (10.0, 200.0),
            (200.0, 5.0),
            (59.0, 61.0),
            (100.0, 100 + 1e-9),
        ]
    ]
    + [((3.0, 0.2), (3.0, 0.2 + d)) for d in (1e-12, 0.5, 3.0)],
    "wrapped_cauchy": [
        ((a, 0.2), (b, 0.2)) for a, b in ((0.5, 0.5 + 1e-15), (0.3, 0.9), (0.0, 0.4), (0.999999, 0.99999))
    ]
    + [((0.5, 0.2), (0.5, 0.2 + d)) for d in (1e-12, 0.5, 3.0)],
}


def record(p, q, names_p, names_q, x, y, truth, route):
    return {
        "p": p,
        "p_params": dict(zip(names_p, map(float, x), strict=True)),
        "q": q,
        "q_params": dict(zip(names_q, map(float, y), strict=True)),
        "kl": mp.nstr(truth, 22),
        "route": route,
    }


def composition_textbook(x, y):
    return mp.fsum(a / mp.fsum(x) * log(a * mp.fsum(y) / (b * mp.fsum(x))) for a, b in zip(x, y, strict=True) if a)


def dirichlet_textbook(x, y):
    def log_b(v):
        return mp.fsum(map(lg, v)) - lg(mp.fsum(v))

    return log_b(y) - log_b(x) + mp.fsum((a - b) * (psi(a) - psi(mp.fsum(x))) for a, b in zip(x, y, strict=True))


def normal_textbook(m, c, n, d):
    c, d, shift = mp.matrix(c), mp.matrix(d), mp.matrix(m) - mp.matrix(n)
    inverse = d**-1
    trace = sum((inverse * c)[i, i] for i in range(c.rows))
    return (trace - c.rows + log(mp.det(d) / mp.det(c)) + (shift.T * inverse * shift)[0]) / 2


WEIGHTS = [
    ([0.2, 0.3, 0.5], [0.2, 0.3 + 1e-15, 0.5 - 1e-15]),
    ([0.1, 0.2, 0.7], [0.1 + 1e-9, 0.2, 0.7 - 1e-9]),
    ([0.0, 0.4, 0.6], [0.2, 0.3, 0.5]),
    ([1e-300, 0.5, 0.5], [0.3, 0.3, 0.4]),
    ([0.9, 0.05, 0.05], [1e-12, 0.5, 0.5]),
    ([0.1] * 10, [0.05] * 5 + [0.15] * 5),
    ([0.25, 0.75], [0.75, 0.25]),
]
ALPHAS = [
    ([1.0, 2.0, 3.0], [1.0, 2.0, 3 + 1e-9]),
    ([1.0, 2.0, 3.0], [1 + 1e-15, 2.0, 3.0]),
    ([0.3, 40.0, 2.0], [0.5, 30.0, 7.0]),
    ([1e6, 2e6, 3e6], [1e6 + 1, 2e6 + 2, 3e6 + 3]),
    ([0.01, 0.02, 5.0, 1.0], [1.0, 1.0, 1.0, 1.0]),
]
COV = [[2.0, 0.5], [0.5, 1.0]]
ILL = [[1.0, 1 - 1e-8], [1 - 1e-8, 1.0]]
GAUSSIANS = [
    ([0.0, 0.0], COV, [0.0, 1e-9], COV),
    ([0.0, 0.0], COV, [0.0, 0.0], [[2.0, 0.5], [0.5, 1 + 1e-9]]),
    ([1.0, -1.0], COV, [0.5, 3.0], [[1.0, -0.3], [-0.3, 4.0]]),
    ([0.0, 0.0], ILL, [0.0, 0.0], COV),
    ([0.0, 0.0], COV, [0.1, 0.1], ILL),
    ([0.0, 0.0], ILL, [1e-6, 1e-6], [[1.1, 1.1 - 1e-8], [1.1 - 1e-8, 1.1]]),
    ([0.0, 1e-200], [[1e-300, 0.0], [0.0, 1e-8]], [0.0, 0.0], [[2e-300, 1e-155], [1e-155, 1e-8]]),
    ([0.0, 0.0], [[1.0, 0.0], [0.0, 1e-16]], [0.0, 0.0], [[1 + 1e-12, 0.0], [0.0, 1e-16]]),
]


def vector_rows():
    for name, key, grid, formula in (
        ("categorical", "probs", WEIGHTS, composition_textbook),
        ("dirichlet", "alpha", ALPHAS, dirichlet_textbook),
    ):
        for x, y in grid:
            with mp.workdps(100 if name == "dirichlet" else 700):
                truth = formula(numbers(x), numbers(y))
            yield {
                "p": name,
                "p_params": {key: x},
                "q": name,
                "q_params": {key: y},
                "kl": mp.nstr(truth, 22),
                "route": "textbook",
            }
    for m, c, n, d in GAUSSIANS:
        with mp.workdps(700):
            truth = normal_textbook(m, c, n, d)
        name = "multivariate_normal"
        yield {
            "p": name,
            "p_params": {"mean": m, "cov": c},
            "q": name,
            "q_params": {"mean": n, "cov": d},
            "kl": mp.nstr(truth, 22),
            "route": "textbook",
        }


def discrete_rows():
    """Cross pairs of counting laws, by their sums; the tail of the zeta law past 1000 is below 1e-31."""
    laws = {"bernoulli": (0.3,), "geometric": (0.4,), "discrete_uniform": (1, 6), "zipf": (12.5,)}
    mass = {
        "bernoulli": lambda k, p: p if k else 1 - p,
        "geometric": lambda k, p: p * (1 - p) ** (k - 1),
        "discrete_uniform": lambda k, low, high: 1 / (high - low + 1),
        "zipf": lambda k, a: k**-a / mp.zeta(a),
    }
    for p, q, ends in (
        ("zipf", "geometric", (1, 1000)),
        ("discrete_uniform", "geometric", (1, 7)),
        ("bernoulli", "discrete_uniform", (0, 2)),
    ):
        x, y = laws[p], laws[q] if q != "discrete_uniform" else (0, 4)
        args, others = numbers(x), numbers(y)
        terms = ((mass[p](mp.mpf(k), *args), mass[q](mp.mpf(k), *others)) for k in range(*ends))
        truth = mp.fsum(u * log(u / v) for u, v in terms)
        yield record(p, q, DISCRETE[p], DISCRETE[q], x, y, truth, "sum")


def textbook_rows():
    for name, grid in GRIDS.items():
        names = NAMES.get(name) or DISCRETE[name]
        for x, y in grid:
            with mp.workdps(200 if name != "zipf" else 60):
                truth = TEXTBOOK[name](numbers(x), numbers(y))
            yield record(name, name, names, names, x, y, truth, "textbook")


def check_textbook():
    """Every textbook formula of a continuous law agrees with the integral."""
    for name in TEXTBOOK.keys() & LAWS.keys():
        x, y = LAWS[name][2]
        value, error = by_quadrature(name, name, x, y)
        formula = TEXTBOOK[name](numbers(x), numbers(y))
        assert abs(value - formula) <= 1e-18 * abs(formula) + 100 * error, (name, value, formula, error)
        print(f"{name:22s} formula - integral = {mp.nstr(value - formula, 3)}", flush=True)


def inside(p, q):
    (low, _, high), (q_low, _, q_high) = LAWS[p][1](*numbers(LAWS[p][2][0])), LAWS[q][1](*numbers(LAWS[q][2][1]))
    return q_low <= low and high <= q_high


def quadrature_rows(wanted):
    for p, q in itertools.product(LAWS, LAWS):
        if p == q or not inside(p, q) or not wanted(p, q):
            continue
        x, y = LAWS[p][2][0], LAWS[q][2][1]
        value, error = by_quadrature(p, q, x, y)
        good = mp.isfinite(value) and error < 1e-16 * abs(value)
        print(f"{p:22s} {q:22s} {mp.nstr(value, 15)} {mp.nstr(error, 2)}{'' if good else '   left out'}", flush=True)
        if good:
            yield record(p, q, NAMES[p], NAMES[q], x, y, value, "quadrature")


def main():
    from densities.divergences.closed_forms import closed_form

    def finite(p, q):
        """The pairs for which the library claims a finite closed form are the ones that need a truth."""
        answer = closed_form(
            p, dict(zip(NAMES[p], LAWS[p][2][0], strict=True)), q, dict(zip(NAMES[q], LAWS[q][2][1], strict=True))
        )
        return answer is not None and answer.value < 1e300

    check_textbook()
    rows = [*textbook_rows(), *vector_rows(), *discrete_rows(), *quadrature_rows(finite)]
    Path(__file__).with_name("closed_forms.json").write_text("[\n" + ",\n".join(map(json.dumps, rows)) + "\n]\n")
    print(len(rows), "rows")


if __name__ == "__main__":
    main()

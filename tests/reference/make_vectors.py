"""Truths for divergences of laws of vectors, by mpmath and by routes of their own: prints the table of vectors.json.

    python tests/reference/make_vectors.py > tests/reference/vectors.json

Closed forms and one-dimensional integrals wherever the pair allows them, a Gauss-Legendre sum over the plane for mixtures.
"""

import json

from mpmath import beta, digamma, exp, inf, log, loggamma, matrix, mp, mpf, pi, quad, sqrt

mp.dps = 25


def normal_log_density(x, mean, cov):
    det = cov[0][0] * cov[1][1] - cov[0][1] ** 2
    a, b = x[0] - mean[0], x[1] - mean[1]
    form = (cov[1][1] * a * a - 2 * cov[0][1] * a * b + cov[0][0] * b * b) / det
    return -log(2 * pi) - log(det) / 2 - form / 2


def mixture_log_density(x, weights, components):
    return log(sum(w * exp(normal_log_density(x, *c)) for w, c in zip(weights, components, strict=True)))


def numbers(law):
    """The same law in exact numbers."""
    return [[mpf(m) for m in law[0]], [[mpf(c) for c in row] for row in law[1]]]


TILTED = [([-1.0, 0.5], [[1.0, 0.3], [0.3, 0.5]]), ([1.5, -1.0], [[0.5, -0.2], [-0.2, 1.0]])]
TILTED_WEIGHTS = [0.25, 0.75]
WIDE = ([0.25, -0.5], [[3.0, 0.5], [0.5, 2.0]])


def plane(f):
    """∫∫ f over a square that holds all but e^-100 of these laws, in panels."""
    edges = [-24, -12, -6, -3, -1, 1, 3, 6, 12, 24]
    return quad(f, edges, edges, method="gauss-legendre", maxdegree=5)


def tilted_from_wide():
    components, wide, weights = [numbers(c) for c in TILTED], numbers(WIDE), [mpf(w) for w in TILTED_WEIGHTS]

    def integrand(x, y):
        log_p, log_q = mixture_log_density((x, y), weights, components), normal_log_density((x, y), *wide)
        return exp(log_p) * (log_p - log_q)

    return plane(integrand)


def wide_from_tilted():
    components, wide, weights = [numbers(c) for c in TILTED], numbers(WIDE), [mpf(w) for w in TILTED_WEIGHTS]

    def integrand(x, y):
        log_p, log_q = normal_log_density((x, y), *wide), mixture_log_density((x, y), weights, components)
        return exp(log_p) * (log_p - log_q)

    return plane(integrand)


def student_from_normal(df, n):
    """E log t - E log phi with the same loc and matrix: log c - (df+n)/2 E log(1 + r²/df) + n/2 log 2pi + n df/(df-2)/2."""
    df = mpf(df)
    log_c = loggamma((df + n) / 2) - loggamma(df / 2) - n * log(df * pi) / 2
    spread = digamma((df + n) / 2) - digamma(df / 2)
    return log_c - (df + n) / 2 * spread + n * log(2 * pi) / 2 + n * df / (df - 2) / 2


def normal_from_student(df, n):
    """The radius of n normals has density r^(n-1) e^(-r²/2)·2/(2^(n/2) Gamma(n/2))."""
    df = mpf(df)
    log_c = loggamma((df + n) / 2) - loggamma(df / 2) - n * log(df * pi) / 2
    scale = 2 / (mpf(2) ** (mpf(n) / 2) * exp(loggamma(mpf(n) / 2)))
    spread = quad(lambda r: scale * r ** (n - 1) * exp(-r * r / 2) * log(1 + r * r / df), [0, 1, 3, 8, 30])
    return -mpf(n) / 2 * (1 + log(2 * pi)) - log_c + (df + n) / 2 * spread


def laplaces_from_normal():
    """-2(1 + log 2) + log 2pi + log det/2 + tr(C⁻¹(2 I + m mᵀ))/2 for two standard Laplace variables."""
    cov, m = matrix([["1", mpf(0.6)], [mpf(0.6), "2"]]), matrix([0, 1])
    inverse, det = cov**-1, cov[0, 0] * cov[1, 1] - cov[0, 1] ** 2
    form = 2 * (inverse[0, 0] + inverse[1, 1]) + (m.T * inverse * m)[0]
    return -2 * (1 + log(2)) + log(2 * pi) + log(det) / 2 + form / 2


def log_normals_from_normal():
    """exp of N(m, C) from N(u, S), by the moments of the log-normal: E Y_i, E Y_i Y_j."""
    m, c = [mpf(0), mpf(1)], [[mpf(1), mpf(0.6)], [mpf(0.6), mpf(2)]]
    u, s = [mpf(0.5), mpf(1)], matrix([[mpf(2), mpf(0.1)], [mpf(0.1), mpf(1)]])
    det_c, det_s = c[0][0] * c[1][1] - c[0][1] ** 2, s[0, 0] * s[1, 1] - s[0, 1] ** 2
    mean = [exp(m[i] + c[i][i] / 2) for i in range(2)]
    inverse = s**-1
    form = sum(
        inverse[i, j] * (mean[i] * mean[j] * exp(c[i][j]) - mean[i] * u[j] - mean[j] * u[i] + u[i] * u[j])
        for i in range(2)
        for j in range(2)
    )
    entropy = 1 + log(2 * pi) + log(det_c) / 2 + m[0] + m[1]
    return -entropy + log(2 * pi) + log(det_s) / 2 + form / 2


def dirichlet_from_mixture():
    """q/p = (1 + r²)/2 with r = x1/x3, which is beta prime (1, 3)."""
    return quad(lambda r: -log((1 + r * r) / 2) * (1 + r) ** -4 / beta(1, 3), [0, 1, 10, 1000, inf])


def ball_from_normal():
    """log 2pi - log pi + E|x|²/2 on the unit disk."""
    return log(2) + mpf(1) / 4


def exponentials_mixed():
    """A X for A = [[1, 2], [0, 1]], X standard exponential, from exponentials of scales 2 and 3: E Y = (3, 1)."""
    return -2 + log(6) + mpf(3) / 2 + mpf(1) / 3


def correlated_from_logistic():
    """TC = -log(1 - 0.49)/2, and twice the divergence of a normal from a logistic variable."""
    density = lambda x: exp(-x * x / 2) / sqrt(2 * pi)  # noqa: E731
    cross = quad(lambda x: density(x) * (x + 2 * log(1 + exp(-x))), [-40, -8, -2, 0, 2, 8, 40])
    rho = mpf(0.7)
    return -log(1 - rho**2) / 2 + 2 * (cross - (1 + log(2 * pi)) / 2)


A = "multivariate_normal([0, 1], [[1, 0.6], [0.6, 2]])"
MIXTURE = f"mixture({TILTED_WEIGHTS}, [{', '.join(f'multivariate_normal({m}, {c})' for m, c in TILTED)}])"
BROAD = f"multivariate_normal({WIDE[0]}, {WIDE[1]})"
CASES = [
    ("tilted_wide", MIXTURE, BROAD, tilted_from_wide),
    ("wide_tilted", BROAD, MIXTURE, wide_from_tilted),
    ("t3_normal", "multivariate_t(3, [0, 1], [[1, 0.6], [0.6, 2]])", A, lambda: student_from_normal(3, 2)),
    ("t2.2_normal", "multivariate_t(2.2, [0, 1], [[1, 0.6], [0.6, 2]])", A, lambda: student_from_normal(2.2, 2)),
    ("normal_t1", A, "multivariate_t(1, [0, 1], [[1, 0.6], [0.6, 2]])", lambda: normal_from_student(1, 2)),
    ("laplaces_normal", "product([laplace(0, 1), laplace(0, 1)])", A, laplaces_from_normal),
    ("exp_normal", f"{A} >> exp", "multivariate_normal([0.5, 1], [[2, 0.1], [0.1, 1]])", log_normals_from_normal),
    (
        "dirichlet_mixture",
        "dirichlet([1, 2, 3])",
        "mixture([0.5, 0.5], [dirichlet([1, 2, 3]), dirichlet([3, 2, 1])])",
        dirichlet_from_mixture,
    ),
    ("ball_box", "uniform_ball([0, 0], 1)", "product([uniform(-1, 1), uniform(-1, 1)])", lambda: log(4 / pi)),
    ("ball_ball", "uniform_ball([0, 0, 0], 1)", "uniform_ball([0, 0, 0.5], 2)", lambda: 3 * log(2)),
    ("ball_normal", "uniform_ball([0, 0], 1)", "multivariate_normal([0, 0], [[1, 0], [0, 1]])", ball_from_normal),
    (
        "exponentials",
        "product([exponential(1), exponential(1)]) >> matrix_affine(0, [[1, 2], [0, 1]])",
        "product([exponential(2), exponential(3)])",
        exponentials_mixed,
    ),
    (
        "normal_logistic",
        "multivariate_normal([0, 0], [[1, 0.7], [0.7, 1]])",
        "product([logistic(0, 1), logistic(0, 1)])",
        correlated_from_logistic,
    ),
]

if __name__ == "__main__":
    table = [{"id": name, "p": p, "q": q, "kl": mp.nstr(truth(), 20)} for name, p, q, truth in CASES]
    print(json.dumps(table, indent=1))

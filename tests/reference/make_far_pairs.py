"""Make far_pairs.json: D(p‖q) to 20 digits where a landmark of q lies far out in the tail of p, where log q leaves the
doubles before p is negligible, where the density of q is singular at the image of a point inside, and of vectors.

Truths are integrals by mpmath's tanh-sinh rule at 40 digits, split where the integrands change, and formulas.

Run: python tests/reference/make_far_pairs.py   (about a minute)
"""

import json
from pathlib import Path

import mpmath as mp

TARGET = Path(__file__).with_name("far_pairs.json")
mp.mp.dps = 40
INF, log, exp, num = mp.inf, mp.log, mp.exp, lambda x: mp.mpf(float(x))
HALF_LOG_2PI = log(2 * mp.pi) / 2


def normal(x, m=0, s=1):
    return -(((x - num(m)) / num(s)) ** 2) / 2 - HALF_LOG_2PI - log(num(s))


def gumbel(x, m, s):
    z = (x - num(m)) / num(s)
    return -z - exp(-z) - log(num(s))


def moyal(x, m, s):
    z = (x - num(m)) / num(s)
    return -(z + exp(-z)) / 2 - HALF_LOG_2PI - log(num(s))


def logistic(x, s):
    z = abs(x / num(s))
    return -z - 2 * mp.log1p(exp(-z)) - log(num(s))


def laplace(x, m):
    return -abs(x - num(m)) - log(2)


def student(x, df):
    v = num(df)
    a = (v + 1) / 2
    return mp.loggamma(a) - mp.loggamma(v / 2) - log(v * mp.pi) / 2 - a * mp.log1p(x * x / v)


def divergence(log_p, log_q, points):
    """∫ p log(p/q) over the line through the points, in the coordinate of p's base."""

    def integrand(x):
        a = log_p(x)
        return exp(a) * (a - log_q(x)) if a > -20000 else mp.mpf(0)

    return mp.quad(integrand, points)


def both(f, *args):
    return lambda y: log(exp(f(y, *args)) + exp(f(-y, *args)))


def moyal_asinh():
    def log_p(y):
        return moyal(mp.sinh(y), 1.686, 0.6157) + log(mp.cosh(y))

    return divergence(log_p, lambda y: logistic(y, 4.249), [-2.5, -1, 0, 0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 6])


def lomax_against(log_q, kink=1):
    def log_p(u):
        return log(num(1.2)) - (num(1.2) + 1) * mp.log1p(exp(u)) + u

    points = sorted([-300, -100, -50, *range(-20, 20, 2), 40, 80, 160, 320, 640, 1280, log(num(kink))])
    return divergence(log_p, lambda u: log_q(exp(u)) + u, points)


def squared_normal(y):
    r = mp.sqrt(y)
    return both(normal, 0.3)(r) - log(2 * r)


def half_student():
    def log_p(u):
        return log(2) + student(exp(u), 2.2) + u

    points = [-300, -100, -50, *range(-20, 20, 2), 40, 80, 160, 320, 640, 1280]
    return divergence(log_p, lambda u: both(normal, 0.4)(exp(u)) + u, points)


def against_power(log_p, log_base, a, points):
    """q the law of sign(x)|x|^a; both halves are integrated in x = log|y|."""
    a = num(a)
    total = mp.mpf(0)
    for sign in (1, -1):

        def log_q(u, sign=sign):
            return log_base(sign * exp(u / a)) + (1 / a - 1) * u - log(a) + u

        total += divergence(lambda u, sign=sign: log_p(sign * exp(u)) + u, log_q, points)
    return total


POINTS = [-130, -60, -30, -15, -8, -4, -2, -1, -0.5, 0, 0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 6]


def two_normals(shift):
    """0.3 N(0, 1) + 0.7 N(shift, 1) against N(0.4 shift, 1)."""

    def log_p(x):
        return log(num(0.3) * exp(normal(x)) + num(0.7) * exp(-((x - shift) ** 2) / 2 - HALF_LOG_2PI))

    def log_q(x):
        return -((x - num(0.4) * shift) ** 2) / 2 - HALF_LOG_2PI

    return divergence(log_p, log_q, [-30, -10, -5, -2, 0, 1, 2, 3, 4, 6, 8, 10, 15, 30])


def student_vectors(df, shape, mean, cov):
    """-H(t) - E log q, for n entries with diagonal shape and cov."""
    v, n = num(df), len(shape)
    a = (v + n) / 2
    h = mp.loggamma(v / 2) - mp.loggamma(a) + mp.mpf(n) / 2 * log(v * mp.pi) + a * (mp.digamma(a) - mp.digamma(v / 2))
    h += sum(log(num(s)) for s in shape) / 2
    cross = sum(
        (log(2 * mp.pi * num(c)) + (v / (v - 2) * num(s) + num(m) ** 2) / num(c)) / 2
        for s, m, c in zip(shape, mean, cov, strict=True)
    )
    return cross - h


def secant(x, s):
    z = abs(x / num(s))
    return log(2 / mp.pi / num(s)) - z - mp.log1p(exp(-2 * z))


def johnson(y, a, b, m, s):
    z = (y - num(m)) / num(s)
    return log(num(b) / num(s)) - HALF_LOG_2PI - mp.log1p(z * z) / 2 - (num(a) + num(b) * mp.asinh(z)) ** 2 / 2


def spike():
    """0.5 Moyal(28.57, 0.01705) + 0.5 N(0, 1) against a wide hyperbolic secant."""
    half, m, s = log(mp.mpf(1) / 2), num(28.57), num(0.01705)

    def log_p(x):
        logs = half + moyal(x, 28.57, 0.01705), half + normal(x)
        return max(logs) + mp.log1p(exp(min(logs) - max(logs)))

    def log_q(x):
        return secant(x, 14.63)

    first = divergence(log_p, log_q, [-20, -8, -4, -2, 0, 2, 4, 8, 20, m - 8 * s])
    return first + divergence(log_p, log_q, [m + k * s for k in (-8, -4, -2, 0, 2, 4, 8, 16, 32, 64, 128, 256)])


def diagonal(entries):
    return str([[entry if i == j else 0 for j in range(len(entries))] for i, entry in enumerate(entries)])


def vectors():
    """Two components in six dimensions, covariance 4 I, that are √6 standard deviations apart along the diagonal."""
    n = 6
    zero, shift, cov = [0] * n, [2] * n, diagonal([4] * n)
    p = f"mixture([0.3, 0.7], [multivariate_normal({zero}, {cov}), multivariate_normal({shift}, {cov})])"
    q = f"multivariate_normal({[0.8] * n}, {cov})"
    yield "six_dimensions_one_direction", p, q, two_normals(mp.sqrt(n))
    for df in (2.2, 5.0):
        shape, mean, wide = [1, 2, 4, 8, 16], [0.5, 0, -1, 0, 2], [4, 4, 4, 16, 16]
        p = f"multivariate_t({df}, {[0] * 5}, {diagonal(shape)})"
        q = f"multivariate_normal({mean}, {diagonal(wide)})"
        yield f"student_vector_{df}", p, q, student_vectors(df, shape, mean, wide)


def cases():
    yield "far_landmark", "moyal(1.686, 0.6157) >> asinh", "logistic(0, 4.249)", moyal_asinh()
    yield "folded_square", "lomax(1.2, 1)", "normal(0.3, 1) >> square", lomax_against(squared_normal)
    yield "folded_laplace", "lomax(1.2, 1)", "laplace(0.2, 1) >> abs", lomax_against(both(laplace, 0.2), 0.2)
    yield "folded_normal", "half_student_t(2.2)", "normal(0.4, 1) >> abs", half_student()
    wide = against_power(lambda y: gumbel(y, 0, 3.147), lambda x: gumbel(x, 0.7217, 1.385), 3, POINTS)
    yield "cube", "gumbel(0, 3.147)", "gumbel(0.7217, 1.385) >> cube", wide
    soft = against_power(lambda y: normal(y, 0.3, 1.7), lambda x: normal(x, 0.7, 1.1), 1.7, POINTS)
    yield "signed_power", "normal(0.3, 1.7)", "normal(0.7, 1.1) >> signed_power(1.7)", soft
    met = against_power(lambda y: johnson(y, 0.2, 0.9, 7.3, 3.2), lambda x: secant(x, 2.6), 3, [*POINTS, *range(7, 40)])
    yield "pole_met", "johnson_su(0.2, 0.9, 7.3, 3.2)", "hyperbolic_secant(0, 2.6) >> cube", met
    slow = against_power(
        lambda y: student(y, 1.2), lambda x: secant(x, 1), 1, [*POINTS, 8, 16, 32, 64, 128, 256, 512, 1024]
    )
    yield "slow_tail", "student_t(1.2)", "hyperbolic_secant(0, 1)", slow
    yield "spike", "mixture([0.5, 0.5], [moyal(28.57, 0.01705), normal()])", "hyperbolic_secant(0, 14.63)", spike()
    yield from vectors()


if __name__ == "__main__":
    records = [{"id": name, "p": p, "q": q, "kl": mp.nstr(truth, 20)} for name, p, q, truth in cases()]
    TARGET.write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")

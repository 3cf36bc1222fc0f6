"""Reference values of the continuous families by mpmath at 50 digits: python tests/reference/make_families.py

Formulas here share nothing with the library: closed forms of mpmath where it has them, otherwise its adaptive
quadrature
of the density. Each row is a double x with log f, log F, log(1 - F) there; each quantile is the root, to 40 digits,
of a
log-tail, as log|x - end| where the support has a finite end nearby.
"""

import json
import sys
from pathlib import Path

import mpmath as mp
import numpy as np

from densities.anchored import Anchored, value
from densities.distributions import registry

mp.mp.dps = 50
one, half, inf = mp.mpf(1), mp.mpf(1) / 2, mp.inf
LEVELS = (-1e5, -2000.0, -690.0, -100.0, -27.6, -5.0, -0.7)
# Families whose tails are integrated at 50 digits for minutes.
FEWER = {name: (-2000.0, -690.0, -27.6, -0.7) for name in ("skew_normal", "von_mises")}
EXTREME = {
    "gamma": [{"shape": 1e-3}, {"shape": 1e12}],
    "weibull": [{"shape": 1e-3}],
    "student_t": [{"df": 2.001}],
}


def gamma_lower(a, x):
    return mp.gammainc(a, 0, x, regularized=True)


def gamma_upper(a, x):
    return mp.gammainc(a, x, inf, regularized=True)


def beta_lower(a, b, x, y):
    """I_x(a, b) by the series of positive terms of 2F1(a + b, 1; a + 1; x)."""
    if x > mp.mpf(7) / 10:
        return 1 - beta_lower(b, a, y, x)
    return x**a * y**b / (a * mp.beta(a, b)) * mp.hyp2f1(a + b, 1, a + 1, x)


class Reference:
    """A law by mpmath: `f` is log density, `F` and `S` the tails or None where they are integrated from the density."""

    def __init__(self, f, F=None, S=None, low=-inf, high=inf, centre=0, breaks=()):
        self.f, self.F, self.S, self.low, self.high, self.centre, self.breaks = f, F, S, low, high, centre, breaks

    def tail(self, x, upper):
        closed = self.S if upper else self.F
        return closed(x) if closed else self.integrate(x, upper)

    def integrate(self, x, upper):
        """∫ f from x to the end, over panels that double from the scale on which f falls."""
        end = self.high if upper else self.low
        sign = 1 if upper else -1
        peak = self.centre if sign * (x - self.centre) < 0 else x
        if peak != x:
            return self.between(x, self.centre) + self.integrate(self.centre, upper)
        return self.panels(x, end, sign)

    def between(self, a, b):
        low, high = min(a, b), max(a, b)
        width = self.scale(self.centre)
        points = sorted(
            {
                low,
                high,
                *(
                    p
                    for k in range(-8, 60)
                    for p in (self.centre + s * width * mp.mpf(2) ** (k / 2 if k < 0 else k) for s in (-1, 1))
                    if low < p < high
                ),
            }
        )
        return mp.quad(lambda t: mp.exp(self.f(t)), points)

    def scale(self, x):
        """The distance over which log f falls by about one."""
        step = mp.mpf(10) ** -6
        at = self.f(x)
        while abs(self.f(x + step) - at) < 1 and step < mp.mpf(10) ** 40:
            step *= 2
        return step

    def panels(self, x, end, sign):
        at = self.f(x)
        step = mp.mpf(10) ** -30 * abs(x or one)
        while x + sign * step != end and sign * (x + sign * step) < sign * end and self.f(x + sign * step) - at > -1:
            step *= 2
        total, start = mp.mpf(0), x
        while sign * start < sign * end:
            stop = start + sign * step
            if sign * stop > sign * end:
                stop = end
            part = abs(mp.quad(lambda t: mp.exp(self.f(t) - at), [start, stop]))
            total += part
            if part < total * mp.mpf(10) ** -45:
                break
            start, step = stop, step * mp.mpf(3) / 2
        return total * mp.exp(at)


def normal_like(z, jacobian, high=inf, low=-inf):
    return Reference(
        lambda x: -(z(x) ** 2) / 2 - mp.log(2 * mp.pi) / 2 + jacobian(x),
        lambda x: mp.erfc(-z(x) / mp.sqrt(2)) / 2,
        lambda x: mp.erfc(z(x) / mp.sqrt(2)) / 2,
        low,
        high,
    )


def powered_gamma(a, c, k, low=0):
    """u = k x^c is a gamma variable of shape a."""

    def f(x):
        u = k * x**c
        return a * mp.log(u) - u - mp.loggamma(a) + mp.log(abs(c)) - mp.log(x)

    lower, upper = (lambda x: gamma_lower(a, k * x**c)), (lambda x: gamma_upper(a, k * x**c))
    if a > 90:
        return Reference(f, low=low, centre=(a / k) ** (1 / c) if a > 1 else one)
    return Reference(f, *((lower, upper) if c > 0 else (upper, lower)), low=low)


def scaled(reference, loc, scale):
    """The law of loc + scale Z."""
    z = lambda x: (x - loc) / scale  # noqa: E731
    move = lambda g: None if g is None else (lambda x: g(z(x)))  # noqa: E731
    return Reference(
        lambda x: reference.f(z(x)) - mp.log(scale),
        move(reference.F),
        move(reference.S),
        loc + scale * reference.low,
        loc + scale * reference.high,
        loc + scale * reference.centre,
    )


def ratio_beta(a, b, k):
    def split(x):
        return k * x / (1 + k * x), 1 / (1 + k * x)

    def f(x):
        w, v = split(x)
        return a * mp.log(w) + b * mp.log(v) - mp.log(mp.beta(a, b)) - mp.log(x)

    if a + b > 90:
        return Reference(f, low=mp.mpf(0), centre=a / b / k)
    return Reference(
        f, lambda x: beta_lower(a, b, *split(x)), lambda x: beta_lower(b, a, *split(x)[::-1]), low=mp.mpf(0)
    )


def beta(a, b):
    f = lambda x: (a - 1) * mp.log(x) + (b - 1) * mp.log(1 - x) - mp.log(mp.beta(a, b))  # noqa: E731
    if a + b > 90:
        return Reference(f, low=mp.mpf(0), high=one, centre=a / (a + b))
    return Reference(f, lambda x: beta_lower(a, b, x, 1 - x), lambda x: beta_lower(b, a, 1 - x, x), mp.mpf(0), one)


def student(df):
    def f(t):
        return (
            mp.loggamma((df + 1) / 2)
            - mp.loggamma(df / 2)
            - mp.log(df * mp.pi) / 2
            - (df + 1) / 2 * mp.log1p(t * t / df)
        )

    def upper(t):
        if t < 0:
            return 1 - upper(-t)
        return beta_lower(df / 2, half, df / (df + t * t), t * t / (df + t * t)) / 2

    return Reference(f) if df > 1000 else Reference(f, lambda t: upper(-t), upper)


def cauchy():
    tail = lambda t: mp.atan(1 / t) / mp.pi if t > 0 else 1 - mp.atan(-1 / t) / mp.pi if t < 0 else half  # noqa: E731
    return Reference(lambda t: -mp.log(mp.pi * (1 + t * t)), lambda t: tail(-t), tail)


def exponential_of(level, f, low=0, high=inf):
    """S = exp(-level)."""
    return Reference(f, lambda x: -mp.expm1(-level(x)), lambda x: mp.exp(-level(x)), low, high)


def triangular(left, mode, right):
    width = right - left

    def f(x):
        side = (x - left) / (mode - left) if x < mode else (right - x) / (right - mode)
        return mp.log(2 * side / width)

    def low(x):
        return (x - left) ** 2 / (mode - left) / width if x < mode else 1 - (right - x) ** 2 / (right - mode) / width

    def high(x):
        return 1 - (x - left) ** 2 / (mode - left) / width if x < mode else (right - x) ** 2 / (right - mode) / width

    return Reference(f, low, high, left, right)


def skew_normal(a):
    f = lambda t: mp.log(2) - t * t / 2 - mp.log(2 * mp.pi) / 2 + mp.log(mp.erfc(-a * t / mp.sqrt(2)) / 2)  # noqa: E731
    return Reference(f)


def inverse_gaussian(m, lam):
    f = lambda x: mp.log(lam / (2 * mp.pi * x**3)) / 2 - lam * (x - m) ** 2 / (2 * m * m * x)  # noqa: E731
    return Reference(f, low=mp.mpf(0), centre=m)


def generalized_normal(b):
    upper = lambda t: gamma_upper(1 / b, t**b) / 2 if t > 0 else 1 - gamma_upper(1 / b, (-t) ** b) / 2  # noqa: E731
    return Reference(lambda t: mp.log(b / 2 / mp.gamma(1 / b)) - abs(t) ** b, lambda t: upper(-t), upper)


def continuous_bernoulli(p):
    rate = mp.log(p / (1 - p))
    if rate == 0:
        return Reference(lambda x: mp.mpf(0), lambda x: x, lambda x: 1 - x, mp.mpf(0), one)
    return Reference(
        lambda x: rate * x + mp.log(rate / mp.expm1(rate)),
        lambda x: mp.expm1(rate * x) / mp.expm1(rate),
        lambda x: mp.exp(rate * x) * mp.expm1(rate * (1 - x)) / mp.expm1(rate),
        mp.mpf(0),
        one,
    )


def arc(f, centre, span=mp.pi):
    """A law on [-π, π) with no closed tail, integrated between the double ends ±fl(π) that the library has."""
    ends = mp.mpf(float(np.pi))
    if centre == 0:
        return Reference(f, low=-ends, high=ends)
    marks = sorted(p for p in (centre, centre - mp.pi, centre + mp.pi) if -ends < p < ends)

    def mass(a, b):
        inner = [p for p in marks if a < p < b]
        steps = [mp.mpf(10) ** -k for k in range(1, 4)]
        fine = [p + step for p in (*inner, a, b) for size in steps for step in (size, -size) if a < p + step < b]
        return mp.quad(lambda t: mp.exp(f(t)), sorted({a, b, *inner, *fine}))

    return Reference(f, lambda x: mass(-ends, x), lambda x: mass(x, ends), -ends, ends, centre)


FAMILIES = {
    "normal": lambda loc, scale: scaled(normal_like(lambda z: z, lambda z: 0), loc, scale),
    "log_normal": lambda mu, sigma: normal_like(
        lambda x: (mp.log(x) - mu) / sigma, lambda x: -mp.log(x * sigma), low=mp.mpf(0)
    ),
    "uniform": lambda low, high: Reference(
        lambda x: -mp.log(high - low),
        lambda x: (x - low) / (high - low),
        lambda x: (high - x) / (high - low),
        low,
        high,
    ),
    "exponential": lambda scale: scaled(exponential_of(lambda z: z, lambda z: -z), 0, scale),
    "gamma": lambda shape, scale: scaled(powered_gamma(shape, one, one), 0, scale),
    "beta": lambda a, b: beta(a, b),
    "cauchy": lambda loc, scale: scaled(cauchy(), loc, scale),
    "laplace": lambda loc, scale: scaled(
        Reference(
            lambda z: -abs(z) - mp.log(2),
            lambda z: mp.exp(z) / 2 if z < 0 else 1 - mp.exp(-z) / 2,
            lambda z: mp.exp(-z) / 2 if z > 0 else 1 - mp.exp(z) / 2,
        ),
        loc,
        scale,
    ),
    "logistic": lambda loc, scale: scaled(
        Reference(
            lambda z: -z - 2 * mp.log1p(mp.exp(-z)), lambda z: 1 / (1 + mp.exp(-z)), lambda z: 1 / (1 + mp.exp(z))
        ),
        loc,
        scale,
    ),
    "gumbel": lambda loc, scale: scaled(
        Reference(lambda z: -z - mp.exp(-z), lambda z: mp.exp(-mp.exp(-z)), lambda z: -mp.expm1(-mp.exp(-z))),
        loc,
        scale,
    ),
    "student_t": lambda df, loc, scale: scaled(student(df), loc, scale),
    "inverse_gamma": lambda shape, scale: scaled(powered_gamma(shape, -one, one), 0, scale),
    "chi_squared": lambda df: powered_gamma(df / 2, one, half),
    "chi": lambda df: powered_gamma(df / 2, 2 * one, half),
    "maxwell": lambda scale: scaled(powered_gamma(3 * half, 2 * one, half), 0, scale),
    "levy": lambda scale: scaled(powered_gamma(half, -one, half), 0, scale),
    "half_normal": lambda scale: scaled(powered_gamma(half, 2 * one, half), 0, scale),
    "weibull": lambda shape, scale: scaled(
        exponential_of(lambda z: z**shape, lambda z: mp.log(shape) + (shape - 1) * mp.log(z) - z**shape), 0, scale
    ),
    "rayleigh": lambda scale: scaled(exponential_of(lambda z: z * z / 2, lambda z: mp.log(z) - z * z / 2), 0, scale),
    "frechet": lambda shape, scale: scaled(
        Reference(
            lambda z: mp.log(shape) - (shape + 1) * mp.log(z) - z**-shape,
            lambda z: mp.exp(-(z**-shape)),
            lambda z: -mp.expm1(-(z**-shape)),
            mp.mpf(0),
        ),
        0,
        scale,
    ),
    "pareto": lambda a, xm: scaled(
        exponential_of(lambda z: a * mp.log(z), lambda z: mp.log(a) - (a + 1) * mp.log(z), one), 0, xm
    ),
    "lomax": lambda a, scale: scaled(
        exponential_of(lambda z: a * mp.log1p(z), lambda z: mp.log(a) - (a + 1) * mp.log1p(z)), 0, scale
    ),
    "log_logistic": lambda shape, scale: scaled(
        Reference(
            lambda z: mp.log(shape) + (shape - 1) * mp.log(z) - 2 * mp.log1p(z**shape),
            lambda z: 1 / (1 + z**-shape),
            lambda z: 1 / (1 + z**shape),
            mp.mpf(0),
        ),
        0,
        scale,
    ),
    "half_cauchy": lambda scale: scaled(
        Reference(
            lambda z: mp.log(2 / mp.pi / (1 + z * z)),
            lambda z: 2 * mp.atan(z) / mp.pi,
            lambda z: 2 * mp.atan(1 / z) / mp.pi,
            mp.mpf(0),
        ),
        0,
        scale,
    ),
    "beta_prime": lambda a, b: ratio_beta(a, b, one),
    "f": lambda dfnum, dfden: ratio_beta(dfnum / 2, dfden / 2, dfnum / dfden),
    "kumaraswamy": lambda a, b: exponential_of(
        lambda x: -b * mp.log1p(-(x**a)),
        lambda x: mp.log(a * b) + (a - 1) * mp.log(x) + (b - 1) * mp.log1p(-(x**a)),
        mp.mpf(0),
        one,
    ),
    "triangular": triangular,
    "arcsine": lambda low, high: scaled(
        Reference(
            lambda z: -mp.log(mp.pi) - mp.log(z * (1 - z)) / 2,
            lambda z: 2 * mp.asin(mp.sqrt(z)) / mp.pi,
            lambda z: 2 * mp.asin(mp.sqrt(1 - z)) / mp.pi,
            mp.mpf(0),
            one,
        ),
        low,
        high - low,
    ),
    "continuous_bernoulli": continuous_bernoulli,
    "skew_normal": lambda a, loc, scale: scaled(skew_normal(a), loc, scale),
    "generalized_normal": lambda beta, loc, scale: scaled(generalized_normal(beta), loc, scale),
    "inverse_gaussian": lambda mean, lam: inverse_gaussian(mean, lam),
    "von_mises": lambda kappa, mu: arc(lambda t: kappa * mp.cos(t - mu) - mp.log(2 * mp.pi * mp.besseli(0, kappa)), mu),
    "wrapped_cauchy": lambda c, loc: arc(
        lambda t: mp.log((1 - c * c) / (2 * mp.pi * (1 + c * c - 2 * c * mp.cos(t - loc)))), loc
    ),
}


def digits(x, n=30):
    return mp.nstr(x, n, min_fixed=0, max_fixed=0) if mp.isfinite(x) else str(x)


def points_of(law, levels):
    """Doubles through both tails, where the quantiles of the levels are (any points would do)."""
    found = []
    for level in levels:
        for quantile in (law.raw_log_ppf, law.raw_log_isf):
            with np.errstate(all="ignore"):
                x = float(value(quantile(np.float64(level))))
            if law.support.interior_contains(x) and np.isfinite(x) and abs(x) > 1e-300:
                found.append(x)
    return sorted(set(found))


def row(reference, x):
    """log f, log F and log(1 - F) at the double x; the larger tail as 1 minus the smaller, at more digits."""
    point = mp.mpf(x)
    with mp.workdps(60):
        lower, upper = (reference.tail(point, up) for up in (False, True))
        logs = (
            (mp.log1p(-upper) if lower > upper else mp.log(lower)),
            (mp.log1p(-lower) if upper > lower else mp.log(upper)),
        )
        return [repr(x), digits(reference.f(point)), *map(digits, logs)]


def quantile(law, reference, level, upper):
    """log|x - end| or x at which the log-tail is `level`: by the secant method from the library's own answer."""
    with np.errstate(all="ignore"):
        start = (law.raw_log_isf if upper else law.raw_log_ppf)(np.float64(level))
    start = start if isinstance(start, Anchored) else Anchored.exact(start)
    anchor, sign, log = (
        float(np.asarray(start.anchor)),
        np.sign(float(np.copysign(1.0, start.offset))),
        float(start.log_offset),
    )
    extra = int(max(0.0, -log / 2.3)) if anchor else 0
    if extra > 400 or abs(log) > 1e5:
        return None
    with mp.workdps(60 + extra):
        place = lambda t: mp.mpf(anchor) + int(sign) * mp.exp(t)  # noqa: E731
        root = mp.findroot(
            lambda t: mp.log(reference.tail(place(t), upper)) - mp.mpf(level),
            (mp.mpf(log), mp.mpf(log) * (1 + mp.mpf(10) ** -12) + mp.mpf(10) ** -12),
            tol=mp.mpf(10) ** -60,
            maxsteps=30,
            verify=False,
        )
        return [repr(level), "upper" if upper else "lower", repr(anchor), int(sign), digits(root)]


def reference_of(name, parameters):
    law = registry.get(name)(**parameters)
    reference = FAMILIES[name](**{key: mp.mpf(p) for key, p in law.params.items()})
    quadrature = reference.F is None or name in ("von_mises", "wrapped_cauchy")
    levels = [level for level in (-690.0, -27.6, -0.7) if not quadrature]
    quantiles = [quantile(law, reference, level, upper) for level in levels for upper in (False, True)]
    return {
        "params": parameters,
        "rows": [row(reference, x) for x in points_of(law, FEWER.get(name, LEVELS))],
        "quantiles": [q for q in quantiles if q],
    }


def main():
    target = Path(__file__).with_name("families.json")
    table = json.loads(target.read_text()) if target.exists() else {}
    for name in sys.argv[1:] or sorted(FAMILIES):
        examples = [*registry.get(name).examples, *EXTREME.get(name, [])]
        table[name] = [reference_of(name, dict(parameters)) for parameters in examples]
        target.write_text(json.dumps(dict(sorted(table.items())), indent=0) + "\n")
        print(name, sum(len(entry["rows"]) for entry in table[name]), flush=True)


if __name__ == "__main__":
    main()

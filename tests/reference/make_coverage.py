"""Make coverage.json.gz: 10,000 random pairs of laws with D(p‖q) to 22 digits, for judging reported errors.

Truths are formulas in 150-digit arithmetic at the exact values of the doubles in the texts, checked against 200 digits:
the plain formulas of make_closed_forms (each verified there against an integral), compositions -H(p) - E_p[log q] of
textbook moments, -log P for a truncated law against the whole, sums over the components of mixtures that do not touch.

Run: python tests/reference/make_coverage.py   (about a minute)
"""

import gzip
import json
import random
from pathlib import Path

import mpmath as mp
from make_closed_forms import TEXTBOOK, beta_textbook, gamma_textbook, stacy_textbook, weibull_textbook

TARGET = Path(__file__).with_name("coverage.json.gz")
draw = random.Random(1951)
log, exp, lg, psi, pi = mp.log, mp.exp, mp.loggamma, mp.digamma, mp.pi
ONE, HALF = mp.mpf(1), mp.mpf(1) / 2


def short(x):
    """Six digits: a text that stays short."""
    return float(f"{x:.6g}")


def decades(low, high):
    return short(10 ** draw.uniform(low, high))


def m(*numbers):
    return [mp.mpf(x) for x in numbers]


def text(name, params):
    return f"{name}({', '.join(map(repr, params))})"


# One letter a parameter: l location, s scale, a shape, w narrow shape, v angle, 0 below one; k and c are shared by both laws.
FAMILIES = {
    "gaussian tails": {
        "normal": "ls",
        "half_normal": "s",
        "rayleigh": "s",
        "maxwell": "s",
        "chi": "a",
        "generalized_normal": "wcs",
    },
    "exponential tails": {
        "exponential": "s",
        "gamma": "as",
        "chi_squared": "a",
        "laplace": "ls",
        "gumbel": "lu",
        "inverse_gaussian": "ss",
        "weibull": "ws",
        "logistic": "lk",
    },
    "log-normal tails": {"log_normal": "lu"},
    "power tails": {
        "cauchy": "ls",
        "half_cauchy": "s",
        "levy": "s",
        "inverse_gamma": "as",
        "frechet": "ws",
        "pareto": "ak",
        "lomax": "ak",
        "beta_prime": "bb",
        "log_logistic": "ks",
    },
    "bounded": {
        "beta": "bb",
        "kumaraswamy": "ka",
        "continuous_bernoulli": "0",
        "von_mises": "av",
        "wrapped_cauchy": "0v",
    },
}
SAMPLERS = {
    "l": lambda: draw.choice((-1, 1)) * decades(-3, 3),
    "s": lambda: decades(-3, 3),
    "a": lambda: decades(-2, 4),
    "b": lambda: decades(-2, 3),
    "w": lambda: decades(-0.5, 1),
    "v": lambda: short(draw.uniform(-3, 3)),
    "k": lambda: decades(-0.5, 1.5),
    "u": lambda: decades(-1.5, 1),
    "0": lambda: short(draw.uniform(0.001, 0.999)),
    "c": lambda: short(draw.uniform(-5, 5)),
}
COUNTS = {
    "gaussian tails": 1000,
    "exponential tails": 1100,
    "log-normal tails": 500,
    "power tails": 1300,
    "bounded": 1000,
    "cross family": 1500,
    "near-identical": 1300,
    "pushed forward": 1200,
    "mixtures": 500,
    "truncated": 600,
}
FAMILY_OF = {name: letters for group in FAMILIES.values() for name, letters in group.items()}


def nearby(letter, x, step):
    """x moved by 10^(±step) of itself, or that far by chance into the range."""
    if letter in "0v":
        return SAMPLERS[letter]()
    return x if letter in "kc" else short(x * 10 ** draw.gauss(0, step))


def same_family(label):
    """Both laws of one family, over six decades of the parameters."""
    name, letters = draw.choice(sorted(FAMILIES[label].items()))
    x = [SAMPLERS[c]() for c in letters]
    step = draw.choice((0.1, 0.5, 1.5))
    y = [nearby(c, v, step) for c, v in zip(letters, x, strict=True)]
    return text(name, x), text(name, y), lambda: TEXTBOOK[name](m(*x), m(*y))


def near_identical():
    """Both laws of one family, parameters 1e-3 ... 1e-14 apart; a location moves by that share of its law's width."""
    name, letters = draw.choice(sorted(FAMILY_OF.items()))
    x = [SAMPLERS[c]() for c in letters]
    moved = [i for i, c in enumerate(letters) if c not in "kc"]
    moved = moved if draw.random() < 0.5 else [draw.choice(moved)]
    delta = 10 ** draw.uniform(-14, -3)
    y = list(x)
    for i in moved:
        y[i] = x[i] * (1 + draw.choice((-1, 1)) * delta)
    if "l" in letters and letters.index("l") in moved:
        width = x[-1]
        y[letters.index("l")] = x[letters.index("l")] + delta * width
    return text(name, x), text(name, y), lambda: TEXTBOOK[name](m(*x), m(*y))


# Of laws on the half line: H, E log X, var log X and E X^r. Of a generalised gamma law s G^(1/c) with G ~ Gamma(a):
STACY = {
    "exponential": ("s", lambda s: (ONE, ONE, s)),
    "gamma": ("as", lambda a, s: (a, ONE, s)),
    "chi_squared": ("a", lambda n: (n / 2, ONE, mp.mpf(2))),
    "weibull": ("ws", lambda c, s: (ONE, c, s)),
    "rayleigh": ("s", lambda s: (ONE, mp.mpf(2), s * mp.sqrt(2))),
    "half_normal": ("s", lambda s: (HALF, mp.mpf(2), s * mp.sqrt(2))),
    "maxwell": ("s", lambda s: (3 * HALF, mp.mpf(2), s * mp.sqrt(2))),
    "chi": ("a", lambda n: (n / 2, mp.mpf(2), mp.sqrt(2))),
    "inverse_gamma": ("as", lambda a, s: (a, -ONE, s)),
    "levy": ("s", lambda s: (HALF, -ONE, s / 2)),
    "frechet": ("ws", lambda c, s: (ONE, -c, s)),
}


def stacy_facts(a, c, s):
    return (
        log(s / abs(c)) + lg(a) + a - (a - 1 / c) * psi(a),
        log(s) + psi(a) / c,
        mp.polygamma(1, a) / c**2,
        lambda r: s**r * exp(lg(a + r / c) - lg(a)) if a + r / c > 0 else mp.inf,
    )


HALF_LINE = {
    **{name: (letters, lambda *x, form=form: stacy_facts(*form(*x))) for name, (letters, form) in STACY.items()},
    "log_normal": (
        "lu",
        lambda mu, s: (mu + log(s * mp.sqrt(2 * pi * mp.e)), mu, s**2, lambda r: exp(r * mu + (r * s) ** 2 / 2)),
    ),
    "pareto": (
        "as",
        lambda a, x: (log(x / a) + 1 + 1 / a, log(x) + 1 / a, a**-2, lambda r: a * x**r / (a - r) if r < a else mp.inf),
    ),
    "lomax": (
        "as",
        lambda a, s: (
            log(s / a) + 1 + 1 / a,
            log(s) + psi(1) - psi(a),
            mp.polygamma(1, 1) + mp.polygamma(1, a),
            lambda r: s**r * mp.gamma(1 + r) * exp(lg(a - r) - lg(a)) if -1 < r < a else mp.inf,
        ),
    ),
    "half_cauchy": (
        "s",
        lambda s: (log(2 * pi * s), log(s), pi**2 / 4, lambda r: s**r / mp.cos(pi * r / 2) if abs(r) < 1 else mp.inf),
    ),
    "log_logistic": (
        "ws",
        lambda b, s: (
            log(s / b) + 2,
            log(s),
            pi**2 / (3 * b**2),
            lambda r: s**r * (pi * r / b) / mp.sin(pi * r / b) if abs(r) < b else mp.inf,
        ),
    ),
}
# Of laws on the line: H, mean, variance.
LINE = {
    "normal": ("ls", lambda mu, s: (log(s * mp.sqrt(2 * pi * mp.e)), mu, s**2)),
    "laplace": ("ls", lambda mu, s: (log(2 * s) + 1, mu, 2 * s**2)),
    "logistic": ("ls", lambda mu, s: (log(s) + 2, mu, (pi * s) ** 2 / 3)),
    "gumbel": ("ls", lambda mu, s: (log(s) + mp.euler + 1, mu + mp.euler * s, (pi * s) ** 2 / 6)),
    "student_t": (
        "tls",
        lambda n, mu, s: (
            (n + 1) / 2 * (psi((n + 1) / 2) - psi(n / 2)) + log(mp.sqrt(n) * mp.beta(n / 2, HALF)) + log(s),
            mu,
            s**2 * n / (n - 2),
        ),
    ),
}
SAMPLERS["t"] = lambda: short(2 + 10 ** draw.uniform(-2, 3))


def on_half_line():
    """p on the half line against a generalised gamma law or a log-normal one."""
    (p, (letters, facts)), q = draw.choice(sorted(HALF_LINE.items())), draw.choice([*sorted(STACY), "log_normal"])
    if p == "pareto" and q == "log_normal":
        p, (letters, facts) = "gamma", HALF_LINE["gamma"]
    x = [SAMPLERS[c]() for c in letters]
    y = [SAMPLERS[c]() for c in (HALF_LINE if q == "log_normal" else STACY)[q][0]]

    def truth():
        h, mean, var, moment = facts(*m(*x))
        if q == "log_normal":
            mu, sigma = m(*y)
            return -h + mean + log(sigma * mp.sqrt(2 * pi)) + (var + (mean - mu) ** 2) / (2 * sigma**2)
        a, c, s = STACY[q][1](*m(*y))
        return -h - log(abs(c)) + log(s) + lg(a) - (c * a - 1) * (mean - log(s)) + moment(c) / s**c

    return text(p, x), text(q, y), truth


def on_line():
    """p on the line against a normal law."""
    p, (letters, facts) = draw.choice(sorted(LINE.items())[:-2] + [("student_t", LINE["student_t"])])
    x, y = [SAMPLERS[c]() for c in letters], [SAMPLERS[c]() for c in "ls"]

    def truth():
        h, mean, var = facts(*m(*x))
        mu, s = m(*y)
        return -h + log(s * mp.sqrt(2 * pi)) + (var + (mean - mu) ** 2) / (2 * s**2)

    return text(p, x), text("normal", y), truth


def normal_against():
    x, y, kind = [SAMPLERS[c]() for c in "lu"], [SAMPLERS[c]() for c in "lu"], draw.choice(("laplace", "gumbel"))

    def truth():
        (mu, s), (loc, b) = m(*x), m(*y)
        h, z = LINE["normal"][1](mu, s)[0], (mu - loc) / b
        if kind == "laplace":
            d = abs(mu - loc)
            return (
                -h
                + log(2 * b)
                + (s * mp.sqrt(2 / pi) * exp(-(d**2) / (2 * s**2)) + d * mp.erf(d / (s * mp.sqrt(2)))) / b
            )
        return -h + log(b) + z + exp(-z + (s / b) ** 2 / 2)

    return text("normal", x), text(kind, y), truth


def uniform_against():
    low, width = SAMPLERS["l"](), SAMPLERS["s"]()
    high = short(low + width)
    y = [SAMPLERS[c]() for c in "ls"]

    def truth():
        (a, b), (mu, s) = m(low, high), m(*y)
        return -log(b - a) + log(s * mp.sqrt(2 * pi)) + ((b - a) ** 2 / 12 + ((a + b) / 2 - mu) ** 2) / (2 * s**2)

    return (text("uniform", (low, high)), text("normal", y), truth) if high > low else uniform_against()


def beta_against_uniform():
    x = [SAMPLERS["b"]() for _ in "ab"]
    if draw.random() < 0.5:
        return "uniform(0.0, 1.0)", text("beta", x), lambda: beta_textbook((ONE, ONE), m(*x))
    low, high = -SAMPLERS["s"](), 1 + SAMPLERS["s"]()
    return (
        text("beta", x),
        text("uniform", (low, high)),
        lambda: beta_textbook(m(*x), (ONE, ONE)) + log(mp.mpf(high) - mp.mpf(low)),
    )


def cross_family():
    return draw.choice(
        (
            on_half_line,
            on_half_line,
            on_half_line,
            on_line,
            on_line,
            normal_against,
            uniform_against,
            beta_against_uniform,
        )
    )()


def pushed_forward():
    """A pushed law against a named one, and both pushed by one map; the truth is that of the bases."""
    mu, nu = SAMPLERS["l"](), SAMPLERS["l"]()
    s, t, a, b = SAMPLERS["k"](), SAMPLERS["k"](), SAMPLERS["k"](), SAMPLERS["k"]()
    c, d, power, shared = (
        SAMPLERS["k"](),
        SAMPLERS["k"](),
        draw.choice((0.25, 0.5, 2.0, 4.0)),
        draw.choice(("exp", "sigmoid", "sinh", "tanh", "cube")),
    )
    positive = draw.choice(("exp", "log", "square", "sqrt", "reciprocal", "log1p"))
    two = mp.mpf(2)
    return draw.choice(
        (
            (f"exp(normal({mu}, {s}))", f"log_normal({nu}, {t})", lambda: TEXTBOOK["normal"](m(mu, s), m(nu, t))),
            (f"log_normal({mu}, {s})", f"exp(normal({nu}, {t}))", lambda: TEXTBOOK["normal"](m(mu, s), m(nu, t))),
            (
                f"exp({c}*normal({mu}, {s}) + 0.5)",
                f"log_normal({nu}, {t})",
                lambda: TEXTBOOK["normal"]((mp.mpf(c) * mu + HALF, mp.mpf(c) * s), m(nu, t)),
            ),
            (
                f"1/gamma({a}, {s})",
                f"inverse_gamma({b}, {t})",
                lambda: TEXTBOOK["inverse_gamma"]((mp.mpf(a), ONE / s), m(b, t)),
            ),
            (f"normal(0, {s})**2", f"gamma({b}, {t})", lambda: gamma_textbook((HALF, two * mp.mpf(s) ** 2), m(b, t))),
            (
                f"-log(exponential({s}))",
                f"gumbel({c}, {t})",
                lambda: weibull_textbook((ONE, mp.mpf(s)), (ONE / t, exp(-mp.mpf(c)))),
            ),
            (f"abs(normal(0, {s}))", f"half_normal({t})", lambda: TEXTBOOK["half_normal"](m(s), m(t))),
            (f"abs(laplace(0, {s}))", f"gamma({b}, {t})", lambda: gamma_textbook((ONE, mp.mpf(s)), m(b, t))),
            (
                f"exponential({s})**{1 / power}",
                f"weibull({b}, {t})",
                lambda: stacy_textbook((ONE, mp.mpf(power), mp.mpf(s) ** (ONE / power)), (ONE, *m(b, t))),
            ),
            (
                f"exponential({s})**0.5",
                f"rayleigh({t})",
                lambda: stacy_textbook((ONE, two, mp.sqrt(s)), (ONE, two, t * mp.sqrt(2))),
            ),
            (
                f"sqrt(gamma({a}, 2))",
                f"chi({b})",
                lambda: stacy_textbook((mp.mpf(a), two, mp.sqrt(2)), (mp.mpf(b) / 2, two, mp.sqrt(2))),
            ),
            (f"exp(exponential({s}))", f"pareto({b}, 1)", lambda: TEXTBOOK["exponential"](m(s), [ONE / b])),
            (f"expm1(exponential({s}))", f"lomax({b}, 1)", lambda: TEXTBOOK["exponential"](m(s), [ONE / b])),
            ("sigmoid(logistic(0, 1))", f"beta({a}, {b})", lambda: beta_textbook((ONE, ONE), m(a, b))),
            (f"exp(logit(beta({a}, {b})))", f"beta_prime({c}, {d})", lambda: beta_textbook(m(a, b), m(c, d))),
            (f"1/cauchy(0, {s})", f"cauchy({nu}, {t})", lambda: TEXTBOOK["cauchy"]((mp.mpf(0), ONE / s), m(nu, t))),
            (f"{-s}*log(uniform(0, 1))", f"gamma({b}, {t})", lambda: gamma_textbook(m(1, s), m(b, t))),
            (
                f"{shared}(normal({mu}, {s}))",
                f"{shared}(normal({nu}, {t}))",
                lambda: TEXTBOOK["normal"](m(mu, s), m(nu, t)),
            ),
            (
                f"{shared}(laplace({c}, {s}))",
                f"{shared}(laplace({d}, {t}))",
                lambda: TEXTBOOK["laplace"](m(c, s), m(d, t)),
            ),
            (f"{positive}(gamma({a}, {s}))", f"{positive}(gamma({b}, {t}))", lambda: gamma_textbook(m(a, s), m(b, t))),
            (
                f"{positive}(half_cauchy({s}))",
                f"{positive}(half_cauchy({t}))",
                lambda: TEXTBOOK["half_cauchy"](m(s), m(t)),
            ),
        )
    )


def dyadic_weights(count):
    """Weights that are exact doubles with sum 1, the smallest down to 2^-40."""
    small = [draw.randrange(1, 16) * 2.0 ** -draw.choice((5, 6, 10, 20, 40)) / (count - 1) for _ in range(count - 1)]
    small = [int(w * 2**44) * 2.0**-44 for w in small]
    weights = [*small, 1 - sum(small)]
    draw.shuffle(weights)
    return weights


def mixtures():
    """Components 200 widths apart: D = Σ wᵢ (log(wᵢ/vᵢ) + D(pᵢ‖qᵢ)) but for less than 1e-40."""
    name, count = draw.choice(("normal", "laplace")), draw.choice((2, 2, 3))
    scales = [[short(10 ** draw.uniform(-1, 0.3)) for _ in range(count)] for _ in "pq"]
    centres = [1000.0 * (i - 1) for i in range(count)]
    places = [[short(c + draw.uniform(-2, 2)) for c in centres] for _ in "pq"]
    w, v = dyadic_weights(count), dyadic_weights(count)
    if draw.random() < 0.25:
        w = [0.0] * count
        w[draw.randrange(count)] = 1.0
    (x, y) = [list(zip(places[i], scales[i], strict=True)) for i in (0, 1)]

    def law(weights, parts):
        kept = [(wi, text(name, xi)) for wi, xi in zip(weights, parts, strict=True) if wi]
        return (
            kept[0][1]
            if len(kept) == 1
            else f"mixture([{', '.join(repr(k[0]) for k in kept)}], [{', '.join(k[1] for k in kept)}])"
        )

    def truth():
        return mp.fsum(
            mp.mpf(wi) * (log(mp.mpf(wi) / vi) + TEXTBOOK[name](m(*xi), m(*yi)))
            for wi, vi, xi, yi in zip(w, v, x, y, strict=True)
            if wi
        )

    return law(w, x), law(v, y), truth


def normal_mass(a, b):
    """P(a < Z < b), from the nearer tail."""
    a, b = (a, b) if a + b > 0 else (-b, -a)
    return (mp.erfc(a / mp.sqrt(2)) - mp.erfc(b / mp.sqrt(2))) / 2


def normal_cut(mu, s, low, high):
    """log P, and mean and second moment about mu, of a normal law cut to [low, high]."""
    a, b = (low - mu) / s, (high - mu) / s
    mass = normal_mass(a, b)
    f, g = (exp(-z * z / 2) / mp.sqrt(2 * pi) for z in (a, b))
    return log(mass), s * (f - g) / mass, s**2 * (1 + (a * f - b * g) / mass)


def cut_normals():
    """A normal law cut to [low, high] against another one, cut likewise or whole."""
    nu, t, whole = short(draw.uniform(-2, 2)), decades(-0.5, 1), draw.random() < 0.5
    low = short(draw.uniform(-5, 30))
    high = short(low + 10 ** draw.uniform(-3, 1))

    def truth():
        (lo, hi), (n, r) = m(low, high), m(nu, t)
        mass, mean, second = normal_cut(mp.mpf(0), ONE, lo, hi)
        other = mp.mpf(0) if whole else normal_cut(n, r, lo, hi)[0]
        return -mass + other + log(r) - second / 2 + (second - 2 * mean * n + n**2) / (2 * r**2)

    q = f"normal({nu}, {t})"
    return f"truncate(normal(0, 1), {low}, {high})", q if whole else f"truncate({q}, {low}, {high})", truth


def cut_exponentials():
    """An exponential law cut to [low, high], or the flat one, against another one, cut likewise or whole."""
    s, t, whole, flat = SAMPLERS["s"](), SAMPLERS["s"](), draw.random() < 0.5, draw.random() < 0.3
    low = short(s * draw.uniform(0, 20))
    high = short(low + s * 10 ** draw.uniform(-3, 1.5))

    def truth():
        (lo, hi), (r, u) = m(low, high), m(s, t)
        w = hi - lo
        beyond = w / 2 if flat else r - w / mp.expm1(w / r)  # mean - low
        log_p = -log(w) if flat else -beyond / r - log(r) - log(-mp.expm1(-w / r))
        log_q = -beyond / u - log(u) - (lo / u if whole else log(-mp.expm1(-w / u)))
        return log_p - log_q

    q = f"exponential({t})"
    p = f"uniform({low}, {high})" if flat else f"truncate(exponential({s}), {low}, {high})"
    return (p, q if whole else f"truncate({q}, {low}, {high})", truth) if high > low else cut_exponentials()


def cut_against_whole():
    """D(p cut to [low, high] ‖ p) = -log P(low < X < high)."""
    s = SAMPLERS["s"]()
    low = short(s * 10 ** draw.uniform(0, 2))
    high = short(low * (1 + 10 ** draw.uniform(-2, 2)))
    a = SAMPLERS["k"]()
    name, params, sf = draw.choice(
        (
            ("laplace", (0.0, s), lambda x: exp(-x / s) / 2),
            ("cauchy", (0.0, s), lambda x: mp.atan(s / x) / pi),
            ("logistic", (0.0, s), lambda x: 1 / (1 + exp(x / s))),
            ("pareto", (a, s), lambda x: (s / x) ** a),
            ("half_cauchy", (s,), lambda x: 2 * mp.atan(s / x) / pi),
            ("lomax", (a, s), lambda x: (1 + x / s) ** -a),
            ("weibull", (0.5, s), lambda x: exp(-mp.sqrt(x / s))),
        )
    )
    p = text(name, params)
    return f"truncate({p}, {low}, {high})", p, lambda: -log(sf(mp.mpf(low)) - sf(mp.mpf(high)))


def truncated():
    return draw.choice((cut_normals, cut_exponentials, cut_against_whole))()


MAKERS = {
    "cross family": cross_family,
    "near-identical": near_identical,
    "pushed forward": pushed_forward,
    "mixtures": mixtures,
    "truncated": truncated,
}


def value(truth):
    """The formula in 150 digits, which 200 digits must confirm."""
    with mp.workdps(150):
        first = mp.re(truth())
    with mp.workdps(200):
        second = mp.re(truth())
        assert first == second or abs(first - second) <= max(mp.mpf(10) ** -30 * abs(second), mp.mpf(10) ** -100), (
            first,
            second,
        )
    return second


def problems(label, count):
    """`count` pairs of different laws with a divergence inside the doubles."""
    make = MAKERS.get(label, lambda: same_family(label))
    while count:
        p, q, truth = make()
        if p == q:
            continue
        d = value(truth)
        if mp.mpf(10) ** -90 < d < mp.mpf(10) ** 300:
            count -= 1
            yield [label, p, q, mp.nstr(d, 22)]


def main():
    rows = [row for label, count in COUNTS.items() for row in problems(label, count)]
    content = "[\n" + ",\n".join(map(json.dumps, rows)) + "\n]\n"
    TARGET.write_bytes(gzip.compress(content.encode(), mtime=0))
    print(len(rows), "problems,", TARGET.stat().st_size, "bytes")


if __name__ == "__main__":
    main()

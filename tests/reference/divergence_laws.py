"""Laws with densities of their own in mpmath, for make_divergences: a text of `dn.parse` and what it is to mean."""

from dataclasses import dataclass, field

import mpmath as mp

mp.mp.dps = 60
INF, PI, mpf = mp.inf, mp.pi, mp.mpf
exp, log, sqrt = mp.exp, mp.log, mp.sqrt
# Below this the digits at work do not tell exp(-x) from its neighbours.
LEAST = mpf(10) ** -100000


@dataclass
class Law:
    """A text, a density between `low` and `high`, where it changes, and point masses."""

    text: str
    pdf: object = None
    cuts: tuple = ()
    low: object = -INF
    high: object = INF
    atoms: dict = field(default_factory=dict)

    def density(self, x):
        value = self.pdf(x) if self.pdf and self.low < x < self.high else mpf(0)
        return value if value > LEAST else mpf(0)


AROUND = (-10, -4, -1, 0, 1, 4, 10)
WIDE = (-1000, -30, -4, -1, 0, 1, 4, 30, 1000)


def family(name, pdf, cuts, *parameters, low=-INF, high=INF):
    """A law on a scale of its own: pdf(z) at z = (x - loc)/scale is given whole."""
    return Law(f"{name}({', '.join(map(repr, parameters))})", pdf, tuple(map(mpf, cuts)), low, high)


def line(name, shape, loc, scale, cuts, *first):
    m, s = mpf(loc), mpf(scale)
    return family(name, lambda x: shape((x - m) / s) / s, [m + s * c for c in cuts], *first, loc, scale)


def normal(loc=0, scale=1):
    return line("normal", mp.npdf, loc, scale, AROUND)


def laplace(loc=0, scale=1):
    return line("laplace", lambda z: exp(-abs(z)) / 2, loc, scale, AROUND)


def logistic(loc=0, scale=1):
    return line("logistic", lambda z: exp(-abs(z)) / (1 + exp(-abs(z))) ** 2, loc, scale, AROUND)


def cauchy(loc=0, scale=1):
    return line("cauchy", lambda z: 1 / (PI * (1 + z * z)), loc, scale, WIDE)


def gumbel(loc=0, scale=1):
    return line("gumbel", lambda z: exp(-z - exp(-z)) if z > -300 else mpf(0), loc, scale, (-4, -2, 0, 2, 6, 20))


def student(df, loc=0, scale=1):
    v = mpf(df)
    norm = mp.gamma((v + 1) / 2) / mp.gamma(v / 2) / sqrt(v * PI)
    return line("student_t", lambda z: norm * (1 + z * z / v) ** (-(v + 1) / 2), loc, scale, WIDE, df)


def half(name, pdf, scale, *parameters, cuts=(0.1, 1, 4, 12, 40)):
    s = mpf(scale)
    return family(name, lambda x: pdf(x / s) / s, [s * mpf(c) for c in cuts], *parameters, low=mpf(0))


def exponential(scale=1):
    return half("exponential", lambda z: exp(-z), scale, scale)


def gamma(shape, scale=1):
    k = mpf(shape)
    return half(
        "gamma",
        lambda z: z ** (k - 1) * exp(-z) / mp.gamma(k),
        scale,
        shape,
        scale,
        cuts=(0.01, 0.5, k, 3 * k, 20 + 3 * k),
    )


def chi_squared(df):
    k = mpf(df) / 2
    return half("chi_squared", lambda z: z ** (k - 1) * exp(-z) / mp.gamma(k), 2, df)


def weibull(shape, scale=1):
    c = mpf(shape)
    return half("weibull", lambda z: c * z ** (c - 1) * exp(-(z**c)), scale, shape, scale, cuts=(0.01, 0.3, 1, 2, 4))


def rayleigh(scale=1):
    return half("rayleigh", lambda z: z * exp(-z * z / 2), scale, scale, cuts=(0.3, 1, 3, 8))


def half_normal(scale=1):
    return half("half_normal", lambda z: 2 * mp.npdf(z), scale, scale, cuts=(1, 4, 10))


def lomax(a, scale=1):
    k = mpf(a)
    return half("lomax", lambda z: k * (1 + z) ** (-k - 1), scale, a, scale, cuts=(0.1, 1, 10, 1000))


def inverse_gamma(shape, scale=1):
    k = mpf(shape)
    return half(
        "inverse_gamma",
        lambda z: z ** (-k - 1) * exp(-1 / z) / mp.gamma(k),
        scale,
        shape,
        scale,
        cuts=(0.05, 0.3, 1, 5, 100),
    )


def log_normal(mu=0, sigma=1):
    m, s = mpf(mu), mpf(sigma)
    cuts = [exp(m + s * c) for c in (-8, -4, -2, 0, 2, 4, 8)]
    return family("log_normal", lambda x: mp.npdf((log(x) - m) / s) / (s * x), cuts, mu, sigma, low=mpf(0))


def inverse_gaussian(mean, lam):
    m, k = mpf(mean), mpf(lam)

    def pdf(x):
        return sqrt(k / (2 * PI * x**3)) * exp(-k * (x - m) ** 2 / (2 * m * m * x))

    return family("inverse_gaussian", pdf, [m * mpf(c) for c in (0.02, 0.2, 1, 3, 12)], mean, lam, low=mpf(0))


def pareto(a, xm=1):
    k, s = mpf(a), mpf(xm)
    return family("pareto", lambda x: k / s * (x / s) ** (-k - 1), [s * c for c in (2, 10, 1000)], a, xm, low=s)


def beta(a, b):
    x, y = mpf(a), mpf(b)
    norm = mp.beta(x, y)
    return family(
        "beta", lambda u: u ** (x - 1) * (1 - u) ** (y - 1) / norm, [mpf(1) / 2], a, b, low=mpf(0), high=mpf(1)
    )


def kumaraswamy(a, b):
    x, y = mpf(a), mpf(b)
    pdf = lambda u: x * y * u ** (x - 1) * (1 - u**x) ** (y - 1)  # noqa: E731
    return family("kumaraswamy", pdf, [mpf(1) / 2], a, b, low=mpf(0), high=mpf(1))


def uniform(low=0, high=1):
    a, b = mpf(low), mpf(high)
    return family("uniform", lambda x: 1 / (b - a), [], low, high, low=a, high=b)


def arcsine(low=0, high=1):
    a, b = mpf(low), mpf(high)
    return family("arcsine", lambda x: 1 / (PI * sqrt((x - a) * (b - x))), [(a + b) / 2], low, high, low=a, high=b)


def triangular(left, mode, right):
    a, c, b = mpf(left), mpf(mode), mpf(right)

    def pdf(x):
        return 2 * (x - a) / ((b - a) * (c - a)) if x < c else 2 * (b - x) / ((b - a) * (b - c))

    return family("triangular", pdf, [c], left, mode, right, low=a, high=b)


def von_mises(kappa, mu=0):
    k, m = mpf(kappa), mpf(mu)
    norm = 2 * PI * mp.besseli(0, k)
    return family("von_mises", lambda x: exp(k * mp.cos(x - m)) / norm, [m], kappa, mu, low=-PI, high=PI)


def mixture(weights, laws):
    atoms = {}
    for weight, law in zip(weights, laws, strict=True):
        for place, mass in law.atoms.items():
            atoms[place] = atoms.get(place, mpf(0)) + weight * mass
    dense = [(mpf(weight), law) for weight, law in zip(weights, laws, strict=True) if law.pdf]
    return Law(
        f"mixture({list(weights)}, [{', '.join(law.text for law in laws)}])",
        (lambda x: sum(weight * law.density(x) for weight, law in dense)) if dense else None,
        tuple(c for _, law in dense for c in (*law.cuts, *(e for e in (law.low, law.high) if abs(e) < INF))),
        min((law.low for _, law in dense), default=-INF),
        max((law.high for _, law in dense), default=INF),
        atoms,
    )


def truncate(law, low, high, mass):
    a, b = mpf(low), mpf(high)
    atoms = {k: v / mass for k, v in law.atoms.items() if a <= k <= b}
    pdf = (lambda x: law.pdf(x) / mass) if law.pdf else None
    shown = [repr(end) if abs(end) < INF else "inf" for end in (low, high)]
    return Law(f"truncate({law.text}, {', '.join(shown)})", pdf, law.cuts, max(a, law.low), min(b, law.high), atoms)


def image(law, maps, branches, cuts, low=-INF, high=INF, atoms=()):
    """The law of g(X) by the branches (x of y, |dx/dy|)."""
    return Law(
        f"{law.text} >> {maps}",
        lambda y: sum(law.density(x(y)) * slope(y) for x, slope in branches),
        tuple(map(mpf, cuts)),
        mpf(low),
        mpf(high),
        dict(atoms),
    )


def squared(law, cuts=(0.01, 1, 4, 16, 60), high=INF):
    branches = [(lambda y, s=s: s * sqrt(y), lambda y: 1 / (2 * sqrt(y))) for s in (1, -1)]
    return image(law, "square", branches, cuts, 0, high)


def absolute(law, cuts=(0.5, 1, 4, 12)):
    return image(law, "abs", [(lambda y: y, lambda y: 1), (lambda y: -y, lambda y: 1)], cuts, 0)


def reciprocal(law, cuts=(-10, -1, -0.1, 0, 0.1, 0.3, 1, 10), low=-INF, high=INF):
    return image(law, "reciprocal", [(lambda y: 1 / y, lambda y: 1 / y**2)], cuts, low, high)


def cubed(law):
    root = lambda y: mp.sign(y) * mp.cbrt(abs(y))  # noqa: E731
    return image(law, "cube", [(root, lambda y: mp.cbrt(abs(y)) ** -2 / 3)], (-60, -8, -1, 0, 1, 8, 60))


def clipped(law, low, high, below, above, name=None):
    """Atoms at the ends, the density of the law between."""
    atoms = {mpf(end): mass for end, mass in ((low, below), (high, above)) if abs(end) < INF}
    maps = name or f"clip({low}, {high})"
    return image(law, maps, [(lambda y: y, lambda y: 1)], law.cuts, low, high, atoms)


def counts(name, pmf, ks, *parameters):
    atoms = {mpf(k): pmf(k) for k in ks}
    return Law(f"{name}({', '.join(map(repr, parameters))})", atoms={k: v for k, v in atoms.items() if v})


def poisson(mu):
    return counts("poisson", lambda k: exp(-mpf(mu)) * mpf(mu) ** k / mp.factorial(k), range(300), mu)


def geometric(p):
    return counts("geometric", lambda k: mpf(p) * (1 - mpf(p)) ** (k - 1), range(1, 900), p)


def binomial(n, p):
    return counts("binomial", lambda k: mp.binomial(n, k) * mpf(p) ** k * (1 - mpf(p)) ** (n - k), range(n + 1), n, p)


def negative_binomial(n, p):
    def pmf(k):
        return mp.gamma(mpf(n) + k) / mp.gamma(mpf(n)) / mp.factorial(k) * mpf(p) ** n * (1 - mpf(p)) ** k

    return counts("negative_binomial", pmf, range(900), n, p)


def bernoulli(p):
    return counts("bernoulli", lambda k: mpf(p) if k else 1 - mpf(p), range(2), p)


def categorical(*probs):
    return counts("categorical", lambda k: mpf(probs[k]), range(len(probs)), list(probs))


def discrete_uniform(low, high):
    return counts("discrete_uniform", lambda k: mpf(1) / (high - low + 1), range(low, high + 1), low, high)


def delta(loc):
    return Law(f"delta({loc})", atoms={mpf(loc): mpf(1)})


def floored(law, cdf, ks):
    return Law(f"{law.text} >> floor", atoms={mpf(k): cdf(k + 1) - cdf(k) for k in ks})


def sine(law, cuts, period_range):
    """sin of a law, all branches that the law reaches."""
    branches = []
    for k in period_range:
        branches.append((lambda y, k=k: mp.asin(y) + 2 * PI * k, lambda y: 1 / sqrt((1 - y) * (1 + y))))
        branches.append((lambda y, k=k: PI - mp.asin(y) + 2 * PI * k, lambda y: 1 / sqrt((1 - y) * (1 + y))))
    return image(law, "sin", branches, cuts, -1, 1)


def rectified(loc, scale=1):
    return clipped(normal(loc, scale), 0, INF, mp.ncdf(-mpf(loc) / scale), 0, "relu")


def clipped_normal(loc, low, high):
    return clipped(normal(loc, 1), low, high, mp.ncdf(mpf(low) - loc), mp.ncdf(mpf(loc) - high))


def clipped_cauchy(scale):
    beyond = mp.atan(mpf(scale)) / PI
    return clipped(cauchy(0, scale), -1, 1, beyond, beyond)


def shifted_exponential(loc, scale=1):
    base = exponential(scale)
    return image(base, f"affine({loc}, 1)", [(lambda y: y - loc, lambda y: 1)], [loc + c for c in base.cuts], loc)


def tanh_of(law):
    return image(law, "tanh", [(mp.atanh, lambda y: 1 / ((1 - y) * (1 + y)))], (-0.99, -0.5, 0, 0.5, 0.99), -1, 1)


def log_of(law):
    """Of a law that counts for nothing beyond e^300."""
    branch = (lambda y: exp(min(y, 300))), (lambda y: exp(y) if y < 300 else mpf(0))
    return image(law, "log", [branch], (-40, -10, -3, 0, 1, 2, 4))


def floored_normal(loc, scale):
    law = normal(loc, scale)
    return floored(law, lambda k: mp.ncdf((k - mpf(loc)) / scale), range(-60, 61))

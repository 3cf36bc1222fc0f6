"""Divergences by name, against mpmath's integrals of densities written here, and against what holds between them."""

import mpmath
import numpy as np
import pytest
from mpmath import mp, mpf

import densities as dn
from densities.divergences.generators import Power, registry
from densities.divergences.shares import log_affinity_share
from densities.errors import NoClosedFormError, ParameterError, ShapeError, UnknownNameError, UnsupportedOperationError
from densities.estimate import Status

EXAMPLES = [(entry.name, dict(example)) for entry in registry for example in entry.examples]
# One that is a logarithm, one with a corner; the others are slow tests where each takes long.
FIRST = ("renyi", "total_variation")
FEW = [pytest.param(*example, marks=[pytest.mark.slow] * (example[0] not in FIRST)) for example in EXAMPLES]
TIMES = np.concatenate([-np.geomspace(1e-14, 700, 60), np.geomspace(1e-14, 700, 60)])


def power(order):
    a = mpf(order)
    return lambda r: (r**a - a * r + a - 1) / (a * (a - 1))


def kl(p, q):
    return p * mpmath.log(p / q) if p else mpf(0)


# What is integrated, or summed, of the densities or masses p and q.
TERMS = {
    "total_variation": lambda p, q: abs(p - q) / 2,
    "triangular": lambda p, q: (p - q) ** 2 / (p + q),
    "jensen_shannon": lambda p, q: (kl(p, (p + q) / 2) + kl(q, (p + q) / 2)) / 2,
    "kl": kl,
    "reverse_kl": lambda p, q: kl(q, p),
    "jeffreys": lambda p, q: kl(p, q) + kl(q, p),
    "chi_squared": lambda p, q: (p - q) ** 2 / q,
    "neyman": lambda p, q: (p - q) ** 2 / p,
}


def truth(name, whole, order=0.5):
    """The divergence by its definition, with whole(term) the integral or the sum of term(p, q)."""
    if name == "jensen_shannon_distance":
        return mpmath.sqrt(whole(TERMS["jensen_shannon"]))
    if name in TERMS:
        return whole(TERMS[name])
    order = mpf(order)
    affinity = whole(lambda p, q: p**order * q ** (1 - order))
    return {
        "squared_hellinger": lambda: 1 - affinity,
        "hellinger": lambda: mpmath.sqrt(1 - affinity),
        "bhattacharyya": lambda: -mpmath.log(affinity),
        "renyi": lambda: mpmath.log(affinity) / (order - 1),
        "power": lambda: (affinity - 1) / (order * (order - 1)),
    }[name]()


@pytest.mark.parametrize("name", ["total_variation", "jensen_shannon", "triangular"])
def test_shares_keep_their_digits(name):
    with np.errstate(all="ignore"):
        logs = registry.get(name)().log_share(TIMES)
    with mp.workdps(60):
        for t, log in zip(TIMES, logs, strict=True):
            r = mpmath.exp(mpf(float(t)))
            assert log == pytest.approx(float(mpmath.log(TERMS[name](r, 1) / (1 + r))), rel=1e-15, abs=1e-15)


@pytest.mark.parametrize("order", [1e-9, 0.01, 0.49, 0.5, 0.7, 1 - 1e-12, 1 + 1e-12, 1.3, 2.0, 7.0, 50.0])
def test_shares_of_powers_keep_their_digits(order):
    with np.errstate(all="ignore"):
        logs = Power(order).log_share(TIMES)
    with mp.workdps(60):
        for t, log in zip(TIMES, logs, strict=True):
            r = mpmath.exp(mpf(float(t)))
            assert log == pytest.approx(float(mpmath.log(power(order)(r) / (1 + r))), rel=2e-15, abs=2e-15)


def test_shares_reach_their_limits():
    ends = np.array([-np.inf, np.inf])
    with np.errstate(all="ignore"):
        assert np.exp(registry.get("total_variation")().log_share(ends)) == pytest.approx([0.5, 0.5])
        assert np.exp(registry.get("jensen_shannon")().log_share(ends)) == pytest.approx([np.log(2) / 2] * 2)
        assert np.exp(Power(0.3).log_share(ends)) == pytest.approx([1 / 0.3, 1 / 0.7])
        assert Power(3.0).log_share(ends) == pytest.approx([-np.log(3.0), np.inf])
        assert log_affinity_share(ends, 0.3) == pytest.approx([-np.inf, -np.inf])


PAIRS = {
    "normal against a logistic law": (
        dn.Normal(0, 1),
        dn.Logistic(1, 1),
        mpmath.npdf,
        lambda x: mpmath.exp(-(x - 1)) / (1 + mpmath.exp(-(x - 1))) ** 2,
        [-40, -10, -1.6, 0, 0.5, 2, 10, 40],
    ),
    "gamma against an exponential law": (
        dn.Gamma(3, 0.5),
        dn.Exponential(2),
        lambda x: 4 * x**2 * mpmath.exp(-2 * x),
        lambda x: mpmath.exp(-x / 2) / 2,
        [0, 0.1, 0.5, 1, 3, 10, 100],
    ),
}


@pytest.mark.parametrize("method", ["auto", "quadrature"])
@pytest.mark.parametrize(("name", "parameters"), FEW)
@pytest.mark.parametrize("pair", PAIRS)
def test_integrals_of_two_densities(pair, name, parameters, method):
    p, q, f, g, points = PAIRS[pair]
    found = dn.divergence(name, p, q, method=method, **parameters)
    if name == "neyman":  # of the heavier of both tails
        assert found.value == np.inf and found.status is Status.INFINITE and "diverges" in found.reason
        return
    with mp.workdps(20):
        crossings = [
            mpmath.findroot(lambda x: f(x) - g(x), start, solver="anderson")
            for start in ([(-2, -1), (1, 2)] if q.name == "logistic" else [(0.1, 0.3), (1, 3)])
        ]
        panels = sorted([*points, *crossings])
        known = float(truth(name, lambda term: mpmath.quad(lambda x: term(f(x), g(x)), panels), **parameters))
    assert abs(found.value - known) <= max(found.error, 1e-13 * known)
    assert found.error <= 1e-9 * known


@pytest.mark.parametrize(("name", "parameters"), EXAMPLES)
def test_by_quadrature_and_by_closed_forms(name, parameters):
    p, q = dn.Beta(2, 3), dn.Beta(2.5, 2)
    try:
        closed = dn.divergence(name, p, q, method="closed", **parameters)
    except NoClosedFormError:
        assert name in ("total_variation", "jensen_shannon", "jensen_shannon_distance", "triangular")
        return
    found = dn.divergence(name, p, q, method="quadrature", **parameters)
    assert closed.status is Status.EXACT
    assert abs(found.value - closed.value) <= found.error + closed.error


@pytest.mark.parametrize("name", ["jensen_shannon", "hellinger"])
def test_few_draws_find_the_value(name):
    p, q = dn.StudentT(9), dn.StudentT(7, 0.5)
    found = dn.divergence(name, p, q, method="montecarlo", n=2**10, rng=1)
    assert abs(found.value - dn.divergence(name, p, q).value) < 4 * found.error < 0.02


@pytest.mark.slow
@pytest.mark.parametrize(("name", "parameters"), EXAMPLES)
@pytest.mark.parametrize("scheme", ["sobol", "plain"])
def test_draws_scatter_as_their_error_says(name, parameters, scheme):
    p, q = dn.StudentT(9), dn.StudentT(7, 0.5)
    known = dn.divergence(name, p, q, **parameters)
    scores = []
    for seed in range(8):
        found = dn.divergence(name, p, q, method="montecarlo", n=2**12, rng=seed, scheme=scheme, **parameters)
        if found.status is Status.HEAVY_TAIL:
            continue
        scores.append((found.value - known.value) / found.error)
    assert np.sqrt(np.mean(np.square(scores))) < 1.8 if scores else name in ("renyi", "power")


@pytest.mark.parametrize(("name", "parameters"), FEW)
def test_what_holds_for_all(name, parameters):
    p, q = dn.parse("mixture([0.3, 0.7], [normal(-1, 0.5), normal(1, 1.3)])"), dn.Normal(0.4, 1.5)
    found = dn.divergence(name, p, q, method="quadrature", **parameters)
    assert found.value > 0.0 and dn.divergence(name, p, p, **parameters).value == 0.0
    # A map that sends no two points to one changes nothing, one that does takes something away.
    image = dn.divergence(name, np.exp(p), np.arctan(np.log(np.exp(q))) >> dn.PrincipalTan() >> dn.Exp(), **parameters)
    assert image.value == pytest.approx(found.value, rel=1e-9)
    folded = dn.divergence(name, np.abs(p), np.abs(q), **parameters)
    assert 0.0 < folded.value < found.value


def test_bounds_between_divergences():
    p, q = dn.Logistic(0, 1), dn.Laplace(0.5, 2)

    def of(name, **parameters):
        return dn.divergence(name, p, q, **parameters).value

    variation, hellinger, shannon = of("total_variation"), of("hellinger"), of("jensen_shannon")
    assert hellinger**2 < variation < np.sqrt(2) * hellinger
    assert variation < np.sqrt(of("kl") / 2)  # Pinsker
    assert shannon < np.log(2) * variation
    assert of("renyi", order=0.5) == pytest.approx(2 * of("bhattacharyya"), rel=1e-12)
    assert of("renyi", order=0.5) < of("renyi", order=0.9) < of("kl") < of("renyi", order=1.1)
    assert of("power", order=1 + 1e-7) == pytest.approx(of("kl"), rel=1e-6)
    assert of("power", order=1e-7) == pytest.approx(of("reverse_kl"), rel=1e-6)
    assert of("renyi", order=2.0) == pytest.approx(np.log1p(of("chi_squared")), rel=1e-12)
    assert of("jeffreys") == pytest.approx(of("kl") + of("reverse_kl"), rel=1e-12)


def test_total_variation_is_the_largest_difference_of_masses():
    p, q = dn.Normal(0, 1), dn.Normal(1, 1)
    assert dn.divergence("tv", p, q).value == pytest.approx(p.cdf(0.5) - q.cdf(0.5), rel=1e-12)
    p, q = dn.Cauchy(0, 1), dn.Cauchy(0, 3)
    places = np.sqrt(3.0)  # where the densities cross
    assert dn.divergence("tv", p, q).value == pytest.approx(
        p.prob(-places, places) - q.prob(-places, places), rel=1e-12
    )
    p, q = dn.Uniform(0, 2), dn.Uniform(1, 3)
    assert dn.divergence("tv", p, q).value == pytest.approx(0.5, rel=1e-12)
    assert dn.divergence("js", p, q).value == pytest.approx(np.log(2) / 2, rel=1e-12)


@pytest.mark.parametrize("shift", [1e-3, 1e-6, 1e-9])
def test_nearly_equal_laws_keep_relative_accuracy(shift):
    p, q = dn.Normal(0, 1), dn.Normal(shift, 1)
    move = float(q.params["loc"])
    for name, known in (
        ("squared_hellinger", -np.expm1(-(move**2) / 8)),
        ("chi_squared", np.expm1(move**2)),
        ("bhattacharyya", move**2 / 8),
    ):
        for method in ("closed", "quadrature"):
            found = dn.divergence(name, p, q, method=method)
            assert abs(found.value - known) <= found.error + 1e-15 * known
            assert found.error <= 1e-7 * known
    found = dn.divergence("jensen_shannon", p, q)
    assert abs(found.value - move**2 / 8) <= found.error + move**2 * known  # the next term is of fourth order


@pytest.mark.parametrize("name", ["jensen_shannon", "triangular", "chi_squared", "power"])
def test_nearly_equal_laws_without_a_closed_form(name):
    """A Student law moved by δ: of the second order is f''(1)/2 times the Fisher information δ²(ν + 1)/(ν + 3)."""
    move, df = 1e-7, 5.0
    parameters = {"order": 0.3} if name == "power" else {}
    second = {"jensen_shannon": 0.25, "triangular": 1.0, "chi_squared": 2.0, "power": 1.0}[name]
    found = dn.divergence(name, dn.StudentT(df), dn.StudentT(df, move), **parameters)
    assert found.value == pytest.approx(0.5 * second * move**2 * (df + 1) / (df + 3), rel=1e-8)
    assert found.error <= 1e-7 * found.value and found.ok


def test_laws_far_apart_keep_their_distance():
    p, q = dn.Normal(0, 1), dn.Normal(100, 1)
    for method in ("closed", "quadrature"):
        found = dn.divergence("bhattacharyya", p, q, method=method)
        assert found.value == pytest.approx(1250.0, rel=1e-11) and abs(found.value - 1250.0) <= found.error
    assert dn.divergence("hellinger", p, q).value == 1.0
    found = dn.divergence("chi_squared", p, q)
    assert found.status is Status.NOT_CONVERGED and "beyond the doubles" in found.reason
    assert dn.divergence("renyi", p, q, order=2.0).value == pytest.approx(10_000.0, rel=1e-12)
    found = dn.divergence("bhattacharyya", p, q, method="montecarlo", n=2**12, rng=0)
    assert np.isnan(found.value) and found.status is Status.NOT_CONVERGED
    found = dn.divergence("bhattacharyya", dn.Uniform(0, 1), dn.Uniform(2, 3), method="quadrature")
    assert found.value == np.inf and found.reason == "no place carries both laws"


@pytest.mark.parametrize(("name", "parameters"), FEW)
@pytest.mark.parametrize(
    "laws",
    [
        (dn.Binomial(12, 0.3), dn.DiscreteUniform(0, 12)),
        (dn.Poisson(3), dn.Poisson(4)),
        (dn.Geometric(0.4), dn.parse("poisson(2) + 1")),
        (dn.NegativeBinomial(3, 0.4), dn.parse("floor(gamma(2, 3))")),
    ],
)
def test_sums_over_integers(laws, name, parameters):
    p, q = laws
    found = dn.divergence(
        name, p, q, method="quadrature" if name not in ("kl", "reverse_kl", "jeffreys") else "auto", **parameters
    )
    k = np.arange(0.0, 2000.0)
    f, g = p.logpmf(k), q.logpmf(k)
    if found.value == np.inf:
        assert found.status is Status.INFINITE
        return
    with mp.workdps(30):
        kept = [(mpmath.exp(mpf(a)), mpmath.exp(mpf(b))) for a, b in zip(f, g, strict=True) if max(a, b) > -np.inf]

        known = truth(name, lambda term: mpmath.fsum(term(a, b) for a, b in kept), **parameters)
    assert found.value == pytest.approx(float(known), rel=1e-11)


def test_point_masses_beside_densities():
    p, q = dn.parse("normal(0, 1) >> relu"), dn.parse("normal(0.5, 1) >> relu")
    shared = p.pmf(0.0), q.pmf(0.0)
    crossing = 0.25
    known = 0.5 * (
        abs(shared[0] - shared[1]) + (p.prob(0, crossing) - q.prob(0, crossing)) + (q.sf(crossing) - p.sf(crossing))
    )
    assert dn.divergence("tv", p, q).value == pytest.approx(known, rel=1e-12)
    other = dn.Normal(0, 1)
    assert dn.divergence("tv", p, other).value == pytest.approx(0.5, rel=1e-12)
    assert dn.divergence("hellinger", dn.Delta(0), other).value == 1.0
    found = dn.divergence("chi_squared", p, other)
    assert found.value == np.inf and "atom at 0" in found.reason


@pytest.mark.parametrize(
    ("p", "q", "infinite"),
    [
        (dn.StudentT(3), dn.Normal(0, 1), True),
        (dn.Normal(0, 1), dn.StudentT(3), False),
        (dn.Normal(0, 1.5), dn.Normal(0, 1), True),  # p²/q needs a variance of p below twice that of q
        (dn.Normal(0, 1.4), dn.Normal(0, 1), False),
        (dn.Exponential(2.1), dn.Exponential(1), True),
        (dn.Exponential(1.9), dn.Exponential(1), False),
        (dn.Beta(0.3, 1), dn.Uniform(0, 1), True),
        (dn.Beta(0.6, 1), dn.Uniform(0, 1), False),
        (dn.Uniform(0, 2), dn.Uniform(0, 1), True),
        (dn.Zipf(2.5), dn.Geometric(0.3), True),
    ],
)
def test_where_chi_squared_is_infinite(p, q, infinite):
    for method in ("auto", "quadrature", "montecarlo"):
        found = dn.divergence("chi_squared", p, q, method=method, n=2**10, rng=0)
        assert (found.value == np.inf) == infinite, method
        assert (found.status is Status.INFINITE) == infinite


def test_divergences_of_vectors_are_closed_or_add_up():
    p = dn.MultivariateNormal([0.0, 0.0], [[1.0, 0.3], [0.3, 2.0]])
    q = dn.MultivariateNormal([1.0, 0.0], [[1.5, 0.0], [0.0, 1.0]])
    middle = 0.5 * (np.array([[1.0, 0.3], [0.3, 2.0]]) + np.diag([1.5, 1.0]))
    known = 0.125 * np.linalg.inv(middle)[0, 0] + 0.5 * np.log(np.linalg.det(middle) / np.sqrt((2 - 0.09) * 1.5))
    assert dn.divergence("bhattacharyya", p, q).value == pytest.approx(known, rel=1e-13)
    drawn = dn.divergence("bhattacharyya", p, q, method="montecarlo", rng=0)
    assert abs(drawn.value - known) < 5 * drawn.error < 0.01
    a, b = dn.Product([dn.Gamma(2), dn.Normal(0, 1)]), dn.Product([dn.Gamma(3), dn.Normal(1, 1)])
    entries = [
        dn.divergence("renyi", dn.Gamma(2), dn.Gamma(3), order=0.3),
        dn.divergence("renyi", dn.Normal(), dn.Normal(1), order=0.3),
    ]
    assert dn.divergence("renyi", a, b, order=0.3).value == pytest.approx(sum(e.value for e in entries), rel=1e-13)
    p, q = dn.MultivariateT(5, np.zeros(4), np.eye(4)), dn.MultivariateNormal([1.0, 0.0, 0.0, 0.0], np.eye(4))
    drawn = dn.divergence("tv", p, q, rng=0)
    assert drawn.method == "montecarlo" and 0.0 < drawn.value < 1.0
    with pytest.raises(UnsupportedOperationError, match="densities in at most 3 dimensions"):
        dn.divergence("tv", p, q, method="quadrature")


def test_batches_give_arrays():
    means = np.array([0.5, 1.0, 2.0])
    found = dn.divergence("hellinger", dn.Normal(0, 1), dn.Normal(means, 1))
    assert found.value == pytest.approx(np.sqrt(-np.expm1(-(means**2) / 8)), rel=1e-13)
    assert found.error.shape == (3,)


def test_wrong_arguments_are_refused():
    p, q = dn.Normal(), dn.Normal(1)
    with pytest.raises(UnknownNameError, match="did you mean 'hellinger'"):
        dn.divergence("helinger", p, q)
    with pytest.raises(ParameterError, match="order: expected a value"):
        dn.divergence("renyi", p, q)
    with pytest.raises(ParameterError, match="one number"):
        dn.divergence("renyi", p, q, order=[0.5, 2.0])
    with pytest.raises(ParameterError, match="order"):
        dn.divergence("power", p, q, order=np.inf)
    with pytest.raises(ParameterError, match="order"):
        dn.divergence("renyi", p, q, order=-2.0)
    with pytest.raises(UnknownNameError, match="unknown option 'order'"):
        dn.divergence("tv", p, q, order=2.0)
    with pytest.raises(UnknownNameError, match="did you mean 'target'"):
        dn.divergence("tv", p, q, taget=1e-3)
    with pytest.raises(ParameterError, match="name: expected the name of a divergence, such as 'hellinger', got 3"):
        dn.divergence(3, p, q)
    with pytest.raises(ParameterError, match="method"):
        dn.divergence("tv", p, q, method="guess")
    with pytest.raises(NoClosedFormError, match="total_variation"):
        dn.divergence("tv", p, q, method="closed")
    with pytest.raises(ShapeError):
        dn.divergence("tv", p, dn.MultivariateNormal([0.0, 0.0], np.eye(2)))


def test_a_divergence_of_ones_own():
    @dn.divergences.register("le_cam_test", examples=[{}], source="half of the triangular one")
    class LeCam(dn.divergences.Generator):
        """½∫(p - q)²/(p + q)."""

        def log_share(self, t):
            return 2.0 * np.log(np.abs(np.tanh(0.5 * t))) - np.log(2.0)

    p, q = dn.Normal(), dn.Normal(1)
    assert 2 * dn.divergence("le_cam_test", p, q).value == pytest.approx(
        dn.divergence("triangular", p, q).value, rel=1e-13
    )

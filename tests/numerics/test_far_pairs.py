"""D(p‖q) far from where p has its mass, at singular images, and of vectors, against integrals and formulas of mpmath."""

import json
from pathlib import Path

import mpmath
import numpy as np
import pytest

import densities as dn
from densities.divergences.normal_mixtures import reduced
from densities.estimate import Status

CASES = json.loads((Path(__file__).parent.parent / "reference" / "far_pairs.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_the_default_method_is_right_and_not_in_doubt(case):
    found, truth = dn.kl(dn.parse(case["p"]), dn.parse(case["q"])), float(case["kl"])
    assert found.ok, found
    assert abs(found.value - truth) <= found.error + 4e-16 * truth
    assert found.error <= 1e-10 * truth


def test_a_student_vector_without_variance_is_infinitely_far_from_a_normal_one():
    found = dn.kl(dn.MultivariateT(2, [0, 0], np.eye(2)), dn.MultivariateNormal([0, 0], np.eye(2)))
    assert found.value == np.inf and found.status is Status.INFINITE


def test_only_normal_mixtures_that_agree_across_some_direction_are_reduced():
    flat, wide = dn.MultivariateNormal([0, 0], np.eye(2)), dn.MultivariateNormal([1, 0], [[2, 0], [0, 3]])
    line = dn.MultivariateNormal([0, 0], np.ones((2, 2)))
    student = dn.MultivariateT(3, [0, 0], np.eye(2))
    for other in (wide, line, student):
        assert reduced(dn.Mixture([0.5, 0.5], [flat, other]), flat) is None
    assert reduced(flat, wide) is None  # one closed form


@pytest.mark.parametrize(
    ("p", "q", "truth"),
    [
        ("half_student_t(2.1)", "folded_normal(1)", 9.08791074494526649),
        ("lomax(2.5)", "folded_normal(1)", 1.21548503843086085),
        ("lomax(2.5)", "rice(1)", 2.38614203476764981),
        ("beta_prime(3, 1.1)", "noncentral_chi_squared(3, 2)", 11.27484020976660065),
        ("log_cauchy(0.5, 2)", "exp(cauchy(0, 1))", float(np.log(9.25 / 8))),
        ("log_cauchy(0.5, 2)", "log_cauchy(0, 1)", float(np.log(9.25 / 8))),
    ],
)
def test_named_laws_keep_their_densities_beyond_the_doubles(p, q, truth):
    """Integrals by mp.quad over log x at 25 digits; log(((s + t)² + d²)/(4 s t)) for Cauchy variables."""
    found = dn.kl(dn.parse(p), dn.parse(q))
    assert found.ok and abs(found.value - truth) <= found.error + 1e-15 * truth and found.error < 1e-11


def test_ends_that_rounding_moves_do_not_part_two_laws():
    """An image that is recognised has its ends rounded; whether p lies in q is decided before."""
    for name in ("uniform", "arcsine"):
        for low, width in ((1e3, 1e-3), (0.1, 0.2), (-7.0, 0.3)):
            image, own = low + width * dn.parse(f"{name}(0, 1)"), dn.parse(f"{name}({low}, {low + width})")
            for found in (dn.kl(image, own), dn.kl(own, image)):
                assert found.value < 1e-9


@pytest.mark.parametrize(
    "law", [dn.Pareto, dn.PowerFunction, lambda a: 1 / dn.Beta(a, 1)], ids=["pareto", "power", "1/beta"]
)
def test_an_exponent_too_small_to_be_seen_is_not_called_infinite(law):
    """D = log(a/b) + b/a - 1 for densities a x^(-a-1); quadrature does not reach that far and says so."""
    found = dn.kl(law(1e-15), law(2e-15), method="quadrature")
    assert np.isnan(found.value) or np.isfinite(found.value)
    assert not found.ok


def test_sums_that_overflow_with_their_rounding_are_not_called_infinite():
    assert not dn.kl(np.exp(dn.Exponential(1e200)), dn.Pareto(2e-200), method="quadrature").ok


@pytest.mark.parametrize(
    ("law", "expected"),
    [
        (np.exp(dn.Cauchy()), np.nan),  # H(X) + E[X]
        (dn.LogCauchy(), np.nan),
        (dn.Sigmoid()(dn.Cauchy()), -np.inf),  # H(X) - E[softplus(X) + softplus(-X)]
        (np.exp(dn.Pareto(0.9)), np.inf),
    ],
    ids=str,
)
def test_entropies_that_diverge_both_ways_are_undefined(law, expected):
    np.testing.assert_equal(dn.entropy(law).value, expected)


def turned(n, condition, seed):
    """A covariance of this condition number, its axes turned at random."""
    axes, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(n, n)))
    cov = (axes * np.geomspace(1, condition, n)) @ axes.T
    return (cov + cov.T) / 2


@pytest.mark.parametrize(("n", "condition"), [(2, 1e14), (4, 1e10), (5, 1e12)])
def test_ill_conditioned_normal_vectors_keep_their_digits(n, condition):
    cov, other, mean = turned(n, condition, 1), turned(n, condition, 2), np.arange(n) * 0.1
    with mpmath.workdps(80):
        a, b, m = (mpmath.matrix(x.tolist()) for x in (cov, other, mean))
        inner, gap, y = b**-1 * a, (m.T * b**-1 * m)[0], (m.T * a**-1 * m)[0]
        half_det, size = mpmath.log(mpmath.det(a)) / 2, n * mpmath.log(2 * mpmath.pi) / 2
        distance = (sum(inner[i, i] for i in range(n)) - n + gap) / 2 + mpmath.log(mpmath.det(b)) / 2 - half_det
        density, entropy = float(-y / 2 - half_det - size), float(half_det + size + mpmath.mpf(n) / 2)
        near = float((m.T * a**-1 * m)[0] * mpmath.mpf(2.0**-80) / 2)
    p = dn.MultivariateNormal(np.zeros(n), cov)
    found = dn.kl(p, dn.MultivariateNormal(mean, other))
    assert abs(found.value - float(distance)) <= found.error <= 1e-14 * float(distance)
    assert dn.kl(p, dn.MultivariateNormal(mean * 2.0**-40, cov)).value == pytest.approx(near, rel=1e-14)
    assert p.entropy() == pytest.approx(entropy, rel=1e-14)
    assert p.logpdf(mean) == pytest.approx(density, rel=1e-12)


SMALL = 1e-3
BEYOND = {
    # P(Y <= y) of images at points whose preimages no double holds: power laws x^a there, constants of mpmath
    "beta, low end": (dn.Logit()(dn.Beta(SMALL, SMALL)), -800.0, "cdf", (SMALL, SMALL, -800.0)),
    "beta, high end": (dn.Logit()(dn.Beta(SMALL, SMALL)), 800.0, "sf", (SMALL, SMALL, -800.0)),
    "gamma": (np.log(dn.Gamma(SMALL)), -800.0, "cdf", (SMALL, None, -800.0)),
    "inverse gamma": (np.log(dn.InverseGamma(SMALL)), 800.0, "sf", (SMALL, None, -800.0)),
    "power": (np.log(dn.PowerFunction(SMALL)), -800.0, "cdf", (SMALL, 1.0, -800.0)),
}


@pytest.mark.parametrize(("law", "y", "method", "how"), BEYOND.values(), ids=BEYOND)
def test_distribution_functions_of_images_beyond_the_doubles(law, y, method, how):
    a, b, log_x = how
    constant = mpmath.gamma(a + 1) if b is None else a * mpmath.beta(a, b)
    truth = mpmath.exp(a * log_x) / constant
    other = {"cdf": "sf", "sf": "cdf"}[method]
    assert getattr(law, method)(y) == pytest.approx(float(truth), rel=1e-12)
    assert getattr(law, f"log{method}")(y) == pytest.approx(float(mpmath.log(truth)), rel=1e-12)
    assert getattr(law, other)(y) == pytest.approx(float(1 - truth), rel=1e-12)
    assert getattr(law, f"log{other}")(y) == pytest.approx(float(mpmath.log1p(-truth)), rel=1e-12)


def test_student_tails_beyond_the_doubles():
    law = np.arcsinh(dn.StudentT(SMALL))
    assert law.sf(1000.0) == pytest.approx(np.exp(law.logsf(1000.0)), rel=1e-14)
    assert law.cdf(1000.0) + law.sf(1000.0) == pytest.approx(1.0, rel=1e-14)


def test_a_mode_at_an_end_has_a_distribution_function_beside_it():
    law = np.log(2.0 - dn.Triangular(-1.0, 2.0, 2.0))
    assert law.sf(-800.0) == 1.0
    assert law.cdf(-800.0) == 0.0


ONE_TO_ONE = [
    "softplus >> reciprocal",
    "exp >> cosh",
    "softplus >> square >> affine(1, 2)",
    "reciprocal",
    "square >> log",
]


@pytest.mark.parametrize("text", ONE_TO_ONE)
def test_shared_maps_cancel_where_the_supports_make_them_injective(text):
    given = [dn.parse(f"{law} >> abs" if "square >> log" in text else law) for law in ("student_t(3)", "student_t(5)")]
    pushed = [law >> dn.parse(text) for law in given]
    found = dn.kl(*pushed)
    assert "cancels" in str(found.detail["plan"]) and abs(found.value - dn.kl(*given).value) <= found.error


@pytest.mark.parametrize("made", ["normal({}) >> sigmoid", "normal({}) >> tanh >> affine(1, 2)", "logit_normal({})"])
def test_a_map_that_all_components_share_cancels(made):
    """Far out where the map is 1 to every digit, by mpmath's integrals of the normal laws."""
    p = dn.parse(made.format("300, 2"))
    q = dn.Mixture([0.5, 0.5], [dn.parse(made.format(at)) for at in ("0, 1", "350, 100")])
    for found, truth in (
        (dn.kl(p, q), 4.2303701859880913680),
        (dn.kl(dn.Mixture([0.5, 0.5], [p, p]), q), 4.2303701859880913680),
        (dn.divergence("hellinger", p, q), 0.93121972372733645589),
    ):
        assert found.ok and abs(found.value - truth) <= found.error <= 1e-11


def test_a_map_that_all_vectors_of_a_mixture_share_cancels():
    parts = [dn.MultivariateNormal([m, 2 * m], [[s, 1], [1, 2]]) for m, s in ((30, 1.0), (31, 4.0), (0, 9.0))]
    pairs = [(p, dn.Mixture([0.5, 0.5], rest)) for p, *rest in (parts, [part >> dn.Tanh() for part in parts])]
    assert dn.kl(*pairs[1]).same_as(dn.kl(*pairs[0]))
    assert "cancels" in str(dn.plan(*pairs[1]))


@pytest.mark.parametrize(
    ("p", "q", "truth"),
    [
        ("uniform(0, 1)", "uniform(-1, 1)", 0.0),
        ("uniform(0, 1)", "uniform(-1, 0)", 0.0),
        # |X| has the density 2/1.7 up to 0.7 and 1/1.7 beyond
        ("uniform(0.5, 1)", "uniform(-1, 0.7)", 0.4 * np.log(1.7) + 0.6 * np.log(3.4)),
    ],
)
def test_maps_that_send_points_of_both_laws_to_one_do_not_cancel(p, q, truth):
    found = dn.kl(dn.parse(f"square({p})"), dn.parse(f"square({q})"))
    assert abs(found.value - truth) <= found.error + 1e-15


@pytest.mark.parametrize(("df", "truth"), [(1.5, 1.26079311743319318475973801767), (5.0, 0.71985534988103703609)])
def test_images_whose_logarithms_leave_the_doubles_hold_nothing(df, truth):
    """exp(T) of a Student law against Cauchy, by mpmath: at x = e^710 not even log y is a double."""
    found = dn.kl(dn.StudentT(df) >> dn.Exp(), dn.Cauchy(0, 1))
    assert found.ok and abs(found.value - truth) <= found.error + 1e-16
    assert np.isinf(dn.kl(dn.StudentT(df) >> dn.Exp(), dn.Laplace(0, 1)).value)

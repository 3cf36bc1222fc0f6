"""Laws of vectors against SciPy, mpmath, their own marginals and their draws; the divergences of pairs of them."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import scipy.stats as st
from mpmath import mp

from densities.distributions import (
    Dirichlet,
    Gamma,
    Laplace,
    Mixture,
    MultivariateNormal,
    MultivariateT,
    Normal,
    Product,
    Uniform,
    UniformBall,
    VectorPushforward,
    registry,
)
from densities.distributions.vector_moments import entropy_estimate, expectation_estimate
from densities.divergences import kl, plan, radon_nikodym
from densities.errors import (
    NoClosedFormError,
    ParameterError,
    ShapeError,
    SupportError,
    UnsupportedOperationError,
)
from densities.estimate import Status
from densities.expressions import parse
from densities.numerics.nets import Source
from densities.transforms import Affine, Exp, MatrixAffine, TriangularAffine

REFERENCE = Path(__file__).parent / "reference"
CASES = [
    case for name in ("torture_vectors", "vectors") for case in json.loads((REFERENCE / f"{name}.json").read_text())
]

A = [[1.0, 0.6], [0.6, 2.0]]
B = [[2.0, 0.1], [0.1, 1.0]]
SHEAR = np.array([[1.0, 2.0], [0.5, -1.0]])
LAWS = {
    "normal": "multivariate_normal([0, 1], [[1, 0.6], [0.6, 2]])",
    "t": "multivariate_t(3.5, [0, 1], [[1, 0.6], [0.6, 2]])",
    "dirichlet": "dirichlet([2, 3, 4])",
    "small dirichlet": "dirichlet([0.3, 0.4])",
    "ball": "uniform_ball([1, -1, 0.5], 2)",
    "product": "product([normal(0, 1), gamma(2, 1), beta(2, 3)])",
    "mixture": "mixture([0.25, 0.75], [multivariate_normal([-2, 0], [[1, 0.5], [0.5, 1]]), "
    "multivariate_normal([2, 0], [[1, 0], [0, 2]])])",
    "exp normal": "multivariate_normal([0, 1], [[0.5, 0.3], [0.3, 0.4]]) >> exp",
    "sheared": "product([exponential(1), uniform(0, 1)]) >> matrix_affine([1, 2], [[1, 2], [0.5, -1]])",
}


def close(a, b, rtol=1e-12):
    np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-13)


@pytest.fixture(params=LAWS)
def law(request):
    return parse(LAWS[request.param])


# ---- divergences with known truths ----


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_divergences_are_right_within_their_error(case):
    found, truth = kl(parse(case["p"]), parse(case["q"])), float(case["kl"])
    if np.isinf(truth):
        assert found.value == np.inf
        assert found.status is Status.INFINITE
        assert found.reason
    else:
        assert abs(found.value - truth) <= found.error + 4e-16 * abs(truth)
        assert abs(found.value - truth) <= 1e-10 * abs(truth)
        assert found.ok


def test_cubature_agrees_with_the_closed_form_over_random_normals():
    rng = np.random.default_rng(11)
    for _ in range(15):
        p, q = (
            MultivariateNormal(rng.normal(0, 1, 2), st.wishart(4, np.eye(2)).rvs(random_state=rng)) for _ in range(2)
        )
        closed, numeric = kl(p, q, method="closed"), kl(p, q, method="quadrature")
        assert numeric.method == "cubature"
        assert abs(closed.value - numeric.value) <= closed.error + numeric.error
        assert numeric.error <= 1e-9 * closed.value


def test_draws_agree_with_the_closed_form():
    """z-scores of 12 seeds are those of a t distribution: none beyond 5, their mean square near 1."""
    p, q = MultivariateT(9.0, [0, 1, 0, 0], np.eye(4) + 0.3), MultivariateT(8.0, [0.5, 1, 0, 1], 2 * np.eye(4))
    truth = kl(p, q).value  # of normal laws the control would leave no spread at all
    z = []
    for seed in range(12):
        found = kl(p, q, method="montecarlo", n=2**13, rng=seed)
        assert found.method == "montecarlo"
        z.append((found.value - truth) / found.error)
    assert np.max(np.abs(z)) < 5
    assert 0.3 < np.mean(np.square(z)) < 2.5


def test_beyond_three_dimensions_draws_answer_where_nothing_is_closed():
    p = Mixture([0.5, 0.5], [MultivariateNormal(np.zeros(5), np.eye(5)), MultivariateNormal(np.ones(5), np.eye(5))])
    q = MultivariateNormal(np.zeros(5), 2 * np.eye(5))
    found = kl(p, q, rng=3)
    assert found.method == "montecarlo"
    again = kl(p, q, method="quadrature")
    assert again.status is Status.UNAVAILABLE
    assert "3 dimensions" in again.reason
    # Along the ones the mixture is one-dimensional: the other four directions are N(0, 1) from N(0, 2).
    along = Mixture([0.5, 0.5], [Normal(0, 1), Normal(np.sqrt(5.0), 1)])
    truth = kl(along, Normal(0, np.sqrt(2.0))).value + 4 * kl(Normal(0, 1), Normal(0, np.sqrt(2.0))).value
    assert abs(found.value - truth) < 5 * found.error


def test_shared_maps_cancel_by_value_and_others_are_absorbed():
    p, q = MultivariateNormal([0, 1], A), MultivariateNormal([0.5, 1], B)
    truth = kl(p, q)
    for image in (
        np.exp,
        lambda x: SHEAR @ x,
        lambda x: np.exp(SHEAR @ x),
        lambda x: 2 * x + np.array([1.0, 2.0]),
        lambda x: x >> TriangularAffine([0.0, 1.0], [[2.0, 0.0], [1.0, 3.0]]),
    ):
        found = kl(image(p), image(q))
        assert found.method == "closed"
        assert found.value == truth.value
    moved = kl(np.exp(SHEAR @ p), np.exp(q))
    mean, cov = SHEAR @ np.array([0.0, 1.0]), SHEAR @ np.array(A) @ SHEAR.T
    close(moved.value, kl(MultivariateNormal(mean, (cov + cov.T) / 2), q).value)


def test_a_product_is_the_sum_over_its_coordinates():
    p = Product([Normal(0, 1), Gamma(2), Normal(0, 1) >> Exp()])
    q = Product([Laplace(0, 1), Gamma(3, 0.5), Normal(0.5, 2) >> Exp()])
    terms = [kl(a, b) for a, b in zip(p.components, q.components, strict=True)]
    found = kl(p, q)
    close(found.value, sum(float(term.value) for term in terms))
    assert len(found.detail["coordinates"]) == 3
    drawn = kl(p, q, method="montecarlo", rng=1)
    assert abs(drawn.value - found.value) < 5 * drawn.error


def test_dependence_is_counted_once():
    """D(N(0, R) from independent normals) is the total correlation, -log(1 - r²)/2, to relative accuracy."""
    for r in (1e-9, 1e-3, 0.5, 0.999999):
        p = MultivariateNormal([0, 0], [[1.0, r], [r, 1.0]])
        found = kl(p, Product([Normal(0, 1), Normal(0, 1)]))
        truth = float(-mp.log1p(-(mp.mpf(r) ** 2)) / 2)
        assert abs(found.value - truth) <= found.error + 1e-15 * truth
        assert abs(found.value / truth - 1) < 1e-9
    assert kl(p, Product([Normal(0, 1), Normal(0, 1)]), method="closed").method == "closed"


def test_near_identical_mixtures_keep_their_relative_accuracy():
    """Moving one of two components by h: D = h² c + O(h³); the ratio for h and h/2 is 4."""

    def pair(h):
        eye = [[1.0, 0.0], [0.0, 1.0]]
        p, q = (
            Mixture([0.5, 0.5], [MultivariateNormal([0, 0], eye), MultivariateNormal([1 + step, 0], eye)])
            for step in (0.0, h)
        )
        return kl(p, q)

    coarse, fine = pair(2.0**-20), pair(2.0**-21)
    assert fine.error < 1e-6 * fine.value < 1e-18
    assert coarse.value / fine.value == pytest.approx(4.0, rel=1e-5)


@pytest.mark.parametrize("width", [0.1, 1e-3])
def test_a_narrow_component_is_not_missed(width):
    """N(0, I) from a mixture of itself and a spike: log 2 - E log(1 + spike/normal), by polar coordinates of the spike."""
    spike = MultivariateNormal([0.0, 0.0], np.square(width) * np.eye(2))
    q = MultivariateNormal([0.0, 0.0], np.eye(2))
    found = kl(q, Mixture([0.5, 0.5], [q, spike]))
    s = mp.mpf(float(np.square(width)))
    # u = r²/2 is exponential under q; the ratio of the densities is e^(u - u/s)/s.
    points = [0, s, 4 * s, 20 * s, 60 * s] + ([200 * s] if s < 1e-3 else []) + [40]
    inner = mp.quad(lambda u: mp.exp(-u) * mp.log(1 + mp.exp(u - u / s) / s), [p for p in points if p <= 40])
    truth = float(mp.log(2) - inner)
    assert abs(found.value - truth) <= found.error
    assert abs(found.value / truth - 1) < 1e-9


def test_infinite_divergences_say_why():
    normal, t = MultivariateNormal([0, 1], A), MultivariateT(1.0, [0, 1], A)
    assert kl(t, normal).status is Status.INFINITE
    assert "infinite" in kl(t, normal).reason
    assert "integrable" in kl(t, normal, method="quadrature").reason
    assert kl(MultivariateT(2.0, [0, 1], A), normal).status in (Status.UNDECIDED, Status.INFINITE)
    flat = MultivariateNormal([0, 0], [[1, 1], [1, 1]])
    assert "plane" in kl(flat, normal).reason
    assert kl(Dirichlet([1, 2]), Product([Uniform(0, 1), Uniform(0, 1)])).value == np.inf
    assert kl(normal, np.exp(normal)).value == np.inf
    assert kl(normal, np.exp(normal), method="montecarlo", rng=0).value == np.inf
    assert kl(UniformBall([0, 0], 1.0), UniformBall([0.5, 0], 1.0)).value == np.inf
    entry = kl(Product([Normal(0, 1), Normal(0, 1)]), Product([Normal(0, 1), Gamma(2)]))
    assert "entry 1" in entry.reason
    assert entry.detail["singular_mass"] == pytest.approx(0.5)
    both = radon_nikodym(Product([Normal(0, 1), Normal(0, 1)]), Product([Gamma(1), Gamma(2)]))
    assert both.singular_mass == pytest.approx(0.75)
    atoms = np.maximum(Product([Normal(0, 1), Normal(0, 1)]), 0.0)
    assert "point masses" in kl(atoms, normal).reason


def test_divergences_of_balls_and_boxes_are_logs_of_volumes():
    ball, box = UniformBall([0, 0], 1.0), Product([Uniform(-1, 1), Uniform(-1, 1)])
    assert radon_nikodym(ball, box).absolutely_continuous
    assert not radon_nikodym(box, ball).absolutely_continuous
    close(kl(box, UniformBall([0, 0], np.sqrt(2.0))).value, np.log(2 * np.pi / 4))
    close(kl(UniformBall([0.5, 0], 0.5), ball).value, np.log(4.0))
    close(
        kl(ball, Mixture([0.5, 0.5], [UniformBall([0, 0], 2.0), UniformBall([0, 0], 3.0)])).value,
        -np.log(1 / 8 + 1 / 18),
    )
    sheared = SHEAR @ box
    close(kl(sheared, UniformBall([0, 0], 5.0)).value, np.log(25 * np.pi / 8))
    assert kl(sheared, UniformBall([0, 0], 2.5)).value == np.inf


def test_singular_normals_on_one_plane():
    """Both are images of scalar normals under the same embedding, which cancels."""
    p, q = MultivariateNormal([1, 1], [[1, 1], [1, 1]]), MultivariateNormal([0, 0], [[4, 4], [4, 4]])
    close(kl(p, q).value, kl(Normal(1, 1), Normal(0, 2)).value)
    tilted = MultivariateNormal([0, 0], [[1, -1], [-1, 1]])
    assert kl(p, tilted).value == np.inf
    beside = MultivariateNormal([0, 1], [[1, 1], [1, 1]])
    assert kl(p, beside).value == np.inf


def test_batches_of_divergences():
    means = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 3.0]])
    found = kl(MultivariateNormal(means, np.eye(2)), MultivariateNormal([0, 0], np.eye(2)))
    close(found.value, [0.0, 0.5, 4.5])
    mixed = kl(MultivariateNormal([0, 0], np.eye(2)), MultivariateNormal([0, 0], np.array([np.eye(2), 2 * np.eye(2)])))
    close(mixed.value, [0.0, np.log(2) - 0.5])
    image = kl(
        MultivariateNormal(means, np.eye(2)) >> Affine([1.0, 2.0], 3.0), MultivariateNormal([1, 2], 9 * np.eye(2))
    )
    close(image.value, [0.0, 0.5, 4.5])


def test_plans_say_what_will_be_done():
    normal, boxes = MultivariateNormal([0, 1], A), Product([Normal(0, 1), Laplace(0, 1)])
    assert "coordinates" in str(plan(normal, boxes))
    assert "the moments of p" in str(plan(boxes, normal))
    assert "cubature" in str(plan(boxes, MultivariateT(3.0, [0, 1], A)))
    assert "Monte Carlo" in str(plan(boxes, normal, method="montecarlo"))
    assert "shared bijection" in str(plan(np.exp(normal), np.exp(MultivariateNormal([0, 0], B))))
    with pytest.raises(NoClosedFormError, match="closed form"):
        kl(boxes, normal, method="closed")
    with pytest.raises(ShapeError, match="event shape"):
        kl(normal, Normal(0, 1))
    with pytest.raises(ShapeError, match="event shape"):
        kl(normal, MultivariateNormal([0, 0, 0], np.eye(3)))


# ---- densities ----


def test_densities_against_scipy():
    x = np.random.default_rng(0).normal(0, 2, (50, 2))
    close(MultivariateNormal([0, 1], A).logpdf(x), st.multivariate_normal([0, 1], A).logpdf(x))
    close(MultivariateT(3.5, [0, 1], A).logpdf(x), st.multivariate_t([0, 1], A, df=3.5).logpdf(x))
    shares = st.dirichlet([0.5, 2, 3]).rvs(50, random_state=1)
    close(Dirichlet([0.5, 2, 3]).logpdf(shares), st.dirichlet([0.5, 2, 3]).logpdf(shares.T))
    assert UniformBall([0, 0, 0], 2.0).pdf([0, 1, 1]) == pytest.approx(3 / (4 * np.pi * 8), rel=1e-14)


def test_tails_that_are_powers_outlast_their_squares():
    far = np.array([[1e200, -3e199], [1e308, 1e308], [np.inf, 0.0], [0.0, 1.0]])
    law = MultivariateT(3.0, [0.0, 1.0], A)
    found = law.logpdf(far)
    with mp.workdps(40):
        v = mp.matrix([mp.mpf(1e200), mp.mpf(-3e199) - 1])
        radius2 = (v.T * mp.matrix(A) ** -1 * v)[0]
        truth = mp.log(3 / (6 * mp.pi * mp.sqrt(mp.det(mp.matrix(A))))) - mp.mpf(5) / 2 * mp.log1p(radius2 / 3)
    assert found[0] == pytest.approx(float(truth), rel=1e-14)
    assert -5 * 308 * np.log(10.0) - 10.0 < found[1] < -5 * 308 * np.log(10.0) + 10.0
    np.testing.assert_array_equal(found[2:], [-np.inf, law.logpdf([0.0, 1.0])])
    batch = MultivariateT([3.0, 4.0], [0.0, 1.0], A).logpdf(far[:2])
    assert batch[0] == pytest.approx(found[0], rel=1e-14)
    assert np.isfinite(batch[1])


@pytest.mark.parametrize("df", [0.5, 3.0, 1e3, 1e8, 1e14])
def test_the_constant_of_t_at_any_degrees_of_freedom(df):
    with mp.workdps(50):
        d, n = mp.mpf(df), 3
        truth = mp.loggamma((d + n) / 2) - mp.loggamma(d / 2) - n * mp.log(d * mp.pi) / 2
    close(MultivariateT(df, [0, 0, 0], np.eye(3)).logpdf([0.0, 0, 0]), float(truth), rtol=4e-15)


def test_mass_is_one(law):
    """Over the roots, and for two coordinates by a sum over the plane that knows no map and no root."""
    assert expectation_estimate(law, lambda y: np.ones(y.shape[:-1])).value == pytest.approx(1.0, abs=1e-12)
    if law.n == 2 and law.carrier == "R^2" and law.support.event_ndim:
        low, high = np.min(draws := law.rvs(20_000, rng=1), axis=0), np.max(draws, axis=0)
        pad = 0.05 * (high - low)
        axes = [np.linspace(a, b, 1201) for a, b in zip(low - pad, high + pad, strict=True)]
        grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
        cell = np.prod([axis[1] - axis[0] for axis in axes])
        assert np.sum(law.pdf(grid)) * cell == pytest.approx(1.0, abs=0.02)


def test_summaries_agree_with_draws(law):
    draws = law.rvs(200_000, rng=7)
    assert draws.shape == (200_000, law.n)
    mean, cov = law.mean(), law.cov()
    error = np.sqrt(np.diagonal(cov) / len(draws))
    np.testing.assert_array_less(np.abs(draws.mean(axis=0) - mean), 5 * error)
    np.testing.assert_allclose(np.cov(draws.T), cov, atol=0.05 * np.max(np.diagonal(cov)))
    np.testing.assert_allclose(law.var(), np.diagonal(cov), rtol=1e-8)
    np.testing.assert_allclose(law.std() ** 2, law.var(), rtol=1e-12)
    assert law.entropy() == pytest.approx(-np.mean(law.logpdf(draws)), abs=0.02)


def test_draws_from_uniforms_follow_the_marginals(law):
    """Kolmogorov's distance of 2^14 points of a net to the cdf of each marginal."""
    parts = law.draw_from(Source(2**14, law.draw_dimension))
    assert np.all(np.isfinite(law.logpdf(parts)))
    for i in range(law.n):
        marginal = law.marginal(i)
        if marginal is not None:
            u = np.sort(marginal.cdf(np.sort(parts[:, i])))
            assert np.max(np.abs(u - (np.arange(2**14) + 0.5) / 2**14)) < 0.01


def test_entropy_by_cubature_is_the_closed_one(law):
    found = entropy_estimate(law)
    assert abs(found.value - law.entropy()) <= found.error + 1e-12


def test_roots_give_the_density_without_inverting(law):
    """Σ log root - log|det| at random roots is the density at the point that they make."""
    for part in law.parts():
        x = part.points(np.random.default_rng(2).random((100, len(part.roots))))
        y, log_det = part.forward(x)
        if part.whole:
            np.testing.assert_allclose(part.log_density(x) - log_det, law.logpdf(y), rtol=1e-9, atol=1e-9)
        if part.backward is not None:
            np.testing.assert_allclose(part.backward(y), x, rtol=1e-8, atol=1e-8)


def test_text_and_pickles_come_back(law):
    assert pickle.loads(pickle.dumps(law)).same_as(law)
    if "matrix" not in str(law):
        assert parse(str(law)).same_as(law)
    assert type(law).__name__ in repr(law) or isinstance(law, VectorPushforward)


@pytest.mark.parametrize(
    "law",
    [
        np.exp(MultivariateNormal([0, 1], np.eye(2))),
        np.array([[1.0, 2.0], [0.5, 1.5]]) @ Product([Gamma(2), Gamma(3)]),
    ],
    ids=["exp", "matrix"],
)
def test_laws_in_use_pickle(law):
    points = law.rvs(3, rng=0)
    densities = law.logpdf(points)
    assert np.array_equal(pickle.loads(pickle.dumps(law)).logpdf(points), densities)


def test_every_registered_vector_law_has_examples_that_work():
    for name in ("multivariate_normal", "multivariate_t", "dirichlet", "uniform_ball"):
        entry = registry.get(name)
        assert entry.examples
        for one in entry.instances():
            assert parse(str(one)).same_as(one)
            assert np.all(np.isfinite(one.logpdf(one.rvs(5, rng=0))))
            word, first = next(iter(one.params.items()))
            assert not one.same_as(one.replace(**{word: 2 * np.asarray(first) + 1}))


# ---- points, shapes, edges ----


def test_shapes_of_points_batches_and_draws():
    one = MultivariateNormal([0, 1], A)
    assert isinstance(one.logpdf([0, 0]), float)
    assert isinstance(one.pdf([0, 0]), float)
    assert one.logpdf(np.zeros((4, 3, 2))).shape == (4, 3)
    assert one.rvs(rng=0).shape == (2,)
    assert one.rvs((3, 4), rng=0).shape == (3, 4, 2)
    batch = MultivariateNormal(np.zeros((5, 1, 2)), np.array([np.eye(2), 2 * np.eye(2), 3 * np.eye(2)]))
    assert batch.batch_shape == (5, 3)
    assert batch.logpdf(np.zeros(2)).shape == (5, 3)
    assert batch.rvs(7, rng=0).shape == (7, 5, 3, 2)
    assert batch.mean().shape == (5, 3, 2)
    assert batch.cov().shape == (5, 3, 2, 2)
    assert batch.entropy().shape == (5, 3)
    close(batch.member((2, 1), (5, 3)).logpdf([1.0, 1.0]), batch.logpdf([1.0, 1.0])[2, 1])
    for other in (
        MultivariateT([2.0, 3.0], [0, 0], np.eye(2)),
        Dirichlet(np.ones((2, 3))),
        UniformBall(np.zeros((2, 3)), [1.0, 2.0]),
        Product([Normal([0.0, 1.0], 1.0), Gamma(2.0)]),
    ):
        assert other.batch_shape == (2,)
        assert other.rvs(4, rng=0).shape == (4, 2, other.n)
        assert other.mean().shape == (2, other.n)
        member = other.member((1,), (2,))
        point = member.rvs(rng=1)
        close(member.logpdf(point), other.logpdf(point)[1])
        close(member.entropy(), other.entropy()[1])


def test_float32_stays_float32():
    one = MultivariateNormal([0, 1], A)
    assert one.logpdf(np.zeros((3, 2), dtype=np.float32)).dtype == np.float32
    assert isinstance(one.logpdf(np.zeros(2, dtype=np.float32)), np.float32)
    assert np.isfinite(Dirichlet([1, 2, 3]).logpdf(np.array([0.2, 0.3, 0.5], dtype=np.float32)))


def test_nothing_outside_and_nan_for_nan(law):
    far = np.full(law.n, -1e3)
    inside = law.rvs(rng=0)
    with_nan = inside.copy()
    with_nan[0] = np.nan
    assert np.isnan(law.logpdf(with_nan))
    assert np.isnan(law.pmf(with_nan))
    assert law.logpdf(np.full(law.n, np.inf)) == -np.inf
    assert law.pdf(far) == 0.0 or law.logpdf(far) < -50 or "_t" in law.name
    assert law.pmf(inside) == 0.0
    assert law.logpmf(inside) == -np.inf


def test_edges_of_the_simplex_and_the_ball():
    assert Dirichlet([2, 1, 1]).logpdf([0, 0.5, 0.5]) == -np.inf
    assert Dirichlet([0.5, 1, 1]).logpdf([0, 0.5, 0.5]) == np.inf
    assert Dirichlet([1, 1, 1]).logpdf([0, 0, 1]) == pytest.approx(np.log(2.0))
    assert np.isnan(Dirichlet([0.5, 2, 1]).logpdf([0, 0, 1]))
    assert Dirichlet([1, 1, 1]).logpdf([0.2, 0.3, 0.6]) == -np.inf
    assert Dirichlet([1, 1, 1]).logpdf([-0.2, 0.6, 0.6]) == -np.inf
    ball = UniformBall([0, 0], 1.0)
    assert ball.pdf([1, 0]) == pytest.approx(1 / np.pi)
    assert ball.pdf([1, 1e-7]) == 0.0


def test_wrong_points_are_refused():
    law = MultivariateNormal([0, 1], A)
    for bad in (0.0, [1.0, 2.0, 3.0], np.zeros((2, 3)), [[1, 2], [3]], ["a", "b"], [1j, 0]):
        with pytest.raises(ShapeError):
            law.logpdf(bad)
    with pytest.raises(ShapeError, match="2 entries"):
        law.logpdf(np.zeros(3))
    with pytest.raises(ShapeError, match="batch"):
        MultivariateNormal(np.zeros((4, 2)), np.eye(2)).logpdf(np.zeros((3, 2)))
    for name in ("cdf", "ppf", "median", "interval", "sf", "prob"):
        with pytest.raises(UnsupportedOperationError, match="marginal"):
            getattr(law, name)(0.5)


def test_wrong_parameters_are_refused():
    for make, error, word in (
        (lambda: MultivariateNormal([0, 0], [[1, 2], [2, 1]]), ParameterError, "semi-definite"),
        (lambda: MultivariateNormal([0, 0], [[1, 0.5], [0, 1]]), ParameterError, "symmetric"),
        (lambda: MultivariateNormal([0, 0], [[-1, 0], [0, 1]]), ParameterError, "diagonal"),
        (lambda: MultivariateNormal([0, 0], [1, 1]), ShapeError, "n, n"),
        (lambda: MultivariateNormal([0, 0, 0], np.eye(2)), ShapeError, "mean"),
        (lambda: MultivariateNormal([0, np.nan], np.eye(2)), ParameterError, "mean"),
        (lambda: MultivariateNormal(np.zeros((3, 2)), np.ones((2, 1, 1)) * np.eye(2)), ShapeError, "broadcast"),
        (lambda: MultivariateNormal([0, 0]), ParameterError, "cov"),
        (lambda: MultivariateNormal([0, 0], np.eye(2), 3), ParameterError, "at most"),
        (lambda: MultivariateNormal([0, 0], covv=np.eye(2)), ParameterError, "did you mean"),
        (lambda: MultivariateT(3.0, [0, 0], [[1, 1], [1, 1]]), ParameterError, "positive definite"),
        (lambda: MultivariateT(-1.0, [0, 0], np.eye(2)), ParameterError, "df"),
        (lambda: Dirichlet([1.0]), ShapeError, "n >= 2"),
        (lambda: Dirichlet([1.0, 0.0]), ParameterError, "alpha"),
        (lambda: UniformBall(0.0, 1.0), ShapeError, "center"),
        (lambda: UniformBall([0, 0], -1.0), ParameterError, "radius"),
        (lambda: UniformBall(np.zeros((3, 2)), [1.0, 2.0]), ShapeError, "broadcast"),
        (lambda: Product([]), ParameterError, "list of laws"),
        (lambda: Product(Normal(0, 1)), ParameterError, "list of laws"),
        (lambda: Product([MultivariateNormal([0, 0], A)]), ShapeError, "line"),
        (lambda: Product([Normal([0, 1], 1), Normal([0, 1, 2], 1)]), ShapeError, "broadcast"),
        (lambda: Mixture([0.5, 0.5], [MultivariateNormal([0, 0], A), Normal(0, 1)]), ShapeError, "laws of vectors"),
        (
            lambda: Mixture([0.5, 0.5], [MultivariateNormal([0], [[1]]), MultivariateNormal([0, 0], A)]),
            ShapeError,
            "entries",
        ),
        (lambda: Mixture([0.5, 0.6], [MultivariateNormal([0, 0], A)] * 2), ParameterError, "sum to 1"),
    ):
        with pytest.raises(error, match=word):
            make()


# ---- what maps do ----


def test_images_of_normals_against_their_definition():
    x = MultivariateNormal([0, 1], A)
    y = np.exp(x)
    point = np.array([0.7, 3.0])
    close(y.logpdf(point), x.logpdf(np.log(point)) - np.sum(np.log(point)))
    assert y.logpdf([-1.0, 1.0]) == -np.inf
    close(y.mean(), np.exp(np.array([0.0, 1.0]) + 0.5 * np.diagonal(A)))
    close(y.cov()[0, 1], y.mean()[0] * y.mean()[1] * np.expm1(0.6), rtol=1e-9)
    sheared = SHEAR @ x
    assert isinstance(sheared, VectorPushforward)
    simple = sheared.simplify()
    assert isinstance(simple, MultivariateNormal)
    close(simple.params["mean"], SHEAR @ [0.0, 1.0])
    close(simple.params["cov"], SHEAR @ np.array(A) @ SHEAR.T)
    close(sheared.logpdf(point), simple.logpdf(point))
    close(sheared.entropy(), simple.entropy())
    assert (x >> MatrixAffine([1, 2], SHEAR) >> MatrixAffine([1, 2], SHEAR).inv).same_as(x)
    assert isinstance((2 * x - 1).simplify(), MultivariateNormal)
    t = SHEAR @ MultivariateT(3.0, [0, 1], A)
    assert isinstance(t.simplify(), MultivariateT)
    close(t.simplify().logpdf(point), t.logpdf(point))
    assert x.mode().tolist() == [0.0, 1.0]


def test_elementwise_maps_of_a_product_act_on_each_entry():
    p = Product([Normal(0, 1), Gamma(2)])
    assert np.exp(p).same_as(Product([Normal(0, 1) >> Exp(), Gamma(2) >> Exp()]))
    squares = p**2
    assert squares.components[0].logpdf(2.0) == (Normal(0, 1) ** 2).logpdf(2.0)
    scaled = p * np.array([2.0, 3.0])
    close(scaled.mean(), [0.0, 6.0])
    atoms = np.maximum(p, 1.0)
    assert atoms.measure == "mixed"
    close(atoms.pmf([1.0, 1.0]), Normal(0, 1).cdf(1.0) * Gamma(2).cdf(1.0))
    close(atoms.loglik([[1.0, 2.0]]), np.log(Normal(0, 1).cdf(1.0)) + Gamma(2).logpdf(2.0))
    with pytest.raises(UnsupportedOperationError, match="entropy"):
        entropy_estimate(atoms)


def test_maps_that_do_not_fit_are_refused():
    x = MultivariateNormal([3, 1], A)
    with pytest.raises(SupportError, match="P\\(X <= 0\\)"):
        np.log(x)
    with pytest.raises(UnsupportedOperationError, match="many-to-one"):
        x**2
    with pytest.raises(ShapeError, match="3 entries"):
        x >> MatrixAffine(0.0, np.eye(3))
    with pytest.raises(ShapeError, match="entries"):
        x + np.array([1.0, 2.0, 3.0])
    with pytest.raises(ShapeError, match="batch"):
        MultivariateNormal(np.zeros((3, 2)), np.eye(2)) >> MatrixAffine(np.zeros((2, 2)), np.eye(2))
    with pytest.raises(SupportError, match="not known"):
        np.log(SHEAR @ Product([Gamma(2), Gamma(3)]))
    positive = np.log(np.array([[1.0, 2.0], [0.5, 1.5]]) @ Product([Gamma(2), Gamma(3)]))
    assert np.isfinite(positive.logpdf(positive.rvs(rng=0)))
    with pytest.raises(UnsupportedOperationError, match="no density"):
        MultivariateNormal([0, 0], [[1, 1], [1, 1]]).logpdf([0, 0])
    with pytest.raises(UnsupportedOperationError, match="different dimension"):
        Mixture([0.5, 0.5], [MultivariateNormal([0, 0], A), MultivariateNormal([0, 0], [[1, 1], [1, 1]])]).logpdf(
            [0, 0]
        )
    with pytest.raises(UnsupportedOperationError, match="maximum"):
        Dirichlet([0.5, 1]).mode()


def test_a_singular_normal_has_draws_and_moments():
    flat = MultivariateNormal([1, 2], [[1, 2], [2, 4]])
    draws = flat.rvs(1000, rng=0)
    np.testing.assert_allclose(draws[:, 1] - 2, 2 * (draws[:, 0] - 1), atol=1e-12)
    assert flat.entropy() == -np.inf
    close(flat.cov(), [[1, 2], [2, 4]])
    assert flat.marginal(1).same_as(Normal(2, 2))


def test_moments_that_do_not_exist():
    cauchy, heavy = MultivariateT(1.0, [0, 1], A), MultivariateT(1.5, [0, 1], A)
    assert np.isnan(cauchy.mean()).all()
    assert heavy.mean().tolist() == [0.0, 1.0]
    assert np.isinf(np.diagonal(heavy.cov())).all()
    assert np.isnan(heavy.cov()[0, 1])
    assert np.isinf(heavy.var()).all()

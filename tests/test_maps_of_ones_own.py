"""Maps and laws that a user writes as classes: what is not said is found out, and no two are taken for each other."""

import numpy as np
import pytest

import densities as dn


class Stretched(dn.Bijection):
    """y = x + amount·tanh(x), by a number that is kept in an attribute, and a constructor that calls no other."""

    domain, codomain = dn.Real(), dn.Real()

    def __init__(self, amount, shape=np.tanh):
        self.amount, self.shape = amount, shape

    def forward_and_log_det(self, x):
        return x + self.amount * self.shape(x), np.log1p(self.amount * (1 - self.shape(x) ** 2))


def test_maps_of_ones_own_are_told_apart_by_their_attributes():
    X = dn.Normal()
    near, far = Stretched(1.0), Stretched(0.5)
    assert near.same_as(Stretched(1.0))
    assert near.inv.same_as(Stretched(1.0).inv)
    assert not near.same_as(far)
    assert not near.inv.same_as(far.inv)
    assert not near.same_as(Stretched(1.0, np.arctan))
    assert not Stretched([1.0, X]).same_as(Stretched([1.0, dn.Normal(1)]))
    assert Stretched({"by": np.ones(3), "of": (X,)}).same_as(Stretched({"by": np.ones(3), "of": (dn.Normal(),)}))
    assert dn.kl(X >> near, X >> Stretched(1.0)).value == 0.0
    found = dn.kl(X >> near, X >> far)
    assert 0.07 < found.value < 0.08
    drawn = dn.kl(X >> near, X >> far, method="montecarlo", rng=0)
    assert abs(found.value - drawn.value) < 6 * drawn.error
    (X >> near).logpdf(np.linspace(-3, 3, 100_000))  # what is kept for speed does not count
    assert near.same_as(Stretched(1.0))


def test_laws_of_ones_own_are_told_apart_by_their_attributes():
    class Ramp(dn.FromDensity):
        same_as = dn.Distribution.same_as

    X, wide = (Ramp(density, normalize=True) for density in (lambda x: -(x**2), lambda x: -(x**4)))
    assert X.same_as(X)
    assert not X.same_as(wide)


class Falling(dn.Bijection):
    """y = -2x, without a word on its direction."""

    domain = codomain = dn.Real()

    def forward_and_log_det(self, x):
        return -2.0 * x, np.log(2.0) + 0.0 * x


class FallingFast(dn.Bijection):
    """y = c/(x - 1) from (1, ∞) onto (0, ∞), for an array c of either sign onto the line."""

    domain, codomain = dn.Interval(1, np.inf), dn.Real()
    parameters = {"c": dn.Affine.parameters["loc"]}

    def forward_and_log_det(self, x):
        return self.params["c"] / (x - 1), np.log(np.abs(self.params["c"])) - 2 * np.log(x - 1)


class Within(Falling):
    """The same on an interval."""

    domain, codomain = dn.Interval(-3, 5), dn.Interval(-10, 6)


class Below(Falling):
    """The same on a half line."""

    domain, codomain = dn.Interval(-np.inf, 0), dn.Interval(0, np.inf)


class Turning(dn.Bijection):
    domain, codomain = dn.Real(), dn.Interval(0, np.inf)

    def forward_and_log_det(self, x):
        return x**2, np.log(np.abs(2 * x))


@pytest.mark.parametrize(
    ("t", "law", "named"),
    [
        (Falling(), dn.Normal(1, 1), dn.Normal(-2, 2)),
        (Within(), dn.Uniform(-1, 3), dn.Uniform(-6, 2)),
        (Below(), -dn.Exponential(1), dn.Exponential(2)),
    ],
    ids=["on the line", "between two ends", "on a half line"],
)
def test_the_direction_is_found(t, law, named):
    image = law >> t
    points = named.ppf([0.01, 0.3, 0.9])
    np.testing.assert_allclose(image.cdf(points), named.cdf(points), rtol=1e-12)
    np.testing.assert_allclose(image.isf(1e-10), named.isf(1e-10), rtol=1e-9)
    assert t.increasing is False
    assert t.inv.increasing is False


def test_the_direction_is_found_member_by_member():
    assert FallingFast([2.0, -3.0]).increasing.tolist() == [False, True]


class Exponential(dn.Bijection):
    """y = exp(x), without a word on where it goes."""

    def forward_and_log_det(self, x):
        return np.exp(x), x


class Squashed(dn.Bijection):
    """y = 3 - 2/(1 + exp(-x)), likewise."""

    def forward_and_log_det(self, x):
        return 3 - 2 / (1 + np.exp(-x)), np.log(2) - np.abs(x) - 2 * np.log1p(np.exp(-np.abs(x)))


def test_the_image_is_found():
    law = dn.Normal(0.2, 1.0)
    image, named = law >> Exponential(), dn.LogNormal(0.2, 1.0)
    assert str(image.support) == "(0, inf)"
    assert image.cdf(-1.0) == image.pdf(-1.0) == 0.0
    for q in (dn.Gamma(2), dn.Normal(0, 5)):
        found, true = dn.kl(image, q), dn.kl(named, q)
        assert abs(found.value - true.value) <= found.error + true.error
    inner = dn.Logistic() >> Squashed()
    np.testing.assert_allclose([float(end) for end in inner.support.edges], [1.0, 3.0], rtol=1e-15)
    assert dn.kl(inner, dn.Uniform(1, 3)).value == pytest.approx(0.0, abs=1e-12)


class Logarithm(dn.Bijection):
    def forward_and_log_det(self, x):
        return np.log(x), -np.log(x)


class ByNumbers(dn.Bijection):
    def forward_and_log_det(self, x):
        return (2 * x, np.log(2.0)) if x > 0 else (x, 0.0)


class Shares(dn.Bijection):
    def forward_and_log_det(self, x):
        return np.exp(x) / np.sum(np.exp(x), axis=-1, keepdims=True), x


class Rectified(dn.Bijection):
    def forward_and_log_det(self, x):
        return np.where(x > 0, x, 0.0), np.where(x > 0, 0.0, -np.inf)


class Unwritten(dn.Bijection):
    def forward(self, x):
        return x**3 + x


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (Turning, dn.NotMonotoneError, "got one that turns"),
        (Rectified, dn.NotMonotoneError, "got one that is constant from"),
        (Logarithm, dn.DomainError, "NaN at x = -17.4825; the class says where it is defined by `domain`"),
        (Shares, dn.ShapeError, "entries depend on others; .* by `domain`"),
        (ByNumbers, dn.ShapeError, "expected formulas of arrays, got ValueError"),
    ],
)
def test_what_contradicts_itself_is_refused(make, error, words):
    with pytest.raises(error, match=words):
        dn.Normal() >> make()


def test_a_formula_that_is_missing_is_asked_for():
    with pytest.raises(dn.UnsupportedOperationError, match=r"forward_and_log_det\(x\) is not written"):
        (dn.Normal() >> Unwritten()).pdf(1.0)
    with pytest.raises(dn.UnsupportedOperationError, match=r"inverse_and_log_det\(y\) is not written"):
        (V >> Bent(0.7)).pdf([1.0, 2.0])


V = dn.MultivariateNormal([0.3, -0.5], [[1.0, 0.4], [0.4, 0.7]])


class Bent(dn.Bijection):
    """y = (x_1, x_2 exp(s tanh x_1) + x_1²), without a matrix of slopes or a codomain."""

    domain = dn.RealVector(2)

    def __init__(self, s):
        self.s = s

    def forward_and_log_det(self, x):
        first, log_scale = x[..., 0], self.s * np.tanh(x[..., 0])
        return np.stack([first, x[..., 1] * np.exp(log_scale) + first**2], axis=-1), log_scale


class Coupled(Bent):
    def inverse_and_log_det(self, y):
        first, log_scale = y[..., 0], self.s * np.tanh(y[..., 0])
        return np.stack([first, (y[..., 1] - first**2) * np.exp(-log_scale)], axis=-1), -log_scale


def test_maps_of_vectors_obey_the_laws_and_cancel():
    assert dn.check_transform(Coupled(0.7)).ok
    p, q = V >> Coupled(0.7), V >> Coupled(0.3)
    assert dn.kl(p, V >> Coupled(0.7)).value == 0.0
    found, drawn = dn.kl(p, q), dn.kl(p, q, method="montecarlo", rng=0)
    assert abs(found.value - drawn.value) < 5 * drawn.error
    assert (p >> Coupled(0.7).inv) is V


def test_what_is_said_is_not_looked_for():
    class Said(Turning):
        increasing = True

    assert Said().increasing is True
    assert not dn.check_transform(Said()).ok

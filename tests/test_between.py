"""The canonical bijection between two supports."""

import itertools

import numpy as np
import pytest

import densities as dn
from densities.domains import Interval, Ordered, Product, Real, RealVector, Simplex

ENDS = [
    (-np.inf, np.inf),
    (0.0, np.inf),
    (2.0, np.inf),
    (-np.inf, 0.0),
    (-np.inf, -3.0),
    (0.0, 1.0),
    (-1.0, 4.0),
    (5.0, 6.0),
]


@pytest.mark.parametrize(("source", "target"), list(itertools.product(ENDS, ENDS)))
def test_it_is_an_increasing_bijection_onto_the_target(source, target):
    source, target = Interval(*source), Interval(*target)
    found = dn.between(source, target)
    carried = found.image(source)
    assert carried.same_as(target)
    middle = float(source.interior_point())
    x = middle + np.linspace(-0.4, 0.4, 9)
    y = found(x)
    assert np.all(np.diff(y) > 0)
    assert np.all(target.contains(y))
    np.testing.assert_allclose(found.inv(y), x, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (Real(), dn.Identity()),
        (Interval(0, np.inf), dn.Exp()),
        (Interval(0, 1), dn.Sigmoid()),
    ],
)
def test_from_the_line_it_is_the_map_by_its_name(target, expected):
    assert dn.between(Real(), target).same_as(expected)
    assert dn.between(target, Real()).same_as(expected.inv)


def test_a_law_seen_on_the_line_keeps_its_divergences():
    p, q = dn.Gamma(2.0), dn.LogNormal(0.2, 0.8)
    seen = [dn.reparametrise(law, Real()) for law in (p, q)]
    assert seen[0].support.is_real_line
    assert dn.kl(*seen).value == pytest.approx(dn.kl(p, q).value, rel=1e-13)
    assert dn.reparametrise(dn.Beta(2, 3), Interval(-1, 1)).mean() == pytest.approx(2 * 0.4 - 1)


def test_the_support_of_a_pushed_law_will_do():
    law = dn.reparametrise(np.exp(dn.Normal()) + 3, Interval(0, 1))
    assert law.support.same_as(Interval(0, 1))
    assert law.cdf(0.5) == pytest.approx(0.5)


def test_vectors_entry_by_entry():
    positive = Interval(0, np.inf)
    found = dn.between(RealVector(2), Product((positive, positive)))
    np.testing.assert_allclose(found(np.array([0.0, 1.0])), [1.0, np.e])
    assert dn.between(Product((positive, positive)), RealVector(2)).forward(np.ones(2)).tolist() == [0, 0]


@pytest.mark.parametrize(
    ("source", "target", "words"),
    [
        (Real(), RealVector(2), "dimensions differ"),
        (RealVector(2), RealVector(3), "no bijection"),
        (RealVector(3), Simplex(3), "no bijection"),
        (Simplex(3), Ordered(3), "no bijection"),
        (dn.Integers(), Real(), "no bijection"),
        (Real(), dn.Integers(), "no bijection"),
        (RealVector(2), Product((Real(), Interval(0, 1))), "different map"),
    ],
)
def test_where_there_is_none_it_says_so(source, target, words):
    with pytest.raises(dn.UnsupportedOperationError, match=words):
        dn.between(source, target)


@pytest.mark.parametrize(("source", "target"), [(0.0, Real()), (Real(), "positive"), (Interval(1, 1), Real())])
def test_what_is_no_domain_is_refused(source, target):
    with pytest.raises(dn.ParameterError, match=r"source|target"):
        dn.between(source, target)

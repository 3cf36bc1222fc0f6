"""Laws and maps never change: their parameters are for reading, and travel with copies."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from scipy import stats

from densities.distributions import (
    Binomial,
    Categorical,
    Delta,
    LogNormal,
    MultivariateNormal,
    Normal,
    Poisson,
    as_distribution,
    registry,
    truncate,
)
from densities.errors import UnsupportedOperationError
from densities.parameters import Parameters
from densities.transforms import Affine
from densities.transforms import registry as transforms

THINGS = [next(iter(e.instances())) for r in (registry, transforms) for e in r if e.examples]
WITH_PARAMETERS = [thing for thing in THINGS if thing.params]


@pytest.mark.parametrize("thing", WITH_PARAMETERS, ids=lambda thing: type(thing).__name__)
def test_parameters_cannot_be_set(thing):
    before = str(thing)
    for name in getattr(thing, "parameters", ()):
        with pytest.raises(UnsupportedOperationError, match=r"replace\("):
            setattr(thing, name, 3.0)
    for name in thing.params:
        with pytest.raises(UnsupportedOperationError, match="never change"):
            thing.params[name] = 3.0
    assert str(thing) == before


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p.update(loc=3.0),
        lambda p: p.pop("loc"),
        lambda p: p.popitem(),
        lambda p: p.clear(),
        lambda p: p.setdefault("loc", 3.0),
        lambda p: p.__delitem__("loc"),
        lambda p: p.__ior__({"loc": 3.0}),
    ],
)
def test_no_method_changes_parameters(change):
    law = Normal(1.0, 2.0)
    with pytest.raises(UnsupportedOperationError, match="never change"):
        change(law.params)
    assert law.params == {"loc": 1.0, "scale": 2.0}


@pytest.mark.parametrize(
    "law", [Normal([0.0, 1.0], 2.0), LogNormal(0.5, 2.0), MultivariateNormal([0.0, 1.0], np.eye(2))]
)
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda law: pickle.loads(pickle.dumps(law))])
def test_copies_have_the_same_parameters(law, copied):
    other = copied(law)
    assert other.same_as(law)
    assert type(other.params) is Parameters
    with pytest.raises(UnsupportedOperationError):
        other.params["loc"] = 0.0


def test_other_attributes_are_the_users():
    law, map_ = Normal(), Affine(0.0, 2.0)
    law.note = map_.note = "mine"
    assert law.note == map_.note == "mine"
    assert law.replace(scale=3.0).params == {"loc": 0.0, "scale": 3.0}


def test_arrays_that_a_law_keeps_are_for_reading():
    law = Normal([1.0, 2.0], 1.0)
    for kept in (law.params["loc"], pickle.loads(pickle.dumps(law)).params["loc"], copy.deepcopy(law).params["loc"]):
        with pytest.raises(ValueError, match="read-only"):
            kept[0] = 7.0
    for mixed in (Categorical([0.2, 0.3, 0.5]), np.clip(Normal(), -1, 2), truncate(Poisson(3), 1, 5)):
        with pytest.raises(ValueError, match="read-only"):
            mixed.atoms[1][0] = 0.9


@pytest.mark.parametrize(
    "law", [Normal([0, 1], 1), Binomial(5, [0.3, 0.4]), Delta([0, 1]), MultivariateNormal([0, 1], np.eye(2))], ids=str
)
def test_summaries_are_arrays_of_the_caller(law):
    for summary in ("mode", "mean", "var"):
        found = getattr(law, summary)()
        found += 1.0
        assert not np.array_equal(getattr(law, summary)(), found)


def test_a_kernel_density_estimate_keeps_its_points():
    estimate = stats.gaussian_kde(np.arange(5.0))
    law = as_distribution(estimate)
    before = law.pdf(0.3)
    estimate.dataset[:] = 100.0
    assert law.pdf(0.3) == before

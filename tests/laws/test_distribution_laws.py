"""Every registered family obeys every law of a distribution; so do images, mixtures and truncations."""

import pytest

from densities import distributions as laws
from densities import transforms as maps
from densities.validation import check_distribution

FAMILIES = [(entry.name, i) for entry in laws.registry for i, _ in enumerate(entry.instances())]


# Bessel sums, Owen's T and incomplete beta functions: more than two seconds each.
SLOW = {"von_mises", "skew_normal", "beta_prime", "noncentral_chi_squared", "rice", "alpha", "lindley"}
SLOW |= {"folded_normal", "folded_cauchy", "half_student_t", "half_generalized_normal", "semicircular"}
SLOW |= {"beta-1", "f-0", "f-1", "zipf-1"}
# Others that take long, and like which there are quicker ones.
SLOW |= {"kappa4", "reciprocal_inverse_gaussian", "generalized_pareto", "anglit", "generalized_extreme_value"}
SLOW |= {"power_function", "generalized_normal", "nakagami", "maxwell", "logit_normal", "half_logistic", "chi"}


def family(name, i):
    key = f"{name}-{i}"
    return pytest.param(name, i, id=key, marks=[pytest.mark.slow] * (i > 0 or bool({name, key} & SLOW)))


def instance(name, i):
    return list(laws.registry.get(name).instances())[i]


@pytest.mark.parametrize(("name", "i"), [family(*key) for key in FAMILIES])
def test_registered_families_obey_the_laws(name, i):
    check_distribution(instance(name, i)).require()


MADE = {
    "exp of normal": lambda: laws.Normal(0.5, 0.8) >> maps.Exp(),
    "sigmoid of normal": lambda: laws.Normal(0, 2) >> maps.Sigmoid(),
    "decreasing": lambda: laws.Gamma(2.5) >> maps.Affine(1, -2),
    "square of normal": lambda: laws.Normal(0.3, 1) >> maps.Square(),
    "abs of t": lambda: laws.StudentT(5) >> maps.Abs(),
    "mixture": lambda: laws.Mixture([0.3, 0.7], [laws.Normal(-2, 0.5), laws.Normal(1, 1)]),
    "mixture on different supports": lambda: laws.Mixture([0.5, 0.5], [laws.Exponential(), laws.Uniform(-1, 0.5)]),
    "truncated bulk": lambda: laws.truncate(laws.Normal(0, 1), -1, 2),
    "truncated tail": lambda: laws.truncate(laws.Normal(0, 1), 9.0),
    "relu of normal": lambda: laws.Normal(0.2, 1) >> maps.Relu(),
    "clip of normal": lambda: laws.Normal(0.2, 1) >> maps.Clip(-1, 2),
    "floor of exponential": lambda: laws.Exponential() >> maps.Floor(),
    "batch": lambda: laws.Normal([0.0, 1.0], [1.0, 2.0]),
}


MADE_SLOW = {"square of normal", "abs of t"}


def made(name):
    return pytest.param(name, marks=[pytest.mark.slow] * (name in MADE_SLOW))


@pytest.mark.parametrize("name", [made(name) for name in MADE])
def test_laws_made_of_laws_obey_the_laws(name):
    check_distribution(MADE[name]()).require()

"""D(p‖q) of every kind of law against a few others, both ways: a number that its lower bound allows, or typed words."""

import numpy as np
import pytest

import densities as dn
from densities.distributions import registry
from densities.divergences.mixtures import lower_bound
from densities.estimate import Status

NORMAL, UNIFORM, EXPONENTIAL, GAMMA = dn.Normal(), dn.Uniform(0, 1), dn.Exponential(1), dn.Gamma(2.5, 1)
MADE = {
    "sum": lambda: dn.sum_of(UNIFORM, EXPONENTIAL),
    "product": lambda: dn.product_of(UNIFORM, EXPONENTIAL),
    "ratio": lambda: dn.ratio_of(GAMMA, EXPONENTIAL),
    "minimum": lambda: dn.minimum(GAMMA, 3),
    "order statistic": lambda: dn.order_statistic(NORMAL, 2, 5),
    "mixture": lambda: dn.Mixture([0.4, 0.6], [NORMAL, dn.Laplace(2, 1)]),
    "truncated": lambda: dn.truncate(NORMAL, 1, 3),
    "square": lambda: NORMAL**2,
    "sine": lambda: np.sin(NORMAL),
    "floor": lambda: np.floor(GAMMA),
    "relu": lambda: NORMAL >> dn.Relu(),
    "symbolic": lambda: NORMAL >> dn.Symbolic("x**3 + x"),
    "function": lambda: NORMAL >> dn.FunctionTransform(lambda x: x + np.tanh(x)),
    "density": lambda: dn.FromDensity(lambda x: -(x**4) / 4, normalize=True),
}
OTHERS = {"student_t": dn.StudentT(2.5, 0.2, 1.3), "exponential": dn.Exponential(0.7), "poisson": dn.Poisson(2.2)}


def families():
    for entry in registry:
        law = next(iter(entry.instances()), None)
        if law is not None and not law.event_shape and not law.batch_shape:
            yield pytest.param(lambda law=law: law, id=entry.name, marks=pytest.mark.slow)


CASES = [*families(), *(pytest.param(make, id=name, marks=pytest.mark.slow) for name, make in MADE.items())]


@pytest.mark.parametrize("make", CASES)
def test_every_law_against_others(make):
    law = make()
    for other in OTHERS.values():
        for p, q in ((law, other), (other, law)):
            found = dn.kl(p, q)
            assert found.status.ok or found.reason
            assert found.value + found.error >= 0 or found.status is Status.NOT_CONVERGED
            if np.isfinite(found.value) and found.status.ok:
                assert lower_bound(p, q) <= found.value + found.error + 1e-9 * abs(found.value)


def test_a_product_is_bounded_as_the_mixture_it_is():
    """The density of a product of two uniforms is -log x."""
    p = dn.product_of(dn.Uniform(0, 1), dn.Uniform(0, 1))
    assert dn.kl(p, dn.Uniform(0, 1)).value == pytest.approx(1 - np.euler_gamma, rel=1e-9)

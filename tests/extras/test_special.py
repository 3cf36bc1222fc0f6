"""Special functions of other libraries, as formulas use them: against mpmath, to the rounding of the argument."""

import mpmath as mp
import numpy as np
import pytest
from scipy import special

import densities as dn
from densities.foreign.numbers import Foreign

torch = pytest.importorskip("torch", reason="torch is an extra")
jax = pytest.importorskip("jax", reason="jax is an extra")
pytestmark = pytest.mark.extras

jax.config.update("jax_enable_x64", True)
ARRAYS = {"torch": torch.tensor, "jax": jax.numpy.asarray}
SIZES = np.concatenate([10.0 ** np.linspace(-18, 2, 41), np.linspace(0.3, 37.3, 38), [8.0, 20.0]])
LINE = np.concatenate([-SIZES, SIZES])
UNIT = np.concatenate([10.0 ** np.linspace(-18, -0.01, 30), 1.0 - 10.0 ** np.linspace(-15.9, -0.3, 30)])
POSITIVE = 10.0 ** np.linspace(-200, 200, 101)


def normal(x):
    return mp.erfc(-x / mp.sqrt(2)) / 2


def log_normal(x):
    return mp.log(normal(x)) if x < 0 else mp.log1p(-normal(-x))


def inverse_erf(y):
    """By Newton's method on the complement, from a normal quantile."""
    size = abs(y)
    x = mp.mpf(-special.ndtri(float((1 - size) / 2)) / np.sqrt(2)) if size > 0.5 else mp.erfinv(size)
    for _ in range(4):
        x += (mp.erfc(x) - (1 - size)) * mp.sqrt(mp.pi) / 2 * mp.exp(x * x)
    return x if y > 0 else -x


# (truth, points, absolute tolerance): the logarithm of Γ and its slope pass through 0.
TRUTHS = {
    special.ndtr: (normal, LINE, 0.0),
    special.log_ndtr: (log_normal, LINE, 0.0),
    special.erf: (mp.erf, LINE, 0.0),
    special.erfc: (mp.erfc, LINE, 0.0),
    special.erfcx: (lambda x: mp.exp(x * x) * mp.erfc(x), LINE[LINE > -26], 0.0),
    special.erfinv: (inverse_erf, np.concatenate([UNIT, -UNIT]), 0.0),
    special.expit: (lambda x: 1 / (1 + mp.exp(-x)), LINE, 0.0),
    special.log_expit: (lambda x: -mp.log1p(mp.exp(-x)), LINE, 0.0),
    special.gammaln: (mp.loggamma, POSITIVE, 4e-15),
    special.digamma: (mp.digamma, POSITIVE, 4e-15),
}


@pytest.mark.parametrize("library", ARRAYS)
@pytest.mark.parametrize("function", TRUTHS, ids=lambda function: function.__name__)
def test_special_functions_are_those_of_mpmath(function, library):
    truth, points, absolute = TRUTHS[function]
    found = np.asarray(function(Foreign(ARRAYS[library](points))).array)
    with mp.workdps(40):
        for x, value in zip(points, found, strict=True):
            expected = float(truth(mp.mpf(x)))
            rounding = 2e-14 + 2e-16 * min(abs(x), 100.0) ** 2  # squares round
            assert abs(expected) < 1e-300 or value == pytest.approx(expected, rel=rounding, abs=absolute), x


@pytest.mark.parametrize("library", ARRAYS)
def test_the_slope_of_log_ndtr(library):
    points = LINE[np.abs(LINE) < 30]
    if library == "torch":
        x = torch.tensor(points, requires_grad=True)
        special.log_ndtr(Foreign(x)).array.sum().backward()
        found = x.grad.numpy()
    else:
        found = np.asarray(jax.vmap(jax.grad(lambda x: special.log_ndtr(Foreign(x)).array))(jax.numpy.asarray(points)))
    with mp.workdps(40):
        truth = [float(mp.npdf(mp.mpf(x)) / normal(mp.mpf(x))) for x in points]
    np.testing.assert_allclose(found, truth, rtol=2e-13)


@pytest.mark.parametrize("library", ARRAYS)
def test_tails_of_normal_laws_and_maps(library):
    """torch's own ndtr is 0 below -8, and JAX's log_ndtr 7 % off at 8."""
    x = ARRAYS[library](np.array([-30.0, -14.0, -8.0, 7.99, 8.0, 30.0]))
    law, host = dn.Normal(), np.asarray(x)
    for method in ("cdf", "sf", "logcdf", "logsf"):
        np.testing.assert_allclose(np.asarray(getattr(law, method)(x)), getattr(law, method)(host), rtol=2e-13)
    np.testing.assert_allclose(np.asarray(dn.NormalCdf().forward(x)), dn.NormalCdf().forward(host), rtol=2e-13)

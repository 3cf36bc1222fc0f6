"""Standard draws that NumPy makes faster than quantiles, and functions of them that every smooth function follows.

A draw of a law is a monotone function of a draw z of its stream. Polynomials and logarithms of z, less their means, are
control variates: a function that is smooth in z is nearly a sum of the first few.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy import special

__all__ = ["CONTROLS", "EXPONENTIAL", "NORMAL", "Quantile", "Stream", "gamma_stream"]

Quantile = Callable[[np.ndarray, np.ndarray], np.ndarray]
# How many controls a stream has, as the uniforms have.
CONTROLS = 3
# The shape of a gamma law above which no draw comes so near 0 that 1 + (z - a)/a has other digits than z/a.
CENTRED = 16.0


class Stream(NamedTuple):
    """`draw(generator, shape)` gives standard draws, `quantile(u, 1 - u)` the same by inversion, to the end of both tails.

    `follow(z, first, second, third)` writes three functions of mean zero, of z and its square or logarithm.
    """

    draw: Callable[[np.random.Generator, Any], np.ndarray]
    quantile: Quantile
    follow: Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], None]


def _normal_quantile(u: np.ndarray, rest: np.ndarray) -> np.ndarray:
    return np.copysign(special.ndtri(np.minimum(u, rest)), u - rest)


def _hermite(z: np.ndarray, first: np.ndarray, second: np.ndarray, third: np.ndarray) -> None:
    """z, z² - 1 and z³ - 3z."""
    first[:] = z
    np.multiply(z, z, out=second)
    np.subtract(second, 3.0, out=third)
    third *= z
    second -= 1.0


def _exponential_quantile(u: np.ndarray, rest: np.ndarray) -> np.ndarray:
    return np.where(u < rest, -np.log1p(-u), -np.log(rest))


def gamma_stream(a: float, quantile: Quantile, lag: float) -> Stream:
    """Draws of the gamma law of shape a, and z - a, (z - a)² - a and log z - ψ(a), where `lag` is log a - ψ(a).

    What follows log z has coefficients as large as a: of a large a, log(z/a) is told by z - a, and nothing large cancels.
    """
    mean_log = float(special.digamma(a))

    def follow(z: np.ndarray, first: np.ndarray, second: np.ndarray, third: np.ndarray) -> None:
        np.subtract(z, a, out=first)
        np.multiply(first, first, out=second)
        second -= a
        if a > CENTRED:
            np.log1p(np.divide(first, a, out=third), out=third)
            np.add(third, lag, out=third)
        else:
            np.log(z, out=third)
            third -= mean_log

    return Stream(lambda rng, shape: rng.standard_gamma(a, shape), quantile, follow)


NORMAL = Stream(lambda rng, shape: rng.standard_normal(shape), _normal_quantile, _hermite)
EXPONENTIAL = gamma_stream(1.0, _exponential_quantile, np.euler_gamma)._replace(
    draw=lambda rng, shape: rng.standard_exponential(shape)
)

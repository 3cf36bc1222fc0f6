"""The Bregman remainder of log Gamma, from which the gamma, Weibull, beta and Dirichlet divergences are made.

B(y, x) = lnG(y) - lnG(x) - (y - x) psi(x), with Stirling's lnG(x) = (x - 1/2) log x - x + log(2 pi)/2 + mu(x), is
    [y log(y/x) - y + x]  +  [d - log(1 + d)]/2  +  [mu(y) - mu(x) - (y - x) mu'(x)],      d = (y - x)/x,
three nonnegative terms (Binet's mu is completely monotone), the first of which cancels by hand in the divergences.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from densities.divergences.closed_forms.elementary import (
    BERNOULLI,
    EPS,
    SAFETY,
    TINY,
    Bounded,
    as_bounded,
    horner,
    log_excess,
    log_ratio,
    near,
    total,
)

SHIFT = 12  # the asymptotic series starts at x >= 12, where its ninth term is below 1e-18 of the first
MU_SERIES = [b / ((2 * k + 1) * (2 * k + 2)) for k, b in enumerate(BERNOULLI[:8])]  # mu(x) x
SLOPE_SERIES = [-b / (2 * k + 2) for k, b in enumerate(BERNOULLI[:8])]  # mu'(x) x^2
NODES, WEIGHTS = np.polynomial.legendre.leggauss(20)  # on [1, 2] the nearest singularity 0 gives 5.8^-40


def _step(x: Any) -> tuple[Any, Any]:
    """mu(x) - mu(x+1) and mu'(x) - mu'(x+1), by series in y = 1/(2x + 1) for x >= 1/2.

    mu(x) - mu(x+1) = atanh(y)/y - 1 and its derivative 2 atanh(y) - 2y/(1 - y^2) lose their leading terms.
    """
    y = 1 / (2 * x + 1)
    inside, small = near(y, 0.5001)
    w = small * small
    rise = w * horner(w, [1 / (2 * k + 3) for k in range(26)])
    slope = -2 * small * w * horner(w, [(2 * k + 2) / (2 * k + 3) for k in range(26)])
    safe = np.where(inside, 0.25, x)
    log_step = np.log1p(safe) - np.log(safe)
    return (
        np.where(inside, rise, (safe + 0.5) * log_step - 1),
        np.where(inside, slope, log_step - (safe + 0.5) / (safe * (safe + 1))),
    )


def binet(x: Any) -> tuple[Any, Any]:
    """mu(x) and x mu'(x) for x > 0 (Whittaker & Watson 12.31), both to a few ulps."""
    x = np.asarray(x, dtype=float)
    top = x + SHIFT
    w = 1 / top**2
    value, slope = horner(w, MU_SERIES) / top, horner(w, SLOPE_SERIES) * w
    for k in reversed(range(SHIFT)):
        rise, tilt = _step(x + k)
        value, slope = value + rise, slope + tilt
    return value, slope * x


def binet_curvature(u: Any) -> Any:
    """u^2 mu''(u), between 1/2 at u = 0 and 1/(6u): mu''(u) - mu''(u+1) = 1/(2 u^2 (u+1)^2)."""
    top = u + SHIFT
    value = horner(1 / top**2, BERNOULLI[:8]) / top * (u / top) ** 2
    for k in reversed(range(SHIFT)):
        value = value + 0.5 * (u / (u + k) if k else 1.0) ** 2 / (u + k + 1) ** 2
    return value


def binet_remainder(x: Any, y: Any, d: Any) -> Bounded:
    """mu(y) - mu(x) - (y - x) mu'(x) >= 0: an integral of mu'' where 1/2 <= y/x <= 2."""
    x, y, d = np.broadcast_arrays(*(np.asarray(arg, dtype=float) for arg in (x, y, d)))
    inside = (d >= -0.5) & (d <= 1.0)
    small = np.where(inside, d, 0.0)[..., None]
    v = 1 + small * (NODES + 1) / 2
    weight = WEIGHTS / 2 * small**2 * (1 - (NODES + 1) / 2) / v**2
    integral = np.sum(weight * binet_curvature(x[..., None] * v), axis=-1)
    if inside.all():
        return Bounded(integral, 2 * SAFETY * EPS * integral + TINY)
    mu_x, slope = binet(x)
    mu_y, _ = binet(y)
    far = total(mu_y, -mu_x, -d * slope)
    return Bounded(
        np.where(inside, integral, far.value), np.where(inside, 2 * SAFETY * EPS * integral + TINY, far.bound)
    )


def shape_remainder(x: Any, y: Any, d: Any) -> Bounded:
    """B(y, x) - [y log(y/x) - y + x] = [d - log(1 + d)]/2 + Binet's remainder; d = (y - x)/x as exactly as known."""
    inside, small = near(d)
    return total(np.where(inside, log_excess(small), d - log_ratio(y, x)) / 2, binet_remainder(x, y, d))


def scale_remainder(x: Any, y: Any, d: Any) -> Bounded:
    """y log(y/x) - y + x >= 0."""
    inside, small = near(d)
    series = (1 + small) * log_excess(-small / (1 + small))
    return as_bounded(np.where(inside, x * series, y * log_ratio(y, x) - y + x))


def lngamma_remainder(x: Any, y: Any, d: Any) -> Bounded:
    """B(y, x) = lnG(y) - lnG(x) - (y - x) psi(x) >= 0."""
    return total(scale_remainder(x, y, d), shape_remainder(x, y, d))


def log_gamma(x: Any) -> Bounded:
    """log Gamma(x); near its zeros at 1 and 2 it is right absolutely, not relatively."""
    value = special.gammaln(x)
    return Bounded(value, SAFETY * EPS * (1 + np.abs(value)))


def log_beta(a: Any, b: Any) -> Bounded:
    """log B(a, b), a difference of log Gammas up to a + b = 1e6."""
    value = special.betaln(a, b)
    return Bounded(value, SAFETY * EPS * (1 + np.abs(value) + np.abs(special.gammaln(a + b))))

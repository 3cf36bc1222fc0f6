"""Whether an integral converges toward an end, from the exponents of its integrand there.

With u = |log distance| growing outward and g(u) = log(|f|·distance), the integral toward the end is ∫e^g du. Far out

    g(u) = a + s·u + c·log u + e/u + ...

so it is finite for s < 0 and infinite for s > 0; where s = 0 (tails that are powers of log x) the second order c + 1,
the slope of g + log u against log u, decides in the same way. Nothing is judged by its size: the integrand of t(2.001)
against a normal falls by a factor e in 1000 units of log x, and only its exponent tells it from t(2).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np

from densities.errors import ParameterError, argument_error

__all__ = ["Tail", "Verdict", "tail_verdict"]

EPS = float(np.finfo(float).eps)
U = 2.0 ** np.arange(-2, 21)  # 1/4 ... 10⁶ in log distance
POINTS = 5  # the last in a row that can be trusted give the exponent
# Exponents are formed from rounded parameters: nearer to the border than this the symbolic ones must decide.
MARGIN = 1e-9
# Second order: how small s must be seen to be, and how far from 0 and -1 its c.
FLAT, SECOND = 1e-13, 1e-3
# Relative to |g|: beyond this, what is left of two logarithms that cancel is noise.
TRUSTED = 1e-6
# The coefficients s·u and c of a + (s·u)x + c·log x + (e/u)/x through x = 1/8, 1/4, 1/2, 1.
X = np.array([0.125, 0.25, 0.5, 1.0])
FIRST_ORDER, SECOND_ORDER = np.linalg.inv(np.stack([np.ones(4), X, np.log(X), 1 / X], axis=1))[1:3]
GAIN = float(np.abs(FIRST_ORDER).sum())


class Verdict(IntEnum):
    FINITE = -1
    UNDECIDED = 0
    INFINITE = 1


@dataclass(frozen=True)
class Tail:
    """Arrays, one entry for each problem: the `Verdict`; s; c + 1; the u up to which the integrand was trusted."""

    verdict: np.ndarray
    exponent: np.ndarray
    second: np.ndarray
    reach: np.ndarray


def tail_verdict(
    log_integrand: Callable[[np.ndarray], Any],
    direction: int = 1,
    *,
    log_scale: Any = 0.0,
    noise: Callable[[np.ndarray], Any] | None = None,
) -> Tail:
    """FINITE, INFINITE or UNDECIDED for ∫f toward infinity (direction 1) or toward a finite end or pole (direction -1).

    `log_integrand(L)` is log(|f|·distance) at log-distances L from the end, or from any fixed point, of shape (n,), or
    (P, n) where `log_scale` is (P,); it returns (n,) or (P, n). The distances are e^(log_scale ± u), u = 1/4 ... 10⁶:
    `log_scale` is where the tail begins, and nearly all of them lie beyond the doubles. -inf is an integrand of zero,
    or less than doubles can say; NaN is one that is not known. `noise(L)` is the absolute error of log_integrand, by
    default eps·(|g| + |L|): give eps·(|log p| + |log|t|| + |L|) where these cancel; the exponent is taken where that
    is below 1e-6 of |g|.

    The verdict is FINITE or INFINITE where |s| > 1e-9 and two fits agree on it, where growth or decay accelerates, or
    by the second order where that is at least 1e-3 from its borders and s is below 1e-13. Never INFINITE on a border:
    t(2) against a normal is UNDECIDED. Nor is anything told from the size: however small the density of normal(1, 1e-4) is
    at 0, 1/x has no mean under it. Raises ParameterError for a direction that is not ±1.
    """
    if direction not in (1, -1):
        raise ParameterError(argument_error("direction", "1 (toward infinity) or -1 (toward a finite end)", direction))
    with np.errstate(all="ignore"):
        L = np.asarray(log_scale, dtype=float)[..., None] + direction * U
        g = np.asarray(log_integrand(L), dtype=float)
        error = EPS * (np.abs(g) + np.abs(L)) if noise is None else np.asarray(noise(L), dtype=float)
        error = np.broadcast_to(np.where(g == -np.inf, 0.0, error), g.shape)
        return _judge(g, error)


def _judge(g: np.ndarray, error: np.ndarray) -> Tail:
    trusted: np.ndarray = (g < np.inf) & (error <= TRUSTED * np.maximum(1.0, np.abs(g)))
    windows = np.lib.stride_tricks.sliding_window_view(trusted, POINTS, axis=-1)
    window = np.all(windows, axis=-1)
    known = window.any(-1)
    # where the last window of trusted points ends
    last = POINTS - 1 + window.shape[-1] - 1 - np.asarray(window)[..., ::-1].argmax(-1)
    index = last[..., None] + np.arange(1 - POINTS, 1)
    g, u = np.take_along_axis(g, index, -1), U[index]
    errors = np.take_along_axis(error, index, -1)
    error, end = errors.max(-1), u[..., -1]

    s, s_before = g[..., 1:] @ FIRST_ORDER / end, g[..., :-1] @ FIRST_ORDER / u[..., -2]
    c, c_before = g[..., 1:] @ SECOND_ORDER, g[..., :-1] @ SECOND_ORDER
    slope = np.diff(g) / np.diff(u)
    second = np.diff(g) / np.log(2.0) + 1
    # s is seen where it exceeds its noise and two fits agree on it; it is trusted only beyond the margin.
    seen = np.abs(s) > np.maximum(FLAT + 3 * GAIN * error / end, 3 * np.abs(s - s_before))
    settled = seen & (np.abs(s) > MARGIN)
    certain = slope - 2 * (errors[..., 1:] + errors[..., :-1]) / np.diff(u) > MARGIN
    accelerating = certain[..., 1:].all(-1) & (np.diff(slope[..., 1:]) >= 0).all(-1)
    slack = SECOND * np.abs(second[..., -1]) + 3 * error
    receding = (second[..., -1] < -SECOND - 3 * error) & (np.diff(second[..., 1:]) <= slack[..., None]).all(-1)
    flat = np.maximum(np.abs(s), np.abs(s_before)) < FLAT
    steady = flat & (np.abs(c - c_before) < SECOND) & (c > SECOND - 1) & (np.abs(c) > SECOND)

    vanished = g[..., -1] == -np.inf
    finite = vanished | (settled & (s < 0)) | (receding & ~(seen & (s > 0)))
    infinite = ~finite & ((settled & (s > 0)) | accelerating | steady)
    verdict = np.where(finite, Verdict.FINITE, np.where(infinite, Verdict.INFINITE, Verdict.UNDECIDED))
    return Tail(
        verdict=np.where(known, verdict, Verdict.UNDECIDED),
        exponent=np.where(known, np.where(vanished, -np.inf, s), np.nan),
        second=np.where(known, np.where(vanished, -np.inf, c + 1), np.nan),
        reach=np.where(known, end, 0.0),
    )

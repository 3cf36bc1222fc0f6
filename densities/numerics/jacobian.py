"""Derivatives of functions that come without one, each with its own error.

The complex step f'(x) = Im f(x + ih)/h has no subtraction and is right to rounding where f is analytic and its code
takes complex numbers; it is believed only where a difference quotient agrees. Elsewhere Ridders' extrapolation decides:
it halves the step from the scale of x (or half the way to the nearest end of the domain) down to rounding, so that no
scale need be known.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from densities.errors import ShapeError, argument_error

__all__ = ["Jacobian", "LogDerivative", "jacobian", "log_derivative"]

Function = Callable[[Any], Any]
EPS = float(np.finfo(float).eps)
LEAST = float(np.finfo(float).tiny)  # below it special functions flush to 0, and others lose their digits
STEPS = 60
COMPLEX_STEP = 1e-20


class LogDerivative(NamedTuple):
    """log|f'(x)|, -inf where f' = 0; the `sign` of f'; `error` of the log, inf where f' is not known to 10 %."""

    log: Any
    sign: Any
    error: Any


class Jacobian(NamedTuple):
    """`matrix` (..., m, n) of ∂f_i/∂x_j, and the absolute `error` of each entry."""

    matrix: np.ndarray
    error: np.ndarray


def log_derivative(f: Function, x: Any, domain_low: Any = -np.inf, domain_high: Any = np.inf) -> LogDerivative:
    """log|f'(x)| of an elementwise f at points inside the open domain, which no step leaves; NaN outside it.

    The error is an estimate that covers rounding: about 1e-15 where the complex step serves, 1e-13 to 1e-10 elsewhere.
    """
    x, low, high = np.broadcast_arrays(*(np.asarray(a, dtype=float) for a in (x, domain_low, domain_high)))
    with np.errstate(all="ignore"):
        slope, error = _derivative(f, x, np.minimum(x - low, high - x))
        slope = np.where((x > low) & (x < high), slope, np.nan)
        relative = error / np.abs(slope)
        log = np.log(np.abs(slope))
        error = np.where(relative < 0.1, EPS * np.abs(log) - np.log1p(-relative), np.inf)
    return LogDerivative(log[()], np.sign(slope)[()], error[()])


def jacobian(f: Function, x: Any) -> Jacobian:
    """∂f_i/∂x_j of f: (..., n) -> (..., m) at x (..., n). Raises ShapeError where x or f(x) has no vector axis."""
    x = np.asarray(x, dtype=float)
    if x.ndim == 0:
        raise ShapeError(argument_error("x", "shape (..., n)", x.shape))
    columns = []
    for j in range(x.shape[-1]):

        def along(t: Any, j: int = j) -> Any:
            point = x.astype(np.result_type(t))
            point[..., j] = t
            return np.moveaxis(np.asarray(f(point)), -1, 0)

        if np.ndim(f(x)) != x.ndim:
            raise ShapeError(argument_error("f", "a function to shape (..., m)", np.shape(f(x))))
        with np.errstate(all="ignore"):
            columns.append(_derivative(along, x[..., j], np.full(x.shape[:-1], np.inf)))
    matrix, error = (np.moveaxis(np.stack(part, axis=-1), 0, -2) for part in zip(*columns, strict=True))
    return Jacobian(matrix, error)


def _derivative(g: Function, x: np.ndarray, room: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(g'(x), absolute error); steps stay within half of `room`."""
    slope, error = _ridders(g, x, 0.5 * np.minimum(room, np.maximum(np.abs(x), 1.0)))
    tiny = COMPLEX_STEP * np.minimum(room, np.where(x == 0, 1e-80, np.abs(x)))
    imaginary = _complex_step(g, x, tiny)
    # g may round its argument, as sin(1000 x) does: the derivatives beside x tell what that amounts to.
    shift = np.minimum(4 * EPS * np.abs(x), 0.5 * room)
    beside = [np.abs(_complex_step(g, x + side, tiny) - imaginary) for side in (-shift, shift)]
    rounding = 8 * (EPS * np.abs(imaginary) + LEAST / tiny) + np.maximum(*beside)
    agrees = np.abs(imaginary - slope) <= np.maximum(4 * error, rounding)
    return np.where(agrees, imaginary, slope), np.where(agrees, rounding, error)


def _complex_step(g: Function, x: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Im g(x + ih)/h; NaN where g does not take complex numbers."""
    try:
        return np.imag(g(x + 1j * step)) / step
    except (TypeError, ValueError):
        return np.asarray(np.nan)


def _ridders(g: Function, x: np.ndarray, step: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(g'(x), absolute error) by polynomial extrapolation of central differences with steps h, h/2, h/4, ...

    C. J. F. Ridders, Adv. Eng. Software 4 (1982) 75. Of all entries of the table the one that differs least from the
    two it was made from is taken; its error is that difference, and never less than the rounding over the step: of g,
    taken to be right to 2 eps, and of x ± h. Steps are powers of two, so that x ± h are mostly exact.
    """
    step = np.exp2(np.floor(np.log2(step)))
    best: Any = np.nan
    least: Any = np.inf
    previous: list[Any] = []
    for k in range(STEPS):
        right, left = x + step, x - step
        above, below = np.asarray(g(right), dtype=float), np.asarray(g(left), dtype=float)
        row = [(above - below) / (right - left)]
        skew = np.abs((right - x) - (x - left)) * np.abs(row[0])
        rounding = 2 * (np.maximum(EPS * np.maximum(np.abs(above), np.abs(below)), LEAST) + skew) / step
        for j in range(min(k, 6)):
            row.append(row[j] + (row[j] - previous[j]) / (4.0 ** (j + 1) - 1.0))
            error = np.maximum(np.abs(row[-1] - row[j]), np.abs(row[-1] - previous[j])) + 2 * rounding
            better = error < least
            best, least = np.where(better, row[-1], best), np.where(better, error, least)
        if np.all((least <= 1e-14 * np.abs(best)) | (2 * rounding > least)) and k >= 8:
            break
        previous = row
        step = 0.5 * step
    return best, least

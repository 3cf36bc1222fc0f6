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
STEPS = 60  # at the most, each half as long as the one before
COMPLEX_STEP = 1e-20  # of the size of x: its square is nothing beside 1, and nothing is subtracted
# A slope is looked at again with steps at which rounding is this part of it, and sought below BACK of them if it is not one.
CHECKS, BACK = (1e-4, 1e-2), 8.0
# Where central differences know a slope no better than this, those to the roomier side may.
POOR = 1e-12


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
        slope, error = _derivative(f, x, x - low, high - x)
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
            endless = np.full(x.shape[:-1], np.inf)
            columns.append(_derivative(along, x[..., j], endless, endless))
    matrix, error = (np.moveaxis(np.stack(part, axis=-1), 0, -2) for part in zip(*columns, strict=True))
    return Jacobian(matrix, error)


def _derivative(g: Function, x: np.ndarray, below: np.ndarray, above: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(g'(x), absolute error); steps stay within half of the room `below` and `above` x."""
    room = np.minimum(below, above)
    scale = np.maximum(np.abs(x), 1.0)
    widest = 0.5 * np.minimum(room, scale)
    slope, error = _ridders(g, x, widest)
    for part in CHECKS:
        slope, error = _looked_again(g, x, slope, error, widest, part)
    poor = (error > POOR * np.abs(slope)) & (room < scale)
    if np.any(poor):
        side = np.where(above > below, 1.0, -1.0)
        other, its_error = _ridders(g, x, 0.5 * np.minimum(np.maximum(below, above), scale), side)
        better = poor & (its_error < error) & (np.abs(other - slope) <= 4 * error)
        slope, error = np.where(better, other, slope), np.where(better, its_error, error)
    tiny = COMPLEX_STEP * np.minimum(room, np.where(x == 0, 1e-80, np.abs(x)))
    imaginary = _complex_step(g, x, tiny)
    # g may round its argument, as sin(1000 x) does: the derivatives beside x tell what that amounts to.
    shift = np.minimum(4 * EPS * np.abs(x), 0.5 * room)
    beside = [np.abs(_complex_step(g, x + side, tiny) - imaginary) for side in (-shift, shift)]
    rounding = 8 * (EPS * np.abs(imaginary) + LEAST / tiny) + np.maximum(*beside)
    agrees = np.abs(imaginary - slope) <= np.maximum(4 * error, rounding)
    return np.where(agrees, imaginary, slope), np.where(agrees, rounding, error)


def _looked_again(
    g: Function, x: np.ndarray, slope: np.ndarray, error: np.ndarray, widest: np.ndarray, part: float
) -> tuple[np.ndarray, np.ndarray]:
    """A slope and its error, found again from small steps where these refute it, as of waves that large ones leap over.

    The step is one at which rounding is `part` of the slope. Where g is rougher than rounding the new slope is not
    confirmed by further steps, and the old one stays.
    """
    step = np.exp2(np.ceil(np.log2(2 * (EPS * np.abs(g(x)) + LEAST) / (part * np.abs(slope)))))
    step = np.max(step, axis=tuple(range(step.ndim - x.ndim)))  # of all components of a vector
    step = np.minimum(np.maximum(step, 8 * EPS * np.abs(x)), widest)
    refuted = np.abs(_quotient(g, x, step) - slope) > 8 * part * np.abs(slope) + 4 * error
    if not np.any(refuted):
        return slope, error
    found, its_error = _ridders(g, x, np.minimum(BACK * step, widest))
    for share in (0.75, 0.625):
        refuted &= np.abs(_quotient(g, x, share * step) - found) <= 8 * part * np.abs(found)
    return np.where(refuted, found, slope), np.where(refuted, its_error, error)


def _quotient(g: Function, x: np.ndarray, step: np.ndarray) -> np.ndarray:
    right, left = x + step, x - step
    return (np.asarray(g(right), dtype=float) - np.asarray(g(left), dtype=float)) / (right - left)


def _complex_step(g: Function, x: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Im g(x + ih)/h; NaN where g does not take complex numbers."""
    try:
        return np.imag(g(x + 1j * step)) / step
    except (TypeError, ValueError):
        return np.asarray(np.nan)


def _ridders(g: Function, x: np.ndarray, step: np.ndarray, side: Any = None) -> tuple[np.ndarray, np.ndarray]:
    """(g'(x), absolute error) by polynomial extrapolation of differences with steps h, h/2, h/4, ...

    They are central ones, or go to one `side` (±1) of x only, where they are a series in h and not in h².

    C. J. F. Ridders, Adv. Eng. Software 4 (1982) 75. Of all entries of the table the one that differs least from the
    two it was made from is taken; its error is that difference, and never less than the rounding over the step: of g,
    taken to be right to 2 eps, and of x ± h. Steps are powers of two, so that x ± h are mostly exact.
    """
    step = np.exp2(np.floor(np.log2(step)))
    central = side is None
    ratio, side = (4.0, 0.0) if central else (2.0, side)
    best: Any = np.nan
    least: Any = np.inf
    previous: list[Any] = []
    for k in range(STEPS):
        right, left = x + (side >= 0) * step, x - (side <= 0) * step
        above, below = np.asarray(g(right), dtype=float), np.asarray(g(left), dtype=float)
        row = [(above - below) / (right - left)]
        skew = np.abs((right - x) - (x - left)) * np.abs(row[0]) if central else 0.0
        rounding = 2 * (np.maximum(EPS * np.maximum(np.abs(above), np.abs(below)), LEAST) + skew) / step
        for j in range(min(k, 6)):
            row.append(row[j] + (row[j] - previous[j]) / (ratio ** (j + 1) - 1.0))
            error = np.maximum(np.abs(row[-1] - row[j]), np.abs(row[-1] - previous[j])) + 2 * rounding
            better = error < least
            best, least = np.where(better, row[-1], best), np.where(better, error, least)
        if np.all((least <= 1e-14 * np.abs(best)) | (2 * rounding > least)) and k >= 8:
            break
        previous = row
        step = 0.5 * step
    return best, least

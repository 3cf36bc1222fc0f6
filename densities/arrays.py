"""Shapes, dtypes and blocks: how what a user passes becomes points, and how results go back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from densities.errors import ShapeError, argument_error

# Doubles in a block whose buffers stay in the second-level cache (measured: 16k to 32k is best on one thread).
BLOCK = 32_768


def quiet() -> Any:
    """The floating-point state in which formulas run: no warning escapes."""
    return np.errstate(all="ignore")


def identity(x: Any) -> Any:
    return x


def as_points(x: Any) -> tuple[np.ndarray, Callable[[Any], Any]]:
    """`x` as a float array, and the function that gives a result the kind of `x`: a scalar for a scalar.

    float32 stays float32; integers and booleans become float64; complex, text and ragged input is refused.
    """
    if isinstance(x, float):
        return np.asarray(x, dtype=float), float
    if isinstance(x, np.ndarray) and x.dtype in (np.float64, np.float32):
        return x, identity if x.ndim else np.float64
    try:
        points = np.asarray(x)
    except ValueError:
        raise ShapeError(argument_error("x", "an array of numbers", x)) from None
    if points.dtype == object:
        return points, identity
    if isinstance(x, np.ma.MaskedArray) or points.dtype.kind not in "iufb":
        raise ShapeError(argument_error("x", "real numbers", x))
    if points.dtype not in (np.float32, np.float64):
        points = points.astype(float)
    return points, identity if points.ndim else points.dtype.type


def in_blocks(function: Callable[[np.ndarray], Any], x: np.ndarray) -> np.ndarray:
    """function(x) for an elementwise function of a large array, block by block into one preallocated result."""
    if x.size <= 2 * BLOCK:
        return function(x)
    flat = np.ascontiguousarray(x).reshape(-1)
    result = np.empty_like(flat)
    for start in range(0, flat.size, BLOCK):
        result[start : start + BLOCK] = function(flat[start : start + BLOCK])
    return result.reshape(x.shape)

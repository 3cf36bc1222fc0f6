"""Numbers that do not saturate: a value as an anchor and an offset, with the logarithm of the offset.

`numbers` has the arrays and their arithmetic, `functions` what the functions of NumPy and SciPy do to them.
"""

from densities.anchored import functions
from densities.anchored.numbers import (
    LOG2,
    Anchored,
    anchored,
    choose,
    is_pure,
    is_safe,
    log_abs,
    multiply_add,
    pure,
    sign,
    two_sum,
    undrowned,
    value,
    where,
)

__all__ = [
    "LOG2",
    "Anchored",
    "anchored",
    "choose",
    "functions",
    "is_pure",
    "is_safe",
    "log_abs",
    "multiply_add",
    "pure",
    "sign",
    "two_sum",
    "undrowned",
    "value",
    "where",
]

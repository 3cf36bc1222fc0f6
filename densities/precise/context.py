"""The context of mpmath in which precise numbers live: one for each thread, apart from the one that users set."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_local = threading.local()


def context() -> Any:
    """The multiprecision context of this thread; mpmath is loaded at first use."""
    if not hasattr(_local, "context"):
        import mpmath

        own = mpmath.mp.clone()
        own._mp, own._iv, own._fp = own, mpmath.iv, mpmath.fp
        _local.context = own
    return _local.context


@contextmanager
def digits(n: float) -> Iterator[Any]:
    """Work with n decimal digits."""
    with bits(int(n * 3.3219280948873626) + 4) as mp:
        yield mp


@contextmanager
def bits(n: int) -> Iterator[Any]:
    """Work with n binary digits."""
    mp = context()
    before = mp.prec
    mp.prec = n
    try:
        yield mp
    finally:
        mp.prec = before


@contextmanager
def literal() -> Iterator[None]:
    """Inside, every double is the number it is: the formulas are a user's, who may mean 0.30000000000000004."""
    before = is_literal()
    _local.literal = True
    try:
        yield
    finally:
        _local.literal = before


def is_literal() -> bool:
    return getattr(_local, "literal", False)


def public(x: Any) -> Any:
    """A number of this thread's context as an mpf of `mpmath.mp`, with all its digits."""
    import mpmath

    return mpmath.mp.make_mpf(x._mpf_)

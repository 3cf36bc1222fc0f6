"""A law as the frozen laws of scipy.stats are: the same methods under the same names."""

from __future__ import annotations

from typing import Any

import numpy as np

from densities.anchored import value
from densities.distributions.base import Univariate
from densities.errors import UnsupportedOperationError, argument_error
from densities.protocols import as_distribution

SHARED = ("pdf", "logpdf", "pmf", "logpmf", "cdf", "sf", "logcdf", "logsf", "ppf", "isf", "mean", "var", "std")
SHARED_TOO = ("median", "entropy", "interval")


class Frozen:
    """What `to_scipy` gives: pdf, logpdf, cdf, sf, logcdf, logsf, ppf, isf, mean, var, std, median, entropy, interval of the
    law, and `rvs`, `support`, `moment`, `stats`, `expect` with SciPy's arguments; for laws with atoms also pmf and logpmf.
    """

    def __init__(self, law: Univariate):
        self.law = law

    def __getattr__(self, name: str) -> Any:
        atoms = name not in ("pmf", "logpmf") or self.__dict__["law"].measure != "lebesgue"
        if name in (*SHARED, *SHARED_TOO) and atoms:
            return getattr(self.law, name)
        raise AttributeError(f"the frozen law of {self.__dict__.get('law')} has no {name!r}")

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *SHARED, *SHARED_TOO})

    def __reduce__(self) -> tuple[Any, ...]:
        return Frozen, (self.law,)

    def __repr__(self) -> str:
        return f"to_scipy({self.law})"

    def support(self) -> tuple[Any, Any]:
        """The ends of the support."""
        low, high = (np.asarray(value(end), dtype=float)[()] for end in self.law.support.edges)
        return low, high

    def rvs(self, size: Any = 1, random_state: Any = None) -> Any:
        """Draws of shape `size`, which includes the batch, as in SciPy: one number for 1."""
        shape = (size,) if np.ndim(size) == 0 else tuple(size)
        batch = self.law.batch_shape
        if shape == (1,):
            return self.law.rvs(rng=_generator(random_state))
        if shape[len(shape) - len(batch) :] != batch:
            raise UnsupportedOperationError(
                argument_error("size", f"a shape that ends in the batch shape {batch}", size)
            )
        return self.law.rvs(shape[: len(shape) - len(batch)], rng=_generator(random_state))

    def moment(self, order: int) -> Any:
        """E[Y^order]."""
        return self.law.moment(order)

    def stats(self, moments: str = "mv") -> Any:
        """Mean and variance, those of the two letters that are asked for."""
        if not set(moments) <= set("mv"):
            raise UnsupportedOperationError(argument_error("moments", "letters of 'mv'", moments))
        found = tuple(np.float64({"m": self.mean, "v": self.var}[letter]()) for letter in moments)
        return found if len(found) > 1 else found[0]

    def expect(self, func: Any = None, lb: Any = None, ub: Any = None, conditional: bool = False) -> float:
        """E[func(Y)]."""
        if lb is not None or ub is not None or conditional:
            raise UnsupportedOperationError("expect: lb, ub and conditional: use truncate(law, low, high) instead")
        return self.law.mean() if func is None else self.law.expect(func)


def _generator(random_state: Any) -> Any:
    """SciPy's random_state as what NumPy's default_rng takes: a legacy RandomState lends its bit generator."""
    return getattr(random_state, "_bit_generator", random_state)


def to_scipy(law: Any) -> Frozen:
    """The law on the line as an object with the methods of a frozen law of scipy.stats.

    Values are those of this library, to its accuracy; `as_distribution` gives the law back. Raises UnsupportedOperationError
    for laws of vectors.
    """
    law = as_distribution(law)
    if not isinstance(law, Univariate):
        raise UnsupportedOperationError(argument_error("to_scipy: law", "a law on the line", law))
    return Frozen(law)


@as_distribution.register
def _(law: Frozen) -> Univariate:
    return law.law


__all__ = ["to_scipy"]

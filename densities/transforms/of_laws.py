"""The distribution function and the quantile function of any law as maps."""

from __future__ import annotations

from typing import Any

import numpy as np

from densities.anchored import Anchored, anchored, log_abs, value, where
from densities.arrays import quiet
from densities.domains import Interval
from densities.errors import ParameterError, argument_error
from densities.protocols import as_distribution
from densities.transforms.base import Bijection, Inverse, register

LOG_HALF = float(np.log(0.5))
SAFE = 1e-290  # smaller probabilities travel by their logarithms alone


@register("cdf_of", examples=(), takes_law=True)
class CdfOf(Bijection):
    """y = P(L <= x) for a continuous law L on the line, from its support onto (0, 1); log|dy/dx| is its log-density.

    `law` is any law that `as_distribution` takes: a family, a mixture, a truncated or pushed law, one of SciPy. A
    probability travels as y near 0 and as 1 - y near 1, so neither tail saturates. Raises ParameterError for laws of
    vectors, laws with atoms, and laws whose support has a gap, over which the distribution function is flat.
    """

    latex = r"F\left(x\right)"

    def __init__(self, law: Any):
        self.law = as_distribution(law)
        if self.law.event_shape or self.law.measure != "lebesgue" or not isinstance(self.law.support, Interval):
            raise ParameterError(argument_error("cdf_of: law", "a law on the line without atoms", law))
        self.params = {}
        self.batch_shape = self.law.batch_shape
        support = self.law.support
        self._check_gaps()
        self.domain = support
        self.codomain = Interval(0.0, 1.0, low_closed=support.low_closed, high_closed=support.high_closed)

    @property
    def made_of(self) -> tuple[Any, ...]:
        return (self.law,)

    def _check_gaps(self) -> None:
        if self.batch_shape:
            return
        with quiet():
            places = np.unique(np.concatenate([self.law.kinks(), np.ravel(value(self.law.support.edges))]))
            masses = value(self.law.raw_log_mass(Anchored.exact(places[:-1]), Anchored.exact(places[1:])))
        empty = np.flatnonzero(np.isneginf(np.broadcast_to(masses, places[1:].shape)))
        if len(places) > 2 and len(empty):
            gap = Interval(places[empty[0]], places[empty[0] + 1])
            raise ParameterError(argument_error("cdf_of: law", f"a law with mass in {gap}", self.law))

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        if isinstance(x, Anchored):
            return self.forward(x), value(self.law.logpdf_anywhere(x))
        return self.law.cdf(x), self.law.logpdf(x)

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        x = self.inverse(y)
        return x, -(value(self.law.logpdf_anywhere(x)) if isinstance(x, Anchored) else self.law.logpdf(x))

    def forward(self, x: Any) -> Any:
        if not isinstance(x, Anchored):
            return self.law.cdf(x)
        below, above = (np.asarray(value(self.law.anywhere(name, x))) for name in ("cdf", "sf"))
        lower = below < above
        tail, log = np.where(lower, below, above), None
        if np.any(tail < SAFE):
            logs = (value(self.law.anywhere(name, x)) for name in ("logcdf", "logsf"))
            log = np.where(tail < SAFE, np.where(lower, *logs), np.log(tail))
        return Anchored(np.where(lower, 0.0, 1.0), np.where(lower, tail, -tail), log)

    def inverse(self, y: Any) -> Any:
        if not isinstance(y, Anchored):
            return self.law.ppf(y)
        lower = np.asarray(y < 0.5)
        tail = where(lower, y, 1.0 - y)
        size, log = np.asarray(value(tail)), np.asarray(log_abs(tail))
        inside = (log > -np.inf) & (log <= LOG_HALF)
        plain = inside & (size > SAFE)
        guarded, log = np.where(plain, size, 0.5), np.where(inside, log, LOG_HALF)
        x = where(lower, self.law.raw_ppf(guarded), self.law.raw_isf(guarded))
        if not np.all(plain):
            far = where(lower, self.law.raw_log_ppf(log), self.law.raw_log_isf(log))
            x = where(plain, x, far)
        low, high = self.domain.edges  # type: ignore[attr-defined]
        at_end = where(lower, anchored(low), anchored(high))
        missing = np.where(np.isnan(size) | (log > LOG_HALF), np.nan, 0.0)
        return where(inside, x, at_end + missing)

    def same_as(self, other: object) -> bool:
        return self is other or (isinstance(other, CdfOf) and self.law.same_as(other.law))

    def member(self, index: tuple[int, ...], shape: tuple[int, ...]) -> CdfOf:
        return CdfOf(self.law.member(index, shape)) if self.batch_shape else self

    def __str__(self) -> str:
        return f"cdf_of({self.law})"

    def __repr__(self) -> str:
        return f"CdfOf({self.law!r})"


@register("ppf_of", examples=(), takes_law=True)
class PpfOf(Inverse, of=CdfOf):
    """y = F⁻¹(x), the quantile function of a continuous law on the line, from (0, 1) onto its support."""

    latex = r"F^{-1}\left(x\right)"

    def __str__(self) -> str:
        return f"ppf_of({self.original.law})"  # type: ignore[attr-defined]

    def __repr__(self) -> str:
        return f"PpfOf({self.original.law!r})"  # type: ignore[attr-defined]
